//! Compressed sources, and encodings that are told apart.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn a_compressed_dump_is_read_as_it_is() {
    let text = b"-- MySQL dump\nCREATE TABLE `a` (`x` int) ENGINE=InnoDB;\nINSERT INTO `a` VALUES (1),(2);\n";
    // Two members, as `cat a.gz b.gz` makes them.
    let file = [packed(text), packed(b"INSERT INTO `a` VALUES (3);\n")].concat();
    let (staging, summary) = stage(&file);
    assert_eq!(summary.dialect, "mysql");
    assert_eq!(summary.bytes, file.len() as u64);
    assert_eq!(
        summary.sha256,
        hexadecimal(&<sha2::Sha256 as sha2::Digest>::digest(&file))
    );
    assert_eq!(counts(&staging), [("a".to_owned(), 3)]);
}

#[test]
fn a_compressed_database_is_read_and_a_cut_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("werkstatt.sqlite");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1), (2)",
        )
        .expect("the rows are there");
    drop(database);
    let file = packed(&std::fs::read(&path).expect("the database is there"));
    let (staging, summary) = stage(&file);
    assert_eq!(summary.dialect, "sqlite");
    assert_eq!(counts(&staging), [("orders".to_owned(), 2)]);

    let path = folder.path().join("cut.sqlite.gz");
    std::fs::write(&path, &file[..file.len() / 2]).expect("the file is written");
    let mut staging = Staging::create(None).expect("a staging database");
    let message = read_source(&path, &mut staging, |_, _| {})
        .expect_err("it is refused")
        .to_string();
    assert!(
        message.contains("cut off") && message.contains("othing was changed"),
        "{message}"
    );
}

#[test]
fn the_console_s_code_page_and_utf_8_in_one_dump() {
    let (staging, summary) = stage(
        b"CREATE TABLE a (x TEXT);\nINSERT INTO a VALUES ('Z\x81rich'),('Z\xC3\xBCrich'),('plain');\n",
    );
    assert_eq!(summary.encoding, "mixed utf-8 and cp850");
    assert_eq!(
        rows(&staging, "a"),
        [some(&["Zürich"]), some(&["Zürich"]), some(&["plain"])]
    );
}

#[test]
fn place_holders_of_views_are_no_tables() {
    let (staging, _) = stage(
        format!(
            "{MYSQL_HEAD}CREATE TABLE `a` (`x` int) ENGINE=InnoDB;\nINSERT INTO `a` VALUES (1);\n\
             CREATE TABLE `v` (\n`x` int\n);\nCREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v` AS SELECT `a`.`x` AS `x` FROM `a`;\n\
             CREATE TABLE `b` LIKE `a`;\nINSERT INTO `b` VALUES (2),(3);\n"
        )
        .as_bytes(),
    );
    assert_eq!(counts(&staging), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
}

#[test]
fn databases_of_one_dump_are_kept_apart() {
    let (staging, _) = stage(
        format!(
            "{MYSQL_HEAD}CREATE DATABASE `chur`;\nUSE `chur`;\nCREATE TABLE `orders` (`id` int, PRIMARY KEY (`id`)) ENGINE=InnoDB;\nINSERT INTO `orders` VALUES (1),(2);\n\
             USE `davos`;\nCREATE TABLE `orders` (`id` int, PRIMARY KEY (`id`)) ENGINE=InnoDB;\nINSERT INTO `orders` VALUES (1);\nINSERT INTO `chur`.`orders` VALUES (3);\n"
        )
        .as_bytes(),
    );
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    assert_eq!(
        counts(&staging),
        [("orders".to_owned(), 3), ("davos.orders".to_owned(), 1)]
    );
}
