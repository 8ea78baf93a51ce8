//! The hub's process, and the office that works with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{form, good_text, json};
use crate::binaries::binary;
use crate::machine::{Network, within};
use crate::process::Process;

/// The administrator's password in tests and in the demo: long enough for the hub, easy to type for a person.
const PASSWORD: &str = "piste-frei-2026";

/// The hub of the firm, running.
#[derive(Debug)]
pub struct Hub {
    process: Process,
    data: PathBuf,
    place: Place,
    url: String,
    client: Client,
}

/// Where it listens.
#[derive(Clone, Debug)]
struct Place {
    host: String,
    /// The network within which it runs; none for this machine's own.
    network: Option<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            network: None,
        }
    }
}

/// Somebody who works at counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they type to sign in.
    pub pin: String,
}

impl Hub {
    /// The administrator's login.
    pub const LOGIN: &str = "admin";

    /// Starts a hub on a free port of loopback; the first time `data` is empty or missing.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(data: &Path) -> Result<Self> {
        Self::start_at(data, Place::default()).await
    }

    /// The same within a network of its own.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start_within(network: &Network, data: &Path) -> Result<Self> {
        let place = Place {
            host: network.address(),
            network: Some(network.name().to_owned()),
        };
        Self::start_at(data, place).await
    }

    async fn start_at(data: &Path, place: Place) -> Result<Self> {
        let process = begin(data, &place)?;
        let url = listening_url(&process).await?;
        process.wait_ready(&format!("{url}/readyz")).await?;
        Ok(Self {
            process,
            data: data.to_owned(),
            place,
            url,
            client: crate::http_client(|builder| builder)?,
        })
    }

    /// Begins to start another process over the data, after this one has ended, and does not wait for anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn begin_to_start(&self) -> Result<Process> {
        begin(&self.data, &self.place)
    }

    /// Starts it again over the same data after it was killed or ended, at another port.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn start_again(&mut self) -> Result<()> {
        *self = Self::start_at(&self.data, self.place.clone()).await?;
        Ok(())
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

    /// Its address.
    ///
    /// # Errors
    /// When it printed something that is none.
    pub fn address(&self) -> Result<SocketAddr> {
        let address = self.url.strip_prefix("http://").unwrap_or(&self.url);
        address
            .parse()
            .with_context(|| format!("the hub listens on {}, which is no address", self.url))
    }

    /// The administrator's password.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Makes a new branch and returns the string with which one machine joins for it.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn new_branch(&self, name: &str, territory: &str) -> Result<String> {
        let body = json!({ "role": "branch", "branch_name": name, "territory": territory });
        self.join_string(&body).await
    }

    /// The string with which an importer joins.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn importer_join_string(&self) -> Result<String> {
        self.join_string(&json!({ "role": "importer" })).await
    }

    /// Takes somebody on who may work at every branch.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn hire(&self, name: &str, role: &str, pin: &str) -> Result<Member> {
        let body = json!({ "name": name, "role": role, "pin": pin });
        let reply = self.post("/api/v1/staff", &body).await?;
        Ok(Member {
            id: text(&reply, "id")?,
            name: name.to_owned(),
            pin: pin.to_owned(),
        })
    }

    /// What the office sees of everything at once.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn overview(&self) -> Result<Value> {
        self.get("/api/v1/overview").await
    }

    /// Branches and how their machines stand.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn branches(&self) -> Result<Value> {
        self.get("/api/v1/branches").await
    }

    /// An order as the office sees it.
    ///
    /// # Errors
    /// When the hub has no such order.
    pub async fn order(&self, id: &str) -> Result<Value> {
        self.get(&format!("/api/v1/orders/{id}")).await
    }

    /// Asks for JSON as the administrator.
    ///
    /// # Errors
    /// When the answer is no 2xx.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = Self::as_administrator(self.client.get(self.at(path)));
        let answer = answer.send().await;
        json(path, answer.with_context(|| format!("GET {path}"))?).await
    }

    /// A page of the office as HTML.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn page(&self, path: &str) -> Result<String> {
        let answer = Self::as_administrator(self.client.get(self.at(path)));
        let answer = answer.send().await;
        good_text(path, answer.with_context(|| format!("GET {path}"))?).await
    }

    /// The text of a page of the office as a person reads it.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn read(&self, path: &str) -> Result<String> {
        Ok(form::words(&self.page(path).await?))
    }

    /// Whatever is at `path`, as bytes.
    ///
    /// # Errors
    /// When it is not given.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let answer = Self::as_administrator(self.client.get(self.at(path)));
        let answer = answer.send().await.with_context(|| format!("GET {path}"))?;
        let answer = answer.error_for_status()?.bytes().await;
        Ok(answer.with_context(|| format!("GET {path}"))?.into())
    }

    /// How many orders the office's list for spreadsheets has.
    ///
    /// # Errors
    /// When it is not given.
    pub async fn count_orders(&self) -> Result<usize> {
        // The first line names the columns; a note may hold line ends of its own, inside quotes.
        let table = self.page("/orders.csv").await?;
        let mut is_quoted = false;
        let ends = table.chars().filter(|&sign| {
            is_quoted ^= sign == '"';
            sign == '\n' && !is_quoted
        });
        Ok(ends.count().saturating_sub(1))
    }

    /// The first of the hub's metrics whose name and labels `is_it` takes; none while it is not there.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn metric(&self, is_it: impl Fn(&str) -> bool) -> Result<Option<f64>> {
        let metrics = self.page("/metrics").await?;
        let mut lines = metrics.lines().filter_map(|line| line.rsplit_once(' '));
        let found = lines.find(|(name, _)| !name.starts_with('#') && is_it(name));
        Ok(found.and_then(|(_, value)| value.parse().ok()))
    }

    /// Sends JSON as the administrator.
    ///
    /// # Errors
    /// When the answer is no 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = Self::as_administrator(self.client.post(self.at(path)).json(body));
        let answer = answer.send().await;
        json(path, answer.with_context(|| format!("POST {path}"))?).await
    }

    /// A full address.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    async fn join_string(&self, body: &Value) -> Result<String> {
        let reply = self.post("/api/v1/join-strings", body).await?;
        text(&reply, "join_string")
    }

    fn as_administrator(request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(Self::LOGIN, Some(PASSWORD))
    }
}

fn begin(data: &Path, place: &Place) -> Result<Process> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let password_file = data.join("first-password");
    std::fs::write(&password_file, format!("{PASSWORD}\n")).context("cannot write the password")?;
    let mut command = binary("offpiste-hub")?;
    command
        .args(["serve", "--listen", &format!("{}:0", place.host), "--data"])
        .arg(data)
        .arg("--initial-admin-password-file")
        .arg(&password_file);
    if let Some(network) = &place.network {
        command = within(network, &command);
    }
    Process::start("the hub", command)
}

/// What `listening on http://127.0.0.1:4711` says.
pub(super) async fn listening_url(process: &Process) -> Result<String> {
    process
        .wait_for_line(|line| Some(line.strip_prefix("listening on ")?.trim().to_owned()))
        .await
}

/// A text of an object.
pub(super) fn text(object: &Value, name: &str) -> Result<String> {
    let text = object[name].as_str();
    Ok(text
        .with_context(|| format!("no text {name} in {object}"))?
        .to_owned())
}
