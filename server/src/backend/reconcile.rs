//! A branch finds out where it and the hub differ, and fetches what it lacks. The hub keeps nothing of it between messages.

use shared::id::{BranchId, DocumentId};
use shared::limits;
use shared::read_model::QueryError;
use shared::store::{HubStore, StoreError};
use shared::sync::reconcile::{AnswerError, Responder};
use shared::wire::reconcile::{
    FETCHED_AT_ONCE, FetchQuery, FetchReply, ReconcileQuery, ReconcileReply,
};

use super::records::Replica;
use super::{BackendError, Hub};

/// Why a comparison did not take place. It changes nothing on either side.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    /// An importer asks.
    #[error(
        "only a branch's machine compares itself with the hub; an importer reads the whole feed instead"
    )]
    NoBranch,
    /// The query is nonsense.
    #[error(transparent)]
    Malformed(AnswerError<QueryError>),
    /// More than a query may have.
    #[error(
        "{0} documents are asked for; at most {FETCHED_AT_ONCE} are given at once. Ask for the rest in the next message"
    )]
    TooMany(usize),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// What is in some ranges of the replica's scope.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub(crate) async fn reconcile(
        &self,
        replica: &Replica,
        query: ReconcileQuery,
    ) -> Result<ReconcileReply, ReconcileError> {
        let branch = branch_of(replica)?;
        let answered = self
            .read(move |lists| {
                match Responder::default().answer(&lists.inventory(branch), &query) {
                    Err(AnswerError::Inventory(error)) => Err(error),
                    other => Ok(other),
                }
            })
            .await?;
        answered.map_err(ReconcileError::Malformed)
    }

    /// The documents among those asked for that concern the replica's branch, as many as a message may hold.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub(crate) async fn fetch_documents(
        &self,
        replica: &Replica,
        query: FetchQuery,
    ) -> Result<FetchReply, ReconcileError> {
        if query.ids.len() > FETCHED_AT_ONCE {
            return Err(ReconcileError::TooMany(query.ids.len()));
        }
        let branch = branch_of(replica)?;
        let concerning = self
            .read(move |lists| {
                let ids = query.ids.into_iter().map(DocumentId::from_bytes);
                ids.map(|id| Ok((id, lists.concerns(branch, id)?)))
                    .collect::<Result<Vec<_>, QueryError>>()
            })
            .await?;
        Ok(self.look(move |store| collect(store, &concerning)).await?)
    }
}

fn branch_of(replica: &Replica) -> Result<BranchId, ReconcileError> {
    replica.branch.ok_or(ReconcileError::NoBranch)
}

fn collect(store: &HubStore, asked: &[(DocumentId, bool)]) -> Result<FetchReply, StoreError> {
    let mut reply = FetchReply {
        documents: Vec::new(),
        answered: 0,
    };
    let mut bytes = 0;
    for (id, concerns) in asked {
        if *concerns && let Some(encoded) = store.encoded_document(*id)? {
            bytes += encoded.len();
            if bytes > limits::EXCHANGE_DOCUMENT_BYTES && !reply.documents.is_empty() {
                break;
            }
            reply.documents.push(encoded);
        }
        reply.answered += 1;
    }
    Ok(reply)
}
