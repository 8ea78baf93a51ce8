//! The store of one branch: one writer, everything in one batch.

mod aside;
pub(super) mod outbox;
mod reissue;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::arrived::{After, Arrived};
use super::change_log::ChangeLog;
use super::engine::{Engine, Write};
use super::layout::{self, OUTBOX, QUARANTINE, RECORD};
use super::memory::MemoryEngine;
use super::merging::{Joined, join};
use super::sled_engine::SledEngine;
use super::stored::{self, Stored};
use super::{Change, Feed, StoreError, feed, records};
use crate::clock::{Hlc, HybridClock, UtcMillis};
use crate::document::{Authoring, Document, Encoded, format};
use crate::id::{Actor, DocumentId, StaffId};

use aside::AsideDigest;
pub use aside::SetAside;
use outbox::Waiting;
pub use outbox::{Outgoing, Pending};

/// The documents of one branch, with what of them the hub does not have yet.
pub struct BranchStore {
    engine: Box<dyn Engine>,
    identity: Option<Identity>,
    clock: HybridClock,
    head: u64,
    outbox: Waiting,
    set_aside: u64,
    /// Whether writes were made again whose former dots may turn up at the hub; see [`reissue`].
    has_reissued: bool,
    /// The digests of what was set aside, by sequence, so that nothing is set aside twice. Read when first needed.
    aside: Option<BTreeMap<u64, AsideDigest>>,
}

/// Who this store writes as, and how far it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The CRDT identity.
    pub actor: Actor,
    /// The last counter used.
    pub counter: u64,
    /// The last clock reading given out.
    pub last_stamp: Hlc,
}

/// What documents of the hub came to: what changed, and by index what could not be merged and why.
pub type FromHub = (Vec<Change>, Vec<(usize, StoreError)>);

/// The same for documents that came as bytes.
pub type FromHubEncoded = (Vec<Arrived>, Vec<(usize, StoreError)>);

const IDENTITY: &str = "identity";

