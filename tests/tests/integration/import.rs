//! The old database comes over: every row accounted for, and twice is once.

use std::collections::BTreeSet;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use shared::document::Document;
use shared::id::DocumentId;
use shared::wire::DOCUMENTS_PATH;
use tests::binary;
use tests::firm::{Firm, Import};
use tools::generator::{self, Form, Options};
use tools::target::{Store, Target as _};

/// Runs that are killed before one is left to end, and how often that is done: fifty kills in all.
const KILLS_IN_A_ROW: u64 = 5;
const ROWS_OF_KILLS: u64 = 10;

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
    for branch in &firm.branches {
        branch.wait_identical().await?;
    }
    firm.close().await
}

/// The moment of a kill is a system call of the importer's, counted by strace: any moment in which something can have been left
/// half done lies between two of them.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_of_a_run_end_in_the_store_of_an_uninterrupted_one() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let source = directory.path().join("werkstatt.sql");
    let options = Options {
        orders: 900,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    let text = std::fs::read_to_string(import.plan())?;
    let text = text.replace("create_missing = false", "create_missing = true ");
    std::fs::write(import.plan(), text)?;

    let trace = directory.path().join("trace");
    let store = directory.path().join("whole");
    let mut whole = traced(&trace, &[]);
    run_into(&mut whole, import.plan(), &store)?;
    ensure!(whole.status()?.success(), "the uninterrupted run failed");
    let expected = digest(&store)?;
    ensure!(expected.len() > 900, "{} documents", expected.len());
    let trace = std::fs::read_to_string(&trace)?;
    // Injected counts are each thread's own, so the busiest thread says how many moments there are.
    let mut by_thread: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for call in trace.lines() {
        *by_thread
            .entry(call.split(' ').next().unwrap_or_default())
            .or_default() += 1;
    }
    let moments = by_thread.values().max().copied().unwrap_or_default();
    ensure!(moments > 100, "only {moments} system calls were seen");

    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut kills = 0;
    for row in 0..ROWS_OF_KILLS {
        let store = directory.path().join(format!("killed-{row}"));
        for _ in 0..KILLS_IN_A_ROW {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(row | 1);
            let moment = 1 + (random >> 33) % moments;
            let inject = format!("inject={CALLS}:signal=KILL:when={moment}");
            let mut killed = traced(Path::new("/dev/null"), &["-e", &inject]);
            run_into(&mut killed, import.plan(), &store)?;
            kills += u64::from(!killed.status()?.success());
        }
        let mut last = binary("offpiste-import")?;
        run_into(&mut last, import.plan(), &store)?;
        ensure!(last.status()?.success(), "row {row}: the last run failed");
        ensure!(
            digest(&store)? == expected,
            "row {row}: another store than that of an uninterrupted run"
        );
    }
    ensure!(
        kills > ROWS_OF_KILLS * KILLS_IN_A_ROW / 2,
        "only {kills} runs were killed before they ended"
    );
    Ok(())
}

/// What leaves something behind: files made and written, and made durable.
const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync";

/// The importer under strace.
fn traced(trace: &Path, more: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e"])
        .arg(format!("trace={CALLS}"))
        .args(more)
        .arg("-o")
        .arg(trace);
    command
}

fn run_into(command: &mut Command, plan: &Path, store: &Path) -> Result<()> {
    if command.get_program() == "strace" {
        command.arg(binary("offpiste-import")?.get_program());
    }
    command
        .args(["run", "--json", "--plan"])
        .arg(plan)
        .arg("--store")
        .arg(store)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(())
}

/// What a store holds: every document with the hash of its state.
fn digest(store: &Path) -> Result<Vec<(DocumentId, [u8; 16])>> {
    let mut store = Store::open(store)?;
    let mut held = Vec::new();
    let mut cursor = 0;
    loop {
        let page = store.page(cursor)?;
        ensure!(page.unreadable == 0, "a document cannot be read");
        held.extend(
            page.documents
                .iter()
                .map(|document: &Document| (document.id(), document.state_hash())),
        );
        if !page.more {
            held.sort_unstable();
            return Ok(held);
        }
        cursor = page.cursor;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_run_side_by_side_and_the_import_can_be_taken_back() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let later = firm.directory().join("werkstatt-later.sql");
    let mut options = Options {
        orders: 100,
        one_defect_in: 0,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    options.weeks_later = 1;
    generator::generate(&options, &later)?;
    let import = Import::planned(&source, "Chur").await?;
    import.run(&firm.hub).await?;
    for branch in &firm.branches {
        branch.wait_identical().await?;
    }
    let imported = firm.hub.count_orders().await?;

    // The old database goes on; at the counter somebody writes in each order that it has changed.
    let (status, seen) = import.diff(&later, &firm.hub).await?;
    ensure!(status.code() == Some(1), "{status}: {seen}");
    let rows = seen["rows"].as_array().context("a diff without rows")?;
    let is_edited =
        |row: &&serde_json::Value| row["table"] == "Aufträge" && row["kind"] == "changed";
    let edited = rows.iter().find(is_edited);
    let edited = edited.with_context(|| format!("no order was edited: {seen}"))?;
    let report = import.sync(&later, &firm.hub).await?;
    ensure!(
        report["carried"]["changed"].as_u64() > Some(0)
            && report["carried"]["new"].as_u64() > Some(0),
        "{report}"
    );
    import.verify_later(&later, &firm.hub).await?;
    let (status, seen) = import.diff(&later, &firm.hub).await?;
    ensure!(status.success(), "after the sync something differs: {seen}");
    let before = everything(&firm).await?;
    import.sync(&later, &firm.hub).await?;
    ensure!(
        everything(&firm).await? == before,
        "the second sync changed something"
    );
    for branch in &firm.branches {
        branch.wait_identical().await?;
    }
    let gone = firm.hub.page("/orders?only=gone").await?;
    let is_gone = rows
        .iter()
        .any(|row| row["table"] == "Aufträge" && row["kind"] == "gone");
    ensure!(
        !is_gone || gone.contains("ticket-number"),
        "no order is listed as missing in the old database"
    );
    ensure!(
        !edited["columns"].as_array().is_none_or(Vec::is_empty),
        "{edited}"
    );

    import.rollback("--last-sync", &firm.hub).await?;
    ensure!(
        firm.hub.count_orders().await? == imported,
        "other orders than before the sync"
    );
    let whole = import.rollback("--all", &firm.hub).await?;
    ensure!(firm.hub.count_orders().await? == 0, "{whole}");
    for branch in &firm.branches {
        branch.wait_identical().await?;
    }
    import.run(&firm.hub).await?;
    import.verify(&firm.hub).await?;
    ensure!(
        firm.hub.count_orders().await? == imported,
        "the second run brought another number"
    );
    for branch in &firm.branches {
        branch.wait_identical().await?;
    }
    firm.close().await
}
