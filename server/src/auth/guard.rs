//! The door before each route.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::wire::ReplicaRole;

use super::{Caller, LoginError, Permission, SESSION_COOKIE};
use crate::problem::Problem;
use crate::router::App;
use crate::{clock, random};

/// Lets a request through to its handler when its caller has the route's permission.
pub(crate) async fn guard(
    State((app, permission)): State<(App, Permission)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    if permission == Permission::Public {
        return next.run(request).await;
    }
    match caller(&app, request.headers(), request.method()).await {
        Ok(Some(caller)) if is_allowed(permission, &caller) => {
            if changes_lists(permission, &request) && app.hub.is_switching_over() {
                return Problem::switching_over().into_response();
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(Some(_)) => Problem::forbidden().into_response(),
        Ok(None) if is_page(&request) => {
            let path = request.uri().path();
            Redirect::to(&format!("/login?next={path}")).into_response()
        }
        Ok(None) => Problem::unauthorised().into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn is_allowed(permission: Permission, caller: &Caller) -> bool {
    match (permission, caller) {
        (Permission::Public, _) | (Permission::Replica, Caller::Replica(_)) => true,
        (Permission::Importer, Caller::Replica(replica)) => replica.role == ReplicaRole::Importer,
        (Permission::Importer, Caller::Office(user)) => {
            user.role.may_act_as(shared::domain::Role::Office)
        }
        (Permission::Office(role), Caller::Office(user)) => user.role.may_act_as(role),
        (Permission::Replica, Caller::Office(_)) | (Permission::Office(_), Caller::Replica(_)) => {
            false
        }
    }
}

/// Whether a request changes what the office alone decides: while the last of an old system comes over, what it is compared
/// with stays as it is. Shutting a machine out never waits: it may have been stolen.
fn changes_lists(permission: Permission, request: &Request<Body>) -> bool {
    permission == Permission::Office(shared::domain::Role::Administrator)
        && !request.method().is_safe()
        && request.uri().path() != "/branches/retire"
}

/// Whether a browser asks for a page, rather than a program for an answer.
fn is_page(request: &Request<Body>) -> bool {
    let path = request.uri().path();
    request.method() == Method::GET && !path.starts_with("/api/") && !path.starts_with("/sync/")
}

async fn caller(
    app: &App,
    headers: &HeaderMap,
    method: &Method,
) -> Result<Option<Caller>, Problem> {
    let authorisation = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(token) = authorisation.and_then(|value| value.strip_prefix("Bearer ")) {
        return replica(app, token.trim()).map(Some);
    }
    if let Some(basic) = authorisation.and_then(|value| value.strip_prefix("Basic ")) {
        let (login, password) = basic_credentials(basic).ok_or_else(Problem::unauthorised)?;
        let user = app.log_in(&login, &password).await;
        return user
            .map(|user| Some(Caller::Office(user)))
            .map_err(problem_of);
    }
    let user = session_token(headers).and_then(|token| {
        if is_live(headers) {
            app.sessions.user_looked_at(token, clock::now())
        } else {
            app.sessions.user(token, clock::now())
        }
    });
    let Some(user) = user else {
        return Ok(None);
    };
    if !method.is_safe() && !is_same_origin(headers, app.hub.public_url()) {
        return Err(Problem::foreign_origin());
    }
    Ok(Some(Caller::Office(user)))
}

/// Whether the page asks by itself: a refresh after a change, or the stream that tells it of one.
fn is_live(headers: &HeaderMap) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .map(header::HeaderValue::as_bytes);
    headers.contains_key("x-live") || accepts == Some(b"text/event-stream".as_slice())
}

fn replica(app: &App, token: &str) -> Result<Caller, Problem> {
    let replica = app
        .hub
        .replicas()
        .with_token(&random::hash_of_secret(token))
        .ok_or_else(Problem::unknown_token)?;
    if replica.retired_at.is_some() {
        return Err(Problem::retired());
    }
    Ok(Caller::Replica(replica))
}

fn problem_of(error: LoginError) -> Problem {
    match error {
        LoginError::Wrong => Problem::unauthorised(),
        LoginError::Wait { seconds } => Problem::too_many_tries(seconds),
        LoginError::Backend(error) => error.into(),
    }
}

fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (login, password) = decoded.split_once(':')?;
    Some((login.to_owned(), password.to_owned()))
}

/// The token in the session's cookie.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION_COOKIE)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| {
            let (key, value) = cookie.trim().split_once('=')?;
            (key == name).then_some(value)
        })
}

/// Whether a form was sent from one of our own pages. Browsers name the page's origin with every form; the cookie's
/// `SameSite=Strict` is the other half of the defence.
pub(crate) fn is_same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let site_is_ours = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return site_is_ours;
    };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let is_host = origin
        .split_once("://")
        .is_some_and(|(_, authority)| !host.is_empty() && authority == host);
    site_is_ours && (is_host || origin == public_url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, header::HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            is_same_origin(&headers(pairs), "https://hub.example")
        };
        assert!(ours(&[
            ("origin", "http://127.0.0.1:7600"),
            ("host", "127.0.0.1:7600")
        ]));
        assert!(ours(&[
            ("origin", "https://hub.example"),
            ("host", "10.0.0.7:7600")
        ]));
        assert!(ours(&[("host", "127.0.0.1:7600")]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("host", "hub.example")
        ]));
        assert!(!ours(&[("origin", "null"), ("host", "hub.example")]));
        assert!(!ours(&[
            ("sec-fetch-site", "cross-site"),
            ("host", "hub.example")
        ]));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = headers(&[("cookie", "theme=dark; offpiste_hub=abc; language=fr")]);
        assert_eq!(session_token(&headers), Some("abc"));
        assert_eq!(cookie(&headers, "offpiste"), None);
    }
}
