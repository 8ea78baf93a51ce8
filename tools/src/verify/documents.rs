//! What the target holds of one source, read once and kept on disk beside the staged rows.

use rusqlite::{OptionalExtension as _, params};
use shared::document::{Document, Value, format};
use shared::domain::fields;
use shared::id::{Actor, DocumentId};

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
    importer: Option<Actor>,
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
                if is_imported_from(document, source) {
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
        let events = document.events();
        let imported = events
            .iter()
            .find(|event| event.kind.as_str() == fields::event::IMPORTED);
        Ok(Some(Found {
            importer: imported.map(|event| event.dot.actor),
            document,
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
        let versions = register.versions();
        match versions
            .iter()
            .find(|version| Some(version.dot.actor) == self.importer)
        {
            Some(version) => Imported::Value(version.value.clone()),
            None if versions.is_empty() => Imported::Absent,
            None => Imported::Edited,
        }
    }

    /// A legacy value as it stood in the source.
    pub(super) fn raw(&self, field: &str) -> Option<Cell> {
        match self.value(field) {
            Imported::Value(Value::Text(text)) => Some(Cell::Text(text)),
            Imported::Value(Value::Bytes(bytes)) => Some(Cell::Blob(bytes)),
            _ => None,
        }
    }

    /// The names of all legacy fields.
    pub(super) fn raw_fields(&self) -> Vec<String> {
        let names = self
            .document
            .fields()
            .keys()
            .map(|field| field.as_str().to_owned());
        names.filter(|name| name.starts_with("legacy/")).collect()
    }
}
