//! The whole way in memory: generated databases and the fixtures, from source to verified documents.

mod damages;

use std::path::{Path, PathBuf};

use shared::document::{Change, Document};
use shared::domain::{Order, Phase};

use crate::generator::{Form, Options, Truth, generate};
use crate::plan::Plan;
use crate::plan::propose::{Basis, propose};
use crate::run::{Progress, Report, RunError, run};
use crate::source::read_source;
use crate::staging::Staging;
use crate::target::{Page, Refusal, Store, Target, TargetError};
use crate::verify::verify;

struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _: u64) {}
    fn advance(&mut self, _: u64, _: u64) {}
    fn end(&mut self) {}
}

/// One source with its plan, and a store to import into.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    staging: Staging,
    sha256: String,
    text: String,
    store: Store,
}

impl Bench {
    pub(crate) fn of(source: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut staging = Staging::create(Some(folder.path())).expect("a staging database");
        let summary = read_source(source, &mut staging, |_, _| {}).expect("the source is read");
        let basis = Basis {
            sha256: summary.sha256.clone(),
            source_file: source.to_owned(),
            branch: Some("Chur".to_owned()),
            now: "2026-11-20T10:00:00Z".parse().expect("an instant"),
        };
        let text = propose(&staging, &basis).expect("a plan is proposed");
        let text = text.replace("create_missing = false", "create_missing = true ");
        Self {
            folder,
            staging,
            sha256: summary.sha256,
            text,
            store: Store::in_memory(),
        }
    }

