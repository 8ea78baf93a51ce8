//! `cutover`: from the old system to this one, when real checks say go.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use tools::certify::sha256;
use tools::cutover::{Before, Compared, Conditions, Cutover, Done, Switching, checks, smoke};
use tools::diff::diff;
use tools::history;
use tools::target::Target as _;
use tools::verify::reconciliation::reconcile;
use tools::verify::samples::samples;
use tools::verify::verify;

use super::beside::Beside;
use super::noting::Noting;
use super::source_and_target::{TargetOptions, open_hub, prepare_whole, refuse_earlier_state};
use super::sync::{carry_over, tell_conflicts};
use super::watched::Watched;
use super::{EXIT_DIFFERENCES, print_json};

/// Orders that are looked for afterwards when nobody says how many.
const SAMPLES: usize = 20;

/// A backup of the day before is fresh enough when nobody says otherwise.
const BACKUP_HOURS: i64 = 24;

/// Arguments of `cutover`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offpiste-import cutover --plan werkstatt.plan.toml --hub https://hub.example --dry-run
      The go/no-go list, and nothing else.
  offpiste-import cutover --plan werkstatt.plan.toml --source last.sql --hub https://hub.example --accept-rejects 3
      Switches over: counters are told, what the last dump has beyond the one before is carried over, everything is compared,
      orders are looked for, the downtime is measured.

Close the old system for its users first, and make the last dump of it. If anything does not fit, counters are told that it goes on.
Should the last dump bring conflicts with what staff wrote, that is so, too: decide them at the office, then switch over again.
Exit code: 0 switched over (or, with --dry-run, all checks passed); 1 no-go, or something did not fit; 2 it could not be carried out.")]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    /// Prints the go/no-go list and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Rejected rows that were looked at and stay behind.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    accept_rejects: u64,
    /// A backup older than this does not count.
    #[arg(long, value_name = "HOURS", default_value_t = BACKUP_HOURS)]
    backup_hours: i64,
    /// Orders to look for through the office's search afterwards, drawn at random.
    #[arg(long, value_name = "ORDERS", default_value_t = SAMPLES)]
    samples: usize,
}

