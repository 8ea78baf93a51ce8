//! Orders: one document per row, with its lines embedded, on three axes (work, custody, money).

mod cells;
mod lines;

use std::ops::Range;

use shared::clock::{Hlc, UtcMillis};
use shared::document::Authoring;
use shared::document::view::ValueView;
use shared::domain::{Contact, Money, PaymentMethod, StatusCode, VatCode, fields};
use shared::id::{BranchId, CustomerId};

use super::customer::write_contact;
use super::rows::{Raw, Source, SourceRow, Walk};
use super::shape::LinesAre;
use super::{ApplyError, Pass, Rejection, Stop, check_lengths, keep_raw, record_import};
use crate::interpret::dates;
use crate::ledger::Fate;
use crate::naming;
use crate::plan::Lines;
use lines::{Line, write_items};

/// A text that another table gives for one of the order's columns.
struct LookedUp {
    slug: String,
    text: String,
    table: usize,
    rowid: i64,
}

/// What an order's row says, read before anything is written.
struct ReadOrder<'r> {
    key: String,
    branch: BranchId,
    status: StatusCode,
    priority: Option<String>,
    received: Option<UtcMillis>,
    received_on: Option<jiff::civil::Date>,
    promised_on: Option<jiff::civil::Date>,
    contact: Contact,
    customer: Option<CustomerId>,
    lookups: Vec<LookedUp>,
    lines: Vec<Line<'r>>,
    paid: Option<Money>,
}

impl<'a> Pass<'a> {
    /// Rows of the orders' table.
    pub(super) fn orders(&mut self, places: Range<i64>) -> Result<(), ApplyError> {
        let plan = self.plan;
        let Some(source) = self.source(&plan.orders.table, &plan.orders.key) else {
            return Ok(());
        };
        let lines = plan
            .lines
            .as_ref()
            .and_then(|lines| Some((lines, self.source(&lines.table, &lines.key)?)));
        let level = self.shape.map(|shape| shape.lines);
        let mut walk: Option<Walk<'_>> = None;
        source.each_between(places, |row| {
            // Lines name their order by its key, so they are those of the row that it belongs to.
            let key = source.key_of(&row);
            let key = key.filter(|_| !self.doubled.has(source.place, row.rowid));
            let line_rows = match (&lines, key, level) {
                (Some((_, lines)), Some(key), Some(LinesAre::Level(column))) => {
                    let walk = match &mut walk {
                        Some(walk) => walk,
                        None => walk.insert(lines.walk(column, &key)?),
                    };
                    walk.take(&key)?
                }
                (Some((plan, lines)), Some(key), _) => lines.find_all(&plan.order.0, &key)?,
                _ => Vec::new(),
            };
            if let Some(shape) = self.shape {
                self.counter = shape.counters.before_order(row.rowid);
            }
            let lines = lines.as_ref().map(|(plan, lines)| (*plan, lines.as_ref()));
            let fate = self.order(&source, &row, lines, &line_rows)?;
            for line in &line_rows {
                let Some((_, lines)) = lines else { continue };
                match fate {
                    Fate::Migrated => self.ledger.decide(lines.place, line.rowid, Fate::Embedded),
                    Fate::Rejected => {
                        let rejection = Rejection::new("order_rejected", "its order is rejected");
                        self.reject(lines, line, &rejection);
                    }
                    other => self.ledger.decide(lines.place, line.rowid, other),
                }
            }
            Ok(())
        })
    }

