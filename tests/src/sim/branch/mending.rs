//! A difference between what a branch and the hub hold: looked for, and mended in both directions.

use std::collections::BTreeSet;

use shared::clock::UtcMillis;
use shared::id::DocumentId;
use shared::sync::branch::{self, Planned};
use shared::sync::reconcile::Initiator;
use shared::wire;
use shared::wire::reconcile::{FETCHED_AT_ONCE, FetchQuery, FetchReply, ReconcileReply};

use super::{Daemon, DaemonError, Route, UnderWay};

/// A difference that is looked for and mended.
pub(super) enum Mending {
    Asking(Box<Initiator>),
    Fetching {
        to_fetch: Vec<DocumentId>,
        to_offer: BTreeSet<DocumentId>,
    },
    Offering(Vec<DocumentId>),
}

/// What a mending does next.
pub(super) enum Step {
    Ask(Route, UnderWay, Vec<u8>),
    /// An exchange that offers what the hub lacks.
    Offer(Box<Planned>),
}

impl Daemon {
    /// The next step of a mending that is under way, as the product takes it.
    pub(super) fn mend_on(&mut self, now: UtcMillis) -> Result<Option<Step>, DaemonError> {
        if let Some(Mending::Asking(initiator)) = &mut self.mending {
            if let Some(query) = initiator.query() {
                let bytes = wire::encode(&query)?;
                return Ok(Some(Step::Ask(
                    Route::Reconcile,
                    UnderWay::Reconcile,
                    bytes,
                )));
            }
            let found = std::mem::take(initiator).finish();
            let to_offer: BTreeSet<DocumentId> = found.to_offer.into_iter().collect();
            let to_fetch: BTreeSet<DocumentId> = found.to_fetch.into_iter().collect();
            // What the hub lacks in this branch's scope may have left that scope by a change which never came here.
            self.mending = Some(Mending::Fetching {
                to_fetch: to_fetch.union(&to_offer).copied().collect(),
                to_offer,
            });
        }
        if let Some(Mending::Fetching { to_fetch, to_offer }) = &mut self.mending {
            if !to_fetch.is_empty() {
                let ids = to_fetch.iter().take(FETCHED_AT_ONCE);
                let query = FetchQuery {
                    ids: ids.map(|id| *id.as_bytes()).collect(),
                };
                let bytes = wire::encode(&query)?;
                return Ok(Some(Step::Ask(Route::Fetch, UnderWay::Fetch, bytes)));
            }
            let to_offer = std::mem::take(to_offer).into_iter().collect();
            self.mending = Some(Mending::Offering(to_offer));
        }
        let Some(Mending::Offering(ids)) = &mut self.mending else {
            return Ok(None);
        };
        let planned = branch::plan_offer(&self.desk, ids, now)?;
        if planned.is_none() {
            self.mending = None;
        }
        Ok(planned.map(Box::new).map(Step::Offer))
    }

    pub(super) fn take_comparison(&mut self, reply: &ReconcileReply) -> Result<(), DaemonError> {
        let Some(Mending::Asking(initiator)) = &mut self.mending else {
            return Ok(());
        };
        let held = self.desk.index.inventory(self.desk.branch);
        let taken = initiator.take(&held, reply);
        if let Err(error) = taken {
            self.mending = None;
            return Err(DaemonError::Answer(error.to_string()));
        }
        Ok(())
    }

    pub(super) fn take_fetched(
        &mut self,
        reply: FetchReply,
        now: UtcMillis,
    ) -> Result<(), DaemonError> {
        let Some(Mending::Fetching { to_fetch, to_offer }) = &mut self.mending else {
            return Ok(());
        };
        let answered = usize::try_from(reply.answered).unwrap_or(usize::MAX);
        to_fetch.drain(..answered.min(to_fetch.len()));
        let ahead = branch::take_fetched(&mut self.desk, reply.documents, now)?;
        to_offer.extend(ahead);
        if answered == 0 {
            self.mending = None;
        }
        Ok(())
    }
}
