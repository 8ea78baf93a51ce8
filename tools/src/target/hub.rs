//! A running hub over its API. The importer is a replica like any other: it joins once, then pushes deltas.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use shared::clock::UtcMillis;
use shared::document::format;
use shared::id::ReplicaNumber;
use shared::wire::{
    DOCUMENTS_PATH, DocumentsReply, EXCHANGE_PATH, Epoch, Exchange, ExchangeReply, JOIN_PATH,
    JoinReply, JoinRequest, JoinString, MEDIA_TYPE, PROTOCOL_VERSION, ReplicaRole,
};

use super::{EncodedPage, Page, Refusal, Target, TargetError};

/// A batch of orders is merged in well under a second; a hub that needs longer than this is in trouble.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// How often a batch is sent again when the line fails, waiting longer each time. Sending twice is sending once.
const TRIES: u32 = 6;

/// Documents of one page of the feed.
const PAGE_DOCUMENTS: usize = 1_000;

/// An answer may be this long: the largest message that travels, with room.
const LONGEST_ANSWER_BYTES: usize = shared::limits::COMPRESSED_MESSAGE_BYTES + 1024;

/// What the hub has given the importer, kept beside the plan so that later runs need no join string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The hub's address.
    pub hub: String,
    /// The importer's number there.
    pub replica: u32,
    /// The bearer token.
    pub token: String,
}

/// A connection to a hub.
pub struct Hub {
    runtime: tokio::runtime::Runtime,
    pub(super) client: reqwest::Client,
    credentials: Credentials,
    epoch: Option<Epoch>,
    /// Batches that are on their way, the earliest first.
    under_way: VecDeque<tokio::task::JoinHandle<Result<Vec<u8>, TargetError>>>,
}

