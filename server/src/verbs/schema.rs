//! Verbs that change the documents' own schema: `schema status`, `backfill`, `contract`, `rollback`.
//!
//! They ask the running daemon batch by batch, or do the same with the files when none runs. Whoever asks sets the pace: when
//! the verb ends, for whatever reason, nothing goes on behind its back, and the next one goes on where it stood.

use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::schema::{Failing, Phase, Progress, StepNumber, Work};
use shared::store::backup::{Answering, place};
use tokio::runtime::Handle;

use super::{Data, RUNNING, blocking, control, explain, explain_panics, refuse_when_gone, say};
use crate::backend::{self, Advance, BATCH, Hub, LARGEST_BATCH, Looked, StepStatus};
use crate::settings::Settings;

/// How often a long verb says how far it has come.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Failing documents that are named; all of them are in the JSON.
const NAMED: usize = 20;

#[derive(Debug, Subcommand)]
pub(crate) enum Schema {
    /// How every step stands, and what speaks against contracting it.
    Status {
        #[command(flatten)]
        data: Data,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Give the documents that have only the old form the new one beside it. May be stopped and begun again at any time.
    Backfill(OneStep),
    /// Empty the old form, once every enrolled machine knows the new one. There is no way back but a backup.
    Contract(OneStep),
    /// Take back what a backfill has added.
    Rollback(OneStep),
}

#[derive(Debug, Args)]
pub(crate) struct OneStep {
    /// The step's number, as `schema status` names it
    #[arg(long, value_name = "N")]
    step: u16,
    #[command(flatten)]
    data: Data,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Documents in one batch
    #[arg(long, value_name = "N", default_value_t = BATCH, value_parser = batch_size)]
    batch: usize,
    /// As JSON, for programs; progress goes to standard error
    #[arg(long)]
    json: bool,
}

/// What a verb asks the hub.
#[derive(Debug, Serialize, Deserialize)]
enum Question {
    /// Answered by the list of [`StepStatus`].
    Status,
    /// Answered by [`Progress`].
    Begin(StepNumber, Work),
    /// Answered by [`Advance`].
    Batch(StepNumber, usize),
    /// Answered by [`Looked`].
    Look {
        step: StepNumber,
        work: Work,
        after: u64,
        documents: usize,
    },
}

impl Schema {
    pub(crate) async fn perform(self) -> Result<()> {
        let runtime = Handle::current();
        blocking(move || match self {
            Self::Status { data, json } => status(&mut Asked::open(&data, runtime)?, json),
            Self::Backfill(step) => step.perform(Work::Backfill, runtime),
            Self::Contract(step) => step.perform(Work::Contract, runtime),
            Self::Rollback(step) => step.perform(Work::Rollback, runtime),
        })
        .await
    }
}

/// The answer to a question of [`Schema`]'s, from the hub itself.
///
/// # Errors
/// What was refused or went wrong, in words.
pub(super) fn answer(hub: &Hub, runtime: &Handle, question: &[u8]) -> Result<Vec<u8>> {
    let question = serde_json::from_slice(question)
        .context("this daemon does not know that question; is it of another version?")?;
    let answer = match question {
        Question::Status => serde_json::to_vec(&runtime.block_on(hub.schema_status())?),
        Question::Begin(step, work) => {
            serde_json::to_vec(&runtime.block_on(hub.schema_begin(step, work))?)
        }
        Question::Batch(step, documents) => {
            serde_json::to_vec(&runtime.block_on(hub.schema_batch(step, documents))?)
        }
        Question::Look {
            step,
            work,
            after,
            documents,
        } => serde_json::to_vec(&runtime.block_on(hub.schema_look(step, work, after, documents))?),
    };
    Ok(answer?)
}

/// Who answers: the running daemon, or a hub that is opened for this verb alone.
enum Asked {
    Daemon(Answering<UnixStream>),
    Here(Hub, Handle),
}

impl Asked {
    fn open(data: &Data, runtime: Handle) -> Result<Self> {
        let directory = &data.data;
        if let Some(daemon) = control::connect(directory)? {
            return Ok(Self::Daemon(daemon));
        }
        if place::is_held(directory) {
            bail!(RUNNING);
        }
        refuse_when_gone(directory)?;
        if !place::has_store(&backend::store_directory(directory)) {
            bail!("there is no store in this directory");
        }
        explain_panics(directory);
        let settings = Settings::for_directory(directory);
        let started = backend::start(&settings, String::new());
        let (hub, _) = started.map_err(|error| explain(error.into(), directory))?;
        Ok(Self::Here(hub, runtime))
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &Question) -> Result<T> {
        let question = serde_json::to_vec(question)?;
        let answer = match self {
            Self::Daemon(daemon) => daemon.ask_own(question)?,
            Self::Here(hub, runtime) => answer(hub, runtime, &question)?,
        };
        serde_json::from_slice(&answer)
            .context("the daemon's answer is none; is it of another version?")
    }
}

fn status(asked: &mut Asked, json: bool) -> Result<()> {
    let steps: Vec<StepStatus> = asked.ask(&Question::Status)?;
    let facts = json!({
        "release": shared::schema::Release::RUNNING,
        "released": [shared::schema::RELEASED.start(), shared::schema::RELEASED.end()],
        "planned": [shared::schema::PLANNED.start(), shared::schema::PLANNED.end()],
        "steps": steps,
    });
    say(json, &facts, || {
        let texts: Vec<String> = steps.iter().map(words_of).collect();
        texts.join("\n")
    })
}

fn words_of(step: &StepStatus) -> String {
    let progress = &step.progress;
    let mut lines = vec![
        format!(
            "step {} {}: {}, {} %",
            step.number.0,
            step.name,
            progress.phase.code(),
            step.percent
        ),
        step.purpose.clone(),
        format!(
            "documents: {} changed, {} failing now, {} failures and {} further tries in all",
            progress.done,
            progress.failing.len(),
            progress.failed,
            progress.retried
        ),
    ];
    if step.behind {
        lines.push(
            "documents have changed since they were looked at; the same verb again looks at those"
                .to_owned(),
        );
    }
    lines.extend(named(&progress.failing));
    if progress.phase != Phase::Contracted {
        let against = step.against_contracting.iter();
        lines.extend(against.map(|against| format!("against contracting: {against}")));
    }
    lines.join("\n  ")
}

impl OneStep {
    fn perform(self, work: Work, runtime: Handle) -> Result<()> {
        let mut asked = Asked::open(&self.data, runtime)?;
        if self.dry_run {
            return self.look(work, &mut asked);
        }
        let step = StepNumber(self.step);
        let mut advance = Advance {
            progress: asked.ask(&Question::Begin(step, work))?,
            more: true,
        };
        let before = advance.progress.clone();
        let mut reported = Instant::now();
        while advance.more && advance.progress.phase.work().is_some() {
            advance = asked.ask(&Question::Batch(step, self.batch))?;
            if reported.elapsed() >= REPORT_EVERY {
                reported = Instant::now();
                report(&advance.progress, &before);
            }
        }
        self.finish(&advance.progress, &before)
    }

