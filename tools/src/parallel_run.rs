//! Old and new side by side: one database at three moments, three weeks of work in both, conflicts, and the way back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Value, format};
use shared::domain::{Order, fields, gone_since, is_withdrawn};
use shared::id::{Actor, DocumentId, ReplicaNumber, StaffId};

use crate::diff::{DiffKind, DiffReport, diff};
use crate::mends::{MendError, Mends};
use crate::naming;
use crate::plan::Plan;
use crate::plan::propose::{Basis, propose};
use crate::portion::Portion;
use crate::rollback::{self, Extent, RollbackReport, rollback};
use crate::run::{Progress, Report, RunError, run};
use crate::source::read_source;
use crate::staging::Staging;
use crate::sync::{self, SyncReport, sync};
use crate::target::{BatchLimits, Page, Refusal, Store, Target, TargetError};
use crate::verify::reconciliation::reconcile;
use crate::verify::verify;

mod accounted;
mod decided;
mod written;

struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _: u64) {}
    fn advance(&mut self, _: u64, _: u64) {}
    fn end(&mut self) {}
}

/// A hub's store into which states of one old database are brought, by one plan.
pub(crate) struct Side {
    folder: tempfile::TempDir,
    text: String,
    store: Store,
    portion: Portion,
    mends: Mends,
    drawn: u32,
    staff_counter: u64,
}

/// When staff and the importer work in these tests.
const NOW: UtcMillis = UtcMillis(1_795_000_000_000);

impl Side {
    pub(crate) fn planned_for(source: &Path) -> Self {
        let (staging, sha256) = stage(source);
        let basis = Basis {
            sha256,
            source_file: source.to_owned(),
            branch: Some("Chur".to_owned()),
            now: "2026-11-20T10:00:00Z".parse().expect("an instant"),
        };
        let text = propose(&staging, &basis).expect("a plan is proposed");
        Self::with_plan(text.replace("create_missing = false", "create_missing = true "))
    }

