//! A legacy workshop database that never existed: deterministic, with the defects that real ones have, and the truth about
//! them. For demonstrations, measurements and tests; knows nothing of the importer.
//!
//! The firm "Bergsport Muster" kept one MySQL database for several branches. All people and addresses are invented.

mod book;
mod dialects;
mod dump;
mod people;
mod planted;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::civil::{Date, date};

pub use book::{
    BookError, BookOptions, BookTruth, ExpectedFinding, ExpectedSums, Planted, write_book,
};
pub use dump::DumpDialect;
use people::{FIRST_NAMES, LAST_NAMES, PIECES, STREETS, TOWNS};
pub use planted::{Defects, DefectsError};

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many orders the first snapshot has.
    pub orders: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// In which form.
    pub form: Form,
    /// Names of the branches, at least one.
    pub branches: Vec<String>,
    /// Weeks after the first dump: orders were edited, added and deleted in between.
    pub weeks_later: u32,
    /// Share of rows with each planted defect: one in so many; 0 plants none.
    pub one_defect_in: u64,
    /// The day of the last order: a shop in the middle of its season, whose old work is nearly all done. Without it, orders
    /// begin on a fixed day and have every status at every age, so that the same options give the same bytes for ever.
    pub last_day: Option<Date>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            orders: 1_000,
            seed: 1,
            form: Form::MySqlDump,
            branches: vec!["Chur".to_owned(), "Davos".to_owned()],
            weeks_later: 0,
            one_defect_in: 50,
            last_day: None,
        }
    }
}

/// The form of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A dump as mysqldump writes it.
    MySqlDump,
    /// A dump as pg_dump writes it, rows behind `COPY`.
    PostgresDump,
    /// A script as SQL Server's wizard writes it: UTF-16, `GO`, no semicolons.
    SqlServerScript,
    /// A SQLite database file.
    SqliteFile,
    /// A script as the SQLite shell writes it.
    SqliteScript,
}

/// What is in the generated database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Planted defects by kind.
    pub defects: BTreeMap<&'static str, u64>,
    /// Orders by branch; those that name none under the empty name.
    pub orders_by_branch: BTreeMap<String, u64>,
    /// Orders by the phase their status means.
    pub orders_by_phase: BTreeMap<&'static str, u64>,
    /// The sum of all orders' prices in hundredths.
    pub total_hundredths: i64,
}

/// Writes a database to `path` (a file that is there is replaced) and tells the truth about it.
///
/// # Errors
/// When the file cannot be written.
pub fn generate(options: &Options, path: &Path) -> io::Result<Truth> {
    let mut truth = Truth::default();
    let mut writer = dialects::Writer::create(options.form, path)?;
    let world = World {
        options,
        branches: &options.branches,
    };
    for table in world.lists() {
        writer.table(&table)?;
        truth
            .rows
            .insert(table.name.to_owned(), table.rows.len() as u64);
        writer.rows(&table, &table.rows)?;
    }
    let customers = world.customer_count();
    world.pages(
        &mut writer,
        &mut truth,
        &CUSTOMERS,
        1..=customers,
        World::customer,
    )?;
    let last = options.orders + options.orders / 25 * u64::from(options.weeks_later);
    world.pages(&mut writer, &mut truth, &ORDERS, 1..=last, World::order)?;
    writer.finish()?;
    Ok(truth)
}

