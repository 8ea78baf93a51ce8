//! `status`: where this migration stands, and what comes next.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tools::certify::sha256;
use tools::history::{self, History, Outcome, Step};
use tools::plan::Plan;

use super::beside::Beside;
use super::{counted, print_json};

/// The verbs in the order of the runbook.
const PATH: [&str; 11] = [
    "assess", "plan", "rehearse", "backup", "run", "verify", "diff", "sync", "rollback", "cutover",
    "certify",
];

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  offpiste-import status --plan werkstatt.plan.toml

Reads werkstatt.history.jsonl, to which every verb adds a line. What was shown with an earlier plan does not count. Exit code: 0 told, 2 it could not be read.")]
pub(crate) struct Options {
    /// The plan.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn carry_out(verb: &Options) -> anyhow::Result<ExitCode> {
    let (plan, text) = Plan::load(&verb.plan)?;
    let beside = Beside::of(&verb.plan);
    let path = beside.history();
    let history =
        history::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let plan_sha256 = sha256(text.as_bytes());
    let next = history.next(&plan_sha256);
    if verb.json {
        let steps = PATH.map(|verb| (verb, history.latest(verb, &plan_sha256)));
        let steps: serde_json::Map<String, serde_json::Value> = steps
            .into_iter()
            .map(|(verb, step)| Ok((verb.to_owned(), serde_json::to_value(step)?)))
            .collect::<Result<_, serde_json::Error>>()?;
        print_json(&serde_json::json!({
            "source": plan.source_name,
            "source_sha256": plan.source_sha256,
            "plan_sha256": plan_sha256,
            "steps": steps,
            "synced_times": history.times("sync"),
            "next": next,
            "next_in_words": next.words(),
            "history": history,
        }))?;
    } else {
        print_text(&plan, &history, &plan_sha256);
        println!("\nNext: {}", next.words());
    }
    Ok(ExitCode::SUCCESS)
}

fn print_text(plan: &Plan, history: &History, plan_sha256: &str) {
    println!("{} ({})\n", plan.source_name, plan.source_file.display());
    for verb in PATH {
        let Some(step) = history.latest(verb, plan_sha256) else {
            let others = match history.times(verb) {
                0 if verb == "assess" => {
                    " since there is a plan; a look at a source leaves nothing behind".to_owned()
                }
                0 => String::new(),
                times => format!(" with this plan; {times} times with others"),
            };
            println!("{verb:9}  not yet{others}");
            continue;
        };
        println!("{verb:9}  {}", told(step));
    }
    let synced = history.times("sync");
    if synced > 0 {
        println!("\nkept in step {}", counted(synced as u64, "time", "times"));
    }
    if history.unreadable > 0 {
        println!("{} lines of the history cannot be read", history.unreadable);
    }
}

fn told(step: &Step) -> String {
    let outcome = match step.outcome {
        Outcome::Clean => "in order",
        Outcome::Differences => "DIFFERENCES",
        Outcome::Failed => "NOT CARRIED OUT",
    };
    let at = step.at.strftime("%Y-%m-%d %H:%M UTC");
    let summary = if step.summary.is_empty() {
        String::new()
    } else {
        format!("; {}", step.summary)
    };
    format!("{outcome}, {at}, {:.1} s{summary}", step.seconds)
}
