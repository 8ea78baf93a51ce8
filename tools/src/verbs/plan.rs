//! `plan`: proposes what shall become of each table, in a file that a person corrects.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tools::plan::preview::preview;
use tools::plan::propose::{Basis, propose};
use tools::plan::{Plan, PlanError};

use super::beside::{self, Beside};
use super::counted;
use super::noting::Noting;
use super::progress;
use super::source_and_target::stage;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A SQLite file or a SQL dump.
    source: PathBuf,
    /// The file to write; `<source>.plan.toml` otherwise.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// The branch of orders that name none: its name or id at the hub.
    #[arg(long)]
    branch: Option<String>,
    /// Replaces a plan that is there.
    #[arg(long)]
    overwrite: bool,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    let plan_path = verb
        .plan
        .clone()
        .unwrap_or_else(|| verb.source.with_extension("plan.toml"));
    if plan_path.exists() && !verb.overwrite {
        anyhow::bail!(
            "{} is there already and may hold your corrections. Pass --overwrite to replace it, or --plan for another file.",
            plan_path.display()
        );
    }
    let (staging, summary) = stage(work, &verb.source)?;
    progress::looking_through(&staging);
    let basis = Basis {
        sha256: summary.sha256.clone(),
        source_file: beside::path_from(&plan_path, &verb.source),
        branch: verb.branch.clone(),
        now: jiff::Timestamp::now(),
    };
    let text = propose(&staging, &basis)?;
    std::fs::write(&plan_path, &text)
        .with_context(|| format!("{} cannot be written", plan_path.display()))?;
    let plan = Plan::from_text(&text).map_err(|reason| PlanError::Invalid {
        path: plan_path.clone(),
        reason,
    })?;
    let problems = plan.problems(&staging, &summary.sha256);
    println!(
        "Proposed {}. Read it line by line and correct it; nothing was imported.",
        plan_path.display()
    );
    for problem in &problems {
        println!("  to be corrected: {problem}");
    }
    if problems.is_empty() {
        let preview = preview(&plan, &staging)?;
        for (code, (count, example)) in &preview.rejects {
            let rows = counted(*count, "row", "rows");
            println!("  as it stands {rows} would be rejected: {code}, such as: {example}");
        }
        for (rule, count) in &preview.changes {
            let values = counted(*count, "value", "values");
            println!("  as it stands {values} would be changed by the rule {rule}");
        }
    }
    let unknown = text.lines().filter(|line| line.contains("UNKNOWN")).count();
    if unknown > 0 {
        let values = counted(unknown as u64, "value", "values");
        println!("  {values} whose meaning is unknown; search for UNKNOWN");
    }
    println!(
        "Then: offpiste-import rehearse --plan {}",
        plan_path.display()
    );
    // Noted for the source, whatever is corrected in the plan afterwards.
    let mut noting = Noting::begin(&Beside::of(&plan_path), "plan", None);
    noting.about(&summary.sha256);
    noting.end(true, "", format!("{} to be corrected", problems.len()));
    Ok(ExitCode::SUCCESS)
}