    /// An empty store, and a plan that a person wrote.
    pub(crate) fn with_plan(text: String) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            text,
            store: Store::in_memory(),
            portion: Portion::default(),
            mends: Mends::default(),
            drawn: 100,
            staff_counter: 0,
        }
    }

    /// Goes on with another plan, such as that of another database of the firm.
    pub(crate) fn take_plan(&mut self, text: String) {
        self.text = text;
    }

    /// From now on only the rows of one branch are meant.
    pub(crate) fn take_branch(&mut self, branch: &str) {
        self.portion = Portion {
            branches: vec![branch.to_owned()],
            ..Portion::default()
        };
    }

    /// All rows are meant again.
    pub(crate) fn take_whole(&mut self) {
        self.portion = Portion::default();
    }

    /// Somebody corrects the plan.
    fn correct(&mut self, former: &str, present: &str) {
        assert!(
            self.text.contains(former),
            "{former} is not in\n{}",
            self.text
        );
        self.text = self.text.replace(former, present);
    }

    /// Takes rejected rows that a person has mended.
    pub(crate) fn mend(&mut self, rejects: &Path, source: &Path) {
        self.try_mend(rejects, source).expect("the file is good");
    }

    pub(crate) fn try_mend(&mut self, rejects: &Path, source: &Path) -> Result<(), MendError> {
        let (staging, sha256) = stage(source);
        let plan = Plan::from_text(&self.text).expect("it is a plan");
        let mends = Mends::of_rejects(rejects, &plan, &staging, &sha256)?;
        self.mends.add(mends);
        Ok(())
    }

    /// How many mended rows are read as they were, for another row has their key.
    pub(crate) fn collided(&mut self, source: &Path) -> u64 {
        let (mut staging, _) = stage(source);
        self.plan(&mut staging).mended.collided
    }

    fn plan(&self, staging: &mut Staging) -> Plan {
        let mut plan =
            Plan::from_text(&self.text).unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        plan.portion = self.portion.clone();
        let mended = self.mends.apply(&plan, staging);
        plan.mended = mended.expect("the rows are mended");
        let problems = plan.problems(staging, &plan.source_sha256);
        assert_eq!(problems, [], "{}", self.text);
        plan
    }

    /// Each state of the old database has rejects of its own.
    pub(crate) fn rejects(&self, source: &Path) -> PathBuf {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        self.folder.path().join(format!("{name}.rejects.jsonl"))
    }

    pub(crate) fn run(&mut self, source: &Path) -> Report {
        let (mut staging, _) = stage(source);
        let plan = self.plan(&mut staging);
        let mut rejects = std::fs::File::create(self.rejects(source)).expect("a file of rejects");
        let report = run(
            &plan,
            &self.text,
            &staging,
            &mut self.store,
            &mut rejects,
            &mut Quiet,
        );
        report.expect("the run ends")
    }

    fn try_sync(&mut self, source: &Path) -> Result<SyncReport, RunError> {
        let (mut staging, sha256) = stage(source);
        let plan = self.plan(&mut staging);
        let mut rejects = std::fs::File::create(self.rejects(source)).expect("a file of rejects");
        let occasion = sync::Occasion {
            source_sha256: &sha256,
            now: NOW,
            incarnations: [self.draw(), self.draw()],
        };
        sync(
            &plan,
            &staging,
            &mut self.store,
            occasion,
            &mut rejects,
            &mut Quiet,
        )
    }

    /// An incarnation nobody has used.
    fn draw(&mut self) -> u32 {
        self.drawn += 1;
        self.drawn
    }

    pub(crate) fn sync(&mut self, source: &Path) -> SyncReport {
        self.try_sync(source).expect("the sync ends")
    }

    pub(crate) fn diff(&mut self, source: &Path) -> DiffReport {
        let (mut staging, _) = stage(source);
        let plan = self.plan(&mut staging);
        diff(&plan, &staging, &mut self.store).expect("diff can be carried out")
    }

    pub(crate) fn verify(&mut self, source: &Path) -> Report {
        let (mut staging, _) = stage(source);
        let (plan, rejects) = (self.plan(&mut staging), self.rejects(source));
        let mut report =
            verify(&plan, &staging, &mut self.store, &rejects).expect("verify can be carried out");
        if plan.portion.is_whole() {
            let sums = reconcile(&plan, &staging, &mut self.store, &rejects)
                .expect("both sides are summed up");
            if !sums.adds_up() {
                report.differ("", "", "sums", format!("{sums:?}"));
            }
        }
        report
    }

    fn rollback(&mut self, extent: Extent) -> RollbackReport {
        let plan = Plan::from_text(&self.text).expect("it is a plan");
        let staging = Staging::scratch(Some(self.folder.path())).expect("a staging database");
        let occasion = rollback::Occasion {
            now: NOW,
            incarnation: self.draw(),
            is_rehearsal: false,
        };
        rollback(
            &plan,
            &staging,
            &mut self.store,
            extent,
            occasion,
            &mut Quiet,
        )
        .expect("the rollback ends")
    }

    pub(crate) fn documents(&mut self) -> BTreeMap<DocumentId, Document> {
        let mut documents = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let page = self.store.page(cursor).expect("the feed is read");
            let found = page.documents.into_iter();
            documents.extend(found.map(|document| (document.id(), document)));
            if !page.more {
                return documents;
            }
            cursor = page.cursor;
        }
    }

    fn state(&mut self) -> BTreeMap<DocumentId, [u8; 16]> {
        let documents = self.documents().into_iter();
        documents
            .map(|(id, document)| (id, document.state_hash()))
            .collect()
    }

    fn document(&mut self, id: DocumentId) -> Document {
        self.documents().remove(&id).expect("it is there")
    }

    fn order(&mut self, id: DocumentId) -> Order {
        Order::of(&self.document(id)).expect("it is an order")
    }

    /// Somebody at a branch writes, having seen what the store holds now.
    fn staff_writes(&mut self, id: DocumentId, field: &'static str, value: &str) {
        let document = self.document(id);
        self.staff_writes_in(&document, field, value);
    }

    /// Somebody at a branch writes, having seen only this state.
    fn staff_writes_in(&mut self, document: &Document, field: &'static str, value: &str) {
        let actor = Actor::new(ReplicaNumber(3), 1);
        let anna = StaffId(DocumentId::named("staff/anna"));
        let mut authoring = Authoring::new(actor, self.staff_counter, Hlc::at(NOW), Some(anna));
        let mut change = Change::of(document);
        change.set(&mut authoring, fields::known(field), value);
        self.staff_counter = authoring.counter();
        let delta = format::encode(&change.finish());
        let refused = self.store.push(vec![delta], 0, 0);
        assert_eq!(refused.expect("the store takes it"), []);
    }

    fn visible_orders(&mut self) -> usize {
        let documents = self.documents().into_values();
        documents
            .filter(|document| Order::of(document).is_some() && !is_withdrawn(document))
            .count()
    }
}

