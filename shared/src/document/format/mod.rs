//! Documents as bytes: a version byte, then that version's frozen layout.
//!
//! A frozen version is never edited. A successor gets a module of its own with a conversion from its `Previous`;
//! readers keep every version they ever wrote.

mod v1;

use super::Document;
use crate::limits;

/// Bytes that are no document this version can read. They are kept aside as they came and tried again after an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing there.
    #[error("the document is empty")]
    Empty,
    /// Written by a later version.
    #[error("the document has format {0}, which this version cannot read; upgrade this machine")]
    UnknownVersion(u8),
    /// Longer than any document may be.
    #[error("the document has {0} bytes; at most {max} are allowed", max = limits::DOCUMENT_BYTES)]
    TooLong(usize),
    /// Not what the format says.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// Well formed, but beyond a limit or against a rule of the lattice.
    #[error("the document breaks a rule: {0}")]
    Invalid(&'static str),
}

/// The canonical bytes of a document: equal states give equal bytes on every replica.
pub fn encode(document: &Document) -> Vec<u8> {
    let mut bytes = vec![v1::VERSION];
    v1::encode(document, &mut bytes);
    bytes
}

/// Reads bytes of any version ever written.
///
/// # Errors
/// [`DecodeError`] says what is wrong; nothing of the input is taken over then.
pub fn decode(bytes: &[u8]) -> Result<Document, DecodeError> {
    if bytes.len() > limits::DOCUMENT_BYTES {
        return Err(DecodeError::TooLong(bytes.len()));
    }
    match bytes.split_first() {
        None => Err(DecodeError::Empty),
        Some((&v1::VERSION, body)) => v1::decode(body),
        Some((&version, _)) => Err(DecodeError::UnknownVersion(version)),
    }
}
