//! `verify`: what is at the target, compared with the source in both directions, field by field, without normalising.
//!
//! Shares no code with the writer in `apply` but the names of fields and ids: dates, amounts and choices are read here a
//! second time, by other means, so that a mistake in the one does not hide in the other.

mod documents;
mod expect;
mod order;
mod parts;
pub mod reconciliation;
pub mod samples;
mod seen;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use rusqlite::OptionalExtension as _;
use rusqlite::types::ValueRef;

use crate::ledger::{Fate, Sums};
use crate::naming;
use crate::phones_by_row::PhonesByRow;
use crate::plan::{ContactColumns, Plan};
use crate::run::{Report, RunError};
use crate::staging::{StagedTable, Staging};
use crate::target::Target;
use documents::{Documents, DocumentsOfPart, Found, Imported};
use parts::Parts;
use seen::Seen;

/// Compares the target with the source. `rejects` is the file that `run` wrote.
pub fn verify(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &Path,
) -> Result<Report, RunError> {
    let started = Instant::now();
    let documents = Documents::read(staging, target, &plan.source_name)?;
    let customers = plan
        .customers
        .as_ref()
        .and_then(|customers| staging.table(&customers.table));
    let common = Common {
        plan,
        rejected: &read_rejects(staging, rejects),
        seen: &Seen::nothing(staging),
        branches: &documents.branches,
        parts: &Parts::of(plan, staging)?,
        phones: &PhonesByRow::up_to(
            customers.map_or(0, crate::staging::StagedTable::highest_place),
        ),
    };
    let mut check = Check::of(common, staging);
    for table in staging.tables() {
        if let Some(sums) = check.sums.get_mut(&table.schema.name) {
            sums.source = table.rows;
        }
    }
    let mut left = Vec::new();
    let mut people = Vec::new();
    for outcome in parts::look_through(common, staging, &documents)? {
        check.add(&outcome);
        left.extend(outcome.left);
        people.extend(outcome.people);
    }
    check.people(&documents, &people)?;
    check.lines_without_orders()?;
    check.side_tables()?;
    check.nothing_else(&people, &left);
    let Check { report, sums, .. } = check;
    let mut verified = Report::new(target.name(), started, sums);
    let unlisted = report.difference_count - report.differences.len() as u64;
    for difference in report.differences {
        verified.differ(
            &difference.table,
            &difference.key,
            &difference.field,
            difference.what,
        );
    }
    verified.difference_count += unlisted;
    verified.documents = report.documents;
    verified.edited_since = report.edited_since;
    verified.orders_by_branch = report.orders_by_branch;
    if documents.unreadable > 0 {
        verified.differ(
            "",
            "",
            "",
            format!(
                "{} documents at the target cannot be read",
                documents.unreadable
            ),
        );
    }
    Ok(verified)
}

/// What all threads of a comparison have in common.
#[derive(Clone, Copy)]
struct Common<'a> {
    plan: &'a Plan,
    rejected: &'a Rejected,
    seen: &'a Seen,
    branches: &'a BTreeMap<String, String>,
    parts: &'a Parts,
    /// Of the customers' table.
    phones: &'a PhonesByRow,
}

/// Rows that are among the rejects: places by table.
type Rejected = HashMap<String, HashSet<i64>>;

/// A customer whom an order's own row leads to: looked at once all orders are, since it is in a part of its own.
struct Person {
    id: shared::id::DocumentId,
    order: String,
    name: String,
}

/// What one thread has found out.
struct Outcome {
    sums: BTreeMap<String, Sums>,
    report: Report,
    people: Vec<Person>,
    /// Documents of the source that no row of the part led to, with their kinds.
    left: Vec<(shared::id::DocumentId, String)>,
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
#[derive(Clone)]
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

/// A comparison under way, on one thread.
struct Check<'a> {
    plan: &'a Plan,
    staging: &'a Staging,
    common: Common<'a>,
    sums: BTreeMap<String, Sums>,
    report: Report,
    people: Vec<Person>,
    left: Vec<(shared::id::DocumentId, String)>,
    slugs: HashMap<String, Rc<Vec<String>>>,
    /// Fields that keep raw values, by prefix and table.
    raw_names: HashMap<String, Rc<Vec<String>>>,
    /// Rows of small tables that were looked up.
    looked_up: RefCell<HashMap<String, Rc<Vec<SourceRow<'a>>>>>,
}

