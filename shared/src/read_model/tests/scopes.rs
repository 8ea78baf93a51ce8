//! Which branch gets which document, told order by order; the laws over any history are in `history`.

use super::firm::{Firm, branch, contact};
use crate::command::{self, EditOrder};
use crate::document::Value;
use crate::domain::fields::kind;
use crate::id::{BranchId, DocumentId, OrderId};
use crate::read_model::{EVERYONE, ReadModel};

fn moves_pickup(firm: &mut Firm, place: usize, order: OrderId, to: BranchId) {
    let here = branch(place);
    firm.does(place, |replica, catalogue, authoring| {
        let edit = EditOrder {
            pickup: Some(to),
            ..EditOrder::default()
        };
        let document = &replica.documents[&order.document()];
        command::edit_order(
            catalogue,
            document,
            authoring,
            &edit,
            here,
            super::firm::TODAY,
        )
    })
    .expect("allowed");
    firm.sync(place);
}

fn changes(model: &ReadModel, place: usize, after: u64) -> Vec<DocumentId> {
    let changes = model
        .changes_in_scope(branch(place), after, 100)
        .expect("reads");
    changes.into_iter().map(|change| change.id).collect()
}

#[test]
fn a_customer_comes_along_with_the_order_that_moves_to_a_branch() {
    let mut firm = Firm::new();
    let anna = contact("Anna Müller", "", "");
    let customer = firm.new_customer(0, &anna);
    let order = firm.takes_in(0, customer, &anna);
    firm.sync(0);
    let before = firm.feed.len() as u64;
    let model = firm.read_model();
    assert!(
        changes(&model, 1, 0)
            .iter()
            .all(|id| *id != order.document() && *id != customer.document())
    );
    assert_eq!(
        model.scope_of(customer.document()).expect("reads"),
        [branch(0)]
    );

    moves_pickup(&mut firm, 0, order, branch(1));
    let model = firm.read_model();
    // The customer has not changed, but the branch has never seen them; the one that has is not sent them again.
    let mut new_to_davos = changes(&model, 1, before);
    new_to_davos.sort_unstable();
    let mut expected = [order.document(), customer.document()];
    expected.sort_unstable();
    assert_eq!(new_to_davos, expected);
    assert_eq!(changes(&model, 0, before), [order.document()]);

    // Both stand at one position, and an answer is never cut between them.
    let both = model.changes_in_scope(branch(1), before, 1).expect("reads");
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].position, both[1].position);
}

#[test]
fn a_document_that_left_a_branch_goes_on_being_sent_but_counts_no_more() {
    let mut firm = Firm::new();
    let anna = contact("Anna Müller", "", "");
    let customer = firm.new_customer(0, &anna);
    let order = firm.takes_in(0, customer, &anna);
    firm.sync(0);
    moves_pickup(&mut firm, 0, order, branch(1));
    moves_pickup(&mut firm, 0, order, branch(0));
    let left = firm.feed.len() as u64;
    // Davos holds it still, and must hear that the person is to be forgotten.
    firm.does(0, |replica, _, authoring| {
        command::erase(&replica.documents[&order.document()], authoring)
    })
    .expect("allowed");
    firm.sync(0);
    let model = firm.read_model();
    let in_scope = model.documents_in_scope(branch(1)).expect("reads");
    assert!(!in_scope.contains(&order.document()) && !in_scope.contains(&customer.document()));
    assert_eq!(changes(&model, 1, left), [order.document()]);
}

#[test]
fn a_rebuild_sends_no_customer_from_before_their_own_last_change() {
    let mut firm = Firm::new();
    let anna = contact("Anna Müller", "", "");
    let customer = firm.new_customer(0, &anna);
    let order = firm.takes_in(0, customer, &anna);
    firm.sync(0);
    moves_pickup(&mut firm, 0, order, branch(1));
    let seen_by_davos = firm.feed.len() as u64;
    let renamed = contact("Anna Caduff", "", "");
    firm.does(0, |replica, _, authoring| {
        command::edit_customer(
            &replica.documents[&customer.document()],
            authoring,
            &renamed,
        )
    })
    .expect("allowed");
    firm.sync(0);
    // In whichever order a store hands its documents out.
    for reversed in [false, true] {
        let mut documents: Vec<_> = firm.latest().into_values().collect();
        documents.sort_by_key(|change| change.document.id() == customer.document());
        if reversed {
            documents.reverse();
        }
        let mut model = ReadModel::open_in_memory().expect("in memory");
        model
            .rebuild(documents, firm.feed.len() as u64)
            .expect("rebuilds");
        assert_eq!(changes(&model, 1, seen_by_davos), [customer.document()]);
    }
}

#[test]
fn a_digest_is_of_one_scope_at_one_position() {
    let mut firm = Firm::new();
    let anna = contact("Anna Müller", "", "");
    let customer = firm.new_customer(0, &anna);
    let order = firm.takes_in(0, customer, &anna);
    firm.sync(0);
    let digests =
        |model: &ReadModel| [0, 1].map(|place| model.scope_digest(branch(place)).expect("reads"));
    let before = firm.feed.len() as u64;
    let model = firm.read_model();
    let [chur, davos] = digests(&model);
    assert_eq!(model.documents_held().expect("counts"), before);

    // One word more in one document.
    firm.does(0, |replica, _, authoring| {
        command::add_comment(&replica.documents[&order.document()], authoring, "ruft an")
    })
    .expect("allowed");
    firm.sync(0);
    let model = firm.read_model();
    let [chur_now, davos_now] = digests(&model);
    assert!(chur_now != chur && davos_now == davos);
    assert_eq!(model.documents_held().expect("counts"), before);
    let state_hash = model.state_hash(order.document()).expect("reads");
    assert_eq!(state_hash, Some(firm.hub[&order.document()].state_hash()));

    // Whoever asks for a position gets the digest of just that, or none.
    let head = firm.feed.len() as u64;
    let at = |place, position| {
        model
            .scope_digest_at(branch(place), position)
            .expect("reads")
    };
    assert_eq!(
        [at(0, head), at(0, before), at(0, head + 1)],
        [Some(chur_now), None, None]
    );
    assert_eq!([at(1, head), at(1, before)], [Some(davos), Some(davos)]);
}

#[test]
fn the_catalogue_is_for_everyone_and_staff_for_their_branches() {
    let mut firm = Firm::new();
    let everywhere = firm.makes(0, kind::STAFF, "staff/anywhere");
    let in_davos = firm.makes(0, kind::STAFF, "staff/davos");
    firm.sets(
        0,
        in_davos,
        &format!("branch/{}", branch(1)),
        Value::from(true),
    );
    let unknown = firm.makes(0, "voucher", "voucher/1");
    firm.sync(0);
    let model = firm.read_model();
    let scope = |id| model.scope_of(id).expect("reads");
    assert_eq!(scope(everywhere), [EVERYONE]);
    assert_eq!(scope(in_davos), [branch(1)]);
    assert_eq!(scope(DocumentId::named("service/large")), [EVERYONE]);
    assert_eq!(scope(unknown), []);
    assert!(changes(&model, 1, 0).contains(&in_davos));
    assert!(!changes(&model, 0, 0).contains(&in_davos));
    // A branch that has never been heard of gets the catalogue, which is how it starts.
    assert!(changes(&model, 2, 0).contains(&DocumentId::named("priority/standard")));
}
