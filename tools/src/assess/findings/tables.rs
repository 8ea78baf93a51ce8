//! What the rows of one table say together: their keys, the people in them, and orders by their days and numbers.

use super::{Finding, Place, Risk};
use crate::assess::keys;
use crate::assess::profile::{ColumnProfile, Seen};
use crate::assess::relations::Relation;
use crate::interpret::dates::{self, Shape};
use crate::interpret::{holds_two_phones, looks_like_email, lost_its_zero};
use crate::staging::{StagedTable, Staging};
use crate::vocabulary::{Meaning, meaning_of};

pub(super) fn about_keys(
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

/// Telephones, e-mails, and people who stand there twice.
pub(super) fn about_contacts(
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

pub(super) fn about_orders(
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
