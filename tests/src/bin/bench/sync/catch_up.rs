//! A branch comes back after a day without a line, over a slow one.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::counters::Counters;
use super::first::{Shop, bytes, first_byte};
use super::machine::{Machine, cursor, pending};
use super::place;
use super::progress::say;
use super::report::{Report, Target};

const PART: &str = "catch-up";

/// Until everything is there.
const SECONDS: f64 = 2.0;

/// 1 Mbit/s.
const BYTES_PER_SECOND: u32 = 125_000;

/// One way; a round trip takes twice that, 100 ms.
const LATENCY: Duration = Duration::from_millis(50);

/// Measures with so many orders held, `changed` of which change while one of two machines is cut off: elsewhere, then here.
///
/// # Errors
/// When the product fails.
pub(crate) async fn measure(orders: usize, changed: usize, report: &mut Report) -> Result<()> {
    say(format_args!(
        "catching up with {changed} of {orders} orders"
    ));
    let directory = place()?;
    let mut shop = Shop::offline_with(directory.path(), orders).await?;
    shop.push().await?;
    let (_, mut second) = shop.pull(&directory.path().join("chur-2")).await?;
    let is_proven = |status: &Value| pending(status) == 0 && status["identical"] == true;
    second
        .wait("the second machine is proven identical", is_proven)
        .await?;

    second.line.refuse();
    a_day(
        &Counters::open(&shop.machine, &shop.anna).await?,
        &shop.orders[..changed],
    )
    .await?;
    let status = shop
        .machine
        .wait("the first machine is quiet", is_proven)
        .await?;
    let head = cursor(&status);
    let caught_up = |status: &Value| cursor(status) >= head;
    let (time, received) = come_back(&second, caught_up).await?;
    note(
        &format!("{changed} orders changed elsewhere"),
        time,
        received,
        report,
    );

    let counters = Counters::open(&second, &shop.anna).await?;
    second.line.mend();
    second
        .wait("the second machine is proven identical", is_proven)
        .await?;
    second.line.refuse();
    let own = shop.orders.len() - changed;
    a_day(&counters, &shop.orders[own..]).await?;
    let (time, sent) = come_back(&second, |status| pending(status) == 0).await?;
    note(
        &format!("{changed} orders changed here"),
        time,
        sent,
        report,
    );
    drop(counters);
    second.stop().await?;
    shop.close().await
}

/// Each order gets two changes.
async fn a_day(counters: &Counters<'_>, orders: &[String]) -> Result<()> {
    counters.promise_another_day(orders, 20).await?;
    counters.begin_work(orders).await
}

/// The line is there again, slow; times from the machine's first word until `is_done`.
async fn come_back(machine: &Machine, is_done: impl Fn(&Value) -> bool) -> Result<(Duration, u64)> {
    let before = bytes(machine);
    machine.line.mend();
    machine.line.throttle(LATENCY, BYTES_PER_SECOND);
    let start: Instant = first_byte(machine).await?;
    machine.wait("it has caught up", is_done).await?;
    Ok((start.elapsed(), bytes(machine) - before))
}

fn note(name: &str, time: Duration, bytes: u64, report: &mut Report) {
    let name = format!("{name}, 1 Mbit/s and 100 ms");
    report.judge(
        PART,
        &name,
        time.as_secs_f64(),
        "s",
        Target::AtMost(SECONDS),
    );
    report.add(
        PART,
        &format!("{name}: on the wire"),
        super::to_f64(bytes),
        "B",
    );
}
