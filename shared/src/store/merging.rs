//! Merging a delta into what is stored: the same at a branch and at the hub.

use super::StoreError;
use crate::document::{Document, format};
use crate::id::DocumentId;
use crate::limits;

/// What merging a delta comes to.
pub(super) enum Joined {
    /// The store has seen all of it.
    Unchanged(Document),
    /// The document is another one now.
    Changed {
        /// As it was, none when it is new.
        before: Option<Document>,
        /// As it is now.
        after: Document,
        /// As it is now, canonical.
        encoded: Vec<u8>,
    },
}

/// Merges a delta into the document that is stored, given with its canonical bytes.
///
/// # Errors
/// [`StoreError::NotTheSame`], [`StoreError::Collision`], [`StoreError::TooLarge`].
pub(super) fn join(
    stored: Option<(Document, &[u8])>,
    delta: &Document,
) -> Result<Joined, StoreError> {
    let id = delta.id();
    let (before, former) = stored.unzip();
    if let Some(dot) = before.as_ref().and_then(|before| before.collision(delta)) {
        return Err(StoreError::Collision { id, dot });
    }
    let mut after = match &before {
        Some(before) => before.clone(),
        None => Document::new(id, delta.kind().clone()),
    };
    after.merge(delta.clone())?;
    let encoded = format::encode(&after);
    check_size(id, encoded.len())?;
    Ok(match before {
        Some(before) if former == Some(encoded.as_slice()) => Joined::Unchanged(before),
        before => Joined::Changed {
            before,
            after,
            encoded,
        },
    })
}

/// # Errors
/// [`StoreError::TooLarge`] when a document may not have so many bytes.
pub(super) fn check_size(id: DocumentId, bytes: usize) -> Result<(), StoreError> {
    if bytes > limits::DOCUMENT_BYTES {
        return Err(StoreError::TooLarge { id, bytes });
    }
    Ok(())
}
