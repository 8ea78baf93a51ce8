//! Reading sled 0.34's files without sled.
//!
//! The database file is a log in segments. A segment begins with 20 bytes: a CRC-32 over the rest, and two log positions.
//! Messages follow: CRC-32 (over body, then header), kind, length, number of the segment, page, body. What a segment held in
//! an earlier life lies behind its last message; such messages check too, and their segment number tells that they are
//! older. A message is a whole leaf of the tree (all keys of a range), or one change to a leaf. Taken in the order of
//! segment number and place, they give the tree as it was, also where the engine's own index of the file is lost. Its values
//! are blocks (see `settled.rs`). Blocks of documents are read in every state in which they are found.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::generation::{self, BLOBS_DIRECTORY, DATABASE_FILE};
use super::super::settled::{ENTRIES, ROWS, STANDING_KEY, Standing, split_row};
use super::super::{block, journal, layout, packing};

/// What the files still tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Scanned {
    /// Documents in their latest state that is known, and everything else as it was last.
    pub(in super::super) entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The keys of documents that are known to have been there.
    pub(in super::super) documents: BTreeSet<Vec<u8>>,
    /// The number of the last batch that is known to be among them.
    pub(in super::super) settled: u64,
    pub(in super::super) damaged_stretches: u64,
    pub(in super::super) damaged_bytes: u64,
}

const SEGMENT_HEADER: usize = 20;
/// Segments begin at multiples of their size, which is a power of two and no less than this.
const SMALLEST_SEGMENT: usize = 256;
const LEAF_INLINE: u8 = 8;
const LEAF_IN_FILE: u8 = 9;
const CHANGE_INLINE: u8 = 10;
const CHANGE_IN_FILE: u8 = 11;
const CAP: u8 = 2;

/// Reads the database files of a store and the files beside them. A directory without any has no entries.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] when a process has it open; else what reading says.
pub(in super::super) fn scan_directory(directory: &Path) -> io::Result<Scanned> {
    let _held = match File::open(directory.join(journal::FILES[0])) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        opened => {
            let journal = opened?;
            journal.try_lock_shared().map_err(|error| match error {
                fs::TryLockError::WouldBlock => io::Error::from(ErrorKind::WouldBlock),
                fs::TryLockError::Error(error) => error,
            })?;
            Some(journal)
        }
    };
    let mut scanned = Scanned::default();
    // More than one when a power cut came between two of them; the later has all that the earlier had.
    for number in generation::numbers(directory)? {
        let place = generation::path(directory, number);
        let bytes = match fs::read(place.join(DATABASE_FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            read => read?,
        };
        let blobs = place.join(BLOBS_DIRECTORY);
        let later = scan(&bytes, |name| fs::read(blobs.join(name.to_string())).ok());
        scanned.go_on_with(later);
    }
    Ok(scanned)
}

/// Reads a database file's bytes; `blob` gives the files that large pages lie in.
pub(in super::super) fn scan(bytes: &[u8], blob: impl Fn(i64) -> Option<Vec<u8>>) -> Scanned {
    let mut scanned = Scanned::default();
    let mut messages = Vec::new();
    let starts: Vec<usize> = (0..bytes.len())
        .step_by(SMALLEST_SEGMENT)
        .filter(|start| is_segment(&bytes[*start..]))
        .collect();
    // Messages of a segment whose own header is damaged are found with those of the one before it.
    let first = starts.first().copied().unwrap_or(0);
    if first > 0 {
        read_stretch(bytes, 0, first, &mut messages, &mut scanned);
    }
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(bytes.len());
        let begin = (start + SEGMENT_HEADER).min(end);
        read_stretch(bytes, begin, end, &mut messages, &mut scanned);
    }
    if starts.is_empty() {
        read_stretch(bytes, 0, bytes.len(), &mut messages, &mut scanned);
    }
    messages.sort_by_key(|message| (message.segment, message.place));
    let mut tree = Tree::default();
    for message in &messages {
        let from_file;
        let body = match message.kind {
            LEAF_IN_FILE | CHANGE_IN_FILE => {
                let name = message
                    .body
                    .first_chunk()
                    .map(|name| i64::from_le_bytes(*name));
                from_file = name.and_then(&blob).and_then(|file| checked_blob(&file));
                let Some(body) = &from_file else {
                    scanned.damaged_stretches += 1;
                    continue;
                };
                body.as_slice()
            }
            _ => message.body,
        };
        // A page that does not read although it checks is none of a tree's.
        let _ = match message.kind {
            LEAF_INLINE | LEAF_IN_FILE => tree.take_leaf(message.page, body),
            CHANGE_INLINE | CHANGE_IN_FILE => tree.take_change(message.page, body),
            _ => None,
        };
    }
    tree.read_into(&mut scanned);
    scanned
}

