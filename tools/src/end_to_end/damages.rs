//! What verify must find, in whatever order the target's documents come: each damage that is planted is a difference.

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, Value, format};
use shared::domain::fields;
use shared::id::{Actor, DocumentId, ReplicaNumber};

mod doubled;
mod every_field;
mod firms;
mod homes;
mod many;
mod portions;
mod rejected;
mod sums;
mod theirs;

use super::*;
use crate::generator::{BookOptions, Defects, DumpDialect, write_book};
use crate::target::EncodedPage;

/// Documents of one page.
const PAGE: usize = 50;

/// A target that brings documents in a given order and stands still meanwhile.
struct InOrder(Vec<Document>);

impl Target for InOrder {
    fn replica(&self) -> ReplicaNumber {
        ReplicaNumber(0)
    }
    fn push(&mut self, _: Vec<Vec<u8>>, _: u64, _: u64) -> Result<Vec<Refusal>, TargetError> {
        Ok(Vec::new())
    }
    fn page(&mut self, _: u64) -> Result<Page, TargetError> {
        unreachable!("verify asks for bytes")
    }
    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let from = usize::try_from(after).expect("a place");
        let to = (from + PAGE).min(self.0.len());
        Ok(EncodedPage {
            documents: self.0[from..to].iter().map(format::encode).collect(),
            unreadable: 0,
            cursor: to as u64,
            more: to < self.0.len(),
        })
    }
    fn stands_still(&self) -> bool {
        true
    }
    fn name(&self) -> String {
        "in order".to_owned()
    }
}

/// A book with rejected rows in it, brought over.
fn brought(orders: u64) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("werkstatt.sql");
    let defects = "unknown_status = 3\nunreadable_date = 2\norphan_line = 2\nzero_date = 2\n";
    let options = BookOptions {
        orders,
        seed: 3,
        dialect: DumpDialect::MySql,
        defects: Defects::from_toml(defects).expect("known defects"),
        insert_bytes: 16 * 1024,
    };
    let mut file = std::fs::File::create(&path).expect("a file");
    write_book(&options, &mut file).expect("a book is written");
    let mut bench = Bench::of(&path);
    bench.run().expect("the run ends");
    bench
}

fn compared(bench: &Bench, documents: Vec<Document>) -> Report {
    compared_by(&bench.plan(), bench, InOrder(documents))
}

/// The same by another plan, or with another target.
fn compared_by(plan: &Plan, bench: &Bench, mut target: impl Target) -> Report {
    verify(plan, &bench.staging, &mut target, &bench.rejects()).expect("verify can be carried out")
}

fn legacy_key(document: &Document) -> Option<u64> {
    let imported =
        |event: &&shared::document::Event| event.kind.as_str() == fields::event::IMPORTED;
    let event = document.event_set().iter().find(imported)?;
    event.get("legacy/key")?.as_text()?.parse().ok()
}

/// As a first run leaves them: customers, then orders, each in the order of their rows.
fn by_rows(mut documents: Vec<Document>) -> Vec<Document> {
    documents.sort_by_key(|document| (document.kind().clone(), legacy_key(document)));
    documents
}

/// Neither as their rows nor as their ids: a few from the end among those at the beginning, and the other way round.
fn mingled(documents: Vec<Document>) -> Vec<Document> {
    let mut documents = by_rows(documents);
    let count = documents.len();
    for place in (0..count / 2).step_by(7) {
        documents.swap(place, count - 1 - place);
    }
    documents
}

type Order = fn(Vec<Document>) -> Vec<Document>;

/// The orders in which documents may come; as they are, they lie by their ids.
const ORDERS: [(&str, Order); 3] = [
    ("by rows", by_rows),
    ("by ids", |documents| documents),
    ("mingled", mingled),
];

