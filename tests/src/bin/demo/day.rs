//! The unattended day: each step is done through the pages and then looked at from the other side.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::firm::{Branch, Counter, NewOrder, Taken};
use tests::wait_until;

use crate::scene::Scene;

/// What the day has shown.
pub(crate) struct Proof {
    imported: u64,
    taken_offline: usize,
    conflicts: usize,
    digests: [String; 2],
}

impl Proof {
    /// The last line of `--check`.
    pub(crate) fn json(&self, seconds: f64) -> Value {
        let [chur, davos] = &self.digests;
        let both = Sha256::digest(format!("{chur}{davos}"));
        let digest = both
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        json!({
            "ok": true,
            "imported": self.imported,
            "taken_offline": self.taken_offline,
            "conflicts": self.conflicts,
            // Each branch's own SHA-256 over its scope was equal to the hub's for that scope.
            "converged": true,
            "digest": digest,
            "digests": { "Chur": chur, "Davos": davos },
            "seconds": seconds,
        })
    }
}

/// Runs the day. The first step that is off ends it.
pub(crate) async fn prove(legacy_orders: u64) -> Result<Proof> {
    let diary = Diary::begin();
    let scene = Scene::set(legacy_orders, |what| diary.note(what)).await?;
    let imported = diary
        .step(
            "every row of the old database is accounted for",
            everything_came_over(&scene),
        )
        .await?;
    for branch in &scene.firm.branches {
        diary
            .step(
                &format!("{} holds its part of it", branch.name()),
                branch.wait_identical(),
            )
            .await?;
    }

    let anna = scene.firm.branches[0].sign_in(&scene.firm.anna).await?;
    let beat = scene.davos().sign_in(&scene.firm.beat).await?;
    let travelling = diary
        .step(
            "Chur takes in, for Davos to hand out",
            travelling_order(&anna, &beat),
        )
        .await?;
    let local = diary
        .step(
            "Davos takes in",
            take_in(&beat, "Seraina Favre", "Tourenski Movement", None),
        )
        .await?;
    diary
        .step(
            "both are at the office",
            at_the_office(&scene, &[&travelling, &local]),
        )
        .await?;

    scene.davos().line().cut();
    diary.note("the line to Davos is cut");
    let outage = diary
        .step(
            "both go on working",
            outage(&scene, &anna, &beat, &travelling),
        )
        .await?;
    diary
        .step(
            "Davos knows that the office does not have it yet",
            unsent(&scene, &beat, &outage),
        )
        .await?;

    scene.davos().line().mend();
    diary.note("the line is mended");
    let all: Vec<&Taken> = outage
        .taken_in_davos
        .iter()
        .chain([&outage.taken_in_chur])
        .collect();
    diary
        .step(
            "everything of the outage is at the office",
            at_the_office(&scene, &all),
        )
        .await?;
    diary
        .step(
            "both see what they disagree on, and so does the office",
            conflict_is_seen(&scene, &anna, &beat, &travelling),
        )
        .await?;
    diary
        .step(
            "both payments are there",
            paid_twice(&anna, &beat, &travelling),
        )
        .await?;
    diary
        .step(
            "Davos decides, and it is decided everywhere",
            decided(&scene, &anna, &beat, &travelling),
        )
        .await?;

    let taken_today = 2 + outage.taken_in_davos.len() + 1;
    diary
        .step(
            "the office has every order",
            office_has_all(&scene, imported, taken_today),
        )
        .await?;
    let chur = diary
        .step(
            "Chur and the hub hold the same",
            scene.firm.branches[0].wait_identical(),
        )
        .await?;
    let davos = diary
        .step(
            "Davos and the hub hold the same",
            scene.davos().wait_identical(),
        )
        .await?;
    diary
        .step("nothing was set aside anywhere", nothing_set_aside(&scene))
        .await?;
    diary
        .step("everything ends when asked", scene.firm.close())
        .await?;
    Ok(Proof {
        imported,
        taken_offline: outage.taken_in_davos.len(),
        conflicts: 1,
        digests: [chur, davos],
    })
}

/// What happened while Davos was cut off.
struct Outage {
    taken_in_davos: Vec<Taken>,
    taken_in_chur: Taken,
}

/// The days that the two counters promise without knowing of each other.
const PROMISED_IN_CHUR: &str = "2031-03-14";
const PROMISED_IN_DAVOS: &str = "2031-03-17";

