//! A hub of the tests: the shared hub store and judgement behind the real protocol, with everything in every branch's scope.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, Kind, format};
use shared::domain::fields::kind;
use shared::domain::{Branch, Role, Staff, seed};
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber, StaffId};
use shared::store::HubStore;
use shared::sync::{self, Peer, ScopeDigest, ScopeSum, Verdict};
use shared::wire::{
    self, Brought, EXCHANGE_PATH, Epoch, Exchange, ExchangeReply, JOIN_PATH, JoinReply, JoinRequest,
    JoinString, PROTOCOL_VERSION, Refused, ReplicaRole, WAIT_PATH, WaitReply,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::shop::PIN;

/// How the hub behaves to branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Answers 401, as after a token was revoked.
    Revoked,
    /// Answers 500.
    Faulty,
    /// Answers the page of somebody else's network with 200.
    Captive,
    /// Takes the connection away without an answer.
    Silent,
}

#[derive(Clone)]
pub(crate) struct HubDouble(Arc<Inner>);

struct Inner {
    url: String,
    state: Mutex<HubState>,
    head: watch::Sender<u64>,
}

struct HubState {
    store: HubStore,
    epoch: Epoch,
    authoring: Authoring,
    replicas: BTreeMap<String, (ReplicaNumber, BranchId)>,
    invited: BTreeMap<String, (BranchId, String)>,
    invitations: u32,
    counters: BTreeMap<ReplicaNumber, u64>,
    mood: Mood,
    refuse_orders: bool,
}

