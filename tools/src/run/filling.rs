//! The way into a store that holds nothing of the source yet: what a pass makes goes straight into its new files.

use std::io::Write;

use shared::store::{Fill, Filled};

use super::{Progress, tell_reject};
use crate::apply::{Produced, Reject, Taker};
use crate::plan::Plan;
use crate::staging::Staging;
use crate::target::TargetError;

/// Documents between two words about how far it has come.
const TOLD_AFTER: u64 = 500;

/// Takes what a pass makes into a store's new files.
pub(super) struct Filling<'a> {
    fill: Fill<'a>,
    rejects: &'a mut dyn Write,
    source_sha256: &'a str,
    progress: &'a mut dyn Progress,
    /// Documents, and their rows, of which nothing was said yet.
    untold: (u64, u64),
}

impl<'a> Filling<'a> {
    pub(super) fn new(
        fill: Fill<'a>,
        rejects: &'a mut dyn Write,
        source_sha256: &'a str,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            fill,
            rejects,
            source_sha256,
            progress,
            untold: (0, 0),
        }
    }

    /// Has the store show what it was filled with, if all of that was new.
    pub(super) fn finish(self) -> Result<Filled, TargetError> {
        let filled = self.fill.finish()?;
        self.progress.advance(self.untold.0, self.untold.1);
        self.progress.end();
        Ok(filled)
    }
}

impl Taker for Filling<'_> {
    fn document(&mut self, produced: Produced) -> anyhow::Result<()> {
        self.fill.add(produced.id, &produced.encoded)?;
        self.untold.0 += 1;
        self.untold.1 += produced.rows.len() as u64;
        if self.untold.0 >= TOLD_AFTER {
            self.progress.advance(self.untold.0, self.untold.1);
            self.untold = (0, 0);
        }
        Ok(())
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        tell_reject(self.rejects, self.source_sha256, &reject)
    }
}

/// About how many documents a pass will make: one of each row of orders and customers.
pub(super) fn rows_with_documents(plan: &Plan, staging: &Staging) -> u64 {
    let customers = plan.customers.as_ref().map(|customers| &customers.table);
    let tables = [Some(&plan.orders.table), customers].into_iter().flatten();
    tables
        .filter_map(|name| staging.table(name))
        .map(|table| table.rows)
        .sum()
}
