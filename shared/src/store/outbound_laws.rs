//! What the hub sends of a document is always enough: over histories that replicas could really have written.

use proptest::prelude::*;

use super::HubStore;
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change, Document, Field, Kind, format};
use crate::id::{Actor, DocumentId, ReplicaNumber};

/// What a replica does, on top of what it last saw of the document.
#[derive(Clone, Debug)]
enum Step {
    Set { replica: u8, field: u8, value: i64 },
    Record { replica: u8, personal: bool },
    Erase { replica: u8 },
    LookAtTheHub { replica: u8 },
}

const REPLICAS: u8 = 3;
const FIELDS: [&str; 5] = [
    "status",
    "promised_on",
    "contact/name",
    "free/note",
    "items/1/label",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let field = 0..u8::try_from(FIELDS.len()).expect("few");
    let step = prop_oneof![
        12 => (0..REPLICAS, field, 0..3_i64).prop_map(|(replica, field, value)| Step::Set { replica, field, value }),
        6 => (0..REPLICAS, any::<bool>()).prop_map(|(replica, personal)| Step::Record { replica, personal }),
        1 => (0..REPLICAS).prop_map(|replica| Step::Erase { replica }),
        8 => (0..REPLICAS).prop_map(|replica| Step::LookAtTheHub { replica }),
    ];
    proptest::collection::vec(step, 1..60)
}

struct Replica {
    state: Document,
    counter: u64,
}

fn id() -> DocumentId {
    DocumentId::named("outbound")
}

/// Plays a history into a hub; the hub, and the document at each position it had.
fn play(steps: &[Step]) -> (HubStore, Vec<(u64, Document)>) {
    let hub = HubStore::in_memory();
    // So that no position of the document is the store's first.
    let other = Document::new(DocumentId::named("other"), Kind::known("order"));
    hub.merge(&other).expect("merged");
    let fresh = Document::new(id(), Kind::known("order"));
    let mut replicas: Vec<Replica> = (0..REPLICAS)
        .map(|_| Replica {
            state: fresh.clone(),
            counter: 0,
        })
        .collect();
    let mut known = Vec::new();
    for (at, step) in (0_i64..).zip(steps) {
        let (Step::Set { replica, .. }
        | Step::Record { replica, .. }
        | Step::Erase { replica }
        | Step::LookAtTheHub { replica }) = step;
        let actor = Actor::new(ReplicaNumber(u32::from(*replica) + 1), 7);
        let replica = &mut replicas[usize::from(*replica)];
        let mut authoring = Authoring::new(actor, replica.counter, Hlc::at(UtcMillis(at)), None);
        let mut change = Change::of(&replica.state);
        match step {
            Step::Set { field, value, .. } => {
                change.set(
                    &mut authoring,
                    Field::known(FIELDS[usize::from(*field)]),
                    *value,
                );
            }
            Step::Record { personal, .. } => {
                let name = if *personal { "free/text" } else { "amount" };
                change.record(
                    &mut authoring,
                    Kind::known("comment"),
                    [(Field::known(name), 5_i64.into())],
                );
            }
            Step::Erase { .. } => change.erase(&mut authoring),
            Step::LookAtTheHub { .. } => {}
        }
        let delta = change.finish();
        replica.counter = authoring.counter();
        replica
            .state
            .merge(delta.clone())
            .expect("the same document");
        let merged = hub.merge(&delta).expect("merged");
        if merged.changed {
            known.push((merged.position, merged.after.clone()));
        }
        if matches!(step, Step::LookAtTheHub { .. }) {
            replica
                .state
                .merge(merged.after)
                .expect("the same document");
        }
    }
    (hub, known)
}

proptest! {
    #[test]
    fn whoever_has_a_document_as_it_was_has_it_as_it_is_after_merging_what_is_sent(history in steps()) {
        let (hub, known) = play(&history);
        let Some((head, latest)) = known.last() else { return Ok(()) };
        let before_all = (0, Document::new(id(), Kind::known("order")));
        for (position, former) in known.iter().chain([&before_all]) {
            let sent = hub.outbound(id(), *position).expect("readable");
            if position == head {
                prop_assert_eq!(sent, None);
                continue;
            }
            let sent = sent.expect("it has changed since");
            prop_assert_eq!(sent.position, *head);
            let sent = format::decode(&sent.bytes).expect("readable");
            let mut peer = former.clone();
            peer.merge(sent).expect("the same document");
            prop_assert_eq!(&peer, latest, "from {} to {}", position, head);
        }
    }
}

#[test]
fn a_peer_that_is_close_gets_the_changed_field_alone_and_one_that_is_far_behind_the_whole() {
    let hub = HubStore::in_memory();
    let mut state = Document::new(id(), Kind::known("order"));
    let actor = Actor::new(ReplicaNumber(1), 7);
    let mut positions = Vec::new();
    for number in 0..40_i64 {
        let mut authoring = Authoring::new(
            actor,
            10 * positions.len() as u64,
            Hlc::at(UtcMillis(number)),
            None,
        );
        let mut change = Change::of(&state);
        if positions.is_empty() {
            change.set(
                &mut authoring,
                Field::known("free/note"),
                "long ".repeat(200),
            );
        }
        let name = if number % 2 == 0 {
            "status"
        } else {
            "priority"
        };
        change.set(&mut authoring, Field::known(name), number);
        change.record(&mut authoring, Kind::known("status"), []);
        let delta = change.finish();
        state.merge(delta.clone()).expect("the same document");
        let merged = hub.merge(&delta).expect("merged");
        assert_eq!(merged.former_position, positions.last().copied());
        positions.push(merged.position);
    }
    let sent = |position| {
        hub.outbound(id(), position)
            .expect("readable")
            .expect("changed")
    };
    let last = sent(positions[positions.len() - 2]);
    assert!(
        !last.is_whole && last.bytes.len() < 100,
        "{} bytes",
        last.bytes.len()
    );
    let part = format::decode(&last.bytes).expect("readable");
    assert_eq!((part.fields().len(), part.events().len()), (1, 1));
    assert!(sent(0).is_whole && sent(positions[2]).is_whole);
    assert_eq!(
        Some(sent(0).bytes),
        hub.encoded_document(id()).expect("readable")
    );
}
