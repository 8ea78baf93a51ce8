//! A copy without the room that sled holds and does not need: written beside the store, checked, then put in its place.
//!
//! | on disk | the store is | opening does |
//! |---|---|---|
//! | `compacting/` | as it was | nothing; the next compaction begins anew |
//! | `compacted/` | the copy, complete and durable | puts it in place, again if that was cut short |
//!
//! The database file keeps its place on the disk (its inode), by which a branch tells itself from a copy of itself.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files, and waits for their lock"
)]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::StoreError;
use super::engine::EngineError;
use super::sled_engine::{DATABASE_FILE, JOURNAL_FILE, SledEngine, open_when_free};

const UNFINISHED: &str = "compacting";
const FINISHED: &str = "compacted";

/// How often and at what distance a file that somebody holds is tried again: two seconds in all.
const HELD_TRIES: u32 = 40;
const HELD_WAIT: Duration = Duration::from_millis(50);

/// What a compaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the store's files before.
    pub bytes_before: u64,
    /// Bytes of the store's files now.
    pub bytes_after: u64,
}

/// Makes a store's files as small as they can be. No process may have the store open. A power cut at any moment leaves
/// either the store as it was or the copy, never less.
///
/// # Errors
/// [`StoreError::Engine`] when another process has the store open, when there is no room for the copy or when the copy is
/// not what the store is; the store is as it was then.
pub fn compact(directory: &Path) -> Result<Compacted, StoreError> {
    Ok(compact_files(directory)?)
}

fn compact_files(directory: &Path) -> Result<Compacted, EngineError> {
    let engine = SledEngine::open(directory)?;
    let bytes_before = bytes_of(directory)?;
    let unfinished = directory.join(UNFINISHED);
    remove_all(&unfinished)?;
    {
        let copy = open_when_free(&unfinished)?;
        engine.copy_to(&copy)?;
        copy.flush()?;
    }
    // What counts is what another opening finds.
    let copy = open_when_free(&unfinished)?;
    if !engine.is_equal_to(&copy)? {
        return Err(io::Error::other("the copy of the store is not what the store is").into());
    }
    drop(copy);
    wait_for_lock(&unfinished.join(DATABASE_FILE))?;
    sync_all(&unfinished)?;
    fs::rename(&unfinished, directory.join(FINISHED))?;
    File::open(directory)?.sync_all()?;
    drop(engine);
    finish(directory)?;
    Ok(Compacted {
        bytes_before,
        bytes_after: bytes_of(directory)?,
    })
}

/// Puts a finished copy in its place. Doing it again, after it was cut short, comes to the same.
pub(super) fn finish(directory: &Path) -> Result<(), EngineError> {
    let finished = directory.join(FINISHED);
    if !finished.try_exists()? {
        return Ok(());
    }
    let _held = wait_for_lock(&directory.join(DATABASE_FILE))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_kept = [DATABASE_FILE, JOURNAL_FILE, FINISHED]
            .iter()
            .any(|kept| name == *kept);
        if !is_kept {
            remove_all(&entry.path())?;
        }
    }
    copy_over(&finished, directory)?;
    sync_all(directory)?;
    fs::remove_dir_all(&finished)?;
    Ok(File::open(directory)?.sync_all()?)
}

/// Copies files into files of the same names, which keep their inodes.
fn copy_over(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_over(&entry.path(), &target)?;
            continue;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&target)?;
        io::copy(&mut File::open(entry.path())?, &mut file)?;
    }
    Ok(())
}

/// The lock that sled takes on its file, so that nobody has the store open meanwhile. None when there is no file.
fn wait_for_lock(path: &Path) -> Result<Option<File>, EngineError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    for _ in 0..HELD_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(HELD_WAIT),
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(EngineError::Held)
}

fn sync_all(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(directory)?.sync_all()
}

fn remove_all(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn bytes_of(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            bytes_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::engine::{Engine, Write};
    use super::*;

    fn filled(directory: &Path) -> SledEngine {
        let engine = SledEngine::open(directory).expect("opens");
        for round in 0..20_u8 {
            for number in 0..200_u32 {
                let key = number.to_be_bytes().to_vec();
                let value = [round; 600].to_vec();
                engine.apply(&[Write::Put(key, value)]).expect("applied");
            }
            engine.persist().expect("durable");
        }
        engine
    }

    fn everything(engine: &SledEngine) -> Vec<(Vec<u8>, Vec<u8>)> {
        engine.range(&[], &[255], usize::MAX).expect("readable")
    }

    #[test]
    fn a_compacted_store_is_smaller_holds_the_same_and_goes_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let before = everything(&filled(directory.path()));
        let compacted = compact(directory.path()).expect("compacted");
        assert!(compacted.bytes_after < compacted.bytes_before);
        let engine = SledEngine::open(directory.path()).expect("opens");
        assert_eq!(everything(&engine), before);
        let write = Write::Put(b"new".to_vec(), b"1".to_vec());
        engine.apply(&[write]).expect("applied");
        engine.persist().expect("durable");
        drop(engine);
        let engine = SledEngine::open(directory.path()).expect("opens");
        assert_eq!(everything(&engine).len(), before.len() + 1);
    }

    #[test]
    fn a_power_cut_while_the_copy_is_put_in_place_loses_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let before = everything(&filled(directory.path()));
        let engine = SledEngine::open(directory.path()).expect("opens");
        let finished = directory.path().join(FINISHED);
        {
            let copy = open_when_free(&finished).expect("opens");
            engine.copy_to(&copy).expect("copied");
        }
        drop(engine);
        drop(wait_for_lock(&directory.path().join(DATABASE_FILE)));
        drop(wait_for_lock(&finished.join(DATABASE_FILE)));
        // Half of the database file was overwritten, the rest is of before.
        let copied = fs::read(finished.join(DATABASE_FILE)).expect("readable");
        let mut half = fs::read(directory.path().join(DATABASE_FILE)).expect("readable");
        half.truncate(copied.len() / 2);
        half[..copied.len() / 4].copy_from_slice(&copied[..copied.len() / 4]);
        fs::write(directory.path().join(DATABASE_FILE), half).expect("written");

        let engine = SledEngine::open(directory.path()).expect("opens after the power cut");
        assert_eq!(everything(&engine), before);
        assert!(!finished.exists());
    }

    #[test]
    fn a_store_that_is_open_is_not_compacted() {
        let directory = tempfile::tempdir().expect("a directory");
        let _engine = filled(directory.path());
        assert!(matches!(compact(directory.path()), Err(error) if error.is_held()));
    }
}
