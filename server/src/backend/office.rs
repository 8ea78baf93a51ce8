//! What the office does to documents: settling what branches disagree on.

use shared::command::{self, Refusal};
use shared::document::Value;
use shared::id::{DocumentId, StaffId};

use super::records::{self, RefusedDelta};
use super::{BackendError, Hub};

/// Why a conflict was not settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    /// The document.
    #[error("there is no such document")]
    NoSuchDocument,
    /// The command.
    #[error("{0}; nothing was changed")]
    Refused(#[from] Refusal),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// A person at the office chooses among the values of a field. `chosen` is the place among its versions in order of
    /// their dots, and `expected` the value that the person saw there, so that nobody settles what has changed meanwhile.
    ///
    /// # Errors
    /// [`SettleError`]; nothing was changed then.
    pub(crate) async fn settle(
        &self,
        document: DocumentId,
        field: String,
        chosen: usize,
        expected: Option<Value>,
        by: Option<StaffId>,
    ) -> Result<(), SettleError> {
        self.write(move |writer| {
            let stored = writer.store().document(document);
            let (_, stored) = stored
                .map_err(BackendError::from)?
                .ok_or(SettleError::NoSuchDocument)?;
            let value = stored
                .register(&field)
                .and_then(|register| register.versions().into_iter().nth(chosen))
                .map(|version| version.value)
                .filter(|value| expected.as_ref().is_none_or(|expected| expected == value))
                .ok_or(Refusal::NothingToSettle)?;
            writer.write_own::<SettleError>(by, |authoring| {
                Ok(vec![command::settle(&stored, authoring, &field, &value)?])
            })?;
            Ok(())
        })
        .await
    }

    /// What the hub would not take, newest first.
    pub(crate) async fn refused(&self) -> Result<Vec<RefusedDelta>, BackendError> {
        self.look(|store| {
            let refused = store.records::<RefusedDelta>(records::REFUSED, records::MAX_REFUSED)?;
            Ok(refused.into_iter().rev().map(|(_, delta)| delta).collect())
        })
        .await
    }
}