    pub(crate) fn generated(options: &Options) -> (Self, Truth) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("werkstatt.sql");
        let truth = generate(options, &path).expect("a database is generated");
        (Self::of(&path), truth)
    }

    /// The plan as it was proposed or corrected.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn plan(&self) -> Plan {
        let plan =
            Plan::from_text(&self.text).unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        assert_eq!(
            plan.problems(&self.staging, &self.sha256),
            [],
            "{}",
            self.text
        );
        plan
    }

    fn rejects(&self) -> PathBuf {
        self.folder.path().join("rejects.jsonl")
    }

    pub(crate) fn run(&mut self) -> Result<Report, RunError> {
        let plan = self.plan();
        self.run_by(&plan)
    }

    /// The same by a plan that is not quite the text's.
    fn run_by(&mut self, plan: &Plan) -> Result<Report, RunError> {
        let mut rejects = std::fs::File::create(self.rejects()).expect("a file of rejects");
        run(
            plan,
            &self.text,
            &self.staging,
            &mut self.store,
            &mut rejects,
            &mut Quiet,
        )
    }

    pub(crate) fn verify(&mut self) -> Report {
        let (plan, rejects) = (self.plan(), self.rejects());
        let report = verify(&plan, &self.staging, &mut self.store, &rejects)
            .expect("verify can be carried out");
        for difference in &report.differences {
            let what = &difference.what;
            assert!(
                crate::report::is_known(what),
                "no report can say in German: {what}"
            );
        }
        report
    }

    pub(crate) fn reconcile(&mut self) -> crate::verify::reconciliation::Reconciliation {
        let (plan, rejects) = (self.plan(), self.rejects());
        crate::verify::reconciliation::reconcile(&plan, &self.staging, &mut self.store, &rejects)
            .expect("both sides can be summed up")
    }

    /// Rehearses the plan in a folder, from which everything must be gone afterwards.
    pub(crate) fn rehearse(&mut self, folder: &Path) -> crate::rehearse::Rehearsal {
        let (plan, rejects) = (self.plan(), self.rejects());
        let scratch = crate::rehearse::Scratch::passing(Some(folder)).expect("a scratch folder");
        let preparation = crate::rehearse::Preparation {
            plan: &plan,
            plan_text: &self.text,
            staging: &self.staging,
            read_seconds: 0.0,
        };
        crate::rehearse::rehearse(&preparation, &scratch, &rejects, &mut Quiet, |_| {})
            .expect("the rehearsal ends")
    }

    /// Certifies what the store holds now.
    pub(crate) fn certify(&mut self) -> crate::certify::Certificate {
        let (plan, rejects) = (self.plan(), self.rejects());
        let request = crate::certify::Request {
            plan: &plan,
            plan_text: &self.text,
            source: Path::new("werkstatt.sql"),
            source_sha256: &self.sha256,
            by: "Rita Caduff, IT",
            rejects: &rejects,
            history: Vec::new(),
        };
        crate::certify::certify(request, &self.staging, &mut self.store)
            .expect("the comparison ends")
    }

    /// Whatever a rule needs, the plan allows.
    pub(crate) fn allow_everything(&mut self) {
        use std::fmt::Write as _;
        let rules: Vec<String> = self
            .text
            .lines()
            .skip_while(|line| !line.starts_with("[budget]"))
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
            .collect();
        let mut text = String::new();
        for line in self.text.lines() {
            let rule = line.split_once(" = ").map_or("", |(rule, _)| rule);
            if rules.iter().any(|known| known == rule) {
                let _ = writeln!(text, "{rule} = 1000");
            } else {
                let _ = writeln!(text, "{line}");
            }
        }
        self.text = text;
    }

    /// Somebody at a branch writes in every order.
    pub(crate) fn staff_changes_every_status(&mut self) {
        let actor = shared::id::Actor::new(shared::id::ReplicaNumber(3), 1);
        let mut counter = 0;
        for document in self.documents() {
            if Order::of(&document).is_none() {
                continue;
            }
            let at = shared::clock::Hlc::at(shared::clock::UtcMillis(1_795_000_000_000));
            let mut authoring = shared::document::Authoring::new(actor, counter, at, None);
            let mut change = Change::of(&document);
            let status = shared::domain::fields::known(shared::domain::fields::order::STATUS);
            change.set(&mut authoring, status, "done");
            counter = authoring.counter();
            let delta = change.finish();
            self.merge(&delta);
        }
    }

    /// Looks into the store of another.
    pub(crate) fn take_store_of(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.store, &mut other.store);
    }

    /// Merges a delta that somebody else wrote.
    pub(crate) fn merge(&mut self, delta: &Document) {
        let refused = self
            .store
            .push(vec![shared::document::format::encode(delta)], 0, 0)
            .expect("the store takes it");
        assert_eq!(refused, []);
    }

    /// Corrects the plan's text.
    pub(crate) fn correct(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{}", self.text);
        self.text = self.text.replace(from, to);
    }

    pub(crate) fn documents(&mut self) -> Vec<Document> {
        let mut documents = Vec::new();
        let mut cursor = 0;
        loop {
            let page = self.store.page(cursor).expect("the feed is read");
            documents.extend(page.documents);
            if !page.more {
                documents.sort_by_key(Document::id);
                return documents;
            }
            cursor = page.cursor;
        }
    }

    pub(crate) fn rejects_by_code(&self) -> std::collections::BTreeMap<String, u64> {
        let text = std::fs::read_to_string(self.rejects()).expect("the file of rejects is there");
        let mut codes = std::collections::BTreeMap::new();
        for line in text.lines() {
            let reject: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
            let reason = reject["reason"].as_str().unwrap_or_default();
            assert!(
                crate::report::is_known(reason),
                "no report can say in German: {reason}"
            );
            *codes
                .entry(reject["code"].as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        codes
    }

    /// What the store holds, as hashes that a failing test can print.
    fn state(&mut self) -> Vec<(shared::id::DocumentId, [u8; 16])> {
        let documents = self.documents();
        documents
            .iter()
            .map(|document| (document.id(), document.state_hash()))
            .collect()
    }

    fn orders(&mut self) -> Vec<Order> {
        self.documents().iter().filter_map(Order::of).collect()
    }
}

fn assert_clean(report: &Report) {
    assert!(
        report.is_clean(),
        "{:#?}",
        &report.differences[..report.differences.len().min(10)]
    );
    for (table, sums) in &report.ledger {
        assert!(sums.add_up(), "{table}: {sums:?}");
    }
}

#[test]
fn a_generated_database_arrives_row_by_row_in_every_form() {
    let (mut states, mut texts) = (Vec::new(), Vec::new());
    for form in [
        Form::MySqlDump,
        Form::PostgresDump,
        Form::SqlServerScript,
        Form::SqliteScript,
        Form::SqliteFile,
    ] {
        let (mut bench, truth) = Bench::generated(&Options {
            orders: 300,
            form,
            ..Options::default()
        });
        let report = bench.run().expect("the run ends");
        assert_clean(&report);
        let sums = report.ledger["Aufträge"];
        assert_eq!(sums.source, truth.rows["Aufträge"]);
        assert_eq!(
            sums.rejected,
            truth.defects.get("unreadable_date").copied().unwrap_or(0),
            "{sums:?}"
        );
        let verified = bench.verify();
        assert_clean(&verified);
        assert_eq!(verified.ledger, report.ledger, "both count the same");
        let orders = bench.orders();
        assert_eq!(orders.len() as u64, sums.migrated);
        // Identities come from the source's name and keys, so the form makes no difference to what arrives.
        let contents = |order: &Order| {
            (
                order.id,
                order.status.code.clone(),
                order.total(),
                order.promised_on,
                order.received_at,
            )
        };
        states.push(orders.iter().map(contents).collect::<Vec<_>>());
        // Parts are called by the importer's own number, which is drawn from the source's bytes, and by a counter.
        let counter = |part: &str| part.rsplit('.').next().unwrap_or_default().to_owned();
        let fields = |document: &Document| {
            let newest = document.fields().keys().map(|field| {
                let parts: Vec<String> = field.as_str().split('/').map(counter).collect();
                (parts.join("/"), document.newest(field.as_str()))
            });
            (document.id(), newest.collect::<Vec<_>>())
        };
        if form != Form::SqliteFile {
            texts.push(bench.documents().iter().map(fields).collect::<Vec<_>>());
        }
    }
    for state in &states[1..] {
        assert_eq!(&states[0], state);
    }
    // The four dialects write the same text, so every field is the same, the raw ones too. A SQLite file holds numbers.
    for text in &texts[1..] {
        let differs = texts[0]
            .iter()
            .zip(text)
            .find(|(ours, theirs)| ours != theirs);
        assert_eq!(differs, None, "a dialect brings other fields");
        assert_eq!(texts[0].len(), text.len());
    }
}

#[test]
fn without_defects_nothing_is_rejected_and_all_truths_hold() {
    let (mut bench, truth) = Bench::generated(&Options {
        orders: 240,
        one_defect_in: 0,
        ..Options::default()
    });
    assert_clean(&bench.run().expect("the run ends"));
    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.orders_by_branch, truth.orders_by_branch);
    let orders = bench.orders();
    assert_eq!(
        orders.iter().map(|order| order.total().minor).sum::<i64>(),
        truth.total_hundredths
    );
    let done = orders
        .iter()
        .filter(|order| order.status.phase == Phase::Done)
        .count() as u64;
    assert_eq!(done, truth.orders_by_phase["done"]);
}

