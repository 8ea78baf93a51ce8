//! **Any history, in any batching, gives the rows of a rebuild**; applying twice is applying once; and a branch that
//! follows its scope ends with the latest state of all that it ever held.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::types::Value as Cell;

use super::firm::{Firm, NOW, TODAY, branch, contact, item, latest};
use crate::command::{self, EditOrder, Pay, Refusal};
use crate::document::{Document, Value};
use crate::domain::fields::kind;
use crate::domain::{
    Catalogue, Custody, Customer, Money, Order, PaymentMethod, Phase, Staff, StatusCode, seed,
};
use crate::id::{BranchId, DocumentId};
use crate::read_model::{Change, EVERYONE, ReadModel};
use crate::sync::hub::InScope;
use crate::sync::reconcile::{Inventory, KeyRange};
use crate::sync::{ScopeDigest, ScopeSum};

/// What somebody at a branch does. Indexes choose among what that branch knows.
#[derive(Clone, Debug)]
enum Step {
    Sync,
    NewCustomer(usize),
    EditCustomer(Index, usize),
    LinkCustomers(Index, Index),
    TakeIn {
        customer: Index,
        pickup: usize,
        items: usize,
        promised_in_days: i64,
    },
    ChangeStatus(Index, usize),
    Pay(Index, i64),
    Refund(Index, i64),
    HandOut(Index),
    HandOver(Index, usize),
    MovePickup(Index, usize),
    DropItem(Index),
    GiveToCustomer(Index, Index),
    Comment(Index),
    Settle(Index),
    EraseOrder(Index),
    EraseCustomer(Index),
    MoveBranch(usize, bool),
    ForgetPriority(bool),
    AssignStaff(usize, bool),
    MakeUnknownKind,
}

fn step() -> impl Strategy<Value = Step> {
    let any_index = any::<Index>;
    prop_oneof![
        6 => Just(Step::Sync),
        3 => (0..6_usize).prop_map(Step::NewCustomer),
        2 => (any_index(), 0..6_usize).prop_map(|(which, who)| Step::EditCustomer(which, who)),
        1 => (any_index(), any_index()).prop_map(|(one, other)| Step::LinkCustomers(one, other)),
        6 => (any_index(), 0..3_usize, 1..4_usize, 0..20_i64).prop_map(
            |(customer, pickup, items, promised_in_days)| Step::TakeIn { customer, pickup, items, promised_in_days }
        ),
        4 => (any_index(), 0..5_usize).prop_map(|(which, phase)| Step::ChangeStatus(which, phase)),
        3 => (any_index(), 1..20_000_i64).prop_map(|(which, minor)| Step::Pay(which, minor)),
        1 => (any_index(), 1..20_000_i64).prop_map(|(which, minor)| Step::Refund(which, minor)),
        2 => any_index().prop_map(Step::HandOut),
        3 => (any_index(), 0..6_usize).prop_map(|(which, place)| Step::HandOver(which, place)),
        3 => (any_index(), 0..3_usize).prop_map(|(which, place)| Step::MovePickup(which, place)),
        1 => any_index().prop_map(Step::DropItem),
        2 => (any_index(), any_index()).prop_map(|(which, to)| Step::GiveToCustomer(which, to)),
        1 => any_index().prop_map(Step::Comment),
        1 => any_index().prop_map(Step::Settle),
        1 => any_index().prop_map(Step::EraseOrder),
        1 => any_index().prop_map(Step::EraseCustomer),
        1 => (0..3_usize, any::<bool>()).prop_map(|(place, abroad)| Step::MoveBranch(place, abroad)),
        1 => any::<bool>().prop_map(Step::ForgetPriority),
        1 => (0..3_usize, any::<bool>()).prop_map(|(place, works)| Step::AssignStaff(place, works)),
        1 => Just(Step::MakeUnknownKind),
    ]
}

