//! Rows that share a key: one of them becomes the document, the others are rejected, and nothing is mixed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;

use super::firms::{firm, of_kind};
use super::*;
use crate::naming;
use crate::plan::preview::preview;

const PLAN: &str = r#"
[branches]
default = "Chur"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
number = "Nr"
status = "Status"
customer = "Kunde"
exclude_where = [{ column = "Status", equals = "alt", reason = "former versions" }]
[lines]
table = "Positionen"
key = ["Nr"]
order = "Auftrag"
service = "Arbeit"
price = "Preis"
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
map = { "offen" = "open", "fertig" = "done" }
[priority]
"#;

/// The rows of a firm whose tables declare no keys; numbers may be `NULL`.
#[derive(Default)]
struct Rows {
    /// Number and name.
    services: Vec<(String, String)>,
    customers: Vec<(String, String)>,
    /// Number, status and customer.
    orders: Vec<(String, String, String)>,
    /// Number, order and price.
    lines: Vec<(String, String, u64)>,
}

impl Rows {
    /// Each row in a line of its own: services from line 2 on, and before each table one line.
    fn script(&self) -> String {
        let mut script = String::from(
            "CREATE TABLE Angebot (Nr INTEGER, Name TEXT); CREATE TABLE Kunden (Nr INTEGER, Name TEXT); \
             CREATE TABLE Auftraege (Nr INTEGER, Status TEXT, Kunde INTEGER); \
             CREATE TABLE Positionen (Nr INTEGER, Auftrag INTEGER, Arbeit INTEGER, Preis TEXT);\n",
        );
        for (number, name) in &self.services {
            let _ = writeln!(script, "INSERT INTO Angebot VALUES ({number}, '{name}');");
        }
        for (number, name) in &self.customers {
            let _ = writeln!(script, "INSERT INTO Kunden VALUES ({number}, '{name}');");
        }
        for (number, status, customer) in &self.orders {
            let _ = writeln!(
                script,
                "INSERT INTO Auftraege VALUES ({number}, '{status}', {customer});"
            );
        }
        for (number, order, price) in &self.lines {
            let _ = writeln!(
                script,
                "INSERT INTO Positionen VALUES ({number}, {order}, 1, '{price}.00');"
            );
        }
        script
    }

    /// Chunks are of 400 rows: keys that stand twice lie within one, in neighbours, and far apart, and one stands four times.
    fn many() -> Self {
        let mut rows = Self {
            services: ["Service", "Schleifen", "Service zwei", "Wachsen"]
                .iter()
                .zip(["1", "2", "1", "2"])
                .map(|(name, number)| (number.to_owned(), (*name).to_owned()))
                .collect(),
            ..Self::default()
        };
        for place in 1..=1_300_u64 {
            let number = match place {
                20 | 401 | 1_201 => 7,
                400 => 399,
                1_300 => 2,
                _ => place,
            };
            let status = if number == place { "offen" } else { "fertig" };
            rows.customers
                .push((number.to_string(), format!("Name {place}")));
            rows.orders
                .push((number.to_string(), status.to_owned(), number.to_string()));
            // No line names its order by anything but its number.
            rows.lines.push((place.to_string(), number.to_string(), 10));
        }
        rows
    }
}

/// The rejects of a code: table and place, with the reason.
fn rejected_for(bench: &Bench, code: &str) -> BTreeMap<(String, i64), String> {
    let text = std::fs::read_to_string(bench.rejects()).expect("the file of rejects is there");
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let reject: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        if reject["code"] == code {
            let table = reject["table"].as_str().expect("a table").to_owned();
            let place = reject["place"].as_i64().expect("a place");
            let reason = reject["reason"].as_str().expect("a reason").to_owned();
            assert!(found.insert((table, place), reason).is_none(), "told once");
        }
    }
    found
}

