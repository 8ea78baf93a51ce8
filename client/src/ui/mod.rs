//! The pages of the branch daemon: what a counter or a workshop sees in its browser.
//!
//! **Invariants**
//! - A page never awaits the network; everything comes from the [`Counter`].
//! - Every page works without script; the script only saves taps.
//! - A route's permission is the extractor in its handler's signature; `routes` says it again and a test compares.
//! - What a person typed is kept in the form when the counter refuses it.

mod forms;
mod intake_form;
mod layout;
mod pages;
mod problem;
mod routes;
mod session;
#[cfg(test)]
mod tests;
mod views;

use crate::counter::Counter;

pub use routes::{Permission, ROUTES, Route, router};

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct Ui {
    /// The branch's use cases.
    pub(crate) counter: Counter,
}
