//! Documents that come as bytes and need not be built to be stored.

use super::{Change, StoreError, layout};
use crate::document::{Document, Encoded, Kind, format};
use crate::id::DocumentId;

/// A document that came as bytes, and what became of it.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Which.
    pub id: DocumentId,
    /// Its place in the feed: a new one when what came changed it, else the one it had.
    pub position: u64,
    /// Its place before, none when it is new.
    pub former_position: Option<u64>,
    /// Whether what came changed anything.
    pub changed: bool,
    /// The document before, none when it is new.
    pub before: Option<Document>,
    pub(super) after: After,
}

/// The document now.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// Canonical bytes that were inspected.
    Encoded(Vec<u8>),
    Decoded(Document),
}

impl Arrived {
    /// One that was not here before and went into the store as it came.
    pub(super) fn new_document(delta: &Encoded, position: u64) -> Self {
        Self {
            id: delta.id(),
            position,
            former_position: None,
            changed: true,
            before: None,
            after: After::Encoded(delta.bytes().to_vec()),
        }
    }

    /// What the document describes.
    pub fn kind(&self) -> Option<Kind> {
        match &self.after {
            After::Encoded(bytes) => format::kind_of(bytes),
            After::Decoded(document) => Some(document.kind().clone()),
        }
    }

    /// The document now. It is built here when it went into the store as it came.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]; never for bytes that passed the inspection.
    pub fn document(self) -> Result<Document, StoreError> {
        self.after.document(self.id)
    }

    /// The same as a change of the feed.
    ///
    /// # Errors
    /// As [`Self::document`].
    pub fn change(self) -> Result<Change, StoreError> {
        Ok(Change {
            position: self.position,
            document: self.document()?,
        })
    }
}

impl After {
    pub(super) fn document(self, id: DocumentId) -> Result<Document, StoreError> {
        match self {
            Self::Encoded(bytes) => layout::read_document(id, &bytes),
            Self::Decoded(document) => Ok(document),
        }
    }

    /// The document with its canonical bytes, to merge something into it.
    pub(super) fn known(&self, id: DocumentId) -> Result<(Document, Vec<u8>), StoreError> {
        Ok(match self {
            Self::Encoded(bytes) => (layout::read_document(id, bytes)?, bytes.clone()),
            Self::Decoded(document) => (document.clone(), format::encode(document)),
        })
    }
}
