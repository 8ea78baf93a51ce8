//! What sled has: the ordered map as of the last settling, in blocks.
//!
//! | keys in sled | what |
//! |---|---|
//! | `e` key | a block of entries; of a document's only the row is here |
//! | `w` row | a block of rows: documents with their keys, in the order in which they came |
//! | `s` | [`Standing`] |
//!
//! **Why rows.** Ids of imported documents are random, so in the order of their ids each new one would go into another block.
//! Rows are numbered as documents come: new ones fill blocks one after the other, and neighbours in a block came from the
//! same place at the same time, so they look alike and pack well. A document keeps its row for as long as it is there. Its key
//! is in the row too, so that a damaged store can be read without the entries.
//!
//! **What is late.** Entries stand in the order of the ids all the same, and a bulk load would rewrite all of their blocks with
//! each portion. So the entries of documents that come in bulk are kept in memory first, and get into their blocks when they are
//! many. Opening reads those that a crash left out from the rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::block_map::{BlockMap, Blocks, KeyChange};
use super::engine::{EngineError, Entry, Lying};
use super::generation::Generation;
use super::layout::{self, put_varint, take_varint};
use super::overlay::Recent;

/// Entries: small, and read one at a time.
pub(super) const ENTRIES: BlockMap = BlockMap {
    prefix: b'e',
    block_bytes: 8 * 1024,
};
/// Documents: some dozens to a block.
pub(super) const ROWS: BlockMap = BlockMap {
    prefix: b'w',
    block_bytes: 32 * 1024,
};
pub(super) const STANDING_KEY: [u8; 1] = *b"s";

/// How far sled has come; written after everything that it speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The number of the last batch that sled has.
    pub(super) sequence: u64,
    /// The row of the next new document. Rows from here on are remains of a settling that did not get to its end.
    pub(super) next_row: u64,
    /// The first row whose document may have no entry yet.
    pub(super) late_from: u64,
    /// Bytes of all blocks and their keys: what the files would take without any waste.
    pub(super) live_bytes: u64,
}

impl Standing {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [
            self.sequence,
            self.next_row,
            self.late_from,
            self.live_bytes,
        ]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (sequence, rest) = layout::split_u64(bytes)?;
        let (next_row, rest) = layout::split_u64(rest)?;
        let (late_from, rest) = layout::split_u64(rest)?;
        let (live_bytes, rest) = layout::split_u64(rest)?;
        rest.is_empty().then_some(Self {
            sequence,
            next_row,
            late_from,
            live_bytes,
        })
    }
}

/// The settled map. Read by many; one at a time settles or puts other files under it.
pub(super) struct Settled {
    generation: RwLock<Arc<Generation>>,
    late: RwLock<Late>,
    /// After how many blocks the power fails, for tests.
    #[cfg(test)]
    pub(super) power_fails_after: std::sync::Mutex<Option<usize>>,
}

impl Settled {
    pub(super) fn over(generation: Generation) -> Result<Self, EngineError> {
        let standing = generation.standing()?.unwrap_or_default();
        let mut late = Late::new();
        let (from, to) = (standing.late_from, standing.next_row);
        for row in ROWS.ascending(&generation.blocks, &from.to_be_bytes(), &to.to_be_bytes())? {
            let (row, content) = row?;
            if let (Some((row, _)), Some((key, _))) = (layout::split_u64(&row), split_row(&content))
            {
                late.insert(key.to_vec(), row);
            }
        }
        Ok(Self {
            generation: RwLock::new(Arc::new(generation)),
            late: RwLock::new(late),
            #[cfg(test)]
            power_fails_after: std::sync::Mutex::default(),
        })
    }

