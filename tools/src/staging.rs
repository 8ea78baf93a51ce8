//! The staging database: every source row as it was read, in one SQLite file that memory does not grow with.
//!
//! Values are the source's own text, never normalised; NULL is apart from the empty string. From here on all sources are
//! one. The file lies in a folder of its own that is removed when the [`Staging`] is dropped.

mod climbing;
mod lookup;
mod once;
mod rows;
mod settle;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use crate::source::dialect::Dialect;
use crate::source::names::TableName;
use crate::source::row::Row;
use crate::source::schema::{Change, Column, TableSchema, same_name};
use crate::source::statement::{InsertTarget, Sink};
use climbing::Climbing;
pub(crate) use lookup::all_of;
use rows::Target;
pub(crate) use settle::{Order, shorter_first};

/// SQLite's own limit on columns is 2000; a legacy table beyond it is no order table.
const MAX_COLUMNS: usize = 1900;

/// No order database has so many tables; a file of nothing but declarations must not fill the memory.
const MAX_TABLES: usize = 10_000;

/// So many statements that were stepped over or broken are kept one by one; beyond, only their number.
const MAX_NOTES: u64 = 10_000;

/// Why staging failed. The source and the target are untouched in every case.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// The folder could not be made.
    #[error(
        "the working folder {path} cannot be used: {source}. Choose another with --work-dir; nothing was changed."
    )]
    Folder {
        /// Which folder.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The working database failed, most often because the disk is full.
    #[error(
        "the working database failed: {0}. Make room or choose another folder with --work-dir; nothing was changed."
    )]
    Database(#[from] rusqlite::Error),
    /// A table is too wide to be staged.
    #[error(
        "the table {0} has more than {MAX_COLUMNS} columns. Leave it out of the dump; nothing was changed."
    )]
    TooWide(String),
    /// There are too many tables.
    #[error(
        "the source has more than {MAX_TABLES} tables. Dump only the database the orders are in; nothing was changed."
    )]
    TooManyTables,
}

/// Statements kept ready: a plan asks each of its tables in a few ways, thousands of times.
const STATEMENTS_KEPT: usize = 256;

/// The staging database in its folder.
const FILE: &str = "staging.sqlite";

/// Pages that one more reader keeps ready, in KiB.
const READER_CACHE_KIB: u32 = 8_000;

/// Folders of staging databases are called so, with the process's id behind it.
const FOLDER_PREFIX: &str = "offpiste-import-";

