//! Writing: the only way a delta comes to be.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::event::{Event, EventKind};
use super::events::EventSet;
use super::value::{Field, Kind, Value};
use super::{Document, Erasure, Register};
use crate::clock::Hlc;
use crate::id::{Actor, DocumentId, Dot, StaffId};

/// Who writes, and when: everything a pure command needs from the world. The counter advances with each write.
#[derive(Clone, Debug)]
pub struct Authoring {
    actor: Actor,
    after: u64,
    counter: u64,
    at: Hlc,
    by: Option<StaffId>,
}

impl Authoring {
    /// `counter` is the last one that `actor` has used; the first write takes the next.
    pub const fn new(actor: Actor, counter: u64, at: Hlc, by: Option<StaffId>) -> Self {
        Self {
            actor,
            after: counter,
            counter,
            at,
            by,
        }
    }

    /// The counter it went on from: the store takes the writes only while that is still its last one.
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// The last counter used, to be stored with what was written.
    pub const fn counter(&self) -> u64 {
        self.counter
    }

    /// The writer's clock reading.
    pub const fn at(&self) -> Hlc {
        self.at
    }

    /// The member of staff in whose name it is written.
    pub const fn by(&self) -> Option<StaffId> {
        self.by
    }

    /// The writing replica's identity.
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The next write's dot. Public because an item's id within its order is made from one.
    pub const fn next_dot(&mut self) -> Dot {
        self.counter += 1;
        Dot {
            actor: self.actor,
            counter: self.counter,
        }
    }
}

/// A change to one document in the making. Writes nothing that is already so.
#[derive(Debug)]
pub struct Change<'a> {
    base: Option<&'a Document>,
    delta: Document,
}

impl Change<'static> {
    /// A change that makes a new document.
    pub fn create(id: DocumentId, kind: Kind) -> Self {
        Self {
            base: None,
            delta: Document::new(id, kind),
        }
    }
}

impl<'a> Change<'a> {
    /// A change to a document as this replica knows it. What it overwrites counts as seen.
    pub fn of(base: &'a Document) -> Self {
        Self {
            base: Some(base),
            delta: Document::new(base.id(), base.kind().clone()),
        }
    }

    /// Sets a field. Nothing is written when the field already has just this value; a field in conflict is settled.
    pub fn set(&mut self, authoring: &mut Authoring, field: Field, value: impl Into<Value>) {
        let value = value.into();
        // The ordinary case of a new document: nothing is known of the field, and it is looked for once.
        let field = match (self.base, self.delta.fields.entry(field)) {
            (None, Entry::Vacant(place)) => {
                if value != Value::Null {
                    let (at, by, dot) = (authoring.at, authoring.by, authoring.next_dot());
                    place.insert(Register::default().overwritten_by(value, at, by, dot));
                }
                return;
            }
            (_, Entry::Vacant(place)) => place.into_key(),
            (_, Entry::Occupied(place)) => place.key().clone(),
        };
        let known = self
            .delta
            .fields
            .get(&field)
            .or_else(|| self.base.and_then(|base| base.fields.get(&field)));
        if known.is_some_and(
            |register| matches!(register.as_slice(), [version] if version.value == value),
        ) || known.is_none() && value == Value::Null
        {
            return;
        }
        let dot = authoring.next_dot();
        let register = known.cloned().unwrap_or_default().overwritten_by(
            value,
            authoring.at,
            authoring.by,
            dot,
        );
        self.delta.fields.insert(field, register);
    }

    /// Writes a field whatever it holds, null into one that this replica never saw included: for a replica that writes beside
    /// others' values without having seen them.
    pub fn put(&mut self, authoring: &mut Authoring, field: Field, value: Value) {
        let known = self
            .delta
            .fields
            .get(&field)
            .or_else(|| self.base.and_then(|base| base.fields.get(&field)));
        let dot = authoring.next_dot();
        let register = known.cloned().unwrap_or_default().overwritten_by(
            value,
            authoring.at,
            authoring.by,
            dot,
        );
        self.delta.fields.insert(field, register);
    }

    /// Sets a field when there is a value, and leaves it alone when there is none.
    pub fn set_some(
        &mut self,
        authoring: &mut Authoring,
        field: Field,
        value: Option<impl Into<Value>>,
    ) {
        if let Some(value) = value {
            self.set(authoring, field, value);
        }
    }

    /// Records that something happened.
    pub fn record<const N: usize>(
        &mut self,
        authoring: &mut Authoring,
        kind: EventKind,
        data: [(Field, Value); N],
    ) {
        self.record_all(authoring, kind, data.into_iter().collect());
    }

    /// Like [`Self::record`], for particulars counted at run time.
    pub fn record_all(
        &mut self,
        authoring: &mut Authoring,
        kind: EventKind,
        data: BTreeMap<Field, Value>,
    ) {
        let event = Event {
            dot: authoring.next_dot(),
            at: authoring.at,
            by: authoring.by,
            kind,
            data,
        };
        self.delta.events.insert(event);
    }

    /// Orders that the document forget the person it is about.
    pub fn erase(&mut self, authoring: &mut Authoring) {
        if self.base.is_none_or(|base| base.erasure.is_none()) {
            self.delta.erasure = Some(Erasure {
                at: authoring.at,
                dot: authoring.next_dot(),
                by: authoring.by,
            });
            self.delta.fields.retain(|field, _| !field.is_personal());
            self.delta.events = EventSet::default();
        }
    }

    /// Whether anything would be written.
    pub fn is_empty(&self) -> bool {
        self.delta.is_empty()
    }

    /// The delta, to be stored and sent.
    pub fn finish(self) -> Document {
        self.delta
    }
}
