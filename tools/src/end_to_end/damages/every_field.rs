//! Each field and event of an imported document is held against its row, in both directions: changed, lost and added.

use std::collections::BTreeSet;

use super::firms::{FLAT, WITH_LINES, brought_firm, firms, of_kind};
use super::*;
use crate::verify::reconciliation::reconcile;

/// The documents of a kind with the most and the fewest fields.
fn richest_and_poorest<'d>(documents: &'d [Document], kind: &str) -> [&'d Document; 2] {
    let mut known = of_kind(documents, kind);
    known.sort_by_key(|document| document.fields().len());
    [
        known.last().expect("there is one"),
        known.first().expect("there is one"),
    ]
}

fn another(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::from(format!("{text}x")),
        Value::Int(number) => Value::Int(number + 1),
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Money { minor, currency } => Value::Money {
            minor: minor + 1,
            currency: *currency,
        },
        Value::Instant(at) => Value::Instant(UtcMillis(at.0 + 1)),
        Value::Date(days) => Value::Date(days + 1),
        Value::Id(_) => Value::from(DocumentId::named("another")),
        Value::Bytes(bytes) => Value::Bytes([bytes.as_slice(), b"x"].concat()),
        Value::Null => panic!("an import writes no field without a value"),
    }
}

/// What a difference in a field is listed under: legacy values under their column; lines are counted and put in order by their
/// places, so that a place that is wrong is another line's difference; of customers without a row their orders tell.
fn is_listed_as_itself(field: &str) -> bool {
    let is_raw = field.starts_with("legacy/") && !field.starts_with("legacy/lookup/");
    !is_raw && !field.ends_with("/position")
}

const KINDS: [&str; 3] = [
    fields::kind::CUSTOMER,
    fields::kind::ORDER,
    fields::kind::SERVICE,
];

#[test]
fn every_field_that_is_changed_or_lost_is_a_difference_and_is_named() {
    let mut planted = 0;
    for (mut bench, has_customers) in firms().into_iter().zip([false, true]) {
        let documents = bench.documents();
        for kind in KINDS {
            let has_rows = has_customers || kind != fields::kind::CUSTOMER;
            for document in richest_and_poorest(&documents, kind) {
                for (field, register) in document.fields() {
                    let name = field.as_str();
                    let value = register.newest().expect("a value").value;
                    for damage in [another(&value), Value::Null] {
                        planted += 1;
                        let damaged = with(document, field, damage.clone());
                        let (_, order) = ORDERS[planted % ORDERS.len()];
                        let report = compared(&bench, order(instead(&documents, &damaged)));
                        let listed: Vec<&str> = report
                            .differences
                            .iter()
                            .map(|one| one.field.as_str())
                            .collect();
                        let is_named = match (is_listed_as_itself(name), has_rows) {
                            (true, true) => listed.contains(&name),
                            (true, false) => listed.contains(&"customer"),
                            (false, _) => !listed.is_empty(),
                        };
                        assert!(is_named, "{kind}/{name} as {damage:?}: {listed:?}");
                    }
                }
            }
        }
    }
    assert!(planted > 300, "only {planted} damages were planted");
}