async fn everything_came_over(scene: &Scene) -> Result<u64> {
    let import = &scene.import;
    for (table, rows) in &import.truth.rows {
        let counted = import.report["ledger"][table]["source"].as_u64();
        ensure!(
            counted == Some(*rows),
            "{table} has {rows} rows, the ledger says {counted:?}"
        );
    }
    let sums = &import.report["ledger"]["Aufträge"];
    let migrated = sums["migrated"]
        .as_u64()
        .context("no orders in the ledger")?;
    ensure!(migrated > 0, "no order was imported: {sums}");
    let verified = import.import.verify(scene.hub()).await?;
    ensure!(
        verified["ledger"] == import.report["ledger"],
        "verify counts otherwise: {}",
        verified["ledger"]
    );
    // The hub's lists follow a bulk once it is durable, and are behind it for some moments.
    wait_until(
        format!("the office lists the {migrated} orders that were imported"),
        async || {
            let at_the_office = scene.hub().count_orders().await.ok()?;
            (at_the_office as u64 == migrated).then_some(())
        },
    )
    .await?;
    Ok(migrated)
}

async fn travelling_order(anna: &Counter, beat: &Counter) -> Result<Taken> {
    let order = take_in(anna, "Reto Tschudi", "Rennski Atomic", Some("Davos")).await?;
    wait_until("Davos has the order from Chur", async || {
        beat.order(&order.ticket).await.ok()
    })
    .await?;
    Ok(order)
}

async fn take_in(counter: &Counter, name: &str, item: &str, pickup: Option<&str>) -> Result<Taken> {
    let new = NewOrder {
        name,
        phone: "081 555 01 23",
        item,
        services: 2,
        pickup,
    };
    let order = counter.take_in(&new).await?;
    let ticket = counter.ticket_page(&order).await?;
    ensure!(
        order.is_named_in(&ticket),
        "the ticket of {} does not bear its number",
        order.ticket
    );
    Ok(order)
}

async fn at_the_office(scene: &Scene, orders: &[&Taken]) -> Result<()> {
    for order in orders {
        let page = format!("/orders/{}", order.id);
        wait_until(format!("the office has {}", order.ticket), async || {
            let page = scene.hub().read(&page).await.ok()?;
            order.is_named_in(&page).then_some(())
        })
        .await?;
    }
    Ok(())
}

/// Davos is cut off: people sign in, take in new customers, print and cash; and both branches change the same order.
async fn outage(
    scene: &Scene,
    anna: &Counter,
    beat: &Counter,
    travelling: &Taken,
) -> Result<Outage> {
    // Signing in needs nobody outside: Chiara has never signed in at Davos before.
    scene
        .davos()
        .sign_in(&scene.firm.chiara)
        .await
        .context("signing in without a line")?;
    let beat_again = scene.davos().sign_in(&scene.firm.beat).await?;
    let first = take_in(&beat_again, "Luca Bühler", "Snowboard Custom", None).await?;
    beat.cash(&first).await?;
    let second = take_in(beat, "Amélie Cavelti", "Langlaufski", Some("Chur")).await?;
    let in_chur = take_in(anna, "Ursina Müller", "Skischuh", None).await?;
    anna.cash(&in_chur).await?;

    anna.promise(travelling, PROMISED_IN_CHUR).await?;
    beat.promise(travelling, PROMISED_IN_DAVOS).await?;
    anna.cash(travelling).await?;
    beat.cash(travelling).await?;
    Ok(Outage {
        taken_in_davos: vec![first, second],
        taken_in_chur: in_chur,
    })
}

/// The branch tells the truth about the line, and the cut is a real one.
async fn unsent(scene: &Scene, beat: &Counter, outage: &Outage) -> Result<()> {
    at_the_office(scene, &[&outage.taken_in_chur]).await?;
    let facts = scene.davos().sync_facts().await?;
    ensure!(facts.pending > 0, "Davos says that nothing waits");
    ensure!(
        !facts.is_identical,
        "Davos says that it holds what the office holds"
    );
    for order in &outage.taken_in_davos {
        ensure!(
            scene
                .hub()
                .page(&format!("/orders/{}", order.id))
                .await
                .is_err(),
            "{} came through a cut line",
            order.ticket
        );
        let seen = beat.order(&order.id).await?;
        ensure!(
            seen["whereabouts"]["state"] == "waiting",
            "{} waits, but it says {}",
            order.ticket,
            seen["whereabouts"]
        );
    }
    Ok(())
}

