//! The runbook from the first rehearsal to the certificate, with the old database in use for three weeks beside the new one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::id::DocumentId;
use tests::firm::{Counter, Firm, Import};
use tests::wait_until;
use tools::generator::{self, Options};
use tools::naming;
use tools::plan::Plan;

/// Orders of the first dump: few enough for a test, enough for every week to change, add and delete some.
const ORDERS: u64 = 120;

/// One row in so many has something wrong with it, so that some are rejected in each dump.
const ONE_DEFECT_IN: u64 = 40;

/// What is written in an order at the counter while the old system writes something else there.
const NOTE: &str = "mit dem Kunden besprochen";

/// The old database as it is some weeks after the first dump.
fn dumped(folder: &Path, weeks_later: u32) -> Result<PathBuf> {
    let path = folder.join(format!("werkstatt-{weeks_later}.sql"));
    let options = Options {
        orders: ORDERS,
        one_defect_in: ONE_DEFECT_IN,
        weeks_later,
        ..Options::default()
    };
    generator::generate(&options, &path)?;
    Ok(path)
}

/// One migration by its plan.
struct Migration<'a> {
    firm: &'a Firm<2>,
    import: Import,
    source_name: String,
}

impl Migration<'_> {
    /// A verb at the hub, which must end well.
    async fn does(&self, verb: &str, options: &[&str]) -> Result<Value> {
        let (ended, report) = self.at_hub(verb, options).await?;
        ensure!(ended.success(), "{verb} {options:?}: {ended}\n{report}");
        Ok(report)
    }

    async fn at_hub(
        &self,
        verb: &str,
        options: &[&str],
    ) -> Result<(std::process::ExitStatus, Value)> {
        let url = self.firm.hub.url().to_owned();
        let options = [&["--hub", &url][..], options].concat();
        self.import.verb(verb, &options).await
    }

    /// A verb about a later dump.
    async fn with(&self, verb: &str, dump: &Path) -> Result<Value> {
        let dump = dump.to_str().context("a path in letters")?;
        self.does(verb, &["--source", dump]).await
    }

    async fn everybody_has_it(&self) -> Result<()> {
        for branch in &self.firm.branches {
            branch.wait_identical().await?;
        }
        Ok(())
    }

    /// The orders that a diff lists as changed in a column.
    fn changed(&self, diff: &Value, column: &str) -> Vec<DocumentId> {
        let rows = diff["rows"].as_array().into_iter().flatten();
        let has = |row: &&Value| {
            let mut columns = row["columns"].as_array().into_iter().flatten();
            row["table"] == "Aufträge" && columns.any(|changed| changed["column"] == column)
        };
        rows.filter(has)
            .filter_map(|row| row["key"].as_str())
            .map(|key| naming::document_id(&self.source_name, "Aufträge", key))
            .collect()
    }

    /// Anna writes in these orders as far as she can: the other branch's are not here, and cancelled ones are not edited.
    async fn writes_in(&self, anna: &Counter, orders: &[DocumentId]) -> Result<Vec<DocumentId>> {
        let mut edited = Vec::new();
        for id in orders {
            let note = json!({ "note": NOTE });
            if anna
                .post(&format!("/api/v1/orders/{id}"), &note)
                .await
                .is_ok()
            {
                edited.push(*id);
            }
        }
        ensure!(
            !edited.is_empty(),
            "no order to be in conflict among {orders:?}"
        );
        self.everybody_has_it().await?;
        Ok(edited)
    }

    /// Every conflict that a sync has listed is decided at a counter: the value that staff wrote holds.
    async fn decide(&self, anna: &Counter, orders: &[DocumentId]) -> Result<u64> {
        let mut decided = 0;
        for id in orders {
            let path = format!("/api/v1/orders/{id}");
            // The other branch's orders are decided there; these are Chur's.
            let Ok(order) = anna.json(&path).await else {
                continue;
            };
            for conflict in order["conflicts"].as_array().into_iter().flatten() {
                let choice = json!({ "field": conflict["field"], "candidate": 0 });
                anna.post(&format!("{path}/settle"), &choice).await?;
                decided += 1;
            }
        }
        self.everybody_has_it().await?;
        Ok(decided)
    }
}

