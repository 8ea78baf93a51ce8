//! `sync`: carries over what changed in the still running legacy database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use shared::clock::UtcMillis;
use tools::run::drawn_incarnation;
use tools::sync::{Carried, Occasion, SyncReport, sync};
use tools::target::Target;

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{
    Binding, PortionOptions, Prepared, TargetOptions, open_target, prepare, refuse_earlier_state,
};
use super::{EXIT_DIFFERENCES, print_json, progress, report};

/// Conflicts and gone rows shown as text; all listed ones are in the JSON.
const SHOWN: usize = 20;

/// Arguments of `sync`.
#[derive(Debug, Args)]
#[command(after_help = "\
A field that only the old database changed follows it. A field that staff changed, too, keeps both values until somebody chooses \
on the order's page. A row that is gone deletes nothing: its order says so, and a person decides. New rows come in.

  offpiste-import diff --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      What would be carried over.
  offpiste-import sync --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      Carries it over. Doing it twice is doing it once; after a failure, do it again.
  offpiste-import rollback --plan werkstatt.plan.toml --hub https://hub.example --last-sync
      Takes it back.

A source that lacks more than one row in twenty (and more than 20) is refused: [budget] gone = N in the plan allows it.
Exit code: 0 every row accounted for, 1 differences, 2 it could not be carried out.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    portion: PortionOptions,
    /// Rows that a run or sync with this source rejected and that you have mended: the file of rejects with the values below
    /// "row" corrected.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let target = &verb.target;
    let prepared = prepare(
        work,
        target,
        verb.portion.portion(),
        Binding::ToItsTables,
        verb.rejects.as_deref(),
    )?;
    let beside = Beside::of(&target.plan);
    let mut hub = open_target(target, &beside)?;
    refuse_earlier_state(target, &beside, &prepared, &hub.name())?;
    let synced = carry_over(&prepared, &beside, hub.as_mut())?;
    if !target.json {
        print(&synced);
        return report::conclude(&synced.report, false, &beside.rejects());
    }
    print_json(&synced)?;
    Ok(if synced.report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

/// Carries a staged source over and notes it among the steps.
pub(super) fn carry_over(
    prepared: &Prepared,
    beside: &Beside,
    target: &mut dyn Target,
) -> anyhow::Result<SyncReport> {
    let mut noting = Noting::begin(
        beside,
        "sync",
        Some((&prepared.text, &prepared.source_sha256)),
    )
    .named(&prepared.source);
    let mut rejects = beside.begin_rejects(&prepared.source_sha256)?;
    let occasion = Occasion {
        source_sha256: &prepared.source_sha256,
        now: UtcMillis::from(jiff::Timestamp::now()),
        incarnations: [drawn_incarnation()?, drawn_incarnation()?],
    };
    let started = Instant::now();
    let mut synced = sync(
        &prepared.plan,
        &prepared.staging,
        target,
        occasion,
        &mut rejects,
        progress::for_terminal().as_mut(),
    )?;
    rejects.keep()?;
    noting.in_rounds([synced.round, synced.round]);
    synced.report = synced.report.since(started);
    noting.end(
        synced.report.is_clean(),
        &synced.report.target,
        format!(
            "round {}: {}",
            synced.round,
            synced.carried.lines().join(", ")
        ),
    );
    Ok(synced)
}

fn print(synced: &SyncReport) {
    println!("Round {}", synced.round);
    tell(&synced.carried);
}

/// Prints the fields that are in conflict since.
pub(super) fn tell_conflicts(carried: &Carried) {
    for conflict in carried.conflict_fields.iter().take(SHOWN) {
        println!(
            "  in conflict: {} {} / {}",
            conflict.table, conflict.key, conflict.field
        );
    }
}

/// Prints what was carried over.
pub(super) fn tell(carried: &Carried) {
    for line in carried.lines() {
        println!("  {line}");
    }
    tell_conflicts(carried);
    for decided in carried.decided_fields.iter().take(SHOWN) {
        println!(
            "  decided before: {} {} / {}",
            decided.table, decided.key, decided.field
        );
    }
    for row in carried.gone_rows.iter().take(SHOWN) {
        println!("  gone: {} {}", row.table, row.key);
    }
    println!();
}
