//! The line between a branch and the hub, as a TCP proxy with a switch.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

    /// From now on the line is a slow one: so many bytes a second each way, shared by all its connections, each byte
    /// `latency` later than that, and opening a connection takes a round trip first.
    pub fn throttle(&self, latency: Duration, bytes_per_second: u32) {
        self.line.send_modify(|line| {
            line.latency = latency;
            line.bytes_per_second = Some(bytes_per_second.max(1));
        });
    }

    /// From now on keeps what passes on each new connection, up to so many bytes each way; what was kept before is forgotten.
    /// For looking at what a message is made of.
    pub fn listen_in(&self, bytes: usize) {
        self.line.send_modify(|line| line.kept_bytes = bytes);
        lock(&self.passed.heard).clear();
    }

    /// What was kept since [`Self::listen_in`], by connection in the order in which they were opened.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.passed.heard).clone()
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
                kept_bytes: line.kept_bytes,
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

    /// Bytes that have left the branch, whether or not they have reached the upstream yet.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.passed.sent.load(Ordering::SeqCst)
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
    /// None: as fast as the machine.
    bytes_per_second: Option<u32>,
    refused: bool,
    /// Connections opened under a smaller number are broken.
    broken: u64,
    /// Total of answered bytes at which connections break.
    answers_end_at: Option<u64>,
    /// Bytes of each way of a connection that are kept for looking at.
    kept_bytes: usize,
}

/// What has passed on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// To the upstream.
    pub requests: Vec<u8>,
    /// Back from it.
    pub answers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

#[derive(Debug, Default)]
struct Passed {
    sent: AtomicU64,
    requests: AtomicU64,
    answers: AtomicU64,
    /// Until when the slow line is busy with what was sent before, requests and answers.
    busy_until: [Mutex<Option<Instant>>; 2],
    heard: Mutex<Vec<Heard>>,
}

impl Passed {
    /// When the last of so many bytes, taken in now, arrives.
    fn arrival(&self, direction: Direction, line: &Line, bytes: usize) -> Instant {
        let now = Instant::now();
        let Some(rate) = line.bytes_per_second else {
            return now + line.latency;
        };
        let mut busy_until = lock(&self.busy_until[direction as usize]);
        let free = busy_until.map_or(now, |until| until.max(now));
        let nanoseconds = bytes as u64 * 1_000_000_000 / u64::from(rate);
        let sent = free + Duration::from_nanos(nanoseconds);
        *busy_until = Some(sent);
        sent + line.latency
    }

    /// A place for what passes on a new connection, when the line is listened to.
    fn open_ear(&self, line: &Line) -> Option<usize> {
        let mut heard = lock(&self.heard);
        (line.kept_bytes > 0).then(|| {
            heard.push(Heard::default());
            heard.len() - 1
        })
    }

    /// Keeps what passes on a connection that is listened to.
    fn keep(&self, connection: Option<usize>, direction: Direction, line: &Line, bytes: &[u8]) {
        let mut heard = lock(&self.heard);
        // Forgotten by a later listen_in: the connection is an old one then.
        let Some(heard) = connection.and_then(|index| heard.get_mut(index)) else {
            return;
        };
        let kept = match direction {
            Direction::Request => &mut heard.requests,
            Direction::Answer => &mut heard.answers,
        };
        let room = line.kept_bytes.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }
}

/// What these guard is right at any moment, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    fn whole(upstream: SocketAddr) -> Self {
        Self {
            upstream,
            requests: Way::Open,
            answers: Way::Open,
            latency: Duration::ZERO,
            bytes_per_second: None,
            refused: false,
            broken: 0,
            answers_end_at: None,
            kept_bytes: 0,
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
        let now = open(&mut line, Direction::Request).await?;
        if now.bytes_per_second.is_some() {
            // SYN and its answer cross a real line before the first byte may.
            sleep_until(Instant::now() + 2 * now.latency).await;
        }
        let upstream = TcpStream::connect(now.upstream).await.ok()?;
        // What the line adds is what it is told to add.
        client.set_nodelay(true).ok()?;
        upstream.set_nodelay(true).ok()?;
        let heard = passed.open_ear(&now);
        let (from_client, to_client) = client.into_split();
        let (from_upstream, to_upstream) = upstream.into_split();
        tokio::join!(
            forward(
                from_client,
                to_upstream,
                Direction::Request,
                line.clone(),
                &passed,
                heard
            ),
            forward(
                from_upstream,
                to_client,
                Direction::Answer,
                line.clone(),
                &passed,
                heard
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
    heard: Option<usize>,
) {
    let (sender, receiver) = mpsc::channel(CHUNKS_UNDER_WAY);
    tokio::join!(
        take_in(from, direction, line.clone(), sender, passed),
        hand_out(to, direction, line, receiver, passed, heard)
    );
}

/// Reads while the way is open, and stamps each chunk with the moment at which it may arrive.
async fn take_in(
    mut from: OwnedReadHalf,
    direction: Direction,
    mut line: watch::Receiver<Line>,
    chunks: mpsc::Sender<(Instant, Vec<u8>)>,
    passed: &Passed,
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
        if direction == Direction::Request {
            passed.sent.fetch_add(length as u64, Ordering::SeqCst);
        }
        let arrival = passed.arrival(direction, &now, length);
        if chunks.send((arrival, chunk)).await.is_err() {
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
    heard: Option<usize>,
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
        passed.keep(heard, direction, &now, &chunk);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Says everything back to whoever connects.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = connection.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn there_and_back(proxy: &ChaosProxy, bytes: &[u8]) -> Duration {
        let start = Instant::now();
        let mut connection = TcpStream::connect(proxy.address())
            .await
            .expect("the proxy takes connections");
        connection.write_all(bytes).await.expect("the proxy reads");
        let mut back = vec![0; bytes.len()];
        connection
            .read_exact(&mut back)
            .await
            .expect("the proxy answers");
        assert_eq!(back, bytes);
        start.elapsed()
    }

    #[tokio::test]
    async fn a_slow_line_takes_the_time_that_its_rate_and_latency_say() {
        let proxy = ChaosProxy::start(echo().await)
            .await
            .expect("the proxy starts");
        proxy.throttle(Duration::from_millis(20), 100_000);
        // 100 ms to send each way, 20 ms under way each way, and a round trip to connect.
        let took = there_and_back(&proxy, &[7; 10_000]).await;
        assert!(took >= Duration::from_millis(100 + 4 * 20), "{took:?}");
        assert_eq!(proxy.sent_bytes(), 10_000);
        proxy.mend();
        there_and_back(&proxy, b"quick again").await;
        assert_eq!(proxy.line.borrow().bytes_per_second, None);
    }

    #[tokio::test]
    async fn what_passes_is_kept_up_to_the_limit() {
        let proxy = ChaosProxy::start(echo().await)
            .await
            .expect("the proxy starts");
        there_and_back(&proxy, b"before").await;
        assert_eq!(proxy.heard(), []);
        proxy.listen_in(4);
        there_and_back(&proxy, b"abcdef").await;
        let kept = Heard {
            requests: b"abcd".to_vec(),
            answers: b"abcd".to_vec(),
        };
        assert_eq!(proxy.heard(), [kept]);
    }
}
