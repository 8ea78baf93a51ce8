//! One document to its rows: a pure function, so that what a list shows follows from the document alone.

use std::collections::BTreeSet;

use super::fold;
use super::scope::{self, ScopeRow};
use super::sql::{self, Blob, blob};
use crate::document::{Document, Register, Value};
use crate::domain::fields::{event, kind, order as order_fields};
use crate::domain::{
    Contact, Custody, Customer, Order, Phase, StatusCode, conflicts, is_withdrawn,
};
use crate::id::BranchId;

/// All rows that one document gives. A kind without a part of its own gives none but its scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub(super) order: Option<OrderRows>,
    pub(super) customer: Option<CustomerRow>,
    pub(super) reference: Option<ReferenceRow>,
    pub(super) scope: Vec<ScopeRow>,
    /// Whether lists leave it out. Who holds it still follows from it, so that they hear when it comes back.
    pub(super) is_withdrawn: bool,
}

/// The rows of a document as it stands.
pub fn project(document: &Document) -> Rows {
    let order = Order::of(document);
    if is_withdrawn(document) {
        return Rows {
            scope: scope::of(document, order.as_ref()),
            is_withdrawn: true,
            ..Rows::default()
        };
    }
    Rows {
        is_withdrawn: false,
        scope: scope::of(document, order.as_ref()),
        order: order.map(|order| OrderRows::of(&order)),
        customer: Customer::of(document).map(|customer| CustomerRow::of(document, customer)),
        reference: ReferenceRow::of(document),
    }
}

/// An order with its pieces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OrderRows {
    pub(super) order: OrderRow,
    pub(super) items: Vec<ItemRow>,
    pub(super) lines: Vec<LineRow>,
    pub(super) payments: Vec<PaymentRow>,
    pub(super) places: Vec<PlaceRow>,
    pub(super) search: SearchRow,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct OrderRow {
    pub(super) id: Blob,
    pub(super) ticket: Option<String>,
    pub(super) legacy_number: Option<String>,
    pub(super) home: Option<Blob>,
    pub(super) pickup: Option<Blob>,
    pub(super) customer: Option<Blob>,
    pub(super) contact: Contact,
    pub(super) status: String,
    pub(super) phase: &'static str,
    pub(super) unfinished: bool,
    pub(super) ready: bool,
    pub(super) handed_out: bool,
    pub(super) priority: Option<String>,
    pub(super) received_at: Option<i64>,
    pub(super) promised_on: Option<i64>,
    pub(super) done_at: Option<i64>,
    pub(super) currency: String,
    pub(super) total_minor: i64,
    pub(super) paid_minor: i64,
    pub(super) owed_minor: i64,
    pub(super) money: &'static str,
    pub(super) item_count: i64,
    pub(super) items: String,
    pub(super) services: String,
    pub(super) note: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) conflicts: i64,
    pub(super) gone_since: Option<i64>,
    pub(super) erased: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ItemRow {
    pub(super) place: i64,
    pub(super) item: String,
    pub(super) kind: Option<String>,
    pub(super) label: String,
    pub(super) tag: Option<String>,
    pub(super) custody: String,
    pub(super) branch: Option<Blob>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct LineRow {
    pub(super) item_place: i64,
    pub(super) place: i64,
    pub(super) line: String,
    pub(super) service: Option<Blob>,
    pub(super) label: String,
    pub(super) price_minor: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct PaymentRow {
    pub(super) dot: String,
    pub(super) at: i64,
    /// The till's branch; the order's home when the payment names none.
    pub(super) branch: Option<Blob>,
    pub(super) staff: Option<Blob>,
    pub(super) currency: String,
    pub(super) amount_minor: i64,
    pub(super) rounding_minor: i64,
    pub(super) method: &'static str,
    pub(super) receipt: Option<String>,
}

/// A branch that an order concerns, with what that branch's lists sort and filter by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlaceRow {
    pub(super) branch: Blob,
    pub(super) is_pickup: bool,
    /// Whether a piece to be worked on is here, as far as anybody has said.
    pub(super) holds: bool,
}

/// The words by which a row is found, separated by blanks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SearchRow {
    pub(super) words: String,
    pub(super) numbers: String,
    pub(super) phones: String,
    /// Words that narrow a search and that nobody types: where it belongs, what state it is in.
    pub(super) facets: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct CustomerRow {
    pub(super) id: Blob,
    pub(super) home: Option<Blob>,
    pub(super) contact: Contact,
    pub(super) email_folded: Option<String>,
    pub(super) same_as: Vec<Blob>,
    pub(super) conflicts: i64,
    pub(super) erased: bool,
    /// When the document was last written, in UTC milliseconds; the newest come first in a search.
    pub(super) changed_at: i64,
    pub(super) search: SearchRow,
}

/// The little of the catalogue that lists need for sorting and for calendar days.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ReferenceRow {
    Priority { code: String, sort: i64 },
    Branch { territory: Option<Blob> },
    Territory { country: String, time_zone: String },
}

