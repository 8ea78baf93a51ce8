//! One field: a multi-value register over `crdts::MVReg`.

use crdts::mvreg::Op;
use crdts::{CmRDT, CvRDT, MVReg, VClock};

use super::value::Value;
use crate::clock::Hlc;
use crate::id::{Actor, Dot, StaffId};

/// One value somebody wrote: what, when, who, and which write it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// What was written.
    pub value: Value,
    /// When, by the writer's hybrid clock.
    pub at: Hlc,
    /// Which member of staff; none for the importer and the product itself.
    pub by: Option<StaffId>,
    /// Which write.
    pub dot: Dot,
    /// What its writer had seen of the field: for each other actor the highest counter. With `dot`, this is the value's
    /// vector clock.
    pub(super) seen: Vec<(Actor, u64)>,
}

impl Version {
    /// Whether whoever wrote this had seen `other`.
    pub fn has_seen(&self, other: Dot) -> bool {
        self.dot == other
            || self.dot.actor == other.actor && self.dot.counter >= other.counter
            || self
                .seen
                .iter()
                .any(|(actor, counter)| *actor == other.actor && *counter >= other.counter)
    }
}

/// The concurrent values of one field. One value is the ordinary case; more than one is a conflict that a person settles.
///
/// Kept as plain values in canonical order, since `MVReg` lends none of its own; it decides what stays when values meet.
#[derive(Clone, Debug, Default)]
pub struct Register(Vec<Version>);

impl Register {
    /// The values nobody has overwritten, in canonical order (by dot).
    pub fn versions(&self) -> Vec<Version> {
        self.0.clone()
    }

    /// Like [`Self::versions`], lent.
    pub fn as_slice(&self) -> &[Version] {
        &self.0
    }

    /// The dots of the values, in canonical order.
    pub fn dots(&self) -> impl Iterator<Item = Dot> {
        self.0.iter().map(|version| version.dot)
    }

    /// The value with the newest stamp; ties go to the higher dot.
    pub fn newest(&self) -> Option<Version> {
        self.newest_version().cloned()
    }

    /// Like [`Self::newest`], lent.
    pub fn newest_version(&self) -> Option<&Version> {
        self.0
            .iter()
            .max_by_key(|version| (version.at, version.dot))
    }

    /// The values whose dots are wanted, under the clocks they have; none when there are none.
    pub(super) fn only(&self, wanted: impl Fn(Dot) -> bool) -> Option<Self> {
        let kept: Vec<Version> = self
            .0
            .iter()
            .filter(|version| wanted(version.dot))
            .cloned()
            .collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// Whether replicas wrote different values without having seen each other's.
    pub fn is_in_conflict(&self) -> bool {
        self.0
            .iter()
            .any(|version| version.value != self.0[0].value)
    }

    /// A register that holds just this value, written by someone who had seen all of `self`.
    pub(super) fn overwritten_by(
        &self,
        value: Value,
        at: Hlc,
        by: Option<StaffId>,
        dot: Dot,
    ) -> Self {
        let mut clock: VClock<Actor> = VClock::new();
        for version in &self.0 {
            clock.merge(version.clock());
        }
        clock.dots.remove(&dot.actor);
        Self(vec![Version {
            value,
            at,
            by,
            dot,
            seen: clock.dots.into_iter().collect(),
        }])
    }

    /// Values of which none has seen another, in any order.
    pub(super) fn of_concurrent(mut versions: Vec<Version>) -> Self {
        versions.sort_by_key(|version| version.dot);
        Self(versions)
    }

    /// Adds a value as it came from elsewhere.
    pub(super) fn put(&mut self, version: Version) {
        self.merge(Self(vec![version]));
    }

    pub(super) fn merge(&mut self, other: Self) {
        // The ordinary cases: nothing was here, or one of two values had seen the other.
        match (self.0.as_slice(), other.0.as_slice()) {
            (_, []) => return,
            ([], _) => {
                self.0 = other.0;
                return;
            }
            ([ours], [theirs]) if theirs.is_covered_by(ours) => return,
            ([ours], [theirs]) if ours.is_covered_by(theirs) => {
                self.0 = other.0;
                return;
            }
            _ => {}
        }
        let mut register = into_mvreg(std::mem::take(&mut self.0));
        register.merge(into_mvreg(other.0));
        self.0 = register.read().val;
        self.0.sort_by_key(|version| version.dot);
    }
}

impl Version {
    /// Its vector clock: what its writer had seen, and the write itself.
    fn clock(&self) -> VClock<Actor> {
        let mut clock = VClock::new();
        clock.dots = self
            .seen
            .iter()
            .copied()
            .chain([(self.dot.actor, self.dot.counter)])
            .collect();
        clock
    }

    /// Whether its clock is at most the other's.
    pub(super) fn is_covered_by(&self, other: &Self) -> bool {
        let seen = self.seen.iter().map(|(actor, counter)| Dot {
            actor: *actor,
            counter: *counter,
        });
        other.has_seen(self.dot) && seen.into_iter().all(|dot| other.has_seen(dot))
    }
}

fn into_mvreg(versions: Vec<Version>) -> MVReg<Version, Actor> {
    let mut register = MVReg::new();
    for version in versions {
        let mut single = MVReg::new();
        single.apply(Op::Put {
            clock: version.clock(),
            val: version,
        });
        // Merging, unlike applying, drops neither of two values that came under one clock depending on which arrived last.
        register.merge(single);
    }
    register
}