/// Keeps a statement's plan whatever is bound to it. SQLite would prepare it anew for each value, in case another one searches
/// better, which takes longer than the search.
fn keep_plans(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

/// One table as staged.
#[derive(Debug, Clone)]
pub struct StagedTable {
    /// What its dump declared, or what its rows suggested.
    pub schema: TableSchema,
    /// Rows it holds.
    pub rows: u64,
    /// The declaration was found; otherwise names are made up from the rows.
    pub declared: bool,
    name_in_staging: String,
    /// The name as the dump writes it. The schema's bears its namespace, too, where two tables are called the same.
    plain_name: String,
    highest_number: i64,
    /// Rows ever added: no place is higher.
    added: u64,
    /// Keys that were seen to ascend from row to row, without a NULL.
    ascending: Vec<Vec<usize>>,
    /// Columns that were seen never to descend, likewise.
    level: Vec<usize>,
    /// What is seen of that while rows come in.
    climbing: Climbing,
}

impl StagedTable {
    /// The table's name inside the staging database; columns are `c0`, `c1` and so on, beside `line` and `rowid`.
    pub fn sql_name(&self) -> &str {
        &self.name_in_staging
    }

    /// No row has a higher place than this.
    pub fn highest_place(&self) -> u64 {
        self.added
    }

    /// Whether a column alone was seen to ascend from row to row, without a NULL, while the rows came in.
    pub(crate) fn is_seen_to_ascend(&self, column: usize) -> bool {
        self.ascending.iter().any(|key| key == &[column])
    }

    /// The staging columns of the primary key, in its order. Empty when there is none.
    pub fn key_columns(&self) -> Vec<usize> {
        self.schema
            .primary_key
            .iter()
            .filter_map(|name| self.schema.column_index(name))
            .collect()
    }
}

/// A statement that was not read, or not carried out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// Line of its first word.
    pub line: u64,
    /// What kind of statement it is.
    pub kind: String,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Broken {
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// What is wrong and what was done about it.
    pub message: String,
}

/// The staging database.
pub struct Staging {
    connection: Connection,
    folder: PathBuf,
    /// The folder is somebody else's to remove.
    is_borrowed: bool,
    dialect: Option<Dialect>,
    tables: Vec<StagedTable>,
    target: Option<Target>,
    skipped: Vec<Skipped>,
    unapplied: Vec<Skipped>,
    broken: Vec<Broken>,
    /// Notes beyond [`MAX_NOTES`].
    notes_dropped: u64,
    rows_since_commit: u64,
}

impl Staging {
    /// An empty staging database in a new folder below `parent`, or below the system's folder for temporary files.
    pub fn create(parent: Option<&Path>) -> Result<Self, StagingError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let folder = new_folder(&parent)?;
        let connection = Connection::open(folder.join(FILE))?;
        keep_plans(&connection)?;
        // The staging database is rebuilt from the source at will: it needs speed, not safety.
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
             PRAGMA cache_size = -16000; PRAGMA temp_store = FILE; \
             CREATE TABLE conflict (name TEXT, place INTEGER, yields TEXT, PRIMARY KEY (name, place)) WITHOUT ROWID; BEGIN",
        )?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(Self {
            connection,
            folder,
            is_borrowed: false,
            dialect: None,
            tables: Vec::new(),
            target: None,
            skipped: Vec::new(),
            unapplied: Vec::new(),
            broken: Vec::new(),
            notes_dropped: 0,
            rows_since_commit: 0,
        })
    }

    /// The same rows for another thread, read only. Nothing may be written to the staging database while it is used, and it
    /// ends before this one.
    ///
    /// # Errors
    /// When the file cannot be opened again.
    pub fn reader(&self) -> Result<Self, rusqlite::Error> {
        let path = self.folder.join(FILE).display().to_string();
        let escaped = path
            .replace('%', "%25")
            .replace('?', "%3f")
            .replace('#', "%23");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // Immutable: the lock is this process's own, and each statement would ask for it again.
        let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
        keep_plans(&connection)?;
        connection.execute_batch(&format!(
            "PRAGMA cache_size = -{READER_CACHE_KIB}; PRAGMA temp_store = FILE"
        ))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(Self {
            connection,
            folder: self.folder.clone(),
            is_borrowed: true,
            dialect: self.dialect,
            tables: self.tables.clone(),
            target: None,
            skipped: self.skipped.clone(),
            unapplied: self.unapplied.clone(),
            broken: self.broken.clone(),
            notes_dropped: self.notes_dropped,
            rows_since_commit: 0,
        })
    }

    /// A working database without rows of a source: for verbs that need none, and for what a verb keeps while the rows of its
    /// source are read by several threads.
    pub fn scratch(parent: Option<&Path>) -> Result<Self, StagingError> {
        let staging = Self::create(parent)?;
        staging.connection.execute_batch("COMMIT")?;
        Ok(staging)
    }

    /// An empty staging database with the same tables, in a folder of its own below `parent`. Whoever fills it says with
    /// [`Staging::end_rows`] that it is full.
    pub fn with_tables_of(other: &Self, parent: Option<&Path>) -> Result<Self, StagingError> {
        let mut staging = Self::create(parent)?;
        for table in &other.tables {
            let columns = joined(0..table.schema.columns.len(), |index| format!(", c{index}"));
            staging.connection.execute_batch(&format!(
                "CREATE TABLE {} (line INTEGER NOT NULL{columns})",
                table.name_in_staging
            ))?;
            staging.tables.push(StagedTable {
                rows: 0,
                added: 0,
                ascending: Vec::new(),
                level: Vec::new(),
                climbing: Climbing::default(),
                ..table.clone()
            });
        }
        Ok(staging)
    }

    /// Ends the filling of a staging database made by [`Staging::with_tables_of`].
    pub fn end_rows(&mut self) -> Result<(), StagingError> {
        for table in &mut self.tables {
            let count = format!(
                "SELECT count(*), coalesce(max(rowid), 0) FROM {}",
                table.name_in_staging
            );
            let (rows, last): (i64, i64) = self
                .connection
                .query_row(&count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            table.rows = rows.unsigned_abs();
            table.added = last.unsigned_abs();
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }

    /// Rows of a table were changed after they were read: what was seen of their order counts no more.
    pub(crate) fn forget_order(&mut self, table: &str) {
        let mut tables = self.tables.iter_mut();
        if let Some(table) = tables.find(|known| same_name(&known.schema.name, table)) {
            table.ascending.clear();
            table.level.clear();
        }
    }

    /// Which database wrote the rows that follow: it decides how it writes booleans and bytes.
    pub fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = Some(dialect);
    }

    /// The folder of this source's own, for what is needed while it is read. Removed with the staging database.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All tables in the order they were found.
    pub fn tables(&self) -> &[StagedTable] {
        &self.tables
    }

    /// A table by its source name.
    pub fn table(&self, name: &str) -> Option<&StagedTable> {
        self.tables
            .iter()
            .find(|table| same_name(&table.schema.name, name))
    }

    /// Statements that were stepped over.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Statements that change rows and were not carried out: the counts may differ from the real database's.
    pub fn unapplied(&self) -> &[Skipped] {
        &self.unapplied
    }

    /// What could not be read.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// How many notes beyond the kept ones there were.
    pub fn notes_dropped(&self) -> u64 {
        self.notes_dropped
    }

    /// The database, for queries of `assess`, `apply` and `verify`.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether a table is gone when the script has ended: `#scratch` and `@variable` of SQL Server.
    fn passes(&self, name: &str) -> bool {
        self.dialect == Some(Dialect::SqlServer) && name.starts_with(['#', '@'])
    }

    fn index_of(&self, name: &TableName) -> Option<usize> {
        let find = |is: &dyn Fn(&StagedTable) -> bool| {
            self.tables
                .iter()
                .position(|table| !table.schema.name.is_empty() && is(table))
        };
        let exact = find(&|table| name.is(&table.schema.namespace, &table.plain_name));
        // A name without its schema may mean a table of another one, as the server's settings would have it.
        exact.or_else(|| find(&|table| !name.qualified && same_name(&table.plain_name, &name.name)))
    }

    fn add_table(
        &mut self,
        mut schema: TableSchema,
        declared: bool,
    ) -> Result<usize, StagingError> {
        if schema.columns.len() > MAX_COLUMNS {
            return Err(StagingError::TooWide(schema.name));
        }
        if self.tables.len() >= MAX_TABLES {
            return Err(StagingError::TooManyTables);
        }
        let plain_name = schema.name.clone();
        if self.table(&plain_name).is_some() {
            schema.name = format!("{}.{plain_name}", schema.namespace);
        }
        let name_in_staging = format!("t{}", self.tables.len());
        let columns = joined(0..schema.columns.len(), |index| format!(", c{index}"));
        self.connection.execute_batch(&format!(
            "CREATE TABLE {name_in_staging} (line INTEGER NOT NULL{columns})"
        ))?;
        let counts_from = schema
            .columns
            .iter()
            .find_map(|column| column.counts_from)
            .unwrap_or(1);
        self.tables.push(StagedTable {
            schema,
            rows: 0,
            declared,
            name_in_staging,
            plain_name,
            highest_number: counts_from.saturating_sub(1),
            added: 0,
            ascending: Vec::new(),
            level: Vec::new(),
            climbing: Climbing::default(),
        });
        Ok(self.tables.len() - 1)
    }

    fn add_column(&mut self, table: usize, column: Column) -> Result<(), StagingError> {
        let index = self.tables[table].schema.columns.len();
        let name = self.tables[table].name_in_staging.clone();
        if index >= MAX_COLUMNS {
            return Err(StagingError::TooWide(
                self.tables[table].schema.name.clone(),
            ));
        }
        self.connection
            .execute_batch(&format!("ALTER TABLE {name} ADD COLUMN c{index}"))?;
        if let Some(default) = &column.default {
            self.connection.execute(
                &format!("UPDATE {name} SET c{index} = ?1"),
                params![default],
            )?;
        }
        self.tables[table].schema.columns.push(column);
        Ok(())
    }

    /// Rows of a table that was never declared: the first row says how many columns there are.
    fn add_undeclared(&mut self, target: &InsertTarget) -> Result<usize, StagingError> {
        let names = target.columns.clone().unwrap_or_default();
        let columns = names
            .into_iter()
            .map(|name| Column {
                name,
                ..Column::default()
            })
            .collect();
        let schema = TableSchema {
            name: target.table.name.clone(),
            namespace: target.table.namespace.clone(),
            columns,
            ..TableSchema::default()
        };
        self.add_table(schema, false)
    }

    fn note(count: usize, dropped: &mut u64) -> bool {
        let room = (count as u64) < MAX_NOTES;
        *dropped += u64::from(!room);
        room
    }
}

