//! The importer, killed at drawn moments of a verb and started again, must end where one ends that nobody interrupted.
//!
//! A moment is a system call of the importer's, counted by strace: whatever can have been left half done lies between two of
//! them. Several kills fall on one target before a verb is left to end there.

mod contents;
mod scene;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::binary;
use crate::sim::random::Random;
use contents::Contents;
use scene::Scene;

/// Kills of a verb at one target, before it is left to end.
const KILLS_IN_A_ROW: u64 = 5;

/// The dice are those of this concern of the seed.
const CONCERN: u64 = 9;

/// What leaves something behind: files made and written and made durable, and what goes over a line.
const CALLS: &str = "openat,write,writev,pwrite64,fsync,fdatasync,rename,sendto";

/// By system call how many of it the busiest thread makes: so strace counts those that are to be interrupted.
type Moments = BTreeMap<String, u64>;

/// Which verb is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ImportVictim {
    /// `run` into a store.
    Run,
    /// `run` into a running hub.
    RunIntoHub,
    /// `sync` with a later dump, where staff have written meanwhile.
    Sync,
    /// `rollback`, of the last sync and of everything in turn.
    Rollback,
    /// `sync` into a running hub.
    SyncIntoHub,
    /// `rollback` at a running hub.
    RollbackAtHub,
    /// Not the importer, but the hub that it runs into.
    HubUnderRun,
}

/// What a verb does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Run,
    Sync,
    Rollback,
}

impl ImportVictim {
    const fn verb(self) -> Verb {
        match self {
            Self::Run | Self::RunIntoHub | Self::HubUnderRun => Verb::Run,
            Self::Sync | Self::SyncIntoHub => Verb::Sync,
            Self::Rollback | Self::RollbackAtHub => Verb::Rollback,
        }
    }

    const fn is_at_hub(self) -> bool {
        matches!(
            self,
            Self::RunIntoHub | Self::SyncIntoHub | Self::RollbackAtHub | Self::HubUnderRun
        )
    }
}

/// What killing imports came to.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// The verb.
    pub victim: ImportVictim,
    /// The dice.
    pub seed: u64,
    /// Verbs that were to be killed.
    pub rounds: u64,
    /// Those that were; the others had ended before their moment came.
    pub killed: u64,
    /// Targets at which a last one ended.
    pub stores: u64,
    /// Documents of each.
    pub documents: usize,
    /// System calls among which the moments were drawn.
    pub moments: BTreeMap<String, u64>,
    /// Targets that hold something else than after an uninterrupted verb.
    pub violations: u64,
    /// The first thing that was otherwise.
    pub first_difference: Option<String>,
    /// How long it took.
    pub seconds: u64,
}

/// What a verb that nobody kills comes to, and the moments at which it can be.
struct Whole {
    contents: Contents,
    moments: Moments,
    took: Duration,
}

/// Kills a verb `kills` times; `tell` hears of each target.
///
/// # Errors
/// When a verb that nobody kills fails, or strace cannot be started.
pub async fn kill_imports(
    victim: ImportVictim,
    kills: u64,
    seed: u64,
    mut tell: impl FnMut(&ImportReport),
) -> Result<ImportReport> {
    let started = Instant::now();
    let scene = Scene::set(victim).await?;
    let mut wholes: Vec<Whole> = Vec::new();
    let mut report = ImportReport {
        victim,
        seed,
        rounds: 0,
        killed: 0,
        stores: 0,
        documents: 0,
        moments: BTreeMap::new(),
        violations: 0,
        first_difference: None,
        seconds: 0,
    };
    let mut random = Random::of(seed, CONCERN);
    while report.killed < kills {
        let variant = usize::try_from(report.stores)? % scene.variants();
        if wholes.len() <= variant {
            wholes.push(uninterrupted(&scene, variant).await?);
        }
        let Whole {
            contents,
            moments,
            took,
        } = &wholes[variant];
        report.documents = contents.count();
        report.moments.clone_from(moments);
        let mut target = scene.target(&format!("killed-{}", report.stores)).await?;
        for _ in 0..KILLS_IN_A_ROW.min(kills - report.killed) {
            let calls: Vec<(&String, &u64)> = moments.iter().collect();
            let (call, count) = calls[random.below(calls.len())];
            let moment = 1 + random.number() % count;
            let inject = format!("inject={call}:signal=KILL:when={moment}");
            let killed = traced(Path::new("/dev/null"), &["-e", &inject])?;
            let has_ended = if victim == ImportVictim::HubUnderRun {
                let after = took.mul_f64(f64::from(u32::try_from(random.below(100))?) / 100.0);
                scene.kill_hub_after(after, &mut target).await?
            } else {
                let ended = scene.carry_out(killed, &target, variant).await?;
                ended.status.success()
            };
            report.rounds += 1;
            if has_ended {
                // It came to its end before that moment, and so would the next.
                break;
            }
            report.killed += 1;
        }
        scene
            .to_the_end(binary("offpiste-import")?, &target, variant)
            .await?;
        report.stores += 1;
        let found = scene.contents(target).await?;
        if let Some(difference) = found.difference(contents) {
            report.violations += 1;
            report.first_difference.get_or_insert(difference);
        }
        report.seconds = started.elapsed().as_secs();
        tell(&report);
    }
    Ok(report)
}

async fn uninterrupted(scene: &Scene, variant: usize) -> Result<Whole> {
    let (trace, target) = (
        scene.path("trace"),
        scene.target(&format!("whole-{variant}")).await?,
    );
    let begun = Instant::now();
    scene
        .to_the_end(traced(&trace, &[])?, &target, variant)
        .await?;
    Ok(Whole {
        took: begun.elapsed(),
        moments: moments_of(&trace)?,
        contents: scene.contents(target).await?,
    })
}

/// How often the busiest thread made each call.
fn moments_of(trace: &Path) -> Result<Moments> {
    let trace = std::fs::read_to_string(trace)?;
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
    anyhow::ensure!(
        moments.values().sum::<u64>() > 20,
        "only {moments:?} were seen"
    );
    Ok(moments)
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
