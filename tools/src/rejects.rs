//! The file of rejects, read back: how many rows for which reason, with a few of them.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::staging::Staging;

/// Rows of one reason that are shown; all are in the file.
const MOST_EXAMPLES: usize = 5;

/// Rejected rows of one table for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRows {
    /// The table.
    pub table: String,
    /// Why, for programs.
    pub code: String,
    /// How many rows.
    pub rows: u64,
    /// Some of them.
    pub examples: Vec<RejectedRow>,
}

/// One rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRow {
    /// Its key; none when it has none.
    pub key: Option<String>,
    /// Its line in the dump.
    pub line: Option<i64>,
    /// Why, in the program's words.
    pub reason: String,
}

/// Reads a file of rejects. One that is not there rejects nothing.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(staging: &Staging, path: &Path) -> io::Result<Vec<RejectedRows>> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut found: BTreeMap<(String, String), RejectedRows> = BTreeMap::new();
    let mut add = |table: &str, code: &str, row: RejectedRow| {
        let key = (table.to_owned(), code.to_owned());
        let rows = found.entry(key).or_insert_with(|| RejectedRows {
            table: table.to_owned(),
            code: code.to_owned(),
            rows: 0,
            examples: Vec::new(),
        });
        rows.rows += 1;
        if rows.examples.len() < MOST_EXAMPLES {
            rows.examples.push(row);
        }
    };
    for line in io::BufReader::new(file).lines() {
        let Ok(entry) = serde_json::from_str::<Value>(&line?) else {
            continue;
        };
        let code = entry["code"].as_str().unwrap_or_default();
        let row = RejectedRow {
            key: entry["key"].as_str().map(str::to_owned),
            line: entry["line"].as_i64(),
            reason: entry["reason"].as_str().unwrap_or_default().to_owned(),
        };
        if let Some(table) = entry["table"].as_str() {
            add(table, code, row);
            continue;
        }
        // What the target refused names the rows that the document was made of by the place of their table.
        for made_of in entry["rows"].as_array().into_iter().flatten() {
            let place = made_of[0]
                .as_u64()
                .and_then(|place| usize::try_from(place).ok());
            let table = place.and_then(|place| staging.tables().get(place));
            let name = table.map_or("", |table| table.schema.name.as_str());
            add(name, code, row.clone());
        }
    }
    Ok(found.into_values().collect())
}
