//! What goes wrong, as an HTTP answer: a status, a code for programs and a sentence for people that says what is safe
//! and what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::{
    BackendError, ChangeoverError, ExchangeError, JoinError, MakeJoinStringError, NewStaffError,
    ReconcileError, SetPriceError, SettleError,
};

/// An answer that is no success.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<i64>,
}

/// The JSON of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// A word for programs, such as `no_such_branch`.
    pub(crate) code: &'static str,
    /// A sentence for people.
    pub(crate) error: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_seconds: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn unauthorised() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorised",
            "this needs a log-in: HTTP Basic with an office account, or the bearer token of a joined machine",
        )
    }

    pub(crate) fn unknown_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unknown_token",
            "the hub does not know this machine's token; everything on it stays safe. Join it again with a new join string",
        )
    }

    pub(crate) fn retired() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "retired",
            "the office has retired this machine; what it had sent is at the office, what it had not is still on it. \
             Join it again with a new join string to go on",
        )
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "your role may not do this; an administrator can, or can change your role",
        )
    }

    pub(crate) fn switching_over() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "switching_over",
            "an old system is being switched off at this moment, so prices, staff and branches stay as they are for some minutes; \
             nothing was changed. Orders are taken in and worked on as always",
        )
    }

    pub(crate) fn foreign_origin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this form was not sent from a page of this hub, so nothing was done",
        )
    }

    pub(crate) fn too_many_tries(seconds: i64) -> Self {
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_tries",
                format!("too many wrong tries; try again in {seconds} s"),
            )
        }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }
}

/// What a page shows of a problem. Travels with the response, so that a person gets a page where a program gets JSON.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let shown = Shown {
            status: self.status,
            message: self.message.clone(),
        };
        if self.status.is_server_error() {
            tracing::error!(code = self.code, message = self.message, "a request failed");
        }
        let body = ProblemBody {
            code: self.code,
            error: self.message,
        };
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(shown);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Offpiste\", charset=\"UTF-8\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from(seconds.unsigned_abs()),
            );
        }
        response
    }
}

impl From<BackendError> for Problem {
    fn from(error: BackendError) -> Self {
        let (status, code) = match &error {
            BackendError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            BackendError::NotDurable(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_durable"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let (status, code) = match error {
            ExchangeError::Backend(error) => return error.into(),
            ExchangeError::Protocol(_) | ExchangeError::Contracted(_) => {
                (StatusCode::UPGRADE_REQUIRED, "protocol")
            }
            ExchangeError::TooMany(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_many"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ReconcileError> for Problem {
    fn from(error: ReconcileError) -> Self {
        let (status, code) = match error {
            ReconcileError::Backend(error) => return error.into(),
            ReconcileError::NoBranch => (StatusCode::FORBIDDEN, "no_branch"),
            ReconcileError::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            ReconcileError::TooMany(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_many"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        let (status, code) = match error {
            JoinError::Backend(error) => return error.into(),
            JoinError::Unknown => (StatusCode::FORBIDDEN, "unknown_join_string"),
            JoinError::Expired => (StatusCode::GONE, "expired_join_string"),
            JoinError::TooMany => (StatusCode::CONFLICT, "too_many"),
            JoinError::Name => (StatusCode::BAD_REQUEST, "name"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<MakeJoinStringError> for Problem {
    fn from(error: MakeJoinStringError) -> Self {
        let (status, code) = match error {
            MakeJoinStringError::Backend(error) => return error.into(),
            MakeJoinStringError::Name => (StatusCode::BAD_REQUEST, "name"),
            MakeJoinStringError::NameInUse(_) => (StatusCode::CONFLICT, "name_in_use"),
            MakeJoinStringError::Territory(_) => (StatusCode::BAD_REQUEST, "territory"),
            MakeJoinStringError::NoSuchBranch => (StatusCode::NOT_FOUND, "no_such_branch"),
            MakeJoinStringError::NoPrefixLeft => (StatusCode::CONFLICT, "no_prefix_left"),
            MakeJoinStringError::TooMany => (StatusCode::CONFLICT, "too_many"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<NewStaffError> for Problem {
    fn from(error: NewStaffError) -> Self {
        let (status, code) = match error {
            NewStaffError::Backend(error) => return error.into(),
            NewStaffError::Name => (StatusCode::BAD_REQUEST, "name"),
            NewStaffError::Pin => (StatusCode::BAD_REQUEST, "pin"),
            NewStaffError::NoWayIn => (StatusCode::BAD_REQUEST, "no_way_in"),
            NewStaffError::Login => (StatusCode::BAD_REQUEST, "login"),
            NewStaffError::LoginInUse => (StatusCode::CONFLICT, "login_in_use"),
            NewStaffError::Password => (StatusCode::BAD_REQUEST, "password"),
            NewStaffError::RoleHasNoAccount => (StatusCode::BAD_REQUEST, "role_has_no_account"),
            NewStaffError::NoSuchBranch(_) => (StatusCode::BAD_REQUEST, "no_such_branch"),
            NewStaffError::NoSuchPerson => (StatusCode::NOT_FOUND, "no_such_person"),
            NewStaffError::OwnAccount => (StatusCode::CONFLICT, "own_account"),
            NewStaffError::TooManyBranches => (StatusCode::BAD_REQUEST, "too_many_branches"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        let (status, code) = match error {
            SettleError::Backend(error) => return error.into(),
            SettleError::NoSuchDocument => (StatusCode::NOT_FOUND, "no_such_document"),
            SettleError::Refused(_) => (StatusCode::CONFLICT, "refused"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ChangeoverError> for Problem {
    fn from(error: ChangeoverError) -> Self {
        match error {
            ChangeoverError::Backend(error) => error.into(),
            ChangeoverError::NoSuchBranch => {
                Self::new(StatusCode::NOT_FOUND, "no_such_branch", error.to_string())
            }
        }
    }
}

impl From<SetPriceError> for Problem {
    fn from(error: SetPriceError) -> Self {
        let (status, code) = match error {
            SetPriceError::Backend(error) => return error.into(),
            SetPriceError::NoSuchService => (StatusCode::NOT_FOUND, "no_such_service"),
            SetPriceError::Amount => (StatusCode::BAD_REQUEST, "amount"),
            SetPriceError::Day => (StatusCode::BAD_REQUEST, "day"),
        };
        Self::new(status, code, error.to_string())
    }
}
