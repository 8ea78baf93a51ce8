//! A hub's store in a folder, for a first fill before the hub runs and for rehearsals.

use std::path::{Path, PathBuf};

use shared::id::ReplicaNumber;
use shared::store::{Fill, HubStore};

use super::{
    BATCH_BYTES, BATCH_DOCUMENTS, BatchLimits, EncodedPage, Page, Refusal, Target, TargetError,
};

/// The replica number of imports straight into a store: beyond any a hub gives out one by one.
const STORE_REPLICA: ReplicaNumber = ReplicaNumber(0xFFFF_FF00);

/// Documents of one page of the feed.
const PAGE_DOCUMENTS: usize = 1_000;

/// A hub's store.
pub struct Store {
    store: HubStore,
    folder: PathBuf,
}

impl Store {
    /// Opens or makes the store in a folder, or the one inside a hub's data folder. Only one process can have it open.
    pub fn open(folder: &Path) -> Result<Self, TargetError> {
        let inside = folder.join("store");
        let folder = if inside.is_dir() {
            inside.as_path()
        } else {
            folder
        };
        Ok(Self {
            store: HubStore::open(folder)?,
            folder: folder.to_owned(),
        })
    }

    /// The store itself, for backups.
    pub fn store(&self) -> &HubStore {
        &self.store
    }

    /// A store that lives as long as the value: for rehearsals and tests.
    pub fn in_memory() -> Self {
        Self {
            store: HubStore::in_memory(),
            folder: PathBuf::from("memory"),
        }
    }
}

impl Target for Store {
    fn replica(&self) -> ReplicaNumber {
        STORE_REPLICA
    }

    /// A barrier costs the same for a few documents as for thousands.
    fn batch_limits(&self) -> BatchLimits {
        BatchLimits {
            documents: 4 * BATCH_DOCUMENTS,
            bytes: 4 * BATCH_BYTES,
        }
    }

    fn push(&mut self, batch: Vec<Vec<u8>>, _: u64, _: u64) -> Result<Vec<Refusal>, TargetError> {
        let refused = self.store.load(&batch)?;
        let refused = refused.into_iter().map(|(index, error)| Refusal {
            index,
            reason: error.to_string(),
        });
        self.store.persist()?;
        Ok(refused.collect())
    }

    fn begin_fill(&mut self) -> Result<Option<Fill<'_>>, TargetError> {
        Ok(self.store.begin_fill()?)
    }

    /// A load leaves waste in the files. Whoever opens the store next would have to rewrite them.
    fn end(&mut self) -> Result<(), TargetError> {
        Ok(self.store.tidy()?)
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        let feed = self.store.changes_after(after, PAGE_DOCUMENTS)?;
        Ok(Page {
            documents: feed
                .changes
                .into_iter()
                .map(|change| change.document)
                .collect(),
            unreadable: feed.unreadable.len() as u64,
            cursor: feed.position,
            more: feed.more,
        })
    }

    fn encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let feed = self.store.encoded_changes_after(after, PAGE_DOCUMENTS)?;
        Ok(EncodedPage {
            documents: feed.documents,
            unreadable: feed.unreadable,
            cursor: feed.position,
            more: feed.more,
        })
    }

    fn name(&self) -> String {
        format!("the store in {}", self.folder.display())
    }
}
