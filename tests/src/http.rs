//! One way to speak HTTP in tests.

use std::sync::Once;
use std::time::Duration;

use anyhow::{Context, Result};

/// A request of a test that takes longer than this hangs.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Shorter than the 30 seconds after which our servers close a connection that nobody uses, or a request goes into one that
/// is being closed.
const UNUSED_AT_MOST: Duration = Duration::from_secs(20);

/// A client as a browser is one: it keeps cookies only if `configure` says so, follows no redirect (a test asserts them),
/// and gives up after 30 seconds.
///
/// # Errors
/// When the client cannot be built, which is a mistake in `configure`.
pub fn http_client(
    configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client> {
    use_ring_for_tls();
    let builder = reqwest::Client::builder()
        .timeout(REQUEST_LIMIT)
        .pool_idle_timeout(UNUSED_AT_MOST)
        .redirect(reqwest::redirect::Policy::none());
    configure(builder)
        .build()
        .context("the HTTP client cannot be built")
}

/// Chooses rustls' provider for this process, which every HTTP client needs before it is built.
pub(crate) fn use_ring_for_tls() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // Refused only when another one was chosen before, and then that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
