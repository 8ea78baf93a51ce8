//! Rows on their way into staging: which value goes to which column, and what the engine makes of it.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql, params};

use super::{Column, StagedTable, Staging, StagingError, joined};
use crate::source::dialect::Dialect;
use crate::source::row::{Cell, RowBlock, RowView};
use crate::source::statement::{InsertTarget, OnConflict, Sink as _};

/// Rows between two commits: a commit per row would take the disk's time, one for all the journal's.
const ROWS_PER_COMMIT: u64 = 20_000;

/// Where the rows of the current `INSERT` go.
pub(super) struct Target {
    pub(super) insert: InsertTarget,
    pub(super) table: usize,
    /// The first row of this statement in staging.
    pub(super) first_row: Option<i64>,
    statement: String,
    /// For each column of the table: its place in the row.
    places: Vec<Option<usize>>,
    /// The same for rows of fewer values, which leave out what the engine fills in by itself.
    short_places: Option<Vec<Option<usize>>>,
    values_expected: usize,
    /// The table was never declared: its rows say how many columns it has.
    grows: bool,
    unknown_column: Option<String>,
    conversions: Vec<Conversion>,
}

/// How a value is written in a way of its dialect's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    /// As it stands.
    None,
    /// `t` and `f` of PostgreSQL: `1` and `0`, as in all other dialects.
    Boolean,
    /// `\x4142` of PostgreSQL.
    Bytes,
    /// `_binary '\0'` and `0x01` of MySQL in a column of bits: the number.
    Bits,
    /// `0x4142` and `_binary 'AB'` of MySQL in a column of text: the letters.
    Letters,
}

impl Staging {
    /// Rows of the current `INSERT` and of further ones into the same table, with the places they begin at; those that do not fit
    /// their table are noted as broken.
    pub(crate) fn take_rows(&mut self, block: &RowBlock) -> Result<(), StagingError> {
        let grows = self.target.as_ref().is_some_and(|target| target.grows);
        let mut refused = Vec::new();
        // Any row of a table that was never declared may widen it.
        if !grows && let Some(mut adding) = Adding::to(self)? {
            for row in block.rows() {
                if row.opens {
                    adding.target.first_row = None;
                }
                if let Some(reason) = adding.add(row.view, row.line)? {
                    refused.push((row.line, row.column, reason));
                }
            }
        }
        for (line, column, reason) in refused {
            self.broken(line, column, &reason)?;
        }
        for row in block.rows().filter(|_| grows) {
            if let Some(standing) = self.target.as_mut().filter(|_| row.opens) {
                standing.first_row = None;
            }
            self.take_row(row.view, row.line, row.column)?;
        }
        Ok(())
    }

    /// One row of the current `INSERT`.
    pub(super) fn take_row(
        &mut self,
        row: RowView<'_>,
        line: u64,
        column: u64,
    ) -> Result<(), StagingError> {
        let width = |target: &Target| self.tables[target.table].schema.columns.len();
        let grows = |target: &Target| target.grows && width(target) < row.len();
        if self.target.as_ref().is_some_and(grows) {
            self.widen(row.len())?;
        }
        let refused = match Adding::to(self)? {
            Some(mut adding) => adding.add(row, line)?,
            None => None,
        };
        match refused {
            Some(reason) => self.broken(line, column, &reason),
            None => Ok(()),
        }
    }

    /// `ON CONFLICT DO NOTHING` stood behind the rows of the current statement.
    pub(super) fn note_that_rows_yield(&mut self) -> Result<(), StagingError> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        if let Some(first) = target.first_row {
            let name = &self.tables[target.table].name_in_staging;
            self.connection.execute(
                &format!(
                    "INSERT OR IGNORE INTO conflict SELECT ?1, rowid, 'ignore' FROM {name} WHERE rowid >= ?2"
                ),
                params![name, first],
            )?;
        }
        Ok(())
    }

    /// Gives an undeclared table as many columns as its widest row.
    fn widen(&mut self, columns: usize) -> Result<(), StagingError> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let (table, insert) = (target.table, target.insert.clone());
        while self.tables[table].schema.columns.len() < columns {
            let number = self.tables[table].schema.columns.len() + 1;
            self.add_column(
                table,
                Column {
                    name: format!("column_{number}"),
                    ..Column::default()
                },
            )?;
        }
        self.target = Some(Target::new(
            table,
            &self.tables[table],
            &insert,
            self.dialect,
        ));
        Ok(())
    }
}

