//! How a document's bytes lie in the store: a tag byte says which packing it is, so that none ever has to be guessed.

use crate::document::format;
use crate::id::DocumentId;

/// The bytes as they are.
pub(super) const RAW: u8 = 0;

/// Appends the packed document and returns its tag.
pub(super) fn pack(_: DocumentId, encoded: &[u8], out: &mut Vec<u8>) -> u8 {
    out.extend_from_slice(encoded);
    RAW
}

/// The document's bytes again.
///
/// # Errors
/// Why not, for a person.
pub(super) fn unpack(_: DocumentId, tag: u8, body: &[u8]) -> Result<Vec<u8>, String> {
    match tag {
        RAW => Ok(body.to_vec()),
        _ => Err(format::DecodeError::UnknownVersion(tag).to_string()),
    }
}
