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

#[cfg(test)]
mod tests {
    use super::super::climbing::tests::staged;

    /// Whether the first two columns of a table, each alone and both together, are known to tell rows apart.
    fn known(columns: &str, rows: &str) -> [bool; 3] {
        let script = format!("CREATE TABLE a ({columns}); INSERT INTO a VALUES {rows};");
        let staging = staged(&script);
        let table = staging.table("a").expect("it is there");
        [&[0][..], &[1], &[0, 1]].map(|key| staging.stand_once(table, key).expect("readable"))
    }

    #[test]
    fn keys_that_are_declared_or_ascend_are_known_to_stand_once() {
        let falling = "(3, 1), (2, 1), (1, 1)";
        assert_eq!(known("x INT, y INT", falling), [false; 3]);
        let declared = "x INT PRIMARY KEY, y INT";
        assert_eq!(known(declared, falling), [true, false, true]);
        let unique = "x INT, y INT, UNIQUE (x)";
        assert_eq!(known(unique, falling), [true, false, true]);
        let both = "x INT, y INT, PRIMARY KEY (y, x)";
        assert_eq!(known(both, falling), [false, false, true]);
        let rising = "(1, 7), (2, 7), (2, 8), (2, 9)";
        assert_eq!(known("x INT, y INT", rising), [false, false, true]);
        let with_nulls = "(1, 7), (NULL, 7), (2, 6)";
        assert_eq!(known("x INT, y INT", with_nulls), [true, false, true]);
        assert_eq!(known("x INT, y INT", "(1, 7), (1, 7)"), [false; 3]);
    }

    #[test]
    fn no_index_is_made_where_keys_are_known_to_stand_once() {
        let script = "CREATE TABLE Auftraege (Nr INT, Status TEXT); INSERT INTO Auftraege VALUES (1, 'offen'), (2, 'offen');";
        let plan = r#"
[branches]
default = "Chur"
[orders]
table = "Auftraege"
key = ["Nr"]
status = "Status"
[status]
map = { "offen" = "open" }
[priority]
"#;
        let head = "plan_version = 1\ndocument_schema = 1\nsource_name = \"a\"\nsource_file = \"a\"\nsource_sha256 = \"\"\nstamped_at = \"2026-11-20T10:00:00Z\"\ntime_zone = \"UTC\"\ncountry = \"CH\"\ncurrency = \"CHF\"\n";
        let plan = crate::plan::Plan::from_text(&format!("{head}{plan}")).expect("a plan");
        for (script, indexes) in [(script.to_owned(), 0), (script.replace("(2,", "(1,"), 1)] {
            let staging = staged(&script);
            let preview = crate::plan::preview::preview(&plan, &staging).expect("it is tried");
            assert_eq!(preview.rejects.contains_key("duplicate_key"), indexes == 1);
            let count =
                "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
            let made: i64 = staging
                .connection()
                .query_row(count, [], |row| row.get(0))
                .expect("readable");
            assert_eq!(made, indexes);
        }
    }
}
