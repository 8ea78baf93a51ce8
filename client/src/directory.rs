//! The data directory: what lies where.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use shared::clock::UtcMillis;
use shared::store::backup::place;

use crate::records::FileMark;

/// Bytes of a token or an address. Anything longer is neither.
const SMALL_FILE_BYTES: u64 = 4 * 1024;

/// A branch's data directory.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory when there is none. Only the daemon's own user may look into it.
    pub(crate) fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The documents: the one truth.
    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// The lists, derived from the documents.
    pub(crate) fn lists(&self) -> PathBuf {
        self.0.join("lists.sqlite")
    }

    /// The key for the hub.
    pub(crate) fn token(&self) -> PathBuf {
        self.0.join("token")
    }

    /// Who this machine is, once more: what a repair goes by when the store cannot tell it any more.
    pub(crate) fn membership(&self) -> PathBuf {
        self.0.join("membership")
    }

    /// Where the running daemon listens.
    pub(crate) fn address(&self) -> PathBuf {
        self.0.join("address")
    }

    /// What tells the store's file from a copy of it.
    pub(crate) fn store_mark(&self) -> io::Result<FileMark> {
        mark_of(&self.store())
    }

    /// Whether a store was ever made here.
    pub(crate) fn has_store(&self) -> bool {
        place::has_store(&self.store())
    }
}

/// What tells the store in a directory from a copy of it.
pub(crate) fn mark_of(store: &Path) -> io::Result<FileMark> {
    let file = fs::metadata(place::identifying_file(store))?;
    let made_at = file
        .created()
        .ok()
        .and_then(|made_at| made_at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .map(UtcMillis);
    Ok(FileMark {
        inode: file.ino(),
        made_at,
    })
}

/// Writes a small file so that, after a crash, it is there whole or not at all; only the daemon's own user may read it.
pub(crate) fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Reads a small file, without the white space around its content.
pub(crate) fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(SMALL_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}
