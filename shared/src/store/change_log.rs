//! Which parts of a document changed at which position of the feed, in a few bytes, so that the hub can send a peer only
//! what the peer has not seen.
//!
//! A part (a field, an event) is noted by a mark of 16 bits. Two parts can have one mark; then both are sent where one
//! would do, which is right, if longer: **sending too much is always right, and the log never makes too little of it.**
//! A part stands in the log once, at its latest change.
//!
//! As bytes: the position up to which nothing is known, the number of changes, and for each from the oldest on its distance
//! from the one before, the number of its marks, and the marks. The newest has no distance: it is where the document
//! stands. A document that never changed has no bytes.

use std::collections::BTreeSet;

use super::layout::{put_varint, take_varint};
use crate::document::{Document, Field};
use crate::id::Dot;

/// Changes that are remembered. A peer that is further behind gets the document whole.
const CHANGES: usize = 16;

/// Marks that are remembered in all. A change of so many parts at once is nearly the whole document.
const MARKS: usize = 96;

/// What is known of a document's latest changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangeLog {
    /// Every change after this position is in the log.
    reach: u64,
    /// Oldest first.
    changes: Vec<Changed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    position: u64,
    marks: BTreeSet<u16>,
}

impl ChangeLog {
    /// Of a document that is at `position` for the first time, or of which nothing older is known. Such a log has no bytes.
    pub(super) const fn since(position: u64) -> Self {
        Self {
            reach: position,
            changes: Vec::new(),
        }
    }

    /// Notes what a merge changed. Where it will stand is not known yet: it is the position that the document gets.
    pub(super) fn note(mut self, before: &Document, after: &Document, delta: &Document) -> Self {
        let marks = changed_parts(before, after, delta);
        for change in &mut self.changes {
            change.marks.retain(|mark| !marks.contains(mark));
        }
        self.changes.retain(|change| !change.marks.is_empty());
        self.changes.push(Changed {
            position: u64::MAX,
            marks,
        });
        while self.changes.len() > CHANGES || self.marks() > MARKS {
            self.reach = self.changes.remove(0).position;
        }
        self
    }

    /// The marks of what changed after a position; none when the log does not reach back that far.
    pub(super) fn after(&self, position: u64) -> Option<Marks> {
        (position >= self.reach && position > 0).then(|| {
            Marks(
                self.changes
                    .iter()
                    .filter(|change| change.position > position)
                    .flat_map(|change| change.marks.iter().copied())
                    .collect(),
            )
        })
    }

    fn marks(&self) -> usize {
        self.changes.iter().map(|change| change.marks.len()).sum()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.changes.is_empty() {
            return bytes;
        }
        put_varint(&mut bytes, self.reach);
        put_varint(&mut bytes, self.changes.len() as u64);
        let mut former = self.reach;
        for (index, change) in self.changes.iter().enumerate() {
            if index + 1 < self.changes.len() {
                put_varint(&mut bytes, change.position - former);
                former = change.position;
            }
            put_varint(&mut bytes, change.marks.len() as u64);
            bytes.extend(change.marks.iter().flat_map(|mark| mark.to_le_bytes()));
        }
        bytes
    }

    /// Reads the log of a document that stands at `position`.
    pub(super) fn read(bytes: &[u8], position: u64) -> Self {
        Self::try_read(bytes, position).unwrap_or_else(|| Self::since(position))
    }

    fn try_read(mut bytes: &[u8], position: u64) -> Option<Self> {
        let reach = take_varint(&mut bytes)?;
        let count = usize::try_from(take_varint(&mut bytes)?).ok()?;
        if count == 0 || count > CHANGES {
            return None;
        }
        let mut former = reach;
        let mut changes = Vec::with_capacity(count);
        for index in 0..count {
            let at = if index + 1 < count {
                former.checked_add(take_varint(&mut bytes)?)?
            } else {
                position
            };
            let marks = usize::try_from(take_varint(&mut bytes)?).ok()?;
            let (head, rest) = bytes.split_at_checked(marks.checked_mul(2)?)?;
            let marks = head
                .chunks_exact(2)
                .map(|mark| u16::from_le_bytes([mark[0], mark[1]]))
                .collect();
            changes.push(Changed {
                position: at,
                marks,
            });
            (former, bytes) = (at, rest);
        }
        bytes.is_empty().then_some(Self { reach, changes })
    }
}

/// The marks of parts that are wanted.
pub(super) struct Marks(BTreeSet<u16>);

impl Marks {
    pub(super) fn has_field(&self, field: &Field) -> bool {
        self.0.contains(&field_mark(field))
    }

    pub(super) fn has_event(&self, dot: Dot) -> bool {
        self.0.contains(&event_mark(dot))
    }
}

/// An erasure has no mark: every part of a document that was erased carries it along.
fn changed_parts(before: &Document, after: &Document, delta: &Document) -> BTreeSet<u16> {
    let dots = |document: &Document, field: &Field| -> Vec<Dot> {
        document
            .register(field.as_str())
            .map(|register| register.dots().collect())
            .unwrap_or_default()
    };
    let fields = delta
        .fields()
        .keys()
        .filter(|field| dots(before, field) != dots(after, field))
        .map(field_mark);
    let known = before.event_dots();
    let events = delta
        .event_dots()
        .into_iter()
        .filter(|dot| !known.contains(dot))
        .map(event_mark);
    fields.chain(events).collect()
}

fn field_mark(field: &Field) -> u16 {
    mark(field.as_str().bytes())
}

fn event_mark(dot: Dot) -> u16 {
    // A byte that no field name has keeps the two apart.
    let actor = dot.actor.to_bits().to_le_bytes();
    let counter = dot.counter.to_le_bytes();
    mark([0].into_iter().chain(actor).chain(counter))
}

/// FNV-1a (draft-eastlake-fnv), 32 bits, folded to 16. Stored, so it stays as it is.
fn mark(bytes: impl Iterator<Item = u8>) -> u16 {
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let [a, b, c, d] = hash.to_le_bytes();
    u16::from_le_bytes([a ^ c, b ^ d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(reach: u64, changes: &[(u64, &[u16])]) -> ChangeLog {
        ChangeLog {
            reach,
            changes: changes
                .iter()
                .map(|(position, marks)| Changed {
                    position: *position,
                    marks: marks.iter().copied().collect(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_log_is_read_back_and_damage_makes_it_know_nothing() {
        let whole = log(7, &[(9, &[1, 2]), (400, &[3]), (5_000, &[65_535])]);
        let bytes = whole.to_bytes();
        assert_eq!(ChangeLog::read(&bytes, 5_000), whole);
        for cut in 0..bytes.len() {
            assert_eq!(
                ChangeLog::read(&bytes[..cut], 5_000),
                ChangeLog::since(5_000)
            );
        }
    }

    #[test]
    fn a_peer_gets_what_changed_after_its_position_or_hears_that_the_log_is_too_short() {
        let log = log(7, &[(9, &[1]), (12, &[2])]);
        let after = |position| {
            log.after(position)
                .map(|marks| marks.0.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(after(6), None);
        assert_eq!(after(7), Some(vec![1, 2]));
        assert_eq!(after(9), Some(vec![2]));
        assert_eq!(after(12), Some(vec![]));
        assert_eq!(after(0), None, "a peer that has nothing gets everything");
    }
}
