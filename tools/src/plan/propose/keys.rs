//! What tells the rows of a table apart, and how many rows it does not.

use std::fmt::Write as _;

use super::text::{list, quoted};
use super::{Proposal, ProposeError, TO_BE_CHANGED};
use crate::assess::keys::{self, FoundKey};
use crate::staging::StagedTable;

impl Proposal<'_> {
    /// The key of a table whose rows become documents.
    pub(super) fn key(&mut self, table: &StagedTable) -> Result<(), ProposeError> {
        if !table.schema.primary_key.is_empty() {
            let _ = writeln!(self.out, "key = {}", list(&table.schema.primary_key));
            return Ok(());
        }
        match keys::find(self.staging, table, self.relations)? {
            Some(found) => {
                let comment = format!("no primary key is declared; {}", told_apart(&found));
                self.entry_bare("key", &list(&found.columns), &comment);
            }
            None => self.no_key(),
        }
        Ok(())
    }

    /// The key of the lines. Lines that share one stay apart, so a column that tells only some apart is no help.
    pub(super) fn key_of_lines(&mut self, table: &StagedTable) -> Result<(), ProposeError> {
        if !table.schema.primary_key.is_empty() {
            return self.key(table);
        }
        match keys::find(self.staging, table, self.relations)? {
            Some(found) if found.doubled + found.empty == 0 => self.key(table)?,
            _ => self.no_key(),
        }
        Ok(())
    }

    /// The key of the services' table, which lines name with one value.
    pub(super) fn key_of_services(&mut self, table: &StagedTable) -> Result<String, ProposeError> {
        if let [key] = table.schema.primary_key.as_slice() {
            let _ = writeln!(self.out, "key = {}", quoted(key));
            return Ok(key.clone());
        }
        let found = keys::find_one_column(self.staging, table, self.relations)?;
        let Some((found, key)) = found.and_then(|found| {
            let key = found.columns.first()?.clone();
            Some((found, key))
        }) else {
            let comment = "no column tells most rows apart; lines name a service by it";
            self.entry("key", TO_BE_CHANGED, comment);
            return Ok(String::new());
        };
        let declared = match table.schema.primary_key.len() {
            0 => "no primary key is declared",
            _ => "one column of the declared key",
        };
        self.entry("key", &key, &format!("{declared}; {}", told_apart(&found)));
        Ok(key)
    }

    /// The columns that [`Proposal::key`] names.
    pub(super) fn key_columns(&self, table: &StagedTable) -> Result<Vec<String>, ProposeError> {
        if !table.schema.primary_key.is_empty() {
            return Ok(table.schema.primary_key.clone());
        }
        let found = keys::find(self.staging, table, self.relations)?;
        Ok(found.map(|found| found.columns).unwrap_or_default())
    }

    fn no_key(&mut self) {
        let comment = "no primary key is declared, and no column tells the rows apart: a row is known by its place, and one that moves counts as another";
        self.entry_bare("key", "[]", comment);
    }
}

fn told_apart(found: &FoundKey) -> String {
    let rows = |count: u64, have: &str| match count {
        1 => format!("1 row has {have} and is rejected"),
        _ => format!("{count} rows have {have} and are rejected"),
    };
    let mut told = Vec::new();
    if found.doubled > 0 {
        let rows = rows(found.doubled, "the key of an earlier row");
        let examples = found.examples.join(", ");
        told.push(format!("{rows} (duplicate_key): {examples}"));
    }
    if found.empty > 0 {
        told.push(rows(found.empty, "none") + " (no_key)");
    }
    if told.is_empty() {
        told.push("it tells all rows apart".to_owned());
    }
    told.join("; ")
}
