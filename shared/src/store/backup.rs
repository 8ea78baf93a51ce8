//! A store in one file: written while its daemon runs, checked to the last byte before anything is made of it.
//!
//! **Fuzzy and right.** A backup is read in portions, key by key, and the store goes on changing meanwhile. That does no
//! harm: each document is whole in its entry, and documents are lattices. Documents are read before the outbox, so what is
//! written in between is in the outbox, and restoring merges it in. Records are read last, so they are never behind the
//! documents. What restoring may not believe (how far the hub has been read, who this store writes as) is begun anew by
//! whoever restores: a new epoch, a new incarnation.
//!
//! **The file.** Eight bytes that name it, a version byte, then frames: a byte for what it is, the payload's length
//! (32 bits), the first 8 bytes of SHA-256 over kind, number and payload, and the payload, compressed with zstd. The first
//! frame is the [`Header`], the last a [`Summary`] with counts and a digest over every entry; after it the file ends.
//! Numbers are big endian. A backup holds keys and personal data: it is made readable for its owner only.

pub mod place;
mod remote;
mod restore;

use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::engine::{Engine, EngineError};
use super::{BranchStore, HubStore, StoreError, layout, records};
use crate::clock::UtcMillis;

pub use remote::{Answering, Ask, answer, serve_stream};
pub(super) use restore::put as put_entries;
pub use restore::{RestoreError, Restored, check, restore};

/// One entry of a store's ordered map: key and value.
pub type StoredEntry = (Vec<u8>, Vec<u8>);

/// The key under which a backup keeps a file from beside the store: `x<name>`. No store has such keys.
pub const FILE_PREFIX: u8 = b'x';

/// Entries of one portion. A store is asked for one portion at a time, and its daemon serves others in between.
const PORTION_ENTRIES: usize = 256;

/// Bytes after which a portion is full: a few milliseconds of reading.
const PORTION_BYTES: usize = 1024 * 1024;

/// A frame's payload, packed or not: a portion with one entry of the largest size on top.
const FRAME_BYTES: usize = 16 * 1024 * 1024;

const NAME: [u8; 8] = *b"OFFPBKUP";
const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;
/// zstd's own default: most of what there is to gain, at some hundred megabytes a second.
const COMPRESSION: i32 = 3;

/// Whose store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The central office's.
    Hub,
    /// A location's.
    Branch,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Whose store.
    pub kind: StoreKind,
    /// The branch's or the hub's name, for people.
    pub name: String,
    /// When it was begun.
    pub made_at: UtcMillis,
    /// The program that wrote it.
    pub software: String,
    /// The position of the feed when it was begun.
    pub position: u64,
    /// The hub's epoch, or the branch's actor.
    pub life: u64,
}

/// What is in a store or a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Documents.
    pub documents: u64,
    /// Documents with changes that the hub has not acknowledged.
    pub waiting: u64,
    /// What was set aside.
    pub set_aside: u64,
    /// Small records.
    pub records: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// SHA-256 over all entries in their order; in hexadecimal where people read it.
    #[serde(serialize_with = "write_digest")]
    pub digest: [u8; 32],
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} documents, {} of them with changes that wait for the hub, {} set aside, {} records",
            self.documents, self.waiting, self.set_aside, self.records
        )
    }
}

struct Hexadecimal<'a>(&'a [u8; 32]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

fn write_digest<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(&Hexadecimal(digest))
    } else {
        digest.serialize(serializer)
    }
}

/// Why a backup could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store, or the daemon that has it.
    #[error("the store could not be read to its end, so there is no backup: {0}")]
    Source(#[from] SourceError),
    /// The file.
    #[error(
        "the backup could not be written: {0}. Choose another place or make room; nothing else was changed"
    )]
    File(#[from] io::Error),
}

