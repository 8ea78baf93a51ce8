//! The messages of a branch: what goes into one, and what follows from its reply.

use serde::{Deserialize, Serialize};

use super::offering::NO_MARK;
use crate::clock::UtcMillis;
use crate::document::{Document, Encoded, format};
use crate::id::DocumentId;
use crate::limits;
use crate::store::{Identity, Outgoing, Pending};
use crate::wire::{
    Brought, Epoch, Exchange, ExchangeReply, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, RefusalCode,
};

/// How far a branch has come with its hub. Stored in the same batch as the documents it vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The epoch of `cursor`.
    pub epoch: Option<Epoch>,
    /// Everything in scope up to here is stored.
    pub cursor: u64,
    /// The latest cursor at which everything was here; 0 before there was one.
    pub base: u64,
    /// When the hub last answered, by this branch's clock.
    pub last_contact: Option<UtcMillis>,
    /// Since when everything the hub had was here, and nothing waited: when the last complete exchange ended.
    pub complete_at: Option<UtcMillis>,
    /// The hub's clock minus this branch's, at the last answer.
    pub hub_clock_ahead_millis: i64,
    /// The highest counter of the present incarnation that the hub has seen, as far as is known here.
    pub hub_counter: u64,
    /// How many documents of the scope still followed after the last reply; what is here already stands in the store.
    pub remaining: u64,
    /// The hub's digest of this branch's scope and the cursor it holds for, to be compared with the branch's own. Never adopted.
    pub hub_digest: Option<([u8; 16], u64)>,
}

impl Progress {
    /// What a reply to a message that asked for nothing says of it: that the hub answered, and how far it has seen this branch
    /// write. All else stays as it is at `present`.
    pub(super) fn only_contact(self, present: &Self) -> Self {
        Self {
            last_contact: self.last_contact,
            hub_clock_ahead_millis: self.hub_clock_ahead_millis,
            hub_counter: self.hub_counter.max(present.hub_counter),
            ..*present
        }
    }
}

/// What was pushed, to be matched with the reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent(Vec<SentDelta>);

