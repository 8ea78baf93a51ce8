//! One suite for every engine: what the facades rely on, seen from above.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::{BranchStore, HubStore, SetAside, StoreError};
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change, Document, Encoded, Field, Kind, Value, format};
use crate::id::{Actor, DocumentId, ReplicaNumber};

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);

/// A branch store on each engine, joined.
fn on_every_engine(check: impl Fn(BranchStore)) {
    for_each(
        BranchStore::in_memory,
        BranchStore::open,
        |mut store: BranchStore| {
            store
                .assume_identity(Actor::new(ReplicaNumber(1), 1))
                .expect("a fresh store takes an identity");
            check(store);
        },
    );
}

fn on_every_hub_engine(check: impl Fn(HubStore)) {
    for_each(HubStore::in_memory, HubStore::open, check);
}

fn for_each<S>(
    in_memory: impl Fn() -> S,
    open: impl Fn(&Path) -> Result<S, StoreError>,
    check: impl Fn(S),
) {
    check(in_memory());
    let directory = tempfile::tempdir().expect("a temporary directory");
    check(open(directory.path()).expect("a fresh directory opens"));
}

/// A delta that sets `status` of the named document.
fn set(store: &mut BranchStore, name: &str, status: &str) -> (Document, Authoring) {
    let mut authoring = store.author(None, NOW).expect("joined");
    let id = DocumentId::named(name);
    let known = store.document(id).expect("readable");
    let mut change = match &known {
        Some(document) => Change::of(document),
        None => Change::create(id, Kind::known("order")),
    };
    change.set(&mut authoring, Field::known("status"), status);
    (change.finish(), authoring)
}

fn commit(store: &mut BranchStore, name: &str, status: &str) {
    let (delta, authoring) = set(store, name, status);
    store
        .commit(&[delta], &authoring, NOW, &[])
        .expect("committed");
}

#[test]
fn what_is_committed_is_found_waits_for_the_hub_and_stands_in_the_feed_once() {
    on_every_engine(|mut store| {
        commit(&mut store, "a", "open");
        commit(&mut store, "b", "open");
        commit(&mut store, "a", "done");

        let document = store
            .document(DocumentId::named("a"))
            .expect("readable")
            .expect("there");
        assert_eq!(document.newest("status"), Some("done".into()));
        assert_eq!(
            store.document(DocumentId::named("c")).expect("readable"),
            None
        );
        assert_eq!(
            (store.pending().count, store.pending().since),
            (2, Some(NOW))
        );

        let feed = store.changes_after(0, 10).expect("readable");
        let order: Vec<DocumentId> = feed
            .changes
            .iter()
            .map(|change| change.document.id())
            .collect();
        assert_eq!(order, [DocumentId::named("b"), DocumentId::named("a")]);
        assert_eq!((feed.position, feed.more), (store.head(), false));
        assert!(
            store
                .changes_after(store.head(), 10)
                .expect("readable")
                .changes
                .is_empty()
        );
    });
}

#[test]
fn a_feed_is_read_in_parts() {
    on_every_engine(|mut store| {
        for number in 0..7 {
            commit(&mut store, &number.to_string(), "open");
        }
        let (mut position, mut seen) = (0, 0);
        loop {
            let part = store.changes_after(position, 3).expect("readable");
            assert!(part.position > position && part.changes.len() <= 3);
            seen += part.changes.len();
            position = part.position;
            if !part.more {
                break;
            }
        }
        assert_eq!(seen, 7);
    });
}

#[test]
fn an_acknowledgement_clears_only_what_was_sent() {
    on_every_engine(|mut store| {
        commit(&mut store, "a", "open");
        commit(&mut store, "b", "open");
        let sent: Vec<(DocumentId, u64)> = store
            .outgoing(10, usize::MAX)
            .expect("readable")
            .iter()
            .map(|outgoing| (outgoing.id, outgoing.mark))
            .collect();
        commit(&mut store, "a", "done");
        store.acknowledge(&sent).expect("written");

        let waiting = store.outgoing(10, usize::MAX).expect("readable");
        assert_eq!(
            waiting
                .iter()
                .map(|outgoing| outgoing.id)
                .collect::<Vec<_>>(),
            [DocumentId::named("a")]
        );
        assert_eq!(store.pending().count, 1);
        assert_eq!(
            store
                .waiting_since(DocumentId::named("b"))
                .expect("readable"),
            None
        );
    });
}

