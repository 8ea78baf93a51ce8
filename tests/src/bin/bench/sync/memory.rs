//! Memory of a branch that holds many orders: while it receives them, and on an ordinary day after.

use anyhow::Result;
use serde_json::Value;

use super::counters::Counters;
use super::first::Shop;
use super::machine::pending;
use super::place;
use super::progress::say;
use super::report::{Report, Target};

const PART: &str = "memory";

/// Of a branch with 50,000 orders.
const MEBIBYTES: f64 = 150.0;

/// What people do before memory is looked at: searches, the day list.
const ASKED: [&str; 4] = [
    "/api/v1/search?q=meier",
    "/api/v1/search?q=caduff",
    "/api/v1/search?q=079",
    "/api/v1/today",
];

/// How often they do.
const TIMES: usize = 25;

/// Measures with so many orders.
///
/// # Errors
/// When the product fails.
pub(crate) async fn measure(orders: usize, report: &mut Report) -> Result<()> {
    say(format_args!("memory of a branch with {orders} orders"));
    let directory = place()?;
    let mut shop = Shop::offline_with(directory.path(), orders).await?;
    shop.push().await?;
    let pushed = shop.machine.usage()?;
    report.add(
        PART,
        "took everything in and pushed it: most",
        mebibytes(pushed.peak_bytes),
        "MiB",
    );
    let (_, mut second) = shop.pull(&directory.path().join("chur-2")).await?;
    let pulled = second.usage()?;
    report.judge(
        PART,
        "received everything: most",
        mebibytes(pulled.peak_bytes),
        "MiB",
        Target::AtMost(MEBIBYTES),
    );
    second.stop().await?;
    second.start().await?;
    let is_proven = |status: &Value| pending(status) == 0 && status["identical"] == true;
    second
        .wait("branch and hub are proven identical", is_proven)
        .await?;
    let counters = Counters::open(&second, &shop.anna).await?;
    for _ in 0..TIMES {
        for path in ASKED {
            counters.get(path).await?;
        }
    }
    let used = second.usage()?;
    report.judge(
        PART,
        "started again, proven and searched: now",
        mebibytes(used.resident_bytes),
        "MiB",
        Target::AtMost(MEBIBYTES),
    );
    report.add(
        PART,
        "started again, proven and searched: most",
        mebibytes(used.peak_bytes),
        "MiB",
    );
    let hub = super::process::Usage::of(shop.hub.process().id())?;
    report.add(
        PART,
        "the hub, everything pushed and pulled: most",
        mebibytes(hub.peak_bytes),
        "MiB",
    );
    second.stop().await?;
    shop.close().await
}

fn mebibytes(bytes: u64) -> f64 {
    super::to_f64(bytes) / f64::from(1 << 20)
}