#[test]
fn of_rows_with_one_key_the_first_is_brought_over_and_the_others_are_rejected_with_its_place() {
    let mut bench = firm((&Rows::many().script(), PLAN));
    let report = bench.run().expect("the run ends");
    assert_clean(&report);

    let told = rejected_for(&bench, "duplicate_key");
    let places = |table: &str| -> Vec<i64> {
        let of_table = told.keys().filter(|(known, _)| known == table);
        of_table.map(|(_, place)| *place).collect()
    };
    assert_eq!(places("Kunden"), [20, 400, 401, 1_201, 1_300]);
    assert_eq!(places("Auftraege"), [20, 400, 401, 1_201, 1_300]);
    assert_eq!(
        places("Angebot"),
        [3],
        "the last one is merged into the catalogue"
    );
    let lines = places("Positionen");
    assert!(lines.is_empty(), "lines are told apart by their places");
    // Before the orders stand a line for the tables, four services and all customers.
    let holder = 1 + 4 + 1_300 + 7;
    assert_eq!(
        told[&("Auftraege".to_owned(), 401)],
        format!(
            "the row in line {holder} (row 7 of the table) has this key already: 7. Give this one another key, or leave it out"
        )
    );
    assert_eq!(bench.rejects_by_code()["duplicate_key"], 11);

    let sums = &report.ledger["Auftraege"];
    assert_eq!(
        (sums.source, sums.migrated, sums.rejected),
        (1_300, 1_295, 5)
    );
    let sums = &report.ledger["Positionen"];
    assert_eq!((sums.embedded, sums.rejected), (1_300, 0), "each line once");
    let seventh = naming::document_id("firma", "Auftraege", "7");
    let orders = bench.orders();
    let order = orders
        .iter()
        .find(|order| order.id.0 == seventh)
        .expect("it is there");
    assert_eq!(order.status.code, "open", "as the first row says");
    assert_eq!(order.total().minor, 4_000, "with the lines of its key");
    let name = bench
        .documents()
        .iter()
        .find(|document| document.id() == naming::document_id("firma", "Kunden", "7"))
        .and_then(|document| document.newest(fields::contact::NAME));
    assert_eq!(name, Some(Value::from("Name 7")));

    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger, "both count the same");
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    assert_eq!(
        sums.total.source.amount_minor, 1_300_000,
        "each line counts once"
    );
    let documents = bench.documents();
    for (name, order) in ORDERS {
        let report = compared(&bench, order(documents.clone()));
        assert_eq!(report.differences, [], "{name}");
        assert_eq!(report.ledger, verified.ledger, "{name}");
    }
    // What a plan would do is known before anything is written.
    let foreseen = preview(&bench.plan(), &bench.staging).expect("it is tried");
    assert_eq!(foreseen.rejects["duplicate_key"].0, 11);
    assert_eq!(foreseen.ledger, report.ledger);
    let folder = tempfile::tempdir().expect("a folder");
    assert!(bench.rehearse(folder.path()).is_clean());
}

#[test]
fn a_mixed_document_and_a_row_that_is_not_told_are_differences() {
    let mut bench = firm((&Rows::many().script(), PLAN));
    bench.run().expect("the run ends");
    let documents = bench.documents();
    let whole = std::fs::read_to_string(bench.rejects()).expect("the file");

    // As it was: the second row was written over the first, and nobody told.
    for (table, field, value) in [
        ("Kunden", fields::contact::NAME, "Name 401"),
        ("Auftraege", fields::order::STATUS, "done"),
    ] {
        let id = naming::document_id("firma", table, "7");
        let first = documents
            .iter()
            .find(|document| document.id() == id)
            .expect("it is there");
        let mixed = with(first, &fields::known(field), value.into());
        for (name, order) in ORDERS {
            let report = compared(&bench, order(instead(&documents, &mixed)));
            assert_told(&report, "expected", &format!("{name}, {table}"));
        }
    }
    let kept: Vec<&str> = whole
        .lines()
        .filter(|line| !line.contains("\"place\":401,"))
        .collect();
    assert!(kept.len() < whole.lines().count());
    std::fs::write(bench.rejects(), kept.join("\n")).expect("it is written");
    for (name, order) in ORDERS {
        let report = compared(&bench, order(documents.clone()));
        assert_told(
            &report,
            "another row has its key, and it is not among the rejects",
            name,
        );
        assert!(!report.ledger["Auftraege"].add_up(), "{name}");
        let told = report.differences.iter();
        let rows = told.filter(|one| one.what.starts_with("another row has its key"));
        assert_eq!(rows.count(), 2, "{name}: the customer and the order");
    }

    // A row that no other one shares its key with must not be rejected for it.
    let id = naming::document_id("firma", "Auftraege", "5");
    let without: Vec<Document> = documents
        .into_iter()
        .filter(|document| document.id() != id)
        .collect();
    let line = serde_json::json!({"table": "Auftraege", "place": 5, "code": "duplicate_key"});
    let own_line = serde_json::json!({"table": "Positionen", "place": 5, "code": "order_rejected"});
    std::fs::write(bench.rejects(), format!("{whole}{line}\n{own_line}\n")).expect("it is written");
    let report = compared(&bench, without);
    let what = "it is listed as rejected for its key, which no row before it has";
    assert_eq!(report.difference_count, 1, "{:?}", report.differences);
    assert_told(&report, what, "order 5");
    assert!(crate::report::is_known(what));
}

