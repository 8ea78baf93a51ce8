//! The shapes that legacy order databases have, each with a plan that a person wrote: keys of several columns, one piece per line,
//! branches by a rule, two databases of one firm, rows mended by hand.

use std::path::{Path, PathBuf};

use shared::document::Value;
use shared::domain::{Order, fields};

use crate::mends::Mends;
use crate::naming;
use crate::parallel_run::Side;
use crate::plan::Plan;
use crate::run::Report;

mod doubled;
mod mended;

fn written(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, script).expect("the script is written");
    path
}

fn assert_clean(report: &Report) {
    assert!(report.is_clean(), "{:#?}", report.differences);
}

/// The head that all these plans share.
fn head(source: &Path, name: &str) -> String {
    format!(
        r#"plan_version = 1
document_schema = 1
source_name = "{name}"
source_file = "{}"
source_sha256 = "{}"
stamped_at = "2026-11-20T10:00:00Z"
time_zone = "Europe/Zurich"
country = "CH"
currency = "CHF"
"#,
        source.display(),
        crate::parallel_run::sha256_of(source)
    )
}

/// The plan of one table with a row for each order; `column` and `contact` are lines of a plan that name one more.
fn flat(head: &str, branch: &str, column: &str, contact: &str) -> String {
    format!(
        r#"{head}
[branches]
default = "{branch}"
create_missing = true
[orders]
table = "orders"
key = ["id"]
number = "id"
status = "status"
received = "received"
{column}
[orders.contact]
name = "name"
{contact}
[status]
map = {{ "open" = "open" }}
[priority]
"#
    )
}

#[test]
fn keys_of_several_columns_lead_from_table_to_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = written(
        folder.path(),
        "mandanten.sql",
        "CREATE TABLE Kunden (Mandant INTEGER, Nr INTEGER, Name TEXT, Telefon TEXT, PRIMARY KEY (Mandant, Nr));
         INSERT INTO Kunden VALUES (1, 7, 'Reto Tschudi', '079 123 45 67'), (2, 7, 'Ursina Caflisch', '079 234 56 78');
         CREATE TABLE Auftraege (Mandant INTEGER, Nr INTEGER, Kunde INTEGER, Status INTEGER, Eingang TEXT, PRIMARY KEY (Mandant, Nr));
         INSERT INTO Auftraege VALUES (1, 100, 7, 0, '2026-11-10'), (2, 100, 7, 2, '2026-11-11');
         CREATE TABLE Positionen (Mandant INTEGER, Auftrag INTEGER, Pos INTEGER, Ski TEXT, Art TEXT, Arbeit TEXT, Preis TEXT,
             PRIMARY KEY (Mandant, Auftrag, Pos));
         INSERT INTO Positionen VALUES (1, 100, 1, 'Stöckli Laser 170', 'Ski', 'Grosser Service', '69.00'),
             (1, 100, 2, 'Burton Custom 158', 'Board', 'Heisswachsen', '18.00'), (2, 100, 1, 'Rossignol 166', 'Ski', 'Kleiner Service', '49.00');",
    );
    let text = head(&source, "mandanten")
        + r#"
[branches]
create_missing = true
[[branches.rule]]
column = "Mandant"
equals = "2"
branch = "Davos"
[[branches.rule]]
column = "Mandant"
starts_with = "1"
branch = "Chur"

[orders]
table = "Auftraege"
key = ["Mandant", "Nr"]
number = "Nr"
customer = ["Mandant", "Kunde"]
status = "Status"
received = "Eingang"

[lines]
table = "Positionen"
key = ["Mandant", "Auftrag", "Pos"]
order = ["Mandant", "Auftrag"]
item = "Ski"
item_kind = "Art"
service = "Arbeit"
price = "Preis"

[customers]
table = "Kunden"
key = ["Mandant", "Nr"]
[customers.contact]
name = "Name"
phone = "Telefon"

