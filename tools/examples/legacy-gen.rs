//! `cargo xtask legacy-gen`: writes a legacy dump of any size with planted defects, and the truth about it.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;
use tools::generator::{BookOptions, Defects, DumpDialect, write_book};

/// Writes the dump of a workshop that never existed: orders with lines, customers, lists. All people are invented.
///
/// Beside the dump lies its truth as JSON: rows by table, which defects were planted in which rows, what the importer is to
/// find, change and reject, and the sums its ledger is to end with.
#[derive(Debug, Parser)]
#[command(name = "legacy-gen", bin_name = "cargo xtask legacy-gen", after_help = after_help())]
struct Options {
    /// How many orders; each has one to four lines, three share a customer.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    orders: u64,
    /// sqlite, mysql, postgres-insert, postgres-copy or sqlserver.
    #[arg(long, default_value = "mysql", value_parser = dialect)]
    dialect: DumpDialect,
    /// A TOML file of defects, such as `zero_date = 412`, one a line. Without it nothing is wrong.
    #[arg(long, value_name = "FILE")]
    defects: Option<PathBuf>,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the dump goes; the truth goes beside it with `.truth.json` behind.
    #[arg(long, value_name = "FILE", default_value = "werkstatt.sql")]
    out: PathBuf,
    /// How long an INSERT of MySQL gets, in KiB.
    #[arg(long, value_name = "KIB", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    insert_kib: u32,
}

fn after_help() -> String {
    format!("Defects: {}.", Defects::names().join(", "))
}

fn dialect(name: &str) -> Result<DumpDialect, String> {
    DumpDialect::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = DumpDialect::ALL.iter().map(|(_, name)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let defects = match &options.defects {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            Defects::from_toml(&text)?
        }
        None => Defects::default(),
    };
    let book = BookOptions {
        orders: options.orders,
        seed: options.seed,
        dialect: options.dialect,
        defects,
        insert_bytes: options.insert_kib as usize * 1024,
    };
    let file = File::create(&options.out)
        .with_context(|| format!("{} cannot be written", options.out.display()))?;
    let mut out = BufWriter::with_capacity(1024 * 1024, file);
    let truth = write_book(&book, &mut out)?;
    out.flush()?;
    let beside = truth_path(&options.out);
    std::fs::write(&beside, serde_json::to_string_pretty(&truth)?)
        .with_context(|| format!("{} cannot be written", beside.display()))?;
    let rows: u64 = truth.rows.values().sum();
    println!(
        "{}: {} bytes, {rows} rows; the truth is in {}",
        options.out.display(),
        truth.bytes,
        beside.display()
    );
    Ok(())
}

fn truth_path(dump: &Path) -> PathBuf {
    let mut name = dump.as_os_str().to_owned();
    name.push(".truth.json");
    PathBuf::from(name)
}
