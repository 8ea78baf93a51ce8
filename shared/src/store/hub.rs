//! The store of the hub, written for an engine that can compare and set one key and no more.

mod ordered_map;

use std::path::Path;
use std::sync::MutexGuard;

use serde::{Deserialize, Serialize};

use super::arrived::{After, Arrived};
use super::change_log::ChangeLog;
use super::engine::{Engine, EngineError, Entry, Filling};
use super::layout;
use super::memory::MemoryEngine;
use super::merging::{Joined, join};
use super::sled_engine::SledEngine;
use super::stored::{self, Stored};
use super::{Feed, StoreError, records};
use crate::document::{Document, Encoded, format};
use crate::id::DocumentId;
use ordered_map::OnOrderedMap;

/// The documents of all branches. Shared between threads; each call is atomic by itself and no two together are.
pub struct HubStore {
    engine: Box<dyn HubEngine>,
}

/// New documents of a bulk load that go to the engine in one batch.
const INSERTED_AT_ONCE: usize = 256;

/// What a merge came to.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The document before, none when it is new.
    pub before: Option<Document>,
    /// The document now.
    pub after: Document,
    /// Its place in the feed: a new one when the merge changed it, else the one it had.
    pub position: u64,
    /// Its place before, none when it is new. A peer that had seen everything up to there need not be sent what it wrote.
    pub former_position: Option<u64>,
    /// Whether the merge changed anything.
    pub changed: bool,
}

/// Part of a feed, its documents as bytes.
#[derive(Clone, Debug, Default)]
pub struct EncodedFeed {
    /// Documents in their canonical form, each once, by their latest position.
    pub documents: Vec<Vec<u8>>,
    /// Where in the feed each of them stands.
    pub positions: Vec<u64>,
    /// How many cannot be unpacked.
    pub unreadable: u64,
    /// The position up to which this part goes: ask for what comes after it next.
    pub position: u64,
    /// Whether more follows.
    pub more: bool,
}

/// What a peer lacks of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Where in the feed the document stands now: with these bytes the peer has it as of there.
    pub position: u64,
    /// A document in its canonical form: all of it, or a delta.
    pub bytes: Vec<u8>,
    /// Whether it is all of it.
    pub is_whole: bool,
}

/// New documents on their way into a store, of which nothing shows before [`Self::finish`] has returned. Dropped before, the store
/// is as it was. Nobody else can write meanwhile.
pub struct Fill<'a> {
    filling: Box<dyn Filling + 'a>,
    head: MutexGuard<'a, u64>,
}

/// What filling a store came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// All documents are there, durably.
    All,
    /// One of them was there already, or came twice. Nothing was stored: load them, so that they are merged.
    NotNew,
}

impl Fill<'_> {
    /// Adds a document that this process has encoded itself (see [`format::encode`]) and that is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: most often the disk is full.
    pub fn add(&mut self, id: DocumentId, encoded: &[u8]) -> Result<(), StoreError> {
        debug_assert!(
            format::inspect(encoded).is_ok_and(|seen| seen.is_canonical && seen.id == id),
            "what goes in without being judged is canonical"
        );
        Ok(self.filling.add(id, encoded)?)
    }

    /// Has the store show all of them at once. They are durable when this returns.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; the store is as it was then.
    pub fn finish(mut self) -> Result<Filled, StoreError> {
        match self.filling.finish()? {
            Some(head) => {
                *self.head = head;
                Ok(Filled::All)
            }
            None => Ok(Filled::NotNew),
        }
    }
}

