//! One exchange: plan on the store thread, talk, take the reply in on the store thread.

use shared::clock::UtcMillis;
use shared::document::{Document, format};
use shared::id::{Actor, DocumentId};
use shared::limits;
use shared::store::{Pending, SetAside, StoreError};
use shared::sync::{self, Effect, Progress, Sent};
use shared::wire::{Epoch, Exchange, ExchangeReply};

use super::offering;
use super::transport::Transport;
use crate::clock::{Clock, random_bytes};
use crate::counter::{CounterError, LineProblem};
use crate::records::{self, Offering, Proof};
use crate::storage::{Desk, Storage};

/// A difference is mended by fetching and offering everything again, at most this often.
const REFETCH_EVERY_MILLIS: i64 = 60 * 60 * 1000;

/// Documents of the hub that are merged at a time: some tens of milliseconds, which is what a counter may have to wait.
const PORTION: usize = 100;

/// What to do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More waits on one side.
    Again,
    /// Nothing more for now.
    Rest,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) next: Next,
    /// Documents that went either way.
    pub(super) moved: u64,
}

/// Why a step did not come to its end. Everything it sent waits on, and is sent again.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Line(#[from] LineProblem),
    #[error(transparent)]
    Storage(#[from] CounterError),
}

/// A message with the memory of what is in it.
struct Planned {
    message: Exchange,
    sent: Sent,
    progress: Progress,
    pending: Pending,
    /// How far the documents offered again in this message go.
    offered_up_to: Option<offering::Offered>,
}

pub(super) async fn exchange(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
) -> Result<Done, StepError> {
    let planned = storage
        .run(|desk| plan(desk).map_err(CounterError::from))
        .await??;
    let pushed = planned.message.pushed.len() as u64;
    let reply = transport.exchange(&planned.message).await?;
    let received = reply.documents.len() as u64;
    let before = planned.progress;
    let now = clock.now();
    let mut taken = tokio::task::spawn_blocking(move || read(planned, reply, now))
        .await
        .map_err(|_| CounterError::Stopping)??;
    // In portions, so that a counter is served in between; the progress moves with the last one.
    while taken.documents.len() > PORTION {
        let rest = taken.documents.split_off(PORTION);
        let portion = std::mem::replace(&mut taken.documents, rest);
        storage
            .run(move |desk| merge(desk, &portion, before).map_err(CounterError::from))
            .await??;
    }
    let next = storage
        .run(move |desk| take_in(desk, taken).map_err(CounterError::from))
        .await??;
    Ok(Done {
        next,
        moved: pushed + received,
    })
}

fn plan(desk: &mut Desk) -> Result<Planned, StoreError> {
    let progress = desk.progress();
    let pending = desk.pending();
    let mut outgoing = desk.outgoing(
        limits::DOCUMENTS_PER_EXCHANGE,
        limits::EXCHANGE_DOCUMENT_BYTES,
    )?;
    let mut offered_up_to = None;
    if outgoing.is_empty()
        && let Some(batch) = offering::next(desk)?
    {
        outgoing = batch.outgoing;
        offered_up_to = Some(batch.up_to);
    }
    let now = desk.now();
    let (message, sent) = sync::plan(&progress, outgoing, pending, desk.counter(), now);
    Ok(Planned {
        message,
        sent,
        progress,
        pending,
        offered_up_to,
    })
}

/// A reply, read: what is to be stored of it.
struct Taken {
    documents: Vec<Document>,
    progress: Progress,
    acknowledged: Vec<(DocumentId, u64)>,
    set_aside: Vec<SetAside>,
    epoch: Epoch,
    highest_counter: u64,
    asked_highest: u64,
    hub_started_over: bool,
    next: Next,
    offered_up_to: Option<offering::Offered>,
}

