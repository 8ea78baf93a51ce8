//! `COPY ... FROM stdin` of PostgreSQL: one row per line, tabs between values, `\N` for NULL, `\.` at the end.

use super::{
    InsertTarget, MAX_ROW_BYTES, OnConflict, Piece, PieceKind, Sink, State, StatementReader,
};
use crate::source::lexer::{Token, TokenKind, opens_statement};
use crate::source::words::{copy_target, unescape_postgres};

/// What is said of a `COPY` in the middle of which the dump ends.
pub(super) const NOT_CLOSED: &str = "the dump ends among the rows of this COPY (`\\.` is missing); what it lacks is not in the file: dump it again";

/// How the lines of the `COPY` at hand are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyFormat {
    delimiter: u8,
    null: Vec<u8>,
    /// Values a line must have, when the statement names its columns.
    columns: Option<usize>,
    /// The lines cannot be read and are stepped over.
    unreadable: bool,
}

impl Default for CopyFormat {
    fn default() -> Self {
        Self {
            delimiter: b'\t',
            null: b"\\N".to_vec(),
            columns: None,
            unreadable: false,
        }
    }
}

impl StatementReader {
    /// A whole `COPY` statement: if rows follow, the lexer gives them line by line from now on.
    pub(super) fn begin_copy<S: Sink>(
        &mut self,
        pieces: &[Piece],
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let line = self.statement_line;
        let from = pieces.iter().position(|piece| piece.is_word("FROM"));
        let Some(from) = from else {
            return sink.skipped(line, "COPY");
        };
        if !pieces
            .get(from + 1)
            .is_some_and(|piece| piece.is_word("STDIN"))
        {
            return sink.unapplied(line, "COPY");
        }
        self.copy = read_format(&pieces[from + 2..]);
        match copy_target(&pieces[1..from], &self.naming) {
            Ok((table, columns)) => {
                self.copy.columns = columns.as_ref().map(Vec::len);
                sink.begin_rows(&InsertTarget {
                    table,
                    columns,
                    on_conflict: OnConflict::Refuse,
                })?;
            }
            Err(message) => {
                sink.broken(line, 1, &message)?;
                self.copy.unreadable = true;
            }
        }
        if self.copy.unreadable {
            sink.broken(
                line,
                1,
                "the rows behind this COPY are not in PostgreSQL's text format and were not read; dump with plain pg_dump",
            )?;
        }
        self.lexer.begin_copy();
        self.state = State::Copy;
        Ok(())
    }

    pub(super) fn copy_token<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        match token.kind {
            TokenKind::CopyEnd => self.statement_ended(),
            TokenKind::CopyCut => {
                self.statement_ended();
                sink.broken(token.line, 1, NOT_CLOSED)?;
            }
            TokenKind::Oversized => {
                sink.broken(
                    token.line,
                    1,
                    "a row is larger than the limit; it was not read",
                )?;
            }
            _ if self.copy.unreadable => {}
            _ => self.copy_line(token, sink)?,
        }
        Ok(())
    }

    fn copy_line<S: Sink>(&mut self, token: &Token, sink: &mut S) -> Result<(), S::Failure> {
        self.row.clear();
        let line = self.lexer.text(token);
        let mut rest = Some(line);
        // `COPY` of no columns at all writes empty lines.
        if self.copy.columns == Some(0) && line.is_empty() {
            rest = None;
        }
        while let Some(text) = rest {
            let end = field_end(text, self.copy.delimiter);
            let (field, behind) = text.split_at(end);
            rest = behind.get(1..);
            if field == self.copy.null {
                self.row.push_null();
                continue;
            }
            let census = &mut self.census;
            if memchr::memchr(b'\\', field).is_some() {
                self.scratch.clear();
                unescape_field(field, &mut self.scratch);
                let scratch = &self.scratch;
                self.row.push_text_with(|into| census.decode(scratch, into));
            } else {
                self.row.push_text_with(|into| census.decode(field, into));
            }
            if self.row.bytes() > MAX_ROW_BYTES {
                return sink.broken(
                    token.line,
                    1,
                    "a row is larger than the limit; it was not read",
                );
            }
        }
        let expected = self.copy.columns.unwrap_or(self.row.len());
        let is_sql = opens_statement(line) || line.starts_with(b"COPY ") && line.ends_with(b";");
        if is_sql && (self.row.len() < expected || expected == 1 && line.ends_with(b";")) {
            self.lexer.end_copy_before(token);
            self.statement_ended();
            return sink.broken(
                token.line,
                1,
                "the rows of a COPY are not closed (`\\.` is missing) before the next statement opens",
            );
        }
        sink.row(&self.row, token.line, 1)
    }
}

/// Where the field at the start of `text` ends: at a delimiter that no backslash stands before.
fn field_end(text: &[u8], delimiter: u8) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(delimiter, b'\\', &text[at..]) {
        at += found;
        if text[at] == delimiter {
            return at;
        }
        at = (at + 2).min(text.len());
    }
    text.len()
}

fn unescape_field(field: &[u8], into: &mut Vec<u8>) {
    let mut at = 0;
    while at < field.len() {
        match field[at] {
            b'\\' if at + 1 < field.len() => {
                at += 1 + unescape_postgres(&field[at + 1..], into);
            }
            byte => {
                into.push(byte);
                at += 1;
            }
        }
    }
}

/// What stands behind `FROM stdin`: `WITH (FORMAT text, DELIMITER '|', NULL '')`, or the same without parentheses.
fn read_format(options: &[Piece]) -> CopyFormat {
    let mut format = CopyFormat::default();
    for (at, option) in options.iter().enumerate() {
        let text = options[at + 1..]
            .iter()
            .take(2)
            .find(|piece| piece.kind == PieceKind::Text);
        if option.is_word("CSV") || option.is_word("BINARY") {
            format.unreadable = true;
        } else if let (true, Some(text)) = (option.is_word("DELIMITER"), text) {
            match text.raw.as_slice() {
                [delimiter] => format.delimiter = *delimiter,
                b"\\t" => format.delimiter = b'\t',
                _ => format.unreadable = true,
            }
        } else if let (true, Some(text)) = (option.is_word("NULL"), text) {
            format.null.clone_from(&text.raw);
        }
    }
    format
}
