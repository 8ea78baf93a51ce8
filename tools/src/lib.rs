//! The importer: a legacy order database becomes documents, every row accounted for.
//!
//! `source -> staging -> assess -> plan -> apply -> verify`; the ledger holds the sums together.

pub mod apply;
pub mod assess;
pub mod generator;
pub mod interpret;
pub mod ledger;
pub mod naming;
pub mod plan;
pub mod run;
pub mod source;
pub mod staging;
pub mod target;
pub mod verify;
pub mod vocabulary;

#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod fixtures_hold;
