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

    /// The union.
    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
        } else {
            self.0.extend(other.0);
        }
    }
}
