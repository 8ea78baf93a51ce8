//! `verify`: what is at the target, compared with the source in both directions, field by field, without normalising.
//!
//! Shares no code with the writer in `apply` but the names of fields and ids: dates, amounts and choices are read here a
//! second time, by other means, so that a mistake in the one does not hide in the other.

mod documents;
mod expect;
mod order;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use rusqlite::types::ValueRef;

use crate::ledger::{Fate, Sums};
use crate::naming;
use crate::plan::{ContactColumns, Plan};
use crate::run::{Report, RunError};
use crate::staging::{StagedTable, Staging};
use crate::target::Target;
use documents::{Documents, Found};

/// Compares the target with the source. `rejects` is the file that `run` wrote.
pub fn verify(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &Path,
) -> Result<Report, RunError> {
    let started = Instant::now();
    let mut documents = Documents::read(staging, target, &plan.source_name)?;
    let mut check = Check {
        plan,
        staging,
        rejects: Rejects::read(staging, rejects),
        sums: BTreeMap::new(),
        report: Report::new(target.name(), started, BTreeMap::new()),
        people: HashSet::new(),
        slugs: HashMap::new(),
    };
    for table in staging.tables() {
        check.sums.insert(
            table.schema.name.clone(),
            Sums {
                source: table.rows,
                ..Sums::default()
            },
        );
    }
    check.services(&mut documents)?;
    check.customers(&mut documents)?;
    check.orders(&mut documents)?;
    check.side_tables()?;
    check.nothing_else(&mut documents)?;
    let Check {
        mut report, sums, ..
    } = check;
    let totals = Report::new(report.target.clone(), started, sums);
    for difference in &totals.differences {
        report.differ(
            &difference.table,
            &difference.key,
            &difference.field,
            difference.what.clone(),
        );
    }
    let merged = Report {
        differences: report.differences,
        difference_count: report.difference_count,
        documents: documents.count,
        edited_since: report.edited_since,
        gone: report.gone,
        mended: plan.mended.rows,
        orders_by_branch: report.orders_by_branch,
        ..totals
    };
    if documents.unreadable > 0 {
        let mut merged = merged;
        merged.differ(
            "",
            "",
            "",
            format!(
                "{} documents at the target cannot be read",
                documents.unreadable
            ),
        );
        return Ok(merged);
    }
    Ok(merged)
}

/// A value of the source as verify reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The text without blanks around it, unless nothing is left.
    fn given(&self) -> Option<&str> {
        self.text().map(str::trim).filter(|text| !text.is_empty())
    }
}

/// A row of the source with its table.
pub(crate) struct SourceRow<'t> {
    table: &'t StagedTable,
    rowid: i64,
    cells: Vec<Cell>,
}

impl SourceRow<'_> {
    fn cell(&self, column: Option<&String>) -> &Cell {
        column
            .and_then(|name| self.table.schema.column_index(name))
            .map_or(&Cell::Null, |index| &self.cells[index])
    }

    fn key(&self, columns: &[String]) -> Option<String> {
        if columns.is_empty() {
            return Some(naming::place_as_key(self.rowid));
        }
        let parts: Option<Vec<&str>> = columns
            .iter()
            .map(|column| self.cell(Some(column)).text())
            .collect();
        Some(naming::key_text(parts?))
    }
}

struct Check<'a> {
    plan: &'a Plan,
    staging: &'a Staging,
    rejects: Rejects,
    sums: BTreeMap<String, Sums>,
    report: Report,
    /// Customers that orders' rows lead to.
    people: HashSet<shared::id::DocumentId>,
    slugs: HashMap<String, Rc<Vec<String>>>,
}

