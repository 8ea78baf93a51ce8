//! What an import leaves on documents, in the lists: what is gone in the old database is listed, what was taken back is not.

use super::firm::branch;
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change as Writing, Document};
use crate::domain::fields::{self, event, import, kind};
use crate::id::{Actor, CustomerId, DocumentId, ReplicaNumber};
use crate::read_model::{Change, OrderFilter, OrderSort, Page, ReadModel, SearchFilter};

const ALL: Page = Page {
    offset: 0,
    limit: 10,
};

/// A hub of one branch into which one order and its customer were imported.
struct Imported {
    importer: Authoring,
    documents: Vec<Document>,
    model: ReadModel,
    position: u64,
}

impl Imported {
    fn new() -> Self {
        let mut importer = writer(9);
        let customer = CustomerId(DocumentId::named("legacy/customer"));
        let documents = [
            (DocumentId::named("legacy/order"), kind::ORDER),
            (customer.document(), kind::CUSTOMER),
        ];
        let documents = documents.map(|(id, kind)| {
            let mut change = Writing::create(id, fields::known_kind(kind));
            change.set(&mut importer, fields::known("contact/name"), "Reto Tschudi");
            change.set(&mut importer, fields::known(fields::order::HOME), branch(0));
            if kind == kind::ORDER {
                change.set(
                    &mut importer,
                    fields::known(fields::order::CUSTOMER),
                    customer,
                );
            }
            change.record(&mut importer, fields::known_kind(event::IMPORTED), []);
            change.finish()
        });
        let mut imported = Self {
            importer,
            documents: documents.to_vec(),
            model: ReadModel::open_in_memory().expect("in memory"),
            position: 0,
        };
        imported.apply_all();
        imported
    }

    fn apply_all(&mut self) {
        let changes = self.documents.iter().map(|document| {
            self.position += 1;
            Change {
                position: self.position,
                document: document.clone(),
            }
        });
        let changes: Vec<Change> = changes.collect();
        self.model
            .apply(&changes, self.position)
            .expect("it is applied");
    }

    fn mark_all(&mut self, mark: &'static str) {
        for document in &mut self.documents {
            let mut change = Writing::of(document);
            change.set(&mut self.importer, fields::known(mark), UtcMillis(5_000));
            let delta = change.finish();
            document.merge(delta).expect("the same document");
        }
        self.apply_all();
    }

    fn listed(&self, filter: &OrderFilter) -> u64 {
        let list = self.model.order_list(filter, OrderSort::Newest, ALL);
        list.expect("the list is read").total
    }

    fn found(&self) -> (usize, usize) {
        let found = self
            .model
            .search("tschudi", 10, &SearchFilter::default())
            .expect("the search is made");
        (found.orders.len(), found.customers.len())
    }

    /// The branches that hold the order, and those that hold the customer.
    fn scopes(&self) -> Vec<Vec<crate::id::BranchId>> {
        let scope = |document: &Document| self.model.scope_of(document.id());
        let scopes = self.documents.iter().map(scope);
        scopes.collect::<Result<_, _>>().expect("scopes are read")
    }
}

fn writer(replica: u32) -> Authoring {
    let actor = Actor::new(ReplicaNumber(replica), 1);
    Authoring::new(actor, 0, Hlc::at(UtcMillis(1_000)), None)
}

#[test]
fn what_was_taken_back_is_in_no_list_and_its_branch_hears_of_it() {
    let mut imported = Imported::new();
    assert_eq!(
        (imported.listed(&OrderFilter::default()), imported.found()),
        (1, (1, 1))
    );
    let held_by = imported.scopes();

    imported.mark_all(import::WITHDRAWN_AT);

    assert_eq!(
        (imported.listed(&OrderFilter::default()), imported.found()),
        (0, (0, 0))
    );
    assert_eq!(imported.scopes(), held_by, "the branch must learn it");
    let changes = imported.model.changes_in_scope(branch(0), 2, 10);
    assert_eq!(changes.expect("changes are read").len(), 2);

    // Somebody had written in the order without the line.
    let [order, ..] = imported.documents.as_mut_slice() else {
        panic!("an order was imported");
    };
    let mut change = Writing::of(order);
    change.set(&mut writer(3), fields::known("free/note"), "eilt");
    let delta = change.finish();
    order.merge(delta).expect("the same document");
    imported.apply_all();
    assert_eq!(
        (imported.listed(&OrderFilter::default()), imported.found()),
        (1, (1, 0))
    );
}

#[test]
fn what_is_gone_in_the_old_database_is_a_list_until_somebody_keeps_it() {
    let mut imported = Imported::new();
    let gone = OrderFilter {
        gone_only: true,
        ..OrderFilter::default()
    };
    assert_eq!(imported.listed(&gone), 0);
    imported.mark_all(import::GONE_SINCE);
    assert_eq!(imported.listed(&gone), 1);

    let kept = crate::command::keep(&imported.documents[0], &mut writer(3)).expect("it is gone");
    imported.documents[0]
        .merge(kept)
        .expect("the same document");
    imported.apply_all();
    assert_eq!(imported.listed(&gone), 0);
    assert_eq!(
        imported.listed(&OrderFilter::default()),
        1,
        "it is still there"
    );
    crate::command::keep(&imported.documents[0], &mut writer(4)).expect_err("it is decided");
}
