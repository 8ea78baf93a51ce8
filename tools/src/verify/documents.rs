//! What the target holds of one source, read once and kept on disk beside the staged rows.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};
use shared::document::{Document, Field, Register, Value, format};
use shared::domain::fields;
use shared::id::{DocumentId, ReplicaNumber};

use super::Cell;
use crate::run::{RunError, is_imported_from};
use crate::staging::Staging;
use crate::target::Target;

/// The documents of one source.
pub(super) struct Documents<'a> {
    staging: &'a Staging,
    /// How many there are.
    pub(super) count: u64,
    /// How many at the target cannot be read.
    pub(super) unreadable: u64,
    /// Names of branches by id.
    pub(super) branches: std::collections::BTreeMap<String, String>,
}

/// One document, with the actor that imported it.
pub(super) struct Found {
    pub(super) document: Document,
    importers: BTreeSet<ReplicaNumber>,
}

/// What the importer wrote into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Imported {
    /// Nothing.
    Absent,
    /// This, and it still stands.
    Value(Value),
    /// Something that staff have changed since.
    Edited,
}

impl<'a> Documents<'a> {
    /// Reads the target's whole feed.
    pub(super) fn read(
        staging: &'a Staging,
        target: &mut dyn Target,
        source: &str,
    ) -> Result<Self, RunError> {
        staging.connection().execute_batch(
            "DROP TABLE IF EXISTS found; \
             CREATE TABLE found (id BLOB PRIMARY KEY, kind TEXT, encoded BLOB, taken INTEGER NOT NULL DEFAULT 0)",
        )?;
        let mut documents = Self {
            staging,
            count: 0,
            unreadable: 0,
            branches: std::collections::BTreeMap::new(),
        };
        let mut cursor = 0;
        loop {
            let page = target.page(cursor)?;
            documents.unreadable += page.unreadable;
            let transaction = staging.connection().unchecked_transaction()?;
            for document in &page.documents {
                if let Some(branch) = shared::domain::Branch::of(document) {
                    documents
                        .branches
                        .insert(branch.id.to_string(), branch.name);
                }
                if is_imported_from(document, source) && !shared::domain::is_withdrawn(document) {
                    documents.count += 1;
                    let insert =
                        "INSERT OR REPLACE INTO found (id, kind, encoded) VALUES (?1, ?2, ?3)";
                    let (id, kind) = (document.id(), document.kind().as_str());
                    transaction.prepare_cached(insert)?.execute(params![
                        id.as_bytes().as_slice(),
                        kind,
                        format::encode(document)
                    ])?;
                }
            }
            transaction.commit()?;
            if !page.more || page.cursor <= cursor {
                return Ok(documents);
            }
            cursor = page.cursor;
        }
    }

    /// A document by its id; it counts as looked at from now on.
    pub(super) fn take(&mut self, id: DocumentId) -> Result<Option<Found>, rusqlite::Error> {
        let connection = self.staging.connection();
        let key = id.as_bytes().as_slice();
        let encoded: Option<Vec<u8>> = connection
            .prepare_cached("SELECT encoded FROM found WHERE id = ?1")?
            .query_row(params![key], |row| row.get(0))
            .optional()?;
        let Some(document) = encoded.and_then(|encoded| format::decode(&encoded).ok()) else {
            return Ok(None);
        };
        connection
            .prepare_cached("UPDATE found SET taken = taken + 1 WHERE id = ?1")?
            .execute(params![key])?;
        Ok(Some(Found {
            importers: shared::domain::importers(&document),
            document,
        }))
    }

    /// Whether a document says that its row is missing in the source.
    pub(super) fn is_gone(&self, id: DocumentId) -> Result<bool, rusqlite::Error> {
        let encoded: Option<Vec<u8>> = self
            .staging
            .connection()
            .prepare_cached("SELECT encoded FROM found WHERE id = ?1")?
            .query_row(params![id.as_bytes().as_slice()], |row| row.get(0))
            .optional()?;
        let document = encoded.and_then(|encoded| format::decode(&encoded).ok());
        // What somebody decided to keep has the mark emptied; the register is there all the same.
        Ok(document.is_some_and(|document| {
            document
                .register(fields::import::GONE_SINCE)
                .is_some_and(|register| !register.as_slice().is_empty())
        }))
    }

