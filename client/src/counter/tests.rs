//! A branch as people use it, over real files, with and without a hub.

use std::collections::BTreeSet;

use shared::domain::{Money, PaymentMethod, Phase, Role};
use shared::id::OrderId;

use super::{CounterError, Pieces, Refusal, TakePayment, Whereabouts};
use crate::testing::{HubDouble, Mood, PIN, Shop, new_order};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn an_order_survives_whatever_happens_after_its_ticket() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    hub.set_mood(Mood::Silent);
    let anna = shop.sign_in().await;
    let counter = shop.counter();
    // Several at once share a group commit; each is answered only after it.
    let taken = futures_util::future::join_all((0..24).map(|number| {
        let counter = counter.clone();
        let anna = anna.clone();
        async move {
            counter
                .take_in(&anna, new_order(&format!("Customer {number}")))
                .await
                .expect("taken in")
        }
    }))
    .await;

    // The files as they are now, without any orderly end: what a kill leaves behind.
    let after_the_kill = Shop::from_copy_of(&shop, NOWHERE).await;
    for ticket in &taken {
        let found = after_the_kill
            .counter()
            .order(ticket.number.as_str())
            .await
            .expect("still there");
        assert_eq!(found.order.id, ticket.order);
        assert!(matches!(
            found.whereabouts,
            Whereabouts::WaitingSince { .. }
        ));
    }
    let state = after_the_kill.counter().sync_state().await.expect("known");
    assert_eq!(
        state.pending.count, 48,
        "orders and customers wait for the hub"
    );
    assert!(!state.is_safe_to_close());
}

#[tokio::test]
async fn tickets_differ_in_a_burst_and_after_a_restore() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    shop.take_in(&anna, "Before the backup").await;
    let restored = Shop::from_copy_of(&shop, NOWHERE).await;
    let mut numbers = BTreeSet::new();
    for number in 0..40 {
        let ticket = shop.take_in(&anna, &format!("Customer {number}")).await;
        assert!(
            numbers.insert(ticket.number),
            "the clock stands still, the numbers do not"
        );
    }
    // The restored machine has forgotten forty numbers, but not the time.
    restored.clock().forward_minutes(24 * 60);
    let anna = restored.sign_in().await;
    let later = restored.take_in(&anna, "After the restore").await;
    assert!(!numbers.contains(&later.number));
}

#[tokio::test]
async fn the_same_form_sent_twice_makes_one_order() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    let mut form = new_order("Once");
    form.order = Some(OrderId(shared::id::DocumentId::named("form")));
    let first = shop.counter().take_in(&anna, form.clone()).await;
    let second = shop.counter().take_in(&anna, form).await;
    assert_eq!(first, second);
    assert_eq!(
        shop.counter()
            .search("Once")
            .await
            .expect("read")
            .orders
            .len(),
        1
    );
}

#[tokio::test]
async fn a_day_at_the_counter_without_a_line() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    hub.set_mood(Mood::Silent);
    // A reboot in the outage: signing in works all the same.
    shop.stop().await;
    shop.start().await;
    let anna = shop.sign_in().await;
    let counter = shop.counter();
    let ticket = shop.take_in(&anna, "Köbi Müller").await;
    let id = ticket.order;
    for phase in [Phase::InWork, Phase::Done] {
        counter
            .change_status(&anna, id, phase.into(), None)
            .await
            .expect("changed");
    }
    counter.undo_status(&anna, id).await.expect("undone");
    let details = counter.order(&ticket.number.spoken()).await.expect("found");
    assert_eq!(details.order.status.phase, Phase::InWork);
    let owed = details.order.owed();
    let pay = TakePayment {
        amount: owed,
        method: PaymentMethod::Cash,
        receipt: None,
    };
    counter.pay(&anna, id, pay).await.expect("paid");
    counter
        .hand_out(&anna, id, Pieces::All)
        .await
        .expect("handed out");
    let details = counter.order(&id.to_string()).await.expect("found");
    assert_eq!(details.order.owed(), Money::zero(owed.currency));
    assert!(details.order.is_handed_out());
    assert_eq!(
        counter.hand_out(&anna, id, Pieces::All).await,
        Err(CounterError::Refused(Refusal::AlreadySo))
    );
    assert_eq!(
        counter.search("mueller").await.expect("read").orders.len(),
        1
    );
    let customer = details.order.customer.expect("made");
    let known = counter.customer(customer).await.expect("found");
    assert_eq!(known.orders.len(), 1);
    assert_eq!(
        known
            .customer
            .contact
            .phone
            .and_then(|phone| phone.e164)
            .as_deref(),
        Some("+41791234567")
    );
}

#[tokio::test]
async fn three_wrong_pins_lock_and_a_colleague_unlocks() {
    let hub = HubDouble::start().await;
    let beat = hub.hire("Beat", Role::Workshop);
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    let counter = shop.counter();
    let wrong = |tries_left| Err(CounterError::WrongPin { tries_left });
    assert_eq!(counter.sign_in(beat, "0000", "").await.map(drop), wrong(2));
    assert_eq!(counter.sign_in(beat, "0000", "").await.map(drop), wrong(1));
    let locked = Err(CounterError::Locked);
    assert_eq!(counter.sign_in(beat, "0000", "").await.map(drop), locked);
    assert_eq!(
        counter.sign_in(beat, PIN, "").await.map(drop),
        locked,
        "the right one comes too late"
    );

    shop.stop().await;
    shop.start().await;
    let counter = shop.counter();
    assert_eq!(
        counter.sign_in(beat, PIN, "").await.map(drop),
        locked,
        "a restart unlocks nobody"
    );
    assert!(
        counter
            .staff_tiles()
            .iter()
            .any(|tile| tile.staff == beat && tile.is_locked)
    );

    let anna = shop.sign_in().await;
    assert_eq!(
        counter.unlock(&anna, shop.anna).await,
        Err(CounterError::OwnLock)
    );
    counter.unlock(&anna, beat).await.expect("unlocked");
    counter.sign_in(beat, PIN, "").await.expect("in again");
    shop.wait_sent().await;
    let audit = hub.document(beat.document()).expect("known");
    assert!(
        audit
            .events()
            .iter()
            .any(|event| event.by == Some(shop.anna))
    );
}

