//! Reads a SQLite database file, read-only, into staging. Values keep their text; numbers are written as SQLite would.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::SourceError;
use super::encoding::EncodingCensus;
use super::names::TableName;
use super::row::Row;
use super::schema::{Column, Reference, TableSchema};
use super::statement::{InsertTarget, OnConflict, Sink};
use crate::staging::Staging;

/// Reads all tables of the file. The file, and the folder it is in, stay as they are.
pub(super) fn read(path: &Path, staging: &mut Staging) -> Result<EncodingCensus, SourceError> {
    let connection = open(path)?;
    let mut census = EncodingCensus::default();
    let mut names = connection.prepare(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite\\_%' \
         ESCAPE '\\' ORDER BY rowid",
    )?;
    let objects = names
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (name, kind) in objects {
        if kind != "table" {
            staging.skipped(0, &format!("CREATE {} {name}", kind.to_uppercase()))?;
            continue;
        }
        let schema = table_schema(&connection, &name)?;
        let columns = schema.columns.len();
        staging.create_table(schema)?;
        staging.begin_rows(&InsertTarget {
            table: TableName::qualified("main", &name),
            columns: None,
            on_conflict: OnConflict::Refuse,
            zero_counts: false,
        })?;
        read_rows(&connection, &name, columns, &mut census, staging)?;
    }
    Ok(census)
}

fn open(path: &Path) -> Result<Connection, SourceError> {
    // Without a write-ahead log beside it the file is opened as immutable: SQLite then creates nothing beside it either.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let immutable = if Path::new(&log).exists() {
        ""
    } else {
        "&immutable=1"
    };
    let absolute = std::path::absolute(path).map_err(|source| SourceError::Unreadable {
        path: path.display().to_string(),
        source,
    })?;
    let escaped = absolute
        .display()
        .to_string()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(
        format!("file:{escaped}?mode=ro{immutable}"),
        flags,
    )?)
}

fn table_schema(connection: &Connection, name: &str) -> Result<TableSchema, rusqlite::Error> {
    let mut table = TableSchema {
        name: name.to_owned(),
        namespace: "main".to_owned(),
        ..TableSchema::default()
    };
    let mut keys: Vec<(i64, String)> = Vec::new();
    let mut columns =
        connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)")?;
    let mut rows = columns.query([name])?;
    while let Some(row) = rows.next()? {
        let column = Column {
            name: row.get(0)?,
            declared_type: row.get(1)?,
            not_null: row.get(2)?,
            ..Column::default()
        };
        let place: i64 = row.get(3)?;
        if place > 0 {
            keys.push((place, column.name.clone()));
        }
        table.columns.push(column);
    }
    keys.sort();
    table.primary_key = keys.into_iter().map(|(_, column)| column).collect();
    table.references = references(connection, name)?;
    Ok(table)
}

fn references(connection: &Connection, name: &str) -> Result<Vec<Reference>, rusqlite::Error> {
    let mut found: Vec<(i64, Reference)> = Vec::new();
    let mut list = connection.prepare(
        "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
    )?;
    let mut rows = list.query([name])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let target: Option<String> = row.get(3)?;
        if found.last().is_none_or(|(last, _)| *last != id) {
            let reference = Reference {
                columns: Vec::new(),
                table: row.get(1)?,
                namespace: "main".to_owned(),
                target_columns: Vec::new(),
            };
            found.push((id, reference));
        }
        if let Some((_, reference)) = found.last_mut() {
            reference.columns.push(row.get(2)?);
            reference.target_columns.extend(target);
        }
    }
    Ok(found.into_iter().map(|(_, reference)| reference).collect())
}

fn read_rows(
    connection: &Connection,
    name: &str,
    columns: usize,
    census: &mut EncodingCensus,
    staging: &mut Staging,
) -> Result<(), SourceError> {
    let quoted = name.replace('"', "\"\"");
    let mut all = connection.prepare(&format!("SELECT * FROM \"{quoted}\""))?;
    let mut rows = all.query([])?;
    let mut row = Row::default();
    let mut ordinal = 0;
    while let Some(found) = rows.next()? {
        ordinal += 1;
        row.clear();
        for index in 0..columns {
            match found.get_ref(index)? {
                ValueRef::Null => row.push_null(),
                ValueRef::Integer(number) => row.push_text(&number.to_string()),
                ValueRef::Real(number) => row.push_text(&real_text(number)),
                ValueRef::Text(bytes) => row.push_text_with(|text| census.decode(bytes, text)),
                ValueRef::Blob(bytes) => row.push_blob(bytes),
            }
        }
        staging.row(&row, ordinal, 1)?;
    }
    Ok(())
}

/// The shortest text that reads back as the same number; whole numbers keep their `.0` as in SQLite's own dump.
fn real_text(number: f64) -> String {
    format!("{number:?}")
}
