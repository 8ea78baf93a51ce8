//! Logging in and out, and the reader's preferences.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use shared::presentation::Language;
use shared::presentation::page::{
    LANGUAGE_COOKIE, THEME_COOKIE, Theme, Words, local_address, preference_cookie,
};

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page_as, see_other};
use crate::auth::{LoginError, SESSION_COOKIE, is_same_origin, session_token};
use crate::clock;
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    words: Words,
    layout: Layout,
    next: String,
    login: String,
    problem: Option<String>,
}

/// Where to go after the log-in.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

/// `GET /login`.
pub(crate) async fn form(reader: Reader, Query(query): Query<Next>) -> Result<Response, Problem> {
    draw(
        StatusCode::OK,
        &reader,
        query.next.as_deref(),
        String::new(),
        None,
    )
}

/// The form of the log-in.
#[derive(Debug, Deserialize)]
pub(crate) struct LogIn {
    login: String,
    password: String,
    next: Option<String>,
}

/// `POST /login`.
pub(crate) async fn log_in(
    State(app): State<App>,
    reader: Reader,
    headers: HeaderMap,
    Form(form): Form<LogIn>,
) -> Result<Response, Problem> {
    if !is_same_origin(&headers, app.hub.public_url()) {
        return Err(Problem::foreign_origin());
    }
    let user = match app.log_in(&form.login, &form.password).await {
        Ok(user) => user,
        Err(LoginError::Backend(error)) => return Err(error.into()),
        Err(LoginError::Wrong) => {
            let problem = reader.words.text("office-login-wrong");
            return draw(
                StatusCode::UNAUTHORIZED,
                &reader,
                form.next.as_deref(),
                form.login,
                Some(problem),
            );
        }
        Err(LoginError::Wait { seconds }) => {
            let problem = reader.words.with("office-login-wait", "seconds", seconds);
            return draw(
                StatusCode::TOO_MANY_REQUESTS,
                &reader,
                form.next.as_deref(),
                form.login,
                Some(problem),
            );
        }
    };
    if !user.role.may_act_as(shared::domain::Role::Office) {
        return Err(Problem::forbidden());
    }
    let token = app
        .sessions
        .begin(user, clock::now())
        .map_err(crate::backend::BackendError::from)?;
    let secure = if app.is_secure { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    let mut response = see_other(local(form.next.as_deref()));
    set_cookie(&mut response, &cookie);
    Ok(response)
}

/// `POST /logout`.
pub(crate) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(token) = session_token(&headers) {
        app.sessions.end(token);
    }
    let mut response = see_other("/login");
    let ended = format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    set_cookie(&mut response, &ended);
    response
}

/// Language or theme.
#[derive(Debug, Deserialize)]
pub(crate) struct Preferences {
    language: Option<String>,
    theme: Option<String>,
    back: Option<String>,
}

/// `POST /preferences`: works without a script and before the log-in.
pub(crate) async fn prefer(Form(form): Form<Preferences>) -> Response {
    let mut response = see_other(local(form.back.as_deref()));
    let language = form.language.as_deref().and_then(Language::from_code);
    if let Some(language) = language {
        let cookie = preference_cookie(LANGUAGE_COOKIE, language.code());
        set_cookie(&mut response, &cookie);
    }
    if let Some(theme) = form.theme.as_deref().map(Theme::from_code) {
        set_cookie(
            &mut response,
            &preference_cookie(THEME_COOKIE, theme.code()),
        );
    }
    response
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// An address within this hub, or its first page: a form may not lead elsewhere.
fn local(address: Option<&str>) -> &str {
    local_address(address.unwrap_or_default(), "/")
}

fn draw(
    status: StatusCode,
    reader: &Reader,
    next: Option<&str>,
    login: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let mut layout = Layout::for_reader(reader);
    layout.nav = Nav::Elsewhere;
    "/login".clone_into(&mut layout.here);
    let page = LogInPage {
        words: reader.words,
        layout,
        next: local(next).to_owned(),
        login,
        problem,
    };
    page_as(status, &page)
}
