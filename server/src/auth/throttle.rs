//! Guessing is slowed down: after a few wrong tries the same name, or the same kind of try, has to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::clock::UtcMillis;

/// Wrong tries that cost nothing: people mistype.
const FREE_TRIES: u32 = 5;

/// The longest wait. A locked-out administrator is back within it.
const LONGEST_WAIT_MILLIS: i64 = 60_000;

/// Wrong tries older than this are forgotten.
const FORGOTTEN_AFTER_MILLIS: i64 = 15 * 60_000;

/// Names remembered; beyond it all new ones share one entry, so that inventing names buys no tries.
const NAMES: usize = 10_000;

/// Wrong tries by name.
#[derive(Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<String, Tries>>,
}

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: UtcMillis,
}

impl Throttle {
    /// How many milliseconds a name has to wait before it may try again; 0 for now.
    pub(crate) fn wait_millis(&self, name: &str, now: UtcMillis) -> i64 {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = tries.get(name).or_else(|| tries.get("")) else {
            return 0;
        };
        if known.wrong < FREE_TRIES {
            return 0;
        }
        let doubled = 1_000_i64 << (known.wrong - FREE_TRIES).min(16);
        let wait = doubled.min(LONGEST_WAIT_MILLIS);
        (wait - now.millis_since(known.last)).clamp(0, LONGEST_WAIT_MILLIS)
    }

    /// A wrong try.
    pub(crate) fn note_wrong(&self, name: &str, now: UtcMillis) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= NAMES {
            tries.retain(|_, known| now.millis_since(known.last) < FORGOTTEN_AFTER_MILLIS);
        }
        let name = if tries.len() >= NAMES && !tries.contains_key(name) {
            ""
        } else {
            name
        };
        let known = tries.entry(name.to_owned()).or_insert(Tries {
            wrong: 0,
            last: now,
        });
        if now.millis_since(known.last) >= FORGOTTEN_AFTER_MILLIS {
            known.wrong = 0;
        }
        known.wrong = known.wrong.saturating_add(1);
        known.last = now;
    }

    /// A right one.
    pub(crate) fn note_right(&self, name: &str) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_mistakes_are_free_then_waiting_doubles_and_ends() {
        let throttle = Throttle::default();
        let now = UtcMillis(1_000_000);
        for _ in 0..FREE_TRIES - 1 {
            throttle.note_wrong("admin", now);
        }
        assert_eq!(throttle.wait_millis("admin", now), 0);
        throttle.note_wrong("admin", now);
        assert_eq!(throttle.wait_millis("admin", now), 1_000);
        throttle.note_wrong("admin", now);
        assert_eq!(throttle.wait_millis("admin", now), 2_000);
        assert_eq!(throttle.wait_millis("admin", UtcMillis(now.0 + 2_000)), 0);
        assert_eq!(throttle.wait_millis("somebody", now), 0);
        for _ in 0..40 {
            throttle.note_wrong("admin", now);
        }
        assert_eq!(throttle.wait_millis("admin", now), LONGEST_WAIT_MILLIS);
        throttle.note_right("admin");
        assert_eq!(throttle.wait_millis("admin", now), 0);
    }

    #[test]
    fn inventing_names_fills_no_memory_and_buys_no_tries() {
        let throttle = Throttle::default();
        let now = UtcMillis(1_000_000);
        for name in 0..NAMES + 10 {
            throttle.note_wrong(&format!("name{name}"), now);
        }
        assert!(throttle.tries.lock().expect("not poisoned").len() <= NAMES + 1);
        assert!(throttle.wait_millis("yet another", now) > 0);
    }
}
