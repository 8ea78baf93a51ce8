//! `sync`: what changed in the still running legacy database since it was last carried over, carried over in its turn.
//!
//! The importer is a replica that has seen nothing but its own writes. So a changed row takes the place of what the importer wrote
//! before; beside what staff wrote meanwhile it becomes a second value, and a person chooses. A row that is gone deletes nothing:
//! its document says so, and a person decides. What nobody changed is not written again, so that twice is once and a sync that
//! was broken off goes on where it stopped.
//!
//! As with `run` one pass makes everything and gives nothing away: it waits in a spool until budget and missing rows are known
//! to be within bounds. Documents in which staff have written are put off until the end, when `former` says what their rows
//! were before.

mod carried;
mod compare;
mod decided;
mod former;
mod gone;
mod outbox;
mod put_off;

use std::io::Write;
use std::time::Instant;

use serde::Serialize;
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, Value, format};
use shared::domain::fields::{self, event, import};
use shared::domain::{Money, PaymentMethod};
use shared::id::{Actor, DocumentId};

use crate::apply::{self, ApplyError, Produced, Reject, Taker};
use crate::held::{Held, HeldDocument};
use crate::ledger::Fate;
use crate::naming;
use crate::plan::Plan;
use crate::run::{
    self, Progress, RejectLine, Report, RunError, check_branches, check_budget, spool_failed,
};
use crate::spool::{self, Spool, Spooled};
use crate::staging::Staging;
use crate::target::Target;
pub use carried::{Carried, ConflictField, Row};
use compare::{Difference, Wanted, compare};
use decided::{Before, beside_field};
use gone::check_gone;
pub(crate) use outbox::Outbox;

/// Events and conflicts that are listed one by one; beyond, only their number.
const LISTED: usize = 1_000;

/// Former values in one event; an event may have 64 particulars.
const FORMER_VALUES_PER_EVENT: usize = 48;

/// What a sync needs from the world.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// SHA-256 of the source that is carried over: a later state than the plan's.
    pub source_sha256: &'a str,
    /// Now.
    pub now: UtcMillis,
    /// Two numbers nobody has used: the incarnations under which the importer writes this time.
    pub incarnations: [u32; 2],
}

/// What a sync ends with, as printed with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct SyncReport {
    /// The ledger of the present source, and what a run tells.
    #[serde(flatten)]
    pub report: Report,
    /// Which round it was; the first import is 1.
    pub round: i64,
    /// What was carried over.
    pub carried: Carried,
}

/// Carries a later state of the source over. `rejects` receives one JSON object per row that cannot be brought over.
///
/// # Errors
/// [`RunError`]; what was sent stays, and another sync goes on.
pub fn sync(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    occasion: Occasion<'_>,
    rejects: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<SyncReport, RunError> {
    let started = Instant::now();
    // Several threads read the staged rows: what the target holds is kept apart from them.
    let scratch = Staging::scratch(staging.folder().parent())?;
    let mut held = Held::read(scratch.connection(), target, &plan.source_name)?;
    let missing = check_branches(plan, &mut held.branches, &held.branch_names)?;
    let directory = held.branches.clone();
    let round = held.rounds.for_source(occasion.source_sha256);
    let [rows, changes] = occasion
        .incarnations
        .map(|incarnation| Actor::new(target.replica(), incarnation));

    let mut gathering = Gathering {
        plan,
        held: &held,
        spool: Spool::create(staging.folder()).map_err(spool_failed)?,
        rejects,
        source_sha256: occasion.source_sha256,
        stale: 0,
    };
    let transaction = scratch.connection().unchecked_transaction()?;
    // What is new comes now, not when the plan was made.
    let mut of_now = plan.clone();
    of_now.stamped_at = occasion.now.timestamp();
    let outcome = apply::apply(&of_now, staging, &directory, rows, &missing, &mut gathering)?;
    transaction.commit()?;
    check_budget(plan, &outcome.changes)?;
    check_gone(plan, &held)?;

    let Gathering {
        spool,
        rejects,
        stale,
        ..
    } = gathering;
    let documents = spool.documents();
    progress.begin(documents);
    let mut carrier = Carrier {
        plan,
        held: &held,
        line_key: line_key(plan, staging),
        source_sha256: occasion.source_sha256,
        before: Before::of(plan, &held.rounds, occasion.source_sha256, round),
        now: occasion.now,
        round,
        actor: changes,
        counter: 0,
        carried: Carried {
            stale,
            ..Carried::default()
        },
        outbox: Outbox::new(target, rejects, occasion.source_sha256, documents),
        progress,
    };
    carrier.prepare()?;
    let sealed = spool.seal().map_err(spool_failed)?;
    for part in 0..spool::PARTS {
        for spooled in sealed.part(part).map_err(spool_failed)? {
            carrier.document(&spooled).map_err(ApplyError::Taker)?;
        }
    }
    carrier.settle_put_off(staging, &directory, rows)?;
    carrier.mark_gone()?;
    carrier.outbox.flush().map_err(ApplyError::Taker)?;
    carrier.progress.end();

    let (carried, refused, sent) = (
        carrier.carried,
        carrier.outbox.refused_rows,
        carrier.outbox.sent,
    );
    let refusals = carrier.outbox.refusals;
    let ledger = outcome.ledger;
    for (table, rowid) in refused {
        ledger.decide(table, rowid, Fate::Rejected);
    }
    let mut report = Report::new(target.name(), started, ledger.sums());
    report.documents = sent;
    report.already_there = carried.unchanged;
    report.mended = plan.mended.rows;
    report.gone = carried.gone + carried.gone_before;
    report.changes = outcome
        .changes
        .iter()
        .map(|(rule, count)| ((*rule).to_owned(), *count))
        .collect();
    for (id, reason) in refusals {
        report.differ(
            "",
            &id.to_string(),
            "",
            format!("the target refused it: {reason}"),
        );
    }
    Ok(SyncReport {
        report,
        round,
        carried,
    })
}

/// The legacy fields that tell the rows of an order's lines apart.
fn line_key(plan: &Plan, staging: &Staging) -> Vec<String> {
    let Some(lines) = &plan.lines else {
        return Vec::new();
    };
    let Some(table) = staging.table(&lines.table) else {
        return Vec::new();
    };
    let slugs = naming::slugs(&table.schema);
    let key = lines
        .key
        .iter()
        .filter_map(|column| slugs.get(table.schema.column_index(column)?).cloned());
    key.collect()
}

/// Keeps what the pass makes, and notes which documents have rows.
struct Gathering<'a> {
    plan: &'a Plan,
    held: &'a Held<'a>,
    spool: Spool,
    rejects: &'a mut dyn Write,
    source_sha256: &'a str,
    /// Rejected rows of which a former state is at the target.
    stale: u64,
}

