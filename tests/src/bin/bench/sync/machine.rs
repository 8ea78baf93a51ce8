//! A branch's machine as the measurements need it: another machine of a branch that exists, started when it is wanted, on a
//! line that is counted. The harness's own branches are there from the start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tests::firm::{Hub, Member};
use tests::{ChaosProxy, Process, binary, http_client};

use super::process::Usage;

/// Between two looks at a machine's state: short against what is timed, long against what a look costs it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// After so long without any progress a measurement gives up.
const STUCK: Duration = Duration::from_mins(3);

/// A machine that has joined, with its own line to the hub.
#[derive(Debug)]
pub(crate) struct Machine {
    name: String,
    data: PathBuf,
    pub(crate) line: ChaosProxy,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    url: String,
    client: Client,
}

/// A string that joins one more machine, and the branch it is for.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    join_string: String,
    pub(crate) branch: String,
}

impl Invitation {
    /// Makes a branch at the hub.
    pub(crate) async fn to_new_branch(hub: &Hub, name: &str) -> Result<Self> {
        let wanted = json!({ "role": "branch", "branch_name": name, "territory": "CH" });
        Self::of(hub, &wanted).await
    }

    /// For one more machine of a branch that exists.
    pub(crate) async fn to_branch(hub: &Hub, branch: &str) -> Result<Self> {
        Self::of(hub, &json!({ "role": "branch", "branch": branch })).await
    }

    async fn of(hub: &Hub, wanted: &Value) -> Result<Self> {
        let reply = hub.post("/api/v1/join-strings", wanted).await?;
        let text = |name: &str| reply[name].as_str().map(str::to_owned);
        Ok(Self {
            join_string: text("join_string").context("no join string")?,
            branch: text("branch").context("no branch")?,
        })
    }
}

impl Machine {
    /// Joins with a line of its own; the program does not run yet.
    pub(crate) async fn join(
        hub: &Hub,
        invitation: &Invitation,
        name: &str,
        data: &Path,
    ) -> Result<Self> {
        let line = ChaosProxy::start(hub.address()?).await?;
        let mut command = binary("offpiste-branch")?;
        command
            .args(["join", &invitation.join_string, "--hub", &line.url()])
            .arg("--data")
            .arg(data);
        let process = Process::start(&format!("{name} joins"), command)?;
        let status = process.wait_for_end().await?;
        ensure!(
            status.success(),
            "{name} cannot join: {}",
            process.lines().join("\n")
        );
        Ok(Self {
            name: name.to_owned(),
            data: data.to_owned(),
            line,
            running: None,
        })
    }

    /// Starts the program and waits until it answers, whether or not it holds anything yet.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let mut command = binary("offpiste-branch")?;
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--hub"])
            .arg(self.line.url())
            .arg("--data")
            .arg(&self.data);
        let process = Process::start(&self.name, command)?;
        let url = process
            .wait_for_line(|line| Some(line.strip_prefix("listening on ")?.trim().to_owned()))
            .await?;
        self.running = Some(Running {
            process,
            url,
            client: http_client(|builder| builder)?,
        });
        Ok(())
    }

    /// Asks the program to end, as at closing time.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        if let Some(running) = self.running.take() {
            let status = running.process.terminate().await?;
            ensure!(status.success(), "{} ended with {status}", self.name);
        }
        Ok(())
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.running()?.process.id())
    }

    /// How it stands with the office, as it says itself.
    pub(crate) async fn status(&self) -> Result<Value> {
        self.get("/api/v1/status", "").await
    }

    /// Looks at the state again and again until `is_reached`, and gives up when nothing moves any more.
    pub(crate) async fn wait(
        &self,
        what: &str,
        is_reached: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut moved = tokio::time::Instant::now();
        let mut last = (0, 0);
        loop {
            let status = self.status().await?;
            if is_reached(&status) {
                return Ok(status);
            }
            let now = (pending(&status), documents(&status));
            if now != last {
                (last, moved) = (now, tokio::time::Instant::now());
            }
            ensure!(
                moved.elapsed() < STUCK,
                "{}: waited in vain until {what}; it says {status}",
                self.name
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Somebody signs in as a program does, as soon as the machine knows them. Returns the token.
    pub(crate) async fn sign_in(&self, member: &Member) -> Result<String> {
        let body = json!({ "staff": member.id, "pin": member.pin, "counter": "bench" });
        let what = format!("{} knows {}", self.name, member.name);
        tests::wait_until(what, async || {
            let reply = self.post("/api/v1/sign-in", "", &body).await.ok()?;
            reply["token"].as_str().map(str::to_owned)
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Result<Value> {
        let running = self.running()?;
        let request = running.client.get(format!("{}{path}", running.url));
        answer(path, request.bearer_auth(token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Result<Value> {
        let running = self.running()?;
        let request = running.client.post(format!("{}{path}", running.url));
        answer(path, request.bearer_auth(token).json(body)).await
    }

    fn running(&self) -> Result<&Running> {
        let running = self.running.as_ref();
        running.with_context(|| format!("{} does not run", self.name))
    }
}

/// Documents that wait for the hub.
pub(crate) fn pending(status: &Value) -> u64 {
    status["pending"].as_u64().unwrap_or(u64::MAX)
}

/// Documents held.
pub(crate) fn documents(status: &Value) -> u64 {
    status["documents"].as_u64().unwrap_or_default()
}

/// How far it has come in the hub's feed.
pub(crate) fn cursor(status: &Value) -> u64 {
    status["cursor"].as_u64().unwrap_or_default()
}

async fn answer(path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let answer = request.send().await.with_context(|| path.to_owned())?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{path}: {status}: {text}");
    serde_json::from_str(&text).with_context(|| format!("{path} answers {text}"))
}
