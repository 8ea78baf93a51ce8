//! Sources read end to end into staging: what real dumps contain, and what an engine would hold.

use std::io::Write as _;

use proptest::prelude::*;
use sqlparser::ast::{Expr, SetExpr, Statement, UnaryOperator, Value};

use super::*;

mod csv;
mod mysql;
mod packed;
mod postgres;
mod robust;
mod select;
mod sql_server;

fn stage(text: &[u8]) -> (Staging, SourceSummary) {
    let mut file = tempfile::Builder::new()
        .suffix(".sql")
        .tempfile()
        .expect("a temporary file");
    file.write_all(text).expect("the file is written");
    let mut staging = Staging::create(None).expect("a staging database");
    let summary = read_source(file.path(), &mut staging, |_, _| {}).expect("the source is read");
    for broken in staging.broken() {
        let message = &broken.message;
        assert!(
            crate::report::is_known(message),
            "no report can say in German: {message}"
        );
    }
    (staging, summary)
}

fn counts(staging: &Staging) -> Vec<(String, u64)> {
    staging
        .tables()
        .iter()
        .map(|table| (table.schema.name.clone(), table.rows))
        .collect()
}

fn rows(staging: &Staging, table: &str) -> Vec<Vec<Option<String>>> {
    let staged = staging.table(table).expect("the table is staged");
    let list = (0..staged.schema.columns.len())
        .map(|index| format!("c{index}"))
        .collect::<Vec<_>>()
        .join(", ");
    let mut select = staging
        .connection()
        .prepare(&format!(
            "SELECT {list} FROM {} ORDER BY rowid",
            staged.sql_name()
        ))
        .expect("the query is valid");
    select
        .query_map([], |row| {
            (0..staged.schema.columns.len())
                .map(|index| row.get(index))
                .collect()
        })
        .expect("the query runs")
        .collect::<Result<_, _>>()
        .expect("every value is text or NULL")
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| Some((*value).to_owned()))
        .collect()
}

const MYSQL_HEAD: &str = "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\n";

#[test]
fn a_mysql_dump_with_umlauts_and_late_keys() {
    let (staging, summary) = stage(
        format!(
            "{MYSQL_HEAD}CREATE TABLE `Aufträge` (\n `id` int(11) NOT NULL,\n `Priorität` varchar(20) DEFAULT 'Standard',\n \
             `key` text,\n KEY `prio` (`Priorität`)\n) ENGINE=InnoDB;\n\
             INSERT INTO `Aufträge` VALUES (1,'Express','it\\'s'),(2,'Tief',NULL),(3,'','a;b');\n\
             INSERT INTO `Aufträge` (`id`, `key`) VALUES (4, _utf8mb4'x');\n\
             ALTER TABLE `Aufträge` ADD PRIMARY KEY (`id`), ADD KEY `k` (`key`);\n\
             ALTER TABLE `Aufträge` MODIFY `id` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=5;\n"
        )
        .as_bytes(),
    );
    assert_eq!(summary.dialect, "mysql");
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    let table = staging.table("aufträge").expect("found whatever its case");
    assert_eq!(table.schema.primary_key, ["id"]);
    assert!(table.schema.columns[0].counts_up);
    assert_eq!(
        rows(&staging, "Aufträge"),
        [
            some(&["1", "Express", "it's"]),
            vec![Some("2".into()), Some("Tief".into()), None],
            some(&["3", "", "a;b"]),
            some(&["4", "Standard", "x"]),
        ]
    );
}

#[test]
fn sqlite_counts_up_where_null_is_given() {
    let (staging, _) = stage(
        b"PRAGMA foreign_keys=off;\nCREATE TABLE [Order Details] ([ID] INTEGER PRIMARY KEY AUTOINCREMENT, [n] NUMERIC DEFAULT 0);\n\
          INSERT INTO [Order Details] VALUES (null, 1.50);\nINSERT INTO \"Order Details\" VALUES (7, -2);\n\
          INSERT INTO `Order Details` VALUES (NULL, replace('a\\nb','\\n',char(10)));",
    );
    assert_eq!(
        rows(&staging, "order details"),
        [
            some(&["1", "1.50"]),
            some(&["7", "-2"]),
            some(&["8", "a\nb"])
        ]
    );
}

