//! The JSON routes as a program sees them.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Permission, routes};
use crate::testing::{HubDouble, PIN, Shop};

#[tokio::test]
async fn nobody_gets_past_a_route_for_people_who_are_signed_in() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    for route in routes() {
        let path = route
            .path
            .replace("{order}", "CH0000000")
            .replace("{customer}", &shop.anna.to_string())
            .replace("{staff}", &shop.anna.to_string());
        for token in [None, Some("wrong")] {
            let (status, _) = ask(&shop, route.method, &path, token, json!({})).await;
            let is_turned_away = status == StatusCode::UNAUTHORIZED;
            assert_eq!(
                is_turned_away,
                route.permission == Permission::SignedIn,
                "{} {path} gave {status}",
                route.method
            );
        }
    }
}

#[tokio::test]
async fn an_order_from_intake_to_hand_out() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let body = json!({ "staff": shop.anna, "pin": PIN, "counter": "robot" });
    let (status, answer) = ask(&shop, "POST", "/api/v1/sign-in", None, body).await;
    assert_eq!((status, &answer["name"]), (StatusCode::OK, &json!("Anna")));
    let token = answer["token"].as_str().expect("a token").to_owned();
    let call = async |method: &str, path: &str, body: Value| {
        ask(&shop, method, path, Some(&token), body).await
    };

    let (_, catalogue) = call("GET", "/api/v1/catalogue", Value::Null).await;
    let wax = &catalogue["services"][5];
    assert_eq!(
        (&wax["code"], &wax["price_minor"]),
        (&json!("wax"), &json!(1800))
    );
    let order = json!({
        "customer": { "name": "Köbi Müller", "phone": "079 123 45 67" },
        "priority": "standard",
        "items": [{ "label": "red", "services": [{ "service": wax["id"] }] }],
    });
    let (status, ticket) = call("POST", "/api/v1/orders", order.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!(
        "/api/v1/orders/{}",
        ticket["ticket"].as_str().expect("a number")
    );
    let (_, seen) = call("GET", &path, Value::Null).await;
    assert_eq!(
        (&seen["promised_on"], &seen["owed_minor"], &seen["phase"]),
        (&json!("2026-11-27"), &json!(1800), &json!("open"))
    );
    let payment = json!({ "amount_minor": 1800, "method": "cash" });
    let (_, seen) = call("POST", &format!("{path}/payments"), payment).await;
    assert_eq!(seen["money"], json!("paid"));
    let (_, seen) = call("POST", &format!("{path}/status"), json!({ "to": "done" })).await;
    assert_eq!(seen["phase"], json!("done"));
    let (_, seen) = call("POST", &format!("{path}/hand-out"), json!({})).await;
    assert_eq!(seen["handed_out"], json!(true));
    let (_, found) = call("GET", "/api/v1/search?q=mueller", Value::Null).await;
    assert_eq!(found["orders"][0]["ticket"], ticket["ticket"]);

    let refusals = [
        (
            format!("{path}/status"),
            json!({ "to": "dnoe" }),
            StatusCode::BAD_REQUEST,
        ),
        (
            format!("{path}/payments"),
            json!({ "amount_minor": 0, "method": "cash" }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            format!("{path}/payments"),
            json!({ "amount_minor": -99_999, "method": "card" }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "/api/v1/orders".to_owned(),
            json!({ "customer": {}, "priority": "standard", "items": [] }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "/api/v1/orders".to_owned(),
            json!({ "unknown": true }),
            StatusCode::BAD_REQUEST,
        ),
        (
            "/api/v1/orders/CH0000000/cancel".to_owned(),
            json!({ "reason": "x" }),
            StatusCode::NOT_FOUND,
        ),
    ];
    for (path, body, expected) in refusals {
        let (status, answer) = call("POST", &path, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(
            answer["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
    }
    let (status, _) = call("POST", "/api/v1/sign-out", Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = call("GET", &path, Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn health_metrics_and_status_tell_no_names() {
    let hub = HubDouble::start().await;
    let shop = Shop::open(&hub, "Chur", "CH").await;
    let anna = shop.sign_in().await;
    shop.take_in(&anna, "Köbi Müller").await;
    shop.wait_sent().await;
    let (status, ready) = ask(&shop, "GET", "/readyz", None, Value::Null).await;
    assert_eq!((status, &ready["ready"]), (StatusCode::OK, &json!(true)));
    let (_, state) = ask(&shop, "GET", "/api/v1/status", None, Value::Null).await;
    assert_eq!(
        (&state["pending"], &state["safe_to_close"]),
        (&json!(0), &json!(true))
    );
    let metrics = text(&shop, "/metrics").await;
    assert!(
        metrics.contains("offpiste_branch_pending_documents 0"),
        "{metrics}"
    );
    for told in [metrics, state.to_string()] {
        assert!(!told.contains("Müller") && !told.contains("Anna"));
    }
}

async fn ask(
    shop: &Shop,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Value,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).expect("a method"))
        .uri(path)
        .header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if method == "GET" || body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let router = super::router(shop.counter());
    let answer = router
        .oneshot(request.body(body).expect("a request"))
        .await
        .expect("an answer");
    let status = answer.status();
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .expect("a body");
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

async fn text(shop: &Shop, path: &str) -> String {
    let request = Request::builder()
        .uri(path)
        .body(Body::empty())
        .expect("a request");
    let answer = super::router(shop.counter())
        .oneshot(request)
        .await
        .expect("an answer");
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}
