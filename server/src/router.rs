//! Every route on one page. What is not in [`TABLE`] is not served; what is in it is guarded by its permission.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use shared::domain::Role::{Administrator, Office as AtOffice};
use shared::limits;
use shared::presentation::assets;
use shared::wire::reconcile::{FETCH_PATH, RECONCILE_PATH};
use shared::wire::{DOCUMENTS_PATH, EXCHANGE_PATH, JOIN_PATH, WAIT_PATH};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::api::{documentation, figures, health, measures, operations, sync};
use crate::auth::Permission::{self, Importer, Office, Public, Replica};
use crate::auth::{Believed, Sessions, Throttle, guard};
use crate::backend::{BackendError, Hub};
use crate::office::{
    Reader, branches, catalogue, conflicts, files, log_in, machines, message_page, order, orders,
    overview, quarantine, staff,
};
use crate::problem::{Problem, Shown};

type Handler = fn() -> MethodRouter<App, Infallible>;

#[rustfmt::skip]
static TABLE: &[(&str, &str, Permission, Handler)] = &[
    // Machines.
    ("GET",  "/healthz",                     Public,                || get(health::healthz)),
    ("GET",  "/readyz",                      Public,                || get(health::readyz)),
    ("POST", JOIN_PATH,                      Public,                || post(sync::join)),
    ("GET",  "/join",                        Public,                || get(sync::join_explained)),
    ("POST", EXCHANGE_PATH,                  Replica,               || post(sync::exchange)),
    ("POST", RECONCILE_PATH,                 Replica,               || post(sync::reconcile)),
    ("POST", FETCH_PATH,                     Replica,               || post(sync::fetch)),
    ("GET",  WAIT_PATH,                      Replica,               || get(sync::wait)),
    ("GET",  DOCUMENTS_PATH,                 Importer,              || get(sync::documents)),
    // People.
    ("GET",  "/login",                       Public,                || get(log_in::form)),
    ("POST", "/login",                       Public,                || post(log_in::log_in)),
    ("POST", "/logout",                      Office(AtOffice),      || post(log_in::log_out)),
    ("POST", "/preferences",                 Public,                || post(log_in::prefer)),
    ("GET",  "/assets/{name}",               Public,                || get(files::asset)),
    ("GET",  "/events",                      Office(AtOffice),      || get(files::events)),
    ("GET",  "/",                            Office(AtOffice),      || get(overview::show)),
    ("GET",  "/orders",                      Office(AtOffice),      || get(orders::list)),
    ("GET",  "/orders.csv",                  Office(AtOffice),      || get(orders::csv)),
    ("GET",  "/orders/{id}",                 Office(AtOffice),      || get(order::show)),
    ("POST", "/orders/{id}/settle",          Office(AtOffice),      || post(order::settle)),
    ("POST", "/orders/{id}/keep",            Office(AtOffice),      || post(order::keep)),
    ("GET",  "/conflicts",                   Office(AtOffice),      || get(conflicts::show)),
    ("GET",  "/branches",                    Office(AtOffice),      || get(branches::show)),
    ("POST", "/branches/join",               Office(Administrator), || post(branches::join)),
    ("POST", "/branches/retire",             Office(Administrator), || post(branches::retire)),
    ("POST", "/branches/absence",            Office(Administrator), || post(branches::set_absence)),
    ("GET",  "/machines/{number}",           Office(AtOffice),      || get(machines::show)),
    ("GET",  "/machines/{number}/doings.csv", Office(AtOffice),     || get(machines::csv)),
    ("GET",  "/staff",                       Office(AtOffice),      || get(staff::show)),
    ("POST", "/staff",                       Office(Administrator), || post(staff::take_on)),
    ("POST", "/staff/{id}",                  Office(Administrator), || post(staff::edit)),
    ("GET",  "/catalogue",                   Office(AtOffice),      || get(catalogue::show)),
    ("POST", "/catalogue/price",             Office(Administrator), || post(catalogue::set_price)),
    ("GET",  "/quarantine",                  Office(AtOffice),      || get(quarantine::show)),
    ("POST", "/quarantine/forget",           Office(Administrator), || post(quarantine::forget)),
    // Automation.
    ("GET",  "/metrics",                     Public,                || get(measures::metrics)),
    ("GET",  "/api/openapi.json",            Office(AtOffice),      || get(documentation::description)),
    ("GET",  "/api/docs",                    Office(AtOffice),      || get(documentation::to_pages)),
    ("GET",  "/api/docs/",                   Office(AtOffice),      || get(documentation::index)),
    ("GET",  "/api/docs/{*file}",            Office(AtOffice),      || get(documentation::page)),
    ("GET",  "/api/v1/overview",             Office(AtOffice),      || get(figures::overview)),
    ("GET",  "/api/v1/orders",               Office(AtOffice),      || get(figures::orders)),
    ("GET",  "/api/v1/orders/{id}",          Office(AtOffice),      || get(figures::order)),
    ("GET",  "/api/v1/branches",             Office(AtOffice),      || get(operations::branches)),
    ("POST", "/api/v1/join-strings",         Office(Administrator), || post(operations::make_join_string)),
    ("POST", "/api/v1/staff",                Office(Administrator), || post(operations::take_on)),
    ("POST", "/api/v1/conflicts/settle",     Office(AtOffice),      || post(operations::settle)),
];

