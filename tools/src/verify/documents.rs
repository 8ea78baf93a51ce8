//! What the target holds of one source: read once. What is not compared as it comes is kept on disk beside the staged rows, and
//! looked through part by part.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem::Finder;
use shared::document::view::{EventView, ValueView, VersionView, newest};
use shared::document::{Document, View, format};
use shared::domain::fields;
use shared::id::{DocumentId, Dot, ReplicaNumber};

use super::Cell;
use super::pieces::is_gone;
use crate::run::RunError;
use crate::spool::{Sealed, Spool};
use crate::target::{EncodedPage, Target};

/// The documents of one source, and perhaps some of others: which it is shows when they are looked at.
pub(super) struct Documents {
    spooled: Sealed,
    pub(super) wanted: Wanted,
    /// Names of branches by id.
    pub(super) branches: BTreeMap<String, String>,
}

/// Which documents are looked at, and how many of them cannot be.
pub(super) struct Wanted {
    source: String,
    unreadable: AtomicU64,
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
pub(super) struct Found<'d> {
    bytes: &'d [u8],
    view: View<'d>,
    importers: Vec<ReplicaNumber>,
}

/// What the importer wrote into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Imported<'d> {
    /// Nothing.
    Absent,
    /// This, and it still stands.
    Value(ValueView<'d>),
    /// Something that staff have changed since.
    Edited,
}

impl Wanted {
    pub(super) fn of_source(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            unreadable: AtomicU64::new(0),
        }
    }

    /// How many documents at the target cannot be read; all are known once all parts were looked through.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    fn note_unreadable(&self, count: u64) {
        self.unreadable.fetch_add(count, Ordering::Relaxed);
    }
}

impl Documents {
    pub(super) const fn new(
        spooled: Sealed,
        wanted: Wanted,
        branches: BTreeMap<String, String>,
    ) -> Self {
        Self {
            spooled,
            wanted,
            branches,
        }
    }

    /// The documents of one part of all ids.
    pub(super) fn part(&self, part: usize) -> Result<DocumentsOfPart, RunError> {
        let spooled = self.spooled.part(part).map_err(failed)?;
        Ok(spooled
            .into_iter()
            .map(|spooled| (spooled.id, spooled.encoded))
            .collect())
    }
}

/// Reads all pages of a target and gives them to `take`, until that is said to be enough.
pub(super) fn each_page(
    target: &mut dyn Target,
    mut take: impl FnMut(EncodedPage) -> bool,
) -> Result<(), RunError> {
    let mut cursor = 0;
    loop {
        let page = target.any_encoded_page(cursor)?;
        let next = (page.more && page.cursor > cursor).then_some(page.cursor);
        let goes_on = take(page);
        match next.filter(|_| goes_on) {
            Some(next) => cursor = next,
            None => return Ok(()),
        }
    }
}

/// Documents that are kept while the target is read.
pub(super) struct Kept<'a> {
    spool: Spool,
    wanted: &'a Wanted,
    branches: BTreeMap<String, String>,
    imported: Finder<'a>,
    named: Finder<'a>,
}

impl<'a> Kept<'a> {
    pub(super) fn below(folder: &Path, wanted: &'a Wanted) -> io::Result<Self> {
        Ok(Self {
            spool: Spool::create(folder)?,
            wanted,
            branches: BTreeMap::new(),
            imported: Finder::new(fields::event::IMPORTED),
            named: Finder::new(&wanted.source),
        })
    }

    /// The documents of a page that may be of the source; what else it has is looked at here.
    pub(super) fn sort_out(&mut self, page: EncodedPage) -> Vec<(DocumentId, Vec<u8>)> {
        let mut unreadable = page.unreadable;
        let mut own = Vec::with_capacity(page.documents.len());
        for encoded in page.documents {
            // Cheap, and never wrong where the answer is no.
            let may_be_own =
                self.imported.find(&encoded).is_some() && self.named.find(&encoded).is_some();
            let Ok(id) = format::id_of(&encoded) else {
                unreadable += 1;
                continue;
            };
            let is_branch = format::kind_name(&encoded) == Some(fields::kind::BRANCH);
            if is_branch
                && let Ok(document) = format::decode(&encoded)
                && let Some(branch) = shared::domain::Branch::of(&document)
            {
                self.branches.insert(branch.id.to_string(), branch.name);
            }
            if may_be_own {
                // Whether it can be read shows when it is looked at.
                own.push((id, encoded));
            } else {
                unreadable += u64::from(format::inspect(&encoded).is_err());
            }
        }
        self.wanted.note_unreadable(unreadable);
        own
    }

