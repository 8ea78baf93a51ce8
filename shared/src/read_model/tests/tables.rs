//! The lists of a branch's day, the workshop's queue, the office's table and its figures.

use jiff::civil::{self, date};

use super::firm::{DAY_MILLIS, Firm, NOW, TODAY, branch, contact, item};
use crate::clock::UtcMillis;
use crate::command::{self, Pay};
use crate::document::{Currency, Value};
use crate::domain::{Contact, Custody, Money, MoneyState, PaymentMethod, Phase, StatusCode};
use crate::id::OrderId;
use crate::read_model::{
    DayRange, OrderFilter, OrderSection, OrderSort, OrderSummary, Page, ReadModel,
};

const ALL: Page = Page {
    offset: 0,
    limit: 100,
};

fn order_of(firm: &mut Firm, place: usize, name: &str, promised_on: civil::Date) -> OrderId {
    order_with(firm, place, name, promised_on, "standard")
}

fn order_with(
    firm: &mut Firm,
    place: usize,
    name: &str,
    promised_on: civil::Date,
    priority: &str,
) -> OrderId {
    let contact = contact(name, "", "");
    let customer = firm.new_customer(place, &contact);
    firm.takes_in_with(place, customer, &contact, |intent| {
        // As if taken in on the promised day at the latest, which the command insists on.
        intent.today = intent.today.min(promised_on);
        intent.promised_on = promised_on;
        intent.priority = priority.into();
    })
}

fn becomes(firm: &mut Firm, place: usize, order: OrderId, phase: Phase) {
    firm.order_does(place, order, |document, authoring| {
        command::change_status(
            document,
            authoring,
            &StatusCode::from(phase),
            Some("Belag fehlt"),
        )
    });
}

fn pays(firm: &mut Firm, place: usize, order: OrderId, minor: i64, currency: Currency) {
    let till = branch(place);
    firm.order_does(place, order, |document, authoring| {
        let pay = Pay {
            amount: Money::new(minor, currency),
            method: PaymentMethod::Card,
            branch: till,
            receipt: None,
        };
        command::pay(document, authoring, &pay)
    });
}

fn names(orders: &[OrderSummary]) -> Vec<&str> {
    orders
        .iter()
        .filter_map(|order| order.name.as_deref())
        .collect()
}

fn in_section(section: &OrderSection) -> Vec<&str> {
    assert_eq!(section.total, section.orders.len() as u64);
    names(&section.orders)
}

fn listed(model: &ReadModel, filter: &OrderFilter, sort: OrderSort) -> Vec<String> {
    let page = model.order_list(filter, sort, ALL).expect("lists");
    assert_eq!(page.total, page.orders.len() as u64);
    page.orders
        .into_iter()
        .filter_map(|order| order.name)
        .collect()
}

#[test]
fn the_day_of_a_branch_has_each_order_where_it_belongs() {
    let mut firm = Firm::new();
    let tomorrow = TODAY.tomorrow().expect("in range");
    order_of(&mut firm, 0, "Due", TODAY);
    order_with(&mut firm, 0, "Due express", TODAY, "express");
    order_of(&mut firm, 0, "Late", TODAY.yesterday().expect("in range"));
    let working = order_of(&mut firm, 0, "Working", tomorrow);
    becomes(&mut firm, 0, working, Phase::InWork);
    let done = order_of(&mut firm, 0, "Ready", TODAY);
    becomes(&mut firm, 0, done, Phase::Done);
    let gone = order_of(&mut firm, 0, "Gone", TODAY);
    becomes(&mut firm, 0, gone, Phase::Done);
    firm.order_does(0, gone, |document, authoring| {
        command::hand_out(document, authoring, None)
    });
    let off = order_of(&mut firm, 0, "Called off", TODAY);
    becomes(&mut firm, 0, off, Phase::Cancelled);
    order_of(&mut firm, 1, "Elsewhere", TODAY);
    firm.sync_all();

    let day = firm.read_model().day_list(branch(0), TODAY).expect("lists");
    assert_eq!(in_section(&day.due_today), ["Due express", "Due"]);
    assert_eq!(in_section(&day.overdue), ["Late"]);
    assert_eq!(in_section(&day.in_work), ["Working"]);
    assert_eq!(in_section(&day.ready), ["Ready"]);
    assert_eq!(
        in_section(&day.taken_in_today),
        [
            "Called off",
            "Gone",
            "Ready",
            "Working",
            "Late",
            "Due express",
            "Due"
        ]
    );
}

