//! Which rows were come upon, one bit each; several threads note it at once.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::staging::Staging;

/// One bit for each row of each table.
pub(super) struct Seen(Vec<Vec<AtomicU64>>);

impl Seen {
    /// Nothing was seen yet.
    pub(super) fn nothing(staging: &Staging) -> Self {
        let tables = staging.tables().iter().map(|table| {
            let words = usize::try_from(table.highest_place() / 64 + 1).unwrap_or(0);
            let mut bits = Vec::new();
            bits.resize_with(words, AtomicU64::default);
            bits
        });
        Self(tables.collect())
    }

    /// Notes a row. `table` is its place among the staged tables.
    pub(super) fn note(&self, table: usize, row: i64) {
        if let Some((word, bit)) = self.bit(table, row) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether a row was noted.
    pub(super) fn has(&self, table: usize, row: i64) -> bool {
        self.bit(table, row)
            .is_some_and(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
    }

    fn bit(&self, table: usize, row: i64) -> Option<(&AtomicU64, u64)> {
        let row = u64::try_from(row).ok()?;
        let word = self.0.get(table)?.get(usize::try_from(row / 64).ok()?)?;
        Some((word, 1 << (row % 64)))
    }
}