pub(crate) fn stage(source: &Path) -> (Staging, String) {
    let mut staging = Staging::create(None).expect("a staging database");
    let summary = read_source(source, &mut staging, |_, _| {}).expect("the source is read");
    (staging, summary.sha256)
}

pub(crate) fn sha256_of(source: &Path) -> String {
    stage(source).1
}

fn assert_clean(report: &Report) {
    let listed = &report.differences[..report.differences.len().min(10)];
    assert!(report.is_clean(), "{listed:#?}");
    for (table, sums) in &report.ledger {
        assert!(sums.add_up(), "{table}: {sums:?}");
    }
}

fn week(week: u32) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(format!("werkstatt-week{week}.mysql.sql"))
}

/// A workshop with few orders, whose rows each test writes as it needs them.
pub(crate) struct Workshop {
    folder: tempfile::TempDir,
    orders: BTreeMap<u32, OrderRow>,
    states: u32,
}

#[derive(Clone)]
struct OrderRow {
    customer: &'static str,
    phone: &'static str,
    status: &'static str,
    promised: Option<&'static str>,
    note: &'static str,
    paid: u8,
    branch: &'static str,
    lines: Vec<(u32, &'static str, &'static str)>,
}

impl Workshop {
    fn open() -> Self {
        let row = |customer, phone, branch| OrderRow {
            customer,
            phone,
            status: "Offen",
            promised: Some("2026-11-24"),
            note: "Kanten 88 Grad",
            paid: 0,
            branch,
            lines: vec![
                (1, "Kleiner Service", "49.00"),
                (2, "Heisswachsen", "18.00"),
            ],
        };
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            orders: BTreeMap::from([
                (1, row("Reto Tschudi", "079 123 45 67", "Chur")),
                (2, row("Ursina Caflisch", "079 234 56 78", "Davos")),
                (3, row("Gian Camenisch", "079 345 67 89", "Chur")),
            ]),
            states: 0,
        }
    }

    fn row(&mut self, number: u32) -> &mut OrderRow {
        self.orders
            .get_mut(&number)
            .expect("there is such an order")
    }

    /// The database as it is now, as a script.
    fn dump(&mut self) -> PathBuf {
        use std::fmt::Write as _;
        let mut script = String::from(
            "CREATE TABLE Auftraege (AuftragNr INTEGER PRIMARY KEY, Kunde TEXT, Telefon TEXT, Filiale TEXT, Status TEXT, \
             Eingang TEXT, Abholung TEXT, Bezahlt INTEGER, Bemerkung TEXT);\n\
             CREATE TABLE Positionen (AuftragNr INTEGER, Pos INTEGER, Arbeit TEXT, Preis TEXT, PRIMARY KEY (AuftragNr, Pos));\n",
        );
        for (number, row) in &self.orders {
            let promised = row
                .promised
                .map_or("NULL".to_owned(), |day| format!("'{day}'"));
            let _ = writeln!(
                script,
                "INSERT INTO Auftraege VALUES ({number}, '{}', '{}', '{}', '{}', '2026-11-1{number} 09:00:00', {promised}, {}, '{}');",
                row.customer, row.phone, row.branch, row.status, row.paid, row.note
            );
            for (place, work, price) in &row.lines {
                let _ = writeln!(
                    script,
                    "INSERT INTO Positionen VALUES ({number}, {place}, '{work}', '{price}');"
                );
            }
        }
        self.states += 1;
        let path = self
            .folder
            .path()
            .join(format!("werkstatt-{}.sql", self.states));
        std::fs::write(&path, script).expect("the script is written");
        path
    }

    /// A plan for this workshop, checked by hand as a person would.
    fn planned(&mut self) -> (Side, PathBuf) {
        let source = self.dump();
        let (_, sha256) = stage(&source);
        let text = format!(
            r#"
plan_version = 1
document_schema = 1
source_name = "werkstatt"
source_file = "{}"
source_sha256 = "{sha256}"
stamped_at = "2026-11-20T10:00:00Z"
time_zone = "Europe/Zurich"
country = "CH"
currency = "CHF"

[branches]
column = "Filiale"
create_missing = true
map = {{ "Chur" = "Chur", "Davos" = "Davos" }}

[orders]
table = "Auftraege"
key = ["AuftragNr"]
number = "AuftragNr"
received = "Eingang"
promised = "Abholung"
status = "Status"
note = "Bemerkung"

[orders.contact]
name = "Kunde"
phone = "Telefon"

[lines]
table = "Positionen"
key = ["AuftragNr", "Pos"]
order = "AuftragNr"
service = "Arbeit"
price = "Preis"

[status]
map = {{ "Offen" = "open", "In Arbeit" = "in_work", "Fertig" = "done", "Storniert" = "cancelled" }}

[priority]
"#,
            source.display()
        );
        (Side::with_plan(text), source)
    }
}