[status]
map = { "0" = "open", "1" = "in_work", "2" = "done" }
[priority]
"#;
    let mut side = Side::with_plan(text);
    let report = side.run(&source);
    assert_clean(&report);
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger);
    assert_eq!(verified.orders_by_branch["Chur"], 1);
    assert_eq!(verified.orders_by_branch["Davos"], 1);
    let documents = side.documents();
    let key = naming::key_text(["1", "100"]);
    let order = &documents[&naming::document_id("mandanten", "Auftraege", &key)];
    let order = Order::of(order).expect("it is an order");
    assert_eq!(order.contact.name.as_deref(), Some("Reto Tschudi"));
    let pieces: Vec<(Option<&str>, &str, usize)> = order
        .items
        .iter()
        .map(|item| (item.kind.as_deref(), item.label.as_str(), item.lines.len()))
        .collect();
    assert_eq!(
        pieces,
        [
            (Some("Ski"), "Stöckli Laser 170", 1),
            (Some("Board"), "Burton Custom 158", 1)
        ]
    );

    // A piece joins in the old database: the others keep their keys, and what staff say of them.
    let script = std::fs::read_to_string(&source).expect("it is there");
    let later = written(
        folder.path(),
        "later.sql",
        &(script
            + "INSERT INTO Positionen VALUES (1, 100, 3, 'Atomic 162', 'Ski', 'Heisswachsen', '18.00');"),
    );
    let synced = side.sync(&later);
    assert_eq!(
        (synced.carried.changed, synced.carried.new),
        (1, 0),
        "{:?}",
        synced.carried
    );
    assert_clean(&side.verify(&later));
    assert!(side.diff(&later).is_clean(), "{:#?}", side.diff(&later));
}

#[test]
fn two_databases_of_one_firm_with_equal_numbers_stay_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = |who: &str, phone: &str| {
        format!(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, status TEXT, received TEXT);
             INSERT INTO orders VALUES (1, '{who}', '{phone}', 'open', '2026-11-10'), (2, 'Gian Camenisch', '079 345 67 89', 'open', '2026-11-11');"
        )
    };
    let chur = written(
        folder.path(),
        "chur.sql",
        &script("Reto Tschudi", "079 123 45 67"),
    );
    let davos = written(
        folder.path(),
        "davos.sql",
        &script("Ursina Caflisch", "079 234 56 78"),
    );
    let text = |source: &Path, name: &str, branch: &str| {
        flat(&head(source, name), branch, "", r#"phone = "phone""#)
    };
    let mut side = Side::with_plan(text(&chur, "chur", "Chur"));
    assert_clean(&side.run(&chur));
    let first = side.documents();
    side.take_plan(text(&davos, "davos", "Davos"));
    assert_clean(&side.run(&davos));
    assert_clean(&side.verify(&davos));
    let both = side.documents();
    let numbers: Vec<Value> = both
        .values()
        .filter_map(|document| document.newest(fields::order::LEGACY_NUMBER))
        .collect();
    assert_eq!(numbers.len(), 4, "two orders 1 and two orders 2");
    for (id, document) in &first {
        assert_eq!(both.get(id), Some(document), "the first import was touched");
    }
    // One firm, one person, two databases: told by telephone for somebody to link, never merged.
    let people = both.values().filter(|document| {
        document.newest(fields::contact::NAME) == Some("Gian Camenisch".into())
            && document.kind().as_str() == fields::kind::CUSTOMER
    });
    assert_eq!(people.count(), 2);
    side.take_plan(text(&chur, "chur", "Chur"));
    assert_clean(&side.verify(&chur));
    assert_eq!(
        side.sync(&chur).carried.gone,
        0,
        "the other's rows are not this one's"
    );
}

#[test]
fn what_changes_in_a_lookup_is_a_difference_until_it_is_carried_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE staff (nr INTEGER PRIMARY KEY, name TEXT, wage TEXT);
        INSERT INTO staff VALUES (1, 'Reto', '30'), (2, 'Ursina', '31'), (3, 'Gian', '32'), (4, 'Seraina', '33');
        CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, status TEXT, received TEXT, staff_nr TEXT);
        INSERT INTO orders VALUES (1, 'Tschudi', 'open', '2026-11-10', '1');
        INSERT INTO orders VALUES (2, 'Caflisch', 'open', '2026-11-11', '2');
        INSERT INTO orders VALUES (3, 'Camenisch', 'open', '2026-11-11', '3');
        INSERT INTO orders VALUES (4, 'Bezzola', 'open', '2026-11-12', '1');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(&head(&source, "werkstatt"), "Chur", "", "")
        + r#"
