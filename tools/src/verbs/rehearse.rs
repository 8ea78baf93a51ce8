//! `rehearse`: the whole import into a scratch store, with nothing real touched.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use tools::certify::sha256;
use tools::portion::Portion;
use tools::rehearse::{Preparation, Rehearsal, Scratch, rehearse};
use tools::report;

use super::beside::Beside;
use super::noting::Noting;
use super::progress;
use super::report::render;
use super::sheet::SheetOptions;
use super::source_and_target::{Binding, Wanted, prepare_plan};
use super::{EXIT_DIFFERENCES, print_json};

/// Arguments of `rehearse`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offpiste-import rehearse --plan werkstatt.plan.toml --html probelauf.html
      Prints what a run would come to and writes the report to be signed. Leaves nothing else behind.
  offpiste-import rehearse --plan werkstatt.plan.toml --keep probe
      Keeps the scratch store: offpiste-hub serve --data probe shows the imported orders.

Exit code: 0 every row accounted for, no difference, within the budget, restore tested; 1 otherwise; 2 it could not be carried out.")]
pub(crate) struct Options {
    /// The plan.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The source, when it is not where the plan says.
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Keeps the scratch store in this folder, which must be empty.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    sheet: SheetOptions,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let prepared = prepare_plan(
        work,
        &verb.plan,
        verb.source.as_deref(),
        Wanted {
            portion: Portion::default(),
            binding: Binding::ToItsSource,
            newly_mended: None,
        },
    )?;
    let read_seconds = begun.elapsed().as_secs_f64();
    let beside = Beside::of(&verb.plan);
    let noting = Noting::begin(
        &beside,
        "rehearse",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let scratch = match &verb.keep {
        Some(folder) => Scratch::kept(folder)?,
        None => Scratch::passing(work)?,
    };
    let rejects = beside.rehearsal_rejects();
    let mut progress = progress::for_terminal();
    let rehearsal = rehearse(
        &Preparation {
            plan: &prepared.plan,
            plan_text: &prepared.text,
            staging: &prepared.staging,
            read_seconds,
        },
        &scratch,
        &rejects,
        progress.as_mut(),
        |begins| eprintln!("{begins}"),
    )?;
    let plan_sha256 = sha256(prepared.text.as_bytes());
    verb.sheet
        .write(&prepared.plan.time_zone, &prepared.source, |about| {
            report::rehearsal(about, &plan_sha256, &rehearsal)
        })?;
    if verb.json {
        print_json(&rehearsal)?;
    } else {
        print!("{}", render(&rehearsal.report, &rejects));
        print_findings(&rehearsal);
    }
    noting.end(
        rehearsal.is_clean(),
        "a scratch store",
        format!(
            "{} documents, {} rejected rows, {} differences",
            rehearsal.report.documents,
            rehearsal.rejected(),
            rehearsal.report.difference_count
        ),
    );
    Ok(if rehearsal.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

fn print_findings(rehearsal: &Rehearsal) {
    const MIB: u64 = 1024 * 1024;
    for rejected in &rehearsal.rejects {
        println!(
            "{} rows of {} rejected: {}",
            rejected.rows, rejected.table, rejected.code
        );
    }
    for (rule, used) in &rehearsal.changes {
        let allowed = rehearsal.budget.get(rule).copied().unwrap_or(0);
        let beyond = if *used > allowed { "   TOO FEW" } else { "" };
        println!("{used} values changed by the rule {rule}, {allowed} allowed{beyond}");
    }
    if !rehearsal.reconciliation.adds_up() {
        println!(
            "{} counts or sums differ before and after; --html shows them",
            rehearsal.reconciliation.differences
        );
    }
    println!(
        "read {:.1} s, run {:.1} s, verify {:.1} s, backup and restore {:.1} s",
        rehearsal.seconds.read,
        rehearsal.seconds.run,
        rehearsal.seconds.verify,
        rehearsal.seconds.restore
    );
    println!(
        "the store takes {} MiB, a backup of it {} MiB; restored from it: {}",
        rehearsal.store_bytes.div_ceil(MIB),
        rehearsal.backup_bytes.div_ceil(MIB),
        if rehearsal.restored_alike {
            "the same"
        } else {
            "NOT THE SAME"
        }
    );
    println!(
        "branches the hub must have: {}",
        rehearsal.branches.join(", ")
    );
    match &rehearsal.kept {
        Some(folder) => println!(
            "kept in {}: offpiste-hub serve --data {}",
            folder.display(),
            folder.display()
        ),
        None => println!("Nothing real was touched, and nothing is left behind."),
    }
}