#[test]
fn unsent_deltas_of_one_document_are_joined_and_hold_only_what_the_hub_lacks() {
    on_every_engine(|mut store| {
        commit(&mut store, "a", "open");
        let sent = store.outgoing(10, usize::MAX).expect("readable");
        store
            .acknowledge(&[(sent[0].id, sent[0].mark)])
            .expect("written");

        let id = DocumentId::named("a");
        for (field, value) in [("priority", "express"), ("free/note", "Kante")] {
            let mut authoring = store.author(None, NOW).expect("joined");
            let document = store.document(id).expect("readable").expect("there");
            let mut change = Change::of(&document);
            change.set(&mut authoring, Field::known(field), value);
            store
                .commit(&[change.finish()], &authoring, NOW, &[])
                .expect("committed");
        }
        let waiting = store.outgoing(10, usize::MAX).expect("readable");
        let delta = crate::document::format::decode(&waiting[0].delta).expect("readable");
        let fields: Vec<&str> = delta.fields().keys().map(Field::as_str).collect();
        assert_eq!(
            fields,
            ["free/note", "priority"],
            "the status went out before"
        );
    });
}

#[test]
fn outgoing_is_bounded_in_bytes_but_never_stuck() {
    on_every_engine(|mut store| {
        for number in 0..5 {
            commit(&mut store, &number.to_string(), &"x".repeat(1_000));
        }
        assert_eq!(store.outgoing(10, 2_500).expect("readable").len(), 2);
        assert_eq!(store.outgoing(10, 1).expect("readable").len(), 1);
        assert_eq!(store.outgoing(3, usize::MAX).expect("readable").len(), 3);
    });
}

#[test]
fn what_comes_from_the_hub_waits_for_nobody_and_twice_is_once() {
    on_every_engine(|mut store| {
        let mut authoring = Authoring::new(Actor::new(ReplicaNumber(9), 1), 0, Hlc::at(NOW), None);
        let mut change = Change::create(DocumentId::named("far"), Kind::known("order"));
        change.set(&mut authoring, Field::known("status"), "open");
        let document = change.finish();

        let record = BranchStore::record_bytes(&7_u64);
        let (changes, refused) = store
            .commit_from_hub(std::slice::from_ref(&document), NOW, &[("cursor", record)])
            .expect("committed");
        assert_eq!((changes.len(), refused.len()), (1, 0));
        assert_eq!(store.pending().count, 0);
        assert_eq!(
            store.read_record::<u64>("cursor").expect("readable"),
            Some(7)
        );

        let (again, _) = store
            .commit_from_hub(&[document], NOW, &[])
            .expect("committed");
        assert!(again.is_empty());
    });
}

