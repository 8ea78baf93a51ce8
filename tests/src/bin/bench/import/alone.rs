//! What is measured in a process of its own, so that its peak of memory is nobody else's.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;
use tools::run::peak_memory_bytes;
use tools::source::dialect::Dialect;
use tools::source::names::TableName;
use tools::source::read_source;
use tools::source::row::Row;
use tools::source::schema::{Change, TableSchema};
use tools::source::statement::{InsertTarget, Sink, StatementReader};
use tools::staging::Staging;

/// As the importer reads its files.
const PIECE_BYTES: usize = 64 * 1024;

/// What a process measures alone.
#[derive(Debug, Args)]
pub(crate) struct Alone {
    /// What to do with it.
    #[arg(long, hide = true, value_name = "WHAT")]
    alone: Option<What>,
    /// The dump.
    #[arg(long, hide = true, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// To events that nobody keeps.
    Events,
    /// The same by sqlparser, statement by statement.
    Sqlparser,
    /// Into staging.
    Staging,
}

/// Has another process of this program measure, and reads what it says.
pub(super) fn measured_alone(what: What, file: &Path) -> Result<Value> {
    let name = what.to_possible_value().context("it has a name")?;
    let output = Command::new(std::env::current_exe()?)
        .args(["import-alone", "--alone", name.get_name(), "--file"])
        .arg(file)
        .output()
        .context("this program cannot be started again")?;
    ensure!(
        output.status.success(),
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The other process's part.
pub(crate) fn run(options: &Alone) -> Result<Value> {
    let (Some(what), Some(file)) = (options.alone, &options.file) else {
        anyhow::bail!("import-alone needs --alone and --file");
    };
    match what {
        What::Events => to_events(file),
        What::Sqlparser => by_sqlparser(file),
        What::Staging => into_staging(file),
    }
}

fn to_events(path: &Path) -> Result<Value> {
    let mut file = File::open(path)?;
    let mut reader = StatementReader::new(Dialect::MySql);
    let mut counter = Counter::default();
    let mut piece = vec![0; PIECE_BYTES];
    let begun = Instant::now();
    loop {
        let held = file.read(&mut piece)?;
        if held == 0 {
            break;
        }
        let Ok(()) = reader.feed(&piece[..held], &mut counter);
    }
    let Ok(_) = reader.finish(&mut counter);
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(counter.broken == 0, "{} rows were not read", counter.broken);
    Ok(
        json!({ "seconds": seconds, "rows": counter.rows, "peak_memory_bytes": peak_memory_bytes() }),
    )
}

/// Only parsing counts, statement by statement, which is the quicker of the two ways to use it.
fn by_sqlparser(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path)?;
    let dialect = MySqlDialect {};
    let (mut bytes, mut statements) = (0, 0);
    let begun = Instant::now();
    for statement in text.split_inclusive(";\n") {
        if !statement.starts_with("INSERT") {
            continue;
        }
        statements += Parser::parse_sql(&dialect, statement)?.len();
        bytes += statement.len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(
        json!({ "seconds": seconds, "bytes": bytes, "statements": statements, "peak_memory_bytes": peak_memory_bytes() }),
    )
}

fn into_staging(path: &Path) -> Result<Value> {
    let begun = Instant::now();
    let mut staging = Staging::create(path.parent())?;
    read_source(path, &mut staging, |_, _| {})?;
    let seconds = begun.elapsed().as_secs_f64();
    let rows: u64 = staging.tables().iter().map(|table| table.rows).sum();
    Ok(json!({ "seconds": seconds, "rows": rows, "peak_memory_bytes": peak_memory_bytes() }))
}

#[derive(Default)]
struct Counter {
    rows: u64,
    broken: u64,
}

impl Sink for Counter {
    type Failure = Infallible;

    fn create_table(&mut self, _: TableSchema) -> Result<(), Infallible> {
        Ok(())
    }
    fn create_table_like(&mut self, _: &TableName, _: &TableName) -> Result<(), Infallible> {
        Ok(())
    }
    fn create_view(&mut self, _: &TableName) -> Result<(), Infallible> {
        Ok(())
    }
    fn change_table(&mut self, _: &TableName, _: Change) -> Result<(), Infallible> {
        Ok(())
    }
    fn drop_table(&mut self, _: &TableName) -> Result<(), Infallible> {
        Ok(())
    }
    fn rename_table(&mut self, _: &TableName, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
    fn empty_table(&mut self, _: &TableName) -> Result<(), Infallible> {
        Ok(())
    }
    fn begin_rows(&mut self, _: &InsertTarget) -> Result<(), Infallible> {
        Ok(())
    }
    fn row(&mut self, row: &Row, _: u64, _: u64) -> Result<(), Infallible> {
        self.rows += 1;
        std::hint::black_box(row.len());
        Ok(())
    }
    fn rows_yield(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn skipped(&mut self, _: u64, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
    fn unapplied(&mut self, _: u64, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
    fn broken(&mut self, _: u64, _: u64, _: &str) -> Result<(), Infallible> {
        self.broken += 1;
        Ok(())
    }
}