#[test]
fn every_field_that_no_row_leads_to_is_a_difference() {
    let more = [
        ("items/9.9/position", Value::Int(3)),
        ("items/9.9/label", "one more piece".into()),
        ("items/9.9/lines/9.9/position", Value::Int(3)),
        (
            "items/9.9/lines/9.9/price",
            Value::from(shared::domain::Money::new(
                5,
                shared::document::Currency::CHF,
            )),
        ),
        ("legacy/more", "more".into()),
        ("legacy/number", Value::Int(3)),
        ("legacy/lines/9.9/more", "more".into()),
        ("legacy/lookup/more", "more".into()),
        ("contact/language", "de".into()),
        ("free/reason", "none".into()),
        (
            "price/chf/2026-01-01",
            Value::from(shared::domain::Money::new(
                5,
                shared::document::Currency::CHF,
            )),
        ),
    ];
    let mut planted = 0;
    for mut bench in firms() {
        let documents = bench.documents();
        for kind in KINDS {
            let [richest, poorest] = richest_and_poorest(&documents, kind);
            // What the row of the one says and that of the other does not.
            let theirs = richest.fields().iter().filter_map(|(field, register)| {
                let is_new = !poorest.fields().contains_key(field)
                    && !["items/", "legacy/"]
                        .iter()
                        .any(|path| field.as_str().starts_with(path));
                is_new.then(|| (field.as_str(), register.newest().expect("a value").value))
            });
            for (name, value) in theirs.chain(more.clone()) {
                if kind == fields::kind::CUSTOMER && name == "free/reason" {
                    continue;
                }
                planted += 1;
                let field = Field::new(name).expect("a name");
                let damaged = with(poorest, &field, value);
                let (_, order) = ORDERS[planted % ORDERS.len()];
                let report = compared(&bench, order(instead(&documents, &damaged)));
                assert!(report.difference_count > 0, "{kind}/{name}");
            }
        }
    }
}

/// The document as if the importer had not recorded some kind of event, or had recorded one more.
pub(super) fn without_event(document: &Document, kind: &str) -> Document {
    let events = document.event_set().iter();
    let dots = events
        .filter(|event| event.kind.as_str() == kind)
        .map(|event| event.dot);
    document.without(&dots.collect())
}

fn with_event<const N: usize>(
    document: &Document,
    kind: &'static str,
    data: [(Field, Value); N],
) -> Document {
    let at = Hlc::at(UtcMillis(4_000_000_000_000));
    let behind = (1 << 40) + document.event_set().len() as u64;
    let mut authoring = Authoring::new(importer_of(document), behind, at, None);
    let mut change = Change::of(document);
    change.record(&mut authoring, fields::known_kind(kind), data);
    let mut changed = document.clone();
    changed.merge(change.finish()).expect("the same document");
    changed
}

fn amount(minor: i64) -> [(Field, Value); 1] {
    let money = shared::domain::Money::new(minor, shared::document::Currency::CHF);
    [(Field::known("amount"), Value::from(money))]
}

#[test]
fn payments_and_intakes_that_are_lost_or_added_are_differences() {
    for mut bench in firms() {
        let documents = bench.documents();
        let orders = of_kind(&documents, fields::kind::ORDER);
        let is_paid = |order: &&&Document| {
            let mut events = order.event_set().iter();
            events.any(|event| event.kind.as_str() == fields::event::PAYMENT)
        };
        let paid = orders.iter().find(is_paid).expect("one is paid");
        let unpaid = orders
            .iter()
            .find(|order| !is_paid(order))
            .expect("one is not");
        let cases = [
            ("hundredths", without_event(paid, fields::event::PAYMENT)),
            (
                "hundredths",
                with_event(paid, fields::event::PAYMENT, amount(1)),
            ),
            (
                "hundredths",
                with_event(unpaid, fields::event::PAYMENT, amount(500)),
            ),
            ("taken in", without_event(paid, fields::event::RECEIVED)),
        ];
        for (what, damaged) in cases {
            let report = compared(&bench, instead(&documents, &damaged));
            assert_told(&report, what, what);
        }
        let another_event = with_event(unpaid, fields::event::SYNCED, amount(500));
        let report = compared(&bench, instead(&documents, &another_event));
        assert_clean(&report);
    }
}

