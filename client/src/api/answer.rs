//! Errors as HTTP answers: a status for programs, a key for translations, a sentence for people.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::counter::CounterError;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The use case says no.
    Counter(CounterError),
    /// The request is not what the route takes.
    Request(String),
}

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    message: String,
}

impl From<CounterError> for ApiError {
    fn from(error: CounterError) -> Self {
        Self::Counter(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error, message) = match self {
            Self::Counter(error) => (status_of(&error), error.text_key(), error.to_string()),
            Self::Request(message) => (StatusCode::BAD_REQUEST, "error-request", message),
        };
        (status, Json(ErrorBody { error, message })).into_response()
    }
}

fn status_of(error: &CounterError) -> StatusCode {
    match error {
        CounterError::Refused(_) | CounterError::OwnLock => StatusCode::UNPROCESSABLE_ENTITY,
        CounterError::NotFound => StatusCode::NOT_FOUND,
        CounterError::SignedOut | CounterError::CannotSignIn | CounterError::WrongPin { .. } => {
            StatusCode::UNAUTHORIZED
        }
        CounterError::Locked => StatusCode::LOCKED,
        CounterError::NotAllowed => StatusCode::FORBIDDEN,
        CounterError::NotReady | CounterError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        CounterError::NotSaved(_) | CounterError::Lists(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A JSON body whose errors are answered like all others.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(ApiError::Request(JsonRejection::body_text(&rejection))),
        }
    }
}

/// A query string whose errors are answered like all others.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(ApiError::Request(QueryRejection::body_text(&rejection))),
        }
    }
}
