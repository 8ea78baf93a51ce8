//! What goes wrong, and how often it did.

use std::collections::BTreeMap;

use super::random::Random;

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One kind of fault. Each seed has some kinds and not others, so that rare mixtures come up too.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $variant,)* }

        impl Fault {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in reports and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

faults! {
    /// A message is gone.
    Loss = "loss",
    /// A request arrives twice.
    Duplication = "duplication",
    /// A message takes long, so that a later one overtakes it.
    Delay = "delay",
    /// A line is down for a while.
    Outage = "outage",
    /// A branch's machine stops without warning; what was not synced is gone.
    BranchCrash = "branch-crash",
    /// The same at the hub.
    HubCrash = "hub-crash",
    /// A disk takes nothing more for a while.
    FullDisk = "full-disk",
    /// A sync fails: nobody knows what is on the disk, and the program ends.
    FailedSync = "failed-sync",
    /// A branch's disk is replaced by an old backup of it.
    BranchRestored = "branch-restored",
    /// The hub's disk is replaced by an old backup of it.
    HubRestored = "hub-restored",
    /// A branch's whole machine is put back to an earlier state, and nobody tells it.
    MachineRolledBack = "machine-rolled-back",
    /// A branch's disk is copied, and both machines work on.
    BranchCloned = "branch-cloned",
    /// A clock jumps by years.
    WrongClock = "wrong-clock",
    /// A document goes bad where it is stored.
    SpoiledDocument = "spoiled-document",
    /// A branch writes what the hub will never take.
    ForbiddenWrite = "forbidden-write",
    /// Something that this version does not know, made by a later one.
    LaterVersion = "later-version",
    /// A branch's disk is gone; a new machine joins in its place.
    DiskLost = "disk-lost",
    /// For a while requests reach the hub and no answer comes back.
    AnswersLost = "answers-lost",
    /// An order goes to another branch while others work on it.
    ScopeChange = "scope-change",
    /// Somebody is erased at one branch while another one, without a line, writes about them.
    ErasedMeanwhile = "erased-meanwhile",
    /// A replica that speaks the version before.
    EarlierVersion = "earlier-version",
}

impl Fault {
    /// Its number, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// How often each fault happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults([u64; Fault::ALL.len()]);

impl Default for Faults {
    fn default() -> Self {
        Self([0; Fault::ALL.len()])
    }
}

impl Faults {
    /// It happened once more.
    pub const fn note(&mut self, fault: Fault) {
        self.0[fault.index()] += 1;
    }

    /// How often.
    pub const fn count(&self, fault: Fault) -> u64 {
        self.0[fault.index()]
    }

    /// Takes over what happened in another seed.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// By name, those that never happened among them.
    pub fn by_name(&self) -> BTreeMap<&'static str, u64> {
        Fault::ALL
            .iter()
            .map(|fault| (fault.name(), self.count(*fault)))
            .collect()
    }
}

/// Which faults a seed has.
#[derive(Clone, Debug, Default)]
pub struct Mixture {
    drawn: Vec<Fault>,
    without: Vec<Fault>,
}

impl Mixture {
    /// Each kind with even chance; now and then all, now and then none.
    pub fn drawn(random: &mut Random, without: &[Fault]) -> Self {
        let share = match random.below(10) {
            0 => 0,
            1 => 100,
            2..=5 => 25,
            _ => 50,
        };
        let drawn = Fault::ALL
            .iter()
            .copied()
            .filter(|_| random.percent(share))
            .collect();
        Self {
            drawn,
            without: without.to_vec(),
        }
    }

    /// Whether this seed has it.
    pub fn has(&self, fault: Fault) -> bool {
        self.drawn.contains(&fault) && !self.without.contains(&fault)
    }

    /// One of its kinds. The dice fall for those left out too, so that the others come as they came.
    pub fn pick(&self, random: &mut Random) -> Option<Fault> {
        let picked = random.pick(&self.drawn).copied();
        picked.filter(|fault| !self.without.contains(fault))
    }
}
