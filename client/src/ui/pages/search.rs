//! One box for everything: a scanned or typed ticket opens its order, everything else lists what was found.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shared::domain::{TicketError, TicketNumber};

use crate::counter::CounterError;
use crate::sync::find::Answer;
use crate::ui::Ui;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;
use crate::ui::views::customer::CustomerRow;
use crate::ui::views::row::OrderRow;
use shared::presentation::page::Words;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    layout: Layout,
    words: Words,
    results: Results,
}

#[derive(Template)]
#[template(path = "parts/search_results.html")]
struct SearchResults {
    words: Words,
    results: Results,
}

/// What was found.
#[derive(Default)]
struct Results {
    query: String,
    hint: Option<String>,
    orders: Vec<OrderRow>,
    customers: Vec<CustomerRow>,
    has_more: bool,
    /// A whole ticket number that nothing here has: the hub can be asked.
    elsewhere: Option<Elsewhere>,
}

/// An order that another branch may have.
struct Elsewhere {
    words: String,
    may_ask: bool,
}

impl Results {
    fn is_nothing_found(&self) -> bool {
        !self.query.is_empty() && self.orders.is_empty() && self.customers.is_empty()
    }
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    q: String,
}

/// Longer than any name, number or scan; the rest is cut off before it is looked for.
const MAX_QUERY_CHARACTERS: usize = 200;

/// The search with Enter: straight to the order when a whole ticket number was scanned or typed.
pub(crate) async fn page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<SearchQuery>,
) -> Response {
    let words = signed_in.reader.words;
    let text = bounded(&query.q);
    if text.parse::<TicketNumber>().is_ok()
        && let Ok(details) = ui.counter.order(&text).await
    {
        return Redirect::to(&format!("/orders/{}", details.order.id)).into_response();
    }
    match find(&ui, words, &text).await {
        Ok(results) => {
            let mut layout = Layout::of(&ui, &signed_in, Nav::Elsewhere).await;
            layout.query = text;
            render(&SearchPage {
                layout,
                words,
                results,
            })
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Results as somebody types.
pub(crate) async fn results(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<SearchQuery>,
) -> Response {
    let words = signed_in.reader.words;
    match find(&ui, words, &bounded(&query.q)).await {
        Ok(results) => render(&SearchResults { words, results }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

async fn find(ui: &Ui, words: Words, text: &str) -> Result<Results, CounterError> {
    if text.is_empty() {
        return Ok(Results::default());
    }
    let found = ui.counter.search(text).await?;
    let ticket = text.parse::<TicketNumber>().ok();
    let elsewhere = ticket
        .filter(|_| found.orders.is_empty())
        .map(|ticket| elsewhere(words, ui.counter.answer_for(&ticket)));
    let is_misread = text.parse::<TicketNumber>() == Err(TicketError::CheckCharacter);
    Ok(with_seen(ui, words, |seen| Results {
        query: text.to_owned(),
        hint: (is_misread && found.orders.is_empty()).then(|| words.text("search-misread")),
        orders: OrderRow::all(seen, &found.orders),
        customers: CustomerRow::all(seen, &found.customers),
        has_more: found.more_orders,
        elsewhere,
    }))
}

fn elsewhere(words: Words, answer: Option<Answer>) -> Elsewhere {
    let key = match answer {
        None => "search-elsewhere",
        Some(Answer::Awaited) => "search-elsewhere-awaited",
        Some(Answer::Coming) => "search-elsewhere-coming",
        Some(Answer::Unknown) => "search-elsewhere-unknown",
        Some(Answer::NoLine) => "search-elsewhere-no-line",
    };
    Elsewhere {
        words: words.text(key),
        may_ask: matches!(answer, None | Some(Answer::Unknown | Answer::NoLine)),
    }
}

/// Has the hub asked for the order with a ticket. The page that follows says what came of it, and shows the order when it is
/// here.
pub(crate) async fn ask(
    State(ui): State<Ui>,
    _: SignedIn,
    Form(query): Form<SearchQuery>,
) -> Response {
    let Ok(ticket) = bounded(&query.q).parse::<TicketNumber>() else {
        return Redirect::to("/search").into_response();
    };
    // Letters and digits only.
    let page = format!("/search?q={}", ticket.as_str());
    ui.counter.ask_hub_for(ticket);
    Redirect::to(&page).into_response()
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(MAX_QUERY_CHARACTERS).collect()
}