/// The facet of orders on which work is still to be done.
pub(super) const UNFINISHED: &str = "unfinished";

/// Words of one order in the search index: a hundred items with labels of a few words each.
const SEARCH_WORDS: usize = 600;

/// Letters of the items and of the services that a list shows; the order's page has them whole.
const LIST_TEXT_LETTERS: usize = 160;

impl OrderRows {
    fn of(order: &Order) -> Self {
        Self {
            order: OrderRow::of(order),
            items: items(order),
            lines: lines(order),
            payments: payments(order),
            places: places(order),
            search: order_words(order),
        }
    }
}

impl OrderRow {
    fn of(order: &Order) -> Self {
        let handed_out = order.is_handed_out();
        Self {
            id: blob(order.id),
            ticket: order.ticket.clone(),
            legacy_number: order.legacy_number.clone(),
            home: order.home.map(blob),
            pickup: order.pickup.map(blob),
            customer: order.customer.map(blob),
            contact: order.contact.clone(),
            status: order.status.code.clone(),
            phase: order.status.phase.code(),
            unfinished: order.status.phase.is_unfinished(),
            ready: order.status.phase == Phase::Done && !handed_out,
            handed_out,
            priority: order.priority.clone(),
            received_at: order.received_at.map(|at| at.0),
            promised_on: order.promised_on.map(sql::day),
            done_at: done_at(order),
            currency: order.currency.as_str().to_owned(),
            total_minor: order.total().minor,
            paid_minor: order.paid().minor,
            owed_minor: order.owed().minor,
            money: order.money_state().code(),
            item_count: sql::limit(order.items.len()),
            items: listed(order.items.iter().map(|item| item.label.as_str())),
            services: listed(
                order
                    .items
                    .iter()
                    .flat_map(|item| &item.lines)
                    .map(|line| line.label.as_str()),
            ),
            note: order.note.clone(),
            reason: order.reason.clone(),
            conflicts: sql::limit(order.conflicts.len()),
            gone_since: order.gone_since.map(|at| at.0),
            erased: order.erased,
        }
    }
}

/// When the work was finished, for orders that still count as finished: the last time somebody said so.
fn done_at(order: &Order) -> Option<i64> {
    if order.status.phase != Phase::Done {
        return None;
    }
    order
        .timeline
        .iter()
        .rev()
        .filter(|happened| happened.kind.as_str() == event::STATUS)
        .find(|happened| {
            happened
                .get("to")
                .and_then(Value::as_text)
                .is_some_and(|to| StatusCode::from_code(to).phase == Phase::Done)
        })
        .map(|happened| {
            let told = happened.get("at").and_then(Value::as_instant);
            told.unwrap_or_else(|| happened.at.instant()).0
        })
}

/// Texts joined by commas, each once, cut to what a list has room for.
fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut seen = BTreeSet::new();
    let mut listed = String::new();
    for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
        if seen.insert(text) {
            if !listed.is_empty() {
                listed.push_str(", ");
            }
            listed.push_str(text);
        }
    }
    match listed.char_indices().nth(LIST_TEXT_LETTERS) {
        Some((end, _)) => format!("{}…", listed[..end].trim_end()),
        None => listed,
    }
}

fn items(order: &Order) -> Vec<ItemRow> {
    (0..)
        .zip(&order.items)
        .map(|(place, item)| ItemRow {
            place,
            item: item.key.clone(),
            kind: item.kind.clone(),
            label: item.label.clone(),
            tag: item.tag.clone(),
            custody: item.custody.code(),
            branch: item.custody.branch().map(blob),
        })
        .collect()
}

fn lines(order: &Order) -> Vec<LineRow> {
    let mut rows = Vec::new();
    for (item_place, item) in (0..).zip(&order.items) {
        for (place, line) in (0..).zip(&item.lines) {
            rows.push(LineRow {
                item_place,
                place,
                line: line.key.clone(),
                service: line.service.map(blob),
                label: line.label.clone(),
                price_minor: line.price.minor,
            });
        }
    }
    rows
}

fn payments(order: &Order) -> Vec<PaymentRow> {
    order
        .payments
        .iter()
        .map(|payment| PaymentRow {
            dot: payment.dot.to_string(),
            at: payment.at.0,
            branch: payment.branch.or(order.home).map(blob),
            staff: payment.by.map(blob),
            currency: payment.amount.currency.as_str().to_owned(),
            amount_minor: payment.amount.minor,
            rounding_minor: payment.rounding.minor,
            method: payment.method.code(),
            receipt: payment.receipt.clone(),
        })
        .collect()
}

fn places(order: &Order) -> Vec<PlaceRow> {
    order
        .scope()
        .into_iter()
        .map(|branch| PlaceRow {
            branch: blob(branch),
            is_pickup: order.pickup.or(order.home) == Some(branch),
            holds: holds(order, branch),
        })
        .collect()
}

