//! `bench import`: the importer at the sizes its measures speak of, each beside a peer or a floor of the same run.

mod alone;
mod end_to_end;
mod hub;
mod reader;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::Value;
use tools::generator::{BookOptions, BookTruth, Defects, DumpDialect, write_book};

use crate::sync::report::Report;
pub(crate) use alone::{Alone, run as run_alone};

/// How the importer is measured.
#[derive(Debug, Args)]
#[group(id = "import-options")]
pub(crate) struct Options {
    /// For `import`: only these parts, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    parts: Vec<Part>,
    /// For `import`: length of the mysqldump that the reader reads, in MiB.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=16_384))]
    dump_mib: Option<u64>,
    /// For `import`: orders that go into the running hub.
    #[arg(long, value_name = "N")]
    hub_orders: Option<u64>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A mysqldump to events, beside sqlparser.
    Reader,
    /// A SQLite script into staging, beside the SQLite shell.
    Staging,
    /// Dump to durable store, and back.
    Store,
    /// Dump to the running hub.
    Hub,
}

const MIB: u64 = 1024 * 1024;

/// As mysqldump closes its INSERTs.
const INSERT_BYTES: usize = 1024 * 1024;

/// What is wrong with one order in a thousand or so; every kind that does not end the comparison with other readers.
const DEFECTS_PER_MILLION: [(&str, u64); 12] = [
    ("mojibake", 200),
    ("phone_without_zero", 200),
    ("no_email", 200),
    ("zero_date", 400),
    ("placeholder_date", 100),
    ("unreadable_date", 50),
    ("labelled_date", 400),
    ("unknown_status", 50),
    ("status_spelling", 500),
    ("orphan_customer", 100),
    ("orphan_line", 100),
    ("rounded_line", 100),
];

/// Measures what is asked for. What fails is left out and said so; the rest is measured.
pub(crate) async fn measure(options: &Options, orders: Option<u64>, is_quick: bool) -> Report {
    let mut report = Report::default();
    let sizes = Sizes::of(options, orders, is_quick);
    for part in Part::value_variants() {
        if !options.parts.is_empty() && !options.parts.contains(part) {
            continue;
        }
        let measured = match part {
            Part::Reader => reader::measure(sizes.dump_mib, &mut report),
            Part::Staging => reader::measure_staging(sizes.staging_orders, &mut report),
            Part::Store => end_to_end::measure(sizes.orders, &mut report),
            Part::Hub => hub::measure(sizes.hub_orders, &mut report).await,
        };
        if let Err(error) = measured {
            report.leave_out(&format!("{part:?}"), &error);
        }
    }
    report
}

/// How much of everything.
struct Sizes {
    dump_mib: u64,
    staging_orders: u64,
    orders: u64,
    hub_orders: u64,
}

impl Sizes {
    fn of(options: &Options, orders: Option<u64>, is_quick: bool) -> Self {
        let usual = if is_quick {
            Self {
                dump_mib: 64,
                staging_orders: 20_000,
                orders: 20_000,
                hub_orders: 2_000,
            }
        } else {
            Self {
                dump_mib: 1_024,
                staging_orders: 500_000,
                orders: 1_000_000,
                hub_orders: 50_000,
            }
        };
        Self {
            dump_mib: options.dump_mib.unwrap_or(usual.dump_mib),
            staging_orders: orders.map_or(usual.staging_orders, |orders| orders.div_ceil(2)),
            orders: orders.unwrap_or(usual.orders),
            hub_orders: options.hub_orders.unwrap_or(usual.hub_orders),
        }
    }
}

/// Writes a dump with a few of everything that is wrong with real ones.
fn write_dump(path: &Path, dialect: DumpDialect, orders: u64) -> Result<BookTruth> {
    let defects = DEFECTS_PER_MILLION
        .iter()
        .map(|(name, count)| format!("{name} = {}\n", (count * orders).div_ceil(1_000_000)));
    let defects = Defects::from_toml(&defects.collect::<String>())?;
    write(path, dialect, orders, defects)
}

fn write(path: &Path, dialect: DumpDialect, orders: u64, defects: Defects) -> Result<BookTruth> {
    let options = BookOptions {
        orders,
        seed: 1,
        dialect,
        defects,
        insert_bytes: INSERT_BYTES,
    };
    let begun = Instant::now();
    let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
    let truth = write_book(
        &options,
        &mut std::io::BufWriter::with_capacity(INSERT_BYTES, file),
    )?;
    eprintln!(
        "    {}: {} orders, {} MiB, written in {:.1?}",
        path.display(),
        orders,
        truth.bytes / MIB,
        begun.elapsed()
    );
    Ok(truth)
}

/// A folder for one measurement, gone when it is dropped.
fn place() -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix("offpiste-bench-import-")
        .tempdir()
        .context("no place to measure")
}

/// Runs the importer with `--json`; its last word, and how long the whole process took.
fn importer(arguments: &[&str], work: &Path) -> Result<(Value, Duration)> {
    let mut command = tests::binary("offpiste-import")?;
    command
        .args(arguments)
        .arg("--work-dir")
        .arg(work)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let begun = Instant::now();
    let output = command.output().context("the importer cannot be started")?;
    let taken = begun.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "offpiste-import {}: {}\n{text}",
        arguments.join(" "),
        output.status
    );
    let report = serde_json::from_str(text.trim()).unwrap_or(Value::Null);
    Ok((report, taken))
}

/// Has a plan proposed that may make its branches, and returns its path.
fn plan(dump: &Path, work: &Path) -> Result<PathBuf> {
    let plan = dump.with_extension("plan.toml");
    let (dump, path) = (text(dump)?, text(&plan)?);
    importer(&["plan", dump, "--branch", "Chur", "--plan", path], work)?;
    let proposed = std::fs::read_to_string(&plan)?;
    std::fs::write(
        &plan,
        proposed.replace("create_missing = false", "create_missing = true "),
    )?;
    Ok(plan)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Waits for a command that must succeed; how long it took.
fn timed(mut command: Command) -> Result<Duration> {
    let begun = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(begun.elapsed())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing counted here comes near 2^53"
)]
const fn float(count: u64) -> f64 {
    count as f64
}
