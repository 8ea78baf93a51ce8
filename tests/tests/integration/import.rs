//! The old database comes over: every row accounted for, and twice is once.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use shared::wire::DOCUMENTS_PATH;
use tests::faults::{ImportVictim, kill_imports};
use tests::firm::{Firm, Import};
use tools::generator::{self, Form, Options};

/// Kills of a verb in one test; `faults --victims import` and its kin play as many as wanted.
const KILLS: u64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_ends_in_the_store_of_an_uninterrupted_one()
-> Result<()> {
    kill(ImportVictim::Run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_into_a_hub_that_is_killed_again_and_again_ends_as_an_uninterrupted_one() -> Result<()>
{
    kill(ImportVictim::RunIntoHub).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_killed_again_and_again_ends_as_an_uninterrupted_one() -> Result<()> {
    kill(ImportVictim::Sync).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_killed_again_and_again_ends_as_an_uninterrupted_one() -> Result<()> {
    kill(ImportVictim::Rollback).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_into_a_hub_that_is_killed_again_and_again_ends_as_an_uninterrupted_one()
-> Result<()> {
    kill(ImportVictim::SyncIntoHub).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_at_a_hub_that_is_killed_again_and_again_ends_as_an_uninterrupted_one()
-> Result<()> {
    kill(ImportVictim::RollbackAtHub).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_hub_is_killed_again_and_again_ends_as_an_uninterrupted_one() -> Result<()> {
    kill(ImportVictim::HubUnderRun).await
}

async fn kill(victim: ImportVictim) -> Result<()> {
    let report = kill_imports(victim, KILLS, 1, |_| {}).await?;
    ensure!(report.violations == 0, "{report:?}");
    ensure!(report.killed == KILLS, "{report:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_twice_is_importing_once() -> Result<()> {
    for form in [Form::MySqlDump, Form::SqliteFile, Form::SqliteScript] {
        let firm = Firm::open(["Chur", "Davos"]).await?;
        let source = firm.directory().join("werkstatt.sql");
        let truth = generator::generate(
            &Options {
                orders: 120,
                form,
                ..Options::default()
            },
            &source,
        )?;
        let import = Import::planned(&source, "Chur").await?;
        let first = import.run(&firm.hub).await?;
        for (table, rows) in &truth.rows {
            ensure!(
                first["ledger"][table]["source"] == *rows,
                "{form:?}: {table} has {rows} rows: {}",
                first["ledger"]
            );
        }
        let before = everything(&firm).await?;

        let second = import.run(&firm.hub).await?;

        ensure!(
            second["ledger"] == first["ledger"],
            "{form:?}: {} became {}",
            first["ledger"],
            second["ledger"]
        );
        ensure!(
            everything(&firm).await? == before,
            "{form:?}: the second run changed something at the hub"
        );
        let verified = import.verify(&firm.hub).await?;
        ensure!(verified["difference_count"] == 0, "{form:?}: {verified}");
        firm.close().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_branch_comes_over_after_the_other_and_mended_rows_come_last() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let options = Options {
        orders: 100,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    let (url, token) = (
        firm.hub.url().to_owned(),
        firm.hub.importer_join_string().await?,
    );
    let hub = ["--hub", url.as_str(), "--token", token.as_str()];
    let mut brought = 0;
    for branch in ["Chur", "Davos"] {
        let portion = [&hub[..], &["--branch", branch]].concat();
        let (ended, report) = import.verb("run", &portion).await?;
        ensure!(ended.success(), "{branch}: {report}");
        brought += report["documents"].as_u64().unwrap_or_default();
        let (ended, verified) = import.verb("verify", &portion).await?;
        ensure!(ended.success(), "{branch}: {verified}");
    }
    let (ended, whole) = import.verb("run", &hub).await?;
    ensure!(ended.success(), "{whole}");
    ensure!(
        whole["already_there"].as_u64() == Some(brought) && whole["documents"] == 0,
        "something fell between the portions: {brought} were brought, then {whole}"
    );
    import.verify(&firm.hub).await?;

    // A rejected row is mended in the file of rejects and fed back; a file of another source is refused.
    let rejects = std::fs::read_to_string(source.with_extension("rejects.jsonl"))?;
    let of_orders = |line: &&str| line.contains("\"table\":\"Aufträge\"");
    let line = rejects.lines().find(of_orders);
    let line = line.with_context(|| format!("no order was rejected: {rejects}"))?;
    let mut row: serde_json::Value = serde_json::from_str(line)?;
    ensure!(row["code"] == "unreadable_date", "{row}");
    row["row"]["Abholdatum"] = serde_json::Value::Null;
    let mended = firm.directory().join("mended.jsonl");
    let path = mended.to_str().context("a path in letters")?.to_owned();
    let mend = [&hub[..], &["--rejects", path.as_str()]].concat();
    let sha256 = row["source_sha256"].clone();
    row["source_sha256"] = "0a".into();
    std::fs::write(&mended, row.to_string())?;
    ensure!(
        import.verb("run", &mend).await.is_err(),
        "rejects of another source were taken"
    );
    row["source_sha256"] = sha256;
    std::fs::write(&mended, row.to_string())?;
    let (ended, report) = import.verb("run", &mend).await?;
    ensure!(
        ended.success() && report["mended"] == 1 && report["documents"] == 1,
        "{report}"
    );
    import.verify(&firm.hub).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_orders_are_worked_at_the_counter() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let options = Options {
        orders: 40,
        branches: vec!["Chur".to_owned()],
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    let report = import.run(&firm.hub).await?;
    let [chur] = &firm.branches;
    chur.wait_identical().await?;
    let anna = chur.sign_in(&firm.anna).await?;
    let queue = anna.json("/api/v1/queue").await?;
    let order = queue.as_array().and_then(|queue| queue.first());
    let order = order.with_context(|| format!("nothing imported is to be done: {queue}"))?;
    let id = order["id"].as_str().or(order["order"]["id"].as_str());
    let id = id.with_context(|| format!("an entry without an order: {order}"))?;
    let number = anna.order(id).await?["legacy_number"].clone();
    let number = number.as_str().context("the old number was lost")?;
    let found = anna.json(&format!("/api/v1/search?q={number}")).await?;
    ensure!(
        found.to_string().contains(id),
        "{number} does not find its order: {found}"
    );

    anna.post(
        &format!("/api/v1/orders/{id}/comments"),
        &serde_json::json!({ "text": "Kante nachgeschliffen" }),
    )
    .await?;

    // What staff write since is no difference, and a run that is repeated does not take it away.
    chur.wait_identical().await?;
    let again = import.run(&firm.hub).await?;
    ensure!(again["ledger"] == report["ledger"], "{again}");
    chur.wait_identical().await?;
    let order = anna.order(id).await?;
    ensure!(
        order["events"].to_string().contains("comment"),
        "the comment is gone: {}",
        order["events"]
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_refused_with_what_to_do() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (name, bytes) in [
        ("empty.sql", &b""[..]),
        ("letter.txt", b"Sehr geehrte Damen und Herren"),
        ("old.bak", b"TAPE\0\0\0"),
    ] {
        let source = directory.path().join(name);
        std::fs::write(&source, bytes)?;
        let refused = Import::planned(&source, "Chur").await;
        let error = refused
            .err()
            .with_context(|| format!("{name} was planned"))?;
        let text = format!("{error:#}");
        ensure!(
            !text.contains("panicked") && text.contains("offpiste-import"),
            "{name}: {text}"
        );
    }
    Ok(())
}

/// `assess ... | head` closes the pipe before all is printed.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_nobody_reads_on_ends_without_a_word_and_not_well() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let source = directory.path().join("werkstatt.sql");
    generator::generate(&Options::default(), &source)?;
    let mut importer = tests::binary("offpiste-import")?
        .arg("assess")
        .arg(&source)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(importer.stdout.take());
    let output = importer.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(141),
        "{}: {said}",
        output.status
    );
    ensure!(said.is_empty(), "{said}");
    Ok(())
}

/// The hub's whole feed as bytes: documents with their positions.
async fn everything(firm: &Firm<2>) -> Result<String> {
    let orders = firm.hub.page("/orders.csv").await?;
    let head = firm.hub.bytes(DOCUMENTS_PATH).await?;
    ensure!(!head.is_empty(), "the hub's feed is empty");
    Ok(format!("{orders}\n{head:?}"))
}

/// Bringing changes over is not what `run` does. It may not look as if it had.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_dump_brings_what_is_new_and_verify_names_what_was_edited_since() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let mut options = Options {
        orders: 100,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    import.run(&firm.hub).await?;
    let first = firm.hub.count_orders().await?;
    for weeks_later in [1, 3] {
        options.weeks_later = weeks_later;
        let truth = generator::generate(&options, &source)?;
        ensure!(
            import.run(&firm.hub).await.is_err(),
            "a plan for another dump was carried out"
        );

        let import = Import::planned_anew(&source, "Chur").await?;
        import.run(&firm.hub).await?;
        let (status, report) = import.try_verify(&firm.hub).await?;

        let differences = report["differences"].as_array();
        let differences = differences.context("a report without differences")?;
        let edited: BTreeSet<&str> = differences
            .iter()
            .filter_map(|difference| difference["key"].as_str())
            .collect();
        ensure!(
            status.code() == Some(1) && !edited.is_empty(),
            "rows were edited between the dumps, and verify says {status}: {report}"
        );
        let orders = truth.rows["Aufträge"];
        ensure!(
            report["ledger"]["Aufträge"]["source"] == orders,
            "after {weeks_later} weeks there are {orders} orders: {}",
            report["ledger"]
        );
        let brought = firm.hub.count_orders().await?;
        ensure!(
            brought > first,
            "after {weeks_later} weeks the office still has {brought} orders"
        );
    }
    firm.wait_identical().await?;
    firm.close().await
}
