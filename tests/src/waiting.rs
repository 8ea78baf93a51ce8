//! Waiting for conditions. A test never sleeps for a time that "should be enough".

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a test waits for something that normally comes at once, before it fails.
/// Generous, because a loaded machine is slow and not wrong, and several tests run on each processor; a passing test never
/// waits for it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks at a condition: short against what a person notices, long against what a look costs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Asks `condition` again and again until it answers `Some`, and returns what is in it.
/// It is level-triggered: a condition that holds already, or came and stayed, is never missed.
///
/// # Errors
/// After [`PATIENCE`], with `what` in the text, so that a failed test says what it waited for.
pub async fn wait_until<T>(
    what: impl Display,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return Ok(value);
        }
        if start.elapsed() > PATIENCE {
            bail!("waited {} s in vain until {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
