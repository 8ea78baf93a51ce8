//! Two branches and a hub under random work, lost requests, lost answers and repeated ones: in the end all hold the same,
//! every acknowledged write is visible or was overwritten by somebody who had seen it, and nothing waits.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Effect, Peer, Progress, Verdict, absorb, judge, plan};
use crate::clock::UtcMillis;
use crate::document::{Change, Document, Field, Kind, format};
use crate::id::{Actor, DocumentId, Dot, ReplicaNumber};
use crate::limits;
use crate::store::{BranchStore, HubStore, SetAside};
use crate::wire::{Epoch, Exchange, ExchangeReply, PROTOCOL_VERSION, Refused, ReplicaRole};

const EPOCH: Epoch = Epoch(1);

#[derive(Clone, Debug)]
enum Step {
    /// A counter writes.
    Write {
        branch: usize,
        document: u8,
        value: u8,
    },
    /// A branch exchanges, and the line does this to it.
    Exchange { branch: usize, line: Line },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Up,
    LosesTheRequest,
    LosesTheAnswer,
    DeliversTheRequestTwice,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = prop_oneof![
        3 => Just(Line::Up),
        1 => Just(Line::LosesTheRequest),
        1 => Just(Line::LosesTheAnswer),
        1 => Just(Line::DeliversTheRequestTwice),
    ];
    let step = prop_oneof![
        3 => (0..2_usize, 0..6_u8, 0..5_u8).prop_map(|(branch, document, value)| Step::Write { branch, document, value }),
        2 => (0..2_usize, line).prop_map(|(branch, line)| Step::Exchange { branch, line }),
    ];
    proptest::collection::vec(step, 1..60)
}

struct Branch {
    store: BranchStore,
    peer: Peer,
}

impl Branch {
    fn new(number: u32) -> Self {
        let replica = ReplicaNumber(number);
        let mut store = BranchStore::in_memory();
        store
            .assume_identity(Actor::new(replica, 1))
            .expect("fresh");
        Self {
            store,
            peer: Peer {
                replica,
                role: ReplicaRole::Branch,
            },
        }
    }

    fn write(&mut self, document: u8, value: u8, now: UtcMillis) -> BTreeSet<Dot> {
        let mut authoring = self.store.author(None, now).expect("joined");
        let id = DocumentId::named(&document.to_string());
        let known = self.store.document(id).expect("readable");
        let mut change = known
            .as_ref()
            .map_or_else(|| Change::create(id, Kind::known("order")), Change::of);
        change.set(&mut authoring, Field::known("status"), i64::from(value));
        change.record(&mut authoring, Kind::known("comment"), []);
        let delta = change.finish();
        let dots = delta.dots();
        self.store
            .commit(&[delta], &authoring, now, &[])
            .expect("committed");
        dots
    }

    /// One exchange; whether another should follow at once.
    fn exchange(&mut self, hub: &HubStore, line: Line, now: UtcMillis) -> bool {
        let progress: Progress = self
            .store
            .read_record("progress")
            .expect("readable")
            .unwrap_or_default();
        // Batches of two force the paths that a large backlog takes.
        let outgoing = self.store.outgoing(2, usize::MAX).expect("readable");
        let pending = self.store.pending();
        let (message, sent) = plan(&progress, outgoing, pending, 0, now);
        if line == Line::LosesTheRequest {
            return true;
        }
        let mut reply = answer(hub, self.peer, &message, now);
        if line == Line::DeliversTheRequestTwice {
            reply = answer(hub, self.peer, &message, now);
        }
        if line == Line::LosesTheAnswer {
            return true;
        }
        let mut again = false;
        for effect in absorb(&progress, sent, pending, reply, now) {
            match effect {
                Effect::Merge {
                    documents,
                    progress,
                } => {
                    let record = BranchStore::record_bytes(&progress);
                    let (_, refused) = self
                        .store
                        .commit_from_hub(&documents, now, &[("progress", record)])
                        .expect("committed");
                    assert!(refused.is_empty());
                }
                Effect::Acknowledge(taken) => self.store.acknowledge(&taken).expect("written"),
                Effect::SetAside {
                    document,
                    reason,
                    from_hub,
                    bytes,
                } => {
                    let aside = SetAside {
                        sequence: 0,
                        document,
                        reason,
                        at: now,
                        from_hub,
                        bytes,
                    };
                    self.store.set_aside(aside).expect("written");
                }
                Effect::Again => again = true,
                Effect::Incompatible { .. } | Effect::HubStartedOver => {
                    panic!("not in this test: {effect:?}")
                }
            }
        }
        again
    }
}

