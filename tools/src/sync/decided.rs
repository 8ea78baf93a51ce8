//! Whether somebody has decided about a value of a row before. A decision once taken stays taken: what a dump says again that
//! was carried over before asks nobody a second time, also after a round was taken back. What the old database says anew does.

use std::collections::BTreeSet;

use shared::document::{Document, Field, Value, Version};
use shared::domain::fields::{event, import};
use shared::id::{Actor, Dot};

use crate::held::{FIRST_ROUND, HeldDocument, Rounds, number, taken_back};
use crate::plan::Plan;

/// What the present source was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    /// The round in which it was carried over already; none when it is a later state.
    round: Option<i64>,
}

impl Before {
    /// `present` is the round that is under way; a source that is carried over in several goes was not there before.
    pub(super) fn of(plan: &Plan, rounds: &Rounds, sha256: &str, present: i64) -> Self {
        let carried = rounds
            .carried
            .iter()
            .filter(|(round, former)| **round < present && former.as_str() == sha256)
            .map(|(round, _)| *round);
        let first = (plan.source_sha256 == sha256).then_some(FIRST_ROUND);
        Self {
            round: carried.chain(first).max(),
        }
    }

    /// Whether everybody whose value stands in a field has seen what the row says there, and wrote all the same.
    pub(super) fn has_decided(self, held: &HeldDocument, field: &Field, value: &Value) -> bool {
        let Some(register) = held.document.register(field.as_str()) else {
            return false;
        };
        let undone = taken_back(&held.document);
        let restorers = restorers(&held.document);
        let told = self
            .round
            .and_then(|round| writer_up_to(held, field, round))
            .or_else(|| writer_of_withdrawn(held, field, value, &undone));
        let Some(told) = told else {
            return false;
        };
        let decided = |version: &Version| {
            !held.importers.contains(&version.dot.actor.replica())
                && has_seen(version, told)
                // What a rollback has written back was no longer there to be decided about.
                && !restorers.iter().any(|restorer| has_seen(version, *restorer))
        };
        !register.as_slice().is_empty() && register.as_slice().iter().all(decided)
    }
}

/// The writer of what the row said of a field in this round: that of the last one that changed it.
fn writer_up_to(held: &HeldDocument, field: &Field, round: i64) -> Option<Actor> {
    let was = super::was_field(field)?;
    let events = held.document.event_set().iter();
    let synced = events.filter(|event| event.kind.as_str() == event::SYNCED);
    let of_round = synced.filter_map(|event| Some((number(event, "round")?, event)));
    let last = of_round
        .filter(|(of, event)| *of <= round && event.get(was.as_str()).is_some())
        .max_by_key(|(of, event)| (*of, event.dot));
    let imported = || {
        let mut events = held.document.event_set().iter();
        events.find(|event| event.kind.as_str() == event::IMPORTED)
    };
    last.map(|(_, event)| event)
        .or_else(imported)
        .map(|event| event.dot.actor)
}

/// The writer of the same value in a round that was taken back since.
fn writer_of_withdrawn(
    held: &HeldDocument,
    field: &Field,
    value: &Value,
    undone: &BTreeSet<i64>,
) -> Option<Actor> {
    let beside = beside_field(field)?;
    let mut events = held.document.event_set().iter();
    let said = events.find(|event| {
        event.kind.as_str() == event::SYNCED
            && event.get(beside.as_str()) == Some(value)
            && number(event, "round").is_some_and(|round| undone.contains(&round))
    });
    said.map(|event| event.dot.actor)
}

fn restorers(document: &Document) -> Vec<Actor> {
    let events = document.event_set().iter();
    events
        .filter(|event| event.kind.as_str() == event::TAKEN_BACK)
        .map(|event| event.dot.actor)
        .collect()
}

/// Whether whoever wrote this had seen anything that this actor wrote in the same field.
fn has_seen(version: &Version, actor: Actor) -> bool {
    version.has_seen(Dot { actor, counter: 1 })
}

/// The field of an event that keeps what was put beside staff's value; none for a name that is too long for it.
pub(super) fn beside_field(field: &Field) -> Option<Field> {
    Field::new(format!("{}{field}", import::BESIDE)).ok()
}
