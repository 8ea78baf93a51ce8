//! Branch and hub are quiet and differ: finding out where, and moving just that.

use std::collections::BTreeSet;

use shared::id::{BranchId, DocumentId};
use shared::sync::branch;
use shared::sync::reconcile::{Differences, Initiator, TakeError};
use shared::wire::reconcile::{FETCHED_AT_ONCE, FetchQuery};

use super::step::{self, StepError};
use super::transport::Transport;
use crate::clock::Clock;
use crate::counter::{CounterError, LineProblem};
use crate::storage::Storage;

/// Fetched documents that are merged at a time: some tens of milliseconds, which is what a counter may have to wait.
const PORTION: usize = 100;

/// What was done about a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// Documents that came from the hub.
    pub(super) fetched: u64,
    /// Documents offered to it.
    pub(super) offered: u64,
    /// Questions asked to find the difference.
    pub(super) rounds: u32,
}

/// Finds the difference, fetches what the hub has and offers what it lacks. Whether the two are alike then, the next
/// comparison of digests shows.
///
/// # Errors
/// [`StepError`]; what was moved stays moved, and the rest is found again.
pub(super) async fn mend(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
) -> Result<Mended, StepError> {
    let Some(branch) = storage.run(|desk| desk.branch()).await? else {
        return Ok(Mended::default());
    };
    let (found, rounds) = compare(storage, transport, branch).await?;
    let mut to_offer: BTreeSet<DocumentId> = found.to_offer.iter().copied().collect();
    // What the hub lacks in this branch's scope may have left that scope by a change which never came here.
    let to_fetch: BTreeSet<DocumentId> = found.to_fetch.into_iter().chain(found.to_offer).collect();
    let to_fetch: Vec<DocumentId> = to_fetch.into_iter().collect();
    let (fetched, ahead) = fetch(storage, transport, clock, &to_fetch).await?;
    to_offer.extend(ahead);
    let offered = offer(storage, transport, clock, to_offer.into_iter().collect()).await?;
    tracing::info!(
        fetched,
        offered,
        rounds,
        "what differed between branch and hub has been moved"
    );
    Ok(Mended {
        fetched,
        offered,
        rounds,
    })
}

/// Mending was cut off: it is begun again with the next comparison.
///
/// # Errors
/// [`StepError`] when that cannot be noted.
pub(super) async fn note_broken_off(storage: &Storage) -> Result<(), StepError> {
    Ok(storage
        .run(|desk| branch::note_broken_off(desk).map_err(CounterError::from))
        .await??)
}

/// Asks the hub until it is known where the two differ.
async fn compare(
    storage: &Storage,
    transport: &Transport,
    branch: BranchId,
) -> Result<(Differences, u32), StepError> {
    let mut initiator = Initiator::default();
    while let Some(query) = initiator.query() {
        let reply = transport.reconcile(&query).await?;
        let mut asking = initiator;
        let (asked, taken) = storage
            .ask(
                move |lists| match asking.take(&lists.inventory(branch), &reply) {
                    Err(TakeError::Inventory(error)) => Err(error),
                    Err(TakeError::Malformed(why)) => Ok((asking, Err(why))),
                    Ok(()) => Ok((asking, Ok(()))),
                },
            )
            .await?;
        taken.map_err(|why| LineProblem::Nonsense(why.to_owned()))?;
        initiator = asked;
    }
    let rounds = initiator.rounds();
    Ok((initiator.finish(), rounds))
}

/// Returns how many documents came, and which of them this branch knows more of than the hub.
async fn fetch(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
    mut ids: &[DocumentId],
) -> Result<(u64, Vec<DocumentId>), StepError> {
    let mut fetched = 0;
    let mut ahead = Vec::new();
    while !ids.is_empty() {
        let asked = &ids[..ids.len().min(FETCHED_AT_ONCE)];
        let query = FetchQuery {
            ids: asked.iter().map(|id| *id.as_bytes()).collect(),
        };
        let reply = transport.fetch(&query).await?;
        let answered = usize::try_from(reply.answered).unwrap_or(usize::MAX);
        if !(1..=asked.len()).contains(&answered) || reply.documents.len() > answered {
            let nonsense = "it answers another question than was asked".to_owned();
            return Err(LineProblem::Nonsense(nonsense).into());
        }
        ids = &ids[answered..];
        fetched += reply.documents.len() as u64;
        let now = clock.now();
        let mut documents = reply.documents;
        while !documents.is_empty() {
            let rest = documents.split_off(documents.len().min(PORTION));
            let portion = std::mem::replace(&mut documents, rest);
            let known_better = storage
                .run(move |desk| {
                    branch::take_fetched(desk, portion, now).map_err(CounterError::from)
                })
                .await??;
            ahead.extend(known_better);
        }
    }
    Ok((fetched, ahead))
}

/// Returns how many documents went out.
async fn offer(
    storage: &Storage,
    transport: &Transport,
    clock: &Clock,
    mut ids: Vec<DocumentId>,
) -> Result<u64, StepError> {
    let mut offered = 0;
    loop {
        let now = clock.now();
        let (planned, rest) = storage
            .run(move |desk| {
                let planned = branch::plan_offer(desk, &mut ids, now);
                planned
                    .map(|planned| (planned, ids))
                    .map_err(CounterError::from)
            })
            .await??;
        ids = rest;
        let Some(planned) = planned else {
            return Ok(offered);
        };
        offered += planned.message.pushed.len() as u64;
        step::round_trip(storage, transport, clock, planned).await?;
    }
}
