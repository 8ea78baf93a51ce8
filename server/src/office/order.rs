//! One order, and the choice among values that branches disagree on.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use shared::document::Document;
use shared::domain::{Customer, Order, TicketNumber};
use shared::id::DocumentId;
use shared::presentation::page::{
    Badge, ConflictView, Seen, Words, conflict_views, local_address, open_conflicts, read_dot,
};

use super::layout::{Layout, Nav};
use super::order_view::OrderView;
use super::reader::Reader;
use super::{page, see_other};
use crate::auth::FromOffice;
use crate::backend::Choice;
use crate::problem::Problem;
use crate::router::App;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    words: Words,
    layout: Layout,
    id: DocumentId,
    order: OrderView,
    seen_by: Vec<Badge>,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    words: Words,
    layout: Layout,
    name: String,
    conflicts: Vec<ConflictView>,
}

/// `GET /orders/{id}`.
pub(crate) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = find(&app, &id).await?;
    let document = app.hub.look(move |store| store.document(id)).await?;
    let (position, document) =
        document.ok_or_else(|| Problem::not_found("there is no such order"))?;
    let (layout, seen) = Layout::of(&app, &reader, Nav::Orders).await;
    if let Some(order) = Order::of(&document) {
        let conflicts = conflicts_of(&seen, &document, Some(&order), "");
        return page(&OrderPage {
            words: reader.words,
            layout,
            id,
            seen_by: seen_by(&app, &seen, &order, position),
            order: OrderView::of(&seen, &order, conflicts),
        });
    }
    let customer = Customer::of(&document).ok_or_else(|| Problem::not_found("this is no order"))?;
    page(&CustomerPage {
        words: reader.words,
        layout,
        name: customer
            .contact
            .name
            .unwrap_or_else(|| reader.words.text("customer-unnamed")),
        conflicts: conflicts_of(&seen, &document, None, ""),
    })
}

/// Which of the branches that an order concerns have its state at a feed position. Those of which that is not known are
/// left out.
fn seen_by(app: &App, seen: &Seen, order: &Order, position: u64) -> Vec<Badge> {
    let known = |branch| {
        let (_, presence) = app.hub.replicas().of_branch(branch)?;
        presence.filter(|presence| presence.seen_up_to > 0)
    };
    order
        .scope()
        .into_iter()
        .filter_map(|branch| Some((branch, known(branch)?)))
        .map(|(branch, presence)| {
            let has_it = presence.seen_up_to >= position;
            let (class, icon, key) = if has_it {
                ("tag--ok", "check", "sync-order-seen-by")
            } else {
                ("", "clock", "sync-order-not-seen-by")
            };
            Badge {
                class,
                icon,
                word: seen.words.with(key, "branch", seen.branch_name(branch)),
            }
        })
        .collect()
}

/// What branches disagree on in a document, with where its choices are sent; `back` is where they lead.
pub(super) fn conflicts_of(
    seen: &Seen,
    document: &Document,
    order: Option<&Order>,
    back: &'static str,
) -> Vec<ConflictView> {
    let conflicts = open_conflicts(document, &seen.catalogue, None);
    let href = format!("/orders/{}", document.id());
    conflict_views(seen, order, &conflicts, &href, back)
}

/// An order by its id, or by a ticket number as it is printed or said.
pub(crate) async fn find(app: &App, text: &str) -> Result<DocumentId, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let ticket: TicketNumber = text
        .parse()
        .map_err(|_| Problem::not_found("this is neither an order's id nor a ticket number"))?;
    let filter = shared::read_model::SearchFilter::default();
    let found = app
        .hub
        .read(move |lists| lists.search(ticket.as_str(), 5, &filter))
        .await?;
    found
        .orders
        .into_iter()
        .find(|order| order.ticket.as_deref() == Some(ticket.as_str()))
        .map(|order| order.id.document())
        .ok_or_else(|| Problem::not_found("no order has this ticket number"))
}

/// The choice.
#[derive(Debug, Deserialize)]
pub(crate) struct Settle {
    field: String,
    chosen: String,
    back: Option<String>,
}

/// `POST /orders/{id}/settle`.
pub(crate) async fn settle(
    State(app): State<App>,
    FromOffice(user): FromOffice,
    Path(id): Path<String>,
    Form(form): Form<Settle>,
) -> Result<Response, Problem> {
    let document: DocumentId = id
        .parse()
        .map_err(|_| Problem::not_found("there is no such order"))?;
    let chosen =
        read_dot(&form.chosen).ok_or_else(|| Problem::bad_request("the form names no value"))?;
    app.hub
        .settle(
            document,
            form.field,
            Choice::Write(chosen),
            Some(user.staff),
        )
        .await?;
    let page = format!("/orders/{document}");
    let back = local_address(form.back.as_deref().unwrap_or_default(), &page);
    Ok(see_other(&format!("{back}?done=settled")))
}

/// `POST /orders/{id}/keep`: the order stays, though its row is missing in the legacy database.
pub(crate) async fn keep(
    State(app): State<App>,
    FromOffice(user): FromOffice,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let document: DocumentId = id
        .parse()
        .map_err(|_| Problem::not_found("there is no such order"))?;
    app.hub.keep(document, Some(user.staff)).await?;
    Ok(see_other(&format!("/orders/{document}?done=kept")))
}