/// A history, how its feed is cut into batches, and whether the catalogue comes first or last.
#[derive(Clone, Debug)]
struct Story {
    steps: Vec<(usize, Step)>,
    batches: Vec<usize>,
    catalogue_last: bool,
    rebuilt_after: Option<Index>,
}

fn story() -> impl Strategy<Value = Story> {
    (
        prop::collection::vec((0..3_usize, step()), 1..60),
        prop::collection::vec(1..12_usize, 1..40),
        any::<bool>(),
        prop::option::weighted(0.3, any::<Index>()),
    )
        .prop_map(|(steps, batches, catalogue_last, rebuilt_after)| Story {
            steps,
            batches,
            catalogue_last,
            rebuilt_after,
        })
}

impl Story {
    fn told(&self) -> Firm {
        let mut firm = if self.catalogue_last {
            Firm::without_catalogue()
        } else {
            Firm::new()
        };
        for (place, step) in &self.steps {
            take(&mut firm, *place, step);
        }
        firm.sync_all();
        firm.publish_catalogue();
        firm
    }

    /// The feed in batches; the sizes come round.
    fn batches<'a>(&self, mut feed: &'a [Change]) -> Vec<&'a [Change]> {
        let mut batches = Vec::new();
        for size in self.batches.iter().cycle() {
            if feed.is_empty() {
                break;
            }
            let (batch, rest) = feed.split_at((*size).min(feed.len()));
            batches.push(batch);
            feed = rest;
        }
        batches
    }
}

fn take(firm: &mut Firm, place: usize, step: &Step) {
    // What the rules refuse simply does not happen; the strategy need not know them.
    let _refused = attempt(firm, place, step);
}

fn attempt(firm: &mut Firm, place: usize, step: &Step) -> Option<()> {
    let customers = firm.replicas[place].customers();
    let orders = firm.replicas[place].orders();
    let customer = |which: &Index| (!customers.is_empty()).then(|| *which.get(&customers));
    let order = |which: &Index| (!orders.is_empty()).then(|| *which.get(&orders));
    match step {
        Step::Sync => firm.sync(place),
        Step::NewCustomer(who) => drop(firm.new_customer(place, &somebody(*who))),
        Step::EditCustomer(which, who) => {
            let id = customer(which)?;
            let contact = somebody(*who);
            firm.does(place, |replica, _, authoring| {
                command::edit_customer(&replica.documents[&id], authoring, &contact)
            })
            .ok()?;
        }
        Step::LinkCustomers(one, other) => {
            let (id, other) = (customer(one)?, customer(other)?);
            firm.does(place, |replica, _, authoring| {
                command::link_same(&replica.documents[&id], authoring, other.into())
            })
            .ok()?;
        }
        Step::TakeIn {
            customer: which,
            pickup,
            items,
            promised_in_days,
        } => {
            let id = customer(which).unwrap_or_else(|| DocumentId::named("customer/elsewhere"));
            firm.takes_in_with(place, id.into(), &somebody(*items), |intent| {
                intent.pickup = branch(*pickup);
                intent.promised_on =
                    TODAY.saturating_add(jiff::Span::new().days(*promised_in_days));
                intent.items = (0..*items)
                    .map(|number| item(&format!("Stöckli Laser {number}"), &["small", "wax"]))
                    .collect();
            });
        }
        Step::MoveBranch(which, abroad) => {
            let territory = seed::territory_id(if *abroad { "DE" } else { "CH" });
            firm.sets(
                place,
                branch(*which).document(),
                "territory",
                territory.into(),
            );
        }
        Step::ForgetPriority(forget) => {
            let code = if *forget {
                Value::Null
            } else {
                Value::from("express")
            };
            firm.sets(place, DocumentId::named("priority/express"), "code", code);
        }
        Step::AssignStaff(which, works) => {
            let id = firm.makes(place, kind::STAFF, "staff/bea");
            let named = |which: usize| format!("branch/{}", branch(which));
            firm.sets(place, id, &named(*which), Value::from(*works));
            // Until now they may have worked everywhere.
            for other in (0..3).filter(|other| other != which) {
                let document = &firm.replicas[place].documents[&id];
                if document.newest(&named(other)).is_none() {
                    firm.sets(place, id, &named(other), Value::from(false));
                }
            }
        }
        Step::MakeUnknownKind => drop(firm.makes(place, "voucher", "voucher/1")),
        Step::EraseCustomer(which) => {
            let id = customer(which)?;
            firm.does(place, |replica, _, authoring| {
                command::erase(&replica.documents[&id], authoring)
            })
            .ok()?;
        }
        Step::GiveToCustomer(which, to) => {
            let (id, to) = (order(which)?, customer(to)?);
            firm.sets(place, id, "customer", to.into());
        }
        other => {
            let id = order(order_index(other)?)?;
            firm.does(place, |replica, catalogue, authoring| {
                let document = &replica.documents[&id];
                on_order(other, document, catalogue, authoring, replica.home)
            })
            .ok()?;
        }
    }
    Some(())
}