    /// Keeps documents for later.
    pub(super) fn keep(&mut self, documents: &[(DocumentId, Vec<u8>)]) -> io::Result<()> {
        for (id, encoded) in documents {
            self.spool.add(*id, encoded, &[])?;
        }
        Ok(())
    }

    /// What was kept, and the names of branches by id.
    pub(super) fn seal(self) -> io::Result<(Sealed, BTreeMap<String, String>)> {
        Ok((self.spool.seal()?, self.branches))
    }
}

impl FromIterator<(DocumentId, Vec<u8>)> for DocumentsOfPart {
    fn from_iter<I: IntoIterator<Item = (DocumentId, Vec<u8>)>>(documents: I) -> Self {
        let held = documents.into_iter().map(|(id, encoded)| {
            let held = Held {
                encoded,
                taken: false,
            };
            (id, held)
        });
        Self(held.collect())
    }
}

pub(super) fn failed(error: io::Error) -> RunError {
    let error = anyhow::Error::from(error)
        .context("the working folder is full or cannot be read; choose another with --work-dir");
    RunError::Apply(crate::apply::ApplyError::Taker(error))
}

impl DocumentsOfPart {
    /// A document of the source by its id; it counts as looked at from now on.
    pub(super) fn take(&mut self, wanted: &Wanted, id: DocumentId) -> Option<Found<'_>> {
        let held = self.0.get_mut(&id)?;
        let found = Found::of(&held.encoded, &wanted.source)?;
        held.taken = true;
        Some(found)
    }

    /// How many documents of the source were looked at, and those that no row led to.
    pub(super) fn finish(self, wanted: &Wanted) -> (u64, Vec<Left>) {
        let mut taken = 0;
        let mut left = Vec::new();
        for (id, held) in self.0 {
            if held.taken {
                taken += 1;
                continue;
            }
            if View::of(&held.encoded).is_err() {
                wanted.note_unreadable(1);
                continue;
            }
            if let Some(found) = Found::of(&held.encoded, &wanted.source) {
                left.push(Left {
                    id,
                    kind: found.view.kind().to_owned(),
                    is_gone: found.is_gone(),
                });
            }
        }
        left.sort();
        (taken, left)
    }
}

impl<'d> Found<'d> {
    /// A document by its bytes; none when they are no document, or one that is not of the source or was taken back.
    fn of(bytes: &'d [u8], source: &str) -> Option<Self> {
        let view = View::of(bytes).ok()?;
        let is_imported = view.events().iter().any(|event| {
            event.kind == fields::event::IMPORTED
                && event.get("source").and_then(ValueView::as_text) == Some(source)
        });
        if !is_imported {
            return None;
        }
        // Hardly any is; only then it is worth building.
        let says_withdrawn = view.newest(fields::import::WITHDRAWN_AT).is_some();
        if says_withdrawn && shared::domain::is_withdrawn(&format::decode(bytes).ok()?) {
            return None;
        }
        let mut importers = Vec::with_capacity(1);
        for event in view.events() {
            let replica = event.dot.actor.replica();
            if shared::domain::is_by_importers(event.kind) && !importers.contains(&replica) {
                importers.push(replica);
            }
        }
        Some(Self {
            bytes,
            view,
            importers,
        })
    }

    /// Whether the document says that it came of this row.
    pub(super) fn names_row(&self, source: &str, table: &str, key: &str) -> bool {
        self.view.events().iter().any(|event| {
            let is = |name: &str, text: &str| event.get(name) == Some(ValueView::Text(text));
            event.kind == fields::event::IMPORTED
                && is("source", source)
                && is("legacy/table", table)
                && is("legacy/key", key)
        })
    }

