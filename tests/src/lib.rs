//! The harness: what a test of the whole product needs, in the words of the product.
//!
//! - [`Process`]: a real binary, started, watched, killed without warning, ended politely.
//! - [`ChaosProxy`]: the line between a branch and the hub, with a switch.
//! - [`Browser`]: a person at a counter, in a real Chromium; with [`Finding`]s of its accessibility.
//! - [`wait_until`]: waits for a condition to hold, never for time to pass.
//!
//! Nothing here knows a page or a message of the product; that is in the tests. How to write one is in docs/TESTING.md.

pub use accessibility::{Finding, Impact};
pub use binaries::{artefacts_directory, binary, target_directory};
pub use browser::{Browser, Screen, Theme};
pub use http::http_client;
pub use process::Process;
pub use proxy::ChaosProxy;
pub use waiting::{PATIENCE, wait_until};

mod accessibility;
mod binaries;
mod browser;
mod http;
mod process;
mod proxy;
mod waiting;
