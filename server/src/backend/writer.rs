//! The one thread that writes.
//!
//! Jobs come through a bounded channel. A batch of them is performed, made durable with one barrier, brought into the
//! read model, and only then answered: **nobody is told yes about something that a power cut could take back.**

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use shared::clock::HybridClock;
use shared::document::{Authoring, Document};
use shared::domain::Catalogue;
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};
use shared::read_model::{Change, Opened, ReadModel};
use shared::store::{HubStore, Merged, StoreError};
use shared::sync::hub::Writing;
use tokio::sync::{mpsc, watch};

use super::BackendError;
use super::records;
use crate::clock;

/// A piece of work. It returns how to answer once it is known whether the batch is durable.
pub(super) type Job = Box<dyn FnOnce(&mut Writer) -> Answer + Send>;

/// Tells the asker what came of it.
pub(super) type Answer = Box<dyn FnOnce(Result<(), BackendError>) + Send>;

/// Jobs that wait; beyond it whoever asks waits in turn.
pub(super) const QUEUE: usize = 256;

/// Jobs in one batch: their askers wait for each other, so not more than a second's worth.
const BATCH_JOBS: usize = 64;

/// Changed documents after which a batch is closed.
const BATCH_DOCUMENTS: usize = 2_000;

/// Documents read at once when the read model catches up.
const CATCH_UP: usize = 1_000;

/// The hub's own counters are reserved in blocks, durably, before any is used. A crash skips the rest of a block;
/// a counter that once left the hub is never used again.
const RESERVED_COUNTERS: u64 = 100_000;

/// The most counters one change may use: a document's fields and events.
const COUNTERS_PER_CHANGE: u64 = 20_000;

/// What every thread may look at.
pub(super) struct Shared {
    pub(super) store: HubStore,
    /// Held for writing from the first merge of a batch until it is durable, so that no reader sends what is not.
    pub(super) gate: RwLock<()>,
    pub(super) catalogue: RwLock<Arc<Catalogue>>,
    /// The feed position up to which everything is durable and in the read model.
    pub(super) head: watch::Sender<u64>,
}

/// The hub's writing hand. Lives on its thread.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    read_model: ReadModel,
    /// Changed in this batch, by document.
    changed: BTreeMap<DocumentId, Change>,
    /// The read model missed a batch and must read the feed instead.
    is_behind: bool,
    catalogue: BTreeMap<DocumentId, Document>,
    actor: Actor,
    counter: u64,
    reserved: u64,
    clock: HybridClock,
}

impl Writer {
    /// Opens the read model, catches up with the store, and reads what the hub knows of itself.
    pub(super) fn open(shared: &Arc<Shared>, lists: &Path) -> Result<Self, BackendError> {
        let (read_model, opened) = ReadModel::open(lists)?;
        let store = &shared.store;
        let known: Option<u32> = store.read_record(records::INCARNATION)?;
        let incarnation = if let Some(incarnation) = known {
            incarnation
        } else {
            let drawn = crate::random::number_u32()?;
            store.write_record(records::INCARNATION, &drawn)?;
            drawn
        };
        // Everything up to the reservation may have been used before the last stop.
        let counter = store.read_record(records::RESERVED)?.unwrap_or(0);
        let mut writer = Self {
            shared: Arc::clone(shared),
            read_model,
            changed: BTreeMap::new(),
            is_behind: false,
            catalogue: BTreeMap::new(),
            actor: Actor::new(ReplicaNumber::HUB, incarnation),
            counter,
            reserved: counter,
            clock: HybridClock::default(),
        };
        let is_ahead = matches!(opened, Opened::At(position) if position > shared.store.head());
        if is_ahead {
            tracing::warn!(
                "the lists are ahead of the store, which was restored: building them anew"
            );
            writer.read_model.clear()?;
        }
        writer.load_catalogue()?;
        writer.catch_up()?;
        writer.publish_catalogue();
        writer
            .shared
            .head
            .send_replace(writer.read_model.position()?);
        Ok(writer)
    }

    /// The documents and records. Merge through [`Self::merge`] only.
    pub(crate) fn store(&self) -> &HubStore {
        &self.shared.store
    }

