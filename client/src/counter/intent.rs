//! What people at a counter want, as the pages and the JSON API hand it over.

use jiff::civil;
use shared::document::Value;
use shared::domain::{Contact, Money, PaymentMethod};
use shared::id::{BranchId, CustomerId, Dot, OrderId};

pub use shared::command::{EditOrder, ItemIntent, LineIntent};

/// A new order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The id that a form was given when it was opened, so that sending it twice makes one order. None makes a new id.
    pub order: Option<OrderId>,
    /// Whose it is.
    pub customer: CustomerChoice,
    /// Where it will be collected; none for this branch.
    pub pickup: Option<BranchId>,
    /// The priority's code.
    pub priority: String,
    /// The promised day; none for the one that the priority proposes.
    pub promised_on: Option<civil::Date>,
    /// The pieces with their services.
    pub items: Vec<ItemIntent>,
    /// A note for the workshop.
    pub note: Option<String>,
}

/// A customer of a new order.
#[derive(Clone, Debug)]
pub enum CustomerChoice {
    /// One this branch knows.
    Existing(CustomerId),
    /// One to be made. The telephone's E.164 form is computed here.
    New(Contact),
}

/// Money at this branch's till.
#[derive(Clone, Debug)]
pub struct TakePayment {
    /// What counts towards the price; positive for refunds too.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// The till's own receipt.
    pub receipt: Option<String>,
}

/// Which pieces of an order.
#[derive(Clone, Debug)]
pub enum Pieces {
    /// All of them.
    All,
    /// Those with these keys.
    Some(Vec<String>),
}

impl Pieces {
    pub(super) fn keys(&self) -> Option<&[String]> {
        match self {
            Self::All => None,
            Self::Some(keys) => Some(keys),
        }
    }
}

/// Which of the values of a conflict.
#[derive(Clone, Debug)]
pub enum Choice {
    /// The value of this write. Best for forms: it stays right when another value arrives meanwhile.
    Written(Dot),
    /// The value at this place among the candidates, from 0.
    Place(usize),
    /// This value.
    Value(Value),
}
