//! A cut line lets nothing pass, a mended one everything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::{ChaosProxy, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_whole_line_carries_both_ways() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "hello").await?;
    hear(&mut caller, "hello").await?;
    assert_eq!(echo.heard(), "hello");
    assert_eq!((line.requested_bytes(), line.answered_bytes()), (5, 5));
    Ok(())
}

#[tokio::test]
async fn through_a_cut_line_nothing_passes_and_after_mending_all_of_it() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "before ").await?;
    hear(&mut caller, "before ").await?;

    line.cut();
    say(&mut caller, "during ").await?;
    let mut newcomer = TcpStream::connect(line.address()).await?;
    say(&mut newcomer, "newcomer").await?;
    echo.prove_it_listens().await?;
    assert_eq!(echo.heard(), "before ");

    line.mend();
    hear(&mut caller, "during ").await?;
    hear(&mut newcomer, "newcomer").await
}

#[tokio::test]
async fn with_cut_requests_the_hub_hears_nothing() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "a").await?;
    hear(&mut caller, "a").await?;

    line.cut_requests();
    say(&mut caller, "b").await?;
    echo.prove_it_listens().await?;
    assert_eq!(echo.heard(), "a");

    line.mend();
    hear(&mut caller, "b").await
}

#[tokio::test]
async fn with_cut_answers_the_hub_acts_and_the_branch_does_not_know() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "a").await?;
    hear(&mut caller, "a").await?;

    line.cut_answers();
    say(&mut caller, "b").await?;
    wait_until("the echo has heard it", async || {
        (echo.heard() == "ab").then_some(())
    })
    .await?;
    echo.prove_it_listens().await?;
    assert_eq!(line.answered_bytes(), 1, "the answer is held back");

    line.mend();
    hear(&mut caller, "b").await
}

#[tokio::test]
async fn a_caller_that_gives_up_on_a_cut_line_is_not_heard_of_until_it_is_mended() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "a").await?;
    hear(&mut caller, "a").await?;

    line.cut();
    say(&mut caller, "b").await?;
    drop(caller);
    echo.prove_it_listens().await?;
    assert_eq!(echo.heard(), "a");

    line.mend();
    wait_until("what was sent arrives late", async || {
        (echo.heard() == "ab").then_some(())
    })
    .await
}

#[tokio::test]
async fn a_refused_line_closes_what_is_open_and_what_comes() -> Result<()> {
    let (echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "a").await?;
    hear(&mut caller, "a").await?;

    line.refuse();
    assert!(is_closed(&mut caller).await);
    assert!(is_closed(&mut TcpStream::connect(line.address()).await?).await);
    assert_eq!(echo.heard(), "a");

    line.mend();
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "b").await?;
    hear(&mut caller, "b").await
}

#[tokio::test]
async fn dropped_connections_are_closed_and_new_ones_work() -> Result<()> {
    let (_echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "a").await?;
    hear(&mut caller, "a").await?;

    line.drop_connections();
    assert!(is_closed(&mut caller).await);
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "b").await?;
    hear(&mut caller, "b").await
}

#[tokio::test]
async fn a_slow_line_takes_its_time_each_way() -> Result<()> {
    const LATENCY: Duration = Duration::from_millis(60);
    let (_echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    line.delay(LATENCY);
    let start = Instant::now();
    say(&mut caller, "hello").await?;
    hear(&mut caller, "hello").await?;
    assert!(
        start.elapsed() >= 2 * LATENCY,
        "a round trip took {:?}",
        start.elapsed()
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_can_end_in_the_middle() -> Result<()> {
    let (_echo, line) = echo_behind_a_line().await?;
    let mut caller = TcpStream::connect(line.address()).await?;
    line.break_answers_after(3);
    say(&mut caller, "hello").await?;
    let mut heard = Vec::new();
    caller.read_to_end(&mut heard).await?;
    assert_eq!(heard, b"hel");

    line.mend();
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "whole again").await?;
    hear(&mut caller, "whole again").await
}

#[tokio::test]
async fn a_redirected_line_leads_to_the_new_hub() -> Result<()> {
    let (old, line) = echo_behind_a_line().await?;
    let new = Echo::start().await?;
    line.redirect(new.address);
    let mut caller = TcpStream::connect(line.address()).await?;
    say(&mut caller, "hello").await?;
    hear(&mut caller, "hello").await?;
    assert_eq!(
        (old.heard(), new.heard()),
        (String::new(), "hello".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn much_passes_unchanged_through_a_slow_line() -> Result<()> {
    let (_echo, line) = echo_behind_a_line().await?;
    line.delay(Duration::from_millis(1));
    let sent: Vec<u8> = (0..1_000_000_u32)
        .map(|index| index.to_le_bytes()[usize::from(index % 3 == 0)])
        .collect();
    let (mut from, mut to) = TcpStream::connect(line.address()).await?.into_split();
    let mut heard = vec![0; sent.len()];
    let (written, read) = tokio::join!(to.write_all(&sent), from.read_exact(&mut heard));
    written?;
    read?;
    assert!(sent == heard, "a million bytes came back changed");
    Ok(())
}

/// A service that says back what it hears, and remembers it.
struct Echo {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    _connections: JoinSet<()>,
}

impl Echo {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&heard);
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut each = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                each.spawn(echo(stream, Arc::clone(&memory)));
            }
        });
        Ok(Self {
            address,
            heard,
            _connections: connections,
        })
    }

    /// All it has heard, apart from the proofs that it listens.
    fn heard(&self) -> String {
        let heard = self.heard.lock().expect("no test panics while holding it");
        String::from_utf8_lossy(&heard).replace(PROOF, "")
    }

    /// Goes around the line many times: whatever could have leaked through the line had its chance to arrive before.
    async fn prove_it_listens(&self) -> Result<()> {
        for _ in 0..20 {
            let mut direct = TcpStream::connect(self.address).await?;
            say(&mut direct, PROOF).await?;
            hear(&mut direct, PROOF).await?;
        }
        Ok(())
    }
}

const PROOF: &str = "[are you there?]";

async fn echo(mut stream: TcpStream, memory: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = vec![0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        memory
            .lock()
            .expect("no test panics while holding it")
            .extend(&chunk[..length]);
        if stream.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

async fn echo_behind_a_line() -> Result<(Echo, ChaosProxy)> {
    let echo = Echo::start().await?;
    let line = ChaosProxy::start(echo.address).await?;
    Ok((echo, line))
}

async fn say(stream: &mut TcpStream, text: &str) -> Result<()> {
    stream
        .write_all(text.as_bytes())
        .await
        .context("cannot speak")
}

async fn hear(stream: &mut TcpStream, text: &str) -> Result<()> {
    let mut heard = vec![0; text.len()];
    let all = tokio::time::timeout(tests::PATIENCE, stream.read_exact(&mut heard)).await;
    all.with_context(|| format!("never heard {text:?}"))?
        .context("cannot hear")?;
    ensure!(
        heard == text.as_bytes(),
        "heard {:?}, not {text:?}",
        String::from_utf8_lossy(&heard)
    );
    Ok(())
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let read = tokio::time::timeout(tests::PATIENCE, stream.read_u8()).await;
    matches!(read, Ok(Err(_)))
}
