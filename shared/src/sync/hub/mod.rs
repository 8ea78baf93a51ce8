//! The hub's side of an exchange: what a replica brings is [judged](judge()), [taken in](take_in()) and made durable; then
//! [`outgoing`] says what the replica lacks.
//!
//! Documents are reached through [`Writing`] and [`HubStore`](crate::store::HubStore); which of them are in a replica's scope is the caller's
//! knowledge (the read model's at the hub, a small index in the simulator).

mod counters;
mod judge;
mod outgoing;
mod recovery;

pub use counters::Counters;
pub use judge::{Peer, Verdict, judge, judge_encoded};
pub use outgoing::{Echo, Echoes, InScope, Outgoing, Wanted, outgoing};
pub use recovery::{Recovery, Takes, is_of_another_life};

use std::collections::BTreeMap;

use crate::document::{Document, Encoded};
use crate::id::{Actor, DocumentId, Dot};
use crate::store::{Arrived, Merged, StoreError};
use crate::wire::{Exchange, RefusalCode, Refused};

/// The hub's writing hand.
pub trait Writing {
    /// Merges a delta into its document, and lets follow what must (lists, wake-ups). Durable with the next barrier.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is stored then.
    fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError>;

    /// The same for a delta that came as bytes, which need not be built where the document is new. Tells what changed, or
    /// nothing when nothing did.
    ///
    /// # Errors
    /// As [`Self::merge`].
    fn merge_encoded(&mut self, delta: &Encoded) -> Result<Option<Changed>, StoreError> {
        Ok(self.merge(&delta.decode()?)?.as_change(delta.id()))
    }

    /// The same for all that a message brings, each by itself and in this order: what became of each of them.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: nothing may be acknowledged then.
    fn merge_each_encoded(
        &mut self,
        deltas: &[Encoded],
    ) -> Result<Vec<Result<Option<Changed>, StoreError>>, StoreError> {
        deltas
            .iter()
            .map(|delta| StoreError::of_one(self.merge_encoded(delta)))
            .collect()
    }
}

impl Merged {
    /// What it changed of a document; nothing when nothing did.
    pub fn as_change(&self, id: DocumentId) -> Option<Changed> {
        self.changed.then_some(Changed {
            id,
            former_position: self.former_position,
            position: self.position,
        })
    }
}

impl Arrived {
    /// What it changed; nothing when nothing did.
    pub fn as_change(&self) -> Option<Changed> {
        self.changed.then_some(Changed {
            id: self.id,
            former_position: self.former_position,
            position: self.position,
        })
    }
}

/// Who writes as what: the part of a message that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The incarnation; 0 from a peer that does not tell.
    pub incarnation: u32,
    /// Drawn whenever the program starts; 0 from a peer that does not tell.
    pub session: u64,
    /// The highest counter that this incarnation has used.
    pub highest_counter: u64,
    /// The highest counter of it that the hub has seen, as far as the replica has heard.
    pub known_counter: u64,
    /// Incarnations that it has given up lately, 0 for none.
    pub given_up: [u32; GIVEN_UP_AT_ONCE],
    /// Whether it speaks of another life of the hub's feed; see [`is_of_another_life`].
    pub is_of_another_life: bool,
}

/// Incarnations given up that one message tells of; more than one means that none of them ever got through.
pub const GIVEN_UP_AT_ONCE: usize = 8;

impl Claim {
    /// What a message claims.
    pub fn of(message: &Exchange) -> Self {
        let mut given_up = [0; GIVEN_UP_AT_ONCE];
        let latest = message.given_up.iter().rev().copied();
        for (place, incarnation) in given_up.iter_mut().zip(latest) {
            *place = incarnation;
        }
        Self {
            given_up,
            incarnation: message.incarnation,
            session: message.session,
            highest_counter: message.highest_counter,
            known_counter: message.known_counter,
            is_of_another_life: false,
        }
    }

    /// The same, by a hub in this life.
    #[must_use]
    pub const fn in_another_life(self, is_of_another_life: bool) -> Self {
        Self {
            is_of_another_life,
            ..self
        }
    }
}

/// What became of what a replica brought.
#[derive(Clone, Debug, Default)]
pub struct TakenIn {
    /// What was not taken, for the reply.
    pub refused: Vec<Refused>,
    /// The documents that the refused deltas belong to, in the same order, where they could be read.
    pub refused_documents: Vec<Option<DocumentId>>,
    /// How many deltas were merged.
    pub merged: u64,
    /// What the merged deltas made: the documents that changed, to be kept from going straight back.
    pub changed: Vec<Changed>,
    /// Documents in which writes of others were news, which were given back.
    pub given_back: Vec<DocumentId>,
    /// Whether `counters` changed and must be stored.
    pub has_new_counters: bool,
    /// Whether the replica writes as somebody it no longer is; nothing was merged then.
    pub is_stale: bool,
    /// The highest counter seen of the claimed incarnation.
    pub highest_counter: u64,
}

/// A document that a delta changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub id: DocumentId,
    /// Where in the feed it stood before; none when it is new.
    pub former_position: Option<u64>,
    /// Where it stands now.
    pub position: u64,
}

