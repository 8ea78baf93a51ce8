//! One dot, two writes: what a copied or rolled back store can make, and how it is told apart and mended.

use std::collections::{BTreeMap, BTreeSet};

use super::register::Version;
use super::{Authoring, Document, Erasure, Event, Register};
use crate::clock::Hlc;
use crate::id::{Dot, ReplicaNumber};

/// A write that was made again under another dot: the former one and the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reissued {
    /// The dot that may stand for somebody else's write too.
    pub former: Dot,
    /// The dot it has now.
    pub present: Dot,
}

impl Document {
    /// A dot that stands for one write here and for another in `other`; none when both agree on what they share.
    pub fn collision(&self, other: &Self) -> Option<Dot> {
        let in_fields = self.fields.iter().find_map(|(field, register)| {
            let theirs = other.fields.get(field)?.as_slice();
            register.as_slice().iter().find_map(|version| {
                theirs
                    .iter()
                    .find(|their| their.dot == version.dot && !is_just_the_same(version, their))
                    .map(|their| their.dot)
            })
        });
        in_fields.or_else(|| {
            let theirs = other.event_set();
            let (first, last) = (theirs.first()?.dot, theirs.last()?.dot);
            let shared = self.event_set().iter();
            shared
                .filter(|event| (first..=last).contains(&event.dot))
                .find_map(|event| {
                    theirs
                        .iter()
                        .find(|their| their.dot == event.dot && !is_same_event(event, their))
                        .map(|their| their.dot)
                })
        })
    }

    /// What happened, by dot, each thing once. An event that was made again under another incarnation of its machine, when
    /// nobody could know that it had arrived before, is the same event still: a payment counts once, whatever became of the
    /// machine that took it. A machine's clock readings never repeat, so two events of one machine that agree in everything
    /// but their dots are one.
    pub fn happened(&self) -> Vec<&Event> {
        let events = self.event_set();
        let neighbours = events.iter().zip(events.iter().skip(1));
        let has_incarnations = neighbours
            .map(|(one, next)| (one.dot.actor, next.dot.actor))
            .any(|(one, next)| one != next && one.replica() == next.replica());
        if !has_incarnations {
            return events.iter().collect();
        }
        let mut known: BTreeMap<(ReplicaNumber, Hlc), Vec<&Event>> = BTreeMap::new();
        let mut happened = Vec::with_capacity(events.len());
        for event in events {
            let key = (event.dot.actor.replica(), event.at);
            let same = known.entry(key).or_default();
            let is_known = same
                .iter()
                .any(|other| other.dot.actor != event.dot.actor && is_same_event(other, event));
            if !is_known {
                same.push(event);
                happened.push(event);
            }
        }
        happened
    }

    /// The document as if some writes had never been made. What they had overwritten does not come back.
    #[must_use]
    pub fn without(&self, dots: &BTreeSet<Dot>) -> Self {
        let mut rest = Self::new(self.id, self.kind.clone());
        for (field, register) in &self.fields {
            if let Some(kept) = register.only(|dot| !dots.contains(&dot)) {
                rest.fields.insert(field.clone(), kept);
            }
        }
        let events = self.event_set().iter();
        rest.events = events
            .filter(|event| !dots.contains(&event.dot))
            .cloned()
            .collect();
        rest.erasure = self.erasure.filter(|erasure| !dots.contains(&erasure.dot));
        rest
    }

    /// The writes of a delta made again by `authoring`'s actor, with the times and names they have.
    ///
    /// Each keeps what it had seen, but of its former actor only what is `known` to be that actor's alone: what it
    /// overwrote beyond that may be a write of somebody else under the same number, and stays beside it for a person to see.
    #[must_use]
    pub fn reissued(&self, authoring: &mut Authoring, known: u64) -> (Self, Vec<Reissued>) {
        let mut again = Self::new(self.id, self.kind.clone());
        let mut made = Vec::new();
        let mut next = |former: Dot| {
            let present = authoring.next_dot();
            made.push(Reissued { former, present });
            present
        };
        for (field, register) in &self.fields {
            let mut copies = Register::default();
            for version in register.versions() {
                let former = version.dot;
                let dot = next(former);
                let mut seen: Vec<_> = version
                    .seen
                    .iter()
                    .copied()
                    .filter(|(actor, _)| *actor != dot.actor)
                    .collect();
                let own = known.min(former.counter.saturating_sub(1));
                if own > 0 {
                    seen.push((former.actor, own));
                    seen.sort_unstable();
                }
                copies.put(Version {
                    dot,
                    seen,
                    ..version
                });
            }
            again.fields.insert(field.clone(), copies);
        }
        for event in self.events() {
            let dot = next(event.dot);
            again.events.insert(Event { dot, ..event });
        }
        again.erasure = self.erasure.map(|erasure| Erasure {
            dot: next(erasure.dot),
            ..erasure
        });
        (again, made)
    }

