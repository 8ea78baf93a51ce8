//! `run`: the source becomes documents at the target, batch by batch.
//!
//! First a pass that makes everything and gives nothing away: it stops the run when a budget would be exceeded. What it made
//! waits in a spool, and is then sent in the order of its ids.
//! A store that holds nothing of this source yet is filled instead: what the pass makes goes straight into new files of it, which
//! count once the pass is over.
//! Checkpoints are the target's own: few batches are under way before the first of them is durable there, and a run begins by
//! asking what is there. So a run that was killed goes on where it stopped, and a second run changes nothing.

mod filling;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use serde::Serialize;
use shared::clock::UtcMillis;
use shared::domain::fields;
use shared::id::DocumentId;
use shared::store::Filled;

use crate::apply::{self, BranchDirectory, Produced, Reject, Taker};
use crate::ledger::{Fate, Sums};
use crate::plan::{Plan, PlanError};
use crate::spool::{self, Sealed, Spool, Spooled};
use crate::staging::Staging;
use crate::sync;
use crate::target::{BatchLimits, Refusal, Target, TargetError};
use filling::{Filling, rows_with_documents};

/// Differences that are listed one by one; beyond, only their number.
pub const LISTED_DIFFERENCES: usize = 1_000;

/// What `run` and `verify` end with, as printed with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where the documents are.
    pub target: String,
    /// The sums by table.
    pub ledger: BTreeMap<String, Sums>,
    /// What does not fit, the first [`LISTED_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// How many do not fit.
    pub difference_count: u64,
    /// Values changed on the way, by rule.
    pub changes: BTreeMap<String, u64>,
    /// Documents written (`run`) or compared (`verify`).
    pub documents: u64,
    /// Documents that were there already.
    pub already_there: u64,
    /// Fields that staff have changed since; they are theirs and no difference.
    pub edited_since: u64,
    /// Documents whose rows are missing in the source, which they say to everybody.
    pub gone: u64,
    /// Rows that a person has mended, read in place of the source's.
    pub mended: u64,
    /// Orders by branch.
    pub orders_by_branch: BTreeMap<String, u64>,
    /// How long it took.
    pub seconds: f64,
    /// Source rows per second.
    pub rows_per_second: f64,
    /// The most memory the process held.
    pub peak_memory_bytes: u64,
    /// Counts and sums before and after, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciliation: Option<crate::verify::reconciliation::Reconciliation>,
    /// What was carried over by a run after a rollback, which is a sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<sync::Carried>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The row's key; empty when it is about the whole table.
    pub key: String,
    /// The column or field; empty when it is about the whole row.
    pub field: String,
    /// What is expected and what was found.
    pub what: String,
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan does not fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// More values would be changed than the plan allows.
    #[error(
        "more than the plan's [budget] allows: {0}. Nothing was written. Look at the rows (offpiste-import assess), then raise the budget or mend the source."
    )]
    Budget(String),
    /// Branches are not there.
    #[error(
        "the target has no branch {missing} (it has: {known}). Nothing was written. Make the branch at the office, name another in the plan, or set create_missing = true."
    )]
    Branches {
        /// Those the plan names.
        missing: String,
        /// Those that are there.
        known: String,
    },
    /// More rows are gone than is likely.
    #[error(
        "{gone} rows that were imported are not in this source; at most {allowed} may be without a word. Nothing was written. Is the dump whole, and is it of this database? If so, allow it in the plan: [budget] gone = {gone}"
    )]
    Gone {
        /// How many are gone.
        gone: u64,
        /// How many may be.
        allowed: u64,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}. Nothing was written.")]
    NoRandomness(String),
    /// What the target holds could not be read.
    #[error(transparent)]
    Held(#[from] crate::held::HeldError),
    /// A second working database failed.
    #[error(transparent)]
    SecondStaging(#[from] crate::staging::StagingError),
    /// The target failed.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A pass failed.
    #[error(transparent)]
    Apply(#[from] apply::ApplyError),
    /// The staging database failed.
    #[error("the working database failed: {0}.")]
    Staging(#[from] rusqlite::Error),
}

/// How far a run has come.
pub trait Progress {
    /// So many documents are to be sent.
    fn begin(&mut self, documents: u64);
    /// So many documents, made of so many source rows, are safe at the target.
    fn advance(&mut self, documents: u64, rows: u64);
    /// It is over.
    fn end(&mut self);
}

/// What the target holds before a run.
#[derive(Debug, Default)]
pub struct Found {
    /// Its branches by lower-case name and by id.
    pub branches: BranchDirectory,
    /// Their names as written, by id.
    pub names: BTreeMap<String, String>,
    /// Documents imported from this source before.
    pub imported: HashSet<DocumentId>,
    /// How many of them were taken back.
    pub withdrawn: u64,
}

/// Runs a checked plan. `rejects` receives one JSON object per rejected row.
pub fn run(
    plan: &Plan,
    plan_text: &str,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<Report, RunError> {
    let started = Instant::now();
    let mut found = survey(target, &plan.source_name)?;
    if found.withdrawn > 0 {
        return run_again(plan, staging, target, rejects, progress);
    }
    let missing = check_branches(plan, &mut found.branches, &found.names)?;
    let actor = apply::actor(target.replica(), plan, plan_text, &plan.source_sha256);
    let pass = |taker: &mut dyn Taker| -> Result<apply::Outcome, RunError> {
        let outcome = apply::apply(plan, staging, &found.branches, actor, &missing, taker)?;
        check_budget(plan, &outcome.changes)?;
        Ok(outcome)
    };
    let mut are_rejects_told = false;
    let name = target.name();
    if found.imported.is_empty()
        && let Some(fill) = target.begin_fill()?
    {
        progress.begin(rows_with_documents(plan, staging));
        let mut filling = Filling::new(fill, rejects, &plan.source_sha256, progress);
        let outcome = pass(&mut filling)?;
        if filling.finish()? == Filled::All {
            let mut report = Report::new(name, started, outcome.ledger.sums());
            report.documents = outcome.documents;
            report.made_of(plan, &outcome.changes);
            return Ok(report);
        }
        are_rejects_told = true;
    }
    let mut waiting = Waiting {
        spool: Spool::create(staging.folder()).map_err(spool_failed)?,
        rejects,
        are_rejects_told,
        source_sha256: &plan.source_sha256,
    };
    let outcome = pass(&mut waiting)?;
    let Waiting { spool, rejects, .. } = waiting;
    let documents = spool.documents();
    progress.begin(documents);
    let limits = target.batch_limits();
    let mut sender = Sender {
        target,
        limits,
        imported: &found.imported,
        batch: Batch::default(),
        under_way: VecDeque::new(),
        counter: outcome.counter,
        left: documents,
        sent: 0,
        already: 0,
        refused: Vec::new(),
        rejects,
        source_sha256: &plan.source_sha256,
        progress,
    };
    sender.send_all(spool.seal().map_err(spool_failed)?)?;
    sender.target.end()?;
    sender.progress.end();
    let (sent, already, refused) = (
        sender.sent,
        sender.already,
        std::mem::take(&mut sender.refused),
    );
    let ledger = outcome.ledger;
    for (table, rowid) in refused {
        ledger.decide(table, rowid, Fate::Rejected);
    }
    let sums = ledger.sums();
    let mut report = Report::new(name, started, sums);
    report.documents = sent;
    report.already_there = already;
    report.made_of(plan, &outcome.changes);
    Ok(report)
}

/// A run after a rollback: what was taken back comes back as the source says now, which is what a sync does.
fn run_again(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<Report, RunError> {
    let occasion = sync::Occasion {
        source_sha256: &plan.source_sha256,
        now: UtcMillis::from(jiff::Timestamp::now()),
        incarnations: [drawn_incarnation()?, drawn_incarnation()?],
    };
    let synced = sync::sync(plan, staging, target, occasion, rejects, progress)?;
    let mut report = synced.report;
    report.carried = Some(synced.carried);
    Ok(report)
}

/// A number nobody has used: an incarnation of the importer.
///
/// # Errors
/// [`RunError::NoRandomness`].
pub fn drawn_incarnation() -> Result<u32, RunError> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|error| RunError::NoRandomness(error.to_string()))?;
    Ok(u32::from_be_bytes(bytes))
}

/// Reads the whole feed once: branches, and what was imported from this source before.
pub fn survey(target: &mut dyn Target, source_name: &str) -> Result<Found, TargetError> {
    let mut found = Found::default();
    let mut cursor = 0;
    loop {
        let page = target.page(cursor)?;
        for document in &page.documents {
            if let Some(branch) = shared::domain::Branch::of(document) {
                found.branches.insert(branch.name.to_lowercase(), branch.id);
                found.branches.insert(branch.id.to_string(), branch.id);
                found.names.insert(branch.id.to_string(), branch.name);
            }
            if is_imported_from(document, source_name) {
                found.imported.insert(document.id());
                found.withdrawn += u64::from(shared::domain::is_withdrawn(document));
            }
        }
        // A page that leads nowhere would be asked for again and again.
        if !page.more || page.cursor <= cursor {
            return Ok(found);
        }
        cursor = page.cursor;
    }
}

/// Whether a document was brought over from this source.
pub fn is_imported_from(document: &shared::document::Document, source_name: &str) -> bool {
    document.event_set().iter().any(|event| {
        event.kind.as_str() == fields::event::IMPORTED
            && event
                .get("source")
                .and_then(shared::document::Value::as_text)
                == Some(source_name)
    })
}

/// The branches that the plan names and the target lacks, which the run is to make; they are added to the directory.
///
/// # Errors
/// [`RunError::Branches`] when the plan does not allow that.
pub(crate) fn check_branches(
    plan: &Plan,
    branches: &mut BranchDirectory,
    names: &BTreeMap<String, String>,
) -> Result<Vec<String>, RunError> {
    let missing = apply::missing_branches(plan, branches);
    if !missing.is_empty() && !plan.branches.create_missing {
        let known = names.values().cloned().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known
        };
        return Err(RunError::Branches {
            missing: missing.join(", "),
            known,
        });
    }
    for name in &missing {
        branches.insert(name.to_lowercase(), apply::branch_id(plan, name));
    }
    Ok(missing)
}

pub(crate) fn check_budget(
    plan: &Plan,
    changes: &BTreeMap<&'static str, u64>,
) -> Result<(), RunError> {
    let beyond: Vec<String> = changes
        .iter()
        .filter(|(rule, count)| **count > plan.budget.get(**rule).copied().unwrap_or(0))
        .map(|(rule, count)| {
            format!(
                "{rule} {count} (allowed {})",
                plan.budget.get(*rule).copied().unwrap_or(0)
            )
        })
        .collect();
    if beyond.is_empty() {
        Ok(())
    } else {
        Err(RunError::Budget(beyond.join(", ")))
    }
}

pub(crate) fn spool_failed(error: std::io::Error) -> RunError {
    let error = anyhow::Error::from(error)
        .context("the working folder is full or cannot be written; choose another with --work-dir");
    RunError::Apply(apply::ApplyError::Taker(error))
}

/// Keeps what a pass makes until it is known that all of it may go out.
struct Waiting<'a> {
    spool: Spool,
    rejects: &'a mut dyn Write,
    /// An earlier pass has written them.
    are_rejects_told: bool,
    source_sha256: &'a str,
}

/// A rejected row as it stands in the file of rejects.
#[derive(Serialize)]
pub(crate) struct RejectLine<'a> {
    /// SHA-256 of the source that the row's place is in.
    pub(crate) source_sha256: &'a str,
    /// A former state of the row is at the target.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) at_target: bool,
    /// The row.
    #[serde(flatten)]
    pub(crate) reject: &'a Reject,
}

