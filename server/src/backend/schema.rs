//! Carrying out what [`shared::schema`] decides: batches on the writer's thread, each durable with the progress it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use shared::document::Document;
use shared::domain::Catalogue;
use shared::id::DocumentId;
use shared::schema::{
    self, Batch, Decision, Failing, Phase, Progress, Refused, Release, Schema, Speaker, Step,
    StepNumber, Work, obstacles,
};
use shared::store::{HubStore, StoreError};

use super::{BackendError, Hub, Writer, records};
use crate::clock;

/// Documents looked at in one batch, unless somebody says otherwise: counters that save meanwhile wait some ten milliseconds.
pub(crate) const BATCH: usize = 200;

/// The most documents of one batch: what a person at the office may have to wait for.
pub(crate) const LARGEST_BATCH: usize = 2_000;

const SCHEMA: Schema = Schema::of_the_product();

/// Why work on a step did not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    /// The rules.
    #[error("{0}")]
    Refused(Refused),
    /// Too much goes wrong.
    #[error(
        "{0} documents could not be changed; the work has stopped. Look at the reasons, then begin again: what is done stays done"
    )]
    Hopeless(usize),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// How a step stands, for people and programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepStatus {
    pub(crate) number: StepNumber,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) needs: Vec<StepNumber>,
    pub(crate) expanded_in: Release,
    pub(crate) contracted_in: Release,
    pub(crate) released: bool,
    pub(crate) progress: Progress,
    pub(crate) percent: u64,
    /// Whether something has changed since the work was last through.
    pub(crate) behind: bool,
    /// Everything that speaks against contracting, in words; nothing when it may be done.
    pub(crate) against_contracting: Vec<String>,
}

/// What a batch came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Advance {
    pub(crate) progress: Progress,
    /// Whether there is more to look at.
    pub(crate) more: bool,
}

/// What a dry run has seen of a part of the feed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// The feed position up to which it looked.
    pub(crate) cursor: u64,
    /// Documents looked at.
    pub(crate) documents: u64,
    /// Documents that would be changed.
    pub(crate) would_change: u64,
    /// Documents that could not be changed, with the reason.
    pub(crate) failing: Failing,
    /// Whether the feed goes on.
    pub(crate) more: bool,
}

