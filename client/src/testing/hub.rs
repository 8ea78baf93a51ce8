//! A hub of the tests: the shared hub store and judgement behind the real protocol, which sends everything to every branch.

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
use shared::read_model::ReadModel;
use shared::store::{HubStore, Merged, StoreError};
use shared::sync::hub::{self, Claim, Counters, Takes, Writing};
use shared::sync::reconcile::Responder;
use shared::sync::{self, Peer, ScopeDigest, Verdict};
use shared::wire::reconcile::{
    FETCH_PATH, FetchQuery, FetchReply, RECONCILE_PATH, ReconcileQuery, ReconcileReply,
};
use shared::wire::{
    self, Brought, EXCHANGE_PATH, Epoch, Exchange, ExchangeReply, JOIN_PATH, JoinReply,
    JoinRequest, JoinString, PROTOCOL_VERSION, ReplicaRole, WAIT_PATH, WaitReply,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::shop::PIN;

/// Documents of one reply: enough for a bulk, and few enough that a new machine needs several.
const PAGE: usize = 120;

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
    counters: BTreeMap<ReplicaNumber, Counters>,
    mood: Mood,
    refuse_orders: bool,
    /// What digests and comparisons are read from; follows the store when asked.
    lists: ReadModel,
    moved: Moved,
}

