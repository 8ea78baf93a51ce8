//! Bytes on disk after every order was changed many times, with the line up, as in a season.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::counters::Counters;
use super::first::Shop;
use super::machine::pending;
use super::process::bytes_on_disk;
use super::progress::say;
use super::report::{Report, Target};
use super::{feed, peers, place};

const PART: &str = "disk";

/// How often each order is changed.
const EDITS: usize = 20;

/// For an order in the store, edited so often.
const BYTES_AN_ORDER: f64 = 800.0;

/// What a branch and the hub have on disk.
#[derive(Clone, Copy, Debug)]
struct OnDisk {
    store: u64,
    all: u64,
}

impl OnDisk {
    fn of(directory: &Path) -> Result<Self> {
        Ok(Self {
            store: bytes_on_disk(&directory.join("store"))?,
            all: bytes_on_disk(directory)?,
        })
    }
}

/// Measures with so many orders.
///
/// # Errors
/// When the product fails.
pub(crate) async fn measure(orders: usize, report: &mut Report) -> Result<()> {
    say(format_args!(
        "bytes on disk, {orders} orders with {EDITS} edits each"
    ));
    let directory = place()?;
    let mut shop = Shop::open(directory.path()).await?;
    let places = [
        ("branch", shop.machine.data().to_owned()),
        ("hub", shop.hub.data().to_owned()),
    ];
    let is_quiet = |status: &Value| pending(status) == 0;
    shop.machine.wait("nothing waits", is_quiet).await?;
    let empty = [OnDisk::of(&places[0].1)?, OnDisk::of(&places[1].1)?];
    let counters = Counters::open(&shop.machine, &shop.anna).await?;
    let ids = counters.take_in(orders, None).await?;
    shop.machine.wait("nothing waits", is_quiet).await?;
    for (place, empty) in places.iter().zip(empty) {
        note(place, empty, orders, "new", None, report)?;
    }
    for round in 0..EDITS {
        say(format_args!("edit {} of {EDITS}", round + 1));
        counters.promise_another_day(&ids, round).await?;
    }
    shop.machine.wait("nothing waits", is_quiet).await?;
    let mut documents = feed::read(&feed::encoded(&shop.hub).await?)?;
    documents.retain(feed::is_order);
    let bytes: usize = documents
        .iter()
        .map(|order| shared::document::format::encode(order).len())
        .sum();
    report.add(
        PART,
        "an edited order as bytes",
        super::count(bytes / orders),
        "B/order",
    );
    shop.machine.stop().await?;
    shop.close().await?;
    for (place, empty) in places.iter().zip(empty) {
        note(
            place,
            empty,
            orders,
            "edited",
            Some(Target::AtMost(BYTES_AN_ORDER)),
            report,
        )?;
    }
    let file = directory.path().join("orders.ndjson");
    peers::write_documents(&documents, &file)?;
    match peers::pouch_bytes_on_disk(&file, EDITS, directory.path()).await {
        Ok(bytes) => report.add(
            PART,
            "PouchDB, edited and compacted",
            super::to_f64(bytes) / super::count(orders),
            "B/order",
        ),
        Err(error) => report.leave_out("PouchDB on disk", &error),
    }
    match peers::rouchdb(&file, directory.path()).await {
        Ok(rouch) => report.add(
            PART,
            "RouchDB, never edited",
            super::to_f64(rouch.hub_bytes) / super::count(orders),
            "B/order",
        ),
        Err(error) => report.leave_out("RouchDB on disk", &error),
    }
    Ok(())
}

/// What each order has added to what an empty place has.
fn note(
    (name, path): &(&str, std::path::PathBuf),
    empty: OnDisk,
    orders: usize,
    state: &str,
    target: Option<Target>,
    report: &mut Report,
) -> Result<()> {
    let now = OnDisk::of(path)?;
    let each =
        |now: u64, empty: u64| super::to_f64(now.saturating_sub(empty)) / super::count(orders);
    let store = each(now.store, empty.store);
    let lists = each(now.all - now.store, empty.all - empty.store);
    let title = format!("{name}, {state}: the store");
    match target {
        Some(target) => report.judge(PART, &title, store, "B/order", target),
        None => report.add(PART, &title, store, "B/order"),
    }
    report.add(
        PART,
        &format!("{name}, {state}: lists and search"),
        lists,
        "B/order",
    );
    if target.is_some() {
        report.add(
            PART,
            &format!("{name}: an empty place"),
            super::to_f64(empty.all),
            "B",
        );
    }
    Ok(())
}
