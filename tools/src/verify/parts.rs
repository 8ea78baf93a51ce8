//! The comparison part by part: the documents of a part are in memory, and the rows that lead to them are read one by one.
//! Parts know nothing of each other, so several threads take them in turn.

use super::documents::Documents;
use super::rows_in_order::{RowWithId, RowsInOrder};
use super::{Check, Common, Outcome};
use crate::plan::Plan;
use crate::run::RunError;
use crate::spool::{PARTS, part_of};
use crate::staging::{Order, StagedTable, Staging};

/// More threads than this are of no use: the disk is one.
const MOST_THREADS: usize = 4;

/// Below so many rows one thread does it.
const ROWS_WORTH_A_THREAD: u64 = 2_000;

/// The rows whose documents are in one part.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) services: Vec<u32>,
    pub(super) customers: Vec<u32>,
    pub(super) orders: Vec<OrderRow>,
}

/// An order's row.
#[derive(Clone, Copy)]
pub(super) struct OrderRow {
    pub(super) place: u32,
    /// The first of its lines, 0 for none; only where lines lie in the order of their orders.
    pub(super) first_line: u32,
}

/// How rows are found, with the indexes that it takes: nothing is written to staging once this is known.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    /// Lines lie in the order of their orders.
    pub(super) lines_are_level: bool,
    /// The key of no row stands twice, nor is one NULL.
    customers_ascend: bool,
    orders_ascend: bool,
}

impl Ways {
    pub(super) fn of(plan: &Plan, staging: &Staging) -> Result<Self, rusqlite::Error> {
        let table = |name: &str| staging.table(name);
        let mut customers_ascend = false;
        if let Some(customers) = &plan.customers
            && let Some(table) = table(&customers.table)
        {
            index(staging, table, &customers.key)?;
            customers_ascend = ascends(staging, table, &customers.key)?;
        }
        let orders = table(&plan.orders.table);
        let mut level = false;
        if let (Some(orders), Some(named)) = (orders, &plan.lines)
            && let Some(lines) = table(&named.table)
        {
            let columns = &named.order.0;
            level = are_level(staging, orders, &plan.orders.key, lines, columns)?;
            if !level {
                index(staging, lines, columns)?;
            }
        }
        // Which customers a portion has is told by their orders.
        if let (Some(orders), Some(columns)) = (orders, &plan.orders.customer)
            && plan.portion.limits_orders()
        {
            index(staging, orders, &columns.0)?;
        }
        for lookup in &plan.lookup {
            if let Some(table) = table(&lookup.table) {
                index(staging, table, std::slice::from_ref(&lookup.key))?;
            }
        }
        for choices in [&plan.status, &plan.priority] {
            if let (Some(name), Some(key)) = (&choices.table, &choices.key)
                && let Some(table) = table(name)
            {
                index(staging, table, std::slice::from_ref(key))?;
            }
        }
        if let Some(services) = &plan.services
            && let (Some(name), Some(key)) = (&services.table, &services.key)
            && let Some(table) = table(name)
        {
            index(staging, table, std::slice::from_ref(key))?;
        }
        let orders_ascend = match orders {
            Some(orders) => ascends(staging, orders, &plan.orders.key)?,
            None => false,
        };
        Ok(Self {
            lines_are_level: level,
            customers_ascend,
            orders_ascend,
        })
    }

    /// The rows of customers, where each has a key of its own.
    pub(super) fn customers<'a>(
        self,
        plan: &'a Plan,
        staging: &'a Staging,
    ) -> Option<RowsInOrder<'a>> {
        let rows = customers(plan, staging);
        rows.filter(|_| self.customers_ascend)
    }

    /// The rows of orders, where each has a key of its own.
    pub(super) fn orders<'a>(
        self,
        plan: &'a Plan,
        staging: &'a Staging,
    ) -> Option<RowsInOrder<'a>> {
        let rows = orders(plan, staging, self);
        rows.filter(|_| self.orders_ascend)
    }
}

fn customers<'a>(plan: &'a Plan, staging: &'a Staging) -> Option<RowsInOrder<'a>> {
    let customers = plan.customers.as_ref()?;
    let table = staging.table(&customers.table)?;
    Some(RowsInOrder::of(plan, table, &customers.key))
}

fn orders<'a>(plan: &'a Plan, staging: &'a Staging, ways: Ways) -> Option<RowsInOrder<'a>> {
    let table = staging.table(&plan.orders.table)?;
    let rows = RowsInOrder::of(plan, table, &plan.orders.key);
    let named = plan.lines.as_ref().filter(|_| ways.lines_are_level);
    let lines =
        named.and_then(|named| Some((staging.table(&named.table)?, named.order.0.first()?)));
    Some(match lines {
        Some((lines, column)) => rows.with_lines(lines, column),
        None => rows,
    })
}