impl Taker for Waiting<'_> {
    fn document(&mut self, produced: Produced) -> anyhow::Result<()> {
        keep(&mut self.spool, &produced)
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        if self.are_rejects_told {
            return Ok(());
        }
        tell_reject(self.rejects, self.source_sha256, &reject)
    }
}

/// Writes a rejected row into the file of rejects.
fn tell_reject(rejects: &mut dyn Write, source: &str, reject: &Reject) -> anyhow::Result<()> {
    let line = RejectLine {
        source_sha256: source,
        at_target: false,
        reject,
    };
    writeln!(rejects, "{}", serde_json::to_string(&line)?)?;
    Ok(())
}

/// A row beside a document in the spool: its table and its place.
const ROW_BYTES: usize = 2 + 8;

/// Puts a document into a spool, its rows beside it.
pub(crate) fn keep(spool: &mut Spool, produced: &Produced) -> anyhow::Result<()> {
    let mut rows = Vec::with_capacity(produced.rows.len() * ROW_BYTES);
    for (table, place) in &produced.rows {
        rows.extend_from_slice(&u16::try_from(*table)?.to_le_bytes());
        rows.extend_from_slice(&place.to_le_bytes());
    }
    Ok(spool.add(produced.id, &produced.encoded, &rows)?)
}

