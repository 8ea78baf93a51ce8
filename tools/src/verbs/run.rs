//! `run`: brings the source over as the plan says.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use tools::run::run;

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{TargetOptions, open_target, prepare};
use super::{progress, report};

/// Arguments of `run`.
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
    let noting = Noting::begin(
        &beside,
        "run",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let mut rejects = BufWriter::new(
        File::create(&rejects_path)
            .with_context(|| format!("{} cannot be written", rejects_path.display()))?,
    );
    let mut progress = progress::for_terminal();
    let report = run(
        &prepared.plan,
        &prepared.text,
        &prepared.staging,
        target.as_mut(),
        &mut rejects,
        progress.as_mut(),
    )?;
    std::io::Write::flush(&mut rejects)
        .with_context(|| format!("{} cannot be written", rejects_path.display()))?;
    noting.end(
        report.is_clean(),
        &report.target,
        format!(
            "{} documents sent, {} were there",
            report.documents, report.already_there
        ),
    );
    report::conclude(&report.since(started), verb.json, &rejects_path)
}
