//! The old side: a small database of orders that a test changes row by row and dumps as it then is.

use super::*;

/// A workshop with few orders, whose rows each test writes as it needs them.
pub(super) struct Workshop {
    folder: tempfile::TempDir,
    pub(super) orders: BTreeMap<u32, OrderRow>,
    states: u32,
}

#[derive(Clone)]
pub(super) struct OrderRow {
    pub(super) customer: &'static str,
    pub(super) phone: &'static str,
    pub(super) status: &'static str,
    pub(super) promised: Option<&'static str>,
    pub(super) note: &'static str,
    pub(super) paid: u8,
    pub(super) branch: &'static str,
    pub(super) lines: Vec<(u32, &'static str, &'static str)>,
}

impl Workshop {
    pub(super) fn open() -> Self {
        let row = |customer, phone, branch| OrderRow {
            customer,
            phone,
            status: "Offen",
            promised: Some("2026-11-24"),
            note: "Kanten 88 Grad",
            paid: 0,
            branch,
            lines: vec![
                (1, "Kleiner Service", "49.00"),
                (2, "Heisswachsen", "18.00"),
            ],
        };
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            orders: BTreeMap::from([
                (1, row("Reto Tschudi", "079 123 45 67", "Chur")),
                (2, row("Ursina Caflisch", "079 234 56 78", "Davos")),
                (3, row("Gian Camenisch", "079 345 67 89", "Chur")),
            ]),
            states: 0,
        }
    }

    pub(super) fn row(&mut self, number: u32) -> &mut OrderRow {
        self.orders
            .get_mut(&number)
            .expect("there is such an order")
    }

    /// The database as it is now, as a script.
    pub(super) fn dump(&mut self) -> PathBuf {
        use std::fmt::Write as _;
        let mut script = String::from(
            "CREATE TABLE Auftraege (AuftragNr INTEGER PRIMARY KEY, Kunde TEXT, Telefon TEXT, Filiale TEXT, Status TEXT, \
             Eingang TEXT, Abholung TEXT, Bezahlt INTEGER, Bemerkung TEXT);\n\
             CREATE TABLE Positionen (AuftragNr INTEGER, Pos INTEGER, Arbeit TEXT, Preis TEXT, PRIMARY KEY (AuftragNr, Pos));\n",
        );
        for (number, row) in &self.orders {
            let promised = row
                .promised
                .map_or("NULL".to_owned(), |day| format!("'{day}'"));
            let _ = writeln!(
                script,
                "INSERT INTO Auftraege VALUES ({number}, '{}', '{}', '{}', '{}', '2026-11-1{number} 09:00:00', {promised}, {}, '{}');",
                row.customer, row.phone, row.branch, row.status, row.paid, row.note
            );
            for (place, work, price) in &row.lines {
                let _ = writeln!(
                    script,
                    "INSERT INTO Positionen VALUES ({number}, {place}, '{work}', '{price}');"
                );
            }
        }
        self.states += 1;
        let path = self
            .folder
            .path()
            .join(format!("werkstatt-{}.sql", self.states));
        std::fs::write(&path, script).expect("the script is written");
        path
    }

    /// A plan for this workshop, checked by hand as a person would.
    pub(super) fn planned(&mut self) -> (Side, PathBuf) {
        let source = self.dump();
        let (_, sha256) = stage(&source);
        let text = format!(
            r#"
plan_version = 1
document_schema = 1
source_name = "werkstatt"
source_file = "{}"
source_sha256 = "{sha256}"
stamped_at = "2026-11-20T10:00:00Z"
time_zone = "Europe/Zurich"
country = "CH"
currency = "CHF"

[branches]
column = "Filiale"
create_missing = true
map = {{ "Chur" = "Chur", "Davos" = "Davos" }}

[orders]
table = "Auftraege"
key = ["AuftragNr"]
number = "AuftragNr"
received = "Eingang"
promised = "Abholung"
status = "Status"
note = "Bemerkung"

[orders.contact]
name = "Kunde"
phone = "Telefon"

[lines]
table = "Positionen"
key = ["AuftragNr", "Pos"]
order = "AuftragNr"
service = "Arbeit"
price = "Preis"

[status]
map = {{ "Offen" = "open", "In Arbeit" = "in_work", "Fertig" = "done", "Storniert" = "cancelled" }}

[priority]
"#,
            source.display()
        );
        (Side::with_plan(text), source)
    }
}

pub(super) fn order_id(number: u32) -> DocumentId {
    naming::document_id("werkstatt", "Auftraege", &number.to_string())
}
