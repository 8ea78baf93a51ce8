//! Rows behind `INSERT ... SELECT` and `INSERT ... SET`.

use super::*;

fn column(staging: &Staging, table: &str, index: usize) -> Vec<Option<String>> {
    rows(staging, table)
        .into_iter()
        .map(|mut row| row.swap_remove(index))
        .collect()
}

fn lines(staging: &Staging) -> Vec<u64> {
    staging.broken().iter().map(|broken| broken.line).collect()
}

#[test]
fn a_select_of_constants_gives_its_rows() {
    let (staging, _) = stage(
        "SET NOCOUNT ON\nGO\nCREATE TABLE [dbo].[a]([x] [int] NOT NULL PRIMARY KEY, [y] [nvarchar](20) NULL, [z] [money] NULL)\nGO\n\
         INSERT INTO [dbo].[a] ([x], [y], [z])\nSELECT 1, N'Kante', 49.5 UNION ALL\nSELECT 2 AS [x], N'UNION ALL' AS y, CAST(3 AS money)\nUNION ALL SELECT 3, NULL, (-4)\n\
         INSERT [dbo].[a] SELECT 4, N'vier' + N'tel', NULL INSERT [dbo].[a] SELECT 5, N'fünf', 1\n\
         SELECT * FROM [dbo].[a]\nIF NOT EXISTS (SELECT 1 FROM a WHERE x = 5) INSERT INTO a SELECT 5, N'da', 1\nGO\n\
         BEGIN INSERT [dbo].[a] SELECT 6, N'Block', NULL END\nINSERT a VALUES (7, N'sieben', 7)\n"
            .as_bytes(),
    );
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    assert_eq!(
        column(&staging, "a", 0),
        some(&["1", "2", "3", "4", "5", "6", "7"])
    );
    assert_eq!(
        column(&staging, "a", 1)[..5],
        [
            Some("Kante".to_owned()),
            Some("UNION ALL".to_owned()),
            None,
            Some("viertel".to_owned()),
            Some("fünf".to_owned())
        ]
    );
    assert_eq!(column(&staging, "a", 2)[2], Some("-4".to_owned()));
}

#[test]
fn a_union_leaves_out_what_is_there_as_the_engine_does() {
    let script = "PRAGMA foreign_keys=OFF;\nCREATE TABLE a (x INT, y TEXT);\n\
        INSERT INTO a SELECT 1, 'a' UNION SELECT 2, 'b' UNION SELECT 1, 'a' UNION SELECT 1, NULL;\n\
        INSERT INTO a SELECT 3, 'c' UNION ALL SELECT 3, 'c';\nINSERT INTO a SELECT 4 v, 'd' w;\n\
        INSERT INTO a (y) SELECT 'nur' ;\nINSERT OR IGNORE INTO a SELECT 5, 'e' ON CONFLICT DO NOTHING;\n";
    let (staging, _) = stage(script.as_bytes());
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    // `ON CONFLICT` behind a SELECT without WHERE is what SQLite alone would take for a join.
    let (_, mut expected) = engine(&script.replace(" ON CONFLICT DO NOTHING", "")).swap_remove(0);
    let mut found = rows(&staging, "a");
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_comes_from_another_table_is_said_and_its_neighbours_are_read() {
    let (staging, _) = stage(
        format!(
            "{MYSQL_HEAD}CREATE TABLE `a` (`x` int, `y` text) ENGINE=InnoDB;\nINSERT INTO `a` SELECT 1, 'eins' FROM DUAL;\n\
             INSERT INTO `a` SELECT id, name FROM `b` WHERE x IN (SELECT 1);\nINSERT INTO `a` SELECT * FROM `b`;\n\
             INSERT INTO `a` SELECT 2, 'zwei' UNION ALL SELECT 3, NOW() UNION ALL SELECT 4, 'vier';\n\
             INSERT INTO `a` SELECT 5, 'x' UNION ALL SELECT 5, 'x' UNION SELECT 6, 'y';\n\
             INSERT INTO `a` SELECT 7, 'offen\nINSERT INTO `a` SELECT 8, 'acht' ON DUPLICATE KEY UPDATE y = 'z';\n\
             INSERT INTO `a` SELECT 9,\nINSERT INTO `a` VALUES (10, 'zehn');\nINSERT INTO `a` SELECT 11, (2\n"
        )
        .as_bytes(),
    );
    assert_eq!(
        column(&staging, "a", 0),
        some(&["1", "2", "4", "5", "5", "8", "10"]),
        "{:?}",
        staging.broken()
    );
    assert_eq!(
        lines(&staging),
        [5, 6, 7, 8, 9, 12, 13],
        "{:?}",
        staging.broken()
    );
    for broken in &staging.broken()[..2] {
        assert!(broken.message.contains("dump the database"), "{broken:?}");
    }
    assert!(staging.unapplied().is_empty());
}

#[test]
fn an_insert_that_sets_its_columns_is_one_row() {
    let (staging, _) = stage(
        format!(
            "{MYSQL_HEAD}CREATE TABLE `a` (`x` int, `y` text DEFAULT 'sonst', `z` text) ENGINE=InnoDB;\n\
             INSERT INTO `a` SET `x` = 1, y='it\\'s, so', a.z = CONCAT('no');\nINSERT INTO `a` SET x=2, z=_utf8'zwei';\n\
             REPLACE a SET x=3, y=NULL, z=replace('a,b', ',', ';') ON DUPLICATE KEY UPDATE z = 'q';\n\
             INSERT INTO `a` SET x=4, y\nINSERT INTO `a` SET x=5, nowhere=1;\nINSERT INTO `a` SET x=-6, y=DEFAULT;\nINSERT a SET x=7, y='cut"
        )
        .as_bytes(),
    );
    assert_eq!(
        rows(&staging, "a"),
        [
            vec![Some("2".into()), Some("sonst".into()), Some("zwei".into())],
            vec![Some("3".into()), None, Some("a;b".into())],
            vec![Some("-6".into()), Some("sonst".into()), None],
        ],
        "{:?}",
        staging.broken()
    );
    assert_eq!(lines(&staging), [4, 8, 8, 10], "{:?}", staging.broken());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The same rows, behind `VALUES` and behind `SELECT`, are the same rows.
    #[test]
    fn constants_read_alike_behind_values_and_behind_select(
        values in proptest::collection::vec(proptest::collection::vec(value(), 2), 1..5),
        which in 0_usize..4,
    ) {
        let dialect = robust::DIALECTS[which];
        let read = |statement: String| {
            let mut staging = Staging::create(None).expect("a staging database");
            staging.set_dialect(dialect);
            let mut reader = StatementReader::new(dialect);
            reader.feed(b"CREATE TABLE a (x text, y text);\n", &mut staging).expect("nothing fails");
            reader.feed(statement.as_bytes(), &mut staging).expect("nothing fails");
            reader.finish(&mut staging).expect("nothing fails");
            staging.settle().expect("it settles");
            let broken = staging.broken().len();
            (broken, rows(&staging, "a"))
        };
        let list = |before: &str, behind: &str, between: &str| {
            values.iter().map(|row| format!("{before}{}{behind}", row.join(", "))).collect::<Vec<_>>().join(between)
        };
        let by_values = read(format!("INSERT INTO a VALUES {};", list("(", ")", ", ")));
        let by_select = read(format!("INSERT INTO a {};", list("SELECT ", "", " UNION ALL\n")));
        prop_assert_eq!(by_values, by_select);
    }
}
