//! `COPY ... FROM stdin` of PostgreSQL: one row per line, tabs between values, `\N` for NULL, `\.` at the end; or the same in
//! CSV, where quotes hold values together and an empty one without quotes is NULL.

use super::{
    InsertTarget, MAX_ROW_BYTES, OnConflict, Piece, PieceKind, Sink, State, StatementReader,
};
use crate::source::lexer::{CsvQuotes, Token, TokenKind, opens_statement};
use crate::source::schema::same_name;
use crate::source::words::{copy_target, unescape_postgres};

/// What is said of a `COPY` in the middle of which the dump ends.
pub(super) const NOT_CLOSED: &str = "the dump ends among the rows of this COPY (`\\.` is missing); what it lacks is not in the file: dump it again";

/// What is said of a row that a forgotten quote has made.
const QUOTE_NOT_CLOSED: &str = "a quote opens in this row and is never closed; this row was not read, the lines behind it were";

/// What is asked for by a `COPY` whose rows are bytes.
const BINARY: &str = "the format binary";

/// What is asked for by a `FORCE_NULL` of columns whose places stand elsewhere.
const FORCED_WITHOUT_COLUMNS: &str =
    "FORCE for some columns without naming all of them behind the table";

/// What is asked for by options that PostgreSQL itself refuses.
const FORCE_REFUSED: &str = "FORCE in a way that PostgreSQL refuses";

/// How the lines of the `COPY` at hand are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyFormat {
    delimiter: u8,
    null: Vec<u8>,
    /// What stands for the column's default, where the statement says so.
    default: Option<Vec<u8>>,
    /// The lines are in CSV, with these quotes.
    quotes: Option<CsvQuotes>,
    /// The first line holds names and no values.
    header: bool,
    /// Values a line must have, when the statement names its columns.
    columns: Option<usize>,
    /// Values that the last row of one line had.
    seen: Option<usize>,
    /// Columns in which the text for NULL stands for it in quotes, too (`FORCE_NULL`).
    null_in_quotes: Chosen,
    /// Columns in which it is a text like any other (`FORCE_NOT_NULL`).
    never_null: Chosen,
    /// The lines cannot be read and are stepped over: what the statement asks for.
    unreadable: Option<&'static str>,
}

/// Some columns of a `COPY`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Chosen {
    #[default]
    None,
    All,
    /// By their names, in lower case where they stood without quotes.
    Named(Vec<String>),
    /// By their places: whether each column is one of them.
    At(Vec<bool>),
}

impl Chosen {
    fn has(&self, column: usize) -> bool {
        match self {
            Self::All => true,
            Self::At(columns) => columns.get(column).copied().unwrap_or(false),
            Self::None | Self::Named(_) => false,
        }
    }

    /// The same by their places among the columns that the statement names; none when one of them is not there.
    fn among(self, columns: Option<&[String]>) -> Option<Self> {
        let Self::Named(names) = self else {
            return Some(self);
        };
        let columns = columns?;
        let is_there = |name: &String| columns.iter().any(|column| same_name(column, name));
        names.iter().all(is_there).then(|| {
            let is_chosen = |column: &String| names.iter().any(|name| same_name(column, name));
            Self::At(columns.iter().map(is_chosen).collect())
        })
    }
}

