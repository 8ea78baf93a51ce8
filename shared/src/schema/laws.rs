//! What must hold of every step, over histories with branches of the version before that were away meanwhile.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::clock::{Hlc, UtcMillis};
use crate::document::{Authoring, Change};
use crate::domain::fields::{kind, known_kind, order};
use crate::domain::{Vat, seed};
use crate::id::{Actor, DocumentId, ReplicaNumber};

const STEP: Step = vat_code::STEP;

/// The hub, two branches of the version before, one of this one.
const REPLICAS: usize = 4;
const HUB: usize = 0;

#[derive(Clone, Debug)]
enum Act {
    /// A branch edits what people edit, on what it has seen.
    Edit {
        replica: usize,
        field: usize,
        value: i64,
    },
    /// Somebody of the version before corrects the rate, and knows no code.
    Correct { replica: usize, rate: i64 },
    /// The hub completes what it has.
    Backfill,
    /// Takes in the `delta`-th delta made so far, modulo how many there are.
    Receive { replica: usize, delta: usize },
}

fn history() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..REPLICAS, 0..3_usize, 0..5_i64).prop_map(|(replica, field, value)| Act::Edit { replica, field, value }),
        1 => (1..3_usize, prop_oneof![Just(770_i64), Just(810), Just(380)]).prop_map(|(replica, rate)| Act::Correct { replica, rate }),
        2 => Just(Act::Backfill),
        6 => (0..REPLICAS, any::<usize>()).prop_map(|(replica, delta)| Act::Receive { replica, delta }),
    ];
    proptest::collection::vec(act, 1..50)
}

struct World {
    catalogue: Catalogue,
    states: Vec<Document>,
    counters: [u64; REPLICAS],
    deltas: Vec<Document>,
    now: i64,
}

impl World {
    /// One order that the first branch, of the version before, has taken in.
    fn begin() -> Self {
        let mut world = Self {
            catalogue: Catalogue::from_documents(&seed::documents(&mut Authoring::new(
                Actor::new(ReplicaNumber::HUB, 9),
                0,
                Hlc::at(UtcMillis(0)),
                None,
            ))),
            states: vec![
                Document::new(DocumentId::named("step"), known_kind(kind::ORDER));
                REPLICAS
            ],
            counters: [0; REPLICAS],
            deltas: Vec::new(),
            now: 0,
        };
        world.write(1, |change, authoring| {
            change.set(authoring, Field::known(order::CURRENCY), "CHF");
            change.set(authoring, Field::known(order::VAT_BASIS_POINTS), 810_i64);
        });
        let taken_in = world.deltas[0].clone();
        for state in &mut world.states {
            state.merge(taken_in.clone()).expect("one document");
        }
        world
    }

