//! What `diff` says of a dump accounts for every row of it, and names the rows that are gone.

use super::*;

/// Adds statements to a dump.
fn with(dump: &Path, statements: &str) -> PathBuf {
    let script = std::fs::read_to_string(dump).expect("the dump is read") + statements;
    let path = dump.with_extension("more.sql");
    std::fs::write(&path, script).expect("it is written");
    path
}

const BESIDE: &str = "\
    INSERT INTO Auftraege VALUES (8, 'Anna Zgraggen', NULL, 'Chur', 'im Mond', '2026-11-18 09:00:00', NULL, 0, NULL);\n\
    INSERT INTO Positionen VALUES (8, 1, 'Kleiner Service', '49.00');\n\
    INSERT INTO Positionen VALUES (77, 1, 'Kleiner Service', '49.00');\n\
    INSERT INTO Positionen VALUES (77, 2, 'Heisswachsen', '18.00');\n";

#[test]
fn every_row_of_a_dump_is_the_same_new_changed_or_rejected() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    workshop.row(1).note = "Kanten 87 Grad";
    workshop.row(3).lines.push((3, "Belag flicken", "35.00"));
    let later = with(&workshop.dump(), BESIDE);

    let found = side.diff(&later);
    let orders = found.tables["Auftraege"];
    assert_eq!((orders.source, orders.same), (4, 2), "{orders:?}");
    assert_eq!((orders.changed, orders.rejected), (1, 1), "{orders:?}");
    let lines = found.tables["Positionen"];
    assert_eq!(
        (lines.source, lines.same, lines.new),
        (10, 6, 1),
        "{lines:?}"
    );
    // That of the rejected order, and two that belong to none.
    assert_eq!(lines.rejected, 3, "{lines:?}");

    let report = side.sync(&later).report;
    for (table, sums) in &found.tables {
        assert_eq!(report.ledger[table].rejected, sums.rejected, "{table}");
    }
}

#[test]
fn lines_that_are_gone_with_their_order_are_named_one_by_one() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    workshop.orders.remove(&2);
    let found = side.diff(&workshop.dump());
    let gone: Vec<(&str, &str)> = found
        .rows
        .iter()
        .filter(|row| row.kind == DiffKind::Gone)
        .map(|row| (row.table.as_str(), row.key.as_str()))
        .collect();
    assert_eq!(
        gone,
        [
            ("Auftraege", "2"),
            ("Positionen", "2, 1"),
            ("Positionen", "2, 2")
        ]
    );
}