impl Default for CopyFormat {
    fn default() -> Self {
        Self {
            delimiter: b'\t',
            null: b"\\N".to_vec(),
            default: None,
            quotes: None,
            header: false,
            columns: None,
            seen: None,
            null_in_quotes: Chosen::None,
            never_null: Chosen::None,
            unreadable: None,
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
        // As it was written before PostgreSQL 7.3: `COPY BINARY a FROM stdin`.
        let is_binary = from > 2 && pieces[1].is_word("BINARY") && pieces[2].is_name();
        if is_binary {
            self.copy.unreadable = Some(BINARY);
        }
        match copy_target(&pieces[1 + usize::from(is_binary)..from], &self.naming) {
            Ok((table, columns)) => {
                self.copy.place_forced(columns.as_deref());
                self.copy.columns = columns.as_ref().map(Vec::len);
                sink.begin_rows(&InsertTarget {
                    table,
                    columns,
                    on_conflict: OnConflict::Refuse,
                    zero_counts: false,
                })?;
            }
            Err(message) => {
                sink.broken(line, 1, &message)?;
                self.copy.unreadable = Some("a table without a name");
            }
        }
        if let Some(what) = self.copy.unreadable {
            let message = format!(
                "the rows behind this COPY were not read, because it asks for {what}; write them with plain pg_dump, or with COPY in the formats text or csv"
            );
            sink.broken(line, 1, &message)?;
        }
        match self.copy.quotes {
            Some(quotes) => self.lexer.begin_csv(quotes),
            None => self.lexer.begin_copy(),
        }
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
            TokenKind::CopyUnclosed => {
                self.copy.header = false;
                sink.broken(token.line, 1, QUOTE_NOT_CLOSED)?;
            }
            _ if self.copy.unreadable.is_some() => {
                // Bytes without an end of their own must not take the statements behind them along.
                let line = self.lexer.text(token);
                if opens_statement(line) && line.ends_with(b";") {
                    self.lexer.end_copy_before(token);
                    self.statement_ended();
                }
            }
            _ if self.copy.header => self.copy.header = false,
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
            let column = self.row.len();
            let (end, written) = match self.copy.quotes {
                Some(quotes) => csv_field(text, self.copy.delimiter, quotes, &mut self.scratch),
                None => field_end(text, self.copy.delimiter, &mut self.scratch),
            };
            let (field, behind) = text.split_at(end);
            rest = behind.get(1..);
            let in_quotes = written == Written::InQuotes;
            let is_null = if in_quotes {
                self.copy.null_in_quotes.has(column) && self.scratch == self.copy.null
            } else {
                !self.copy.never_null.has(column) && field == self.copy.null
            };
            if is_null {
                self.row.push_null();
                continue;
            }
            if !in_quotes && self.copy.default.as_deref() == Some(field) {
                self.row.push_default();
                continue;
            }
            let census = &mut self.census;
            let value = if written == Written::Plain {
                field
            } else {
                &self.scratch
            };
            self.row.push_text_with(|into| census.decode(value, into));
            if self.row.bytes() > MAX_ROW_BYTES {
                return sink.broken(
                    token.line,
                    1,
                    "a row is larger than the limit; it was not read",
                );
            }
        }
        let known = self.copy.columns.or(self.copy.seen);
        let expected = known.unwrap_or(self.row.len());
        let ends = line.ends_with(b";");
        let is_sql = opens_statement(line) || line.starts_with(b"COPY ") && ends;
        // In CSV the commas of a statement make values of it.
        let one_value = expected == 1 || self.copy.quotes.is_some();
        if is_sql && (self.row.len() < expected || one_value && ends) {
            self.lexer.end_copy_before(token);
            self.statement_ended();
            return sink.broken(
                token.line,
                1,
                "the rows of a COPY are not closed (`\\.` is missing) before the next statement opens",
            );
        }
        if self.copy.quotes.is_some() {
            let several_lines = memchr::memchr(b'\n', line).is_some();
            if several_lines && known.is_some_and(|known| known != self.row.len()) {
                self.lexer.read_again_behind_first_line(token);
                return sink.broken(token.line, 1, QUOTE_NOT_CLOSED);
            }
            if !several_lines {
                self.copy.seen = Some(self.row.len());
            }
        }
        sink.row(&self.row, token.line, 1)
    }
}

