//! Offering again what this branch wrote, to a hub that has lost some of it.
//!
//! The outbox cannot serve for this, since it holds only what the hub never acknowledged. So the branch's own feed is read
//! from the beginning, and what this replica wrote goes out beside the outbox, with a mark that acknowledges nothing.

use shared::document::format;
use shared::limits;
use shared::store::{Outgoing, StoreError};

use crate::records::{self, Offering};
use crate::storage::Desk;

/// A mark that no outbox entry has: positions begin at 1.
const NO_MARK: u64 = 0;

pub(super) struct Batch {
    pub(super) outgoing: Vec<Outgoing>,
    pub(super) up_to: Offered,
}

/// How far a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    position: u64,
    is_complete: bool,
}

/// The next documents to offer; none when nothing is under way.
pub(super) fn next(desk: &Desk) -> Result<Option<Batch>, StoreError> {
    let Some(offering) = under_way(desk)? else {
        return Ok(None);
    };
    let Some(own) = desk.actor().map(shared::id::Actor::replica) else {
        return Ok(None);
    };
    let now = desk.now();
    let mut batch = Batch {
        outgoing: Vec::new(),
        up_to: Offered {
            position: offering.offered_up_to,
            is_complete: false,
        },
    };
    let mut bytes = 0;
    let feed = desk.changes_after(offering.offered_up_to, limits::DOCUMENTS_PER_EXCHANGE)?;
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
pub(super) fn note_offered(desk: &mut Desk, up_to: Offered) -> Result<(), StoreError> {
    let Some(offering) = under_way(desk)? else {
        return Ok(());
    };
    desk.write_record(
        records::OFFERING,
        &Offering {
            offered_up_to: up_to.position,
            is_complete: up_to.is_complete,
            ..offering
        },
    )
}

/// Whether there is more to offer.
pub(super) fn is_under_way(desk: &Desk) -> Result<bool, StoreError> {
    Ok(under_way(desk)?.is_some())
}

fn under_way(desk: &Desk) -> Result<Option<Offering>, StoreError> {
    let offering: Option<Offering> = desk.record(records::OFFERING)?;
    Ok(offering.filter(|offering| !offering.is_complete))
}