/// Imported orders do not say where a piece is; until somebody does, it is taken to be where it was handed in.
fn holds(order: &Order, branch: BranchId) -> bool {
    order.items.iter().any(|item| match &item.custody {
        Custody::Unknown(_) => order.home == Some(branch),
        known => known.branch() == Some(branch),
    }) || order.items.is_empty() && order.home == Some(branch)
}

fn order_words(order: &Order) -> SearchRow {
    let texts = order.items.iter().flat_map(|item| {
        [
            Some(item.label.as_str()),
            item.kind.as_deref(),
            item.tag.as_deref(),
        ]
    });
    let mut row = contact_words(&order.contact, texts.flatten());
    let mut numbers = BTreeSet::new();
    if let Some(ticket) = &order.ticket {
        let ticket = fold::number(ticket);
        // Without the branch's two letters too: in their own shop, people leave them out.
        numbers.extend(ticket.get(2..).map(str::to_owned));
        numbers.insert(ticket);
    }
    for number in order
        .legacy_number
        .iter()
        .chain(order.items.iter().filter_map(|item| item.tag.as_ref()))
    {
        numbers.extend(
            number
                .split(|c: char| !c.is_alphanumeric())
                .map(fold::number),
        );
        numbers.insert(fold::number(number));
    }
    row.numbers = joined(numbers);
    let mut facets: BTreeSet<String> = order.scope().into_iter().map(branch_facet).collect();
    facets.insert(phase_facet(order.status.phase).to_owned());
    if order.status.phase.is_unfinished() {
        facets.insert(UNFINISHED.to_owned());
    }
    row.facets = joined(facets);
    row
}

fn contact_words<'a>(contact: &'a Contact, more: impl Iterator<Item = &'a str>) -> SearchRow {
    let own = [&contact.name, &contact.email, &contact.town].into_iter();
    let words: BTreeSet<String> = own
        .filter_map(Option::as_deref)
        .chain(more)
        .flat_map(fold::words)
        .chain(contact.email.as_deref().map(fold::address))
        .take(SEARCH_WORDS)
        .collect();
    let phones = contact
        .phone
        .as_ref()
        .map(|phone| fold::phone_words(&phone.given, phone.e164.as_deref()))
        .unwrap_or_default();
    SearchRow {
        words: joined(words),
        phones: joined(phones),
        ..SearchRow::default()
    }
}

fn joined(words: BTreeSet<String>) -> String {
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The facet of a branch that a row concerns.
pub(super) fn branch_facet(branch: BranchId) -> String {
    branch.document().as_uuid().simple().to_string()
}

/// The facet of a phase: one word, so without the underscore that separates words.
pub(super) const fn phase_facet(phase: Phase) -> &'static str {
    match phase {
        Phase::Open => "phaseopen",
        Phase::InWork => "phaseinwork",
        Phase::Blocked => "phaseblocked",
        Phase::Done => "phasedone",
        Phase::Cancelled => "phasecancelled",
    }
}

impl CustomerRow {
    fn of(document: &Document, customer: Customer) -> Self {
        let changed_at = document
            .fields()
            .values()
            .filter_map(Register::newest)
            .map(|version| version.at.instant().0)
            .max();
        let home = home(document);
        let mut search = contact_words(&customer.contact, std::iter::empty());
        search.facets = home.map(branch_facet).unwrap_or_default();
        Self {
            id: blob(customer.id),
            home: home.map(blob),
            email_folded: customer
                .contact
                .email
                .as_deref()
                .map(|email| email.trim().to_lowercase())
                .filter(|email| !email.is_empty()),
            same_as: customer.same_as.iter().copied().map(blob).collect(),
            conflicts: sql::limit(conflicts(document).len()),
            erased: customer.erased,
            changed_at: changed_at.unwrap_or(0),
            search,
            contact: customer.contact,
        }
    }
}

/// The branch that took a customer down.
pub(super) fn home(document: &Document) -> Option<BranchId> {
    document
        .newest(order_fields::HOME)
        .and_then(|value| value.as_id())
        .map(BranchId)
}

impl ReferenceRow {
    fn of(document: &Document) -> Option<Self> {
        let text = |field| {
            document
                .newest(field)
                .and_then(|value| value.as_text().map(str::to_owned))
        };
        match document.kind().as_str() {
            kind::PRIORITY => Some(Self::Priority {
                code: text("code")?,
                sort: document
                    .newest("sort")
                    .and_then(|sort| sort.as_int())
                    .unwrap_or(0),
            }),
            kind::BRANCH => Some(Self::Branch {
                territory: document
                    .newest(crate::domain::Branch::TERRITORY)
                    .and_then(|value| value.as_id())
                    .map(blob),
            }),
            kind::TERRITORY => Some(Self::Territory {
                country: text("country")?,
                time_zone: text("time_zone")?,
            }),
            _ => None,
        }
    }
}
