//! What somebody has decided is not asked again when old states of the database come once more.

use super::*;

/// Two states of one order that is in conflict since the second, and the order.
fn a_conflict() -> (Workshop, Side, [PathBuf; 2], DocumentId) {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let id = order_id(1);
    side.staff_writes(id, "free/note", "Kunde ruft an");
    workshop.row(1).note = "Kanten 87 Grad";
    let later = workshop.dump();
    assert_eq!(side.sync(&later).carried.conflicts, 1);
    (workshop, side, [source, later], id)
}

/// The same after somebody has decided.
fn a_decided_conflict() -> (Workshop, Side, [PathBuf; 2], DocumentId) {
    let (workshop, mut side, sources, id) = a_conflict();
    side.staff_writes(id, "free/note", "Kunde ruft an, Kanten 87 Grad");
    assert_eq!(side.order(id).conflicts, []);
    (workshop, side, sources, id)
}

#[test]
fn a_decision_stays_taken_when_old_dumps_come_again_after_everything_was_taken_back() {
    let (mut workshop, mut side, [source, later], id) = a_decided_conflict();
    side.rollback(Extent::Whole);
    let again = side.run(&source).carried.expect("it brings back");
    assert_eq!((again.conflicts, again.decided), (0, 1), "{again:?}");
    assert_clean(&side.verify(&source));

    for dump in [&later, &source, &later] {
        let carried = side.sync(dump).carried;
        assert_eq!((carried.conflicts, carried.decided), (0, 1), "{carried:?}");
        assert_eq!(carried.decided_fields[0].field, "free/note");
        let order = side.order(id);
        assert_eq!(order.conflicts, []);
        assert_eq!(order.note.as_deref(), Some("Kunde ruft an, Kanten 87 Grad"));
        assert_clean(&side.verify(dump));
    }

    // What the old database says anew is asked.
    workshop.row(1).note = "Kanten 86 Grad";
    let third = workshop.dump();
    assert_eq!(side.sync(&third).carried.conflicts, 1);
    // So is what it said once and says again after something else: somebody has changed it back there.
    side.staff_writes(id, "free/note", "wie besprochen");
    workshop.row(1).note = "Kanten 87 Grad";
    workshop.row(2).note = "zweimal gewachst";
    let fourth = workshop.dump();
    assert_eq!(side.sync(&fourth).carried.conflicts, 1);
}

#[test]
fn a_decision_stays_taken_when_its_round_was_taken_back_and_the_same_comes_in_another_dump() {
    let (mut workshop, mut side, [_, later], id) = a_decided_conflict();
    side.rollback(Extent::LastSync);
    assert_eq!(side.sync(&later).carried.conflicts, 0);
    side.rollback(Extent::LastSync);
    workshop.row(2).note = "zweimal gewachst";
    let another = workshop.dump();

    let carried = side.sync(&another).carried;

    assert_eq!((carried.conflicts, carried.decided), (0, 1), "{carried:?}");
    assert_eq!(side.order(id).conflicts, []);
    // Another value in the same field is another question.
    side.rollback(Extent::LastSync);
    workshop.row(1).note = "Kanten 86 Grad";
    let other = workshop.dump();
    assert_eq!(side.sync(&other).carried.conflicts, 1);
}

#[test]
fn what_nobody_decided_before_it_was_taken_back_is_asked_again() {
    let (_workshop, mut side, [_, later], id) = a_conflict();
    side.rollback(Extent::LastSync);
    // Somebody writes on, without the question on the screen.
    side.staff_writes(id, "free/note", "Kunde ruft morgen an");

    let carried = side.sync(&later).carried;

    assert_eq!((carried.conflicts, carried.decided), (1, 0), "{carried:?}");
}
