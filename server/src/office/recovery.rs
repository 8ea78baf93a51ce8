//! A hub that was put back to a backup: what comes back from the machines, from whom, and what a person decides about it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use shared::document::Document;
use shared::domain::Order;
use shared::presentation::page::{Seen, Words};
use shared::sync::hub::Recovery;

use super::layout::{Layout, Nav};
use super::machines::{kind_words, name_of};
use super::reader::Reader;
use super::{machines, page, see_other};
use crate::backend::{GivenBack, Replica};
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage {
    words: Words,
    layout: Layout,
    /// None when this hub was never put back.
    state: Option<Progress>,
    rows: Vec<Row>,
    is_more: bool,
    is_administrator: bool,
}

/// How far it has come.
struct Progress {
    is_open: bool,
    since: String,
    /// Machines that have offered everything.
    done: Vec<String>,
    /// Machines that are still to come.
    awaited: Vec<String>,
    /// Machines that came with more afterwards.
    late: Vec<String>,
}

struct Row {
    when: String,
    from: String,
    kind: String,
    name: String,
    href: Option<String>,
}

/// `GET /recovery`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(&app, &reader, Nav::Branches).await;
    let replicas: Vec<Replica> = app
        .hub
        .replicas()
        .all()
        .into_iter()
        .map(|(replica, _)| replica)
        .collect();
    let recovery = app.hub.recovery();
    let (given, is_more) = app.hub.given_back().await?;
    let documents = documents(&app, &given).await?;
    let rows = given
        .iter()
        .zip(&documents)
        .map(|(given, document)| row(&seen, &replicas, given, document.as_ref()))
        .collect();
    page(&RecoveryPage {
        words: reader.words,
        state: recovery.map(|recovery| state(&seen, &replicas, &recovery)),
        is_administrator: layout.who.as_ref().is_some_and(|who| who.is_administrator),
        layout,
        rows,
        is_more,
    })
}

/// `POST /recovery/open`: machines give back what others wrote.
pub(crate) async fn open(State(app): State<App>) -> Result<Response, Problem> {
    if !app.hub.open_recovery().await? {
        return Err(Problem::not_found("this hub was not put back to a backup"));
    }
    Ok(see_other("/recovery?done=recovery-opened"))
}

/// `POST /recovery/end`: from now on each machine writes in its own name only.
pub(crate) async fn end(State(app): State<App>) -> Result<Response, Problem> {
    if !app.hub.end_recovery().await? {
        return Err(Problem::not_found("this hub was not put back to a backup"));
    }
    Ok(see_other("/recovery?done=recovery-ended"))
}

/// Whether machines may still hold what this hub lacks: other pages of the office say so.
pub(super) fn is_unfinished(app: &App) -> bool {
    let Some(recovery) = app.hub.recovery() else {
        return false;
    };
    let is_awaited = |replica: &Replica| {
        replica.branch.is_some()
            && replica.retired_at.is_none()
            && replica.number < recovery.enrolled_below
            && !recovery.given_back.contains(&replica.number)
    };
    let replicas = app.hub.replicas().all();
    !recovery.late.is_empty() || replicas.iter().any(|(replica, _)| is_awaited(replica))
}

fn state(seen: &Seen, replicas: &[Replica], recovery: &Recovery) -> Progress {
    let concerned: Vec<&Replica> = replicas
        .iter()
        .filter(|replica| {
            replica.branch.is_some()
                && replica.retired_at.is_none()
                && replica.number < recovery.enrolled_below
        })
        .collect();
    let titles = |is_meant: &dyn Fn(&Replica) -> bool| -> Vec<String> {
        concerned
            .iter()
            .filter(|replica| is_meant(replica))
            .map(|replica| machines::title(seen, replica))
            .collect()
    };
    Progress {
        is_open: recovery.is_open,
        since: seen.moment(recovery.opened_at),
        done: titles(&|replica| recovery.given_back.contains(&replica.number)),
        awaited: titles(&|replica| !recovery.given_back.contains(&replica.number)),
        late: titles(&|replica| {
            let late = recovery.late.iter();
            late.map(|(number, _)| *number)
                .any(|number| number == replica.number)
        }),
    }
}

async fn documents(app: &App, given: &[GivenBack]) -> Result<Vec<Option<Document>>, Problem> {
    let ids: Vec<_> = given.iter().map(|given| given.document).collect();
    let documents = app
        .hub
        .look(move |store| {
            // One that cannot be read is listed by its number.
            let read = |id| {
                store
                    .document(id)
                    .ok()
                    .flatten()
                    .map(|(_, document)| document)
            };
            Ok(ids.into_iter().map(read).collect())
        })
        .await?;
    Ok(documents)
}

fn row(seen: &Seen, replicas: &[Replica], given: &GivenBack, document: Option<&Document>) -> Row {
    let replica = replicas
        .iter()
        .find(|replica| replica.number == given.replica);
    let (href, name) = document.map_or_else(
        || (None, given.document.to_string()),
        |document| name_of(seen, document, Order::of(document).as_ref()),
    );
    Row {
        when: seen.moment(given.at),
        from: replica.map_or_else(
            || given.replica.0.to_string(),
            |replica| machines::title(seen, replica),
        ),
        kind: document.map_or_else(String::new, |document| kind_words(seen, document)),
        name,
        href,
    }
}
