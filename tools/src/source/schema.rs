//! A tolerant reader of `CREATE TABLE`, `ALTER TABLE` and `CREATE INDEX`.
//!
//! It takes what an import needs (names, declared types, keys, references, plain defaults) and steps over everything else,
//! so that no vendor's option can stop it.

use serde::Serialize;

mod reader;

use super::names::{Naming, TableName};
use super::statement::Piece;
use reader::Reader;

/// One table as its dump declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableSchema {
    /// The table's name, without its database.
    pub name: String,
    /// The schema, or at MySQL the database, it is in.
    #[serde(skip)]
    pub namespace: String,
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
    /// The first number it counts, if that is declared (`IDENTITY(4, 1)`).
    #[serde(skip)]
    pub counts_from: Option<i64>,
    /// The engine computes it from other columns: rows do not give it.
    #[serde(skip)]
    pub computed: bool,
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
    /// The schema it is in.
    #[serde(skip)]
    pub namespace: String,
    /// The columns they point to; empty means its primary key.
    pub target_columns: Vec<String>,
}

impl TableSchema {
    /// The positions of the columns of each declared key, primary or unique, that has several.
    pub(crate) fn keys_of_several_columns(&self) -> Vec<Vec<usize>> {
        let keys = std::iter::once(&self.primary_key).chain(&self.unique_keys);
        keys.filter(|key| key.len() > 1)
            .filter_map(|key| key.iter().map(|name| self.column_index(name)).collect())
            .collect()
    }

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

    fn rename_in_keys(&mut self, from: &str, to: &str) {
        let own = self
            .references
            .iter_mut()
            .map(|reference| &mut reference.columns);
        let keys = self.unique_keys.iter_mut().chain(own);
        for column in keys.flatten().chain(&mut self.primary_key) {
            if same_name(column, from) {
                to.clone_into(column);
            }
        }
    }

