//! A branch's program: the real store and the real engine, with its lists in memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::clock::UtcMillis;
use shared::document::{Document, Encoded, Field, Register, format};
use shared::domain::fields::kind;
use shared::id::{Actor, BranchId, DocumentId, Dot};
use shared::store::{Arrived, BranchStore, Change, SetAside, SimulatedDisk, StoreError};
use shared::sync::branch::{self, Compared, Desk, Next, Planned, Room};
use shared::sync::reconcile::Initiator;
use shared::sync::{Progress, Proof};
use shared::wire::reconcile::{FETCHED_AT_ONCE, FetchQuery, FetchReply, ReconcileReply};
use shared::wire::{self, Brought, Exchange, ExchangeReply, v1};

use super::plant::Plant;
use super::scope::ScopeIndex;

/// Names of the records that this program keeps.
mod record {
    pub(super) const PROGRESS: &str = "progress";
    pub(super) const PROOF: &str = "proof";
    pub(super) const LAST_SLOT: &str = "ticket/last_slot";
}

/// A running program of a branch.
pub struct Daemon {
    desk: Counter,
    in_flight: Option<(u64, UnderWay)>,
    mending: Option<Mending>,
    /// What goes out next, made ready while the message before it was under way.
    ready: Option<Box<Planned>>,
    room: Room,
    version: Version,
}

/// Which messages a program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Those of this build.
    Present,
    /// Those of the version before, by its frozen types.
    Earlier,
}

/// The store with what follows it: what the engine writes through.
struct Counter {
    branch: BranchId,
    store: BranchStore,
    index: ScopeIndex,
    progress: Progress,
    proof: Proof,
    session: u64,
    plant: Option<Plant>,
    /// Under the plants that lose tails, until all is calm.
    loses_tails: bool,
    orders: BTreeSet<DocumentId>,
    customers: BTreeSet<DocumentId>,
    /// Writes that were made again and of which nobody has asked yet.
    made_again: Vec<MadeAgain>,
}

/// A request whose answer is awaited.
enum UnderWay {
    /// With what is to follow it when its answer is as it should be.
    Exchange(Box<Planned>, Option<Box<Planned>>),
    Reconcile,
    Fetch,
}

/// A difference that is looked for and mended.
enum Mending {
    Asking(Box<Initiator>),
    Fetching {
        to_fetch: Vec<DocumentId>,
        to_offer: BTreeSet<DocumentId>,
    },
    Offering(Vec<DocumentId>),
}

/// What a mending does next.
enum Step {
    Ask(Route, UnderWay, Vec<u8>),
    /// An exchange that offers what the hub lacks.
    Offer(Box<Planned>),
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// What either side lacks.
    Exchange,
    /// Where two scopes differ.
    Reconcile,
    /// Certain documents, whole.
    Fetch,
}

/// Why a program did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A message could not be made or read.
    #[error(transparent)]
    Wire(#[from] wire::WireError),
    /// The hub speaks another version.
    #[error(transparent)]
    Incompatible(#[from] branch::Incompatible),
    /// The hub's answer to a comparison is none.
    #[error("{0}")]
    Answer(String),
    /// What a careless program does with something that it cannot take.
    #[error("one document ended the exchange")]
    Poisoned,
}

/// A program that did not start.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct NotStarted {
    error: StoreError,
    /// What it had made again before: the disk may have it all the same.
    pub made_again: Vec<MadeAgain>,
}

impl From<StoreError> for NotStarted {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            made_again: Vec::new(),
        }
    }
}

impl Daemon {
    /// Starts on a disk. `new_incarnation` is what the program writes as from now on, when its store is new, restored or a
    /// copy; `session` is drawn for this run.
    ///
    /// # Errors
    /// [`NotStarted`] when the disk cannot be used.
    pub fn start(
        disk: &SimulatedDisk,
        branch: BranchId,
        new_incarnation: Option<Actor>,
        session: u64,
        (version, room): (Version, Room),
        plant: Option<Plant>,
    ) -> Result<Self, NotStarted> {
        let mut store = BranchStore::on(disk)?;
        // A store that was copied or restored makes again, as another incarnation, what the hub has not acknowledged.
        let again = new_incarnation.filter(|_| store.identity().is_some());
        if let (Some(actor), None) = (new_incarnation, again) {
            store.assume_identity(actor)?;
        } else if let (Some(Plant::ReuseDot), Some(identity)) = (plant, store.identity()) {
            store.assume_identity(identity.actor)?;
        }
        if plant == Some(Plant::ForgetTicket) {
            store.write_record(record::LAST_SLOT, &0_u64)?;
        }
        let mut desk = Counter {
            branch,
            progress: store.read_record(record::PROGRESS)?.unwrap_or_default(),
            proof: store.read_record(record::PROOF)?.unwrap_or_default(),
            store,
            index: ScopeIndex::default(),
            session,
            plant,
            // The version before has no digests to find it by.
            loses_tails: matches!(plant, Some(Plant::LoseATail | Plant::AdoptDigest))
                && version == Version::Present,
            orders: BTreeSet::new(),
            customers: BTreeSet::new(),
            made_again: Vec::new(),
        };
        desk.read_all()?;
        if let Some(actor) = again {
            desk.reissue(actor, desk.progress.hub_counter)?;
            if let Err(error) = desk.store.persist() {
                let made_again = desk.made_again;
                return Err(NotStarted { error, made_again });
            }
        }
        Ok(Self {
            desk,
            in_flight: None,
            mending: None,
            ready: None,
            room,
            version,
        })
    }