/// The rows that [`keep`] has put beside a document: place of the table, rowid.
pub(crate) fn rows_from(bytes: &[u8]) -> Vec<(usize, i64)> {
    let rows = bytes.chunks_exact(ROW_BYTES).filter_map(|row| {
        let (table, place) = row.split_first_chunk::<2>()?;
        let place = place.first_chunk::<8>()?;
        let table = usize::from(u16::from_le_bytes(*table));
        Some((table, i64::from_le_bytes(*place)))
    });
    rows.collect()
}

#[derive(Default)]
struct Batch {
    encoded: Vec<Vec<u8>>,
    rows: Vec<Vec<(usize, i64)>>,
    bytes: usize,
}

/// Sends what a pass has made, batch by batch.
struct Sender<'a> {
    target: &'a mut dyn Target,
    limits: BatchLimits,
    imported: &'a HashSet<DocumentId>,
    batch: Batch,
    /// The rows of batches that are on their way, the earliest first.
    under_way: VecDeque<Vec<Vec<(usize, i64)>>>,
    counter: u64,
    left: u64,
    sent: u64,
    already: u64,
    refused: Vec<(usize, i64)>,
    rejects: &'a mut dyn Write,
    source_sha256: &'a str,
    progress: &'a mut dyn Progress,
}

