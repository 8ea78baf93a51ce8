//! The loop that keeps this branch and the hub alike. Decides nothing itself: [`shared::sync`] does, [`step`] carries it out.
//!
//! It wakes when something is written here (and pushes at once), when the hub has news (a long-poll says so), and from time
//! to time. It never holds the store thread while the network is slow: a step plans on the store thread, talks, and takes
//! the reply in on the store thread.

pub(crate) mod find;
mod mend;
mod quarantine;
mod step;
#[cfg(test)]
mod tests;
mod transport;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use shared::clock::UtcMillis;
use shared::sync::Backoff;
use shared::wire::WaitReply;
use tokio::sync::watch;
use tokio::time::sleep;

pub(crate) use quarantine::retry_quarantine;
pub(crate) use transport::{JoinProblem, TransportError};
pub(crate) use transport::{Transport, join};

use crate::clock::{Clock, random_bytes};
use crate::counter::{Changed, CounterError, LineProblem};
use crate::storage::Storage;
use shared::sync::branch::{Compared, Next};
use step::StepError;

/// Without any reason, an exchange all the same: it is what proves that the line and the token still work.
const ANYWAY: Duration = Duration::from_mins(1);

/// Digests are compared with each reply; where something moved in between, this much later.
const PROOF_AFTER: Duration = Duration::from_secs(2);

/// A hub that does not answer waits is asked again after this, and not in a tight circle.
const WAIT_AGAIN: Duration = Duration::from_secs(5);

/// What this daemon has seen of the line since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// The last round trip that the hub acknowledged.
    pub(crate) last_round_trip: Option<UtcMillis>,
    /// What the last attempt failed with; none when it succeeded.
    pub(crate) problem: Option<LineProblem>,
}

/// The loop's parts.
pub(crate) struct Synchronizer {
    storage: Storage,
    transport: Transport,
    clock: Clock,
    link: watch::Sender<Link>,
    waiting: Option<Waiting>,
}

type Waiting = Pin<Box<dyn Future<Output = Result<WaitReply, LineProblem>> + Send>>;

impl Synchronizer {
    pub(crate) fn new(
        storage: Storage,
        transport: Transport,
        clock: Clock,
        link: watch::Sender<Link>,
    ) -> Self {
        Self {
            storage,
            transport,
            clock,
            link,
            waiting: None,
        }
    }

    /// Runs until `stop` becomes true or the store ends.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.keep_alike() => {}
            // An error means that whoever could stop it is gone, which stops it too.
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn keep_alike(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            let head = self.storage.facts().head;
            match self.exchange_until_quiet().await {
                Ok(wants_proof) => {
                    backoff.succeeded();
                    self.reason_to_exchange(head, wants_proof).await;
                }
                Err(StepError::Line(problem)) => {
                    self.note_problem(problem, backoff.failures());
                    self.waiting = None;
                    let random = random_bytes().map_or(0, u64::from_le_bytes);
                    sleep(Duration::from_millis(backoff.failed(random))).await;
                }
                Err(StepError::Storage(CounterError::Stopping)) => return,
                Err(StepError::Storage(error)) => {
                    tracing::error!(%error, "the reply of the hub could not be stored; it is asked for again");
                    sleep(WAIT_AGAIN).await;
                }
            }
        }
    }

    /// Exchanges as long as more waits on one side. Whether documents moved and could not be proven alike at once, so that a
    /// proof is due.
    async fn exchange_until_quiet(&mut self) -> Result<bool, StepError> {
        let mut wants_proof = false;
        loop {
            let done = step::exchange(&self.storage, &self.transport, &self.clock).await;
            metrics::counter!("offpiste_branch_exchanges_total", "outcome" => if done.is_ok() { "ok" } else { "failed" })
                .increment(1);
            let done = done?;
            self.note_round_trip();
            wants_proof |= done.moved > 0;
            metrics::counter!("offpiste_branch_documents_moved_total").increment(done.moved);
            if done.next == Next::Again {
                continue;
            }
            match step::compare(&self.storage, &self.clock).await? {
                Compared::Mend => self.mend().await?,
                Compared::NotNow => return Ok(wants_proof),
                Compared::Identical | Compared::StillDiffer => return Ok(false),
            }
        }
    }

    /// Branch and hub are quiet and differ: the difference is found, fetched and offered.
    async fn mend(&mut self) -> Result<(), StepError> {
        let mended = mend::mend(&self.storage, &self.transport, &self.clock).await;
        if mended.is_err() {
            mend::note_broken_off(&self.storage).await?;
        }
        let mended = mended?;
        metrics::counter!("offpiste_branch_documents_mended_total")
            .increment(mended.fetched + mended.offered);
        Ok(())
    }

    /// Returns when there is something to exchange about.
    async fn reason_to_exchange(&mut self, head: u64, wants_proof: bool) {
        let storage = self.storage.clone();
        let mut facts = storage.watch_facts();
        let written_here = facts.wait_for(|facts| facts.head != head && facts.pending.count > 0);
        let anyway = sleep(if wants_proof { PROOF_AFTER } else { ANYWAY });
        // What came in bulk can be compared once it is in the lists.
        let follows = storage.facts().lists_follow;
        let mut lists = storage.watch_facts();
        let followed = async {
            if !follows || lists.wait_for(|facts| !facts.lists_follow).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            // An error means that the store has ended; the next exchange finds out.
            _ = written_here => {}
            () = self.news_of_the_hub() => {}
            () = followed => {}
            () = anyway => {}
        }
    }

    /// Returns when the hub says that it has something this branch has not. The request goes on over exchanges.
    async fn news_of_the_hub(&mut self) {
        loop {
            let cursor = self.storage.facts().progress.cursor;
            let transport = self.transport.clone();
            let waiting = self
                .waiting
                .get_or_insert_with(|| Box::pin(async move { transport.wait(cursor).await }));
            let answer = waiting.as_mut().await;
            self.waiting = None;
            let progress = self.storage.facts().progress;
            match answer {
                Ok(reply) => {
                    self.note_round_trip();
                    let is_news = (reply.changed && reply.position > progress.cursor)
                        || progress.epoch.is_some_and(|known| known != reply.epoch);
                    if is_news {
                        return;
                    }
                }
                Err(problem) => {
                    // The exchange that follows finds out whether the line is gone or only this request was.
                    tracing::debug!(%problem, "waiting for news failed");
                    sleep(WAIT_AGAIN).await;
                    return;
                }
            }
        }
    }

    fn note_round_trip(&self) {
        let now = self.clock.now();
        let before = self.link.send_replace(Link {
            last_round_trip: Some(now),
            problem: None,
        });
        if before.problem.is_some() || before.last_round_trip.is_none() {
            tracing::info!("the hub answers");
            self.storage.announce(Changed::Sync);
        }
    }

    fn note_problem(&self, problem: LineProblem, failures: u32) {
        let is_new = self.link.borrow().problem.as_ref() != Some(&problem);
        if is_new || failures == 0 {
            tracing::warn!(%problem, "no exchange with the hub");
        }
        self.link.send_modify(|link| link.problem = Some(problem));
        if is_new {
            self.storage.announce(Changed::Sync);
        }
    }
}
