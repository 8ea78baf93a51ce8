//! What each branch's scope comes to, kept as documents change.
//!
//! **Reading a digest costs the same whatever a branch holds; keeping it costs what changes.** A pair of branch and document
//! counts exactly while it is current. Before a batch touches a document, what it counted is put down; at the batch's end the
//! difference goes into the sums, in the batch's own transaction.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::scope::ScopeRow;
use super::sql::{self, Blob, blob};
use super::{EVERYONE, QueryError, Reader};
use crate::id::{BranchId, DocumentId};
use crate::sync::reconcile::{Inventory, Item, KeyRange};
use crate::sync::{ScopeDigest, ScopeSum};

/// Stands for everything that is held, in scope or not. No branch has this id: ids are UUIDs, and this is none.
const WHOLE: Blob = [0xff; 16];

impl Reader {
    /// The digest of what a branch holds when it is up to date: its own documents and those for [`EVERYONE`]. It follows
    /// from the documents alone, so a branch and the hub that hold the same ones get the same. True for [`Reader::position`].
    pub fn scope_digest(&self, branch: BranchId) -> Result<ScopeDigest, QueryError> {
        Ok(self.scope_sum(branch)?.finish())
    }

    /// The digest of a branch's scope as it was at a feed position; `None` when the scope has changed since, or the read model
    /// has not come that far.
    pub fn scope_digest_at(
        &self,
        branch: BranchId,
        position: u64,
    ) -> Result<Option<ScopeDigest>, QueryError> {
        // One snapshot, or a batch could fall between the questions.
        let _snapshot = self.connection.unchecked_transaction()?;
        let head = self.position()?;
        let is_so = head == position
            || head > position && self.changes_in_scope(branch, position, 1)?.is_empty();
        is_so.then(|| self.scope_digest(branch)).transpose()
    }

    /// How many documents a branch holds when it is up to date.
    pub fn scope_size(&self, branch: BranchId) -> Result<u64, QueryError> {
        Ok(self.scope_sum(branch)?.documents())
    }

    /// How many documents are held, of all kinds and for whomever.
    pub fn documents_held(&self) -> Result<u64, QueryError> {
        Ok(read_sum(&mut self.connection.prepare_cached(SUM)?, WHOLE)?.documents())
    }

    /// The state hash of a document as it was last applied; `None` when none was.
    pub fn state_hash(&self, id: DocumentId) -> Result<Option<[u8; 16]>, QueryError> {
        let mut statement = self.connection.prepare_cached(STATE)?;
        Ok(statement
            .query_row([blob(id)], |row| row.get(0))
            .optional()?)
    }

    /// What is held beside these.
    pub(super) fn documents_except(
        &self,
        known: &BTreeSet<DocumentId>,
    ) -> Result<Vec<DocumentId>, QueryError> {
        const ALL: &str = "SELECT id FROM documents";
        let mut statement = self.connection.prepare_cached(ALL)?;
        let rows = statement.query_map([], |row| Ok(sql::id(row.get(0)?)))?;
        let others = rows.filter(|id| id.as_ref().map_or(true, |id| !known.contains(id)));
        Ok(others.collect::<Result<_, _>>()?)
    }

    /// A branch's scope, item by item, for finding out where two sides differ.
    pub const fn inventory(&self, branch: BranchId) -> ScopeInventory<'_> {
        ScopeInventory {
            reader: self,
            branch,
        }
    }

    fn scope_sum(&self, branch: BranchId) -> Result<ScopeSum, QueryError> {
        let mut statement = self.connection.prepare_cached(SUM)?;
        let mut sum = read_sum(&mut statement, blob(EVERYONE))?;
        if branch != EVERYONE {
            sum.add_all(&read_sum(&mut statement, blob(branch))?);
        }
        Ok(sum)
    }
}

/// A branch's scope as [`Inventory`]: what is current for it and for everyone.
#[derive(Clone, Copy, Debug)]
pub struct ScopeInventory<'a> {
    reader: &'a Reader,
    branch: BranchId,
}

pub(super) const ITEMS: &str = "
    SELECT s.document, d.state FROM scope s JOIN documents d ON d.id = s.document
    WHERE s.branch = ?1 AND s.document BETWEEN ?2 AND ?3 AND s.current = 1
    ORDER BY s.document";

