//! Style, script and mark; and the stream of news for open pages.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use shared::presentation::assets;
use tokio::time::Instant;

use crate::problem::Problem;
use crate::router::App;

/// Proxies and tablets drop connections that are silent for about a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// An overview is not read anew more often than this, however busy the branches are.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// How old "As of" on an open page may get.
const FRESHNESS_EVERY: Duration = Duration::from_secs(15);

/// `GET /assets/{name}`.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = assets::find(&name).ok_or_else(|| Problem::not_found("there is no such file"))?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, assets::CACHE_CONTROL),
    ];
    Ok((headers, asset.bytes).into_response())
}

/// `GET /events`: one event when something changed, and every few seconds besides. Ends with the hub; browsers come back by themselves.
pub(crate) async fn events(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut head = app.hub.head();
    head.mark_unchanged();
    let state = (head, app.stopping.clone(), Instant::now());
    let news = stream::unfold(state, |(mut head, mut stopping, last)| async move {
        tokio::time::sleep_until(last + AT_MOST_EVERY).await;
        tokio::select! {
            changed = head.changed() => changed.ok()?,
            // Contacts come and go without any document changing, and a page says which branches are away.
            () = tokio::time::sleep(FRESHNESS_EVERY) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return None,
        }
        let event = Event::default().data("documents");
        Some((Ok(event), (head, stopping, Instant::now())))
    });
    Sse::new(news).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