#[test]
fn a_document_of_any_kind_that_no_row_leads_to_is_a_difference() {
    for mut bench in firms() {
        let documents = bench.documents();
        for kind in KINDS {
            let stray = stray(of_kind(&documents, kind)[0], "firma");
            let mut more = documents.clone();
            more.push(stray);
            let report = compared(&bench, more);
            assert_told(&report, "no row leads", kind);
            assert_eq!(report.difference_count, 1, "{:?}", report.differences);
            assert_eq!(report.documents, documents.len() as u64 + 1);
        }
        let of_another = stray(of_kind(&documents, fields::kind::ORDER)[0], "firma-2");
        let mut more = documents.clone();
        more.push(of_another);
        // What names the source in another event was not imported from it.
        let source = [(Field::known("source"), Value::from("firma"))];
        let named = more.pop().expect("that of another source");
        more.push(with_event(&named, fields::event::SYNCED, source));
        let report = compared(&bench, more);
        assert_clean(&report);
        assert_eq!(report.documents, documents.len() as u64);
    }
}

#[test]
fn an_order_that_has_lost_its_only_line_is_a_difference_in_its_line() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    let mut planted = 0;
    for order in of_kind(&documents, fields::kind::ORDER) {
        let names = order.fields().keys();
        let of_line: Vec<&Field> = names
            .filter(|field| field.as_str().contains("/lines/"))
            .collect();
        let mut damaged = order.clone();
        for field in &of_line {
            let dots = damaged.register(field.as_str()).expect("it is there");
            let dots = dots.versions().iter().map(|version| version.dot).collect();
            damaged = damaged.without(&dots);
        }
        if of_line.is_empty() {
            continue;
        }
        planted += 1;
        let report = compared(&bench, instead(&documents, &damaged));
        assert_told(&report, "found no line", "lost line");
        assert_eq!(report.difference_count, 1, "{:?}", report.differences);
    }
    assert_eq!(
        planted, 3,
        "one has a service and a price, one a service only, one a price only"
    );
}

#[test]
fn of_an_order_without_lines_the_piece_too_many_is_told_and_not_its_own() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    for order in of_kind(&documents, fields::kind::ORDER) {
        for name in ["items/0.1/position", "items/zz.1/position"] {
            let place = Field::new(name).expect("a name");
            let twice = with(order, &place, Value::Int(1));
            let report = compared(&bench, instead(&documents, &twice));
            let told = report.differences.iter().map(|one| one.field.as_str());
            assert_eq!(told.collect::<Vec<_>>(), [name]);
        }
    }
}

#[test]
fn a_line_that_is_lost_with_all_that_was_said_of_it_or_one_more_is_a_difference() {
    let (script, plan) = WITH_LINES;
    let whole = plan.replace("item = \"Ski\"\nitem_kind = \"Art\"\n", "");
    for plan in [plan, &whole] {
        let mut bench = brought_firm((script, plan));
        let documents = bench.documents();
        let mut planted = 0;
        for order in of_kind(&documents, fields::kind::ORDER) {
            let names = order.fields().keys();
            let lines: BTreeSet<String> = names
                .filter_map(|field| {
                    let line = field.as_str().strip_prefix("legacy/lines/")?;
                    Some(line.split('/').next()?.to_owned())
                })
                .collect();
            let one_more = Field::new("items/9.9/lines/9.9/position").expect("a name");
            let report = compared(
                &bench,
                instead(&documents, &with(order, &one_more, Value::Int(9))),
            );
            let count = format!(
                "{0} lines in the source, {1} at",
                lines.len(),
                lines.len() + 1
            );
            assert_told(&report, &count, "one more");
            for line in &lines {
                let within = format!("/{line}/");
                let mut damaged = order.clone();
                for (field, register) in order.fields() {
                    let name = field.as_str();
                    if name.contains("lines/") && name.contains(&within) {
                        let versions = register.versions();
                        let dots = versions.iter().map(|version| version.dot);
                        damaged = damaged.without(&dots.collect());
                    }
                }
                planted += 1;
                let report = compared(&bench, instead(&documents, &damaged));
                let count = format!(
                    "{} lines in the source, {} at the target",
                    lines.len(),
                    lines.len() - 1
                );
                assert_told(&report, &count, line);
            }
        }
        assert_eq!(planted, 3);
    }
}

