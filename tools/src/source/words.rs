//! What the words of a statement say: what it is called, where its rows go, which tables it names; and texts without
//! their escapes.

use super::names::{Naming, TableName};
use super::statement::{InsertTarget, OnConflict, PIECES_THAT_NAME, Piece, PieceKind};

/// No engine takes names of more than 128 characters; what is longer is no name.
const LONGEST_NAME_BYTES: usize = 1024;

/// What a statement is called in reports: its first words, so far as they say what it does.
pub(super) fn kind_of(pieces: &[Piece]) -> String {
    const OBJECTS: [&str; 20] = [
        "TABLE",
        "VIEW",
        "TRIGGER",
        "PROCEDURE",
        "FUNCTION",
        "INDEX",
        "EVENT",
        "DATABASE",
        "SCHEMA",
        "USER",
        "ROLE",
        "SEQUENCE",
        "TYPE",
        "EXTENSION",
        "TABLESPACE",
        "SERVER",
        "LOGIN",
        "PROC",
        "RULE",
        "AGGREGATE",
    ];
    let Some(first) = pieces.first() else {
        return String::new();
    };
    let verb: String = first.shown().to_uppercase();
    let words = pieces
        .iter()
        .skip(1)
        .take(PIECES_THAT_NAME)
        .filter(|piece| piece.kind == PieceKind::Word);
    match verb.as_str() {
        "CREATE" | "ALTER" | "DROP" => {
            let object = words
                .map(|piece| piece.text.to_uppercase())
                .find(|word| OBJECTS.contains(&word.as_str()));
            let unique = pieces.get(1).is_some_and(|piece| piece.is_word("UNIQUE"));
            match object {
                Some(object) if unique && verb == "CREATE" => format!("CREATE UNIQUE {object}"),
                Some(object) => format!("{verb} {object}"),
                None => verb,
            }
        }
        "LOCK" | "UNLOCK" | "START" | "LOAD" | "RENAME" | "BULK" => match words.take(1).next() {
            Some(second) => format!("{verb} {}", second.text.to_uppercase()),
            None => verb,
        },
        _ => verb,
    }
}

pub(super) fn insert_target(pieces: &[Piece], naming: &Naming) -> Result<InsertTarget, String> {
    let mut on_conflict = if pieces[0].is_word("REPLACE") {
        OnConflict::Replace
    } else {
        OnConflict::Refuse
    };
    let mut at = 1;
    while let Some(piece) = pieces.get(at) {
        if piece.is_word("IGNORE") {
            on_conflict = OnConflict::Ignore;
        } else if piece.is_word("REPLACE") {
            on_conflict = OnConflict::Replace;
        } else if ![
            "INTO",
            "OR",
            "LOW_PRIORITY",
            "DELAYED",
            "HIGH_PRIORITY",
            "ABORT",
            "FAIL",
            "ROLLBACK",
        ]
        .iter()
        .any(|word| piece.is_word(word))
        {
            break;
        }
        at += 1;
    }
    let (table, columns) = table_and_columns(&pieces[at..], naming)
        .map_err(|missing| format!("{missing} behind INSERT"))?;
    Ok(InsertTarget {
        table,
        columns,
        on_conflict,
        zero_counts: false,
    })
}

/// The table of a `COPY` and the columns it names, if it names any; `pieces` stand between `COPY` and `FROM`.
pub(super) fn copy_target(
    pieces: &[Piece],
    naming: &Naming,
) -> Result<(TableName, Option<Vec<String>>), String> {
    let only = usize::from(pieces.first().is_some_and(|piece| piece.is_word("ONLY")));
    table_and_columns(&pieces[only..], naming).map_err(|missing| format!("{missing} behind COPY"))
}

