//! Where backups and stores are put, so that after a crash at any moment the old or the new is there whole.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::super::generation::{self, DATABASE_FILE};
use super::super::journal;
use super::BackupError;

/// Directories within a data directory that hold what was moved out of the way. They are never deleted here.
const ASIDE: &str = "aside-";

/// A store in the making.
const UNFINISHED: &str = "unfinished";

/// The store of a data directory, of a hub and of a branch.
const STORE: &str = "store";

/// The store, and what is derived from it and made again: what a repair replaces.
pub const STORE_AND_LISTS: [&str; 4] = [
    STORE,
    "lists.sqlite",
    "lists.sqlite-wal",
    "lists.sqlite-shm",
];

/// Directories of one stamp: as many as somebody makes within a second.
const MOST_ASIDE: u32 = 100;

/// Writes a file under a temporary name, makes it durable, and gives it its name: it is there whole, or as it was before.
/// Only its owner may read it.
///
/// # Errors
/// [`BackupError`]; the temporary file is removed then.
pub fn write_file<T>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let filled = fill_file(&unfinished, fill).and_then(|outcome| {
        fs::rename(&unfinished, path)?;
        sync_directory_of(path)?;
        Ok(outcome)
    });
    if filled.is_err() {
        // Whatever is left of it is no backup, and says so by its name.
        let _ = fs::remove_file(&unfinished);
    }
    filled
}

fn fill_file<T>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut file = BufWriter::new(file);
    let outcome = fill(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(outcome)
}

/// What lies in a data directory, apart from what was moved aside or was never finished. A directory that is not there has
/// nothing.
///
/// # Errors
/// What the file system says.
pub fn contents(data: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(data) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(ASIDE) && name != UNFINISHED {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Moves entries of a data directory into a directory of their own within it, named with `stamp`. Names that are not there
/// are passed over. Returns where they are now; none when there was nothing to move.
///
/// # Errors
/// What the file system says. Nothing is ever deleted.
pub fn move_aside(
    data: &Path,
    names: &[impl AsRef<Path>],
    stamp: &str,
) -> io::Result<Option<PathBuf>> {
    let present: Vec<&Path> = names
        .iter()
        .map(AsRef::as_ref)
        .filter(|name| data.join(name).symlink_metadata().is_ok())
        .collect();
    if present.is_empty() {
        return Ok(None);
    }
    let aside = (0..MOST_ASIDE)
        .map(|again| match again {
            0 => data.join(format!("{ASIDE}{stamp}")),
            again => data.join(format!("{ASIDE}{stamp}-{again}")),
        })
        .find(|path| path.symlink_metadata().is_err())
        .ok_or(ErrorKind::AlreadyExists)?;
    fs::create_dir(&aside)?;
    for name in present {
        fs::rename(data.join(name), aside.join(name))?;
    }
    sync_directory(&aside)?;
    sync_directory(data)?;
    Ok(Some(aside))
}

/// A store in the making within the data directory, removed when it does not get to its place.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Where the store is to be made; what an earlier attempt left there is removed.
    ///
    /// # Errors
    /// What the file system says.
    pub fn make(data: &Path) -> io::Result<Self> {
        let path = data.join(UNFINISHED);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(Self(path)),
        }
    }

    /// The directory of the store in the making.
    pub fn store(&self) -> &Path {
        &self.0
    }

    /// Makes it the store of its data directory. Durable on return.
    ///
    /// # Errors
    /// What the file system says.
    pub fn put_in_place(self) -> io::Result<()> {
        let store = self.0.with_file_name(STORE);
        fs::rename(&self.0, &store)?;
        sync_directory_of(&store)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it was put in its place.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether a process has the store of a data directory open.
pub fn is_held(data: &Path) -> bool {
    // The lock goes with the handle; it is only to see whether somebody else has it.
    File::open(identifying_file(&data.join(STORE)))
        .is_ok_and(|journal| matches!(journal.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The file of a store by which it is told from a copy of itself: it is never replaced, and a copy has another one.
pub fn identifying_file(store: &Path) -> PathBuf {
    store.join(journal::FILES[0])
}

/// Whether anything of a store is in a directory.
pub fn has_store(store: &Path) -> bool {
    has_database(store) || is_there(&identifying_file(store))
}

/// Whether a store was made in the data directory `data` and its database is gone, so that a start would begin an empty one.
pub fn is_gone(data: &Path) -> bool {
    let store = data.join(STORE);
    !has_database(&store)
        && (is_there(&identifying_file(&store)) || is_there(&data.join("lists.sqlite")))
}

/// A database file of this version, or of the first.
fn has_database(store: &Path) -> bool {
    let numbers = generation::numbers(store).unwrap_or_default();
    let databases = numbers
        .iter()
        .map(|number| generation::path(store, *number));
    databases
        .chain([store.to_owned()])
        .any(|directory| is_there(&directory.join(DATABASE_FILE)))
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => sync_directory(parent),
        None => sync_directory(Path::new(".")),
    }
}
