//! `certify`: the certificate that the old database may be switched off.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tools::certify::{Certificate, Request, certify};
use tools::history;
use tools::report;

use super::beside::Beside;
use super::noting::Noting;
use super::sheet::{SheetOptions, write_private};
use super::source_and_target::{TargetOptions, open_target, prepare_whole, refuse_earlier_state};
use super::{EXIT_DIFFERENCES, print_json};

/// Arguments of `certify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offpiste-import certify --plan werkstatt.plan.toml --hub https://hub.example --by 'Rita Caduff, IT'
      Compares everything once more. When all of it fits, writes werkstatt.certificate.html and .json.

Exit code: 0 certified; 1 something does not fit, and nothing is written; 2 it could not be carried out.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    /// Who issues it: name and function.
    #[arg(long, value_name = "NAME")]
    by: String,
    #[command(flatten)]
    sheet: SheetOptions,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let prepared = prepare_whole(work, &verb.target)?;
    let beside = Beside::of(&verb.target.plan);
    let steps = history::read(&beside.history())
        .with_context(|| format!("{} cannot be read", beside.history().display()))?;
    let noting = Noting::begin(
        &beside,
        "certify",
        Some((&prepared.text, &prepared.source_sha256)),
    );
    let mut target = open_target(&verb.target, &beside)?;
    refuse_earlier_state(&verb.target, &beside, &prepared, &target.name())?;
    let certificate = certify(
        Request {
            plan: &prepared.plan,
            plan_text: &prepared.text,
            source: &prepared.source,
            source_sha256: &prepared.source_sha256,
            by: &verb.by,
            rejects: &beside.rejects_of(&prepared.source_sha256),
            history: steps.steps,
        },
        &prepared.staging,
        target.as_mut(),
    )?;
    if verb.target.json {
        print_json(&certificate)?;
    }
    if !certificate.holds() {
        for refusal in &certificate.refusals {
            eprintln!("not certified: {refusal}");
        }
        eprintln!("Nothing was written. Do not switch the old database off.");
        noting.end(
            false,
            &certificate.report.target,
            certificate.refusals.join("; "),
        );
        return Ok(ExitCode::from(EXIT_DIFFERENCES));
    }
    let html = write(
        verb,
        &beside,
        &prepared.plan.time_zone,
        &certificate,
        &prepared.source,
    )?;
    if !verb.target.json {
        println!("Certified: {} ({})", html.display(), certificate.checksum);
        println!("Have it signed, and keep it with the backup of the source.");
    }
    noting.end(true, &certificate.report.target, certificate.checksum);
    Ok(ExitCode::SUCCESS)
}

/// Both forms beside the plan, or the HTML where it is wanted.
fn write(
    verb: &Options,
    beside: &Beside,
    zone: &str,
    certificate: &Certificate,
    source: &Path,
) -> anyhow::Result<PathBuf> {
    let path = verb
        .sheet
        .html
        .clone()
        .unwrap_or_else(|| beside.certificate("html"));
    let sheet = SheetOptions {
        html: Some(path.clone()),
        language: verb.sheet.language,
    };
    sheet.write(zone, source, |about| {
        report::certificate(about, certificate)
    })?;
    write_private(
        &beside.certificate("json"),
        &serde_json::to_vec_pretty(certificate)?,
    )?;
    Ok(path)
}