#[test]
fn importing_twice_is_importing_once() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 120,
        ..Options::default()
    });
    let first = bench.run().expect("the first run ends");
    let before = bench.state();
    let second = bench.run().expect("the second run ends");
    assert_eq!(second.documents, 0);
    assert_eq!(second.ledger, first.ledger);
    assert_eq!(bench.state(), before);
}

/// A target that fails after some batches, as a process that is killed would.
struct Dying<'a> {
    store: &'a mut Store,
    batches: u32,
}

impl Target for Dying<'_> {
    fn replica(&self) -> shared::id::ReplicaNumber {
        self.store.replica()
    }
    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError> {
        if self.batches == 0 {
            return Err(TargetError::Unreachable {
                hub: "test".to_owned(),
                reason: "killed".to_owned(),
            });
        }
        self.batches -= 1;
        self.store.push(batch, counter, pending)
    }
    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        self.store.page(after)
    }
    fn name(&self) -> String {
        "dying".to_owned()
    }
}

#[test]
fn a_run_that_was_killed_goes_on_and_ends_like_one_that_was_not() {
    let options = Options {
        orders: 800,
        ..Options::default()
    };
    let (mut whole, _) = Bench::generated(&options);
    whole.run().expect("the run ends");
    let (mut killed, _) = Bench::generated(&options);
    // The folder's name is in the plan, and the plan is in the actor: both runs must have the same plan.
    killed.text = whole.text.clone();
    let plan = killed.plan();
    let mut dying = Dying {
        store: &mut killed.store,
        batches: 1,
    };
    let outcome = run(
        &plan,
        &killed.text,
        &killed.staging,
        &mut dying,
        &mut std::io::sink(),
        &mut Quiet,
    );
    assert!(matches!(outcome, Err(RunError::Target(_))), "{outcome:?}");
    let report = killed.run().expect("the second run ends");
    assert!(
        report.already_there > 0 && report.documents > 0,
        "{report:?}"
    );
    assert_eq!(killed.state(), whole.state());
}

