//! Rows that do not stand behind `VALUES`: `INSERT ... SELECT 1, 'a' UNION ALL SELECT ...`, as scripts of SQL Server write
//! them, and `INSERT ... SET a = 1, b = 2` of MySQL. Values that stand there are read, as behind `VALUES`; rows that come
//! from another table only an engine can look up, and this is said.

use std::collections::HashSet;

use super::rows::{Filled, Trouble};
use super::{Piece, PieceKind, Sink, State, StatementReader};
use crate::source::dialect::Dialect;
use crate::source::expression;
use crate::source::lexer::{Token, TokenKind};
use crate::source::row::{Cell, Row};
use crate::source::statement::InsertTarget;

/// `UNION` without `ALL` leaves out rows that are there twice, so each must be known: 16 bytes a row.
const MOST_ROWS_OF_A_UNION: usize = 262_144;

const FROM_ELSEWHERE: &str = "the rows of this SELECT come from another table, which only the old database can look up; they were not read. Run the script there, and dump the database afterwards";

/// How far the row at hand has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    line: u64,
    filled: Filled,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Among the values.
    Values,
    /// Behind the values of a row that cannot be read, up to the next `UNION`.
    Broken,
    /// `FROM`: `DUAL` alone may follow.
    From,
    /// Behind `FROM DUAL`.
    FromDual,
    /// Behind `UNION`.
    Union,
    /// Behind `UNION ALL`.
    UnionAll,
}

/// What a `SELECT` of constants has given so far.
#[derive(Debug, Default)]
pub(super) struct Union {
    /// How the next row is joined to those before.
    joined: Joined,
    /// The rows so far, as long as one may have to be left out.
    rows: HashSet<u128>,
    /// Rows were joined by `UNION ALL`, and may stand twice.
    has_all: bool,
    /// Why the row at hand cannot be read.
    trouble: Option<Trouble>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Joined {
    #[default]
    First,
    Distinct,
    All,
}

/// How far `SET a = 1, b = 2` has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assigned {
    line: u64,
    broken: bool,
    /// `None`: in the name of a column.
    value: Option<Filled>,
}

