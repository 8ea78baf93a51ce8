//! Small firms whose databases have something in every column that an import reads.

use super::*;
use crate::parallel_run::sha256_of;

/// A firm whose orders' rows hold everything themselves.
pub(super) const FLAT: (&str, &str) = (
    "CREATE TABLE Angebot (Nr INTEGER PRIMARY KEY, Name TEXT, Preis TEXT);
     INSERT INTO Angebot VALUES (1, 'Grosser Service', '69.00'), (2, 'Heisswachsen', '18.00'), (3, 'Reparatur', NULL);
     CREATE TABLE Kuriere (Nr INTEGER PRIMARY KEY, Name TEXT);
     INSERT INTO Kuriere VALUES (4, 'Velo Gisler'), (5, 'Post');
     CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Name TEXT, Telefon TEXT, Mail TEXT, Strasse TEXT, Plz TEXT, Ort TEXT,
         Status TEXT, Eile TEXT, Eingang TEXT, Fertig TEXT, Ski TEXT, Arbeit INTEGER, Preis TEXT, Bezahlt TEXT, Kurier INTEGER, Notiz TEXT, Bild BLOB);
     INSERT INTO Auftraege VALUES
         (1, 'Reto Tschudi', '079 123 45 67', 'reto@example.ch', 'Gasse 1', '7000', 'Chur',
             'offen', 'Express', '2026-11-10', '2026-11-15', 'Stöckli Laser', 1, '69.00', '20.00', 4, 'Kanten', X'FFD8FF'),
         (2, 'Ursina Caflisch', NULL, NULL, NULL, NULL, NULL, 'fertig', NULL, '2026-11-11', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
         (3, 'Gian Camenisch', NULL, NULL, NULL, NULL, NULL, 'storniert', NULL, '2026-11-12', NULL, NULL, 3, NULL, NULL, NULL, NULL, NULL),
         (4, 'Gian Camenisch', NULL, NULL, NULL, NULL, NULL, 'fertig', NULL, '2026-11-12', NULL, NULL, NULL, '12.00', NULL, NULL, NULL, NULL);",
    r#"
[branches]
default = "Chur"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
number = "Nr"
status = "Status"
priority = "Eile"
received = "Eingang"
promised = "Fertig"
item = "Ski"
service = "Arbeit"
price = "Preis"
paid = "Bezahlt"
note = "Notiz"
[orders.contact]
name = "Name"
phone = "Telefon"
email = "Mail"
street = "Strasse"
postcode = "Plz"
town = "Ort"
[services]
table = "Angebot"
key = "Nr"
name = "Name"
price = "Preis"
map = { "Heisswachsen" = "wax" }
[[lookup]]
table = "Kuriere"
key = "Nr"
column = "Kurier"
text = "Name"
[status]
map = { "offen" = "open", "fertig" = "done", "storniert" = "cancelled" }
[priority]
map = { "Express" = "express" }
[[vat]]
from = "2024-01-01"
basis_points = 810
"#,
);

/// A firm with customers and lines, each line a piece.
pub(super) const WITH_LINES: (&str, &str) = (
    "CREATE TABLE Angebot (Nr INTEGER PRIMARY KEY, Name TEXT, Preis TEXT);
     INSERT INTO Angebot VALUES (1, 'Grosser Service', '69.00'), (2, 'Heisswachsen', '18.50');
     CREATE TABLE Kunden (Nr INTEGER PRIMARY KEY, Name TEXT, Telefon TEXT, Mail TEXT, Strasse TEXT, Plz TEXT, Ort TEXT);
     INSERT INTO Kunden VALUES (7, 'Reto Tschudi', '079 123 45 67', 'reto@example.ch', 'Gasse 1', '7000', 'Chur'),
         (8, 'Ursina Caflisch', '079 234 56 78', NULL, NULL, NULL, NULL);
     CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kunde INTEGER, Status TEXT, Eingang TEXT, Bezahlt TEXT);
     INSERT INTO Auftraege VALUES (1, 7, 'in Arbeit', '2026-11-10', 'ja'), (2, 8, 'offen', '2026-11-11', 'nein'), (3, NULL, 'fertig', NULL, NULL);
     CREATE TABLE Positionen (Nr INTEGER PRIMARY KEY, Auftrag INTEGER, Ski TEXT, Art TEXT, Arbeit INTEGER, Preis TEXT, Menge TEXT, Rabatt TEXT);
     INSERT INTO Positionen VALUES (1, 1, 'Stöckli Laser', 'Ski', 1, '60.00', '1', '0.10'), (2, 1, 'Burton Custom', 'Board', 2, NULL, '3', NULL),
         (3, 2, 'Rossignol', 'Ski', 2, '18.50', NULL, NULL);",
    r#"
[branches]
default = "Davos"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
number = "Nr"
customer = "Kunde"
status = "Status"
received = "Eingang"
paid = "Bezahlt"
paid_is = "flag"
[lines]
table = "Positionen"
key = ["Nr"]
order = "Auftrag"
item = "Ski"
item_kind = "Art"
service = "Arbeit"
price = "Preis"
quantity = "Menge"
discount = "Rabatt"
[customers]
table = "Kunden"
key = ["Nr"]
[customers.contact]
name = "Name"
phone = "Telefon"
email = "Mail"
street = "Strasse"
postcode = "Plz"
town = "Ort"
[services]
table = "Angebot"
key = "Nr"
name = "Name"
price = "Preis"
[status]
map = { "offen" = "open", "in Arbeit" = "in_work", "fertig" = "done" }
[priority]
[[vat]]
from = "2024-01-01"
basis_points = 810
"#,
);

/// A firm by its script and plan, before anything is brought over.
pub(super) fn firm((script, plan): (&str, &str)) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("firma.sql");
    std::fs::write(&path, script).expect("the script is written");
    let mut bench = Bench::of(&path);
    bench.text = format!(
        r#"plan_version = 1
document_schema = 1
source_name = "firma"
source_file = "firma.sql"
source_sha256 = "{}"
stamped_at = "2026-11-20T10:00:00Z"
time_zone = "Europe/Zurich"
country = "CH"
currency = "CHF"
{plan}"#,
        sha256_of(&path)
    );
    bench
}

/// One of the firms, brought over.
pub(super) fn brought_firm(sources: (&str, &str)) -> Bench {
    let mut bench = firm(sources);
    let report = bench.run().expect("the run ends");
    assert_clean(&report);
    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger, "both count the same");
    bench
}

pub(super) fn firms() -> [Bench; 2] {
    [FLAT, WITH_LINES].map(brought_firm)
}

pub(super) fn of_kind<'d>(documents: &'d [Document], kind: &str) -> Vec<&'d Document> {
    let documents = documents.iter();
    documents
        .filter(|document| document.kind().as_str() == kind)
        .collect()
}
