//! More differences than are listed, documents that come twice, and targets that cannot be read to the end.

use super::firms::brought_firm;
use super::*;
use crate::run::LISTED_DIFFERENCES;

#[test]
fn differences_beyond_those_that_are_listed_are_counted() {
    let bench = brought(1_500);
    let report = compared(&bench, Vec::new());
    assert_eq!(report.differences.len(), LISTED_DIFFERENCES);
    // Each row that is nowhere is one, and each table that does not add up.
    let open = |sums: &crate::ledger::Sums| sums.source - sums.accounted_for();
    let tables = report.ledger.values().filter(|sums| !sums.add_up()).count();
    let expected = report.ledger.values().map(open).sum::<u64>() + tables as u64;
    assert!(tables >= 3 && expected > 2 * LISTED_DIFFERENCES as u64);
    assert_eq!(report.difference_count, expected);
}

/// A firm of one branch with many orders, which say hardly anything.
fn of_one_branch(orders: usize) -> Bench {
    let rows: Vec<String> = (1..=orders)
        .map(|row| format!("({row}, 'offen')"))
        .collect();
    let script = format!(
        "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Status TEXT); INSERT INTO Auftraege VALUES {};",
        rows.join(", ")
    );
    let plan = r#"
[branches]
default = "Chur"
create_missing = true
[orders]
table = "Auftraege"
key = ["Nr"]
status = "Status"
[status]
map = { "offen" = "open" }
[priority]
"#;
    brought_firm((&script, plan))
}

#[test]
fn orders_at_another_branch_beyond_those_that_are_listed_are_counted() {
    let moved = LISTED_DIFFERENCES + 300;
    let mut bench = of_one_branch(moved);
    let pickup = fields::known(fields::order::PICKUP);
    let mut documents = bench.documents();
    for document in &mut documents {
        if document.kind().as_str() == fields::kind::ORDER {
            *document = with(document, &pickup, DocumentId::named("elsewhere").into());
        }
    }
    for (name, order) in ORDERS {
        let report = compared(&bench, order(documents.clone()));
        assert_eq!(report.difference_count, moved as u64, "{name}");
        assert_eq!(report.differences.len(), LISTED_DIFFERENCES, "{name}");
    }
}

#[test]
fn a_table_whose_rows_are_not_all_accounted_for_is_a_difference_of_its_own() {
    let mut bench = brought(40);
    let mut documents = bench.documents();
    let order = |document: &Document| document.kind().as_str() == fields::kind::ORDER;
    let place = documents.iter().position(order).expect("an order");
    documents.remove(place);
    let report = compared(&bench, documents);
    assert_told(&report, "accounted for", "a lost order");
}

/// A target to which somebody writes while it is read, so that documents come twice; or whose line breaks.
struct Restless {
    pages: InOrder,
    breaks_after: u64,
}

impl Target for Restless {
    fn replica(&self) -> ReplicaNumber {
        self.pages.replica()
    }
    fn push(&mut self, _: Vec<Vec<u8>>, _: u64, _: u64) -> Result<Vec<Refusal>, TargetError> {
        Ok(Vec::new())
    }
    fn page(&mut self, _: u64) -> Result<Page, TargetError> {
        unreachable!("verify asks for bytes")
    }
    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        if after > self.breaks_after {
            return Err(TargetError::Unreachable {
                hub: self.name(),
                reason: "the line is cut".to_owned(),
            });
        }
        self.pages.any_encoded_page(after)
    }
    fn name(&self) -> String {
        "restless".to_owned()
    }
}

#[test]
fn documents_that_come_twice_are_compared_once_as_they_were_last() {
    let mut bench = brought(120);
    let documents = bench.documents();
    let expected = bench.verify();
    for (name, order) in ORDERS {
        let note = fields::known(fields::order::NOTE);
        let former = documents
            .iter()
            .map(|now| with(now, &note, "former".into()));
        let mut twice: Vec<Document> = order(former.collect());
        twice.extend(order(documents.clone()));
        let target = Restless {
            pages: InOrder(twice),
            breaks_after: u64::MAX,
        };
        let report = compared_by(&bench.plan(), &bench, target);
        assert_eq!(report.differences, [], "{name}");
        assert_eq!(report.ledger, expected.ledger, "{name}");
        assert_eq!(report.documents, expected.documents, "{name}");
    }
}

#[test]
fn a_target_that_cannot_be_read_to_the_end_is_no_comparison() {
    let mut bench = brought(120);
    let documents = bench.documents();
    let mut target = Restless {
        pages: InOrder(documents),
        breaks_after: PAGE as u64,
    };
    let ended = verify(&bench.plan(), &bench.staging, &mut target, &bench.rejects());
    assert!(matches!(ended, Err(RunError::Target(_))), "{ended:?}");
}
