//! A hub in a directory of its own, and machines that talk to it.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, Kind, format};
use shared::domain::fields::{kind, known_kind, order};
use shared::id::{Actor, BranchId, DocumentId};
use shared::wire::{
    self, Brought, EXCHANGE_PATH, Exchange, ExchangeReply, JOIN_PATH, JoinReply, JoinString,
    PROTOCOL_VERSION, WAIT_PATH, WaitReply,
};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;
use uuid::Uuid;

use crate::backend;
use crate::router::{App, router};
use crate::settings::Settings;

/// The address that join strings of these hubs name.
pub(super) const PUBLIC_URL: &str = "https://hub.example";

/// A hub; its directory goes with the value.
pub(super) struct TestHub {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) password: String,
    _stop: watch::Sender<bool>,
    directory: TempDir,
}

impl TestHub {
    /// A new hub with its administrator.
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A new hub with other settings.
    pub(super) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let mut settings = Settings::for_directory(directory.path());
        change(&mut settings);
        let start = move || backend::start(&settings, PUBLIC_URL.to_owned());
        let (hub, first) = tokio::task::spawn_blocking(start)
            .await
            .expect("starting does not panic")
            .expect("a new directory can be used");
        let (stop, stopping) = watch::channel(false);
        let app = App::new(hub, stopping, false).expect("there is randomness");
        Self {
            router: router(app.clone()),
            app,
            password: first
                .and_then(|first| first.password)
                .expect("a first start draws a password"),
            _stop: stop,
            directory,
        }
    }

    pub(super) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers everything")
    }

    /// `Authorization` of the administrator.
    pub(super) fn as_administrator(&self) -> String {
        basic("admin", &self.password)
    }

    /// Posts JSON as somebody and reads the JSON answer.
    pub(super) async fn post(&self, path: &str, who: &str, body: Json) -> (StatusCode, Json) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, who)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        let response = self.send(request).await;
        let status = response.status();
        (status, json_of(response).await)
    }

    /// Gets JSON as somebody.
    pub(super) async fn get(&self, path: &str, who: &str) -> (StatusCode, Json) {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, who)
            .body(Body::empty())
            .expect("a request");
        let response = self.send(request).await;
        let status = response.status();
        (status, json_of(response).await)
    }

    /// Makes a join string and gives its code.
    pub(super) async fn join_code(&self, wanted: Json) -> String {
        let (status, made) = self
            .post("/api/v1/join-strings", &self.as_administrator(), wanted)
            .await;
        assert_eq!(status, StatusCode::OK, "{made}");
        let text = made["join_string"].as_str().expect("a join string");
        text.parse::<JoinString>().expect("a join string").code
    }

    /// Brings a code and gets papers, or the refusal.
    pub(super) async fn join(&self, code: &str) -> Result<JoinReply, (StatusCode, String)> {
        let body = json!({"code": code, "machine": "counter-1", "software": "0.0.0"});
        let request = Request::post(JOIN_PATH)
            .body(Body::from(body.to_string()))
            .expect("a request");
        let response = self.send(request).await;
        let status = response.status();
        let answer = json_of(response).await;
        if status == StatusCode::OK {
            Ok(serde_json::from_value(answer).expect("papers"))
        } else {
            let code = answer["code"].as_str().unwrap_or_default().to_owned();
            Err((status, code))
        }
    }

    /// A branch with its machine.
    pub(super) async fn branch(&self, name: &str) -> Machine {
        let code = self
            .join_code(json!({"role": "branch", "branch_name": name}))
            .await;
        Machine::with(self.join(&code).await.expect("the code is new"))
    }

    /// An importer.
    pub(super) async fn importer(&self) -> Machine {
        let code = self.join_code(json!({"role": "importer"})).await;
        Machine::with(self.join(&code).await.expect("the code is new"))
    }

    /// Exchanges, and fails the test when the hub does not answer.
    pub(super) async fn exchange(&self, machine: &Machine, message: &Exchange) -> ExchangeReply {
        let response = self.send_exchange(machine, message).await;
        assert_eq!(response.status(), StatusCode::OK);
        wire::decode(&bytes_of(response).await).expect("a reply")
    }

    /// Exchanges and gives the bare answer.
    pub(super) async fn send_exchange(
        &self,
        machine: &Machine,
        message: &Exchange,
    ) -> Response<Body> {
        let body = wire::encode(message).expect("a message");
        let request = Request::post(EXCHANGE_PATH)
            .header(header::AUTHORIZATION, machine.bearer())
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    /// Everything in a machine's scope after a cursor.
    pub(super) async fn pull(&self, machine: &Machine, cursor: u64) -> (Vec<Document>, u64) {
        let mut documents = Vec::new();
        let mut cursor = cursor;
        loop {
            let message = machine.message(self, Vec::new(), cursor);
            let reply = self.exchange(machine, &message).await;
            let read = |brought: &Brought| format::decode(&brought.bytes).expect("a document");
            documents.extend(reply.documents.iter().map(read));
            cursor = reply.cursor;
            if reply.remaining == 0 {
                return (documents, cursor);
            }
        }
    }

    /// Waits for news, at most as long as a long-poll.
    pub(super) async fn wait(&self, machine: &Machine, after: u64) -> WaitReply {
        let request = Request::get(format!("{WAIT_PATH}?after={after}"))
            .header(header::AUTHORIZATION, machine.bearer())
            .body(Body::empty())
            .expect("a request");
        let response = tokio::time::timeout(Duration::from_secs(40), self.send(request))
            .await
            .expect("a wait ends");
        serde_json::from_value(json_of(response).await).expect("a wait's answer")
    }
}