#[test]
fn a_broken_row_is_reported_and_its_neighbours_are_read() {
    let (staging, _) = stage(
        b"CREATE TABLE a (x INT, y TEXT);\nINSERT INTO a VALUES (1,'one'),\n(2, ),\n(3,NOW()),\n(4),\n(5,'five'),;\n\
          INSERT INTO a VALUES (6,'six')\nINSERT INTO a VALUES (7,'seven');\nINSERT INTO a VALUES (8,'eight;\n\
          INSERT INTO a VALUES (9,'nine');\nINSERT INTO a VALUES (10,'cut",
    );
    let seen: Vec<String> = rows(&staging, "a")
        .into_iter()
        .filter_map(|row| row[0].clone())
        .collect();
    assert_eq!(seen, ["1", "5", "6", "7", "9"]);
    let lines: Vec<u64> = staging.broken().iter().map(|broken| broken.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 9, 11], "{:?}", staging.broken());
}

#[test]
fn statements_that_are_not_read_are_named() {
    let (staging, _) = stage(
        b"PRAGMA foreign_keys=off;\nCREATE TABLE a (x INT);\nCREATE VIEW v AS SELECT * FROM a;\n\
          CREATE TRIGGER t AFTER INSERT ON a BEGIN\nINSERT INTO a VALUES (99); UPDATE a SET x = CASE WHEN 1 THEN 2 END;\nEND;\n\
          INSERT INTO a VALUES (1);\nUPDATE a SET x = 2 WHERE x = 1;\n",
    );
    assert_eq!(counts(&staging), [("a".to_owned(), 1)]);
    let kinds: Vec<(u64, &str)> = staging
        .skipped()
        .iter()
        .map(|skipped| (skipped.line, skipped.kind.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (1, "PRAGMA"),
            (3, "CREATE VIEW"),
            (4, "CREATE TRIGGER"),
            (8, "UPDATE")
        ]
    );
    assert_eq!(staging.unapplied().len(), 1);
}

#[test]
fn keys_that_stand_twice_go_the_way_the_engine_sends_them() {
    let (staging, _) = stage(
        b"CREATE TABLE a (x INTEGER PRIMARY KEY, y TEXT);\nINSERT INTO a VALUES (1,'first');\nINSERT INTO a VALUES (1,'second');\n\
          CREATE TABLE b (x INTEGER PRIMARY KEY, y TEXT);\nINSERT INTO b VALUES (1,'first');\nREPLACE INTO b VALUES (1,'second');\n\
          CREATE TABLE c (x INT, y INT, PRIMARY KEY (x, y));\nINSERT INTO c VALUES (1,1),(1,2);\n\
          CREATE TABLE gone (x INT);\nINSERT INTO gone VALUES (1);\nDROP TABLE IF EXISTS gone;\n\
          CREATE TABLE d (x INT);\nINSERT INTO d VALUES (1);\nDELETE FROM d;\n",
    );
    assert_eq!(rows(&staging, "a"), [some(&["1", "first"])]);
    assert_eq!(rows(&staging, "b"), [some(&["1", "second"])]);
    let expected =
        [("a", 1), ("b", 1), ("c", 2), ("d", 0)].map(|(name, rows)| (name.to_owned(), rows));
    assert_eq!(counts(&staging), expected);
    assert_eq!(
        staging.broken().len(),
        1,
        "the refused row is named: {:?}",
        staging.broken()
    );
}

#[test]
fn utf_16_and_windows_1252_are_read() {
    let text =
        "PRAGMA x;\r\nCREATE TABLE Auftrag (a TEXT);\r\nINSERT INTO Auftrag VALUES ('Zürich');\r\n";
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let (staging, summary) = stage(&wide);
    assert_eq!(summary.encoding, "utf-16le");
    assert_eq!(rows(&staging, "Auftrag"), [some(&["Zürich"])]);

    let (staging, summary) = stage(
        b"CREATE TABLE Auftr\xE4ge (a TEXT);\nINSERT INTO Auftr\xE4ge VALUES ('Z\xFCrich');\n",
    );
    assert_eq!(summary.encoding, "windows-1252");
    assert_eq!(rows(&staging, "Aufträge"), [some(&["Zürich"])]);
}

