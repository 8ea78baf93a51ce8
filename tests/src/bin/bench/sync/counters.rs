//! Busy counters: many orders taken in and changed through a branch's own API, several people at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::firm::Member;

use super::machine::Machine;
use super::progress::Progress;

/// People who type at the same time; they share the store's barriers as a busy shop's counters do.
const AT_ONCE: usize = 24;

/// One in so many orders is a new customer's, as on a day in the season.
const ORDERS_PER_CUSTOMER: usize = 20;

const FIRST_NAMES: [&str; 12] = [
    "Ursina", "Reto", "Flurina", "Gian", "Anna", "Luca", "Seraina", "Beat", "Chiara", "Andri",
    "Madlaina", "Jürg",
];
const LAST_NAMES: [&str; 14] = [
    "Caduff", "Tschudi", "Meier", "Schmid", "Bianchi", "Caviezel", "Müller", "Deplazes", "Favre",
    "Rossi", "Keller", "Derungs", "Brunner", "Cathomas",
];
const PIECES: [&str; 10] = [
    "Rennski Atomic Redster 172",
    "Tourenski Stöckli Edge 169",
    "Carver Rossignol Hero 165",
    "Kinderski Head 120",
    "Langlaufski Fischer Skate",
    "Snowboard Burton Custom 158",
    "Freeride Völkl Mantra 177",
    "Slalomski Salomon 155",
    "Mietski Nr. 4711",
    "Skischuh Lange RX 110, 27.5",
];
const NOTES: [&str; 5] = [
    "Kante links tief, Kunde ruft an",
    "bis Freitag, fährt nach Zermatt",
    "Bindung Z 7.5 prüfen",
    "Belag aufgerissen vorne rechts",
    "wie letztes Jahr",
];

/// What the branch offers, as its API tells it.
struct Offer {
    services: Vec<String>,
    priorities: Vec<(String, Option<String>)>,
}

/// People signed in at one machine.
pub(crate) struct Counters<'a> {
    machine: &'a Machine,
    token: String,
    offer: Offer,
}

impl<'a> Counters<'a> {
    pub(crate) async fn open(machine: &'a Machine, member: &Member) -> Result<Self> {
        let token = machine.sign_in(member).await?;
        let catalogue = machine.get("/api/v1/catalogue", &token).await?;
        let entries = |name: &str| catalogue[name].as_array().cloned().unwrap_or_default();
        let text = |entry: &Value, name: &str| entry[name].as_str().map(str::to_owned);
        let services = entries("services");
        let priorities = entries("priorities");
        let offer = Offer {
            services: services
                .iter()
                .filter_map(|entry| text(entry, "id"))
                .collect(),
            priorities: priorities
                .iter()
                .filter_map(|entry| Some((text(entry, "code")?, text(entry, "proposed_day"))))
                .collect(),
        };
        anyhow::ensure!(
            !offer.services.is_empty() && !offer.priorities.is_empty(),
            "the branch has nothing on offer: {catalogue}"
        );
        Ok(Self {
            machine,
            token,
            offer,
        })
    }

    /// Takes in so many orders, collected at `pickup` (an id) or here. Returns their ids.
    pub(crate) async fn take_in(&self, orders: usize, pickup: Option<&str>) -> Result<Vec<String>> {
        let regulars = (orders / ORDERS_PER_CUSTOMER).max(1);
        let progress = Progress::of("orders taken in", orders);
        let mut ids = self
            .each(0..regulars, &progress, async |number| {
                let mut order = self.order(number, pickup);
                order["customer"] = contact(number);
                self.send_order(&order).await
            })
            .await?;
        let mut customers = Vec::with_capacity(regulars);
        for id in &ids {
            let order = self.order_of(id).await?;
            let customer = order["customer"].as_str();
            customers.push(
                customer
                    .context("an order without its customer")?
                    .to_owned(),
            );
        }
        let more = self
            .each(regulars..orders, &progress, async |number| {
                let mut order = self.order(number, pickup);
                order["customer"] = json!({ "id": customers[number % customers.len()] });
                self.send_order(&order).await
            })
            .await?;
        ids.extend(more);
        Ok(ids)
    }

