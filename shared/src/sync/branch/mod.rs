//! The branch's side: an exchange planned, its reply read, and what follows from it done.
//!
//! One round trip is [`plan`] (with the store), sending (the daemon's or the simulator's matter), [`read`] (needs no store,
//! so it may run beside it) and [`take_in`] (with the store). The store is reached through [`Desk`]; time and dice are
//! arguments.

mod ahead;
mod mending;
mod message;
mod offering;

use serde::{Deserialize, Serialize};

pub use ahead::{Behind, follows, plan_ahead, plan_behind};
pub use mending::{note_broken_off, plan_offer, take_fetched};
pub use message::{Effect, Progress, Sent, absorb, message};
pub use offering::{Offered, Offering, Share};

use crate::clock::UtcMillis;
use crate::document::{Document, Encoded, format};
use crate::id::{Actor, DocumentId};
use crate::limits;
use crate::store::{BranchStore, Pending, SetAside, StoreError};
use crate::wire::{Exchange, ExchangeReply};

/// A difference that mending did not take away is mended again after this long. It has a cause that a person must see to,
/// such as a document that this version cannot read.
const MEND_AGAIN_MILLIS: i64 = 60 * 60 * 1000;

/// Where a branch's documents lie, with everything that must follow them (lists, digest).
pub trait Desk {
    /// The documents. Written through the other methods only.
    fn store(&self) -> &BranchStore;

    /// How far the branch has come with its hub.
    fn progress(&self) -> Progress;

    /// What comparing digests has shown so far.
    fn proof(&self) -> Proof;

    /// The branch's own digest of its scope, as computed from what it holds; none while it is not known.
    fn scope_digest(&self) -> Option<[u8; 16]>;

    /// Stores what came from the hub, with the progress in the same batch. Returns what could not be merged, by index.
    ///
    /// # Errors
    /// As [`BranchStore::commit_from_hub`].
    fn commit_from_hub(
        &mut self,
        documents: &[Document],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError>;

    /// The same for documents as bytes, which need not be built where they are new.
    ///
    /// # Errors
    /// As [`BranchStore::commit_from_hub_encoded`].
    fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError>;

    /// Clears what the hub has durably taken.
    ///
    /// # Errors
    /// As [`BranchStore::acknowledge`].
    fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError>;

    /// Keeps what could not be taken.
    ///
    /// # Errors
    /// As [`BranchStore::set_aside`].
    fn set_aside(&mut self, what: SetAside) -> Result<(), StoreError>;

    /// Notes how far the branch has come, without documents.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    fn set_progress(&mut self, progress: Progress) -> Result<(), StoreError>;

    /// Notes what comparing digests has shown.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    fn set_proof(&mut self, proof: Proof) -> Result<(), StoreError>;

    /// Writes a small named record.
    ///
    /// # Errors
    /// As [`BranchStore::write_record`].
    fn write_record<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError>;

    /// Goes on as a new incarnation, and makes every unacknowledged write again in its name. Durable with the next
    /// barrier, before which nothing leaves.
    ///
    /// # Errors
    /// As [`BranchStore::reissue`].
    fn reissue(&mut self, actor: Actor, known_counter: u64) -> Result<(), StoreError>;

    /// The hub's copies of documents with writes that were made again have been seen.
    ///
    /// # Errors
    /// As [`BranchStore::forget_reissued`].
    fn forget_reissued(&mut self, ids: &[DocumentId]) -> Result<(), StoreError>;

    /// The number drawn when the program started, never 0.
    fn session(&self) -> u64;
}

/// What comparing digests has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When branch and hub were last found to hold the same.
    pub identical_as_of: Option<UtcMillis>,
    /// The position of the branch's own feed for which that holds.
    pub identical_at: u64,
    /// Since when they differ.
    pub differs_since: Option<UtcMillis>,
    /// The difference that was last mended: the branch's digest, the hub's, and when.
    pub mended: Option<([u8; 16], [u8; 16], UtcMillis)>,
}

