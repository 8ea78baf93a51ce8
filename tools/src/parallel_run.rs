//! Old and new side by side: one database at three moments, three weeks of work in both, conflicts, and the way back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Value, format};
use shared::domain::{Order, fields, gone_since, is_withdrawn};
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};

use crate::diff::{DiffKind, DiffReport, diff};
use crate::mends::{MendError, Mends};
use crate::naming;
use crate::plan::Plan;
use crate::plan::propose::{Basis, propose};
use crate::portion::Portion;
use crate::rollback::{self, Extent, RollbackReport, rollback};
use crate::run::{Progress, Report, RunError, run};
use crate::source::read_source;
use crate::staging::Staging;
use crate::sync::{self, SyncReport, sync};
use crate::target::{BatchLimits, Page, Refusal, Store, Target, TargetError};
use crate::verify::reconciliation::reconcile;
use crate::verify::verify;

mod accounted;
mod broken_off;
mod decided;
mod portions;
mod side;
mod workshop;
mod written;

pub(crate) use side::{Side, sha256_of, stage};

use side::Quiet;
use workshop::{Workshop, order_id};

/// When staff and the importer work in these tests.
const NOW: UtcMillis = UtcMillis(1_795_000_000_000);

fn assert_clean(report: &Report) {
    let listed = &report.differences[..report.differences.len().min(10)];
    assert!(report.is_clean(), "{listed:#?}");
    for (table, sums) in &report.ledger {
        assert!(sums.add_up(), "{table}: {sums:?}");
    }
}

fn week(week: u32) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(format!("werkstatt-week{week}.mysql.sql"))
}

#[test]
fn three_snapshots_of_one_database_are_carried_through_conflict_rollback_and_a_second_run() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    assert_clean(&side.verify(&week(0)));
    assert!(side.diff(&week(0)).is_clean());

    let seen = side.diff(&week(1));
    let orders = seen.tables["Aufträge"];
    assert!(orders.new > 0 && orders.changed > 0, "{orders:?}");
    // Somebody has worked on every order that changed in the old database, too.
    let changed: Vec<String> = seen
        .rows
        .iter()
        .filter(|row| row.table == "Aufträge" && row.kind == DiffKind::Changed)
        .map(|row| row.key.clone())
        .collect();
    let name = side.plan(&mut stage(&week(0)).0).source_name;
    for key in &changed {
        let id = naming::document_id(&name, "Aufträge", key);
        side.staff_writes(id, "free/note", "mit dem Kunden besprochen");
    }

    // Later states have more dates without a day than the plan was made for; somebody looks at them and raises the number.
    let error = side.try_sync(&week(1)).expect_err("14 are more than 13");
    assert!(error.to_string().contains("zero_date"), "{error}");
    side.correct("zero_date = 13", "zero_date = 20");
    let first = side.sync(&week(1));
    assert_clean(&first.report);
    assert_eq!((first.round, first.carried.gone), (2, orders.gone));
    assert!(first.carried.new >= orders.new && first.carried.changed >= orders.changed);
    let verified = side.verify(&week(1));
    assert_clean(&verified);
    assert_eq!(verified.ledger, first.report.ledger);
    assert!(side.diff(&week(1)).is_clean(), "{:?}", side.diff(&week(1)));
    let after_first = side.state();
    let again = side.sync(&week(1));
    assert_eq!(side.state(), after_first, "{:?}", again.carried);
    assert_eq!(again.round, 2);

    let second = side.sync(&week(2));
    assert_eq!(second.round, 3);
    assert_clean(&side.verify(&week(2)));

    let back = side.rollback(Extent::LastSync);
    assert_eq!((back.from_round, back.to_round), (Some(3), Some(3)));
    assert!(back.is_clean());
    let branches = |report: &RollbackReport| {
        let kept = report.kept.iter();
        kept.filter(|kept| kept.table == "branch").count()
    };
    assert_eq!(branches(&back), 0, "they are of the first round: {back:#?}");
    assert_clean(&side.verify(&week(1)));
    assert!(side.diff(&week(1)).is_clean(), "{:#?}", side.diff(&week(1)));
    let after_rollback = side.state();
    side.rollback(Extent::ToBefore(3));
    assert_eq!(
        side.state(),
        after_rollback,
        "taking back twice is taking back once"
    );

    let third = side.sync(&week(2));
    assert_eq!(
        third.round, 4,
        "a round that was taken back is not used again"
    );
    assert_clean(&side.verify(&week(2)));

    let whole = side.rollback(Extent::Whole);
    let kept = whole.tables["Aufträge"].kept;
    assert_eq!(kept, changed.len() as u64, "{whole:#?}");
    assert!(branches(&whole) > 0, "{whole:#?}");
    assert_eq!(side.visible_orders(), changed.len());

    side.run(&week(0));
    side.sync(&week(2));
    assert_clean(&side.verify(&week(2)));
    let settled = side.state();
    side.sync(&week(2));
    assert_eq!(side.state(), settled);
}

