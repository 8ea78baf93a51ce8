//! The whole feed, for importers that check what they brought and for whoever keeps a copy.

use shared::limits;
use shared::wire::DocumentsReply;

use super::{BackendError, Hub};

impl Hub {
    /// The documents after a feed position, each once at its latest position, bounded in number and bytes.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn documents_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<DocumentsReply, BackendError> {
        let limit = limit.clamp(1, limits::DOCUMENTS_PER_EXCHANGE);
        self.look(move |store| {
            // As bytes: nobody here looks into them.
            let feed = store.encoded_changes_after(after, limit)?;
            let mut documents = Vec::with_capacity(feed.documents.len());
            let mut bytes = 0;
            let mut before = after;
            for (position, encoded) in feed.positions.into_iter().zip(feed.documents) {
                if !documents.is_empty() && bytes + encoded.len() > limits::EXCHANGE_DOCUMENT_BYTES
                {
                    return Ok(DocumentsReply {
                        documents,
                        cursor: before,
                        more: true,
                    });
                }
                bytes += encoded.len();
                documents.push(encoded);
                before = position;
            }
            Ok(DocumentsReply {
                documents,
                cursor: feed.position,
                more: feed.more,
            })
        })
        .await
    }
}