/// A table's declaration with the rows that are few.
pub(crate) struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static str)],
    references: &'static [(&'static str, &'static str)],
    rows: Vec<Vec<Cell>>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Number(i64),
    Text(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

const CUSTOMERS: Table = Table {
    name: "Kunden",
    columns: &[
        ("KundeID", "int(11) NOT NULL"),
        ("Vorname", "varchar(60)"),
        ("Nachname", "varchar(60)"),
        ("Telefon", "varchar(40)"),
        ("Email", "varchar(120)"),
        ("Strasse", "varchar(120)"),
        ("PLZ", "varchar(10)"),
        ("Ort", "varchar(60)"),
    ],
    references: &[],
    rows: Vec::new(),
};

const ORDERS: Table = Table {
    name: "Aufträge",
    columns: &[
        ("AuftragID", "int(11) NOT NULL"),
        ("AuftragNr", "varchar(20)"),
        ("KundeID", "int(11)"),
        ("FilialeID", "int(11)"),
        ("DienstleistungID", "int(11)"),
        ("Gegenstand", "varchar(120)"),
        ("Priorität", "varchar(20)"),
        ("Status", "varchar(30)"),
        ("Erstelldatum", "datetime"),
        ("Abholdatum", "varchar(40)"),
        ("Preis", "varchar(20)"),
        ("Bezahlt", "tinyint(1)"),
        ("Kommentar", "text"),
    ],
    references: &[
        ("KundeID", "Kunden"),
        ("FilialeID", "Filialen"),
        ("DienstleistungID", "Dienstleistungen"),
    ],
    rows: Vec::new(),
};

/// Services with their price in francs. Ids start at 3, as in a database that was begun twice.
const SERVICES: [(i64, &str, i64); 7] = [
    (3, "Kleiner Service", 49),
    (4, "Grosser Service", 69),
    (5, "Rennski-Service", 99),
    (6, "Bindugen montieren und einstellen", 39),
    (7, "Fell zuschneiden", 25),
    (8, "Heisswachen", 18),
    (9, "Belag flicken", 35),
];

/// Spellings of statuses with the phase they mean.
const STATUSES: [(&str, &str); 23] = [
    ("Offen", "open"),
    ("offen", "open"),
    ("OFFEN", "open"),
    ("PENDENT", "open"),
    ("Pendent", "open"),
    ("neu", "open"),
    ("InArbeit", "in_work"),
    ("In Arbeit", "in_work"),
    ("In-Arbeit", "in_work"),
    ("in arbeit", "in_work"),
    ("In Verarbeitung", "in_work"),
    ("IN_ARBEIT", "in_work"),
    ("abgeschlossen", "done"),
    ("Abgeschlossen", "done"),
    ("Abgschlossen", "done"),
    ("Fertig", "done"),
    ("FERTIG", "done"),
    ("erledigt", "done"),
    ("abgeholt", "done"),
    ("Abgeholt ", "done"),
    ("storniert", "cancelled"),
    ("Storniert", "cancelled"),
    ("Gelöscht", "cancelled"),
];

/// How old an order gets before it is done, in a shop in the middle of its season; one in [`FORGOTTEN_IN`] never is.
const DONE_AFTER_DAYS: i32 = 9;
const FORGOTTEN_IN: u64 = 150;

/// The first order was taken in on this day; a few come in each day after it.
const FIRST_DAY: Date = date(2019, 10, 1);

/// Orders of one day.
const ORDERS_A_DAY: u64 = 12;

struct World<'a> {
    options: &'a Options,
    branches: &'a [String],
}

type Struck = Vec<&'static str>;

