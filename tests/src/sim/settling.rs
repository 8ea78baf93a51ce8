//! The end of a seed: faults are over, and within bounded time everything must be well.

use std::collections::{BTreeMap, BTreeSet};

use shared::document::{Document, format};
use shared::domain::fields::order;
use shared::id::DocumentId;

use super::branch::{Daemon, Version};
use super::oracle::{Copies, Owed, Violation, violation};
use super::plant::Plant;
use super::world::{Machine, World, short};

/// Rounds in which every branch asks once. Differences are mended once an hour, so some rounds lie more than an hour apart.
const ROUNDS: u64 = 24;

/// Quick rounds at first: without an odd difference they are enough.
const QUICK_ROUNDS: u64 = 6;

const HOUR_AND_A_BIT_MILLIS: u64 = 61 * 60 * 1_000;

/// Events of one round; more is an exchange without end.
const EVENTS_OF_A_ROUND: u64 = 6_000;

/// When it is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The hub was put back, and some machines speak the version before: they give back what they wrote themselves.
    BeforeTheUpgrade,
    /// Nothing is excused any more.
    InTheEnd,
}

/// A machine at a stage.
struct At<'a> {
    machine: &'a Machine,
    daemon: &'a Daemon,
    stage: Stage,
}

impl At<'_> {
    /// What others wrote may be at a machine of the version before only, until it is upgraded.
    fn is_to_be_equal(&self) -> bool {
        self.stage == Stage::InTheEnd || self.daemon.version() == Version::Present
    }
}

impl World {
    /// Lets everything come to rest and compares what is there with what was promised.
    pub(super) fn settle(&mut self) {
        if !self.violations.is_empty() {
            return;
        }
        self.calm();
        if self.has_to_upgrade() {
            let found = self.come_to_rest(Stage::BeforeTheUpgrade);
            self.violations.extend(found);
            if !self.violations.is_empty() {
                return;
            }
            self.upgrade();
        }
        let found = self.come_to_rest(Stage::InTheEnd);
        self.violations.extend(found);
    }

    /// What must not be, and is still there after all rounds.
    fn come_to_rest(&mut self, stage: Stage) -> Vec<Violation> {
        let mut found = Vec::new();
        for round in 0..ROUNDS {
            let pause = if round < QUICK_ROUNDS {
                1_000
            } else {
                HOUR_AND_A_BIT_MILLIS
            };
            if !self.round(pause, EVENTS_OF_A_ROUND) {
                return vec![violation(
                    "it becomes quiet",
                    "the exchanges never end".to_owned(),
                )];
            }
            if round == 0 || round == 3 {
                continue;
            }
            found = self.inspect(stage);
            if found.is_empty() {
                break;
            }
        }
        found
    }

    fn inspect(&self, stage: Stage) -> Vec<Violation> {
        let Some(hub) = &self.hub.hub else {
            return vec![violation(
                "it becomes quiet",
                "the hub does not start".to_owned(),
            )];
        };
        let held: BTreeMap<DocumentId, Document> = hub
            .index()
            .documents()
            .into_iter()
            .filter_map(|id| Some((id, hub.store().document(id).ok().flatten()?.1)))
            .collect();
        let bytes: BTreeMap<DocumentId, Vec<u8>> = held
            .iter()
            .map(|(id, document)| (*id, format::encode(document)))
            .collect();
        let mut violations = Vec::new();
        for id in hub.index().documents() {
            if let Err(error) = hub.store().document(id)
                && !self.ledger.is_poisoned(id)
            {
                violations.push(violation("what is stored can be read", error.to_string()));
            }
        }
        for machine in &self.machines {
            match &machine.daemon {
                Some(daemon) => {
                    let at = At {
                        machine,
                        daemon,
                        stage,
                    };
                    violations.extend(self.compare(&at, &held, &bytes));
                }
                None => violations.push(violation(
                    "it becomes quiet",
                    format!("{} does not start", machine.name),
                )),
            }
        }
        let names: Vec<String> = self
            .machines
            .iter()
            .map(|machine| machine.name.clone())
            .collect();
        let owed = match stage {
            Stage::BeforeTheUpgrade => Owed::GivenBy(self.givers()),
            Stage::InTheEnd => Owed::Everything,
        };
        violations.extend(self.ledger.judge(&held, &names, owed));
        violations
    }

