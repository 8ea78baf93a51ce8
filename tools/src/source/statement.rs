//! Puts tokens together to statements: tables and rows go to a [`Sink`], the rest is named and stepped over.
//!
//! A row is handed on as soon as its parenthesis closes, so an `INSERT` of any length needs the memory of one row. A
//! broken statement never takes its neighbours along: a broken row ends at its parenthesis, a broken statement at its
//! terminator or at the next line that opens a statement.

use super::encoding::EncodingCensus;
use super::expression::{self, Value};
use super::lexer::{Lexer, MAX_VALUE_BYTES, Token, TokenKind};
use super::row::Row;
use super::schema::{self, Change, TableSchema};
use super::words::{dropped_tables, emptied_table, insert_target, kind_of, renamed, unescape};

/// All values of one row together may take this much. A row of an order database takes kilobytes.
pub const MAX_ROW_BYTES: usize = 32 * 1024 * 1024;

/// A statement that is read whole (`CREATE TABLE`, `ALTER TABLE`) may have this many words; a table of a thousand columns
/// stays far below.
const MAX_STATEMENT_PIECES: usize = 65_536;

/// Of statements that are stepped over only the first words are kept, to name them.
pub(super) const PIECES_THAT_NAME: usize = 16;

/// What the reader finds. Every call may fail for the sink's own reasons (a full disk), which ends the reading.
pub trait Sink {
    /// Why the sink cannot go on.
    type Failure;

    /// A table is declared.
    fn create_table(&mut self, table: TableSchema) -> Result<(), Self::Failure>;
    /// A declaration is amended later.
    fn change_table(&mut self, name: &str, change: Change) -> Result<(), Self::Failure>;
    /// A table and its rows are dropped.
    fn drop_table(&mut self, name: &str) -> Result<(), Self::Failure>;
    /// A table gets another name.
    fn rename_table(&mut self, from: &str, to: &str) -> Result<(), Self::Failure>;
    /// All rows of a table are deleted.
    fn empty_table(&mut self, name: &str) -> Result<(), Self::Failure>;
    /// The rows that follow belong to this table and these columns.
    fn begin_rows(&mut self, target: &InsertTarget) -> Result<(), Self::Failure>;
    /// One row. `Ok(Some(reason))`: the row does not fit its table.
    fn row(&mut self, row: &Row, line: u64) -> Result<Option<String>, Self::Failure>;
    /// A statement was stepped over.
    fn skipped(&mut self, line: u64, kind: &str) -> Result<(), Self::Failure>;
    /// A statement changes rows in a way that is not carried out here (`UPDATE`, `DELETE ... WHERE`).
    fn unapplied(&mut self, line: u64, kind: &str) -> Result<(), Self::Failure>;
    /// Something could not be read.
    fn broken(&mut self, line: u64, column: u64, message: &str) -> Result<(), Self::Failure>;
}

/// Where rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertTarget {
    /// The table's name.
    pub table: String,
    /// The columns named in the `INSERT`; `None` means all in their order.
    pub columns: Option<Vec<String>>,
    /// What happens to a row whose key is there already.
    pub on_conflict: OnConflict,
}

/// What an `INSERT` does about a key that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The engine refuses the row.
    Refuse,
    /// The older row stays, silently.
    Ignore,
    /// The newer row takes its place.
    Replace,
}

/// A part of a statement that is read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its text, decoded and unescaped.
    pub text: String,
    /// The bytes of a text as they stood, for binary literals.
    pub raw: Vec<u8>,
    line: u64,
    column: u64,
}

/// The kinds of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// An unquoted word.
    Word,
    /// A name in whatever quotes.
    QuotedName,
    /// A number as written.
    Number,
    /// A text.
    Text,
    /// Any other sign.
    Punctuation(u8),
}

impl Piece {
    /// Whether this is the given keyword. A quoted name never is.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == PieceKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// The piece for a message, shortened.
    pub fn shown(&self) -> String {
        match self.kind {
            PieceKind::Punctuation(sign) => char::from(sign).to_string(),
            _ => self.text.chars().take(40).collect(),
        }
    }
}