#[test]
fn a_key_belongs_to_the_first_row_that_no_rule_leaves_behind_and_so_do_its_lines() {
    let order = |number: &str, status: &str| (number.to_owned(), status.to_owned(), "1".to_owned());
    let rows = Rows {
        services: vec![("1".into(), "Service".into())],
        customers: vec![("1".into(), "Reto".into())],
        orders: vec![
            order("1", "alt"),
            order("1", "offen"),
            order("1", "alt"),
            order("1", "fertig"),
            order("2", "alt"),
            order("2", "alt"),
            order("3", "verschollen"),
            order("3", "offen"),
        ],
        lines: vec![
            ("1".into(), "1".into(), 10),
            ("2".into(), "2".into(), 20),
            ("3".into(), "3".into(), 30),
        ],
    };
    let mut bench = firm((&rows.script(), PLAN));
    let report = bench.run().expect("the run ends");
    assert_clean(&report);
    let sums = report.ledger["Auftraege"];
    assert_eq!(
        (sums.migrated, sums.rejected, sums.excluded),
        (1, 3, 4),
        "{sums:?}"
    );
    let told = rejected_for(&bench, "duplicate_key");
    let places: Vec<i64> = told.keys().map(|(_, place)| *place).collect();
    // The third key is its first row's, which is rejected itself and can be mended.
    assert_eq!(places, [4, 8]);
    let lines = report.ledger["Positionen"];
    assert_eq!(
        (lines.embedded, lines.excluded, lines.rejected),
        (1, 1, 1),
        "{lines:?}"
    );
    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger);
    let orders = bench.orders();
    assert_eq!(orders[0].status.code, "open");
    assert_eq!(orders[0].total().minor, 1_000);
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    assert_eq!(sums.total.source.amount_minor, 6_000);
}

#[test]
fn lines_with_one_key_are_two_lines_and_none_is_written_over_the_other() {
    let mut rows = Rows {
        services: vec![("1".into(), "Service".into())],
        ..Rows::default()
    };
    for number in 1..=600 {
        rows.orders
            .push((number.to_string(), "offen".into(), "NULL".into()));
        // Numbered within their order, some twice.
        for (line, price) in [("1", 10), ("1", 15), ("2", 20)] {
            rows.lines
                .push((line.to_owned(), number.to_string(), price));
        }
    }
    let mut bench = firm((&rows.script(), PLAN));
    let report = bench.run().expect("the run ends");
    assert_clean(&report);
    assert_eq!(bench.rejects_by_code(), BTreeMap::new());
    assert_eq!(report.ledger["Positionen"].embedded, 1_800);
    assert!(
        bench
            .orders()
            .iter()
            .all(|order| order.total().minor == 4_500)
    );
    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger);
}

/// A few numbers, so that many are the same; some are NULL.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (1..8_u32).prop_map(|number| number.to_string()),
        1 => Just("NULL".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_keys_rows_share_each_is_accounted_for_once_and_nothing_is_mixed(
        customers in proptest::collection::vec(number(), 0..8),
        orders in proptest::collection::vec((number(), 0..4_usize, number()), 1..14),
        lines in proptest::collection::vec(number(), 0..12),
    ) {
        let statuses = ["offen", "fertig", "alt", "verschollen"];
        let rows = Rows {
            services: vec![("1".into(), "Service".into())],
            customers: customers.iter().enumerate().map(|(place, number)| (number.clone(), format!("Name {place}"))).collect(),
            orders: orders.iter().map(|(number, status, customer)| (number.clone(), statuses[*status].to_owned(), customer.clone())).collect(),
            lines: lines.iter().enumerate().map(|(place, order)| (place.to_string(), order.clone(), place as u64)).collect(),
        };
        // A model: who holds which key.
        let mut holders: BTreeMap<&String, usize> = BTreeMap::new();
        for (place, (number, status, _)) in orders.iter().enumerate() {
            if *status != 2 && number != "NULL" {
                holders.entry(number).or_insert(place);
            }
        }
        let migrated: BTreeSet<&String> = holders.iter().filter(|(_, place)| orders[**place].1 < 2).map(|(number, _)| *number).collect();
        let doubled = orders.iter().enumerate().filter(|(place, (number, status, _))| {
            *status != 2 && holders.get(number).is_some_and(|holder| holder != place)
        });
        let doubled = doubled.count();
        let own_customers: BTreeSet<&String> = customers.iter().filter(|number| *number != "NULL").collect();
        let embedded = lines.iter().filter(|order| migrated.contains(order)).count();

        let mut bench = firm((&rows.script(), PLAN));
        let report = bench.run().expect("the run ends");
        prop_assert!(report.is_clean(), "{:?}", report.differences);
        let told = rejected_for(&bench, "duplicate_key");
        let of = |table: &str| told.keys().filter(|(known, _)| known == table).count();
        prop_assert_eq!(of("Auftraege"), doubled);
        prop_assert_eq!(of("Kunden"), customers.iter().filter(|number| *number != "NULL").count() - own_customers.len());
        prop_assert_eq!(report.ledger["Auftraege"].migrated, migrated.len() as u64);
        prop_assert_eq!(report.ledger["Kunden"].migrated, own_customers.len() as u64);
        prop_assert_eq!(report.ledger["Positionen"].embedded, embedded as u64);
        let verified = bench.verify();
        prop_assert!(verified.is_clean(), "{:?}", verified.differences);
        prop_assert_eq!(&verified.ledger, &report.ledger);
        prop_assert!(bench.reconcile().adds_up());
        let documents = bench.documents();
        prop_assert_eq!(of_kind(&documents, fields::kind::ORDER).len(), migrated.len());
    }
}
