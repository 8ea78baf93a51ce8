//! What a branch's scope comes to in one number, computed here from what is stored here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use shared::id::{BranchId, DocumentId};
use shared::sync::{ScopeDigest, ScopeSum};

use super::{BackendError, Hub};

/// State hashes kept in memory; those beyond it are computed each time. 64 bytes each.
const STATE_HASHES: usize = 2_000_000;

/// Digests known by branch, each with the feed position it was true at.
#[derive(Default)]
pub(super) struct Digests {
    by_branch: Mutex<HashMap<BranchId, (u64, ScopeDigest)>>,
}

/// State hashes of documents as they are stored now. The writer forgets one while it holds the gate, so none is ever stale.
#[derive(Default)]
pub(super) struct StateHashes(Mutex<HashMap<DocumentId, [u8; 16]>>);

impl StateHashes {
    pub(super) fn forget(&self, id: DocumentId) {
        lock(&self.0).remove(&id);
    }
}

impl Hub {
    /// The digest of a branch's scope, if nothing changed while it was computed.
    ///
    /// `position` is the feed position that the branch's reply goes up to: the digest is of just that state.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(super) async fn scope_digest(
        &self,
        branch: BranchId,
        position: u64,
    ) -> Result<Option<ScopeDigest>, BackendError> {
        if let Some(digest) = self.known_digest(branch, position).await? {
            return Ok(Some(digest));
        }
        let ids = self
            .read(move |lists| lists.documents_in_scope(branch))
            .await?;
        let hub = self.clone();
        let digest = tokio::task::spawn_blocking(move || hub.compute(&ids, position))
            .await
            .map_err(|_| BackendError::Stopped)??;
        if let Some(digest) = digest {
            let mut known = lock(&self.inner.digests.by_branch);
            known.insert(branch, (position, digest));
        }
        Ok(digest)
    }

    /// A digest computed earlier holds as long as nothing in the scope changed since.
    async fn known_digest(
        &self,
        branch: BranchId,
        position: u64,
    ) -> Result<Option<ScopeDigest>, BackendError> {
        let known = lock(&self.inner.digests.by_branch).get(&branch).copied();
        let Some((at, digest)) = known.filter(|(at, _)| *at <= position) else {
            return Ok(None);
        };
        let changed = self
            .read(move |lists| lists.changes_in_scope(branch, at, 1))
            .await?;
        Ok(changed.is_empty().then_some(digest))
    }

    /// `None` when the store has moved on beyond `position` meanwhile.
    fn compute(&self, ids: &[DocumentId], position: u64) -> Result<Option<ScopeDigest>, BackendError> {
        let shared = &self.inner.shared;
        let mut sum = ScopeSum::default();
        for id in ids {
            let _durable = shared.gate.read().unwrap_or_else(PoisonError::into_inner);
            let known = lock(&shared.states.0).get(id).copied();
            let state = if let Some(state) = known {
                state
            } else {
                let Some(bytes) = shared.store.encoded_document(*id)? else {
                    return Ok(None);
                };
                // Stored bytes are canonical, so hashing them is hashing the state.
                let mut state = [0; 16];
                state.copy_from_slice(&Sha256::digest(&bytes)[..16]);
                let mut states = lock(&shared.states.0);
                if states.len() < STATE_HASHES {
                    states.insert(*id, state);
                }
                state
            };
            sum.add(*id, state);
        }
        Ok((shared.store.head() == position).then(|| sum.finish()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
