//! `verify`: reads everything back and compares it with the source.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use tools::verify::verify;

use super::beside::Beside;
use super::report;
use super::source_and_target::{Binding, PortionOptions, TargetOptions, open_target, prepare};

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
  offpiste-import verify --plan werkstatt.plan.toml --hub https://hub.example
      Every row and every field, in both directions.
  offpiste-import verify --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      After a sync: against the later state of the old database.
  offpiste-import verify --plan werkstatt.plan.toml --hub https://hub.example --branch Chur
      Only what a run with the same limits has brought.

Exit code: 0 no difference, 1 differences, 2 it could not be carried out. Nothing is ever changed.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    portion: PortionOptions,
}

pub(super) fn carry_out(
    work: Option<&Path>,
    Options {
        target: verb,
        portion,
    }: &Options,
) -> anyhow::Result<ExitCode> {
    let prepared = prepare(work, verb, portion, Binding::ToItsTables, None)?;
    let beside = Beside::of(&verb.plan);
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let report = verify(
        &prepared.plan,
        &prepared.staging,
        target.as_mut(),
        &rejects_path,
    )?;
    report::conclude(&report, verb.json, &rejects_path)
}
