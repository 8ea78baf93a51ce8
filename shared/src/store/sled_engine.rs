//! sled 0.34, with the durability it does not give by itself.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::engine::{Engine, EngineError, Entry, Write};

/// sled's page cache. Its default of 1 GB would be most of a counter's computer.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// One sled tree in a directory of its own.
///
/// sled's `flush` ends in `sync_file_range` on Linux, which flushes neither the file's metadata nor the disk's own
/// cache, and it writes values that outgrow a segment to files below `blobs/` with no sync at all. So [`Engine::persist`]
/// lets sled write its buffers and then syncs what sled has written: the database file through a second handle on the
/// same inode, and blobs that are new.
pub(crate) struct SledEngine {
    database: sled::Db,
    file: File,
    blobs: PathBuf,
    synced_blobs: Mutex<BTreeSet<OsString>>,
}

impl SledEngine {
    pub(crate) fn open(directory: &Path) -> Result<Self, EngineError> {
        fs::create_dir_all(directory)?;
        let database = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            // Whoever acknowledges calls `persist`; a timer would only add writes at odd moments.
            .flush_every_ms(None)
            .open()?;
        let engine = Self {
            database,
            file: File::open(directory.join("db"))?,
            blobs: directory.join("blobs"),
            synced_blobs: Mutex::default(),
        };
        engine.persist()?;
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
        Ok(self.database.get(key)?.map(|value| value.to_vec()))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        self.database
            .range(from..to)
            .take(limit)
            .map(|entry| {
                entry
                    .map(|(key, value)| (key.to_vec(), value.to_vec()))
                    .map_err(EngineError::from)
            })
            .collect()
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError> {
        let last = self.database.range(from..to).next_back().transpose()?;
        Ok(last.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    fn apply(&self, batch: &[Write]) -> Result<(), EngineError> {
        let mut atomic = sled::Batch::default();
        for write in batch {
            match write {
                Write::Put(key, value) => atomic.insert(key.as_slice(), value.as_slice()),
                Write::Remove(key) => atomic.remove(key.as_slice()),
            }
        }
        Ok(self.database.apply_batch(atomic)?)
    }

    fn persist(&self) -> Result<(), EngineError> {
        self.database.flush()?;
        self.sync_new_blobs()?;
        Ok(self.file.sync_data()?)
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        Ok(self.database.size_on_disk()?)
    }
}
