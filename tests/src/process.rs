//! A real binary of the product (or any other program), as a child of the test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::waiting::{PATIENCE, wait_until};

/// Lines of output kept of one process. A chatty one forgets its oldest instead of filling the memory.
const KEPT_LINES: usize = 10_000;

/// How long the output of a process that has ended may take to be read to its end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Lines shown of a process that failed or whose test panicked: enough for a cause, few enough to read.
const SHOWN_LINES: usize = 40;

/// A running child. It has a process group of its own, so that its children end with it, and so that Ctrl-C at a
/// terminal is the parent's to handle. Dropping it kills it; when the test is panicking it shows its last output.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Mutex<Leader>,
    output: Arc<Output>,
}

impl Process {
    /// Starts `command` under a `name` for messages, such as `branch Chur`. Standard output and standard error are
    /// captured line by line, in the order in which they come; standard input is empty.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("{name} cannot be started: {command:?}"))?;
        let output = Arc::new(Output::default());
        let stdout = child
            .stdout
            .take()
            .context("standard output is not piped")?;
        let stderr = child.stderr.take().context("standard error is not piped")?;
        output.collect(stdout);
        output.collect(stderr);
        Ok(Self {
            name: name.to_owned(),
            child: Mutex::new(Leader { child, ended: None }),
            output,
        })
    }

    /// The operating system's number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        lock(&self.child).child.id()
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(lock(&self.child).look(), Ok(None))
    }

    /// What it has printed so far, oldest first (the newest 10,000 lines).
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        lock(&self.output.lines).iter().cloned().collect()
    }

    /// Waits for a line of output, printed before or after this call, of which `read` makes something, and returns it.
    ///
    /// # Errors
    /// When the process ends without such a line, or [`PATIENCE`] is over; with its last output.
    pub async fn wait_for_line<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let mut changes = self.output.changes.subscribe();
        let search = async {
            loop {
                let open_streams = *changes.borrow_and_update();
                if let Some(found) = lock(&self.output.lines).iter().find_map(|line| read(line)) {
                    return Ok(found);
                }
                if open_streams.closed == 2 {
                    bail!("{} closed its output without the awaited line", self.name);
                }
                changes
                    .changed()
                    .await
                    .context("the output is no longer collected")?;
            }
        };
        let found = timeout(PATIENCE, search).await.unwrap_or_else(|_| {
            Err(anyhow!(
                "{} did not print the awaited line in {} s",
                self.name,
                PATIENCE.as_secs()
            ))
        });
        found.with_context(|| self.last_output())
    }

    /// Waits until a GET of `url` (such as `http://127.0.0.1:4711/readyz`) is answered with a 2xx.
    ///
    /// # Errors
    /// When the process ends before, or [`PATIENCE`] is over; with its last output.
    pub async fn wait_ready(&self, url: &str) -> Result<()> {
        let client = crate::http_client(|builder| builder)?;
        let answered = wait_until(format!("{} is ready at {url}", self.name), async || {
            if !self.is_running() {
                return Some(false);
            }
            let answer = client.get(url).send().await;
            answer
                .is_ok_and(|response| response.status().is_success())
                .then_some(true)
        });
        let ready = answered.await.with_context(|| self.last_output())?;
        if !ready {
            self.wait_for_last_words().await;
        }
        ensure!(
            ready,
            "{} ended before it was ready.\n{}",
            self.name,
            self.last_output()
        );
        Ok(())
    }

    /// Kills it on the spot, as `kill -9` or a power cut do: no handler runs, nothing is flushed. Returns once it is
    /// gone. Killing one that has ended does nothing.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill(&self) -> Result<()> {
        let mut leader = lock(&self.child);
        if leader.look()?.is_none() {
            leader
                .signal(Signal::KILL)
                .with_context(|| format!("cannot kill {}", self.name))?;
            leader.ended = Some(
                leader
                    .child
                    .wait()
                    .with_context(|| format!("cannot wait for {}", self.name))?,
            );
        }
        Ok(())
    }

    /// Stops it where it stands (SIGSTOP), with everything it started: connections stay open and nothing answers, as on a
    /// machine that hangs.
    ///
    /// # Errors
    /// When the operating system refuses, or it has ended.
    pub fn freeze(&self) -> Result<()> {
        self.signal_running(Signal::STOP)
    }

    /// Lets it go on (SIGCONT) as if no time had passed.
    ///
    /// # Errors
    /// When the operating system refuses, or it has ended.
    pub fn thaw(&self) -> Result<()> {
        self.signal_running(Signal::CONT)
    }

    fn signal_running(&self, signal: Signal) -> Result<()> {
        let mut leader = lock(&self.child);
        ensure!(leader.look()?.is_none(), "{} has ended", self.name);
        let sent = leader.signal(signal);
        sent.with_context(|| format!("cannot send {signal:?} to {}", self.name))
    }

    /// Asks it to end (SIGTERM, as systemd does) and waits until it has.
    ///
    /// # Errors
    /// When it has not ended after [`PATIENCE`]; it is killed then.
    pub async fn terminate(&self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        let ended = self.wait_for_end().await;
        if ended.is_err() {
            self.kill()?;
        }
        ended
    }

    /// Waits until it ends by itself; [`Self::lines`] then has everything that it printed.
    ///
    /// # Errors
    /// When it has not ended after [`PATIENCE`]; with its last output.
    pub async fn wait_for_end(&self) -> Result<ExitStatus> {
        let ended = wait_until(format!("{} ends", self.name), async || {
            lock(&self.child).look().transpose()
        });
        let status = ended.await.with_context(|| self.last_output())?;
        self.wait_for_last_words().await;
        status.with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Waits until both streams of a process that has ended are read to their end: the threads that read them may be
    /// a little behind. Gives up when something outside the process's group keeps a stream open.
    async fn wait_for_last_words(&self) {
        let mut changes = self.output.changes.subscribe();
        let closed = changes.wait_for(|progress| progress.closed == 2);
        // Whoever asks for the output next sees what there is, whether or not the streams have closed.
        let _given_up = timeout(LAST_WORDS, closed).await;
    }

    fn ask_to_end(&self) -> Result<()> {
        let mut leader = lock(&self.child);
        if leader.look()?.is_none() {
            leader
                .signal(Signal::TERM)
                .with_context(|| format!("cannot end {}", self.name))?;
        }
        Ok(())
    }

    /// Its last lines, for a message.
    fn last_output(&self) -> String {
        let lines = lock(&self.output.lines);
        let skipped = lines.len().saturating_sub(SHOWN_LINES);
        let shown: Vec<&str> = lines.iter().skip(skipped).map(String::as_str).collect();
        format!(
            "--- last output of {}\n{}\n---",
            self.name,
            shown.join("\n")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.last_output());
        }
        if let Err(error) = self.kill() {
            eprintln!("{} may still run: {error:#}", self.name);
        }
    }
}

