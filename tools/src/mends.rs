//! Rejected rows that a person has mended: the same rows with other values, taken in place of the source's.
//!
//! The file is the one that `run` writes its rejects to, with the values below `row` corrected. What was mended is kept beside
//! the plan with the row as it was, so that every later verb reads the same rows, also of a later dump, as long as the old database
//! still has the row as it was. Once it is corrected there, the old database's row counts.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{OptionalExtension as _, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::Plan;
use crate::source::hexadecimal;
use crate::source::schema::same_name;
use crate::staging::{StagedTable, Staging, all_of};

/// Why mended rows cannot be taken. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// The file.
    #[error("{path} cannot be read: {source}. Nothing was changed.")]
    Unreadable {
        /// Which file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A line is no reject.
    #[error("{path}, line {line}: {reason}. Correct it there; nothing was changed.")]
    Line {
        /// Which file.
        path: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The working database.
    #[error("the working database failed: {0}. Nothing was changed.")]
    Database(#[from] rusqlite::Error),
}

/// A row as text by its columns; none is NULL. Bytes are not mended.
type Row = BTreeMap<String, Option<String>>;

/// One mended row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mend {
    /// The table.
    pub table: String,
    /// The row as the source has it.
    pub was: Row,
    /// Which one it is of those that are alike letter by letter, in their order, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub nth: u64,
    /// The row as it is to be read.
    pub row: Row,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
const fn is_first(nth: &u64) -> bool {
    *nth == 0
}

/// What of a line of the file of rejects matters here.
#[derive(Deserialize)]
struct Line {
    table: Option<String>,
    place: Option<i64>,
    row: Option<Row>,
    /// SHA-256 of the source that the row's place is in.
    source_sha256: Option<String>,
}

/// Mended rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mends(Vec<Mend>);

impl Mends {
    /// Reads what was kept beside a plan; nothing when there is no such file.
    ///
    /// # Errors
    /// [`MendError`].
    pub fn load(path: &Path) -> Result<Self, MendError> {
        if !path.exists() {
            return Ok(Self::default());
        }
        each_line(path, |line| {
            serde_json::from_str(line)
                .map(Some)
                .map_err(|error| error.to_string())
        })
        .map(Self)
    }

    /// Reads a file of rejects whose rows a person has mended. Rows that are as they were are passed over. Places are those of one
    /// source: rejects of another one, by its SHA-256, are refused.
    ///
    /// # Errors
    /// [`MendError`], with the line.
    pub fn of_rejects(
        path: &Path,
        plan: &Plan,
        staging: &Staging,
        source_sha256: &str,
    ) -> Result<Self, MendError> {
        let mut given: BTreeMap<(String, Vec<String>), usize> = BTreeMap::new();
        let mut number = 0;
        each_line(path, |text| {
            number += 1;
            let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
            // What the target refused is no row of the source.
            let (Some(table), Some(place), Some(row)) = (line.table, line.place, line.row) else {
                return Ok(None);
            };
            match line.source_sha256.as_deref() {
                Some(known) if known == source_sha256 => {}
                Some(other) => {
                    return Err(format!(
                        "this row was rejected in another state of the source (sha256 {other}, this one has {source_sha256}), where its place is another row's. Run or sync with this source again and mend the rejects of that"
                    ));
                }
                None => {
                    return Err(
                        "it has no source_sha256, so nobody knows which source the row's place is in. Take the line as run or sync has written it".to_owned(),
                    );
                }
            }
            let staged = staging
                .table(&table)
                .ok_or_else(|| format!("the source has no table {table}"))?;
            let unknown = row
                .keys()
                .find(|column| staged.schema.column_index(column).is_none());
            if let Some(column) = unknown {
                return Err(format!("{table} has no column {column}"));
            }
            let was = row_at(staging, staged, place)
                .map_err(|error| error.to_string())?
                .ok_or_else(|| format!("{table} has no row at place {place}"))?;
            let mut mended = was.clone();
            for (column, value) in row {
                if mended.contains_key(&column) {
                    mended.insert(column, value);
                }
            }
            if was == mended {
                return Ok(None);
            }
            if let Some(key) = key_of(plan, &table, &mended) {
                let shown = key.join(", ");
                let standing = rival(staging, staged, plan, (place, &was), &mended)
                    .map_err(|error| error.to_string())?;
                if let Some(line) = standing {
                    return Err(format!(
                        "{table} has a row with the key {shown} already, in line {line} of the source. Give this one another key, or leave it out"
                    ));
                }
                if let Some(other) = given.insert((table.clone(), key), number) {
                    return Err(format!(
                        "row {other} of this file has the key {shown} of {table} as well. Give one of them another key, or leave it out"
                    ));
                }
            }
            let nth = alike_before(staging, staged, place, &was);
            Ok(Some(Mend {
                table,
                nth: nth.map_err(|error| error.to_string())?,
                was,
                row: mended,
            }))
        })
        .map(Self)
    }

    /// Adds later mends; one of the same row takes the place of the former.
    pub fn add(&mut self, later: Self) {
        for mend in later.0 {
            self.0.retain(|former| {
                former.table != mend.table || former.was != mend.was || former.nth != mend.nth
            });
            self.0.push(mend);
        }
    }

    /// Writes all of them, one JSON object per line.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let lines: Result<Vec<String>, _> = self.0.iter().map(serde_json::to_string).collect();
        let text: String = lines?.into_iter().map(|line| line + "\n").collect();
        let fresh = path.with_extension("jsonl.new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, path)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the mended rows in the place of those that the source still has as they were.
    ///
    /// # Errors
    /// [`MendError::Database`].
    pub fn apply(&self, plan: &Plan, staging: &mut Staging) -> Result<Mended, MendError> {
        let mut mended = Mended::default();
        let mut digest = Sha256::new();
        // All of them before any is replaced: rows that are alike are counted.
        let mut found = Vec::with_capacity(self.0.len());
        for mend in &self.0 {
            let table = staging.table(&mend.table);
            let rowid = table.map(|table| find(staging, table, mend)).transpose()?;
            found.push((mend, rowid.flatten()));
        }
        for (mend, rowid) in found {
            let (Some(table), Some(rowid)) = (staging.table(&mend.table), rowid) else {
                mended.overtaken += 1;
                continue;
            };
            // Since it was mended another row has come with its key: the key is that row's.
            if rival(staging, table, plan, (rowid, &mend.was), &mend.row)?.is_some() {
                mended.collided += 1;
                continue;
            }
            replace(staging, table, rowid, &mend.row)?;
            staging.forget_order(&mend.table);
            mended.rows += 1;
            digest.update(serde_json::to_vec(mend).unwrap_or_default());
        }
        if mended.rows > 0 {
            let digest = digest.finalize();
            mended.mark = hexadecimal(&digest);
        }
        Ok(mended)
    }
}

/// What mending a source came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mended {
    /// Rows read as mended.
    pub rows: u64,
    /// Mends whose row the source no longer has as it was.
    pub overtaken: u64,
    /// Mends that give their row the key of another one; those rows are read as they were.
    pub collided: u64,
    /// Stands for the mends: the same ones, the same text; empty without any.
    pub mark: String,
}

fn each_line<T>(
    path: &Path,
    mut read: impl FnMut(&str) -> Result<Option<T>, String>,
) -> Result<Vec<T>, MendError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| MendError::Unreadable {
        path: shown.clone(),
        source,
    })?;
    let mut found = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let entry = read(line).map_err(|reason| MendError::Line {
            path: shown.clone(),
            line: index + 1,
            reason,
        })?;
        found.extend(entry);
    }
    Ok(found)
}

