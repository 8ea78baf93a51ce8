//! Filling a store that holds little with many new documents at once.
//!
//! A document that comes alone goes through the journal, through memory and then into a block that is read, unpacked and written
//! again. Of many new ones none of that is needed: they fill blocks one after the other, which several threads pack, and which
//! one thread writes into files beside the store's. At the end these take the place of the store's own, as after a rewriting
//! (see [`super::generation`]): a power cut leaves the one or the other, so nothing goes into the journal. What was written
//! before the end is of no use to anybody, and is removed when the store is next opened.
//!
//! Memory does not grow with the documents: only their ids are needed once more, and those wait in a file.

mod ids;
mod pipeline;

use std::path::Path;
use std::sync::{Arc, MutexGuard};

use super::block;
use super::block_map::walk;
use super::compaction::sync_all;
use super::engine::{EngineError, Filling};
use super::generation::{self, Generation};
use super::journal::Journal;
use super::layout::{self, DOCUMENT, FEED};
use super::settled::{ENTRIES, ROWS, STANDING_KEY, Settled, Standing, row_bytes};
use super::stored;
use crate::id::DocumentId;
use ids::Ids;
use pipeline::{Pipeline, PlainBlock, Written};

/// A store whose blocks take more is not copied to be filled: what comes is loaded into it.
const COPIED_BYTES: u64 = 16 * 1024 * 1024;

/// The files that are being filled, and the journal, which nobody else can write to meanwhile.
pub(super) struct FillingFiles<'a> {
    store: &'a Path,
    settled: &'a Settled,
    former: Arc<Generation>,
    _journal: MutexGuard<'a, Journal>,
    standing: Standing,
    head: u64,
    rows: block::Writer,
    first_row: u64,
    ids: Ids,
    /// None once it has ended.
    pipeline: Option<Pipeline>,
}

impl<'a> FillingFiles<'a> {
    /// Begins. Everything must be settled, and nothing be late; `sequence` is the last batch of the journal. None when the
    /// store holds too much.
    pub(super) fn begin(
        store: &'a Path,
        settled: &'a Settled,
        journal: MutexGuard<'a, Journal>,
        sequence: u64,
        head: u64,
    ) -> Result<Option<Self>, EngineError> {
        let former = settled.generation();
        let mut standing = former.standing()?.unwrap_or_default();
        if standing.live_bytes > COPIED_BYTES || settled.has_late() {
            return Ok(None);
        }
        standing.sequence = sequence;
        standing.live_bytes = 0;
        let number = former.number + 1;
        let mut files = Written::to(Generation::begin(store, number)?);
        let rows = vec![ROWS.prefix]..vec![ROWS.prefix + 1];
        for block in walk(&former.blocks.tree, rows) {
            let (key, packed) = block?;
            files.push(key.to_vec(), packed.to_vec())?;
        }
        Ok(Some(Self {
            store,
            settled,
            former,
            _journal: journal,
            head,
            rows: block::Writer::default(),
            first_row: standing.next_row,
            ids: Ids::in_folder(&generation::path(store, number), standing.next_row)?,
            standing,
            pipeline: Some(Pipeline::into(files)?),
        }))
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        if self.rows.length() > 0 {
            let block = PlainBlock {
                key: ROWS.block_key(&self.first_row.to_be_bytes()),
                plain: self.rows.take(ROWS.block_bytes * 2),
            };
            match &mut self.pipeline {
                Some(pipeline) => pipeline.push(block)?,
                None => return Err(ended()),
            }
        }
        self.first_row = self.standing.next_row;
        Ok(())
    }

