//! What branches and importers say: the wire of `docs/PROTOCOL.md` over HTTP.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::domain::TicketNumber;
use shared::limits;
use shared::wire::{
    self, Exchange, FindQuery, FindReply, JoinReply, JoinRequest, WAIT_SECONDS, WaitReply,
    WireError, v1,
};
use tokio::time::Instant;

use crate::auth::FromReplica;
use crate::backend::JoinError;
use crate::clock;
use crate::problem::Problem;
use crate::router::App;

/// `POST /sync/v1/exchange`.
pub(crate) async fn exchange(
    State(app): State<App>,
    FromReplica(replica): FromReplica,
    body: Bytes,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    // Unpacking and reading megabytes would hold up every other connection of this thread.
    let version = wire::version_of(&body);
    let message = tokio::task::spawn_blocking(move || match version {
        Some(1) => wire::decode_as::<v1::Exchange>(1, &body).map(Exchange::from),
        _ => wire::decode(&body),
    })
    .await
    .map_err(|_| Problem::bad_request("the message could not be read"))?
    .map_err(|error| unreadable(&error))?;
    let reply = app.hub.exchange(&replica, message).await?;
    let response = match version {
        Some(1) => binary(wire::encode_as(1, &v1::ExchangeReply::from(reply))),
        _ => binary(wire::encode(&reply)),
    };
    metrics::histogram!("offpiste_hub_exchange_seconds").record(begun.elapsed().as_secs_f64());
    response
}

/// `POST /sync/v1/reconcile`.
pub(crate) async fn reconcile(
    State(app): State<App>,
    FromReplica(replica): FromReplica,
    body: Bytes,
) -> Result<Response, Problem> {
    let query = wire::decode(&body).map_err(|error| unreadable(&error))?;
    app.hub.note_contact(replica.number);
    binary(wire::encode(&app.hub.reconcile(&replica, query).await?))
}

/// `POST /sync/v1/fetch`.
pub(crate) async fn fetch(
    State(app): State<App>,
    FromReplica(replica): FromReplica,
    body: Bytes,
) -> Result<Response, Problem> {
    let query = wire::decode(&body).map_err(|error| unreadable(&error))?;
    app.hub.note_contact(replica.number);
    binary(wire::encode(
        &app.hub.fetch_documents(&replica, query).await?,
    ))
}

/// `POST /sync/v1/find`.
pub(crate) async fn find(
    State(app): State<App>,
    FromReplica(replica): FromReplica,
    body: Bytes,
) -> Result<Json<FindReply>, Problem> {
    let query: FindQuery = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("this asks for no order: {error}")))?;
    let ticket: TicketNumber = query
        .ticket
        .parse()
        .map_err(|error| Problem::bad_request(format!("this is no ticket number: {error}")))?;
    app.hub.note_contact(replica.number);
    let order = app.hub.find(&replica, ticket).await?;
    Ok(Json(FindReply { order }))
}

/// The query of a wait.
#[derive(Debug, Deserialize)]
pub(crate) struct WaitQuery {
    #[serde(default)]
    after: u64,
}

/// `GET /sync/v1/wait?after=`: answers when the caller's scope has moved, or after 25 s.
pub(crate) async fn wait(
    State(app): State<App>,
    FromReplica(replica): FromReplica,
    Query(query): Query<WaitQuery>,
) -> Result<Json<WaitReply>, Problem> {
    app.hub.note_contact(replica.number);
    let until = Instant::now() + Duration::from_secs(WAIT_SECONDS);
    let mut stopping = app.stopping.clone();
    tokio::select! {
        reply = app.hub.wait(&replica, query.after, until) => {
            app.hub.note_contact(replica.number);
            Ok(Json(reply?))
        }
        // A graceful stop does not wait for long-polls; the branch asks the next process.
        _ = stopping.wait_for(|stopping| *stopping) => Ok(Json(WaitReply {
            epoch: app.hub.epoch(),
            position: query.after,
            changed: false,
        })),
    }
}

/// `POST /sync/v1/join`.
pub(crate) async fn join(State(app): State<App>, body: Bytes) -> Result<Json<JoinReply>, Problem> {
    /// All wrong codes share one count: codes are too long to guess, this only keeps the noise down.
    const GUESSES: &str = "join";
    let request: JoinRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("this is no join request: {error}")))?;
    let wait = app.joins.wait_millis(GUESSES, clock::now());
    if wait > 0 {
        return Err(Problem::too_many_tries((wait + 999) / 1_000));
    }
    match app.hub.join(request).await {
        Ok(reply) => {
            app.joins.note_right(GUESSES);
            Ok(Json(reply))
        }
        Err(error) => {
            if matches!(error, JoinError::Unknown) {
                app.joins.note_wrong(GUESSES, clock::now());
            }
            Err(error.into())
        }
    }
}

/// The query of the whole feed.
#[derive(Debug, Deserialize)]
pub(crate) struct DocumentsQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// `GET /sync/v1/documents?after=&limit=`.
pub(crate) async fn documents(
    State(app): State<App>,
    Query(query): Query<DocumentsQuery>,
) -> Result<Response, Problem> {
    let limit = query.limit.unwrap_or(limits::DOCUMENTS_PER_EXCHANGE);
    let reply = app.hub.documents_after(query.after, limit).await?;
    binary(wire::encode(&reply))
}

/// `GET /join`: where a join string leads somebody who opens it in a browser.
pub(crate) async fn join_explained() -> &'static str {
    "This address is a join string for a machine, not a page.\n\n\
     On the branch's machine run:\n\n    offpiste-branch join '<the whole address>' --data DIR\n\n\
     It works once and runs out after a day.\n"
}

fn unreadable(error: &WireError) -> Problem {
    let (status, code) = match error {
        WireError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        WireError::UnknownVersion { .. } => (StatusCode::UPGRADE_REQUIRED, "format"),
        _ => (StatusCode::BAD_REQUEST, "unreadable"),
    };
    Problem::new(
        status,
        code,
        format!("{error}; nothing of it was taken, and nothing is lost"),
    )
}

fn binary(message: Result<Vec<u8>, WireError>) -> Result<Response, Problem> {
    let bytes = message.map_err(|error| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "too_large",
            error.to_string(),
        )
    })?;
    // No media type: the first byte says what it is, and the line would be a seventh of a quiet exchange.
    Ok(Body::from(bytes).into_response())
}