impl Hub {
    /// How every step stands.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn schema_status(&self) -> Result<Vec<StepStatus>, BackendError> {
        let speakers = self.speakers();
        let (known, head) = self.look(|store| Ok((known(store)?, store.head()))).await?;
        let status = SCHEMA.steps().iter().map(|step| {
            let progress = known.get(&step.number).cloned().unwrap_or_default();
            let against = obstacles(step, &progress, &speakers, Release::RUNNING);
            StepStatus {
                number: step.number,
                name: step.name.to_owned(),
                purpose: step.purpose.to_owned(),
                needs: step.needs.to_vec(),
                expanded_in: step.expanded_in,
                contracted_in: step.contracted_in,
                released: SCHEMA.is_released(step.number),
                percent: progress.percent(),
                behind: progress.phase != Phase::Expanded && progress.cursor < head,
                against_contracting: against.iter().map(Refused::to_string).collect(),
                progress,
            }
        });
        Ok(status.collect())
    }

    /// Begins work on a step, or goes on with it: checks that it may be, and notes it durably. What failed before is tried again.
    ///
    /// # Errors
    /// [`SchemaError`]; nothing was changed then.
    pub(crate) async fn schema_begin(
        &self,
        number: StepNumber,
        work: Work,
    ) -> Result<Progress, SchemaError> {
        self.schema_begin_as(number, work, Release::RUNNING).await
    }

    /// As [`Self::schema_begin`], as the program of another release would.
    pub(crate) async fn schema_begin_as(
        &self,
        number: StepNumber,
        work: Work,
        running: Release,
    ) -> Result<Progress, SchemaError> {
        let speakers = self.speakers();
        let begun = self
            .write(move |writer| begin(writer, number, work, &speakers, running))
            .await?;
        if begun.phase == Phase::Contracting
            && let Some(step) = SCHEMA.step(number)
        {
            self.refuse_before(step.expanded_in);
        }
        Ok(begun)
    }

    /// Does the next batch of the work that was begun on a step.
    ///
    /// # Errors
    /// [`SchemaError`]; the batch is done as a whole or not at all, and doing it again is doing it once.
    pub(crate) async fn schema_batch(
        &self,
        number: StepNumber,
        documents: usize,
    ) -> Result<Advance, SchemaError> {
        let documents = documents.clamp(1, LARGEST_BATCH);
        // The answer waits for the lists too, so that the work is never faster than what people look at.
        self.write(move |writer| one_batch(writer, number, documents))
            .await
    }

    /// Says what a batch after a feed position would do, and does nothing.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) async fn schema_look(
        &self,
        number: StepNumber,
        work: Work,
        after: u64,
        documents: usize,
    ) -> Result<Looked, SchemaError> {
        let step = SCHEMA
            .step(number)
            .ok_or(SchemaError::Refused(Refused::NoSuchStep { step: number }))?;
        let catalogue = self.catalogue();
        let documents = documents.clamp(1, LARGEST_BATCH);
        let looked = self
            .look(move |store| {
                let feed = store.changes_after(after, documents)?;
                let mut looked = Looked {
                    cursor: feed.position,
                    documents: (feed.changes.len() + feed.unreadable.len()) as u64,
                    more: feed.more,
                    ..Looked::default()
                };
                for unreadable in feed.unreadable {
                    looked.failing.insert(unreadable.id, unreadable.reason);
                }
                for change in feed.changes {
                    match schema::decide(step, work, &change.document, &catalogue) {
                        Decision::Nothing => {}
                        Decision::Write(_) => looked.would_change += 1,
                        Decision::Lacking(reason) => {
                            looked.failing.insert(change.document.id(), reason);
                        }
                    }
                }
                Ok(looked)
            })
            .await?;
        Ok(looked)
    }

    /// From now on machines of an earlier release are refused: the form of documents that they need is going.
    fn refuse_before(&self, release: Release) {
        self.inner.oldest.fetch_max(release.0, Ordering::AcqRel);
    }

    /// The oldest protocol version that the documents still serve; 0 while nothing has been contracted.
    pub(super) fn oldest_served(&self) -> u16 {
        self.inner.oldest.load(Ordering::Acquire)
    }

    /// Every enrolled machine with the release that it last spoke as.
    fn speakers(&self) -> Vec<Speaker> {
        let enrolled = self.replicas().all().into_iter();
        enrolled
            .filter(|(replica, _)| replica.retired_at.is_none())
            .map(|(replica, presence)| Speaker {
                number: replica.number,
                machine: replica.machine,
                release: presence
                    .map(|presence| presence.protocol)
                    .filter(|&protocol| protocol > 0)
                    .map(Release),
            })
            .collect()
    }
}

/// The oldest protocol version that the documents of a store still serve.
///
/// # Errors
/// [`StoreError`].
pub(super) fn oldest_served_by(store: &HubStore) -> Result<u16, StoreError> {
    let known = known(store)?;
    let gone = SCHEMA.steps().iter().filter(|step| {
        let phase = known.get(&step.number).map(|progress| progress.phase);
        matches!(phase, Some(Phase::Contracting | Phase::Contracted))
    });
    Ok(gone.map(|step| step.expanded_in.0).max().unwrap_or(0))
}

fn known(store: &HubStore) -> Result<BTreeMap<StepNumber, Progress>, StoreError> {
    let mut known = BTreeMap::new();
    for step in SCHEMA.steps() {
        if let Some(progress) = store.read_record(&records::schema(step.number))? {
            known.insert(step.number, progress);
        }
    }
    Ok(known)
}

fn begin(
    writer: &Writer,
    number: StepNumber,
    work: Work,
    speakers: &[Speaker],
    running: Release,
) -> Result<Progress, SchemaError> {
    let store = writer.store();
    let known = known(store).map_err(BackendError::from)?;
    let at = (store.head(), clock::now());
    let begun = schema::begin(&SCHEMA, &known, number, work, speakers, running, at)
        .map_err(SchemaError::Refused)?;
    store
        .write_record(&records::schema(number), &begun)
        .map_err(BackendError::from)?;
    Ok(begun)
}

