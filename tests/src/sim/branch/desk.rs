//! The desk of a branch: its store with the lists that follow it, and where a planted fault does its work.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::clock::UtcMillis;
use shared::document::{Document, Encoded, format};
use shared::domain::fields::kind;
use shared::id::{Actor, BranchId, DocumentId};
use shared::store::{Arrived, BranchStore, Change, SetAside, StoreError};
use shared::sync::branch::Desk;
use shared::sync::{Progress, Proof};

use super::made_again::{MadeAgain, same_writes};
use super::record;
use crate::sim::plant::Plant;
use crate::sim::scope::ScopeIndex;

/// The store with what follows it: what the engine writes through.
pub(super) struct Counter {
    pub(super) branch: BranchId,
    pub(super) store: BranchStore,
    pub(super) index: ScopeIndex,
    pub(super) progress: Progress,
    pub(super) proof: Proof,
    pub(super) session: u64,
    pub(super) plant: Option<Plant>,
    /// Under the plants that lose tails, until all is calm.
    pub(super) loses_tails: bool,
    pub(super) orders: BTreeSet<DocumentId>,
    pub(super) customers: BTreeSet<DocumentId>,
    /// Writes that were made again and of which nobody has asked yet.
    pub(super) made_again: Vec<MadeAgain>,
}

impl Counter {
    pub(super) fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            match change.document.kind().as_str() {
                kind::ORDER => self.orders.insert(change.document.id()),
                kind::CUSTOMER => self.customers.insert(change.document.id()),
                _ => false,
            };
            let state = change.document.state_hash();
            self.index.apply(change.position, &change.document, state);
        }
    }

    pub(super) fn read_all(&mut self) -> Result<(), StoreError> {
        let mut position = 0;
        loop {
            let feed = self.store.changes_after(position, 1_000)?;
            self.follow(&feed.changes);
            position = feed.position;
            if !feed.more {
                return Ok(());
            }
        }
    }

    pub(super) fn outbox_marks(&self) -> Result<Vec<(DocumentId, u64)>, StoreError> {
        let waiting = self.store.outgoing(usize::MAX, usize::MAX)?;
        Ok(waiting
            .into_iter()
            .map(|waits| (waits.id, waits.mark))
            .collect())
    }

    /// What the hub lacks, by document.
    fn waiting(&self) -> Result<BTreeMap<DocumentId, Document>, StoreError> {
        let waiting = self.store.outgoing(usize::MAX, usize::MAX)?;
        Ok(waiting
            .into_iter()
            .filter_map(|waits| Some((waits.id, format::decode(&waits.delta).ok()?)))
            .collect())
    }
}

impl Desk for Counter {
    fn store(&self) -> &BranchStore {
        &self.store
    }

    fn progress(&self) -> Progress {
        self.progress
    }

    fn proof(&self) -> Proof {
        self.proof
    }

    fn scope_digest(&self) -> Option<[u8; 16]> {
        match (self.plant, self.progress.hub_digest) {
            (Some(Plant::AdoptDigest), Some((theirs, _))) => Some(theirs),
            _ => Some(self.index.digest(self.branch)),
        }
    }

    fn commit_from_hub(
        &mut self,
        documents: &[Document],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        if self.plant == Some(Plant::CursorFirst) {
            self.set_progress(progress)?;
            self.store.persist()?;
        }
        let loses = self.plant == Some(Plant::LoseErasure);
        let kept: Vec<Document> = documents
            .iter()
            .filter(|document| !loses || document.erasure().is_none())
            .cloned()
            .collect();
        let records = [(record::PROGRESS, BranchStore::record_bytes(&progress))];
        let (changes, refused) = self.store.commit_from_hub(&kept, now, &records)?;
        self.progress = progress;
        self.follow(&changes);
        Ok(refused)
    }

    fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        if matches!(self.plant, Some(Plant::CursorFirst | Plant::LoseErasure)) {
            let built: Result<Vec<Document>, _> = documents.iter().map(Encoded::decode).collect();
            return Desk::commit_from_hub(self, &built?, progress, now);
        }
        let records = [(record::PROGRESS, BranchStore::record_bytes(&progress))];
        let (arrived, refused) = self
            .store
            .commit_from_hub_encoded(documents, now, &records)?;
        self.progress = progress;
        let changes: Result<Vec<Change>, StoreError> =
            arrived.into_iter().map(Arrived::change).collect();
        self.follow(&changes?);
        Ok(refused)
    }

    fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError> {
        if self.plant == Some(Plant::AcknowledgeLater) {
            let mut marks = self.outbox_marks()?;
            marks.retain(|(id, _)| taken.iter().any(|(taken, _)| taken == id));
            return self.store.acknowledge(&marks);
        }
        self.store.acknowledge(taken)
    }

    fn set_aside(&mut self, what: SetAside) -> Result<(), StoreError> {
        self.store.set_aside(what)
    }

    fn set_progress(&mut self, progress: Progress) -> Result<(), StoreError> {
        self.store.write_record(record::PROGRESS, &progress)?;
        self.progress = progress;
        Ok(())
    }

    fn set_proof(&mut self, proof: Proof) -> Result<(), StoreError> {
        self.store.write_record(record::PROOF, &proof)?;
        self.proof = proof;
        Ok(())
    }

    fn write_record<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        self.store.write_record(name, value)
    }

    fn reissue(&mut self, actor: Actor, known_counter: u64) -> Result<(), StoreError> {
        let before = self.waiting()?;
        let changes = self.store.reissue(actor, known_counter)?;
        let after = self.waiting()?;
        for (id, former) in &before {
            let again = after.get(id);
            self.made_again.extend(
                again
                    .into_iter()
                    .flat_map(|again| same_writes(*id, former, again)),
            );
        }
        self.follow(&changes);
        Ok(())
    }

    fn forget_reissued(&mut self, ids: &[DocumentId]) -> Result<(), StoreError> {
        self.store.forget_reissued(ids)
    }

    fn session(&self) -> u64 {
        self.session
    }
}
