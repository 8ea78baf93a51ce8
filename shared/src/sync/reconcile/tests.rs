//! **For any two sets exactly what differs is found**, under any bound on messages, in few rounds; and nothing that comes over
//! the line can make either side panic, go on for ever, or fill the memory.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::{
    AnswerError, Differences, Initiator, Inventory, Item, KeyRange, Limits, Responder, TakeError,
};
use crate::id::DocumentId;
use crate::wire::reconcile::{RangeAnswer, ReconcileQuery, ReconcileReply};

type Set = BTreeMap<DocumentId, [u8; 16]>;

impl Inventory for Set {
    type Error = Infallible;

    fn visit(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        for (id, state_hash) in self.range(range.first()..=range.last()) {
            let item = Item {
                id: *id,
                state_hash: *state_hash,
            };
            if visit(item).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Ids that lie spread or close together, as UUIDs of one second do.
fn id(number: u64) -> DocumentId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(
        &(number / 50)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_be_bytes(),
    );
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn set(numbers: impl IntoIterator<Item = u64>, state: u8) -> Set {
    numbers
        .into_iter()
        .map(|number| (id(number), [state; 16]))
        .collect()
}

/// What a comparison came to: the differences, how many queries, and the bytes of all replies.
fn compare(branch: &Set, hub: &Set, limits: Limits) -> (Differences, u32, usize) {
    let responder = Responder::with_limits(limits);
    let mut initiator = Initiator::with_limits(limits);
    let mut reply_bytes = 0;
    while let Some(query) = initiator.query() {
        let reply = responder.answer(hub, &query).expect("an honest query");
        let bytes = crate::wire::encode(&reply).expect("small").len();
        let longest_answer = limits.entries() * super::ENTRY_BYTES + 64;
        assert!(bytes <= limits.message_bytes.max(longest_answer), "{bytes}");
        reply_bytes += bytes;
        initiator.take(branch, &reply).expect("an honest reply");
    }
    let rounds = initiator.rounds();
    (initiator.finish(), rounds, reply_bytes)
}

/// The same without ranges.
fn difference(branch: &Set, hub: &Set) -> Differences {
    let only = |one: &Set, other: &Set| {
        one.iter()
            .filter(|(id, state)| other.get(id) != Some(state))
            .map(|(id, _)| *id)
            .collect()
    };
    Differences {
        to_fetch: only(hub, branch),
        to_offer: only(branch, hub),
        is_cut: false,
    }
}

fn any_set() -> impl Strategy<Value = Set> {
    let spread = prop::collection::btree_map(any::<[u8; 16]>(), 0..3_u8, 0..200);
    let dense = prop::collection::btree_map(0..600_u64, 0..3_u8, 0..300);
    (spread, dense).prop_map(|(spread, dense)| {
        let spread = spread
            .into_iter()
            .map(|(id, state)| (DocumentId::from_bytes(id), [state; 16]));
        spread
            .chain(
                dense
                    .into_iter()
                    .map(|(number, state)| (id(number), [state; 16])),
            )
            .collect()
    })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (100..8_000_usize, 2..70_usize).prop_map(|(message_bytes, parts)| Limits {
        message_bytes,
        parts,
    })
}

fn any_entries() -> impl Strategy<Value = Vec<([u8; 16], [u8; 16])>> {
    let key = prop_oneof![Just([0; 16]), Just([0xff; 16]), any::<[u8; 16]>()];
    let entries = prop::collection::vec((key, any::<[u8; 16]>()), 0..12);
    (entries, any::<bool>(), any::<bool>()).prop_map(|(mut entries, sorted, whole)| {
        if sorted {
            entries.sort_unstable();
            entries.dedup_by_key(|(key, _)| *key);
        }
        if whole && let Some((last, _)) = entries.last_mut() {
            *last = [0xff; 16];
        }
        entries
    })
}

fn any_reply() -> impl Strategy<Value = ReconcileReply> {
    let answer = prop_oneof![
        any_entries().prop_map(RangeAnswer::Items),
        any_entries().prop_map(RangeAnswer::Parts),
    ];
    prop::collection::vec(answer, 0..4).prop_map(|answers| ReconcileReply { answers })
}

proptest! {
    #[test]
    fn exactly_the_difference_is_found(common in any_set(), branch in any_set(), hub in any_set(), limits in any_limits()) {
        let with_common = |own: Set| -> Set { common.clone().into_iter().chain(own).collect() };
        let (branch, hub) = (with_common(branch), with_common(hub));
        let (found, rounds, _) = compare(&branch, &hub, limits);
        // So small a bound on messages that the bound on rounds came first: then what was found is right, if not all.
        if rounds == super::initiator::ROUNDS {
            let all: BTreeSet<_> = difference(&branch, &hub).to_fetch.into_iter().collect();
            prop_assert!(found.to_fetch.iter().all(|id| all.contains(id)));
        } else {
            prop_assert_eq!(found, difference(&branch, &hub));
        }
    }

    #[test]
    fn no_reply_makes_a_branch_panic_or_go_on_for_ever(held in any_set(), replies in prop::collection::vec(any_reply(), 1..6)) {
        let mut initiator = Initiator::default();
        for reply in replies.iter().cycle() {
            if initiator.query().is_none() {
                break;
            }
            // Refused or not: the next query comes, and the last one comes too.
            let _ = initiator.take(&held, reply);
        }
        prop_assert!(initiator.rounds() <= super::initiator::ROUNDS);
    }

    #[test]
    fn no_query_makes_the_hub_panic(held in any_set(), ranges in any_entries()) {
        let answered = Responder::default().answer(&held, &ReconcileQuery { ranges: ranges.clone() });
        if let Ok(reply) = answered {
            prop_assert!(reply.answers.len() <= ranges.len() && !reply.answers.is_empty());
        }
    }
}

/// One difference in many documents costs a few kilobytes and a round trip for each level.
#[test]
fn one_difference_among_many_is_found_in_three_rounds() {
    let hub = set(0..50_000, 1);
    for (number, what) in [
        (17, "other state"),
        (25_000, "lacking"),
        (50_000, "too many"),
    ] {
        let mut branch = hub.clone();
        match what {
            "lacking" => branch.remove(&id(number)),
            _ => branch.insert(id(number), [9; 16]),
        };
        let (found, rounds, bytes) = compare(&branch, &hub, Limits::default());
        assert_eq!(found, difference(&branch, &hub), "{what}");
        assert!(rounds <= 3 && bytes < 12_000, "{what}: {rounds} {bytes}");
    }
    let (found, rounds, _) = compare(&hub, &hub, Limits::default());
    assert_eq!((found, rounds), (Differences::default(), 1));
}

/// Rounds grow with what differs, by as much as fits into a message, and not with what is held.
#[test]
fn many_differences_take_as_many_messages_as_they_fill() {
    let hub = set(0..20_000, 1);
    let mut branch = hub.clone();
    for number in (0..20_000).step_by(100) {
        branch.insert(id(number), [2; 16]);
    }
    let (found, rounds, bytes) = compare(&branch, &hub, Limits::default());
    assert_eq!(found, difference(&branch, &hub));
    let full_messages = bytes / (Limits::default().message_bytes / 2);
    assert!(rounds as usize <= 4 + full_messages, "{rounds} for {bytes}");
}

#[test]
fn an_empty_side_is_told_everything_or_offers_everything() {
    let (nothing, all) = (Set::new(), set(0..3_000, 1));
    for (branch, hub) in [(&nothing, &all), (&all, &nothing), (&nothing, &nothing)] {
        let (found, ..) = compare(branch, hub, Limits::default());
        assert_eq!(found, difference(branch, hub));
    }
}

/// A hub that lost everything is offered so much at a time.
#[test]
fn too_many_differences_are_cut() {
    let branch = set(0..150_000, 1);
    let (found, rounds, _) = compare(&branch, &Set::new(), Limits::default());
    assert!(found.is_cut && rounds == 1);
    assert_eq!(found.to_offer.len(), super::initiator::FOUND);
}

#[test]
fn what_no_honest_side_says_is_refused_with_a_reason() {
    let held = set(0..1_000, 1);
    let responder = Responder::default();
    let ask = |ranges: Vec<([u8; 16], [u8; 16])>| match responder
        .answer(&held, &ReconcileQuery { ranges })
    {
        Err(AnswerError::Malformed(why)) => why,
        _ => "answered",
    };
    let (low, middle, high) = ([0; 16], [7; 16], [0xff; 16]);
    assert_eq!(ask(vec![]), "none");
    assert_eq!(ask(vec![(high, low)]), "the wrong way round");
    assert_eq!(ask(vec![(low, middle), (middle, high)]), "out of order");
    assert_eq!(ask(vec![(low, high); 5_000]), "too many");
    assert_eq!(ask(vec![(low, high)]), "answered");

    let mut initiator = Initiator::default();
    initiator.query().expect("a first query");
    let mut tell =
        |answers: Vec<RangeAnswer>| match initiator.take(&held, &ReconcileReply { answers }) {
            Err(TakeError::Malformed(why)) => why,
            _ => "taken",
        };
    assert_eq!(tell(vec![]), "it is empty");
    let list = |entries| vec![RangeAnswer::Items(entries)];
    assert_eq!(
        tell([list(vec![]), list(vec![])].concat()),
        "it answers more than was asked"
    );
    assert_eq!(
        tell(list(vec![(high, low), (low, low)])),
        "it is out of order"
    );
    assert_eq!(
        tell(list(vec![(low, low); 129])),
        "it is longer than an answer may be"
    );
    let parts = |entries| vec![RangeAnswer::Parts(entries)];
    assert_eq!(
        tell(parts(vec![(high, low)])),
        "its parts are not the whole"
    );
    assert_eq!(
        tell(parts(vec![(low, low), (middle, low)])),
        "its parts are not the whole"
    );
}

/// Always "it is all different, in two parts": the depth runs out before the patience.
#[test]
fn a_hub_that_divides_for_ever_is_found_out() {
    let held = set(0..10, 1);
    let mut initiator = Initiator::default();
    let refused = loop {
        let Some(query) = initiator.query() else {
            panic!("it must be refused");
        };
        let halves = query.ranges.iter().map(|(first, last)| {
            let [low, high] = [*first, *last].map(u128::from_be_bytes);
            let middle = low.midpoint(high).to_be_bytes();
            RangeAnswer::Parts(vec![(middle, [1; 16]), (*last, [1; 16])])
        });
        let reply = ReconcileReply {
            answers: halves.collect(),
        };
        if let Err(error) = initiator.take(&held, &reply) {
            break error;
        }
    };
    assert_eq!(refused, TakeError::Malformed("it comes to no end"));
}
