//! A legacy database with its plan, what is there before the verb begins, and the verb.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, format};
use shared::domain::{Order, fields};
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};
use tools::generator::{self, Options};
use tools::target::{Store, Target as _};

use super::contents::{Contents, Look};
use super::{ImportVictim, Verb};
use crate::binary;
use crate::firm::{Hub, Import};

/// Orders of the source that is run into a store: several batches of one.
const ORDERS: u64 = 3_000;

/// Orders of the source that goes to a hub, or is synchronised and taken back: several batches of a hub.
const FEWER_ORDERS: u64 = 800;

/// Staff have written in one order of so many before a sync.
const WORKED_ON: usize = 7;

pub(super) struct Scene {
    victim: ImportVictim,
    folder: tempfile::TempDir,
    import: Import,
    later: PathBuf,
    /// The store, or the hub's folder, as it is before the verb; none when there is nothing before.
    base: Option<PathBuf>,
    /// What the importer knows of the hub by then, and the hub's address.
    known: Option<(String, String)>,
}

/// Where a verb writes.
pub(super) enum Place {
    /// A folder with a store.
    Store(PathBuf),
    /// A running hub of its own.
    Hub(Box<Hub>),
}

impl Scene {
    pub(super) async fn set(victim: ImportVictim) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("werkstatt.sql");
        let later = folder.path().join("werkstatt-spaeter.sql");
        let options = Options {
            orders: if victim == ImportVictim::Run {
                ORDERS
            } else {
                FEWER_ORDERS
            },
            ..Options::default()
        };
        generator::generate(&options, &source)?;
        let weeks_later = Options {
            weeks_later: 1,
            ..options
        };
        generator::generate(&weeks_later, &later)?;
        let import = Import::planned(&source, "Chur").await?;
        let text = std::fs::read_to_string(import.plan())?;
        std::fs::write(import.plan(), generous(&text))?;
        let mut scene = Self {
            victim,
            folder,
            import,
            later,
            base: None,
            known: None,
        };
        if victim.verb() != Verb::Run {
            if victim.is_at_hub() {
                scene.prepare_hub().await?;
            } else {
                scene.prepare_store().await?;
            }
        }
        Ok(scene)
    }

    /// What the verb finds: an import, and for a rollback a sync, beside which staff have worked.
    async fn prepare_store(&mut self) -> Result<()> {
        let base = self.path("base");
        let place = Place::Store(base.clone());
        self.ended_well(verb(&["run"])?, &place).await?;
        staff_works_on(&base)?;
        if self.victim.verb() == Verb::Rollback {
            self.ended_well(self.sync()?, &place).await?;
        }
        self.base = Some(base);
        Ok(())
    }

    /// The same at a hub, which ends when all of it is there.
    async fn prepare_hub(&mut self) -> Result<()> {
        let base = self.path("base");
        let mut hub = Hub::start(&base).await?;
        let imported = Place::Hub(Box::new(hub));
        self.ended_well(verb(&["run"])?, &imported).await?;
        hub = imported.into_hub()?;
        hub.process().terminate().await?;
        staff_works_on(&hub.data().join("store"))?;
        let former = hub.url().to_owned();
        hub.start_again().await?;
        self.hub_moved(&former, hub.url())?;
        if self.victim.verb() == Verb::Rollback {
            let worked_on = Place::Hub(Box::new(hub));
            self.ended_well(self.sync()?, &worked_on).await?;
            hub = worked_on.into_hub()?;
        }
        hub.process().terminate().await?;
        let state = std::fs::read_to_string(self.state())?;
        self.known = Some((state, hub.url().to_owned()));
        self.base = Some(base);
        Ok(())
    }

    fn sync(&self) -> Result<Command> {
        let mut sync = verb(&["sync", "--source"])?;
        sync.arg(&self.later);
        Ok(sync)
    }

    /// Where the importer keeps what hubs gave it.
    fn state(&self) -> PathBuf {
        let plan = self.import.plan().with_extension("");
        plan.with_extension("state.json")
    }

    /// A hub that starts again is at another port: the importer's file is told.
    fn hub_moved(&self, former: &str, present: &str) -> Result<()> {
        let path = self.state();
        if path.exists() {
            let state = std::fs::read_to_string(&path)?;
            std::fs::write(&path, state.replace(former, present))?;
        }
        Ok(())
    }

    /// Lets a run begin and kills the hub under it after a time, then starts the hub again. Whether the run had ended before.
    pub(super) async fn kill_hub_after(&self, after: Duration, target: &mut Place) -> Result<bool> {
        let has_ended = {
            let Place::Hub(hub) = &*target else {
                bail!("only at a hub");
            };
            // What the hub is asked for before the run is not part of it.
            let command = self.verb_of(binary("offpiste-import")?, 0);
            let command = self.at_target(command, target).await?;
            let running = ended(command);
            tokio::pin!(running);
            if let Ok(ended) = tokio::time::timeout(after, &mut running).await {
                return Ok(ended?.status.success());
            }
            hub.process().kill()?;
            running.await?.status.success()
        };
        let Place::Hub(hub) = target else {
            bail!("only at a hub");
        };
        let former = hub.url().to_owned();
        hub.start_again().await?;
        self.hub_moved(&former, hub.url())?;
        Ok(has_ended)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// In how many ways the verb is played.
    pub(super) fn variants(&self) -> usize {
        if self.victim.verb() == Verb::Rollback {
            2
        } else {
            1
        }
    }

    /// A new target as the verb finds it.
    pub(super) async fn target(&self, name: &str) -> Result<Place> {
        let path = self.path(name);
        if let Some(base) = &self.base {
            let copied = Command::new("cp").arg("-r").arg(base).arg(&path).status()?;
            ensure!(copied.success(), "what is there before cannot be copied");
        }
        if self.victim.is_at_hub() {
            let hub = Hub::start(&path).await?;
            match &self.known {
                Some((state, address)) => {
                    std::fs::write(self.state(), state.replace(address, hub.url()))?;
                }
                // What the hub before gave for its join string is of no use to this one.
                None if self.state().exists() => std::fs::remove_file(self.state())?,
                None => {}
            }
            return Ok(Place::Hub(Box::new(hub)));
        }
        Ok(Place::Store(path))
    }

    /// Carries the verb out, by this importer, which may not come to its end.
    pub(super) async fn carry_out(
        &self,
        command: Command,
        place: &Place,
        variant: usize,
    ) -> Result<Output> {
        let command = self.verb_of(command, variant);
        ended(self.at_target(command, place).await?).await
    }

    fn verb_of(&self, mut command: Command, variant: usize) -> Command {
        match self.victim.verb() {
            Verb::Run => command.arg("run"),
            Verb::Sync => command.args(["sync", "--source"]).arg(&self.later),
            Verb::Rollback if variant == 0 => command.args(["rollback", "--last-sync"]),
            Verb::Rollback => command.args(["rollback", "--all"]),
        };
        command
    }

    /// The same, and it must end well.
    pub(super) async fn to_the_end(
        &self,
        command: Command,
        place: &Place,
        variant: usize,
    ) -> Result<()> {
        good(
            "a verb that nobody killed",
            &self.carry_out(command, place, variant).await?,
        )
    }

    /// What the target holds; it is gone afterwards.
    pub(super) async fn contents(&self, place: Place) -> Result<Contents> {
        let look = match self.victim {
            ImportVictim::Run => Look::State,
            _ => Look::Meaning,
        };
        let (store, folder) = match place {
            Place::Store(path) => (path.clone(), path),
            Place::Hub(hub) => {
                hub.process().terminate().await?;
                (hub.data().join("store"), hub.data().to_owned())
            }
        };
        let contents = Contents::read(&store, look)?;
        std::fs::remove_dir_all(folder)?;
        Ok(contents)
    }

    async fn ended_well(&self, command: Command, place: &Place) -> Result<()> {
        good(
            "what comes before the verb",
            &ended(self.at_target(command, place).await?).await?,
        )
    }

    /// A verb with its plan and where it goes.
    async fn at_target(&self, mut command: Command, place: &Place) -> Result<Command> {
        command.args(["--json", "--plan"]).arg(self.import.plan());
        match place {
            Place::Store(path) => command.arg("--store").arg(path),
            Place::Hub(hub) => command
                .args(["--hub", hub.url()])
                .env("OFFPISTE_IMPORT_TOKEN", hub.importer_join_string().await?),
        };
        Ok(command)
    }
}

