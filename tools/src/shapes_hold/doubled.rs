//! Rows whose key is another row's: rejected, until somebody gives them one of their own.

use super::*;

/// A dump that declares no keys: two orders 1, three orders 2 that are alike letter by letter, and two orders 3 of which the first
/// has no day. Each of the rows stands in a line of its own, from line 2 on.
const DOUBLED: &str =
    "CREATE TABLE orders (id TEXT, name TEXT, status TEXT, received TEXT, shop TEXT);
INSERT INTO orders VALUES ('1', 'Reto Tschudi', 'open', '2026-11-10', 'Chur');
INSERT INTO orders VALUES ('1', 'Gian Camenisch', 'open', '2026-11-11', 'Davos');
INSERT INTO orders VALUES ('2', 'Ursina Caflisch', 'open', '2026-11-12', 'Davos');
INSERT INTO orders VALUES ('2', 'Ursina Caflisch', 'open', '2026-11-12', 'Davos');
INSERT INTO orders VALUES ('2', 'Ursina Caflisch', 'open', '2026-11-12', 'Davos');
INSERT INTO orders VALUES ('3', 'Seraina Bivetti', 'open', 'gestern', 'Chur');
INSERT INTO orders VALUES ('3', 'Flurina Bezzola', 'open', '2026-11-13', 'Davos');
";

fn doubled(folder: &Path) -> (PathBuf, Side) {
    let source = written(folder, "werkstatt.sql", DOUBLED);
    let text = flat(&head(&source, "werkstatt"), "Chur", "", "");
    let text = text.replace(
        "create_missing = true",
        "create_missing = true\ncolumn = \"shop\"\nmap = { \"Chur\" = \"Chur\", \"Davos\" = \"Davos\" }",
    );
    (source, Side::with_plan(text))
}

#[test]
fn rows_whose_key_was_another_rows_come_over_once_they_have_one_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, mut side) = doubled(folder.path());
    let report = side.run(&source);
    let sums = report.ledger["orders"];
    assert_eq!((sums.migrated, sums.rejected), (2, 5), "{sums:?}");
    assert_clean(&side.verify(&source));
    let diff = side.diff(&source);
    assert!(diff.is_clean(), "{:?}", diff.rows);
    assert_eq!(diff.tables["orders"].rejected, 5);

    let rejects = std::fs::read_to_string(side.rejects(&source)).expect("it is written");
    let mended = |change: &dyn Fn(u64, &mut serde_json::Value)| {
        let lines: Vec<String> = rejects
            .lines()
            .map(|line| {
                let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
                change(entry["place"].as_u64().expect("a place"), &mut entry["row"]);
                entry.to_string()
            })
            .collect();
        written(folder.path(), "mended.jsonl", &lines.join("\n"))
    };
    // The key that is another row's is no more this one's for being mended otherwise.
    for (place, line) in [(2, 2), (7, 7)] {
        let file = mended(&|at, row| {
            if at == place {
                row["name"] = "Somebody else".into();
            }
        });
        let refused = side.try_mend(&file, &source).expect_err("it is refused");
        let told = format!("already, in line {line} of the source");
        assert!(refused.to_string().contains(&told), "{refused}");
    }
    let file = mended(&|at, row| match at {
        // It holds its key, and keeps it.
        6 => row["received"] = "2026-11-14".into(),
        at => row["id"] = format!("1{at}").into(),
    });
    side.mend(&file, &source);
    let report = side.run(&source);
    assert_clean(&report);
    let sums = report.ledger["orders"];
    assert_eq!(
        (sums.migrated, sums.rejected, report.mended),
        (7, 0, 5),
        "those that are alike, too"
    );
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger);
    assert!(side.diff(&source).is_clean());
    let name = |side: &mut Side, key: &str| {
        let id = naming::document_id("werkstatt", "orders", key);
        side.documents()[&id].newest(fields::contact::NAME)
    };
    for (key, expected) in [
        ("1", "Reto Tschudi"),
        ("12", "Gian Camenisch"),
        ("3", "Seraina Bivetti"),
        ("17", "Flurina Bezzola"),
    ] {
        assert_eq!(name(&mut side, key), Some(Value::from(expected)), "{key}");
    }

    // A later dump has them as they were, and one row more of a key that was nobody else's.
    let later = DOUBLED.replace("Tschudi", "Tschudi-Meier")
        + "INSERT INTO orders VALUES ('15', 'Andri Flisch', 'open', '2026-11-20', 'Chur');\n";
    let later = written(folder.path(), "later.sql", &later);
    let synced = side.sync(&later);
    let sums = synced.report.ledger["orders"];
    assert_eq!((sums.migrated, sums.rejected), (7, 1), "{sums:?}");
    // The orders 1 and 15, and who brought them.
    assert_eq!((synced.carried.gone, synced.carried.changed), (0, 4));
    assert_clean(&side.verify(&later));
}

#[test]
fn a_row_that_comes_later_with_the_key_of_another_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE orders (id TEXT, name TEXT, status TEXT, received TEXT);
        INSERT INTO orders VALUES ('1', 'Reto Tschudi', 'open', '2026-11-10');
        INSERT INTO orders VALUES ('2', 'Ursina Caflisch', 'open', '2026-11-11');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(&head(&source, "werkstatt"), "Chur", "", "");
    let mut side = Side::with_plan(text);
    assert_clean(&side.run(&source));
    let later = script.to_owned()
        + "INSERT INTO orders VALUES ('1', 'Gian Camenisch', 'open', '2026-11-12');";
    let later = written(folder.path(), "later.sql", &later);
    let before = side.documents();
    let diff = side.diff(&later);
    assert!(diff.is_clean(), "{:?}", diff.rows);
    let sums = diff.tables["orders"];
    assert_eq!((sums.same, sums.rejected), (2, 1), "{sums:?}");
    let synced = side.sync(&later);
    assert_eq!((synced.carried.stale, synced.carried.unchanged), (0, 4));
    assert_eq!(synced.report.ledger["orders"].rejected, 1);
    assert_eq!(side.documents(), before, "nothing was written");
    let rejects = std::fs::read_to_string(side.rejects(&later)).expect("it is written");
    assert!(rejects.contains("duplicate_key"), "{rejects}");
    assert!(!rejects.contains("at_target"), "it is the other row's");
    let verified = side.verify(&later);
    assert_clean(&verified);
    assert_eq!(verified.ledger, synced.report.ledger);
}

#[test]
fn keys_that_stand_twice_are_rejected_whichever_portion_they_come_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, mut side) = doubled(folder.path());
    for branch in ["Davos", "Chur"] {
        side.take_branch(branch);
        let report = side.run(&source);
        let verified = side.verify(&source);
        assert_clean(&verified);
        assert_eq!(verified.ledger, report.ledger, "{branch}");
    }
    side.take_whole();
    let report = side.run(&source);
    let sums = report.ledger["orders"];
    assert_eq!((sums.migrated, sums.rejected), (2, 5), "{sums:?}");
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(verified.ledger, report.ledger);
}
