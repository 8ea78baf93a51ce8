//! Documents that come as bytes, and need not be built to be judged and stored.

use super::format::{self, DecodeError};
use super::{Document, Kind};
use crate::clock::Hlc;
use crate::id::{DocumentId, Dot};

/// Bytes that are a document: inspected, and just as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    bytes: Vec<u8>,
    id: DocumentId,
    kind: Kind,
    has_fields: bool,
    dots: Vec<Dot>,
    newest: Option<Hlc>,
    is_canonical: bool,
}

impl Encoded {
    /// Looks at bytes as they came.
    ///
    /// # Errors
    /// Why they are no document, with the bytes.
    pub fn inspect(bytes: Vec<u8>) -> Result<Self, (Vec<u8>, DecodeError)> {
        let looked = format::inspect(&bytes).and_then(|inspected| {
            let kind = Kind::new(inspected.kind);
            let kind = kind.map_err(|_| DecodeError::Invalid("its kind has a bad name"))?;
            Ok((
                inspected.id,
                kind,
                inspected.has_fields,
                inspected.dots,
                inspected.newest,
                inspected.is_canonical,
            ))
        });
        match looked {
            Err(error) => Err((bytes, error)),
            Ok((id, kind, has_fields, dots, newest, is_canonical)) => Ok(Self {
                bytes,
                id,
                kind,
                has_fields,
                dots,
                newest,
                is_canonical,
            }),
        }
    }

    /// The bytes as they came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The document's identity.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// What it describes.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether any field was ever written.
    pub const fn has_fields(&self) -> bool {
        self.has_fields
    }

    /// Every write in it.
    pub fn dots(&self) -> &[Dot] {
        &self.dots
    }

    /// The highest stamp.
    pub const fn newest(&self) -> Option<Hlc> {
        self.newest
    }

    /// Whether the bytes are just those that encoding the document would give, so that they can be stored as they are.
    pub const fn is_canonical(&self) -> bool {
        self.is_canonical
    }

    /// The document, built.
    ///
    /// # Errors
    /// [`DecodeError`]; never for bytes that were inspected by this version.
    pub fn decode(&self) -> Result<Document, DecodeError> {
        format::decode(&self.bytes)
    }
}
