//! The one place where the hub reads a clock.

use jiff::Timestamp;
use shared::clock::UtcMillis;

/// Now, UTC.
pub(crate) fn now() -> UtcMillis {
    Timestamp::now().into()
}
