//! Offering again what this branch wrote, to a hub that has lost some of it.
//!
//! The outbox cannot serve for this, since it holds only what the hub never acknowledged. So the branch's own feed is read
//! from the beginning, and what this replica wrote goes out beside the outbox, with a mark that acknowledges nothing.

use serde::{Deserialize, Serialize};

use super::Desk;
use crate::clock::UtcMillis;
use crate::document::format;
use crate::id::Actor;
use crate::limits;
use crate::store::{BranchStore, Outgoing, StoreError};

/// The record's name.
const OFFERING: &str = "offering_again";

/// A mark that no outbox entry has: positions begin at 1.
pub(super) const NO_MARK: u64 = 0;

/// How far this branch has come with offering everything it wrote to a hub that was restored from a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Documents up to this position of the branch's own feed have been offered.
    pub offered_up_to: u64,
    /// Whether that was all.
    pub is_complete: bool,
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
}

/// From now on everything this branch wrote is offered.
pub(super) fn begin(desk: &mut impl Desk) -> Result<(), StoreError> {
    let offering = Offering {
        offered_up_to: 0,
        is_complete: false,
    };
    desk.write_record(OFFERING, &offering)
}

/// The next documents to offer; none when nothing is under way.
pub(super) fn next(store: &BranchStore, now: UtcMillis) -> Result<Option<Batch>, StoreError> {
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
    let mut batch = Batch {
        outgoing: Vec::new(),
        up_to: Offered {
            position: offering.offered_up_to,
            is_complete: false,
        },
    };
    let mut bytes = 0;
    let feed = store.changes_after(offering.offered_up_to, limits::DOCUMENTS_PER_EXCHANGE)?;
    for change in feed.changes {
        if let Some(delta) = change.document.part_written_by(own) {
            let delta = format::encode(&delta);
            bytes += delta.len();
            if bytes > limits::EXCHANGE_DOCUMENT_BYTES && !batch.outgoing.is_empty() {
                return Ok(Some(batch));
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
    batch.up_to = Offered {
        position: feed.position,
        is_complete: !feed.more,
    };
    Ok(Some(batch))
}

/// The hub has taken what was offered up to a position.
pub(super) fn note_offered(desk: &mut impl Desk, up_to: Offered) -> Result<(), StoreError> {
    if !is_under_way(desk.store())? {
        return Ok(());
    }
    desk.write_record(
        OFFERING,
        &Offering {
            offered_up_to: up_to.position,
            is_complete: up_to.is_complete,
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