/// A joined machine, as the wire sees it.
pub(super) struct Machine {
    pub(super) papers: JoinReply,
    actor: Actor,
}

impl Machine {
    fn with(papers: JoinReply) -> Self {
        let actor = Actor::new(papers.replica, 7);
        Self { papers, actor }
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.papers.token)
    }

    pub(super) fn branch(&self) -> BranchId {
        self.papers.branch.expect("a branch's machine")
    }

    /// A message that pushes and asks for what comes after a cursor.
    #[expect(clippy::unused_self, reason = "a message is a machine's, and reads so")]
    pub(super) fn message(&self, hub: &TestHub, pushed: Vec<Vec<u8>>, cursor: u64) -> Exchange {
        Exchange {
            protocol: PROTOCOL_VERSION,
            epoch: Some(hub.app.hub.epoch()),
            cursor,
            pending: pushed.len() as u64,
            pushed,
            want: 1_000,
            clock: crate::clock::now(),
            ..Exchange::default()
        }
    }

    /// An order taken in at `home` under the counters after `counter`.
    pub(super) fn order(&self, home: BranchId, counter: u64) -> (DocumentId, Vec<u8>) {
        let id = DocumentId::from_uuid(Uuid::now_v7());
        let mut change = Change::create(id, known_kind(kind::ORDER));
        let mut authoring = self.authoring(counter);
        change.set(&mut authoring, Field::known(order::HOME), home);
        change.set(&mut authoring, Field::known(order::STATUS), "open");
        (id, format::encode(&change.finish()))
    }

    /// One field of one document, written without having seen anything.
    pub(super) fn blind_write(
        &self,
        id: DocumentId,
        kind: Kind,
        field: &'static str,
        value: &str,
        counter: u64,
    ) -> Vec<u8> {
        let mut change = Change::create(id, kind);
        change.set(&mut self.authoring(counter), Field::known(field), value);
        format::encode(&change.finish())
    }

    pub(super) fn authoring(&self, counter: u64) -> Authoring {
        let at = Hlc::at(UtcMillis(1_800_000_000_000));
        Authoring::new(self.actor, counter, at, None)
    }
}

/// `Authorization` of a login and a password.
pub(super) fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

pub(super) async fn bytes_of(response: Response<Body>) -> Vec<u8> {
    let body = axum::body::to_bytes(response.into_body(), 16 * 1024 * 1024).await;
    body.expect("the body ends").to_vec()
}

async fn json_of<T: DeserializeOwned>(response: Response<Body>) -> T {
    let bytes = bytes_of(response).await;
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
}