    fn finish(&self, progress: &Progress, before: &Progress) -> Result<()> {
        let facts = json!({
            "step": self.step,
            "dry_run": false,
            "phase": progress.phase,
            "changed": progress.done - before.done,
            "failed": progress.failed - before.failed,
            "retried": progress.retried - before.retried,
            "failing": progress.failing,
            "cursor": progress.cursor,
        });
        say(self.json, &facts, || {
            let mut lines = vec![format!(
                "step {}: {}; {} documents changed",
                self.step,
                progress.phase.code(),
                progress.done - before.done
            )];
            lines.extend(named(&progress.failing));
            lines.join("\n  ")
        })?;
        self.succeed(&progress.failing)
    }

    /// Looks at everything from the beginning, as the verb itself would if it were begun now.
    fn look(&self, work: Work, asked: &mut Asked) -> Result<()> {
        let step = StepNumber(self.step);
        let mut seen = Looked::default();
        loop {
            let looked: Looked = asked.ask(&Question::Look {
                step,
                work,
                after: seen.cursor,
                documents: self.batch,
            })?;
            seen.cursor = looked.cursor;
            seen.documents += looked.documents;
            seen.would_change += looked.would_change;
            seen.failing.extend(looked.failing);
            if !looked.more {
                break;
            }
        }
        let steps: Vec<StepStatus> = asked.ask(&Question::Status)?;
        let against: Vec<String> = steps
            .into_iter()
            .filter(|known| known.number == step && work == Work::Contract)
            .flat_map(|known| known.against_contracting)
            .collect();
        let facts = json!({
            "step": self.step,
            "dry_run": true,
            "looked_at": seen.documents,
            "would_change": seen.would_change,
            "failing": seen.failing,
            "against": against,
        });
        say(self.json, &facts, || {
            let mut lines = vec![format!(
                "step {}: of {} documents {} would be changed; nothing was",
                self.step, seen.documents, seen.would_change
            )];
            lines.extend(named(&seen.failing));
            let against = against.iter();
            lines.extend(against.map(|against| format!("it would be refused: {against}")));
            lines.join("\n  ")
        })?;
        self.succeed(&seen.failing)
    }

    /// A document that could not be changed is a failure for whoever wrote the script.
    fn succeed(&self, failing: &Failing) -> Result<()> {
        if !failing.is_empty() {
            bail!(
                "{} documents cannot be changed by step {}; everything else is done. They are tried again when the verb is",
                failing.len(),
                self.step
            );
        }
        Ok(())
    }
}

fn report(progress: &Progress, before: &Progress) {
    eprintln!(
        "{} %: {} documents changed, {} failing",
        progress.percent(),
        progress.done - before.done,
        progress.failing.len()
    );
}

/// A line for each of the first failing documents, and one for the rest.
fn named(failing: &Failing) -> Vec<String> {
    let mut lines: Vec<String> = failing
        .iter()
        .take(NAMED)
        .map(|(id, reason)| format!("cannot be changed: {id}: {reason}"))
        .collect();
    if failing.len() > NAMED {
        lines.push(format!(
            "and {} more; --json names all",
            failing.len() - NAMED
        ));
    }
    lines
}

fn batch_size(text: &str) -> Result<usize, String> {
    let size: usize = text.parse().map_err(|_| "it is a number".to_owned())?;
    if (1..=LARGEST_BATCH).contains(&size) {
        Ok(size)
    } else {
        Err(format!("it is between 1 and {LARGEST_BATCH}"))
    }
}
