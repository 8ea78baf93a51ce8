//! What the hub would not take. Each piece is kept where it came from; everything else flows.

use std::collections::BTreeSet;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use shared::domain::fields::kind;
use shared::id::DocumentId;
use shared::presentation::format;
use shared::presentation::page::Words;

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{page, see_other};
use crate::backend::RefusedDelta;
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    words: Words,
    layout: Layout,
    rows: Vec<Row>,
    /// Branches that have set something aside themselves, and how much.
    at_branches: Vec<(String, String)>,
    is_administrator: bool,
}

struct Row {
    /// Its name in the records, for taking it off the list.
    name: String,
    when: String,
    from: String,
    document: String,
    /// Its page, when the hub has an earlier state of it.
    href: Option<String>,
    reason: String,
    size: String,
}

/// `GET /quarantine`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(&app, &reader, Nav::Quarantine).await;
    let replicas = app.hub.replicas().all();
    let refused = app.hub.refused_by_name().await?;
    let known = known_documents(&app, &refused).await?;
    let at_branches = replicas
        .iter()
        .filter(|(replica, _)| replica.retired_at.is_none())
        .filter_map(|(replica, presence)| {
            let set_aside = presence
                .map(|known| known.set_aside)
                .filter(|count| *count > 0)?;
            Some((
                seen.branch_name(replica.branch),
                format::count(set_aside.into()),
            ))
        })
        .collect();
    let is_administrator = layout.who.as_ref().is_some_and(|who| who.is_administrator);
    let rows = refused.into_iter().map(|(name, delta)| {
        let replica = replicas
            .iter()
            .find(|(replica, _)| replica.number == delta.replica);
        let from = match replica {
            Some((replica, _)) if replica.branch.is_some() => seen.branch_name(replica.branch),
            _ => reader.words.text("office-importer"),
        };
        Row {
            name,
            href: delta
                .document
                .filter(|id| known.contains(id))
                .map(|id| format!("/orders/{id}")),
            when: seen.moment(delta.at),
            from: format!("{from} ({})", delta.replica.0),
            document: delta
                .document
                .map_or_else(|| reader.words.text("office-dash"), |id| id.to_string()),
            reason: delta.reason,
            size: format!(
                "{} B",
                format::count(i64::try_from(delta.bytes).unwrap_or(i64::MAX))
            ),
        }
    });
    page(&QuarantinePage {
        words: reader.words,
        layout,
        rows: rows.collect(),
        at_branches,
        is_administrator,
    })
}

/// The orders and customers among what was refused: they have a page.
async fn known_documents(
    app: &App,
    refused: &[(String, RefusedDelta)],
) -> Result<BTreeSet<DocumentId>, Problem> {
    let ids: BTreeSet<DocumentId> = refused
        .iter()
        .filter_map(|(_, delta)| delta.document)
        .collect();
    let known = app
        .hub
        .look(move |store| {
            let mut known = BTreeSet::new();
            for id in ids {
                let stored = store.document(id)?;
                let has_page = stored.is_some_and(|(_, document)| {
                    matches!(document.kind().as_str(), kind::ORDER | kind::CUSTOMER)
                });
                if has_page {
                    known.insert(id);
                }
            }
            Ok(known)
        })
        .await?;
    Ok(known)
}

/// Which one.
#[derive(Debug, Deserialize)]
pub(crate) struct Forget {
    name: String,
}

/// `POST /quarantine/forget`: somebody has dealt with it. What was refused stays at its sender.
pub(crate) async fn forget(
    State(app): State<App>,
    Form(form): Form<Forget>,
) -> Result<Response, Problem> {
    if !app.hub.forget_refused(form.name).await? {
        return Err(Problem::not_found("it is not on the list any more"));
    }
    Ok(see_other("/quarantine?done=forgotten"))
}