    /// The documents, to be read.
    pub const fn store(&self) -> &BranchStore {
        &self.desk.store
    }

    /// The documents, to be written by a command.
    pub const fn store_mut(&mut self) -> &mut BranchStore {
        &mut self.desk.store
    }

    /// Which documents this branch holds, by its own reckoning.
    pub const fn index(&self) -> &ScopeIndex {
        &self.desk.index
    }

    /// From now on nothing gets lost on the way any more, whatever was planted.
    pub const fn lose_no_tails(&mut self) {
        self.desk.loses_tails = false;
    }

    /// The random character of a ticket. Without it somebody who forgets their last ticket is found out, and not one time in 32.
    pub fn ticket_random(&self, random: u8) -> u8 {
        if self.desk.plant == Some(Plant::ForgetTicket) {
            0
        } else {
            random
        }
    }

    /// Which messages it sends.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The orders here, one of them by number, counted round.
    pub fn order(&self, number: u64) -> Option<DocumentId> {
        nth(&self.desk.orders, number)
    }

    /// The customers here, one of them by number, counted round.
    pub fn customer(&self, number: u64) -> Option<DocumentId> {
        nth(&self.desk.customers, number)
    }

    /// Whether an answer is awaited.
    pub const fn is_waiting(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether the answer to this request is awaited.
    pub fn awaits(&self, number: u64) -> bool {
        self.in_flight
            .as_ref()
            .is_some_and(|(awaited, _)| *awaited == number)
    }

    /// The answer did not come in time.
    pub fn give_up(&mut self) {
        self.in_flight = None;
        if self.mending.take().is_some() {
            // A disk that takes nothing leaves it at that: the difference is mended after an hour.
            let _ = branch::note_broken_off(&mut self.desk);
        }
    }

    /// Whether the branch says that it holds just what the hub holds.
    pub fn claims_identical(&self) -> bool {
        let proof = self.desk.proof;
        proof.identical_as_of.is_some()
            && proof.identical_at == self.desk.store.head()
            && proof.differs_since.is_none()
            && self.desk.store.pending().count == 0
    }

    /// Writes that were made again since this was asked last.
    pub fn made_again(&mut self) -> Vec<MadeAgain> {
        std::mem::take(&mut self.desk.made_again)
    }

    /// Documents changed; the lists follow.
    pub fn follow(&mut self, changes: &[Change]) {
        self.desk.follow(changes);
    }

    /// The next request, encoded. Nothing of it may leave before [`Self::persist`] has returned.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub fn plan(&mut self, number: u64, now: UtcMillis) -> Result<(Route, Vec<u8>), DaemonError> {
        let mut planned = None;
        match self.mend_on(now)? {
            Some(Step::Ask(route, under_way, bytes)) => {
                self.in_flight = Some((number, under_way));
                return Ok((route, bytes));
            }
            Some(Step::Offer(offered)) => planned = Some(*offered),
            None => {}
        }
        let planned = match planned.or(self.ready.take().map(|ready| *ready)) {
            Some(planned) => planned,
            None => branch::plan(&self.desk, now, self.room)?,
        };
        let bytes = match self.version {
            Version::Present => wire::encode(&planned.message)?,
            Version::Earlier => wire::encode_as(1, &in_earlier_words(&planned.message))?,
        };
        let behind = match planned.behind() {
            Some(behind) if self.version == Version::Present => {
                branch::plan_behind(&self.desk, &behind, now, self.room)?
            }
            _ => None,
        };
        let behind = behind.map(Box::new);
        self.in_flight = Some((number, UnderWay::Exchange(Box::new(planned), behind)));
        if self.desk.plant == Some(Plant::ForgetWhenSent) {
            let marks = self.desk.outbox_marks()?;
            self.desk.store.acknowledge(&marks)?;
        }
        Ok((Route::Exchange, bytes))
    }

