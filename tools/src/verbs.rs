//! The verbs: each reads its arguments, calls the library, prints what happened and says how it went by its exit code.

use std::process::ExitCode;

use anyhow::Context as _;
use tools::assess;
use tools::source::read_source;
use tools::staging::Staging;

use crate::arguments::{Arguments, AssessArguments, Verb};

/// The verb could not be carried out.
pub(crate) const EXIT_FAILED: u8 = 2;

/// Carries out what the command line asks for.
pub(crate) fn carry_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.verb {
        Verb::Assess(assess) => carry_out_assess(arguments, assess),
    }
}

fn carry_out_assess(arguments: &Arguments, verb: &AssessArguments) -> anyhow::Result<ExitCode> {
    let mut staging = Staging::create(arguments.work_dir.as_deref())?;
    let summary = read_source(&verb.source, &mut staging, |_, _| {})?;
    let assessment = assess::assess(&staging, &summary).context("the working database failed")?;
    if verb.json {
        println!("{}", serde_json::to_string_pretty(&assessment)?);
    } else {
        print!("{}", assess::render(&assessment));
    }
    Ok(ExitCode::SUCCESS)
}