impl Taker for Gathering<'_> {
    fn document(&mut self, produced: Produced) -> anyhow::Result<()> {
        self.held.meet(produced.id)?;
        run::keep(&mut self.spool, &produced)
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        let mut is_at_target = false;
        // The document of a key that two rows share is the other row's.
        let is_others = reject.code == apply::DUPLICATE_KEY;
        if let Some(id) = document_of(self.plan, &reject).filter(|_| !is_others) {
            self.held.meet(id)?;
            let held = self.held.get(id)?;
            is_at_target = held.is_some();
            // The person who stood in the order's row stands there still.
            let person = held.and_then(|held| held.document.newest(fields::order::CUSTOMER));
            if let Some(person) = person.and_then(|person| person.as_id())
                && self.plan.customers.is_none()
            {
                self.held.meet(person)?;
            }
        }
        self.stale += u64::from(is_at_target);
        let line = RejectLine {
            source_sha256: self.source_sha256,
            at_target: is_at_target,
            reject: &reject,
        };
        writeln!(self.rejects, "{}", serde_json::to_string(&line)?)?;
        Ok(())
    }

    fn left_out(&mut self, id: DocumentId) -> anyhow::Result<()> {
        Ok(self.held.meet(id)?)
    }
}

fn document_of(plan: &Plan, reject: &Reject) -> Option<DocumentId> {
    let key = reject.key.as_ref()?;
    Some(naming::document_id(&plan.source_name, &reject.table, key))
}

/// Sends what differs.
struct Carrier<'a> {
    plan: &'a Plan,
    held: &'a Held<'a>,
    line_key: Vec<String>,
    source_sha256: &'a str,
    before: Before,
    now: UtcMillis,
    round: i64,
    /// Writes changes; the rows of new documents are the other actor's.
    actor: Actor,
    counter: u64,
    carried: Carried,
    outbox: Outbox<'a>,
    progress: &'a mut dyn Progress,
}

