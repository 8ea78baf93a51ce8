//! A store made from the files of a damaged one, without the engine: it refuses files that are cut short or have bytes
//! flipped, and some it does not survive. The damaged files are only read.
//!
//! What can be read is in two places: the messages of the database file that still check (`scan.rs`), and the journal. A document is in many of them, once for each change; the one with the highest place
//! in the feed is the latest. What is known to have been there and cannot be read is named in the [`RepairReport`].

mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::StoreError;
use super::backup::{StoredEntry, put_entries};
use super::engine::{Engine, EngineError, Write};
use super::journal;
use super::layout;
use super::sled_engine::{self, SledEngine};
use super::stored::Stored;
use crate::id::DocumentId;

use scan::Scanned;
#[cfg(test)]
pub(super) use scan::scan;

/// What was found in the files of a damaged store, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// Documents in the repaired store, in the state of their latest change.
    pub documents: u64,
    /// Documents in the repaired store in an earlier state: their latest change cannot be read.
    pub outdated: Vec<DocumentId>,
    /// Documents that the feed names and of which nothing can be read.
    pub lost: Vec<DocumentId>,
    /// Documents whose bytes are no document that this version can read. They are in the repaired store as they are.
    pub unreadable: Vec<DocumentId>,
    /// Documents with changes that wait for the hub.
    pub waiting: u64,
    /// Small records.
    pub records: u64,
    /// Stretches of the files that hold nothing readable where something was.
    pub damaged_stretches: u64,
    /// Bytes of them.
    pub damaged_bytes: u64,
    /// Batches that the journal had and the database file had not.
    pub from_journal: u64,
    /// Batches that neither has: what they changed is in the repaired store as it was before them.
    pub missing_batches: u64,
}

impl RepairReport {
    /// Whether everything that is known to have been there was read.
    pub fn is_complete(&self) -> bool {
        self.outdated.is_empty()
            && self.lost.is_empty()
            && self.unreadable.is_empty()
            && self.missing_batches == 0
    }
}

impl fmt::Display for RepairReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "read: {} documents, {} with changes that wait for the hub, {} records; {} changes came from the journal",
            self.documents, self.waiting, self.records, self.from_journal
        )?;
        if self.damaged_stretches > 0 {
            write!(
                out,
                "\ndamaged: {} stretches, {} bytes in all; what they held is not known beyond this list",
                self.damaged_stretches, self.damaged_bytes
            )?;
        }
        let kinds = [
            (
                "as of an earlier change, the latest cannot be read",
                &self.outdated,
            ),
            ("not readable at all", &self.lost),
            (
                "kept as it is, not readable by this version",
                &self.unreadable,
            ),
        ];
        for (what, ids) in kinds {
            for id in ids {
                write!(out, "\ndocument {id}: {what}")?;
            }
        }
        if self.missing_batches > 0 {
            write!(
                out,
                "\nmissing: {} changes in a row that neither the store nor its journal has any more",
                self.missing_batches
            )?;
        }
        if self.is_complete() {
            write!(
                out,
                "\neverything that is known to have been there was read"
            )?;
        }
        Ok(())
    }
}

/// Why nothing was repaired. The damaged files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The files cannot even be looked at.
    #[error(
        "the store's files cannot be read at all: {0}. Look at the disk; restore a backup, or join again as a new machine"
    )]
    Io(#[from] std::io::Error),
    /// Nothing of a store in them.
    #[error(
        "nothing of a store is left in these files. They stay as they are: restore a backup, or join again as a new machine"
    )]
    Nothing,
    /// A daemon has them open.
    #[error("a running daemon has this store open; stop it first")]
    Held,
    /// The repaired store.
    #[error(
        "the repaired store cannot be written: {0}. Make room and try again; the damaged files are as they were"
    )]
    Engine(#[from] EngineError),
}

/// Reads what can be read of the store in `damaged`, and makes a store of it in the empty directory `repaired`. Durable on
/// return. Whoever repairs gives it a new incarnation or epoch before anybody writes to it.
///
/// # Errors
/// [`RepairError`].
pub fn repair(damaged: &Path, repaired: &Path) -> Result<RepairReport, RepairError> {
    let found = read_files(damaged)?;
    if found.entries.is_empty() {
        return Err(RepairError::Nothing);
    }
    let report = found.report();
    let engine = SledEngine::open(repaired)?;
    let mut portion: Vec<StoredEntry> = Vec::new();
    for (key, value) in found.entries {
        // Places in the feed are made again from the documents.
        if key.first() == Some(&layout::FEED) {
            continue;
        }
        portion.push((key, value));
        if portion.len() == PORTION {
            put_entries(&engine, std::mem::take(&mut portion))?;
        }
    }
    put_entries(&engine, portion)?;
    engine.persist()?;
    Ok(report)
}

