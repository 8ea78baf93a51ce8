//! Two people at the counters of one branch, who work until they are done or get no answer.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::PATIENCE;
use crate::firm::Counter;
use crate::sim::random::Random;

/// People who work at one branch at the same time, so that a group commit holds the work of both.
const PEOPLE: usize = 2;

/// What each of them does in a shift: enough for the latest kill to come in the middle.
const WORK: usize = 8;

/// Of a hundred pieces of work so many are a payment for an order of this shift, the others a new order.
const PAYMENT_PERCENT: u64 = 40;

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A new order.
    Order(Uuid),
    /// A payment, told from all others by its receipt.
    Payment {
        /// For which order.
        order: Uuid,
        /// The till's receipt.
        receipt: String,
    },
}

/// What people asked for, each with the ticket or word that was answered; none when there was no answer.
#[derive(Debug, Default)]
pub(super) struct Heard(pub(super) Vec<(Asked, Option<String>)>);

impl Heard {
    pub(super) fn unanswered(&self) -> u64 {
        self.0.iter().filter(|(_, answer)| answer.is_none()).count() as u64
    }
}

/// People at work.
pub(super) struct Shift {
    people: JoinSet<Heard>,
    answers: watch::Receiver<u64>,
}

impl Shift {
    /// They ask for `again` first, which got no answer before.
    pub(super) fn begin(counter: &Counter, service: &str, again: Vec<Uuid>, seed: u64) -> Self {
        let (count, answers) = watch::channel(0);
        let count = Arc::new(count);
        let mut people = JoinSet::new();
        let mut queues: [Vec<Uuid>; PEOPLE] = Default::default();
        for (place, order) in again.into_iter().enumerate() {
            queues[place % PEOPLE].push(order);
        }
        for (number, again) in (0..).zip(queues) {
            let person = Person {
                counter: counter.clone(),
                service: service.to_owned(),
                dice: Random::of(seed, number),
                heard: Heard::default(),
                orders: Vec::new(),
            };
            people.spawn(person.work(again, WORK, Arc::clone(&count)));
        }
        Self { people, answers }
    }

    /// Somebody asks for these orders again and does nothing else.
    pub(super) fn only(counter: &Counter, service: &str, again: Vec<Uuid>) -> Self {
        let (count, answers) = watch::channel(0);
        let person = Person {
            counter: counter.clone(),
            service: service.to_owned(),
            dice: Random::of(0, 0),
            heard: Heard::default(),
            orders: Vec::new(),
        };
        let mut people = JoinSet::new();
        people.spawn(person.work(again, 0, Arc::new(count)));
        Self { people, answers }
    }

    /// Waits until so many answers have come.
    ///
    /// # Errors
    /// When they do not come.
    pub(super) async fn wait_for_answers(&self, wanted: u64) -> Result<()> {
        let mut answers = self.answers.clone();
        let enough = answers.wait_for(|&count| count >= wanted);
        let enough = tokio::time::timeout(PATIENCE, enough).await;
        enough
            .context("the branch answers nothing")?
            .map(|_| ())
            .context("everybody stopped before the kill")
    }

    /// Everything that was heard, once everybody is done or has got no answer.
    pub(super) async fn end(self) -> Heard {
        let all = self.people.join_all().await;
        Heard(all.into_iter().flat_map(|heard| heard.0).collect())
    }
}

struct Person {
    counter: Counter,
    service: String,
    dice: Random,
    heard: Heard,
    /// Orders of this shift that are acknowledged.
    orders: Vec<Uuid>,
}

impl Person {
    async fn work(
        mut self,
        again: Vec<Uuid>,
        count: usize,
        answers: Arc<watch::Sender<u64>>,
    ) -> Heard {
        let mut again = again.into_iter();
        let mut left = count;
        loop {
            let asked = match again.next() {
                Some(order) => Asked::Order(order),
                None if left == 0 => break,
                None => {
                    left -= 1;
                    self.draw()
                }
            };
            let answer = self.ask(&asked).await.ok();
            let is_answered = answer.is_some();
            if let (Asked::Order(order), true) = (&asked, is_answered) {
                self.orders.push(*order);
            }
            self.heard.0.push((asked, answer));
            if !is_answered {
                break;
            }
            answers.send_modify(|answers| *answers += 1);
        }
        // Nobody asked for these this time; they are still without an answer.
        let rest = again.map(|order| (Asked::Order(order), None));
        self.heard.0.extend(rest);
        self.heard
    }

    fn draw(&mut self) -> Asked {
        let wants_to_pay = self.dice.percent(PAYMENT_PERCENT);
        match self.dice.pick(&self.orders).filter(|_| wants_to_pay) {
            Some(order) => Asked::Payment {
                order: *order,
                receipt: Uuid::now_v7().simple().to_string(),
            },
            None => Asked::Order(Uuid::now_v7()),
        }
    }

    /// What is returned is acknowledged.
    async fn ask(&self, asked: &Asked) -> Result<String> {
        match asked {
            Asked::Order(order) => {
                let body = json!({
                    "order": order,
                    "customer": { "name": "Ursina Müller", "phone": "081 555 01 23" },
                    "priority": "standard",
                    "items": [{ "label": "Rennski", "services": [{ "service": self.service }] }],
                });
                let reply = self.counter.post("/api/v1/orders", &body).await?;
                let ticket = reply["ticket"].as_str();
                Ok(ticket.context("acknowledged without a ticket")?.to_owned())
            }
            Asked::Payment { order, receipt } => {
                let body = json!({ "amount_minor": 100, "method": "card", "receipt": receipt });
                let path = format!("/api/v1/orders/{order}/payments");
                self.counter.post(&path, &body).await?;
                Ok("paid".to_owned())
            }
        }
    }
}
