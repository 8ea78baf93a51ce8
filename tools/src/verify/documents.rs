//! What the target holds of one source: read once, kept on disk beside the staged rows, looked through part by part.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use memchr::memmem::Finder;
use shared::document::{Document, Field, Register, Value, format};
use shared::domain::fields;
use shared::id::{DocumentId, ReplicaNumber};

use super::Cell;
use crate::run::{RunError, is_imported_from};
use crate::spool::{Sealed, Spool};
use crate::staging::Staging;
use crate::target::{EncodedPage, Target};

/// Pages that are read while others are sorted out.
const PAGES_AHEAD: usize = 2;

/// The documents of one source, and perhaps some of others: which it is shows when they are built.
pub(super) struct Documents {
    spooled: Sealed,
    source: String,
    unreadable: AtomicU64,
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
    /// Reads all documents of the target: one thread reads, another one sorts out and keeps.
    pub(super) fn read(
        staging: &Staging,
        target: &mut dyn Target,
        source: &str,
    ) -> Result<Self, RunError> {
        let mut kept = Kept {
            spool: Spool::create(staging.folder()).map_err(failed)?,
            source,
            unreadable: 0,
            branches: BTreeMap::new(),
            imported: Finder::new(fields::event::IMPORTED),
            named: Finder::new(source),
        };
        std::thread::scope(|scope| {
            let (pages, taken) = sync_channel::<EncodedPage>(PAGES_AHEAD);
            let keeper = scope.spawn(move || {
                for page in taken {
                    kept.keep(&page)?;
                }
                kept.seal()
            });
            let mut cursor = 0;
            loop {
                let page = target.any_encoded_page(cursor)?;
                let next = (page.more && page.cursor > cursor).then_some(page.cursor);
                // Whoever keeps them has failed and says why.
                let is_kept = pages.send(page).is_ok();
                match next.filter(|_| is_kept) {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            drop(pages);
            keeper
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                .map_err(failed)
        })
    }

    /// How many documents at the target cannot be read; all are known once all parts were looked through.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
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

/// Documents that are kept while the target is read.
struct Kept<'a> {
    spool: Spool,
    source: &'a str,
    unreadable: u64,
    branches: BTreeMap<String, String>,
    imported: Finder<'a>,
    named: Finder<'a>,
}

impl Kept<'_> {
    fn keep(&mut self, page: &EncodedPage) -> io::Result<()> {
        self.unreadable += page.unreadable;
        for encoded in &page.documents {
            // Cheap, and never wrong where the answer is no.
            let may_be_own =
                self.imported.find(encoded).is_some() && self.named.find(encoded).is_some();
            let Ok(id) = format::id_of(encoded) else {
                self.unreadable += 1;
                continue;
            };
            let is_branch =
                format::kind_of(encoded).is_some_and(|kind| kind.as_str() == fields::kind::BRANCH);
            if is_branch
                && let Ok(document) = format::decode(encoded)
                && let Some(branch) = shared::domain::Branch::of(&document)
            {
                self.branches.insert(branch.id.to_string(), branch.name);
            }
            if may_be_own {
                // Whether it can be read shows when it is built.
                self.spool.add(id, encoded, &[])?;
            } else {
                self.unreadable += u64::from(format::inspect(encoded).is_err());
            }
        }
        Ok(())
    }

    fn seal(self) -> io::Result<Documents> {
        Ok(Documents {
            spooled: self.spool.seal()?,
            source: self.source.to_owned(),
            unreadable: AtomicU64::new(self.unreadable),
            branches: self.branches,
        })
    }
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
                continue;
            }
            let Ok(document) = format::decode(&held.encoded) else {
                documents.unreadable.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if documents.is_own(&document) {
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
        match self.document.register(field) {
            Some(register) => self.value_in(register),
            None => Imported::Absent,
        }
    }

    fn value_in<'d>(&self, register: &'d Register) -> Imported<'d> {
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
        for (field, register) in self.below("items/") {
            if !field.as_str().ends_with("/position") {
                continue;
            }
            let segments: Vec<&str> = field.segments().collect();
            let ["items", item, "lines", line, "position"] = segments.as_slice() else {
                continue;
            };
            let place = |value| match value {
                Imported::Value(value) => value.as_int(),
                Imported::Absent | Imported::Edited => None,
            };
            if let Some(position) = place(self.value_in(register))
                && !self.is_gone_line(item, line)
            {
                let item_position = place(self.value(&format!("items/{item}/position")));
                let item_position = item_position.unwrap_or(0);
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

    /// How many fields have a legacy value, but for those of lines whose rows are missing and for lookups.
    pub(super) fn raw_values(&self) -> usize {
        let lines = self.below("items/");
        let gone: Vec<String> = lines
            .filter_map(|(name, _)| {
                let name = name.as_str().strip_prefix("items/")?;
                let (item, line) = name.strip_suffix("/gone_since")?.split_once("/lines/")?;
                self.is_gone_line(item, line)
                    .then(|| format!("legacy/lines/{line}/"))
            })
            .collect();
        let is_raw = |(name, register): &(&Field, &Register)| {
            let name = name.as_str();
            !name.starts_with("legacy/lookup/")
                && !gone.iter().any(|line| name.starts_with(line.as_str()))
                && matches!(
                    self.value_in(register),
                    Imported::Value(Value::Text(_) | Value::Bytes(_))
                )
        };
        self.below("legacy/").filter(is_raw).count()
    }

    /// The fields whose names begin with a path.
    fn below<'d>(&'d self, path: &'d str) -> impl Iterator<Item = (&'d Field, &'d Register)> {
        let from = (Bound::Included(path), Bound::Unbounded);
        let fields = self.document.fields().range::<str, _>(from);
        fields.take_while(move |(field, _)| field.as_str().starts_with(path))
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
