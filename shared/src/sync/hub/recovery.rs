//! Taking back what a hub has lost: for one that was put back to a backup, or rebuilt from what could be read of it.
//!
//! What the hub itself wrote after the backup (prices, staff, decisions), and what a branch wrote whose disk is gone since, is
//! nowhere but at other branches. So while a recovery is open the hub takes from a branch whatever it holds, whoever wrote it.
//! That is more than a token is worth otherwise, hence it is bounded: only whoever restores the hub opens it, and the office;
//! it is open to machines that joined before it, and to each of them until that machine says that it has offered everything.
//! What was taken that way is listed with who gave it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Claim, Peer};
use crate::clock::UtcMillis;
use crate::id::ReplicaNumber;
use crate::wire::{Epoch, Exchange, ReplicaRole};

/// Whose writes a hub takes from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// The peer's own.
    OwnWrites,
    /// Anybody's: the hub gets back what it has lost.
    Everything,
}

/// Late machines that are remembered; a firm has a few copies of machines, if any.
const MOST_LATE: usize = 1_000;

/// A recovery, open or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The life of the feed that began with it. In another one it means nothing.
    pub epoch: Epoch,
    /// Whether anything is taken back: not before a person has said so, nor after.
    pub is_open: bool,
    /// When it was opened last.
    pub opened_at: UtcMillis,
    /// Machines with a lower number may have what the hub lacks; all others joined later.
    pub enrolled_below: ReplicaNumber,
    /// Machines that have offered everything they hold.
    pub given_back: BTreeSet<ReplicaNumber>,
    /// Machines, by number and incarnation, that came with more after that number had said that this was all, as copies of a
    /// machine do. They are shown to the office, which may let them.
    pub late: BTreeSet<(ReplicaNumber, u32)>,
    /// Those among them that a person lets give back.
    pub admitted: BTreeSet<(ReplicaNumber, u32)>,
}

impl Recovery {
    /// One that is open: whoever restores a hub wants it whole.
    pub const fn open(epoch: Epoch, now: UtcMillis, enrolled_below: ReplicaNumber) -> Self {
        let mut recovery = Self::noticed(epoch, now, enrolled_below);
        recovery.is_open = true;
        recovery
    }

    /// One that waits for a person: the hub found by itself that it must have been put back, going by what a machine says.
    pub const fn noticed(epoch: Epoch, now: UtcMillis, enrolled_below: ReplicaNumber) -> Self {
        Self {
            epoch,
            is_open: false,
            opened_at: now,
            enrolled_below,
            given_back: BTreeSet::new(),
            late: BTreeSet::new(),
            admitted: BTreeSet::new(),
        }
    }

    /// A person opens it, or once more for machines that came late.
    pub fn open_again(&mut self, now: UtcMillis) {
        self.is_open = true;
        self.opened_at = now;
        self.admitted.append(&mut self.late);
    }

    /// A person ends it, whatever machines may still hold.
    pub fn end(&mut self) {
        self.is_open = false;
        self.late.clear();
        self.admitted.clear();
    }

    /// Whether a machine may hold what the hub of this epoch lacks.
    pub fn concerns(&self, epoch: Epoch, peer: Peer) -> bool {
        self.epoch == epoch
            && peer.role == ReplicaRole::Branch
            && peer.replica < self.enrolled_below
    }

    /// What is taken from a peer, by what it says.
    pub fn takes(&self, epoch: Epoch, peer: Peer, message: &Exchange) -> Takes {
        let machine = (peer.replica, message.incarnation);
        let is_its_turn =
            !self.given_back.contains(&peer.replica) || self.admitted.contains(&machine);
        if self.is_open && self.concerns(epoch, peer) && is_its_turn {
            Takes::Everything
        } else {
            Takes::OwnWrites
        }
    }

    /// Takes notice of what a message says of it; whether that was news, to be stored.
    pub fn note(&mut self, epoch: Epoch, peer: Peer, message: &Exchange) -> bool {
        // A version that does not tell gives back its own writes only, and may have more once it is upgraded.
        if !self.concerns(epoch, peer)
            || message.epoch != Some(epoch)
            || Claim::of(message).incarnation == 0
        {
            return false;
        }
        let machine = (peer.replica, message.incarnation);
        if message.has_given_back {
            return self.given_back.insert(peer.replica)
                | self.late.remove(&machine)
                | self.admitted.remove(&machine);
        }
        self.given_back.contains(&peer.replica)
            && !self.admitted.contains(&machine)
            && self.late.len() < MOST_LATE
            && self.late.insert(machine)
    }
}