fn services<'a>(plan: &'a Plan, staging: &'a Staging) -> Option<RowsInOrder<'a>> {
    let services = plan.services.as_ref()?;
    let key = services.key.as_ref()?;
    let table = staging.table(services.table.as_ref()?)?;
    Some(RowsInOrder::of(plan, table, std::slice::from_ref(key)))
}

/// Rows whose documents were not found abreast of them: those that were passed over, and all behind them.
pub(super) struct Rest<'a> {
    pub(super) passed_over: Vec<RowWithId>,
    pub(super) behind: RowsInOrder<'a>,
}

impl<'a> From<RowsInOrder<'a>> for Rest<'a> {
    fn from(behind: RowsInOrder<'a>) -> Self {
        Self {
            passed_over: Vec::new(),
            behind,
        }
    }
}

/// The rows of all parts.
pub(super) struct Parts(Vec<Rows>);

impl Parts {
    /// Sorts rows by the part of their document: all services, and of customers and orders the given rest, or all.
    pub(super) fn of(
        plan: &Plan,
        staging: &Staging,
        ways: Ways,
        rest_of_customers: Option<Rest<'_>>,
        rest_of_orders: Option<Rest<'_>>,
    ) -> Result<Self, rusqlite::Error> {
        let mut rows = Vec::new();
        rows.resize_with(PARTS, Rows::default);
        if let Some(services) = services(plan, staging) {
            each(staging, services.into(), |row| {
                rows[part(row)].services.push(row.place);
            })?;
        }
        let all = || customers(plan, staging).map(Rest::from);
        if let Some(customers) = rest_of_customers.or_else(all) {
            each(staging, customers, |row| {
                rows[part(row)].customers.push(row.place);
            })?;
        }
        let all = || orders(plan, staging, ways).map(Rest::from);
        if let Some(orders) = rest_of_orders.or_else(all) {
            each(staging, orders, |row| {
                rows[part(row)].orders.push(OrderRow {
                    place: row.place,
                    first_line: row.first_line,
                });
            })?;
        }
        Ok(Self(rows))
    }
}

fn each(
    staging: &Staging,
    rest: Rest<'_>,
    mut take: impl FnMut(RowWithId),
) -> Result<(), rusqlite::Error> {
    let Rest {
        passed_over,
        mut behind,
    } = rest;
    passed_over.into_iter().for_each(&mut take);
    while let Some(row) = behind.next(staging)? {
        take(row);
    }
    Ok(())
}

fn part(row: RowWithId) -> usize {
    // A row without a key has no document; any part may find that out.
    row.id.map_or(0, part_of)
}

/// Looks through all parts, on several threads where it is worth it.
pub(super) fn look_through(
    common: Common<'_>,
    staging: &Staging,
    documents: &Documents,
    parts: &Parts,
) -> Result<Vec<Outcome>, RunError> {
    let threads = threads(staging);
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for first in 0..threads {
            let reader = staging.reader()?;
            workers.push(scope.spawn(move || {
                let mut check = Check::of(common, &reader);
                for part in (0..PARTS).skip(first).step_by(threads) {
                    check.rows_of(&documents.wanted, documents.part(part)?, &parts.0[part])?;
                }
                Ok(check.outcome())
            }));
        }
        let ended = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}

pub(super) fn index(
    staging: &Staging,
    table: &StagedTable,
    columns: &[String],
) -> Result<(), rusqlite::Error> {
    let index = table.index_by(columns);
    index.map_or(Ok(()), |index| staging.connection().execute_batch(&index))
}

/// How many threads compare.
pub(super) fn threads(staging: &Staging) -> usize {
    let rows: u64 = staging.tables().iter().map(|table| table.rows).sum();
    if rows < ROWS_WORTH_A_THREAD {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
}

fn ascends(
    staging: &Staging,
    table: &StagedTable,
    key: &[String],
) -> Result<bool, rusqlite::Error> {
    let [key] = key else { return Ok(false) };
    match table.schema.column_index(key) {
        Some(column) => staging.ascends(table, column, Order::Strict),
        None => Ok(false),
    }
}

fn are_level(
    staging: &Staging,
    orders: &StagedTable,
    key: &[String],
    lines: &StagedTable,
    columns: &[String],
) -> Result<bool, rusqlite::Error> {
    // Keys of several columns are looked up.
    let ([key], [column]) = (key, columns) else {
        return Ok(false);
    };
    let (Some(key), Some(column)) = (
        orders.schema.column_index(key),
        lines.schema.column_index(column),
    ) else {
        return Ok(false);
    };
    Ok(staging.ascends(orders, key, Order::Strict)?
        && staging.ascends(lines, column, Order::Level)?)
}
