//! What was paid and given back, read from the events that recorded it.

use crate::clock::UtcMillis;
use crate::document::{Currency, Event, Value};
use crate::domain::fields::event;
use crate::domain::money::Money;
use crate::id::{BranchId, Dot, StaffId};

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

pub(super) fn payment(recorded: &Event, currency: Currency) -> Option<Payment> {
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