impl CopyFormat {
    /// Finds the columns that `FORCE_NULL` and `FORCE_NOT_NULL` name among those of the statement.
    fn place_forced(&mut self, columns: Option<&[String]>) {
        for chosen in [&mut self.null_in_quotes, &mut self.never_null] {
            let is_named = matches!(chosen, Chosen::Named(_));
            if is_named && columns.is_none() {
                self.unreadable = Some(FORCED_WITHOUT_COLUMNS);
            }
            match std::mem::take(chosen).among(columns) {
                Some(placed) => *chosen = placed,
                None if columns.is_some() => self.unreadable = Some(FORCE_REFUSED),
                None => {}
            }
        }
    }
}

/// How a value of a line stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// As it is.
    Plain,
    /// With escapes; without them it is in the scratch.
    Escaped,
    /// In quotes; without them it is in the scratch. It never stands for NULL.
    InQuotes,
}

/// Where the field at the start of `text` ends: at a delimiter that no backslash stands before.
fn field_end(text: &[u8], delimiter: u8, scratch: &mut Vec<u8>) -> (usize, Written) {
    let mut at = 0;
    let mut written = Written::Plain;
    let mut end = text.len();
    while let Some(found) = memchr::memchr2(delimiter, b'\\', &text[at..]) {
        at += found;
        if text[at] == delimiter {
            end = at;
            break;
        }
        written = Written::Escaped;
        at = (at + 2).min(text.len());
    }
    if written == Written::Escaped {
        scratch.clear();
        unescape_field(&text[..end], scratch);
    }
    (end, written)
}

/// The same in CSV: at a delimiter outside quotes. Quotes may open and close anywhere in a field, as PostgreSQL has it.
fn csv_field(
    text: &[u8],
    delimiter: u8,
    quotes: CsvQuotes,
    scratch: &mut Vec<u8>,
) -> (usize, Written) {
    let CsvQuotes { quote, escape } = quotes;
    let plain = memchr::memchr2(delimiter, quote, text).unwrap_or(text.len());
    if text.get(plain) != Some(&quote) {
        return (plain, Written::Plain);
    }
    scratch.clear();
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        let next = text.get(at + 1).copied();
        if quoted && byte == escape && (next == Some(quote) || next == Some(escape)) {
            scratch.extend(next);
            at += 1;
        } else if byte == quote {
            quoted = !quoted;
        } else if byte == delimiter && !quoted {
            break;
        } else {
            scratch.push(byte);
        }
        at += 1;
    }
    (at, Written::InQuotes)
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

