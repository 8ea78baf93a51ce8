//! The whole way: a dump becomes a durable hub store, and is compared with it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tools::generator::{BookTruth, DumpDialect};

use super::{MIB, float, importer, place, plan, text, write_dump};
use crate::sync::process::bytes_on_disk;
use crate::sync::report::{Report, Target};

const PART: &str = "store";

/// What a live server's rows take elsewhere, by its makers' own figures, and what is to be beaten.
const ROWS_PER_SECOND: f64 = 130_000.0;

const PEAK_MIB: f64 = 256.0;

pub(super) fn measure(orders: u64, report: &mut Report) -> Result<()> {
    let folder = place()?;
    let dump = folder.path().join("werkstatt.sql");
    let work = folder.path().join("work");
    let truth = write_dump(&dump, DumpDialect::MySql, orders)?;
    let rows: u64 = truth.rows.values().sum();
    report.add(PART, "orders", float(orders), "");
    report.add(PART, "source rows", float(rows), "");
    let plan = plan(&dump, &work)?;
    let store = folder.path().join("store");
    let arguments = ["--plan", text(&plan)?, "--store", text(&store)?, "--json"];

    let (ran, taken) = importer(&[&["run"], &arguments[..]].concat(), &work)?;
    agrees(&ran, &truth)?;
    let rate = float(rows) / taken.as_secs_f64();
    report.judge(
        PART,
        "dump to durable store",
        rate,
        "rows/s",
        Target::AtLeast(ROWS_PER_SECOND),
    );
    report.judge(
        PART,
        "run: peak memory",
        peak(&ran),
        "MiB",
        Target::AtMost(PEAK_MIB),
    );
    let on_disk = float(bytes_on_disk(&store)?);
    report.add(
        PART,
        "store on disk, an order with all its rows",
        on_disk / float(orders),
        "B",
    );

    let (verified, taken) = importer(&[&["verify"], &arguments[..]].concat(), &work)?;
    agrees(&verified, &truth)?;
    let verify_rate = float(rows) / taken.as_secs_f64();
    report.judge(
        PART,
        "verify",
        verify_rate,
        "rows/s",
        Target::AtLeast(ROWS_PER_SECOND),
    );
    report.judge(
        PART,
        "verify, of the speed of run",
        verify_rate / rate * 100.0,
        "%",
        Target::AtLeast(100.0),
    );
    report.judge(
        PART,
        "verify: peak memory",
        peak(&verified),
        "MiB",
        Target::AtMost(PEAK_MIB),
    );
    Ok(())
}

fn peak(report: &Value) -> f64 {
    float(report["peak_memory_bytes"].as_u64().unwrap_or_default()) / float(MIB)
}

/// The report's ledger against what the generator planted.
pub(super) fn agrees(report: &Value, truth: &BookTruth) -> Result<()> {
    ensure!(
        report["difference_count"] == 0,
        "differences: {}",
        report["differences"]
    );
    for (table, expected) in &truth.ledger {
        let sums = report["ledger"][table]
            .as_object()
            .with_context(|| format!("{table} is in no ledger"))?;
        let count = |fate: &str| sums[fate].as_u64().unwrap_or_default();
        let found = (count("migrated"), count("embedded"), count("rejected"));
        ensure!(
            found == (expected.migrated, expected.embedded, expected.rejected)
                && count("source") == truth.rows[table],
            "{table}: {sums:?}, expected {expected:?}"
        );
    }
    Ok(())
}
