//! Taking back what this hub has lost; what that means is decided by [`shared::sync::hub::Recovery`].

use std::sync::{Arc, PoisonError};

use shared::sync::Peer;
use shared::sync::hub::{self, Claim, Recovery, Takes};
use shared::wire::{Epoch, Exchange};

use super::records::{self, GivenBack, Replica};
use super::{BackendError, Hub};
use crate::clock;

/// Documents given back that one page of the office lists; the machine's own pages have the rest.
const LISTED: usize = 2_000;

impl Hub {
    /// The recovery of this life of the feed, open or over.
    pub(crate) fn recovery(&self) -> Option<Recovery> {
        let epoch = self.epoch();
        let recovery = self.inner.recovery.lock();
        let recovery = recovery.unwrap_or_else(PoisonError::into_inner);
        recovery.clone().filter(|recovery| recovery.epoch == epoch)
    }

    /// What a machine claims, and what is taken from it.
    pub(super) async fn claim_in(
        &self,
        epoch: Epoch,
        replica: &Replica,
        message: &Exchange,
    ) -> Result<(Claim, Takes), BackendError> {
        let peer = Peer {
            replica: replica.number,
            role: replica.role,
        };
        let mut is_news = false;
        let mut takes = Takes::OwnWrites;
        let is_of_another_life = {
            let recovery = self.inner.recovery.lock();
            let mut recovery = recovery.unwrap_or_else(PoisonError::into_inner);
            if let Some(recovery) = recovery.as_mut() {
                takes = recovery.takes(epoch, peer, message);
                is_news = recovery.note(epoch, peer, message);
            }
            hub::is_of_another_life(epoch, recovery.as_ref(), peer, message)
        };
        if is_news {
            self.store_recovery(|_| {}).await?;
        }
        let claim = Claim::of(message).in_another_life(is_of_another_life);
        Ok((claim, takes))
    }

    /// The office wants back what machines hold and this hub lacks. Says whether there is a recovery to open.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn open_recovery(&self) -> Result<bool, BackendError> {
        self.store_recovery(|recovery| recovery.open_again(clock::now()))
            .await
    }

    /// The office ends the recovery. Says whether there was one.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn end_recovery(&self) -> Result<bool, BackendError> {
        self.store_recovery(Recovery::end).await
    }

    /// Documents in which machines gave back what others wrote, the latest first, and whether there are more.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn given_back(&self) -> Result<(Vec<GivenBack>, bool), BackendError> {
        let found = self
            .look(|store| store.records::<GivenBack>(records::GIVEN_BACK, LISTED + 1))
            .await?;
        let is_more = found.len() > LISTED;
        let mut found: Vec<GivenBack> = found.into_iter().map(|(_, given)| given).collect();
        found.truncate(LISTED);
        found.sort_by_key(|given| std::cmp::Reverse(given.at));
        Ok((found, is_more))
    }

    async fn store_recovery(
        &self,
        change: impl FnOnce(&mut Recovery) + Send + 'static,
    ) -> Result<bool, BackendError> {
        let inner = Arc::clone(&self.inner);
        self.write(move |writer| {
            let recovery = inner.recovery.lock();
            let mut recovery = recovery.unwrap_or_else(PoisonError::into_inner);
            let Some(recovery) = recovery.as_mut() else {
                return Ok(false);
            };
            change(recovery);
            writer.store().write_record(records::RECOVERY, recovery)?;
            Ok(true)
        })
        .await
    }
}
