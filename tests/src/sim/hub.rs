//! The hub's program: the real store and the real engine, with its lists in memory.

use std::collections::BTreeMap;

use shared::clock::{HybridClock, UtcMillis};
use shared::document::{Authoring, Document, Encoded};
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber};
use shared::limits;
use shared::store::{HubStore, Merged, SimulatedDisk, StoreError};
use shared::sync::hub::{
    self, Changed, Claim, Counters, Echoes, Recovery, TakenIn, Takes, Wanted, Writing,
};
use shared::sync::reconcile::Responder;
use shared::sync::{Peer, judge_encoded};
use shared::wire::reconcile::{FetchQuery, FetchReply, ReconcileQuery};
use shared::wire::{
    self, Brought, Epoch, Exchange, ExchangeReply, PROTOCOL_VERSION, ReplicaRole, v1,
};

use super::branch::Route;
use super::plant::Plant;
use super::scope::ScopeIndex;

mod record {
    pub(super) const EPOCH: &str = "hub/epoch";
    pub(super) const INCARNATION: &str = "hub/incarnation";
    pub(super) const RESERVED: &str = "hub/reserved";
    pub(super) const RECOVERY: &str = "hub/recovery";
}

/// Counters that the hub reserves durably before it uses any.
const RESERVED_COUNTERS: u64 = 10_000;

/// All machines of a firm joined before anything went wrong.
const ENROLLED_BELOW: ReplicaNumber = ReplicaNumber(1_000);

/// Documents in a reply at the most: few, so that backlogs come in several.
const DOCUMENTS_PER_REPLY: usize = 8;

/// A running hub.
pub struct Hub {
    store: HubStore,
    index: ScopeIndex,
    epoch: Epoch,
    actor: Actor,
    counter: u64,
    reserved: u64,
    clock: HybridClock,
    hand: Hand,
    waiting: Vec<Waiting>,
    echoes: Echoes,
    recovery: Option<Recovery>,
}

/// The hub's writing hand: what it merged since the last barrier.
struct Hand {
    changed: BTreeMap<DocumentId, (u64, Document)>,
    plant: Option<Plant>,
    merges: u64,
}

/// Who sends, as the hub knows from the token.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The machine, to find its way back.
    pub machine: usize,
    /// Its replica.
    pub replica: ReplicaNumber,
    /// Its branch.
    pub branch: BranchId,
    /// The number of its message.
    pub exchange: u64,
    /// What it asks for.
    pub route: Route,
}

/// A request whose answer waits for the disk.
struct Waiting {
    sender: Sender,
    request: Request,
}

enum Request {
    /// Its deltas are merged, by what was taken from the sender.
    Exchange(Box<Exchange>, TakenIn, Takes),
    Reconcile(ReconcileQuery),
    Fetch(FetchQuery),
}

/// An answer on its way.
pub struct Answer {
    /// To whom.
    pub sender: Sender,
    /// Encoded.
    pub bytes: Vec<u8>,
}

impl Hub {
    /// Starts on a disk. `lists` are those of the run before, when they are still there.
    ///
    /// # Errors
    /// [`StoreError`] when the disk cannot be used.
    pub fn start(
        disk: &SimulatedDisk,
        lists: Option<ScopeIndex>,
        plant: Option<Plant>,
    ) -> Result<Self, StoreError> {
        let store = HubStore::on(disk)?;
        let epoch = store.read_record(record::EPOCH)?.unwrap_or(Epoch(1));
        let incarnation: u32 = store
            .read_record(record::INCARNATION)?
            .unwrap_or(super::firm::FIRST_INCARNATION);
        let counter: u64 = store
            .read_record(record::RESERVED)?
            .unwrap_or(super::firm::firm().hub_counter);
        let recovery = store.read_record(record::RECOVERY)?;
        let mut hub = Self {
            // Lists that are ahead of the store were made by one that is no more.
            index: lists
                .filter(|lists| lists.position() <= store.head())
                .unwrap_or_default(),
            store,
            epoch,
            actor: Actor::new(ReplicaNumber::HUB, incarnation),
            counter,
            reserved: counter,
            clock: HybridClock::default(),
            hand: Hand {
                changed: BTreeMap::new(),
                plant,
                merges: 0,
            },
            waiting: Vec::new(),
            echoes: Echoes::default(),
            recovery,
        };
        hub.catch_up()?;
        Ok(hub)
    }

