//! Values of one kind, such as the labels of all pieces: each different one is said once, and mostly which one comes next is
//! guessed right by both sides.
//!
//! The guess: what stood here when the value before was the same (a service has its price), else what stood here when the
//! value from the column with the most different values was the same (a customer has their telephone). A value is one number
//! in the column's first stream: 0 it is the first guess, 1 it is the second, 2 it is a new one that follows in the streams
//! behind it, else which of the earlier ones it is, plus 3.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Damaged;
use super::streams::{self, Incoming, Outgoing};
use crate::document::format::cursor::{Cursor, put_length, put_u64};
use crate::limits;

/// How the values of a column are written in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A number in bincode's way, after which so many bytes follow.
    Number { bytes: usize },
    /// A length and so many bytes.
    Text,
    /// Sixteen bytes.
    Id,
    /// A moment near the document's first one; nothing of it is guessed.
    Moment,
}

const FIRST_GUESS: u64 = 0;
const SECOND_GUESS: u64 = 1;
const NEW: u64 = 2;
const EARLIER: u64 = 3;

/// A text is told by what it shares with the one before: bytes at its front, bytes at its end, bytes between.
const TEXT_STREAMS: usize = 5;

impl Kind {
    /// Streams that a column of this kind has, that of its guesses included.
    pub(super) const fn streams(self) -> usize {
        match self {
            Self::Number { .. } => 2,
            Self::Text => TEXT_STREAMS,
            Self::Id | Self::Moment => 1,
        }
    }
}

/// A value of a column, as both sides know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    column: u32,
    value: u32,
}

/// Spreads keys that this program itself makes out of small numbers; no sender chooses them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// What came after what.
#[derive(Default)]
pub(super) struct Guesses {
    /// By column and by what was known then: which of the column's values followed.
    followed: HashMap<(u64, u64), u32, BuildHasherDefault<Spread>>,
    previous: Option<Known>,
    widest: Option<(u32, Known)>,
}

impl Guesses {
    /// A new document begins.
    pub(super) const fn begin(&mut self) {
        self.previous = None;
        self.widest = None;
    }

    fn after(&self, column: u32, known: Option<Known>) -> Option<u32> {
        let known = known?;
        self.followed.get(&key(column, known)).copied()
    }

    fn guess(&self, column: u32, last: Option<u32>) -> (Option<u32>, Option<u32>) {
        let first = self.after(column, self.previous).or(last);
        let widest = self.widest.map(|(_, known)| known);
        let second = self
            .after(column, widest)
            .filter(|_| widest != self.previous);
        (first, second)
    }

    /// `values` is how many the column has.
    fn note(&mut self, column: u32, value: u32, values: u32) {
        let widest = self.widest.map(|(_, known)| known);
        let contexts = [self.previous, widest.filter(|_| widest != self.previous)];
        for known in contexts.into_iter().flatten() {
            self.followed.insert(key(column, known), value);
        }
        let known = Known { column, value };
        self.previous = Some(known);
        if self.widest.is_none_or(|(most, _)| values > most) {
            self.widest = Some((values, known));
        }
    }
}

fn key(column: u32, known: Known) -> (u64, u64) {
    let known_column = u64::from(known.column) << 32;
    (known_column | u64::from(column), u64::from(known.value))
}

/// Ids: those that begin with a time say how much later than the one before they are.
pub(super) struct Ids {
    /// Whether one begins with a time; milliseconds; what is random of it; the two bits left over; others.
    first_stream: usize,
    last_milliseconds: u64,
}

const ID_STREAMS: usize = 5;
const WITH_TIME: u8 = 0;
const WITHOUT_TIME: u8 = 1;

impl Ids {
    pub(super) fn open(outgoing: &mut Outgoing) -> Self {
        Self::at(outgoing.open(ID_STREAMS))
    }

    pub(super) const fn at(first_stream: usize) -> Self {
        Self {
            first_stream,
            last_milliseconds: 0,
        }
    }

    pub(super) const STREAMS: usize = ID_STREAMS;

