//! The importer: a legacy order database becomes documents, every row accounted for.
//!
//! `source -> staging -> assess -> plan -> apply -> verify`; the ledger holds the sums together.

pub mod apply;
pub mod assess;
pub mod diff;
pub mod generator;
pub mod held;
pub mod interpret;
pub mod ledger;
pub mod mends;
pub mod naming;
pub mod plan;
pub mod portion;
pub mod rollback;
pub mod run;
pub mod source;
pub mod staging;
pub mod sync;
pub mod target;
pub mod verify;
pub mod vocabulary;

#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod fixtures_hold;
#[cfg(test)]
mod parallel_run;
#[cfg(test)]
mod shapes_hold;
