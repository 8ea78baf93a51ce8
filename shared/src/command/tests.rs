//! A counter's day, told in commands.

use jiff::civil::{Date, date};

use super::*;
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Currency, Kind};
use crate::domain::{
    Branch, Catalogue, Custody, Money, MoneyState, Order, PaymentMethod, Phase, Rule, StatusCode,
    TicketNumber, TicketPrefix, seed,
};
use crate::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber, StaffId};

const TODAY: Date = date(2026, 12, 27);
const NOW: UtcMillis = UtcMillis(1_798_358_400_000);

/// One replica that takes in, works and cashes.
struct Counter {
    authoring: Authoring,
    branch: BranchId,
}

impl Counter {
    fn at(replica: u32, branch: &str) -> Self {
        let staff = StaffId(DocumentId::named("staff/anna"));
        let actor = Actor::new(ReplicaNumber(replica), 1);
        Self {
            authoring: Authoring::new(actor, 0, Hlc::at(NOW), Some(staff)),
            branch: branch_id(branch),
        }
    }

    fn does(
        &mut self,
        order: &mut Document,
        command: impl FnOnce(&Document, &mut Authoring, BranchId) -> Result<Document, Refusal>,
    ) {
        let delta = command(order, &mut self.authoring, self.branch).expect("allowed");
        order.merge(delta).expect("the same order");
    }

    fn is_refused(
        &mut self,
        order: &Document,
        command: impl FnOnce(&Document, &mut Authoring, BranchId) -> Result<Document, Refusal>,
    ) -> Refusal {
        command(order, &mut self.authoring, self.branch).expect_err("refused")
    }
}

fn branch_id(name: &str) -> BranchId {
    BranchId(DocumentId::named(&format!("branch/{name}")))
}

fn catalogue() -> Catalogue {
    let mut authoring = Authoring::new(Actor::new(ReplicaNumber::HUB, 1), 0, Hlc::at(NOW), None);
    let mut documents = seed::documents(&mut authoring);
    for (name, country) in [("Chur", "CH"), ("Davos", "CH"), ("Lindau", "DE")] {
        let mut change = Change::create(branch_id(name).document(), Kind::known("branch"));
        change.set(&mut authoring, field(Branch::NAME), name);
        change.set(
            &mut authoring,
            field(Branch::TERRITORY),
            seed::territory_id(country),
        );
        documents.push(change.finish());
    }
    Catalogue::from_documents(&documents)
}

fn service(code: &str) -> LineIntent {
    LineIntent {
        key: None,
        service: DocumentId::named(&format!("service/{code}")).into(),
        price: None,
    }
}

fn item(label: &str, services: &[&str]) -> ItemIntent {
    ItemIntent {
        key: None,
        kind: Some("Ski".into()),
        label: label.into(),
        tag: None,
        lines: services.iter().map(|code| service(code)).collect(),
    }
}

fn intake(branch: &str) -> TakeIn {
    let prefix = TicketPrefix::new("CH").expect("valid");
    TakeIn {
        order: OrderId(DocumentId::named("order/1")),
        ticket: TicketNumber::next(prefix, 0, NOW, 3).0,
        branch: branch_id(branch),
        pickup: branch_id(branch),
        customer: CustomerId(DocumentId::named("customer/1")),
        contact: Contact {
            name: Some("Reto Caduff".into()),
            ..Contact::default()
        },
        priority: "standard".into(),
        promised_on: date(2027, 1, 3),
        items: vec![
            item("Völkl Racetiger 175", &["large", "wax"]),
            item("Stöckli Laser", &["small"]),
        ],
        note: None,
        received_at: NOW,
        today: TODAY,
    }
}

fn taken_in(counter: &mut Counter, branch: &str) -> Document {
    take_in(&catalogue(), &mut counter.authoring, &intake(branch)).expect("a good order")
}

fn view(document: &Document) -> Order {
    Order::of(document).expect("an order")
}

fn francs(amount: i64) -> Money {
    Money::new(amount * 100, Currency::CHF)
}