#[test]
fn a_row_that_only_the_old_database_changed_takes_the_place_of_the_imported_values() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let row = workshop.row(1);
    (row.status, row.promised, row.note) = ("Fertig", None, "abgeholt wird am Samstag");
    row.lines[1].2 = "20.00";
    row.lines.push((3, "Belag flicken", "35.00"));
    let later = workshop.dump();

    let report = side.sync(&later);

    assert_eq!(
        (
            report.carried.changed,
            report.carried.conflicts,
            report.carried.new
        ),
        (1, 0, 0),
        "{:?}",
        report.carried
    );
    let order = side.order(order_id(1));
    assert_eq!(order.status.code, "done");
    assert_eq!(order.promised_on, None);
    assert_eq!(order.note.as_deref(), Some("abgeholt wird am Samstag"));
    assert_eq!(order.total().minor, 4900 + 2000 + 3500);
    assert_eq!(order.conflicts, []);
    assert!(
        order.is_handed_out(),
        "what is finished is with the customer"
    );
    assert_clean(&side.verify(&later));
}

#[test]
fn a_field_that_both_changed_is_a_conflict_and_one_that_only_staff_changed_is_theirs() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let id = order_id(1);
    side.staff_writes(id, "free/note", "Kunde ruft an");
    side.staff_writes(id, "status", "in_work");
    workshop.row(1).note = "Kanten 87 Grad";
    let later = workshop.dump();

    let report = side.sync(&later);

    assert_eq!(report.carried.conflicts, 1, "{:?}", report.carried);
    let order = side.order(id);
    assert_eq!(order.status.code, "in_work", "the row still says Offen");
    let [conflict] = order.conflicts.as_slice() else {
        panic!("{:?}", order.conflicts);
    };
    assert_eq!(conflict.field, "free/note");
    let values: Vec<&Value> = conflict
        .candidates
        .iter()
        .map(|candidate| &candidate.value)
        .collect();
    assert!(
        values.contains(&&"Kunde ruft an".into()) && values.contains(&&"Kanten 87 Grad".into())
    );
    assert_eq!(
        order.note.as_deref(),
        Some("Kunde ruft an"),
        "what staff wrote shows until somebody chooses"
    );
    let state = side.state();
    side.sync(&later);
    assert_eq!(side.state(), state, "twice is once");

    // Taken back, the conflict is gone, and what staff wrote is still theirs to the next sync.
    side.rollback(Extent::LastSync);
    let order = side.order(id);
    assert_eq!(
        (order.conflicts.len(), order.note.as_deref()),
        (0, Some("Kunde ruft an"))
    );
    side.sync(&later);
    assert_eq!(side.order(id).conflicts.len(), 1);

    // Somebody chooses; only another change in the old database asks again.
    side.staff_writes(id, "free/note", "Kanten 87 Grad");
    side.sync(&later);
    assert_eq!(side.order(id).conflicts, []);
}