    /// Changes one field of each order: the promised day. Which day it is follows from `round`.
    pub(crate) async fn promise_another_day(&self, orders: &[String], round: usize) -> Result<()> {
        let progress = Progress::of("orders changed", orders.len());
        let day = format!("2027-{:02}-{:02}", 1 + round % 12, 1 + round / 12 % 28);
        let body = json!({ "promised_on": day });
        self.each(0..orders.len(), &progress, async |number| {
            let path = format!("/api/v1/orders/{}", orders[number]);
            self.machine.post(&path, &self.token, &body).await
        })
        .await?;
        Ok(())
    }

    /// Puts each order into work.
    pub(crate) async fn begin_work(&self, orders: &[String]) -> Result<()> {
        let progress = Progress::of("orders put into work", orders.len());
        let body = json!({ "to": "in_work" });
        self.each(0..orders.len(), &progress, async |number| {
            let path = format!("/api/v1/orders/{}/status", orders[number]);
            self.machine.post(&path, &self.token, &body).await
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn order_of(&self, id: &str) -> Result<Value> {
        let path = format!("/api/v1/orders/{id}");
        self.machine.get(&path, &self.token).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.machine.get(path, &self.token).await
    }

    async fn send_order(&self, order: &Value) -> Result<String> {
        let reply = self
            .machine
            .post("/api/v1/orders", &self.token, order)
            .await?;
        let id = reply["order"].as_str().context("no id")?;
        Ok(id.to_owned())
    }

    /// An order of the usual sort: one to three pieces, one to three services each.
    fn order(&self, number: usize, pickup: Option<&str>) -> Value {
        let dice = |salt: usize, sides: usize| scatter(number, salt) % sides;
        let (priority, day) = &self.offer.priorities[dice(1, self.offer.priorities.len())];
        let pieces = 1 + dice(2, 4) / 2;
        let items: Vec<Value> = (0..pieces)
            .map(|piece| {
                let services: Vec<Value> = (0..=dice(3 + piece, 3))
                    .map(|line| dice(10 + 4 * piece + line, self.offer.services.len()))
                    .map(|service| json!({ "service": self.offer.services[service] }))
                    .collect();
                let label = PIECES[dice(30 + piece, PIECES.len())];
                json!({ "kind": "ski", "label": label, "services": services })
            })
            .collect();
        let note = (dice(40, 3) == 0).then(|| NOTES[dice(41, NOTES.len())]);
        json!({ "priority": priority, "promised_on": day, "pickup": pickup, "items": items, "note": note })
    }

    /// Does something for each number, [`AT_ONCE`] at a time. What it gives comes back in the order of the numbers.
    async fn each<T>(
        &self,
        numbers: std::ops::Range<usize>,
        progress: &Progress,
        work: impl AsyncFn(usize) -> Result<T>,
    ) -> Result<Vec<T>> {
        let next = Arc::new(AtomicUsize::new(numbers.start));
        let hand = async || -> Result<Vec<(usize, T)>> {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return Ok(done);
                }
                done.push((number, work(number).await?));
                progress.step();
            }
        };
        let hands = std::iter::repeat_with(&hand).take(AT_ONCE);
        let mut done = Vec::with_capacity(numbers.len());
        for part in super::together(hands).await {
            done.extend(part?);
        }
        done.sort_by_key(|(number, _)| *number);
        Ok(done.into_iter().map(|(_, value)| value).collect())
    }
}

fn contact(number: usize) -> Value {
    let first = FIRST_NAMES[scatter(number, 50) % FIRST_NAMES.len()];
    let last = LAST_NAMES[scatter(number, 51) % LAST_NAMES.len()];
    let phone = format!(
        "079 {:03} {:02} {:02}",
        number / 10_000 % 1_000,
        number / 100 % 100,
        number % 100
    );
    json!({ "name": format!("{first} {last}"), "phone": phone, "email": format!("{number}@example.ch") })
}

/// The same number for the same arguments on every run, spread like dice (the finaliser of SplitMix64).
pub(crate) fn scatter(number: usize, salt: usize) -> usize {
    let mut bits = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (salt as u64) << 32;
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((bits ^ bits >> 31) >> 16).unwrap_or_default()
}
