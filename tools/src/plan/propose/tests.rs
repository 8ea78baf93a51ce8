//! What a proposal makes of what a column holds, whatever it is called.

use crate::end_to_end::Bench;

/// The proposal for one table of orders; `columns` and `rows` go behind key, name, status and day.
fn proposed(columns: &str, rows: &[&str]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(place, rest)| format!("({place}, 'Reto Tschudi', 'offen', '2026-11-10', {rest})"))
        .collect();
    plan_of(&format!(
        "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kundenname TEXT, Status TEXT, Eingang TEXT, {columns});
         INSERT INTO Auftraege VALUES {};",
        rows.join(", ")
    ))
}

fn plan_of(script: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("firma.sql");
    std::fs::write(&path, script).expect("the script is written");
    Bench::of(&path).text().to_owned()
}

/// The line of a proposal for a key, without its comment.
fn entry<'p>(plan: &'p str, key: &str) -> Option<&'p str> {
    let line = plan
        .lines()
        .find(|line| line.starts_with(&format!("{key} = ")))?;
    let value = line.split(" # ").next().unwrap_or(line);
    value.split_once(" = ").map(|(_, value)| value.trim())
}

#[test]
fn payments_are_flags_or_amounts_by_what_they_say() {
    let flags = [
        ["'ja'", "'nein'", "'vielleicht'", "'ja'"],
        ["'oui'", "'non'", "'oui'", "NULL"],
        ["'yes'", "'no'", "''", "'no'"],
        ["0", "1", "0", "1"],
        ["'true'", "'false'", "'false'", "'?'"],
        ["'wahr'", "'falsch'", "'Ja'", "'NEIN'"],
        ["'sì'", "'no'", "'si'", "' no '"],
        ["'x'", "NULL", "''", "'X'"],
    ];
    for rows in flags {
        let plan = proposed("Bezahlt TEXT", &rows);
        assert_eq!(entry(&plan, "paid"), Some("\"Bezahlt\""), "{rows:?}");
        assert_eq!(entry(&plan, "paid_is"), Some("\"flag\""), "{rows:?}");
    }
    let amounts = [
        ["'20.00'", "'0'", "NULL", "'69.50'"],
        ["0", "1", "20", "35"],
        ["'CHF 49.-'", "'20.00'", "'5'", "'12.00'"],
    ];
    for rows in amounts {
        let plan = proposed("Bezahlt TEXT", &rows);
        assert_eq!(entry(&plan, "paid_is"), Some("\"amount\""), "{rows:?}");
    }
    for rows in [
        ["'bar'", "'Karte'", "'bar'", "'Twint'"],
        ["'2026-11-12'", "NULL", "'2026-11-14'", "'2026-11-15'"],
    ] {
        let plan = proposed("Bezahlt TEXT", &rows);
        assert_eq!(entry(&plan, "paid"), None, "{rows:?}");
    }
}

#[test]
fn rows_that_say_neither_yes_nor_no_are_told_and_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("firma.sql");
    let script = "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kundenname TEXT, Status TEXT, Eingang TEXT, Preis TEXT, Bezahlt TEXT);
        INSERT INTO Auftraege VALUES (1, 'A', 'offen', '2026-11-10', '20.00', 'oui'), (2, 'B', 'offen', '2026-11-10', '20.00', 'non'),
            (3, 'C', 'offen', '2026-11-10', '20.00', 'vielleicht');";
    std::fs::write(&path, script).expect("the script is written");
    let mut bench = Bench::of(&path);
    let plan = bench.text().to_owned();
    assert!(plan.contains("1 rows say neither"), "{plan}");
    let report = bench.run().expect("the run ends");
    assert_eq!(report.ledger["Auftraege"].rejected, 1);
    assert_eq!(report.ledger["Auftraege"].migrated, 2);
    let codes = bench.rejects_by_code();
    assert_eq!(codes["unreadable_flag"], 1);
}

