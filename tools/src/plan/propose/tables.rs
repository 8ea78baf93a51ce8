//! The tables around the orders: lines, customers, services.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::guess::{best_of, declared};
use super::text::quoted;
use super::{Proposal, ProposeError};
use crate::assess::ColumnProfile;
use crate::assess::relations::{Role, roles};
use crate::interpret::lost_its_zero;
use crate::staging::StagedTable;
use crate::vocabulary::{self, Meaning};

impl Proposal<'_> {
    pub(super) fn lines(&mut self, table: &StagedTable) -> Result<(), ProposeError> {
        let name = &table.schema.name;
        let Some(relation) = self
            .relations
            .iter()
            .find(|relation| relation.table == *name && relation.target == self.orders.schema.name)
        else {
            return Ok(());
        };
        self.placed.insert(name.clone());
        let _ = writeln!(self.out, "\n[lines] # {} rows", table.rows);
        let _ = writeln!(self.out, "table = {}", quoted(name));
        self.key_of_lines(table)?;
        self.entry("order", &relation.column, declared(relation));
        // Lines may name who did the work, too: what is done is in the table of services, if there is one.
        let roles = roles(self.staging, self.relations);
        let others = self
            .relations
            .iter()
            .filter(|other| other.table == *name && other.column != relation.column);
        let is_service = |other: &&crate::assess::relations::Relation| {
            roles.get(&other.target) == Some(&Role::Services)
        };
        let has_services = roles.values().any(|role| *role == Role::Services);
        let service = others
            .clone()
            .find(is_service)
            .or_else(|| others.clone().next().filter(|_| !has_services));
        let mut used = BTreeSet::from([relation.column.clone()]);
        if let Some(service) = service {
            self.entry("service", &service.column, declared(service));
            used.insert(service.column.clone());
        }
        for (key, meaning) in [
            ("service", Meaning::Service),
            ("price", Meaning::Price),
            ("quantity", Meaning::Quantity),
            ("discount", Meaning::Discount),
        ] {
            if key == "service" && service.is_some() {
                continue;
            }
            let found = best_of(table, &self.profiles[name], meaning, &used, |_| true);
            let Some((column, confidence)) = found else {
                continue;
            };
            let highest = self.highest(table, &column)?;
            if key == "discount" && highest > 1.0 {
                let _ = writeln!(
                    self.out,
                    "# discount = {} is no share from 0 to 1 (it goes up to {highest}): mend it in the source, or leave it out",
                    quoted(&column)
                );
                continue;
            }
            self.entry(key, &column, &format!("{} confidence", confidence.word()));
            used.insert(column);
        }
        Ok(())
    }

    pub(super) fn customers(&mut self, table: &StagedTable) -> Result<(), ProposeError> {
        self.placed.insert(table.schema.name.clone());
        let _ = writeln!(
            self.out,
            "\n[customers] # {} rows; each becomes a customer, never merged on a name",
            table.rows
        );
        let _ = writeln!(self.out, "table = {}", quoted(&table.schema.name));
        self.key(table)?;
        self.contact("customers.contact", table)
    }

    pub(super) fn contact(
        &mut self,
        section: &str,
        table: &StagedTable,
    ) -> Result<(), ProposeError> {
        let _ = writeln!(self.out, "\n[{section}]");
        let mut used: BTreeSet<String> = self.key_columns(table)?.into_iter().collect();
        if section == "orders.contact" {
            used.extend(self.used.iter().cloned());
        }
        let parts = [
            ("first_name", Meaning::FirstName),
            ("last_name", Meaning::LastName),
            ("name", Meaning::Name),
            ("company", Meaning::Company),
            ("phone", Meaning::Phone),
            ("email", Meaning::Email),
            ("street", Meaning::Street),
            ("postcode", Meaning::Postcode),
            ("town", Meaning::Town),
        ];
        let mut last_name = false;
        for (key, meaning) in parts {
            if key == "name" && last_name {
                continue;
            }
            let profiles = &self.profiles[&table.schema.name];
            let Some((column, confidence)) = best_of(table, profiles, meaning, &used, |_| true)
            else {
                continue;
            };
            last_name |= key == "last_name";
            self.entry(key, &column, &format!("{} confidence", confidence.word()));
            if key == "phone" {
                let zeroless = self.count_zeroless(table, &column)?;
                if zeroless > 0 {
                    self.entry_bare(
                        "restore_phone_zero",
                        "true",
                        &format!("{zeroless} telephones lost their zero"),
                    );
                }
            }
            used.insert(column);
        }
        Ok(())
    }

    pub(super) fn count_zeroless(
        &self,
        table: &StagedTable,
        column: &str,
    ) -> Result<u64, ProposeError> {
        let Some(index) = table.schema.column_index(column) else {
            return Ok(0);
        };
        let select = format!(
            "SELECT c{index} FROM {} WHERE typeof(c{index}) = 'text'",
            table.sql_name()
        );
        let mut select = self.staging.connection().prepare(&select)?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += u64::from(lost_its_zero(&row.get::<_, String>(0)?));
        }
        Ok(count)
    }

    pub(super) fn services(&mut self, table: Option<&StagedTable>) -> Result<(), ProposeError> {
        self.line("\n[services] # those in the map are merged into the catalogue; others become services no longer offered");
        let names: Vec<String> = if let Some(table) = table {
            self.placed.insert(table.schema.name.clone());
            let _ = writeln!(
                self.out,
                "table = {} # {} rows",
                quoted(&table.schema.name),
                table.rows
            );
            let key = self.key_of_services(table)?;
            let name = self.name_column(table, &key);
            self.entry("name", &name, "the column with the name");
            let used = BTreeSet::from([key.clone(), name]);
            let profiles = &self.profiles[&table.schema.name];
            if let Some((column, confidence)) = best_of(
                table,
                profiles,
                Meaning::Price,
                &used,
                ColumnProfile::is_number,
            ) {
                self.entry(
                    "price",
                    &column,
                    &format!("{} confidence", confidence.word()),
                );
            }
            self.names_of(table, &key)?
                .into_iter()
                .map(|(_, name)| name)
                .collect()
        } else {
            let column = self.chosen("service");
            let values =
                column.and_then(|column| self.profile(self.orders, &column)?.values.clone());
            values.unwrap_or_default().into_keys().collect()
        };
        let known: BTreeSet<(String, String)> = names
            .into_iter()
            .filter_map(|name| {
                vocabulary::service_of(&name).map(|code| (name.clone(), code.to_owned()))
            })
            .collect();
        let known: Vec<(String, String)> = known.into_iter().collect();
        self.map("services.map", &known);
        Ok(())
    }
}