#[test]
fn a_business_day_is_the_branch_s_own_even_when_its_zone_comes_after_the_order() {
    let mut firm = Firm::without_catalogue();
    // Half past midnight in Chur on the 14th is still the 13th in UTC.
    firm.now = UtcMillis(NOW.0 - 9 * 3_600_000 - 1_800_000);
    order_of(&mut firm, 0, "Night owl", TODAY);
    for (id, document) in firm.replicas[0].documents.clone() {
        if document.kind().as_str() == "order" {
            firm.hub.insert(id, document.clone());
            firm.feed.push(crate::read_model::Change {
                position: 1,
                document,
            });
        }
    }
    let taken_in = |firm: &Firm, day| {
        let model = firm.read_model();
        let list = model
            .day_list(branch(0), day)
            .expect("lists")
            .taken_in_today
            .total;
        let range = DayRange {
            from: Some(day),
            to: Some(day),
        };
        let filter = OrderFilter {
            received: range,
            ..OrderFilter::default()
        };
        let table = listed(&model, &filter, OrderSort::Newest).len() as u64;
        let figures: u64 = model
            .overview(day, 1)
            .expect("sums")
            .branches
            .iter()
            .flat_map(|branch| &branch.taken_in)
            .map(|day| day.orders)
            .sum();
        [list, table, figures]
    };
    firm.publish_catalogue();
    let yesterday = TODAY.yesterday().expect("in range");
    assert_eq!(taken_in(&firm, TODAY), [1, 1, 1]);
    assert_eq!(taken_in(&firm, yesterday), [0, 0, 0]);

    // The branch moves to a territory in New York's zone: it was the evening before, in all three places.
    let territory = firm.makes(0, "territory", "territory/US");
    for (field, value) in [("country", "US"), ("time_zone", "America/New_York")] {
        firm.sets(0, territory, field, Value::from(value));
    }
    firm.sets(0, branch(0).document(), "territory", territory.into());
    firm.sync(0);
    assert_eq!(taken_in(&firm, TODAY), [0, 0, 0]);
    assert_eq!(taken_in(&firm, yesterday), [1, 1, 1]);
}