/// Why a store gave no portion.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The daemon said why it could not.
    #[error("the running daemon answers: {0}")]
    Daemon(String),
    /// The way to the daemon.
    #[error(
        "the running daemon stopped answering ({0}); try again when it runs, or when it does not"
    )]
    Line(#[from] io::Error),
}

/// Why a file is no backup that can be used. Nothing was made of it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Something else.
    #[error("this file is no backup of Offpiste")]
    NotABackup,
    /// Of a later version.
    #[error(
        "this backup has format {0}, which this version cannot read; use the program of the version that wrote it, or a later one"
    )]
    UnknownVersion(u8),
    /// Cut short.
    #[error(
        "this backup is cut short: it ends after {entries} entries without its closing part. Use another backup; this one is as it was"
    )]
    CutShort {
        /// Entries that came before.
        entries: u64,
    },
    /// A frame does not check.
    #[error(
        "this backup is damaged in part {frame}: {reason}. Use another backup; this one is as it was"
    )]
    Damaged {
        /// Which frame.
        frame: u64,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be read.
    #[error("the backup cannot be read: {0}")]
    Io(io::Error),
}

/// Whatever gives a store's entries in the order of their keys: the store itself, or the daemon that has it open.
pub trait Source {
    /// Who it is and how far its feed goes at this moment.
    ///
    /// # Errors
    /// [`SourceError`].
    fn header(&mut self) -> Result<Header, SourceError>;

    /// The next entries after a key, bounded in number and bytes; none when there are no more.
    ///
    /// # Errors
    /// [`SourceError`].
    fn entries_after(&mut self, key: &[u8]) -> Result<Vec<StoredEntry>, SourceError>;
}

/// Writes a whole backup. `beside` are files that belong to the store, by name; `report` is told after each portion how many
/// documents are written.
///
/// # Errors
/// [`BackupError`]; what was written until then is no backup.
pub fn write(
    source: &mut dyn Source,
    beside: &[(&str, Vec<u8>)],
    file: impl Write,
    mut report: impl FnMut(u64),
) -> Result<(Header, Summary), BackupError> {
    let header = source.header()?;
    let mut writer = Writer::begin(file, &header)?;
    let mut after = Vec::new();
    loop {
        let mut entries = source.entries_after(&after)?;
        let Some((last, _)) = entries.last() else {
            break;
        };
        after.clone_from(last);
        if after.first() == Some(&layout::FEED) {
            // Feed entries are made again from the documents, so the rest of them need not be read.
            after = vec![layout::FEED + 1];
        }
        entries.retain(|(key, _)| key.first().copied().is_some_and(is_backed_up));
        writer.add(&entries)?;
        report(writer.summary.documents);
    }
    let files: Vec<StoredEntry> = beside
        .iter()
        .map(|(name, content)| (layout::key(FILE_PREFIX, name.as_bytes()), content.clone()))
        .collect();
    writer.add(&files)?;
    let summary = writer.finish()?;
    Ok((header, summary))
}

/// What a restored store cannot be without. Feed entries, and whatever else a store may keep to be faster, it makes again.
fn is_backed_up(prefix: u8) -> bool {
    [
        layout::DOCUMENT,
        layout::OUTBOX,
        layout::QUARANTINE,
        layout::RECORD,
    ]
    .contains(&prefix)
}

/// The entries after a key as a source gives them.
pub(super) fn portion(engine: &dyn Engine, key: &[u8]) -> Result<Vec<StoredEntry>, EngineError> {
    let mut from = key.to_vec();
    // The least key above another is the same with a zero byte behind it.
    from.push(0);
    let mut entries = engine.range(&from, &[u8::MAX], PORTION_ENTRIES)?;
    let mut bytes = 0;
    let full = entries.iter().position(|(key, value)| {
        bytes += key.len() + value.len();
        bytes > PORTION_BYTES
    });
    if let Some(full) = full {
        entries.truncate(full.max(1));
    }
    Ok(entries)
}

