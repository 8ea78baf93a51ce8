//! Steps of a run: each is announced, timed, and remembered, so that one failure does not hide the next.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What became of one step.
pub(crate) enum Outcome {
    /// It held.
    Passed,
    /// It did not hold; the text says what is wrong and what to do about it.
    Failed(String),
    /// It could not be tried here and is not needed for a pass; the text says why.
    Skipped(String),
}

/// The steps of one run, in order.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    duration: Duration,
}

impl Steps {
    /// Announces `name`, runs `step`, prints its duration and remembers its outcome.
    /// An error counts as a failed step; the steps after it still run.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome>) {
        println!("\n=== {name}");
        let start = Instant::now();
        let outcome = step().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let duration = start.elapsed();
        let word = match &outcome {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "FAILED",
            Outcome::Skipped(_) => "skipped",
        };
        println!("=== {name}: {word} in {:.1} s", duration.as_secs_f64());
        self.done.push(Step {
            name,
            outcome,
            duration,
        });
    }

    /// Prints one line for each step, and the reason below each that did not pass.
    pub(crate) fn print_summary(&self) {
        println!("\nSummary");
        for step in &self.done {
            let (mark, reason) = match &step.outcome {
                Outcome::Passed => ("ok     ", None),
                Outcome::Failed(reason) => ("FAILED ", Some(reason)),
                Outcome::Skipped(reason) => ("skipped", Some(reason)),
            };
            println!(
                "  {mark} {:>7.1} s  {}",
                step.duration.as_secs_f64(),
                step.name
            );
            for line in reason.iter().flat_map(|reason| reason.lines()) {
                println!("                     {line}");
            }
        }
    }

    /// Whether no step failed.
    pub(crate) fn all_held(&self) -> bool {
        !self
            .done
            .iter()
            .any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }
}

/// Runs `command` with its output shown, and turns its exit status into an outcome.
pub(crate) fn must_succeed(command: &mut Command, otherwise: &str) -> Result<Outcome> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{otherwise} ({status})"))
    })
}

/// Whether `program` can be started at all.
pub(crate) fn is_installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// The cargo that started us, in the repository's root.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(repository_root());
    // What cargo has told xtask of its own package. The build scripts of some crates (ring) ask for it, and would be run
    // again, and everything above them be built again, each time that somebody calls cargo now through xtask, now by hand.
    for (name, _) in std::env::vars_os() {
        let of_the_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
        ]
        .iter()
        .any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()));
        if of_the_package {
            command.env_remove(name);
        }
    }
    command
}

/// The repository's root, wherever the command was called from.
pub(crate) fn repository_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// Where cargo builds to; honours `CARGO_TARGET_DIR` as cargo itself does.
pub(crate) fn target_directory() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    repository_root().join(named)
}

/// A command the way a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
