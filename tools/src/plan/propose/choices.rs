//! Lists of choices, tables that are looked up, and what stays behind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::quoted;
use super::{Proposal, ProposeError};
use crate::assess::relations::Relation;
use crate::staging::StagedTable;
use crate::vocabulary::{self, Meaning};

impl Proposal<'_> {
    pub(super) fn choices(
        &mut self,
        section: &str,
        meaning: Meaning,
        table: Option<&StagedTable>,
        default: Option<&str>,
    ) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[{section}]");
        let relation = table.and_then(|table| self.relation_to(table));
        let mut values: BTreeMap<String, u64> = BTreeMap::new();
        if let (Some(table), Some(relation)) = (table, relation) {
            self.placed.insert(table.schema.name.clone());
            let key = relation.target_column;
            let _ = writeln!(
                self.out,
                "table = {} # {} rows",
                quoted(&table.schema.name),
                table.rows
            );
            let _ = writeln!(self.out, "key = {}", quoted(&key));
            let name = self.name_column(table, &key);
            self.entry("name", &name, "the column with the name");
            values = self
                .names_of(table, &key)?
                .into_iter()
                .map(|(_, name)| (name, 0))
                .collect();
        } else if let Some(column) = self.chosen(section) {
            values = self
                .profile(self.orders, &column)
                .and_then(|profile| profile.values.clone())
                .unwrap_or_default();
        }
        if let Some(default) = default {
            let says_something = [section, "finished"]
                .iter()
                .any(|key| self.chosen(key).is_some());
            let comment = if says_something {
                "for rows that say nothing"
            } else {
                "LOW confidence: no column says where the work is; `done` if these are orders of the past"
            };
            self.entry("default", default, comment);
        }
        values.retain(|value, _| !value.trim().is_empty());
        let _ = writeln!(
            self.out,
            "\n[{section}.map] # from the legacy spelling, exactly, to the code here"
        );
        let numbers = meaning == Meaning::Priority
            && !values.is_empty()
            && values.keys().all(|value| value.parse::<i64>().is_ok());
        let count = values.len();
        for (place, (value, rows)) in values.into_iter().enumerate() {
            let guess = match meaning {
                Meaning::Status => vocabulary::phase_of(&value),
                _ if numbers => Some(by_rank(place, count)),
                _ => vocabulary::priority_of(&value),
            };
            let rows = if rows == 0 {
                String::new()
            } else {
                format!(" # {rows} rows")
            };
            let rows = if numbers {
                format!("{rows} # LOW confidence: check which end is urgent")
            } else {
                rows
            };
            match guess {
                Some(code) => {
                    let _ = writeln!(self.out, "{} = {}{rows}", quoted(&value), quoted(code));
                }
                None => {
                    let _ = writeln!(
                        self.out,
                        "# {} = \"\"{rows} # UNKNOWN: these rows are rejected until you choose",
                        quoted(&value)
                    );
                }
            }
        }
        Ok(())
    }

    /// Tables that orders point to and that have no place yet: their text goes with the order.
    pub(super) fn other_lookups(&mut self) {
        let orders = &self.orders.schema.name;
        let relations: Vec<Relation> = self
            .relations
            .iter()
            .filter(|relation| relation.table == *orders)
            .cloned()
            .collect();
        for relation in relations {
            if let Some(table) = self
                .staging
                .table(&relation.target)
                .filter(|table| !self.placed.contains(&table.schema.name))
            {
                self.place_lookup(table, &relation);
            }
        }
        let lookups = std::mem::take(&mut self.lookups);
        self.out.push_str(&lookups);
    }

    pub(super) fn place_lookup(&mut self, table: &StagedTable, relation: &Relation) {
        self.placed.insert(table.schema.name.clone());
        let text = self.name_column(table, &relation.target_column);
        let _ = writeln!(
            self.lookups,
            "\n[[lookup]] # its text goes with the orders that name it, as a legacy value\ntable = {}\nkey = {}\ntext = {}\ncolumn = {}",
            quoted(&table.schema.name),
            quoted(&relation.target_column),
            quoted(&text),
            quoted(&relation.column)
        );
    }

    pub(super) fn rest(&mut self) {
        for table in self.staging.tables() {
            let name = &table.schema.name;
            if !self.placed.contains(name) {
                let reason = if table.rows == 0 {
                    "empty"
                } else {
                    "not part of an order"
                };
                let _ = writeln!(
                    self.out,
                    "\n[[exclude]] # {} rows stay behind\ntable = {}\nreason = {}",
                    table.rows,
                    quoted(name),
                    quoted(reason)
                );
            }
        }
    }
}

/// Numbers as priorities: the lowest is taken as the least urgent. Said to be a guess beside it.
fn by_rank(place: usize, count: usize) -> &'static str {
    match (place, count) {
        (0, 2..) => "low",
        (place, 2..) if place + 1 == count => "express",
        _ => "standard",
    }
}
