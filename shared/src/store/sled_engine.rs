//! sled 0.34, with the durability it does not give by itself and without the room that it wastes.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::thread::{self, JoinHandle};

use super::engine::{Engine, EngineError, Entry, Filling, Lying, Write};
use super::filling::FillingFiles;
use super::generation::{self, Generation};
use super::journal::{self, Journal};
use super::overlay::{self, Recent};
use super::settled::{BULK_DOCUMENTS, Settled};
use super::{compaction, format_mark};

/// An ordered map in three layers, the newest on top.
///
/// - *recent*: what the [`Journal`] has and sled has not, in memory;
/// - *settling*: the same, of the journal's other file, while it is taken over into sled;
/// - *settled*: sled, see [`Settled`].
///
/// **Durable.** sled's `flush` ends in `sync_file_range`, which flushes neither the file's metadata nor the disk's own cache.
/// So [`Engine::persist`] does not wait for sled at all: every batch goes to the journal, one write and one `fdatasync` for
/// all that are waiting.
///
/// **Atomic.** A batch lives in memory until the journal has it durably, and a frame of the journal is there whole or not
/// at all. sled gets nothing before that. When the journal's file is full, what it holds is settled by a thread of its own, and
/// batches go to the other file meanwhile: sled gets each key once, however often it changed, its files are synced, and only
/// then is the journal's file free for what comes. A power cut while settling leaves the journal whole, and opening settles
/// it again: the same writes in the same order come to the same.
///
/// **Small.** The same thread writes sled's files anew when too much of them is waste; see [`compaction`].
pub(crate) struct SledEngine {
    shared: Arc<Shared>,
    /// None once it has ended.
    settler: Option<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    bounds: Bounds,
    settled: Settled,
    layers: RwLock<Layers>,
    /// Locked by whoever writes, before everything else.
    journal: Mutex<Journal>,
    work: Mutex<Work>,
    /// Notified at each change of `work`.
    changed: Condvar,
    /// Set when the store is about to be closed: what can be done another time is not begun.
    is_ending: AtomicBool,
}

#[derive(Default)]
struct Layers {
    recent: Recent,
    /// Bytes of its keys and values, and some for each.
    recent_bytes: usize,
    settling: Option<Arc<Recent>>,
}

/// What the settling thread is there for.
enum Work {
    Nothing,
    /// To look whether the files hold too much waste.
    Look,
    Settle(Portion),
    /// It is at it.
    Busy,
    /// It could not; the portion is in the journal still, and in memory.
    Failed(Portion, EngineError),
    /// To end.
    End,
}

/// What is to be settled, and the number of its last batch.
struct Portion {
    changes: Arc<Recent>,
    sequence: u64,
}

/// When what is recent is settled.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// How many bytes a file of the journal grows to before it is settled. When batches come faster than they can be settled it grows.
    journal: u64,
    /// How many bytes of what is not settled may be in memory before it is settled although the journal has room.
    memory: usize,
    /// The same, before whoever writes waits for the settling of what came before. A bulk load runs against this bound.
    memory_at_most: usize,
}

const BOUNDS: Bounds = Bounds {
    // Some two thousand changes, read back in a moment. It counts into what an order takes on disk, so it is no larger.
    journal: 1024 * 1024,
    memory: 8 * 1024 * 1024,
    memory_at_most: 24 * 1024 * 1024,
};

/// What an entry takes in memory beside its bytes, roughly.
const ENTRY_BYTES: usize = 96;

/// How much may wait for a barrier before it is made durable unasked: a bound on memory.
const UNWRITTEN_BYTES: usize = 8 * 1024 * 1024;

impl SledEngine {
    /// Opens or makes the store in a directory.
    ///
    /// # Errors
    /// [`EngineError::Held`] when another process has it open, [`EngineError::OtherFormat`] when another version made it.
    pub(crate) fn open(directory: &Path) -> Result<Self, EngineError> {
        Self::open_within(directory, BOUNDS)
    }

    fn open_within(directory: &Path, bounds: Bounds) -> Result<Self, EngineError> {
        fs::create_dir_all(directory)?;
        format_mark::check(directory)?;
        let opened = Journal::open(directory, bounds.journal)?;
        format_mark::make(directory)?;
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            bounds,
            settled: Settled::over(Generation::open_latest(directory)?)?,
            layers: RwLock::default(),
            journal: Mutex::new(opened.journal),
            work: Mutex::new(Work::Look),
            changed: Condvar::new(),
            is_ending: AtomicBool::new(false),
        });
        shared.recover(opened.frames, opened.was_whole, opened.durable_behind)?;
        // The names of new files are durable only once their directories are.
        for path in [
            Some(directory),
            directory
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty()),
        ]
        .into_iter()
        .flatten()
        {
            File::open(path)?.sync_all()?;
        }
        let settler = thread::Builder::new().name("settling".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.settle_what_comes()
        })?;
        Ok(Self {
            shared,
            settler: Some(settler),
        })
    }

    /// Writes sled's files anew, however little of them is waste.
    pub(super) fn compact(&self) -> Result<(), EngineError> {
        let shared = &self.shared;
        let mut journal = shared.journal();
        shared.settle_rest(&mut journal)?;
        compaction::rewrite(&shared.directory, &shared.settled, || false)
    }
}

