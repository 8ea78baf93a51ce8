//! A branch that exists only as far as the hub can see: it joins with a string, pushes orders under its own identity and
//! exchanges like any other. The one place of the measurements that knows what the messages look like.

use anyhow::{Context, Result, ensure};
use jiff::civil::{Date, date};
use reqwest::Client;
use serde_json::json;
use shared::clock::{Hlc, UtcMillis};
use shared::command::{EditOrder, ItemIntent, LineIntent, TakeIn, edit_order, take_in};
use shared::document::{Authoring, Document, format};
use shared::domain::{Catalogue, Contact, TicketNumber, TicketPrefix};
use shared::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber};
use shared::wire::{
    self, EXCHANGE_PATH, Epoch, Exchange, ExchangeReply, JOIN_PATH, JoinReply, JoinRequest,
    JoinString, MEDIA_TYPE, PROTOCOL_VERSION,
};
use tests::firm::Hub;
use tests::http_client;

use super::counters::scatter;

const TODAY: Date = date(2026, 11, 20);

/// Documents that a branch takes in one reply.
const WANT: u32 = 1_000;

/// A machine that was never restored has one incarnation.
const INCARNATION: u32 = 1;

/// One branch's machine.
pub(crate) struct Simulated {
    client: Client,
    url: String,
    token: String,
    pub(crate) branch: BranchId,
    replica: ReplicaNumber,
    epoch: Epoch,
    cursor: u64,
    counter: u64,
    /// The highest of its counters that the hub has acknowledged.
    known_counter: u64,
    last_slot: u64,
    /// An order of its own that is changed again and again.
    kept: Option<Document>,
    edits: usize,
}

/// What came of one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exchanged {
    pub(crate) received: usize,
    pub(crate) more: bool,
}

impl Simulated {
    /// Makes a branch at the hub and joins as its machine.
    pub(crate) async fn join(hub: &Hub, name: &str) -> Result<Self> {
        let wanted = json!({ "role": "branch", "branch_name": name, "territory": "CH" });
        let reply = hub.post("/api/v1/join-strings", &wanted).await?;
        let string = reply["join_string"].as_str().context("no join string")?;
        let string: JoinString = string.parse()?;
        let client = http_client(|builder| builder.pool_max_idle_per_host(1))?;
        let request = JoinRequest {
            code: string.code,
            machine: name.to_owned(),
            software: "bench".to_owned(),
        };
        let answer = client.post(hub.at(JOIN_PATH)).json(&request).send().await?;
        let papers: JoinReply = answer.error_for_status()?.json().await?;
        Ok(Self {
            client,
            url: hub.at(EXCHANGE_PATH),
            token: papers.token,
            branch: papers.branch.context("joined for no branch")?,
            replica: papers.replica,
            epoch: papers.epoch,
            cursor: 0,
            counter: 0,
            known_counter: 0,
            last_slot: 0,
            kept: None,
            edits: 0,
        })
    }

    /// From now on only what comes after this position of the hub's feed is new, as for a branch that is up to date.
    pub(crate) fn is_up_to(&mut self, cursor: u64) {
        self.cursor = cursor;
    }

    /// Takes in so many orders in one message; one in five is collected at `neighbour`.
    pub(crate) async fn push_orders(
        &mut self,
        orders: usize,
        catalogue: &Catalogue,
        neighbour: BranchId,
    ) -> Result<()> {
        let mut pushed = Vec::with_capacity(orders);
        for _ in 0..orders {
            let order = self.order(catalogue, neighbour)?;
            pushed.push(format::encode(&order));
            self.kept = Some(order);
        }
        self.exchange(pushed, 0).await?;
        Ok(())
    }

    /// Says hello and takes what is new.
    pub(crate) async fn exchange_nothing(&mut self) -> Result<Exchanged> {
        self.exchange(Vec::new(), WANT).await
    }

