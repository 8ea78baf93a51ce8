//! `cargo xtask demo` and `cargo xtask bench`: build what is there, then hand over to the binaries of package `tests`.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::steps::{Outcome, cargo, must_succeed, repository_root, target_directory};

/// How `demo` runs.
#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Run the day unattended, prove each step, print one JSON object last.
    #[arg(long)]
    check: bool,
    /// How many legacy orders the import brings; without it the demo's own default.
    #[arg(long, value_name = "N")]
    orders: Option<u32>,
}

/// Builds hub, branch and importer as a person runs them, then starts the demo.
pub(crate) fn demo(options: &DemoOptions) -> Result<ExitCode> {
    let mut arguments = Vec::new();
    if options.check {
        arguments.push("--check".to_owned());
    }
    if let Some(orders) = options.orders {
        arguments.extend(["--orders".to_owned(), orders.to_string()]);
    }
    build_and_run("demo", "dev", &arguments)
}

/// Builds with full optimisation, then runs the benchmarks with the options as they are.
pub(crate) fn bench(options: &[String]) -> Result<ExitCode> {
    if options.iter().any(|option| option == "import") {
        crate::prepare::sqlite_shell();
    }
    build_and_run("bench", "release", options)
}

/// Hands over to the generator of legacy dumps, built with full optimisation: a dump may have gigabytes. Paths are the
/// caller's, so it runs where the caller stands.
pub(crate) fn legacy_gen(options: &[String]) -> Result<ExitCode> {
    let mut run = cargo();
    run.current_dir(std::env::current_dir().context("the folder you stand in is gone")?);
    run.args([
        "run",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "tools",
    ])
    .arg("--manifest-path")
    .arg(repository_root().join("Cargo.toml"))
    .args(["--example", "legacy-gen", "--"])
    .args(options);
    let status = run.status().context("cargo cannot be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds all binaries of the workspace in one go, so that features are the same ones for all, then runs `binary`.
/// The program's own output is the last thing on the screen.
fn build_and_run(binary: &str, profile: &str, arguments: &[String]) -> Result<ExitCode> {
    let mut build = cargo();
    build.args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--bins",
        "--profile",
        profile,
    ]);
    if let Outcome::Failed(reason) =
        must_succeed(&mut build, "the binaries do not build; see above")?
    {
        anyhow::bail!(reason);
    }
    let directory = if profile == "release" {
        "release"
    } else {
        "debug"
    };
    let mut run = Command::new(target_directory().join(directory).join(binary));
    run.args(arguments)
        .current_dir(repository_root())
        .env("OFFPISTE_BINARIES_ARE_BUILT", "1");
    let status = run
        .status()
        .with_context(|| format!("cannot start {binary}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
