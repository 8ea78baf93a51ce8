//! What programs ask of the hub.

pub(crate) mod changeover;
pub(crate) mod documentation;
pub(crate) mod figures;
pub(crate) mod health;
pub(crate) mod measures;
pub(crate) mod operations;
pub(crate) mod sync;
