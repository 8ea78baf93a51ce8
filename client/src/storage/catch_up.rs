//! What follows the store and may have fallen behind it: the lists and the catalogue.

use std::collections::BTreeMap;
use std::path::Path;

use shared::document::Document;
use shared::domain::Catalogue;
use shared::id::DocumentId;
use shared::read_model::{self, ReadModel};
use shared::store::{BranchStore, Change, StoreError, Unreadable};

use super::StartError;
use crate::records;

/// Documents read from the store at a time: some megabytes, and a transaction of the read model well under a second.
pub(super) const BATCH: usize = 1_000;

/// Why the lists could not follow. The documents are not touched by it.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatchUpError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lists(#[from] read_model::ApplyError),
    #[error(transparent)]
    Position(#[from] read_model::QueryError),
}

/// Opens the read model and brings it up to the store's feed, from nothing when it is new, damaged, of another version, or
/// ahead of a store that was restored. Documents that cannot be read are listed and passed over.
pub(super) fn open_lists(
    store: &BranchStore,
    file: &Path,
) -> Result<(ReadModel, Vec<Unreadable>), StartError> {
    let (mut lists, _) = ReadModel::open(file)?;
    match follow(store, &mut lists) {
        Ok(unreadable) => Ok((lists, unreadable)),
        Err(CatchUpError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the lists are built anew from the orders");
            drop(lists);
            remove_lists(file);
            let (mut lists, _) = ReadModel::open(file)?;
            match follow(store, &mut lists) {
                Ok(unreadable) => Ok((lists, unreadable)),
                Err(CatchUpError::Store(error)) => Err(error.into()),
                Err(error) => Err(std::io::Error::other(error).into()),
            }
        }
    }
}

fn follow(store: &BranchStore, lists: &mut ReadModel) -> Result<Vec<Unreadable>, CatchUpError> {
    if lists.position()? > store.head() {
        tracing::info!("the store was restored to an earlier state; the lists are built anew");
        lists.clear()?;
    }
    catch_up(store, lists)
}

/// Applies what the store has and the lists have not. Returns what could not be read.
pub(super) fn catch_up(
    store: &BranchStore,
    lists: &mut ReadModel,
) -> Result<Vec<Unreadable>, CatchUpError> {
    let mut position = lists.position()?;
    let mut unreadable = Vec::new();
    while position < store.head() {
        let feed = store.changes_after(position, BATCH)?;
        lists.apply(&for_lists(feed.changes), feed.position)?;
        unreadable.extend(feed.unreadable);
        if feed.position == position {
            break;
        }
        position = feed.position;
    }
    Ok(unreadable)
}

/// The store's changes as the read model takes them: each document once, in its latest state.
pub(super) fn for_lists(changes: Vec<Change>) -> Vec<read_model::Change> {
    let mut latest: BTreeMap<DocumentId, read_model::Change> = BTreeMap::new();
    for change in changes {
        latest.insert(
            change.document.id(),
            read_model::Change {
                position: change.position,
                document: change.document,
            },
        );
    }
    let mut latest: Vec<_> = latest.into_values().collect();
    latest.sort_by_key(|change| change.position);
    latest
}

/// The catalogue's documents: those listed in the record; all of the store is read when there is no record.
pub(super) fn catalogue_documents(
    store: &BranchStore,
) -> Result<BTreeMap<DocumentId, Document>, StoreError> {
    let mut documents = BTreeMap::new();
    if let Ok(Some(ids)) = store.read_record::<Vec<DocumentId>>(records::CATALOGUE) {
        for id in ids {
            match store.document(id) {
                Ok(Some(document)) => {
                    documents.insert(id, document);
                }
                Ok(None) => {}
                Err(error @ StoreError::Engine(_)) => return Err(error),
                Err(error) => tracing::warn!(%id, %error, "part of the catalogue cannot be read"),
            }
        }
        return Ok(documents);
    }
    let mut position = 0;
    loop {
        let feed = store.changes_after(position, BATCH)?;
        position = feed.position;
        let of_catalogue = feed
            .changes
            .into_iter()
            .map(|change| change.document)
            .filter(|document| Catalogue::holds_kind(document.kind().as_str()));
        documents.extend(of_catalogue.map(|document| (document.id(), document)));
        if !feed.more {
            return Ok(documents);
        }
    }
}

/// Removes the read model's files; whatever stays shows when they are opened again.
fn remove_lists(file: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a file of the lists cannot be removed");
        }
    }
}
