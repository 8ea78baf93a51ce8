//! What the hub would not take. Each piece is kept where it came from; everything else flows.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use shared::presentation::format;
use shared::presentation::page::Words;

use super::layout::{Layout, Nav};
use super::page;
use super::reader::Reader;
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    words: Words,
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    when: String,
    from: String,
    document: String,
    reason: String,
    size: String,
}

/// `GET /quarantine`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(&app, &reader, Nav::Quarantine).await;
    let replicas = app.hub.replicas().all();
    let refused = app.hub.refused().await?;
    let rows = refused.into_iter().map(|delta| {
        let replica = replicas
            .iter()
            .find(|(replica, _)| replica.number == delta.replica);
        let from = match replica {
            Some((replica, _)) if replica.branch.is_some() => seen.branch_name(replica.branch),
            _ => reader.words.text("office-importer"),
        };
        Row {
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
    })
}