/// A store in this process as a [`Source`].
pub struct Here<'a, S> {
    store: &'a S,
    header: Header,
}

impl<'a, S> Here<'a, S> {
    /// `header` as it is now.
    pub const fn new(store: &'a S, header: Header) -> Self {
        Self { store, header }
    }
}

impl Source for Here<'_, BranchStore> {
    fn header(&mut self) -> Result<Header, SourceError> {
        self.header.position = self.store.head();
        Ok(self.header.clone())
    }

    fn entries_after(&mut self, key: &[u8]) -> Result<Vec<StoredEntry>, SourceError> {
        Ok(self.store.entries_after(key)?)
    }
}

impl Source for Here<'_, HubStore> {
    fn header(&mut self) -> Result<Header, SourceError> {
        self.header.position = self.store.head();
        Ok(self.header.clone())
    }

    fn entries_after(&mut self, key: &[u8]) -> Result<Vec<StoredEntry>, SourceError> {
        Ok(self.store.entries_after(key)?)
    }
}

impl BranchStore {
    /// Entries after a key, in the order of their keys; none when there are no more. For backups.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn entries_after(&self, key: &[u8]) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(portion(self.engine(), key)?)
    }
}

struct Writer<W> {
    file: W,
    frames: u64,
    summary: Summary,
    digest: Sha256,
}

impl<W: Write> Writer<W> {
    fn begin(mut file: W, header: &Header) -> io::Result<Self> {
        file.write_all(&NAME)?;
        file.write_all(&[VERSION])?;
        let mut writer = Self {
            file,
            frames: 0,
            summary: Summary::default(),
            digest: Sha256::new(),
        };
        writer.frame(FrameKind::Header, &records::encode(header))?;
        Ok(writer)
    }

    fn add(&mut self, entries: &[StoredEntry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        count(&mut self.summary, &mut self.digest, entries);
        self.frame(FrameKind::Entries, &encode_entries(entries))
    }

    fn finish(mut self) -> io::Result<Summary> {
        self.summary.digest = self.digest.finalize_reset().into();
        let summary = records::encode(&self.summary);
        self.frame(FrameKind::Summary, &summary)?;
        self.file.flush()?;
        Ok(self.summary)
    }

    fn frame(&mut self, kind: FrameKind, plain: &[u8]) -> io::Result<()> {
        let payload = zstd::bulk::compress(plain, COMPRESSION)?;
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        self.file.write_all(&[kind as u8])?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file
            .write_all(&frame_check(kind as u8, self.frames, &payload))?;
        self.file.write_all(&payload)?;
        self.frames += 1;
        Ok(())
    }
}

/// A backup that is being read. What came before an error may not be used: only when the last entry was followed by
/// the right summary is it a backup.
pub struct Reader<R> {
    file: R,
    frames: u64,
    entries: u64,
    header: Header,
    found: Summary,
    digest: Sha256,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open(mut file: R) -> Result<Self, ReadError> {
        let mut name = [0; NAME.len() + 1];
        file.read_exact(&mut name)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ReadError::NotABackup,
                _ => ReadError::Io(error),
            })?;
        if name[..NAME.len()] != NAME {
            return Err(ReadError::NotABackup);
        }
        if name[NAME.len()] != VERSION {
            return Err(ReadError::UnknownVersion(name[NAME.len()]));
        }
        let (mut frames, entries) = (0, 0);
        let (kind, plain) = read_frame(&mut file, &mut frames, entries)?;
        if kind != FrameKind::Header as u8 {
            return Err(damaged(0, "it does not begin with its header"));
        }
        let header = records::decode(&plain).map_err(|reason| damaged(0, reason))?;
        Ok(Self {
            file,
            frames,
            entries,
            header,
            found: Summary::default(),
            digest: Sha256::new(),
        })
    }

    /// What the backup says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The next entries; none at the end, when counts and digest were right and nothing follows.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn next_entries(&mut self) -> Result<Option<Vec<StoredEntry>>, ReadError> {
        let (kind, plain) = read_frame(&mut self.file, &mut self.frames, self.entries)?;
        let number = self.frames - 1;
        if kind == FrameKind::Entries as u8 {
            let entries = decode_entries(&plain)
                .ok_or_else(|| damaged(number, "its entries cannot be told apart"))?;
            count(&mut self.found, &mut self.digest, &entries);
            self.entries += entries.len() as u64;
            return Ok(Some(entries));
        }
        if kind != FrameKind::Summary as u8 {
            return Err(damaged(number, "its kind is not known"));
        }
        self.found.digest = self.digest.finalize_reset().into();
        let said: Summary = records::decode(&plain).map_err(|reason| damaged(number, reason))?;
        if said != self.found {
            return Err(damaged(
                number,
                "its counts or its digest are not those of what came before",
            ));
        }
        let mut more = [0];
        match self.file.read(&mut more) {
            Ok(0) => Ok(None),
            Ok(_) => Err(damaged(number, "something follows its end")),
            Err(error) => Err(ReadError::Io(error)),
        }
    }

    /// What was found so far; at the end, with the digest.
    pub const fn summary(&self) -> &Summary {
        &self.found
    }
}