[[lookup]]
table = "staff"
key = "nr"
text = "name"
column = "staff_nr"
"#;
    let mut side = Side::with_plan(text);
    assert_clean(&side.run(&source));
    let clean = side.diff(&source);
    assert!(clean.is_clean(), "{clean:#?}");
    let staff = clean.tables["staff"];
    assert_eq!((staff.source, staff.same, staff.not_compared), (4, 3, 1));
    assert!(clean.not_compared.is_empty(), "{:?}", clean.not_compared);

    // One is called otherwise, one has left, and of wages documents keep nothing.
    let later = script
        .replace("'Reto'", "'Reto Hug'")
        .replace(", (3, 'Gian', '32')", "")
        .replace("'31'", "'35'");
    let later = written(folder.path(), "later.sql", &later);
    let seen = side.diff(&later);
    let staff = seen.tables["staff"];
    assert_eq!(
        (staff.changed, staff.gone, staff.same, seen.differing_rows),
        (1, 1, 1, 2),
        "{seen:#?}"
    );
    assert_eq!(
        (seen.rows[0].key.as_str(), seen.rows[1].key.as_str()),
        ("1", "3")
    );
    let [column] = seen.rows[0].columns.as_slice() else {
        panic!("{seen:#?}");
    };
    assert_eq!(
        (
            column.column.as_str(),
            column.old.as_deref(),
            column.new.as_deref()
        ),
        ("name", Some("Reto"), Some("Reto Hug"))
    );

    assert_eq!(side.sync(&later).carried.changed, 3);
    let after = side.diff(&later);
    assert!(after.is_clean(), "{after:#?}");
}

#[test]
fn lines_that_nothing_tells_apart_are_the_same_lines_in_a_later_dump() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut script =
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, status TEXT, received TEXT);
        CREATE TABLE lines (nr TEXT, order_id INTEGER, what TEXT, price TEXT);\n"
            .to_owned();
    for order in 1..=900 {
        let row = format!("({order}, 'Reto Tschudi', 'open', '2026-11-10')");
        script.extend(["INSERT INTO orders VALUES ", &row, ";\n"]);
        // Two of them bear one number.
        for (number, price) in [(1, 10), (1, 20), (2, 30)] {
            let row = format!("('{number}', {order}, 'wax', '{price}')");
            script.extend(["INSERT INTO lines VALUES ", &row, ";\n"]);
        }
    }
    let source = written(folder.path(), "werkstatt.sql", &script);
    let changed = script.replace("('1', 77, 'wax', '20')", "('1', 77, 'wax', '25')");
    let changed = written(folder.path(), "later.sql", &changed);
    for key in ["key = [\"nr\"]", "key = []"] {
        let text = flat(&head(&source, "werkstatt"), "Chur", "", "")
            + "[lines]\ntable = \"lines\"\norder = \"order_id\"\nservice = \"what\"\nprice = \"price\"\n"
            + key;
        let mut side = Side::with_plan(text);
        let report = side.run(&source);
        assert_clean(&report);
        assert_eq!(report.ledger["lines"].embedded, 2_700, "{key}");
        assert_clean(&side.verify(&source));
        let diff = side.diff(&source);
        assert!(diff.is_clean(), "{key}: {:?}", diff.rows);
        let synced = side.sync(&source);
        assert_eq!((synced.carried.changed, synced.carried.lines_gone), (0, 0));
        let diff = side.diff(&changed);
        assert_eq!(diff.differing_rows, 1, "{key}: {:?}", diff.rows);
        let synced = side.sync(&changed);
        assert_eq!((synced.carried.changed, synced.carried.lines_gone), (1, 0));
        assert_clean(&side.verify(&changed));
    }
}

