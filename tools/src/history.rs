//! Where a migration stands: one line per step that was carried out, in a file beside the plan.
//!
//! The file is only ever appended to, so a step that was cut off takes no earlier one along. A line that cannot be read is
//! passed over and counted. The steps say which source and which plan they were about; what was shown with an earlier plan
//! counts as not done.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The round of the first import.
const FIRST_ROUND: i64 = 1;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything fits.
    Clean,
    /// It was carried out, and something does not fit.
    Differences,
    /// It was not carried out.
    Failed,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When it ended.
    pub at: Timestamp,
    /// The verb: `run`, `verify` ...
    pub verb: String,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
    /// SHA-256 of the source it was about.
    #[serde(default)]
    pub source_sha256: String,
    /// SHA-256 of the plan it was about; empty before there is one.
    #[serde(default)]
    pub plan_sha256: String,
    /// Where the documents are; empty when the step has no target.
    #[serde(default)]
    pub target: String,
    /// What it came to, in a sentence.
    #[serde(default)]
    pub summary: String,
    /// The source as it was named, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The rounds it carried over or took back: the first and the last. None when it says nothing of rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<[i64; 2]>,
}

/// All steps of a migration.
#[derive(Debug, Clone, Default, Serialize)]
pub struct History {
    /// In the order in which they were carried out.
    pub steps: Vec<Step>,
    /// Lines that cannot be read.
    pub unreadable: u64,
}

/// Adds a step to the file.
///
/// # Errors
/// What the file system says.
pub fn note(path: &Path, step: &Step) -> io::Result<()> {
    let mut line = serde_json::to_vec(step).map_err(io::Error::other)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(&line)?;
    file.sync_data()
}

/// Reads the file; one that is not there has no steps.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(path: &Path) -> io::Result<History> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(History::default()),
        read => read?,
    };
    let mut history = History::default();
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice(line) {
            Ok(step) => history.steps.push(step),
            Err(_) => history.unreadable += 1,
        }
    }
    Ok(history)
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The plan was changed or never tried.
    Rehearse,
    /// The rehearsal did not add up.
    MendPlan,
    /// Nothing can be put back yet.
    Backup,
    /// Bring it over.
    Run,
    /// It was taken back.
    BringAgain,
    /// Prove it.
    Verify,
    /// The comparison has differences.
    LookAtDifferences,
    /// All is proven: work on in parallel, then switch over.
    CutOver,
    /// The old database is switched off: have it signed.
    Certify,
    /// Nothing more.
    Done,
}

impl Next {
    /// What to do, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Rehearse => "offpiste-import rehearse: the plan as it stands has not been tried.",
            Self::MendPlan => {
                "Correct the plan: the rehearsal did not add up. Then offpiste-import rehearse again."
            }
            Self::Backup => {
                "offpiste-import backup: the source and the hub, before anything real is changed."
            }
            Self::Run => "offpiste-import run: bring it over into the hub.",
            Self::BringAgain => {
                "Something was taken back: offpiste-import sync with the latest dump, or run, brings it again."
            }
            Self::Verify => "offpiste-import verify: read everything back and compare.",
            Self::LookAtDifferences => {
                "Look at the differences that verify listed; do not switch the old database off."
            }
            Self::CutOver => {
                "While the old system is still used: offpiste-import diff and sync with each new dump. When all branches are ready: offpiste-import cutover."
            }
            Self::Certify => "offpiste-import certify: the certificate, to be signed.",
            Self::Done => {
                "Nothing: the certificate is written. Keep it with the backup of the source."
            }
        }
    }
}

impl History {
    /// The latest step of a verb with the plan as it stands, whatever it came to. Steps from before there was a plan count.
    pub fn latest(&self, verb: &str, plan_sha256: &str) -> Option<&Step> {
        self.steps.iter().rev().find(|step| {
            step.verb == verb && (step.plan_sha256 == plan_sha256 || step.plan_sha256.is_empty())
        })
    }

    /// The latest step that brought something over with the plan as it stands.
    fn brought(&self, plan_sha256: &str) -> Option<&Step> {
        let steps = ["run", "sync"].map(|verb| self.latest(verb, plan_sha256));
        steps.into_iter().flatten().max_by_key(|step| step.at)
    }

    /// SHA-256 of the source that was brought over last with the plan as it stands.
    pub fn brought_source(&self, plan_sha256: &str) -> Option<&str> {
        let brought = self.brought(plan_sha256)?;
        Some(&brought.source_sha256)
    }

