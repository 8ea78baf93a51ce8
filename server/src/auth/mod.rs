//! Who asks, and what they may. A route's permission stands in the router's table and is enforced before its handler runs;
//! handlers get the caller from the extractors here.

mod guard;
mod login;
pub(crate) mod passwords;
mod sessions;
mod throttle;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::domain::Role;
use shared::id::StaffId;

pub(crate) use guard::{cookie, guard, is_same_origin, session_token};
pub(crate) use login::{Believed, LoginError, SESSION_COOKIE};
pub(crate) use sessions::Sessions;
pub(crate) use throttle::Throttle;

use crate::backend::Replica;
use crate::problem::Problem;

/// What a route asks of its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// Anybody.
    Public,
    /// The bearer token of a replica, branch or importer.
    Replica,
    /// The bearer token of an importer, or an office account.
    Importer,
    /// An office account with at least this role, by session or HTTP Basic.
    Office(Role),
}

/// Who asks, after the guard has let them in.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A machine.
    Replica(Replica),
    /// A person.
    Office(OfficeUser),
}

/// A person at the office.
#[derive(Clone, Debug)]
pub(crate) struct OfficeUser {
    /// In whose name they write.
    pub(crate) staff: StaffId,
    /// What they may do.
    pub(crate) role: Role,
}

/// The machine that asks. For routes with [`Permission::Replica`].
pub(crate) struct FromReplica(pub(crate) Replica);

impl<S: Send + Sync> FromRequestParts<S> for FromReplica {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Replica(replica)) => Ok(Self(replica.clone())),
            _ => Err(Problem::unauthorised()),
        }
    }
}

/// The person who asks. For routes with [`Permission::Office`].
pub(crate) struct FromOffice(pub(crate) OfficeUser);

impl<S: Send + Sync> FromRequestParts<S> for FromOffice {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Office(user)) => Ok(Self(user.clone())),
            _ => Err(Problem::unauthorised()),
        }
    }
}
