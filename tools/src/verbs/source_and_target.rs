//! What most verbs begin with: the source is staged, the plan is checked against it, the target is opened.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tools::history;
use tools::mends::Mends;
use tools::plan::{Plan, PlanError};
use tools::portion::Portion;
use tools::source::{SourceSummary, read_source};
use tools::staging::Staging;
use tools::target::{Hub, Store, Target, TargetError};

use super::beside::Beside;
use super::progress::SourceRead;
use super::watched::Watched;

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

/// Which rows are meant; all of them without any of these. What is left out counts as excluded, and a later run brings it.
#[derive(Debug, Args)]
pub(crate) struct PortionOptions {
    /// Only orders of this branch, as the plan calls it, with their customers. Can be given several times.
    #[arg(long = "branch", value_name = "NAME")]
    branches: Vec<String>,
    /// Only rows of this table. Can be given several times.
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
    /// Only orders taken in on this day (2024-12-31) or later.
    #[arg(long, value_name = "DAY")]
    since: Option<jiff::civil::Date>,
    /// Only orders taken in on this day or earlier.
    #[arg(long, value_name = "DAY")]
    until: Option<jiff::civil::Date>,
}

impl PortionOptions {
    /// The rows that are meant.
    pub(super) fn portion(&self) -> Portion {
        Portion {
            branches: self.branches.clone(),
            tables: self.tables.clone(),
            since: self.since,
            until: self.until,
        }
    }
}

/// Which source a verb accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// The one that the plan was made for, byte for byte.
    ToItsSource,
    /// Any state of that database: the tables and columns that the plan names must be there.
    ToItsTables,
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

/// Any state of the plan's source, whole: what is compared and switched over is the database as it is now.
pub(super) fn prepare_whole(work: Option<&Path>, verb: &TargetOptions) -> anyhow::Result<Prepared> {
    prepare(work, verb, Portion::default(), Binding::ToItsTables, None)
}

/// Stages the source that a verb names, with the rows that were mended.
pub(super) fn prepare(
    work: Option<&Path>,
    verb: &TargetOptions,
    portion: Portion,
    binding: Binding,
    newly_mended: Option<&Path>,
) -> anyhow::Result<Prepared> {
    let wanted = Wanted {
        portion,
        binding,
        newly_mended,
    };
    prepare_plan(work, &verb.plan, verb.source.as_deref(), wanted)
}

/// What of a source is meant, and which state of it.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) portion: Portion,
    pub(super) binding: Binding,
    /// A file of rejects that a person has mended.
    pub(super) newly_mended: Option<&'a Path>,
}

/// Loads a plan, stages its source and checks the one against the other.
pub(super) fn prepare_plan(
    work: Option<&Path>,
    plan_path: &Path,
    source: Option<&Path>,
    wanted: Wanted<'_>,
) -> anyhow::Result<Prepared> {
    let (mut plan, text) = Plan::load(plan_path)?;
    plan.portion = wanted.portion;
    let source = source.map_or_else(|| plan.source_path(plan_path), Path::to_path_buf);
    let (mut staging, summary) = stage(work, &source)?;
    let expected = match wanted.binding {
        Binding::ToItsSource => &summary.sha256,
        Binding::ToItsTables => &plan.source_sha256,
    };
    let problems = plan.problems(&staging, expected);
    if !problems.is_empty() {
        return Err(PlanError::DoesNotFit(problems).into());
    }
    let path = Beside::of(plan_path).mended();
    let mut mends = Mends::load(&path)?;
    if let Some(rejects) = wanted.newly_mended {
        mends.add(Mends::of_rejects(
            rejects,
            &plan,
            &staging,
            &summary.sha256,
        )?);
        mends
            .save(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    plan.mended = mends.apply(&plan, &mut staging)?;
    if plan.mended.collided > 0 {
        eprintln!(
            "{} mended rows are read as they were: another row of the source has their key now. Correct them in {} or in the old database.",
            plan.mended.collided,
            path.display()
        );
    }
    Ok(Prepared {
        plan,
        source,
        source_sha256: summary.sha256,
        text,
        staging,
    })
}

/// What was carried over into a target last, when that is another state than the one at hand and nobody has named the latter.
pub(super) fn later_state(
    verb: &TargetOptions,
    beside: &Beside,
    prepared: &Prepared,
    target: &str,
) -> Option<String> {
    if verb.source.is_some() {
        return None;
    }
    let history = history::read(&beside.history()).ok()?;
    let (step, round) = history.in_force(target)?;
    if step.source_sha256 == prepared.source_sha256 {
        return None;
    }
    let named = if step.source.is_empty() {
        "a later dump"
    } else {
        &step.source
    };
    Some(format!(
        "{named} was carried over last (round {round}, {}); {} is an earlier state",
        step.at.strftime("%Y-%m-%d %H:%M UTC"),
        prepared.source.display()
    ))
}

/// Refuses to take an earlier state of the source for the latest one, which would carry it back.
///
/// # Errors
/// When another one was carried over since and nobody has named this one.
pub(super) fn refuse_earlier_state(
    verb: &TargetOptions,
    beside: &Beside,
    prepared: &Prepared,
    target: &str,
) -> anyhow::Result<()> {
    later_state(verb, beside, prepared, target).map_or(Ok(()), |what| {
        Err(anyhow::anyhow!(
            "{what}. Nothing was changed. Name the dump you mean with --source."
        ))
    })
}

pub(super) fn stage(
    work: Option<&Path>,
    source: &Path,
) -> anyhow::Result<(Staging, SourceSummary)> {
    let mut staging = Staging::create(work)?;
    let mut progress = SourceRead::of(source);
    let summary = read_source(source, &mut staging, |read, bytes| {
        progress.advance(read, bytes);
    })?;
    Ok((staging, summary))
}

pub(super) fn open_target(
    verb: &TargetOptions,
    beside: &Beside,
) -> anyhow::Result<Box<dyn Target>> {
    if let Some(folder) = &verb.store {
        return Ok(Box::new(Watched::new(Store::open(folder)?)));
    }
    Ok(Box::new(Watched::new(open_hub(verb, beside)?)))
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