    fn order(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        lines: Option<(&Lines, &Source<'a>)>,
        line_rows: &[SourceRow],
    ) -> Result<Fate, ApplyError> {
        let mut rules = self.plan.orders.exclude_where.iter();
        if rules
            .any(|rule| source.value(row, Some(&rule.column)).text() == Some(rule.equals.as_str()))
        {
            self.ledger.decide(source.place, row.rowid, Fate::Excluded);
            return Ok(Fate::Excluded);
        }
        if self.is_left_for_later(source, row) {
            self.leave_out(source, row);
            return Ok(Fate::Excluded);
        }
        if let Some(rejection) = self.doubled(source, row)? {
            self.reject(source, row, &rejection);
            return Ok(Fate::Rejected);
        }
        let made = self
            .read_order(source, row, lines, line_rows)
            .and_then(|order| self.write_order(source, row, lines.map(|(_, lines)| lines), &order));
        self.conclude(source, row, made)
    }

    /// Whether an order is outside the portion that this run brings. What it cannot be told of is not: it is rejected, and seen.
    fn is_left_for_later(&self, source: &Source<'_>, row: &SourceRow) -> bool {
        !self.plan.portion.has_table(&source.table.schema.name)
            || !self.is_order_of_portion(source, row)
    }

    /// Whether an order's branch and day are of this portion, whichever tables it brings.
    pub(super) fn is_order_of_portion(&self, source: &Source<'_>, row: &SourceRow) -> bool {
        let portion = &self.plan.portion;
        if !portion.limits_orders() {
            return true;
        }
        let is_other_branch = !portion.branches.is_empty()
            && self.branch_of(source, row).is_ok_and(|branch| {
                let mut wanted = portion.branches.iter();
                !wanted.any(|name| self.branch(name) == Some(branch))
            });
        !is_other_branch && portion.has_day(self.day_of(source, row))
    }

    /// The day an order was taken in, as far as it can be read.
    fn day_of(&self, source: &Source<'_>, row: &SourceRow) -> Option<jiff::civil::Date> {
        let column = self.plan.orders.received.as_ref()?;
        let text = source.value(row, Some(column)).trimmed()?;
        if dates::no_date(text).is_some() {
            return None;
        }
        Some(dates::read(text, &self.plan.date_shapes(column))?.date)
    }

    fn read_order<'r>(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        lines: Option<(&Lines, &Source<'a>)>,
        line_rows: &'r [SourceRow],
    ) -> Result<ReadOrder<'r>, Stop> {
        let plan = self.plan;
        let orders = &plan.orders;
        check_lengths(source, row)?;
        let key = source
            .key_of(row)
            .ok_or_else(|| Rejection::new("no_key", "its key is NULL"))?;
        let branch = self.branch_of(source, row)?;
        let status = self.status(source, row)?;
        let priority = self.choice(
            source,
            row,
            &plan.priority,
            orders.priority.as_ref(),
            "unknown_priority",
        )?;
        let received = self.date(source, row, orders.received.as_ref())?;
        let promised = self.date(source, row, orders.promised.as_ref())?;
        let received_at = received.map(|reading| self.instant(&reading)).transpose()?;
        let (contact, customer) = self.customer_of(source, row)?;
        let lookups = self.lookups(source, row)?;
        let lines = match lines {
            Some((plan, lines)) => self.lines(plan, lines, line_rows)?,
            None => self.only_line(source, row)?,
        };
        let paid = self.paid(source, row, &lines)?;
        Ok(ReadOrder {
            key,
            branch,
            status,
            priority,
            received: received_at,
            received_on: received.map(|reading| reading.date),
            promised_on: promised.map(|reading| reading.date),
            contact,
            customer,
            lookups,
            lines,
            paid,
        })
    }

    fn write_order(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        lines: Option<&Source<'a>>,
        order: &ReadOrder<'_>,
    ) -> Result<(), Stop> {
        let plan = self.plan;
        let table = &source.table.schema.name;
        let id = naming::document_id(&plan.source_name, table, &order.key);
        let customer = match order.customer {
            Some(customer) => Some(customer),
            None if plan.customers.is_none() && !plan.orders.contact.is_empty() => {
                Some(self.embedded_customer(&order.contact, &order.key, order.branch)?)
            }
            None => None,
        };
        let mut authoring = self.authoring(order.received.map_or(self.stamp, Hlc::at));
        let mut change = self.draft(id, fields::kind::ORDER);
        let number = source
            .value(row, plan.orders.number.as_ref())
            .text()
            .filter(|text| !text.is_empty());
        {
            let mut set = |name: &'static str, value: Option<ValueView<'_>>| {
                change.set_some(&mut authoring, name, value);
            };
            set(fields::order::LEGACY_NUMBER, number.map(ValueView::from));
            set(
                fields::order::LEGACY_SOURCE,
                Some(plan.source_name.as_str().into()),
            );
            set(fields::order::HOME, Some(order.branch.into()));
            set(fields::order::PICKUP, Some(order.branch.into()));
            set(fields::order::CUSTOMER, customer.map(ValueView::from));
            set(
                fields::order::STATUS,
                Some(order.status.code.as_str().into()),
            );
            set(
                fields::order::PRIORITY,
                order.priority.as_deref().map(ValueView::from),
            );
            set(
                fields::order::RECEIVED_AT,
                order.received.map(ValueView::from),
            );
            set(
                fields::order::PROMISED_ON,
                order.promised_on.map(ValueView::from),
            );
            set(fields::order::CURRENCY, Some(plan.currency.as_str().into()));
            let rate = order
                .received_on
                .and_then(|day| plan.vat.iter().rfind(|rate| rate.from <= day));
            set(
                fields::order::VAT_BASIS_POINTS,
                rate.map(|rate| ValueView::from(rate.basis_points)),
            );
            let code = rate.and_then(|rate| VatCode::new(&plan.country, rate.basis_points).ok());
            let code = code.map(|code| code.to_string());
            set(
                fields::order::VAT_CODE,
                code.as_deref().map(ValueView::from),
            );
            set(
                fields::order::NOTE,
                source
                    .value(row, plan.orders.note.as_ref())
                    .text()
                    .filter(|text| !text.is_empty())
                    .map(ValueView::from),
            );
        }
        write_contact(&mut change, &mut authoring, &order.contact);
        let item = source
            .value(row, plan.orders.item.as_ref())
            .text()
            .filter(|text| !text.is_empty());
        let counters = self.shape.map(|shape| shape.counters);
        write_items(&mut change, &mut authoring, item, order, lines, counters)?;
        for LookedUp { slug, text, .. } in &order.lookups {
            change
                .set_joined(&mut authoring, &["legacy/lookup/", slug], text.as_str())
                .map_err(|error| Rejection::new("field_name", error.to_string()))?;
        }
        keep_raw(&mut change, &mut authoring, source, row)?;
        change.record(
            &mut authoring,
            fields::event::RECEIVED,
            [("branch", order.branch.into())],
        );
        if let Some(paid) = order.paid {
            change.record(
                &mut authoring,
                fields::event::PAYMENT,
                [
                    ("amount", paid.into()),
                    ("method", PaymentMethod::Other.code().into()),
                    ("branch", order.branch.into()),
                ],
            );
        }
        // What was long ago bears the order's time; that it was brought over is of another day.
        let mut import = Authoring::new(self.actor, authoring.counter(), self.stamp, None);
        record_import(
            &mut change,
            &mut import,
            &plan.source_name,
            table,
            &order.key,
        );
        let mut rows = vec![(source.place, row.rowid)];
        if let Some(lines) = lines {
            rows.extend(
                order
                    .lines
                    .iter()
                    .filter_map(|line| Some((lines.place, line.row?.rowid))),
            );
        }
        self.produce(change, &import, rows)?;
        for lookup in &order.lookups {
            self.ledger
                .decide(lookup.table, lookup.rowid, Fate::Embedded);
        }
        Ok(())
    }

    /// The branch an order's row names, or a rule tells.
    pub(super) fn branch_of(
        &self,
        source: &Source<'_>,
        row: &SourceRow,
    ) -> Result<BranchId, Rejection> {
        let branches = &self.plan.branches;
        let mut rules = branches.rule.iter();
        let by_rule = rules.find(|rule| rule.holds(source.value(row, Some(&rule.column)).text()));
        self.branch_named(
            source.value(row, branches.column.as_ref()),
            by_rule.map(|rule| &rule.branch),
        )
    }

    /// The branch that a value stands for, else the one that a rule has told.
    pub(super) fn branch_named(
        &self,
        value: Raw<'_>,
        by_rule: Option<&String>,
    ) -> Result<BranchId, Rejection> {
        let branches = &self.plan.branches;
        let name = match (value.text(), value.trimmed()) {
            (Some(exact), _) if branches.map.contains_key(exact) => branches.map.get(exact),
            (_, Some(named)) => match branches.map.get(named).or(by_rule) {
                Some(name) => Some(name),
                None => {
                    return Err(Rejection::new(
                        "unknown_branch",
                        format!("the plan maps no branch to `{named}`"),
                    ));
                }
            },
            _ => by_rule.or(branches.default.as_ref()),
        };
        let name = name.ok_or_else(|| {
            Rejection::new(
                "no_branch",
                "it names no branch and the plan has no default",
            )
        })?;
        self.branch(name).ok_or_else(|| {
            Rejection::new("no_such_branch", format!("the hub has no branch {name}"))
        })
    }

    /// The contact of an order and its customer's document.
    fn customer_of(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
    ) -> Result<(Contact, Option<CustomerId>), Stop> {
        let plan = self.plan;
        if let (Some(customers), Some(columns)) = (&plan.customers, &plan.orders.customer)
            && let Some(table) = self.source(&customers.table, &customers.key)
            && let Some(key) = source.reference(row, &columns.0)
            && let Some(found) = table.find(&customers.key, &key)?
        {
            let contact = self.contact(&table, &found, &customers.contact);
            let id = table
                .key_of(&found)
                .map(|key| naming::document_id(&plan.source_name, &table.table.schema.name, &key));
            return Ok((contact, id.map(CustomerId)));
        }
        Ok((self.contact(source, row, &plan.orders.contact), None))
    }

    /// Texts of the tables that the order names.
    fn lookups(&mut self, source: &Source<'a>, row: &SourceRow) -> Result<Vec<LookedUp>, Stop> {
        let mut texts = Vec::new();
        for lookup in &self.plan.lookup {
            let Some(key) = source.value(row, Some(&lookup.column)).text() else {
                continue;
            };
            let Some(table) = self.source(&lookup.table, &[]) else {
                continue;
            };
            let Some(found) = table.find(std::slice::from_ref(&lookup.key), key)? else {
                continue;
            };
            let slug = source
                .table
                .schema
                .column_index(&lookup.column)
                .map(|index| source.slugs[index].clone());
            if let (Some(text), Some(slug)) = (table.value(&found, Some(&lookup.text)).text(), slug)
            {
                let (text, table, rowid) = (text.to_owned(), table.place, found.rowid);
                texts.push(LookedUp {
                    slug,
                    text,
                    table,
                    rowid,
                });
            }
        }
        Ok(texts)
    }
}
