//! What every part of Offpiste must agree on: ids, clocks, limits, the domain,
//! the replicated document, the wire, the sync engine, the store and the read model.
//!
//! Nothing here reads a clock, draws a random number or opens a socket: whoever owns one passes its reading in.

pub mod clock;
pub mod command;
pub mod document;
pub mod domain;
pub mod id;
pub mod limits;
pub mod presentation;
pub mod read_model;
pub mod schema;
pub mod store;
pub mod sync;
pub mod wire;
