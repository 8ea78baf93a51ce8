//! A failing seed made small: fewer kinds of fault and fewer events that still break the same promise.

use super::faults::Fault;
use super::world::{Outcome, Settings, run};

/// The smallest settings found under which `seed` still breaks the promise that `outcome` broke.
pub fn shrink(seed: u64, settings: &Settings, outcome: &Outcome) -> Settings {
    let Some(promise) = outcome
        .violations
        .first()
        .map(|violation| violation.promise)
    else {
        return settings.clone();
    };
    let still_fails = |settings: &Settings| {
        let found = run(seed, settings).violations;
        found.iter().any(|violation| violation.promise == promise)
    };
    let mut smallest = settings.clone();
    for fault in Fault::ALL {
        let mut fewer = smallest.clone();
        fewer.without.push(*fault);
        if !smallest.without.contains(fault) && still_fails(&fewer) {
            smallest = fewer;
        }
    }
    let mut steps = outcome.steps;
    let mut cut = steps / 2;
    while cut > 0 && cut <= steps {
        let fewer = Settings {
            steps: Some(steps - cut),
            ..smallest.clone()
        };
        if still_fails(&fewer) {
            steps -= cut;
            smallest = fewer;
        } else {
            cut /= 2;
        }
    }
    smallest
}
