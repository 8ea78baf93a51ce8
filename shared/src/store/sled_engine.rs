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

/// One sled tree in a directory of its own, and beside it a tree with one entry: the batch that is being applied.
///
/// **Atomic batches.** sled's own `apply_batch` seals its buffer before and after every batch and waits for the disk each
/// time, which made a durable order cost two and a half times its bytes. Here a batch is first announced whole under one key, and then
/// carried out write by write. sled's log keeps the order of writes over a crash and loses only its end, so when any write
/// of a batch is there its announcement is too, and opening carries the last announced batch out (again). The next
/// announcement replaces it before any later write, so nothing old is ever carried out over something new.
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
    announced: sled::Tree,
    applying: Mutex<()>,
}

const ANNOUNCED_TREE: &str = "announced";
const ANNOUNCED_KEY: &[u8] = b"batch";

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
            announced: database.open_tree(ANNOUNCED_TREE)?,
            applying: Mutex::default(),
            database,
            file: File::open(directory.join("db"))?,
            blobs: directory.join("blobs"),
            synced_blobs: Mutex::default(),
        };
        engine.carry_out_announced()?;
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

    fn announce(&self, batch: &[Write]) -> Result<(), EngineError> {
        self.announced.insert(ANNOUNCED_KEY, encode(batch))?;
        Ok(())
    }

    fn carry_out(&self, batch: &[Write]) -> Result<(), EngineError> {
        for write in batch {
            match write {
                Write::Put(key, value) => self.database.insert(key, value.as_slice())?,
                Write::Remove(key) => self.database.remove(key)?,
            };
        }
        Ok(())
    }

    fn carry_out_announced(&self) -> Result<(), EngineError> {
        let Some(bytes) = self.announced.get(ANNOUNCED_KEY)? else {
            return Ok(());
        };
        let batch = decode(&bytes).ok_or_else(|| {
            let reason =
                "the last batch of the store cannot be read; restore the folder from its backup";
            std::io::Error::new(std::io::ErrorKind::InvalidData, reason)
        })?;
        self.carry_out(&batch)
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
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        self.announce(batch)?;
        self.carry_out(batch)
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

fn decode(mut bytes: &[u8]) -> Option<Vec<Write>> {
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

    #[test]
    fn a_batch_cut_off_after_its_announcement_is_carried_out_when_the_store_opens() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let earlier = [put("a", "1"), put("b", "1")];
        let cut_off = [put("a", "2"), Write::Remove(b"b".to_vec()), put("c", "2")];
        {
            let engine = SledEngine::open(directory.path()).expect("opens");
            engine.apply(&earlier).expect("applied");
            engine.announce(&cut_off).expect("announced");
            engine
                .carry_out(&cut_off[..1])
                .expect("the power fails after the first write");
            engine.persist().expect("durable");
        }
        let engine = SledEngine::open(directory.path()).expect("opens again");
        let found = ["a", "b", "c"].map(|key| engine.get(key.as_bytes()).expect("readable"));
        assert_eq!(found, [Some(b"2".to_vec()), None, Some(b"2".to_vec())]);
    }

    #[test]
    fn nothing_old_is_carried_out_over_something_new() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        {
            let engine = SledEngine::open(directory.path()).expect("opens");
            engine
                .apply(&[put("a", "1"), put("b", "1")])
                .expect("applied");
            engine.apply(&[put("a", "2")]).expect("applied");
            engine.persist().expect("durable");
        }
        let engine = SledEngine::open(directory.path()).expect("opens again");
        assert_eq!(engine.get(b"a").expect("readable"), Some(b"2".to_vec()));
    }

    #[test]
    fn announcements_are_read_back_and_damage_is_seen() {
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
