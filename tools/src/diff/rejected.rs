//! What the writer says of the source's rows: which of them it would reject.

use std::collections::HashSet;

use shared::id::{Actor, ReplicaNumber};

use crate::apply::{self, Produced, Reject, Taker};
use crate::held::Held;
use crate::plan::Plan;
use crate::run::RunError;
use crate::staging::Staging;

/// Asks the writer which rows it would reject. Branches that the target lacks are taken as if they were there.
pub(super) fn rejected(
    plan: &Plan,
    staging: &Staging,
    held: &Held<'_>,
) -> Result<Rejected, RunError> {
    let mut directory = held.branches.clone();
    for name in apply::missing_branches(plan, &directory) {
        directory.insert(name.to_lowercase(), apply::branch_id(plan, &name));
    }
    let mut rejected = Rejected::default();
    let nobody = Actor::new(ReplicaNumber(0), 0);
    apply::apply(plan, staging, &directory, nobody, &[], &mut rejected)?;
    Ok(rejected)
}

/// Rows by table and place.
#[derive(Default)]
pub(super) struct Rejected {
    /// Those that cannot be brought over as they are.
    pub(super) rows: HashSet<(String, i64)>,
    /// Those among them whose key is another row's: the document of that key is not theirs.
    pub(super) doubled: HashSet<(String, i64)>,
    /// Lines among them that no order's row leads to.
    pub(super) orphan_lines: u64,
}

impl Taker for Rejected {
    fn wants_documents(&self) -> bool {
        false
    }

    fn document(&mut self, _: Produced) -> anyhow::Result<()> {
        Ok(())
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        self.orphan_lines += u64::from(reject.code == apply::ORPHAN_LINE);
        let row = (reject.table, reject.place);
        if reject.code == apply::DUPLICATE_KEY {
            self.doubled.insert(row.clone());
        }
        self.rows.insert(row);
        Ok(())
    }
}
