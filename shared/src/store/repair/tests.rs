//! Files that are damaged in every way that was thought of.

#![expect(clippy::disallowed_methods, reason = "the tests damage files")]

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::id::{Actor, ReplicaNumber};
use crate::store::BranchStore;
use crate::store::backup::tests::write_order;

const ROUNDS: u32 = 12;

/// A store whose process was killed, so that the journal has what the database file may lack, and its documents' states.
fn killed(directory: &Path) -> BTreeMap<DocumentId, Vec<u8>> {
    let mut store = BranchStore::open(directory).expect("opens");
    store
        .assume_identity(Actor::new(ReplicaNumber(1), 1))
        .expect("a fresh store takes an identity");
    for which in 0..ROUNDS {
        for order in 0..16 {
            write_order(&mut store, order);
        }
        if which % 3 == 1 {
            let first = store.outgoing(4, usize::MAX).expect("readable");
            let taken: Vec<_> = first.iter().map(|one| (one.id, one.mark)).collect();
            store.acknowledge(&taken).expect("written");
        }
        store.persist().expect("durable");
    }
    states(&store)
}

fn states(store: &BranchStore) -> BTreeMap<DocumentId, Vec<u8>> {
    let feed = store.changes_after(0, usize::MAX >> 1).expect("readable");
    feed.changes
        .into_iter()
        .map(|change| {
            (
                change.document.id(),
                crate::document::format::encode(&change.document),
            )
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn sound_files_are_read_without_the_engine_as_the_engine_reads_them() {
    let base = tempfile::tempdir().expect("a directory");
    let (live, fresh) = (base.path().join("live"), base.path().join("fresh"));
    let before = killed(&live);
    let report = repair(&live, &fresh).expect("repairs");
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.documents, before.len() as u64);
    let (original, repaired) = (
        BranchStore::open(&live).expect("opens"),
        BranchStore::open(&fresh).expect("opens"),
    );
    assert_eq!(states(&repaired), before);
    assert_eq!(repaired.pending(), original.pending());
    assert_eq!(repaired.identity(), original.identity());
    assert_eq!(repaired.head(), original.head());
}

/// Whatever is damaged, a store opens with everything, or says that it is damaged; and what repair cannot bring back it names.
#[test]
fn nothing_is_lost_in_silence_wherever_a_file_is_cut_or_flipped() {
    let base = tempfile::tempdir().expect("a directory");
    let (live, image) = (base.path().join("live"), base.path().join("image"));
    let before = {
        let before = killed(&live);
        // Taken while the store is still open, as a power cut leaves it, would need another process; sled writes what it
        // has when it is closed, and the journal keeps all of it as well.
        copy(&live, &image);
        before
    };
    for file in ["sled-1/db", "journal"] {
        let length = fs::metadata(image.join(file)).expect("there").len();
        for percent in [0, 3, 25, 60, 90] {
            for is_cut in [true, false] {
                let at = usize::try_from(length * percent / 100).expect("small");
                let what = format!(
                    "{file} {} at {percent} %",
                    if is_cut { "cut" } else { "flipped" }
                );
                let case = base.path().join("case");
                copy(&image, &case);
                let mut bytes = fs::read(case.join(file)).expect("readable");
                if is_cut {
                    bytes.truncate(at);
                } else {
                    let end = (at + 16).min(bytes.len());
                    for byte in &mut bytes[at..end] {
                        *byte ^= 0xff;
                    }
                }
                fs::write(case.join(file), &bytes).expect("written");
                let fresh = base.path().join("fresh");
                let outcome = repair(&case, &fresh);
                if let Ok(report) = &outcome {
                    let repaired = states(&BranchStore::open(&fresh).expect("opens"));
                    for (id, state) in &before {
                        let is_named = report.lost.contains(id) || report.outdated.contains(id);
                        let is_whole = repaired.get(id) == Some(state);
                        assert!(
                            is_whole
                                || is_named
                                || report.damaged_stretches > 0
                                || is_cut && file == "sled-1/db",
                            "{what}: {id} is gone in silence: {report:?}"
                        );
                    }
                } else {
                    assert!(is_cut && file == "sled-1/db", "{what}: {outcome:?}");
                }
                for made in [&case, &fresh] {
                    if made.exists() {
                        fs::remove_dir_all(made).expect("removed");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any bytes at all: read or not, never a panic, never without end.
    #[test]
    fn no_bytes_are_too_strange_to_look_at(bytes in proptest::collection::vec(any::<u8>(), 0..4_096)) {
        let scanned = scan(&bytes, |_| None);
        prop_assert!(scanned.entries.len() < 4_096);
    }
}