fn pay_cash(
    amount: Money,
) -> impl Fn(&Document, &mut Authoring, BranchId) -> Result<Document, Refusal> {
    move |order, authoring, branch| {
        pay(
            order,
            authoring,
            &Pay {
                amount,
                method: PaymentMethod::Cash,
                branch,
                receipt: None,
            },
        )
    }
}

#[test]
fn an_order_is_taken_in_with_items_services_prices_and_vat_of_the_day() {
    let order = view(&taken_in(&mut Counter::at(1, "Chur"), "Chur"));
    assert_eq!(
        order
            .items
            .iter()
            .map(|item| item.label.as_str())
            .collect::<Vec<_>>(),
        ["Völkl Racetiger 175", "Stöckli Laser"]
    );
    assert_eq!(
        order.items[0]
            .lines
            .iter()
            .map(|line| line.label.as_str())
            .collect::<Vec<_>>(),
        ["Grosser Service", "Heisswachsen"]
    );
    assert_eq!(order.total(), francs(69 + 18 + 49));
    assert_eq!(order.vat_basis_points, Some(810));
    let code = order.vat_code.map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some("CH-810"));
    assert_eq!(
        order.vat_contained(),
        Some(Money::new(1019, Currency::CHF)),
        "136 / 1.081 * 0.081 = 10.19"
    );
    assert_eq!(
        (order.status.phase, order.money_state()),
        (Phase::Open, MoneyState::Open)
    );
    assert!(
        order
            .items
            .iter()
            .all(|item| item.custody == Custody::Branch(branch_id("Chur")))
    );
    assert_eq!(order.scope(), [branch_id("Chur")]);
}

#[test]
fn a_german_branch_takes_euros_and_german_vat() {
    let order = view(&taken_in(&mut Counter::at(1, "Lindau"), "Lindau"));
    assert_eq!(
        (order.currency, order.vat_basis_points),
        (Currency::EUR, Some(1900))
    );
    assert_eq!(order.vat_code.expect("a code").country(), "DE");
}

#[test]
fn the_promised_day_follows_from_the_priority() {
    let catalogue = catalogue();
    assert_eq!(
        catalogue.proposed_day("standard", TODAY),
        Some(date(2027, 1, 3))
    );
    assert_eq!(
        catalogue.proposed_day("express", TODAY),
        Some(date(2027, 1, 1))
    );
    assert_eq!(catalogue.proposed_day("low", TODAY), Some(date(2027, 1, 8)));
    assert_eq!(catalogue.proposed_day("yesterday", TODAY), None);
}

#[test]
fn an_order_that_cannot_be_is_refused() {
    let refusal = |change: fn(&mut TakeIn)| {
        let mut intent = intake("Chur");
        change(&mut intent);
        take_in(&catalogue(), &mut Counter::at(1, "Chur").authoring, &intent).expect_err("refused")
    };
    assert_eq!(
        refusal(|intent| intent.items.clear()),
        Refusal::NothingOrdered
    );
    assert_eq!(
        refusal(|intent| intent.items[0].lines.clear()),
        Refusal::NothingOrdered
    );
    assert_eq!(
        refusal(|intent| intent.contact.name = Some("  ".into())),
        Refusal::NameMissing
    );
    assert_eq!(
        refusal(|intent| intent.priority = "now".into()),
        Refusal::NoSuchPriority
    );
    assert_eq!(
        refusal(|intent| intent.promised_on = date(2026, 12, 26)),
        Refusal::PromisedBeforeReceived
    );
    assert_eq!(
        refusal(|intent| intent.pickup = branch_id("Atlantis")),
        Refusal::NoSuchBranch
    );
    assert_eq!(
        refusal(|intent| intent.items = vec![item("x", &["wax"]); 101]),
        Refusal::TooManyItems
    );
    assert_eq!(
        refusal(|intent| intent.items[0].lines[0].price = Some(Money::new(-1, Currency::CHF))),
        Refusal::Amount
    );
    assert_eq!(
        refusal(|intent| intent.items[0].lines[0].price = Some(Money::new(1, Currency::EUR))),
        Refusal::Currency
    );
    assert_eq!(
        refusal(|intent| intent.items[0].lines[0] = service("polish")),
        Refusal::NoSuchService
    );
}

