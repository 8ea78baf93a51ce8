//! The office's pages, as a person in a browser meets them.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use shared::domain::fields::{kind, known_kind, order};
use shared::presentation::texts;

use super::harness::{TestHub, bytes_of};

/// A browser with a session.
pub(super) struct Browser<'a> {
    hub: &'a TestHub,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub(super) async fn logged_in(hub: &'a TestHub) -> Self {
        let form = format!("login=admin&password={}&next=%2Fbranches", hub.password);
        let request = form_request("/login", None, &form);
        let response = hub.send(request).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "/branches");
        let cookie = response.headers()[header::SET_COOKIE]
            .to_str()
            .expect("a cookie is text");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().expect("a value").to_owned();
        Self { hub, cookie }
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path)
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .expect("a request");
        text(self.hub, request).await
    }

    pub(super) async fn post(&self, path: &str, form: &str) -> (StatusCode, String) {
        text(self.hub, form_request(path, Some(&self.cookie), form)).await
    }
}

fn form_request(path: &str, cookie: Option<&str>, form: &str) -> Request<Body> {
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "http://hub.local")
        .header(header::HOST, "hub.local");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request
        .body(Body::from(form.to_owned()))
        .expect("a request")
}

async fn text(hub: &TestHub, request: Request<Body>) -> (StatusCode, String) {
    let response = hub.send(request).await;
    let status = response.status();
    let body = bytes_of(response).await;
    (status, String::from_utf8(body).expect("pages are text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_draws_in_every_language() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    let browser = Browser::logged_in(&hub).await;
    let order = format!("/orders/{id}");
    for language in ["de", "en", "fr", "it"] {
        for path in [
            "/",
            "/orders",
            &order,
            "/conflicts",
            "/branches",
            "/machines/1",
            "/staff",
            "/catalogue",
            "/quarantine",
            "/login",
        ] {
            let request = Request::get(path)
                .header(
                    header::COOKIE,
                    format!("{}; language={language}", browser.cookie),
                )
                .body(Body::empty())
                .expect("a request");
            let (status, page) = text(&hub, request).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(
                page.contains(&format!("<html lang=\"{language}\"")),
                "{path}"
            );
            assert!(
                !page.contains("style=") && !page.contains("<style"),
                "{path}"
            );
            let missing = page
                .split('[')
                .skip(1)
                .find(|rest| rest.starts_with("office-"));
            assert_eq!(missing, None, "{path} in {language}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_sends_no_forms() {
    let hub = TestHub::start().await;
    let browser = Browser::logged_in(&hub).await;
    let mut forged = form_request("/branches/join", Some(&browser.cookie), "importer=1");
    let origin = header::HeaderValue::from_static("https://evil.example");
    forged.headers_mut().insert(header::ORIGIN, origin);
    assert_eq!(text(&hub, forged).await.0, StatusCode::FORBIDDEN);
    let (status, page) = browser.post("/branches/join", "importer=1").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("https://hub.example/join#"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_settled_with_one_tap() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    for (machine, note) in [(&chur, "Kante schleifen"), (&davos, "nur wachsen")] {
        let delta = machine.blind_write(id, known_kind(kind::ORDER), order::NOTE, note, 10);
        hub.exchange(machine, &machine.message(&hub, vec![delta], 0))
            .await;
    }
    let browser = Browser::logged_in(&hub).await;
    let (_, page) = browser.get("/conflicts").await;
    for shown in ["Kante schleifen", "nur wachsen", "Chur", "Davos"] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    let dots: Vec<&str> = page
        .split("name=\"chosen\" value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(dots.len(), 2);
    let settle = format!("/orders/{id}/settle");
    let form = format!("field=free%2Fnote&chosen={}&back=conflicts", dots[1]);
    assert_eq!(browser.post(&settle, &form).await.0, StatusCode::SEE_OTHER);
    let (_, page) = browser.get("/conflicts").await;
    assert!(!page.contains("Kante schleifen"));
    let (status, page) = browser.post(&settle, &form).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("<html"), "a person gets a page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_form_keeps_what_was_typed() {
    let hub = TestHub::start().await;
    let browser = Browser::logged_in(&hub).await;
    let (status, page) = browser
        .post("/staff", "name=Ada+Caduff&role=counter&pin=1111")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("value=\"Ada Caduff\"") && page.contains("role=\"alert\""));
    let (status, _) = browser
        .post("/staff", "name=Ada+Caduff&role=counter&pin=4711")
        .await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = browser.get("/staff").await;
    assert!(page.contains("Ada Caduff") && !page.contains("4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_left_is_logged_out_and_stays_out() {
    let hub = TestHub::start().await;
    let browser = Browser::logged_in(&hub).await;
    let administrator = hub.as_administrator();
    let otto = serde_json::json!({"name": "Otto", "role": "office", "login": "otto", "password": "snowflakes"});
    let (_, otto) = hub.post("/api/v1/staff", &administrator, otto).await;
    let credentials = super::harness::basic("otto", "snowflakes");
    assert_eq!(
        hub.get("/api/v1/branches", &credentials).await.0,
        StatusCode::OK
    );
    let path = format!("/staff/{}", otto["id"].as_str().expect("an id"));
    assert_eq!(
        browser.post(&path, "active=no").await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        hub.get("/api/v1/branches", &credentials).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        browser.post(&path, "active=yes").await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        hub.get("/api/v1/branches", &credentials).await.0,
        StatusCode::OK
    );
    let own = shared::id::DocumentId::named("staff/first-administrator");
    let (status, _) = browser.post(&format!("/staff/{own}"), "active=no").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        browser.post(&path, "pin=1234x").await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        browser.post(&path, "pin=8520").await.0,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_holds_from_its_day() {
    let hub = TestHub::start().await;
    let browser = Browser::logged_in(&hub).await;
    let wax = shared::id::DocumentId::named("service/wax");
    let form = format!("service={wax}&currency=CHF&price=21.50&from=2099-11-01");
    assert_eq!(
        browser.post("/catalogue/price", &form).await.0,
        StatusCode::SEE_OTHER
    );
    let (_, page) = browser.get("/catalogue").await;
    assert!(
        page.contains("CHF 18.00") && page.contains("CHF 21.50") && page.contains("01.11.2099")
    );
    let wrong = format!("service={wax}&currency=CHF&price=viel&from=2099-11-01");
    assert_eq!(
        browser.post("/catalogue/price", &wrong).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_name_the_branches_they_lack() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    hub.join_code(serde_json::json!({"role": "branch", "branch_name": "Davos"}))
        .await;
    hub.pull(&chur, 0).await;
    let browser = Browser::logged_in(&hub).await;
    let (_, page) = browser.get("/").await;
    assert!(page.contains("ohne Davos"), "{page}");
    let (_, overview) = hub.get("/api/v1/overview", &hub.as_administrator()).await;
    assert_eq!(overview["missing"][0]["name"], "Davos");
    assert_eq!(overview["missing"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_as_json_and_csv() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    let administrator = hub.as_administrator();
    let (_, list) = hub.get("/api/v1/orders?phase=open", &administrator).await;
    assert_eq!(
        (list["total"].as_u64(), list["orders"][0]["id"].as_str()),
        (Some(1), Some(&*id.to_string()))
    );
    let (_, none) = hub.get("/api/v1/orders?phase=done", &administrator).await;
    assert_eq!(none["total"], 0);
    let (_, one) = hub
        .get(&format!("/api/v1/orders/{id}"), &administrator)
        .await;
    assert_eq!(one["state_hash"].as_str().map(str::len), Some(32));
    let browser = Browser::logged_in(&hub).await;
    let (status, csv) = browser.get("/orders.csv").await;
    assert_eq!((status, csv.lines().count()), (StatusCode::OK, 2));
    assert!(
        csv.lines()
            .nth(1)
            .is_some_and(|line| line.contains(";Chur;")),
        "{csv}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_names_every_json_route() {
    let hub = TestHub::start().await;
    let (_, description) = hub.get("/api/openapi.json", &hub.as_administrator()).await;
    for route in crate::routes() {
        if route.path.starts_with("/api/v1/") {
            let method = route.method.to_lowercase();
            assert!(
                description["paths"][route.path][&method].is_object(),
                "{route:?}"
            );
        }
    }
}

#[test]
fn every_text_of_the_pages_exists() {
    let known = texts::keys();
    let mut used = BTreeSet::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [
        "src/office",
        "templates",
        "templates/parts",
        "../shared/templates/parts",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_file() {
                let source = std::fs::read_to_string(path).expect("sources are text");
                used.extend(keys_in(&source));
            }
        }
    }
    assert!(
        used.len() > 100,
        "the search for keys finds nothing any more"
    );
    let missing: Vec<_> = used
        .iter()
        .filter(|key| !known.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Keys as they stand in `text("...")`, `with("...", ` and in strings that begin with `office-`.
fn keys_in(source: &str) -> BTreeSet<String> {
    let is_key = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
            && !text.ends_with('-')
    };
    let after = |marker: &'static str| {
        source
            .split(marker)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
    };
    after("text(\"")
        .chain(after("with(\""))
        .chain(after("with_all(\""))
        .chain(after("\"office-").map(|rest| format!("office-{rest}")))
        .filter(|text| is_key(text))
        .collect()
}
