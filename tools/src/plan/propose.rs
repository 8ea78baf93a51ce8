//! Proposes a plan from what `assess` found. Every guess stands in the file with its confidence beside it.

mod choices;
mod guess;
mod keys;
mod orders;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::preview::preview;
use super::{DOCUMENT_SCHEMA, PLAN_VERSION, Plan};
use crate::apply::{ApplyError, CHANGE_RULES};
use crate::assess::ColumnProfile;
use crate::assess::relations::{Relation, Role, find, roles};
use crate::staging::{StagedTable, Staging};
use crate::vocabulary::Meaning;
use text::{quoted, source_name};

/// Stands where only a person knows the answer; a plan that still has it is not run.
pub(super) const TO_BE_CHANGED: &str = "CHANGE ME";

/// What a proposal starts from, beside the staged source.
#[derive(Debug, Clone)]
pub struct Basis {
    /// SHA-256 of the source.
    pub sha256: String,
    /// Path of the source as seen from the plan's folder; its name becomes the source's name.
    pub source_file: std::path::PathBuf,
    /// The branch of all orders, when the person has named one.
    pub branch: Option<String>,
    /// The instant of the proposal.
    pub now: jiff::Timestamp,
}

/// Why nothing can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// No table looks like orders.
    #[error(
        "no table of this source looks like orders (it has: {0}). Check the file with `offpiste-import assess`."
    )]
    NoOrders(String),
    /// The staging database failed.
    #[error("the working database failed: {0}. Nothing was changed.")]
    Staging(#[from] rusqlite::Error),
    /// The plan could not be tried.
    #[error(transparent)]
    Preview(#[from] ApplyError),
}

/// The text of a proposed plan.
pub fn propose(staging: &Staging, basis: &Basis) -> Result<String, ProposeError> {
    let profiles = crate::assess::profile_all(staging)?;
    let relations = find(staging);
    let roles = &roles(staging, &relations);
    let of_role = |role: Role| {
        let tables = staging
            .tables()
            .iter()
            .filter(move |table| roles.get(&table.schema.name) == Some(&role));
        // Where several hold equally many, copies of it bear the longer names.
        tables.max_by_key(|table| (table.rows, Reverse(table.schema.name.chars().count())))
    };
    let Some(orders) = of_role(Role::Orders) else {
        let names: Vec<&str> = staging
            .tables()
            .iter()
            .map(|table| table.schema.name.as_str())
            .collect();
        return Err(ProposeError::NoOrders(names.join(", ")));
    };
    let mut proposal = Proposal {
        staging,
        profiles: &profiles,
        relations: &relations,
        orders,
        placed: BTreeSet::from([orders.schema.name.clone()]),
        used: BTreeSet::new(),
        out: String::new(),
        lookups: String::new(),
    };
    proposal.head(basis);
    proposal.branches(basis, of_role(Role::Branches))?;
    proposal.orders(
        of_role(Role::Customers),
        of_role(Role::Services),
        of_role(Role::Lines),
    )?;
    if let Some(lines) = of_role(Role::Lines) {
        proposal.lines(lines)?;
    }
    if let Some(customers) = of_role(Role::Customers) {
        proposal.customers(customers)?;
    }
    proposal.services(of_role(Role::Services))?;
    proposal.choices(
        "status",
        Meaning::Status,
        of_role(Role::Statuses),
        Some("open"),
    )?;
    proposal.choices(
        "priority",
        Meaning::Priority,
        of_role(Role::Priorities),
        None,
    )?;
    proposal.other_lookups();
    proposal.rest();
    let mut text = proposal.out;
    add_budget(&mut text, staging)?;
    Ok(text)
}

/// Adds the budget: as many changes as this very plan needs, so that a later dump with more of them stops.
fn add_budget(text: &mut String, staging: &Staging) -> Result<(), ProposeError> {
    let changes = match Plan::from_text(text) {
        Ok(plan) => preview(&plan, staging)?.changes,
        Err(_) => BTreeMap::new(),
    };
    text.push_str("\n[budget] # how many values may be changed, by rule; a run that needs more stops before it writes anything\n");
    for rule in CHANGE_RULES {
        let _ = writeln!(text, "{rule} = {}", changes.get(rule).copied().unwrap_or(0));
    }
    Ok(())
}

struct Proposal<'a> {
    staging: &'a Staging,
    profiles: &'a BTreeMap<String, Vec<ColumnProfile>>,
    relations: &'a [Relation],
    orders: &'a StagedTable,
    /// Tables that have a place.
    placed: BTreeSet<String>,
    /// Columns of the orders' table that have a meaning.
    used: BTreeSet<String>,
    out: String,
    lookups: String,
}

impl Proposal<'_> {
    fn head(&mut self, basis: &Basis) {
        self.line("# How this source becomes documents. Proposed by `offpiste-import plan`; read every line and correct it.");
        self.line("# Guesses bear their confidence. Columns that are not named here are kept with the order as legacy values.");
        let _ = writeln!(
            self.out,
            "plan_version = {PLAN_VERSION}\ndocument_schema = {DOCUMENT_SCHEMA}"
        );
        let file_name = basis
            .source_file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = source_name(&file_name.unwrap_or_default());
        self.entry(
            "source_name",
            &name,
            "part of every imported id: never change it after the first run",
        );
        let _ = writeln!(
            self.out,
            "source_file = {}",
            quoted(&basis.source_file.to_string_lossy())
        );
        let _ = writeln!(self.out, "source_sha256 = {}", quoted(&basis.sha256));
        self.entry(
            "stamped_at",
            &basis.now.to_string(),
            "the importer's clock: for rows without a date, and when the history says that rows were brought over",
        );
        self.entry(
            "time_zone",
            "Europe/Zurich",
            "of all local times in the source",
        );
        self.entry("country", "CH", "of telephones without a prefix");
        self.entry("currency", "CHF", "of all amounts");
        self.line("# From each day on; orders taken in before the first have none.");
        self.line("vat = [{ from = \"2018-01-01\", basis_points = 770 }, { from = \"2024-01-01\", basis_points = 810 }]");
    }
}
