//! Backups of a firm at work, stores put back, stores copied, stores damaged: what was acknowledged comes back, nothing
//! comes twice, and nobody starts with less than there was without saying so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::firm::{Branch, Counter, Firm, NewOrder, Taken, Verb};
use tests::wait_until;

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_and_everything_is_verified_while_orders_are_taken_in() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let before = take_in_some(&anna, 5).await?;
    let files = [
        firm.directory().join("chur.backup"),
        firm.directory().join("hub.backup"),
    ];
    let [of_chur, of_hub] = files.each_ref().map(|file| path(file));

    let (backups, during) = tokio::join!(
        async {
            let of_branch = chur.verb(&["backup", of_chur]).await?.succeeded()?;
            let of_the_hub = firm.hub.verb(&["backup", of_hub]).await?.succeeded()?;
            let looked = chur.verb(&["verify", "--json"]).await?.succeeded()?;
            firm.hub.verb(&["verify", "--json"]).await?.succeeded()?;
            Ok::<_, anyhow::Error>([of_branch, of_the_hub, looked])
        },
        take_in_some(&anna, 20)
    );
    let [of_branch, _, looked] = backups?;
    during?;
    ensure!(
        of_branch.text().contains("backup of Chur"),
        "{}",
        of_branch.text()
    );
    ensure!(looked.json()?["sound"] == true, "{}", looked.text());

    chur.wait_identical().await?;
    for (program, file) in [("offpiste-branch", of_chur), ("offpiste-hub", of_hub)] {
        let nowhere = firm.directory().join("nowhere");
        Verb::run(program, &["verify", file], &nowhere)
            .await?
            .succeeded()?;
    }
    // What was acknowledged before the backup began is in it.
    let elsewhere = firm.directory().join("elsewhere");
    let restored = Verb::run(
        "offpiste-branch",
        &["restore", of_chur, "--json"],
        &elsewhere,
    )
    .await?;
    let documents = restored.succeeded()?.json()?["summary"]["documents"].as_u64();
    ensure!(
        documents.unwrap_or_default() >= before.len() as u64,
        "{documents:?}"
    );
    Verb::run("offpiste-branch", &["verify"], &elsewhere)
        .await?
        .succeeded()?;

    // A backup is not put over data, nor over what another program made.
    let refused = chur.verb(&["restore", of_chur]).await?;
    ensure!(
        !refused.is_success && refused.text().contains("running"),
        "{}",
        refused.text()
    );
    let wrong = Verb::run(
        "offpiste-branch",
        &["restore", of_hub],
        &firm.directory().join("wrong"),
    )
    .await?;
    ensure!(
        !wrong.is_success && wrong.text().contains("offpiste-hub restore"),
        "{}",
        wrong.text()
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_put_back_gets_from_its_branches_what_its_backup_lacked() -> Result<()> {
    let mut firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let (anna, beat) = (
        chur.sign_in(&firm.anna).await?,
        davos.sign_in(&firm.beat).await?,
    );
    let mut taken = take_in_some(&anna, 3).await?;
    taken.extend(take_in_some(&beat, 3).await?);
    let file = firm.directory().join("hub.backup");
    firm.hub.verb(&["backup", path(&file)]).await?.succeeded()?;
    // After the backup: new orders, and changes to those that are in it.
    anna.cash(&taken[0]).await?;
    taken.extend(take_in_some(&anna, 3).await?);
    beat.cash(&taken[3]).await?;
    taken.extend(take_in_some(&beat, 3).await?);
    chur.wait_identical().await?;
    davos.wait_identical().await?;

    firm.hub.process().terminate().await?;
    let refused = firm.hub.verb(&["restore", path(&file)]).await?;
    ensure!(
        !refused.is_success && refused.text().contains("--replace"),
        "{}",
        refused.text()
    );
    let restored = firm
        .hub
        .verb(&["restore", path(&file), "--replace"])
        .await?
        .succeeded()?;
    ensure!(restored.text().contains("epoch"), "{}", restored.text());
    firm.hub.start_again().await?;
    for branch in &firm.branches {
        branch.follow(&firm.hub)?;
    }
    let mut orders_lacking: BTreeSet<&str> = taken.iter().map(|order| order.id.as_str()).collect();
    firm.wait_identical().await?;
    for order in &taken {
        if firm
            .hub
            .page(&format!("/orders/{}", order.id))
            .await
            .is_ok()
        {
            orders_lacking.remove(order.id.as_str());
        }
    }
    ensure!(
        orders_lacking.is_empty(),
        "the hub lacks {orders_lacking:?}"
    );
    ensure!(
        firm.hub.count_orders().await? == taken.len(),
        "an order is there twice or not at all"
    );
    for (counter, order) in [(&anna, &taken[0]), (&beat, &taken[3])] {
        let payments = counter.order(&order.id).await?["payments"]
            .as_array()
            .map(Vec::len);
        ensure!(payments == Some(1), "{payments:?} payments");
    }
    firm.hub.verb(&["verify"]).await?.succeeded()?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_put_back_gets_from_its_branches_what_the_office_wrote_and_says_what_is_missing()
-> Result<()> {
    let mut firm = Firm::open(["Chur", "Davos"]).await?;
    let recovery = firm.hub.read("/recovery").await?;
    ensure!(recovery.contains("nie zurückgesetzt"), "{recovery}");
    let file = firm.directory().join("hub.backup");
    firm.hub.verb(&["backup", path(&file)]).await?.succeeded()?;
    // After the backup the office hires somebody, and every branch hears of it.
    let carla = firm.hub.hire("Carla Nova", "counter", "4711").await?;
    for branch in &firm.branches {
        branch.wait_identical().await?;
        branch.sign_in(&carla).await?;
    }
    let [chur, davos] = &firm.branches;
    davos.line().cut();
    firm.hub.process().terminate().await?;
    let restore = ["restore", path(&file), "--replace"];
    firm.hub.verb(&restore).await?.succeeded()?;
    firm.hub.start_again().await?;
    let staff = firm.hub.read("/staff").await?;
    ensure!(!staff.contains("Carla Nova"), "the backup had her: {staff}");

    // One branch comes back; the page says what it gave back and who is still to come.
    chur.follow(&firm.hub)?;
    chur.wait_identical().await?;
    let said = wait_until("Chur has given back", async || {
        let said = firm.hub.read("/recovery").await.ok()?;
        said.contains("Carla Nova").then_some(said)
    })
    .await?;
    let awaited = said.split_once("Noch nicht fertig:").context("all came")?.1;
    ensure!(awaited.contains("Davos"), "{said}");
    ensure!(firm.hub.read("/staff").await?.contains("Carla Nova"));
    ensure!(
        firm.hub
            .read("/")
            .await?
            .contains("noch nicht alles ist zurück")
    );

    davos.line().mend();
    davos.follow(&firm.hub)?;
    davos.wait_identical().await?;
    wait_until("nobody is awaited any more", async || {
        let said = firm.hub.read("/recovery").await.ok()?;
        (!said.contains("Noch nicht fertig:")).then_some(())
    })
    .await?;
    davos.sign_in(&carla).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_put_back_reuses_no_identity_and_doubles_nothing() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let file = firm.directory().join("chur.backup");
    let [chur] = &mut firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let mut taken = take_in_some(&anna, 3).await?;
    chur.wait_identical().await?;
    // One order waits in the backup, and reaches the hub after it was made.
    chur.line().cut();
    taken.extend(take_in_some(&anna, 1).await?);
    chur.verb(&["backup", path(&file)]).await?.succeeded()?;
    chur.line().mend();
    anna.cash(&taken[0]).await?;
    taken.extend(take_in_some(&anna, 4).await?);
    chur.wait_identical().await?;
    let before = life(chur).await?;

    chur.process().terminate().await?;
    let restored = chur
        .verb(&["restore", path(&file), "--replace"])
        .await?
        .succeeded()?;
    ensure!(
        restored.text().contains("new identity"),
        "{}",
        restored.text()
    );
    // The first orders after it are taken in before there is any contact.
    chur.line().cut();
    chur.start_again().await?;
    let anna = chur.sign_in(&firm.anna).await?;
    taken.extend(take_in_some(&anna, 3).await?);
    ensure!(
        life(chur).await? != before,
        "it writes under the identity of before"
    );
    chur.line().mend();
    chur.wait_identical().await?;

    all_are_there_once(&firm, &anna, &taken).await?;
    let payments = anna.order(&taken[0].id).await?["payments"]
        .as_array()
        .map(Vec::len);
    ensure!(payments == Some(1), "{payments:?} payments");
    firm.branches[0].verb(&["verify"]).await?.succeeded()?;
    firm.hub.verb(&["verify"]).await?.succeeded()?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_from_one_copied_directory_never_share_an_identity() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let directory = firm.directory().to_owned();
    let [chur] = &mut firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let mut taken = take_in_some(&anna, 2).await?;
    chur.wait_identical().await?;
    chur.process().terminate().await?;
    let (kept, copied) = (chur.data().to_owned(), directory.join("copy"));
    copy(&kept, &copied)?;
    chur.start_again().await?;
    let mut anna = anna;
    anna.follow(chur);
    taken.extend(take_in_some(&anna, 2).await?);
    let of_the_original = life(chur).await?;
    chur.wait_identical().await?;
    chur.process().terminate().await?;

    // The copy works in the original's place, with the same key for the hub.
    fs::rename(&kept, directory.join("original"))?;
    fs::rename(&copied, &kept)?;
    chur.start_again().await?;
    anna.follow(chur);
    taken.extend(take_in_some(&anna, 2).await?);
    ensure!(
        life(chur).await? != of_the_original,
        "both write under one identity"
    );
    chur.wait_identical().await?;
    all_are_there_once(&firm, &anna, &taken).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_branch_says_so_and_repair_brings_every_order_back() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let image = firm.directory().join("image");
    let [chur] = &mut firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let at_the_hub = take_in_some(&anna, 12).await?;
    chur.wait_identical().await?;
    chur.line().cut();
    let only_here = take_in_some(&anna, 2).await?;
    chur.process().kill()?;
    copy(chur.data(), &image)?;
    chur.line().mend();

    let mut damaged = 0;
    for damage in every_damage(&image)? {
        fs::remove_dir_all(chur.data())?;
        copy(&image, chur.data())?;
        damage.inflict(chur.data())?;
        let mut is_complete = true;
        if let Err(refusal) = chur.start_again().await {
            damaged += 1;
            let text = format!("{refusal:#}");
            ensure!(
                text.contains("offpiste-branch repair --data") && !text.contains("panicked"),
                "{damage:?}: {text}"
            );
            let repaired = chur.verb(&["repair"]).await?;
            let repaired = repaired
                .succeeded()
                .with_context(|| format!("{damage:?}"))?;
            is_complete = repaired.text().contains("everything that is known");
            chur.start_again()
                .await
                .with_context(|| format!("{damage:?}: {}", repaired.text()))?;
        }
        let anna = chur.sign_in(&firm.anna).await?;
        chur.wait_identical()
            .await
            .with_context(|| format!("{damage:?}"))?;
        for order in &at_the_hub {
            let found = anna.order(&order.id).await;
            found.with_context(|| format!("{damage:?}: {} had reached the hub", order.ticket))?;
        }
        for order in &only_here {
            let found = anna.order(&order.id).await;
            ensure!(
                found.is_ok() || !is_complete,
                "{damage:?}: {} is gone in silence",
                order.ticket
            );
        }
        chur.verb(&["verify"])
            .await?
            .succeeded()
            .with_context(|| format!("{damage:?}"))?;
        chur.process().terminate().await?;
    }
    ensure!(
        damaged >= 5,
        "only {damaged} damages were noticed; are they none?"
    );
    chur.start_again().await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_hub_says_so_and_its_branches_bring_everything_back() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let anna = firm.branches[0].sign_in(&firm.anna).await?;
    let mut taken = take_in_some(&anna, 6).await?;
    firm.branches[0].wait_identical().await?;
    // A hub that was started again has what it knew before in its database file, and what came since in the journal.
    firm.hub.process().terminate().await?;
    firm.hub.start_again().await?;
    firm.branches[0].follow(&firm.hub)?;
    taken.extend(take_in_some(&anna, 2).await?);
    firm.branches[0].wait_identical().await?;
    let backup = firm.directory().join("hub.backup");
    firm.hub
        .verb(&["backup", path(&backup)])
        .await?
        .succeeded()?;
    firm.hub.process().kill()?;
    let image = firm.directory().join("image");
    copy(firm.hub.data(), &image)?;
    let mut damaged = 0;
    for damage in every_damage(&image)? {
        fs::remove_dir_all(firm.hub.data())?;
        copy(&image, firm.hub.data())?;
        damage.inflict(firm.hub.data())?;
        if let Err(refusal) = firm.hub.start_again().await {
            damaged += 1;
            let text = format!("{refusal:#}");
            ensure!(
                text.contains("offpiste-hub repair --data") && !text.contains("panicked"),
                "{damage:?}: {text}"
            );
            let repaired = firm.hub.verb(&["repair"]).await?;
            if !repaired.is_success {
                // Nothing that could be read is left, and that is said. What the office alone knew is in the backup.
                let text = repaired.text();
                ensure!(text.contains("backup"), "{damage:?}: {text}");
                firm.hub
                    .verb(&["restore", path(&backup), "--replace"])
                    .await?
                    .succeeded()
                    .with_context(|| format!("{damage:?}: {text}"))?;
            }
            firm.hub
                .start_again()
                .await
                .with_context(|| format!("{damage:?}: {}", repaired.text()))?;
        }
        let [chur] = &firm.branches;
        chur.follow(&firm.hub)?;
        // What the office alone wrote comes back from nobody; then both differ, and the branch says so.
        chur.line().drop_connections();
        for order in &taken {
            let page = format!("/orders/{}", order.id);
            wait_until("the office has it again", async || {
                firm.hub.page(&page).await.ok()
            })
            .await
            .with_context(|| format!("{damage:?}: {}", order.ticket))?;
        }
        wait_until("the branch says how both stand", async || {
            let facts = chur.sync_facts().await.ok()?;
            let is_said = facts.is_identical || facts.all["differs_since"].is_string();
            (facts.pending == 0 && is_said).then_some(())
        })
        .await
        .with_context(|| format!("{damage:?}"))?;
        all_are_there_once(&firm, &anna, &taken)
            .await
            .with_context(|| format!("{damage:?}"))?;
        firm.hub.process().terminate().await?;
    }
    ensure!(
        damaged >= 4,
        "only {damaged} damages were noticed; are they none?"
    );
    // A hub whose store is gone does not begin as a new one.
    fs::remove_dir_all(firm.hub.data().join("store"))?;
    let refusal = firm
        .hub
        .start_again()
        .await
        .err()
        .context("it began anew")?;
    ensure!(format!("{refusal:#}").contains("is gone"), "{refusal:#}");
    Ok(())
}

/// What happens to a file of a data directory, at a percentage of its length.
#[derive(Clone, Debug)]
enum Damage {
    Cut(PathBuf, usize),
    Flip(PathBuf, usize),
    Remove(PathBuf),
}

/// Everything that may happen to each file of the store and to the lists beside it.
fn every_damage(data: &Path) -> Result<Vec<Damage>> {
    let mut files = vec![PathBuf::from("lists.sqlite")];
    files_below(data, Path::new("store"), &mut files)?;
    ensure!(files.len() > 2, "a store of no files? {files:?}");
    let mut all = Vec::new();
    for file in files {
        if fs::metadata(data.join(&file))?.len() == 0 {
            continue;
        }
        all.extend([0, 40, 97].map(|percent| Damage::Cut(file.clone(), percent)));
        all.extend([0, 10, 80].map(|percent| Damage::Flip(file.clone(), percent)));
        all.push(Damage::Remove(file));
    }
    Ok(all)
}

fn files_below(data: &Path, directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(data.join(directory))? {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files_below(data, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

impl Damage {
    fn inflict(&self, data: &Path) -> Result<()> {
        /// Bytes of a damaged spot.
        const SPOT: usize = 32;
        match self {
            Self::Cut(file, percent) => {
                let mut bytes = fs::read(data.join(file))?;
                bytes.truncate(bytes.len() * percent / 100);
                fs::write(data.join(file), bytes)?;
            }
            Self::Flip(file, percent) => {
                let mut bytes = fs::read(data.join(file))?;
                let at = bytes.len() * percent / 100;
                for byte in bytes.iter_mut().skip(at).take(SPOT) {
                    *byte ^= 0x5a;
                }
                fs::write(data.join(file), bytes)?;
            }
            Self::Remove(file) => fs::remove_file(data.join(file))?,
        }
        Ok(())
    }
}

async fn all_are_there_once<const N: usize>(
    firm: &Firm<N>,
    counter: &Counter,
    taken: &[Taken],
) -> Result<()> {
    for order in taken {
        ensure!(
            counter.order(&order.id).await?["ticket"] == order.ticket,
            "{} is another order now",
            order.ticket
        );
        firm.hub.page(&format!("/orders/{}", order.id)).await?;
    }
    let tickets: BTreeSet<&str> = taken.iter().map(|order| order.ticket.as_str()).collect();
    ensure!(
        tickets.len() == taken.len(),
        "a ticket number was given twice"
    );
    let at_the_office = firm.hub.count_orders().await?;
    ensure!(
        at_the_office == taken.len(),
        "{} orders were taken in, the office has {at_the_office}",
        taken.len()
    );
    Ok(())
}

async fn take_in_some(counter: &Counter, count: usize) -> Result<Vec<Taken>> {
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        let new = NewOrder {
            name: "Ursina Müller",
            phone: "081 555 01 23",
            item: "Tourenski",
            services: 1,
            pickup: None,
        };
        taken.push(counter.take_in(&new).await?);
    }
    Ok(taken)
}

/// The identity that a branch writes under.
async fn life(branch: &Branch) -> Result<u64> {
    let verified = branch.verb(&["verify", "--json"]).await?.succeeded()?;
    let life = verified.json()?["header"]["life"].as_u64();
    life.context("no identity")
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
