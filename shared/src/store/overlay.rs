//! Reading through what is in memory to what lies below it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

use super::engine::{EngineError, Entry};

/// Changes that lie above a map: values by key, none for what was removed.
pub(super) type Recent = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The entries with `from <= key < to`; none when the bounds leave no room.
pub(super) fn between<'a>(
    recent: &'a Recent,
    from: &[u8],
    to: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> {
    (from < to)
        .then(|| recent.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))))
        .into_iter()
        .flatten()
}

/// Both in one order, `above` hiding what it replaces or removes. Both must come in that order.
pub(super) fn merged<'a, A, B>(
    above: A,
    below: B,
    order: fn(&[u8], &[u8]) -> Ordering,
) -> Merged<A, B>
where
    A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    B: Iterator<Item = Result<Entry, EngineError>>,
{
    Merged {
        above: above.peekable(),
        below: below.peekable(),
        order,
    }
}

pub(super) struct Merged<A: Iterator, B: Iterator> {
    above: Peekable<A>,
    below: Peekable<B>,
    order: fn(&[u8], &[u8]) -> Ordering,
}

impl<'a, A, B> Iterator for Merged<A, B>
where
    A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    B: Iterator<Item = Result<Entry, EngineError>>,
{
    type Item = Result<Entry, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = match (self.above.peek(), self.below.peek()) {
                (None, _) | (_, Some(Err(_))) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some((above, _)), Some(Ok((below, _)))) => (self.order)(above, below),
            };
            if first == Ordering::Greater {
                return self.below.next();
            }
            if first == Ordering::Equal {
                self.below.next();
            }
            let (key, value) = self.above.next()?;
            if let Some(value) = value {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_together_read_like_one_map(
            below in proptest::collection::btree_map(0..20_u8, any::<u8>(), 0..15),
            above in proptest::collection::btree_map(0..20_u8, any::<Option<u8>>(), 0..15),
            from in 0..20_u8,
            to in 0..20_u8,
        ) {
            let mut plain: BTreeMap<u8, u8> = below.clone();
            for (key, value) in &above {
                match value {
                    Some(value) => plain.insert(*key, *value),
                    None => plain.remove(key),
                };
            }
            let expected: Vec<Entry> = plain.iter()
                .filter(|(key, _)| (from..to).contains(*key))
                .map(|(key, value)| (vec![*key], vec![*value]))
                .collect();
            let recent: Recent = above.iter().map(|(key, value)| (vec![*key], value.map(|value| vec![value]))).collect();
            let settled: Vec<Entry> = below.iter()
                .filter(|(key, _)| (from..to).contains(*key))
                .map(|(key, value)| (vec![*key], vec![*value]))
                .collect();
            let forward: Result<Vec<Entry>, _> =
                merged(between(&recent, &[from], &[to]), settled.iter().cloned().map(Ok), Ord::cmp).collect();
            prop_assert_eq!(forward.expect("no errors"), expected.clone());
            let backward: Result<Vec<Entry>, _> =
                merged(between(&recent, &[from], &[to]).rev(), settled.into_iter().rev().map(Ok), |a, b| b.cmp(a)).collect();
            prop_assert_eq!(backward.expect("no errors"), expected.into_iter().rev().collect::<Vec<_>>());
        }
    }
}
