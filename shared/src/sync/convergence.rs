//! Two branches and a hub under random work, lost requests, lost answers and repeated ones: in the end all hold the same,
//! every acknowledged write is visible or was overwritten by somebody who had seen it, and nothing waits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use serde::Serialize;

use super::branch::{self, Desk, Next, Progress, Proof, Room};
use super::hub::{
    self, Claim, Counters, Echoes, InScope, Peer, Takes, Wanted, Writing, judge_encoded,
};
use crate::clock::UtcMillis;
use crate::document::{Change, Document, Encoded, Field, Kind};
use crate::id::{Actor, DocumentId, Dot, ReplicaNumber};
use crate::limits;
use crate::store::{BranchStore, HubStore, Merged, SetAside, StoreError};
use crate::wire::{Epoch, Exchange, ExchangeReply, PROTOCOL_VERSION, ReplicaRole};

const EPOCH: Epoch = Epoch(1);

/// So little goes into a message that what waits seldom fits into one.
const ROOM: Room = Room {
    documents: 2,
    bytes: limits::EXCHANGE_DOCUMENT_BYTES,
};

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
    fn exchange(&mut self, hub: &mut Hub, line: Line, now: UtcMillis) -> bool {
        let planned = branch::plan(self, now, ROOM).expect("readable");
        // What stands behind is made ready while this is under way.
        let behind = planned
            .behind()
            .and_then(|behind| branch::plan_behind(self, &behind, now, ROOM).expect("readable"));
        if line == Line::LosesTheRequest {
            return true;
        }
        let mut reply = hub.answer(self.peer, &planned.message, now);
        if line == Line::DeliversTheRequestTwice {
            reply = hub.answer(self.peer, &planned.message, now);
        }
        if line == Line::LosesTheAnswer {
            return true;
        }
        // What comes next is asked for before this reply is taken in, as over a real line.
        let ahead = match behind.filter(|_| branch::follows(&planned, &reply)) {
            Some(behind) => Some(behind),
            None => branch::plan_ahead(&planned, &reply, now),
        };
        let ahead = ahead.map(|ahead| {
            let reply = hub.answer(self.peer, &ahead.message, now);
            (ahead, reply)
        });
        let taken = branch::read(planned, reply, now).expect("one version");
        let mut next = branch::take_in(self, taken, now, 99).expect("stored");
        if next == Next::Again
            && let Some((planned, reply)) = ahead
        {
            let taken = branch::read(planned, reply, now).expect("one version");
            next = branch::take_in(self, taken, now, 99).expect("stored");
        }
        next == Next::Again
    }
}

impl Desk for Branch {
    fn store(&self) -> &BranchStore {
        &self.store
    }

    fn progress(&self) -> Progress {
        self.store
            .read_record("progress")
            .expect("readable")
            .unwrap_or_default()
    }

    fn proof(&self) -> Proof {
        Proof::default()
    }

    fn scope_digest(&self) -> Option<[u8; 16]> {
        None
    }

    fn commit_from_hub(
        &mut self,
        documents: &[Document],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        let record = BranchStore::record_bytes(&progress);
        let (_, refused) = self
            .store
            .commit_from_hub(documents, now, &[("progress", record)])?;
        Ok(refused)
    }

    fn commit_from_hub_encoded(
        &mut self,
        documents: &[Encoded],
        progress: Progress,
        now: UtcMillis,
    ) -> Result<Vec<(usize, StoreError)>, StoreError> {
        let record = BranchStore::record_bytes(&progress);
        let (_, refused) =
            self.store
                .commit_from_hub_encoded(documents, now, &[("progress", record)])?;
        Ok(refused)
    }

    fn acknowledge(&mut self, taken: &[(DocumentId, u64)]) -> Result<(), StoreError> {
        self.store.acknowledge(taken)
    }

    fn set_aside(&mut self, what: SetAside) -> Result<(), StoreError> {
        self.store.set_aside(what)
    }

    fn set_progress(&mut self, progress: Progress) -> Result<(), StoreError> {
        self.store.write_record("progress", &progress)
    }

    fn set_proof(&mut self, _: Proof) -> Result<(), StoreError> {
        Ok(())
    }

    fn write_record<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), StoreError> {
        self.store.write_record(name, value)
    }

    fn reissue(&mut self, actor: Actor, known_counter: u64) -> Result<(), StoreError> {
        self.store.reissue(actor, known_counter).map(|_| ())
    }

    fn forget_reissued(&mut self, ids: &[DocumentId]) -> Result<(), StoreError> {
        self.store.forget_reissued(ids)
    }

    fn session(&self) -> u64 {
        1
    }
}

/// A hub of the simplest kind: everything is in everyone's scope, two documents a reply.
struct Hub {
    store: HubStore,
    counters: BTreeMap<ReplicaNumber, Counters>,
    echoes: Echoes,
    /// Since which position of the feed each document is in everyone's scope.
    entered: BTreeMap<DocumentId, u64>,
    /// What it takes of what is pushed: everything while it is being recovered.
    takes: Takes,
}

impl Writing for Hub {
    fn merge(&mut self, delta: &Document) -> Result<Merged, StoreError> {
        let merged = self.store.merge(delta)?;
        self.entered.entry(delta.id()).or_insert(merged.position);
        Ok(merged)
    }
}

impl Hub {
    fn new() -> Self {
        Self {
            store: HubStore::in_memory(),
            counters: BTreeMap::new(),
            echoes: Echoes::default(),
            entered: BTreeMap::new(),
            takes: Takes::OwnWrites,
        }
    }