/// Sorts the shared decisions into what [`take_in`] stores.
fn read(planned: Planned, reply: ExchangeReply, now: UtcMillis) -> Result<Taken, LineProblem> {
    let mut taken = Taken {
        documents: Vec::new(),
        progress: planned.progress,
        acknowledged: Vec::new(),
        set_aside: Vec::new(),
        epoch: reply.epoch,
        highest_counter: reply.highest_counter,
        asked_highest: planned.message.highest_counter,
        hub_started_over: false,
        next: Next::Rest,
        offered_up_to: planned.offered_up_to,
    };
    for effect in sync::absorb(&planned.progress, planned.sent, planned.pending, reply, now) {
        match effect {
            Effect::Merge {
                documents,
                progress,
            } => {
                taken.documents = documents;
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
            Effect::Incompatible { protocol } => {
                return Err(LineProblem::Incompatible { protocol });
            }
            Effect::HubStartedOver => taken.hub_started_over = true,
        }
    }
    Ok(taken)
}

fn take_in(desk: &mut Desk, taken: Taken) -> Result<Next, StoreError> {
    for kept in taken.set_aside {
        tracing::warn!(document = ?kept.document, reason = kept.reason, from_hub = kept.from_hub, "set aside; all else goes on");
        desk.set_aside(kept)?;
    }
    merge(desk, &taken.documents, taken.progress)?;
    if !taken.acknowledged.is_empty() {
        desk.acknowledge(&taken.acknowledged)?;
    }
    if let Some(up_to) = taken.offered_up_to {
        offering::note_offered(desk, up_to)?;
    }
    if taken.hub_started_over {
        tracing::warn!(
            "the hub was restored from a backup; everything this branch wrote is offered to it again"
        );
        start_over(desk, taken.epoch)?;
    }
    heed_highest_counter(desk, taken.highest_counter, taken.asked_highest)?;
    if offering::is_under_way(desk)? {
        return Ok(Next::Again);
    }
    if taken.next == Next::Rest && compare(desk)? == Compared::Differs {
        start_over(desk, taken.epoch)?;
        return Ok(Next::Again);
    }
    Ok(taken.next)
}

fn merge(desk: &mut Desk, documents: &[Document], progress: Progress) -> Result<(), StoreError> {
    let now = desk.now();
    for (index, error) in desk.commit_from_hub(documents, progress)? {
        let document = &documents[index];
        tracing::warn!(id = %document.id(), %error, "a document of the hub is set aside; all else goes on");
        desk.set_aside(SetAside {
            sequence: 0,
            document: Some(document.id()),
            reason: error.to_string(),
            at: now,
            from_hub: true,
            bytes: format::encode(document),
        })?;
    }
    Ok(())
}

/// Fetches everything again, and offers everything this branch wrote.
fn start_over(desk: &mut Desk, epoch: Epoch) -> Result<(), StoreError> {
    let progress = Progress {
        epoch: Some(epoch),
        cursor: 0,
        hub_digest: None,
        ..desk.progress()
    };
    desk.set_progress(progress)?;
    let offering = Offering {
        epoch,
        offered_up_to: 0,
        is_complete: false,
    };
    desk.write_record(records::OFFERING, &offering)
}

/// A hub that has seen more writes of this store than the store remembers: the store was restored from a backup, its disk
/// cloned, or the machine rolled back. It goes on under a new incarnation, so that no write is mistaken for a lost one.
fn heed_highest_counter(desk: &mut Desk, seen: u64, asked: u64) -> Result<(), StoreError> {
    let heeded: u64 = desk.record(records::ROLLBACK_HEEDED)?.unwrap_or(0);
    if seen <= asked || seen <= desk.counter() || seen <= heeded {
        return Ok(());
    }
    let Some(actor) = desk.actor() else {
        return Ok(());
    };
    let Ok(random) = random_bytes() else {
        return Ok(());
    };
    tracing::warn!(
        seen,
        "the hub knows later writes of this machine than its own store does: the store was restored. It goes on as a new incarnation"
    );
    desk.write_record(records::ROLLBACK_HEEDED, &seen)?;
    desk.assume_identity(Actor::new(actor.replica(), u32::from_le_bytes(random)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// The same, or not comparable at the moment.
    Fine,
    /// Different, and it is time to mend it.
    Differs,
}

/// Compares this branch's own digest with the hub's for the same moment. Never adopts one.
fn compare(desk: &mut Desk) -> Result<Compared, StoreError> {
    let now = desk.now();
    let Some((theirs, cursor)) = desk.progress().hub_digest else {
        return Ok(Compared::Fine);
    };
    if desk.pending().count > 0 || cursor != desk.progress().cursor {
        return Ok(Compared::Fine);
    }
    let Some(ours) = desk.digest() else {
        return Ok(Compared::Fine);
    };
    let before = desk.proof();
    if ours == theirs {
        desk.set_proof(Proof {
            identical_as_of: Some(now),
            identical_at: desk.head(),
            differs_since: None,
            ..before
        })?;
        return Ok(Compared::Fine);
    }
    let is_time = before
        .refetched_at
        .is_none_or(|last| now.millis_since(last) >= REFETCH_EVERY_MILLIS);
    desk.set_proof(Proof {
        differs_since: Some(before.differs_since.unwrap_or(now)),
        refetched_at: if is_time {
            Some(now)
        } else {
            before.refetched_at
        },
        ..before
    })?;
    if is_time {
        tracing::warn!(
            documents = desk.documents(),
            "branch and hub differ; everything is compared again"
        );
    }
    Ok(if is_time {
        Compared::Differs
    } else {
        Compared::Fine
    })
}
