//! Many branches at one hub: each exchanges every few seconds over HTTP, on a connection of its own, whatever the others do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use shared::domain::Catalogue;
use shared::id::BranchId;
use tests::firm::Hub;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::process::Usage;
use super::progress::{Progress, say};
use super::report::{Report, Target};
use super::simulated::Simulated;
use super::{feed, place};

const PART: &str = "many";

/// The slowest of a hundred exchanges.
const P99_MILLISECONDS: f64 = 50.0;

/// Exchanges in a hundred that bring a change, on a busy day: each branch changes an order every 25 seconds.
const USUAL_PERCENT: u32 = 20;

/// The cost of an exchange may not follow the number of stored orders; deeper trees and colder caches are granted.
const GROWTH: f64 = 1.5;

/// Between two exchanges of one branch.
const EVERY: Duration = Duration::from_secs(5);

/// Exchanges of each branch in one measurement.
const ROUNDS: u32 = 6;

/// Branches that push their stock at the same time, before anything is measured.
const PUSH_AT_ONCE: usize = 4;

/// Orders in one message.
const BATCH: usize = 1_000;

/// How large the firm is.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) branches: usize,
    /// Orders stored at the hub, ascending; each is measured.
    pub(crate) stored: Vec<usize>,
}

/// Measures at each number of stored orders: nothing new anywhere, some changes, a change in each exchange.
///
/// # Errors
/// When the hub or a join fails. Failed exchanges are counted.
pub(crate) async fn measure(size: &Size, report: &mut Report) -> Result<()> {
    say(format_args!("{} branches at one hub", size.branches));
    let directory = place()?;
    let hub = Hub::start(&directory.path().join("hub")).await?;
    let mut firm = Firm::open(&hub, size.branches).await?;
    let mut stored = 0;
    let mut costs = Vec::new();
    for &orders in &size.stored {
        firm.store(&hub, orders.saturating_sub(stored)).await?;
        stored = orders;
        for changes_percent in [0, USUAL_PERCENT, 100] {
            let busy = firm.exchange(&hub, changes_percent).await?;
            note(orders, changes_percent, size.branches, &busy, report);
            if changes_percent == USUAL_PERCENT {
                costs.push((orders, busy.hub_micros_per_exchange()));
            }
        }
        if let [(least, few), .., (most, many)] = costs[..] {
            let name = format!("hub's processor an exchange, {most} / {least} stored");
            report.judge(PART, &name, many / few, "times", Target::AtMost(GROWTH));
        }
        let usage = Usage::of(hub.process().id())?;
        report.add(
            PART,
            &format!("memory of the hub, {orders} orders stored"),
            mebibytes(usage.resident_bytes),
            "MiB",
        );
    }
    hub.process().terminate().await?;
    Ok(())
}

/// One measurement's exchanges.
#[derive(Debug, Default)]
struct Busy {
    /// From when each was due until its answer was read; sorted.
    times: Vec<Duration>,
    received: usize,
    failures: Vec<String>,
    hub_processor: Duration,
    took: Duration,
}

impl Busy {
    fn hub_micros_per_exchange(&self) -> f64 {
        self.hub_processor.as_secs_f64() * 1e6 / super::count(self.times.len().max(1))
    }
}

fn note(orders: usize, changes_percent: u32, branches: usize, busy: &Busy, report: &mut Report) {
    let name = format!("{branches} branches, {orders} stored, {changes_percent} % with a change");
    let at = |percent: usize| {
        let rank = (busy.times.len() * percent).div_ceil(100).max(1);
        busy.times
            .get(rank - 1)
            .map_or(f64::INFINITY, |time| time.as_secs_f64() * 1e3)
    };
    report.add(PART, &format!("{name}: p50"), at(50), "ms");
    report.judge(
        PART,
        &format!("{name}: p99"),
        at(99),
        "ms",
        Target::AtMost(P99_MILLISECONDS),
    );
    report.add(
        PART,
        &format!("{name}: processor, hub"),
        busy.hub_micros_per_exchange(),
        "us/exch.",
    );
    report.add(
        PART,
        &format!("{name}: hub busy"),
        busy.hub_processor.as_secs_f64() / busy.took.as_secs_f64(),
        "cores",
    );
    report.add(
        PART,
        &format!("{name}: received"),
        super::count(busy.received),
        "documents",
    );
    report.judge(
        PART,
        &format!("{name}: failed"),
        super::count(busy.failures.len()),
        "exchanges",
        Target::AtMost(0.0),
    );
    if let Some(first) = busy.failures.first() {
        say(format_args!("the first failure: {first}"));
    }
}

