//! `backup` and `restore`: source, plan and target in one folder with a checksum for each, and back.
//!
//! The target is asked through its running daemon where one runs, else read from its files. A folder is complete when its
//! manifest is there: that is written last. Restoring reads every checksum, and the target's backup to its last byte,
//! before it touches anything, and replaces nothing unless it is told to.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::clock::UtcMillis;
use shared::store::HubStore;
use shared::store::backup::{
    self, Answering, BackupError, Header, Here, ReadError, RestoreError, Source, StoreKind,
    Summary, place,
};

/// The file that makes a folder a backup.
pub const MANIFEST: &str = "manifest.json";

/// The target's backup within the folder.
const TARGET: &str = "hub.backup";

const MANIFEST_VERSION: u32 = 1;

/// How long the daemon may take for a portion of its store.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes read at a time for a checksum.
const PIECE: usize = 256 * 1024;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this file's own format.
    pub manifest_version: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The program that made it.
    pub software: String,
    /// The legacy database.
    pub source: BackedUp,
    /// The plan and what lies beside it, such as the file of rejects.
    pub beside: Vec<BackedUp>,
    /// The target; none when it was left out.
    pub target: Option<BackedUp>,
    /// What the target's backup says of itself.
    pub target_header: Option<Header>,
    /// Documents in the target's backup.
    pub target_documents: u64,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Its name within the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// Where the target is.
#[derive(Debug, Clone, Copy)]
pub enum TargetPlace<'a> {
    /// A hub's data folder, whether its daemon runs or not.
    HubData(&'a Path),
    /// A hub's store in a folder of its own.
    Store(&'a Path),
    /// A backup that `offpiste-hub backup` wrote, such as on another machine.
    File(&'a Path),
    /// Left out.
    LeftOut,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("{path} cannot be used: {source}. Nothing was replaced.")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder has something in it.
    #[error("{0} is not empty, and nothing is ever written over a backup. Name another folder.")]
    NotEmpty(PathBuf),
    /// No store.
    #[error("there is no store in {0}. Name the hub's data folder, or leave the target out.")]
    NoStore(PathBuf),
    /// A daemon runs and cannot be asked.
    #[error("the hub of {folder} runs and cannot be asked ({source}); run this as its user.")]
    Daemon {
        /// Its data folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error("the store cannot be read: {0}. Nothing was changed.")]
    Store(#[from] shared::store::StoreError),
    /// Writing the target's backup.
    #[error(transparent)]
    Write(#[from] BackupError),
    /// Reading it.
    #[error("{name}: {source}")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: ReadError,
    },
    /// Making a store of it.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A file is not what it was.
    #[error(
        "{name} is not what was backed up: SHA-256 is {found}, the manifest says {expected}. Nothing was restored; use another backup."
    )]
    Changed {
        /// Its name.
        name: String,
        /// As the manifest says.
        expected: String,
        /// As it is.
        found: String,
    },
    /// No manifest, or one of another program.
    #[error("{path} is no backup of this program: {reason}. Nothing was restored.")]
    NoManifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The destination is there.
    #[error(
        "{0} is there already. Nothing was changed. Pass --replace to put the backup in its place; what is there is then kept beside it."
    )]
    Exists(PathBuf),
    /// The backup has no target in it.
    #[error("this backup was made without its target; nothing was restored.")]
    NoTarget,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + use<'_> {
    move |source| Error::File {
        path: path.to_owned(),
        source,
    }
}

/// Makes a backup in a folder that is empty or not there yet. `report` is told how many documents are written.
///
/// # Errors
/// [`Error`]. Without its manifest the folder is no backup.
pub fn make(
    folder: &Path,
    source: &Path,
    beside: &[PathBuf],
    target: TargetPlace<'_>,
    report: impl FnMut(u64),
) -> Result<Manifest, Error> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(at(folder)(error)),
    };
    if !is_empty {
        return Err(Error::NotEmpty(folder.to_owned()));
    }
    // It holds everybody's orders: nobody but its owner has any business in it.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(at(folder))?;
    let source = copy_into(folder, "source", source)?;
    let mut copies = Vec::new();
    for file in beside.iter().filter(|file| file.exists()) {
        copies.push(copy_into(folder, "plan", file)?);
    }
    let (target, target_header, target_documents) = match write_target(folder, target, report)? {
        Some((file, header, summary)) => (Some(file), Some(header), summary.documents),
        None => (None, None, 0),
    };
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        made_at: Timestamp::now(),
        software: concat!("offpiste-import ", env!("CARGO_PKG_VERSION")).to_owned(),
        source,
        beside: copies,
        target,
        target_header,
        target_documents,
    };
    let path = folder.join(MANIFEST);
    let bytes = serde_json::to_vec_pretty(&manifest).map_err(|error| at(&path)(error.into()))?;
    place::write_file(&path, |file| Ok(file.write_all(&bytes)?))?;
    Ok(manifest)
}

