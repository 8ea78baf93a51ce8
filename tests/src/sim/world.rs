//! What happens when.

mod lines;
mod machines;
mod trouble;

use std::collections::BTreeMap;

use shared::clock::UtcMillis;
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber};
use shared::limits;
use shared::store::{BranchStore, Damage, HubStore, SimulatedDisk};
use shared::sync::branch::Room;

use super::branch::{Daemon, Version};
use super::counter::{self, Made, Moment, Payment};
use super::faults::{Fault, Faults, Mixture};
use super::firm::{BEGINNING, firm};
use super::hub::{Answer, Hub, Sender};
use super::oracle::{Copies, Ledger, Violation};
use super::plant::Plant;
use super::random::Random;
use super::scope::ScopeIndex;

/// How a seed is run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Events before things calm down; the seed decides when it is left out.
    pub steps: Option<u64>,
    /// Kinds of fault that do not happen.
    pub without: Vec<Fault>,
    /// A bug planted on purpose.
    pub plant: Option<Plant>,
    /// Whether to write down what happens.
    pub keeps_log: bool,
}

/// What a seed came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Events that happened.
    pub steps: u64,
    /// What went wrong by design.
    pub faults: Faults,
    /// What must not be; empty when all is well.
    pub violations: Vec<Violation>,
    /// What happened, when it was to be written down.
    pub log: Vec<String>,
}

/// From this seed on so little goes into a message that what waits seldom fits into one. Those below play as they always
/// have.
pub const SMALL_MESSAGES: u64 = 1_000_000;

const SMALL_ROOM: Room = Room {
    documents: 2,
    bytes: limits::EXCHANGE_DOCUMENT_BYTES,
};

/// Runs one seed to its end.
pub fn run(seed: u64, settings: &Settings) -> Outcome {
    let mut world = World::begin(seed, settings);
    world.live();
    world.settle();
    Outcome {
        steps: world.steps,
        faults: world.faults,
        violations: world.violations,
        log: world.log,
    }
}

/// The longest wait for an answer, as the daemon has it.
const ANSWER_WITHIN_MILLIS: u64 = 30_000;

/// Backups that are kept of each disk.
const BACKUPS: usize = 3;

/// Machines at the most, clones included: more would only be slower.
const MACHINES: usize = 6;

/// A year, for clocks.
const YEAR_MILLIS: i64 = 365 * 24 * 60 * 60 * 1_000;

pub(super) struct World {
    pub(super) settings: Settings,
    /// True milliseconds since the beginning.
    pub(super) now: u64,
    sequence: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    pub(super) machines: Vec<Machine>,
    pub(super) hub: HubHost,
    mixture: Mixture,
    work: Random,
    line: Random,
    trouble: Random,
    /// What is left of a crash, how long a start takes.
    chance: Random,
    exchanges: u64,
    serial: u64,
    /// How much goes into one message.
    room: Room,
    /// For a machine that joins in place of one whose disk is gone.
    next_replica: ReplicaNumber,
    budget: u64,
    pub(super) is_calm: bool,
    pub(super) ledger: Ledger,
    pub(super) violations: Vec<Violation>,
    steps: u64,
    faults: Faults,
    log: Vec<String>,
}

/// A branch's machine.
pub(super) struct Machine {
    pub(super) name: String,
    replica: ReplicaNumber,
    pub(super) branch: BranchId,
    pub(super) disk: SimulatedDisk,
    /// The program, while it runs.
    pub(super) daemon: Option<Daemon>,
    is_line_up: bool,
    answers_arrive: bool,
    clock_ahead_millis: i64,
    backups: Vec<SimulatedDisk>,
    /// What is done and not yet durable: nobody was told.
    unsaved: Vec<Made>,
    /// A payment that a crash took before anybody was told: it is made again by whoever does not find it.
    untold_payment: Option<Payment>,
    /// The store is new, restored or a copy, and the program can tell.
    is_another_disk: bool,
    is_sync_due: bool,
    last_payment: Option<Payment>,
    version: Version,
}

/// The machine of the hub.
pub(super) struct HubHost {
    pub(super) disk: SimulatedDisk,
    pub(super) hub: Option<Hub>,
    /// What a program that ended has left of its lists.
    lists: Option<ScopeIndex>,
    clock_ahead_millis: i64,
    backups: Vec<SimulatedDisk>,
    unsaved: Vec<Made>,
    is_sync_due: bool,
}

