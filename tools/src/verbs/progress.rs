//! How far a run has come: a bar on a terminal, plain lines elsewhere. Both on standard error, so that `--json` stays clean.

use std::io::IsTerminal as _;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use tools::run::Progress;

/// Plain lines come after each further tenth of the way.
const PLAIN_STEPS: u64 = 10;

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
}

impl Progress for Plain {
    fn begin(&mut self, documents: u64) {
        self.total = documents;
        self.started = Instant::now();
        eprintln!("{documents} documents");
    }

    fn advance(&mut self, documents: u64, rows: u64) {
        let step = (self.total / PLAIN_STEPS).max(1);
        let before = self.done / step;
        self.done += documents;
        self.rows += rows;
        if self.done / step > before && self.done < self.total {
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
