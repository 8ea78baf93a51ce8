//! `cargo xtask test`: everything that must hold before a change goes in. The CI runs exactly this.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::prepare::{self, Install};
use crate::steps::{Outcome, Steps, cargo, is_installed, must_succeed, show};

/// How `test` runs.
#[derive(Args, Clone, Copy)]
pub(crate) struct TestOptions {
    /// Never install anything; whatever is missing then fails the run and is named.
    #[arg(long)]
    no_install: bool,
}

/// Runs every step, prints the summary and, last, `N passed, N failed`.
/// The exit code is 0 only when every step held and no test failed.
pub(crate) fn run(options: TestOptions) -> ExitCode {
    let start = Instant::now();
    let install = if options.no_install {
        Install::Never
    } else {
        Install::WhatIsMissing
    };
    let mut steps = Steps::default();
    let mut tally = Tally::default();

    steps.run("what the tests need", || prepare::prepare(install));
    steps.run("format", || {
        must_succeed(
            cargo().args(["fmt", "--all", "--check"]),
            "run `cargo fmt --all`",
        )
    });
    steps.run("clippy", || {
        let mut clippy = cargo();
        clippy.args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]);
        must_succeed(&mut clippy, "clippy has something to say; see above")
    });
    steps.run("docs", || {
        let mut doc = cargo();
        doc.args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        must_succeed(
            &mut doc,
            "a docstring does not render or links to nothing; see above",
        )
    });
    steps.run("binaries", || {
        must_succeed(
            cargo().args(["build", "--locked", "--workspace", "--bins"]),
            "the binaries do not build",
        )
    });
    steps.run("tests", || tests(&mut tally));
    steps.run("dependency rules", dependency_rules);

    steps.print_summary();
    println!("\nTook {:.0} s.", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if steps.all_held() && tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How many tests run at the same time.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Most integration tests wait for processes most of their time.
const TESTS_PER_PROCESSOR: usize = 2;

/// All unit, integration and documentation tests of all crates. A failure does not stop the others.
fn tests(tally: &mut Tally) -> Result<Outcome> {
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    // The binaries were built by the step before from this very tree: the harness need not ask cargo again.
    command.env("OFFPISTE_BINARIES_ARE_BUILT", "1");
    if std::env::var_os(TEST_THREADS).is_none() {
        let processors = std::thread::available_parallelism()?.get();
        command.env(TEST_THREADS, (TESTS_PER_PROCESSOR * processors).to_string());
    }
    *tally = run_and_count(&mut command)?;
    Ok(match (tally.failed, tally.ignored) {
        (0, 0) => Outcome::Passed,
        (0, ignored) => Outcome::Failed(format!(
            "{ignored} tests are ignored; mend or delete them, a test that never runs proves nothing"
        )),
        (failed, _) => Outcome::Failed(format!(
            "{failed} failed; each is named above, below \"failures:\""
        )),
    })
}

/// Runs a `cargo test`, shows its output as it comes, and sums up its result lines.
/// A run that ends badly without naming a failed test (it did not compile, or a test binary died) counts as one failure.
fn run_and_count(command: &mut Command) -> Result<Tally> {
    let shown = show(command);
    println!("$ {shown}");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let output = child
        .stdout
        .take()
        .context("the output of cargo test cannot be read")?;
    let mut tally = Tally::default();
    let mut lines = BufReader::new(output);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        tally.add_result_line(&text);
        line.clear();
    }
    let status = child.wait().context("cargo test cannot be waited for")?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// Licences, banned crates and sources, as deny.toml has them. Advisories need the network and are not part of it.
fn dependency_rules() -> Result<Outcome> {
    if !is_installed("cargo-deny") {
        return Ok(Outcome::Skipped(
            "licences, bans and sources were held by the tests; cargo-deny would look a second time: \
             `cargo install --locked cargo-deny`"
                .to_owned(),
        ));
    }
    let mut deny = cargo();
    deny.args([
        "deny",
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]);
    must_succeed(
        &mut deny,
        "a dependency breaks a rule of deny.toml; see above",
    )
}

/// Tests counted over several test binaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    /// Any other line changes nothing.
    fn add_result_line(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in counts.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(word)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match word {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_of_all_test_binaries_are_summed() {
        let mut tally = Tally::default();
        tally.add_result_line("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n");
        tally.add_result_line("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.50s\n");
        assert_eq!(
            tally,
            Tally {
                passed: 15,
                failed: 2,
                ignored: 1
            }
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test a ... ok",
            "12 passed; 3 failed",
            "printed by a test: test result: ok. 9 passed;",
            "",
        ] {
            tally.add_result_line(line);
        }
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn a_run_that_dies_without_a_result_line_counts_as_a_failure() {
        let tally = run_and_count(Command::new("false").arg("ends with 1 and prints nothing"))
            .expect("`false` starts");
        assert_eq!(
            tally,
            Tally {
                failed: 1,
                ..Tally::default()
            }
        );
    }
}
