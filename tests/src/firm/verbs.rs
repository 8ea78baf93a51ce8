//! Verbs of the product's binaries that end by themselves.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Branch, Hub};
use crate::binaries::binary;
use crate::process::Process;

/// What a verb came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verb {
    /// Whether it ended with success.
    pub is_success: bool,
    /// What it printed, on both streams.
    pub lines: Vec<String>,
}

impl Verb {
    /// Runs a verb to its end; `paths` follow the other arguments as they are named, such as `--data` and a directory.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub async fn run(program: &str, arguments: &[&str], data: &Path) -> Result<Self> {
        let mut command = binary(program)?;
        command.args(arguments).arg("--data").arg(data);
        let process = Process::start(&format!("{program} {arguments:?}"), command)?;
        let status = process.wait_for_end().await?;
        Ok(Self {
            is_success: status.success(),
            lines: process.lines(),
        })
    }

    /// All of its output.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The same when it went well.
    ///
    /// # Errors
    /// When it did not, with what it printed.
    pub fn succeeded(self) -> Result<Self> {
        ensure!(self.is_success, "it failed:\n{}", self.text());
        Ok(self)
    }

    /// Its output as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        let text = self.text();
        let begin = text.find('{').unwrap_or_default();
        serde_json::from_str(&text[begin..]).with_context(|| format!("no JSON: {text}"))
    }
}

impl Hub {
    /// A verb over the hub's data, while it runs or not.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub async fn verb(&self, arguments: &[&str]) -> Result<Verb> {
        Verb::run("offpiste-hub", arguments, self.data()).await
    }
}

impl Branch {
    /// A verb over the branch's data, while it runs or not.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub async fn verb(&self, arguments: &[&str]) -> Result<Verb> {
        Verb::run("offpiste-branch", arguments, self.data()).await
    }
}
