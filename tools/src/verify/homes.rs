//! Which branch orders are at, against the one that their rows name. Judged at the end: an order may be read before the branch
//! that it names, and names are what the plan has.

use std::collections::{BTreeMap, HashMap};

use shared::domain::fields;
use shared::id::DocumentId;

use super::Check;
use crate::run::LISTED_DIFFERENCES;

/// Orders by a field and the branch it names, and the one that was expected. There are few such.
#[derive(Default)]
pub(super) struct Homes(HashMap<(&'static str, Option<DocumentId>, Expected), Orders>);

/// The branch an order must be at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expected {
    /// The one of this name or id; none can be told.
    Named(Option<String>),
    /// Staff have moved it.
    WhatStaffSay,
}

/// The orders of one pair.
#[derive(Default)]
struct Orders {
    count: u64,
    /// Table and key of the first.
    first: Vec<(String, String)>,
}

impl Homes {
    pub(super) fn note(
        &mut self,
        field: &'static str,
        at: Option<DocumentId>,
        expected: Expected,
        (table, key): (&str, &str),
    ) {
        let orders = self.0.entry((field, at, expected)).or_default();
        orders.count += 1;
        if orders.first.len() < LISTED_DIFFERENCES {
            orders.first.push((table.to_owned(), key.to_owned()));
        }
    }

    /// Adds what another thread has noted.
    pub(super) fn add(&mut self, other: &Self) {
        for (pair, theirs) in &other.0 {
            let own = self.0.entry(pair.clone()).or_default();
            own.count += theirs.count;
            let room = LISTED_DIFFERENCES.saturating_sub(own.first.len());
            own.first.extend(theirs.first.iter().take(room).cloned());
        }
    }
}

/// Whether a branch of this id and name is the one that a plan means.
pub(super) fn is_branch(meant: &str, id: &str, name: &str) -> bool {
    meant.eq_ignore_ascii_case(id) || meant.to_lowercase() == name.to_lowercase()
}

impl Check<'_> {
    /// Counts the orders of each branch, and those that are at another one than their rows name. `names` are those of branches
    /// by id.
    pub(super) fn judge_homes(&mut self, names: &BTreeMap<String, String>) {
        for ((field, at, expected), orders) in std::mem::take(&mut self.homes).0 {
            let at = at.map(|id| id.to_string()).unwrap_or_default();
            let name = names.get(&at).unwrap_or(&at);
            if let Expected::Named(expected) = expected
                && !expected
                    .as_ref()
                    .is_some_and(|expected| is_branch(expected, &at, name))
            {
                for (table, key) in &orders.first {
                    let what = format!("expected {expected:?}, found {name}");
                    self.report.differ(table, key, field, what);
                }
                self.report.difference_count += orders.count - orders.first.len() as u64;
            }
            if field == fields::order::HOME {
                let by_branch = &mut self.report.orders_by_branch;
                *by_branch.entry(name.clone()).or_default() += orders.count;
            }
        }
    }
}