    /// The step that carried over what a target says now, with its round: the last `run` or `sync` there that no rollback has
    /// taken back. None before there was one, and where that cannot be told.
    pub fn in_force(&self, target: &str) -> Option<(&Step, i64)> {
        let mut carried: Vec<(&Step, i64)> = Vec::new();
        let steps = self.steps.iter();
        for step in steps.filter(|step| step.target == target && step.outcome != Outcome::Failed) {
            match (step.verb.as_str(), step.rounds) {
                // A first import is round 1; a `run` when there is one already brings nothing that is another state.
                ("run", None) if carried.is_empty() => carried.push((step, FIRST_ROUND)),
                ("sync", Some([_, round])) => {
                    carried.retain(|(_, other)| *other < round);
                    carried.push((step, round));
                }
                ("rollback", Some([from, _])) => carried.retain(|(_, round)| *round < from),
                // Written before rounds were noted.
                ("sync" | "rollback", None) => return None,
                _ => {}
            }
        }
        carried.pop()
    }

    /// Whether what was brought over last was compared since, without a difference.
    pub fn is_proven(&self, plan_sha256: &str) -> bool {
        matches!(
            self.next(plan_sha256),
            Next::CutOver | Next::Certify | Next::Done
        )
    }

    /// How often a verb went well, about any source: later dumps of the same database count.
    pub fn times(&self, verb: &str) -> usize {
        let went_well = |step: &&Step| step.verb == verb && step.outcome == Outcome::Clean;
        self.steps.iter().filter(went_well).count()
    }

