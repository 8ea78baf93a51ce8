//! Stores with something wrong in them.

use super::*;
use crate::store::BranchStore;
use crate::store::backup::tests::{Written, joined, write_order};

fn findings(store: &mut BranchStore, meanwhile: Vec<u8>) -> Vec<String> {
    let mut source = Written { store, meanwhile };
    verify_store(&mut source, |_| ())
        .expect("readable")
        .findings
}

#[test]
fn a_sound_store_has_no_findings_also_while_it_is_written_to() {
    let mut store = joined();
    for which in 0..40 {
        write_order(&mut store, which);
    }
    assert_eq!(findings(&mut store, Vec::new()), Vec::<String>::new());
    assert_eq!(
        findings(&mut store, (0..60).collect()),
        Vec::<String>::new()
    );
}

#[test]
fn whatever_is_missing_or_not_readable_is_named() {
    let id = DocumentId::named("order 3");
    let key = layout::document_key(id);
    let damages: [(&str, super::super::engine::Write); 5] = [
        (
            "cut short",
            super::super::engine::Write::Put(key.clone(), vec![1]),
        ),
        (
            "does not stand there",
            super::super::engine::Write::Put(layout::feed_key(9_000), id.as_bytes().to_vec()),
        ),
        (
            "does not stand there",
            super::super::engine::Write::Remove(key),
        ),
        (
            "cut short",
            super::super::engine::Write::Put(
                layout::key(layout::OUTBOX, id.as_bytes()),
                vec![1, 2],
            ),
        ),
        (
            "the record progress cannot be read",
            super::super::engine::Write::Put(layout::key(layout::RECORD, b"progress"), vec![99]),
        ),
    ];
    for (expected, damage) in damages {
        let mut store = joined();
        for which in 0..16 {
            write_order(&mut store, which);
        }
        store.engine().apply(&[damage]).expect("applied");
        let found = findings(&mut store, Vec::new());
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{expected}: {found:?}"
        );
    }
}
