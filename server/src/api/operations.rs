//! The JSON interface for automation, below `/api/v1`.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use shared::domain::Role;
use shared::id::{BranchId, DocumentId};
use utoipa::ToSchema;

use crate::auth::FromOffice;
use crate::backend::{Choice, MakeJoinString, NewStaff, Presence};
use crate::clock;
use crate::problem::Problem;
use crate::router::App;

/// What a join string is for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct JoinStringRequest {
    /// `branch` or `importer`.
    role: String,
    /// The name of a new branch.
    branch_name: Option<String>,
    /// The new branch's country code; `CH` when it is left out.
    territory: Option<String>,
    /// The id of a branch that exists, for another machine of it.
    branch: Option<String>,
}

/// A join string, given once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JoinStringReply {
    /// `https://hub.example/join#CODE`
    join_string: String,
    /// Until when it works, RFC 3339.
    expires_at: String,
    /// The branch it is for.
    branch: Option<String>,
}

/// `POST /api/v1/join-strings`: makes a one-time join string, and the branch it is for when that is new.
#[utoipa::path(post, path = "/api/v1/join-strings", tag = "branches", request_body = JoinStringRequest,
    responses((status = 200, body = JoinStringReply), (status = 400, body = crate::problem::ProblemBody)))]
pub(crate) async fn make_join_string(
    State(app): State<App>,
    FromOffice(user): FromOffice,
    body: Result<Json<JoinStringRequest>, JsonRejection>,
) -> Result<Json<JoinStringReply>, Problem> {
    let request = json(body)?;
    let wanted = match request.role.as_str() {
        "importer" => MakeJoinString::Importer,
        "branch" => match (request.branch, request.branch_name) {
            (Some(branch), _) => MakeJoinString::Branch(id(&branch)?),
            (None, Some(name)) => MakeJoinString::NewBranch {
                name,
                territory: request.territory.unwrap_or_else(|| "CH".to_owned()),
            },
            (None, None) => {
                return Err(Problem::bad_request(
                    "a branch's join string needs branch_name for a new branch, or branch for one that exists",
                ));
            }
        },
        _ => return Err(Problem::bad_request("role is branch or importer")),
    };
    let made = app.hub.make_join_string(wanted, Some(user.staff)).await?;
    Ok(Json(JoinStringReply {
        join_string: made.join_string,
        expires_at: made.expires_at.timestamp().to_string(),
        branch: made.branch.map(|branch| branch.to_string()),
    }))
}

/// Somebody who starts to work here.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StaffRequest {
    /// Their name.
    name: String,
    /// `counter`, `workshop`, `office` or `administrator`.
    role: String,
    /// 4 to 6 digits, for counters.
    pin: Option<String>,
    /// Ids of the branches where they work; empty for all.
    #[serde(default)]
    branches: Vec<String>,
    /// For the office: what they type to log in.
    login: Option<String>,
    /// For the office: at least 8 characters.
    password: Option<String>,
}

/// Who was taken on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffReply {
    /// Their id.
    id: String,
}

/// `POST /api/v1/staff`: takes somebody on.
#[utoipa::path(post, path = "/api/v1/staff", tag = "staff", request_body = StaffRequest,
    responses((status = 200, body = StaffReply), (status = 400, body = crate::problem::ProblemBody)))]
pub(crate) async fn take_on(
    State(app): State<App>,
    FromOffice(user): FromOffice,
    body: Result<Json<StaffRequest>, JsonRejection>,
) -> Result<Json<StaffReply>, Problem> {
    let request = json(body)?;
    let role = Role::from_code(&request.role).ok_or_else(|| {
        Problem::bad_request("role is counter, workshop, office or administrator")
    })?;
    let new = NewStaff {
        name: request.name,
        role,
        pin: request.pin,
        branches: request
            .branches
            .iter()
            .map(|branch| id(branch))
            .collect::<Result<_, _>>()?,
        // A login without a password is refused with words, not left out.
        account: request
            .login
            .map(|login| (login, request.password.unwrap_or_default())),
    };
    let staff = app.hub.take_on(new, Some(user.staff)).await?;
    Ok(Json(StaffReply {
        id: staff.to_string(),
    }))
}