/// Reads a backup's manifest and checks every file against it, the target's backup to its last byte.
///
/// # Errors
/// [`Error`].
pub fn check(folder: &Path) -> Result<Manifest, Error> {
    let path = folder.join(MANIFEST);
    let refused = |reason: String| Error::NoManifest {
        path: path.clone(),
        reason,
    };
    let bytes = fs::read(&path).map_err(|error| refused(error.to_string()))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    if manifest.manifest_version != MANIFEST_VERSION {
        return Err(refused(format!(
            "it has version {}, this program reads {MANIFEST_VERSION}",
            manifest.manifest_version
        )));
    }
    let files = [&manifest.source]
        .into_iter()
        .chain(&manifest.beside)
        .chain(&manifest.target);
    for file in files {
        let path = within(folder, &file.name).ok_or_else(|| refused(file.name.clone()))?;
        let (_, found) = digest(&path)?;
        if found != file.sha256 {
            return Err(Error::Changed {
                name: file.name.clone(),
                expected: file.sha256.clone(),
                found,
            });
        }
    }
    if let Some(target) = &manifest.target {
        check_target(&folder.join(&target.name))?;
    }
    Ok(manifest)
}

/// Puts the source back to a file. Returns where what was there is now.
///
/// # Errors
/// [`Error`]; nothing was replaced then.
pub fn restore_source(
    folder: &Path,
    to: &Path,
    replace: bool,
) -> Result<(Manifest, Option<PathBuf>), Error> {
    let manifest = check(folder)?;
    let aside = make_way(to, replace)?;
    let from = folder.join(&manifest.source.name);
    copy(&from, to)?;
    let (_, found) = digest(to)?;
    if found != manifest.source.sha256 {
        return Err(Error::Changed {
            name: to.display().to_string(),
            expected: manifest.source.sha256,
            found,
        });
    }
    Ok((manifest, aside))
}

/// Makes a hub's store in a folder of its own from the target's backup. Returns what is in it, and where what was there is now.
///
/// # Errors
/// [`Error`]; nothing was replaced then.
pub fn restore_store(
    folder: &Path,
    to: &Path,
    replace: bool,
) -> Result<(Manifest, Summary, Option<PathBuf>), Error> {
    let manifest = check(folder)?;
    let file = target_file(folder, &manifest)?;
    let aside = make_way(to, replace)?;
    Ok((manifest, put_back(&file, to)?, aside))
}

/// The target's backup within a folder that was checked.
///
/// # Errors
/// [`Error::NoTarget`].
pub fn target_file(folder: &Path, manifest: &Manifest) -> Result<PathBuf, Error> {
    let target = manifest.target.as_ref().ok_or(Error::NoTarget)?;
    Ok(folder.join(&target.name))
}

/// Writes a backup of an open store to a file. For rehearsals.
///
/// # Errors
/// [`Error`].
pub fn write_store(store: &HubStore, file: &Path) -> Result<Summary, Error> {
    let mut source = Here::new(store, header_of(store));
    let (_, summary) =
        place::write_file(file, |file| backup::write(&mut source, &[], file, |_| {}))?;
    Ok(summary)
}

/// Makes a store in an empty folder from a backup of one.
///
/// # Errors
/// [`Error`].
pub fn put_back(file: &Path, folder: &Path) -> Result<Summary, Error> {
    Ok(backup::restore(open(file)?, folder)?.summary)
}

