//! A firm's whole order book, of any size: orders with lines, customers and lists, in the shapes of real workshops, with
//! planted defects and the truth about them.
//!
//! Rows are worked out from seed and place alone and leave at once, so memory stays the same however many there are; only the
//! keys of planted defects are kept, for the truth.

mod tables;
mod truth;

use std::io::{self, Write};

use jiff::civil::Date;

use super::dump::{Declared, Dump, DumpDialect, Value};
use super::people::{FIRST_NAMES, LAST_NAMES, STREETS, TOWNS};
use super::planted::{Defects, DefectsError, Kind, Place, Slots};
use super::{FIRST_DAY, Random, SERVICES, as_mojibake, number, plain};
use tables::{CUSTOMERS, LINES, LISTS, ORDERS};
pub use truth::{BookTruth, ExpectedFinding, ExpectedSums, Planted};
use truth::{Way, way};

/// The firm's branches.
const BRANCHES: [&str; 4] = ["Chur", "Davos", "Arosa", "Glarus"];

/// Its staff.
const STAFF: [&str; 6] = ["Reto", "Ursina", "Gian", "Seraina", "Mauro", "Ladina"];

/// Statuses as most rows spell them, with the phase they mean.
const STATUSES: [&str; 5] = [
    "Offen",
    "InArbeit",
    "abgeschlossen",
    "abgeschlossen",
    "storniert",
];

/// The same, spelt as nobody should.
const SPELLINGS: [&str; 8] = [
    "OFFEN",
    "PENDENT",
    "In-Arbeit",
    "In Verarbeitung",
    "Abgschlossen",
    "FERTIG",
    "Gelöscht",
    "abgeholt ",
];

/// A word that no vocabulary knows.
const UNKNOWN_STATUS: &str = "im Mond";

/// The book goes over so many days, or as many as it takes at 12 orders a day.
const DAYS: u64 = 1_500;
const ORDERS_A_DAY: u64 = 12;

/// An order has at most so many lines.
const MOST_LINES: u64 = 4;

/// Keys of rows that are not there begin here.
const NOWHERE: i64 = 900_000_000;

/// Why a book cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The defects do not fit.
    #[error(transparent)]
    Defects(#[from] DefectsError),
    /// A dump in UTF-16 has no values in another encoding.
    #[error("a dump of SQL Server is UTF-16 throughout: leave windows_1252 out of its defects")]
    OneEncoding,
    /// The dump cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What to write.
#[derive(Debug, Clone)]
pub struct BookOptions {
    /// How many orders.
    pub orders: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// In which dialect.
    pub dialect: DumpDialect,
    /// What is wrong with it.
    pub defects: Defects,
    /// An `INSERT` of MySQL closes when it has so many bytes; mysqldump's own limit is 1 MiB.
    pub insert_bytes: usize,
}

/// Writes a book and tells the truth about it.
///
/// # Errors
/// Any [`BookError`].
pub fn write_book(options: &BookOptions, out: &mut dyn Write) -> Result<BookTruth, BookError> {
    let in_utf16 = options.dialect == DumpDialect::SqlServer;
    if in_utf16 && options.defects.count(Kind::Windows1252) > 0 {
        return Err(BookError::OneEncoding);
    }
    let customers = (options.orders / 3).max(1);
    let mut book = Book {
        options,
        customers,
        days: (options.orders / ORDERS_A_DAY).clamp(1, DAYS),
        customer_slots: options
            .defects
            .over(Place::Customer, customers, options.seed)?,
        order_slots: options
            .defects
            .over(Place::Order, options.orders, options.seed)?,
        truth: BookTruth::default(),
    };
    let mut dump = Dump::begin(out, options.dialect, options.insert_bytes)?;
    book.lists(&mut dump)?;
    book.customers(&mut dump)?;
    book.orders(&mut dump)?;
    book.lines(&mut dump)?;
    book.afterwards(&mut dump)?;
    book.truth.bytes = dump.finish()?;
    book.truth.expect();
    Ok(book.truth)
}

struct Book<'a> {
    options: &'a BookOptions,
    customers: u64,
    days: u64,
    customer_slots: Slots,
    order_slots: Slots,
    truth: BookTruth,
}

