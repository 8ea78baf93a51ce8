//! Into a running hub over HTTP, acknowledged when durable; its lists follow.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tests::firm::{Firm, Import};
use tools::generator::DumpDialect;

use super::end_to_end::agrees;
use super::{float, write_dump};
use crate::sync::report::Report;

const PART: &str = "hub";

/// The branches of the generated firm.
const BRANCHES: [&str; 4] = ["Chur", "Davos", "Arosa", "Glarus"];

pub(super) async fn measure(orders: u64, report: &mut Report) -> Result<()> {
    let firm = Firm::open([]).await?;
    for name in BRANCHES {
        firm.hub.new_branch(name, "ch").await?;
    }
    let dump = firm.directory().join("werkstatt.sql");
    let truth = write_dump(&dump, DumpDialect::MySql, orders)?;
    let rows: u64 = truth.rows.values().sum();
    let import = Import::planned(&dump, "Chur").await?;
    let begun = Instant::now();
    let ran = import.run(&firm.hub).await?;
    let taken = begun.elapsed().as_secs_f64();
    agrees(&ran, &truth)?;
    report.add(PART, "orders", float(orders), "");
    report.add(
        PART,
        "dump to the running hub, durable there",
        float(rows) / taken,
        "rows/s",
    );
    let migrated = truth.ledger["Aufträge"].migrated;
    let migrated = usize::try_from(migrated).context("too many orders")?;
    let mut listed = firm.hub.count_orders().await?;
    while listed < migrated {
        ensure!(
            begun.elapsed().as_secs_f64() < taken * 20.0 + 60.0,
            "the hub lists {listed} of {migrated} orders and comes no further"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        listed = firm.hub.count_orders().await?;
    }
    report.add(
        PART,
        "until the hub's lists have all of it",
        float(rows) / begun.elapsed().as_secs_f64(),
        "rows/s",
    );
    let begun = Instant::now();
    import.verify(&firm.hub).await?;
    report.add(
        PART,
        "verify",
        float(rows) / begun.elapsed().as_secs_f64(),
        "rows/s",
    );
    firm.close().await
}
