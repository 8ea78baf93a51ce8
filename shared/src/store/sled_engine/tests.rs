//! The engine beside a plain map, and power cuts at each of its steps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::store::generation::{self, Generation};
use crate::store::settled::STANDING_KEY;

/// A journal that is full after a few batches, so that much is settled in a short test.
const SMALL: Bounds = Bounds {
    journal: 4 * 1024,
    memory: 64 * 1024,
    memory_at_most: 128 * 1024,
};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn put(key: &str, value: &str) -> Write {
    Write::Put(key.into(), value.into())
}

/// Values by key, `-` for those that are not there.
fn found<const N: usize>(engine: &SledEngine, keys: [&str; N]) -> [String; N] {
    keys.map(|key| {
        let value = engine.get(key.as_bytes()).expect("readable");
        value.map_or_else(
            || "-".to_owned(),
            |value| String::from_utf8(value).expect("text"),
        )
    })
}

fn everything(engine: &SledEngine) -> Vec<Entry> {
    engine.range(&[], &[u8::MAX], usize::MAX).expect("readable")
}

fn settle(engine: &SledEngine) {
    let mut journal = engine.shared.journal();
    engine.shared.settle_rest(&mut journal).expect("settled");
}

fn take_into(model: &mut Model, batch: &[Write]) {
    for write in batch {
        match write {
            Write::Put(key, value) => model.insert(key.clone(), value.clone()),
            Write::Remove(key) => model.remove(key),
        };
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// As if nothing had been written into it since it was made.
fn empty_the_journal(store: &Path) {
    for file in journal::FILES {
        let path = store.join(file);
        let room = fs::metadata(&path).expect("there").len();
        assert_eq!(room, BOUNDS.journal);
        let empty = vec![0; usize::try_from(room).expect("small")];
        fs::write(path, empty).expect("written");
    }
}

fn two_directories() -> [tempfile::TempDir; 2] {
    [(), ()].map(|()| tempfile::tempdir().expect("a directory"))
}

fn byte(number: u64) -> u8 {
    u8::try_from(number).expect("small")
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("small")
}

/// Batches that put documents and other entries, change and remove some of them. `salt` makes others of them.
fn batches(salt: u64) -> Vec<Vec<Write>> {
    let mut dice = salt;
    let mut roll = move |sides: u64| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut position = 0_u64;
    (0..40)
        .map(|_| {
            (0..=roll(6))
                .map(|_| {
                    position += 1;
                    let key = format!(
                        "{}{:03}",
                        ["a", "d", "d", "f", "r"][index(roll(5))],
                        roll(60)
                    );
                    if roll(6) == 0 {
                        return Write::Remove(key.into_bytes());
                    }
                    let mut value = position.to_be_bytes().to_vec();
                    value.extend((0..roll(4_000)).map(|n| byte(n * position % 251)));
                    Write::Put(key.into_bytes(), value)
                })
                .collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Settling, compacting and opening again change nothing of what is read, whenever they happen.
    #[test]
    fn the_engine_is_a_plain_map_whatever_happens_below(
        salt in any::<u64>(),
        steps in proptest::collection::vec(0..12_u8, 40),
        from in 0..60_u32,
        to in 0..60_u32,
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let open = || SledEngine::open_within(directory.path(), SMALL).expect("opens");
        let (mut engine, mut model) = (open(), Model::new());
        for (batch, step) in batches(salt).iter().zip(&steps) {
            engine.apply(batch).expect("applied");
            take_into(&mut model, batch);
            match step {
                0 => {
                    drop(engine);
                    engine = open();
                }
                1 => {
                    engine.persist().expect("durable");
                    settle(&engine);
                }
                2 => engine.compact().expect("compacted"),
                3..=9 => engine.persist().expect("durable"),
                _ => {}
            }
            for prefix in ["a", "d", "f"] {
                let [from, to] = [from, to].map(|number| format!("{prefix}{number:03}").into_bytes());
                let expected: Vec<Entry> = if from < to {
                    model.range(from.clone()..to.clone()).map(|(key, value)| (key.clone(), value.clone())).collect()
                } else {
                    Vec::new()
                };
                prop_assert_eq!(engine.last(&from, &to).expect("readable"), expected.last().cloned());
                let read = engine.range(&from, &to, 3).expect("readable");
                prop_assert_eq!(&read, &expected.into_iter().take(3).collect::<Vec<_>>());
                prop_assert_eq!(engine.get(&from).expect("readable"), model.get(&from).cloned());
            }
        }
        prop_assert_eq!(everything(&engine), model.into_iter().collect::<Vec<_>>());
    }

    /// The power fails after any number of blocks; what was durable is all there, also when it fails again while that is mended.
    #[test]
    fn a_power_cut_at_any_block_of_settling_leaves_every_batch_whole(salt in any::<u64>(), blocks in 0..12_usize, again in 0..12_usize, is_written in any::<bool>()) {
        let [live, cut] = two_directories();
        let mut model = Model::new();
        let engine = SledEngine::open(live.path()).expect("opens");
        let batches = batches(salt);
        let (settled, unsettled) = batches.split_at(20);
        for batch in settled {
            engine.apply(batch).expect("applied");
            take_into(&mut model, batch);
        }
        engine.persist().expect("durable");
        settle(&engine);
        for batch in unsettled {
            engine.apply(batch).expect("applied");
            take_into(&mut model, batch);
        }
        engine.persist().expect("durable");
        for blocks in [blocks, again] {
            *engine.shared.settled.power_fails_after.lock().expect("sound") = Some(blocks);
            let settled = engine.shared.settle_rest(&mut engine.shared.journal());
            if is_written {
                engine.shared.settled.generation().sync().expect("sled writes what it has");
            }
            if settled.is_ok() {
                break;
            }
        }
        copy_files(live.path(), cut.path());
        let after = SledEngine::open(cut.path()).expect("opens after the power cut");
        prop_assert_eq!(everything(&after), model.clone().into_iter().collect::<Vec<_>>());
        drop(after);
        let again = SledEngine::open(cut.path()).expect("opens");
        prop_assert_eq!(everything(&again), model.into_iter().collect::<Vec<_>>());
    }
}

/// A bulk load of documents with keys in no order; some of their entries are late.
#[test]
fn a_bulk_load_is_read_before_and_after_a_power_cut_and_later_changes_find_it() {
    let [live, cut] = two_directories();
    let engine = SledEngine::open_within(live.path(), SMALL).expect("opens");
    let mut model = Model::new();
    for portion in 0..3_u64 {
        let batch: Vec<Write> = (portion * 2_500..(portion + 1) * 2_500)
            .map(|number| {
                let key = format!("d{:05}", number * 7_919 % 7_507).into_bytes();
                Write::Put(key, [number.to_be_bytes(), [7; 8]].concat())
            })
            .collect();
        engine.apply(&batch).expect("applied");
        take_into(&mut model, &batch);
        engine.persist().expect("durable");
        drop(engine.shared.wait_until_at_rest());
    }
    assert!(engine.shared.settled.has_late());
    let expected = |model: &Model| model.clone().into_iter().collect::<Vec<_>>();
    assert_eq!(everything(&engine), expected(&model));
    let last = engine.last(b"d", b"e").expect("readable");
    assert_eq!(last, model.clone().pop_last());
    copy_files(live.path(), cut.path());

    let after = SledEngine::open_within(cut.path(), SMALL).expect("opens after the power cut");
    assert_eq!(everything(&after), expected(&model));
    let changes = [
        put("d00001", "12345678 changed"),
        Write::Remove(b"d00002".to_vec()),
        put("d99999", "12345678 new"),
    ];
    after.apply(&changes).expect("applied");
    take_into(&mut model, &changes);
    after.persist().expect("durable");
    settle(&after);
    assert!(!after.shared.settled.has_late());
    assert_eq!(everything(&after), expected(&model));
    drop(after);
    let again = SledEngine::open_within(cut.path(), SMALL).expect("opens");
    assert_eq!(everything(&again), expected(&model));
}

/// What a power cut leaves: the journal as it was synced, sled's files as they were any time before.
#[test]
fn whatever_sled_had_not_written_comes_back_from_the_journal_in_order() {
    let [live, cut] = two_directories();
    let engine = SledEngine::open(live.path()).expect("opens");
    engine
        .apply(&[put("a", "1"), put("b", "1")])
        .expect("applied");
    engine.persist().expect("durable");
    copy_files(live.path(), cut.path());
    engine
        .apply(&[put("a", "2"), put("c", "2")])
        .expect("applied");
    engine
        .apply(&[put("a", "3"), Write::Remove(b"b".to_vec())])
        .expect("applied");
    engine.persist().expect("durable");
    engine
        .apply(&[put("a", "4")])
        .expect("applied, and nobody is told");
    for file in journal::FILES {
        fs::copy(live.path().join(file), cut.path().join(file)).expect("copied");
    }

    let after = SledEngine::open(cut.path()).expect("opens after the power cut");
    assert_eq!(found(&after, ["a", "b", "c"]), ["3", "-", "2"]);
    after.apply(&[put("a", "5")]).expect("applied");
    after.persist().expect("durable");
    drop(after);
    let again = SledEngine::open(cut.path()).expect("opens");
    assert_eq!(found(&again, ["a", "b", "c"]), ["5", "-", "2"]);
}

/// Remains of an earlier round: sled has what they say, and newer writes too.
#[test]
fn a_journal_that_is_behind_takes_nothing_back() {
    let [live, cut] = two_directories();
    let engine = SledEngine::open(live.path()).expect("opens");
    engine
        .apply(&[put("a", "1"), put("b", "1")])
        .expect("applied");
    engine.persist().expect("durable");
    let behind = fs::read(live.path().join(journal::FILES[0])).expect("readable");
    engine
        .apply(&[put("a", "2"), put("b", "2")])
        .expect("applied");
    engine.persist().expect("durable");
    settle(&engine);
    copy_files(live.path(), cut.path());
    fs::write(cut.path().join(journal::FILES[0]), behind).expect("written");

    let after = SledEngine::open(cut.path()).expect("opens after the power cut");
    assert_eq!(found(&after, ["a", "b"]), ["2", "2"]);
    after.apply(&[put("a", "3")]).expect("applied");
    after.persist().expect("durable");
    drop(after);
    let again = SledEngine::open(cut.path()).expect("opens");
    assert_eq!(found(&again, ["a", "b"]), ["3", "2"]);
}

#[test]
fn a_full_journal_starts_over_when_sleds_own_files_have_everything() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let large = "x".repeat(1024 * 1024);
    let engine = SledEngine::open(directory.path()).expect("opens");
    for number in 0..12 {
        engine
            .apply(&[put(&format!("key {number}"), &large)])
            .expect("applied");
        engine.persist().expect("durable");
    }
    drop(engine);
    empty_the_journal(directory.path());
    let engine = SledEngine::open(directory.path()).expect("opens without its journal");
    assert_eq!(found(&engine, ["key 0"]), [large]);
}

#[test]
fn a_store_that_is_still_held_can_be_left_as_if_it_were_closed() {
    let [live, cut] = two_directories();
    let engine = SledEngine::open(live.path()).expect("opens");
    engine
        .apply(&[put("a", "1"), put("b", "1")])
        .expect("applied");
    Engine::settle(&engine).expect("settled");
    copy_files(live.path(), cut.path());
    empty_the_journal(cut.path());
    let without_journal = SledEngine::open(cut.path()).expect("opens without its journal");
    assert_eq!(found(&without_journal, ["a", "b"]), ["1", "1"]);

    engine.apply(&[put("a", "2")]).expect("applied");
    engine.persist().expect("durable");
    drop(engine);
    let again = SledEngine::open(live.path()).expect("opens");
    assert_eq!(found(&again, ["a", "b"]), ["2", "1"]);
}

/// Settling goes on on its own thread while others read and write, and nobody sees a map that never was.
#[test]
fn readers_see_every_key_while_it_is_settled() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = SledEngine::open_within(directory.path(), SMALL).expect("opens");
    let keys: Vec<String> = (0..200).map(|number| format!("d{number:03}")).collect();
    let write = |round: u8| {
        for key in &keys {
            let value = [[0, 0, 0, 0, 0, 0, 0, round].as_slice(), &[round; 900]].concat();
            engine
                .apply(&[Write::Put(key.clone().into(), value)])
                .expect("applied");
        }
        engine.persist().expect("durable");
    };
    write(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = vec![0; keys.len()];
            while last.iter().any(|round| *round < 15) {
                let read = everything(&engine);
                assert_eq!(read.len(), keys.len());
                for ((_, value), last) in read.iter().zip(&mut last) {
                    assert!(value[7] >= *last, "an older state came back");
                    *last = value[7];
                }
            }
        });
        (1..=15).for_each(write);
        reader.join().expect("it saw nothing wrong");
    });
}

