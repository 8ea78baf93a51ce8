//! A branch's program: the real store and the real engine, with its lists in memory.

mod desk;
mod made_again;
mod mending;

use std::collections::BTreeSet;

use shared::clock::UtcMillis;
use shared::document::format;
use shared::id::{Actor, BranchId, DocumentId};
use shared::store::{BranchStore, Change, SimulatedDisk, StoreError};
use shared::sync::branch::{self, Compared, Desk, Next, Planned, Room};
use shared::wire::reconcile::{FetchReply, ReconcileReply};
use shared::wire::{self, Brought, Exchange, ExchangeReply, v1};

use super::plant::Plant;
use super::scope::ScopeIndex;
use desk::Counter;
pub use made_again::MadeAgain;
use mending::{Mending, Step};

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

/// A request whose answer is awaited.
enum UnderWay {
    /// With what is to follow it when its answer is as it should be.
    Exchange(Box<Planned>, Option<Box<Planned>>),
    Reconcile,
    Fetch,
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
