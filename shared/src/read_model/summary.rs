//! What a list shows of an order.

use jiff::civil;
use rusqlite::Row;
use rusqlite::types::FromSql;

use super::sql;
use crate::clock::UtcMillis;
use crate::document::Currency;
use crate::domain::{Money, MoneyState, StatusCode};
use crate::id::{BranchId, CustomerId, OrderId};

/// An order as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSummary {
    /// Its identity.
    pub id: OrderId,
    /// The printed number, without blanks.
    pub ticket: Option<String>,
    /// The number it had in the legacy database.
    pub legacy_number: Option<String>,
    /// The branch that took it in.
    pub home: Option<BranchId>,
    /// The branch where it is collected.
    pub pickup: Option<BranchId>,
    /// The customer's document.
    pub customer: Option<CustomerId>,
    /// The customer's name at intake.
    pub name: Option<String>,
    /// The telephone as it was given.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The language of the ticket.
    pub language: Option<String>,
    /// Where the work is.
    pub status: StatusCode,
    /// Finished and not yet handed out whole.
    pub ready: bool,
    /// Whether every piece is with the customer.
    pub handed_out: bool,
    /// The priority's code.
    pub priority: Option<String>,
    /// When it was taken in.
    pub received_at: Option<UtcMillis>,
    /// The promised day.
    pub promised_on: Option<civil::Date>,
    /// When the work was finished, while it counts as finished.
    pub done_at: Option<UtcMillis>,
    /// The sum of its lines.
    pub total: Money,
    /// What was paid, less what was given back.
    pub paid: Money,
    /// What is still owed; negative when too much was paid.
    pub owed: Money,
    /// The money axis.
    pub money: MoneyState,
    /// How many pieces.
    pub item_count: u32,
    /// The pieces' labels, cut to what a list has room for.
    pub items: String,
    /// The services' names, each once, cut likewise.
    pub services: String,
    /// The note for the workshop.
    pub note: Option<String>,
    /// Why it was cancelled or blocked.
    pub reason: Option<String>,
    /// In how many fields replicas disagree.
    pub conflicts: u32,
    /// Since when its row is missing in the legacy database, while nobody has decided what that means.
    pub gone_since: Option<UtcMillis>,
    /// Whether the person it was for has been forgotten.
    pub erased: bool,
}

impl OrderSummary {
    /// The number people call it by: the ticket, else the legacy number, else the head of its id.
    pub fn number(&self) -> String {
        self.ticket
            .clone()
            .or_else(|| self.legacy_number.clone())
            .unwrap_or_else(|| self.id.to_string().chars().take(8).collect())
    }

    /// Whether it was promised for a day before `today` and still waits for work.
    pub fn is_overdue(&self, today: civil::Date) -> bool {
        self.status.phase.is_unfinished()
            && self.promised_on.is_some_and(|promised| promised < today)
    }

    /// Reads a row of [`COLUMNS`], in their order: looking thirty columns up by name takes longer than reading them.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns { row, next: 0 };
        let currency = columns.currency()?;
        let money = |minor: i64| Money::new(minor, currency);
        Ok(Self {
            id: sql::id(columns.next()?),
            ticket: columns.next()?,
            legacy_number: columns.next()?,
            home: sql::branch(columns.next()?),
            pickup: sql::branch(columns.next()?),
            customer: columns.next::<Option<sql::Blob>>()?.map(sql::id),
            name: columns.next()?,
            phone: columns.next()?,
            email: columns.next()?,
            language: columns.next()?,
            status: StatusCode::from_code(columns.text()?),
            ready: columns.next()?,
            handed_out: columns.next()?,
            priority: columns.next()?,
            received_at: sql::instant(columns.next()?),
            promised_on: columns.next::<Option<i64>>()?.and_then(sql::date),
            done_at: sql::instant(columns.next()?),
            total: money(columns.next()?),
            paid: money(columns.next()?),
            owed: money(columns.next()?),
            money: money_state(columns.text()?),
            item_count: columns.next()?,
            items: columns.next()?,
            services: columns.next()?,
            note: columns.next()?,
            reason: columns.next()?,
            conflicts: columns.next()?,
            gone_since: sql::instant(columns.next()?),
            erased: columns.next()?,
        })
    }
}

/// A row read from left to right.
struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl Columns<'_> {
    fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// A text that is only looked at, so no copy is made.
    fn text(&mut self) -> rusqlite::Result<&str> {
        let text = self.row.get_ref(self.next)?.as_str()?;
        self.next += 1;
        Ok(text)
    }

    /// Every row was written from a `Currency`, so the franc is never guessed in practice.
    fn currency(&mut self) -> rusqlite::Result<Currency> {
        Ok(Currency::new(self.text()?).unwrap_or(Currency::CHF))
    }
}

/// The columns that [`OrderSummary::read`] reads, of `orders AS o`.
pub(super) const COLUMNS: &str = "o.currency, o.id, o.ticket, o.legacy_number, o.home, o.pickup, o.customer, o.name, o.phone, o.email, \
    o.language, o.status, o.ready, o.handed_out, o.priority, o.received_at, o.promised_on, o.done_at, \
    o.total_minor, o.paid_minor, o.owed_minor, o.money, o.item_count, o.items, o.services, o.note, o.reason, o.conflicts, \
    o.gone_since, o.erased";

fn money_state(code: &str) -> MoneyState {
    [
        MoneyState::Deposit,
        MoneyState::Paid,
        MoneyState::Overpaid,
        MoneyState::Refunded,
    ]
    .into_iter()
    .find(|state| state.code() == code)
    .unwrap_or(MoneyState::Open)
}