    /// Whether an importer wrote it.
    pub(super) fn is_importer(&self, dot: Dot) -> bool {
        self.importers.contains(&dot.actor.replica())
    }

    /// Whether an importer recorded it, and not what staff did.
    pub(super) fn is_by_importer(&self, event: &EventView<'_>) -> bool {
        event.by.is_none() && self.is_importer(event.dot)
    }

    /// Whether it says that its row is gone, or somebody has decided about that: who keeps it empties the mark, and so does a
    /// sync that finds the row again.
    fn is_gone(&self) -> bool {
        let mark = self.view.versions(fields::import::GONE_SINCE);
        newest(mark).is_some_and(|mark| mark.value != ValueView::Null)
            || mark
                .iter()
                .any(|version| version.by.is_some() || !self.is_importer(version.dot))
    }

    /// The document as the bytes say it.
    pub(super) const fn view(&self) -> &View<'d> {
        &self.view
    }

    /// The document itself, for what only its own rules tell.
    pub(super) fn built(&self) -> Option<Document> {
        format::decode(self.bytes).ok()
    }

    /// What the importer wrote into a field, and whether it still stands.
    pub(super) fn value(&self, field: &str) -> Imported<'d> {
        self.value_of(self.view.versions(field))
    }

    /// The same of a field's values.
    pub(super) fn value_of(&self, versions: &[VersionView<'d>]) -> Imported<'d> {
        let own = versions
            .iter()
            .find(|version| version.by.is_none() && self.is_importer(version.dot));
        match own {
            Some(version) if version.value == ValueView::Null => Imported::Absent,
            Some(version) => Imported::Value(version.value),
            None if versions.is_empty() => Imported::Absent,
            None => Imported::Edited,
        }
    }

    /// The fields that the importer wrote and that still stand, by their names, but for marks of what is gone or was taken
    /// back, and for lines whose rows are missing.
    pub(super) fn imported_fields(&self) -> impl Iterator<Item = (&'d [u8], ValueView<'d>)> {
        self.imported_fields_but(|_| false)
    }

    /// The same without those that are known already.
    pub(super) fn imported_fields_but(
        &self,
        is_known: impl Fn(&[VersionView<'d>]) -> bool,
    ) -> impl Iterator<Item = (&'d [u8], ValueView<'d>)> {
        let gone = LazyCell::new(|| self.gone_lines());
        self.view.all().iter().filter_map(move |(name, versions)| {
            if is_known(versions) {
                return None;
            }
            let is_mark =
                name.starts_with(b"import/") || name.starts_with(b"items/") && is_line_mark(name);
            if is_mark || !gone.is_empty() && line_of(name).is_some_and(|line| gone.contains(&line))
            {
                return None;
            }
            match self.value_of(versions) {
                Imported::Value(value) => Some((name, value)),
                Imported::Absent | Imported::Edited => None,
            }
        })
    }

    /// The keys of the lines whose rows are missing in the source.
    fn gone_lines(&self) -> Vec<&'d str> {
        let items = self.view.below("items/");
        let marks = items.iter().filter(|(name, _)| is_line_mark(name));
        marks
            .filter(|(_, versions)| is_gone(versions))
            .filter_map(|(name, _)| line_of(name))
            .collect()
    }
}

/// Whether a field below a piece says since when a line's row is missing.
fn is_line_mark(name: &[u8]) -> bool {
    name.rsplit(|byte| *byte == b'/').next() == Some(fields::import::LINE_GONE_SINCE.as_bytes())
}

/// The key of the line that a field is of.
fn line_of(name: &[u8]) -> Option<&str> {
    let (_, below) = std::str::from_utf8(name).ok()?.split_once("lines/")?;
    below.split('/').next()
}

impl Cell<'_> {
    /// Whether a legacy value is this cell as it stands.
    pub(super) fn is(self, value: ValueView<'_>) -> bool {
        match (self, value) {
            (Self::Text(text), ValueView::Text(kept)) => text == kept,
            (Self::Blob(bytes), ValueView::Bytes(kept)) => bytes == kept,
            _ => false,
        }
    }
}
