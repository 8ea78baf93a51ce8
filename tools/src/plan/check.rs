//! Checks a plan against its source: every table and column it names is there, every value it maps to exists.

use std::fmt;

use shared::domain::Phase;

use super::{ContactColumns, Plan};
use crate::interpret::dates::Shape;
use crate::staging::Staging;

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Plan {
    /// Everything that is wrong with this plan for that source; empty when it can be run.
    pub fn problems(&self, staging: &Staging, sha256: &str) -> Vec<Problem> {
        let mut check = Check {
            staging,
            problems: Vec::new(),
        };
        if self.source_sha256 != sha256 {
            check.add(format!(
                "it was made for another source (sha256 {}, this one has {sha256}). Propose a new plan, or take the right file",
                self.source_sha256
            ));
        }
        self.check_settings(&mut check);
        let orders = &self.orders;
        let mut named = vec![orders.table.as_str()];
        for column in orders.key.iter().chain(orders.date_formats.keys()) {
            check.column("orders", &orders.table, column);
        }
        let single = [
            &orders.number,
            &orders.received,
            &orders.promised,
            &orders.finished,
            &orders.status,
            &orders.priority,
            &orders.service,
            &orders.item,
            &orders.price,
            &orders.paid,
            &orders.note,
            &self.branches.column,
        ];
        for column in single.into_iter().flatten() {
            check.column("orders", &orders.table, column);
        }
        for column in orders.customer.iter().flat_map(|columns| &columns.0) {
            check.column("orders", &orders.table, column);
        }
        for rule in &orders.exclude_where {
            check.column("orders.exclude_where", &orders.table, &rule.column);
        }
        check.contact("orders.contact", &orders.table, &orders.contact);
        if let Some(lines) = &self.lines {
            named.push(&lines.table);
            let optional = [
                &lines.service,
                &lines.item,
                &lines.item_kind,
                &lines.price,
                &lines.quantity,
                &lines.discount,
            ];
            for column in lines
                .key
                .iter()
                .chain(&lines.order.0)
                .chain(optional.into_iter().flatten())
            {
                check.column("lines", &lines.table, column);
            }
            if orders.key.is_empty() || orders.key.len() != lines.order.0.len() {
                check.add(format!(
                    "[lines] order names {} columns, and the key of the orders has {}; they must be as many, in the same order",
                    lines.order.0.len(),
                    orders.key.len()
                ));
            }
        }
        if let Some(customers) = &self.customers {
            named.push(&customers.table);
            for column in &customers.key {
                check.column("customers", &customers.table, column);
            }
            check.contact("customers.contact", &customers.table, &customers.contact);
            let named = orders.customer.as_ref().map(|columns| columns.0.len());
            if named.is_some_and(|named| named != customers.key.len()) {
                check.add(format!(
                    "[orders] customer names {} columns, and the key of the customers has {}; they must be as many, in the same order",
                    named.unwrap_or_default(),
                    customers.key.len()
                ));
            }
        }
        let lists = [
            (
                "status",
                self.status.table.as_ref(),
                &self.status.key,
                &self.status.name,
            ),
            (
                "priority",
                self.priority.table.as_ref(),
                &self.priority.key,
                &self.priority.name,
            ),
        ];
        let services = self
            .services
            .iter()
            .map(|list| ("services", list.table.as_ref(), &list.key, &list.name));
        for (section, table, key, name) in lists.into_iter().chain(services) {
            let Some(table) = table else { continue };
            named.push(table);
            match (key, name) {
                (Some(key), Some(name)) => {
                    check.column(section, table, key);
                    check.column(section, table, name);
                }
                _ => check.add(format!(
                    "[{section}] names a table, so it must name `key` and `name` too"
                )),
            }
        }
        for lookup in &self.lookup {
            named.push(&lookup.table);
            check.column("lookup", &lookup.table, &lookup.key);
            check.column("lookup", &lookup.table, &lookup.text);
            check.column("lookup", &orders.table, &lookup.column);
        }
        for exclude in &self.exclude {
            named.push(&exclude.table);
            check.table("exclude", &exclude.table);
        }
        check.every_table_has_one_place(&named);
        check.problems
    }

    fn check_portion(&self, check: &mut Check<'_>) {
        let named = self.branches.names();
        for name in &self.portion.branches {
            if !named
                .iter()
                .any(|known| known.to_lowercase() == name.to_lowercase())
            {
                check.add(format!(
                    "--branch {name}: the plan sends no order to a branch of that name"
                ));
            }
        }
        for table in &self.portion.tables {
            check.table("--table", table);
        }
    }

    fn check_settings(&self, check: &mut Check<'_>) {
        self.check_portion(check);
        let name_fits = (1..=40).contains(&self.source_name.len())
            && self
                .source_name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !name_fits {
            check.add("source_name must be 1 to 40 of a-z, 0-9 and -".to_owned());
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            check.add(format!(
                "time_zone {} is not known; Europe/Zurich is",
                self.time_zone
            ));
        }
        if shared::document::Currency::new(&self.currency).is_none() {
            check.add(format!(
                "currency {} is no ISO 4217 code; CHF is",
                self.currency
            ));
        }
        let branches = &self.branches;
        if branches.default.is_none() && branches.column.is_none() && branches.rule.is_empty() {
            check.add(
                "[branches] needs a `default`, a `column` or a `rule`, or no order has a branch"
                    .to_owned(),
            );
        }
        for rule in &branches.rule {
            check.column("branches.rule", &self.orders.table, &rule.column);
            if rule.equals.is_none() && rule.starts_with.is_none() {
                check.add(
                    "[[branches.rule]] needs `equals` or `starts_with`, or it holds for no order"
                        .to_owned(),
                );
            }
        }
        if self.branches.default.as_deref() == Some(super::propose::TO_BE_CHANGED) {
            check.add("[branches] default still has to be written: the branch of all orders that name none".to_owned());
        }
        let codes = self.status.map.values().chain(&self.status.default);
        for code in
            codes.filter(|code| Phase::from_code(code.split('/').next().unwrap_or(code)).is_none())
        {
            check.add(format!(
                "[status] {code} is no phase; open, in_work, blocked, done and cancelled are"
            ));
        }
        for (column, words) in &self.orders.date_formats {
            for word in words.iter().filter(|word| Shape::from_word(word).is_none()) {
                let known: Vec<&str> = Shape::ALL.iter().map(|shape| shape.word()).collect();
                check.add(format!(
                    "date format {word} of {column} is not known; {} are",
                    known.join(", ")
                ));
            }
        }
        for rule in self
            .budget
            .keys()
            .filter(|rule| !crate::apply::CHANGE_RULES.contains(&rule.as_str()) && *rule != "gone")
        {
            check.add(format!(
                "[budget] {rule} is not known; {}, gone are",
                crate::apply::CHANGE_RULES.join(", ")
            ));
        }
    }
}