impl Sent {
    /// The last document of the outbox; none when something was offered beside it.
    pub(super) fn last_of_outbox(&self) -> Option<DocumentId> {
        let is_offered = self.0.iter().any(|sent| sent.mark == NO_MARK);
        self.0.last().filter(|_| !is_offered).map(|sent| sent.id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SentDelta {
    id: DocumentId,
    mark: u64,
    bytes: Vec<u8>,
}

/// What the branch has to do after a reply, in this order and in one batch where the store can.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Merge documents of the hub and store the progress with them.
    Merge {
        /// What came whole.
        documents: Vec<Encoded>,
        /// What came as parts of documents that are here already.
        parts: Vec<Document>,
        /// How far that goes.
        progress: Progress,
    },
    /// Clear outbox marks: the hub has these durably.
    Acknowledge(Vec<(DocumentId, u64)>),
    /// Keep bytes that could not be taken, and show them.
    SetAside {
        /// The document, when known.
        document: Option<DocumentId>,
        /// Why, for a person.
        reason: String,
        /// Whether the hub sent it (else the hub refused it).
        from_hub: bool,
        /// As it came.
        bytes: Vec<u8>,
    },
    /// More waits on one side: exchange again at once.
    Again,
    /// The hub speaks a version this program does not; nothing else happens until one side is upgraded.
    Incompatible {
        /// What the hub speaks.
        protocol: u16,
    },
    /// Somebody else has continued this replica's identity.
    StaleIdentity,
    /// The hub has begun a new epoch (it was restored from a backup): the cursor starts over, and everything this
    /// branch holds must be offered again.
    HubStartedOver,
}

/// The message for what waits, and the memory of what is in it.
pub fn message(
    progress: &Progress,
    outgoing: Vec<Outgoing>,
    pending: Pending,
    identity: Option<Identity>,
    clock: UtcMillis,
) -> (Exchange, Sent) {
    let mut pushed = Vec::with_capacity(outgoing.len());
    let mut sent = Vec::with_capacity(outgoing.len());
    for Outgoing {
        id, mark, delta, ..
    } in outgoing
    {
        sent.push(SentDelta {
            id,
            mark,
            bytes: delta.clone(),
        });
        pushed.push(delta);
    }
    let message = Exchange {
        protocol: PROTOCOL_VERSION,
        epoch: progress.epoch,
        cursor: progress.cursor,
        base: progress.base,
        pushed,
        incarnation: identity.map_or(0, |identity| identity.actor.incarnation()),
        highest_counter: identity.map_or(0, |identity| identity.counter),
        session: 0,
        known_counter: progress.hub_counter,
        given_up: Vec::new(),
        fetch: Vec::new(),
        has_given_back: false,
        want: u32::try_from(limits::DOCUMENTS_PER_EXCHANGE).unwrap_or(u32::MAX),
        pending: pending.count,
        pending_since: pending.since,
        set_aside: 0,
        digest: None,
        clock,
    };
    (message, Sent(sent))
}

/// What follows from a reply. `pending_before` is what waited when the message was planned.
pub fn absorb(
    progress: &Progress,
    sent: Sent,
    pending_before: Pending,
    mut reply: ExchangeReply,
    now: UtcMillis,
) -> Vec<Effect> {
    if !(OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION).contains(&reply.protocol) {
        return vec![Effect::Incompatible {
            protocol: reply.protocol,
        }];
    }
    let mut effects = Vec::new();
    if progress.epoch.is_some_and(|known| known != reply.epoch) {
        effects.push(Effect::HubStartedOver);
    }
    let mut documents = Vec::with_capacity(reply.documents.len());
    let mut parts = Vec::new();
    for Brought { bytes, is_part } in std::mem::take(&mut reply.documents) {
        let read = if is_part {
            format::decode(&bytes)
                .map(|part| parts.push(part))
                .map_err(|error| (bytes, error))
        } else {
            Encoded::inspect(bytes).map(|document| documents.push(document))
        };
        match read {
            Ok(()) => {}
            Err((bytes, error)) => {
                effects.push(Effect::SetAside {
                    document: None,
                    reason: error.to_string(),
                    from_hub: true,
                    bytes,
                });
            }
        }
    }
    let from_outbox = sent.0.iter().filter(|delta| delta.mark != NO_MARK);
    let pushed = from_outbox.count() as u64;
    effects.push(Effect::Merge {
        documents,
        parts,
        progress: progress_after(progress, pushed, pending_before, &reply, now),
    });

    let mut taken = Vec::with_capacity(sent.0.len());
    let mut is_stale = false;
    for (index, delta) in (0_u32..).zip(sent.0) {
        match reply.refused.iter().find(|refused| refused.index == index) {
            None => taken.push((delta.id, delta.mark)),
            // The hub may read it again after a repair; it stays in the outbox and is offered again.
            Some(refused) if refused.code == RefusalCode::HubCannotRead => {}
            // It stays too, and goes out under another number.
            Some(refused) if refused.code == RefusalCode::StaleIdentity => is_stale = true,
            // What was offered beside the outbox stands in the store: the difference shows, and is mended.
            Some(_) if delta.mark == NO_MARK => {}
            // Offering it again would be refused again for ever: it is kept aside, and the rest flows.
            Some(refused) => {
                effects.push(Effect::SetAside {
                    document: Some(delta.id),
                    reason: refused.reason.clone(),
                    from_hub: false,
                    bytes: delta.bytes,
                });
                taken.push((delta.id, delta.mark));
            }
        }
    }
    if is_stale {
        effects.push(Effect::StaleIdentity);
    }
    let got_through = !taken.is_empty() || pushed == 0;
    if !taken.is_empty() {
        effects.push(Effect::Acknowledge(taken));
    }
    if reply.remaining > 0 || pending_before.count > pushed && got_through {
        effects.push(Effect::Again);
    }
    effects
}

/// How far a branch has come when a reply to a message with so many deltas is stored.
pub(super) fn progress_after(
    progress: &Progress,
    pushed: u64,
    pending_before: Pending,
    reply: &ExchangeReply,
    now: UtcMillis,
) -> Progress {
    let is_complete = reply.remaining == 0 && pending_before.count <= pushed;
    Progress {
        epoch: Some(reply.epoch),
        cursor: reply.cursor,
        base: match reply.remaining {
            0 => reply.cursor,
            _ if progress.epoch == Some(reply.epoch) => progress.base,
            _ => 0,
        },
        last_contact: Some(now),
        complete_at: if is_complete {
            Some(now)
        } else {
            progress.complete_at
        },
        hub_clock_ahead_millis: reply.clock.millis_since(now),
        hub_counter: reply.highest_counter,
        remaining: reply.remaining,
        hub_digest: reply.digest.map(|digest| (digest, reply.cursor)),
    }
}
