//! The order: three independent axes (where the work is, who holds each piece, what is paid) over items with services.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil;

use super::customer::Contact;
use super::fields::{event, order};
use super::money::Money;
use crate::clock::UtcMillis;
use crate::document::{Currency, Document, Event, Register, Value, Version};
use crate::id::{Actor, BranchId, CustomerId, Dot, OrderId, ServiceId, StaffId};

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

/// One piece: a pair of skis, a board, a bike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key within the order.
    pub key: String,
    /// What sort of thing, as the firm calls it.
    pub kind: Option<String>,
    /// What tells it apart: make, colour, length.
    pub label: String,
    /// The number on its tag.
    pub tag: Option<String>,
    /// Who holds it.
    pub custody: Custody,
    /// The services ordered for it, oldest first.
    pub lines: Vec<ServiceLine>,
}

/// One service for one item, at the price agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLine {
    /// Its key within the item.
    pub key: String,
    /// The service of the catalogue; none for a line of free text.
    pub service: Option<ServiceId>,
    /// Its name as it was when ordered.
    pub label: String,
    /// The price agreed, VAT included.
    pub price: Money,
    /// Since when its row is missing in the legacy database, while nobody has decided what that means.
    pub gone_since: Option<UtcMillis>,
}

/// A work status: the phase that the product's rules know, and perhaps the firm's own name for a step within it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusCode {
    /// The phase.
    pub phase: Phase,
    /// The code as stored: `in_work` or, for a step of the firm's own, `in_work/waxing`.
    pub code: String,
}

impl StatusCode {
    /// Reads a stored code. A phase of a later version shows as open work rather than as nothing.
    pub fn from_code(code: &str) -> Self {
        let phase = Phase::from_code(code.split('/').next().unwrap_or(code)).unwrap_or(Phase::Open);
        Self {
            phase,
            code: code.to_owned(),
        }
    }
}

impl From<Phase> for StatusCode {
    fn from(phase: Phase) -> Self {
        Self {
            phase,
            code: phase.code().to_owned(),
        }
    }
}

/// Where the work is. Statuses are the firm's data; each belongs to one of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Taken in, not begun.
    Open,
    /// Called off.
    Cancelled,
    /// Cannot go on, with a reason.
    Blocked,
    /// Somebody works on it.
    InWork,
    /// Finished.
    Done,
}

impl Phase {
    /// All phases, in the order of an ordinary day.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::InWork,
        Self::Blocked,
        Self::Done,
        Self::Cancelled,
    ];

    /// The code in stored statuses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InWork => "in_work",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }

    /// Whether work is still to be done.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Open | Self::InWork | Self::Blocked)
    }
}

/// Who holds a piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Custody {
    /// The customer: not yet brought, or handed out.
    Customer,
    /// The counter or store of a branch.
    Branch(BranchId),
    /// A workshop at a branch.
    Workshop(BranchId),
    /// The rack of a branch, ready to be collected.
    Rack(BranchId),
    /// On the way between branches.
    Van,
    /// Not known, as with imported orders, or said in a later version's word.
    Unknown(String),
}

impl Custody {
    /// The stored text.
    pub fn code(&self) -> String {
        match self {
            Self::Customer => "customer".to_owned(),
            Self::Van => "van".to_owned(),
            Self::Branch(branch) => format!("branch/{branch}"),
            Self::Workshop(branch) => format!("workshop/{branch}"),
            Self::Rack(branch) => format!("rack/{branch}"),
            Self::Unknown(code) => code.clone(),
        }
    }

    /// Reads a stored text.
    pub fn from_code(code: &str) -> Self {
        let known = match code.split_once('/') {
            None if code == "customer" => Some(Self::Customer),
            None if code == "van" => Some(Self::Van),
            Some((place, branch)) => branch.parse().ok().and_then(|branch| match place {
                "branch" => Some(Self::Branch(branch)),
                "workshop" => Some(Self::Workshop(branch)),
                "rack" => Some(Self::Rack(branch)),
                _ => None,
            }),
            None => None,
        };
        known.unwrap_or_else(|| Self::Unknown(code.to_owned()))
    }

    /// The branch where it is, when it is at one.
    pub const fn branch(&self) -> Option<BranchId> {
        match self {
            Self::Branch(branch) | Self::Workshop(branch) | Self::Rack(branch) => Some(*branch),
            Self::Customer | Self::Van | Self::Unknown(_) => None,
        }
    }
}

/// How an order stands with its money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MoneyState {
    /// Nothing paid yet.
    Open,
    /// Part of it paid.
    Deposit,
    /// Paid.
    Paid,
    /// More paid than owed, such as by two tills that were cut off from each other.
    Overpaid,
    /// All that was paid has been given back.
    Refunded,
}