/// Rows on their way into one table.
struct Adding<'s> {
    connection: &'s Connection,
    insert: CachedStatement<'s>,
    table: &'s mut StagedTable,
    target: &'s mut Target,
    /// The column in which the engine counts.
    counting: Option<usize>,
    rows_since_commit: &'s mut u64,
}

impl<'s> Adding<'s> {
    /// To the table that rows go to; `None` when they go nowhere.
    fn to(staging: &'s mut Staging) -> Result<Option<Self>, StagingError> {
        let Some(target) = &mut staging.target else {
            return Ok(None);
        };
        let table = &mut staging.tables[target.table];
        Ok(Some(Self {
            connection: &staging.connection,
            insert: staging.connection.prepare_cached(&target.statement)?,
            counting: table.schema.counting_column(),
            table,
            target,
            rows_since_commit: &mut staging.rows_since_commit,
        }))
    }

    /// `Ok(Some(reason))`: the row does not fit its table.
    fn add(&mut self, row: RowView<'_>, line: u64) -> Result<Option<String>, StagingError> {
        let schema = &self.table.schema;
        if let Some(column) = &self.target.unknown_column {
            let table = &schema.name;
            return Ok(Some(format!(
                "the table {table} has no column {column}; this row was not read"
            )));
        }
        let Some(places) = self.target.places_for(row.len()) else {
            let (table, expected) = (&schema.name, self.target.values_expected);
            return Ok(Some(format!(
                "{} values for {expected} columns of {table}; this row was not read",
                row.len()
            )));
        };
        let insert = &mut self.insert;
        insert.raw_bind_parameter(1, i64::try_from(line).unwrap_or(i64::MAX))?;
        for (index, place) in places.iter().enumerate() {
            let cell = place.map_or(Cell::Default, |place| row.cell(place));
            let column = &schema.columns[index];
            let parameter = index + 2;
            if self.counting == Some(index) {
                let zero_counts = self.target.insert.zero_counts;
                match counted(cell, zero_counts, &mut self.table.highest_number) {
                    Some(number) => insert.raw_bind_parameter(parameter, number.to_string())?,
                    None => insert.raw_bind_parameter(parameter, Bound(cell))?,
                }
            } else if let (Cell::Default, Some(default)) = (cell, &column.default) {
                insert.raw_bind_parameter(parameter, default.as_str())?;
            } else {
                self.target.conversions[index].bind(cell, insert, parameter)?;
            }
        }
        insert.raw_execute()?;
        let conversions = &self.target.conversions;
        self.table.climbing.see(
            row,
            places,
            |index| self.counting != Some(index) && conversions[index].keeps_texts(),
            || schema.keys_of_several_columns(),
        );
        self.note_place()?;
        self.table.rows += 1;
        self.table.added += 1;
        *self.rows_since_commit += 1;
        if *self.rows_since_commit >= ROWS_PER_COMMIT {
            *self.rows_since_commit = 0;
            self.connection.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(None)
    }

    /// Where the row that was added last stands, as far as somebody will ask.
    fn note_place(&mut self) -> Result<(), StagingError> {
        let yields = match self.target.insert.on_conflict {
            OnConflict::Refuse => None,
            OnConflict::Ignore => Some("ignore"),
            OnConflict::Replace => Some("replace"),
        };
        if yields.is_none() && self.target.first_row.is_some() {
            return Ok(());
        }
        let rowid = self.connection.last_insert_rowid();
        self.target.first_row.get_or_insert(rowid);
        if let Some(yields) = yields {
            let note = "INSERT INTO conflict VALUES (?1, ?2, ?3)";
            self.connection.prepare_cached(note)?.execute(params![
                self.table.name_in_staging,
                rowid,
                yields
            ])?;
        }
        Ok(())
    }
}

impl Target {
    pub(super) fn new(
        table: usize,
        staged: &StagedTable,
        insert: &InsertTarget,
        dialect: Option<Dialect>,
    ) -> Self {
        let columns = &staged.schema.columns;
        let count = columns.len();
        let mut places: Vec<Option<usize>> = vec![None; count];
        let mut short_places = None;
        let mut unknown_column = None;
        match &insert.columns {
            None => {
                places = (0..count).map(Some).collect();
                let filled_in = |column: &Column| {
                    column.computed || dialect == Some(Dialect::SqlServer) && column.counts_up
                };
                if columns.iter().any(filled_in) {
                    let mut next = 0..count;
                    let place =
                        |column: &Column| (!filled_in(column)).then(|| next.next()).flatten();
                    short_places = Some(columns.iter().map(place).collect());
                }
            }
            Some(names) => {
                for (place, name) in names.iter().enumerate() {
                    match staged.schema.column_index(name) {
                        Some(index) => places[index] = Some(place),
                        None => unknown_column = Some(name.clone()),
                    }
                }
            }
        }
        let parameters = joined(0..count, |index| format!(", ?{}", index + 2));
        let statement = format!(
            "INSERT INTO {} VALUES (?1{parameters})",
            staged.name_in_staging
        );
        Self {
            insert: insert.clone(),
            table,
            first_row: None,
            statement,
            places,
            short_places,
            values_expected: insert.columns.as_ref().map_or(count, Vec::len),
            grows: !staged.declared && insert.columns.is_none(),
            unknown_column,
            conversions: columns
                .iter()
                .map(|column| Conversion::of(column, dialect))
                .collect(),
        }
    }

