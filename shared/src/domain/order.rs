//! The order: three independent axes (where the work is, who holds each piece, what is paid) over items with services.

mod axes;
mod conflict;
mod items;
mod payment;

use jiff::civil;

use super::customer::Contact;
use super::fields::{event, order};
use super::money::Money;
use super::vat::{Vat, VatCode};
use crate::clock::UtcMillis;
use crate::document::{Currency, Document, Event};
use crate::id::{BranchId, CustomerId, OrderId};
pub use axes::{Custody, MoneyState, Phase, StatusCode};
use conflict::shown;
pub use conflict::{Candidate, Conflict, Rule, conflicts};
use items::items;
pub use items::{Item, ServiceLine};
use payment::payment;
pub use payment::{Payment, PaymentMethod};

/// An order as this replica knows it. Computed from its document, never stored.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// The printed number; imported orders may have none.
    pub ticket: Option<String>,
    /// The number it had in the legacy database.
    pub legacy_number: Option<String>,
    /// The branch that took it in.
    pub home: Option<BranchId>,
    /// The branch where it is collected.
    pub pickup: Option<BranchId>,
    /// The customer's document.
    pub customer: Option<CustomerId>,
    /// The customer as they stood at intake.
    pub contact: Contact,
    /// Where the work is.
    pub status: StatusCode,
    /// The priority's code.
    pub priority: Option<String>,
    /// When it was taken in.
    pub received_at: Option<UtcMillis>,
    /// The promised day.
    pub promised_on: Option<civil::Date>,
    /// The pieces, oldest first, without those removed.
    pub items: Vec<Item>,
    /// The currency of its prices.
    pub currency: Currency,
    /// VAT in basis points as it held on the day of service.
    pub vat_basis_points: Option<i64>,
    /// The same with the country whose VAT it is, when the order says so.
    pub vat_code: Option<VatCode>,
    /// A note for the workshop.
    pub note: Option<String>,
    /// Why it was cancelled or blocked.
    pub reason: Option<String>,
    /// What was paid and given back, oldest first.
    pub payments: Vec<Payment>,
    /// What happened, oldest first.
    pub timeline: Vec<Event>,
    /// What replicas wrote without having seen each other, until a person chooses.
    pub conflicts: Vec<Conflict>,
    /// Since when its row is missing in the legacy database, while nobody has decided what that means.
    pub gone_since: Option<UtcMillis>,
    /// Whether the person it was for has been forgotten.
    pub erased: bool,
}

impl Order {
    /// The order in a document. `None` when it is a document of another kind.
    pub fn of(document: &Document) -> Option<Self> {
        if document.kind().as_str() != super::fields::kind::ORDER {
            return None;
        }
        let text = |field: &str| {
            shown(document, field).and_then(|value| value.as_text().map(str::to_owned))
        };
        let currency = text(order::CURRENCY)
            .and_then(|code| Currency::new(&code))
            .unwrap_or(Currency::CHF);
        let vat = Vat::of(document);
        let mut timeline: Vec<Event> = document.happened().into_iter().cloned().collect();
        timeline.sort_by_key(|event| (event.at, event.dot));
        Some(Self {
            id: OrderId(document.id()),
            ticket: text(order::TICKET),
            legacy_number: text(order::LEGACY_NUMBER),
            home: shown(document, order::HOME)
                .and_then(|value| value.as_id())
                .map(BranchId),
            pickup: shown(document, order::PICKUP)
                .and_then(|value| value.as_id())
                .map(BranchId),
            customer: shown(document, order::CUSTOMER)
                .and_then(|value| value.as_id())
                .map(CustomerId),
            contact: Contact::of(document),
            status: StatusCode::from_code(
                text(order::STATUS).as_deref().unwrap_or(Phase::Open.code()),
            ),
            priority: text(order::PRIORITY),
            received_at: shown(document, order::RECEIVED_AT).and_then(|value| value.as_instant()),
            promised_on: shown(document, order::PROMISED_ON).and_then(|value| value.as_date()),
            items: items(document, currency),
            currency,
            vat_basis_points: vat.map(|vat| vat.basis_points),
            vat_code: vat.and_then(|vat| vat.code),
            note: text(order::NOTE),
            reason: text(order::REASON),
            payments: timeline
                .iter()
                .filter_map(|event| payment(event, currency))
                .collect(),
            timeline,
            conflicts: conflicts(document),
            gone_since: super::gone_since(document),
            erased: document.erasure().is_some(),
        })
    }