    fn write(&mut self, replica: usize, write: impl FnOnce(&mut Change<'_>, &mut Authoring)) {
        self.now += 1;
        let number = ReplicaNumber(u32::try_from(replica).expect("few"));
        let at = Hlc::at(UtcMillis(self.now));
        let mut authoring = Authoring::new(Actor::new(number, 1), self.counters[replica], at, None);
        let mut change = Change::of(&self.states[replica]);
        write(&mut change, &mut authoring);
        let delta = change.finish();
        self.counters[replica] = authoring.counter();
        self.states[replica]
            .merge(delta.clone())
            .expect("one document");
        self.deltas.push(delta);
    }

    fn do_work(&mut self, work: Work) -> bool {
        match decide(&STEP, work, &self.states[HUB], &self.catalogue) {
            Decision::Write(fields) => {
                self.write(HUB, |change, authoring| {
                    for (field, value) in fields {
                        change.set(authoring, field, value);
                    }
                });
                true
            }
            Decision::Nothing | Decision::Lacking(_) => false,
        }
    }

    fn play(&mut self, history: &[Act]) {
        for act in history {
            match act {
                Act::Edit {
                    replica,
                    field,
                    value,
                } => {
                    let field = [order::NOTE, order::PROMISED_ON, order::STATUS][*field];
                    self.write(*replica, |change, authoring| {
                        change.set(authoring, Field::known(field), *value);
                    });
                }
                Act::Correct { replica, rate } => self.write(*replica, |change, authoring| {
                    change.set(authoring, Field::known(order::VAT_BASIS_POINTS), *rate);
                }),
                Act::Backfill => {
                    self.do_work(Work::Backfill);
                }
                Act::Receive { replica, delta } => {
                    let delta = self.deltas[delta % self.deltas.len()].clone();
                    self.states[*replica].merge(delta).expect("one document");
                }
            }
        }
    }

    /// Everybody hears of everything.
    fn meet(&mut self) -> Document {
        for state in &mut self.states {
            for delta in &self.deltas {
                state.merge(delta.clone()).expect("one document");
            }
        }
        self.states[HUB].clone()
    }
}

fn without_the_new_form(document: &Document) -> Document {
    document.part(|field| !(STEP.is_new)(field), |_| true)
}

/// What it would be had the hub done nothing.
fn by_the_others(world: &World) -> Document {
    let mut all = Document::new(DocumentId::named("step"), known_kind(kind::ORDER));
    for delta in &world.deltas {
        all.merge(without_the_new_form(delta))
            .expect("one document");
    }
    all
}

proptest! {
    #[test]
    fn a_backfill_touches_nothing_that_branches_wrote_meanwhile_and_is_done_once(history in history()) {
        let mut world = World::begin();
        world.play(&history);
        world.meet();
        world.do_work(Work::Backfill);
        prop_assert!(!world.do_work(Work::Backfill), "the second time there is something to do");
        let document = world.meet();
        prop_assert_eq!(without_the_new_form(&document), by_the_others(&world));
        for state in &world.states {
            prop_assert_eq!(state, &document);
        }
        let vat = Vat::of(&document).expect("it has a rate");
        prop_assert_eq!(vat.code.map(|code| code.basis_points()), Some(vat.basis_points));
    }

    #[test]
    fn a_rollback_takes_back_what_the_hub_added_and_nothing_else(history in history()) {
        let mut world = World::begin();
        world.play(&history);
        world.meet();
        world.do_work(Work::Backfill);
        world.do_work(Work::Rollback);
        prop_assert!(!world.do_work(Work::Rollback), "the second time there is something to do");
        let document = world.meet();
        prop_assert_eq!(document.newest(order::VAT_CODE), None);
        prop_assert_eq!(without_the_new_form(&document), by_the_others(&world));
        prop_assert!(world.do_work(Work::Backfill), "it can be done again");
    }

    #[test]
    fn a_contraction_changes_what_is_stored_and_not_what_is_said(history in history()) {
        let mut world = World::begin();
        world.play(&history);
        world.meet();
        world.do_work(Work::Backfill);
        let before = world.meet();
        let disagree = before.register(order::VAT_BASIS_POINTS).is_some_and(crate::document::Register::is_in_conflict);
        prop_assert_eq!(world.do_work(Work::Contract), !disagree);
        prop_assert!(!world.do_work(Work::Contract), "the second time there is something to do");
        let after = world.meet();
        prop_assert_eq!(Vat::of(&after), Vat::of(&before));
        if !disagree {
            prop_assert_eq!(after.newest(order::VAT_BASIS_POINTS), None);
        }
    }
}

const NOW: UtcMillis = UtcMillis(1);
const ONE: StepNumber = StepNumber(1);
const TWO: StepNumber = StepNumber(2);
const LATER: Release = Release(3);

const TWO_STEPS: Schema = Schema::of(
    &[
        STEP,
        Step {
            number: TWO,
            name: "second",
            needs: &[ONE],
            ..STEP
        },
        Step {
            number: StepNumber(7),
            name: "in the making",
            ..STEP
        },
    ],
    &(1..=2),
    &(3..=9),
);

fn speaker(number: u32, release: Option<u16>) -> Speaker {
    Speaker {
        number: ReplicaNumber(number),
        machine: format!("counter-{number}"),
        release: release.map(Release),
    }
}

/// A hub's memory of its steps, and its feed's end.
#[derive(Default)]
struct Memory {
    known: BTreeMap<StepNumber, Progress>,
    head: u64,
}

impl Memory {
    fn begin(
        &mut self,
        step: StepNumber,
        work: Work,
        speakers: &[Speaker],
        running: Release,
    ) -> Result<(), Refused> {
        let at = (self.head, NOW);
        let begun = begin(&TWO_STEPS, &self.known, step, work, speakers, running, at)?;
        self.known.insert(step, begun);
        Ok(())
    }

    fn batch(&mut self, step: StepNumber, batch: Batch) -> Phase {
        let progress = self.known.get_mut(&step).expect("begun");
        record_batch(progress, batch, NOW);
        progress.phase
    }