#[test]
fn part_is_collected_and_paid_today_and_the_rest_tomorrow() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    let first = view(&order).items[0].key.clone();

    counter.does(&mut order, |order, authoring, _| {
        hand_out(order, authoring, Some(std::slice::from_ref(&first)))
    });
    counter.does(&mut order, pay_cash(francs(87)));
    let halfway = view(&order);
    assert_eq!(
        (
            halfway.money_state(),
            halfway.owed(),
            halfway.is_handed_out()
        ),
        (MoneyState::Deposit, francs(49), false)
    );

    counter.does(&mut order, |order, authoring, _| {
        hand_out(order, authoring, None)
    });
    counter.does(&mut order, pay_cash(francs(49)));
    let done = view(&order);
    assert_eq!(
        (done.money_state(), done.is_handed_out()),
        (MoneyState::Paid, true)
    );
    assert_eq!(
        counter.is_refused(&order, |order, authoring, _| hand_out(
            order, authoring, None
        )),
        Refusal::AlreadySo
    );
}

#[test]
fn two_tills_that_both_cashed_show_as_paid_twice_and_can_give_it_back() {
    let (mut chur, mut davos) = (Counter::at(1, "Chur"), Counter::at(2, "Davos"));
    let mut at_chur = taken_in(&mut chur, "Chur");
    let mut at_davos = at_chur.clone();
    chur.does(&mut at_chur, pay_cash(francs(136)));
    davos.does(&mut at_davos, pay_cash(francs(136)));
    at_chur.merge(at_davos).expect("the same order");
    assert_eq!(
        (view(&at_chur).money_state(), view(&at_chur).owed()),
        (MoneyState::Overpaid, francs(-136))
    );

    let back = |order: &Document, authoring: &mut Authoring, branch| {
        refund(
            order,
            authoring,
            &Pay {
                amount: francs(136),
                method: PaymentMethod::Cash,
                branch,
                receipt: None,
            },
        )
    };
    chur.does(&mut at_chur, back);
    assert_eq!(view(&at_chur).money_state(), MoneyState::Paid);
    chur.does(&mut at_chur, back);
    assert_eq!(view(&at_chur).money_state(), MoneyState::Refunded);
    assert_eq!(chur.is_refused(&at_chur, back), Refusal::RefundExceedsPaid);
}

#[test]
fn cash_rounding_is_a_line_of_its_own() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    counter.does(&mut order, pay_cash(Money::new(1_002, Currency::CHF)));
    let payment = &view(&order).payments[0];
    assert_eq!((payment.amount.minor, payment.rounding.minor), (1_002, -2));
}

#[test]
fn the_same_order_changed_at_two_cut_off_counters_keeps_both_values_until_a_person_chooses() {
    let (mut chur, mut davos) = (Counter::at(1, "Chur"), Counter::at(2, "Davos"));
    let mut at_chur = taken_in(&mut chur, "Chur");
    let mut at_davos = at_chur.clone();
    let later = |day| {
        move |order: &Document, authoring: &mut Authoring, branch| {
            let edit = EditOrder {
                promised_on: Some(day),
                ..EditOrder::default()
            };
            edit_order(&catalogue(), order, authoring, &edit, branch, TODAY)
        }
    };
    chur.does(&mut at_chur, later(date(2027, 1, 5)));
    davos.does(&mut at_davos, later(date(2027, 1, 6)));
    at_chur.merge(at_davos.clone()).expect("the same order");
    at_davos.merge(at_chur.clone()).expect("the same order");
    assert_eq!(at_chur, at_davos);

    let conflicts = view(&at_chur).conflicts;
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (
            conflicts[0].field.as_str(),
            conflicts[0].rule,
            conflicts[0].candidates.len()
        ),
        ("promised_on", Rule::Newest, 2)
    );

    let chosen = Value::date(date(2027, 1, 5));
    chur.does(&mut at_chur, |order, authoring, _| {
        settle(order, authoring, "promised_on", &chosen)
    });
    assert_eq!(
        (view(&at_chur).promised_on, view(&at_chur).conflicts.len()),
        (Some(date(2027, 1, 5)), 0)
    );
    assert_eq!(
        chur.is_refused(&at_chur, |order, authoring, _| settle(
            order,
            authoring,
            "promised_on",
            &chosen
        )),
        Refusal::NothingToSettle
    );
    at_davos.merge(at_chur.clone()).expect("the same order");
    assert_eq!(at_davos, at_chur, "the choice wins everywhere");
}