impl Sink for Staging {
    type Failure = StagingError;

    fn create_table(&mut self, table: TableSchema) -> Result<(), StagingError> {
        // A second declaration of the same table is `IF NOT EXISTS`; the first one stands, as in the engine.
        if self.passes(&table.name) {
            return Ok(());
        }
        if self.index_of(&table.table_name()).is_none() {
            self.target = None;
            self.add_table(table, true)?;
        }
        Ok(())
    }

    fn create_table_like(
        &mut self,
        table: &TableName,
        model: &TableName,
    ) -> Result<(), StagingError> {
        let Some(model) = self.index_of(model) else {
            return Ok(());
        };
        let mut schema = self.tables[model].schema.clone();
        schema.name.clone_from(&table.name);
        schema.namespace.clone_from(&table.namespace);
        self.create_table(schema)
    }

    fn create_view(&mut self, name: &TableName) -> Result<(), StagingError> {
        match self.index_of(name) {
            Some(index) if self.tables[index].rows == 0 => self.drop_table(name),
            _ => Ok(()),
        }
    }

    fn change_table(&mut self, name: &TableName, change: Change) -> Result<(), StagingError> {
        self.target = None;
        let Some(index) = self.index_of(name) else {
            return Ok(());
        };
        if let Change::AddColumn(column) = change {
            if self.tables[index]
                .schema
                .column_index(&column.name)
                .is_none()
            {
                self.add_column(index, column)?;
            }
            return Ok(());
        }
        self.tables[index].schema.apply(change);
        Ok(())
    }

