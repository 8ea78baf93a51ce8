//! `backup`: source, plan and hub in one folder, with checksums.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use tools::backup::{Manifest, TargetPlace, make};
use tools::plan::Plan;

use super::beside::Beside;
use super::noting::Noting;
use super::print_json;

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("place").required(true), after_help = "\
Examples:
  offpiste-import backup --plan werkstatt.plan.toml --hub-data /var/lib/offpiste-hub
      On the hub's machine, as its user, while it runs or while it does not.
  offpiste-import backup --plan werkstatt.plan.toml --hub-backup hub.backup --to sicherung
      With what `offpiste-hub backup hub.backup` wrote on another machine.

Each call makes a new folder; nothing is ever written over. Exit code: 0 the backup is complete and was read back, 2 it is not.")]
pub(crate) struct Options {
    /// The plan.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The source, when it is not where the plan says.
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// The hub's data folder. A hub that runs is asked, and goes on working meanwhile.
    #[arg(long, value_name = "DIR", group = "place")]
    hub_data: Option<PathBuf>,
    /// A hub's store in a folder of its own.
    #[arg(long, value_name = "DIR", group = "place")]
    store: Option<PathBuf>,
    /// A backup that `offpiste-hub backup` wrote.
    #[arg(long, value_name = "FILE", group = "place")]
    hub_backup: Option<PathBuf>,
    /// Backs up source and plan only.
    #[arg(long, group = "place")]
    source_only: bool,
    /// The folder to make; beside the plan, with the time in its name, otherwise.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn carry_out(verb: &Options) -> anyhow::Result<ExitCode> {
    let (plan, text) = Plan::load(&verb.plan)?;
    let source = verb
        .source
        .clone()
        .unwrap_or_else(|| plan.source_path(&verb.plan));
    let beside = Beside::of(&verb.plan);
    let noting = Noting::begin(&beside, "backup", Some((&text, &plan.source_sha256)));
    let target = match (&verb.hub_data, &verb.store, &verb.hub_backup) {
        (Some(data), _, _) => TargetPlace::HubData(data),
        (_, Some(store), _) => TargetPlace::Store(store),
        (_, _, Some(file)) => TargetPlace::File(file),
        _ => TargetPlace::LeftOut,
    };
    let folder = verb.to.clone().unwrap_or_else(|| {
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        beside.backup(&stamp.to_string())
    });
    let mut files = vec![verb.plan.clone(), beside.history(), beside.mended()];
    files.extend(beside.all_rejects());
    let manifest = make(&folder, &source, &files, target, progress())?;
    if manifest.source.sha256 != plan.source_sha256 {
        anyhow::bail!(
            "{} is not the source the plan is bound to. The backup in {} holds it all the same; name the right one with --source.",
            source.display(),
            folder.display()
        );
    }
    // A backup that cannot be read is none, and the time to find out is now.
    tools::backup::check(&folder)?;
    report(verb, &folder, &manifest)?;
    noting.end(true, "", folder.display().to_string());
    Ok(ExitCode::SUCCESS)
}

fn report(verb: &Options, folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    if verb.json {
        return print_json(&serde_json::json!({ "folder": folder, "manifest": manifest }));
    }
    println!("{}", folder.display());
    let files = [&manifest.source]
        .into_iter()
        .chain(&manifest.beside)
        .chain(&manifest.target);
    for file in files {
        println!("  {}  {:>12}  {}", file.sha256, file.bytes, file.name);
    }
    if manifest.target.is_some() {
        println!("{} documents of the hub", manifest.target_documents);
    } else {
        println!("The hub is not in it.");
    }
    println!(
        "Read back: every checksum holds. It holds personal data: keep it like the hub itself."
    );
    Ok(())
}

/// Documents between two lines that say how far it has come.
const REPORT_EVERY: u64 = 50_000;

fn progress() -> impl FnMut(u64) {
    let mut next = REPORT_EVERY;
    move |documents| {
        if documents >= next {
            eprintln!("{documents} documents");
            next = documents + REPORT_EVERY;
        }
    }
}