fn order_index(step: &Step) -> Option<&Index> {
    match step {
        Step::ChangeStatus(which, _)
        | Step::Pay(which, _)
        | Step::Refund(which, _)
        | Step::HandOut(which)
        | Step::HandOver(which, _)
        | Step::MovePickup(which, _)
        | Step::DropItem(which)
        | Step::Comment(which)
        | Step::Settle(which)
        | Step::EraseOrder(which) => Some(which),
        _ => None,
    }
}

fn on_order(
    step: &Step,
    document: &Document,
    catalogue: &Catalogue,
    authoring: &mut crate::document::Authoring,
    home: BranchId,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    let pay = |minor: i64| Pay {
        amount: Money::new(minor, order.currency),
        method: PaymentMethod::Cash,
        branch: home,
        receipt: None,
    };
    match step {
        Step::ChangeStatus(_, phase) => {
            let to = StatusCode::from(Phase::ALL[*phase]);
            command::change_status(document, authoring, &to, Some("Kante gebrochen"))
        }
        Step::Pay(_, minor) => command::pay(document, authoring, &pay(*minor)),
        Step::Refund(_, minor) => command::refund(document, authoring, &pay(*minor)),
        Step::HandOut(_) => command::hand_out(document, authoring, None),
        Step::HandOver(_, place) => {
            let to = match place {
                0..3 => Custody::Workshop(branch(*place)),
                3 => Custody::Van,
                _ => Custody::Rack(branch(*place)),
            };
            let first = order.items.first().map(|item| vec![item.key.clone()]);
            command::hand_over(document, authoring, first.as_deref(), &to)
        }
        Step::MovePickup(_, place) => {
            let edit = EditOrder {
                pickup: Some(branch(*place)),
                ..EditOrder::default()
            };
            command::edit_order(catalogue, document, authoring, &edit, home, TODAY)
        }
        Step::DropItem(_) => {
            let edit = EditOrder {
                items: Some(vec![item("Head Rev", &["large"])]),
                ..EditOrder::default()
            };
            command::edit_order(catalogue, document, authoring, &edit, home, TODAY)
        }
        Step::Settle(_) => {
            let conflict = order.conflicts.first().ok_or(Refusal::NothingToSettle)?;
            command::settle(
                document,
                authoring,
                &conflict.field,
                &conflict.candidates[0].value,
            )
        }
        Step::EraseOrder(_) => command::erase(document, authoring),
        _ => command::add_comment(document, authoring, "ruft an"),
    }
}

fn somebody(who: usize) -> crate::domain::Contact {
    let people = [
        ("Reto Caduff", "079 123 45 67", "reto@example.ch"),
        ("Anna Müller", "081 250 00 11", "anna@example.ch"),
        ("Rüegg, Urs", "+49 8382 12345", ""),
        ("Anna Mueller", "0812500011", "ANNA@example.ch"),
        ("Łukasz Nowak", "", ""),
        ("D'Angelo", "nur abends", "d@angelo.example"),
    ];
    let (name, phone, email) = people[who % people.len()];
    contact(name, phone, email)
}

