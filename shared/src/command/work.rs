//! What happens to an order after intake: work, money, custody, cancelling, settling, forgetting.

use super::{Refusal, bounded, event, field, finished, text_or_null};
use crate::document::{Authoring, Change, Document, Field, Value};
use crate::domain::{Custody, Money, Order, PaymentMethod, Phase, StatusCode, fields};
use crate::id::BranchId;
use crate::limits;

/// A payment at a till.
#[derive(Clone, Debug)]
pub struct Pay {
    /// What counts towards the price.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// The branch whose till it is.
    pub branch: BranchId,
    /// The till's own receipt.
    pub receipt: Option<String>,
}

/// The work status becomes `to`. Blocking needs a reason; going back (undo) is a status change like any other.
///
/// # Errors
/// [`Refusal::AlreadySo`], [`Refusal::ReasonMissing`], [`Refusal::TooLong`]; cancelling is [`cancel`]'s.
pub fn change_status(
    document: &Document,
    authoring: &mut Authoring,
    to: &StatusCode,
    reason: Option<&str>,
) -> Result<Document, Refusal> {
    if to.phase == Phase::Cancelled {
        return cancel(document, authoring, reason.unwrap_or_default());
    }
    set_status(document, authoring, to, reason, to.phase == Phase::Blocked)
}

/// The order is called off. What was paid stays recorded and shows as owed back.
///
/// # Errors
/// [`Refusal::ReasonMissing`], [`Refusal::HandedOut`], [`Refusal::AlreadySo`].
pub fn cancel(
    document: &Document,
    authoring: &mut Authoring,
    reason: &str,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    // A piece that was never handed in is with the customer too, so finished work tells the two apart.
    if order.is_handed_out() && order.status.phase == Phase::Done {
        return Err(Refusal::HandedOut);
    }
    set_status(
        document,
        authoring,
        &StatusCode::from(Phase::Cancelled),
        Some(reason),
        true,
    )
}

fn set_status(
    document: &Document,
    authoring: &mut Authoring,
    to: &StatusCode,
    reason: Option<&str>,
    reason_needed: bool,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    let reason = text_or_null(reason);
    bounded(reason.as_text().unwrap_or_default(), "reason")?;
    if reason_needed && reason == Value::Null {
        return Err(Refusal::ReasonMissing);
    }
    let mut change = Change::of(document);
    change.set(authoring, field(fields::order::STATUS), to.code.as_str());
    if change.is_empty() {
        return Err(Refusal::AlreadySo);
    }
    change.set(authoring, field(fields::order::REASON), reason.clone());
    change.record(
        authoring,
        event(fields::event::STATUS),
        [
            (field("from"), Value::from(order.status.code)),
            (field("to"), Value::from(to.code.as_str())),
            (field("free/reason"), reason),
        ],
    );
    Ok(change.finish())
}

/// Money is taken. In cash, francs are rounded to 0.05 when the payment settles the order; the difference is recorded beside it.
///
/// # Errors
/// [`Refusal::Amount`], [`Refusal::Currency`], [`Refusal::Cancelled`].
pub fn pay(
    document: &Document,
    authoring: &mut Authoring,
    intent: &Pay,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    if order.status.phase == Phase::Cancelled {
        return Err(Refusal::Cancelled);
    }
    check_amount(&order, intent.amount)?;
    record_payment(document, authoring, intent, intent.amount)
}

/// Money is given back. `intent.amount` is positive.
///
/// # Errors
/// [`Refusal::Amount`], [`Refusal::Currency`], [`Refusal::RefundExceedsPaid`].
pub fn refund(
    document: &Document,
    authoring: &mut Authoring,
    intent: &Pay,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    check_amount(&order, intent.amount)?;
    if intent.amount.minor > order.paid().minor {
        return Err(Refusal::RefundExceedsPaid);
    }
    record_payment(
        document,
        authoring,
        intent,
        Money::new(-intent.amount.minor, intent.amount.currency),
    )
}

fn check_amount(order: &Order, amount: Money) -> Result<(), Refusal> {
    if amount.currency != order.currency {
        return Err(Refusal::Currency);
    }
    if !(1..=limits::AMOUNT_MINOR).contains(&amount.minor) {
        return Err(Refusal::Amount);
    }
    Ok(())
}

fn record_payment(
    document: &Document,
    authoring: &mut Authoring,
    intent: &Pay,
    amount: Money,
) -> Result<Document, Refusal> {
    bounded(intent.receipt.as_deref().unwrap_or_default(), "receipt")?;
    let handed_over = if intent.method == PaymentMethod::Cash {
        amount.rounded_for_cash()
    } else {
        amount
    };
    let mut change = Change::of(document);
    change.record(
        authoring,
        event(fields::event::PAYMENT),
        [
            (field("amount"), amount.into()),
            (
                field("rounding"),
                Money::new(handed_over.minor - amount.minor, amount.currency).into(),
            ),
            (field("method"), intent.method.code().into()),
            (field("branch"), intent.branch.into()),
            (field("receipt"), text_or_null(intent.receipt.as_deref())),
        ],
    );
    Ok(change.finish())
}

/// Pieces go to the customer: all of them, or those of `items`.
///
/// # Errors
/// [`Refusal::NoSuchItem`], [`Refusal::AlreadySo`] when they are all with the customer.
pub fn hand_out(
    document: &Document,
    authoring: &mut Authoring,
    items: Option<&[String]>,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    move_items(document, authoring, &order, items, &Custody::Customer)
}

