//! What surrounds every page, and the page that is nothing but a message.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use jiff::tz::TimeZone;
use shared::domain::Role;
use shared::presentation::page::{Seen, Theme, Words};
use shared::presentation::{assets, icons};
use shared::read_model::{OrderFilter, OrderSort, Page, QueryError, Reader};

use super::freshness;
use super::freshness::AsOf;
use super::reader::Reader as Person;
use crate::problem::Shown;
use crate::router::App;

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    Overview,
    Orders,
    Conflicts,
    Branches,
    Staff,
    Catalogue,
    Quarantine,
    Elsewhere,
}

/// Whoever is logged in, as the bar shows them.
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) is_administrator: bool,
}

/// What surrounds a page.
pub(crate) struct Layout {
    pub(crate) theme: Theme,
    pub(crate) who: Option<Who>,
    pub(crate) nav: Nav,
    pub(crate) conflicts: u64,
    pub(crate) quarantined: usize,
    pub(crate) query: String,
    pub(crate) toast: Option<String>,
    pub(crate) here: String,
    pub(crate) as_of: Option<AsOf>,
    pub(crate) style_url: String,
    pub(crate) script_url: String,
    pub(crate) icon_url: String,
    pub(crate) sprite: &'static str,
    pub(crate) brand_mark: &'static str,
}

impl Layout {
    /// The surroundings for somebody who is not logged in.
    pub(crate) fn for_reader(reader: &Person) -> Self {
        Self {
            theme: reader.theme,
            who: None,
            nav: Nav::Elsewhere,
            conflicts: 0,
            quarantined: 0,
            query: String::new(),
            toast: toast(reader.words, &reader.here),
            here: reader.here.clone(),
            as_of: None,
            style_url: assets::STYLE.url(),
            script_url: assets::SCRIPT.url(),
            icon_url: assets::ICON.url(),
            sprite: icons::SPRITE,
            brand_mark: icons::BRAND_MARK,
        }
    }

    /// The surroundings for whoever is logged in. What cannot be counted is left out; the page still comes.
    pub(crate) async fn of(app: &App, reader: &Person, nav: Nav) -> (Self, Seen) {
        let seen = seen_from_office(app, reader.words);
        let counts = app.hub.read(in_conflict).await;
        let refused = app.hub.refused().await;
        let who = reader.user.as_ref().map(|user| Who {
            name: seen.staff_name(Some(user.staff)),
            role: seen.words.text(&format!("role-{}", user.role.code())),
            is_administrator: user.role == Role::Administrator,
        });
        let layout = Self {
            who,
            nav,
            conflicts: counts.unwrap_or(0),
            quarantined: refused.map_or(0, |refused| refused.len()),
            as_of: Some(freshness::as_of(app, &seen)),
            ..Self::for_reader(reader)
        };
        (layout, seen)
    }
}

/// The office's calendar is that of its first branch; before there is one, this.
const DEFAULT_ZONE: &str = "Europe/Zurich";

/// How things are seen from the office now.
pub(crate) fn seen_from_office(app: &App, words: Words) -> Seen {
    let catalogue = app.hub.catalogue();
    let now = crate::clock::now();
    let zone = catalogue
        .branches
        .first()
        .and_then(|branch| catalogue.territory_of(branch.id))
        .map_or(DEFAULT_ZONE, |territory| territory.time_zone.as_str());
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Seen {
        words,
        branch: None,
        now,
        today: now.in_zone(&zone).date(),
        zone,
        catalogue,
    }
}

/// Customers in conflict that are counted; more than these is no number that anybody reads.
const MAX_CUSTOMERS: usize = 500;

/// What the list of conflicts shows, so that the number beside its name and its length agree.
fn in_conflict(lists: &Reader) -> Result<u64, QueryError> {
    let filter = OrderFilter {
        conflicts_only: true,
        ..OrderFilter::default()
    };
    let first = Page {
        offset: 0,
        limit: 1,
    };
    let customers = lists.conflicted_customers(MAX_CUSTOMERS)?.len();
    let orders = lists.order_list(&filter, OrderSort::Newest, first)?.total;
    Ok(orders + u64::try_from(customers).unwrap_or(u64::MAX))
}

/// What an action reports after its redirect: `?done=settled`. Only these; an address cannot put words on a page.
const DONE: [&str; 7] = [
    "settled",
    "kept",
    "staff",
    "retired",
    "price",
    "absence",
    "forgotten",
];

fn toast(words: Words, here: &str) -> Option<String> {
    let (_, query) = here.split_once('?')?;
    let done = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("done="))?;
    DONE.contains(&done)
        .then(|| words.text(&format!("office-done-{done}")))
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    words: Words,
    layout: Layout,
    title: String,
    message: String,
}

/// A problem as a page, for a person in a browser.
pub(crate) fn message_page(reader: &Person, shown: &Shown) -> Response {
    let words = reader.words;
    let key = match shown.status {
        StatusCode::NOT_FOUND => "office-error-not-found",
        StatusCode::FORBIDDEN => "office-error-forbidden",
        StatusCode::TOO_MANY_REQUESTS => "office-error-too-many",
        StatusCode::CONFLICT => "office-error-conflict",
        status if status.is_server_error() => "office-error-hub",
        _ => "office-error-refused",
    };
    let page = MessagePage {
        words,
        layout: Layout::for_reader(reader),
        title: words.text(key),
        message: shown.message.clone(),
    };
    match page.render() {
        Ok(html) => (shown.status, Html(html)).into_response(),
        Err(_) => (shown.status, shown.message.clone()).into_response(),
    }
}
