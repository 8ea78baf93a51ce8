//! Which branch must hold which document: what the hub sends to whom, and over what both compare digests.
//!
//! A pair of branch and document is **current** while it follows from the documents, and is kept when it no longer does:
//! the branch then gets the document's later states too, so that it sees why it left and hears of an erasure.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use super::digests::Ledger;
use super::sql::{self, Blob, blob};
use super::{QueryError, Reader, project};
use crate::document::{Document, Event, Value};
use crate::domain::fields::{event, kind};
use crate::domain::{Catalogue, Custody, Order, Staff};
use crate::id::{BranchId, DocumentId};
use crate::sync::hub::InScope;

/// Stands for all branches in the scope of a catalogue document: the nil id.
pub const EVERYONE: BranchId = BranchId(DocumentId::from_bytes([0; 16]));

/// Entries of one answer of [`Reader::changes_in_scope`].
const CHANGES: usize = 10_000;

/// One pair that follows from a document alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScopeRow {
    pub(super) branch: Blob,
    pub(super) current: bool,
}

impl Reader {
    /// What changed for a branch after a feed position, each document once, in the order of positions. At most `limit` entries and those that share the last one's position, so that the last position given
    /// is the one to ask from next. `branch` gets its own and what is for [`EVERYONE`].
    pub fn changes_in_scope(
        &self,
        branch: BranchId,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<InScope>, QueryError> {
        let limit = limit.clamp(1, CHANGES);
        let mut found = BTreeSet::new();
        for holder in [EVERYONE, branch] {
            found.extend(self.scope_after(holder, after_position, limit)?);
        }
        let Some(&(last, ..)) = found.iter().nth(limit - 1).or_else(|| found.last()) else {
            return Ok(Vec::new());
        };
        found.retain(|(position, ..)| *position <= last);
        for holder in [EVERYONE, branch] {
            found.extend(self.scope_at(holder, last)?);
        }
        // A document may be for everyone and, at another position, for this branch: its latest position counts.
        let mut latest: BTreeMap<DocumentId, InScope> = BTreeMap::new();
        for (position, id, since) in found {
            let entry = latest.entry(id).or_insert(InScope {
                position,
                id,
                since,
            });
            entry.position = position;
            entry.since = entry.since.min(since);
        }
        let mut changes: Vec<InScope> = latest.into_values().collect();
        changes.sort_unstable_by_key(|change| (change.position, change.id));
        Ok(changes)
    }

    /// How many documents changed for a branch after a feed position; one that is for everyone and for the branch counts twice.
    pub fn count_changes_in_scope(
        &self,
        branch: BranchId,
        after_position: u64,
    ) -> Result<u64, QueryError> {
        const COUNT: &str = "SELECT count(*) FROM scope WHERE branch IN (?1, ?2) AND position > ?3";
        let mut statement = self.connection.prepare_cached(COUNT)?;
        let count = statement.query_row(
            params![blob(EVERYONE), blob(branch), sql::signed(after_position)],
            |row| row.get(0),
        )?;
        Ok(sql::unsigned(count))
    }

    /// The documents that a branch holds when it is up to date, by id: what digests are computed over. It follows from the
    /// documents alone, so a branch and the hub that hold the same ones give the same answer.
    pub fn documents_in_scope(&self, branch: BranchId) -> Result<Vec<DocumentId>, QueryError> {
        const DOCUMENTS: &str = "
            SELECT document FROM scope WHERE branch = ?1 AND current = 1
            UNION SELECT document FROM scope WHERE branch = ?2 AND current = 1
            ORDER BY document";
        let mut statement = self.connection.prepare_cached(DOCUMENTS)?;
        let rows = statement.query_map(params![blob(EVERYONE), blob(branch)], |row| {
            Ok(sql::id(row.get(0)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The branches that must hold a document, [`EVERYONE`] among them where it is for all.
    pub fn scope_of(&self, document: DocumentId) -> Result<Vec<BranchId>, QueryError> {
        const BRANCHES: &str =
            "SELECT branch FROM scope WHERE document = ?1 AND current = 1 ORDER BY branch";
        let mut statement = self.connection.prepare_cached(BRANCHES)?;
        let rows = statement.query_map([blob(document)], |row| Ok(sql::id(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a branch may have a document: it must hold it, or once had to and goes on hearing of it.
    pub fn concerns(&self, branch: BranchId, document: DocumentId) -> Result<bool, QueryError> {
        const CONCERNS: &str = "
            SELECT EXISTS (SELECT 1 FROM scope WHERE branch IN (?1, ?2) AND document = ?3)";
        let mut statement = self.connection.prepare_cached(CONCERNS)?;
        let concerns = statement.query_row(
            [EVERYONE.document(), branch.document(), document].map(blob),
            |row| row.get(0),
        )?;
        Ok(concerns)
    }

    fn scope_after(
        &self,
        holder: BranchId,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<Found>, QueryError> {
        let mut statement = self.connection.prepare_cached(AFTER)?;
        let rows = statement.query_map(
            params![blob(holder), sql::signed(after_position), sql::limit(limit)],
            |row| {
                Ok((
                    sql::unsigned(row.get(0)?),
                    sql::id(row.get(1)?),
                    sql::unsigned(row.get(2)?),
                ))
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn scope_at(&self, holder: BranchId, position: u64) -> Result<Vec<Found>, QueryError> {
        const AT: &str = "SELECT document, since FROM scope WHERE branch = ?1 AND position = ?2";
        let mut statement = self.connection.prepare_cached(AT)?;
        let rows = statement.query_map(params![blob(holder), sql::signed(position)], |row| {
            Ok((position, sql::id(row.get(0)?), sql::unsigned(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Position, document, since when the branch holds it.
type Found = (u64, DocumentId, u64);

pub(super) const AFTER: &str = "
    SELECT position, document, since FROM scope WHERE branch = ?1 AND position > ?2
    ORDER BY position, document LIMIT ?3";

/// The pairs that follow from one document. Those of a customer's orders are added by [`Scopes`].
pub(super) fn of(document: &Document, order: Option<&Order>) -> Vec<ScopeRow> {
    let (current, former) = match document.kind().as_str() {
        kind::CUSTOMER => (project::home(document).into_iter().collect(), Vec::new()),
        kind::STAFF => staff(document),
        other if Catalogue::holds_kind(other) => (vec![EVERYONE], Vec::new()),
        _ => order.map_or_else(Default::default, |order| {
            (order.scope(), passed_through(order))
        }),
    };
    let current: BTreeSet<BranchId> = current.into_iter().collect();
    let former = former
        .into_iter()
        .filter(|branch| !current.contains(branch))
        .collect::<BTreeSet<_>>();
    let row = |current| {
        move |branch: &BranchId| ScopeRow {
            branch: blob(*branch),
            current,
        }
    };
    current
        .iter()
        .map(row(true))
        .chain(former.iter().map(row(false)))
        .collect()
}

/// Where somebody works, and the branches which must hear that they do no more: until then they could sign in there.
fn staff(document: &Document) -> (Vec<BranchId>, Vec<BranchId>) {
    match Staff::of(document) {
        Some(member) if !member.branches.is_empty() => {
            (member.branches, Staff::branches_named(document).collect())
        }
        _ => (vec![EVERYONE], Vec::new()),
    }
}

/// Branches that a piece or its money once was at. They held the order, so they must hear of its erasure;
/// read from the events, they outlive a rebuild.
fn passed_through(order: &Order) -> Vec<BranchId> {
    let named = |happened: &Event, name: &str| -> Option<BranchId> {
        match happened.get(name)? {
            Value::Text(code) => Custody::from_code(code).branch(),
            other => other.as_id().map(BranchId),
        }
    };
    order
        .timeline
        .iter()
        .flat_map(|happened| match happened.kind.as_str() {
            event::CUSTODY => vec![named(happened, "from"), named(happened, "to")],
            event::RECEIVED | event::PAYMENT => vec![named(happened, "branch")],
            event::EDITED => vec![named(happened, "pickup_from")],
            _ => Vec::new(),
        })
        .flatten()
        .collect()
}

/// Writes pairs within the transaction of a batch.
pub(super) struct Scopes<'a> {
    transaction: &'a Transaction<'a>,
    ledger: &'a Ledger<'a>,
    /// Pairs of document and branch that this batch has made current. Adding one again would change nothing.
    made_current: RefCell<BTreeMap<Blob, BTreeSet<Blob>>>,
}

/// The pairs of a customer must be read anew from all their orders, at the position of what made it so.
pub(super) type Stale = BTreeMap<Blob, u64>;

impl<'a> Scopes<'a> {
    pub(super) const fn new(transaction: &'a Transaction<'a>, ledger: &'a Ledger<'a>) -> Self {
        Self {
            transaction,
            ledger,
            made_current: RefCell::new(BTreeMap::new()),
        }
    }

    /// Whether this batch has made all of these pairs current, so that there is nothing to be added.
    pub(super) fn have_current(&self, document: Blob, rows: &[ScopeRow]) -> bool {
        let made_current = self.made_current.borrow();
        let Some(branches) = made_current.get(&document) else {
            return false;
        };
        rows.iter()
            .all(|row| row.current && branches.contains(&row.branch))
    }

    /// The pairs of a document of which nothing is known yet.
    pub(super) fn insert(
        &self,
        document: Blob,
        rows: &[ScopeRow],
        position: u64,
    ) -> rusqlite::Result<()> {
        const INSERT: &str = "
            INSERT INTO scope (branch, document, position, current, since) VALUES (?1, ?2, ?3, ?4, ?3)";
        let mut statement = self.transaction.prepare_cached(INSERT)?;
        for row in rows {
            let position = sql::signed(position);
            statement.execute(params![row.branch, document, position, row.current])?;
        }
        Ok(())
    }

    /// The branches that hold a document by now.
    pub(super) fn current(&self, document: Blob) -> rusqlite::Result<BTreeSet<Blob>> {
        const CURRENT: &str = "SELECT branch FROM scope WHERE document = ?1 AND current = 1";
        let mut statement = self.transaction.prepare_cached(CURRENT)?;
        let rows = statement.query_map([document], |row| row.get(0))?;
        rows.collect()
    }

    /// A document changed: its pairs become `rows`, and all it ever had move to the new position.
    pub(super) fn replace(
        &self,
        document: Blob,
        rows: &[ScopeRow],
        position: u64,
    ) -> rusqlite::Result<()> {
        const MOVE: &str = "
            UPDATE scope SET position = max(position, ?2), current = 0 WHERE document = ?1";
        self.ledger.open(document)?;
        self.forget_made_current(document);
        self.transaction
            .prepare_cached(MOVE)?
            .execute(params![document, sql::signed(position)])?;
        self.add(document, rows, position)
    }

    /// A customer changed: the pairs stay, for they follow from orders too, and move to the new position.
    pub(super) fn touch(&self, customer: Blob, position: u64) -> rusqlite::Result<()> {
        const MOVE: &str = "UPDATE scope SET position = max(position, ?2) WHERE document = ?1";
        self.transaction
            .prepare_cached(MOVE)?
            .execute(params![customer, sql::signed(position)])?;
        Ok(())
    }

    /// Pairs come into scope. One that is there already keeps its position, unless it was no longer current.
    pub(super) fn add(
        &self,
        document: Blob,
        rows: &[ScopeRow],
        position: u64,
    ) -> rusqlite::Result<()> {
        const ADD: &str = "
            INSERT INTO scope (branch, document, position, current, since) VALUES (?1, ?2, ?3, ?4, ?3)
            ON CONFLICT (branch, document) DO UPDATE SET
                position = CASE WHEN excluded.current > current
                    THEN max(position, excluded.position) ELSE position END,
                current = max(current, excluded.current)";
        self.ledger.open(document)?;
        let mut statement = self.transaction.prepare_cached(ADD)?;
        for row in rows {
            statement.execute(params![
                row.branch,
                document,
                sql::signed(position),
                row.current
            ])?;
            if row.current {
                let mut made_current = self.made_current.borrow_mut();
                made_current.entry(document).or_default().insert(row.branch);
            }
        }
        Ok(())
    }

    /// Pairs of a document may cease to be current.
    fn forget_made_current(&self, document: Blob) {
        self.made_current.borrow_mut().remove(&document);
    }

    /// Reads the pairs of a customer from their home and all their orders. A pair counts from `position` or, when the
    /// orders were read before the customer, from the first of its orders: never earlier than the branch could know.
    pub(super) fn refresh_customer(&self, customer: Blob, position: u64) -> rusqlite::Result<()> {
        const DERIVED: &str = "
            SELECT s.branch, max(s.current), min(s.position)
            FROM orders o JOIN scope s ON s.document = o.id
            WHERE o.customer = ?1 GROUP BY s.branch
            UNION ALL SELECT home, 1, 0 FROM customers WHERE id = ?1 AND home IS NOT NULL";
        const LEAVE: &str =
            "UPDATE scope SET current = 0 WHERE branch = ?1 AND document = ?2 AND current = 1";
        let mut statement = self.transaction.prepare_cached(DERIVED)?;
        let derived: Vec<(ScopeRow, i64)> = statement
            .query_map([customer], |row| {
                let pair = ScopeRow {
                    branch: row.get(0)?,
                    current: row.get(1)?,
                };
                Ok((pair, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let kept: BTreeSet<Blob> = derived
            .iter()
            .filter(|(row, _)| row.current)
            .map(|(row, _)| row.branch)
            .collect();
        self.ledger.open(customer)?;
        self.forget_made_current(customer);
        let mut leave = self.transaction.prepare_cached(LEAVE)?;
        for left in self.current(customer)?.difference(&kept) {
            leave.execute(params![left, customer])?;
        }
        for (row, since) in derived {
            self.add(customer, &[row], position.max(sql::unsigned(since)))?;
        }
        Ok(())
    }
}
