//! The store thread: one operating-system thread owns the [`BranchStore`] and the read model's writer.
//!
//! Work comes through a bounded channel as closures over a [`Desk`]. **Group commit**: what is queued is done one after the
//! other, then one `persist()` serves all of it, then the read model follows, then everybody is answered. What comes from the
//! hub in bulk goes into the store alone; the lists follow it in large transactions while nothing waits for the thread.
//!
//! **Invariants**
//! - Nobody is answered about a write before `persist()` has returned.
//! - A list that is read after an answer shows what the answer was about, unless it was about a bulk of the hub's.
//! - A panic on the thread ends the process: nothing half done goes on living, and a restart is safe.

mod catch_up;
mod desk;
mod lists;
mod thread;

use std::path::Path;
use std::sync::Arc;

use shared::domain::Catalogue;
use shared::read_model::{OpenError, Reader};
use shared::store::{BranchStore, Pending, StoreError, Unreadable};
use shared::sync::{Progress, Proof};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub(crate) use desk::Desk;

use crate::clock::Clock;
use crate::counter::{Changed, CounterError};
use lists::Lists;
use thread::{Job, Message};

/// Work that may wait for the store thread. A counter that queues this deep has a disk that does not answer; callers then
/// wait their turn instead of filling the memory.
const QUEUE: usize = 256;

/// News that a slow page may lag behind before it must read everything again.
const NEWS: usize = 256;

/// What everybody may know about the store at any moment, as of the last group commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) pending: Pending,
    pub(crate) head: u64,
    pub(crate) progress: Progress,
    pub(crate) proof: Proof,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) unreadable: Arc<Vec<Unreadable>>,
    /// Documents held.
    pub(crate) documents: u64,
    /// Why the lists are behind the documents; none when they are not.
    pub(crate) lists_behind: Option<String>,
    /// Whether what came in bulk is still on its way into the lists.
    pub(crate) lists_follow: bool,
}

/// The way to the store thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Storage {
    jobs: mpsc::Sender<Message>,
    facts: watch::Receiver<Arc<Facts>>,
    news: broadcast::Sender<Changed>,
    lists: Lists,
}

/// The running thread, to be joined when the daemon ends.
pub(crate) struct StoreThread(std::thread::JoinHandle<Result<(), StoreError>>);

/// The store or the lists could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The documents.
    #[error("the order store cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The lists.
    #[error("the lists cannot be opened: {0}")]
    Lists(#[from] OpenError),
    /// No thread.
    #[error("the store's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Storage {
    /// Takes over an open store, opens the read model in `lists_file` beside it, and brings the read model up to date.
    /// Blocks until that is done.
    ///
    /// # Errors
    /// [`StartError`]; the store is closed then.
    pub(crate) fn start(
        store: BranchStore,
        lists_file: &Path,
        clock: Clock,
    ) -> Result<(Self, StoreThread), StartError> {
        let (facts_sender, facts) = watch::channel(Arc::default());
        let news = broadcast::channel(NEWS).0;
        let desk = Desk::open(store, lists_file, clock)?;
        facts_sender.send_replace(Arc::new(desk.facts()));
        let lists = Lists::open(lists_file)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let running = thread::start(desk, queue, facts_sender, news.clone())?;
        Ok((
            Self {
                jobs,
                facts,
                news,
                lists,
            },
            StoreThread(running),
        ))
    }

    /// Does `work` on the store thread. The answer comes once everything that was written up to then is durable and in the lists.
    ///
    /// # Errors
    /// [`CounterError::NotSaved`] when it could not be made durable; [`CounterError::Stopping`] when the thread has ended.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, CounterError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            let outcome = work(desk);
            Box::new(move |durable| {
                // Whoever asked may have gone; what they asked for is done all the same.
                let _ = answer.send(durable.clone().map(|()| outcome));
            })
        });
        self.jobs
            .send(Message::Work(job))
            .await
            .map_err(|_| CounterError::Stopping)?;
        answered.await.map_err(|_| CounterError::Stopping)?
    }

    /// Reads lists on a thread for blocking work, beside the store thread.
    ///
    /// # Errors
    /// [`CounterError::Lists`].
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, shared::read_model::QueryError> + Send + 'static,
    ) -> Result<T, CounterError> {
        self.lists.ask(question).await
    }

    /// What is known as of the last group commit.
    pub(crate) fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.borrow())
    }

    /// Sees every new state of the facts.
    pub(crate) fn watch_facts(&self) -> watch::Receiver<Arc<Facts>> {
        self.facts.clone()
    }

    /// News for pages, from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.news.subscribe()
    }

    /// Tells open pages something.
    pub(crate) fn announce(&self, changed: Changed) {
        // Nobody listens when no page is open.
        let _ = self.news.send(changed);
    }

    /// Completes when the store thread has ended.
    pub(crate) async fn ended(&self) {
        self.jobs.closed().await;
    }

    /// Asks the thread to end after what is queued before this.
    pub(crate) async fn close(&self) {
        // It has ended already when the channel is closed.
        let _ = self.jobs.send(Message::Close).await;
    }
}

impl StoreThread {
    /// Waits until the thread has ended and let go of the store's files. Blocks.
    ///
    /// # Errors
    /// What made it end, unless it was asked to.
    pub(crate) fn join(self) -> Result<(), StoreError> {
        self.0
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
