//! The machine's clock and its dice, as values that tests replace.

use std::sync::Arc;

use shared::clock::UtcMillis;

/// Tells the time. Cloned into everything that needs it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UtcMillis + Send + Sync>);

impl Clock {
    /// The machine's own.
    pub fn of_this_machine() -> Self {
        Self::new(|| jiff::Timestamp::now().into())
    }

    /// Any other, for tests.
    pub fn new(read: impl Fn() -> UtcMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time now.
    pub fn now(&self) -> UtcMillis {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Clock")
    }
}

/// The operating system gave no random numbers, so no id or secret can be made safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers; nothing was saved, restart the machine")]
pub struct NoRandomness;

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