/// One route, for tests that walk them all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// What it asks of its caller.
    pub permission: Permission,
}

/// All routes, from the table that the router is built from.
pub fn routes() -> Vec<RouteInfo> {
    TABLE
        .iter()
        .map(|(method, path, permission, _)| RouteInfo {
            method,
            path,
            permission: *permission,
        })
        .collect()
}

/// What handlers hold.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) hub: Hub,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) believed: Arc<Believed>,
    pub(crate) logins: Arc<Throttle>,
    pub(crate) joins: Arc<Throttle>,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Whether browsers reach us by https, so that cookies may insist on it.
    pub(crate) is_secure: bool,
}

impl App {
    /// Nobody logged in yet, nobody guessing yet.
    pub(crate) fn new(
        hub: Hub,
        stopping: watch::Receiver<bool>,
        is_secure: bool,
    ) -> Result<Self, BackendError> {
        Ok(Self {
            hub,
            sessions: Arc::default(),
            believed: Arc::new(Believed::new()?),
            logins: Arc::default(),
            joins: Arc::default(),
            stopping,
            is_secure,
        })
    }
}

/// Bytes of a body that is no exchange: the longest form is a new member of staff.
const FORM_BYTES: usize = 64 * 1024;

/// Longer than a long-poll; a handler that takes longer has lost its store.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The router.
pub(crate) fn router(app: App) -> Router {
    let (mut pages, mut machines) = (Router::new(), Router::new());
    for (_, path, permission, handler) in TABLE {
        let bytes = if *path == EXCHANGE_PATH {
            limits::COMPRESSED_MESSAGE_BYTES
        } else {
            FORM_BYTES
        };
        let guarded =
            handler()
                .layer(DefaultBodyLimit::max(bytes))
                .layer(middleware::from_fn_with_state(
                    (app.clone(), *permission),
                    guard,
                ));
        if path.starts_with(MACHINES) {
            machines = machines.route(path, guarded);
        } else {
            pages = pages.route(path, guarded);
        }
    }
    // Headers that tell a browser what it may do are most of a small exchange, and machines do not read them.
    let pages = pages
        .route_layer(middleware::from_fn(measures::measure))
        .fallback(nothing_here)
        .layer(middleware::from_fn(problems_as_pages))
        .layer(CompressionLayer::new())
        .layer(fixed(
            header::CONTENT_SECURITY_POLICY,
            assets::CONTENT_SECURITY_POLICY,
        ))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::CACHE_CONTROL, "no-store"));
    machines
        .route_layer(middleware::from_fn(measures::measure))
        .merge(pages)
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "failed",
                "something is wrong in the hub itself; what was acknowledged is safe",
            )
            .into_response()
        }))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ))
        .with_state(app)
}

/// What only machines ask for.
const MACHINES: &str = "/sync/";

/// A header on every answer that does not say otherwise itself.
fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Where a program gets JSON, a person in a browser gets a page.
async fn problems_as_pages(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_page = !path.starts_with("/api/") && !path.starts_with("/sync/");
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    match response.extensions().get::<Shown>() {
        Some(shown) if is_page => message_page(&reader, shown),
        _ => response,
    }
}

async fn nothing_here(request: Request) -> Response {
    Problem::not_found(format!("there is nothing at {}", request.uri().path())).into_response()
}
