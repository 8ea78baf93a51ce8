//! Other products with the same orders. They are fetched from their registries when they are first needed, built beside the
//! product and never part of it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::document::{Document, Value as FieldValue};
use tests::{ChaosProxy, Process, target_directory};

use super::process::{Usage, bytes_on_disk};
use super::progress::say;

/// What a peer takes for one direction, and what passes on the line meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    pub(crate) milliseconds: f64,
    /// Of the processor, both sides together.
    pub(crate) processor_milliseconds: f64,
    /// None where there is no line.
    pub(crate) bytes: u64,
}

/// What PouchDB was measured to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pouch {
    pub(crate) push: Step,
    pub(crate) pull: Step,
    pub(crate) nothing: Step,
    pub(crate) one_change: Step,
}

/// What RouchDB was measured to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rouch {
    pub(crate) push: Step,
    pub(crate) pull: Step,
    pub(crate) hub_bytes: u64,
}

/// Writes orders as the plain JSON documents that a developer would store in a document database: no history of fields, one
/// value each, events as a list.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_documents(orders: &[Document], path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for order in orders {
        let mut entry = json!({ "_id": order.id().to_string(), "kind": order.kind().as_str() });
        for field in order.fields().keys() {
            if let Some(value) = order.newest(field.as_str()) {
                entry[field.as_str()] = plain(&value);
            }
        }
        let events = order.events();
        let events = events.iter().map(|event| {
            json!({ "kind": event.kind.to_string(), "at": event.at.instant().0, "by": event.by.map(|by| by.to_string()) })
        });
        entry["events"] = events.collect();
        writeln!(file, "{entry}")?;
    }
    Ok(file.flush()?)
}

fn plain(value: &FieldValue) -> Value {
    match value {
        FieldValue::Null => Value::Null,
        FieldValue::Bool(flag) => (*flag).into(),
        FieldValue::Int(number) => (*number).into(),
        FieldValue::Text(text) => text.as_str().into(),
        FieldValue::Id(id) => id.to_string().into(),
        FieldValue::Money { minor, currency } => {
            json!({ "minor": minor, "currency": currency.as_str() })
        }
        FieldValue::Instant(instant) => instant.0.into(),
        FieldValue::Date(_) => value.as_date().map(|date| date.to_string()).into(),
        FieldValue::Bytes(bytes) => bytes.clone().into(),
    }
}

/// PouchDB's hub in a process of its own, and a line to it that counts.
pub(crate) struct PouchHub {
    home: PathBuf,
    process: Process,
    line: ChaosProxy,
}

impl PouchHub {
    /// Installs PouchDB when it is not there yet, and starts a hub that keeps its data in `directory`.
    ///
    /// # Errors
    /// When node or npm are missing or the registry does not answer.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        let home = installed_pouchdb()?;
        fs::create_dir_all(directory)?;
        let mut command = Command::new("node");
        command.current_dir(&home).arg("hub.js").arg(directory);
        let process = Process::start("PouchDB's hub", command)?;
        let url = process
            .wait_for_line(|line| Some(line.strip_prefix("listening on http://")?.to_owned()))
            .await?;
        let line = ChaosProxy::start(url.parse().context("no address")?).await?;
        Ok(Self {
            home,
            process,
            line,
        })
    }

    /// First synchronisation both ways, then nothing, then one change.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) async fn measure(
        &self,
        documents: &Path,
        count: usize,
        directory: &Path,
    ) -> Result<Pouch> {
        let (first, second) = (directory.join("pouch-1"), directory.join("pouch-2"));
        fs::create_dir_all(&first)?;
        fs::create_dir_all(&second)?;
        let url = format!("{}/orders", self.line.url());
        self.step("fill", &first, documents.as_os_str()).await?;
        let push = self.counted("push", &first, &url, count).await?;
        let pull = self.counted("pull", &second, &url, count).await?;
        let nothing = self.counted("push", &first, &url, 0).await?;
        self.step("change", &first, "".as_ref()).await?;
        let one_change = self.counted("push", &first, &url, 1).await?;
        Ok(Pouch {
            push,
            pull,
            nothing,
            one_change,
        })
    }

    async fn counted(&self, step: &str, directory: &Path, url: &str, count: usize) -> Result<Step> {
        let bytes = || self.line.requested_bytes() + self.line.answered_bytes();
        let before = bytes();
        let hub = Usage::of(self.process.id())?.processor;
        let said = self.step(step, directory, url.as_ref()).await?;
        let hub = Usage::of(self.process.id())?.processor.saturating_sub(hub);
        let replica = said["processor_milliseconds"].as_f64();
        ensure!(
            said["documents"] == count,
            "PouchDB moved {said}, not {count} documents"
        );
        Ok(Step {
            milliseconds: said["milliseconds"].as_f64().context("no time")?,
            processor_milliseconds: replica.context("no processor time")? + hub.as_secs_f64() * 1e3,
            bytes: bytes() - before,
        })
    }

    async fn step(
        &self,
        step: &str,
        directory: &Path,
        argument: &std::ffi::OsStr,
    ) -> Result<Value> {
        ensure!(self.process.is_running(), "PouchDB's hub has ended");
        pouch_step(&self.home, step, directory, argument).await
    }
}

