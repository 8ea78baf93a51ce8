//! The exchange as pure decisions: sockets, disks, clocks and dice live outside. Production and simulation drive the same code.
//!
//! Branch side: [`plan`] turns what waits into a message; [`absorb`] turns the reply into [`Effect`]s for the store.
//! Hub side: [`judge`] says whether a delta may be merged.

mod backoff;
mod branch;
#[cfg(test)]
mod convergence;
mod digest;
mod hub;
pub mod reconcile;

pub use backoff::Backoff;
pub use branch::{Effect, Progress, Sent, absorb, plan};
pub use digest::{ScopeDigest, ScopeSum};
pub use hub::{Peer, Verdict, judge};
