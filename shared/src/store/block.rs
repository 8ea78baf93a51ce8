//! A block: some neighbouring entries of an ordered map as one stretch of bytes.
//!
//! Each entry is the number of bytes that its key shares with the one before, the number of further bytes and those bytes,
//! and the value after its length; numbers as in [`put_varint`]. Keys ascend.

use std::cmp::Ordering;

use super::engine::Entry;
use super::layout::{put_varint, take_varint};

/// The block of some entries, which ascend.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.block.reserve(entries.iter().map(weight).sum());
    for (key, value) in entries {
        writer.push(key, &[value]);
    }
    writer.block
}

/// A block that is being written.
#[derive(Default)]
pub(super) struct Writer {
    block: Vec<u8>,
    former: Vec<u8>,
}

impl Writer {
    /// Adds an entry behind the others; its value in pieces, so that nobody has to join them before.
    pub(super) fn push(&mut self, key: &[u8], value: &[&[u8]]) {
        let former = &self.former;
        let shared = key.iter().zip(former).take_while(|(a, b)| a == b).count();
        put_varint(&mut self.block, shared as u64);
        put_varint(&mut self.block, (key.len() - shared) as u64);
        self.block.extend_from_slice(&key[shared..]);
        let length: usize = value.iter().map(|piece| piece.len()).sum();
        put_varint(&mut self.block, length as u64);
        for piece in value {
            self.block.extend_from_slice(piece);
        }
        self.former.truncate(shared);
        self.former.extend_from_slice(&key[shared..]);
    }

    /// Bytes of the block so far.
    pub(super) const fn length(&self) -> usize {
        self.block.len()
    }

    /// The block; the next entry begins another one, meant to have so many bytes.
    pub(super) fn take(&mut self, next_bytes: usize) -> Vec<u8> {
        self.former.clear();
        std::mem::replace(&mut self.block, Vec::with_capacity(next_bytes))
    }
}

/// What an entry adds to a block, roughly: enough to cut blocks of about one size.
pub(super) fn weight((key, value): &Entry) -> usize {
    key.len() + value.len() + 4
}

/// All entries; none when the bytes are no block.
pub(super) fn decode(block: &[u8]) -> Option<Vec<Entry>> {
    let mut reader = Reader::new(block);
    let mut entries = Vec::new();
    while reader.advance()? {
        entries.push((reader.key.clone(), reader.value.to_vec()));
    }
    Some(entries)
}

/// The value of a key, none when it is not there; an outer none when the bytes are no block.
#[expect(clippy::option_option, reason = "damaged, not there, there")]
pub(super) fn find<'a>(block: &'a [u8], key: &[u8]) -> Option<Option<&'a [u8]>> {
    let mut reader = Reader::new(block);
    while reader.advance()? {
        match reader.key.as_slice().cmp(key) {
            Ordering::Less => {}
            Ordering::Equal => return Some(Some(reader.value)),
            Ordering::Greater => break,
        }
    }
    Some(None)
}

/// Goes from entry to entry where they lie.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    key: Vec<u8>,
    value: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(block: &'a [u8]) -> Self {
        Self {
            rest: block,
            key: Vec::new(),
            value: &[],
        }
    }

    /// The key and the value of the entry.
    pub(super) fn entry(&self) -> (&[u8], &'a [u8]) {
        (&self.key, self.value)
    }

    /// Goes on to the next entry; false at the end, none when the bytes are no block.
    pub(super) fn advance(&mut self) -> Option<bool> {
        if self.rest.is_empty() {
            return Some(false);
        }
        let shared = usize::try_from(take_varint(&mut self.rest)?).ok()?;
        if shared > self.key.len() {
            return None;
        }
        self.key.truncate(shared);
        let further = self.take()?;
        self.key.extend_from_slice(further);
        self.value = self.take()?;
        Some(true)
    }

    /// Bytes after their length.
    fn take(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(take_varint(&mut self.rest)?).ok()?;
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_is_read_back_and_each_key_is_found(
            map in proptest::collection::btree_map(proptest::collection::vec(0..4_u8, 0..6), proptest::collection::vec(any::<u8>(), 0..300), 0..30),
            other in proptest::collection::vec(0..4_u8, 0..6),
        ) {
            let entries: Vec<Entry> = map.clone().into_iter().collect();
            let block = encode(&entries);
            prop_assert_eq!(decode(&block), Some(entries));
            let known: BTreeMap<Vec<u8>, Vec<u8>> = map;
            for key in known.keys().chain([&other]) {
                let found = find(&block, key).expect("a block");
                prop_assert_eq!(found, known.get(key).map(Vec::as_slice));
            }
        }

        #[test]
        fn no_bytes_are_too_strange_to_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let entries = decode(&bytes).unwrap_or_default();
            prop_assert!(entries.len() <= bytes.len());
            let _ = find(&bytes, &[3]);
        }
    }
}
