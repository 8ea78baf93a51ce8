//! What tells the rows of a table apart that declares no primary key: a unique key, else a column that is called like a key.

use rusqlite::Connection;

use super::relations::Relation;
use crate::staging::{StagedTable, Staging};
use crate::vocabulary::{Meaning, meaning_of, reduced, same_stem};

/// Values that are named as examples.
const EXAMPLES: i64 = 5;

/// Signs of such a value that are shown.
const LONGEST_EXAMPLE: usize = 60;

/// What columns are called that tell rows apart, whatever the table is.
const KEY_WORDS: [&str; 12] = [
    "id", "nr", "no", "nummer", "number", "key", "pk", "uid", "guid", "code", "lfdnr", "laufnr",
];

/// The columns that tell the rows of a table apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// Their names.
    pub columns: Vec<String>,
    /// Rows whose key is an earlier row's.
    pub doubled: u64,
    /// Rows without a value.
    pub empty: u64,
    /// Some of the keys that stand twice, each with its rows.
    pub examples: Vec<String>,
}

/// Looks for the key of a table. None when it declares a primary key, and when no column tells most rows apart.
///
/// # Errors
/// When the rows cannot be read.
pub fn find(
    staging: &Staging,
    table: &StagedTable,
    relations: &[Relation],
) -> Result<Option<FoundKey>, rusqlite::Error> {
    if table.rows == 0 || !table.schema.primary_key.is_empty() {
        return Ok(None);
    }
    let connection = staging.connection();
    for key in &table.schema.unique_keys {
        // A row with a NULL in its key could not be brought over.
        let Some(columns) = table.column_indexes(key) else {
            continue;
        };
        if columns.len() == key.len() && nulls(connection, table, &columns)? == 0 {
            return Ok(Some(FoundKey {
                columns: key.clone(),
                doubled: 0,
                empty: 0,
                examples: Vec::new(),
            }));
        }
    }
    let mut best: Option<(u64, usize)> = None;
    for column in candidates(table, relations) {
        let left_out = nulls(connection, table, &[column])?;
        let doubled = if staging.stand_once(table, &[column])? {
            0
        } else {
            doubled(connection, table, column)?
        };
        let lost = left_out + doubled;
        if lost * 2 <= table.rows && best.is_none_or(|(least, _)| lost < least) {
            best = Some((lost, column));
        }
        if lost == 0 {
            break;
        }
    }
    let Some((_, column)) = best else {
        return Ok(None);
    };
    Ok(Some(FoundKey {
        columns: vec![table.schema.columns[column].name.clone()],
        doubled: doubled(connection, table, column)?,
        empty: nulls(connection, table, &[column])?,
        examples: examples(connection, table, column)?,
    }))
}

/// The same for a table of which one column must be the key, as a list of services: none where the declared key is one column.
///
/// # Errors
/// When the rows cannot be read.
pub fn find_one_column(
    staging: &Staging,
    table: &StagedTable,
    relations: &[Relation],
) -> Result<Option<FoundKey>, rusqlite::Error> {
    let declared = table.key_columns();
    if declared.is_empty() {
        let found = find(staging, table, relations)?;
        return Ok(found.filter(|key| key.columns.len() == 1));
    }
    let connection = staging.connection();
    let mut best: Option<(u64, usize)> = None;
    for column in declared {
        let lost = doubled(connection, table, column)?;
        if best.is_none_or(|(least, _)| lost < least) {
            best = Some((lost, column));
        }
    }
    let Some((doubled, column)) = best else {
        return Ok(None);
    };
    Ok(Some(FoundKey {
        columns: vec![table.schema.columns[column].name.clone()],
        doubled,
        empty: 0,
        examples: examples(connection, table, column)?,
    }))
}

/// Columns that may be the key, the likeliest first: those that other tables refer to, those called like the table, those called
/// like any key.
fn candidates(table: &StagedTable, relations: &[Relation]) -> Vec<usize> {
    let name = &table.schema.name;
    let mut likely: Vec<(u8, usize)> = Vec::new();
    for (index, column) in table.schema.columns.iter().enumerate() {
        let is_referred_to = relations
            .iter()
            .any(|relation| relation.target == *name && relation.target_column == column.name);
        let word = reduced(&column.name);
        let stem = KEY_WORDS
            .iter()
            .find_map(|ending| word.strip_suffix(ending));
        let stem = stem.map(|stem| stem.strip_suffix('s').unwrap_or(stem));
        let is_called_like_table =
            stem.is_some_and(|stem| stem.len() >= 3 && same_stem(stem, name));
        let is_number = matches!(meaning_of(&column.name), Some((Meaning::OrderNumber, _)))
            && crate::vocabulary::is_orders_table(name);
        let rank = if is_referred_to {
            0
        } else if is_called_like_table {
            1
        } else if KEY_WORDS.contains(&word.as_str()) {
            2
        } else if is_number {
            3
        } else {
            continue;
        };
        likely.push((rank, index));
    }
    likely.sort_unstable();
    likely.into_iter().map(|(_, index)| index).collect()
}

fn nulls(
    connection: &Connection,
    table: &StagedTable,
    columns: &[usize],
) -> Result<u64, rusqlite::Error> {
    let empty: Vec<String> = columns
        .iter()
        .map(|column| format!("c{column} IS NULL"))
        .collect();
    count(
        connection,
        &format!(
            "SELECT count(*) FROM {} WHERE {}",
            table.sql_name(),
            empty.join(" OR ")
        ),
    )
}

fn doubled(
    connection: &Connection,
    table: &StagedTable,
    column: usize,
) -> Result<u64, rusqlite::Error> {
    count(
        connection,
        &format!(
            "SELECT count(c{column}) - count(DISTINCT c{column}) FROM {}",
            table.sql_name()
        ),
    )
}

fn count(connection: &Connection, select: &str) -> Result<u64, rusqlite::Error> {
    let count: i64 = connection.query_row(select, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn examples(
    connection: &Connection,
    table: &StagedTable,
    column: usize,
) -> Result<Vec<String>, rusqlite::Error> {
    let mut select = connection.prepare(&format!(
        "SELECT CAST(c{column} AS TEXT), count(*) FROM {} WHERE c{column} IS NOT NULL \
         GROUP BY c{column} HAVING count(*) > 1 ORDER BY 2 DESC, min(rowid) LIMIT {EXAMPLES}",
        table.sql_name()
    ))?;
    let found = select.query_map([], |row| {
        let (value, rows): (String, i64) = (row.get(0)?, row.get(1)?);
        // On one line: it stands in the comments of a plan as well.
        let shown: String = value
            .chars()
            .filter(|sign| !sign.is_control())
            .take(LONGEST_EXAMPLE)
            .collect();
        Ok(format!("{shown} ({rows})"))
    })?;
    found.collect()
}
