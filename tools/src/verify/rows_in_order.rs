//! The rows of one table in their order, each with the document that it must have become.

use std::collections::VecDeque;

use rusqlite::types::ValueRef;
use shared::id::DocumentId;

use crate::naming;
use crate::plan::Plan;
use crate::staging::{StagedTable, Staging, shorter_first};

/// A row and its document.
#[derive(Clone, Copy)]
pub(super) struct RowWithId {
    pub(super) place: u32,
    /// None when a part of its key is NULL: it has no document.
    pub(super) id: Option<DocumentId>,
    /// The first of its lines, 0 for none; only where lines lie in the order of their orders.
    pub(super) first_line: u32,
}

/// Rows that are read a page at a time.
pub(super) struct RowsInOrder<'a> {
    source: &'a str,
    table: &'a StagedTable,
    key_columns: usize,
    select: String,
    page: VecDeque<RowWithId>,
    behind: i64,
    first_lines: Option<FirstLines>,
}

/// Rows read at once.
const PAGE: usize = 4_096;

impl<'a> RowsInOrder<'a> {
    pub(super) fn of(plan: &'a Plan, table: &'a StagedTable, key: &[String]) -> Self {
        let columns: Vec<String> = key
            .iter()
            .map(|name| {
                let column = table.schema.column_index(name);
                column.map_or_else(|| ", NULL".to_owned(), |index| format!(", c{index}"))
            })
            .collect();
        Self {
            source: &plan.source_name,
            table,
            key_columns: key.len(),
            select: format!(
                "SELECT rowid{} FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}",
                columns.concat(),
                table.sql_name()
            ),
            page: VecDeque::new(),
            behind: 0,
            first_lines: None,
        }
    }

    /// The same with the first line of each, for lines that lie in the order of their orders.
    #[must_use]
    pub(super) fn with_lines(mut self, lines: &StagedTable, column: &str) -> Self {
        self.first_lines = Some(FirstLines::of(lines, column));
        self
    }

    /// The next row, read from a staging database with the same rows each time.
    pub(super) fn next(&mut self, staging: &Staging) -> Result<Option<RowWithId>, rusqlite::Error> {
        if self.page.is_empty() {
            self.read_page(staging)?;
        }
        Ok(self.page.pop_front())
    }

    fn read_page(&mut self, staging: &Staging) -> Result<(), rusqlite::Error> {
        let mut select = staging.connection().prepare_cached(&self.select)?;
        let mut rows = select.query([self.behind])?;
        while let Some(row) = rows.next()? {
            self.behind = row.get(0)?;
            let mut parts = Vec::with_capacity(self.key_columns);
            for index in 1..=self.key_columns {
                if let ValueRef::Text(bytes) = row.get_ref(index)? {
                    parts.push(String::from_utf8_lossy(bytes));
                }
            }
            let key = if self.key_columns == 0 {
                Some(naming::place_as_key(self.behind))
            } else if parts.len() == self.key_columns {
                Some(naming::key_text(parts.iter().map(AsRef::as_ref)))
            } else {
                None
            };
            let table = &self.table.schema.name;
            let id = key
                .as_ref()
                .map(|key| naming::document_id(self.source, table, key));
            let first_line = match (&mut self.first_lines, &key) {
                (Some(lines), Some(key)) => lines.of_order(staging, key)?,
                _ => 0,
            };
            self.page.push_back(RowWithId {
                place: narrow(self.behind),
                id,
                first_line,
            });
        }
        Ok(())
    }
}

/// No table has four billion rows. A row beyond would be looked for at a place where none is, and be a difference.
fn narrow(place: i64) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The first line of each order, for orders that are asked for in ascending order.
struct FirstLines {
    select: String,
    page: Vec<(u32, Vec<u8>)>,
    next: usize,
    behind: i64,
}

impl FirstLines {
    fn of(lines: &StagedTable, column: &str) -> Self {
        let column = lines.schema.column_index(column).unwrap_or(0);
        Self {
            select: format!(
                "SELECT rowid, c{column} FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {}",
                lines.sql_name(),
                PAGE
            ),
            page: Vec::new(),
            next: 0,
            behind: 0,
        }
    }

    fn of_order(&mut self, staging: &Staging, key: &str) -> Result<u32, rusqlite::Error> {
        loop {
            while let Some((place, order)) = self.page.get(self.next) {
                match shorter_first(order, key.as_bytes()) {
                    std::cmp::Ordering::Less => self.next += 1,
                    std::cmp::Ordering::Equal => return Ok(*place),
                    std::cmp::Ordering::Greater => return Ok(0),
                }
            }
            let mut select = staging.connection().prepare_cached(&self.select)?;
            let mut rows = select.query([self.behind])?;
            self.page.clear();
            self.next = 0;
            while let Some(row) = rows.next()? {
                self.behind = row.get(0)?;
                if let ValueRef::Text(order) = row.get_ref(1)? {
                    self.page.push((narrow(self.behind), order.to_vec()));
                }
            }
            if self.page.is_empty() {
                return Ok(0);
            }
        }
    }
}
