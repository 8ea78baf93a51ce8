//! A tolerant reader of `CREATE TABLE`, `ALTER TABLE` and `CREATE INDEX`.
//!
//! It takes what an import needs (names, declared types, keys, references, plain defaults) and steps over everything else,
//! so that no vendor's option can stop it.

use serde::Serialize;

use super::statement::{Piece, PieceKind};

/// One table as its dump declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableSchema {
    /// The table's name, without its database.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Names of the primary key's columns; empty when there is none.
    pub primary_key: Vec<String>,
    /// Declared references to other tables.
    pub references: Vec<Reference>,
    /// Other keys that are declared unique.
    pub unique_keys: Vec<Vec<String>>,
}

/// One column as declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The declared type as written (`varchar(40)`), empty when there is none.
    pub declared_type: String,
    /// `NOT NULL` stands beside it.
    pub not_null: bool,
    /// The engine fills it by counting when nothing is given.
    pub counts_up: bool,
    /// A default that is a plain literal: `None` when there is none or it must be computed.
    pub default: Option<String>,
}

/// A declared reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Columns of this table.
    pub columns: Vec<String>,
    /// The table they point to.
    pub table: String,
    /// The columns they point to; empty means its primary key.
    pub target_columns: Vec<String>,
}

impl TableSchema {
    /// The position of a column, whatever the case of its name.
    pub fn column_index(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        exact.or_else(|| {
            self.columns
                .iter()
                .position(|column| same_name(&column.name, name))
        })
    }

    /// The one column the engine fills by counting, if there is one.
    pub fn counting_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.counts_up)
    }

    /// SQLite's own rule: a single column primary key of the exact type `INTEGER` counts up, declared or not.
    pub fn apply_sqlite_rowid_rule(&mut self) {
        if let [only] = self.primary_key.as_slice()
            && let Some(index) = self.column_index(&only.clone())
            && self.columns[index]
                .declared_type
                .eq_ignore_ascii_case("integer")
        {
            self.columns[index].counts_up = true;
        }
    }

    /// Applies what a later `ALTER TABLE` says.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::PrimaryKey(columns) => self.primary_key = columns,
            Change::UniqueKey(columns) => self.unique_keys.push(columns),
            Change::Reference(reference) => self.references.push(reference),
            Change::AddColumn(column) => {
                if self.column_index(&column.name).is_none() {
                    self.columns.push(column);
                }
            }
            Change::ModifyColumn { name, column } => {
                if let Some(index) = self.column_index(&name) {
                    self.columns[index] = column;
                }
            }
        }
    }
}

/// What an `ALTER TABLE` may add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ADD PRIMARY KEY (...)`.
    PrimaryKey(Vec<String>),
    /// `ADD UNIQUE KEY (...)`.
    UniqueKey(Vec<String>),
    /// `ADD FOREIGN KEY (...) REFERENCES ...`.
    Reference(Reference),
    /// `ADD COLUMN ...`.
    AddColumn(Column),
    /// `MODIFY` or `CHANGE`: phpMyAdmin declares `AUTO_INCREMENT` this way.
    ModifyColumn {
        /// The column's name before.
        name: String,
        /// The column afterwards.
        column: Column,
    },
}

/// Two names are one when only their case differs, as in every dialect's default.
pub fn same_name(left: &str, right: &str) -> bool {
    let lowered = |name: &'_ str| {
        name.chars()
            .flat_map(char::to_lowercase)
            .collect::<Vec<_>>()
    };
    left == right
        || left.eq_ignore_ascii_case(right)
        || !left.is_ascii() && lowered(left) == lowered(right)
}

/// Reads `CREATE TABLE name (...)`. `Err` says what is wrong and at which piece.
pub fn read_create_table(pieces: &[Piece]) -> Result<TableSchema, Trouble> {
    let mut reader = Reader { pieces, at: 0 };
    reader.skip_words(&[
        "CREATE",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "GLOBAL",
        "LOCAL",
        "OR",
        "REPLACE",
        "TABLE",
    ]);
    reader.skip_words(&["IF", "NOT", "EXISTS"]);
    let name = reader.qualified_name()?;
    if !reader.take_punctuation(b'(') {
        return Err(
            reader.trouble("a list of columns in parentheses is missing behind the table's name")
        );
    }
    let mut table = TableSchema {
        name,
        ..TableSchema::default()
    };
    loop {
        if reader.take_punctuation(b')') || reader.ended() {
            break;
        }
        read_definition(&mut reader, &mut table)?;
        reader.skip_to_separator();
        if !reader.take_punctuation(b',') && !reader.at_punctuation(b')') {
            return Err(reader.trouble("the list of columns is not closed"));
        }
    }
    if table.columns.is_empty() {
        return Err(reader.trouble("the table has no columns"));
    }
    Ok(table)
}

