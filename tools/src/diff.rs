//! `diff`: the still running legacy database against what was last carried over: rows new, changed and gone.
//!
//! Compared are raw values, cell by cell: what the source holds now, and what the importer keeps below `legacy/` of each document.
//! Staff never write there, so what they changed makes no difference here.

mod lookups;
mod portion;
mod rejected;
mod rows;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use shared::document::Value;
use shared::domain::fields::{import, kind};

use crate::held::{Held, HeldDocument};
use crate::naming;
use crate::plan::Plan;
use crate::run::RunError;
use crate::source::schema::same_name;
use crate::staging::{StagedTable, Staging, shorter_first};
use crate::target::Target;
use rejected::{Rejected, rejected};
use rows::{Cell, SourceRow, former_key};

/// Rows that are listed one by one; beyond, only their number.
pub const LISTED_ROWS: usize = 1_000;

/// Documents looked at in one go.
const PAGE: usize = 500;

/// What `diff` ends with, as printed with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct DiffReport {
    /// Where the documents are.
    pub target: String,
    /// The round that the source is compared with; the first import is 1.
    pub round: i64,
    /// By table whose rows documents keep.
    pub tables: BTreeMap<String, TableDiff>,
    /// Tables that documents keep nothing of: lists of choices whose meaning stands in the plan.
    pub not_compared: Vec<String>,
    /// The rows that differ, the first [`LISTED_ROWS`].
    pub rows: Vec<RowDiff>,
    /// How many rows differ.
    pub differing_rows: u64,
    /// How long it took.
    pub seconds: f64,
}

/// How one table differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TableDiff {
    /// Rows in the source now.
    pub source: u64,
    /// Rows that are as they were carried over.
    pub same: u64,
    /// Rows that were not carried over yet.
    pub new: u64,
    /// Rows with other values.
    pub changed: u64,
    /// Rows that were not carried over, for the plan rejects them; no difference.
    pub rejected: u64,
    /// Rows that were carried over and are not in the source any more.
    pub gone: u64,
    /// The same, but the document says so already, or somebody has decided to keep it: no difference.
    pub gone_before: u64,
    /// Rows of forgotten people; nothing is kept that could be compared.
    pub erased: u64,
    /// Rows that belong to documents of others, that the plan leaves behind, or of a lookup that no order names.
    pub not_compared: u64,
}

/// One row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowDiff {
    /// The table.
    pub table: String,
    /// The row's key.
    pub key: String,
    /// How it differs.
    pub kind: DiffKind,
    /// Which columns differ; of new and gone rows none are listed.
    pub columns: Vec<ColumnDiff>,
}

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiffKind {
    /// It was not carried over yet.
    New,
    /// It has other values.
    Changed,
    /// It is not in the source any more.
    Gone,
}

/// One column that differs; none is NULL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDiff {
    /// The column.
    pub column: String,
    /// The value that was carried over.
    pub old: Option<String>,
    /// The value in the source now.
    pub new: Option<String>,
}

impl DiffReport {
    /// Whether the source is as it was carried over.
    pub fn is_clean(&self) -> bool {
        self.differing_rows == 0
    }
}

/// Compares a source with what was carried over.
///
/// # Errors
/// [`RunError`]; nothing is ever changed.
pub fn diff(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
) -> Result<DiffReport, RunError> {
    let started = Instant::now();
    let scratch = Staging::scratch(staging.folder().parent())?;
    let held = Held::read(scratch.connection(), target, &plan.source_name)?;
    let transaction = scratch.connection().unchecked_transaction()?;
    let mut work = Work {
        writer: rejected(plan, staging, &held)?,
        plan,
        staging,
        held: &held,
        report: DiffReport {
            target: target.name(),
            round: held.rounds.last_in_force(),
            tables: BTreeMap::new(),
            not_compared: Vec::new(),
            rows: Vec::new(),
            differing_rows: 0,
            seconds: 0.0,
        },
    };
    work.prepare_lookups()?;
    work.services()?;
    work.customers()?;
    work.orders()?;
    work.lookups()?;
    work.gone()?;
    work.lines_of_no_order();
    transaction.commit()?;
    work.name_the_rest();
    let mut report = work.report;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

struct Work<'a> {
    plan: &'a Plan,
    staging: &'a Staging,
    held: &'a Held<'a>,
    /// What the writer says of the rows.
    writer: Rejected,
    report: DiffReport,
}

impl<'a> Work<'a> {
    fn services(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(services) = &plan.services else {
            return Ok(());
        };
        let (Some(table), Some(key), Some(name)) = (&services.table, &services.key, &services.name)
        else {
            return Ok(());
        };
        let Some(table) = self.staging.table(table) else {
            return Ok(());
        };
        let name = table.schema.column_index(name);
        let keys = std::slice::from_ref(key);
        self.each(table, |work, row| {
            let label = name.and_then(|name| row.text(name)).unwrap_or_default();
            if services.map.contains_key(label) {
                work.count(table, |sums| sums.not_compared += 1);
                return Ok(());
            }
            if !plan.portion.has_table(&table.schema.name) {
                return work.leave_out(table, keys, row);
            }
            work.document_row(table, keys, row).map(drop)
        })
    }