/// Reads the statements of one dump. Feed it pieces, then [`Self::finish`].
pub struct StatementReader {
    lexer: Lexer,
    state: State,
    pieces: Vec<Piece>,
    depth: u32,
    row: Row,
    scratch: Vec<u8>,
    census: EncodingCensus,
    sqlite: bool,
    statement_line: u64,
    last_line: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between statements.
    Start,
    /// Collecting the pieces of a statement.
    Collect { whole: bool },
    /// Inside the body of a SQLite trigger, which holds terminators of its own.
    TriggerBody {
        after_terminator: bool,
        closing: bool,
    },
    /// Behind `VALUES` or between rows; `comma` says that one more row must follow.
    BetweenRows { comma: bool, any: bool },
    /// Inside a row.
    InRow {
        line: u64,
        broken: bool,
        filled: Filled,
    },
    /// Behind the rows: `ON DUPLICATE KEY ...`, stepped over.
    BehindRows,
    /// Stepping over the rest of a statement that could not be read.
    Broken,
}

/// How far the value at hand has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// Nothing yet.
    Nothing,
    /// One plain literal, already in the row; its kind in case more follows.
    Plain(PieceKind),
    /// Several pieces, to be evaluated.
    Pieces,
}

impl StatementReader {
    /// A reader at the start of a dump.
    pub fn new(dialect: super::dialect::Dialect) -> Self {
        Self {
            lexer: Lexer::new(dialect.lexer_rules()),
            state: State::Start,
            pieces: Vec::new(),
            depth: 0,
            row: Row::default(),
            scratch: Vec::new(),
            census: EncodingCensus::default(),
            sqlite: dialect == super::dialect::Dialect::SqliteScript,
            statement_line: 1,
            last_line: 1,
        }
    }

    /// Takes the next piece of the dump.
    pub fn feed<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Failure> {
        self.lexer.feed(bytes);
        self.drain(sink)
    }

