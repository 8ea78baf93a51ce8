//! Intents become deltas here. Every command is a pure function from what this replica knows and what a person wants;
//! it writes nothing that is already so, and refuses in words what would make an impossible order.

mod customer;
mod intake;
#[cfg(test)]
mod tests;
mod work;

pub use customer::{edit_customer, link_same, new_customer};
pub use intake::{EditOrder, ItemIntent, LineIntent, TakeIn, edit_order, take_in};
pub use work::{
    Pay, add_comment, cancel, change_status, erase, hand_out, hand_over, keep, note_print, pay,
    refund, settle, take_back, unlock,
};

use crate::document::{Authoring, Change, Document, EventKind, Field, Value};
use crate::domain::{Contact, fields};
use crate::limits;

/// Why a command was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The document is no order.
    #[error("this is not an order")]
    NotAnOrder,
    /// An order needs something to work on.
    #[error("an order needs at least one item with one service")]
    NothingOrdered,
    /// An order needs somebody to call.
    #[error("the customer needs a name")]
    NameMissing,
    /// More items than an order may have.
    #[error(
        "an order has at most {} items with {} services each",
        limits::ITEMS_PER_ORDER,
        limits::SERVICES_PER_ITEM
    )]
    TooManyItems,
    /// Longer than a field may be.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// Cancelling and blocking need a reason.
    #[error("a reason is needed")]
    ReasonMissing,
    /// An amount that cannot be.
    #[error("the amount must be more than nothing and at most {}", limits::AMOUNT_MINOR / 100)]
    Amount,
    /// The order is in another currency.
    #[error("the order is in another currency")]
    Currency,
    /// More would be given back than was paid.
    #[error("more would be given back than was paid")]
    RefundExceedsPaid,
    /// A cancelled order takes no work, payment or hand-out.
    #[error("the order is cancelled")]
    Cancelled,
    /// Pieces are with the customer.
    #[error("a piece of the order is already handed out")]
    HandedOut,
    /// The form named a piece the order does not have.
    #[error("the order has no such piece")]
    NoSuchItem,
    /// The form named a service the catalogue does not have.
    #[error("the catalogue has no such service")]
    NoSuchService,
    /// The form named a priority the catalogue does not have.
    #[error("the catalogue has no such priority")]
    NoSuchPriority,
    /// The form named a branch the catalogue does not have.
    #[error("the firm has no such branch")]
    NoSuchBranch,
    /// No price is known for a service on that day in that currency.
    #[error("no price is known for this service")]
    NoPrice,
    /// The field is not, or no longer, in conflict, or has no such value.
    #[error("somebody has already settled this")]
    NothingToSettle,
    /// Pick-up before drop-off.
    #[error("the promised day is before the day of intake")]
    PromisedBeforeReceived,
    /// It is already so.
    #[error("this is already so")]
    AlreadySo,
}

impl Refusal {
    /// The key of its sentence in the texts.
    pub const fn text_key(&self) -> &'static str {
        match self {
            Self::NotAnOrder => "refusal-not-an-order",
            Self::NothingOrdered => "refusal-nothing-ordered",
            Self::NameMissing => "refusal-name-missing",
            Self::TooManyItems => "refusal-too-many-items",
            Self::TooLong(_) => "refusal-too-long",
            Self::ReasonMissing => "refusal-reason-missing",
            Self::Amount => "refusal-amount",
            Self::Currency => "refusal-currency",
            Self::RefundExceedsPaid => "refusal-refund-exceeds-paid",
            Self::Cancelled => "refusal-cancelled",
            Self::HandedOut => "refusal-handed-out",
            Self::NoSuchItem => "refusal-no-such-item",
            Self::NoSuchService => "refusal-no-such-service",
            Self::NoSuchPriority => "refusal-no-such-priority",
            Self::NoSuchBranch => "refusal-no-such-branch",
            Self::NoPrice => "refusal-no-price",
            Self::NothingToSettle => "refusal-nothing-to-settle",
            Self::PromisedBeforeReceived => "refusal-promised-before-received",
            Self::AlreadySo => "refusal-already-so",
        }
    }
}

fn field(name: &'static str) -> Field {
    fields::known(name)
}

fn event(name: &'static str) -> EventKind {
    fields::known_kind(name)
}

fn text_or_null(text: Option<&str>) -> Value {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map_or(Value::Null, Value::from)
}

fn bounded(text: &str, what: &'static str) -> Result<(), Refusal> {
    if text.len() > limits::TEXT_BYTES {
        Err(Refusal::TooLong(what))
    } else {
        Ok(())
    }
}

/// The longest name, telephone or address line: beyond it somebody pasted a page.
const CONTACT_PART_BYTES: usize = 400;

fn set_contact(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    contact: &Contact,
) -> Result<(), Refusal> {
    for (name, text) in contact.stored() {
        if text.is_some_and(|text| text.len() > CONTACT_PART_BYTES) {
            return Err(Refusal::TooLong("contact"));
        }
        change.set(authoring, field(name), text_or_null(text));
    }
    Ok(())
}

fn finished(change: Change<'_>) -> Result<Document, Refusal> {
    if change.is_empty() {
        Err(Refusal::AlreadySo)
    } else {
        Ok(change.finish())
    }
}
