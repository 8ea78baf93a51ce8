//! One order: where the work is, who holds it, what is paid, and what may be done next.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::counter::{CounterError, OrderDetails};
use crate::ui::Ui;
use crate::ui::forms::Fields;
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{Problem, error_page, render, render_as};
use crate::ui::session::SignedIn;
use crate::ui::views::order::OrderView;
use shared::presentation::page::Words;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    layout: Layout,
    words: Words,
    order: OrderView,
    problem: Option<Problem>,
    /// What was typed into a form that was refused.
    kept: Fields,
}

#[derive(Template)]
#[template(path = "parts/order_state.html")]
struct OrderState {
    words: Words,
    order: OrderView,
}

/// The page.
pub(crate) async fn page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
) -> Response {
    match ui.counter.order(&order).await {
        Ok(details) => show(&ui, &signed_in, &details, None, Fields::default()).await,
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Its three axes, for refreshing.
pub(crate) async fn state(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
) -> Response {
    match ui.counter.order(&order).await {
        Ok(details) => {
            let words = signed_in.reader.words;
            render(&OrderState {
                words,
                order: view(&ui, &signed_in, &details),
            })
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The page again after a refusal, with what was typed.
pub(crate) async fn refused(
    ui: &Ui,
    signed_in: &SignedIn,
    order: &str,
    problem: Problem,
    kept: Fields,
) -> Response {
    match ui.counter.order(order).await {
        Ok(details) => show(ui, signed_in, &details, Some(problem), kept).await,
        Err(error) => error_page(ui, signed_in, &error).await,
    }
}

/// As [`refused`], for an error of a use case.
pub(crate) async fn failed(
    ui: &Ui,
    signed_in: &SignedIn,
    order: &str,
    error: &CounterError,
    kept: Fields,
) -> Response {
    let problem = Problem::of(signed_in.reader.words, error);
    refused(ui, signed_in, order, problem, kept).await
}

async fn show(
    ui: &Ui,
    signed_in: &SignedIn,
    details: &OrderDetails,
    problem: Option<Problem>,
    kept: Fields,
) -> Response {
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |problem| problem.status);
    let page = OrderPage {
        layout: Layout::of(ui, signed_in, Nav::Elsewhere).await,
        words: signed_in.reader.words,
        order: view(ui, signed_in, details),
        problem,
        kept,
    };
    render_as(status, &page)
}

fn view(ui: &Ui, signed_in: &SignedIn, details: &OrderDetails) -> OrderView {
    let may_serve = signed_in.person.may_serve();
    with_seen(ui, signed_in.reader.words, |seen| {
        OrderView::of(seen, details, may_serve)
    })
}
