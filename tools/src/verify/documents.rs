//! What the target holds of one source: read once, kept on disk beside the staged rows, looked through part by part.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use shared::document::{Document, Field, Register, Value, format};
use shared::domain::fields;
use shared::id::{DocumentId, ReplicaNumber};

use super::Cell;
use crate::run::{RunError, is_imported_from};
use crate::spool::{Sealed, Spool};
use crate::staging::Staging;
use crate::target::Target;

/// The documents of one source, and perhaps some of others: which it is shows when they are built.
pub(super) struct Documents {
    spooled: Sealed,
    source: String,
    /// How many at the target cannot be read.
    pub(super) unreadable: u64,
    /// Names of branches by id.
    pub(super) branches: BTreeMap<String, String>,
}

/// The documents of one part.
pub(super) struct DocumentsOfPart(HashMap<DocumentId, Held>);

struct Held {
    encoded: Vec<u8>,
    taken: bool,
}

/// A document of the source that no row led to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    pub(super) id: DocumentId,
    pub(super) kind: String,
    /// It says itself that its row is gone, or somebody has decided to keep it all the same.
    pub(super) is_gone: bool,
}

/// One document, with the replicas that imported it and carried changes to it.
pub(super) struct Found {
    pub(super) document: Document,
    importers: BTreeSet<ReplicaNumber>,
}

/// What the importer wrote into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Imported<'d> {
    /// Nothing.
    Absent,
    /// This, and it still stands.
    Value(&'d Value),
    /// Something that staff have changed since.
    Edited,
}

impl Documents {
    /// Reads the target's whole feed.
    pub(super) fn read(
        staging: &Staging,
        target: &mut dyn Target,
        source: &str,
    ) -> Result<Self, RunError> {
        let mut spool = Spool::create(staging.folder()).map_err(failed)?;
        let mut unreadable = 0;
        let mut branches = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let page = target.encoded_page(cursor)?;
            unreadable += page.unreadable;
            for encoded in &page.documents {
                let Ok(inspected) = format::inspect(encoded) else {
                    unreadable += 1;
                    continue;
                };
                if inspected.kind == fields::kind::BRANCH
                    && let Ok(document) = format::decode(encoded)
                    && let Some(branch) = shared::domain::Branch::of(&document)
                {
                    branches.insert(branch.id.to_string(), branch.name);
                }
                if names(encoded, source) {
                    spool.add(inspected.id, encoded, &[]).map_err(failed)?;
                }
            }
            if !page.more || page.cursor <= cursor {
                break;
            }
            cursor = page.cursor;
        }
        Ok(Self {
            spooled: spool.seal().map_err(failed)?,
            source: source.to_owned(),
            unreadable,
            branches,
        })
    }

    /// The documents of one part of all ids.
    pub(super) fn part(&self, part: usize) -> Result<DocumentsOfPart, RunError> {
        let spooled = self.spooled.part(part).map_err(failed)?;
        let held = spooled.into_iter().map(|spooled| {
            let held = Held {
                encoded: spooled.encoded,
                taken: false,
            };
            (spooled.id, held)
        });
        Ok(DocumentsOfPart(held.collect()))
    }

    /// Whether a document is of this source, and was not taken back.
    fn is_own(&self, document: &Document) -> bool {
        is_imported_from(document, &self.source) && !shared::domain::is_withdrawn(document)
    }
}

/// Whether a document may have been imported from a source: cheap, and never wrong where the answer is no.
fn names(encoded: &[u8], source: &str) -> bool {
    memchr::memmem::find(encoded, fields::event::IMPORTED.as_bytes()).is_some()
        && memchr::memmem::find(encoded, source.as_bytes()).is_some()
}

pub(super) fn failed(error: io::Error) -> RunError {
    let error = anyhow::Error::from(error)
        .context("the working folder is full or cannot be read; choose another with --work-dir");
    RunError::Apply(crate::apply::ApplyError::Taker(error))
}

impl DocumentsOfPart {
    /// A document of the source by its id; it counts as looked at from now on.
    pub(super) fn take(&mut self, documents: &Documents, id: DocumentId) -> Option<Found> {
        let held = self.0.get_mut(&id)?;
        let document = format::decode(&held.encoded).ok()?;
        if !documents.is_own(&document) {
            return None;
        }
        held.taken = true;
        Some(Found {
            importers: shared::domain::importers(&document),
            document,
        })
    }

    /// How many documents of the source were looked at, and those that no row led to.
    pub(super) fn finish(self, documents: &Documents) -> (u64, Vec<Left>) {
        let mut taken = 0;
        let mut left = Vec::new();
        for (id, held) in self.0 {
            if held.taken {
                taken += 1;
            } else if let Ok(document) = format::decode(&held.encoded)
                && documents.is_own(&document)
            {
                // What somebody decided to keep has the mark emptied; the register is there all the same.
                let mark = document.register(fields::import::GONE_SINCE);
                left.push(Left {
                    id,
                    kind: document.kind().as_str().to_owned(),
                    is_gone: mark.is_some_and(|mark| !mark.as_slice().is_empty()),
                });
            }
        }
        left.sort();
        (taken, left)
    }
}

impl Found {
    /// What the importer wrote into a field, and whether it still stands.
    pub(super) fn value(&self, field: &str) -> Imported<'_> {
        let Some(register) = self.document.register(field) else {
            return Imported::Absent;
        };
        let versions = register.as_slice();
        let own = versions.iter().find(|version| {
            version.by.is_none() && self.importers.contains(&version.dot.actor.replica())
        });
        match own {
            Some(version) if version.value == Value::Null => Imported::Absent,
            Some(version) => Imported::Value(&version.value),
            None if versions.is_empty() => Imported::Absent,
            None => Imported::Edited,
        }
    }

    /// Whether a field has a legacy value, and if so, whether it is just this one.
    pub(super) fn raw(&self, field: &str) -> Option<&Value> {
        match self.value(field) {
            Imported::Value(value @ (Value::Text(_) | Value::Bytes(_))) => Some(value),
            _ => None,
        }
    }

    /// Whether a line says that its row is missing in the source, or somebody has decided about that.
    fn is_gone_line(&self, item: &str, line: &str) -> bool {
        let mark = format!("items/{item}/lines/{line}/gone_since");
        let newest = self
            .document
            .register(&mark)
            .and_then(Register::newest_version);
        newest.is_some_and(|mark| mark.by.is_some() || mark.value != Value::Null)
    }

    /// The keys of the lines that the importer made, as item and line, in their order; those whose rows are missing left out.
    pub(super) fn imported_lines(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(i64, i64, String, String)> = Vec::new();
        let names = self.document.fields().keys();
        for field in names.filter(|field| field.as_str().starts_with("items/")) {
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

    /// The names of all legacy fields, but for those of lines whose rows are missing.
    pub(super) fn raw_fields(&self) -> Vec<&str> {
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
        names().filter(is_raw).collect()
    }
}

impl Cell {
    /// Whether a legacy value is this cell as it stands.
    pub(super) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(text), Value::Text(kept)) => text == kept,
            (Self::Blob(bytes), Value::Bytes(kept)) => bytes == kept,
            _ => false,
        }
    }
}
