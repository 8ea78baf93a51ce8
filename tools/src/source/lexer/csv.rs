//! The rows behind `COPY ... FROM stdin` in the format CSV. A value in quotes may hold ends of lines, so a row is as many
//! lines as it takes until no quote is open.
//!
//! A forgotten quote would swallow every row behind it. It shows itself at the latest where the rows end while it is open,
//! or where what it makes does not fit the table: then its first line is given up and the lines behind it are read again.

use super::{Lexer, MAX_VALUE_BYTES, Mode, Token, TokenKind, first_opener};

/// The signs of a `COPY` in CSV that say where a value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvQuotes {
    /// Opens and closes a quoted text.
    pub quote: u8,
    /// Stands before a quote, or before itself, that belongs to the text. The quote itself unless the `COPY` says otherwise.
    pub escape: u8,
}

impl Lexer {
    /// The rows of a `COPY` in CSV follow: from the next line on, every line that is in no quotes ends a row, until `\.`.
    pub fn begin_csv(&mut self, quotes: CsvQuotes) {
        self.csv = Some(quotes);
        self.mode = Mode::CopyHead;
    }

    /// The row just given was made by a forgotten quote: its first line is left out, the others are read again. `false`: too
    /// much has been looked at again; they are left out with it.
    pub fn read_again_behind_first_line(&mut self, row: &Token) -> bool {
        let Some(quotes) = self.csv else {
            return false;
        };
        let text = &self.buffer[row.start..row.end];
        let Some(end) = memchr::memchr(b'\n', text).filter(|_| self.may_look_again()) else {
            return false;
        };
        self.bytes_again += (row.end - row.start - end) as u64;
        self.start = row.start + end + 1;
        self.scan = self.start;
        self.line = row.line + 1;
        self.line_start = i64::try_from(self.start).unwrap_or(i64::MAX);
        self.csv = Some(quotes);
        self.mode = Mode::CsvRow {
            quoted: false,
            line: 0,
        };
        true
    }

    /// One row; `line` is where, behind the start of the row, the line at hand begins.
    pub(super) fn csv_row(
        &mut self,
        quotes: CsvQuotes,
        mut quoted: bool,
        mut line: usize,
    ) -> Option<Token> {
        loop {
            let rest = &self.buffer[self.scan..];
            let found = if quoted {
                memchr::memchr3(b'\n', quotes.quote, quotes.escape, rest)
            } else {
                memchr::memchr2(b'\n', quotes.quote, rest)
            };
            let Some(found) = found else {
                self.scan = self.buffer.len();
                break;
            };
            let at = self.scan + found;
            let byte = self.buffer[at];
            if byte == b'\n' {
                let ended = &self.buffer[self.start + line..at];
                let is_end = ended.strip_suffix(b"\r").unwrap_or(ended) == b"\\.";
                if !quoted || is_end && line == 0 {
                    self.scan = at;
                    return Some(self.close_csv_row(is_end && line == 0));
                }
                if is_end {
                    self.scan = self.start + line;
                    return Some(self.give_up_first_line());
                }
                self.scan = at + 1;
                line = self.scan - self.start;
                if line > MAX_VALUE_BYTES {
                    return Some(self.give_up_first_line());
                }
                continue;
            }
            if quoted && byte == quotes.escape {
                match self.buffer.get(at + 1) {
                    None if !self.at_end => {
                        self.scan = at;
                        break;
                    }
                    Some(next) if *next == quotes.quote || *next == quotes.escape => {
                        self.scan = at + 2;
                        continue;
                    }
                    _ => {}
                }
            }
            quoted ^= byte == quotes.quote;
            self.scan = at + 1;
        }
        self.mode = Mode::CsvRow { quoted, line };
        if self.at_end {
            return self.last_csv_row(quoted);
        }
        if self.scan - self.start > MAX_VALUE_BYTES {
            if line > 0 {
                return Some(self.give_up_first_line());
            }
            // One line above the limit: its bytes are dropped, its end still searched.
            self.start = self.scan;
            self.mode = Mode::CopyLine { dropped: true };
        }
        None
    }

    /// Ends the row at `scan`, where its last line ends.
    fn close_csv_row(&mut self, is_end: bool) -> Token {
        let row = &self.buffer[self.start..self.scan];
        let text = row.strip_suffix(b"\r").unwrap_or(row).len();
        let kind = if is_end {
            TokenKind::CopyEnd
        } else {
            TokenKind::CopyLine
        };
        let consumed = self.scan + 1 - self.start;
        let token = self.emit_csv(kind, text, consumed);
        if is_end {
            self.csv = None;
        }
        token
    }

    /// Gives up the first line of a row whose quote is never closed; what was looked at behind it is read again.
    fn give_up_first_line(&mut self) -> Token {
        let row = &self.buffer[self.start..self.scan];
        let first = memchr::memchr(b'\n', row).map_or(row.len(), |end| end + 1);
        let consumed = if self.may_look_again() {
            self.bytes_again += (row.len() - first) as u64;
            first
        } else {
            row.len()
        };
        self.emit_csv(TokenKind::CopyUnclosed, first, consumed)
    }

    /// The text ends without `\.`. In the middle of a quoted text it was cut off, unless statements stand in that text.
    fn last_csv_row(&mut self, quoted: bool) -> Option<Token> {
        let rest = &self.buffer[self.start..];
        if quoted && first_opener(rest).is_some() {
            return Some(self.give_up_first_line());
        }
        let line = rest.trim_ascii_end();
        let kind = match line {
            b"\\." => TokenKind::CopyEnd,
            b"" => return None,
            _ => TokenKind::CopyCut,
        };
        let (text, consumed) = (line.len(), rest.len());
        let token = self.emit_csv(kind, text, consumed);
        (self.csv, self.mode) = (None, Mode::Between);
        Some(token)
    }

    fn emit_csv(&mut self, kind: TokenKind, text: usize, consumed: usize) -> Token {
        let (from, to) = (self.start, self.start + consumed);
        (self.start_line, self.start_column) = (self.line, 1);
        self.start_is_first = true;
        let token = self.emit(kind, 0, text, consumed);
        self.count_lines(from, to);
        if kind != TokenKind::CopyEnd {
            self.mode = Mode::CsvRow {
                quoted: false,
                line: 0,
            };
        }
        token
    }
}
