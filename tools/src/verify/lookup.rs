//! Rows of the source, read in their order, at a place or by the values of some columns.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::OptionalExtension as _;

use super::Check;
use super::row::{SourceRow, read_row};
use crate::naming;
use crate::run::RunError;
use crate::staging::StagedTable;

/// A way in which rows of a table are looked up.
pub(super) struct Search<'a> {
    table: &'a StagedTable,
    columns: Vec<String>,
    /// None when a column is not there.
    select: Option<String>,
    /// Rows of small tables that were looked up, by their key.
    known: HashMap<String, Rc<Vec<SourceRow<'a>>>>,
}

impl<'a> Search<'a> {
    fn of(table: &'a StagedTable, columns: &[String]) -> Self {
        Self {
            table,
            columns: columns.to_vec(),
            select: table.select_by(columns),
            known: HashMap::new(),
        }
    }
}

/// Tables of at most so many rows are kept in memory once looked up.
const SMALL_TABLE_ROWS: u64 = 500;

/// So many of what is kept ready are kept.
pub(super) const KEPT: usize = 20_000;

impl<'a> Check<'a> {
    /// Looks at each row of a table, in their order.
    pub(super) fn each(
        &mut self,
        table: &'a StagedTable,
        mut look_at: impl FnMut(&mut Self, &SourceRow<'a>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let mut after = 0;
        loop {
            let rows = self.rows(table, after)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.rowid;
            for row in &rows {
                look_at(self, row)?;
            }
        }
    }

    /// All rows of a table, in pages so that writing beside it is possible.
    pub(super) fn rows(
        &self,
        table: &'a StagedTable,
        after: i64,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        const PAGE: usize = 512;
        let select = format!(
            "SELECT rowid, * FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_map([after], |row| read_row(table, row))?
            .collect()
    }

    /// The row at a place.
    pub(super) fn row_at(
        &self,
        table: &'a StagedTable,
        place: u32,
    ) -> Result<Option<SourceRow<'a>>, rusqlite::Error> {
        let select = format!("SELECT rowid, * FROM {} WHERE rowid = ?1", table.sql_name());
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_row([place], |row| read_row(table, row))
            .optional()
    }

    /// The rows whose columns have a key, in their order. Large tables have an index by then.
    pub(super) fn rows_where(
        &self,
        table: &'a StagedTable,
        columns: &[String],
        key: &str,
    ) -> Result<Rc<Vec<SourceRow<'a>>>, rusqlite::Error> {
        let mut searches = self.searches.borrow_mut();
        let is_same = |search: &Search<'a>| {
            std::ptr::eq(search.table, table) && search.columns.as_slice() == columns
        };
        let place = if let Some(place) = searches.iter().position(is_same) {
            place
        } else {
            searches.push(Search::of(table, columns));
            searches.len() - 1
        };
        let search = &mut searches[place];
        if let Some(known) = search.known.get(key) {
            return Ok(Rc::clone(known));
        }
        let Some(select) = &search.select else {
            return Ok(Rc::default());
        };
        let mut select = self.staging.connection().prepare_cached(select)?;
        let parts = rusqlite::params_from_iter(naming::key_parts(key));
        let rows: Result<Vec<_>, _> = select
            .query_map(parts, |row| read_row(table, row))?
            .collect();
        let rows = Rc::new(rows?);
        if table.rows <= SMALL_TABLE_ROWS && search.known.len() < KEPT {
            search.known.insert(key.to_owned(), Rc::clone(&rows));
        }
        Ok(rows)
    }
}
