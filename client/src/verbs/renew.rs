//! What a store that was restored or repaired must not believe any more.

use std::path::Path;

use anyhow::{Context, Result};
use shared::clock::UtcMillis;
use shared::document::{Document, format};
use shared::domain::{TicketNumber, TicketPrefix};
use shared::id::Actor;
use shared::store::BranchStore;
use shared::sync::Progress;
use shared::wire::Epoch;

use crate::clock::{Clock, random_bytes};
use crate::directory::{Directory, mark_of, read_small, write_private};
use crate::records::{self, Membership, Sessions};

/// An epoch that no hub has: hubs draw theirs from 64 bits at random.
const NO_EPOCH: Epoch = Epoch(0);

/// Documents merged at a time.
const PORTION: usize = 1_000;

/// How far ahead of the clock the next ticket begins. The forgotten tickets had slots up to the present one, or beyond it
/// by as many as were drawn faster than one in ten seconds; an hour of slots is more than any counter is ever ahead.
const TICKETS_AHEAD_MILLIS: i64 = 60 * 60 * 1000;

/// Writes down beside the store who this machine is. A store that works does not need it, so what goes wrong is logged and
/// no more.
pub(crate) fn remember(directory: &Directory, membership: &Membership) {
    if recall(directory).as_ref() == Some(membership) {
        return;
    }
    let written = serde_json::to_string(membership)
        .map_err(std::io::Error::other)
        .and_then(|text| write_private(&directory.membership(), &text));
    if let Err(error) = written {
        tracing::warn!(%error, "who this machine is could not be written down beside the store");
    }
}

/// What [`remember`] wrote.
pub(super) fn recall(directory: &Directory) -> Option<Membership> {
    serde_json::from_str(&read_small(&directory.membership()).ok()?).ok()
}

/// Begins a new life of the store in a directory: a new incarnation, so that no dot names two writes; what waits merged into
/// its documents; the hub asked for everything and offered everything; ticket numbers beyond the forgotten ones; everybody
/// signed out. `otherwise` says who it is when the store itself cannot any more. Durable on return.
///
/// # Errors
/// When there is no branch in it, or it cannot be written.
pub(super) fn begin_again(
    directory: &Path,
    otherwise: Option<Membership>,
    clock: &Clock,
) -> Result<Membership> {
    let mut store = BranchStore::open(directory)?;
    let membership = store
        .read_record(records::MEMBERSHIP)?
        .or(otherwise)
        .context("this store has not joined a hub")?;
    let replica = store
        .identity()
        .map_or(membership.replica, |identity| identity.actor.replica());
    merge_what_waits(&mut store, clock.now())?;
    let incarnation = u32::from_le_bytes(random_bytes()?);
    store.assume_identity(Actor::new(replica, incarnation))?;
    // Another epoch than the hub's makes the branch begin with it from the start: fetch everything, offer everything.
    let progress = Progress {
        epoch: Some(NO_EPOCH),
        ..Progress::default()
    };
    store.write_record(records::PROGRESS, &progress)?;
    let last_slot: u64 = store.read_record(records::LAST_TICKET_SLOT)?.unwrap_or(0);
    store.write_record(records::LAST_TICKET_SLOT, &beyond(last_slot, clock.now()))?;
    store.write_record(records::SESSIONS, &Sessions::default())?;
    store.write_record(records::MEMBERSHIP, &membership)?;
    store.write_record(records::FILE_MARK, &mark_of(directory)?)?;
    store.persist()?;
    Ok(membership)
}

fn beyond(last_slot: u64, now: UtcMillis) -> u64 {
    let ahead = UtcMillis(now.0.saturating_add(TICKETS_AHEAD_MILLIS));
    // The slot is the same for every branch.
    TicketPrefix::new("00").map_or(last_slot, |any| {
        TicketNumber::next(any, last_slot, ahead, 0).1
    })
}

/// What was written while a backup was made may be in what waits and not in its document.
fn merge_what_waits(store: &mut BranchStore, now: UtcMillis) -> Result<()> {
    let waiting = store.outgoing(usize::MAX, usize::MAX)?;
    // What cannot be read stays where it is; `verify` names it.
    let deltas: Vec<Document> = waiting
        .iter()
        .filter_map(|one| format::decode(&one.delta).ok())
        .collect();
    for portion in deltas.chunks(PORTION) {
        store.commit_from_hub(portion, now, &[])?;
    }
    Ok(())
}
