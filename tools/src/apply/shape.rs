//! What a pass knows of the whole source before it goes through the rows: which counters belong to which row, how lines are
//! found, and where customers are at home. Worked out once, read by every thread.

use std::collections::HashMap;

use shared::id::BranchId;

use super::rows::Source;
use super::{ApplyError, Pass};
use crate::phones_by_row::PhonesByRow;
use crate::staging::Order;

/// Writes of a customer beside its columns: home, contact, the event of its import.
const CUSTOMER_WRITES: u64 = 16;

/// Writes of an order beside its columns, lookups and lines: its own fields, contact, item, one line and three events.
const ORDER_WRITES: u64 = 48;

/// Writes of a line beside its columns.
const LINE_WRITES: u64 = 8;

/// Writes of a line's own piece, where each line has one.
const PIECE_WRITES: u64 = 8;

/// Homes are kept in memory up to so many customers, some 17 bytes each; beyond, each is searched.
const HOMES_KEPT: u64 = 2_000_000;

/// What a source calls its branches is kept up to so many names; beyond, each is looked up.
const NAMES_KEPT: usize = 1_000;

/// What is known before the rows.
pub(super) struct Shape {
    pub(super) counters: Counters,
    pub(super) lines: LinesAre,
    pub(super) homes: Homes,
    /// Of the customers' table.
    pub(super) phones: PhonesByRow,
}

impl Shape {
    /// Looks at the whole source, and makes the indexes that a pass needs: no thread may write to staging later.
    pub(super) fn of(pass: &mut Pass<'_>) -> Result<Self, ApplyError> {
        let plan = pass.plan;
        let orders = pass.source(&plan.orders.table, &plan.orders.key);
        let lines = plan
            .lines
            .as_ref()
            .and_then(|lines| pass.source(&lines.table, &lines.key));
        let customers = plan
            .customers
            .as_ref()
            .and_then(|customers| pass.source(&customers.table, &customers.key));
        let counters = Counters::of(
            pass.counter,
            customers.as_deref(),
            orders.as_deref(),
            lines.as_deref(),
            Beside {
                lookups: plan.lookup.len() as u64,
                has_pieces: plan
                    .lines
                    .as_ref()
                    .is_some_and(|lines| lines.item.is_some()),
            },
        );
        let mut are = LinesAre::Searched;
        if let (Some(orders), Some(lines), Some(named)) = (&orders, &lines, &plan.lines) {
            are = LinesAre::of(pass, orders, lines, &named.order.0)?;
            if are == LinesAre::Searched {
                lines.index(&named.order.0)?;
            }
        }
        for lookup in &plan.lookup {
            if let Some(table) = pass.source(&lookup.table, &[]) {
                table.index(std::slice::from_ref(&lookup.key))?;
            }
        }
        let mut homes = Homes::Unknown;
        if let (Some(named), Some(customers)) = (&plan.customers, &customers) {
            customers.index(&named.key)?;
            if let (Some(orders), Some(columns)) = (&orders, &plan.orders.customer) {
                homes = Homes::of(pass, orders, &columns.0, customers.table.rows)?;
                // Which customers a portion brings is told by their orders.
                if plan.portion.limits_orders() {
                    orders.index(&columns.0)?;
                }
            }
        }
        Ok(Self {
            counters,
            lines: are,
            homes,
            phones: PhonesByRow::up_to(
                customers.map_or(0, |customers| customers.table.highest_place()),
            ),
        })
    }
}

/// How the lines of an order are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinesAre {
    /// They lie in the order of their orders, which ascend: one walk along both. The column is the one that names the order.
    Level(usize),
    /// By an index.
    Searched,
}

impl LinesAre {
    fn of(
        pass: &Pass<'_>,
        orders: &Source<'_>,
        lines: &Source<'_>,
        order: &[String],
    ) -> Result<Self, ApplyError> {
        // Keys of several columns are searched.
        let ([order], [key]) = (order, orders.key_columns()) else {
            return Ok(Self::Searched);
        };
        let Some(column) = lines.table.schema.column_index(order) else {
            return Ok(Self::Searched);
        };
        let staging = pass.staging;
        let both = staging.ascends(orders.table, *key, Order::Strict)?
            && staging.ascends(lines.table, column, Order::Level)?;
        Ok(if both {
            Self::Level(column)
        } else {
            Self::Searched
        })
    }
}

/// Which counters belong to which row. They follow from its place and nothing else: so the same source and plan always give
/// the same bytes, whichever thread comes to a row first, and wherever a run was interrupted. Not all are used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counters {
    customers: Share,
    orders: Share,
    lines: Share,
}

#[derive(Debug, Clone, Copy)]
struct Share {
    from: u64,
    each: u64,
    rows: u64,
}

/// What a plan makes of rows beside their columns.
#[derive(Debug, Clone, Copy)]
struct Beside {
    lookups: u64,
    /// Each line has a piece of its own.
    has_pieces: bool,
}