/// Reads `ALTER TABLE name ...`: the table's name and the changes that are understood.
pub fn read_alter_table(pieces: &[Piece]) -> Result<(String, Vec<Change>), Trouble> {
    let mut reader = Reader { pieces, at: 0 };
    reader.skip_words(&["ALTER", "TABLE"]);
    reader.skip_words(&["ONLY", "IF", "EXISTS", "IGNORE"]);
    let name = reader.qualified_name()?;
    let mut changes = Vec::new();
    while !reader.ended() {
        if reader.take_word("WITH") {
            reader.skip_words(&["CHECK", "NOCHECK"]);
        }
        if reader.take_word("ADD") {
            changes.extend(read_addition(&mut reader)?);
        } else if reader.take_word("MODIFY") {
            reader.skip_words(&["COLUMN"]);
            let column = read_column(&mut reader, &mut TableSchema::default())?;
            changes.push(Change::ModifyColumn {
                name: column.name.clone(),
                column,
            });
        } else if reader.take_word("CHANGE") {
            reader.skip_words(&["COLUMN"]);
            let name = reader.name()?;
            let column = read_column(&mut reader, &mut TableSchema::default())?;
            changes.push(Change::ModifyColumn { name, column });
        }
        reader.skip_to_separator();
        if !reader.take_punctuation(b',') {
            break;
        }
    }
    Ok((name, changes))
}

/// Reads `CREATE UNIQUE INDEX name ON table (...)`.
pub fn read_unique_index(pieces: &[Piece]) -> Option<(String, Vec<String>)> {
    let mut reader = Reader { pieces, at: 0 };
    while !reader.ended() && !reader.take_word("ON") {
        reader.at += 1;
    }
    let table = reader.qualified_name().ok()?;
    let columns = reader.column_list()?;
    Some((table, columns))
}

/// What could not be read, and which piece it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In words.
    pub message: String,
    /// Index of the piece.
    pub piece: usize,
}

fn read_addition(reader: &mut Reader<'_>) -> Result<Vec<Change>, Trouble> {
    let mut table = TableSchema::default();
    if reader.take_punctuation(b'(') {
        // `ADD (a INT, b INT)`
        while !reader.ended() && !reader.take_punctuation(b')') {
            read_definition(reader, &mut table)?;
            reader.skip_to_separator();
            reader.take_punctuation(b',');
        }
    } else {
        reader.skip_words(&["COLUMN"]);
        read_definition(reader, &mut table)?;
    }
    let mut changes: Vec<Change> = table.columns.into_iter().map(Change::AddColumn).collect();
    if !table.primary_key.is_empty() {
        changes.push(Change::PrimaryKey(table.primary_key));
    }
    changes.extend(table.unique_keys.into_iter().map(Change::UniqueKey));
    changes.extend(table.references.into_iter().map(Change::Reference));
    Ok(changes)
}

/// One entry between the commas of a `CREATE TABLE`: a column, a key, or something to step over.
fn read_definition(reader: &mut Reader<'_>, table: &mut TableSchema) -> Result<(), Trouble> {
    if reader.take_word("CONSTRAINT") && !reader.at_key_word() {
        reader.name()?;
    }
    if reader.at_word("PRIMARY") && reader.word_follows("KEY") {
        reader.at += 2;
        table.primary_key = reader.key_columns();
    } else if reader.at_word("FOREIGN") && reader.word_follows("KEY") {
        reader.at += 2;
        let columns = reader.key_columns();
        if let Some((target, target_columns)) = reader.references() {
            table.references.push(Reference {
                columns,
                table: target,
                target_columns,
            });
        }
    } else if reader.at_word("UNIQUE") && !reader.is_quoted() {
        reader.at += 1;
        let columns = reader.key_columns();
        if !columns.is_empty() {
            table.unique_keys.push(columns);
        }
    } else if reader.at_side_entry() {
        reader.at += 1;
    } else {
        let column = read_column(reader, table)?;
        if table.column_index(&column.name).is_some() {
            return Err(reader.trouble(&format!("the column {} is declared twice", column.name)));
        }
        table.columns.push(column);
    }
    Ok(())
}

fn read_column(reader: &mut Reader<'_>, table: &mut TableSchema) -> Result<Column, Trouble> {
    let mut column = Column {
        name: reader.name()?,
        ..Column::default()
    };
    column.declared_type = reader.declared_type();
    while !reader.at_separator() {
        if reader.take_word("NOT") && reader.at_word("NULL") {
            column.not_null = true;
        } else if reader.at_word("PRIMARY") && reader.word_follows("KEY") {
            reader.at += 2;
            table.primary_key = vec![column.name.clone()];
            column.not_null = true;
        } else if reader.take_word("UNIQUE") {
            table.unique_keys.push(vec![column.name.clone()]);
        } else if reader.take_word("AUTO_INCREMENT")
            || reader.take_word("AUTOINCREMENT")
            || reader.take_word("IDENTITY")
        {
            column.counts_up = true;
        } else if reader.take_word("DEFAULT") {
            column.default = reader.plain_default();
        } else if reader.at_word("REFERENCES") {
            if let Some((target, target_columns)) = reader.references() {
                let columns = vec![column.name.clone()];
                table.references.push(Reference {
                    columns,
                    table: target,
                    target_columns,
                });
            }
        } else {
            reader.skip_one();
        }
    }
    if column
        .declared_type
        .to_ascii_lowercase()
        .ends_with("serial")
    {
        column.counts_up = true;
    }
    Ok(column)
}

