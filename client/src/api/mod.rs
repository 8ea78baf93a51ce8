//! JSON for automation, on the branch itself: the same use cases as the pages, with a bearer token instead of a cookie.
//!
//! A route's permission is the extractor in its handler's signature; [`routes`] says it again for documentation and tests.

mod answer;
mod customers;
mod operations;
mod order_json;
mod orders;
mod session;
mod status;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::counter::Counter;

pub use status::{Status, offline_status};

/// The largest request: 100 items with all their fields is below 200 KB.
const REQUEST_BYTES: usize = 256 * 1024;

/// A request that takes longer hangs on a disk that does not answer; what it asked for may still be done.
const REQUEST: Duration = Duration::from_secs(30);

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody on the shop's network. Shows no personal data.
    Public,
    /// Colleagues who are signed in; what their role may do is decided by the counter's use cases.
    SignedIn,
}

/// One route, as documentation and tests see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, in axum's notation.
    pub path: &'static str,
    /// Who may use it.
    pub permission: Permission,
}

macro_rules! routes {
    ($( $method:ident $path:literal $permission:ident $handler:path, )*) => {
        /// All routes of the JSON API.
        pub fn routes() -> Vec<RouteInfo> {
            vec![ $( RouteInfo { method: routes!(@name $method), path: $path, permission: Permission::$permission }, )* ]
        }

        fn handlers() -> Vec<(&'static str, MethodRouter<Counter>)> {
            vec![ $( ($path, $method($handler)), )* ]
        }
    };
    (@name get) => { "GET" };
    (@name post) => { "POST" };
}

routes! {
    get  "/healthz"                              Public   operations::health,
    get  "/readyz"                               Public   operations::ready,
    get  "/metrics"                              Public   operations::metrics,
    get  "/api/v1/status"                        Public   status::status,
    get  "/api/v1/staff"                         Public   session::staff,
    post "/api/v1/sign-in"                       Public   session::sign_in,

    post "/api/v1/sign-out"                      SignedIn session::sign_out,
    post "/api/v1/staff/{staff}/unlock"          SignedIn session::unlock,
    get  "/api/v1/catalogue"                     SignedIn orders::catalogue,
    get  "/api/v1/search"                        SignedIn orders::search,
    get  "/api/v1/today"                         SignedIn orders::today,
    get  "/api/v1/queue"                         SignedIn orders::queue,
    get  "/api/v1/conflicts"                     SignedIn orders::conflicts,
    post "/api/v1/orders"                        SignedIn orders::take_in,
    get  "/api/v1/orders/{order}"                SignedIn orders::order,
    post "/api/v1/orders/{order}"                SignedIn orders::edit,
    post "/api/v1/orders/{order}/status"         SignedIn orders::status,
    post "/api/v1/orders/{order}/status/undo"    SignedIn orders::undo,
    post "/api/v1/orders/{order}/payments"       SignedIn orders::pay,
    post "/api/v1/orders/{order}/hand-out"       SignedIn orders::hand_out,
    post "/api/v1/orders/{order}/take-back"      SignedIn orders::take_back,
    post "/api/v1/orders/{order}/hand-over"      SignedIn orders::hand_over,
    post "/api/v1/orders/{order}/cancel"         SignedIn orders::cancel,
    post "/api/v1/orders/{order}/comments"       SignedIn orders::comment,
    post "/api/v1/orders/{order}/settle"         SignedIn orders::settle,
    get  "/api/v1/customers/{customer}"          SignedIn customers::customer,
    post "/api/v1/customers/{customer}"          SignedIn customers::edit,
}

/// The router, with its limits.
pub fn router(counter: Counter) -> Router {
    operations::describe_metrics();
    let mut router = Router::new();
    for (path, handler) in merged_by_path() {
        router = router.route(path, handler);
    }
    router
        .layer(DefaultBodyLimit::max(REQUEST_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            REQUEST,
        ))
        .layer(CatchPanicLayer::new())
        .with_state(counter)
}

/// Methods of one path become one entry, as axum wants them.
fn merged_by_path() -> Vec<(&'static str, MethodRouter<Counter>)> {
    let mut merged: Vec<(&'static str, MethodRouter<Counter>)> = Vec::new();
    for (path, handler) in handlers() {
        match merged.iter_mut().find(|(known, _)| *known == path) {
            Some((_, earlier)) => *earlier = std::mem::take(earlier).merge(handler),
            None => merged.push((path, handler)),
        }
    }
    merged
}