    /// Documents no row led to.
    pub(super) fn not_taken(&mut self) -> Result<Vec<(DocumentId, String)>, rusqlite::Error> {
        let mut select = self
            .staging
            .connection()
            .prepare("SELECT id, kind FROM found WHERE taken = 0 ORDER BY id")?;
        let rows = select.query_map([], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| row.map(|(id, kind)| (DocumentId::from_bytes(id), kind)))
            .collect()
    }
}

impl Found {
    /// What the importer wrote into a field, and whether it still stands.
    pub(super) fn value(&self, field: &str) -> Imported {
        let Some(register) = self.document.register(field) else {
            return Imported::Absent;
        };
        let versions = register.as_slice();
        let own = versions.iter().find(|version| {
            version.by.is_none() && self.importers.contains(&version.dot.actor.replica())
        });
        match own {
            Some(version) if version.value == Value::Null => Imported::Absent,
            Some(version) => Imported::Value(version.value.clone()),
            None if versions.is_empty() => Imported::Absent,
            None => Imported::Edited,
        }
    }

    /// Whether a line says that its row is missing in the source, or somebody has decided about that.
    fn is_gone_line(&self, item: &str, line: &str) -> bool {
        let mark = format!("items/{item}/lines/{line}/gone_since");
        let newest = self.document.register(&mark).and_then(Register::newest);
        newest.is_some_and(|mark| mark.by.is_some() || mark.value != Value::Null)
    }

    /// The keys of the lines that the importer made, as item and line, in their order; those whose rows are missing left out.
    pub(super) fn imported_lines(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(i64, i64, String, String)> = Vec::new();
        for field in self.document.fields().keys() {
            let segments: Vec<&str> = field.segments().collect();
            let ["items", item, "lines", line, "position"] = segments.as_slice() else {
                continue;
            };
            let place = |field: &str| match self.value(field) {
                Imported::Value(value) => value.as_int(),
                Imported::Absent | Imported::Edited => None,
            };
            let is_gone = self.is_gone_line(item, line);
            if let Some(position) = place(field.as_str())
                && !is_gone
            {
                let item_position = place(&format!("items/{item}/position")).unwrap_or(0);
                lines.push((
                    item_position,
                    position,
                    (*item).to_owned(),
                    (*line).to_owned(),
                ));
            }
        }
        lines.sort();
        lines
            .into_iter()
            .map(|(_, _, item, line)| (item, line))
            .collect()
    }

    /// A legacy value as it stood in the source.
    pub(super) fn raw(&self, field: &str) -> Option<Cell> {
        match self.value(field) {
            Imported::Value(Value::Text(text)) => Some(Cell::Text(text)),
            Imported::Value(Value::Bytes(bytes)) => Some(Cell::Blob(bytes)),
            _ => None,
        }
    }

    /// The names of all legacy fields, but for those of lines whose rows are missing.
    pub(super) fn raw_fields(&self) -> Vec<String> {
        let names = || self.document.fields().keys().map(Field::as_str);
        let gone: Vec<String> = names()
            .filter_map(|name| {
                let (item, line) = name
                    .strip_prefix("items/")?
                    .strip_suffix("/gone_since")?
                    .split_once("/lines/")?;
                self.is_gone_line(item, line)
                    .then(|| format!("legacy/lines/{line}/"))
            })
            .collect();
        let is_raw = |name: &&str| {
            name.starts_with("legacy/")
                && !gone.iter().any(|line| name.starts_with(line.as_str()))
                && self.value(name) != Imported::Absent
        };
        names().filter(is_raw).map(str::to_owned).collect()
    }
}