/// Entries written at a time.
const PORTION: usize = 256;

struct Found {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Documents that were there and are not found.
    nowhere: BTreeSet<DocumentId>,
    damaged_stretches: u64,
    damaged_bytes: u64,
    from_journal: u64,
    missing_batches: u64,
}

fn read_files(directory: &Path) -> Result<Found, RepairError> {
    let Scanned {
        mut entries,
        mut documents,
        settled,
        damaged_stretches,
        damaged_bytes,
    } = scan::scan_directory(directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => RepairError::Held,
        _ => RepairError::Io(error),
    })?;
    let mut batches: BTreeMap<u64, Vec<Write>> = BTreeMap::new();
    let mut from_journal = 0;
    for frame in journal::every_frame(directory)? {
        if frame.sequence > settled
            && let Some(batch) = sled_engine::decode(&frame.payload)
        {
            from_journal += 1;
            batches.insert(frame.sequence, batch);
        }
    }
    let mut missing_batches = 0;
    let mut last = settled;
    for sequence in batches.keys() {
        missing_batches += sequence.saturating_sub(last + 1);
        last = (*sequence).max(last);
    }
    for write in batches.into_values().flatten() {
        match write {
            Write::Put(key, value) => scan::keep_latest(&mut entries, key, value),
            Write::Remove(key) => {
                entries.remove(&key);
                documents.remove(&key);
            }
        }
    }
    documents.retain(|key| !entries.contains_key(key));
    let nowhere = documents
        .iter()
        .filter_map(|key| layout::id_from(&key[1..]));
    Ok(Found {
        nowhere: nowhere.collect(),
        entries,
        damaged_stretches,
        damaged_bytes,
        from_journal,
        missing_batches,
    })
}

impl Found {
    fn report(&self) -> RepairReport {
        let mut nowhere = self.nowhere.clone();
        let mut report = RepairReport {
            damaged_stretches: self.damaged_stretches,
            damaged_bytes: self.damaged_bytes,
            from_journal: self.from_journal,
            missing_batches: self.missing_batches,
            ..RepairReport::default()
        };
        for (key, value) in &self.entries {
            match key.split_first() {
                Some((&layout::DOCUMENT, id)) => match layout::id_from(id) {
                    Some(id) if is_readable(id, value) => report.documents += 1,
                    Some(id) => report.unreadable.push(id),
                    None => {}
                },
                Some((&layout::FEED, position)) => {
                    if let (Some((position, _)), Some(id)) =
                        (layout::split_u64(position), layout::id_from(value))
                    {
                        self.compare(position, id, &mut report);
                        nowhere.remove(&id);
                    }
                }
                Some((&layout::OUTBOX, _)) => report.waiting += 1,
                Some((&layout::RECORD, _)) => report.records += 1,
                _ => {}
            }
        }
        report.documents -= report.outdated.len() as u64;
        report.lost.extend(nowhere);
        report
    }

    /// The feed says where a document's latest change stands.
    fn compare(&self, position: u64, id: DocumentId, report: &mut RepairReport) {
        let stored = self.entries.get(&layout::document_key(id));
        let at = stored.and_then(|value| Some(layout::split_u64(value)?.0));
        match at {
            None => report.lost.push(id),
            Some(at) if at < position => report.outdated.push(id),
            Some(_) => {}
        }
    }
}

fn is_readable(id: DocumentId, value: &[u8]) -> bool {
    Stored::split(id, value)
        .and_then(|stored| stored.document(id))
        .is_ok()
}

impl StoreError {
    /// Whether the files are damaged, so that `repair` is what helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_damage(),
            _ => false,
        }
    }
}

impl EngineError {
    /// Whether the files are damaged, so that `repair` is what helps.
    pub fn is_damage(&self) -> bool {
        use std::io::ErrorKind::{InvalidData, Other, UnexpectedEof};
        match self {
            Self::Sled(sled::Error::Io(error)) | Self::Io(error) => {
                matches!(error.kind(), InvalidData | Other | UnexpectedEof)
            }
            // Its own configuration file damaged reads as one of another version to it.
            Self::Sled(_) | Self::Damaged(_) => true,
            Self::Held | Self::OtherFormat { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
