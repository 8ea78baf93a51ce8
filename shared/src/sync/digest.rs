//! One number for the state of many documents, so that two sides can say that they hold the same.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::id::DocumentId;

/// The state hashes of a scope. Each side computes its own from what it holds; a peer's is compared, never adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeDigest(BTreeMap<DocumentId, [u8; 16]>);

impl ScopeDigest {
    /// Notes a document's state, in place of an earlier one.
    pub fn note(&mut self, id: DocumentId, state_hash: [u8; 16]) {
        self.0.insert(id, state_hash);
    }

    /// How many documents it covers.
    pub fn documents(&self) -> usize {
        self.0.len()
    }

    /// SHA-256 over ids and state hashes in the order of the ids.
    pub fn finish(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for (id, hash) in &self.0 {
            hasher.update(id.as_bytes());
            hasher.update(hash);
        }
        hasher.finalize().into()
    }
}
