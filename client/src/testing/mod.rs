//! What this crate's tests share: a hub in the same process, and shops that join it for real.

mod hub;
mod shop;

use std::time::{Duration, Instant};

pub(crate) use hub::{HubDouble, Mood};
pub(crate) use shop::{PIN, Shop, new_order};

/// How long a test waits for what normally comes at once. A loaded machine is slow and not wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks again and again until `condition` holds; level-triggered, so what came and stayed is never missed.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
