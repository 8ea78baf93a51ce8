//! Measures what people wait for. Figures are ratios and percentiles from one run on one machine; docs/BENCHMARKS.md keeps
//! them with the command that gave them.

mod counter;
mod durable;
mod figures;
mod live;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use figures::Figures;
use serde_json::Value;

/// Measures Offpiste with its real processes and prints a table and, last, one JSON object.
///
/// Build with full optimisation: `cargo xtask bench` does.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// What to measure; everything when it is left out.
    what: Option<What>,
    /// How many orders the branch holds for `counter`.
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    orders: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A new order made durable, beside a plain write and fdatasync of the same bytes.
    Durable,
    /// Search as one types, the day list and the start of a branch that holds many orders.
    Counter,
    /// From a change at one branch to another branch's open page.
    Live,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match measure(&options).await {
        Ok(all) => {
            println!("{}", Value::Object(all));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<serde_json::Map<String, Value>> {
    let mut all = serde_json::Map::new();
    let mut add = |name: &str, figures: Figures| {
        figures.print(name);
        all.insert(name.to_owned(), figures.json());
    };
    let wanted = |what| options.what.is_none_or(|only| only == what);
    if wanted(What::Durable) {
        add("durable", durable::measure()?);
    }
    if wanted(What::Counter) {
        add("counter", counter::measure(options.orders).await?);
    }
    if wanted(What::Live) {
        add("live", live::measure().await?);
    }
    Ok(all)
}
