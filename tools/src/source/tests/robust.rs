//! Whatever is thrown at it: no panic, no end of time, no end of memory; and two ways of reading a row that agree.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use super::*;
use crate::source::encoding::EncodingCensus;
use crate::source::lexer::{Lexer, MAX_VALUE_BYTES};
use crate::source::names::TableName;
use crate::source::row::{Cell, Row};
use crate::source::schema::{Change, TableSchema};
use crate::source::statement::{InsertTarget, Sink};
use crate::source::words::Escapes;

pub(super) const DIALECTS: [Dialect; 4] = [
    Dialect::MySql,
    Dialect::SqliteScript,
    Dialect::Postgres,
    Dialect::SqlServer,
];

/// Counts, and keeps nothing.
#[derive(Default, Debug, PartialEq, Eq)]
struct Tally {
    rows: u64,
    values: u64,
    /// What the rows said.
    content: u64,
    broken: Vec<(u64, u64, String)>,
}

impl Sink for Tally {
    type Failure = std::convert::Infallible;

    fn create_table(&mut self, _: TableSchema) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn create_table_like(&mut self, _: &TableName, _: &TableName) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn create_view(&mut self, _: &TableName) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn change_table(&mut self, _: &TableName, _: Change) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn drop_table(&mut self, _: &TableName) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn rename_table(&mut self, _: &TableName, _: &str) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn empty_table(&mut self, _: &TableName) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn begin_rows(&mut self, _: &InsertTarget) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn row(&mut self, row: &Row, _: u64, _: u64) -> Result<(), Self::Failure> {
        self.rows += 1;
        self.values += row.len() as u64;
        let mut hasher = DefaultHasher::new();
        (self.content, cells(row)).hash(&mut hasher);
        self.content = hasher.finish();
        Ok(())
    }
    fn rows_yield(&mut self) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn skipped(&mut self, _: u64, _: &str) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn unapplied(&mut self, _: u64, _: &str) -> Result<(), Self::Failure> {
        Ok(())
    }
    fn broken(&mut self, line: u64, column: u64, message: &str) -> Result<(), Self::Failure> {
        if self.broken.len() < 1000 {
            self.broken.push((line, column, message.to_owned()));
        }
        Ok(())
    }
}

fn tally(dialect: Dialect, pieces: &mut dyn Iterator<Item = &[u8]>) -> Tally {
    let mut reader = StatementReader::new(dialect);
    let mut tally = Tally::default();
    for piece in pieces {
        let Ok(()) = reader.feed(piece, &mut tally);
    }
    let Ok(_) = reader.finish(&mut tally);
    tally
}

/// Texts of which every part may be looked at again for every other one, unless somebody bounds it.
#[test]
fn nothing_takes_more_than_time_proportional_to_its_size() {
    let patterns: [&[u8]; 20] = [
        b"INSERT INTO a VALUES ('\n",
        b"INSERT INTO a VALUES (\\'\n",
        b"INSERT INTO a VALUES (\"\n",
        b"INSERT INTO a [\n",
        b"INSERT INTO a `\n",
        b"INSERT INTO a VALUES ($x$\n",
        b"/*/*/*",
        b"/*!40000 ",
        b"((((((((",
        b"INSERT INTO a VALUES ((((1",
        b"IF EXISTS (sys) BEGIN\n",
        b"CREATE TABLE a (b int);",
        b"COPY a FROM stdin;\n",
        b"E'\\",
        b"INSERT INTO a SELECT 1,\n",
        b"INSERT INTO a SET b = (\n",
        b"SELECT 1 UNION ",
        b"1,\"a\n",
        b"\\\"\n",
        b"1,\"a\n,\"\"\n2\n",
    ];
    // Rows in CSV, with an escape that opens a quote where it stands outside of one.
    let starts: [&[u8]; 2] = [b"", b"COPY a (x, y, z) FROM stdin CSV ESCAPE '\\';\n"];
    for (dialect, start) in DIALECTS
        .iter()
        .flat_map(|dialect| starts.map(|start| (*dialect, start)))
    {
        for pattern in patterns {
            let mut text = start.to_vec();
            text.extend(pattern.repeat(400_000 / pattern.len()));
            let begun = Instant::now();
            tally(dialect, &mut text.chunks(4096));
            // Linear, this takes a hundredth of it; quadratic, minutes.
            let taken = begun.elapsed();
            assert!(
                taken < Duration::from_secs(20),
                "{dialect:?} {:?}: {taken:?}",
                String::from_utf8_lossy(pattern)
            );
        }
    }
}