#[test]
fn the_workshop_works_by_promised_day_then_priority_and_only_on_what_is_there() {
    let mut firm = Firm::new();
    let tomorrow = TODAY.tomorrow().expect("in range");
    order_with(&mut firm, 0, "Tomorrow low", tomorrow, "low");
    order_with(&mut firm, 0, "Tomorrow standard", tomorrow, "standard");
    order_with(&mut firm, 0, "Tomorrow express", tomorrow, "express");
    order_of(
        &mut firm,
        0,
        "Yesterday",
        TODAY.yesterday().expect("in range"),
    );
    let sent = order_of(&mut firm, 0, "Sent to Davos", TODAY);
    firm.order_does(0, sent, |document, authoring| {
        command::hand_over(document, authoring, None, &Custody::Workshop(branch(1)))
    });
    let done = order_of(&mut firm, 0, "Done", TODAY);
    becomes(&mut firm, 0, done, Phase::Done);
    firm.sync_all();
    let model = firm.read_model();
    let (queue, total) = model.workshop_queue(branch(0), TODAY, 100).expect("lists");
    let order: Vec<_> = queue
        .iter()
        .filter_map(|entry| entry.order.name.as_deref())
        .collect();
    assert_eq!(
        order,
        [
            "Yesterday",
            "Tomorrow express",
            "Tomorrow standard",
            "Tomorrow low"
        ]
    );
    assert_eq!(
        queue.iter().map(|entry| entry.overdue).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    assert_eq!(total, 4);
    let (queue, _) = model.workshop_queue(branch(1), TODAY, 100).expect("lists");
    assert_eq!(queue[0].order.name.as_deref(), Some("Sent to Davos"));
    let (short, total) = model.workshop_queue(branch(0), TODAY, 2).expect("lists");
    assert_eq!((short.len(), total), (2, 4));
}

#[test]
fn the_office_narrows_its_table_by_everything_it_shows() {
    let mut firm = Firm::new();
    let paid = order_of(&mut firm, 0, "Caduff", TODAY);
    pays(&mut firm, 0, paid, 6_900, Currency::CHF);
    let late = order_of(&mut firm, 1, "Müller", date(2026, 12, 1));
    let done = order_of(&mut firm, 2, "Rüegg", date(2026, 12, 20));
    becomes(&mut firm, 2, done, Phase::Done);
    firm.sync_all();
    // Two branches rename the same customer on the order without having seen each other.
    for (place, name) in [(0, "Anna Müller"), (1, "A. Müller")] {
        firm.order_does(place, late, |document, authoring| {
            let contact = Contact {
                name: Some(name.into()),
                ..Contact::default()
            };
            let edit = command::EditOrder {
                contact: Some(contact),
                ..command::EditOrder::default()
            };
            let catalogue = crate::domain::Catalogue::default();
            command::edit_order(&catalogue, document, authoring, &edit, branch(place), TODAY)
        });
    }
    firm.sync_all();
    let model = firm.read_model();
    let narrowed = |filter: OrderFilter| listed(&model, &filter, OrderSort::Newest);
    let none = OrderFilter::default;
    assert_eq!(narrowed(none()), ["Rüegg", "A. Müller", "Caduff"]);
    assert_eq!(
        narrowed(OrderFilter {
            text: Some("mue".into()),
            ..none()
        }),
        ["A. Müller"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            text: Some("?!".into()),
            ..none()
        }),
        [""; 0]
    );
    assert_eq!(
        narrowed(OrderFilter {
            branch: Some(branch(2)),
            ..none()
        }),
        ["Rüegg"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            phase: Some(Phase::Done),
            ..none()
        }),
        ["Rüegg"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            money: Some(MoneyState::Paid),
            ..none()
        }),
        ["Caduff"]
    );
    let until = DayRange {
        from: None,
        to: Some(TODAY),
    };
    assert_eq!(
        narrowed(OrderFilter {
            promised: until,
            ..none()
        }),
        ["A. Müller", "Caduff"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            received: until,
            ..none()
        })
        .len(),
        3
    );
    let after = DayRange {
        from: TODAY.tomorrow().ok(),
        to: None,
    };
    assert_eq!(
        narrowed(OrderFilter {
            promised: after,
            ..none()
        }),
        ["Rüegg"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            received: after,
            ..none()
        }),
        [""; 0]
    );
    assert_eq!(
        narrowed(OrderFilter {
            overdue_on: Some(TODAY),
            ..none()
        }),
        ["A. Müller"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            conflicts_only: true,
            ..none()
        }),
        ["A. Müller"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            ready_only: true,
            ..none()
        }),
        ["Rüegg"]
    );
    assert_eq!(
        narrowed(OrderFilter {
            unfinished_only: true,
            ..none()
        }),
        ["A. Müller", "Caduff"]
    );
    assert_eq!(
        names(&model.conflicted_orders(10).expect("lists")),
        ["A. Müller"]
    );
    assert_eq!(
        listed(&model, &none(), OrderSort::Name),
        ["A. Müller", "Caduff", "Rüegg"]
    );
    assert_eq!(
        listed(&model, &none(), OrderSort::Promised),
        ["A. Müller", "Caduff", "Rüegg"]
    );

    let second = Page {
        offset: 1,
        limit: 1,
    };
    let page = model
        .order_list(&none(), OrderSort::Oldest, second)
        .expect("lists");
    assert_eq!((names(&page.orders), page.total), (vec!["A. Müller"], 3));
    let mut exported = 0;
    model
        .visit_orders(&none(), OrderSort::Oldest, |_| {
            exported += 1;
            std::ops::ControlFlow::Continue(())
        })
        .expect("exports");
    assert_eq!(exported, 3);
}

#[test]
fn a_summary_says_what_the_order_says() {
    let mut firm = Firm::new();
    let contact = contact("Reto Caduff", "079 123 45 67", "reto@example.ch");
    let customer = firm.new_customer(0, &contact);
    let order = firm.takes_in_with(0, customer, &contact, |intent| {
        intent.items = vec![
            item("Völkl Racetiger", &["large", "wax"]),
            item("Head Rev", &["wax"]),
        ];
        intent.note = Some("Kanten hängend".into());
        intent.pickup = branch(1);
    });
    pays(&mut firm, 0, order, 5_000, Currency::CHF);
    firm.sync_all();
    let model = firm.read_model();
    let shown = model.order(order).expect("reads").expect("known");
    assert_eq!(shown.items, "Völkl Racetiger, Head Rev");
    assert_eq!(shown.services, "Grosser Service, Heisswachsen");
    assert_eq!(
        (
            shown.item_count,
            shown.total.minor,
            shown.paid.minor,
            shown.owed.minor
        ),
        (2, 10_500, 5_000, 5_500)
    );
    assert_eq!(shown.money, MoneyState::Deposit);
    assert_eq!(
        (shown.home, shown.pickup, shown.customer),
        (Some(branch(0)), Some(branch(1)), Some(customer))
    );
    assert_eq!(shown.note.as_deref(), Some("Kanten hängend"));
    assert_eq!(
        shown.promised_on,
        TODAY.checked_add(jiff::Span::new().days(7)).ok()
    );
    assert_eq!(
        model.orders_of_customer(customer, 10).expect("lists"),
        [shown]
    );
}

