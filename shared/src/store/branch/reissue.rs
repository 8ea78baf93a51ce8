//! Writes made again under a new identity, after the former one was found to be continued elsewhere.
//!
//! A store that was rolled back, or is one of two copies, has given counters that somebody else gave too. What of its writes
//! the hub has not acknowledged is taken out and made again under a new incarnation, so that no dot names two writes. Some of
//! it may have reached the hub before: which dot each write had is kept until the hub's copy has been seen, and a write that
//! is found there goes out again, so that a payment is not counted twice.

use std::collections::BTreeSet;

use super::super::arrived::{After, Arrived};
use super::super::change_log::ChangeLog;
use super::super::engine::Write;
use super::super::layout::{self, OUTBOX, RECORD};
use super::super::stored;
use super::super::{Change, StoreError, records};
use super::{BranchStore, Identity, outbox};
use crate::document::{Authoring, Document, Reissued, format};
use crate::id::{Actor, DocumentId, Dot};

/// Records `reissued/<document>`: its writes that were made again, until the hub's copy has been seen.
const REISSUED: &str = "reissued/";

impl BranchStore {
    /// Goes on under another incarnation, and makes every unacknowledged write again in its name. `known` is the highest
    /// counter that the hub is known to have seen from this very store. Durable with the next persist, before which nothing may
    /// leave under the new name; returns what changed by it.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is stored then.
    pub fn reissue(&mut self, actor: Actor, known: u64) -> Result<Vec<Change>, StoreError> {
        let identity = self.identity.ok_or(StoreError::NoIdentity)?;
        let former_actor = identity.actor;
        let mut authoring = Authoring::new(actor, 0, identity.last_stamp, None);
        let mut writes = Vec::new();
        let mut changes = Vec::new();
        let mut position = self.head;
        for waiting in self.outgoing(usize::MAX, usize::MAX)? {
            let id = waiting.id;
            // What cannot be read stays as it is; the outbox keeps it for a version that can.
            let (Ok(delta), Ok(Some((former, stored)))) =
                (layout::read_document(id, &waiting.delta), self.stored(id))
            else {
                continue;
            };
            // Nor does a document that is no longer what it was, such as one of another kind, keep the others from anything.
            if delta.kind() != stored.kind() {
                continue;
            }
            let (again, made) = delta.reissued(&mut authoring, known);
            let mut document = stored.without(&delta.dots());
            document.merge(again.clone())?;
            position += 1;
            writes.extend(layout::put_document(
                id,
                &stored::content(&format::encode(&document), &ChangeLog::default()),
                position,
                Some(former),
            ));
            writes.push(Write::Put(
                layout::key(OUTBOX, id.as_bytes()),
                outbox::value(position, waiting.since, &format::encode(&again)),
            ));
            // What was made again before and has not been compared since may be at the hub under its first dot only.
            let earlier = self
                .read_record::<Vec<Pair>>(&name_of(id))?
                .unwrap_or_default();
            let first = |made: Reissued| {
                let before = earlier.iter().map(|earlier| unpair(*earlier));
                let former = before
                    .filter(|before| before.present == made.former)
                    .map(|before| before.former)
                    .next();
                Reissued {
                    former: former.unwrap_or(made.former),
                    ..made
                }
            };
            let pairs: Vec<Pair> = made.into_iter().map(first).map(pair).collect();
            writes.push(records::write(&name_of(id), &pairs));
            changes.push(Change { position, document });
        }
        // What was made again is known by its time; what another copy writes now must not have the same.
        self.clock.leap(actor.incarnation());
        let identity = Identity {
            actor,
            counter: authoring.counter(),
            last_stamp: self.clock.last(),
        };
        writes.push(records::write(super::IDENTITY, &identity));
        let mut given_up = self.given_up()?;
        given_up.push(former_actor.incarnation());
        writes.push(records::write(Self::GIVEN_UP, &given_up));
        self.engine.apply(&writes)?;
        self.identity = Some(identity);
        self.head = position;
        self.has_reissued |= !changes.is_empty();
        Ok(changes)
    }

    /// The record of incarnations that were given up and that the hub has not heard of.
    pub const GIVEN_UP: &str = "given_up";

    /// Incarnations that were given up and that the hub has not heard of, the latest last.
    ///
    /// # Errors
    /// [`StoreError`] when the record cannot be read.
    pub fn given_up(&self) -> Result<Vec<u32>, StoreError> {
        Ok(self.read_record(Self::GIVEN_UP)?.unwrap_or_default())
    }

