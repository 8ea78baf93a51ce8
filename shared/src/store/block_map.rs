//! An ordered map in blocks, below a prefix of a sled tree.
//!
//! sled's own leaves hold at most 16 entries, and are written anew after ten changes. So it gets few and large ones: a block of
//! neighbouring entries, packed, under the key of the first that was in it when it was made. A block has everything from
//! its own key up to the next block's. Blocks that grow are cut, blocks that shrink are joined with the next, each time in
//! one batch, so that a reader and a power cut find the map before it or after it.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow, Range, RangeBounds};
use std::sync::{Arc, Mutex, PoisonError};

use super::engine::{EngineError, Entry};
use super::{block, packing};

/// One of the maps of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockMap {
    /// What the keys of its blocks begin with.
    pub(super) prefix: u8,
    /// How large its blocks are meant to be, unpacked.
    pub(super) block_bytes: usize,
}

/// A change of one key; none removes it.
pub(super) type KeyChange = (Vec<u8>, Option<Vec<u8>>);

/// Blocks that are read from a tree.
pub(super) struct Blocks {
    pub(super) tree: sled::Tree,
    cache: Mutex<Cache>,
}

impl Blocks {
    pub(super) fn of(tree: sled::Tree) -> Self {
        Self {
            tree,
            cache: Mutex::default(),
        }
    }

    fn unpacked(&self, block_key: &[u8], packed: &[u8]) -> Result<Arc<[u8]>, EngineError> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().find(block_key) {
            return Ok(known);
        }
        let plain: Arc<[u8]> = packing::unpack(packed).ok_or_else(damaged)?.into();
        cache().keep(block_key, Arc::clone(&plain));
        Ok(plain)
    }
}

const fn damaged() -> EngineError {
    EngineError::Damaged("a block of its database file cannot be read")
}

impl BlockMap {
    /// The value of a key.
    pub(super) fn get(self, blocks: &Blocks, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let Some((block_key, packed)) = self.block_of(&blocks.tree, key)? else {
            return Ok(None);
        };
        let plain = blocks.unpacked(&block_key, &packed)?;
        let found = block::find(&plain, key).ok_or_else(damaged)?;
        Ok(found.map(<[u8]>::to_vec))
    }

