//! Bad lines of every kind: nothing is lost, nothing is doubled, and the counters go on.

use anyhow::{Context, Result, ensure};
use tests::firm::{Counter, Firm, Form, NewOrder, Taken};
use tests::wait_until;

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_never_arrive_double_nothing() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let order = take_in(&anna, "Reto Tschudi").await?;
    chur.wait_identical().await?;

    // The hub hears and acts; the branch cannot know, and sends again when the line is back.
    chur.line().cut_answers();
    let second = take_in(&anna, "Ursina Müller").await?;
    anna.cash(&order).await?;
    at_the_office(&firm, &second).await?;
    ensure!(
        chur.sync_facts().await?.pending > 0,
        "nobody told the branch that the hub has it"
    );
    chur.line().drop_connections();
    chur.line().mend();

    chur.wait_identical().await?;
    let paid = anna.order(&order.id).await?;
    ensure!(
        paid["payments"].as_array().map(Vec::len) == Some(1),
        "{}",
        paid["payments"]
    );
    ensure!(
        firm.hub.count_orders().await? == 2,
        "two orders were taken in"
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_break_off_anywhere_are_asked_for_again() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    for bytes in [0, 1, 40, 150, 300, 700] {
        davos.line().break_answers_after(bytes);
        let order = take_in_for(&anna, "Luca Rossi", Some("Davos")).await?;
        at_the_office(&firm, &order).await?;
        davos.line().mend();
        davos.wait_identical().await?;
    }
    chur.wait_identical().await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let found = beat.json("/api/v1/search?q=Rossi").await?;
    let found = found["orders"].as_array().map_or(0, Vec::len);
    ensure!(
        found == 6,
        "six orders were sent to Davos, it finds {found}"
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_rebooted_in_the_outage_works_on_and_loses_nothing() -> Result<()> {
    let mut firm = Firm::open(["Davos"]).await?;
    let [davos] = &mut firm.branches;
    let mut beat = davos.sign_in(&firm.beat).await?;
    let before = take_in(&beat, "Amélie Favre").await?;
    davos.wait_identical().await?;
    davos.line().cut();
    let during = take_in(&beat, "Jörg Bühler").await?;
    davos.process().kill()?;
    davos.start_again().await?;

    // Who was signed in still is; who was not can sign in: the PIN is checked here.
    beat.follow(davos);
    let anna = davos.sign_in(&firm.anna).await?;
    for order in [&before, &during] {
        ensure!(
            anna.order(&order.ticket).await?["id"] == order.id,
            "{} is gone",
            order.ticket
        );
    }
    beat.cash(&before).await?;
    let after = take_in(&anna, "Chiara Cavelti").await?;
    let state = davos.sync_facts().await?;
    ensure!(
        state.pending > 0 && state.all["online"] == false,
        "{}",
        state.all
    );

    davos.line().mend();
    davos.wait_identical().await?;
    for order in [&before, &during, &after] {
        firm.hub.page(&format!("/orders/{}", order.id)).await?;
    }
    ensure!(
        firm.hub.count_orders().await? == 3,
        "three orders were taken in"
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_pins_lock_also_without_a_line_and_a_colleague_unlocks() -> Result<()> {
    let mut firm = Firm::open(["Davos"]).await?;
    let [davos] = &mut firm.branches;
    let anna = davos.sign_in(&firm.anna).await?;
    davos.wait_identical().await?;
    davos.line().cut();
    let mut confused = firm.beat.clone();
    "9999".clone_into(&mut confused.pin);
    for _ in 0..3 {
        ensure!(
            davos.sign_in(&confused).await.is_err(),
            "a wrong PIN opened the till"
        );
    }
    ensure!(
        davos.sign_in(&firm.beat).await.is_err(),
        "the right PIN opens what is locked"
    );
    // A lock that a reboot opens is none.
    davos.process().kill()?;
    davos.start_again().await?;
    ensure!(
        davos.sign_in(&firm.beat).await.is_err(),
        "a reboot has opened the lock"
    );
    let mut anna = anna;
    anna.follow(davos);
    let unlock = format!("/api/v1/staff/{}/unlock", firm.beat.id);
    let answer = anna.post_any(&unlock).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    davos.sign_in(&firm.beat).await?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_refuses_everybody_and_comes_back_elsewhere_is_found_again() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    chur.line().refuse();
    firm.hub.process().terminate().await?;
    let order = take_in(&anna, "Seraina Meier").await?;
    firm.hub.start_again().await?;
    chur.follow(&firm.hub)?;
    chur.line().mend();
    at_the_office(&firm, &order).await?;
    chur.wait_identical().await?;
    firm.close().await
}

async fn take_in(counter: &Counter, name: &str) -> Result<Taken> {
    take_in_for(counter, name, None).await
}

async fn take_in_for(counter: &Counter, name: &str, pickup: Option<&str>) -> Result<Taken> {
    let new = NewOrder {
        name,
        phone: "081 555 01 23",
        item: "Tourenski",
        services: 2,
        pickup,
    };
    counter.take_in(&new).await
}

async fn at_the_office<const N: usize>(firm: &Firm<N>, order: &Taken) -> Result<()> {
    let page = format!("/orders/{}", order.id);
    wait_until(format!("the office has {}", order.ticket), async || {
        firm.hub.page(&page).await.ok().map(|_| ())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_another_branch_is_asked_for_by_its_ticket_and_stays() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let beat = davos.sign_in(&firm.beat).await?;
    let order = take_in(&anna, "Ursina Müller").await?;
    at_the_office(&firm, &order).await?;

    let search = format!("/search?q={}", order.ticket);
    ensure!(
        beat.read(&search)
            .await?
            .contains("Vielleicht hat ihn eine andere")
    );
    ensure!(
        beat.order(&order.id).await.is_err(),
        "nobody has asked for it yet"
    );
    davos.line().cut();
    ask_the_hub(&beat, &search).await?;
    wait_until("Davos says that there is no line", async || {
        let said = beat.read(&search).await.ok()?;
        said.contains("gerade nicht zu erreichen").then_some(())
    })
    .await?;

    davos.line().mend();
    ask_the_hub(&beat, &search).await?;
    wait_until("the order is at Davos", async || {
        beat.order(&order.ticket).await.ok()
    })
    .await?;
    davos.line().cut();
    // It stays, and what is done about it here reaches the branch whose order it is.
    beat.cash(&order).await?;
    davos.line().mend();
    wait_until("Chur sees the payment", async || {
        let order = anna.order(&order.id).await.ok()?;
        (order["payments"].as_array()?.len() == 1).then_some(())
    })
    .await?;
    davos.wait_identical().await?;
    ensure!(
        firm.hub
            .read(&format!("/orders/{}", order.id))
            .await?
            .contains("Davos"),
        "the office does not see who asked for it"
    );
    firm.close().await
}

async fn ask_the_hub(counter: &Counter, search: &str) -> Result<()> {
    let page = counter.page(search).await?;
    let form = Form::read(&page, "/search/ask").context("nobody can ask")?;
    let answer = counter.send("/search/ask", &form).await?;
    ensure!(
        answer.status().is_redirection(),
        "asking is refused: {}",
        answer.status()
    );
    Ok(())
}
