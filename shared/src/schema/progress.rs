//! How far a step has come at a hub, and what may be done next.
//!
//! The work goes along the hub's feed: everything up to the cursor has been looked at. What changes afterwards moves beyond the
//! cursor, so the next pass costs what has changed since, and a pass that was cut off goes on where it stood.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Lacking, Release, Schema, Step, StepNumber, Work};
use crate::clock::UtcMillis;
use crate::id::{DocumentId, ReplicaNumber};

/// Documents that could not be changed, kept by name. At more of them the step is wrong and not the documents, and the work stops.
pub const FAILING_KEPT: usize = 1_000;

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Programs write both forms and read either; documents are as they were.
    #[default]
    Expanded,
    /// The new form is being added.
    Backfilling,
    /// Every document up to the cursor has the new form.
    Backfilled,
    /// The old form is being emptied. There is no way back.
    Contracting,
    /// Every document up to the cursor has the new form only.
    Contracted,
    /// The new form is being taken back.
    RollingBack,
}

/// What the hub remembers of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it stands.
    pub phase: Phase,
    /// The feed position up to which the present work has looked at every document.
    pub cursor: u64,
    /// The feed's end when the present pass began: progress is the cursor's share of it.
    pub target: u64,
    /// When the phase began.
    pub since: Option<UtcMillis>,
    /// Documents changed, over all passes.
    pub done: u64,
    /// Times that a document could not be changed.
    pub failed: u64,
    /// Times that such a document was tried again.
    pub retried: u64,
    /// Documents that cannot be changed at present.
    pub failing: Failing,
    /// Those of them that the present pass has still to try again.
    pub waiting: BTreeSet<DocumentId>,
}

/// Documents that cannot be changed, with the reason of each.
pub type Failing = BTreeMap<DocumentId, Lacking>;

/// What one batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The feed position up to which it has looked.
    pub cursor: u64,
    /// Documents changed.
    pub done: u64,
    /// Documents that failed before and were tried again.
    pub retried: Vec<DocumentId>,
    /// Documents that could not be changed.
    pub failed: Failing,
    /// Whether the feed goes on.
    pub more: bool,
}

/// A machine that writes documents, as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Its number.
    pub number: ReplicaNumber,
    /// What it calls itself.
    pub machine: String,
    /// The release it last spoke as; none when it has never exchanged.
    pub release: Option<Release>,
}

/// Why work on a step does not begin. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refused {
    /// No such number.
    #[error("there is no step {}", .step.0)]
    NoSuchStep {
        /// The number.
        step: StepNumber,
    },
    /// The number is planned.
    #[error("step {} is planned and not released: no hub carries it out", .step.0)]
    Planned {
        /// The number.
        step: StepNumber,
    },
    /// A dependency.
    #[error("step {} must be backfilled first", .needed.0)]
    Needs {
        /// Which.
        needed: StepNumber,
    },
    /// Taking back what another step rests on.
    #[error("step {} rests on it and is begun; roll that back first", .by.0)]
    NeededBy {
        /// Which.
        by: StepNumber,
    },
    /// No way back.
    #[error(
        "its contraction has begun: the old form is going or gone, and only a backup has it still"
    )]
    Contracted,
    /// The pass that is under way must come to its end.
    #[error("it is being rolled back; finish that first")]
    RollingBack,
    /// Not every document has the new form.
    #[error("not every document has the new form yet; backfill first")]
    NotBackfilled,
    /// Some documents could not be changed.
    #[error(
        "{documents} documents could not be completed; see the status, mend them, and backfill again"
    )]
    Failing {
        /// How many.
        documents: usize,
    },
    /// The contraction belongs to a later release.
    #[error("this program is release {}; the old form goes with release {}, not before", .running.0, .from.0)]
    LaterRelease {
        /// The program's.
        running: Release,
        /// The first that may.
        from: Release,
    },
    /// A machine that needs the old form.
    #[error(
        "machine {} ({machine}) {}; it needs the old form. Upgrade it, or retire it when it will not come back",
        .number.0,
        .release.map_or_else(|| "has never exchanged".to_owned(), |release| format!("is release {}", release.0))
    )]
    OlderMachine {
        /// Its number.
        number: ReplicaNumber,
        /// What it calls itself.
        machine: String,
        /// What it last spoke as.
        release: Option<Release>,
    },
}

/// The progress with which work begins or goes on. `known` is what the hub remembers of every step, `head` the feed's end.
///
/// # Errors
/// The first reason against it.
pub fn begin(
    schema: &Schema,
    known: &BTreeMap<StepNumber, Progress>,
    number: StepNumber,
    work: Work,
    speakers: &[Speaker],
    running: Release,
    (head, now): (u64, UtcMillis),
) -> Result<Progress, Refused> {
    let step = schema
        .step(number)
        .ok_or(Refused::NoSuchStep { step: number })?;
    if !schema.is_released(number) {
        return Err(Refused::Planned { step: number });
    }
    let mut progress = known.get(&number).cloned().unwrap_or_default();
    let phase = match work {
        Work::Backfill => may_backfill(step, known, progress.phase)?,
        Work::Rollback => may_roll_back(schema, step, known, progress.phase)?,
        Work::Contract => {
            let against = obstacles(step, &progress, speakers, running);
            if let Some(first) = against.into_iter().next() {
                return Err(first);
            }
            Phase::Contracting
        }
    };
    let goes_on = progress.phase == phase
        || (progress.phase, phase) == (Phase::Backfilled, Phase::Backfilling)
        || (progress.phase, phase) == (Phase::Contracted, Phase::Contracting);
    if !goes_on {
        progress.cursor = 0;
        progress.failing.clear();
    }
    // The cursor has gone past them.
    progress.waiting = progress.failing.keys().copied().collect();
    if progress.phase != phase {
        progress.since = Some(now);
    }
    progress.phase = phase;
    progress.target = head;
    Ok(progress)
}

