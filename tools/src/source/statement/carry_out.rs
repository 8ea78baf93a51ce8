//! What is done about a statement once all of it is there.

use super::{Piece, PieceKind, Sink, State, StatementReader};
use crate::source::dialect::Dialect;
use crate::source::encoding::Legacy;
use crate::source::lexer::Token;
use crate::source::schema::{self, Change};
use crate::source::words::{dropped_tables, emptied_tables, kind_of, model_of, renamed, view_name};

impl StatementReader {
    pub(super) fn end_statement<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        let pieces = std::mem::take(&mut self.pieces);
        self.state = State::Start;
        let outcome = if self.flow.runs() {
            self.carry_out(&pieces, sink)
        } else {
            self.step_over(&pieces, sink)
        };
        if self.state == State::Start {
            self.statement_ended();
        }
        self.pieces = pieces;
        self.pieces.clear();
        self.piece_bytes = 0;
        outcome
    }

    fn carry_out<S: Sink>(&mut self, pieces: &[Piece], sink: &mut S) -> Result<(), S::Failure> {
        let line = self.statement_line;
        let kind = kind_of(pieces);
        match kind.as_str() {
            "CREATE TABLE" => self.create_table(pieces, sink)?,
            "CREATE VIEW" => {
                if let Some(name) = view_name(pieces, &self.naming) {
                    sink.create_view(&name)?;
                }
                sink.skipped(line, &kind)?;
            }
            "ALTER TABLE" => self.alter_table(pieces, &kind, sink)?,
            "CREATE UNIQUE INDEX" => match schema::read_unique_index(pieces, &self.naming) {
                Some((table, columns)) => sink.change_table(&table, Change::UniqueKey(columns))?,
                None => sink.skipped(line, &kind)?,
            },
            "DROP TABLE" => {
                for name in dropped_tables(pieces, &self.naming) {
                    sink.drop_table(&name)?;
                }
            }
            "DELETE" | "TRUNCATE" => match emptied_tables(pieces, &self.naming) {
                Some(names) => {
                    for name in names {
                        sink.empty_table(&name)?;
                    }
                }
                None => sink.unapplied(line, &kind)?,
            },
            "COPY" => self.begin_copy(pieces, sink)?,
            "UPDATE" | "INSERT" | "REPLACE" | "MERGE" | "LOAD DATA" | "BULK INSERT" => {
                sink.unapplied(line, &kind)?;
            }
            _ => {
                self.note_settings(&kind, pieces);
                sink.skipped(line, &kind)?;
            }
        }
        Ok(())
    }

    fn create_table<S: Sink>(&mut self, pieces: &[Piece], sink: &mut S) -> Result<(), S::Failure> {
        if let Some((table, model)) = model_of(pieces, &self.naming) {
            return sink.create_table_like(&table, &model);
        }
        match schema::read_create_table(pieces, &self.naming) {
            Ok(mut table) => {
                if self.dialect == Dialect::SqliteScript {
                    table.apply_sqlite_rowid_rule();
                }
                sink.create_table(table)
            }
            Err(trouble) => report(&trouble, pieces, sink),
        }
    }

    fn alter_table<S: Sink>(
        &mut self,
        pieces: &[Piece],
        kind: &str,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let line = self.statement_line;
        match schema::read_alter_table(pieces, &self.naming) {
            Ok((name, changes)) => {
                if changes.is_empty() {
                    let drops_column = pieces
                        .windows(2)
                        .any(|pair| pair[0].is_word("DROP") && pair[1].is_word("COLUMN"));
                    match renamed(pieces) {
                        Some(to) => sink.rename_table(&name, &to)?,
                        None if drops_column => sink.unapplied(line, "ALTER TABLE DROP COLUMN")?,
                        None => sink.skipped(line, kind)?,
                    }
                }
                for change in changes {
                    sink.change_table(&name, change)?;
                }
                Ok(())
            }
            Err(trouble) => report(&trouble, pieces, sink),
        }
    }

    /// A statement in a branch that is not taken: its rows, if it has any, are in no count.
    fn step_over<S: Sink>(&mut self, pieces: &[Piece], sink: &mut S) -> Result<(), S::Failure> {
        let kind = kind_of(pieces);
        let changes_rows = ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"];
        if changes_rows.contains(&kind.as_str()) {
            return sink.unapplied(self.statement_line, &kind);
        }
        sink.skipped(self.statement_line, &kind)
    }

    /// Settings that change how the rest of the dump is to be read.
    fn note_settings(&mut self, kind: &str, pieces: &[Piece]) {
        match kind {
            "SET" => {
                self.note_sql_mode(pieces);
                self.note_postgres(pieces);
            }
            "USE" => {
                if let Some(name) = pieces.get(1).filter(|piece| piece.is_name()) {
                    self.naming.enter_database(&name.text);
                }
            }
            _ => {}
        }
        let declares = kind == "SET" && self.dialect != Dialect::SqlServer;
        if let (true, Some(named)) = (declares, character_set(pieces)) {
            self.census.declare(named);
        }
    }

    fn note_sql_mode(&mut self, pieces: &[Piece]) {
        if self.dialect != Dialect::MySql {
            return;
        }
        let names_mode = pieces
            .iter()
            .any(|piece| piece.text.to_ascii_lowercase().ends_with("sql_mode"));
        let literal = pieces.iter().find(|piece| piece.kind == PieceKind::Text);
        if let (true, Some(mode)) = (names_mode, literal) {
            let mode = mode.text.to_ascii_uppercase();
            let is_set = |flag: &str| mode.contains(flag);
            self.lexer
                .set_backslash_escapes(!is_set("NO_BACKSLASH_ESCAPES"));
            self.zero_counts = !is_set("NO_AUTO_VALUE_ON_ZERO");
        }
    }

    fn note_postgres(&mut self, pieces: &[Piece]) {
        if self.dialect != Dialect::Postgres {
            return;
        }
        let setting = pieces
            .iter()
            .skip(1)
            .find(|piece| !["SESSION", "LOCAL"].iter().any(|word| piece.is_word(word)));
        let value = pieces
            .iter()
            .skip(2)
            .find(|piece| piece.is_name() && !piece.is_word("TO") || piece.kind == PieceKind::Text);
        let (Some(setting), Some(value)) = (setting, pieces.get(3).or(value)) else {
            return;
        };
        if setting.is_word("standard_conforming_strings") {
            self.lexer
                .set_backslash_escapes(value.text.eq_ignore_ascii_case("off"));
        } else if setting.is_word("search_path") && !value.text.is_empty() {
            self.naming.enter_schema(&value.text);
        }
    }

    /// `\connect shop` and its kin.
    pub(super) fn command<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let text = String::from_utf8_lossy(self.lexer.text(token)).into_owned();
        let mut words = text.trim_end_matches(';').split_ascii_whitespace();
        let command = words.next().unwrap_or_default();
        if matches!(command, "\\c" | "\\connect") {
            let name = words.find(|word| !word.starts_with('-') && !word.contains('='));
            if let Some(name) = name {
                self.naming.enter_database(name.trim_matches('"'));
            }
        }
        let name: String = command.chars().take(40).collect();
        sink.skipped(token.line, &name)
    }
}

/// The character set that a `SET NAMES` or `SET client_encoding` declares, where bytes are read differently for it.
fn character_set(pieces: &[Piece]) -> Option<Legacy> {
    let at = pieces.iter().position(|piece| {
        piece.is_word("NAMES")
            || piece.is_word("client_encoding")
            || piece.text.eq_ignore_ascii_case("character_set_client")
    })?;
    let value = pieces[at + 1..]
        .iter()
        .find(|piece| !matches!(piece.kind, PieceKind::Punctuation(_)) && !piece.is_word("TO"))?;
    Legacy::named(&value.text)
}

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
