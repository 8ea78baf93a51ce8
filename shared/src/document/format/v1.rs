//! Version 1, frozen. Actors, staff and the base time are written once a document and referred to by index.
//!
//! The layout is bincode 2's standard one of these structs, in this order; `v1/oracle.rs` has them, and tests compare:
//!
//! | part | as |
//! |---|---|
//! | id | 16 bytes |
//! | kind | text |
//! | actors | sequence of numbers, ascending |
//! | staff | sequence of 16 bytes, ascending |
//! | base | number: the earliest stamp; all others are written as their distance from it |
//! | fields | sequence of name and sequence of versions: value, stamp, what it has seen (index and counter) |
//! | events | sequence of stamp, kind and sequence of name and value |
//! | erasure | option of stamp |
//!
//! A stamp is its distance from the base, its author (0 for none, else the index in `staff` plus 1), the index of its actor,
//! and its counter.

#[cfg(test)]
mod oracle;
mod reading;

use std::collections::BTreeSet;

use super::cursor::{put_bytes, put_i64, put_length, put_u64};
use super::tag;
use crate::clock::Hlc;
use crate::document::draft::{Draft, DraftStamp};
use crate::document::view::ValueView;
use crate::document::{Document, Register};
use crate::id::{Actor, Dot, StaffId};

pub(super) use reading::{decode, inspect, view};

pub(super) const VERSION: u8 = 1;

/// Appends the canonical bytes. Writing has no limit: a document that outgrew it is refused where it is stored.
pub(super) fn encode(document: &Document, bytes: &mut Vec<u8>) {
    let index = Index::over(document);
    bytes.extend_from_slice(document.id.as_bytes());
    put_bytes(bytes, document.kind.as_str().as_bytes());
    put_length(bytes, index.actors.len());
    for actor in &index.actors {
        put_u64(bytes, *actor);
    }
    put_length(bytes, index.staff.len());
    for staff in &index.staff {
        bytes.extend_from_slice(staff);
    }
    put_u64(bytes, index.base);
    put_length(bytes, document.fields.len());
    for (field, register) in &document.fields {
        put_bytes(bytes, field.as_str().as_bytes());
        put_length(bytes, register.as_slice().len());
        for version in register.as_slice() {
            put_value(bytes, (&version.value).into());
            index.put_stamp(bytes, version.at, version.by, version.dot);
            put_length(bytes, version.seen.len());
            for (actor, counter) in &version.seen {
                put_length(bytes, index.actor(*actor));
                put_u64(bytes, *counter);
            }
        }
    }
    put_length(bytes, document.events.as_set().len());
    for event in document.events.as_set() {
        index.put_stamp(bytes, event.at, event.by, event.dot);
        put_bytes(bytes, event.kind.as_str().as_bytes());
        put_length(bytes, event.data.len());
        for (name, value) in &event.data {
            put_bytes(bytes, name.as_str().as_bytes());
            put_value(bytes, value.into());
        }
    }
    match document.erasure {
        None => bytes.push(0),
        Some(erasure) => {
            bytes.push(1);
            index.put_stamp(bytes, erasure.at, erasure.by, erasure.dot);
        }
    }
}

/// The same of a draft, whose fields and events are in their order.
pub(in crate::document) fn encode_draft(draft: &Draft, bytes: &mut Vec<u8>) {
    let index = Index::over_draft(draft);
    bytes.extend_from_slice(draft.id.as_bytes());
    put_bytes(bytes, draft.kind.as_str().as_bytes());
    put_length(bytes, index.actors.len());
    for actor in &index.actors {
        put_u64(bytes, *actor);
    }
    put_length(bytes, index.staff.len());
    for staff in &index.staff {
        bytes.extend_from_slice(staff);
    }
    put_u64(bytes, index.base);
    put_length(bytes, draft.field_count());
    for field in draft.fields_in_order() {
        put_bytes(bytes, field.name.of(&draft.content));
        // One version, which has seen nothing of anybody else.
        put_length(bytes, 1);
        bytes.extend_from_slice(field.value.of(&draft.content));
        index.put_draft_stamp(bytes, field.stamp);
        put_length(bytes, 0);
    }
    put_length(bytes, draft.events.len());
    for event in &draft.events {
        index.put_draft_stamp(bytes, event.stamp);
        bytes.extend_from_slice(event.content.of(&draft.event_content));
    }
    bytes.push(0);
}