    /// The number people call it by: the ticket, else the legacy number, else the head of its id.
    pub fn number(&self) -> String {
        self.ticket
            .clone()
            .or_else(|| self.legacy_number.clone())
            .unwrap_or_else(|| self.id.to_string().chars().take(8).collect())
    }

    /// The sum of all service lines, VAT included.
    pub fn total(&self) -> Money {
        let minor = self
            .items
            .iter()
            .flat_map(|item| &item.lines)
            .map(|line| line.price.minor)
            .fold(0, i64::saturating_add);
        Money::new(minor, self.currency)
    }

    /// What was paid, less what was given back.
    pub fn paid(&self) -> Money {
        let minor = self
            .payments
            .iter()
            .map(|payment| payment.amount.minor)
            .fold(0, i64::saturating_add);
        Money::new(minor, self.currency)
    }

    /// What is still owed; negative when too much was paid.
    pub fn owed(&self) -> Money {
        let total = if self.status.phase == Phase::Cancelled {
            0
        } else {
            self.total().minor
        };
        Money::new(total.saturating_sub(self.paid().minor), self.currency)
    }

    /// The money axis.
    pub fn money_state(&self) -> MoneyState {
        let (paid, owed) = (self.paid().minor, self.owed().minor);
        let refunded = paid == 0 && self.payments.iter().any(|payment| payment.amount.minor < 0);
        match (paid, owed) {
            _ if refunded => MoneyState::Refunded,
            (_, owed) if owed < 0 => MoneyState::Overpaid,
            (0, owed) if owed > 0 || self.payments.is_empty() && self.total().minor != 0 => {
                MoneyState::Open
            }
            (_, 0) => MoneyState::Paid,
            _ => MoneyState::Deposit,
        }
    }

    /// VAT contained in the total, in minor units, rounded half away from zero.
    pub fn vat_contained(&self) -> Option<Money> {
        let basis_points = self.vat_basis_points?;
        let gross = i128::from(self.total().minor);
        let divisor = i128::from(10_000 + basis_points);
        let doubled = 2 * gross * i128::from(basis_points) + divisor * gross.signum();
        let minor = i64::try_from(doubled / (2 * divisor)).ok()?;
        Some(Money::new(minor, self.currency))
    }

    /// Whether every piece is back with the customer.
    pub fn is_handed_out(&self) -> bool {
        !self.items.is_empty()
            && self
                .items
                .iter()
                .all(|item| item.custody == Custody::Customer)
    }

    /// Whether it was promised for a day before `today` and still waits for work.
    pub fn is_overdue(&self, today: civil::Date) -> bool {
        self.status.phase.is_unfinished()
            && self.promised_on.is_some_and(|promised| promised < today)
    }

    /// The branches that must hold it: home, pick-up, wherever a piece is, and those that asked for it by its ticket.
    pub fn scope(&self) -> Vec<BranchId> {
        let held = self.items.iter().filter_map(|item| item.custody.branch());
        let fetched = self
            .timeline
            .iter()
            .filter(|happened| happened.kind.as_str() == event::FETCHED)
            .filter_map(|happened| happened.get("branch")?.as_id())
            .map(BranchId);
        let mut branches: Vec<BranchId> = self
            .home
            .into_iter()
            .chain(self.pickup)
            .chain(held)
            .chain(fetched)
            .collect();
        branches.sort_unstable();
        branches.dedup();
        branches
    }
}
