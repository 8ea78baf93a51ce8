//! Orders and their lines, checked.

use std::collections::HashSet;

use shared::clock::UtcMillis;
use shared::document::{Currency, Value};
use shared::domain::{Money, Order, fields};

use super::documents::{Documents, Found};
use super::{Cell, Check, SourceRow, expect};
use crate::ledger::Fate;
use crate::naming;
use crate::plan::{Choices, Lines, PaidIs};
use crate::run::RunError;
use crate::staging::StagedTable;

impl<'a> Check<'a> {
    pub(super) fn orders(&mut self, documents: &mut Documents<'_>) -> Result<(), RunError> {
        let plan = self.plan;
        let Some(table) = self.table(&plan.orders.table) else {
            return Ok(());
        };
        let lines = plan
            .lines
            .as_ref()
            .and_then(|lines| Some((lines, self.table(&lines.table)?)));
        let mut seen_lines: HashSet<i64> = HashSet::new();
        let mut seen_lookups: HashSet<(String, i64)> = HashSet::new();
        self.each(table, |check, row| {
            let line_rows = match (&lines, row.key(&plan.orders.key)) {
                (Some((lines, table)), Some(key)) => {
                    check.rows_where(table, &lines.order.0, &key)?
                }
                _ => Vec::new(),
            };
            seen_lines.extend(line_rows.iter().map(|line| line.rowid));
            let excluded = plan
                .orders
                .exclude_where
                .iter()
                .any(|rule| row.cell(Some(&rule.column)).text() == Some(&rule.equals));
            if excluded {
                check.count(&table.schema.name, Fate::Excluded);
                for line in &line_rows {
                    check.count(&line.table.schema.name, Fate::Excluded);
                }
                return Ok(());
            }
            let found = check.find(documents, row, &plan.orders.key)?;
            if check.is_of_another_portion(row)? {
                for line in &line_rows {
                    check.count(&line.table.schema.name, Fate::Excluded);
                }
                return Ok(());
            }
            for line in &line_rows {
                match (&found, check.is_rejected(line)) {
                    (None, true) => check.count(&line.table.schema.name, Fate::Rejected),
                    (Some(_), false) => check.count(&line.table.schema.name, Fate::Embedded),
                    _ => check.differ(line, "", "", "the line and its order went different ways"),
                }
            }
            let Some((key, document)) = found else {
                return Ok(());
            };
            if check.is_forgotten(&document) {
                return Ok(());
            }
            check.order(documents, row, &key, &document)?;
            check.lookups(row, &key, &document, &mut seen_lookups)?;
            let mut expected = check.raw_values(row, &key, &document, "legacy/");
            match &lines {
                Some((lines, _)) => {
                    expected.extend(check.lines(lines, row, &key, &document, &line_rows)?);
                }
                None => check.only_line(row, &key, &document)?,
            }
            check.no_other_raw_values(row, &key, &document, &expected);
            Ok(())
        })?;
        if let Some((_, table)) = lines {
            self.orphan_lines(table, &seen_lines)?;
        }
        for lookup in &plan.lookup {
            let Some(table) = self.table(&lookup.table) else {
                continue;
            };
            self.each(table, |check, row| {
                let used = seen_lookups.contains(&(table.schema.name.clone(), row.rowid));
                check.count(
                    &table.schema.name,
                    if used { Fate::Embedded } else { Fate::Excluded },
                );
                Ok(())
            })?;
        }
        Ok(())
    }

    fn orphan_lines(
        &mut self,
        table: &'a StagedTable,
        seen: &HashSet<i64>,
    ) -> Result<(), RunError> {
        self.each(table, |check, line| {
            if !seen.contains(&line.rowid) {
                if check.is_rejected(line) {
                    check.count(&table.schema.name, Fate::Rejected);
                } else {
                    check.differ(
                        line,
                        "",
                        "",
                        "a line without an order that is not among the rejects",
                    );
                }
            }
            Ok(())
        })
    }

