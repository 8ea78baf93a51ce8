//! The floor: the same bytes over the same HTTP into the same store, durable, and nothing else. No document is decoded, judged
//! or merged, nobody's lists are kept. What the product does beyond this is its own cost.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use shared::limits;
use shared::store::HubStore;
use shared::wire;
use tests::{Process, http_client};
use tokio::net::TcpListener;

use super::peers::Step;
use super::process::Usage;

/// Documents of one message, as the product sends them.
const BATCH: usize = limits::DOCUMENTS_PER_EXCHANGE;

/// One message: ids and bytes.
type Batch = Vec<(String, Vec<u8>)>;

/// What both directions took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    pub(crate) push: Step,
    pub(crate) pull: Step,
}

/// Sends the documents to a floor hub in a process of its own, and fetches them into another store.
///
/// # Errors
/// When anything fails.
pub(crate) async fn measure(documents: &[Vec<u8>], directory: &Path) -> Result<Floor> {
    let hub = FloorHub::start(&directory.join("floor-hub")).await?;
    let branch = Arc::new(Floored::open(&directory.join("floor-branch"))?);
    for (batch, documents) in documents.chunks(BATCH).enumerate() {
        let entries = documents.iter().enumerate();
        let entries =
            entries.map(|(index, bytes)| (format!("{batch:06}/{index:06}"), bytes.clone()));
        branch.keep(batch, &entries.collect())?;
    }
    branch.0.persist()?;
    let batches = documents.len().div_ceil(BATCH);
    let clock = hub.clock()?;
    for batch in 0..batches {
        let store = Arc::clone(&branch);
        let body = blocking(move || Ok(wire::encode(&store.batch(batch)?)?)).await?;
        hub.post(batch, body).await?;
    }
    let push = clock.read(&hub)?;

    let second = Arc::new(Floored::open(&directory.join("floor-second"))?);
    let clock = hub.clock()?;
    let mut received = 0;
    for batch in 0..batches {
        let body = hub.get(batch).await?;
        let store = Arc::clone(&second);
        received += blocking(move || {
            let entries: Batch = wire::decode(&body)?;
            store.keep(batch, &entries)?;
            store.0.persist()?;
            Ok(entries.len())
        })
        .await?;
    }
    let pull = clock.read(&hub)?;
    ensure!(
        received == documents.len(),
        "the floor lost documents: {received} of {}",
        documents.len()
    );
    hub.process.terminate().await?;
    Ok(Floor { push, pull })
}

/// Serves as the floor's hub until it is ended: `bench floor-hub DIRECTORY`, started by [`measure`].
///
/// # Errors
/// When the store or the port cannot be had.
pub(crate) async fn serve(directory: &Path) -> Result<()> {
    let store = Arc::new(Floored::open(directory)?);
    let router = Router::new()
        .route("/{batch}", post(take))
        .route("/{batch}", get(give))
        .layer(DefaultBodyLimit::max(limits::COMPRESSED_MESSAGE_BYTES))
        .with_state(store);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // As the hub does.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn take(
    State(store): State<Arc<Floored>>,
    UrlPath(batch): UrlPath<usize>,
    body: Bytes,
) -> StatusCode {
    let kept = blocking(move || {
        let entries: Batch = wire::decode(&body)?;
        store.keep(batch, &entries)?;
        Ok(store.0.persist()?)
    });
    answered(kept.await).map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| {
        StatusCode::NO_CONTENT
    })
}

async fn give(
    State(store): State<Arc<Floored>>,
    UrlPath(batch): UrlPath<usize>,
) -> Result<Vec<u8>, StatusCode> {
    let given = blocking(move || Ok(wire::encode(&store.batch(batch)?)?));
    answered(given.await).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn answered<T>(outcome: Result<T>) -> Option<T> {
    outcome
        .inspect_err(|error| eprintln!("floor: {error:#}"))
        .ok()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("the work was cut short")?
}

/// The hub's store, used for plain bytes: a value and an entry of the order in which they came, as documents have.
struct Floored(HubStore);

impl Floored {
    fn open(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Self(HubStore::open(directory)?))
    }

    fn keep(&self, batch: usize, entries: &Batch) -> Result<()> {
        for (index, (id, bytes)) in entries.iter().enumerate() {
            self.0.write_record(&format!("d{id}"), bytes)?;
            self.0
                .write_record(&format!("f{batch:06}/{index:06}"), id)?;
        }
        Ok(())
    }

    fn batch(&self, batch: usize) -> Result<Batch> {
        let ids = self.0.records::<String>(&format!("f{batch:06}/"), BATCH)?;
        ids.into_iter()
            .map(|(_, id)| {
                let bytes = self.0.read_record(&format!("d{id}"))?;
                Ok((id, bytes.context("an entry without its bytes")?))
            })
            .collect()
    }
}

struct Clock {
    start: Instant,
    processor: Duration,
}

impl Clock {
    fn read(self, hub: &FloorHub) -> Result<Step> {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        Ok(Step {
            milliseconds: milliseconds(self.start.elapsed()),
            processor_milliseconds: milliseconds(hub.processor()?.saturating_sub(self.processor)),
            bytes: 0,
        })
    }
}

/// The floor's hub as a process.
struct FloorHub {
    process: Process,
    url: String,
    client: reqwest::Client,
}

impl FloorHub {
    async fn start(directory: &PathBuf) -> Result<Self> {
        let mut command =
            Command::new(std::env::current_exe().context("the running executable is unknown")?);
        command.arg("floor-hub").arg("--floor").arg(directory);
        let process = Process::start("the floor's hub", command)?;
        let url = process
            .wait_for_line(|line| Some(line.strip_prefix("listening on ")?.to_owned()))
            .await?;
        Ok(Self {
            process,
            url,
            client: http_client(|builder| builder)?,
        })
    }

    /// Begins to count; this process is the branch.
    fn clock(&self) -> Result<Clock> {
        Ok(Clock {
            start: Instant::now(),
            processor: self.processor()?,
        })
    }

    fn processor(&self) -> Result<Duration> {
        let own = Usage::of(std::process::id())?.processor;
        Ok(own + Usage::of(self.process.id())?.processor)
    }

    async fn post(&self, batch: usize, body: Vec<u8>) -> Result<()> {
        let answer = self
            .client
            .post(format!("{}/{batch}", self.url))
            .body(body)
            .send();
        answer.await?.error_for_status()?;
        Ok(())
    }

    async fn get(&self, batch: usize) -> Result<Bytes> {
        let answer = self.client.get(format!("{}/{batch}", self.url)).send();
        Ok(answer.await?.error_for_status()?.bytes().await?)
    }
}
