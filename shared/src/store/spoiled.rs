//! Documents that went bad where they lie, without the disk noticing: each is a matter of its own.

use super::{BranchStore, Damage, HubStore, SimulatedDisk, StoreError};
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change, Document, Field, Kind, format};
use crate::id::{Actor, DocumentId, ReplicaNumber};

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);

const FORMER: Actor = Actor::new(ReplicaNumber(1), 1);

const NEXT: Actor = Actor::new(ReplicaNumber(1), 2);

/// Bytes before the document's id: the layout's version, the length of an empty change log, the document's version.
const BEFORE_ID: usize = 3;

/// Bytes before the name of its kind: the id and the name's length follow.
const BEFORE_KIND: usize = BEFORE_ID + 16 + 1;

fn bit(byte: usize, bit: usize) -> Damage {
    Damage::FlippedBit(byte * 8 + bit)
}

fn order(name: &str, authoring: &mut Authoring) -> Document {
    let mut change = Change::create(DocumentId::named(name), Kind::known("order"));
    change.set(authoring, Field::known("status"), "open");
    change.finish()
}

#[test]
fn a_hub_does_not_send_a_document_that_says_it_is_another_one() {
    let disk = SimulatedDisk::default();
    let hub = HubStore::on(&disk).expect("an empty disk");
    let mut authoring = Authoring::new(FORMER, 0, Hlc::at(NOW), None);
    let delta = order("a", &mut authoring);
    let id = delta.id();
    hub.merge(&delta).expect("merged");
    let sent = hub.outbound(id, 0).expect("readable").expect("new");
    assert_eq!(format::id_of(&sent.bytes), Ok(id));

    assert!(disk.damage(id, bit(BEFORE_ID, 0)));
    let is_refused = |error| matches!(error, StoreError::Unreadable { id: of, .. } if of == id);
    assert!(hub.document(id).is_err_and(is_refused));
    assert!(hub.outbound(id, 0).is_err_and(is_refused));
    assert!(hub.encoded_document(id).is_err_and(is_refused));
}

#[test]
fn a_document_of_another_kind_than_it_was_keeps_no_store_from_going_on_as_another_incarnation() {
    let disk = SimulatedDisk::default();
    let mut store = BranchStore::on(&disk).expect("an empty disk");
    store.assume_identity(FORMER).expect("a fresh store");
    for name in ["spoiled", "good"] {
        let mut authoring = store.author(None, NOW).expect("joined");
        let delta = order(name, &mut authoring);
        store
            .commit(&[delta], &authoring, NOW, &[])
            .expect("committed");
    }
    let (spoiled, good) = (DocumentId::named("spoiled"), DocumentId::named("good"));
    // "order" becomes "o2der".
    assert!(disk.damage(spoiled, bit(BEFORE_KIND + 1, 6)));
    let found = store.document(spoiled).expect("readable").expect("there");
    assert_eq!(found.kind().as_str(), "o2der");

    let changes = store.reissue(NEXT, 0).expect("it goes on");
    let changed: Vec<DocumentId> = changes.iter().map(|change| change.document.id()).collect();
    assert_eq!(changed, [good]);
    let waiting = store.outgoing(10, usize::MAX).expect("readable");
    let mut writers: Vec<(DocumentId, u32)> = waiting
        .iter()
        .map(|waits| format::decode(&waits.delta).expect("readable"))
        .flat_map(|delta| delta.dots().into_iter().map(move |dot| (delta.id(), dot)))
        .map(|(id, dot)| (id, dot.actor.incarnation()))
        .collect();
    let mut expected = vec![(spoiled, 1), (good, 2)];
    writers.sort_unstable();
    expected.sort_unstable();
    assert_eq!(
        writers, expected,
        "what is good is made again, the other kept"
    );
}
