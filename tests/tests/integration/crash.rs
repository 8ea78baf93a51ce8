//! A branch's machine loses power again and again while its counters take orders in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::firm::{Counter, Firm};
use tests::wait_until;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

/// Power cuts. Each comes while several orders are under way, after another number of them was acknowledged.
const POWER_CUTS: u32 = 50;

/// Counters that take in at the same time, so that a group commit holds several orders when the power goes.
const COUNTERS: usize = 4;

/// More acknowledged orders than this never stand between two power cuts; the number goes round from 1.
const MOST_BETWEEN_CUTS: u32 = 9;

/// Answers that wait to be noted: far more than come between two power cuts, so that no counter waits for the book.
const MOST_SAID: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_power_cuts_lose_no_acknowledged_order_and_double_none() -> Result<()> {
    let mut firm = Firm::open(["Chur"]).await?;
    let [chur] = &mut firm.branches;
    let mut anna = chur.sign_in(&firm.anna).await?;
    let catalogue = anna.json("/api/v1/catalogue").await?;
    let service = catalogue["services"][0]["id"].clone();
    let mut book = Book::default();

    for cut in 0..POWER_CUTS {
        let counters = Counters::open(&anna, &service, &book.unanswered);
        let answered = counters
            .work_until(1 + cut % MOST_BETWEEN_CUTS, || chur.process().kill())
            .await?;
        book.note(answered)?;
        chur.start_again().await?;
        anna.follow(chur);
        for (order, ticket) in book.newest() {
            let kept = anna.order(order).await;
            let kept =
                kept.with_context(|| format!("power cut {cut}: {ticket} was acknowledged"))?;
            ensure!(
                kept["ticket"] == ticket,
                "{ticket} became {}",
                kept["ticket"]
            );
        }
    }

    // Whoever got no answer asks again with the same id, as the pages do: then every order is there exactly once.
    for order in std::mem::take(&mut book.unanswered) {
        let ticket = take_in(&anna, order, &service).await?;
        book.acknowledged.insert(order.to_string(), ticket);
    }
    for (order, ticket) in &book.acknowledged {
        ensure!(
            anna.order(order).await?["ticket"] == *ticket,
            "{ticket} is another order now"
        );
    }
    let tickets: BTreeSet<&String> = book.acknowledged.values().collect();
    ensure!(
        tickets.len() == book.acknowledged.len(),
        "a ticket was given twice"
    );
    chur.wait_identical().await?;
    let at_the_office = firm.hub.count_orders().await?;
    ensure!(
        at_the_office == book.acknowledged.len(),
        "{} orders were taken in, the office has {at_the_office}",
        book.acknowledged.len()
    );
    let facts = firm.branches[0].sync_facts().await?.all;
    ensure!(
        facts["unreadable"] == 0 && facts["quarantined"] == 0,
        "{facts}"
    );
    firm.close().await
}

/// What the branch has been asked for, and what it has said.
#[derive(Default)]
struct Book {
    /// Order to ticket.
    acknowledged: BTreeMap<String, String>,
    /// Orders that were sent and never answered; the next counters ask for them again.
    unanswered: Vec<Uuid>,
    newest: Vec<(String, String)>,
}

impl Book {
    fn note(&mut self, answered: Answered) -> Result<()> {
        self.newest.clear();
        for (order, ticket) in answered.acknowledged {
            let known = self.acknowledged.insert(order.to_string(), ticket.clone());
            ensure!(
                known.is_none(),
                "{order} was acknowledged before and asked for again"
            );
            self.newest.push((order.to_string(), ticket));
        }
        self.unanswered = answered.unanswered;
        Ok(())
    }

    fn newest(&self) -> impl Iterator<Item = (&str, &str)> {
        let newest = self.newest.iter();
        newest.map(|(order, ticket)| (order.as_str(), ticket.as_str()))
    }
}

/// Several counters that take in without a pause.
struct Counters {
    said: mpsc::Receiver<(Uuid, Option<String>)>,
    acknowledged: watch::Receiver<u32>,
    close: watch::Sender<bool>,
}

