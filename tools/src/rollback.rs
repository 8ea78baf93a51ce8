//! `rollback`: an import is taken back, whole or up to before one sync. What staff wrote stays.
//!
//! Nothing can vanish from replicas that have it, so a document that nobody else has touched gets a mark by which lists, searches
//! and totals leave it out everywhere; the first write of a person brings it back, even one that was made without the line before
//! the mark came. Documents that staff have touched stay as they are, and so do the customers and services that these name.
//! What a sync changed is written back to what was there before, where it still stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::Serialize;
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Event, Field, Value, Version};
use shared::domain::fields::{self, event, import, kind};
use shared::domain::{Money, PaymentMethod};
use shared::id::Actor;

use crate::apply::ApplyError;
use crate::held::{FIRST_ROUND, Held, HeldDocument, Origin, Rounds, number, taken_back};
use crate::naming;
use crate::plan::Plan;
use crate::run::{Progress, RunError};
use crate::staging::Staging;
use crate::sync::Outbox;
use crate::target::Target;

/// Documents that stay and are listed one by one; beyond, only their number.
const LISTED: usize = 1_000;

/// Documents looked at in one go.
const PAGE: usize = 500;

/// How far an import is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// To before this round; what an earlier one brought stays.
    ToBefore(i64),
    /// To before the last sync that still counts.
    LastSync,
}

/// What a rollback needs from the world.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// Now.
    pub now: UtcMillis,
    /// A number nobody has used: the incarnation under which the importer writes this time.
    pub incarnation: u32,
    /// Says what would be done, and writes nothing.
    pub is_rehearsal: bool,
}

/// What a rollback ends with, as printed with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct RollbackReport {
    /// Where the documents are.
    pub target: String,
    /// The first round taken back; none when there was nothing to take back.
    pub from_round: Option<i64>,
    /// The last round taken back.
    pub to_round: Option<i64>,
    /// Whether nothing was written.
    pub is_rehearsal: bool,
    /// By table.
    pub tables: BTreeMap<String, TableRollback>,
    /// Documents that stay because somebody has worked on them or needs them, the first thousand.
    pub kept: Vec<Kept>,
    /// Documents the target refused, with its words.
    pub refused: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What became of the documents of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TableRollback {
    /// Taken out of all lists.
    pub withdrawn: u64,
    /// Written back to what was there before.
    pub restored: u64,
    /// Fields written back.
    pub fields: u64,
    /// Fields that staff have written in since; theirs stay.
    pub fields_kept: u64,
    /// Left as they are, for staff have worked on them, or something of theirs names them.
    pub kept: u64,
    /// Taken back before.
    pub already: u64,
    /// Not touched by what is taken back.
    pub untouched: u64,
}

/// A document that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The table.
    pub table: String,
    /// The key.
    pub key: String,
    /// The document.
    pub id: String,
    /// Why.
    pub why: &'static str,
}

