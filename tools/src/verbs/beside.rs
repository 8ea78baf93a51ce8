//! Files beside the plan: rejects, and what the hub gave the importer at joining.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tools::target::Credentials;

/// The files that belong to one plan.
pub(super) struct Beside {
    plan: PathBuf,
}

impl Beside {
    pub(super) fn of(plan: &Path) -> Self {
        Self {
            plan: plan.to_owned(),
        }
    }

    /// One JSON object per rejected row.
    pub(super) fn rejects(&self) -> PathBuf {
        self.named("rejects.jsonl")
    }

    /// The rejects of one source, by its SHA-256: those written last, or those that were kept when a later dump was carried
    /// over. A source that has none may have no file.
    pub(super) fn rejects_of(&self, source_sha256: &str) -> PathBuf {
        let last = self.rejects();
        let kept = self.kept_rejects(source_sha256);
        match source_of(&last) {
            Some(source) if source == source_sha256 => last,
            Some(_) => kept,
            None if kept.exists() => kept,
            None => last,
        }
    }

    /// All files of rejects that there are.
    pub(super) fn all_rejects(&self) -> Vec<PathBuf> {
        let (folder, prefix) = (self.plan.parent(), self.named("rejects"));
        let is_kept = |path: &PathBuf| {
            let (name, prefix) = (path.file_name(), prefix.file_name());
            let names = name.and_then(|name| Some((name.to_str()?, prefix?.to_str()?)));
            names.is_some_and(|(name, prefix)| {
                let rest = name.strip_prefix(prefix);
                let marked = rest.and_then(|rest| rest.strip_prefix('-'));
                marked.is_some_and(|marked| marked.strip_suffix(".jsonl").is_some())
            })
        };
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        let files = fs::read_dir(folder.unwrap_or(Path::new(".")));
        let files = files.into_iter().flatten().flatten();
        let mut kept: Vec<PathBuf> = files
            .map(|file| self.plan.with_file_name(file.file_name()))
            .filter(is_kept)
            .collect();
        kept.sort();
        [self.rejects()].into_iter().chain(kept).collect()
    }

    fn kept_rejects(&self, source_sha256: &str) -> PathBuf {
        let mark = source_sha256.get(..SOURCE_MARK).unwrap_or(source_sha256);
        self.named(&format!("rejects-{mark}.jsonl"))
    }

    /// Begins the file of rejects of a source. Until it is kept, the one before it stays as it is.
    pub(super) fn begin_rejects(&self, source_sha256: &str) -> anyhow::Result<NewRejects> {
        let fresh = self.named("rejects.jsonl.new");
        let file = fs::File::create(&fresh)
            .with_context(|| format!("{} cannot be written", fresh.display()))?;
        Ok(NewRejects {
            file: BufWriter::new(file),
            fresh,
            path: self.rejects(),
            own_kept: self.kept_rejects(source_sha256),
            others_kept: source_of(&self.rejects())
                .filter(|source| source != source_sha256)
                .map(|source| self.kept_rejects(&source)),
        })
    }

    /// The same of a rehearsal, so that it does not write over those of the real run.
    pub(super) fn rehearsal_rejects(&self) -> PathBuf {
        self.named("rehearsal-rejects.jsonl")
    }

    /// One line per step that was carried out.
    pub(super) fn history(&self) -> PathBuf {
        self.named("history.jsonl")
    }

    /// The certificate in one of its forms: `html` or `json`.
    pub(super) fn certificate(&self, form: &str) -> PathBuf {
        self.named(&format!("certificate.{form}"))
    }

    /// A folder for a backup made at a time.
    pub(super) fn backup(&self, stamp: &str) -> PathBuf {
        self.named(&format!("backup-{stamp}"))
    }

    /// Rows that a person has mended, with the rows as they were.
    pub(super) fn mended(&self) -> PathBuf {
        self.named("mended.jsonl")
    }

    fn state(&self) -> PathBuf {
        self.named("state.json")
    }

    /// `werkstatt.plan.toml` -> `werkstatt.rejects.jsonl`.
    fn named(&self, ending: &str) -> PathBuf {
        let name = self
            .plan
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let stem = name
            .strip_suffix(".plan.toml")
            .or_else(|| name.strip_suffix(".toml"))
            .unwrap_or(&name);
        self.plan.with_file_name(format!("{stem}.{ending}"))
    }

    /// What the hub gave earlier; with no address, what the only known hub gave.
    pub(super) fn credentials(&self, hub: Option<&str>) -> anyhow::Result<Option<Credentials>> {
        let known = self.load()?;
        Ok(match hub {
            Some(hub) => known.get(hub.trim_end_matches('/')).cloned(),
            None if known.len() == 1 => known.into_values().next(),
            None => None,
        })
    }

    /// Keeps what the hub gave, readable by nobody else.
    pub(super) fn keep_credentials(&self, credentials: &Credentials) -> anyhow::Result<()> {
        let mut known = self.load()?;
        known.insert(credentials.hub.clone(), credentials.clone());
        let path = self.state();
        let fresh = path.with_extension("json.new");
        let failed = || format!("{} cannot be written", path.display());
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh).with_context(failed)?;
        file.write_all(&serde_json::to_vec_pretty(&known)?)
            .with_context(failed)?;
        file.sync_all().with_context(failed)?;
        fs::rename(&fresh, &path).with_context(failed)
    }

    fn load(&self) -> anyhow::Result<BTreeMap<String, Credentials>> {
        let path = self.state();
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged; remove it and pass a new join string with --token",
                path.display()
            )
        })
    }
}

/// So many characters of a source's SHA-256 stand in the name of a file.
const SOURCE_MARK: usize = 12;

/// SHA-256 of the source that a file of rejects is of; none when it rejects nothing or is not there.
fn source_of(rejects: &Path) -> Option<String> {
    let mut first = String::new();
    io::BufReader::new(fs::File::open(rejects).ok()?)
        .read_line(&mut first)
        .ok()?;
    let entry: serde_json::Value = serde_json::from_str(&first).ok()?;
    Some(entry["source_sha256"].as_str()?.to_owned())
}

/// A file of rejects that is being written. Dropped before it is kept, it leaves the one before it.
pub(super) struct NewRejects {
    file: BufWriter<fs::File>,
    fresh: PathBuf,
    path: PathBuf,
    /// Where an earlier file of the same source may lie.
    own_kept: PathBuf,
    /// Where the file that it takes the place of goes, if that is another source's.
    others_kept: Option<PathBuf>,
}

impl NewRejects {
    /// It is complete: it takes its place, and the rejects of another source are kept beside it.
    pub(super) fn keep(mut self) -> anyhow::Result<()> {
        let failed = || format!("{} cannot be written", self.path.display());
        self.file.flush().with_context(failed)?;
        self.file.get_ref().sync_all().with_context(failed)?;
        if let Some(kept) = &self.others_kept {
            fs::rename(&self.path, kept).with_context(failed)?;
        }
        fs::rename(&self.fresh, &self.path).with_context(failed)?;
        match fs::remove_file(&self.own_kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.own_kept.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Write for NewRejects {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewRejects {
    fn drop(&mut self) {
        // Once it is kept there is nothing by that name.
        let _ = fs::remove_file(&self.fresh);
    }
}

/// The path of `file` as seen from the folder `plan` lies in: its name when both lie together, else absolute.
pub(super) fn path_from(plan: &Path, file: &Path) -> PathBuf {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    match (folder(plan) == folder(file), file.file_name()) {
        (true, Some(name)) => PathBuf::from(name),
        _ => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
    }
}
