//! `cutover`: from the old system to this one, within minutes, when real checks say go.
//!
//! First a list of checks that change nothing; one that fails is a no-go. Then counters are told, the last of the old
//! system comes over, everything is compared once more and a few orders are looked for through the office's own search. If
//! anything does not fit, counters are told that the old system goes on; nothing was lost, since it still runs.

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use crate::diff::DiffReport;
use crate::history::{History, Outcome};
use crate::run::Report;
use crate::sync::Carried;
use crate::target::{Hub, Standing, TargetError};
use crate::verify::reconciliation::Reconciliation;
use crate::verify::samples::Sample;

/// Longer than any last dump takes; a switch-over that was broken off is told no longer than this.
const SWITCHING_MINUTES: i64 = 60;

/// For how long counters are told that the old system is off: until everybody has worked once since.
const SWITCHED_OFF_MINUTES: i64 = 7 * 24 * 60;

/// What a person has decided beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Rejected rows that were looked at and are accepted.
    pub accepted_rejects: u64,
    /// A backup older than this does not count.
    pub backup_hours: i64,
    /// Orders to look for afterwards.
    pub samples: usize,
}

/// One line of the go/no-go list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked, for programs.
    pub code: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// What was found.
    pub found: String,
    /// What to do when it does not hold; empty when it does.
    pub remedy: String,
}

/// What a switch-over came to.
#[derive(Debug, Clone, Serialize)]
pub struct Cutover {
    /// The go/no-go list.
    pub checks: Vec<Check>,
    /// Whether all of it holds.
    pub go: bool,
    /// Whether the old system is off.
    pub switched: bool,
    /// Rows by which the last dump differed from what was carried over before.
    pub differing_rows: u64,
    /// What of them was carried over at last.
    pub carried: Option<Carried>,
    /// What was done, in order.
    pub steps: Vec<Done>,
    /// Orders that were looked for.
    pub looked_for: usize,
    /// What the search or the counts by branch showed otherwise than the source.
    pub smoke_differences: Vec<String>,
    /// From telling the counters to the proof; what the old system was not available for.
    pub downtime_seconds: f64,
    /// What the comparison found, once it was made.
    pub report: Option<Report>,
}

/// One part of the switch-over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Done {
    /// What.
    pub what: String,
    /// How long it took.
    pub seconds: f64,
}

/// What is known before.
pub struct Before<'a> {
    /// SHA-256 of the plan as it is.
    pub plan_sha256: &'a str,
    /// The steps so far.
    pub history: &'a History,
    /// How the hub's branches stand.
    pub standing: &'a Standing,
    /// What was found just now.
    pub found: Compared<'a>,
    /// The moment.
    pub at: Timestamp,
}

/// What is known of source and target before the switch-over.
#[derive(Clone, Copy)]
pub enum Compared<'a> {
    /// This source was carried over before, and was compared whole just now.
    Whole {
        /// What the comparison found.
        report: &'a Report,
        /// Counts and sums before and after.
        sums: &'a Reconciliation,
    },
    /// The source is a later state: what differs is carried over when the old system is closed, and compared then.
    Later {
        /// What differs.
        diff: &'a DiffReport,
    },
}

/// The go/no-go list.
pub fn checks(before: &Before<'_>, conditions: Conditions) -> Vec<Check> {
    let mut checks = vec![
        rehearsed(before),
        backed_up(before, conditions.backup_hours),
    ];
    let rejected = match before.found {
        Compared::Whole { report, sums } => {
            checks.push(verified(report));
            checks.push(summed_up(sums));
            report.rejected()
        }
        Compared::Later { diff } => {
            checks.push(proven(before, diff));
            diff.tables.values().map(|table| table.rejected).sum()
        }
    };
    checks.push(rejects_accepted(rejected, conditions.accepted_rejects));
    checks.push(conflicts_decided(before));
    checks.push(lists_complete(before));
    checks.extend(branches_present(before));
    checks
}

fn check(code: &'static str, passed: bool, found: String, remedy: &str) -> Check {
    Check {
        code,
        passed,
        found,
        remedy: if passed {
            String::new()
        } else {
            remedy.to_owned()
        },
    }
}