    /// The dump is complete. A statement in the middle of which it ends is reported.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<EncodingCensus, S::Failure> {
        self.lexer.end();
        self.drain(sink)?;
        let cut_off = "the dump ends in the middle of this statement; what it lacks is not in the file: dump it again";
        match self.state {
            State::InRow {
                line,
                broken: false,
                ..
            } => sink.broken(line, 1, cut_off)?,
            State::TriggerBody { .. } => sink.broken(self.statement_line, 1, cut_off)?,
            State::Collect { .. } if self.depth > 0 => {
                sink.broken(self.statement_line, 1, cut_off)?;
            }
            State::BetweenRows { comma: true, .. } => sink.broken(self.last_line, 1, cut_off)?,
            State::Collect { .. } => self.end_statement(sink)?,
            _ => {}
        }
        self.state = State::Start;
        Ok(self.census)
    }

    fn drain<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        while let Some(token) = self.lexer.next_token() {
            self.last_line = token.line;
            self.take(token, sink)?;
        }
        Ok(())
    }

    fn take<S: Sink>(&mut self, token: Token, sink: &mut S) -> Result<(), S::Failure> {
        if token.kind == TokenKind::Unterminated {
            self.state = State::Broken;
            let message =
                "a quote opens here and is never closed; reading goes on at the next statement";
            return sink.broken(token.line, token.column, message);
        }
        if self.opens_without_terminator(&token) {
            self.end_early(&token, sink)?;
        }
        match self.state {
            State::Start => self.start(token),
            State::Collect { whole } => self.collect(token, whole, sink)?,
            State::TriggerBody {
                after_terminator,
                closing,
            } => {
                self.trigger_body(token, after_terminator, closing, sink)?;
            }
            State::BetweenRows { comma, any } => self.between_rows(token, comma, any, sink)?,
            State::InRow {
                line,
                broken,
                filled,
            } => self.in_row(token, line, broken, filled, sink)?,
            State::BehindRows | State::Broken => {
                if token.kind == TokenKind::Terminator {
                    self.state = State::Start;
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, token: Token) {
        if token.kind == TokenKind::Terminator {
            return;
        }
        self.pieces.clear();
        self.depth = 0;
        self.statement_line = token.line;
        self.state = State::Collect { whole: true };
        self.keep(token);
    }

    /// A keyword at the start of a line where the statement before could have ended, but bears no terminator.
    fn opens_without_terminator(&self, token: &Token) -> bool {
        if !token.first_on_line || token.kind != TokenKind::Word {
            return false;
        }
        let text = self.lexer.text(token);
        let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
        match self.state {
            State::Start | State::TriggerBody { .. } => false,
            State::Broken => [
                "INSERT", "REPLACE", "CREATE", "ALTER", "DROP", "LOCK", "UNLOCK",
            ]
            .into_iter()
            .any(is),
            State::BetweenRows { .. } | State::BehindRows => [
                "INSERT", "CREATE", "ALTER", "DROP", "UPDATE", "DELETE", "SET", "UNLOCK", "COMMIT",
            ]
            .into_iter()
            .any(is),
            State::InRow { filled, .. } => {
                filled == Filled::Nothing && ["INSERT", "CREATE"].into_iter().any(is)
            }
            State::Collect { .. } => {
                let behind_list = self.depth == 0
                    && self
                        .pieces
                        .last()
                        .is_some_and(|piece| piece.kind == PieceKind::Punctuation(b')'));
                behind_list
                    && self.begins("CREATE")
                    && ["INSERT", "CREATE", "ALTER"].into_iter().any(is)
            }
        }
    }

    fn end_early<S: Sink>(&mut self, token: &Token, sink: &mut S) -> Result<(), S::Failure> {
        match self.state {
            State::Collect { .. } => self.end_statement(sink)?,
            State::InRow {
                line,
                broken: false,
                ..
            } => {
                sink.broken(
                    line,
                    1,
                    "this row is not closed before the next statement opens",
                )?;
            }
            State::BetweenRows { comma: true, .. } => {
                sink.broken(
                    token.line,
                    token.column,
                    "a comma promises a row, but the next statement opens",
                )?;
            }
            _ => {}
        }
        self.state = State::Start;
        Ok(())
    }

    fn collect<S: Sink>(
        &mut self,
        token: Token,
        whole: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::Terminator => {
                if self.sqlite && self.begins("CREATE") && self.names("TRIGGER") {
                    self.state = State::TriggerBody {
                        after_terminator: true,
                        closing: false,
                    };
                    return Ok(());
                }
                return self.end_statement(sink);
            }
            TokenKind::Punctuation(b'(') => self.depth += 1,
            TokenKind::Punctuation(b')') => self.depth = self.depth.saturating_sub(1),
            TokenKind::Word if self.depth == 0 && self.is_insert() => {
                let text = self.lexer.text(&token);
                if text.eq_ignore_ascii_case(b"VALUES") || text.eq_ignore_ascii_case(b"VALUE") {
                    return self.begin_rows(&token, sink);
                }
            }
            _ => {}
        }
        if self.pieces.len() == PIECES_THAT_NAME && !self.is_read_whole() {
            self.state = State::Collect { whole: false };
        } else if whole {
            if self.pieces.len() >= MAX_STATEMENT_PIECES {
                let message = format!(
                    "this statement has more than {MAX_STATEMENT_PIECES} words; it was not read"
                );
                sink.broken(self.statement_line, 1, &message)?;
                self.state = State::Broken;
                return Ok(());
            }
            self.keep(token);
        }
        Ok(())
    }

    fn trigger_body<S: Sink>(
        &mut self,
        token: Token,
        after_terminator: bool,
        closing: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let is_terminator = token.kind == TokenKind::Terminator;
        if is_terminator && closing {
            return self.end_statement(sink);
        }
        let is_end =
            token.kind == TokenKind::Word && self.lexer.text(&token).eq_ignore_ascii_case(b"END");
        self.state = State::TriggerBody {
            after_terminator: is_terminator,
            closing: after_terminator && is_end,
        };
        Ok(())
    }

    fn begin_rows<S: Sink>(&mut self, token: &Token, sink: &mut S) -> Result<(), S::Failure> {
        match insert_target(&self.pieces) {
            Ok(target) => {
                sink.begin_rows(&target)?;
                self.state = State::BetweenRows {
                    comma: true,
                    any: false,
                };
            }
            Err(message) => {
                sink.broken(token.line, token.column, &message)?;
                self.state = State::Broken;
            }
        }
        Ok(())
    }

    fn between_rows<S: Sink>(
        &mut self,
        token: Token,
        comma: bool,
        any: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::Punctuation(b'(') => {
                self.row.clear();
                self.pieces.clear();
                self.depth = 0;
                self.state = State::InRow {
                    line: token.line,
                    broken: false,
                    filled: Filled::Nothing,
                };
                if !comma {
                    sink.broken(
                        token.line,
                        token.column,
                        "a comma between two rows is missing; both were read",
                    )?;
                }
            }
            TokenKind::Punctuation(b',') if !comma => {
                self.state = State::BetweenRows { comma: true, any }
            }
            TokenKind::Terminator => {
                if comma {
                    let message = if any {
                        "a comma promises a row that does not follow"
                    } else {
                        "VALUES without a row"
                    };
                    sink.broken(token.line, token.column, message)?;
                }
                self.state = State::Start;
            }
            TokenKind::Word if any && !comma => self.state = State::BehindRows,
            _ => {
                sink.broken(
                    token.line,
                    token.column,
                    "a row in parentheses was expected here",
                )?;
                self.state = State::Broken;
            }
        }
        Ok(())
    }

    fn in_row<S: Sink>(
        &mut self,
        token: Token,
        line: u64,
        broken: bool,
        filled: Filled,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let outermost = self.depth == 0;
        match token.kind {
            TokenKind::Punctuation(b',') if outermost => {
                let fine = broken || self.end_value(&token, filled, sink)?;
                self.state = State::InRow {
                    line,
                    broken: broken || !fine,
                    filled: Filled::Nothing,
                };
            }
            TokenKind::Punctuation(b')') if outermost => {
                let fine = !broken && self.end_value(&token, filled, sink)?;
                self.state = State::BetweenRows {
                    comma: false,
                    any: true,
                };
                if fine && let Some(reason) = sink.row(&self.row, line)? {
                    sink.broken(line, 1, &reason)?;
                }
            }
            TokenKind::Terminator => {
                if !broken {
                    sink.broken(
                        token.line,
                        token.column,
                        "the row is not closed when the statement ends",
                    )?;
                }
                self.state = State::Start;
            }
            TokenKind::Oversized => {
                if !broken {
                    let limit = MAX_VALUE_BYTES / (1024 * 1024);
                    let message =
                        format!("a value is larger than {limit} MiB; this row was not read");
                    sink.broken(token.line, token.column, &message)?;
                }
                self.state = State::InRow {
                    line,
                    broken: true,
                    filled,
                };
            }
            _ => {
                match token.kind {
                    TokenKind::Punctuation(b'(') => self.depth += 1,
                    TokenKind::Punctuation(b')') => self.depth -= 1,
                    _ => {}
                }
                if broken {
                    return Ok(());
                }
                let filled = self.add_to_value(token, filled);
                let too_large =
                    self.row.bytes() > MAX_ROW_BYTES || self.pieces.len() > PIECES_PER_VALUE;
                if too_large {
                    let message = "a row is larger than the limit; it was not read";
                    sink.broken(token.line, token.column, message)?;
                }
                self.state = State::InRow {
                    line,
                    broken: too_large,
                    filled,
                };
            }
        }
        Ok(())
    }

    /// Adds a token to the value at hand: a plain literal goes straight into the row.
    fn add_to_value(&mut self, token: Token, filled: Filled) -> Filled {
        match filled {
            Filled::Nothing => match token.kind {
                TokenKind::SingleQuoted | TokenKind::DoubleQuoted => {
                    self.push_quoted(&token);
                    return Filled::Plain(PieceKind::Text);
                }
                TokenKind::Number => {
                    let text = self.lexer.text(&token);
                    if let Some(text) = std::str::from_utf8(text)
                        .ok()
                        .filter(|text| expression::is_decimal(text))
                    {
                        self.row.push_text(text);
                        return Filled::Plain(PieceKind::Number);
                    }
                }
                TokenKind::Word if self.lexer.text(&token).eq_ignore_ascii_case(b"NULL") => {
                    self.row.push_null();
                    return Filled::Plain(PieceKind::Word);
                }
                _ => {}
            },
            Filled::Plain(kind) => {
                // More follows: what stands in the row becomes the first piece of an expression.
                let text = match self.row.cell(self.row.len() - 1) {
                    super::row::Cell::Text(text) => text.to_owned(),
                    _ => "NULL".to_owned(),
                };
                self.row.pop();
                let raw = text.clone().into_bytes();
                self.pieces.push(Piece {
                    kind,
                    text,
                    raw,
                    line: token.line,
                    column: token.column,
                });
            }
            Filled::Pieces => {}
        }
        self.keep(token);
        Filled::Pieces
    }

    /// Ends the value at hand. `false`: it could not be read and was reported.
    fn end_value<S: Sink>(
        &mut self,
        token: &Token,
        filled: Filled,
        sink: &mut S,
    ) -> Result<bool, S::Failure> {
        match filled {
            Filled::Plain(_) => return Ok(true),
            Filled::Nothing => {
                sink.broken(
                    token.line,
                    token.column,
                    "a value is missing here; this row was not read",
                )?;
                return Ok(false);
            }
            Filled::Pieces => {}
        }
        let value = expression::evaluate(&self.pieces);
        let place = self
            .pieces
            .first()
            .map_or((token.line, token.column), |piece| {
                (piece.line, piece.column)
            });
        self.pieces.clear();
        match value {
            Ok(Value::Null) => self.row.push_null(),
            Ok(Value::Default) => self.row.push_default(),
            Ok(Value::Text(text)) => self.row.push_text(&text),
            Ok(Value::Blob(bytes)) => self.row.push_blob(&bytes),
            Err(message) => {
                sink.broken(
                    place.0,
                    place.1,
                    &format!("{message}; this row was not read"),
                )?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn push_quoted(&mut self, token: &Token) {
        let quote = if token.kind == TokenKind::SingleQuoted {
            b'\''
        } else {
            b'"'
        };
        let backslash = self.lexer.rules().backslash_escapes;
        let bytes = self.lexer.text(token);
        let census = &mut self.census;
        if bytes.contains(&quote) || (backslash && bytes.contains(&b'\\')) {
            self.scratch.clear();
            unescape(bytes, quote, backslash, &mut self.scratch);
            let scratch = &self.scratch;
            self.row.push_text_with(|text| census.decode(scratch, text));
        } else {
            self.row.push_text_with(|text| census.decode(bytes, text));
        }
    }

    fn keep(&mut self, token: Token) {
        let bytes = self.lexer.text(&token);
        let mut raw = Vec::new();
        let kind = match token.kind {
            TokenKind::Word => PieceKind::Word,
            TokenKind::Number => PieceKind::Number,
            TokenKind::SingleQuoted => {
                unescape(bytes, b'\'', self.lexer.rules().backslash_escapes, &mut raw);
                PieceKind::Text
            }
            TokenKind::DoubleQuoted => {
                unescape(bytes, b'"', false, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::BacktickName => {
                unescape(bytes, b'`', false, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::BracketName => {
                unescape(bytes, b']', false, &mut raw);
                PieceKind::QuotedName
            }
            TokenKind::Punctuation(sign) => PieceKind::Punctuation(sign),
            TokenKind::Terminator | TokenKind::Unterminated | TokenKind::Oversized => return,
        };
        let mut text = String::new();
        self.census
            .decode(if raw.is_empty() { bytes } else { &raw }, &mut text);
        if kind == PieceKind::Text && raw.is_empty() {
            text.clear();
        }
        self.pieces.push(Piece {
            kind,
            text,
            raw,
            line: token.line,
            column: token.column,
        });
    }

    fn begins(&self, word: &str) -> bool {
        self.pieces.first().is_some_and(|piece| piece.is_word(word))
    }

    fn names(&self, word: &str) -> bool {
        self.pieces
            .iter()
            .take(PIECES_THAT_NAME)
            .any(|piece| piece.is_word(word))
    }

    fn is_insert(&self) -> bool {
        self.begins("INSERT") || self.begins("REPLACE")
    }

    fn is_read_whole(&self) -> bool {
        let object = self.pieces.iter().skip(1).take(4).find(|piece| {
            [
                "TABLE",
                "VIEW",
                "TRIGGER",
                "PROCEDURE",
                "FUNCTION",
                "INDEX",
                "EVENT",
            ]
            .iter()
            .any(|word| piece.is_word(word))
        });
        let object_is = |word: &str| object.is_some_and(|piece| piece.is_word(word));
        match self.pieces.first() {
            Some(piece) if piece.is_word("CREATE") => {
                object_is("TABLE") || (object_is("INDEX") && self.names("UNIQUE"))
            }
            Some(piece) if piece.is_word("ALTER") || piece.is_word("DROP") => object_is("TABLE"),
            Some(piece) => ["INSERT", "REPLACE", "SET", "DELETE", "TRUNCATE", "RENAME"]
                .iter()
                .any(|word| piece.is_word(word)),
            None => true,
        }
    }

    fn end_statement<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        self.state = State::Start;
        let pieces = std::mem::take(&mut self.pieces);
        let outcome = self.carry_out(&pieces, sink);
        self.pieces = pieces;
        self.pieces.clear();
        outcome
    }

    fn carry_out<S: Sink>(&mut self, pieces: &[Piece], sink: &mut S) -> Result<(), S::Failure> {
        let line = self.statement_line;
        let kind = kind_of(pieces);
        match kind.as_str() {
            "CREATE TABLE" => match schema::read_create_table(pieces) {
                Ok(mut table) => {
                    if self.sqlite {
                        table.apply_sqlite_rowid_rule();
                    }
                    sink.create_table(table)?;
                }
                Err(trouble) => report(&trouble, pieces, sink)?,
            },
            "ALTER TABLE" => match schema::read_alter_table(pieces) {
                Ok((name, changes)) => {
                    if changes.is_empty() {
                        match renamed(pieces) {
                            Some(to) => sink.rename_table(&name, &to)?,
                            None => sink.skipped(line, &kind)?,
                        }
                    }
                    for change in changes {
                        sink.change_table(&name, change)?;
                    }
                }
                Err(trouble) => report(&trouble, pieces, sink)?,
            },
            "CREATE UNIQUE INDEX" => match schema::read_unique_index(pieces) {
                Some((table, columns)) => sink.change_table(&table, Change::UniqueKey(columns))?,
                None => sink.skipped(line, &kind)?,
            },
            "DROP TABLE" => {
                for name in dropped_tables(pieces) {
                    sink.drop_table(&name)?;
                }
            }
            "DELETE" | "TRUNCATE" => match emptied_table(pieces) {
                Some(name) => sink.empty_table(&name)?,
                None => sink.unapplied(line, &kind)?,
            },
            "UPDATE" | "INSERT" | "REPLACE" | "MERGE" | "LOAD DATA" => {
                sink.unapplied(line, &kind)?;
            }
            _ => {
                if kind == "SET" {
                    self.note_sql_mode(pieces);
                }
                sink.skipped(line, &kind)?;
            }
        }
        Ok(())
    }

    fn note_sql_mode(&mut self, pieces: &[Piece]) {
        let names_mode = pieces
            .iter()
            .any(|piece| piece.text.to_ascii_lowercase().ends_with("sql_mode"));
        let literal = pieces.iter().find(|piece| piece.kind == PieceKind::Text);
        if let (true, Some(mode)) = (names_mode, literal) {
            let off = mode
                .text
                .to_ascii_uppercase()
                .contains("NO_BACKSLASH_ESCAPES");
            self.lexer.set_backslash_escapes(!off && !self.sqlite);
        }
    }
}

/// One value that is an expression may have this many parts; `replace(replace(...))` has a dozen.
const PIECES_PER_VALUE: usize = 4096;

fn report<S: Sink>(
    trouble: &schema::Trouble,
    pieces: &[Piece],
    sink: &mut S,
) -> Result<(), S::Failure> {
    let (line, column) = pieces
        .get(trouble.piece)
        .map_or((1, 1), |piece| (piece.line, piece.column));
    sink.broken(line, column, &trouble.message)
}
