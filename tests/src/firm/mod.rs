//! A firm with its real processes: one hub, branches with their lines to it, and people at counters.
//!
//! Everything goes through what the product offers to people and programs: its binaries' command lines, the forms of its
//! pages, its documented JSON. Nothing here reaches into a store.

mod branch;
mod counter;
mod form;
mod hub;
mod import;
mod opening;
mod verbs;

pub use branch::{Branch, SyncFacts};
pub use counter::{Counter, NewOrder, Taken};
pub use form::Form;
pub use hub::{Hub, Member};
pub use import::Import;
pub use opening::Firm;
pub use verbs::Verb;

use anyhow::{Context, Result, bail};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// The body of a good answer as JSON.
///
/// # Errors
/// When the answer is no 2xx, with what it says; or when it is no JSON.
pub(crate) async fn json(what: &str, answer: Response) -> Result<Value> {
    let text = good_text(what, answer).await?;
    serde_json::from_str(&text).with_context(|| format!("{what}: the answer is no JSON: {text}"))
}

/// The body of a good answer.
///
/// # Errors
/// When the answer is no 2xx, with what it says.
pub(crate) async fn good_text(what: &str, answer: Response) -> Result<String> {
    let status = answer.status();
    let text = answer
        .text()
        .await
        .with_context(|| format!("{what}: the answer breaks off"))?;
    if !status.is_success() {
        bail!("{what}: {status}: {}", shortened(&text));
    }
    Ok(text)
}

/// Where a form's answer leads to.
///
/// # Errors
/// When it leads nowhere: then the form came back with what is wrong on it.
pub(crate) async fn redirect(what: &str, answer: Response) -> Result<String> {
    let status = answer.status();
    if status != StatusCode::SEE_OTHER {
        let text = answer.text().await.unwrap_or_default();
        bail!(
            "{what}: {status}, not saved: {}",
            shortened(&form::words(&text))
        );
    }
    let location = answer.headers().get(reqwest::header::LOCATION);
    let location = location.context("a redirect without an address")?;
    Ok(location
        .to_str()
        .context("a redirect to no address")?
        .to_owned())
}

fn shortened(text: &str) -> String {
    /// Enough of a page to see what it complains about.
    const SHOWN_CHARACTERS: usize = 1_500;
    text.chars().take(SHOWN_CHARACTERS).collect()
}