    /// The map as it is, and stays for as long as the view is held.
    pub(super) fn view(&self) -> View<'_> {
        View {
            generation: self
                .generation
                .read()
                .unwrap_or_else(PoisonError::into_inner),
            late: self.late(),
        }
    }

    fn late(&self) -> RwLockReadGuard<'_, Late> {
        self.late.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether opening would have to read rows to know all documents.
    pub(super) fn has_late(&self) -> bool {
        !self.late().is_empty()
    }

    /// The files.
    pub(super) fn generation(&self) -> Arc<Generation> {
        Arc::clone(
            &self
                .generation
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Puts other files with the same content in the place of those that are read.
    pub(super) fn replace(&self, generation: Generation) {
        *self
            .generation
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(generation);
    }

    /// How far it has come; none before anything was settled.
    pub(super) fn standing(&self) -> Result<Option<Standing>, EngineError> {
        self.generation().standing()
    }

    /// Documents in the order of their rows, from a row on, about so many bytes of them.
    pub(super) fn documents_from(&self, row: u64, bytes: usize) -> Result<Lying, EngineError> {
        let view = self.view();
        let end = view.generation.standing()?.unwrap_or_default().next_row;
        let mut lying = Lying::default();
        let mut left = bytes;
        let mut add = |row: &[u8], content: &[u8]| {
            let (key, value) = split_row(content).ok_or(EngineError::Damaged(UNREADABLE_ROW))?;
            let (row, _) = layout::split_u64(row).ok_or(EngineError::Damaged(UNREADABLE_ROW))?;
            lying.entries.push((key.to_vec(), value.to_vec()));
            let Some(rest) = left.checked_sub(content.len()) else {
                lying.next = Some(row + 1);
                return Ok(ControlFlow::Break(()));
            };
            left = rest;
            Ok(ControlFlow::Continue(()))
        };
        let (from, to) = (row.to_be_bytes(), end.to_be_bytes());
        ROWS.each_ascending(&view.generation.blocks, &from, &to, &mut add)?;
        Ok(lying)
    }

    /// Takes changes over and makes them durable. They must be durable already elsewhere: a power cut leaves any part of them,
    /// and settling them again, with whatever came after them, comes to the same.
    pub(super) fn settle(&self, changes: &Recent, sequence: u64) -> Result<(), EngineError> {
        self.settle_leaving(changes, sequence, LATE_AT_MOST)
    }

    /// The same, leaving nothing late: when a store is closed.
    pub(super) fn settle_all(&self, changes: &Recent, sequence: u64) -> Result<(), EngineError> {
        self.settle_leaving(changes, sequence, 0)
    }

    fn settle_leaving(
        &self,
        changes: &Recent,
        sequence: u64,
        late_at_most: usize,
    ) -> Result<(), EngineError> {
        let generation = self.generation();
        let blocks = &generation.blocks;
        let mut standing = generation.standing()?.unwrap_or_default();
        let Assigned {
            rows,
            removed,
            new_documents,
        } = self.assign_rows(blocks, changes, &mut standing.next_row)?;
        // Whoever reads meanwhile never finds an entry without its row.
        let mut grows_by = self.forget(blocks, removed)?;
        let rows = rows.into_iter().map(|(row, content)| -> KeyChange {
            (
                row.to_be_bytes().to_vec(),
                content.map(|(key, value)| row_value(key, value)),
            )
        });
        grows_by += self.change(ROWS, blocks, rows)?;
        let is_bulk = new_documents.len() >= BULK_DOCUMENTS;
        let stays_late = is_bulk && self.late().len() + new_documents.len() <= late_at_most;
        {
            let mut late = self.late.write().unwrap_or_else(PoisonError::into_inner);
            late.extend(new_documents);
        }
        let below = changes.range(..vec![layout::DOCUMENT]);
        let above = changes.range(vec![layout::DOCUMENT + 1]..);
        let plain = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| (key.clone(), value.clone());
        grows_by += self.change(ENTRIES, blocks, below.map(plain))?;
        if !stays_late {
            let late = self.late();
            let entries = late
                .iter()
                .map(|(key, row)| (key.clone(), Some(row_bytes(*row))));
            grows_by += self.change(ENTRIES, blocks, entries)?;
            standing.late_from = standing.next_row;
        }
        grows_by += self.change(ENTRIES, blocks, above.map(plain))?;
        standing.sequence = sequence;
        standing.live_bytes = standing.live_bytes.saturating_add_signed(grows_by);
        // After all of them: sled's log keeps the order of writes and can lose only its end.
        blocks.tree.insert(STANDING_KEY, standing.to_bytes())?;
        generation.sync()?;
        if !stays_late {
            self.late
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        }
        Ok(())
    }

    /// Finds the rows of documents that have one, and gives new ones the next.
    fn assign_rows<'a>(
        &self,
        blocks: &Blocks,
        changes: &'a Recent,
        next_row: &mut u64,
    ) -> Result<Assigned<'a>, EngineError> {
        let (mut rows, mut removed, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let former_rows = *next_row;
        let late = self.late();
        for (key, value) in documents(changes) {
            let row = row_of(blocks, &late, key)?.filter(|row| *row < former_rows);
            match (row, value) {
                (Some(row), Some(value)) => {
                    rows.push((row, Some((key.as_slice(), value.as_slice()))));
                }
                (Some(row), None) => {
                    rows.push((row, None));
                    removed.push(key.as_slice());
                }
                (None, Some(value)) => new.push((key.as_slice(), value.as_slice())),
                (None, None) => {}
            }
        }
        // A document's value begins with its place in the feed.
        new.sort_by_key(|(_, value)| value.first_chunk::<8>());
        let mut new_documents = Vec::with_capacity(new.len());
        for (key, value) in new {
            rows.push((*next_row, Some((key, value))));
            new_documents.push((key.to_vec(), *next_row));
            *next_row += 1;
        }
        rows.sort_by_key(|(row, _)| *row);
        Ok(Assigned {
            rows,
            removed,
            new_documents,
        })
    }

    /// Removes the entries of documents.
    fn forget(&self, blocks: &Blocks, removed: Vec<&[u8]>) -> Result<i64, EngineError> {
        if removed.is_empty() {
            return Ok(0);
        }
        {
            let mut late = self.late.write().unwrap_or_else(PoisonError::into_inner);
            for key in &removed {
                late.remove(*key);
            }
        }
        let removed = removed.into_iter().map(|key| (key.to_vec(), None));
        self.change(ENTRIES, blocks, removed)
    }

    fn change(
        &self,
        map: BlockMap,
        blocks: &Blocks,
        changes: impl Iterator<Item = KeyChange>,
    ) -> Result<i64, EngineError> {
        let mut grows_by = 0;
        map.change(blocks, changes, |replacement| {
            grows_by += i64::try_from(replacement.grows_by).unwrap_or(0);
            #[cfg(test)]
            self.spend_power()?;
            let _alone = self
                .generation
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            replacement.write(blocks)
        })?;
        Ok(grows_by)
    }
}