#[test]
fn a_name_is_no_ground_for_a_guess_that_the_values_refute() {
    let cases = [
        ("Nummer", ["1", "1", "1", "1"], "number", Some("\"Nr\"")),
        (
            "Ticket",
            ["'ja'", "'nein'", "'ja'", "'ja'"],
            "number",
            Some("\"Nr\""),
        ),
        (
            "Kundennummer",
            ["7", "8", "9", "10"],
            "number",
            Some("\"Nr\""),
        ),
        (
            "Hausnummer",
            ["7", "8", "9", "10"],
            "number",
            Some("\"Nr\""),
        ),
        (
            "Auftragsnummer",
            ["7", "8", "9", "10"],
            "number",
            Some("\"Auftragsnummer\""),
        ),
        (
            "Preis",
            ["'gross'", "'klein'", "'klein'", "'gross'"],
            "price",
            None,
        ),
        ("Ski", ["1", "2", "2", "1"], "item", None),
        ("Mail", ["0", "1", "0", "1"], "email", None),
        ("Mobile", ["0", "1", "0", "1"], "phone", None),
        ("PLZ", ["0", "1", "0", "1"], "postcode", None),
        ("Note", ["5", "6", "4", "5"], "note", None),
        (
            "Termin",
            ["'bald'", "'sofort'", "'bald'", "'nie'"],
            "promised",
            None,
        ),
        (
            "Geburtsdatum",
            [
                "'1980-01-01'",
                "'1981-01-01'",
                "'1982-01-01'",
                "'1983-01-01'",
            ],
            "promised",
            None,
        ),
        ("Vorname", ["1", "2", "3", "4"], "first_name", None),
    ];
    for (column, rows, key, expected) in cases {
        let plan = proposed(&format!("{column} TEXT"), &rows);
        assert_eq!(entry(&plan, key), expected, "{column}\n{plan}");
    }
}

#[test]
fn a_birthday_is_no_day_of_intake() {
    let plan = plan_of(
        "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Geburtsdatum TEXT, Kundenname TEXT, Status TEXT, Termin TEXT);
         INSERT INTO Auftraege VALUES (1, '1980-01-01', 'Reto Tschudi', 'offen', '2026-11-10');",
    );
    assert_eq!(entry(&plan, "received"), None, "{plan}");
    assert_eq!(entry(&plan, "promised"), Some("\"Termin\""), "{plan}");
}

/// Orders with lines that name who did the work and what it was, with a discount.
fn with_lines(discount: &str) -> String {
    plan_of(&format!(
        "CREATE TABLE Mitarbeiter (MitarbeiterID INTEGER PRIMARY KEY, Vorname TEXT, Nachname TEXT);
         INSERT INTO Mitarbeiter VALUES (1, 'Anna', 'Caduff');
         CREATE TABLE Dienstleistungen (DienstleistungID INTEGER PRIMARY KEY, Bezeichnung TEXT);
         INSERT INTO Dienstleistungen VALUES (1, 'Grosser Service');
         CREATE TABLE Auftraege (AuftragID INTEGER PRIMARY KEY, MitarbeiterID INTEGER REFERENCES Mitarbeiter (MitarbeiterID),
             Kundenname TEXT, Eingang TEXT);
         INSERT INTO Auftraege VALUES (1, 1, 'Reto Tschudi', '2026-11-10');
         CREATE TABLE Positionen (AuftragID INTEGER REFERENCES Auftraege (AuftragID), Pos INTEGER,
             MitarbeiterID INTEGER REFERENCES Mitarbeiter (MitarbeiterID),
             DienstleistungID INTEGER REFERENCES Dienstleistungen (DienstleistungID), Preis TEXT, Rabatt TEXT, PRIMARY KEY (AuftragID, Pos));
         INSERT INTO Positionen VALUES (1, 1, 1, 1, '69.00', '{discount}');"
    ))
}

#[test]
fn lines_name_what_is_done_and_not_who_does_it() {
    let plan = with_lines("0.1");
    let lines = &plan[plan.find("[lines]").expect("it has lines")..];
    assert_eq!(
        entry(lines, "service"),
        Some("\"DienstleistungID\""),
        "{plan}"
    );
    assert_eq!(entry(lines, "discount"), Some("\"Rabatt\""), "{plan}");
    let lookup = &plan[plan.find("[[lookup]]").expect("it has a lookup")..];
    assert_eq!(entry(lookup, "text"), Some("\"Nachname\""), "{plan}");
    assert!(
        plan.contains("LOW confidence: no column says where the work is"),
        "{plan}"
    );
}

#[test]
fn a_discount_in_per_cent_is_no_share() {
    let plan = with_lines("15");
    assert_eq!(entry(&plan, "discount"), None, "{plan}");
    assert!(
        plan.contains("is no share from 0 to 1 (it goes up to 15)"),
        "{plan}"
    );
}

/// The line of a proposal for the key of a section, whole.
fn key_line<'p>(plan: &'p str, section: &str) -> &'p str {
    let from = plan.find(&format!("\n[{section}]")).expect("the section");
    let mut lines = plan[from + 1..].lines();
    let line = lines.find(|line| line.starts_with("key = "));
    line.expect("each table has a key, or says that it has none")
}

