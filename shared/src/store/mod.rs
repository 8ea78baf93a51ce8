//! Where documents live: plain facades over a private engine trait.
//!
//! The document is the one truth; what is derived (the read model) is rebuilt from [`Feed`]s.
//!
//! - [`BranchStore`]: one writer, atomic batches: a document, its place in the feed, its outbox mark and the replica's
//!   counter become durable together or not at all.
//! - [`HubStore`]: written for the weaker engine to come (a distributed key-value store): compare-and-set of one
//!   document, one total order to read changes from, no commit over several keys.

mod arrived;
pub mod backup;
mod block;
mod block_map;
mod branch;
mod change_log;
mod compaction;
#[cfg(test)]
mod contract;
mod engine;
mod feed;
mod filling;
mod format_mark;
mod generation;
mod hub;
mod journal;
mod layout;
mod memory;
mod merging;
#[cfg(test)]
mod outbound_laws;
mod overlay;
mod packing;
mod records;
pub mod repair;
mod settled;
mod simulated;
mod sled_engine;
#[cfg(test)]
mod spoiled;
mod stored;
pub mod verify;

pub use arrived::Arrived;
pub use branch::{BranchStore, FromHub, FromHubEncoded, Identity, Outgoing, Pending, SetAside};
pub use compaction::{Compacted, compact};
pub use engine::EngineError;
pub use hub::{EncodedFeed, Fill, Filled, HubStore, Merged, Outbound};
pub use simulated::{Damage, SimulatedDisk};

use crate::document::format::DecodeError;
use crate::document::{Document, NotTheSame};
use crate::id::DocumentId;

/// A document that changed, and where in the feed it now stands.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its place in the total order of this store's changes.
    pub position: u64,
    /// The document as it is now.
    pub document: Document,
}

/// Part of a store's feed: each document once, at its latest position.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Documents that could be read, by position.
    pub changes: Vec<Change>,
    /// Documents that could not. They stay in the store as they are; everything else works on.
    pub unreadable: Vec<Unreadable>,
    /// The position up to which this part goes: ask for what comes after it next.
    pub position: u64,
    /// Whether more follows.
    pub more: bool,
}

/// A stored document that this version cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its place in the feed.
    pub position: u64,
    /// Which.
    pub id: DocumentId,
    /// Why, for a person.
    pub reason: String,
}

impl StoreError {
    /// Whether another process has the store open.
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Held))
    }

    /// Tells what concerns one document only, within, from a failure of the engine, after which nothing goes on.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn of_one<T>(outcome: Result<T, Self>) -> Result<Result<T, Self>, Self> {
        match outcome {
            Err(error @ Self::Engine(_)) => Err(error),
            other => Ok(other),
        }
    }
}

/// Why the store did not do what was asked. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed: a full disk, a damaged file.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A stored document cannot be read. It is kept as it is.
    #[error("document {id} cannot be read and is set aside as it is: {reason}")]
    Unreadable {
        /// Which.
        id: DocumentId,
        /// Why.
        reason: String,
    },
    /// Bytes that are no document. Whoever sent them keeps them.
    #[error(transparent)]
    NoDocument(#[from] DecodeError),
    /// A delta for another document or kind.
    #[error(transparent)]
    NotTheSame(#[from] NotTheSame),
    /// The document would outgrow its limit.
    #[error(
        "document {id} would have {bytes} bytes; at most {} are allowed. What is stored stays as it is",
        crate::limits::DOCUMENT_BYTES
    )]
    TooLarge {
        /// Which.
        id: DocumentId,
        /// How large it would be.
        bytes: usize,
    },
    /// One dot stands for one write here and for another in the delta.
    #[error(
        "document {id} holds another write under the number {dot}: the machine that sent this was copied or put back. Nothing of it was merged"
    )]
    Collision {
        /// Which document.
        id: DocumentId,
        /// The number that was given twice.
        dot: crate::id::Dot,
    },
    /// The store has no identity yet.
    #[error("this store belongs to no branch yet; join it to the hub first")]
    NoIdentity,
    /// Writes were made under an identity or counter that is not this store's present one.
    #[error("the change was made under an identity that this store no longer has; make it again")]
    ForeignAuthor,
    /// A record in the store cannot be read.
    #[error("the store's record {name} cannot be read: {reason}")]
    Record {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
}
