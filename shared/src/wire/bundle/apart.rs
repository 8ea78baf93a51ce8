//! A document of format 1, taken apart into its shape and what varies.

use super::streams::{distance, zigzag};
use crate::document::format::cursor::{Cursor, put_bytes, put_length, put_u64};
use crate::document::format::{VERSION_1, tag};

/// What stands in the gaps of a shape, in the order of the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gap<'a> {
    /// A value's content, an actor's number, an author.
    Content(&'a [u8]),
    Number(u64),
}

impl<'a> Gap<'a> {
    pub(super) const fn content(self) -> Option<&'a [u8]> {
        match self {
            Self::Content(content) => Some(content),
            Self::Number(_) => None,
        }
    }

    pub(super) const fn number(self) -> Option<u64> {
        match self {
            Self::Content(_) => None,
            Self::Number(number) => Some(number),
        }
    }
}

/// A document taken apart. Used for one after the other, so that its room is had once.
#[derive(Default)]
pub(super) struct Apart<'a> {
    /// See [`super::shape::Shape`].
    pub(super) shape: Vec<u8>,
    pub(super) id: [u8; 16],
    pub(super) base: u64,
    pub(super) actors: Vec<u64>,
    pub(super) gaps: Vec<Gap<'a>>,
    /// By actor: the first counter of it in the document. Others are told by their distance from it.
    anchors: Vec<Option<u64>>,
}

/// How a shape tells a counter: in a stream, as the first of its actor, else 2 plus its distance from that.
pub(super) const IN_STREAM: u64 = 0;
pub(super) const ANCHOR: u64 = 1;
pub(super) const NEAR: u64 = 2;

/// Writes of one command lie this close together; counters of others would make each shape another one.
const NEAR_BY: u64 = 8_192;

/// Longer names have a length of more than one byte. None is allowed to be.
pub(super) const NAME_BYTES: usize = 250;

impl<'a> Apart<'a> {
    /// Takes a document apart; none when just these bytes could not be put together again.
    pub(super) fn take(&mut self, document: &'a [u8]) -> Option<()> {
        self.shape.clear();
        self.gaps.clear();
        self.actors.clear();
        self.anchors.clear();
        let (&VERSION_1, body) = document.split_first()? else {
            return None;
        };
        let mut cursor = Cursor::over(body);
        self.id = cursor.array().ok()?;
        put_bytes(&mut self.shape, text(&mut cursor)?);
        self.tables(&mut cursor)?;
        for _ in 0..self.count(&mut cursor)? {
            let name = text(&mut cursor)?;
            self.name(name)?;
            for _ in 0..self.count(&mut cursor)? {
                self.value(&mut cursor)?;
                self.stamp(&mut cursor)?;
                for _ in 0..self.count(&mut cursor)? {
                    let actor = self.actor(&mut cursor)?;
                    let counter = cursor.u64().ok()?;
                    self.counter(actor, counter, false);
                }
            }
        }
        for _ in 0..self.count(&mut cursor)? {
            self.stamp(&mut cursor)?;
            put_bytes(&mut self.shape, text(&mut cursor)?);
            for _ in 0..self.count(&mut cursor)? {
                let name = text(&mut cursor)?;
                self.name(name)?;
                self.value(&mut cursor)?;
            }
        }
        let is_erased = cursor.flag().ok()?;
        self.shape.push(u8::from(is_erased));
        if is_erased {
            self.stamp(&mut cursor)?;
        }
        (cursor.left() == 0 && cursor.is_shortest).then_some(())
    }

    fn count(&mut self, cursor: &mut Cursor<'a>) -> Option<usize> {
        let count = cursor.length().ok()?;
        put_length(&mut self.shape, count);
        Some(count)
    }

    fn tables(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        for _ in 0..self.count(cursor)? {
            let (actor, content) = read(cursor, |cursor| cursor.u64().ok())?;
            self.actors.push(actor);
            self.anchors.push(None);
            self.gaps.push(Gap::Content(content));
        }
        for _ in 0..self.count(cursor)? {
            let staff = cursor.slice(16).ok()?;
            self.gaps.push(Gap::Content(staff));
        }
        self.base = cursor.u64().ok()?;
        Some(())
    }

