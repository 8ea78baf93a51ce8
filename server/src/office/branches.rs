//! The branches and their machines: how fresh each is, and how a new one joins.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use fast_qr::{ECL, QRBuilder};
use serde::Deserialize;
use shared::id::ReplicaNumber;
use shared::presentation::page::Words;

use super::freshness::{self, AsOf, BranchState, MachineRow};
use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page, page_as, recovery, see_other};
use crate::auth::FromOffice;
use crate::backend::{LONG_ABSENT_DAYS_ALLOWED, MakeJoinString, MakeJoinStringError};
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "branches.html")]
struct BranchesPage {
    words: Words,
    layout: Layout,
    as_of: AsOf,
    branches: Vec<BranchState>,
    machines: Vec<MachineRow>,
    long_absent_days: u16,
    fewest_days: u16,
    most_days: u16,
    territories: Vec<(String, bool)>,
    typed_name: String,
    problem: Option<String>,
    is_administrator: bool,
    is_recovering: bool,
}

#[derive(Template)]
#[template(path = "parts/branch_table.html")]
struct BranchTable {
    words: Words,
    as_of: AsOf,
    branches: Vec<BranchState>,
}

#[derive(Template)]
#[template(path = "join_string.html")]
struct JoinStringPage {
    words: Words,
    layout: Layout,
    for_whom: String,
    join_string: String,
    command: String,
    qr: String,
    until: String,
}

/// `GET /branches`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    draw(&app, &reader, String::new(), None).await
}

async fn draw(
    app: &App,
    reader: &Reader,
    typed_name: String,
    problem: Option<(axum::http::StatusCode, String)>,
) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(app, reader, Nav::Branches).await;
    let words = reader.words;
    let as_of = freshness::as_of(app, &seen);
    let days = app.hub.long_absent_days().await?;
    let branches = freshness::branch_states(app, &seen, days);
    let is_administrator = layout.who.as_ref().is_some_and(|who| who.is_administrator);
    if reader.wants_fragment {
        return page(&BranchTable {
            words,
            as_of,
            branches,
        });
    }
    let (status, problem) = problem.unzip();
    let first = seen
        .catalogue
        .territories
        .iter()
        .position(|t| t.country == "CH");
    page_as(
        status.unwrap_or(axum::http::StatusCode::OK),
        &BranchesPage {
            words,
            layout,
            as_of,
            branches,
            machines: freshness::machine_rows(app, &seen, days),
            long_absent_days: days,
            fewest_days: *LONG_ABSENT_DAYS_ALLOWED.start(),
            most_days: *LONG_ABSENT_DAYS_ALLOWED.end(),
            territories: seen
                .catalogue
                .territories
                .iter()
                .enumerate()
                .map(|(index, territory)| (territory.country.clone(), Some(index) == first))
                .collect(),
            typed_name,
            problem,
            is_administrator,
            is_recovering: recovery::is_unfinished(app),
        },
    )
}

/// What the string is for: a new branch by name, one that exists by id, or the importer.
#[derive(Debug, Deserialize)]
pub(crate) struct Join {
    #[serde(default)]
    name: String,
    #[serde(default)]
    territory: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    importer: String,
}

/// `POST /branches/join`: the string is on this one answer and nowhere else.
pub(crate) async fn join(
    State(app): State<App>,
    reader: Reader,
    FromOffice(user): FromOffice,
    Form(form): Form<Join>,
) -> Result<Response, Problem> {
    let wanted = if !form.importer.is_empty() {
        MakeJoinString::Importer
    } else if let Ok(branch) = form.branch.parse() {
        MakeJoinString::Branch(branch)
    } else {
        MakeJoinString::NewBranch {
            name: form.name.clone(),
            territory: form.territory,
        }
    };
    let is_importer = matches!(wanted, MakeJoinString::Importer);
    let made = match app.hub.make_join_string(wanted, Some(user.staff)).await {
        Ok(made) => made,
        Err(error @ MakeJoinStringError::Backend(_)) => return Err(error.into()),
        Err(error) => {
            let words = match &error {
                MakeJoinStringError::Name => reader.words.text("office-join-name"),
                MakeJoinStringError::NameInUse(_) => reader.words.text("office-join-in-use"),
                other => other.to_string(),
            };
            let status = Problem::from(error).status();
            return draw(&app, &reader, form.name, Some((status, words))).await;
        }
    };
    let (layout, seen) = Layout::of(&app, &reader, Nav::Branches).await;
    let (program, for_whom) = if is_importer {
        ("offpiste-import", reader.words.text("office-importer"))
    } else {
        ("offpiste-branch", seen.branch_name(made.branch))
    };
    page(&JoinStringPage {
        words: reader.words,
        layout,
        for_whom,
        command: format!("{program} join '{}' --data DIR", made.join_string),
        qr: qr(&made.join_string),
        join_string: made.join_string,
        until: seen.moment(made.expires_at),
    })
}

/// Drawn in black on white, whatever the page's theme: scanners want it so. Nothing when the address is too long for one.
fn qr(text: &str) -> String {
    use std::fmt::Write as _;

    const QUIET_MODULES: usize = 4;
    let Ok(code) = QRBuilder::new(text).ecl(ECL::M).build() else {
        return String::new();
    };
    let mut path = String::new();
    for row in 0..code.size {
        for (column, module) in code[row].iter().enumerate() {
            if module.value() {
                let _ = write!(
                    path,
                    "M{} {}h1v1h-1z",
                    column + QUIET_MODULES,
                    row + QUIET_MODULES
                );
            }
        }
    }
    let side = code.size + 2 * QUIET_MODULES;
    format!(
        "<svg viewBox=\"0 0 {side} {side}\" width=\"240\" height=\"240\" aria-hidden=\"true\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    )
}

/// After how many days.
#[derive(Debug, Deserialize)]
pub(crate) struct Absence {
    days: u16,
}

/// `POST /branches/absence`: from when on a machine counts as long absent.
pub(crate) async fn set_absence(
    State(app): State<App>,
    Form(form): Form<Absence>,
) -> Result<Response, Problem> {
    if !app.hub.set_long_absent_days(form.days).await? {
        return Err(Problem::bad_request(format!(
            "choose between {} and {} days; nothing was changed",
            LONG_ABSENT_DAYS_ALLOWED.start(),
            LONG_ABSENT_DAYS_ALLOWED.end()
        )));
    }
    Ok(see_other("/branches?done=absence"))
}

/// Which machine.
#[derive(Debug, Deserialize)]
pub(crate) struct Retire {
    replica: u32,
}

/// `POST /branches/retire`: a machine is shut out; what it has sent stays.
pub(crate) async fn retire(
    State(app): State<App>,
    Form(form): Form<Retire>,
) -> Result<Response, Problem> {
    if !app.hub.retire(ReplicaNumber(form.replica)).await? {
        return Err(Problem::not_found(
            "there is no such machine, or it is retired already",
        ));
    }
    Ok(see_other("/branches?done=retired"))
}