/// Parts of the spool that are unpacked while the target is busy with the one before.
const PARTS_AHEAD: usize = 1;

/// Batches that may be on their way: while the target works at one, the next is made ready. A run that is killed asks the target
/// what has come, so how many there were does not matter.
const UNDER_WAY: usize = 2;

impl Sender<'_> {
    fn send_all(&mut self, spool: Sealed) -> Result<(), RunError> {
        std::thread::scope(|scope| {
            let (unpacked, taken) = sync_channel(PARTS_AHEAD);
            scope.spawn(move || {
                for part in 0..spool::PARTS {
                    // Whoever takes them has failed and says why.
                    if unpacked.send(spool.part(part)).is_err() {
                        return;
                    }
                }
            });
            for part in taken {
                for spooled in part.map_err(spool_failed)? {
                    self.send(spooled)?;
                }
            }
            self.flush()?;
            while !self.under_way.is_empty() {
                self.take_answer()?;
            }
            Ok(())
        })
    }

    fn send(&mut self, spooled: Spooled) -> Result<(), RunError> {
        let rows = rows_from(&spooled.beside);
        if self.imported.contains(&spooled.id) {
            self.already += 1;
            self.left = self.left.saturating_sub(1);
            self.progress.advance(1, rows.len() as u64);
            return Ok(());
        }
        let full = self.batch.encoded.len() >= self.limits.documents
            || self.batch.bytes + spooled.encoded.len() > self.limits.bytes;
        if full {
            self.flush()?;
        }
        self.batch.bytes += spooled.encoded.len();
        self.batch.encoded.push(spooled.encoded);
        self.batch.rows.push(rows);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), RunError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.encoded.is_empty() {
            return Ok(());
        }
        let documents = batch.encoded.len() as u64;
        if self.under_way.len() >= UNDER_WAY {
            self.take_answer()?;
        }
        let begun = self.target.begin(batch.encoded, self.counter, self.left)?;
        self.left = self.left.saturating_sub(documents);
        if let Some(refusals) = begun {
            return self.conclude(&batch.rows, &refusals);
        }
        self.under_way.push_back(batch.rows);
        Ok(())
    }

    fn take_answer(&mut self) -> Result<(), RunError> {
        let refusals = self.target.answer()?;
        match self.under_way.pop_front() {
            Some(rows) => self.conclude(&rows, &refusals),
            None => Ok(()),
        }
    }

    /// Notes what became of a batch.
    fn conclude(
        &mut self,
        batch: &[Vec<(usize, i64)>],
        refusals: &[Refusal],
    ) -> Result<(), RunError> {
        let reasons: HashMap<usize, &str> = refusals
            .iter()
            .map(|refusal| (refusal.index, refusal.reason.as_str()))
            .collect();
        let mut rows = 0;
        for (index, made_of) in batch.iter().enumerate() {
            rows += made_of.len() as u64;
            if let Some(reason) = reasons.get(&index) {
                self.refused.extend(made_of);
                let line = serde_json::json!({
                    "source_sha256": self.source_sha256, "code": "target_refused", "reason": reason, "rows": made_of,
                });
                writeln!(self.rejects, "{line}").map_err(spool_failed)?;
            }
        }
        let documents = batch.len() as u64;
        self.sent += documents - refusals.len() as u64;
        self.progress.advance(documents, rows);
        Ok(())
    }
}