#[cfg(test)]
impl Settled {
    fn spend_power(&self) -> Result<(), EngineError> {
        let mut left = self
            .power_fails_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &mut *left {
            None => Ok(()),
            Some(0) => Err(EngineError::Damaged("the power failed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

/// The rows of documents whose entries are not in their blocks yet.
type Late = BTreeMap<Vec<u8>, u64>;

/// So many new documents at once are a bulk load.
pub(super) const BULK_DOCUMENTS: usize = 1_000;

/// So many entries may be late: some 10 MB of memory, and half a second of reading rows after a crash.
const LATE_AT_MOST: usize = 128 * 1024;

/// Key and value of a document.
type Document<'a> = (&'a [u8], &'a [u8]);

/// What settling comes to in rows.
struct Assigned<'a> {
    /// Key and value of rows, none for those that are free now; ascending.
    rows: Vec<(u64, Option<Document<'a>>)>,
    /// Documents that go.
    removed: Vec<&'a [u8]>,
    /// Documents that come, with their rows.
    new_documents: Vec<(Vec<u8>, u64)>,
}

/// The settled map for as long as somebody reads it.
pub(super) struct View<'a> {
    generation: RwLockReadGuard<'a, Arc<Generation>>,
    late: RwLockReadGuard<'a, Late>,
}

impl View<'_> {
    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let blocks = &self.generation.blocks;
        if key.first() != Some(&layout::DOCUMENT) {
            return ENTRIES.get(blocks, key);
        }
        row_of(blocks, &self.late, key)?
            .map(|row| document_in(blocks, key, row))
            .transpose()
    }

    /// Entries with `from <= key < to`, ascending.
    pub(super) fn ascending(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> Result<impl Iterator<Item = Result<Entry, EngineError>>, EngineError> {
        let blocks = &self.generation.blocks;
        let settled = ENTRIES.ascending(blocks, from, to)?;
        Ok(
            with_late(late_between(&self.late, from, to), settled, Ord::cmp)
                .map(|entry| with_document(blocks, entry?)),
        )
    }

    /// Entries with `from <= key < to`, descending.
    pub(super) fn descending(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> Result<impl Iterator<Item = Result<Entry, EngineError>>, EngineError> {
        let blocks = &self.generation.blocks;
        let settled = ENTRIES.descending(blocks, from, to)?;
        let late = late_between(&self.late, from, to).rev();
        Ok(with_late(late, settled, |a, b| b.cmp(a)).map(|entry| with_document(blocks, entry?)))
    }
}

fn late_between<'a>(
    late: &'a Late,
    from: &[u8],
    to: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Vec<u8>, &'a u64)> + use<'a> {
    let (from, to) = (from.to_vec(), to.to_vec());
    (from < to)
        .then(|| late.range(from..to))
        .into_iter()
        .flatten()
}

/// Entries with those that are late among them. Both come in the given order.
fn with_late<'a>(
    late: impl Iterator<Item = (&'a Vec<u8>, &'a u64)>,
    settled: impl Iterator<Item = Result<Entry, EngineError>>,
    order: fn(&[u8], &[u8]) -> Ordering,
) -> impl Iterator<Item = Result<Entry, EngineError>> {
    let (mut late, mut settled) = (late.peekable(), settled.peekable());
    std::iter::from_fn(move || {
        let first = match (late.peek(), settled.peek()) {
            (None, _) | (_, Some(Err(_))) => return settled.next(),
            (Some(_), None) => Ordering::Less,
            (Some((late, _)), Some(Ok((settled, _)))) => order(late, settled),
        };
        match first {
            Ordering::Greater => return settled.next(),
            Ordering::Equal => {
                settled.next();
            }
            Ordering::Less => {}
        }
        let (key, row) = late.next()?;
        Some(Ok((key.clone(), row_bytes(*row))))
    })
}

fn documents(changes: &Recent) -> impl Iterator<Item = (&Vec<u8>, &Option<Vec<u8>>)> {
    changes.range(vec![layout::DOCUMENT]..vec![layout::DOCUMENT + 1])
}

/// The row of a document.
fn row_of(blocks: &Blocks, late: &Late, key: &[u8]) -> Result<Option<u64>, EngineError> {
    if let Some(row) = late.get(key) {
        return Ok(Some(*row));
    }
    ENTRIES
        .get(blocks, key)?
        .map(|bytes| read_row(&bytes))
        .transpose()
}

pub(super) fn row_bytes(row: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, row);
    bytes
}

fn read_row(mut bytes: &[u8]) -> Result<u64, EngineError> {
    take_varint(&mut bytes).ok_or(EngineError::Damaged("the row of a document cannot be read"))
}

fn with_document(blocks: &Blocks, (key, value): Entry) -> Result<Entry, EngineError> {
    if key.first() != Some(&layout::DOCUMENT) {
        return Ok((key, value));
    }
    let document = document_in(blocks, &key, read_row(&value)?)?;
    Ok((key, document))
}

fn document_in(blocks: &Blocks, key: &[u8], row: u64) -> Result<Vec<u8>, EngineError> {
    let content = ROWS.get(blocks, &row.to_be_bytes())?;
    content
        .as_deref()
        .and_then(split_row)
        .filter(|(own_key, _)| *own_key == key)
        .map(|(_, value)| value.to_vec())
        .ok_or(EngineError::Damaged("a document is not in its row"))
}

const UNREADABLE_ROW: &str = "a row of documents cannot be read";

/// What a row holds: the length of the key, the key, the value.
fn row_value(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(key.len() + value.len() + 2);
    put_varint(&mut content, key.len() as u64);
    content.extend_from_slice(key);
    content.extend_from_slice(value);
    content
}

/// The key and the value that a row holds.
pub(super) fn split_row(mut content: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(take_varint(&mut content)?).ok()?;
    content.split_at_checked(length)
}
