//! Counts and sums before and after: what a person holds against the old system's own lists.
//!
//! The two sides never meet before they are subtracted. The source's side is worked out from the staged rows and the plan
//! by the checker's own reading of dates, amounts and choices; the target's side from the documents read back, through the
//! same views that the counters see. An order whose figures staff have changed since is taken out of both sides and shown
//! on a line of its own: its difference is work, not loss.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use shared::document::{Document, Value};
use shared::domain::{Branch, Order, fields};
use shared::id::{DocumentId, ReplicaNumber};
use shared::limits;

use super::doubled::Doubled;
use super::homes_of_customers::HomesOfCustomers;
use super::lines::line_hundredths;
use super::parts::{Ways, index};
use super::places::PlacesOfServices;
use super::rejects::Rejects;
use super::seen::Seen;
use super::{Check, Common, SourceRow, expect};
use crate::naming;
use crate::phones_by_row::PhonesByRow;
use crate::plan::{Lines, PaidIs, Plan};
use crate::run::{RunError, is_imported_from};
use crate::staging::{StagedTable, Staging};
use crate::target::Target;

/// Values that are kept apart; beyond, they are added up under their own name. A firm has tens of branches and statuses.
const MOST_GROUPS: usize = 500;

/// The name under which the values beyond [`MOST_GROUPS`] are added up.
const ALL_OTHERS: &str = "…";

/// Counts and sums of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// ISO 4217 code of all amounts.
    pub currency: String,
    /// All orders.
    pub total: Group,
    /// By the year of intake, in the plan's time zone.
    pub by_year: Vec<Group>,
    /// By the branch that took them in.
    pub by_branch: Vec<Group>,
    /// By work status.
    pub by_status: Vec<Group>,
    /// By VAT rate in basis points: `810` is 8.1 %.
    pub by_vat: Vec<Group>,
    /// Orders that staff have changed since, as they stand at the target.
    pub changed_since_now: Sum,
    /// Orders that are here though their rows are gone from the source: marked so, or kept by somebody's decision.
    pub gone: Sum,
    /// Amounts of the source that are none; they count as nothing on its side. Their rows are among the rejects.
    pub unreadable_amounts: u64,
    /// Groups whose two sides do not add up.
    pub differences: u64,
}

/// The orders of one value of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The value; none for orders that have none.
    pub name: Option<String>,
    /// What the source holds.
    pub source: Sum,
    /// What of it was rejected or excluded.
    pub left_behind: Sum,
    /// What of it staff have changed since, as the source has it.
    pub changed_since: Sum,
    /// What the target holds, without those that staff have changed since.
    pub target: Sum,
}

/// How many, and how much in hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Orders.
    pub orders: i64,
    /// The sum of their lines, VAT included.
    pub amount_minor: i64,
    /// What was paid on them.
    pub paid_minor: i64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.orders = self.orders.saturating_add(other.orders);
        self.amount_minor = self.amount_minor.saturating_add(other.amount_minor);
        self.paid_minor = self.paid_minor.saturating_add(other.paid_minor);
    }

    fn less(self, other: Self) -> Self {
        Self {
            orders: self.orders.saturating_sub(other.orders),
            amount_minor: self.amount_minor.saturating_sub(other.amount_minor),
            paid_minor: self.paid_minor.saturating_sub(other.paid_minor),
        }
    }
}

impl Group {
    /// What is missing at the target, or, below zero, too much there.
    pub fn difference(&self) -> Sum {
        self.source
            .less(self.left_behind)
            .less(self.changed_since)
            .less(self.target)
    }

    /// Whether the two sides add up.
    pub fn adds_up(&self) -> bool {
        self.difference() == Sum::default()
    }
}

impl Reconciliation {
    /// Whether all groups add up.
    pub const fn adds_up(&self) -> bool {
        self.differences == 0
    }
}

/// Works both sides out. `rejects` is the file that `run` wrote.
pub fn reconcile(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &Path,
) -> Result<Reconciliation, RunError> {
    let mut sheet = Sheet::default();
    let stale = Rejects::read(plan, staging, rejects);
    let mut after = read_target(plan, target, &stale, &mut sheet)?;
    let unreadable_amounts = read_source(plan, staging, rejects, &mut after, &mut sheet)?;
    let mut gone = Sum::default();
    for (_, sum) in after.marked.values() {
        gone.add(*sum);
    }
    let [by_year, by_branch, by_status, by_vat] = sheet.questions.map(in_order);
    let all = [&by_year, &by_branch, &by_status, &by_vat];
    let differences = all
        .into_iter()
        .flatten()
        .chain([&sheet.total])
        .filter(|group| !group.adds_up())
        .count();
    Ok(Reconciliation {
        currency: plan.currency.clone(),
        total: sheet.total,
        by_year,
        by_branch,
        by_status,
        by_vat,
        changed_since_now: after.changed_since_now,
        gone,
        unreadable_amounts,
        differences: differences as u64,
    })
}

