//! First synchronisation beside the floor and the peers, all with the same orders, one after the other in one run.

use std::path::Path;

use anyhow::Result;

use super::first::{Run, Shop};
use super::peers::{self, PouchHub, Step};
use super::progress::say;
use super::report::{Report, Target};
use super::{feed, floor, place};

const PART: &str = "first";

/// Against PouchDB over HTTP: documents a second, times as many.
const TIMES_POUCHDB: f64 = 10.0;

/// Against RouchDB without any network.
const TIMES_ROUCHDB: f64 = 1.0;

/// Against the floor.
const OF_THE_FLOOR: f64 = 0.6;

/// On the wire, for a new order in bulk.
const BYTES_AN_ORDER: f64 = 120.0;

/// One product, one direction each.
#[derive(Clone, Copy, Debug)]
struct Rates {
    push: Rate,
    pull: Rate,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    orders_per_second: f64,
    /// Of the processor, both sides together.
    processor_micros_per_order: f64,
}

impl Rate {
    fn of(orders: usize, step: Step) -> Self {
        let orders = super::count(orders);
        Self {
            orders_per_second: orders / step.milliseconds * 1e3,
            processor_micros_per_order: step.processor_milliseconds * 1e3 / orders,
        }
    }
}

/// Measures everything with so many orders.
///
/// # Errors
/// When the product itself fails. A peer that cannot be had is left out and said so.
pub(crate) async fn measure(orders: usize, report: &mut Report) -> Result<()> {
    say(format_args!("first synchronisation of {orders} orders"));
    let directory = place()?;
    let mut shop = Shop::offline_with(directory.path(), orders).await?;
    let push = shop.push().await?;
    let (pull, mut second) = shop.pull(&directory.path().join("chur-2")).await?;
    second.stop().await?;
    let encoded = feed::encoded(&shop.hub).await?;
    shop.close().await?;
    note_own(orders, push, pull, report);
    let ours = [push, pull].map(|run| run.orders_per_second());

    let mut all = feed::read(&encoded)?;
    let held: Vec<Vec<u8>> = encoded
        .iter()
        .zip(&all)
        .filter(|(_, document)| feed::is_order(document))
        .map(|(bytes, _)| bytes.clone())
        .collect();
    let floor = floor::measure(&held, directory.path()).await?;
    let rates = Rates {
        push: Rate::of(orders, floor.push),
        pull: Rate::of(orders, floor.pull),
    };
    note_peer("floor", orders, rates, ours, OF_THE_FLOOR, report);

    let documents = directory.path().join("orders.ndjson");
    all.retain(feed::is_order);
    peers::write_documents(&all, &documents)?;
    match rouchdb(&documents, orders, directory.path()).await {
        Ok(rates) => note_peer("RouchDB", orders, rates, ours, TIMES_ROUCHDB, report),
        Err(error) => report.leave_out("RouchDB", &error),
    }
    match pouchdb(&documents, orders, directory.path(), report).await {
        Ok(rates) => note_peer("PouchDB", orders, rates, ours, TIMES_POUCHDB, report),
        Err(error) => report.leave_out("PouchDB", &error),
    }
    Ok(())
}

fn note_own(orders: usize, push: Run, pull: Run, report: &mut Report) {
    for (name, run) in [("push", push), ("pull", pull)] {
        let name = format!("{name} of {orders} orders");
        report.add(PART, &name, run.orders_per_second(), "orders/s");
        if let Some(listed) = run.listed_per_second() {
            let name = format!("{name}, until in lists and search");
            report.add(PART, &name, listed, "orders/s");
        }
        let (branch, hub) = run.processor_micros_per_order();
        report.add(
            PART,
            &format!("{name}: processor, branch"),
            branch,
            "us/order",
        );
        report.add(PART, &format!("{name}: processor, hub"), hub, "us/order");
        let bytes = run.bytes_per_order();
        report.judge(
            PART,
            &format!("{name}: on the wire"),
            bytes,
            "B/order",
            Target::AtMost(BYTES_AN_ORDER),
        );
    }
    let name = format!("pull of {orders} orders: documents that never came");
    report.judge(
        PART,
        &name,
        super::to_f64(pull.missing),
        "documents",
        Target::AtMost(0.0),
    );
}

/// The peer's rates, and what the product's are of them.
fn note_peer(
    peer: &str,
    orders: usize,
    theirs: Rates,
    ours: [f64; 2],
    times: f64,
    report: &mut Report,
) {
    let [push, pull] = ours;
    for (name, theirs, ours) in [("push", theirs.push, push), ("pull", theirs.pull, pull)] {
        let title = format!("{peer}: {name} of {orders} orders");
        report.add(PART, &title, theirs.orders_per_second, "orders/s");
        report.add(
            PART,
            &format!("{title}: processor"),
            theirs.processor_micros_per_order,
            "us/order",
        );
        let ratio = format!("{name} of {orders} orders / {peer}'s");
        report.judge(
            PART,
            &ratio,
            ours / theirs.orders_per_second,
            "times",
            Target::AtLeast(times),
        );
    }
}

async fn rouchdb(documents: &Path, orders: usize, directory: &Path) -> Result<Rates> {
    let rouch = peers::rouchdb(documents, directory).await?;
    Ok(Rates {
        push: Rate::of(orders, rouch.push),
        pull: Rate::of(orders, rouch.pull),
    })
}

async fn pouchdb(
    documents: &Path,
    orders: usize,
    directory: &Path,
    report: &mut Report,
) -> Result<Rates> {
    let hub = PouchHub::start(&directory.join("pouch-hub")).await?;
    let pouch = hub.measure(documents, orders, directory).await?;
    for (name, step) in [
        ("nothing changed", pouch.nothing),
        ("one changed field", pouch.one_change),
    ] {
        let name = format!("PouchDB: {name}, {orders} orders held");
        report.add(PART, &name, super::to_f64(step.bytes), "B");
    }
    report.add(
        PART,
        "PouchDB: push on the wire",
        super::to_f64(pouch.push.bytes) / super::count(orders),
        "B/order",
    );
    Ok(Rates {
        push: Rate::of(orders, pouch.push),
        pull: Rate::of(orders, pouch.pull),
    })
}
