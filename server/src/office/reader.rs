//! Who reads: language, theme, and where they are. Never fails, so that an error page has a language too.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use shared::presentation::Language;

use super::Words;
use crate::auth::{Caller, OfficeUser, cookie};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the device has it.
    #[default]
    Automatic,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::Automatic, Self::Light, Self::Dark];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Automatic => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn from_code(code: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.code() == code)
            .unwrap_or_default()
    }

    /// The value of `data-theme`; none leaves it to the device.
    pub(crate) const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Automatic => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    pub(crate) const fn text_key(self) -> &'static str {
        match self {
            Self::Automatic => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }
}

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
        let language = cookie(&parts.headers, "language")
            .and_then(Language::from_code)
            .or_else(|| {
                let accepted = parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
                Some(Language::from_accept_language(accepted))
            })
            .unwrap_or_default();
        let user = match parts.extensions.get::<Caller>() {
            Some(Caller::Office(user)) => Some(user.clone()),
            _ => None,
        };
        Self {
            words: Words { language },
            theme: cookie(&parts.headers, "theme")
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