    fn order(
        &mut self,
        documents: &mut Documents<'_>,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let orders = &plan.orders;
        let dates = |column: &Option<String>| {
            let words = column
                .as_ref()
                .and_then(|column| plan.orders.date_formats.get(column));
            let words = words
                .cloned()
                .unwrap_or_else(|| vec!["2024-12-31".to_owned()]);
            row.cell(column.as_ref())
                .given()
                .and_then(|text| expect::date(text, &words))
        };
        let received = dates(&orders.received);
        let zone = jiff::tz::TimeZone::get(&plan.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let instant = received
            .and_then(|local| local.to_zoned(zone).ok())
            .map(|zoned| UtcMillis::from(zoned.timestamp()));
        self.expect(
            row,
            key,
            document,
            "received_at",
            instant.map(Value::from).as_ref(),
        );
        let promised = dates(&orders.promised).map(|local| Value::from(local.date()));
        self.expect(row, key, document, "promised_on", promised.as_ref());
        let vat =
            received.and_then(|local| plan.vat.iter().rfind(|rate| rate.from <= local.date()));
        self.expect(
            row,
            key,
            document,
            "vat_basis_points",
            vat.map(|rate| Value::Int(rate.basis_points)).as_ref(),
        );
        self.expect(
            row,
            key,
            document,
            "number/source",
            Some(&plan.source_name.as_str().into()),
        );

        let finished = orders.status.is_none() && dates(&orders.finished).is_some();
        let status = if finished {
            Some("done".to_owned())
        } else {
            self.choice(row, &plan.status, orders.status.as_ref())?
        };
        self.expect(
            row,
            key,
            document,
            "status",
            status.map(Value::from).as_ref(),
        );
        let priority = self.choice(row, &plan.priority, orders.priority.as_ref())?;
        self.expect(
            row,
            key,
            document,
            "priority",
            priority.map(Value::from).as_ref(),
        );
        for (column, field) in [
            (&orders.number, fields::order::LEGACY_NUMBER),
            (&orders.note, fields::order::NOTE),
        ] {
            let text = row
                .cell(column.as_ref())
                .text()
                .filter(|text| !text.is_empty());
            self.expect(row, key, document, field, text.map(Value::from).as_ref());
        }
        self.branch(documents, row, key, document);
        self.customer(documents, row, key, document)
    }

    fn branch(
        &mut self,
        documents: &Documents<'_>,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
    ) {
        let expected = self.branch_named_by(row);
        let home = document
            .document
            .newest(fields::order::HOME)
            .and_then(|value| value.as_id());
        let home = home.map(|id| id.to_string()).unwrap_or_default();
        let name = documents
            .branches
            .get(&home)
            .cloned()
            .unwrap_or_else(|| home.clone());
        let fits = expected.is_some_and(|expected| {
            expected.eq_ignore_ascii_case(&home) || expected.to_lowercase() == name.to_lowercase()
        });
        if !fits {
            self.differ(
                row,
                key,
                "branch/home",
                format!("expected {expected:?}, found {name}"),
            );
        }
        *self.report.orders_by_branch.entry(name).or_default() += 1;
    }

    fn customer(
        &mut self,
        documents: &mut Documents<'_>,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
    ) -> Result<(), RunError> {
        let plan = self.plan;
        let linked = document
            .document
            .newest(fields::order::CUSTOMER)
            .and_then(|value| value.as_id());
        if let (Some(customers), Some(columns)) = (&plan.customers, &plan.orders.customer) {
            let found = match (row.key(&columns.0), self.table(&customers.table)) {
                (Some(reference), Some(table)) => {
                    self.rows_where(table, &customers.key, &reference)?
                }
                _ => Vec::new(),
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
                    Some(&Value::Id(id.as_uuid())),
                );
                self.contact(row, key, holder, document, &customers.contact);
                return Ok(());
            }
            self.expect(row, key, document, "customer", None);
        } else if !plan.orders.contact.is_empty() {
            match linked {
                Some(id) => {
                    self.people.insert(id);
                    let name = |found: &Found| match found.value("contact/name") {
                        super::documents::Imported::Value(value) => {
                            value.as_text().unwrap_or_default().trim().to_lowercase()
                        }
                        _ => String::new(),
                    };
                    match documents.take(id)? {
                        None => self.differ(
                            row,
                            key,
                            "customer",
                            "the linked customer is not at the target",
                        ),
                        Some(person) if name(&person) != name(document) => {
                            self.differ(
                                row,
                                key,
                                "customer",
                                "the linked customer bears another name",
                            );
                        }
                        Some(_) => {}
                    }
                }
                None => self.differ(row, key, "customer", "no customer is linked"),
            }
        }
        self.contact(row, key, row, document, &plan.orders.contact);
        Ok(())
    }

