//! A hub's store in a folder, for a first fill before the hub runs and for rehearsals.

use std::path::{Path, PathBuf};

use shared::id::ReplicaNumber;
use shared::store::{EncodedFeed, EngineError, Fill, HubStore};

use super::{
    BATCH_BYTES, BATCH_DOCUMENTS, BatchLimits, EncodedPage, Page, Refusal, Target, TargetError,
};

/// The replica number of imports straight into a store: beyond any a hub gives out one by one.
const STORE_REPLICA: ReplicaNumber = ReplicaNumber(0xFFFF_FF00);

/// Documents of one page of the feed.
const PAGE_DOCUMENTS: usize = 1_000;

/// Bytes of documents that are read at once as they lie on the disk.
const PAGE_BYTES: usize = 1024 * 1024;

/// A hub's store.
pub struct Store {
    documents: HubStore,
    folder: PathBuf,
    /// Whoever goes through all documents goes as they lie on the disk.
    lies_in_order: bool,
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
            documents: HubStore::open(folder)?,
            folder: folder.to_owned(),
            lies_in_order: false,
        })
    }

    /// The store itself, for backups.
    pub fn store(&self) -> &HubStore {
        &self.documents
    }

    /// A store that lives as long as the value: for rehearsals and tests.
    pub fn in_memory() -> Self {
        Self {
            documents: HubStore::in_memory(),
            folder: PathBuf::from("memory"),
            lies_in_order: false,
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
        let refused = self.documents.load(&batch)?;
        let refused = refused.into_iter().map(|(index, error)| Refusal {
            index,
            reason: error.to_string(),
        });
        self.documents.persist()?;
        Ok(refused.collect())
    }

    fn begin_fill(&mut self) -> Result<Option<Fill<'_>>, TargetError> {
        Ok(self.documents.begin_fill()?)
    }

    /// A load leaves waste in the files. Whoever opens the store next would have to rewrite them.
    fn end(&mut self) -> Result<(), TargetError> {
        Ok(self.documents.tidy()?)
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        let feed = self.documents.changes_after(after, PAGE_DOCUMENTS)?;
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
        let feed = self
            .documents
            .encoded_changes_after(after, PAGE_DOCUMENTS)?;
        Ok(page_of(feed))
    }

    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        if after == 0 {
            self.lies_in_order = true;
        }
        if self.lies_in_order {
            match self.documents.encoded_documents_from(after, PAGE_BYTES)? {
                Some(feed) => return Ok(page_of(feed)),
                None if after == 0 => self.lies_in_order = false,
                None => return Err(shared::store::StoreError::from(written_meanwhile()).into()),
            }
        }
        self.encoded_page(after)
    }

    /// Whoever has it open has it alone.
    fn stands_still(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        format!("the store in {}", self.folder.display())
    }
}

fn page_of(feed: EncodedFeed) -> EncodedPage {
    EncodedPage {
        documents: feed.documents,
        unreadable: feed.unreadable,
        cursor: feed.position,
        more: feed.more,
    }
}

fn written_meanwhile() -> EngineError {
    std::io::Error::other("somebody has written to it while all of it was read").into()
}
