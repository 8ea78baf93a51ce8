//! sled 0.34, with the durability it does not give by itself.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files, and waits for their lock"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use super::engine::{Engine, EngineError, Entry, Write};
use super::journal::{self, Journal};
use super::overlay;

/// sled's page cache. Its default of 1 GB would be most of a counter's computer.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// One sled tree in a directory of its own, a journal, and in memory what the journal has and sled has not.
///
/// **Durable.** sled's `flush` ends in `sync_file_range`, which flushes neither the file's metadata nor the disk's own cache.
/// So [`Engine::persist`] does not wait for sled at all: every batch goes to a [`Journal`], one write and one `fdatasync`
/// for all that are waiting.
///
/// **Atomic.** A batch lives in memory until the journal has it durably, and a frame of the journal is there whole or not
/// at all. sled gets nothing before that: when the journal has grown, everything in it is settled, which means written to
/// sled (each key once, however often it changed), synced, and only then forgotten. The database file is synced through a
/// second handle on the same inode, and so are the files below `blobs/`, to which sled writes values that outgrow a
/// segment. A power cut while settling leaves the journal whole, and opening settles it again: the same writes in the
/// same order come to the same.
pub(crate) struct SledEngine {
    database: sled::Db,
    /// One entry: the number of the last batch that sled has.
    settled: sled::Tree,
    file: File,
    blobs: PathBuf,
    synced_blobs: Mutex<BTreeSet<OsString>>,
    /// Locked by whoever writes, before `recent`.
    journal: Mutex<Journal>,
    recent: RwLock<Recent>,
}

/// What the journal has and sled has not: values by key, none for what was removed.
pub(super) type Recent = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

const SETTLED_TREE: &str = "settled";
pub(super) const SETTLED_KEY: &[u8] = b"sequence";
/// How often and at what distance a directory that somebody holds is tried again: two seconds in all.
const HELD_TRIES: u32 = 40;
const HELD_WAIT: Duration = Duration::from_millis(50);

pub(super) const JOURNAL_FILE: &str = "journal";

/// How large the journal grows before it is settled: some two thousand orders, read back in a moment. It counts into what
/// an order takes on disk, so it is no larger.
const JOURNAL_BYTES: u64 = 1024 * 1024;

/// How much may wait for a barrier before it is made durable unasked: a bound on memory.
const UNWRITTEN_BYTES: usize = 16 * 1024 * 1024;