    pub(super) fn write(&mut self, id: &[u8; 16], outgoing: &mut Outgoing) {
        let [version, random, variant] = [id[6], id[7], id[8]];
        let first = self.first_stream;
        if version >> 4 != 7 || variant >> 6 != 2 {
            outgoing.of(first).push(WITHOUT_TIME);
            outgoing.of(first + 4).extend_from_slice(id);
            return;
        }
        let mut time = [0; 8];
        time[2..].copy_from_slice(&id[..6]);
        let milliseconds = u64::from_be_bytes(time);
        outgoing.of(first).push(WITH_TIME);
        outgoing.number(
            first + 1,
            streams::distance(self.last_milliseconds, milliseconds),
        );
        self.last_milliseconds = milliseconds;
        // Four random bits stand beside the version and six beside the variant.
        let stream = outgoing.of(first + 2);
        stream.push(version << 4 | variant & 0xf);
        stream.push(random);
        stream.extend_from_slice(&id[9..]);
        outgoing.of(first + 3).push(variant >> 4 & 3);
    }

    pub(super) fn read(&mut self, incoming: &mut Incoming) -> Result<[u8; 16], Damaged> {
        let first = self.first_stream;
        match incoming.array::<1>(first)? {
            [WITH_TIME] => {}
            [WITHOUT_TIME] => return incoming.array(first + 4),
            _ => return Err(Damaged("an id of an unknown sort")),
        }
        let distance = incoming.number(first + 1)?;
        self.last_milliseconds = streams::step(self.last_milliseconds, distance);
        let [0, 0, time @ ..] = self.last_milliseconds.to_be_bytes() else {
            return Err(Damaged("an id's time is out of range"));
        };
        let [mixed, random, rest @ ..] = incoming.array::<9>(first + 2)?;
        let [high] = incoming.array::<1>(first + 3)?;
        if high > 3 {
            return Err(Damaged("an id of an unknown sort"));
        }
        let mut id = [0; 16];
        id[..6].copy_from_slice(&time);
        id[6] = 0x70 | mixed >> 4;
        id[7] = random;
        id[8] = 0x80 | high << 4 | mixed & 0xf;
        id[9..].copy_from_slice(&rest);
        Ok(id)
    }
}

/// A column being written; `'a` are the documents.
pub(super) struct Writing<'a> {
    number: u32,
    kind: Kind,
    first_stream: usize,
    values: HashMap<&'a [u8], u32>,
    last: Option<u32>,
    last_text: &'a [u8],
}

impl<'a> Writing<'a> {
    pub(super) fn open(number: u32, kind: Kind, outgoing: &mut Outgoing) -> Self {
        Self {
            number,
            kind,
            first_stream: outgoing.open(kind.streams()),
            values: HashMap::new(),
            last: None,
            last_text: &[],
        }
    }

    /// `content` is the value as it stands in its document, whose first moment is `base` in milliseconds.
    pub(super) fn write(
        &mut self,
        content: &'a [u8],
        base: u64,
        guesses: &mut Guesses,
        ids: &mut Ids,
        outgoing: &mut Outgoing,
    ) {
        let stream = self.first_stream;
        if self.kind == Kind::Moment {
            outgoing.number(stream, streams::distance(base, moment_of(content)));
            return;
        }
        let (first, second) = guesses.guess(self.number, self.last);
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let value = *self.values.entry(content).or_insert(next);
        let choice = if first == Some(value) {
            FIRST_GUESS
        } else if second == Some(value) {
            SECOND_GUESS
        } else if value == next {
            NEW
        } else {
            EARLIER + u64::from(value)
        };
        outgoing.number(stream, choice);
        if choice == NEW {
            self.write_new(content, ids, outgoing);
        }
        self.last = Some(value);
        guesses.note(self.number, value, next.max(value + 1));
    }

    fn write_new(&mut self, content: &'a [u8], ids: &mut Ids, outgoing: &mut Outgoing) {
        match self.kind {
            Kind::Moment => {}
            Kind::Number { .. } => outgoing
                .of(self.first_stream + 1)
                .extend_from_slice(content),
            Kind::Id => {
                if let Ok(id) = content.try_into() {
                    ids.write(id, outgoing);
                }
            }
            Kind::Text => {
                let text = text_of(content);
                let same = |(a, b): &(&u8, &u8)| a == b;
                let former = self.last_text;
                let front = former.iter().zip(text).take_while(same).count();
                let (former, between) = (&former[front..], &text[front..]);
                let end = former.iter().rev().zip(between.iter().rev());
                let end = end.take_while(same).count();
                let between = &between[..between.len() - end];
                let lengths = [front, end, between.len()];
                for (stream, length) in (self.first_stream + 1..).zip(lengths) {
                    outgoing.number(stream, length as u64);
                }
                outgoing
                    .of(self.first_stream + TEXT_STREAMS - 1)
                    .extend_from_slice(between);
                self.last_text = text;
            }
        }
    }
}