impl BranchStore {
    /// Opens or makes the store in a directory. Only one process can.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the files cannot be used or another process holds them.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::over(Box::new(SledEngine::open(directory)?))
    }

    /// A store that lives as long as the value.
    ///
    /// # Panics
    /// Never: an empty map in memory can be read.
    pub fn in_memory() -> Self {
        Self::over(Box::new(MemoryEngine::default())).expect("an empty map in memory can be read")
    }

    pub(super) fn over(engine: Box<dyn Engine>) -> Result<Self, StoreError> {
        let mut store = Self {
            engine,
            identity: None,
            clock: HybridClock::default(),
            head: 0,
            outbox: Waiting::default(),
            set_aside: 0,
            has_reissued: false,
            aside: None,
        };
        store.identity = store.read_record(IDENTITY)?;
        store.clock = HybridClock::resume(
            store
                .identity
                .map(|identity| identity.last_stamp)
                .unwrap_or_default(),
        );
        store.head = store.last_number(layout::FEED)?;
        store.set_aside = store.last_number(QUARANTINE)?;
        store.outbox = store.count_outbox()?;
        store.has_reissued = store.any_reissued()?;
        Ok(store)
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    /// Who this store writes as; none before it has joined.
    pub const fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Takes on an identity: at enrolment, and a new incarnation after a restore. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn assume_identity(&mut self, actor: Actor) -> Result<(), StoreError> {
        self.clock.leap(actor.incarnation());
        let identity = Identity {
            actor,
            counter: 0,
            last_stamp: self.clock.last(),
        };
        self.engine.apply(&[records::write(IDENTITY, &identity)])?;
        self.engine.persist()?;
        self.identity = Some(identity);
        Ok(())
    }

    /// What a command needs to write now in somebody's name.
    ///
    /// # Errors
    /// [`StoreError::NoIdentity`] before the branch has joined.
    pub fn author(&mut self, by: Option<StaffId>, now: UtcMillis) -> Result<Authoring, StoreError> {
        let identity = self.identity.ok_or(StoreError::NoIdentity)?;
        Ok(Authoring::new(
            identity.actor,
            identity.counter,
            self.clock.tick(now),
            by,
        ))
    }

    /// Stores what a command has made: documents, outbox marks, the counter and `records` in one batch.
    /// Not durable before [`Self::persist`] has returned; nobody may be told that it is saved before that.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is stored then.
    pub fn commit(
        &mut self,
        deltas: &[Document],
        authoring: &Authoring,
        now: UtcMillis,
        records: &[(&str, Vec<u8>)],
    ) -> Result<Vec<Change>, StoreError> {
        let identity = self.identity.ok_or(StoreError::NoIdentity)?;
        if authoring.actor() != identity.actor || authoring.after() != identity.counter {
            return Err(StoreError::ForeignAuthor);
        }
        let mut batch = Batch::after(self.head);
        let mut newly_waiting = 0_u64;
        for delta in deltas {
            let whole = match self.merge_into(&mut batch, delta)? {
                Outcome::Unchanged => continue,
                Outcome::Changed => None,
                // What the hub lacks of a new document is all of it, and that is encoded already.
                Outcome::New { encoded } => Some(encoded),
            };
            let key = layout::key(OUTBOX, delta.id().as_bytes());
            let waiting = batch
                .outbox(&key)
                .map(<[u8]>::to_vec)
                .map_or_else(|| self.engine.get(&key), |own| Ok(Some(own)))?;
            let (unsent, since) = match waiting.as_deref().and_then(outbox::split) {
                None => {
                    newly_waiting += 1;
                    (whole.unwrap_or_else(|| format::encode(delta)), now)
                }
                Some((_, since, earlier)) => {
                    let mut unsent = layout::read_document(delta.id(), earlier)?;
                    unsent.merge(delta.clone())?;
                    (format::encode(&unsent), since)
                }
            };
            batch.writes.push(Write::Put(
                key,
                outbox::value(batch.position, since, &unsent),
            ));
        }
        let written = Identity {
            counter: authoring.counter(),
            last_stamp: authoring.at(),
            ..identity
        };
        batch.writes.push(records::write(IDENTITY, &written));
        batch.writes.extend(records.iter().map(records::put));
        let changes = batch.take_changes()?;
        self.engine.apply(&batch.writes)?;
        self.head = batch.position;
        self.identity = Some(written);
        self.outbox.add(now, newly_waiting);
        Ok(changes)
    }

    /// Stores what came from the hub, with `records` (such as the position it goes up to) in the same batch.
    /// Returns what changed by it and, by index, what could not be merged and why.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn commit_from_hub(
        &mut self,
        documents: &[Document],
        now: UtcMillis,
        records: &[(&str, Vec<u8>)],
    ) -> Result<FromHub, StoreError> {
        let dropped = self.drop_what_arrived_before(documents)?;
        let mut batch = Batch::after(self.head);
        batch.has_changed(dropped);
        let mut refused = Vec::new();
        for (index, document) in documents.iter().enumerate() {
            match self.merge_into(&mut batch, document) {
                Ok(_) => {}
                Err(StoreError::Engine(error)) => return Err(error.into()),
                Err(error) => refused.push((index, error)),
            }
            for dot in document
                .fields()
                .values()
                .filter_map(crate::document::Register::newest)
            {
                self.clock.observe(dot.at, now);
            }
        }
        batch.writes.extend(records.iter().map(records::put));
        let changes = batch.take_changes()?;
        self.engine.apply(&batch.writes)?;
        self.head = batch.position;
        Ok((changes, refused))
    }

    /// Like [`Self::commit_from_hub`], for documents as bytes: those that are not here yet and are canonical go in as they
    /// came, without being built.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        now: UtcMillis,
        records: &[(&str, Vec<u8>)],
    ) -> Result<FromHubEncoded, StoreError> {
        let mut dropped = Vec::new();
        if self.has_reissued {
            let built: Vec<Document> = documents
                .iter()
                .filter_map(|document| document.decode().ok())
                .collect();
            dropped = self.drop_what_arrived_before(&built)?;
        }
        let mut batch = Batch::after(self.head);
        batch.has_changed(dropped);
        let mut refused = Vec::new();
        for (index, document) in documents.iter().enumerate() {
            match self.merge_encoded_into(&mut batch, document) {
                Ok(()) => {}
                Err(StoreError::Engine(error)) => return Err(error.into()),
                Err(error) => refused.push((index, error)),
            }
            self.clock
                .observe(document.newest().unwrap_or_default(), now);
        }
        batch.writes.extend(records.iter().map(records::put));
        self.engine.apply(&batch.writes)?;
        self.head = batch.position;
        Ok((batch.into_arrived(), refused))
    }

    /// Adds the writes that merge encoded bytes.
    fn merge_encoded_into(&self, batch: &mut Batch, document: &Encoded) -> Result<(), StoreError> {
        let id = document.id();
        if document.is_canonical()
            && !batch.changes.contains_key(&id)
            && self.engine.get(&layout::document_key(id))?.is_none()
        {
            batch.put(id, document.bytes(), None);
            batch.note(id, None, None, After::Encoded(document.bytes().to_vec()));
        } else {
            self.merge_into(batch, &document.decode()?)?;
        }
        Ok(())
    }

    /// Returns once everything stored before survives a power cut. One call serves all commits since the last.
    ///
    /// # Errors
    /// [`StoreError::Engine`]: nothing since the last success may be acknowledged.
    pub fn persist(&self) -> Result<(), StoreError> {
        Ok(self.engine.persist()?)
    }

    /// A document by its id.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it is there but cannot be read; [`StoreError::Engine`].
    pub fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        Ok(self.stored(id)?.map(|(_, document)| document))
    }

    /// Whether a document is here, readable or not.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn holds(&self, id: DocumentId) -> Result<bool, StoreError> {
        Ok(self.engine.get(&layout::document_key(id))?.is_some())
    }

    fn stored(&self, id: DocumentId) -> Result<Option<(u64, Document)>, StoreError> {
        let Some(value) = self.engine.get(&layout::document_key(id))? else {
            return Ok(None);
        };
        let stored = Stored::split(id, &value)?;
        Ok(Some((stored.position, stored.document(id)?)))
    }

    /// The feed after a position, at most `limit` documents of it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn changes_after(&self, position: u64, limit: usize) -> Result<Feed, StoreError> {
        feed::read(self.engine.as_ref(), position, limit)
    }

    /// The position of the latest change.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// A small named record, none when it was never written.
    ///
    /// # Errors
    /// [`StoreError::Record`] when it is there but is no `T`; [`StoreError::Engine`].
    pub fn read_record<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        let value = self.engine.get(&layout::key(RECORD, name.as_bytes()))?;
        records::read(name, value)
    }

    /// The stored form of a record, for [`Self::commit`] and [`Self::commit_from_hub`].
    pub fn record_bytes<T: Serialize>(value: &T) -> Vec<u8> {
        records::encode(value)
    }

    /// Writes a small named record. Durable with the next persist.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn write_record<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        Ok(self.engine.apply(&[records::write(name, value)])?)
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.engine.bytes_on_disk()?)
    }

    /// Adds the writes that merge a delta.
    fn merge_into(&self, batch: &mut Batch, delta: &Document) -> Result<Outcome, StoreError> {
        let id = delta.id();
        let (known, former) = match batch.changes.get(&id) {
            Some(earlier) => (Some(earlier.after.known(id)?), Some(earlier.position)),
            None => match self.engine.get(&layout::document_key(id))? {
                None => (None, None),
                Some(value) => {
                    let stored = Stored::split(id, &value)?;
                    let encoded = stored.encoded(id)?;
                    let document = layout::read_document(id, &encoded)?;
                    (Some((document, encoded)), Some(stored.position))
                }
            },
        };
        let known = known
            .as_ref()
            .map(|(document, encoded)| (document.clone(), encoded.as_slice()));
        let Joined::Changed {
            before,
            after,
            encoded,
        } = join(known, delta)?
        else {
            return Ok(Outcome::Unchanged);
        };
        let is_new = before.is_none();
        batch.put(id, &encoded, former);
        batch.note(id, before, former, After::Decoded(after));
        Ok(if is_new {
            Outcome::New { encoded }
        } else {
            Outcome::Changed
        })
    }

    fn last_number(&self, prefix: u8) -> Result<u64, StoreError> {
        let (from, to) = layout::bounds(prefix);
        let last = self.engine.last(&from, &to)?;
        Ok(last
            .and_then(|(key, _)| layout::split_u64(&key[1..]).map(|(number, _)| number))
            .unwrap_or(0))
    }
}

