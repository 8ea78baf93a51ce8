#![expect(
    clippy::disallowed_methods,
    reason = "the store is the one place in this crate that owns files"
)]

use std::path::Path;

use super::super::{Fill, Filled, HubStore};
use super::ids::Ids;
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change, Document, Field, Kind, format};
use crate::id::{Actor, DocumentId, ReplicaNumber};

fn order(number: u64) -> Document {
    let id = DocumentId::named(&format!("order {number}"));
    let actor = Actor::new(ReplicaNumber(9), 1);
    let mut authoring = Authoring::new(
        actor,
        number * 4,
        Hlc::at(UtcMillis(1_795_190_400_000)),
        None,
    );
    let mut change = Change::create(id, Kind::known("order"));
    let note = format!("Kante {number} schleifen, Belag wachsen. ").repeat(8);
    change.set(&mut authoring, Field::known("note"), note.as_str());
    change.set(
        &mut authoring,
        Field::known("legacy/number"),
        number.to_string().as_str(),
    );
    change.finish()
}

fn everything(store: &HubStore) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut all, mut after) = (Vec::new(), Vec::new());
    loop {
        let entries = store.entries_after(&after).expect("readable");
        let Some((last, _)) = entries.last() else {
            return all;
        };
        after.clone_from(last);
        all.extend(entries);
    }
}

fn open(directory: &Path) -> HubStore {
    HubStore::open(directory).expect("opens")
}

fn fill(store: &HubStore, numbers: impl Iterator<Item = u64>) -> Filled {
    begin_to_fill(store, numbers).finish().expect("finished")
}

fn begin_to_fill(store: &HubStore, numbers: impl Iterator<Item = u64>) -> Fill<'_> {
    let mut fill = store.begin_fill().expect("begun").expect("it holds little");
    for order in numbers.map(order) {
        fill.add(order.id(), &format::encode(&order))
            .expect("added");
    }
    fill
}

#[test]
fn a_filled_store_is_the_one_that_loading_makes_and_goes_on() {
    let [filled, loaded] = [0, 1].map(|_| tempfile::tempdir().expect("a directory"));
    for (directory, is_filled) in [(&filled, true), (&loaded, false)] {
        let store = open(directory.path());
        // What was there before: a document below and above others, and a record.
        for number in [1, 2] {
            store.merge(&order(number)).expect("merged");
        }
        store.write_record("membership", &7_u64).expect("set");
        store.persist().expect("durable");
        if is_filled {
            assert_eq!(fill(&store, 3..3_000), Filled::All);
        } else {
            let orders: Vec<_> = (3..3_000)
                .map(|number| format::encode(&order(number)))
                .collect();
            assert!(store.load(&orders).expect("loaded").is_empty());
        }
        store.merge(&order(3_000)).expect("merged");
        store.persist().expect("durable");
    }
    let [filled_store, loaded_store] = [&filled, &loaded].map(|directory| open(directory.path()));
    assert_eq!(filled_store.head(), 3_000);
    assert_eq!(everything(&filled_store), everything(&loaded_store));
    assert_eq!(
        filled_store
            .changes_after(0, 5_000)
            .expect("a feed")
            .changes
            .len(),
        3_000
    );
}

#[test]
fn going_through_a_store_as_it_lies_leads_to_every_document_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    assert_eq!(fill(&store, 1..2_000), Filled::All);
    // Moves to the end of the feed, and keeps its row.
    let known = order(5);
    let actor = Actor::new(ReplicaNumber(9), 1);
    let at = Hlc::at(UtcMillis(1_795_190_500_000));
    let mut authoring = Authoring::new(actor, 90_000, at, None);
    let mut change = Change::of(&known);
    change.set(&mut authoring, Field::known("note"), "fertig");
    store.merge(&change.finish()).expect("merged");
    store.persist().expect("durable");
    // What was written lately is not on the disk in this order.
    assert!(
        store
            .encoded_documents_from(0, 1_000)
            .expect("readable")
            .is_none()
    );
    drop(store);
    let store = open(directory.path());
    let (mut lying, mut place) = (Vec::new(), 0);
    loop {
        let some = store
            .encoded_documents_from(place, 10_000)
            .expect("readable");
        let some = some.expect("everything is settled");
        lying.extend(some.documents);
        place = some.position;
        if !some.more {
            break;
        }
    }
    let mut feed = store
        .encoded_changes_after(0, 5_000)
        .expect("readable")
        .documents;
    lying.sort_unstable();
    feed.sort_unstable();
    assert_eq!(lying.len(), 1_999);
    assert!(lying == feed, "both ways lead to the same documents");
}

#[test]
fn nothing_shows_before_the_end_and_nothing_stays_of_what_was_given_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    store.merge(&order(1)).expect("merged");
    let before = everything(&store);
    drop(begin_to_fill(&store, 2..2_000));
    assert_eq!(everything(&store), before);
    store.merge(&order(2)).expect("merged");
    store.persist().expect("durable");
    drop(store);
    let store = open(directory.path());
    assert_eq!(
        (store.head(), everything(&store).len()),
        (2, before.len() + 2)
    );
}

#[test]
fn what_is_there_already_or_comes_twice_is_not_filled_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    store.merge(&order(700)).expect("merged");
    let before = everything(&store);
    assert_eq!(fill(&store, 1..1_000), Filled::NotNew);
    assert_eq!(fill(&store, (1..500).chain(400..401)), Filled::NotNew);
    assert_eq!(everything(&store), before);
    assert_eq!(fill(&store, 1..500), Filled::All);
    assert_eq!(store.head(), 500);
}

#[test]
fn a_filling_that_a_crash_cut_short_leaves_the_store_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    store.merge(&order(1)).expect("merged");
    store.persist().expect("durable");
    let fill = begin_to_fill(&store, 2..3_000);
    let copy = tempfile::tempdir().expect("a directory");
    copy_all(directory.path(), copy.path());
    drop(fill);
    let found = open(copy.path());
    assert_eq!(everything(&found), everything(&store));
    assert!(!copy.path().join("sled-2").exists());
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("an entry").path();
        let place = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            std::fs::create_dir(&place).expect("made");
            copy_all(&path, &place);
        } else {
            std::fs::copy(&path, &place).expect("copied");
        }
    }
}

#[test]
fn ids_come_back_sorted_and_as_they_came_however_few_are_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ids = Ids::in_folder(folder.path(), 5)
        .expect("made")
        .sort_at_once(300);
    let came: Vec<DocumentId> = (0..2_000_u32)
        .map(|number| DocumentId::named(&format!("{number}")))
        .collect();
    for id in &came {
        ids.push(*id).expect("kept");
    }
    let mut expected: Vec<(DocumentId, u64)> = came.iter().copied().zip(5..).collect();
    expected.sort_unstable();
    let sorted: Result<Vec<_>, _> = ids.sorted().expect("readable").collect();
    assert_eq!(sorted.expect("readable"), expected);
    let again: Result<Vec<_>, _> = ids.as_they_came().expect("readable").collect();
    assert_eq!(again.expect("readable"), came);
}
