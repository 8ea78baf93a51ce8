//! Rows of plain literals, read in one go: nearly all rows of a dump are such, and a token for every comma would cost more
//! than the values themselves.
//!
//! **Whatever is the least unusual is left to the tokens.** A row is either read whole here, or nothing has happened. A
//! property test holds the two ways against each other.

use super::quoted::first_opener;
use super::{Lexer, Mode, marks};
use crate::source::encoding::EncodingCensus;
use crate::source::row::{Cell, Row};
use crate::source::words::{Escapes, unescape};

/// Rows beyond this are left to the tokens, which know the limits of values and rows.
const LONGEST_ROW_BYTES: usize = 1024 * 1024;

/// A row that was read: `(1,'a',NULL)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainRow {
    /// The line of its parenthesis.
    pub line: u64,
    /// And its column in bytes, from 1.
    pub column: u64,
    /// A comma stood right behind it and was read, too.
    pub comma: bool,
}

impl Lexer {
    /// Reads one row of plain literals into `row`, if that is what comes next and all of it is there.
    pub fn plain_row(
        &mut self,
        escapes: Escapes,
        row: &mut Row,
        scratch: &mut Vec<u8>,
        census: &mut EncodingCensus,
    ) -> Option<PlainRow> {
        if self.mode != Mode::Between || self.delimiter != b";" {
            return None;
        }
        self.skip_blanks();
        let bytes = self.buffer.get(self.start..)?;
        let bytes = &bytes[..bytes.len().min(LONGEST_ROW_BYTES)];
        if bytes.first() != Some(&b'(') {
            return None;
        }
        let counted = *census;
        let escapes = if self.rules.backslash_escapes {
            escapes
        } else {
            Escapes::None
        };
        let read = as_it_stands(bytes, escapes, row, census).or_else(|| {
            row.clear();
            let mut reader = Reader {
                bytes,
                at: 1,
                escapes,
                row: &mut *row,
                scratch,
                census: &mut *census,
            };
            reader.values().map(|()| reader.at)
        });
        let read = read.and_then(|end| {
            // A statement that opens inside a string may be a forgotten quote: for the tokens to say.
            let lines = memchr::memchr(b'\n', &bytes[..end]).is_some();
            (!lines || first_opener(&bytes[..end]).is_none()).then_some((end, lines))
        });
        let Some((end, lines)) = read else {
            row.clear();
            *census = counted;
            return None;
        };
        let comma = bytes.get(end) == Some(&b',');
        let (line, column) = (self.line, self.column_of(self.start));
        let (from, to) = (self.start, self.start + end + usize::from(comma));
        if lines {
            self.count_lines(from, to);
        }
        self.nothing_on_line = false;
        self.start = to;
        self.scan = to;
        self.blank_before = comma;
        self.behind_e = false;
        Some(PlainRow {
            line,
            column,
            comma,
        })
    }
}