fn order_id(number: u32) -> DocumentId {
    naming::document_id("werkstatt", "Auftraege", &number.to_string())
}

#[test]
fn three_snapshots_of_one_database_are_carried_through_conflict_rollback_and_a_second_run() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    assert_clean(&side.verify(&week(0)));
    assert!(side.diff(&week(0)).is_clean());

    let seen = side.diff(&week(1));
    let orders = seen.tables["Aufträge"];
    assert!(orders.new > 0 && orders.changed > 0, "{orders:?}");
    // Somebody has worked on every order that changed in the old database, too.
    let changed: Vec<String> = seen
        .rows
        .iter()
        .filter(|row| row.table == "Aufträge" && row.kind == DiffKind::Changed)
        .map(|row| row.key.clone())
        .collect();
    let name = side.plan(&mut stage(&week(0)).0).source_name;
    for key in &changed {
        let id = naming::document_id(&name, "Aufträge", key);
        side.staff_writes(id, "free/note", "mit dem Kunden besprochen");
    }

    // Later states have more dates without a day than the plan was made for; somebody looks at them and raises the number.
    let error = side.try_sync(&week(1)).expect_err("14 are more than 13");
    assert!(error.to_string().contains("zero_date"), "{error}");
    side.correct("zero_date = 13", "zero_date = 20");
    let first = side.sync(&week(1));
    assert_clean(&first.report);
    assert_eq!((first.round, first.carried.gone), (2, orders.gone));
    assert!(first.carried.new >= orders.new && first.carried.changed >= orders.changed);
    let verified = side.verify(&week(1));
    assert_clean(&verified);
    assert_eq!(verified.ledger, first.report.ledger);
    assert!(side.diff(&week(1)).is_clean(), "{:?}", side.diff(&week(1)));
    let after_first = side.state();
    let again = side.sync(&week(1));
    assert_eq!(side.state(), after_first, "{:?}", again.carried);
    assert_eq!(again.round, 2);

    let second = side.sync(&week(2));
    assert_eq!(second.round, 3);
    assert_clean(&side.verify(&week(2)));

    let back = side.rollback(Extent::LastSync);
    assert_eq!((back.from_round, back.to_round), (Some(3), Some(3)));
    assert!(back.is_clean());
    assert_clean(&side.verify(&week(1)));
    assert!(side.diff(&week(1)).is_clean(), "{:#?}", side.diff(&week(1)));
    let after_rollback = side.state();
    side.rollback(Extent::ToBefore(3));
    assert_eq!(
        side.state(),
        after_rollback,
        "taking back twice is taking back once"
    );

    let third = side.sync(&week(2));
    assert_eq!(
        third.round, 4,
        "a round that was taken back is not used again"
    );
    assert_clean(&side.verify(&week(2)));

    let whole = side.rollback(Extent::Whole);
    let kept = whole.tables["Aufträge"].kept;
    assert_eq!(kept, changed.len() as u64, "{whole:#?}");
    assert_eq!(side.visible_orders(), changed.len());

    side.run(&week(0));
    side.sync(&week(2));
    assert_clean(&side.verify(&week(2)));
    let settled = side.state();
    side.sync(&week(2));
    assert_eq!(side.state(), settled);
}