#[test]
fn what_is_no_dump_is_refused_with_what_to_do() {
    let refuse = |name: &str, bytes: &[u8]| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        let mut staging = Staging::create(None).expect("a staging database");
        read_source(&path, &mut staging, |_, _| {})
            .expect_err("it is refused")
            .to_string()
    };
    assert!(refuse("a.bak", b"TAPE\0\0\x03").contains("Generate Scripts"));
    assert!(refuse("a.zip", b"PK\x03\x04").contains("Unpack"));
    assert!(refuse("a.sql.gz", &[0x1f, 0x8b, 8]).contains("cut off"));
    assert!(refuse("a.bson", b"\x16\0\0\0").contains("MongoDB"));
    assert!(refuse("a.sql", b" \n").contains("empty"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cookies.sqlite");
    let other = rusqlite::Connection::open(&path).expect("a database");
    other
        .execute_batch("CREATE TABLE moz_cookies (id INTEGER)")
        .expect("a table");
    drop(other);
    let mut staging = Staging::create(None).expect("a staging database");
    let message = read_source(&path, &mut staging, |_, _| {})
        .expect_err("it is refused")
        .to_string();
    assert!(message.contains("moz_cookies"), "{message}");
}

/// What SQLite itself makes of a script: rows by table, texts as they are.
fn engine(script: &str) -> Vec<(String, Vec<Vec<Option<String>>>)> {
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    database
        .execute_batch(script)
        .expect("SQLite takes the script");
    let mut names = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid")
        .expect("the query is valid");
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .expect("the query runs")
        .collect::<Result<_, _>>()
        .expect("names are text");
    let mut tables = Vec::new();
    for name in names {
        let mut all = database
            .prepare(&format!("SELECT * FROM \"{name}\" ORDER BY rowid"))
            .expect("the table is there");
        let columns = all.column_count();
        let rows = all.query_map([], |row| {
            (0..columns)
                .map(|index| {
                    Ok(match row.get_ref(index)? {
                        rusqlite::types::ValueRef::Null => None,
                        rusqlite::types::ValueRef::Integer(number) => Some(number.to_string()),
                        rusqlite::types::ValueRef::Real(number) => Some(number.to_string()),
                        other => Some(String::from_utf8_lossy(other.as_bytes()?).into_owned()),
                    })
                })
                .collect()
        });
        let rows = rows
            .expect("the query runs")
            .collect::<Result<_, _>>()
            .expect("every value is read");
        tables.push((name, rows));
    }
    tables
}

#[test]
fn a_sqlite_script_reads_as_sqlite_reads_it() {
    let script = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n\
        CREATE TABLE IF NOT EXISTS \"main\".\"a b\" (id INTEGER PRIMARY KEY, key TEXT, \"order\" TEXT DEFAULT 'x', UNIQUE(key));\n\
        INSERT INTO \"a b\" VALUES(1,'semi;colon','--no comment');INSERT INTO \"a b\"(key) VALUES('two'),('three');\n\
        INSERT OR IGNORE INTO \"a b\" VALUES(9,'two','dropped');\n\
        INSERT OR REPLACE INTO \"a b\" VALUES(1,'again',NULL);\n\
        /* INSERT INTO \"a b\" VALUES(50,'comment','no'); */\n\
        INSERT INTO \"a b\" VALUES(11,unistr('a\\u00fc'),replace(replace('x\\ry\\n','\\r',char(13)),'\\n',char(10)));\n\
        INSERT INTO \"a b\" VALUES(12,CAST(X'4142' AS TEXT),'it''s' || ' joined');\n\
        CREATE TABLE seq (n INTEGER PRIMARY KEY AUTOINCREMENT, t);\nINSERT INTO seq VALUES(NULL,-7),(41,'b'),(NULL,+3);\n\
        CREATE TABLE gone (x);\nINSERT INTO gone VALUES(1);\nDROP TABLE gone;\n\
        CREATE TABLE late (x);\nINSERT INTO late VALUES(1);\nALTER TABLE late ADD COLUMN y TEXT DEFAULT 'new';\n\
        ALTER TABLE late RENAME TO later;\nINSERT INTO later VALUES(2,'');\n\
        CREATE TABLE emptied (x);\nINSERT INTO emptied VALUES(1);\nDELETE FROM emptied;\n\
        DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('seq',42);\nCOMMIT;\n";
    let (staging, _) = stage(script.as_bytes());
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    for (name, mut expected) in engine(script) {
        let mut found = rows(&staging, &name);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
    assert!(staging.table("gone").is_none() && staging.table("sqlite_sequence").is_none());
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NULL".to_owned()),
        "[a-z]{1,5}".prop_map(|text| format!("N'{text}'")),
        any::<i32>().prop_map(|number| number.to_string()),
        (any::<i16>(), 0_u8..99).prop_map(|(whole, part)| format!("{whole}.{part:02}")),
        "[a-zäöü '\\n;,()-]{0,12}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ]
}

/// The value of a literal; outside: whether it is one, inside: whether it is NULL.
#[expect(
    clippy::option_option,
    reason = "outside: whether it is a literal; inside: whether it is NULL"
)]
fn literal(expression: &Expr) -> Option<Option<String>> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::Null => Some(None),
            Value::Number(number, _) => Some(Some(number.clone())),
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => {
                Some(Some(text.clone()))
            }
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => literal(expr).map(|inner| inner.map(|text| format!("-{text}"))),
        _ => None,
    }
}