impl Carrier<'_> {
    /// A document as its row makes it now.
    fn document(&mut self, spooled: &Spooled) -> anyhow::Result<()> {
        let rows = run::rows_from(&spooled.beside);
        self.progress.advance(1, rows.len() as u64);
        let made = format::decode(&spooled.encoded)?;
        let Some(held) = self.held.get(spooled.id)? else {
            return self.bring(made, rows);
        };
        if held.document.erasure().is_some() {
            self.carried.erased += 1;
            return Ok(());
        }
        let wanted = Wanted::of(&held, &made, &self.line_key);
        let difference = compare(&held, &wanted, None, self.before, &self.now.into());
        if difference.needs_former_row {
            return self.put_off(spooled.id, &spooled.encoded);
        }
        self.carry(&held, &difference)
    }

    /// A document that the target does not have.
    fn bring(&mut self, mut made: Document, rows: Vec<(usize, i64)>) -> anyhow::Result<()> {
        let mut authoring = Authoring::new(self.actor, self.counter, Hlc::at(self.now), None);
        let mut change = Change::of(&made);
        let mut particulars = self.particulars();
        particulars.push((Field::known("new"), true.into()));
        change.record_all(
            &mut authoring,
            fields::known_kind(event::SYNCED),
            particulars.into_iter().collect(),
        );
        let noted = change.finish();
        made.merge(noted)?;
        self.counter = authoring.counter();
        self.carried.new += 1;
        self.outbox.send(&made, self.counter, rows)
    }

    fn particulars(&self) -> Vec<(Field, Value)> {
        vec![
            (
                Field::known("source"),
                self.plan.source_name.as_str().into(),
            ),
            (Field::known("round"), self.round.into()),
            (Field::known("source_sha256"), self.source_sha256.into()),
        ]
    }

    /// Writes a difference, if there is one.
    fn carry(&mut self, held: &HeldDocument, difference: &Difference) -> anyhow::Result<()> {
        self.carried.decided += difference.decided.len() as u64;
        for field in &difference.decided {
            if self.carried.decided_fields.len() < LISTED {
                let decided = self.conflict_field(held, field)?;
                self.carried.decided_fields.push(decided);
            }
        }
        if difference.is_empty() {
            self.carried.unchanged += 1;
            return Ok(());
        }
        let delta = self.delta(held, difference);
        self.carried.changed += 1;
        self.carried.fields += difference.writes.len() as u64;
        self.carried.lines_gone += difference.missing_lines;
        self.carried.back += u64::from(difference.is_back);
        for write in difference.writes.iter().filter(|write| write.is_beside) {
            self.carried.conflicts += 1;
            if self.carried.conflict_fields.len() < LISTED {
                let conflict = self.conflict_field(held, &write.field)?;
                self.carried.conflict_fields.push(conflict);
            }
        }
        self.outbox.send(&delta, self.counter, Vec::new())
    }

    fn conflict_field(&self, held: &HeldDocument, field: &Field) -> anyhow::Result<ConflictField> {
        let (table, key) = self.held.origin(held.document.id())?;
        Ok(ConflictField {
            table,
            key,
            field: field.as_str().to_owned(),
        })
    }

    /// Fields are written as of the importer's last write here: beside it, what staff wrote later is the newer and shows until
    /// somebody chooses. What happened is written as of now.
    fn delta(&mut self, held: &HeldDocument, difference: &Difference) -> Document {
        let own = held.own_part();
        let mut change = Change::of(&own);
        let mut then = Authoring::new(self.actor, self.counter, last_write(&own), None);
        for write in &difference.writes {
            change.put(&mut then, write.field.clone(), write.value.clone());
        }
        let mut now = Authoring::new(self.actor, then.counter(), Hlc::at(self.now), None);
        note_status(&mut change, &mut now, difference);
        let currency = difference
            .currency
            .or_else(|| shared::document::Currency::new(&self.plan.currency));
        if let Some(currency) = currency.filter(|_| difference.paid_hundredths != 0) {
            change.record(
                &mut now,
                fields::known_kind(event::PAYMENT),
                [
                    (
                        Field::known("amount"),
                        Money::new(difference.paid_hundredths, currency).into(),
                    ),
                    (Field::known("method"), PaymentMethod::Other.code().into()),
                    // Two rounds may carry over the same amount; without it they could be taken for one payment.
                    (Field::known("round"), self.round.into()),
                ],
            );
        }
        let former: Vec<(Field, Value)> = difference
            .writes
            .iter()
            .filter_map(|write| Some((was_field(&write.field)?, write.was.clone())))
            .chain(difference.writes.iter().filter_map(|write| {
                // So that it is known again once it was decided about and taken back.
                let beside = beside_field(&write.field).filter(|_| write.is_beside)?;
                Some((beside, write.value.clone()))
            }))
            .collect();
        // At least one: a payment alone is a change, too.
        for (place, values) in chunks(&former).into_iter().enumerate() {
            let mut particulars = self.particulars();
            particulars.extend(values.iter().cloned());
            if place == 0 && difference.paid_hundredths != 0 {
                let paid = difference.paid_hundredths;
                particulars.push((Field::known("paid_hundredths"), paid.into()));
            }
            change.record_all(
                &mut now,
                fields::known_kind(event::SYNCED),
                particulars.into_iter().collect(),
            );
        }
        self.counter = now.counter();
        change.finish()
    }
}

/// The field of an event that keeps what a field held before; none for a name that is too long for it.
pub(crate) fn was_field(field: &Field) -> Option<Field> {
    Field::new(format!("{}{field}", import::WAS)).ok()
}

fn chunks(former: &[(Field, Value)]) -> Vec<&[(Field, Value)]> {
    if former.is_empty() {
        vec![former]
    } else {
        former.chunks(FORMER_VALUES_PER_EVENT).collect()
    }
}

/// When the importer last wrote here.
fn last_write(own: &Document) -> Hlc {
    let stamps = own
        .fields()
        .values()
        .flat_map(|register| register.as_slice().iter().map(|version| version.at));
    stamps.max().unwrap_or(Hlc::at(UtcMillis(0)))
}

/// A status that follows the row is an event, too: when work was finished is read from there.
fn note_status(change: &mut Change<'_>, now: &mut Authoring, difference: &Difference) {
    let status = difference
        .writes
        .iter()
        .find(|write| write.field.as_str() == fields::order::STATUS && !write.is_beside);
    if let Some(status) = status {
        change.record(
            now,
            fields::known_kind(event::STATUS),
            [
                (Field::known("from"), status.was.clone()),
                (Field::known("to"), status.value.clone()),
            ],
        );
    }
}