impl Book<'_> {
    fn random(&self, purpose: u64, id: u64) -> Random {
        Random::of(self.options.seed, purpose, id)
    }

    fn note(&mut self, kind: Kind, key: u64) {
        let planted = self.truth.defects.entry(kind.name()).or_default();
        planted.rows += 1;
        planted.keys.push(key);
    }

    fn count(&mut self, table: &Declared, rows: u64) {
        self.truth.rows.insert(table.name.to_owned(), rows);
    }

    fn lists(&mut self, dump: &mut Dump<'_>) -> io::Result<()> {
        let [branches, staff, services] = &LISTS;
        let named = |(id, name): (i64, &&'static str)| vec![Value::Number(id), (*name).into()];
        let rows: [Vec<Vec<Value>>; 3] = [
            (1..).zip(&BRANCHES).map(named).collect(),
            (1..).zip(&STAFF).map(named).collect(),
            SERVICES
                .iter()
                .map(|(id, name, francs)| {
                    vec![
                        Value::Number(*id),
                        (*name).into(),
                        format!("{francs}.00").into(),
                    ]
                })
                .collect(),
        ];
        for (table, rows) in [branches, staff, services].into_iter().zip(rows) {
            dump.table(table)?;
            for row in &rows {
                dump.row(table, row)?;
            }
            dump.end_table(table)?;
            self.count(table, rows.len() as u64);
        }
        Ok(())
    }

    fn customers(&mut self, dump: &mut Dump<'_>) -> io::Result<()> {
        dump.table(&CUSTOMERS)?;
        for id in 1..=self.customers {
            let defect = self.customer_slots.of(id - 1);
            if let Some(kind) = defect {
                self.note(kind, id);
            }
            dump.row(&CUSTOMERS, &self.customer(id, defect))?;
        }
        dump.end_table(&CUSTOMERS)?;
        self.count(&CUSTOMERS, self.customers);
        Ok(())
    }

    fn customer(&self, id: u64, defect: Option<Kind>) -> Vec<Value> {
        let mut random = self.random(1, id);
        let first = random.pick(&FIRST_NAMES);
        let last = random.pick(&LAST_NAMES);
        let digits = format!("79{:07}", id % 10_000_000);
        let spaced = format!(
            "{} {} {} {}",
            &digits[..2],
            &digits[2..5],
            &digits[5..7],
            &digits[7..]
        );
        let phone = match (defect, random.below(3)) {
            (Some(Kind::PhoneWithoutZero), _) => digits,
            (Some(Kind::TwoPhones), _) => format!("0{spaced} / 081 222 33 44"),
            (_, 0) => format!("0{digits}"),
            (_, 1) => format!("+41 {spaced}"),
            _ => format!("0{spaced}"),
        };
        let sign = if defect == Some(Kind::NoEmail) {
            '.'
        } else {
            '@'
        };
        let email = format!("{}.{}{id}{sign}example.ch", plain(first), plain(last));
        let last = if defect == Some(Kind::Mojibake) {
            as_mojibake("Kühne").into()
        } else {
            last.into()
        };
        let (postcode, town) = *random.pick_of(&TOWNS);
        let town = if defect == Some(Kind::Windows1252) {
            Value::Windows1252("Zürich")
        } else {
            town.into()
        };
        let street = format!("{} {}", random.pick(&STREETS), random.below(120) + 1);
        vec![
            Value::Number(number(id)),
            first.into(),
            last,
            phone.into(),
            email.into(),
            street.into(),
            postcode.into(),
            town,
        ]
    }

    fn orders(&mut self, dump: &mut Dump<'_>) -> io::Result<()> {
        dump.table(&ORDERS)?;
        let mut rows = 0;
        for id in 1..=self.options.orders {
            let defect = self.order_slots.of(id - 1);
            if let Some(kind) = defect {
                self.note(kind, id);
            }
            if way(defect) == Way::Deleted {
                continue;
            }
            let row = self.order(id, defect);
            rows += 1;
            dump.row(&ORDERS, &row)?;
            match defect {
                Some(Kind::DuplicateKey) => dump.row(&ORDERS, &row)?,
                Some(Kind::BrokenRow) => dump.row_without(&ORDERS, &row, 2)?,
                _ => {}
            }
        }
        dump.end_table(&ORDERS)?;
        self.count(&ORDERS, rows);
        Ok(())
    }

    fn order(&self, id: u64, defect: Option<Kind>) -> Vec<Value> {
        let mut random = self.random(2, id);
        let day = self.day(id, 0);
        let received = format!(
            "{day} {:02}:{:02}:00",
            8 + random.below(10),
            random.below(60)
        );
        let ready = self.day(id, number(3 + random.below(9)));
        let pickup = match (defect, random.below(4)) {
            (Some(Kind::ZeroDate), _) => "0000-00-00".into(),
            (Some(Kind::PlaceholderDate), _) => "1000-01-01".into(),
            (Some(Kind::UnreadableDate), _) => "nach Absprache".into(),
            (Some(Kind::LabelledDate), _) => {
                let text = format!(
                    "Abholdatum: {}.{}.{}",
                    ready.day(),
                    ready.month(),
                    ready.year()
                );
                text.into()
            }
            (Some(Kind::PickupBeforeReceived), _) => self.day(id, -3).to_string().into(),
            (_, 0) => {
                let text = format!("{:02}.{:02}.{}", ready.day(), ready.month(), ready.year());
                text.into()
            }
            _ => Value::from(ready.to_string()),
        };
        let status = match defect {
            Some(Kind::UnknownStatus) => UNKNOWN_STATUS,
            Some(Kind::StatusSpelling) => random.pick(&SPELLINGS),
            _ => random.pick(&STATUSES),
        };
        let customer = match defect {
            Some(Kind::NoCustomer) => Value::Null,
            Some(Kind::OrphanCustomer) => Value::Number(NOWHERE + number(id)),
            _ => Value::Number(number(random.below(self.customers) + 1)),
        };
        let branch = match defect {
            Some(Kind::NoBranch) => Value::Null,
            Some(Kind::OrphanBranch) => Value::Number(99),
            _ => Value::Number(number(random.below(BRANCHES.len() as u64)) + 1),
        };
        // The number of the order before: nobody looks at it twice at the counter.
        let numbered = id - u64::from(defect == Some(Kind::DuplicateNumber));
        let comment = match random.below(8) {
            0 => "Kante rechts prüfen; Kunde wartet\nbitte anrufen".into(),
            1 => "it's \"eilig\"".into(),
            2 => "".into(),
            _ => Value::Null,
        };
        vec![
            Value::Number(number(id)),
            format!("A-{numbered:07}").into(),
            customer,
            branch,
            Value::Number(number(random.below(STAFF.len() as u64)) + 1),
            (*random.pick_of(&["Express", "Standard", "Tief", "Standard"])).into(),
            status.into(),
            received.into(),
            pickup,
            Value::Number(i64::from(random.below(10) > 2)),
            comment,
        ]
    }

    fn day(&self, id: u64, later: i64) -> Date {
        let day = number((id - 1) * self.days / self.options.orders.max(1));
        FIRST_DAY
            .checked_add(jiff::Span::new().days(day + later))
            .unwrap_or(FIRST_DAY)
    }

    fn lines(&mut self, dump: &mut Dump<'_>) -> io::Result<()> {
        dump.table(&LINES)?;
        let mut rows = 0;
        let mut sums = ExpectedSums::default();
        for id in 1..=self.options.orders {
            let defect = self.order_slots.of(id - 1);
            let way = way(defect);
            let mut random = self.random(3, id);
            let count = match way {
                Way::Deleted => 1,
                _ => 1 + random.below(MOST_LINES),
            };
            match way {
                Way::Migrated => sums.embedded += count,
                Way::Rejected => {
                    sums.rejected += count;
                    *self.truth.rejects.entry("order_rejected").or_default() += count;
                }
                Way::Deleted => sums.rejected += count,
            }
            for position in 1..=count {
                let defect = defect.filter(|_| position == 1);
                dump.row(&LINES, &line(id, position, defect, &mut random))?;
            }
            rows += count;
        }
        dump.end_table(&LINES)?;
        self.count(&LINES, rows);
        self.truth.ledger.insert(LINES.name.to_owned(), sums);
        Ok(())
    }

    /// Statements behind the rows that break off or change what is there.
    fn afterwards(&self, dump: &mut Dump<'_>) -> io::Result<()> {
        let keys = |kind: Kind| {
            let planted = self.truth.defects.get(kind.name());
            planted
                .map(|planted| planted.keys.as_slice())
                .unwrap_or_default()
        };
        for _ in keys(Kind::BrokenStatement) {
            dump.broken_statement(&ORDERS)?;
        }
        for key in keys(Kind::LateChange) {
            dump.late_change(&ORDERS, *key)?;
        }
        Ok(())
    }
}

fn line(order: u64, position: u64, defect: Option<Kind>, random: &mut Random) -> Vec<Value> {
    let (service, _, francs) = random.pick_of(&SERVICES);
    let service = match defect {
        Some(Kind::OrphanService) => 999,
        _ => *service,
    };
    let price = match defect {
        Some(Kind::NegativePrice) => format!("-{francs}.00"),
        Some(Kind::PriceAsText) => format!("CHF {francs}.-"),
        Some(Kind::RoundedLine) => "9.65".to_owned(),
        _ => format!("{francs}.00"),
    };
    // 6 x 9.65 less 15 % is 49.215.
    let (quantity, discount) = match defect {
        Some(Kind::RoundedLine) => (6, "0.15"),
        _ => (
            1 + i64::from(random.below(5) == 0),
            *random.pick_of(&["0", "0", "0", "0.1"]),
        ),
    };
    vec![
        Value::Number(number(order)),
        Value::Number(number(position)),
        Value::Number(service),
        Value::Number(quantity),
        price.into(),
        discount.into(),
    ]
}