/// The values of an INSERT as sqlparser reads them, NULL as `None`.
fn oracle(dialect: Dialect, statement: &str) -> Option<Vec<Vec<Option<String>>>> {
    let theirs: &dyn sqlparser::dialect::Dialect = match dialect {
        Dialect::MySql => &sqlparser::dialect::MySqlDialect {},
        Dialect::Postgres => &sqlparser::dialect::PostgreSqlDialect {},
        Dialect::SqlServer => &sqlparser::dialect::MsSqlDialect {},
        _ => &sqlparser::dialect::SQLiteDialect {},
    };
    let parsed = sqlparser::parser::Parser::parse_sql(theirs, statement).ok()?;
    let [Statement::Insert(insert)] = parsed.as_slice() else {
        return None;
    };
    let SetExpr::Values(values) = insert.source.as_ref()?.body.as_ref() else {
        return None;
    };
    values
        .rows
        .iter()
        .map(|row| row.iter().map(literal).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        for dialect in [Dialect::MySql, Dialect::SqliteScript, Dialect::Postgres, Dialect::SqlServer] {
            let mut staging = Staging::create(None).expect("a staging database");
            let mut reader = StatementReader::new(dialect);
            reader.feed(&bytes, &mut staging).expect("nothing fails");
            reader.finish(&mut staging).expect("nothing fails");
        }
    }

    #[test]
    fn an_insert_reads_as_sqlparser_reads_it(
        values in proptest::collection::vec(proptest::collection::vec(value(), 3), 1..5),
        which in 0_usize..4,
    ) {
        let dialect = robust::DIALECTS[which];
        let list = values.iter().map(|row| format!("({})", row.join(", "))).collect::<Vec<_>>().join(",\n");
        let statement = format!("INSERT INTO a VALUES {list};");
        let Some(expected) = oracle(dialect, &statement) else { return Ok(()) };
        let mut staging = Staging::create(None).expect("a staging database");
        let mut reader = StatementReader::new(dialect);
        let text = format!("CREATE TABLE a (x text, y text, z text);\n{statement}");
        reader.feed(text.as_bytes(), &mut staging).expect("nothing fails");
        reader.finish(&mut staging).expect("nothing fails");
        staging.settle().expect("nothing fails");
        prop_assert!(staging.broken().is_empty(), "{:?}", staging.broken());
        prop_assert_eq!(rows(&staging, "a"), expected);
    }

    #[test]
    fn where_a_dump_is_cut_into_pieces_changes_nothing(
        broken in proptest::collection::vec(0_usize..800, 0..6),
        size in 1_usize..40,
    ) {
        // A good dump, with single signs knocked out of it.
        let mut text = format!(
            "{MYSQL_HEAD}CREATE TABLE `a` (`x` int NOT NULL, `y` varchar(9), PRIMARY KEY (`x`)) ENGINE=InnoDB;\n\
             INSERT INTO `a` VALUES (1,'one'),(2,'it\\'s'),(3,NULL);\nUPDATE a SET y = 'q' WHERE x = 1;\n\
             INSERT INTO `a` (`y`,`x`) VALUES ('four',4),(N'five',5);\nDELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT ';'; END$$\n\
             DELIMITER ;\nALTER TABLE `a` ADD `z` int DEFAULT 7;\nINSERT INTO a VALUES (6,'six',-1)\nINSERT INTO a VALUES (7,'',0x4142);\n"
        )
        .into_bytes();
        for place in broken {
            let place = place % text.len();
            text[place] = b' ';
        }
        let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut staging = Staging::create(None).expect("a staging database");
            let mut reader = StatementReader::new(Dialect::MySql);
            for piece in pieces {
                reader.feed(piece, &mut staging).expect("nothing fails");
            }
            reader.finish(&mut staging).expect("nothing fails");
            staging.settle().expect("nothing fails");
            let names: Vec<String> = staging.tables().iter().map(|table| table.schema.name.clone()).collect();
            let counts = counts(&staging);
            (names, counts, staging.broken().to_vec(), staging.skipped().to_vec())
        };
        let whole = read(&mut std::iter::once(text.as_slice()));
        prop_assert_eq!(read(&mut text.chunks(size)), whole);
    }
}
