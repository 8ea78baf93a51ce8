//! What most verbs begin with: the source is staged, the plan is checked against it, the target is opened.

use std::path::{Path, PathBuf};

use clap::Args;
use tools::plan::{Plan, PlanError};
use tools::source::{SourceSummary, read_source};
use tools::staging::Staging;
use tools::target::{Hub, Store, Target, TargetError};

use super::beside::Beside;

/// A position no feed reaches: asking for what comes after it shows whether the token is good.
const BEHIND_EVERYTHING: u64 = u64::MAX >> 1;

/// Where the plan, its source and the target are.
#[derive(Debug, Args)]
pub(crate) struct TargetOptions {
    /// The plan.
    #[arg(long, value_name = "FILE")]
    pub(super) plan: PathBuf,
    /// Address of the running hub.
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    pub(super) hub: Option<String>,
    /// Join string (or its code) with the role importer, made at the office. Needed once; what the hub gives for it is
    /// kept beside the plan.
    #[arg(
        long,
        value_name = "JOIN-STRING",
        env = "OFFPISTE_IMPORT_TOKEN",
        hide_env_values = true
    )]
    pub(super) token: Option<String>,
    /// Folder of a hub's store, while no hub runs on it.
    #[arg(long, value_name = "DIR")]
    pub(super) store: Option<PathBuf>,
    /// The source, when it is not where the plan says.
    #[arg(long, value_name = "FILE")]
    pub(super) source: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    pub(super) json: bool,
}

/// A plan with its staged source, checked against each other.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) source: PathBuf,
    /// Its SHA-256.
    pub(super) source_sha256: String,
    pub(super) text: String,
    pub(super) staging: Staging,
}

pub(super) fn prepare(work: Option<&Path>, verb: &TargetOptions) -> anyhow::Result<Prepared> {
    prepare_plan(work, &verb.plan, verb.source.as_deref())
}

/// Loads a plan, stages its source and checks the one against the other.
pub(super) fn prepare_plan(
    work: Option<&Path>,
    plan_path: &Path,
    source: Option<&Path>,
) -> anyhow::Result<Prepared> {
    let (plan, text) = Plan::load(plan_path)?;
    let source = source.map_or_else(|| plan.source_path(plan_path), Path::to_path_buf);
    let (staging, summary) = stage(work, &source)?;
    let problems = plan.problems(&staging, &summary.sha256);
    if !problems.is_empty() {
        return Err(PlanError::DoesNotFit(problems).into());
    }
    Ok(Prepared {
        plan,
        source,
        source_sha256: summary.sha256,
        text,
        staging,
    })
}

pub(super) fn stage(
    work: Option<&Path>,
    source: &Path,
) -> anyhow::Result<(Staging, SourceSummary)> {
    let mut staging = Staging::create(work)?;
    let summary = read_source(source, &mut staging, |_, _| {})?;
    Ok((staging, summary))
}

pub(super) fn open_target(
    verb: &TargetOptions,
    beside: &Beside,
) -> anyhow::Result<Box<dyn Target>> {
    if let Some(folder) = &verb.store {
        return Ok(Box::new(Store::open(folder)?));
    }
    Ok(Box::new(open_hub(verb, beside)?))
}

/// The running hub: with what it gave earlier, else with a join string.
pub(super) fn open_hub(verb: &TargetOptions, beside: &Beside) -> anyhow::Result<Hub> {
    let stored = beside.credentials(verb.hub.as_deref())?;
    if let Some(credentials) = stored {
        let mut hub = Hub::resume(credentials)?;
        // A hub that was set up anew at the same address does not know the old token; a new join string then helps.
        let forgotten = verb.token.is_some()
            && matches!(hub.page(BEHIND_EVERYTHING), Err(TargetError::NotAllowed(_)));
        if !forgotten {
            return Ok(hub);
        }
    }
    let Some(token) = &verb.token else {
        anyhow::bail!(
            "no target: pass --store DIR, or --hub URL with --token JOIN-STRING. The office makes a join string with the role importer."
        );
    };
    let hub = Hub::join(verb.hub.as_deref(), token)?;
    beside.keep_credentials(hub.credentials())?;
    Ok(hub)
}
