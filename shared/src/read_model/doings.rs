//! Where to look for what a machine did: documents by their place in the feed. The lists hold no writes, so whoever asks
//! reads the documents themselves.

use rusqlite::params;

use super::sql;
use super::{QueryError, Reader};
use crate::id::DocumentId;

/// Documents of one answer.
const DOCUMENTS: usize = 1_000;

impl Reader {
    /// Documents of every kind with their feed positions, the latest changed first; those before `position` when one is
    /// given. At most `limit` (and 1,000).
    pub fn documents_before(
        &self,
        position: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, DocumentId)>, QueryError> {
        const BEFORE: &str = "
            SELECT position, id FROM documents WHERE position < ?1 ORDER BY position DESC LIMIT ?2";
        let before = position.map_or(i64::MAX, sql::signed);
        let mut statement = self.connection.prepare_cached(BEFORE)?;
        let rows = statement.query_map(
            params![before, sql::limit(limit.clamp(1, DOCUMENTS))],
            |row| Ok((sql::unsigned(row.get(0)?), sql::id(row.get(1)?))),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
