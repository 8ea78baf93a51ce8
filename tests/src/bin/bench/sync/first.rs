//! First synchronisation: everything that one branch holds goes to an empty hub, then to an empty machine. Real processes,
//! real HTTP, everything durable before it counts.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::firm::{Hub, Member};

use super::counters::Counters;
use super::feed;
use super::machine::{Invitation, Machine, cursor, documents, pending};
use super::process::Usage;
use super::progress::say;

/// One direction of a first synchronisation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) orders: usize,
    pub(crate) time: Duration,
    /// Bytes on the line, both ways, HTTP included.
    pub(crate) bytes: u64,
    /// Processor time of the branch's process and of the hub's.
    pub(crate) branch_processor: Duration,
    pub(crate) hub_processor: Duration,
    /// Until everything that came was in the receiver's lists and search as well.
    pub(crate) listed: Option<Duration>,
    /// Documents that should have come and have not, although the product says that it is complete.
    pub(crate) missing: u64,
}

impl Run {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of orders are far below 2^53"
    )]
    pub(crate) fn orders_per_second(&self) -> f64 {
        self.orders as f64 / self.time.as_secs_f64()
    }

    /// The same until everything was in the lists as well.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of orders are far below 2^53"
    )]
    pub(crate) fn listed_per_second(&self) -> Option<f64> {
        Some(self.orders as f64 / self.listed?.as_secs_f64())
    }

    /// What was timed went on until the lists had it; everything was durable before that.
    fn acknowledged_after(mut self, durable: Duration) -> Self {
        self.listed = Some(std::mem::replace(&mut self.time, durable));
        self
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "bytes on a line are far below 2^53"
    )]
    pub(crate) fn bytes_per_order(&self) -> f64 {
        self.bytes as f64 / self.orders.max(1) as f64
    }

    pub(crate) fn processor_micros_per_order(&self) -> (f64, f64) {
        let of = |time: Duration| {
            time.as_secs_f64() * 1e6
                / f64::from(u32::try_from(self.orders.max(1)).unwrap_or(u32::MAX))
        };
        (of(self.branch_processor), of(self.hub_processor))
    }
}

/// A hub with one branch whose machine holds orders that the hub does not have yet.
pub(crate) struct Shop {
    pub(crate) hub: Hub,
    pub(crate) anna: Member,
    pub(crate) invitation: Invitation,
    pub(crate) machine: Machine,
    pub(crate) orders: Vec<String>,
}

impl Shop {
    /// Opens hub and branch below `directory` and takes in so many orders with the line down.
    pub(crate) async fn offline_with(directory: &Path, orders: usize) -> Result<Self> {
        let mut shop = Self::open(directory).await?;
        shop.machine.line.refuse();
        let counters = Counters::open(&shop.machine, &shop.anna).await?;
        let start = Instant::now();
        shop.orders = counters.take_in(orders, None).await?;
        say(format_args!(
            "{orders} orders taken in offline in {:.1} s",
            start.elapsed().as_secs_f64()
        ));
        Ok(shop)
    }

    /// A hub, a branch that has its catalogue, and somebody who may work there.
    pub(crate) async fn open(directory: &Path) -> Result<Self> {
        let hub = Hub::start(&directory.join("hub")).await?;
        let anna = hub.hire("Anna Caduff", "counter", "1357").await?;
        let invitation = Invitation::to_new_branch(&hub, "Chur").await?;
        let mut machine = Machine::join(&hub, &invitation, "Chur", &directory.join("chur")).await?;
        machine.start().await?;
        machine.sign_in(&anna).await?;
        Ok(Self {
            hub,
            anna,
            invitation,
            machine,
            orders: Vec::new(),
        })
    }

    /// The line comes up; times until the hub has acknowledged everything, and until the hub's lists have it as well and both
    /// are proven identical, to which the processor time goes up.
    pub(crate) async fn push(&mut self) -> Result<Run> {
        let waiting = pending(&self.machine.status().await?);
        ensure!(
            waiting >= self.orders.len() as u64,
            "only {waiting} documents wait; the line was not down"
        );
        let clock = Clock::set(&self.hub, &self.machine)?;
        self.machine.line.mend();
        let start = first_byte(&self.machine).await?;
        self.machine
            .wait("the hub has everything", |status| pending(status) == 0)
            .await?;
        let durable = start.elapsed();
        self.machine.wait("both are identical", is_proven).await?;
        let run = clock.read(&self.hub, &self.machine, self.orders.len(), start)?;
        Ok(run.acknowledged_after(durable))
    }

