//! The office's table of orders over all branches, and what needs its attention.

use std::ops::ControlFlow;

use jiff::civil;
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::search::{SearchFilter, expression};
use super::sql::{self, blob};
use super::summary::{self, OrderSummary};
use super::{QueryError, Reader, calendar};
use crate::domain::{MoneyState, Phase};
use crate::id::{BranchId, CustomerId, ServiceId};

/// Orders of one page.
const PAGE_ORDERS: usize = 500;

/// Orders in one list of conflicts.
const CONFLICTS: usize = 500;

/// Days from and to, both included; a side left out is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub from: Option<civil::Date>,
    /// The last day.
    pub to: Option<civil::Date>,
}

/// Which orders a table shows. Parts left out do not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// As typed into the search box.
    pub text: Option<String>,
    /// The branch that took it in.
    pub branch: Option<BranchId>,
    /// Where the work is.
    pub phase: Option<Phase>,
    /// How it stands with its money.
    pub money: Option<MoneyState>,
    /// The promised day.
    pub promised: DayRange,
    /// The day of intake, by the calendar of the order's own branch.
    pub received: DayRange,
    /// Promised for a day before this one and not finished.
    pub overdue_on: Option<civil::Date>,
    /// A customer's.
    pub customer: Option<CustomerId>,
    /// With a line of this service.
    pub service: Option<ServiceId>,
    /// Not finished.
    pub unfinished_only: bool,
    /// Finished and not handed out whole.
    pub ready_only: bool,
    /// In conflict.
    pub conflicts_only: bool,
    /// Missing in the legacy database, and nobody has decided yet what that means.
    pub gone_only: bool,
}

/// How a table of orders is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderSort {
    /// By intake, the newest first.
    #[default]
    Newest,
    /// By intake, the oldest first.
    Oldest,
    /// By promised day, the earliest first; those without one last.
    Promised,
    /// By the customer's name.
    Name,
}

/// Which part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Orders to pass over.
    pub offset: u32,
    /// Orders to show, at most 500.
    pub limit: usize,
}

/// A page of a table of orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderPage {
    /// How many orders the filter lets through.
    pub total: u64,
    /// Those of the page.
    pub orders: Vec<OrderSummary>,
}

/// How much there is, for metrics. Counts by reading indexes, so it is to be asked by the minute, not by the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents by kind, unknown kinds included.
    pub documents: Vec<(String, u64)>,
    /// Orders by phase.
    pub orders: Vec<(Phase, u64)>,
    /// Orders and customers in conflict.
    pub conflicts: u64,
    /// The feed position applied.
    pub position: u64,
}

impl Reader {
    /// A page of all orders that `filter` lets through, and their number.
    pub fn order_list(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        page: Page,
    ) -> Result<OrderPage, QueryError> {
        let Some(Conditions { sql, values }) = self.conditions(filter)? else {
            return Ok(OrderPage::default());
        };
        let count = format!("SELECT count(*) FROM orders o{sql}");
        let total: i64 = self
            .connection
            .prepare_cached(&count)?
            .query_row(params_from_iter(&values), |row| row.get(0))?;
        let rows = format!(
            "SELECT {} FROM orders o{sql} ORDER BY {} LIMIT {} OFFSET {}",
            summary::COLUMNS,
            sort.sql(),
            page.limit.clamp(1, PAGE_ORDERS),
            page.offset
        );
        // Not cached: pages and filters make too many different texts.
        let mut statement = self.connection.prepare(&rows)?;
        let orders = statement
            .query_map(params_from_iter(&values), OrderSummary::read)?
            .collect::<Result<_, _>>()?;
        Ok(OrderPage {
            total: sql::unsigned(total),
            orders,
        })
    }