impl Shared {
    /// Brings the engine up to the journal. What was acknowledged and is in neither of them is never passed over in silence:
    /// the store does not open then.
    fn recover(
        &self,
        frames: Vec<journal::Frame>,
        journal_was_whole: bool,
        durable_behind: u64,
    ) -> Result<(), EngineError> {
        let mut journal = self.journal();
        let mut last = 0;
        if let Some(standing) = self.settled.standing()? {
            last = standing.sequence;
            if !journal_was_whole {
                return Err(EngineError::Damaged("its journal is gone or cut short"));
            }
        }
        let settled = last;
        for frame in frames {
            // What is left of an earlier round is in sled already, and newer writes of the same keys may be too.
            if frame.sequence <= last {
                continue;
            }
            // The journal starts over only when the database file has everything before it.
            if frame.sequence > last + 1 {
                return Err(EngineError::Damaged(
                    "its database file or its journal lacks changes that it had",
                ));
            }
            self.remember(decode(&frame.payload).ok_or_else(unreadable_batch)?);
            last = frame.sequence;
        }
        if durable_behind > last {
            return Err(EngineError::Damaged(
                "its journal cannot be read to its end",
            ));
        }
        journal.resume(last);
        journal.make_room()?;
        if last > settled {
            let recent = std::mem::take(&mut *self.layers_to_change());
            self.settled.settle(&recent.recent, last)?;
        }
        Ok(journal.start_over()?)
    }

    /// What the settling thread does until it is told to end.
    fn settle_what_comes(&self) {
        let _told = EndsWith(self);
        loop {
            let work = {
                let mut work = self.work();
                loop {
                    match &*work {
                        Work::Nothing | Work::Busy | Work::Failed(..) => {
                            work = self
                                .changed
                                .wait(work)
                                .unwrap_or_else(PoisonError::into_inner);
                        }
                        Work::End => return,
                        Work::Look | Work::Settle(_) => break,
                    }
                }
                std::mem::replace(&mut *work, Work::Busy)
            };
            let (outcome, is_bulk) = match work {
                Work::Settle(portion) => {
                    let is_bulk = portion.changes.len() >= 2 * BULK_DOCUMENTS;
                    (self.settle(portion), is_bulk)
                }
                _ => (Work::Nothing, false),
            };
            match outcome {
                Work::Nothing if is_bulk => self.compact(compaction::rewrite_in_bulk),
                Work::Nothing => self.compact(compaction::rewrite_when_wasteful),
                _ => {}
            }
            {
                let mut work = self.work();
                if matches!(*work, Work::Busy) {
                    *work = outcome;
                }
                self.changed.notify_all();
            }
            // The journal may have filled up meanwhile, and nobody may come to write for long. Whoever holds it sees to it, and
            // may be waiting for this thread.
            let Ok(mut journal) = self.journal.try_lock() else {
                continue;
            };
            if journal.unwritten() > 0 || !matches!(*self.work(), Work::Nothing) {
                continue;
            }
            let begun_anew = journal
                .shrink_other()
                .map_err(EngineError::from)
                .and_then(|()| self.settle_when_full(&mut journal));
            if let Err(error) = begun_anew {
                tracing::warn!(%error, "the journal could not be begun anew");
            }
        }
    }

    fn compact(
        &self,
        rewrite: impl Fn(&Path, &Settled, &dyn Fn() -> bool) -> Result<(), EngineError>,
    ) {
        let is_unwanted = || self.is_ending.load(Ordering::Relaxed);
        let compacted = rewrite(&self.directory, &self.settled, &is_unwanted);
        if let Err(error) = compacted {
            // A full disk, most likely. The store is as it was, and this is tried again after the next settling.
            tracing::warn!(%error, "the store's files could not be written anew");
        }
    }

    fn settle(&self, portion: Portion) -> Work {
        match self.settled.settle(&portion.changes, portion.sequence) {
            Ok(()) => {
                self.layers_to_change().settling = None;
                Work::Nothing
            }
            Err(error) => Work::Failed(portion, error),
        }
    }

