//! One finding per risk, each with what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::keys;
use super::profile::{ColumnProfile, Seen};
use super::relations::{Relation, Role};
use crate::interpret::dates::{self, Shape};
use crate::interpret::{holds_two_phones, looks_like_email, lost_its_zero};
use crate::source::SourceSummary;
use crate::staging::{StagedTable, Staging};
use crate::vocabulary::{self, Meaning, meaning_of};

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

fn about_keys(
    staging: &Staging,
    table: &StagedTable,
    relations: &[Relation],
    findings: &mut Vec<Finding>,
) -> Result<(), rusqlite::Error> {
    let name = &table.schema.name;
    let mut add = |code, risk, column: &str, count, examples, remedy: &str| {
        findings.push(Finding {
            code,
            risk,
            table: name.clone(),
            column: column.to_owned(),
            count,
            examples,
            remedy: remedy.to_owned(),
        });
    };
    if table.rows == 0 {
        return Ok(());
    }
    if table.schema.primary_key.is_empty() {
        add(
            "no_primary_key",
            Risk::Medium,
            "",
            table.rows,
            Vec::new(),
            "Rows have no key, so a row is known by its place in the table. Name a key in the plan, or a row moved up counts as another.",
        );
    }
    if let Some(found) = keys::find(staging, table, relations)?
        && found.doubled > 0
    {
        add(
            "duplicate_key",
            Risk::High,
            &found.columns.join(", "),
            found.doubled,
            found.examples,
            "Rows whose number is an earlier row's. One key is one document: with this key in the plan the first row of each is brought over and the others are rejected. Give them numbers of their own, or name columns that tell all rows apart.",
        );
    }
    let keys = table.key_columns();
    if keys.len() > 1 {
        for key in keys {
            let unique = format!(
                "SELECT count(DISTINCT c{key}) = count(*) FROM {}",
                table.sql_name()
            );
            if staging
                .connection()
                .query_row(&unique, [], |row| row.get::<_, bool>(0))?
                && table.rows > 1
            {
                let column = &table.schema.columns[key].name;
                add(
                    "composite_key_too_wide",
                    Risk::Low,
                    column,
                    table.rows,
                    Vec::new(),
                    "This column alone tells the rows apart; take it as the key in the plan.",
                );
            }
        }
    }
    Ok(())
}

fn about_text(place: &Place<'_>, profile: &ColumnProfile, findings: &mut Vec<Finding>) {
    findings.extend(place.finding(
        "mojibake",
        Risk::Medium,
        &profile.mojibake,
        "Text that was decoded wrongly long ago. It is taken over as it is; mend it in the old database, or later at the office.",
    ));
    findings.extend(place.finding(
        "unreadable_character",
        Risk::Medium,
        &profile.replaced,
        "Characters were lost before the dump was made; only an older backup still has them.",
    ));
    findings.extend(place.finding(
        "blanks_around",
        Risk::Low,
        &profile.padded,
        "Blanks at the ends; taken over in texts, ignored where values are looked up.",
    ));
    if profile.nulls > 0 && profile.empty > 0 {
        findings.push(Finding {
            code: "null_and_empty",
            risk: Risk::Low,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.empty,
            examples: Vec::new(),
            remedy: format!(
                "{} NULL and {} empty values; both become \"nothing given\".",
                profile.nulls, profile.empty
            ),
        });
    }
}

fn about_dates(place: &Place<'_>, profile: &ColumnProfile, findings: &mut Vec<Finding>) {
    if profile.date_count() == 0 {
        return;
    }
    findings.extend(place.finding(
        "zero_date",
        Risk::Medium,
        &profile.zero_dates,
        "MySQL's zero date means \"none\"; allow that many changes to \"none\" in the plan's budget.",
    ));
    findings.extend(place.finding(
        "placeholder_date",
        Risk::Medium,
        &profile.placeholder_dates,
        "A date that programs write for \"none\"; allow it in the plan's budget, or keep it as a real date.",
    ));
    findings.extend(place.finding(
        "implausible_date",
        Risk::Medium,
        &profile.implausible_dates,
        "A year in which no shop kept a database; taken over as it is and listed.",
    ));
    findings.extend(place.finding(
        "text_around_date",
        Risk::Low,
        &profile.labelled_dates,
        "Words before the date are ignored and kept with the order's legacy values.",
    ));
    let ways = profile.date_ways();
    if ways.len() > 1 {
        let examples = ways
            .iter()
            .map(|(shape, count)| format!("{} ({count})", shape.word()))
            .collect();
        findings.push(Finding {
            code: "mixed_date_formats",
            risk: if profile.slashed_both_ways() {
                Risk::High
            } else {
                Risk::Medium
            },
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.date_count(),
            examples,
            remedy:
                "Several ways to write a date in one column; check the list of formats in the plan."
                    .to_owned(),
        });
    }
    if profile.texts > 0 && profile.is_date() {
        findings.push(Finding {
            code: "not_a_date",
            risk: Risk::High,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: profile.texts,
            examples: Vec::new(),
            remedy: "Values that are no date in a column of dates; these rows are rejected unless the plan says otherwise.".to_owned(),
        });
    }
}