    /// Hands every order that `filter` lets through to `visit`, one by one, until it breaks off: for exports of any length.
    pub fn visit_orders(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        mut visit: impl FnMut(OrderSummary) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let Some(Conditions { sql, values }) = self.conditions(filter)? else {
            return Ok(());
        };
        let rows = format!(
            "SELECT {} FROM orders o{sql} ORDER BY {}",
            summary::COLUMNS,
            sort.sql()
        );
        let mut statement = self.connection.prepare(&rows)?;
        for order in statement.query_map(params_from_iter(&values), OrderSummary::read)? {
            if visit(order?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Orders in which replicas disagree, the newest first; at most `limit` (and 500).
    pub fn conflicted_orders(&self, limit: usize) -> Result<Vec<OrderSummary>, QueryError> {
        let mut statement = self.connection.prepare_cached(&conflicted())?;
        let rows = statement.query_map(
            params![sql::limit(limit.clamp(1, CONFLICTS))],
            OrderSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One order's summary, when known here.
    pub fn order(&self, id: crate::id::OrderId) -> Result<Option<OrderSummary>, QueryError> {
        let sql = format!("SELECT {} FROM orders o WHERE o.id = ?1", summary::COLUMNS);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query_map([blob(id)], OrderSummary::read)?;
        Ok(rows.next().transpose()?)
    }

    /// How much there is.
    pub fn counts(&self) -> Result<Counts, QueryError> {
        const DOCUMENTS: &str = "SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind";
        const ORDERS: &str = "SELECT phase, count(*) FROM orders GROUP BY phase";
        const CONFLICTS: &str = "
            SELECT (SELECT count(*) FROM orders WHERE conflicts > 0)
                 + (SELECT count(*) FROM customers WHERE conflicts > 0)";
        let counted = |sql| -> Result<Vec<(String, u64)>, QueryError> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, sql::unsigned(row.get(1)?))))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let phases = counted(ORDERS)?;
        let of_phase = |phase: Phase| {
            phases
                .iter()
                .find(|(code, _)| code == phase.code())
                .map_or(0, |(_, count)| *count)
        };
        let conflicts: i64 = self
            .connection
            .prepare_cached(CONFLICTS)?
            .query_row([], |row| row.get(0))?;
        Ok(Counts {
            documents: counted(DOCUMENTS)?,
            orders: Phase::ALL.map(|phase| (phase, of_phase(phase))).to_vec(),
            conflicts: sql::unsigned(conflicts),
            position: self.position()?,
        })
    }

    /// `None` when the text has nothing in it that could be found.
    fn conditions(&self, filter: &OrderFilter) -> Result<Option<Conditions>, QueryError> {
        let mut conditions = Conditions::default();
        if let Some(text) = filter
            .text
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        {
            let Some(expression) = expression(text, &SearchFilter::default()) else {
                return Ok(None);
            };
            conditions.add(
                "o.key IN (SELECT rowid FROM order_search WHERE order_search MATCH ?)",
                [expression.into()],
            );
        }
        if let Some(branch) = filter.branch {
            conditions.add("o.home = ?", [blob(branch).to_vec().into()]);
        }
        if let Some(phase) = filter.phase {
            conditions.add("o.phase = ?", [phase.code().to_owned().into()]);
        }
        if let Some(money) = filter.money {
            conditions.add("o.money = ?", [money.code().to_owned().into()]);
        }
        if let Some(from) = filter.promised.from {
            conditions.add("o.promised_on >= ?", [sql::day(from).into()]);
        }
        if let Some(to) = filter.promised.to {
            conditions.add("o.promised_on <= ?", [sql::day(to).into()]);
        }
        if let Some(today) = filter.overdue_on {
            conditions.add(
                "o.unfinished = 1 AND o.promised_on < ?",
                [sql::day(today).into()],
            );
        }
        if let Some(customer) = filter.customer {
            conditions.add("o.customer = ?", [blob(customer).to_vec().into()]);
        }
        if let Some(service) = filter.service {
            conditions.add(
                "EXISTS (SELECT 1 FROM lines l WHERE l.order_key = o.key AND l.service = ?)",
                [blob(service).to_vec().into()],
            );
        }
        self.received(filter.received, &mut conditions)?;
        for (wanted, sql) in [
            (filter.unfinished_only, "o.unfinished = 1"),
            (filter.ready_only, "o.ready = 1"),
            (filter.conflicts_only, "o.conflicts > 0"),
            (filter.gone_only, "o.gone_since IS NOT NULL"),
        ] {
            if wanted {
                conditions.add(sql, []);
            }
        }
        Ok(Some(conditions))
    }

    /// Instants that hold the days in any zone narrow it by index; the day in the branch's own zone decides.
    fn received(&self, days: DayRange, conditions: &mut Conditions) -> Result<(), QueryError> {
        const DAY: &str = "business_day(o.received_at, coalesce((SELECT t.time_zone FROM branches b
            JOIN territories t ON t.id = b.territory WHERE b.id = o.home), ?))";
        let zone = self.first_zone()?;
        if let Some(from) = days.from {
            let (start, _) = calendar::in_any_zone(from, from);
            conditions.add("o.received_at >= ?", [start.into()]);
            conditions.add(
                &format!("{DAY} >= ?"),
                [zone.clone().into(), sql::day(from).into()],
            );
        }
        if let Some(to) = days.to {
            let (_, end) = calendar::in_any_zone(to, to);
            conditions.add("o.received_at < ?", [end.into()]);
            conditions.add(&format!("{DAY} <= ?"), [zone.into(), sql::day(to).into()]);
        }
        Ok(())
    }
}

pub(super) fn conflicted() -> String {
    format!(
        "SELECT {} FROM orders o WHERE o.conflicts > 0 ORDER BY o.key DESC LIMIT ?1",
        summary::COLUMNS
    )
}

/// A `WHERE` with its values. The texts are the program's own; what comes from outside is always a value.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn add<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
        self.values.extend(values);
    }
}

impl OrderSort {
    const fn sql(self) -> &'static str {
        match self {
            Self::Newest => "o.key DESC",
            Self::Oldest => "o.key",
            Self::Promised => "o.promised_on NULLS LAST, o.key",
            Self::Name => "o.name COLLATE NOCASE NULLS LAST, o.key",
        }
    }
}
