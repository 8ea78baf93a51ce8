//! Rows cell by cell: those of the source as they are now, and those that documents keep as they were carried over.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use shared::document::Value;

use super::{PAGE, Work};
use crate::naming;
use crate::run::RunError;
use crate::staging::StagedTable;

/// A row of the source by its columns.
pub(super) struct SourceRow {
    pub(super) rowid: i64,
    pub(super) cells: Vec<Option<Cell>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Bytes(Vec<u8>),
}

impl SourceRow {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        // Behind the rowid stands the line in the dump.
        let columns = row.as_ref().column_count();
        let cells = (2..columns).map(|index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Null => None,
                ValueRef::Blob(bytes) => Some(Cell::Bytes(bytes.to_vec())),
                ValueRef::Text(text) => {
                    Some(Cell::Text(String::from_utf8_lossy(text).into_owned()))
                }
                ValueRef::Integer(number) => Some(Cell::Text(number.to_string())),
                ValueRef::Real(number) => Some(Cell::Text(number.to_string())),
            })
        });
        Ok(Self {
            rowid: row.get(0)?,
            cells: cells.collect::<Result<_, rusqlite::Error>>()?,
        })
    }

    pub(super) fn text(&self, column: usize) -> Option<&str> {
        match self.cells.get(column)?.as_ref()? {
            Cell::Text(text) => Some(text),
            Cell::Bytes(_) => None,
        }
    }

    pub(super) fn key(&self, table: &StagedTable, key: &[String]) -> Option<String> {
        if key.is_empty() {
            return Some(naming::place_as_key(self.rowid));
        }
        let parts: Option<Vec<&str>> = key
            .iter()
            .map(|column| self.text(table.schema.column_index(column)?))
            .collect();
        Some(naming::key_text(parts?))
    }
}

impl Cell {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            _ => None,
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
        }
    }
}

/// The key of a row that a document keeps; none when a part of it is not kept.
pub(super) fn former_key(
    former: &BTreeMap<String, Value>,
    table: &StagedTable,
    slugs: &[String],
    key: &[String],
) -> Option<String> {
    let parts: Option<Vec<&str>> = key
        .iter()
        .map(|column| {
            former
                .get(slugs.get(table.schema.column_index(column)?)?)?
                .as_text()
        })
        .collect();
    Some(naming::key_text(parts?))
}

impl<'a> Work<'a> {
    pub(super) fn each(
        &mut self,
        table: &'a StagedTable,
        mut look_at: impl FnMut(&mut Self, &SourceRow) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let select = format!(
            "SELECT rowid, * FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}",
            table.sql_name()
        );
        self.count(table, |_| {});
        let mut after = 0;
        loop {
            let mut page = self.staging.connection().prepare_cached(&select)?;
            let rows: Vec<SourceRow> = page
                .query_map([after], SourceRow::read)?
                .collect::<Result<_, _>>()?;
            drop(page);
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.rowid;
            for row in &rows {
                look_at(self, row)?;
            }
        }
    }

    pub(super) fn rows_where(
        &self,
        table: &StagedTable,
        columns: &[String],
        key: &str,
    ) -> Result<Vec<SourceRow>, rusqlite::Error> {
        let (Some(index), Some(select)) = (table.index_by(columns), table.select_by(columns))
        else {
            return Ok(Vec::new());
        };
        let connection = self.staging.connection();
        connection.execute_batch(&index)?;
        connection
            .prepare_cached(&select)?
            .query_map(
                rusqlite::params_from_iter(naming::key_parts(key)),
                SourceRow::read,
            )?
            .collect()
    }
}