    /// The place of each column in a row of so many values; `None` when it has too many or too few.
    fn places_for(&self, values: usize) -> Option<&[Option<usize>]> {
        if values == self.values_expected || self.grows {
            return Some(&self.places);
        }
        self.short_places
            .as_deref()
            .filter(|places| places.iter().flatten().count() == values)
    }
}

impl Conversion {
    fn of(column: &Column, dialect: Option<Dialect>) -> Self {
        let declared = column.declared_type.to_ascii_lowercase();
        match (dialect, declared.as_str()) {
            (Some(Dialect::Postgres), "boolean" | "bool") => Self::Boolean,
            (Some(Dialect::Postgres), "bytea") => Self::Bytes,
            (Some(Dialect::MySql), bit) if bit == "bit" || bit.starts_with("bit(") => Self::Bits,
            (Some(Dialect::MySql), text) if is_text_of_mysql(text) => Self::Letters,
            _ => Self::None,
        }
    }

    /// Whether a text is staged as it stands.
    fn keeps_texts(self) -> bool {
        matches!(self, Self::None | Self::Bits | Self::Letters)
    }

    fn bind(
        self,
        cell: Cell<'_>,
        insert: &mut CachedStatement<'_>,
        parameter: usize,
    ) -> Result<(), rusqlite::Error> {
        match (self, cell) {
            (Self::Boolean, Cell::Text("t" | "true")) => insert.raw_bind_parameter(parameter, "1"),
            (Self::Boolean, Cell::Text("f" | "false")) => insert.raw_bind_parameter(parameter, "0"),
            (Self::Bytes, Cell::Text(text)) => match hexadecimal(text) {
                Some(bytes) => insert.raw_bind_parameter(parameter, bytes),
                None => insert.raw_bind_parameter(parameter, Bound(cell)),
            },
            (Self::Bits, Cell::Blob(bytes)) if bytes.len() <= 8 => {
                let number = bytes
                    .iter()
                    .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
                insert.raw_bind_parameter(parameter, number.to_string())
            }
            (Self::Letters, Cell::Blob(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => insert.raw_bind_parameter(parameter, text),
                Err(_) => insert.raw_bind_parameter(parameter, Bound(cell)),
            },
            _ => insert.raw_bind_parameter(parameter, Bound(cell)),
        }
    }
}

/// Whether a column so declared, in small letters, holds characters and no bytes.
fn is_text_of_mysql(declared: &str) -> bool {
    let name = declared.split(['(', ' ']).next().unwrap_or_default();
    matches!(
        name,
        "char"
            | "varchar"
            | "nvarchar"
            | "nchar"
            | "character"
            | "tinytext"
            | "text"
            | "mediumtext"
            | "longtext"
            | "enum"
            | "set"
            | "json"
    ) && !declared.ends_with("binary")
}

/// The bytes of `\x4142`; `None` when it is something else.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

/// What the engine puts into a counting column: the next number for NULL, and for 0 where that counts; else what is given.
fn counted(cell: Cell<'_>, zero_counts: bool, highest: &mut i64) -> Option<i64> {
    let mut next = || {
        *highest = highest.saturating_add(1);
        Some(*highest)
    };
    match cell {
        Cell::Null | Cell::Default => next(),
        Cell::Text("0") if zero_counts => next(),
        Cell::Text(text) => {
            if let Ok(number) = text.parse::<i64>() {
                *highest = (*highest).max(number);
            }
            None
        }
        Cell::Blob(_) => None,
    }
}

struct Bound<'a>(Cell<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Null | Cell::Default => ValueRef::Null,
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