#[test]
fn what_could_not_be_settled_is_said_and_settled_later() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = SledEngine::open_within(directory.path(), SMALL).expect("opens");
    let power = &engine.shared.settled.power_fails_after;
    *power.lock().expect("sound") = Some(0);
    let noise: String = (0..40_000_u32)
        .map(|n| char::from(b'a' + byte(u64::from(n) * u64::from(n) % 23)))
        .collect();
    let mut refused = 0;
    for number in 0..40 {
        engine
            .apply(&[put(&format!("key {number}"), &noise)])
            .expect("applied");
        refused += u32::from(engine.persist().is_err());
        drop(engine.shared.wait_until_at_rest());
    }
    assert!(refused > 0, "somebody heard of it");
    *power.lock().expect("sound") = None;
    drop(engine);
    let engine = SledEngine::open_within(directory.path(), SMALL).expect("opens");
    assert_eq!(everything(&engine).len(), 40);
}

#[test]
fn compaction_that_was_cut_short_leaves_the_store_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = SledEngine::open(directory.path()).expect("opens");
    for batch in batches(7) {
        engine.apply(&batch).expect("applied");
    }
    engine.persist().expect("durable");
    let expected = everything(&engine);
    drop(engine);
    // Cut short while it was written: half a database file.
    drop(Generation::begin(directory.path(), 2).expect("begun"));
    let unfinished = generation::path(directory.path(), 2);
    fs::remove_dir_all(&unfinished).expect("removed");
    copy_files(&generation::path(directory.path(), 1), &unfinished);
    let half = fs::read(unfinished.join("db")).expect("readable");
    fs::write(unfinished.join("db"), &half[..half.len() / 2]).expect("written");
    let engine = SledEngine::open(directory.path()).expect("opens");
    assert_eq!(everything(&engine), expected);
    assert!(!unfinished.exists());
    drop(engine);
    // Cut short before the former files were removed.
    copy_files(
        &generation::path(directory.path(), 1),
        &generation::path(directory.path(), 2),
    );
    let engine = SledEngine::open(directory.path()).expect("opens");
    assert_eq!(everything(&engine), expected);
    assert_eq!(
        generation::numbers(directory.path()).expect("readable"),
        [2]
    );
}

