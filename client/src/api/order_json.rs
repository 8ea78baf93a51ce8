//! Orders and customers as JSON. Amounts are minor units, days ISO 8601, instants RFC 3339 in UTC.

use serde::{Deserialize, Serialize};
use shared::clock::UtcMillis;
use shared::document::Value;
use shared::domain::{Contact, Item, Order, Payment, PhoneNumber};
use shared::read_model::{CustomerSummary, OrderSection, OrderSummary};

use crate::counter::{OpenConflict, OrderDetails, Place, Whereabouts};

#[derive(Serialize)]
pub(super) struct OrderJson {
    id: String,
    ticket: Option<String>,
    legacy_number: Option<String>,
    home: Option<String>,
    pickup: Option<String>,
    customer: Option<String>,
    contact: ContactJson,
    status: String,
    phase: &'static str,
    priority: Option<String>,
    received_at: Option<String>,
    promised_on: Option<String>,
    items: Vec<ItemJson>,
    currency: String,
    total_minor: i64,
    paid_minor: i64,
    owed_minor: i64,
    money: &'static str,
    vat_basis_points: Option<i64>,
    /// ISO 3166 country whose VAT it is; absent in orders of former versions that are not completed yet.
    vat_country: Option<String>,
    payments: Vec<PaymentJson>,
    handed_out: bool,
    note: Option<String>,
    reason: Option<String>,
    events: Vec<EventJson>,
    conflicts: Vec<ConflictJson>,
    whereabouts: WhereaboutsJson,
}

impl From<&OrderDetails> for OrderJson {
    fn from(details: &OrderDetails) -> Self {
        let order: &Order = &details.order;
        Self {
            id: order.id.to_string(),
            ticket: order.ticket.clone(),
            legacy_number: order.legacy_number.clone(),
            home: order.home.map(|branch| branch.to_string()),
            pickup: order.pickup.map(|branch| branch.to_string()),
            customer: order.customer.map(|customer| customer.to_string()),
            contact: ContactJson::from(&order.contact),
            status: order.status.code.clone(),
            phase: order.status.phase.code(),
            priority: order.priority.clone(),
            received_at: order.received_at.map(instant),
            promised_on: order.promised_on.map(|day| day.to_string()),
            items: order.items.iter().map(ItemJson::from).collect(),
            currency: order.currency.to_string(),
            total_minor: order.total().minor,
            paid_minor: order.paid().minor,
            owed_minor: order.owed().minor,
            money: order.money_state().code(),
            vat_basis_points: order.vat_basis_points,
            vat_country: order.vat_code.map(|code| code.country().to_owned()),
            payments: order.payments.iter().map(PaymentJson::from).collect(),
            handed_out: order.is_handed_out(),
            note: order.note.clone(),
            reason: order.reason.clone(),
            events: order
                .timeline
                .iter()
                .map(|event| EventJson {
                    kind: event.kind.to_string(),
                    at: instant(event.at.instant()),
                    by: event
                        .by
                        .and_then(|staff| details.staff_name(staff))
                        .map(str::to_owned),
                })
                .collect(),
            conflicts: details.conflicts.iter().map(ConflictJson::from).collect(),
            whereabouts: WhereaboutsJson::from(&details.whereabouts),
        }
    }
}

#[derive(Serialize)]
struct EventJson {
    kind: String,
    at: String,
    by: Option<String>,
}

#[derive(Serialize)]
struct ItemJson {
    key: String,
    kind: Option<String>,
    label: String,
    tag: Option<String>,
    custody: String,
    services: Vec<LineJson>,
}

#[derive(Serialize)]
struct LineJson {
    key: String,
    service: Option<String>,
    label: String,
    price_minor: i64,
}