#[test]
fn both_write_the_same_and_nobody_is_asked() {
    let (mut chur, mut davos) = (Counter::at(1, "Chur"), Counter::at(2, "Davos"));
    let mut at_chur = taken_in(&mut chur, "Chur");
    let mut at_davos = at_chur.clone();
    let start = |order: &Document, authoring: &mut Authoring, _| {
        change_status(order, authoring, &StatusCode::from(Phase::InWork), None)
    };
    chur.does(&mut at_chur, start);
    davos.does(&mut at_davos, start);
    at_chur.merge(at_davos).expect("the same order");
    assert!(view(&at_chur).conflicts.is_empty());
}

#[test]
fn what_cannot_be_undone_shows_whatever_the_clocks_say() {
    let (mut chur, mut davos) = (Counter::at(1, "Chur"), Counter::at(2, "Davos"));
    let mut at_chur = taken_in(&mut chur, "Chur");
    let mut at_davos = at_chur.clone();
    // Davos has the later clock and calls the order off; Chur finished the work and handed it out.
    davos.authoring = Authoring::new(
        Actor::new(ReplicaNumber(2), 1),
        0,
        Hlc::at(UtcMillis(NOW.0 + 3_600_000)),
        None,
    );
    davos.does(&mut at_davos, |order, authoring, _| {
        cancel(order, authoring, "doch nicht")
    });
    davos.does(&mut at_davos, |order, authoring, _| {
        hand_over(order, authoring, None, &Custody::Van)
    });
    chur.does(&mut at_chur, |order, authoring, _| {
        change_status(order, authoring, &StatusCode::from(Phase::Done), None)
    });
    chur.does(&mut at_chur, |order, authoring, _| {
        hand_out(order, authoring, None)
    });
    at_chur.merge(at_davos).expect("the same order");
    let order = view(&at_chur);
    assert_eq!(
        (order.status.phase, order.is_handed_out()),
        (Phase::Done, true)
    );
    assert!(
        order
            .conflicts
            .iter()
            .any(|conflict| conflict.field == "status" && conflict.rule == Rule::PhysicalFact)
    );
}

#[test]
fn cancelling_and_blocking_need_a_reason_and_undo_is_a_change_back() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    let to = |phase: Phase, reason: Option<&'static str>| {
        move |order: &Document, authoring: &mut Authoring, _| {
            change_status(order, authoring, &StatusCode::from(phase), reason)
        }
    };
    assert_eq!(
        counter.is_refused(&order, to(Phase::Blocked, None)),
        Refusal::ReasonMissing
    );
    assert_eq!(
        counter.is_refused(&order, to(Phase::Cancelled, Some(" "))),
        Refusal::ReasonMissing
    );
    counter.does(&mut order, to(Phase::Blocked, Some("Belag delaminiert")));
    assert_eq!(view(&order).reason.as_deref(), Some("Belag delaminiert"));
    counter.does(&mut order, to(Phase::Open, None));
    assert_eq!(
        (view(&order).status.phase, view(&order).reason),
        (Phase::Open, None)
    );
    counter.does(&mut order, to(Phase::Cancelled, Some("Kunde verzichtet")));
    assert_eq!(
        counter.is_refused(&order, pay_cash(francs(1))),
        Refusal::Cancelled
    );
    assert_eq!(view(&order).owed(), francs(0));
}

