//! HTTP to the hub, with a limit on everything.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::limits;
use shared::wire::reconcile::{
    FETCH_PATH, FetchQuery, FetchReply, RECONCILE_BYTES, RECONCILE_PATH, ReconcileQuery,
    ReconcileReply,
};
use shared::wire::{
    self, EXCHANGE_PATH, ExchangeReply, FIND_PATH, FindQuery, FindReply, JOIN_PATH, JoinReply,
    JoinRequest, WAIT_PATH, WAIT_SECONDS, WaitReply,
};

use crate::counter::LineProblem;

/// A line that needs longer than this to open is as good as none.
const CONNECT: Duration = Duration::from_secs(5);

/// A full batch of 4 MB each way over a line of 1 Mbit/s, with the hub's work in between.
const EXCHANGE: Duration = Duration::from_secs(90);

/// The hub holds a wait open for its time; this is what it may take on top.
const WAIT: Duration = Duration::from_secs(WAIT_SECONDS + 10);

/// Somebody stands at the counter with a ticket.
const FIND: Duration = Duration::from_secs(10);

/// Joining waits for a person's reading speed on neither side.
const JOIN: Duration = Duration::from_secs(20);

/// Bytes of a small JSON answer.
const JSON_BYTES: usize = 64 * 1024;

/// Bytes of a comparison's reply as it travels: what it holds, the header and what a line may put around it.
const RECONCILE_REPLY_BYTES: usize = 2 * RECONCILE_BYTES;

/// Bytes of a hub's complaint that are shown.
const COMPLAINT_CHARACTERS: usize = 300;

/// The way to one hub.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    hub: String,
    token: String,
}

/// The HTTP client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the way to the hub cannot be set up: {0}")]
pub struct TransportError(#[from] reqwest::Error);

/// A message as it travels.
///
/// # Errors
/// [`LineProblem::Nonsense`] when it is larger than a message may be.
pub(super) fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, LineProblem> {
    wire::encode(message).map_err(|error| LineProblem::Nonsense(error.to_string()))
}

impl Transport {
    /// `hub` is its address without a slash at the end.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub(crate) fn new(hub: &str, token: String) -> Result<Self, TransportError> {
        Ok(Self {
            client: client()?,
            hub: hub.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// One exchange, with a message as [`encode`] made it.
    pub(crate) async fn exchange(&self, message: Vec<u8>) -> Result<ExchangeReply, LineProblem> {
        self.post(EXCHANGE_PATH, message, limits::COMPRESSED_MESSAGE_BYTES)
            .await
    }

    /// Posts a binary message and reads the binary answer, of at most so many bytes.
    async fn ask<T: Serialize, R: DeserializeOwned>(
        &self,
        path: &str,
        message: &T,
        reply_bytes: usize,
    ) -> Result<R, LineProblem> {
        self.post(path, encode(message)?, reply_bytes).await
    }

    async fn post<R: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        reply_bytes: usize,
    ) -> Result<R, LineProblem> {
        let response = self
            .client
            .post(format!("{}{path}", self.hub))
            .timeout(EXCHANGE)
            .bearer_auth(&self.token)
            .body(body)
            .send()
            .await
            .map_err(|error| problem_of(&error))?;
        let bytes = body_of(accepted(response).await?, reply_bytes).await?;
        wire::decode(&bytes).map_err(|error| LineProblem::Nonsense(error.to_string()))
    }

    /// What the hub holds in some ranges of this branch's scope.
    pub(crate) async fn reconcile(
        &self,
        query: &ReconcileQuery,
    ) -> Result<ReconcileReply, LineProblem> {
        self.ask(RECONCILE_PATH, query, RECONCILE_REPLY_BYTES).await
    }

    /// Documents of this branch's scope as the hub holds them.
    pub(crate) async fn fetch(&self, query: &FetchQuery) -> Result<FetchReply, LineProblem> {
        self.ask(FETCH_PATH, query, limits::COMPRESSED_MESSAGE_BYTES)
            .await
    }

    /// Whether an order has a ticket; it is in this branch's scope then.
    pub(crate) async fn find(&self, ticket: &str) -> Result<FindReply, LineProblem> {
        let query = FindQuery {
            ticket: ticket.to_owned(),
        };
        let response = self
            .client
            .post(format!("{}{FIND_PATH}", self.hub))
            .timeout(FIND)
            .bearer_auth(&self.token)
            .json(&query)
            .send()
            .await
            .map_err(|error| problem_of(&error))?;
        json_of(accepted(response).await?).await
    }

    /// Returns when the hub has something after `position`, or has waited long enough.
    pub(crate) async fn wait(&self, position: u64) -> Result<WaitReply, LineProblem> {
        let response = self
            .client
            .get(format!("{}{WAIT_PATH}?after={position}", self.hub))
            .timeout(WAIT)
            .bearer_auth(&self.token)
            .send()
            .await
            .map_err(|error| problem_of(&error))?;
        json_of(accepted(response).await?).await
    }
}

/// Why a machine could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinProblem {
    /// No client.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The hub refused the code.
    #[error(
        "the hub does not let this machine in: {0}. A join string works once and expires after a day; the office makes a new one under Branches"
    )]
    Refused(String),
    /// The hub could not be asked.
    #[error("the hub at {hub} could not be asked: {problem}")]
    Line {
        /// Its address.
        hub: String,
        /// Why.
        problem: LineProblem,
    },
}

