//! What the hub holds, read as an office program reads it.

use anyhow::Result;
use shared::document::{Document, format};
use shared::domain::fields::kind;
use shared::wire::{self, DOCUMENTS_PATH, DocumentsReply};
use tests::firm::Hub;

/// Documents asked for at once.
const PAGE: usize = 1_000;

/// The position of the hub's latest change.
///
/// # Errors
/// When the hub does not answer.
pub(crate) async fn head(hub: &Hub) -> Result<u64> {
    // Only the feed itself tells; a page costs milliseconds.
    let mut after = 0;
    loop {
        let path = format!("{DOCUMENTS_PATH}?after={after}&limit={PAGE}");
        let reply: DocumentsReply = wire::decode(&hub.bytes(&path).await?)?;
        after = reply.cursor;
        if !reply.more {
            return Ok(after);
        }
    }
}

/// All documents of the hub as it stores them.
///
/// # Errors
/// When the hub does not answer.
pub(crate) async fn encoded(hub: &Hub) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("{DOCUMENTS_PATH}?after={after}&limit={PAGE}");
        let reply: DocumentsReply = wire::decode(&hub.bytes(&path).await?)?;
        after = reply.cursor;
        all.extend(reply.documents);
        if !reply.more {
            return Ok(all);
        }
    }
}

/// The documents; what cannot be read here is a mistake of the measurement.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn read(encoded: &[Vec<u8>]) -> Result<Vec<Document>> {
    encoded
        .iter()
        .map(|bytes| Ok(format::decode(bytes)?))
        .collect()
}

pub(crate) fn is_order(document: &Document) -> bool {
    document.kind().as_str() == kind::ORDER
}
