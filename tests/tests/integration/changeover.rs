//! From the old system to this one, as an IT head does it: rehearse, back up, run, prove, switch over, sign.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::firm::{Firm, Import};
use tests::{binary, wait_until};
use tools::generator::{self, Options};

/// What a person at a counter of Chur reads on the page of the day.
async fn read_at_the_counter(firm: &Firm<2>) -> Result<String> {
    let [chur, _] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    anna.read("/today").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_it_head_rehearses_backs_up_switches_over_and_signs() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let folder = firm.directory();
    let source = folder.join("werkstatt.sql");
    let options = Options {
        orders: 150,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;

    let sheet = folder.join("probelauf.html");
    let sheet_path = sheet.to_str().context("a path in letters")?;
    let (ended, rehearsal) = import.verb("rehearse", &["--html", sheet_path]).await?;
    ensure!(ended.success(), "the rehearsal: {rehearsal}");
    ensure!(rehearsal["restored_alike"] == true, "{rehearsal}");
    let html = std::fs::read_to_string(&sheet)?;
    ensure!(
        html.contains("Probelauf der Übernahme"),
        "no report: {html}"
    );
    let rejected: u64 = rehearsal["rejects"].as_array().map_or(0, |rejects| {
        rejects
            .iter()
            .filter_map(|group| group["rows"].as_u64())
            .sum()
    });

    let hub = firm.hub.url().to_owned();
    let accept = rejected.to_string();
    let cutover = ["--hub", &hub, "--accept-rejects", &accept];
    let data = firm.hub.data().to_str().context("a path in letters")?;
    let (ended, backup) = import.verb("backup", &["--hub-data", data]).await?;
    ensure!(ended.success(), "{backup}");
    ensure!(
        backup["manifest"]["target_documents"].as_u64() > Some(0),
        "{backup}"
    );

    let report = import.run(&firm.hub).await?;
    ensure!(report["documents"].as_u64() > Some(0), "{report}");
    let (ended, verified) = import.verb("verify", &["--hub", &hub, "--sums"]).await?;
    ensure!(ended.success(), "{verified}");
    let sums = &verified["reconciliation"];
    ensure!(sums["differences"] == 0, "{sums}");
    ensure!(sums["total"]["source"]["orders"] == 150, "{sums}");

    firm.wait_identical().await?;
    let (ended, dry) = import
        .verb("cutover", &[&cutover[..], &["--dry-run"]].concat())
        .await?;
    ensure!(ended.success() && dry["go"] == true, "{dry}");
    ensure!(dry["switched"] == false, "a dry run switched over: {dry}");
    ensure!(
        !read_at_the_counter(&firm).await?.contains("alte System"),
        "a dry run told the counters"
    );

    let (ended, switched) = import.verb("cutover", &cutover).await?;
    ensure!(
        ended.success() && switched["switched"] == true,
        "{switched}"
    );
    ensure!(switched["looked_for"].as_u64() >= Some(10), "{switched}");
    ensure!(
        switched["downtime_seconds"].as_f64() > Some(0.0),
        "{switched}"
    );
    firm.wait_identical().await?;
    let page = read_at_the_counter(&firm).await?;
    ensure!(
        page.contains("ist abgeschaltet"),
        "the counter was not told: {page}"
    );

    let (ended, certificate) = import
        .verb("certify", &["--hub", &hub, "--by", "Rita Caduff, IT"])
        .await?;
    ensure!(ended.success(), "{certificate}");
    let paper = std::fs::read_to_string(folder.join("werkstatt.certificate.html"))?;
    let checksum = certificate["checksum"].as_str().context("no checksum")?;
    ensure!(
        paper.contains(checksum),
        "the paper is of another certificate"
    );
    let (_, status) = import.verb("status", &[]).await?;
    ensure!(status["next"] == "done", "{status}");
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ready_is_a_no_go_and_nobody_is_told_anything() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let options = Options {
        orders: 40,
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    import.run(&firm.hub).await?;
    let hub = firm.hub.url().to_owned();

    let (ended, refused) = import.verb("cutover", &["--hub", &hub]).await?;

    ensure!(
        ended.code() == Some(1) && refused["go"] == false,
        "{refused}"
    );
    let checks = refused["checks"].as_array().context("no checks")?;
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check["passed"] == false)
        .filter_map(|check| check["code"].as_str())
        .collect();
    ensure!(
        failed.contains(&"rehearsed") && failed.contains(&"backup_fresh"),
        "{failed:?}"
    );
    let standing = firm.hub.get("/sync/v1/changeover").await?;
    ensure!(is_told_nowhere(&standing), "{standing}");
    let (_, status) = import.verb("status", &[]).await?;
    ensure!(
        status["steps"]["cutover"]["outcome"] == "differences",
        "{status}"
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_switched_over_orders_go_on_and_the_offices_lists_stay() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let path = "/sync/v1/changeover";
    let tell = json!({ "state": "switching_off", "system": "Werkstatt <98>", "minutes": 30 });
    let told = firm.hub.post(path, &tell).await?;
    ensure!(told["branches"] == 2, "{told}");

    let refused = firm.hub.hire("Dora", "counter", "4711").await;
    let reason = format!(
        "{:#}",
        refused.err().context("the office's lists were changed")?
    );
    ensure!(reason.contains("switching_over"), "{reason}");
    ensure!(
        firm.hub
            .read("/")
            .await?
            .contains("«Werkstatt <98>» wird gerade abgeschaltet")
    );
    let [chur, _] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    wait_until("the counters are told", async || {
        let page = anna.read("/today").await.ok()?;
        page.contains("Das alte System «Werkstatt <98>»")
            .then_some(())
    })
    .await?;

    firm.hub.post(path, &json!({ "state": "none" })).await?;
    firm.hub.hire("Dora", "counter", "4711").await?;
    let standing = firm.hub.get(path).await?;
    ensure!(is_told_nowhere(&standing), "{standing}");
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_checked_before_anything_is_put_back() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    generator::generate(
        &Options {
            orders: 30,
            ..Options::default()
        },
        &source,
    )?;
    let import = Import::planned(&source, "Chur").await?;
    let folder = firm.directory().join("sicherung");
    let folder_path = folder.to_str().context("a path in letters")?;
    let data = firm.hub.data().to_str().context("a path in letters")?;
    let (ended, backup) = import
        .verb("backup", &["--hub-data", data, "--to", folder_path])
        .await?;
    ensure!(ended.success(), "{backup}");

    let mut restore = binary("offpiste-import")?;
    restore
        .arg("restore")
        .arg(&folder)
        .arg("--source-to")
        .arg(&source);
    let output = tokio::process::Command::from(restore).output().await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(2) && words.contains("--replace"),
        "{words}"
    );

    let again = firm.directory().join("again");
    let mut restore = binary("offpiste-import")?;
    restore
        .arg("restore")
        .arg(&folder)
        .arg("--hub-data")
        .arg(&again);
    let output = tokio::process::Command::from(restore).output().await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{words}");
    ensure!(again.join("store").is_dir(), "the hub's store is not there");

    let copy = folder.join("source/werkstatt.sql");
    let mut bytes = std::fs::read(&copy)?;
    *bytes.last_mut().context("an empty dump")? ^= 1;
    std::fs::write(&copy, bytes)?;
    let mut check = binary("offpiste-import")?;
    check.arg("restore").arg(&folder).arg("--check");
    let output = tokio::process::Command::from(check).output().await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(2) && words.contains("is not what was backed up"),
        "{words}"
    );
    firm.close().await
}

fn is_told_nowhere(standing: &Value) -> bool {
    standing["branches"]
        .as_array()
        .is_some_and(|branches| branches.iter().all(|branch| branch["changeover"].is_null()))
}