#[test]
fn the_branch_that_a_row_names_is_known_by_its_name_or_id_and_must_be_named() {
    let mut bench = brought_firm(WITH_LINES);
    let documents = bench.documents();
    let id = of_kind(&documents, fields::kind::BRANCH)[0].id();
    let orders = of_kind(&documents, fields::kind::ORDER).len() as u64;
    let customers = of_kind(&documents, fields::kind::CUSTOMER).len() as u64;
    // Each order has a branch that it is at, and one where it is collected; each customer is at home at one.
    let all = 2 * orders + customers;
    let cases = [
        (Some("Davos".to_owned()), 0),
        (Some("dAVOS".to_owned()), 0),
        (Some(id.to_string()), 0),
        (Some(id.to_string().to_uppercase()), 0),
        (Some("Chur".to_owned()), all),
        (None, all),
    ];
    for (named, expected) in cases {
        let mut plan = bench.plan();
        plan.branches.default.clone_from(&named);
        let report = compared_by(&plan, &bench, InOrder(documents.clone()));
        let told = report.differences.iter();
        let homes = told.filter(|one| one.what.starts_with("expected"));
        assert_eq!(homes.count() as u64, expected, "{named:?}");
        assert_eq!(report.difference_count, expected, "{named:?}");
        let rejects = bench.rejects();
        let sums = reconcile(&plan, &bench.staging, &mut bench.store, &rejects)
            .expect("both sides can be summed up");
        assert_eq!(sums.adds_up(), expected == 0, "{named:?}");
    }
}

#[test]
fn rows_that_a_rule_leaves_behind_lead_to_no_document() {
    let (script, plan) = WITH_LINES;
    let script = script.replace(
        "INSERT INTO Positionen VALUES",
        "INSERT INTO Auftraege VALUES (4, 7, 'Probe', '2026-11-12', NULL);
         INSERT INTO Positionen VALUES (9, 4, 'Stöckli Laser', 'Ski', 1, '60.00', '1', NULL),",
    );
    let rule = "exclude_where = [{ column = \"Status\", equals = \"Probe\", reason = \"to try it\" }]\n[lines]";
    let mut bench = brought_firm((&script, &plan.replace("[lines]", rule)));
    let report = bench.verify();
    assert_eq!(report.ledger["Auftraege"].excluded, 1);
    assert_eq!(report.ledger["Positionen"].excluded, 1);
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    assert_eq!(sums.total.left_behind.orders, 1);
    // Had it been brought all the same, no row would lead to it.
    let documents = bench.documents();
    let order = of_kind(&documents, fields::kind::ORDER)[0];
    let id = crate::naming::document_id("firma", "Auftraege", "4");
    let mut more = documents.clone();
    more.push(stray_at(id, order, "firma"));
    let report = compared(&bench, more);
    assert_told(&report, "no row leads", "the rule leaves it behind");
}

#[test]
fn rows_of_choices_count_by_whether_the_plan_says_what_they_mean() {
    let (script, plan) = WITH_LINES;
    let script = format!(
        "CREATE TABLE Stati (Nr INTEGER PRIMARY KEY, Name TEXT);
         INSERT INTO Stati VALUES (1, 'offen'), (2, 'in Arbeit'), (3, 'fertig'), (4, 'vergessen');
         {}",
        script
            .replace("7, 'in Arbeit',", "7, '2',")
            .replace("8, 'offen',", "8, '1',")
            .replace("NULL, 'fertig',", "NULL, '3',")
    );
    let plan = plan.replace(
        "[status]\n",
        "[status]\ntable = \"Stati\"\nkey = \"Nr\"\nname = \"Name\"\n",
    );
    let mut bench = brought_firm((&script, &plan));
    let sums = bench.verify().ledger["Stati"];
    assert_eq!((sums.source, sums.merged, sums.excluded), (4, 3, 1));
}

