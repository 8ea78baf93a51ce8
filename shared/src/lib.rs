//! What every part of Offpiste must agree on: ids, clocks, limits, the domain,
//! the replicated document, the wire, the sync engine, the store and the read model.

pub mod presentation;
