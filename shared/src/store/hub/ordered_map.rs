//! The hub's contract kept by an ordered map in this process.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::{EncodedFeed, Fill, HubEngine};
use crate::id::DocumentId;
use crate::store::engine::{Engine, EngineError, Entry, Write};
use crate::store::layout::{self, RECORD};
use crate::store::stored::{self, Stored};
use crate::store::{Feed, StoreError, backup, feed};

/// An engine under one lock, which makes compare-and-set and the feed's order one step.
pub(super) struct OnOrderedMap<E> {
    engine: E,
    head: Mutex<u64>,
}

impl<E: Engine> OnOrderedMap<E> {
    pub(super) fn over(engine: E) -> Result<Self, StoreError> {
        let (from, to) = layout::bounds(layout::FEED);
        let last = engine.last(&from, &to)?;
        let head = last
            .and_then(|(key, _)| layout::split_u64(&key[1..]).map(|(position, _)| position))
            .unwrap_or(0);
        Ok(Self {
            engine,
            head: Mutex::new(head),
        })
    }
}

impl<E: Engine> HubEngine for OnOrderedMap<E> {
    fn document(&self, id: DocumentId) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let Some(value) = self.engine.get(&layout::document_key(id))? else {
            return Ok(None);
        };
        let (position, content) = layout::split_u64(&value).ok_or_else(|| stored::cut_short(id))?;
        Ok(Some((position, content.to_vec())))
    }

    fn compare_and_set(
        &self,
        id: DocumentId,
        expected: Option<u64>,
        content: &[u8],
    ) -> Result<Option<u64>, StoreError> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.engine.get(&layout::document_key(id))?;
        let current = current
            .as_deref()
            .and_then(layout::split_u64)
            .map(|(position, _)| position);
        if current != expected {
            return Ok(None);
        }
        let position = *head + 1;
        self.engine
            .apply(&layout::put_document(id, content, position, current))?;
        *head = position;
        Ok(Some(position))
    }

    fn insert_new(
        &self,
        documents: &[(DocumentId, &[u8])],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let mut position = *head;
        let mut batch = Vec::with_capacity(2 * documents.len());
        let mut ids = HashSet::with_capacity(documents.len());
        let mut inserted = Vec::with_capacity(documents.len());
        for (id, encoded) in documents {
            let key = layout::document_key(*id);
            let is_new = ids.insert(*id) && self.engine.get(&key)?.is_none();
            if is_new {
                position += 1;
                let value = stored::new_value(position, encoded);
                batch.push(Write::Put(key, value));
                batch.push(Write::Put(
                    layout::feed_key(position),
                    id.as_bytes().to_vec(),
                ));
            }
            inserted.push(is_new.then_some(position));
        }
        self.engine.apply_whole(batch)?;
        *head = position;
        Ok(inserted)
    }

    fn begin_fill(&self) -> Result<Option<Fill<'_>>, EngineError> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let filling = self.engine.begin_filling(*head)?;
        Ok(filling.map(|filling| Fill { filling, head }))
    }

    fn changes_after(&self, position: u64, limit: usize) -> Result<Feed, StoreError> {
        feed::read(&self.engine, position, limit)
    }

    fn encoded_changes_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<EncodedFeed, StoreError> {
        let encoded = |id, stored: &Stored<'_>| stored.encoded(id);
        let part = feed::part(&self.engine, position, limit, encoded)?;
        let (positions, documents) = part.read.into_iter().unzip();
        Ok(EncodedFeed {
            documents,
            positions,
            unreadable: part.unreadable.len() as u64,
            position: part.position,
            more: part.more,
        })
    }

    fn encoded_documents_from(
        &self,
        place: u64,
        bytes: usize,
    ) -> Result<Option<EncodedFeed>, StoreError> {
        let Some(lying) = self.engine.documents_from(place, bytes)? else {
            return Ok(None);
        };
        let mut feed = EncodedFeed {
            position: lying.next.unwrap_or(place),
            more: lying.next.is_some(),
            ..EncodedFeed::default()
        };
        for (key, mut value) in lying.entries {
            let read = || {
                let id = layout::id_from(&key[1..])?;
                let stored = Stored::split(id, &value).ok()?;
                Some((stored.position, stored.body(id).ok()?.len()))
            };
            match read() {
                Some((position, length)) => {
                    value.drain(..value.len() - length);
                    feed.positions.push(position);
                    feed.documents.push(value);
                }
                None => feed.unreadable += 1,
            }
        }
        Ok(Some(feed))
    }

    fn head(&self) -> u64 {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, name: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.engine.get(&layout::key(RECORD, name))
    }

    fn set_record(&self, name: &[u8], value: Option<Vec<u8>>) -> Result<(), EngineError> {
        let key = layout::key(RECORD, name);
        self.engine.apply(&[value.map_or_else(
            || Write::Remove(key.clone()),
            |value| Write::Put(key.clone(), value),
        )])
    }

    fn records(&self, prefix: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        let from = layout::key(RECORD, prefix);
        let mut to = from.clone();
        // Names are ASCII, so the byte after the prefix's last one ends its range.
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        let entries = self.engine.range(&from, &to, limit)?;
        Ok(entries
            .into_iter()
            .map(|(key, value)| (key[1..].to_vec(), value))
            .collect())
    }

    fn entries_after(&self, key: &[u8]) -> Result<Vec<Entry>, EngineError> {
        backup::portion(&self.engine, key)
    }

    fn persist(&self) -> Result<(), EngineError> {
        self.engine.persist()
    }

    fn tidy(&self) -> Result<(), EngineError> {
        self.engine.tidy()
    }

    fn settle(&self) -> Result<(), EngineError> {
        self.engine.settle()
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        self.engine.bytes_on_disk()
    }
}
