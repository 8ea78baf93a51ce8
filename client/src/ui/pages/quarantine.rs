//! What one side could not take from the other: why, and what to do about it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use shared::id::DocumentId;
use shared::presentation::format;
use shared::presentation::page::{Words, spoken_number};

use crate::counter::{Quarantined, SyncState};
use crate::ui::Ui;
use crate::ui::layout::{self, Layout, Nav, with_seen};
use crate::ui::problem::{error_page, render};
use crate::ui::session::SignedIn;

/// More than a person reads in one sitting; the count below says how many there are besides.
const MAX_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    layout: Layout,
    words: Words,
    records: Vec<Record>,
    more: usize,
    may_retry: bool,
}

/// Something that was set aside.
struct Record {
    what: String,
    why: String,
    href: Option<String>,
    document: String,
    when: Option<String>,
    size: Option<String>,
    next: String,
}

/// The page.
pub(crate) async fn page(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let words = signed_in.reader.words;
    let state = match layout::sync_state(&ui).await {
        Ok(state) => state,
        Err(error) => return error_page(&ui, &signed_in, &error).await,
    };
    let records = records(&ui, words, &state).await;
    render(&QuarantinePage {
        layout: Layout::of(&ui, &signed_in, Nav::Elsewhere).await,
        words,
        more: (state.quarantined.len() + state.unreadable.len()).saturating_sub(records.len()),
        records,
        may_retry: signed_in.person.may_serve(),
    })
}

/// Tries everything once more, and shows what is left.
pub(crate) async fn retry(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    match ui.counter.retry_quarantine(&signed_in.person).await {
        Ok(0) => Redirect::to("/quarantine?done=retried").into_response(),
        Ok(_) => Redirect::to("/quarantine?done=released").into_response(),
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

async fn records(ui: &Ui, words: Words, state: &SyncState) -> Vec<Record> {
    let mut records = Vec::new();
    for kept in state.quarantined.iter().take(MAX_SHOWN) {
        records.push(set_aside(ui, words, kept).await);
    }
    let room = MAX_SHOWN - records.len();
    let unreadable = state.unreadable.iter().take(room).map(|stored| Record {
        what: words.text("quarantine-unreadable"),
        why: stored.reason.clone(),
        href: None,
        document: stored.id.to_string(),
        when: None,
        size: None,
        next: words.text("quarantine-next-unreadable"),
    });
    records.extend(unreadable);
    records
}

async fn set_aside(ui: &Ui, words: Words, kept: &Quarantined) -> Record {
    let (what, next) = if kept.from_hub {
        ("quarantine-from-office", "quarantine-next-from-office")
    } else {
        ("quarantine-refused", "quarantine-next-refused")
    };
    let bytes = i64::try_from(kept.bytes).unwrap_or(i64::MAX);
    let (href, document) = match kept.document {
        Some(id) => name_of(ui, id).await,
        None => (None, words.text("quarantine-document-unknown")),
    };
    Record {
        what: words.text(what),
        why: kept.reason.clone(),
        href,
        document,
        when: Some(with_seen(ui, words, |seen| seen.moment(kept.at))),
        size: Some(format!("{} B", format::count(bytes))),
        next: words.text(next),
    }
}

/// What people call a document, and its page; its id when this branch does not show it.
async fn name_of(ui: &Ui, id: DocumentId) -> (Option<String>, String) {
    if let Ok(details) = ui.counter.order(&id.to_string()).await {
        let order = details.order;
        let number = spoken_number(order.ticket.as_deref(), &order.number());
        return (Some(format!("/orders/{id}")), number);
    }
    match ui.counter.customer(id.into()).await {
        Ok(details) => {
            let name = details.customer.contact.name;
            let name = name.unwrap_or_else(|| id.to_string());
            (Some(format!("/customers/{id}")), name)
        }
        Err(_) => (None, id.to_string()),
    }
}