/// Asks a hub to let this machine in.
///
/// # Errors
/// [`JoinProblem`]; a refused code stays refused, anything else may be tried again.
pub(crate) async fn join(hub: &str, request: &JoinRequest) -> Result<JoinReply, JoinProblem> {
    let line = |problem| JoinProblem::Line {
        hub: hub.to_owned(),
        problem,
    };
    let response = client()?
        .post(format!("{}{JOIN_PATH}", hub.trim_end_matches('/')))
        .timeout(JOIN)
        .json(request)
        .send()
        .await
        .map_err(|error| line(problem_of(&error)))?;
    if response.status().is_client_error() {
        let status = response.status();
        let complaint = body_of(response, JSON_BYTES).await.unwrap_or_default();
        return Err(JoinProblem::Refused(in_words(status, &complaint)));
    }
    let response = accepted(response).await.map_err(line)?;
    json_of(response).await.map_err(line)
}

fn client() -> Result<Client, TransportError> {
    // Refused when one was chosen before, and then that one serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder()
        .connect_timeout(CONNECT)
        .timeout(EXCHANGE)
        .redirect(redirect::Policy::none())
        // Shorter than the idle time of common proxies, or a request goes into a connection that is already closed.
        .pool_idle_timeout(Duration::from_secs(20))
        .build()?)
}

async fn accepted(response: Response) -> Result<Response, LineProblem> {
    let status = response.status();
    match status {
        _ if status.is_success() => Ok(response),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(LineProblem::Revoked),
        StatusCode::UPGRADE_REQUIRED => Err(LineProblem::Incompatible { protocol: 0 }),
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(LineProblem::HubFault {
                status: status.as_u16(),
            })
        }
        _ => {
            let complaint = body_of(response, JSON_BYTES).await.unwrap_or_default();
            Err(LineProblem::Nonsense(in_words(status, &complaint)))
        }
    }
}

fn in_words(status: StatusCode, complaint: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Complaint {
        error: String,
    }
    // The hub explains itself in JSON; whatever stands between may answer with anything.
    if let Ok(complaint) = serde_json::from_slice::<Complaint>(complaint) {
        return complaint.error.chars().take(COMPLAINT_CHARACTERS).collect();
    }
    let text: String = String::from_utf8_lossy(complaint)
        .chars()
        .filter(|character| !character.is_control())
        .take(COMPLAINT_CHARACTERS)
        .collect();
    if text.is_empty() {
        format!("HTTP {}", status.as_u16())
    } else {
        format!("HTTP {}: {text}", status.as_u16())
    }
}

async fn json_of<T: DeserializeOwned>(response: Response) -> Result<T, LineProblem> {
    let bytes = body_of(response, JSON_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| LineProblem::Nonsense(error.to_string()))
}

/// The body, never more than `limit` of it in memory.
async fn body_of(mut response: Response, limit: usize) -> Result<Vec<u8>, LineProblem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| problem_of(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(LineProblem::Nonsense(format!(
                "it is longer than {limit} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn problem_of(error: &reqwest::Error) -> LineProblem {
    if error.is_timeout() {
        LineProblem::TimedOut
    } else {
        LineProblem::Unreachable
    }
}