/// A branch and how its machine stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BranchReply {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The first two characters of its tickets.
    ticket_prefix: Option<String>,
    /// `current`, `sending`, `away` or `never`.
    freshness: &'static str,
    /// The number of the machine that serves it.
    replica: Option<u32>,
    /// RFC 3339.
    last_contact: Option<String>,
    /// When it last had everything and nothing waited there, RFC 3339.
    complete_at: Option<String>,
    /// Documents that waited there at the last contact.
    pending: Option<u64>,
    /// Since when the oldest of them waits, RFC 3339.
    pending_since: Option<String>,
    /// Its clock minus the hub's.
    clock_ahead_ms: Option<i64>,
    /// When its own digest was last found equal to the hub's, RFC 3339.
    identical_at: Option<String>,
    /// Documents set aside there.
    set_aside: Option<u32>,
    /// The program's version when it joined.
    software: Option<String>,
    /// The protocol version that it last spoke.
    protocol: Option<u16>,
}

/// `GET /api/v1/branches`.
#[utoipa::path(get, path = "/api/v1/branches", tag = "branches", responses((status = 200, body = Vec<BranchReply>)))]
pub(crate) async fn branches(State(app): State<App>) -> Json<Vec<BranchReply>> {
    let now = clock::now();
    let catalogue = app.hub.catalogue();
    let replies = catalogue.branches.iter().map(|branch| {
        let (replica, presence) = app.hub.replicas().of_branch(branch.id).unzip();
        let presence: Option<Presence> = presence.flatten();
        let moment = |at: shared::clock::UtcMillis| at.timestamp().to_string();
        BranchReply {
            id: branch.id.to_string(),
            name: branch.name.clone(),
            ticket_prefix: branch.prefix.map(|prefix| prefix.to_string()),
            freshness: Presence::freshness(presence.as_ref(), now).code(),
            software: replica.as_ref().map(|replica| replica.software.clone()),
            replica: replica.map(|replica| replica.number.0),
            last_contact: presence.map(|known| moment(known.last_contact)),
            complete_at: presence.and_then(|known| known.complete_at).map(moment),
            pending: presence.map(|known| known.pending),
            pending_since: presence.and_then(|known| known.pending_since).map(moment),
            clock_ahead_ms: presence.map(|known| known.clock_ahead_millis),
            identical_at: presence.and_then(|known| known.identical_at).map(moment),
            set_aside: presence.map(|known| known.set_aside),
            protocol: presence
                .map(|known| known.protocol)
                .filter(|protocol| *protocol > 0),
        }
    });
    Json(replies.collect())
}

/// Which of the values of a field holds.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SettleRequest {
    /// The document's id.
    document: String,
    /// The field in conflict.
    field: String,
    /// The place of the chosen value among the field's values, from 0.
    chosen: usize,
}

/// That it was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// Always true.
    ok: bool,
}

/// `POST /api/v1/conflicts/settle`.
#[utoipa::path(post, path = "/api/v1/conflicts/settle", tag = "orders", request_body = SettleRequest,
    responses((status = 200, body = Done), (status = 409, body = crate::problem::ProblemBody)))]
pub(crate) async fn settle(
    State(app): State<App>,
    FromOffice(user): FromOffice,
    body: Result<Json<SettleRequest>, JsonRejection>,
) -> Result<Json<Done>, Problem> {
    let request = json(body)?;
    let document: DocumentId = request
        .document
        .parse()
        .map_err(|_| Problem::bad_request("document is no id"))?;
    app.hub
        .settle(
            document,
            request.field,
            Choice::Place(request.chosen),
            Some(user.staff),
        )
        .await?;
    Ok(Json(Done { ok: true }))
}

fn json<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    body.map(|Json(value)| value)
        .map_err(|rejection| Problem::new(rejection.status(), "bad_request", rejection.body_text()))
}

fn id(text: &str) -> Result<BranchId, Problem> {
    text.parse()
        .map_err(|_| Problem::bad_request(format!("{text} is no id")))
}
