//! `rehearse`: the whole import into a scratch store, checked as the real one would be, with nothing real touched.
//!
//! What it comes to is what a run would come to: the same passes, the same batches, the same store. It also makes a backup
//! of the scratch store, a store of that backup, and holds the two against each other, so that whoever needs to go back
//! has seen that it can be done.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::apply;
use crate::backup;
use crate::plan::preview::preview;
use crate::plan::{Plan, PlanError};
use crate::rejects::{self, RejectedRows};
use crate::run::{Progress, Report, RunError, peak_memory_bytes, run};
use crate::staging::Staging;
use crate::target::{Store, TargetError};
use crate::verify::reconciliation::{Reconciliation, reconcile};
use crate::verify::verify;

/// Over a line and beside working branches an import takes longer than into an idle store: reckoned with twice the time.
const LONGER_IN_USE: f64 = 2.0;

/// Room that a hub should have free: what the documents take, the engine's own copies while it tidies up, and a backup.
const DISK_FACTOR: u64 = 3;

/// What a rehearsal came to.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// Rows by table, documents, differences, as the comparison found them.
    pub report: Report,
    /// Counts and sums before and after.
    pub reconciliation: Reconciliation,
    /// Values changed, by rule.
    pub changes: BTreeMap<String, u64>,
    /// How many the plan allows.
    pub budget: BTreeMap<String, u64>,
    /// Rejected rows by table and reason.
    pub rejects: Vec<RejectedRows>,
    /// Branches that the plan names.
    pub branches: Vec<String>,
    /// How long each part took.
    pub seconds: Seconds,
    /// Bytes of the store on disk.
    pub store_bytes: u64,
    /// Bytes of a backup of it.
    pub backup_bytes: u64,
    /// Whether a store made of the backup holds the same.
    pub restored_alike: bool,
    /// Documents in the restored store.
    pub restored_documents: u64,
    /// What to expect of the real run.
    pub forecast: Forecast,
    /// Where the scratch store was kept; none when nothing was.
    pub kept: Option<PathBuf>,
    /// The most memory the process held.
    pub peak_memory_bytes: u64,
}

/// How long each part took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// Reading the source into the working database.
    pub read: f64,
    /// Bringing it over.
    pub run: f64,
    /// Reading back, comparing and summing up.
    pub verify: f64,
    /// Backup and restore.
    pub restore: f64,
}

impl Seconds {
    /// All parts.
    pub fn total(&self) -> f64 {
        self.read + self.run + self.verify + self.restore
    }
}

/// What to expect of the real run on a machine like this one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forecast {
    /// Seconds of the import into the running hub.
    pub run_seconds: f64,
    /// Seconds of a cut-over: reading a last dump, comparing, checking.
    pub cutover_seconds: f64,
    /// Bytes that should be free at the hub.
    pub disk_bytes: u64,
}

/// Why a rehearsal could not be carried out. Nothing real was touched.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// The scratch folder.
    #[error(
        "the scratch folder {path} cannot be used: {source}. Choose another with --work-dir or --keep; nothing was changed."
    )]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has something in it.
    #[error("{0} is not empty; a rehearsal begins with nothing. Name another folder with --keep.")]
    NotEmpty(PathBuf),
    /// The run, or the comparison.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Backup and restore.
    #[error("backup and restore failed in the rehearsal: {0}")]
    Backup(#[from] backup::Error),
}

impl From<apply::ApplyError> for RehearseError {
    fn from(error: apply::ApplyError) -> Self {
        Self::Run(error.into())
    }
}

impl Rehearsal {
    /// Whether everything fits.
    pub fn is_clean(&self) -> bool {
        self.report.is_clean()
            && self.reconciliation.adds_up()
            && self.restored_alike
            && self.is_within_budget()
    }

    /// Whether no more values are changed than the plan allows.
    pub fn is_within_budget(&self) -> bool {
        self.changes
            .iter()
            .all(|(rule, count)| *count <= self.budget.get(rule).copied().unwrap_or(0))
    }

    /// Rows that were rejected.
    pub fn rejected(&self) -> u64 {
        self.report.rejected()
    }
}

/// Where a rehearsal works.
pub struct Scratch {
    folder: PathBuf,
    keep: bool,
}