fn one_batch(
    writer: &mut Writer,
    number: StepNumber,
    documents: usize,
) -> Result<Advance, SchemaError> {
    let name = records::schema(number);
    let step = SCHEMA
        .step(number)
        .ok_or(SchemaError::Refused(Refused::NoSuchStep { step: number }))?;
    let stored = writer.store().read_record(&name);
    let mut progress: Progress = stored.map_err(BackendError::from)?.unwrap_or_default();
    let Some(work) = progress.phase.work() else {
        return Ok(Advance {
            progress,
            more: false,
        });
    };
    if progress.is_hopeless() {
        return Err(SchemaError::Hopeless(progress.failing.len()));
    }
    let mut pass = Pass {
        step,
        work,
        catalogue: writer.catalogue(),
        known: progress.failing.keys().copied().collect(),
        batch: Batch::default(),
    };
    let again: Vec<DocumentId> = progress.waiting.iter().copied().take(documents).collect();
    if again.is_empty() {
        pass.along_the_feed(writer, progress.cursor, documents)?;
    } else {
        for id in again {
            progress.waiting.remove(&id);
            pass.again(writer, id)?;
        }
        pass.batch.cursor = progress.cursor;
        pass.batch.more = true;
    }
    // What was changed moved to the feed's end: one more look shows that nothing is left.
    pass.batch.more |= pass.batch.done > 0;
    let more = pass.batch.more;
    schema::record_batch(&mut progress, pass.batch, clock::now());
    let written = writer.store().write_record(&name, &progress);
    written.map_err(BackendError::from)?;
    Ok(Advance { progress, more })
}

/// One batch in the making.
struct Pass {
    step: &'static Step,
    work: Work,
    catalogue: std::sync::Arc<Catalogue>,
    /// Documents that failed before.
    known: BTreeSet<DocumentId>,
    batch: Batch,
}

impl Pass {
    fn along_the_feed(
        &mut self,
        writer: &mut Writer,
        cursor: u64,
        documents: usize,
    ) -> Result<(), BackendError> {
        let feed = writer.store().changes_after(cursor, documents)?;
        self.batch.cursor = feed.position;
        self.batch.more = feed.more;
        for unreadable in feed.unreadable {
            self.note_retried(unreadable.id);
            self.batch.failed.insert(unreadable.id, unreadable.reason);
        }
        for change in feed.changes {
            self.note_retried(change.document.id());
            self.work_on(writer, &change.document)?;
        }
        Ok(())
    }

    fn again(&mut self, writer: &mut Writer, id: DocumentId) -> Result<(), BackendError> {
        self.note_retried(id);
        match writer.store().document(id) {
            Ok(Some((_, document))) => self.work_on(writer, &document),
            Ok(None) => Ok(()),
            Err(error) => self.failed(id, error),
        }
    }

    fn work_on(&mut self, writer: &mut Writer, document: &Document) -> Result<(), BackendError> {
        match schema::decide(self.step, self.work, document, &self.catalogue) {
            Decision::Nothing => Ok(()),
            Decision::Lacking(reason) => {
                self.batch.failed.insert(document.id(), reason);
                Ok(())
            }
            Decision::Write(fields) => {
                let written = writer.write_own::<BackendError>(None, |authoring| {
                    Ok(vec![schema::change(document, fields, authoring)])
                });
                match written {
                    Ok(_) => {
                        self.batch.done += 1;
                        Ok(())
                    }
                    Err(BackendError::Store(error)) => self.failed(document.id(), error),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// One document's fault is noted and the rest goes on; the store's own ends the batch.
    fn failed(&mut self, id: DocumentId, error: StoreError) -> Result<(), BackendError> {
        if matches!(error, StoreError::Engine(_)) {
            return Err(error.into());
        }
        self.batch.failed.insert(id, error.to_string());
        Ok(())
    }

    fn note_retried(&mut self, id: DocumentId) {
        if self.known.remove(&id) {
            self.batch.retried.push(id);
        }
    }
}