    /// What whoever restores a hub from a backup does before it starts.
    ///
    /// # Errors
    /// [`StoreError`] when the disk cannot be used.
    pub fn begin_new_epoch(
        disk: &SimulatedDisk,
        epoch: u64,
        incarnation: u32,
        now: UtcMillis,
    ) -> Result<(), StoreError> {
        let store = HubStore::on(disk)?;
        let recovery = Recovery::open(Epoch(epoch), now, ENROLLED_BELOW);
        store.write_record(record::RECOVERY, &recovery)?;
        store.write_record(record::EPOCH, &Epoch(epoch))?;
        store.write_record(record::INCARNATION, &incarnation)?;
        store.write_record(record::RESERVED, &0_u64)?;
        store.persist()
    }

    /// The documents, to be read.
    pub const fn store(&self) -> &HubStore {
        &self.store
    }

    /// Which branch holds what, as far as it is durable.
    pub const fn index(&self) -> &ScopeIndex {
        &self.index
    }

    /// The program has ended; its lists stay where they are.
    pub fn into_lists(self) -> ScopeIndex {
        self.index
    }

    /// Merges what a request brings. Its answer comes with the next [`Self::persist`].
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the disk takes nothing: the request has no answer then.
    pub fn receive(&mut self, sender: Sender, bytes: &[u8]) -> Result<(), StoreError> {
        let request = match sender.route {
            Route::Exchange => {
                let message = match wire::version_of(bytes) {
                    Some(1) => wire::decode_as::<v1::Exchange>(1, bytes).map(Exchange::from),
                    _ => wire::decode(bytes),
                };
                match message {
                    Ok(message) => self.take(sender, message)?,
                    Err(_) => None,
                }
            }
            Route::Reconcile => wire::decode(bytes).ok().map(Request::Reconcile),
            Route::Fetch => wire::decode(bytes).ok().map(Request::Fetch),
        };
        self.waiting
            .extend(request.map(|request| Waiting { sender, request }));
        Ok(())
    }

    fn take(
        &mut self,
        sender: Sender,
        mut message: Exchange,
    ) -> Result<Option<Request>, StoreError> {
        let peer = Peer {
            replica: sender.replica,
            role: ReplicaRole::Branch,
        };
        self.begin_new_life_if_ahead(&message)?;
        let recovery = self.recovery.as_mut();
        let is_of_another_life =
            hub::is_of_another_life(self.epoch, recovery.as_deref(), peer, &message);
        let claim = Claim::of(&message).in_another_life(is_of_another_life);
        let mut takes = Takes::OwnWrites;
        if let Some(recovery) = recovery {
            takes = recovery.takes(self.epoch, peer, &message);
            if recovery.note(self.epoch, peer, &message) {
                self.store.write_record(record::RECOVERY, recovery)?;
            }
        }
        if self.hand.plant == Some(Plant::TakeBackNothing) {
            takes = Takes::OwnWrites;
        }
        let judged = std::mem::take(&mut message.pushed)
            .into_iter()
            .map(|bytes| judge_encoded(bytes, peer, takes))
            .collect();
        let name = format!("counters/{}", sender.replica.0);
        let mut counters: Counters = self.store.read_record(&name)?.unwrap_or_default();
        let mut writing = Pen {
            store: &self.store,
            hand: &mut self.hand,
        };
        let taken = hub::take_in(&mut writing, peer, claim, &mut counters, judged)?;
        if taken.has_new_counters {
            self.store.write_record(&name, &counters)?;
        }
        if self.hand.plant == Some(Plant::PoisonStopsAll) && !taken.refused.is_empty() {
            return Ok(None);
        }
        Ok(Some(Request::Exchange(Box::new(message), taken, takes)))
    }

    /// A cursor beyond the feed's end: this hub has lost what it once acknowledged, and nobody told it.
    fn begin_new_life_if_ahead(&mut self, message: &Exchange) -> Result<(), StoreError> {
        let head = self.store.head();
        if message.epoch != Some(self.epoch) || message.cursor <= head {
            return Ok(());
        }
        self.epoch = Epoch(self.epoch.0.wrapping_mul(31).wrapping_add(head + 1));
        self.store.write_record(record::EPOCH, &self.epoch)?;
        self.store.persist()
    }