/// Something that happens.
#[derive(Debug)]
enum Happening {
    Work(usize),
    Office,
    Poll(usize),
    GiveUp(usize, u64),
    Sync(usize),
    HubSync,
    ToHub(Sender, Vec<u8>),
    ToBranch(usize, u64, Vec<u8>),
    Trouble,
    Start(usize),
    HubStart,
    MendLine(usize),
    MakeRoom(Option<usize>),
}

impl World {
    fn begin(seed: u64, settings: &Settings) -> Self {
        let mut trouble = Random::of(seed, 1);
        let mixture = Mixture::drawn(&mut trouble, &settings.without);
        let mut work = Random::of(seed, 2);
        let locations = 2 + work.below(3);
        let budget = settings.steps.unwrap_or_else(|| work.millis(40, 400));
        let mut world = Self {
            settings: settings.clone(),
            now: 0,
            sequence: 0,
            queue: BTreeMap::new(),
            machines: Vec::new(),
            hub: HubHost {
                disk: SimulatedDisk::default(),
                hub: None,
                lists: None,
                clock_ahead_millis: 0,
                backups: Vec::new(),
                unsaved: Vec::new(),
                is_sync_due: false,
            },
            mixture,
            work,
            line: Random::of(seed, 3),
            trouble,
            chance: Random::of(seed, 4),
            exchanges: 0,
            serial: 0,
            room: if seed < SMALL_MESSAGES {
                Room::OF_A_MESSAGE
            } else {
                SMALL_ROOM
            },
            next_replica: ReplicaNumber(100),
            budget,
            is_calm: false,
            ledger: Ledger::default(),
            violations: Vec::new(),
            steps: 0,
            faults: Faults::default(),
            log: Vec::new(),
        };
        world.found_hub();
        for (number, branch) in (1..).zip(firm().branches.iter().take(locations)) {
            world.join(ReplicaNumber(number), *branch);
        }
        world.after(1_000, Happening::Office);
        world.after(500, Happening::Trouble);
        world
    }

    fn found_hub(&mut self) {
        let store = HubStore::on(&self.hub.disk).expect("an empty disk");
        for document in &firm().documents {
            store.merge(document).expect("an empty disk has room");
        }
        store.persist().expect("an empty disk syncs");
        self.start_hub();
    }

    fn join(&mut self, replica: ReplicaNumber, branch: BranchId) {
        let machine = self.machines.len();
        let is_earlier = self.chance.percent(50) && self.has(Fault::EarlierVersion);
        let version = if is_earlier {
            self.faults.note(Fault::EarlierVersion);
            Version::Earlier
        } else {
            Version::Present
        };
        self.machines.push(Machine {
            name: firm().name(branch).to_owned(),
            replica,
            branch,
            disk: SimulatedDisk::default(),
            daemon: None,
            is_line_up: true,
            answers_arrive: true,
            clock_ahead_millis: 0,
            backups: Vec::new(),
            unsaved: Vec::new(),
            untold_payment: None,
            is_another_disk: true,
            is_sync_due: false,
            last_payment: None,
            version,
        });
        self.start(machine);
        self.after(100 + machine as u64, Happening::Work(machine));
    }

    /// Until the seed's number of events has happened.
    fn live(&mut self) {
        while self.steps < self.budget && self.violations.is_empty() {
            if !self.step() {
                return;
            }
        }
    }

