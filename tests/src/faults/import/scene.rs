//! A legacy database with its plan, what is there before the verb begins, and the verb.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, format};
use shared::domain::{Order, fields};
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};
use tools::generator::{self, Options};
use tools::target::{Store, Target as _};

use super::ImportVictim;
use super::contents::{Contents, Look};
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
    /// The store as it is before the verb; none when there is nothing before.
    base: Option<PathBuf>,
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
        };
        scene.base = scene.prepared().await?;
        Ok(scene)
    }

    /// What the verb finds: an import, and for a rollback a sync, beside which staff have worked.
    async fn prepared(&self) -> Result<Option<PathBuf>> {
        if matches!(self.victim, ImportVictim::Run | ImportVictim::RunIntoHub) {
            return Ok(None);
        }
        let base = self.path("base");
        let place = Place::Store(base.clone());
        let run = |verb: &[&str]| -> Result<Command> {
            let mut command = binary("offpiste-import")?;
            command.args(verb);
            Ok(command)
        };
        self.ended_well(run(&["run"])?, &place).await?;
        staff_works_on(&base)?;
        if self.victim == ImportVictim::Rollback {
            let mut sync = run(&["sync", "--source"])?;
            sync.arg(&self.later);
            self.ended_well(sync, &place).await?;
        }
        Ok(Some(base))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// In how many ways the verb is played.
    pub(super) fn variants(&self) -> usize {
        if self.victim == ImportVictim::Rollback {
            2
        } else {
            1
        }
    }

    /// A new target as the verb finds it.
    pub(super) async fn target(&self, name: &str) -> Result<Place> {
        let path = self.path(name);
        if self.victim == ImportVictim::RunIntoHub {
            // What the hub before gave for its join string is of no use to this one.
            let state = self
                .import
                .plan()
                .with_extension("")
                .with_extension("state.json");
            if state.exists() {
                std::fs::remove_file(state)?;
            }
            let hub = Hub::start(&path).await?;
            return Ok(Place::Hub(Box::new(hub)));
        }
        if let Some(base) = &self.base {
            let copied = Command::new("cp").arg("-r").arg(base).arg(&path).status()?;
            ensure!(copied.success(), "the store cannot be copied");
        }
        Ok(Place::Store(path))
    }

    /// Carries the verb out, by this importer, which may not come to its end.
    pub(super) async fn carry_out(
        &self,
        mut command: Command,
        place: &Place,
        variant: usize,
    ) -> Result<Output> {
        match self.victim {
            ImportVictim::Run | ImportVictim::RunIntoHub => command.arg("run"),
            ImportVictim::Sync => command.args(["sync", "--source"]).arg(&self.later),
            ImportVictim::Rollback if variant == 0 => command.args(["rollback", "--last-sync"]),
            ImportVictim::Rollback => command.args(["rollback", "--all"]),
        };
        self.ended(command, place).await
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
            &self.ended(command, place).await?,
        )
    }

    async fn ended(&self, mut command: Command, place: &Place) -> Result<Output> {
        command.args(["--json", "--plan"]).arg(self.import.plan());
        match place {
            Place::Store(path) => command.arg("--store").arg(path),
            Place::Hub(hub) => command
                .args(["--hub", hub.url()])
                .env("OFFPISTE_IMPORT_TOKEN", hub.importer_join_string().await?),
        };
        let ended = tokio::process::Command::from(command)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        ended.context("the importer cannot be started")
    }
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
