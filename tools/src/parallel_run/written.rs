//! When the history of an order says that something was, and that other bytes come under another actor.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::apply::{self, Produced, Reject, Taker};

/// The events of an order's history by kind, each with its instant, in the order in which people read them.
fn history(side: &mut Side, id: DocumentId) -> Vec<(String, String)> {
    let timeline = side.order(id).timeline.into_iter();
    timeline
        .map(|event| {
            let at = event.at.instant().timestamp().to_string();
            (event.kind.as_str().to_owned(), at)
        })
        .collect()
}

fn entry(kind: &str, at: &str) -> (String, String) {
    (kind.to_owned(), at.to_owned())
}

#[test]
fn what_was_long_ago_bears_its_own_time_and_the_import_bears_the_plans() {
    let mut workshop = Workshop::open();
    workshop.row(1).paid = 1;
    let (mut side, source) = workshop.planned();
    side.correct(
        "note = \"Bemerkung\"",
        "note = \"Bemerkung\"\npaid = \"Bezahlt\"\npaid_is = \"flag\"",
    );
    side.run(&source);

    let intake = "2026-11-11T08:00:00Z";
    let expected = [
        entry("received", intake),
        entry("payment", intake),
        entry("imported", "2026-11-20T10:00:00Z"),
    ];
    assert_eq!(history(&mut side, order_id(1)), expected);
    let document = side.document(order_id(1));
    let written = document
        .fields()
        .values()
        .flat_map(shared::document::Register::versions);
    let times: std::collections::BTreeSet<String> = written
        .map(|version| version.at.instant().timestamp().to_string())
        .collect();
    assert_eq!(
        times,
        [intake.to_owned()].into(),
        "fields are of the intake"
    );
}

#[test]
fn an_order_that_came_in_after_the_plan_was_made_is_brought_over_when_it_is() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    workshop.orders.insert(4, workshop.orders[&1].clone());
    let later = workshop.dump();
    side.sync(&later);

    let now = NOW.timestamp().to_string();
    let expected = [
        entry("received", "2026-11-14T08:00:00Z"),
        entry("imported", &now),
        entry("synced", &now),
    ];
    assert_eq!(history(&mut side, order_id(4)), expected);
}

/// Hashes what a pass produces.
#[derive(Default)]
struct Hashing(Sha256);

impl Taker for Hashing {
    fn document(&mut self, produced: Produced) -> anyhow::Result<()> {
        self.0.update(&produced.encoded);
        Ok(())
    }

    fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        anyhow::bail!("nothing is rejected here, but {reject:?}");
    }
}

/// One dot must never get two contents. When this fails, the same source and plan lead to other bytes than before: count
/// [`apply::WRITER`] up, so that the importer draws another incarnation, and write the new hash beside it.
#[test]
fn a_writer_that_writes_other_bytes_is_another_writer() {
    let mut workshop = Workshop::open();
    let (side, source) = workshop.planned();
    let (mut staging, _) = stage(&source);
    let plan = side.plan(&mut staging);
    let branches = apply::missing_branches(&plan, &apply::BranchDirectory::new());
    let directory = branches
        .iter()
        .map(|name| (name.to_lowercase(), apply::branch_id(&plan, name)))
        .collect();
    let actor = Actor::new(ReplicaNumber(9), 77);
    let mut hashing = Hashing::default();
    apply::apply(&plan, &staging, &directory, actor, &branches, &mut hashing)
        .expect("all of it is written");
    let hash: [u8; 32] = hashing.0.finalize().into();
    let head = u64::from_be_bytes(std::array::from_fn(|place| hash[place]));
    assert_eq!((apply::WRITER, head), (2, 0xa69c_b804_bad7_2364));
}

#[test]
fn each_writer_draws_an_incarnation_of_its_own() {
    let mut workshop = Workshop::open();
    let (side, source) = workshop.planned();
    let (mut staging, sha256) = stage(&source);
    let plan = side.plan(&mut staging);
    let former = Sha256::digest(format!("{sha256}\n{}", side.text));
    let drawn = apply::actor(ReplicaNumber(9), &plan, &side.text, &sha256);
    assert_ne!(drawn.incarnation().to_be_bytes(), former[..4]);
}