    /// Whether a row's key is another row's, to which the document and the lines of that key belong.
    fn is_doubled(&self, table: &StagedTable, row: &SourceRow) -> bool {
        let doubled = &self.writer.doubled;
        !doubled.is_empty() && doubled.contains(&(table.schema.name.clone(), row.rowid))
    }

    fn customers(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(customers) = &plan.customers else {
            return Ok(());
        };
        let Some(table) = self.staging.table(&customers.table) else {
            return Ok(());
        };
        self.each(table, |work, row| {
            if work.is_customer_of_another_portion(table, row)? {
                return work.leave_out(table, &customers.key, row);
            }
            work.document_row(table, &customers.key, row).map(drop)
        })
    }

    fn orders(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(table) = self.staging.table(&plan.orders.table) else {
            return Ok(());
        };
        let excluded: Vec<(usize, &str)> = plan
            .orders
            .exclude_where
            .iter()
            .filter_map(|rule| {
                Some((
                    table.schema.column_index(&rule.column)?,
                    rule.equals.as_str(),
                ))
            })
            .collect();
        self.each(table, |work, row| {
            // A row that a rule leaves behind is gone where it was carried over before, and nothing otherwise.
            if excluded
                .iter()
                .any(|(column, value)| row.text(*column) == Some(value))
            {
                work.count(table, |sums| sums.not_compared += 1);
                return Ok(());
            }
            if !plan.portion.has_table(&table.schema.name) || !work.is_order_of_portion(table, row)
            {
                return work.leave_out(table, &plan.orders.key, row);
            }
            let found = work.document_row(table, &plan.orders.key, row)?;
            if work.is_doubled(table, row) {
                return Ok(());
            }
            if let Some(held) = &found {
                work.note_lookups(table, held)?;
            }
            work.lines(table, row, found.as_ref())
        })
    }

    /// The lines of an order, its document being there or not.
    fn lines(
        &mut self,
        orders: &'a StagedTable,
        order: &SourceRow,
        held: Option<&HeldDocument>,
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(lines) = &plan.lines else {
            return Ok(());
        };
        let Some(table) = self.staging.table(&lines.table) else {
            return Ok(());
        };
        let slugs = naming::slugs(&table.schema);
        let rows = match order.key(orders, &plan.orders.key) {
            Some(key) => self.rows_where(table, &lines.order.0, &key)?,
            None => Vec::new(),
        };
        let mut former = held.map(HeldDocument::raw_lines).unwrap_or_default();
        let is_erased = held.is_some_and(|held| held.document.erasure().is_some());
        for row in &rows {
            if is_erased {
                self.count(table, |sums| sums.erased += 1);
                continue;
            }
            let key = row.key(table, &lines.key).unwrap_or_default();
            let by_key = former.iter().position(|(_, former)| {
                !lines.key.is_empty()
                    && former_key(former, table, &slugs, &lines.key) == row.key(table, &lines.key)
            });
            let place = if lines.key.is_empty() {
                (!former.is_empty()).then_some(0)
            } else {
                by_key
            };
            match place.map(|place| former.remove(place)) {
                Some((_, former)) => self.compare(table, &slugs, &key, row, &former),
                None => self.new_row(table, &key, row),
            }
        }
        for (line, former) in former {
            if held.is_some_and(|held| is_marked(held, &line)) {
                self.count(table, |sums| sums.gone_before += 1);
                continue;
            }
            let key = former_key(&former, table, &slugs, &lines.key).unwrap_or_default();
            self.differ(table, &key, DiffKind::Gone, Vec::new());
        }
        Ok(())
    }

    /// Compares a row with the document it leads to.
    fn document_row(
        &mut self,
        table: &'a StagedTable,
        key: &[String],
        row: &SourceRow,
    ) -> Result<Option<HeldDocument>, RunError> {
        let key = row.key(table, key).filter(|_| !self.is_doubled(table, row));
        let Some(key) = key else {
            self.new_row(table, "", row);
            return Ok(None);
        };
        let id = naming::document_id(&self.plan.source_name, &table.schema.name, &key);
        self.held.meet(id)?;
        let held = self
            .held
            .get(id)?
            .filter(|held| !shared::domain::is_withdrawn(&held.document));
        match &held {
            None => self.new_row(table, &key, row),
            Some(held) if held.document.erasure().is_some() => {
                self.count(table, |sums| sums.erased += 1);
            }
            Some(held) => {
                let slugs = naming::slugs(&table.schema);
                self.compare(table, &slugs, &key, row, &held.raw_row("legacy/"));
            }
        }
        Ok(held)
    }

