//! One finding per risk, each with what to do about it.

mod columns;
mod tables;

use std::collections::BTreeMap;

use serde::Serialize;

use super::profile::{ColumnProfile, Seen};
use super::relations::{Relation, Role};
use crate::source::SourceSummary;
use crate::staging::Staging;
use columns::{about_dates, about_meaning, about_text};
use tables::{about_contacts, about_keys, about_orders};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Rows or meaning are lost unless somebody decides.
    High,
    /// Values need a rule in the plan.
    Medium,
    /// Good to know.
    Low,
}

/// One risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is, for programs.
    pub code: &'static str,
    /// How grave it is.
    pub risk: Risk,
    /// In which table; empty when it is about the whole source.
    pub table: String,
    /// In which column; empty when it is about the whole table.
    pub column: String,
    /// How many rows.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

type Profiles = BTreeMap<String, Vec<ColumnProfile>>;

/// Collects all findings, the gravest first.
pub(super) fn find(
    staging: &Staging,
    summary: &SourceSummary,
    profiles: &Profiles,
    relations: &[Relation],
    roles: &BTreeMap<String, Role>,
) -> Result<Vec<Finding>, rusqlite::Error> {
    let mut findings = Vec::new();
    about_source(staging, summary, roles, &mut findings);
    for table in staging.tables() {
        about_keys(staging, table, relations, &mut findings)?;
        for (column, profile) in table
            .schema
            .columns
            .iter()
            .zip(&profiles[&table.schema.name])
        {
            let place = Place {
                table: &table.schema.name,
                column: &column.name,
            };
            about_text(&place, profile, &mut findings);
            about_dates(&place, profile, &mut findings);
            about_meaning(&place, profile, &mut findings);
        }
        about_contacts(staging, table, &mut findings)?;
        if roles.get(&table.schema.name) == Some(&Role::Orders) {
            about_orders(staging, table, &profiles[&table.schema.name], &mut findings)?;
        }
    }
    for relation in relations {
        about_relation(staging, relation, &mut findings)?;
    }
    findings.sort_by_key(|finding| finding.risk);
    Ok(findings)
}

struct Place<'a> {
    table: &'a str,
    column: &'a str,
}

impl Place<'_> {
    fn finding(
        &self,
        code: &'static str,
        risk: Risk,
        seen: &Seen,
        remedy: &str,
    ) -> Option<Finding> {
        (seen.count > 0).then(|| Finding {
            code,
            risk,
            table: self.table.to_owned(),
            column: self.column.to_owned(),
            count: seen.count,
            examples: seen.examples.clone(),
            remedy: remedy.to_owned(),
        })
    }
}

fn about_source(
    staging: &Staging,
    summary: &SourceSummary,
    roles: &BTreeMap<String, Role>,
    findings: &mut Vec<Finding>,
) {
    let mut add = |code, risk, count, examples: Vec<String>, remedy: &str| {
        if count > 0 {
            let (table, column) = (String::new(), String::new());
            findings.push(Finding {
                code,
                risk,
                table,
                column,
                count,
                examples,
                remedy: remedy.to_owned(),
            });
        }
    };
    let no_orders = !roles.values().any(|role| *role == Role::Orders);
    add(
        "no_orders",
        Risk::High,
        u64::from(no_orders),
        Vec::new(),
        "No table looks like orders. Check that this is the right database; name the table in the plan if it is.",
    );
    let broken = staging.broken();
    let lines = broken
        .iter()
        .take(5)
        .map(|broken| format!("line {}", broken.line))
        .collect();
    add(
        "unreadable",
        Risk::High,
        broken.len() as u64,
        lines,
        "These statements or rows were not read. Dump the database again, or mend the lines and assess again.",
    );
    let unapplied = staging.unapplied();
    let lines = unapplied
        .iter()
        .take(5)
        .map(|skipped| format!("{} in line {}", skipped.kind, skipped.line))
        .collect();
    add(
        "unapplied_change",
        Risk::High,
        unapplied.len() as u64,
        lines,
        "The script changes rows after inserting them; that is not carried out here. Dump the database as it is now.",
    );
    let undeclared = staging.tables().iter().filter(|table| !table.declared);
    let names: Vec<String> = undeclared.map(|table| table.schema.name.clone()).collect();
    add(
        "undeclared_table",
        Risk::Medium,
        names.len() as u64,
        names,
        "Rows without a CREATE TABLE: columns are numbered. Dump again with the table definitions.",
    );
    let mixed = summary.encoding.starts_with("mixed");
    add(
        "mixed_encoding",
        Risk::Medium,
        u64::from(mixed),
        Vec::new(),
        "Values are written in more than one encoding (see `encoding`); each was read as what its own bytes show. Look through the umlauts in the result.",
    );
}