#[tokio::test]
async fn a_new_pin_from_the_office_unlocks_whoever_works_alone() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let counter = shop.counter();
    for _ in 0..3 {
        let _ = counter.sign_in(shop.anna, "0000", "").await;
    }
    let locked = Err(CounterError::Locked);
    assert_eq!(counter.sign_in(shop.anna, PIN, "").await.map(drop), locked);
    hub.hire_with_pin("Anna", Role::Counter, "8642");
    crate::testing::wait_until("the new PIN is here", async || {
        counter.staff_tiles().iter().all(|tile| !tile.is_locked)
    })
    .await;
    counter.sign_in(shop.anna, "8642", "").await.expect("in");
}

#[tokio::test]
async fn many_guesses_at_once_are_three_guesses() {
    let hub = HubDouble::start().await;
    let beat = hub.hire("Beat", Role::Counter);
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let counter = shop.counter();
    let guesses = futures_util::future::join_all((0..20).map(|guess| {
        let counter = counter.clone();
        async move {
            counter
                .sign_in(beat, &format!("{guess:04}"), "")
                .await
                .map(drop)
        }
    }))
    .await;
    let looked_at = guesses
        .iter()
        .filter(|guess| matches!(guess, Err(CounterError::WrongPin { .. })))
        .count();
    assert!(
        looked_at <= 2,
        "the third wrong one says locked, as do all later ones"
    );
    assert_eq!(
        counter.sign_in(beat, PIN, "").await.map(drop),
        Err(CounterError::Locked)
    );
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_when_idle() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    let token = shop
        .counter()
        .sign_in(shop.anna, PIN, "Kasse 2")
        .await
        .expect("in");
    shop.stop().await;
    shop.start().await;
    let counter = shop.counter();
    let person = counter.session(token.as_str()).expect("still signed in");
    assert_eq!(
        (person.name.as_str(), person.counter.as_str()),
        ("Anna", "Kasse 2")
    );
    shop.clock().forward_minutes(29);
    assert!(
        counter.session(token.as_str()).is_ok(),
        "which counts as doing something"
    );
    shop.clock().forward_minutes(29);
    assert!(counter.session(token.as_str()).is_ok());
    shop.clock().forward_minutes(20);
    assert!(
        counter.session_looked_at(token.as_str()).is_ok(),
        "a page that refreshes itself, which does not count"
    );
    shop.clock().forward_minutes(11);
    assert_eq!(
        counter.session(token.as_str()),
        Err(CounterError::SignedOut)
    );
    assert_eq!(counter.session("guess"), Err(CounterError::SignedOut));
}

#[tokio::test]
async fn whoever_the_office_lets_go_is_out_at_once() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let counter = shop.counter();
    let token = counter.sign_in(shop.anna, PIN, "").await.expect("in");
    hub.write(
        shop.anna.document(),
        shared::domain::fields::kind::STAFF,
        &[(shared::domain::Staff::ACTIVE, false.into())],
    );
    crate::testing::wait_until("the news has come", async || {
        counter.session(token.as_str()) == Err(CounterError::SignedOut)
    })
    .await;
    assert_eq!(
        counter.sign_in(shop.anna, PIN, "").await.map(drop),
        Err(CounterError::CannotSignIn)
    );
}

#[tokio::test]
async fn the_workshop_works_and_does_not_cash() {
    let hub = HubDouble::start().await;
    let beat = hub.hire("Beat", Role::Workshop);
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let counter = shop.counter();
    let anna = shop.sign_in().await;
    let order = shop.take_in(&anna, "Customer").await.order;
    crate::testing::wait_until("Beat is known", async || {
        counter.staff_tiles().iter().any(|tile| tile.staff == beat)
    })
    .await;
    let token = counter.sign_in(beat, PIN, "").await.expect("in");
    let beat = counter.session(token.as_str()).expect("in");
    counter
        .change_status(&beat, order, Phase::InWork.into(), None)
        .await
        .expect("work is theirs");
    assert_eq!(
        counter.block(&beat, order, " ".to_owned()).await,
        Err(CounterError::Refused(Refusal::ReasonMissing))
    );
    assert_eq!(
        counter.cancel(&beat, order, "no".to_owned()).await,
        Err(CounterError::NotAllowed)
    );
    assert_eq!(
        counter.hand_out(&beat, order, Pieces::All).await,
        Err(CounterError::NotAllowed)
    );
}

#[tokio::test]
async fn lists_that_are_lost_or_damaged_are_built_anew() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    shop.take_in(&anna, "Kept").await;
    let lists = shop.data().join("lists.sqlite");
    for damage in [
        None,
        Some(b"SQLite format 3\0, but no more than that".as_slice()),
        Some(b"x"),
    ] {
        shop.stop().await;
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(shop.data().join(format!("lists.sqlite{suffix}")));
        }
        match damage {
            None => std::fs::remove_file(&lists).expect("removed"),
            Some(bytes) => std::fs::write(&lists, bytes).expect("damaged"),
        }
        shop.start().await;
        let found = shop.counter().search("Kept").await.expect("read");
        assert_eq!(found.orders.len(), 1, "after {damage:?}");
    }
}