/// What a backup of a store would hold, without writing one.
///
/// # Errors
/// [`Error`].
pub fn summary_of(store: &HubStore) -> Result<Summary, Error> {
    let mut source = Here::new(store, header_of(store));
    Ok(backup::write(&mut source, &[], io::sink(), |_| {})?.1)
}

/// Size and SHA-256 of a file.
///
/// # Errors
/// [`Error::File`].
pub fn digest(path: &Path) -> Result<(u64, String), Error> {
    let mut file = File::open(path).map_err(at(path))?;
    let (mut hasher, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).map_err(at(path))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hasher.update(&piece[..read]);
    }
    Ok((bytes, hexadecimal(&hasher.finalize())))
}

/// Bytes as people read them.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn header_of(store: &HubStore) -> Header {
    Header {
        kind: StoreKind::Hub,
        name: "hub".to_owned(),
        made_at: UtcMillis::from(Timestamp::now()),
        software: concat!("offpiste-import ", env!("CARGO_PKG_VERSION")).to_owned(),
        position: store.head(),
        life: 0,
    }
}

fn write_target(
    folder: &Path,
    target: TargetPlace<'_>,
    mut report: impl FnMut(u64),
) -> Result<Option<(BackedUp, Header, Summary)>, Error> {
    let file = folder.join(TARGET);
    let mut write = |source: &mut dyn Source| {
        place::write_file(&file, |file| backup::write(source, &[], file, &mut report))
    };
    let (header, summary) = match target {
        TargetPlace::LeftOut => return Ok(None),
        TargetPlace::HubData(data) => {
            if let Some(mut daemon) = daemon(data)? {
                write(&mut daemon)?
            } else {
                let store = open_store(&data.join("store"))?;
                write(&mut Here::new(&store, header_of(&store)))?
            }
        }
        TargetPlace::Store(store) => {
            let store = open_store(store)?;
            write(&mut Here::new(&store, header_of(&store)))?
        }
        TargetPlace::File(backup) => {
            let (header, summary) = check_target(backup)?;
            copy(backup, &file)?;
            (header, summary)
        }
    };
    let (bytes, sha256) = digest(&file)?;
    let name = TARGET.to_owned();
    Ok(Some((
        BackedUp {
            name,
            bytes,
            sha256,
        },
        header,
        summary,
    )))
}

/// The running daemon of a hub's data folder; none when none runs.
fn daemon(data: &Path) -> Result<Option<Answering<UnixStream>>, Error> {
    let failed = |source| Error::Daemon {
        folder: data.to_owned(),
        source,
    };
    match UnixStream::connect(data.join("control").join("socket")) {
        Ok(stream) => {
            stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
            stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
            Ok(Some(Answering::over(stream)))
        }
        // What a daemon that was killed left behind, or a name too long for a socket.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(failed(error)),
    }
}

fn open_store(folder: &Path) -> Result<HubStore, Error> {
    // Opening one that is not there would make one, and back up nothing.
    if !shared::store::backup::place::has_store(folder) {
        return Err(Error::NoStore(folder.to_owned()));
    }
    Ok(HubStore::open(folder)?)
}

fn check_target(file: &Path) -> Result<(Header, Summary), Error> {
    backup::check(open(file)?).map_err(|source| Error::Read {
        name: file.display().to_string(),
        source,
    })
}

fn open(file: &Path) -> Result<BufReader<File>, Error> {
    Ok(BufReader::new(File::open(file).map_err(at(file))?))
}

/// Copies a file into a folder of the backup.
fn copy_into(folder: &Path, below: &str, file: &Path) -> Result<BackedUp, Error> {
    let name = file.file_name().unwrap_or(file.as_os_str());
    let inside = folder.join(below);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&inside)
        .map_err(at(&inside))?;
    let to = inside.join(name);
    copy(file, &to)?;
    let (bytes, sha256) = digest(&to)?;
    let (_, original) = digest(file)?;
    let name = format!("{below}/{}", name.to_string_lossy());
    if original != sha256 {
        return Err(Error::Changed {
            name,
            expected: original,
            found: sha256,
        });
    }
    Ok(BackedUp {
        name,
        bytes,
        sha256,
    })
}

/// Copies a file durably, readable for its owner only.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = File::open(from).map_err(at(from))?;
    let mut options = fs::OpenOptions::new();
    let mut copy = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(at(to))?;
    io::copy(&mut source, &mut copy).map_err(at(to))?;
    copy.sync_all().map_err(at(to))
}

