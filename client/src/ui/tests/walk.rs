//! A day at the counter, through the pages of a real branch.

use axum::http::StatusCode;
use shared::domain::Role;

use super::visitor::Visitor;
use crate::testing::{HubDouble, Mood, PIN, Shop, wait_until};
use crate::ui::{Permission, ROUTES};

/// An open shop and Anna, signed in at its counter.
pub(super) async fn anna_at_work() -> (HubDouble, Shop, Visitor) {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let mut anna = Visitor::at(shop.counter());
    let signed_in = anna.sign_in(&shop.anna.to_string(), PIN).await;
    assert_eq!(signed_in.location, "/today");
    (hub, shop, anna)
}

/// Takes an order in through the form; the address of its page.
pub(super) async fn take_in(anna: &Visitor, name: &str, items: &[&str]) -> String {
    let form = anna.open("/orders/new").await;
    let (order, service) = (form.value_of("order"), form.value_of("items.0.service"));
    let labels: Vec<String> = (0..items.len())
        .map(|index| format!("items.{index}.label"))
        .collect();
    let services: Vec<String> = (0..items.len())
        .map(|index| format!("items.{index}.service"))
        .collect();
    let mut fields = vec![
        ("order", order),
        ("name", name),
        ("phone", "079 123 45 67"),
        ("priority", "standard"),
    ];
    for (index, item) in items.iter().enumerate() {
        fields.push((&labels[index], item));
        fields.push((&services[index], service));
    }
    let taken = anna.send("/orders", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.html);
    let (address, rest) = taken
        .location
        .split_once("/ticket")
        .expect("on to the ticket");
    assert_eq!(rest, "?done=taken-in");
    address.to_owned()
}

#[tokio::test]
async fn strangers_come_no_further_than_the_door() {
    let (_hub, shop, _anna) = anna_at_work().await;
    let stranger = Visitor::at(shop.counter());
    for route in ROUTES {
        let path = route
            .path
            .replace("{order}", "x")
            .replace("{customer}", "x")
            .replace("{name}", "x");
        let page = match route.method {
            "GET" => stranger.open(&path).await,
            _ => stranger.send(&path, &[]).await,
        };
        let is_turned_away =
            page.status == StatusCode::UNAUTHORIZED || page.location.starts_with("/sign-in?next=");
        let is_closed = route.permission == Permission::SignedIn;
        assert_eq!(
            is_turned_away, is_closed,
            "{} {} answers {}",
            route.method, route.path, page.status
        );
    }
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let (_hub, _shop, anna) = anna_at_work().await;
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        let path = route
            .path
            .replace("{order}", "x")
            .replace("{customer}", "x");
        for origin in [
            "http://evil.example",
            "null",
            "http://branch.test.evil.example",
        ] {
            let page = anna.send_from(origin, &path, &[]).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} from {origin}");
        }
    }
}

#[tokio::test]
async fn an_order_goes_its_way_without_a_line() {
    let (hub, _shop, anna) = anna_at_work().await;
    hub.set_mood(Mood::Silent);
    let order = take_in(&anna, "Sina Meier", &["Völkl Mantra", "Atomic Redster"]).await;

    let ticket = anna.open(&format!("{order}/ticket")).await;
    assert!(ticket.html.contains("symbol-qr") && ticket.html.contains("symbol-code128"));
    assert!(
        ticket.html.contains("Freitag") && ticket.html.contains("27.11.2026"),
        "a week from a Friday"
    );
    assert!(ticket.html.contains("noch nicht bei der Zentrale"));

    for (to, word) in [("in_work", "In Arbeit"), ("done", "status--ready")] {
        let moved = anna.send(&format!("{order}/status"), &[("to", to)]).await;
        assert_eq!(moved.location, format!("{order}?done=status"));
        assert!(anna.open(&order).await.html.contains(word));
    }
    let undone = anna
        .send(&format!("{order}/status"), &[("to", "undo")])
        .await;
    assert_eq!(undone.location, format!("{order}?done=undone"));
    assert!(anna.open(&order).await.html.contains("status--in-work"));
    anna.send(&format!("{order}/status"), &[("to", "done")])
        .await;

    let page = anna.open(&order).await;
    let amount = page.value_of("amount").to_owned();
    assert_eq!(amount, "98.00", "two small services");
    let paid = anna
        .send(
            &format!("{order}/pay"),
            &[("amount", &amount), ("method", "cash")],
        )
        .await;
    assert_eq!(paid.location, format!("{order}?done=paid"));

    // The first piece today, the second another day.
    let piece = page.value_of("item").to_owned();
    let handed = anna
        .send(&format!("{order}/hand-out"), &[("item", &piece)])
        .await;
    assert_eq!(handed.location, format!("{order}?done=handed-out"));
    let page = anna.open(&order).await;
    assert!(page.html.contains("beim Kunden") && page.html.contains("im Laden"));
    let second = page.value_of("item").to_owned();
    assert_ne!(second, piece);
    anna.send(&format!("{order}/hand-out"), &[("item", &second)])
        .await;
    let page = anna.open(&order).await;
    assert!(page.html.contains("Abgeholt") && page.html.contains("Bezahlt"));
}