impl SledEngine {
    pub(crate) fn open(directory: &Path) -> Result<Self, EngineError> {
        fs::create_dir_all(directory)?;
        super::compaction::finish(directory)?;
        let database = open_when_free(directory)?;
        let opened = Journal::open(&directory.join(JOURNAL_FILE), JOURNAL_BYTES)?;
        let engine = Self {
            settled: database.open_tree(SETTLED_TREE)?,
            database,
            file: File::open(directory.join(DATABASE_FILE))?,
            blobs: directory.join(BLOBS_DIRECTORY),
            synced_blobs: Mutex::default(),
            journal: Mutex::new(opened.journal),
            recent: RwLock::default(),
        };
        engine.recover(opened.frames, opened.was_whole, opened.durable_behind)?;
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
        Ok(engine)
    }

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
        if let Some(bytes) = self.settled.get(SETTLED_KEY)? {
            last = read_settled(&bytes).ok_or_else(unreadable_batch)?;
            if !journal_was_whole {
                return Err(EngineError::Damaged("its journal is gone or cut short"));
            }
        }
        for frame in frames {
            // What is left of an earlier round is in sled already, and newer writes of the same keys may be too.
            if frame.sequence <= last {
                continue;
            }
            // The journal starts over only when the database file has everything before it.
            if frame.sequence > last + 1 {
                return Err(EngineError::Damaged(
                    "its database file lacks changes that it had",
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
        self.settle(&mut journal)
    }

    /// Writes to sled what it lacks and makes that durable, so that the journal may start over.
    fn settle(&self, journal: &mut Journal) -> Result<(), EngineError> {
        for (key, value) in &*self.recent() {
            match value {
                Some(value) => self.database.insert(key, value.as_slice())?,
                None => self.database.remove(key)?,
            };
        }
        // After all of them: sled's log keeps the order of writes and can lose only its end.
        let sequence = journal.last_sequence().to_be_bytes();
        self.settled.insert(SETTLED_KEY, &sequence)?;
        self.database.flush()?;
        self.sync_new_blobs()?;
        self.file.sync_data()?;
        self.recent
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        journal.start_over();
        Ok(())
    }

    /// Copies everything that is settled into an empty database.
    pub(super) fn copy_to(&self, copy: &sled::Db) -> Result<(), EngineError> {
        for entry in self.database.iter() {
            let (key, value) = entry?;
            copy.insert(key, value)?;
        }
        let settled = copy.open_tree(SETTLED_TREE)?;
        if let Some(sequence) = self.settled.get(SETTLED_KEY)? {
            settled.insert(SETTLED_KEY, sequence)?;
        }
        Ok(())
    }

    /// Whether a copy holds what is settled here, no more and no less.
    pub(super) fn is_equal_to(&self, copy: &sled::Db) -> Result<bool, EngineError> {
        let mut copied = copy.iter();
        for entry in self.database.iter() {
            if copied.next().transpose()? != Some(entry?) {
                return Ok(false);
            }
        }
        let settled = copy.open_tree(SETTLED_TREE)?;
        Ok(
            copied.next().is_none()
                && settled.get(SETTLED_KEY)? == self.settled.get(SETTLED_KEY)?,
        )
    }

    fn remember(&self, batch: Vec<Write>) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for write in batch {
            match write {
                Write::Put(key, value) => recent.insert(key, Some(value)),
                Write::Remove(key) => recent.insert(key, None),
            };
        }
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn persist_journal(&self, journal: &mut Journal) -> Result<(), EngineError> {
        journal.persist()?;
        if journal.length() > JOURNAL_BYTES {
            self.settle(journal)?;
        }
        Ok(())
    }

    fn sync_new_blobs(&self) -> Result<(), EngineError> {
        let mut synced = self
            .synced_blobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut present = BTreeSet::new();
        for blob in fs::read_dir(&self.blobs)? {
            present.insert(blob?.file_name());
        }
        let fresh: Vec<&OsString> = present.difference(&synced).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for name in fresh {
            match File::open(self.blobs.join(name)) {
                Ok(blob) => blob.sync_all()?,
                // sled removes blobs that a later write has replaced.
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        File::open(&self.blobs)?.sync_all()?;
        *synced = present;
        Ok(())
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        // What is not here has been in sled since before it was forgotten here.
        if let Some(value) = self.recent().get(key) {
            return Ok(value.clone());
        }
        Ok(self.database.get(key)?.map(|value| value.to_vec()))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        let recent = self.recent();
        let settled = self.database.range(from..to).map(entry);
        overlay::merged(overlay::between(&recent, from, to), settled, Ord::cmp)
            .take(limit)
            .collect()
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError> {
        let recent = self.recent();
        let settled = self.database.range(from..to).rev().map(entry);
        overlay::merged(
            overlay::between(&recent, from, to).rev(),
            settled,
            |a, b| b.cmp(a),
        )
        .next()
        .transpose()
    }

    fn apply(&self, batch: &[Write]) -> Result<(), EngineError> {
        if batch.is_empty() {
            return Ok(());
        }
        let encoded = encode(batch);
        // The lock keeps the numbers in the order of the writes.
        let mut journal = self.journal();
        if journal.unwritten() > UNWRITTEN_BYTES {
            self.persist_journal(&mut journal)?;
        }
        let sequence = journal.next_sequence();
        journal.append(sequence, &encoded);
        self.remember(batch.to_vec());
        Ok(())
    }

    fn persist(&self) -> Result<(), EngineError> {
        self.persist_journal(&mut self.journal())
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        Ok(self.database.size_on_disk()? + JOURNAL_BYTES)
    }
}

impl Drop for SledEngine {
    /// What a store that is closed leaves behind is in sled and in the journal, so that damage to either loses nothing.
    fn drop(&mut self) {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk is no reason to panic here: what was acknowledged is in the journal, and opening settles it.
        if journal.persist().is_ok() {
            let _ = self.settle(&mut journal);
        }
    }
}

fn entry(entry: sled::Result<(sled::IVec, sled::IVec)>) -> Result<Entry, EngineError> {
    let (key, value) = entry?;
    Ok((key.to_vec(), value.to_vec()))
}

/// sled's file, and where it puts values that outgrow a segment.
pub(super) const DATABASE_FILE: &str = "db";
pub(super) const BLOBS_DIRECTORY: &str = "blobs";

/// sled writes and frees its file in segments. Half its default: less room is held for the last, half-filled one.
const SEGMENT_BYTES: usize = 512 * 1024;

/// Waits a moment for whoever still holds the directory: a daemon that is ending while its successor starts, or sled's own
/// threads, which let go of the file a little after the last handle to it is gone.
pub(super) fn open_when_free(directory: &Path) -> Result<sled::Db, EngineError> {
    let open = || {
        sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .segment_size(SEGMENT_BYTES)
            // The journal makes batches durable; a timer would only add writes at odd moments.
            .flush_every_ms(None)
            .open()
            .map_err(held_or_other)
    };
    for _ in 0..HELD_TRIES {
        match open() {
            Err(EngineError::Held) => std::thread::sleep(HELD_WAIT),
            opened => return opened,
        }
    }
    open()
}

/// sled says in words only that it could not lock its file.
fn held_or_other(error: sled::Error) -> EngineError {
    match error {
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            EngineError::Held
        }
        other => EngineError::Sled(other),
    }
}

/// The number of the last batch that sled has.
pub(super) fn read_settled(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

const fn unreadable_batch() -> EngineError {
    EngineError::Damaged("its last batch cannot be read")
}

/// For each write: its key's length and key, then 0 for a removal or its value's length plus 1 and value; lengths as 32 bits.
fn encode(batch: &[Write]) -> Vec<u8> {
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len()).expect("keys and values are bounded far below 4 GB")
    };
    let mut encoded = Vec::new();
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
mod tests {
    use super::*;

    fn put(key: &str, value: &str) -> Write {
        Write::Put(key.into(), value.into())
    }

    /// Values by key, `-` for those that are not there.
    fn found<const N: usize>(engine: &SledEngine, keys: [&str; N]) -> [String; N] {
        keys.map(|key| {
            let value = engine.get(key.as_bytes()).expect("readable");
            value.map_or_else(
                || "-".to_owned(),
                |value| String::from_utf8(value).expect("text"),
            )
        })
    }

    #[test]
    fn a_power_cut_in_the_middle_of_settling_leaves_every_batch_whole() {
        let (live, cut) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let engine = SledEngine::open(live.path()).expect("opens");
        engine
            .apply(&[put("a", "1"), put("b", "1")])
            .expect("applied");
        engine
            .apply(&[put("a", "2"), Write::Remove(b"b".to_vec()), put("c", "2")])
            .expect("applied");
        engine.persist().expect("durable");
        engine
            .database
            .insert("a", "2")
            .expect("the power fails after the first write");
        engine.database.flush().expect("sled writes what it has");
        copy_files(live.path(), cut.path());
        let engine = SledEngine::open(cut.path()).expect("opens again");
        assert_eq!(found(&engine, ["a", "b", "c"]), ["2", "-", "2"]);
    }

    /// What a power cut leaves: the journal as it was synced, sled's files as they were any time before.
    #[test]
    fn whatever_sled_had_not_written_comes_back_from_the_journal_in_order() {
        let (live, cut) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let engine = SledEngine::open(live.path()).expect("opens");
        engine
            .apply(&[put("a", "1"), put("b", "1")])
            .expect("applied");
        engine.persist().expect("durable");
        engine.database.flush().expect("sled writes what it has");
        copy_files(live.path(), cut.path());
        engine
            .apply(&[put("a", "2"), put("c", "2")])
            .expect("applied");
        engine
            .apply(&[put("a", "3"), Write::Remove(b"b".to_vec())])
            .expect("applied");
        engine.persist().expect("durable");
        engine
            .apply(&[put("a", "4")])
            .expect("applied, and nobody is told");
        fs::copy(
            live.path().join(JOURNAL_FILE),
            cut.path().join(JOURNAL_FILE),
        )
        .expect("copied");

        let after = SledEngine::open(cut.path()).expect("opens after the power cut");
        assert_eq!(found(&after, ["a", "b", "c"]), ["3", "-", "2"]);
        after.apply(&[put("a", "5")]).expect("applied");
        after.persist().expect("durable");
        drop(after);
        let again = SledEngine::open(cut.path()).expect("opens");
        assert_eq!(found(&again, ["a", "b", "c"]), ["5", "-", "2"]);
    }

    /// Remains of an earlier round: sled has what they say, and newer writes too.
    #[test]
    fn a_journal_that_is_behind_takes_nothing_back() {
        let (live, cut) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let engine = SledEngine::open(live.path()).expect("opens");
        engine
            .apply(&[put("a", "1"), put("b", "1")])
            .expect("applied");
        engine.persist().expect("durable");
        let behind = fs::read(live.path().join(JOURNAL_FILE)).expect("readable");
        engine
            .apply(&[put("a", "2"), put("b", "2")])
            .expect("applied");
        engine.persist().expect("durable");
        engine.settle(&mut engine.journal()).expect("settled");
        copy_files(live.path(), cut.path());
        fs::write(cut.path().join(JOURNAL_FILE), behind).expect("written");

        let after = SledEngine::open(cut.path()).expect("opens after the power cut");
        assert_eq!(found(&after, ["a", "b"]), ["2", "2"]);
        after.apply(&[put("a", "3")]).expect("applied");
        after.persist().expect("durable");
        drop(after);
        let again = SledEngine::open(cut.path()).expect("opens");
        assert_eq!(found(&again, ["a", "b"]), ["3", "2"]);
    }

    #[test]
    fn a_full_journal_starts_over_when_sleds_own_files_have_everything() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let large = "x".repeat(1024 * 1024);
        let engine = SledEngine::open(directory.path()).expect("opens");
        for number in 0..12 {
            engine
                .apply(&[put(&format!("key {number}"), &large)])
                .expect("applied");
            engine.persist().expect("durable");
            assert!(engine.journal().length() <= JOURNAL_BYTES);
        }
        drop(engine);
        let empty = vec![0; usize::try_from(JOURNAL_BYTES).expect("small")];
        fs::write(directory.path().join(JOURNAL_FILE), empty).expect("written");
        let engine = SledEngine::open(directory.path()).expect("opens without its journal");
        assert_eq!(found(&engine, ["key 0"]), [large]);
    }

    fn copy_files(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).expect("readable") {
            let entry = entry.expect("readable");
            let target = to.join(entry.file_name());
            if entry.file_type().expect("known").is_dir() {
                fs::create_dir_all(&target).expect("made");
                copy_files(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).expect("copied");
            }
        }
    }

    #[test]
    fn batches_are_read_back_and_damage_is_seen() {
        let batch = [
            put("key", "value"),
            Write::Remove(b"gone".to_vec()),
            put("empty", ""),
        ];
        let bytes = encode(&batch);
        assert_eq!(decode(&bytes).as_deref(), Some(batch.as_slice()));
        assert!(
            (1..bytes.len()).all(|cut| decode(&bytes[..cut]).as_deref() != Some(batch.as_slice()))
        );
        assert_eq!(decode(&[0, 0, 0, 9, 1]), None);
    }
}