#[test]
fn verify_finds_what_was_changed_lost_or_added() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 60,
        ..Options::default()
    });
    bench.run().expect("the run ends");
    let documents = bench.documents();
    let order = documents
        .iter()
        .find(|document| Order::of(document).is_some())
        .expect("an order is there");

    // Lost: a store without one order.
    let mut lossy = Store::in_memory();
    let kept = documents
        .iter()
        .filter(|document| document.id() != order.id())
        .map(shared::document::format::encode);
    lossy
        .push(kept.collect(), 0, 0)
        .expect("the store takes them");
    let plan = bench.plan();
    let report = verify(&plan, &bench.staging, &mut lossy, &bench.rejects())
        .expect("verify can be carried out");
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.what.contains("neither")),
        "{:?}",
        report.differences
    );

    // Changed: the source has another price than what was imported.
    let table = bench
        .staging
        .table("Aufträge")
        .expect("it is there")
        .sql_name()
        .to_owned();
    let change = format!("UPDATE {table} SET c10 = '1.05' WHERE rowid = 5");
    bench
        .staging
        .connection()
        .execute_batch(&change)
        .expect("the row is changed");
    let report = bench.verify();
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.field == "Preis"),
        "{:?}",
        report.differences
    );

    // Added: a row vanished from the source.
    let delete = format!("DELETE FROM {table} WHERE rowid = 5");
    bench
        .staging
        .connection()
        .execute_batch(&delete)
        .expect("the row is deleted");
    let report = bench.verify();
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.what.contains("no row leads")),
        "{:?}",
        report.differences
    );
}

#[test]
fn what_staff_changed_afterwards_is_theirs_and_no_difference() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 30,
        ..Options::default()
    });
    bench.run().expect("the run ends");
    let documents = bench.documents();
    let order = documents
        .iter()
        .find(|document| Order::of(document).is_some())
        .expect("an order is there");
    let actor = shared::id::Actor::new(shared::id::ReplicaNumber(3), 1);
    let now = shared::clock::Hlc::at(shared::clock::UtcMillis(1_800_000_000_000));
    let mut authoring = shared::document::Authoring::new(actor, 0, now, None);
    let mut change = Change::of(order);
    change.set(
        &mut authoring,
        shared::domain::fields::known("status"),
        "blocked",
    );
    let delta = shared::document::format::encode(&change.finish());
    bench
        .store
        .push(vec![delta], 0, 0)
        .expect("the store takes it");
    let report = bench.verify();
    assert_clean(&report);
    assert_eq!(report.edited_since, 1);
    // And a second run leaves it alone.
    bench.run().expect("the second run ends");
    let blocked = bench
        .orders()
        .iter()
        .filter(|order| order.status.phase == Phase::Blocked)
        .count();
    assert_eq!(blocked, 1);
}

