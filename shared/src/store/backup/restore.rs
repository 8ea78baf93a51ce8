//! A store made from a backup.

use std::io::Read;
use std::path::Path;

use super::super::engine::{Engine, EngineError, Write};
use super::super::layout;
use super::super::sled_engine::SledEngine;
use super::{FILE_PREFIX, Header, ReadError, Reader, StoredEntry, Summary};

/// Bytes of one batch of a store in the making: well below what the engine would move into a file of its own.
const BATCH_BYTES: usize = 128 * 1024;

/// What came out of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub header: Header,
    /// What was in it.
    pub summary: Summary,
    /// Files that lay beside the store, by name.
    pub beside: Vec<(String, Vec<u8>)>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The new store.
    #[error(
        "the restored store cannot be written: {0}. Make room or choose another directory; the backup is as it was"
    )]
    Engine(#[from] EngineError),
}

/// Reads a backup to its end and says what is in it.
///
/// # Errors
/// [`ReadError`].
pub fn check(file: impl Read) -> Result<(Header, Summary), ReadError> {
    let mut reader = Reader::open(file)?;
    while reader.next_entries()?.is_some() {}
    Ok((reader.header().clone(), reader.summary().clone()))
}

/// Makes a store in an empty directory. Durable on return.
///
/// The store is as it was backed up; whoever restores gives it a new incarnation or epoch before anybody writes to it.
///
/// # Errors
/// [`RestoreError`]; what is in the directory then is no store to be used.
pub fn restore(file: impl Read, directory: &Path) -> Result<Restored, RestoreError> {
    let mut reader = Reader::open(file)?;
    let engine = SledEngine::open(directory)?;
    let mut beside = Vec::new();
    while let Some(entries) = reader.next_entries()? {
        beside.extend(take_files(&entries));
        put(&engine, entries)?;
    }
    engine.persist()?;
    Ok(Restored {
        header: reader.header().clone(),
        summary: reader.summary().clone(),
        beside,
    })
}

/// Stores entries, and for documents their place in the feed.
pub(in super::super) fn put(
    engine: &dyn Engine,
    entries: Vec<StoredEntry>,
) -> Result<(), EngineError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for (key, value) in entries {
        bytes += value.len();
        if bytes > BATCH_BYTES {
            engine.apply(&std::mem::take(&mut batch))?;
            bytes = value.len();
        }
        match key.split_first() {
            Some((&FILE_PREFIX, _)) | None => continue,
            Some((&layout::DOCUMENT, id)) => {
                // A document that cannot be read keeps its place in the feed too, or nobody would ever hear of it.
                if let Some((position, _)) = layout::split_u64(&value) {
                    batch.push(Write::Put(layout::feed_key(position), id.to_vec()));
                }
            }
            Some(_) => {}
        }
        batch.push(Write::Put(key, value));
    }
    engine.apply(&batch)?;
    engine.persist()
}

fn take_files(entries: &[StoredEntry]) -> Vec<(String, Vec<u8>)> {
    entries
        .iter()
        .filter_map(|(key, value)| match key.split_first() {
            Some((&FILE_PREFIX, name)) => {
                Some((String::from_utf8_lossy(name).into_owned(), value.clone()))
            }
            _ => None,
        })
        .collect()
}