impl HubDouble {
    /// A hub with the seeded catalogue, on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let store = HubStore::in_memory();
        let actor = Actor::new(ReplicaNumber::HUB, 1);
        let mut authoring = Authoring::new(actor, 0, Hlc::at(UtcMillis(1_700_000_000_000)), None);
        for document in seed::documents(&mut authoring) {
            store.merge(&document).expect("in memory");
        }
        let head = watch::Sender::new(store.head());
        let hub = Self(Arc::new(Inner {
            url: format!("http://{address}"),
            state: Mutex::new(HubState {
                store,
                epoch: Epoch(1),
                authoring,
                replicas: BTreeMap::new(),
                invited: BTreeMap::new(),
                invitations: 0,
                counters: BTreeMap::new(),
                mood: Mood::Well,
                refuse_orders: false,
            }),
            head,
        }));
        let app = Router::new()
            .route(JOIN_PATH, post(join))
            .route(EXCHANGE_PATH, post(exchange))
            .route(WAIT_PATH, get(wait))
            .with_state(hub.clone());
        tokio::spawn(async move {
            axum::serve(listener, app).await.expect("served");
        });
        hub
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.lock().mood = mood;
        // Waits end, so that nobody goes on in the former mood.
        self.0.head.send_modify(|_| ());
    }

    /// From now on the hub refuses every order it is sent.
    pub(crate) fn refuse_orders(&self) {
        self.lock().refuse_orders = true;
    }

    /// A new branch, and the string that lets one machine in.
    pub(crate) fn invite(&self, name: &str, prefix: &str) -> JoinString {
        let id = DocumentId::named(&format!("branch/{name}"));
        self.write(
            id,
            kind::BRANCH,
            &[
                (Branch::NAME, name.into()),
                (Branch::PREFIX, prefix.into()),
                (Branch::TERRITORY, seed::territory_id("CH").into()),
            ],
        );
        let mut state = self.lock();
        state.invitations += 1;
        let code = format!("CODE-{:04}", state.invitations);
        state
            .invited
            .insert(code.clone(), (BranchId(id), name.to_owned()));
        drop(state);
        JoinString {
            hub: self.url().to_owned(),
            code,
        }
    }

    /// A member of staff with the PIN of all tests.
    pub(crate) fn hire(&self, name: &str, role: Role) -> StaffId {
        self.hire_with_pin(name, role, PIN)
    }

    /// The same with another PIN; hiring somebody again changes theirs.
    pub(crate) fn hire_with_pin(&self, name: &str, role: Role, pin: &str) -> StaffId {
        let id = DocumentId::named(&format!("staff/{name}"));
        // Weak on purpose: what is tested is not Argon2.
        let params = Params::new(Params::MIN_M_COST, 1, 1, None).expect("within bounds");
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(pin.as_bytes(), b"salt for tests")
            .expect("hashed")
            .to_string();
        self.write(
            id,
            kind::STAFF,
            &[
                (Staff::NAME, name.into()),
                (Staff::ROLE, role.code().into()),
                (Staff::PIN_HASH, hash.into()),
            ],
        );
        StaffId(id)
    }

    /// The office writes a field.
    pub(crate) fn write(
        &self,
        id: DocumentId,
        kind: &'static str,
        fields: &[(&'static str, shared::document::Value)],
    ) {
        let mut state = self.lock();
        let known = state.store.document(id).expect("in memory");
        let mut authoring = state.authoring.clone();
        let mut change = match &known {
            Some((_, document)) => Change::of(document),
            None => Change::create(id, Kind::known(kind)),
        };
        for (name, value) in fields {
            change.set(&mut authoring, Field::known(name), value.clone());
        }
        let delta = change.finish();
        state.authoring = authoring;
        state.store.merge(&delta).expect("in memory");
        self.0.head.send_replace(state.store.head());
    }

    pub(crate) fn document(&self, id: DocumentId) -> Option<Document> {
        let stored = self.lock().store.document(id).expect("in memory");
        stored.map(|(_, document)| document)
    }

    pub(crate) fn digest(&self) -> ScopeDigest {
        self.lock().digest()
    }

    /// Everything that branches ever sent is gone, as after restoring the backup of the first day.
    pub(crate) fn lose_everything_branches_sent(&self) {
        let mut state = self.lock();
        let feed = state
            .store
            .changes_after(0, usize::MAX - 1)
            .expect("in memory");
        let store = HubStore::in_memory();
        for change in feed.changes {
            let is_own = change
                .document
                .dots()
                .iter()
                .all(|dot| dot.actor.replica() == ReplicaNumber::HUB);
            if is_own {
                store.merge(&change.document).expect("in memory");
            }
        }
        state.store = store;
        state.epoch = Epoch(state.epoch.0 + 1);
        self.0.head.send_replace(state.store.head());
    }

    /// The token is taken away from everybody.
    pub(crate) fn revoke_all(&self) {
        self.lock().replicas.clear();
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HubState {
    fn digest(&self) -> ScopeDigest {
        let feed = self
            .store
            .changes_after(0, usize::MAX - 1)
            .expect("in memory");
        let mut sum = ScopeSum::default();
        for change in feed.changes {
            sum.add(change.document.id(), change.document.state_hash());
        }
        sum.finish()
    }

    fn replica(&self, headers: &HeaderMap) -> Option<ReplicaNumber> {
        let token = headers.get("authorization")?.to_str().ok()?;
        let token = token.strip_prefix("Bearer ")?;
        self.replicas.get(token).map(|(replica, _)| *replica)
    }

    fn exchange(&mut self, replica: ReplicaNumber, message: Exchange) -> ExchangeReply {
        let mut refused = Vec::new();
        let pushed = message.pushed.len();
        for (index, bytes) in (0..).zip(message.pushed) {
            let peer = Peer {
                replica,
                role: ReplicaRole::Branch,
            };
            let verdict = match sync::judge(&bytes, peer) {
                Verdict::Merge(delta)
                    if self.refuse_orders && delta.kind().as_str() == kind::ORDER =>
                {
                    Verdict::Refuse(wire::RefusalCode::NotAllowed, "not today".to_owned())
                }
                other => other,
            };
            match verdict {
                Verdict::Merge(delta) => {
                    let highest = delta.dots().iter().map(|dot| dot.counter).max();
                    let known = self.counters.entry(replica).or_default();
                    *known = (*known).max(highest.unwrap_or(0));
                    self.store.merge(&delta).expect("in memory");
                }
                Verdict::Refuse(code, reason) => refused.push(Refused {
                    index,
                    code,
                    reason,
                }),
            }
        }
        let cursor = if message.epoch == Some(self.epoch) {
            message.cursor
        } else {
            0
        };
        let feed = self
            .store
            .changes_after(cursor, message.want as usize)
            .expect("in memory");
        let is_quiet = pushed == 0 && feed.changes.is_empty();
        ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch: self.epoch,
            refused,
            documents: feed
                .changes
                .iter()
                .map(|change| Brought {
                    bytes: format::encode(&change.document),
                    is_part: false,
                })
                .collect(),
            cursor: feed.position,
            remaining: u64::from(feed.more),
            highest_counter: self.counters.get(&replica).copied().unwrap_or(0),
            digest: is_quiet.then(|| self.digest()),
            clock: message.clock,
        }
    }
}

async fn join(
    State(hub): State<HubDouble>,
    Json(request): Json<JoinRequest>,
) -> Result<Json<JoinReply>, StatusCode> {
    let mut state = hub.lock();
    let (branch, branch_name) = state
        .invited
        .remove(&request.code)
        .ok_or(StatusCode::FORBIDDEN)?;
    let replica = ReplicaNumber(u32::try_from(state.replicas.len() + 1).expect("few"));
    let token = format!("token-{}", replica.0);
    state.replicas.insert(token.clone(), (replica, branch));
    Ok(Json(JoinReply {
        hub: "the tests' hub".to_owned(),
        role: ReplicaRole::Branch,
        branch: Some(branch),
        branch_name: Some(branch_name),
        replica,
        token,
        epoch: state.epoch,
    }))
}

async fn exchange(State(hub): State<HubDouble>, headers: HeaderMap, body: Bytes) -> Response {
    let mood = hub.lock().mood;
    if let Some(answer) = in_mood(mood).await {
        return answer;
    }
    let mut state = hub.lock();
    let Some(replica) = state.replica(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let reply = state.exchange(replica, wire::decode(&body).expect("a message"));
    hub.0.head.send_replace(state.store.head());
    wire::encode(&reply).expect("small").into_response()
}

#[derive(Deserialize)]
struct After {
    after: u64,
}

async fn wait(State(hub): State<HubDouble>, Query(query): Query<After>) -> Response {
    let mut head = hub.0.head.subscribe();
    let mood = hub.lock().mood;
    if let Some(answer) = in_mood(mood).await {
        return answer;
    }
    let epoch = hub.lock().epoch;
    let news = head.wait_for(|position| *position > query.after);
    let position = match tokio::time::timeout(Duration::from_secs(1), news).await {
        Ok(Ok(position)) => *position,
        _ => query.after,
    };
    Json(WaitReply {
        epoch,
        position,
        changed: position > query.after,
    })
    .into_response()
}

async fn in_mood(mood: Mood) -> Option<Response> {
    match mood {
        Mood::Well => None,
        Mood::Revoked => Some(StatusCode::UNAUTHORIZED.into_response()),
        Mood::Faulty => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        Mood::Captive => Some(Html("<h1>Welcome to the hotel's network</h1>").into_response()),
        Mood::Silent => std::future::pending().await,
    }
}