/// A read model as text, table by table, without what depends on the way it came to be: keys, positions, and pairs of
/// a scope that no longer follow from the documents.
fn dump(model: &ReadModel) -> Vec<String> {
    let connection = &model.reader.connection;
    for search in ["order_search", "customer_search"] {
        connection
            .execute_batch(&format!(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.{search}_terms USING fts5vocab(main, {search}, instance)"
            ))
            .expect("a view of the index");
    }
    let of_order = |table: &str| {
        format!(
            "SELECT o.id, t.* FROM (SELECT {} FROM {table}) t LEFT JOIN orders o ON o.key = t.own_key ORDER BY o.id, 3, 4, 5",
            columns(model, table)
        )
    };
    let tables = [
        ("documents", "SELECT id, kind, state FROM documents ORDER BY id".to_owned()),
        ("orders", of_order("orders")),
        ("items", of_order("items")),
        ("lines", of_order("lines")),
        ("payments", of_order("payments")),
        ("places", of_order("places")),
        (
            "order_search",
            "SELECT o.id, v.term, v.col FROM temp.order_search_terms v LEFT JOIN orders o ON o.key = v.doc ORDER BY 1, 2, 3"
                .to_owned(),
        ),
        ("customers", {
            let columns = columns(model, "customers");
            format!("SELECT {columns} FROM customers ORDER BY id")
        }),
        (
            "customer_search",
            "SELECT c.id, v.term, v.col FROM temp.customer_search_terms v LEFT JOIN customers c ON c.key = v.doc ORDER BY 1, 2, 3"
                .to_owned(),
        ),
        ("same_as", "SELECT * FROM same_as ORDER BY 1, 2".to_owned()),
        ("priorities", "SELECT * FROM priorities ORDER BY 1".to_owned()),
        ("branches", "SELECT * FROM branches ORDER BY 1".to_owned()),
        ("territories", "SELECT * FROM territories ORDER BY 1".to_owned()),
        ("digests", "SELECT * FROM digests ORDER BY branch".to_owned()),
        ("scope", "SELECT branch, document FROM scope WHERE current = 1 ORDER BY 1, 2".to_owned()),
    ];
    let mut dump = Vec::new();
    for (table, sql) in tables {
        let mut statement = connection.prepare(&sql).expect("valid");
        let own_key = statement.column_names().position(|name| name == "own_key");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("runs");
        while let Some(row) = rows.next().expect("reads") {
            let cells: Vec<Cell> = (0..columns)
                .filter(|column| Some(*column) != own_key)
                .map(|column| row.get(column).expect("any value"))
                .collect();
            dump.push(format!("{table}: {cells:?}"));
        }
    }
    dump
}

/// The columns of a table; the key of its order under one name, so that it can be left out.
fn columns(model: &ReadModel, table: &str) -> String {
    let mut statement = model
        .reader
        .connection
        .prepare("SELECT name FROM pragma_table_info(?1)")
        .expect("valid");
    let names = statement
        .query_map([table], |row| row.get::<_, String>(0))
        .expect("runs")
        .map(|name| name.expect("reads"));
    let columns: Vec<String> = names
        .filter(|name| table != "customers" || name != "key")
        .map(|name| match name.as_str() {
            "key" | "order_key" => format!("{name} AS own_key"),
            _ => name,
        })
        .collect();
    columns.join(", ")
}

fn applied(batches: &[&[Change]]) -> ReadModel {
    let mut model = ReadModel::open_in_memory().expect("in memory");
    for batch in batches {
        let position = batch.last().map_or(0, |change| change.position);
        model.apply(batch, position).expect("applies");
    }
    model
}

fn rebuilt(feed: &[Change]) -> ReadModel {
    let mut model = ReadModel::open_in_memory().expect("in memory");
    // Something stale to be forgotten.
    model.apply(&feed[..feed.len() / 2], 1).expect("applies");
    let position = feed.last().map_or(0, |change| change.position);
    model
        .rebuild(latest(feed).into_values(), position)
        .expect("rebuilds");
    model
}