/// The contract that every engine of a hub keeps: compare-and-set of one document, one total order of changes,
/// small records, a barrier after which all of it survives a power cut. No commit over several keys.
trait HubEngine: Send + Sync {
    /// A document's position and content (see [`super::stored`]).
    fn document(&self, id: DocumentId) -> Result<Option<(u64, Vec<u8>)>, StoreError>;
    /// Replaces a document when it still has the `expected` position; its new position, or none when it has not.
    fn compare_and_set(
        &self,
        id: DocumentId,
        expected: Option<u64>,
        content: &[u8],
    ) -> Result<Option<u64>, StoreError>;
    /// Stores documents, given in their canonical form, that are not there yet, each by itself: its position, none when it was
    /// there.
    fn insert_new(&self, documents: &[(DocumentId, &[u8])])
    -> Result<Vec<Option<u64>>, StoreError>;
    /// Begins to fill the store with documents that are new; see [`HubStore::begin_fill`].
    fn begin_fill(&self) -> Result<Option<Fill<'_>>, EngineError>;
    /// The feed after a position.
    fn changes_after(&self, position: u64, limit: usize) -> Result<Feed, StoreError>;
    /// The same, as bytes.
    fn encoded_changes_after(&self, position: u64, limit: usize)
    -> Result<EncodedFeed, StoreError>;
    /// All documents from a place on the disk on; see [`HubStore::encoded_documents_from`].
    fn encoded_documents_from(
        &self,
        place: u64,
        bytes: usize,
    ) -> Result<Option<EncodedFeed>, StoreError>;
    /// The position of the latest change.
    fn head(&self) -> u64;
    fn record(&self, name: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;
    fn set_record(&self, name: &[u8], value: Option<Vec<u8>>) -> Result<(), EngineError>;
    fn records(&self, prefix: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError>;
    /// All entries in the order of their keys, for backups.
    fn entries_after(&self, key: &[u8]) -> Result<Vec<Entry>, EngineError>;
    fn persist(&self) -> Result<(), EngineError>;
    fn tidy(&self) -> Result<(), EngineError>;
    fn settle(&self) -> Result<(), EngineError>;
    fn bytes_on_disk(&self) -> Result<u64, EngineError>;
}

impl HubStore {
    /// Opens or makes the store in a directory. Only one process can.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the files cannot be used or another process holds them.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::over(SledEngine::open(directory)?)
    }

    /// A store that lives as long as the value.
    ///
    /// # Panics
    /// Never: an empty map in memory can be read.
    pub fn in_memory() -> Self {
        Self::over(MemoryEngine::default()).expect("an empty map in memory can be read")
    }

    pub(super) fn over(engine: impl Engine + 'static) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Box::new(OnOrderedMap::over(engine)?),
        })
    }

    /// Merges a delta into its document. Not durable before [`Self::persist`] has returned.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is stored then.
    pub fn merge(&self, delta: &Document) -> Result<Merged, StoreError> {
        let id = delta.id();
        loop {
            let former = self.engine.document(id)?;
            let former_position = former.as_ref().map(|(position, _)| *position);
            let stored = former
                .as_ref()
                .map(|(position, content)| Stored::of_content(id, *position, content))
                .transpose()?;
            let known = stored
                .as_ref()
                .map(|stored| stored.encoded(id))
                .transpose()?;
            let known = known
                .as_deref()
                .map(|encoded| layout::read_document(id, encoded).map(|known| (known, encoded)))
                .transpose()?;
            let (before, after, encoded) = match join(known, delta)? {
                Joined::Unchanged(document) => {
                    return Ok(Merged {
                        before: Some(document.clone()),
                        after: document,
                        position: former_position.unwrap_or_default(),
                        former_position,
                        changed: false,
                    });
                }
                Joined::Changed {
                    before,
                    after,
                    encoded,
                } => (before, after, encoded),
            };
            let log = match (&before, &stored) {
                (Some(before), Some(stored)) => stored.log().note(before, &after, delta),
                _ => ChangeLog::default(),
            };
            let content = stored::content(&encoded, &log);
            if let Some(position) = self.engine.compare_and_set(id, former_position, &content)? {
                return Ok(Merged {
                    before,
                    after,
                    position,
                    former_position,
                    changed: true,
                });
            }
            // Somebody else was faster; merge into what they left.
        }
    }

    /// Merges a delta that came as bytes. A document that is not here yet goes in as it came, without being built, when its
    /// bytes are canonical; all else is as with [`Self::merge`]. Not durable before [`Self::persist`] has returned.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is stored then.
    pub fn merge_encoded(&self, delta: &Encoded) -> Result<Arrived, StoreError> {
        let id = delta.id();
        if delta.is_canonical() && self.engine.document(id)?.is_none() {
            let content = stored::content(delta.bytes(), &ChangeLog::default());
            if let Some(position) = self.engine.compare_and_set(id, None, &content)? {
                return Ok(Arrived::new_document(delta, position));
            }
        }
        let merged = self.merge(&delta.decode()?)?;
        Ok(Arrived {
            id,
            position: merged.position,
            former_position: merged.former_position,
            changed: merged.changed,
            before: merged.before,
            after: After::Decoded(merged.after),
        })
    }

    /// [`Self::merge_encoded`] for each of many deltas, in their order: what is new goes in with one batch. Not durable before
    /// [`Self::persist`] has returned.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; some of them may be stored then.
    pub fn merge_each_encoded(
        &self,
        deltas: &[Encoded],
    ) -> Result<Vec<Result<Arrived, StoreError>>, StoreError> {
        let new: Vec<&Encoded> = deltas.iter().filter(|delta| delta.is_canonical()).collect();
        let documents: Vec<_> = new.iter().map(|new| (new.id(), new.bytes())).collect();
        let mut inserted = self.insert_all(&documents)?.into_iter();
        deltas
            .iter()
            .map(|delta| {
                let position = if delta.is_canonical() {
                    inserted.next().flatten()
                } else {
                    None
                };
                match position {
                    Some(position) => Ok(Ok(Arrived::new_document(delta, position))),
                    None => StoreError::of_one(self.merge_encoded(delta)),
                }
            })
            .collect()
    }

    /// Merges what this process has encoded itself (see [`format::encode`]), each by itself: what is new goes in without being
    /// judged once more. What could not be merged and why, by index. Not durable before [`Self::persist`] has returned.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; some of them may be stored then.
    pub fn load(&self, documents: &[Vec<u8>]) -> Result<Vec<(usize, StoreError)>, StoreError> {
        debug_assert!(
            documents
                .iter()
                .all(|bytes| format::inspect(bytes).is_ok_and(|seen| seen.is_canonical)),
            "what goes in without being judged is canonical"
        );
        let (mut new, mut others) = (Vec::with_capacity(documents.len()), Vec::new());
        for (index, bytes) in documents.iter().enumerate() {
            match format::id_of(bytes) {
                Ok(id) => new.push((index, (id, bytes.as_slice()))),
                Err(_) => others.push(index),
            }
        }
        let (places, documents_by_id): (Vec<usize>, Vec<_>) = new.into_iter().unzip();
        let inserted = self.insert_all(&documents_by_id)?.into_iter();
        let known = places.into_iter().zip(inserted);
        others.extend(known.filter_map(|(place, position)| position.is_none().then_some(place)));
        others.sort_unstable();
        let mut refused = Vec::new();
        for index in others {
            let merged = format::decode(&documents[index])
                .map_err(StoreError::from)
                .and_then(|delta| self.merge(&delta));
            if let Err(error) = StoreError::of_one(merged)? {
                refused.push((index, error));
            }
        }
        Ok(refused)
    }

    /// Begins to fill a store with documents that are new, which takes half the time of [`Self::load`] and leaves no waste:
    /// they go straight into files that take the place of the store's at the end. None when the store holds too much already
    /// to be copied for that, or is in memory.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn begin_fill(&self) -> Result<Option<Fill<'_>>, StoreError> {
        Ok(self.engine.begin_fill()?)
    }

    /// Stores documents that are not there yet: the position of each, none of those that are.
    fn insert_all(
        &self,
        documents: &[(DocumentId, &[u8])],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut inserted = Vec::with_capacity(documents.len());
        for some in documents.chunks(INSERTED_AT_ONCE) {
            inserted.extend(self.engine.insert_new(some)?);
        }
        Ok(inserted)
    }

    /// A document by its id, with its place in the feed.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::Engine`].
    pub fn document(&self, id: DocumentId) -> Result<Option<(u64, Document)>, StoreError> {
        let Some((position, content)) = self.engine.document(id)? else {
            return Ok(None);
        };
        let stored = Stored::of_content(id, position, &content)?;
        Ok(Some((position, stored.document(id)?)))
    }

    /// The canonical bytes of a document, for sending on without reading it.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::Engine`].
    pub fn encoded_document(&self, id: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((position, content)) = self.engine.document(id)? else {
            return Ok(None);
        };
        Stored::of_content(id, position, &content)?
            .encoded(id)
            .map(Some)
    }

    /// What a peer lacks of a document that it has as it was at feed position `after` (0 when it has nothing): only the
    /// parts that changed since, or the whole document when it is not known any more which those are. None when the
    /// store has no such document or it has not changed since.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::Engine`].
    pub fn outbound(&self, id: DocumentId, after: u64) -> Result<Option<Outbound>, StoreError> {
        let Some((position, content)) = self.engine.document(id)? else {
            return Ok(None);
        };
        if position <= after {
            return Ok(None);
        }
        let stored = Stored::of_content(id, position, &content)?;
        let (bytes, is_whole) = match stored.log().after(after) {
            None => (stored.encoded(id)?, true),
            Some(marks) => {
                let part = stored.document(id)?.part(
                    |field| marks.has_field(field),
                    |event| marks.has_event(event.dot),
                );
                (format::encode(&part), false)
            }
        };
        Ok(Some(Outbound {
            position,
            bytes,
            is_whole,
        }))
    }

    /// The feed after a position, at most `limit` documents of it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn changes_after(&self, position: u64, limit: usize) -> Result<Feed, StoreError> {
        self.engine.changes_after(position, limit)
    }

    /// The feed after a position, at most `limit` documents of it, as bytes that nobody has built: for whoever goes through
    /// all of a store.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn encoded_changes_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<EncodedFeed, StoreError> {
        self.engine.encoded_changes_after(position, limit)
    }

    /// Documents as they lie on the disk, about so many bytes of them, each once: the fastest way through all of a store that
    /// nobody writes to. `position` of what comes back is the place to go on from. None where there is no such way; then the
    /// feed is.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn encoded_documents_from(
        &self,
        place: u64,
        bytes: usize,
    ) -> Result<Option<EncodedFeed>, StoreError> {
        self.engine.encoded_documents_from(place, bytes)
    }

    /// The position of the latest change.
    pub fn head(&self) -> u64 {
        self.engine.head()
    }

    /// A small named record, none when it was never written.
    ///
    /// # Errors
    /// [`StoreError::Record`] when it is there but is no `T`; [`StoreError::Engine`].
    pub fn read_record<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        records::read(name, self.engine.record(name.as_bytes())?)
    }

    /// Writes a small named record. Durable with the next persist.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn write_record<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        Ok(self
            .engine
            .set_record(name.as_bytes(), Some(records::encode(value)))?)
    }

    /// Removes a small named record.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn remove_record(&self, name: &str) -> Result<(), StoreError> {
        Ok(self.engine.set_record(name.as_bytes(), None)?)
    }

    /// Records whose name begins with `prefix`, by name; at most `limit`. Those that are no `T` are passed over.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn records<T: for<'de> Deserialize<'de>>(
        &self,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let entries = self.engine.records(prefix.as_bytes(), limit)?;
        Ok(entries
            .into_iter()
            .filter_map(|(name, value)| {
                Some((String::from_utf8(name).ok()?, records::decode(&value).ok()?))
            })
            .collect())
    }

    /// Returns once everything stored before survives a power cut.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: nothing since the last success may be acknowledged.
    pub fn persist(&self) -> Result<(), StoreError> {
        Ok(self.engine.persist()?)
    }

    /// Makes the files as small as they should be, instead of when the store is opened next. For the end of a bulk load; all of
    /// it is durable then.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: most often there is no room for the new files beside the old ones. The store is as it was.
    pub fn tidy(&self) -> Result<(), StoreError> {
        Ok(self.engine.tidy()?)
    }

    /// Leaves the files as a closed store does, for a process that is about to end while some of it still holds the store: what
    /// waits in the journal is settled, and what is small is made as small as it should be. The rest the next opening does.
    ///
    /// # Errors
    /// [`StoreError::Engine`]. What is durable stays so.
    pub fn settle(&self) -> Result<(), StoreError> {
        Ok(self.engine.settle()?)
    }

    /// Entries after a key, in the order of their keys; none when there are no more. For backups.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn entries_after(&self, key: &[u8]) -> Result<Vec<Entry>, StoreError> {
        Ok(self.engine.entries_after(key)?)
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.engine.bytes_on_disk()?)
    }
}