    /// Leaves the files as a closed store does. Files that are being written anew stay as they were.
    fn leave(&self, journal: &mut Journal) -> Result<(), EngineError> {
        self.is_ending.store(true, Ordering::Relaxed);
        self.settle_rest(journal)?;
        compaction::rewrite_on_closing(&self.directory, &self.settled)
    }

    /// Makes everything durable and settles it on this thread, once the other one is at rest. It stays at rest for as long as
    /// the journal is held.
    fn settle_rest(&self, journal: &mut Journal) -> Result<(), EngineError> {
        journal.persist()?;
        let mut work = self.wait_until_at_rest();
        if let Work::Failed(portion, _) = &*work {
            self.settled.settle(&portion.changes, portion.sequence)?;
            *work = Work::Nothing;
        }
        drop(work);
        let layers = self.layers();
        if !layers.recent.is_empty() || self.settled.has_late() {
            self.settled
                .settle_all(&layers.recent, journal.last_sequence())?;
        }
        drop(layers);
        *self.layers_to_change() = Layers::default();
        Ok(journal.start_over()?)
    }

    fn wait_until_at_rest(&self) -> MutexGuard<'_, Work> {
        let mut work = self.work();
        while matches!(*work, Work::Busy | Work::Settle(_) | Work::Look) {
            work = self
                .changed
                .wait(work)
                .unwrap_or_else(PoisonError::into_inner);
        }
        work
    }

    fn remember(&self, batch: Vec<Write>) {
        let mut layers = self.layers_to_change();
        for write in batch {
            let (key, value) = match write {
                Write::Put(key, value) => (key, Some(value)),
                Write::Remove(key) => (key, None),
            };
            layers.recent_bytes += key.len() + value.as_ref().map_or(0, Vec::len) + ENTRY_BYTES;
            layers.recent.insert(key, value);
        }
    }

    fn persist(&self, journal: &mut Journal) -> Result<(), EngineError> {
        journal.persist()?;
        self.settle_when_full(journal)
    }

    /// Has what is recent settled when there is enough of it. All of it must be durable.
    ///
    /// # Errors
    /// Why settling failed before. It is tried again.
    fn settle_when_full(&self, journal: &mut Journal) -> Result<(), EngineError> {
        let bytes = self.layers().recent_bytes;
        if journal.length() <= self.bounds.journal && bytes <= self.bounds.memory {
            return Ok(());
        }
        let mut work = if bytes > self.bounds.memory_at_most {
            self.wait_until_at_rest()
        } else {
            self.work()
        };
        match std::mem::replace(&mut *work, Work::Busy) {
            Work::Nothing => {
                *work = Work::Settle(self.set_apart(journal)?);
                self.changed.notify_all();
            }
            // Whoever hears of it is not told that anything is saved; the next one finds it tried again.
            Work::Failed(portion, error) => {
                *work = Work::Settle(portion);
                self.changed.notify_all();
                return Err(error);
            }
            other => *work = other,
        }
        Ok(())
    }

    /// Sets apart what is recent, to be settled. All of it must be durable, and nothing else be settling.
    fn set_apart(&self, journal: &mut Journal) -> Result<Portion, EngineError> {
        let sequence = journal.last_sequence();
        journal.switch()?;
        let mut layers = self.layers_to_change();
        let changes = Arc::new(std::mem::take(&mut layers.recent));
        layers.recent_bytes = 0;
        layers.settling = Some(Arc::clone(&changes));
        Ok(Portion { changes, sequence })
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn layers(&self) -> RwLockReadGuard<'_, Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn layers_to_change(&self) -> RwLockWriteGuard<'_, Layers> {
        self.layers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets nobody wait for a thread that has panicked.
struct EndsWith<'a>(&'a Shared);

impl Drop for EndsWith<'_> {
    fn drop(&mut self) {
        *self.0.work() = Work::End;
        self.0.changed.notify_all();
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        // What is not in a layer has been in the one below since before it was forgotten here.
        let layers = self.shared.layers();
        let above = layers
            .recent
            .get(key)
            .or_else(|| layers.settling.as_ref()?.get(key));
        match above {
            Some(value) => Ok(value.clone()),
            None => self.shared.settled.view().get(key),
        }
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        let layers = self.shared.layers();
        let nothing = Recent::new();
        let settling = layers.settling.as_deref().unwrap_or(&nothing);
        let view = self.shared.settled.view();
        let settled = overlay::merged(
            overlay::between(settling, from, to),
            view.ascending(from, to)?,
            Ord::cmp,
        );
        overlay::merged(
            overlay::between(&layers.recent, from, to),
            settled,
            Ord::cmp,
        )
        .take(limit)
        .collect()
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError> {
        let layers = self.shared.layers();
        let nothing = Recent::new();
        let settling = layers.settling.as_deref().unwrap_or(&nothing);
        let view = self.shared.settled.view();
        let settled = overlay::merged(
            overlay::between(settling, from, to).rev(),
            view.descending(from, to)?,
            |a, b| b.cmp(a),
        );
        overlay::merged(
            overlay::between(&layers.recent, from, to).rev(),
            settled,
            |a, b| b.cmp(a),
        )
        .next()
        .transpose()
    }

    fn apply(&self, batch: &[Write]) -> Result<(), EngineError> {
        self.apply_whole(batch.to_vec())
    }

    fn apply_whole(&self, batch: Vec<Write>) -> Result<(), EngineError> {
        if batch.is_empty() {
            return Ok(());
        }
        let encoded = encode(&batch);
        // The lock keeps the numbers in the order of the writes.
        let mut journal = self.shared.journal();
        if journal.unwritten() > UNWRITTEN_BYTES {
            self.shared.persist(&mut journal)?;
        }
        let sequence = journal.next_sequence();
        journal.append(sequence, &encoded);
        self.shared.remember(batch);
        Ok(())
    }

    fn persist(&self) -> Result<(), EngineError> {
        self.shared.persist(&mut self.shared.journal())
    }

    fn documents_from(&self, place: u64, bytes: usize) -> Result<Option<Lying>, EngineError> {
        let layers = self.shared.layers();
        if !layers.recent.is_empty() || layers.settling.is_some() {
            return Ok(None);
        }
        self.shared.settled.documents_from(place, bytes).map(Some)
    }

    fn tidy(&self) -> Result<(), EngineError> {
        let shared = &self.shared;
        let mut journal = shared.journal();
        shared.settle_rest(&mut journal)?;
        compaction::rewrite_when_wasteful(&shared.directory, &shared.settled, &|| false)
    }

    fn settle(&self) -> Result<(), EngineError> {
        self.shared.leave(&mut self.shared.journal())
    }

    fn begin_filling(&self, head: u64) -> Result<Option<Box<dyn Filling + '_>>, EngineError> {
        let shared = &self.shared;
        let mut journal = shared.journal();
        shared.settle_rest(&mut journal)?;
        let sequence = journal.last_sequence();
        let filling =
            FillingFiles::begin(&shared.directory, &shared.settled, journal, sequence, head)?;
        Ok(filling.map(|filling| Box::new(filling) as Box<dyn Filling>))
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        Ok(generation::bytes_of(&self.shared.directory)?)
    }
}

