//! The file of rejects against the target: what is on neither side, and what is on both.

use std::collections::BTreeSet;

use super::firms::{FLAT, WITH_LINES, brought_firm};
use super::*;
use crate::target::EncodedPage;

/// The file of rejects, each line changed or left out.
fn rewrite(bench: &Bench, change: impl Fn(&mut serde_json::Value) -> bool) -> String {
    let former = std::fs::read_to_string(bench.rejects()).expect("the file is there");
    let mut lines = String::new();
    for line in former.lines() {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if change(&mut entry) {
            lines.push_str(&entry.to_string());
            lines.push('\n');
        }
    }
    std::fs::write(bench.rejects(), &lines).expect("it is written");
    former
}

/// What verify says once the file of rejects has been changed.
fn told(bench: &Bench, documents: &[Document]) -> BTreeSet<String> {
    let report = compared(bench, documents.to_vec());
    let differences = report.differences.into_iter();
    differences.map(|one| one.what).collect()
}

fn told_of(bench: &Bench, documents: &[Document], what: &str) {
    let told = told(bench, documents);
    assert!(
        told.iter().any(|one| one.contains(what)),
        "{what}: {told:?}"
    );
}

#[test]
fn a_row_that_is_neither_at_the_target_nor_among_the_rejects_is_told() {
    let mut bench = brought(60);
    let documents = bench.documents();
    let whole = rewrite(&bench, |entry| entry["code"] != "unknown_status");
    told_of(&bench, &documents, "neither");
    std::fs::write(bench.rejects(), &whole).expect("it is written");
    rewrite(&bench, |entry| entry["code"] != "orphan_line");
    told_of(&bench, &documents, "a line without an order");
    std::fs::write(bench.rejects(), &whole).expect("it is written");
    let is_line = |entry: &serde_json::Value| entry["code"] == "order_rejected";
    assert!(whole.contains("order_rejected"));
    rewrite(&bench, |entry| !is_line(entry));
    told_of(&bench, &documents, "went different ways");
    std::fs::remove_file(bench.rejects()).expect("it was there");
    told_of(&bench, &documents, "neither");
}

#[test]
fn a_row_that_is_among_the_rejects_and_at_the_target_is_told() {
    let mut bench = brought(60);
    let documents = bench.documents();
    let plan = bench.plan();
    let staging = &bench.staging;
    let orders = staging.table(&plan.orders.table).expect("orders");
    let lines = plan.lines.as_ref().expect("it has lines");
    let rejected: BTreeSet<i64> = std::fs::read_to_string(bench.rejects())
        .expect("the file is there")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|entry| entry["table"] == orders.schema.name.as_str())
        .filter_map(|entry| entry["place"].as_i64())
        .collect();
    let good = (1..=60)
        .find(|place| !rejected.contains(place))
        .expect("one");
    let whole = std::fs::read_to_string(bench.rejects()).expect("the file");
    for (table, place, what) in [
        (&plan.orders.table, good, "listed as rejected"),
        (&lines.table, 1, "went different ways"),
    ] {
        let line = serde_json::json!({"table": table, "place": place, "code": "orphan"});
        std::fs::write(bench.rejects(), format!("{whole}{line}\n")).expect("it is written");
        told_of(&bench, &documents, what);
        let report = compared(&bench, documents.clone());
        let orders = report.ledger[&plan.orders.table];
        assert!(orders.add_up(), "each row is counted: {orders:?}");
    }
}

#[test]
fn rows_of_a_document_that_the_target_refused_are_rejects() {
    let mut bench = brought_firm(WITH_LINES);
    let mut documents = bench.documents();
    let is_first = |document: &Document| {
        document.kind().as_str() == fields::kind::ORDER && legacy_key(document) == Some(1)
    };
    documents.retain(|document| !is_first(document));
    told_of(&bench, &documents, "neither");
    let table = |name: &str| {
        let mut tables = bench.staging.tables().iter();
        tables.position(|table| table.schema.name == name)
    };
    let (orders, lines) = (table("Auftraege"), table("Positionen"));
    let refused = serde_json::json!({
        "code": "target_refused",
        "reason": "the document is too large",
        "rows": [[orders, 1], [lines, 1], [lines, 2]],
    });
    std::fs::write(bench.rejects(), format!("{refused}\n")).expect("it is written");
    let report = compared(&bench, documents);
    assert_clean(&report);
    assert_eq!(report.ledger["Auftraege"].rejected, 1);
    assert_eq!(report.ledger["Positionen"].rejected, 2);
}

/// What is done to a page before verify sees it.
type Spoil = fn(&mut EncodedPage);

/// A target whose first page is spoilt.
struct Spoilt(InOrder, Spoil);

impl Target for Spoilt {
    fn replica(&self) -> ReplicaNumber {
        self.0.replica()
    }
    fn push(&mut self, _: Vec<Vec<u8>>, _: u64, _: u64) -> Result<Vec<Refusal>, TargetError> {
        Ok(Vec::new())
    }
    fn page(&mut self, _: u64) -> Result<Page, TargetError> {
        unreachable!("verify asks for bytes")
    }
    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let mut page = self.0.any_encoded_page(after)?;
        if after == 0 {
            self.1(&mut page);
        }
        Ok(page)
    }
    fn stands_still(&self) -> bool {
        true
    }
    fn name(&self) -> String {
        "spoilt".to_owned()
    }
}

/// As after a write that was torn.
fn cut(document: &mut Vec<u8>) {
    document.truncate(document.len() - 1);
}

/// A document with which no import has to do.
fn of_nobody() -> Vec<u8> {
    let id = DocumentId::named("chur");
    let mut branch = Document::new(id, fields::known_kind(fields::kind::BRANCH));
    let at = Hlc::at(UtcMillis(1));
    let mut authoring = Authoring::new(Actor::new(ReplicaNumber(0), 1), 0, at, None);
    let mut change = Change::of(&branch);
    change.set(&mut authoring, Field::known("name"), "Chur");
    branch.merge(change.finish()).expect("the same document");
    format::encode(&branch)
}

#[test]
fn documents_that_cannot_be_read_are_told_with_their_number() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    let cases: [(&str, &str, Spoil); 4] = [
        ("two that an import made", "2 documents", |page| {
            page.documents.iter_mut().take(2).for_each(cut);
        }),
        (
            "one with which no import has to do",
            "1 documents",
            |page| {
                page.documents.push(of_nobody());
                page.documents.last_mut().into_iter().for_each(cut);
            },
        ),
        (
            "three of which nobody knows whose they are",
            "3 documents",
            |page| {
                page.documents.push(Vec::new());
                page.documents.push(b"no document".to_vec());
                page.documents.push(of_nobody()[..9].to_vec());
            },
        ),
        (
            "four that the target could not read itself",
            "4 documents",
            |page| {
                page.unreadable = 4;
            },
        ),
    ];
    for (name, order) in ORDERS {
        for (case, what, spoil) in cases {
            let case = format!("{case}, {name}");
            let mut target = Spoilt(InOrder(order(documents.clone())), spoil);
            let report = verify(&bench.plan(), &bench.staging, &mut target, &bench.rejects())
                .expect("verify can be carried out");
            let what = format!("{what} at the target cannot be read");
            assert_told(&report, &what, &case);
        }
        let sound = |page: &mut EncodedPage| page.documents.push(of_nobody());
        let mut target = Spoilt(InOrder(order(documents.clone())), sound);
        let report = verify(&bench.plan(), &bench.staging, &mut target, &bench.rejects())
            .expect("verify can be carried out");
        assert_clean(&report);
    }
}
