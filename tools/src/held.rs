//! What the target holds of one source, for the verbs that compare and carry over: read once from the feed, kept on disk
//! in a database of its own, so that memory does not grow with the firm.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::document::{Document, Event, Field, Value, Version, format};
use shared::domain::fields::{self, event};
use shared::id::{DocumentId, ReplicaNumber};

use crate::apply::BranchDirectory;
use crate::run::is_imported_from;
use crate::target::{Target, TargetError};

/// The round of the first import; each sync that carries something over is one more.
pub const FIRST_ROUND: i64 = 1;

/// Why what the target holds could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The working database.
    #[error("the working database failed: {0}. Nothing was changed.")]
    Database(#[from] rusqlite::Error),
}

/// The documents of one source at the target.
pub struct Held<'a> {
    connection: &'a Connection,
    /// The target's branches by lower-case name and by id.
    pub branches: BranchDirectory,
    /// Their names as written, by id.
    pub branch_names: BTreeMap<String, String>,
    /// How many documents there are, those taken back included.
    pub count: u64,
    /// Which rounds carried something over, and which were taken back.
    pub rounds: Rounds,
    /// Customers and services that orders name which are not this import's alone: orders made here, orders of other sources,
    /// and imported ones that staff have worked on.
    pub in_use: BTreeSet<DocumentId>,
}

/// The rounds of a source as its documents tell them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rounds {
    /// By round: the SHA-256 of the source that it carried over.
    pub carried: BTreeMap<i64, String>,
    /// Rounds that were taken back.
    pub taken_back: BTreeSet<i64>,
}

impl Rounds {
    /// The round in which this source is carried over: the last one again when it was the same source and was broken off, else
    /// the next.
    pub fn for_source(&self, sha256: &str) -> i64 {
        let last = self.carried.last_key_value();
        match last {
            Some((round, former)) if former == sha256 && !self.taken_back.contains(round) => *round,
            _ => self.last().max(FIRST_ROUND) + 1,
        }
    }

    /// The last round there ever was.
    pub fn last(&self) -> i64 {
        let carried = self.carried.keys().next_back().copied();
        let taken_back = self.taken_back.iter().next_back().copied();
        carried.max(taken_back).unwrap_or(FIRST_ROUND)
    }

    /// The last round that still counts; [`FIRST_ROUND`] when no sync does.
    pub fn last_in_force(&self) -> i64 {
        let mut carried = self.carried.keys().rev();
        carried
            .find(|round| !self.taken_back.contains(round))
            .copied()
            .unwrap_or(FIRST_ROUND)
    }

