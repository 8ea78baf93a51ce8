//! `assess`: what is in the source, and what is risky.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tools::assess;

use super::beside::Beside;
use super::noting::Noting;
use super::progress;
use super::sheet::{DEFAULT_ZONE, SheetOptions};
use super::source_and_target::stage;

/// Arguments of `assess`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A SQLite file or a SQL dump.
    source: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sheet: SheetOptions,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    // What belongs to a migration is noted; a look at any database leaves nothing beside it.
    let plan = verb.source.with_extension("plan.toml");
    let noting = plan
        .exists()
        .then(|| Noting::begin(&Beside::of(&plan), "assess", None));
    let (staging, summary) = stage(work, &verb.source)?;
    progress::looking_through(&staging);
    let assessment = assess::assess(&staging, &summary).context("the working database failed")?;
    if verb.json {
        println!("{}", serde_json::to_string_pretty(&assessment)?);
    } else {
        print!("{}", assess::render(&assessment));
    }
    verb.sheet.write(DEFAULT_ZONE, &verb.source, |about| {
        tools::report::assessment(about, &assessment)
    })?;
    if let Some(mut noting) = noting {
        noting.about(&summary.sha256);
        noting.end(true, "", format!("{} findings", assessment.findings.len()));
    }
    Ok(ExitCode::SUCCESS)
}