    /// Entries with `from <= key < to`, ascending.
    pub(super) fn ascending<'a>(
        self,
        blocks: &'a Blocks,
        from: &[u8],
        to: &[u8],
    ) -> Result<impl Iterator<Item = Result<Entry, EngineError>> + use<'a>, EngineError> {
        let range = self.blocks_between(blocks, from, to)?;
        let (from, to) = (from.to_vec(), to.to_vec());
        Ok(walk(&blocks.tree, range)
            .flat_map(move |found| entries_of(blocks, found))
            .filter(move |entry| {
                entry
                    .as_ref()
                    .map_or(true, |(key, _)| *key >= from && *key < to)
            }))
    }

    /// Gives `take` the entries with `from <= key < to` where they lie, ascending, until it breaks off. For whoever goes through
    /// many of them once: the blocks are not kept.
    pub(super) fn each_ascending(
        self,
        blocks: &Blocks,
        from: &[u8],
        to: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, EngineError>,
    ) -> Result<(), EngineError> {
        for found in walk(&blocks.tree, self.blocks_between(blocks, from, to)?) {
            let (_, packed) = found?;
            let plain = packing::unpack(&packed).ok_or_else(damaged)?;
            let mut entries = block::Reader::new(&plain);
            while entries.advance().ok_or_else(damaged)? {
                let (key, value) = entries.entry();
                let is_meant = key >= from && key < to;
                if is_meant && take(key, value)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Entries with `from <= key < to`, descending.
    pub(super) fn descending<'a>(
        self,
        blocks: &'a Blocks,
        from: &[u8],
        to: &[u8],
    ) -> Result<impl Iterator<Item = Result<Entry, EngineError>> + use<'a>, EngineError> {
        let range = self.blocks_between(blocks, from, to)?;
        let (from, to) = (from.to_vec(), to.to_vec());
        Ok(walk(&blocks.tree, range)
            .rev()
            .flat_map(move |found| entries_of(blocks, found).into_iter().rev())
            .filter(move |entry| {
                entry
                    .as_ref()
                    .map_or(true, |(key, _)| *key >= from && *key < to)
            }))
    }

    /// The keys of the blocks that may hold entries with `from <= key < to`.
    fn blocks_between(
        self,
        blocks: &Blocks,
        from: &[u8],
        to: &[u8],
    ) -> Result<Range<Vec<u8>>, EngineError> {
        let first = match self.block_of(&blocks.tree, from)? {
            Some((block_key, _)) => block_key.to_vec(),
            None => self.block_key(from),
        };
        Ok(first.clone()..self.block_key(to).max(first))
    }

    /// Makes changes, whose keys ascend, block by block. `write` is given each block's own batch, with the keys of the
    /// blocks that it replaces and the number of bytes that the map grows by.
    pub(super) fn change(
        self,
        blocks: &Blocks,
        changes: impl Iterator<Item = KeyChange>,
        mut write: impl FnMut(Replacement) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut changes = changes.peekable();
        while let Some((key, _)) = changes.peek() {
            let mut rewritten = Rewritten::default();
            let block = self.block_of(&blocks.tree, key)?;
            let mut end = match &block {
                Some((block_key, _)) => self.next_key(&blocks.tree, block_key)?,
                None => self.next_key(&blocks.tree, &self.block_key(key))?,
            };
            match block {
                Some((block_key, packed)) => {
                    rewritten.take(&block_key, &packed, end.as_deref(), &mut changes)?;
                }
                None => rewritten.merge(Vec::new(), end.as_deref(), &mut changes),
            }
            // What is left of a block that shrank goes to the next one.
            while rewritten.bytes < self.block_bytes / 4
                && let Some(block_key) = end.take()
                && let Some(packed) = blocks.tree.get(self.block_key(&block_key))?
            {
                let block_key = self.block_key(&block_key);
                end = self.next_key(&blocks.tree, &block_key)?;
                rewritten.take(&block_key, &packed, end.as_deref(), &mut changes)?;
            }
            write(self.replacement(rewritten, end.is_none()))?;
        }
        Ok(())
    }

    fn replacement(self, rewritten: Rewritten, is_last: bool) -> Replacement {
        let Rewritten {
            entries,
            bytes,
            former,
            former_bytes,
        } = rewritten;
        let mut replacement = Replacement {
            batch: sled::Batch::default(),
            grows_by: 0,
            former,
        };
        let mut made_bytes = 0;
        // The first keeps its key where it can, so that what is before its first entry belongs to it as before.
        let mut own_key = replacement.former.first().cloned();
        let mut kept = None;
        for piece in self.cut(&entries, bytes, is_last) {
            let Some((first, _)) = piece.first() else {
                continue;
            };
            let first_key = self.block_key(first);
            let block_key = match own_key.take() {
                Some(own_key) if own_key <= first_key => own_key,
                _ => first_key,
            };
            let packed = packing::pack_to_keep(&block::encode(piece));
            made_bytes += block_key.len() + packed.len();
            kept = kept.or_else(|| Some(block_key.clone()));
            replacement.batch.insert(block_key, packed);
        }
        for gone in &replacement.former {
            if kept.as_ref() != Some(gone) {
                replacement.batch.remove(gone.as_slice());
            }
        }
        replacement.grows_by = made_bytes.cast_signed() - former_bytes.cast_signed();
        replacement
    }

    /// Cuts entries into blocks. At the end of the map more will follow, so all but the last are full; elsewhere they are
    /// equal, so that each has room.
    fn cut(self, entries: &[Entry], bytes: usize, is_last: bool) -> Vec<&[Entry]> {
        if bytes <= self.block_bytes + self.block_bytes / 2 {
            return vec![entries];
        }
        let full = if is_last {
            self.block_bytes
        } else {
            bytes.div_ceil(bytes.div_ceil(self.block_bytes))
        };
        let mut pieces = Vec::new();
        let (mut start, mut weight) = (0, 0);
        for (at, entry) in entries.iter().enumerate() {
            let own = block::weight(entry);
            if weight > 0 && weight + own / 2 > full {
                pieces.push(&entries[start..at]);
                (start, weight) = (at, 0);
            }
            weight += own;
        }
        pieces.push(&entries[start..]);
        pieces
    }

    /// The block that a key belongs to.
    fn block_of(
        self,
        tree: &sled::Tree,
        key: &[u8],
    ) -> Result<Option<(sled::IVec, sled::IVec)>, EngineError> {
        let (lowest, own) = (vec![self.prefix], self.block_key(key));
        Ok(tree.range(lowest..=own).next_back().transpose()?)
    }

    /// The key of the first entry of the block after one.
    fn next_key(self, tree: &sled::Tree, block_key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let after = (
            Bound::Excluded(block_key.to_vec()),
            Bound::Excluded(vec![self.prefix + 1]),
        );
        let next = tree.range::<Vec<u8>, _>(after).next().transpose()?;
        Ok(next.map(|(block_key, _)| block_key[1..].to_vec()))
    }

    pub(super) fn block_key(self, key: &[u8]) -> Vec<u8> {
        let mut block_key = Vec::with_capacity(1 + key.len());
        block_key.push(self.prefix);
        block_key.extend_from_slice(key);
        block_key
    }
}

/// Blocks that take the place of others, as one batch.
pub(super) struct Replacement {
    batch: sled::Batch,
    /// Bytes that the map takes more than before.
    pub(super) grows_by: isize,
    former: Vec<Vec<u8>>,
}

