//! The hub without HTTP: its store, its lists, and everything that is done with them.
//!
//! [`Hub`] is the handle that requests hold. Writing goes through one thread ([`writer`]); reading does not wait for it.

mod backlog;
mod changeover;
mod digests;
mod doings;
mod exchange;
mod feed;
mod find;
mod join;
mod lists;
mod office;
mod people;
mod presence;
mod readers;
mod reconcile;
mod records;
mod recovery;
mod renew;
mod schema;
mod start;
mod upkeep;
mod writer;

use std::path::Path;
use std::sync::atomic::AtomicU16;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::domain::Catalogue;
use shared::read_model::{ApplyError, OpenError, QueryError, Reader};
use shared::store::{HubStore, StoreError};
use shared::sync::hub::{Echoes, Recovery};
use shared::wire::Epoch;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use changeover::ChangeoverError;
pub(crate) use doings::{Doing, What, Write};
pub(crate) use exchange::ExchangeError;
pub(crate) use join::{JoinError, MakeJoinString, MakeJoinStringError};
pub(crate) use office::{Choice, SetPriceError, SettleError};
pub(crate) use people::{EditStaff, NewStaff, NewStaffError};
pub(crate) use presence::Freshness;
pub(crate) use reconcile::ReconcileError;
pub(crate) use records::{GivenBack, Presence, RefusedDelta, Replica};
pub(crate) use renew::{begin_again, header_of};
#[cfg(test)]
pub(crate) use schema::SchemaError;
pub(crate) use schema::{Advance, BATCH, LARGEST_BATCH, Looked, StepStatus};
pub(crate) use start::{
    FirstStart, StartError, give_new_password, lists_file, start, store_directory,
};
pub(crate) use upkeep::LONG_ABSENT_DAYS_ALLOWED;
pub(crate) use writer::Writer;

use self::backlog::Follow;
use crate::random::NoRandomness;

/// The hub as requests hold it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<writer::Shared>,
    jobs: mpsc::Sender<writer::Job>,
    readers: readers::Readers,
    replicas: presence::Replicas,
    echoes: Mutex<Echoes>,
    standings: exchange::Standings,
    epoch: Mutex<Epoch>,
    recovery: Mutex<Option<Recovery>>,
    /// Replicas that speak an older protocol version than this are refused: see [`schema`].
    oldest: AtomicU16,
    public_url: String,
    join_string_lifetime: Duration,
}

/// What can go wrong below every operation. Nothing was acknowledged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lists.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The lists could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The lists could not follow.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The barrier failed, so nothing of the batch may be believed.
    #[error(
        "the hub cannot make anything durable at present ({0}); look at its disk, then try again"
    )]
    NotDurable(String),
    /// The hub is stopping.
    #[error("the hub is stopping; try again in a moment")]
    Stopped,
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl Hub {
    /// All reference data.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        let catalogue = &self.inner.shared.catalogue;
        Arc::clone(&catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which life of the feed this is.
    pub(crate) fn epoch(&self) -> Epoch {
        *self
            .inner
            .epoch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The address by which others reach this hub, without a slash at the end.
    pub(crate) fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// The position up to which everything is durable and in the lists; changes wake the receiver.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.inner.shared.head.subscribe()
    }

    /// How many positions of the feed the lists have yet to follow: most are a document each.
    pub(crate) fn lists_behind(&self) -> u64 {
        let shared = &self.inner.shared;
        shared.store.head().saturating_sub(*shared.head.borrow())
    }

    /// Joined machines and when they were last heard of.
    pub(crate) fn replicas(&self) -> &presence::Replicas {
        &self.inner.replicas
    }

    /// Runs a query over the lists, away from the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, BackendError> {
        self.inner.readers.read(query).await
    }

    /// Reads documents and records, away from the async threads, and only what is durable.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&HubStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let shared = Arc::clone(&self.inner.shared);
        tokio::task::spawn_blocking(move || {
            let _durable = shared.gate.read().unwrap_or_else(PoisonError::into_inner);
            Ok(look(&shared.store)?)
        })
        .await
        .map_err(|_| BackendError::Stopped)?
    }

    /// Has work done by the writer. The answer comes when what was written survives a power cut and is in the lists.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<BackendError> + Send + 'static,
    {
        self.write_for(Follow::Awaited, work).await
    }

    /// Has work done by the writer. The answer comes when what was written survives a power cut; when the lists have it,
    /// `follow` says.
    async fn write_for<T, E>(
        &self,
        follow: Follow,
        work: impl FnOnce(&mut Writer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<BackendError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: writer::Job = Box::new(move |writer| {
            let outcome = work(writer);
            writer::Answer {
                follow,
                tell: Box::new(move |durable| {
                    // The asker may have gone; what was written stays written.
                    let _ = answer.send(durable.map_err(E::from).and(outcome));
                }),
            }
        });
        let queued = self.inner.jobs.send(job).await;
        queued.map_err(|_| E::from(BackendError::Stopped))?;
        answered.await.map_err(|_| E::from(BackendError::Stopped))?
    }

    /// Leaves the store's files as closing it would: the process ends while threads and requests still hold it.
    pub(crate) async fn settle_store(&self) {
        let settled = self
            .write(|writer| Ok::<_, BackendError>(writer.store().settle()?))
            .await;
        if let Err(error) = settled {
            tracing::warn!(%error, "the store is settled at the next start");
        }
    }

    /// Bytes the store has on disk.
    pub(crate) async fn bytes_on_disk(&self) -> Result<u64, BackendError> {
        self.look(HubStore::bytes_on_disk).await
    }
}

/// For a store that was restored from a backup: branches will send again what it lacks.
///
/// # Errors
/// When the store cannot be opened, such as while the hub runs.
pub(crate) fn begin_new_epoch(data: &Path) -> Result<Epoch, BackendError> {
    begin_again(&start::store_directory(data))
}
