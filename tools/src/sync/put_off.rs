//! Documents in which staff have written are put off until all others are carried over: then `former` says in one go what
//! their rows were before, and each is settled.

use rusqlite::{OptionalExtension as _, params};
use shared::document::format;
use shared::id::{Actor, DocumentId};

use super::Carrier;
use super::compare::{Wanted, compare};
use super::former::Former;
use crate::apply::{self, ApplyError, Produced, Reject, Taker};
use crate::held::Held;
use crate::portion::Portion;
use crate::run::RunError;
use crate::staging::Staging;

impl Carrier<'_> {
    pub(super) fn prepare(&self) -> Result<(), RunError> {
        self.held.connection().execute_batch(
            "DROP TABLE IF EXISTS put_off; CREATE TABLE put_off (id BLOB PRIMARY KEY, encoded BLOB NOT NULL, former BLOB)",
        )?;
        Ok(())
    }

    /// A document in which staff have written waits for its former row.
    pub(super) fn put_off(&self, id: DocumentId, made: &[u8]) -> anyhow::Result<()> {
        const INSERT: &str = "INSERT OR REPLACE INTO put_off (id, encoded) VALUES (?1, ?2)";
        let connection = self.held.connection();
        connection
            .prepare_cached(INSERT)?
            .execute(params![id.as_bytes().as_slice(), made])?;
        Ok(())
    }

    pub(super) fn settle_put_off(
        &mut self,
        staging: &Staging,
        directory: &apply::BranchDirectory,
        actor: Actor,
    ) -> Result<(), RunError> {
        let ids = self.put_off_ids()?;
        if ids.is_empty() {
            return Ok(());
        }
        let mut former = Former::begin(self.plan, staging, self.held)?;
        for id in &ids {
            if let Some(held) = self.held.get(*id)? {
                former.add(&held)?;
            }
        }
        let former = former.finish()?;
        // What the rows said before is asked of all of them, whatever is brought now.
        let mut plan = self.plan.clone();
        plan.portion = Portion::default();
        let mut keeper = FormerKeeper { held: self.held };
        apply::apply(&plan, &former, directory, actor, &[], &mut keeper)?;
        for id in ids {
            self.settle_one(id).map_err(ApplyError::Taker)?;
        }
        Ok(())
    }

    fn put_off_ids(&self) -> Result<Vec<DocumentId>, rusqlite::Error> {
        let mut select = self
            .held
            .connection()
            .prepare("SELECT id FROM put_off ORDER BY id")?;
        let rows = select.query_map([], |row| Ok(DocumentId::from_bytes(row.get(0)?)))?;
        rows.collect()
    }

    fn settle_one(&mut self, id: DocumentId) -> anyhow::Result<()> {
        const SELECT: &str = "SELECT encoded, former FROM put_off WHERE id = ?1";
        let found: Option<(Vec<u8>, Option<Vec<u8>>)> = self
            .held
            .connection()
            .prepare_cached(SELECT)?
            .query_row([id.as_bytes().as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (Some((made, former)), Some(held)) = (found, self.held.get(id)?) else {
            return Ok(());
        };
        let wanted = Wanted::of(&held, &format::decode(&made)?, &self.line_key);
        let former = former
            .map(|former| format::decode(&former))
            .transpose()?
            .map(|former| Wanted::of(&held, &former, &self.line_key));
        let mut difference = compare(
            &held,
            &wanted,
            former.as_ref(),
            self.before,
            &self.now.into(),
        );
        // A row that said nothing that could be read before says nothing that staff could have known.
        difference.needs_former_row = false;
        self.carry(&held, &difference)
    }
}

/// Notes what former rows said.
struct FormerKeeper<'a> {
    held: &'a Held<'a>,
}

impl Taker for FormerKeeper<'_> {
    fn document(&mut self, produced: Produced) -> anyhow::Result<()> {
        const UPDATE: &str = "UPDATE put_off SET former = ?2 WHERE id = ?1";
        let connection = self.held.connection();
        connection
            .prepare_cached(UPDATE)?
            .execute(params![produced.id.as_bytes().as_slice(), produced.encoded])?;
        Ok(())
    }

    fn reject(&mut self, _: Reject) -> anyhow::Result<()> {
        Ok(())
    }
}