impl Inventory for ScopeInventory<'_> {
    type Error = QueryError;

    fn visit(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let mut statement = self.reader.connection.prepare_cached(ITEMS)?;
        let item = |row: &rusqlite::Row<'_>| {
            Ok(Item {
                id: sql::id(row.get(0)?),
                state_hash: row.get(1)?,
            })
        };
        let bounds = |branch: BranchId| params_of(branch, range);
        // What is for everyone is the catalogue: some hundreds, so it can be at hand while the branch's own flow by.
        let for_everyone: Vec<Item> = statement
            .query_map(bounds(EVERYONE), item)?
            .collect::<Result<_, _>>()?;
        let mut for_everyone = for_everyone.into_iter().peekable();
        if self.branch != EVERYONE {
            let mut rows = statement.query(bounds(self.branch))?;
            while let Some(row) = rows.next()? {
                let own = item(row)?;
                while let Some(common) = for_everyone.next_if(|common| common.id < own.id) {
                    if visit(common).is_break() {
                        return Ok(());
                    }
                }
                for_everyone.next_if(|common| common.id == own.id);
                if visit(own).is_break() {
                    return Ok(());
                }
            }
        }
        for common in for_everyone {
            if visit(common).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn params_of(branch: BranchId, range: KeyRange) -> [Blob; 3] {
    [
        blob(branch),
        *range.first().as_bytes(),
        *range.last().as_bytes(),
    ]
}

const SUM: &str = "SELECT sum, documents FROM digests WHERE branch = ?1";
const STATE: &str = "SELECT state FROM documents WHERE id = ?1";

fn read_sum(statement: &mut CachedStatement<'_>, branch: Blob) -> rusqlite::Result<ScopeSum> {
    let sum = statement
        .query_row([branch], |row| {
            Ok(ScopeSum::from_bytes(
                row.get(0)?,
                sql::unsigned(row.get(1)?),
            ))
        })
        .optional()?;
    Ok(sum.unwrap_or_default())
}

/// What the documents that a batch touches counted before it.
pub(super) struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    entries: RefCell<BTreeMap<Blob, Entry>>,
}

/// What a document counted before the batch, and after it where that is known without asking.
struct Entry {
    before: Counted,
    after: Option<Counted>,
}

/// What a document counts: its state, in these branches' sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counted {
    state_hash: Option<[u8; 16]>,
    branches: BTreeSet<Blob>,
}

impl<'a> Ledger<'a> {
    pub(super) const fn new(transaction: &'a Transaction<'a>) -> Self {
        Self {
            transaction,
            entries: RefCell::new(BTreeMap::new()),
        }
    }

    /// To be called before anything about a document changes.
    pub(super) fn open(&self, document: Blob) -> rusqlite::Result<()> {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&document) {
            entry.after = None;
            return Ok(());
        }
        let before = self.counted(document)?;
        let entry = Entry {
            before,
            after: None,
        };
        self.entries.borrow_mut().insert(document, entry);
        Ok(())
    }

    /// The same for a document of which nothing is known yet: it counts nothing.
    pub(super) fn open_new(&self, document: Blob) {
        let mut entries = self.entries.borrow_mut();
        let entry = entries.entry(document).or_insert_with(|| Entry {
            before: Counted::default(),
            after: None,
        });
        entry.after = None;
    }

    /// Tells what a document counts by now, which need not be asked for then.
    pub(super) fn close(&self, document: Blob, state_hash: [u8; 16], scope: &[ScopeRow]) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&document) {
            let current = scope.iter().filter(|row| row.current);
            entry.after = Some(Counted {
                state_hash: Some(state_hash),
                branches: current.map(|row| row.branch).chain([WHOLE]).collect(),
            });
        }
    }

    /// Brings the sums up to date with what the batch has made of the documents.
    pub(super) fn settle(&self) -> rusqlite::Result<()> {
        let mut differences: BTreeMap<Blob, ScopeSum> = BTreeMap::new();
        for (document, Entry { before, after }) in self.entries.take() {
            let after = match after {
                Some(after) => after,
                None => self.counted(document)?,
            };
            if before == after {
                continue;
            }
            let id: DocumentId = sql::id(document);
            if let Some(state_hash) = before.state_hash {
                let sum = ScopeSum::of(id, state_hash);
                for branch in before.branches {
                    differences.entry(branch).or_default().remove_all(&sum);
                }
            }
            if let Some(state_hash) = after.state_hash {
                let sum = ScopeSum::of(id, state_hash);
                for branch in after.branches {
                    differences.entry(branch).or_default().add_all(&sum);
                }
            }
        }
        for (branch, difference) in differences {
            self.add(branch, &difference)?;
        }
        Ok(())
    }

    fn counted(&self, document: Blob) -> rusqlite::Result<Counted> {
        const BRANCHES: &str = "SELECT branch FROM scope WHERE document = ?1 AND current = 1";
        let state_hash = self
            .transaction
            .prepare_cached(STATE)?
            .query_row([document], |row| row.get(0))
            .optional()?;
        let mut statement = self.transaction.prepare_cached(BRANCHES)?;
        let mut branches: BTreeSet<Blob> = statement
            .query_map([document], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        branches.insert(WHOLE);
        Ok(Counted {
            state_hash,
            branches,
        })
    }

    fn add(&self, branch: Blob, difference: &ScopeSum) -> rusqlite::Result<()> {
        const WRITE: &str = "
            INSERT INTO digests (branch, sum, documents) VALUES (?1, ?2, ?3)
            ON CONFLICT (branch) DO UPDATE SET sum = excluded.sum, documents = excluded.documents";
        const REMOVE: &str = "DELETE FROM digests WHERE branch = ?1";
        let mut sum = read_sum(&mut self.transaction.prepare_cached(SUM)?, branch)?;
        sum.add_all(difference);
        if sum.documents() == 0 {
            self.transaction.prepare_cached(REMOVE)?.execute([branch])?;
        } else {
            self.transaction.prepare_cached(WRITE)?.execute(params![
                branch,
                sum.to_bytes(),
                sql::signed(sum.documents())
            ])?;
        }
        Ok(())
    }
}
