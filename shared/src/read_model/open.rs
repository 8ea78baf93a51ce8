//! Opening the database: ours and sound it is used; stale or damaged it is begun anew; a stranger's is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{ReadModel, Reader, calendar, schema};

/// How long a connection waits for another's lock. Only the writer locks, for one batch.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept by a connection: all there are, with room for the office's filters.
const STATEMENTS: usize = 96;

/// Bytes of the page cache of a connection, in SQLite's negative kibibytes: the whole search index of a branch.
const CACHE: i64 = -32 * 1024;

/// What was found on opening.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// Nothing, or nothing of use: every document must be applied.
    Fresh,
    /// A read model to which changes up to this feed position are applied. When the store's feed ends before it, the store
    /// was restored from a backup, and the read model must be rebuilt.
    At(u64),
}

/// The read model could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file belongs to something else.
    #[error("{} is the database of another program, so it was left as it is; name another file for the lists", .0.display())]
    NotOurs(PathBuf),
    /// A stale or damaged file could not be removed.
    #[error("{} must be built anew but could not be removed; every order is safe in the store; remove the file", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite could not open or write it.
    #[error("{} could not be opened ({source}); every order is safe in the store; check the folder's rights and free space", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A reader came before the writer.
    #[error("{} holds no lists of this version yet; the writer opens it first", .0.display())]
    NotReady(PathBuf),
}

impl ReadModel {
    /// Opens the read model in a file, made when there is none. A file of another version and a damaged file are
    /// removed and begun anew, which [`Opened::Fresh`] says.
    pub fn open(path: &Path) -> Result<(Self, Opened), OpenError> {
        match existing(path) {
            Ok(Some((reader, position))) => Ok((Self { reader }, Opened::At(position))),
            Ok(None) => Ok((
                Self {
                    reader: create(path)?,
                },
                Opened::Fresh,
            )),
            Err(Unusable::NotOurs) => Err(OpenError::NotOurs(path.to_owned())),
            Err(Unusable::Stale) => {
                remove(path)?;
                Ok((
                    Self {
                        reader: create(path)?,
                    },
                    Opened::Fresh,
                ))
            }
            Err(Unusable::Failed(source)) => Err(database(path, source)),
        }
    }

    /// A read model that is gone with its value: for tests and rehearsals.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        let path = Path::new(":memory:");
        let failed = |source| database(path, source);
        let connection = Connection::open_in_memory().map_err(failed)?;
        let reader = prepared(connection).map_err(failed)?;
        make_tables(&reader.connection).map_err(failed)?;
        Ok(Self { reader })
    }

    /// A second connection to the file of a [`ReadModel`], which reads beside it.
    pub fn open_reader(path: &Path) -> Result<Reader, OpenError> {
        let failed = |source| database(path, source);
        // Not read-only towards the file system: a reader of a write-ahead log takes part in its shared memory.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let reader = prepared(connection).map_err(failed)?;
        reader
            .connection
            .pragma_update(None, "query_only", true)
            .map_err(failed)?;
        match versions(&reader.connection).map_err(failed)? {
            (schema::APPLICATION, schema::VERSION) => Ok(reader),
            _ => Err(OpenError::NotReady(path.to_owned())),
        }
    }
}

/// Why an existing file is not used.
enum Unusable {
    /// Another program's database.
    NotOurs,
    /// Of another version, or damaged.
    Stale,
    /// It could not be looked at.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Stale,
            _ => Self::Failed(error),
        }
    }
}

fn existing(path: &Path) -> Result<Option<(Reader, u64)>, Unusable> {
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match versions(&connection)? {
        (schema::APPLICATION, schema::VERSION) => {}
        (schema::APPLICATION, _) => return Err(Unusable::Stale),
        // Empty: its first writer was interrupted before the first table.
        (0, 0) if is_bare(&connection)? => return Err(Unusable::Stale),
        _ => return Err(Unusable::NotOurs),
    }
    let reader = prepared(connection)?;
    // Reads each tree's root; damage deeper down shows in the query that meets it, and asks for a rebuild there.
    for table in schema::DERIVED.into_iter().chain(schema::SEARCHES) {
        let sql = format!("SELECT rowid FROM {table} LIMIT 1");
        let sql = if table_has_rowid(table) {
            sql
        } else {
            sql.replace("rowid", "1")
        };
        reader.connection.prepare(&sql)?.exists([])?;
    }
    let position = reader.position().map_err(|error| Unusable::from(error.0))?;
    Ok(Some((reader, position)))
}

fn table_has_rowid(table: &str) -> bool {
    matches!(table, "orders" | "customers") || schema::SEARCHES.contains(&table)
}

fn is_bare(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )
}

fn versions(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}

fn create(path: &Path) -> Result<Reader, OpenError> {
    let failed = |source| database(path, source);
    let connection = Connection::open(path).map_err(failed)?;
    let reader = prepared(connection).map_err(failed)?;
    make_tables(&reader.connection).map_err(failed)?;
    Ok(reader)
}

fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    let versions = format!(
        "PRAGMA application_id = {}; PRAGMA user_version = {};",
        schema::APPLICATION,
        schema::VERSION
    );
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {} {versions} COMMIT;",
        schema::TABLES
    ))
}

fn prepared(connection: Connection) -> rusqlite::Result<Reader> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else SQLite prepares statements anew for each value that is bound, in case another plan suits it better.
    connection.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
        true,
    )?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // A commit lost in a power cut is applied again from the feed, since its position is lost with it.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    calendar::register(&connection)?;
    Ok(Reader { connection })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stale or damaged file can only be begun anew without it; nothing but derived rows is in it"
)]
fn remove(path: &Path) -> Result<(), OpenError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(&file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::Remove {
                    path: PathBuf::from(file),
                    source,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn database(path: &Path, source: rusqlite::Error) -> OpenError {
    OpenError::Database {
        path: path.to_owned(),
        source,
    }
}
