//! The events of a document: a grow-only set.

use std::collections::BTreeSet;
use std::convert::Infallible;

use crdts::CvRDT;

use super::event::Event;

/// A grow-only set of events in canonical order. `crdts::GSet` is the same and lends none of its elements.
#[derive(Clone, Debug, Default)]
pub(super) struct EventSet(BTreeSet<Event>);

impl EventSet {
    pub(super) const fn as_set(&self) -> &BTreeSet<Event> {
        &self.0
    }

    pub(super) fn insert(&mut self, event: Event) {
        self.0.insert(event);
    }
}

impl FromIterator<Event> for EventSet {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        Self(events.into_iter().collect())
    }
}

impl IntoIterator for EventSet {
    type Item = Event;
    type IntoIter = std::collections::btree_set::IntoIter<Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl CvRDT for EventSet {
    type Validation = Infallible;

    fn validate_merge(&self, _: &Self) -> Result<(), Self::Validation> {
        Ok(())
    }

    /// The union. Where one side has forgotten the personal half of an event, it is forgotten: somebody's own events may come
    /// without the erasure that another one ordered, and one dot must stay one event.
    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
            return;
        }
        self.0.extend(other.0);
        let neighbours = self.0.iter().zip(self.0.iter().skip(1));
        let known_elsewhere: Vec<Event> = neighbours
            .filter(|(one, next)| one.dot == next.dot)
            .filter_map(|(one, next)| more_than(one, next))
            .collect();
        for event in known_elsewhere {
            self.0.remove(&event);
        }
    }
}

/// The one of two that the other is after an erasure; none when they differ in more.
fn more_than(one: &Event, other: &Event) -> Option<Event> {
    let is_all_of = |event: &Event, rest: &Event| event.clone().without_personal_data() == *rest;
    [(one, other), (other, one)]
        .into_iter()
        .find(|(event, rest)| is_all_of(event, rest))
        .map(|(event, _)| event.clone())
}
