//! The verbs: each reads its arguments, calls the library, prints what happened and says how it went by its exit code.

mod beside;
mod progress;
mod report;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use tools::assess;
use tools::plan::preview::preview;
use tools::plan::propose::{Basis, propose};
use tools::plan::{Plan, PlanError};
use tools::run::{Report, run};
use tools::source::{SourceSummary, read_source};
use tools::staging::Staging;
use tools::target::{Hub, Store, Target, TargetError};
use tools::verify::verify;

use crate::arguments::{Arguments, AssessArguments, PlanArguments, TargetArguments, Verb};
use beside::Beside;

/// Something does not fit: rows unaccounted for, or documents that differ from their rows.
const EXIT_DIFFERENCES: u8 = 1;

/// The verb could not be carried out.
pub(crate) const EXIT_FAILED: u8 = 2;

/// A position no feed reaches: asking for what comes after it shows whether the token is good.
const BEHIND_EVERYTHING: u64 = u64::MAX >> 1;

/// Carries out what the command line asks for.
pub(crate) fn carry_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let work = arguments.work_dir.as_deref();
    match &arguments.verb {
        Verb::Assess(verb) => carry_out_assess(work, verb),
        Verb::Plan(verb) => carry_out_plan(work, verb),
        Verb::Run(verb) => carry_out_run(work, verb),
        Verb::Verify(verb) => carry_out_verify(work, verb),
    }
}

fn carry_out_assess(work: Option<&Path>, verb: &AssessArguments) -> anyhow::Result<ExitCode> {
    let (staging, summary) = stage(work, &verb.source)?;
    let assessment = assess::assess(&staging, &summary).context("the working database failed")?;
    if verb.json {
        println!("{}", serde_json::to_string_pretty(&assessment)?);
    } else {
        print!("{}", assess::render(&assessment));
    }
    Ok(ExitCode::SUCCESS)
}

fn carry_out_plan(work: Option<&Path>, verb: &PlanArguments) -> anyhow::Result<ExitCode> {
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
            println!("  as it stands {count} rows would be rejected: {code}, such as: {example}");
        }
        for (rule, count) in &preview.changes {
            println!("  as it stands {count} values would be changed by the rule {rule}");
        }
    }
    let unknown = text.lines().filter(|line| line.contains("UNKNOWN")).count();
    if unknown > 0 {
        println!("  {unknown} values whose meaning is unknown; search for UNKNOWN");
    }
    println!(
        "Then: offpiste-import run --plan {} --hub URL --token JOIN-STRING",
        plan_path.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn carry_out_run(work: Option<&Path>, verb: &TargetArguments) -> anyhow::Result<ExitCode> {
    let prepared = prepare(work, verb)?;
    let beside = Beside::of(&verb.plan);
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let mut rejects = BufWriter::new(
        File::create(&rejects_path)
            .with_context(|| format!("{} cannot be written", rejects_path.display()))?,
    );
    let mut progress = progress::for_terminal();
    let report = run(
        &prepared.plan,
        &prepared.text,
        &prepared.staging,
        target.as_mut(),
        &mut rejects,
        progress.as_mut(),
    )?;
    std::io::Write::flush(&mut rejects)
        .with_context(|| format!("{} cannot be written", rejects_path.display()))?;
    conclude(&report, verb, &rejects_path)
}

fn carry_out_verify(work: Option<&Path>, verb: &TargetArguments) -> anyhow::Result<ExitCode> {
    let prepared = prepare(work, verb)?;
    let beside = Beside::of(&verb.plan);
    let mut target = open_target(verb, &beside)?;
    let rejects_path = beside.rejects();
    let report = verify(
        &prepared.plan,
        &prepared.staging,
        target.as_mut(),
        &rejects_path,
    )?;
    conclude(&report, verb, &rejects_path)
}

fn conclude(report: &Report, verb: &TargetArguments, rejects: &Path) -> anyhow::Result<ExitCode> {
    if verb.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{}", report::render(report, rejects));
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

/// A plan with its staged source, checked against each other.
struct Prepared {
    plan: Plan,
    text: String,
    staging: Staging,
}

fn prepare(work: Option<&Path>, verb: &TargetArguments) -> anyhow::Result<Prepared> {
    let (plan, text) = Plan::load(&verb.plan)?;
    let source = verb
        .source
        .clone()
        .unwrap_or_else(|| plan.source_path(&verb.plan));
    let (staging, summary) = stage(work, &source)?;
    let problems = plan.problems(&staging, &summary.sha256);
    if !problems.is_empty() {
        return Err(PlanError::DoesNotFit(problems).into());
    }
    Ok(Prepared {
        plan,
        text,
        staging,
    })
}

fn stage(work: Option<&Path>, source: &Path) -> anyhow::Result<(Staging, SourceSummary)> {
    let mut staging = Staging::create(work)?;
    let summary = read_source(source, &mut staging, |_, _| {})?;
    Ok((staging, summary))
}

fn open_target(verb: &TargetArguments, beside: &Beside) -> anyhow::Result<Box<dyn Target>> {
    if let Some(folder) = &verb.store {
        return Ok(Box::new(Store::open(folder)?));
    }
    let stored = beside.credentials(verb.hub.as_deref())?;
    if let Some(credentials) = stored {
        let mut hub = Hub::resume(credentials)?;
        // A hub that was set up anew at the same address does not know the old token; a new join string then helps.
        let forgotten = verb.token.is_some()
            && matches!(hub.page(BEHIND_EVERYTHING), Err(TargetError::NotAllowed(_)));
        if !forgotten {
            return Ok(Box::new(hub));
        }
    }
    let Some(token) = &verb.token else {
        anyhow::bail!(
            "no target: pass --store DIR, or --hub URL with --token JOIN-STRING. The office makes a join string with the role importer."
        );
    };
    let hub = Hub::join(verb.hub.as_deref(), token)?;
    beside.keep_credentials(hub.credentials())?;
    Ok(Box::new(hub))
}
