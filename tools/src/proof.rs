//! What is shown to people who sign: sums of both sides, rehearsals, certificates, and the reports of all of them.

use std::path::{Path, PathBuf};

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Value};
use shared::domain::{Order, fields};
use shared::id::{Actor, ReplicaNumber};

use crate::end_to_end::Bench;
use crate::generator::Options;
use crate::report::tests::{about, assert_sound};
use crate::report::{self, Language};
use crate::verify::reconciliation::Group;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = std::fs::read_dir(folder).expect("the fixtures");
    let paths = entries.map(|entry| entry.expect("a fixture").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect()
}

/// An order with a price, changed at a branch in one field.
fn changed_at_a_branch(bench: &mut Bench, field: &'static str, value: impl Into<Value>) -> Order {
    let documents = bench.documents();
    let priced =
        |document: &&Document| Order::of(document).is_some_and(|order| order.total().minor > 0);
    let document = documents
        .iter()
        .find(priced)
        .expect("an order with a price");
    let actor = Actor::new(ReplicaNumber(3), 1);
    let now = Hlc::at(UtcMillis(1_800_000_000_000));
    let mut authoring = Authoring::new(actor, 0, now, None);
    let mut change = Change::of(document);
    change.set(&mut authoring, fields::known(field), value);
    let delta = change.finish();
    bench.merge(&delta);
    Order::of(document).expect("an order")
}

#[test]
fn the_sums_of_every_fixture_add_up_before_and_after() {
    let mut orders = 0;
    for path in fixtures() {
        let name = path.display();
        let mut bench = Bench::of(&path);
        bench.run().expect("the run ends");
        let sums = bench.reconcile();
        assert!(sums.adds_up(), "{name}: {sums:#?}");
        let rows = &bench.plan().orders.table;
        let ledger = bench.verify().ledger;
        let counted = i64::try_from(ledger[rows].source).expect("a count");
        assert_eq!(sums.total.source.orders, counted, "{name}");
        orders += sums.total.target.orders;
        for groups in [
            &sums.by_year,
            &sums.by_branch,
            &sums.by_status,
            &sums.by_vat,
        ] {
            let all: i64 = groups.iter().map(|group| group.source.orders).sum();
            assert_eq!(all, counted, "{name}: no order is in two groups or in none");
        }
    }
    assert!(orders > 100, "{orders} orders were summed up");
}

#[test]
fn an_order_that_was_lost_is_a_difference_and_one_that_staff_changed_is_not() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 60,
        ..Options::default()
    });
    bench.run().expect("the run ends");
    let before = bench.reconcile();
    assert!(before.adds_up(), "{before:#?}");
    let order = changed_at_a_branch(&mut bench, fields::order::STATUS, "blocked");
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:#?}");
    assert_eq!(sums.total.changed_since.orders, 1);
    assert_eq!(
        sums.changed_since_now.amount_minor,
        order.total().minor,
        "the order is shown as it stands today"
    );

    // A source with one order more: the store lacks it.
    let (mut other, _) = Bench::generated(&Options {
        orders: 61,
        ..Options::default()
    });
    other.take_store_of(&mut bench);
    let sums = other.reconcile();
    assert!(
        !sums.adds_up(),
        "an order that is not at the target is missed"
    );
    let missing: Vec<&Group> = sums
        .by_year
        .iter()
        .filter(|group| !group.adds_up())
        .collect();
    assert!(!missing.is_empty(), "{sums:#?}");
}

#[test]
fn a_rehearsal_says_what_a_run_would_come_to_and_leaves_nothing_behind() {
    for path in fixtures() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bench = Bench::of(&path);
        let rehearsal = bench.rehearse(folder.path());
        let report = bench.run().expect("the run ends");
        let name = path.display();
        assert_eq!(rehearsal.report.ledger, report.ledger, "{name}");
        assert!(rehearsal.restored_alike, "{name}");
        assert!(
            rehearsal.is_clean(),
            "{name}: {:#?}",
            rehearsal.report.differences
        );
        assert!(
            rehearsal.store_bytes > 0 && rehearsal.backup_bytes > 0,
            "{name}"
        );
        let left = std::fs::read_dir(folder.path())
            .expect("the folder")
            .count();
        assert_eq!(left, 0, "{name}: something was left behind");
        for language in Language::ALL {
            let html = report::rehearsal(&about(language, "a.sql"), "plan", &rehearsal);
            assert_sound(&html.expect("a report"));
        }
    }
}

#[test]
fn a_budget_that_is_too_small_is_what_a_rehearsal_finds_out() {
    let path = fixtures()
        .into_iter()
        .find(|path| path.ends_with("skiservice.mysql.sql"))
        .expect("the fixture");
    let folder = tempfile::tempdir().expect("a folder");
    let mut bench = Bench::of(&path);
    let allowed = bench.plan().budget["zero_date"];
    bench.correct(
        &format!("zero_date = {allowed}"),
        &format!("zero_date = {}", allowed - 1),
    );
    let rehearsal = bench.rehearse(folder.path());
    assert!(!rehearsal.is_within_budget() && !rehearsal.is_clean());
    let html = report::rehearsal(&about(Language::German, "a.sql"), "plan", &rehearsal);
    assert!(
        html.expect("a report")
            .contains("Der Plan erlaubt zu wenige Änderungen.")
    );
}

#[test]
fn a_certificate_is_refused_while_anything_differs() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 40,
        ..Options::default()
    });
    let refused = bench.certify();
    assert!(!refused.holds(), "nothing was imported yet");
    bench.run().expect("the run ends");
    let certificate = bench.certify();
    assert_eq!(certificate.refusals, Vec::<String>::new());
    for language in Language::ALL {
        let html = report::certificate(&about(language, "a.sql"), &certificate);
        let html = html.expect("a certificate");
        assert_sound(&html);
        assert!(
            html.contains(&certificate.source_sha256),
            "it names its source"
        );
        let html = report::reconciliation(
            &about(language, "a.sql"),
            &certificate.report,
            &certificate.reconciliation,
        );
        assert_sound(&html.expect("a reconciliation"));
    }
}
