//! A push-based byte lexer for SQL text.
//!
//! Bytes go in by [`Lexer::feed`] in pieces of any size, tokens come out by [`Lexer::next_token`]. A token never depends on
//! where the pieces were cut. What is kept is the unfinished token and nothing else, so memory does not grow with the dump.
//!
//! The lexer works on bytes because real dumps mix encodings value by value; every encoding it is given (UTF-8,
//! windows-1252, code page 850) keeps ASCII where ASCII is. It never fails: what cannot be read becomes a
//! [`TokenKind::Unterminated`] or [`TokenKind::Oversized`] token, and reading goes on behind it.

mod comments;
mod csv;
mod lines;
mod marks;
mod plain_rows;
mod quoted;

pub use csv::CsvQuotes;
pub use plain_rows::PlainRow;
use quoted::first_opener;
pub(super) use quoted::opens_statement;

/// One quoted value may be this long. Larger ones are pictures or documents that no order field could hold, and one
/// forgotten quote must not read a whole dump into memory.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

/// How one dialect differs for the lexer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexerRules {
    /// `\'` inside a string is an escaped quote (MySQL unless `NO_BACKSLASH_ESCAPES`, PostgreSQL before 9.1).
    pub backslash_escapes: bool,
    /// The same in `E'...'` only (PostgreSQL).
    pub escape_strings: bool,
    /// `$$ ... $$` and `$tag$ ... $tag$` are strings (PostgreSQL).
    pub dollar_quotes: bool,
    /// `[name]` is a quoted name (SQLite, SQL Server).
    pub bracket_names: bool,
    /// `# to the end of the line` is a comment (MySQL).
    pub hash_comments: bool,
    /// `--` opens a comment only before a blank (MySQL).
    pub dash_comment_needs_blank: bool,
    /// `/*! ... */` is code, not a comment (MySQL, MariaDB).
    pub conditional_comments: bool,
    /// `/* /* */ */` nests (PostgreSQL, SQL Server).
    pub nested_comments: bool,
    /// `DELIMITER $$` at the start of a line changes the terminator (the MySQL client).
    pub delimiter_command: bool,
    /// `\connect` at the start of a line is a command to the client (psql).
    pub backslash_commands: bool,
    /// `GO` alone on a line ends a batch (the clients of SQL Server).
    pub batch_separator: bool,
}

/// What a token is. Its text is fetched with [`Lexer::text`] before the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted name or keyword.
    Word,
    /// Digits with whatever number syntax follows: `1`, `1.5e-3`, `0xFF`.
    Number,
    /// `'...'`, text without the outer quotes, escapes untouched.
    SingleQuoted,
    /// `"..."`: a name or a string, the reader knows which.
    DoubleQuoted,
    /// `` `...` ``, text without the outer quotes.
    BacktickName,
    /// `[...]`, text without the brackets.
    BracketName,
    /// `$tag$...$tag$`, text without the tags; nothing is escaped in it.
    DollarQuoted,
    /// Any other byte.
    Punctuation(u8),
    /// The statement ends here.
    Terminator,
    /// `GO`: the batch ends here, and with it every statement and block in it.
    BatchEnd,
    /// A line that is a command to the client: `\connect shop`.
    Command,
    /// A line of data behind `COPY ... FROM stdin`, without its end; in CSV a row, which may have several lines.
    CopyLine,
    /// `\.`: the data ends.
    CopyEnd,
    /// A line of data in the middle of which the text ends.
    CopyCut,
    /// A line of data in CSV with a quote that is never closed.
    CopyUnclosed,
    /// A quote that was never closed. The lexer resumed at the next line that opens a statement, or reached the end.
    Unterminated,
    /// A value above [`MAX_VALUE_BYTES`]; its bytes were dropped.
    Oversized,
}