#[test]
fn a_budget_that_would_be_exceeded_stops_before_anything_is_written() {
    let (mut bench, truth) = Bench::generated(&Options {
        orders: 300,
        one_defect_in: 20,
        ..Options::default()
    });
    let planted = truth.defects["zero_date"];
    bench.text = bench.text.replace(
        &format!("zero_date = {planted}"),
        &format!("zero_date = {}", planted - 1),
    );
    let error = bench.run().expect_err("the budget is exceeded").to_string();
    assert!(
        error.contains("zero_date") && error.contains("Nothing was written"),
        "{error}"
    );
    assert!(bench.documents().is_empty());
}

#[test]
fn a_corrected_plan_brings_the_rejected_rows_after() {
    let (mut bench, _) = Bench::generated(&Options {
        orders: 200,
        one_defect_in: 0,
        ..Options::default()
    });
    let whole = bench.text.clone();
    let unknown = whole
        .lines()
        .find(|line| line.starts_with("\"InArbeit\""))
        .expect("the spelling is in the plan");
    bench.text = whole.replace(unknown, "");
    let report = bench.run().expect("the run ends");
    let rejected = bench.rejects_by_code()["unknown_status"];
    assert_eq!(report.ledger["Aufträge"].rejected, rejected);
    assert_clean(&bench.verify());
    bench.text = whole;
    let report = bench.run().expect("the second run ends");
    assert_eq!(report.documents, rejected, "only what was missing is sent");
    assert_clean(&report);
    let verified = bench.verify();
    assert_clean(&verified);
    assert_eq!(verified.ledger["Aufträge"].migrated, 200);
}

#[test]
fn what_cannot_be_read_needs_the_plans_consent() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut bench = Bench::of(&fixtures.join("kaputt.mysql.sql"));
    assert!(bench.text.contains("unreadable = 5"), "{}", bench.text);
    bench.text = bench.text.replace("unreadable = 5", "unreadable = 4");
    let error = bench
        .run()
        .expect_err("five are more than four")
        .to_string();
    assert!(error.contains("unreadable 5 (allowed 4)"), "{error}");
}

#[test]
fn a_plan_is_bound_to_its_source_and_refuses_what_it_does_not_know() {
    let (bench, _) = Bench::generated(&Options {
        orders: 10,
        ..Options::default()
    });
    let plan = bench.plan();
    let problems = plan.problems(&bench.staging, "another");
    assert!(
        problems[0].to_string().contains("another source"),
        "{problems:?}"
    );
    let error = Plan::from_text(&bench.text.replace("received =", "recieved ="))
        .expect_err("a typing error");
    assert!(error.contains("recieved"), "{error}");
    let wrong = bench.text.replace("\"Erstelldatum\" ", "\"Erstellt\" ");
    let problems = Plan::from_text(&wrong)
        .expect("it is a plan")
        .problems(&bench.staging, &bench.sha256);
    assert!(
        problems
            .iter()
            .any(|problem| problem.to_string().contains("Erstellt")),
        "{problems:?}"
    );
    let without = bench
        .text
        .replace("table = \"Mitarbeiter\"", "table = \"Niemand\"");
    let problems = Plan::from_text(&without)
        .expect("it is a plan")
        .problems(&bench.staging, &bench.sha256);
    assert!(
        problems
            .iter()
            .any(|problem| problem.to_string().contains("Mitarbeiter has no place")),
        "{problems:?}"
    );
}
