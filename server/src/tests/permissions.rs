//! Every route asks for what the table says.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use super::harness::{TestHub, basic};
use crate::{Permission, routes};

/// A request to a route, as somebody or nobody.
fn request(method: &str, path: &str, who: Option<&str>) -> Request<Body> {
    let path = path
        .replace("{id}", "01a1f9f0-1785-758f-a97c-92cf85634e6d")
        .replace("{name}", "offpiste.css")
        .replace("{number}", "1")
        .replace("{*file}", "index.html");
    let mut request = Request::builder().method(method).uri(path);
    if let Some(who) = who {
        request = request.header(header::AUTHORIZATION, who);
    }
    request.body(Body::empty()).expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_passes_a_guarded_route() {
    let hub = TestHub::start().await;
    for route in routes() {
        if route.permission == Permission::Public {
            continue;
        }
        for who in [None, Some("Bearer x"), Some("Basic eDp5"), Some("Basic !")] {
            let response = hub.send(request(route.method, route.path, who)).await;
            let status = response.status();
            let is_shut = status == StatusCode::UNAUTHORIZED
                || status == StatusCode::TOO_MANY_REQUESTS
                || who.is_none() && status == StatusCode::SEE_OTHER;
            assert!(is_shut, "{route:?} as {who:?} answers {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_and_people_pass_their_own_routes_only() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let importer = hub.importer().await;
    let (status, _) = hub
        .post(
            "/api/v1/staff",
            &hub.as_administrator(),
            json!({"name": "Otto", "role": "office", "login": "otto", "password": "snowflakes"}),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    let office = basic("otto", "snowflakes");
    for route in routes() {
        // A branch waits for news; it would wait here too.
        if route.path == shared::wire::WAIT_PATH || route.path == "/events" {
            continue;
        }
        let allowed = |who: &str| match route.permission {
            Permission::Public => true,
            Permission::Replica => who != "office",
            Permission::Importer => who != "branch",
            Permission::Office(role) => {
                who == "office" && role != shared::domain::Role::Administrator
            }
        };
        for (name, who) in [
            ("branch", chur.bearer()),
            ("importer", importer.bearer()),
            ("office", office.clone()),
        ] {
            let response = hub
                .send(request(route.method, route.path, Some(&who)))
                .await;
            let is_shut = response.status() == StatusCode::FORBIDDEN;
            assert_eq!(
                is_shut,
                !allowed(name),
                "{route:?} as {name}: {}",
                response.status()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_machine_is_shut_out() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let message = chur.message(&hub, Vec::new(), 0);
    assert_eq!(
        hub.send_exchange(&chur, &message).await.status(),
        StatusCode::OK
    );
    assert!(
        hub.app
            .hub
            .retire(chur.papers.replica)
            .await
            .expect("it is written")
    );
    let refused = hub.send_exchange(&chur, &message).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_down() {
    let hub = TestHub::start().await;
    let mut last = StatusCode::OK;
    for _ in 0..6 {
        let wrong = basic("admin", "not this one");
        last = hub.get("/api/v1/branches", &wrong).await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}