/// Merges what may be merged. One bad delta does not take the others along. A replica that claims an identity which
/// somebody else continued (its disk was cloned, its machine rolled back) is told so, and nothing of it is merged: its
/// counters may name two different writes.
///
/// # Errors
/// [`StoreError::Engine`] when the store fails: nothing may be acknowledged then.
pub fn take_in(
    desk: &mut impl Writing,
    peer: Peer,
    claim: Claim,
    counters: &mut Counters,
    judged: Vec<Verdict>,
) -> Result<TakenIn, StoreError> {
    let actor = Actor::new(peer.replica, claim.incarnation);
    let mut taken = TakenIn {
        is_stale: claim.is_of_another_life || counters.is_stale(actor, claim),
        ..TakenIn::default()
    };
    let former = claim.given_up.into_iter().filter(|former| *former != 0);
    let mut has_retired = false;
    for former in former {
        has_retired |= counters.retire(Actor::new(peer.replica, former));
    }
    // Stored before the replica hears of it, or what it then makes again could be doubled by what is still on the line.
    let has_news = if taken.is_stale {
        claim.incarnation != 0 && counters.retire(actor)
    } else {
        counters.note_session(actor, claim)
    };
    taken.has_new_counters = has_news || has_retired;
    let (mut places, mut encoded) = (Vec::new(), Vec::new());
    for (index, verdict) in judged.into_iter().enumerate() {
        match verdict {
            Verdict::Refuse(code, reason) => taken.refuse(index, None, code, reason),
            Verdict::Merge(delta) if taken.is_stale => taken.refuse_stale(index, delta.id()),
            Verdict::MergeEncoded(delta) if taken.is_stale => {
                taken.refuse_stale(index, delta.id());
            }
            Verdict::Merge(delta) => {
                let merged = StoreError::of_one(desk.merge(&delta))?;
                let merged = merged.map(|merged| merged.as_change(delta.id()));
                let dots: Vec<Dot> = delta.dots().into_iter().collect();
                taken.note(peer, counters, index, (delta.id(), &dots), merged);
            }
            Verdict::MergeEncoded(delta) => {
                places.push(index);
                encoded.push(delta);
            }
        }
    }
    let merged = desk.merge_each_encoded(&encoded)?;
    for ((index, delta), merged) in places.into_iter().zip(&encoded).zip(merged) {
        taken.note(peer, counters, index, (delta.id(), delta.dots()), merged);
    }
    taken.highest_counter = counters.seen(actor);
    Ok(taken)
}

/// Takes notice of the highest counter of each of the replica's actors; says whether that was news.
fn note_highest(counters: &mut Counters, peer: Peer, dots: &[Dot]) -> bool {
    let own = |dot: &&Dot| dot.actor.replica() == peer.replica;
    let mut highest: BTreeMap<Actor, u64> = BTreeMap::new();
    for dot in dots.iter().filter(own) {
        let counter = highest.entry(dot.actor).or_default();
        *counter = dot.counter.max(*counter);
    }
    highest
        .into_iter()
        .fold(false, |is_news, (actor, counter)| {
            counters.note(actor, counter) || is_news
        })
}

impl TakenIn {
    /// Takes notice of what became of a delta that was merged or could not be.
    fn note(
        &mut self,
        peer: Peer,
        counters: &mut Counters,
        index: usize,
        (id, dots): (DocumentId, &[Dot]),
        merged: Result<Option<Changed>, StoreError>,
    ) {
        match merged {
            Ok(changed) => {
                self.merged += 1;
                self.has_new_counters |= note_highest(counters, peer, dots);
                let is_foreign = |dot: &Dot| dot.actor.replica() != peer.replica;
                if changed.is_some() && dots.iter().any(is_foreign) {
                    self.given_back.push(id);
                }
                self.changed.extend(changed);
            }
            Err(error) => self.refuse(index, Some(id), code_of(&error), error.to_string()),
        }
    }

    fn refuse(
        &mut self,
        index: usize,
        document: Option<DocumentId>,
        code: RefusalCode,
        reason: String,
    ) {
        self.refused.push(Refused {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            code,
            reason,
        });
        self.refused_documents.push(document);
    }

    fn refuse_stale(&mut self, index: usize, document: DocumentId) {
        let reason = "this replica's identity was continued elsewhere: its disk was copied or put back. It goes on as a new incarnation and sends this again";
        self.refuse(
            index,
            Some(document),
            RefusalCode::StaleIdentity,
            reason.to_owned(),
        );
    }
}

/// What a message comes to that brings nothing, from a run that is known: nothing has to be stored. None when it must go
/// through [`take_in`] all the same.
pub fn nothing_brought(peer: Peer, claim: Claim, counters: &Counters) -> Option<TakenIn> {
    let actor = Actor::new(peer.replica, claim.incarnation);
    let is_known = claim.given_up == [0; GIVEN_UP_AT_ONCE]
        && !claim.is_of_another_life
        && counters.knows(actor, claim);
    is_known.then(|| TakenIn {
        highest_counter: counters.seen(actor),
        ..TakenIn::default()
    })
}

const fn code_of(error: &StoreError) -> RefusalCode {
    match error {
        StoreError::TooLarge { .. } => RefusalCode::TooLarge,
        StoreError::NotTheSame(_) => RefusalCode::NotAllowed,
        _ => RefusalCode::HubCannotRead,
    }
}