fn rehearsed(before: &Before<'_>) -> Check {
    let step = before.history.latest("rehearse", before.plan_sha256);
    let passed = step.is_some_and(|step| step.outcome == Outcome::Clean);
    let found = match step {
        Some(step) if passed => format!("the plan was rehearsed on {}", step.at),
        Some(_) => "the last rehearsal did not add up".to_owned(),
        None => "the plan as it stands was never rehearsed".to_owned(),
    };
    check("rehearsed", passed, found, "offpiste-import rehearse")
}

fn backed_up(before: &Before<'_>, hours: i64) -> Check {
    let mut steps = before.history.steps.iter().rev();
    let step = steps.find(|step| step.verb == "backup" && step.outcome == Outcome::Clean);
    let age = step.map(|step| before.at.as_second() - step.at.as_second());
    let passed = age.is_some_and(|seconds| seconds <= hours * 3_600);
    let found = match age {
        Some(seconds) => format!("the last backup is {} h old", seconds / 3_600),
        None => "there is no backup".to_owned(),
    };
    check(
        "backup_fresh",
        passed,
        found,
        "offpiste-import backup --hub-data DIR, or a longer --backup-hours",
    )
}

/// What was carried over before is proven; what a later dump has beyond it is carried over in the switch-over.
fn proven(before: &Before<'_>, diff: &DiffReport) -> Check {
    let passed = before.history.is_proven(before.plan_sha256);
    let proof = if passed {
        "what was carried over before was compared without a difference"
    } else {
        "what was carried over before is not proven"
    };
    check(
        "verify_clean",
        passed,
        format!(
            "{} rows differ in this dump and are carried over in the switch-over; {proof}",
            diff.differing_rows
        ),
        "offpiste-import verify, with the dump that was carried over last",
    )
}

fn verified(report: &Report) -> Check {
    check(
        "verify_clean",
        report.is_clean(),
        format!(
            "{} documents compared, {} differences",
            report.documents, report.difference_count
        ),
        "offpiste-import verify lists them",
    )
}

fn summed_up(sums: &Reconciliation) -> Check {
    check(
        "sums_add_up",
        sums.adds_up(),
        format!(
            "{} orders, {} counts or sums differ",
            sums.total.target.orders, sums.differences
        ),
        "offpiste-import verify --html FILE shows which",
    )
}

fn rejects_accepted(rejected: u64, accepted: u64) -> Check {
    check(
        "rejects_accepted",
        rejected <= accepted,
        format!("{rejected} rejected rows, {accepted} accepted"),
        "look at the file of rejects, then correct the plan, or accept them with --accept-rejects",
    )
}

fn conflicts_decided(before: &Before<'_>) -> Check {
    let conflicts = before.standing.conflicts;
    check(
        "no_conflicts",
        conflicts == 0,
        match conflicts {
            1 => "1 order in conflict".to_owned(),
            _ => format!("{conflicts} orders in conflict"),
        },
        "decide them at the office, page Konflikte",
    )
}

fn lists_complete(before: &Before<'_>) -> Check {
    let found = if before.standing.is_up_to_date {
        "the office's lists have everything"
    } else {
        "the office's lists are being brought up to date"
    };
    check(
        "lists_complete",
        before.standing.is_up_to_date,
        found.to_owned(),
        "wait some minutes and try again",
    )
}

/// One line for each branch: seen lately, and nothing waits there.
fn branches_present(before: &Before<'_>) -> Vec<Check> {
    let lines = before.standing.branches.iter().map(|branch| {
        let pending = branch.pending.unwrap_or(0);
        let passed = branch.freshness == "current" && pending == 0;
        let found = match (branch.freshness.as_str(), &branch.last_contact) {
            ("never", _) => format!("{} has never been heard of", branch.name),
            ("away", Some(since)) => format!("{} was last heard of at {since}", branch.name),
            _ if pending > 0 => format!("{}: {pending} changes wait there", branch.name),
            (freshness, _) => format!("{}: {freshness}, nothing waits there", branch.name),
        };
        check(
            "branch_present",
            passed,
            found,
            "see to its line, or make it inactive at the office when nobody works there",
        )
    });
    let lines: Vec<Check> = lines.collect();
    if lines.is_empty() {
        let found = "the hub has no branch".to_owned();
        return vec![check(
            "branch_present",
            false,
            found,
            "join the branches first",
        )];
    }
    lines
}

