//! Reading everything and saying what is wrong: a store, the store of a running daemon, a backup.
//!
//! A daemon's store changes while it is read, so whatever does not fit together is looked at again before it is a finding.

mod lists;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use serde::Serialize;

use super::backup::{Header, ReadError, Reader, Source, SourceError, StoredEntry, Summary};
use super::branch::{Identity, SetAside, outbox};
use super::stored::Stored;
use super::{layout, records};
use crate::document::format;
use crate::id::DocumentId;

pub use lists::{ListsCompared, ListsError, compare_lists};

/// Findings that are told; the rest are counted.
const FINDINGS: usize = 1_000;

/// How often something that does not fit is looked at again while the store is being written to.
const LOOKS: usize = 5;

/// What reading everything has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whose store.
    pub header: Header,
    /// What is in it.
    pub summary: Summary,
    /// What is wrong, a sentence each.
    pub findings: Vec<String>,
    /// Further findings that are not listed.
    pub unlisted: u64,
    /// What could not be looked at, and why; no findings.
    pub notes: Vec<String>,
}

impl Verified {
    /// Adds what comparing the lists has come to.
    pub fn add_lists(&mut self, compared: ListsCompared) {
        match compared {
            ListsCompared::Differences(differences) => {
                for difference in differences {
                    self.add(difference);
                }
            }
            ListsCompared::NotCompared(reason) => self.notes.push(reason.to_owned()),
        }
    }

    /// Whether all is well.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds a finding from elsewhere.
    pub fn add(&mut self, finding: String) {
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.header.name, self.summary)?;
        for finding in &self.findings {
            write!(out, "\n- {finding}")?;
        }
        if self.unlisted > 0 {
            write!(out, "\n- and {} more", self.unlisted)?;
        }
        for note in &self.notes {
            write!(out, "\n{note}")?;
        }
        if self.is_sound() {
            write!(out, "\nall is well: everything was read")?;
        }
        Ok(())
    }
}

/// Reads a whole store: every document decodes, each has its place in the feed and each place its document, what waits and
/// what was set aside is readable, records are of this version, and no document holds a later write of this store than it
/// remembers. `report` is told how many documents were read.
///
/// # Errors
/// [`SourceError`] when it cannot be read to its end.
pub fn verify_store(
    source: &mut dyn Source,
    mut report: impl FnMut(u64),
) -> Result<Verified, SourceError> {
    let header = source.header()?;
    let mut check = Check::default();
    let mut after = Vec::new();
    loop {
        let entries = source.entries_after(&after)?;
        let Some((last, _)) = entries.last() else {
            break;
        };
        after.clone_from(last);
        check.take(&entries);
        report(check.summary.documents);
    }
    let doubtful = check.doubtful();
    let mut verified = check.into_verified(header);
    for doubt in doubtful {
        if let Some(finding) = doubt.settle(source)? {
            verified.add(finding);
        }
    }
    Ok(verified)
}

/// Reads a whole backup: the file itself, and everything in it as [`verify_store`] does.
///
/// # Errors
/// [`ReadError`] when the file is no sound backup.
pub fn verify_backup(file: impl Read, mut report: impl FnMut(u64)) -> Result<Verified, ReadError> {
    let mut reader = Reader::open(file)?;
    let mut check = Check::default();
    while let Some(entries) = reader.next_entries()? {
        check.take(&entries);
        report(check.summary.documents);
    }
    let mut places: Vec<u64> = check.documents.values().copied().collect();
    places.sort_unstable();
    if let Some([place, _]) = places.array_windows().find(|[one, next]| one == next) {
        check.find(format!("two documents have place {place} of the feed"));
    }
    // What was written while the backup was made waits in it without its document, and restoring puts it in.
    let digest = reader.summary().digest;
    let mut verified = check.into_verified(reader.header().clone());
    verified.summary.digest = digest;
    Ok(verified)
}

#[derive(Default)]
struct Check {
    summary: Summary,
    documents: HashMap<DocumentId, u64>,
    feed: Vec<(u64, DocumentId)>,
    waiting: Vec<DocumentId>,
    /// The highest counter of each actor.
    counters: HashMap<u64, u64>,
    identity: Option<Identity>,
    findings: Vec<String>,
    unlisted: u64,
}

impl Check {
    fn take(&mut self, entries: &[StoredEntry]) {
        for (key, value) in entries {
            self.summary.bytes += (key.len() + value.len()) as u64;
            let Some((&prefix, rest)) = key.split_first() else {
                continue;
            };
            match prefix {
                layout::DOCUMENT => self.take_document(rest, value),
                layout::FEED => self.take_place(rest, value),
                layout::OUTBOX => self.take_waiting(rest, value),
                layout::QUARANTINE => {
                    self.summary.set_aside += 1;
                    if let Err(reason) = records::decode::<SetAside>(value) {
                        self.find(format!(
                            "something that was set aside cannot be read: {reason}"
                        ));
                    }
                }
                layout::RECORD => self.take_record(rest, value),
                // Whatever else a store keeps, it makes again.
                _ => {}
            }
        }
    }

    fn take_document(&mut self, id: &[u8], value: &[u8]) {
        self.summary.documents += 1;
        let Some(id) = layout::id_from(id) else {
            return self.find("a document has a key that is none".to_owned());
        };
        let read = Stored::split(id, value).and_then(|stored| {
            let encoded = stored.encoded(id)?;
            let document = layout::read_document(id, &encoded)?;
            Ok((stored.position, document, encoded))
        });
        match read {
            Ok((position, document, encoded)) => {
                if format::encode(&document) != encoded {
                    self.find(format!("document {id} is not stored in its canonical form"));
                }
                for dot in document.dots() {
                    let highest = self.counters.entry(dot.actor.to_bits()).or_default();
                    *highest = dot.counter.max(*highest);
                }
                self.documents.insert(id, position);
            }
            Err(error) => {
                self.find(error.to_string());
                if let Some((position, _)) = layout::split_u64(value) {
                    self.documents.insert(id, position);
                }
            }
        }
    }