struct Check<'a> {
    staging: &'a Staging,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn add(&mut self, problem: String) {
        let problem = Problem(problem);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn table(&mut self, section: &str, table: &str) {
        if self.staging.table(table).is_none() {
            self.add(format!(
                "[{section}] names the table {table}, which the source does not have"
            ));
        }
    }

    fn column(&mut self, section: &str, table: &str, column: &str) {
        self.table(section, table);
        if let Some(staged) = self.staging.table(table)
            && staged.schema.column_index(column).is_none()
        {
            let known: Vec<&str> = staged
                .schema
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect();
            self.add(format!(
                "[{section}] names the column {column}, which {table} does not have; it has {}",
                known.join(", ")
            ));
        }
    }

    fn contact(&mut self, section: &str, table: &str, contact: &ContactColumns) {
        for column in contact.columns() {
            self.column(section, table, column);
        }
    }

    /// Each table of the source must have exactly one place in the plan: that is what makes the ledger complete.
    fn every_table_has_one_place(&mut self, named: &[&str]) {
        for table in self.staging.tables() {
            let name = &table.schema.name;
            let places = named
                .iter()
                .filter(|place| crate::source::schema::same_name(place, name))
                .count();
            if places == 0 {
                self.add(format!("the table {name} has no place in the plan; give it one, or exclude it with a reason"));
            } else if places > 1 {
                self.add(format!(
                    "the table {name} has {places} places in the plan; it can have one"
                ));
            }
        }
    }
}

impl ContactColumns {
    /// The columns named, in no particular order.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [
            &self.name,
            &self.first_name,
            &self.last_name,
            &self.company,
            &self.phone,
            &self.email,
            &self.street,
            &self.postcode,
            &self.town,
        ]
        .into_iter()
        .flatten()
    }

    /// Whether it names any column.
    pub fn is_empty(&self) -> bool {
        self.columns().next().is_none()
    }
}