/// Bytes on disk for each document after so many edits of each, with automatic compaction.
///
/// # Errors
/// When a step fails.
pub(crate) async fn pouch_bytes_on_disk(
    documents: &Path,
    edits: usize,
    directory: &Path,
) -> Result<u64> {
    let home = installed_pouchdb()?;
    let data = directory.join("pouch-edited");
    fs::create_dir_all(&data)?;
    pouch_step(&home, "fill", &data, documents.as_os_str()).await?;
    pouch_step(&home, "edit", &data, edits.to_string().as_ref()).await?;
    bytes_on_disk(&data)
}

async fn pouch_step(
    home: &Path,
    step: &str,
    directory: &Path,
    argument: &std::ffi::OsStr,
) -> Result<Value> {
    let mut command = Command::new("node");
    command
        .current_dir(home)
        .args(["replica.js", step])
        .arg(directory)
        .arg(argument);
    output(&format!("PouchDB: {step}"), command).await
}

/// Builds RouchDB when it is not there yet, and has it synchronise the documents both ways.
///
/// # Errors
/// When it cannot be built or fails.
pub(crate) async fn rouchdb(documents: &Path, directory: &Path) -> Result<Rouch> {
    let program = built_rouchdb()?;
    let data = directory.join("rouchdb");
    fs::create_dir_all(&data)?;
    let mut command = Command::new(program);
    command.arg(documents).arg(&data);
    let said = output("RouchDB", command).await?;
    let number = |name: &str| {
        said[name]
            .as_f64()
            .with_context(|| format!("RouchDB says no {name}"))
    };
    let step = |name: &str| -> Result<Step> {
        Ok(Step {
            milliseconds: number(&format!("{name}_milliseconds"))?,
            processor_milliseconds: number(&format!("{name}_processor_milliseconds"))?,
            bytes: 0,
        })
    };
    Ok(Rouch {
        push: step("push")?,
        pull: step("pull")?,
        hub_bytes: said["bytes_on_disk"].as_u64().context("no bytes")?,
    })
}

/// The last line of a program's output as JSON.
async fn output(what: &str, mut command: Command) -> Result<Value> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.with_context(|| format!("{what} cannot be started"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{what}: {}: {text}", output.status);
    let last = text.trim_end().lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{what} says {last}"))
}

/// Node's modules are installed below the target directory, from the locked list, so that the tree stays clean.
fn installed_pouchdb() -> Result<PathBuf> {
    let home = peers_directory()?.join("pouchdb");
    fs::create_dir_all(&home)?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pouchdb");
    for name in ["package.json", "package-lock.json", "hub.js", "replica.js"] {
        fs::copy(source.join(name), home.join(name)).with_context(|| name.to_owned())?;
    }
    let marker = home.join("node_modules/express-pouchdb/package.json");
    if !marker.is_file() {
        say("installing PouchDB from npm");
        let mut npm = Command::new("npm");
        npm.current_dir(&home)
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        succeed("npm ci", npm)?;
    }
    Ok(home)
}

fn built_rouchdb() -> Result<PathBuf> {
    let target = peers_directory()?.join("rouchdb");
    let program = target.join("release/peer-rouchdb");
    if !program.is_file() {
        say("building RouchDB from crates.io");
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/rouchdb/Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--manifest-path",
        ])
        .arg(manifest);
    cargo.env("CARGO_TARGET_DIR", &target);
    succeed("building RouchDB", cargo)?;
    Ok(program)
}

fn peers_directory() -> Result<PathBuf> {
    Ok(target_directory()?.join("peers"))
}

fn succeed(what: &str, mut command: Command) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command
        .status()
        .with_context(|| format!("{what} cannot be started"))?;
    ensure!(status.success(), "{what}: {status}");
    Ok(())
}
