//! Mending a difference that [`crate::sync::reconcile`] has found: what the hub holds is taken in, what it lacks is offered.
//!
//! Only what differs moves. Everything is an ordinary merge on both sides, so a difference that was none, or is none any more,
//! costs a few bytes and changes nothing; and mending that is cut off is begun again when the digests are next compared.

use super::{Desk, Planned, Proof, merge, message, offering};
use crate::clock::UtcMillis;
use crate::document::format;
use crate::id::{Actor, DocumentId};
use crate::limits;
use crate::store::{Outgoing, SetAside, StoreError};

/// Takes in whole documents that were fetched from the hub. Returns those that are still in another state here than there,
/// because this branch knows more of them: they are to be offered.
///
/// # Errors
/// [`StoreError`]; the difference stays and is found again.
pub fn take_fetched(
    desk: &mut impl Desk,
    encoded: Vec<Vec<u8>>,
    now: UtcMillis,
) -> Result<Vec<DocumentId>, StoreError> {
    let mut documents = Vec::with_capacity(encoded.len());
    for bytes in encoded {
        match format::decode(&bytes) {
            Ok(document) => documents.push(document),
            Err(error) => desk.set_aside(SetAside {
                sequence: 0,
                document: None,
                reason: error.to_string(),
                at: now,
                from_hub: true,
                bytes,
            })?,
        }
    }
    let progress = desk.progress();
    // A collision among them is met again by the next exchange, which knows what to do.
    merge(desk, &documents, progress, now)?;
    let mut ahead = Vec::new();
    for theirs in documents {
        match desk.store().document(theirs.id()) {
            Ok(Some(ours)) if ours.state_hash() != theirs.state_hash() => ahead.push(theirs.id()),
            Ok(_) => {}
            Err(error @ StoreError::Engine(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(id = %theirs.id(), %error, "a document stays different from the hub's: it cannot be read here");
            }
        }
    }
    Ok(ahead)
}

/// Mending was cut off, such as by the line: it is begun again when the digests are next compared, not after an hour.
///
/// # Errors
/// [`StoreError`] when it cannot be noted.
pub fn note_broken_off(desk: &mut impl Desk) -> Result<(), StoreError> {
    let proof = desk.proof();
    if proof.mended.is_none() {
        return Ok(());
    }
    desk.set_proof(Proof {
        mended: None,
        ..proof
    })
}

/// A message that offers what this replica wrote of some documents, beside the outbox. Takes those that it covers off the end
/// of `ids`; `None` when there is nothing left to offer. What others wrote of them is theirs to offer.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn plan_offer(
    desk: &impl Desk,
    ids: &mut Vec<DocumentId>,
    now: UtcMillis,
) -> Result<Option<Planned>, StoreError> {
    let store = desk.store();
    let Some(own) = store
        .identity()
        .map(|identity| identity.actor)
        .map(Actor::replica)
    else {
        return Ok(None);
    };
    let mut outgoing: Vec<Outgoing> = Vec::new();
    let mut bytes = 0;
    while outgoing.len() < limits::DOCUMENTS_PER_EXCHANGE
        && let Some(id) = ids.pop()
    {
        let document = match store.document(id) {
            Ok(document) => document,
            Err(error @ StoreError::Engine(_)) => return Err(error),
            // What cannot be read cannot be offered; it is listed as unreadable.
            Err(_) => None,
        };
        let Some(part) = document.and_then(|document| document.part_written_by(own)) else {
            continue;
        };
        let delta = format::encode(&part);
        bytes += delta.len();
        if bytes > limits::EXCHANGE_DOCUMENT_BYTES && !outgoing.is_empty() {
            ids.push(id);
            break;
        }
        outgoing.push(Outgoing {
            id,
            mark: offering::NO_MARK,
            since: now,
            delta,
        });
    }
    if outgoing.is_empty() {
        return Ok(None);
    }
    let progress = desk.progress();
    let pending = store.pending();
    let (mut message, sent) = message(&progress, outgoing, pending, store.identity(), now);
    message.session = desk.session();
    message.set_aside = u32::try_from(store.quarantined()?.len()).unwrap_or(u32::MAX);
    Ok(Some(Planned {
        message,
        sent,
        progress,
        pending,
        offered_up_to: None,
        only_pushes: false,
    }))
}