/// One token: its kind, where it stood, and where its text lies in the lexer's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Line, counted from 1.
    pub line: u64,
    /// Column in bytes, counted from 1.
    pub column: u64,
    /// The token is the first on its line: a keyword there may open a statement whose predecessor lacks its `;`.
    pub first_on_line: bool,
    /// No blank stands between this token and the one before (`N'...'`).
    pub glued: bool,
    /// Backslashes in this string are escapes.
    pub escapes: bool,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Between,
    Word,
    Number,
    Quoted {
        close: u8,
        escapes: bool,
        dropped: bool,
    },
    /// `tag` is the length of `$tag$`, which stands at the start of the token.
    Dollar {
        tag: usize,
    },
    LineComment,
    BlockComment {
        depth: u32,
    },
    Command,
    /// Between `FROM stdin;` and the end of that line.
    CopyHead,
    CopyLine {
        dropped: bool,
    },
    /// A row in CSV: whether a quote is open, and where behind its start the line at hand begins.
    CsvRow {
        quoted: bool,
        line: usize,
    },
}

/// The lexer. See the module's text.
#[derive(Debug)]
pub struct Lexer {
    rules: LexerRules,
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    /// Where the current token began, or where the next will.
    start: usize,
    /// How far the current token has been looked at.
    scan: usize,
    mode: Mode,
    at_end: bool,
    line: u64,
    /// Bytes between the start of the line and the start of the buffer; what the buffer holds of the line is added to it.
    line_start: i64,
    start_line: u64,
    start_column: u64,
    nothing_on_line: bool,
    start_is_first: bool,
    blank_before: bool,
    /// The token before is the word `E`, which makes the string that follows it one with escapes.
    behind_e: bool,
    in_conditional: bool,
    in_row: bool,
    /// The lines behind the `COPY` at hand are in CSV.
    csv: Option<CsvQuotes>,
    /// Bytes looked at again after forgotten quotes; see [`Lexer::may_look_again`].
    bytes_fed: u64,
    bytes_again: u64,
}

impl Lexer {
    /// A lexer at the start of a text.
    pub fn new(rules: LexerRules) -> Self {
        Self {
            rules,
            delimiter: b";".to_vec(),
            buffer: Vec::new(),
            start: 0,
            scan: 0,
            mode: Mode::Between,
            at_end: false,
            line: 1,
            line_start: 0,
            start_line: 1,
            start_column: 1,
            nothing_on_line: true,
            start_is_first: true,
            blank_before: true,
            behind_e: false,
            in_conditional: false,
            in_row: false,
            csv: None,
            bytes_fed: 0,
            bytes_again: 0,
        }
    }

