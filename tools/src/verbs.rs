//! The verbs, one file each: arguments, the call of the library, what is printed, and the exit code that says how it went.
//!
//! What several share is in [`source_and_target`]: reading the source, checking the plan, opening the target.

pub(crate) mod assess;
pub(crate) mod backup;
mod beside;
pub(crate) mod certify;
pub(crate) mod cutover;
pub(crate) mod diff;
mod noting;
pub(crate) mod plan;
mod progress;
pub(crate) mod rehearse;
mod report;
pub(crate) mod restore;
pub(crate) mod rollback;
pub(crate) mod run;
mod sheet;
mod source_and_target;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod verify;
mod watched;

use std::process::ExitCode;

use crate::arguments::{Arguments, Verb};

/// Something does not fit: rows unaccounted for, or documents that differ from their rows.
const EXIT_DIFFERENCES: u8 = 1;

/// The verb could not be carried out.
pub(crate) const EXIT_FAILED: u8 = 2;

/// Carries out what the command line asks for.
pub(crate) fn carry_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let work = arguments.work_dir.as_deref();
    match &arguments.verb {
        Verb::Assess(verb) => assess::carry_out(work, verb),
        Verb::Plan(verb) => plan::carry_out(work, verb),
        Verb::Run(verb) => run::carry_out(work, verb),
        Verb::Verify(verb) => verify::carry_out(work, verb),
        Verb::Rehearse(verb) => rehearse::carry_out(work, verb),
        Verb::Backup(verb) => backup::carry_out(verb),
        Verb::Restore(verb) => restore::carry_out(verb),
        Verb::Cutover(verb) => cutover::carry_out(work, verb),
        Verb::Certify(verb) => certify::carry_out(work, verb),
        Verb::Status(verb) => status::carry_out(verb),
        Verb::Diff(verb) => diff::carry_out(work, verb),
        Verb::Sync(verb) => sync::carry_out(work, verb),
        Verb::Rollback(verb) => rollback::carry_out(work, verb),
    }
}

/// A number with what it counts.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Prints one object for programs.
fn print_json(facts: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(facts)?);
    Ok(())
}
