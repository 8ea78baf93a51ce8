//! Measures what people wait for. Figures are ratios and percentiles from one run on one machine; docs/BENCHMARKS.md keeps
//! them with the command that gave them.

mod counter;
mod durable;
mod figures;
mod import;
mod live;
mod sync;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use figures::Figures;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

/// Measures Offpiste with its real processes and prints a table and, last, one JSON object.
///
/// Build with full optimisation: `cargo xtask bench` does.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// What to measure; everything when it is left out.
    what: Option<What>,
    /// How many orders the branch holds for `counter` (50,000), and how many `import` brings into a store (1,000,000).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    orders: Option<u64>,
    /// Where the hub that `sync` compares with keeps its data.
    #[arg(long, hide = true, value_name = "DIR")]
    floor: Option<std::path::PathBuf>,
    #[command(flatten)]
    sync: sync::Options,
    #[command(flatten)]
    import: import::Options,
    #[command(flatten)]
    alone: import::Alone,
}

/// Orders the branch holds for `counter`.
const COUNTER_ORDERS: u64 = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A new order made durable, beside a plain write and fdatasync of the same bytes.
    Durable,
    /// Search as one types, the day list and the start of a branch that holds many orders.
    Counter,
    /// From a change at one branch to another branch's open page.
    Live,
    /// Serves as the hub that `sync` compares with. Started by it.
    #[value(hide = true)]
    FloorHub,
    /// First synchronisation, bytes, disk, memory and many branches at once, beside other products.
    Sync,
    /// The importer: reader, staging, a million orders into a store, and into the running hub.
    Import,
    /// What `import` measures in a process of its own. Started by it.
    #[value(hide = true)]
    ImportAlone,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.what == Some(What::FloorHub) {
        return serve_floor(options.floor.as_deref()).await;
    }
    if options.what == Some(What::ImportAlone) {
        return measure_alone(&options.alone);
    }
    // Broken off, what was begun is dropped, and with it every process and directory of its own.
    let outcome = tokio::select! {
        outcome = measure(&options) => outcome,
        () = broken_off() => Err(anyhow::anyhow!("broken off")),
    };
    match outcome {
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

/// Ctrl-C, or somebody's wish that it end.
async fn broken_off() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn serve_floor(directory: Option<&std::path::Path>) -> ExitCode {
    let Some(directory) = directory else {
        eprintln!("bench: floor-hub needs --floor DIR");
        return ExitCode::FAILURE;
    };
    match sync::serve_floor(directory).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_alone(alone: &import::Alone) -> ExitCode {
    match import::run_alone(alone) {
        Ok(measured) => {
            println!("{measured}");
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
        add(
            "counter",
            counter::measure(options.orders.unwrap_or(COUNTER_ORDERS)).await?,
        );
    }
    if wanted(What::Live) {
        add("live", live::measure().await?);
    }
    // Not among the others when everything is asked for: it takes long and fetches its peers from their registries.
    if options.what == Some(What::Sync) {
        let report = sync::measure(&options.sync).await;
        report.print("sync");
        all.insert("sync".to_owned(), report.json());
    }
    if options.what == Some(What::Import) {
        let report =
            import::measure(&options.import, options.orders, options.sync.is_quick()).await;
        report.print("import");
        all.insert("import".to_owned(), report.json());
    }
    Ok(all)
}
