//! The loop against a hub in the same process: converging, and saying what is wrong in words.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field};
use shared::domain::fields::{kind, known_kind, order};
use shared::domain::{Money, PaymentMethod, Phase};
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber};

use crate::counter::{Choice, Line, LineProblem, TakePayment, Whereabouts};
use crate::testing::{HubDouble, Mood, Shop, new_order, wait_until};

#[tokio::test]
async fn two_branches_and_the_hub_end_up_the_same() {
    let hub = HubDouble::start().await;
    let chur = Shop::open(&hub, "Chur", "CH").await;
    let davos = Shop::open(&hub, "Davos", "DA").await;
    let (anna, other) = (chur.sign_in().await, davos.sign_in().await);
    let order = chur.take_in(&anna, "Köbi Müller").await.order;
    davos.take_in(&other, "Somebody else").await;
    wait_until("the order is at Davos", async || {
        davos.counter().order(&order.to_string()).await.is_ok()
    })
    .await;
    for shop in [&chur, &davos] {
        wait_identical(shop, &hub).await;
        let details = shop
            .counter()
            .order(&order.to_string())
            .await
            .expect("held");
        assert_eq!(details.whereabouts, Whereabouts::AtOffice);
    }
}

#[tokio::test]
async fn a_new_machine_gets_all_there_is_and_finds_it() {
    let hub = HubDouble::start().await;
    let first = Shop::open(&hub, "Chur", "CH").await;
    let anna = first.sign_in().await;
    // More than the lists take in before an answer, and more than one reply holds.
    for number in 0..250 {
        first.take_in(&anna, &format!("Caduff Nr. {number}")).await;
    }
    first.wait_sent().await;
    let second = Shop::open(&hub, "Chur", "CH").await;
    let other = second.sign_in().await;
    let own = second.take_in(&other, "Meanwhile").await.order;
    let found = second
        .counter()
        .search("Meanwhile")
        .await
        .expect("searched");
    assert_eq!(
        found.orders.len(),
        1,
        "what is written here is found at once"
    );
    wait_identical(&second, &hub).await;
    let found = second
        .counter()
        .search("caduff 249")
        .await
        .expect("searched");
    assert_eq!(found.orders.len(), 1);
    wait_identical(&first, &hub).await;
    assert!(first.counter().order(&own.to_string()).await.is_ok());
}

#[tokio::test]
async fn a_conflict_is_seen_at_both_and_settled_by_one() {
    let hub = HubDouble::start().await;
    let chur = Shop::open(&hub, "Chur", "CH").await;
    let davos = Shop::open(&hub, "Davos", "DA").await;
    let (anna, other) = (chur.sign_in().await, davos.sign_in().await);
    let order = chur.take_in(&anna, "Köbi").await.order;
    wait_identical(&chur, &hub).await;
    wait_identical(&davos, &hub).await;

    hub.set_mood(Mood::Faulty);
    let (at_chur, at_davos) = (chur.counter(), davos.counter());
    at_chur
        .block(&anna, order, "part missing".to_owned())
        .await
        .expect("blocked");
    at_davos
        .change_status(&other, order, Phase::Done.into(), None)
        .await
        .expect("done");
    hub.set_mood(Mood::Well);
    for counter in [&at_chur, &at_davos] {
        wait_until("the conflict shows", async || {
            counter
                .conflicts()
                .await
                .is_ok_and(|orders| orders.len() == 1)
        })
        .await;
    }
    let details = at_chur.order(&order.to_string()).await.expect("held");
    assert_eq!(
        details.order.status.phase,
        Phase::Done,
        "finished work is finished"
    );
    let status = details
        .conflicts
        .iter()
        .find(|conflict| conflict.field == "status")
        .expect("the status is in conflict");
    let shown = status
        .candidates
        .iter()
        .find(|candidate| candidate.is_shown);
    let chosen = shown.expect("one shows").dot;
    at_chur
        .settle(&anna, order.document(), "status", Choice::Written(chosen))
        .await
        .expect("settled");
    wait_until("it is settled at Davos too", async || {
        at_davos
            .order(&order.to_string())
            .await
            .is_ok_and(|details| details.conflicts.iter().all(|open| open.field != "status"))
    })
    .await;
}

#[tokio::test]
async fn trouble_on_the_line_is_said_in_words_and_stops_no_work() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    let counter = shop.counter();
    let moods = [
        (Mood::Revoked, "line-revoked"),
        (Mood::Faulty, "line-hub-fault"),
        (Mood::Captive, "line-nonsense"),
    ];
    for (number, (mood, key)) in moods.into_iter().enumerate() {
        hub.set_mood(mood);
        let order = shop
            .take_in(&anna, &format!("Customer {number}"))
            .await
            .order;
        wait_until(key, async || {
            problem(&shop)
                .await
                .is_some_and(|known| known.text_key() == key)
        })
        .await;
        let details = counter.order(&order.to_string()).await.expect("saved here");
        assert!(matches!(
            details.whereabouts,
            Whereabouts::WaitingSince { .. }
        ));
    }
    hub.set_mood(Mood::Well);
    shop.wait_sent().await;
    wait_identical(&shop, &hub).await;
    assert_eq!(problem(&shop).await, None);
}

