//! Who reads: language, theme, and where they are. Never fails, so that an error page has a language too.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use shared::presentation::page::{LANGUAGE_COOKIE, THEME_COOKIE, Theme, Words, language_wanted};

use crate::auth::{Caller, OfficeUser, cookie};

/// Whoever reads a page.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) words: Words,
    pub(crate) theme: Theme,
    /// Path and query.
    pub(crate) here: String,
    /// Whether a script asks for a part of the page.
    pub(crate) wants_fragment: bool,
    /// None before the log-in.
    pub(crate) user: Option<OfficeUser>,
}

impl Reader {
    /// Reads it from a request's head.
    pub(crate) fn of(parts: &Parts) -> Self {
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE);
        let language = language_wanted(
            cookie(&parts.headers, LANGUAGE_COOKIE),
            accepted.and_then(|value| value.to_str().ok()),
        );
        let user = match parts.extensions.get::<Caller>() {
            Some(Caller::Office(user)) => Some(user.clone()),
            _ => None,
        };
        Self {
            words: Words { language },
            theme: cookie(&parts.headers, THEME_COOKIE)
                .map(Theme::from_code)
                .unwrap_or_default(),
            here: parts
                .uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            wants_fragment: parts.headers.contains_key("x-fragment"),
            user,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}