#[test]
fn editing_keeps_agreed_prices_adds_and_removes_pieces_and_never_one_that_is_gone() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    let known = view(&order);
    let kept = ItemIntent {
        key: Some(known.items[0].key.clone()),
        kind: Some("Ski".into()),
        label: "Völkl Racetiger 180".into(),
        tag: None,
        lines: vec![
            LineIntent {
                key: Some(known.items[0].lines[0].key.clone()),
                service: known.items[0].lines[0].service.expect("one"),
                price: Some(francs(60)),
            },
            service("binding"),
        ],
    };
    let edit = EditOrder {
        items: Some(vec![kept, item("Board", &["wax"])]),
        ..EditOrder::default()
    };
    counter.does(&mut order, |order, authoring, branch| {
        edit_order(&catalogue(), order, authoring, &edit, branch, TODAY)
    });
    let changed = view(&order);
    assert_eq!(
        changed
            .items
            .iter()
            .map(|item| item.label.as_str())
            .collect::<Vec<_>>(),
        ["Völkl Racetiger 180", "Board"]
    );
    assert_eq!(changed.total(), francs(60 + 39 + 18));

    counter.does(&mut order, |order, authoring, _| {
        hand_out(order, authoring, None)
    });
    let only_board = EditOrder {
        items: Some(vec![item("anderes", &["wax"])]),
        ..EditOrder::default()
    };
    let refused = counter.is_refused(&order, |order, authoring, branch| {
        edit_order(&catalogue(), order, authoring, &only_board, branch, TODAY)
    });
    assert_eq!(refused, Refusal::HandedOut);
}

#[test]
fn forgetting_a_customer_leaves_the_work_and_the_money() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    counter.does(&mut order, |order, authoring, _| {
        add_comment(order, authoring, "Frau Caduff ruft an")
    });
    counter.does(&mut order, pay_cash(francs(136)));
    counter.does(&mut order, |order, authoring, _| erase(order, authoring));
    let forgotten = view(&order);
    assert_eq!(
        (
            forgotten.contact.name.clone(),
            forgotten.total(),
            forgotten.paid()
        ),
        (None, francs(136), francs(136))
    );
    assert!(forgotten.erased && !format!("{order:?}").contains("Caduff"));
}

#[test]
fn customers_are_made_edited_and_linked_never_merged() {
    let mut counter = Counter::at(1, "Chur");
    let id = CustomerId(DocumentId::named("customer/1"));
    let mut contact = Contact {
        name: Some("Anna Zgraggen".into()),
        ..Contact::default()
    };
    let mut customer =
        new_customer(&mut counter.authoring, id, counter.branch, &contact).expect("named");
    assert_eq!(
        edit_customer(&customer, &mut counter.authoring, &contact),
        Err(Refusal::AlreadySo)
    );
    contact.town = Some("Chur".into());
    counter.does(&mut customer, |customer, authoring, _| {
        edit_customer(customer, authoring, &contact)
    });
    let other = CustomerId(DocumentId::named("customer/2"));
    counter.does(&mut customer, |customer, authoring, _| {
        link_same(customer, authoring, other)
    });
    let view = crate::domain::Customer::of(&customer).expect("a customer");
    assert_eq!(
        (view.contact.town.as_deref(), view.same_as),
        (Some("Chur"), vec![other])
    );
    contact.name = None;
    assert_eq!(
        edit_customer(&customer, &mut counter.authoring, &contact),
        Err(Refusal::NameMissing)
    );
}

#[test]
fn a_branch_that_was_the_pickup_is_remembered() {
    let mut counter = Counter::at(1, "Chur");
    let mut order = taken_in(&mut counter, "Chur");
    for pickup in ["Davos", "Chur"] {
        let edit = EditOrder {
            pickup: Some(branch_id(pickup)),
            ..EditOrder::default()
        };
        counter.does(&mut order, |order, authoring, branch| {
            edit_order(&catalogue(), order, authoring, &edit, branch, TODAY)
        });
    }
    let former: Vec<_> = view(&order)
        .timeline
        .iter()
        .filter_map(|event| event.get("pickup_from").cloned())
        .collect();
    assert_eq!(
        former,
        [
            Value::from(branch_id("Chur")),
            Value::from(branch_id("Davos"))
        ]
    );
}