fn about_meaning(place: &Place<'_>, profile: &ColumnProfile, findings: &mut Vec<Finding>) {
    let meaning = meaning_of(place.column).map(|(meaning, _)| meaning);
    match (meaning, &profile.values) {
        (Some(Meaning::Status), Some(values)) if profile.texts > 0 => {
            about_choices(place, values, vocabulary::phase_of, "status", findings);
        }
        (Some(Meaning::Priority), Some(values)) if profile.texts > 0 => {
            about_choices(place, values, vocabulary::priority_of, "priority", findings);
        }
        (Some(Meaning::Price), _) => {
            findings.extend(place.finding(
                "negative_amount",
                Risk::Medium,
                &profile.negative,
                "Amounts below zero: refunds or corrections. Check them before they become payments.",
            ));
            if profile.amounts > 0 || (profile.texts > 0 && profile.integers + profile.decimals > 0)
            {
                findings.push(Finding {
                    code: "amount_as_text",
                    risk: if profile.texts > 0 { Risk::High } else { Risk::Low },
                    table: place.table.to_owned(),
                    column: place.column.to_owned(),
                    count: profile.amounts + profile.texts,
                    examples: Vec::new(),
                    remedy: "Prices as text are read exactly (`CHF 49.-`); what is no amount is rejected.".to_owned(),
                });
            }
        }
        _ => {}
    }
}

fn about_choices(
    place: &Place<'_>,
    values: &BTreeMap<String, u64>,
    known: impl Fn(&str) -> Option<&'static str>,
    what: &str,
    findings: &mut Vec<Finding>,
) {
    let meanings: BTreeSet<&str> = values.keys().filter_map(|value| known(value)).collect();
    let mut unknown = Seen::default();
    for (value, count) in values.iter().filter(|(value, _)| known(value).is_none()) {
        unknown.note(value);
        unknown.count += count - 1;
    }
    if values.len() > meanings.len() && !meanings.is_empty() {
        findings.push(Finding {
            code: "many_spellings",
            risk: Risk::Medium,
            table: place.table.to_owned(),
            column: place.column.to_owned(),
            count: values.len() as u64,
            examples: values.keys().take(30).cloned().collect(),
            remedy: format!(
                "{} spellings of {} values of {what}; check the plan's list.",
                values.len(),
                meanings.len()
            ),
        });
    }
    if meanings.is_empty() {
        return;
    }
    findings.extend(place.finding(
        "unknown_value",
        Risk::High,
        &unknown,
        "The meaning of these values is not known; write it into the plan, or their rows are rejected.",
    ));
}

