//! How far the hub has seen each incarnation of a replica write, and which of its program's runs brought that.

use serde::{Deserialize, Serialize};

use super::Claim;
use crate::id::Actor;

/// What was seen of each incarnation of a replica, the one that wrote last standing last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    seen: Vec<Seen>,
}

/// What was seen of one incarnation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    actor: u64,
    /// The highest counter.
    counter: u64,
    /// The run of the program that spoke last as this incarnation; 0 before any told.
    session: u64,
    /// Earlier runs, the latest last.
    past_sessions: Vec<u64>,
    /// Whether it was found to be continued elsewhere. Its writes come again under another incarnation, so nothing that
    /// still claims it is taken any more: a push that was slow on the line would double what was made again.
    is_retired: bool,
}

impl Counters {
    /// Incarnations remembered: a machine restored every week for five years. One that is forgotten could only come back
    /// with a message that was on the line for as long.
    const INCARNATIONS: usize = 256;

    /// Earlier runs remembered. A copy that sleeps through more restarts of the other is told by its counters.
    const SESSIONS: usize = 64;

    /// Takes notice of a counter; says whether that was news.
    pub fn note(&mut self, actor: Actor, counter: u64) -> bool {
        let entry = self.entry(actor);
        let is_news = entry.counter < counter;
        entry.counter = entry.counter.max(counter);
        if is_news && let Some(place) = self.place(actor) {
            let entry = self.seen.remove(place);
            self.seen.push(entry);
        }
        is_news
    }

    /// The highest counter seen of an incarnation, 0 when none was. Of a peer that does not tell its incarnation (0), that
    /// of the one which wrote last.
    pub fn seen(&self, actor: Actor) -> u64 {
        if actor.incarnation() == 0 {
            return self.seen.last().map_or(0, |seen| seen.counter);
        }
        self.place(actor)
            .map_or(0, |place| self.seen[place].counter)
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
        let Some(seen) = self.place(actor).map(|place| &self.seen[place]) else {
            return false;
        };
        let is_past = seen.past_sessions.contains(&claim.session);
        let is_new = claim.session != seen.session && !is_past;
        seen.is_retired
            || seen.counter > 0
                && (claim.highest_counter < seen.counter
                    || is_past
                    || is_new && claim.known_counter < seen.counter)
    }

    /// Nothing of this incarnation is taken any more; says whether that was news.
    pub(super) fn retire(&mut self, actor: Actor) -> bool {
        !std::mem::replace(&mut self.entry(actor).is_retired, true)
    }

    /// Whether a claim is nothing new: this run has spoken before as this incarnation and is believed, or does not tell.
    pub fn knows(&self, actor: Actor, claim: Claim) -> bool {
        claim.session == 0
            || !self.is_stale(actor, claim)
                && self
                    .place(actor)
                    .is_some_and(|place| self.seen[place].session == claim.session)
    }

    /// Takes notice of who speaks; says whether that was news.
    pub(super) fn note_session(&mut self, actor: Actor, claim: Claim) -> bool {
        if claim.session == 0 || claim.incarnation == 0 {
            return false;
        }
        let entry = self.entry(actor);
        if entry.session == claim.session {
            return false;
        }
        if entry.session != 0 {
            if entry.past_sessions.len() >= Self::SESSIONS {
                entry.past_sessions.remove(0);
            }
            entry.past_sessions.push(entry.session);
        }
        entry.session = claim.session;
        true
    }

    fn place(&self, actor: Actor) -> Option<usize> {
        let bits = actor.to_bits();
        self.seen.iter().position(|seen| seen.actor == bits)
    }

    fn entry(&mut self, actor: Actor) -> &mut Seen {
        let place = self.place(actor).unwrap_or_else(|| {
            if self.seen.len() >= Self::INCARNATIONS {
                self.seen.remove(0);
            }
            // Before the one that wrote last: it has written nothing yet.
            let place = self.seen.len().saturating_sub(1);
            self.seen.insert(
                place,
                Seen {
                    actor: actor.to_bits(),
                    ..Seen::default()
                },
            );
            place
        });
        &mut self.seen[place]
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
            given_up: [0; crate::sync::hub::GIVEN_UP_AT_ONCE],
            is_of_another_life: false,
        }
    }

    fn seen(up_to: u64, sessions: &[u64]) -> (Counters, Actor) {
        let actor = Actor::new(ReplicaNumber(3), 9);
        let mut counters = Counters::default();
        for session in sessions {
            counters.note_session(actor, claim(*session, up_to, up_to));
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

    #[test]
    fn an_incarnation_that_was_retired_stays_so_and_another_is_believed() {
        let (mut counters, actor) = seen(7, &[1]);
        assert!(counters.retire(actor));
        assert!(counters.is_stale(actor, claim(1, 9, 7)), "slow on the line");
        assert!(!counters.knows(actor, claim(1, 9, 7)));
        let next = Actor::new(ReplicaNumber(3), 10);
        let claim = Claim {
            incarnation: 10,
            ..claim(1, 2, 0)
        };
        assert!(!counters.is_stale(next, claim));
    }
}