/// What follows a text's length.
fn text_of(content: &[u8]) -> &[u8] {
    let mut cursor = Cursor::over(content);
    let length = cursor.length().unwrap_or_default();
    &content[content.len() - length..]
}

/// The milliseconds of a moment as it stands in a document.
fn moment_of(content: &[u8]) -> u64 {
    Cursor::over(content)
        .i64()
        .unwrap_or_default()
        .cast_unsigned()
}

const NO_GUESS: Damaged = Damaged("a value is guessed that there is not");

/// A column being read.
pub(super) struct Reading {
    number: u32,
    kind: Kind,
    first_stream: usize,
    /// All different values, one after the other, and where each ends.
    contents: Vec<u8>,
    ends: Vec<usize>,
    last: Option<u32>,
    /// Bytes of the last new text, which stands at the end of `contents`.
    last_text: usize,
}

impl Reading {
    pub(super) const fn at(number: u32, kind: Kind, first_stream: usize) -> Self {
        Self {
            number,
            kind,
            first_stream,
            contents: Vec::new(),
            ends: Vec::new(),
            last: None,
            last_text: 0,
        }
    }

    /// Appends a value to its document.
    pub(super) fn read(
        &mut self,
        base: u64,
        guesses: &mut Guesses,
        ids: &mut Ids,
        incoming: &mut Incoming,
        document: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        if self.kind == Kind::Moment {
            let moment = streams::step(base, incoming.number(self.first_stream)?);
            put_u64(document, streams::zigzag(moment.cast_signed()));
            return Ok(());
        }
        let (first, second) = guesses.guess(self.number, self.last);
        let value = match incoming.number(self.first_stream)? {
            FIRST_GUESS => first.ok_or(NO_GUESS)?,
            SECOND_GUESS => second.ok_or(NO_GUESS)?,
            NEW => {
                self.read_new(ids, incoming)?;
                let value = self.ends.len();
                self.ends.push(self.contents.len());
                u32::try_from(value).map_err(|_| NO_GUESS)?
            }
            earlier => u32::try_from(earlier - EARLIER).map_err(|_| NO_GUESS)?,
        };
        let end = *self.ends.get(value as usize).ok_or(NO_GUESS)?;
        let start = match value.checked_sub(1) {
            None => 0,
            Some(before) => self.ends[before as usize],
        };
        document.extend_from_slice(&self.contents[start..end]);
        self.last = Some(value);
        let values = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        guesses.note(self.number, value, values);
        Ok(())
    }

    fn read_new(&mut self, ids: &mut Ids, incoming: &mut Incoming) -> Result<(), Damaged> {
        match self.kind {
            Kind::Moment => {}
            Kind::Number { bytes } => {
                let [first] = incoming.array::<1>(self.first_stream + 1)?;
                let more = bytes
                    + match first {
                        251 => 2,
                        252 => 4,
                        253 => 8,
                        _ => 0,
                    };
                self.contents.push(first);
                let rest = incoming.slice(self.first_stream + 1, more)?;
                self.contents.extend_from_slice(rest);
            }
            Kind::Id => {
                put_length(&mut self.contents, 16);
                self.contents.extend_from_slice(&ids.read(incoming)?);
            }
            Kind::Text => {
                let front = incoming.length(self.first_stream + 1)?;
                let end = incoming.length(self.first_stream + 2)?;
                let between = incoming.length(self.first_stream + 3)?;
                let (former, known) = (self.contents.len() - self.last_text, self.last_text);
                if front + end > known {
                    return Err(Damaged("a text shares more than there is"));
                }
                let length = front + between + end;
                // Also before it is known whether the document may become so long: nothing is copied that does not fit.
                if self.contents.len() + length > limits::MESSAGE_BYTES {
                    return Err(Damaged("its texts are longer than a message may be"));
                }
                put_length(&mut self.contents, length);
                self.contents.extend_from_within(former..former + front);
                let between = incoming.slice(self.first_stream + TEXT_STREAMS - 1, between)?;
                self.contents.extend_from_slice(between);
                self.contents
                    .extend_from_within(former + known - end..former + known);
                self.last_text = length;
            }
        }
        Ok(())
    }
}