impl Scratch {
    /// A folder below `parent`, or below the system's for temporary files, that is removed in the end.
    ///
    /// # Errors
    /// [`RehearseError::Folder`].
    pub fn passing(parent: Option<&Path>) -> Result<Self, RehearseError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let folder = parent.join(format!("offpiste-rehearsal-{}", std::process::id()));
        Self::made(folder, false)
    }

    /// A folder that stays, so that a hub can be started over it and looked at.
    ///
    /// # Errors
    /// [`RehearseError`] when it is not empty or cannot be made.
    pub fn kept(folder: &Path) -> Result<Self, RehearseError> {
        let has_entries = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if has_entries {
            return Err(RehearseError::NotEmpty(folder.to_owned()));
        }
        Self::made(folder.to_owned(), true)
    }

    fn made(folder: PathBuf, keep: bool) -> Result<Self, RehearseError> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .recursive(true)
            .create(&folder)
            .map_err(|source| RehearseError::Folder {
                path: folder.clone(),
                source,
            })?;
        Ok(Self { folder, keep })
    }

    /// The hub's store.
    fn store(&self) -> PathBuf {
        self.folder.join("store")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let leftovers = if self.keep {
            vec![self.folder.join("restored"), self.folder.join("backup")]
        } else {
            vec![self.folder.clone()]
        };
        for path in leftovers {
            // What cannot be removed is scratch all the same; the system clears its temporary folder.
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
}

/// A checked plan with its staged source.
pub struct Preparation<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its text.
    pub plan_text: &'a str,
    /// The source.
    pub staging: &'a Staging,
    /// How long it took to be read.
    pub read_seconds: f64,
}

/// Carries a plan out into a scratch store. `rejects` is where the rejected rows go; `tell` is told what begins.
///
/// # Errors
/// [`RehearseError`]. A budget that is too small is none: it is what a rehearsal is there to find out.
pub fn rehearse(
    preparation: &Preparation<'_>,
    scratch: &Scratch,
    rejects: &Path,
    progress: &mut dyn Progress,
    mut tell: impl FnMut(&str),
) -> Result<Rehearsal, RehearseError> {
    let Preparation {
        plan,
        plan_text,
        staging,
        read_seconds,
    } = *preparation;
    let foreseen = preview(plan, staging)?;
    let changes: BTreeMap<String, u64> = foreseen
        .changes
        .iter()
        .map(|(rule, count)| ((*rule).to_owned(), *count))
        .collect();
    // A scratch store knows no branches, and what is missed of the budget is to be seen in full: both hold for this run only.
    let mut lenient = plan.clone();
    lenient.branches.create_missing = true;
    for (rule, count) in &changes {
        let allowed = lenient.budget.entry(rule.clone()).or_default();
        *allowed = (*allowed).max(*count);
    }
    let branches = apply::missing_branches(plan, &apply::BranchDirectory::new());

    tell("bringing everything over into a scratch store");
    let begun = Instant::now();
    let mut target = Store::open(&scratch.store())?;
    let file = |source| RehearseError::Folder {
        path: rejects.to_owned(),
        source,
    };
    let mut rejected = BufWriter::new(File::create(rejects).map_err(file)?);
    run(
        &lenient,
        plan_text,
        staging,
        &mut target,
        &mut rejected,
        progress,
    )?;
    rejected.flush().map_err(file)?;
    let run_seconds = begun.elapsed().as_secs_f64();

    tell("reading everything back and comparing");
    let begun = Instant::now();
    let mut report = verify(&lenient, staging, &mut target, rejects)?;
    "a scratch store".clone_into(&mut report.target);
    let reconciliation = reconcile(&lenient, staging, &mut target, rejects)?;
    let verify_seconds = begun.elapsed().as_secs_f64();

    tell("backing the scratch store up and restoring it");
    let begun = Instant::now();
    let file = scratch.folder.join("backup");
    let written = backup::write_store(target.store(), &file)?;
    drop(target);
    let store_bytes = size_of(&scratch.store());
    let backup_bytes = size_of(&file);
    let restored = scratch.folder.join("restored");
    backup::put_back(&file, &restored)?;
    let again = backup::summary_of(Store::open(&restored)?.store())?;
    let restore_seconds = begun.elapsed().as_secs_f64();

    let seconds = Seconds {
        read: read_seconds,
        run: run_seconds,
        verify: verify_seconds,
        restore: restore_seconds,
    };
    Ok(Rehearsal {
        rejects: rejects::read(staging, rejects).map_err(|source| RehearseError::Folder {
            path: rejects.to_owned(),
            source,
        })?,
        report,
        reconciliation,
        changes,
        budget: plan.budget.clone(),
        branches,
        seconds,
        store_bytes,
        backup_bytes,
        restored_alike: written == again,
        restored_documents: again.documents,
        forecast: Forecast {
            run_seconds: LONGER_IN_USE * seconds.run,
            cutover_seconds: LONGER_IN_USE * (seconds.read + seconds.verify),
            disk_bytes: DISK_FACTOR * store_bytes + backup_bytes,
        },
        kept: scratch.keep.then(|| scratch.folder.clone()),
        peak_memory_bytes: peak_memory_bytes(),
    })
}

/// Bytes of a file, or of all files in a folder.
fn size_of(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size_of(&entry.path())).sum()
}
