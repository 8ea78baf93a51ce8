//! Where customers are at home follows from their last order, and where services stand in lists from their rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::firms::{brought_firm, of_kind};
use super::*;
use crate::naming;

const PLAN: &str = r#"
[branches]
default = "Laax"
column = "Filiale"
create_missing = true
[branches.map]
C = "Chur"
D = "Davos"
[[branches.rule]]
column = "Nr"
starts_with = "9"
branch = "Flims"
[orders]
table = "Auftraege"
key = ["Nr"]
status = "Status"
customer = "Kunde"
exclude_where = [{ column = "Status", equals = "Probe", reason = "to try it" }]
[customers]
table = "Kunden"
key = ["Nr"]
[customers.contact]
name = "Name"
[services]
table = "Angebot"
key = "Nr"
name = "Name"
map = { "Wachsen" = "wax" }
[status]
map = { "offen" = "open" }
[priority]
"#;

/// Customers and their orders, each at a branch; `more` customers come behind, with two orders each.
fn script(more: u32) -> String {
    let mut script = String::from(
        "CREATE TABLE Angebot (Nr INTEGER PRIMARY KEY, Name TEXT);
         INSERT INTO Angebot VALUES (1, 'Service'), (2, 'Wachsen'), (3, 'Schleifen'), (5, 'Kanten');
         CREATE TABLE Kunden (Nr TEXT PRIMARY KEY, Name TEXT);
         INSERT INTO Kunden VALUES ('1', 'twice'), ('2', 'elsewhere before'), ('3', 'without orders'), ('4', 'without a branch'),
            ('5', 'at an unknown one'), ('6', 'left behind by a rule'), ('07', 'by a rule'), ('A', 'called by a letter'), ('7', 'another seven');
         CREATE TABLE Auftraege (Nr TEXT PRIMARY KEY, Status TEXT, Kunde TEXT, Filiale TEXT);
         INSERT INTO Auftraege VALUES ('1', 'offen', '1', 'D'), ('2', 'offen', '2', 'C'), ('3', 'offen', '4', NULL),
            ('4', 'offen', '5', 'D'), ('5', 'offen', '5', 'X'), ('6', 'offen', '6', 'D'), ('7', 'Probe', '6', 'C'),
            ('90', 'offen', '07', NULL), ('8', 'offen', 'A', 'D'), ('11', 'offen', '1', 'C'), ('12', 'offen', '2', ' D '),
            ('13', 'verschollen', '7', 'D'), ('14', 'offen', NULL, 'D'), ('15', 'offen', '99', 'C');",
    );
    for number in 1..=more {
        let customer = 1_000 + number;
        let _ = write!(
            script,
            "\nINSERT INTO Kunden VALUES ('{customer}', 'one more');"
        );
    }
    for round in ["C", "D"] {
        for number in 1..=more {
            let customer = 1_000 + number;
            let _ = write!(
                script,
                "\nINSERT INTO Auftraege VALUES ('{round}{number}', 'offen', '{customer}', '{round}');"
            );
        }
    }
    script
}

/// Where each customer of the script is at home.
const HOMES: [(&str, &str); 9] = [
    ("1", "Chur"),
    ("2", "Davos"),
    ("3", "Laax"),
    ("4", "Laax"),
    ("5", "Laax"),
    ("6", "Chur"),
    ("07", "Flims"),
    ("A", "Davos"),
    ("7", "Davos"),
];

fn branches(documents: &[Document]) -> BTreeMap<String, DocumentId> {
    let branches = documents.iter().filter_map(shared::domain::Branch::of);
    branches
        .map(|branch| (branch.name, branch.id.document()))
        .collect()
}

#[test]
fn a_customer_is_at_home_where_their_last_order_is_and_anything_else_is_told() {
    for more in [0, 1_500] {
        let mut bench = brought_firm((&script(more), PLAN));
        let documents = bench.documents();
        let branches = branches(&documents);
        let home = fields::known(fields::order::HOME);
        let customer = |key: &str| {
            let id = naming::document_id("firma", "Kunden", key);
            documents
                .iter()
                .find(|document| document.id() == id)
                .expect("it is there")
        };
        for (key, at) in HOMES {
            let document = customer(key);
            let expected = Value::from(branches[at]);
            assert_eq!(
                document.newest(fields::order::HOME),
                Some(expected),
                "{key}"
            );
            let wrong = branches.iter().filter(|(name, _)| *name != at);
            let wrong = wrong.map(|(_, id)| Value::from(*id));
            let no_branch = [Value::Null, "Chur".into(), DocumentId::named("x").into()];
            for (place, value) in wrong.chain(no_branch).enumerate() {
                let case = format!("{key} at {value:?}");
                let damaged = with(document, &home, value);
                let (_, order) = ORDERS[place % ORDERS.len()];
                let report = compared(&bench, order(instead(&documents, &damaged)));
                let told: Vec<_> = report.differences.iter().collect();
                assert_eq!(told.len(), 1, "{case}: {told:?}");
                assert_eq!(
                    (told[0].field.as_str(), told[0].key.as_str()),
                    (fields::order::HOME, key),
                    "{case}"
                );
                assert!(
                    told[0]
                        .what
                        .starts_with(&format!("expected Some(\"{at}\"), found ")),
                    "{}",
                    told[0].what
                );
                assert!(crate::report::is_known(&told[0].what), "{}", told[0].what);
            }
        }
    }
}

