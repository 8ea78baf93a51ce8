//! The office's pages. Each works without a script; nothing on them is computed in the browser.

pub(crate) mod branches;
pub(crate) mod catalogue;
pub(crate) mod conflicts;
pub(crate) mod files;
pub(crate) mod freshness;
mod layout;
pub(crate) mod log_in;
pub(crate) mod machines;
pub(crate) mod order;
mod order_view;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod quarantine;
mod reader;
pub(crate) mod staff;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

pub(crate) use layout::{message_page, seen_from_office};
pub(crate) use reader::Reader;

use crate::problem::Problem;

/// A page as an answer.
fn page(template: &impl Template) -> Result<Response, Problem> {
    page_as(StatusCode::OK, template)
}

/// A page as an answer with another status, such as a form with its mistakes.
fn page_as(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "page",
            format!("the page could not be drawn: {error}"),
        )
    })?;
    Ok((status, Html(html)).into_response())
}

/// After a form was carried out: the page that shows it, so that reloading sends nothing twice.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}
