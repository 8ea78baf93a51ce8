//! One exchange: plan on the store thread, talk, take the reply in on the store thread.

use shared::clock::UtcMillis;
use shared::document::format;
use shared::id::Actor;
use shared::limits;
use shared::store::{Pending, SetAside, StoreError};
use shared::sync::{self, Effect, Progress, Sent};
use shared::wire::{Exchange, ExchangeReply};

use super::offering;
use super::transport::Transport;
use crate::clock::random_bytes;
use crate::counter::{CounterError, LineProblem};
use crate::records::{self, Offering, Proof};
use crate::storage::{Desk, Storage};

/// A difference is mended by fetching and offering everything again, at most this often.
const REFETCH_EVERY_MILLIS: i64 = 60 * 60 * 1000;

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

pub(super) async fn exchange(storage: &Storage, transport: &Transport) -> Result<Done, StepError> {
    let planned = storage
        .run(|desk| plan(desk).map_err(CounterError::from))
        .await??;
    let pushed = planned.message.pushed.len() as u64;
    let reply = transport.exchange(&planned.message).await?;
    let received = reply.documents.len() as u64;
    let next = storage
        .run(move |desk| take_in(desk, planned, reply))
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

fn take_in(desk: &mut Desk, planned: Planned, reply: ExchangeReply) -> Result<Next, StepError> {
    let now = desk.now();
    let epoch = reply.epoch;
    let highest_counter = reply.highest_counter;
    let asked_highest = planned.message.highest_counter;
    let effects = sync::absorb(&planned.progress, planned.sent, planned.pending, reply, now);
    let mut next = Next::Rest;
    let mut hub_started_over = false;
    for effect in effects {
        match effect {
            Effect::Merge {
                documents,
                progress,
            } => merge(desk, &documents, progress, now).map_err(CounterError::from)?,
            Effect::Acknowledge(taken) => {
                desk.acknowledge(&taken).map_err(CounterError::from)?;
            }
            Effect::SetAside {
                document,
                reason,
                from_hub,
                bytes,
            } => {
                tracing::warn!(?document, reason, from_hub, "set aside; all else goes on");
                desk.set_aside(SetAside {
                    sequence: 0,
                    document,
                    reason,
                    at: now,
                    from_hub,
                    bytes,
                })
                .map_err(CounterError::from)?;
            }
            Effect::Again => next = Next::Again,
            Effect::Incompatible { protocol } => {
                return Err(LineProblem::Incompatible { protocol }.into());
            }
            Effect::HubStartedOver => hub_started_over = true,
        }
    }
    let rest = || -> Result<Next, StoreError> {
        if let Some(up_to) = planned.offered_up_to {
            offering::note_offered(desk, up_to)?;
        }
        if hub_started_over {
            tracing::warn!(
                "the hub was restored from a backup; everything this branch wrote is offered to it again"
            );
            start_over(desk, epoch)?;
        }
        heed_highest_counter(desk, highest_counter, asked_highest)?;
        if offering::is_under_way(desk)? || hub_started_over {
            return Ok(Next::Again);
        }
        if next == Next::Rest && compare(desk, now)? == Compared::Differs {
            start_over(desk, epoch)?;
            return Ok(Next::Again);
        }
        Ok(next)
    };
    let mut rest = rest;
    Ok(rest().map_err(CounterError::from)?)
}

fn merge(
    desk: &mut Desk,
    documents: &[shared::document::Document],
    progress: Progress,
    now: UtcMillis,
) -> Result<(), StoreError> {
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
fn start_over(desk: &mut Desk, epoch: shared::wire::Epoch) -> Result<(), StoreError> {
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
fn compare(desk: &mut Desk, now: UtcMillis) -> Result<Compared, StoreError> {
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
