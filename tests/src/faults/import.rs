//! The importer, killed at drawn moments of a run and started again, must end in the store of one that nobody interrupted.
//!
//! A moment is a system call of the importer's, counted by strace: whatever can have been left half done lies between two of
//! them. Several kills fall on one store before a run is left to end there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use shared::document::Document;
use shared::id::DocumentId;
use tools::generator::{self, Options};
use tools::target::{Store, Target as _};

use crate::binary;
use crate::firm::Import;
use crate::sim::random::Random;

/// Kills of runs into one store, before one is left to end.
const KILLS_IN_A_ROW: u64 = 5;

/// The dice are those of this concern of the seed.
const CONCERN: u64 = 9;

/// Orders of the source: several batches for a store.
const ORDERS: u64 = 3_000;

/// What leaves something behind: files made and written, and made durable.
const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync";

/// By system call how many of it the busiest thread makes: so strace counts those that are to be interrupted.
type Moments = BTreeMap<String, u64>;

/// What a store holds: every document with the hash of its state.
type Digest = Vec<(DocumentId, [u8; 16])>;

/// What killing imports came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    /// The dice.
    pub seed: u64,
    /// Runs that were to be killed.
    pub rounds: u64,
    /// Those that were; the others had ended before their moment came.
    pub killed: u64,
    /// Stores that a last run completed.
    pub stores: u64,
    /// Documents of each.
    pub documents: usize,
    /// System calls among which the moments were drawn.
    pub moments: BTreeMap<String, u64>,
    /// Stores that were other than that of an uninterrupted run.
    pub violations: u64,
    /// How long it took.
    pub seconds: u64,
}

/// A legacy database with its plan, in a folder that passes.
struct Scene {
    folder: tempfile::TempDir,
    import: Import,
}

/// Kills `kills` runs; `tell` hears of each store.
///
/// # Errors
/// When a run that nobody kills fails, or strace cannot be started.
pub async fn kill_imports(
    kills: u64,
    seed: u64,
    mut tell: impl FnMut(&ImportReport),
) -> Result<ImportReport> {
    let started = Instant::now();
    let scene = Scene::set().await?;
    let (expected, moments) = scene.uninterrupted()?;
    let mut report = ImportReport {
        seed,
        documents: expected.len(),
        moments: moments.clone(),
        ..ImportReport::default()
    };
    let mut random = Random::of(seed, CONCERN);
    while report.killed < kills {
        let store = scene.path(&format!("killed-{}", report.stores));
        for _ in 0..KILLS_IN_A_ROW.min(kills - report.killed) {
            let calls: Vec<(&String, &u64)> = moments.iter().collect();
            let (call, count) = calls[random.below(calls.len())];
            let moment = 1 + random.number() % count;
            let inject = format!("inject={call}:signal=KILL:when={moment}");
            let mut killed = traced(Path::new("/dev/null"), &["-e", &inject])?;
            scene.run_into(&mut killed, &store);
            report.rounds += 1;
            if killed.status()?.success() {
                // It came to its end before that moment, and so would the next.
                break;
            }
            report.killed += 1;
        }
        scene.run_to_the_end(binary("offpiste-import")?, &store)?;
        report.stores += 1;
        report.violations += u64::from(digest(&store)? != expected);
        report.seconds = started.elapsed().as_secs();
        tell(&report);
        std::fs::remove_dir_all(&store)?;
    }
    Ok(report)
}

impl Scene {
    async fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("werkstatt.sql");
        let options = Options {
            orders: ORDERS,
            ..Options::default()
        };
        generator::generate(&options, &source)?;
        let import = Import::planned(&source, "Chur").await?;
        let text = std::fs::read_to_string(import.plan())?;
        let text = text.replace("create_missing = false", "create_missing = true ");
        std::fs::write(import.plan(), text)?;
        Ok(Self { folder, import })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a run comes to that nobody kills, and the moments at which it can be.
    fn uninterrupted(&self) -> Result<(Digest, Moments)> {
        let (trace, store) = (self.path("trace"), self.path("whole"));
        self.run_to_the_end(traced(&trace, &[])?, &store)?;
        let trace = std::fs::read_to_string(&trace)?;
        let mut by_thread: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for line in trace.lines() {
            // `17 fdatasync(5) = 0`
            let (thread, call) = line.split_once(' ').unwrap_or_default();
            if let Some((name, _)) = call.trim_start().split_once('(') {
                *by_thread.entry((thread, name)).or_default() += 1;
            }
        }
        let mut moments = Moments::new();
        for ((_, name), count) in by_thread {
            let most = moments.entry(name.to_owned()).or_default();
            *most = count.max(*most);
        }
        ensure!(
            moments.values().sum::<u64>() > 100 && moments.contains_key("fdatasync"),
            "only {moments:?} were seen"
        );
        Ok((digest(&store)?, moments))
    }

    fn run_into(&self, command: &mut Command, store: &Path) {
        command
            .args(["run", "--json", "--plan"])
            .arg(self.import.plan())
            .arg("--store")
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    }

    fn run_to_the_end(&self, mut command: Command, store: &Path) -> Result<()> {
        self.run_into(&mut command, store);
        let ended = command.status()?;
        ensure!(ended.success(), "a run that nobody killed: {ended}");
        Ok(())
    }
}

/// The importer under strace.
fn traced(trace: &Path, more: &[&str]) -> Result<Command> {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e"])
        .arg(format!("trace={CALLS}"))
        .args(more)
        .arg("-o")
        .arg(trace)
        .arg(binary("offpiste-import")?.get_program());
    Ok(command)
}

fn digest(store: &Path) -> Result<Digest> {
    let mut store = Store::open(store).context("the store of a run that ended")?;
    let mut held = Vec::new();
    let mut cursor = 0;
    loop {
        let page = store.page(cursor)?;
        ensure!(page.unreadable == 0, "a document cannot be read");
        let documents = page.documents.iter();
        held.extend(documents.map(|document: &Document| (document.id(), document.state_hash())));
        if !page.more {
            held.sort_unstable();
            return Ok(held);
        }
        cursor = page.cursor;
    }
}