struct Reader<'a> {
    pieces: &'a [Piece],
    at: usize,
}

impl Reader<'_> {
    fn ended(&self) -> bool {
        self.at >= self.pieces.len()
    }

    fn trouble(&self, message: &str) -> Trouble {
        Trouble {
            message: message.to_owned(),
            piece: self.at.min(self.pieces.len().saturating_sub(1)),
        }
    }

    fn at_word(&self, word: &str) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.is_word(word))
    }

    fn word_follows(&self, word: &str) -> bool {
        self.pieces
            .get(self.at + 1)
            .is_some_and(|piece| piece.is_word(word))
    }

    fn is_quoted(&self) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.kind == PieceKind::QuotedName)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.at += usize::from(found);
        found
    }

    fn skip_words(&mut self, words: &[&str]) {
        while words.iter().any(|word| self.at_word(word)) {
            self.at += 1;
        }
    }

    fn at_punctuation(&self, sign: u8) -> bool {
        self.pieces
            .get(self.at)
            .is_some_and(|piece| piece.kind == PieceKind::Punctuation(sign))
    }

    fn take_punctuation(&mut self, sign: u8) -> bool {
        let found = self.at_punctuation(sign);
        self.at += usize::from(found);
        found
    }

    fn at_separator(&self) -> bool {
        self.ended() || self.at_punctuation(b',') || self.at_punctuation(b')')
    }

    fn at_key_word(&self) -> bool {
        (self.at_word("PRIMARY")
            || self.at_word("FOREIGN")
            || self.at_word("UNIQUE")
            || self.at_word("CHECK"))
            && !self.is_quoted()
    }

    /// `KEY name (...)`, `INDEX ...`, `CHECK (...)` and their kin: no column, nothing to keep. A column may bear such a
    /// name, then a type follows instead of a parenthesis or a name with one.
    fn at_side_entry(&self) -> bool {
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
            || (opens(self.at + 2) && !self.type_follows())
            || self
                .pieces
                .get(self.at + 2)
                .is_some_and(|piece| piece.is_word("USING"))
    }

    fn type_follows(&self) -> bool {
        const TYPES: [&str; 8] = [
            "VARCHAR", "CHAR", "DECIMAL", "NUMERIC", "INT", "INTEGER", "NVARCHAR", "TINYINT",
        ];
        self.pieces
            .get(self.at + 1)
            .is_some_and(|piece| TYPES.iter().any(|word| piece.is_word(word)))
    }

    fn name(&mut self) -> Result<String, Trouble> {
        let Some(piece) = self.pieces.get(self.at) else {
            return Err(self.trouble("a name is missing at the end of the statement"));
        };
        match piece.kind {
            PieceKind::Word | PieceKind::QuotedName | PieceKind::Number | PieceKind::Text => {
                self.at += 1;
                Ok(piece.text.clone())
            }
            PieceKind::Punctuation(sign) => {
                Err(self.trouble(&format!("a name is missing before `{}`", char::from(sign))))
            }
        }
    }

    /// `database.schema.table`: the last part is the table.
    fn qualified_name(&mut self) -> Result<String, Trouble> {
        let mut name = self.name()?;
        while self.take_punctuation(b'.') {
            name = self.name()?;
        }
        Ok(name)
    }

    fn declared_type(&mut self) -> String {
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
    fn parenthesised(&mut self) -> String {
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
    fn skip_one(&mut self) {
        if self.at_punctuation(b'(') {
            self.parenthesised();
        } else {
            self.at += 1;
        }
    }

    fn skip_to_separator(&mut self) {
        while !self.at_separator() {
            self.skip_one();
        }
    }

    /// The columns of a key: steps over its optional name and method up to the parenthesis.
    fn key_columns(&mut self) -> Vec<String> {
        while !self.at_separator() && !self.at_punctuation(b'(') {
            self.at += 1;
        }
        self.column_list().unwrap_or_default()
    }

    /// `(a, b(10), c DESC)`.
    fn column_list(&mut self) -> Option<Vec<String>> {
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

    fn references(&mut self) -> Option<(String, Vec<String>)> {
        while !self.at_separator() && !self.at_word("REFERENCES") {
            self.at += 1;
        }
        if !self.take_word("REFERENCES") {
            return None;
        }
        let table = self.qualified_name().ok()?;
        let columns = self.column_list().unwrap_or_default();
        Some((table, columns))
    }

    fn plain_default(&mut self) -> Option<String> {
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
