//! What axe-core, the accessibility checker, finds on a page.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use serde::Deserialize;
use thirtyfour::WebDriver;

use crate::binaries::target_directory;

/// One rule that a page breaks, and where.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// The rule's name, such as `color-contrast`.
    pub id: String,
    /// How much it hinders somebody.
    pub impact: Option<Impact>,
    /// What should be so, in words.
    pub help: String,
    /// CSS selectors of the elements, at most the first ten.
    pub places: Vec<String>,
}

impl Finding {
    /// Whether it keeps somebody from doing their work: serious or critical. These fail a test.
    #[must_use]
    pub fn is_serious(&self) -> bool {
        self.impact >= Some(Impact::Serious)
    }
}

/// How much a finding hinders somebody, after axe-core; from little to much.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// A nuisance.
    Minor,
    /// Slows somebody down.
    Moderate,
    /// Some people cannot do some things.
    Serious,
    /// Some people cannot use the page.
    Critical,
}

/// Runs all rules for WCAG 2.2 AA and good practice on the page as it is now.
pub(crate) async fn check(page: &WebDriver) -> Result<Vec<Finding>> {
    page.execute(axe_script()?, Vec::new())
        .await
        .context("axe-core cannot be put into the page")?;
    let findings = page
        .execute_async(RUN_AXE, Vec::new())
        .await
        .context("axe-core does not run")?;
    findings
        .convert()
        .context("axe-core answers something unknown")
}

/// Answers the violations in the shape of [`Finding`]; the last argument is WebDriver's callback.
const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
        results => done(results.violations.map(({ id, impact, help, nodes }) => ({
            id, impact, help, places: nodes.slice(0, 10).map(node => node.target.join(' ')),
        }))),
        error => done(String(error)),
    );
";

fn axe_script() -> Result<&'static str> {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    if let Some(script) = SCRIPT.get() {
        return Ok(script);
    }
    let path = target_directory()?.join("axe-core/axe.min.js");
    let script = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "{} is missing; `cargo xtask prepare` fetches it",
            path.display()
        )
    })?;
    Ok(SCRIPT.get_or_init(|| script))
}
