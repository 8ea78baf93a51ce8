//! Verbs that look after the hub's data: backup, restore, verify, repair, reindex, compact.
//!
//! `backup` and `verify` work while the daemon runs: it has the store open and nobody else can, so they ask it through
//! [`control`]. The others change files and refuse while it runs.

pub(crate) mod control;
mod damage;
pub(crate) mod schema;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use shared::read_model::ReadModel;
use shared::store::backup::{
    self, Header, Here, Restored, Source, StoreKind,
    place::{self, Unfinished},
};
use shared::store::repair::{RepairError, repair};
use shared::store::verify::{Verified, compare_lists, verify_backup, verify_store};
use shared::store::{HubStore, compact};

use crate::backend::{self, header_of};
use crate::clock;

pub(crate) use damage::{explain, explain_panics, refuse_when_gone};

/// Documents between two lines that say how far a verb has come.
const REPORT_EVERY: u64 = 10_000;

/// Documents put into the lists at a time.
const BATCH: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct Data {
    /// The hub's data directory.
    #[arg(long, env = "OFFPISTE_HUB_DATA", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write; it holds personal data, and only its owner may read it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Move what lies in the data directory aside, into a directory within it; without this a directory that is not empty
    /// is refused
    #[arg(long)]
    replace: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A backup to read; without it, the store in --data
    #[arg(value_name = "FILE", required_unless_present = "data")]
    file: Option<PathBuf>,
    /// The hub's data directory.
    #[arg(long, env = "OFFPISTE_HUB_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    data: Data,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Reindex {
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct Compact {
    #[command(flatten)]
    data: Data,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) async fn perform(self) -> Result<()> {
        blocking(move || self.write()).await
    }

    fn write(self) -> Result<()> {
        let data = &self.data.data;
        let (header, summary) = with_source(data, |source| {
            place::write_file(&self.file, |file| {
                backup::write(source, &[], file, progress(self.json))
            })
            .map_err(anyhow::Error::from)
        })?;
        let facts = json!({ "file": self.file, "header": header, "summary": summary });
        say(self.json, &facts, || {
            format!(
                "backup of the {}: {summary}\nfile: {}\nit holds everybody's orders and who may log in: keep it like the hub itself",
                header.name,
                self.file.display()
            )
        })
    }
}

impl Restore {
    pub(crate) async fn perform(self) -> Result<()> {
        blocking(move || self.put_back()).await
    }

    fn put_back(self) -> Result<()> {
        let data = &self.data.data;
        refuse_while_running(data)?;
        let present = place::contents(data).with_context(|| cannot_use(data))?;
        if !present.is_empty() && !self.replace {
            bail!(
                "{} is not empty. Nothing was changed. To put the backup in its place, add --replace: what is there is then kept in a directory within it",
                data.display()
            );
        }
        let (header, _) = backup::check(self.open()?)?;
        if header.kind != StoreKind::Hub {
            bail!("this is a backup of a branch; use offpiste-branch restore. Nothing was changed");
        }
        std::fs::create_dir_all(data).with_context(|| cannot_use(data))?;
        let unfinished = Unfinished::make(data).with_context(|| cannot_use(data))?;
        let Restored { summary, .. } = backup::restore(self.open()?, unfinished.store())?;
        let epoch = backend::begin_again(unfinished.store())?;
        let aside = place::move_aside(data, &present, &stamp())?;
        unfinished.put_in_place()?;
        let facts = json!({
            "epoch": format!("{:016x}", epoch.0), "made_at": instant(&header), "summary": summary, "aside": aside,
        });
        say(self.json, &facts, || {
            let aside = aside.as_deref().map_or_else(String::new, |aside| {
                format!("\nwhat was there before is in {}", aside.display())
            });
            format!(
                "restored: the hub, as of {}: {summary}{aside}\nepoch: {:016x}\nnext: offpiste-hub serve --data {}, with the options it had\n\
                 The branches notice at their next contact and send again what this backup lacks; nothing is to be done at them.\n\
                 As of the backup are also passwords and who may log in, retired machines, and members of staff: look at them. \
                 Join strings that waited were removed. A machine that joined after the backup is not known here: keep its data \
                 directory, and make it a new join string.",
                instant(&header),
                epoch.0,
                data.display()
            )
        })
    }

    fn open(&self) -> Result<BufReader<File>> {
        open(&self.file)
    }
}

impl Verify {
    pub(crate) async fn perform(self) -> Result<()> {
        let is_sound = blocking(move || self.read_everything()).await?;
        if !is_sound {
            bail!("not all is well; see above");
        }
        Ok(())
    }

    fn read_everything(self) -> Result<bool> {
        let verified = match (&self.file, &self.data) {
            (Some(file), _) => verify_backup(open(file)?, progress(self.json))?,
            (None, Some(data)) => with_source(data, |source| {
                let mut verified = verify_store(source, progress(self.json))?;
                let lists = backend::lists_file(data);
                if lists.exists() {
                    verified.add_lists(compare_lists(source, &lists)?);
                }
                Ok(verified)
            })?,
            (None, None) => bail!("name a backup, or a data directory with --data"),
        };
        report(self.json, &verified)?;
        Ok(verified.is_sound())
    }
}

