//! What came and could not be taken, and what the hub would not take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::BranchStore;
use crate::clock::UtcMillis;
use crate::id::DocumentId;
use crate::limits;
use crate::store::engine::Write;
use crate::store::layout::{self, QUARANTINE};
use crate::store::{StoreError, records};

/// Something that came and could not be taken, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Its number at this store.
    pub sequence: u64,
    /// Which document, when that could be read.
    pub document: Option<DocumentId>,
    /// Why, for a person.
    pub reason: String,
    /// Since when.
    pub at: UtcMillis,
    /// Whether it came from the hub or was refused by it.
    pub from_hub: bool,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
}

impl BranchStore {
    /// Keeps something that could not be taken, to be shown and tried again after an upgrade. Durable with the next persist.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn set_aside(&mut self, mut what: SetAside) -> Result<(), StoreError> {
        let digest = AsideDigest::of(&what);
        let sequence = self.set_aside + 1;
        let known = self.known_aside()?;
        if known.values().any(|aside| *aside == digest) {
            return Ok(());
        }
        what.sequence = sequence;
        let key = layout::key(QUARANTINE, &sequence.to_be_bytes());
        self.engine
            .apply(&[Write::Put(key, records::encode(&what))])?;
        self.set_aside = sequence;
        self.known_aside()?.insert(sequence, digest);
        Ok(())
    }

    /// What was set aside, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn quarantined(&self) -> Result<Vec<SetAside>, StoreError> {
        let (from, to) = layout::bounds(QUARANTINE);
        let entries = self
            .engine
            .range(&from, &to, limits::DOCUMENTS_PER_EXCHANGE)?;
        Ok(entries
            .iter()
            .filter_map(|(_, value)| records::decode(value).ok())
            .collect())
    }

    /// Lets go of something that was set aside, after it was taken in or a person has decided.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn release(&mut self, sequence: u64) -> Result<(), StoreError> {
        self.engine.apply(&[Write::Remove(layout::key(
            QUARANTINE,
            &sequence.to_be_bytes(),
        ))])?;
        if let Some(known) = &mut self.aside {
            known.remove(&sequence);
        }
        Ok(())
    }

    fn known_aside(&mut self) -> Result<&mut BTreeMap<u64, AsideDigest>, StoreError> {
        let known = match self.aside.take() {
            Some(known) => known,
            None => self
                .quarantined()?
                .iter()
                .map(|aside| (aside.sequence, AsideDigest::of(aside)))
                .collect(),
        };
        Ok(self.aside.insert(known))
    }
}

/// SHA-256 of something set aside and of which way it went.
#[derive(PartialEq, Eq)]
pub(super) struct AsideDigest([u8; 32]);

impl AsideDigest {
    fn of(aside: &SetAside) -> Self {
        let digest = Sha256::new()
            .chain_update([u8::from(aside.from_hub)])
            .chain_update(&aside.bytes)
            .finalize();
        Self(digest.into())
    }
}
