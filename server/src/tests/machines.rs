//! What the office sees of machines: what each did, who is shut out, what was refused, whom branches disagree about.

use axum::http::StatusCode;
use shared::domain::fields::{contact, kind, known_kind, order};

use super::harness::{Machine, TestHub};
use super::pages::Browser;

/// A hub with two branches; Chur has taken in an order, and Davos has written a note into it.
async fn firm() -> (TestHub, Machine, Machine) {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    let note = davos.blind_write(id, known_kind(kind::ORDER), order::NOTE, "Kante", 10);
    hub.exchange(&davos, &davos.message(&hub, vec![note], 0))
        .await;
    (hub, chur, davos)
}

fn page_of(machine: &Machine) -> String {
    format!("/machines/{}", machine.papers.replica.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_did_is_listed_and_taken_away_as_a_file() {
    let (hub, chur, davos) = firm().await;
    let browser = Browser::logged_in(&hub).await;
    let (status, page) = browser.get(&page_of(&davos)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Notiz"), "{page}");
    assert!(
        !page.contains("<td>Status"),
        "Chur wrote the status: {page}"
    );
    let (_, page) = browser.get(&page_of(&chur)).await;
    assert!(page.contains("Status") && !page.contains("Notiz"), "{page}");
    let (status, file) = browser.get(&format!("{}/doings.csv", page_of(&chur))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        file.lines().count(),
        3,
        "a head, the branch, the status: {file}"
    );
    let (status, _) = browser.get("/machines/4711").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_did_comes_in_parts() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let mut counter = 0;
    let mut deltas = Vec::new();
    for _ in 0..120 {
        let (_, delta) = chur.order(chur.branch(), counter);
        deltas.push(delta);
        counter += 2;
    }
    // In parts small enough that the hub answers when its lists have them.
    for part in deltas.chunks(60) {
        hub.exchange(&chur, &chur.message(&hub, part.to_vec(), 0))
            .await;
    }
    let browser = Browser::logged_in(&hub).await;
    let mut address = page_of(&chur);
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let (_, page) = browser.get(&address).await;
        for row in page.split("href=\"/orders/").skip(1) {
            let id = row.split('"').next().unwrap_or_default().to_owned();
            assert!(seen.insert(id), "no document comes twice");
        }
        pages += 1;
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
            break;
        };
        let (_, next) = before.rsplit_once("href=\"").expect("a link");
        next.clone_into(&mut address);
    }
    assert_eq!(seen.len(), 120);
    assert!(pages >= 3, "50 documents a page, {pages} pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_is_void_at_once_and_its_doings_stay_listed() {
    let (hub, _, davos) = firm().await;
    let browser = Browser::logged_in(&hub).await;
    let (_, page) = browser.get(&page_of(&davos)).await;
    assert!(
        page.contains("Sein Schlüssel gilt ab sofort nicht mehr"),
        "said before the tap"
    );
    let retire = format!("replica={}", davos.papers.replica.0);
    let (status, _) = browser.post("/branches/retire", &retire).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let message = davos.message(&hub, Vec::new(), 0);
    let refused = hub.send_exchange(&davos, &message).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let (_, page) = browser.get(&page_of(&davos)).await;
    assert!(page.contains("gesperrt") && page.contains("Notiz"));
    assert!(!page.contains("Jetzt sperren"), "once is enough");
    let (_, page) = browser.get("/branches").await;
    assert!(page.contains(&page_of(&davos)), "still among the machines");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_in_conflict_is_settled_from_the_inbox() {
    let (hub, chur, davos) = firm().await;
    let id = shared::id::DocumentId::named("customer/meier");
    for (machine, name) in [(&chur, "Sina Meier"), (&davos, "Sina Meier-Frei")] {
        let delta = machine.blind_write(id, known_kind(kind::CUSTOMER), contact::NAME, name, 20);
        hub.exchange(machine, &machine.message(&hub, vec![delta], 0))
            .await;
    }
    let browser = Browser::logged_in(&hub).await;
    let (_, page) = browser.get("/conflicts").await;
    for shown in ["Sina Meier<", "Sina Meier-Frei<", "Chur", "Davos"] {
        assert!(page.contains(shown), "{shown} is missing: {page}");
    }
    assert!(
        page.contains("<span class=\"count\">1</span>"),
        "counted in the bar"
    );
    let dot = page
        .split("name=\"chosen\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a value to choose");
    let form = format!("field=contact%2Fname&chosen={dot}&back=%2Fconflicts");
    let (status, _) = browser.post(&format!("/orders/{id}/settle"), &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = browser.get("/conflicts").await;
    assert!(page.contains("Keine Konflikte"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_shown_until_somebody_has_dealt_with_it() {
    let (hub, chur, _) = firm().await;
    let pushed = vec![b"nonsense".to_vec()];
    hub.exchange(&chur, &chur.message(&hub, pushed, 0)).await;
    let browser = Browser::logged_in(&hub).await;
    let (_, page) = browser.get("/quarantine").await;
    assert!(
        page.contains("Chur") && page.contains("8 B") && page.contains("Was tun"),
        "{page}"
    );
    let name = page
        .split("name=\"name\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a button");
    let form = format!("name={}", name.replace('/', "%2F"));
    let (status, _) = browser.post("/quarantine/forget", &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = browser.get("/quarantine").await;
    assert!(page.contains("Nichts in Quarantäne"), "{page}");
    // Nothing else can be forgotten by this door.
    let (status, _) = browser.post("/quarantine/forget", "name=hub%2Fepoch").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_says_what_long_absent_means() {
    let (hub, _, _) = firm().await;
    let browser = Browser::logged_in(&hub).await;
    let days = async || hub.app.hub.long_absent_days().await.expect("it reads");
    assert_eq!(days().await, 60);
    let (status, _) = browser.post("/branches/absence", "days=30").await;
    assert_eq!((status, days().await), (StatusCode::SEE_OTHER, 30));
    for wrong in ["days=1", "days=5000"] {
        let (status, _) = browser.post("/branches/absence", wrong).await;
        assert_eq!((status, days().await), (StatusCode::BAD_REQUEST, 30));
    }
}
