//! The branch's side: where do we differ?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{ENTRY_BYTES, Inventory, Item, KeyRange, Limits, next_key};
use crate::id::DocumentId;
use crate::sync::{ScopeDigest, ScopeSum};
use crate::wire::reconcile::{RangeAnswer, ReconcileQuery, ReconcileReply};

/// Asks until it knows every difference, or as many as are mended at a time.
///
/// Ask with [`Initiator::query`], give the reply to [`Initiator::take`], again until there is nothing to ask.
#[derive(Clone, Debug)]
pub struct Initiator {
    limits: Limits,
    /// Ranges still to be asked about, by their first id; none overlaps another.
    open: BTreeMap<DocumentId, Open>,
    /// What the last query asked, in its order.
    asked: Vec<(KeyRange, u8)>,
    found: Differences,
    rounds: u32,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    last: DocumentId,
    /// How many times a range was divided to come to this one.
    depth: u8,
}

/// Where two sides differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// What the other side holds and this one lacks or holds in another state.
    pub to_fetch: Vec<DocumentId>,
    /// What this side holds and the other one lacks or holds in another state.
    pub to_offer: Vec<DocumentId>,
    /// Whether there may be more: so much differs that what is known is to be mended first.
    pub is_cut: bool,
}

/// A reply that was not taken. Nothing is lost by it: what was found before can be mended, or everything asked again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError<E> {
    /// The reply is no answer to what was asked.
    #[error(
        "the other side's answer makes no sense: {0}; every order is safe, and the comparison is made again later"
    )]
    Malformed(&'static str),
    /// What is held here cannot be read.
    #[error(transparent)]
    Inventory(E),
}

/// Differences that are mended at a time. More than a branch writes in years: whoever lacks so much starts over.
pub(super) const FOUND: usize = 100_000;

/// Queries of one comparison: 16 MiB of replies, room for half a million documents listed.
pub(super) const ROUNDS: u32 = 256;

/// A range is divided at most this often: 32 parts each time make more than a firm can write.
const DEPTH: u8 = 8;

impl Default for Initiator {
    fn default() -> Self {
        Self::with_limits(Limits::default())
    }
}

impl Initiator {
    pub(super) fn with_limits(limits: Limits) -> Self {
        let all = Open {
            last: KeyRange::ALL.last,
            depth: 0,
        };
        Self {
            limits,
            open: BTreeMap::from([(KeyRange::ALL.first, all)]),
            asked: Vec::new(),
            found: Differences::default(),
            rounds: 0,
        }
    }

    /// What to ask next; `None` when everything is known.
    pub fn query(&mut self) -> Option<ReconcileQuery> {
        // A query whose reply never came is asked again.
        self.reopen_asked(0);
        if self.rounds == ROUNDS && !self.open.is_empty() {
            self.cut();
        }
        while self.asked.len() < self.limits.ranges() {
            let Some((first, open)) = self.open.pop_first() else {
                break;
            };
            let range = KeyRange {
                first,
                last: open.last,
            };
            self.asked.push((range, open.depth));
        }
        if self.asked.is_empty() {
            return None;
        }
        self.rounds += 1;
        let ranges = self
            .asked
            .iter()
            .map(|(range, _)| (*range.first.as_bytes(), *range.last.as_bytes()))
            .collect();
        Some(ReconcileQuery { ranges })
    }

    /// Compares a reply to the last query with what is held here.
    ///
    /// # Errors
    /// [`TakeError`].
    pub fn take<I: Inventory>(
        &mut self,
        held: &I,
        reply: &ReconcileReply,
    ) -> Result<(), TakeError<I::Error>> {
        self.check(reply).map_err(TakeError::Malformed)?;
        let asked = std::mem::take(&mut self.asked);
        for ((range, depth), answer) in asked.iter().zip(&reply.answers) {
            match answer {
                RangeAnswer::Items(items) => self.compare_items(held, *range, items),
                RangeAnswer::Parts(parts) => self.compare_parts(held, *range, *depth, parts),
            }
            .map_err(TakeError::Inventory)?;
        }
        self.asked = asked;
        self.reopen_asked(reply.answers.len());
        if self.found.to_fetch.len() + self.found.to_offer.len() >= FOUND {
            self.cut();
        }
        Ok(())
    }

