//! Orders and their lines, checked.

use std::rc::Rc;
use std::sync::LazyLock;

use shared::clock::UtcMillis;
use shared::document::Value;
use shared::document::view::ValueView;
use shared::domain::fields;

use super::ahead::Ahead;
use super::documents::{DocumentsOfPart, Found, Imported, Wanted};
use super::homes::Expected;
use super::parts::OrderRow;
use super::pieces::{Part, Pieces};
use super::{Check, Person, SourceRow, expect};
use crate::ledger::Fate;
use crate::naming;
use crate::plan::{Choices, Lines};
use crate::run::RunError;
use crate::staging::StagedTable;

impl<'a> Check<'a> {
    pub(super) fn orders(
        &mut self,
        wanted: &Wanted,
        own: &mut DocumentsOfPart,
        rows: &[OrderRow],
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(table) = self.table(&plan.orders.table) else {
            return Ok(());
        };
        let lines = plan
            .lines
            .as_ref()
            .and_then(|lines| Some((lines, self.table(&lines.table)?)));
        let mut orders_ahead = Ahead::of(table);
        let mut lines_ahead = lines.and_then(|(lines, table)| {
            let column = table.schema.column_index(lines.order.0.first()?)?;
            Some((Ahead::of(table), column))
        });
        for (index, order) in rows.iter().enumerate() {
            let Some(row) = &orders_ahead.row_of(self, &rows[index..])? else {
                continue;
            };
            // Lines name their order by its key, so they are those of the row that it belongs to.
            let key = row.key(&plan.orders.key);
            let line_rows = match (&lines, key.filter(|_| !self.is_doubled(row))) {
                (Some(_), Some(key)) if self.common.ways.lines_are_level => {
                    match (order.first_line, &mut lines_ahead) {
                        (0, _) | (_, None) => Vec::new(),
                        (first, Some((ahead, column))) => {
                            ahead.rows_while(self, first, *column, &key)?
                        }
                    }
                }
                (Some((lines, table)), Some(key)) => {
                    let rows = self.rows_where(table, &lines.order.0, &key)?;
                    Rc::try_unwrap(rows).unwrap_or_else(|rows| rows.to_vec())
                }
                _ => Vec::new(),
            };
            self.order_with_lines(wanted, own, row, lines.map(|(lines, _)| lines), &line_rows)?;
        }
        Ok(())
    }

