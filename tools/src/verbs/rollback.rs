//! `rollback`: takes an import back, whole or up to before one sync.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use shared::clock::UtcMillis;
use tools::plan::Plan;
use tools::rollback::{Extent, Occasion, RollbackReport, rollback};
use tools::run::drawn_incarnation;
use tools::staging::Staging;

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{TargetOptions, open_target};
use super::{EXIT_DIFFERENCES, print_json, progress};

/// Documents that stay and are shown as text; all listed ones are in the JSON.
const SHOWN: usize = 20;

/// Arguments of `rollback`.
#[derive(Debug, Args)]
#[command(after_help = "\
What staff wrote stays. Documents that nobody has touched leave all lists, searches and totals, at every branch; should somebody \
have written in one without the line, it comes back with that. Documents that staff worked on stay and are listed. Another run, \
sync or cut-over afterwards works.

  offpiste-import rollback --plan werkstatt.plan.toml --hub https://hub.example --last-sync
      Back to before the last sync.
  offpiste-import rollback --plan werkstatt.plan.toml --hub https://hub.example --to-before 3
      Back to before round 3; the first import is round 1, each sync says which it was.
  offpiste-import rollback --plan werkstatt.plan.toml --hub https://hub.example --all --rehearse
      What taking back the whole import would do. Nothing is written.

Exit code: 0 taken back, 1 the target refused some of it, 2 it could not be carried out.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    extent: ExtentOptions,
    /// Says what would be done, and writes nothing.
    #[arg(long)]
    rehearse: bool,
}

/// How far back.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ExtentOptions {
    /// The whole import with all its syncs.
    #[arg(long)]
    all: bool,
    /// The last sync that still counts.
    #[arg(long)]
    last_sync: bool,
    /// This round and all later ones.
    #[arg(long, value_name = "ROUND")]
    to_before: Option<i64>,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let target = &verb.target;
    let (plan, text) = Plan::load(&target.plan)?;
    let beside = Beside::of(&target.plan);
    let noting = (!verb.rehearse)
        .then(|| Noting::begin(&beside, "rollback", Some((&text, &plan.source_sha256))));
    let mut hub = open_target(target, &beside)?;
    let staging = Staging::scratch(work)?;
    let extent = match &verb.extent {
        ExtentOptions {
            to_before: Some(round),
            ..
        } => Extent::ToBefore(*round),
        ExtentOptions { all: true, .. } => Extent::Whole,
        _ => Extent::LastSync,
    };
    let occasion = Occasion {
        now: UtcMillis::from(jiff::Timestamp::now()),
        incarnation: drawn_incarnation()?,
        is_rehearsal: verb.rehearse,
    };
    let report = rollback(
        &plan,
        &staging,
        hub.as_mut(),
        extent,
        occasion,
        progress::for_terminal().as_mut(),
    )?;
    if let Some(mut noting) = noting {
        if let (Some(from), Some(to)) = (report.from_round, report.to_round) {
            noting.in_rounds([from, to]);
        }
        noting.end(report.is_clean(), &report.target, told(&report));
    }
    if target.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

/// What was taken back, in a sentence.
fn told(report: &RollbackReport) -> String {
    match (report.from_round, report.to_round) {
        (Some(from), Some(to)) => rounds(from, to),
        _ => "nothing to take back".to_owned(),
    }
}

fn rounds(from: i64, to: i64) -> String {
    if from == to {
        format!("round {from}")
    } else {
        format!("rounds {from} to {to}")
    }
}

fn print(report: &RollbackReport) {
    let (Some(from), Some(to)) = (report.from_round, report.to_round) else {
        println!("{}: there is nothing to take back.", report.target);
        return;
    };
    let mode = if report.is_rehearsal {
        "would be taken back"
    } else {
        "taken back"
    };
    println!("{}: {} {mode}\n", report.target, rounds(from, to));
    for (table, sums) in &report.tables {
        println!(
            "{table}: {} withdrawn, {} restored ({} fields; {} are staff's and stay), {} kept, {} taken back before, {} not concerned",
            sums.withdrawn,
            sums.restored,
            sums.fields,
            sums.fields_kept,
            sums.kept,
            sums.already,
            sums.untouched
        );
    }
    for kept in report.kept.iter().take(SHOWN) {
        println!("  stays: {} {} ({})", kept.table, kept.key, kept.why);
    }
    let more = report.kept.len().saturating_sub(SHOWN);
    if more > 0 {
        println!("  and {more} more; --json lists them");
    }
    for refused in &report.refused {
        println!("  refused: {refused}");
    }
}
