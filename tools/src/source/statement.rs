//! Puts tokens together to statements: tables and rows go to a [`Sink`], the rest is named and stepped over.
//!
//! A row is handed on as soon as its parenthesis closes, so an `INSERT` of any length needs the memory of one row. A
//! broken statement never takes its neighbours along: a broken row ends at its parenthesis, a broken statement at its
//! terminator or at the next line that opens a statement.

mod carry_out;
mod copy;
mod flow;
mod piece;
mod rows;
mod select;

use super::dialect::Dialect;
use super::encoding::EncodingCensus;
use super::lexer::{Lexer, Token, TokenKind};
use super::names::{Naming, TableName};
use super::row::Row;
use super::schema::{Change, TableSchema};
use super::words::{Escapes, insert_target};
use copy::CopyFormat;
use flow::Flow;
use rows::Filled;
use select::{Assigned, Selected, Union};

pub use piece::{Piece, PieceKind};

/// All values of one row together may take this much. A row of an order database takes kilobytes.
pub const MAX_ROW_BYTES: usize = 32 * 1024 * 1024;

/// A statement that is read whole (`CREATE TABLE`, `ALTER TABLE`) may have this many words; a table of a thousand columns
/// stays far below.
const MAX_STATEMENT_PIECES: usize = 65_536;

/// And so many bytes, or memory would grow with words of any length.
const MAX_STATEMENT_BYTES: usize = 8 * 1024 * 1024;

/// Of statements that are stepped over only the first words are kept, to name them.
pub(super) const PIECES_THAT_NAME: usize = 16;

/// What the reader finds. Every call may fail for the sink's own reasons (a full disk), which ends the reading.
pub trait Sink {
    /// Why the sink cannot go on.
    type Failure;

    /// A table is declared.
    fn create_table(&mut self, table: TableSchema) -> Result<(), Self::Failure>;
    /// A table is declared to be like another one (`LIKE`, `PARTITION OF`).
    fn create_table_like(
        &mut self,
        table: &TableName,
        model: &TableName,
    ) -> Result<(), Self::Failure>;
    /// A view is declared: a table of its name without rows was only its place holder.
    fn create_view(&mut self, name: &TableName) -> Result<(), Self::Failure>;
    /// A declaration is amended later.
    fn change_table(&mut self, name: &TableName, change: Change) -> Result<(), Self::Failure>;
    /// A table and its rows are dropped.
    fn drop_table(&mut self, name: &TableName) -> Result<(), Self::Failure>;
    /// A table gets another name.
    fn rename_table(&mut self, from: &TableName, to: &str) -> Result<(), Self::Failure>;
    /// All rows of a table are deleted.
    fn empty_table(&mut self, name: &TableName) -> Result<(), Self::Failure>;
    /// The rows that follow belong to this table and these columns.
    fn begin_rows(&mut self, target: &InsertTarget) -> Result<(), Self::Failure>;
    /// One row, and where it begins. If it does not fit its table, the sink notes that as broken.
    fn row(&mut self, row: &Row, line: u64, column: u64) -> Result<(), Self::Failure>;
    /// Rows since [`Self::begin_rows`] yield to rows that are there (`ON CONFLICT DO NOTHING` stands behind them).
    fn rows_yield(&mut self) -> Result<(), Self::Failure>;
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
    pub table: TableName,
    /// The columns named in the `INSERT`; `None` means all in their order.
    pub columns: Option<Vec<String>>,
    /// What happens to a row whose key is there already.
    pub on_conflict: OnConflict,
    /// A 0 in a column that counts up asks for the next number: MySQL, unless `NO_AUTO_VALUE_ON_ZERO` is set, as in dumps.
    pub zero_counts: bool,
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

/// Reads the statements of one dump. Feed it pieces, then [`Self::finish`].
pub struct StatementReader {
    dialect: Dialect,
    lexer: Lexer,
    naming: Naming,
    state: State,
    pieces: Vec<Piece>,
    piece_bytes: usize,
    depth: u32,
    row: Row,
    scratch: Vec<u8>,
    census: EncodingCensus,
    flow: Flow,
    copy: CopyFormat,
    union: Union,
    assigned_to: Option<InsertTarget>,
    zero_counts: bool,
    statement_line: u64,
    row_column: u64,
    last_line: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between statements.
    Start,
    /// Collecting the pieces of a statement.
    Collect { whole: bool },
    /// Inside a body that holds terminators of its own: a trigger of SQLite, a function of PostgreSQL.
    Body {
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
    BehindRows { do_seen: bool },
    /// Among the values of a row behind `INSERT ... SELECT`, or between two such rows.
    Select(Selected),
    /// Behind `INSERT ... SET`.
    Set(Assigned),
    /// Among the lines of a `COPY`.
    Copy,
    /// Stepping over the rest of a statement that could not be read.
    Broken,
}

impl StatementReader {
    /// A reader at the start of a dump.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            lexer: Lexer::new(dialect.lexer_rules()),
            naming: Naming::new(dialect),
            state: State::Start,
            pieces: Vec::new(),
            piece_bytes: 0,
            depth: 0,
            row: Row::default(),
            scratch: Vec::new(),
            census: EncodingCensus::default(),
            flow: Flow::default(),
            copy: CopyFormat::default(),
            union: Union::default(),
            assigned_to: None,
            zero_counts: dialect == Dialect::MySql,
            statement_line: 1,
            row_column: 1,
            last_line: 1,
        }
    }

