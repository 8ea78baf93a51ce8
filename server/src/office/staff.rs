//! Who works here.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::domain::Role;
use shared::presentation::page::Words;

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page_as, see_other};
use crate::auth::FromOffice;
use crate::backend::{EditStaff, NewStaff, NewStaffError};
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffPage {
    words: Words,
    layout: Layout,
    people: Vec<Person>,
    roles: Vec<(&'static str, String, bool)>,
    branches: Vec<(String, String)>,
    typed: Typed,
    problem: Option<String>,
    is_administrator: bool,
}

struct Person {
    id: String,
    name: String,
    role: String,
    branches: String,
    has_pin: bool,
    login: Option<String>,
    is_active: bool,
}

/// What was typed, except secrets.
#[derive(Default)]
struct Typed {
    name: String,
    login: String,
}

/// `GET /staff`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    draw(&app, &reader, Typed::default(), None).await
}

async fn draw(
    app: &App,
    reader: &Reader,
    typed: Typed,
    problem: Option<(StatusCode, String)>,
) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(app, reader, Nav::Staff).await;
    let words = reader.words;
    let role_name = |role: Role| words.text(&format!("role-{}", role.code()));
    let people = seen.catalogue.staff.iter().map(|member| {
        let branches: Vec<String> = member
            .branches
            .iter()
            .map(|branch| seen.branch_name(Some(*branch)))
            .collect();
        Person {
            id: member.id.to_string(),
            name: member.name.clone(),
            role: role_name(member.role),
            branches: if branches.is_empty() {
                words.text("office-all-branches")
            } else {
                branches.join(", ")
            },
            has_pin: member.pin_hash.is_some(),
            login: member.login.clone(),
            is_active: member.active,
        }
    });
    let (status, problem) = problem.unzip();
    page_as(
        status.unwrap_or(StatusCode::OK),
        &StaffPage {
            words,
            is_administrator: layout.who.as_ref().is_some_and(|who| who.is_administrator),
            layout,
            people: people.collect(),
            roles: [
                Role::Counter,
                Role::Workshop,
                Role::Office,
                Role::Administrator,
            ]
            .into_iter()
            .map(|role| (role.code(), role_name(role), role == Role::Counter))
            .collect(),
            branches: seen
                .catalogue
                .branches
                .iter()
                .filter(|branch| branch.active)
                .map(|branch| (branch.id.to_string(), branch.name.clone()))
                .collect(),
            typed,
            problem,
        },
    )
}

/// `POST /staff`. Pairs rather than a struct, since a branch's box comes once for each branch that is ticked.
pub(crate) async fn take_on(
    State(app): State<App>,
    reader: Reader,
    FromOffice(user): FromOffice,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let some = |name: &str| Some(value(name)).filter(|text| !text.is_empty());
    let typed = Typed {
        name: value("name"),
        login: value("login"),
    };
    let role = Role::from_code(&value("role"))
        .ok_or_else(|| Problem::bad_request("there is no such role"))?;
    let branches = form
        .iter()
        .filter(|(key, _)| key == "branch")
        .map(|(_, id)| {
            id.parse()
                .map_err(|_| Problem::bad_request("there is no such branch"))
        })
        .collect::<Result<_, _>>()?;
    let password = form.iter().find(|(key, _)| key == "password");
    let new = NewStaff {
        name: typed.name.clone(),
        role,
        pin: some("pin"),
        branches,
        // A password may begin with a blank, so it is taken as it came.
        account: some("login").map(|login| {
            let password = password.map(|(_, password)| password.clone());
            (login.to_lowercase(), password.unwrap_or_default())
        }),
    };
    match app.hub.take_on(new, Some(user.staff)).await {
        Ok(_) => Ok(see_other("/staff?done=staff")),
        Err(error @ NewStaffError::Backend(_)) => Err(error.into()),
        Err(error) => {
            let words = reader.words.text(text_key(&error));
            let status = Problem::from(error).status();
            draw(&app, &reader, typed, Some((status, words))).await
        }
    }
}

/// A new PIN, or the right to sign in.
#[derive(Debug, Deserialize)]
pub(crate) struct Edit {
    #[serde(default)]
    pin: String,
    #[serde(default)]
    active: String,
}

/// `POST /staff/{id}`.
pub(crate) async fn edit(
    State(app): State<App>,
    reader: Reader,
    FromOffice(user): FromOffice,
    Path(id): Path<String>,
    Form(form): Form<Edit>,
) -> Result<Response, Problem> {
    let staff = id
        .parse()
        .map_err(|_| Problem::not_found("nobody with this id works here"))?;
    let edit = EditStaff {
        pin: Some(form.pin).filter(|pin| !pin.is_empty()),
        active: match form.active.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
    };
    let ends = edit.active == Some(false);
    match app.hub.edit_staff(staff, edit, Some(user.staff)).await {
        Ok(()) => {
            if ends {
                app.sessions.end_all_of(staff);
                app.believed.forget();
            }
            Ok(see_other("/staff?done=staff"))
        }
        Err(error @ NewStaffError::Backend(_)) => Err(error.into()),
        Err(error) => {
            let words = reader.words.text(text_key(&error));
            let status = Problem::from(error).status();
            draw(&app, &reader, Typed::default(), Some((status, words))).await
        }
    }
}

const fn text_key(error: &NewStaffError) -> &'static str {
    match error {
        NewStaffError::Name => "office-staff-name",
        NewStaffError::Pin => "office-staff-pin",
        NewStaffError::NoWayIn => "office-staff-no-way-in",
        NewStaffError::Login => "office-staff-login",
        NewStaffError::LoginInUse => "office-staff-login-in-use",
        NewStaffError::Password => "office-staff-password",
        NewStaffError::RoleHasNoAccount => "office-staff-role-has-no-account",
        NewStaffError::NoSuchBranch(_) | NewStaffError::TooManyBranches => "office-staff-branches",
        NewStaffError::NoSuchPerson => "office-error-not-found",
        NewStaffError::OwnAccount => "office-staff-own",
        NewStaffError::Backend(_) => "office-error-hub",
    }
}
