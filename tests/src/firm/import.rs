//! The importer's process: a legacy database comes over to the hub.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Hub;
use super::branch::succeed;
use crate::binaries::binary;

/// A legacy database with its plan beside it.
#[derive(Debug)]
pub struct Import {
    source: PathBuf,
    plan: PathBuf,
}

impl Import {
    /// Has the importer propose a plan for `source`; orders without a branch go to `branch`. The proposal is taken as it is.
    ///
    /// # Errors
    /// When nothing can be proposed.
    pub async fn planned(source: &Path, branch: &str) -> Result<Self> {
        Self::propose(source, branch, &[]).await
    }

    /// As [`Self::planned`], for a later dump in the place of an earlier one.
    ///
    /// # Errors
    /// When nothing can be proposed.
    pub async fn planned_anew(source: &Path, branch: &str) -> Result<Self> {
        Self::propose(source, branch, &["--overwrite"]).await
    }

    async fn propose(source: &Path, branch: &str, options: &[&str]) -> Result<Self> {
        let plan = source.with_extension("plan.toml");
        let mut command = binary("offpiste-import")?;
        command
            .arg("plan")
            .arg(source)
            .args(options)
            .args(["--branch", branch, "--plan"])
            .arg(&plan);
        succeed("offpiste-import plan", command).await?;
        Ok(Self {
            source: source.to_owned(),
            plan,
        })
    }

    /// Brings everything into the running hub and returns the report. Progress is shown on our own standard error.
    ///
    /// # Errors
    /// When a row is unaccounted for, a value differs, or the import could not be carried out.
    pub async fn run(&self, hub: &Hub) -> Result<Value> {
        let token = hub.importer_join_string().await?;
        let mut command = binary("offpiste-import")?;
        command.arg("run").env("OFFPISTE_IMPORT_TOKEN", token);
        clean(self.report(command, hub).await?)
    }

    /// Reads everything back from the hub and compares it with the source. Returns the report.
    ///
    /// # Errors
    /// When there is a difference, or it could not be carried out.
    pub async fn verify(&self, hub: &Hub) -> Result<Value> {
        clean(self.try_verify(hub).await?)
    }

    /// As [`Self::verify`], whatever it finds.
    ///
    /// # Errors
    /// When it could not be carried out.
    pub async fn try_verify(&self, hub: &Hub) -> Result<(ExitStatus, Value)> {
        let mut command = binary("offpiste-import")?;
        command.arg("verify");
        self.report(command, hub).await
    }

    /// Any verb over this plan, with its exit code and the JSON that it prints.
    ///
    /// # Errors
    /// When it could not be carried out.
    pub async fn verb(&self, verb: &str, options: &[&str]) -> Result<(ExitStatus, Value)> {
        let mut command = binary("offpiste-import")?;
        command
            .arg(verb)
            .args(["--json", "--plan"])
            .arg(&self.plan)
            .args(options);
        ended(command).await
    }

    /// Any verb over this plan that is to be refused. Returns what it says.
    ///
    /// # Errors
    /// When it ends otherwise than as one that could not be carried out.
    pub async fn refusal(&self, verb: &str, options: &[&str]) -> Result<String> {
        let mut command = binary("offpiste-import")?;
        command
            .arg(verb)
            .arg("--plan")
            .arg(&self.plan)
            .args(options)
            .stdin(Stdio::null());
        let output = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .output()
            .await
            .context("the importer cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let status = output.status;
        ensure!(
            status.code() == Some(2),
            "{verb} {options:?}: {status}\n{said}"
        );
        Ok(said)
    }

    /// The legacy database.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The plan's file.
    #[must_use]
    pub fn plan(&self) -> &Path {
        &self.plan
    }

    async fn report(&self, mut command: Command, hub: &Hub) -> Result<(ExitStatus, Value)> {
        command
            .args(["--json", "--hub", hub.url(), "--plan"])
            .arg(&self.plan);
        ended(command).await
    }
}

/// How an importer ended, and the JSON that it printed.
async fn ended(mut command: Command) -> Result<(ExitStatus, Value)> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.context("the importer cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(text.trim())
        .with_context(|| format!("the importer's report is no JSON: {text}"))?;
    Ok((output.status, report))
}

/// The report of a run that ended well, with every row accounted for.
fn clean((status, report): (ExitStatus, Value)) -> Result<Value> {
    ensure!(status.success(), "the importer: {status}\n{report}");
    accounts_for_every_row(&report)?;
    Ok(report)
}

/// Checks the ledger's sums with arithmetic of our own.
fn accounts_for_every_row(report: &Value) -> Result<()> {
    let tables = report["ledger"].as_object().context("no ledger")?;
    for (table, sums) in tables {
        let count = |fate: &str| sums[fate].as_u64().unwrap_or_default();
        let fates = ["migrated", "merged", "embedded", "rejected", "excluded"];
        let accounted: u64 = fates.iter().map(|fate| count(fate)).sum();
        ensure!(
            accounted == count("source"),
            "{table}: {} rows in the source, {accounted} accounted for",
            count("source")
        );
    }
    let differences = report["differences"].as_array().map_or(0, Vec::len);
    ensure!(
        differences == 0,
        "{differences} differences: {}",
        report["differences"]
    );
    Ok(())
}
