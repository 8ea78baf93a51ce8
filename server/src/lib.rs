//! The hub: where all branches' order books meet, and the office's pages over them.
//!
//! [`run`] is the whole of it, for `main` and for tests alike. It shares nothing with the branch but the crate `shared`.

mod api;
mod auth;
mod backend;
pub mod cli;
mod clock;
mod logging;
mod office;
mod problem;
mod random;
mod router;
mod serve;
mod settings;
#[cfg(test)]
mod tests;
mod verbs;

pub use auth::Permission;
pub use logging::LogFormat;
pub use router::{RouteInfo, routes};
pub use serve::{RunError, run};
pub use settings::{FirstAdministrator, Settings, Tls};