#[tokio::test]
async fn what_the_hub_refuses_is_set_aside_and_the_rest_flows() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    hub.refuse_orders();
    let order = shop.take_in(&anna, "Refused").await.order;
    shop.wait_sent().await;
    let details = shop
        .counter()
        .order(&order.to_string())
        .await
        .expect("kept");
    assert_eq!(
        details.whereabouts,
        Whereabouts::Refused {
            reason: "not today".to_owned()
        }
    );
    let customer = details.order.customer.expect("made");
    assert!(
        hub.document(customer.document()).is_some(),
        "the customer flowed on"
    );
    let state = shop.counter().sync_state().await.expect("known");
    assert_eq!(state.quarantined.len(), 1);
    assert!(!state.is_safe_to_close());
}

#[tokio::test]
async fn a_hub_that_lost_everything_gets_it_again() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    let mut orders = Vec::new();
    for number in 0..5 {
        orders.push(
            shop.take_in(&anna, &format!("Customer {number}"))
                .await
                .order,
        );
    }
    let paid = TakePayment {
        amount: Money::new(1_800, shared::document::Currency::CHF),
        method: PaymentMethod::Card,
        receipt: None,
    };
    shop.counter()
        .pay(&anna, orders[0], paid)
        .await
        .expect("paid");
    wait_identical(&shop, &hub).await;

    hub.lose_everything_branches_sent();
    for order in &orders {
        wait_until("the hub has the order again", async || {
            hub.document(order.document()).is_some()
        })
        .await;
    }
    wait_identical(&shop, &hub).await;
}

/// One document more at the hub, one fewer, and one in an older state, with nobody having noticed: the digests do.
#[tokio::test]
async fn a_difference_is_found_and_only_the_difference_moves() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    let mut orders = Vec::new();
    for number in 0..4 {
        let name = format!("Customer {number}");
        orders.push(shop.take_in(&anna, &name).await.order.document());
    }
    wait_identical(&shop, &hub).await;
    let before = hub.document(orders[2]).expect("at the hub");
    shop.counter()
        .change_status(&anna, orders[2].into(), Phase::Done.into(), None)
        .await
        .expect("changed");
    wait_identical(&shop, &hub).await;
    let whole = [orders[1], orders[2]].map(|order| hub.document(order));

    let elsewhere = order_from_elsewhere(shop.counter().branch());
    hub.go_wrong(&[orders[1]], &[before, elsewhere.clone()]);
    hub.take_moved();
    // Something to exchange about, so that the digests are compared again.
    let fresh = shop.take_in(&anna, "Somebody new").await.order.document();
    wait_identical(&shop, &hub).await;
    assert_eq!(
        [orders[1], orders[2]].map(|order| hub.document(order)),
        whole
    );
    let came = shop.counter().order(&elsewhere.id().to_string()).await;
    assert!(came.is_ok(), "what only the hub had is here");
    assert!(hub.document(fresh).is_some());

    let moved = hub.take_moved();
    let fetched: BTreeSet<_> = moved.fetched.into_iter().collect();
    assert_eq!(fetched, BTreeSet::from([orders[2], elsewhere.id()]));
    let old: BTreeSet<_> = orders.iter().copied().collect();
    let pushed: BTreeSet<_> = moved.pushed.into_iter().collect();
    let offered: BTreeSet<_> = pushed.intersection(&old).copied().collect();
    assert_eq!(offered, BTreeSet::from([orders[1], orders[2]]));
    assert!(
        !pushed.contains(&elsewhere.id()),
        "others offer what they wrote"
    );
    let sent: BTreeSet<_> = moved.sent.into_iter().collect();
    assert!(
        !sent.contains(&orders[0]) && !sent.contains(&orders[3]),
        "nothing starts over"
    );
}

/// An order that another machine took in for a branch.
fn order_from_elsewhere(home: BranchId) -> Document {
    let id = DocumentId::named("order/elsewhere");
    let actor = Actor::new(ReplicaNumber(77), 1);
    let at = Hlc::at(UtcMillis(1_795_161_600_000));
    let mut authoring = Authoring::new(actor, 0, at, None);
    let mut change = Change::create(id, known_kind(kind::ORDER));
    change.set(&mut authoring, Field::known(order::HOME), home);
    change.set(&mut authoring, Field::known(order::STATUS), "open");
    change.finish()
}

