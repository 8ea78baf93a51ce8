//! The ledger: each source row ends as exactly one of migrated, merged, embedded, rejected or excluded.
//!
//! One byte per row is kept in memory; at ten million rows that is ten megabytes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

use crate::staging::{StagedTable, Staging};

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Not decided yet. At the end of a run that is a defect and counts as a difference.
    Open,
    /// It became a document.
    Migrated,
    /// It became part of a document that was there, such as a service of the catalogue.
    Merged,
    /// It became part of another row's document, such as a line of its order.
    Embedded,
    /// It could not be brought over; code and reason are in the file of rejects.
    Rejected,
    /// A rule of the plan leaves it behind.
    Excluded,
}

/// The sums of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Rows in the source.
    pub source: u64,
    /// Rows that became documents.
    pub migrated: u64,
    /// Rows merged into documents that were there.
    pub merged: u64,
    /// Rows that are part of another row's document.
    pub embedded: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows left behind by a rule.
    pub excluded: u64,
}

impl Sums {
    /// Whether every row is accounted for.
    pub fn add_up(&self) -> bool {
        self.source == self.accounted_for()
    }

    /// Rows of which it is said what became of them.
    pub fn accounted_for(&self) -> u64 {
        self.migrated + self.merged + self.embedded + self.rejected + self.excluded
    }

    /// Counts one row.
    pub fn count(&mut self, fate: Fate) {
        match fate {
            Fate::Open => {}
            Fate::Migrated => self.migrated += 1,
            Fate::Merged => self.merged += 1,
            Fate::Embedded => self.embedded += 1,
            Fate::Rejected => self.rejected += 1,
            Fate::Excluded => self.excluded += 1,
        }
    }
}

/// The fates of all rows of a source. Several threads decide at once, each about rows of its own.
#[derive(Debug)]
pub struct Ledger {
    tables: Vec<(String, Vec<AtomicU8>)>,
    source: Vec<u64>,
}

/// In the order of their numbers.
const FATES: [Fate; 6] = [
    Fate::Open,
    Fate::Migrated,
    Fate::Merged,
    Fate::Embedded,
    Fate::Rejected,
    Fate::Excluded,
];

fn fate_of(slot: &AtomicU8) -> Fate {
    let stored = usize::from(slot.load(Ordering::Relaxed));
    FATES.get(stored).copied().unwrap_or(Fate::Open)
}

impl Ledger {
    /// A ledger in which nothing is decided.
    pub fn open(staging: &Staging) -> Result<Self, rusqlite::Error> {
        let mut tables = Vec::new();
        for table in staging.tables() {
            let mut fates = Vec::new();
            fates.resize_with(highest_rowid(staging, table)?, AtomicU8::default);
            tables.push((table.schema.name.clone(), fates));
        }
        let source = staging.tables().iter().map(|table| table.rows).collect();
        Ok(Self { tables, source })
    }

    /// Decides a row. `table` is its place among the staged tables.
    pub fn decide(&self, table: usize, rowid: i64, fate: Fate) {
        let place = usize::try_from(rowid - 1).ok();
        if let Some(slot) = place.and_then(|place| self.tables.get(table)?.1.get(place)) {
            slot.store(fate as u8, Ordering::Relaxed);
        }
    }

    /// What became of a row.
    pub fn fate(&self, table: usize, rowid: i64) -> Fate {
        let place = usize::try_from(rowid - 1).ok();
        let fate = place.and_then(|place| self.tables.get(table)?.1.get(place));
        fate.map_or(Fate::Open, fate_of)
    }

    /// Places of a table of which nothing is decided, in their order. No row need stand there: one that went has a place, too.
    pub fn open_places(&self, table: usize) -> impl Iterator<Item = i64> + '_ {
        let fates = self.tables.get(table).map_or(&[][..], |(_, fates)| fates);
        let open = (1_i64..).zip(fates);
        open.filter_map(|(place, fate)| (fate_of(fate) == Fate::Open).then_some(place))
    }

    /// The sums by table.
    pub fn sums(&self) -> BTreeMap<String, Sums> {
        let counted = self
            .tables
            .iter()
            .zip(&self.source)
            .map(|((name, fates), source)| {
                let mut sums = Sums {
                    source: *source,
                    ..Sums::default()
                };
                for fate in fates {
                    sums.count(fate_of(fate));
                }
                (name.clone(), sums)
            });
        counted.collect()
    }
}

fn highest_rowid(staging: &Staging, table: &StagedTable) -> Result<usize, rusqlite::Error> {
    let select = format!("SELECT coalesce(max(rowid), 0) FROM {}", table.sql_name());
    let highest: i64 = staging
        .connection()
        .query_row(&select, [], |row| row.get(0))?;
    Ok(usize::try_from(highest).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_nobody_decided_does_not_add_up_nor_does_one_that_is_counted_twice() {
        let mut sums = Sums {
            source: 2,
            ..Sums::default()
        };
        sums.count(Fate::Migrated);
        sums.count(Fate::Open);
        assert!(!sums.add_up());
        sums.count(Fate::Rejected);
        assert!(sums.add_up());
        sums.count(Fate::Embedded);
        assert!(!sums.add_up());
    }
}