    fn note(&mut self, document: &Document, source: &str) {
        for event in document.event_set() {
            if event.get("source").and_then(Value::as_text) != Some(source) {
                continue;
            }
            match event.kind.as_str() {
                event::SYNCED | event::GONE => {
                    let sha256 = event.get("source_sha256").and_then(Value::as_text);
                    if let (Some(round), Some(sha256)) = (number(event, "round"), sha256) {
                        self.carried.insert(round, sha256.to_owned());
                    }
                }
                event::TAKEN_BACK => {
                    let (from, to) = (number(event, "from"), number(event, "to"));
                    if let (Some(from), Some(to)) = (from, to) {
                        self.taken_back.extend(from..=to);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A number among an event's particulars.
pub fn number(event: &Event, name: &str) -> Option<i64> {
    event.get(name).and_then(Value::as_int)
}

/// Rounds that were taken back in a document.
pub fn taken_back(document: &Document) -> BTreeSet<i64> {
    let mut rounds = BTreeSet::new();
    for event in document.event_set() {
        if event.kind.as_str() == event::TAKEN_BACK
            && let (Some(from), Some(to)) = (number(event, "from"), number(event, "to"))
        {
            rounds.extend(from..=to);
        }
    }
    rounds
}

/// One document with who imported it.
#[derive(Debug, Clone)]
pub struct HeldDocument {
    /// The document.
    pub document: Document,
    /// Replicas that imported it or carried changes to it.
    pub importers: BTreeSet<ReplicaNumber>,
}

impl<'a> Held<'a> {
    /// Reads the target's whole feed. `connection` is a database of its own: staged rows are read by several threads, and nothing
    /// may be written beside them meanwhile.
    pub fn read(
        connection: &'a Connection,
        target: &mut dyn Target,
        source: &str,
    ) -> Result<Self, HeldError> {
        connection.execute_batch(
            "DROP TABLE IF EXISTS held; \
             CREATE TABLE held (id BLOB PRIMARY KEY, kind TEXT NOT NULL, source_table TEXT NOT NULL, source_key TEXT NOT NULL, \
             encoded BLOB NOT NULL, met INTEGER NOT NULL DEFAULT 0)",
        )?;
        let mut held = Self {
            connection,
            branches: BranchDirectory::new(),
            branch_names: BTreeMap::new(),
            count: 0,
            rounds: Rounds::default(),
            in_use: BTreeSet::new(),
        };
        let mut cursor = 0;
        loop {
            let page = target.page(cursor)?;
            let transaction = connection.unchecked_transaction()?;
            for document in &page.documents {
                held.note(document, source)?;
            }
            transaction.commit()?;
            // A page that leads nowhere would be asked for again and again.
            if !page.more || page.cursor <= cursor {
                return Ok(held);
            }
            cursor = page.cursor;
        }
    }

    fn note(&mut self, document: &Document, source: &str) -> Result<(), rusqlite::Error> {
        const INSERT: &str = "
            INSERT OR REPLACE INTO held (id, kind, source_table, source_key, encoded) VALUES (?1, ?2, ?3, ?4, ?5)";
        if let Some(branch) = shared::domain::Branch::of(document) {
            self.branches.insert(branch.name.to_lowercase(), branch.id);
            self.branches.insert(branch.id.to_string(), branch.id);
            self.branch_names.insert(branch.id.to_string(), branch.name);
        }
        let is_ours = is_imported_from(document, source);
        if !is_ours || shared::domain::is_touched(document) {
            self.in_use.extend(named_by(document));
        }
        if !is_ours {
            return Ok(());
        }
        self.count += 1;
        self.rounds.note(document, source);
        let (table, key) = origin(document, source).unwrap_or_default();
        self.connection.prepare_cached(INSERT)?.execute(params![
            document.id().as_bytes().as_slice(),
            document.kind().as_str(),
            table,
            key,
            format::encode(document)
        ])?;
        Ok(())
    }

    /// A document by its id.
    pub fn get(&self, id: DocumentId) -> Result<Option<HeldDocument>, rusqlite::Error> {
        const SELECT: &str = "SELECT encoded FROM held WHERE id = ?1";
        let encoded: Option<Vec<u8>> = self
            .connection
            .prepare_cached(SELECT)?
            .query_row([id.as_bytes().as_slice()], |row| row.get(0))
            .optional()?;
        Ok(encoded.and_then(|encoded| HeldDocument::read(&encoded)))
    }

    /// Notes that a row of the source leads to a document.
    pub fn meet(&self, id: DocumentId) -> Result<(), rusqlite::Error> {
        const MEET: &str = "UPDATE held SET met = 1 WHERE id = ?1";
        let mut meet = self.connection.prepare_cached(MEET)?;
        meet.execute([id.as_bytes().as_slice()])?;
        Ok(())
    }

    /// The database it is kept in.
    pub fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Table and key of a document.
    pub fn origin(&self, id: DocumentId) -> Result<(String, String), rusqlite::Error> {
        const SELECT: &str = "SELECT source_table, source_key FROM held WHERE id = ?1";
        let found = self
            .connection
            .prepare_cached(SELECT)?
            .query_row([id.as_bytes().as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    /// The documents to which no row led, at most `limit` after an id.
    pub fn not_met(
        &self,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<Origin>, rusqlite::Error> {
        self.page("met = 0", after, limit)
    }

    /// All documents, at most `limit` after an id.
    pub fn all(
        &self,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<Origin>, rusqlite::Error> {
        self.page("1", after, limit)
    }

    fn page(
        &self,
        condition: &str,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<Origin>, rusqlite::Error> {
        let select = format!(
            "SELECT id, kind, source_table, source_key FROM held WHERE {condition} AND id > ?1 ORDER BY id LIMIT {limit}"
        );
        let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let mut select = self.connection.prepare_cached(&select)?;
        let rows = select.query_map([after], |row| {
            Ok(Origin {
                id: DocumentId::from_bytes(row.get(0)?),
                kind: row.get(1)?,
                table: row.get(2)?,
                key: row.get(3)?,
            })
        })?;
        rows.collect()
    }
}

/// Which row a document is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The document.
    pub id: DocumentId,
    /// What it describes.
    pub kind: String,
    /// The table as the import wrote it; `customer` for people that stood in the rows of orders.
    pub table: String,
    /// The row's key.
    pub key: String,
}

impl HeldDocument {
    fn read(encoded: &[u8]) -> Option<Self> {
        let document = format::decode(encoded).ok()?;
        Some(Self {
            importers: shared::domain::importers(&document),
            document,
        })
    }

    /// Whether an importer wrote a value, and not in the name of somebody.
    pub fn is_own(&self, version: &Version) -> bool {
        version.by.is_none() && self.importers.contains(&version.dot.actor.replica())
    }

    /// What importers wrote of it, as far as it still stands.
    pub fn own_part(&self) -> Document {
        let mut part = Document::new(self.document.id(), self.document.kind().clone());
        for replica in &self.importers {
            if let Some(own) = self.document.part_written_by(*replica) {
                // The parts are of one document, so they merge.
                let _ = part.merge(own);
            }
        }
        let in_somebodys_name = part.fields().values().flat_map(|register| {
            let versions = register.as_slice().iter();
            versions.filter(|version| version.by.is_some())
        });
        let dots = in_somebodys_name.map(|version| version.dot).collect();
        part.without(&dots)
    }

    /// Whether a mark of what is gone stands, or somebody has decided about it.
    pub fn is_marked_or_decided(&self, mark: &str) -> bool {
        self.document.register(mark).is_some_and(|register| {
            let newest = register.newest_version();
            newest.is_some_and(|mark| mark.value != Value::Null)
                || register
                    .as_slice()
                    .iter()
                    .any(|version| !self.is_own(version))
        })
    }

    /// The last value that an importer wrote into a legacy field; none when it is null or was never written.
    pub fn raw(&self, field: &str) -> Option<Value> {
        self.document.newest(field)
    }

    /// The raw values below a prefix, by the last part of their names.
    pub fn raw_row(&self, prefix: &str) -> BTreeMap<String, Value> {
        let below = self.document.fields().keys().filter_map(|field| {
            let slug = field.as_str().strip_prefix(prefix)?;
            let value = self.document.newest(field.as_str())?;
            (!slug.contains('/')).then(|| (slug.to_owned(), value))
        });
        below.collect()
    }

    /// The raw rows of an order's lines by the lines' keys, in the order of the lines. One that staff have added has none.
    pub(crate) fn raw_lines(&self) -> Vec<(String, BTreeMap<String, Value>)> {
        let mut rows: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
        let mut places: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let place = |field: &str| self.document.newest(field).and_then(|place| place.as_int());
        for field in self.document.fields().keys() {
            let segments: Vec<&str> = field.segments().collect();
            match segments.as_slice() {
                ["legacy", "lines", line, slug] => {
                    if let Some(value) = self.document.newest(field.as_str()) {
                        let row = rows.entry(line).or_default();
                        row.insert((*slug).to_owned(), value);
                    }
                }
                ["items", item, "lines", line, "position"] => {
                    let item = place(&format!("items/{item}/position"));
                    let own = place(field.as_str());
                    places.insert(line, (item.unwrap_or(0), own.unwrap_or(i64::MAX)));
                }
                _ => {}
            }
        }
        let mut lines: Vec<_> = rows.into_iter().collect();
        // Keys are no order: of two numbers the one with more digits may come first.
        let last = (i64::MAX, i64::MAX);
        lines.sort_by_key(|(line, _)| places.get(line).copied().unwrap_or(last));
        let lines = lines.into_iter();
        lines.map(|(line, row)| (line.to_owned(), row)).collect()
    }
}

/// Customers and services that an order names.
fn named_by(document: &Document) -> Vec<DocumentId> {
    if document.kind().as_str() != fields::kind::ORDER {
        return Vec::new();
    }
    let is_naming = |field: &Field| {
        let name = field.as_str();
        name == fields::order::CUSTOMER || name.starts_with("items/") && name.ends_with("/service")
    };
    let named = document.fields().keys().filter(|field| is_naming(field));
    named
        .filter_map(|field| document.newest(field.as_str())?.as_id())
        .collect()
}

/// Table and key that the import noted.
fn origin(document: &Document, source: &str) -> Option<(String, String)> {
    let event = document.event_set().iter().find(|event| {
        event.kind.as_str() == event::IMPORTED
            && event.get("source").and_then(Value::as_text) == Some(source)
    })?;
    let text = |name: &str| event.get(name).and_then(Value::as_text).map(str::to_owned);
    Some((
        text("legacy/table").unwrap_or_default(),
        text("legacy/key").unwrap_or_default(),
    ))
}