async fn ended(command: Command) -> Result<Output> {
    let ended = tokio::process::Command::from(command)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    ended.context("the importer cannot be started")
}

impl Place {
    fn into_hub(self) -> Result<Hub> {
        match self {
            Self::Hub(hub) => Ok(*hub),
            Self::Store(_) => bail!("a store is no hub"),
        }
    }
}

/// The importer with a verb.
fn verb(words: &[&str]) -> Result<Command> {
    let mut command = binary("offpiste-import")?;
    command.args(words);
    Ok(command)
}

/// A verb that came to its end, with what it said when it did not.
fn good(which: &str, ended: &Output) -> Result<()> {
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{which}: {}\n{said}", ended.status);
    Ok(())
}

/// The plan with branches that are made and whatever number of changes.
fn generous(plan: &str) -> String {
    let plan = plan.replace("create_missing = false", "create_missing = true ");
    let mut in_budget = false;
    let lines: Vec<String> = plan
        .lines()
        .map(|line| {
            in_budget = line.starts_with("[budget]") || in_budget && !line.starts_with('[');
            match line.split_once(" = ") {
                Some((rule, _)) if in_budget => format!("{rule} = 1000000"),
                _ => line.to_owned(),
            }
        })
        .collect();
    lines.join("\n") + "\ngone = 1000000\n"
}

/// Somebody at a branch writes in some of the orders: a note, and a status that the old database may change as well.
fn staff_works_on(store: &Path) -> Result<()> {
    let mut store = Store::open(store)?;
    let actor = Actor::new(ReplicaNumber(3), 1);
    let anna = StaffId(DocumentId::named("staff/anna"));
    let mut orders: Vec<Document> = Vec::new();
    let mut cursor = 0;
    loop {
        let page = store.page(cursor)?;
        let documents = page.documents.into_iter();
        orders.extend(documents.filter(|document| Order::of(document).is_some()));
        if !page.more {
            break;
        }
        cursor = page.cursor;
    }
    orders.sort_by_key(Document::id);
    let mut counter = 0;
    let mut deltas = Vec::new();
    for order in orders.iter().step_by(WORKED_ON) {
        let at = Hlc::at(UtcMillis(1_795_000_000_000));
        let mut authoring = Authoring::new(actor, counter, at, Some(anna));
        let mut change = Change::of(order);
        let note = fields::known(fields::order::NOTE);
        change.set(&mut authoring, note, "mit dem Kunden besprochen");
        let status = fields::known(fields::order::STATUS);
        change.set(&mut authoring, status, "blocked");
        counter = authoring.counter();
        deltas.push(format::encode(&change.finish()));
    }
    let worked_on = deltas.len();
    let refused = store.push(deltas, 0, 0)?;
    ensure!(refused.is_empty(), "the store refused what staff wrote");
    store.end()?;
    ensure!(worked_on > 20, "staff wrote in {worked_on} orders only");
    Ok(())
}