#[test]
fn a_forgotten_quote_before_more_than_a_value_s_worth_loses_one_statement_only() {
    let mut text = b"INSERT INTO a VALUES (1);\nINSERT INTO a VALUES ('open);\n".to_vec();
    let row = b"INSERT INTO a VALUES (2);\n";
    let count = MAX_VALUE_BYTES / row.len() + 5_000;
    text.extend(row.repeat(count));
    let tally = tally(Dialect::MySql, &mut text.chunks(PIECE_BYTES));
    assert_eq!(tally.rows, 1 + count as u64);
    assert_eq!(tally.broken.len(), 1);
}

fn row_like() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("NULL".to_owned()),
        Just("null".to_owned()),
        Just("N'x'".to_owned()),
        Just("''".to_owned()),
        Just("'it''s'".to_owned()),
        Just("'it\\'s'".to_owned()),
        Just("'a\\nb'".to_owned()),
        Just("'\nINSERT INTO x VALUES (1)'".to_owned()),
        Just("'zwei\nZeilen'".to_owned()),
        Just("'Z\u{fc}rich'".to_owned()),
        // A letter of windows-1252, once the row is bytes.
        Just("'Z\u{1}rich'".to_owned()),
        Just("-1.50".to_owned()),
        Just("1e5".to_owned()),
        Just("0x41".to_owned()),
        Just(".5".to_owned()),
        Just("5.".to_owned()),
        Just("--1".to_owned()),
        Just("DEFAULT".to_owned()),
        Just("/* c */ 1".to_owned()),
        Just("'a' 'b'".to_owned()),
        "[0-9]{1,6}",
        "[ ,()'a\\n]{0,4}",
    ];
    let blank = prop_oneof![Just(""), Just(" "), Just("\n"), Just("\t\r\n")];
    proptest::collection::vec((part, blank.clone(), blank), 0..6).prop_map(|parts| {
        let values: Vec<String> = parts
            .into_iter()
            .map(|(value, before, behind)| format!("{before}{value}{behind}"))
            .collect();
        format!("({})", values.join(","))
    })
}

