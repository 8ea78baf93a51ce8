//! The directories that sled's files are in, one after the other: `sled-1`, `sled-2` and so on, of which the highest counts.
//!
//! sled hands back little of what its files once took. So now and then they are written anew beside themselves, and the next
//! directory takes the place of the one before. Until all is in it and synced, a mark stands beside it:
//!
//! | on disk | opening takes |
//! |---|---|
//! | `sled-7` | it |
//! | `sled-7`, `sled-8` and `sled-8.unfinished` | `sled-7`; the other was not complete, and goes |
//! | `sled-7` and `sled-8` | `sled-8`, which was complete and durable before its mark went; the other goes |
//!
//! The mark is durable before the directory is made and goes after it. sled keeps the path it was opened with, so a directory
//! that got its name only when it was complete would have to be opened again: a second for a million orders.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files, and waits for their lock"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::block_map::Blocks;
use super::engine::EngineError;
use super::settled::{STANDING_KEY, Standing};

/// sled's page cache. Its default of 1 GB would be most of a counter's computer. What it holds is packed.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// sled writes and frees its file in segments. Half its default: less room is held for the last, half-filled one. A fourth
/// of it is what a leaf may take before it goes into a file of its own, and 16 blocks stay well below.
const SEGMENT_BYTES: usize = 512 * 1024;

/// How often and at what distance a directory that somebody holds is tried again: two seconds in all.
const HELD_TRIES: u32 = 40;
const HELD_WAIT: Duration = Duration::from_millis(50);

const NAME: &str = "sled-";
/// What the mark of one that is not complete has behind the directory's name.
const UNFINISHED: &str = ".unfinished";

/// sled's file, and where it puts values that outgrow a segment.
pub(super) const DATABASE_FILE: &str = "db";
pub(super) const BLOBS_DIRECTORY: &str = "blobs";

/// One of sled's directories, open.
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) blocks: Blocks,
    pub(super) directory: PathBuf,
    database: sled::Db,
    file: File,
    synced_blobs: Mutex<BTreeSet<OsString>>,
}

impl Generation {
    /// Opens the one that counts, or makes the first, and removes what is left of others.
    pub(super) fn open_latest(store: &Path) -> Result<Self, EngineError> {
        let present = numbers(store)?;
        let number = present.last().copied().unwrap_or(1);
        let latest = Self::open(store, number)?;
        for older in present.iter().filter(|older| **older != number) {
            remove(&path(store, *older))?;
        }
        for unfinished in unfinished_numbers(store)? {
            remove_unfinished(store, unfinished)?;
        }
        Ok(latest)
    }

    /// Begins one that counts only from [`Self::finish`] on. What was begun under this number before is removed.
    pub(super) fn begin(store: &Path, number: u64) -> Result<Self, EngineError> {
        File::create(mark(store, number))?;
        sync_directory(store)?;
        remove(&path(store, number))?;
        Self::open(store, number)
    }

    /// Makes it the one that counts. All that is in it must be synced.
    ///
    /// # Errors
    /// What the files say. It does not count then, and must not be used.
    pub(super) fn finish(&self, store: &Path) -> Result<(), EngineError> {
        let marked = mark(store, self.number);
        let finished = fs::remove_file(&marked).and_then(|()| sync_directory(store));
        finished.map_err(|error| {
            // The former one stays in use, and the next opening must not find an older copy of it.
            let is_marked = File::create(&marked).and_then(|_| sync_directory(store));
            if is_marked.is_err() && remove(&self.directory).is_err() {
                let place = self.directory.display();
                tracing::error!(%place, "an outdated copy of the store cannot be removed");
            }
            error.into()
        })
    }

    /// Opens or makes one.
    pub(super) fn open(store: &Path, number: u64) -> Result<Self, EngineError> {
        let directory = path(store, number);
        remove_unfinished_snapshots(&directory)?;
        let database = open_when_free(&directory)?;
        Ok(Self {
            number,
            blocks: Blocks::of((*database).clone()),
            file: File::open(directory.join(DATABASE_FILE))?,
            synced_blobs: Mutex::default(),
            directory,
            database,
        })
    }

    /// How far it has come; none before anything was settled.
    pub(super) fn standing(&self) -> Result<Option<Standing>, EngineError> {
        let bytes = self.blocks.tree.get(STANDING_KEY)?;
        bytes
            .map(|bytes| Standing::read(&bytes).ok_or(EngineError::Damaged(UNREADABLE_STANDING)))
            .transpose()
    }

    /// Returns once everything written before survives a power cut.
    ///
    /// sled's own flush ends in `sync_file_range`, which flushes neither the file's metadata nor the disk's own cache. So the
    /// database file is synced through a second handle on the same inode, and so are the files below `blobs/`, to which sled
    /// writes values that outgrow a segment.
    pub(super) fn sync(&self) -> Result<(), EngineError> {
        self.database.flush()?;
        self.sync_new_blobs()?;
        Ok(self.file.sync_data()?)
    }

    /// Bytes of its files.
    pub(super) fn bytes_on_disk(&self) -> io::Result<u64> {
        bytes_of(&self.directory)
    }

