//! A disk that exists in memory only and fails on command: for simulations and tests, never for orders of people.
//!
//! It promises what the real engine promises and nothing more. A batch is there whole or not at all; what was applied after
//! the last sync may be lost by a crash, but only from its end; a full disk takes nothing of a batch.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::engine::{Engine, EngineError, Entry, Write};
use super::layout::{self, document_key};
use super::{BranchStore, HubStore, StoreError};
use crate::id::DocumentId;

/// A handle on a simulated disk. Clones are handles on the same disk; [`Self::copy`] makes another one.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<Contents>>);

/// What lies on it.
#[derive(Clone, Default)]
struct Contents {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// For each batch since the last sync what its keys held before it, in the order of its writes.
    unsynced: Vec<Vec<Former>>,
    is_full: bool,
    fails_next_sync: bool,
}

/// A key, and what it held before a batch.
type Former = (Vec<u8>, Option<Vec<u8>>);

/// What becomes of a stored document's bytes when a disk goes bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its second half is gone.
    CutShort,
    /// One bit is another. The number says which, counted round.
    FlippedBit(usize),
    /// It was written by a version to come.
    OfALaterVersion,
}

impl SimulatedDisk {
    /// Batches that a crash may still take.
    pub fn unsynced_batches(&self) -> usize {
        self.contents().unsynced.len()
    }

    /// The power goes. Of the batches since the last sync the first `kept` had reached the platters all the same; the
    /// others never were. Stores that were open on it must not be used any more.
    pub fn crash(&self, kept: usize) {
        let mut contents = self.contents();
        contents.forget_after(kept);
        contents.fails_next_sync = false;
    }