/// All branches, and what they sell.
struct Firm {
    branches: Vec<Simulated>,
    catalogue: Arc<Catalogue>,
}

impl Firm {
    async fn open(hub: &Hub, count: usize) -> Result<Self> {
        let progress = Progress::of("branches joined", count);
        let mut branches = Vec::with_capacity(count);
        for number in 0..count {
            branches.push(Simulated::join(hub, &format!("Filiale {number}")).await?);
            progress.step();
        }
        let documents = feed::read(&feed::encoded(hub).await?)?;
        let catalogue = Arc::new(Catalogue::from_documents(&documents));
        Ok(Self {
            branches,
            catalogue,
        })
    }

    /// Spreads so many more orders over the branches; afterwards each is up to date.
    async fn store(&mut self, hub: &Hub, orders: usize) -> Result<()> {
        let progress = Arc::new(Progress::of("orders stored at the hub", orders));
        let count = self.branches.len();
        let ids: Vec<BranchId> = self.branches.iter().map(|branch| branch.branch).collect();
        let mut waiting = std::mem::take(&mut self.branches).into_iter().enumerate();
        let mut pushing: JoinSet<Result<Simulated>> = JoinSet::new();
        loop {
            while pushing.len() < PUSH_AT_ONCE
                && let Some((number, mut branch)) = waiting.next()
            {
                let share = orders / count + usize::from(number < orders % count);
                let neighbour = ids[(number + 1) % count];
                let (catalogue, progress) = (Arc::clone(&self.catalogue), Arc::clone(&progress));
                pushing.spawn(async move {
                    let mut left = share;
                    while left > 0 {
                        let batch = left.min(BATCH);
                        branch.push_orders(batch, &catalogue, neighbour).await?;
                        progress.advance(batch);
                        left -= batch;
                    }
                    Ok(branch)
                });
            }
            match pushing.join_next().await {
                Some(branch) => self.branches.push(branch??),
                None => break,
            }
        }
        let head = feed::head(hub).await?;
        for branch in &mut self.branches {
            branch.is_up_to(head);
        }
        Ok(())
    }

    /// Every branch exchanges in its own beat, evenly spread; so many percent of the exchanges bring a change.
    async fn exchange(&mut self, hub: &Hub, changes_percent: u32) -> Result<Busy> {
        let before = Usage::of(hub.process().id())?;
        let start = Instant::now() + Duration::from_millis(200);
        let count = u32::try_from(self.branches.len())?;
        let mut running = JoinSet::new();
        for (number, mut branch) in (0_u32..).zip(std::mem::take(&mut self.branches)) {
            let catalogue = Arc::clone(&self.catalogue);
            running.spawn(async move {
                let mut busy = Busy::default();
                for round in 0..ROUNDS {
                    let due = start + EVERY * round + EVERY * number / count;
                    sleep_until(due).await;
                    let is_change = (number * 37 + round * 61) % 100 < changes_percent;
                    let outcome = exchange(&mut branch, is_change, &catalogue).await;
                    match outcome {
                        Ok(received) => {
                            busy.times.push(due.elapsed());
                            busy.received += received;
                        }
                        Err(error) => busy.failures.push(format!("{error:#}")),
                    }
                }
                (branch, busy)
            });
        }
        let mut all = Busy::default();
        while let Some(done) = running.join_next().await {
            let (branch, busy) = done.context("a branch's task has ended early")?;
            self.branches.push(branch);
            all.times.extend(busy.times);
            all.received += busy.received;
            all.failures.extend(busy.failures);
        }
        all.times.sort_unstable();
        all.took = start.elapsed();
        let after = Usage::of(hub.process().id())?;
        all.hub_processor = after.processor.saturating_sub(before.processor);
        Ok(all)
    }
}

async fn exchange(branch: &mut Simulated, is_change: bool, catalogue: &Catalogue) -> Result<usize> {
    let mut exchanged = if is_change {
        branch.exchange_one_change(catalogue).await?
    } else {
        branch.exchange_nothing().await?
    };
    let mut received = exchanged.received;
    while exchanged.more {
        exchanged = branch.exchange_nothing().await?;
        received += exchanged.received;
    }
    Ok(received)
}

fn mebibytes(bytes: u64) -> f64 {
    super::to_f64(bytes) / f64::from(1 << 20)
}
