//! What the words of a statement say: what it is called, where its rows go, which tables it names; and texts without
//! their escapes.

use super::statement::{InsertTarget, OnConflict, PIECES_THAT_NAME, Piece, PieceKind};

/// What a statement is called in reports: its first words, so far as they say what it does.
pub(super) fn kind_of(pieces: &[Piece]) -> String {
    const OBJECTS: [&str; 17] = [
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
        "LOCK" | "UNLOCK" | "START" | "LOAD" | "RENAME" => match words.take(1).next() {
            Some(second) => format!("{verb} {}", second.text.to_uppercase()),
            None => verb,
        },
        _ => verb,
    }
}

pub(super) fn insert_target(pieces: &[Piece]) -> Result<InsertTarget, String> {
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
    let is_name = |piece: &&Piece| !matches!(piece.kind, PieceKind::Punctuation(_));
    let mut table = pieces
        .get(at)
        .filter(is_name)
        .ok_or("the table's name is missing behind INSERT")?;
    at += 1;
    while pieces
        .get(at)
        .is_some_and(|piece| piece.kind == PieceKind::Punctuation(b'.'))
    {
        table = pieces
            .get(at + 1)
            .filter(is_name)
            .ok_or("the table's name is missing behind the dot")?;
        at += 2;
    }
    let columns = if pieces
        .get(at)
        .is_some_and(|piece| piece.kind == PieceKind::Punctuation(b'('))
    {
        let names = pieces[at + 1..]
            .iter()
            .take_while(|piece| piece.kind != PieceKind::Punctuation(b')'));
        Some(
            names
                .filter(is_name)
                .map(|piece| piece.text.clone())
                .collect(),
        )
    } else {
        None
    };
    Ok(InsertTarget {
        table: table.text.clone(),
        columns,
        on_conflict,
    })
}

pub(super) fn dropped_tables(pieces: &[Piece]) -> Vec<String> {
    let mut names = Vec::new();
    let mut last: Option<&Piece> = None;
    for piece in pieces.iter().skip(2) {
        match piece.kind {
            PieceKind::Word
                if ["IF", "EXISTS", "CASCADE", "RESTRICT"]
                    .iter()
                    .any(|word| piece.is_word(word)) => {}
            PieceKind::Punctuation(b',') => {
                names.extend(last.take().map(|piece| piece.text.clone()));
            }
            PieceKind::Punctuation(_) => {}
            _ => last = Some(piece),
        }
    }
    names.extend(last.map(|piece| piece.text.clone()));
    names
}

/// The table of `DELETE FROM t` or `TRUNCATE t`; `None` when only some rows go.
pub(super) fn emptied_table(pieces: &[Piece]) -> Option<String> {
    if pieces
        .iter()
        .any(|piece| piece.is_word("WHERE") || piece.is_word("LIMIT") || piece.is_word("USING"))
    {
        return None;
    }
    pieces
        .iter()
        .skip(1)
        .rfind(|piece| !matches!(piece.kind, PieceKind::Punctuation(_)))
        .filter(|piece| !piece.is_word("FROM") && !piece.is_word("TABLE"))
        .map(|piece| piece.text.clone())
}

pub(super) fn renamed(pieces: &[Piece]) -> Option<String> {
    let at = pieces.iter().position(|piece| piece.is_word("RENAME"))?;
    if !pieces.get(at + 1)?.is_word("TO") {
        return None;
    }
    pieces.last().map(|piece| piece.text.clone())
}

/// Takes the escapes out of a quoted text. Doubled quotes become one; backslashes follow MySQL's table.
pub(super) fn unescape(bytes: &[u8], quote: u8, backslash: bool, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        match (byte, next) {
            (b'\\', Some(escaped)) if backslash => {
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
}
