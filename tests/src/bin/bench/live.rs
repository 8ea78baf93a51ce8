//! How long a change at one branch takes to another branch's open page, when the line is up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::firm::{Firm, NewOrder};
use tests::wait_until;
use tokio::sync::mpsc;

use crate::figures::Figures;

/// Changes that are watched.
const CHANGES: usize = 200;

/// Events that wait to be looked at: more than one change makes.
const WAITING_EVENTS: usize = 1_024;

/// Changes an order at Chur, and listens at Davos as an open page does.
pub(crate) async fn measure() -> Result<Figures> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let (anna, beat) = (
        chur.sign_in(&firm.anna).await?,
        davos.sign_in(&firm.beat).await?,
    );
    let new = NewOrder {
        name: "Reto Tschudi",
        phone: "081 555 01 23",
        item: "Rennski Atomic",
        services: 2,
        pickup: Some("Davos"),
    };
    let order = anna.take_in(&new).await?;
    wait_until("Davos has the order", async || {
        beat.order(&order.id).await.ok()
    })
    .await?;
    let mut events = listen(beat.get("/events").await?);
    let comments = format!("/api/v1/orders/{}/comments", order.id);
    let (mut heard, mut shown) = (Vec::new(), Vec::new());
    for change in 0..CHANGES {
        while events.try_recv().is_ok() {}
        let text = format!("Kante {change}");
        let start = Instant::now();
        anna.post(&comments, &json!({ "text": text })).await?;
        loop {
            next(&mut events).await?;
            let first = start.elapsed();
            if beat
                .page(&format!("/orders/{}", order.id))
                .await?
                .contains(&text)
            {
                heard.push(first);
                shown.push(start.elapsed());
                break;
            }
        }
    }
    let mut figures = Figures::default();
    figures.add_times(
        "change at Chur to the event on the open page at Davos",
        &mut heard,
    );
    figures.add_times("change at Chur until Davos shows it", &mut shown);
    firm.close().await?;
    Ok(figures)
}

async fn next(events: &mut mpsc::Receiver<()>) -> Result<()> {
    let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
    event
        .context("Davos hears nothing")?
        .context("the stream of events has ended")
}

/// Each message of the stream that says that documents have changed.
fn listen(mut answer: reqwest::Response) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    tokio::spawn(async move {
        while let Ok(Some(bytes)) = answer.chunk().await {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for _ in text
                .matches("data: documents")
                .chain(text.matches("data: all"))
            {
                if sender.send(()).await.is_err() {
                    return Ok(());
                }
            }
        }
        ensure!(sender.is_closed(), "the stream broke off");
        Ok(())
    });
    receiver
}
