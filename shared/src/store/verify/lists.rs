//! Whether the read model is what the documents give: it is made once more and compared, row by row.

#![expect(
    clippy::disallowed_methods,
    reason = "the read model made for comparing is a file beside the one it is compared with"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::super::backup::{Source, SourceError};
use super::super::stored::Stored;
use super::super::{Change, layout};
use crate::read_model::{ApplyError, OpenError, QueryError, ReadModel};

/// How often a store that is written to meanwhile is compared again.
const TRIES: usize = 3;

const RESTLESS: &str = "the lists were not compared, since something was written each time; try again in a quieter moment";

/// Documents applied at a time.
const BATCH: usize = 1_000;

/// What is compared: a table, and its rows without what depends on the way they came to be. Keys of rows are spread by
/// accident; positions of a scope and pairs that are no longer current follow from history.
const COMPARED: [(&str, &str); 12] = [
    ("documents", "SELECT id, kind, state FROM documents"),
    ("orders", "SELECT * FROM orders"),
    (
        "items",
        "SELECT o.id, t.* FROM items t JOIN orders o ON o.key = t.order_key",
    ),
    (
        "lines",
        "SELECT o.id, t.* FROM lines t JOIN orders o ON o.key = t.order_key",
    ),
    (
        "payments",
        "SELECT o.id, t.* FROM payments t JOIN orders o ON o.key = t.order_key",
    ),
    (
        "places",
        "SELECT o.id, t.* FROM places t JOIN orders o ON o.key = t.order_key",
    ),
    ("customers", "SELECT * FROM customers"),
    ("same_as", "SELECT * FROM same_as"),
    ("priorities", "SELECT * FROM priorities"),
    ("branches", "SELECT * FROM branches"),
    ("territories", "SELECT * FROM territories"),
    (
        "scope",
        "SELECT branch, document FROM scope WHERE current = 1",
    ),
];

/// Columns that stand for a row and mean nothing else.
const KEYS: [&str; 2] = ["key", "order_key"];

/// Both search indexes, by the table whose keys they hold.
const SEARCHES: [(&str, &str); 2] = [("order_search", "orders"), ("customer_search", "customers")];

/// Why the lists could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The documents.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The lists made for comparing.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The lists made for comparing.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The lists made for comparing.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// SQLite.
    #[error("the lists could not be compared: {0}")]
    Database(#[from] rusqlite::Error),
}

/// What comparing has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListsCompared {
    /// What differs, a sentence each; none when the lists are what the documents give.
    Differences(Vec<String>),
    /// Nothing can be said, and why. It is no finding: a daemon brings its lists up to date by itself.
    NotCompared(&'static str),
}

/// Compares the read model in `lists` with one made from the store.
///
/// # Errors
/// [`ListsError`].
pub fn compare_lists(source: &mut dyn Source, lists: &Path) -> Result<ListsCompared, ListsError> {
    let scratch = Scratch::beside(lists);
    let mut reason = RESTLESS;
    for _ in 0..TRIES {
        let at = source.header()?.position;
        let position = position_of(lists)?;
        if position < at {
            reason =
                "the lists are behind the documents; a daemon brings them up to date by itself";
            continue;
        }
        scratch.clear();
        make(source, &scratch.0, at)?;
        let differences = compare(lists, &scratch.0)?;
        // Only a moment at which both stood still says anything.
        if source.header()?.position == at && position_of(lists)? == position {
            return Ok(ListsCompared::Differences(differences));
        }
        reason = RESTLESS;
    }
    Ok(ListsCompared::NotCompared(reason))
}

fn make(source: &mut dyn Source, file: &Path, position: u64) -> Result<(), ListsError> {
    let (mut model, _) = ReadModel::open(file)?;
    let mut after = vec![layout::DOCUMENT];
    let mut changes: Vec<Change> = Vec::new();
    'documents: loop {
        let entries = source.entries_after(&after)?;
        let Some((last, _)) = entries.last() else {
            break;
        };
        after.clone_from(last);
        for (key, value) in &entries {
            let Some((&layout::DOCUMENT, id)) = key.split_first() else {
                break 'documents;
            };
            let Some(id) = layout::id_from(id) else {
                continue;
            };
            // What cannot be read gives no rows; that it cannot is a finding of its own.
            if let Ok(stored) = Stored::split(id, value)
                && let Ok(document) = stored.document(id)
            {
                changes.push(Change {
                    position: stored.position,
                    document,
                });
            }
        }
    }
    // In the order of the feed, as the lists were made.
    changes.sort_by_key(|change| change.position);
    for batch in changes.chunks(BATCH) {
        model.apply(batch, batch.last().map_or(0, |change| change.position))?;
    }
    model.apply(&[], position)?;
    Ok(())
}

fn compare(lists: &Path, made: &Path) -> Result<Vec<String>, ListsError> {
    let connection = open(lists)?;
    let other = open(made)?;
    let mut differences = Vec::new();
    for (table, sql) in COMPARED {
        let (ours, theirs) = (rows(&connection, sql)?, rows(&other, sql)?);
        differences.extend(difference(table, &ours, &theirs));
    }
    for (search, table) in SEARCHES {
        let words = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            connection.execute_batch(&format!(
                "CREATE VIRTUAL TABLE temp.{search}_words USING fts5vocab(main, {search}, instance)"
            ))?;
            rows(
                connection,
                &format!(
                    "SELECT t.id, v.term, v.col FROM temp.{search}_words v LEFT JOIN {table} t ON t.key = v.doc"
                ),
            )
        };
        differences.extend(difference(search, &words(&connection)?, &words(&other)?));
    }
    Ok(differences)
}

fn difference(table: &str, ours: &[String], made: &[String]) -> Option<String> {
    (ours != made).then(|| {
        let missing = made.iter().filter(|row| ours.binary_search(row).is_err());
        let surplus = ours.iter().filter(|row| made.binary_search(row).is_err());
        format!(
            "the lists differ from the documents in {table}: {} rows are missing, {} are too many; `reindex` makes them anew",
            missing.count(),
            surplus.count()
        )
    })
}

/// Rows as text, sorted.
fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let wanted: Vec<usize> = statement
        .column_names()
        .enumerate()
        .filter(|(_, name)| !KEYS.contains(name))
        .map(|(column, _)| column)
        .collect();
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells = wanted
            .iter()
            .map(|column| row.get_ref(*column).map(|cell| format!("{cell:?}")))
            .collect::<Result<Vec<_>, _>>()?;
        found.push(cells.join("|"));
    }
    found.sort_unstable();
    Ok(found)
}

fn position_of(lists: &Path) -> Result<u64, ListsError> {
    Ok(ReadModel::open_reader(lists)?.position()?)
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
}

/// A read model that is gone when its value is.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(lists: &Path) -> Self {
        let mut path = lists.as_os_str().to_owned();
        path.push(".verify");
        Self(PathBuf::from(path))
    }

    fn clear(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.0.as_os_str().to_owned();
            path.push(suffix);
            // A file that is not there is as good as one that was removed.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.clear();
    }
}
