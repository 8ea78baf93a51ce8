//! Signing in and out over JSON.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use shared::id::StaffId;

use super::answer::{ApiError, Body};
use crate::counter::{Counter, CounterError, Person};

/// Whoever the request's bearer token belongs to. A handler that takes this is for people who are signed in.
pub(super) struct SignedIn {
    pub(super) person: Person,
    token: String,
}

impl FromRequestParts<Counter> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, counter: &Counter) -> Result<Self, ApiError> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(CounterError::SignedOut)?;
        let person = counter.session(token)?;
        Ok(Self {
            person,
            token: token.to_owned(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct SignInBody {
    staff: StaffId,
    pin: String,
    #[serde(default)]
    counter: String,
}

#[derive(Serialize)]
pub(super) struct SignedInBody {
    token: String,
    name: String,
    role: &'static str,
}

pub(super) async fn sign_in(
    State(counter): State<Counter>,
    Body(body): Body<SignInBody>,
) -> Result<Json<SignedInBody>, ApiError> {
    let token = counter
        .sign_in(body.staff, &body.pin, &body.counter)
        .await?;
    let person = counter.session(token.as_str())?;
    Ok(Json(SignedInBody {
        token: token.as_str().to_owned(),
        name: person.name,
        role: person.role.code(),
    }))
}

pub(super) async fn sign_out(
    State(counter): State<Counter>,
    session: SignedIn,
) -> Result<StatusCode, ApiError> {
    counter.sign_out(&session.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unlock(
    State(counter): State<Counter>,
    session: SignedIn,
    Path(staff): Path<StaffId>,
) -> Result<StatusCode, ApiError> {
    counter.unlock(&session.person, staff).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
pub(super) struct TileBody {
    staff: StaffId,
    name: String,
    role: &'static str,
    is_locked: bool,
}

/// Those who can sign in here, as on the sign-in page.
pub(super) async fn staff(State(counter): State<Counter>) -> Json<Vec<TileBody>> {
    let tiles = counter.staff_tiles().into_iter().map(|tile| TileBody {
        staff: tile.staff,
        name: tile.name,
        role: tile.role.code(),
        is_locked: tile.is_locked,
    });
    Json(tiles.collect())
}