impl Replacement {
    /// Writes them. Nobody may read the map meanwhile.
    pub(super) fn write(self, blocks: &Blocks) -> Result<(), EngineError> {
        let mut cache = blocks.cache.lock().unwrap_or_else(PoisonError::into_inner);
        for block_key in &self.former {
            cache.forget(block_key);
        }
        Ok(blocks.tree.apply_batch(self.batch)?)
    }
}

/// Blocks that are being replaced, and what goes into those that replace them.
#[derive(Default)]
struct Rewritten {
    entries: Vec<Entry>,
    bytes: usize,
    former: Vec<Vec<u8>>,
    former_bytes: usize,
}

/// Bytes after which what is new at the end of a block waits for the next round, to bound memory.
const ROUND_BYTES: usize = 512 * 1024;

impl Rewritten {
    /// Takes a block over, with the changes that belong into it.
    fn take(
        &mut self,
        block_key: &[u8],
        packed: &[u8],
        end: Option<&[u8]>,
        changes: &mut std::iter::Peekable<impl Iterator<Item = KeyChange>>,
    ) -> Result<(), EngineError> {
        let plain = packing::unpack(packed).ok_or_else(damaged)?;
        let entries = block::decode(&plain).ok_or_else(damaged)?;
        self.former.push(block_key.to_vec());
        self.former_bytes += block_key.len() + packed.len();
        self.merge(entries, end, changes);
        Ok(())
    }

    fn merge(
        &mut self,
        entries: Vec<Entry>,
        end: Option<&[u8]>,
        changes: &mut std::iter::Peekable<impl Iterator<Item = KeyChange>>,
    ) {
        let mut entries = entries.into_iter().peekable();
        let mut taken = 0;
        loop {
            let is_change = match (changes.peek(), entries.peek()) {
                (Some((change, _)), _) if end.is_some_and(|end| change.as_slice() >= end) => false,
                (Some((change, _)), Some((entry, _))) => change <= entry,
                (Some(_), None) => self.bytes < ROUND_BYTES || taken == 0,
                (None, _) => false,
            };
            if is_change {
                let Some((key, value)) = changes.next() else {
                    break;
                };
                taken += 1;
                entries.next_if(|(entry, _)| *entry == key);
                if let Some(value) = value {
                    self.push((key, value));
                }
            } else if let Some(entry) = entries.next() {
                self.push(entry);
            } else {
                break;
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += block::weight(&entry);
        self.entries.push(entry);
    }
}

/// What a tree has in a range.
///
/// sled looks whether it holds too many pages in memory only at every sixty-fourth use of a share of them (there are 256
/// shares). Its own iterator uses a page once for all of the page's blocks, so hundreds of megabytes come into memory before
/// anything is let go. Here each block is a use.
pub(super) fn walk<R: RangeBounds<Vec<u8>>>(
    tree: &sled::Tree,
    range: R,
) -> impl DoubleEndedIterator<Item = sled::Result<(sled::IVec, sled::IVec)>> + use<'_, R> {
    tree.range::<Vec<u8>, _>(range).map(|found| {
        let found = found?;
        tree.contains_key(&found.0)?;
        Ok(found)
    })
}

fn entries_of(
    blocks: &Blocks,
    found: sled::Result<(sled::IVec, sled::IVec)>,
) -> Vec<Result<Entry, EngineError>> {
    let read = || -> Result<Vec<Entry>, EngineError> {
        let (block_key, packed) = found?;
        let plain = blocks.unpacked(&block_key, &packed)?;
        block::decode(&plain).ok_or_else(damaged)
    };
    match read() {
        Ok(entries) => entries.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Unpacked blocks that were read lately.
#[derive(Default)]
struct Cache {
    blocks: HashMap<Vec<u8>, (u64, Arc<[u8]>)>,
    bytes: usize,
    /// Counts reads, to know which block was not read for longest.
    now: u64,
}

/// What the unpacked blocks of one store may take.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

impl Cache {
    fn find(&mut self, block_key: &[u8]) -> Option<Arc<[u8]>> {
        self.now += 1;
        let (read_at, block) = self.blocks.get_mut(block_key)?;
        *read_at = self.now;
        Some(Arc::clone(block))
    }

    fn keep(&mut self, block_key: &[u8], block: Arc<[u8]>) {
        if block.len() > CACHE_BYTES / 8 {
            return;
        }
        self.bytes += block.len();
        if let Some((_, former)) = self.blocks.insert(block_key.to_vec(), (self.now, block)) {
            self.bytes -= former.len();
        }
        while self.bytes > CACHE_BYTES {
            let oldest = self.blocks.iter().min_by_key(|(_, (read_at, _))| *read_at);
            let Some(oldest) = oldest.map(|(block_key, _)| block_key.clone()) else {
                break;
            };
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, block_key: &[u8]) {
        if let Some((_, block)) = self.blocks.remove(block_key) {
            self.bytes -= block.len();
        }
    }
}
