//! The comparison part by part: the documents of a part are in memory, and the rows that lead to them are read one by one.
//! Parts know nothing of each other, so several threads take them in turn.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::documents::Documents;
use super::{Check, Common, Outcome};
use crate::naming;
use crate::plan::Plan;
use crate::run::RunError;
use crate::spool::{PARTS, part_of};
use crate::staging::{Order, StagedTable, Staging, shorter_first};

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

/// The rows of all parts.
pub(super) struct Parts {
    rows: Vec<Rows>,
    /// Lines lie in the order of their orders.
    pub(super) lines_are_level: bool,
}

impl Parts {
    /// Sorts the rows by the part of their document, and makes the indexes that looking them up needs.
    pub(super) fn of(plan: &Plan, staging: &Staging) -> Result<Self, rusqlite::Error> {
        let mut rows = Vec::new();
        rows.resize_with(PARTS, Rows::default);
        let table = |name: &str| staging.table(name);
        if let Some(services) = &plan.services
            && let (Some(name), Some(key)) = (&services.table, &services.key)
            && let Some(table) = table(name)
        {
            each_key(staging, table, std::slice::from_ref(key), |place, key| {
                rows[part(plan, table, key)].services.push(place);
                Ok(())
            })?;
        }
        if let Some(customers) = &plan.customers
            && let Some(table) = table(&customers.table)
        {
            each_key(staging, table, &customers.key, |place, key| {
                rows[part(plan, table, key)].customers.push(place);
                Ok(())
            })?;
            index(staging, table, &customers.key)?;
        }
        let orders = table(&plan.orders.table);
        let lines = plan.lines.as_ref();
        let lines = lines.and_then(|lines| Some((table(&lines.table)?, &lines.order.0)));
        let mut level = false;
        if let (Some(orders), Some((lines, columns))) = (orders, lines) {
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
        if let Some(orders) = orders {
            let mut first_lines = match lines {
                Some((lines, columns)) if level => {
                    columns.first().map(|column| FirstLines::of(lines, column))
                }
                _ => None,
            };
            each_key(staging, orders, &plan.orders.key, |place, key| {
                let first_line = match (&mut first_lines, key) {
                    (Some(lines), Some(key)) => lines.of_order(staging, key)?,
                    _ => 0,
                };
                let row = OrderRow { place, first_line };
                rows[part(plan, orders, key)].orders.push(row);
                Ok(())
            })?;
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
        Ok(Self {
            rows,
            lines_are_level: level,
        })
    }

    pub(super) fn rows(&self, part: usize) -> &Rows {
        &self.rows[part]
    }
}

/// Looks through all parts, on several threads where it is worth it.
pub(super) fn look_through(
    common: Common<'_>,
    staging: &Staging,
    documents: &Documents,
) -> Result<Vec<Outcome>, RunError> {
    let rows: u64 = staging.tables().iter().map(|table| table.rows).sum();
    let threads = if rows < ROWS_WORTH_A_THREAD {
        1
    } else {
        std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
    };
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for first in 0..threads {
            let reader = staging.reader()?;
            workers.push(scope.spawn(move || {
                let mut check = Check::of(common, &reader);
                for part in (0..PARTS).skip(first).step_by(threads) {
                    check.part(documents, part)?;
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

fn part(plan: &Plan, table: &StagedTable, key: Option<&str>) -> usize {
    // A row without a key has no document; any part may find that out.
    key.map_or(0, |key| {
        part_of(naming::document_id(
            &plan.source_name,
            &table.schema.name,
            key,
        ))
    })
}

/// Each row's place and key, none when a part of it is NULL.
fn each_key(
    staging: &Staging,
    table: &StagedTable,
    key: &[String],
    mut take: impl FnMut(u32, Option<&str>) -> Result<(), rusqlite::Error>,
) -> Result<(), rusqlite::Error> {
    let columns: Vec<String> = key
        .iter()
        .map(|name| {
            let column = table.schema.column_index(name);
            column.map_or_else(|| ", NULL".to_owned(), |index| format!(", c{index}"))
        })
        .collect();
    let mut select = staging.connection().prepare(&format!(
        "SELECT rowid{} FROM {} ORDER BY rowid",
        columns.concat(),
        table.sql_name()
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        let mut parts = Vec::with_capacity(key.len());
        for index in 1..=key.len() {
            if let ValueRef::Text(bytes) = row.get_ref(index)? {
                parts.push(String::from_utf8_lossy(bytes));
            }
        }
        let text = if key.is_empty() {
            Some(naming::place_as_key(place))
        } else if parts.len() == key.len() {
            Some(naming::key_text(parts.iter().map(AsRef::as_ref)))
        } else {
            None
        };
        take(narrow(place), text.as_deref())?;
    }
    Ok(())
}

/// No table has four billion rows. A row beyond would be looked for at a place where none is, and be a difference.
fn narrow(place: i64) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

pub(super) fn index(
    staging: &Staging,
    table: &StagedTable,
    columns: &[String],
) -> Result<(), rusqlite::Error> {
    let indexes: Vec<usize> = columns
        .iter()
        .filter_map(|column| table.schema.column_index(column))
        .collect();
    if indexes.is_empty() {
        return Ok(());
    }
    let name = table.sql_name();
    let named: Vec<String> = indexes.iter().map(usize::to_string).collect();
    let listed: Vec<String> = indexes.iter().map(|index| format!("c{index}")).collect();
    staging.connection().execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS k_{name}_{} ON {name} ({})",
        named.join("_"),
        listed.join(", ")
    ))
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

/// The first line of each order, for orders that are asked for in ascending order.
struct FirstLines {
    select: String,
    page: Vec<(u32, Vec<u8>)>,
    next: usize,
    behind: i64,
}

impl FirstLines {
    const PAGE: usize = 4_096;

    fn of(lines: &StagedTable, column: &str) -> Self {
        let column = lines.schema.column_index(column).unwrap_or(0);
        Self {
            select: format!(
                "SELECT rowid, c{column} FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {}",
                lines.sql_name(),
                Self::PAGE
            ),
            page: Vec::new(),
            next: 0,
            behind: 0,
        }
    }

    fn of_order(&mut self, staging: &Staging, key: &str) -> Result<u32, rusqlite::Error> {
        loop {
            while let Some((place, order)) = self.page.get(self.next) {
                match shorter_first(order, key.as_bytes()) {
                    std::cmp::Ordering::Less => self.next += 1,
                    std::cmp::Ordering::Equal => return Ok(*place),
                    std::cmp::Ordering::Greater => return Ok(0),
                }
            }
            let mut select = staging.connection().prepare_cached(&self.select)?;
            let mut rows = select.query([self.behind])?;
            self.page.clear();
            self.next = 0;
            while let Some(row) = rows.next()? {
                self.behind = row.get(0)?;
                if let ValueRef::Text(order) = row.get_ref(1)? {
                    self.page.push((narrow(self.behind), order.to_vec()));
                }
            }
            if self.page.is_empty() {
                return Ok(0);
            }
        }
    }
}

/// Adds up what several threads have counted.
pub(super) fn add<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}
