//! Small named records beside the documents. They carry a version byte like everything stored.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::engine::Write;
use super::layout::{self, RECORD};
use crate::limits;

const RECORD_VERSION: u8 = 1;

/// The write of a record.
pub(super) fn write<T: Serialize>(name: &str, value: &T) -> Write {
    Write::Put(layout::key(RECORD, name.as_bytes()), encode(value))
}

/// The write of a record in its stored form.
pub(super) fn put((name, encoded): &(&str, Vec<u8>)) -> Write {
    Write::Put(layout::key(RECORD, name.as_bytes()), encoded.clone())
}

/// The stored form of a record, for records written together with documents.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![RECORD_VERSION];
    bincode::serde::encode_into_std_write(value, &mut bytes, bincode::config::standard())
        .expect("records are plain structs written to memory");
    bytes
}

/// A record from its stored form; why not, when it is none of this kind.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((&RECORD_VERSION, body)) => bincode::serde::decode_from_slice(
            body,
            bincode::config::standard().with_limit::<{ limits::MESSAGE_BYTES }>(),
        )
        .map(|(value, _)| value)
        .map_err(|error| error.to_string()),
        Some((version, _)) => Err(format!("version {version} is not known here")),
        None => Err("it is empty".to_owned()),
    }
}

/// A record by its stored value, none when there is no value.
///
/// # Errors
/// [`StoreError::Record`] when it is no `T`.
pub(super) fn read<T: for<'de> Deserialize<'de>>(
    name: &str,
    value: Option<Vec<u8>>,
) -> Result<Option<T>, StoreError> {
    value
        .map(|value| {
            decode(&value).map_err(|reason| StoreError::Record {
                name: name.to_owned(),
                reason,
            })
        })
        .transpose()
}
