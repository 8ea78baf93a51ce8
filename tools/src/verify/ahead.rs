//! Rows that are asked for in the order of their places, read some at once: asking for each would take longer than reading it.

use std::collections::VecDeque;

use super::Check;
use super::parts::OrderRow;
use super::row::{SourceRow, read_row};
use crate::staging::StagedTable;

/// Rows that are read at once where those before were all wanted.
const MOST_AT_ONCE: usize = 256;

/// Rows that are read at once where nothing is known of those before.
const FIRST_AT_ONCE: usize = 4;

/// The rows of a table from some place on.
pub(super) struct Ahead<'a> {
    table: &'a StagedTable,
    /// Rows behind each other, without a gap where a row stands.
    read: VecDeque<SourceRow<'a>>,
    /// What is in `read` begins here, and was read up to there.
    from: i64,
    to: i64,
    at_once: usize,
}

impl<'a> Ahead<'a> {
    pub(super) const fn of(table: &'a StagedTable) -> Self {
        Self {
            table,
            read: VecDeque::new(),
            from: 0,
            to: 0,
            at_once: FIRST_AT_ONCE,
        }
    }

    /// The row of the first of these orders, if one stands at its place. No row is read but those of orders that follow at once.
    pub(super) fn row_of(
        &mut self,
        check: &Check<'a>,
        orders: &[OrderRow],
    ) -> Result<Option<SourceRow<'a>>, rusqlite::Error> {
        let Some(first) = orders.first() else {
            return Ok(None);
        };
        let place = i64::from(first.place);
        if !self.reaches(place) {
            let places = orders.iter().map(|order| i64::from(order.place));
            let following = (place..).zip(places).take(MOST_AT_ONCE);
            let count = following.take_while(|(one, other)| one == other).count();
            self.read_from(check, place, count)?;
        }
        let is_there = self.read.front().is_some_and(|row| row.rowid == place);
        Ok(is_there.then(|| self.take()).flatten())
    }

    /// The rows from a place on, as long as a column has a value.
    pub(super) fn rows_while(
        &mut self,
        check: &Check<'a>,
        from: u32,
        column: usize,
        value: &str,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        let from = i64::from(from);
        if !self.reaches(from) {
            // Whoever goes on where the last ones ended will want more of them.
            self.at_once = if from == self.to {
                (self.at_once * 2).min(MOST_AT_ONCE)
            } else {
                FIRST_AT_ONCE
            };
            self.read_from(check, from, self.at_once)?;
        }
        let mut found = Vec::new();
        loop {
            while let Some(row) = self.read.front() {
                if row.cell_at(column).text() != Some(value) {
                    return Ok(found);
                }
                found.extend(self.take());
            }
            self.at_once = (self.at_once * 2).min(MOST_AT_ONCE);
            self.read_from(check, self.to, self.at_once)?;
            if self.read.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Whether the first row from a place on is the first that was read; those before it are let go.
    fn reaches(&mut self, place: i64) -> bool {
        if place < self.from || place >= self.to {
            return false;
        }
        while self.read.front().is_some_and(|row| row.rowid < place) {
            self.read.pop_front();
        }
        self.from = place;
        !self.read.is_empty()
    }

    fn take(&mut self) -> Option<SourceRow<'a>> {
        let row = self.read.pop_front()?;
        self.from = row.rowid + 1;
        Some(row)
    }

    /// Reads so many rows from a place on.
    fn read_from(
        &mut self,
        check: &Check<'a>,
        from: i64,
        count: usize,
    ) -> Result<(), rusqlite::Error> {
        let table = self.table;
        let mut select = check.staging.connection().prepare_cached(&format!(
            "SELECT rowid, * FROM {} WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2",
            table.sql_name()
        ))?;
        let limit = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = select.query_map([from, limit], |row| read_row(table, row))?;
        self.read = rows.collect::<Result<_, _>>()?;
        self.from = from;
        self.to = self.read.back().map_or(from, |last| last.rowid + 1);
        Ok(())
    }
}
