//! The handlers, a file per page. Each asks the counter once or twice and fills a template.

pub(crate) mod conflicts;
pub(crate) mod customer;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod intake;
pub(crate) mod order;
pub(crate) mod order_actions;
pub(crate) mod quarantine;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod sync;
pub(crate) mod ticket;
pub(crate) mod today;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Ui;
use super::forms::Fields;

/// The body of a form; the signed-in colleague is extracted before it, so nobody else's body is read.
pub(crate) struct Body(pub(crate) Fields);

impl FromRequest<Ui> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, ui: &Ui) -> Result<Self, Response> {
        let form: Result<Form<Vec<(String, String)>>, FormRejection> =
            Form::from_request(request, ui).await;
        let Form(fields) = form.map_err(IntoResponse::into_response)?;
        Fields::new(fields)
            .map(Self)
            .map_err(|error| (StatusCode::PAYLOAD_TOO_LARGE, error.to_string()).into_response())
    }
}