/// What stands behind `FROM stdin`: `WITH (FORMAT csv, DELIMITER '|', NULL '')`, or the same without parentheses.
fn read_format(options: &[Piece]) -> CopyFormat {
    let mut format = CopyFormat::default();
    let (mut delimiter, mut null, mut quote, mut escape) = (None, None, None, None);
    let mut is_csv = false;
    let mut read_to = 0;
    for (at, option) in options.iter().enumerate() {
        // Names of columns may be called as options are.
        if at < read_to {
            continue;
        }
        let behind = &options[at + 1..];
        // `DELIMITER AS E'\t'`
        let text = behind
            .iter()
            .find(|piece| !piece.is_word("AS") && !piece.is_word("E"))
            .filter(|piece| piece.kind == PieceKind::Text)
            .map(|piece| piece.raw.as_slice());
        let named = |name: &str| option.text.eq_ignore_ascii_case(name);
        // `FORMAT 'csv'` is allowed as well; behind other options a text is their value.
        let of_format = at > 0 && options[at - 1].is_word("FORMAT");
        let is_word = option.kind == PieceKind::Word;
        if (is_word || of_format) && named("CSV") {
            is_csv = true;
        } else if (is_word || of_format) && named("BINARY") {
            format.unreadable = Some(BINARY);
        } else if is_word && named("HEADER") {
            format.header = !behind.first().is_some_and(says_no);
        } else if let Some((forced, words)) = forced(&options[at..]).filter(|_| is_word) {
            let (chosen, used) = chosen(&options[at + words..]);
            match forced {
                Forced::Null => format.null_in_quotes = chosen,
                Forced::NotNull => format.never_null = chosen,
                Forced::Quote => format.unreadable = Some(FORCE_REFUSED),
            }
            read_to = at + words + used;
        } else if let Some(text) = text.filter(|_| is_word) {
            if named("DELIMITER") || named("DELIMITERS") {
                delimiter = Some(text);
            } else if named("NULL") {
                null = Some(text);
            } else if named("QUOTE") {
                quote = Some(text);
            } else if named("ESCAPE") {
                escape = Some(text);
            } else if named("DEFAULT") {
                format.default = Some(text.to_vec());
            }
        }
    }
    let mut sign = |text: Option<&[u8]>, otherwise: u8| match text {
        None => otherwise,
        Some([sign]) => *sign,
        Some(b"\\t") => b'\t',
        Some(_) => {
            format.unreadable = Some("a sign of several bytes");
            otherwise
        }
    };
    if is_csv {
        format.delimiter = sign(delimiter, b',');
        let quote = sign(quote, b'"');
        let escape = sign(escape, quote);
        format.quotes = Some(CsvQuotes { quote, escape });
        format.null = null.unwrap_or_default().to_vec();
    } else {
        format.delimiter = sign(delimiter, b'\t');
        if let Some(null) = null {
            format.null = null.to_vec();
        }
        let is_forced = format.null_in_quotes != Chosen::None || format.never_null != Chosen::None;
        if is_forced && format.unreadable.is_none() {
            format.unreadable = Some(FORCE_REFUSED);
        }
    }
    format
}

/// What an option forces.
#[derive(Debug, Clone, Copy)]
enum Forced {
    Null,
    NotNull,
    /// Of rows that are written out.
    Quote,
}

/// `FORCE_NULL` or, as it was written before PostgreSQL 9.0, `FORCE NULL`; and how many words that is.
fn forced(options: &[Piece]) -> Option<(Forced, usize)> {
    const SPELLINGS: [(&[&str], Forced); 6] = [
        (&["FORCE_NULL"], Forced::Null),
        (&["FORCE_NOT_NULL"], Forced::NotNull),
        (&["FORCE_QUOTE"], Forced::Quote),
        (&["FORCE", "NOT", "NULL"], Forced::NotNull),
        (&["FORCE", "NULL"], Forced::Null),
        (&["FORCE", "QUOTE"], Forced::Quote),
    ];
    let is = |words: &[&str]| {
        let mut pairs = words.iter().zip(options);
        options.len() >= words.len() && pairs.all(|(word, piece)| piece.is_word(word))
    };
    let found = SPELLINGS.iter().find(|(words, _)| is(words));
    found.map(|(words, forced)| (*forced, words.len()))
}

/// `*`, `(a, b)` or `a, b`: the columns at the start of `pieces`, and how many pieces these are.
fn chosen(pieces: &[Piece]) -> (Chosen, usize) {
    let mut at = 0;
    let in_parentheses = pieces.first().is_some_and(|piece| piece.is_sign(b'('));
    at += usize::from(in_parentheses);
    if pieces.get(at).is_some_and(|piece| piece.is_sign(b'*')) {
        return (Chosen::All, at + 1 + usize::from(in_parentheses));
    }
    let mut names = Vec::new();
    while let Some(name) = pieces.get(at).filter(|piece| piece.is_name()) {
        names.push(name.text.clone());
        at += 1;
        if !pieces.get(at).is_some_and(|piece| piece.is_sign(b',')) {
            break;
        }
        at += 1;
    }
    (Chosen::Named(names), at + usize::from(in_parentheses))
}

/// `HEADER false`, in any of the ways PostgreSQL knows.
fn says_no(value: &Piece) -> bool {
    ["false", "off", "0", "no"]
        .iter()
        .any(|no| value.text.eq_ignore_ascii_case(no))
}
