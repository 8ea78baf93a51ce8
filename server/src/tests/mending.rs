//! A branch that differs from the hub finds out where, gets what concerns it, and nothing else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::document::{Document, format};
use shared::id::DocumentId;
use shared::read_model::{Change, ReadModel};
use shared::sync::reconcile::{Differences, Initiator, Inventory, Item, KeyRange};
use shared::wire::reconcile::{
    FETCH_PATH, FETCHED_AT_ONCE, FetchQuery, FetchReply, RECONCILE_PATH, ReconcileQuery,
    ReconcileReply,
};
use shared::wire::{decode, encode};

use super::harness::{Machine, TestHub, bytes_of};
use super::syncing::copy_directory;
use crate::backend::Hub;

/// What a branch holds, without a store.
#[derive(Default)]
struct Held(BTreeMap<DocumentId, [u8; 16]>);

impl Held {
    fn of(documents: &[Document]) -> Self {
        let states = documents.iter().map(|one| (one.id(), one.state_hash()));
        Self(states.collect())
    }
}

impl Inventory for Held {
    type Error = Infallible;

    fn visit(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (&id, &state_hash) in self.0.range(range.first()..=range.last()) {
            if visit(Item { id, state_hash }).is_break() {
                break;
            }
        }
        Ok(())
    }
}

async fn send<T: Serialize>(
    hub: &TestHub,
    machine: &Machine,
    path: &str,
    message: &T,
) -> (StatusCode, Vec<u8>) {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, machine.bearer())
        .body(Body::from(encode(message).expect("small")))
        .expect("a request");
    let response = hub.send(request).await;
    (response.status(), bytes_of(response).await)
}

async fn ask<T: Serialize, R: DeserializeOwned>(
    hub: &TestHub,
    machine: &Machine,
    path: &str,
    message: &T,
) -> R {
    let (status, bytes) = send(hub, machine, path, message).await;
    assert_eq!(status, StatusCode::OK);
    decode(&bytes).expect("a reply")
}

async fn compare(hub: &TestHub, machine: &Machine, held: &Held) -> Differences {
    let mut initiator = Initiator::default();
    while let Some(query) = initiator.query() {
        let reply: ReconcileReply = ask(hub, machine, RECONCILE_PATH, &query).await;
        initiator.take(held, &reply).expect("an honest reply");
    }
    initiator.finish()
}

async fn fetch(hub: &TestHub, machine: &Machine, ids: &[DocumentId]) -> Vec<DocumentId> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| *id.as_bytes()).collect();
    let asked = u32::try_from(ids.len()).expect("few");
    let reply: FetchReply = ask(hub, machine, FETCH_PATH, &FetchQuery { ids }).await;
    assert_eq!(reply.answered, asked);
    let id = |bytes: &Vec<u8>| format::decode(bytes).expect("a document").id();
    reply.documents.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_one_fewer_and_one_different_are_found_and_nothing_else() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let mut orders = Vec::new();
    for number in 0..5 {
        let (id, delta) = chur.order(chur.branch(), number * 2);
        hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
            .await;
        orders.push(id);
    }
    let (documents, _) = hub.pull(&chur, 0).await;
    let mut held = Held::of(&documents);
    assert_eq!(
        compare(&hub, &chur, &held).await,
        Differences::default(),
        "nothing differs from what the hub has sent"
    );

    let only_here = DocumentId::named("order/only here");
    held.0.insert(only_here, [1; 16]);
    held.0.remove(&orders[1]);
    held.0.insert(orders[3], [2; 16]);
    let found = compare(&hub, &chur, &held).await;
    let sorted = |mut ids: Vec<DocumentId>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(found.to_fetch, sorted(vec![orders[1], orders[3]]));
    assert_eq!(found.to_offer, sorted(vec![only_here, orders[3]]));
    assert_eq!(fetch(&hub, &chur, &found.to_fetch).await, found.to_fetch);
    // What the hub does not have is passed over.
    assert_eq!(fetch(&hub, &chur, &found.to_offer).await, [orders[3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_branch_comes_out() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (secret, delta) = chur.order(chur.branch(), 0);
    let (shared_one, shared_delta) = chur.order(davos.branch(), 2);
    hub.exchange(&chur, &chur.message(&hub, vec![delta, shared_delta], 0))
        .await;
    let (documents, _) = hub.pull(&davos, 0).await;
    let found = compare(&hub, &davos, &Held::of(&documents)).await;
    assert_eq!(found, Differences::default());
    let everything = compare(&hub, &davos, &Held::default()).await;
    assert!(everything.to_fetch.contains(&shared_one));
    assert!(!everything.to_fetch.contains(&secret));
    assert_eq!(
        fetch(&hub, &davos, &[secret, shared_one]).await,
        [shared_one]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_is_refused_in_words() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let importer = hub.importer().await;
    let backwards = ReconcileQuery {
        ranges: vec![([9; 16], [1; 16])],
    };
    let too_many = FetchQuery {
        ids: vec![[1; 16]; FETCHED_AT_ONCE + 1],
    };
    let (status, text) = send(&hub, &chur, RECONCILE_PATH, &backwards).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&text).contains("wrong way round"));
    let (status, _) = send(&hub, &chur, FETCH_PATH, &too_many).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = send(&hub, &chur, FETCH_PATH, &backwards).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let nothing = FetchQuery { ids: Vec::new() };
    let (status, text) = send(&hub, &importer, FETCH_PATH, &nothing).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(String::from_utf8_lossy(&text).contains("only a branch"));
}

/// What the lists show and the store has not is not proven to be there: the check takes it out of the digest.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_has_lost_a_document_does_not_vouch_for_it() {
    let first = TestHub::start().await;
    let chur = first.branch("Chur").await;
    let branch = chur.branch();
    let (_, delta) = chur.order(branch, 0);
    first
        .exchange(&chur, &chur.message(&first, vec![delta], 0))
        .await;
    let digest_of = async |hub: &Hub| {
        let digest = hub.read(move |lists| lists.scope_digest(branch)).await;
        digest.expect("it reads")
    };
    let digest = digest_of(&first.app.hub).await;

    let copy = tempfile::tempdir().expect("a directory can be made");
    copy_directory(first.directory(), copy.path());
    let (_, lost) = chur.order(branch, 2);
    let change = Change {
        position: 1,
        document: format::decode(&lost).expect("a document"),
    };
    let (mut lists, _) = ReadModel::open(&copy.path().join("lists.sqlite")).expect("it opens");
    lists.apply(&[change], 0).expect("it applies");
    assert_ne!(lists.scope_digest(branch).expect("it reads"), digest);
    drop(lists);

    let settings = crate::Settings::for_directory(copy.path());
    let (second, _) = crate::backend::start(&settings, String::new()).expect("it starts");
    // The check goes on beside all other work, so it is only known that it ends.
    let checked = async {
        while digest_of(&second).await != digest {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), checked)
        .await
        .expect("the lost document leaves the digest");
}
