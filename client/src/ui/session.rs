//! Who asks, in which language, and from where: cookies, the signed-in colleague, the origin of forms.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use shared::presentation::Language;
use shared::presentation::page::{
    self, LANGUAGE_COOKIE, THEME_COOKIE, Theme, Words, cookie_value, language_wanted,
    preference_cookie,
};

use super::Ui;
use super::problem::SessionEnded;
use crate::counter::Person;

/// The cookie of a session. `HttpOnly`, so no script reads it; `SameSite=Strict`, so no other site's form carries it.
const SESSION_COOKIE: &str = "offpiste_session";

/// Anybody who asks for a page.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// Their words.
    pub(crate) words: Words,
    /// Light, dark, or as the device has it.
    pub(crate) theme: Theme,
    /// The address that was asked for.
    pub(crate) here: String,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let language = language_wanted(
            cookie(&parts.headers, LANGUAGE_COOKIE),
            text_of(&parts.headers, header::ACCEPT_LANGUAGE),
        );
        let theme = cookie(&parts.headers, THEME_COOKIE)
            .map(Theme::from_code)
            .unwrap_or_default();
        let here = parts
            .uri
            .path_and_query()
            .map_or("/", |address| address.as_str());
        Ok(Self {
            words: Words { language },
            theme,
            here: here.to_owned(),
        })
    }
}

/// A colleague who is signed in. A handler that takes this is open to nobody else.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// How they read.
    pub(crate) reader: Reader,
    /// Who they are.
    pub(crate) person: Person,
}

impl FromRequestParts<Ui> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Response> {
        let Ok(reader) = Reader::from_request_parts(parts, ui).await;
        let session = token(&parts.headers).and_then(|token| {
            if is_live(&parts.headers) {
                ui.counter.session_looked_at(token).ok()
            } else {
                ui.counter.session(token).ok()
            }
        });
        match session {
            Some(person) => Ok(Self { reader, person }),
            None if parts.method == Method::GET && !is_fragment(&parts.headers) => {
                Err(Redirect::to(&sign_in_address(&reader.here)).into_response())
            }
            None if parts.method == Method::GET => Err(StatusCode::UNAUTHORIZED.into_response()),
            None => Err(SessionEnded::page(ui, &reader)),
        }
    }
}

/// The session's secret as the browser sent it.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION_COOKIE)
}

/// The header that opens a session in a browser.
pub(crate) fn session_cookie(token: &str) -> String {
    format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict")
}

/// The header that ends it.
pub(crate) fn ended_session_cookie() -> String {
    format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The header that remembers a language.
pub(crate) fn language_cookie(language: Language) -> String {
    preference_cookie(LANGUAGE_COOKIE, language.code())
}

/// The header that remembers light or dark.
pub(crate) fn theme_cookie(theme: Theme) -> String {
    preference_cookie(THEME_COOKIE, theme.code())
}

/// The sign-in page that leads back to an address.
pub(crate) fn sign_in_address(next: &str) -> String {
    let encoded: String = next.bytes().map(encoded_byte).collect();
    format!("/sign-in?next={encoded}")
}

/// An address within these pages; anything else becomes the start page, so that no link leads elsewhere.
pub(crate) fn local_address(address: &str) -> &str {
    page::local_address(address, "/today")
}

/// A form must come from a page of ours: browsers name the page's origin in every POST.
/// Together with the cookie's `SameSite=Strict` this is the protection against forged requests.
pub(crate) async fn refuse_other_origins(request: Request, next: Next) -> Response {
    if is_safe_method(request.method()) || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "This form did not come from this branch's own pages. Nothing was changed.",
    )
        .into_response()
}

fn is_safe_method(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = text_of(headers, header::ORIGIN) else {
        // Programs without an origin (tests, curl) carry no other site's cookies either; browsers always send one.
        return matches!(
            text_of(headers, HeaderName::from_static("sec-fetch-site")),
            None | Some("same-origin" | "none")
        );
    };
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == text_of(headers, header::HOST)
}

/// Whether the page asks by itself: a refresh after a change, or the stream that tells it of one.
fn is_live(headers: &HeaderMap) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .map(header::HeaderValue::as_bytes);
    headers.contains_key("x-live") || accepts == Some(b"text/event-stream".as_slice())
}

fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("x-fragment")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookie_value(cookies.filter_map(|value| value.to_str().ok()), name)
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn encoded_byte(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse().expect("a header name"),
                    value.parse().expect("a header value"),
                )
            })
            .collect()
    }

    #[test]
    fn only_forms_of_our_own_pages_are_taken() {
        let from = |pairs: &[(&'static str, &str)]| is_same_origin(&headers(pairs));
        assert!(from(&[
            ("host", "davos:8080"),
            ("origin", "http://davos:8080")
        ]));
        assert!(from(&[("host", "davos:8080")]));
        assert!(!from(&[
            ("host", "davos:8080"),
            ("origin", "http://evil.example")
        ]));
        assert!(!from(&[("host", "davos:8080"), ("origin", "null")]));
        assert!(!from(&[
            ("host", "davos:8080"),
            ("origin", "http://davos:9090")
        ]));
        assert!(!from(&[
            ("host", "davos:8080"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn a_link_elsewhere_leads_to_the_start_page() {
        assert_eq!(local_address("/orders/1?x=2"), "/orders/1?x=2");
        assert_eq!(local_address("//evil.example"), "/today");
    }

    #[test]
    fn cookies_are_found_among_others() {
        let headers = headers(&[("cookie", "a=1; offpiste_session=s3cret; theme=dark")]);
        assert_eq!(token(&headers), Some("s3cret"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn the_way_back_survives_signing_in() {
        assert_eq!(
            sign_in_address("/search?q=Meier Ä&x"),
            "/sign-in?next=/search%3Fq%3DMeier%20%C3%84%26x"
        );
    }
}
