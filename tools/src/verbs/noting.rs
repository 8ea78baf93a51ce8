//! Each verb writes down beside the plan what it came to, so that `status` can tell where the migration stands.

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use tools::certify::sha256;
use tools::history::{self, Outcome, Step};

use super::beside::Beside;

/// A step under way. One that does not get to its end is noted as not carried out.
pub(super) struct Noting {
    path: PathBuf,
    step: Step,
    begun: Instant,
    is_noted: bool,
}

impl Noting {
    /// A verb begins. `plan` is the plan's text and the SHA-256 of the source; none before there is a plan.
    pub(super) fn begin(beside: &Beside, verb: &str, plan: Option<(&str, &str)>) -> Self {
        let (source_sha256, plan_sha256) = plan
            .map(|(text, source)| (source.to_owned(), sha256(text.as_bytes())))
            .unwrap_or_default();
        Self {
            path: beside.history(),
            step: Step {
                at: Timestamp::now(),
                verb: verb.to_owned(),
                outcome: Outcome::Failed,
                seconds: 0.0,
                source_sha256,
                plan_sha256,
                target: String::new(),
                summary: String::new(),
                source: String::new(),
                rounds: None,
            },
            begun: Instant::now(),
            is_noted: false,
        }
    }

    /// Names the source of a step that has no plan.
    pub(super) fn about(&mut self, source_sha256: &str) {
        source_sha256.clone_into(&mut self.step.source_sha256);
    }

    /// Says how the source is called.
    pub(super) fn named(mut self, source: &Path) -> Self {
        self.step.source = source.display().to_string();
        self
    }

    /// Says which rounds it carried over or took back.
    pub(super) fn in_rounds(&mut self, rounds: [i64; 2]) {
        self.step.rounds = Some(rounds);
    }

    /// The verb has ended: everything fits, or something does not.
    pub(super) fn end(mut self, fits: bool, target: &str, summary: String) {
        self.step.outcome = if fits {
            Outcome::Clean
        } else {
            Outcome::Differences
        };
        target.clone_into(&mut self.step.target);
        self.step.summary = summary;
        self.note();
    }

    fn note(&mut self) {
        self.is_noted = true;
        self.step.at = Timestamp::now();
        self.step.seconds = self.begun.elapsed().as_secs_f64();
        // What was done is done, whether it can be written down or not.
        if let Err(error) = history::note(&self.path, &self.step) {
            eprintln!(
                "offpiste-import: this step is not in {}: {error}",
                self.path.display()
            );
        }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        if !self.is_noted {
            self.note();
        }
    }
}