/// The groups of one question by their value.
type Groups = BTreeMap<Option<String>, Group>;

/// Which column of a group is meant.
#[derive(Clone, Copy)]
enum Column {
    Source,
    LeftBehind,
    ChangedSince,
    Target,
}

#[derive(Default)]
pub(super) struct Sheet {
    total: Group,
    questions: [Groups; 4],
}

/// The values by which an order is counted: year, branch, status, VAT rate.
pub(super) type Values = [Option<String>; 4];

impl Sheet {
    fn add(&mut self, values: &Values, column: Column, sum: Sum) {
        column.of(&mut self.total).add(sum);
        for (groups, value) in self.questions.iter_mut().zip(values) {
            let full = groups.len() >= MOST_GROUPS && !groups.contains_key(value);
            let name = if full {
                Some(ALL_OTHERS.to_owned())
            } else {
                value.clone()
            };
            column.of(groups.entry(name).or_default()).add(sum);
        }
    }
}

impl Column {
    fn of(self, group: &mut Group) -> &mut Sum {
        match self {
            Self::Source => &mut group.source,
            Self::LeftBehind => &mut group.left_behind,
            Self::ChangedSince => &mut group.changed_since,
            Self::Target => &mut group.target,
        }
    }
}

fn in_order(groups: Groups) -> Vec<Group> {
    let named = groups
        .into_iter()
        .map(|(name, group)| Group { name, ..group });
    named.collect()
}

/// What the target says.
#[derive(Default)]
pub(super) struct After {
    /// Names of branches by id and by lower-case name.
    branches: HashMap<String, String>,
    pub(super) changed_since: HashSet<DocumentId>,
    changed_since_now: Sum,
    /// Orders that are said to be gone, or of which somebody has decided about that, and their values: whether they are, their
    /// rows tell.
    marked: HashMap<DocumentId, (Values, Sum)>,
}