/// A store that is lost sight of after some batches, which are small here.
struct BreakingOff<'a> {
    store: &'a mut Store,
    batches_left: u32,
}

impl Target for BreakingOff<'_> {
    fn replica(&self) -> ReplicaNumber {
        self.store.replica()
    }

    fn batch_limits(&self) -> BatchLimits {
        BatchLimits {
            documents: 2,
            ..self.store.batch_limits()
        }
    }

    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError> {
        let Some(left) = self.batches_left.checked_sub(1) else {
            return Err(TargetError::Unreachable {
                hub: self.name(),
                reason: "the line is cut".to_owned(),
            });
        };
        self.batches_left = left;
        self.store.push(batch, highest_counter, pending)
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        self.store.page(after)
    }

    fn name(&self) -> String {
        self.store.name()
    }
}

#[test]
fn a_sync_and_a_rollback_that_are_broken_off_go_on_where_they_stopped() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    side.correct("zero_date = 13", "zero_date = 20");
    let before = side.state().len();
    let (mut staging, sha256) = stage(&week(1));
    let plan = side.plan(&mut staging);
    for batches_left in 0..3 {
        let occasion = sync::Occasion {
            source_sha256: &sha256,
            now: NOW,
            incarnations: [side.draw(), side.draw()],
        };
        let mut target = BreakingOff {
            store: &mut side.store,
            batches_left,
        };
        let mut rejects = std::io::sink();
        let ended = sync(
            &plan,
            &staging,
            &mut target,
            occasion,
            &mut rejects,
            &mut Quiet,
        );
        assert!(matches!(ended, Err(RunError::Apply(_))), "{batches_left}");
    }
    assert!(side.state().len() > before, "nothing came through at all");
    let whole = side.sync(&week(1));
    assert_eq!(whole.round, 2, "it is the same round still");
    assert_clean(&side.verify(&week(1)));
    assert!(side.diff(&week(1)).is_clean());

    for batches_left in 0..3 {
        let occasion = rollback::Occasion {
            now: NOW,
            incarnation: side.draw(),
            is_rehearsal: false,
        };
        let mut target = BreakingOff {
            store: &mut side.store,
            batches_left,
        };
        let ended = rollback(
            &plan,
            &staging,
            &mut target,
            Extent::ToBefore(2),
            occasion,
            &mut Quiet,
        );
        assert!(matches!(ended, Err(RunError::Apply(_))), "{batches_left}");
    }
    side.rollback(Extent::ToBefore(2));
    assert_clean(&side.verify(&week(0)));
    assert!(side.diff(&week(0)).is_clean());
}

#[test]
fn a_row_that_only_the_old_database_changed_takes_the_place_of_the_imported_values() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let row = workshop.row(1);
    (row.status, row.promised, row.note) = ("Fertig", None, "abgeholt wird am Samstag");
    row.lines[1].2 = "20.00";
    row.lines.push((3, "Belag flicken", "35.00"));
    let later = workshop.dump();

    let report = side.sync(&later);

    assert_eq!(
        (
            report.carried.changed,
            report.carried.conflicts,
            report.carried.new
        ),
        (1, 0, 0),
        "{:?}",
        report.carried
    );
    let order = side.order(order_id(1));
    assert_eq!(order.status.code, "done");
    assert_eq!(order.promised_on, None);
    assert_eq!(order.note.as_deref(), Some("abgeholt wird am Samstag"));
    assert_eq!(order.total().minor, 4900 + 2000 + 3500);
    assert_eq!(order.conflicts, []);
    assert!(
        order.is_handed_out(),
        "what is finished is with the customer"
    );
    assert_clean(&side.verify(&later));
}

