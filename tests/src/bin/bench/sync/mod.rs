//! `bench sync`: the synchronisation against its peers and against its own floor, in one run.

mod catch_up;
mod chart;
mod compare;
mod counters;
mod disk;
mod feed;
mod first;
mod floor;
mod http;
mod machine;
mod many;
mod memory;
mod peers;
pub(crate) mod process;
mod progress;
pub(crate) mod report;
mod simulated;
mod wire;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
pub(crate) use floor::serve as serve_floor;
use report::Report;
use tokio::time::Instant;

/// How the synchronisation is measured.
#[derive(Debug, Args)]
#[group(id = "sync-options")]
pub(crate) struct Options {
    /// Measure only these parts, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Small sizes: shows within minutes that everything can be measured; the figures are no figures.
    #[arg(long)]
    quick: bool,
    /// For `first`: so many orders; each number is measured.
    #[arg(long, value_delimiter = ',', value_name = "N")]
    held: Vec<u32>,
    /// For `many`: so many branches.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    branches: Option<u16>,
    /// For `many`: orders stored at the hub, ascending, separated by commas; each is measured.
    #[arg(long, value_delimiter = ',', value_name = "N")]
    stored: Vec<u32>,
    /// Begin nothing after so many minutes, and break off what is not done then; what was measured counts.
    #[arg(long, value_name = "MINUTES", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=600))]
    within: u64,
    /// Where the picture goes; without it, a run of everything writes docs/pictures/sync.svg.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// First synchronisation, push and pull, beside the peers and the floor.
    First,
    /// Bytes on the line.
    Wire,
    /// Bytes on disk.
    Disk,
    /// Memory of a branch.
    Memory,
    /// Catching up over a slow line.
    CatchUp,
    /// Many branches at one hub.
    Many,
}

impl Options {
    /// Whether small sizes are asked for.
    pub(crate) const fn is_quick(&self) -> bool {
        self.quick
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Only a whole run at full size may replace the picture in the documentation.
    fn chart(&self) -> Option<PathBuf> {
        let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures/sync.svg");
        let is_whole = !self.quick && self.only.is_empty();
        self.chart
            .clone()
            .or_else(|| is_whole.then_some(documented))
    }

    fn first(&self) -> Vec<usize> {
        let held = self.held.iter().map(|&held| held as usize);
        if self.held.is_empty() {
            self.sizes().first.to_vec()
        } else {
            held.collect()
        }
    }

    fn many(&self) -> many::Size {
        let usual = &self.sizes().many;
        let stored = self.stored.iter().map(|&stored| stored as usize);
        many::Size {
            branches: self.branches.map_or(usual.0, usize::from),
            stored: if self.stored.is_empty() {
                usual.1.to_vec()
            } else {
                stored.collect()
            },
        }
    }

    const fn sizes(&self) -> &'static Sizes {
        if self.quick { &QUICK } else { &FULL }
    }
}

/// How much of everything.
struct Sizes {
    first: &'static [usize],
    wire: usize,
    disk: usize,
    memory: usize,
    /// Branches, and orders stored at the hub, ascending.
    many: (usize, &'static [usize]),
    /// Orders held, and how many of them change meanwhile.
    catch_up: (usize, usize),
}

/// The sizes that the targets speak of.
const FULL: Sizes = Sizes {
    first: &[10_000, 100_000],
    wire: 10_000,
    disk: 10_000,
    memory: 50_000,
    many: (1_000, &[10_000, 100_000, 1_000_000]),
    catch_up: (10_000, 500),
};

const QUICK: Sizes = Sizes {
    first: &[1_000],
    wire: 500,
    disk: 200,
    memory: 1_000,
    many: (50, &[500, 2_000]),
    catch_up: (600, 100),
};

/// Measures what is asked for. What fails is left out and said so; the rest is measured.
pub(crate) async fn measure(options: &Options) -> Report {
    let mut report = Report::default();
    let deadline = Instant::now() + Duration::from_mins(options.within);
    for (part, orders) in steps(options) {
        let name = match orders {
            Some(orders) => format!("{part:?} of {orders} orders"),
            None => format!("{part:?}"),
        };
        let measuring = step(part, orders, options, &mut report);
        // Broken off, what it has begun is dropped, and with it every process and directory of its own.
        let measured = match tokio::time::timeout_at(deadline, measuring).await {
            Ok(measured) => measured,
            Err(_) => Err(anyhow::anyhow!(
                "not done within {} minutes; --within gives it longer",
                options.within
            )),
        };
        if let Err(error) = measured {
            report.leave_out(&name, &error);
        }
    }
    if let Some(path) = options.chart() {
        let caption = format!(
            "cargo xtask bench sync, {}",
            jiff::Zoned::now().strftime("%d.%m.%Y")
        );
        if let Err(error) = std::fs::write(&path, chart::svg(&report, &caption)) {
            report.leave_out(&path.display().to_string(), &error.into());
        }
    }
    report
}

/// What is measured, in the order of what is asked for most: the larger comparisons come when all else is done, and last
/// what can be broken off.
fn steps(options: &Options) -> Vec<(Part, Option<usize>)> {
    let mut first = options
        .first()
        .into_iter()
        .map(|orders| (Part::First, Some(orders)));
    let mut steps: Vec<(Part, Option<usize>)> = first.next().into_iter().collect();
    let parts = [Part::Wire, Part::CatchUp, Part::Memory, Part::Disk];
    steps.extend(parts.map(|part| (part, None)));
    steps.extend(first);
    steps.push((Part::Many, None));
    steps.retain(|(part, _)| options.wants(*part));
    steps
}

async fn step(
    part: Part,
    orders: Option<usize>,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let sizes = options.sizes();
    match part {
        Part::First => compare::measure(orders.unwrap_or(sizes.first[0]), report).await,
        Part::Wire => wire::measure(sizes.wire, report).await,
        Part::Disk => disk::measure(sizes.disk, report).await,
        Part::Memory => memory::measure(sizes.memory, report).await,
        Part::Many => many::measure(&options.many(), report).await,
        Part::CatchUp => {
            let (orders, changed) = sizes.catch_up;
            catch_up::measure(orders, changed, report).await
        }
    }
}

/// A directory for one measurement, gone when it is dropped.
fn place() -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix("offpiste-bench-")
        .tempdir()
        .context("no place to measure")
}

/// Drives futures that share borrowed things to their ends, all at once.
async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<Option<Pin<Box<F>>>> = futures
        .into_iter()
        .map(|future| Some(Box::pin(future)))
        .collect();
    let mut done: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    let all = std::future::poll_fn(|context| {
        for (future, output) in pending.iter_mut().zip(&mut done) {
            if let Some(running) = future
                && let Poll::Ready(value) = running.as_mut().poll(context)
            {
                *output = Some(value);
                *future = None;
            }
        }
        if pending.iter().all(Option::is_none) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    pin!(all).await;
    done.into_iter().flatten().collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing counted here comes near 2^53"
)]
const fn count(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing counted here comes near 2^53"
)]
const fn to_f64(bytes: u64) -> f64 {
    bytes as f64
}