/// Whether a message comes from another life of the hub's feed. Whoever sends it may have been rolled back since, and this hub
/// could not know: nothing it brings is taken before it has become another incarnation.
pub fn is_of_another_life(
    epoch: Epoch,
    recovery: Option<&Recovery>,
    peer: Peer,
    message: &Exchange,
) -> bool {
    if peer.role != ReplicaRole::Branch {
        // An importer makes the same writes under the same numbers again, whatever the hub remembers.
        return false;
    }
    match message.epoch {
        Some(known) => known != epoch,
        // It never had an answer, or was put back to before its first.
        None => recovery.is_some_and(|recovery| recovery.concerns(epoch, peer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(8);

    fn branch(number: u32) -> Peer {
        Peer {
            replica: ReplicaNumber(number),
            role: ReplicaRole::Branch,
        }
    }

    fn says(has_given_back: bool) -> Exchange {
        Exchange {
            protocol: 2,
            epoch: Some(EPOCH),
            incarnation: 5,
            has_given_back,
            ..Exchange::default()
        }
    }

    #[test]
    fn it_is_open_to_each_machine_that_joined_before_until_that_machine_is_done() {
        let mut recovery = Recovery::open(EPOCH, UtcMillis(1), ReplicaNumber(9));
        let importer = Peer {
            role: ReplicaRole::Importer,
            ..branch(2)
        };
        assert_eq!(
            recovery.takes(EPOCH, branch(2), &says(false)),
            Takes::Everything
        );
        assert_eq!(
            recovery.takes(EPOCH, importer, &says(false)),
            Takes::OwnWrites
        );
        assert_eq!(
            recovery.takes(EPOCH, branch(9), &says(false)),
            Takes::OwnWrites,
            "joined later"
        );
        assert_eq!(
            recovery.takes(Epoch(9), branch(2), &says(false)),
            Takes::OwnWrites,
            "another life"
        );

        assert!(!recovery.note(EPOCH, branch(2), &says(false)));
        assert!(recovery.note(EPOCH, branch(2), &says(true)));
        assert!(!recovery.note(EPOCH, branch(2), &says(true)), "no news");
        assert_eq!(
            recovery.takes(EPOCH, branch(2), &says(false)),
            Takes::OwnWrites
        );
        assert_eq!(
            recovery.takes(EPOCH, branch(3), &says(false)),
            Takes::Everything
        );
    }

    #[test]
    fn a_machine_that_comes_late_is_noted_and_gets_its_turn_only_from_a_person() {
        let mut recovery = Recovery::open(EPOCH, UtcMillis(1), ReplicaNumber(9));
        recovery.note(EPOCH, branch(2), &says(true));
        let copy = Exchange {
            incarnation: 6,
            ..says(false)
        };
        assert!(recovery.note(EPOCH, branch(2), &copy));
        assert!(recovery.late.contains(&(ReplicaNumber(2), 6)));
        assert_eq!(recovery.takes(EPOCH, branch(2), &copy), Takes::OwnWrites);
        recovery.open_again(UtcMillis(2));
        assert!(
            !recovery.note(EPOCH, branch(2), &says(true)),
            "the other one"
        );
        assert_eq!(recovery.takes(EPOCH, branch(2), &copy), Takes::Everything);
        assert_eq!(
            recovery.takes(EPOCH, branch(2), &says(false)),
            Takes::OwnWrites
        );
        recovery.end();
        assert_eq!(
            recovery.takes(EPOCH, branch(2), &says(false)),
            Takes::OwnWrites
        );
    }

    #[test]
    fn what_a_machine_says_opens_nothing() {
        let mut recovery = Recovery::noticed(EPOCH, UtcMillis(1), ReplicaNumber(9));
        recovery.note(EPOCH, branch(2), &says(false));
        assert_eq!(
            recovery.takes(EPOCH, branch(2), &says(false)),
            Takes::OwnWrites
        );
    }
}
