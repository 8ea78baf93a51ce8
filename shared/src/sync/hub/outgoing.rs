//! What goes down to a branch: what changed in its scope after its cursor, in parts where that serves, and without an echo
//! of what it has just brought.

use std::collections::{BTreeMap, HashMap};

use super::{Changed, Claim};
use crate::id::{DocumentId, ReplicaNumber};
use crate::limits;
use crate::store::{HubStore, StoreError};
use crate::wire::Brought;

/// A document in a branch's scope that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InScope {
    /// Where in the feed it stands for this branch.
    pub position: u64,
    /// Which.
    pub id: DocumentId,
    /// Since which position of the feed the branch holds it; what it held at a later cursor is a base for parts.
    pub since: u64,
}

/// What a reply brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Documents and parts.
    pub documents: Vec<Brought>,
    /// The position they go up to.
    pub cursor: u64,
    /// Whether more follows.
    pub more: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The branch has everything in its scope up to here.
    pub cursor: u64,
    /// How many documents it takes.
    pub documents: usize,
    /// The latest cursor at which the branch had everything, 0 for none: what it holds is at least what was so then, and
    /// parts are counted from there. A cursor in the middle of catching up is no such place, for a document that moved on
    /// meanwhile was skipped on the way there.
    pub base: u64,
}

/// Encodes as many of the changes as a reply may hold. `changes` are in the order of positions, as many as were asked for
/// when there are more; `head` is the position up to which they are complete otherwise. Entries that share a position stay
/// together.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn outgoing(
    store: &HubStore,
    changes: &[InScope],
    head: u64,
    wanted: Wanted,
    echoes: Option<&Echo>,
) -> Result<Outgoing, StoreError> {
    let mut documents: Vec<Brought> = Vec::with_capacity(changes.len());
    let mut bytes = 0;
    for (index, change) in changes.iter().enumerate() {
        if echoes.is_some_and(|echo| echo.silences(change)) {
            continue;
        }
        let is_held = change.since <= wanted.base && wanted.base > 0;
        let after = if is_held { wanted.base } else { 0 };
        let outbound = match store.outbound(change.id, after) {
            Ok(Some(outbound)) => outbound,
            Ok(None) => continue,
            Err(StoreError::Engine(error)) => return Err(error.into()),
            Err(error) => {
                // One document that cannot be read must not keep the others from anybody. The digest shows that it is missing.
                tracing::error!(id = %change.id, %error, "a document cannot be sent; all else is");
                continue;
            }
        };
        let is_new_position = index > 0 && changes[index - 1].position < change.position;
        if is_new_position && bytes + outbound.bytes.len() > limits::EXCHANGE_DOCUMENT_BYTES {
            return Ok(Outgoing {
                documents,
                cursor: changes[index - 1].position,
                more: true,
            });
        }
        bytes += outbound.bytes.len();
        documents.push(Brought {
            bytes: outbound.bytes,
            is_part: !outbound.is_whole,
        });
    }
    // As many as were asked for: there may be more. Fewer: everything up to the head is here.
    let is_full = changes.len() >= wanted.documents;
    Ok(Outgoing {
        cursor: changes
            .last()
            .filter(|_| is_full)
            .map_or(head, |change| change.position),
        more: is_full,
        documents,
    })
}

/// What replicas have brought and need not be sent back, by replica. Kept in memory: what is forgotten is sent once more,
/// which is harmless.
#[derive(Debug, Default)]
pub struct Echoes(HashMap<ReplicaNumber, Echo>);

/// What one run of a replica's program has brought.
#[derive(Clone, Debug, Default)]
pub struct Echo {
    session: u64,
    incarnation: u32,
    brought: BTreeMap<DocumentId, Own>,
}

/// A document in which nothing is new to the replica but what it brought itself.
#[derive(Clone, Copy, Debug)]
struct Own {
    /// Where what was brought has put it.
    position: u64,
    /// The replica had the rest when its cursor stood here; 0 for a document that it made.
    held_at: u64,
}

/// Documents remembered of one replica.
const REMEMBERED: usize = 20_000;

impl Echoes {
    /// A replica has brought these.
    pub fn note(&mut self, replica: ReplicaNumber, claim: Claim, cursor: u64, changed: &[Changed]) {
        if claim.session == 0 {
            return;
        }
        let echo = self.0.entry(replica).or_default();
        if (echo.session, echo.incarnation) != (claim.session, claim.incarnation) {
            *echo = Echo {
                session: claim.session,
                incarnation: claim.incarnation,
                brought: BTreeMap::new(),
            };
        }
        echo.brought.retain(|_, own| own.position > cursor);
        for change in changed {
            let held_at = match (change.former_position, echo.brought.get(&change.id)) {
                (None, _) => Some(0),
                // Nobody touched it since the replica brought it: it is still all its own.
                (Some(former), Some(own)) if own.position == former => Some(own.held_at),
                // The replica had it as it was. Whether that holds is decided by the cursor of this very message: later
                // ones go past `former` without the document, which has moved on to its new place.
                (Some(former), _) if former <= cursor => Some(cursor),
                _ => None,
            };
            match held_at.filter(|_| echo.brought.len() < REMEMBERED) {
                Some(held_at) => {
                    let position = change.position;
                    echo.brought.insert(change.id, Own { position, held_at });
                }
                None => {
                    echo.brought.remove(&change.id);
                }
            }
        }
    }

    /// What a replica need not be sent back.
    pub fn of(&self, replica: ReplicaNumber, claim: Claim) -> Option<&Echo> {
        let echo = self.0.get(&replica)?;
        let is_same_run = claim.session != 0
            && (echo.session, echo.incarnation) == (claim.session, claim.incarnation);
        is_same_run.then_some(echo)
    }

    /// A replica's store was put back or its claim is stale: it may lack what it once brought.
    pub fn forget(&mut self, replica: ReplicaNumber) {
        self.0.remove(&replica);
    }
}

impl Echo {
    /// Whether all that is new in a document is what the replica brought itself. A document that came into its scope only
    /// after that is sent all the same.
    fn silences(&self, change: &InScope) -> bool {
        self.brought.get(&change.id).is_some_and(|own| {
            let was_held = own.held_at == 0 || change.since <= own.held_at;
            own.position == change.position && was_held
        })
    }
}
