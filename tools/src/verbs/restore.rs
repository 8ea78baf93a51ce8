//! `restore`: what `backup` kept, back to where it was or somewhere else.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use tools::backup::{check, restore_source, restore_store, target_file};

use super::print_json;

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true), after_help = "\
Examples:
  offpiste-import restore sicherung --check
      Reads every checksum and the hub's backup to its end. Changes nothing.
  offpiste-import restore sicherung --source-to werkstatt.sql
      Puts the legacy database back.
  offpiste-import restore sicherung --hub-data /var/lib/offpiste-hub --replace
      Puts the hub back, while it does not run. What is there is kept in a folder within it.

Checksums are read first; nothing that is there is replaced without --replace, and nothing is ever deleted.
Exit code: 0 done, 2 not.")]
pub(crate) struct Options {
    /// The folder that `backup` made.
    folder: PathBuf,
    /// Only checks.
    #[arg(long, group = "what")]
    check: bool,
    /// Puts the legacy database into this file.
    #[arg(long, value_name = "FILE", group = "what")]
    source_to: Option<PathBuf>,
    /// Makes a hub's store in this folder.
    #[arg(long, value_name = "DIR", group = "what")]
    store: Option<PathBuf>,
    /// Puts the hub back into its data folder, by the hub's own program.
    #[arg(long, value_name = "DIR", group = "what")]
    hub_data: Option<PathBuf>,
    /// Replaces what is there; it is moved aside.
    #[arg(long)]
    replace: bool,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn carry_out(verb: &Options) -> anyhow::Result<ExitCode> {
    let manifest = check(&verb.folder)?;
    let mut done = vec![format!(
        "every checksum of the backup of {} holds",
        manifest.made_at
    )];
    let mut aside = Vec::new();
    let mut kept = |kept: Option<PathBuf>| aside.extend(kept);
    if let Some(to) = &verb.source_to {
        kept(restore_source(&verb.folder, to, verb.replace)?.1);
        done.push(format!("source restored: {}", to.display()));
    }
    if let Some(to) = &verb.store {
        let (_, summary, moved) = restore_store(&verb.folder, to, verb.replace)?;
        kept(moved);
        done.push(format!("store restored in {}: {summary}", to.display()));
    }
    if let Some(data) = &verb.hub_data {
        let file = target_file(&verb.folder, &manifest)?;
        done.push(restore_hub(&file, data, verb.replace)?);
    }
    if verb.json {
        print_json(&serde_json::json!({ "done": done, "aside": aside, "manifest": manifest }))?;
    } else {
        for line in done {
            println!("{line}");
        }
        for path in aside {
            println!("what was there before is in {}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Has the hub's own program put its store back: only it knows what must begin anew, so that branches notice.
fn restore_hub(file: &Path, data: &Path, replace: bool) -> anyhow::Result<String> {
    let beside_us = std::env::current_exe()
        .ok()
        .map(|ours| ours.with_file_name("offpiste-hub"))
        .filter(|hub| hub.exists());
    let program = beside_us.unwrap_or_else(|| PathBuf::from("offpiste-hub"));
    let mut command = Command::new(&program);
    command.arg("restore").arg(file).arg("--data").arg(data);
    if replace {
        command.arg("--replace");
    }
    let output = command.output().with_context(|| {
        format!(
            "{} cannot be started; nothing was changed. On the hub's machine: offpiste-hub restore {} --data {}",
            program.display(),
            file.display(),
            data.display()
        )
    })?;
    if !output.status.success() {
        anyhow::bail!(
            "the hub was not restored: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
