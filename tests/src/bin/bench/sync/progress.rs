//! Where a long measurement is, on standard error.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Between two lines about the same piece of work.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// One piece of work of so many steps.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    steps: usize,
    done: AtomicUsize,
    said: Mutex<Instant>,
}

impl Progress {
    pub(crate) fn of(what: &'static str, steps: usize) -> Self {
        Self {
            what,
            steps,
            done: AtomicUsize::new(0),
            said: Mutex::new(Instant::now()),
        }
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.advance(1);
    }

    /// So many more are done.
    pub(crate) fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.elapsed() >= BETWEEN_LINES {
            *said = Instant::now();
            eprintln!("    {done} of {} {}", self.steps, self.what);
        }
    }
}

/// Says what is being measured now.
pub(crate) fn say(what: impl std::fmt::Display) {
    eprintln!("  {what}");
}