/// What to do after a round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More waits on one side: exchange again at once.
    Again,
    /// Nothing more for now. Once lists and digest have followed, [`compare`] says whether both sides are alike.
    Rest,
}

/// What comparing digests has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Branch and hub hold the same.
    Identical,
    /// They differ: find the difference by [`super::reconcile`], fetch and offer it.
    Mend,
    /// They differ in what was mended before, and in vain; a person is shown it.
    StillDiffer,
    /// One of the two is on the move or does not know its digest; later.
    NotNow,
}

/// A message with the memory of what is in it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What to send.
    pub message: Exchange,
    sent: Sent,
    progress: Progress,
    pending: Pending,
    /// How far the documents offered again in this message go.
    offered_up_to: Option<Offered>,
    /// Whether it was made ready behind another one, and asks for nothing.
    only_pushes: bool,
}

/// How much one message may bring.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// So many documents.
    pub documents: usize,
    /// So many bytes of them; one document goes alone whatever it has.
    pub bytes: usize,
}

impl Room {
    /// What the hub takes at once.
    pub const OF_A_MESSAGE: Self = Self {
        documents: limits::DOCUMENTS_PER_EXCHANGE,
        bytes: limits::EXCHANGE_DOCUMENT_BYTES,
    };
}

/// A reply, read: what is to be stored of it.
#[derive(Clone, Debug)]
pub struct Taken {
    documents: Vec<Encoded>,
    parts: Vec<Document>,
    before: Progress,
    progress: Progress,
    acknowledged: Vec<(DocumentId, u64)>,
    set_aside: Vec<SetAside>,
    /// The incarnation and counter that the message was sent with, and the highest counter that the hub has seen of it.
    asked: (u32, u64),
    highest_counter: u64,
    hub_started_over: bool,
    takes_back: bool,
    is_stale: bool,
    next: Next,
    fetched: Vec<DocumentId>,
    has_told_given_up: bool,
    offered_up_to: Option<Offered>,
    only_pushed: bool,
}

/// The hub speaks a version this program does not; nothing happens until one side is upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hub speaks protocol version {protocol}, which this program does not understand")]
pub struct Incompatible {
    /// What the hub speaks.
    pub protocol: u16,
}

/// The next message: what waits in the outbox, else what is to be offered again.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn plan(desk: &impl Desk, now: UtcMillis, room: Room) -> Result<Planned, StoreError> {
    let store = desk.store();
    let progress = desk.progress();
    let pending = store.pending();
    // What was made again waits until the hub's copies have been seen: it may have arrived before.
    let fetch = store.reissued(limits::DOCUMENTS_PER_EXCHANGE)?;
    let mut outgoing = if fetch.is_empty() {
        store.outgoing(room.documents, room.bytes)?
    } else {
        Vec::new()
    };
    let mut offered_up_to = None;
    // Beside the outbox, as soon as that fits into one message: something in it that the hub cannot take now must not keep
    // everything else from being offered.
    if fetch.is_empty()
        && pending.count <= outgoing.len() as u64
        && let Some(batch) = offering::next(store, &outgoing, now)?
    {
        outgoing.extend(batch.outgoing);
        offered_up_to = Some(batch.up_to);
    }
    let is_quiet = pending.count == 0 && offered_up_to.is_none();
    let (mut message, sent) = message(&progress, outgoing, pending, store.identity(), now);
    message.session = desk.session();
    message.fetch = fetch;
    message.given_up = store.given_up()?;
    message.has_given_back = offering::has_given_back(store, progress.epoch)?;
    message.set_aside = u32::try_from(store.quarantined()?.len()).unwrap_or(u32::MAX);
    message.digest = desk.scope_digest().filter(|_| is_quiet);
    Ok(Planned {
        message,
        sent,
        progress,
        pending,
        offered_up_to,
        only_pushes: false,
    })
}