#[test]
fn the_figures_of_the_office_are_by_branch_day_and_currency() {
    let mut firm = Firm::new();
    let zurich = order_of(&mut firm, 0, "Caduff", TODAY);
    pays(&mut firm, 0, zurich, 6_900, Currency::CHF);
    // Paid at another branch's till, so it is that branch's turnover.
    let davos = order_of(&mut firm, 0, "Müller", date(2026, 12, 1));
    firm.sync_all();
    pays(&mut firm, 1, davos, 5_000, Currency::CHF);
    let lindau = order_of(&mut firm, 2, "Rüegg", TODAY);
    pays(&mut firm, 2, lindau, 6_900, Currency::EUR);
    becomes(&mut firm, 2, lindau, Phase::Done);
    firm.now = UtcMillis(firm.now.0 + 2 * DAY_MILLIS);
    becomes(&mut firm, 0, zurich, Phase::Done);
    firm.sync_all();

    let model = firm.read_model();
    let later = TODAY.saturating_add(jiff::Span::new().days(2));
    let overview = model.overview(later, 7).expect("sums");
    let of = |place: usize| {
        overview
            .branches
            .iter()
            .find(|figures| figures.branch == Some(branch(place)))
            .expect("has figures")
    };
    let turnover = |place: usize| -> Vec<_> {
        of(place)
            .turnover
            .iter()
            .map(|day| (day.day, day.amount.minor, day.amount.currency))
            .collect()
    };
    assert_eq!((of(0).open, of(0).overdue, of(0).ready), (1, 1, 1));
    assert_eq!(turnover(0), [(TODAY, 6_900, Currency::CHF)]);
    assert_eq!(turnover(1), [(TODAY, 5_000, Currency::CHF)]);
    assert_eq!(turnover(2), [(TODAY, 6_900, Currency::EUR)]);
    assert_eq!(
        of(0)
            .taken_in
            .iter()
            .map(|day| (day.day, day.orders))
            .collect::<Vec<_>>(),
        [(TODAY, 2)]
    );
    let services: Vec<_> = overview
        .services
        .iter()
        .map(|service| (service.label.as_str(), service.lines, service.amount))
        .collect();
    assert_eq!(
        services,
        [
            ("Grosser Service", 2, Money::new(13_800, Currency::CHF)),
            ("Grosser Service", 1, Money::new(6_900, Currency::EUR)),
        ]
    );
    let turnaround = overview.turnaround.expect("two were finished");
    assert_eq!(turnaround.orders, 2);
    assert!(turnaround.median_ms < 60_000, "{turnaround:?}");
    assert!(
        (2 * DAY_MILLIS..2 * DAY_MILLIS + 60_000).contains(&turnaround.p90_ms),
        "{turnaround:?}"
    );

    let before = model
        .overview(TODAY.yesterday().expect("in range"), 7)
        .expect("sums");
    assert!(
        before
            .branches
            .iter()
            .all(|figures| figures.turnover.is_empty())
    );

    let counts = model.counts().expect("counts");
    assert_eq!(counts.position, firm.feed.len() as u64);
    assert!(counts.orders.contains(&(Phase::Done, 2)) && counts.orders.contains(&(Phase::Open, 1)));
    assert!(counts.documents.contains(&("customer".into(), 3)));
}

#[test]
fn likely_duplicates_are_those_who_share_a_telephone_or_an_address_and_are_not_linked() {
    let mut firm = Firm::new();
    let one = firm.new_customer(
        0,
        &contact("Anna Müller", "081 250 00 11", "anna@example.ch"),
    );
    let same_phone = firm.new_customer(1, &contact("A. Mueller", "+41812500011", ""));
    let same_email = firm.new_customer(1, &contact("Anna M.", "", "ANNA@example.ch "));
    firm.new_customer(
        1,
        &contact("Anna Müller", "079 999 88 77", "other@example.ch"),
    );
    firm.sync_all();
    let ids = |firm: &Firm| -> Vec<_> {
        let found = firm.read_model().likely_duplicates(one).expect("finds");
        found.into_iter().map(|customer| customer.id).collect()
    };
    assert_eq!(ids(&firm), [same_email, same_phone]);
    firm.sync_all();
    firm.does(0, |replica, _, authoring| {
        command::link_same(&replica.documents[&same_phone.document()], authoring, one)
    })
    .expect("allowed");
    firm.sync_all();
    assert_eq!(ids(&firm), [same_email]);
}
