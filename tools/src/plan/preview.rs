//! What a plan would do, found out by a pass that writes nothing.

use std::collections::BTreeMap;

use shared::id::{Actor, ReplicaNumber};

use super::Plan;
use crate::apply::{self, ApplyError, BranchDirectory, Produced, Reject, Taker};
use crate::ledger::Sums;
use crate::staging::Staging;

/// What a run of the plan would come to.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The sums by table.
    pub ledger: BTreeMap<String, Sums>,
    /// Values that would be changed, by rule.
    pub changes: BTreeMap<&'static str, u64>,
    /// Rows that would be rejected, by code, with an example each.
    pub rejects: BTreeMap<&'static str, (u64, String)>,
}

/// Tries a plan without a target: every branch it names counts as there.
pub fn preview(plan: &Plan, staging: &Staging) -> Result<Preview, ApplyError> {
    let mut directory = BranchDirectory::new();
    for name in apply::missing_branches(plan, &directory) {
        directory.insert(name.to_lowercase(), apply::branch_id(plan, &name));
    }
    let mut counting = Counting::default();
    let actor = Actor::new(ReplicaNumber::HUB, 0);
    let outcome = apply::apply(plan, staging, &directory, actor, &[], &mut counting)?;
    Ok(Preview {
        ledger: outcome.ledger.sums(),
        changes: outcome.changes,
        rejects: counting.rejects,
    })
}

#[derive(Default)]
struct Counting {
    rejects: BTreeMap<&'static str, (u64, String)>,
}

impl Taker for Counting {
    fn wants_documents(&self) -> bool {
        false
    }

    fn document(&mut self, _: Produced) -> anyhow::Result<()> {
        Ok(())
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        let entry = self.rejects.entry(reject.code).or_default();
        entry.0 += 1;
        if entry.1.is_empty() {
            entry.1 = reject.reason;
        }
        Ok(())
    }
}