fn may_backfill(
    step: &Step,
    known: &BTreeMap<StepNumber, Progress>,
    phase: Phase,
) -> Result<Phase, Refused> {
    match phase {
        Phase::RollingBack => return Err(Refused::RollingBack),
        Phase::Contracting | Phase::Contracted => return Err(Refused::Contracted),
        Phase::Expanded | Phase::Backfilling | Phase::Backfilled => {}
    }
    for &needed in step.needs {
        let phase = known.get(&needed).map(|progress| progress.phase);
        let is_there = matches!(
            phase,
            Some(Phase::Backfilled | Phase::Contracting | Phase::Contracted)
        );
        if !is_there {
            return Err(Refused::Needs { needed });
        }
    }
    Ok(Phase::Backfilling)
}

fn may_roll_back(
    schema: &Schema,
    step: &Step,
    known: &BTreeMap<StepNumber, Progress>,
    phase: Phase,
) -> Result<Phase, Refused> {
    if matches!(phase, Phase::Contracting | Phase::Contracted) {
        return Err(Refused::Contracted);
    }
    for later in schema.needing(step.number) {
        let is_begun = known
            .get(&later.number)
            .is_some_and(|progress| progress.phase != Phase::Expanded);
        if is_begun {
            return Err(Refused::NeededBy { by: later.number });
        }
    }
    Ok(Phase::RollingBack)
}

/// Everything that speaks against contracting, the gravest first; nothing when the old form may go.
pub fn obstacles(
    step: &Step,
    progress: &Progress,
    speakers: &[Speaker],
    running: Release,
) -> Vec<Refused> {
    let mut against = Vec::new();
    // Begun is not to be stopped half-way: the machines that needed the old form have lost it already.
    if matches!(progress.phase, Phase::Contracting | Phase::Contracted) {
        return against;
    }
    if running < step.contracted_in {
        against.push(Refused::LaterRelease {
            running,
            from: step.contracted_in,
        });
    }
    let older = speakers.iter().filter(|speaker| {
        speaker
            .release
            .is_none_or(|release| release < step.expanded_in)
    });
    against.extend(older.map(|speaker| Refused::OlderMachine {
        number: speaker.number,
        machine: speaker.machine.clone(),
        release: speaker.release,
    }));
    if !progress.failing.is_empty() {
        against.push(Refused::Failing {
            documents: progress.failing.len(),
        });
    } else if progress.phase != Phase::Backfilled {
        against.push(Refused::NotBackfilled);
    }
    against
}

/// Takes in what a batch came to. The phase ends with the feed, unless documents are failing.
pub fn record_batch(progress: &mut Progress, batch: Batch, now: UtcMillis) {
    progress.cursor = progress.cursor.max(batch.cursor);
    progress.done += batch.done;
    progress.retried += batch.retried.len() as u64;
    progress.failed += batch.failed.len() as u64;
    for tried in &batch.retried {
        progress.failing.remove(tried);
        progress.waiting.remove(tried);
    }
    progress.failing.extend(batch.failed);
    let is_through = !batch.more && progress.failing.is_empty();
    let ended = match progress.phase {
        Phase::Backfilling => Phase::Backfilled,
        Phase::Contracting => Phase::Contracted,
        Phase::RollingBack => Phase::Expanded,
        other => other,
    };
    if is_through && ended != progress.phase {
        progress.phase = ended;
        progress.since = Some(now);
    }
}

impl Progress {
    /// Whether so many documents fail that going on is no use.
    pub fn is_hopeless(&self) -> bool {
        self.failing.len() >= FAILING_KEPT
    }

    /// How much of the present pass is done, in whole percent, never 100 before its end.
    pub fn percent(&self) -> u64 {
        match self.cursor.saturating_mul(100).checked_div(self.target) {
            Some(percent) if self.phase.work().is_some() => percent.min(99),
            _ if self.phase == Phase::Expanded => 0,
            _ => 100,
        }
    }
}

impl Phase {
    /// The work that is under way in it.
    pub const fn work(self) -> Option<Work> {
        match self {
            Self::Backfilling => Some(Work::Backfill),
            Self::Contracting => Some(Work::Contract),
            Self::RollingBack => Some(Work::Rollback),
            Self::Expanded | Self::Backfilled | Self::Contracted => None,
        }
    }

    /// The word in the JSON interface, in metrics and on the command line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expanded => "expanded",
            Self::Backfilling => "backfilling",
            Self::Backfilled => "backfilled",
            Self::Contracting => "contracting",
            Self::Contracted => "contracted",
            Self::RollingBack => "rolling_back",
        }
    }
}