async fn conflict_is_seen(
    scene: &Scene,
    anna: &Counter,
    beat: &Counter,
    order: &Taken,
) -> Result<()> {
    for (name, counter) in [("Chur", anna), ("Davos", beat)] {
        let what = format!("{name} sees what is to be decided about {}", order.ticket);
        let seen = wait_until(what, async || {
            let page = counter.read("/conflicts").await.ok()?;
            order.is_named_in(&page).then_some(page)
        });
        shows_both_days(name, &seen.await?)?;
        let order = counter.order(&order.id).await?;
        let conflicts = order["conflicts"].as_array().map_or(0, Vec::len);
        ensure!(
            conflicts == 1,
            "one conflict was made, {name} sees {}",
            order["conflicts"]
        );
    }
    let office = scene.hub().read("/conflicts").await?;
    ensure!(
        order.is_named_in(&office),
        "the office does not see it: {office}"
    );
    shows_both_days("the office", &office)
}

fn shows_both_days(who: &str, page: &str) -> Result<()> {
    for day in ["14.03.2031", "17.03.2031"] {
        ensure!(page.contains(day), "{who} does not show {day}: {page}");
    }
    Ok(())
}

async fn paid_twice(anna: &Counter, beat: &Counter, order: &Taken) -> Result<()> {
    for counter in [anna, beat] {
        let order = counter.order(&order.id).await?;
        let (total, paid) = (order["total_minor"].as_i64(), order["paid_minor"].as_i64());
        ensure!(
            total > Some(0) && paid == total.map(|total| total * 2),
            "cashed at both tills, but {paid:?} of {total:?} is paid"
        );
        ensure!(
            order["payments"].as_array().map(Vec::len) == Some(2),
            "{}",
            order["payments"]
        );
        ensure!(
            order["money"] == "overpaid",
            "the money is {}",
            order["money"]
        );
    }
    Ok(())
}

async fn decided(scene: &Scene, anna: &Counter, beat: &Counter, order: &Taken) -> Result<()> {
    beat.settle(order, 0).await?;
    let chosen = beat.order(&order.id).await?["promised_on"].clone();
    ensure!(
        chosen == PROMISED_IN_CHUR || chosen == PROMISED_IN_DAVOS,
        "{chosen} was promised by nobody"
    );
    for counter in [anna, beat] {
        wait_until("the decision is here", async || {
            let order = counter.order(&order.id).await.ok()?;
            let is_decided = order["conflicts"].as_array().is_some_and(Vec::is_empty);
            (is_decided && order["promised_on"] == chosen).then_some(())
        })
        .await?;
    }
    wait_until("the office has nothing to decide", async || {
        let page = scene.hub().read("/conflicts").await.ok()?;
        (!order.is_named_in(&page)).then_some(())
    })
    .await
}

async fn office_has_all(scene: &Scene, imported: u64, taken_today: usize) -> Result<()> {
    let count = scene.hub().count_orders().await?;
    let expected = usize::try_from(imported)? + taken_today;
    ensure!(
        count == expected,
        "{imported} imported and {taken_today} taken in, but the office has {count}"
    );
    let overview = scene.hub().read("/").await?;
    for branch in &scene.firm.branches {
        ensure!(
            overview.contains(branch.name()),
            "{} is not in the overview: {overview}",
            branch.name()
        );
    }
    Ok(())
}

async fn nothing_set_aside(scene: &Scene) -> Result<()> {
    for branch in &scene.firm.branches {
        let facts = quiet_facts(branch).await?;
        for count in ["quarantined", "unreadable"] {
            ensure!(
                facts[count] == 0,
                "{}: {count} {}",
                branch.name(),
                facts[count]
            );
        }
        ensure!(
            facts["safe_to_close"] == true,
            "{} is not safe to close: {facts}",
            branch.name()
        );
    }
    Ok(())
}

async fn quiet_facts(branch: &Branch) -> Result<Value> {
    Ok(branch.sync_facts().await?.all)
}

/// Writes down what was done and how long it took, on standard error: standard output ends with the JSON object.
struct Diary {
    start: Instant,
}

impl Diary {
    fn begin() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    fn note(&self, what: &str) {
        eprintln!("{:6.1} s        {what}", self.start.elapsed().as_secs_f64());
    }

    async fn step<T>(&self, what: &str, done: impl Future<Output = Result<T>>) -> Result<T> {
        let start = Instant::now();
        let result = done.await.with_context(|| what.to_owned());
        let mark = if result.is_ok() { "ok " } else { "OFF" };
        eprintln!(
            "{:6.1} s  {mark} {:4.1} s  {what}",
            self.start.elapsed().as_secs_f64(),
            start.elapsed().as_secs_f64()
        );
        result
    }
}