    fn choice(
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
        document: &Found,
        seen: &mut HashSet<(String, i64)>,
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
                .map(|index| self.slugs(row.table)[index].clone());
            let (Some(text), Some(slug), Some(found)) = (text, slug, found.first()) else {
                continue;
            };
            seen.insert((table.schema.name.clone(), found.rowid));
            self.expect(
                row,
                key,
                document,
                &format!("legacy/lookup/{slug}"),
                Some(&text.into()),
            );
        }
        Ok(())
    }

    fn lines(
        &mut self,
        plan: &Lines,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        line_rows: &[SourceRow<'a>],
    ) -> Result<HashSet<String>, RunError> {
        let mut expected = HashSet::new();
        let lines = document.imported_lines();
        if lines.len() != line_rows.len() {
            self.differ(
                row,
                key,
                "lines",
                format!(
                    "{} lines in the source, {} at the target",
                    line_rows.len(),
                    lines.len()
                ),
            );
        }
        for (line_row, (item, line)) in line_rows.iter().zip(lines) {
            expected.extend(self.raw_values(
                line_row,
                key,
                document,
                &format!("legacy/lines/{line}/"),
            ));
            let (label, list_price) = self.service(line_row.cell(plan.service.as_ref()))?;
            let text =
                |column: &Option<String>| line_row.cell(column.as_ref()).given().map(str::to_owned);
            let price = match text(&plan.price) {
                Some(price) => expect::line_hundredths(
                    &price,
                    text(&plan.quantity).as_deref(),
                    text(&plan.discount).as_deref(),
                ),
                None => list_price.or(Some(0)),
            };
            self.line(line_row, key, document, (&item, &line), &label, price);
            let piece = line_row.cell(plan.item.as_ref()).text();
            if let Some(piece) = piece.filter(|text| !text.is_empty()) {
                let field = format!("items/{item}/label");
                self.expect(line_row, key, document, &field, Some(&piece.into()));
            }
        }
        Ok(expected)
    }

    /// What a line is called and what it costs; what staff have changed of it is theirs.
    fn line(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
        (item, line): (&str, &str),
        label: &str,
        hundredths: Option<i64>,
    ) {
        let field = |name: &str| format!("items/{item}/lines/{line}/{name}");
        self.expect(row, key, document, &field("label"), Some(&label.into()));
        let currency = Currency::new(&self.plan.currency).unwrap_or(Currency::CHF);
        let price = hundredths.map(|minor| Value::Money { minor, currency });
        self.expect(row, key, document, &field("price"), price.as_ref());
    }

    /// An order without lines of its own has one line, made of its own columns.
    fn only_line(
        &mut self,
        row: &SourceRow<'_>,
        key: &str,
        document: &Found,
    ) -> Result<(), RunError> {
        let orders = &self.plan.orders;
        let Some(order) = Order::of(&document.document) else {
            self.differ(row, key, "", "the document is no order");
            return Ok(());
        };
        let (label, list_price) = match row
            .cell(orders.service.as_ref())
            .text()
            .filter(|text| !text.is_empty())
        {
            Some(_) => self.service(row.cell(orders.service.as_ref()))?,
            None => (String::new(), None),
        };
        let stated = row.cell(orders.price.as_ref()).given();
        let price = match stated {
            Some(text) => expect::hundredths(text),
            None => list_price,
        };
        let expected = price.unwrap_or(0);
        let lines = document.imported_lines();
        match lines.first() {
            None if label.is_empty() && price.is_none() => {}
            None => self.differ(
                row,
                key,
                "line",
                format!("expected {label:?} at {expected} hundredths, found no line"),
            ),
            Some((item, line)) => {
                self.line(row, key, document, (item, line), &label, Some(expected));
            }
        }
        if let Some(piece) = row
            .cell(orders.item.as_ref())
            .text()
            .filter(|text| !text.is_empty())
        {
            let labels = document
                .document
                .fields()
                .keys()
                .map(shared::document::Field::as_str);
            let mut labels = labels.filter(|name| {
                name.starts_with("items/")
                    && name.matches('/').count() == 2
                    && name.ends_with("/label")
            });
            let label = labels.next().unwrap_or_default().to_owned();
            self.expect(row, key, document, &label, Some(&piece.into()));
        }
        let currency = Currency::new(&self.plan.currency).unwrap_or(Currency::CHF);
        let paid = match (orders.paid_is, row.cell(orders.paid.as_ref()).given()) {
            (_, None) => 0,
            (PaidIs::Amount, Some(text)) => expect::hundredths(text).unwrap_or(0),
            (PaidIs::Flag, Some(text)) => {
                let yes = [
                    "1", "ja", "j", "yes", "y", "true", "wahr", "oui", "si", "sì", "x",
                ];
                if yes.contains(&text.to_lowercase().as_str()) {
                    expected
                } else {
                    0
                }
            }
        };
        let imported: i64 = order
            .payments
            .iter()
            .filter(|payment| payment.by.is_none())
            .map(|payment| payment.amount.minor)
            .sum();
        if Money::new(imported, currency).minor != paid {
            self.differ(
                row,
                key,
                "paid",
                format!("expected {paid} hundredths, found {imported}"),
            );
        }
        Ok(())
    }

    /// The name and list price of a service, by its text or key.
    fn service(&self, cell: &Cell) -> Result<(String, Option<i64>), RunError> {
        let Some(raw) = cell.text() else {
            return Ok((String::new(), None));
        };
        let services = self.plan.services.as_ref();
        let (Some(services), Some((table, key, name))) = (
            services,
            services.and_then(|services| {
                Some((
                    services.table.as_ref()?,
                    services.key.as_ref()?,
                    services.name.as_ref()?,
                ))
            }),
        ) else {
            return Ok((raw.to_owned(), None));
        };
        let found = self
            .table(table)
            .map(|table| self.rows_where(table, std::slice::from_ref(key), raw))
            .transpose()?
            .unwrap_or_default();
        Ok(match found.first() {
            None => (raw.to_owned(), None),
            Some(found) => {
                let price = found
                    .cell(services.price.as_ref())
                    .given()
                    .and_then(expect::hundredths);
                (
                    found.cell(Some(name)).text().unwrap_or_default().to_owned(),
                    price,
                )
            }
        })
    }
}