/// Takes a value over; for a document only when no later state of it is known.
pub(in super::super) fn keep_latest(
    entries: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    key: Vec<u8>,
    value: Vec<u8>,
) {
    let position = |value: &[u8]| layout::split_u64(value).map(|(position, _)| position);
    if key.first() == Some(&layout::DOCUMENT)
        && entries
            .get(&key)
            .is_some_and(|known| position(known) > position(&value))
    {
        return;
    }
    entries.insert(key, value);
}

struct Message<'a> {
    segment: u64,
    place: usize,
    kind: u8,
    page: u64,
    body: &'a [u8],
}

/// Reads messages one behind the other; where one does not check, looks for the next that does.
fn read_stretch<'a>(
    bytes: &'a [u8],
    begin: usize,
    end: usize,
    messages: &mut Vec<Message<'a>>,
    scanned: &mut Scanned,
) {
    let mut place = begin;
    let mut number = None;
    let mut broken_at = None;
    let mut is_over = false;
    while place < end {
        let Some((message, length)) = read_message(&bytes[..end], place) else {
            broken_at = broken_at.or(Some(place));
            place += 1;
            continue;
        };
        if let Some(broken) = broken_at.take()
            && !is_over
            && number.is_none_or(|number| number == message.segment)
        {
            scanned.damaged_stretches += 1;
            scanned.damaged_bytes += (place - broken) as u64;
        }
        if number.is_none() {
            number = Some(message.segment);
        }
        is_over |= message.kind == CAP || number != Some(message.segment);
        place += length;
        messages.push(message);
    }
}

fn read_message(bytes: &[u8], place: usize) -> Option<(Message<'_>, usize)> {
    let header = &bytes[place..];
    let (crc, rest) = header.split_first_chunk::<4>()?;
    let (&kind, mut rest) = rest.split_first()?;
    if kind == 0 || kind > CHANGE_IN_FILE {
        return None;
    }
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let segment = number(&mut rest)?;
    let page = number(&mut rest)?;
    let header_length = header.len() - rest.len();
    let body = rest.get(..length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(&header[4..header_length]);
    if hasher.finalize() ^ u32::MAX != u32::from_le_bytes(*crc) {
        return None;
    }
    let message = Message {
        segment,
        place,
        kind,
        page,
        body,
    };
    Some((message, header_length + length))
}

fn is_segment(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<SEGMENT_HEADER>() else {
        return false;
    };
    let [a, b, c, d, rest @ ..] = header;
    let said = u32::from_le_bytes([*a, *b, *c, *d]) ^ u32::MAX;
    said == crc32fast::hash(&rest[..16])
}

fn checked_blob(file: &[u8]) -> Option<Vec<u8>> {
    let (crc, checked) = file.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*crc) == crc32fast::hash(checked)).then(|| checked[1..].to_vec())
}

impl Scanned {
    /// Takes over what files that were written later tell.
    fn go_on_with(&mut self, later: Self) {
        if later.entries.is_empty() {
            self.damaged_stretches += later.damaged_stretches;
            self.damaged_bytes += later.damaged_bytes;
            return;
        }
        let earlier = std::mem::replace(self, later);
        for (key, value) in earlier.entries {
            if key.first() == Some(&layout::DOCUMENT) {
                keep_latest(&mut self.entries, key, value);
            }
        }
    }
}

/// sled's tree as the messages tell it.
#[derive(Default)]
struct Tree {
    /// What the keys of a page begin with.
    prefixes: BTreeMap<u64, Vec<u8>>,
    /// Blocks of entries, as they were last.
    blocks: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Documents of every block of rows that was ever read, each in its latest state: none is ever removed, and an earlier
    /// state of one is better than nothing.
    documents: BTreeMap<Vec<u8>, Vec<u8>>,
    settled: u64,
    unreadable_blocks: u64,
}

