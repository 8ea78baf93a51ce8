//! Where things lie in the ordered map. One prefix byte each, so that one batch can hold a document, its place in the
//! feed and its outbox mark.

use crate::document::{Document, format};
use crate::id::DocumentId;

use super::StoreError;
use super::engine::Write;

/// `d<id>` -> position, document.
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

/// The writes that put a document at a position of the feed, away from its former one.
pub(super) fn put_document(
    id: DocumentId,
    encoded: &[u8],
    position: u64,
    former: Option<u64>,
) -> Vec<Write> {
    let mut value = position.to_be_bytes().to_vec();
    value.extend_from_slice(encoded);
    let mut writes = vec![
        Write::Put(document_key(id), value),
        Write::Put(feed_key(position), id.as_bytes().to_vec()),
    ];
    writes.extend(former.map(|former| Write::Remove(feed_key(former))));
    writes
}

/// Splits what [`put_document`] stored.
pub(super) fn split_document(id: DocumentId, value: &[u8]) -> Result<(u64, &[u8]), StoreError> {
    let (position, encoded) = split_u64(value).ok_or_else(|| StoreError::Unreadable {
        id,
        reason: "its entry in the store is cut short".to_owned(),
    })?;
    Ok((position, encoded))
}

pub(super) fn split_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*head), rest))
}

pub(super) fn read_document(id: DocumentId, encoded: &[u8]) -> Result<Document, StoreError> {
    let document = format::decode(encoded).map_err(|error| StoreError::Unreadable {
        id,
        reason: error.to_string(),
    })?;
    if document.id() == id {
        Ok(document)
    } else {
        Err(StoreError::Unreadable {
            id,
            reason: format!("it holds another document, {}", document.id()),
        })
    }
}

pub(super) fn id_from(bytes: &[u8]) -> Option<DocumentId> {
    bytes.try_into().ok().map(DocumentId::from_bytes)
}
