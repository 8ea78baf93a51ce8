//! The hub's side: what is in these ranges?

use std::ops::ControlFlow;

use super::{ANSWER_BYTES, ENTRY_BYTES, Inventory, Item, KeyRange, Limits};
use crate::id::DocumentId;
use crate::sync::ScopeSum;
use crate::wire::reconcile::{RangeAnswer, ReconcileQuery, ReconcileReply};

/// Answers queries. Keeps nothing between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Responder {
    limits: Limits,
}

/// A query that is not answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError<E> {
    /// The query is nonsense.
    #[error("the ranges asked about are {0}; nothing was changed by it")]
    Malformed(&'static str),
    /// What is held cannot be read.
    #[error(transparent)]
    Inventory(E),
}

impl Responder {
    #[cfg(test)]
    pub(super) const fn with_limits(limits: Limits) -> Self {
        Self { limits }
    }

    /// Answers as many of the ranges as a message may hold, from the first on and at least one. Walks over what is held at
    /// most once, since no range may overlap another.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn answer<I: Inventory>(
        &self,
        held: &I,
        query: &ReconcileQuery,
    ) -> Result<ReconcileReply, AnswerError<I::Error>> {
        let ranges = self.ranges(query).map_err(AnswerError::Malformed)?;
        let mut answers = Vec::new();
        let mut bytes = ANSWER_BYTES;
        for range in ranges {
            let answer = self.look_at(held, range).map_err(AnswerError::Inventory)?;
            let (RangeAnswer::Items(entries) | RangeAnswer::Parts(entries)) = &answer;
            bytes += ANSWER_BYTES + entries.len() * ENTRY_BYTES;
            if bytes > self.limits.message_bytes && !answers.is_empty() {
                break;
            }
            answers.push(answer);
        }
        Ok(ReconcileReply { answers })
    }

    fn ranges(&self, query: &ReconcileQuery) -> Result<Vec<KeyRange>, &'static str> {
        if query.ranges.is_empty() {
            return Err("none");
        }
        if query.ranges.len() > self.limits.ranges() {
            return Err("too many");
        }
        let mut ranges: Vec<KeyRange> = Vec::with_capacity(query.ranges.len());
        for (first, last) in &query.ranges {
            let range = KeyRange::new(
                DocumentId::from_bytes(*first),
                DocumentId::from_bytes(*last),
            )
            .ok_or("the wrong way round")?;
            if ranges
                .last()
                .is_some_and(|before| before.last >= range.first)
            {
                return Err("out of order");
            }
            ranges.push(range);
        }
        Ok(ranges)
    }

    fn look_at<I: Inventory>(&self, held: &I, range: KeyRange) -> Result<RangeAnswer, I::Error> {
        let mut summary = Summary::new(self.limits.entries());
        held.visit(range, &mut |item| {
            summary.add(item);
            ControlFlow::Continue(())
        })?;
        Ok(summary.finish(range))
    }
}

/// A range of unknown length in one walk: the items while they are few, and parts of equal length, which double whenever
/// they have become too many.
struct Summary {
    entries: usize,
    items: Vec<Item>,
    /// Each with the last id in it.
    parts: Vec<(DocumentId, ScopeSum)>,
    /// Items in each part, the last one perhaps excepted.
    part_items: u64,
}

impl Summary {
    const fn new(entries: usize) -> Self {
        Self {
            entries,
            items: Vec::new(),
            parts: Vec::new(),
            part_items: 1,
        }
    }

    fn add(&mut self, item: Item) {
        // One more than may be listed tells that they are too many.
        if self.items.len() <= self.entries {
            self.items.push(item);
        }
        match self.parts.last_mut() {
            Some((last, sum)) if sum.documents() < self.part_items => {
                *last = item.id;
                sum.add(item.id, item.state_hash);
            }
            _ => {
                if self.parts.len() == self.entries {
                    self.join_neighbours();
                }
                let sum = ScopeSum::of(item.id, item.state_hash);
                self.parts.push((item.id, sum));
            }
        }
    }

    fn join_neighbours(&mut self) {
        self.parts = self
            .parts
            .chunks(2)
            .filter_map(|pair| {
                let mut joined = ScopeSum::default();
                for (_, sum) in pair {
                    joined.add_all(sum);
                }
                pair.last().map(|(last, _)| (*last, joined))
            })
            .collect();
        self.part_items *= 2;
    }

    fn finish(mut self, range: KeyRange) -> RangeAnswer {
        if self.items.len() <= self.entries {
            let item = |item: &Item| (*item.id.as_bytes(), item.state_hash);
            return RangeAnswer::Items(self.items.iter().map(item).collect());
        }
        if let Some((last, _)) = self.parts.last_mut() {
            *last = range.last;
        }
        let part = |(last, sum): &(DocumentId, ScopeSum)| (*last.as_bytes(), sum.finish());
        RangeAnswer::Parts(self.parts.iter().map(part).collect())
    }
}