/// Takes an import back.
///
/// # Errors
/// [`RunError`]; what was written stays, and another rollback goes on.
pub fn rollback(
    plan: &Plan,
    work: &Staging,
    target: &mut dyn Target,
    extent: Extent,
    occasion: Occasion,
    progress: &mut dyn Progress,
) -> Result<RollbackReport, RunError> {
    let started = Instant::now();
    let held = Held::read(work.connection(), target, &plan.source_name)?;
    let name = target.name();
    let rounds = rounds(&held.rounds, extent);
    let mut sink = std::io::sink();
    let actor = Actor::new(target.replica(), occasion.incarnation);
    let mut taker = Taking {
        plan,
        held: &held,
        rounds: rounds.unwrap_or((FIRST_ROUND, FIRST_ROUND)),
        is_whole: extent == Extent::Whole,
        occasion,
        actor,
        counter: 0,
        tables: BTreeMap::new(),
        kept: Vec::new(),
        outbox: Outbox::new(target, &mut sink, &plan.source_sha256, held.count),
    };
    if rounds.is_some() {
        progress.begin(held.count);
        taker.all(progress)?;
        taker.outbox.flush().map_err(ApplyError::Taker)?;
        progress.end();
    }
    let (tables, kept) = (taker.tables, taker.kept);
    let refusals = taker.outbox.refusals.into_iter();
    Ok(RollbackReport {
        target: name,
        from_round: rounds.map(|(from, _)| from),
        to_round: rounds.map(|(_, to)| to),
        is_rehearsal: occasion.is_rehearsal,
        tables,
        kept,
        refused: refusals
            .map(|(id, reason)| format!("{id}: {reason}"))
            .collect(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The first and the last round that are taken back; none when there are none that count.
fn rounds(rounds: &Rounds, extent: Extent) -> Option<(i64, i64)> {
    let from = match extent {
        Extent::Whole => FIRST_ROUND,
        Extent::ToBefore(round) => round.max(FIRST_ROUND + 1),
        Extent::LastSync => rounds.last_in_force(),
    };
    match extent {
        Extent::Whole => Some((from, rounds.last())),
        _ if from > FIRST_ROUND && from <= rounds.last() => Some((from, rounds.last())),
        _ => None,
    }
}

struct Taking<'a> {
    plan: &'a Plan,
    held: &'a Held<'a>,
    rounds: (i64, i64),
    is_whole: bool,
    occasion: Occasion,
    actor: Actor,
    counter: u64,
    tables: BTreeMap<String, TableRollback>,
    kept: Vec<Kept>,
    outbox: Outbox<'a>,
}

impl Taking<'_> {
    fn all(&mut self, progress: &mut dyn Progress) -> Result<(), RunError> {
        let mut after = None;
        loop {
            let page = self.held.all(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for origin in page {
                progress.advance(1, 0);
                if let Some(document) = self.held.get(origin.id)? {
                    self.one(&origin, &document).map_err(ApplyError::Taker)?;
                }
            }
        }
    }

    fn one(&mut self, origin: &Origin, document: &HeldDocument) -> anyhow::Result<()> {
        let is_made_in_them = self.is_whole || self.is_made_in_these_rounds(&document.document);
        // Machines may have joined under a branch: it is the office's by now.
        if origin.kind == kind::BRANCH {
            if is_made_in_them {
                self.keep(origin, "a branch stays; retire it at the office");
            }
            return Ok(());
        }
        if document.document.erasure().is_some() {
            self.keep(
                origin,
                "the person is forgotten; nothing is left to take back",
            );
            return Ok(());
        }
        if is_made_in_them {
            return self.withdraw(origin, document);
        }
        self.restore(origin, document)
    }

    fn withdraw(&mut self, origin: &Origin, document: &HeldDocument) -> anyhow::Result<()> {
        if shared::domain::is_touched(&document.document) {
            self.keep(origin, "somebody has worked on it");
            return Ok(());
        }
        if self.held.in_use.contains(&origin.id) {
            self.keep(origin, "an order that stays names it");
            return Ok(());
        }
        if shared::domain::is_withdrawn(&document.document) {
            self.sums(origin).already += 1;
            return Ok(());
        }
        self.sums(origin).withdrawn += 1;
        let mut change = Change::of(&document.document);
        let mut now = self.authoring();
        let at = Value::from(self.occasion.now);
        change.put(&mut now, fields::known(import::WITHDRAWN_AT), at);
        self.note(&mut change, &mut now);
        self.send(change, &now)
    }

    /// Writes the fields that the rounds changed back to what they held before the first of them.
    fn restore(&mut self, origin: &Origin, document: &HeldDocument) -> anyhow::Result<()> {
        let undone = taken_back(&document.document);
        let counts = |event: &&Event| {
            event.kind.as_str() == event::SYNCED
                && number(event, "round").is_some_and(|round| {
                    (self.rounds.0..=self.rounds.1).contains(&round) && !undone.contains(&round)
                })
        };
        let synced: Vec<&Event> = document
            .document
            .event_set()
            .iter()
            .filter(counts)
            .collect();
        let gone = self.gone_mark(document, &undone);
        if synced.is_empty() && gone.is_none() {
            let was_taken_back = undone.contains(&self.rounds.0);
            let sums = self.sums(origin);
            if was_taken_back {
                sums.already += 1;
            } else {
                sums.untouched += 1;
            }
            return Ok(());
        }
        let writers: BTreeSet<Actor> = synced
            .iter()
            .copied()
            .chain(gone)
            .map(|event| event.dot.actor)
            .collect();
        let mut former = former_values(&synced);
        if gone.is_some() {
            former.insert(fields::known(import::GONE_SINCE), Value::Null);
        }
        let mut change = Change::of(&document.document);
        let at = last_write(&document.document, &writers);
        let mut counter = self.counter;
        let (mut written, mut kept) = (0, 0);
        for (field, was) in former {
            let Some(before) = before(document, &writers, &field) else {
                kept += 1;
                continue;
            };
            let (value, at, by) = match before {
                Before::Import => (was, at, None),
                // In their name: it is theirs to every later sync.
                Before::Staff(theirs) => (theirs.value, theirs.at, theirs.by),
            };
            let mut then = Authoring::new(self.actor, counter, at, by);
            change.put(&mut then, field, value);
            counter = then.counter();
            written += 1;
        }
        let mut now = Authoring::new(self.actor, counter, Hlc::at(self.occasion.now), None);
        self.give_back(&mut change, &mut now, &synced);
        self.note(&mut change, &mut now);
        let sums = self.sums(origin);
        sums.restored += 1;
        sums.fields += written;
        sums.fields_kept += kept;
        if kept > 0 {
            self.list(
                origin,
                "somebody has written in what the sync changed; that stays",
            );
        }
        self.send(change, &now)
    }

    /// A payment that a sync recorded is recorded once more, the other way round: events are never taken away.
    fn give_back(&self, change: &mut Change<'_>, now: &mut Authoring, synced: &[&Event]) {
        let paid: i64 = synced
            .iter()
            .filter_map(|event| number(event, "paid_hundredths"))
            .sum();
        let Some(currency) = shared::document::Currency::new(&self.plan.currency) else {
            return;
        };
        if paid != 0 {
            change.record(
                now,
                fields::known_kind(event::PAYMENT),
                [
                    (Field::known("amount"), Money::new(-paid, currency).into()),
                    (Field::known("method"), PaymentMethod::Other.code().into()),
                    (Field::known("round"), self.rounds.0.into()),
                ],
            );
        }
    }

    /// The event by which one of the rounds said that the row is gone.
    fn gone_mark<'d>(
        &self,
        document: &'d HeldDocument,
        undone: &BTreeSet<i64>,
    ) -> Option<&'d Event> {
        document.document.event_set().iter().find(|event| {
            event.kind.as_str() == event::GONE
                && number(event, "round").is_some_and(|round| {
                    (self.rounds.0..=self.rounds.1).contains(&round) && !undone.contains(&round)
                })
        })
    }

    fn is_made_in_these_rounds(&self, document: &Document) -> bool {
        document.event_set().iter().any(|event| {
            event.kind.as_str() == event::SYNCED
                && event.get("new") == Some(&Value::Bool(true))
                && number(event, "round").is_some_and(|round| round >= self.rounds.0)
        })
    }

    fn note(&self, change: &mut Change<'_>, now: &mut Authoring) {
        change.record(
            now,
            fields::known_kind(event::TAKEN_BACK),
            [
                (
                    Field::known("source"),
                    self.plan.source_name.as_str().into(),
                ),
                (Field::known("from"), self.rounds.0.into()),
                (Field::known("to"), self.rounds.1.into()),
            ],
        );
    }

    fn authoring(&self) -> Authoring {
        Authoring::new(self.actor, self.counter, Hlc::at(self.occasion.now), None)
    }

    fn send(&mut self, change: Change<'_>, authoring: &Authoring) -> anyhow::Result<()> {
        if self.occasion.is_rehearsal {
            return Ok(());
        }
        self.counter = authoring.counter();
        self.outbox.send(&change.finish(), self.counter, Vec::new())
    }

    fn keep(&mut self, origin: &Origin, why: &'static str) {
        self.sums(origin).kept += 1;
        self.list(origin, why);
    }

    fn list(&mut self, origin: &Origin, why: &'static str) {
        if self.kept.len() < LISTED {
            self.kept.push(Kept {
                table: origin.table.clone(),
                key: naming::shown_key(&origin.key),
                id: origin.id.to_string(),
                why,
            });
        }
    }

    fn sums(&mut self, origin: &Origin) -> &mut TableRollback {
        self.tables.entry(origin.table.clone()).or_default()
    }
}

/// What fields held before the first of these syncs that changed them.
fn former_values(synced: &[&Event]) -> BTreeMap<Field, Value> {
    let mut by_round: Vec<&&Event> = synced.iter().collect();
    by_round.sort_by_key(|event| (number(event, "round"), event.dot));
    let mut former = BTreeMap::new();
    for event in by_round {
        for (name, was) in &event.data {
            let field = name.as_str().strip_prefix(import::WAS);
            if let Some(field) = field.and_then(|field| Field::new(field).ok()) {
                former.entry(field).or_insert_with(|| was.clone());
            }
        }
    }
    former
}

/// Whose value a field held before.
enum Before {
    /// The import's.
    Import,
    /// The one that staff wrote; it stood beside what the sync brought.
    Staff(Version),
}

/// Whose value a field held before; none when somebody has written over what the sync wrote.
fn before(document: &HeldDocument, writers: &BTreeSet<Actor>, field: &Field) -> Option<Before> {
    let versions = document.document.register(field.as_str())?.as_slice();
    let mut dots = versions.iter().map(|version| version.dot.actor);
    if !dots.any(|actor| writers.contains(&actor)) {
        return None;
    }
    let theirs = versions
        .iter()
        .filter(|version| !document.is_own(version))
        .max_by_key(|version| (version.at, version.dot));
    Some(theirs.map_or(Before::Import, |version| Before::Staff(version.clone())))
}

/// When these actors last wrote into a field here.
fn last_write(document: &Document, writers: &BTreeSet<Actor>) -> Hlc {
    let versions = document
        .fields()
        .values()
        .flat_map(shared::document::Register::as_slice);
    versions
        .filter(|version| writers.contains(&version.dot.actor))
        .map(|version| version.at)
        .max()
        .unwrap_or(Hlc::at(UtcMillis(0)))
}

impl RollbackReport {
    /// Whether the target took all of it.
    pub fn is_clean(&self) -> bool {
        self.refused.is_empty()
    }
}