#[tokio::test]
async fn a_scan_opens_its_order_and_a_misread_one_says_so() {
    let (_hub, shop, anna) = anna_at_work().await;
    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    let found = shop.counter().search("Sina Meier").await.expect("read");
    let ticket = found.orders[0].ticket.clone().expect("printed");
    assert_eq!(
        anna.open(&format!("/search?q={ticket}")).await.location,
        order
    );
    assert_eq!(
        anna.open(&format!("/search?q={}", ticket.to_lowercase()))
            .await
            .location,
        order
    );

    let last = ticket.chars().next_back().expect("nine characters");
    let wrong = if last == '0' { '1' } else { '0' };
    let misread = format!("{}{wrong}", &ticket[..8]);
    let page = anna.open(&format!("/search?q={misread}")).await;
    assert!(page.html.contains("verlesen"), "{}", page.html);
    assert!(anna.open("/search?q=mei").await.html.contains("Sina Meier"));
    assert!(
        anna.open("/search?q=%22%2A%28%00OR")
            .await
            .html
            .contains("Nichts gefunden")
    );
}

#[tokio::test]
async fn what_was_typed_survives_a_refusal() {
    let (_hub, _shop, anna) = anna_at_work().await;
    let fields = [
        ("name", ""),
        ("items.0.label", "Völkl <b>"),
        ("priority", "standard"),
        ("note", "scharf & schnell"),
    ];
    let refused = anna.send("/orders", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.html.contains("Der Name fehlt") && refused.html.contains("Gegenstand 1"));
    assert!(
        refused.html.contains("Völkl &#60;b&#62;") && refused.html.contains("scharf &#38; schnell")
    );

    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    for (amount, words) in [
        ("vierzig", "nicht lesbar"),
        ("", "Betrag eingeben"),
        ("0", "grösser als null"),
    ] {
        let refused = anna
            .send(
                &format!("{order}/pay"),
                &[("amount", amount), ("method", "card")],
            )
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.html.contains(words), "{amount}");
    }
    let refused = anna
        .send(
            &format!("{order}/pay"),
            &[("amount", "vierzig"), ("method", "card")],
        )
        .await;
    assert!(refused.html.contains("value=\"vierzig\""));
    let refused = anna
        .send(&format!("{order}/cancel"), &[("reason", " ")])
        .await;
    assert!(refused.html.contains("Bitte einen Grund angeben"));
    let refused = anna
        .send(
            &format!("{order}/settle"),
            &[("field", "status"), ("chosen", "1.1")],
        )
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_piece_is_added_without_the_script() {
    let (_hub, _shop, anna) = anna_at_work().await;
    let page = anna
        .send(
            "/orders",
            &[("name", "A"), ("items.0.label", "Ski"), ("do", "add")],
        )
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("name=\"items.1.label\"") && page.html.contains("value=\"Ski\""));
}

#[tokio::test]
async fn three_wrong_pins_lock_and_a_colleague_unlocks() {
    let (hub, shop, _anna) = anna_at_work().await;
    let reto = hub.hire("Reto", Role::Counter);
    crate::testing::wait_until("Reto is known", async || {
        shop.counter().staff_tiles().len() == 2
    })
    .await;
    let (reto, anna) = (reto.to_string(), shop.anna.to_string());
    let mut screen = Visitor::at(shop.counter());
    for left in ["Noch 2 Versuche", "Noch 1 Versuch,"] {
        assert!(screen.sign_in(&reto, "0000").await.html.contains(left));
    }
    assert_eq!(
        screen.sign_in(&reto, "0000").await.status,
        StatusCode::FORBIDDEN
    );
    let page = screen.open(&format!("/sign-in?who={reto}")).await;
    assert!(page.html.contains("Reto ist gesperrt") && page.html.contains("action=\"/unlock\""));

    let unlocked = screen
        .send(
            "/unlock",
            &[
                ("who", &reto),
                ("by", &anna),
                ("pin", PIN),
                ("next", "/today"),
            ],
        )
        .await;
    assert_eq!(unlocked.status, StatusCode::SEE_OTHER, "{}", unlocked.html);
    assert_eq!(
        screen.open("/today").await.status,
        StatusCode::SEE_OTHER,
        "Anna is not left signed in"
    );
    assert_eq!(screen.sign_in(&reto, PIN).await.location, "/today");
}

