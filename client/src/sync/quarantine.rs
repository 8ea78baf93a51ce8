//! What was set aside, tried again.

use shared::document::{Document, format};
use shared::store::{SetAside, StoreError};

use crate::storage::Desk;

/// Takes in what came from the hub and can be read by now. Returns how much that was. What the hub refused stays: only a
/// person or an upgraded hub can do something about it.
pub(crate) fn retry_quarantine(desk: &mut Desk) -> Result<u64, StoreError> {
    let mut released = 0;
    for kept in desk.quarantined()? {
        if let Some(document) = readable(&kept) {
            let progress = desk.progress();
            if desk.commit_from_hub(&[document], progress)?.is_empty() {
                desk.release(kept.sequence)?;
                released += 1;
            }
        }
    }
    Ok(released)
}

fn readable(kept: &SetAside) -> Option<Document> {
    if !kept.from_hub {
        return None;
    }
    format::decode(&kept.bytes).ok()
}
