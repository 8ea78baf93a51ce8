//! Tokens of every dialect, wherever the pieces are cut.

use proptest::prelude::*;

use super::*;
use crate::source::dialect::Dialect;

const DIALECTS: [Dialect; 4] = [
    Dialect::MySql,
    Dialect::SqliteScript,
    Dialect::Postgres,
    Dialect::SqlServer,
];

type Seen = (TokenKind, u64, u64, bool, bool, Vec<u8>);

fn lex(dialect: Dialect, pieces: &[&[u8]]) -> Vec<Seen> {
    let mut lexer = Lexer::new(dialect.lexer_rules());
    let mut seen = Vec::new();
    let drain = |lexer: &mut Lexer, seen: &mut Vec<Seen>| {
        while let Some(token) = lexer.next_token() {
            let text = lexer.text(&token).to_vec();
            seen.push((
                token.kind,
                token.line,
                token.column,
                token.first_on_line,
                token.glued,
                text,
            ));
        }
    };
    for piece in pieces {
        lexer.feed(piece);
        drain(&mut lexer, &mut seen);
    }
    lexer.end();
    drain(&mut lexer, &mut seen);
    seen
}

fn words(dialect: Dialect, text: &str) -> Vec<String> {
    lex(dialect, &[text.as_bytes()])
        .into_iter()
        .map(|(kind, .., text)| format!("{kind:?}:{}", String::from_utf8_lossy(&text)))
        .collect()
}

#[test]
fn mysql_conditional_comments_are_code_and_their_delimiters_are_not() {
    assert_eq!(
        words(
            Dialect::MySql,
            "/*!40101 SET NAMES utf8 */;\n/* no */ -- no\n# no\nSELECT 5--3"
        ),
        [
            "Word:SET",
            "Word:NAMES",
            "Word:utf8",
            "Terminator:;",
            "Word:SELECT",
            "Number:5",
            "Punctuation(45):-",
            "Punctuation(45):-",
            "Number:3"
        ]
    );
}

#[test]
fn a_changed_delimiter_keeps_a_procedure_in_one_statement() {
    let text = "DELIMITER $$\nBEGIN a; END$$\nDELIMITER ;\nSELECT 1;";
    let kinds: Vec<String> = words(Dialect::MySql, text);
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| kind.starts_with("Terminator"))
            .count(),
        2,
        "{kinds:?}"
    );
}

#[test]
fn quotes_of_every_kind() {
    assert_eq!(
        words(Dialect::MySql, r"'it''s' 'it\'s' `Aufträge` N'x'"),
        [
            r"SingleQuoted:it''s",
            r"SingleQuoted:it\'s",
            "BacktickName:Aufträge",
            "Word:N",
            "SingleQuoted:x"
        ]
    );
    assert_eq!(
        words(Dialect::SqliteScript, r"'back\' [Order Details] .5 a.b"),
        [
            r"SingleQuoted:back\",
            "BracketName:Order Details",
            "Number:.5",
            "Word:a",
            "Punctuation(46):.",
            "Word:b"
        ]
    );
}

#[test]
fn a_forgotten_quote_does_not_take_the_next_statement() {
    let seen = words(
        Dialect::SqliteScript,
        "INSERT INTO a VALUES ('broken);\nINSERT INTO a VALUES (1, 'whole');\n",
    );
    assert!(
        seen.iter().any(|token| token.starts_with("Unterminated")),
        "{seen:?}"
    );
    assert!(seen.contains(&"SingleQuoted:whole".to_owned()), "{seen:?}");
}

#[test]
fn a_value_above_the_limit_is_one_token_without_its_bytes() {
    let mut lexer = Lexer::new(Dialect::SqliteScript.lexer_rules());
    let piece = vec![b'a'; 1024 * 1024];
    lexer.feed(b"'");
    assert!(lexer.next_token().is_none());
    for _ in 0..20 {
        lexer.feed(&piece);
        assert!(lexer.next_token().is_none());
    }
    assert!(
        lexer.buffer.len() < 3 * piece.len(),
        "the value's bytes are let go"
    );
    lexer.feed(b"', 7");
    lexer.end();
    let kinds: Vec<TokenKind> =
        std::iter::from_fn(|| lexer.next_token().map(|token| token.kind)).collect();
    assert_eq!(
        kinds,
        [
            TokenKind::Oversized,
            TokenKind::Punctuation(b','),
            TokenKind::Number
        ]
    );
}

fn sql_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("`".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("\\".to_owned()),
        Just("\n".to_owned()),
        Just("--".to_owned()),
        Just("/*".to_owned()),
        Just("/*!4".to_owned()),
        Just("*/".to_owned()),
        Just(";".to_owned()),
        Just("DELIMITER $$\n".to_owned()),
        Just("$$".to_owned()),
        Just("$a$".to_owned()),
        Just("\nGO\n".to_owned()),
        Just("\nGO 2 --\n".to_owned()),
        Just("\n\\c x\n".to_owned()),
        Just("E'".to_owned()),
        Just("\nINSERT INTO x VALUES (".to_owned()),
        Just("1e".to_owned()),
        Just("-".to_owned()),
        Just(".".to_owned()),
        Just("0x".to_owned()),
        "[a-z0-9 ,()]{0,8}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_bytes_are_lexed_without_a_panic(bytes: Vec<u8>) {
        for dialect in DIALECTS {
            lex(dialect, &[&bytes]);
        }
    }

    #[test]
    fn where_the_pieces_are_cut_changes_nothing(bytes in sql_like(), size in 1_usize..9) {
        for dialect in DIALECTS {
            let whole = lex(dialect, &[&bytes]);
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(&whole, &lex(dialect, &pieces));
        }
    }
}