#[test]
fn documents_as_bytes_come_to_the_same_as_documents_that_were_built() {
    on_every_engine(|mut store| {
        commit(&mut store, "known", "open");
        let mut authoring = Authoring::new(Actor::new(ReplicaNumber(9), 1), 0, Hlc::at(NOW), None);
        let mut delta = |name: &str, field: &'static str, value: &str| {
            let mut change = Change::create(DocumentId::named(name), Kind::known("order"));
            change.set(&mut authoring, Field::known(field), value);
            change.finish()
        };
        let documents = [
            delta("new", "status", "open"),
            delta("known", "priority", "express"),
            delta("new", "priority", "express"),
            delta("also new", "status", "done"),
        ];
        let bytes: Vec<Vec<u8>> = documents.iter().map(format::encode).collect();
        let encoded = |bytes: &Vec<u8>| Encoded::inspect(bytes.clone()).expect("a document");

        let hub = HubStore::in_memory();
        for (document, bytes) in documents.iter().zip(&bytes) {
            let plain = HubStore::in_memory();
            let expected = plain.merge(document).expect("merged");
            let arrived = hub.merge_encoded(&encoded(bytes)).expect("merged");
            assert!(arrived.changed && expected.changed);
        }
        let bytes: Vec<Encoded> = bytes.iter().map(encoded).collect();
        let (arrived, refused) = store
            .commit_from_hub_encoded(&bytes, NOW, &[])
            .expect("committed");
        assert!(refused.is_empty());
        let mut plain = BranchStore::in_memory();
        plain
            .assume_identity(Actor::new(ReplicaNumber(1), 1))
            .expect("fresh");
        commit(&mut plain, "known", "open");
        let (expected, _) = plain
            .commit_from_hub(&documents, NOW, &[])
            .expect("committed");
        let expected: Vec<(u64, Document)> = expected
            .into_iter()
            .map(|change| (change.position, change.document))
            .collect();
        let arrived: Vec<(u64, Document)> = arrived
            .into_iter()
            .map(|arrived| arrived.change().expect("readable"))
            .map(|change| (change.position, change.document))
            .collect();
        assert_eq!(arrived, expected);
        for (_, document) in expected {
            let held = store.document(document.id()).expect("readable");
            assert_eq!(held.as_ref(), Some(&document));
            if document.id() != DocumentId::named("known") {
                let at_hub = hub.document(document.id()).expect("readable");
                assert_eq!(at_hub.map(|(_, document)| document), held);
            }
        }
        let clock = store.author(None, NOW).expect("joined").at();
        assert!(clock > Hlc::at(NOW), "what came was seen by the clock");

        let (again, _) = store
            .commit_from_hub_encoded(&bytes, NOW, &[])
            .expect("committed");
        assert!(again.is_empty());
    });
}

#[test]
fn one_bad_document_does_not_take_the_others_along() {
    on_every_engine(|mut store| {
        commit(&mut store, "a", "open");
        let impostor = Document::new(DocumentId::named("a"), Kind::known("customer"));
        let good = Document::new(DocumentId::named("good"), Kind::known("customer"));
        let mut authoring = Authoring::new(Actor::new(ReplicaNumber(9), 1), 0, Hlc::at(NOW), None);
        let mut change = Change::of(&good);
        change.set(&mut authoring, Field::known("contact/name"), "Meier");
        let (changes, refused) = store
            .commit_from_hub(&[impostor, change.finish()], NOW, &[])
            .expect("committed");
        assert_eq!(changes.len(), 1);
        assert!(matches!(refused[..], [(0, StoreError::NotTheSame(_))]));
    });
}

#[test]
fn a_document_that_would_outgrow_its_limit_is_refused_and_stays_as_it_was() {
    on_every_engine(|mut store| {
        commit(&mut store, "a", "open");
        let mut authoring = store.author(None, NOW).expect("joined");
        let document = store
            .document(DocumentId::named("a"))
            .expect("readable")
            .expect("there");
        let mut change = Change::of(&document);
        for number in 0..20 {
            let field = Field::new(format!("free/{number}")).expect("valid");
            change.set(&mut authoring, field, "x".repeat(crate::limits::TEXT_BYTES));
        }
        let refused = store.commit(&[change.finish()], &authoring, NOW, &[]);
        assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
        assert_eq!(
            store.document(document.id()).expect("readable"),
            Some(document)
        );
    });
}

#[test]
fn a_change_made_under_an_old_identity_is_refused() {
    on_every_engine(|mut store| {
        let (delta, authoring) = set(&mut store, "a", "open");
        store
            .assume_identity(Actor::new(ReplicaNumber(1), 2))
            .expect("a new incarnation");
        assert!(matches!(
            store.commit(&[delta], &authoring, NOW, &[]),
            Err(StoreError::ForeignAuthor)
        ));
    });
}

#[test]
fn a_change_that_was_overtaken_by_another_is_refused_so_that_no_dot_is_used_twice() {
    on_every_engine(|mut store| {
        let (slow, slow_authoring) = set(&mut store, "a", "open");
        commit(&mut store, "b", "open");
        assert!(matches!(
            store.commit(&[slow], &slow_authoring, NOW, &[]),
            Err(StoreError::ForeignAuthor)
        ));
    });
}

