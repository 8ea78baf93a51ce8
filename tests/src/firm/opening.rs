//! A whole firm, opened for one test.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::{Branch, Hub, Member};
use crate::machine::Network;

/// A hub, its branches, each with a line of its own, and three people who may work at any of them. Dropping it kills
/// everything and removes the data; [`Firm::close`] asks everything to end and complains when something does not.
#[derive(Debug)]
pub struct Firm<const BRANCHES: usize> {
    // Dropped in this order: whoever uses a directory is gone before it.
    /// In the order of their names at [`Firm::open`].
    pub branches: [Branch; BRANCHES],
    /// Where they meet.
    pub hub: Hub,
    /// Works at counters.
    pub anna: Member,
    /// Works at counters.
    pub beat: Member,
    /// Works in the workshop.
    pub chiara: Member,
    directory: TempDir,
}

impl<const BRANCHES: usize> Firm<BRANCHES> {
    /// Starts a new hub and a machine for each branch.
    ///
    /// # Errors
    /// When anything does not start.
    pub async fn open(names: [&str; BRANCHES]) -> Result<Self> {
        let directory = place()?;
        let hub = Hub::start(&directory.path().join("hub")).await?;
        Self::with(hub, names, directory).await
    }

    /// The same with a hub in a network of its own: between the branches' lines and the hub lies a cable.
    ///
    /// # Errors
    /// When anything does not start.
    pub async fn open_across(network: &Network, names: [&str; BRANCHES]) -> Result<Self> {
        let directory = place()?;
        let hub = Hub::start_within(network, &directory.path().join("hub")).await?;
        Self::with(hub, names, directory).await
    }

    async fn with(hub: Hub, names: [&str; BRANCHES], directory: TempDir) -> Result<Self> {
        let anna = hub.hire("Anna Caduff", "counter", "1357").await?;
        let beat = hub.hire("Beat Meier", "counter", "2468").await?;
        let chiara = hub.hire("Chiara Rossi", "workshop", "9753").await?;
        let mut branches = Vec::with_capacity(BRANCHES);
        for name in names {
            branches.push(Branch::open(&hub, name, &directory.path().join(name)).await?);
        }
        let Ok(branches) = <[Branch; BRANCHES]>::try_from(branches) else {
            anyhow::bail!("one branch for each name");
        };
        Ok(Self {
            branches,
            hub,
            anna,
            beat,
            chiara,
            directory,
        })
    }

    /// Where the firm's data are; tests may put theirs beside them.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits until each branch has proven, after this call, that it holds what the hub holds.
    ///
    /// # Errors
    /// When one does not in time.
    pub async fn wait_identical(&self) -> Result<()> {
        for branch in &self.branches {
            branch.wait_identical().await?;
        }
        Ok(())
    }

    /// Asks everything to end, as at closing time, and removes the directory.
    ///
    /// # Errors
    /// When a process does not end by itself with success.
    pub async fn close(self) -> Result<()> {
        for branch in &self.branches {
            branch.line().mend();
            let status = branch.process().terminate().await?;
            ensure!(status.success(), "{} ended with {status}", branch.name());
        }
        let status = self.hub.process().terminate().await?;
        ensure!(status.success(), "the hub ended with {status}");
        drop((self.branches, self.hub));
        self.directory
            .close()
            .context("the firm's data cannot be removed")
    }
}

fn place() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("offpiste-firm-").tempdir();
    made.context("no place for the firm's data")
}
