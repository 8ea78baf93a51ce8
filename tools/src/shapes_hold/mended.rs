//! Rejected rows that a person has mended by hand.

use super::*;

#[test]
fn rows_that_a_person_has_mended_are_migrated_and_stay_so_until_the_old_database_mends_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, status TEXT, received TEXT);
        INSERT INTO orders VALUES (1, 'Reto Tschudi', '079 123 45 67', 'open', '2026-11-10');
        INSERT INTO orders VALUES (2, 'Gian Camenisch', '079 345 67 89', 'open', 'gestern');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(
        &head(&source, "werkstatt"),
        "Chur",
        "",
        r#"phone = "phone""#,
    );
    let mut side = Side::with_plan(text);
    let report = side.run(&source);
    assert_eq!(report.ledger["orders"].rejected, 1);
    let rejects = std::fs::read_to_string(side.rejects(&source)).expect("it is written");
    assert!(rejects.contains("gestern"), "{rejects}");
    let mended = written(
        folder.path(),
        "mended.jsonl",
        &rejects.replace("\"gestern\"", "\"2026-11-12\""),
    );

    side.mend(&mended, &source);
    let report = side.run(&source);
    assert_clean(&report);
    let sums = report.ledger["orders"];
    assert_eq!((sums.migrated, sums.rejected, report.mended), (2, 0, 1));
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(
        (&verified.ledger, verified.mended),
        (&report.ledger, report.mended)
    );
    assert!(side.diff(&source).is_clean());

    // Another row changes: the mended one is still read as mended. Then the old database mends it by itself, otherwise.
    let later = written(
        folder.path(),
        "later.sql",
        &script.replace("Tschudi", "Tschudi-Meier"),
    );
    assert_eq!(side.sync(&later).carried.stale, 0);
    assert_clean(&side.verify(&later));
    let corrected = written(
        folder.path(),
        "last.sql",
        &script.replace("'gestern'", "'2026-11-13'"),
    );
    let report = side.sync(&corrected);
    assert_eq!(report.report.mended, 0);
    assert_clean(&side.verify(&corrected));
    let order = naming::document_id("werkstatt", "orders", "2");
    let order = Order::of(&side.documents()[&order]).expect("it is an order");
    let day = order
        .received_at
        .expect("it has a day")
        .timestamp()
        .to_string();
    assert!(day.starts_with("2026-11-13"), "{day}");
}

#[test]
fn a_mended_row_never_takes_the_key_of_another_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "CREATE TABLE orders (id TEXT, name TEXT, status TEXT, received TEXT);
        INSERT INTO orders VALUES ('1', 'Reto Tschudi', 'open', '2026-11-10');
        INSERT INTO orders VALUES (NULL, 'Gian Camenisch', 'open', '2026-11-11');
        INSERT INTO orders VALUES (NULL, 'Ursina Caflisch', 'open', '2026-11-12');";
    let source = written(folder.path(), "werkstatt.sql", script);
    let text = flat(&head(&source, "werkstatt"), "Chur", "", "");
    let mut side = Side::with_plan(text);
    assert_eq!(side.run(&source).ledger["orders"].rejected, 2);
    let rejects = std::fs::read_to_string(side.rejects(&source)).expect("it is written");
    let with_keys = |gian: &str, ursina: &str| {
        let lines: Vec<String> = rejects
            .lines()
            .map(|line| {
                let key = if line.contains("Gian") { gian } else { ursina };
                line.replace("\"id\":null", &format!("\"id\":{key}"))
            })
            .collect();
        written(folder.path(), "mended.jsonl", &lines.join("\n"))
    };

    for (gian, ursina, told) in [
        ("\"1\"", "null", "the key 1 already, in line 2"),
        ("\"7\"", "\"7\"", "row 1 of this file has the key 7"),
    ] {
        let refused = side.try_mend(&with_keys(gian, ursina), &source);
        let refused = refused.expect_err("it is refused").to_string();
        assert!(refused.contains(told), "{refused}");
        assert!(refused.contains("nothing was changed"), "{refused}");
    }
    side.mend(&with_keys("\"7\"", "\"8\""), &source);
    let report = side.run(&source);
    assert_eq!((report.ledger["orders"].migrated, report.mended), (3, 2));
    assert_clean(&side.verify(&source));

    // Later the old database has an order 7 of its own: both rows are accounted for, and neither takes the other's place.
    let later = script.to_owned()
        + "INSERT INTO orders VALUES ('7', 'Flurina Bezzola', 'open', '2026-11-13');";
    let later = written(folder.path(), "later.sql", &later);
    assert_eq!(side.collided(&later), 1);
    let synced = side.sync(&later);
    let sums = synced.report.ledger["orders"];
    assert_eq!((sums.migrated, sums.rejected), (3, 1), "{sums:?}");
    assert_clean(&side.verify(&later));
}

#[test]
fn a_mended_row_must_be_one_of_the_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = written(
        folder.path(),
        "a.sql",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO orders VALUES (1, 'x');",
    );
    let (staging, sha256) = crate::parallel_run::stage(&source);
    let plan = head(&source, "werkstatt")
        + "[branches]\ndefault = \"Chur\"\n[orders]\ntable = \"orders\"\nkey = [\"id\"]\n[status]\n[priority]\n";
    let plan = crate::plan::Plan::from_text(&plan).expect("it is a plan");
    for (line, told) in [
        (
            r#"{"table":"nix","place":1,"row":{"id":"1"}}"#,
            "no table nix",
        ),
        (
            r#"{"table":"orders","place":9,"row":{"id":"1"}}"#,
            "no row at place 9",
        ),
        (
            r#"{"table":"orders","place":1,"row":{"idd":"1"}}"#,
            "no column idd",
        ),
        (
            r#"{"source_sha256":"0a","table":"orders","place":1,"row":{"id":"1"}}"#,
            "another state of the source (sha256 0a",
        ),
        (
            r#"{"source_sha256":null,"table":"orders","place":1,"row":{}}"#,
            "no source_sha256",
        ),
        ("{", "line 1"),
    ] {
        let own = format!("{{\"source_sha256\":\"{sha256}\",");
        let line = if line.contains("source_sha256") || line == "{" {
            line.to_owned()
        } else {
            line.replacen('{', &own, 1)
        };
        let mended = written(folder.path(), "mended.jsonl", &line);
        let error = Mends::of_rejects(&mended, &plan, &staging, &sha256)
            .expect_err(told)
            .to_string();
        assert!(error.contains(told), "{error}");
    }
}
