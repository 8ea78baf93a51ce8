//! The style sheet and the script, and what is none of ours.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::presentation::assets;

use crate::ui::Ui;
use crate::ui::problem::no_such_page;
use crate::ui::session::{Reader, SignedIn};

/// One asset; its address carries its content's hash, so browsers keep it.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match assets::find(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, assets::CACHE_CONTROL),
            ],
            asset.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// An address that does not exist.
pub(crate) async fn not_found(
    State(ui): State<Ui>,
    reader: Reader,
    signed_in: Result<SignedIn, Response>,
) -> Response {
    no_such_page(&ui, &reader, signed_in.ok().as_ref()).await
}
