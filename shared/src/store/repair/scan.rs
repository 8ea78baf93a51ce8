//! Reading sled 0.34's files without sled.
//!
//! The database file is a log in segments. A segment begins with 20 bytes: a CRC-32 over the rest, and two log positions.
//! Messages follow: CRC-32 (over body, then header), kind, length, number of the segment, page, body. What a segment held in
//! an earlier life lies behind its last message; such messages check too, and their segment number tells that they are
//! older. A message is a whole leaf of the tree (all keys of a range), or one change to a leaf. Taken in the order of
//! segment number and place, they give the map as it was, also where the engine's own index of the file is lost.

#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::layout;
use super::super::sled_engine::{SETTLED_KEY, read_settled};

/// What the files still tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Scanned {
    pub(in super::super) entries: BTreeMap<Vec<u8>, Vec<u8>>,
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

/// Reads the database file and the files beside it. A directory without a database file has no entries.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] when a process has it open; else what reading says.
pub(in super::super) fn scan_directory(directory: &Path) -> io::Result<Scanned> {
    let database = match File::open(directory.join("db")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Scanned::default()),
        opened => opened?,
    };
    database.try_lock_shared().map_err(|error| match error {
        fs::TryLockError::WouldBlock => io::Error::from(ErrorKind::WouldBlock),
        fs::TryLockError::Error(error) => error,
    })?;
    let bytes = fs::read(directory.join("db"))?;
    let blobs = directory.join("blobs");
    Ok(scan(&bytes, |name| {
        fs::read(blobs.join(name.to_string())).ok()
    }))
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
    let mut prefixes = BTreeMap::new();
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
            LEAF_INLINE | LEAF_IN_FILE => scanned.take_leaf(message.page, body, &mut prefixes),
            CHANGE_INLINE | CHANGE_IN_FILE => scanned.take_change(message.page, body, &prefixes),
            _ => None,
        };
    }
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
    /// A leaf: next page, merging child, whether it is merging, length of the common prefix, lower and upper bound, 0 for a leaf,
    /// and its keys and values. It is all there is in its range.
    fn take_leaf(
        &mut self,
        page: u64,
        mut body: &[u8],
        prefixes: &mut BTreeMap<u64, Vec<u8>>,
    ) -> Option<()> {
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
            values.push(text(body)?.to_vec());
        }
        prefixes.insert(page, prefix.to_vec());
        if keys == [SETTLED_KEY] {
            self.take_settled(values.first()?);
            return Some(());
        }
        // An empty page may be one of the tree with that number, whose range is everything.
        if !keys.is_empty() {
            self.forget_range(lower, upper);
        }
        for (key, value) in keys.into_iter().zip(values) {
            keep_latest(&mut self.entries, key, value);
        }
        Some(())
    }

    /// A change: 0, key and value, or 1 and the key that goes. The key lacks its page's prefix.
    fn take_change(
        &mut self,
        page: u64,
        mut body: &[u8],
        prefixes: &BTreeMap<u64, Vec<u8>>,
    ) -> Option<()> {
        let body = &mut body;
        let what = take(body, 1)?;
        let rest = text(body)?;
        if rest == SETTLED_KEY {
            self.take_settled(text(body)?);
            return Some(());
        }
        let mut key = prefixes.get(&page).cloned().unwrap_or_default();
        key.extend(rest);
        match what {
            [0] => keep_latest(&mut self.entries, key, text(body)?.to_vec()),
            [1] if key.first() != Some(&layout::DOCUMENT) => {
                self.entries.remove(&key);
            }
            _ => {}
        }
        Some(())
    }

    fn take_settled(&mut self, value: &[u8]) {
        self.settled = self.settled.max(read_settled(value).unwrap_or(0));
    }

    /// Documents stay: none is ever removed, and an earlier state of one is better than nothing.
    fn forget_range(&mut self, lower: &[u8], upper: &[u8]) {
        let gone: Vec<Vec<u8>> = self
            .entries
            .range(lower.to_vec()..)
            .map(|(key, _)| key)
            .take_while(|key| upper.is_empty() || key.as_slice() < upper)
            .filter(|key| key.first() != Some(&layout::DOCUMENT))
            .cloned()
            .collect();
        for key in gone {
            self.entries.remove(&key);
        }
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
