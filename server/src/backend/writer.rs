//! The one thread that writes.
//!
//! Jobs come through a bounded channel. A batch of them is performed, made durable with one barrier, handed to the lists
//! ([`super::lists`]), and only then answered: **nobody is told yes about something that a power cut could take back.**

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use shared::clock::HybridClock;
use shared::document::{Authoring, Document, Encoded};
use shared::domain::Catalogue;
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};
use shared::read_model::Change;
use shared::store::{Arrived, HubStore, Merged, StoreError};
use shared::sync::hub::{Changed, Writing};
use tokio::sync::{mpsc, watch};

use super::BackendError;
use super::backlog::{Batch, Follow, Followers};
use super::records;
use crate::clock;

/// A piece of work. It returns how to answer once it is known whether the batch is durable.
pub(super) type Job = Box<dyn FnOnce(&mut Writer) -> Answer + Send>;

/// Tells the asker whether it is durable.
pub(super) type Tell = Box<dyn FnOnce(Result<(), BackendError>) + Send>;

/// Whom to tell, and when.
pub(super) struct Answer {
    /// How soon the lists shall have it.
    pub(super) follow: Follow,
    pub(super) tell: Tell,
}

/// A job that was performed.
struct Done {
    answer: Answer,
    /// The position of its last change, none when it changed no document.
    wrote_up_to: Option<u64>,
}

impl Done {
    fn is_bulk(&self) -> bool {
        self.wrote_up_to.is_none() || self.answer.follow == Follow::AtLeisure
    }
}

/// Jobs that wait; beyond it whoever asks waits in turn.
pub(super) const QUEUE: usize = 256;

/// Jobs in one batch: their askers wait for each other, so not more than a second's worth.
const BATCH_JOBS: usize = 64;

/// Changed documents after which a batch is closed.
const BATCH_DOCUMENTS: usize = 2_000;

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

/// A document that changed, for the lists.
pub(super) enum News {
    Built(Change),
    /// As it came; the lists build it.
    Arrived(Box<Arrived>),
}

impl News {
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Built(change) => change.position,
            Self::Arrived(arrived) => arrived.position,
        }
    }

    /// None when it cannot be read, which bytes that went into the store always can.
    pub(super) fn change(self) -> Option<Change> {
        match self {
            Self::Built(change) => Some(change),
            Self::Arrived(arrived) => {
                let position = arrived.position;
                let document = arrived.document().inspect_err(
                    |error| tracing::error!(%error, "a document that was stored cannot be read"),
                );
                let document = document.ok()?;
                Some(Change { position, document })
            }
        }
    }
}

/// The hub's writing hand. Lives on its thread.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// None before the hub serves: what is written until then is read from the feed.
    lists: Option<Followers>,
    /// Changed in this batch, by document.
    changed: BTreeMap<DocumentId, News>,
    catalogue: BTreeMap<DocumentId, Document>,
    actor: Actor,
    counter: u64,
    reserved: u64,
    clock: HybridClock,
}