/// The scope of a branch as the documents say it, told a second time without SQL.
fn scope_by_documents(
    documents: &BTreeMap<DocumentId, Document>,
    branch: BranchId,
) -> Vec<DocumentId> {
    let of_branch: BTreeSet<DocumentId> = documents
        .values()
        .filter_map(Order::of)
        .filter(|order| order.scope().contains(&branch))
        .flat_map(|order| [Some(order.id.document()), order.customer.map(Into::into)])
        .flatten()
        .collect();
    let holds = |document: &Document| {
        let home = document.newest("branch/home").and_then(|home| home.as_id());
        match document.kind().as_str() {
            kind::STAFF => Staff::of(document).is_some_and(|staff| staff.works_at(branch)),
            kind::ORDER => of_branch.contains(&document.id()),
            kind::CUSTOMER => of_branch.contains(&document.id()) || home == Some(branch.document()),
            other => Catalogue::holds_kind(other),
        }
    };
    documents
        .values()
        .filter(|document| holds(document))
        .map(Document::id)
        .collect()
}

/// The digest of some documents, counted from the first to the last.
fn counted_again(documents: &BTreeMap<DocumentId, Document>, ids: &[DocumentId]) -> ScopeDigest {
    let sum: ScopeSum = states(documents, ids).into_iter().collect();
    sum.finish()
}

fn states(
    documents: &BTreeMap<DocumentId, Document>,
    ids: &[DocumentId],
) -> Vec<(DocumentId, [u8; 16])> {
    ids.iter()
        .map(|id| (*id, documents[id].state_hash()))
        .collect()
}

fn items(model: &ReadModel, branch: BranchId) -> Vec<(DocumentId, [u8; 16])> {
    let mut items = Vec::new();
    model
        .inventory(branch)
        .visit(KeyRange::ALL, &mut |item| {
            items.push((item.id, item.state_hash));
            ControlFlow::Continue(())
        })
        .expect("reads");
    items
}

