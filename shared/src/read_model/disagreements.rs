//! Customers whose contact replicas disagree on. Orders in conflict are found in [`super::office`].

use rusqlite::params;

use super::customers::{self, CustomerSummary};
use super::sql;
use super::{QueryError, Reader};

/// Customers in one list of conflicts.
const CUSTOMERS: usize = 500;

impl Reader {
    /// Customers in conflict, the newest first; at most `limit` (and 500).
    pub fn conflicted_customers(&self, limit: usize) -> Result<Vec<CustomerSummary>, QueryError> {
        let sql = format!(
            "SELECT {} FROM customers c WHERE c.conflicts > 0 ORDER BY c.key DESC LIMIT ?1",
            customers::COLUMNS
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![sql::limit(limit.clamp(1, CUSTOMERS))],
            CustomerSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
