//! What one replica itself wrote of a document, cut out of it.
//!
//! The hub takes from each replica only its own writes. So a document that several wrote to comes back to a hub that has
//! lost it in parts, one from each. A part is written again through the ordinary [`Change`], under the same dots, stamps and
//! names, and over placeholders for whatever the writer had seen; what comes out is the same write, not a new one.

use std::collections::BTreeSet;

use shared::clock::Hlc;
use shared::document::{Authoring, Change, Document, Event, Field, Value, Version};
use shared::id::{Actor, Dot, ReplicaNumber};

/// The part of a document that a replica wrote, in any of its incarnations; none when it wrote nothing of it that still stands.
///
/// A value's clock is exact for all actors that the document still shows. An actor of whom nothing is left, no event either,
/// is left out of it; the worst that comes of it is that a value which was overwritten long ago shows beside it again.
pub(super) fn own_part(document: &Document, replica: ReplicaNumber) -> Option<Document> {
    let is_own = |dot: &Dot| dot.actor.replica() == replica;
    let dots = document.dots();
    if dots.iter().all(is_own) {
        return (!dots.is_empty()).then(|| document.clone());
    }
    let actors: BTreeSet<Actor> = dots.iter().map(|dot| dot.actor).collect();
    let mut part = Document::new(document.id(), document.kind().clone());
    for (field, register) in document.fields() {
        for version in register.versions().iter().filter(|own| is_own(&own.dot)) {
            join(&mut part, written_again(document, field, version, &actors));
        }
    }
    for event in document.events().into_iter().filter(|own| is_own(&own.dot)) {
        join(&mut part, recorded_again(document, event));
    }
    if let Some(erasure) = document.erasure().filter(|own| is_own(&own.dot)) {
        let mut change = blank(document);
        change.erase(&mut author(erasure.dot, erasure.at, erasure.by));
        join(&mut part, change.finish());
    }
    (!part.is_empty()).then_some(part)
}

fn written_again(
    document: &Document,
    field: &Field,
    version: &Version,
    actors: &BTreeSet<Actor>,
) -> Document {
    // Anything that is not the value itself, or there would be nothing to write.
    let placeholder = Value::Bool(version.value != Value::Bool(true));
    let mut seen = Document::new(document.id(), document.kind().clone());
    let before = Dot {
        actor: version.dot.actor,
        counter: version.dot.counter - 1,
    };
    let others = actors
        .iter()
        .filter(|actor| **actor != version.dot.actor)
        .filter_map(|actor| latest_seen(version, *actor));
    for dot in others.chain((before.counter > 0).then_some(before)) {
        let mut change = blank(document);
        change.set(
            &mut author(dot, Hlc::default(), None),
            field.clone(),
            placeholder.clone(),
        );
        join(&mut seen, change.finish());
    }
    let mut change = Change::of(&seen);
    change.set(
        &mut author(version.dot, version.at, version.by),
        field.clone(),
        version.value.clone(),
    );
    change.finish()
}

fn recorded_again(document: &Document, event: Event) -> Document {
    let mut change = blank(document);
    let mut authoring = author(event.dot, event.at, event.by);
    change.record_all(&mut authoring, event.kind, event.data);
    change.finish()
}

/// The last write of an actor that the writer of a value had seen. A version answers only whether it has seen a given one.
fn latest_seen(version: &Version, actor: Actor) -> Option<Dot> {
    let has_seen = |counter| version.has_seen(Dot { actor, counter });
    if !has_seen(1) {
        return None;
    }
    let (mut seen, mut unseen) = (1, u64::MAX);
    while unseen - seen > 1 {
        let middle = seen + (unseen - seen) / 2;
        if has_seen(middle) {
            seen = middle;
        } else {
            unseen = middle;
        }
    }
    Some(Dot {
        actor,
        counter: seen,
    })
}

/// Whoever writes next writes just this dot.
fn author(dot: Dot, at: Hlc, by: Option<shared::id::StaffId>) -> Authoring {
    Authoring::new(dot.actor, dot.counter.saturating_sub(1), at, by)
}

fn blank(document: &Document) -> Change<'static> {
    Change::create(document.id(), document.kind().clone())
}

fn join(part: &mut Document, delta: Document) {
    // All of them are made for this document, so they are the same one.
    let merged = part.merge(delta);
    debug_assert_eq!(merged, Ok(()));
}

#[cfg(test)]
mod tests {
    use shared::clock::UtcMillis;
    use shared::document::{Kind, format};
    use shared::id::{DocumentId, StaffId};

    use super::*;

    /// A replica with a state of its own.
    struct Writer {
        authoring: Authoring,
        state: Document,
    }

    impl Writer {
        fn new(replica: u32) -> Self {
            let staff = StaffId(DocumentId::named(&format!("staff of {replica}")));
            let actor = Actor::new(ReplicaNumber(replica), 7);
            Self {
                authoring: Authoring::new(actor, 0, Hlc::at(UtcMillis(1_000)), Some(staff)),
                state: Document::new(DocumentId::named("order"), Kind::known("order")),
            }
        }

        fn set(&mut self, field: &'static str, value: impl Into<Value>) {
            self.write(|change, authoring| change.set(authoring, Field::known(field), value));
        }

        fn record(&mut self, kind: &'static str) {
            self.write(|change, authoring| change.record(authoring, Kind::known(kind), []));
        }

        fn write(&mut self, write: impl FnOnce(&mut Change<'_>, &mut Authoring)) {
            let base = self.state.clone();
            let mut change = Change::of(&base);
            write(&mut change, &mut self.authoring);
            self.state
                .merge(change.finish())
                .expect("the same document");
        }

        fn hear_of(&mut self, other: &Self) {
            self.state
                .merge(other.state.clone())
                .expect("the same document");
        }
    }

    #[test]
    fn all_parts_together_are_the_document_byte_for_byte() {
        let (mut chur, mut davos) = (Writer::new(1), Writer::new(2));
        chur.set("status", "open");
        chur.set("free/note", "careful");
        chur.record("received");
        davos.hear_of(&chur);
        davos.set("status", "in_work");
        davos.record("status");
        davos.set("contact/name", "Müller");
        chur.hear_of(&davos);
        chur.set("status", "done");
        chur.set("free/note", Value::Null);
        chur.record("status");
        // Neither has seen the other's.
        davos.set("priority", "express");
        chur.set("priority", "low");
        chur.hear_of(&davos);
        let whole = &chur.state;

        let parts = [1, 2].map(|replica| {
            let part = own_part(whole, ReplicaNumber(replica)).expect("both wrote");
            let foreign = |dot: &Dot| dot.actor.replica() != ReplicaNumber(replica);
            assert!(!part.dots().iter().any(foreign), "the hub would refuse it");
            part
        });
        for order in [[0, 1], [1, 0]] {
            let mut together = Document::new(whole.id(), whole.kind().clone());
            for place in order {
                join(&mut together, parts[place].clone());
            }
            assert_eq!(format::encode(&together), format::encode(whole));
        }
        assert!(own_part(whole, ReplicaNumber(3)).is_none());
    }

    #[test]
    fn an_erasure_is_part_of_whoever_ordered_it() {
        let (mut chur, mut davos) = (Writer::new(1), Writer::new(2));
        chur.set("contact/name", "Müller");
        chur.set("status", "done");
        davos.hear_of(&chur);
        davos.write(|change, authoring| {
            change.erase(authoring);
        });
        let part = own_part(&davos.state, ReplicaNumber(2)).expect("the erasure");
        assert_eq!(part.erasure(), davos.state.erasure());
    }
}