#[test]
fn a_customer_of_whom_no_branch_can_be_told_has_no_home() {
    let plan = PLAN.replace("default = \"Laax\"\n", "");
    let mut bench = brought_firm((&script(0), &plan));
    let documents = bench.documents();
    let home = fields::known(fields::order::HOME);
    let id = naming::document_id("firma", "Kunden", "3");
    let document = documents
        .iter()
        .find(|document| document.id() == id)
        .expect("it is there");
    assert_eq!(document.newest(fields::order::HOME), None);
    for value in [branches(&documents)["Chur"].into(), Value::from("Chur")] {
        let damaged = with(document, &home, value);
        let report = compared(&bench, instead(&documents, &damaged));
        assert_eq!(report.difference_count, 1, "{:?}", report.differences);
        assert_told(&report, "expected None, found ", "a home from nowhere");
    }
}

#[test]
fn a_home_that_staff_have_changed_is_theirs() {
    let mut bench = brought_firm((&script(0), PLAN));
    let documents = bench.documents();
    let chur = branches(&documents)["Chur"];
    let id = naming::document_id("firma", "Kunden", "A");
    let document = documents
        .iter()
        .find(|document| document.id() == id)
        .expect("it is there");
    let mut authoring = Authoring::new(
        Actor::new(ReplicaNumber(3), 1),
        0,
        Hlc::at(UtcMillis(1_795_000_000_000)),
        None,
    );
    let mut change = Change::of(document);
    change.set(&mut authoring, fields::known(fields::order::HOME), chur);
    bench.merge(&change.finish());
    let report = bench.verify();
    assert_clean(&report);
    assert_eq!(report.edited_since, 1);
}

#[test]
fn homes_beyond_those_that_are_listed_are_counted() {
    let more = 1_500;
    let mut bench = brought_firm((&script(more), PLAN));
    let mut documents = bench.documents();
    let home = fields::known(fields::order::HOME);
    for document in &mut documents {
        if document.kind().as_str() == fields::kind::CUSTOMER {
            *document = with(document, &home, DocumentId::named("elsewhere").into());
        }
    }
    for (name, order) in ORDERS {
        let report = compared(&bench, order(documents.clone()));
        assert_eq!(
            report.difference_count,
            u64::from(more) + HOMES.len() as u64,
            "{name}"
        );
        assert_eq!(
            report.differences.len(),
            crate::run::LISTED_DIFFERENCES,
            "{name}"
        );
    }
}

#[test]
fn orders_that_lead_to_no_customer_of_the_table_have_none() {
    let script = "CREATE TABLE Kunden (Nr INTEGER PRIMARY KEY, Name TEXT);
        INSERT INTO Kunden VALUES (1, 'Reto Tschudi');
        CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Status TEXT, Name TEXT);
        INSERT INTO Auftraege VALUES (1, 'offen', 'Ursina Caflisch');";
    let plan = r#"
[branches]
default = "Chur"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
status = "Status"
[orders.contact]
name = "Name"
[customers]
table = "Kunden"
key = ["Nr"]
[customers.contact]
name = "Name"
[status]
map = { "offen" = "open" }
[priority]
"#;
    let mut bench = brought_firm((script, plan));
    let documents = bench.documents();
    let order = of_kind(&documents, fields::kind::ORDER)[0];
    assert_eq!(order.newest(fields::order::CUSTOMER), None);
    let customer = of_kind(&documents, fields::kind::CUSTOMER)[0].id();
    let field = fields::known(fields::order::CUSTOMER);
    let damaged = with(order, &field, customer.into());
    let report = compared(&bench, instead(&documents, &damaged));
    assert_eq!(report.difference_count, 1, "{:?}", report.differences);
    assert_eq!(report.differences[0].field, fields::order::CUSTOMER);
}

#[test]
fn services_stand_in_lists_in_the_order_of_their_rows() {
    let mut bench = brought_firm((&script(0), PLAN));
    let documents = bench.documents();
    let sort = fields::known("sort");
    for (key, place) in [("1", 1_001), ("3", 1_002), ("5", 1_003)] {
        let id = naming::document_id("firma", "Angebot", key);
        let service = documents
            .iter()
            .find(|document| document.id() == id)
            .expect("it is there");
        assert_eq!(service.newest("sort"), Some(Value::Int(place)), "{key}");
        for value in [Value::Int(place + 1), Value::Int(place - 1), Value::Null] {
            let damaged = with(service, &sort, value);
            let report = compared(&bench, instead(&documents, &damaged));
            assert_eq!(report.difference_count, 1, "{:?}", report.differences);
            assert_eq!(report.differences[0].field, "sort");
        }
    }
    assert_eq!(of_kind(&documents, fields::kind::SERVICE).len(), 3);
}
