//! Every page and form of the branch on one page.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
use shared::presentation::assets;
use tower_http::set_header::SetResponseHeaderLayer;

use super::pages::{
    conflicts, customer, events, files, intake, order, order_actions, quarantine, search, sign_in,
    sync, ticket, today,
};
use super::{Ui, session};
use crate::counter::Counter;

/// Who may ask for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody on the shop's network.
    Everybody,
    /// Colleagues who are signed in; what their role may do is decided by the counter's use cases.
    SignedIn,
}

/// One route, as documentation and tests see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, in axum's notation.
    pub path: &'static str,
    /// Who may ask for it.
    pub permission: Permission,
}

macro_rules! routes {
    ($( $method:ident $path:literal $permission:ident $handler:path, )*) => {
        /// All routes that the pages serve.
        pub const ROUTES: &[Route] = &[
            $( Route { method: routes!(@name $method), path: $path, permission: Permission::$permission }, )*
        ];

        fn handlers() -> Vec<(&'static str, MethodRouter<Ui>)> {
            vec![ $( ($path, $method($handler)), )* ]
        }
    };
    (@name get) => { "GET" };
    (@name post) => { "POST" };
}

routes! {
    get  "/"                         Everybody sign_in::start,
    get  "/sign-in"                  Everybody sign_in::page,
    post "/sign-in"                  Everybody sign_in::submit,
    post "/unlock"                   Everybody sign_in::unlock,
    post "/preferences"              Everybody sign_in::preferences,
    get  "/assets/{name}"            Everybody files::asset,

    get  "/me"                       SignedIn  sign_in::me,
    post "/sign-out"                 SignedIn  sign_in::sign_out,
    get  "/today"                    SignedIn  today::page,
    get  "/today/list"               SignedIn  today::list,
    get  "/workshop"                 SignedIn  today::workshop,
    get  "/workshop/list"            SignedIn  today::workshop_list,
    get  "/search"                   SignedIn  search::page,
    get  "/search/results"           SignedIn  search::results,
    get  "/events"                   SignedIn  events::stream,

    get  "/orders/new"               SignedIn  intake::new_page,
    post "/orders"                   SignedIn  intake::take_in,
    get  "/orders/{order}/edit"      SignedIn  intake::edit_page,
    post "/orders/{order}/edit"      SignedIn  intake::edit,
    get  "/orders/{order}"           SignedIn  order::page,
    get  "/orders/{order}/state"     SignedIn  order::state,
    post "/orders/{order}/status"    SignedIn  order_actions::status,
    post "/orders/{order}/pay"       SignedIn  order_actions::pay,
    post "/orders/{order}/refund"    SignedIn  order_actions::refund,
    post "/orders/{order}/hand-out"  SignedIn  order_actions::hand_out,
    post "/orders/{order}/hand-over" SignedIn  order_actions::hand_over,
    post "/orders/{order}/take-back" SignedIn  order_actions::take_back,
    post "/orders/{order}/cancel"    SignedIn  order_actions::cancel,
    post "/orders/{order}/comment"   SignedIn  order_actions::comment,
    post "/orders/{order}/settle"    SignedIn  order_actions::settle,
    post "/orders/{order}/keep"      SignedIn  order_actions::keep,
    get  "/orders/{order}/ticket"    SignedIn  ticket::page,
    post "/orders/{order}/ticket"    SignedIn  ticket::printed,

    get  "/customers/suggest"        SignedIn  customer::suggest,
    get  "/customers/{customer}"     SignedIn  customer::page,
    get  "/customers/{customer}/edit" SignedIn customer::edit_page,
    post "/customers/{customer}/edit" SignedIn customer::edit,

    post "/customers/{customer}/settle" SignedIn customer::settle,

    get  "/conflicts"                SignedIn  conflicts::page,
    get  "/sync"                     SignedIn  sync::page,
    get  "/sync/state"               SignedIn  sync::state,
    get  "/sync/pill"                SignedIn  sync::pill,
    get  "/quarantine"               SignedIn  quarantine::page,
    post "/quarantine/retry"         SignedIn  quarantine::retry,
}

/// The largest form: 100 items with all their fields is below 200 KB.
const MAX_FORM_BYTES: usize = 256 * 1024;

/// The pages' router, with their limits and headers.
pub fn router(counter: Counter) -> Router {
    let mut router = Router::new();
    for (path, handler) in handlers() {
        router = router.route(path, handler);
    }
    let set =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .fallback(files::not_found)
        .layer(middleware::from_fn(session::refuse_other_origins))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(set(
            header::CONTENT_SECURITY_POLICY,
            assets::CONTENT_SECURITY_POLICY,
        ))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "same-origin"))
        // Orders are personal data: nothing of them stays in a browser's cache.
        .layer(set(header::CACHE_CONTROL, "no-store"))
        .with_state(Ui { counter })
}
