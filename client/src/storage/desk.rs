//! What work on the store thread sees: the store, and everything that must follow it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::clock::UtcMillis;
use shared::document::{Authoring, Document, Encoded};
use shared::domain::Catalogue;
use shared::id::{Actor, BranchId, DocumentId, StaffId};
use shared::read_model::{Check, CheckError, Corrected, ReadModel};
use shared::store::{Arrived, BranchStore, Change, Pending, SetAside, StoreError, Unreadable};
use shared::sync::{Progress, Proof, ScopeDigest, branch};

use super::catch_up;
use super::{Facts, StartError};
use crate::clock::{Clock, random_bytes};
use crate::records::{self, Membership};

/// Documents of the hub from which the lists follow later, in large transactions, when nobody waits for the store: a first
/// synchronisation, or the work of days. What a counter or a few others write is in the lists before it is answered.
const BULK: usize = 100;

/// Documents that the lists take in at a time while they follow: what a counter may have to wait.
const FOLLOWED_AT_ONCE: usize = 1_000;

/// The store with its followers: lists and catalogue.
pub(crate) struct Desk {
    store: BranchStore,
    read_model: ReadModel,
    clock: Clock,
    catalogue_documents: BTreeMap<DocumentId, Document>,
    catalogue: Arc<Catalogue>,
    progress: Progress,
    proof: Proof,
    unreadable: Arc<Vec<Unreadable>>,
    /// Whose scope the digest is of.
    branch: Option<BranchId>,
    check: Check,
    /// Documents in the lists.
    documents: u64,
    lists_behind: Option<String>,
    /// The feed position from which the lists have yet to follow a bulk of documents.
    lists_follow_from: Option<u64>,
    /// What the hub would not take, with its reason.
    refused: BTreeMap<DocumentId, String>,
    /// What changed since the last persist, for the followers.
    changes: Vec<Change>,
    /// What changed in bulk since then, which the lists read from the store.
    changed_in_bulk: Vec<DocumentId>,
    /// Whether anything was written since the last persist.
    is_dirty: bool,
    /// Drawn at every start: tells this run from one of a copy of its store.
    session: u64,
}

impl Desk {
    pub(super) fn open(
        store: BranchStore,
        lists_file: &Path,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (read_model, unreadable) = catch_up::open_lists(&store, lists_file)?;
        let catalogue_documents = catch_up::catalogue_documents(&store)?;
        let catalogue = Arc::new(Catalogue::from_documents(catalogue_documents.values()));
        let refused = refused_by_hub(&store)?;
        let membership: Option<Membership> = store.read_record(records::MEMBERSHIP)?;
        let documents = read_model.documents_held().map_err(std::io::Error::other)?;
        Ok(Self {
            refused,
            progress: store.read_record(records::PROGRESS)?.unwrap_or_default(),
            proof: store.read_record(records::PROOF)?.unwrap_or_default(),
            branch: membership.map(|membership| membership.branch),
            check: Check::up_to(store.head()),
            documents,
            store,
            read_model,
            clock,
            catalogue_documents,
            catalogue,
            unreadable: Arc::new(unreadable),
            lists_behind: None,
            lists_follow_from: None,
            changes: Vec::new(),
            changed_in_bulk: Vec::new(),
            is_dirty: false,
            session: u32::from_le_bytes(random_bytes().map_err(std::io::Error::other)?)
                .max(1)
                .into(),
        })
    }

    /// The time now.
    pub(crate) fn now(&self) -> UtcMillis {
        self.clock.now()
    }

    /// The store as it is, also what is not durable yet.
    pub(crate) const fn store(&self) -> &BranchStore {
        &self.store
    }

    /// The identity's replica number and incarnation.
    pub(crate) fn actor(&self) -> Option<Actor> {
        self.store.identity().map(|identity| identity.actor)
    }

    /// The catalogue as it is now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    /// How far the branch has come with its hub.
    pub(crate) const fn progress(&self) -> Progress {
        self.progress
    }

    /// What waits for the hub.
    pub(crate) fn pending(&self) -> Pending {
        self.store.pending()
    }

    /// The branch that this machine serves; none before it has joined.
    pub(crate) const fn branch(&self) -> Option<BranchId> {
        self.branch
    }

    /// The digest of this branch's scope, as it follows from what is held here; none while the lists are not up to date.
    pub(crate) fn digest(&self) -> Option<ScopeDigest> {
        let branch = self.branch?;
        if !self.changes.is_empty() || self.lists_behind.is_some() || self.lists_follow() {
            return None;
        }
        self.read_model
            .scope_digest(branch)
            .inspect_err(|error| tracing::error!(%error, "the digest cannot be read; nothing is compared with the hub"))
            .ok()
    }