impl Repair {
    pub(crate) async fn perform(self) -> Result<()> {
        blocking(move || self.make_anew()).await
    }

    fn make_anew(self) -> Result<()> {
        let data = &self.data.data;
        refuse_while_running(data)?;
        let unfinished = Unfinished::make(data).with_context(|| cannot_use(data))?;
        let found = repair(&backend::store_directory(data), unfinished.store()).map_err(
            |error| match error {
                RepairError::Held => anyhow::anyhow!(RUNNING),
                error => error.into(),
            },
        )?;
        let epoch = backend::begin_again(unfinished.store())?;
        let aside = place::move_aside(data, &place::STORE_AND_LISTS, &stamp())?;
        unfinished.put_in_place()?;
        let facts =
            json!({ "epoch": format!("{:016x}", epoch.0), "report": found, "aside": aside });
        say(self.json, &facts, || {
            let aside = aside.unwrap_or_else(|| data.clone());
            format!(
                "{found}\nepoch: {:016x}\nthe damaged files are in {}\nnext: offpiste-hub serve --data {}, with the options it had\n\
                 The branches notice at their next contact and send again everything they wrote: what is named above comes back \
                 from them. Look at who may log in and which machines are known before you trust it again.",
                epoch.0,
                aside.display(),
                data.display()
            )
        })
    }
}

impl Reindex {
    pub(crate) async fn perform(self) -> Result<()> {
        blocking(move || {
            let data = &self.data.data;
            refuse_while_running(data)?;
            let store = open_store(data)?;
            let documents = build_lists(&store, &backend::lists_file(data))?;
            println!(
                "the lists were made anew from {documents} documents; nothing else was touched"
            );
            Ok(())
        })
        .await
    }
}

impl Compact {
    pub(crate) async fn perform(self) -> Result<()> {
        blocking(move || {
            let data = &self.data.data;
            refuse_while_running(data)?;
            drop(open_store(data)?);
            let compacted = compact(&backend::store_directory(data))
                .map_err(|error| explain(error.into(), data))?;
            let facts = json!({
                "bytes_before": compacted.bytes_before, "bytes_after": compacted.bytes_after,
            });
            say(self.json, &facts, || {
                format!(
                    "compacted: {} bytes before, {} bytes now",
                    compacted.bytes_before, compacted.bytes_after
                )
            })
        })
        .await
    }
}

const RUNNING: &str = "a daemon is running over this directory; stop it first. Nothing was changed";

/// Does `work` with the store: through the running daemon, or with the files when none runs.
fn with_source<T>(data: &Path, work: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
    if let Some(mut daemon) = control::connect(data)? {
        return work(&mut daemon);
    }
    let store = open_store(data)?;
    let header = header_of(&store)?;
    work(&mut Here::new(&store, header))
}

fn open_store(data: &Path) -> Result<HubStore> {
    refuse_when_gone(data)?;
    let store = backend::store_directory(data);
    if !place::has_store(&store) {
        bail!("there is no store in this directory");
    }
    explain_panics(data);
    HubStore::open(&store).map_err(|error| explain(error.into(), data))
}

fn build_lists(store: &HubStore, file: &Path) -> Result<u64> {
    let (mut lists, _) = ReadModel::open(file)?;
    lists.clear()?;
    let (mut position, mut documents) = (0, 0);
    loop {
        let feed = store.changes_after(position, BATCH)?;
        lists.apply(&feed.changes, feed.position)?;
        documents += feed.changes.len() as u64;
        position = feed.position;
        for unreadable in feed.unreadable {
            eprintln!("not in the lists: {}", unreadable.reason);
        }
        if !feed.more {
            return Ok(documents);
        }
    }
}

fn refuse_while_running(data: &Path) -> Result<()> {
    if control::connect(data)?.is_some() {
        bail!(RUNNING);
    }
    if place::is_held(data) {
        bail!(RUNNING);
    }
    Ok(())
}

fn open(file: &Path) -> Result<BufReader<File>> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(BufReader::new(opened))
}

fn cannot_use(path: &Path) -> String {
    format!("{} cannot be used", path.display())
}

fn stamp() -> String {
    let now = jiff::Timestamp::from_millisecond(clock::now().0).unwrap_or_default();
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn instant(header: &Header) -> String {
    jiff::Timestamp::from_millisecond(header.made_at.0)
        .unwrap_or_default()
        .to_string()
}

fn progress(is_json: bool) -> impl FnMut(u64) {
    let mut next = REPORT_EVERY;
    move |documents| {
        if !is_json && documents >= next {
            eprintln!("{documents} documents");
            next = documents - documents % REPORT_EVERY + REPORT_EVERY;
        }
    }
}

fn report(is_json: bool, verified: &Verified) -> Result<()> {
    let facts = json!({
        "sound": verified.is_sound(),
        "header": verified.header,
        "summary": verified.summary,
        "findings": verified.findings,
        "unlisted": verified.unlisted,
        "notes": verified.notes,
    });
    say(is_json, &facts, || verified.to_string())
}

fn say(is_json: bool, facts: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string_pretty(facts)?);
    } else {
        println!("{}", words());
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("the work was cut short")?
}
