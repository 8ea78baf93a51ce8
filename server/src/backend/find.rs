//! An order of another branch, asked for by its ticket: it comes into the asking branch's scope and stays there.

use shared::command;
use shared::domain::{Order, TicketNumber};
use shared::id::DocumentId;
use shared::read_model::SearchFilter;

use super::records::Replica;
use super::{BackendError, Hub};

impl Hub {
    /// The order with a ticket, from now on in the scope of the replica's branch; the next exchange brings it. None when no
    /// order has the ticket, or the replica serves no branch.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn find(
        &self,
        replica: &Replica,
        ticket: TicketNumber,
    ) -> Result<Option<DocumentId>, BackendError> {
        let Some(branch) = replica.branch else {
            return Ok(None);
        };
        let Some(id) = self.order_with(ticket).await? else {
            return Ok(None);
        };
        self.write(move |writer| {
            let Some((_, document)) = writer.store().document(id)? else {
                return Ok(None);
            };
            // Asked twice is asked once.
            let is_held = Order::of(&document).is_some_and(|order| order.scope().contains(&branch));
            if !is_held {
                writer.write_own::<BackendError>(None, |authoring| {
                    Ok(vec![command::note_fetched(&document, authoring, branch)])
                })?;
            }
            Ok(Some(id))
        })
        .await
    }

    /// The order that has a ticket number.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn order_with(
        &self,
        ticket: TicketNumber,
    ) -> Result<Option<DocumentId>, BackendError> {
        /// More than one order can have a ticket only when disks were copied; the first will do.
        const FEW: usize = 5;
        let found = self
            .read(move |lists| lists.search(ticket.as_str(), FEW, &SearchFilter::default()))
            .await?;
        Ok(found
            .orders
            .into_iter()
            .find(|order| order.ticket.as_deref() == Some(ticket.as_str()))
            .map(|order| order.id.document()))
    }
}