/// Moves what is at a path aside when that is allowed. Nothing is ever deleted.
fn make_way(to: &Path, replace: bool) -> Result<Option<PathBuf>, Error> {
    let is_empty_folder = || fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_none());
    if to.symlink_metadata().is_err() || is_empty_folder() {
        return Ok(None);
    }
    if !replace {
        return Err(Error::Exists(to.to_owned()));
    }
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".aside-{stamp}"));
    let aside = to.with_file_name(name);
    if aside.symlink_metadata().is_ok() {
        return Err(Error::Exists(aside));
    }
    fs::rename(to, &aside).map_err(at(to))?;
    Ok(Some(aside))
}

/// A name of the manifest as a path; none when it would lead out of the folder.
fn within(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_inside = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    is_inside.then(|| folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Store;

    struct Firm {
        folder: tempfile::TempDir,
        source: PathBuf,
        store: PathBuf,
    }

    /// A source file, and a store with nothing but its own files.
    fn firm() -> Firm {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("werkstatt.sql");
        fs::write(&source, "CREATE TABLE a (b INT);").expect("a source");
        let store = folder.path().join("hub");
        drop(Store::open(&store).expect("a store"));
        Firm {
            folder,
            source,
            store,
        }
    }

    fn backed_up(firm: &Firm, name: &str) -> PathBuf {
        let folder = firm.folder.path().join(name);
        let target = TargetPlace::Store(&firm.store);
        make(&folder, &firm.source, &[], target, |_| {}).expect("a backup is made");
        folder
    }

    #[test]
    fn what_is_backed_up_comes_back() {
        let firm = firm();
        let folder = backed_up(&firm, "backup");
        let back = firm.folder.path().join("back.sql");
        let (manifest, aside) = restore_source(&folder, &back, false).expect("it comes back");
        assert_eq!(aside, None);
        assert_eq!(digest(&back).expect("a file").1, manifest.source.sha256);
        let store = firm.folder.path().join("restored");
        let (_, summary, _) = restore_store(&folder, &store, false).expect("a store");
        let restored = HubStore::open(&store).expect("it opens");
        assert_eq!(summary_of(&restored).expect("it is read"), summary);
    }

    #[test]
    fn nothing_is_written_over() {
        let firm = firm();
        let folder = backed_up(&firm, "backup");
        let again = make(&folder, &firm.source, &[], TargetPlace::LeftOut, |_| {});
        assert!(matches!(again, Err(Error::NotEmpty(_))), "{again:?}");
        let refused = restore_source(&folder, &firm.source, false);
        assert!(matches!(refused, Err(Error::Exists(_))), "{refused:?}");
        fs::write(&firm.source, "edited since").expect("it is edited");
        let (_, aside) = restore_source(&folder, &firm.source, true).expect("it was told to");
        let aside = aside.expect("what was there is kept");
        assert_eq!(fs::read_to_string(aside).expect("a file"), "edited since");
    }

    #[test]
    fn a_byte_that_changed_is_found_before_anything_is_touched() {
        let firm = firm();
        for name in ["source/werkstatt.sql", TARGET] {
            let folder = backed_up(&firm, &format!("backup of {}", name.len()));
            let file = folder.join(name);
            let mut bytes = fs::read(&file).expect("a file");
            *bytes.last_mut().expect("bytes") ^= 1;
            fs::write(&file, bytes).expect("it is changed");
            let back = firm.folder.path().join("back.sql");
            let refused = restore_source(&folder, &back, false);
            assert!(matches!(refused, Err(Error::Changed { .. })), "{refused:?}");
            assert!(!back.exists());
        }
    }

    #[test]
    fn a_manifest_cannot_lead_out_of_its_folder() {
        let firm = firm();
        let folder = backed_up(&firm, "backup");
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).expect("the manifest");
        fs::write(
            &path,
            text.replace("source/werkstatt.sql", "../werkstatt.sql"),
        )
        .expect("it is changed");
        let refused = check(&folder);
        assert!(
            matches!(refused, Err(Error::NoManifest { .. })),
            "{refused:?}"
        );
    }
}
