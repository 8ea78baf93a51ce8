//! The state of the line to the office, in words.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::ui::Ui;
use crate::ui::layout::{self, Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;
use crate::ui::views::sync::{Pill, SyncView};
use shared::presentation::page::Words;

#[derive(Template)]
#[template(path = "sync.html")]
struct SyncPage {
    layout: Layout,
    words: Words,
    sync: SyncView,
}

#[derive(Template)]
#[template(path = "parts/sync_state.html")]
struct SyncPart {
    words: Words,
    sync: SyncView,
}

#[derive(Template)]
#[template(path = "parts/pill.html")]
struct PillPart {
    words: Words,
    pill: Pill,
}

/// The page.
pub(crate) async fn page(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    match layout::sync_state(&ui).await {
        Ok(state) => render(&SyncPage {
            layout: Layout::of(&ui, &signed_in, Nav::Elsewhere).await,
            words,
            sync: with_seen(&ui, words, |seen| SyncView::of(seen, &state)),
        }),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Its changing part, for refreshing.
pub(crate) async fn state(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    match layout::sync_state(&ui).await {
        Ok(state) => {
            let sync = with_seen(&ui, words, |seen| SyncView::of(seen, &state));
            render(&SyncPart { words, sync })
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// The few words of every page's bar, for refreshing.
pub(crate) async fn pill(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    render(&PillPart {
        words,
        pill: layout::pill(&ui, words).await,
    })
}
