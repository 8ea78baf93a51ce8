//! What a value is in MySQL depends on its column: compared with what MariaDB 10.11 holds after the same script.

use rusqlite::types::ValueRef;

use super::*;

#[test]
fn bytes_in_a_column_of_letters_are_letters_and_in_one_of_bits_a_number() {
    let (staging, _) = stage(
        b"/*!40101 SET NAMES utf8mb4 */;\n\
          CREATE TABLE `auftrag` (`id` int, `a` varchar(20), `b` mediumtext, `c` enum('x','y'), `d` bit(9)) ENGINE=InnoDB;\n\
          INSERT INTO `auftrag` VALUES (1, 0x4142, _binary 'f\xc3\xbcnf', X'78', b'101'), (2, X'', 'AB', 'y', _binary '\\0\x01');\n",
    );
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows(&staging, "auftrag"),
        [
            [
                some("1"),
                some("AB"),
                some("f\u{fc}nf"),
                some("x"),
                some("5")
            ],
            [some("2"), some(""), some("AB"), some("y"), some("1")],
        ]
    );
}

#[test]
fn bytes_that_are_no_letters_and_bytes_in_a_column_of_bytes_stay_bytes() {
    let (staging, _) = stage(
        b"/*!40101 SET NAMES utf8mb4 */;\n\
          CREATE TABLE `bild` (`a` varchar(20), `b` varbinary(20), `c` blob) ENGINE=InnoDB;\n\
          INSERT INTO `bild` VALUES (0xFF41, 0x4142, _binary 'AB');\n",
    );
    let table = staging
        .table("bild")
        .expect("it is there")
        .sql_name()
        .to_owned();
    let is_blob =
        |row: &rusqlite::Row<'_>, index| matches!(row.get_ref(index), Ok(ValueRef::Blob(_)));
    let found =
        staging
            .connection()
            .query_row(&format!("SELECT c0, c1, c2 FROM {table}"), [], |row| {
                Ok([0, 1, 2].map(|index| is_blob(row, index)))
            });
    assert_eq!(found.expect("one row"), [true, true, true]);
}

#[test]
fn a_zero_in_a_column_that_counts_up_is_the_next_number_unless_the_dump_says_otherwise() {
    let script = |mode: &str| {
        format!(
            "/*!40101 SET NAMES utf8mb4{mode} */;\n\
             CREATE TABLE `auftrag` (`id` int NOT NULL AUTO_INCREMENT, `n` int, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n\
             INSERT INTO `auftrag` VALUES (4,1),(0,2);\nREPLACE INTO `auftrag` VALUES (0,3);\n"
        )
    };
    let ids = |script: String| -> Vec<String> {
        let (staging, _) = stage(script.as_bytes());
        let rows = rows(&staging, "auftrag").into_iter();
        rows.map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
            .collect()
    };
    assert_eq!(ids(script("")), ["4 1", "5 2", "6 3"]);
    let as_dumped = script(", SQL_MODE='NO_AUTO_VALUE_ON_ZERO'");
    assert_eq!(
        ids(as_dumped),
        ["4 1", "0 3"],
        "the second 0 takes the place of the first"
    );
}