    /// Holds some more of the lists against the store after a start; whether that was all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn check_some_more(&mut self) -> Result<bool, StoreError> {
        if self.lists_follow() {
            self.follow_some_more();
            return Ok(false);
        }
        if !self.changes.is_empty() || self.lists_behind.is_some() {
            // They are brought up to date when this job is done; or they cannot be, which is shown.
            return Ok(self.lists_behind.is_some());
        }
        let Some(position) = self.check.wants_after() else {
            return Ok(true);
        };
        let feed = self.store.changes_after(position, catch_up::BATCH)?;
        match self.check.advance(feed, &mut self.read_model) {
            Ok(corrected) => self.note_corrected(corrected),
            Err(CheckError::Query(error)) => {
                tracing::error!(%error, "the lists could not be held against the orders");
                return Ok(true);
            }
            Err(CheckError::Apply(error)) => {
                tracing::error!(%error, "the lists could not be put right");
                return Ok(true);
            }
        }
        let found = self.check.unreadable();
        if found.len() > self.unreadable.len() {
            self.unreadable = Arc::new(found.to_vec());
        }
        Ok(self.check.wants_after().is_none())
    }

    fn note_corrected(&mut self, Corrected { stale, lost }: Corrected) {
        if stale > 0 {
            tracing::error!(
                stale,
                "the lists showed another state than the store has; they are corrected"
            );
        }
        if lost > 0 {
            tracing::error!(
                lost,
                "the store has lost documents that the lists still showed; the hub is asked for them"
            );
        }
        self.documents = self.read_model.documents_held().unwrap_or(self.documents);
    }

    /// A document.
    ///
    /// # Errors
    /// As [`BranchStore::document`].
    pub(crate) fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        self.store.document(id)
    }

    /// Since when a document waits for the hub; none when the hub has it.
    ///
    /// # Errors
    /// As [`BranchStore::waiting_since`].
    pub(crate) fn waiting_since(&self, id: DocumentId) -> Result<Option<UtcMillis>, StoreError> {
        self.store.waiting_since(id)
    }

    /// The read model, for questions that belong to the same moment as the store.
    pub(crate) const fn lists(&self) -> &ReadModel {
        &self.read_model
    }

    /// What a command needs to write in somebody's name now.
    ///
    /// # Errors
    /// As [`BranchStore::author`].
    pub(crate) fn author(&mut self, by: Option<StaffId>) -> Result<Authoring, StoreError> {
        let now = self.now();
        self.store.author(by, now)
    }

    /// Stores what a command has made, with records in the same batch.
    ///
    /// # Errors
    /// As [`BranchStore::commit`].
    pub(crate) fn commit(
        &mut self,
        deltas: &[Document],
        authoring: &Authoring,
        records: &[(&str, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let now = self.now();
        let changes = self.store.commit(deltas, authoring, now, records)?;
        self.is_dirty = true;
        self.note(changes);
        Ok(())
    }

    /// Stores what came from the hub, with the progress in the same batch. Returns what could not be merged, by index.
    ///
    /// # Errors
    /// As [`BranchStore::commit_from_hub`].
    pub(crate) fn commit_from_hub(
        &mut self,
        documents: &[Document],
        progress: Progress,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        let now = self.now();
        let of_catalogue = documents
            .iter()
            .filter(|document| Catalogue::holds_kind(document.kind().as_str()))
            .map(Document::id);
        let records = self.records_of_reply(progress, of_catalogue);
        let (changes, refused) = self.store.commit_from_hub(documents, now, &records)?;
        self.is_dirty = true;
        self.progress = progress;
        self.note(changes);
        Ok(refused)
    }

    /// The same for documents as bytes. Many at once go into the store alone; the lists follow.
    ///
    /// # Errors
    /// As [`BranchStore::commit_from_hub_encoded`].
    pub(crate) fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        progress: Progress,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        let now = self.now();
        let of_catalogue = documents
            .iter()
            .filter(|document| Catalogue::holds_kind(document.kind().as_str()))
            .map(Encoded::id);
        let records = self.records_of_reply(progress, of_catalogue);
        let listed_up_to = self.store.head();
        let (arrived, refused) = self
            .store
            .commit_from_hub_encoded(documents, now, &records)?;
        self.is_dirty = true;
        self.progress = progress;
        if documents.len() >= BULK || self.lists_follow() {
            self.lists_follow_from.get_or_insert(listed_up_to);
            self.note_in_bulk(arrived)?;
        } else {
            let changes = arrived.into_iter().map(Arrived::change);
            self.note(changes.collect::<Result<_, _>>()?);
        }
        Ok(refused)
    }

    /// The progress, and which documents are the catalogue when there are new ones: in the same batch as the documents, or a
    /// crash in between would hide part of the catalogue.
    fn records_of_reply(
        &self,
        progress: Progress,
        of_catalogue: impl Iterator<Item = DocumentId>,
    ) -> Vec<(&'static str, Vec<u8>)> {
        let mut records = vec![(records::PROGRESS, BranchStore::record_bytes(&progress))];
        let fresh: Vec<DocumentId> = of_catalogue
            .filter(|id| !self.catalogue_documents.contains_key(id))
            .collect();
        if !fresh.is_empty() {
            let known = self.catalogue_documents.keys().copied();
            let ids: Vec<DocumentId> = known.chain(fresh).collect();
            records.push((records::CATALOGUE, BranchStore::record_bytes(&ids)));
        }
        records
    }

    /// Clears what the hub has durably taken.
    ///
    /// # Errors
    /// As [`BranchStore::acknowledge`].
    pub(crate) fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError> {
        self.is_dirty = true;
        self.store.acknowledge(taken)
    }

    /// Keeps what could not be taken.
    ///
    /// # Errors
    /// As [`BranchStore::set_aside`].
    pub(crate) fn set_aside(&mut self, what: SetAside) -> Result<(), StoreError> {
        self.is_dirty = true;
        self.store.set_aside(what)?;
        self.refused = refused_by_hub(&self.store)?;
        Ok(())
    }

    /// Why the hub would not take a change to a document; none when it took all of them.
    pub(crate) fn refused(&self, id: DocumentId) -> Option<&str> {
        self.refused.get(&id).map(String::as_str)
    }

    /// What was set aside.
    ///
    /// # Errors
    /// As [`BranchStore::quarantined`].
    pub(crate) fn quarantined(&self) -> Result<Vec<SetAside>, StoreError> {
        self.store.quarantined()
    }

    /// Lets go of something that was set aside.
    ///
    /// # Errors
    /// As [`BranchStore::release`].
    pub(crate) fn release(&mut self, sequence: u64) -> Result<(), StoreError> {
        self.is_dirty = true;
        self.store.release(sequence)?;
        self.refused = refused_by_hub(&self.store)?;
        Ok(())
    }

    /// A small named record.
    ///
    /// # Errors
    /// As [`BranchStore::read_record`].
    pub(crate) fn record<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.store.read_record(name)
    }

    /// Writes a small named record.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    pub(crate) fn write_record<T: Serialize>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        self.is_dirty = true;
        self.store.write_record(name, value)
    }

    /// Notes how far the branch has come, without documents.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    pub(crate) fn set_progress(&mut self, progress: Progress) -> Result<(), StoreError> {
        self.write_record(records::PROGRESS, &progress)?;
        self.progress = progress;
        Ok(())
    }

    /// Notes what comparing digests has shown.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    pub(crate) fn set_proof(&mut self, proof: Proof) -> Result<(), StoreError> {
        if proof != self.proof {
            self.write_record(records::PROOF, &proof)?;
            self.proof = proof;
        }
        Ok(())
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// As [`BranchStore::bytes_on_disk`].
    pub(crate) fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.store.bytes_on_disk()
    }

    /// Makes everything written durable, then brings the lists up to date. Returns which documents changed.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: nothing since the last time may be acknowledged.
    pub(super) fn settle(&mut self) -> Result<Vec<DocumentId>, StoreError> {
        if self.is_dirty {
            self.store.persist()?;
            self.is_dirty = false;
        }
        let changes = std::mem::take(&mut self.changes);
        let mut changed = std::mem::take(&mut self.changed_in_bulk);
        changed.extend(changes.iter().map(|change| change.document.id()));
        if !changes.is_empty() || self.lists_behind.is_some() && !self.lists_follow() {
            self.bring_lists_up_to_date(changes);
        }
        Ok(changed)
    }

    /// Whether documents that came in bulk are durable and not yet in the lists.
    pub(crate) const fn lists_follow(&self) -> bool {
        self.lists_follow_from.is_some()
    }

    /// Takes some more of what came in bulk into the lists. For when nothing waits for the store.
    pub(super) fn follow_some_more(&mut self) {
        let Some(position) = self.lists_follow_from else {
            return;
        };
        let followed = self
            .store
            .changes_after(position, FOLLOWED_AT_ONCE)
            .map_err(|error| error.to_string())
            .and_then(|feed| {
                self.read_model
                    .apply(&catch_up::for_lists(feed.changes), feed.position)
                    .map_err(|error| error.to_string())?;
                Ok((feed.position, feed.more))
            });
        match followed {
            Ok((position, more)) => {
                self.lists_follow_from = more.then_some(position);
                self.lists_behind = None;
            }
            Err(reason) => {
                tracing::error!(
                    reason,
                    "the lists are behind the orders; every order is saved"
                );
                // From here on each change tries again.
                self.lists_follow_from = None;
                self.lists_behind = Some(reason);
            }
        }
        self.documents = self.read_model.documents_held().unwrap_or(self.documents);
    }

    /// The state that everybody may know.
    pub(super) fn facts(&self) -> Facts {
        Facts {
            pending: self.store.pending(),
            head: self.store.head(),
            progress: self.progress,
            proof: self.proof,
            catalogue: Arc::clone(&self.catalogue),
            unreadable: Arc::clone(&self.unreadable),
            documents: self.documents,
            lists_behind: self.lists_behind.clone(),
            lists_follow: self.lists_follow(),
        }
    }

    fn note(&mut self, changes: Vec<Change>) {
        let documents = changes.iter().map(|change| &change.document);
        let of_catalogue =
            documents.filter(|document| Catalogue::holds_kind(document.kind().as_str()));
        self.note_catalogue(of_catalogue.cloned().collect());
        for change in &changes {
            self.check.note(change.document.id());
        }
        self.changes.extend(changes);
    }

    fn note_in_bulk(&mut self, arrived: Vec<Arrived>) -> Result<(), StoreError> {
        let mut of_catalogue = Vec::new();
        for arrived in arrived {
            self.check.note(arrived.id);
            self.changed_in_bulk.push(arrived.id);
            if arrived
                .kind()
                .is_some_and(|kind| Catalogue::holds_kind(kind.as_str()))
            {
                of_catalogue.push(arrived.document()?);
            }
        }
        self.note_catalogue(of_catalogue);
        Ok(())
    }

    fn note_catalogue(&mut self, documents: Vec<Document>) {
        if documents.is_empty() {
            return;
        }
        let documents = documents.into_iter();
        self.catalogue_documents
            .extend(documents.map(|document| (document.id(), document)));
        self.catalogue = Arc::new(Catalogue::from_documents(self.catalogue_documents.values()));
    }

    /// The documents are durable by now, so a list that cannot be written is no reason to refuse anything: it is noted,
    /// shown, and tried again with the next change.
    fn bring_lists_up_to_date(&mut self, changes: Vec<Change>) {
        let result = if self.lists_behind.is_none() {
            // While the lists follow a bulk, they are complete only up to where they have come.
            let head = if self.lists_follow() {
                0
            } else {
                self.store.head()
            };
            let changes = catch_up::for_lists(changes);
            self.read_model
                .apply(&changes, head)
                .map_err(|error| error.to_string())
        } else {
            catch_up::catch_up(&self.store, &mut self.read_model)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        if let Err(reason) = &result {
            tracing::error!(
                reason,
                "the lists are behind the orders; every order is saved"
            );
        }
        self.lists_behind = result.err();
        self.documents = self.read_model.documents_held().unwrap_or(self.documents);
    }
}

