//! The harness: what a test of the whole product needs, in the words of the product.
//!
//! - [`Process`]: a real binary, started, watched, killed without warning, ended politely.
//! - [`ChaosProxy`]: the line between a branch and the hub, with a switch.
//! - [`Browser`]: a person at a counter, in a real Chromium; with [`Finding`]s of its accessibility.
//! - [`wait_until`]: waits for a condition to hold, never for time to pass.
//!
//! - [`faults`]: the product's processes killed at random moments, for as many rounds as wanted.
//! - [`sim`]: the whole firm in one thread, simulated from a number.
//! - [`firm`]: the product itself, a hub and branches as real processes with people at their counters.
//!
//! Only [`firm`] knows pages and messages of the product. How to write a test is in docs/TESTING.md.

pub use accessibility::{Finding, Impact};
pub use binaries::{artefacts_directory, binary, target_directory};
pub use browser::{Browser, Screen, Theme};
pub use http::http_client;
pub use machine::{Network, SmallDisk};
pub use process::Process;
pub use proxy::ChaosProxy;
pub use waiting::{PATIENCE, wait_until};

mod accessibility;
mod binaries;
mod browser;
pub mod faults;
pub mod firm;
mod http;
mod machine;
mod process;
mod proxy;
pub mod sim;
mod waiting;
