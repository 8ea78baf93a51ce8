//! The hub through its own router, in domain verbs. What goes over real sockets is tested in the package `tests`.

mod harness;
mod joining;
mod machines;
mod mending;
mod pages;
mod permissions;
mod schema;
mod syncing;