    /// The table's name with its schema.
    pub fn table_name(&self) -> TableName {
        TableName::qualified(&self.namespace, &self.name)
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
                    self.rename_in_keys(&name, &column.name);
                    self.columns[index] = column;
                }
            }
            Change::RenameColumn { from, to } => {
                if let Some(index) = self.column_index(&from) {
                    self.rename_in_keys(&from, &to);
                    self.columns[index].name = to;
                }
            }
            Change::CountsUp(name) => {
                if let Some(index) = self.column_index(&name) {
                    self.columns[index].counts_up = true;
                }
            }
            Change::Default { column, value } => {
                if let Some(index) = self.column_index(&column) {
                    self.columns[index].default = value;
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
    /// `RENAME COLUMN a TO b`.
    RenameColumn {
        /// The column's name before.
        from: String,
        /// And afterwards.
        to: String,
    },
    /// `ALTER COLUMN id ADD GENERATED ... AS IDENTITY`, `SET DEFAULT nextval(...)`.
    CountsUp(String),
    /// `ALTER COLUMN a SET DEFAULT 1`, `ADD DEFAULT ((0)) FOR [a]`.
    Default {
        /// The column.
        column: String,
        /// The literal; `None` when it must be computed.
        value: Option<String>,
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
pub fn read_create_table(pieces: &[Piece], naming: &Naming) -> Result<TableSchema, Trouble> {
    let mut reader = Reader {
        pieces,
        naming,
        at: 0,
    };
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
    let table_name = reader.table_name()?;
    if !reader.take_punctuation(b'(') {
        return Err(
            reader.trouble("a list of columns in parentheses is missing behind the table's name")
        );
    }
    let mut table = TableSchema {
        name: table_name.name,
        namespace: table_name.namespace,
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
    if let Some(next) = reader.table_option("AUTO_INCREMENT")
        && let Some(index) = table.counting_column()
    {
        table.columns[index].counts_from = Some(next);
    }
    Ok(table)
}

/// Reads `ALTER TABLE name ...`: the table's name and the changes that are understood.
pub fn read_alter_table(
    pieces: &[Piece],
    naming: &Naming,
) -> Result<(TableName, Vec<Change>), Trouble> {
    let mut reader = Reader {
        pieces,
        naming,
        at: 0,
    };
    reader.skip_words(&["ALTER", "TABLE"]);
    reader.skip_words(&["ONLY", "IF", "EXISTS", "IGNORE"]);
    let name = reader.table_name()?;
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
        } else if reader.take_word("ALTER") {
            changes.extend(read_alteration(&mut reader)?);
        } else if reader.at_word("RENAME") && !reader.word_follows("TO") {
            reader.at += 1;
            changes.extend(read_column_rename(&mut reader)?);
        }
        reader.skip_to_separator();
        if !reader.take_punctuation(b',') {
            break;
        }
    }
    Ok((name, changes))
}

/// Reads `CREATE UNIQUE INDEX name ON table (...)`.
///
/// `None` where it covers only some rows or is made of expressions: then it is no key of the table.
pub fn read_unique_index(pieces: &[Piece], naming: &Naming) -> Option<(TableName, Vec<String>)> {
    let mut reader = Reader {
        pieces,
        naming,
        at: 0,
    };
    while !reader.ended() && !reader.take_word("ON") {
        reader.at += 1;
    }
    let table = reader.table_name().ok()?;
    if reader.take_word("USING") {
        reader.skip_one();
    }
    let columns = reader.column_list()?;
    let partial = pieces[reader.at.min(pieces.len())..]
        .iter()
        .any(|piece| piece.is_word("WHERE"));
    (!partial && !columns.is_empty()).then_some((table, columns))
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
    if let Some(change) = reader.default_for_column()? {
        return Ok(vec![change]);
    }
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

/// `ALTER COLUMN a SET DEFAULT 1`, `ALTER COLUMN a ADD GENERATED ... AS IDENTITY`; SQL Server's `ALTER COLUMN a int NOT NULL`
/// changes nothing that an import needs.
fn read_alteration(reader: &mut Reader<'_>) -> Result<Option<Change>, Trouble> {
    reader.skip_words(&["COLUMN"]);
    let column = reader.name()?;
    if reader.take_word("ADD") && reader.take_word("GENERATED") {
        return Ok(Some(Change::CountsUp(column)));
    }
    if reader.take_word("SET") && reader.take_word("DEFAULT") {
        if reader.at_word("NEXTVAL") {
            return Ok(Some(Change::CountsUp(column)));
        }
        let value = reader.plain_default();
        return Ok(Some(Change::Default { column, value }));
    }
    Ok(None)
}

/// `RENAME COLUMN a TO b`, behind `RENAME`.
fn read_column_rename(reader: &mut Reader<'_>) -> Result<Option<Change>, Trouble> {
    if ["CONSTRAINT", "INDEX", "KEY", "AS"]
        .iter()
        .any(|word| reader.at_word(word))
    {
        return Ok(None);
    }
    reader.skip_words(&["COLUMN"]);
    let from = reader.name()?;
    if !reader.take_word("TO") {
        return Ok(None);
    }
    let to = reader.name()?;
    Ok(Some(Change::RenameColumn { from, to }))
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
                table: target.name,
                namespace: target.namespace,
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
        } else if reader.take_word("AUTO_INCREMENT") || reader.take_word("AUTOINCREMENT") {
            column.counts_up = true;
        } else if reader.take_word("IDENTITY") {
            column.counts_up = true;
            column.counts_from = reader.seed();
        } else if reader.take_word("AS") {
            // `[Total] AS ([Preis] * [Menge])`, `GENERATED ALWAYS AS (...)`; an identity was taken above.
            column.computed = !reader.at_word("IDENTITY");
        } else if reader.take_word("DEFAULT") {
            column.counts_up |= reader.at_word("NEXTVAL");
            column.default = reader.plain_default();
        } else if reader.at_word("REFERENCES") {
            if let Some((target, target_columns)) = reader.references() {
                let columns = vec![column.name.clone()];
                table.references.push(Reference {
                    columns,
                    table: target.name,
                    namespace: target.namespace,
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
