//! The orders of a proposal: their branches, columns and dates.

use std::fmt::Write as _;

use super::guess::declared;
use super::text::{list, quoted};
use super::{Basis, Proposal, ProposeError, TO_BE_CHANGED};
use crate::assess::ColumnProfile;
use crate::assess::relations::Role;
use crate::interpret::amounts;
use crate::interpret::dates::Shape;
use crate::interpret::says_yes;
use crate::staging::StagedTable;
use crate::vocabulary::Meaning;

impl Proposal<'_> {
    pub(super) fn branches(
        &mut self,
        basis: &Basis,
        table: Option<&StagedTable>,
    ) -> Result<(), ProposeError> {
        self.line("\n[branches] # names or ids of branches at the hub");
        let relation = table.and_then(|table| self.relation_to(table));
        let found = match &relation {
            Some(relation) => Some((relation.column.clone(), declared(relation).to_owned())),
            None => self
                .best(Meaning::Branch, |profile| profile.values.is_some())
                .map(|(column, confidence)| (column, format!("{} confidence", confidence.word()))),
        };
        let mut map = Vec::new();
        if let Some((column, comment)) = found {
            self.entry("column", &column, &comment);
            self.used.insert(column.clone());
            if let (Some(table), Some(relation)) = (table, relation) {
                map = self.names_of(table, &relation.target_column)?;
                self.place_lookup(table, &relation);
            } else if let Some(values) = self
                .profile(self.orders, &column)
                .and_then(|profile| profile.values.clone())
            {
                map = values
                    .into_keys()
                    .filter(|value| !value.is_empty())
                    .map(|value| (value.clone(), value))
                    .collect();
            }
        }
        match &basis.branch {
            Some(branch) => self.entry("default", branch, "of all orders that name none"),
            None if map.is_empty() => self.entry("default", TO_BE_CHANGED, "the source names no branch: write one here"),
            None => self.line("# default = \"\"                             # for orders that name none; without it they are rejected"),
        }
        self.line("create_missing = false                       # true: make branches the hub does not know");
        self.map("branches.map", &map);
        Ok(())
    }

    pub(super) fn orders(
        &mut self,
        customers: Option<&StagedTable>,
        services: Option<&StagedTable>,
        lines: Option<&StagedTable>,
    ) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[orders] # {} rows", self.orders.rows);
        let table = self.orders;
        let _ = writeln!(self.out, "table = {}", quoted(&table.schema.name));
        self.key(table)?;
        let customer = customers.and_then(|table| self.relation_to(table));
        if let Some(relation) = &customer {
            self.entry("customer", &relation.column, declared(relation));
            self.used.insert(relation.column.clone());
        }
        if lines.is_none() {
            if let Some(relation) = services.and_then(|table| self.relation_to(table)) {
                self.entry("service", &relation.column, declared(&relation));
                self.used.insert(relation.column.clone());
            } else {
                self.guess("service", Meaning::Service, |profile| profile.texts > 0);
            }
            self.guess("item", Meaning::Item, |_| true);
            self.guess("price", Meaning::Price, |_| true);
        }
        self.guess("received", Meaning::Received, |_| true);
        self.guess("promised", Meaning::Promised, |_| true);
        self.guess("finished", Meaning::Finished, |_| true);
        for (key, meaning, role) in [
            ("status", Meaning::Status, Role::Statuses),
            ("priority", Meaning::Priority, Role::Priorities),
        ] {
            let relation = self.relation_to_role(role);
            if let Some(relation) = relation {
                self.entry(key, &relation.column, declared(&relation));
                self.used.insert(relation.column);
            } else {
                self.guess(key, meaning, |profile| profile.values.is_some());
            }
        }
        self.number()?;
        self.paid();
        self.guess("note", Meaning::Note, |_| true);
        self.line(
            "# exclude_where = [{ column = \"Test\", equals = \"1\", reason = \"test orders\" }]",
        );
        self.date_formats();
        if customer.is_none() {
            self.contact("orders.contact", table)?;
        }
        Ok(())
    }

    /// The number people call an order by: a column that is called so and tells orders apart, else the key.
    fn number(&mut self) -> Result<(), ProposeError> {
        let table = self.orders;
        let best = self.best(Meaning::OrderNumber, |_| true);
        let number = match best {
            Some((column, confidence)) if self.tells_apart(table, &column)? => {
                Some((column, format!("{} confidence", confidence.word())))
            }
            _ => None,
        };
        match (number, self.key_columns(table)?.as_slice()) {
            (Some((column, comment)), _) => {
                self.entry("number", &column, &comment);
                self.used.insert(column);
            }
            (None, [key]) => self.entry(
                "number",
                key,
                "the key, as no other column looks like a number",
            ),
            _ => {}
        }
        Ok(())
    }

    /// What was paid, or whether it was. A column of words that say neither is none of both.
    fn paid(&mut self) {
        let Some((column, confidence)) = self.best(Meaning::Paid, |_| true) else {
            return;
        };
        let Some(profile) = self.profile(self.orders, &column) else {
            return;
        };
        let Some((word, unclear)) = paid_is(profile) else {
            return;
        };
        let comment = format!(
            "{} confidence, {} rows filled",
            confidence.word(),
            profile.filled()
        );
        let mut meaning = "`amount`, or `flag` for yes and no".to_owned();
        if unclear > 0 {
            let _ = write!(
                meaning,
                "; {unclear} rows say neither, and are rejected until they do"
            );
        }
        self.entry("paid", &column, &comment);
        self.entry("paid_is", word, &meaning);
        self.used.insert(column);
    }

    pub(super) fn date_formats(&mut self) {
        let table = self.orders;
        let mut formats = Vec::new();
        for key in ["received", "promised", "finished"] {
            let Some(column) = self.chosen(key) else {
                continue;
            };
            let Some(profile) = self.profile(table, &column) else {
                continue;
            };
            let shapes = profile.date_shapes();
            let shapes = if shapes.is_empty() {
                vec![Shape::Iso]
            } else {
                shapes
            };
            let words: Vec<String> = shapes.iter().map(|shape| shape.word().to_owned()).collect();
            formats.push((column, list(&words)));
        }
        if !formats.is_empty() {
            self.line("\n[orders.date_formats] # 2024-12-31, 31.12.2024, 31.12.24, 31/12/2024, 12/31/2024 or 2024/12/31; the first that fits");
            for (column, words) in formats {
                let _ = writeln!(self.out, "{} = {words}", quoted(&column));
            }
        }
    }
}

/// Whether a column of payments holds amounts or flags, and how many rows say neither; none when it holds something else.
fn paid_is(profile: &ColumnProfile) -> Option<(&'static str, u64)> {
    let filled = profile.filled();
    let words = profile.values.as_ref();
    let count = |is: &dyn Fn(&str) -> bool| -> u64 {
        let words = words.into_iter().flatten();
        let given = words.filter(|(word, _)| !word.trim().is_empty());
        given
            .filter(|(word, _)| is(word.trim()))
            .map(|(_, rows)| *rows)
            .sum()
    };
    let flags = count(&|word| says_yes(word).is_some());
    // 0 and 1 are both; any other number is an amount.
    let is_amount = |word: &str| says_yes(word).is_none() && amounts::price(word).is_some();
    let is_flag = flags * 2 >= filled && count(&is_amount) == 0;
    if flags > 0 && is_flag {
        return Some(("flag", count(&|_| true) - flags));
    }
    profile.is_mostly_number().then(|| {
        let numbers = profile.integers + profile.decimals + profile.amounts;
        ("amount", filled - numbers)
    })
}
