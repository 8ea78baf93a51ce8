//! `assess`: what is in the source, and what is risky.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tools::assess;

use super::source_and_target::stage;

/// Arguments of `assess`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A SQLite file or a SQL dump.
    source: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let (staging, summary) = stage(work, &verb.source)?;
    let assessment = assess::assess(&staging, &summary).context("the working database failed")?;
    if verb.json {
        println!("{}", serde_json::to_string_pretty(&assessment)?);
    } else {
        print!("{}", assess::render(&assessment));
    }
    Ok(ExitCode::SUCCESS)
}
