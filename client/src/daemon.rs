//! The daemon of one branch: opened from a directory, served over a listener, closed in order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use shared::id::Actor;
use shared::store::{BranchStore, StoreError};
use shared::sync::Progress;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock, NoRandomness, random_bytes};
use crate::counter::{Counter, CounterError, SessionLimits};
use crate::directory::{Directory, read_small, write_private};
use crate::records::{self, FileMark, Membership};
use crate::storage::{StartError, Storage, StoreThread};
use crate::sync::find::ask_hub;
use crate::sync::{Link, Synchronizer, Transport, TransportError};
use crate::{api, ui, verbs};

/// How long open connections may take to end after the daemon was asked to: pages with live updates never end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// What a daemon needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory, which has joined a hub.
    pub data: PathBuf,
    /// The hub's address instead of the one from joining, such as a proxy's.
    pub hub: Option<String>,
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// The clock.
    pub clock: Clock,
}

/// Why the daemon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Not joined yet.
    #[error(
        "{0} belongs to no branch yet. Ask the office for a join string (office pages, Branches), then:\n    offpiste-branch join 'https://hub.example/join#ABCD-EFGH-JKLM-NPQR' --data {0}"
    )]
    NotJoined(String),
    /// The store.
    #[error("the order store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The store or the lists.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The key for the hub.
    #[error(
        "the hub's key in {path} cannot be read: {source}. Restore the file from a backup, or ask the office for a new join string and join with an empty --data directory once nothing waits here"
    )]
    Token {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The HTTP client.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Records of people.
    #[error("who is locked cannot be read: {0}")]
    People(CounterError),
    /// The network.
    #[error("the pages cannot be served: {0}")]
    Serve(#[from] io::Error),
    /// The store ended by itself.
    #[error(
        "the order store has failed: {0}. Everything that was acknowledged is safe; look at the disk, then start again"
    )]
    StoreFailed(StoreError),
    /// No random numbers.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// A thread could not be used.
    #[error("the daemon is ending")]
    Ending,
}

/// Opens a branch and serves it until `shutdown` completes.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let data = settings.data.clone();
    let branch = Branch::open(settings).await?;
    branch.serve(&data, listener, |_| (), shutdown).await
}

/// An open branch: its store, its use cases, and the loop to the hub.
pub struct Branch {
    counter: Counter,
    storage: Storage,
    thread: StoreThread,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Branch {
    /// Opens a branch and starts its loop.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn open(settings: Settings) -> Result<Self, RunError> {
        let directory = Directory::at(&settings.data);
        let not_joined = || RunError::NotJoined(settings.data.display().to_string());
        if !directory.has_store() {
            return Err(not_joined());
        }
        let clock = settings.clock.clone();
        let opened = {
            let (directory, clock) = (directory.clone(), clock.clone());
            tokio::task::spawn_blocking(move || open_store(&directory, clock))
                .await
                .map_err(|_| RunError::Ending)??
        };
        let Some((membership, storage, thread)) = opened else {
            return Err(not_joined());
        };
        let token = read_small(&directory.token()).map_err(|source| RunError::Token {
            path: directory.token().display().to_string(),
            source,
        })?;
        let hub = settings.hub.as_deref().unwrap_or(&membership.hub_url);
        let transport = Transport::new(hub, token)?;
        tracing::info!(branch = membership.branch_name, hub, "serving");
        Self::assemble(
            storage,
            thread,
            membership,
            transport,
            settings.sessions,
            clock,
        )
        .await
    }

    async fn assemble(
        storage: Storage,
        thread: StoreThread,
        membership: Membership,
        transport: Transport,
        sessions: SessionLimits,
        clock: Clock,
    ) -> Result<Self, RunError> {
        let people = storage
            .run(move |desk| crate::counter::People::load(desk, sessions))
            .await
            .and_then(|loaded| loaded)
            .map_err(RunError::People)?;
        let (link_sender, link) = watch::channel(Link::default());
        let (asked, _) = watch::channel(None);
        let counter = Counter::new(
            storage.clone(),
            people,
            membership,
            clock.clone(),
            link,
            asked.clone(),
        );
        tokio::task::spawn_blocking(warm_up);
        let (stop, stopped) = watch::channel(false);
        let finding = ask_hub(storage.clone(), transport.clone(), asked, stopped.clone());
        let synchronizer = Synchronizer::new(storage.clone(), transport, clock, link_sender);
        let tasks = vec![
            tokio::spawn(check_lists(storage.clone())),
            tokio::spawn(finding),
            tokio::spawn(synchronizer.run(stopped)),
        ];
        Ok(Self {
            counter,
            storage,
            thread,
            stop,
            tasks,
        })
    }

