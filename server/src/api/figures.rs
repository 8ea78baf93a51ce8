//! What automation reads: figures, orders and one order, as JSON with amounts in minor units.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use shared::domain::{Money, Order};
use shared::presentation::page::{Seen, Words};
use shared::read_model::{OrderSummary, Page};
use utoipa::ToSchema;

use crate::office::order::find;
use crate::office::orders::OrdersQuery;
use crate::office::seen_from_office;
use crate::problem::Problem;
use crate::router::App;

/// Orders of one answer.
const ORDERS: usize = 200;

/// An amount.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// Rappen or Cent.
    minor: i64,
    /// ISO 4217.
    currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            minor: money.minor,
            currency: money.currency.to_string(),
        }
    }
}

/// Figures of all branches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewReply {
    /// When this was computed, RFC 3339.
    as_of: String,
    /// The feed position it was computed at.
    position: u64,
    /// Branches that were not heard of for a while, with when they last were.
    missing: Vec<MissingBranch>,
    /// By branch; orders whose branch is unknown come under none.
    branches: Vec<BranchFigures>,
    /// Documents in conflict.
    conflicts: u64,
}

/// A branch whose latest work may not be in the figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MissingBranch {
    /// Its id.
    branch: String,
    /// Its name.
    name: String,
    /// RFC 3339; none when it was never heard of.
    since: Option<String>,
}

/// Figures of one branch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BranchFigures {
    branch: Option<String>,
    name: Option<String>,
    open: u64,
    in_work: u64,
    blocked: u64,
    overdue: u64,
    ready: u64,
    not_collected: u64,
    conflicts: u64,
    turnover: Vec<DayFigure>,
    taken_in: Vec<DayOrders>,
}

/// Payments less refunds of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayFigure {
    /// `2026-11-20`
    day: String,
    amount: Amount,
}

/// Orders taken in on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayOrders {
    /// `2026-11-20`
    day: String,
    orders: u64,
}

/// How many days.
#[derive(Debug, Deserialize)]
pub(crate) struct OverviewQuery {
    days: Option<u16>,
}

/// `GET /api/v1/overview?days=14`.
#[utoipa::path(get, path = "/api/v1/overview", tag = "figures",
    params(("days" = Option<u16>, Query, description = "how many days of turnover and intake, at most 400")),
    responses((status = 200, body = OverviewReply)))]
pub(crate) async fn overview(
    State(app): State<App>,
    Query(query): Query<OverviewQuery>,
) -> Result<Json<OverviewReply>, Problem> {
    let seen = seen(&app);
    let days = query.days.unwrap_or(14);
    let today = seen.today;
    let (position, overview) = app
        .hub
        .read(move |lists| Ok((lists.position()?, lists.overview(today, days)?)))
        .await?;
    let missing = seen
        .catalogue
        .branches
        .iter()
        .filter(|branch| branch.active)
        .filter_map(|branch| {
            let presence = app
                .hub
                .replicas()
                .of_branch(branch.id)
                .and_then(|(_, known)| known);
            let freshness = crate::backend::Presence::freshness(presence.as_ref(), seen.now);
            freshness.is_missing().then(|| MissingBranch {
                branch: branch.id.to_string(),
                name: branch.name.clone(),
                since: presence.map(|known| known.last_contact.timestamp().to_string()),
            })
        });
    let branches = overview.branches.iter().map(|figures| BranchFigures {
        branch: figures.branch.map(|branch| branch.to_string()),
        name: figures
            .branch
            .and_then(|branch| seen.catalogue.branch(branch))
            .map(|branch| branch.name.clone()),
        open: figures.open,
        in_work: figures.in_work,
        blocked: figures.blocked,
        overdue: figures.overdue,
        ready: figures.ready,
        not_collected: figures.not_collected,
        conflicts: figures.conflicts,
        turnover: figures
            .turnover
            .iter()
            .map(|amount| DayFigure {
                day: amount.day.to_string(),
                amount: amount.amount.into(),
            })
            .collect(),
        taken_in: figures
            .taken_in
            .iter()
            .map(|count| DayOrders {
                day: count.day.to_string(),
                orders: count.orders,
            })
            .collect(),
    });
    Ok(Json(OverviewReply {
        as_of: seen.now.timestamp().to_string(),
        position,
        missing: missing.collect(),
        branches: branches.collect(),
        conflicts: overview.conflicts,
    }))
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrdersReply {
    /// How many there are in all.
    total: u64,
    /// At most 200 of them.
    orders: Vec<OrderJson>,
}

/// An order as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderJson {
    id: String,
    ticket: Option<String>,
    legacy_number: Option<String>,
    branch: Option<String>,
    pickup: Option<String>,
    customer: Option<String>,
    name: Option<String>,
    status: String,
    phase: String,
    money: String,
    priority: Option<String>,
    received_at: Option<String>,
    promised_on: Option<String>,
    total: Amount,
    paid: Amount,
    owed: Amount,
    items: String,
    services: String,
    /// In how many fields branches disagree.
    conflicts: u32,
}

impl From<&OrderSummary> for OrderJson {
    fn from(order: &OrderSummary) -> Self {
        Self {
            id: order.id.to_string(),
            ticket: order.ticket.clone(),
            legacy_number: order.legacy_number.clone(),
            branch: order.home.map(|branch| branch.to_string()),
            pickup: order.pickup.map(|branch| branch.to_string()),
            customer: order.customer.map(|customer| customer.to_string()),
            name: order.name.clone(),
            status: order.status.code.clone(),
            phase: order.status.phase.code().to_owned(),
            money: order.money.code().to_owned(),
            priority: order.priority.clone(),
            received_at: order.received_at.map(|at| at.timestamp().to_string()),
            promised_on: order.promised_on.map(|day| day.to_string()),
            total: order.total.into(),
            paid: order.paid.into(),
            owed: order.owed.into(),
            items: order.items.clone(),
            services: order.services.clone(),
            conflicts: order.conflicts,
        }
    }
}