    /// Documents with writes that were made again and whose copy at the hub has not been seen since; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn reissued(&self, limit: usize) -> Result<Vec<DocumentId>, StoreError> {
        if !self.has_reissued {
            return Ok(Vec::new());
        }
        let (from, to) = bounds();
        let entries = self.engine.range(&from, &to, limit)?;
        Ok(entries
            .iter()
            .filter_map(|(key, _)| id_from(key.get(from.len()..)?))
            .collect())
    }

    /// The hub's copies of these documents have been seen, or it has none.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn forget_reissued(&mut self, ids: &[DocumentId]) -> Result<(), StoreError> {
        let writes: Vec<Write> = ids
            .iter()
            .map(|id| Write::Remove(layout::key(RECORD, name_of(*id).as_bytes())))
            .collect();
        self.engine.apply(&writes)?;
        self.has_reissued = self.any_reissued()?;
        Ok(())
    }

    /// Takes the copies of writes out that the hub's documents turn out to have already. What a crash leaves undone is done
    /// when the hub sends them again. Returns the documents that have changed by it: merging what came may change no more in
    /// them, and whoever follows the store must hear of it all the same.
    pub(super) fn drop_what_arrived_before(
        &mut self,
        incoming: &[Document],
    ) -> Result<Vec<Arrived>, StoreError> {
        let mut dropped = Vec::new();
        if !self.has_reissued {
            return Ok(dropped);
        }
        for theirs in incoming {
            let id = theirs.id();
            let Some(pairs) = self.read_record::<Vec<Pair>>(&name_of(id))? else {
                continue;
            };
            // What cannot be read here is refused where it is merged, and stops nothing else.
            let Some((former, local)) = readable(self.stored(id))?.flatten() else {
                continue;
            };
            let copies: BTreeSet<Dot> = pairs
                .into_iter()
                .map(unpair)
                .filter(|made| theirs.has_already(&local, *made))
                .map(|made| made.present)
                .collect();
            if copies.is_empty() {
                continue;
            }
            let position = self.head + 1;
            let without = local.without(&copies);
            let content = stored::content(&format::encode(&without), &ChangeLog::default());
            let mut writes = layout::put_document(id, &content, position, Some(former));
            let key = layout::key(OUTBOX, id.as_bytes());
            if let Some(value) = self.engine.get(&key)?
                && let Some((_, since, delta)) = outbox::split(&value)
            {
                let Some(delta) = readable(layout::read_document(id, delta))? else {
                    continue;
                };
                let rest = delta.without(&copies);
                writes.push(if rest.is_empty() {
                    Write::Remove(key)
                } else {
                    Write::Put(key, outbox::value(position, since, &format::encode(&rest)))
                });
            }
            self.engine.apply(&writes)?;
            self.head = position;
            self.outbox = self.count_outbox()?;
            dropped.push(Arrived {
                id,
                position,
                former_position: Some(former),
                changed: true,
                before: Some(local),
                after: After::Decoded(without),
            });
        }
        Ok(dropped)
    }

    pub(super) fn any_reissued(&self) -> Result<bool, StoreError> {
        let (from, to) = bounds();
        Ok(!self.engine.range(&from, &to, 1)?.is_empty())
    }
}

/// None for what cannot be read; only a failing engine is an error.
fn readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Engine(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Actor and counter of the former dot, then of the present one.
type Pair = (u64, u64, u64, u64);

const fn pair(made: Reissued) -> Pair {
    let Reissued { former, present } = made;
    (
        former.actor.to_bits(),
        former.counter,
        present.actor.to_bits(),
        present.counter,
    )
}

const fn unpair((former, former_counter, present, present_counter): Pair) -> Reissued {
    Reissued {
        former: Dot {
            actor: Actor::from_bits(former),
            counter: former_counter,
        },
        present: Dot {
            actor: Actor::from_bits(present),
            counter: present_counter,
        },
    }
}

fn name_of(id: DocumentId) -> String {
    format!("{REISSUED}{id}")
}

fn id_from(name: &[u8]) -> Option<DocumentId> {
    std::str::from_utf8(name).ok()?.parse().ok()
}

/// The bounds of the records' keys; `0` follows `/` in ASCII.
fn bounds() -> (Vec<u8>, Vec<u8>) {
    (
        layout::key(RECORD, REISSUED.as_bytes()),
        layout::key(RECORD, b"reissued0"),
    )
}
