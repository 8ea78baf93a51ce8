//! How far a run has come: a bar on a terminal, plain lines elsewhere. Both on standard error, so that `--json` stays clean.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tools::run::Progress;

/// Plain lines come after each further tenth of the way,
const PLAIN_STEPS: u64 = 10;

/// but no closer to each other than this, or short work would be all lines,
const CLOSEST: Duration = Duration::from_secs(1);

/// and no further apart, or long work would seem to stand still.
const FURTHEST: Duration = Duration::from_secs(30);

/// The right kind for where the output goes.
pub(super) fn for_terminal() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bar {
            bar: ProgressBar::hidden(),
            rows: 0,
        })
    } else {
        Box::new(Plain {
            total: 0,
            done: 0,
            rows: 0,
            started: Instant::now(),
            told: Told::default(),
        })
    }
}

struct Bar {
    bar: ProgressBar,
    rows: u64,
}

impl Progress for Bar {
    fn begin(&mut self, documents: u64) {
        let template = "{bar:32} {pos}/{len} documents  {msg}  {per_sec}  {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(documents).with_style(style);
    }

    fn advance(&mut self, documents: u64, rows: u64) {
        self.rows += rows;
        self.bar.set_message(format!("{} rows", self.rows));
        self.bar.inc(documents);
    }

    fn end(&mut self) {
        self.bar.finish();
    }
}

struct Plain {
    total: u64,
    done: u64,
    rows: u64,
    started: Instant,
    told: Told,
}

/// What the last line was about.
#[derive(Default)]
struct Told {
    steps: u64,
    after: Duration,
}

impl Told {
    /// Whether it is time for another line.
    fn is_due(&self, steps: u64, elapsed: Duration) -> bool {
        let since = elapsed.saturating_sub(self.after);
        since >= FURTHEST || steps > self.steps && since >= CLOSEST
    }
}

impl Progress for Plain {
    fn begin(&mut self, documents: u64) {
        self.total = documents;
        self.started = Instant::now();
        self.told = Told::default();
        eprintln!("{documents} documents");
    }

    fn advance(&mut self, documents: u64, rows: u64) {
        let step = (self.total / PLAIN_STEPS).max(1);
        self.done += documents;
        self.rows += rows;
        let (steps, elapsed) = (self.done / step, self.started.elapsed());
        if self.done < self.total && self.told.is_due(steps, elapsed) {
            self.told = Told {
                steps,
                after: elapsed,
            };
            let (rate, left) = self.pace();
            eprintln!(
                "{} of {} documents, {} rows, {rate:.0} documents/s, {left:.0} s left",
                self.done, self.total, self.rows
            );
        }
    }

    fn end(&mut self) {
        eprintln!(
            "{} of {} documents, {} rows, all safe",
            self.done, self.total, self.rows
        );
    }
}

impl Plain {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn pace(&self) -> (f64, f64) {
        let rate = self.done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        (rate, (self.total - self.done) as f64 / rate.max(0.001))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_neither_too_close_nor_too_far_apart() {
        let told = Told {
            steps: 3,
            after: Duration::from_secs(10),
        };
        let seconds = Duration::from_secs;
        assert!(!told.is_due(4, seconds(10)), "at once");
        assert!(told.is_due(4, seconds(11)), "a tenth further");
        assert!(!told.is_due(3, seconds(39)), "no further");
        assert!(told.is_due(3, seconds(40)), "long ago");
    }
}