impl branch::Desk for Desk {
    fn store(&self) -> &BranchStore {
        &self.store
    }

    fn progress(&self) -> Progress {
        self.progress
    }

    fn proof(&self) -> Proof {
        self.proof
    }

    fn scope_digest(&self) -> Option<ScopeDigest> {
        self.digest()
    }

    fn commit_from_hub(
        &mut self,
        documents: &[Document],
        progress: Progress,
        _now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        Self::commit_from_hub(self, documents, progress)
    }

    fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        progress: Progress,
        _now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        Self::commit_from_hub_encoded(self, documents, progress)
    }

    fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError> {
        Self::acknowledge(self, taken)
    }

    fn set_aside(&mut self, what: SetAside) -> Result<(), StoreError> {
        Self::set_aside(self, what)
    }

    fn set_progress(&mut self, progress: Progress) -> Result<(), StoreError> {
        Self::set_progress(self, progress)
    }

    fn set_proof(&mut self, proof: Proof) -> Result<(), StoreError> {
        Self::set_proof(self, proof)
    }

    fn write_record<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        Self::write_record(self, name, value)
    }

    fn reissue(&mut self, actor: Actor, known_counter: u64) -> Result<(), StoreError> {
        let changes = self.store.reissue(actor, known_counter)?;
        self.note(changes);
        Ok(())
    }

    fn forget_reissued(&mut self, ids: &[DocumentId]) -> Result<(), StoreError> {
        self.is_dirty = true;
        self.store.forget_reissued(ids)
    }

    fn session(&self) -> u64 {
        self.session
    }
}

fn refused_by_hub(store: &BranchStore) -> Result<BTreeMap<DocumentId, String>, StoreError> {
    Ok(store
        .quarantined()?
        .into_iter()
        .filter(|kept| !kept.from_hub)
        .filter_map(|kept| Some((kept.document?, kept.reason)))
        .collect())
}