/// What merging a delta comes to.
enum Outcome {
    Unchanged,
    Changed,
    New {
        /// The document as it is stored.
        encoded: Vec<u8>,
    },
}

/// A batch in the making: the writes, and what they will have changed.
struct Batch {
    position: u64,
    writes: Vec<Write>,
    changes: HashMap<DocumentId, Arrived>,
}

impl Batch {
    fn after(head: u64) -> Self {
        Self {
            position: head,
            writes: Vec::new(),
            changes: HashMap::new(),
        }
    }

    /// Remembers what has changed already, to be told with the rest.
    fn has_changed(&mut self, already: Vec<Arrived>) {
        let by_id = already.into_iter().map(|arrived| (arrived.id, arrived));
        self.changes.extend(by_id);
    }

    /// Adds the writes of a document that moves to the feed's end. A branch keeps no change log: its outbox holds what
    /// the hub lacks.
    fn put(&mut self, id: DocumentId, encoded: &[u8], former: Option<u64>) {
        self.position += 1;
        let content = stored::content(encoded, &ChangeLog::default());
        self.writes
            .extend(layout::put_document(id, &content, self.position, former));
    }

    /// Remembers what a document has become, to be told and to be merged into by what else the batch brings of it.
    fn note(
        &mut self,
        id: DocumentId,
        before: Option<Document>,
        former_position: Option<u64>,
        after: After,
    ) {
        let position = self.position;
        if let Some(earlier) = self.changes.get_mut(&id) {
            earlier.position = position;
            earlier.after = after;
        } else {
            let arrived = Arrived {
                id,
                position,
                former_position,
                changed: true,
                before,
                after,
            };
            self.changes.insert(id, arrived);
        }
    }

    /// What changed, in the order of the feed.
    fn into_arrived(self) -> Vec<Arrived> {
        let mut arrived: Vec<Arrived> = self.changes.into_values().collect();
        arrived.sort_by_key(|arrived| arrived.position);
        arrived
    }

    /// The same, built.
    fn take_changes(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut changes: Vec<Change> = std::mem::take(&mut self.changes)
            .into_values()
            .map(Arrived::change)
            .collect::<Result<_, _>>()?;
        changes.sort_by_key(|change| change.position);
        Ok(changes)
    }

    fn outbox(&self, key: &[u8]) -> Option<&[u8]> {
        self.writes.iter().rev().find_map(|write| match write {
            Write::Put(written, value) if written == key => Some(value.as_slice()),
            _ => None,
        })
    }
}