#[test]
fn a_customer_follows_a_branch_that_the_plan_has_learned_with_the_next_sync() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE people (nr INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO people VALUES (1, 'Reto Tschudi'), (2, 'Ursina Caflisch');
        CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, status TEXT, received TEXT, person INTEGER, shop TEXT);
        INSERT INTO orders VALUES (1, NULL, 'open', '2026-11-10', 1, 'C'), (2, NULL, 'open', '2026-11-11', 2, 'C'), (3, NULL, 'open', '2026-11-12', 1, 'D');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(
        &head(&source, "werkstatt"),
        "Chur",
        r#"customer = "person""#,
        "",
    )
    .replace(
        "create_missing = true",
        "create_missing = true\ncolumn = \"shop\"\nmap = { C = \"Chur\" }",
    ) + "[customers]\ntable = \"people\"\nkey = [\"nr\"]\n[customers.contact]\nname = \"name\"\n";
    let mut side = Side::with_plan(text.clone());
    assert_eq!(side.run(&source).ledger["orders"].rejected, 1);
    // Nobody knows yet where the last order is.
    assert_clean(&side.verify(&source));
    side.take_plan(text.replace("C = \"Chur\"", "C = \"Chur\", D = \"Davos\""));
    assert_clean(&side.run(&source));
    let verified = side.verify(&source);
    assert_eq!(verified.difference_count, 1, "{:?}", verified.differences);
    let told = &verified.differences[0];
    let home = fields::order::HOME;
    assert_eq!(
        (&*told.table, &*told.key, &*told.field),
        ("people", "1", home)
    );
    assert_eq!(told.what, "expected Some(\"Davos\"), found Chur");
    assert_eq!(side.sync(&source).carried.changed, 1);
    assert_clean(&side.verify(&source));
}

#[test]
fn a_row_that_can_no_longer_be_read_leaves_its_order_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, status TEXT, received TEXT, price TEXT);
        INSERT INTO orders VALUES (1, 'Reto Tschudi', 'open', '2026-11-10', '49');
        INSERT INTO orders VALUES (2, 'Gian Camenisch', 'open', '2026-11-11', '50');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(
        &head(&source, "werkstatt"),
        "Chur",
        r#"price = "price""#,
        "",
    );
    let mut side = Side::with_plan(text);
    assert_clean(&side.run(&source));
    let later = script.replace(
        "'Gian Camenisch', 'open'",
        "'Gian Camenisch', 'verschollen'",
    );
    let later = written(folder.path(), "later.sql", &later.replace("'50'", "'51'"));
    let before = side.documents();
    let synced = side.sync(&later);
    assert_eq!((synced.carried.stale, synced.carried.gone), (1, 0));
    assert_eq!(synced.report.ledger["orders"].rejected, 1);
    assert_eq!(side.documents(), before, "nothing was written");
    let verified = side.verify(&later);
    assert_clean(&verified);
    assert_eq!(verified.ledger, synced.report.ledger);
}

#[test]
fn a_plan_whose_keys_do_not_fit_together_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = written(
        folder.path(),
        "a.sql",
        "CREATE TABLE o (a INTEGER, b INTEGER, s TEXT, PRIMARY KEY (a, b)); CREATE TABLE l (o INTEGER, w TEXT);
         INSERT INTO o VALUES (1, 1, 'open'); INSERT INTO l VALUES (1, 'x');",
    );
    let text = head(&source, "a")
        + r#"
[branches]
default = "Chur"
[orders]
table = "o"
key = ["a", "b"]
status = "s"
[lines]
table = "l"
key = []
order = "o"
[status]
map = { "open" = "open" }
[priority]
"#;
    let (staging, sha256) = crate::parallel_run::stage(&source);
    let plan = Plan::from_text(&text).expect("it is a plan");
    let problems = plan.problems(&staging, &sha256);
    assert!(
        problems
            .iter()
            .any(|problem| problem.to_string().contains("names 1 columns")),
        "{problems:?}"
    );
}

#[test]
fn people_are_told_alike_or_kept_apart_as_the_plan_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = written(
        folder.path(),
        "flach.sql",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, status TEXT);
         INSERT INTO orders VALUES (1, 'Reto Tschudi', '079 123 45 67', 'open'), (2, 'Reto Tschudi', '+41 79 123 45 67', 'open'),
             (3, 'Reto Tschudi', NULL, 'open'), (4, 'Reto Tschudi', NULL, 'open');",
    );
    for (people, expected) in [("alike", 3), ("apart", 4)] {
        let text = head(&source, "flach")
            + &format!(
                r#"
[branches]
default = "Chur"
create_missing = true
[orders]
table = "orders"
key = ["id"]
status = "status"
people = "{people}"
[orders.contact]
name = "name"
phone = "phone"
[status]
map = {{ "open" = "open" }}
[priority]
"#
            );
        let mut side = Side::with_plan(text);
        assert_clean(&side.run(&source));
        assert_clean(&side.verify(&source));
        let customers = side
            .documents()
            .into_values()
            .filter(|document| document.kind().as_str() == fields::kind::CUSTOMER);
        assert_eq!(customers.count(), expected, "{people}");
    }
}
