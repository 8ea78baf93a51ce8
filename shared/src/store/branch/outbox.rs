//! What the hub does not have yet.

use std::collections::{BTreeMap, HashMap};

use super::BranchStore;
use crate::clock::UtcMillis;
use crate::id::{DocumentId, Dot};
use crate::store::StoreError;
use crate::store::engine::Write;
use crate::store::layout::{self, OUTBOX};

/// What the hub has not acknowledged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Documents with unsent changes.
    pub count: u64,
    /// Since when the oldest of them waits.
    pub since: Option<UtcMillis>,
}

/// A delta on its way to the hub.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whose.
    pub id: DocumentId,
    /// Tells this state of the delta from a later one: an acknowledgement of an earlier mark clears nothing.
    pub mark: u64,
    /// Since when it waits.
    pub since: UtcMillis,
    /// What of the document the hub lacks, encoded.
    pub delta: Vec<u8>,
}

impl BranchStore {
    /// What waits for the hub.
    pub fn pending(&self) -> Pending {
        self.outbox.pending()
    }

    /// Whether a document has changes that the hub has not acknowledged, and since when.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn waiting_since(&self, id: DocumentId) -> Result<Option<UtcMillis>, StoreError> {
        let value = self.engine.get(&layout::key(OUTBOX, id.as_bytes()))?;
        Ok(value.as_deref().and_then(split).map(|(_, since, _)| since))
    }

    /// Whether a write of this document is among what the hub has not acknowledged.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn has_unsent(&self, id: DocumentId, dot: Dot) -> Result<bool, StoreError> {
        let value = self.engine.get(&layout::key(OUTBOX, id.as_bytes()))?;
        let delta = value.as_deref().and_then(split);
        let delta = delta.and_then(|(_, _, delta)| layout::read_document(id, delta).ok());
        Ok(delta.is_some_and(|delta| delta.dots().contains(&dot)))
    }

    /// Deltas for the hub, bounded in number and bytes; at least one when any waits.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn outgoing(&self, documents: usize, bytes: usize) -> Result<Vec<Outgoing>, StoreError> {
        let (from, _) = layout::bounds(OUTBOX);
        self.outgoing_from(&from, documents, bytes)
    }

    /// The same of what stands behind a document in the outbox, which is in the order of ids.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn outgoing_behind(
        &self,
        id: DocumentId,
        documents: usize,
        bytes: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let mut from = layout::key(OUTBOX, id.as_bytes());
        // The first key that is greater.
        from.push(0);
        self.outgoing_from(&from, documents, bytes)
    }

    fn outgoing_from(
        &self,
        from: &[u8],
        documents: usize,
        bytes: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let (_, to) = layout::bounds(OUTBOX);
        let mut outgoing = Vec::new();
        let mut total = 0;
        for (key, value) in self.engine.range(from, &to, documents)? {
            let (Some(id), Some((mark, since, delta))) =
                (layout::id_from(&key[1..]), split(&value))
            else {
                continue;
            };
            total += delta.len();
            if total > bytes && !outgoing.is_empty() {
                break;
            }
            outgoing.push(Outgoing {
                id,
                mark,
                since,
                delta: delta.to_vec(),
            });
        }
        Ok(outgoing)
    }

    /// Clears what the hub has durably taken, unless it changed again since it was sent.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError> {
        let mut cleared = HashMap::new();
        for (id, mark) in taken {
            let key = layout::key(OUTBOX, id.as_bytes());
            let waiting = self.engine.get(&key)?;
            if let Some((current, since, _)) = waiting.as_deref().and_then(split)
                && current == *mark
            {
                cleared.insert(key, since);
            }
        }
        let writes: Vec<Write> = cleared.keys().cloned().map(Write::Remove).collect();
        self.engine.apply(&writes)?;
        for since in cleared.into_values() {
            self.outbox.remove(since);
        }
        Ok(())
    }

    pub(super) fn count_outbox(&self) -> Result<Waiting, StoreError> {
        let (from, to) = layout::bounds(OUTBOX);
        let mut waiting = Waiting::default();
        for (_, value) in self.engine.range(&from, &to, usize::MAX)? {
            if let Some((_, since, _)) = split(&value) {
                waiting.add(since, 1);
            }
        }
        Ok(waiting)
    }
}

/// How many documents wait for the hub, by the moment since when: the oldest of them is the first.
#[derive(Default)]
pub(super) struct Waiting(BTreeMap<UtcMillis, u64>);

impl Waiting {
    pub(super) fn add(&mut self, since: UtcMillis, count: u64) {
        if count > 0 {
            *self.0.entry(since).or_default() += count;
        }
    }

    fn remove(&mut self, since: UtcMillis) {
        if let Some(count) = self.0.get_mut(&since) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&since);
            }
        }
    }

    fn pending(&self) -> Pending {
        Pending {
            count: self.0.values().sum(),
            since: self.0.keys().next().copied(),
        }
    }
}

/// What stands in the outbox for a document.
pub(super) fn value(mark: u64, since: UtcMillis, delta: &[u8]) -> Vec<u8> {
    let mut value = mark.to_be_bytes().to_vec();
    value.extend_from_slice(&since.0.to_be_bytes());
    value.extend_from_slice(delta);
    value
}

/// The mark, since when it waits, and the delta.
pub(in crate::store) fn split(value: &[u8]) -> Option<(u64, UtcMillis, &[u8])> {
    let (mark, rest) = layout::split_u64(value)?;
    let (since, delta) = rest.split_first_chunk::<8>()?;
    Some((mark, UtcMillis(i64::from_be_bytes(*since)), delta))
}
