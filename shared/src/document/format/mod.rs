//! Documents as bytes: a version byte, then that version's frozen layout.
//!
//! A frozen version is never edited. A successor gets a module of its own with a conversion from its `Previous`;
//! readers keep every version they ever wrote.

pub(crate) mod cursor;
mod v1;

use super::draft::Draft;
use super::view::View;
use super::{Document, Kind};
use crate::clock::Hlc;
use crate::id::{DocumentId, Dot};
use crate::limits;

/// What documents of format 1 begin with.
pub(crate) const VERSION_1: u8 = v1::VERSION;

/// What stands before a value of format 1.
pub(crate) mod tag {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const INT: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ID: u8 = 4;
    pub(crate) const MONEY: u8 = 5;
    pub(crate) const INSTANT: u8 = 6;
    pub(crate) const DATE: u8 = 7;
    pub(crate) const BYTES: u8 = 8;
}

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

/// The same of a draft, whose fields and events are in their order, put into `bytes`.
pub(super) fn encode_draft(draft: &Draft, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.push(v1::VERSION);
    v1::encode_draft(draft, bytes);
}

pub(super) use v1::{put_event, put_value};

/// Reads bytes of any version ever written.
///
/// # Errors
/// [`DecodeError`] says what is wrong; nothing of the input is taken over then.
pub fn decode(bytes: &[u8]) -> Result<Document, DecodeError> {
    v1::decode(body_of(bytes)?)
}

/// What can be told of a document's bytes without building it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected<'a> {
    /// Its identity.
    pub id: DocumentId,
    /// What it describes.
    pub kind: &'a str,
    /// Whether any field was ever written.
    pub has_fields: bool,
    /// Whether anything happened.
    pub has_events: bool,
    /// Every write in it, in the order of the bytes.
    pub dots: Vec<Dot>,
    /// The highest stamp.
    pub newest: Option<Hlc>,
    /// Whether the bytes are just those that [`encode`] gives for the document. They are not when a number is written
    /// longer than need be, when something is out of order or never referred to, and when personal data stands beside
    /// an erasure.
    pub is_canonical: bool,
}

/// What a document's bytes describe; none when they are no document's.
pub fn kind_of(bytes: &[u8]) -> Option<Kind> {
    Kind::new(kind_name(bytes)?).ok()
}

/// The same, lent and not judged.
pub fn kind_name(bytes: &[u8]) -> Option<&str> {
    let mut cursor = cursor::Cursor::over(body_of(bytes).ok()?);
    cursor.array::<16>().ok()?;
    cursor.text().ok()
}

/// Whose document some bytes are, which is all that is looked at.
///
/// # Errors
/// [`DecodeError`] when they are too long, or of no version that this one reads.
pub fn id_of(bytes: &[u8]) -> Result<DocumentId, DecodeError> {
    let mut cursor = cursor::Cursor::over(body_of(bytes)?);
    cursor.array::<16>().map(DocumentId::from_bytes)
}

/// Judges bytes of any version as [`decode`] does, at a fraction of its cost.
///
/// # Errors
/// [`DecodeError`] for just those bytes that [`decode`] refuses.
pub fn inspect(bytes: &[u8]) -> Result<Inspected<'_>, DecodeError> {
    v1::inspect(body_of(bytes)?)
}

/// Lends what bytes of any version say.
pub(super) fn view(bytes: &[u8]) -> Result<View<'_>, DecodeError> {
    v1::view(body_of(bytes)?)
}

/// What follows the version byte of the one version there is.
fn body_of(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    if bytes.len() > limits::DOCUMENT_BYTES {
        return Err(DecodeError::TooLong(bytes.len()));
    }
    match bytes.split_first() {
        None => Err(DecodeError::Empty),
        Some((&v1::VERSION, body)) => Ok(body),
        Some((&version, _)) => Err(DecodeError::UnknownVersion(version)),
    }
}