    /// Takes an answer in. Not durable before [`Self::persist`]. True when the program goes on asking at once.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub fn receive(
        &mut self,
        bytes: &[u8],
        now: UtcMillis,
        random: u32,
    ) -> Result<bool, DaemonError> {
        match self.in_flight.take().map(|(_, under_way)| under_way) {
            None => Ok(false),
            Some(UnderWay::Exchange(planned, behind)) => {
                let reply = match self.version {
                    Version::Present => wire::decode(bytes)?,
                    Version::Earlier => in_present_words(wire::decode_as(1, bytes)?),
                };
                self.ready = behind.filter(|_| branch::follows(&planned, &reply));
                self.take_reply(*planned, reply, now, random)
            }
            Some(UnderWay::Reconcile) => {
                let reply: ReconcileReply = wire::decode(bytes)?;
                self.take_comparison(&reply)?;
                Ok(true)
            }
            Some(UnderWay::Fetch) => {
                let reply: FetchReply = wire::decode(bytes)?;
                self.take_fetched(reply, now)?;
                Ok(true)
            }
        }
    }

    /// Makes everything so far durable.
    ///
    /// # Errors
    /// [`StoreError`]: nobody may be told that anything was saved, and the program ends.
    pub fn persist(&self) -> Result<(), StoreError> {
        self.desk.store.persist()
    }

    /// The slot of the last ticket.
    pub fn last_ticket_slot(&self) -> u64 {
        let slot = self.desk.store.read_record(record::LAST_SLOT);
        slot.ok().flatten().unwrap_or(0)
    }

    /// The record to be stored with an order, so that its ticket is the last.
    pub fn ticket_record(slot: u64) -> (&'static str, Vec<u8>) {
        (record::LAST_SLOT, BranchStore::record_bytes(&slot))
    }

    fn take_reply(
        &mut self,
        planned: Planned,
        reply: ExchangeReply,
        now: UtcMillis,
        random: u32,
    ) -> Result<bool, DaemonError> {
        let plant = self.desk.plant;
        if plant == Some(Plant::PoisonStopsAll) && has_poison(&reply) {
            return Err(DaemonError::Poisoned);
        }
        let reply = match plant {
            Some(Plant::DropTail) => without_tail(reply),
            _ if self.desk.loses_tails && (random >> 1).is_multiple_of(8) => without_tail(reply),
            Some(Plant::IgnoreEpoch) => ExchangeReply {
                epoch: self.desk.progress.epoch.unwrap_or(reply.epoch),
                ..reply
            },
            _ => reply,
        };
        let taken = branch::read(planned, reply, now)?;
        match branch::take_in(&mut self.desk, taken, now, random)? {
            Next::Again => Ok(true),
            // What remains to be offered comes first.
            Next::Rest if self.mending.is_some() => Ok(true),
            Next::Rest => match branch::compare(&mut self.desk, now)? {
                Compared::Mend => {
                    self.mending = Some(Mending::Asking(Box::default()));
                    Ok(true)
                }
                Compared::Identical | Compared::StillDiffer | Compared::NotNow => Ok(false),
            },
        }
    }

    /// The next step of a mending that is under way, as the product takes it.
    fn mend_on(&mut self, now: UtcMillis) -> Result<Option<Step>, DaemonError> {
        if let Some(Mending::Asking(initiator)) = &mut self.mending {
            if let Some(query) = initiator.query() {
                let bytes = wire::encode(&query)?;
                return Ok(Some(Step::Ask(
                    Route::Reconcile,
                    UnderWay::Reconcile,
                    bytes,
                )));
            }
            let found = std::mem::take(initiator).finish();
            let to_offer: BTreeSet<DocumentId> = found.to_offer.into_iter().collect();
            let to_fetch: BTreeSet<DocumentId> = found.to_fetch.into_iter().collect();
            // What the hub lacks in this branch's scope may have left that scope by a change which never came here.
            self.mending = Some(Mending::Fetching {
                to_fetch: to_fetch.union(&to_offer).copied().collect(),
                to_offer,
            });
        }
        if let Some(Mending::Fetching { to_fetch, to_offer }) = &mut self.mending {
            if !to_fetch.is_empty() {
                let ids = to_fetch.iter().take(FETCHED_AT_ONCE);
                let query = FetchQuery {
                    ids: ids.map(|id| *id.as_bytes()).collect(),
                };
                let bytes = wire::encode(&query)?;
                return Ok(Some(Step::Ask(Route::Fetch, UnderWay::Fetch, bytes)));
            }
            let to_offer = std::mem::take(to_offer).into_iter().collect();
            self.mending = Some(Mending::Offering(to_offer));
        }
        let Some(Mending::Offering(ids)) = &mut self.mending else {
            return Ok(None);
        };
        let planned = branch::plan_offer(&self.desk, ids, now)?;
        if planned.is_none() {
            self.mending = None;
        }
        Ok(planned.map(Box::new).map(Step::Offer))
    }

    fn take_comparison(&mut self, reply: &ReconcileReply) -> Result<(), DaemonError> {
        let Some(Mending::Asking(initiator)) = &mut self.mending else {
            return Ok(());
        };
        let held = self.desk.index.inventory(self.desk.branch);
        let taken = initiator.take(&held, reply);
        if let Err(error) = taken {
            self.mending = None;
            return Err(DaemonError::Answer(error.to_string()));
        }
        Ok(())
    }

    fn take_fetched(&mut self, reply: FetchReply, now: UtcMillis) -> Result<(), DaemonError> {
        let Some(Mending::Fetching { to_fetch, to_offer }) = &mut self.mending else {
            return Ok(());
        };
        let answered = usize::try_from(reply.answered).unwrap_or(usize::MAX);
        to_fetch.drain(..answered.min(to_fetch.len()));
        let ahead = branch::take_fetched(&mut self.desk, reply.documents, now)?;
        to_offer.extend(ahead);
        if answered == 0 {
            self.mending = None;
        }
        Ok(())
    }
}

