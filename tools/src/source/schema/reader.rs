//! Steps through the pieces of one declaration.

use super::{Change, Trouble};
use crate::source::names::{Naming, TableName};
use crate::source::statement::{Piece, PieceKind};

/// No engine takes names of more than 128 characters; what is longer is no name.
const MAX_NAME_BYTES: usize = 1024;

/// A place in the pieces of one statement.
pub(super) struct Reader<'a> {
    pub(super) pieces: &'a [Piece],
    pub(super) naming: &'a Naming,
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn ended(&self) -> bool {
        self.at >= self.pieces.len()
    }

    pub(super) fn trouble(&self, message: &str) -> Trouble {
        Trouble {
            message: message.to_owned(),
            piece: self.at.min(self.pieces.len().saturating_sub(1)),
        }
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.is_word(word))
    }

    pub(super) fn word_follows(&self, word: &str) -> bool {
        self.pieces
            .get(self.at + 1)
            .is_some_and(|piece| piece.is_word(word))
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.kind == PieceKind::QuotedName)
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn skip_words(&mut self, words: &[&str]) {
        while words.iter().any(|word| self.at_word(word)) {
            self.at += 1;
        }
    }

    pub(super) fn at_punctuation(&self, sign: u8) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.kind == PieceKind::Punctuation(sign))
    }

    pub(super) fn take_punctuation(&mut self, sign: u8) -> bool {
        let found = self.at_punctuation(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn at_separator(&self) -> bool {
        self.ended() || self.at_punctuation(b',') || self.at_punctuation(b')')
    }

    pub(super) fn at_key_word(&self) -> bool {
        (self.at_word("PRIMARY")
            || self.at_word("FOREIGN")
            || self.at_word("UNIQUE")
            || self.at_word("CHECK"))
            && !self.is_quoted()
    }

    /// `KEY name (...)`, `INDEX ...`, `CHECK (...)` and their kin: no column, nothing to keep. A column may bear such a
    /// name, then a type follows instead of a parenthesis or a name with one.
    pub(super) fn at_side_entry(&self) -> bool {
        const SIDE: [&str; 8] = [
            "KEY", "INDEX", "FULLTEXT", "SPATIAL", "CHECK", "EXCLUDE", "PERIOD", "LIKE",
        ];
        if !SIDE.iter().any(|word| self.at_word(word)) {
            return false;
        }
        let opens = |at: usize| {
            self.pieces
                .get(at)
                .is_some_and(|piece| piece.kind == PieceKind::Punctuation(b'('))
        };
        self.at_word("CHECK")
            || self.at_word("LIKE")
            || opens(self.at + 1)
            || self.pieces.get(self.at + 1).is_some_and(|piece| {
                piece.kind == PieceKind::QuotedName
                    || ["KEY", "INDEX"].iter().any(|word| piece.is_word(word))
            })
            || self.at_word("PERIOD") && self.word_follows("FOR")
            || self.pieces.get(self.at + 2).is_some_and(|piece| {
                ["CLUSTERED", "NONCLUSTERED", "UNIQUE", "HASH"]
                    .iter()
                    .any(|word| piece.is_word(word))
            })
            || (opens(self.at + 2) && !self.type_follows())
            || self
                .pieces
                .get(self.at + 2)
                .is_some_and(|piece| piece.is_word("USING"))
    }

    pub(super) fn type_follows(&self) -> bool {
        const TYPES: [&str; 8] = [
            "VARCHAR", "CHAR", "DECIMAL", "NUMERIC", "INT", "INTEGER", "NVARCHAR", "TINYINT",
        ];
        self.pieces
            .get(self.at + 1)
            .is_some_and(|piece| TYPES.iter().any(|word| piece.is_word(word)))
    }

    pub(super) fn name(&mut self) -> Result<String, Trouble> {
        let Some(piece) = self.pieces.get(self.at) else {
            return Err(self.trouble("a name is missing at the end of the statement"));
        };
        match piece.kind {
            PieceKind::Word | PieceKind::QuotedName | PieceKind::Number | PieceKind::Text => {
                if piece.text.len() > MAX_NAME_BYTES {
                    return Err(self.trouble("a name is longer than any database allows"));
                }
                self.at += 1;
                Ok(piece.text.clone())
            }
            PieceKind::Punctuation(sign) => {
                Err(self.trouble(&format!("a name is missing before `{}`", char::from(sign))))
            }
        }
    }

    /// `database.schema.table`.
    pub(super) fn table_name(&mut self) -> Result<TableName, Trouble> {
        let mut parts = vec![self.name()?];
        while self.take_punctuation(b'.') {
            // SQL Server: `shop..Orders` leaves the schema out.
            if !self.at_punctuation(b'.') {
                parts.push(self.name()?);
            }
        }
        Ok(self.naming.table(&parts))
    }

    /// `DEFAULT ((0)) FOR [Status]` behind `ADD` and perhaps `CONSTRAINT [name]`, as SQL Server writes it.
    pub(super) fn default_for_column(&mut self) -> Result<Option<Change>, Trouble> {
        let from = self.at;
        if self.take_word("CONSTRAINT") {
            self.name()?;
        }
        if !self.take_word("DEFAULT") {
            self.at = from;
            return Ok(None);
        }
        let value = self.plain_default();
        while !self.at_separator() && !self.at_word("FOR") {
            self.skip_one();
        }
        if !self.take_word("FOR") {
            self.at = from;
            return Ok(None);
        }
        let column = self.name()?;
        Ok(Some(Change::Default { column, value }))
    }

    /// `(4, 1)` behind `IDENTITY`: the first number. The parentheses are stepped over.
    pub(super) fn seed(&mut self) -> Option<i64> {
        let inside = self.at + 1;
        let seed = self
            .pieces
            .get(inside)
            .filter(|_| self.at_punctuation(b'('));
        seed.filter(|piece| piece.kind == PieceKind::Number)
            .and_then(|piece| piece.text.parse().ok())
    }

    /// `AUTO_INCREMENT=5` behind the columns.
    pub(super) fn table_option(&self, option: &str) -> Option<i64> {
        let at = self.at
            + self
                .pieces
                .get(self.at..)?
                .iter()
                .position(|piece| piece.is_word(option))?;
        let value = match self.pieces.get(at + 1)?.kind {
            PieceKind::Punctuation(b'=') => self.pieces.get(at + 2)?,
            _ => self.pieces.get(at + 1)?,
        };
        value.text.parse().ok()
    }

    pub(super) fn declared_type(&mut self) -> String {
        const NOT_A_TYPE: [&str; 15] = [
            "NOT",
            "NULL",
            "PRIMARY",
            "UNIQUE",
            "DEFAULT",
            "REFERENCES",
            "CHECK",
            "CONSTRAINT",
            "COLLATE",
            "AUTO_INCREMENT",
            "AUTOINCREMENT",
            "GENERATED",
            "AS",
            "COMMENT",
            "IDENTITY",
        ];
        let mut text = String::new();
        while let Some(piece) = self.pieces.get(self.at) {
            let is_word = matches!(piece.kind, PieceKind::Word | PieceKind::QuotedName);
            let ends = NOT_A_TYPE.iter().any(|word| piece.is_word(word))
                || piece.is_word("CHARACTER") && !text.is_empty();
            if !is_word || ends {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&piece.text);
            self.at += 1;
            if self.at_punctuation(b'(') {
                text.push_str(&self.parenthesised());
            }
        }
        text
    }

    /// The text of a balanced pair of parentheses, which is stepped over.
    pub(super) fn parenthesised(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 0_u32;
        while let Some(piece) = self.pieces.get(self.at) {
            self.at += 1;
            match piece.kind {
                PieceKind::Punctuation(sign) => {
                    text.push(char::from(sign));
                    match sign {
                        b'(' => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                PieceKind::Text => {
                    text.push('\'');
                    text.push_str(&piece.text);
                    text.push('\'');
                }
                _ => text.push_str(&piece.text),
            }
        }
        text
    }

    /// Steps over one piece, or one pair of parentheses.
    pub(super) fn skip_one(&mut self) {
        if self.at_punctuation(b'(') {
            self.parenthesised();
        } else {
            self.at += 1;
        }
    }

    pub(super) fn skip_to_separator(&mut self) {
        while !self.at_separator() {
            self.skip_one();
        }
    }

    /// The columns of a key: steps over its optional name and method up to the parenthesis.
    pub(super) fn key_columns(&mut self) -> Vec<String> {
        while !self.at_separator() && !self.at_punctuation(b'(') {
            self.at += 1;
        }
        self.column_list().unwrap_or_default()
    }

    /// `(a, b(10), c DESC)`.
    pub(super) fn column_list(&mut self) -> Option<Vec<String>> {
        if !self.take_punctuation(b'(') {
            return None;
        }
        let mut columns = Vec::new();
        while !self.ended() && !self.take_punctuation(b')') {
            columns.push(self.name().ok()?);
            self.skip_to_separator();
            self.take_punctuation(b',');
        }
        Some(columns)
    }

    pub(super) fn references(&mut self) -> Option<(TableName, Vec<String>)> {
        while !self.at_separator() && !self.at_word("REFERENCES") {
            self.at += 1;
        }
        if !self.take_word("REFERENCES") {
            return None;
        }
        let table = self.table_name().ok()?;
        let columns = self.column_list().unwrap_or_default();
        Some((table, columns))
    }

    pub(super) fn plain_default(&mut self) -> Option<String> {
        let mut opened = 0;
        while self.take_punctuation(b'(') {
            opened += 1;
        }
        let sign = if self.take_punctuation(b'-') { "-" } else { "" };
        let piece = self.pieces.get(self.at)?;
        let literal = match piece.kind {
            PieceKind::Text | PieceKind::Number => Some(format!("{sign}{}", piece.text)),
            PieceKind::Word if piece.is_word("TRUE") => Some("1".to_owned()),
            PieceKind::Word if piece.is_word("FALSE") => Some("0".to_owned()),
            _ => None,
        };
        self.at += 1;
        let mut plain = true;
        for _ in 0..opened {
            while !self.ended() && !self.take_punctuation(b')') {
                plain = false;
                self.skip_one();
            }
        }
        literal.filter(|_| plain && !self.at_punctuation(b'('))
    }
}
