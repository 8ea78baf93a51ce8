//! What goes wrong with real machines: killed at any moment, hung, disks without room, cables pulled, lines that are slow and
//! lose what they carry. Nothing acknowledged is lost, nothing is doubled, and the counters go on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::faults::{Settings, run};
use tests::firm::{Branch, Counter, Firm, Hub, NewOrder, Taken};
use tests::sim::random::Random;
use tests::{Network, SmallDisk};
use uuid::Uuid;

/// Far more orders than the small disks have room for.
const MOST: usize = 5_000;

/// Kills of the hub and of branches in each run of the tests. `cargo run --release -p tests --bin faults` plays as many as wanted.
const ROUNDS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn hub_and_branches_are_killed_at_random_moments_and_nothing_is_lost_or_doubled() -> Result<()>
{
    let settings = Settings {
        hub_rounds: ROUNDS,
        branch_rounds: ROUNDS,
        seed: 20_261_127,
    };
    let report = run(settings, |_| {}).await?;
    ensure!(report.violations == 0, "{report:?}");
    ensure!(
        report.rounds == 2 * ROUNDS && report.orders > 0 && report.payments > 0,
        "{report:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_go_on_while_the_hub_hangs_and_nothing_is_doubled_when_it_goes_on() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let mut taken = vec![take_in(&anna, None).await?];
    chur.wait_identical().await?;

    firm.hub.process().freeze()?;
    for _ in 0..5 {
        // Pages, forms and answers, with a hub that takes connections and says nothing.
        taken.push(take_in(&anna, Some("Davos")).await?);
        taken.push(take_in(&beat, None).await?);
        anna.page("/today").await?;
    }
    anna.cash(&taken[0]).await?;
    firm.hub.process().thaw()?;

    firm.wait_identical().await?;
    paid_once(&anna, &taken[0]).await?;
    everything_is_there_once(&firm.hub, &anna, &taken).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_hangs_in_the_middle_answers_when_it_goes_on_and_does_nothing_twice()
-> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let mut taken = vec![take_in(&anna, None).await?];
    chur.wait_identical().await?;

    chur.process().freeze()?;
    let asking = {
        let anna = anna.clone();
        tokio::spawn(async move { take_in(&anna, Some("Davos")).await })
    };
    // The others and the office work meanwhile.
    taken.push(take_in(&beat, None).await?);
    davos.wait_identical().await?;
    ensure!(
        firm.hub.count_orders().await? == 2,
        "the office waits for a branch that hangs"
    );
    ensure!(!asking.is_finished(), "a stopped process answers");
    chur.process().thaw()?;
    taken.push(asking.await??);

    firm.wait_identical().await?;
    everything_is_there_once(&firm.hub, &anna, &taken).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_whose_disk_is_full_says_so_loses_nothing_and_goes_on_when_there_is_room()
-> Result<()> {
    let firm = Firm::open([]).await?;
    let disk = SmallDisk::mount(&firm.directory().join("disk"), 24)?;
    let mut chur = Branch::open(&firm.hub, "Chur", &firm.directory().join("disk/chur")).await?;
    let mut anna = chur.sign_in(&firm.anna).await?;
    let mut taken = vec![take_in(&anna, None).await?];
    chur.wait_identical().await?;

    chur.line().cut();
    disk.fill()?;
    let service = first_service(&anna).await?;
    let mut dice = Random::of(24, 0);
    let (unanswered, refused) = loop {
        ensure!(
            taken.len() < MOST,
            "{MOST} orders found room on a full disk"
        );
        let id = Uuid::now_v7();
        match take_in_bulky(&anna, id, &service, &mut dice).await {
            Ok(order) => taken.push(order),
            Err(refused) => break (id, format!("{refused:#}")),
        }
    };
    says_what_is_safe(&refused)?;
    disk.make_room()?;
    // A failed write leaves nobody knowing what the disk holds: the daemon has ended, and its keeper starts it.
    chur.process().wait_for_end().await?;
    says_that_it_is_full(&chur.process().lines())?;
    chur.start_again().await?;
    anna.follow(&chur);
    for order in &taken {
        anna.order(&order.id)
            .await
            .with_context(|| format!("{} was acknowledged", order.ticket))?;
    }
    // Whether the one that was refused is there is not known; the page asks again under the same id, and then it is there once.
    taken.push(take_in_bulky(&anna, unanswered, &service, &mut dice).await?);
    chur.line().mend();
    chur.wait_identical().await?;
    everything_is_there_once(&firm.hub, &anna, &taken).await?;
    chur.verb(&["verify"]).await?.succeeded()?;
    chur.process().terminate().await?;
    drop(chur);
    drop(disk);
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_disk_is_full_acknowledges_nothing_and_goes_on_when_there_is_room() -> Result<()>
{
    let firm = Firm::open([]).await?;
    let disk = SmallDisk::mount(&firm.directory().join("disk"), 24)?;
    let mut hub = Hub::start(&firm.directory().join("disk/hub")).await?;
    let anna = hub.hire("Anna Caduff", "counter", "1357").await?;
    let chur = Branch::open(&hub, "Chur", &firm.directory().join("chur")).await?;
    let anna = chur.sign_in(&anna).await?;
    let mut taken = vec![take_in(&anna, None).await?];
    chur.wait_identical().await?;

    disk.fill()?;
    let client = tests::http_client(|builder| builder)?;
    let service = first_service(&anna).await?;
    let mut dice = Random::of(25, 0);
    let said = loop {
        ensure!(
            taken.len() < MOST,
            "{MOST} orders found room on a full disk"
        );
        taken.push(take_in_bulky(&anna, Uuid::now_v7(), &service, &mut dice).await?);
        match client.get(hub.at("/readyz")).send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => break answer.text().await.unwrap_or_default(),
            // It has ended; what it said is in its output.
            Err(_) => break String::new(),
        }
    };
    // The branch is not concerned: it takes in, and keeps what the hub has not acknowledged.
    for _ in 0..5 {
        taken.push(take_in(&anna, None).await?);
    }
    let waiting = chur.sync_facts().await?.pending;
    ensure!(waiting > 0, "the hub has no room and took everything");
    let mut said: Vec<String> = said.lines().map(str::to_owned).collect();
    said.extend(hub.process().lines());
    says_that_it_is_full(&said)?;

    disk.make_room()?;
    hub.process().kill()?;
    hub.start_again().await?;
    chur.follow(&hub)?;
    chur.wait_identical().await?;
    everything_is_there_once(&hub, &anna, &taken).await?;
    hub.verb(&["verify"]).await?.succeeded()?;
    chur.process().terminate().await?;
    hub.process().terminate().await?;
    drop((chur, hub));
    drop(disk);
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_cable_and_one_that_carries_one_way_only_lose_and_double_nothing() -> Result<()> {
    let network = Network::lay()?;
    let firm = Firm::open_across(&network, ["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let mut taken = vec![take_in(&anna, Some("Davos")).await?];
    chur.wait_identical().await?;
    davos.wait_identical().await?;

    network.pull()?;
    for _ in 0..3 {
        taken.push(take_in(&anna, Some("Davos")).await?);
        taken.push(take_in(&beat, None).await?);
    }
    anna.cash(&taken[0]).await?;
    ensure!(
        chur.sync_facts().await?.pending > 0,
        "it went through a pulled cable"
    );
    network.plug()?;
    firm.wait_identical().await?;

    // What is sent arrives and is done, and no answer comes back: it is asked again, and done once.
    network.mute()?;
    taken.push(take_in(&anna, Some("Davos")).await?);
    anna.cash(&taken[1]).await?;
    ensure!(
        chur.sync_facts().await?.pending > 0,
        "nobody can have told it"
    );
    network.unmute()?;
    firm.wait_identical().await?;
    for order in &taken[..2] {
        paid_once(&anna, order).await?;
    }
    everything_is_there_once(&firm.hub, &anna, &taken).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_lines_that_break_off_anywhere_and_fail_one_way_lose_and_double_nothing() -> Result<()>
{
    /// What happens to the lines, drawn anew for each order.
    const TROUBLES: usize = 40;
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let mut taken = Vec::new();
    let mut dice = Random::of(39, 0);
    for _ in 0..TROUBLES {
        for (branch, counter) in [(chur, &anna), (davos, &beat)] {
            let line = branch.line();
            match dice.below(7) {
                0 => line.throttle(Duration::from_millis(40), 20_000),
                1 => line.break_answers_after(dice.millis(0, 900)),
                2 => line.drop_connections(),
                3 => line.cut_requests(),
                4 => line.cut_answers(),
                5 => line.refuse(),
                _ => line.mend(),
            }
            let other = if branch.name() == "Chur" {
                "Davos"
            } else {
                "Chur"
            };
            taken.push(take_in(counter, Some(other)).await?);
        }
    }
    anna.cash(&taken[0]).await?;
    for branch in &firm.branches {
        branch.line().mend();
    }
    firm.wait_identical().await?;
    // Once more, for what the second had still to bring when the first had all.
    firm.wait_identical().await?;
    paid_once(&beat, &taken[0]).await?;
    for counter in [&anna, &beat] {
        everything_is_there_once(&firm.hub, counter, &taken).await?;
    }
    firm.close().await
}

async fn take_in(counter: &Counter, pickup: Option<&str>) -> Result<Taken> {
    let new = NewOrder {
        name: "Ursina Müller",
        phone: "081 555 01 23",
        item: "Tourenski",
        services: 1,
        pickup,
    };
    counter.take_in(&new).await
}

/// An order with a long note, so that a disk is full before the test is old. What is returned is acknowledged.
async fn take_in_bulky(
    counter: &Counter,
    id: Uuid,
    service: &Value,
    dice: &mut Random,
) -> Result<Taken> {
    // Digits that no packing makes much smaller.
    let mut note = String::new();
    while note.len() < 11_000 {
        note += &dice.number().to_string();
    }
    let body = json!({
        "order": id,
        "customer": { "name": "Ursina Müller", "phone": "081 555 01 23" },
        "priority": "standard",
        "note": note,
        "items": [{ "label": "Tourenski", "services": [{ "service": service }] }],
    });
    let reply = counter.post("/api/v1/orders", &body).await?;
    let ticket = reply["ticket"].as_str().context("no ticket")?;
    Ok(Taken {
        id: id.to_string(),
        ticket: ticket.to_owned(),
    })
}

async fn first_service(counter: &Counter) -> Result<Value> {
    Ok(counter.json("/api/v1/catalogue").await?["services"][0]["id"].clone())
}

fn says_what_is_safe(refused: &str) -> Result<()> {
    let is_said = refused.contains("saved") || refused.contains("gespeichert");
    ensure!(
        is_said,
        "it does not say whether the order is saved: {refused}"
    );
    Ok(())
}

fn says_that_it_is_full(lines: &[String]) -> Result<()> {
    let is_said = lines.iter().any(|line| {
        let line = line.to_lowercase();
        line.contains("no space left")
            || line.contains("disk is full")
            || line.contains("storage full")
    });
    ensure!(
        is_said,
        "nothing says that the disk is full:\n{}",
        lines.join("\n")
    );
    Ok(())
}

async fn paid_once(counter: &Counter, order: &Taken) -> Result<()> {
    let payments = counter.order(&order.id).await?["payments"].clone();
    ensure!(
        payments.as_array().map(Vec::len) == Some(1),
        "{}: {payments}",
        order.ticket
    );
    Ok(())
}

async fn everything_is_there_once(hub: &Hub, counter: &Counter, taken: &[Taken]) -> Result<()> {
    for order in taken {
        let kept: Value = match counter.order(&order.id).await {
            Ok(kept) => kept,
            // An order of another branch, which this one need not hold.
            Err(_) => hub.order(&order.id).await?,
        };
        ensure!(
            kept["ticket"] == order.ticket,
            "{} became {}",
            order.ticket,
            kept["ticket"]
        );
        hub.page(&format!("/orders/{}", order.id)).await?;
    }
    let listed = hub.count_orders().await?;
    ensure!(
        listed == taken.len(),
        "{} orders were taken in, the office has {listed}",
        taken.len()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_serves_on_and_ends_when_asked_although_nobody_reads_its_log_any_more() -> Result<()>
{
    let directory = tempfile::tempdir()?;
    let mut hub = tests::binary("offpiste-hub")?
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(directory.path().join("hub"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Once it serves, both readers go.
    let said = BufReader::new(hub.stdout.take().context("piped")?);
    let serves = said
        .lines()
        .map_while(Result::ok)
        .any(|line| line.starts_with("listening on "));
    drop(hub.stderr.take());
    ensure!(serves, "it ended: {:?}", hub.wait()?);
    // As a service manager asks.
    let asked = Command::new("kill")
        .args(["-TERM", &hub.id().to_string()])
        .status()?;
    ensure!(asked.success());
    let ended =
        tests::wait_until("the hub has ended", async || hub.try_wait().ok().flatten()).await;
    if ended.is_err() {
        hub.kill()?;
    }
    ensure!(ended?.success());
    Ok(())
}
