//! A push-based byte lexer for SQL text.
//!
//! Bytes go in by [`Lexer::feed`] in pieces of any size, tokens come out by [`Lexer::next_token`]. A token never depends on
//! where the pieces were cut. What is kept is the unfinished token and nothing else, so memory does not grow with the dump.
//!
//! The lexer works on bytes because real dumps mix encodings value by value; every encoding it is given (UTF-8,
//! windows-1252) keeps ASCII where ASCII is. It never fails: what cannot be read becomes a [`TokenKind::Unterminated`] or
//! [`TokenKind::Oversized`] token, and reading goes on behind it.

/// One quoted value may be this long. Larger ones are pictures or documents that no order field could hold, and one
/// forgotten quote must not read a whole dump into memory.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

/// `DELIMITER $$` stands on a short line; longer ones are something else.
const LONGEST_DELIMITER_LINE_BYTES: usize = 64;

/// How one dialect differs for the lexer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexerRules {
    /// `\'` inside a string is an escaped quote (MySQL unless `NO_BACKSLASH_ESCAPES`).
    pub backslash_escapes: bool,
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
    /// Any other byte.
    Punctuation(u8),
    /// The statement ends here.
    Terminator,
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
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Between,
    Word,
    Number,
    Quoted { close: u8, dropped: bool },
    LineComment,
    BlockComment { depth: u32 },
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
    in_conditional: bool,
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
            in_conditional: false,
        }
    }

    /// Takes the next piece of the text. Call [`Self::next_token`] until it gives `None` before feeding more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.compact();
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

    /// The rules in force.
    pub fn rules(&self) -> LexerRules {
        self.rules
    }

    /// Where the lexer stands: line and column, counted from 1.
    pub fn position(&self) -> (u64, u64) {
        (self.line, self.column_of(self.start))
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
                Mode::Quoted { close, dropped } => return self.quoted(close, dropped),
                Mode::LineComment => self.line_comment()?,
                Mode::BlockComment { depth } => self.block_comment(depth)?,
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

        if self.rules.delimiter_command && self.nothing_on_line && matches!(first, b'D' | b'd') {
            // Not the command: an ordinary word.
            if self.delimiter_command()?.is_some() {
                return Some(None);
            }
        }
        let ahead = &self.buffer[self.start..];
        let known = |count: usize| self.at_end || ahead.len() >= count;
        if first == self.delimiter[0] {
            if !known(self.delimiter.len()) && self.delimiter.starts_with(ahead) {
                return None;
            }
            if ahead.starts_with(&self.delimiter) {
                let length = self.delimiter.len();
                return Some(Some(self.emit(TokenKind::Terminator, 0, length, length)));
            }
        }
        match first {
            b'-' => {
                // `--` needs its third byte in MySQL: `5--3` is arithmetic there.
                if !known(3) {
                    return None;
                }
                let opens = ahead.get(1) == Some(&b'-')
                    && (!self.rules.dash_comment_needs_blank
                        || ahead.get(2).is_none_or(u8::is_ascii_whitespace));
                if opens {
                    return Some(self.enter(Mode::LineComment, 2));
                }
            }
            b'#' if self.rules.hash_comments => return Some(self.enter(Mode::LineComment, 1)),
            b'/' => {
                if !known(4) {
                    return None;
                }
                if ahead.get(1) == Some(&b'*') {
                    return self.open_block_comment();
                }
            }
            b'*' if self.in_conditional => {
                if !known(2) {
                    return None;
                }
                if ahead.get(1) == Some(&b'/') {
                    self.in_conditional = false;
                    self.skip(2);
                    return Some(None);
                }
            }
            b'\'' | b'"' | b'`' => {
                let mode = Mode::Quoted {
                    close: first,
                    dropped: false,
                };
                return Some(self.enter(mode, 1));
            }
            b'[' if self.rules.bracket_names => {
                let mode = Mode::Quoted {
                    close: b']',
                    dropped: false,
                };
                return Some(self.enter(mode, 1));
            }
            b'.' => {
                if !known(2) {
                    return None;
                }
                if ahead.get(1).is_some_and(u8::is_ascii_digit) && self.blank_before {
                    return Some(self.enter(Mode::Number, 1));
                }
            }
            byte if byte.is_ascii_digit() => return Some(self.enter(Mode::Number, 1)),
            byte if is_word_byte(byte) => return Some(self.enter(Mode::Word, 1)),
            _ => {}
        }
        let opens_value = matches!(first, b',' | b'(' | b'=' | b'-' | b'+');
        let token = self.emit(TokenKind::Punctuation(first), 0, 1, 1);
        // After `,` or `(` a `.5` is a number, after a name it is a qualified name's dot.
        self.blank_before |= opens_value;
        Some(Some(token))
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

    /// `DELIMITER xx` to the end of the line. Outer `None`: the line is not whole yet. `Some(None)`: not the command.
    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether a token came of it"
    )]
    fn delimiter_command(&mut self) -> Option<Option<()>> {
        const COMMAND: &[u8] = b"DELIMITER";
        let ahead = &self.buffer[self.start..];
        let compared = ahead.len().min(COMMAND.len());
        if !ahead[..compared].eq_ignore_ascii_case(&COMMAND[..compared]) {
            return Some(None);
        }
        if compared < COMMAND.len() {
            return if self.at_end { Some(None) } else { None };
        }
        // A terminator is a few signs; the line is bounded by that.
        let bounded = &ahead[..ahead.len().min(LONGEST_DELIMITER_LINE_BYTES)];
        let line = match bounded.iter().position(|byte| *byte == b'\n') {
            Some(end) => &ahead[COMMAND.len()..end],
            None if bounded.len() == LONGEST_DELIMITER_LINE_BYTES => return Some(None),
            None if self.at_end => &ahead[COMMAND.len()..],
            None => return None,
        };
        let wanted = line.trim_ascii();
        let separated = line.first().is_some_and(u8::is_ascii_whitespace);
        // `delimiter INT,` is a column of that name, not the command.
        let is_sign = |byte: &u8| byte.is_ascii_punctuation();
        if !separated || wanted.is_empty() || !wanted.iter().all(is_sign) {
            return Some(None);
        }
        self.delimiter = wanted.to_vec();
        let length = COMMAND.len() + line.len();
        self.skip(length);
        Some(Some(()))
    }

    #[expect(
        clippy::option_option,
        reason = "outside: whether enough bytes are there; inside: whether a token came of it"
    )]
    fn open_block_comment(&mut self) -> Option<Option<Token>> {
        let ahead = &self.buffer[self.start..];
        let prefix = match (ahead.get(2), ahead.get(3)) {
            (Some(b'!'), _) => 3,
            (Some(b'M'), Some(b'!')) => 4,
            _ => 0,
        };
        if prefix == 0 || !self.rules.conditional_comments {
            return Some(self.enter(Mode::BlockComment { depth: 1 }, 2));
        }
        // The version number of five or six digits belongs to the opening; its end must be in sight.
        let digits = ahead[prefix..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if !self.at_end && ahead.len() == prefix + digits && digits < 6 {
            return None;
        }
        self.in_conditional = true;
        self.skip(prefix + digits.min(6));
        Some(None)
    }

    fn word(&mut self) -> Option<Token> {
        // `END$$`: a terminator made of signs that words may hold ends the word.
        let cuts = is_word_byte(self.delimiter[0]);
        while let Some(byte) = self.buffer.get(self.scan) {
            if !is_word_byte(*byte) {
                return Some(self.close(TokenKind::Word, 0, 0));
            }
            if cuts && *byte == self.delimiter[0] {
                let ahead = &self.buffer[self.scan..];
                if ahead.starts_with(&self.delimiter) {
                    return Some(self.close(TokenKind::Word, 0, 0));
                }
                if !self.at_end && self.delimiter.starts_with(ahead) {
                    return None;
                }
            }
            self.scan += 1;
        }
        if self.scan - self.start > MAX_VALUE_BYTES || self.at_end {
            return Some(self.close(TokenKind::Word, 0, 0));
        }
        None
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

    fn quoted(&mut self, close: u8, dropped: bool) -> Option<Token> {
        let escapes = self.rules.backslash_escapes && matches!(close, b'\'' | b'"');
        loop {
            let rest = &self.buffer[self.scan..];
            let Some(found) = rest
                .iter()
                .position(|byte| *byte == close || (escapes && *byte == b'\\'))
            else {
                self.scan = self.buffer.len();
                break;
            };
            let at = self.scan + found;
            let next = self.buffer.get(at + 1).copied();
            if next.is_none() && !self.at_end {
                self.scan = at;
                return self.limit_quoted(close, dropped);
            }
            if self.buffer[at] == b'\\' || next == Some(close) {
                // An escaped byte, or a doubled quote.
                self.scan = (at + 2).min(self.buffer.len());
                continue;
            }
            self.scan = at;
            return self.close_quoted(close, dropped);
        }
        if self.at_end {
            return Some(self.unterminated());
        }
        self.limit_quoted(close, dropped)
    }

    fn close_quoted(&mut self, close: u8, dropped: bool) -> Option<Token> {
        if dropped || self.scan - self.start > MAX_VALUE_BYTES {
            return Some(self.close(TokenKind::Oversized, 0, 1));
        }
        if close == b'\'' && self.opener_inside().is_some() {
            // A statement opens inside this string. Either it is a value that holds SQL, then what follows continues a
            // list of values; or a quote was forgotten, and this is where the next statement would be swallowed.
            let behind = self.buffer[self.scan + 1..]
                .iter()
                .find(|byte| !byte.is_ascii_whitespace());
            match behind {
                None if !self.at_end => return None,
                Some(b',' | b')' | b';' | b'|') | None => {}
                Some(_) => return Some(self.unterminated()),
            }
        }
        let kind = match close {
            b'\'' => TokenKind::SingleQuoted,
            b'"' => TokenKind::DoubleQuoted,
            b'`' => TokenKind::BacktickName,
            _ => TokenKind::BracketName,
        };
        Some(self.close(kind, 1, 1))
    }

    /// Called when a quoted value goes on past the buffer: above the limit its bytes are dropped, its end still searched.
    fn limit_quoted(&mut self, close: u8, dropped: bool) -> Option<Token> {
        let held = self.scan - self.start;
        if dropped || held > MAX_VALUE_BYTES {
            self.count_lines(self.start, self.scan);
            // The line count is kept; `start` moves so that `compact` can let the bytes go.
            self.start = self.scan;
            self.mode = Mode::Quoted {
                close,
                dropped: true,
            };
        }
        None
    }

    /// Ends a quote that has no end: at the next line that opens a statement, or at the end of the text.
    fn unterminated(&mut self) -> Token {
        let end = self
            .opener_inside()
            .unwrap_or(self.scan.max(self.start + 1).min(self.buffer.len()));
        self.scan = end;
        self.close(TokenKind::Unterminated, 0, 0)
    }

    /// Where, inside the current token, a line begins with a word that opens a statement.
    fn opener_inside(&self) -> Option<usize> {
        let token = &self.buffer[self.start..self.scan];
        let mut from = 0;
        while let Some(found) = token[from..].iter().position(|byte| *byte == b'\n') {
            let line = from + found + 1;
            if opens_statement(&token[line..]) {
                return Some(self.start + line);
            }
            from = line;
        }
        None
    }

    fn line_comment(&mut self) -> Option<()> {
        let rest = &self.buffer[self.scan..];
        if let Some(found) = rest.iter().position(|byte| *byte == b'\n') {
            self.leave_comment(self.scan + found);
            return Some(());
        }
        self.drop_comment(0);
        self.at_end.then(|| self.mode = Mode::Between)
    }

    fn block_comment(&mut self, depth: u32) -> Option<()> {
        while let Some(byte) = self.buffer.get(self.scan) {
            if !matches!(byte, b'*' | b'/') {
                self.scan += 1;
                continue;
            }
            let Some(next) = self.buffer.get(self.scan + 1) else {
                break;
            };
            match (byte, next) {
                (b'*', b'/') if depth <= 1 => {
                    self.leave_comment(self.scan + 2);
                    return Some(());
                }
                (b'*', b'/') => {
                    self.scan += 2;
                    self.mode = Mode::BlockComment { depth: depth - 1 };
                    return Some(());
                }
                (b'/', b'*') if self.rules.nested_comments => {
                    self.scan += 2;
                    self.mode = Mode::BlockComment {
                        depth: depth.saturating_add(1),
                    };
                    return Some(());
                }
                _ => self.scan += 1,
            }
        }
        // The last byte may be half of `*/`: keep it.
        self.drop_comment(1);
        if self.at_end {
            self.leave_comment(self.buffer.len());
            return Some(());
        }
        None
    }

    /// Lets the bytes of a comment go, all but the last `keep`.
    fn drop_comment(&mut self, keep: usize) {
        let to = self.buffer.len().saturating_sub(keep).max(self.start);
        self.count_lines(self.start, to);
        self.start = to;
        self.scan = to;
    }

    fn leave_comment(&mut self, to: usize) {
        self.count_lines(self.start, to);
        self.start = to;
        self.scan = to;
        self.mode = Mode::Between;
        self.blank_before = true;
    }

    fn enter(&mut self, mode: Mode, length: usize) -> Option<Token> {
        self.mode = mode;
        self.scan = self.start + length;
        None
    }

    /// Steps over bytes that mean nothing to the reader.
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

    fn emit(&mut self, kind: TokenKind, head: usize, text_end: usize, consumed: usize) -> Token {
        let token = Token {
            kind,
            line: self.start_line,
            column: self.start_column,
            first_on_line: self.start_is_first,
            glued: !self.blank_before,
            start: self.start + head,
            end: self.start + text_end,
        };
        let end = (self.start + consumed).min(self.buffer.len());
        self.nothing_on_line = false;
        self.count_lines(self.start, end);
        self.start = end;
        self.scan = end;
        self.mode = Mode::Between;
        self.blank_before = false;
        token
    }

    fn count_lines(&mut self, from: usize, to: usize) {
        let mut at = from;
        while let Some(found) = self.buffer[at..to].iter().position(|byte| *byte == b'\n') {
            self.new_line(at + found);
            at += found + 1;
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

/// Words that open a statement. A line that begins with one, behind a broken statement, is where reading resumes.
const OPENERS: [&[u8]; 9] = [
    b"INSERT INTO ",
    b"REPLACE INTO ",
    b"CREATE TABLE ",
    b"ALTER TABLE ",
    b"DROP TABLE ",
    b"LOCK TABLES ",
    b"UNLOCK TABLES",
    b"INSERT IGNORE ",
    b"INSERT OR ",
];

fn opens_statement(line: &[u8]) -> bool {
    OPENERS.iter().any(|opener| {
        line.len() >= opener.len() && line[..opener.len()].eq_ignore_ascii_case(opener)
    })
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::dialect::Dialect;

    type Seen = (TokenKind, u64, u64, bool, bool, Vec<u8>);

    fn lex(dialect: Dialect, pieces: &[&[u8]]) -> Vec<Seen> {
        let mut lexer = Lexer::new(dialect.lexer_rules());
        let mut seen = Vec::new();
        let drain = |lexer: &mut Lexer, seen: &mut Vec<Seen>| {
            while let Some(token) = lexer.next_token() {
                let text = lexer.text(&token).to_vec();
                seen.push((
                    token.kind,
                    token.line,
                    token.column,
                    token.first_on_line,
                    token.glued,
                    text,
                ));
            }
        };
        for piece in pieces {
            lexer.feed(piece);
            drain(&mut lexer, &mut seen);
        }
        lexer.end();
        drain(&mut lexer, &mut seen);
        seen
    }

    fn words(dialect: Dialect, text: &str) -> Vec<String> {
        lex(dialect, &[text.as_bytes()])
            .into_iter()
            .map(|(kind, .., text)| format!("{kind:?}:{}", String::from_utf8_lossy(&text)))
            .collect()
    }

    #[test]
    fn mysql_conditional_comments_are_code_and_their_delimiters_are_not() {
        assert_eq!(
            words(
                Dialect::MySql,
                "/*!40101 SET NAMES utf8 */;\n/* no */ -- no\n# no\nSELECT 5--3"
            ),
            [
                "Word:SET",
                "Word:NAMES",
                "Word:utf8",
                "Terminator:;",
                "Word:SELECT",
                "Number:5",
                "Punctuation(45):-",
                "Punctuation(45):-",
                "Number:3"
            ]
        );
    }

    #[test]
    fn a_changed_delimiter_keeps_a_procedure_in_one_statement() {
        let text = "DELIMITER $$\nBEGIN a; END$$\nDELIMITER ;\nSELECT 1;";
        let kinds: Vec<String> = words(Dialect::MySql, text);
        assert_eq!(
            kinds
                .iter()
                .filter(|kind| kind.starts_with("Terminator"))
                .count(),
            2,
            "{kinds:?}"
        );
    }

    #[test]
    fn quotes_of_every_kind() {
        assert_eq!(
            words(Dialect::MySql, r"'it''s' 'it\'s' `Aufträge` N'x'"),
            [
                r"SingleQuoted:it''s",
                r"SingleQuoted:it\'s",
                "BacktickName:Aufträge",
                "Word:N",
                "SingleQuoted:x"
            ]
        );
        assert_eq!(
            words(Dialect::SqliteScript, r"'back\' [Order Details] .5 a.b"),
            [
                r"SingleQuoted:back\",
                "BracketName:Order Details",
                "Number:.5",
                "Word:a",
                "Punctuation(46):.",
                "Word:b"
            ]
        );
    }

    #[test]
    fn a_forgotten_quote_does_not_take_the_next_statement() {
        let seen = words(
            Dialect::SqliteScript,
            "INSERT INTO a VALUES ('broken);\nINSERT INTO a VALUES (1, 'whole');\n",
        );
        assert!(
            seen.iter().any(|token| token.starts_with("Unterminated")),
            "{seen:?}"
        );
        assert!(seen.contains(&"SingleQuoted:whole".to_owned()), "{seen:?}");
    }

    #[test]
    fn a_value_above_the_limit_is_one_token_without_its_bytes() {
        let mut lexer = Lexer::new(Dialect::SqliteScript.lexer_rules());
        let piece = vec![b'a'; 1024 * 1024];
        lexer.feed(b"'");
        assert!(lexer.next_token().is_none());
        for _ in 0..20 {
            lexer.feed(&piece);
            assert!(lexer.next_token().is_none());
        }
        assert!(
            lexer.buffer.len() < 3 * piece.len(),
            "the value's bytes are let go"
        );
        lexer.feed(b"', 7");
        lexer.end();
        let kinds: Vec<TokenKind> =
            std::iter::from_fn(|| lexer.next_token().map(|token| token.kind)).collect();
        assert_eq!(
            kinds,
            [
                TokenKind::Oversized,
                TokenKind::Punctuation(b','),
                TokenKind::Number
            ]
        );
    }

    fn sql_like() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("'".to_owned()),
            Just("\"".to_owned()),
            Just("`".to_owned()),
            Just("[".to_owned()),
            Just("]".to_owned()),
            Just("\\".to_owned()),
            Just("\n".to_owned()),
            Just("--".to_owned()),
            Just("/*".to_owned()),
            Just("/*!4".to_owned()),
            Just("*/".to_owned()),
            Just(";".to_owned()),
            Just("DELIMITER $$\n".to_owned()),
            Just("$$".to_owned()),
            Just("\nINSERT INTO x VALUES (".to_owned()),
            Just("1e".to_owned()),
            Just("-".to_owned()),
            Just(".".to_owned()),
            Just("0x".to_owned()),
            "[a-z0-9 ,()]{0,8}",
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn any_bytes_are_lexed_without_a_panic(bytes: Vec<u8>) {
            for dialect in [Dialect::MySql, Dialect::SqliteScript] {
                lex(dialect, &[&bytes]);
            }
        }

        #[test]
        fn where_the_pieces_are_cut_changes_nothing(bytes in sql_like(), size in 1_usize..9) {
            for dialect in [Dialect::MySql, Dialect::SqliteScript] {
                let whole = lex(dialect, &[&bytes]);
                let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
                prop_assert_eq!(&whole, &lex(dialect, &pieces));
            }
        }
    }
}
