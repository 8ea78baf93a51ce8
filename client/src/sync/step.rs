//! One round trip: plan on the store thread, talk, take the reply in on the store thread. What it means is decided by
//! [`shared::sync::branch`].

use shared::sync::branch::{self, Compared, Next, Planned};
use shared::wire::ExchangeReply;
use tokio::task::JoinHandle;

use super::transport::Transport;
use crate::clock::{Clock, random_bytes};
use crate::counter::{CounterError, LineProblem};
use crate::storage::Storage;

/// Documents of the hub that are stored at a time: some ten milliseconds, which is what a counter may have to wait.
const PORTION: usize = 500;

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

pub(super) async fn exchange(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
) -> Result<Done, StepError> {
    let now = clock.now();
    let planned = storage
        .run(move |desk| branch::plan(desk, now).map_err(CounterError::from))
        .await??;
    round_trip(storage, transport, clock, planned).await
}

/// Sends what was planned and takes the reply in. While it is taken in, what comes next is asked for already.
pub(super) async fn round_trip(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
    mut planned: Planned,
) -> Result<Done, StepError> {
    let mut reply = transport.exchange(&planned.message).await?;
    let mut moved = 0;
    loop {
        moved += (planned.message.pushed.len() + reply.documents.len()) as u64;
        let ahead = if storage.facts().pending.count == 0 {
            branch::plan_ahead(&planned, &reply, clock.now())
        } else {
            // What was written here goes out first.
            None
        };
        let asking = ahead.map(|ahead| Asking::begin(transport, ahead));
        let next = take_in(storage, clock, planned, reply).await?;
        match asking {
            Some(asking) if next == Next::Again => (planned, reply) = asking.end().await?,
            _ => return Ok(Done { next, moved }),
        }
    }
}

/// A message under way beside the work on the reply before it.
struct Asking(JoinHandle<Result<(Planned, ExchangeReply), LineProblem>>);

impl Asking {
    fn begin(transport: &Transport, planned: Planned) -> Self {
        let transport = transport.clone();
        Self(tokio::spawn(async move {
            let reply = transport.exchange(&planned.message).await?;
            Ok((planned, reply))
        }))
    }

    async fn end(mut self) -> Result<(Planned, ExchangeReply), StepError> {
        let ended = (&mut self.0).await.map_err(|_| CounterError::Stopping)?;
        Ok(ended?)
    }
}

impl Drop for Asking {
    /// Nobody waits for the answer any more.
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn take_in(
    storage: &Storage,
    clock: &Clock,
    planned: Planned,
    reply: ExchangeReply,
) -> Result<Next, StepError> {
    let now = clock.now();
    let mut taken = tokio::task::spawn_blocking(move || branch::read(planned, reply, now))
        .await
        .map_err(|_| CounterError::Stopping)?
        .map_err(|error| LineProblem::Incompatible {
            protocol: error.protocol,
        })?;
    // In portions, so that a counter is served in between; the progress moves with the last one.
    let before = taken.before();
    while let Some(portion) = taken.portion(PORTION) {
        storage
            .run(move |desk| {
                branch::take_in_portion(desk, &portion, before, now).map_err(CounterError::from)
            })
            .await??;
    }
    let random = random_bytes().map_or(1, u32::from_le_bytes);
    let next = storage
        .run(move |desk| branch::take_in(desk, taken, now, random).map_err(CounterError::from))
        .await??;
    Ok(next)
}

/// Compares digests, once the lists have followed what the exchange stored.
pub(super) async fn compare(storage: &Storage, clock: &Clock) -> Result<Compared, StepError> {
    let now = clock.now();
    Ok(storage
        .run(move |desk| branch::compare(desk, now).map_err(CounterError::from))
        .await??)
}
