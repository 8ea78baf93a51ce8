//! The read model: what lists, searches and totals are read from.
//!
//! A SQLite database (FTS5 for the search box) derived from documents and from nothing else. The documents are the one
//! truth, so losing this file loses no order: it is thrown away and built again whenever it is damaged or was written by
//! another version. One schema serves the branch and the hub.
//!
//! **Invariants**
//! - Applying a feed in any batching gives the rows that [`ReadModel::rebuild`] gives from the last state of each document.
//! - Rows, digests and feed position change in one transaction; applying twice is applying once.
//! - Nothing in a row depends on when or where it was written: calendar days are computed when asked, from the zone that
//!   the catalogue says then.
//! - A document of an unknown kind gives no rows and no error.

mod apply;
mod calendar;
mod check;
mod customers;
mod digests;
mod disagreements;
mod doings;
mod fold;
mod lists;
mod office;
mod open;
mod overview;
mod project;
mod schema;
mod scope;
mod search;
mod segments;
mod sql;
mod summary;
#[cfg(test)]
mod tests;

use std::ops::Deref;

use rusqlite::{Connection, OptionalExtension};

pub use crate::store::Change;
pub use apply::ApplyError;
pub use check::{Check, CheckError, Corrected};
pub use customers::CustomerSummary;
pub use digests::ScopeInventory;
pub use lists::{DayList, OrderSection, QueueEntry};
pub use office::{Counts, DayRange, OrderFilter, OrderPage, OrderSort, Page};
pub use open::{OpenError, Opened};
pub use overview::{BranchOverview, DayAmount, DayCount, Overview, ServiceOverview, Turnaround};
pub use project::{Rows, project};
pub use scope::EVERYONE;
pub use search::{Found, SearchFilter};
pub use summary::OrderSummary;

/// The read model's one writer. Everything a [`Reader`] answers, it answers too.
#[derive(Debug)]
pub struct ReadModel {
    reader: Reader,
}

impl Deref for ReadModel {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// A connection that only reads; any number of them work beside the writer and each sees whole batches.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

/// A list or a total could not be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the lists could not be read ({0}); every order is safe in the store; start again, and rebuild the lists if it stays so"
)]
pub struct QueryError(#[from] rusqlite::Error);

impl Reader {
    /// The feed position up to which changes are applied; 0 when nothing is.
    pub fn position(&self) -> Result<u64, QueryError> {
        const POSITION: &str = "SELECT position FROM state";
        let position = self
            .connection
            .prepare_cached(POSITION)?
            .query_row([], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(sql::unsigned(position.unwrap_or(0)))
    }
}
