//! The importer: a legacy order database becomes documents, every row accounted for.
//!
//! `source -> staging -> assess -> plan -> apply -> verify`; the ledger holds the sums together.

pub mod apply;
pub mod assess;
pub mod backup;
pub mod certify;
pub mod cutover;
pub mod diff;
pub mod generator;
pub mod held;
pub mod history;
pub mod interpret;
pub mod ledger;
pub mod mends;
pub mod naming;
mod phones_by_row;
pub mod plan;
pub mod portion;
pub mod rehearse;
pub mod rejects;
pub mod report;
pub mod rollback;
pub mod run;
pub mod source;
mod spool;
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
mod generated_books_hold;
#[cfg(test)]
mod parallel_run;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod shapes_hold;