pub(super) fn carry_out(work: Option<&Path>, verb: &Options) -> anyhow::Result<ExitCode> {
    if verb.target.store.is_some() {
        anyhow::bail!("a cut-over needs the running hub that branches work with: pass --hub URL");
    }
    let prepared = prepare_whole(work, &verb.target)?;
    let (plan, staging) = (&prepared.plan, &prepared.staging);
    let beside = Beside::of(&verb.target.plan);
    let history = history::read(&beside.history())
        .with_context(|| format!("{} cannot be read", beside.history().display()))?;
    let noting = (!verb.dry_run).then(|| {
        Noting::begin(
            &beside,
            "cutover",
            Some((&prepared.text, &prepared.source_sha256)),
        )
    });
    let hub = open_hub(&verb.target, &beside)?;
    // The connection that tells the counters is another than the one that reads, which changes as it goes.
    let mut reader = Watched::new(open_hub(&verb.target, &beside)?);
    refuse_earlier_state(&verb.target, &beside, &prepared, &hub.name())?;
    let rejects = beside.rejects_of(&prepared.source_sha256);
    let conditions = Conditions {
        accepted_rejects: verb.accept_rejects,
        backup_hours: verb.backup_hours,
        samples: verb.samples,
    };
    let plan_sha256 = sha256(prepared.text.as_bytes());
    let difference = diff(plan, staging, &mut reader)?;
    let is_known = history.brought_source(&plan_sha256) == Some(&prepared.source_sha256);
    let compared = if is_known && difference.is_clean() {
        let report = verify(plan, staging, &mut reader, &rejects)?;
        let sums = reconcile(plan, staging, &mut reader, &rejects)?;
        Some((report, sums))
    } else {
        None
    };
    let standing = hub.standing()?;
    let list = checks(
        &Before {
            plan_sha256: &plan_sha256,
            history: &history,
            standing: &standing,
            found: match &compared {
                Some((report, sums)) => Compared::Whole { report, sums },
                None => Compared::Later { diff: &difference },
            },
            at: Timestamp::now(),
        },
        conditions,
    );
    let mut cutover = Cutover {
        go: list.iter().all(|check| check.passed),
        checks: list,
        switched: false,
        differing_rows: difference.differing_rows,
        carried: None,
        steps: Vec::new(),
        looked_for: 0,
        smoke_differences: Vec::new(),
        downtime_seconds: 0.0,
        report: None,
    };
    if !verb.target.json {
        print_checks(&cutover);
    }
    if cutover.go && !verb.dry_run {
        let mut random = || {
            let mut bytes = [0; 8];
            // Without random numbers the first order is looked for, and again: fewer samples, no wrong ones.
            let _ = getrandom::fill(&mut bytes);
            u64::from_be_bytes(bytes)
        };
        let switching = Switching::begin(&hub, &plan.source_name)?;
        let mut step = |what: &str, begun: Instant| {
            let seconds = begun.elapsed().as_secs_f64();
            eprintln!("{what}: {seconds:.1} s");
            cutover.steps.push(Done {
                what: what.to_owned(),
                seconds,
            });
        };
        let (mut conflicts, mut rejected, mut rejects) = (0, 0, rejects);
        if compared.is_none() {
            let begun = Instant::now();
            let synced = carry_over(&prepared, &beside, &mut reader)?;
            conflicts = synced.carried.conflicts;
            rejects = beside.rejects();
            rejected = synced.report.rejected();
            cutover.carried = Some(synced.carried);
            step("carried over what the last dump has", begun);
        }
        let begun = Instant::now();
        let after = verify(plan, staging, &mut reader, &rejects)?;
        step("compared field by field", begun);
        let begun = Instant::now();
        let sums = reconcile(plan, staging, &mut reader, &rejects)?;
        step("counted and summed up", begun);
        let begun = Instant::now();
        let drawn = samples(
            plan,
            staging,
            &mut reader,
            &rejects,
            conditions.samples,
            &mut random,
        )?;
        cutover.looked_for = drawn.len();
        cutover.smoke_differences = smoke(&hub, &drawn, &sums)?;
        step("orders looked for", begun);
        if conflicts > 0 {
            cutover.smoke_differences.push(format!(
                "{conflicts} {} in conflict with what staff wrote; decide at the office, then switch over again",
                if conflicts == 1 { "field is" } else { "fields are" }
            ));
        }
        if rejected > verb.accept_rejects {
            cutover.smoke_differences.push(format!(
                "{rejected} rejected rows, {} accepted; look at {}, then accept them with --accept-rejects, or correct the plan",
                verb.accept_rejects,
                rejects.display()
            ));
        }
        let fits = after.is_clean() && sums.adds_up() && cutover.smoke_differences.is_empty();
        cutover.report = Some(after);
        if fits {
            cutover.downtime_seconds = switching.switched_off()?;
            cutover.switched = true;
        } else {
            cutover.downtime_seconds = switching.seconds();
        }
    }
    let fits = cutover.go && (verb.dry_run || cutover.switched);
    if verb.target.json {
        print_json(&cutover)?;
    } else {
        print_outcome(&cutover, verb.dry_run);
    }
    if let Some(noting) = noting {
        let summary = if cutover.switched {
            format!("downtime {:.1} s", cutover.downtime_seconds)
        } else {
            "not switched over".to_owned()
        };
        noting.end(fits, &difference.target, summary);
    }
    Ok(if fits {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENCES)
    })
}

fn print_checks(cutover: &Cutover) {
    for check in &cutover.checks {
        let mark = if check.passed { "go    " } else { "NO-GO " };
        println!("{mark} {}: {}", check.code, check.found);
        if !check.remedy.is_empty() {
            println!("         {}", check.remedy);
        }
    }
}

fn print_outcome(cutover: &Cutover, dry_run: bool) {
    for difference in &cutover.smoke_differences {
        println!("{difference}");
    }
    if let Some(carried) = &cutover.carried {
        tell_conflicts(carried);
    }
    if !cutover.go {
        println!("No-go. Nothing was changed; the old system goes on.");
    } else if dry_run {
        println!("Go. Nothing was changed yet.");
    } else if cutover.switched {
        println!(
            "Switched over: {} orders looked for and found, downtime {:.1} s. Counters are told that the old system is off.",
            cutover.looked_for, cutover.downtime_seconds
        );
        println!("Next: offpiste-import certify");
    } else {
        println!(
            "Not switched over after {:.1} s: something does not fit. Counters are told that the old system goes on; nothing was lost.",
            cutover.downtime_seconds
        );
    }
}