/// Orders and customers without declared keys; `rows` are numbers of orders with an id each.
fn undeclared(rows: &[(&str, &str)]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|(id, number)| format!("({id}, {number}, 'Reto Tschudi', 'offen', '2026-11-10')"))
        .collect();
    format!(
        "CREATE TABLE Auftraege (Id INTEGER, AuftragsNr TEXT, Kundenname TEXT, Status TEXT, Eingang TEXT);
         INSERT INTO Auftraege VALUES {};",
        rows.join(", ")
    )
}

#[test]
fn a_key_that_is_not_declared_is_one_that_tells_all_rows_apart_where_there_is_one() {
    // The number is called more like a key, but stands twice.
    let plan = plan_of(&undeclared(&[
        ("3", "'A1'"),
        ("1", "'A1'"),
        ("2", "'A2'"),
        ("4", "'A3'"),
    ]));
    let line = key_line(&plan, "orders");
    assert!(line.starts_with("key = [\"Id\"]"), "{line}");
    assert!(line.ends_with("it tells all rows apart"), "{line}");
    let twice = plan_of(&undeclared(&[
        ("1", "'A1'"),
        ("1", "'A1'"),
        ("NULL", "'A\n2'"),
        ("4", "'A\n2'"),
        ("5", "'A3'"),
        ("6", "'A4'"),
    ]));
    let line = key_line(&twice, "orders");
    assert!(line.starts_with("key = [\"AuftragsNr\"]"), "{line}");
    let told =
        "2 rows have the key of an earlier row and are rejected (duplicate_key): A1 (2), A2 (2)";
    assert!(line.ends_with(told), "{line}");
    crate::plan::Plan::from_text(&twice).expect("a value in two lines breaks no plan");
    let nothing = plan_of(&undeclared(&[
        ("1", "'A1'"),
        ("1", "'A1'"),
        ("1", "NULL"),
        ("1", "'A1'"),
    ]));
    let line = key_line(&nothing, "orders");
    assert!(line.starts_with("key = [] "), "{line}");
    assert!(line.contains("known by its place"), "{line}");
}

#[test]
fn a_unique_key_without_a_null_is_a_key_though_it_is_not_the_primary_one() {
    let script = |rest: &str| {
        format!(
            "CREATE TABLE Auftraege (Mandant INTEGER, Laufnummer INTEGER, Kundenname TEXT, Status TEXT, Eingang TEXT, UNIQUE (Mandant, Laufnummer));
             INSERT INTO Auftraege VALUES (1, 1, 'Reto', 'offen', '2026-11-10'), (1, 2, 'Reto', 'offen', '2026-11-11'), (2, {rest}, 'Reto', 'offen', '2026-11-11');"
        )
    };
    let plan = plan_of(&script("1"));
    let line = key_line(&plan, "orders");
    assert!(
        line.starts_with("key = [\"Mandant\", \"Laufnummer\"]"),
        "{line}"
    );
    let plan = plan_of(&script("NULL"));
    let line = key_line(&plan, "orders");
    assert!(line.starts_with("key = [\"Laufnummer\"]"), "{line}");
    assert!(
        line.ends_with("; 1 row has none and is rejected (no_key)"),
        "{line}"
    );
}

#[test]
fn services_get_a_key_of_one_column_and_are_told_how_many_rows_share_it() {
    let with = |services: &str| {
        plan_of(&format!(
            "CREATE TABLE Angebot {services};
             CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kundenname TEXT, Status TEXT, Eingang TEXT);
             INSERT INTO Auftraege VALUES (1, 'Reto Tschudi', 'offen', '2026-11-10');"
        ))
    };
    let apart = with(
        "(Gruppe INTEGER, Nr INTEGER, Name TEXT, PRIMARY KEY (Gruppe, Nr)); INSERT INTO Angebot VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 3, 'c')",
    );
    let line = key_line(&apart, "services");
    assert!(line.starts_with("key = \"Nr\" "), "{line}");
    let shared = with(
        "(Gruppe INTEGER, Nr INTEGER, Name TEXT, PRIMARY KEY (Gruppe, Nr)); INSERT INTO Angebot VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c')",
    );
    let line = key_line(&shared, "services");
    assert!(
        line.contains("1 row has the key of an earlier row"),
        "{line}"
    );
    let undeclared = with("(Nr INTEGER, Name TEXT); INSERT INTO Angebot VALUES (2, 'a'), (1, 'b')");
    let line = key_line(&undeclared, "services");
    assert!(line.starts_with("key = \"Nr\" "), "{line}");
    let none = with("(Name TEXT, Preis TEXT); INSERT INTO Angebot VALUES ('a', '1'), ('b', '2')");
    let line = key_line(&none, "services");
    assert!(line.starts_with("key = \"CHANGE ME\" "), "{line}");
}

