//! Rows of staged tables for the writer: by place, by key, one at a time.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

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
    found: RefCell<HashMap<(usize, String), Option<SourceRow>>>,
}

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

    /// The first row whose column has this value.
    pub(crate) fn find(
        &self,
        column: &str,
        value: &str,
    ) -> Result<Option<SourceRow>, rusqlite::Error> {
        let Some(index) = self.table.schema.column_index(column) else {
            return Ok(None);
        };
        let is_small = self.table.rows <= SMALL_TABLE_ROWS;
        let search = (index, value.to_owned());
        if is_small && let Some(known) = self.found.borrow().get(&search) {
            return Ok(known.clone());
        }
        let select = format!(
            "SELECT rowid, * FROM {} WHERE c{index} = ?1 ORDER BY rowid LIMIT 1",
            self.table.sql_name()
        );
        let row = self
            .connection
            .prepare_cached(&select)?
            .query_row(params![value], read)
            .optional()?;
        let mut found = self.found.borrow_mut();
        if is_small && found.len() < SEARCHES_KEPT {
            found.insert(search, row.clone());
        }
        Ok(row)
    }

    /// All rows whose column has this value, in their order.
    pub(crate) fn find_all(
        &self,
        column: &str,
        value: &str,
    ) -> Result<Vec<SourceRow>, rusqlite::Error> {
        let Some(index) = self.table.schema.column_index(column) else {
            return Ok(Vec::new());
        };
        let select = format!(
            "SELECT rowid, * FROM {} WHERE c{index} = ?1 ORDER BY rowid",
            self.table.sql_name()
        );
        self.connection
            .prepare_cached(&select)?
            .query_map(params![value], read)?
            .collect()
    }

    /// Makes searching by a column fast.
    pub(crate) fn index(&self, column: &str) -> Result<(), rusqlite::Error> {
        let Some(index) = self.table.schema.column_index(column) else {
            return Ok(());
        };
        let name = self.table.sql_name();
        self.connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS k_{name}_{index} ON {name} (c{index})"
        ))
    }
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