/// Sorts a reply into what [`take_in`] stores.
///
/// # Errors
/// [`Incompatible`]; nothing of the reply counts then.
pub fn read(planned: Planned, reply: ExchangeReply, now: UtcMillis) -> Result<Taken, Incompatible> {
    let mut taken = Taken {
        documents: Vec::new(),
        parts: Vec::new(),
        before: planned.progress,
        progress: planned.progress,
        acknowledged: Vec::new(),
        set_aside: Vec::new(),
        asked: (planned.message.incarnation, planned.message.highest_counter),
        highest_counter: reply.highest_counter,
        hub_started_over: false,
        takes_back: reply.takes_back,
        is_stale: false,
        next: Next::Rest,
        has_told_given_up: !planned.message.given_up.is_empty(),
        fetched: planned.message.fetch,
        offered_up_to: planned.offered_up_to,
        only_pushed: planned.only_pushes,
    };
    for effect in absorb(&planned.progress, planned.sent, planned.pending, reply, now) {
        match effect {
            Effect::Merge {
                documents,
                parts,
                progress,
            } => {
                taken.documents = documents;
                taken.parts = parts;
                taken.progress = progress;
            }
            Effect::Acknowledge(acknowledged) => taken.acknowledged = acknowledged,
            Effect::SetAside {
                document,
                reason,
                from_hub,
                bytes,
            } => taken.set_aside.push(SetAside {
                sequence: 0,
                document,
                reason,
                at: now,
                from_hub,
                bytes,
            }),
            Effect::Again => taken.next = Next::Again,
            Effect::StaleIdentity => taken.is_stale = true,
            Effect::Incompatible { protocol } => return Err(Incompatible { protocol }),
            Effect::HubStartedOver => taken.hub_started_over = true,
        }
    }
    Ok(taken)
}

impl Taken {
    /// Documents that came.
    pub fn documents(&self) -> usize {
        self.documents.len() + self.parts.len()
    }

    /// Takes a portion of the documents out, to be stored by [`take_in_portion`] before the rest is taken in; none when what
    /// is left is no more than a portion, or the store goes on as another incarnation first. For a store whose other users
    /// should not wait for a whole reply.
    pub fn portion(&mut self, documents: usize) -> Option<Vec<Encoded>> {
        let was_continued =
            self.hub_started_over || self.is_stale || self.highest_counter > self.asked.1;
        if was_continued || self.documents.len() <= documents {
            return None;
        }
        let rest = self.documents.split_off(documents);
        Some(std::mem::replace(&mut self.documents, rest))
    }

    /// How far the branch had come before the reply: what portions are stored with.
    pub const fn before(&self) -> Progress {
        self.before
    }
}

/// Stores documents of a reply whose rest follows. The progress stays: what a crash leaves is asked for again.
///
/// # Errors
/// [`StoreError`]; the reply is asked for again.
pub fn take_in_portion(
    desk: &mut impl Desk,
    documents: &[Encoded],
    before: Progress,
    now: UtcMillis,
) -> Result<(), StoreError> {
    // What collides comes again with the rest.
    merge_encoded(desk, documents, before, now).map(|_| ())
}

