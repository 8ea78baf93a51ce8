//! Rows of staged tables for the writer: by place, by key, one at a time.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use crate::naming;
use crate::staging::{StagedTable, Staging};

/// One value as staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    Null,
    Text(String),
    Bytes(Vec<u8>),
}

impl Raw {
    /// The text, blanks at the ends removed; `None` for NULL, bytes and nothing but blanks.
    pub(crate) fn trimmed(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Null | Self::Bytes(_) => None,
        }
    }

    /// The text as it stands; `None` for NULL and bytes.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bytes(_) => None,
        }
    }
}

/// One row as staged.
#[derive(Debug, Clone)]
pub(crate) struct SourceRow {
    pub(crate) rowid: i64,
    pub(crate) line: i64,
    pub(crate) values: Vec<Raw>,
}

/// A staged table with what is asked of it again and again.
pub(crate) struct Source<'a> {
    /// Its place among the staged tables.
    pub(crate) place: usize,
    pub(crate) table: &'a StagedTable,
    /// Names of the fields that keep raw values, by column.
    pub(crate) slugs: Vec<String>,
    /// Columns that tell rows apart; empty means by place.
    key: Vec<usize>,
    connection: &'a Connection,
    /// What was searched in a small table, found or not.
    found: RefCell<HashMap<Search, Option<SourceRow>>>,
}

/// The columns searched, and the key.
type Search = (Vec<usize>, String);

/// Tables of at most so many rows are kept in memory once searched: services, statuses, branches, staff.
const SMALL_TABLE_ROWS: u64 = 500;

/// So many searches are kept for one table; a column of free texts must not fill the memory.
const SEARCHES_KEPT: usize = 2_000;

impl<'a> Source<'a> {
    /// A table by name with its key's columns.
    pub(crate) fn new(staging: &'a Staging, name: &str, key: &[String]) -> Option<Self> {
        let (place, table) = staging
            .tables()
            .iter()
            .enumerate()
            .find(|(_, table)| crate::source::schema::same_name(&table.schema.name, name))?;
        let key = key
            .iter()
            .filter_map(|column| table.schema.column_index(column))
            .collect();
        Some(Self {
            place,
            table,
            slugs: naming::slugs(&table.schema),
            key,
            connection: staging.connection(),
            found: RefCell::default(),
        })
    }

    /// The value of a named column.
    pub(crate) fn value<'r>(&self, row: &'r SourceRow, column: Option<&String>) -> &'r Raw {
        let index = column.and_then(|column| self.table.schema.column_index(column));
        index
            .and_then(|index| row.values.get(index))
            .unwrap_or(&Raw::Null)
    }

    /// The text of a row's key; `None` when a part of it is NULL.
    pub(crate) fn key_of(&self, row: &SourceRow) -> Option<String> {
        if self.key.is_empty() {
            return Some(naming::place_as_key(row.rowid));
        }
        let parts: Option<Vec<&str>> = self
            .key
            .iter()
            .map(|index| row.values[*index].text())
            .collect();
        parts.map(naming::key_text)
    }

    /// All rows in their order, one at a time.
    pub(crate) fn each<E: From<rusqlite::Error>>(
        &self,
        mut take: impl FnMut(SourceRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut select = self.connection.prepare(&format!(
            "SELECT rowid, * FROM {} ORDER BY rowid",
            self.table.sql_name()
        ))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            take(read(row)?)?;
        }
        Ok(())
    }

    /// The key of a row of another table that these columns name; `None` when one of them is NULL.
    pub(crate) fn reference(&self, row: &SourceRow, columns: &[String]) -> Option<String> {
        let parts: Option<Vec<&str>> = columns
            .iter()
            .map(|column| self.value(row, Some(column)).text())
            .collect();
        parts
            .filter(|parts| !parts.is_empty())
            .map(naming::key_text)
    }

    /// The first row whose columns have this key.
    pub(crate) fn find(
        &self,
        columns: &[String],
        key: &str,
    ) -> Result<Option<SourceRow>, rusqlite::Error> {
        let Some(select) = self.selection(columns) else {
            return Ok(None);
        };
        let is_small = self.table.rows <= SMALL_TABLE_ROWS;
        let search = (self.column_indexes(columns), key.to_owned());
        if is_small && let Some(known) = self.found.borrow().get(&search) {
            return Ok(known.clone());
        }
        let row = self
            .connection
            .prepare_cached(&format!("{select} LIMIT 1"))?
            .query_row(params_from_iter(naming::key_parts(key)), read)
            .optional()?;
        let mut found = self.found.borrow_mut();
        if is_small && found.len() < SEARCHES_KEPT {
            found.insert(search, row.clone());
        }
        Ok(row)
    }

    /// All rows whose columns have this key, in their order.
    pub(crate) fn find_all(
        &self,
        columns: &[String],
        key: &str,
    ) -> Result<Vec<SourceRow>, rusqlite::Error> {
        let Some(select) = self.selection(columns) else {
            return Ok(Vec::new());
        };
        self.connection
            .prepare_cached(&select)?
            .query_map(params_from_iter(naming::key_parts(key)), read)?
            .collect()
    }

    /// Makes searching by these columns fast.
    pub(crate) fn index(&self, columns: &[String]) -> Result<(), rusqlite::Error> {
        let indexes = self.column_indexes(columns);
        if indexes.is_empty() {
            return Ok(());
        }
        let name = self.table.sql_name();
        let named = joined(&indexes, "_", |index| index.to_string());
        let listed = joined(&indexes, ", ", |index| format!("c{index}"));
        self.connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS k_{name}_{named} ON {name} ({listed})"
        ))
    }

    /// `None` when a column is not there.
    fn selection(&self, columns: &[String]) -> Option<String> {
        let indexes = self.column_indexes(columns);
        if indexes.is_empty() || indexes.len() < columns.len() {
            return None;
        }
        Some(format!(
            "SELECT rowid, * FROM {} WHERE {} ORDER BY rowid",
            self.table.sql_name(),
            joined(&indexes, " AND ", |index| format!("c{index} = ?"))
        ))
    }

    fn column_indexes(&self, columns: &[String]) -> Vec<usize> {
        let indexes = columns
            .iter()
            .filter_map(|column| self.table.schema.column_index(column));
        indexes.collect()
    }
}

fn joined(indexes: &[usize], between: &str, shown: impl Fn(usize) -> String) -> String {
    let parts: Vec<String> = indexes.iter().map(|index| shown(*index)).collect();
    parts.join(between)
}

fn read(row: &Row<'_>) -> Result<SourceRow, rusqlite::Error> {
    let columns = row.as_ref().column_count();
    let values = (2..columns).map(|index| {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => Raw::Null,
            ValueRef::Blob(bytes) => Raw::Bytes(bytes.to_vec()),
            ValueRef::Text(bytes) => Raw::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Integer(number) => Raw::Text(number.to_string()),
            ValueRef::Real(number) => Raw::Text(number.to_string()),
        })
    });
    Ok(SourceRow {
        rowid: row.get(0)?,
        line: row.get(1)?,
        values: values.collect::<Result<_, rusqlite::Error>>()?,
    })
}
