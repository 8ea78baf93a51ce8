//! The private trait below both facades: an ordered map of bytes with atomic batches.

use crate::id::DocumentId;

/// What an engine could not do. The store's facade adds what was attempted.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine's own complaint.
    #[error("the store's files could not be used: {0}")]
    Sled(#[from] sled::Error),
    /// Acknowledged writes are missing or cannot be read. Nothing was changed.
    #[error("the store's files are damaged: {0}")]
    Damaged(&'static str),
    /// Another version of the program made them.
    #[error(
        "the store's files say of themselves \"{found}\", and this version reads \"{expected}\". Nothing was changed: use the version that wrote them, or make a backup with that one and restore it with this one"
    )]
    OtherFormat {
        /// What they say.
        found: String,
        /// What this version reads.
        expected: &'static str,
    },
    /// Only one process can have it open.
    #[error("another process has this store open; is the daemon running already?")]
    Held,
    /// The operating system's.
    #[error("the store's files could not be used: {0}")]
    Io(#[from] std::io::Error),
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
}

/// An entry as an engine gives it back: key and value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// Documents as they lie on the disk.
#[derive(Debug, Default)]
pub(crate) struct Lying {
    /// Keys and values.
    pub(crate) entries: Vec<Entry>,
    /// The place behind them; none when there are no more.
    pub(crate) next: Option<u64>,
}

/// An ordered map of bytes. All engines pass `contract.rs`.
pub(crate) trait Engine: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Entries with `from <= key < to`, ascending, at most `limit`.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError>;

    /// The greatest entry with `from <= key < to`.
    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError>;

    /// All writes or, after a crash at any moment, none of them. Durable only once [`Self::persist`] has returned.
    fn apply(&self, batch: &[Write]) -> Result<(), EngineError>;

    /// The same of a batch that nobody needs any more: a load hands over megabytes.
    fn apply_whole(&self, batch: Vec<Write>) -> Result<(), EngineError> {
        self.apply(&batch)
    }

    /// Returns once everything applied before survives a power cut.
    fn persist(&self) -> Result<(), EngineError>;

    /// Makes the files as small as they should be now, instead of when they are opened next: after a bulk load.
    fn tidy(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Leaves the files as closing leaves them, for a process that is about to end while some of it still holds the store: what
    /// waits is settled, and small files are as small as they should be.
    fn settle(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Begins to fill a store that holds little with many new documents, whose places in the feed come after `head`. None where
    /// that is no faster than [`Self::apply_whole`]. Nobody can write until the filling is gone.
    fn begin_filling(&self, _head: u64) -> Result<Option<Box<dyn Filling + '_>>, EngineError> {
        Ok(None)
    }

    /// Documents as they lie on the disk, from a place there on, about so many bytes of them: the fastest way through all of
    /// them. None where they lie in no such order, or some have been written lately.
    fn documents_from(&self, _place: u64, _bytes: usize) -> Result<Option<Lying>, EngineError> {
        Ok(None)
    }

    /// Bytes on disk; 0 for an engine in memory.
    fn bytes_on_disk(&self) -> Result<u64, EngineError>;
}

/// New documents on their way into a store, of which nothing shows before all of them do.
pub(crate) trait Filling {
    /// Adds a document, given in its canonical form, behind the others.
    fn add(&mut self, id: DocumentId, encoded: &[u8]) -> Result<(), EngineError>;

    /// Has the store show all of them, durably. None, and nothing was stored, when one of them is there already or came twice;
    /// else the place of the last one in the feed.
    fn finish(self: Box<Self>) -> Result<Option<u64>, EngineError>;
}