    /// The next thing happens; false when nothing will.
    pub(super) fn step(&mut self) -> bool {
        let Some(((at, _), happening)) = self.queue.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        self.steps += 1;
        self.happen(happening);
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Work(machine) => self.work(machine),
            Happening::Office => self.office(),
            Happening::Poll(machine) => self.poll(machine),
            Happening::GiveUp(machine, exchange) => self.give_up(machine, exchange),
            Happening::Sync(machine) => self.sync(machine),
            Happening::HubSync => self.sync_hub(),
            Happening::ToHub(sender, bytes) => self.arrive_at_hub(sender, &bytes),
            Happening::ToBranch(machine, exchange, bytes) => {
                self.arrive_at_branch(machine, exchange, &bytes);
            }
            Happening::Trouble => self.trouble(),
            Happening::Start(machine) => self.start(machine),
            Happening::HubStart => self.start_hub(),
            Happening::MendLine(machine) => {
                let at = &mut self.machines[machine];
                (at.is_line_up, at.answers_arrive) = (true, true);
            }
            Happening::MakeRoom(Some(machine)) => self.machines[machine].disk.make_room(),
            Happening::MakeRoom(None) => self.hub.disk.make_room(),
        }
    }

    fn after(&mut self, millis: u64, happening: Happening) {
        self.sequence += 1;
        self.queue
            .insert((self.now + millis, self.sequence), happening);
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.settings.keeps_log {
            let (seconds, millis) = (self.now / 1_000, self.now % 1_000);
            self.log
                .push(format!("{seconds:>6}.{millis:03}  {}", what()));
        }
    }

    fn clock(&self, ahead_millis: i64) -> UtcMillis {
        let true_time = BEGINNING.0 + i64::try_from(self.now).unwrap_or(0);
        UtcMillis(true_time + ahead_millis)
    }

    fn clock_of(&self, machine: usize) -> UtcMillis {
        self.clock(self.machines[machine].clock_ahead_millis)
    }

    fn has(&self, fault: Fault) -> bool {
        !self.is_calm && self.mixture.has(fault)
    }

    // People.

    fn work(&mut self, machine: usize) {
        let pause = match self.work.below(4) {
            0 => self.work.millis(1, 20),
            1 | 2 => self.work.millis(500, 5_000),
            _ => self.work.millis(5_000, 60_000),
        };
        self.after(pause, Happening::Work(machine));
        let now = self.clock_of(machine);
        self.serial += 1;
        let serial = self.serial;
        let mut random = Random::of(self.work.number(), serial);
        let at = &mut self.machines[machine];
        let (branch, Some(daemon)) = (at.branch, &mut at.daemon) else {
            return;
        };
        let mut moment = Moment {
            now,
            random: &mut random,
            serial,
        };
        match counter::act(daemon, branch, &mut moment) {
            Ok(None) => {}
            Ok(Some(made)) => self.done(machine, made),
            Err(error) => self.note(|| format!("machine {machine} could not store it: {error}")),
        }
    }

    fn done(&mut self, machine: usize, made: Made) {
        let at = &mut self.machines[machine];
        let name = at.name.clone();
        self.ledger.note_made(&made);
        at.last_payment = made.payment.clone().or_else(|| at.last_payment.take());
        self.note(|| {
            let ids: Vec<String> = made.deltas.iter().map(|delta| short(delta.id())).collect();
            format!("{name}: {} {}", made.what, ids.join(" "))
        });
        if self.settings.plant == Some(Plant::SaveBeforeSync) {
            let found = self.ledger.note_told(machine, &made);
            self.violations.extend(found);
        } else {
            self.machines[machine].unsaved.push(made);
        }
        self.sync_soon(machine);
    }

    fn office(&mut self) {
        let pause = self.work.millis(2_000, 60_000);
        self.after(pause, Happening::Office);
        let now = self.clock(self.hub.clock_ahead_millis);
        self.serial += 1;
        let serial = self.serial;
        let mut random = Random::of(self.work.number(), serial);
        let Some(hub) = &mut self.hub.hub else {
            return;
        };
        if let Err(error) = hub.take_back_from_those_who_came_late(now) {
            self.note(|| format!("the hub could not store it: {error}"));
            return;
        }
        let documents: Vec<DocumentId> = hub.index().documents();
        let chosen = random.pick(&documents).copied();
        let Some(document) = chosen
            .and_then(|id| hub.store().document(id).ok().flatten())
            .map(|(_, document)| document)
        else {
            return;
        };
        let made = hub.write_own(now, |authoring| match document.kind().as_str() {
            shared::domain::fields::kind::SERVICE => {
                let minor = i64::try_from(random.millis(1, 9_000)).unwrap_or(1);
                Some(counter::new_price(&document, authoring, minor))
            }
            shared::domain::fields::kind::ORDER | shared::domain::fields::kind::CUSTOMER => {
                let mut moment = Moment {
                    now,
                    random: &mut random,
                    serial,
                };
                counter::at_office(&document, authoring, &mut moment)
            }
            _ => None,
        });
        match made {
            Ok((Some(delta), after)) => {
                self.note(|| format!("office: changes {}", short(delta.id())));
                let made = Made {
                    what: "office",
                    deltas: vec![delta],
                    after,
                    payment: None,
                };
                self.ledger.note_made(&made);
                self.hub.unsaved.push(made);
                self.sync_hub_soon();
            }
            Ok((None, _)) => {}
            Err(error) => self.note(|| format!("the hub could not store it: {error}")),
        }
    }

    // Disks.

    fn sync_soon(&mut self, machine: usize) {
        if !self.machines[machine].is_sync_due {
            self.machines[machine].is_sync_due = true;
            let wait = self.line.millis(1, 12);
            // What leaves before it is safe does harm only when the power goes in between: a slow disk, so that it does.
            let is_slow = self.settings.plant == Some(Plant::SendBeforeSync);
            self.after(
                wait * if is_slow { 500 } else { 1 },
                Happening::Sync(machine),
            );
        }
    }

    fn sync_hub_soon(&mut self) {
        if !self.hub.is_sync_due {
            self.hub.is_sync_due = true;
            let wait = self.line.millis(1, 12);
            self.after(wait, Happening::HubSync);
        }
    }

    fn sync(&mut self, machine: usize) {
        self.machines[machine].is_sync_due = false;
        self.persist(machine);
    }

    /// The barrier of a group of jobs: whoever waited is told afterwards. False when the program has ended.
    fn persist(&mut self, machine: usize) -> bool {
        let at = &mut self.machines[machine];
        let Some(daemon) = &at.daemon else {
            return false;
        };
        if let Err(error) = daemon.persist() {
            self.note(|| format!("machine {machine}: the sync failed ({error}); the program ends"));
            self.crash(machine);
            return false;
        }
        let told = std::mem::take(&mut at.unsaved);
        for made in &told {
            let found = self.ledger.note_told(machine, made);
            self.violations.extend(found);
        }
        true
    }

    fn sync_hub(&mut self) {
        self.hub.is_sync_due = false;
        let now = self.clock(self.hub.clock_ahead_millis);
        let Some(hub) = &mut self.hub.hub else {
            return;
        };
        match hub.persist(now) {
            Ok(answers) => {
                let told = std::mem::take(&mut self.hub.unsaved);
                for made in &told {
                    let found = self.ledger.note_told(HUB, made);
                    self.violations.extend(found);
                }
                self.answer(answers);
            }
            Err(error) => {
                self.note(|| format!("the hub's sync failed ({error}); it ends"));
                self.crash_hub();
            }
        }
    }

    /// Faults end: lines are up, disks have room, every program runs. Clocks stay as wrong as they are.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
        self.note(|| "all is calm".to_owned());
        let arriving = |happening: &Happening| {
            matches!(happening, Happening::ToHub(..) | Happening::ToBranch(..))
        };
        self.queue.retain(|_, happening| arriving(happening));
        self.hub.disk.make_room();
        self.hub.is_sync_due = false;
        self.start_hub();
        self.sync_hub();
        self.start_hub();
        for machine in 0..self.machines.len() {
            let at = &mut self.machines[machine];
            at.is_line_up = true;
            at.answers_arrive = true;
            at.disk.make_room();
            at.is_sync_due = false;
            if let Some(daemon) = &mut at.daemon {
                daemon.give_up();
                daemon.lose_no_tails();
            }
            self.start(machine);
            self.persist(machine);
            self.start(machine);
        }
    }

    /// The version before cannot give back what others wrote: a firm whose hub was put back upgrades its branches.
    pub(super) fn has_to_upgrade(&self) -> bool {
        let earlier = |at: &Machine| at.version == Version::Earlier;
        self.faults.count(Fault::HubRestored) > 0 && self.machines.iter().any(earlier)
    }

    /// Every machine that speaks the version before ends and starts again with the present program.
    pub(super) fn upgrade(&mut self) {
        self.note(|| "all are upgraded".to_owned());
        for machine in 0..self.machines.len() {
            let at = &mut self.machines[machine];
            if at.version == Version::Earlier {
                at.version = Version::Present;
                at.daemon = None;
                self.start(machine);
            }
        }
    }

    /// Every branch asks once; all that follows from it happens. False when there was no end to it.
    pub(super) fn round(&mut self, pause_millis: u64, most: u64) -> bool {
        self.now += pause_millis;
        let now = self.clock(self.hub.clock_ahead_millis);
        if let Some(hub) = &mut self.hub.hub {
            let opened = hub.take_back_from_those_who_came_late(now);
            if let Err(error) = opened {
                self.note(|| format!("the hub could not store it: {error}"));
            }
        }
        for machine in 0..self.machines.len() {
            self.after(machine as u64, Happening::Poll(machine));
        }
        let end = self.steps + most;
        while self.steps < end {
            if !self.step() {
                return true;
            }
        }
        false
    }
}

/// The hub among those who tell people that something is saved.
const HUB: usize = usize::MAX;

/// The head of an id, for the log.
pub(super) fn short(id: DocumentId) -> String {
    id.to_string().chars().take(8).collect()
}