impl Tree {
    /// A leaf: next page, merging child, whether it is merging, length of the common prefix, lower and upper bound, 0 for a leaf,
    /// and its keys and values. It is all there is in its range.
    fn take_leaf(&mut self, page: u64, mut body: &[u8]) -> Option<()> {
        let body = &mut body;
        number(body)?;
        number(body)?;
        let [_, prefix_length] = take(body, 2)? else {
            return None;
        };
        let lower = text(body)?;
        let upper = text(body)?;
        let [0] = take(body, 1)? else {
            return None;
        };
        let count = usize::try_from(number(body)?).ok()?;
        let prefix = lower.get(..usize::from(*prefix_length))?;
        let mut keys = Vec::new();
        for _ in 0..count {
            keys.push([prefix, text(body)?].concat());
        }
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(text(body)?);
        }
        self.prefixes.insert(page, prefix.to_vec());
        // An empty page may be one of the tree with that number, whose range is everything.
        if !keys.is_empty() {
            self.forget_range(lower, upper);
        }
        for (key, value) in keys.into_iter().zip(values) {
            self.take_value(key, value);
        }
        Some(())
    }

    /// A change: 0, key and value, or 1 and the key that goes. The key lacks its page's prefix.
    fn take_change(&mut self, page: u64, mut body: &[u8]) -> Option<()> {
        let body = &mut body;
        let what = take(body, 1)?;
        let rest = text(body)?;
        let Some(mut key) = self.prefixes.get(&page).cloned() else {
            // What cannot be placed may still hold documents.
            self.take_rows(text(body)?);
            return Some(());
        };
        key.extend(rest);
        match what {
            [0] => self.take_value(key, text(body)?),
            [1] => {
                self.blocks.remove(&key);
            }
            _ => {}
        }
        Some(())
    }

    fn take_value(&mut self, key: Vec<u8>, value: &[u8]) {
        if key == STANDING_KEY {
            let standing = Standing::read(value).unwrap_or_default();
            self.settled = self.settled.max(standing.sequence);
        } else if key.first() == Some(&ROWS.prefix) {
            self.unreadable_blocks += u64::from(self.take_rows(value).is_none());
        } else if key.first() == Some(&ENTRIES.prefix) {
            self.blocks.insert(key, value.to_vec());
        }
    }

    fn take_rows(&mut self, packed: &[u8]) -> Option<()> {
        let rows = block::decode(&packing::unpack(packed)?)?;
        for (_, content) in rows {
            if let Some((key, value)) = split_row(&content)
                && key.first() == Some(&layout::DOCUMENT)
            {
                keep_latest(&mut self.documents, key.to_vec(), value.to_vec());
            }
        }
        Some(())
    }

    fn forget_range(&mut self, lower: &[u8], upper: &[u8]) {
        let gone: Vec<Vec<u8>> = self
            .blocks
            .range(lower.to_vec()..)
            .map(|(key, _)| key)
            .take_while(|key| upper.is_empty() || key.as_slice() < upper)
            .cloned()
            .collect();
        for key in gone {
            self.blocks.remove(&key);
        }
    }

    /// Reads the entries out of their blocks.
    fn read_into(self, scanned: &mut Scanned) {
        scanned.entries = self.documents;
        scanned.settled = self.settled;
        let mut unreadable_blocks = self.unreadable_blocks;
        let mut blocks = self.blocks.into_iter().peekable();
        while let Some((_, packed)) = blocks.next() {
            let entries = packing::unpack(&packed).and_then(|plain| block::decode(&plain));
            let Some(entries) = entries else {
                unreadable_blocks += 1;
                continue;
            };
            // A block ends where the next begins, also when it is one that was not removed because that was not read.
            let end = blocks.peek().map(|(key, _)| key[1..].to_vec());
            for (key, value) in entries {
                if end.as_ref().is_some_and(|end| key >= *end) {
                    break;
                }
                if key.first() == Some(&layout::DOCUMENT) {
                    scanned.documents.insert(key);
                } else {
                    scanned.entries.insert(key, value);
                }
            }
        }
        scanned.damaged_stretches += unreadable_blocks;
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    take(bytes, length)
}

/// SQLite 4's variable-length integers, but for the order of bytes in the longer ones.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let first = u64::from(*take(bytes, 1)?.first()?);
    Some(match first {
        0..=240 => first,
        241..=248 => 240 + 256 * (first - 241) + u64::from(*take(bytes, 1)?.first()?),
        249 => {
            let two = take(bytes, 2)?;
            2288 + 256 * u64::from(two[0]) + u64::from(two[1])
        }
        _ => {
            let length = usize::try_from(first - 247).ok()?;
            let mut eight = [0; 8];
            eight[..length].copy_from_slice(take(bytes, length)?);
            u64::from_le_bytes(eight)
        }
    })
}