    /// The office sees that machines came late with what the hub may lack, and has it taken back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take_back_from_those_who_came_late(&mut self, now: UtcMillis) -> Result<(), StoreError> {
        let late = self
            .recovery
            .as_mut()
            .filter(|recovery| !recovery.late.is_empty());
        if let Some(recovery) = late {
            recovery.open_again(now);
            self.store.write_record(record::RECOVERY, recovery)?;
        }
        Ok(())
    }

    /// Writes in the hub's own name, as the office does. Also the last counter before it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_own(
        &mut self,
        now: UtcMillis,
        write: impl FnOnce(&mut Authoring) -> Option<Document>,
    ) -> Result<(Option<Document>, u64), StoreError> {
        if self.reserved - self.counter < RESERVED_COUNTERS / 2 {
            let reserved = self.counter + RESERVED_COUNTERS;
            self.store.write_record(record::RESERVED, &reserved)?;
            self.store.persist()?;
            self.reserved = reserved;
        }
        let after = self.counter;
        let mut authoring = Authoring::new(self.actor, after, self.clock.tick(now), None);
        let delta = write(&mut authoring);
        self.counter = authoring.counter();
        if let Some(delta) = &delta {
            let mut pen = Pen {
                store: &self.store,
                hand: &mut self.hand,
            };
            pen.merge(delta)?;
        }
        Ok((delta, after))
    }

    /// Makes everything so far durable, lets the lists follow, and gives the answers that waited for it.
    ///
    /// # Errors
    /// [`StoreError`]: nobody may be answered, and the program ends.
    pub fn persist(&mut self, now: UtcMillis) -> Result<Vec<Answer>, StoreError> {
        self.store.persist()?;
        Ok(self.answer(now))
    }

    /// Answers without having waited for the disk: what a careless hub does. A request that cannot be answered is not.
    pub fn answer(&mut self, now: UtcMillis) -> Vec<Answer> {
        let mut changed: Vec<(u64, Document)> = std::mem::take(&mut self.hand.changed)
            .into_values()
            .collect();
        changed.sort_by_key(|(position, _)| *position);
        for (position, document) in &changed {
            self.index.apply(*position, document, document.state_hash());
        }
        if self.hand.plant == Some(Plant::LeaveScopeAtOnce) {
            self.index.forget_former_holders();
        }
        let waiting = std::mem::take(&mut self.waiting);
        waiting
            .into_iter()
            .filter_map(|waiting| {
                let sender = waiting.sender;
                let bytes = self.reply(waiting, now).ok().flatten()?;
                Some(Answer { sender, bytes })
            })
            .collect()
    }

    /// An answer, encoded; none to what makes no sense.
    fn reply(&mut self, waiting: Waiting, now: UtcMillis) -> Result<Option<Vec<u8>>, StoreError> {
        let sender = waiting.sender;
        match waiting.request {
            Request::Exchange(message, taken, takes) => {
                let reply = self.exchange(sender, &message, taken, takes, now)?;
                let bytes = match message.protocol {
                    1 => wire::encode_as(1, &v1::ExchangeReply::from(reply)),
                    _ => wire::encode(&reply),
                };
                Ok(bytes.ok())
            }
            Request::Reconcile(query) => {
                let held = self.index.inventory(sender.branch);
                let reply = Responder::default().answer(&held, &query).ok();
                Ok(reply.and_then(|reply| wire::encode(&reply).ok()))
            }
            Request::Fetch(query) => {
                let mut reply = FetchReply {
                    documents: Vec::new(),
                    answered: u32::try_from(query.ids.len()).unwrap_or(u32::MAX),
                };
                for id in query.ids.into_iter().map(DocumentId::from_bytes) {
                    if self.index.holds(sender.branch, id) {
                        reply.documents.extend(self.readable(id)?);
                    }
                }
                Ok(wire::encode(&reply).ok())
            }
        }
    }

    fn exchange(
        &mut self,
        sender: Sender,
        message: &Exchange,
        taken: TakenIn,
        takes: Takes,
        now: UtcMillis,
    ) -> Result<ExchangeReply, StoreError> {
        let claim = Claim::of(message);
        let head = self.store.head();
        let cursor = if message.epoch == Some(self.epoch) {
            message.cursor
        } else {
            0
        };
        if taken.is_stale {
            self.echoes.forget(sender.replica);
        } else {
            self.echoes
                .note(sender.replica, claim, cursor, &taken.changed);
        }
        let wanted = Wanted {
            cursor,
            documents: usize::try_from(message.want)
                .unwrap_or(usize::MAX)
                .min(DOCUMENTS_PER_REPLY),
            base: match self.hand.plant {
                // As if whoever pages through a first synchronisation had what lies behind its cursor.
                Some(Plant::PartsFromCursor) => cursor,
                _ => message.base.min(cursor),
            },
        };
        let changes = self.index.changes(sender.branch, cursor, wanted.documents);
        let echo = self.echoes.of(sender.replica, claim);
        let mut outgoing = hub::outgoing(&self.store, &changes, head.max(cursor), wanted, echo)?;
        let remaining = if outgoing.more {
            let rest = self
                .index
                .changes(sender.branch, outgoing.cursor, usize::MAX);
            rest.len() as u64
        } else {
            0
        };
        let is_complete = !outgoing.more;
        for id in &message.fetch {
            outgoing.documents.extend(self.fetched(sender, *id)?);
        }
        Ok(ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch: self.epoch,
            refused: taken.refused,
            documents: outgoing.documents,
            cursor: outgoing.cursor,
            remaining,
            highest_counter: taken.highest_counter,
            takes_back: takes == Takes::Everything,
            digest: is_complete.then(|| self.index.digest(sender.branch)),
            clock: now,
        })
    }

    /// A document that a branch asks for whole, when it is in its scope or has writes of its own.
    fn fetched(&self, sender: Sender, id: DocumentId) -> Result<Option<Brought>, StoreError> {
        let is_own = || {
            let document = self.store.document(id).ok().flatten();
            document.is_some_and(|(_, document)| {
                let dots = document.dots();
                dots.iter().any(|dot| dot.actor.replica() == sender.replica)
            })
        };
        if !self.index.holds(sender.branch, id) && !is_own() {
            return Ok(None);
        }
        let encoded = self.readable(id)?;
        Ok(encoded.map(|bytes| Brought {
            bytes,
            is_part: false,
        }))
    }

    /// A document's bytes; none when they cannot be read, which is no reason to keep back all others.
    fn readable(&self, id: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        match self.store.encoded_document(id) {
            Err(StoreError::Unreadable { .. }) => Ok(None),
            encoded => encoded,
        }
    }

    fn catch_up(&mut self) -> Result<(), StoreError> {
        let mut position = self.index.position();
        loop {
            let feed = self
                .store
                .changes_after(position, limits::DOCUMENTS_PER_EXCHANGE)?;
            position = feed.position;
            for change in &feed.changes {
                let state = change.document.state_hash();
                self.index.apply(change.position, &change.document, state);
            }
            if !feed.more {
                return Ok(());
            }
        }
    }
}

