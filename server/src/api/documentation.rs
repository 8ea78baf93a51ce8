//! The description of the JSON interface, and a page to try it on.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, serve};

use super::{figures, operations};
use crate::problem::Problem;

/// Where the description is.
const DESCRIPTION: &str = "/api/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Offpiste hub",
        description = "For automation. Log in with HTTP Basic and an office account, or with the session of the office's pages."
    ),
    paths(
        figures::overview,
        figures::orders,
        figures::order,
        operations::branches,
        operations::make_join_string,
        operations::take_on,
        operations::settle
    )
)]
struct Description;

static PAGES: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from(DESCRIPTION)));

/// `GET /api/openapi.json`.
pub(crate) async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// `GET /api/docs`.
pub(crate) async fn to_pages() -> Redirect {
    Redirect::permanent("/api/docs/")
}

/// `GET /api/docs/`.
pub(crate) async fn index() -> Result<Response, Problem> {
    file("")
}

/// `GET /api/docs/{file}`.
pub(crate) async fn page(Path(name): Path<String>) -> Result<Response, Problem> {
    file(&name)
}

fn file(name: &str) -> Result<Response, Problem> {
    let found = serve(name, Arc::clone(&PAGES))
        .map_err(|error| Problem::bad_request(error.to_string()))?
        .ok_or_else(|| Problem::not_found("there is no such file"))?;
    let headers = [(header::CONTENT_TYPE, found.content_type)];
    Ok((headers, found.bytes.into_owned()).into_response())
}