    /// What was found, by id.
    pub fn finish(mut self) -> Differences {
        self.found.is_cut |= !self.open.is_empty() || !self.asked.is_empty();
        self.found.to_fetch.sort_unstable();
        self.found.to_offer.sort_unstable();
        self.found
    }

    /// How many queries were asked.
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    fn cut(&mut self) {
        self.found.is_cut |= !self.open.is_empty();
        self.open.clear();
    }

    /// Puts what was asked and not answered back.
    fn reopen_asked(&mut self, answered: usize) {
        for (range, depth) in self.asked.drain(..).skip(answered) {
            let last = range.last;
            self.open.insert(range.first, Open { last, depth });
        }
    }

    /// Refuses what no honest answer can be, so that nothing below need doubt it.
    fn check(&self, reply: &ReconcileReply) -> Result<(), &'static str> {
        if reply.answers.is_empty() {
            return Err("it is empty");
        }
        if reply.answers.len() > self.asked.len() {
            return Err("it answers more than was asked");
        }
        let mut total = 0;
        for ((range, depth), answer) in self.asked.iter().zip(&reply.answers) {
            let (RangeAnswer::Items(entries) | RangeAnswer::Parts(entries)) = answer;
            total += entries.len();
            if entries.len() > self.limits.entries() {
                return Err("it is longer than an answer may be");
            }
            if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
                return Err("it is out of order");
            }
            let is_within = |key: &[u8; 16]| range.contains(DocumentId::from_bytes(*key));
            if !entries.iter().all(|(key, _)| is_within(key)) {
                return Err("it goes beyond what was asked");
            }
            if let RangeAnswer::Parts(parts) = answer {
                let ends_well = parts
                    .last()
                    .is_some_and(|(last, _)| last == range.last.as_bytes());
                if parts.len() < 2 || !ends_well {
                    return Err("its parts are not the whole");
                }
                if *depth >= DEPTH {
                    return Err("it comes to no end");
                }
            }
        }
        let is_first_alone = reply.answers.len() == 1;
        if total * ENTRY_BYTES > self.limits.message_bytes && !is_first_alone {
            return Err("it is longer than a message may be");
        }
        Ok(())
    }

    /// Both lists are in the order of ids, so one walk finds what only one of them has.
    fn compare_items<I: Inventory>(
        &mut self,
        held: &I,
        range: KeyRange,
        theirs: &[([u8; 16], [u8; 16])],
    ) -> Result<(), I::Error> {
        let mut theirs = theirs
            .iter()
            .map(|(key, state_hash)| Item {
                id: DocumentId::from_bytes(*key),
                state_hash: *state_hash,
            })
            .peekable();
        let found = &mut self.found;
        held.visit(range, &mut |ours| {
            while let Some(lacking) = theirs.next_if(|their| their.id < ours.id) {
                found.to_fetch.push(lacking.id);
            }
            let same = theirs.next_if(|their| their.id == ours.id);
            if same != Some(ours) {
                found.to_offer.push(ours.id);
                found.to_fetch.extend(same.map(|their| their.id));
            }
            if found.to_offer.len() < FOUND {
                ControlFlow::Continue(())
            } else {
                found.is_cut = true;
                ControlFlow::Break(())
            }
        })?;
        if !found.is_cut {
            found.to_fetch.extend(theirs.map(|lacking| lacking.id));
        }
        Ok(())
    }

    fn compare_parts<I: Inventory>(
        &mut self,
        held: &I,
        range: KeyRange,
        depth: u8,
        theirs: &[([u8; 16], ScopeDigest)],
    ) -> Result<(), I::Error> {
        let mut ours = vec![ScopeSum::default(); theirs.len()];
        let mut part = 0;
        held.visit(range, &mut |item| {
            // The last part ends where the range does, so there is one for each item.
            while part + 1 < theirs.len() && item.id.as_bytes() > &theirs[part].0 {
                part += 1;
            }
            ours[part].add(item.id, item.state_hash);
            ControlFlow::Continue(())
        })?;
        let mut first = Some(range.first);
        for ((last, digest), ours) in theirs.iter().zip(ours) {
            let last = DocumentId::from_bytes(*last);
            if let Some(first) = first
                && ours.finish() != *digest
            {
                let depth = depth + 1;
                self.open.insert(first, Open { last, depth });
            }
            first = next_key(last);
        }
        Ok(())
    }
}
