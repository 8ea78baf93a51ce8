//! How far the hub has seen each incarnation of a replica write, and which of its program's runs brought that.

use serde::{Deserialize, Serialize};

use super::{Claim, Peer, TakenIn};
use crate::id::Actor;

/// The highest counter seen from each incarnation of a replica, the one that wrote last standing last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    by_actor: Vec<(u64, u64)>,
    /// The run of the program that spoke last; 0 before any told.
    session: u64,
    /// Earlier runs, the latest last.
    past_sessions: Vec<u64>,
}

impl Counters {
    /// Incarnations remembered: a machine restored every week for a year.
    const INCARNATIONS: usize = 64;

    /// Earlier runs remembered. A copy that sleeps through more restarts of the other is told by its counters.
    const SESSIONS: usize = 64;

    /// Takes notice of a counter; says whether that was news.
    pub fn note(&mut self, actor: Actor, counter: u64) -> bool {
        let actor = actor.to_bits();
        match self.by_actor.iter().position(|(known, _)| *known == actor) {
            Some(place) if self.by_actor[place].1 >= counter => false,
            Some(place) => {
                self.by_actor.remove(place);
                self.by_actor.push((actor, counter));
                true
            }
            None => {
                if self.by_actor.len() >= Self::INCARNATIONS {
                    self.by_actor.remove(0);
                }
                self.by_actor.push((actor, counter));
                true
            }
        }
    }

    /// The highest counter seen of an incarnation, 0 when none was. Of a peer that does not tell its incarnation (0), that
    /// of the one which wrote last.
    pub fn seen(&self, actor: Actor) -> u64 {
        if actor.incarnation() == 0 {
            return self.by_actor.last().map_or(0, |(_, counter)| *counter);
        }
        let bits = actor.to_bits();
        self.by_actor
            .iter()
            .find(|(known, _)| *known == bits)
            .map_or(0, |(_, counter)| *counter)
    }

    /// Whether somebody else has continued the identity that a replica claims. Three signs, each of which a clone or a
    /// machine rolled back can give and an honest replica cannot: it has used fewer counters than were seen; a run of the
    /// program speaks again after a later one did; a new run does not know of all that was seen.
    ///
    /// The last may also be a crash between a push and its answer. Treating that alike costs one new incarnation.
    pub(super) fn is_stale(&self, actor: Actor, claim: Claim) -> bool {
        if claim.incarnation == 0 || claim.session == 0 {
            return false;
        }
        let seen = self.seen(actor);
        if seen == 0 {
            return false;
        }
        let is_past = self.past_sessions.contains(&claim.session);
        let is_new = claim.session != self.session && !is_past;
        claim.highest_counter < seen || is_past || is_new && claim.known_counter < seen
    }

    /// Whether a claim is nothing new: this run has spoken before, or does not tell.
    pub fn knows(&self, claim: Claim) -> bool {
        claim.session == 0 || claim.session == self.session
    }

    /// What a message that brings nothing comes to.
    pub fn without_news(&self, peer: Peer, claim: Claim) -> TakenIn {
        let actor = Actor::new(peer.replica, claim.incarnation);
        TakenIn {
            is_stale: self.is_stale(actor, claim),
            highest_counter: self.seen(actor),
            ..TakenIn::default()
        }
    }

    /// Takes notice of who speaks; says whether that was news.
    pub(super) fn note_session(&mut self, claim: Claim) -> bool {
        if claim.session == 0 || claim.session == self.session {
            return false;
        }
        if self.session != 0 {
            if self.past_sessions.len() >= Self::SESSIONS {
                self.past_sessions.remove(0);
            }
            self.past_sessions.push(self.session);
        }
        self.session = claim.session;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ReplicaNumber;

    const fn claim(session: u64, highest_counter: u64, known_counter: u64) -> Claim {
        Claim {
            incarnation: 9,
            session,
            highest_counter,
            known_counter,
        }
    }

    fn seen(up_to: u64, sessions: &[u64]) -> (Counters, Actor) {
        let actor = Actor::new(ReplicaNumber(3), 9);
        let mut counters = Counters::default();
        for session in sessions {
            counters.note_session(claim(*session, up_to, up_to));
        }
        counters.note(actor, up_to);
        (counters, actor)
    }

    #[test]
    fn an_honest_replica_is_believed() {
        let (counters, actor) = seen(7, &[1]);
        // The answer to the last push was lost; then it came.
        assert!(!counters.is_stale(actor, claim(1, 9, 4)));
        assert!(!counters.is_stale(actor, claim(1, 9, 7)));
        // The program was started again.
        assert!(!counters.is_stale(actor, claim(2, 7, 7)));
        // The hub lost something; the replica knows more than it.
        assert!(!counters.is_stale(actor, claim(2, 12, 11)));
        // A version that does not tell.
        let silent = Claim {
            incarnation: 0,
            ..claim(0, 1, 0)
        };
        assert!(!counters.is_stale(actor, silent));
    }

    #[test]
    fn clones_and_machines_rolled_back_are_found_out() {
        let (counters, actor) = seen(7, &[1, 2]);
        assert!(
            counters.is_stale(actor, claim(2, 5, 5)),
            "rolled back with its memory"
        );
        assert!(
            counters.is_stale(actor, claim(3, 9, 4)),
            "rolled back, then wrote more"
        );
        assert!(
            counters.is_stale(actor, claim(1, 9, 7)),
            "a run that another one followed"
        );
    }
}
