//! The segments of the search indexes. Each change adds one, and a search looks into all of them, so they are merged.

use super::{ApplyError, ReadModel, schema};

/// Pages that one step writes: some milliseconds, for which a change has to wait at most.
const STEP_PAGES: i64 = 16;

impl ReadModel {
    /// Leaves merging to [`Self::merge_some_segments`], for a thread that has time between the changes it takes in.
    ///
    /// Else FTS5 merges while it writes: several hundred pages at every sixteenth change or so, for which that change and
    /// those behind it wait a tenth of a second when a million orders are indexed. Segments of which there are far too
    /// many (16 of one size) are still merged at once.
    pub fn merge_segments_apart(&mut self) -> Result<(), ApplyError> {
        for search in schema::SEARCHES {
            self.command(search, "automerge", 0)?;
        }
        Ok(())
    }

    /// Merges some segments, in a transaction of its own. Returns whether there may be more to merge.
    pub fn merge_some_segments(&mut self) -> Result<bool, ApplyError> {
        for search in schema::SEARCHES {
            let before = self.reader.connection.total_changes();
            self.command(search, "merge", STEP_PAGES)?;
            // One is the command itself, which is written as a row.
            if self.reader.connection.total_changes() > before + 1 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn command(&mut self, search: &str, name: &str, value: i64) -> Result<(), ApplyError> {
        let sql = format!("INSERT INTO {search} ({search}, rank) VALUES (?1, ?2)");
        let mut statement = self.reader.connection.prepare_cached(&sql)?;
        statement.execute(rusqlite::params![name, value])?;
        Ok(())
    }
}
