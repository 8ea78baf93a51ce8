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
pub(crate) mod recovery;
pub(crate) mod staff;

use askama::Template;
use axum::http::{StatusCode, header};
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

/// A file for spreadsheets, drawn away from the async threads: a semicolon as they expect it here, and a byte order mark,
/// without which Excel reads UTF-8 as windows-1252. `name` has no extension.
async fn csv_file(
    name: String,
    fill: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error> + Send + 'static,
) -> Result<Response, Problem> {
    let drawn = tokio::task::spawn_blocking(move || {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b';')
            .from_writer("\u{feff}".as_bytes().to_vec());
        fill(&mut writer)?;
        writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))
    });
    let file = drawn
        .await
        .map_err(|_| Problem::bad_request("the file could not be made"))?
        .map_err(|error| Problem::bad_request(format!("the file could not be made: {error}")))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ),
    ];
    Ok((headers, file).into_response())
}

/// Text that no spreadsheet takes for a formula (OWASP, "CSV injection").
fn safe(text: &str) -> String {
    if text.starts_with(['=', '@', '\t', '\r'])
        || text.starts_with(['+', '-']) && text.contains(|c: char| c.is_alphabetic() || c == '(')
    {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// After a form was carried out: the page that shows it, so that reloading sends nothing twice.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}