#[tokio::test]
async fn an_order_of_two_branches_comes_back_to_the_hub_in_two_parts() {
    let hub = HubDouble::start().await;
    let chur = Shop::open(&hub, "Chur", "CH").await;
    let davos = Shop::open(&hub, "Davos", "DA").await;
    let (anna, other) = (chur.sign_in().await, davos.sign_in().await);
    let order = chur.take_in(&anna, "Köbi Müller").await.order;
    wait_identical(&chur, &hub).await;
    wait_identical(&davos, &hub).await;
    davos
        .counter()
        .change_status(&other, order, Phase::InWork.into(), None)
        .await
        .expect("changed");
    wait_identical(&davos, &hub).await;
    wait_identical(&chur, &hub).await;
    chur.counter()
        .change_status(&anna, order, Phase::Done.into(), None)
        .await
        .expect("changed");
    wait_identical(&chur, &hub).await;
    wait_identical(&davos, &hub).await;
    let before = hub.document(order.document());

    hub.lose_everything_branches_sent();
    wait_until("the order is whole again", async || {
        hub.document(order.document()) == before
    })
    .await;
    for shop in [&chur, &davos] {
        wait_identical(shop, &hub).await;
        assert_eq!(
            shop.counter()
                .sync_state()
                .await
                .expect("known")
                .quarantined,
            []
        );
    }
}

#[tokio::test]
async fn what_was_written_in_an_outage_goes_out_after_a_restart() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    hub.set_mood(Mood::Silent);
    let order = shop.take_in(&anna, "In the outage").await.order;
    shop.stop().await;
    hub.set_mood(Mood::Well);
    shop.start().await;
    shop.wait_sent().await;
    assert!(hub.document(order.document()).is_some());
}

#[tokio::test]
async fn a_copy_of_a_machine_writes_under_another_name_even_without_a_line() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    shop.take_in(&anna, "Before the backup").await;
    shop.wait_sent().await;
    let mut copy = Shop::from_copy_of(&shop, "http://127.0.0.1:9").await;
    let in_the_copy = copy.take_in(&anna, "In the copy, offline").await.order;
    let in_the_original = shop.take_in(&anna, "In the original").await.order;
    shop.wait_sent().await;
    copy.stop().await;
    copy.follow(&hub);
    copy.start().await;
    copy.wait_sent().await;
    wait_identical(&copy, &hub).await;
    assert!(actors(&hub, in_the_copy).is_disjoint(&actors(&hub, in_the_original)));
}

#[tokio::test]
async fn a_machine_that_was_rolled_back_learns_it_from_the_hub() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    shop.take_in(&anna, "Before the snapshot").await;
    shop.wait_sent().await;
    shop.stop().await;
    let snapshot = shop.snapshot();
    shop.start().await;
    let lost = shop.take_in(&anna, "After the snapshot").await.order;
    shop.wait_sent().await;
    shop.stop().await;

    shop.roll_back(&snapshot);
    shop.start().await;
    wait_until("what was lost has come back", async || {
        shop.counter().order(&lost.to_string()).await.is_ok()
    })
    .await;
    let fresh = shop.take_in(&anna, "After the rollback").await.order;
    shop.wait_sent().await;
    wait_identical(&shop, &hub).await;
    assert!(actors(&hub, fresh).is_disjoint(&actors(&hub, lost)));
}

fn actors(hub: &HubDouble, order: shared::id::OrderId) -> BTreeSet<Actor> {
    let document = hub.document(order.document()).expect("at the hub");
    document.dots().into_iter().map(|dot| dot.actor).collect()
}

#[tokio::test]
async fn joining_works_once() {
    let hub = HubDouble::start().await;
    let invitation = hub.invite("Chur", "CH");
    let clock = crate::clock::Clock::of_this_machine();
    let home = tempfile::tempdir().expect("a directory");
    let first = home.path().join("first");
    let joined = crate::join::join(&invitation, &first, None, &clock)
        .await
        .expect("invited");
    assert_eq!(
        joined.branch,
        BranchId(shared::id::DocumentId::named("branch/Chur"))
    );
    let again = crate::join::join(&hub.invite("Chur", "CH"), &first, None, &clock).await;
    assert!(again.is_err_and(|error| error.to_string().contains("already serves Chur")));
    let used = crate::join::join(&invitation, &home.path().join("second"), None, &clock).await;
    assert!(used.is_err_and(|error| error.to_string().contains("works once")));
    let token = std::fs::metadata(first.join("token")).expect("stored");
    assert_eq!(token.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_revoked_token_keeps_orders_here_and_says_so() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    hub.revoke_all();
    shop.counter()
        .take_in(&anna, new_order("Kept"))
        .await
        .expect("work goes on");
    wait_until("it is said", async || {
        problem(&shop).await == Some(LineProblem::Revoked)
    })
    .await;
    assert!(
        LineProblem::Revoked
            .to_string()
            .contains("All orders are safe here")
    );
}

async fn problem(shop: &Shop) -> Option<LineProblem> {
    match shop.counter().sync_state().await.expect("known").line {
        Line::Proven { .. } => None,
        Line::Unproven { problem, .. } => problem,
    }
}

async fn wait_identical(shop: &Shop, hub: &HubDouble) {
    wait_until("branch and hub are proven the same", async || {
        shop.counter().sync_state().await.is_ok_and(|state| {
            state.is_identical && state.digest == Some(hub.digest(shop.counter().branch()))
        })
    })
    .await;
}