    fn all_done(&mut self, step: StepNumber) -> Phase {
        let cursor = self.head;
        self.batch(
            step,
            Batch {
                cursor,
                ..Batch::default()
            },
        )
    }
}

#[test]
fn steps_are_taken_in_their_order_and_planned_ones_not_at_all() {
    let mut hub = Memory::default();
    let backfill = |hub: &mut Memory, step| hub.begin(step, Work::Backfill, &[], LATER);
    assert_eq!(backfill(&mut hub, TWO), Err(Refused::Needs { needed: ONE }));
    let seventh = StepNumber(7);
    assert_eq!(
        backfill(&mut hub, seventh),
        Err(Refused::Planned { step: seventh })
    );
    let none = StepNumber(3);
    assert_eq!(
        backfill(&mut hub, none),
        Err(Refused::NoSuchStep { step: none })
    );
    assert_eq!(backfill(&mut hub, ONE), Ok(()));
    assert_eq!(
        backfill(&mut hub, TWO),
        Err(Refused::Needs { needed: ONE }),
        "begun is not done"
    );
    assert_eq!(hub.all_done(ONE), Phase::Backfilled);
    assert_eq!(backfill(&mut hub, TWO), Ok(()));
    assert_eq!(
        hub.begin(ONE, Work::Rollback, &[], LATER),
        Err(Refused::NeededBy { by: TWO })
    );
    assert_eq!(hub.begin(TWO, Work::Rollback, &[], LATER), Ok(()));
    assert_eq!(backfill(&mut hub, TWO), Err(Refused::RollingBack));
    assert_eq!(hub.all_done(TWO), Phase::Expanded);
    assert_eq!(hub.begin(ONE, Work::Rollback, &[], LATER), Ok(()));
}

#[test]
fn the_old_form_stays_while_anybody_needs_it() {
    let mut hub = Memory {
        head: 10,
        ..Memory::default()
    };
    let contract = |hub: &mut Memory, speakers: &[Speaker], running| {
        hub.begin(ONE, Work::Contract, speakers, running)
    };
    let current = [speaker(1, Some(2)), speaker(2, Some(3))];
    assert_eq!(
        contract(&mut hub, &current, LATER),
        Err(Refused::NotBackfilled)
    );
    hub.begin(ONE, Work::Backfill, &[], LATER).expect("allowed");
    assert_eq!(hub.all_done(ONE), Phase::Backfilled);
    assert_eq!(
        contract(&mut hub, &current, Release(2)),
        Err(Refused::LaterRelease {
            running: Release(2),
            from: LATER
        })
    );
    for former in [Some(1), None] {
        let older = speaker(4, former);
        let refused = contract(&mut hub, &[current[0].clone(), older.clone()], LATER);
        assert_eq!(
            refused,
            Err(Refused::OlderMachine {
                number: older.number,
                machine: older.machine,
                release: former.map(Release)
            })
        );
    }
    hub.head = 12;
    hub.begin(ONE, Work::Backfill, &[], LATER).expect("again");
    assert_eq!(hub.known[&ONE].cursor, 10, "it goes on where it stood");
    assert_eq!(hub.all_done(ONE), Phase::Backfilled);
    assert_eq!(contract(&mut hub, &current, LATER), Ok(()));
    assert_eq!(hub.known[&ONE].cursor, 0, "every document is looked at");
    for work in [Work::Backfill, Work::Rollback] {
        assert_eq!(
            hub.begin(ONE, work, &[], LATER),
            Err(Refused::Contracted),
            "there is no way back"
        );
    }
    assert_eq!(contract(&mut hub, &current, LATER), Ok(()), "it goes on");
    assert_eq!(hub.all_done(ONE), Phase::Contracted);
}

#[test]
fn a_document_that_fails_is_named_tried_again_and_keeps_the_step_open() {
    let mut hub = Memory {
        head: 5,
        ..Memory::default()
    };
    let order = DocumentId::named("order/bad");
    hub.begin(ONE, Work::Backfill, &[], LATER).expect("allowed");
    let failed = Batch {
        cursor: 5,
        done: 3,
        failed: [(order, "no country".to_owned())].into(),
        ..Batch::default()
    };
    assert_eq!(hub.batch(ONE, failed.clone()), Phase::Backfilling);
    assert_eq!(
        hub.begin(ONE, Work::Contract, &[], LATER),
        Err(Refused::Failing { documents: 1 })
    );
    hub.begin(ONE, Work::Backfill, &[], LATER).expect("again");
    let again = Batch {
        retried: vec![order],
        done: 0,
        ..failed
    };
    assert_eq!(hub.batch(ONE, again), Phase::Backfilling);
    let mended = Batch {
        cursor: 5,
        done: 1,
        retried: vec![order],
        ..Batch::default()
    };
    assert_eq!(hub.batch(ONE, mended), Phase::Backfilled);
    let progress = &hub.known[&ONE];
    assert_eq!(
        (progress.done, progress.failed, progress.retried),
        (4, 2, 2)
    );
    assert!(progress.failing.is_empty());
}
