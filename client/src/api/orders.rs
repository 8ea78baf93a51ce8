//! Orders over JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::domain::{Custody, Money, PaymentMethod, StatusCode as WorkStatus};
use shared::id::{BranchId, CustomerId, OrderId, ServiceId};

use super::answer::{ApiError, Body, Query};
use super::order_json::{ContactJson, CustomerRowJson, OrderJson, OrderRowJson, SectionJson};
use super::session::SignedIn;
use crate::counter::{
    Choice, Counter, CustomerChoice, EditOrder, ItemIntent, LineIntent, NewOrder, Pieces,
    TakePayment,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrderBody {
    order: Option<OrderId>,
    customer: CustomerBody,
    pickup: Option<BranchId>,
    priority: String,
    promised_on: Option<jiff::civil::Date>,
    items: Vec<ItemBody>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CustomerBody {
    Existing { id: CustomerId },
    New(ContactJson),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    key: Option<String>,
    kind: Option<String>,
    label: String,
    tag: Option<String>,
    services: Vec<LineBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineBody {
    key: Option<String>,
    service: ServiceId,
    price_minor: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct TicketJson {
    order: String,
    ticket: String,
}

pub(super) async fn take_in(
    State(counter): State<Counter>,
    session: SignedIn,
    Body(body): Body<NewOrderBody>,
) -> Result<(StatusCode, Json<TicketJson>), ApiError> {
    let new = NewOrder {
        order: body.order,
        customer: match body.customer {
            CustomerBody::Existing { id } => CustomerChoice::Existing(id),
            CustomerBody::New(contact) => CustomerChoice::New(contact.into()),
        },
        pickup: body.pickup,
        priority: body.priority,
        promised_on: body.promised_on,
        items: items(&counter, body.items),
        note: body.note,
    };
    let ticket = counter.take_in(&session.person, new).await?;
    let answer = TicketJson {
        order: ticket.order.to_string(),
        ticket: ticket.number.to_string(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn items(counter: &Counter, items: Vec<ItemBody>) -> Vec<ItemIntent> {
    let currency = counter
        .territory()
        .map_or(shared::document::Currency::CHF, |territory| {
            territory.currency
        });
    items
        .into_iter()
        .map(|item| ItemIntent {
            key: item.key,
            kind: item.kind,
            label: item.label,
            tag: item.tag,
            lines: item
                .services
                .into_iter()
                .map(|line| LineIntent {
                    key: line.key,
                    service: line.service,
                    price: line.price_minor.map(|minor| Money::new(minor, currency)),
                })
                .collect(),
        })
        .collect()
}

pub(super) async fn order(
    State(counter): State<Counter>,
    _session: SignedIn,
    Path(order): Path<String>,
) -> Result<Json<OrderJson>, ApiError> {
    Ok(Json(OrderJson::from(&counter.order(&order).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditBody {
    contact: Option<ContactJson>,
    priority: Option<String>,
    promised_on: Option<jiff::civil::Date>,
    pickup: Option<BranchId>,
    note: Option<String>,
    items: Option<Vec<ItemBody>>,
}

pub(super) async fn edit(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<EditBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    let edit = EditOrder {
        contact: body.contact.map(Into::into),
        priority: body.priority,
        promised_on: body.promised_on,
        pickup: body.pickup,
        note: body.note,
        items: body.items.map(|body| items(&counter, body)),
    };
    counter.edit(&session.person, id, edit).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusBody {
    to: String,
    reason: Option<String>,
}

pub(super) async fn status(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<StatusBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let to = known_status(&counter, &body.to)?;
    let id = find(&counter, &order).await?;
    counter
        .change_status(&session.person, id, to, body.reason)
        .await?;
    now(&counter, id).await
}

/// A status of the catalogue, or one of the phases. A misspelt one must not show as open work.
fn known_status(counter: &Counter, code: &str) -> Result<WorkStatus, ApiError> {
    let is_known = shared::domain::Phase::from_code(code).is_some()
        || counter
            .catalogue()
            .statuses
            .iter()
            .any(|entry| entry.status.code == code);
    if is_known {
        Ok(WorkStatus::from_code(code))
    } else {
        Err(ApiError::Request(format!(
            "there is no status {code:?}; known are open, in_work, blocked, done, cancelled and the firm's own"
        )))
    }
}

pub(super) async fn undo(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter.undo_status(&session.person, id).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentBody {
    /// Minor units; negative gives money back.
    amount_minor: i64,
    method: String,
    receipt: Option<String>,
}

pub(super) async fn pay(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<PaymentBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let method = PaymentMethod::from_code(&body.method).ok_or_else(|| {
        ApiError::Request(format!(
            "there is no payment method {:?}; known are card, cash, twint, invoice, other",
            body.method
        ))
    })?;
    let details = counter.order(&order).await?;
    let id = details.order.id;
    let payment = TakePayment {
        amount: Money::new(body.amount_minor.saturating_abs(), details.order.currency),
        method,
        receipt: body.receipt,
    };
    if body.amount_minor < 0 {
        counter.refund(&session.person, id, payment).await?;
    } else {
        counter.pay(&session.person, id, payment).await?;
    }
    now(&counter, id).await
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PiecesBody {
    items: Option<Vec<String>>,
}

impl From<PiecesBody> for Pieces {
    fn from(body: PiecesBody) -> Self {
        body.items.map_or(Self::All, Self::Some)
    }
}

pub(super) async fn hand_out(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<PiecesBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter.hand_out(&session.person, id, body.into()).await?;
    now(&counter, id).await
}

pub(super) async fn take_back(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<PiecesBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter.take_back(&session.person, id, body.into()).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOverBody {
    /// `van`, `rack/<branch>`, `workshop/<branch>` or `branch/<branch>`.
    to: String,
    #[serde(default)]
    items: Option<Vec<String>>,
}

pub(super) async fn hand_over(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<HandOverBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let to = match Custody::from_code(&body.to) {
        Custody::Unknown(code) => {
            return Err(ApiError::Request(format!("there is no place {code:?}")));
        }
        known => known,
    };
    let id = find(&counter, &order).await?;
    let pieces = PiecesBody { items: body.items }.into();
    counter.hand_over(&session.person, id, pieces, to).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    reason: String,
}

pub(super) async fn cancel(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<CancelBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter.cancel(&session.person, id, body.reason).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentBody {
    text: String,
}

pub(super) async fn comment(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<CommentBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter.comment(&session.person, id, body.text).await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleBody {
    field: String,
    /// The candidate's place in the order's `conflicts`, from 0.
    candidate: usize,
}

pub(super) async fn settle(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
    Body(body): Body<SettleBody>,
) -> Result<Json<OrderJson>, ApiError> {
    let id = find(&counter, &order).await?;
    counter
        .settle(
            &session.person,
            id.document(),
            &body.field,
            Choice::Place(body.candidate),
        )
        .await?;
    now(&counter, id).await
}

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
pub(super) struct FoundJson {
    orders: Vec<OrderRowJson>,
    customers: Vec<CustomerRowJson>,
}

pub(super) async fn search(
    State(counter): State<Counter>,
    _session: SignedIn,
    Query(query): Query<SearchQuery>,
) -> Result<Json<FoundJson>, ApiError> {
    let found = counter.search(&query.q).await?;
    Ok(Json(FoundJson {
        orders: found.orders.iter().map(OrderRowJson::from).collect(),
        customers: found.customers.iter().map(CustomerRowJson::from).collect(),
    }))
}

#[derive(Serialize)]
pub(super) struct TodayJson {
    today: String,
    overdue: SectionJson,
    due_today: SectionJson,
    in_work: SectionJson,
    ready: SectionJson,
    taken_in_today: SectionJson,
}

pub(super) async fn today(
    State(counter): State<Counter>,
    _session: SignedIn,
) -> Result<Json<TodayJson>, ApiError> {
    let list = counter.day_list().await?;
    Ok(Json(TodayJson {
        today: counter.today().to_string(),
        overdue: SectionJson::from(&list.overdue),
        due_today: SectionJson::from(&list.due_today),
        in_work: SectionJson::from(&list.in_work),
        ready: SectionJson::from(&list.ready),
        taken_in_today: SectionJson::from(&list.taken_in_today),
    }))
}

pub(super) async fn queue(
    State(counter): State<Counter>,
    _session: SignedIn,
) -> Result<Json<Vec<OrderRowJson>>, ApiError> {
    let queue = counter.workshop_queue().await?;
    Ok(Json(
        queue
            .iter()
            .map(|entry| OrderRowJson::from(&entry.order))
            .collect(),
    ))
}

pub(super) async fn conflicts(
    State(counter): State<Counter>,
    _session: SignedIn,
) -> Result<Json<Vec<OrderRowJson>>, ApiError> {
    let orders = counter.conflicts().await?;
    Ok(Json(orders.iter().map(OrderRowJson::from).collect()))
}

#[derive(Serialize)]
pub(super) struct CatalogueJson {
    branch: String,
    branch_name: String,
    today: String,
    currency: Option<String>,
    services: Vec<EntryJson>,
    priorities: Vec<EntryJson>,
    branches: Vec<EntryJson>,
}

#[derive(Serialize)]
struct EntryJson {
    id: String,
    code: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_day: Option<String>,
}

pub(super) async fn catalogue(
    State(counter): State<Counter>,
    _session: SignedIn,
) -> Json<CatalogueJson> {
    let catalogue = counter.catalogue();
    let territory = counter.territory();
    let today = counter.today();
    let language = territory
        .as_ref()
        .map_or("de", |territory| territory.language.as_str());
    let price = |service: &shared::domain::Service| {
        territory
            .as_ref()
            .and_then(|territory| service.price_on(today, territory.currency))
            .map(|price| price.minor)
    };
    let services = catalogue.services.iter().filter(|entry| entry.active);
    let priorities = catalogue.priorities.iter().filter(|entry| entry.active);
    Json(CatalogueJson {
        branch: counter.branch().to_string(),
        branch_name: counter.branch_name(),
        today: today.to_string(),
        currency: territory
            .as_ref()
            .map(|territory| territory.currency.to_string()),
        services: services
            .map(|service| EntryJson {
                id: service.id.to_string(),
                code: service.code.clone(),
                name: service.name.in_language(language).to_owned(),
                price_minor: price(service),
                proposed_day: None,
            })
            .collect(),
        priorities: priorities
            .map(|priority| EntryJson {
                id: priority.id.to_string(),
                code: priority.code.clone(),
                name: priority.name.in_language(language).to_owned(),
                price_minor: None,
                proposed_day: counter
                    .proposed_day(&priority.code)
                    .map(|day| day.to_string()),
            })
            .collect(),
        branches: catalogue
            .branches
            .iter()
            .map(|branch| EntryJson {
                id: branch.id.to_string(),
                code: branch
                    .prefix
                    .map_or_else(String::new, |prefix| prefix.to_string()),
                name: branch.name.clone(),
                price_minor: None,
                proposed_day: None,
            })
            .collect(),
    })
}

async fn find(counter: &Counter, order: &str) -> Result<OrderId, ApiError> {
    Ok(counter.order(order).await?.order.id)
}

async fn now(counter: &Counter, order: OrderId) -> Result<Json<OrderJson>, ApiError> {
    let details = counter.order(&order.to_string()).await?;
    Ok(Json(OrderJson::from(&details)))
}
