//! Things that happened: they are added and never changed.

use std::collections::BTreeMap;

use super::value::{Field, Kind, Value};
use crate::clock::Hlc;
use crate::id::{Dot, StaffId};

/// What kind of thing happened: `payment`, `comment`, `printed` ... Unknown kinds are carried untouched.
pub type EventKind = Kind;

/// One thing that happened. Ordered by dot first, so that a set of events has one canonical order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Event {
    /// Which write recorded it; unique over all replicas.
    pub dot: Dot,
    /// When, by the recording replica's clock.
    pub at: Hlc,
    /// Which member of staff.
    pub by: Option<StaffId>,
    /// What happened.
    pub kind: EventKind,
    /// Its particulars.
    pub data: BTreeMap<Field, Value>,
}

impl Event {
    /// One particular, `None` when it is absent or null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.data.get(name).filter(|value| **value != Value::Null)
    }

    /// Whether it holds anything that an erasure removes.
    pub(super) fn is_personal(&self) -> bool {
        self.data.keys().any(Field::is_personal)
    }

    pub(super) fn without_personal_data(mut self) -> Self {
        self.data.retain(|name, _| !name.is_personal());
        self
    }
}