    /// Names of a piece's fields hold the dot that made the piece, which is one of the document's own writes.
    fn name(&mut self, name: &'a [u8]) -> Option<()> {
        if name.len() > NAME_BYTES {
            return None;
        }
        let count_at = self.shape.len();
        self.shape.push(0);
        let mut told = 0;
        let mut at = 0;
        for segment in name.split(|byte| *byte == b'/') {
            let end = at + segment.len();
            if let Some((actor, counter)) = self.key(segment) {
                put_bytes(&mut self.shape, &name[told..at]);
                put_length(&mut self.shape, actor);
                self.counter(actor, counter, true);
                self.shape[count_at] += 1;
                told = end;
            }
            at = end + 1;
        }
        put_bytes(&mut self.shape, &name[told..]);
        Some(())
    }

    /// The actor's place and the counter, when the segment is just how a dot of an actor of this document is written.
    fn key(&self, segment: &[u8]) -> Option<(usize, u64)> {
        let dot = segment.iter().position(|byte| *byte == b'.')?;
        let actor = hexadecimal(&segment[..dot])?;
        let counter = hexadecimal(&segment[dot + 1..])?;
        let place = self.actors.iter().position(|known| *known == actor)?;
        Some((place, counter))
    }

    fn value(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        let tag = u8::try_from(cursor.u64().ok()?).ok()?;
        self.shape.push(tag);
        let content = match tag {
            tag::NULL => return Some(()),
            tag::BOOL => {
                self.shape.push(u8::from(cursor.flag().ok()?));
                return Some(());
            }
            tag::INT | tag::DATE | tag::INSTANT => read(cursor, |cursor| cursor.u64().ok())?.1,
            tag::TEXT | tag::BYTES => read(cursor, text)?.1,
            tag::ID => {
                if cursor.u64().ok()? != 16 {
                    return None;
                }
                cursor.slice(16).ok()?
            }
            tag::MONEY => {
                let money = |cursor: &mut Cursor<'a>| {
                    cursor.u64().ok()?;
                    cursor.slice(3).ok()
                };
                read(cursor, money)?.1
            }
            _ => return None,
        };
        self.gaps.push(Gap::Content(content));
        Some(())
    }

    fn stamp(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        let after_base = cursor.u64().ok()?;
        self.shape.push(u8::from(after_base > 0));
        if after_base > 0 {
            self.gaps.push(Gap::Number(after_base));
        }
        put_u64(&mut self.shape, cursor.u64().ok()?);
        let actor = self.actor(cursor)?;
        let counter = cursor.u64().ok()?;
        // What was written at the same moment belongs to the same command.
        self.counter(actor, counter, after_base == 0);
        Some(())
    }

    fn actor(&mut self, cursor: &mut Cursor<'a>) -> Option<usize> {
        let actor = usize::try_from(cursor.u64().ok()?).ok()?;
        self.actors.get(actor)?;
        put_length(&mut self.shape, actor);
        Some(actor)
    }

    fn counter(&mut self, actor: usize, counter: u64, may_be_near: bool) {
        let (told, gap) = match self.anchors[actor] {
            None => {
                self.anchors[actor] = Some(counter);
                (ANCHOR, Some(counter))
            }
            Some(anchor) => match zigzag(counter.wrapping_sub(anchor).cast_signed()) {
                near if may_be_near && near < NEAR_BY => (NEAR + near, None),
                _ => (IN_STREAM, Some(distance(anchor, counter))),
            },
        };
        put_u64(&mut self.shape, told);
        self.gaps.extend(gap.map(Gap::Number));
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.length().ok()?;
    cursor.slice(length).ok()
}

/// What is read, with the bytes it stands in.
fn read<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
) -> Option<(T, &'a [u8])> {
    let before = cursor.rest();
    let value = read(cursor)?;
    Some((value, &before[..before.len() - cursor.left()]))
}

/// A number as `{:x}` writes it, and in no other way.
fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 || digits.len() > 1 && digits[0] == b'0' {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}
