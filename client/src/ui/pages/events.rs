//! News for open pages, as server-sent events. A page reads its marked parts again when one comes.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;

use crate::counter::Changed;
use crate::ui::Ui;
use crate::ui::session::SignedIn;

/// Proxies and tablets drop connections that are silent for about a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The stream of one page. It ends with the daemon; browsers come back by themselves.
pub(crate) async fn stream(
    State(ui): State<Ui>,
    _: SignedIn,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = stream::unfold(ui.counter.changes(), |mut changes| async move {
        let what = match changes.recv().await {
            Ok(Changed::Documents(_)) => "documents",
            Ok(Changed::Sync) => "sync",
            // News were missed: whatever they were, reading again shows them.
            Err(RecvError::Lagged(_)) => "all",
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(what)), changes))
    });
    Sse::new(news).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