/// Stores a reply and says what is to be done next. `random` decides on a new incarnation's number, should one be due.
///
/// # Errors
/// [`StoreError`]; the reply is asked for again.
pub fn take_in(
    desk: &mut impl Desk,
    mut taken: Taken,
    now: UtcMillis,
    random: u32,
) -> Result<Next, StoreError> {
    if taken.only_pushed && !taken.hub_started_over {
        let incarnation = desk
            .store()
            .identity()
            .map(|identity| identity.actor.incarnation());
        if incarnation != Some(taken.asked.0) {
            // What it brought was made again under another number since, and is asked after.
            return Ok(Next::Again);
        }
        // It asked for nothing, so it says nothing of how far this branch has come.
        taken.progress = taken.progress.only_contact(&desk.progress());
    }
    for kept in taken.set_aside {
        tracing::warn!(document = ?kept.document, reason = kept.reason, from_hub = kept.from_hub, "set aside; all else goes on");
        desk.set_aside(kept)?;
    }
    if !taken.acknowledged.is_empty() {
        desk.acknowledge(&taken.acknowledged)?;
    }
    if let Some(up_to) = taken.offered_up_to.filter(|_| !taken.is_stale) {
        offering::note_offered(desk, up_to, taken.takes_back)?;
    }
    if taken.has_told_given_up {
        // One that was given up while the message was under way is told with the next: becoming another fills it anew.
        desk.write_record(BranchStore::GIVEN_UP, &Vec::<u32>::new())?;
    }
    if taken.hub_started_over {
        tracing::warn!(
            "the hub was restored from a backup; what this branch holds is offered to it again"
        );
        offering::begin(desk, Share::Own, taken.progress.epoch)?;
    }
    let is_news = offering::follow(desk, taken.progress.epoch, taken.takes_back)?;
    // A hub that was put back no longer knows how far this store had come, so it could not tell it from a copy or from one
    // that was rolled back: counters are not trusted beyond it. Documents come again, when no number names two writes.
    if taken.hub_started_over
        || continued_elsewhere(desk, taken.asked, taken.highest_counter, taken.is_stale)
    {
        become_another(desk, taken.before, taken.progress, random)?;
        return Ok(Next::Again);
    }
    let mut parts = Vec::with_capacity(taken.parts.len());
    for part in taken.parts {
        // A part of a document that is not here would pass for the whole. The digest shows what is missing, and mending
        // fetches it.
        if desk.store().holds(part.id())? {
            parts.push(part);
        } else {
            tracing::warn!(id = %part.id(), "a part came of a document that is not here; it is fetched whole");
        }
    }
    let mut merging = Merging::Done;
    if parts.is_empty() {
        merging = merge_encoded(desk, &taken.documents, taken.progress, now)?;
    } else {
        // The progress moves with the last of them: what a crash leaves is asked for again.
        if !taken.documents.is_empty() {
            merging = merge_encoded(desk, &taken.documents, taken.before, now)?;
        }
        if merge(desk, &parts, taken.progress, now)? == Merging::Collided {
            merging = Merging::Collided;
        }
    }
    if merging == Merging::Collided {
        become_another(desk, taken.before, taken.progress, random)?;
        return Ok(Next::Again);
    }
    if !taken.fetched.is_empty() {
        desk.forget_reissued(&taken.fetched)?;
        return Ok(Next::Again);
    }
    let was_offered = taken.offered_up_to.is_some();
    if (was_offered || is_news) && offering::is_under_way(desk.store())? {
        return Ok(Next::Again);
    }
    // People at the office wait for this machine to say that it has given everything back: the next message does.
    if was_offered && offering::has_given_back(desk.store(), taken.progress.epoch)? {
        return Ok(Next::Again);
    }
    if taken.only_pushed {
        // Nobody has asked yet what the hub has.
        return Ok(Next::Again);
    }
    Ok(taken.next)
}

/// How merging went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    /// As it should, or what could not be merged is set aside.
    Done,
    /// Something came that somebody else wrote under a number that this store has given too, and not yet sent. It goes on as
    /// another incarnation, and then takes it.
    Collided,
}

fn merge(
    desk: &mut impl Desk,
    documents: &[Document],
    progress: Progress,
    now: UtcMillis,
) -> Result<Merging, StoreError> {
    let mut merging = Merging::Done;
    for (index, error) in desk.commit_from_hub(documents, progress, now)? {
        let document = &documents[index];
        if is_own_collision(desk, &error)? {
            merging = Merging::Collided;
        } else {
            keep_aside(desk, document.id(), &error, format::encode(document), now)?;
        }
    }
    Ok(merging)
}

/// The same for documents as bytes.
fn merge_encoded(
    desk: &mut impl Desk,
    documents: &[Encoded],
    progress: Progress,
    now: UtcMillis,
) -> Result<Merging, StoreError> {
    let mut merging = Merging::Done;
    for (index, error) in desk.commit_from_hub_encoded(documents, progress, now)? {
        let document = &documents[index];
        if is_own_collision(desk, &error)? {
            merging = Merging::Collided;
        } else {
            keep_aside(desk, document.id(), &error, document.bytes().to_vec(), now)?;
        }
    }
    Ok(merging)
}

