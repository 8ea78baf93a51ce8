//! Lists of orders: one row each.

use shared::domain::{Phase, TicketNumber};

use super::Seen;
use super::badges::{self, Badge, Due};
use crate::counter::OrderSummary;

/// One row.
pub(crate) struct OrderRow {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) status: Badge,
    pub(crate) due: Due,
    pub(crate) is_overdue: bool,
    pub(crate) is_conflict: bool,
}

impl OrderRow {
    /// The row of an order.
    pub(crate) fn of(seen: &Seen<'_>, order: &OrderSummary) -> Self {
        let phase = order.status.phase;
        let is_settled = phase == Phase::Cancelled || order.handed_out && phase == Phase::Done;
        let due = if is_settled {
            Due {
                class: "",
                words: String::new(),
            }
        } else {
            badges::due(seen, order.promised_on, phase.is_unfinished())
        };
        Self {
            href: format!("/orders/{}", order.id),
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            name: name(seen, order),
            detail: detail(order),
            status: badges::work_status(seen, &order.status, order.handed_out),
            is_overdue: due.class == "due--overdue",
            due,
            is_conflict: order.conflicts > 0,
        }
    }

    /// The rows of several.
    pub(crate) fn all(seen: &Seen<'_>, orders: &[OrderSummary]) -> Vec<Self> {
        orders.iter().map(|order| Self::of(seen, order)).collect()
    }
}

fn name(seen: &Seen<'_>, order: &OrderSummary) -> String {
    match &order.name {
        Some(name) if !name.is_empty() => name.clone(),
        _ if order.erased => seen.words.text("customer-erased"),
        _ => seen.words.text("customer-unnamed"),
    }
}

fn detail(order: &OrderSummary) -> String {
    [order.items.as_str(), order.services.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" – ")
}

/// A ticket number in groups as people say it; any other number as it is.
pub(crate) fn spoken_number(ticket: Option<&str>, number: &str) -> String {
    ticket
        .and_then(|ticket| ticket.parse::<TicketNumber>().ok())
        .map_or_else(|| number.to_owned(), |ticket| ticket.spoken())
}