fn cells(row: &Row) -> Vec<Option<String>> {
    row.cells()
        .map(|cell| match cell {
            Cell::Text(text) => Some(text.to_owned()),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A row read in one go is the row that the tokens make: read once with all of it in sight, once byte by byte, which
    /// leaves nothing to be read in one go.
    #[test]
    fn a_row_read_in_one_go_is_the_row_that_the_tokens_make(
        rows in proptest::collection::vec(row_like(), 1..6),
        which in 0_usize..4,
    ) {
        let dialect = DIALECTS[which];
        let text = format!("INSERT INTO a VALUES {};\nINSERT INTO a VALUES (7);\n", rows.join(","));
        let text: Vec<u8> = text.bytes().map(|byte| if byte == 1 { 0xFC } else { byte }).collect();
        let whole = tally(dialect, &mut std::iter::once(text.as_slice()));
        prop_assert_eq!(whole, tally(dialect, &mut text.chunks(1)));
    }

    #[test]
    fn a_plain_row_has_the_values_that_stand_there(numbers in proptest::collection::vec(any::<i32>(), 1..8), text in "[a-zäöü '\\n;,()-]{0,20}") {
        let list = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let line = format!("({list},'{}',NULL), ", text.replace('\'', "''"));
        let mut lexer = Lexer::new(Dialect::SqliteScript.lexer_rules());
        lexer.feed(line.as_bytes());
        let (mut row, mut scratch, mut census) = (Row::default(), Vec::new(), EncodingCensus::default());
        let plain = lexer.plain_row(Escapes::None, &mut row, &mut scratch, &mut census);
        prop_assert!(plain.is_some_and(|plain| plain.comma));
        let mut expected: Vec<Option<String>> = numbers.iter().map(|number| Some(number.to_string())).collect();
        expected.extend([Some(text), None]);
        prop_assert_eq!(cells(&row), expected);
    }

    #[test]
    fn any_bytes_are_read_in_every_dialect_and_every_encoding(bytes: Vec<u8>, which in 0_usize..4) {
        tally(DIALECTS[which], &mut std::iter::once(bytes.as_slice()));
        for opening in [
            "INSERT INTO a VALUES (1,'",
            "INSERT INTO a SELECT 1, ",
            "INSERT INTO a SET b = 1, ",
            "COPY a (x, y) FROM stdin CSV;\n1,\"",
        ] {
            let text = [opening.as_bytes(), &bytes].concat();
            tally(DIALECTS[which], &mut text.chunks(7));
        }
        for layout in [Layout::Bytes, Layout::Utf16Little, Layout::Utf16Big, Layout::detect(&bytes)] {
            let mut transcoder = layout.transcoder();
            let mut reader = StatementReader::new(DIALECTS[which]);
            let mut sink = Tally::default();
            for piece in bytes.chunks(3) {
                let Ok(()) = reader.feed(transcoder.piece(piece, Ending::More), &mut sink);
            }
            let Ok(_) = reader.finish(&mut sink);
        }
    }

    /// A good script of SQL Server or PostgreSQL with single signs knocked out of it, whole and in pieces.
    #[test]
    fn where_a_broken_script_is_cut_changes_nothing(
        broken in proptest::collection::vec(0_usize..900, 0..6),
        size in 1_usize..40,
        postgres: bool,
    ) {
        let (dialect, script) = if postgres {
            (Dialect::Postgres, include_str!("../../../fixtures/zweigstellen.postgres-copy.sql").to_owned())
        } else {
            let bytes = include_bytes!("../../../fixtures/skiladen.sqlserver-utf16.sql");
            let mut transcoder = Layout::Utf16Little.transcoder();
            (Dialect::SqlServer, String::from_utf8_lossy(transcoder.piece(bytes, Ending::Last)).into_owned())
        };
        let mut text = script.into_bytes();
        for place in broken {
            let place = place * 7 % text.len();
            text[place] = b' ';
        }
        let whole = tally(dialect, &mut std::iter::once(text.as_slice()));
        prop_assert_eq!(tally(dialect, &mut text.chunks(size)), whole);
    }

    /// Rows in CSV, as SELECT and as SET, of any signs that mean something there, whole and in pieces.
    #[test]
    fn where_rows_of_other_forms_are_cut_changes_nothing(
        signs in "([12,;ab'\"\n\\\\.()=]|NULL|UNION ALL |SELECT |FROM |INSERT INTO a |COPY a FROM stdin CSV;\n|\\\\\\.\n){0,60}",
        which in 0_usize..4,
        size in 1_usize..9,
    ) {
        let (dialect, opening) = [
            (Dialect::Postgres, "COPY a (x, y) FROM stdin CSV;\n"),
            (Dialect::Postgres, "COPY a FROM stdin CSV ESCAPE '\\' QUOTE '''';\n"),
            (Dialect::SqlServer, "INSERT INTO a SELECT "),
            (Dialect::MySql, "INSERT INTO a SET x = "),
        ][which];
        let text = format!("{opening}{signs}\n\\.\nINSERT INTO a VALUES (7);\n");
        let whole = tally(dialect, &mut std::iter::once(text.as_bytes()));
        prop_assert_eq!(tally(dialect, &mut text.as_bytes().chunks(size)), whole);
    }

    /// Files of any bytes, through the front door: an answer, never a panic.
    #[test]
    fn any_file_is_read_or_refused(bytes: Vec<u8>, start in 0_usize..7) {
        let starts: [&[u8]; 7] = [b"", b"SQLite format 3\0", &[0x1f, 0x8b, 8, 0], b"\xFF\xFE", b"\xEF\xBB\xBF", b"PK\x03\x04", b"PGDMP"];
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("any.sql");
        std::fs::write(&path, [starts[start], &bytes].concat()).expect("the file is written");
        let mut staging = Staging::create(Some(folder.path())).expect("a staging database");
        if let Err(error) = read_source(&path, &mut staging, |_, _| {}) {
            prop_assert!(error.to_string().contains("othing was changed"), "{error}");
        }
    }
}
