//! Signing in by name and PIN, offline; unlocking a colleague; language and appearance.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use shared::id::StaffId;
use shared::presentation::Language;
use shared::presentation::page::{Theme, Words};

use super::Body;
use crate::counter::{CounterError, StaffTile};
use crate::ui::Ui;
use crate::ui::layout::{Layout, Nav};
use crate::ui::problem::{Problem, error_page, render, render_as};
use crate::ui::session::{self, Reader, SignedIn, local_address};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    words: Words,
    people: Vec<PersonTile>,
    chosen: Option<PersonTile>,
    problem: Option<Problem>,
    next: String,
}

#[derive(Clone)]
struct PersonTile {
    id: String,
    name: String,
    initials: String,
    role: String,
    is_locked: bool,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    layout: Layout,
    words: Words,
}

/// Where the sign-in page was left for, and who was tapped.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SignInQuery {
    #[serde(default)]
    who: String,
    #[serde(default)]
    next: String,
}

/// The start page is the day list.
pub(crate) async fn start() -> Redirect {
    Redirect::to("/today")
}

/// Colleagues to choose from, and the PIN pad of the one chosen.
pub(crate) async fn page(
    State(ui): State<Ui>,
    reader: Reader,
    Query(query): Query<SignInQuery>,
) -> Response {
    render(&sign_in_page(&ui, &reader, &query, None))
}

/// Signs in; a wrong PIN shows the pad again with the tries that are left.
pub(crate) async fn submit(State(ui): State<Ui>, reader: Reader, Body(form): Body) -> Response {
    let query = SignInQuery {
        who: form.text("who").to_owned(),
        next: form.text("next").to_owned(),
    };
    let answer = match query.who.parse::<StaffId>() {
        Ok(staff) => {
            ui.counter
                .sign_in(staff, form.text("pin"), form.text("counter"))
                .await
        }
        Err(_) => Err(CounterError::CannotSignIn),
    };
    match answer {
        Ok(token) => (
            [(header::SET_COOKIE, session::session_cookie(token.as_str()))],
            Redirect::to(local_address(&query.next)),
        )
            .into_response(),
        Err(error) => refused(&ui, &reader, &query, &error),
    }
}

/// A colleague unlocks another with their own PIN, on the same screen, without staying signed in.
pub(crate) async fn unlock(State(ui): State<Ui>, reader: Reader, Body(form): Body) -> Response {
    let query = SignInQuery {
        who: form.text("who").to_owned(),
        next: form.text("next").to_owned(),
    };
    let (Ok(locked), Ok(colleague)) = (query.who.parse(), form.text("by").parse()) else {
        return refused(&ui, &reader, &query, &CounterError::CannotSignIn);
    };
    match unlock_as(&ui, colleague, form.text("pin"), locked).await {
        Ok(()) => {
            let address = format!(
                "{}&who={}&done=unlocked",
                session::sign_in_address(local_address(&query.next)),
                query.who
            );
            Redirect::to(&address).into_response()
        }
        Err(error) => refused(&ui, &reader, &query, &error),
    }
}

async fn unlock_as(
    ui: &Ui,
    colleague: StaffId,
    pin: &str,
    locked: StaffId,
) -> Result<(), CounterError> {
    let token = ui.counter.sign_in(colleague, pin, "").await?;
    let person = ui.counter.session(token.as_str())?;
    let unlocked = ui.counter.unlock(&person, locked).await;
    ui.counter.sign_out(token.as_str()).await?;
    unlocked
}

/// Who is signed in, the way out, the keys.
pub(crate) async fn me(State(ui): State<Ui>, signed_in: SignedIn) -> Response {
    let layout = Layout::of(&ui, &signed_in, Nav::Elsewhere).await;
    render(&MePage {
        layout,
        words: signed_in.reader.words,
    })
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    headers: HeaderMap,
) -> Response {
    let token = session::token(&headers).unwrap_or_default();
    if let Err(error) = ui.counter.sign_out(token).await {
        return error_page(&ui, &signed_in, &error).await;
    }
    (
        [(header::SET_COOKIE, session::ended_session_cookie())],
        Redirect::to("/sign-in"),
    )
        .into_response()
}

/// Remembers the language and the appearance in this browser.
pub(crate) async fn preferences(Body(form): Body) -> Response {
    let language = Language::from_code(form.text("language")).map(session::language_cookie);
    let theme = form
        .some("theme")
        .map(|code| session::theme_cookie(Theme::from_code(&code)));
    let cookies: Vec<_> = [language, theme]
        .into_iter()
        .flatten()
        .map(|cookie| (header::SET_COOKIE, cookie))
        .collect();
    (
        AppendHeaders(cookies),
        Redirect::to(local_address(form.text("back"))),
    )
        .into_response()
}

fn refused(ui: &Ui, reader: &Reader, query: &SignInQuery, error: &CounterError) -> Response {
    let problem = Problem::of(reader.words, error);
    let status = problem.status;
    render_as(status, &sign_in_page(ui, reader, query, Some(problem)))
}

fn sign_in_page(
    ui: &Ui,
    reader: &Reader,
    query: &SignInQuery,
    problem: Option<Problem>,
) -> SignInPage {
    let words = reader.words;
    let people: Vec<PersonTile> = ui
        .counter
        .staff_tiles()
        .into_iter()
        .map(|tile| person_tile(words, &tile, &query.who))
        .collect();
    let mut layout = Layout::for_reader(ui, reader);
    layout.toast = crate::ui::layout::toast(words, &reader.here);
    layout.here = session::sign_in_address(local_address(&query.next));
    SignInPage {
        layout,
        words,
        chosen: people.iter().find(|person| person.is_chosen).cloned(),
        people,
        problem,
        next: local_address(&query.next).to_owned(),
    }
}

fn person_tile(words: Words, tile: &StaffTile, chosen: &str) -> PersonTile {
    let id = tile.staff.to_string();
    PersonTile {
        is_chosen: id == chosen,
        id,
        initials: initials(&tile.name),
        name: tile.name.clone(),
        role: words.text(&format!("role-{}", tile.role.code())),
        is_locked: tile.is_locked,
    }
}

/// The first letters of the first and the last name.
fn initials(name: &str) -> String {
    let mut letters = name
        .split_whitespace()
        .filter_map(|part| part.chars().next());
    let first = letters.next();
    first
        .into_iter()
        .chain(letters.next_back())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(initials("Anna Maria Caduff"), "AC");
        assert_eq!(initials("émile"), "É");
        assert_eq!(initials("  "), "");
    }
}