#[test]
fn what_was_set_aside_is_shown_once_and_can_be_released() {
    on_every_engine(|mut store| {
        let aside = SetAside {
            sequence: 0,
            document: None,
            reason: "format 9".into(),
            at: NOW,
            from_hub: true,
            bytes: vec![9],
        };
        store.set_aside(aside.clone()).expect("written");
        store.set_aside(aside).expect("written");
        let kept = store.quarantined().expect("readable");
        assert_eq!((kept.len(), kept[0].reason.as_str()), (1, "format 9"));
        store.release(kept[0].sequence).expect("written");
        assert!(store.quarantined().expect("readable").is_empty());
    });
}

#[test]
fn a_reopened_store_goes_on_where_it_was() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (identity, head) = {
        let mut store = BranchStore::open(directory.path()).expect("opens");
        store
            .assume_identity(Actor::new(ReplicaNumber(5), 77))
            .expect("fresh");
        commit(&mut store, "a", "open");
        store.persist().expect("durable");
        (store.identity(), store.head())
    };
    let mut store = BranchStore::open(directory.path()).expect("opens again");
    assert_eq!(
        (store.identity(), store.head(), store.pending().count),
        (identity, head, 1)
    );
    commit(&mut store, "a", "done");
    let dots = store
        .document(DocumentId::named("a"))
        .expect("readable")
        .expect("there")
        .dots();
    assert_eq!(
        dots.iter().map(|dot| dot.counter).collect::<Vec<_>>(),
        [2],
        "no counter was used twice"
    );
}

#[test]
fn two_processes_cannot_hold_one_store() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let _held = BranchStore::open(directory.path()).expect("opens");
    assert!(matches!(
        BranchStore::open(directory.path()),
        Err(error) if error.is_held()
    ));
}

#[test]
fn a_damaged_document_is_reported_and_the_rest_works() {
    let engine = super::memory::MemoryEngine::default();
    let bad = DocumentId::named("bad");
    super::engine::Engine::apply(
        &engine,
        &super::layout::put_document(bad, &[99, 0, 2], 1, None),
    )
    .expect("in memory");
    let mut store = BranchStore::over(Box::new(engine)).expect("opens");
    store
        .assume_identity(Actor::new(ReplicaNumber(1), 1))
        .expect("fresh");
    commit(&mut store, "good", "open");

    assert!(matches!(store.document(bad), Err(StoreError::Unreadable { id, .. }) if id == bad));
    let feed = store.changes_after(0, 10).expect("readable");
    assert_eq!((feed.changes.len(), feed.unreadable.len()), (1, 1));
    assert!(feed.unreadable[0].reason.contains("upgrade"));
}

#[test]
fn the_hub_merges_gives_positions_and_reports_what_changed() {
    on_every_hub_engine(|hub| {
        let delta = |counter: u64, value: &str| {
            let mut authoring =
                Authoring::new(Actor::new(ReplicaNumber(3), 1), counter, Hlc::at(NOW), None);
            let mut change = Change::create(DocumentId::named("a"), Kind::known("order"));
            change.set(&mut authoring, Field::known("status"), value);
            change.finish()
        };
        let first = hub.merge(&delta(0, "open")).expect("merged");
        assert!(first.changed && first.before.is_none());
        let again = hub.merge(&delta(0, "open")).expect("merged");
        assert_eq!((again.changed, again.position), (false, first.position));
        let second = hub.merge(&delta(1, "done")).expect("merged");
        assert!(second.changed && second.position > first.position);

        let feed = hub.changes_after(0, 10).expect("readable");
        assert_eq!(feed.changes.len(), 1, "a document stands in the feed once");
        assert_eq!(
            feed.changes[0].document.newest("status"),
            Some(Value::from("done"))
        );
        assert_eq!(hub.head(), second.position);
    });
}