/// The texts of a row; columns that hold bytes are left out.
fn row_at(
    staging: &Staging,
    table: &StagedTable,
    rowid: i64,
) -> Result<Option<Row>, rusqlite::Error> {
    let select = format!("SELECT * FROM {} WHERE rowid = ?1", table.sql_name());
    staging
        .connection()
        .prepare_cached(&select)?
        .query_row([rowid], |found| {
            let mut row = Row::new();
            for (index, column) in table.schema.columns.iter().enumerate() {
                // Before the columns stands the line in the dump.
                match found.get_ref(index + 1)? {
                    ValueRef::Null => {
                        row.insert(column.name.clone(), None);
                    }
                    ValueRef::Text(text) => {
                        let text = String::from_utf8_lossy(text).into_owned();
                        row.insert(column.name.clone(), Some(text));
                    }
                    ValueRef::Blob(_) => {}
                    ValueRef::Integer(number) => {
                        row.insert(column.name.clone(), Some(number.to_string()));
                    }
                    ValueRef::Real(number) => {
                        row.insert(column.name.clone(), Some(number.to_string()));
                    }
                }
            }
            Ok(row)
        })
        .optional()
}

fn columns_of(table: &StagedTable, row: &Row) -> Vec<(usize, Sql)> {
    let columns = row.iter().filter_map(|(name, text)| {
        let index = table.schema.column_index(name)?;
        Some((index, text.clone().map_or(Sql::Null, Sql::Text)))
    });
    columns.collect()
}