    fn answer(&mut self, peer: Peer, message: &Exchange, now: UtcMillis) -> ExchangeReply {
        const DOCUMENTS: usize = 2;
        let judged = message
            .pushed
            .iter()
            .map(|bytes| judge_encoded(bytes.clone(), peer, self.takes))
            .collect();
        let claim = Claim::of(message);
        let mut counters = self.counters.remove(&peer.replica).unwrap_or_default();
        let taken = hub::take_in(self, peer, claim, &mut counters, judged).expect("merged");
        self.counters.insert(peer.replica, counters);
        self.echoes
            .note(peer.replica, claim, message.cursor, &taken.changed);
        let feed = self
            .store
            .changes_after(message.cursor, DOCUMENTS)
            .expect("readable");
        let changes: Vec<InScope> = feed
            .changes
            .iter()
            .map(|change| InScope {
                position: change.position,
                id: change.document.id(),
                since: self
                    .entered
                    .get(&change.document.id())
                    .copied()
                    .unwrap_or(0),
            })
            .collect();
        let wanted = Wanted {
            cursor: message.cursor,
            documents: DOCUMENTS,
            base: message.base,
        };
        let echo = self.echoes.of(peer.replica, claim);
        let outgoing = hub::outgoing(&self.store, &changes, self.store.head(), wanted, echo)
            .expect("readable");
        ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch: EPOCH,
            refused: taken.refused,
            documents: outgoing.documents,
            cursor: outgoing.cursor,
            remaining: u64::from(outgoing.more),
            highest_counter: taken.highest_counter,
            takes_back: self.takes == Takes::Everything,
            digest: None,
            clock: now,
        }
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

fn documents_of(store: &HubStore) -> Vec<Document> {
    let feed = store.changes_after(0, 10).expect("readable");
    feed.changes
        .into_iter()
        .map(|change| change.document)
        .collect()
}

#[test]
fn a_document_that_moves_on_while_a_new_machine_pages_through_its_first_synchronisation_comes_whole()
 {
    let mut hub = Hub::new();
    let mut writer = Branch::new(1);
    for document in 0..8 {
        writer.write(document, 1, UtcMillis(1));
        while writer.exchange(&mut hub, Line::Up, UtcMillis(1)) {}
    }
    let mut new = Branch::new(2);
    // Two documents a reply: it has four of the eight, and not the sixth.
    assert!(new.exchange(&mut hub, Line::Up, UtcMillis(2)));
    assert!(new.exchange(&mut hub, Line::Up, UtcMillis(2)));
    writer.write(5, 2, UtcMillis(3));
    while writer.exchange(&mut hub, Line::Up, UtcMillis(3)) {}
    // On the way to the end of the feed its cursor passes the place where that document entered the scope.
    while new.exchange(&mut hub, Line::Up, UtcMillis(4)) {}
    assert_eq!(documents(&new.store), documents(&writer.store));
}

#[test]
fn what_a_recovery_refused_because_a_copy_was_quicker_is_given_back_when_it_is_opened_again() {
    let now = UtcMillis(1);
    let mut before = Hub::new();
    let (mut writer, mut holder) = (Branch::new(1), Branch::new(2));
    writer.write(1, 1, now);
    for branch in [&mut writer, &mut holder] {
        while branch.exchange(&mut before, Line::Up, now) {}
    }

    let mut hub = Hub::new();
    hub.takes = Takes::Everything;
    assert!(holder.exchange(&mut hub, Line::Up, now), "it gives back");
    // The copy says that everything is given back while this machine's message is under way.
    hub.takes = Takes::OwnWrites;
    while holder.exchange(&mut hub, Line::Up, now) {}
    let message = branch::plan(&holder, now, Room::OF_A_MESSAGE)
        .expect("readable")
        .message;
    assert!(!message.has_given_back, "the hub took none of it");
    assert_eq!(documents_of(&hub.store), Vec::new());

    hub.takes = Takes::Everything;
    while holder.exchange(&mut hub, Line::Up, now) {}
    let message = branch::plan(&holder, now, Room::OF_A_MESSAGE)
        .expect("readable")
        .message;
    assert!(message.has_given_back);
    assert_eq!(documents_of(&hub.store), documents(&writer.store));
}

proptest! {
    #[test]
    fn replicas_converge_and_lose_nothing(history in steps()) {
        let mut hub = Hub::new();
        let mut branches = [Branch::new(1), Branch::new(2)];
        let mut written = BTreeSet::new();
        for (step, now) in history.iter().zip((0..).map(|second| UtcMillis(second * 1_000))) {
            match step {
                Step::Write { branch, document, value } => written.extend(branches[*branch].write(*document, *value, now)),
                Step::Exchange { branch, line } => {
                    branches[*branch].exchange(&mut hub, *line, now);
                }
            }
        }
        // The line is mended; within a bounded number of round trips everything is quiet.
        let late = UtcMillis(10_000_000);
        for _ in 0..2 {
            for branch in &mut branches {
                let mut trips = 0;
                while branch.exchange(&mut hub, Line::Up, late) {
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
    let mut hub = Hub::new();
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

    while branch.exchange(&mut hub, Line::Up, UtcMillis(4)) {}
    assert_eq!(branch.store.pending().count, 0);
    let aside = branch.store.quarantined().expect("readable");
    assert_eq!((aside.len(), aside[0].from_hub), (1, false));
    assert!(
        aside[0].reason.contains("may not change"),
        "{}",
        aside[0].reason
    );
    assert_eq!(
        hub.store
            .changes_after(0, 10)
            .expect("readable")
            .changes
            .len(),
        2
    );
}