#[test]
fn a_row_that_is_gone_is_a_proposal_and_comes_back_with_its_row() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let former = workshop.orders.remove(&2).expect("it was there");
    workshop.row(1).lines.remove(1);
    let later = workshop.dump();
    assert_eq!(side.diff(&later).tables["Auftraege"].gone, 1);

    let report = side.sync(&later);

    // The customer of the order stood in its row, and is gone with it.
    assert_eq!(
        (report.carried.gone, report.carried.lines_gone),
        (2, 1),
        "{:?}",
        report.carried
    );
    assert!(gone_since(&side.document(order_id(2))).is_some());
    assert_eq!(side.visible_orders(), 3, "nothing was deleted");
    let order = side.order(order_id(1));
    assert_eq!(
        order.total().minor,
        4900 + 1800,
        "a line that is gone still counts"
    );
    let verified = side.verify(&later);
    assert_clean(&verified);
    assert_eq!(verified.gone, report.carried.gone);
    assert!(side.diff(&later).is_clean(), "{:#?}", side.diff(&later));
    assert_eq!(side.sync(&later).carried.gone, 0, "it is said once");

    workshop.orders.insert(2, former);
    let again = workshop.dump();
    let verified = side.verify(&again);
    let mut told = verified.differences.iter();
    assert!(
        told.any(
            |told| told.field == fields::import::GONE_SINCE && crate::report::is_known(&told.what)
        ),
        "{verified:#?}"
    );
    let report = side.sync(&again);
    assert_eq!(report.carried.back, 2, "{:?}", report.carried);
    assert_eq!(gone_since(&side.document(order_id(2))), None);
    assert_clean(&side.verify(&again));
}

#[test]
fn what_somebody_decided_to_keep_is_not_proposed_again() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    workshop.orders.remove(&2);
    workshop.row(1).lines.remove(1);
    let later = workshop.dump();
    side.sync(&later);
    // The one order whole, and the line of the other.
    for (incarnation, number) in [(7, 2), (8, 1)] {
        let document = side.document(order_id(number));
        let actor = Actor::new(ReplicaNumber(3), incarnation);
        let anna = StaffId(DocumentId::named("staff/anna"));
        let mut authoring = Authoring::new(actor, 0, Hlc::at(NOW), Some(anna));
        let kept = shared::command::keep(&document, &mut authoring).expect("it can be kept");
        side.store
            .push(vec![format::encode(&kept)], 0, 0)
            .expect("the store takes it");
    }
    assert_clean(&side.verify(&later));
    let report = side.sync(&later);
    assert_eq!(
        (report.carried.gone, gone_since(&side.document(order_id(2)))),
        (0, None)
    );
    assert_clean(&side.verify(&later));
}

#[test]
fn a_dump_that_was_cut_off_marks_nothing() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    let before = side.state();
    let whole = std::fs::read_to_string(week(0)).expect("the fixture is read");
    let orders = whole.rfind("INSERT INTO").expect("it has rows");
    let cut = side.folder.path().join("cut.sql");
    std::fs::write(&cut, &whole[..orders]).expect("it is written");
    let error = side
        .try_sync(&cut)
        .expect_err("nearly all orders are missing");
    assert!(error.to_string().contains("Is the dump whole"), "{error}");
    assert_eq!(side.state(), before);
}

#[test]
fn what_was_taken_back_returns_when_a_branch_had_written_in_it_without_the_line() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let seen_by_branch = side.document(order_id(3));
    side.rollback(Extent::Whole);
    assert_eq!(side.visible_orders(), 0);
    assert!(
        !side.verify(&source).is_clean(),
        "nothing is there any more"
    );

    side.staff_writes_in(&seen_by_branch, "status", "in_work");
    assert_eq!(side.visible_orders(), 1);

    let report = side.run(&source);
    assert_clean(&report);
    assert_eq!(side.visible_orders(), 3);
    assert_eq!(side.order(order_id(3)).status.code, "in_work");
    assert_clean(&side.verify(&source));
    let state = side.state();
    side.run(&source);
    assert_eq!(side.state(), state, "twice is once");
}
