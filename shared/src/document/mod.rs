//! The replicated document: the one kind of thing that travels between branches and the hub.
//!
//! A [`Document`] is the product of three join-semilattices, merged pointwise:
//!
//! | part | lattice | join |
//! |---|---|---|
//! | `fields` | map of [`Register`]s (`crdts::MVReg`) | field by field; concurrent values both stay |
//! | `events` | grow-only set | union |
//! | `erasure` | `Option`, ordered | the greater one; once set, personal fields are gone for good |
//!
//! **Laws** (property tests in `document/laws.rs`): merge is associative, commutative and idempotent, also through the codec.
//! A delta is itself a document that holds only what changed, so applying a delta is merging.
//! Time orders nothing here; causality is the vector clock's.

mod change;
mod collision;
mod draft;
mod encoded;
mod event;
mod events;
pub mod format;
#[cfg(test)]
mod laws;
mod register;
mod value;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};

use crdts::CvRDT;
use sha2::{Digest, Sha256};

pub use change::{Authoring, Change};
pub use collision::Reissued;
pub use draft::{Draft, DraftRoom};
pub use encoded::Encoded;
pub use event::{Event, EventKind};
pub use register::{Register, Version};
pub use value::{Currency, Field, Kind, NameError, Value};
pub use view::View;

use self::events::EventSet;
use crate::clock::Hlc;
use crate::id::{Actor, DocumentId, Dot, ReplicaNumber, StaffId};

/// One replicated document, or a delta to one.
#[derive(Clone, Debug)]
pub struct Document {
    id: DocumentId,
    kind: Kind,
    fields: BTreeMap<Field, Register>,
    events: EventSet,
    erasure: Option<Erasure>,
}

/// The order to forget a person: monotone, and part of the lattice, so that an offline edit which arrives
/// later does not bring a name back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Erasure {
    /// When it was ordered.
    pub at: Hlc,
    /// The write that ordered it.
    pub dot: Dot,
    /// Who ordered it.
    pub by: Option<StaffId>,
}

/// Two documents that cannot be merged because they are not the same one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a delta of {theirs} ({their_kind}) cannot be merged into {ours} ({our_kind}); it is kept aside"
)]
pub struct NotTheSame {
    ours: DocumentId,
    our_kind: Kind,
    theirs: DocumentId,
    their_kind: Kind,
}

impl Document {
    /// The bottom element: a document of which nothing is known yet.
    pub fn new(id: DocumentId, kind: Kind) -> Self {
        Self {
            id,
            kind,
            fields: BTreeMap::new(),
            events: EventSet::default(),
            erasure: None,
        }
    }

    /// Its identity.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// What it describes.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The fields by name, each with its concurrent values.
    pub const fn fields(&self) -> &BTreeMap<Field, Register> {
        &self.fields
    }

    /// What happened, by dot.
    pub fn events(&self) -> BTreeSet<Event> {
        self.events.as_set().clone()
    }

    /// Like [`Self::events`], lent.
    pub const fn event_set(&self) -> &BTreeSet<Event> {
        self.events.as_set()
    }

    /// The erasure, when one was ordered.
    pub const fn erasure(&self) -> Option<Erasure> {
        self.erasure
    }

