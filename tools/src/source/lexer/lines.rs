//! What owns a whole line: `DELIMITER $$` of the MySQL client, `GO` of SQL Server's clients, the backslash commands of psql
//! and the rows behind `COPY ... FROM stdin`.

use super::{Lexer, MAX_VALUE_BYTES, Mode, Token, TokenKind};

/// `DELIMITER $$` and `GO 5 -- again` stand on short lines; longer ones are something else.
const LONGEST_COMMAND_LINE_BYTES: usize = 64;

/// Of a psql command so much is kept to name it.
const KEPT_OF_A_COMMAND_BYTES: usize = 256;

const DELIMITER: &[u8] = b"DELIMITER";

impl Lexer {
    /// The rows of a `COPY` follow: from the next line on, every line is a row until `\.`.
    pub fn begin_copy(&mut self) {
        self.csv = None;
        self.mode = Mode::CopyHead;
    }

    /// What may stand at the start of a line only. Outer `None`: more bytes are needed; inner: it is none of these.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; then: whether it was such a line; inside: whether a token came of it"
    )]
    pub(super) fn open_line(&mut self, first: u8) -> Option<Option<Option<Token>>> {
        match first {
            b'D' | b'd' if self.rules.delimiter_command => {
                let Some(length) = self.delimiter_command()? else {
                    return Some(None);
                };
                self.skip(length);
                Some(Some(None))
            }
            b'G' | b'g' if self.rules.batch_separator => {
                let length = self.batch_separator()?;
                Some(length.map(|length| Some(self.emit(TokenKind::BatchEnd, 0, 2, length))))
            }
            b'\\' if self.rules.backslash_commands => Some(Some(self.enter(Mode::Command, 1))),
            _ => Some(None),
        }
    }

    /// The length of `DELIMITER xx` to the end of the line. Outer `None`: the line is not whole yet; inner: not the command.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether it is the command"
    )]
    fn delimiter_command(&mut self) -> Option<Option<usize>> {
        let Some(line) = self.short_line(DELIMITER)? else {
            return Some(None);
        };
        let wanted = line[DELIMITER.len()..].trim_ascii();
        let separated = line
            .get(DELIMITER.len())
            .is_some_and(u8::is_ascii_whitespace);
        // `delimiter INT,` is a column of that name, not the command.
        let is_sign = |byte: &u8| byte.is_ascii_punctuation();
        if !separated || wanted.is_empty() || !wanted.iter().all(is_sign) {
            return Some(None);
        }
        let length = line.len();
        self.delimiter = wanted.to_vec();
        Some(Some(length))
    }

    /// The length of a `GO` that stands alone on its line, but for a count and a comment. Outer `None`: the line is not whole
    /// yet; inner: it is a word like any other.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether it ends a batch"
    )]
    fn batch_separator(&self) -> Option<Option<usize>> {
        let Some(line) = self.short_line(b"GO")? else {
            return Some(None);
        };
        let blanks = line[2..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        let counted_from = 2 + blanks.count();
        let digits = line[counted_from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let length = counted_from + digits;
        let behind = line[length..].trim_ascii();
        let alone = behind.is_empty()
            || behind == b";"
            || behind.starts_with(b"--")
            || behind.starts_with(b"/*");
        let counted = digits == 0 || counted_from > 2;
        Some((alone && counted).then_some(length))
    }

    /// The line at hand without its end, if it begins with `word` and is short. Outer `None`: more bytes are needed.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether it is such a line"
    )]
    fn short_line(&self, word: &[u8]) -> Option<Option<&[u8]>> {
        let ahead = &self.buffer[self.start..];
        let compared = ahead.len().min(word.len());
        if !ahead[..compared].eq_ignore_ascii_case(&word[..compared]) {
            return Some(None);
        }
        if compared < word.len() {
            return if self.at_end { Some(None) } else { None };
        }
        let bounded = &ahead[..ahead.len().min(LONGEST_COMMAND_LINE_BYTES)];
        match memchr::memchr(b'\n', bounded) {
            Some(end) => Some(Some(&ahead[..end])),
            None if bounded.len() == LONGEST_COMMAND_LINE_BYTES => Some(None),
            None if self.at_end => Some(Some(ahead)),
            None => None,
        }
    }

    /// A line that begins with a backslash.
    pub(super) fn command(&mut self) -> Option<Token> {
        let ahead = &self.buffer[self.start..];
        let bounded = &ahead[..ahead.len().min(KEPT_OF_A_COMMAND_BYTES)];
        let (length, whole) = match memchr::memchr(b'\n', bounded) {
            Some(end) => (end, true),
            None if bounded.len() == KEPT_OF_A_COMMAND_BYTES || self.at_end => {
                (bounded.len(), false)
            }
            None => return None,
        };
        let text = ahead[..length].trim_ascii_end().len();
        let token = self.emit(TokenKind::Command, 0, text, length);
        if !whole {
            // The rest of a long line belongs to the command.
            self.mode = Mode::LineComment;
        }
        Some(token)
    }

    /// Steps over what is left of the line that says `FROM stdin;`.
    pub(super) fn copy_head(&mut self) -> Option<()> {
        let rest = &self.buffer[self.start..];
        let found = memchr::memchr(b'\n', rest);
        let to = self.start + found.map_or(rest.len(), |at| at + 1);
        self.count_lines(self.start, to);
        self.start = to;
        self.scan = to;
        found?;
        self.mode = self.next_line();
        Some(())
    }

    /// What the next line of a `COPY` is read as.
    fn next_line(&self) -> Mode {
        match self.csv {
            Some(_) => Mode::CsvRow {
                quoted: false,
                line: 0,
            },
            None => Mode::CopyLine { dropped: false },
        }
    }

    pub(super) fn copy_line(&mut self, dropped: bool) -> Option<Token> {
        let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scan..]) else {
            self.scan = self.buffer.len();
            if self.at_end {
                return self.last_copy_line();
            }
            if dropped || self.scan - self.start > MAX_VALUE_BYTES {
                self.start = self.scan;
                self.mode = Mode::CopyLine { dropped: true };
            }
            return None;
        };
        self.scan += found;
        let line = self.buffer[self.start..self.scan]
            .strip_suffix(b"\r")
            .unwrap_or(&self.buffer[self.start..self.scan]);
        let kind = match line {
            _ if dropped => TokenKind::Oversized,
            b"\\." => TokenKind::CopyEnd,
            _ => TokenKind::CopyLine,
        };
        let (text, consumed) = (line.len(), self.scan + 1 - self.start);
        let (from, to) = (self.start, self.scan + 1);
        (self.start_line, self.start_column) = (self.line, 1);
        self.start_is_first = true;
        let token = self.emit(kind, 0, text, consumed);
        self.count_lines(from, to);
        if kind != TokenKind::CopyEnd {
            self.mode = self.next_line();
        }
        Some(token)
    }

    /// The text ends without `\.`, or right behind it.
    fn last_copy_line(&mut self) -> Option<Token> {
        let line = self.buffer[self.start..].trim_ascii_end();
        let kind = match line {
            b"\\." => TokenKind::CopyEnd,
            b"" => return None,
            _ => TokenKind::CopyCut,
        };
        (self.start_line, self.start_column) = (self.line, 1);
        Some(self.emit(kind, 0, line.len(), self.buffer.len() - self.start))
    }

    /// Ends the rows of a `COPY` whose `\.` is missing: the line just given is SQL and is read again as such.
    pub fn end_copy_before(&mut self, line: &Token) {
        self.csv = None;
        self.start = line.start;
        self.scan = line.start;
        self.mode = Mode::Between;
        self.line = line.line;
        self.line_start = i64::try_from(line.start).unwrap_or(i64::MAX);
        self.nothing_on_line = true;
        self.blank_before = true;
    }
}