/// Reads a row without an escape in it: its values are where they stand, and it is copied whole, once. Its end. `None`: it is
/// another one, and what was put into `row` means nothing.
fn as_it_stands(
    bytes: &[u8],
    escapes: Escapes,
    row: &mut Row,
    census: &mut EncodingCensus,
) -> Option<usize> {
    row.clear();
    let other_mark = if escapes == Escapes::None {
        b'\''
    } else {
        b'\\'
    };
    let mut at = 1;
    loop {
        let to = match *bytes.get(at)? {
            sign @ (b'\'' | b'N') if sign == b'\'' || bytes.get(at + 1) == Some(&b'\'') => {
                let from = at + 1 + usize::from(sign == b'N');
                let to = marks::find_either(bytes, from, b'\'', other_mark)?;
                if bytes[to] != b'\'' {
                    return None;
                }
                row.push_place(from, to);
                to + 1
            }
            b'0'..=b'9' | b'-' => {
                let from = at + usize::from(bytes[at] == b'-');
                let mut to = marks::end_of_digits(bytes, from);
                if to == from {
                    return None;
                }
                if bytes.get(to) == Some(&b'.') {
                    to = marks::end_of_digits(bytes, to + 1);
                }
                row.push_place(at, to);
                to
            }
            b'N' if bytes.get(at..at + 4) == Some(b"NULL") => {
                row.push_null();
                at + 4
            }
            _ => return None,
        };
        // A quote behind a quote is an escape; more than one blank is for whoever is less in a hurry.
        match *bytes.get(to)? {
            b',' => at = to + 1 + usize::from(bytes.get(to + 1) == Some(&b' ')),
            b')' => {
                let text = std::str::from_utf8(&bytes[..=to]).ok()?;
                row.lay_under(text);
                if !text.is_ascii() {
                    census.count_utf8(row.cells().filter_map(|cell| match cell {
                        Cell::Text(text) => Some(text),
                        _ => None,
                    }));
                }
                return Some(to + 1);
            }
            _ => return None,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    escapes: Escapes,
    row: &'a mut Row,
    scratch: &'a mut Vec<u8>,
    census: &'a mut EncodingCensus,
}

impl Reader<'_> {
    /// Everything up to and with the closing parenthesis. `None`: for the tokens.
    fn values(&mut self) -> Option<()> {
        loop {
            self.skip_blanks();
            match *self.bytes.get(self.at)? {
                b'\'' => self.string(self.at + 1)?,
                b'0'..=b'9' | b'-' => self.number()?,
                b'N' | b'n' => match self.bytes.get(self.at + 1)? {
                    b'\'' => self.string(self.at + 2)?,
                    _ => self.null()?,
                },
                _ => return None,
            }
            self.skip_blanks();
            let behind = *self.bytes.get(self.at)?;
            self.at += 1;
            match behind {
                b',' => {}
                b')' => return Some(()),
                _ => return None,
            }
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// A string whose text begins at `from`.
    fn string(&mut self, from: usize) -> Option<()> {
        let escaped = self.escapes != Escapes::None;
        let mut at = from;
        let mut plain = true;
        loop {
            let rest = self.bytes.get(at..)?;
            let found = if escaped {
                memchr::memchr2(b'\'', b'\\', rest)?
            } else {
                memchr::memchr(b'\'', rest)?
            };
            at += found;
            // What follows a quote tells whether it is the last one; it must be in sight.
            let next = *self.bytes.get(at + 1)?;
            if self.bytes[at] == b'\'' && next != b'\'' {
                break;
            }
            plain = false;
            at += 2;
        }
        let text = &self.bytes[from..at];
        let census = &mut *self.census;
        if plain {
            self.row.push_text_with(|into| census.decode(text, into));
        } else {
            self.scratch.clear();
            unescape(text, b'\'', self.escapes, self.scratch);
            let scratch = &*self.scratch;
            self.row.push_text_with(|into| census.decode(scratch, into));
        }
        self.at = at + 1;
        Some(())
    }

    /// `12`, `-7.50`. Anything beyond digits and one point is for the tokens.
    fn number(&mut self) -> Option<()> {
        let from = self.at;
        self.at += usize::from(self.bytes[from] == b'-');
        let digits_from = self.at;
        let mut points = 0;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'0'..=b'9' => {}
                b'.' if points == 0 && self.at > digits_from => points = 1,
                _ => break,
            }
            self.at += 1;
        }
        if self.at == digits_from {
            return None;
        }
        let text = std::str::from_utf8(&self.bytes[from..self.at]).ok()?;
        self.row.push_text(text);
        Some(())
    }

    fn null(&mut self) -> Option<()> {
        let word = self.bytes.get(self.at..self.at + 4)?;
        if !word.eq_ignore_ascii_case(b"NULL") {
            return None;
        }
        self.row.push_null();
        self.at += 4;
        Some(())
    }
}