    fn order_with_lines(
        &mut self,
        wanted: &Wanted,
        own: &mut DocumentsOfPart,
        row: &SourceRow<'a>,
        lines: Option<&Lines>,
        line_rows: &[SourceRow<'a>],
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let table = &row.table.schema.name;
        for line in line_rows {
            self.see(line);
        }
        let excluded = plan
            .orders
            .exclude_where
            .iter()
            .any(|rule| row.cell(Some(&rule.column)).text() == Some(&rule.equals));
        if excluded {
            self.count(table, Fate::Excluded);
            for line in line_rows {
                self.count(&line.table.schema.name, Fate::Excluded);
            }
            return self.lead_customer_home(row);
        }
        let found = self.find(wanted, own, row, (&plan.orders.key, fields::kind::ORDER))?;
        if self.is_of_another_portion(row)? {
            for line in line_rows {
                self.count(&line.table.schema.name, Fate::Excluded);
            }
            return self.lead_customer_home(row);
        }
        for line in line_rows {
            match (&found, self.is_rejected(line)) {
                (None, true) => self.count(&line.table.schema.name, Fate::Rejected),
                (Some(_), false) => self.count(&line.table.schema.name, Fate::Embedded),
                _ => self.differ(line, "", "", "the line and its order went different ways"),
            }
        }
        let Some((key, document)) = found else {
            return self.lead_customer_home(row);
        };
        if self.is_forgotten(&document) {
            self.lead_to_person(&key, &document);
            return self.lead_customer_home(row);
        }
        let held_by = self.order(row, &key, &document)?;
        self.lookups(row, &key, &document)?;
        self.raw_values(row, &key, &document, document.view().below("legacy/"));
        let pieces = Pieces::of(&document, held_by.as_deref());
        let total = match lines {
            Some(lines) => self.lines(lines, row, &key, &pieces, line_rows)?,
            None => self.only_line(row, &key, &pieces)?,
        };
        self.events(row, &key, &document, total);
        self.no_other_values(row, &key, &document);
        Ok(())
    }

    /// Lines that no order's row led to, and rows of lookups.
    pub(super) fn lines_without_orders(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        if let Some(table) = plan
            .lines
            .as_ref()
            .and_then(|lines| self.table(&lines.table))
        {
            let mut unseen = Vec::new();
            let places = format!("SELECT rowid FROM {} ORDER BY rowid", table.sql_name());
            let mut places = self.staging.connection().prepare(&places)?;
            let mut rows = places.query([])?;
            while let Some(row) = rows.next()? {
                let place: i64 = row.get(0)?;
                if !self.was_seen(table, place) {
                    unseen.push(place);
                }
            }
            for place in unseen {
                self.line_without_order(table, place);
            }
        }
        for lookup in &plan.lookup {
            let Some(table) = self.table(&lookup.table) else {
                continue;
            };
            self.each(table, |check, row| {
                let used = check.was_seen(table, row.rowid);
                check.count(
                    &table.schema.name,
                    if used { Fate::Embedded } else { Fate::Excluded },
                );
                Ok(())
            })?;
        }
        Ok(())
    }

    fn line_without_order(&mut self, table: &'a StagedTable, place: i64) {
        let row = SourceRow::at(table, place);
        if self.is_rejected(&row) {
            self.count(&table.schema.name, Fate::Rejected);
        } else {
            let what = "a line without an order that is not among the rejects";
            self.differ(&row, &format!("row {place}"), "", what);
        }
    }

    fn see(&self, row: &SourceRow<'_>) {
        self.common.seen.note(self.place_of(row.table), row.rowid);
    }

    fn was_seen(&self, table: &StagedTable, row: i64) -> bool {
        self.common.seen.has(self.place_of(table), row)
    }

    /// A table's place among all.
    pub(super) fn place_of(&self, table: &StagedTable) -> usize {
        let mut tables = self.staging.tables().iter();
        tables
            .position(|other| other.sql_name() == table.sql_name())
            .unwrap_or(usize::MAX)
    }

    /// What an order's own row says, but for its pieces, lines and payments. Who must hold its pieces, as stored, unless staff
    /// have changed what that follows from.
    fn order(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
    ) -> Result<Option<String>, RunError> {
        let plan = self.plan;
        let orders = &plan.orders;
        let dates = |column: &Option<String>| {
            row.cell(column.as_ref())
                .given()
                .and_then(|text| expect::date(text, self.date_words(column.as_ref())))
        };
        let received = dates(&orders.received);
        let promised = dates(&orders.promised).map(|local| Value::from(local.date()));
        let finished = orders.status.is_none() && dates(&orders.finished).is_some();
        let instant = received
            .and_then(|local| local.to_zoned(self.zone.clone()).ok())
            .map(|zoned| ValueView::Instant(UtcMillis::from(zoned.timestamp())));
        self.expect(row, key, document, "received_at", instant);
        let promised = promised.as_ref().map(ValueView::from);
        self.expect(row, key, document, "promised_on", promised);
        let vat =
            received.and_then(|local| plan.vat.iter().rfind(|rate| rate.from <= local.date()));
        self.expect(
            row,
            key,
            document,
            "vat_basis_points",
            vat.map(|rate| ValueView::Int(rate.basis_points)),
        );
        let code = vat.map(|rate| format!("{}-{}", plan.country, rate.basis_points));
        let code = code.as_deref().map(ValueView::Text);
        self.expect(row, key, document, "vat_code", code);
        self.expect(
            row,
            key,
            document,
            "number/source",
            Some(ValueView::Text(&plan.source_name)),
        );

        let status = if finished {
            Some("done".to_owned())
        } else {
            self.choice(row, &plan.status, orders.status.as_ref())?
        };
        let held_by = status
            .as_deref()
            .and_then(|status| held_by(status, document));
        let status = status.as_deref().map(ValueView::Text);
        self.expect(row, key, document, "status", status);
        let priority = self.choice(row, &plan.priority, orders.priority.as_ref())?;
        let priority = priority.as_deref().map(ValueView::Text);
        self.expect(row, key, document, "priority", priority);
        for (column, field) in [
            (&orders.number, fields::order::LEGACY_NUMBER),
            (&orders.note, fields::order::NOTE),
        ] {
            let text = row.cell(column.as_ref()).text();
            let text = text.filter(|text| !text.is_empty());
            self.expect(row, key, document, field, text.map(ValueView::Text));
        }
        let currency = Some(ValueView::Text(&plan.currency));
        self.expect(row, key, document, fields::order::CURRENCY, currency);
        self.branches(row, key, document);
        self.customer(row, key, document)?;
        Ok(held_by)
    }

    /// Notes the order's branches; what they are called is known once the whole target was read.
    fn branches(&mut self, row: &SourceRow<'_>, key: &str, document: &Found<'_>) {
        let named = self.branch_named_by(row);
        for field in [fields::order::HOME, fields::order::PICKUP] {
            let versions = document.view().versions(field);
            self.look_at(document, versions);
            let (at, expected) = match document.value_of(versions) {
                Imported::Edited => {
                    self.report.edited_since += 1;
                    (document.view().newest(field), Expected::WhatStaffSay)
                }
                Imported::Value(value) => (Some(value), Expected::Named(named.cloned())),
                Imported::Absent => (None, Expected::Named(named.cloned())),
            };
            let at = at.and_then(ValueView::as_id);
            let row = (row.table.schema.name.as_str(), key);
            self.homes.note(field, at, expected, row);
        }
    }

    fn customer(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let linked = document
            .view()
            .newest(fields::order::CUSTOMER)
            .and_then(ValueView::as_id);
        if let (Some(customers), Some(columns)) = (&plan.customers, &plan.orders.customer) {
            let found = match (row.key(&columns.0), self.table(&customers.table)) {
                (Some(reference), Some(table)) => {
                    self.rows_where(table, &customers.key, &reference)?
                }
                _ => Rc::default(),
            };
            if let Some(holder) = found.first() {
                let id = naming::document_id(
                    &plan.source_name,
                    &holder.table.schema.name,
                    &holder.key(&customers.key).unwrap_or_default(),
                );
                self.expect(
                    row,
                    key,
                    document,
                    "customer",
                    Some(ValueView::Id(id.as_uuid())),
                );
                self.contact(row, key, holder, document, &customers.contact);
                let branch = self.branch_named_by(row);
                self.common.homes.note(holder.rowid, row.rowid, branch);
                return Ok(());
            }
            self.expect(row, key, document, "customer", None);
        } else if plan.customers.is_none() && !plan.orders.contact.is_empty() {
            // Where there is a table of customers, nobody else becomes one.
            self.look_at(document, document.view().versions(fields::order::CUSTOMER));
            match linked {
                Some(id) => self.people.push(Person::of(id, key, document)),
                None => self.differ(row, key, "customer", "no customer is linked"),
            }
        }
        self.contact(row, key, row, document, &plan.orders.contact);
        Ok(())
    }

    pub(super) fn choice(
        &self,
        row: &SourceRow<'_>,
        choices: &Choices,
        column: Option<&String>,
    ) -> Result<Option<String>, RunError> {
        let Some(given) = row.cell(column).given() else {
            return Ok(choices.default.clone());
        };
        let name = match (&choices.table, &choices.key, &choices.name) {
            (Some(table), Some(key), Some(name)) => {
                let found = self
                    .table(table)
                    .map(|table| self.rows_where(table, std::slice::from_ref(key), given))
                    .transpose()?
                    .unwrap_or_default();
                found
                    .first()
                    .and_then(|found| found.cell(Some(name)).text().map(str::to_owned))
                    .unwrap_or_default()
            }
            _ => row.cell(column).text().unwrap_or_default().to_owned(),
        };
        Ok(choices
            .map
            .get(&name)
            .or_else(|| choices.map.get(name.trim()))
            .cloned())
    }

    fn lookups(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found<'_>,
    ) -> Result<(), RunError> {
        for lookup in &self.plan.lookup {
            let (Some(reference), Some(table)) = (
                row.cell(Some(&lookup.column)).text(),
                self.table(&lookup.table),
            ) else {
                continue;
            };
            let found = self.rows_where(table, std::slice::from_ref(&lookup.key), reference)?;
            let text = found
                .first()
                .and_then(|found| found.cell(Some(&lookup.text)).text().map(str::to_owned));
            let slug = row
                .table
                .schema
                .column_index(&lookup.column)
                .map(|index| self.slugs(row.table).names[index].clone());
            let (Some(text), Some(slug), Some(found)) = (text, slug, found.first()) else {
                continue;
            };
            self.see(found);
            let looked_up = Part::of(document, "legacy/lookup/");
            let text = Some(ValueView::Text(&text));
            self.expect_of(row, key, document, &looked_up, &slug, text);
        }
        Ok(())
    }

    /// How the dates of a column are written.
    pub(super) fn date_words(&self, column: Option<&String>) -> &'a [String] {
        static USUAL: LazyLock<[String; 1]> = LazyLock::new(|| ["2024-12-31".to_owned()]);
        let words = column.and_then(|column| self.plan.orders.date_formats.get(column));
        words.map_or(USUAL.as_slice(), Vec::as_slice)
    }
}

/// Who holds the pieces of an order as it was imported: of what is done or called off the customer. None when staff have moved it.
fn held_by(status: &str, document: &Found<'_>) -> Option<String> {
    let home = match document.value(fields::order::HOME) {
        Imported::Value(value) => value.as_id()?,
        Imported::Absent | Imported::Edited => return None,
    };
    Some(match status.split('/').next() {
        Some("done" | "cancelled") => "customer".to_owned(),
        Some("in_work") => format!("workshop/{home}"),
        _ => format!("branch/{home}"),
    })
}
