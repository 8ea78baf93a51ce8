//! The simulator: a bounded number of seeds, every seed that ever failed, and planted bugs that must be found.

use tests::sim::{Plant, SMALL_MESSAGES, Settings, run};

/// Seeds that once broke a promise and are mended. Each is played whenever the tests run.
const REGRESSIONS: &[u64] = &[
    20, 46, 71, 74, 107, 172, 192, 203, 300, 318, 361, 405, 562, 594, 601, 650, 675, 775, 829, 923,
    965, 986, 996, 1046, 1073, 1152, 1247, 1300, 1313, 1322, 1325, 1542, 1577, 1631, 1790, 1940,
    2005, 2012, 2016, 2100, 2240, 2494, 2712, 2837, 3196, 3198, 3254, 3540, 3702, 3769, 3845, 4044,
    5470, 6391, 7210, 7710, 7808, 7906, 8561, 9520, 12_018, 13_782, 14_453, 15_213, 17_580, 18_731,
    19_970, 22_993, 23_707, 25_455, 33_908, 35_204, 35_987, 39_065, 39_165, 39_795, 41_280, 44_689,
    44_821, 47_901, 48_852, 49_347, 51_520, 53_730, 56_741, 57_184, 58_316, 58_530, 60_965, 63_367,
    66_455, 66_754, 75_496, 80_189, 81_841, 86_506, 89_883, 90_663, 94_586, 97_836, 98_763, 98_868,
    99_535, 99_861, 106_015, 106_968, 107_007, 500_229, 549_416, 568_176, 1_006_220, 1_015_134,
    1_016_194, 1_018_206, 1_026_762, 1_028_443,
];

/// Enough to see every other kind of fault many times, in some seconds even without optimisation.
const SEEDS: std::ops::Range<u64> = 1..80;

/// The same with messages into which little goes, so that one is made ready while another is under way.
const SEEDS_OF_SMALL_MESSAGES: std::ops::Range<u64> = SMALL_MESSAGES..SMALL_MESSAGES + 40;

/// Seeds within which a planted bug must be found.
const PLANTED_SEEDS: std::ops::Range<u64> = 1..400;

fn breaks_a_promise(seed: u64, settings: &Settings) -> bool {
    let outcome = run(seed, settings);
    for violation in &outcome.violations {
        eprintln!("seed {seed}: {}: {}", violation.promise, violation.found);
    }
    !outcome.violations.is_empty()
}

#[test]
fn whatever_goes_wrong_every_promise_is_kept() {
    let all_faults = Settings::default();
    let bounded = SEEDS.chain(SEEDS_OF_SMALL_MESSAGES);
    let bounded = bounded.filter(|seed| breaks_a_promise(*seed, &all_faults));
    let mended = REGRESSIONS.iter().copied();
    let failing: Vec<u64> = mended
        .filter(|seed| breaks_a_promise(*seed, &all_faults))
        .chain(bounded)
        .collect();
    assert!(
        failing.is_empty(),
        "play one again with cargo run --release -p tests --bin sim -- --seed N: {failing:?}"
    );
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    let settings = Settings {
        keeps_log: true,
        ..Settings::default()
    };
    let (first, second) = (run(11, &settings), run(11, &settings));
    assert!(first.log.len() > 50);
    assert_eq!(first.log, second.log);
}

#[test]
fn the_oracle_bites() {
    // The quick ones; `sim --plant all` has every one.
    for plant in [Plant::SkipMerge, Plant::DropTail, Plant::SaveBeforeSync] {
        let settings = Settings {
            plant: Some(plant),
            ..Settings::default()
        };
        let found = PLANTED_SEEDS
            .clone()
            .any(|seed| !run(seed, &settings).violations.is_empty());
        assert!(found, "nobody noticed {}", plant.name());
    }
}

#[test]
fn what_got_lost_on_the_way_is_found_by_comparing_and_comes_after_all() {
    let settings = Settings {
        plant: Some(Plant::LoseATail),
        ..Settings::default()
    };
    let failing: Vec<u64> = SEEDS
        .filter(|seed| breaks_a_promise(*seed, &settings))
        .collect();
    assert!(failing.is_empty(), "{failing:?}");
}