/// The target's side, from the documents alone.
pub(super) fn read_target(
    plan: &Plan,
    target: &mut dyn Target,
    stale: &Rejects,
    sheet: &mut Sheet,
) -> Result<After, RunError> {
    let mut after = After::default();
    let zone = jiff::tz::TimeZone::get(&plan.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    // Branches may follow the orders that name them, so orders are counted by the branch's id first.
    let mut by_id = Sheet::default();
    let mut cursor = 0;
    loop {
        let page = target.page(cursor)?;
        for document in &page.documents {
            if let Some(branch) = Branch::of(document) {
                let id = branch.id.to_string();
                after
                    .branches
                    .insert(branch.name.to_lowercase(), branch.name.clone());
                after.branches.insert(id, branch.name);
            }
            let Some(order) = Order::of(document) else {
                continue;
            };
            if !is_imported_from(document, &plan.source_name)
                || shared::domain::is_withdrawn(document)
            {
                continue;
            }
            let importers = shared::domain::importers(document);
            let sum = Sum {
                orders: 1,
                amount_minor: order.total().minor,
                paid_minor: order
                    .payments
                    .iter()
                    .filter(|payment| {
                        payment.by.is_none() && importers.contains(&payment.dot.actor.replica())
                    })
                    .map(|payment| payment.amount.minor)
                    .fold(0, i64::saturating_add),
            };
            if is_changed_since(document, &importers) || stale.is_former(document.id()) {
                after.changed_since.insert(document.id());
                after.changed_since_now.add(sum);
                continue;
            }
            let year = order
                .received_at
                .map(|at| at.in_zone(&zone).date().year().to_string());
            let values = [
                year,
                order.home.map(|home| home.to_string()),
                Some(order.status.code),
                order.vat_basis_points.map(|rate| rate.to_string()),
            ];
            if is_gone(document, &importers) {
                after.marked.insert(document.id(), (values, sum));
            } else {
                by_id.add(&values, Column::Target, sum);
            }
        }
        if !page.more || page.cursor <= cursor {
            break;
        }
        cursor = page.cursor;
    }
    let [years, branches, statuses, rates] = by_id.questions;
    let mut named = Groups::new();
    for (id, group) in branches {
        let name = id.map(|id| after.branches.get(&id).cloned().unwrap_or(id));
        named.entry(name).or_default().target.add(group.target);
    }
    for (values, _) in after.marked.values_mut() {
        let branch = values[1].take();
        values[1] = branch.map(|id| after.branches.get(&id).cloned().unwrap_or(id));
    }
    sheet.total = by_id.total;
    sheet.questions = [years, named, statuses, rates];
    Ok(after)
}

/// Whether a document says that its row is gone, or somebody has decided about that.
fn is_gone(document: &Document, importers: &BTreeSet<ReplicaNumber>) -> bool {
    let mark = document.register(fields::import::GONE_SINCE);
    mark.is_some_and(|mark| {
        let newest = mark.newest_version();
        newest.is_some_and(|mark| mark.value != Value::Null)
            || mark.as_slice().iter().any(|version| {
                version.by.is_some() || !importers.contains(&version.dot.actor.replica())
            })
    })
}

/// Whether anybody but an importer wrote one of the values that are counted and summed here, or a line waits for somebody to
/// decide whether it is gone.
fn is_changed_since(document: &Document, importers: &BTreeSet<ReplicaNumber>) -> bool {
    let counted = |field: &str| {
        [
            fields::order::HOME,
            fields::order::STATUS,
            fields::order::RECEIVED_AT,
            fields::order::VAT_BASIS_POINTS,
        ]
        .contains(&field)
            || field.starts_with("items/")
                && (field.ends_with("/price") || field.ends_with("/removed"))
    };
    let mark = fields::import::LINE_GONE_SINCE;
    document.fields().iter().any(|(field, register)| {
        let name = field.as_str();
        let is_mark = name.starts_with("items/") && name.rsplit('/').next() == Some(mark);
        (counted(name) || is_mark)
            && register.versions().iter().any(|version| {
                version.by.is_some()
                    || !importers.contains(&version.dot.actor.replica())
                    || is_mark && version.value != Value::Null
            })
    })
}

/// The source's side, from the rows and the plan alone. Returns how many amounts are none.
fn read_source(
    plan: &Plan,
    staging: &Staging,
    rejects: &Path,
    after: &mut After,
    sheet: &mut Sheet,
) -> Result<u64, RunError> {
    with_check(plan, staging, rejects, |check| {
        sum_up_rows(plan, check, after, sheet)
    })
}

/// The checker's own reading of rows, without the documents.
pub(super) fn with_check<T>(
    plan: &Plan,
    staging: &Staging,
    rejects: &Path,
    work: impl FnOnce(&mut Check<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let ways = Ways::of(plan, staging)?;
    // The comparison may read lines as they lie; here they are looked up by their order.
    if let Some(lines) = &plan.lines
        && let Some(table) = staging.table(&lines.table)
    {
        index(staging, table, &lines.order.0)?;
    }
    let common = Common {
        plan,
        rejects: &Rejects::read(plan, staging, rejects),
        seen: &Seen::nothing(staging),
        doubled: &Doubled::of(plan, staging)?,
        ways,
        phones: &PhonesByRow::up_to(0),
        homes: &HomesOfCustomers::default(),
        places: &PlacesOfServices::default(),
    };
    work(&mut Check::of(common, staging))
}

fn sum_up_rows(
    plan: &Plan,
    check: &mut Check<'_>,
    after: &mut After,
    sheet: &mut Sheet,
) -> Result<u64, RunError> {
    let Some(table) = check.table(&plan.orders.table) else {
        return Ok(0);
    };
    let lines = plan
        .lines
        .as_ref()
        .and_then(|lines| Some((lines, check.table(&lines.table)?)));
    let mut unreadable = 0;
    check.each(table, |check, row| {
        let mut amounts = Amounts::default();
        // Lines name their order by its key: they are those of the row that it belongs to, and must count once.
        let is_doubled = check.is_doubled(row);
        match lines {
            Some(_) if is_doubled => {}
            Some((lines, table)) => amounts.of_lines(check, row, lines, table)?,
            None => amounts.of_order(check, row)?,
        }
        amounts.paid(plan, row);
        unreadable += amounts.unreadable;
        let sum = Sum {
            orders: 1,
            amount_minor: amounts.total,
            paid_minor: amounts.paid,
        };
        let values = values_of(check, row, after)?;
        sheet.add(&values, Column::Source, sum);
        let excluded = plan
            .orders
            .exclude_where
            .iter()
            .any(|rule| row.cell(Some(&rule.column)).text() == Some(&rule.equals));
        let id = row
            .key(&plan.orders.key)
            .filter(|_| !is_doubled)
            .map(|key| naming::document_id(&plan.source_name, &table.schema.name, &key));
        if excluded {
            sheet.add(&values, Column::LeftBehind, sum);
            return Ok(());
        }
        if let Some((then, there)) = id.and_then(|id| after.marked.remove(&id)) {
            sheet.add(&then, Column::Target, there);
        }
        let is_changed = id.is_some_and(|id| after.changed_since.contains(&id));
        if is_changed && (!check.is_rejected(row) || check.common.rejects.is_at_target(row)) {
            sheet.add(&values, Column::ChangedSince, sum);
        } else if check.is_rejected(row) {
            sheet.add(&values, Column::LeftBehind, sum);
        }
        Ok(())
    })?;
    Ok(unreadable)
}

/// What a row is counted by.
pub(super) fn values_of(
    check: &Check<'_>,
    row: &SourceRow<'_>,
    after: &After,
) -> Result<Values, RunError> {
    let plan = check.plan;
    let day = |column: &Option<String>| {
        row.cell(column.as_ref())
            .given()
            .and_then(|text| expect::date(text, check.date_words(column.as_ref())))
    };
    let received = day(&plan.orders.received);
    let unknown = row.cell(plan.branches.column.as_ref()).given();
    let branch = match (check.branch_named_by(row), unknown) {
        (Some(name), _) => Some(name.clone()),
        (None, unknown) => unknown.map(str::to_owned),
    };
    // The plan may name a branch by its id or in other letters than the office does.
    let branch = branch.map(|name| {
        let known = after.branches.get(&name.to_lowercase());
        known.cloned().unwrap_or(name)
    });
    let finished = plan.orders.status.is_none() && day(&plan.orders.finished).is_some();
    let status = if finished {
        Some("done".to_owned())
    } else {
        check.choice(row, &plan.status, plan.orders.status.as_ref())?
    };
    let rate = received.and_then(|local| plan.vat.iter().rfind(|rate| rate.from <= local.date()));
    Ok([
        received.map(|local| local.year().to_string()),
        branch,
        status,
        rate.map(|rate| rate.basis_points.to_string()),
    ])
}

/// The amounts of one order's rows.
#[derive(Default)]
pub(super) struct Amounts {
    pub(super) total: i64,
    paid: i64,
    unreadable: u64,
}

impl Amounts {
    pub(super) fn of_order(
        &mut self,
        check: &Check<'_>,
        row: &SourceRow<'_>,
    ) -> Result<(), RunError> {
        let orders = &check.plan.orders;
        let service = row.cell(orders.service.as_ref());
        let list_price = match service.text().filter(|text| !text.is_empty()) {
            Some(_) => check.service(service)?.hundredths,
            None => None,
        };
        self.total = match row.cell(orders.price.as_ref()).given() {
            Some(text) => self.bounded(expect::hundredths(text)),
            None => list_price.unwrap_or(0),
        };
        Ok(())
    }

    pub(super) fn of_lines(
        &mut self,
        check: &Check<'_>,
        row: &SourceRow<'_>,
        lines: &Lines,
        table: &StagedTable,
    ) -> Result<(), RunError> {
        let Some(key) = row.key(&check.plan.orders.key) else {
            return Ok(());
        };
        let Some(table) = check.table(&table.schema.name) else {
            return Ok(());
        };
        for line in check.rows_where(table, &lines.order.0, &key)?.iter() {
            let priced = check.service(line.cell(lines.service.as_ref()))?;
            let price = self.bounded(line_hundredths(lines, line, &priced));
            self.total = self.total.saturating_add(price);
        }
        Ok(())
    }

    fn paid(&mut self, plan: &Plan, row: &SourceRow<'_>) {
        let orders = &plan.orders;
        self.paid = match (orders.paid_is, row.cell(orders.paid.as_ref()).given()) {
            (PaidIs::Amount, Some(text)) => self.bounded(expect::hundredths(text)),
            (PaidIs::Flag, Some(text)) if expect::is_yes(text) => self.total,
            (_, None) | (PaidIs::Flag, Some(_)) => 0,
        };
    }

    /// What is no amount, or none of any sale, counts as nothing here; its row is rejected.
    fn bounded(&mut self, amount: Option<i64>) -> i64 {
        let sound = amount.filter(|amount| amount.abs() <= limits::AMOUNT_MINOR);
        self.unreadable += u64::from(sound.is_none());
        sound.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(orders: i64, amount_minor: i64) -> Sum {
        Sum {
            orders,
            amount_minor,
            paid_minor: 0,
        }
    }

    #[test]
    fn a_group_adds_up_when_what_is_left_is_at_the_target_to_the_hundredth() {
        let mut group = Group {
            source: sum(10, 1_000),
            left_behind: sum(1, 100),
            changed_since: sum(2, 200),
            target: sum(7, 700),
            ..Group::default()
        };
        assert!(group.adds_up());
        group.target.amount_minor = 699;
        assert_eq!(group.difference(), sum(0, 1));
        assert!(!group.adds_up());
    }

    #[test]
    fn values_beyond_the_limit_are_added_up_and_none_is_lost() {
        let mut sheet = Sheet::default();
        for year in 0..MOST_GROUPS + 20 {
            let values = [Some(year.to_string()), None, None, None];
            sheet.add(&values, Column::Source, sum(1, 5));
        }
        let [years, ..] = &sheet.questions;
        assert_eq!(years.len(), MOST_GROUPS + 1);
        let all: i64 = years.values().map(|group| group.source.orders).sum();
        assert_eq!(all, sheet.total.source.orders);
    }
}