impl From<&Item> for ItemJson {
    fn from(item: &Item) -> Self {
        Self {
            key: item.key.clone(),
            kind: item.kind.clone(),
            label: item.label.clone(),
            tag: item.tag.clone(),
            custody: item.custody.code(),
            services: item
                .lines
                .iter()
                .map(|line| LineJson {
                    key: line.key.clone(),
                    service: line.service.map(|service| service.to_string()),
                    label: line.label.clone(),
                    price_minor: line.price.minor,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct PaymentJson {
    at: String,
    amount_minor: i64,
    rounding_minor: i64,
    method: &'static str,
    branch: Option<String>,
    receipt: Option<String>,
}

impl From<&Payment> for PaymentJson {
    fn from(payment: &Payment) -> Self {
        Self {
            at: instant(payment.at),
            amount_minor: payment.amount.minor,
            rounding_minor: payment.rounding.minor,
            method: payment.method.code(),
            branch: payment.branch.map(|branch| branch.to_string()),
            receipt: payment.receipt.clone(),
        }
    }
}

#[derive(Serialize)]
struct ConflictJson {
    field: String,
    candidates: Vec<CandidateJson>,
}

#[derive(Serialize)]
struct CandidateJson {
    value: serde_json::Value,
    at: String,
    by: Option<String>,
    place: &'static str,
    shown: bool,
}

impl From<&OpenConflict> for ConflictJson {
    fn from(conflict: &OpenConflict) -> Self {
        Self {
            field: conflict.field.clone(),
            candidates: conflict
                .candidates
                .iter()
                .map(|candidate| CandidateJson {
                    value: value(&candidate.value),
                    at: instant(candidate.at),
                    by: candidate.by.clone(),
                    place: match candidate.place {
                        Place::Here => "here",
                        Place::Office => "office",
                        Place::Branch(_) => "branch",
                        Place::LegacyDatabase => "legacy_database",
                        Place::NotKept => "not_kept",
                        Place::Elsewhere => "elsewhere",
                    },
                    shown: candidate.is_shown,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum WhereaboutsJson {
    AtOffice,
    Waiting { since: String, waiting: u64 },
    Refused { reason: String },
}

impl From<&Whereabouts> for WhereaboutsJson {
    fn from(whereabouts: &Whereabouts) -> Self {
        match whereabouts {
            Whereabouts::AtOffice => Self::AtOffice,
            Whereabouts::WaitingSince { since, waiting } => Self::Waiting {
                since: instant(*since),
                waiting: *waiting,
            },
            Whereabouts::Refused { reason } => Self::Refused {
                reason: reason.clone(),
            },
        }
    }
}

/// A contact, both ways.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ContactJson {
    name: Option<String>,
    phone: Option<String>,
    #[serde(skip_deserializing)]
    phone_e164: Option<String>,
    email: Option<String>,
    language: Option<String>,
    street: Option<String>,
    postcode: Option<String>,
    town: Option<String>,
}

impl From<&Contact> for ContactJson {
    fn from(contact: &Contact) -> Self {
        let phone = contact.phone.as_ref();
        Self {
            name: contact.name.clone(),
            phone: phone.map(|phone| phone.given.clone()),
            phone_e164: phone.and_then(|phone| phone.e164.clone()),
            email: contact.email.clone(),
            language: contact.language.clone(),
            street: contact.street.clone(),
            postcode: contact.postcode.clone(),
            town: contact.town.clone(),
        }
    }
}

impl From<ContactJson> for Contact {
    fn from(body: ContactJson) -> Self {
        Self {
            name: body.name,
            // The use cases read it as a number of the branch's country.
            phone: body.phone.map(|given| PhoneNumber { given, e164: None }),
            email: body.email,
            language: body.language,
            street: body.street,
            postcode: body.postcode,
            town: body.town,
        }
    }
}

/// An order in a list.
#[derive(Serialize)]
pub(super) struct OrderRowJson {
    id: String,
    ticket: Option<String>,
    legacy_number: Option<String>,
    name: Option<String>,
    status: String,
    promised_on: Option<String>,
    items: String,
    total_minor: i64,
    owed_minor: i64,
    currency: String,
    money: &'static str,
    handed_out: bool,
    conflicts: u32,
}

impl From<&OrderSummary> for OrderRowJson {
    fn from(order: &OrderSummary) -> Self {
        Self {
            id: order.id.to_string(),
            ticket: order.ticket.clone(),
            legacy_number: order.legacy_number.clone(),
            name: order.name.clone(),
            status: order.status.code.clone(),
            promised_on: order.promised_on.map(|day| day.to_string()),
            items: order.items.clone(),
            total_minor: order.total.minor,
            owed_minor: order.owed.minor,
            currency: order.total.currency.to_string(),
            money: order.money.code(),
            handed_out: order.handed_out,
            conflicts: order.conflicts,
        }
    }
}

/// Part of the day's list.
#[derive(Serialize)]
pub(super) struct SectionJson {
    total: u64,
    orders: Vec<OrderRowJson>,
}

impl From<&OrderSection> for SectionJson {
    fn from(section: &OrderSection) -> Self {
        Self {
            total: section.total,
            orders: section.orders.iter().map(OrderRowJson::from).collect(),
        }
    }
}

/// A customer in a list.
#[derive(Serialize)]
pub(super) struct CustomerRowJson {
    id: String,
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    orders: u32,
}

impl From<&CustomerSummary> for CustomerRowJson {
    fn from(customer: &CustomerSummary) -> Self {
        Self {
            id: customer.id.to_string(),
            name: customer.name.clone(),
            phone: customer.phone.clone(),
            email: customer.email.clone(),
            orders: customer.orders,
        }
    }
}

pub(super) fn instant(at: UtcMillis) -> String {
    at.timestamp().to_string()
}

fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Id(id) => id.to_string().into(),
        Value::Money { minor, currency } => {
            serde_json::json!({ "minor": minor, "currency": currency.as_str() })
        }
        Value::Instant(at) => instant(*at).into(),
        Value::Date(_) => value
            .as_date()
            .map_or(serde_json::Value::Null, |day| day.to_string().into()),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}