#[test]
fn documents_in_bulk_come_to_the_same_as_one_by_one() {
    on_every_hub_engine(|hub| {
        let mut authoring = Authoring::new(Actor::new(ReplicaNumber(3), 1), 0, Hlc::at(NOW), None);
        let encoded =
            |document: &Document| Encoded::inspect(format::encode(document)).expect("a document");
        let mut delta = |name: &str, status: &str| {
            let mut change = Change::create(DocumentId::named(name), Kind::known("order"));
            change.set(&mut authoring, Field::known("status"), status);
            encoded(&change.finish())
        };
        let known = delta("known", "open");
        hub.merge_encoded(&known).expect("merged");
        let mut documents: Vec<Encoded> = (0..600)
            .map(|number| delta(&format!("{number}"), "open"))
            .collect();
        documents.push(delta("known", "done"));
        // Something of another kind under an id that is taken.
        documents.push(encoded(&Document::new(
            DocumentId::named("known"),
            Kind::known("customer"),
        )));
        documents.push(delta("17", "done"));
        documents.push(documents[18].clone());

        let merged = hub.merge_each_encoded(&documents).expect("merged");
        let refused: Vec<_> = merged
            .into_iter()
            .enumerate()
            .filter_map(|(index, merged)| Some((index, merged.err()?)))
            .collect();
        assert!(matches!(refused[..], [(601, StoreError::NotTheSame(_))]));
        let plain = HubStore::in_memory();
        plain.merge_encoded(&known).expect("merged");
        for delta in &documents {
            let _ = plain.merge_encoded(delta);
        }
        let states = |hub: &HubStore| {
            let feed = hub.changes_after(0, 1_000).expect("readable");
            let mut states: Vec<_> = feed
                .changes
                .iter()
                .map(|change| (change.document.id(), change.document.state_hash()))
                .collect();
            states.sort();
            (feed.position, states)
        };
        assert_eq!(states(&hub), states(&plain));
        assert_eq!(hub.head(), 603, "each change has a place of its own");
    });
}

#[test]
fn many_threads_at_the_hub_lose_nothing() {
    on_every_hub_engine(|hub| {
        let hub = Arc::new(hub);
        let writers: Vec<_> = (0..4_u32)
            .map(|replica| {
                let hub = Arc::clone(&hub);
                std::thread::spawn(move || {
                    for counter in 0..25 {
                        let actor = Actor::new(ReplicaNumber(replica), 1);
                        let mut authoring = Authoring::new(actor, counter, Hlc::at(NOW), None);
                        let mut change =
                            Change::create(DocumentId::named("shared"), Kind::known("order"));
                        change.record(&mut authoring, Kind::known("comment"), []);
                        hub.merge(&change.finish()).expect("merged");
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        let (_, document) = hub
            .document(DocumentId::named("shared"))
            .expect("readable")
            .expect("there");
        assert_eq!(document.events().len(), 100);
        assert_eq!(hub.changes_after(0, 10).expect("readable").changes.len(), 1);
    });
}

#[test]
fn hub_records_are_listed_by_prefix() {
    on_every_hub_engine(|hub| {
        for name in ["replica/1", "replica/2", "token/1"] {
            hub.write_record(name, &name.to_owned()).expect("written");
        }
        hub.remove_record("replica/1").expect("written");
        let replicas = hub.records::<String>("replica/", 10).expect("readable");
        assert_eq!(replicas, [("replica/2".to_owned(), "replica/2".to_owned())]);
        assert_eq!(
            hub.read_record::<String>("token/1")
                .expect("readable")
                .as_deref(),
            Some("token/1")
        );
        assert_eq!(
            hub.read_record::<String>("token/9").expect("readable"),
            None
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Both engines, given the same history, hold the same: sled is checked against the map that is obviously right.
    #[test]
    fn sled_does_what_memory_does(history in proptest::collection::vec((0..5_u8, 0..4_u8, any::<bool>()), 1..30)) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut stores = [BranchStore::in_memory(), BranchStore::open(directory.path()).expect("opens")];
        for store in &mut stores {
            store.assume_identity(Actor::new(ReplicaNumber(1), 1)).expect("fresh");
            for (name, status, acknowledge) in &history {
                commit(store, &name.to_string(), &status.to_string());
                if *acknowledge {
                    let sent: Vec<_> = store.outgoing(2, usize::MAX).expect("readable").iter().map(|out| (out.id, out.mark)).collect();
                    store.acknowledge(&sent).expect("written");
                }
            }
        }
        let [memory, sled] = &stores;
        let states = |store: &BranchStore| {
            store.changes_after(0, 100).expect("readable").changes.iter()
                .map(|change| (change.position, change.document.state_hash())).collect::<Vec<_>>()
        };
        prop_assert_eq!(states(memory), states(sled));
        prop_assert_eq!(memory.pending(), sled.pending());
        prop_assert_eq!(memory.identity(), sled.identity());
    }
}