#[test]
fn documents_in_whatever_order_are_all_compared_and_accounted_for() {
    let mut bench = brought(1_500);
    let documents = bench.documents();
    let expected = bench.verify();
    assert_eq!(expected.differences, []);
    assert_eq!(expected.documents, documents.len() as u64);
    for (name, order) in ORDERS {
        let report = compared(&bench, order(documents.clone()));
        assert_eq!(report.differences, [], "{name}");
        assert_eq!(report.ledger, expected.ledger, "{name}");
        assert_eq!(report.documents, expected.documents, "{name}");
        assert_eq!(report.orders_by_branch, expected.orders_by_branch, "{name}");
    }
}

fn importer_of(document: &Document) -> Actor {
    let dots = document.dots();
    dots.first().expect("the importer wrote something").actor
}

/// The document with one field changed by the importer itself, as if it had written something else.
fn with(document: &Document, field: &Field, value: Value) -> Document {
    let at = Hlc::at(UtcMillis(4_000_000_000_000));
    let mut authoring = Authoring::new(importer_of(document), 1 << 40, at, None);
    let mut change = Change::of(document);
    change.set(&mut authoring, field.clone(), value);
    let mut changed = document.clone();
    changed.merge(change.finish()).expect("the same document");
    changed
}

/// A document of the source that no row leads to, of the same kind as another one and by the same importer.
fn stray(like: &Document, source: &str) -> Document {
    stray_at(DocumentId::named("more"), like, source)
}

/// The same with an identity of its own.
fn stray_at(id: DocumentId, like: &Document, source: &str) -> Document {
    let mut stray = Document::new(id, like.kind().clone());
    let mut change = Change::of(&stray);
    let at = Hlc::at(UtcMillis(1));
    let mut authoring = Authoring::new(importer_of(like), 1 << 41, at, None);
    change.record(
        &mut authoring,
        fields::known_kind(fields::event::IMPORTED),
        [(Field::known("source"), Value::from(source))],
    );
    let delta = change.finish();
    stray.merge(delta).expect("the same document");
    stray
}

/// All documents, with a damaged one in the place of what it was.
fn instead(documents: &[Document], damaged: &Document) -> Vec<Document> {
    let documents = documents.iter();
    let all = documents.map(|document| {
        let is_it = document.id() == damaged.id();
        if is_it { damaged } else { document }.clone()
    });
    all.collect()
}

fn assert_told(report: &Report, what: &str, case: &str) {
    let differences = &report.differences;
    let is_told = differences.iter().any(|one| one.what.contains(what));
    assert!(is_told, "{case}: {differences:?}");
}

#[test]
fn documents_that_are_lost_added_or_told_twice_are_differences() {
    let mut bench = brought(40);
    let documents = bench.documents();
    for (name, order) in ORDERS {
        for kind in [fields::kind::CUSTOMER, fields::kind::ORDER] {
            let of_kind = |document: &Document| document.kind().as_str() == kind;
            let victim = documents
                .iter()
                .find(|document| of_kind(document))
                .expect("one");
            let lost = documents
                .iter()
                .filter(|document| document.id() != victim.id());
            let report = compared(&bench, order(lost.cloned().collect()));
            assert_told(&report, "neither", &format!("{name}, {kind}"));

            let mut added = documents.clone();
            added.push(stray(victim, &bench.plan().source_name));
            let report = compared(&bench, order(added));
            assert_told(&report, "no row leads", &format!("{name}, {kind}"));
        }
        let extra = documents
            .iter()
            .find(|document| document.kind().as_str() == fields::kind::ORDER);
        let extra = extra.expect("an order");
        for field in ["legacy/more", "items/1.1/lines/2.2/position"] {
            let value = if field.starts_with("legacy") {
                Value::from("x")
            } else {
                Value::Int(9)
            };
            let damaged = with(extra, &Field::new(field).expect("a name"), value);
            let report = compared(&bench, order(instead(&documents, &damaged)));
            assert!(report.difference_count > 0, "{name}: {field}");
        }
    }
}
