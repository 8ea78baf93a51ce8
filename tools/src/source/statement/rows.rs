//! Rows behind `VALUES`: plain ones in one go, all others value by value.

use super::{MAX_ROW_BYTES, Piece, PieceKind, Sink, State, StatementReader};
use crate::source::dialect::Dialect;
use crate::source::expression::{self, Value};
use crate::source::lexer::{MAX_VALUE_BYTES, Token, TokenKind};
use crate::source::row::Cell;
use crate::source::words::{Escapes, unescape};

/// One value that is an expression may have this many parts; `replace(replace(...))` has a dozen.
const PIECES_PER_VALUE: usize = 4096;

/// Why a value could not be read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) message: String,
}

/// How far the value at hand has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// Nothing yet.
    Nothing,
    /// One plain literal, already in the row; its kind in case more follows.
    Plain(PieceKind),
    /// Several pieces, to be evaluated.
    Pieces,
}

impl StatementReader {
    /// Reads rows of plain literals as long as there are any; the first that is not is left to the tokens.
    pub(super) fn plain_rows<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        let escapes = self.escapes();
        while matches!(self.state, State::BetweenRows { comma: true, .. })
            && let Some(plain) =
                self.lexer
                    .plain_row(escapes, &mut self.row, &mut self.scratch, &mut self.census)
        {
            self.last_line = plain.line;
            self.row_column = plain.column;
            self.state = State::BetweenRows {
                comma: plain.comma,
                any: true,
            };
            sink.row(&self.row, plain.line, plain.column)?;
        }
        Ok(())
    }

    /// `ON CONFLICT DO NOTHING` is carried out; what else may stand behind the rows is stepped over.
    pub(super) fn behind_rows<S: Sink>(
        &mut self,
        token: &Token,
        do_seen: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        if token.kind == TokenKind::Terminator {
            self.statement_ended();
            return Ok(());
        }
        let text = self.lexer.text(token);
        if do_seen && text.eq_ignore_ascii_case(b"NOTHING") {
            sink.rows_yield()?;
        }
        self.state = State::BehindRows {
            do_seen: text.eq_ignore_ascii_case(b"DO"),
        };
        Ok(())
    }

    pub(super) fn between_rows<S: Sink>(
        &mut self,
        token: Token,
        comma: bool,
        any: bool,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::Punctuation(b'(') => {
                self.row.clear();
                self.row_column = token.column;
                self.pieces.clear();
                self.piece_bytes = 0;
                self.depth = 0;
                self.lexer.enter_row();
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
                self.statement_ended();
            }
            TokenKind::Word if any && !comma => self.state = State::BehindRows { do_seen: false },
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

    pub(super) fn in_row<S: Sink>(
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
                let fine = broken || self.end_value((token.line, token.column), filled, sink)?;
                self.state = State::InRow {
                    line,
                    broken: broken || !fine,
                    filled: Filled::Nothing,
                };
            }
            TokenKind::Punctuation(b')') if outermost => {
                let fine = !broken && self.end_value((token.line, token.column), filled, sink)?;
                self.state = State::BetweenRows {
                    comma: false,
                    any: true,
                };
                self.lexer.leave_row();
                if fine {
                    sink.row(&self.row, line, self.row_column)?;
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
                self.statement_ended();
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
                self.count_depth(token.kind);
                if broken {
                    return Ok(());
                }
                let (filled, fine) = self.grow_value(token, filled, sink)?;
                self.state = State::InRow {
                    line,
                    broken: !fine,
                    filled,
                };
            }
        }
        Ok(())
    }

    /// Adds a token to the value at hand. `false`: the row has become too large, which was reported.
    pub(super) fn grow_value<S: Sink>(
        &mut self,
        token: Token,
        filled: Filled,
        sink: &mut S,
    ) -> Result<(Filled, bool), S::Failure> {
        let filled = self.add_to_value(token, filled);
        let fits = self.row.bytes() + self.piece_bytes <= MAX_ROW_BYTES
            && self.pieces.len() <= PIECES_PER_VALUE;
        if !fits {
            let message = "a row is larger than the limit; it was not read";
            sink.broken(token.line, token.column, message)?;
        }
        Ok((filled, fits))
    }

    /// Adds a token to the value at hand: a plain literal goes straight into the row.
    fn add_to_value(&mut self, token: Token, filled: Filled) -> Filled {
        match filled {
            Filled::Nothing => match token.kind {
                TokenKind::SingleQuoted | TokenKind::DoubleQuoted
                    if token.kind == TokenKind::SingleQuoted
                        || self.dialect != Dialect::Postgres =>
                {
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
                    Cell::Text(text) => text.to_owned(),
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

    /// Ends the value at hand, at `place`. `false`: it could not be read and was reported.
    pub(super) fn end_value<S: Sink>(
        &mut self,
        place: (u64, u64),
        filled: Filled,
        sink: &mut S,
    ) -> Result<bool, S::Failure> {
        if let Filled::Plain(_) = filled {
            return Ok(true);
        }
        match self.take_value(place, filled) {
            Ok(()) => Ok(true),
            Err(trouble) => {
                sink.broken(trouble.line, trouble.column, &trouble.message)?;
                Ok(false)
            }
        }
    }

    /// Puts the value at hand, which ends at `place`, into the row.
    pub(super) fn take_value(&mut self, place: (u64, u64), filled: Filled) -> Result<(), Trouble> {
        match filled {
            Filled::Plain(_) => return Ok(()),
            Filled::Nothing => {
                return Err(Trouble {
                    line: place.0,
                    column: place.1,
                    message: "a value is missing here; this row was not read".to_owned(),
                });
            }
            Filled::Pieces => {}
        }
        let value = expression::evaluate(&self.pieces, self.dialect);
        let (line, column) = self
            .pieces
            .first()
            .map_or(place, |piece| (piece.line, piece.column));
        self.pieces.clear();
        self.piece_bytes = 0;
        match value {
            Ok(Value::Null) => self.row.push_null(),
            Ok(Value::Default) => self.row.push_default(),
            Ok(Value::Text(text)) => self.row.push_text(&text),
            Ok(Value::Blob(bytes)) => self.row.push_blob(&bytes),
            Err(message) => {
                return Err(Trouble {
                    line,
                    column,
                    message: format!("{message}; this row was not read"),
                });
            }
        }
        Ok(())
    }

    fn push_quoted(&mut self, token: &Token) {
        let quote = if token.kind == TokenKind::SingleQuoted {
            b'\''
        } else {
            b'"'
        };
        let escapes = if token.escapes {
            self.escapes()
        } else {
            Escapes::None
        };
        let bytes = self.lexer.text(token);
        let census = &mut self.census;
        if memchr::memchr(quote, bytes).is_some()
            || (token.escapes && memchr::memchr(b'\\', bytes).is_some())
        {
            self.scratch.clear();
            unescape(bytes, quote, escapes, &mut self.scratch);
            let scratch = &self.scratch;
            self.row.push_text_with(|text| census.decode(scratch, text));
        } else {
            self.row.push_text_with(|text| census.decode(bytes, text));
        }
    }
}