    fn compare(
        &mut self,
        table: &StagedTable,
        slugs: &[String],
        key: &str,
        row: &SourceRow,
        former: &BTreeMap<String, Value>,
    ) {
        let mut columns = Vec::new();
        for (index, column) in table.schema.columns.iter().enumerate() {
            let old = former.get(&slugs[index]).and_then(Cell::of);
            let new = row.cells[index].as_ref();
            if old.as_ref() != new {
                columns.push(ColumnDiff {
                    column: column.name.clone(),
                    old: old.as_ref().map(Cell::shown),
                    new: new.map(Cell::shown),
                });
            }
        }
        if columns.is_empty() {
            self.count(table, |sums| sums.same += 1);
        } else {
            self.differ(table, key, DiffKind::Changed, columns);
        }
    }

    /// Documents of tables whose rows are not there any more.
    fn gone(&mut self) -> Result<(), RunError> {
        let mut after = None;
        loop {
            let page = self.held.not_met(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for origin in page {
                // Branches, and people that stood in the rows of orders, have no rows of their own.
                let Some(table) = self.staging.table(&origin.table) else {
                    continue;
                };
                if origin.kind == kind::BRANCH {
                    continue;
                }
                let Some(held) = self.held.get(origin.id)? else {
                    continue;
                };
                if shared::domain::is_withdrawn(&held.document) {
                    continue;
                }
                if held.is_marked_or_decided(import::GONE_SINCE) {
                    self.count(table, |sums| sums.gone_before += 1);
                    continue;
                }
                self.differ(table, &origin.key, DiffKind::Gone, Vec::new());
                if let Some(lines) = &self.plan.lines
                    && origin.kind == kind::ORDER
                    && let Some(table) = self.staging.table(&lines.table)
                {
                    let slugs = naming::slugs(&table.schema);
                    let key_of = |(_, former)| {
                        let key = former_key(&former, table, &slugs, &lines.key);
                        let key = key.filter(|key| !key.is_empty());
                        key.unwrap_or_else(|| origin.key.clone())
                    };
                    let mut keys: Vec<String> = held.raw_lines().into_iter().map(key_of).collect();
                    keys.sort_by(|one, other| shorter_first(one.as_bytes(), other.as_bytes()));
                    for key in keys {
                        self.differ(table, &key, DiffKind::Gone, Vec::new());
                    }
                }
            }
        }
    }

    /// Lines that belong to no order are rejected, and none of the orders has led to them.
    fn lines_of_no_order(&mut self) {
        let count = self.writer.orphan_lines;
        let lines = self.plan.lines.as_ref();
        if let Some(table) = lines.and_then(|lines| self.staging.table(&lines.table)) {
            self.count(table, |sums| sums.rejected += count);
        }
    }

    fn name_the_rest(&mut self) {
        for table in self.staging.tables() {
            let name = &table.schema.name;
            let is_left_out = self
                .plan
                .exclude
                .iter()
                .any(|out| same_name(&out.table, name));
            if !self.report.tables.contains_key(name) && table.rows > 0 && !is_left_out {
                self.report.not_compared.push(name.clone());
            }
        }
    }

    fn count(&mut self, table: &StagedTable, count: impl FnOnce(&mut TableDiff)) {
        let sums = self.report.tables.entry(table.schema.name.clone());
        let sums = sums.or_insert_with(|| TableDiff {
            source: table.rows,
            ..TableDiff::default()
        });
        count(sums);
    }

    fn new_row(&mut self, table: &StagedTable, key: &str, row: &SourceRow) {
        let place = (table.schema.name.clone(), row.rowid);
        if self.writer.rows.contains(&place) {
            self.count(table, |sums| sums.rejected += 1);
        } else {
            self.differ(table, key, DiffKind::New, Vec::new());
        }
    }

    fn differ(&mut self, table: &StagedTable, key: &str, kind: DiffKind, columns: Vec<ColumnDiff>) {
        self.count(table, |sums| match kind {
            DiffKind::New => sums.new += 1,
            DiffKind::Changed => sums.changed += 1,
            DiffKind::Gone => sums.gone += 1,
        });
        self.report.differing_rows += 1;
        if self.report.rows.len() < LISTED_ROWS {
            self.report.rows.push(RowDiff {
                table: table.schema.name.clone(),
                key: naming::shown_key(key),
                kind,
                columns,
            });
        }
    }
}

/// Whether a line's document says that its row is gone, or somebody has decided about it.
fn is_marked(held: &HeldDocument, line: &str) -> bool {
    let end = format!("/lines/{line}/{}", import::LINE_GONE_SINCE);
    let mut names = held.document.fields().keys();
    names.any(|field| {
        let name = field.as_str();
        name.starts_with("items/") && name.ends_with(&end) && held.is_marked_or_decided(name)
    })
}