    /// Another disk with what survives a crash of this one now: a backup, a clone, an image of the machine.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copied = self.contents().clone();
        copied.forget_after(0);
        copied.is_full = false;
        copied.fails_next_sync = false;
        Self(Arc::new(Mutex::new(copied)))
    }

    /// From now on every batch is refused for want of space.
    pub fn fill(&self) {
        self.contents().is_full = true;
    }

    /// Somebody made room.
    pub fn make_room(&self) {
        self.contents().is_full = false;
    }

    /// Whether it is full.
    pub fn is_full(&self) -> bool {
        self.contents().is_full
    }

    /// The next sync fails, and nobody knows then which batches are on the platters.
    pub fn fail_next_sync(&self) {
        self.contents().fails_next_sync = true;
    }

    /// Spoils a stored document where it lies. False when the disk has no such document.
    pub fn damage(&self, id: DocumentId, damage: Damage) -> bool {
        let mut contents = self.contents();
        let Some(value) = contents.entries.get_mut(&document_key(id)) else {
            return false;
        };
        // The position before the document stays: a feed that cannot be followed would be another fault.
        let Some((_, encoded)) = layout::split_u64(value).filter(|(_, rest)| !rest.is_empty())
        else {
            return false;
        };
        let (start, length) = (value.len() - encoded.len(), encoded.len());
        match damage {
            Damage::CutShort => value.truncate(start + length / 2),
            Damage::FlippedBit(bit) => value[start + bit / 8 % length] ^= 1 << (bit % 8),
            Damage::OfALaterVersion => value[start] = u8::MAX,
        }
        true
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        let contents = self.contents();
        let entries = contents.entries.iter();
        entries.map(|(key, value)| key.len() + value.len()).sum()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BranchStore {
    /// Opens or makes the store on a simulated disk.
    ///
    /// # Errors
    /// [`StoreError::Record`] when its identity cannot be read.
    pub fn on(disk: &SimulatedDisk) -> Result<Self, StoreError> {
        Self::over(Box::new(disk.clone()))
    }
}

impl HubStore {
    /// Opens or makes the store on a simulated disk.
    ///
    /// # Errors
    /// None today; the engines' constructors have one signature.
    pub fn on(disk: &SimulatedDisk) -> Result<Self, StoreError> {
        Self::over(disk.clone())
    }
}

impl Contents {
    fn forget_after(&mut self, kept: usize) {
        for batch in self
            .unsynced
            .split_off(kept.min(self.unsynced.len()))
            .into_iter()
            .rev()
        {
            for (key, before) in batch.into_iter().rev() {
                match before {
                    Some(value) => self.entries.insert(key, value),
                    None => self.entries.remove(&key),
                };
            }
        }
        self.unsynced.clear();
    }
}

fn no_space() -> EngineError {
    EngineError::Io(Error::from(ErrorKind::StorageFull))
}

impl Engine for SimulatedDisk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.contents().entries.get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        let contents = self.contents();
        let range = contents.entries.range(from.to_vec()..to.to_vec());
        Ok(range
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError> {
        let contents = self.contents();
        let last = contents
            .entries
            .range(from.to_vec()..to.to_vec())
            .next_back();
        Ok(last.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn apply(&self, batch: &[Write]) -> Result<(), EngineError> {
        let mut contents = self.contents();
        if contents.is_full {
            return Err(no_space());
        }
        let mut undo = Vec::with_capacity(batch.len());
        for write in batch {
            let (key, before) = match write {
                Write::Put(key, value) => {
                    (key, contents.entries.insert(key.clone(), value.clone()))
                }
                Write::Remove(key) => (key, contents.entries.remove(key)),
            };
            undo.push((key.clone(), before));
        }
        contents.unsynced.push(undo);
        Ok(())
    }

    fn persist(&self) -> Result<(), EngineError> {
        let mut contents = self.contents();
        if std::mem::take(&mut contents.fails_next_sync) {
            return Err(no_space());
        }
        contents.unsynced.clear();
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        Ok(self.bytes() as u64)
    }
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contents = self.contents();
        write!(
            out,
            "SimulatedDisk({} entries, {} batches not synced)",
            contents.entries.len(),
            contents.unsynced.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: u8, value: u8) -> Write {
        Write::Put(vec![key], vec![value])
    }

    fn all(disk: &SimulatedDisk) -> Vec<Entry> {
        disk.range(&[0], &[u8::MAX], usize::MAX).expect("readable")
    }

    /// Three batches, of which the first is synced: it overwrites, removes and adds.
    fn written() -> SimulatedDisk {
        let disk = SimulatedDisk::default();
        disk.apply(&[put(1, 1), put(2, 2)]).expect("there is room");
        disk.persist().expect("it syncs");
        disk.apply(&[put(1, 10), Write::Remove(vec![2]), put(1, 11)])
            .expect("there is room");
        disk.apply(&[put(3, 3), put(2, 20)]).expect("there is room");
        disk
    }

    #[test]
    fn a_crash_takes_whole_batches_from_the_end_and_never_what_was_synced() {
        let synced = vec![(vec![1], vec![1]), (vec![2], vec![2])];
        let middle = vec![(vec![1], vec![11])];
        let last = vec![(vec![1], vec![11]), (vec![2], vec![20]), (vec![3], vec![3])];
        for (kept, expected) in [(0, &synced), (1, &middle), (2, &last), (9, &last)] {
            let disk = written();
            assert_eq!(disk.unsynced_batches(), 2);
            disk.crash(kept);
            assert_eq!(&all(&disk), expected, "{kept} kept");
            assert_eq!(disk.unsynced_batches(), 0);
        }
    }

    #[test]
    fn a_copy_has_what_is_durable_and_goes_its_own_way() {
        let disk = written();
        let backup = disk.copy();
        assert_eq!(all(&backup), [(vec![1], vec![1]), (vec![2], vec![2])]);
        backup.apply(&[put(9, 9)]).expect("there is room");
        assert_eq!(all(&disk).len(), 3);
        assert_eq!(disk.clone().unsynced_batches(), 2);
    }

    #[test]
    fn a_full_disk_takes_nothing_of_a_batch_and_goes_on_when_there_is_room() {
        let disk = written();
        disk.fill();
        assert!(disk.is_full() && disk.apply(&[put(7, 7), put(8, 8)]).is_err());
        assert_eq!(all(&disk).len(), 3);
        disk.make_room();
        disk.apply(&[put(7, 7)]).expect("there is room again");
        disk.fail_next_sync();
        assert!(disk.persist().is_err());
        assert_eq!(disk.unsynced_batches(), 3);
        disk.persist().expect("only the next one failed");
        disk.crash(0);
        assert_eq!(all(&disk).len(), 4);
    }
}