    fn sync_new_blobs(&self) -> Result<(), EngineError> {
        let blobs = self.directory.join(BLOBS_DIRECTORY);
        let mut synced = self
            .synced_blobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut present = BTreeSet::new();
        for blob in fs::read_dir(&blobs)? {
            present.insert(blob?.file_name());
        }
        let fresh: Vec<&OsString> = present.difference(&synced).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for name in fresh {
            match File::open(blobs.join(name)) {
                Ok(blob) => blob.sync_all()?,
                // sled removes blobs that a later write has replaced.
                Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        File::open(&blobs)?.sync_all()?;
        *synced = present;
        Ok(())
    }
}

const UNREADABLE_STANDING: &str = "how far its database file has come cannot be read";

/// Where a generation is.
pub(super) fn path(store: &Path, number: u64) -> PathBuf {
    store.join(format!("{NAME}{number}"))
}

/// The mark of one that is not complete.
fn mark(store: &Path, number: u64) -> PathBuf {
    store.join(format!("{NAME}{number}{UNFINISHED}"))
}

/// Removes one that is not complete; one that is not there is gone already.
pub(super) fn remove_unfinished(store: &Path, number: u64) -> io::Result<()> {
    let marked = mark(store, number);
    if !marked.try_exists()? {
        return Ok(());
    }
    // Without its mark, what a power cut leaves of it would count.
    remove(&path(store, number))?;
    sync_directory(store)?;
    fs::remove_file(marked)?;
    sync_directory(store)
}

/// The complete ones of a store, ascending. A directory that is not there has none.
pub(super) fn numbers(store: &Path) -> io::Result<Vec<u64>> {
    let unfinished = unfinished_numbers(store)?;
    let mut numbers = numbers_of(store, "")?;
    numbers.retain(|number| !unfinished.contains(number));
    Ok(numbers)
}

fn unfinished_numbers(store: &Path) -> io::Result<Vec<u64>> {
    numbers_of(store, UNFINISHED)
}

/// The numbers that stand in names with this ending, ascending.
fn numbers_of(store: &Path, ending: &str) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(store) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(NAME));
        let number = rest.and_then(|rest| rest.strip_suffix(ending));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Returns once what was made, renamed or removed in a directory survives a power cut.
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// sled writes a snapshot of its index under a name of its own and renames it when it is whole; but whoever opens its files next
/// takes the unfinished one for a snapshot, and calls the files corrupted. Without it sled goes on from the snapshot before, or
/// from the beginning. Whoever has the files open now may be writing one: then it is left alone.
fn remove_unfinished_snapshots(directory: &Path) -> Result<(), EngineError> {
    let database = match File::open(directory.join(DATABASE_FILE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    match database.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(()),
        Err(fs::TryLockError::Error(error)) => return Err(error.into()),
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating"))
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Waits a moment for whoever still holds the directory: a daemon that is ending while its successor starts, or sled's own
/// threads, which let go of the file a little after the last handle to it is gone.
fn open_when_free(directory: &Path) -> Result<sled::Db, EngineError> {
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

/// Bytes of all files below a directory.
pub(super) fn bytes_of(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = if entry.file_type()?.is_dir() {
            bytes_of(&entry.path())
        } else {
            entry.metadata().map(|file| file.len())
        };
        bytes += match found {
            // sled removes files while it runs.
            Err(gone) if gone.kind() == ErrorKind::NotFound => 0,
            found => found?,
        };
    }
    Ok(bytes)
}

/// Removes a directory and what is in it; one that is not there is gone already.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_finished_does_not_count_and_goes_with_the_next_opening() {
        let store = tempfile::tempdir().expect("a folder");
        let value_of = |generation: &Generation| {
            let found = generation.blocks.tree.get(b"key").expect("it is read");
            found.map(|value| value.to_vec())
        };
        let write = |generation: &Generation, value: &[u8]| {
            let tree = &generation.blocks.tree;
            tree.insert(b"key", value).expect("it is written");
            generation.sync().expect("it is durable");
        };
        let first = Generation::open_latest(store.path()).expect("it is made");
        write(&first, b"first");
        let second = Generation::begin(store.path(), 2).expect("it is begun");
        write(&second, b"second");
        drop(second);
        // Begun again, it is empty.
        let second = Generation::begin(store.path(), 2).expect("it is begun again");
        assert_eq!(value_of(&second), None);
        write(&second, b"second");
        drop((first, second));
        let latest = Generation::open_latest(store.path()).expect("it opens");
        assert_eq!(value_of(&latest), Some(b"first".to_vec()));
        assert!(!path(store.path(), 2).exists() && !mark(store.path(), 2).exists());
        // Finished, it counts, in use and when it is opened again.
        let second = Generation::begin(store.path(), 2).expect("it is begun");
        write(&second, b"second");
        second.finish(store.path()).expect("it is finished");
        assert_eq!(value_of(&second), Some(b"second".to_vec()));
        drop((latest, second));
        let latest = Generation::open_latest(store.path()).expect("it opens");
        assert_eq!(value_of(&latest), Some(b"second".to_vec()));
        assert_eq!(numbers(store.path()).expect("readable"), [2]);
    }

    #[test]
    fn a_snapshot_that_a_kill_left_half_written_does_not_keep_the_files_from_being_opened() {
        let store = tempfile::tempdir().expect("a folder");
        let generation = Generation::open(store.path(), 1).expect("it is made");
        let tree = generation.blocks.tree.clone();
        tree.insert(b"key", b"value").expect("it is written");
        drop(tree);
        generation.sync().expect("it is durable");
        let directory = generation.directory.clone();
        drop(generation);
        for torn in [&b""[..], b"torn", &[7; 600]] {
            let unfinished = directory.join("snap.FFFFFFFFFFFFFFFF.generating");
            fs::write(&unfinished, torn).expect("a file");
            let again = Generation::open(store.path(), 1).expect("it opens");
            let found = again.blocks.tree.get(b"key").expect("it is read");
            assert_eq!(found.as_deref(), Some(&b"value"[..]));
            assert!(!unfinished.exists());
        }
    }
}
