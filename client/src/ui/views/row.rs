//! Lists of orders: one row each.

use shared::domain::Phase;
use shared::presentation::page::{Badge, Due, Seen, spoken_number};

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
    pub(crate) fn of(seen: &Seen, order: &OrderSummary) -> Self {
        let phase = order.status.phase;
        let is_settled = phase == Phase::Cancelled || order.handed_out && phase == Phase::Done;
        let due = if is_settled {
            Due::default()
        } else {
            seen.due(order.promised_on, phase.is_unfinished())
        };
        Self {
            href: format!("/orders/{}", order.id),
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            name: seen.name_or_word(order.name.as_deref(), order.erased),
            detail: detail(order),
            status: seen.status(&order.status, order.handed_out),
            is_overdue: due.class == "due--overdue",
            due,
            is_conflict: order.conflicts > 0,
        }
    }

    /// The rows of several.
    pub(crate) fn all(seen: &Seen, orders: &[OrderSummary]) -> Vec<Self> {
        orders.iter().map(|order| Self::of(seen, order)).collect()
    }
}

fn detail(order: &OrderSummary) -> String {
    [order.items.as_str(), order.services.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" – ")
}