/// The store under the writing hand.
struct Pen<'a> {
    store: &'a HubStore,
    hand: &'a mut Hand,
}

impl Writing for Pen<'_> {
    fn merge_encoded(&mut self, delta: &Encoded) -> Result<Option<Changed>, StoreError> {
        if self.hand.plant.is_some() {
            let merged = self.merge(&delta.decode()?)?;
            return Ok(merged.as_change(delta.id()));
        }
        self.hand.merges += 1;
        let arrived = self.store.merge_encoded(delta)?;
        let changed = arrived.as_change();
        if changed.is_some() {
            let id = arrived.id;
            let now = (arrived.position, arrived.document()?);
            self.hand.changed.insert(id, now);
        }
        Ok(changed)
    }

    fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError> {
        self.hand.merges += 1;
        match self.hand.plant {
            Some(Plant::SkipMerge) if self.hand.merges.is_multiple_of(17) => {
                return Ok(Merged {
                    before: None,
                    after: delta.clone(),
                    position: self.store.head(),
                    former_position: None,
                    changed: false,
                });
            }
            Some(Plant::RefuseUnknown) if is_unknown(delta) => {
                let id = delta.id();
                let reason = "of a later version".to_owned();
                return Err(StoreError::Unreadable { id, reason });
            }
            _ => {}
        }
        let merged = self.store.merge(delta)?;
        if merged.changed {
            let changed = (merged.position, merged.after.clone());
            self.hand.changed.insert(delta.id(), changed);
        }
        Ok(merged)
    }
}

/// Whether something of a document is of a version to come.
fn is_unknown(delta: &Document) -> bool {
    delta.kind().as_str().starts_with(LATER)
        || delta
            .fields()
            .keys()
            .any(|field| field.as_str().starts_with(LATER))
        || delta
            .events()
            .iter()
            .any(|event| event.kind.as_str().starts_with(LATER))
}

/// How names begin that only a later version knows.
pub const LATER: &str = "later-";
