//! Holding the rows against the documents once after a start, bit by bit.
//!
//! Digests are read from the rows, so the rows must be of what is really there: a disk that changes a document, or loses one,
//! would otherwise go on being proven equal to the other side. What is found is put right here: a row of another state is
//! derived anew, and a document that the store has lost leaves the lists, so that the digest shows what has to come back.

use std::collections::BTreeSet;

use super::{ApplyError, QueryError, ReadModel};
use crate::id::DocumentId;
use crate::store::{Feed, Unreadable};

/// A walk over a store's feed, up to where it ended when the walk began.
#[derive(Clone, Debug)]
pub struct Check {
    checked_up_to: u64,
    until: u64,
    /// What the store has; let go of in the end.
    seen: BTreeSet<DocumentId>,
    unreadable: Vec<Unreadable>,
}

/// What a check has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Documents whose rows were of another state than the store's.
    pub stale: u64,
    /// Documents that the lists had and the store has not.
    pub lost: u64,
}

/// A part could not be checked. Nothing was changed by it; the rest of the check may go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The rows could not be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// What was wrong could not be put right.
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

impl Check {
    /// Of a store whose feed ends at `head`. Rows up to there must have been applied.
    pub const fn up_to(head: u64) -> Self {
        Self {
            checked_up_to: 0,
            until: head,
            seen: BTreeSet::new(),
            unreadable: Vec::new(),
        }
    }

    /// The position after which the next part of the feed is wanted; `None` when all has been checked.
    pub fn wants_after(&self) -> Option<u64> {
        (self.checked_up_to < self.until).then_some(self.checked_up_to)
    }

    /// A document came or changed since the check began: it is there, and the rows follow it.
    pub fn note(&mut self, id: DocumentId) {
        if self.wants_after().is_some() {
            self.seen.insert(id);
        }
    }

    /// Documents met so far that this version cannot read.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Checks the part of the feed that [`Self::wants_after`] asked for, and puts right what is wrong.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn advance(&mut self, feed: Feed, lists: &mut ReadModel) -> Result<Corrected, CheckError> {
        let mut stale = Vec::new();
        for change in feed.changes {
            let id = change.document.id();
            self.seen.insert(id);
            let is_old = change.position <= self.until;
            if is_old && lists.state_hash(id)? != Some(change.document.state_hash()) {
                stale.push(change);
            }
        }
        if !stale.is_empty() {
            lists.apply_again(&stale)?;
        }
        self.seen.extend(feed.unreadable.iter().map(|one| one.id));
        self.unreadable.extend(feed.unreadable);
        self.checked_up_to = if feed.more { feed.position } else { self.until };
        let lost = if self.wants_after().is_none() {
            self.forget_lost(lists)?
        } else {
            0
        };
        Ok(Corrected {
            stale: stale.len() as u64,
            lost,
        })
    }

    fn forget_lost(&mut self, lists: &mut ReadModel) -> Result<u64, CheckError> {
        let seen = std::mem::take(&mut self.seen);
        if lists.documents_held()? <= seen.len() as u64 {
            return Ok(0);
        }
        let lost = lists.documents_except(&seen)?;
        lists.forget(&lost)?;
        Ok(lost.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UtcMillis;
    use crate::document::{Change as Write, Field, Kind};
    use crate::id::{Actor, BranchId, ReplicaNumber};
    use crate::store::BranchStore;

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
        follow(&store, &mut lists);
        (store, lists)
    }

    fn follow(store: &BranchStore, lists: &mut ReadModel) {
        let feed = store.changes_after(0, 100).expect("in memory");
        lists
            .apply(&feed.changes, feed.position)
            .expect("in memory");
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

    /// One document at a time.
    fn finish(check: &mut Check, store: &BranchStore, lists: &mut ReadModel) -> Corrected {
        let mut corrected = Corrected::default();
        while let Some(position) = check.wants_after() {
            let feed = store.changes_after(position, 1).expect("in memory");
            let part = check.advance(feed, lists).expect("in memory");
            corrected.stale += part.stale;
            corrected.lost += part.lost;
        }
        corrected
    }

    #[test]
    fn what_is_not_as_the_store_has_it_is_put_right() {
        let (store, mut lists) = store_with_lists();
        let digest = lists.scope_digest(chur()).expect("in memory");
        let mut check = Check::up_to(store.head());
        let corrected = finish(&mut check, &store, &mut lists);
        assert_eq!(corrected, Corrected::default());

        smuggle(&mut lists, "order/b");
        smuggle(&mut lists, "order/lost");
        assert_ne!(lists.scope_digest(chur()).expect("in memory"), digest);
        let mut check = Check::up_to(store.head());
        let corrected = finish(&mut check, &store, &mut lists);
        assert_eq!(corrected, Corrected { stale: 1, lost: 1 });
        assert_eq!(lists.scope_digest(chur()).expect("in memory"), digest);
        assert_eq!(lists.documents_held().expect("in memory"), 3);
    }

    #[test]
    fn what_is_written_during_the_check_is_not_taken_for_lost() {
        let (mut store, mut lists) = store_with_lists();
        let mut check = Check::up_to(store.head());
        for name in ["order/new", "order/a"] {
            let id = DocumentId::named(name);
            write(&mut store, id, "done");
            check.note(id);
        }
        follow(&store, &mut lists);
        let corrected = finish(&mut check, &store, &mut lists);
        assert_eq!(corrected, Corrected::default());
    }
}