/// What the counters heard.
struct Answered {
    acknowledged: Vec<(Uuid, String)>,
    unanswered: Vec<Uuid>,
}

impl Counters {
    fn open(person: &Counter, service: &Value, again: &[Uuid]) -> Self {
        let (say, said) = mpsc::channel(MOST_SAID);
        let (count, acknowledged) = watch::channel(0);
        let (close, closed) = watch::channel(false);
        let count = Arc::new(count);
        for counter in 0..COUNTERS {
            let mut queue: Vec<Uuid> = again
                .iter()
                .skip(counter)
                .step_by(COUNTERS)
                .copied()
                .collect();
            let (person, service, say) = (person.clone(), service.clone(), say.clone());
            let (count, closed) = (Arc::clone(&count), closed.clone());
            tokio::spawn(async move {
                // The first order without an answer is the power cut: the counter stops there.
                while !*closed.borrow() {
                    let order = queue.pop().unwrap_or_else(Uuid::now_v7);
                    let ticket = take_in(&person, order, &service).await.ok();
                    let is_answered = ticket.is_some();
                    // Sent before it is counted, so that whoever has counted it will find it.
                    let _ = say.send((order, ticket)).await;
                    if !is_answered {
                        break;
                    }
                    count.send_modify(|count| *count += 1);
                }
                for order in queue {
                    let _ = say.send((order, None)).await;
                }
            });
        }
        Self {
            said,
            acknowledged,
            close,
        }
    }

    /// Lets them work until so many orders are acknowledged, cuts the power, and listens to the end.
    async fn work_until(
        mut self,
        acknowledged: u32,
        cut_the_power: impl FnOnce() -> Result<()>,
    ) -> Result<Answered> {
        let enough = self.acknowledged.wait_for(|&count| count >= acknowledged);
        let enough = tokio::time::timeout(tests::PATIENCE, enough).await;
        enough
            .context("the branch acknowledges nothing")?
            .context("every counter stopped before the power went")?;
        cut_the_power()?;
        self.close.send_replace(true);
        let mut answered = Answered {
            acknowledged: Vec::new(),
            unanswered: Vec::new(),
        };
        while let Some((order, ticket)) = self.said.recv().await {
            match ticket {
                Some(ticket) => answered.acknowledged.push((order, ticket)),
                None => answered.unanswered.push(order),
            }
        }
        Ok(answered)
    }
}

async fn take_in(counter: &Counter, order: Uuid, service: &Value) -> Result<String> {
    let body = json!({
        "order": order,
        "customer": { "name": "Ursina Müller", "phone": "081 555 01 23" },
        "priority": "standard",
        "items": [{ "label": "Rennski", "services": [{ "service": service }] }],
    });
    let reply = counter.post("/api/v1/orders", &body).await?;
    let ticket = reply["ticket"].as_str();
    Ok(ticket.context("acknowledged without a ticket")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_comes_back_with_everything_it_had_acknowledged() -> Result<()> {
    let Firm {
        branches: [chur, davos],
        hub,
        anna,
        beat,
        ..
    } = &mut Firm::open(["Chur", "Davos"]).await?;
    let anna = chur.sign_in(anna).await?;
    let beat = davos.sign_in(beat).await?;
    let service = anna.json("/api/v1/catalogue").await?["services"][0]["id"].clone();
    let mut taken = Vec::new();
    for _ in 0..5 {
        let order = Uuid::now_v7();
        take_in(&anna, order, &service).await?;
        hub.process().kill()?;
        take_in(&beat, Uuid::now_v7(), &service).await?;
        hub.start_again().await?;
        chur.follow(hub)?;
        davos.follow(hub)?;
        taken.push(order);
    }
    chur.wait_identical().await?;
    davos.wait_identical().await?;
    for order in taken {
        let page = format!("/orders/{order}");
        wait_until("the office has it", async || hub.page(&page).await.ok()).await?;
    }
    ensure!(hub.count_orders().await? == 10, "ten orders were taken in");
    Ok(())
}