    /// Where the rows of the `INSERT` go whose words were read.
    fn insert_target(&self) -> Result<InsertTarget, String> {
        let target = insert_target(&self.pieces, &self.naming)?;
        Ok(InsertTarget {
            zero_counts: self.zero_counts,
            ..target
        })
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
            } => sink.broken(line, self.row_column, cut_off)?,
            State::Body { .. } => sink.broken(self.statement_line, 1, cut_off)?,
            State::Collect { .. } if self.depth > 0 && !self.is_module() => {
                sink.broken(self.statement_line, 1, cut_off)?;
            }
            State::BetweenRows { comma: true, .. } => sink.broken(self.last_line, 1, cut_off)?,
            State::Copy => sink.broken(self.statement_line, 1, copy::NOT_CLOSED)?,
            State::Collect { .. } => self.end_statement(sink)?,
            State::Select(selected) => self.end_select((self.last_line, 1), selected, sink)?,
            State::Set(assigned) => self.end_set((self.last_line, 1), assigned, sink)?,
            _ => {}
        }
        self.state = State::Start;
        Ok(self.census)
    }

    fn drain<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        loop {
            if matches!(self.state, State::BetweenRows { comma: true, .. }) {
                self.plain_rows(sink)?;
            }
            let Some(token) = self.lexer.next_token() else {
                return Ok(());
            };
            self.last_line = token.line;
            self.take(token, sink)?;
        }
    }

    fn take<S: Sink>(&mut self, token: Token, sink: &mut S) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::Unterminated => {
                self.lexer.leave_row();
                self.state = State::Broken;
                let message =
                    "a quote opens here and is never closed; reading goes on at the next statement";
                return sink.broken(token.line, token.column, message);
            }
            TokenKind::BatchEnd => return self.end_batch(&token, sink),
            TokenKind::Command => return self.command(&token, sink),
            _ => {}
        }
        if self.opens_without_terminator(&token) {
            self.end_early(&token, sink)?;
        }
        if self.dialect == Dialect::SqlServer
            && matches!(self.state, State::Collect { .. })
            && self.is_block_word(&token)
            && self.takes_second_word(&token)
        {
            return Ok(());
        }
        match self.state {
            State::Start => self.start(token, sink)?,
            State::Collect { whole } => self.collect(token, whole, sink)?,
            State::Body {
                after_terminator,
                closing,
            } => {
                self.body(token, after_terminator, closing, sink)?;
            }
            State::BetweenRows { comma, any } => self.between_rows(token, comma, any, sink)?,
            State::InRow {
                line,
                broken,
                filled,
            } => self.in_row(token, line, broken, filled, sink)?,
            State::BehindRows { do_seen } => self.behind_rows(&token, do_seen, sink)?,
            State::Select(selected) => self.select(token, selected, sink)?,
            State::Set(assigned) => self.set(token, assigned, sink)?,
            State::Copy => self.copy_token(&token, sink)?,
            State::Broken => {
                if token.kind == TokenKind::Terminator {
                    self.statement_ended();
                }
            }
        }
        Ok(())
    }

    fn start<S: Sink>(&mut self, token: Token, sink: &mut S) -> Result<(), S::Failure> {
        if token.kind == TokenKind::Terminator {
            return Ok(());
        }
        self.pieces.clear();
        self.piece_bytes = 0;
        self.depth = 0;
        self.statement_line = token.line;
        if self.dialect == Dialect::SqlServer && self.takes_flow_word(&token, sink)? {
            return Ok(());
        }
        self.state = State::Collect { whole: true };
        self.keep(token);
        Ok(())
    }

    /// Counts how deep in parentheses the token lies behind which reading goes on.
    const fn count_depth(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::Punctuation(b'(') => self.depth += 1,
            TokenKind::Punctuation(b')') => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn statement_ended(&mut self) {
        self.lexer.leave_row();
        self.state = State::Start;
        self.flow.statement_ended();
    }

    /// A keyword at the start of a line where the statement before could have ended, but bears no terminator.
    fn opens_without_terminator(&self, token: &Token) -> bool {
        if token.kind != TokenKind::Word {
            return false;
        }
        if self.dialect == Dialect::SqlServer {
            return self.opens_in_batch(token);
        }
        if !token.first_on_line {
            return false;
        }
        let text = self.lexer.text(token);
        let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
        match self.state {
            State::Start | State::Body { .. } | State::Copy => false,
            State::Broken => [
                "INSERT", "REPLACE", "CREATE", "ALTER", "DROP", "LOCK", "UNLOCK", "COPY",
            ]
            .into_iter()
            .any(is),
            State::BetweenRows { .. } | State::BehindRows { .. } => [
                "INSERT", "CREATE", "ALTER", "DROP", "UPDATE", "DELETE", "SET", "UNLOCK", "COMMIT",
            ]
            .into_iter()
            .any(is),
            State::InRow { filled, .. } => {
                filled == Filled::Nothing && ["INSERT", "CREATE"].into_iter().any(is)
            }
            State::Select(_) if self.depth == 0 => [
                "INSERT", "CREATE", "ALTER", "DROP", "UPDATE", "DELETE", "UNLOCK", "COMMIT",
            ]
            .into_iter()
            .any(is),
            State::Select(selected) => {
                selected.is_empty() && ["INSERT", "CREATE"].into_iter().any(is)
            }
            State::Set(assigned) => {
                (self.depth == 0 || assigned.is_empty())
                    && ["INSERT", "CREATE", "ALTER", "DROP", "UNLOCK", "COMMIT"]
                        .into_iter()
                        .any(is)
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
            State::Collect { .. }
                if self.dialect == Dialect::SqlServer
                    && (self.begins("IF") || self.begins("WHILE")) =>
            {
                return self.end_condition(sink);
            }
            State::Collect { .. } => return self.end_statement(sink),
            State::InRow {
                line,
                broken: false,
                ..
            } => {
                sink.broken(
                    line,
                    self.row_column,
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
            State::Select(selected) => {
                self.end_select((token.line, token.column), selected, sink)?;
            }
            State::Set(assigned) => self.end_set((token.line, token.column), assigned, sink)?,
            _ => {}
        }
        self.statement_ended();
        Ok(())
    }

    fn collect<S: Sink>(
        &mut self,
        token: Token,
        whole: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::Terminator => return self.terminator(sink),
            TokenKind::Punctuation(b'(') => self.depth += 1,
            TokenKind::Punctuation(b')') => self.depth = self.depth.saturating_sub(1),
            TokenKind::Word if self.depth == 0 => {
                let text = self.lexer.text(&token);
                // `OVERRIDING SYSTEM VALUE VALUES (...)`: the first of the two opens nothing.
                let overriding = self
                    .pieces
                    .last()
                    .is_some_and(|piece| piece.is_word("SYSTEM") || piece.is_word("USER"));
                let opens_rows = text.eq_ignore_ascii_case(b"VALUES")
                    || text.eq_ignore_ascii_case(b"VALUE") && !overriding;
                if opens_rows && self.is_insert() && self.flow.runs() {
                    return self.begin_rows(&token, sink);
                }
                if self.is_insert() && self.flow.runs() && self.pieces.len() > 1 {
                    if text.eq_ignore_ascii_case(b"SELECT") {
                        return self.begin_select(&token, sink);
                    }
                    let sets = matches!(self.dialect, Dialect::MySql | Dialect::SqliteScript);
                    if sets && text.eq_ignore_ascii_case(b"SET") {
                        return self.begin_set(&token, sink);
                    }
                }
                self.flow.count_case(text);
                if self.dialect == Dialect::Postgres && text.eq_ignore_ascii_case(b"ATOMIC") {
                    self.state = State::Body {
                        after_terminator: true,
                        closing: false,
                    };
                    return Ok(());
                }
            }
            _ => {}
        }
        if self.pieces.len() >= PIECES_THAT_NAME && !self.is_read_whole() {
            self.state = State::Collect { whole: false };
        } else if whole {
            if self.pieces.len() >= MAX_STATEMENT_PIECES || self.piece_bytes > MAX_STATEMENT_BYTES {
                let message = format!(
                    "this statement has more than {MAX_STATEMENT_PIECES} words or {MAX_STATEMENT_BYTES} bytes; it was not read"
                );
                sink.broken(self.statement_line, 1, &message)?;
                self.state = State::Broken;
                return Ok(());
            }
            self.keep(token);
        }
        Ok(())
    }

    fn terminator<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        if self.begins("CREATE") {
            if self.dialect == Dialect::SqliteScript && self.names("TRIGGER") {
                self.state = State::Body {
                    after_terminator: true,
                    closing: false,
                };
                return Ok(());
            }
            // `CREATE RULE ... DO ALSO (INSERT ...; UPDATE ...)`
            if self.dialect == Dialect::Postgres && self.depth > 0 && self.names("RULE") {
                return Ok(());
            }
        }
        if self.is_module() {
            return Ok(());
        }
        self.end_statement(sink)
    }

    fn body<S: Sink>(
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
        self.state = State::Body {
            after_terminator: is_terminator,
            closing: after_terminator && is_end,
        };
        Ok(())
    }

    fn begin_rows<S: Sink>(&mut self, token: &Token, sink: &mut S) -> Result<(), S::Failure> {
        match self.insert_target() {
            Ok(mut target) => {
                if self.flow.inserts_what_is_missing() {
                    target.on_conflict = OnConflict::Ignore;
                }
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
            Some(piece) if piece.is_word("IF") => self.dialect == Dialect::SqlServer,
            Some(piece) if piece.is_word("INSERT") => self.flow.runs(),
            Some(piece) => [
                "REPLACE", "SET", "DELETE", "TRUNCATE", "RENAME", "COPY", "USE",
            ]
            .iter()
            .any(|word| piece.is_word(word)),
            None => true,
        }
    }

    /// What a backslash in a string means, where it means something.
    fn escapes(&self) -> Escapes {
        match self.dialect {
            Dialect::MySql => Escapes::MySql,
            Dialect::Postgres => Escapes::Postgres,
            _ => Escapes::None,
        }
    }
}