    /// Sends all entries, old and new, on their way in the order of their keys. False when one of the documents is not new.
    fn write_entries(&mut self, pipeline: &mut Pipeline) -> Result<bool, EngineError> {
        let former = Arc::clone(&self.former);
        let between = |from: u8, to: u8| ENTRIES.ascending(&former.blocks, &[from], &[to]);
        let mut entries = EntryBlocks::into(pipeline);
        for entry in between(0, DOCUMENT)? {
            let (key, value) = entry?;
            entries.push(&key, &value)?;
        }
        let mut known = between(DOCUMENT, DOCUMENT + 1)?.peekable();
        let mut last = None;
        for found in self.ids.sorted()? {
            let (id, row) = found?;
            let key = layout::document_key(id);
            while let Some(entry) =
                known.next_if(|entry| entry.as_ref().map_or(true, |(known, _)| *known < key))
            {
                let (key, value) = entry?;
                entries.push(&key, &value)?;
            }
            let is_known = matches!(known.peek(), Some(Ok((known, _))) if *known == key);
            if is_known || last == Some(id) {
                return Ok(false);
            }
            last = Some(id);
            entries.push(&key, &row_bytes(row))?;
        }
        for entry in known.chain(between(DOCUMENT + 1, FEED + 1)?) {
            let (key, value) = entry?;
            entries.push(&key, &value)?;
        }
        for (place, id) in (self.head - self.ids.count() + 1..).zip(self.ids.as_they_came()?) {
            entries.push(&layout::feed_key(place), id?.as_bytes())?;
        }
        for entry in between(FEED + 1, u8::MAX)? {
            let (key, value) = entry?;
            entries.push(&key, &value)?;
        }
        entries.flush()?;
        Ok(true)
    }
}

impl Filling for FillingFiles<'_> {
    fn add(&mut self, id: DocumentId, encoded: &[u8]) -> Result<(), EngineError> {
        if self.rows.length() + encoded.len() / 2 > ROWS.block_bytes {
            self.flush()?;
        }
        self.head += 1;
        let row = self.standing.next_row;
        self.standing.next_row += 1;
        let key = layout::document_key(id);
        let beginning = stored::beginning_of_new(self.head);
        self.rows.push(
            &row.to_be_bytes(),
            &[&[key_length(&key)], &key, &beginning, encoded],
        );
        self.ids.push(id)
    }

    fn finish(mut self: Box<Self>) -> Result<Option<u64>, EngineError> {
        self.flush()?;
        let mut pipeline = self.pipeline.take().ok_or_else(ended)?;
        let are_new = self.write_entries(&mut pipeline);
        // Its threads have ended before anything of it is removed.
        let written = pipeline.end();
        if !are_new? {
            return Ok(None);
        }
        let (files, live_bytes) = written?.end()?;
        self.standing.live_bytes = live_bytes;
        self.standing.late_from = self.standing.next_row;
        let standing = self.standing.to_bytes();
        files.blocks.tree.insert(STANDING_KEY, standing)?;
        self.ids.remove_files()?;
        files.sync()?;
        sync_all(&files.directory)?;
        files.finish(self.store)?;
        self.settled.replace(files);
        let former = generation::path(self.store, self.former.number);
        generation::remove(&former)?;
        Ok(Some(self.head))
    }
}

impl Drop for FillingFiles<'_> {
    fn drop(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            // Whatever it could not write is not wanted any more.
            let _ = pipeline.end();
        }
        // What stays is removed when the store is next opened.
        let _ = generation::remove_unfinished(self.store, self.former.number + 1);
    }
}

/// The keys of documents are shorter than 128 bytes, so that their length is a varint of one byte.
fn key_length(key: &[u8]) -> u8 {
    u8::try_from(key.len()).unwrap_or(u8::MAX)
}

fn ended() -> EngineError {
    std::io::Error::other("the filling of the store has ended before").into()
}

/// Entries on their way into blocks. Their keys ascend.
struct EntryBlocks<'a> {
    pipeline: &'a mut Pipeline,
    block: block::Writer,
    first_key: Vec<u8>,
}

impl<'a> EntryBlocks<'a> {
    fn into(pipeline: &'a mut Pipeline) -> Self {
        Self {
            pipeline,
            block: block::Writer::default(),
            first_key: Vec::new(),
        }
    }

    fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), EngineError> {
        if self.block.length() + value.len() > ENTRIES.block_bytes {
            self.flush()?;
        }
        if self.block.length() == 0 {
            self.first_key = ENTRIES.block_key(key);
        }
        self.block.push(key, &[value]);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        if self.block.length() == 0 {
            return Ok(());
        }
        let plain = self.block.take(ENTRIES.block_bytes);
        let key = std::mem::take(&mut self.first_key);
        self.pipeline.push(PlainBlock { key, plain })
    }
}

#[cfg(test)]
mod tests;