impl Counter {
    fn follow(&mut self, changes: &[Change]) {
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

    fn read_all(&mut self) -> Result<(), StoreError> {
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

    fn outbox_marks(&self) -> Result<Vec<(DocumentId, u64)>, StoreError> {
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

fn in_earlier_words(message: &Exchange) -> v1::Exchange {
    v1::Exchange {
        protocol: 1,
        epoch: message.epoch,
        cursor: message.cursor,
        pushed: message.pushed.clone(),
        highest_counter: message.highest_counter,
        want: message.want,
        pending: message.pending,
        pending_since: message.pending_since,
        clock: message.clock,
    }
}

fn in_present_words(reply: v1::ExchangeReply) -> ExchangeReply {
    let whole = |bytes| Brought {
        bytes,
        is_part: false,
    };
    ExchangeReply {
        protocol: reply.protocol,
        epoch: reply.epoch,
        refused: reply.refused,
        documents: reply.documents.into_iter().map(whole).collect(),
        cursor: reply.cursor,
        remaining: u64::from(reply.more),
        // Whether somebody else has continued its identity was that program's own matter; it is not simulated.
        highest_counter: 0,
        takes_back: false,
        // Version 1 counted it in another way.
        digest: None,
        clock: reply.clock,
    }
}

/// A write that was made again under another identity.
#[derive(Clone, Debug)]
pub struct MadeAgain {
    /// In which document.
    pub document: DocumentId,
    /// What it was, with what it had seen; none for an event.
    pub former: Option<(Field, shared::document::Version)>,
    /// Its former dot.
    pub former_dot: Dot,
    /// Its present dot.
    pub dot: Dot,
}

impl MadeAgain {
    /// Whether a write to a field was overwritten by what was made again.
    pub fn has_seen(&self, field: &Field, dot: Dot) -> bool {
        self.former
            .as_ref()
            .is_some_and(|(of, version)| of == field && version.has_seen(dot))
    }
}

/// The writes of two states of a delta that are the same but for their dots.
fn same_writes(document: DocumentId, former: &Document, again: &Document) -> Vec<MadeAgain> {
    let mut same = Vec::new();
    for (field, register) in former.fields() {
        let others = again.register(field.as_str());
        let others = others.map(Register::versions).unwrap_or_default();
        for version in register.versions() {
            let twin = others.iter().find(|twin| twin.value == version.value);
            same.extend(twin.map(|twin| MadeAgain {
                document,
                former_dot: version.dot,
                former: Some((field.clone(), version)),
                dot: twin.dot,
            }));
        }
    }
    let mut events = again.events();
    for event in former.events() {
        let twin = events
            .iter()
            .find(|twin| twin.kind == event.kind && twin.data == event.data)
            .cloned();
        if let Some(twin) = twin {
            events.remove(&twin);
            same.push(MadeAgain {
                document,
                former: None,
                former_dot: event.dot,
                dot: twin.dot,
            });
        }
    }
    same.retain(|made| made.former_dot != made.dot);
    same
}

/// Whether something in a reply cannot be taken, one way or the other.
fn has_poison(reply: &ExchangeReply) -> bool {
    let unreadable = |brought: &Brought| format::decode(&brought.bytes).is_err();
    !reply.refused.is_empty() || reply.documents.iter().any(unreadable)
}

fn without_tail(mut reply: ExchangeReply) -> ExchangeReply {
    if reply.documents.len() > 1 {
        reply.documents.truncate(reply.documents.len() / 2);
    }
    reply
}

fn nth(ids: &BTreeSet<DocumentId>, number: u64) -> Option<DocumentId> {
    let count = ids.len() as u64;
    let place = usize::try_from(number.checked_rem(count)?).ok()?;
    ids.iter().nth(place).copied()
}
