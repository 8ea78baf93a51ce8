//! Who and what is on stage: the hub, Chur and Davos, the people, and the old database.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use tests::firm::{Branch, Hub, Import, Member};
use tools::generator::{self, Truth};

/// The firm on its first day with Offpiste. Dropping it ends all processes and removes everything.
pub(crate) struct Scene {
    // In the order in which things may go: whoever uses a directory ends before it.
    pub(crate) chur: Branch,
    pub(crate) davos: Branch,
    pub(crate) hub: Hub,
    pub(crate) anna: Member,
    pub(crate) beat: Member,
    pub(crate) chiara: Member,
    pub(crate) import: Imported,
    directory: TempDir,
}

/// What the import has brought.
pub(crate) struct Imported {
    pub(crate) import: Import,
    /// What is in the old database, as its maker knows it.
    pub(crate) truth: Truth,
    /// What the importer says about it.
    pub(crate) report: Value,
}

/// The generator's seed: every demo has the same customers.
const SEED: u64 = 20_261_120;

impl Scene {
    /// Starts everything and brings the old database over. `told` hears what is being done.
    pub(crate) async fn set(legacy_orders: u64, told: impl Fn(&str)) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("offpiste-demo-")
            .tempdir()
            .context("no place for the demo's data")?;
        told("hub starts");
        let hub = Hub::start(&directory.path().join("hub")).await?;
        let anna = hub.hire("Anna Caduff", "counter", "1357").await?;
        let beat = hub.hire("Beat Meier", "counter", "2468").await?;
        let chiara = hub.hire("Chiara Rossi", "workshop", "9753").await?;
        told("Chur and Davos join with their one-time strings");
        let chur = Branch::open(&hub, "Chur", &directory.path().join("chur")).await?;
        let davos = Branch::open(&hub, "Davos", &directory.path().join("davos")).await?;
        told("the old database is imported into the running hub");
        let import = bring_over(legacy_orders, directory.path(), &hub).await?;
        Ok(Self {
            chur,
            davos,
            hub,
            anna,
            beat,
            chiara,
            import,
            directory,
        })
    }

    pub(crate) fn branches(&self) -> [&Branch; 2] {
        [&self.chur, &self.davos]
    }

    pub(crate) fn people(&self) -> [&Member; 3] {
        [&self.anna, &self.beat, &self.chiara]
    }

    /// The branch a person means.
    pub(crate) fn branch(&self, name: &str) -> Option<&Branch> {
        self.branches()
            .into_iter()
            .find(|branch| branch.name().eq_ignore_ascii_case(name))
    }

    /// Asks everything to end, as at closing time, and removes the directory.
    pub(crate) async fn close(self) -> Result<()> {
        for branch in self.branches() {
            // A long-poll through a cut line must not hold up the end.
            branch.line().mend();
            ended_well(branch.name(), branch.process().terminate().await?)?;
        }
        ended_well("the hub", self.hub.process().terminate().await?)?;
        self.directory
            .close()
            .context("the demo's directory cannot be removed")
    }
}

fn ended_well(name: &str, status: std::process::ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

async fn bring_over(orders: u64, directory: &Path, hub: &Hub) -> Result<Imported> {
    let dump = directory.join("werkstatt.sql");
    let options = generator::Options {
        orders,
        seed: SEED,
        ..generator::Options::default()
    };
    let path = dump.clone();
    let truth = tokio::task::spawn_blocking(move || generator::generate(&options, &path));
    let truth = truth.await?.context("the old database cannot be made")?;
    let import = Import::planned(&dump, "Chur").await?;
    let report = import.run(hub).await?;
    Ok(Imported {
        import,
        truth,
        report,
    })
}
