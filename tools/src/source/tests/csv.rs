//! `COPY` in CSV: as PostgreSQL writes and reads it, and what becomes of quotes that somebody forgot.

use super::*;

const HEAD: &str = "SET standard_conforming_strings = on;\nCREATE TABLE public.a (x integer, y text, z boolean);\n";

fn seen(copy: &str) -> (Vec<Vec<Option<String>>>, Vec<u64>) {
    let (staging, summary) = stage(format!("{HEAD}{copy}").as_bytes());
    assert_eq!(summary.dialect, "postgresql");
    let lines = staging.broken().iter().map(|broken| broken.line).collect();
    (rows(&staging, "a"), lines)
}

fn row(x: &str, y: Option<&str>, z: Option<&str>) -> Vec<Option<String>> {
    [Some(x), y, z]
        .into_iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

#[test]
fn a_copy_in_csv_is_read_as_postgresql_reads_it() {
    let (found, broken) = seen(
        "COPY public.a (x, y, z) FROM stdin WITH (FORMAT csv, HEADER);\nx,y,z\n\
         1,\"Kante; \"\"fein\"\"\",t\n2,,f\n3,\"\",\n4,\"zwei\nZeilen, ja\",t\n5, Rand ,\n6,a\"b,c\"d,f\n7,\\N,t\n\\.\n",
    );
    assert_eq!(broken, Vec::<u64>::new());
    assert_eq!(
        found,
        [
            row("1", Some("Kante; \"fein\""), Some("1")),
            row("2", None, Some("0")),
            row("3", Some(""), None),
            row("4", Some("zwei\nZeilen, ja"), Some("1")),
            row("5", Some(" Rand "), None),
            row("6", Some("ab,cd"), Some("0")),
            row("7", Some("\\N"), Some("1")),
        ]
    );
}

#[test]
fn signs_headers_and_nulls_are_as_the_statement_says() {
    let (found, broken) = seen(
        "COPY a (x, y, z) FROM stdin (FORMAT 'csv', DELIMITER ';', QUOTE '''', ESCAPE E'\\\\', NULL '-', HEADER false);\n\
         1;'it\\'s; so';-\n2;'-';t\n\\.\n\
         COPY a FROM stdin WITH DELIMITER AS E'\\t' NULL AS 'NULL' CSV HEADER QUOTE AS '\"';\nx\ty\tz\n3\t\"a\tb\"\tNULL\n\\.\n\
         COPY a FROM stdin CSV;\n4,old,t\n\\.\n\
         COPY a FROM stdin WITH (FORMAT text, HEADER true, DELIMITER '|', DEFAULT '\\D');\nx|y|z\n5|new|\\D\n\\.\n",
    );
    assert_eq!(broken, Vec::<u64>::new());
    assert_eq!(
        found,
        [
            row("1", Some("it's; so"), None),
            row("2", Some("-"), Some("1")),
            row("3", Some("a\tb"), None),
            row("4", Some("old"), Some("1")),
            row("5", Some("new"), None),
        ]
    );
}

#[test]
fn a_forgotten_quote_in_csv_takes_its_own_line_only() {
    let (found, broken) = seen(
        "COPY a (x, y, z) FROM stdin CSV;\n1,\"offen,t\n2,zwei,t\n3,\"drei\",t\n4,vier\n5,fuenf,f\n\\.\n\
         COPY a (x, y, z) FROM stdin CSV;\n6,sechs,t\n7,\"noch einmal,t\n8,acht,t\n\\.\nINSERT INTO a VALUES (9, 'neun', true);\n",
    );
    let keys: Vec<Option<String>> = found
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(keys, some(&["2", "3", "5", "6", "8", "9"]));
    assert_eq!(broken, [4, 7, 12]);
}

#[test]
fn a_copy_in_csv_without_its_end_takes_nothing_with_it() {
    let (found, broken) = seen(
        "COPY a (x, y, z) FROM stdin CSV;\n1,eins,t\nCOPY public.a (x, y, z) FROM stdin CSV;\n2,\"zwei,t\n\
         INSERT INTO a VALUES (3, 'drei', true);\nCOPY a FROM stdin CSV;\n4,\"mitten in\nder Zeile",
    );
    let keys: Vec<Option<String>> = found
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(keys, some(&["1", "3"]));
    assert_eq!(broken, [5, 6, 7, 9]);
}

#[test]
fn a_column_is_null_or_not_as_the_statement_forces_it() {
    let rows_of = "1,\"\",\n2,,\"\"\n3,\"x\",t\n\\.\n";
    let usual = [
        row("1", Some(""), None),
        row("2", None, Some("")),
        row("3", Some("x"), Some("1")),
    ];
    let null = [
        row("1", None, None),
        row("2", None, Some("")),
        row("3", Some("x"), Some("1")),
    ];
    let not_null = [
        row("1", Some(""), None),
        row("2", Some(""), Some("")),
        row("3", Some("x"), Some("1")),
    ];
    // As the server has it, which looks for the one where the value was NULL and for the other where it was none.
    let both = [
        row("1", None, None),
        row("2", Some(""), Some("")),
        row("3", Some("x"), Some("1")),
    ];
    let all_null = [
        row("1", None, None),
        row("2", None, None),
        row("3", Some("x"), Some("1")),
    ];
    let cases = [
        ("WITH (FORMAT csv)", &usual),
        ("WITH (FORMAT csv, FORCE_NULL (y))", &null),
        ("WITH (FORCE_NULL (\"y\"), FORMAT csv)", &null),
        ("CSV FORCE NULL y", &null),
        ("WITH (FORMAT csv, FORCE_NOT_NULL (y))", &not_null),
        ("CSV FORCE NOT NULL y", &not_null),
        (
            "WITH (FORMAT csv, FORCE_NULL (y), FORCE_NOT_NULL (Y))",
            &both,
        ),
        ("WITH (FORMAT csv, FORCE_NULL *)", &all_null),
    ];
    for (options, expected) in cases {
        let (found, broken) = seen(&format!(
            "COPY a (x, y, z) FROM stdin {options};\n{rows_of}"
        ));
        assert_eq!(broken, Vec::<u64>::new(), "{options}");
        assert_eq!(&found, expected, "{options}");
    }
}

#[test]
fn the_text_that_stands_for_null_may_be_any_and_columns_be_called_as_options_are() {
    let (staging, _) = stage(
        b"SET standard_conforming_strings = on;\nCREATE TABLE public.b (header text, csv text);\n\
          COPY public.b (header, csv) FROM stdin WITH (FORMAT csv, NULL '-', FORCE_NULL (csv), FORCE_NOT_NULL (header));\n\
          -,\"-\"\n\"-\",-\n\\.\n",
    );
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(rows(&staging, "b"), [[some("-"), None], [some("-"), None]]);
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
}

#[test]
fn what_cannot_be_read_says_why_and_what_to_do() {
    let cases = [
        (
            "a FROM stdin WITH (FORMAT csv, FORCE_NULL (y))",
            "without naming all of them",
        ),
        (
            "a (x, y, z) FROM stdin WITH (FORMAT csv, FORCE_NULL (w))",
            "PostgreSQL refuses",
        ),
        (
            "a (x, y, z) FROM stdin WITH (FORCE_NOT_NULL (y))",
            "PostgreSQL refuses",
        ),
        (
            "a (x, y, z) FROM stdin CSV FORCE QUOTE y",
            "PostgreSQL refuses",
        ),
        (
            "a FROM stdin WITH (FORMAT csv, DELIMITER '||')",
            "several bytes",
        ),
        ("a FROM stdin WITH (FORMAT binary)", "the format binary"),
        ("a FROM stdin WITH BINARY", "the format binary"),
        ("BINARY a FROM stdin", "the format binary"),
    ];
    for (copy, cause) in cases {
        let script =
            format!("{HEAD}COPY {copy};\n1,\"\",t\n\\.\nINSERT INTO a VALUES (3, 'drei', true);\n");
        let (staging, _) = stage(script.as_bytes());
        assert_eq!(counts(&staging), [("a".to_owned(), 1)], "{copy}");
        let messages: Vec<&str> = staging
            .broken()
            .iter()
            .map(|broken| broken.message.as_str())
            .collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(
            messages[0].contains(cause) && messages[0].contains("pg_dump"),
            "{messages:?}"
        );
        assert!(crate::report::is_known(messages[0]), "{messages:?}");
    }
}

#[test]
fn the_bytes_of_a_binary_copy_take_no_statement_with_them() {
    let mut script = format!("{HEAD}COPY a FROM stdin WITH (FORMAT binary);\n").into_bytes();
    script.extend(b"PGCOPY\n\xff\r\n\x01\x04\x07\xff\xff\n");
    script.extend(b"INSERT INTO a VALUES (3, 'drei', true);\n");
    let (staging, _) = stage(&script);
    assert_eq!(counts(&staging), [("a".to_owned(), 1)]);
    assert_eq!(staging.broken().len(), 1, "{:?}", staging.broken());
}

/// A value as PostgreSQL writes it.
fn written(value: Option<&String>, delimiter: char) -> String {
    match value {
        None => String::new(),
        Some(text)
            if text.is_empty() || text == "\\." || text.contains([delimiter, '"', '\n', '\r']) =>
        {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written in CSV is read as it was, wherever the pieces are cut.
    #[test]
    fn what_is_written_in_csv_is_read_as_it_was(
        values in proptest::collection::vec((1_u32..9, proptest::option::of("[a-zäöü \"\\n;,\\\\.()-]{0,9}"), proptest::option::of("[ab\\n\"]{0,3}")), 1..8),
        semicolon: bool,
    ) {
        let delimiter = if semicolon { ';' } else { ',' };
        let values: Vec<Vec<Option<String>>> = values
            .into_iter()
            .map(|(x, y, z)| vec![Some(x.to_string()), y, z])
            // psql itself ends the rows at a line of these two signs, whatever stands around it.
            .filter(|row| row.iter().flatten().all(|text| !text.lines().any(|line| line == "\\.")))
            .collect();
        let lines: String = values
            .iter()
            .map(|row| {
                let row: Vec<String> = row.iter().map(|value| written(value.as_ref(), delimiter)).collect();
                row.join(&delimiter.to_string()) + "\n"
            })
            .collect();
        let text = format!(
            "SET standard_conforming_strings = on;\nCREATE TABLE public.a (x text, y text, z text);\n\
             COPY public.a (x, y, z) FROM stdin WITH (FORMAT csv, DELIMITER '{delimiter}');\n{lines}\\.\n"
        );
        let (staging, _) = stage(text.as_bytes());
        prop_assert!(staging.broken().is_empty(), "{:?}", staging.broken());
        prop_assert_eq!(rows(&staging, "a"), values);
    }
}
