//! Where documents go and come back from: a running hub over its API, or a hub's store in a folder.

mod changeover;
mod hub;
mod store;

use shared::document::Document;
use shared::id::ReplicaNumber;
use shared::store::Fill;

pub use changeover::{BranchStanding, FoundOrder, Standing};
pub use hub::{Credentials, Hub};
pub use store::Store;

/// Documents of one batch, bounded so that the hub merges it in well under a second.
pub const BATCH_DOCUMENTS: usize = 500;

/// Bytes of one batch before compression; below the limit of one exchange.
pub const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// How much goes to a target at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Documents of one batch.
    pub documents: usize,
    /// Bytes of them.
    pub bytes: usize,
}

/// A document the target did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the batch.
    pub index: usize,
    /// Why, in the target's words.
    pub reason: String,
}

/// Part of the target's feed.
#[derive(Debug, Default)]
pub struct Page {
    /// Documents, each at its latest state.
    pub documents: Vec<Document>,
    /// Documents this program cannot read.
    pub unreadable: u64,
    /// Where to go on.
    pub cursor: u64,
    /// Whether more follows.
    pub more: bool,
}

/// Part of the target's feed, its documents as bytes.
#[derive(Debug, Default)]
pub struct EncodedPage {
    /// Documents in their canonical form, each at its latest state.
    pub documents: Vec<Vec<u8>>,
    /// Documents this program cannot read.
    pub unreadable: u64,
    /// Where to go on.
    pub cursor: u64,
    /// Whether more follows.
    pub more: bool,
}

/// Why the target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The hub does not answer.
    #[error(
        "the hub {hub} cannot be reached: {reason}. What it has taken stays; run again to go on where it stopped."
    )]
    Unreachable {
        /// Its address.
        hub: String,
        /// Why.
        reason: String,
    },
    /// The hub answered with an error.
    #[error("the hub answered {status}: {reason}. What it has taken stays.")]
    Answered {
        /// HTTP status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// The join string or token is not accepted.
    #[error("{0}")]
    NotAllowed(String),
    /// Its answer cannot be read.
    #[error("the hub's answer cannot be read: {0}. Are both of the same version?")]
    Unreadable(String),
    /// The store in a folder failed.
    #[error("the store failed: {0}. A running hub locks its store: stop it, or import with --hub.")]
    Store(#[from] shared::store::StoreError),
}

/// A place documents go to and come back from.
pub trait Target {
    /// The number under which the importer writes there.
    fn replica(&self) -> ReplicaNumber;
    /// How much goes there at once.
    fn batch_limits(&self) -> BatchLimits {
        BatchLimits {
            documents: BATCH_DOCUMENTS,
            bytes: BATCH_BYTES,
        }
    }
    /// Sends a batch of encoded deltas. All that are not refused are durable there when this returns.
    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError>;
    /// Begins to send a batch: its refusals where that is all that has to be waited for, else none, and [`Self::answer`] brings
    /// them. So the next batch is made ready meanwhile.
    fn begin(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Option<Vec<Refusal>>, TargetError> {
        self.push(batch, highest_counter, pending).map(Some)
    }
    /// Waits for the answer to the earliest batch that is under way: all of it that is not refused is durable there.
    fn answer(&mut self) -> Result<Vec<Refusal>, TargetError> {
        Ok(Vec::new())
    }
    /// Begins to fill a target that holds little or nothing with documents that are new; none where there is no faster way than
    /// [`Self::push`].
    fn begin_fill(&mut self) -> Result<Option<Fill<'_>>, TargetError> {
        Ok(None)
    }
    /// All that was to be sent is there: what is better done now than at the next use.
    fn end(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
    /// The feed after a position.
    fn page(&mut self, after: u64) -> Result<Page, TargetError>;
    /// The feed after a position, its documents as bytes.
    fn encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let page = self.page(after)?;
        let documents = page.documents.iter();
        Ok(EncodedPage {
            documents: documents.map(shared::document::format::encode).collect(),
            unreadable: page.unreadable,
            cursor: page.cursor,
            more: page.more,
        })
    }
    /// All documents as bytes, each once, from a cursor of an earlier answer on, 0 at first: in whatever order they come
    /// fastest. Nothing may be written to the target meanwhile where it is a store.
    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        self.encoded_page(after)
    }
    /// Whether nobody writes to it while it is read, so that [`Self::any_encoded_page`] surely brings each document once.
    fn stands_still(&self) -> bool {
        false
    }
    /// What it is called in reports.
    fn name(&self) -> String;
}
