//! A target that tells how much was read back from it: at a hub of millions of documents that takes minutes.

use shared::id::ReplicaNumber;
use shared::store::Fill;
use tools::target::{BatchLimits, EncodedPage, Page, Refusal, Target, TargetError};

use super::progress::ReadBack;

/// A target of any kind, watched.
pub(super) struct Watched<T> {
    target: T,
    read_back: ReadBack,
}

impl<T> Watched<T> {
    pub(super) fn new(target: T) -> Self {
        Self {
            target,
            read_back: ReadBack::default(),
        }
    }

    fn tell(&mut self, page: EncodedPage) -> EncodedPage {
        self.read_back.advance(page.documents.len(), page.more);
        page
    }
}

impl<T: Target> Target for Watched<T> {
    fn replica(&self) -> ReplicaNumber {
        self.target.replica()
    }

    fn batch_limits(&self) -> BatchLimits {
        self.target.batch_limits()
    }

    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError> {
        self.target.push(batch, highest_counter, pending)
    }

    fn begin(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Option<Vec<Refusal>>, TargetError> {
        self.target.begin(batch, highest_counter, pending)
    }

    fn answer(&mut self) -> Result<Vec<Refusal>, TargetError> {
        self.target.answer()
    }

    fn begin_fill(&mut self) -> Result<Option<Fill<'_>>, TargetError> {
        self.target.begin_fill()
    }

    fn end(&mut self) -> Result<(), TargetError> {
        self.target.end()
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        let page = self.target.page(after)?;
        self.read_back.advance(page.documents.len(), page.more);
        Ok(page)
    }

    fn encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let page = self.target.encoded_page(after)?;
        Ok(self.tell(page))
    }

    fn any_encoded_page(&mut self, after: u64) -> Result<EncodedPage, TargetError> {
        let page = self.target.any_encoded_page(after)?;
        Ok(self.tell(page))
    }

    fn stands_still(&self) -> bool {
        self.target.stands_still()
    }

    fn name(&self) -> String {
        self.target.name()
    }
}
