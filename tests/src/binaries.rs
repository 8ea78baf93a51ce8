//! Where the product's binaries are, built from the tree as it is now.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};

/// A command that starts one of the product's binaries, such as `offpiste-hub`, with the profile of the running test.
///
/// The first call builds them all, so that a test never runs yesterday's binary; `cargo xtask` builds beforehand and
/// says so through `OFFPISTE_BINARIES_ARE_BUILT`.
///
/// # Errors
/// When the tree does not build or has no such binary.
pub fn binary(name: &str) -> Result<Command> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build_binaries().map_err(|error| format!("{error:#}")));
    if let Err(reason) = built {
        bail!("the product's binaries are not there: {reason}");
    }
    let path = profile_directory()?.join(name);
    ensure!(
        path.is_file(),
        "there is no binary {}; is its name right?",
        path.display()
    );
    Ok(Command::new(path))
}

/// Where things that people look at after a run go: screenshots, reports. Created if missing, ignored by git.
///
/// # Errors
/// When it cannot be created.
pub fn artefacts_directory() -> Result<PathBuf> {
    let directory = repository_root().join("artefacts");
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

/// Cargo's target directory, found from the running executable, so that it is right under any `CARGO_TARGET_DIR`.
///
/// # Errors
/// When the executable does not lie where cargo puts it.
pub fn target_directory() -> Result<PathBuf> {
    let profile = profile_directory()?;
    Ok(profile
        .parent()
        .context("the profile's directory has no parent")?
        .to_path_buf())
}

fn build_binaries() -> Result<()> {
    if env::var_os("OFFPISTE_BINARIES_ARE_BUILT").is_some() {
        return Ok(());
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(repository_root())
        .args(["build", "--quiet", "--bins"]);
    // The same selection for each run, so that features are unified the same way and nothing is built twice.
    cargo.args(["-p", "server", "-p", "client", "-p", "tools", "-p", "tests"]);
    cargo.env("CARGO_TARGET_DIR", target_directory()?);
    forget_this_package(&mut cargo);
    if profile_directory()?.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().context("cargo cannot be started")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Takes away what cargo has told this process of its own package. The build scripts of some crates (ring) ask for it, and
/// would be run again, and everything above them be built again, each time a test calls cargo and each time a person does.
fn forget_this_package(cargo: &mut Command) {
    for (name, _) in env::vars_os() {
        let of_the_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
        ]
        .iter()
        .any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()));
        if of_the_package {
            cargo.env_remove(name);
        }
    }
}

/// `target/debug` or `target/release`: where the running executable is, or one up when it is a test below `deps`.
fn profile_directory() -> Result<PathBuf> {
    let executable = env::current_exe().context("the running executable is unknown")?;
    let directory = executable
        .parent()
        .context("the running executable has no directory")?;
    let profile = if directory.ends_with("deps") {
        directory.parent()
    } else {
        Some(directory)
    };
    Ok(profile
        .context("the target directory is not where cargo puts it")?
        .to_path_buf())
}

fn repository_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
