//! `run`: brings the source over as the plan says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use tools::run::run;

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{Binding, PortionOptions, TargetOptions, open_target, prepare};
use super::{progress, report, sync};

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
  offpiste-import run --plan werkstatt.plan.toml --store rehearsal
      Into a folder of its own, to look at what comes out.
  offpiste-import run --plan werkstatt.plan.toml --hub https://hub.example --token 'https://hub.example/join#ABCD-EFGH'
      Into the running hub. The join string is needed once.
  offpiste-import run --plan werkstatt.plan.toml --hub https://hub.example --branch Chur
      One branch after the other; --table, --since and --until limit it likewise. The rest counts as excluded until its turn.
  offpiste-import run --plan werkstatt.plan.toml --hub https://hub.example --rejects mended.jsonl
      Rows that were rejected and that you have mended.

Doing it twice is doing it once; after a failure, do it again. After a rollback it brings back what was taken back.
Exit code: 0 every row accounted for, 1 differences, 2 it could not be carried out.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    portion: PortionOptions,
    /// Rejected rows that you have mended: the file of rejects with the values below "row" corrected. They are kept beside the
    /// plan, and every later verb reads them so.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

pub(super) fn carry_out(
    work: Option<&Path>,
    Options {
        target: verb,
        portion,
        rejects,
    }: &Options,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let prepared = prepare(
        work,
        verb,
        portion.portion(),
        Binding::ToItsSource,
        rejects.as_deref(),
    )?;
    let beside = Beside::of(&verb.plan);
    let noting = Noting::begin(
        &beside,
        "run",
        Some((&prepared.text, &prepared.source_sha256)),
    )
    .named(&prepared.source);
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let mut written = beside.begin_rejects(&prepared.source_sha256)?;
    let mut progress = progress::for_terminal();
    let report = run(
        &prepared.plan,
        &prepared.text,
        &prepared.staging,
        target.as_mut(),
        &mut written,
        progress.as_mut(),
    )?;
    written.keep()?;
    noting.end(
        report.is_clean(),
        &report.target,
        format!(
            "{} documents sent, {} were there",
            report.documents, report.already_there
        ),
    );
    if let Some(carried) = report.carried.as_ref().filter(|_| !verb.json) {
        sync::tell(carried);
    }
    report::conclude(&report.since(started), verb.json, &rejects_path)
}
