//! Portions of a source: what is outside is counted as left behind, as the run counts it, and what is inside is compared.

use super::firms::{firm, of_kind};
use super::*;
use crate::portion::Portion;

/// A firm with two branches. Of the customers one has an order at each of them, one has none.
const TWO_BRANCHES: (&str, &str) = (
    "CREATE TABLE Kunden (Nr INTEGER PRIMARY KEY, Name TEXT);
     INSERT INTO Kunden VALUES (1, 'Reto Tschudi'), (2, 'Ursina Caflisch'), (3, 'Gian Camenisch'), (4, 'Maria Cadonau');
     CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kunde INTEGER, Filiale TEXT, Status TEXT, Eingang TEXT, Arbeit TEXT);
     INSERT INTO Auftraege VALUES (1, 1, 'C', 'offen', '2026-11-10', 'Wachs'), (2, 2, 'D', 'offen', '2026-11-11', 'Wachs'),
         (3, 3, 'C', 'offen', '2026-11-12', 'Wachs'), (4, 3, 'D', 'offen', '2026-11-13', 'Wachs');",
    r#"
[branches]
column = "Filiale"
map = { "C" = "Chur", "D" = "Davos" }
default = "Chur"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
number = "Nr"
customer = "Kunde"
status = "Status"
received = "Eingang"
service = "Arbeit"
[customers]
table = "Kunden"
key = ["Nr"]
[customers.contact]
name = "Name"
[status]
map = { "offen" = "open" }
[priority]
"#,
);

/// The same people, in the rows of their orders: one of them with another telephone at each branch.
const IN_THEIR_ORDERS: (&str, &str) = (
    "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Name TEXT, Mail TEXT, Ort TEXT, Filiale TEXT, Status TEXT, Eingang TEXT);
     INSERT INTO Auftraege VALUES (1, 'Reto Tschudi', 'reto@example.ch', 'Chur', 'C', 'offen', '2026-11-10'),
         (2, 'Ursina Caflisch', 'ursina@example.ch', 'Davos', 'D', 'offen', '2026-11-11'),
         (3, 'Gian Camenisch', 'gian@example.ch', 'Chur', 'C', 'offen', '2026-11-12'),
         (4, 'Gian Camenisch', 'gian@example.ch', 'Davos', 'D', 'offen', '2026-11-13');",
    r#"
[branches]
column = "Filiale"
map = { "C" = "Chur", "D" = "Davos" }
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
number = "Nr"
status = "Status"
received = "Eingang"
[orders.contact]
name = "Name"
email = "Mail"
town = "Ort"
[status]
map = { "offen" = "open" }
[priority]
"#,
);

fn of_branch(name: &str) -> Portion {
    Portion {
        branches: vec![name.to_owned()],
        ..Portion::default()
    }
}

fn of_table(name: &str) -> Portion {
    Portion {
        tables: vec![name.to_owned()],
        ..Portion::default()
    }
}

fn of_days(since: Option<i8>, until: Option<i8>) -> Portion {
    let day = |day: i8| jiff::civil::date(2026, 11, day);
    Portion {
        since: since.map(day),
        until: until.map(day),
        ..Portion::default()
    }
}

impl Bench {
    fn run_portion(&mut self, portion: &Portion) -> Report {
        let mut plan = self.plan();
        plan.portion = portion.clone();
        self.run_by(&plan).expect("the run ends")
    }
}

fn compared_portion(bench: &Bench, portion: &Portion, documents: Vec<Document>) -> Report {
    let mut plan = bench.plan();
    plan.portion = portion.clone();
    compared_by(&plan, bench, InOrder(documents))
}

#[test]
fn a_portion_is_compared_and_what_is_outside_is_counted_as_left_behind() {
    // How many customers and orders each of them brings.
    let cases = [
        (of_branch("Chur"), 3, 2),
        (of_branch("davos"), 2, 2),
        (of_days(Some(12), None), 1, 2),
        (of_days(None, Some(11)), 2, 2),
        (of_days(Some(11), Some(12)), 2, 2),
        (of_table("Kunden"), 4, 0),
        (Portion::default(), 4, 4),
    ];
    for (portion, customers, orders) in cases {
        let mut bench = firm(TWO_BRANCHES);
        let written = bench.run_portion(&portion);
        assert_clean(&written);
        let documents = bench.documents();
        for (name, order) in ORDERS {
            let report = compared_portion(&bench, &portion, order(documents.clone()));
            assert_clean(&report);
            assert_eq!(report.ledger, written.ledger, "{portion}, {name}");
            let sums = report.ledger["Kunden"];
            assert_eq!(sums.migrated, customers, "{portion}, {name}");
            assert_eq!(report.ledger["Auftraege"].migrated, orders, "{portion}");
        }
        let people = of_kind(&documents, fields::kind::CUSTOMER);
        let mut more = documents.clone();
        more.push(stray(people[0], "firma"));
        let report = compared_portion(&bench, &portion, more);
        assert_told(&report, "no row leads", &portion.to_string());
        for document in &documents {
            if document.kind().as_str() == fields::kind::BRANCH {
                continue;
            }
            let others = documents.iter().filter(|one| one.id() != document.id());
            let report = compared_portion(&bench, &portion, others.cloned().collect());
            assert_told(&report, "neither", &portion.to_string());
        }
    }
}

#[test]
fn people_in_the_rows_of_orders_are_those_of_any_portion() {
    let mut bench = firm(IN_THEIR_ORDERS);
    for branch in ["Chur", "Davos"] {
        let portion = of_branch(branch);
        bench.run_portion(&portion);
        let documents = bench.documents();
        let report = compared_portion(&bench, &portion, documents);
        assert_clean(&report);
    }
    // Both portions are there now: each is still whole for itself, and so is all of it.
    let documents = bench.documents();
    for portion in [of_branch("Chur"), of_branch("Davos"), Portion::default()] {
        let report = compared_portion(&bench, &portion, documents.clone());
        assert_clean(&report);
    }
    // A person to whom no row leads is a difference as soon as no other portion may lead to them.
    let people = of_kind(&documents, fields::kind::CUSTOMER);
    let orders = of_kind(&documents, fields::kind::ORDER);
    let reto = people
        .iter()
        .find(|person| person.newest(fields::contact::TOWN) == Some("Chur".into()))
        .expect("he is there");
    let theirs =
        |order: &&Document| order.newest(fields::order::CUSTOMER) == Some(reto.id().into());
    let elsewhere = orders
        .into_iter()
        .find(|order| !theirs(order))
        .expect("one");
    let link = fields::known(fields::order::CUSTOMER);
    let other = elsewhere.newest(fields::order::CUSTOMER).expect("linked");
    let mut damaged = documents.clone();
    for document in &mut damaged {
        if theirs(&&*document) {
            *document = with(document, &link, other.clone());
        }
    }
    let report = compared_portion(&bench, &Portion::default(), damaged);
    assert_told(&report, "no row leads", "nobody's orders");
}
