//! Offering again what this branch holds, to a hub that has lost some of it.
//!
//! The outbox cannot serve for this, since it holds only what the hub never acknowledged. So the branch's own feed is read
//! from the beginning, and what this replica wrote goes out beside the outbox, with a mark that acknowledges nothing; what
//! others wrote goes with it as long as the hub [takes it back](crate::sync::hub::Recovery).

use serde::{Deserialize, Serialize};

use super::Desk;
use crate::clock::UtcMillis;
use crate::document::{Document, format};
use crate::id::{Actor, ReplicaNumber};
use crate::limits;
use crate::store::{BranchStore, Outgoing, StoreError};
use crate::wire::Epoch;

/// The record's name.
const OFFERING: &str = "offering_again";

/// A mark that no outbox entry has: positions begin at 1.
pub(super) const NO_MARK: u64 = 0;

/// How far this branch has come with offering what it holds to a hub that was restored from a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Documents up to this position of the branch's own feed have been offered.
    pub offered_up_to: u64,
    /// Whether that was all.
    pub is_complete: bool,
    /// What of them.
    pub share: Share,
    /// The life of the hub's feed in which it is offered; none when it is not known.
    pub epoch: Option<Epoch>,
}

/// What of its documents a branch offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Share {
    /// What it wrote itself.
    Own,
    /// All that it holds.
    Everything,
}

pub(super) struct Batch {
    pub(super) outgoing: Vec<Outgoing>,
    pub(super) up_to: Offered,
}

/// How far a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    position: u64,
    is_complete: bool,
    share: Share,
    epoch: Option<Epoch>,
}

/// From now on this share is offered.
pub(super) fn begin(
    desk: &mut impl Desk,
    share: Share,
    epoch: Option<Epoch>,
) -> Result<(), StoreError> {
    let offering = Offering {
        offered_up_to: 0,
        is_complete: false,
        share,
        epoch,
    };
    desk.write_record(OFFERING, &offering)
}

/// Follows what the hub takes: everything is offered to a hub that takes it back, once in each of its lives, and no more than
/// this branch's own to one that does not. Says whether offering began with this.
pub(super) fn follow(
    desk: &mut impl Desk,
    epoch: Option<Epoch>,
    takes_back: bool,
) -> Result<bool, StoreError> {
    let known: Option<Offering> = desk.store().read_record(OFFERING)?;
    let is_everything = known.is_some_and(|offering| {
        offering.share == Share::Everything && offering.epoch == epoch && epoch.is_some()
    });
    let is_under_way = known.is_some_and(|offering| !offering.is_complete);
    if takes_back && !is_everything {
        begin(desk, Share::Everything, epoch)?;
        return Ok(true);
    }
    if !takes_back && is_everything && is_under_way {
        begin(desk, Share::Own, epoch)?;
        return Ok(true);
    }
    Ok(false)
}

/// Whether everything held was offered to the hub in this life of its feed.
pub(super) fn has_given_back(
    store: &BranchStore,
    epoch: Option<Epoch>,
) -> Result<bool, StoreError> {
    let known: Option<Offering> = store.read_record(OFFERING)?;
    Ok(known.is_some_and(|offering| {
        offering.is_complete && offering.share == Share::Everything && offering.epoch == epoch
    }))
}

/// The next documents to offer beside `waiting`, in what room that leaves in a message; none when nothing is under way, or
/// nothing fits.
pub(super) fn next(
    store: &BranchStore,
    waiting: &[Outgoing],
    now: UtcMillis,
) -> Result<Option<Batch>, StoreError> {
    let Some(offering) = under_way(store)? else {
        return Ok(None);
    };
    let Some(own) = store
        .identity()
        .map(|identity| identity.actor)
        .map(Actor::replica)
    else {
        return Ok(None);
    };
    let offered = |position, is_complete| Offered {
        position,
        is_complete,
        share: offering.share,
        epoch: offering.epoch,
    };
    let mut batch = Batch {
        outgoing: Vec::new(),
        up_to: offered(offering.offered_up_to, false),
    };
    let documents = limits::DOCUMENTS_PER_EXCHANGE.saturating_sub(waiting.len());
    if documents == 0 {
        return Ok(None);
    }
    let mut bytes = waiting.iter().map(|waits| waits.delta.len()).sum::<usize>();
    let feed = store.changes_after(offering.offered_up_to, documents)?;
    for change in feed.changes {
        if let Some(delta) = share_of(&change.document, offering.share, own) {
            bytes += delta.len();
            let is_first = batch.outgoing.is_empty() && waiting.is_empty();
            if bytes > limits::EXCHANGE_DOCUMENT_BYTES && !is_first {
                return Ok(Some(batch).filter(|batch| !batch.outgoing.is_empty()));
            }
            batch.outgoing.push(Outgoing {
                id: change.document.id(),
                mark: NO_MARK,
                since: now,
                delta,
            });
        }
        batch.up_to.position = change.position;
    }
    // What is written meanwhile moves a document to the end of the feed, so the end is where nothing follows.
    batch.up_to = offered(feed.position, !feed.more);
    Ok(Some(batch))
}

fn share_of(document: &Document, share: Share, own: ReplicaNumber) -> Option<Vec<u8>> {
    match share {
        Share::Own => document.part_written_by(own).as_ref().map(format::encode),
        Share::Everything => Some(format::encode(document)),
    }
}

/// The hub has answered what was offered up to a position. What others wrote of it was taken only when it says that it `takes_back`:
/// it may have ended that for this machine while the message was under way, as when a copy of the machine was quicker.
pub(super) fn note_offered(
    desk: &mut impl Desk,
    up_to: Offered,
    takes_back: bool,
) -> Result<(), StoreError> {
    let Some(offering) = under_way(desk.store())? else {
        return Ok(());
    };
    if up_to.share == Share::Everything && !takes_back {
        return Ok(());
    }
    // What was begun anew meanwhile begins at the beginning.
    if (offering.share, offering.epoch) != (up_to.share, up_to.epoch)
        || up_to.position < offering.offered_up_to
    {
        return Ok(());
    }
    desk.write_record(
        OFFERING,
        &Offering {
            offered_up_to: up_to.position,
            is_complete: up_to.is_complete,
            ..offering
        },
    )
}

/// Whether there is more to offer.
pub(super) fn is_under_way(store: &BranchStore) -> Result<bool, StoreError> {
    Ok(under_way(store)?.is_some())
}

fn under_way(store: &BranchStore) -> Result<Option<Offering>, StoreError> {
    let offering: Option<Offering> = store.read_record(OFFERING)?;
    Ok(offering.filter(|offering| !offering.is_complete))
}
