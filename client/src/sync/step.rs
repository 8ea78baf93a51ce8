//! One round trip: plan on the store thread, talk, take the reply in on the store thread. What it means is decided by
//! [`shared::sync::branch`].

use shared::sync::branch::{self, Compared, Next, Planned};

use super::transport::Transport;
use crate::clock::{Clock, random_bytes};
use crate::counter::{CounterError, LineProblem};
use crate::storage::Storage;

/// Documents of the hub that are merged at a time: some tens of milliseconds, which is what a counter may have to wait.
const PORTION: usize = 100;

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

/// Sends what was planned and takes the reply in.
pub(super) async fn round_trip(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
    planned: Planned,
) -> Result<Done, StepError> {
    let pushed = planned.message.pushed.len() as u64;
    let reply = transport.exchange(&planned.message).await?;
    let received = reply.documents.len() as u64;
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
    Ok(Done {
        next,
        moved: pushed + received,
    })
}

/// Compares digests, once the lists have followed what the exchange stored.
pub(super) async fn compare(storage: &Storage, clock: &Clock) -> Result<Compared, StepError> {
    let now = clock.now();
    Ok(storage
        .run(move |desk| branch::compare(desk, now).map_err(CounterError::from))
        .await??)
}
