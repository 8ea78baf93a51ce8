//! What the importer asks and tells while an old system is being replaced: how the branches stand, what the office's own
//! lists find, and what people at the counters are to know.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use shared::clock::UtcMillis;
use shared::domain::{Changeover, ChangeoverState};
use shared::id::BranchId;
use shared::read_model::{OrderFilter, OrderSort, Page, QueryError};

use super::figures::OrderJson;
use crate::backend::Presence;
use crate::clock;
use crate::problem::Problem;
use crate::router::App;

/// Orders of one answer: a number of the old system is a handful at most.
const FOUND: usize = 20;

/// A switch-over is told no longer than a month: what is told for ever is not read.
const LONGEST_MINUTES: i64 = 31 * 24 * 60;

/// Characters of the old system's name.
const LONGEST_NAME: usize = 100;

/// How the firm stands before a switch-over.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    /// All orders in the office's lists.
    orders: u64,
    /// Orders that branches or an import disagree on, undecided.
    conflicts: u64,
    /// Whether the lists have everything that the store has.
    is_up_to_date: bool,
    /// Active branches.
    branches: Vec<BranchStanding>,
}

/// How one branch stands.
#[derive(Debug, Serialize)]
pub(crate) struct BranchStanding {
    id: String,
    name: String,
    /// Orders taken in there, those of the old system included.
    orders: u64,
    /// `current`, `sending`, `away` or `never`.
    freshness: &'static str,
    /// RFC 3339.
    last_contact: Option<String>,
    /// Documents that waited there at the last contact.
    pending: Option<u64>,
    /// What is told there at this moment: `switching_off` or `switched_off`.
    changeover: Option<&'static str>,
}

/// `GET /sync/v1/changeover`.
pub(crate) async fn standing(State(app): State<App>) -> Result<Json<Standing>, Problem> {
    let catalogue = app.hub.catalogue();
    let active: Vec<_> = catalogue
        .branches
        .iter()
        .filter(|branch| branch.active)
        .cloned()
        .collect();
    let ids: Vec<BranchId> = active.iter().map(|branch| branch.id).collect();
    let head = *app.hub.head().borrow();
    let counted = app.hub.read(move |lists| {
        let count = |filter: &OrderFilter| -> Result<u64, QueryError> {
            let none = Page {
                offset: 0,
                limit: 1,
            };
            Ok(lists.order_list(filter, OrderSort::Newest, none)?.total)
        };
        let all = count(&OrderFilter::default())?;
        let conflicts = count(&OrderFilter {
            conflicts_only: true,
            ..OrderFilter::default()
        })?;
        let by_branch = ids
            .into_iter()
            .map(|branch| {
                count(&OrderFilter {
                    branch: Some(branch),
                    ..OrderFilter::default()
                })
            })
            .collect::<Result<Vec<u64>, QueryError>>()?;
        Ok((all, conflicts, by_branch, lists.position()?))
    });
    let (orders, conflicts, by_branch, position) = counted.await?;
    let now = clock::now();
    let branches = active.iter().zip(by_branch).map(|(branch, orders)| {
        let presence = app
            .hub
            .replicas()
            .of_branch(branch.id)
            .and_then(|(_, presence)| presence);
        BranchStanding {
            id: branch.id.to_string(),
            name: branch.name.clone(),
            orders,
            freshness: Presence::freshness(presence.as_ref(), now).code(),
            last_contact: presence.map(|known| known.last_contact.timestamp().to_string()),
            pending: presence.map(|known| known.pending),
            changeover: branch
                .changeover
                .as_ref()
                .filter(|changeover| changeover.is_told(now))
                .map(|changeover| changeover.state.code()),
        }
    });
    Ok(Json(Standing {
        orders,
        conflicts,
        is_up_to_date: position >= head,
        branches: branches.collect(),
    }))
}

/// What people at the counters are to know.
#[derive(Debug, Deserialize)]
pub(crate) struct Tell {
    /// `switching_off`, `switched_off`, or `none` to end it.
    state: String,
    /// What people call the old system.
    #[serde(default)]
    system: String,
    /// For how long it is told, at most a month.
    #[serde(default)]
    minutes: i64,
    /// Ids of the branches; empty for all that are active.
    #[serde(default)]
    branches: Vec<String>,
}

/// That it was told.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// How many branches will hear it.
    branches: usize,
}

/// `POST /sync/v1/changeover`.
pub(crate) async fn tell(
    State(app): State<App>,
    body: Result<Json<Tell>, JsonRejection>,
) -> Result<Json<Told>, Problem> {
    let Json(tell) = body.map_err(|rejection| {
        Problem::new(rejection.status(), "bad_request", rejection.body_text())
    })?;
    let changeover = match tell.state.as_str() {
        "none" => None,
        state => Some(Changeover {
            state: ChangeoverState::from_code(state).ok_or_else(|| {
                Problem::bad_request("state is switching_off, switched_off or none")
            })?,
            system: tell.system.chars().take(LONGEST_NAME).collect(),
            until: UtcMillis(clock::now().0 + tell.minutes.clamp(1, LONGEST_MINUTES) * 60_000),
        }),
    };
    let catalogue = app.hub.catalogue();
    let branches: Vec<BranchId> = if tell.branches.is_empty() {
        let active = catalogue.branches.iter().filter(|branch| branch.active);
        active.map(|branch| branch.id).collect()
    } else {
        let ids = tell.branches.iter().map(|id| id.parse());
        ids.collect::<Result<_, _>>()
            .map_err(|_| Problem::bad_request("branches are ids"))?
    };
    let count = branches.len();
    app.hub.tell_changeover(branches, changeover).await?;
    Ok(Json(Told { branches: count }))
}

/// What is looked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    q: String,
}

/// `GET /sync/v1/orders?q=`: what the office's search finds, for a look at whether imported orders are found.
pub(crate) async fn search(
    State(app): State<App>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<OrderJson>>, Problem> {
    let filter = OrderFilter {
        text: Some(search.q),
        ..OrderFilter::default()
    };
    let page = Page {
        offset: 0,
        limit: FOUND,
    };
    let found = app
        .hub
        .read(move |lists| lists.order_list(&filter, OrderSort::Newest, page))
        .await?;
    Ok(Json(found.orders.iter().map(OrderJson::from).collect()))
}