impl Drop for SledEngine {
    /// What a store that is closed leaves behind is in sled and in the journal, so that damage to either loses nothing.
    fn drop(&mut self) {
        let shared = &self.shared;
        {
            let mut journal = shared.journal();
            // A full disk is no reason to panic here: what was acknowledged is in the journal, and opening settles it.
            let _ = shared.leave(&mut journal);
            *shared.work() = Work::End;
            shared.changed.notify_all();
        }
        if let Some(settler) = self.settler.take() {
            // A panic of sled's was told already where it happened.
            let _ = settler.join();
        }
    }
}

const fn unreadable_batch() -> EngineError {
    EngineError::Damaged("its last batch cannot be read")
}

/// For each write: its key's length and key, then 0 for a removal or its value's length plus 1 and value; lengths as 32 bits.
fn encode(batch: &[Write]) -> Vec<u8> {
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len()).expect("keys and values are bounded far below 4 GB")
    };
    let bytes = batch.iter().map(|write| match write {
        Write::Put(key, value) => key.len() + value.len() + 8,
        Write::Remove(key) => key.len() + 8,
    });
    let mut encoded = Vec::with_capacity(bytes.sum());
    for write in batch {
        let (Write::Put(key, _) | Write::Remove(key)) = write;
        encoded.extend(length(key).to_be_bytes());
        encoded.extend(key);
        match write {
            Write::Put(_, value) => {
                encoded.extend((length(value) + 1).to_be_bytes());
                encoded.extend(value);
            }
            Write::Remove(_) => encoded.extend(0_u32.to_be_bytes()),
        }
    }
    encoded
}

pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<Write>> {
    fn number(bytes: &mut &[u8]) -> Option<usize> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        *bytes = rest;
        usize::try_from(u32::from_be_bytes(*head)).ok()
    }
    fn text(bytes: &mut &[u8], length: usize) -> Option<Vec<u8>> {
        let (head, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(head.to_vec())
    }
    let mut batch = Vec::new();
    while !bytes.is_empty() {
        let key_length = number(&mut bytes)?;
        let key = text(&mut bytes, key_length)?;
        batch.push(match number(&mut bytes)?.checked_sub(1) {
            None => Write::Remove(key),
            Some(length) => Write::Put(key, text(&mut bytes, length)?),
        });
    }
    Some(batch)
}

#[cfg(test)]
mod tests;