#[test]
fn a_legacy_value_is_there_as_it_stands_blanks_and_letters_included() {
    for mut bench in firms() {
        let documents = bench.documents();
        for kind in KINDS {
            let [document, _] = richest_and_poorest(&documents, kind);
            for (field, register) in document.fields() {
                let Some(Value::Text(text)) = register.newest().map(|newest| newest.value) else {
                    continue;
                };
                if !field.as_str().starts_with("legacy/") {
                    continue;
                }
                let others = [
                    Value::from(format!("{text} ")),
                    Value::from(text.to_uppercase()),
                    Value::from(text.to_lowercase()),
                    Value::Bytes(text.clone().into_bytes()),
                ];
                for other in others {
                    if other == Value::Text(text.clone()) {
                        continue;
                    }
                    let damaged = with(document, field, other.clone());
                    let report = compared(&bench, instead(&documents, &damaged));
                    assert!(report.difference_count > 0, "{field:?}: {other:?}");
                }
            }
        }
    }
}

#[test]
fn a_value_where_the_row_has_none_is_a_difference() {
    for mut bench in firms() {
        let documents = bench.documents();
        for kind in KINDS {
            let [richest, poorest] = richest_and_poorest(&documents, kind);
            for field in richest.fields().keys() {
                let is_of_the_row = field.as_str().starts_with("legacy/")
                    && !field.as_str().starts_with("legacy/lines/");
                if !is_of_the_row || poorest.fields().contains_key(field) {
                    continue;
                }
                for value in ["x".into(), Value::Int(3)] {
                    let damaged = with(poorest, field, value);
                    let report = compared(&bench, instead(&documents, &damaged));
                    assert!(report.difference_count > 0, "{kind}/{field:?}");
                }
            }
        }
    }
}

#[test]
fn lines_and_pieces_are_compared_in_the_order_of_their_places() {
    let (script, plan) = WITH_LINES;
    let mut script = script.to_owned();
    for number in 10..30 {
        use std::fmt::Write as _;
        let _ = write!(
            script,
            "INSERT INTO Positionen VALUES ({number}, 2, 'Ski {number}', 'Ski', 2, '{number}.00', NULL, NULL);"
        );
    }
    let whole = plan.replace("item = \"Ski\"\nitem_kind = \"Art\"\n", "");
    assert_ne!(whole, plan);
    for plan in [plan, &whole] {
        brought_firm((&script, plan));
    }
}

#[test]
fn a_customer_may_stand_in_the_rows_of_orders_in_other_letters_and_with_blanks() {
    let (script, plan) = FLAT;
    for other in [" Reto Tschudi ", "RETO Tschudi"] {
        let row = format!("(2, '{other}', NULL, 'reto@example.ch',");
        let script = script.replace("(2, 'Ursina Caflisch', NULL, NULL,", &row);
        let mut bench = brought_firm((&script, plan));
        let documents = bench.documents();
        assert_eq!(of_kind(&documents, fields::kind::CUSTOMER).len(), 3);
    }
}