impl<'a> Check<'a> {
    fn table(&self, name: &str) -> Option<&'a StagedTable> {
        self.staging.table(name)
    }

    fn count(&mut self, table: &str, fate: Fate) {
        if let Some(sums) = self.sums.get_mut(table) {
            sums.count(fate);
        }
    }

    fn differ(&mut self, row: &SourceRow<'_>, key: &str, field: &str, what: impl Into<String>) {
        self.report
            .differ(&row.table.schema.name, key, field, what.into());
    }

    fn is_rejected(&self, row: &SourceRow<'_>) -> bool {
        self.rejects
            .rows
            .contains(&(row.table.schema.name.clone(), row.rowid))
    }

    /// Whether the person a document was about is forgotten: nothing is left to compare, and that is as it should be.
    fn is_forgotten(&mut self, document: &Found) -> bool {
        let is_forgotten = document.document.erasure().is_some();
        self.report.edited_since += u64::from(is_forgotten);
        is_forgotten
    }

    /// Whether the row as it is now was rejected, while a former state of it is at the target.
    fn is_stale(&self, row: &SourceRow<'_>) -> bool {
        self.rejects
            .at_target
            .contains(&(row.table.schema.name.clone(), row.rowid))
    }

    /// Names of the legacy fields of a table, worked out once.
    fn slugs(&mut self, table: &StagedTable) -> Rc<Vec<String>> {
        let known = self.slugs.entry(table.sql_name().to_owned());
        Rc::clone(known.or_insert_with(|| Rc::new(naming::slugs(&table.schema))))
    }

    /// All rows of a table, in pages so that writing beside it is possible.
    fn rows(
        &self,
        table: &'a StagedTable,
        after: i64,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        const PAGE: usize = 512;
        let select = format!(
            "SELECT rowid, * FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_map([after], |row| read_row(table, row))?
            .collect()
    }

    /// Rows of a table whose columns have this key.
    fn rows_where(
        &self,
        table: &'a StagedTable,
        columns: &[String],
        key: &str,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        let indexes: Option<Vec<usize>> = columns
            .iter()
            .map(|column| table.schema.column_index(column))
            .collect();
        let Some(indexes) = indexes.filter(|indexes| !indexes.is_empty()) else {
            return Ok(Vec::new());
        };
        let name = table.sql_name();
        let names: Vec<String> = indexes.iter().map(|index| format!("c{index}")).collect();
        self.staging.connection().execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS v_{name}_{} ON {name} ({})",
            names.join("_"),
            names.join(", ")
        ))?;
        let conditions: Vec<String> = names.iter().map(|name| format!("{name} = ?")).collect();
        let select = format!(
            "SELECT rowid, * FROM {name} WHERE {} ORDER BY rowid",
            conditions.join(" AND ")
        );
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_map(rusqlite::params_from_iter(naming::key_parts(key)), |row| {
                read_row(table, row)
            })?
            .collect()
    }

    /// Every cell of the row must be in the document as it stands. Returns the fields it is in.
    fn raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        prefix: &str,
    ) -> HashSet<String> {
        let slugs = self.slugs(row.table);
        let mut expected = HashSet::new();
        for (index, cell) in row.cells.iter().enumerate() {
            let column = &row.table.schema.columns[index].name;
            let field = format!("{prefix}{}", slugs[index]);
            match (cell, document.raw(&field)) {
                (Cell::Null, None) => {}
                (cell, Some(found)) if *cell == found => {
                    expected.insert(field);
                }
                (cell, found) => {
                    let found = found.unwrap_or(Cell::Null);
                    self.differ(
                        row,
                        key,
                        column,
                        format!("{cell:?} in the source, {found:?} at the target"),
                    );
                    expected.insert(field);
                }
            }
        }
        expected
    }

    fn no_other_raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        expected: &HashSet<String>,
    ) {
        for field in document.raw_fields() {
            if !field.starts_with("legacy/lookup/") && !expected.contains(&field) {
                self.differ(
                    row,
                    key,
                    &field,
                    "a legacy value that the source does not have",
                );
            }
        }
    }

    fn expect(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        field: &str,
        expected: Option<&shared::document::Value>,
    ) {
        match document.value(field) {
            documents::Imported::Edited => self.report.edited_since += 1,
            documents::Imported::Absent if expected.is_none() => {}
            documents::Imported::Value(found) if Some(&found) == expected => {}
            found => self.differ(
                row,
                key,
                field,
                format!("expected {expected:?}, found {found:?}"),
            ),
        }
    }

    fn services(&mut self, documents: &mut Documents<'_>) -> Result<(), RunError> {
        let Some(services) = &self.plan.services else {
            return Ok(());
        };
        let (Some(table), Some(key), Some(name)) = (&services.table, &services.key, &services.name)
        else {
            return Ok(());
        };
        let Some(table) = self.table(table) else {
            return Ok(());
        };
        self.each(table, |check, row| {
            let label = row.cell(Some(name)).text().unwrap_or_default().to_owned();
            if services.map.contains_key(&label) {
                check.count(&table.schema.name, Fate::Merged);
                return Ok(());
            }
            let Some((key, document)) = check.find(documents, row, std::slice::from_ref(key))?
            else {
                return Ok(());
            };
            check.expect(
                row,
                &key,
                &document,
                "name/de",
                Some(&label.as_str().into()),
            );
            let expected = check.raw_values(row, &key, &document, "legacy/");
            check.no_other_raw_values(row, &key, &document, &expected);
            Ok(())
        })
    }

    fn customers(&mut self, documents: &mut Documents<'_>) -> Result<(), RunError> {
        let Some(customers) = &self.plan.customers else {
            return Ok(());
        };
        let Some(table) = self.table(&customers.table) else {
            return Ok(());
        };
        self.each(table, |check, row| {
            let Some((key, document)) = check.find(documents, row, &customers.key)? else {
                return Ok(());
            };
            if check.is_forgotten(&document) {
                return Ok(());
            }
            check.contact(row, &key, row, &document, &customers.contact);
            let expected = check.raw_values(row, &key, &document, "legacy/");
            check.no_other_raw_values(row, &key, &document, &expected);
            Ok(())
        })
    }

    /// The contact fields of a document against the row that holds the contact.
    fn contact(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        holder: &SourceRow<'_>,
        document: &Found,
        columns: &ContactColumns,
    ) {
        for (field, expected) in expect::contact(holder, columns, &self.plan.country) {
            let expected = expected.map(shared::document::Value::from);
            self.expect(row, key, document, field, expected.as_ref());
        }
    }

    /// The document of a row, counted as what it is. `None`: there is none, which is noted unless the row was rejected.
    fn find(
        &mut self,
        documents: &mut Documents<'_>,
        row: &SourceRow<'_>,
        key: &[String],
    ) -> Result<Option<(String, Found)>, rusqlite::Error> {
        let table = row.table.schema.name.clone();
        let found = match row.key(key) {
            Some(key) => {
                let id = naming::document_id(&self.plan.source_name, &table, &key);
                documents.take(id)?.map(|document| (key, document))
            }
            None => None,
        };
        if self.is_of_another_portion(row)? {
            self.count(&table, Fate::Excluded);
            return Ok(None);
        }
        match (&found, self.is_rejected(row)) {
            (Some(_), true) if self.is_stale(row) => {
                self.count(&table, Fate::Rejected);
                return Ok(None);
            }
            (Some(_), false) => self.count(&table, Fate::Migrated),
            (Some((key, _)), true) => {
                let key = key.clone();
                self.count(&table, Fate::Migrated);
                self.differ(
                    row,
                    &key,
                    "",
                    "it is listed as rejected, but it is at the target",
                );
            }
            (None, true) => self.count(&table, Fate::Rejected),
            (None, false) => {
                let key = row.key(key).unwrap_or_default();
                self.differ(
                    row,
                    &key,
                    "",
                    "the row is neither at the target nor among the rejects",
                );
            }
        }
        Ok(found)
    }

    /// Whether a row is outside the portion that was brought.
    fn is_of_another_portion(&self, row: &SourceRow<'_>) -> Result<bool, rusqlite::Error> {
        let (plan, portion) = (self.plan, &self.plan.portion);
        let table = &row.table.schema.name;
        let is = |name: &str| crate::source::schema::same_name(name, table);
        if portion.is_whole() {
            return Ok(false);
        }
        if !portion.has_table(table) {
            return Ok(true);
        }
        if is(&plan.orders.table) {
            return Ok(!self.is_order_of_portion(row));
        }
        let Some(customers) = plan.customers.as_ref().filter(|list| is(&list.table)) else {
            return Ok(false);
        };
        if !portion.limits_orders() {
            return Ok(false);
        }
        let theirs = match (
            &plan.orders.customer,
            row.key(&customers.key),
            self.table(&plan.orders.table),
        ) {
            (Some(columns), Some(key), Some(orders)) => {
                self.rows_where(orders, &columns.0, &key)?
            }
            _ => Vec::new(),
        };
        if theirs.is_empty() {
            let at_default = plan
                .branches
                .default
                .as_ref()
                .map_or(portion.branches.is_empty(), |name| portion.has_branch(name));
            return Ok(!at_default || portion.since.is_some() || portion.until.is_some());
        }
        Ok(!theirs.iter().any(|order| self.is_order_of_portion(order)))
    }

    fn is_order_of_portion(&self, row: &SourceRow<'_>) -> bool {
        let (plan, portion) = (self.plan, &self.plan.portion);
        let words = plan
            .orders
            .received
            .as_ref()
            .and_then(|column| plan.orders.date_formats.get(column));
        let words = words
            .cloned()
            .unwrap_or_else(|| vec!["2024-12-31".to_owned()]);
        let day = row
            .cell(plan.orders.received.as_ref())
            .given()
            .and_then(|text| expect::date(text, &words))
            .map(jiff::civil::DateTime::date);
        let branch = self.branch_named_by(row);
        portion.has_day(day) && branch.is_none_or(|name| portion.has_branch(name))
    }

    /// The branch that an order's row names, as the plan calls it; none when it cannot be told.
    fn branch_named_by(&self, row: &SourceRow<'_>) -> Option<&'a String> {
        let branches = &self.plan.branches;
        let cell = row.cell(branches.column.as_ref());
        let named = cell.text().and_then(|text| {
            branches
                .map
                .get(text)
                .or_else(|| branches.map.get(text.trim()))
        });
        let mut rules = branches.rule.iter();
        let by_rule = rules
            .find(|rule| rule.holds(row.cell(Some(&rule.column)).text()))
            .map(|rule| &rule.branch);
        named.or(by_rule).or(if cell.given().is_none() {
            branches.default.as_ref()
        } else {
            None
        })
    }

    fn each(
        &mut self,
        table: &'a StagedTable,
        mut look_at: impl FnMut(&mut Self, &SourceRow<'a>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let mut after = 0;
        loop {
            let rows = self.rows(table, after)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.rowid;
            for row in &rows {
                look_at(self, row)?;
            }
        }
    }

    /// Tables without documents of their own: excluded ones, lists of choices, lookups.
    fn side_tables(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        for exclude in &plan.exclude {
            if let Some(table) = self.table(&exclude.table) {
                self.each(table, |check, _| {
                    check.count(&table.schema.name, Fate::Excluded);
                    Ok(())
                })?;
            }
        }
        for choices in [&plan.status, &plan.priority] {
            let (Some(table), Some(name)) = (&choices.table, &choices.name) else {
                continue;
            };
            if let Some(table) = self.table(table) {
                self.each(table, |check, row| {
                    let known = row
                        .cell(Some(name))
                        .text()
                        .is_some_and(|name| choices.map.contains_key(name));
                    check.count(
                        &table.schema.name,
                        if known { Fate::Merged } else { Fate::Excluded },
                    );
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// The other direction: no document of this source may be there that no row led to.
    fn nothing_else(&mut self, documents: &mut Documents<'_>) -> Result<(), RunError> {
        for (id, kind) in documents.not_taken()? {
            if documents.is_gone(id)? {
                // Its row is missing in the source, and the document says so to everybody.
                self.report.gone += 1;
                continue;
            }
            // People of orders that another portion brings are led to by those.
            if !self.plan.portion.is_whole()
                && self.plan.customers.is_none()
                && kind == shared::domain::fields::kind::CUSTOMER
            {
                continue;
            }
            let is_person =
                kind == shared::domain::fields::kind::CUSTOMER && self.people.contains(&id);
            if !is_person && kind != shared::domain::fields::kind::BRANCH {
                self.report.differ(
                    &kind,
                    &id.to_string(),
                    "",
                    "a document of this source to which no row leads".to_owned(),
                );
            }
        }
        Ok(())
    }
}

fn read_row<'t>(
    table: &'t StagedTable,
    row: &rusqlite::Row<'_>,
) -> Result<SourceRow<'t>, rusqlite::Error> {
    let mut cells = Vec::with_capacity(table.schema.columns.len());
    for index in 0..table.schema.columns.len() {
        cells.push(match row.get_ref(index + 2)? {
            ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
            _ => Cell::Null,
        });
    }
    Ok(SourceRow {
        table,
        rowid: row.get(0)?,
        cells,
    })
}

/// Rows that `run` and `sync` rejected: table and place. A file that is not there rejects nothing.
#[derive(Default)]
struct Rejects {
    rows: HashSet<(String, i64)>,
    /// Those of which a former state is at the target.
    at_target: HashSet<(String, i64)>,
}

impl Rejects {
    fn read(staging: &Staging, path: &Path) -> Self {
        let mut rejects = Self::default();
        let Ok(file) = std::fs::File::open(path) else {
            return rejects;
        };
        for line in std::io::BufReader::new(file).lines().map_while(Result::ok) {
            if let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) {
                rejects.note(staging, &entry);
            }
        }
        rejects
    }

    fn note(&mut self, staging: &Staging, entry: &serde_json::Value) {
        if let (Some(table), Some(place)) = (entry["table"].as_str(), entry["place"].as_i64()) {
            self.rows.insert((table.to_owned(), place));
            if entry["at_target"].as_bool() == Some(true) {
                self.at_target.insert((table.to_owned(), place));
            }
        }
        for row in entry["rows"].as_array().into_iter().flatten() {
            let table = row[0]
                .as_u64()
                .and_then(|place| staging.tables().get(usize::try_from(place).ok()?));
            if let (Some(table), Some(place)) = (table, row[1].as_i64()) {
                self.rows.insert((table.schema.name.clone(), place));
            }
        }
    }
}
