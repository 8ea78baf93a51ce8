//! Everything in quotes, and what becomes of a quote that somebody forgot.

use super::{Lexer, MAX_VALUE_BYTES, Mode, Token, TokenKind, is_word_byte};

/// A name in backticks or brackets is no longer than this: the longest that an engine takes has 128 characters.
const LONGEST_NAME_BYTES: usize = 2048;

/// The longest `$tag$`; PostgreSQL cuts names at 63 bytes.
const LONGEST_TAG_BYTES: usize = 66;

/// Blanks behind a string that are looked through for what follows it.
const BLANKS_LOOKED_THROUGH: usize = 4096;

/// After forgotten quotes so many bytes are looked at again for each byte read, and no more: a dump made of nothing but
/// forgotten quotes ends in time proportional to its size.
const LOOKED_AT_AGAIN: u64 = 8;

/// What may be looked at again at once: one value.
const LOOKED_AT_AGAIN_BYTES: u64 = MAX_VALUE_BYTES as u64;

/// Words that open a statement. A line that begins with one, behind a broken statement, is where reading resumes.
const OPENERS: [&[u8]; 13] = [
    b"INSERT INTO ",
    b"REPLACE INTO ",
    b"CREATE TABLE ",
    b"ALTER TABLE ",
    b"DROP TABLE ",
    b"LOCK TABLES ",
    b"UNLOCK TABLES",
    b"INSERT IGNORE ",
    b"INSERT OR ",
    b"INSERT [",
    b"INSERT \"",
    b"COPY public.",
    b"SET IDENTITY_INSERT ",
];

impl Lexer {
    pub(super) fn open_quoted(&mut self, close: u8) -> Option<Token> {
        let string = matches!(close, b'\'' | b'"');
        let escapes = string && self.rules.backslash_escapes
            || close == b'\'' && self.rules.escape_strings && self.behind_e && !self.blank_before;
        let mode = Mode::Quoted {
            close,
            escapes,
            dropped: false,
        };
        self.enter(mode, 1)
    }

    pub(super) fn quoted(&mut self, close: u8, escapes: bool, dropped: bool) -> Option<Token> {
        // Whether a name is too long must not depend on where the pieces were cut.
        let bound = match close {
            b'`' | b']' => self.start + LONGEST_NAME_BYTES,
            _ => usize::MAX,
        };
        loop {
            if self.scan >= bound {
                return Some(self.unterminated());
            }
            let rest = &self.buffer[self.scan..self.buffer.len().min(bound)];
            let found = if escapes {
                memchr::memchr2(close, b'\\', rest)
            } else {
                memchr::memchr(close, rest)
            };
            let Some(found) = found else {
                self.scan += rest.len();
                if self.scan >= bound {
                    continue;
                }
                break;
            };
            let at = self.scan + found;
            let next = self.buffer.get(at + 1).copied();
            if next.is_none() && !self.at_end {
                self.scan = at;
                return self.limit_quoted(close, escapes, dropped);
            }
            if self.buffer[at] == b'\\' && escapes || next == Some(close) {
                // An escaped byte, or a doubled quote.
                self.scan = (at + 2).min(self.buffer.len());
                continue;
            }
            self.scan = at;
            return self.close_quoted(close, escapes, dropped);
        }
        if self.at_end {
            return Some(self.unterminated());
        }
        self.limit_quoted(close, escapes, dropped)
    }

    fn close_quoted(&mut self, close: u8, escapes: bool, dropped: bool) -> Option<Token> {
        if dropped || self.scan - self.start > MAX_VALUE_BYTES {
            return Some(self.close_lines(TokenKind::Oversized, 0, 1));
        }
        if close == b'\'' && self.opener_inside().is_some() {
            // A statement opens inside this string. Either it is a value that holds SQL, or a quote was forgotten, and
            // this is where the next statement would be swallowed. What follows the string tells.
            match self.goes_on_behind_string() {
                None => return None,
                Some(true) => {}
                Some(false) => return Some(self.unterminated()),
            }
        }
        let kind = match close {
            b'\'' => TokenKind::SingleQuoted,
            b'"' => TokenKind::DoubleQuoted,
            b'`' => TokenKind::BacktickName,
            _ => TokenKind::BracketName,
        };
        let mut token = self.close_lines(kind, 1, 1);
        token.escapes = escapes;
        Some(token)
    }

