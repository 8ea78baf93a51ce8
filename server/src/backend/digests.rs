//! What a branch's scope comes to in one number, computed here from what is stored here.

use shared::id::BranchId;
use shared::sync::ScopeDigest;

use super::{BackendError, Hub};

impl Hub {
    /// The digest of a branch's scope as of a feed position; `None` when the scope has changed since. It is kept with the
    /// lists, so that asking for it costs the same whatever the branch holds.
    ///
    /// `position` is the one that the branch's reply goes up to: the digest is of just that state.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(super) async fn scope_digest(
        &self,
        branch: BranchId,
        position: u64,
    ) -> Result<Option<ScopeDigest>, BackendError> {
        self.read(move |lists| lists.scope_digest_at(branch, position))
            .await
    }
}