#[tokio::test]
async fn every_page_is_there_in_every_language() {
    let (_hub, shop, anna) = anna_at_work().await;
    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    let customer = shop
        .counter()
        .search("Sina Meier")
        .await
        .expect("read")
        .customers[0]
        .id;
    let customer = format!("/customers/{customer}");
    let pages = [
        "/today",
        "/today?show=taken-in",
        "/workshop",
        "/search?q=meier",
        "/search?q=nobody",
        "/orders/new",
        "/conflicts",
        "/sync",
        "/quarantine",
        "/me",
        "/sign-in",
        "/no-such-page",
        "/orders/x",
    ]
    .map(str::to_owned);
    let of_order = ["", "/edit", "/ticket", "/state"].map(|part| format!("{order}{part}"));
    let of_customer = ["", "/edit"].map(|part| format!("{customer}{part}"));
    for language in ["de", "en", "fr", "it"] {
        let reader = anna.reading(language);
        for path in pages.iter().chain(&of_order).chain(&of_customer) {
            let page = reader.open(path).await;
            let is_shown = matches!(page.status, StatusCode::OK | StatusCode::NOT_FOUND);
            assert!(is_shown, "{path} in {language}: {}", page.status);
            // A missing text shows its key in brackets.
            assert!(
                !page.html.contains(">["),
                "{path} in {language}: {}",
                page.html
            );
        }
    }
}

#[tokio::test]
async fn known_customers_are_suggested_and_corrected() {
    let (_hub, shop, anna) = anna_at_work().await;
    take_in(&anna, "Sina Meier", &["Ski"]).await;
    let suggestions = anna.open("/customers/suggest?q=mei").await;
    assert!(suggestions.html.contains("Sina Meier") && suggestions.html.contains("079 123 45 67"));
    assert!(
        !anna
            .open("/customers/suggest?q=m")
            .await
            .html
            .contains("Sina"),
        "one letter finds everybody"
    );

    let customer = shop
        .counter()
        .search("Sina Meier")
        .await
        .expect("read")
        .customers[0]
        .id
        .to_string();
    let form = anna.open(&format!("/orders/new?customer={customer}")).await;
    assert_eq!(form.value_of("customer"), customer);
    let (order, service) = (form.value_of("order"), form.value_of("items.0.service"));
    let fields = [
        ("order", order),
        ("customer", &customer),
        ("name", "Sina Meier-Frei"),
        ("phone", "079 123 45 67"),
        ("language", "fr"),
        ("priority", "standard"),
        ("items.0.label", "Board"),
        ("items.0.service", service),
    ];
    let taken = anna.send("/orders", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.html);
    let page = anna.open(&format!("/customers/{customer}")).await;
    assert!(page.html.contains("Sina Meier-Frei") && page.html.contains("Français"));
    let ticket = anna.open(&taken.location).await;
    assert!(ticket.html.contains("vendredi") && ticket.html.contains("lang=\"fr\""));
}

#[tokio::test]
async fn a_branch_in_germany_counts_in_euro() {
    use shared::domain::{Branch, fields::kind, seed};

    let (hub, shop, anna) = anna_at_work().await;
    let counter = shop.counter();
    let germany = [(Branch::TERRITORY, seed::territory_id("DE").into())];
    hub.write(counter.branch().document(), kind::BRANCH, &germany);
    wait_until("the branch is in Germany", async || {
        let territory = counter.territory();
        territory.is_some_and(|territory| territory.country == "DE")
    })
    .await;
    let form = anna.open("/orders/new").await;
    assert!(form.html.contains("€") && !form.html.contains("CHF"));
    let order = take_in(&anna, "Sina Meier", &["Ski"]).await;
    let page = anna.open(&order).await;
    assert!(page.html.contains("€") && page.html.contains("MwSt."));
    for swiss in ["CHF", "Twint", "MWST"] {
        assert!(!page.html.contains(swiss), "{swiss}: {}", page.html);
    }
    let ticket = anna.open(&format!("{order}/ticket")).await;
    assert!(ticket.html.contains("€") && !ticket.html.contains("CHF"));
    let pay = [("amount", "10,50"), ("method", "cash")];
    let paid = anna.send(&format!("{order}/pay"), &pay).await;
    assert!(paid.location.ends_with("?done=paid"), "{}", paid.html);
    let page = anna.open(&order).await;
    assert!(page.html.contains("10,50 €"), "{}", page.html);
}