impl Report {
    /// A report of the given sums; tables that do not add up are differences already.
    pub fn new(target: String, started: Instant, ledger: BTreeMap<String, Sums>) -> Self {
        let mut report = Self {
            target,
            ledger: BTreeMap::new(),
            differences: Vec::new(),
            difference_count: 0,
            changes: BTreeMap::new(),
            documents: 0,
            already_there: 0,
            edited_since: 0,
            gone: 0,
            mended: 0,
            orders_by_branch: BTreeMap::new(),
            seconds: 0.0,
            rows_per_second: 0.0,
            peak_memory_bytes: peak_memory_bytes(),
            reconciliation: None,
            carried: None,
        };
        for (table, sums) in &ledger {
            if !sums.add_up() {
                let what = format!(
                    "{} rows in the source, {} accounted for",
                    sums.source,
                    sums.accounted_for()
                );
                report.differ(table, "", "", what);
            }
        }
        report.ledger = ledger;
        report.since(started)
    }

    /// The same, of a verb that began at `started`: reading the source counts.
    #[must_use]
    pub fn since(mut self, started: Instant) -> Self {
        let rows: u64 = self.ledger.values().map(|sums| sums.source).sum();
        self.seconds = started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = rows as f64 / self.seconds.max(0.001);
        self.rows_per_second = rate;
        self.peak_memory_bytes = peak_memory_bytes();
        self
    }

    /// Notes what the plan and a pass have changed on the way.
    fn made_of(&mut self, plan: &Plan, changes: &BTreeMap<&'static str, u64>) {
        self.mended = plan.mended.rows;
        let changes = changes.iter();
        self.changes = changes
            .map(|(rule, count)| ((*rule).to_owned(), *count))
            .collect();
    }

    /// Notes a difference.
    pub fn differ(&mut self, table: &str, key: &str, field: &str, what: String) {
        self.difference_count += 1;
        if self.differences.len() < LISTED_DIFFERENCES {
            self.differences.push(Difference {
                table: table.to_owned(),
                key: key.to_owned(),
                field: field.to_owned(),
                what,
            });
        }
    }

    /// Rejected rows of all tables.
    pub fn rejected(&self) -> u64 {
        self.ledger.values().map(|sums| sums.rejected).sum()
    }

    /// Whether everything fits.
    pub fn is_clean(&self) -> bool {
        self.difference_count == 0
    }
}

/// The most memory this process has held, as Linux counts it; 0 where it cannot be asked.
pub fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|text| text.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
