//! Taking an order in, and changing what was taken in.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shared::document::Currency;
use shared::domain::Order;
use shared::id::{CustomerId, DocumentId, OrderId};
use shared::presentation::Language;
use uuid::Uuid;

use super::Body;
use super::customer::ContactForm;
use crate::counter::{CounterError, CustomerChoice, NewOrder, Refusal, Ticket};
use crate::ui::Ui;
use crate::ui::forms::Fields;
use crate::ui::intake_form::{Draft, IntakeForm, Wrong};
use crate::ui::layout::{Layout, Nav, with_seen};
use crate::ui::problem::{Problem, error_page, render, render_as};
use crate::ui::session::SignedIn;
use shared::presentation::page::Words;

#[derive(Template)]
#[template(path = "new_order.html")]
struct NewOrderPage {
    layout: Layout,
    words: Words,
    form: IntakeForm,
}

/// Whom a new order is for, when that is known from where the form was opened.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewOrderQuery {
    #[serde(default)]
    customer: String,
    #[serde(default)]
    name: String,
}

/// A blank form, or one for a customer.
pub(crate) async fn new_page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Query(query): Query<NewOrderQuery>,
) -> Response {
    let mut draft = Draft::blank(new_id(), customers_language(&ui));
    draft.contact.name = query.name.chars().take(200).collect();
    if let Ok(customer) = query.customer.parse::<CustomerId>() {
        match ui.counter.customer(customer).await {
            Ok(details) => {
                draft.contact = ContactForm::of(&details.customer.contact, customers_language(&ui));
                draft.customer = query.customer;
            }
            Err(error) => return error_page(&ui, &signed_in, &error).await,
        }
    }
    render(&drawn(&ui, &signed_in, &draft, None).await)
}

/// Takes the order in and goes on to its ticket; what is missing shows the form again.
pub(crate) async fn take_in(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Body(body): Body,
) -> Response {
    let mut draft = Draft::typed(&body);
    if adds_item(&body) {
        draft.add_item();
        return render(&drawn(&ui, &signed_in, &draft, None).await);
    }
    let new = match draft.new_order(currency(&ui)) {
        Ok(new) => new,
        Err(wrong) => return incomplete(&ui, &signed_in, &draft, None, &wrong).await,
    };
    match save(&ui, &signed_in, &draft, new).await {
        Ok(ticket) => {
            Redirect::to(&format!("/orders/{}/ticket?done=taken-in", ticket.order)).into_response()
        }
        Err(error) => refused(&ui, &signed_in, &draft, None, &error).await,
    }
}

/// The form that shows an order as it is.
pub(crate) async fn edit_page(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
) -> Response {
    match ui.counter.order(&order).await {
        Ok(details) => {
            let draft = Draft::of(&details.order, customers_language(&ui));
            render(&drawn(&ui, &signed_in, &draft, Some(&details.order)).await)
        }
        Err(error) => error_page(&ui, &signed_in, &error).await,
    }
}

/// Changes the order; what is missing shows the form again.
pub(crate) async fn edit(
    State(ui): State<Ui>,
    signed_in: SignedIn,
    Path(order): Path<String>,
    Body(body): Body,
) -> Response {
    let details = match ui.counter.order(&order).await {
        Ok(details) => details,
        Err(error) => return error_page(&ui, &signed_in, &error).await,
    };
    let known = Some(&details.order);
    let mut draft = Draft::typed(&body);
    if adds_item(&body) {
        draft.add_item();
        return render(&drawn(&ui, &signed_in, &draft, known).await);
    }
    let before = Draft::of(&details.order, customers_language(&ui));
    let edit = match draft.edit(&before, details.order.currency) {
        Ok(edit) => edit,
        Err(wrong) => return incomplete(&ui, &signed_in, &draft, known, &wrong).await,
    };
    match ui
        .counter
        .edit(&signed_in.person, details.order.id, edit)
        .await
    {
        Ok(()) => {
            Redirect::to(&format!("/orders/{}?done=edited", details.order.id)).into_response()
        }
        Err(CounterError::Refused(Refusal::AlreadySo)) => {
            Redirect::to(&format!("/orders/{}", details.order.id)).into_response()
        }
        Err(error) => refused(&ui, &signed_in, &draft, known, &error).await,
    }
}

/// Takes in, after writing down what was corrected on a known customer.
async fn save(
    ui: &Ui,
    signed_in: &SignedIn,
    draft: &Draft,
    new: NewOrder,
) -> Result<Ticket, CounterError> {
    if let CustomerChoice::Existing(customer) = new.customer {
        let known = ui.counter.customer(customer).await?;
        let before = ContactForm::of(&known.customer.contact, customers_language(ui)).contact();
        let contact = draft.contact.contact();
        if contact != before {
            match ui
                .counter
                .edit_customer(&signed_in.person, customer, contact)
                .await
            {
                Ok(()) | Err(CounterError::Refused(Refusal::AlreadySo)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    ui.counter.take_in(&signed_in.person, new).await
}

async fn incomplete(
    ui: &Ui,
    signed_in: &SignedIn,
    draft: &Draft,
    order: Option<&Order>,
    wrong: &[Wrong],
) -> Response {
    let form = with_seen(ui, signed_in.reader.words, |seen| {
        IntakeForm::of(seen, draft, order).marked(seen, wrong)
    });
    render_as(
        StatusCode::UNPROCESSABLE_ENTITY,
        &page(ui, signed_in, form).await,
    )
}

async fn refused(
    ui: &Ui,
    signed_in: &SignedIn,
    draft: &Draft,
    order: Option<&Order>,
    error: &CounterError,
) -> Response {
    let problem = Problem::of(signed_in.reader.words, error);
    let form = with_seen(ui, signed_in.reader.words, |seen| {
        IntakeForm::of(seen, draft, order).with_problem(problem.title)
    });
    render_as(problem.status, &page(ui, signed_in, form).await)
}

async fn drawn(
    ui: &Ui,
    signed_in: &SignedIn,
    draft: &Draft,
    order: Option<&Order>,
) -> NewOrderPage {
    let form = with_seen(ui, signed_in.reader.words, |seen| {
        IntakeForm::of(seen, draft, order)
    });
    page(ui, signed_in, form).await
}

async fn page(ui: &Ui, signed_in: &SignedIn, form: IntakeForm) -> NewOrderPage {
    NewOrderPage {
        layout: Layout::of(
            ui,
            signed_in,
            if form.is_edit() {
                Nav::Elsewhere
            } else {
                Nav::New
            },
        )
        .await,
        words: signed_in.reader.words,
        form,
    }
}

/// The button that adds a piece, in browsers without the script.
fn adds_item(form: &Fields) -> bool {
    form.text("do") == "add"
}

/// The language that a new customer's ticket is printed in, unless they say otherwise: the territory's.
fn customers_language(ui: &Ui) -> Language {
    ui.counter
        .territory()
        .and_then(|territory| Language::from_code(&territory.language))
        .unwrap_or_default()
}

/// The currency of this branch's prices.
fn currency(ui: &Ui) -> Currency {
    ui.counter
        .territory()
        .map_or(Currency::CHF, |territory| territory.currency)
}

fn new_id() -> OrderId {
    OrderId(DocumentId::from_uuid(Uuid::now_v7()))
}