/// Telephones, e-mails, and people who stand there twice.
fn about_contacts(
    staging: &Staging,
    table: &StagedTable,
    findings: &mut Vec<Finding>,
) -> Result<(), rusqlite::Error> {
    for (index, column) in table.schema.columns.iter().enumerate() {
        let place = Place {
            table: &table.schema.name,
            column: &column.name,
        };
        let is_phone = match meaning_of(&column.name) {
            Some((Meaning::Phone, _)) => true,
            Some((Meaning::Email, _)) => false,
            _ => continue,
        };
        let (mut zeroless, mut double, mut no_email) =
            (Seen::default(), Seen::default(), Seen::default());
        let select = format!(
            "SELECT c{index} FROM {} WHERE typeof(c{index}) = 'text'",
            table.sql_name()
        );
        let mut select = staging.connection().prepare(&select)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            if is_phone && lost_its_zero(&text) {
                zeroless.note(&text);
            } else if is_phone && holds_two_phones(&text) {
                double.note(&text);
            } else if !is_phone && !text.trim().is_empty() && !looks_like_email(&text) {
                no_email.note(&text);
            }
        }
        findings.extend(place.finding(
            "phone_without_zero",
            Risk::Medium,
            &zeroless,
            "The leading zero was lost because the column held numbers; the plan can put it back, within a budget.",
        ));
        findings.extend(place.finding(
            "two_phones",
            Risk::Low,
            &double,
            "Two telephones in one field; both are kept as they were given, neither can be dialled by a click.",
        ));
        findings.extend(place.finding(
            "no_email",
            Risk::Low,
            &no_email,
            "No e-mail address; kept as it was given, no message will be sent there.",
        ));
        let twice = format!(
            "SELECT count(*), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {} WHERE trim(c{index}) <> '' \
             GROUP BY lower(trim(c{index})) HAVING n > 1)",
            table.sql_name()
        );
        let (groups, rows): (i64, i64) = staging
            .connection()
            .query_row(&twice, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if groups > 0 {
            findings.push(Finding {
                code: "shared_contact",
                risk: Risk::Low,
                table: table.schema.name.clone(),
                column: column.name.clone(),
                count: rows.unsigned_abs(),
                examples: Vec::new(),
                remedy: format!(
                    "{} in several rows: one person, a family or a firm. Never merged in silence.",
                    if groups == 1 {
                        "1 value stands".to_owned()
                    } else {
                        format!("{groups} values stand")
                    }
                ),
            });
        }
    }
    Ok(())
}

fn about_orders(
    staging: &Staging,
    table: &StagedTable,
    profiles: &[ColumnProfile],
    findings: &mut Vec<Finding>,
) -> Result<(), rusqlite::Error> {
    let column_of = |wanted: Meaning| {
        let found = table
            .schema
            .columns
            .iter()
            .enumerate()
            .filter_map(|(index, column)| {
                meaning_of(&column.name)
                    .filter(|(meaning, _)| *meaning == wanted)
                    .map(|(_, confidence)| (confidence, index))
            });
        found
            .max_by_key(|(confidence, index)| (*confidence, std::cmp::Reverse(*index)))
            .map(|(_, index)| index)
    };
    let mut add = |code, risk, column: String, count: u64, examples, remedy: &str| {
        if count > 0 {
            let table = table.schema.name.clone();
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
    if column_of(Meaning::Branch).is_none() {
        add(
            "no_branch",
            Risk::Medium,
            String::new(),
            table.rows,
            Vec::new(),
            "No column says at which branch an order was; name one branch for all in the plan.",
        );
    }
    if let (Some(received), Some(promised)) =
        (column_of(Meaning::Received), column_of(Meaning::Promised))
    {
        let select = format!(
            "SELECT c{received}, c{promised} FROM {} WHERE typeof(c{received}) = 'text' AND typeof(c{promised}) = 'text'",
            table.sql_name()
        );
        let mut seen = Seen::default();
        // As a plan will read them: by the order that the column proves.
        let read_as = [received, promised].map(|column| profiles[column].date_shapes());
        let mut select = staging.connection().prepare(&select)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (received, promised): (String, String) = (row.get(0)?, row.get(1)?);
            if let (Some(from), Some(to)) = (
                day_in(&received, &read_as[0]),
                day_in(&promised, &read_as[1]),
            ) && to < from
            {
                seen.note(&format!("{received} -> {promised}"));
            }
        }
        let column = table.schema.columns[promised].name.clone();
        add(
            "promised_before_received",
            Risk::Medium,
            column,
            seen.count,
            seen.examples,
            "Pick-up before drop-off; taken over as it is.",
        );
    }
    let number = column_of(Meaning::OrderNumber);
    if let Some(index) = number {
        let twice = format!(
            "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {} WHERE c{index} <> '' GROUP BY c{index} HAVING n > 1)",
            table.sql_name()
        );
        let count: i64 = staging
            .connection()
            .query_row(&twice, [], |row| row.get(0))?;
        let column = table.schema.columns[index].name.clone();
        add(
            "number_twice",
            Risk::Medium,
            column,
            count.unsigned_abs(),
            Vec::new(),
            "Several orders bear one number; all are kept apart by their key, and a search finds all of them.",
        );
    }
    Ok(())
}

/// The day that a date of a column means; none for what means "none".
fn day_in(text: &str, shapes: &[Shape]) -> Option<jiff::civil::Date> {
    let is_real = dates::no_date(text).is_none();
    let reading = is_real.then(|| dates::read(text, shapes)).flatten()?;
    Some(reading.date)
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
