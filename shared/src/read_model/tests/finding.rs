//! The one box finds what people type.

use super::firm::{Firm, branch, contact};
use crate::document::Value;
use crate::domain::{Phase, StatusCode};
use crate::read_model::{Found, ReadModel, SearchFilter};

fn search(model: &ReadModel, text: &str) -> Found {
    model
        .search(text, 20, &SearchFilter::default())
        .expect("searches")
}

fn names(found: &Found) -> Vec<&str> {
    found
        .orders
        .iter()
        .filter_map(|order| order.name.as_deref())
        .collect()
}

/// Three people with an order each, in this order.
fn three() -> Firm {
    let mut firm = Firm::new();
    for (place, name, phone, email) in [
        (0, "Reto Caduff", "079 123 45 67", "reto.caduff@example.ch"),
        (1, "Anna Müller", "081 250 00 11", "anna@example.org"),
        (0, "Urs Rüegg", "+49 8382 55512", ""),
    ] {
        let contact = contact(name, phone, email);
        let customer = firm.new_customer(place, &contact);
        firm.takes_in(place, customer, &contact);
    }
    firm.sync_all();
    firm
}

#[test]
fn people_are_found_by_every_letter_of_their_name_in_any_spelling() {
    let model = three().read_model();
    for text in [
        "Müller",
        "mueller",
        "MULLER",
        "mü",
        "Anna",
        "müller anna",
        "anna m",
    ] {
        assert_eq!(names(&search(&model, text)), ["Anna Müller"], "{text}");
        assert_eq!(search(&model, text).customers.len(), 1, "{text}");
    }
    for text in ["rueg", "Rüegg", "rugg"] {
        assert_eq!(names(&search(&model, text)), ["Urs Rüegg"], "{text}");
    }
    assert!(search(&model, "anna caduff").orders.is_empty());
}

#[test]
fn people_are_found_by_any_run_of_their_telephone_number() {
    let model = three().read_model();
    for text in [
        "079 123 45 67",
        "0791234567",
        "+41 79 123 45 67",
        "+41 (0)79 123",
        "4567",
        "45 67",
        "123 45",
    ] {
        assert_eq!(names(&search(&model, text)), ["Reto Caduff"], "{text}");
        assert_eq!(search(&model, text).customers.len(), 1, "{text}");
    }
    assert!(search(&model, "079 999").orders.is_empty());
    assert_eq!(names(&search(&model, "reto 4567")), ["Reto Caduff"]);
}

#[test]
fn an_order_is_found_by_its_ticket_however_it_is_typed() {
    let firm = three();
    let model = firm.read_model();
    let ticket = search(&model, "caduff").orders[0]
        .ticket
        .clone()
        .expect("has one");
    let spaced = format!("{} {} {}", &ticket[..2], &ticket[2..7], &ticket[7..]);
    for text in [
        ticket.clone(),
        ticket.to_lowercase(),
        spaced.to_lowercase(),
        ticket.replace('0', "O"),
        format!(" {}-{} ", &ticket[..2], &ticket[2..]),
    ] {
        assert_eq!(names(&search(&model, &text))[0], "Reto Caduff", "{text}");
    }
    // While it is being typed, and without the branch's letters.
    for text in [&spaced[..6], &ticket[2..]] {
        assert!(
            names(&search(&model, text)).contains(&"Reto Caduff"),
            "{text}"
        );
    }
}

#[test]
fn items_mail_addresses_and_legacy_numbers_are_found() {
    let mut firm = three();
    let order = firm.replicas[1].orders().into_iter().find(|id| {
        crate::domain::Order::of(&firm.replicas[1].documents[id])
            .is_some_and(|order| order.home == Some(branch(1)))
    });
    firm.sets(
        1,
        order.expect("Anna's"),
        "number/legacy",
        Value::from("A-1023"),
    );
    firm.sync(1);
    let model = firm.read_model();
    assert_eq!(search(&model, "racetiger").orders.len(), 3);
    for text in [
        "reto.caduff@example.ch",
        "Reto.Caduff@ex",
        "reto.caduff@",
        "caduff example",
    ] {
        assert_eq!(names(&search(&model, text)), ["Reto Caduff"], "{text}");
    }
    for text in ["A-1023", "a1023", "1023", "a-10"] {
        assert_eq!(names(&search(&model, text)), ["Anna Müller"], "{text}");
    }
}

#[test]
fn the_newest_come_first_and_the_limit_says_when_there_are_more() {
    let model = three().read_model();
    let found = search(&model, "racetiger");
    assert_eq!(names(&found), ["Urs Rüegg", "Anna Müller", "Reto Caduff"]);
    assert!(!found.more_orders);
    let short = model
        .search("racetiger", 2, &SearchFilter::default())
        .expect("searches");
    assert_eq!(names(&short), ["Urs Rüegg", "Anna Müller"]);
    assert!(short.more_orders);
}

#[test]
fn a_filter_narrows_to_a_branch_and_to_open_work() {
    let mut firm = three();
    let orders = firm.replicas[0].orders();
    for id in orders {
        let is_urs = crate::domain::Order::of(&firm.replicas[0].documents[&id])
            .is_some_and(|order| order.contact.name.as_deref() == Some("Urs Rüegg"));
        if is_urs {
            firm.order_does(0, id.into(), |order, authoring| {
                crate::command::change_status(
                    order,
                    authoring,
                    &StatusCode::from(Phase::Done),
                    None,
                )
            });
        }
    }
    firm.sync(0);
    let model = firm.read_model();
    let narrowed = |filter: SearchFilter| {
        let found = model.search("racetiger", 20, &filter).expect("searches");
        found
            .orders
            .into_iter()
            .filter_map(|order| order.name)
            .collect::<Vec<_>>()
    };
    let here = SearchFilter {
        branch: Some(branch(0)),
        ..SearchFilter::default()
    };
    assert_eq!(narrowed(here), ["Urs Rüegg", "Reto Caduff"]);
    assert_eq!(
        narrowed(SearchFilter {
            unfinished_only: true,
            ..here
        }),
        ["Reto Caduff"]
    );
    assert_eq!(
        narrowed(SearchFilter {
            phase: Some(Phase::Done),
            ..here
        }),
        ["Urs Rüegg"]
    );
}

#[test]
fn nothing_that_can_be_typed_is_an_error() {
    let model = three().read_model();
    for text in [
        "",
        " ",
        "\"",
        "'",
        "*",
        "a*",
        "\"a",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "words:",
        "words : \"x\" *",
        "^a",
        "a^b",
        "-",
        "--",
        "(",
        ")",
        "((((",
        "{a}",
        "a + b",
        "\0",
        "a\0b",
        "%",
        "_",
        ";DROP TABLE orders",
        "😀",
        "ﬁ",
        "İ",
        "ß",
        "ΆΣ",
        "\u{301}",
        "\u{345}",
        "@",
        "@\u{345}",
        "a@",
        "№ 7",
        "١٢٣",
        "０７９",
        "²",
        "ǅ",
    ] {
        search(&model, text);
    }
    search(&model, &"a ".repeat(10_000));
    search(&model, &"1".repeat(10_000));
    assert_eq!(names(&search(&model, "\"caduff\" (reto)")), ["Reto Caduff"]);
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_search(text in "\\PC{0,40}") {
        let model = ReadModel::open_in_memory().expect("in memory");
        model.search(&text, 5, &SearchFilter::default()).expect("searches");
    }
}
