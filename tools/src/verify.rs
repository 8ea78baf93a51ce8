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
        rejected: read_rejects(staging, rejects),
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
    rejected: HashSet<(String, i64)>,
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
        self.rejected
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

    fn rows_where(
        &self,
        table: &'a StagedTable,
        column: &str,
        value: &str,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(Vec::new());
        };
        let name = table.sql_name();
        self.staging.connection().execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS k_{name}_{index} ON {name} (c{index})"
        ))?;
        let select = format!("SELECT rowid, * FROM {name} WHERE c{index} = ?1 ORDER BY rowid");
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_map([value], |row| read_row(table, row))?
            .collect()
    }

    /// Every cell of the row must be in the document as it stands: as a legacy value, or verbatim in `elsewhere`.
    fn raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        prefix: &str,
        elsewhere: &BTreeMap<&str, String>,
    ) -> HashSet<String> {
        let slugs = self.slugs(row.table);
        let mut expected = HashSet::new();
        for (index, cell) in row.cells.iter().enumerate() {
            let column = &row.table.schema.columns[index].name;
            let field = format!("{prefix}{}", slugs[index]);
            let kept = document.raw(&field);
            let verbatim = elsewhere.get(column.as_str());
            match (cell, kept, verbatim) {
                (Cell::Null, None, _) => {}
                (Cell::Null, Some(_), _) => self.differ(
                    row,
                    key,
                    column,
                    "NULL in the source, a value at the target",
                ),
                (_, Some(found), _) => {
                    if found != *cell {
                        self.differ(
                            row,
                            key,
                            column,
                            format!("{cell:?} in the source, {found:?} at the target"),
                        );
                    }
                    expected.insert(field);
                }
                (cell, None, Some(place)) => match document.value(place) {
                    documents::Imported::Edited => self.report.edited_since += 1,
                    documents::Imported::Value(value)
                        if value.as_text() == cell.text() && cell.text().is_some() => {}
                    found => self.differ(
                        row,
                        key,
                        column,
                        format!("{cell:?} in the source, {found:?} in {place}"),
                    ),
                },
                (cell, None, None) => self.differ(
                    row,
                    key,
                    column,
                    format!("{cell:?} in the source, nothing at the target"),
                ),
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
            let expected = check.raw_values(row, &key, &document, "legacy/", &BTreeMap::new());
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
            check.contact(row, &key, row, &document, &customers.contact);
            let elsewhere = contact_places(row, &customers.contact);
            let expected = check.raw_values(row, &key, &document, "legacy/", &elsewhere);
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
        match (&found, self.is_rejected(row)) {
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

/// Columns of a contact that stand in the document as they are, with their fields.
pub(crate) fn contact_places<'c>(
    row: &SourceRow<'_>,
    columns: &'c ContactColumns,
) -> BTreeMap<&'c str, String> {
    let pairs = [
        (&columns.name, "contact/name"),
        (&columns.phone, "contact/phone"),
        (&columns.email, "contact/email"),
        (&columns.street, "contact/street"),
        (&columns.postcode, "contact/postcode"),
        (&columns.town, "contact/town"),
    ];
    let pairs = pairs
        .into_iter()
        .filter_map(|(column, field)| Some((column.as_ref()?, field)));
    pairs
        .filter(|(column, _)| {
            row.cell(Some(column))
                .text()
                .is_some_and(|text| !text.is_empty())
        })
        .map(|(column, field)| (column.as_str(), field.to_owned()))
        .collect()
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

/// Rows that `run` rejected: table and place. A file that is not there rejects nothing.
fn read_rejects(staging: &Staging, path: &Path) -> HashSet<(String, i64)> {
    let Ok(file) = std::fs::File::open(path) else {
        return HashSet::new();
    };
    let mut rejected = HashSet::new();
    for line in std::io::BufReader::new(file).lines().map_while(Result::ok) {
        let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) else {
            continue;
        };
        if let (Some(table), Some(place)) = (entry["table"].as_str(), entry["place"].as_i64()) {
            rejected.insert((table.to_owned(), place));
        }
        for row in entry["rows"].as_array().into_iter().flatten() {
            let table = row[0]
                .as_u64()
                .and_then(|place| staging.tables().get(usize::try_from(place).ok()?));
            if let (Some(table), Some(place)) = (table, row[1].as_i64()) {
                rejected.insert((table.schema.name.clone(), place));
            }
        }
    }
    rejected
}
