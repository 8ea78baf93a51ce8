//! Bytes on the line, HTTP included, as a proxy between a branch and the hub counts them.

use anyhow::Result;
use serde_json::Value;

use super::counters::Counters;
use super::first::{Shop, bytes};
use super::http::{Trip, trips};
use super::machine::{Machine, pending};
use super::place;
use super::progress::say;
use super::report::{Report, Target};

const PART: &str = "wire";

/// For a new order in bulk.
const BULK_BYTES: f64 = 120.0;

/// For one changed field, everything that follows from it included.
const CHANGE_BYTES: f64 = 600.0;

/// For an exchange that finds nothing changed.
const NOTHING_BYTES: f64 = 300.0;

/// Kept of each connection: far more than a few small messages have.
const KEPT_BYTES: usize = 1 << 20;

/// Changes that are measured; the median counts.
const CHANGES: usize = 5;

/// Measures with so many orders held.
///
/// # Errors
/// When the product fails.
pub(crate) async fn measure(orders: usize, report: &mut Report) -> Result<()> {
    say(format_args!("bytes on the wire, {orders} orders held"));
    let directory = place()?;
    let mut shop = Shop::offline_with(directory.path(), orders).await?;
    let push = shop.push().await?.bytes_per_order();
    report.judge(
        PART,
        "a new order in bulk, pushed",
        push,
        "B/order",
        Target::AtMost(BULK_BYTES),
    );
    let (pull, mut second) = shop.pull(&directory.path().join("chur-2")).await?;
    let pull = pull.bytes_per_order();
    report.judge(
        PART,
        "a new order in bulk, pulled",
        pull,
        "B/order",
        Target::AtMost(BULK_BYTES),
    );
    second.stop().await?;

    let machine = &shop.machine;
    quiet(machine).await?;
    machine.line.listen_in(KEPT_BYTES);
    machine.line.drop_connections();
    let nothing = heard_exchange(machine).await?;
    note(&nothing, "nothing changed", report);
    report.judge(
        PART,
        "nothing changed: in all",
        super::count(nothing.bytes()),
        "B",
        Target::AtMost(NOTHING_BYTES),
    );

    let counters = Counters::open(machine, &shop.anna).await?;
    let (mut all, mut exchanges) = (Vec::new(), Vec::new());
    for round in 0..CHANGES {
        quiet(machine).await?;
        let before = bytes(machine);
        let heard = exchanges_heard(machine).len();
        counters
            .promise_another_day(&shop.orders[round..=round], round)
            .await?;
        machine
            .wait("the change is at the hub", |status| pending(status) == 0)
            .await?;
        quiet(machine).await?;
        all.push(super::to_f64(bytes(machine) - before));
        exchanges.extend(
            exchanges_heard(machine)
                .into_iter()
                .skip(heard)
                .max_by_key(|trip| trip.request_body_bytes),
        );
    }
    exchanges.sort_by_key(Trip::bytes);
    if let Some(exchange) = exchanges.get(exchanges.len() / 2) {
        note(exchange, "one changed field", report);
        report.add(
            PART,
            "one changed field: the exchange that carries it",
            super::count(exchange.bytes()),
            "B",
        );
    }
    all.sort_by(f64::total_cmp);
    let median = all[all.len() / 2];
    report.judge(
        PART,
        "one changed field: in all, until proven identical",
        median,
        "B",
        Target::AtMost(CHANGE_BYTES),
    );
    shop.close().await
}

/// What an exchange is made of.
fn note(trip: &Trip, name: &str, report: &mut Report) {
    let parts = [
        ("request, head", trip.request_head_bytes),
        ("request, message", trip.request_body_bytes),
        ("answer, head", trip.answer_head_bytes),
        ("answer, message", trip.answer_body_bytes),
    ];
    for (part, bytes) in parts {
        report.add(PART, &format!("{name}: {part}"), super::count(bytes), "B");
    }
}

/// Both sides are proven to hold the same, and nothing more is said about it.
async fn quiet(machine: &Machine) -> Result<()> {
    let is_proven = |status: &Value| pending(status) == 0 && status["identical"] == true;
    machine
        .wait("branch and hub are proven identical", is_proven)
        .await?;
    Ok(())
}

/// The first exchange since the line is listened to.
async fn heard_exchange(machine: &Machine) -> Result<Trip> {
    tests::wait_until("the machine exchanges", async || {
        exchanges_heard(machine).into_iter().next()
    })
    .await
}

fn exchanges_heard(machine: &Machine) -> Vec<Trip> {
    let heard = machine.line.heard();
    let trips = heard
        .iter()
        .flat_map(|heard| trips(&heard.requests, &heard.answers));
    trips.filter(Trip::is_exchange).collect()
}