impl World<'_> {
    fn customer_count(&self) -> u64 {
        (self.options.orders / 3).max(1)
    }

    /// Tables of a few rows.
    fn lists(&self) -> Vec<Table> {
        let branches = (1..)
            .zip(self.branches)
            .map(|(id, name)| vec![Cell::Number(id), name.as_str().into()]);
        let services = SERVICES.iter().map(|(id, name, francs)| {
            vec![
                Cell::Number(*id),
                (*name).into(),
                Cell::Text(format!("{francs}.00")),
            ]
        });
        let staff = (1..)
            .zip(["Reto", "Ursina", "Gian"])
            .map(|(id, name)| vec![Cell::Number(id), name.into()]);
        vec![
            Table {
                name: "Filialen",
                columns: &[("FilialeID", "int(11) NOT NULL"), ("Name", "varchar(60)")],
                references: &[],
                rows: branches.collect(),
            },
            Table {
                name: "Dienstleistungen",
                columns: &[
                    ("DienstleistungID", "int(11) NOT NULL"),
                    ("Bezeichnung", "varchar(80)"),
                    ("Preis", "decimal(10,2)"),
                ],
                references: &[],
                rows: services.collect(),
            },
            Table {
                name: "Mitarbeiter",
                columns: &[
                    ("MitarbeiterID", "int(11) NOT NULL"),
                    ("Vorname", "varchar(60)"),
                ],
                references: &[],
                rows: staff.collect(),
            },
        ]
    }

    /// Writes rows page by page, so that memory does not grow with the database.
    fn pages(
        &self,
        writer: &mut dialects::Writer,
        truth: &mut Truth,
        table: &Table,
        ids: std::ops::RangeInclusive<u64>,
        row: impl Fn(&Self, u64, &mut Truth) -> Option<(Vec<Cell>, Struck)>,
    ) -> io::Result<()> {
        const PAGE: usize = 200;
        writer.table(table)?;
        let mut page = Vec::with_capacity(PAGE);
        let mut count = 0;
        for id in ids {
            let Some((cells, defects)) = row(self, id, truth) else {
                continue;
            };
            for defect in defects {
                *truth.defects.entry(defect).or_default() += 1;
            }
            count += 1;
            page.push(cells);
            if page.len() == PAGE {
                writer.rows(table, &page)?;
                page.clear();
            }
        }
        writer.rows(table, &page)?;
        truth.rows.insert(table.name.to_owned(), count);
        Ok(())
    }

    /// Whether a defect falls on this row. Each kind has its own series, so that they mix.
    fn strikes(&self, kind: &'static str, id: u64, defects: &mut Struck) -> bool {
        let every = self.options.one_defect_in;
        let salt: u64 = kind.bytes().fold(7, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let hit = every > 0 && Random::of(self.options.seed, salt, id).below(every) == 0;
        if hit {
            defects.push(kind);
        }
        hit
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "an order may have been deleted, and both are rows to the writer"
    )]
    fn customer(&self, id: u64, _: &mut Truth) -> Option<(Vec<Cell>, Struck)> {
        let mut random = Random::of(self.options.seed, 1, id);
        let mut defects = Struck::new();
        let first = random.pick(&FIRST_NAMES);
        let mut last = random.pick(&LAST_NAMES).to_owned();
        let ascii_first = plain(first);
        let mail = format!("{ascii_first}.{}{id}@example.ch", plain(&last));
        if !last.is_ascii() && self.strikes("mojibake", id, &mut defects) {
            last = as_mojibake(&last);
        } else {
            defects.retain(|kind| *kind != "mojibake");
        }
        let digits = format!("79{:07}", random.below(10_000_000));
        let phone = if self.strikes("phone_without_zero", id, &mut defects) {
            digits.clone()
        } else {
            match random.below(3) {
                0 => format!("0{digits}"),
                1 => format!(
                    "+41 {} {} {} {}",
                    &digits[..2],
                    &digits[2..5],
                    &digits[5..7],
                    &digits[7..]
                ),
                _ => format!(
                    "0{} {} {} {}",
                    &digits[..2],
                    &digits[2..5],
                    &digits[5..7],
                    &digits[7..]
                ),
            }
        };
        let email = if self.strikes("no_email", id, &mut defects) {
            mail.replace('@', ".")
        } else {
            mail
        };
        let (postcode, town) = *random.pick_of(&TOWNS);
        let street = format!("{} {}", random.pick(&STREETS), random.below(120) + 1);
        let cells = vec![
            Cell::Number(number(id)),
            first.into(),
            Cell::Text(last),
            Cell::Text(phone),
            Cell::Text(email),
            Cell::Text(street),
            postcode.into(),
            town.into(),
        ];
        Some((cells, defects))
    }

    fn order(&self, id: u64, truth: &mut Truth) -> Option<(Vec<Cell>, Struck)> {
        let options = self.options;
        // Every week some orders are deleted, and others get another status.
        if (1..=options.weeks_later)
            .any(|week| Random::of(options.seed, 90 + u64::from(week), id).below(200) == 0)
        {
            return None;
        }
        let edited = (1..=options.weeks_later)
            .any(|week| Random::of(options.seed, 70 + u64::from(week), id).below(20) == 0);
        let mut random = Random::of(options.seed, 2, id);
        let mut defects = Struck::new();
        let days = jiff::Span::new().days(number(id / ORDERS_A_DAY));
        let first_day = self.first_day();
        let day = first_day.checked_add(days).unwrap_or(first_day);
        let (hour, minute) = (8 + random.below(10), random.below(60));
        let received = format!("{day} {hour:02}:{minute:02}:00");
        let pickup = day
            .checked_add(jiff::Span::new().days(number(3 + random.below(9))))
            .unwrap_or(day);
        let pickup = self.pickup(id, pickup, &mut random, &mut defects);
        let service = random.pick_of(&SERVICES);
        let (mut status, mut phase) = *random.pick_of(&STATUSES);
        if edited || self.is_long_done(id, day, phase) {
            (status, phase) = ("abgeschlossen", "done");
        }
        let branch = random.below(self.branches.len() as u64);
        let branch = (!self.strikes("no_branch", id, &mut defects)).then_some(branch);
        let mut customer = Cell::Number(number(random.below(self.customer_count()) + 1));
        if self.strikes("no_customer", id, &mut defects) {
            customer = Cell::Null;
        } else if self.strikes("orphan_customer", id, &mut defects) {
            customer = Cell::Number(9_000_000 + number(id));
        }
        let price = self.price(id, service.2, &mut random, &mut defects);
        let name = branch
            .and_then(|branch| self.branches.get(usize::try_from(branch).ok()?).cloned())
            .unwrap_or_default();
        *truth.orders_by_branch.entry(name).or_default() += 1;
        *truth.orders_by_phase.entry(phase).or_default() += 1;
        truth.total_hundredths += service.2 * 100;
        let paid = i64::from(phase == "done" && random.below(10) > 0);
        let comment = match random.below(8) {
            0 => Cell::Text("Kante rechts prüfen; Kunde wartet\nbitte anrufen".to_owned()),
            1 => Cell::Text("it's \"eilig\"".to_owned()),
            2 => Cell::Text(String::new()),
            _ => Cell::Null,
        };
        let cells = vec![
            Cell::Number(number(id)),
            Cell::Text(format!("A-{}", 10_000 + id)),
            customer,
            branch.map_or(Cell::Null, |branch| Cell::Number(number(branch) + 1)),
            Cell::Number(service.0),
            random.pick(&PIECES).into(),
            (*random.pick_of(&["Express", "Standard", "Standart", "Tief", "Standard"])).into(),
            status.into(),
            Cell::Text(received),
            pickup,
            Cell::Text(price),
            Cell::Number(paid),
            comment,
        ];
        Some((cells, defects))
    }

    fn first_day(&self) -> Date {
        let days = number(self.options.orders / ORDERS_A_DAY);
        self.options
            .last_day
            .and_then(|last| last.checked_sub(jiff::Span::new().days(days)).ok())
            .unwrap_or(FIRST_DAY)
    }

    fn is_long_done(&self, id: u64, day: Date, phase: &str) -> bool {
        let Some(last_day) = self.options.last_day else {
            return false;
        };
        let age = last_day.since(day).map_or(0, |age| age.get_days());
        age > DONE_AFTER_DAYS
            && phase != "cancelled"
            && Random::of(self.options.seed, 60, id).below(FORGOTTEN_IN) != 0
    }

    fn pickup(&self, id: u64, day: Date, random: &mut Random, defects: &mut Struck) -> Cell {
        if self.strikes("zero_date", id, defects) {
            return "0000-00-00".into();
        }
        if self.strikes("unreadable_date", id, defects) {
            return "nach Absprache".into();
        }
        if self.strikes("labelled_date", id, defects) {
            return Cell::Text(format!("Abholdatum: {}", day.strftime("%-d.%-m.%Y")));
        }
        Cell::Text(match random.below(4) {
            0 => day.strftime("%d.%m.%Y").to_string(),
            1 => day.strftime("%d.%m.%y").to_string(),
            _ => day.to_string(),
        })
    }

    fn price(&self, id: u64, francs: i64, random: &mut Random, defects: &mut Struck) -> String {
        if self.strikes("price_as_text", id, defects) {
            return format!("CHF {francs}.-");
        }
        if random.below(2) == 0 {
            francs.to_string()
        } else {
            format!("{francs}.00")
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): one number per row and purpose, whatever was drawn before.
struct Random(u64);

impl Random {
    fn of(seed: u64, purpose: u64, id: u64) -> Self {
        let mut random = Self(
            seed ^ purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ^ id.wrapping_mul(0xD1B5_4A32_D192_ED03),
        );
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap_or(0)]
    }

    fn pick_of<'w, T>(&mut self, things: &'w [T]) -> &'w T {
        &things[usize::try_from(self.below(things.len() as u64)).unwrap_or(0)]
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn plain(name: &str) -> String {
    crate::vocabulary::reduced(name)
}

/// UTF-8 read as windows-1252 once too often.
fn as_mojibake(text: &str) -> String {
    encoding_rs::WINDOWS_1252
        .decode_without_bom_handling(text.as_bytes())
        .0
        .into_owned()
}
