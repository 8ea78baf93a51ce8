//! All conflicts of this branch, to be decided one after the other.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use shared::presentation::page::{ConflictView, Words, conflict_views, spoken_number};

use crate::counter::CounterError;
use crate::ui::Ui;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ConflictsPage {
    layout: Layout,
    words: Words,
    inbox: Vec<InConflict>,
}

/// An order or a customer.
struct InConflict {
    href: String,
    number: String,
    name: String,
    conflicts: Vec<ConflictView>,
}

/// As many as are decided in one sitting; the next ones come up as these are done.
const MAX_SHOWN: usize = 30;

/// The page.
pub(crate) async fn page(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    match inbox(&ui, words).await {
        Ok(inbox) => render(&ConflictsPage {
            layout: Layout::of(&ui, &signed_in, Nav::Conflicts).await,
            words,
            inbox,
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

async fn inbox(ui: &Ui, words: Words) -> Result<Vec<InConflict>, CounterError> {
    let mut found = Vec::new();
    for summary in ui.counter.conflicts().await?.into_iter().take(MAX_SHOWN) {
        let details = match ui.counter.order(&summary.id.to_string()).await {
            Ok(details) => details,
            Err(CounterError::NotFound) => continue,
            Err(error) => return Err(error),
        };
        let order = &details.order;
        let href = format!("/orders/{}", order.id);
        let view = with_seen(ui, words, |seen| InConflict {
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            name: seen.name_at_intake(order),
            conflicts: conflict_views(seen, Some(order), &details.conflicts, &href, "/conflicts"),
            href: href.clone(),
        });
        found.push(view);
    }
    for summary in ui.counter.customers_in_conflict().await? {
        if found.len() >= MAX_SHOWN {
            break;
        }
        let details = match ui.counter.customer(summary.id).await {
            Ok(details) => details,
            Err(CounterError::NotFound) => continue,
            Err(error) => return Err(error),
        };
        let href = format!("/customers/{}", summary.id);
        let view = with_seen(ui, words, |seen| InConflict {
            number: words.text("customer"),
            name: seen.name_or_word(summary.name.as_deref(), summary.erased),
            conflicts: conflict_views(seen, None, &details.conflicts, &href, "/conflicts"),
            href: href.clone(),
        });
        found.push(view);
    }
    Ok(found)
}
