//! `verify`: what is at the target, compared with the source in both directions, field by field, without normalising.
//!
//! Shares no code with the writer in `apply` but the names of fields and ids: dates, amounts and choices are read here a
//! second time, by other means, so that a mistake in the one does not hide in the other.

mod abreast;
mod ahead;
mod documents;
mod doubled;
mod expect;
mod homes;
mod homes_of_customers;
mod lines;
mod lookup;
mod order;
mod parts;
mod people;
mod pieces;
mod places;
mod portion;
mod reading;
pub mod reconciliation;
mod rejects;
mod row;
mod rows_in_order;
pub mod samples;
mod seen;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use shared::document::view::{Below, ValueView, VersionView};

use crate::ledger::{Fate, Sums};
use crate::naming;
use crate::phones_by_row::PhonesByRow;
use crate::plan::{ContactColumns, Plan};
use crate::run::{Report, RunError};
use crate::staging::{StagedTable, Staging};
use crate::target::Target;
use documents::{DocumentsOfPart, Found, Imported, Left, Wanted};
use doubled::Doubled;
use homes::Homes;
use homes_of_customers::HomesOfCustomers;
use lines::Priced;
use lookup::{KEPT, Search};
use parts::{Parts, Rows, Ways};
use people::Person;
use pieces::Part;
use places::PlacesOfServices;
use rejects::Rejects;
use row::{Cell, SourceRow, read_row};
use seen::Seen;

/// Compares the target with the source. `rejects` is the file that `run` wrote.
pub fn verify(
    plan: &Plan,
    staging: &Staging,
    target: &mut dyn Target,
    rejects: &Path,
) -> Result<Report, RunError> {
    let started = Instant::now();
    let customers = plan
        .customers
        .as_ref()
        .and_then(|customers| staging.table(&customers.table));
    let customers = customers.map_or(0, StagedTable::highest_place);
    let ways = Ways::of(plan, staging)?;
    let common = Common {
        plan,
        rejects: &Rejects::read(plan, staging, rejects),
        seen: &Seen::nothing(staging),
        doubled: &Doubled::of(plan, staging)?,
        ways,
        phones: &PhonesByRow::up_to(customers),
        homes: &HomesOfCustomers::up_to(plan, customers),
        places: &PlacesOfServices::of(plan, staging)?,
    };
    let mut check = Check::of(common, staging);
    for table in staging.tables() {
        if let Some(sums) = check.sums.get_mut(&table.schema.name) {
            sums.source = table.rows;
        }
    }
    let mut left = Vec::new();
    let mut people = Vec::new();
    let reading::Compared {
        documents,
        rest: [customers, orders],
        mut outcomes,
    } = reading::read_and_compare(common, staging, target)?;
    let parts = Parts::of(plan, staging, ways, customers, orders)?;
    outcomes.extend(parts::look_through(common, staging, &documents, &parts)?);
    for outcome in outcomes {
        check.add(&outcome);
        left.extend(outcome.left);
        people.extend(outcome.people);
    }
    check.people(&documents, &people)?;
    check.judge_homes(&documents.branches);
    check.judge_homes_of_customers(&documents.branches)?;
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
    verified.gone = report.gone;
    verified.mended = plan.mended.rows;
    verified.orders_by_branch = report.orders_by_branch;
    let unreadable = documents.wanted.unreadable();
    if unreadable > 0 {
        verified.differ(
            "",
            "",
            "",
            format!("{unreadable} documents at the target cannot be read"),
        );
    }
    Ok(verified)
}

/// What all threads of a comparison have in common.
#[derive(Clone, Copy)]
struct Common<'a> {
    plan: &'a Plan,
    rejects: &'a Rejects,
    seen: &'a Seen,
    doubled: &'a Doubled,
    ways: Ways,
    /// Of the customers' table.
    phones: &'a PhonesByRow,
    homes: &'a HomesOfCustomers<'a>,
    places: &'a PlacesOfServices,
}