#[derive(Clone, Copy)]
enum FrameKind {
    Header = 1,
    Entries = 2,
    Summary = 3,
}

fn read_frame(
    file: &mut impl Read,
    frames: &mut u64,
    entries: u64,
) -> Result<(u8, Vec<u8>), ReadError> {
    let cut_or_failed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::CutShort { entries },
        _ => ReadError::Io(error),
    };
    let mut head = [0; 1 + 4 + CHECK_BYTES];
    file.read_exact(&mut head).map_err(cut_or_failed)?;
    let [kind, a, b, c, d, check @ ..] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > FRAME_BYTES {
        return Err(damaged(*frames, "it is longer than any part may be"));
    }
    let mut payload = vec![0; length];
    file.read_exact(&mut payload).map_err(cut_or_failed)?;
    if frame_check(kind, *frames, &payload) != check {
        return Err(damaged(*frames, "its checksum is wrong"));
    }
    let plain = zstd::bulk::decompress(&payload, FRAME_BYTES)
        .map_err(|error| damaged(*frames, error.to_string()))?;
    *frames += 1;
    Ok((kind, plain))
}

fn frame_check(kind: u8, number: u64, payload: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new()
        .chain_update([kind])
        .chain_update(number.to_be_bytes())
        .chain_update(payload)
        .finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

fn damaged(frame: u64, reason: impl Into<String>) -> ReadError {
    ReadError::Damaged {
        frame,
        reason: reason.into(),
    }
}

fn count(summary: &mut Summary, digest: &mut Sha256, entries: &[StoredEntry]) {
    for (key, value) in entries {
        match key.first() {
            Some(&layout::DOCUMENT) => summary.documents += 1,
            Some(&layout::OUTBOX) => summary.waiting += 1,
            Some(&layout::QUARANTINE) => summary.set_aside += 1,
            Some(&layout::RECORD) => summary.records += 1,
            _ => {}
        }
        summary.bytes += (key.len() + value.len()) as u64;
        for part in [key, value] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
}

/// Each key and each value after its length (32 bits).
pub(super) fn encode_entries(entries: &[StoredEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in entries.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).expect("keys and values are bounded far below 4 GB");
        bytes.extend(length.to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

pub(super) fn decode_entries(mut bytes: &[u8]) -> Option<Vec<StoredEntry>> {
    fn part(bytes: &mut &[u8]) -> Option<Vec<u8>> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        Some(part.to_vec())
    }
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        entries.push((part(&mut bytes)?, part(&mut bytes)?));
    }
    Some(entries)
}

#[cfg(test)]
pub(super) mod tests;
