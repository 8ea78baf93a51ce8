//! The documents of one message, packed together: what they have in common is said once.
//!
//! Orders differ in little. Packed by themselves they repeat the names of their fields, who wrote them, and what the
//! catalogue says; so here each document is taken apart into its [shape](shape) (everything but the values) and its values,
//! shapes are said once, and values of one kind stand together in [columns] that are compressed [stream by stream](streams).
//!
//! **What goes in comes out byte by byte.** Bytes that are no document of format 1, or not in its shortest form, travel as they
//! are, so that one which cannot be read does not take the others along. Nothing is judged here: that is for whoever reads the
//! documents.
//!
//! | byte 0 | what follows |
//! |---|---|
//! | none | nothing: there are no documents |
//! | 0 | number of documents; length and bytes of each |
//! | 1 | number of documents; the streams, see [`streams`] |

mod apart;
mod columns;
mod shape;
mod streams;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::format::cursor::{Cursor, put_bytes, put_length};
use crate::limits;

const PLAIN: u8 = 0;
const COLUMNS: u8 = 1;

/// Fewer documents have too little in common: plain, and compressed with the message they are in, they are smaller.
const COLUMNS_FROM: usize = 4;

/// More documents than any message holds; a bound on what a reader prepares for.
const MOST_DOCUMENTS: usize = 65_536;

/// Bytes that are no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its documents are damaged: {0}")]
pub(super) struct Damaged(pub(super) &'static str);

/// Packs documents, in their order.
pub(super) fn pack<B: AsRef<[u8]>>(documents: &[B]) -> Vec<u8> {
    if documents.is_empty() {
        return Vec::new();
    }
    if documents.len() >= COLUMNS_FROM
        && let Some(columns) = shape::pack(documents)
    {
        return columns;
    }
    let mut bytes = vec![PLAIN];
    put_length(&mut bytes, documents.len());
    for document in documents {
        put_bytes(&mut bytes, document.as_ref());
    }
    bytes
}

/// The documents again, never more bytes of them than a message may have.
///
/// # Errors
/// [`Damaged`] when nothing that [`pack`] makes looks like this.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Damaged> {
    let Some((packing, body)) = bytes.split_first() else {
        return Ok(Vec::new());
    };
    match *packing {
        PLAIN => unpack_plain(body),
        COLUMNS => shape::unpack(body),
        _ => Err(Damaged("they are packed in an unknown way")),
    }
}

fn unpack_plain(body: &[u8]) -> Result<Vec<Vec<u8>>, Damaged> {
    const CUT_SHORT: Damaged = Damaged("they are cut short");
    let mut cursor = Cursor::over(body);
    let count = cursor.length().map_err(|_| CUT_SHORT)?;
    if count > MOST_DOCUMENTS || body.len() > limits::MESSAGE_BYTES {
        return Err(Damaged("they are too many"));
    }
    let mut documents = Vec::with_capacity(count);
    for _ in 0..count {
        let length = cursor.length().map_err(|_| CUT_SHORT)?;
        documents.push(cursor.slice(length).map_err(|_| CUT_SHORT)?.to_vec());
    }
    if cursor.left() > 0 {
        return Err(Damaged("bytes follow their end"));
    }
    Ok(documents)
}

/// A bundle as serde carries it: at once, not byte by byte.
struct Packed(Vec<u8>);

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Packed;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("packed documents")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Packed, E> {
                Ok(Packed(bytes.to_vec()))
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Packed, E> {
                Ok(Packed(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Whole)
    }
}

/// For serde: a list of documents as a bundle.
pub(in crate::wire) mod documents {
    use super::{Deserialize, Deserializer, Error, Packed, Serialize, Serializer, pack, unpack};

    pub(in crate::wire) fn serialize<S: Serializer>(
        documents: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Packed(pack(documents)).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let Packed(bundle) = Packed::deserialize(deserializer)?;
        unpack(&bundle).map_err(D::Error::custom)
    }
}

/// For serde: documents and parts as a bundle, with the places of the parts.
pub(in crate::wire) mod brought {
    use super::super::Brought;
    use super::{Deserialize, Deserializer, Error, Packed, Serialize, Serializer, pack, unpack};

    pub(in crate::wire) fn serialize<S: Serializer>(
        brought: &[Brought],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let documents: Vec<&[u8]> = brought.iter().map(|one| one.bytes.as_slice()).collect();
        let parts: Vec<u32> = (0..)
            .zip(brought)
            .filter(|(_, one)| one.is_part)
            .map(|(index, _)| index)
            .collect();
        (Packed(pack(&documents)), parts).serialize(serializer)
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Brought>, D::Error> {
        let (Packed(bundle), parts) = <(Packed, Vec<u32>)>::deserialize(deserializer)?;
        let documents = unpack(&bundle).map_err(D::Error::custom)?;
        let whole = |bytes| Brought {
            bytes,
            is_part: false,
        };
        let mut brought: Vec<Brought> = documents.into_iter().map(whole).collect();
        for index in parts {
            brought
                .get_mut(index as usize)
                .ok_or_else(|| D::Error::custom("a part that is not there"))?
                .is_part = true;
        }
        Ok(brought)
    }
}
