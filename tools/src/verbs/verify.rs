//! `verify`: reads everything back and compares it with the source.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use tools::verify::reconciliation::reconcile;
use tools::verify::verify;

use super::beside::Beside;
use super::noting::Noting;
use super::report;
use super::sheet::SheetOptions;
use super::source_and_target::{TargetOptions, open_target, prepare};

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    /// Also counts and sums both sides by year, branch, status and VAT rate; --html does so, too.
    #[arg(long)]
    sums: bool,
    #[command(flatten)]
    sheet: SheetOptions,
}

pub(super) fn carry_out(
    work: Option<&Path>,
    Options {
        target: verb,
        sums,
        sheet,
    }: &Options,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let prepared = prepare(work, verb)?;
    let beside = Beside::of(&verb.plan);
    let noting = Noting::begin(
        &beside,
        "verify",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let mut report = verify(
        &prepared.plan,
        &prepared.staging,
        target.as_mut(),
        &rejects_path,
    )?;
    if *sums || sheet.html.is_some() {
        let sums = reconcile(
            &prepared.plan,
            &prepared.staging,
            target.as_mut(),
            &rejects_path,
        )?;
        sheet.write(&prepared.plan.time_zone, &prepared.source, |about| {
            tools::report::reconciliation(about, &report, &sums)
        })?;
        if !sums.adds_up() {
            let what = format!(
                "{} counts or sums differ before and after",
                sums.differences
            );
            report.differ("", "", "sums", what);
        }
        report.reconciliation = Some(sums);
    }
    noting.end(
        report.is_clean(),
        &report.target,
        format!(
            "{} documents, {} differences",
            report.documents, report.difference_count
        ),
    );
    report::conclude(&report.since(started), verb.json, &rejects_path)
}