/// The child itself, which leads its group.
#[derive(Debug)]
struct Leader {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Leader {
    /// Looks whether it has ended. The first time it has, whatever is left of its group is killed before its number
    /// is given back: afterwards the same number may be somebody else's group.
    fn look(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            let only_look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            let seen = waitid(WaitId::Pid(Pid::from_child(&self.child)), only_look);
            if seen.context("cannot ask for the process")?.is_some() {
                self.signal(Signal::KILL)
                    .context("cannot end what the process left behind")?;
                self.ended = self
                    .child
                    .try_wait()
                    .context("cannot ask for the process")?;
            }
        }
        Ok(self.ended)
    }

    fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        kill_process_group(Pid::from_child(&self.child), signal)
    }
}

/// Both output streams of a process, read by two threads that end with it.
#[derive(Debug, Default)]
struct Output {
    lines: Mutex<VecDeque<String>>,
    changes: watch::Sender<Progress>,
}

/// What has come of the output; sent whenever it changes.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    lines: u64,
    closed: u8,
}

impl Output {
    fn collect(self: &Arc<Self>, stream: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                output.add(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
                line.clear();
            }
            output.changes.send_modify(|progress| progress.closed += 1);
        });
    }

    fn add(&self, line: String) {
        let mut lines = lock(&self.lines);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
        drop(lines);
        self.changes.send_modify(|progress| progress.lines += 1);
    }
}

/// A lock that a panicking test thread held is as good as any other: what it guards is only appended to.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
