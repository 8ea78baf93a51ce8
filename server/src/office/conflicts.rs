//! Everything that branches disagree on, in one list.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use shared::domain::Order;
use shared::presentation::page::{ConflictView, Words, spoken_number};

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{order, page};
use crate::problem::Problem;
use crate::router::App;

/// Orders shown at once; settling some shows the next.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ConflictsPage {
    words: Words,
    layout: Layout,
    orders: Vec<OrderConflicts>,
    more: bool,
}

struct OrderConflicts {
    href: String,
    number: String,
    name: String,
    branch: String,
    conflicts: Vec<ConflictView>,
}

/// `GET /conflicts`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(&app, &reader, Nav::Conflicts).await;
    let found = app
        .hub
        .read(|lists| lists.conflicted_orders(SHOWN + 1))
        .await?;
    let more = found.len() > SHOWN;
    let documents = app
        .hub
        .look(move |store| {
            let mut documents = Vec::new();
            for order in found.into_iter().take(SHOWN) {
                if let Some((_, document)) = store.document(order.id.document())? {
                    documents.push(document);
                }
            }
            Ok(documents)
        })
        .await?;
    let orders = documents
        .iter()
        .filter_map(|document| {
            let order = Order::of(document)?;
            Some(OrderConflicts {
                href: format!("/orders/{}", order.id),
                number: spoken_number(order.ticket.as_deref(), &order.number()),
                name: order.contact.name.clone().unwrap_or_default(),
                branch: seen.branch_name(order.home),
                conflicts: order::conflicts_of(&seen, document, Some(&order), "/conflicts"),
            })
        })
        .collect();
    page(&ConflictsPage {
        words: reader.words,
        layout,
        orders,
        more,
    })
}
