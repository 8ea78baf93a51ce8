//! The ids of the documents that a store is filled with: as they came, and sorted, without being in memory.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::engine::EngineError;
use crate::id::DocumentId;

/// Ids that are sorted in memory: 12 MB.
const SORTED_AT_ONCE: usize = 512 * 1024;

/// Bytes of each sorted stretch that are in memory while all of them are gone through.
const STRETCH_BYTES: usize = 32 * 1024;

/// Bytes of an id, and of its row.
const ID_BYTES: usize = 16;
const RECORD_BYTES: usize = ID_BYTES + 8;

/// An id and its row.
type Record = (DocumentId, u64);

pub(super) struct Ids {
    paths: [PathBuf; 2],
    came: BufWriter<File>,
    stretches: BufWriter<File>,
    /// How many records each stretch in the file has.
    lengths: Vec<usize>,
    recent: Vec<Record>,
    first_row: u64,
    count: u64,
    sorted_at_once: usize,
}

impl Ids {
    /// None yet, in a folder that is removed when the filling comes to nothing. Rows count up from `first_row`.
    pub(super) fn in_folder(folder: &Path, first_row: u64) -> io::Result<Self> {
        let paths = [folder.join("ids"), folder.join("ids-sorted")];
        let make = |path: &Path| {
            let mut made = File::options();
            let made = made.read(true).write(true).create_new(true);
            made.open(path).map(BufWriter::new)
        };
        Ok(Self {
            came: make(&paths[0])?,
            stretches: make(&paths[1])?,
            paths,
            lengths: Vec::new(),
            recent: Vec::new(),
            first_row,
            count: 0,
            sorted_at_once: SORTED_AT_ONCE,
        })
    }

    #[cfg(test)]
    pub(super) const fn sort_at_once(mut self, ids: usize) -> Self {
        self.sorted_at_once = ids;
        self
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Adds one, which has the next row.
    pub(super) fn push(&mut self, id: DocumentId) -> Result<(), EngineError> {
        self.came.write_all(id.as_bytes())?;
        self.recent.push((id, self.first_row + self.count));
        self.count += 1;
        if self.recent.len() >= self.sorted_at_once {
            self.write_stretch()?;
        }
        Ok(())
    }

    fn write_stretch(&mut self) -> io::Result<()> {
        self.recent.sort_unstable();
        self.lengths.push(self.recent.len());
        for (id, row) in self.recent.drain(..) {
            self.stretches.write_all(id.as_bytes())?;
            self.stretches.write_all(&row.to_be_bytes())?;
        }
        Ok(())
    }

    /// All of them by id, each with its row. One that came twice is there twice.
    pub(super) fn sorted(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<Record>> + use<>> {
        self.recent.sort_unstable();
        self.stretches.flush()?;
        let file = Arc::new(self.stretches.get_ref().try_clone()?);
        let mut from = 0;
        let mut stretches: Vec<Stretch> = Vec::new();
        for length in &self.lengths {
            stretches.push(Stretch::of(Arc::clone(&file), from, *length));
            from += (length * RECORD_BYTES) as u64;
        }
        stretches.push(Stretch::in_memory(std::mem::take(&mut self.recent)));
        let mut next = BinaryHeap::new();
        for (number, stretch) in stretches.iter_mut().enumerate() {
            if let Some(record) = stretch.next()? {
                next.push(Reverse((record, number)));
            }
        }
        let mut step = move || -> io::Result<Option<Record>> {
            let Some(Reverse((record, number))) = next.pop() else {
                return Ok(None);
            };
            if let Some(following) = stretches[number].next()? {
                next.push(Reverse((following, number)));
            }
            Ok(Some(record))
        };
        Ok(std::iter::from_fn(move || step().transpose()))
    }

    /// All of them in the order in which they came.
    pub(super) fn as_they_came(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<DocumentId>> + use<>> {
        self.came.flush()?;
        let mut file = BufReader::new(File::open(&self.paths[0])?);
        let mut left = self.count;
        Ok(std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let mut id = [0; ID_BYTES];
            Some(
                file.read_exact(&mut id)
                    .map(|()| DocumentId::from_bytes(id)),
            )
        }))
    }

    /// They are needed no more.
    pub(super) fn remove_files(&self) -> io::Result<()> {
        self.paths.iter().try_for_each(fs::remove_file)
    }
}

/// Sorted records, of which some are in memory.
struct Stretch {
    file: Option<Arc<File>>,
    from: u64,
    left: usize,
    read: std::vec::IntoIter<Record>,
}

impl Stretch {
    fn of(file: Arc<File>, from: u64, length: usize) -> Self {
        Self {
            file: Some(file),
            from,
            left: length,
            read: Vec::new().into_iter(),
        }
    }

    fn in_memory(records: Vec<Record>) -> Self {
        Self {
            file: None,
            from: 0,
            left: 0,
            read: records.into_iter(),
        }
    }

    fn next(&mut self) -> io::Result<Option<Record>> {
        if let Some(record) = self.read.next() {
            return Ok(Some(record));
        }
        let Some(file) = self.file.as_ref().filter(|_| self.left > 0) else {
            return Ok(None);
        };
        let count = self.left.min(STRETCH_BYTES / RECORD_BYTES);
        let mut bytes = vec![0; count * RECORD_BYTES];
        file.read_exact_at(&mut bytes, self.from)?;
        self.from += bytes.len() as u64;
        self.left -= count;
        let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
        let records = records.iter().map(|record| {
            let (mut id, mut row) = ([0; ID_BYTES], [0; 8]);
            id.copy_from_slice(&record[..ID_BYTES]);
            row.copy_from_slice(&record[ID_BYTES..]);
            (DocumentId::from_bytes(id), u64::from_be_bytes(row))
        });
        self.read = records.collect::<Vec<_>>().into_iter();
        Ok(self.read.next())
    }
}
