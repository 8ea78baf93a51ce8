//! Finding out where two scopes differ without listing either: range-based set reconciliation.
//!
//! The branch asks what the hub holds in a range of ids. Few documents are listed with their state hashes; many come as parts
//! of the range with a digest each. The branch compares with what it holds itself and asks on about the parts that differ.
//! One difference among *n* documents is found in log<sub>32</sub> *n* round trips, a kilobyte or two each. The method is
//! that of Meyer, "Range-Based Set Reconciliation" (2023); why not a library is in `docs/decisions/0007`.
//!
//! **Invariants**
//! - [`Responder`] keeps nothing between messages, so a hub can be asked by any number of branches and restarted in between.
//! - Both sides may go on writing. What changes meanwhile may be found or not; what differed all along is found.
//! - A message of any content costs at most one walk over the scope and a bounded amount of memory. [`Initiator`] asks a
//!   bounded number of times, whatever it is answered.

mod initiator;
mod responder;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

pub use initiator::{Differences, Initiator, TakeError};
pub use responder::{AnswerError, Responder};

use crate::id::DocumentId;
use crate::wire::reconcile::RECONCILE_BYTES;

/// What one side holds, in the order of ids.
pub trait Inventory {
    /// Why it cannot be read.
    type Error;

    /// Visits the items in a range by ascending id until `visit` breaks.
    ///
    /// # Errors
    /// When what is held cannot be read; what was visited before is as good as any.
    fn visit(
        &self,
        range: KeyRange,
        visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;
}

/// A document and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub id: DocumentId,
    /// `Document::state_hash`.
    pub state_hash: [u8; 16],
}

/// Ids from the first to the last, both within. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    first: DocumentId,
    last: DocumentId,
}

impl KeyRange {
    /// Every id.
    pub const ALL: Self = Self {
        first: DocumentId::from_bytes([0; 16]),
        last: DocumentId::from_bytes([0xff; 16]),
    };

    /// `None` when the last comes before the first.
    pub fn new(first: DocumentId, last: DocumentId) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The least id in it.
    pub const fn first(&self) -> DocumentId {
        self.first
    }

    /// The greatest id in it.
    pub const fn last(&self) -> DocumentId {
        self.last
    }

    fn contains(&self, id: DocumentId) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

/// The id that follows; `None` after the last of all.
fn next_key(id: DocumentId) -> Option<DocumentId> {
    let next = u128::from_be_bytes(*id.as_bytes()).checked_add(1)?;
    Some(DocumentId::from_bytes(next.to_be_bytes()))
}

/// How much is said at once. Both sides of one build use [`Limits::default`]; tests use less to reach the bounds.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Bytes of a reply before compression, unless its first answer alone needs more.
    message_bytes: usize,
    /// A range of more than twice as many documents is answered in this many parts, up to twice as many.
    parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: RECONCILE_BYTES,
            // A list of 64 documents and 32 to 64 parts both need 2 KB: some thirty answers fill a message. With 16 parts a
            // comparison needs a round more, with 64 two and a half times the bytes (docs/decisions/0007).
            parts: 32,
        }
    }
}

impl Limits {
    /// Entries of one answer, items or parts.
    const fn entries(self) -> usize {
        self.parts * 2
    }

    /// Ranges in one query: a query is half as long as a reply.
    const fn ranges(self) -> usize {
        let ranges = self.message_bytes / (2 * ENTRY_BYTES);
        if ranges == 0 { 1 } else { ranges }
    }
}

/// Bytes of a range, an item or a part: two keys, or a key and a hash.
const ENTRY_BYTES: usize = 32;

/// Bytes of an answer beside its entries: which kind, and how many.
const ANSWER_BYTES: usize = 4;
