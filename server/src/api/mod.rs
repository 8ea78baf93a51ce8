//! What programs ask of the hub.

pub(crate) mod health;
pub(crate) mod operations;
pub(crate) mod sync;