    /// What is to be done next with the plan as it stands.
    pub fn next(&self, plan_sha256: &str) -> Next {
        let went = |verb| self.latest(verb, plan_sha256).map(|step| step.outcome);
        let Some(brought) = self.brought(plan_sha256) else {
            return match went("rehearse") {
                None | Some(Outcome::Failed) => Next::Rehearse,
                Some(Outcome::Differences) => Next::MendPlan,
                Some(Outcome::Clean) if self.times("backup") == 0 => Next::Backup,
                Some(Outcome::Clean) => Next::Run,
            };
        };
        if brought.outcome != Outcome::Clean {
            return Next::Run;
        }
        let taken_back = self.latest("rollback", plan_sha256);
        if taken_back.is_some_and(|step| step.at > brought.at && step.outcome != Outcome::Failed) {
            return Next::BringAgain;
        }
        // What was proven before something else was brought over, or of another dump, proves nothing about now.
        let since = |verb| {
            let step = self.latest(verb, plan_sha256)?;
            let is_about_it = step.at >= brought.at && step.source_sha256 == brought.source_sha256;
            is_about_it.then_some(step.outcome)
        };
        if since("certify") == Some(Outcome::Clean) {
            return Next::Done;
        }
        match since("verify") {
            Some(Outcome::Differences) => Next::LookAtDifferences,
            None | Some(Outcome::Failed) if since("cutover") != Some(Outcome::Clean) => {
                Next::Verify
            }
            _ if since("cutover") == Some(Outcome::Clean) => Next::Certify,
            _ => Next::CutOver,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "plan";

    fn step(second: i64, verb: &str, outcome: Outcome) -> Step {
        Step {
            at: Timestamp::from_second(second).expect("an instant"),
            verb: verb.to_owned(),
            outcome,
            seconds: 1.0,
            source_sha256: "source".to_owned(),
            plan_sha256: PLAN.to_owned(),
            target: String::new(),
            summary: String::new(),
            source: String::new(),
            rounds: None,
        }
    }

    #[test]
    fn what_is_in_force_is_the_last_state_that_nobody_has_taken_back() {
        let of = |second, verb: &str, source: &str, rounds| {
            let mut step = step(second, verb, Outcome::Clean);
            (step.source_sha256, step.target) = (source.to_owned(), "hub".to_owned());
            step.rounds = rounds;
            step
        };
        let mut history = History::default();
        let mut then = |step: Step, expected: Option<(&str, i64)>| {
            history.steps.push(step);
            let found = history.in_force("hub");
            let found = found.map(|(step, round)| (step.source_sha256.as_str(), round));
            assert_eq!(found, expected);
            assert_eq!(history.in_force("another hub"), None);
        };
        then(of(1, "rehearse", "week 0", None), None);
        then(of(2, "run", "week 0", None), Some(("week 0", 1)));
        then(of(3, "run", "week 0", None), Some(("week 0", 1)));
        then(of(4, "sync", "week 1", Some([2, 2])), Some(("week 1", 2)));
        let mut failed = of(5, "sync", "week 9", Some([3, 3]));
        failed.outcome = Outcome::Failed;
        then(failed, Some(("week 1", 2)));
        then(of(6, "sync", "week 2", Some([3, 3])), Some(("week 2", 3)));
        then(of(7, "run", "week 0", None), Some(("week 2", 3)));
        then(
            of(8, "rollback", "week 0", Some([2, 3])),
            Some(("week 0", 1)),
        );
        then(of(9, "sync", "week 2", Some([4, 4])), Some(("week 2", 4)));
        then(of(10, "sync", "week 3", Some([4, 4])), Some(("week 3", 4)));
        then(of(11, "rollback", "week 0", Some([1, 4])), None);
        then(of(12, "run", "week 0", None), Some(("week 0", 1)));
        then(of(13, "sync", "week 1", None), None);
    }

    #[test]
    fn the_straight_path_is_told_step_by_step() {
        let mut history = History::default();
        let path = [
            ("rehearse", Next::Rehearse, Next::Backup),
            ("backup", Next::Backup, Next::Run),
            ("run", Next::Run, Next::Verify),
            ("verify", Next::Verify, Next::CutOver),
            ("cutover", Next::CutOver, Next::Certify),
            ("certify", Next::Certify, Next::Done),
        ];
        for (second, (verb, before, after)) in (0_i64..).zip(path) {
            assert_eq!(history.next(PLAN), before);
            history.steps.push(step(second, verb, Outcome::Clean));
            assert_eq!(history.next(PLAN), after);
        }
    }

    #[test]
    fn a_changed_plan_a_later_run_and_differences_lead_back() {
        let mut history = History::default();
        history
            .steps
            .push(step(1, "rehearse", Outcome::Differences));
        assert_eq!(history.next(PLAN), Next::MendPlan);
        assert_eq!(history.next("corrected"), Next::Rehearse);
        history.steps.push(step(2, "run", Outcome::Clean));
        history.steps.push(step(3, "verify", Outcome::Differences));
        assert_eq!(history.next(PLAN), Next::LookAtDifferences);
        history.steps.push(step(4, "verify", Outcome::Clean));
        history.steps.push(step(5, "run", Outcome::Clean));
        assert_eq!(
            history.next(PLAN),
            Next::Verify,
            "what was proven is older than the run"
        );
    }

    #[test]
    fn what_was_taken_back_is_to_be_brought_again() {
        let mut history = History::default();
        history.steps.push(step(1, "run", Outcome::Clean));
        history.steps.push(step(2, "rollback", Outcome::Clean));
        assert_eq!(history.next(PLAN), Next::BringAgain);
        assert!(!history.is_proven(PLAN));
        history.steps.push(step(3, "sync", Outcome::Clean));
        assert_eq!(history.next(PLAN), Next::Verify);
    }

    #[test]
    fn a_later_dump_that_was_carried_over_must_be_proven_itself() {
        let mut history = History::default();
        history.steps.push(step(1, "run", Outcome::Clean));
        history.steps.push(step(2, "verify", Outcome::Clean));
        let mut synced = step(3, "sync", Outcome::Clean);
        synced.source_sha256 = "a later dump".to_owned();
        history.steps.push(synced);
        history.steps.push(step(4, "verify", Outcome::Clean));
        assert_eq!(
            history.next(PLAN),
            Next::Verify,
            "the earlier dump was compared"
        );
        let mut verified = step(5, "verify", Outcome::Clean);
        verified.source_sha256 = "a later dump".to_owned();
        history.steps.push(verified);
        assert_eq!(history.next(PLAN), Next::CutOver);
    }

    #[test]
    fn a_line_that_was_cut_off_takes_no_other_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("werkstatt.history.jsonl");
        assert!(read(&path).expect("no file is no history").steps.is_empty());
        note(&path, &step(1, "run", Outcome::Clean)).expect("it is written");
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("the file");
        file.write_all(b"{\"at\":\"2026-\n").expect("half a line");
        note(&path, &step(2, "verify", Outcome::Clean)).expect("it is written");
        let history = read(&path).expect("it is read");
        assert_eq!((history.steps.len(), history.unreadable), (2, 1));
        assert_eq!(history.times("verify"), 1);
    }
}
