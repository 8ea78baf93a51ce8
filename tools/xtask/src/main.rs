//! House commands: everything a person or the CI does with this repository, behind `cargo xtask`.
//!
//! Kept to two light dependencies, so that the first `cargo xtask` of a fresh clone starts in seconds.

mod checks;
mod prepare;
mod product;
mod steps;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checks::TestOptions;
use crate::product::DemoOptions;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Offpiste's house commands: check it, see it run, measure it.",
    after_help = "\
First time here?
  cargo xtask test             everything the CI runs; installs a browser on Debian and Ubuntu
  cargo xtask test --no-install   the same, but never installs anything
  cargo xtask demo             a hub and two branches on this machine, to click through
  cargo xtask demo --check     the same day unattended, proven step by step

While working on one crate, plain cargo is quicker:
  cargo test -p shared         cargo clippy -p shared --all-targets

How the tests are built and how to add one: docs/TESTING.md"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: format, clippy, docs, all tests, dependency rules. This is the CI.
    Test(TestOptions),
    /// Make ready what the tests need from outside cargo: Chromium, strace, axe-core.
    Prepare(prepare::PrepareOptions),
    /// Start a hub and two branches with some thousand orders, and a switch on each line.
    Demo(DemoOptions),
    /// Measure the release build: durable writes, search, start, change on another screen; `bench sync`: the synchronisation
    /// beside PouchDB and RouchDB; `bench import`: the importer with a million orders.
    #[command(after_help = "\
  cargo xtask bench                 durable, counter and live
  cargo xtask bench durable         one of them
  cargo xtask bench sync            the synchronisation, everything; fetches its peers from npm and crates.io
  cargo xtask bench sync --quick    small sizes: shows that it works
  cargo xtask bench sync --only wire,disk
                                    parts of it: first, wire, disk, memory, catch-up, many
  cargo xtask bench import          the importer: a dump of 1 GB, a million orders; some minutes, 6 GB of temporary files
  cargo xtask bench import --quick  small sizes: shows that it works
  cargo xtask bench import --parts store --orders 100000
                                    parts of it: reader, staging, store, hub

What the figures mean: docs/BENCHMARKS.md")]
    Bench {
        /// What to measure and how, handed on as it is.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Write a legacy dump of any size and dialect with planted defects, and the truth about it.
    #[command(disable_help_flag = true)]
    LegacyGen {
        /// `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(options) => Ok(checks::run(options)),
        Command::Prepare(options) => prepare::run(options),
        Command::Demo(options) => product::demo(&options),
        Command::Bench { options } => product::bench(&options),
        Command::LegacyGen { options } => product::legacy_gen(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
