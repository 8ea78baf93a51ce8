//! The exchange as pure decisions: sockets, disks, clocks and dice live outside. Production and simulation drive the same code.
//!
//! | side | in this order |
//! |---|---|
//! | branch | [`branch::plan`] -> send -> [`branch::read`] -> [`branch::take_in`] says what next |
//! | hub | [`hub::judge`] -> [`hub::take_in`] -> make durable -> [`hub::outgoing`] -> reply |
//!
//! When both are quiet they compare digests ([`ScopeSum`]).

mod backoff;
pub mod branch;
#[cfg(test)]
mod convergence;
mod digest;
pub mod hub;
pub mod reconcile;

pub use backoff::Backoff;
pub use branch::{Progress, Proof};
pub use digest::{ScopeDigest, ScopeSum};
pub use hub::{Peer, Verdict, judge, judge_encoded};
