//! Everything that branches disagree on, in one list.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use shared::document::Document;
use shared::domain::{Customer, Order};
use shared::id::DocumentId;
use shared::presentation::page::{ConflictView, Seen, Words, spoken_number};

use super::layout::{Layout, Nav};
use super::reader::Reader;
use super::{order, page};
use crate::problem::Problem;
use crate::router::App;

/// Orders and customers shown at once; settling some shows the next.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ConflictsPage {
    words: Words,
    layout: Layout,
    inbox: Vec<InConflict>,
    more: bool,
}

/// An order or a customer.
struct InConflict {
    href: String,
    number: String,
    name: String,
    branch: String,
    conflicts: Vec<ConflictView>,
}

/// `GET /conflicts`.
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Problem> {
    let (layout, seen) = Layout::of(&app, &reader, Nav::Conflicts).await;
    let (orders, customers) = app
        .hub
        .read(|lists| {
            Ok((
                lists.conflicted_orders(SHOWN + 1)?,
                lists.conflicted_customers(SHOWN + 1)?,
            ))
        })
        .await?;
    let more = orders.len() + customers.len() > SHOWN;
    let ids: Vec<DocumentId> = orders
        .iter()
        .map(|order| order.id.document())
        .chain(customers.iter().map(|customer| customer.id.document()))
        .take(SHOWN)
        .collect();
    let documents = app
        .hub
        .look(move |store| {
            let mut documents = Vec::new();
            for id in ids {
                documents.extend(store.document(id)?.map(|(_, document)| document));
            }
            Ok(documents)
        })
        .await?;
    page(&ConflictsPage {
        words: reader.words,
        inbox: documents
            .iter()
            .filter_map(|document| in_conflict(&seen, document))
            .collect(),
        layout,
        more,
    })
}

fn in_conflict(seen: &Seen, document: &Document) -> Option<InConflict> {
    let href = format!("/orders/{}", document.id());
    if let Some(order) = Order::of(document) {
        return Some(InConflict {
            href,
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            name: seen.name_at_intake(&order),
            branch: seen.branch_name(order.home),
            conflicts: order::conflicts_of(seen, document, Some(&order), "/conflicts"),
        });
    }
    let customer = Customer::of(document)?;
    Some(InConflict {
        href,
        number: seen.words.text("customer"),
        name: seen.name_or_word(customer.contact.name.as_deref(), customer.erased),
        branch: String::new(),
        conflicts: order::conflicts_of(seen, document, None, "/conflicts"),
    })
}