impl MoneyState {
    /// The code in tables and exports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Deposit => "deposit",
            Self::Paid => "paid",
            Self::Overpaid => "overpaid",
            Self::Refunded => "refunded",
        }
    }
}

/// How it was paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PaymentMethod {
    /// Notes and coins; francs by 0.05.
    Cash,
    /// Card.
    Card,
    /// Twint.
    Twint,
    /// Invoice.
    Invoice,
    /// Not known, as with imported orders.
    Other,
}

impl PaymentMethod {
    /// All methods, the most used first.
    pub const ALL: [Self; 5] = [
        Self::Card,
        Self::Cash,
        Self::Twint,
        Self::Invoice,
        Self::Other,
    ];

    /// The code in stored payments.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::Twint => "twint",
            Self::Invoice => "invoice",
            Self::Other => "other",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code() == code)
    }
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Which write recorded it.
    pub dot: Dot,
    /// When.
    pub at: UtcMillis,
    /// Who took it.
    pub by: Option<StaffId>,
    /// The amount that counts towards the price; negative for a refund.
    pub amount: Money,
    /// What cash rounding added (positive) or left off (negative).
    pub rounding: Money,
    /// How.
    pub method: PaymentMethod,
    /// The branch whose till it was.
    pub branch: Option<BranchId>,
    /// The till's own receipt, where it has one.
    pub receipt: Option<String>,
}

/// Values that replicas wrote without having seen each other's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: String,
    /// The values, in the order of their dots.
    pub candidates: Vec<Candidate>,
    /// Which of them shows meanwhile.
    pub shown: usize,
    /// Why that one.
    pub rule: Rule,
}

/// One of the values of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// When it was written, by the writer's clock.
    pub at: UtcMillis,
    /// By whom.
    pub by: Option<StaffId>,
    /// At which replica.
    pub actor: Actor,
}

/// Which rule picks the value that shows while a conflict is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// What cannot be undone wins, whatever the clocks say: a piece handed out is gone, finished work is finished.
    PhysicalFact,
    /// The newest stamp wins, then the higher dot.
    Newest,
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
        let mut timeline: Vec<Event> = document.events().into_iter().collect();
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
            vat_basis_points: shown(document, order::VAT_BASIS_POINTS)
                .and_then(|value| value.as_int()),
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

    /// The branches that must hold it: home, pick-up, and wherever a piece is.
    pub fn scope(&self) -> Vec<BranchId> {
        let held = self.items.iter().filter_map(|item| item.custody.branch());
        let mut branches: Vec<BranchId> = self
            .home
            .into_iter()
            .chain(self.pickup)
            .chain(held)
            .collect();
        branches.sort_unstable();
        branches.dedup();
        branches
    }
}

fn items(document: &Document, currency: Currency) -> Vec<Item> {
    let mut found: BTreeMap<&str, ItemFields<'_>> = BTreeMap::new();
    for (field, register) in document.fields() {
        let segments: Vec<&str> = field.segments().collect();
        match segments.as_slice() {
            ["items", item, name] => {
                found.entry(item).or_default().own.insert(name, register);
            }
            ["items", item, "lines", line, name] => {
                found
                    .entry(item)
                    .or_default()
                    .lines
                    .entry(line)
                    .or_default()
                    .insert(name, register);
            }
            _ => {}
        }
    }
    let mut items: Vec<(i64, Item)> = found
        .into_iter()
        .filter_map(|(key, fields)| fields.read(key, currency))
        .collect();
    items.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    items.into_iter().map(|(_, item)| item).collect()
}

#[derive(Default)]
struct ItemFields<'a> {
    own: BTreeMap<&'a str, &'a Register>,
    lines: BTreeMap<&'a str, BTreeMap<&'a str, &'a Register>>,
}

impl ItemFields<'_> {
    fn read(self, key: &str, currency: Currency) -> Option<(i64, Item)> {
        let value = |name: &str| {
            self.own
                .get(name)
                .and_then(|register| shown_version(name, register))
                .map(|version| version.value)
        };
        if value("removed").and_then(|value| value.as_bool()) == Some(true) {
            return None;
        }
        let mut lines: Vec<(i64, ServiceLine)> = self
            .lines
            .iter()
            .filter_map(|(key, fields)| service_line(key, fields, currency))
            .collect();
        lines.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
        let text = |name: &str| value(name).and_then(|value| value.as_text().map(str::to_owned));
        let item = Item {
            key: key.to_owned(),
            kind: text("kind"),
            label: text("label").unwrap_or_default(),
            tag: text("tag"),
            custody: text("custody").map_or_else(
                || Custody::Unknown(String::new()),
                |code| Custody::from_code(&code),
            ),
            lines: lines.into_iter().map(|(_, line)| line).collect(),
        };
        Some((position(self.own.get("position")), item))
    }
}