/// A hub of the simplest kind: everything is in everyone's scope, two documents a reply.
fn answer(hub: &HubStore, peer: Peer, message: &Exchange, now: UtcMillis) -> ExchangeReply {
    let mut refused = Vec::new();
    for (index, bytes) in (0..).zip(&message.pushed) {
        match judge(bytes, peer) {
            Verdict::Merge(delta) => {
                hub.merge(&delta).expect("merged");
            }
            Verdict::Refuse(code, reason) => refused.push(Refused {
                index,
                code,
                reason,
            }),
        }
    }
    let feed = hub.changes_after(message.cursor, 2).expect("readable");
    ExchangeReply {
        protocol: PROTOCOL_VERSION,
        epoch: EPOCH,
        refused,
        documents: feed
            .changes
            .iter()
            .map(|change| format::encode(&change.document))
            .collect(),
        cursor: feed.position,
        more: feed.more,
        highest_counter: 0,
        digest: None,
        clock: now,
    }
}

fn documents(store: &BranchStore) -> Vec<Document> {
    let feed = store
        .changes_after(0, limits::DOCUMENTS_PER_EXCHANGE)
        .expect("readable");
    let mut documents: Vec<Document> = feed
        .changes
        .into_iter()
        .map(|change| change.document)
        .collect();
    documents.sort_by_key(Document::id);
    documents
}

proptest! {
    #[test]
    fn replicas_converge_and_lose_nothing(history in steps()) {
        let hub = HubStore::in_memory();
        let mut branches = [Branch::new(1), Branch::new(2)];
        let mut written = BTreeSet::new();
        for (step, now) in history.iter().zip((0..).map(|second| UtcMillis(second * 1_000))) {
            match step {
                Step::Write { branch, document, value } => written.extend(branches[*branch].write(*document, *value, now)),
                Step::Exchange { branch, line } => {
                    branches[*branch].exchange(&hub, *line, now);
                }
            }
        }
        // The line is mended; within a bounded number of round trips everything is quiet.
        let late = UtcMillis(10_000_000);
        for _ in 0..2 {
            for branch in &mut branches {
                let mut trips = 0;
                while branch.exchange(&hub, Line::Up, late) {
                    trips += 1;
                    prop_assert!(trips < 50, "it never becomes quiet");
                }
            }
        }
        let [one, two] = &branches;
        prop_assert_eq!(documents(&one.store), documents(&two.store));
        for branch in &branches {
            prop_assert_eq!(branch.store.pending().count, 0);
            prop_assert!(branch.store.quarantined().expect("readable").is_empty());
        }
        let all = documents(&one.store);
        for dot in written {
            let survives = all.iter().any(|document| {
                document.events().iter().any(|event| event.dot == dot)
                    || document.fields().values().flat_map(crate::document::Register::versions).any(|version| version.has_seen(dot))
            });
            prop_assert!(survives, "{dot} was acknowledged and is gone");
        }
    }
}

#[test]
fn a_refused_delta_is_kept_aside_and_the_rest_flows() {
    let hub = HubStore::in_memory();
    let mut branch = Branch::new(1);
    branch.write(1, 1, UtcMillis(1));
    // A catalogue entry is the office's to write: the hub refuses it for ever.
    let mut authoring = branch.store.author(None, UtcMillis(2)).expect("joined");
    let mut change = Change::create(DocumentId::named("price"), Kind::known("service"));
    change.set(&mut authoring, Field::known("code"), "free");
    branch
        .store
        .commit(&[change.finish()], &authoring, UtcMillis(2), &[])
        .expect("committed");
    branch.write(2, 1, UtcMillis(3));

    while branch.exchange(&hub, Line::Up, UtcMillis(4)) {}
    assert_eq!(branch.store.pending().count, 0);
    let aside = branch.store.quarantined().expect("readable");
    assert_eq!((aside.len(), aside[0].from_hub), (1, false));
    assert!(
        aside[0].reason.contains("may not change"),
        "{}",
        aside[0].reason
    );
    assert_eq!(hub.changes_after(0, 10).expect("readable").changes.len(), 2);
}