    /// Promises its order for another day, and exchanges.
    pub(crate) async fn exchange_one_change(&mut self, catalogue: &Catalogue) -> Result<Exchanged> {
        let mut kept = self.kept.take().context("no order to change")?;
        self.edits += 1;
        let mut authoring = self.authoring();
        let days = i64::try_from(1 + self.edits % 60)?;
        let edit = EditOrder {
            promised_on: Some(TODAY.saturating_add(jiff::Span::new().days(days))),
            ..EditOrder::default()
        };
        let delta = edit_order(catalogue, &kept, &mut authoring, &edit, self.branch, TODAY)?;
        self.counter = authoring.counter();
        kept.merge(delta.clone())?;
        self.kept = Some(kept);
        self.exchange(vec![format::encode(&delta)], WANT).await
    }

    async fn exchange(&mut self, pushed: Vec<Vec<u8>>, want: u32) -> Result<Exchanged> {
        let pending = pushed.len() as u64;
        let now = now();
        let message = Exchange {
            protocol: PROTOCOL_VERSION,
            epoch: Some(self.epoch),
            cursor: self.cursor,
            pushed,
            incarnation: INCARNATION,
            session: u64::from(self.replica.0),
            highest_counter: self.counter,
            known_counter: self.known_counter,
            want,
            pending,
            pending_since: (pending > 0).then_some(now),
            clock: now,
            ..Exchange::default()
        };
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(&self.token)
            .header(reqwest::header::CONTENT_TYPE, MEDIA_TYPE)
            .body(wire::encode(&message)?);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let reply: ExchangeReply = wire::decode(&answer)?;
        ensure!(
            reply.refused.is_empty(),
            "the hub refuses: {:?}",
            reply.refused
        );
        self.known_counter = reply.highest_counter;
        if want > 0 {
            self.cursor = reply.cursor;
        }
        Ok(Exchanged {
            received: reply.documents.len(),
            more: want > 0 && reply.remaining > 0,
        })
    }

    fn authoring(&self) -> Authoring {
        let actor = Actor::new(self.replica, INCARNATION);
        Authoring::new(actor, self.counter, Hlc::at(now()), None)
    }

    fn order(&mut self, catalogue: &Catalogue, neighbour: BranchId) -> Result<Document> {
        let mut authoring = self.authoring();
        let number = usize::try_from(self.counter)? ^ (self.replica.0 as usize) << 20;
        let prefix = TicketPrefix::new("CH").context("two letters of the alphabet")?;
        let dice = |salt: usize, sides: usize| scatter(number, salt) % sides;
        let (ticket, slot) =
            TicketNumber::next(prefix, self.last_slot, now(), u8::try_from(dice(9, 32))?);
        self.last_slot = slot;
        let services = &catalogue.services;
        let lines = (0..=dice(1, 2)).map(|line| LineIntent {
            key: None,
            service: services[dice(2 + line, services.len())].id,
            price: None,
        });
        let intent = TakeIn {
            order: OrderId(DocumentId::named(&format!(
                "bench/{}/{}",
                self.replica.0, self.counter
            ))),
            ticket,
            branch: self.branch,
            pickup: if dice(5, 5) == 0 {
                neighbour
            } else {
                self.branch
            },
            customer: CustomerId(DocumentId::named(&format!(
                "bench/customer/{}",
                dice(6, 5_000)
            ))),
            contact: Contact {
                name: Some(format!("Ursina Caduff {}", dice(7, 5_000))),
                ..Contact::default()
            },
            priority: "standard".to_owned(),
            promised_on: date(2026, 11, 27),
            items: vec![ItemIntent {
                key: None,
                kind: Some("ski".to_owned()),
                label: format!("Rennski Atomic {}", 150 + dice(8, 40)),
                tag: None,
                lines: lines.collect(),
            }],
            note: None,
            received_at: now(),
            today: TODAY,
        };
        let order = take_in(catalogue, &mut authoring, &intent)?;
        self.counter = authoring.counter();
        Ok(order)
    }
}

fn now() -> UtcMillis {
    UtcMillis::from(jiff::Timestamp::now())
}
