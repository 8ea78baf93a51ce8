//! Backups of stores that go on being written to, and of files that are not what they should be.

use proptest::prelude::*;

use super::*;
use crate::document::{Change, Document, Field, Kind};
use crate::id::{Actor, DocumentId, ReplicaNumber};
use crate::store::verify::verify_backup;

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);

/// A branch's store as a source; `meanwhile` happens before each portion.
pub(in super::super) struct Written<'a> {
    pub(in super::super) store: &'a mut BranchStore,
    pub(in super::super) meanwhile: Vec<u8>,
}

impl Source for Written<'_> {
    fn header(&mut self) -> Result<Header, SourceError> {
        Ok(Header {
            kind: StoreKind::Branch,
            name: "Chur".to_owned(),
            made_at: NOW,
            software: "test".to_owned(),
            position: self.store.head(),
            life: 7,
        })
    }

    fn entries_after(&mut self, key: &[u8]) -> Result<Vec<StoredEntry>, SourceError> {
        if let Some(what) = self.meanwhile.pop() {
            if what % 3 == 0 {
                acknowledge(self.store);
            } else {
                write_order(self.store, what);
            }
        }
        let mut entries = self.store.entries_after(key)?;
        // Small portions, so that much happens in between.
        entries.truncate(3);
        Ok(entries)
    }
}

pub(in super::super) fn joined() -> BranchStore {
    let mut store = BranchStore::in_memory();
    store
        .assume_identity(Actor::new(ReplicaNumber(1), 1))
        .expect("a fresh store takes an identity");
    store
}

pub(in super::super) fn write_order(store: &mut BranchStore, which: u8) {
    let id = DocumentId::named(&format!("order {}", which % 16));
    let mut authoring = store.author(None, NOW).expect("joined");
    let known = store.document(id).expect("readable");
    let mut change = match &known {
        Some(document) => Change::of(document),
        None => Change::create(id, Kind::known("order")),
    };
    let status = format!("{which} {}", authoring.after());
    change.set(&mut authoring, Field::known("status"), status);
    let delta = change.finish();
    store
        .commit(&[delta], &authoring, NOW, &[])
        .expect("committed");
}

fn acknowledge(store: &mut BranchStore) {
    let outgoing = store.outgoing(2, usize::MAX).expect("readable");
    let taken: Vec<_> = outgoing.iter().map(|one| (one.id, one.mark)).collect();
    store.acknowledge(&taken).expect("written");
}

fn documents(store: &BranchStore) -> Vec<Document> {
    let feed = store.changes_after(0, usize::MAX >> 1).expect("readable");
    let mut documents: Vec<Document> = feed
        .changes
        .into_iter()
        .map(|change| change.document)
        .collect();
    documents.sort_by_key(Document::id);
    documents
}

fn restored(backup: &[u8], directory: &std::path::Path) -> BranchStore {
    restore(backup, directory).expect("restores");
    let mut store = BranchStore::open(directory).expect("opens");
    let waiting = store.outgoing(usize::MAX, usize::MAX).expect("readable");
    let deltas: Vec<Document> = waiting
        .iter()
        .map(|one| crate::document::format::decode(&one.delta).expect("readable"))
        .collect();
    store.commit_from_hub(&deltas, NOW, &[]).expect("merged");
    store
}

fn backup_of(store: &mut BranchStore, meanwhile: Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut source = Written { store, meanwhile };
    write(
        &mut source,
        &[("token", b"secret".to_vec())],
        &mut file,
        |_| (),
    )
    .expect("written");
    file
}

#[test]
fn a_quiet_store_comes_back_as_it_was_with_the_files_beside_it() {
    let mut store = joined();
    for which in 0..40 {
        write_order(&mut store, which);
    }
    let file = backup_of(&mut store, Vec::new());
    let (_, summary) = check(file.as_slice()).expect("sound");
    assert_eq!((summary.documents, summary.waiting), (16, 16));
    let directory = tempfile::tempdir().expect("a directory");
    let Restored { beside, .. } = restore(file.as_slice(), directory.path()).expect("restores");
    assert_eq!(beside, [("token".to_owned(), b"secret".to_vec())]);
    let again = BranchStore::open(directory.path()).expect("opens");
    assert_eq!(documents(&again), documents(&store));
    assert_eq!(again.identity(), store.identity());
    assert_eq!(
        (again.head(), again.pending()),
        (store.head(), store.pending())
    );
}

#[test]
fn every_cut_and_every_flipped_byte_is_found_and_said() {
    let mut store = joined();
    for which in 0..20 {
        write_order(&mut store, which);
    }
    let file = backup_of(&mut store, Vec::new());
    for cut in 0..file.len() {
        assert!(check(&file[..cut]).is_err(), "cut at {cut}");
    }
    for place in 0..file.len() {
        let mut flipped = file.clone();
        flipped[place] ^= 0x10;
        assert!(check(flipped.as_slice()).is_err(), "flipped at {place}");
    }
    let mut longer = file;
    longer.push(0);
    assert!(check(longer.as_slice()).is_err(), "something follows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Nothing that was there when the backup was begun is missing in it, and what it has is sound, whatever happens meanwhile.
    #[test]
    fn a_backup_of_a_store_that_is_written_to_has_everything_from_its_beginning(
        before in proptest::collection::vec(any::<u8>(), 1..30),
        meanwhile in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        let mut store = joined();
        for which in before {
            write_order(&mut store, which);
        }
        let then = documents(&store);
        let file = backup_of(&mut store, meanwhile);
        let verified = verify_backup(file.as_slice(), |_| ()).expect("sound");
        prop_assert!(verified.is_sound(), "{:?}", verified.findings);
        let directory = tempfile::tempdir().expect("a directory");
        let again = restored(&file, directory.path());
        for document in then {
            let now = again.document(document.id()).expect("readable").expect("there");
            let mut joined = now.clone();
            joined.merge(document).expect("the same document");
            prop_assert_eq!(joined, now);
        }
        // What waits for the hub is in its document, and whatever the original has acknowledged since is at the hub.
        for waiting in again.outgoing(usize::MAX, usize::MAX).expect("readable") {
            prop_assert!(again.document(waiting.id).expect("readable").is_some());
        }
    }
}