    /// What each machine gives a hub that was put back: all it holds, and by the version before what it wrote itself.
    fn givers(&self) -> Vec<Copies<'_>> {
        let machines = self.machines.iter();
        machines
            .filter_map(|machine| {
                let daemon = machine.daemon.as_ref()?;
                let own = daemon.store().identity()?.actor.replica();
                Some(Copies::new(move |id| {
                    let held = daemon.store().document(id).ok().flatten()?;
                    match daemon.version() {
                        Version::Present => Some(held),
                        Version::Earlier => held.part_written_by(own),
                    }
                }))
            })
            .collect()
    }

    fn compare(
        &self,
        at: &At<'_>,
        held: &BTreeMap<DocumentId, Document>,
        bytes: &BTreeMap<DocumentId, Vec<u8>>,
    ) -> Vec<Violation> {
        let At {
            machine, daemon, ..
        } = *at;
        let name = &machine.name;
        let store = daemon.store();
        let mut violations = Vec::new();
        let mut differs = false;
        let Some(hub) = &self.hub.hub else {
            return violations;
        };
        let own: BTreeSet<DocumentId> = daemon.index().documents().into_iter().collect();
        let listed = hub.index().documents();
        let all: BTreeSet<DocumentId> = own.iter().copied().chain(listed).collect();
        let mut holds_poison = false;
        for id in all {
            let is_in_scope = hub.index().holds(machine.branch, id);
            if self.ledger.is_poisoned(id) {
                holds_poison |= is_in_scope || own.contains(&id);
                continue;
            }
            let here = store.document(id).ok().flatten();
            let is_same = here.as_ref().map(format::encode).as_ref() == bytes.get(&id);
            if is_in_scope && !is_same {
                differs = true;
                if at.is_to_be_equal() {
                    let found = format!("{name} and the hub differ in {}", short(id));
                    violations.push(violation("equal at quiet", found));
                }
            }
            let is_erased = held
                .get(&id)
                .is_some_and(|document| document.erasure().is_some());
            // What has gone elsewhere is in no digest, so a planted loss of it is not found (STORAGE, "Limits that are known").
            let is_planted = self.settings.plant == Some(Plant::LoseATail)
                && !is_in_scope
                && !daemon.index().holds(machine.branch, id);
            let is_hidden = !at.is_to_be_equal() && belongs_nowhere(held.get(&id));
            if is_erased && !is_planted && !is_hidden && here.as_ref().is_some_and(is_personal) {
                let found = format!("{name} still knows whom {} was about", short(id));
                violations.push(violation("what is erased stays erased", found));
            }
        }
        violations.extend(
            held.iter()
                .filter(|(_, document)| document.erasure().is_some() && is_personal(document))
                .map(|(id, _)| {
                    violation(
                        "what is erased stays erased",
                        format!("the hub still knows whom {} was about", short(*id)),
                    )
                }),
        );
        // What is spoiled may wait for ever, and whoever has something waiting does not call itself alike.
        let waiting = store.outgoing(usize::MAX, usize::MAX).unwrap_or_default();
        holds_poison |= waiting
            .iter()
            .any(|waits| self.ledger.is_poisoned(waits.id));
        let claims = daemon.claims_identical();
        if claims && differs {
            violations.push(violation(
                "no false proof",
                format!("{name} says it holds what the hub holds"),
            ));
        }
        // The version before cannot compare with this one.
        let can_compare = daemon.version() == Version::Present;
        if !claims && !differs && !holds_poison && can_compare {
            let here: BTreeMap<_, _> = daemon.index().held(machine.branch).collect();
            let there: BTreeMap<_, _> = hub.index().held(machine.branch).collect();
            let either: BTreeSet<&DocumentId> = here.keys().chain(there.keys()).collect();
            let counted = |id: &DocumentId| {
                let kind = held.get(id).map_or("unknown", |held| held.kind().as_str());
                let stored = store.document(*id).ok().flatten();
                let stored = stored.map(|document| document.state_hash());
                let lists_lag = here.contains_key(id) && stored != here.get(id).copied();
                let (here, there) = (here.get(id), there.get(id));
                (here != there).then(|| {
                    let (here, there) = (here.is_some(), there.is_some());
                    let id = short(*id);
                    format!("{kind} {id}, here {here}, there {there}, lists lag {lists_lag}")
                })
            };
            let otherwise: Vec<String> = either.into_iter().filter_map(counted).collect();
            let found =
                format!("{name} cannot say that it holds what the hub holds: {otherwise:?}");
            violations.push(violation("proof at quiet", found));
        }
        for waits in waiting {
            if !self.ledger.is_poisoned(waits.id) {
                let found = format!("{name} still has to send {}", short(waits.id));
                violations.push(violation("nothing waits at quiet", found));
            }
        }
        for kept in store.quarantined().unwrap_or_default() {
            let is_poisoned = kept.document.is_none_or(|id| self.ledger.is_poisoned(id));
            if !is_poisoned {
                let found = format!("{name} has {:?} aside: {}", kept.document, kept.reason);
                violations.push(violation("nothing good is set aside", found));
            }
        }
        violations
    }
}

/// Whether the hub does not know which branch an order or a customer belongs to: others wrote that, and give it back only when
/// they are upgraded. Until then it sends them nothing of it, an erasure neither.
fn belongs_nowhere(held: Option<&Document>) -> bool {
    held.is_some_and(|document| document.newest(order::HOME).is_none())
}

fn is_personal(document: &Document) -> bool {
    let has_event = || {
        document
            .events()
            .iter()
            .any(|event| event.data.keys().any(shared::document::Field::is_personal))
    };
    document
        .fields()
        .keys()
        .any(shared::document::Field::is_personal)
        || has_event()
}
