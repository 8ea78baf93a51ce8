//! Which branch holds which document, in memory: what the read model's scope table says, by the same rules and without SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::{Bound, ControlFlow};

use shared::document::{Document, Event, Value};
use shared::domain::fields::{event, kind, order};
use shared::domain::{Catalogue, Custody, Order};
use shared::id::{BranchId, DocumentId};
use shared::sync::ScopeSum;
use shared::sync::hub::InScope;
use shared::sync::reconcile::{Inventory, Item, KeyRange};

/// Stands for all branches: the nil id.
pub const EVERYONE: BranchId = BranchId(DocumentId::from_bytes([0; 16]));

/// A branch and a document that it holds or held.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// Where in the feed the branch has to look for it.
    position: u64,
    /// Since which position it is there: what the branch held at a later cursor is a base for parts.
    since: u64,
    /// Whether it still follows from the documents that the branch holds it.
    is_current: bool,
}

/// The pairs of all documents of one store, as of a feed position.
#[derive(Clone, Debug, Default)]
pub struct ScopeIndex {
    position: u64,
    pairs: BTreeMap<DocumentId, BTreeMap<BranchId, Pair>>,
    by_position: BTreeSet<(BranchId, u64, DocumentId)>,
    states: BTreeMap<DocumentId, [u8; 16]>,
    customer_of: BTreeMap<DocumentId, DocumentId>,
    orders_of: BTreeMap<DocumentId, BTreeSet<DocumentId>>,
    home_of: BTreeMap<DocumentId, BranchId>,
}

impl ScopeIndex {
    /// The feed position up to which everything is in it.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// A document changed, and stands at `position` now.
    pub fn apply(&mut self, position: u64, document: &Document, state: [u8; 16]) {
        let id = document.id();
        self.states.insert(id, state);
        self.position = self.position.max(position);
        match document.kind().as_str() {
            kind::CUSTOMER => {
                let home = document.newest(order::HOME).and_then(|value| value.as_id());
                if let Some(home) = home {
                    self.home_of.insert(id, BranchId(home));
                }
                self.move_all(id, position, Stays::AsItWas);
                self.refresh_customer(id, position);
            }
            other if Catalogue::holds_kind(other) => {
                self.move_all(id, position, Stays::NoLonger);
                self.hold(id, EVERYONE, position, Stays::AsItWas);
            }
            _ => {
                self.move_all(id, position, Stays::NoLonger);
                if let Some(order) = Order::of(document) {
                    self.apply_order(id, position, &order);
                }
            }
        }
    }

    fn apply_order(&mut self, id: DocumentId, position: u64, order: &Order) {
        for branch in order.scope() {
            self.hold(id, branch, position, Stays::AsItWas);
        }
        for branch in passed_through(order) {
            self.hold(id, branch, position, Stays::NoLonger);
        }
        let customer = order.customer.map(shared::id::CustomerId::document);
        let before = self.customer_of.get(&id).copied();
        if let Some(before) = before.filter(|before| Some(*before) != customer) {
            self.orders_of.entry(before).or_default().remove(&id);
            self.refresh_customer(before, position);
        }
        if let Some(customer) = customer {
            self.customer_of.insert(id, customer);
            self.orders_of.entry(customer).or_default().insert(id);
            self.refresh_customer(customer, position);
        }
    }

    /// A customer is held where their home is and where their orders are.
    fn refresh_customer(&mut self, id: DocumentId, position: u64) {
        let mut derived: BTreeMap<BranchId, bool> = BTreeMap::new();
        for order in self.orders_of.get(&id).into_iter().flatten() {
            for (branch, pair) in self.pairs.get(order).into_iter().flatten() {
                *derived.entry(*branch).or_default() |= pair.is_current;
            }
        }
        if let Some(home) = self.home_of.get(&id) {
            derived.insert(*home, true);
        }
        if let Some(pairs) = self.pairs.get_mut(&id) {
            for (branch, pair) in pairs {
                pair.is_current &= derived.get(branch).copied().unwrap_or(false);
            }
        }
        for (branch, is_current) in derived {
            let stays = if is_current {
                Stays::AsItWas
            } else {
                Stays::NoLonger
            };
            self.hold(id, branch, position, stays);
        }
    }