/// What an event says, its particulars in the order of their names.
pub(in crate::document) fn put_event(
    bytes: &mut Vec<u8>,
    kind: &str,
    data: &[(&str, ValueView<'_>)],
) {
    put_bytes(bytes, kind.as_bytes());
    put_length(bytes, data.len());
    for (name, value) in data {
        put_bytes(bytes, name.as_bytes());
        put_value(bytes, *value);
    }
}

pub(in crate::document) fn put_value(bytes: &mut Vec<u8>, value: ValueView<'_>) {
    match value {
        ValueView::Null => bytes.push(tag::NULL),
        ValueView::Bool(flag) => bytes.extend_from_slice(&[tag::BOOL, u8::from(flag)]),
        ValueView::Int(number) => {
            bytes.push(tag::INT);
            put_i64(bytes, number);
        }
        ValueView::Text(text) => {
            bytes.push(tag::TEXT);
            put_bytes(bytes, text.as_bytes());
        }
        ValueView::Id(id) => {
            bytes.push(tag::ID);
            put_bytes(bytes, id.as_bytes());
        }
        ValueView::Money { minor, currency } => {
            bytes.push(tag::MONEY);
            put_i64(bytes, minor);
            bytes.extend_from_slice(currency.as_bytes());
        }
        ValueView::Instant(instant) => {
            bytes.push(tag::INSTANT);
            put_i64(bytes, instant.0);
        }
        ValueView::Date(days) => {
            bytes.push(tag::DATE);
            put_i64(bytes, i64::from(days));
        }
        ValueView::Bytes(content) => {
            bytes.push(tag::BYTES);
            put_bytes(bytes, content);
        }
    }
}

/// What is written once and referred to by index.
struct Index {
    /// Ascending.
    actors: Vec<u64>,
    /// Ascending.
    staff: Vec<[u8; 16]>,
    base: u64,
}

impl Index {
    fn over(document: &Document) -> Self {
        let mut index = Self {
            actors: Vec::new(),
            staff: Vec::new(),
            base: u64::MAX,
        };
        for version in document.fields.values().flat_map(Register::as_slice) {
            index.note(version.at, version.by, version.dot);
            for (actor, _) in &version.seen {
                insert(&mut index.actors, actor.to_bits());
            }
        }
        for event in document.events.as_set() {
            index.note(event.at, event.by, event.dot);
        }
        if let Some(erasure) = document.erasure {
            index.note(erasure.at, erasure.by, erasure.dot);
        }
        if index.base == u64::MAX {
            index.base = 0;
        }
        index
    }

    fn over_draft(draft: &Draft) -> Self {
        let stamps = draft.fields_in_order().map(|field| field.stamp);
        let stamps = stamps.chain(draft.events.iter().map(|event| event.stamp));
        let mut index = Self {
            actors: Vec::new(),
            staff: Vec::new(),
            base: u64::MAX,
        };
        let (mut former, mut has_any) = (None, false);
        for stamp in stamps {
            has_any = true;
            index.base = index.base.min(stamp.at.to_bits());
            if let Some(by) = stamp.by.filter(|by| former != Some(*by)) {
                insert(&mut index.staff, *by.document().as_bytes());
                former = Some(by);
            }
        }
        if has_any {
            index.actors.push(draft.actor.to_bits());
        } else {
            index.base = 0;
        }
        index
    }

    /// A draft's only actor has the only index.
    fn put_draft_stamp(&self, bytes: &mut Vec<u8>, stamp: DraftStamp) {
        let by = stamp.by.map_or(0, |by| {
            let position = self.staff.binary_search(by.document().as_bytes());
            position.expect("every author was noted") + 1
        });
        put_u64(bytes, stamp.at.to_bits() - self.base);
        put_length(bytes, by);
        put_length(bytes, 0);
        put_u64(bytes, stamp.counter);
    }

    fn note(&mut self, at: Hlc, by: Option<StaffId>, dot: Dot) {
        insert(&mut self.actors, dot.actor.to_bits());
        if let Some(by) = by {
            insert(&mut self.staff, *by.document().as_bytes());
        }
        self.base = self.base.min(at.to_bits());
    }

    fn actor(&self, actor: Actor) -> usize {
        self.actors
            .binary_search(&actor.to_bits())
            .expect("every actor was noted")
    }

    fn put_stamp(&self, bytes: &mut Vec<u8>, at: Hlc, by: Option<StaffId>, dot: Dot) {
        put_u64(bytes, at.to_bits() - self.base);
        let by = by.map_or(0, |by| {
            let position = self.staff.binary_search(by.document().as_bytes());
            position.expect("every author was noted") + 1
        });
        put_length(bytes, by);
        put_length(bytes, self.actor(dot.actor));
        put_u64(bytes, dot.counter);
    }
}

/// Inserts where it belongs, once. The tables are short: a set of its own would cost more.
fn insert<T: Ord>(sorted: &mut Vec<T>, element: T) {
    if let Err(place) = sorted.binary_search(&element) {
        sorted.insert(place, element);
    }
}

/// Whether anything stands twice.
fn has_twice<T: Ord>(mut elements: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    !elements.all(|element| seen.insert(element))
}
