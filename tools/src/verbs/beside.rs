//! Files beside the plan: rejects, and what the hub gave the importer at joining.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
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

/// The path of `file` as seen from the folder `plan` lies in: its name when both lie together, else absolute.
pub(super) fn path_from(plan: &Path, file: &Path) -> PathBuf {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    match (folder(plan) == folder(file), file.file_name()) {
        (true, Some(name)) => PathBuf::from(name),
        _ => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
    }
}
