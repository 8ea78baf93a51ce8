//! How long to wait after a failure: exponential with full jitter, so that a thousand branches that lost the hub
//! together do not come back together.

/// The state of one retry loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

const FIRST_MILLIS: u64 = 250;

/// A branch that was cut off for a day is back within this once the line is.
const LONGEST_MILLIS: u64 = 15_000;

impl Backoff {
    /// After a success the next failure waits briefly again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Milliseconds to wait after one more failure. `random` is any number from the caller's generator.
    pub const fn failed(&mut self, random: u64) -> u64 {
        let doubled = FIRST_MILLIS << (if self.failures < 6 { self.failures } else { 6 });
        let ceiling = if doubled < LONGEST_MILLIS {
            doubled
        } else {
            LONGEST_MILLIS
        };
        self.failures = self.failures.saturating_add(1);
        // Never at once: half the ceiling is sure, the other half is jitter.
        ceiling / 2 + random % (ceiling / 2 + 1)
    }

    /// Failures since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_bounded_and_start_over() {
        let mut backoff = Backoff::default();
        let longest: Vec<u64> = (0..10).map(|_| backoff.failed(u64::MAX - 1)).collect();
        assert!(
            longest
                .iter()
                .all(|wait| (FIRST_MILLIS / 2..=LONGEST_MILLIS).contains(wait))
        );
        for (random, failures) in [(0, 0), (u64::MAX, 3), (12_345, 9)] {
            let wait = Backoff { failures }.failed(random);
            let ceiling = (FIRST_MILLIS << failures.min(6)).min(LONGEST_MILLIS);
            assert!((ceiling / 2..=ceiling).contains(&wait), "{wait}");
        }
        backoff.succeeded();
        assert!(backoff.failed(0) <= FIRST_MILLIS);
    }
}
