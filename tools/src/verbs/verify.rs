//! `verify`: reads everything back and compares it with the source.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use tools::verify::verify;

use super::beside::Beside;
use super::report;
use super::source_and_target::{TargetOptions, open_target, prepare};

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
}

pub(super) fn carry_out(
    work: Option<&Path>,
    Options { target: verb }: &Options,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let prepared = prepare(work, verb)?;
    let beside = Beside::of(&verb.plan);
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let report = verify(
        &prepared.plan,
        &prepared.staging,
        target.as_mut(),
        &rejects_path,
    )?;
    report::conclude(&report.since(started), verb.json, &rejects_path)
}