fn service_line(
    key: &str,
    fields: &BTreeMap<&str, &Register>,
    currency: Currency,
) -> Option<(i64, ServiceLine)> {
    let value = |name: &str| {
        fields
            .get(name)
            .and_then(|register| register.newest())
            .map(|version| version.value)
    };
    if value("removed").and_then(|value| value.as_bool()) == Some(true) {
        return None;
    }
    let line = ServiceLine {
        key: key.to_owned(),
        service: value("service")
            .and_then(|value| value.as_id())
            .map(ServiceId),
        label: value("label")
            .and_then(|value| value.as_text().map(str::to_owned))
            .unwrap_or_default(),
        price: value("price")
            .and_then(|value| value.as_money())
            .filter(|price| price.currency == currency)
            .unwrap_or(Money::zero(currency)),
        gone_since: value(super::fields::import::LINE_GONE_SINCE)
            .and_then(|value| value.as_instant()),
    };
    Some((position(fields.get("position")), line))
}

/// Where an item or a line stands in its list: the number it was given; equal numbers go by key.
fn position(register: Option<&&Register>) -> i64 {
    register
        .and_then(|register| register.newest())
        .and_then(|version| version.value.as_int())
        .unwrap_or(0)
}

fn payment(recorded: &Event, currency: Currency) -> Option<Payment> {
    if recorded.kind.as_str() != event::PAYMENT {
        return None;
    }
    let amount = recorded
        .get("amount")?
        .as_money()
        .filter(|amount| amount.currency == currency)?;
    Some(Payment {
        dot: recorded.dot,
        at: recorded
            .get("at")
            .and_then(Value::as_instant)
            .unwrap_or_else(|| recorded.at.instant()),
        by: recorded.by,
        amount,
        rounding: recorded
            .get("rounding")
            .and_then(Value::as_money)
            .unwrap_or(Money::zero(currency)),
        method: recorded
            .get("method")
            .and_then(Value::as_text)
            .and_then(PaymentMethod::from_code)
            .unwrap_or(PaymentMethod::Other),
        branch: recorded.get("branch").and_then(Value::as_id).map(BranchId),
        receipt: recorded
            .get("receipt")
            .and_then(Value::as_text)
            .map(str::to_owned),
    })
}

/// All fields of a document in which replicas disagree, by the policy of each.
pub fn conflicts(document: &Document) -> Vec<Conflict> {
    document
        .fields()
        .iter()
        .filter(|(_, register)| register.is_in_conflict())
        .map(|(field, register)| {
            let versions = register.versions();
            let shown = shown_version(field.as_str(), register).map(|version| version.dot);
            Conflict {
                field: field.as_str().to_owned(),
                shown: versions
                    .iter()
                    .position(|version| Some(version.dot) == shown)
                    .unwrap_or(0),
                rule: rule_of(field.as_str()),
                candidates: versions
                    .into_iter()
                    .map(|version| Candidate {
                        value: version.value,
                        at: version.at.instant(),
                        by: version.by,
                        actor: version.dot.actor,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The value of a field that shows, by the field's policy; `None` when never written or set to null.
fn shown(document: &Document, field: &str) -> Option<Value> {
    let version = shown_version(field, document.register(field)?)?;
    Some(version.value).filter(|value| *value != Value::Null)
}

fn shown_version(field: &str, register: &Register) -> Option<Version> {
    match rule_of(field) {
        Rule::Newest => register.newest(),
        Rule::PhysicalFact => register
            .versions()
            .into_iter()
            .max_by_key(|version| (finality(&version.value), version.at, version.dot)),
    }
}

fn rule_of(field: &str) -> Rule {
    let last = field.rsplit('/').next().unwrap_or(field);
    if field == order::STATUS || last == "custody" {
        Rule::PhysicalFact
    } else {
        Rule::Newest
    }
}

/// How hard a fact is to undo; the greater wins while two stand side by side.
fn finality(value: &Value) -> u8 {
    let Some(code) = value.as_text() else {
        return 0;
    };
    match Custody::from_code(code) {
        Custody::Customer => 9,
        Custody::Van => 8,
        Custody::Rack(_) => 7,
        Custody::Workshop(_) => 6,
        Custody::Branch(_) => 5,
        Custody::Unknown(_) => match StatusCode::from_code(code).phase {
            Phase::Done => 4,
            Phase::InWork => 3,
            Phase::Blocked => 2,
            Phase::Cancelled => 1,
            Phase::Open => 0,
        },
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.code)
    }
}
