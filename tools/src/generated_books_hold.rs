//! Generated order books of every dialect against the truth that the generator tells of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use crate::assess::assess;
use crate::end_to_end::Bench;
use crate::generator::{BookOptions, BookTruth, Defects, DumpDialect, write_book};
use crate::ledger::Sums;
use crate::source::read_source;
use crate::staging::Staging;

/// More than two chunks of rows, so that several threads are at work.
const ORDERS: u64 = 1_000;

fn book(dialect: DumpDialect, folder: &Path, defects: &Defects) -> (std::path::PathBuf, BookTruth) {
    let path = folder.join("werkstatt.sql");
    let options = BookOptions {
        orders: ORDERS,
        seed: 7,
        dialect,
        defects: defects.clone(),
        insert_bytes: 16 * 1024,
    };
    let mut file = File::create(&path).expect("a file");
    let truth = write_book(&options, &mut file).expect("a book is written");
    (path, truth)
}

/// A few of every defect that a dump in the dialect can have.
fn some_of_all(dialect: DumpDialect) -> Defects {
    let names = Defects::names().into_iter();
    let names = names.filter(|name| dialect != DumpDialect::SqlServer || *name != "windows_1252");
    let lines: Vec<String> = (2..)
        .zip(names)
        .map(|(count, name)| format!("{name} = {}\n", count % 5 + 1))
        .collect();
    Defects::from_toml(&lines.concat()).expect("known defects")
}

fn ledger_of(truth: &BookTruth, table: &str) -> (u64, u64, u64, u64) {
    let sums = truth.ledger[table];
    (
        truth.rows[table],
        sums.migrated,
        sums.embedded,
        sums.rejected,
    )
}

fn as_counted(sums: &Sums) -> (u64, u64, u64, u64) {
    (sums.source, sums.migrated, sums.embedded, sums.rejected)
}

#[test]
fn every_dialect_holds_what_was_planted() {
    for (dialect, name) in DumpDialect::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, truth) = book(dialect, folder.path(), &some_of_all(dialect));
        let mut staging = Staging::create(Some(folder.path())).expect("a staging database");
        let summary = read_source(&path, &mut staging, |_, _| {}).expect("the dump is read");
        let assessment = assess(&staging, &summary).expect("it is assessed");
        let rows: BTreeMap<String, u64> = assessment
            .tables
            .iter()
            .map(|table| (table.name.clone(), table.rows))
            .collect();
        assert_eq!(rows, truth.rows, "{name}");
        assert_eq!(
            assessment.errors.len() as u64,
            truth.unreadable,
            "{name}: {:?}",
            assessment.errors
        );
        for expected in &truth.findings {
            let found = assessment.findings.iter().find(|finding| {
                (
                    finding.code,
                    finding.table.as_str(),
                    finding.column.as_str(),
                ) == (expected.code, expected.table, expected.column)
            });
            let count = found.map(|finding| finding.count);
            assert_eq!(count, Some(expected.count), "{name}: {expected:?}");
        }

        let mut bench = Bench::of(&path);
        let ran = bench.run().expect("the run ends");
        assert!(ran.is_clean(), "{name}: {:?}", ran.differences);
        for table in truth.ledger.keys() {
            let counted = as_counted(&ran.ledger[table]);
            assert_eq!(counted, ledger_of(&truth, table), "{name}: {table}");
        }
        let rejects: BTreeMap<String, u64> = truth
            .rejects
            .iter()
            .map(|(code, count)| ((*code).to_owned(), *count))
            .collect();
        assert_eq!(bench.rejects_by_code(), rejects, "{name}");
        let changes: BTreeMap<&str, u64> = ran
            .changes
            .iter()
            .map(|(rule, count)| (rule.as_str(), *count))
            // How many orders show a customer's telephone depends on chance.
            .filter(|(rule, _)| *rule != "phone_zero")
            .collect();
        assert_eq!(changes, truth.changes, "{name}");
        let verified = bench.verify();
        assert!(verified.is_clean(), "{name}: {:?}", verified.differences);
        assert_eq!(verified.ledger, ran.ledger, "{name}");
    }
}

#[test]
fn one_book_in_five_dialects_comes_to_the_same_documents() {
    let mut first: Option<Vec<_>> = None;
    for (dialect, name) in DumpDialect::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, _) = book(dialect, folder.path(), &Defects::default());
        let mut bench = Bench::of(&path);
        bench.run().expect("the run ends");
        // The actor is drawn from the dump, so only what is in the fields is the same.
        let documents: Vec<_> = bench
            .documents()
            .iter()
            .map(|document| {
                let fields = [
                    "status",
                    "contact/name",
                    "received_at",
                    "promised_on",
                    "free/note",
                ];
                (document.id(), fields.map(|field| document.newest(field)))
            })
            .collect();
        match &first {
            Some(first) => assert_eq!(&documents, first, "{name}"),
            None => first = Some(documents),
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let write = |seed: u64| {
        let options = BookOptions {
            orders: 300,
            seed,
            dialect: DumpDialect::MySql,
            defects: Defects::default(),
            insert_bytes: 1024,
        };
        let mut bytes = Vec::new();
        write_book(&options, &mut bytes).expect("a book is written");
        bytes
    };
    assert!(write(3) == write(3));
    assert!(write(3) != write(4));
}

#[test]
fn threads_and_chunks_do_not_show_in_the_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = book(
        DumpDialect::MySql,
        folder.path(),
        &some_of_all(DumpDialect::MySql),
    );
    let mut once = Bench::of(&path);
    let mut again = Bench::of(&path);
    once.run().expect("the run ends");
    again.run().expect("the run ends");
    assert!(once.documents() == again.documents());
}