    /// Takes the next piece of the text. Call [`Self::next_token`] until it gives `None` before feeding more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes_fed += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
    }

    /// The text is complete: what is unfinished will not be finished any more.
    pub fn end(&mut self) {
        self.at_end = true;
    }

    /// Strings read from now on treat a backslash as the given mode says (`SET sql_mode = 'NO_BACKSLASH_ESCAPES'`).
    pub fn set_backslash_escapes(&mut self, on: bool) {
        self.rules.backslash_escapes = on;
    }

    /// What follows is a list of values: a string in it is followed by a comma or a parenthesis.
    pub fn enter_row(&mut self) {
        self.in_row = true;
    }

    /// The list of values has ended.
    pub fn leave_row(&mut self) {
        self.in_row = false;
    }

    /// The bytes of a token. Valid until the next [`Self::feed`].
    pub fn text(&self, token: &Token) -> &[u8] {
        self.buffer.get(token.start..token.end).unwrap_or_default()
    }

    /// The next whole token, or `None` when more bytes are needed (or, after [`Self::end`], when there are none).
    pub fn next_token(&mut self) -> Option<Token> {
        loop {
            match self.mode {
                Mode::Between => {
                    if let Some(token) = self.open()? {
                        return Some(token);
                    }
                }
                Mode::Word => return self.word(),
                Mode::Number => return self.number(),
                Mode::Quoted {
                    close,
                    escapes,
                    dropped,
                } => return self.quoted(close, escapes, dropped),
                Mode::Dollar { tag } => return self.dollar_quoted(tag),
                Mode::LineComment => self.line_comment()?,
                Mode::BlockComment { depth } => self.block_comment(depth)?,
                Mode::Command => return self.command(),
                Mode::CopyHead => self.copy_head()?,
                Mode::CopyLine { dropped } => return self.copy_line(dropped),
                Mode::CsvRow { quoted, line } => match self.csv {
                    Some(quotes) => return self.csv_row(quotes, quoted, line),
                    None => self.mode = Mode::Between,
                },
            }
        }
    }

    /// Skips blanks and opens what follows. `None`: more bytes are needed. `Some(None)`: a mode was entered.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether a token came of it"
    )]
    fn open(&mut self) -> Option<Option<Token>> {
        self.skip_blanks();
        let first = *self.buffer.get(self.start)?;
        self.start_line = self.line;
        self.start_column = self.column_of(self.start);
        self.start_is_first = self.nothing_on_line;
        if self.nothing_on_line
            && let Some(answer) = self.open_line(first)?
        {
            return Some(answer);
        }
        let ahead = &self.buffer[self.start..];
        if first == self.delimiter[0] {
            if !self.known(self.delimiter.len()) && self.delimiter.starts_with(ahead) {
                return None;
            }
            if ahead.starts_with(&self.delimiter) {
                let length = self.delimiter.len();
                return Some(Some(self.emit(TokenKind::Terminator, 0, length, length)));
            }
        }
        match first {
            b'\'' | b'"' | b'`' => return Some(self.open_quoted(first)),
            b'[' if self.rules.bracket_names => return Some(self.open_quoted(b']')),
            byte if byte.is_ascii_digit() => return Some(self.enter(Mode::Number, 1)),
            b'#' if self.rules.batch_separator => {
                // `#scratch` and `##scratch` are tables of SQL Server that pass with their session.
                if !self.known(2) {
                    return None;
                }
                let signs = 1 + usize::from(ahead.get(1) == Some(&b'#'));
                return Some(self.enter(Mode::Word, signs));
            }
            b'-' | b'#' | b'/' | b'*' => {
                if let Some(answer) = self.open_comment(first)? {
                    return Some(answer);
                }
            }
            b'.' => {
                if !self.known(2) {
                    return None;
                }
                if ahead.get(1).is_some_and(u8::is_ascii_digit) && self.blank_before {
                    return Some(self.enter(Mode::Number, 1));
                }
            }
            b'$' if self.rules.dollar_quotes => {
                if let Some(tag) = self.dollar_tag()? {
                    return Some(self.enter(Mode::Dollar { tag }, tag));
                }
                return Some(self.enter(Mode::Word, 1));
            }
            byte if is_word_byte(byte) => return Some(self.enter(Mode::Word, 1)),
            _ => {}
        }
        let opens_value = matches!(first, b',' | b'(' | b'=' | b'-' | b'+');
        let token = self.emit(TokenKind::Punctuation(first), 0, 1, 1);
        // After `,` or `(` a `.5` is a number, after a name it is a qualified name's dot.
        self.blank_before |= opens_value;
        Some(Some(token))
    }

    /// Whether so many bytes from the start of the token are there, or no more will come.
    fn known(&self, count: usize) -> bool {
        self.at_end || self.buffer.len() - self.start >= count
    }

    fn skip_blanks(&mut self) {
        let mut at = self.start;
        while let Some(byte) = self.buffer.get(at) {
            match byte {
                b'\n' => self.new_line(at),
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0 => {}
                _ => break,
            }
            self.blank_before = true;
            at += 1;
        }
        self.start = at;
        self.scan = at;
    }

    fn word(&mut self) -> Option<Token> {
        // `END$$`: a terminator made of signs that words may hold ends the word.
        let cuts = is_word_byte(self.delimiter[0]);
        while let Some(byte) = self.buffer.get(self.scan) {
            if !is_word_byte(*byte) {
                return Some(self.close_word());
            }
            if cuts && *byte == self.delimiter[0] {
                let ahead = &self.buffer[self.scan..];
                if ahead.starts_with(&self.delimiter) {
                    return Some(self.close_word());
                }
                if !self.at_end && self.delimiter.starts_with(ahead) {
                    return None;
                }
            }
            self.scan += 1;
        }
        if self.scan - self.start > MAX_VALUE_BYTES || self.at_end {
            return Some(self.close_word());
        }
        None
    }

    fn close_word(&mut self) -> Token {
        let is_e = matches!(self.buffer[self.start..self.scan], [b'e' | b'E']);
        let token = self.close(TokenKind::Word, 0, 0);
        self.behind_e = is_e;
        token
    }

    fn number(&mut self) -> Option<Token> {
        let hexadecimal = self.buffer[self.start] == b'0'
            && matches!(self.buffer.get(self.start + 1), Some(b'x' | b'X'));
        while let Some(byte) = self.buffer.get(self.scan) {
            let signs_exponent = matches!(byte, b'+' | b'-')
                && !hexadecimal
                && matches!(self.buffer[self.scan - 1], b'e' | b'E')
                && self.buffer[self.start..self.scan - 1]
                    .iter()
                    .all(|b| b.is_ascii_digit() || *b == b'.');
            if !(is_word_byte(*byte) || *byte == b'.' || signs_exponent) {
                return Some(self.close(TokenKind::Number, 0, 0));
            }
            self.scan += 1;
        }
        if self.scan - self.start > MAX_VALUE_BYTES {
            let token = self.close(TokenKind::Oversized, 0, 0);
            return Some(token);
        }
        if self.at_end {
            Some(self.close(TokenKind::Number, 0, 0))
        } else {
            None
        }
    }

    fn enter(&mut self, mode: Mode, length: usize) -> Option<Token> {
        self.mode = mode;
        self.scan = self.start + length;
        None
    }

    /// Steps over bytes that mean nothing to the reader and hold no end of a line.
    fn skip(&mut self, length: usize) {
        self.start += length;
        self.scan = self.start;
        self.blank_before = true;
    }

    /// Ends the current token at `scan` plus `tail` closing bytes, its text without `head` opening ones.
    fn close(&mut self, kind: TokenKind, head: usize, tail: usize) -> Token {
        let length = self.scan - self.start;
        self.emit(kind, head, length, length + tail)
    }

    /// Ends a token without ends of lines in it.
    fn emit(&mut self, kind: TokenKind, head: usize, text_end: usize, consumed: usize) -> Token {
        let token = Token {
            kind,
            line: self.start_line,
            column: self.start_column,
            first_on_line: self.start_is_first,
            glued: !self.blank_before,
            escapes: false,
            start: self.start + head,
            end: self.start + text_end,
        };
        let end = (self.start + consumed).min(self.buffer.len());
        self.nothing_on_line = false;
        self.start = end;
        self.scan = end;
        self.mode = Mode::Between;
        self.blank_before = false;
        self.behind_e = false;
        token
    }

    /// Counts the lines of what is stepped over. Must be called before `start` moves past it.
    fn count_lines(&mut self, from: usize, to: usize) {
        let mut last = None;
        for found in memchr::memchr_iter(b'\n', &self.buffer[from..to]) {
            self.line += 1;
            last = Some(found);
        }
        if let Some(found) = last {
            self.line -= 1;
            self.new_line(from + found);
        }
    }

    fn new_line(&mut self, at: usize) {
        self.line += 1;
        self.line_start = i64::try_from(at).unwrap_or(i64::MAX - 1) + 1;
        self.nothing_on_line = true;
    }

    fn column_of(&self, at: usize) -> u64 {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        u64::try_from(at.saturating_sub(self.line_start)).unwrap_or(0) + 1
    }

    fn compact(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scan -= self.start;
            self.line_start -= i64::try_from(self.start).unwrap_or(i64::MAX);
            self.start = 0;
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@') || byte >= 0x80
}

#[cfg(test)]
mod tests;