/// Whether a number names a write here that was not sent yet, and another one at the hub.
fn is_own_collision(desk: &impl Desk, error: &StoreError) -> Result<bool, StoreError> {
    match error {
        StoreError::Collision { id, dot } => desk.store().has_unsent(*id, *dot),
        _ => Ok(false),
    }
}

fn keep_aside(
    desk: &mut impl Desk,
    id: DocumentId,
    error: &StoreError,
    bytes: Vec<u8>,
    now: UtcMillis,
) -> Result<(), StoreError> {
    tracing::warn!(%id, %error, "a document of the hub is set aside; all else goes on");
    desk.set_aside(SetAside {
        sequence: 0,
        document: Some(id),
        reason: error.to_string(),
        at: now,
        from_hub: true,
        bytes,
    })
}

/// Whether the hub knows writes of this incarnation that the store does not remember, or says outright that somebody else
/// has continued it: the store was put back to an earlier state, its disk cloned, or the machine rolled back.
fn continued_elsewhere(
    desk: &impl Desk,
    (incarnation, asked): (u32, u64),
    seen: u64,
    is_stale: bool,
) -> bool {
    desk.store().identity().is_some_and(|identity| {
        let is_present = identity.actor.incarnation() == incarnation;
        is_present && (is_stale || seen > asked && seen > identity.counter)
    })
}

/// Goes on as a new incarnation, so that no write is mistaken for another, and makes again what the hub has not acknowledged.
/// What the store forgot comes back from the hub: everything is fetched.
fn become_another(
    desk: &mut impl Desk,
    before: Progress,
    reply: Progress,
    random: u32,
) -> Result<(), StoreError> {
    let known = before.hub_counter;
    if let Some(identity) = desk.store().identity() {
        tracing::warn!(
            known,
            "this store was put back or copied, or the hub was and cannot tell. It goes on as a new incarnation"
        );
        desk.reissue(Actor::new(identity.actor.replica(), random), known)?;
    }
    desk.set_progress(Progress {
        cursor: 0,
        base: 0,
        hub_counter: 0,
        hub_digest: None,
        complete_at: before.complete_at,
        ..reply
    })
}

/// Compares this branch's own digest with the hub's for the same moment. Never adopts one. For when the lists have followed
/// what [`take_in`] stored.
///
/// # Errors
/// [`StoreError`] when the outcome cannot be noted.
pub fn compare(desk: &mut impl Desk, now: UtcMillis) -> Result<Compared, StoreError> {
    let Some((theirs, cursor)) = desk.progress().hub_digest else {
        return Ok(Compared::NotNow);
    };
    if desk.store().pending().count > 0 || cursor != desk.progress().cursor {
        return Ok(Compared::NotNow);
    }
    let Some(ours) = desk.scope_digest() else {
        return Ok(Compared::NotNow);
    };
    let before = desk.proof();
    if ours == theirs {
        desk.set_proof(Proof {
            identical_as_of: Some(now),
            identical_at: desk.store().head(),
            differs_since: None,
            mended: None,
        })?;
        return Ok(Compared::Identical);
    }
    let was_mended = before.mended.is_some_and(|(mine, hubs, at)| {
        (mine, hubs) == (ours, theirs) && (0..MEND_AGAIN_MILLIS).contains(&now.millis_since(at))
    });
    desk.set_proof(Proof {
        differs_since: Some(before.differs_since.unwrap_or(now)),
        mended: if was_mended {
            before.mended
        } else {
            Some((ours, theirs, now))
        },
        ..before
    })?;
    if was_mended {
        return Ok(Compared::StillDiffer);
    }
    tracing::warn!("branch and hub differ; the difference is looked for and mended");
    Ok(Compared::Mend)
}
