//! What follows the store and may have fallen behind it: the lists and the catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use shared::document::Document;
use shared::domain::Catalogue;
use shared::id::DocumentId;
use shared::read_model::{self, ReadModel};
use shared::store::{BranchStore, Change, StoreError, Unreadable};

use super::StartError;
use crate::records;

/// Documents read from the store at a time: some megabytes, and a transaction of the read model well under a second.
const BATCH: usize = 1_000;

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

/// Holding the lists against the store once after a start, bit by bit, so that the counter need not wait for it. The digest
/// that proves this branch to be the hub's equal is read from the lists, so they must be of what is really there.
pub(super) struct Check {
    /// Documents up to this position of the feed are checked; later ones go into the lists as they come.
    checked_up_to: u64,
    until: u64,
    /// What the store has; let go of in the end.
    seen: BTreeSet<DocumentId>,
    unreadable: Vec<Unreadable>,
}

/// What a check has come to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// More is to be checked.
    InPart,
    /// All is as it should be, or was made so.
    Whole,
    /// The lists have documents that the store has not: it lost them. The lists must be built anew, so that the digest
    /// shows what the hub has to bring back.
    StoreLost(u64),
}

impl Check {
    pub(super) fn over(store: &BranchStore) -> Self {
        Self {
            checked_up_to: 0,
            until: store.head(),
            seen: BTreeSet::new(),
            unreadable: Vec::new(),
        }
    }

    /// A document came or changed.
    pub(super) fn note(&mut self, id: DocumentId) {
        if !self.is_complete() {
            self.seen.insert(id);
        }
    }

    /// Documents met so far that this version cannot read.
    pub(super) fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Checks the next batch, and derives anew what is not as the store has it. The lists must be up to date with the store.
    pub(super) fn advance(
        &mut self,
        store: &BranchStore,
        lists: &mut ReadModel,
    ) -> Result<Checked, CatchUpError> {
        if self.is_complete() {
            return Ok(Checked::Whole);
        }
        let feed = store.changes_after(self.checked_up_to, BATCH)?;
        let mut stale = Vec::new();
        for change in feed.changes {
            let id = change.document.id();
            self.seen.insert(id);
            if lists.state_hash(id)? != Some(change.document.state_hash()) {
                tracing::error!(%id, "the lists showed another state than the store has; they are corrected");
                stale.push(change);
            }
        }
        if !stale.is_empty() {
            lists.apply_again(&for_lists(stale))?;
        }
        self.seen.extend(feed.unreadable.iter().map(|one| one.id));
        self.unreadable.extend(feed.unreadable);
        self.checked_up_to = if feed.more { feed.position } else { self.until };
        if !self.is_complete() {
            return Ok(Checked::InPart);
        }
        let seen = std::mem::take(&mut self.seen).len() as u64;
        let lost = lists.documents_held()?.saturating_sub(seen);
        Ok(if lost == 0 {
            Checked::Whole
        } else {
            Checked::StoreLost(lost)
        })
    }

    const fn is_complete(&self) -> bool {
        self.checked_up_to >= self.until
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

#[cfg(test)]
mod tests {
    use shared::clock::UtcMillis;
    use shared::document::{Change as Write, Field, Kind};
    use shared::id::{Actor, BranchId, ReplicaNumber};

    use super::*;

    fn chur() -> BranchId {
        BranchId(DocumentId::named("branch/chur"))
    }

    /// A store with three orders of Chur, and lists that show them.
    fn store_with_lists() -> (BranchStore, ReadModel) {
        let mut store = BranchStore::in_memory();
        let actor = Actor::new(ReplicaNumber(7), 1);
        store.assume_identity(actor).expect("in memory");
        let mut lists = ReadModel::open_in_memory().expect("in memory");
        for name in ["order/a", "order/b", "order/c"] {
            write(&mut store, DocumentId::named(name), "open");
        }
        catch_up(&store, &mut lists).expect("in memory");
        (store, lists)
    }

    fn write(store: &mut BranchStore, id: DocumentId, status: &str) {
        let now = UtcMillis(1_795_161_600_000);
        let mut authoring = store.author(None, now).expect("it has an identity");
        let known = store.document(id).expect("in memory");
        let mut change = match &known {
            Some(known) => Write::of(known),
            None => Write::create(id, Kind::known("order")),
        };
        change.set(&mut authoring, Field::known("branch/home"), chur());
        change.set(&mut authoring, Field::known("status"), status);
        store
            .commit(&[change.finish()], &authoring, now, &[])
            .expect("in memory");
    }

    /// Another store's document in the lists, as if it were this one's.
    fn smuggle(lists: &mut ReadModel, id: &str) {
        let mut other = BranchStore::in_memory();
        let actor = Actor::new(ReplicaNumber(8), 1);
        other.assume_identity(actor).expect("in memory");
        write(&mut other, DocumentId::named(id), "done");
        let mut feed = other.changes_after(0, 1).expect("in memory");
        feed.changes[0].position = 1_000;
        lists.apply(&feed.changes, 0).expect("in memory");
    }

    fn check(store: &BranchStore, lists: &mut ReadModel) -> Checked {
        let mut check = Check::over(store);
        loop {
            let checked = check.advance(store, lists).expect("in memory");
            if checked != Checked::InPart {
                return checked;
            }
        }
    }

    #[test]
    fn lists_that_show_another_state_than_the_store_are_corrected() {
        let (store, mut lists) = store_with_lists();
        let digest = lists.scope_digest(chur()).expect("in memory");
        assert_eq!(check(&store, &mut lists), Checked::Whole);
        assert_eq!(lists.scope_digest(chur()).expect("in memory"), digest);

        smuggle(&mut lists, "order/b");
        assert_ne!(lists.scope_digest(chur()).expect("in memory"), digest);
        assert_eq!(check(&store, &mut lists), Checked::Whole);
        assert_eq!(lists.scope_digest(chur()).expect("in memory"), digest);
    }

    #[test]
    fn documents_that_the_store_has_lost_are_missed() {
        let (store, mut lists) = store_with_lists();
        smuggle(&mut lists, "order/lost");
        assert_eq!(check(&store, &mut lists), Checked::StoreLost(1));
    }

    #[test]
    fn what_is_written_during_the_check_is_not_taken_for_lost() {
        let (mut store, mut lists) = store_with_lists();
        let mut check = Check::over(&store);
        let id = DocumentId::named("order/new");
        write(&mut store, id, "open");
        check.note(id);
        catch_up(&store, &mut lists).expect("in memory");
        let checked = check.advance(&store, &mut lists).expect("in memory");
        assert_eq!(checked, Checked::Whole);
    }
}
