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
    /// vector clock; `MVReg` holds the same clock but lends it to nobody.
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
#[derive(Clone, Debug, Default)]
pub struct Register(MVReg<Version, Actor>);

impl Register {
    /// The values nobody has overwritten, in canonical order (by dot).
    pub fn versions(&self) -> Vec<Version> {
        let mut versions = self.0.read().val;
        versions.sort_by_key(|version| version.dot);
        versions
    }

    /// The dots of the values, in canonical order.
    pub fn dots(&self) -> impl Iterator<Item = Dot> {
        self.versions().into_iter().map(|version| version.dot)
    }

    /// The value with the newest stamp; ties go to the higher dot.
    pub fn newest(&self) -> Option<Version> {
        self.0
            .read()
            .val
            .into_iter()
            .max_by_key(|version| (version.at, version.dot))
    }

    /// The values whose dots are wanted, under the clocks they have; none when there are none.
    pub(super) fn only(&self, wanted: impl Fn(Dot) -> bool) -> Option<Self> {
        let mut kept = Self::default();
        let mut is_empty = true;
        for version in self
            .versions()
            .into_iter()
            .filter(|version| wanted(version.dot))
        {
            kept.put(version);
            is_empty = false;
        }
        (!is_empty).then_some(kept)
    }

    /// Whether replicas wrote different values without having seen each other's.
    pub fn is_in_conflict(&self) -> bool {
        let versions = self.0.read().val;
        versions
            .iter()
            .any(|version| version.value != versions[0].value)
    }

    /// A register that holds just this value, written by someone who had seen all of `self`.
    pub(super) fn overwritten_by(
        &self,
        value: Value,
        at: Hlc,
        by: Option<StaffId>,
        dot: Dot,
    ) -> Self {
        let seen = self
            .0
            .read_ctx()
            .add_clock
            .into_iter()
            .map(|seen| (seen.actor, seen.counter));
        let mut register = Self::default();
        register.put(Version {
            value,
            at,
            by,
            dot,
            seen: others_than(dot.actor, seen),
        });
        register
    }

    /// Adds a value as it came out of the codec.
    pub(super) fn put(&mut self, version: Version) {
        let mut clock: VClock<Actor> = VClock::new();
        for (actor, counter) in version
            .seen
            .iter()
            .copied()
            .chain([(version.dot.actor, version.dot.counter)])
        {
            clock.dots.insert(actor, counter);
        }
        let put = Op::Put {
            clock,
            val: version,
        };
        if self.0.read_ctx().add_clock.is_empty() {
            self.0.apply(put);
        } else {
            // Merging, unlike applying, drops neither of two values that came under one clock depending on which arrived last.
            let mut single = MVReg::new();
            single.apply(put);
            self.0.merge(single);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

fn others_than(writer: Actor, seen: impl Iterator<Item = (Actor, u64)>) -> Vec<(Actor, u64)> {
    seen.filter(|(actor, _)| *actor != writer).collect()
}