#[test]
fn a_field_that_both_changed_is_a_conflict_and_one_that_only_staff_changed_is_theirs() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let id = order_id(1);
    side.staff_writes(id, "free/note", "Kunde ruft an");
    side.staff_writes(id, "status", "in_work");
    workshop.row(1).note = "Kanten 87 Grad";
    let later = workshop.dump();

    let report = side.sync(&later);

    assert_eq!(report.carried.conflicts, 1, "{:?}", report.carried);
    let order = side.order(id);
    assert_eq!(order.status.code, "in_work", "the row still says Offen");
    let [conflict] = order.conflicts.as_slice() else {
        panic!("{:?}", order.conflicts);
    };
    assert_eq!(conflict.field, "free/note");
    let values: Vec<&Value> = conflict
        .candidates
        .iter()
        .map(|candidate| &candidate.value)
        .collect();
    assert!(
        values.contains(&&"Kunde ruft an".into()) && values.contains(&&"Kanten 87 Grad".into())
    );
    assert_eq!(
        order.note.as_deref(),
        Some("Kunde ruft an"),
        "what staff wrote shows until somebody chooses"
    );
    let state = side.state();
    side.sync(&later);
    assert_eq!(side.state(), state, "twice is once");

    // Taken back, the conflict is gone, and what staff wrote is still theirs to the next sync.
    side.rollback(Extent::LastSync);
    let order = side.order(id);
    assert_eq!(
        (order.conflicts.len(), order.note.as_deref()),
        (0, Some("Kunde ruft an"))
    );
    side.sync(&later);
    assert_eq!(side.order(id).conflicts.len(), 1);

    // Somebody chooses; only another change in the old database asks again.
    side.staff_writes(id, "free/note", "Kanten 87 Grad");
    side.sync(&later);
    assert_eq!(side.order(id).conflicts, []);
}

#[test]
fn a_row_that_is_gone_is_a_proposal_and_comes_back_with_its_row() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let former = workshop.orders.remove(&2).expect("it was there");
    workshop.row(1).lines.remove(1);
    let later = workshop.dump();
    assert_eq!(side.diff(&later).tables["Auftraege"].gone, 1);

    let report = side.sync(&later);

    // The customer of the order stood in its row, and is gone with it.
    assert_eq!(
        (report.carried.gone, report.carried.lines_gone),
        (2, 1),
        "{:?}",
        report.carried
    );
    assert!(gone_since(&side.document(order_id(2))).is_some());
    assert_eq!(side.visible_orders(), 3, "nothing was deleted");
    let order = side.order(order_id(1));
    assert_eq!(
        order.total().minor,
        4900 + 1800,
        "a line that is gone still counts"
    );
    let verified = side.verify(&later);
    assert_clean(&verified);
    assert_eq!(verified.gone, report.carried.gone);
    assert!(side.diff(&later).is_clean(), "{:#?}", side.diff(&later));
    assert_eq!(side.sync(&later).carried.gone, 0, "it is said once");

    workshop.orders.insert(2, former);
    let again = workshop.dump();
    let verified = side.verify(&again);
    let mut told = verified.differences.iter();
    assert!(
        told.any(
            |told| told.field == fields::import::GONE_SINCE && crate::report::is_known(&told.what)
        ),
        "{verified:#?}"
    );
    let report = side.sync(&again);
    assert_eq!(report.carried.back, 2, "{:?}", report.carried);
    assert_eq!(gone_since(&side.document(order_id(2))), None);
    assert_clean(&side.verify(&again));
}