impl Share {
    fn behind(from: u64, source: Option<&Source<'_>>, beside: u64) -> Self {
        Self {
            from,
            each: source.map_or(0, |source| source.table.schema.columns.len() as u64) + beside,
            rows: source.map_or(0, |source| source.table.highest_place()),
        }
    }

    /// The last counter that was used before the row at a place, from 1.
    fn before(self, place: i64) -> u64 {
        let before = u64::try_from(place - 1).unwrap_or(0);
        self.from + before * self.each
    }

    fn end(self) -> u64 {
        self.from + self.rows * self.each
    }
}

impl Counters {
    fn of(
        used: u64,
        customers: Option<&Source<'_>>,
        orders: Option<&Source<'_>>,
        lines: Option<&Source<'_>>,
        beside: Beside,
    ) -> Self {
        let customers = Share::behind(used, customers, CUSTOMER_WRITES);
        // The customer whom an order's own row holds is written before the order.
        let order_writes = ORDER_WRITES + CUSTOMER_WRITES + beside.lookups;
        let orders = Share::behind(customers.end(), orders, order_writes);
        let piece_writes = if beside.has_pieces { PIECE_WRITES } else { 0 };
        let lines = Share::behind(orders.end(), lines, LINE_WRITES + piece_writes);
        Self {
            customers,
            orders,
            lines,
        }
    }

    pub(super) fn before_customer(self, place: i64) -> u64 {
        self.customers.before(place)
    }

    pub(super) fn before_order(self, place: i64) -> u64 {
        self.orders.before(place)
    }

    pub(super) fn before_line(self, place: i64) -> u64 {
        self.lines.before(place)
    }

    /// The last counter of all.
    pub(super) fn end(self) -> u64 {
        self.lines.end()
    }
}

/// Where customers are at home: at the branch of their last order.
pub(super) enum Homes {
    /// No order names a customer.
    Unknown,
    /// By the customer's key: a number written as numbers are, or any other text.
    Known {
        numbers: HashMap<i64, u16>,
        texts: HashMap<Box<str>, u16>,
        branches: Vec<Option<BranchId>>,
    },
    /// There are too many customers to be kept.
    Searched,
}

impl Homes {
    fn of(
        pass: &Pass<'_>,
        orders: &Source<'_>,
        columns: &[String],
        customers: u64,
    ) -> Result<Self, ApplyError> {
        if customers > HOMES_KEPT {
            orders.index(columns)?;
            return Ok(Self::Searched);
        }
        let mut numbers = HashMap::new();
        let mut texts = HashMap::new();
        let mut branches: Vec<Option<BranchId>> = Vec::new();
        let mut note = |customer: &str, home: Option<BranchId>| {
            let place = branches
                .iter()
                .position(|known| *known == home)
                .unwrap_or_else(|| {
                    branches.push(home);
                    branches.len() - 1
                });
            let place = u16::try_from(place).unwrap_or(u16::MAX);
            match number(customer) {
                Some(number) => {
                    numbers.insert(number, place);
                }
                None => match texts.get_mut(customer) {
                    Some(known) => *known = place,
                    None => {
                        texts.insert(customer.into(), place);
                    }
                },
            }
        };
        let named = &pass.plan.branches;
        if let ([column], true) = (columns, named.rule.is_empty()) {
            // A firm has few branches, and what a source calls them is asked once.
            let mut known: HashMap<Box<str>, Option<BranchId>> = HashMap::new();
            orders.each_pair(column, named.column.as_deref(), |customer, branch| {
                if let Some(home) = branch.text().and_then(|text| known.get(text)) {
                    note(customer, *home);
                    return;
                }
                let home = pass.branch_named(branch, None).ok();
                if let Some(text) = branch.text().filter(|_| known.len() < NAMES_KEPT) {
                    known.insert(text.into(), home);
                }
                note(customer, home);
            })?;
        } else {
            orders.each(|row| {
                if let Some(customer) = orders.reference(&row, columns) {
                    note(&customer, pass.branch_of(orders, &row).ok());
                }
                Ok::<(), ApplyError>(())
            })?;
        }
        Ok(Self::Known {
            numbers,
            texts,
            branches,
        })
    }

    /// The branch of a customer's last order, none when it cannot be told.
    pub(super) fn get(&self, customer: &str) -> Option<BranchId> {
        let Self::Known {
            numbers,
            texts,
            branches,
        } = self
        else {
            return None;
        };
        let place = match number(customer) {
            Some(number) => numbers.get(&number),
            None => texts.get(customer),
        };
        *branches.get(usize::from(*place?))?
    }
}

/// A number whose text is the only one that it has.
fn number(text: &str) -> Option<i64> {
    let is_plain = !text.starts_with(['0', '+', '-']) || text == "0";
    text.parse().ok().filter(|_| is_plain)
}
