//! Exchanges: what a machine may push, what it gets, and that nothing is taken twice or lost.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use shared::document::format;
use shared::domain::fields::{kind, known_kind, order};
use shared::limits;
use shared::store::HubStore;
use shared::sync::ScopeSum;
use shared::wire::{DOCUMENTS_PATH, DocumentsReply, EXCHANGE_PATH, Epoch, RefusalCode, decode};

use super::harness::{TestHub, bytes_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_in_the_store_and_pushing_again_changes_nothing() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    let message = chur.message(&hub, vec![delta], 0);
    let reply = hub.exchange(&chur, &message).await;
    assert_eq!(reply.refused, []);
    assert_eq!(reply.highest_counter, 2);
    let stored = hub.app.hub.look(move |store| store.document(id)).await;
    assert!(stored.expect("the store reads").is_some());

    let head = *hub.app.hub.head().borrow();
    let again = hub.exchange(&chur, &message).await;
    assert_eq!(again.refused, []);
    assert_eq!(*hub.app.hub.head().borrow(), head);
    assert_eq!(again.cursor, reply.cursor);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_delta_does_not_take_the_others_along() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (good, good_delta) = chur.order(chur.branch(), 0);
    let (_, forged) = davos.order(chur.branch(), 0);
    let pushed = vec![b"nonsense".to_vec(), forged, good_delta];
    let reply = hub.exchange(&chur, &chur.message(&hub, pushed, 0)).await;
    let codes: Vec<_> = reply
        .refused
        .iter()
        .map(|refused| (refused.index, refused.code))
        .collect();
    assert_eq!(
        codes,
        [
            (0, RefusalCode::Unreadable),
            (1, RefusalCode::ForeignWrites)
        ]
    );
    let stored = hub.app.hub.look(move |store| store.document(good)).await;
    assert!(stored.expect("the store reads").is_some());
    let kept = hub.app.hub.refused().await.expect("records can be read");
    assert_eq!(kept.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_gets_its_scope_and_no_more() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (_, start) = hub.pull(&davos, 0).await;
    let (own, own_delta) = chur.order(chur.branch(), 0);
    let (shared_one, shared_delta) = chur.order(davos.branch(), 2);
    hub.exchange(&chur, &chur.message(&hub, vec![own_delta, shared_delta], 0))
        .await;
    let (got, _) = hub.pull(&davos, start).await;
    let ids: Vec<_> = got.iter().map(shared::document::Document::id).collect();
    assert!(ids.contains(&shared_one) && !ids.contains(&own), "{ids:?}");
    let (all, _) = hub.pull(&chur, 0).await;
    let kinds: Vec<&str> = all
        .iter()
        .map(|document| document.kind().as_str())
        .collect();
    for expected in [
        kind::SERVICE,
        kind::BRANCH,
        kind::TERRITORY,
        kind::STAFF,
        kind::ORDER,
    ] {
        assert!(
            kinds.contains(&expected),
            "{expected} is missing in {kinds:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_replies_add_up_to_the_whole_scope() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (whole, _) = hub.pull(&chur, 0).await;
    let mut message = chur.message(&hub, Vec::new(), 0);
    message.want = 3;
    let mut pieces = Vec::new();
    loop {
        let reply = hub.exchange(&chur, &message).await;
        assert!(reply.documents.len() <= 3);
        pieces.extend(reply.documents.into_iter().map(|brought| brought.bytes));
        message.cursor = reply.cursor;
        if reply.remaining == 0 {
            break;
        }
    }
    let whole: Vec<Vec<u8>> = whole.iter().map(format::encode).collect();
    assert_eq!(pieces, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_brought_in_bulk_never_looks_like_a_difference() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (held, cursor) = hub.pull(&chur, 0).await;
    let mut own = ScopeSum::default();
    for document in &held {
        own.add(document.id(), document.state_hash());
    }
    let mut pushed = Vec::new();
    for number in 0..limits::DOCUMENTS_PER_EXCHANGE as u64 {
        let (id, delta) = chur.order(chur.branch(), 2 * number);
        own.add(id, format::decode(&delta).expect("a document").state_hash());
        pushed.push(delta);
    }
    let mut message = chur.message(&hub, pushed, cursor);
    // The hub acknowledges before its lists have followed, and says nothing of what the branch holds until they have.
    loop {
        let reply = hub.exchange(&chur, &message).await;
        match reply.digest {
            Some(digest) => {
                assert_eq!(digest, own.finish());
                break;
            }
            None => message = chur.message(&hub, Vec::new(), reply.cursor),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_of_a_quiet_branch_is_that_of_what_it_holds() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (_, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    let (held, cursor) = hub.pull(&chur, 0).await;
    let mut own = ScopeSum::default();
    for document in &held {
        own.add(document.id(), document.state_hash());
    }
    for _ in 0..2 {
        let quiet = chur.message(&hub, Vec::new(), cursor);
        let reply = hub.exchange(&chur, &quiet).await;
        assert_eq!(reply.digest, Some(own.finish()));
    }
    let (id, changed) = chur.order(chur.branch(), 2);
    hub.exchange(&chur, &chur.message(&hub, vec![changed], cursor))
        .await;
    let (held, cursor) = hub.pull(&chur, cursor).await;
    assert_eq!(
        held.iter()
            .map(shared::document::Document::id)
            .collect::<Vec<_>>(),
        [id]
    );
    own.add(id, held[0].state_hash());
    let quiet = chur.message(&hub, Vec::new(), cursor);
    assert_eq!(hub.exchange(&chur, &quiet).await.digest, Some(own.finish()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_wakes_for_the_own_scope() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (_, cursor) = hub.pull(&davos, 0).await;
    let write = async {
        let (_, elsewhere) = chur.order(chur.branch(), 0);
        hub.exchange(&chur, &chur.message(&hub, vec![elsewhere], 0))
            .await;
        let (_, there) = chur.order(davos.branch(), 2);
        hub.exchange(&chur, &chur.message(&hub, vec![there], 0))
            .await
    };
    let (woken, written) = tokio::join!(hub.wait(&davos, cursor), write);
    assert!(woken.changed);
    assert_eq!(woken.position, written.cursor);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_epoch_starts_over_and_a_lost_feed_begins_one() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let (all, cursor) = hub.pull(&chur, 0).await;
    let mut stale = chur.message(&hub, Vec::new(), cursor);
    stale.epoch = Some(Epoch(1));
    let reply = hub.exchange(&chur, &stale).await;
    assert_eq!(reply.documents.len(), all.len());

    let before = hub.app.hub.epoch();
    let ahead = chur.message(&hub, Vec::new(), cursor + 1_000);
    let reply = hub.exchange(&chur, &ahead).await;
    assert_ne!(reply.epoch, before);
    assert_eq!(reply.documents.len(), all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_foreign_messages_get_clear_errors() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let send = async |body: Vec<u8>| {
        let request = Request::post(EXCHANGE_PATH)
            .header(header::AUTHORIZATION, chur.bearer())
            .body(Body::from(body))
            .expect("a request");
        let response = hub.send(request).await;
        let status = response.status();
        (
            status,
            String::from_utf8_lossy(&bytes_of(response).await).into_owned(),
        )
    };
    assert_eq!(send(b"x".to_vec()).await.0, StatusCode::BAD_REQUEST);
    let (status, text) = send(vec![9, 0, 0]).await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    assert!(text.contains("hub first"), "{text}");
    let too_large = vec![1; shared::limits::COMPRESSED_MESSAGE_BYTES + 1];
    assert_eq!(send(too_large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut later = chur.message(&hub, Vec::new(), 0);
    later.protocol = 99;
    let response = hub.send_exchange(&chur, &later).await;
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_importer_pushes_and_reads_everything_back() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let importer = hub.importer().await;
    let (id, delta) = importer.order(chur.branch(), 0);
    let mut message = importer.message(&hub, vec![delta], 0);
    message.want = 0;
    let reply = hub.exchange(&importer, &message).await;
    assert!(reply.refused.is_empty() && reply.documents.is_empty());
    let mut after = 0;
    let mut ids = Vec::new();
    loop {
        let request = Request::get(format!("{DOCUMENTS_PATH}?after={after}&limit=4"))
            .header(header::AUTHORIZATION, importer.bearer())
            .body(Body::empty())
            .expect("a request");
        let part = bytes_of(hub.send(request).await).await;
        let part: DocumentsReply = decode(&part).expect("a part of the feed");
        assert!(part.documents.len() <= 4);
        ids.extend(
            part.documents
                .iter()
                .map(|bytes| format::decode(bytes).expect("a document").id()),
        );
        after = part.cursor;
        if !part.more {
            break;
        }
    }
    let head = hub
        .app
        .hub
        .look(|store| store.changes_after(0, 1_000))
        .await;
    let all = head.expect("the feed reads").changes.len();
    assert!(ids.contains(&id));
    assert_eq!(ids.len(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_settled_once() {
    let hub = TestHub::start().await;
    let chur = hub.branch("Chur").await;
    let davos = hub.branch("Davos").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    hub.exchange(&chur, &chur.message(&hub, vec![delta], 0))
        .await;
    for (machine, note) in [(&chur, "left"), (&davos, "right")] {
        let delta = machine.blind_write(id, known_kind(kind::ORDER), order::NOTE, note, 10);
        hub.exchange(machine, &machine.message(&hub, vec![delta], 0))
            .await;
    }
    let request =
        serde_json::json!({"document": id.to_string(), "field": order::NOTE, "chosen": 1});
    let administrator = hub.as_administrator();
    let settle = || hub.post("/api/v1/conflicts/settle", &administrator, request.clone());
    assert_eq!(settle().await.0, StatusCode::OK);
    let (_, document) = hub
        .app
        .hub
        .look(move |store| store.document(id))
        .await
        .expect("the store reads")
        .expect("it is there");
    assert_eq!(document.newest(order::NOTE), Some("right".into()));
    assert_eq!(settle().await.0, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_everything_is_there_and_no_dot_is_used_again() {
    let first = TestHub::start().await;
    let chur = first.branch("Chur").await;
    let (id, delta) = chur.order(chur.branch(), 0);
    first
        .exchange(&chur, &chur.message(&first, vec![delta], 0))
        .await;
    let copy = tempfile::tempdir().expect("a directory can be made");
    copy_directory(first.directory(), copy.path());
    let store = HubStore::open(&copy.path().join("store")).expect("the copy opens");
    assert!(store.document(id).expect("it reads").is_some());
    drop(store);
    let settings = crate::Settings::for_directory(copy.path());
    let (second, introduced) = crate::backend::start(&settings, String::new()).expect("it starts");
    assert!(introduced.is_none(), "the administrator exists");
    let staff = crate::backend::NewStaff {
        name: "Ada".to_owned(),
        role: shared::domain::Role::Counter,
        pin: Some("4711".to_owned()),
        branches: Vec::new(),
        account: None,
    };
    let ada = second.take_on(staff, None).await.expect("she is taken on");
    let dots = second
        .look(move |store| Ok(store.document(ada.document())?.map(|(_, ada)| ada.dots())))
        .await
        .expect("it reads")
        .expect("it is there");
    let used_before = first
        .app
        .hub
        .look(|store| store.changes_after(0, 1_000))
        .await
        .expect("the feed reads");
    for change in used_before.changes {
        assert!(change.document.dots().is_disjoint(&dots));
    }
}

pub(super) fn copy_directory(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}
