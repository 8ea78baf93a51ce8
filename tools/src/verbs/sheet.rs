//! Reports as HTML files: where to, and in which language.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tools::report::{About, Language};

/// The zone in which a report shows instants before a plan names one.
pub(super) const DEFAULT_ZONE: &str = "Europe/Zurich";

/// Whether a report is written, and in which language.
#[derive(Debug, Args)]
pub(super) struct SheetOptions {
    /// Also writes the report as one HTML file that needs nothing else, to be read, printed and signed.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// The report's language: de or en.
    #[arg(long, value_name = "LANGUAGE", default_value = "de", value_parser = language)]
    pub(super) language: Language,
}

fn language(code: &str) -> Result<Language, String> {
    Language::from_code(code)
        .ok_or_else(|| format!("reports are written in de or en, not in {code}"))
}

impl SheetOptions {
    /// Writes the report that `render` makes, when one is asked for.
    pub(super) fn write<E: std::error::Error + Send + Sync + 'static>(
        &self,
        zone: &str,
        source: &Path,
        render: impl FnOnce(&About) -> Result<String, E>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.html else {
            return Ok(());
        };
        let html = render(&About::now(self.language, zone, source))
            .context("the report cannot be made")?;
        write_private(path, html.as_bytes())?;
        eprintln!("Report: {}", path.display());
        Ok(())
    }
}

/// Writes a file that holds personal data, such as names among the examples: for its owner only.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    shared::store::backup::place::write_file(path, |file| {
        Ok(std::io::Write::write_all(file, bytes)?)
    })
    .with_context(|| format!("{} cannot be written", path.display()))
}
