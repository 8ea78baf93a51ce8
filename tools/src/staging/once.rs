//! Whether the rows of a table are told apart by some columns, as far as that can be known without an index.

use super::settle::Order;
use super::{StagedTable, Staging};

impl Staging {
    /// Whether no two rows are known to share the values of these columns: the source declares a key of them, which has been
    /// settled, or they ascend from row to row. Rows with a NULL among them do not count. `false` says nothing yet.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(crate) fn stand_once(
        &self,
        table: &StagedTable,
        columns: &[usize],
    ) -> Result<bool, rusqlite::Error> {
        let are_among =
            |key: &[usize]| !key.is_empty() && key.iter().all(|column| columns.contains(column));
        let schema = &table.schema;
        let mut declared = schema.unique_keys.iter().chain([&schema.primary_key]);
        let is_declared = declared.any(|key| {
            let indexes = table.column_indexes(key);
            indexes.is_some_and(|indexes| are_among(&indexes))
        });
        if is_declared || table.ascending.iter().any(|key| are_among(key)) {
            return Ok(true);
        }
        // One look at each row, where they do ascend; a few rows only, where they do not.
        self.are_in_order(table, columns, Order::Strict)
    }
}
