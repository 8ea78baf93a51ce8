//! What people see of how the branch stands with the office: on an order, before switching off, in quarantine, in conflict.

use axum::http::StatusCode;
use shared::domain::fields::{contact, kind};

use super::walk::{anna_at_work, take_in};
use crate::testing::{Mood, wait_until};

#[tokio::test]
async fn whoever_switches_off_sees_what_is_unsent() {
    let (hub, shop, anna) = anna_at_work().await;
    let counter = shop.counter();
    wait_until("branch and office are compared", async || {
        let state = counter.sync_state().await;
        state.is_ok_and(|state| state.is_identical)
    })
    .await;
    let page = anna.open("/sync").await;
    for shown in [
        "Gefahrlos zu schliessen: 0 ungesendet",
        "<span class=\"kpi-value\">0</span>",
        "Gleich wie die Zentrale, Stand",
    ] {
        assert!(page.html.contains(shown), "{shown}: {}", page.html);
    }

    hub.set_mood(Mood::Faulty);
    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    let page = anna.open("/sync/state").await;
    for shown in [
        "Noch nicht alles gesendet",
        "<span class=\"kpi-value\">2</span>",
        "das älteste seit",
    ] {
        assert!(page.html.contains(shown), "{shown}: {}", page.html);
    }
    assert!(
        !page.html.contains("Gleich wie"),
        "not any more: {}",
        page.html
    );
    let page = anna.open(&order).await;
    for shown in ["Hier gespeichert", "Noch nicht bei der Zentrale"] {
        assert!(page.html.contains(shown), "{shown}: {}", page.html);
    }

    hub.set_mood(Mood::Well);
    shop.wait_sent().await;
    let page = anna.open("/sync").await;
    assert!(page.html.contains("0 ungesendet"), "{}", page.html);
    let page = anna.open(&order).await;
    assert!(page.html.contains("Bei der Zentrale"), "{}", page.html);
}

#[tokio::test]
async fn what_the_office_refuses_is_shown_with_its_reason_and_stays() {
    let (hub, shop, anna) = anna_at_work().await;
    let nothing = anna.open("/quarantine").await;
    assert!(nothing.html.contains("Nichts in Quarantäne"));
    hub.refuse_orders();
    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    let counter = shop.counter();
    wait_until("the office has refused it", async || {
        counter
            .sync_state()
            .await
            .is_ok_and(|state| !state.quarantined.is_empty())
    })
    .await;
    let page = anna.open("/quarantine").await;
    for shown in ["not today", &order, "Was tun", "Jetzt nochmals versuchen"] {
        assert!(page.html.contains(shown), "{shown}: {}", page.html);
    }
    let again = anna.send("/quarantine/retry", &[]).await;
    assert_eq!(again.location, "/quarantine?done=retried");
    let page = anna.open("/sync").await;
    assert!(
        page.html.contains("Noch nicht alles gesendet"),
        "{}",
        page.html
    );
    assert!(page.html.contains("1 abgelehnt"), "{}", page.html);
    let page = anna.open(&order).await;
    assert!(
        page.html.contains("Von der Zentrale abgelehnt"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn a_customer_in_conflict_is_settled_from_the_inbox() {
    let (hub, shop, anna) = anna_at_work().await;
    take_in(&anna, "Sina Meier", &["Ski"]).await;
    shop.wait_sent().await;
    let counter = shop.counter();
    let customer = counter.search("Sina").await.expect("read").customers[0].id;
    hub.set_mood(Mood::Silent);
    let edited = [("name", "Sina Meier-Frei"), ("phone", "079 123 45 67")];
    let address = format!("/customers/{customer}");
    let answer = anna.send(&format!("{address}/edit"), &edited).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
    let name = [(contact::NAME, "Sina Frei".into())];
    hub.write(customer.document(), kind::CUSTOMER, &name);
    hub.set_mood(Mood::Well);
    wait_until("both names are here", async || {
        counter
            .customers_in_conflict()
            .await
            .is_ok_and(|found| found.len() == 1)
    })
    .await;

    let page = anna.open("/conflicts").await;
    for shown in ["Sina Meier-Frei", "Sina Frei", "Anna", "Zentrale"] {
        assert!(page.html.contains(shown), "{shown}: {}", page.html);
    }
    let dots: Vec<&str> = page
        .html
        .split("name=\"chosen\" value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(dots.len(), 2);
    let choice = [
        ("field", contact::NAME),
        ("chosen", dots[0]),
        ("back", "/conflicts"),
    ];
    let settled = anna.send(&format!("{address}/settle"), &choice).await;
    assert_eq!(
        settled.location, "/conflicts?done=settled",
        "{}",
        settled.html
    );
    let page = anna.open("/conflicts").await;
    assert!(page.html.contains("Keine Konflikte"), "{}", page.html);
    let late = anna.send(&format!("{address}/settle"), &choice).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "somebody was faster");
}