/// Rejected rows by the sums of a report's tables.
fn rejected(tables: &Value) -> u64 {
    let tables = tables
        .as_object()
        .into_iter()
        .flat_map(|tables| tables.values());
    tables.filter_map(|sums| sums["rejected"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_weeks_side_by_side_end_with_a_certificate() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let folder = firm.directory().to_owned();
    let [first, second, third, last] = [0, 1, 2, 3].map(|week| dumped(&folder, week));
    let (first, second, third, last) = (first?, second?, third?, last?);
    let import = Import::planned(&first, "Chur").await?;
    let (plan, _) = Plan::load(import.plan())?;
    let migration = Migration {
        firm: &firm,
        import,
        source_name: plan.source_name,
    };

    // Rehearsed, backed up, brought over, proven.
    let (ended, rehearsal) = migration.import.verb("rehearse", &[]).await?;
    ensure!(ended.success(), "{rehearsal}");
    let data = firm.hub.data().to_str().context("a path in letters")?;
    let (ended, backup) = migration
        .import
        .verb("backup", &["--hub-data", data])
        .await?;
    ensure!(ended.success(), "{backup}");
    migration.import.run(&firm.hub).await?;
    migration.does("verify", &["--sums"]).await?;
    migration.everybody_has_it().await?;
    let imported = firm.hub.count_orders().await?;

    // A week later the old system has other remarks in some orders, and Anna has written in the same ones.
    let later = second.to_str().context("a path in letters")?;
    let (ended, diff) = migration.at_hub("diff", &["--source", later]).await?;
    ensure!(ended.code() == Some(1), "{ended}: {diff}");
    let [chur, _] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let edited = migration
        .writes_in(&anna, &migration.changed(&diff, "Kommentar"))
        .await?;
    let report = migration.with("sync", &second).await?;
    let conflicts = report["carried"]["conflicts"].as_u64();
    ensure!(conflicts >= Some(edited.len() as u64), "{report}");
    ensure!(report["carried"]["new"].as_u64() > Some(0), "{report}");
    migration.everybody_has_it().await?;
    wait_until("the conflict is seen at the counter", async || {
        let order = anna
            .json(&format!("/api/v1/orders/{}", edited[0]))
            .await
            .ok()?;
        (!order["conflicts"].as_array()?.is_empty()).then_some(())
    })
    .await?;
    let gone = report["carried"]["gone"].as_u64().unwrap_or_default();
    let listed = firm.hub.page("/orders?only=gone").await?;
    ensure!(
        gone == 0 || listed.contains("ticket-number"),
        "{gone} are gone and none is listed"
    );
    let decided = migration.decide(&anna, &edited).await?;
    ensure!(decided >= edited.len() as u64, "{decided} were decided");
    migration.with("verify", &second).await?;
    let again = migration.with("sync", &second).await?;
    ensure!(
        again["documents"] == 0,
        "the second sync wrote something: {again}"
    );

    // The third week is taken back, and carried over after all. What was rejected of the second is still known then.
    let synced = migration.with("sync", &third).await?;
    ensure!(rejected(&synced["ledger"]) > 0, "{synced}");
    migration.does("rollback", &["--last-sync"]).await?;
    let back = migration.with("verify", &second).await?;
    ensure!(rejected(&back["ledger"]) > 0, "{back}");
    migration.with("diff", &second).await?;
    migration.with("sync", &third).await?;
    migration.with("verify", &third).await?;

    // Whoever forgets to name the dump does not carry the first state back over, and is told why it differs.
    for verb in [
        &["sync"][..],
        &["cutover", "--dry-run"],
        &["certify", "--by", "Rita Caduff"],
    ] {
        let [verb, options @ ..] = verb else { continue };
        let options = [&["--hub", firm.hub.url()][..], options].concat();
        let said = migration.import.refusal(verb, &options).await?;
        let third = third.to_string_lossy();
        ensure!(
            said.contains(&*third) && said.contains("--source"),
            "{said}"
        );
    }
    let (ended, _) = migration.at_hub("verify", &[]).await?;
    ensure!(
        ended.code() == Some(1),
        "verify of the first state: {ended}"
    );

    // All of it is taken back: what Anna wrote in stays. Then it is brought over once more.
    let whole = migration.does("rollback", &["--all"]).await?;
    let left = firm.hub.count_orders().await?;
    ensure!(
        left == edited.len(),
        "{left} orders are left of {imported}, {} were worked on: {whole}",
        edited.len()
    );
    migration.everybody_has_it().await?;
    migration.import.run(&firm.hub).await?;
    migration.with("sync", &third).await?;
    migration.everybody_has_it().await?;
    migration.decide(&anna, &edited).await?;
    migration.with("verify", &third).await?;

    // The last dump is carried over by the switch-over itself. Anna has written where it says something else, too: the old
    // system goes on until that is decided, and is switched off the second time.
    let dump = last.to_str().context("a path in letters")?;
    let (_, diff) = migration.at_hub("diff", &["--source", dump]).await?;
    let late = migration
        .writes_in(&anna, &migration.changed(&diff, "Kommentar"))
        .await?;
    let to_accept = rejected(&diff["tables"]);
    ensure!(to_accept > 0, "{diff}");
    let too_few = (to_accept - 1).to_string();
    let dry_run = ["--source", dump, "--dry-run", "--accept-rejects", &too_few];
    let (ended, dry) = migration.at_hub("cutover", &dry_run).await?;
    ensure!(
        ended.code() == Some(1) && dry["go"] == false,
        "{ended}: {dry}"
    );
    let to_accept = to_accept.to_string();
    let accepting = ["--source", dump, "--accept-rejects", &to_accept];
    let dry = migration
        .does("cutover", &[&accepting[..], &["--dry-run"]].concat())
        .await?;
    ensure!(
        dry["go"] == true && dry["differing_rows"].as_u64() > Some(0),
        "{dry}"
    );
    let (ended, refused) = migration.at_hub("cutover", &accepting).await?;
    ensure!(
        ended.code() == Some(1) && refused["carried"]["conflicts"].as_u64() > Some(0),
        "{ended}: {refused}"
    );
    ensure!(refused["switched"] == false, "{refused}");
    migration.everybody_has_it().await?;
    let decided = migration.decide(&anna, &late).await?;
    ensure!(decided >= late.len() as u64, "{decided} were decided");
    let switched = migration.does("cutover", &accepting).await?;
    ensure!(switched["switched"] == true, "{switched}");
    ensure!(
        rejected(&switched["report"]["ledger"]).to_string() == to_accept,
        "{switched}"
    );
    let certificate = migration
        .does("certify", &["--source", dump, "--by", "Rita Caduff, IT"])
        .await?;
    ensure!(
        certificate["report"]["difference_count"] == 0
            && certificate["reconciliation"]["differences"] == 0,
        "{certificate}"
    );
    let (_, status) = migration.import.verb("status", &[]).await?;
    ensure!(status["next"] == "done", "{status}");
    migration.everybody_has_it().await?;
    firm.close().await
}
