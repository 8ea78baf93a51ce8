//! Runs the simulator over many seeds, or one seed again.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::Parser;
use serde_json::json;
use tests::sim::shrink::shrink;
use tests::sim::{Fault, Faults, Outcome, Plant, Settings, run};

/// Simulates a whole firm from a number: branches, hub, lines, disks and clocks, and everything that can go wrong with them.
///
/// Each seed is a story of its own. When one breaks a promise its log is printed, and the last line is one JSON object;
/// the exit code is 0 only when no promise was broken. `--seed` plays one seed again, the same each time.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Options {
    /// How many seeds to run.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    seeds: u64,
    /// The first seed. Alone, it is the only one.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Threads that run seeds; as many as there are cores when it is left out.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Events of each seed before things calm down.
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// A kind of fault that shall not happen; may be given several times.
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    without: Vec<Fault>,
    /// A bug to plant, which must be found. `all` plants one after the other and wants each found.
    #[arg(long, value_name = "NAME", value_parser = planting)]
    plant: Option<Planting>,
    /// Prints what happens in the seed even when it keeps every promise; with `--keep-going` also of a failing one, as it is.
    #[arg(long)]
    log: bool,
    /// Goes on after the first failing seeds instead of ending there.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    name_the_seed_of_a_panic();
    let settings = Settings {
        steps: options.steps,
        without: options.without.clone(),
        plant: None,
        keeps_log: false,
    };
    match options.plant {
        None => run_seeds(&options, &settings),
        Some(Planting::One(plant)) => {
            let plant = Some(plant);
            run_seeds(&options, &Settings { plant, ..settings })
        }
        Some(Planting::All) => plant_all(&options, &settings),
    }
}

/// Which bugs to plant.
#[derive(Clone, Copy, Debug)]
enum Planting {
    One(Plant),
    All,
}

/// Failing seeds after which a run ends: more of the same teach nothing.
const ENOUGH: usize = 3;

fn run_seeds(options: &Options, settings: &Settings) -> ExitCode {
    let first = options.seed.unwrap_or(1);
    let is_alone = options.seed.is_some() && options.seeds == 1_000;
    let count = if is_alone { 1 } else { options.seeds };
    let enough = if options.keep_going {
        usize::MAX
    } else {
        ENOUGH
    };
    let sum = run_many(first, count, options.threads, settings, enough);
    let shown = if options.keep_going { 0 } else { ENOUGH };
    for (seed, outcome) in sum.failed.iter().take(shown) {
        report(*seed, settings, outcome);
    }
    if options.log && (options.keep_going || sum.failed.is_empty()) {
        let settings = Settings {
            keeps_log: true,
            ..settings.clone()
        };
        let outcome = run(first, &settings);
        outcome.log.iter().for_each(|line| println!("{line}"));
        for violation in &outcome.violations {
            println!("seed {first}: {}: {}", violation.promise, violation.found);
        }
    }
    let failing: Vec<u64> = sum.failed.iter().map(|(seed, _)| *seed).collect();
    println!(
        "{}",
        json!({
            "seeds": sum.seeds,
            "steps": sum.steps,
            "faults": sum.faults.by_name(),
            "violations": sum.violations,
            "broken": broken(&sum),
            "failing_seeds": failing,
        })
    );
    if sum.violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How many seeds broke each promise.
fn broken(sum: &Sum) -> BTreeMap<&'static str, u64> {
    let mut broken = BTreeMap::new();
    for (_, outcome) in &sum.failed {
        let promises: BTreeSet<&str> = outcome
            .violations
            .iter()
            .map(|violation| violation.promise)
            .collect();
        for promise in promises {
            *broken.entry(promise).or_insert(0) += 1;
        }
    }
    broken
}

