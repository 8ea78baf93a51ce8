//! Where customers are at home, by the rows of orders: at the branch of the last order that names them, else where orders without
//! a branch are. Orders come in any order and on several threads, so each notes what it says beside its customer's row, and all are
//! judged at the end. Twelve bytes a customer.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use shared::domain::fields;
use shared::id::DocumentId;

use super::documents::{Found, Imported};
use super::homes::is_branch;
use super::{Check, SourceRow};
use crate::plan::Plan;
use crate::run::{LISTED_DIFFERENCES, RunError};

/// Below the place of an order stands the number of the branch it names.
const BRANCH_BITS: u32 = 24;

/// The document was not compared: nothing is expected of it.
const NOT_COMPARED: u32 = 0;
/// The document names no branch.
const NOWHERE: u32 = 1;
/// It names something that is no branch's id.
const NO_ID: u32 = 2;
/// Ids of branches are numbered from here.
const FIRST_ID: u32 = 3;

/// What was found out so far.
#[derive(Default)]
pub(super) struct HomesOfCustomers<'a> {
    /// The branches that the plan names, with their numbers from 1. No order names 0.
    names: HashMap<&'a str, u64>,
    /// By the customer's row: the place of the last order and the branch it names, 0 without an order.
    last: Vec<AtomicU64>,
    /// By the customer's row: the branch its document names.
    at: Vec<AtomicU32>,
    ids: Mutex<HashMap<DocumentId, u32>>,
}

impl<'a> HomesOfCustomers<'a> {
    /// Room for the customers up to a place.
    pub(super) fn up_to(plan: &'a Plan, place: u64) -> Self {
        let place = usize::try_from(place).unwrap_or(0);
        let (mut last, mut at) = (Vec::new(), Vec::new());
        last.resize_with(place, AtomicU64::default);
        at.resize_with(place, AtomicU32::default);
        let names = plan.branches.names().into_iter();
        Self {
            names: (1..)
                .zip(names)
                .map(|(number, name)| (name.as_str(), number))
                .collect(),
            last,
            at,
            ids: Mutex::default(),
        }
    }

    /// An order's row names a customer's.
    pub(super) fn note(&self, customer: i64, order: i64, branch: Option<&String>) {
        let Some(slot) = slot(customer).and_then(|slot| self.last.get(slot)) else {
            return;
        };
        let branch = branch.and_then(|name| self.names.get(name.as_str()));
        let place = u64::try_from(order).unwrap_or(0);
        let said = place << BRANCH_BITS | branch.copied().unwrap_or(0);
        slot.fetch_max(said, Ordering::Relaxed);
    }

    /// The number of a branch.
    fn number_of(&self, branch: DocumentId) -> u32 {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let next = FIRST_ID + u32::try_from(ids.len()).unwrap_or(u32::MAX - FIRST_ID);
        *ids.entry(branch).or_insert(next)
    }

    fn found(&self, customer: i64, at: u32) {
        if let Some(slot) = slot(customer).and_then(|slot| self.at.get(slot)) {
            slot.store(at, Ordering::Relaxed);
        }
    }

    fn ids_by_number(&self) -> HashMap<u32, String> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let by_number = ids.iter().map(|(id, number)| (*number, id.to_string()));
        by_number.collect()
    }

    /// The place of each customer that was compared, with the branch its document names and the one that its last order does.
    fn each(&self) -> impl Iterator<Item = (i64, u32, Option<&'a str>)> + '_ {
        let mut names: Vec<Option<&str>> = vec![None; self.names.len() + 1];
        for (name, number) in &self.names {
            if let Some(slot) = usize::try_from(*number)
                .ok()
                .and_then(|at| names.get_mut(at))
            {
                *slot = Some(name);
            }
        }
        let both = (1_i64..).zip(self.at.iter().zip(&self.last));
        both.filter_map(move |(place, (at, last))| {
            let at = at.load(Ordering::Relaxed);
            let number = last.load(Ordering::Relaxed) & ((1 << BRANCH_BITS) - 1);
            let name = usize::try_from(number)
                .ok()
                .and_then(|number| *names.get(number)?);
            (at != NOT_COMPARED).then_some((place, at, name))
        })
    }
}

fn slot(place: i64) -> Option<usize> {
    usize::try_from(place - 1).ok()
}

impl Check<'_> {
    /// Notes where a customer is at home by their document; what staff have changed of that is theirs.
    pub(super) fn home_of_customer(&mut self, row: &SourceRow<'_>, document: &Found<'_>) {
        let versions = document.view().versions(fields::order::HOME);
        self.look_at(document, versions);
        let at = match document.value_of(versions) {
            Imported::Edited => {
                self.report.edited_since += 1;
                return;
            }
            Imported::Absent => NOWHERE,
            Imported::Value(value) => value
                .as_id()
                .map_or(NO_ID, |branch| self.common.homes.number_of(branch)),
        };
        self.common.homes.found(row.rowid, at);
    }

    /// Notes the branch of an order for its customer, where the order is not compared itself.
    pub(super) fn lead_customer_home(&self, row: &SourceRow<'_>) -> Result<(), RunError> {
        let plan = self.plan;
        if let (Some(customers), Some(columns)) = (&plan.customers, &plan.orders.customer)
            && let Some(table) = self.table(&customers.table)
            && let Some(key) = row.key(&columns.0)
            && let Some(customer) = self.rows_where(table, &customers.key, &key)?.first()
        {
            let branch = self.branch_named_by(row);
            self.common.homes.note(customer.rowid, row.rowid, branch);
        }
        Ok(())
    }

    /// Holds the homes of all customers against their last orders. `names` are those of branches by id.
    pub(super) fn judge_homes_of_customers(
        &mut self,
        names: &BTreeMap<String, String>,
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(customers) = &plan.customers else {
            return Ok(());
        };
        let Some(table) = self.table(&customers.table) else {
            return Ok(());
        };
        let homes = self.common.homes;
        let ids = homes.ids_by_number();
        for (place, at, last) in homes.each() {
            let expected = last.or(plan.branches.default.as_deref());
            let id = ids.get(&at).map_or("", String::as_str);
            let name = match at {
                NOWHERE => "None",
                _ => names.get(id).map_or(id, String::as_str),
            };
            let fits = match expected {
                Some(expected) => at >= FIRST_ID && is_branch(expected, id, name),
                None => at == NOWHERE,
            };
            if fits {
                continue;
            }
            if self.report.differences.len() >= LISTED_DIFFERENCES {
                self.report.difference_count += 1;
                continue;
            }
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let row = self.row_at(table, place)?;
            let key = row
                .and_then(|row| row.key(&customers.key))
                .unwrap_or_default();
            let what = format!("expected {expected:?}, found {name}");
            let table = &table.schema.name;
            self.report.differ(table, &key, fields::order::HOME, what);
        }
        Ok(())
    }
}
