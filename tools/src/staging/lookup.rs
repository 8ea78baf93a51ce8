//! Rows of a staged table by the values of some of its columns.

use super::StagedTable;

impl StagedTable {
    /// Where columns stand in a row. `None` unless there are some and the table has each.
    pub(crate) fn column_indexes(&self, columns: &[String]) -> Option<Vec<usize>> {
        let indexes = columns
            .iter()
            .map(|column| self.schema.column_index(column))
            .collect::<Option<Vec<usize>>>();
        indexes.filter(|indexes| !indexes.is_empty())
    }

    /// Selects the rows in which these columns have the values that are bound, with their places, in their order. `None` when a
    /// column is not there.
    pub(crate) fn select_by(&self, columns: &[String]) -> Option<String> {
        let indexes = self.column_indexes(columns)?;
        Some(format!(
            "SELECT rowid, * FROM {} WHERE {} ORDER BY rowid",
            self.sql_name(),
            all_of(&indexes, "= ?")
        ))
    }

    /// Makes that fast; an index that is there already stays. `None` when a column is not there.
    pub(crate) fn index_by(&self, columns: &[String]) -> Option<String> {
        let indexes = self.column_indexes(columns)?;
        let name = self.sql_name();
        let named: Vec<String> = indexes.iter().map(usize::to_string).collect();
        let listed: Vec<String> = indexes.iter().map(|index| format!("c{index}")).collect();
        Some(format!(
            "CREATE INDEX IF NOT EXISTS k_{name}_{} ON {name} ({})",
            named.join("_"),
            listed.join(", ")
        ))
    }
}

/// The condition that each of some columns compares so with its value.
pub(crate) fn all_of(indexes: &[usize], comparison: &str) -> String {
    let conditions: Vec<String> = indexes
        .iter()
        .map(|index| format!("c{index} {comparison}"))
        .collect();
    conditions.join(" AND ")
}