/// `GET /api/v1/orders?q=&branch=&phase=&money=&only=&promised_from=&promised_to=&sort=&page=`.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders",
    params(("q" = Option<String>, Query, description = "number, name, telephone, item; beginnings of words"),
        ("branch" = Option<String>, Query, description = "a branch's id"),
        ("phase" = Option<String>, Query, description = "open, in_work, blocked, done or cancelled"),
        ("money" = Option<String>, Query, description = "open, deposit, paid, overpaid or refunded"),
        ("only" = Option<String>, Query, description = "unfinished, overdue, ready or conflicts"),
        ("sort" = Option<String>, Query, description = "oldest, promised or name; newest otherwise"),
        ("page" = Option<u32>, Query, description = "pages of 200, from 0")),
    responses((status = 200, body = OrdersReply)))]
pub(crate) async fn orders(
    State(app): State<App>,
    Query(query): Query<OrdersQuery>,
) -> Result<Json<OrdersReply>, Problem> {
    let filter = query.filter(seen(&app).today);
    let sort = query.sort();
    let page = Page {
        offset: query.page() * u32::try_from(ORDERS).unwrap_or(u32::MAX),
        limit: ORDERS,
    };
    let found = app
        .hub
        .read(move |lists| lists.order_list(&filter, sort, page))
        .await?;
    Ok(Json(OrdersReply {
        total: found.total,
        orders: found.orders.iter().map(OrderJson::from).collect(),
    }))
}

/// One order with its pieces, payments and what is in conflict.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderReply {
    #[serde(flatten)]
    order: OrderJson,
    pieces: Vec<PieceJson>,
    payments: Vec<PaymentJson>,
    conflicting: Vec<ConflictJson>,
    /// First 128 bits of SHA-256 over the canonical document, hexadecimal: equal at every replica that has the same state.
    state_hash: String,
}

/// One piece.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PieceJson {
    key: String,
    kind: Option<String>,
    label: String,
    tag: Option<String>,
    /// `customer`, `van`, `branch/<id>`, `workshop/<id>`, `rack/<id>`
    custody: String,
    services: Vec<LineJson>,
}

/// One service of a piece.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineJson {
    service: Option<String>,
    label: String,
    price: Amount,
}

/// One payment; negative is money given back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentJson {
    at: String,
    amount: Amount,
    method: String,
    branch: Option<String>,
    receipt: Option<String>,
}

/// One field in conflict.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConflictJson {
    field: String,
    /// The place of the value that shows meanwhile.
    shown: usize,
    values: Vec<CandidateJson>,
}

/// One of its values; `chosen` of `POST /api/v1/conflicts/settle` is its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CandidateJson {
    value: String,
    at: String,
    by: Option<String>,
    replica: u32,
}

/// `GET /api/v1/orders/{id}`: by id or ticket number.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "an order's id or ticket number")),
    responses((status = 200, body = OrderReply), (status = 404, body = crate::problem::ProblemBody)))]
pub(crate) async fn order(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<OrderReply>, Problem> {
    let id = find(&app, &id).await?;
    let document = app.hub.look(move |store| store.document(id)).await?;
    let summary = app.hub.read(move |lists| lists.order(id.into())).await?;
    let none = || Problem::not_found("there is no such order");
    let (_, document) = document.ok_or_else(none)?;
    let summary = summary.ok_or_else(none)?;
    let order = Order::of(&document).ok_or_else(none)?;
    let conflicting = order.conflicts.iter().map(|conflict| ConflictJson {
        field: conflict.field.clone(),
        shown: conflict.shown,
        values: conflict
            .candidates
            .iter()
            .map(|candidate| CandidateJson {
                value: plain(&candidate.value),
                at: candidate.at.timestamp().to_string(),
                by: candidate.by.map(|by| by.to_string()),
                replica: candidate.actor.replica().0,
            })
            .collect(),
    });
    Ok(Json(OrderReply {
        order: OrderJson::from(&summary),
        pieces: order
            .items
            .iter()
            .map(|item| PieceJson {
                key: item.key.clone(),
                kind: item.kind.clone(),
                label: item.label.clone(),
                tag: item.tag.clone(),
                custody: item.custody.code(),
                services: item
                    .lines
                    .iter()
                    .map(|line| LineJson {
                        service: line.service.map(|service| service.to_string()),
                        label: line.label.clone(),
                        price: line.price.into(),
                    })
                    .collect(),
            })
            .collect(),
        payments: order
            .payments
            .iter()
            .map(|payment| PaymentJson {
                at: payment.at.timestamp().to_string(),
                amount: payment.amount.into(),
                method: payment.method.code().to_owned(),
                branch: payment.branch.map(|branch| branch.to_string()),
                receipt: payment.receipt.clone(),
            })
            .collect(),
        conflicting: conflicting.collect(),
        state_hash: crate::random::hex(&document.state_hash()),
    }))
}

/// A value as plain text for programs.
fn plain(value: &shared::document::Value) -> String {
    use shared::document::Value;
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Id(id) => id.to_string(),
        Value::Money { minor, currency } => format!("{minor} {currency}"),
        Value::Instant(instant) => instant.timestamp().to_string(),
        Value::Date(_) => value
            .as_date()
            .map(|day| day.to_string())
            .unwrap_or_default(),
        Value::Bytes(bytes) => crate::random::hex(bytes),
    }
}

fn seen(app: &App) -> Seen {
    let language = shared::presentation::Language::English;
    seen_from_office(app, Words { language })
}
