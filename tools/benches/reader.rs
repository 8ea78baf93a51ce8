//! How fast the reader is, and how much memory it takes: `cargo bench -p tools --bench reader -- [MiB]`.
//!
//! A mysqldump with INSERTs of 1 MiB is read to events (rows handed over, nothing kept), the same text by `sqlparser`, and a
//! SQLite script into staging. The peak of memory is the process's own, so what comes first is measured alone.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;
use tools::source::dialect::Dialect;
use tools::source::names::TableName;
use tools::source::read_source;
use tools::source::row::Row;
use tools::source::schema::{Change, TableSchema};
use tools::source::statement::{InsertTarget, Sink, StatementReader};
use tools::staging::Staging;

/// As [`tools::source::read_source`] reads its files.
const PIECE_BYTES: usize = 64 * 1024;

const MIB: usize = 1024 * 1024;

fn main() -> anyhow::Result<()> {
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    let mebibytes: usize = asked.unwrap_or(1024);
    let insert = mysql_insert(MIB);
    let before = peak_kib();
    let begun = processor_time();
    let (rows, taken) = to_events(insert.as_bytes(), mebibytes)?;
    let events = rate(mebibytes * MIB, taken);
    println!("to events: {mebibytes} MiB, {rows} rows in {taken:.2?}: {events:.0} MiB/s");
    report_processor_time(mebibytes * MIB, begun);
    println!("peak memory: {} KiB ({before} KiB before)", peak_kib());

    let (begun, processor) = (Instant::now(), processor_time());
    let parsed = Parser::parse_sql(&MySqlDialect {}, &insert)?;
    let theirs = rate(insert.len(), begun.elapsed());
    report_processor_time(insert.len(), processor);
    drop(parsed);
    println!(
        "sqlparser: {theirs:.1} MiB/s, {:.0} times slower",
        events / theirs
    );

    into_staging(mebibytes / 16)
}

/// Rows as a workshop's database has them, of about 150 bytes.
fn values(number: usize) -> String {
    format!(
        "{number},'A-{}',{},{},3,'Kneissl Flexon 180 \\'88','Standard','In Arbeit','2019-10-{:02} 09:03:00','{:02}.11.2019','49.00',{},NULL",
        10_000 + number,
        number % 977 + 1,
        number % 3 + 1,
        number % 28 + 1,
        number % 30 + 1,
        number % 2,
    )
}

fn mysql_insert(bytes: usize) -> String {
    let mut text = "INSERT INTO `Aufträge` VALUES ".to_owned();
    let mut number = 0;
    while text.len() < bytes {
        let _ = write!(text, "({}),", values(number));
        number += 1;
    }
    text.pop();
    text.push_str(";\n");
    text
}

fn to_events(insert: &[u8], mebibytes: usize) -> anyhow::Result<(u64, Duration)> {
    let mut reader = StatementReader::new(Dialect::MySql);
    let mut counter = Counter::default();
    let begun = Instant::now();
    for _ in 0..mebibytes * MIB / insert.len() {
        for piece in insert.chunks(PIECE_BYTES) {
            let Ok(()) = reader.feed(piece, &mut counter);
        }
    }
    let Ok(_) = reader.finish(&mut counter);
    anyhow::ensure!(counter.broken == 0, "{} rows were not read", counter.broken);
    Ok((counter.rows, begun.elapsed()))
}

/// The same rows as the SQLite shell dumps them, one statement each, into staging and into SQLite itself.
fn into_staging(mebibytes: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("werkstatt.sql");
    let mut text = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT, \
        customer INTEGER, branch INTEGER, service INTEGER, piece TEXT, priority TEXT, status TEXT, received TEXT, promised TEXT, \
        price TEXT, paid INTEGER, note TEXT);\n"
        .to_owned();
    let mut number = 0;
    while text.len() < mebibytes * MIB {
        let _ = writeln!(
            text,
            "INSERT INTO orders VALUES({});",
            values(number).replace("\\'", "''")
        );
        number += 1;
    }
    text.push_str("COMMIT;\n");
    std::fs::write(&path, &text)?;

    let (begun, processor) = (Instant::now(), processor_time());
    let mut staging = Staging::create(Some(folder.path()))?;
    read_source(&path, &mut staging, |_, _| {})?;
    let ours = begun.elapsed();
    report_processor_time(text.len(), processor);
    anyhow::ensure!(
        staging.tables()[0].rows == number as u64,
        "rows are missing"
    );
    println!(
        "into staging: {mebibytes} MiB in {ours:.2?}: {:.0} MiB/s",
        rate(text.len(), ours)
    );

    let (begun, processor) = (Instant::now(), processor_time());
    let database = rusqlite::Connection::open(folder.path().join("engine.sqlite"))?;
    database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    // One statement a line, as the shell gives them to it: of a text that goes on, it would copy the rest each time.
    for statement in text.lines() {
        database.execute_batch(statement)?;
    }
    let theirs = begun.elapsed();
    report_processor_time(text.len(), processor);
    println!(
        "SQLite itself: {theirs:.2?}; staging is at {:.0} % of its speed",
        theirs.as_secs_f64() / ours.as_secs_f64() * 100.0
    );
    Ok(())
}

fn rate(bytes: usize, taken: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let mebibytes = bytes as f64 / MIB as f64;
    mebibytes / taken.as_secs_f64()
}

/// What this thread has had of a processor, where the system says so: on a busy machine the clock tells of its neighbours.
fn processor_time() -> Duration {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status
        .split(' ')
        .next()
        .and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn report_processor_time(bytes: usize, begun: Duration) {
    let taken = processor_time().saturating_sub(begun);
    if !taken.is_zero() {
        println!(
            "  by processor time: {taken:.2?}, {:.0} MiB/s",
            rate(bytes, taken)
        );
    }
}

/// The most memory this process ever had, where the system says so.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
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
