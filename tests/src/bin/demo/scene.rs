//! Who and what is on stage: the hub, Chur and Davos, the people, and the old database.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use tests::firm::{Branch, Firm, Hub, Import, Member};
use tools::generator::{self, Truth};

/// The firm on its first day with Offpiste. Dropping it ends all processes and removes everything.
pub(crate) struct Scene {
    pub(crate) firm: Firm<2>,
    pub(crate) import: Imported,
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
        told("a hub starts; Chur and Davos join with their one-time strings");
        let firm = Firm::open(["Chur", "Davos"]).await?;
        told("the old database is imported into the running hub");
        let import = bring_over(legacy_orders, firm.directory(), &firm.hub).await?;
        Ok(Self { firm, import })
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.firm.hub
    }

    pub(crate) fn davos(&self) -> &Branch {
        &self.firm.branches[1]
    }

    pub(crate) fn people(&self) -> [&Member; 3] {
        [&self.firm.anna, &self.firm.beat, &self.firm.chiara]
    }

    /// The address to open in a browser. Cookies know hosts and no ports: under one name, signing in at Davos would
    /// sign out at Chur. Browsers take every name below `localhost` for this machine (RFC 6761).
    pub(crate) fn browser_url(branch: &Branch) -> String {
        let host = format!("{}.localhost", branch.name().to_lowercase());
        branch.url().replace("127.0.0.1", &host)
    }

    /// The branch a person means.
    pub(crate) fn branch(&self, name: &str) -> Option<&Branch> {
        self.firm
            .branches
            .iter()
            .find(|branch| branch.name().eq_ignore_ascii_case(name))
    }
}

async fn bring_over(orders: u64, directory: &Path, hub: &Hub) -> Result<Imported> {
    let dump = directory.join("werkstatt.sql");
    let options = generator::Options {
        orders,
        seed: SEED,
        last_day: Some(jiff::Zoned::now().date()),
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