#[test]
fn files_of_another_version_are_refused_in_words_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(SledEngine::open(directory.path()).expect("opens"));
    fs::write(directory.path().join("format"), "offpiste store 9\n").expect("written");
    let refused = SledEngine::open(directory.path()).err().expect("refused");
    assert!(!refused.is_damage() && refused.to_string().contains("offpiste store 9"));

    for spoiled in ["", "offpis", "offpiste store ", "\u{5}\u{4}\u{1}"] {
        fs::write(directory.path().join("format"), spoiled).expect("written");
        let refused = SledEngine::open(directory.path()).err().expect("refused");
        assert!(refused.is_damage(), "{spoiled:?}: {refused}");
    }

    let earlier = tempfile::tempdir().expect("a directory");
    fs::write(earlier.path().join("db"), "sled's file lay here").expect("written");
    let refused = SledEngine::open(earlier.path()).err().expect("refused");
    assert!(refused.to_string().contains("offpiste store 1"));
    assert_eq!(fs::read_dir(earlier.path()).expect("readable").count(), 1);
}

#[test]
fn how_much_is_live_is_known_to_the_byte() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = SledEngine::open(directory.path()).expect("opens");
    for salt in 0..6 {
        for batch in batches(salt) {
            engine.apply(&batch).expect("applied");
        }
        engine.persist().expect("durable");
        settle(&engine);
        let generation = engine.shared.settled.generation();
        let live: usize = generation
            .blocks
            .tree
            .iter()
            .map(|block| block.expect("readable"))
            .filter(|(key, _)| key != &STANDING_KEY)
            .map(|(key, block)| key.len() + block.len())
            .sum();
        let standing = generation.standing().expect("readable").expect("there");
        assert_eq!(standing.live_bytes, live as u64);
    }
}

#[test]
fn batches_are_read_back_and_damage_is_seen() {
    let batch = [
        put("key", "value"),
        Write::Remove(b"gone".to_vec()),
        put("empty", ""),
    ];
    let bytes = encode(&batch);
    assert_eq!(decode(&bytes).as_deref(), Some(batch.as_slice()));
    assert!((1..bytes.len()).all(|cut| decode(&bytes[..cut]).as_deref() != Some(batch.as_slice())));
    assert_eq!(decode(&[0, 0, 0, 9, 1]), None);
}
