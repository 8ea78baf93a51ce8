//! `verify`: reads everything back and compares it with the source.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use tools::target::{Store, Target};
use tools::verify::reconciliation::reconcile;
use tools::verify::verify;

use super::beside::Beside;
use super::noting::Noting;
use super::report;
use super::sheet::SheetOptions;
use super::source_and_target::{
    Binding, PortionOptions, TargetOptions, later_state, open_hub, prepare,
};
use super::watched::Watched;

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
        portion,
        sums,
        sheet,
    }: &Options,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    if (*sums || sheet.html.is_some()) && !portion.portion().is_whole() {
        anyhow::bail!(
            "sums are of the whole source: pass --sums and --html without --branch, --table, --since and --until"
        );
    }
    let beside = Beside::of(&verb.plan);
    let (prepared, opened) = std::thread::scope(|scope| {
        // A large store takes a second to be opened. A hub is asked only when the source and the plan are known to be good.
        let opening = verb
            .store
            .as_ref()
            .map(|folder| scope.spawn(|| Store::open(folder)));
        let prepared = prepare(work, verb, portion.portion(), Binding::ToItsTables, None);
        let opened = opening.map(|opening| {
            opening
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        (prepared, opened)
    });
    let prepared = prepared?;
    let noting = Noting::begin(
        &beside,
        "verify",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let mut target: Box<dyn Target> = match opened {
        Some(opened) => Box::new(Watched::new(opened?)),
        None => Box::new(Watched::new(open_hub(verb, &beside)?)),
    };
    let rejects_path = beside.rejects_of(&prepared.source_sha256);
    let later = later_state(verb, &beside, &prepared, &target.name());
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
    let fits = report.is_clean();
    let code = report::conclude(&report.since(started), verb.json, &rejects_path)?;
    if let Some(later) = later.filter(|_| !fits) {
        eprintln!("{later}. To compare with what was carried over last, name it with --source.");
    }
    Ok(code)
}