/// Tables of at most so many rows are kept in memory once looked up.
const SMALL_TABLE_ROWS: u64 = 500;

/// So many of what is kept ready are kept.
const KEPT: usize = 20_000;

impl<'a> Check<'a> {
    fn of(common: Common<'a>, staging: &'a Staging) -> Self {
        let tables = staging.tables().iter();
        Self {
            plan: common.plan,
            staging,
            common,
            sums: tables
                .map(|table| (table.schema.name.clone(), Sums::default()))
                .collect(),
            report: Report::new(String::new(), Instant::now(), BTreeMap::new()),
            people: Vec::new(),
            left: Vec::new(),
            slugs: HashMap::new(),
            raw_names: HashMap::new(),
            looked_up: RefCell::default(),
        }
    }

    fn outcome(self) -> Outcome {
        Outcome {
            sums: self.sums,
            report: self.report,
            people: self.people,
            left: self.left,
        }
    }

    /// Adds what another thread has found out.
    fn add(&mut self, other: &Outcome) {
        for (table, sums) in &other.sums {
            if let Some(own) = self.sums.get_mut(table) {
                own.migrated += sums.migrated;
                own.merged += sums.merged;
                own.embedded += sums.embedded;
                own.rejected += sums.rejected;
                own.excluded += sums.excluded;
            }
        }
        let unlisted = other.report.difference_count - other.report.differences.len() as u64;
        for difference in &other.report.differences {
            self.report.differ(
                &difference.table,
                &difference.key,
                &difference.field,
                difference.what.clone(),
            );
        }
        self.report.difference_count += unlisted;
        self.report.documents += other.report.documents;
        self.report.edited_since += other.report.edited_since;
        parts::add(
            &mut self.report.orders_by_branch,
            &other.report.orders_by_branch,
        );
    }

    /// Everything whose documents are in one part.
    fn part(&mut self, documents: &Documents, part: usize) -> Result<(), RunError> {
        let mut own = documents.part(part)?;
        let rows = self.common.parts.rows(part);
        self.services(documents, &mut own, &rows.services)?;
        self.customers(documents, &mut own, &rows.customers)?;
        self.orders(documents, &mut own, &rows.orders)?;
        let (taken, left) = own.finish(documents);
        self.report.documents += taken + left.len() as u64;
        self.left.extend(left);
        Ok(())
    }

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
        let rows = self.common.rejected.get(&row.table.schema.name);
        rows.is_some_and(|rows| rows.contains(&row.rowid))
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

