//! Bytes as they lie on the disk: packed with zstd (RFC 8878), and with a check.
//!
//! An order is some 2 KB of which most stands in every order: on its own, with a dictionary of such orders, a quarter is left
//! of it; some dozens together come to a tenth. **A dictionary that was ever released never changes**: another one gets the
//! next tag, and this one stays for reading. `shared/examples/dictionary_samples.rs` says how it was made.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | how the rest is packed: 0 not at all, 1 with the first dictionary, 2 behind its last 8 KiB as a prefix |
//! | 4 | CRC-32 (IEEE 802.3) over everything but itself |
//! | 4 | length when unpacked |
//! | the rest | a zstd frame, or the bytes as they are |
//!
//! Numbers are big endian.

mod prefixed;

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::limits;

const RAW: u8 = 0;
const DICTIONARY_1: u8 = 1;
const PREFIX_1: u8 = 2;

static BYTES_1: &[u8] = include_bytes!("packing/1.dictionary");
static TO_KEEP: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(BYTES_1, LEVEL_TO_KEEP));
static TO_PASS: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(BYTES_1, LEVEL_TO_PASS));
static TO_PASS_IN_BULK: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(BYTES_1, LEVEL_TO_PASS_IN_BULK));
static TO_UNPACK: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(BYTES_1));

/// For blocks, which stay. With the dictionary, level 3 takes twice the time for a fortieth less.
const LEVEL_TO_KEEP: i32 = 1;
/// For the journal, which is written over soon.
const LEVEL_TO_PASS: i32 = 1;
/// For large batches in the journal: neighbours of a load look alike, so that little is left of them however fast it goes.
const LEVEL_TO_PASS_IN_BULK: i32 = -4;

/// What a frame would say that stands before it already.
const UNNEEDED: [CParameter; 3] = [
    CParameter::DictIdFlag(false),
    CParameter::ContentSizeFlag(false),
    CParameter::ChecksumFlag(false),
];

/// A batch of so many bytes is a part of a load.
const BULK_BYTES: usize = 64 * 1024;

const HEADER_BYTES: usize = 1 + 4 + 4;

/// The most that is ever packed at once: the largest batch there is, with room. It bounds what damaged bytes can make
/// unpacking ask for.
pub(super) const MOST_BYTES: usize = 4 * limits::MESSAGE_BYTES;

thread_local! {
    // A context is some hundred KB that take longer to set up than a block to pack.
    static KEEPER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static PASSER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static BULK_PASSER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER_BEHIND_PREFIX: RefCell<Option<Decompressor<'static>>> =
        const { RefCell::new(None) };
}

/// Packs what is to stay: as small as it gets at a fair price.
pub(super) fn pack_to_keep(plain: &[u8]) -> Vec<u8> {
    if prefixed::suits(plain.len()) {
        return prefixed::pack(plain, |frame| finished(PREFIX_1, frame, plain));
    }
    KEEPER.with_borrow_mut(|packer| pack(packer, &TO_KEEP, plain))
}

/// Packs what is soon written over: fast.
pub(super) fn pack_to_pass(plain: &[u8]) -> Vec<u8> {
    if plain.len() >= BULK_BYTES {
        return BULK_PASSER.with_borrow_mut(|packer| pack(packer, &TO_PASS_IN_BULK, plain));
    }
    PASSER.with_borrow_mut(|packer| pack(packer, &TO_PASS, plain))
}

fn pack(
    packer: &mut Option<Compressor<'static>>,
    dictionary: &'static EncoderDictionary<'static>,
    plain: &[u8],
) -> Vec<u8> {
    let frame = compress(packer, dictionary, plain);
    finished(DICTIONARY_1, frame.as_deref(), plain)
}

/// What is stored of a frame. None when zstd had no memory for it: then it lies there as it is.
fn finished(tag: u8, frame: Option<&[u8]>, plain: &[u8]) -> Vec<u8> {
    let (tag, body) = match frame.filter(|frame| frame.len() < plain.len()) {
        Some(frame) => (tag, frame),
        None => (RAW, plain),
    };
    let length = u32::try_from(plain.len()).expect("batches and blocks are bounded far below 4 GB");
    let mut packed = Vec::with_capacity(HEADER_BYTES + body.len());
    packed.push(tag);
    packed.extend(check(tag, length, body).to_be_bytes());
    packed.extend(length.to_be_bytes());
    packed.extend_from_slice(body);
    packed
}

