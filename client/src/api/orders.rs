//! Orders over JSON.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::document::Currency;
use shared::domain::{Custody, Money, PaymentMethod, StatusCode as WorkStatus};
use shared::id::{BranchId, CustomerId, OrderId, ServiceId};

use super::answer::{ApiError, Body, Query};
use super::order_json::{ContactJson, CustomerRowJson, OrderJson, OrderRowJson, SectionJson};
use super::session::SignedIn;
use crate::counter::{
    Choice, Counter, CounterError, CustomerChoice, EditOrder, ItemIntent, LineIntent, NewOrder,
    Person, Pieces, TakePayment,
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
        .map_or(Currency::CHF, |territory| territory.currency);
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

pub(super) async fn edit(on: OnOrder<EditBody>) -> Result<Json<OrderJson>, ApiError> {
    let edit = EditOrder {
        contact: on.body.contact.map(Into::into),
        priority: on.body.priority,
        promised_on: on.body.promised_on,
        pickup: on.body.pickup,
        note: on.body.note,
        items: on.body.items.map(|body| items(&on.counter, body)),
    };
    on.counter.edit(&on.person, on.order, edit).await?;
    now(&on.counter, on.order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusBody {
    to: String,
    reason: Option<String>,
}

pub(super) async fn status(on: OnOrder<StatusBody>) -> Result<Json<OrderJson>, ApiError> {
    let to = known_status(&on.counter, &on.body.to)?;
    on.counter
        .change_status(&on.person, on.order, to, on.body.reason)
        .await?;
    now(&on.counter, on.order).await
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

/// The one change of an order that needs no body.
pub(super) async fn undo(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(order): Path<String>,
) -> Result<Json<OrderJson>, ApiError> {
    let order = counter.order(&order).await?.order.id;
    counter.undo_status(&session.person, order).await?;
    now(&counter, order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentBody {
    /// Minor units; negative gives money back.
    amount_minor: i64,
    method: String,
    receipt: Option<String>,
}

pub(super) async fn pay(on: OnOrder<PaymentBody>) -> Result<Json<OrderJson>, ApiError> {
    let method = PaymentMethod::from_code(&on.body.method).ok_or_else(|| {
        ApiError::Request(format!(
            "there is no payment method {:?}; known are card, cash, twint, invoice, other",
            on.body.method
        ))
    })?;
    let payment = TakePayment {
        amount: Money::new(on.body.amount_minor.saturating_abs(), on.currency),
        method,
        receipt: on.body.receipt,
    };
    if on.body.amount_minor < 0 {
        on.counter.refund(&on.person, on.order, payment).await?;
    } else {
        on.counter.pay(&on.person, on.order, payment).await?;
    }
    now(&on.counter, on.order).await
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

pub(super) async fn hand_out(on: OnOrder<PiecesBody>) -> Result<Json<OrderJson>, ApiError> {
    let pieces = on.body.into();
    on.counter.hand_out(&on.person, on.order, pieces).await?;
    now(&on.counter, on.order).await
}

pub(super) async fn take_back(on: OnOrder<PiecesBody>) -> Result<Json<OrderJson>, ApiError> {
    let pieces = on.body.into();
    on.counter.take_back(&on.person, on.order, pieces).await?;
    now(&on.counter, on.order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOverBody {
    /// `van`, `rack/<branch>`, `workshop/<branch>` or `branch/<branch>`.
    to: String,
    #[serde(default)]
    items: Option<Vec<String>>,
}

pub(super) async fn hand_over(on: OnOrder<HandOverBody>) -> Result<Json<OrderJson>, ApiError> {
    let to = match Custody::from_code(&on.body.to) {
        Custody::Unknown(code) => {
            return Err(ApiError::Request(format!("there is no place {code:?}")));
        }
        known => known,
    };
    let pieces = PiecesBody {
        items: on.body.items,
    }
    .into();
    on.counter
        .hand_over(&on.person, on.order, pieces, to)
        .await?;
    now(&on.counter, on.order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    reason: String,
}

pub(super) async fn cancel(on: OnOrder<CancelBody>) -> Result<Json<OrderJson>, ApiError> {
    on.counter
        .cancel(&on.person, on.order, on.body.reason)
        .await?;
    now(&on.counter, on.order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentBody {
    text: String,
}

pub(super) async fn comment(on: OnOrder<CommentBody>) -> Result<Json<OrderJson>, ApiError> {
    on.counter
        .comment(&on.person, on.order, on.body.text)
        .await?;
    now(&on.counter, on.order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleBody {
    field: String,
    /// The candidate's place in the order's `conflicts`, from 0.
    candidate: usize,
}

pub(super) async fn settle(on: OnOrder<SettleBody>) -> Result<Json<OrderJson>, ApiError> {
    let choice = Choice::Place(on.body.candidate);
    on.counter
        .settle(&on.person, on.order.document(), &on.body.field, choice)
        .await?;
    now(&on.counter, on.order).await
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

/// A request about an order that this branch holds, by whom and with what.
pub(super) struct OnOrder<T> {
    counter: Counter,
    person: Person,
    order: OrderId,
    currency: Currency,
    body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<Counter> for OnOrder<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, counter: &Counter) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let session = SignedIn::from_request_parts(&mut parts, counter).await?;
        let Path(text) = Path::<String>::from_request_parts(&mut parts, counter)
            .await
            .map_err(|_| CounterError::NotFound)?;
        let Body(body) = Body::from_request(Request::from_parts(parts, body), counter).await?;
        let order = counter.order(&text).await?.order;
        Ok(Self {
            counter: counter.clone(),
            person: session.person,
            order: order.id,
            currency: order.currency,
            body,
        })
    }
}

async fn now(counter: &Counter, order: OrderId) -> Result<Json<OrderJson>, ApiError> {
    let details = counter.order(&order.to_string()).await?;
    Ok(Json(OrderJson::from(&details)))
}