    /// Whether it holds nothing, as a fresh document or an empty delta does.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.erasure.is_none() && self.events.as_set().is_empty()
    }

    /// One field, `None` when it was never written.
    pub fn register(&self, field: &str) -> Option<&Register> {
        self.fields.get(field)
    }

    /// The value of a field that shows when the newest stamp decides; `None` when never written or set to null.
    pub fn newest(&self, field: &str) -> Option<Value> {
        self.register(field)
            .and_then(Register::newest_version)
            .map(|version| &version.value)
            .filter(|value| **value != Value::Null)
            .cloned()
    }

    /// The join of both: what a replica knows that has seen either.
    ///
    /// # Errors
    /// [`NotTheSame`] when `delta` belongs to another document; `self` is unchanged then.
    pub fn merge(&mut self, delta: Self) -> Result<(), NotTheSame> {
        if self.id != delta.id || self.kind != delta.kind {
            return Err(NotTheSame {
                ours: self.id,
                our_kind: self.kind.clone(),
                theirs: delta.id,
                their_kind: delta.kind,
            });
        }
        for (field, register) in delta.fields {
            self.fields.entry(field).or_default().merge(register);
        }
        self.events.merge(delta.events);
        self.erasure = self.erasure.max(delta.erasure);
        self.forget_if_erased();
        Ok(())
    }

    /// What one replica wrote of it, in all its incarnations, as far as it still stands: a delta that the hub takes from
    /// that replica. None when nothing of it stands. The parts of all writers, merged, are the document.
    pub fn part_written_by(&self, replica: ReplicaNumber) -> Option<Self> {
        let is_own = |dot: Dot| dot.actor.replica() == replica;
        let mut part = Self::new(self.id, self.kind.clone());
        for (field, register) in &self.fields {
            if let Some(own) = register.only(is_own) {
                part.fields.insert(field.clone(), own);
            }
        }
        let events = self.events.as_set().iter();
        part.events = events.filter(|event| is_own(event.dot)).cloned().collect();
        part.erasure = self.erasure.filter(|erasure| is_own(erasure.dot));
        (!part.is_empty()).then_some(part)
    }

    /// The delta that holds only the wanted fields and events, and the erasure when one was ordered. A replica that has the
    /// others as they are here has all of the document once it has merged this.
    #[must_use]
    pub fn part(
        &self,
        is_wanted_field: impl Fn(&Field) -> bool,
        is_wanted_event: impl Fn(&Event) -> bool,
    ) -> Self {
        let mut part = Self::new(self.id, self.kind.clone());
        part.fields = self
            .fields
            .iter()
            .filter(|(field, _)| is_wanted_field(field))
            .map(|(field, register)| (field.clone(), register.clone()))
            .collect();
        let events = self.events.as_set().iter();
        part.events = events
            .filter(|event| is_wanted_event(event))
            .cloned()
            .collect();
        part.erasure = self.erasure;
        part
    }

    /// The dots of the events.
    pub fn event_dots(&self) -> BTreeSet<Dot> {
        self.events.as_set().iter().map(|event| event.dot).collect()
    }

    /// Every write in the document: the dot of each value, event and erasure.
    pub fn dots(&self) -> BTreeSet<Dot> {
        let mut dots: BTreeSet<Dot> = self.fields.values().flat_map(Register::dots).collect();
        dots.extend(self.events.as_set().iter().map(|event| event.dot));
        dots.extend(self.erasure.map(|erasure| erasure.dot));
        dots
    }

    /// The highest counter that `actor` has in this document, 0 when it never wrote here.
    pub fn highest_counter(&self, actor: Actor) -> u64 {
        self.dots()
            .into_iter()
            .filter(|dot| dot.actor == actor)
            .map(|dot| dot.counter)
            .max()
            .unwrap_or(0)
    }

    /// The first 128 bits of SHA-256 (FIPS 180-4) over the canonical encoding: equal states have equal hashes on every replica.
    pub fn state_hash(&self) -> [u8; 16] {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(format::encode(self))[..16]);
        hash
    }

    fn forget_if_erased(&mut self) {
        if self.erasure.is_none() {
            return;
        }
        self.fields.retain(|field, _| !field.is_personal());
        if self.events.as_set().iter().any(Event::is_personal) {
            self.events = std::mem::take(&mut self.events)
                .into_iter()
                .map(Event::without_personal_data)
                .collect();
        }
    }
}

impl PartialEq for Document {
    /// Equal when the canonical encodings are: `MVReg`'s own comparison depends on arrival order and can panic.
    fn eq(&self, other: &Self) -> bool {
        format::encode(self) == format::encode(other)
    }
}

impl Eq for Document {}
