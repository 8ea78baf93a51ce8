//! What the tests need from outside cargo: a browser with its driver, strace, iproute2, and axe-core's one script.
//!
//! On Debian and Ubuntu it is installed through apt-get; elsewhere it is named, with the way to get it.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::steps::{Outcome, is_installed, must_succeed, show, target_directory};

/// The accessibility checker that the browser tests put into each page. Fetched for the tests and never shipped.
/// Pinned, because a newer one may know new rules: raising it is a change of its own.
const AXE_CORE_VERSION: &str = "4.14.1";

/// A program the tests start.
struct Tool {
    /// The executable on the PATH.
    program: &'static str,
    /// The package that has it, on Debian and Ubuntu.
    debian_package: &'static str,
    /// What the tests do with it.
    purpose: &'static str,
    /// How to get it elsewhere.
    elsewhere: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        program: "chromium",
        debian_package: "chromium",
        purpose: "the browser tests drive the real pages",
        elsewhere: "install Chromium and put it on the PATH as `chromium`",
    },
    Tool {
        program: "chromedriver",
        debian_package: "chromium-driver",
        purpose: "the browser tests speak to Chromium through it",
        elsewhere: "install the chromedriver of exactly your Chromium's version and put it on the PATH",
    },
    Tool {
        program: "strace",
        debian_package: "strace",
        purpose: "a test proves that the disk was flushed before the answer",
        elsewhere: "install strace (Linux only)",
    },
    Tool {
        program: "ip",
        debian_package: "iproute2",
        purpose: "a test pulls the cable between a branch and the hub, in a network of its own",
        elsewhere: "install iproute2 (Linux only)",
    },
    Tool {
        program: "npm",
        debian_package: "npm",
        purpose: "it fetches axe-core, the accessibility checker",
        elsewhere: "install Node.js with npm",
    },
];

/// No test needs it; `bench import` compares the importer with it.
const SQLITE_SHELL: Tool = Tool {
    program: "sqlite3",
    debian_package: "sqlite3",
    purpose: "the importer's bench compares itself with it",
    elsewhere: "install SQLite's command-line shell and put it on the PATH as `sqlite3`",
};

/// Makes the SQLite shell ready, or says what the bench will leave out.
pub(crate) fn sqlite_shell() {
    if !is_installed(SQLITE_SHELL.program) && is_installed("apt-get") {
        // What cannot be installed is named below.
        let _ = install_with_apt(&[&SQLITE_SHELL]);
    }
    if !is_installed(SQLITE_SHELL.program) {
        eprintln!("{}", complaint(&SQLITE_SHELL));
    }
}

/// Whether the machine may be changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    /// Install what is missing, where we know how.
    WhatIsMissing,
    /// Change nothing; name what is missing.
    Never,
}

/// How `prepare` runs.
#[derive(Args, Clone, Copy)]
pub(crate) struct PrepareOptions {
    /// Never install anything; only name what is missing.
    #[arg(long)]
    no_install: bool,
}

/// Runs [`prepare`] by itself.
pub(crate) fn run(options: PrepareOptions) -> Result<ExitCode> {
    let install = if options.no_install {
        Install::Never
    } else {
        Install::WhatIsMissing
    };
    match prepare(install)? {
        Outcome::Failed(reason) => bail!(reason),
        Outcome::Passed | Outcome::Skipped(_) => {
            println!("Everything the tests need is here.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Makes the tools and axe-core ready, or says for each missing one what it is for and how to get it.
pub(crate) fn prepare(install: Install) -> Result<Outcome> {
    if !missing_tools().is_empty() && install == Install::WhatIsMissing && is_installed("apt-get") {
        install_with_apt(&missing_tools())?;
    }
    let mut complaints: Vec<String> = missing_tools().into_iter().map(complaint).collect();
    if !axe_is_here() {
        if install == Install::Never || !is_installed("npm") {
            complaints.push(format!(
                "axe-core {AXE_CORE_VERSION} is missing: the browser tests check accessibility with it. \
                 `cargo xtask prepare` fetches it."
            ));
        } else {
            fetch_axe()?;
        }
    }
    if complaints.is_empty() {
        return Ok(Outcome::Passed);
    }
    complaints.push("Until then the tests that need these fail; all others run.".to_owned());
    Ok(Outcome::Failed(complaints.join("\n")))
}

fn missing_tools() -> Vec<&'static Tool> {
    TOOLS
        .iter()
        .filter(|tool| !is_installed(tool.program))
        .collect()
}

fn complaint(tool: &Tool) -> String {
    let Tool {
        program,
        debian_package,
        purpose,
        elsewhere,
    } = tool;
    if is_installed("apt-get") {
        format!(
            "`{program}` is missing: {purpose}. `apt-get install {debian_package}`, or this command without --no-install."
        )
    } else {
        format!("`{program}` is missing: {purpose}. To get it, {elsewhere}.")
    }
}

/// Installs with apt-get, through sudo when not root. Asks nothing, so that a CI never hangs on a question.
fn install_with_apt(tools: &[&Tool]) -> Result<()> {
    let packages: Vec<&str> = tools.iter().map(|tool| tool.debian_package).collect();
    println!("Installing {}.", packages.join(", "));
    apt_get(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "apt-get"]);
        sudo
    };
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    match must_succeed(&mut command, "apt-get did not succeed")? {
        Outcome::Failed(reason) => bail!(
            "`{}`: {reason}. Run it by hand, or use --no-install.",
            show(&command)
        ),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}

fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").output();
    answer.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn axe_is_here() -> bool {
    let version = fs::read_to_string(target_directory().join("axe-core/VERSION"));
    version.is_ok_and(|version| version == AXE_CORE_VERSION)
}

/// Fetches axe-core from the npm registry into the target directory; npm verifies its checksum.
/// The version file is written last: a fetch that was broken off is done again.
fn fetch_axe() -> Result<()> {
    let directory = target_directory().join("axe-core");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let tarball = format!("axe-core-{AXE_CORE_VERSION}.tgz");
    run_in(
        &directory,
        "npm",
        &["pack", "--silent", &format!("axe-core@{AXE_CORE_VERSION}")],
    )?;
    run_in(
        &directory,
        "tar",
        &[
            "-xzf",
            &tarball,
            "--strip-components=1",
            "package/axe.min.js",
            "package/LICENSE",
        ],
    )?;
    fs::remove_file(directory.join(&tarball))
        .with_context(|| format!("cannot remove {tarball}"))?;
    fs::write(directory.join("VERSION"), AXE_CORE_VERSION)
        .context("cannot note the version of axe-core")
}

fn run_in(directory: &std::path::Path, program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    match must_succeed(&mut command, "see above")? {
        Outcome::Failed(reason) => bail!(
            "axe-core cannot be fetched: `{}` failed, {reason}",
            show(&command)
        ),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}
