//! Reading: a mysqldump to events, and a SQLite script into staging.

use std::fs::File;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tools::generator::{Defects, DumpDialect};

use super::alone::{What, measured_alone};
use super::{MIB, float, place, timed, write, write_dump};
use crate::sync::report::{Report, Target};

const PART: &str = "reader";

/// So much of the dump goes to sqlparser, which takes its time.
const PARSED_MIB: u64 = 32;

/// About how much one order takes in the dump, with its lines and its share of a customer.
const BYTES_PER_ORDER: u64 = 200;

pub(super) fn measure(dump_mib: u64, report: &mut Report) -> Result<()> {
    let folder = place()?;
    let dump = folder.path().join("werkstatt.sql");
    let orders = dump_mib * MIB / BYTES_PER_ORDER;
    let truth = write(&dump, DumpDialect::MySql, orders, Defects::default())?;
    let ours = measured_alone(What::Events, &dump)?;
    let rows: u64 = truth.rows.values().sum();
    ensure!(
        ours["rows"].as_u64() == Some(rows),
        "the reader gave {} rows, {rows} were written",
        ours["rows"]
    );
    let rate = float(truth.bytes) / float(MIB) / seconds(&ours)?;
    report.add(
        PART,
        "mysqldump with INSERTs of 1 MiB",
        float(truth.bytes / MIB),
        "MiB",
    );
    report.judge(PART, "to events", rate, "MiB/s", Target::AtLeast(300.0));
    report.add(
        PART,
        "rows to events",
        float(rows) / seconds(&ours)?,
        "rows/s",
    );
    let peak = float(ours["peak_memory_bytes"].as_u64().unwrap_or_default()) / float(MIB);
    report.judge(
        PART,
        "peak memory of the process",
        peak,
        "MiB",
        Target::AtMost(64.0),
    );

    let part = folder.path().join("part.sql");
    let orders = PARSED_MIB.min(dump_mib) * MIB / BYTES_PER_ORDER;
    write(&part, DumpDialect::MySql, orders, Defects::default())?;
    let theirs = measured_alone(What::Sqlparser, &part)?;
    let bytes = theirs["bytes"].as_u64().unwrap_or_default();
    let parsed = float(bytes) / float(MIB) / seconds(&theirs)?;
    report.add(PART, "sqlparser, statement by statement", parsed, "MiB/s");
    report.judge(
        PART,
        "to events, times sqlparser",
        rate / parsed,
        "times",
        Target::AtLeast(10.0),
    );
    Ok(())
}

pub(super) fn measure_staging(orders: u64, report: &mut Report) -> Result<()> {
    let part = "staging";
    let folder = place()?;
    let dump = folder.path().join("werkstatt.sqlite.sql");
    let truth = write_dump(&dump, DumpDialect::Sqlite, orders)?;
    let ours = measured_alone(What::Staging, &dump)?;
    let rows: u64 = truth.rows.values().sum();
    ensure!(
        ours["rows"].as_u64() == Some(rows),
        "{} rows are staged, {rows} were written",
        ours["rows"]
    );
    report.add(
        part,
        "SQLite script into staging",
        float(rows) / seconds(&ours)?,
        "rows/s",
    );
    let peak = float(ours["peak_memory_bytes"].as_u64().unwrap_or_default()) / float(MIB);
    report.add(part, "peak memory of the process", peak, "MiB");

    let mut shell = Command::new("sqlite3");
    shell
        .arg(folder.path().join("engine.sqlite"))
        .stdin(File::open(&dump)?);
    let theirs = timed(shell).context("the SQLite shell: `apt-get install sqlite3`")?;
    report.add(
        part,
        "sqlite3 < dump",
        float(rows) / theirs.as_secs_f64(),
        "rows/s",
    );
    report.judge(
        part,
        "into staging, of the speed of sqlite3 < dump",
        theirs.as_secs_f64() / seconds(&ours)? * 100.0,
        "%",
        Target::AtLeast(70.0),
    );
    Ok(())
}

fn seconds(measured: &Value) -> Result<f64> {
    measured["seconds"].as_f64().context("no seconds")
}