fn table_and_columns(
    pieces: &[Piece],
    naming: &Naming,
) -> Result<(TableName, Option<Vec<String>>), &'static str> {
    let (table, used) = table_at(pieces, naming).ok_or("the table's name is missing")?;
    let columns = pieces
        .get(used)
        .filter(|piece| piece.is_sign(b'('))
        .map(|_| {
            pieces[used + 1..]
                .iter()
                .take_while(|piece| !piece.is_sign(b')'))
                .filter(|piece| !matches!(piece.kind, PieceKind::Punctuation(_)))
                .map(|piece| piece.text.clone())
                .collect()
        });
    Ok((table, columns))
}

/// The name at the start of `pieces`, and how many of them it takes.
fn table_at(pieces: &[Piece], naming: &Naming) -> Option<(TableName, usize)> {
    let is_name = |piece: &&Piece| {
        !matches!(piece.kind, PieceKind::Punctuation(_)) && piece.text.len() <= LONGEST_NAME_BYTES
    };
    let mut parts = vec![pieces.first().filter(is_name)?.text.clone()];
    let mut at = 1;
    while pieces.get(at).is_some_and(|piece| piece.is_sign(b'.')) {
        at += 1;
        // SQL Server: `shop..Orders` leaves the schema out.
        if !pieces.get(at).is_some_and(|piece| piece.is_sign(b'.')) {
            parts.push(pieces.get(at).filter(is_name)?.text.clone());
            at += 1;
        }
    }
    Some((naming.table(&parts), at))
}

/// All names in a list that commas part; words that say how are passed over.
fn tables_in(pieces: &[Piece], naming: &Naming) -> Vec<TableName> {
    const HOW: [&str; 8] = [
        "IF",
        "EXISTS",
        "CASCADE",
        "RESTRICT",
        "ONLY",
        "FROM",
        "TABLE",
        "CONSTRAINTS",
    ];
    let mut names = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let how = HOW.iter().any(|word| pieces[at].is_word(word));
        match table_at(&pieces[at..], naming) {
            Some((name, used)) if !how => {
                names.push(name);
                at += used;
            }
            _ => at += 1,
        }
    }
    names
}

pub(super) fn dropped_tables(pieces: &[Piece], naming: &Naming) -> Vec<TableName> {
    tables_in(pieces.get(2..).unwrap_or_default(), naming)
}

/// The tables of `DELETE FROM t` or `TRUNCATE t`; `None` when only some rows go.
pub(super) fn emptied_tables(pieces: &[Piece], naming: &Naming) -> Option<Vec<TableName>> {
    const SOME_ROWS: [&str; 6] = ["WHERE", "LIMIT", "USING", "TOP", "JOIN", "AS"];
    if pieces
        .iter()
        .any(|piece| SOME_ROWS.iter().any(|word| piece.is_word(word)))
    {
        return None;
    }
    let restarts = pieces
        .iter()
        .position(|piece| piece.is_word("RESTART") || piece.is_word("CONTINUE"));
    let names = tables_in(&pieces[1..restarts.unwrap_or(pieces.len())], naming);
    // `DELETE a FROM b` deletes by what another table says.
    let several = pieces[0].is_word("DELETE") && names.len() > 1;
    (!names.is_empty() && !several).then_some(names)
}

/// `CREATE TABLE a LIKE b`, `CREATE TABLE a (LIKE b ...)`, `CREATE TABLE a PARTITION OF b ...`: both names.
pub(super) fn model_of(pieces: &[Piece], naming: &Naming) -> Option<(TableName, TableName)> {
    let at = pieces.iter().position(|piece| piece.is_word("TABLE"))? + 1;
    let skipped = pieces[at..]
        .iter()
        .take_while(|piece| {
            ["IF", "NOT", "EXISTS"]
                .iter()
                .any(|word| piece.is_word(word))
        })
        .count();
    let rest = &pieces[at + skipped..];
    let (table, used) = table_at(rest, naming)?;
    let rest = &rest[used..];
    let opened = usize::from(rest.first()?.is_sign(b'('));
    let rest = &rest[opened..];
    let model = match rest {
        [like, model @ ..] if like.is_word("LIKE") => model,
        [partition, of, model @ ..] if partition.is_word("PARTITION") && of.is_word("OF") => model,
        _ => return None,
    };
    Some((table, table_at(model, naming)?.0))
}