impl Writer {
    /// Reads what the hub knows of itself. For after the lists have caught up, which notes the catalogue's documents.
    pub(super) fn open(shared: &Arc<Shared>) -> Result<Self, BackendError> {
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
            lists: None,
            changed: BTreeMap::new(),
            catalogue: BTreeMap::new(),
            actor: Actor::new(ReplicaNumber::HUB, incarnation),
            counter,
            reserved: counter,
            clock: HybridClock::default(),
        };
        writer.load_catalogue()?;
        writer.publish_catalogue();
        Ok(writer)
    }

    /// The documents and records. Merge through [`Self::merge`] only.
    pub(crate) fn store(&self) -> &HubStore {
        &self.shared.store
    }

    /// From now on the hub writes as another incarnation: its store was put back, and counters that it gives may have been
    /// given before.
    pub(super) fn begin_new_life(&mut self, incarnation: u32) -> Result<(), StoreError> {
        let store = &self.shared.store;
        store.write_record(records::INCARNATION, &incarnation)?;
        store.write_record(records::RESERVED, &0_u64)?;
        self.actor = Actor::new(ReplicaNumber::HUB, incarnation);
        (self.counter, self.reserved) = (0, 0);
        Ok(())
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
            self.changed.insert(delta.id(), News::Built(change));
        }
        Ok(merged)
    }

    /// The same for a delta that came as bytes; what is new goes into the store without being built.
    fn merge_encoded(&mut self, delta: &Encoded) -> Result<Option<Changed>, StoreError> {
        if Catalogue::holds_kind(delta.kind().as_str()) {
            return Ok(self.merge(&delta.decode()?)?.as_change(delta.id()));
        }
        let arrived = self.shared.store.merge_encoded(delta)?;
        Ok(self.note_arrived(arrived))
    }

    /// The same for all of a message.
    fn merge_each_encoded(
        &mut self,
        deltas: &[Encoded],
    ) -> Result<Vec<Result<Option<Changed>, StoreError>>, StoreError> {
        let is_reference_data = |delta: &Encoded| Catalogue::holds_kind(delta.kind().as_str());
        if deltas.iter().any(is_reference_data) {
            return deltas
                .iter()
                .map(|delta| StoreError::of_one(self.merge_encoded(delta)))
                .collect();
        }
        let arrived = self.shared.store.merge_each_encoded(deltas)?;
        let each = arrived.into_iter();
        Ok(each
            .map(|arrived| arrived.map(|arrived| self.note_arrived(arrived)))
            .collect())
    }

    fn note_arrived(&mut self, arrived: Arrived) -> Option<Changed> {
        let change = arrived.as_change()?;
        self.changed
            .insert(arrived.id, News::Arrived(Box::new(arrived)));
        Some(change)
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
        let changes = self.publish();
        if let Some(lists) = &self.lists {
            lists.take(Batch {
                changes,
                waiting: Vec::new(),
                is_bulk: false,
            });
        }
        Ok(())
    }

    fn perform(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let shared = Arc::clone(&self.shared);
        let gate = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut done = vec![self.perform_one(first)];
        while done.len() < BATCH_JOBS && self.changed.len() < BATCH_DOCUMENTS {
            match jobs.try_recv() {
                Ok(job) => done.push(self.perform_one(job)),
                Err(_) => break,
            }
        }
        let durable = shared.store.persist();
        drop(gate);
        match durable {
            Ok(()) => {
                let changes = self.publish();
                let is_bulk = done.iter().all(Done::is_bulk);
                let mut waiting = Vec::new();
                for Done {
                    answer,
                    wrote_up_to,
                } in done
                {
                    match wrote_up_to {
                        Some(position) if answer.follow == Follow::Awaited => {
                            waiting.push((position, answer.tell));
                        }
                        _ => (answer.tell)(Ok(())),
                    }
                }
                if let Some(lists) = &self.lists {
                    lists.take(Batch {
                        changes,
                        waiting,
                        is_bulk,
                    });
                }
            }
            Err(error) => {
                tracing::error!(%error, "what was written is not known to be durable; nobody is told that it is");
                self.changed.clear();
                if let Some(lists) = &self.lists {
                    lists.have_missed_something();
                }
                for Done { answer, .. } in done {
                    (answer.tell)(Err(BackendError::NotDurable(error.to_string())));
                }
            }
        }
    }

    fn perform_one(&mut self, job: Job) -> Done {
        let before = self.shared.store.head();
        let answer = job(self);
        let head = self.shared.store.head();
        Done {
            answer,
            wrote_up_to: (head > before).then_some(head),
        }
    }

    /// What the batch changed, by position; the catalogue is up to date with it.
    fn publish(&mut self) -> Vec<News> {
        let mut changes: Vec<News> = std::mem::take(&mut self.changed).into_values().collect();
        changes.sort_by_key(News::position);
        if self.note_catalogue(&changes) {
            self.publish_catalogue();
        }
        changes
    }

    /// From now on the lists follow on their own thread. What was written before is read from the feed.
    pub(super) fn hand_to(&mut self, lists: Followers) {
        self.lists = Some(lists);
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

    fn note_catalogue(&mut self, changes: &[News]) -> bool {
        let mut is_news = false;
        for change in changes {
            // The catalogue's are always built.
            if let News::Built(change) = change
                && Catalogue::holds_kind(change.document.kind().as_str())
            {
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

    fn merge_encoded(&mut self, delta: &Encoded) -> Result<Option<Changed>, StoreError> {
        Self::merge_encoded(self, delta)
    }

    fn merge_each_encoded(
        &mut self,
        deltas: &[Encoded],
    ) -> Result<Vec<Result<Option<Changed>, StoreError>>, StoreError> {
        Self::merge_each_encoded(self, deltas)
    }
}

/// Works until every asker is gone.
pub(super) fn work(mut writer: Writer, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        writer.perform(job, &mut jobs);
    }
}