    fn take_place(&mut self, position: &[u8], value: &[u8]) {
        match (layout::split_u64(position), layout::id_from(value)) {
            (Some((position, _)), Some(id)) => self.feed.push((position, id)),
            _ => self.find("an entry of the feed cannot be read".to_owned()),
        }
    }

    fn take_waiting(&mut self, id: &[u8], value: &[u8]) {
        self.summary.waiting += 1;
        let Some(id) = layout::id_from(id) else {
            return self.find("something that waits for the hub has a key that is none".to_owned());
        };
        self.waiting.push(id);
        let Some((_, _, delta)) = outbox::split(value) else {
            return self.find(format!(
                "what waits for the hub of document {id} is cut short"
            ));
        };
        if let Err(error) = layout::read_document(id, delta) {
            self.find(format!("what waits for the hub cannot be read: {error}"));
        }
    }

    fn take_record(&mut self, name: &[u8], value: &[u8]) {
        self.summary.records += 1;
        let name = String::from_utf8_lossy(name);
        if name == "identity" {
            match records::decode::<Identity>(value) {
                Ok(identity) => self.identity = Some(identity),
                Err(reason) => {
                    self.find(format!("who this store writes as cannot be read: {reason}"));
                }
            }
        } else if let Err(reason) = records::decode::<()>(value) {
            self.find(format!("the record {name} cannot be read: {reason}"));
        }
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }

    /// What does not fit together, to be looked at again.
    fn doubtful(&self) -> Vec<Doubt> {
        let mut doubtful = Vec::new();
        let mut in_feed: HashMap<DocumentId, u64> = HashMap::new();
        for (position, id) in &self.feed {
            in_feed.insert(*id, *position);
            if self.documents.get(id) != Some(position) {
                doubtful.push(Doubt::Place(*position, *id));
            }
        }
        doubtful.extend(
            self.documents
                .iter()
                .filter(|(id, position)| in_feed.get(*id) != Some(*position))
                .map(|(id, _)| Doubt::Document(*id)),
        );
        doubtful.extend(
            self.waiting
                .iter()
                .filter(|id| !self.documents.contains_key(*id))
                .map(|id| Doubt::Waiting(*id)),
        );
        doubtful
    }

    fn into_verified(mut self, header: Header) -> Verified {
        if let Some(identity) = self.identity {
            let highest = self.counters.get(&identity.actor.to_bits());
            if let Some(highest) = highest.filter(|highest| **highest > identity.counter) {
                self.find(format!(
                    "this store remembers {} writes of its own, and a document holds number {highest}",
                    identity.counter
                ));
            }
        }
        Verified {
            header,
            summary: self.summary,
            findings: self.findings,
            unlisted: self.unlisted,
            notes: Vec::new(),
        }
    }
}

enum Doubt {
    /// A place of the feed whose document stands elsewhere or is not there.
    Place(u64, DocumentId),
    /// A document without a place in the feed.
    Document(DocumentId),
    /// Something that waits for the hub, of no document.
    Waiting(DocumentId),
}

impl Doubt {
    /// Looks at just this again; a finding when it still does not fit.
    fn settle(&self, source: &mut dyn Source) -> Result<Option<String>, SourceError> {
        for _ in 0..LOOKS {
            if self.is_fine(source)? {
                return Ok(None);
            }
        }
        Ok(Some(match self {
            Self::Place(position, id) => {
                format!(
                    "place {position} of the feed names document {id}, which does not stand there"
                )
            }
            Self::Document(id) => format!("document {id} has no place in the feed"),
            Self::Waiting(id) => {
                format!(
                    "something of document {id} waits for the hub, and there is no such document"
                )
            }
        }))
    }

    fn is_fine(&self, source: &mut dyn Source) -> Result<bool, SourceError> {
        match self {
            Self::Place(position, id) => {
                let place = look_up(source, &layout::feed_key(*position))?;
                Ok(place.is_none() || position_of(source, *id)? == Some(*position))
            }
            Self::Document(id) => {
                let Some(position) = position_of(source, *id)? else {
                    return Ok(true);
                };
                let named = look_up(source, &layout::feed_key(position))?;
                Ok(named.as_deref() == Some(id.as_bytes()))
            }
            Self::Waiting(id) => Ok(position_of(source, *id)?.is_some()),
        }
    }
}

fn position_of(source: &mut dyn Source, id: DocumentId) -> Result<Option<u64>, SourceError> {
    let value = look_up(source, &layout::document_key(id))?;
    Ok(value.and_then(|value| Some(layout::split_u64(&value)?.0)))
}

/// The value of one key, through a source that knows only what comes after a key.
fn look_up(source: &mut dyn Source, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
    let mut before = key.to_vec();
    match before.pop() {
        None => return Ok(None),
        // Nothing is between a key that ends in zero and the same without it.
        Some(0) => {}
        Some(last) => {
            before.push(last - 1);
            // Keys are far shorter, so none with this beginning comes after it.
            before.extend([u8::MAX; 64]);
        }
    }
    let next = source.entries_after(&before)?.into_iter().next();
    Ok(next
        .filter(|(found, _)| found == key)
        .map(|(_, value)| value))
}

#[cfg(test)]
mod tests;
