//! Telling branches that an old system is being replaced.

use shared::document::Change;
use shared::domain::Changeover;
use shared::id::BranchId;

use super::{BackendError, Hub};
use crate::clock;

/// Why nothing was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeoverError {
    /// The branch.
    #[error("there is no such branch; nothing was told to any")]
    NoSuchBranch,
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// Tells branches what `changeover` says; none ends it. All of them hear it, or none.
    ///
    /// # Errors
    /// [`ChangeoverError`]; nothing was changed then.
    pub(crate) async fn tell_changeover(
        &self,
        branches: Vec<BranchId>,
        changeover: Option<Changeover>,
    ) -> Result<(), ChangeoverError> {
        self.write(move |writer| {
            let mut documents = Vec::with_capacity(branches.len());
            for branch in branches {
                let stored = writer.store().document(branch.document());
                let (_, stored) = stored
                    .map_err(BackendError::from)?
                    .ok_or(ChangeoverError::NoSuchBranch)?;
                documents.push(stored);
            }
            writer.write_own::<ChangeoverError>(None, |authoring| {
                let deltas = documents.iter().map(|stored| {
                    let mut change = Change::of(stored);
                    Changeover::write(changeover.as_ref(), &mut change, authoring);
                    change.finish()
                });
                Ok(deltas.collect())
            })?;
            Ok(())
        })
        .await
    }

    /// Whether the last of an old system is on its way into any branch. Meanwhile the office's own lists stay as they are.
    pub(crate) fn is_switching_over(&self) -> bool {
        let now = clock::now();
        let catalogue = self.catalogue();
        let mut told = catalogue
            .branches
            .iter()
            .filter_map(|branch| branch.changeover.as_ref());
        told.any(|changeover| changeover.is_switching_off(now))
    }
}
