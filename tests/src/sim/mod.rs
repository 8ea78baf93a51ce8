//! The whole firm in one thread: branches, hub, lines, disks and clocks, simulated from one number.
//!
//! What is simulated is the world; the stores, the commands, the messages and the engine that exchanges them are the
//! product's own. A **seed** fixes everything that happens, so a seed that fails once fails always, and can be looked at.
//!
//! | module | has |
//! |---|---|
//! | [`world`] | what happens when: the queue of events, and the faults among them |
//! | [`branch`], [`hub`] | the two programs: the engine, with a simulated disk below and lists in memory |
//! | [`counter`] | what people do |
//! | [`oracle`] | what must be true in the end |
//! | [`plant`] | bugs planted to see whether the oracle bites |

pub mod branch;
pub mod counter;
pub mod faults;
pub mod firm;
pub mod hub;
pub mod oracle;
pub mod plant;
pub mod random;
pub mod scope;
mod settling;
pub mod shrink;
pub mod world;

pub use faults::{Fault, Faults};
pub use oracle::Violation;
pub use plant::Plant;
pub use world::{Outcome, SMALL_MESSAGES, Settings, run};