#[test]
fn what_somebody_decided_to_keep_is_not_proposed_again() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    workshop.orders.remove(&2);
    workshop.row(1).lines.remove(1);
    let later = workshop.dump();
    side.sync(&later);
    // The one order whole, and the line of the other.
    for (incarnation, number) in [(7, 2), (8, 1)] {
        let document = side.document(order_id(number));
        let actor = Actor::new(ReplicaNumber(3), incarnation);
        let anna = StaffId(DocumentId::named("staff/anna"));
        let mut authoring = Authoring::new(actor, 0, Hlc::at(NOW), Some(anna));
        let kept = shared::command::keep(&document, &mut authoring).expect("it can be kept");
        side.store
            .push(vec![format::encode(&kept)], 0, 0)
            .expect("the store takes it");
    }
    assert_clean(&side.verify(&later));
    let report = side.sync(&later);
    assert_eq!(
        (report.carried.gone, gone_since(&side.document(order_id(2)))),
        (0, None)
    );
    assert_clean(&side.verify(&later));
}

#[test]
fn a_dump_that_was_cut_off_marks_nothing() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    let before = side.state();
    let whole = std::fs::read_to_string(week(0)).expect("the fixture is read");
    let orders = whole.rfind("INSERT INTO").expect("it has rows");
    let cut = side.folder.path().join("cut.sql");
    std::fs::write(&cut, &whole[..orders]).expect("it is written");
    let error = side
        .try_sync(&cut)
        .expect_err("nearly all orders are missing");
    assert!(error.to_string().contains("Is the dump whole"), "{error}");
    assert_eq!(side.state(), before);
}

#[test]
fn what_was_taken_back_returns_when_a_branch_had_written_in_it_without_the_line() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.run(&source);
    let seen_by_branch = side.document(order_id(3));
    side.rollback(Extent::Whole);
    assert_eq!(side.visible_orders(), 0);
    assert!(
        !side.verify(&source).is_clean(),
        "nothing is there any more"
    );

    side.staff_writes_in(&seen_by_branch, "status", "in_work");
    assert_eq!(side.visible_orders(), 1);

    let report = side.run(&source);
    assert_clean(&report);
    assert_eq!(side.visible_orders(), 3);
    assert_eq!(side.order(order_id(3)).status.code, "in_work");
    assert_clean(&side.verify(&source));
    let state = side.state();
    side.run(&source);
    assert_eq!(side.state(), state, "twice is once");
}

#[test]
fn one_branch_comes_after_the_other() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.portion.branches = vec!["Chur".to_owned()];
    let chur = side.run(&source);
    assert_clean(&chur);
    let sums = chur.ledger["Auftraege"];
    assert_eq!((sums.migrated, sums.excluded), (2, 1));
    assert_eq!(chur.ledger["Positionen"].excluded, 2);
    let verified = side.verify(&source);
    assert_clean(&verified);
    assert_eq!(verified.ledger, chur.ledger);
    assert!(side.diff(&source).is_clean(), "{:#?}", side.diff(&source));
    assert_eq!(side.sync(&source).carried.gone, 0);

    side.portion = Portion {
        branches: vec!["Davos".to_owned()],
        ..Portion::default()
    };
    let davos = side.run(&source);
    assert_eq!(davos.ledger["Auftraege"].migrated, 1);
    side.portion = Portion::default();
    assert_clean(&side.verify(&source));
    assert!(side.diff(&source).is_clean());
    let state = side.state();
    assert_eq!(
        side.run(&source).documents,
        0,
        "nothing is left for the whole"
    );
    assert_eq!(side.state(), state);
}

#[test]
fn the_orders_of_some_days_come_first() {
    let mut workshop = Workshop::open();
    let (mut side, source) = workshop.planned();
    side.portion.since = Some(jiff::civil::date(2026, 11, 12));
    side.portion.until = Some(jiff::civil::date(2026, 11, 12));
    assert_eq!(side.run(&source).ledger["Auftraege"].migrated, 1);
    assert_clean(&side.verify(&source));
    side.portion = Portion::default();
    assert_eq!(side.run(&source).ledger["Auftraege"].migrated, 3);
    assert_clean(&side.verify(&source));
}
