//! Rows of the source as verify reads them.

use rusqlite::types::ValueRef;

use crate::naming;
use crate::staging::StagedTable;

/// A value of the source as verify reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'r> {
    Null,
    Text(&'r str),
    Blob(&'r [u8]),
}

impl<'r> Cell<'r> {
    pub(super) const fn text(self) -> Option<&'r str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The text without blanks around it, unless nothing is left.
    pub(super) fn given(self) -> Option<&'r str> {
        self.text().map(str::trim).filter(|text| !text.is_empty())
    }
}

/// A row of the source with its table. Its values lie behind each other: room for each of its own would take longer than
/// comparing them.
#[derive(Clone)]
pub(crate) struct SourceRow<'t> {
    pub(super) table: &'t StagedTable,
    pub(super) rowid: i64,
    texts: String,
    blobs: Vec<u8>,
    places: Vec<Place>,
}

/// Where a value of a row lies.
#[derive(Clone, Copy)]
enum Place {
    Null,
    Text { from: usize, to: usize },
    Blob { from: usize, to: usize },
}

impl<'t> SourceRow<'t> {
    /// A row of which only the place is known.
    pub(super) const fn at(table: &'t StagedTable, rowid: i64) -> Self {
        Self {
            table,
            rowid,
            texts: String::new(),
            blobs: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The value of a column; NULL where there is none.
    pub(super) fn cell(&self, column: Option<&String>) -> Cell<'_> {
        column
            .and_then(|name| self.table.schema.column_index(name))
            .map_or(Cell::Null, |index| self.cell_at(index))
    }

    pub(super) fn cell_at(&self, index: usize) -> Cell<'_> {
        match self.places.get(index) {
            Some(Place::Text { from, to }) => Cell::Text(&self.texts[*from..*to]),
            Some(Place::Blob { from, to }) => Cell::Blob(&self.blobs[*from..*to]),
            Some(Place::Null) | None => Cell::Null,
        }
    }

    pub(super) fn key(&self, columns: &[String]) -> Option<String> {
        if columns.is_empty() {
            return Some(naming::place_as_key(self.rowid));
        }
        let parts: Option<Vec<&str>> = columns
            .iter()
            .map(|column| self.cell(Some(column)).text())
            .collect();
        Some(naming::key_text(parts?))
    }
}

/// Bytes of text for which room is made when a row is read: most rows have fewer.
const ROW_BYTES: usize = 256;

pub(super) fn read_row<'t>(
    table: &'t StagedTable,
    row: &rusqlite::Row<'_>,
) -> Result<SourceRow<'t>, rusqlite::Error> {
    let columns = table.schema.columns.len();
    let mut read = SourceRow {
        texts: String::with_capacity(ROW_BYTES),
        places: Vec::with_capacity(columns),
        ..SourceRow::at(table, row.get(0)?)
    };
    for index in 0..columns {
        read.places.push(match row.get_ref(index + 2)? {
            ValueRef::Text(bytes) => {
                let from = read.texts.len();
                match std::str::from_utf8(bytes) {
                    Ok(text) => read.texts.push_str(text),
                    Err(_) => read.texts.push_str(&String::from_utf8_lossy(bytes)),
                }
                let to = read.texts.len();
                Place::Text { from, to }
            }
            ValueRef::Blob(bytes) => {
                let from = read.blobs.len();
                read.blobs.extend_from_slice(bytes);
                let to = read.blobs.len();
                Place::Blob { from, to }
            }
            _ => Place::Null,
        });
    }
    Ok(read)
}
