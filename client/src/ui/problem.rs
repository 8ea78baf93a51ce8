//! What went wrong, for a person: what is safe and what to do next.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use shared::presentation::page::Words;
use shared::presentation::text_with;

use super::Ui;
use super::layout::{Layout, Nav};
use super::session::{Reader, SignedIn, sign_in_address};
use crate::counter::{CounterError, Refusal};

/// A refusal in words.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// What was refused or failed.
    pub(crate) title: String,
    /// What is safe and what to do next.
    pub(crate) next: String,
    /// The HTTP status that goes with it.
    pub(crate) status: StatusCode,
}

impl Problem {
    /// The words for an error of a use case.
    pub(crate) fn of(words: Words, error: &CounterError) -> Self {
        let title = match error {
            CounterError::WrongPin { tries_left } => {
                words.with("error-wrong-pin", "count", *tries_left)
            }
            CounterError::NotSaved(cause) => words.with("error-not-saved", "cause", cause.as_str()),
            CounterError::Lists(_) => words.text("error-lists"),
            CounterError::Refused(refusal) => refusal_words(words, refusal),
            other => words.text(other.text_key()),
        };
        let next = match error {
            CounterError::NotSaved(_) => "next-not-saved",
            CounterError::Lists(_) | CounterError::Stopping => "next-try-again",
            CounterError::Locked => "next-locked",
            CounterError::SignedOut => "next-sign-in",
            CounterError::NotReady => "next-not-ready",
            CounterError::NotFound => "next-search",
            CounterError::WrongPin { .. }
            | CounterError::CannotSignIn
            | CounterError::OwnLock
            | CounterError::Refused(_)
            | CounterError::NotAllowed => "next-nothing-changed",
        };
        Self {
            title,
            next: words.text(next),
            status: status_of(error),
        }
    }

    /// The words for a refusal made before the use case was asked, such as an amount that cannot be read.
    pub(crate) fn in_form(words: Words, key: &str) -> Self {
        Self {
            title: words.text(key),
            next: words.text("next-nothing-changed"),
            status: StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

fn refusal_words(words: Words, refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooLong(what) => text_with(
            words.language,
            refusal.text_key(),
            &[("what", (*what).into())],
        ),
        other => words.text(other.text_key()),
    }
}

fn status_of(error: &CounterError) -> StatusCode {
    match error {
        CounterError::Refused(Refusal::AlreadySo | Refusal::NothingToSettle) => {
            StatusCode::CONFLICT
        }
        CounterError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        CounterError::NotFound => StatusCode::NOT_FOUND,
        CounterError::SignedOut => StatusCode::UNAUTHORIZED,
        CounterError::CannotSignIn
        | CounterError::WrongPin { .. }
        | CounterError::Locked
        | CounterError::OwnLock
        | CounterError::NotAllowed => StatusCode::FORBIDDEN,
        CounterError::NotReady | CounterError::Lists(_) | CounterError::Stopping => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        CounterError::NotSaved(_) => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// A page of its own for what leaves nothing else to show.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    layout: Layout,
    words: Words,
    icon: &'static str,
    title: String,
    next: String,
    way_href: String,
    way_words: String,
}

/// The page for an error, with the way back to work.
pub(crate) async fn error_page(ui: &Ui, signed_in: &SignedIn, error: &CounterError) -> Response {
    let words = signed_in.reader.words;
    let problem = Problem::of(words, error);
    let page = MessagePage {
        layout: Layout::of(ui, signed_in, Nav::Elsewhere).await,
        words,
        icon: if problem.status == StatusCode::NOT_FOUND {
            "search"
        } else {
            "warning"
        },
        title: problem.title,
        next: problem.next,
        way_href: "/today".to_owned(),
        way_words: words.text("nav-today"),
    };
    render_as(problem.status, &page)
}

/// The page for an address that does not exist.
pub(crate) async fn no_such_page(
    ui: &Ui,
    reader: &Reader,
    signed_in: Option<&SignedIn>,
) -> Response {
    let words = reader.words;
    let layout = match signed_in {
        Some(signed_in) => Layout::of(ui, signed_in, Nav::Elsewhere).await,
        None => Layout::for_reader(ui, reader),
    };
    let page = MessagePage {
        layout,
        words,
        icon: "search",
        title: words.text("error-no-page"),
        next: words.text(if signed_in.is_some() {
            "next-search"
        } else {
            "next-sign-in"
        }),
        way_href: "/today".to_owned(),
        way_words: words.text("nav-today"),
    };
    render_as(StatusCode::NOT_FOUND, &page)
}

/// A form that came after its session had ended.
pub(crate) struct SessionEnded;

impl SessionEnded {
    /// Nothing was saved; the browser's way back still has what was typed.
    pub(crate) fn page(ui: &Ui, reader: &Reader) -> Response {
        let words = reader.words;
        let page = MessagePage {
            layout: Layout::for_reader(ui, reader),
            words,
            icon: "lock",
            title: words.text("error-signed-out"),
            next: words.text("next-session-ended"),
            way_href: sign_in_address("/today"),
            way_words: words.text("sign-in-title"),
        };
        render_as(StatusCode::UNAUTHORIZED, &page)
    }
}

/// A template as an answer.
pub(crate) fn render(template: &impl Template) -> Response {
    render_as(StatusCode::OK, template)
}

/// A template as an answer with a status of its own.
pub(crate) fn render_as(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            // Templates only fail when a formatter does; nothing was written by showing a page.
            tracing::error!(%error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This page could not be shown. Nothing was changed; please go back.",
            )
                .into_response()
        }
    }
}
