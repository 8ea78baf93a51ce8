//! What the hub holds, read as an office program reads it.

use std::time::Duration;

use anyhow::{Context, Result};
use shared::document::{Document, format};
use shared::domain::fields::kind;
use shared::wire::{self, DOCUMENTS_PATH, DocumentsReply};
use tests::firm::Hub;

/// Documents asked for at once.
const PAGE: usize = 1_000;

/// The position of the hub's latest change, once its lists have it. Nobody writes meanwhile.
///
/// # Errors
/// When the hub does not answer or its lists do not come to the end.
pub(crate) async fn head(hub: &Hub) -> Result<u64> {
    /// Between two looks: each counts through the lists.
    const PAUSE: Duration = Duration::from_millis(250);
    /// A million orders are followed within it.
    const LONGEST: Duration = Duration::from_mins(20);
    let followed = async {
        while hub
            .metric(|name| name == "offpiste_hub_lists_behind")
            .await?
            != Some(0.0)
        {
            tokio::time::sleep(PAUSE).await;
        }
        let position = hub.metric(|name| name == "offpiste_hub_feed_position");
        position
            .await?
            .context("the hub does not say how far it is")
    };
    let position = tokio::time::timeout(LONGEST, followed).await;
    let position = position.context("the hub's lists do not come to the end of its feed")??;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions are whole and far below 2^53"
    )]
    Ok(position as u64)
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