/// Tells the counters that the old system is being switched off, and keeps the time. What is not brought to its end tells
/// them that it goes on.
pub struct Switching<'a> {
    hub: &'a Hub,
    system: &'a str,
    begun: Instant,
    is_ended: bool,
}

impl<'a> Switching<'a> {
    /// Begins: from now on the old system is not used.
    ///
    /// # Errors
    /// [`TargetError`]; nobody was told anything then.
    pub fn begin(hub: &'a Hub, system: &'a str) -> Result<Self, TargetError> {
        hub.tell("switching_off", system, SWITCHING_MINUTES)?;
        Ok(Self {
            hub,
            system,
            begun: Instant::now(),
            is_ended: false,
        })
    }

    /// The old system is off. Returns the downtime in seconds.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn switched_off(mut self) -> Result<f64, TargetError> {
        self.hub
            .tell("switched_off", self.system, SWITCHED_OFF_MINUTES)?;
        self.is_ended = true;
        Ok(self.seconds())
    }

    /// How long it has taken until now.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

impl Drop for Switching<'_> {
    fn drop(&mut self) {
        if !self.is_ended {
            // When the hub cannot be told, what it tells ends by itself after SWITCHING_MINUTES.
            let _ = self.hub.tell("none", self.system, SWITCHING_MINUTES);
        }
    }
}