/// What one thread has found out.
struct Outcome {
    sums: BTreeMap<String, Sums>,
    report: Report,
    people: Vec<Person>,
    /// Documents of the source that no row of the part led to.
    left: Vec<Left>,
    homes: Homes,
}

/// A comparison under way, on one thread.
struct Check<'a> {
    plan: &'a Plan,
    staging: &'a Staging,
    common: Common<'a>,
    sums: BTreeMap<String, Sums>,
    report: Report,
    people: Vec<Person>,
    left: Vec<Left>,
    homes: Homes,
    slugs: HashMap<String, Rc<Slugs>>,
    searches: RefCell<Vec<Search<'a>>>,
    /// Services by the text or key that stands for them.
    services: RefCell<HashMap<String, Priced>>,
    /// Of the values of the document under comparison by their places: whether their field was looked at.
    looked_at: Vec<bool>,
    zone: jiff::tz::TimeZone,
}

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
            homes: Homes::default(),
            slugs: HashMap::new(),
            searches: RefCell::default(),
            services: RefCell::default(),
            looked_at: Vec::new(),
            zone: jiff::tz::TimeZone::get(&common.plan.time_zone)
                .unwrap_or(jiff::tz::TimeZone::UTC),
        }
    }

    fn outcome(self) -> Outcome {
        Outcome {
            sums: self.sums,
            report: self.report,
            people: self.people,
            left: self.left,
            homes: self.homes,
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
        self.homes.add(&other.homes);
    }

    /// All rows whose documents are among some, and those documents.
    fn rows_of(
        &mut self,
        wanted: &Wanted,
        mut own: DocumentsOfPart,
        rows: &Rows,
    ) -> Result<(), RunError> {
        self.services(wanted, &mut own, &rows.services)?;
        self.customers(wanted, &mut own, &rows.customers)?;
        self.orders(wanted, &mut own, &rows.orders)?;
        let (taken, left) = own.finish(wanted);
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
        self.common.rejects.has(row)
    }

    /// Whether the person a document was about is forgotten: nothing is left to compare, and that is as it should be.
    fn is_forgotten(&mut self, document: &Found<'_>) -> bool {
        let is_forgotten = document.view().erasure().is_some();
        self.report.edited_since += u64::from(is_forgotten);
        is_forgotten
    }

    /// Names of the legacy fields of a table, worked out once.
    fn slugs(&mut self, table: &StagedTable) -> Rc<Slugs> {
        let known = self.slugs.entry(table.sql_name().to_owned());
        Rc::clone(known.or_insert_with(|| Rc::new(Slugs::of(table))))
    }

    /// Every cell of the row must be among some legacy values as it stands.
    fn raw_values(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
        kept: Below<'_, '_>,
    ) {
        let slugs = self.slugs(row.table);
        let mut kept = kept.ascending();
        for index in slugs.in_order.iter().copied() {
            let cell = row.cell_at(index);
            let column = row.table.schema.columns[index].name.as_str();
            let versions = kept.versions(&slugs.names[index]);
            self.look_at(document, versions);
            match (cell, document.value_of(versions)) {
                (Cell::Null, Imported::Absent | Imported::Edited) => {}
                (cell, Imported::Value(found)) => {
                    if !cell.is(found) {
                        self.differ(
                            row,
                            key,
                            column,
                            format!("{cell:?} in the source, {found:?} at the target"),
                        );
                    }
                }
                (cell, Imported::Absent | Imported::Edited) => self.differ(
                    row,
                    key,
                    column,
                    format!("{cell:?} in the source, nothing at the target"),
                ),
            }
        }
    }

    /// The other direction within a document: the importer has written no field that was not looked at.
    fn no_other_values(&mut self, row: &SourceRow<'_>, key: &str, document: &Found<'_>) {
        let looked_at = std::mem::take(&mut self.looked_at);
        let was_looked_at = |versions: &[VersionView<'_>]| {
            let place = document.view().place_of(versions);
            place.is_some_and(|place| looked_at.get(place) == Some(&true))
        };
        for (name, value) in document.imported_fields_but(was_looked_at) {
            let found = Imported::Value(value);
            let what = format!("expected {:?}, found {found:?}", None::<ValueView<'_>>);
            self.differ(row, key, &String::from_utf8_lossy(name), what);
        }
        self.looked_at = looked_at;
    }

    /// Notes that a field of the document under comparison was looked at.
    fn look_at<'d>(&mut self, document: &Found<'d>, versions: &[VersionView<'d>]) {
        let Some(place) = document.view().place_of(versions) else {
            return;
        };
        if self.looked_at.len() <= place {
            self.looked_at.resize(place + 1, false);
        }
        self.looked_at[place] = true;
    }

    fn expect(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
        field: &str,
        expected: Option<ValueView<'_>>,
    ) {
        self.expect_of(row, key, document, &Part::of(document, ""), field, expected);
    }

    /// The same of a field of a part.
    fn expect_of(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
        part: &Part<'_, '_>,
        name: &str,
        expected: Option<ValueView<'_>>,
    ) {
        let versions = part.fields.versions(name);
        self.look_at(document, versions);
        match document.value_of(versions) {
            Imported::Edited => self.report.edited_since += 1,
            Imported::Absent if expected.is_none() => {}
            Imported::Value(found) if Some(found) == expected => {}
            found => self.differ(
                row,
                key,
                &format!("{part}{name}"),
                format!("expected {expected:?}, found {found:?}"),
            ),
        }
    }

    fn services(
        &mut self,
        wanted: &Wanted,
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
            let kind = shared::domain::fields::kind::SERVICE;
            let found = self.find(wanted, own, row, (std::slice::from_ref(key), kind))?;
            let Some((key, document)) = found else {
                continue;
            };
            let expected = Some(ValueView::Text(&label));
            self.expect(row, &key, &document, "name/de", expected);
            let code = format!("{}/{key}", self.plan.source_name);
            let code = Some(ValueView::Text(&code));
            self.expect(row, &key, &document, "code", code);
            let active = Some(ValueView::Bool(false));
            self.expect(row, &key, &document, "active", active);
            let price = row.cell(services.price.as_ref()).given();
            let price = price.and_then(expect::hundredths);
            let price = price.map(|minor| self.money(minor));
            let path = format!("price/{}/", self.plan.currency.to_lowercase());
            let prices = Part::of(&document, &path);
            self.expect_of(row, &key, &document, &prices, PRICES_SINCE, price);
            let place = self.place_of_service(row).map(ValueView::Int);
            self.expect(row, &key, &document, "sort", place);
            self.raw_values(row, &key, &document, document.view().below("legacy/"));
            self.no_other_values(row, &key, &document);
        }
        Ok(())
    }

    fn customers(
        &mut self,
        wanted: &Wanted,
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
            let kind = shared::domain::fields::kind::CUSTOMER;
            let found = self.find(wanted, own, row, (&customers.key, kind))?;
            let Some((key, document)) = found else {
                continue;
            };
            if self.is_forgotten(&document) {
                continue;
            }
            self.contact(row, &key, row, &document, &customers.contact);
            self.home_of_customer(row, &document);
            self.raw_values(row, &key, &document, document.view().below("legacy/"));
            self.no_other_values(row, &key, &document);
        }
        Ok(())
    }

    /// The contact fields of a document against the row that holds the contact.
    fn contact(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        holder: &SourceRow<'_>,
        document: &Found<'_>,
        columns: &ContactColumns,
    ) {
        let country = &self.plan.country;
        let customers = self.plan.customers.as_ref();
        let is_customer = customers.is_some_and(|table| {
            crate::source::schema::same_name(&table.table, &holder.table.schema.name)
        });
        let phones = is_customer.then_some(self.common.phones);
        for (field, expected) in expect::contact(holder, columns, country, phones) {
            let expected = expected.as_deref().map(ValueView::Text);
            self.expect(row, key, document, field, expected);
        }
    }

    /// The document of a row, of the kind it must be, counted as what it is. `None`: there is none to compare, which is noted unless the row was
    /// rejected or another portion brings it.
    fn find<'d>(
        &mut self,
        wanted: &Wanted,
        own: &'d mut DocumentsOfPart,
        row: &SourceRow<'_>,
        (key, kind): (&[String], &str),
    ) -> Result<Option<(String, Found<'d>)>, RunError> {
        self.looked_at.clear();
        let table = row.table.schema.name.clone();
        let own_key = row.key(key);
        let is_doubled = own_key.is_some() && self.is_doubled(row);
        let found = match own_key {
            Some(key) if !is_doubled => {
                let id = naming::document_id(&self.plan.source_name, &table, &key);
                own.take(wanted, id).map(|document| (key, document))
            }
            _ => None,
        };
        if self.is_of_another_portion(row)? {
            self.count(&table, Fate::Excluded);
            return Ok(None);
        }
        match (&found, self.is_rejected(row)) {
            // The document is of a former state of the row, which is rejected as it is now.
            (Some((key, document)), true) if self.common.rejects.is_at_target(row) => {
                self.lead_to_person(key, document);
                self.count(&table, Fate::Rejected);
                return Ok(None);
            }
            (Some((key, document)), false) => {
                self.count(&table, Fate::Migrated);
                if document.view().kind() != kind {
                    self.differ(row, key, "", "the document is of another kind");
                }
                // An erasure takes along what is said of the row.
                let is_erased = document.view().erasure().is_some();
                if !is_erased && !document.names_row(&self.plan.source_name, &table, key) {
                    self.differ(row, key, "", "the document says that it is of another row");
                }
                let mark = shared::domain::fields::import::GONE_SINCE;
                if let Imported::Value(_) = document.value(mark) {
                    self.differ(row, key, mark, "the document says that its row is missing");
                }
            }
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
            (None, true) => {
                self.count(&table, Fate::Rejected);
                if !is_doubled && self.common.rejects.is_for_its_key(row) {
                    let key = row.key(key).unwrap_or_default();
                    let what = "it is listed as rejected for its key, which no row before it has";
                    self.differ(row, &key, "", what);
                }
            }
            (None, false) => {
                let key = row.key(key).unwrap_or_default();
                let what = if is_doubled {
                    "another row has its key, and it is not among the rejects"
                } else {
                    "the row is neither at the target nor among the rejects"
                };
                self.differ(row, &key, "", what);
            }
        }
        Ok(found)
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

    /// The other direction: no document of this source may be there that no row led to, unless it says itself that its row is
    /// gone.
    fn nothing_else(&mut self, people: &[Person], left: &[Left]) {
        let people: HashSet<shared::id::DocumentId> =
            people.iter().map(|person| person.id).collect();
        // People of orders that another portion brings are led to by those.
        let has_others = !self.plan.portion.is_whole() && self.plan.customers.is_none();
        for document in left {
            let is_customer = document.kind == shared::domain::fields::kind::CUSTOMER;
            if is_customer && (has_others || people.contains(&document.id))
                || document.kind == shared::domain::fields::kind::BRANCH
            {
                continue;
            }
            if document.is_gone {
                self.report.gone += 1;
                continue;
            }
            self.report.differ(
                &document.kind,
                &document.id.to_string(),
                "",
                "a document of this source to which no row leads".to_owned(),
            );
        }
    }
}

/// The names of the legacy fields of a table.
struct Slugs {
    /// By column.
    names: Vec<String>,
    /// The columns in the ascending order of their names.
    in_order: Vec<usize>,
}

impl Slugs {
    fn of(table: &StagedTable) -> Self {
        let names = naming::slugs(&table.schema);
        let mut in_order: Vec<usize> = (0..names.len()).collect();
        in_order.sort_by_key(|index| &names[*index]);
        Self { names, in_order }
    }
}

/// From when the price of a legacy service holds.
const PRICES_SINCE: &str = "2000-01-01";