    /// The row at a place.
    fn row_at(
        &self,
        table: &'a StagedTable,
        place: u32,
    ) -> Result<Option<SourceRow<'a>>, rusqlite::Error> {
        let select = format!("SELECT rowid, * FROM {} WHERE rowid = ?1", table.sql_name());
        let mut select = self.staging.connection().prepare_cached(&select)?;
        select
            .query_row([place], |row| read_row(table, row))
            .optional()
    }

    /// The rows from a place on, as long as a column has a value.
    fn rows_while(
        &self,
        table: &'a StagedTable,
        from: u32,
        column: &str,
        value: &str,
    ) -> Result<Vec<SourceRow<'a>>, rusqlite::Error> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(Vec::new());
        };
        let select = format!(
            "SELECT rowid, * FROM {} WHERE rowid >= ?1 ORDER BY rowid",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare_cached(&select)?;
        let mut rows = select.query([from])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let row = read_row(table, row)?;
            if row.cells[index].text() != Some(value) {
                break;
            }
            found.push(row);
        }
        Ok(found)
    }

    /// The rows whose column has a value, in their order. Large tables have an index by then.
    fn rows_where(
        &self,
        table: &'a StagedTable,
        column: &str,
        value: &str,
    ) -> Result<Rc<Vec<SourceRow<'a>>>, rusqlite::Error> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(Rc::default());
        };
        let name = table.sql_name();
        let is_small = table.rows <= SMALL_TABLE_ROWS;
        let asked = format!("{name}/{index}/{value}");
        if is_small && let Some(known) = self.looked_up.borrow().get(&asked) {
            return Ok(Rc::clone(known));
        }
        let select = format!("SELECT rowid, * FROM {name} WHERE c{index} = ?1 ORDER BY rowid");
        let mut select = self.staging.connection().prepare_cached(&select)?;
        let rows: Result<Vec<_>, _> = select
            .query_map([value], |row| read_row(table, row))?
            .collect();
        let rows = Rc::new(rows?);
        let mut kept = self.looked_up.borrow_mut();
        if is_small && kept.len() < KEPT {
            kept.insert(asked, Rc::clone(&rows));
        }
        Ok(rows)
    }

    /// Names of the fields that keep the raw values of a table's columns, worked out once for each prefix that stays.
    fn raw_names(&mut self, table: &StagedTable, prefix: &str) -> Rc<Vec<String>> {
        let asked = format!("{prefix}{}", table.sql_name());
        if let Some(known) = self.raw_names.get(&asked) {
            return Rc::clone(known);
        }
        let slugs = self.slugs(table);
        let names: Vec<String> = slugs.iter().map(|slug| format!("{prefix}{slug}")).collect();
        let names = Rc::new(names);
        // Lines have a prefix each: those are not worth keeping.
        if !prefix.starts_with("legacy/lines/") {
            self.raw_names.insert(asked, Rc::clone(&names));
        }
        names
    }

    /// Every cell of the row must be in the document as it stands: as a legacy value, or verbatim in `elsewhere`. How many
    /// legacy values that makes.
    fn raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        prefix: &str,
        elsewhere: &[(&str, Cow<'_, str>)],
    ) -> usize {
        let names = self.raw_names(row.table, prefix);
        let mut expected = 0;
        for (index, cell) in row.cells.iter().enumerate() {
            let column = row.table.schema.columns[index].name.as_str();
            let kept = document.raw(&names[index]);
            let verbatim = elsewhere.iter().find(|(name, _)| *name == column);
            match (cell, kept, verbatim) {
                (Cell::Null, None, _) => {}
                (Cell::Null, Some(_), _) => {
                    expected += 1;
                    self.differ(
                        row,
                        key,
                        column,
                        "NULL in the source, a value at the target",
                    );
                }
                (_, Some(found), _) => {
                    expected += 1;
                    if !cell.is(found) {
                        self.differ(
                            row,
                            key,
                            column,
                            format!("{cell:?} in the source, {found:?} at the target"),
                        );
                    }
                }
                (cell, None, Some((_, place))) => match document.value(place) {
                    Imported::Edited => self.report.edited_since += 1,
                    Imported::Value(value)
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

    /// There are as many legacy values as the rows have led to. Lookups, which are no cells of the row, do not count.
    fn no_other_raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        expected: usize,
    ) {
        let own = document
            .raw_fields()
            .filter(|name| !name.starts_with("legacy/lookup/"));
        let found = own.filter(|name| document.raw(name).is_some()).count();
        if found != expected {
            self.differ(
                row,
                key,
                "legacy/",
                format!("{found} legacy values where the source has {expected}"),
            );
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
            Imported::Edited => self.report.edited_since += 1,
            Imported::Absent if expected.is_none() => {}
            Imported::Value(found) if Some(found) == expected => {}
            found => self.differ(
                row,
                key,
                field,
                format!("expected {expected:?}, found {found:?}"),
            ),
        }
    }

    fn services(
        &mut self,
        documents: &Documents,
        own: &mut DocumentsOfPart,
        places: &[u32],
    ) -> Result<(), RunError> {
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
        for place in places {
            let Some(row) = &self.row_at(table, *place)? else {
                continue;
            };
            let label = row.cell(Some(name)).text().unwrap_or_default().to_owned();
            if services.map.contains_key(&label) {
                self.count(&table.schema.name, Fate::Merged);
                continue;
            }
            let Some((key, document)) = self.find(documents, own, row, std::slice::from_ref(key))
            else {
                continue;
            };
            let expected = Some(label.as_str().into());
            self.expect(row, &key, &document, "name/de", expected.as_ref());
            let expected = self.raw_values(row, &key, &document, "legacy/", &[]);
            self.no_other_raw_values(row, &key, &document, expected);
        }
        Ok(())
    }

    fn customers(
        &mut self,
        documents: &Documents,
        own: &mut DocumentsOfPart,
        places: &[u32],
    ) -> Result<(), RunError> {
        let Some(customers) = &self.plan.customers else {
            return Ok(());
        };
        let Some(table) = self.table(&customers.table) else {
            return Ok(());
        };
        for place in places {
            let Some(row) = &self.row_at(table, *place)? else {
                continue;
            };
            let Some((key, document)) = self.find(documents, own, row, &customers.key) else {
                continue;
            };
            self.contact(row, &key, row, &document, &customers.contact);
            let elsewhere = contact_places(row, &customers.contact);
            let expected = self.raw_values(row, &key, &document, "legacy/", &elsewhere);
            self.no_other_raw_values(row, &key, &document, expected);
        }
        Ok(())
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
        let country = &self.plan.country;
        let customers = self.plan.customers.as_ref();
        let is_customer = customers.is_some_and(|table| {
            crate::source::schema::same_name(&table.table, &holder.table.schema.name)
        });
        let phones = is_customer.then_some(self.common.phones);
        for (field, expected) in expect::contact(holder, columns, country, phones) {
            let expected = expected.map(shared::document::Value::from);
            self.expect(row, key, document, field, expected.as_ref());
        }
    }

    /// The document of a row, counted as what it is. `None`: there is none, which is noted unless the row was rejected.
    fn find(
        &mut self,
        documents: &Documents,
        own: &mut DocumentsOfPart,
        row: &SourceRow<'_>,
        key: &[String],
    ) -> Option<(String, Found)> {
        let table = row.table.schema.name.clone();
        let found = match row.key(key) {
            Some(key) => {
                let id = naming::document_id(&self.plan.source_name, &table, &key);
                own.take(documents, id).map(|document| (key, document))
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
        found
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

    /// Customers whom orders' rows lead to, in the parts their own ids are in.
    fn people(&mut self, documents: &Documents, people: &[Person]) -> Result<(), RunError> {
        let mut people: Vec<&Person> = people.iter().collect();
        people.sort_by_key(|person| person.id);
        let orders = self.plan.orders.table.clone();
        let mut part: Option<(usize, DocumentsOfPart)> = None;
        for person in people {
            let number = crate::spool::part_of(person.id);
            if part.as_ref().is_none_or(|(known, _)| *known != number) {
                part = Some((number, documents.part(number)?));
            }
            let found = part
                .as_mut()
                .and_then(|(_, own)| own.take(documents, person.id));
            let what = match found {
                None => "the linked customer is not at the target",
                Some(found) if order::name_in(&found) != person.name => {
                    "the linked customer bears another name"
                }
                Some(_) => continue,
            };
            self.report
                .differ(&orders, &person.order, "customer", what.to_owned());
        }
        Ok(())
    }

    /// The other direction: no document of this source may be there that no row led to.
    fn nothing_else(&mut self, people: &[Person], left: &[(shared::id::DocumentId, String)]) {
        let people: HashSet<shared::id::DocumentId> =
            people.iter().map(|person| person.id).collect();
        for (id, kind) in left {
            let is_person = kind == shared::domain::fields::kind::CUSTOMER && people.contains(id);
            if !is_person && kind != shared::domain::fields::kind::BRANCH {
                self.report.differ(
                    kind,
                    &id.to_string(),
                    "",
                    "a document of this source to which no row leads".to_owned(),
                );
            }
        }
    }
}

/// Columns of a contact that stand in the document as they are, with their fields.
pub(crate) fn contact_places<'c>(
    row: &SourceRow<'_>,
    columns: &'c ContactColumns,
) -> Vec<(&'c str, Cow<'static, str>)> {
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
        .map(|(column, field)| (column.as_str(), Cow::Borrowed(field)))
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
fn read_rejects(staging: &Staging, path: &Path) -> Rejected {
    let mut rejected = Rejected::new();
    let Ok(file) = std::fs::File::open(path) else {
        return rejected;
    };
    let mut reject = |table: &str, place: i64| {
        let places = rejected.entry(table.to_owned()).or_default();
        places.insert(place);
    };
    for line in std::io::BufReader::new(file).lines().map_while(Result::ok) {
        let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) else {
            continue;
        };
        if let (Some(table), Some(place)) = (entry["table"].as_str(), entry["place"].as_i64()) {
            reject(table, place);
        }
        for row in entry["rows"].as_array().into_iter().flatten() {
            let table = row[0]
                .as_u64()
                .and_then(|place| staging.tables().get(usize::try_from(place).ok()?));
            if let (Some(table), Some(place)) = (table, row[1].as_i64()) {
                reject(&table.schema.name, place);
            }
        }
    }
    rejected
}