/// The key of a row by the plan; none where the plan knows none, or a part of it is NULL.
fn key_of(plan: &Plan, table: &str, row: &Row) -> Option<Vec<String>> {
    let columns = plan.key_columns(table);
    let key: Vec<String> = columns
        .iter()
        .map(|column| {
            let found = row.iter().find(|(name, _)| same_name(name, column));
            found.and_then(|(_, text)| text.clone())
        })
        .collect::<Option<_>>()?;
    (!key.is_empty()).then_some(key)
}

/// The line of another row to which the key of a mended row belongs. One that keeps its key keeps it before the rows behind it;
/// rows that the plan leaves behind have none.
fn rival(
    staging: &Staging,
    table: &StagedTable,
    plan: &Plan,
    (rowid, was): (i64, &Row),
    row: &Row,
) -> Result<Option<i64>, rusqlite::Error> {
    let name = &table.schema.name;
    let Some(key) = key_of(plan, name, row) else {
        return Ok(None);
    };
    let Some(indexes) = table.column_indexes(plan.key_columns(name)) else {
        return Ok(None);
    };
    let keeps_it = key_of(plan, name, was).as_ref() == Some(&key);
    let mut values: Vec<Sql> = key.into_iter().map(Sql::Text).collect();
    values.push(Sql::Integer(rowid));
    let mut left_behind = String::new();
    let rules = plan.orders.exclude_where.iter();
    for rule in rules.filter(|_| same_name(&plan.orders.table, name)) {
        if let Some(column) = table.schema.column_index(&rule.column) {
            left_behind.extend([" AND c", &column.to_string(), " IS NOT ?"]);
            values.push(Sql::Text(rule.equals.clone()));
        }
    }
    let select = format!(
        "SELECT line FROM {} WHERE {} AND rowid {} ?{left_behind} ORDER BY rowid LIMIT 1",
        table.sql_name(),
        all_of(&indexes, "= ?"),
        if keeps_it { "<" } else { "<>" }
    );
    staging
        .connection()
        .query_row(&select, params_from_iter(values), |row| row.get(0))
        .optional()
}

fn find(
    staging: &Staging,
    table: &StagedTable,
    mend: &Mend,
) -> Result<Option<i64>, rusqlite::Error> {
    let (indexes, mut values): (Vec<usize>, Vec<Sql>) =
        columns_of(table, &mend.was).into_iter().unzip();
    if indexes.len() < mend.was.len() || indexes.is_empty() {
        return Ok(None);
    }
    let select = format!(
        "SELECT rowid FROM {} WHERE {} ORDER BY rowid LIMIT 1 OFFSET ?",
        table.sql_name(),
        all_of(&indexes, "IS ?")
    );
    values.push(Sql::Integer(i64::try_from(mend.nth).unwrap_or(i64::MAX)));
    staging
        .connection()
        .query_row(&select, params_from_iter(values), |row| row.get(0))
        .optional()
}

/// How many rows before this one are alike letter by letter.
fn alike_before(
    staging: &Staging,
    table: &StagedTable,
    rowid: i64,
    row: &Row,
) -> Result<u64, rusqlite::Error> {
    let (indexes, mut values): (Vec<usize>, Vec<Sql>) = columns_of(table, row).into_iter().unzip();
    values.push(Sql::Integer(rowid));
    let select = format!(
        "SELECT count(*) FROM {} WHERE {} AND rowid < ?",
        table.sql_name(),
        all_of(&indexes, "IS ?")
    );
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let count = staging
        .connection()
        .query_row(&select, params_from_iter(values), count)?;
    Ok(count.unsigned_abs())
}

fn replace(
    staging: &Staging,
    table: &StagedTable,
    rowid: i64,
    row: &Row,
) -> Result<(), rusqlite::Error> {
    let (indexes, mut values): (Vec<usize>, Vec<Sql>) = columns_of(table, row).into_iter().unzip();
    let places: Vec<String> = indexes
        .iter()
        .map(|index| format!("c{index} = ?"))
        .collect();
    let update = format!(
        "UPDATE {} SET {} WHERE rowid = ?",
        table.sql_name(),
        places.join(", ")
    );
    values.push(Sql::Integer(rowid));
    staging
        .connection()
        .execute(&update, params_from_iter(values))?;
    Ok(())
}