    /// All reference data, this batch's changes not yet included.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        let catalogue = &self.shared.catalogue;
        Arc::clone(&catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Merges a delta into its document and remembers that it changed.
    pub(crate) fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError> {
        if Catalogue::holds_kind(delta.kind().as_str()) {
            // Before the document, so that a crash between them leaves an entry too many rather than one too few.
            let name = records::catalogue(delta.id());
            self.shared.store.write_record(&name, &())?;
        }
        let merged = self.shared.store.merge(delta)?;
        if merged.changed {
            let change = Change {
                position: merged.position,
                document: merged.after.clone(),
            };
            self.changed.insert(delta.id(), change);
        }
        Ok(merged)
    }

    /// Writes in the hub's own name: `write` makes deltas with the authoring it gets, and they are merged.
    ///
    /// # Errors
    /// What `write` refuses, before anything was merged; any [`BackendError`].
    pub(crate) fn write_own<E: From<BackendError>>(
        &mut self,
        by: Option<StaffId>,
        write: impl FnOnce(&mut Authoring) -> Result<Vec<Document>, E>,
    ) -> Result<Vec<Merged>, E> {
        self.reserve_counters()?;
        let at = self.clock.tick(clock::now());
        let mut authoring = Authoring::new(self.actor, self.counter, at, by);
        let deltas = write(&mut authoring);
        self.counter = authoring.counter();
        deltas?
            .iter()
            .map(|delta| self.merge(delta).map_err(|error| E::from(error.into())))
            .collect()
    }

    fn reserve_counters(&mut self) -> Result<(), BackendError> {
        if self.reserved - self.counter >= COUNTERS_PER_CHANGE {
            return Ok(());
        }
        let reserved = self.counter + RESERVED_COUNTERS;
        let store = &self.shared.store;
        store.write_record(records::RESERVED, &reserved)?;
        store.persist()?;
        self.reserved = reserved;
        Ok(())
    }

    /// Writes records, makes them and all before durable, and brings the lists up to date. For the start, where there is no
    /// batch yet.
    pub(super) fn write_now(
        &mut self,
        write: impl FnOnce(&HubStore) -> Result<(), StoreError>,
    ) -> Result<(), BackendError> {
        write(&self.shared.store)?;
        self.shared.store.persist()?;
        self.publish();
        Ok(())
    }

    fn perform(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let shared = Arc::clone(&self.shared);
        let gate = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut answers = vec![first(self)];
        while answers.len() < BATCH_JOBS && self.changed.len() < BATCH_DOCUMENTS {
            match jobs.try_recv() {
                Ok(job) => answers.push(job(self)),
                Err(_) => break,
            }
        }
        let durable = shared.store.persist();
        drop(gate);
        match durable {
            Ok(()) => {
                self.publish();
                for answer in answers {
                    answer(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(%error, "what was written is not known to be durable; nobody is told that it is");
                self.is_behind = true;
                self.changed.clear();
                for answer in answers {
                    answer(Err(BackendError::NotDurable(error.to_string())));
                }
            }
        }
    }

    /// Brings what the batch changed into the read model and wakes whoever waits for it.
    fn publish(&mut self) {
        if self.changed.is_empty() && !self.is_behind {
            return;
        }
        let mut changes: Vec<Change> = std::mem::take(&mut self.changed).into_values().collect();
        changes.sort_by_key(|change| change.position);
        if self.note_catalogue(&changes) {
            self.publish_catalogue();
        }
        let applied = if self.is_behind {
            self.load_catalogue().and_then(|()| self.catch_up())
        } else {
            let position = changes.last().map_or(0, |change| change.position);
            self.read_model
                .apply(&changes, position)
                .map_err(BackendError::from)
        };
        match applied {
            Ok(()) => self.is_behind = false,
            Err(error) => {
                tracing::error!(%error, "the lists could not follow; they are brought up to date with the next change");
                self.is_behind = true;
            }
        }
        if let Ok(position) = self.read_model.position() {
            self.shared.head.send_replace(position);
        }
    }

    fn catch_up(&mut self) -> Result<(), BackendError> {
        loop {
            let feed = self
                .shared
                .store
                .changes_after(self.read_model.position()?, CATCH_UP)?;
            for unreadable in &feed.unreadable {
                tracing::warn!(id = %unreadable.id, reason = unreadable.reason, "a document cannot be read; it stays as it is");
            }
            let changes: Vec<Change> = feed
                .changes
                .into_iter()
                .map(|change| Change {
                    position: change.position,
                    document: change.document,
                })
                .collect();
            for change in &changes {
                if Catalogue::holds_kind(change.document.kind().as_str()) {
                    let name = records::catalogue(change.document.id());
                    self.shared.store.write_record(&name, &())?;
                }
            }
            self.note_catalogue(&changes);
            self.read_model.apply(&changes, feed.position)?;
            if !feed.more {
                return Ok(());
            }
        }
    }

    fn load_catalogue(&mut self) -> Result<(), BackendError> {
        let store = &self.shared.store;
        let names = store.records::<()>(records::CATALOGUE, records::MAX_CATALOGUE)?;
        for (name, ()) in names {
            let id = name
                .strip_prefix(records::CATALOGUE)
                .and_then(|id| id.parse::<DocumentId>().ok());
            let Some(id) = id else { continue };
            match store.document(id) {
                Ok(Some((_, document))) => {
                    self.catalogue.insert(id, document);
                }
                Ok(None) => {}
                Err(StoreError::Unreadable { id, reason }) => {
                    tracing::warn!(%id, reason, "an entry of the catalogue cannot be read; the rest works on");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn note_catalogue(&mut self, changes: &[Change]) -> bool {
        let mut is_news = false;
        for change in changes {
            if Catalogue::holds_kind(change.document.kind().as_str()) {
                self.catalogue
                    .insert(change.document.id(), change.document.clone());
                is_news = true;
            }
        }
        is_news
    }

    fn publish_catalogue(&self) {
        let catalogue = Arc::new(Catalogue::from_documents(self.catalogue.values()));
        let published = &self.shared.catalogue;
        *published.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }
}

impl Writing for Writer {
    fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError> {
        Self::merge(self, delta)
    }
}

/// Works until every asker is gone.
pub(super) fn work(mut writer: Writer, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        writer.perform(job, &mut jobs);
    }
}
