//! Whether the hub lives and works.

use axum::extract::State;
use axum::http::StatusCode;

use shared::read_model::Reader;

use crate::router::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the writer writes and the lists can be read.
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, String) {
    let writes = app
        .hub
        .write(|_| Ok::<_, crate::backend::BackendError>(()))
        .await;
    let reads = app.hub.read(Reader::position).await;
    match (writes, reads) {
        (Ok(()), Ok(position)) => (StatusCode::OK, format!("ready at {position}\n")),
        (Err(error), _) | (_, Err(error)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {error}\n"),
        ),
    }
}
