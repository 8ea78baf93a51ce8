//! One old database that is brought portion by portion: by branch, or by day.

use super::*;

#[test]
fn one_branch_comes_after_the_other() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.portion.branches = vec!["Chur".to_owned()];
    let chur = side.run(&source);
    assert_clean(&chur);
    let sums = chur.ledger["Auftraege"];
    assert_eq!((sums.migrated, sums.excluded), (2, 1));
    assert_eq!(chur.ledger["Positionen"].excluded, 2);
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(verified.ledger, chur.ledger);
    assert!(side.diff(&source).is_clean(), "{:#?}", side.diff(&source));
    assert_eq!(side.sync(&source).carried.gone, 0);

    side.portion = Portion {
        branches: vec!["Davos".to_owned()],
        ..Portion::default()
    };
    let davos = side.run(&source);
    assert_eq!(davos.ledger["Auftraege"].migrated, 1);
    side.portion = Portion::default();
    assert_clean(&side.verify(&source));
    assert!(side.diff(&source).is_clean());
    let state = side.state();
    assert_eq!(
        side.run(&source).documents,
        0,
        "nothing is left for the whole"
    );
    assert_eq!(side.state(), state);
}

#[test]
fn the_orders_of_some_days_come_first() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.portion.since = Some(jiff::civil::date(2026, 11, 12));
    side.portion.until = Some(jiff::civil::date(2026, 11, 12));
    assert_eq!(side.run(&source).ledger["Auftraege"].migrated, 1);
    assert_clean(&side.verify(&source));
    side.portion = Portion::default();
    assert_eq!(side.run(&source).ledger["Auftraege"].migrated, 3);
    assert_clean(&side.verify(&source));
}