    /// What changed for a branch after a position, each document once, in the order of positions; at most `limit`, and those
    /// that share the last one's position, so that it is one to go on from.
    pub fn changes(&self, branch: BranchId, after: u64, limit: usize) -> Vec<InScope> {
        let mut latest: BTreeMap<DocumentId, InScope> = BTreeMap::new();
        for holder in [EVERYONE, branch] {
            let nil = DocumentId::from_bytes([0; 16]);
            let from = Bound::Included((holder, after + 1, nil));
            let to = Bound::Excluded((holder, u64::MAX, nil));
            for (_, position, id) in self.by_position.range((from, to)) {
                let pair = self.pairs.get(id).and_then(|pairs| pairs.get(&holder));
                let since = pair.map_or(*position, |pair| pair.since);
                let known = latest.entry(*id).or_insert(InScope {
                    position: *position,
                    id: *id,
                    since,
                });
                known.position = known.position.max(*position);
                known.since = known.since.min(since);
            }
        }
        let mut changes: Vec<InScope> = latest.into_values().collect();
        changes.sort_unstable_by_key(|change| (change.position, change.id));
        if let Some(last) = changes.get(limit.saturating_sub(1)).copied() {
            changes.retain(|change| change.position <= last.position);
        }
        changes
    }

    /// The digest of a branch's scope.
    pub fn digest(&self, branch: BranchId) -> [u8; 16] {
        let sum: ScopeSum = self.held(branch).collect();
        sum.finish()
    }

    /// A branch's scope, to be compared in ranges.
    pub fn inventory(&self, branch: BranchId) -> Held {
        Held(self.held(branch).collect())
    }

    /// All documents of the store.
    pub fn documents(&self) -> Vec<DocumentId> {
        self.states.keys().copied().collect()
    }

    /// Whether a branch holds a document as of now.
    pub fn holds(&self, branch: BranchId, id: DocumentId) -> bool {
        let pairs = self.pairs.get(&id);
        [EVERYONE, branch].iter().any(|holder| {
            pairs
                .and_then(|pairs| pairs.get(holder))
                .is_some_and(|pair| pair.is_current)
        })
    }

    /// What a branch holds when it is up to date, with each document's state.
    pub fn held(&self, branch: BranchId) -> impl Iterator<Item = (DocumentId, [u8; 16])> {
        self.states
            .iter()
            .filter(move |(id, _)| self.holds(branch, **id))
            .map(|(id, state)| (*id, *state))
    }

    /// Forgets who no longer holds what: what a careless index would do.
    pub fn forget_former_holders(&mut self) {
        for (id, pairs) in &mut self.pairs {
            pairs.retain(|branch, pair| {
                if !pair.is_current {
                    self.by_position.remove(&(*branch, pair.position, *id));
                }
                pair.is_current
            });
        }
    }

    fn move_all(&mut self, id: DocumentId, position: u64, stays: Stays) {
        for (branch, pair) in self.pairs.get_mut(&id).into_iter().flatten() {
            self.by_position.remove(&(*branch, pair.position, id));
            pair.position = pair.position.max(position);
            pair.is_current &= stays == Stays::AsItWas;
            self.by_position.insert((*branch, pair.position, id));
        }
    }

    /// A pair is there. One that was there keeps its position, unless it was no longer current and is again.
    fn hold(&mut self, id: DocumentId, branch: BranchId, position: u64, stays: Stays) {
        let is_current = stays == Stays::AsItWas;
        let pairs = self.pairs.entry(id).or_default();
        let pair = pairs.entry(branch).or_insert(Pair {
            position,
            since: position,
            is_current,
        });
        self.by_position.remove(&(branch, pair.position, id));
        if is_current && !pair.is_current {
            pair.position = pair.position.max(position);
            pair.is_current = true;
        }
        self.by_position.insert((branch, pair.position, id));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stays {
    AsItWas,
    NoLonger,
}

/// Branches that a piece or its money once was at, by what happened.
fn passed_through(order: &Order) -> Vec<BranchId> {
    let named = |happened: &Event, name: &str| match happened.get(name)? {
        Value::Text(code) => Custody::from_code(code).branch(),
        other => other.as_id().map(BranchId),
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

/// What a branch holds, as of a moment.
pub struct Held(BTreeMap<DocumentId, [u8; 16]>);

impl Inventory for Held {
    type Error = Infallible;

    fn visit(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (id, state_hash) in self.0.range(range.first()..=range.last()) {
            let item = Item {
                id: *id,
                state_hash: *state_hash,
            };
            if visit(item).is_break() {
                break;
            }
        }
        Ok(())
    }
}
