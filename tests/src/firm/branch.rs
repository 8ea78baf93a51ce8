//! A branch's process, with its own line to the hub.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use reqwest::Client;
use serde_json::Value;

use super::counter::Counter;
use super::hub::{Hub, Member, listening_url};
use super::json;
use crate::binaries::binary;
use crate::process::Process;
use crate::proxy::ChaosProxy;
use crate::waiting::wait_until;

/// A branch: one machine that serves all counters of a location.
#[derive(Debug)]
pub struct Branch {
    name: String,
    data: PathBuf,
    line: ChaosProxy,
    process: Process,
    url: String,
    client: Client,
}

/// How a branch stands with the office, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncFacts {
    /// Documents that wait for the hub.
    pub pending: u64,
    /// SHA-256 over everything held, in hexadecimal; none while it is being computed.
    pub digest: Option<String>,
    /// Whether the digest was proven equal to the hub's at the last comparison.
    pub is_identical: bool,
    /// The whole answer.
    pub all: Value,
}

impl Branch {
    /// Makes the branch at the hub, joins a machine for it and starts it, with a line of its own to the hub.
    ///
    /// # Errors
    /// When the hub, the join or the start fail.
    pub async fn open(hub: &Hub, name: &str, data: &Path) -> Result<Self> {
        let join_string = hub.new_branch(name, "CH").await?;
        let line = ChaosProxy::start(hub.address()?).await?;
        let through_the_line = join_string.replace(hub.url(), &line.url());
        ensure!(
            through_the_line != join_string,
            "the join string {join_string} does not lead to {}",
            hub.url()
        );
        let mut join = binary("offpiste-branch")?;
        join.args(["join", &through_the_line, "--data"]).arg(data);
        succeed(&format!("{name} joins"), join).await?;
        let (process, url) = start(name, data, &line).await?;
        Ok(Self {
            name: name.to_owned(),
            data: data.to_owned(),
            line,
            process,
            url,
            client: crate::http_client(|builder| builder)?,
        })
    }

    /// Starts the process again after it was killed or ended.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start_again(&mut self) -> Result<()> {
        let (process, url) = start(&self.name, &self.data, &self.line).await?;
        (self.process, self.url) = (process, url);
        Ok(())
    }

    /// Begins to start another process over the data, after this one has ended, and does not wait for anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn begin_to_start(&self) -> Result<Process> {
        begin(&self.name, &self.data, &self.line)
    }

    /// The line leads to where the hub is now.
    ///
    /// # Errors
    /// When the hub has no address.
    pub fn follow(&self, hub: &Hub) -> Result<()> {
        let address: SocketAddr = hub.address()?;
        self.line.redirect(address);
        Ok(())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its line to the hub.
    #[must_use]
    pub fn line(&self) -> &ChaosProxy {
        &self.line
    }

    /// The process, for killing.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its address as the start of a URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A full address.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Somebody goes to a counter of this branch and signs in by the page, as soon as the branch knows them.
    ///
    /// # Errors
    /// When the PIN is refused, or the branch has never heard of them within [`PATIENCE`](crate::PATIENCE).
    pub async fn sign_in(&self, member: &Member) -> Result<Counter> {
        let what = format!("{} knows {}", self.name, member.name);
        wait_until(what, async || {
            let page = self.client.get(self.at("/sign-in")).send().await.ok()?;
            page.text().await.ok()?.contains(&member.id).then_some(())
        })
        .await?;
        Counter::sign_in(&self.name, &self.url, member).await
    }

    /// How it stands with the office.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn sync_facts(&self) -> Result<SyncFacts> {
        let answer = self.client.get(self.at("/api/v1/status")).send().await;
        let all = json("status", answer.context("GET /api/v1/status")?).await?;
        Ok(SyncFacts {
            pending: all["pending"].as_u64().context("no pending count")?,
            digest: all["digest"].as_str().map(str::to_owned),
            is_identical: all["identical"].as_bool().unwrap_or_default(),
            all,
        })
    }

    /// Waits until nothing waits here and the branch has proven, after this call, that it holds what the hub holds.
    /// Returns the digest.
    ///
    /// # Errors
    /// When that does not come within [`PATIENCE`](crate::PATIENCE).
    pub async fn wait_identical(&self) -> Result<String> {
        // An older proof says nothing about what the hub has learnt since. A branch that is left alone proves it anew
        // with its next long-poll only, so its connections are broken and it asks at once; again from time to time, for
        // there may have been none to break.
        const BREAK_AGAIN: Duration = Duration::from_secs(7);
        let asked = Timestamp::now();
        self.line.drop_connections();
        let mut broken_at = Instant::now();
        let mut last = None;
        let what = format!("{} and the hub hold the same", self.name);
        let proven = wait_until(what, async || {
            let facts = self.sync_facts().await.ok()?;
            let as_of = facts.all["identical_as_of"].as_str();
            let is_fresh = as_of.and_then(|at| at.parse().ok()) > Some(asked);
            let is_proven = facts.pending == 0 && facts.is_identical && is_fresh;
            let digest = facts.digest.clone();
            last = Some(facts.all);
            if !is_proven && broken_at.elapsed() > BREAK_AGAIN {
                self.line.drop_connections();
                broken_at = Instant::now();
            }
            digest.filter(|_| is_proven)
        });
        let proven = proven.await;
        proven.with_context(|| format!("{} says: {last:?}", self.name))
    }
}

async fn start(name: &str, data: &Path, line: &ChaosProxy) -> Result<(Process, String)> {
    let process = begin(name, data, line)?;
    let url = listening_url(&process).await?;
    process.wait_ready(&format!("{url}/readyz")).await?;
    Ok((process, url))
}

fn begin(name: &str, data: &Path, line: &ChaosProxy) -> Result<Process> {
    let mut command = binary("offpiste-branch")?;
    command
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--hub",
            &line.url(),
            "--data",
        ])
        .arg(data);
    Process::start(&format!("branch {name}"), command)
}

/// Runs a command that ends by itself, and fails with its output when it fails.
pub(super) async fn succeed(what: &str, command: Command) -> Result<Vec<String>> {
    let process = Process::start(what, command)?;
    let status = process.wait_for_end().await?;
    ensure!(
        status.success(),
        "{what}: {status}\n{}",
        process.lines().join("\n")
    );
    Ok(process.lines())
}