fn about_relation(
    staging: &Staging,
    relation: &Relation,
    findings: &mut Vec<Finding>,
) -> Result<(), rusqlite::Error> {
    let (Some(table), Some(target)) = (
        staging.table(&relation.table),
        staging.table(&relation.target),
    ) else {
        return Ok(());
    };
    let (Some(column), Some(target_column)) = (
        table.schema.column_index(&relation.column),
        target.schema.column_index(&relation.target_column),
    ) else {
        return Ok(());
    };
    let orphans = format!(
        "SELECT c{column}, count(*) FROM {} WHERE c{column} IS NOT NULL AND c{column} NOT IN \
         (SELECT c{target_column} FROM {} WHERE c{target_column} IS NOT NULL) GROUP BY c{column} ORDER BY 2 DESC",
        table.sql_name(),
        target.sql_name()
    );
    let mut seen = Seen::default();
    let mut select = staging.connection().prepare(&orphans)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let value: rusqlite::types::Value = row.get(0)?;
        let count: i64 = row.get(1)?;
        seen.note(&match value {
            rusqlite::types::Value::Text(text) => text,
            _ => "bytes".to_owned(),
        });
        seen.count += count.unsigned_abs() - 1;
    }
    let place = Place {
        table: &relation.table,
        column: &relation.column,
    };
    findings.extend(place.finding(
        "orphan",
        Risk::High,
        &seen,
        &format!("No row of {} has these keys. An order keeps the number; a line without its order is rejected and listed.", relation.target),
    ));
    let nulls = format!(
        "SELECT count(*) FROM {} WHERE c{column} IS NULL",
        table.sql_name()
    );
    let nulls: i64 = staging
        .connection()
        .query_row(&nulls, [], |row| row.get(0))?;
    let missing = Seen {
        count: nulls.unsigned_abs(),
        examples: Vec::new(),
    };
    findings.extend(place.finding(
        "empty_reference",
        Risk::Low,
        &missing,
        "Rows without this reference are brought over without it; an inner join would have lost them.",
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::assess;
    use crate::source::read_source;

    /// What is found in orders taken in and promised on these days.
    fn found(days: &[(&str, &str)]) -> BTreeMap<(&'static str, String), Finding> {
        let rows: Vec<String> = (1..)
            .zip(days)
            .map(|(key, (received, promised))| {
                format!("({key}, 'Reto Tschudi', 'offen', '{received}', '{promised}')")
            })
            .collect();
        let script = format!(
            "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kundenname TEXT, Status TEXT, Eingang TEXT, Abholung TEXT);
             INSERT INTO Auftraege VALUES {};",
            rows.join(", ")
        );
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("firma.sql");
        std::fs::write(&path, script).expect("the script is written");
        let mut staging = Staging::create(None).expect("a staging database");
        let summary = read_source(&path, &mut staging, |_, _| {}).expect("the source is read");
        let found = assess(&staging, &summary).expect("it is looked through");
        let findings = found.findings.into_iter();
        findings
            .map(|finding| ((finding.code, finding.column.clone()), finding))
            .collect()
    }

    #[test]
    fn slashed_dates_are_read_in_the_order_that_their_column_proves() {
        let american = found(&[
            ("7/4/1996", "8/1/1996"),
            ("7/16/1996", "8/13/1996"),
            ("11/12/1996", "12/3/1996"),
        ]);
        let is_told = |code: &'static str| {
            let columns = american.keys().filter(|(known, _)| *known == code);
            columns.count() > 0
        };
        assert!(!is_told("mixed_date_formats"), "{american:?}");
        assert!(!is_told("promised_before_received"), "{american:?}");

        let both = found(&[
            ("7/16/1996", "13.8.1996"),
            ("16/7/1996", "8/13/1996"),
            ("8/14/1996", "8/13/1996"),
        ]);
        let mixed = &both[&("mixed_date_formats", "Eingang".to_owned())];
        assert_eq!(mixed.risk, Risk::High, "no order fits all");
        assert_eq!(mixed.examples, ["31/12/2024 (1)", "12/31/2024 (2)"]);
        let mixed = &both[&("mixed_date_formats", "Abholung".to_owned())];
        assert_eq!(mixed.examples, ["31.12.2024 (1)", "12/31/2024 (2)"]);
        let early = &both[&("promised_before_received", "Abholung".to_owned())];
        assert_eq!(early.examples, ["8/14/1996 -> 8/13/1996"]);
    }

    #[test]
    fn rows_that_share_a_key_are_found_before_a_plan_names_it() {
        let assessed = |orders: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("firma.sql");
            std::fs::write(&path, orders).expect("the script is written");
            let mut staging = Staging::create(None).expect("a staging database");
            let summary = read_source(&path, &mut staging, |_, _| {}).expect("the source is read");
            let found = assess(&staging, &summary).expect("it is looked through");
            let mut findings = found.findings.into_iter();
            findings.find(|finding| finding.code == "duplicate_key")
        };
        let rows = "INSERT INTO Auftraege VALUES (7, 'offen', '2026-11-10'), (8, 'offen', '2026-11-10'), (7, 'offen', '2026-11-11'), \
             (9, 'offen', '2026-11-11'), (8, 'offen', '2026-11-12'), (7, 'offen', '2026-11-13');";
        let found = assessed(&format!(
            "CREATE TABLE Auftraege (Nr INTEGER, Status TEXT, Eingang TEXT); {rows}"
        ));
        let found = found.expect("it is told");
        assert_eq!((found.risk, found.count), (Risk::High, 3));
        assert_eq!((&*found.table, &*found.column), ("Auftraege", "Nr"));
        assert_eq!(found.examples, ["7 (3)", "8 (2)"]);
        let rows = rows.replace("(7, 'offen', '2026-11-11')", "(10, 'offen', '2026-11-11')");
        let rows = rows.replace("(8, 'offen', '2026-11-12')", "(11, 'offen', '2026-11-12')");
        let rows = rows.replace("(7, 'offen', '2026-11-13')", "(12, 'offen', '2026-11-13')");
        let found = assessed(&format!(
            "CREATE TABLE Auftraege (Nr INTEGER, Status TEXT, Eingang TEXT); {rows}"
        ));
        assert_eq!(found, None);
    }
}
