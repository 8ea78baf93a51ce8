//! The branch: the daemon that serves one location's counters over their local network, with or without a line to the office.
//!
//! | module | what it is |
//! |---|---|
//! | [`counter`] | the use cases, without HTTP |
//! | `storage` | the thread that owns the order store, and the lists that follow it |
//! | `sync` | the loop that keeps the branch and the hub alike |
//! | [`ui`] | the pages |
//! | [`api`] | JSON for automation, health and metrics |
//! | [`daemon`] | all of it together, from a directory and a listener |
//! | [`cli`] | the program `offpiste-branch` |
//! | `verbs` | backup, restore, verify, repair, reindex |

pub mod api;
pub mod cli;
pub mod clock;
pub mod counter;
pub mod daemon;
mod directory;
pub mod join;
mod logging;
mod records;
mod storage;
mod sync;
#[cfg(test)]
mod testing;
pub mod ui;
mod verbs;

pub use logging::LogFormat;
pub use records::Membership;
