//! How a document's bytes lie in the store: a tag byte says which packing it is, so that none ever has to be guessed.
//!
//! An order is some 2 KB of which most stands in every order. zstd (RFC 8878) with a dictionary of such orders leaves a
//! quarter; without one it would leave half. **A dictionary that was ever released never changes**: another one gets the
//! next tag, and this one stays for reading. `shared/examples/dictionary_samples.rs` says how it was made.
//!
//! What is packed lacks the 16 bytes of the id, since they are the key; the frame lacks zstd's magic number, since the tag
//! says what it is.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::document::format;
use crate::id::DocumentId;
use crate::limits;

/// The bytes as they are.
pub(super) const RAW: u8 = 0;
/// All but the id, as a zstd frame with the first dictionary.
const DICTIONARY_1: u8 = 1;

static BYTES_1: &[u8] = include_bytes!("packing/1.dictionary");
static TO_PACK: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(BYTES_1, LEVEL));
static TO_UNPACK: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(BYTES_1));

/// Measured on edited orders: level 6 saves 8 % more and takes six times as long, level 1 costs 2 % and is hardly faster.
const LEVEL: i32 = 3;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Where the id stands in a document's bytes: behind the version byte.
const ID: std::ops::Range<usize> = 1..17;

thread_local! {
    // A context is some hundred KB that take longer to set up than an order to pack.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Appends the packed document and returns its tag.
pub(super) fn pack(id: DocumentId, encoded: &[u8], out: &mut Vec<u8>) -> u8 {
    if encoded.get(ID) == Some(id.as_bytes().as_slice())
        && let Some(frame) = compress(encoded)
        && let Some(frame) = frame.strip_prefix(&MAGIC)
        && frame.len() < encoded.len()
    {
        out.extend_from_slice(frame);
        return DICTIONARY_1;
    }
    out.extend_from_slice(encoded);
    RAW
}

/// The document's bytes again.
///
/// # Errors
/// Why not, for a person.
pub(super) fn unpack(id: DocumentId, tag: u8, body: &[u8]) -> Result<Vec<u8>, String> {
    match tag {
        RAW => Ok(body.to_vec()),
        DICTIONARY_1 => {
            let mut encoded = decompress(body)
                .map_err(|error| format!("what is stored of it cannot be unpacked: {error}"))?;
            if encoded.is_empty() {
                return Err("what is stored of it is empty".to_owned());
            }
            encoded.splice(1..1, *id.as_bytes());
            Ok(encoded)
        }
        _ => Err(format::DecodeError::UnknownVersion(tag).to_string()),
    }
}

/// None when zstd has no memory for it: then it lies in the store as it is.
fn compress(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut without_id = Vec::with_capacity(encoded.len());
    without_id.extend_from_slice(&encoded[..ID.start]);
    without_id.extend_from_slice(&encoded[ID.end..]);
    PACKER.with_borrow_mut(|packer| {
        if packer.is_none() {
            let mut new = Compressor::with_prepared_dictionary(&TO_PACK).ok()?;
            new.set_parameter(CParameter::DictIdFlag(false)).ok()?;
            *packer = Some(new);
        }
        packer.as_mut()?.compress(&without_id).ok()
    })
}

fn decompress(frame: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut whole = Vec::with_capacity(MAGIC.len() + frame.len());
    whole.extend_from_slice(&MAGIC);
    whole.extend_from_slice(frame);
    UNPACKER.with_borrow_mut(|unpacker| {
        let unpacker = match unpacker {
            Some(known) => known,
            None => unpacker.insert(Decompressor::with_prepared_dictionary(&TO_UNPACK)?),
        };
        let mut encoded = unpacker.decompress(&whole, limits::DOCUMENT_BYTES)?;
        encoded.reserve(ID.len());
        Ok(encoded)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::clock::{Hlc, UtcMillis};
    use crate::document::{Authoring, Change, Field, Kind};
    use crate::id::{Actor, ReplicaNumber};

    fn document() -> (DocumentId, Vec<u8>) {
        let id = DocumentId::named("packed");
        let actor = Actor::new(ReplicaNumber(3), 0xdead_beef);
        let mut authoring = Authoring::new(actor, 7, Hlc::at(UtcMillis(1_795_190_400_000)), None);
        let mut change = Change::create(id, Kind::known("order"));
        for (name, value) in [
            ("status", "in_work"),
            ("contact/name", "Ursina Caduff"),
            ("priority", "standard"),
        ] {
            change.set(&mut authoring, Field::known(name), value);
        }
        (id, format::encode(&change.finish()))
    }

    /// Stored documents need this very dictionary. Make another one with the next tag instead of changing it.
    #[test]
    fn the_first_dictionary_is_frozen() {
        let digest = Sha256::digest(BYTES_1);
        assert_eq!(
            digest[..8],
            [0x11, 0x11, 0xc5, 0x4a, 0x09, 0xb3, 0xd5, 0xce]
        );
    }

    #[test]
    fn golden_bytes_of_the_first_packing() {
        let (id, encoded) = document();
        let mut packed = Vec::new();
        assert_eq!(pack(id, &encoded, &mut packed), DICTIONARY_1);
        assert!(packed.len() * 2 < encoded.len(), "{} bytes", packed.len());
        // Written by the version that introduced it; every later one must read it.
        let golden = "206f9d0100f30106ee2ec03dcc1dccddebfb10f3b871f7d8dddd0bd41d42b00207fcc9683dfc592ed45e2995d212244251fcce395be85253";
        let golden: Vec<u8> = (0..golden.len() / 2)
            .map(|at| u8::from_str_radix(&golden[2 * at..2 * at + 2], 16).expect("hex"))
            .collect();
        assert_eq!(
            unpack(id, DICTIONARY_1, &golden),
            Ok(encoded),
            "{packed:02x?}"
        );
    }

    #[test]
    fn a_packing_of_a_later_version_says_that_an_upgrade_helps() {
        let (id, _) = document();
        let refused = unpack(id, 9, b"whatever").expect_err("nobody knows it");
        assert!(refused.contains("upgrade"));
    }

    proptest! {
        #[test]
        fn anything_is_packed_and_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..400), is_own in any::<bool>()) {
            let id = DocumentId::named("any");
            let mut bytes = bytes;
            if is_own && bytes.len() >= ID.end {
                bytes[ID].copy_from_slice(id.as_bytes());
            }
            let mut packed = Vec::new();
            let tag = pack(id, &bytes, &mut packed);
            prop_assert_eq!(unpack(id, tag, &packed), Ok(bytes));
        }

        #[test]
        fn no_bytes_make_unpacking_panic_or_grow_without_bound(bytes in proptest::collection::vec(any::<u8>(), 0..200), tag in 0..3_u8) {
            if let Ok(unpacked) = unpack(DocumentId::named("any"), tag, &bytes) {
                prop_assert!(unpacked.len() <= limits::DOCUMENT_BYTES + ID.len());
            }
        }
    }
}