    /// Another machine of the same branch starts from nothing; times until everything is there and durable, and until it is
    /// in the lists as well, to which the processor time goes up. It is still running after.
    pub(crate) async fn pull(&self, directory: &Path) -> Result<(Run, Machine)> {
        let invitation = Invitation::to_branch(&self.hub, &self.invitation.branch).await?;
        let mut machine = Machine::join(&self.hub, &invitation, "Chur 2", directory).await?;
        // Started without a line, so that the start of a program is not counted as synchronisation.
        machine.line.refuse();
        machine.start().await?;
        machine.status().await?;
        // What was pushed in bulk is in the hub's lists only a little later, and what a new machine gets is read from them.
        self.machine
            .wait("the first machine is proven identical", is_proven)
            .await?;
        // Joining has changed the branch's own document, so this is further than the first machine was.
        let head = feed::head(&self.hub).await?;
        let clock = Clock::set(&self.hub, &machine)?;
        machine.line.mend();
        let start = first_byte(&machine).await?;
        let is_complete =
            |status: &Value| cursor(status) >= head && status["complete_at"].is_string();
        machine.wait("everything has come", is_complete).await?;
        let durable = start.elapsed();
        let is_listed = |status: &Value| is_complete(status) && status["lists_follow"] == false;
        let status = machine
            .wait("everything is in the lists", is_listed)
            .await?;
        let run = clock.read(&self.hub, &machine, self.orders.len(), start)?;
        let mut run = run.acknowledged_after(durable);
        let first = self
            .machine
            .wait("the first machine is complete", |status| {
                cursor(status) >= head
            });
        run.missing = documents(&first.await?).saturating_sub(documents(&status));
        Ok((run, machine))
    }

    /// Ends everything; complains when something does not end well.
    pub(crate) async fn close(mut self) -> Result<()> {
        self.machine.stop().await?;
        let status = self.hub.process().terminate().await?;
        ensure!(status.success(), "the hub ended with {status}");
        Ok(())
    }
}

/// Nothing waits, and the hub has proven to have the same.
fn is_proven(status: &Value) -> bool {
    pending(status) == 0 && status["identical"] == true
}

/// What was used before, to be taken from what is used after.
struct Clock {
    branch: Usage,
    hub: Usage,
    bytes: u64,
}

impl Clock {
    fn set(hub: &Hub, machine: &Machine) -> Result<Self> {
        Ok(Self {
            branch: machine.usage()?,
            hub: Usage::of(hub.process().id())?,
            bytes: bytes(machine),
        })
    }

    fn read(self, hub: &Hub, machine: &Machine, orders: usize, start: Instant) -> Result<Run> {
        let time = start.elapsed();
        let now = Self::set(hub, machine)?;
        Ok(Run {
            orders,
            time,
            bytes: now.bytes - self.bytes,
            branch_processor: now.branch.processor.saturating_sub(self.branch.processor),
            hub_processor: now.hub.processor.saturating_sub(self.hub.processor),
            listed: None,
            missing: 0,
        })
    }
}

/// Bytes that have passed on a machine's line, both ways.
pub(crate) fn bytes(machine: &Machine) -> u64 {
    machine.line.requested_bytes() + machine.line.answered_bytes()
}

/// When the machine has begun to talk again after its line came up: it tries after a pause with jitter, which is no work.
pub(crate) async fn first_byte(machine: &Machine) -> Result<Instant> {
    /// Longer than the longest pause between two tries.
    const TALKS_WITHIN: Duration = Duration::from_secs(40);
    let before = machine.line.sent_bytes();
    let talks = async {
        while machine.line.sent_bytes() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Instant::now()
    };
    let talks = tokio::time::timeout(TALKS_WITHIN, talks).await;
    talks.context("the machine does not talk to the hub although its line is up")
}
