//! The line between a branch and the hub, as a TCP proxy with a switch.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Chunks under way in one direction of one connection while the line is slow; more than that and the sender waits,
/// as it would for a full line.
const CHUNKS_UNDER_WAY: usize = 64;

/// Forwards TCP from a loopback address of its own to `upstream`, while the line is whole.
///
/// A cut line is silent, as a pulled cable is: connections stay open, new ones are taken, and nothing passes. What was
/// sent is held and passes when the line is mended, as TCP itself would repeat it. A refused line answers at once
/// with a closed connection, as when the hub's process is down.
///
/// **Once a method that cuts has returned, no byte sent afterwards passes** until the line is mended.
/// Dropping the proxy closes everything.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    passed: Arc<Passed>,
    listener: JoinHandle<()>,
}

impl ChaosProxy {
    /// A whole line to `upstream`, listening on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no free port for the proxy")?;
        let address = listener
            .local_addr()
            .context("the proxy's address is unknown")?;
        let (line, _) = watch::channel(Line::whole(upstream));
        let passed = Arc::new(Passed::default());
        let accepting = accept(listener, line.subscribe(), Arc::clone(&passed));
        Ok(Self {
            address,
            line,
            passed,
            listener: tokio::spawn(accepting),
        })
    }

    /// Where to connect to instead of the upstream.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as the start of a URL: `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nothing passes any more, neither way.
    pub fn cut(&self) {
        self.line
            .send_modify(|line| (line.requests, line.answers) = (Way::Silent, Way::Silent));
    }

    /// Nothing reaches the upstream any more; what it says still comes back.
    pub fn cut_requests(&self) {
        self.line.send_modify(|line| line.requests = Way::Silent);
    }

    /// Requests still reach the upstream, which acts on them; its answers are held back. The case in which a sender
    /// must ask again without knowing whether it was heard.
    pub fn cut_answers(&self) {
        self.line.send_modify(|line| line.answers = Way::Silent);
    }

    /// Breaks every connection and closes each new one at once.
    pub fn refuse(&self) {
        self.line.send_modify(|line| {
            line.refused = true;
            line.broken += 1;
        });
    }

    /// Breaks every connection that is open now; what was under way is lost. New ones are taken.
    pub fn drop_connections(&self) {
        self.line.send_modify(|line| line.broken += 1);
    }

    /// Breaks each connection as soon as this many more bytes of answers have passed, over all connections together:
    /// an answer that ends in the middle. Until [`ChaosProxy::mend`].
    pub fn break_answers_after(&self, bytes: u64) {
        let limit = self.answered_bytes() + bytes;
        self.line
            .send_modify(|line| line.answers_end_at = Some(limit));
    }

    /// From now on each byte arrives this much later, either way, so a round trip takes twice that.
    pub fn delay(&self, latency: Duration) {
        self.line.send_modify(|line| line.latency = latency);
    }

    /// Whether everything passes, both ways.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let line = self.line.borrow();
        line.requests == Way::Open && line.answers == Way::Open && !line.refused
    }

    /// The line is whole again: nothing is cut, refused or slow.
    pub fn mend(&self) {
        self.line.send_modify(|line| {
            *line = Line {
                broken: line.broken,
                ..Line::whole(line.upstream)
            }
        });
    }

    /// New connections go to `upstream` from now on, and open ones are broken: the hub was started anew elsewhere.
    pub fn redirect(&self, upstream: SocketAddr) {
        self.line.send_modify(|line| {
            line.upstream = upstream;
            line.broken += 1;
        });
    }

    /// Bytes that have reached the upstream.
    #[must_use]
    pub fn requested_bytes(&self) -> u64 {
        self.passed.requests.load(Ordering::SeqCst)
    }

    /// Bytes that have come back from the upstream and were handed on.
    #[must_use]
    pub fn answered_bytes(&self) -> u64 {
        self.passed.answers.load(Ordering::SeqCst)
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// The state of the line; every connection follows its changes.
#[derive(Clone, Copy, Debug)]
struct Line {
    upstream: SocketAddr,
    requests: Way,
    answers: Way,
    latency: Duration,
    refused: bool,
    /// Connections opened under a smaller number are broken.
    broken: u64,
    /// Total of answered bytes at which connections break.
    answers_end_at: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Silent,
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    Request,
    Answer,
}

#[derive(Debug, Default)]
struct Passed {
    requests: AtomicU64,
    answers: AtomicU64,
}

impl Line {
    fn whole(upstream: SocketAddr) -> Self {
        Self {
            upstream,
            requests: Way::Open,
            answers: Way::Open,
            latency: Duration::ZERO,
            refused: false,
            broken: 0,
            answers_end_at: None,
        }
    }

    fn is_open(&self, direction: Direction) -> bool {
        let way = match direction {
            Direction::Request => self.requests,
            Direction::Answer => self.answers,
        };
        way == Way::Open
    }
}

async fn accept(listener: TcpListener, mut line: watch::Receiver<Line>, passed: Arc<Passed>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let now = *line.borrow_and_update();
                if !now.refused {
                    connections.spawn(connection(client, now.broken, line.clone(), Arc::clone(&passed)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Lives until both sides are done or the line breaks.
async fn connection(
    client: TcpStream,
    opened_under: u64,
    line: watch::Receiver<Line>,
    passed: Arc<Passed>,
) {
    let mut breaking = line.clone();
    let forwarding = async {
        let mut line = line;
        // As a SYN into a dead line: the connection to the upstream is made once requests can pass.
        let upstream = open(&mut line, Direction::Request).await?.upstream;
        let upstream = TcpStream::connect(upstream).await.ok()?;
        let (from_client, to_client) = client.into_split();
        let (from_upstream, to_upstream) = upstream.into_split();
        tokio::join!(
            forward(
                from_client,
                to_upstream,
                Direction::Request,
                line.clone(),
                &passed
            ),
            forward(
                from_upstream,
                to_client,
                Direction::Answer,
                line.clone(),
                &passed
            ),
        );
        Some(())
    };
    tokio::select! {
        _ = breaking.wait_for(|line| line.broken != opened_under) => {}
        _ = forwarding => {}
    }
}

/// Carries bytes one way until the sender is done, then tells the receiver so.
async fn forward(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    direction: Direction,
    line: watch::Receiver<Line>,
    passed: &Passed,
) {
    let (sender, receiver) = mpsc::channel(CHUNKS_UNDER_WAY);
    tokio::join!(
        take_in(from, direction, line.clone(), sender),
        hand_out(to, direction, line, receiver, passed)
    );
}

/// Reads while the way is open, and stamps each chunk with the moment at which it may arrive.
async fn take_in(
    mut from: OwnedReadHalf,
    direction: Direction,
    mut line: watch::Receiver<Line>,
    chunks: mpsc::Sender<(Instant, Vec<u8>)>,
) {
    loop {
        let Some(now) = open(&mut line, direction).await else {
            return;
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = tokio::select! {
            biased;
            _ = line.wait_for(|line| !line.is_open(direction)) => continue,
            read = from.read(&mut chunk) => read.unwrap_or(0),
        };
        if length == 0 {
            return;
        }
        chunk.truncate(length);
        if chunks
            .send((Instant::now() + now.latency, chunk))
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Writes what was taken in, when it is due and the way is open. The second look at the way is what makes a cut
/// strict: a byte that slipped in while the line was being cut is held here.
async fn hand_out(
    mut to: OwnedWriteHalf,
    direction: Direction,
    mut line: watch::Receiver<Line>,
    mut chunks: mpsc::Receiver<(Instant, Vec<u8>)>,
    passed: &Passed,
) {
    let counter = match direction {
        Direction::Request => &passed.requests,
        Direction::Answer => &passed.answers,
    };
    while let Some((due, mut chunk)) = chunks.recv().await {
        sleep_until(due).await;
        let Some(now) = open(&mut line, direction).await else {
            return;
        };
        let end = match direction {
            Direction::Answer => now.answers_end_at,
            Direction::Request => None,
        };
        if let Some(end) = end {
            let left = usize::try_from(end.saturating_sub(counter.load(Ordering::SeqCst)))
                .unwrap_or(usize::MAX);
            chunk.truncate(left);
        }
        if to.write_all(&chunk).await.is_err() {
            return;
        }
        let total = counter.fetch_add(chunk.len() as u64, Ordering::SeqCst) + chunk.len() as u64;
        if end.is_some_and(|end| total >= end) {
            return;
        }
    }
    // The end of the stream is news too: it does not pass a silent line either.
    if open(&mut line, direction).await.is_some() {
        let _ = to.shutdown().await;
    }
}

/// Waits until the way is open; `None` when the proxy is gone.
async fn open(line: &mut watch::Receiver<Line>, direction: Direction) -> Option<Line> {
    line.wait_for(|line| line.is_open(direction))
        .await
        .ok()
        .map(|line| *line)
}