/// The name of the view that a `CREATE VIEW` declares.
pub(super) fn view_name(pieces: &[Piece], naming: &Naming) -> Option<TableName> {
    let at = pieces.iter().position(|piece| piece.is_word("VIEW"))? + 1;
    let skipped = pieces[at..]
        .iter()
        .take_while(|piece| {
            ["IF", "NOT", "EXISTS"]
                .iter()
                .any(|word| piece.is_word(word))
        })
        .count();
    table_at(&pieces[at + skipped..], naming).map(|(name, _)| name)
}

pub(super) fn renamed(pieces: &[Piece]) -> Option<String> {
    let at = pieces.iter().position(|piece| piece.is_word("RENAME"))?;
    if !pieces.get(at + 1)?.is_word("TO") {
        return None;
    }
    pieces.last().map(|piece| piece.text.clone())
}

/// What a backslash does in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escapes {
    /// It is a sign like any other.
    None,
    /// MySQL's table: `\0`, `\n`, `\Z`; `\%` and `\_` keep their backslash.
    MySql,
    /// PostgreSQL's: `\n`, `\101`, `\x41`, `\u00e4`.
    Postgres,
}

/// Takes the escapes out of a quoted text. Doubled quotes become one.
pub(super) fn unescape(bytes: &[u8], quote: u8, escapes: Escapes, out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(quote, b'\\', &bytes[at..]) {
        out.extend_from_slice(&bytes[at..at + found]);
        at += found;
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        match (byte, next) {
            (b'\\', Some(escaped)) if escapes == Escapes::MySql => {
                match escaped {
                    b'0' => out.push(0),
                    b'b' => out.push(8),
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'Z' => out.push(26),
                    b'%' | b'_' => out.extend([b'\\', escaped]),
                    other => out.push(other),
                }
                at += 2;
            }
            (b'\\', Some(_)) if escapes == Escapes::Postgres => {
                at += 1 + unescape_postgres(&bytes[at + 1..], out);
            }
            _ if byte == quote && next == Some(quote) => {
                out.push(quote);
                at += 2;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out.extend_from_slice(&bytes[at..]);
}

/// One escape of PostgreSQL, in `E'...'` and in the rows of `COPY`: `bytes` begins behind the backslash and is not empty.
/// Gives how many bytes it took.
pub(super) fn unescape_postgres(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let digits = |from: usize, most: usize, radix: u32| -> (usize, u32) {
        let mut value = 0;
        let mut count = 0;
        for byte in bytes.iter().skip(from).take(most) {
            let Some(digit) = char::from(*byte).to_digit(radix) else {
                break;
            };
            value = value * radix + digit;
            count += 1;
        }
        (count, value)
    };
    let low_byte = |value: u32| value.to_le_bytes()[0];
    match bytes[0] {
        b'b' => out.push(8),
        b'f' => out.push(12),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'v' => out.push(11),
        b'0'..=b'7' => {
            let (count, value) = digits(0, 3, 8);
            out.push(low_byte(value));
            return count;
        }
        b'x' => {
            let (count, value) = digits(1, 2, 16);
            if count > 0 {
                out.push(low_byte(value));
                return 1 + count;
            }
            out.push(b'x');
        }
        letter @ (b'u' | b'U') => {
            let wanted = if letter == b'u' { 4 } else { 8 };
            let (count, value) = digits(1, wanted, 16);
            if let (true, Some(sign)) = (count == wanted, char::from_u32(value)) {
                out.extend(sign.encode_utf8(&mut [0; 4]).bytes());
                return 1 + count;
            }
            out.push(letter);
        }
        other => out.push(other),
    }
    1
}