    fn drop_table(&mut self, name: &TableName) -> Result<(), StagingError> {
        if let Some(index) = self.index_of(name) {
            self.empty_table(name)?;
            self.target = None;
            // Positions name the staging tables, so a dropped one keeps its place under a name nobody asks for.
            let table = &mut self.tables[index];
            table.schema = TableSchema {
                name: String::new(),
                ..TableSchema::default()
            };
        }
        Ok(())
    }

    fn rename_table(&mut self, from: &TableName, to: &str) -> Result<(), StagingError> {
        if let Some(index) = self.index_of(from) {
            self.target = None;
            to.clone_into(&mut self.tables[index].schema.name);
            to.clone_into(&mut self.tables[index].plain_name);
        }
        Ok(())
    }

    fn empty_table(&mut self, name: &TableName) -> Result<(), StagingError> {
        if let Some(index) = self.index_of(name) {
            self.connection.execute_batch(&format!(
                "DELETE FROM {}",
                self.tables[index].name_in_staging
            ))?;
            self.tables[index].rows = 0;
        }
        Ok(())
    }

    fn begin_rows(&mut self, target: &InsertTarget) -> Result<(), StagingError> {
        if let Some(standing) = &mut self.target
            && standing.insert == *target
        {
            standing.first_row = None;
            return Ok(());
        }
        let table = match self.index_of(&target.table) {
            Some(index) => index,
            // SQLite's own tables (`sqlite_sequence`, `sqlite_stat1`) are no part of what the firm kept.
            None if target.table.name.starts_with("sqlite_") || self.passes(&target.table.name) => {
                self.target = None;
                return Ok(());
            }
            None => self.add_undeclared(target)?,
        };
        self.target = Some(Target::new(
            table,
            &self.tables[table],
            target,
            self.dialect,
        ));
        Ok(())
    }

    fn row(&mut self, row: &Row, line: u64, column: u64) -> Result<(), StagingError> {
        self.take_row(row.view(), line, column)
    }

    fn rows_yield(&mut self) -> Result<(), StagingError> {
        self.note_that_rows_yield()
    }

    fn skipped(&mut self, line: u64, kind: &str) -> Result<(), StagingError> {
        if Self::note(self.skipped.len(), &mut self.notes_dropped) {
            self.skipped.push(Skipped {
                line,
                kind: kind.to_owned(),
            });
        }
        Ok(())
    }

    fn unapplied(&mut self, line: u64, kind: &str) -> Result<(), StagingError> {
        if Self::note(self.unapplied.len(), &mut self.notes_dropped) {
            self.unapplied.push(Skipped {
                line,
                kind: kind.to_owned(),
            });
        }
        Sink::skipped(self, line, kind)
    }

    fn broken(&mut self, line: u64, column: u64, message: &str) -> Result<(), StagingError> {
        if Self::note(self.broken.len(), &mut self.notes_dropped) {
            self.broken.push(Broken {
                line,
                column,
                message: message.to_owned(),
            });
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Nothing depends on it: what stays behind is a temporary file.
        if !self.is_borrowed {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A folder of this process's own, readable by nobody else: what is staged is personal data.
fn new_folder(parent: &Path) -> Result<PathBuf, StagingError> {
    let failed = |path: &Path, source: io::Error| StagingError::Folder {
        path: path.display().to_string(),
        source,
    };
    fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
    remove_left_behind(parent);
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| failed(parent, io::Error::other(error)))?;
    let name = format!(
        "{FOLDER_PREFIX}{}-{}",
        std::process::id(),
        crate::source::hexadecimal(&random)
    );
    let folder = parent.join(name);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&folder)
        .map_err(|source| failed(&folder, source))?;
    Ok(folder)
}

/// Removes the folders of processes that were killed and could not do it themselves.
fn remove_left_behind(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name
            .strip_prefix(FOLDER_PREFIX)
            .and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        // Where the system does not list its processes, nothing is known and nothing is removed.
        let ended = process.is_some_and(|id| {
            Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{id}")).exists()
        });
        if ended {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn joined(places: std::ops::Range<usize>, part: impl Fn(usize) -> String) -> String {
    places.map(part).collect::<Vec<_>>().concat()
}