/// Pieces come back from the customer to a branch, such as after a hand-out by mistake.
///
/// # Errors
/// [`Refusal::NoSuchItem`], [`Refusal::AlreadySo`].
pub fn take_back(
    document: &Document,
    authoring: &mut Authoring,
    items: Option<&[String]>,
    branch: BranchId,
) -> Result<Document, Refusal> {
    hand_over(document, authoring, items, &Custody::Branch(branch))
}

/// Pieces go to another place of the firm.
///
/// # Errors
/// [`Refusal::NoSuchItem`], [`Refusal::AlreadySo`].
pub fn hand_over(
    document: &Document,
    authoring: &mut Authoring,
    items: Option<&[String]>,
    to: &Custody,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    move_items(document, authoring, &order, items, to)
}

fn move_items(
    document: &Document,
    authoring: &mut Authoring,
    order: &Order,
    items: Option<&[String]>,
    to: &Custody,
) -> Result<Document, Refusal> {
    if let Some(keys) = items
        && !keys
            .iter()
            .all(|key| order.items.iter().any(|item| item.key == *key))
    {
        return Err(Refusal::NoSuchItem);
    }
    let mut change = Change::of(document);
    let wanted = order
        .items
        .iter()
        .filter(|item| items.is_none_or(|keys| keys.contains(&item.key)));
    for item in wanted.filter(|item| item.custody != *to) {
        change.set(authoring, fields::item(&item.key, "custody"), to.code());
        change.record(
            authoring,
            event(fields::event::CUSTODY),
            [
                (field("item"), Value::from(item.key.as_str())),
                (field("from"), Value::from(item.custody.code())),
                (field("to"), Value::from(to.code())),
            ],
        );
    }
    finished(change)
}

/// Somebody writes a comment.
///
/// # Errors
/// [`Refusal::AlreadySo`] for an empty one, [`Refusal::TooLong`].
pub fn add_comment(
    document: &Document,
    authoring: &mut Authoring,
    text: &str,
) -> Result<Document, Refusal> {
    let text = text.trim();
    bounded(text, "comment")?;
    if text.is_empty() {
        return Err(Refusal::AlreadySo);
    }
    let mut change = Change::of(document);
    change.record(
        authoring,
        event(fields::event::COMMENT),
        [(field("free/text"), text.into())],
    );
    Ok(change.finish())
}

/// A ticket was printed.
pub fn note_print(document: &Document, authoring: &mut Authoring) -> Document {
    let mut change = Change::of(document);
    change.record(authoring, event(fields::event::PRINTED), []);
    change.finish()
}

/// A colleague unlocked a member of staff; kept on the staff document as audit.
pub fn unlock(staff: &Document, authoring: &mut Authoring, branch: BranchId) -> Document {
    let mut change = Change::of(staff);
    change.record(
        authoring,
        event(fields::event::UNLOCKED),
        [(field("branch"), branch.into())],
    );
    change.finish()
}

/// A person chooses among the concurrent values of a field. An ordinary write that has seen all of them.
///
/// # Errors
/// [`Refusal::NothingToSettle`] when the field is not in conflict or none of its values is `chosen`.
pub fn settle(
    document: &Document,
    authoring: &mut Authoring,
    conflicting: &str,
    chosen: &Value,
) -> Result<Document, Refusal> {
    let register = document
        .register(conflicting)
        .filter(|register| register.is_in_conflict())
        .filter(|register| {
            register
                .versions()
                .iter()
                .any(|version| version.value == *chosen)
        })
        .ok_or(Refusal::NothingToSettle)?;
    debug_assert!(register.is_in_conflict());
    let name = Field::new(conflicting).map_err(|_| Refusal::NothingToSettle)?;
    let particulars = if name.is_personal() {
        // The value of a personal field must not live on in an event that an erasure would keep.
        vec![(field("field"), Value::from(conflicting))]
    } else {
        vec![
            (field("field"), Value::from(conflicting)),
            (field("chosen"), chosen.clone()),
        ]
    };
    let mut change = Change::of(document);
    change.set(authoring, name, chosen.clone());
    change.record_all(
        authoring,
        event(fields::event::SETTLED),
        particulars.into_iter().collect(),
    );
    Ok(change.finish())
}

/// Somebody keeps a document whose row, or the row of a line, is missing in the legacy database.
///
/// # Errors
/// [`Refusal::NothingToSettle`] when nothing is missing, or somebody has decided already.
pub fn keep(document: &Document, authoring: &mut Authoring) -> Result<Document, Refusal> {
    let is_mark = |name: &str| {
        name == fields::import::GONE_SINCE
            || name.starts_with("items/")
                && name.rsplit('/').next() == Some(fields::import::LINE_GONE_SINCE)
    };
    let mut change = Change::of(document);
    for name in document.fields().keys() {
        if is_mark(name.as_str()) && document.newest(name.as_str()).is_some() {
            change.set(authoring, name.clone(), Value::Null);
        }
    }
    if change.is_empty() {
        return Err(Refusal::NothingToSettle);
    }
    change.record(authoring, event(fields::event::KEPT), []);
    Ok(change.finish())
}

/// The person a document is about is forgotten, on every replica that holds it.
///
/// # Errors
/// [`Refusal::AlreadySo`].
pub fn erase(document: &Document, authoring: &mut Authoring) -> Result<Document, Refusal> {
    let mut change = Change::of(document);
    change.erase(authoring);
    finished(change)
}