#[test]
fn lines_that_share_a_number_are_known_by_their_place() {
    let with = |numbers: [u32; 3]| {
        let [one, two, three] = numbers;
        plan_of(&format!(
            "CREATE TABLE Auftraege (Nr INTEGER PRIMARY KEY, Kundenname TEXT, Status TEXT, Eingang TEXT);
             INSERT INTO Auftraege VALUES (1, 'Reto Tschudi', 'offen', '2026-11-10');
             CREATE TABLE Positionen (Nr INTEGER, AuftragNr INTEGER REFERENCES Auftraege (Nr), Arbeit TEXT, Preis TEXT);
             INSERT INTO Positionen VALUES ({one}, 1, 'Wachsen', '10'), ({two}, 1, 'Wachsen', '10'), ({three}, 1, 'Wachsen', '10');"
        ))
    };
    let plan = with([3, 1, 2]);
    assert!(key_line(&plan, "lines").starts_with("key = [\"Nr\"] "));
    let plan = with([1, 1, 2]);
    assert!(key_line(&plan, "lines").starts_with("key = [] "));
}

#[test]
fn tables_are_led_to_although_no_key_is_declared() {
    let script = |customers: &str| {
        format!(
            "CREATE TABLE Kunden (KundeID INTEGER, Nachname TEXT, Telefon TEXT);
             INSERT INTO Kunden VALUES {customers};
             CREATE TABLE Auftraege (AuftragID INTEGER, KundeID INTEGER, Status TEXT, Eingang TEXT);
             INSERT INTO Auftraege VALUES (7, 2, 'offen', '2026-11-10'), (8, 1, 'offen', '2026-11-11'), (12, 2, 'offen', '2026-11-12');
             CREATE TABLE Positionen (AuftragID INTEGER, Arbeit TEXT, Preis TEXT);
             INSERT INTO Positionen VALUES (7, 'Heisswachsen', '18.00'), (8, 'Heisswachsen', '18.00'), (12, 'Kleiner Service', '49.00');"
        )
    };
    let plan = plan_of(&script(
        "(1, 'Tschudi', '079 123 45 67'), (2, 'Caflisch', '079 234 56 78')",
    ));
    assert!(plan.contains("\n[customers]"), "{plan}");
    assert_eq!(entry(&plan, "customer"), Some("\"KundeID\""), "{plan}");
    assert!(plan.contains("\n[lines]"), "{plan}");
    assert_eq!(entry(&plan, "order"), Some("\"AuftragID\""), "{plan}");
    // Where it stands twice, it is no key, and nobody is led there.
    let twice = plan_of(&script(
        "(1, 'Tschudi', '079 123 45 67'), (1, 'Caflisch', '079 234 56 78')",
    ));
    assert_eq!(entry(&twice, "customer"), None, "{twice}");
}

#[test]
fn of_two_tables_of_one_kind_the_fuller_is_meant_and_else_the_one_with_the_plainer_name() {
    let script = |rows: &str| {
        format!(
            "CREATE TABLE Orders (OrderID INTEGER PRIMARY KEY, CustomerName TEXT, Status TEXT, OrderDate TEXT);
             INSERT INTO Orders VALUES (1, 'Reto Tschudi', 'open', '2026-11-10');
             CREATE TABLE OrderLines (LineID INTEGER PRIMARY KEY, OrderID INTEGER, Work TEXT);
             CREATE TABLE OrderLines_CCI (LineID INTEGER PRIMARY KEY, OrderID INTEGER, Work TEXT);
             {rows}"
        )
    };
    let lines = |plan: &str| {
        plan.split("\n[lines]")
            .nth(1)
            .and_then(|rest| entry(rest, "table").map(str::to_owned))
    };
    assert_eq!(
        lines(&plan_of(&script(""))).as_deref(),
        Some("\"OrderLines\"")
    );
    let fuller = plan_of(&script("INSERT INTO OrderLines_CCI VALUES (1, 1, 'Wax');"));
    assert_eq!(lines(&fuller).as_deref(), Some("\"OrderLines_CCI\""));
}
