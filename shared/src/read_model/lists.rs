//! The branch's lists: what the counter has before it today, and the workshop's queue.

use jiff::civil;
use rusqlite::{ToSql, params};

use super::apply;
use super::sql::{self, blob};
use super::summary::{self, OrderSummary};
use super::{QueryError, Reader, calendar};
use crate::id::BranchId;

/// Orders of one section of the day list; the total says how many more there are.
const SECTION_ORDERS: usize = 200;

/// Orders of one answer of the workshop's queue: several days' work of a large workshop.
const QUEUE_ORDERS: usize = 500;

/// A part of a list, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderSection {
    /// How many orders belong here.
    pub total: u64,
    /// The first of them.
    pub orders: Vec<OrderSummary>,
}

/// A branch's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayList {
    /// Promised for today and not finished, the most urgent priority first.
    pub due_today: OrderSection,
    /// Promised for a day before today and not finished, the longest overdue first.
    pub overdue: OrderSection,
    /// Finished, to be collected here, and not handed out whole, the longest promised first.
    pub ready: OrderSection,
    /// Being worked on, by promised day.
    pub in_work: OrderSection,
    /// Taken in here today, the newest first.
    pub taken_in_today: OrderSection,
}

/// One order in the workshop's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// The order.
    pub order: OrderSummary,
    /// Whether its promised day has passed.
    pub overdue: bool,
}

impl Reader {
    /// The day of a branch: orders taken in, collected or held there. `today` is the branch's calendar day.
    pub fn day_list(&self, branch: BranchId, today: civil::Date) -> Result<DayList, QueryError> {
        let here = blob(branch);
        let day = sql::day(today);
        let zone = self.zone_of(branch)?;
        let start = calendar::start_of(today, &zone).0;
        let end = calendar::start_of(today.tomorrow().unwrap_or(today), &zone).0;
        let first_key = apply::first_key(start);
        let last_key = apply::first_key(end.saturating_add(1_000));
        Ok(DayList {
            due_today: self.section(&DUE_TODAY, params![here, day])?,
            overdue: self.section(&OVERDUE, params![here, day])?,
            ready: self.section(&READY, params![here])?,
            in_work: self.section(&IN_WORK, params![here])?,
            taken_in_today: self
                .section(&TAKEN_IN, params![here, first_key, last_key, start, end])?,
        })
    }

    /// What there is to do in the workshop of a branch: unfinished orders with a piece there, by promised day, then priority,
    /// then intake. At most `limit` (and 500) entries, and the number of all.
    pub fn workshop_queue(
        &self,
        branch: BranchId,
        today: civil::Date,
        limit: usize,
    ) -> Result<(Vec<QueueEntry>, u64), QueryError> {
        let here = blob(branch);
        let section = self.limited(&QUEUE, params![here], limit.clamp(1, QUEUE_ORDERS))?;
        let entries = section
            .orders
            .into_iter()
            .map(|order| QueueEntry {
                overdue: order.is_overdue(today),
                order,
            })
            .collect();
        Ok((entries, section.total))
    }

    fn section(&self, list: &List, params: &[&dyn ToSql]) -> Result<OrderSection, QueryError> {
        self.limited(list, params, SECTION_ORDERS)
    }

    fn limited(
        &self,
        list: &List,
        params: &[&dyn ToSql],
        limit: usize,
    ) -> Result<OrderSection, QueryError> {
        let mut statement = self.connection.prepare_cached(&list.rows(limit))?;
        let orders = statement
            .query_map(params, OrderSummary::read)?
            .collect::<Result<Vec<_>, _>>()?;
        let total = if orders.len() < limit {
            orders.len() as u64
        } else {
            let mut statement = self.connection.prepare_cached(&list.count())?;
            sql::unsigned(statement.query_row(params, |row| row.get(0))?)
        };
        Ok(OrderSection { total, orders })
    }
}

/// A list as SQL: which orders, in which order.
pub(super) struct List {
    /// What chooses them; enough to count them.
    from: &'static str,
    /// What else there is to know of them; every chosen row has exactly one.
    joined: &'static str,
    filter: &'static str,
    order: &'static str,
}

impl List {
    pub(super) fn rows(&self, limit: usize) -> String {
        format!(
            "SELECT {} FROM {} {} WHERE {} ORDER BY {} LIMIT {limit}",
            summary::COLUMNS,
            self.from,
            self.joined,
            self.filter,
            self.order
        )
    }

    pub(super) fn count(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.from, self.filter)
    }
}

const ORDER_OF_PLACE: &str = "JOIN orders o ON o.key = p.order_key";

pub(super) const DUE_TODAY: List = List {
    from: "places p",
    joined: ORDER_OF_PLACE,
    filter: "p.branch = ?1 AND p.unfinished = 1 AND p.promised_on = ?2",
    order: "(SELECT min(sort) FROM priorities WHERE code = o.priority) NULLS LAST, o.key",
};

pub(super) const OVERDUE: List = List {
    from: "places p",
    joined: ORDER_OF_PLACE,
    filter: "p.branch = ?1 AND p.unfinished = 1 AND p.promised_on < ?2",
    order: "p.promised_on, p.order_key",
};

pub(super) const READY: List = List {
    from: "places p",
    joined: ORDER_OF_PLACE,
    filter: "p.branch = ?1 AND p.ready = 1 AND p.is_pickup = 1",
    order: "p.promised_on NULLS LAST, p.order_key",
};

pub(super) const IN_WORK: List = List {
    from: "places p",
    joined: ORDER_OF_PLACE,
    filter: "p.branch = ?1 AND p.phase = 'in_work'",
    order: "p.promised_on NULLS LAST, p.order_key",
};

/// The key, which rises with the time of intake, finds the day; the instants cut it exactly.
pub(super) const TAKEN_IN: List = List {
    from: "orders o",
    joined: "",
    filter: "o.home = ?1 AND o.key >= ?2 AND o.key < ?3
           AND o.received_at >= ?4 AND o.received_at < ?5",
    order: "o.key DESC",
};

pub(super) const QUEUE: List = List {
    from: "places p",
    joined: ORDER_OF_PLACE,
    filter: "p.branch = ?1 AND p.unfinished = 1 AND p.holds = 1",
    order: "p.promised_on NULLS LAST,
           (SELECT min(sort) FROM priorities WHERE code = o.priority) NULLS LAST, p.order_key",
};