    /// Whether this document holds just the write that `local` holds under the present dot, under another one of the same
    /// machine: then it had arrived before it was made again, and the copy must go.
    ///
    /// Not the former dot tells, for a store put back to an old backup may make the same write again a second time, but its
    /// stamp: a machine's clock readings never repeat.
    pub fn has_already(&self, local: &Self, reissued: Reissued) -> bool {
        let Reissued { former, present } = reissued;
        let is_other = |dot: Dot| dot != present && dot.actor.replica() == former.actor.replica();
        let in_fields = self.fields.iter().any(|(field, register)| {
            let Some(mine) = local.fields.get(field) else {
                return false;
            };
            register.versions().iter().any(|their| {
                is_other(their.dot)
                    && mine
                        .versions()
                        .iter()
                        .any(|mine| mine.dot == present && is_same_write(mine, their))
            })
        });
        let mine = local.events();
        in_fields
            || self.events().iter().any(|their| {
                is_other(their.dot)
                    && mine
                        .iter()
                        .any(|mine| mine.dot == present && is_same_event(mine, their))
            })
            || self.erasure.is_some_and(|their| {
                is_other(their.dot)
                    && local.erasure.is_some_and(|mine| {
                        mine.dot == present && (mine.at, mine.by) == (their.at, their.by)
                    })
            })
    }
}

/// One write, with all that belongs to it. What it had seen belongs to it too: of two that differ in that, which one stays would
/// depend on the order in which they are merged.
fn is_just_the_same(one: &Version, other: &Version) -> bool {
    is_same_write(one, other) && one.seen == other.seen
}

/// The same but for the dot, which the caller compares, and what had been seen.
fn is_same_write(one: &Version, other: &Version) -> bool {
    (&one.value, one.at, one.by) == (&other.value, other.at, other.by)
}

/// The same but for the dot. An erasure may have taken personal particulars from one of them already.
fn is_same_event(one: &Event, other: &Event) -> bool {
    let plain = |event: &Event| {
        event
            .data
            .iter()
            .filter(|(name, _)| !name.is_personal())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    (one.at, one.by, &one.kind) == (other.at, other.by, &other.kind)
        && (one.data == other.data || plain(one) == plain(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Hlc, UtcMillis};
    use crate::document::{Change, Field, Kind};
    use crate::id::{Actor, DocumentId, ReplicaNumber};

    fn writer(incarnation: u32, after: u64, at: i64) -> Authoring {
        let actor = Actor::new(ReplicaNumber(4), incarnation);
        Authoring::new(actor, after, Hlc::at(UtcMillis(at)), None)
    }

    fn written(value: &str, mut authoring: Authoring) -> Document {
        let mut change = Change::create(DocumentId::named("o"), Kind::known("order"));
        change.set(&mut authoring, Field::known("status"), value);
        change.record(&mut authoring, Kind::known("payment"), []);
        change.finish()
    }

    #[test]
    fn two_writes_under_one_dot_are_found_and_made_again() {
        let hubs = written("ready", writer(1, 6, 1_000));
        let ours = written("cancelled", writer(1, 6, 2_000));
        assert!(hubs.collision(&ours).is_some());
        assert_eq!(hubs.collision(&hubs.clone()), None);

        let mut authoring = writer(2, 0, 3_000);
        let (again, made) = ours.reissued(&mut authoring, 6);
        assert_eq!((made.len(), authoring.counter()), (2, 2));
        assert!(made.iter().all(|made| !hubs.has_already(&again, *made)));
        let mut both = hubs.clone();
        both.merge(again.clone()).expect("one document");
        assert_eq!(both.happened().len(), 2, "both payments stand");
        let status = both.register("status").expect("written");
        assert!(status.is_in_conflict(), "a person decides");

        assert!(made.iter().all(|made| ours.has_already(&again, *made)));
        let mut twice = ours.clone();
        twice.merge(again.clone()).expect("one document");
        assert_eq!(
            (twice.events().len(), twice.happened().len()),
            (2, 1),
            "a payment that had arrived before it was made again counts once"
        );
        let copies: BTreeSet<Dot> = made.iter().map(|made| made.present).collect();
        let mut came_back = again.without(&copies);
        assert!(came_back.is_empty());
        came_back.merge(ours.clone()).expect("one document");
        assert_eq!(came_back, ours, "what had arrived is not doubled");
    }

    #[test]
    fn a_write_made_again_beside_one_that_it_had_seen_can_be_read_back() {
        let first = written("open", writer(1, 0, 1_000));
        let mut office = Authoring::new(
            Actor::new(ReplicaNumber::HUB, 9),
            0,
            Hlc::at(UtcMillis(2_000)),
            None,
        );
        let mut at_office = first.clone();
        let mut change = Change::of(&at_office);
        change.set(&mut office, Field::known("status"), "in work");
        let delta = change.finish();
        at_office.merge(delta).expect("one document");
        let mut change = Change::of(&at_office);
        change.set(&mut writer(1, 7, 3_000), Field::known("status"), "ready");
        // Made again by one that does not know which of its former numbers were its own.
        let (again, _) = change.finish().reissued(&mut writer(2, 0, 4_000), 0);
        let mut merged = at_office;
        merged.merge(again).expect("one document");
        let bytes = crate::document::format::encode(&merged);
        assert_eq!(crate::document::format::decode(&bytes), Ok(merged));
    }

    #[test]
    fn what_is_known_to_be_overwritten_stays_overwritten() {
        let first = written("open", writer(1, 0, 1_000));
        let mut authoring = writer(1, 7, 2_000);
        let mut change = Change::of(&first);
        change.set(&mut authoring, Field::known("status"), "ready");
        let (again, _) = change.finish().reissued(&mut writer(2, 0, 3_000), 4);
        let mut merged = first;
        merged.merge(again).expect("one document");
        let versions = merged.register("status").expect("written").versions();
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0].value, "ready".into());
    }
}
