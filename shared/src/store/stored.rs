//! What stands under a document's key: its place in the feed, then everything that an engine carries without looking in.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the position, big endian |
//! | 1 | 0, the version of this layout |
//! | 1 to 5 | length of the change log |
//! | so many | the change log, see [`super::change_log`]; empty at a branch |
//! | the rest | the document's canonical bytes |
//!
//! The engine packs it together with its neighbours; see [`super::packing`].

use super::change_log::ChangeLog;
use super::{StoreError, layout};
use crate::document::{Document, format};
use crate::id::DocumentId;

/// A tag byte comes first, so that the layout never has to be guessed.
const VERSION: u8 = 0;

/// A stored document, in its parts.
pub(super) struct Stored<'a> {
    /// Its place in the feed.
    pub(super) position: u64,
    log: &'a [u8],
    tag: u8,
    body: &'a [u8],
}

/// Everything but the position, which an engine may be the one to give.
pub(super) fn content(encoded: &[u8], log: &ChangeLog) -> Vec<u8> {
    let log = log.to_bytes();
    let mut content = Vec::with_capacity(encoded.len() + log.len() + 8);
    content.push(VERSION);
    layout::put_varint(&mut content, log.len() as u64);
    content.extend_from_slice(&log);
    content.extend_from_slice(encoded);
    content
}

/// All of it for a document that is new, with no change to remember.
pub(super) fn new_value(position: u64, encoded: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(encoded.len() + 10);
    value.extend_from_slice(&beginning_of_new(position));
    value.extend_from_slice(encoded);
    value
}

/// The same without the document's bytes, which follow it.
pub(super) fn beginning_of_new(position: u64) -> [u8; 10] {
    // No change, so that the log's length is 0.
    let mut beginning = [0; 10];
    beginning[..8].copy_from_slice(&position.to_be_bytes());
    beginning[8] = VERSION;
    beginning
}

impl<'a> Stored<'a> {
    /// Splits a value as it stands in the store.
    pub(super) fn split(id: DocumentId, value: &'a [u8]) -> Result<Self, StoreError> {
        let (position, content) = layout::split_u64(value).ok_or_else(|| cut_short(id))?;
        Self::of_content(id, position, content)
    }

    /// Splits what [`content`] made.
    pub(super) fn of_content(
        id: DocumentId,
        position: u64,
        content: &'a [u8],
    ) -> Result<Self, StoreError> {
        let split = || {
            let (tag, mut rest) = content.split_first()?;
            let length = usize::try_from(layout::take_varint(&mut rest)?).ok()?;
            let (log, body) = rest.split_at_checked(length)?;
            Some(Self {
                position,
                log,
                tag: *tag,
                body,
            })
        };
        split().ok_or_else(|| cut_short(id))
    }

    /// The document's canonical bytes, to be sent on without being read. Those of another document are not among them: whoever
    /// got them would take them for a document of its own.
    pub(super) fn encoded(&self, id: DocumentId) -> Result<Vec<u8>, StoreError> {
        Ok(self.body(id)?.to_vec())
    }

    /// The same, in place.
    pub(super) fn body(&self, id: DocumentId) -> Result<&'a [u8], StoreError> {
        if self.tag != VERSION {
            return Err(StoreError::Unreadable {
                id,
                reason: format::DecodeError::UnknownVersion(self.tag).to_string(),
            });
        }
        match format::id_of(self.body) {
            Ok(other) if other != id => Err(layout::holds_another(id, other)),
            // What this version cannot read may be read elsewhere.
            Ok(_) | Err(_) => Ok(self.body),
        }
    }

    /// The document.
    pub(super) fn document(&self, id: DocumentId) -> Result<Document, StoreError> {
        layout::read_document(id, &self.encoded(id)?)
    }

    /// What changed when. A log that cannot be read says that everything may have changed.
    pub(super) fn log(&self) -> ChangeLog {
        ChangeLog::read(self.log, self.position)
    }
}

pub(super) fn cut_short(id: DocumentId) -> StoreError {
    StoreError::Unreadable {
        id,
        reason: "its entry in the store is cut short".to_owned(),
    }
}