/// The bytes again; none when they are not as they were packed.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (&tag, rest) = packed.split_first()?;
    let (said, rest) = rest.split_first_chunk::<4>()?;
    let (length, body) = rest.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length);
    if check(tag, length, body) != u32::from_be_bytes(*said) {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let plain = match tag {
        RAW => body.to_vec(),
        DICTIONARY_1 if length <= MOST_BYTES => {
            UNPACKER.with_borrow_mut(|unpacker| decompress(unpacker, &TO_UNPACK, body, length))?
        }
        PREFIX_1 if length <= MOST_BYTES => UNPACKER_BEHIND_PREFIX
            .with_borrow_mut(|unpacker| decompress(unpacker, &prefixed::TO_UNPACK, body, length))?,
        _ => return None,
    };
    (plain.len() == length).then_some(plain)
}

fn check(tag: u8, length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[tag]);
    hasher.update(&length.to_be_bytes());
    hasher.update(body);
    hasher.finalize()
}

fn compress(
    packer: &mut Option<Compressor<'static>>,
    dictionary: &'static EncoderDictionary<'static>,
    plain: &[u8],
) -> Option<Vec<u8>> {
    if packer.is_none() {
        let mut new = Compressor::with_prepared_dictionary(dictionary).ok()?;
        for unneeded in UNNEEDED {
            new.set_parameter(unneeded).ok()?;
        }
        *packer = Some(new);
    }
    packer.as_mut()?.compress(plain).ok()
}

fn decompress(
    unpacker: &mut Option<Decompressor<'static>>,
    dictionary: &'static DecoderDictionary<'static>,
    frame: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let unpacker = match unpacker {
        Some(known) => known,
        None => unpacker.insert(Decompressor::with_prepared_dictionary(dictionary).ok()?),
    };
    unpacker.decompress(frame, length).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::clock::{Hlc, UtcMillis};
    use crate::document::{Authoring, Change, Field, Kind, format};
    use crate::id::{Actor, DocumentId, ReplicaNumber};

    fn document() -> Vec<u8> {
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
        format::encode(&change.finish())
    }

    /// What is stored needs this very dictionary. Make another one with the next tag instead of changing it.
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
        let encoded = document();
        let packed = pack_to_keep(&encoded);
        assert!(packed.len() < encoded.len(), "{} bytes", packed.len());
        // Written by the version that introduced it; every later one must read it.
        let golden = "01df013b630000007f28b52ffd00003d020003830aee2ec03dcc1dccddebfb10f3b871f7d8dddd0bd41d42b0980c2e2d39c1b3498c951860d010ac8160f10107fcd9683d3c5a2e145f2997d292244251fc30b3bf935441e11f";
        assert_eq!(unpack(&from_hex(golden)), Some(encoded), "{packed:02x?}");
    }

    fn from_hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
            .collect()
    }

    /// Many of it, as in a block of documents.
    fn block() -> Vec<u8> {
        let encoded = document();
        encoded.repeat(16 * 1024 / encoded.len() + 1)
    }

    #[test]
    fn golden_bytes_of_the_packing_behind_a_prefix() {
        let packed = pack_to_keep(&block());
        assert!(packed.len() < document().len(), "{} bytes", packed.len());
        // Written by the version that introduced it; every later one must read it.
        let golden = "0212f71b890000407e28b52ffd0028ad0200940301503d3a102294578996d7ae7fd266d07defbeadde0300000000fd000000a4aff9a101030d4361647566660000000900000a000000080000000700fc5f60dc7ed70385677854130adbf864377f610f37923860";
        assert_eq!(unpack(&from_hex(golden)), Some(block()), "{packed:02x?}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        for packed in [
            pack_to_keep(&document()),
            pack_to_keep(&block()),
            pack_to_pass(&[7, 8, 9]),
        ] {
            for bit in 0..packed.len() * 8 {
                let mut flipped = packed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(unpack(&flipped), None, "bit {bit}");
            }
            for cut in 0..packed.len() {
                assert_eq!(unpack(&packed[..cut]), None, "cut at {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn anything_is_packed_and_unpacked(bytes in proptest::collection::vec(any::<u8>(), 0..400), again in 1..9_usize) {
            let bytes = bytes.repeat(again);
            prop_assert_eq!(unpack(&pack_to_keep(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(unpack(&pack_to_pass(&bytes)), Some(bytes));
        }

        #[test]
        fn blocks_of_any_length_are_packed_and_unpacked(
            bytes in proptest::collection::vec(any::<u8>(), 200..400),
            length in 15_000..67_000_usize,
        ) {
            let block: Vec<u8> = bytes.iter().cycle().take(length).copied().collect();
            let packed = pack_to_keep(&block);
            let tag = if (16_384..=65_536).contains(&length) { PREFIX_1 } else { DICTIONARY_1 };
            prop_assert_eq!(packed[0], tag);
            prop_assert_eq!(unpack(&packed), Some(block));
        }

        #[test]
        fn no_bytes_make_unpacking_panic_or_grow_without_bound(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unpack(&bytes).is_none_or(|plain| plain.len() <= MOST_BYTES));
        }
    }
}
