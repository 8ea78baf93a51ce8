//! The laws of the lattice, over histories that replicas could really have written: every replica writes on top of what
//! it has seen, sees others' deltas late, twice, in any order or never.

use proptest::prelude::*;

use super::format::{decode, encode};
use super::{Authoring, Change, Document, Field, Kind, Value};
use crate::clock::{Hlc, UtcMillis};
use crate::id::{Actor, DocumentId, ReplicaNumber};

/// What one replica does next.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Writes a field.
    Set {
        replica: usize,
        field: usize,
        value: i64,
        at: i64,
    },
    /// Records an event, perhaps one with personal data.
    Record {
        replica: usize,
        personal: bool,
        at: i64,
    },
    /// Orders erasure.
    Erase { replica: usize },
    /// Takes in the `delta`-th delta made so far (modulo how many there are).
    Receive { replica: usize, delta: usize },
}

const REPLICAS: usize = 3;
const FIELDS: [&str; 4] = ["status", "promised_on", "contact/name", "free/note"];

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Clocks disagree by far more than they tick, as on real machines.
    let step = prop_oneof![
        6 => (0..REPLICAS, 0..FIELDS.len(), 0..4_i64, 0..1_000_i64)
            .prop_map(|(replica, field, value, at)| Step::Set { replica, field, value, at }),
        3 => (0..REPLICAS, any::<bool>(), 0..1_000_i64).prop_map(|(replica, personal, at)| Step::Record { replica, personal, at }),
        1 => (0..REPLICAS).prop_map(|replica| Step::Erase { replica }),
        6 => (0..REPLICAS, any::<usize>()).prop_map(|(replica, delta)| Step::Receive { replica, delta }),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Plays a history; the replicas' states at its end, and every delta that was made.
pub(super) fn play(steps: &[Step]) -> (Vec<Document>, Vec<Document>) {
    let mut states = vec![fresh(); REPLICAS];
    let mut counters = [0_u64; REPLICAS];
    let mut deltas: Vec<Document> = Vec::new();
    for step in steps {
        let (replica, at) = match step {
            Step::Set { replica, at, .. } | Step::Record { replica, at, .. } => (*replica, *at),
            Step::Erase { replica } => (*replica, 0),
            Step::Receive { replica, delta } => {
                if !deltas.is_empty() {
                    let delta = deltas[delta % deltas.len()].clone();
                    states[*replica].merge(delta).expect("one document");
                }
                continue;
            }
        };
        let number = ReplicaNumber(u32::try_from(replica).expect("three"));
        let mut authoring = Authoring::new(
            Actor::new(number, 9),
            counters[replica],
            Hlc::at(UtcMillis(at)),
            None,
        );
        let mut change = Change::of(&states[replica]);
        match step {
            Step::Set { field, value, .. } => {
                change.set(&mut authoring, Field::known(FIELDS[*field]), *value);
            }
            Step::Record { personal: true, .. } => {
                change.record(
                    &mut authoring,
                    Kind::known("comment"),
                    [(Field::known("free/text"), "Frau Muster".into())],
                );
            }
            Step::Record { .. } => change.record(&mut authoring, Kind::known("printed"), []),
            Step::Erase { .. } => change.erase(&mut authoring),
            Step::Receive { .. } => {}
        }
        let delta = change.finish();
        counters[replica] = authoring.counter();
        states[replica].merge(delta.clone()).expect("one document");
        deltas.push(delta);
    }
    (states, deltas)
}

fn fresh() -> Document {
    Document::new(DocumentId::named("laws"), Kind::known("order"))
}

pub(super) fn joined<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Document {
    let mut all = fresh();
    for document in documents {
        all.merge(document.clone()).expect("one document");
    }
    all
}

fn through_the_codec(document: &Document) -> Document {
    decode(&encode(document)).expect("what was written can be read")
}

proptest! {
    #[test]
    fn merge_is_associative_commutative_and_idempotent(history in steps()) {
        let (states, _) = play(&history);
        let [a, b, c] = &states[..] else { unreachable!("three replicas") };
        prop_assert_eq!(joined([&joined([a, b]), c]), joined([a, &joined([b, c])]));
        prop_assert_eq!(joined([a, b]), joined([b, a]));
        prop_assert_eq!(joined([a, a]), a.clone());
    }

    #[test]
    fn the_laws_hold_through_the_codec(history in steps()) {
        let (states, _) = play(&history);
        for state in &states {
            prop_assert_eq!(&through_the_codec(state), state);
            prop_assert_eq!(through_the_codec(state).state_hash(), state.state_hash());
        }
        let [a, b, c] = &states[..] else { unreachable!("three replicas") };
        let plain = joined([a, b, c]);
        let packed = joined([&through_the_codec(&joined([&through_the_codec(c), b])), &through_the_codec(a)]);
        prop_assert_eq!(packed, plain);
    }

    /// A hub that was put back may get a replica's own writes before the erasure that another one ordered.
    #[test]
    fn what_each_wrote_comes_together_in_any_order_and_is_readable_all_the_time(history in steps(), shuffle in any::<prop::sample::Index>()) {
        let (states, _) = play(&history);
        let mut parts: Vec<Document> = states
            .iter()
            .flat_map(|state| (0..3).filter_map(|number| state.part_written_by(ReplicaNumber(number))))
            .collect();
        let whole = joined(&states);
        let mut gathered = fresh();
        if !parts.is_empty() {
            let by = shuffle.index(parts.len());
            parts.rotate_left(by);
        }
        for part in parts {
            gathered.merge(part).expect("one document");
            prop_assert_eq!(&through_the_codec(&gathered), &gathered);
        }
        prop_assert_eq!(gathered, whole);
    }

    #[test]
    fn any_order_with_duplicates_gives_one_state(history in steps(), shuffle in any::<prop::sample::Index>(), twice in any::<prop::sample::Index>()) {
        let (states, deltas) = play(&history);
        let expected = joined(&states);
        let mut mixed = deltas.clone();
        if !mixed.is_empty() {
            let by = shuffle.index(mixed.len());
            mixed.rotate_left(by);
            mixed.reverse();
            let again = mixed[twice.index(mixed.len())].clone();
            mixed.push(again);
        }
        prop_assert_eq!(joined(&mixed), expected.clone());
        prop_assert_eq!(joined(&mixed).state_hash(), expected.state_hash());
    }

    #[test]
    fn no_value_is_lost_unless_somebody_had_seen_it(history in steps()) {
        let (_, deltas) = play(&history);
        let all = joined(&deltas);
        if all.erasure().is_some() {
            return Ok(());
        }
        for (field, register) in deltas.iter().flat_map(Document::fields) {
            for written in register.versions() {
                let kept = all.register(field.as_str()).expect("the field is there").versions();
                prop_assert!(
                    kept.iter().any(|version| version.has_seen(written.dot)),
                    "{field} lost {written:?}"
                );
            }
        }
        for event in deltas.iter().flat_map(Document::events) {
            prop_assert!(all.events().contains(&event));
        }
    }

    #[test]
    fn what_was_erased_stays_erased(history in steps(), late in any::<prop::sample::Index>()) {
        let (_, deltas) = play(&history);
        let mut erased = joined(&deltas);
        if erased.erasure().is_none() {
            return Ok(());
        }
        erased.merge(deltas[late.index(deltas.len())].clone()).expect("one document");
        prop_assert!(erased.fields().keys().all(|field| !field.is_personal()));
        let printed = format!("{erased:?}");
        prop_assert!(!printed.contains("Muster"), "the name came back");
    }

    #[test]
    fn the_parts_of_all_writers_are_the_document(history in steps()) {
        let (_, deltas) = play(&history);
        let whole = joined(&deltas);
        let numbers = (0..).map(ReplicaNumber).take(REPLICAS + 1);
        let parts: Vec<Document> = numbers.filter_map(|number| {
            let part = whole.part_written_by(number)?;
            assert!(part.dots().iter().all(|dot| dot.actor.replica() == number), "the hub would refuse it");
            Some(part)
        }).collect();
        prop_assert!(parts.len() <= REPLICAS);
        prop_assert_eq!(joined(&parts), whole.clone());
        prop_assert_eq!(joined(parts.iter().rev()), whole);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let mut versioned = vec![1];
        versioned.extend(bytes);
        let _ = decode(&versioned);
    }

    #[test]
    fn a_flipped_or_missing_byte_never_panics_and_never_passes_for_the_same(history in steps(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let (states, _) = play(&history);
        let state = joined(&states);
        if state.is_empty() {
            // Nothing was written at a time, so the base time says nothing whatever it is.
            return Ok(());
        }
        let bytes = encode(&state);
        let at = at.index(bytes.len());
        prop_assert!(decode(&bytes[..at]).is_err());
        let mut flipped = bytes.clone();
        flipped[at] ^= flip;
        if let Ok(other) = decode(&flipped) {
            prop_assert_ne!(encode(&other), bytes);
        }
    }
}

/// The bytes of a document that uses every part of format 1. A change here is a change of a frozen format: make a successor.
#[test]
fn golden_bytes_of_format_1() {
    let branch = Actor::new(ReplicaNumber(3), 0xdead_beef);
    let other = Actor::new(ReplicaNumber(4), 1);
    let staff = crate::id::StaffId(DocumentId::named("staff/golden"));
    let at = Hlc::at(UtcMillis(1_795_190_400_000));
    let id = DocumentId::named("order/golden");

    let mut first = Authoring::new(branch, 41, at, Some(staff));
    let mut change = Change::create(id, Kind::known("order"));
    for (name, value) in [
        ("v/null", Value::Null),
        ("v/bool", Value::Bool(true)),
        ("v/int", Value::Int(-7)),
        ("v/text", "Müller \u{1f3bf}".into()),
        ("v/id", Value::from(id)),
        (
            "v/money",
            Value::Money {
                minor: 6900,
                currency: super::Currency::CHF,
            },
        ),
        ("v/instant", UtcMillis(1_795_190_400_000).into()),
        ("v/date", Value::Date(20_777)),
        ("v/bytes", Value::Bytes(vec![0, 255])),
    ] {
        change.set(&mut first, Field::known(name), value);
    }
    change.record(
        &mut first,
        Kind::known("payment"),
        [(Field::known("amount"), Value::Int(1))],
    );
    let mut document = change.finish();
    // Two replicas write the same field without having seen each other.
    for (actor, text) in [(branch, "in_work"), (other, "done")] {
        let mut authoring = Authoring::new(actor, 100, Hlc::from_bits(at.to_bits() + 5), None);
        let mut change = Change::create(id, Kind::known("order"));
        change.set(&mut authoring, Field::known("status"), text);
        document.merge(change.finish()).expect("one document");
    }
    let hex = encode(&document)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            use std::fmt::Write;
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    insta::assert_snapshot!("document_format_1", hex);
    assert_eq!(through_the_codec(&document), document);
}