/// What went over the line since it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Documents that branches brought.
    pub(crate) pushed: Vec<DocumentId>,
    /// Documents that branches fetched to mend a difference.
    pub(crate) fetched: Vec<DocumentId>,
    /// Documents that exchanges sent.
    pub(crate) sent: Vec<DocumentId>,
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
                lists: ReadModel::open_in_memory().expect("in memory"),
                moved: Moved::default(),
            }),
            head,
        }));
        let app = Router::new()
            .route(JOIN_PATH, post(join))
            .route(EXCHANGE_PATH, post(exchange))
            .route(WAIT_PATH, get(wait))
            .route(RECONCILE_PATH, post(reconcile))
            .route(FETCH_PATH, post(fetch))
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

    /// The digest of a branch's scope as this hub computes it.
    pub(crate) fn digest(&self, branch: BranchId) -> ScopeDigest {
        self.lock().digest(branch)
    }

    /// What moved since this was last asked.
    pub(crate) fn take_moved(&self) -> Moved {
        std::mem::take(&mut self.lock().moved)
    }

    /// The disk loses some documents, has some in another state, and has some that nobody ever heard of, all without notice:
    /// epoch and end of the feed stay as they are.
    pub(crate) fn go_wrong(&self, lost: &[DocumentId], instead: &[Document]) {
        let mut state = self.lock();
        let feed = state
            .store
            .changes_after(0, usize::MAX - 1)
            .expect("in memory");
        let is_replaced =
            |id: DocumentId| lost.contains(&id) || instead.iter().any(|one| one.id() == id);
        let store = HubStore::in_memory();
        let kept = feed.changes.iter().map(|change| &change.document);
        for document in kept.filter(|one| !is_replaced(one.id())).chain(instead) {
            store.merge(document).expect("in memory");
        }
        let filler = DocumentId::named("filler");
        while store.head() < state.store.head() {
            let known = store.document(filler).expect("in memory");
            let mut change = match &known {
                Some((_, filler)) => Change::of(filler),
                None => Change::create(filler, Kind::known("filler")),
            };
            let position = i64::try_from(store.head()).expect("small");
            change.set(&mut state.authoring, Field::known("position"), position);
            store.merge(&change.finish()).expect("in memory");
        }
        assert_eq!(
            store.head(),
            state.store.head(),
            "the end of the feed stays"
        );
        state.store = store;
        state.lists.clear().expect("in memory");
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
        state.lists.clear().expect("in memory");
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
    fn digest(&mut self, branch: BranchId) -> ScopeDigest {
        self.follow();
        self.lists.scope_digest(branch).expect("in memory")
    }

    /// Brings the lists up to the store.
    fn follow(&mut self) {
        let position = self.lists.position().expect("in memory");
        let feed = self
            .store
            .changes_after(position, usize::MAX - 1)
            .expect("in memory");
        self.lists
            .apply(&feed.changes, feed.position)
            .expect("in memory");
    }

    fn branch(&self, headers: &HeaderMap) -> Option<BranchId> {
        let replica = self.replica(headers)?;
        self.branch_of(replica)
    }

    fn branch_of(&self, replica: ReplicaNumber) -> Option<BranchId> {
        let mut replicas = self.replicas.values();
        replicas
            .find(|(known, _)| *known == replica)
            .map(|(_, branch)| *branch)
    }

    fn reconcile(&mut self, branch: BranchId, query: &ReconcileQuery) -> ReconcileReply {
        self.follow();
        Responder::default()
            .answer(&self.lists.inventory(branch), query)
            .expect("an honest query")
    }

    fn fetch(&mut self, branch: BranchId, query: &FetchQuery) -> FetchReply {
        self.follow();
        let ids = query.ids.iter().copied().map(DocumentId::from_bytes);
        let fetched: Vec<(DocumentId, Vec<u8>)> = ids
            .filter(|id| self.lists.concerns(branch, *id).expect("in memory"))
            .filter_map(|id| Some((id, self.store.encoded_document(id).expect("in memory")?)))
            .collect();
        self.moved.fetched.extend(fetched.iter().map(|(id, _)| *id));
        FetchReply {
            documents: fetched.into_iter().map(|(_, bytes)| bytes).collect(),
            answered: u32::try_from(query.ids.len()).expect("few"),
        }
    }

    fn replica(&self, headers: &HeaderMap) -> Option<ReplicaNumber> {
        let token = headers.get("authorization")?.to_str().ok()?;
        let token = token.strip_prefix("Bearer ")?;
        self.replicas.get(token).map(|(replica, _)| *replica)
    }

    fn exchange(&mut self, replica: ReplicaNumber, message: &Exchange) -> ExchangeReply {
        let peer = Peer {
            replica,
            role: ReplicaRole::Branch,
        };
        let judged = message
            .pushed
            .iter()
            .map(|bytes| self.judge(bytes, peer))
            .collect();
        let branch = self.branch_of(replica);
        let pushed = message
            .pushed
            .iter()
            .filter_map(|bytes| format::decode(bytes).ok());
        self.moved.pushed.extend(pushed.map(|delta| delta.id()));
        let claim = Claim::of(message);
        let mut counters = self.counters.remove(&replica).unwrap_or_default();
        let taken = hub::take_in(&mut Writer(&self.store), peer, claim, &mut counters, judged)
            .expect("in memory");
        self.counters.insert(replica, counters);
        let cursor = if message.epoch == Some(self.epoch) {
            message.cursor
        } else {
            0
        };
        let feed = self
            .store
            .changes_after(cursor, PAGE.min(message.want as usize))
            .expect("in memory");
        let sent = feed.changes.iter().map(|change| change.document.id());
        self.moved.sent.extend(sent);
        let is_quiet = message.pushed.is_empty() && feed.changes.is_empty();
        let fetched = message
            .fetch
            .iter()
            .filter_map(|id| self.store.encoded_document(*id).expect("in memory"));
        let documents = feed
            .changes
            .iter()
            .map(|change| format::encode(&change.document))
            .chain(fetched)
            .map(|bytes| Brought {
                bytes,
                is_part: false,
            });
        ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch: self.epoch,
            refused: taken.refused,
            documents: documents.collect(),
            cursor: feed.position,
            remaining: u64::from(feed.more),
            highest_counter: taken.highest_counter,
            takes_back: false,
            digest: branch
                .filter(|_| is_quiet)
                .map(|branch| self.digest(branch)),
            clock: message.clock,
        }
    }

    fn judge(&self, bytes: &[u8], peer: Peer) -> Verdict {
        match sync::judge(bytes, peer, Takes::OwnWrites) {
            Verdict::Merge(delta) if self.refuse_orders && delta.kind().as_str() == kind::ORDER => {
                Verdict::Refuse(wire::RefusalCode::NotAllowed, "not today".to_owned())
            }
            other => other,
        }
    }
}

/// The store as the engine writes to it.
struct Writer<'a>(&'a HubStore);

impl Writing for Writer<'_> {
    fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError> {
        self.0.merge(delta)
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
    let reply = state.exchange(replica, &wire::decode(&body).expect("a message"));
    hub.0.head.send_replace(state.store.head());
    wire::encode(&reply).expect("small").into_response()
}

async fn reconcile(State(hub): State<HubDouble>, headers: HeaderMap, body: Bytes) -> Response {
    let mut state = hub.lock();
    let Some(branch) = state.branch(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let reply = state.reconcile(branch, &wire::decode(&body).expect("a query"));
    wire::encode(&reply).expect("small").into_response()
}

async fn fetch(State(hub): State<HubDouble>, headers: HeaderMap, body: Bytes) -> Response {
    let mut state = hub.lock();
    let Some(branch) = state.branch(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let reply = state.fetch(branch, &wire::decode(&body).expect("a query"));
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
