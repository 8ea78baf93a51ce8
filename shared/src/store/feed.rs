//! Reading on in the order in which documents changed.

use super::engine::Engine;
use super::layout;
use super::stored::Stored;
use super::{Change, Feed, StoreError, Unreadable};
use crate::id::DocumentId;

/// Documents of a feed as they were read, and those that could not be.
pub(super) struct Part<T> {
    /// With their positions, by them.
    pub(super) read: Vec<(u64, T)>,
    pub(super) unreadable: Vec<Unreadable>,
    /// The position up to which this part goes.
    pub(super) position: u64,
    /// Whether more follows.
    pub(super) more: bool,
}

/// The feed after a position, at most `limit` documents of it, each read by `read`.
pub(super) fn part<T>(
    engine: &dyn Engine,
    position: u64,
    limit: usize,
    read: impl Fn(DocumentId, &Stored<'_>) -> Result<T, StoreError>,
) -> Result<Part<T>, StoreError> {
    let (_, end) = layout::bounds(layout::FEED);
    let from = layout::feed_key(position.saturating_add(1));
    let entries = engine.range(&from, &end, limit.saturating_add(1))?;
    let mut part = Part {
        read: Vec::new(),
        unreadable: Vec::new(),
        position,
        more: entries.len() > limit,
    };
    for (key, value) in entries.into_iter().take(limit) {
        let Some((at, _)) = layout::split_u64(&key[1..]) else {
            continue;
        };
        part.position = at;
        let Some(id) = layout::id_from(&value) else {
            continue;
        };
        let Some(stored) = engine.get(&layout::document_key(id))? else {
            continue;
        };
        match Stored::split(id, &stored).and_then(|stored| read(id, &stored)) {
            Ok(document) => part.read.push((at, document)),
            Err(error) => part.unreadable.push(Unreadable {
                position: at,
                id,
                reason: error.to_string(),
            }),
        }
    }
    Ok(part)
}

/// The same, built.
pub(super) fn read(engine: &dyn Engine, position: u64, limit: usize) -> Result<Feed, StoreError> {
    let part = part(engine, position, limit, |id, stored| stored.document(id))?;
    let changes = part.read.into_iter();
    Ok(Feed {
        changes: changes
            .map(|(position, document)| Change { position, document })
            .collect(),
        unreadable: part.unreadable,
        position: part.position,
        more: part.more,
    })
}
