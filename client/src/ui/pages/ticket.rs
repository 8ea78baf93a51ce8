//! The 80 mm ticket.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use shared::id::OrderId;

use crate::counter::CounterError;
use crate::ui::Ui;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;
use crate::ui::views::order::Saved;
use crate::ui::views::sync::saved;
use crate::ui::views::ticket::{TicketView, words_of};
use shared::presentation::page::Words;

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    layout: Layout,
    /// The words of the slip, in the customer's language.
    words: Words,
    /// The words around it, in the reader's.
    here: Words,
    ticket: TicketView,
    saved: Saved,
}

/// The slip on the screen, ready to print.
pub(crate) async fn page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
) -> Response {
    let here = signed_in.reader.words;
    match ui.counter.order(&order).await {
        Ok(details) => {
            let words = words_of(&details.order, here);
            render(&TicketPage {
                layout: Layout::of(&ui, &signed_in, Nav::Elsewhere).await,
                words,
                here,
                ticket: with_seen(&ui, words, |seen| TicketView::of(seen, &details.order)),
                saved: with_seen(&ui, here, |seen| saved(seen, &details)),
            })
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Notes that a slip was printed; the script calls this beside opening the printer's window.
pub(crate) async fn printed(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
) -> Response {
    let noted = match order.parse::<OrderId>() {
        Ok(id) => ui.counter.note_print(&signed_in.person, id).await,
        Err(_) => Err(CounterError::NotFound),
    };
    match noted {
        Ok(()) => Redirect::to(&format!("/orders/{order}/ticket")).into_response(),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}