/// The read model of somebody who got these documents in any order, here that of their ids.
fn holding(documents: &BTreeMap<DocumentId, Document>) -> ReadModel {
    let mut model = ReadModel::open_in_memory().expect("in memory");
    let changes: Vec<Change> = (1..)
        .zip(documents.values())
        .map(|(position, document)| Change {
            position,
            document: document.clone(),
        })
        .collect();
    model
        .apply(&changes, changes.len() as u64)
        .expect("applies");
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_batching_gives_the_rows_of_a_rebuild(story in story()) {
        let firm = story.told();
        let batches = story.batches(&firm.feed);
        let mut incremental = applied(&batches);
        let rebuilt = rebuilt(&firm.feed);
        let rows = dump(&incremental);
        prop_assert_eq!(&rows, &dump(&rebuilt));
        prop_assert_eq!(incremental.position()?, firm.feed.len() as u64);
        prop_assert_eq!(rebuilt.position()?, firm.feed.len() as u64);

        for again in [&batches[..], &batches[..batches.len() / 2]] {
            for batch in again {
                incremental.apply(batch, batch[0].position).expect("applies again");
            }
            prop_assert_eq!(&rows, &dump(&incremental));
        }
        prop_assert_eq!(incremental.position()?, firm.feed.len() as u64);
    }

    #[test]
    fn forgetting_gives_the_rows_of_never_having_known(story in story(), lost in prop::collection::vec(any::<Index>(), 1..8)) {
        let firm = story.told();
        let mut documents = latest(&firm.feed);
        let ids: Vec<DocumentId> = documents.keys().copied().collect();
        let lost: BTreeSet<DocumentId> = lost.iter().map(|index| *index.get(&ids)).collect();
        let mut model = applied(&[&firm.feed]);
        model.forget(&lost.iter().copied().collect::<Vec<_>>()).expect("forgets");
        documents.retain(|id, _| !lost.contains(id));
        let mut without = ReadModel::open_in_memory().expect("in memory");
        without.rebuild(documents.into_values(), model.position()?).expect("rebuilds");
        prop_assert_eq!(dump(&model), dump(&without));
    }

    #[test]
    fn a_branch_that_follows_its_scope_holds_all_of_it_in_its_latest_state(story in story()) {
        let firm = story.told();
        let batches = story.batches(&firm.feed);
        let rebuilt_after = story.rebuilt_after.map(|index| index.index(batches.len()));
        let mut model = ReadModel::open_in_memory().expect("in memory");
        let mut at_hub: BTreeMap<DocumentId, Change> = BTreeMap::new();
        let mut held: [BTreeMap<DocumentId, Document>; 3] = Default::default();
        let mut cursors = [0; 3];
        for (number, batch) in batches.iter().enumerate() {
            model.apply(batch, batch[batch.len() - 1].position).expect("applies");
            at_hub.extend(latest(batch));
            if rebuilt_after == Some(number) {
                let position = model.position()?;
                model.rebuild(at_hub.values().cloned(), position).expect("rebuilds");
            }
            let is_last = number + 1 == batches.len();
            for place in 0..3 {
                // One branch is mostly away, and answers are short, so that cuts fall everywhere.
                if !is_last && !number.is_multiple_of(place + 1) {
                    continue;
                }
                loop {
                    let changes = model.changes_in_scope(branch(place), cursors[place], 1 + place)?;
                    let Some(last) = changes.last().map(|change| change.position) else { break };
                    prop_assert!(changes.is_sorted_by_key(|change| (change.position, change.id)));
                    prop_assert!(last > cursors[place]);
                    for InScope { id, .. } in changes {
                        held[place].insert(id, at_hub[&id].document.clone());
                    }
                    cursors[place] = last;
                }
            }
        }
        for (place, held) in held.iter().enumerate() {
            let in_scope = model.documents_in_scope(branch(place))?;
            prop_assert_eq!(&in_scope, &scope_by_documents(&firm.hub, branch(place)));
            for id in &in_scope {
                prop_assert_eq!(held.get(id), firm.hub.get(id), "{}", id);
            }
            prop_assert_eq!(model.scope_size(branch(place))?, in_scope.len() as u64);
            let at_hub = model.scope_digest(branch(place))?;
            prop_assert_eq!(at_hub, counted_again(&firm.hub, &in_scope));
            prop_assert_eq!(items(&model, branch(place)), states(&firm.hub, &in_scope));
            // The branch computes its own, from what it holds, and holds documents that concern it no more.
            prop_assert_eq!(holding(held).scope_digest(branch(place))?, at_hub);
            if rebuilt_after.is_none() {
                for (id, document) in held {
                    prop_assert_eq!(Some(document), firm.hub.get(id), "no longer in scope: {}", id);
                }
            }
        }
        prop_assert!(model.documents_in_scope(EVERYONE)?.len() >= 14);
    }
}

#[test]
fn histories_of_the_strategy_have_conflicts_erasures_and_moves_in_them() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut conflicts, mut erased, mut payments, mut moved) = (0, 0, 0, 0);
    for _ in 0..60 {
        let story = proptest::strategy::ValueTree::current(
            &story().new_tree(&mut runner).expect("a story"),
        );
        let firm = story.told();
        for order in firm.hub.values().filter_map(Order::of) {
            conflicts += order.conflicts.len();
            payments += order.payments.len();
            erased += usize::from(order.erased);
            moved += usize::from(order.pickup != order.home);
        }
        erased += firm
            .hub
            .values()
            .filter_map(Customer::of)
            .filter(|one| one.erased)
            .count();
    }
    let seen = [conflicts, erased, payments, moved];
    assert!(
        seen.iter().all(|count| *count > 5),
        "{seen:?} after {NOW:?}"
    );
}