    /// Whether what stands behind the string at hand can follow a string. `None`: more bytes are needed.
    fn goes_on_behind_string(&self) -> Option<bool> {
        let rest = &self.buffer[self.scan + 1..];
        let rest = &rest[..rest.len().min(BLANKS_LOOKED_THROUGH)];
        let Some(blanks) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return (self.at_end || rest.len() == BLANKS_LOOKED_THROUGH).then_some(true);
        };
        let behind = rest[blanks];
        if !self.in_row {
            // Text of a comment or a procedure. A quote that opens is followed by a letter at once, one that closes never.
            return Some(blanks > 0 || !is_word_byte(behind));
        }
        Some(match behind {
            b',' | b')' | b';' | b'|' | b':' => true,
            // `'a' + CHAR(13)`, but not `'+41 79 ...'`.
            b'+' => blanks > 0,
            b'A' | b'a' => {
                // `CAST('...' AS Xml)`
                if rest.len() < blanks + 3 && !self.at_end {
                    return None;
                }
                let word = &rest[blanks..];
                blanks > 0
                    && word.len() > 2
                    && word[..2].eq_ignore_ascii_case(b"AS")
                    && word[2].is_ascii_whitespace()
            }
            _ => false,
        })
    }

    /// Called when a quoted value goes on past the buffer: above the limit its bytes are dropped, its end still searched.
    fn limit_quoted(&mut self, close: u8, escapes: bool, dropped: bool) -> Option<Token> {
        let held = self.scan - self.start;
        if !dropped && held > MAX_VALUE_BYTES && self.opener_inside().is_some() {
            // No value, but a forgotten quote with whole statements behind it.
            return Some(self.unterminated());
        }
        if dropped || held > MAX_VALUE_BYTES {
            self.count_lines(self.start, self.scan);
            // The line count is kept; `start` moves so that `compact` can let the bytes go.
            self.start = self.scan;
            self.mode = Mode::Quoted {
                close,
                escapes,
                dropped: true,
            };
        }
        None
    }

    /// Ends a quote that has no end: at the next line that opens a statement, or at the end of the text.
    fn unterminated(&mut self) -> Token {
        let looked_at = self.scan;
        if self.may_look_again() {
            self.scan = self
                .opener_inside()
                .unwrap_or(self.scan.max(self.start + 1).min(self.buffer.len()));
            self.bytes_again += looked_at.saturating_sub(self.scan) as u64;
        }
        self.close_lines(TokenKind::Unterminated, 0, 0)
    }

    /// Whether bytes behind a forgotten quote may be looked at once more.
    pub(super) fn may_look_again(&self) -> bool {
        self.bytes_again <= LOOKED_AT_AGAIN * self.bytes_fed + LOOKED_AT_AGAIN_BYTES
    }

    /// Where, inside the current token, a line begins with a word that opens a statement.
    fn opener_inside(&self) -> Option<usize> {
        let token = &self.buffer[self.start..self.scan];
        first_opener(token).map(|at| self.start + at)
    }

    /// The length of `$tag$` at the start of the token. Outer `None`: more bytes are needed; inner: it is none.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether it is a tag"
    )]
    pub(super) fn dollar_tag(&self) -> Option<Option<usize>> {
        let ahead = &self.buffer[self.start + 1..];
        let bounded = &ahead[..ahead.len().min(LONGEST_TAG_BYTES)];
        let end = bounded
            .iter()
            .position(|byte| *byte == b'$' || !is_word_byte(*byte));
        match end {
            // `$1` is a parameter: no tag begins with a digit.
            Some(end) if bounded[end] == b'$' && !bounded[0].is_ascii_digit() => {
                Some(Some(end + 2))
            }
            None if bounded.len() < LONGEST_TAG_BYTES && !self.at_end => None,
            _ => Some(None),
        }
    }

    pub(super) fn dollar_quoted(&mut self, tag: usize) -> Option<Token> {
        let from = self.scan.max(self.start + tag);
        let wanted = &self.buffer[self.start..self.start + tag];
        if let Some(found) = memchr::memmem::find(&self.buffer[from..], wanted) {
            self.scan = from + found;
            return Some(self.close_lines(TokenKind::DollarQuoted, tag, tag));
        }
        let length = self.buffer.len();
        let too_long = length - self.start > MAX_VALUE_BYTES;
        if self.at_end || too_long {
            self.scan = length;
            return Some(self.unterminated());
        }
        // The tag may be cut by the end of the piece.
        self.scan = length.saturating_sub(tag).max(self.start + tag);
        None
    }

    /// [`Lexer::close`] for tokens that may hold ends of lines.
    fn close_lines(&mut self, kind: TokenKind, head: usize, tail: usize) -> Token {
        let (from, to) = (self.start, (self.scan + tail).min(self.buffer.len()));
        let token = self.close(kind, head, tail);
        let first = self.nothing_on_line;
        self.count_lines(from, to);
        // Behind a string of several lines nothing is first on its line; where reading resumes, it is.
        self.nothing_on_line = if kind == TokenKind::Unterminated {
            to > from && self.buffer[to - 1] == b'\n'
        } else {
            first
        };
        token
    }
}

/// Where a line of `text` other than the first begins with a word that opens a statement.
pub(super) fn first_opener(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text)
        .map(|end| end + 1)
        .find(|line| opens_statement(&text[*line..]))
}

/// Whether a line opens a statement.
pub(in crate::source) fn opens_statement(line: &[u8]) -> bool {
    // Nearly no line begins with one of these letters; the words are compared only then.
    line.first()
        .is_some_and(|byte| b"iIrRcCaAdDlLuUsS".contains(byte))
        && OPENERS.iter().any(|opener| {
            line.len() >= opener.len() && line[..opener.len()].eq_ignore_ascii_case(opener)
        })
}