/// Looks for orders through the office's search, and holds the counts by branch against what the target's documents say.
///
/// # Errors
/// [`TargetError`].
pub fn smoke(
    hub: &Hub,
    samples: &[Sample],
    sums: &Reconciliation,
) -> Result<Vec<String>, TargetError> {
    let standing = hub.standing()?;
    let mut differences = Vec::new();
    for sample in samples {
        let found = hub.search(&sample.number)?;
        let Some(order) = found.iter().find(|order| order.id == sample.id) else {
            differences.push(format!(
                "order {} is not found by its number",
                sample.number
            ));
            continue;
        };
        let mut differ = |what: &str, expected: String, found: String| {
            if expected != found {
                differences.push(format!(
                    "order {}: {what} is {found}, the source says {expected}",
                    sample.number
                ));
            }
        };
        let branch = standing
            .branches
            .iter()
            .find(|branch| Some(&branch.id) == order.branch.as_ref());
        differ(
            "branch",
            sample.branch.clone().unwrap_or_default(),
            branch.map(|branch| branch.name.clone()).unwrap_or_default(),
        );
        differ(
            "status",
            sample.status.clone().unwrap_or_default(),
            order.status.clone(),
        );
        differ(
            "amount",
            sample.amount_minor.to_string(),
            order.total.minor.to_string(),
        );
    }
    // Counters work meanwhile, so the lists may have more orders than were brought over, never less.
    for group in &sums.by_branch {
        let Some(name) = &group.name else { continue };
        let listed = standing
            .branches
            .iter()
            .find(|branch| branch.name == *name)
            .map_or(0, |branch| i64::try_from(branch.orders).unwrap_or(i64::MAX));
        if listed < group.target.orders {
            differences.push(format!(
                "{name}: the office's lists have {listed} orders, {} were brought over",
                group.target.orders
            ));
        }
    }
    Ok(differences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Step;
    use crate::ledger::Sums;
    use crate::target::BranchStanding;
    use crate::verify::reconciliation::{Group, Sum};
    use std::collections::BTreeMap;

    const PLAN: &str = "plan";

    const CONDITIONS: Conditions = Conditions {
        accepted_rejects: 2,
        backup_hours: 24,
        samples: 0,
    };

    /// Makes one thing go wrong.
    type Spoil = fn(&mut Firm);

    struct Firm {
        history: History,
        standing: Standing,
        report: Report,
        sums: Reconciliation,
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).expect("an instant")
    }

    fn step(hour: i64, verb: &str) -> Step {
        Step {
            at: at(hour),
            verb: verb.to_owned(),
            outcome: Outcome::Clean,
            seconds: 1.0,
            source_sha256: "source".to_owned(),
            plan_sha256: PLAN.to_owned(),
            target: String::new(),
            summary: String::new(),
            source: String::new(),
            rounds: None,
        }
    }

    /// A firm for which all is well at hour 100.
    fn ready() -> Firm {
        let sums = Sums {
            source: 12,
            migrated: 10,
            rejected: 2,
            ..Sums::default()
        };
        Firm {
            history: History {
                steps: vec![step(50, "rehearse"), step(90, "backup")],
                unreadable: 0,
            },
            standing: Standing {
                orders: 10,
                conflicts: 0,
                is_up_to_date: true,
                branches: vec![BranchStanding {
                    name: "Chur".to_owned(),
                    orders: 10,
                    freshness: "current".to_owned(),
                    pending: Some(0),
                    ..BranchStanding::default()
                }],
            },
            report: Report::new(
                "the hub".to_owned(),
                Instant::now(),
                BTreeMap::from([("Auftrag".to_owned(), sums)]),
            ),
            sums: Reconciliation {
                currency: "CHF".to_owned(),
                total: Group::default(),
                by_year: Vec::new(),
                by_branch: Vec::new(),
                by_status: Vec::new(),
                by_vat: Vec::new(),
                changed_since_now: Sum::default(),
                gone: Sum::default(),
                unreadable_amounts: 0,
                differences: 0,
            },
        }
    }

    fn failed(firm: &Firm) -> Vec<&'static str> {
        let before = Before {
            plan_sha256: PLAN,
            history: &firm.history,
            standing: &firm.standing,
            found: Compared::Whole {
                report: &firm.report,
                sums: &firm.sums,
            },
            at: at(100),
        };
        let list = checks(&before, CONDITIONS);
        assert!(
            list.iter()
                .all(|check| check.passed == check.remedy.is_empty())
        );
        let failed = list.iter().filter(|check| !check.passed);
        failed.map(|check| check.code).collect()
    }

    #[test]
    fn a_firm_that_is_ready_may_go() {
        assert_eq!(failed(&ready()), Vec::<&str>::new());
    }

    #[test]
    fn a_later_dump_may_be_carried_over_when_the_former_one_is_proven() {
        let mut firm = ready();
        let diff = DiffReport {
            target: "the hub".to_owned(),
            round: 1,
            tables: BTreeMap::new(),
            not_compared: Vec::new(),
            rows: Vec::new(),
            differing_rows: 7,
            seconds: 0.0,
        };
        let mut is_go = |steps: &[(i64, &str)]| {
            firm.history.steps.truncate(2);
            let steps = steps.iter().map(|(hour, verb)| step(*hour, verb));
            firm.history.steps.extend(steps);
            let before = Before {
                plan_sha256: PLAN,
                history: &firm.history,
                standing: &firm.standing,
                found: Compared::Later { diff: &diff },
                at: at(100),
            };
            checks(&before, CONDITIONS).iter().all(|check| check.passed)
        };
        assert!(is_go(&[(91, "run"), (92, "verify")]));
        assert!(!is_go(&[(91, "run")]));
        assert!(!is_go(&[(91, "run"), (92, "verify"), (93, "rollback")]));
    }

    #[test]
    fn each_thing_that_is_not_ready_is_a_no_go() {
        let spoil: [(&str, Spoil); 9] = [
            ("rehearsed", |firm| {
                "another".clone_into(&mut firm.history.steps[0].plan_sha256);
            }),
            ("backup_fresh", |firm| firm.history.steps[1].at = at(75)),
            ("verify_clean", |firm| {
                firm.report
                    .differ("Auftrag", "7", "status", "gone".to_owned());
            }),
            ("sums_add_up", |firm| firm.sums.differences = 1),
            ("rejects_accepted", |firm| {
                let sums = firm.report.ledger.get_mut("Auftrag").expect("the table");
                sums.rejected = 3;
            }),
            ("no_conflicts", |firm| firm.standing.conflicts = 1),
            ("lists_complete", |firm| firm.standing.is_up_to_date = false),
            ("branch_present", |firm| {
                "away".clone_into(&mut firm.standing.branches[0].freshness);
            }),
            ("branch_present", |firm| {
                firm.standing.branches[0].pending = Some(3);
            }),
        ];
        for (code, spoil) in spoil {
            let mut firm = ready();
            spoil(&mut firm);
            assert_eq!(failed(&firm), [code]);
        }
    }
}