/// Each plant that breaks a promise must be found within the seeds given, and no other.
fn plant_all(options: &Options, settings: &Settings) -> ExitCode {
    let first = options.seed.unwrap_or(1);
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        let settings = Settings {
            plant: Some(*plant),
            ..settings.clone()
        };
        let sum = run_many(first, options.seeds, options.threads, &settings, 1);
        let found = sum.failed.first();
        if !plant.breaks_a_promise() {
            let how = if found.is_none() {
                "mended"
            } else {
                "NOT MENDED"
            };
            println!("{:<20} {how} in {} seeds", plant.name(), sum.seeds);
            missed.extend(found.map(|_| plant.name()));
            continue;
        }
        let Some((seed, outcome)) = found else {
            println!("{:<20} NOT FOUND in {} seeds", plant.name(), sum.seeds);
            missed.push(plant.name());
            continue;
        };
        println!(
            "{:<20} found by seed {seed}, {} seeds in: {}",
            plant.name(),
            sum.seeds,
            outcome.violations[0].promise
        );
    }
    println!(
        "{}",
        json!({ "plants": Plant::ALL.len(), "missed": missed })
    );
    if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Sum {
    seeds: u64,
    steps: u64,
    faults: Faults,
    violations: u64,
    failed: Vec<(u64, Outcome)>,
}

fn run_many(
    first: u64,
    count: u64,
    threads: Option<usize>,
    settings: &Settings,
    enough: usize,
) -> Sum {
    let threads = threads
        .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
        .unwrap_or(1);
    let next = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let offset = next.fetch_add(1, Ordering::Relaxed);
                    if offset >= count {
                        return;
                    }
                    let seed = first.wrapping_add(offset);
                    SEED.set(seed);
                    let outcome = run(seed, settings);
                    let Ok(mut sum) = sum.lock() else { return };
                    sum.seeds += 1;
                    sum.steps += outcome.steps;
                    sum.faults.add(&outcome.faults);
                    if !outcome.violations.is_empty() && !fails_unplanted(seed, settings) {
                        sum.violations += outcome.violations.len() as u64;
                        sum.failed.push((seed, outcome));
                        is_over.fetch_or(sum.failed.len() >= enough, Ordering::Relaxed);
                    }
                    tell_how_far(&sum);
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap_or_default();
    sum.failed.sort_by_key(|(seed, _)| *seed);
    sum
}

/// Seeds after which a long run says how far it is.
const STAGE: u64 = 10_000;

/// A run that is cut for time has shown something all the same.
fn tell_how_far(sum: &Sum) {
    if sum.seeds.is_multiple_of(STAGE) {
        let failing: Vec<u64> = sum.failed.iter().map(|(seed, _)| *seed).collect();
        eprintln!("sim: {} seeds, failing: {failing:?}", sum.seeds);
    }
}

/// Whether a seed fails without the planted bug too: then it says nothing about whether that is found.
fn fails_unplanted(seed: u64, settings: &Settings) -> bool {
    let unplanted = Settings {
        plant: None,
        ..settings.clone()
    };
    settings.plant.is_some() && !run(seed, &unplanted).violations.is_empty()
}

/// Prints a failing seed in the smallest form found, with its log.
fn report(seed: u64, settings: &Settings, outcome: &Outcome) {
    let mut smallest = shrink(seed, settings, outcome);
    smallest.keeps_log = true;
    let outcome = run(seed, &smallest);
    println!("seed {seed} breaks a promise. What happened:");
    outcome.log.iter().for_each(|line| println!("  {line}"));
    for violation in &outcome.violations {
        println!("seed {seed}: {}: {}", violation.promise, violation.found);
    }
    let without: Vec<String> = smallest
        .without
        .iter()
        .map(|fault| format!(" --without {}", fault.name()))
        .collect();
    let steps = smallest
        .steps
        .map_or_else(String::new, |steps| format!(" --steps {steps}"));
    println!("again: sim --seed {seed}{steps}{}", without.concat());
}

thread_local! {
    static SEED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// A panic ends the process; whoever reads it must know which seed to play again.
fn name_the_seed_of_a_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        usual(info);
        eprintln!("sim: that was seed {}", SEED.get());
    }));
}

fn fault(name: &str) -> Result<Fault, String> {
    Fault::named(name).ok_or_else(|| {
        let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        format!("there are {}", names.join(", "))
    })
}

fn planting(name: &str) -> Result<Planting, String> {
    if name == "all" {
        return Ok(Planting::All);
    }
    Plant::named(name).map(Planting::One).ok_or_else(|| {
        let names: Vec<&str> = Plant::ALL.iter().map(|plant| plant.name()).collect();
        format!("there are {}, and all", names.join(", "))
    })
}