impl StatementReader {
    /// `INSERT INTO t (a, b) SELECT`: what follows may be values.
    pub(super) fn begin_select<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        self.begin_rows(token, sink)?;
        if self.state != State::Broken {
            self.union = Union::default();
            self.begin_selected_row(token);
        }
        Ok(())
    }

    fn begin_selected_row(&mut self, token: &Token) {
        self.row.clear();
        self.row_column = token.column;
        self.pieces.clear();
        self.piece_bytes = 0;
        self.depth = 0;
        self.state = State::Select(Selected {
            line: token.line,
            filled: Filled::Nothing,
            part: Part::Values,
        });
    }

    pub(super) fn select<S: Sink>(
        &mut self,
        token: Token,
        selected: Selected,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let outermost = self.depth == 0;
        match token.kind {
            TokenKind::Terminator => {
                self.end_select((token.line, token.column), selected, sink)?;
                self.statement_ended();
                return Ok(());
            }
            TokenKind::Word if outermost => {
                let word = self.lexer.text(&token).to_ascii_uppercase();
                self.flow.count_case(&word);
                if let Some(done) = self.clause(&word, &token, selected, sink)? {
                    self.state = done;
                    return Ok(());
                }
            }
            TokenKind::Punctuation(b',') if outermost && selected.part == Part::Values => {
                let fine = self.end_selected_value((token.line, token.column), selected.filled);
                self.state = State::Select(Selected {
                    filled: Filled::Nothing,
                    part: if fine { Part::Values } else { Part::Broken },
                    ..selected
                });
                return Ok(());
            }
            kind => self.count_depth(kind),
        }
        match selected.part {
            Part::Values => {
                let (filled, fine) = self.grow_value(token, selected.filled, sink)?;
                self.state = State::Select(Selected {
                    filled,
                    part: if fine { Part::Values } else { Part::Broken },
                    ..selected
                });
            }
            Part::Broken => {}
            Part::From | Part::FromDual => {
                self.break_select(&token, selected, FROM_ELSEWHERE, sink)?;
            }
            Part::Union | Part::UnionAll => {
                let message = "a SELECT was expected behind UNION";
                self.break_select(&token, selected, message, sink)?;
            }
        }
        Ok(())
    }

    /// A word that goes on with the statement instead of a value: the state it leads to.
    fn clause<S: Sink>(
        &mut self,
        word: &[u8],
        token: &Token,
        selected: Selected,
        sink: &mut S,
    ) -> Result<Option<State>, S::Failure> {
        let next = |part: Part| Some(State::Select(Selected { part, ..selected }));
        Ok(match (selected.part, word) {
            (Part::Values, b"FROM") => next(Part::From),
            (Part::From, b"DUAL") if self.dialect == Dialect::MySql => next(Part::FromDual),
            (Part::Broken, b"FROM") if self.union.trouble.take().is_some() => {
                self.break_select(token, selected, FROM_ELSEWHERE, sink)?;
                Some(self.state)
            }
            (Part::Broken, b"UNION") => {
                self.tell_trouble(sink)?;
                self.union.joined = Joined::Distinct;
                next(Part::Union)
            }
            (Part::Values | Part::FromDual, b"UNION") => {
                self.end_selected_row((token.line, token.column), selected, sink)?;
                self.union.joined = Joined::Distinct;
                next(Part::Union)
            }
            (Part::Union, b"ALL") => {
                self.union.joined = Joined::All;
                next(Part::UnionAll)
            }
            (Part::Union | Part::UnionAll, b"SELECT") => {
                self.begin_selected_row(token);
                Some(self.state)
            }
            // `ON CONFLICT ...`, `ON DUPLICATE KEY ...`, `RETURNING ...`
            (Part::Values | Part::FromDual, b"ON" | b"RETURNING") => {
                self.end_selected_row((token.line, token.column), selected, sink)?;
                Some(State::BehindRows { do_seen: false })
            }
            (
                Part::Values,
                b"WHERE" | b"GROUP" | b"HAVING" | b"ORDER" | b"LIMIT" | b"EXCEPT" | b"INTERSECT"
                | b"INTO",
            ) => {
                self.break_select(token, selected, FROM_ELSEWHERE, sink)?;
                Some(self.state)
            }
            _ => None,
        })
    }

    fn break_select<S: Sink>(
        &mut self,
        token: &Token,
        selected: Selected,
        message: &str,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        self.state = State::Select(Selected {
            part: Part::Broken,
            ..selected
        });
        sink.broken(token.line, token.column, message)
    }

    /// The statement ends: by its terminator, by the next one that opens, or with the dump.
    pub(super) fn end_select<S: Sink>(
        &mut self,
        place: (u64, u64),
        selected: Selected,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match selected.part {
            Part::Values if self.depth > 0 => sink.broken(
                place.0,
                place.1,
                "the row is not closed when the statement ends",
            ),
            Part::Values | Part::FromDual => self.end_selected_row(place, selected, sink),
            Part::Broken => self.tell_trouble(sink),
            Part::From | Part::Union | Part::UnionAll => sink.broken(
                place.0,
                place.1,
                "the statement ends in the middle of a SELECT",
            ),
        }
    }

    fn end_selected_row<S: Sink>(
        &mut self,
        place: (u64, u64),
        selected: Selected,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        if !self.end_selected_value(place, selected.filled) {
            return self.tell_trouble(sink);
        }
        match self.union.joined {
            Joined::All => self.union.has_all = true,
            Joined::First | Joined::Distinct => {
                if self.union.has_all || self.union.rows.len() >= MOST_ROWS_OF_A_UNION {
                    let message = "whether this row of a UNION is there twice is not known; it was not read. Write UNION ALL, or dump the database instead";
                    return sink.broken(selected.line, self.row_column, message);
                }
                if !self.union.rows.insert(digest(&self.row)) {
                    // The engine leaves it out, too.
                    return Ok(());
                }
            }
        }
        sink.row(&self.row, selected.line, self.row_column)
    }

    /// Ends the value at hand, which may bear a name (`1 AS Id`, `1 Id`). `false`: it is none that can be read here. Why is
    /// kept, for what follows may tell more.
    fn end_selected_value(&mut self, place: (u64, u64), filled: Filled) -> bool {
        if filled == Filled::Pieces {
            let named = match self.pieces.as_slice() {
                [value @ .., by, name]
                    if by.is_word("AS") && (name.is_name() || name.kind == PieceKind::Text) =>
                {
                    Some(value.len())
                }
                [value @ .., name]
                    if name.is_name()
                        && expression::evaluate(&self.pieces, self.dialect).is_err() =>
                {
                    Some(value.len())
                }
                _ => None,
            };
            if let Some(value) = named.filter(|value| *value > 0) {
                self.pieces.truncate(value);
            }
        }
        match self.take_value(place, filled) {
            Ok(()) => true,
            Err(trouble) => {
                self.union.trouble = Some(trouble);
                false
            }
        }
    }

    fn tell_trouble<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        match self.union.trouble.take() {
            Some(trouble) => sink.broken(trouble.line, trouble.column, &trouble.message),
            None => Ok(()),
        }
    }

    /// `INSERT INTO t SET`: names and values follow in turn.
    pub(super) fn begin_set<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match self.insert_target() {
            Ok(target) => {
                self.assigned_to = Some(InsertTarget {
                    columns: Some(Vec::new()),
                    ..target
                });
                self.begin_selected_row(token);
                self.state = State::Set(Assigned {
                    line: token.line,
                    broken: false,
                    value: None,
                });
                Ok(())
            }
            Err(message) => {
                self.state = State::Broken;
                sink.broken(token.line, token.column, &message)
            }
        }
    }

    pub(super) fn set<S: Sink>(
        &mut self,
        token: Token,
        assigned: Assigned,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let outermost = self.depth == 0;
        let behind = match token.kind {
            TokenKind::Terminator => Some(State::Start),
            TokenKind::Word if outermost && assigned.value.is_some() => {
                let word = self.lexer.text(&token);
                let ends = [&b"ON"[..], b"AS", b"RETURNING"]
                    .iter()
                    .any(|clause| word.eq_ignore_ascii_case(clause));
                ends.then_some(State::BehindRows { do_seen: false })
            }
            _ => None,
        };
        if let Some(behind) = behind {
            self.end_set((token.line, token.column), assigned, sink)?;
            if behind == State::Start {
                self.statement_ended();
            }
            self.state = behind;
            return Ok(());
        }
        if assigned.broken {
            return Ok(());
        }
        let next = match (token.kind, assigned.value) {
            (TokenKind::Punctuation(b'='), None) => {
                let name = self.pieces.pop().filter(Piece::is_name);
                self.pieces.clear();
                self.piece_bytes = 0;
                let columns = self.assigned_to.as_mut().and_then(|to| to.columns.as_mut());
                if let (Some(name), Some(columns)) = (name, columns) {
                    columns.push(name.text);
                    Some(Some(Filled::Nothing))
                } else {
                    let message = "the name of a column was expected before `=`";
                    sink.broken(token.line, token.column, message)?;
                    None
                }
            }
            (TokenKind::Punctuation(b','), Some(filled)) if outermost => self
                .end_value((token.line, token.column), filled, sink)?
                .then_some(None),
            (_, None) => {
                self.keep(token);
                let message = "a column and its value were expected behind SET";
                // `database.table.column` has five parts.
                let fits = self.pieces.len() <= 5;
                if !fits {
                    sink.broken(token.line, token.column, message)?;
                }
                fits.then_some(None)
            }
            (kind, Some(filled)) => {
                self.count_depth(kind);
                let (filled, fine) = self.grow_value(token, filled, sink)?;
                fine.then_some(Some(filled))
            }
        };
        self.state = State::Set(Assigned {
            broken: next.is_none(),
            value: next.unwrap_or(assigned.value),
            ..assigned
        });
        Ok(())
    }

    /// The statement ends, and with it its row.
    pub(super) fn end_set<S: Sink>(
        &mut self,
        place: (u64, u64),
        assigned: Assigned,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let target = self.assigned_to.take();
        if assigned.broken {
            return Ok(());
        }
        let Some(filled) = assigned.value.filter(|_| self.depth == 0) else {
            let message = "the statement ends in the middle of what it sets; its row was not read";
            return sink.broken(place.0, place.1, message);
        };
        if let (true, Some(target)) = (self.end_value(place, filled, sink)?, target) {
            sink.begin_rows(&target)?;
            sink.row(&self.row, assigned.line, self.row_column)?;
        }
        Ok(())
    }
}

impl Selected {
    /// Whether the word `SELECT` goes on with the statement at hand.
    pub(super) fn expects_select(&self) -> bool {
        matches!(self.part, Part::Union | Part::UnionAll)
    }

    /// No value has begun.
    pub(super) fn is_empty(&self) -> bool {
        self.filled == Filled::Nothing
    }
}

impl Assigned {
    /// No value has begun.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.value, None | Some(Filled::Nothing))
    }
}

/// A row in sixteen bytes: equal rows have equal ones, and others do not within any number of rows that a script has.
fn digest(row: &Row) -> u128 {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for cell in row.cells() {
        let (kind, bytes): (u8, &[u8]) = match cell {
            Cell::Null => (0, b""),
            Cell::Default => (1, b""),
            Cell::Text(text) => (2, text.as_bytes()),
            Cell::Blob(bytes) => (3, bytes),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    u128::from_le_bytes(first)
}