impl Hub {
    /// Joins a hub as an importer with a one-time join string (or its code and the hub's address).
    pub fn join(hub: Option<&str>, join: &str) -> Result<Self, TargetError> {
        let (hub, code) = match join.parse::<JoinString>() {
            Ok(join) => (hub.map_or(join.hub, str::to_owned), join.code),
            Err(error) => match hub {
                Some(hub) => (hub.to_owned(), join.to_owned()),
                None => return Err(TargetError::NotAllowed(error.to_string())),
            },
        };
        let hub = hub.trim_end_matches('/').to_owned();
        let (runtime, client) = client(&hub)?;
        let request = JoinRequest {
            code,
            machine: "offpiste-import".to_owned(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let reply: JoinReply = runtime.block_on(async {
            let answer = client
                .post(format!("{hub}{JOIN_PATH}"))
                .json(&request)
                .send()
                .await;
            let answer = answer.map_err(|error| unreachable_hub(&hub, &error))?;
            let answer = check(answer).await?;
            answer
                .json()
                .await
                .map_err(|error| TargetError::Unreadable(error.to_string()))
        })?;
        if reply.role != ReplicaRole::Importer {
            return Err(TargetError::NotAllowed(
                "this join string is for a branch and is now used up. Ask the office for one with the role importer, and for a new one for the branch.".to_owned(),
            ));
        }
        let credentials = Credentials {
            hub,
            replica: reply.replica.0,
            token: reply.token,
        };
        Ok(Self {
            runtime,
            client,
            credentials,
            epoch: Some(reply.epoch),
            under_way: VecDeque::new(),
        })
    }

    /// Comes back with what the hub gave at joining.
    pub fn resume(credentials: Credentials) -> Result<Self, TargetError> {
        let (runtime, client) = client(&credentials.hub)?;
        Ok(Self {
            runtime,
            client,
            credentials,
            epoch: None,
            under_way: VecDeque::new(),
        })
    }

    /// What to keep for later runs.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The life of the hub's feed, once it has answered.
    pub fn epoch(&self) -> Option<u64> {
        self.epoch.map(|epoch| epoch.0)
    }

    /// Sends a request until it is answered, or the tries are used up. Only failures of the line are tried again.
    pub(super) fn ask(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Vec<u8>, TargetError> {
        self.runtime.block_on(asked(&self.credentials, request))
    }

    /// A batch as it travels.
    fn message(
        &self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<u8>, TargetError> {
        let exchange = Exchange {
            protocol: PROTOCOL_VERSION,
            epoch: self.epoch,
            pushed: batch,
            // It does not tell an incarnation or a run: its counters follow from its ledger.
            highest_counter,
            pending,
            clock: UtcMillis::from(jiff::Timestamp::now()),
            ..Exchange::default()
        };
        shared::wire::encode(&exchange).map_err(|error| TargetError::Unreadable(error.to_string()))
    }
}

/// Sends a request until it is answered, or the tries are used up. Only failures of the line are tried again.
async fn asked(
    credentials: &Credentials,
    request: impl Fn() -> reqwest::RequestBuilder,
) -> Result<Vec<u8>, TargetError> {
    let bearer = format!("Bearer {}", credentials.token);
    let mut wait = Duration::from_millis(250);
    for attempt in 1.. {
        let failure = match request().header(AUTHORIZATION, &bearer).send().await {
            Ok(answer) if is_passing(answer.status()) && attempt < TRIES => TargetError::Answered {
                status: answer.status().as_u16(),
                reason: "it is busy".to_owned(),
            },
            Ok(answer) => return body(check(answer).await?).await,
            Err(error) => unreachable_hub(&credentials.hub, &error),
        };
        if attempt >= TRIES {
            return Err(failure);
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Err(TargetError::Unreachable {
        hub: credentials.hub.clone(),
        reason: "no try was made".to_owned(),
    })
}

impl Target for Hub {
    fn replica(&self) -> ReplicaNumber {
        ReplicaNumber(self.credentials.replica)
    }

    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError> {
        match self.begin(batch, highest_counter, pending)? {
            Some(refusals) => Ok(refusals),
            None => self.answer(),
        }
    }

    fn begin(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Option<Vec<Refusal>>, TargetError> {
        let message = self.message(batch, highest_counter, pending)?;
        let (client, credentials) = (self.client.clone(), self.credentials.clone());
        let address = format!("{}{EXCHANGE_PATH}", credentials.hub);
        self.under_way.push_back(self.runtime.spawn(async move {
            let request = || {
                client
                    .post(&address)
                    .header(CONTENT_TYPE, MEDIA_TYPE)
                    .body(message.clone())
            };
            asked(&credentials, request).await
        }));
        Ok(None)
    }

    fn answer(&mut self) -> Result<Vec<Refusal>, TargetError> {
        let Some(earliest) = self.under_way.pop_front() else {
            return Ok(Vec::new());
        };
        let answer = self.runtime.block_on(earliest);
        let answer = answer.unwrap_or_else(|error| {
            Err(TargetError::Unreachable {
                hub: self.credentials.hub.clone(),
                reason: error.to_string(),
            })
        });
        // Whoever goes on after a failure asks anew; nobody waits for what was sent behind it.
        let answer = answer.inspect_err(|_| self.under_way.clear())?;
        let reply: ExchangeReply = shared::wire::decode(&answer)
            .map_err(|error| TargetError::Unreadable(error.to_string()))?;
        self.epoch = Some(reply.epoch);
        let refused = reply.refused.into_iter();
        Ok(refused
            .map(|refused| Refusal {
                index: refused.index as usize,
                reason: refused.reason,
            })
            .collect())
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        let encoded = self.encoded_page(after)?;
        let mut page = Page {
            unreadable: encoded.unreadable,
            cursor: encoded.cursor,
            more: encoded.more,
            ..Page::default()
        };
        for bytes in encoded.documents {
            match format::decode(&bytes) {
                Ok(document) => page.documents.push(document),
                Err(_) => page.unreadable += 1,
            }
        }
        Ok(page)
    }

    fn encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let address = format!(
            "{}{DOCUMENTS_PATH}?after={after}&limit={PAGE_DOCUMENTS}",
            self.credentials.hub
        );
        let answer = self.ask(|| self.client.get(&address))?;
        let reply: DocumentsReply = shared::wire::decode(&answer)
            .map_err(|error| TargetError::Unreadable(error.to_string()))?;
        Ok(EncodedPage {
            documents: reply.documents,
            unreadable: 0,
            cursor: reply.cursor,
            more: reply.more,
        })
    }

    fn name(&self) -> String {
        format!("the hub {}", self.credentials.hub)
    }
}

fn client(hub: &str) -> Result<(tokio::runtime::Runtime, reqwest::Client), TargetError> {
    let failed = |reason: String| TargetError::Unreachable {
        hub: hub.to_owned(),
        reason,
    };
    // A second installation of the same provider is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    let client = reqwest::Client::builder().timeout(TIME_LIMIT).build();
    Ok((runtime, client.map_err(|error| failed(error.to_string()))?))
}

fn unreachable_hub(hub: &str, error: &reqwest::Error) -> TargetError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    TargetError::Unreachable {
        hub: hub.to_owned(),
        reason,
    }
}

fn is_passing(status: reqwest::StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

async fn check(answer: reqwest::Response) -> Result<reqwest::Response, TargetError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let bytes = body(answer).await.unwrap_or_default();
    let reason: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
    if matches!(status.as_u16(), 401 | 403 | 404 | 410) {
        return Err(TargetError::NotAllowed(format!(
            "the hub does not accept this importer ({status}: {reason}). Make a new join string with the role importer at the office and pass it with --token."
        )));
    }
    Err(TargetError::Answered {
        status: status.as_u16(),
        reason,
    })
}

async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, TargetError> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(|error| TargetError::Unreadable(error.to_string()))?
    {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LONGEST_ANSWER_BYTES {
            return Err(TargetError::Unreadable(
                "it is longer than any message may be".to_owned(),
            ));
        }
    }
    Ok(bytes)
}