    /// Serves pages and JSON until `shutdown` completes or the store fails, then closes the branch. `ready` is told the
    /// address once everything, `offpiste-branch status` included, can find the daemon.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn serve(
        self,
        data: &std::path::Path,
        listener: TcpListener,
        ready: impl FnOnce(SocketAddr),
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), RunError> {
        let directory = Directory::at(data);
        let address = listener.local_addr()?;
        write_private(&directory.address(), &format!("http://{address}"))?;
        let (stop, mut stopped) = watch::channel(false);
        verbs::control::listen(data, self.storage.clone(), stopped.clone());
        ready(address);
        let app = api::router(self.counter()).merge(ui::router(self.counter()));
        // The end of a page would wait 40 ms for the browser to acknowledge what came before it.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection answers with the system's delay");
            }
        });
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            // An error means that the sender is gone, which ends the daemon too.
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let mut serving = tokio::spawn(serving.into_future());
        let served = tokio::select! {
            served = &mut serving => Some(served),
            () = shutdown => None,
            () = self.storage.ended() => None,
        };
        tracing::info!("ending");
        stop.send_replace(true);
        let served = match served {
            Some(served) => served,
            None => tokio::time::timeout(GRACE, &mut serving)
                .await
                .unwrap_or(Ok(Ok(()))),
        };
        serving.abort();
        let closed = self.close().await;
        // A file that is gone already says the same.
        let _ = std::fs::remove_file(directory.address());
        closed?;
        served.map_err(|_| RunError::Ending)??;
        Ok(())
    }

    /// The use cases.
    pub fn counter(&self) -> Counter {
        self.counter.clone()
    }

    /// Ends the loop and the store thread, and lets go of the files.
    ///
    /// # Errors
    /// [`RunError::StoreFailed`] when the store had ended by itself.
    pub async fn close(self) -> Result<(), RunError> {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that panicked has ended, which is what is waited for.
            let _ = task.await;
        }
        self.storage.close().await;
        tokio::task::spawn_blocking(move || self.thread.join())
            .await
            .map_err(|_| RunError::Ending)?
            .map_err(RunError::StoreFailed)
    }
}

fn open_store(
    directory: &Directory,
    clock: Clock,
) -> Result<Option<(Membership, Storage, StoreThread)>, RunError> {
    let mut store = BranchStore::open(&directory.store())?;
    let membership = store.read_record::<Membership>(records::MEMBERSHIP)?;
    let (Some(membership), Some(identity)) = (membership, store.identity()) else {
        return Ok(None);
    };
    verbs::remember(directory, &membership);
    let mark = directory.store_mark()?;
    let known: Option<FileMark> = store.read_record(records::FILE_MARK)?;
    if known != Some(mark) {
        if known.is_some() {
            tracing::warn!(
                "the store is a copy or was restored from a backup; it goes on as a new incarnation, so that no number means two writes"
            );
            let incarnation = u32::from_le_bytes(random_bytes()?);
            let progress: Progress = store.read_record(records::PROGRESS)?.unwrap_or_default();
            let actor = Actor::new(identity.actor.replica(), incarnation);
            store.reissue(actor, progress.hub_counter)?;
        }
        store.write_record(records::FILE_MARK, &mark)?;
        store.persist()?;
    }
    let (storage, thread) = Storage::start(store, &directory.lists(), clock)?;
    Ok(Some((membership, storage, thread)))
}

/// Holds the lists against the orders, and tries what was set aside once more: this may be a later version than the
/// one that set it aside.
async fn check_lists(storage: Storage) {
    match storage.run(crate::sync::retry_quarantine).await {
        Ok(Ok(0)) | Err(_) => {}
        Ok(Ok(released)) => tracing::info!(released, "what was set aside could be taken in now"),
        Ok(Err(error)) => tracing::warn!(%error, "what was set aside could not be tried again"),
    }
    loop {
        match storage.run(crate::storage::Desk::check_some_more).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::error!(%error, "the lists could not be held against the orders");
                return;
            }
        }
    }
}

/// Reading telephone numbers begins with unpacking the world's numbering plans, a quarter of a second that the first
/// customer of the day need not wait for.
fn warm_up() {
    let _ = shared::domain::PhoneNumber::read("044 000 00 00", "CH");
}

#[cfg(test)]
mod tests;