#[test]
fn a_document_of_another_kind_or_row_is_a_difference() {
    for mut bench in firms() {
        let documents = bench.documents();
        for kind in KINDS {
            let victim = of_kind(&documents, kind)[0];
            let mut other = Document::new(victim.id(), fields::known_kind(fields::kind::PRIORITY));
            let mut change = Change::of(&other);
            let mut authoring =
                Authoring::new(importer_of(victim), 1 << 41, Hlc::at(UtcMillis(9)), None);
            for (field, register) in victim.fields() {
                let value = register.newest().expect("a value").value;
                change.set(&mut authoring, field.clone(), value);
            }
            for event in victim.event_set() {
                let data = event.data.clone();
                change.record_all(&mut authoring, event.kind.clone(), data);
            }
            let delta = change.finish();
            other.merge(delta).expect("the same document");
            let report = compared(&bench, instead(&documents, &other));
            assert_told(&report, "another kind", kind);
        }
        let order = of_kind(&documents, fields::kind::ORDER)[0];
        let own = legacy_key(order).expect("it has a row").to_string();
        for (table, key) in [("Auftraege", "77"), ("Kunden", own.as_str())] {
            let text = |name: &'static str, text: &str| (Field::known(name), Value::from(text));
            let elsewhere = with_event(
                &without_event(order, fields::event::IMPORTED),
                fields::event::IMPORTED,
                [
                    text("source", "firma"),
                    text("legacy/table", table),
                    text("legacy/key", key),
                ],
            );
            let report = compared(&bench, instead(&documents, &elsewhere));
            assert_told(&report, "of another row", table);
            let synced = with_event(
                &elsewhere,
                fields::event::SYNCED,
                [
                    text("source", "firma"),
                    text("legacy/table", "Auftraege"),
                    text("legacy/key", &own),
                ],
            );
            let report = compared(&bench, instead(&documents, &synced));
            assert_told(&report, "of another row", "a change of its row");
        }
        let text = |name: &'static str, text: &str| (Field::known(name), Value::from(text));
        let of_both = |source: &str, key: &str| {
            [
                text("source", source),
                text("legacy/table", "Auftraege"),
                text("legacy/key", key),
            ]
        };
        let silent = without_event(order, fields::event::IMPORTED);
        let of_another = with_event(&silent, fields::event::IMPORTED, of_both("firma-2", &own));
        let report = compared(&bench, instead(&documents, &of_another));
        assert_told(&report, "neither", "a document of another source");
        let imported = fields::event::IMPORTED;
        let doubly = with_event(&of_another, imported, of_both("firma", "77"));
        let report = compared(&bench, instead(&documents, &doubly));
        assert_told(&report, "of another row", "the other source has such a row");
    }
}

#[test]
fn customers_from_the_rows_of_orders_are_held_against_their_orders() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    let [person, _] = richest_and_poorest(&documents, fields::kind::CUSTOMER);
    let cases = [
        ("contact/name", "x", "bears another name"),
        ("contact/name", " RETO TSCHUDI", "has another contact"),
        ("contact/name", "reto tschudi", "has another contact"),
        ("contact/phone", "x", "has another contact"),
        ("contact/town", "x", "has another contact"),
        ("free/note", "x", "expected None"),
    ];
    for (field, value, what) in cases {
        let field = Field::new(field).expect("a name");
        let damaged = with(person, &field, value.into());
        let report = compared(&bench, instead(&documents, &damaged));
        assert_told(&report, what, field.as_str());
    }
    let lost = documents
        .iter()
        .filter(|document| document.id() != person.id());
    let report = compared(&bench, lost.cloned().collect());
    assert_told(&report, "customer is not at the target", "lost");

    let order = of_kind(&documents, fields::kind::ORDER)[0];
    let field = Field::known(fields::order::CUSTOMER);
    let report = compared(
        &bench,
        instead(&documents, &with(order, &field, Value::Null)),
    );
    assert_told(&report, "no customer is linked", "unlinked");
}

#[test]
fn an_order_that_staff_have_moved_to_another_branch_is_no_difference() {
    for mut bench in firms() {
        let documents = bench.documents();
        let order = of_kind(&documents, fields::kind::ORDER)[0];
        let by_staff = Actor::new(ReplicaNumber(3), 1);
        let mut authoring =
            Authoring::new(by_staff, 0, Hlc::at(UtcMillis(1_800_000_000_000)), None);
        let mut change = Change::of(order);
        for field in [fields::order::HOME, fields::order::PICKUP] {
            let elsewhere = Value::from(DocumentId::named("elsewhere"));
            change.set(&mut authoring, fields::known(field), elsewhere);
        }
        let mut moved = order.clone();
        moved.merge(change.finish()).expect("the same document");
        let report = compared(&bench, instead(&documents, &moved));
        assert_clean(&report);
        assert_eq!(report.edited_since, 2);
        let elsewhere = DocumentId::named("elsewhere").to_string();
        assert_eq!(
            report.orders_by_branch[&elsewhere], 1,
            "it is counted where it is"
        );
    }
}
