//! How far a verb has come: a bar on a terminal, plain lines elsewhere. Both on standard error, so that `--json` stays clean.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tools::run::Progress;
use tools::staging::Staging;

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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

struct Bar {
    bar: ProgressBar,
    rows: u64,
}

impl Progress for Bar {
    fn begin(&mut self, documents: u64) {
        let template = "{bar:32} {pos}/{len} documents  {msg}  {per_sec}  {eta} left";
        self.bar = ProgressBar::new(documents).with_style(style(template));
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

    /// The same, and if so, the line is about this.
    fn tells(&mut self, steps: u64, elapsed: Duration) -> bool {
        let is_due = self.is_due(steps, elapsed);
        if is_due {
            (self.steps, self.after) = (steps, elapsed);
        }
        is_due
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
        if self.done < self.total && self.told.tells(steps, elapsed) {
            let (rate, left) = pace(self.done, self.total, elapsed);
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

const MIB: u64 = 1024 * 1024;

/// How far a source was read.
pub(super) struct SourceRead {
    name: String,
    started: Instant,
    told: Told,
    /// None where plain lines are told.
    bar: Option<ProgressBar>,
}

impl SourceRead {
    pub(super) fn of(source: &Path) -> Self {
        let name = source.file_name().unwrap_or(source.as_os_str());
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{bar:32} {bytes}/{total_bytes} of {msg}  {bytes_per_sec}  {eta} left";
            ProgressBar::new(0).with_style(style(template))
        });
        let name = name.to_string_lossy().into_owned();
        if let Some(bar) = &bar {
            bar.set_message(name.clone());
        }
        Self {
            name,
            started: Instant::now(),
            told: Told::default(),
            bar,
        }
    }

    /// So many of all bytes were read.
    pub(super) fn advance(&mut self, read: u64, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(bytes);
            bar.set_position(read);
            return;
        }
        let (steps, elapsed) = (read / (bytes / PLAIN_STEPS).max(1), self.started.elapsed());
        if read < bytes && self.told.tells(steps, elapsed) {
            let (read, bytes) = (read / MIB, bytes / MIB);
            let (rate, left) = pace(read, bytes, elapsed);
            eprintln!(
                "{}: {read} of {bytes} MiB read, {rate:.0} MiB/s, {left:.0} s left",
                self.name
            );
        }
    }
}

impl Drop for SourceRead {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// So much a second, and the seconds that the rest takes at that.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn pace(done: u64, total: u64, elapsed: Duration) -> (f64, f64) {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    (rate, total.saturating_sub(done) as f64 / rate.max(0.001))
}

/// Looking through fewer rows is over before anybody wonders.
const WORTH_A_WORD: u64 = 500_000;

/// Says that all rows are looked through, one table after the other, when there are many of them.
pub(super) fn looking_through(staging: &Staging) {
    let tables = staging.tables();
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    if rows >= WORTH_A_WORD {
        eprintln!("looking through {rows} rows of {} tables", tables.len());
    }
}

/// Lines about what was read back come after so long, since nobody knows how much there is.
const READ_BACK_AFTER: Duration = Duration::from_secs(5);

/// How many documents were read back from a target. Each time all of it is read counts anew.
#[derive(Default)]
pub(super) struct ReadBack {
    documents: u64,
    begun: Option<Instant>,
    told_after: Duration,
    /// None until there is something to show on a terminal.
    bar: Option<ProgressBar>,
}

impl ReadBack {
    /// So many more; `more` says whether that was not all.
    pub(super) fn advance(&mut self, documents: usize, more: bool) {
        let elapsed = self.begun.get_or_insert_with(Instant::now).elapsed();
        self.documents += documents as u64;
        if !more {
            if let Some(bar) = &self.bar {
                bar.finish_and_clear();
            }
            *self = Self::default();
            return;
        }
        if elapsed.saturating_sub(self.told_after) < READ_BACK_AFTER && self.bar.is_none() {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| {
                let template = "{spinner} {pos} documents read back  {per_sec}";
                ProgressBar::new_spinner().with_style(style(template))
            });
            bar.set_position(self.documents);
            return;
        }
        self.told_after = elapsed;
        let (rate, _) = pace(self.documents, self.documents, elapsed);
        eprintln!(
            "{} documents read back, {rate:.0} documents/s",
            self.documents
        );
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
