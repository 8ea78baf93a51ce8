//! Where things lie in the ordered map. One prefix byte each, so that one batch can hold a document, its place in the
//! feed and its outbox mark.

use crate::document::{Document, format};
use crate::id::DocumentId;

use super::StoreError;
use super::engine::Write;

/// `d<id>` -> position, change log, document; see [`super::stored`].
pub(super) const DOCUMENT: u8 = b'd';
/// `f<position>` -> id. One entry a document: its latest position.
pub(super) const FEED: u8 = b'f';
/// `o<id>` -> mark, since, unsent delta.
pub(super) const OUTBOX: u8 = b'o';
/// `q<sequence>` -> what was set aside.
pub(super) const QUARANTINE: u8 = b'q';
/// `r<name>` -> a small named record.
pub(super) const RECORD: u8 = b'r';

pub(super) fn key(prefix: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(prefix);
    key.extend_from_slice(rest);
    key
}

/// The bounds of all keys of a prefix.
pub(super) fn bounds(prefix: u8) -> ([u8; 1], [u8; 1]) {
    ([prefix], [prefix + 1])
}

pub(super) fn document_key(id: DocumentId) -> Vec<u8> {
    key(DOCUMENT, id.as_bytes())
}

pub(super) fn feed_key(position: u64) -> Vec<u8> {
    key(FEED, &position.to_be_bytes())
}

/// The writes that put a document's content (see [`super::stored`]) at a position of the feed, away from its former one.
pub(super) fn put_document(
    id: DocumentId,
    content: &[u8],
    position: u64,
    former: Option<u64>,
) -> Vec<Write> {
    let mut value = Vec::with_capacity(8 + content.len());
    value.extend_from_slice(&position.to_be_bytes());
    value.extend_from_slice(content);
    let mut writes = Vec::with_capacity(3);
    writes.push(Write::Put(document_key(id), value));
    writes.push(Write::Put(feed_key(position), id.as_bytes().to_vec()));
    writes.extend(former.map(|former| Write::Remove(feed_key(former))));
    writes
}

pub(super) fn split_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*head), rest))
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Takes what [`put_varint`] wrote off the front; none when it is cut short or too large.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

pub(super) fn read_document(id: DocumentId, encoded: &[u8]) -> Result<Document, StoreError> {
    let document = format::decode(encoded).map_err(|error| StoreError::Unreadable {
        id,
        reason: error.to_string(),
    })?;
    if document.id() == id {
        Ok(document)
    } else {
        Err(holds_another(id, document.id()))
    }
}

pub(super) fn holds_another(id: DocumentId, other: DocumentId) -> StoreError {
    StoreError::Unreadable {
        id,
        reason: format!("it holds another document, {other}"),
    }
}

pub(super) fn id_from(bytes: &[u8]) -> Option<DocumentId> {
    bytes.try_into().ok().map(DocumentId::from_bytes)
}
