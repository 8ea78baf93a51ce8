//! What durability costs: the store's commit and barrier beside the least that any program could do with the same bytes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::civil::date;
use shared::clock::{Hlc, UtcMillis};
use shared::command::{ItemIntent, LineIntent, TakeIn, take_in};
use shared::document::{Authoring, Change, Document, Field, format};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{Branch, Catalogue, Contact, TicketNumber, TicketPrefix, seed};
use shared::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber};
use shared::store::BranchStore;

use crate::figures::Figures;

/// Orders of each kind; enough for a 99th percentile that is not one outlier.
const ROUNDS: usize = 500;

/// Orders that one barrier serves when counters are busy.
const GROUP: u8 = 8;

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);

/// Takes orders in one by one, in groups, and writes plain bytes, in turns within one run.
pub(crate) fn measure() -> Result<Figures> {
    let directory = tempfile::tempdir().context("no place to measure")?;
    let mut shop = Shop::open(&directory.path().join("store"))?;
    let bytes = format::encode(&shop.order()?.0);
    let mut plain = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(directory.path().join("plain"))?;
    let (mut alone, mut grouped, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(shop.take_in(1)?);
        let start = Instant::now();
        plain.write_all(&bytes)?;
        plain.sync_data()?;
        written.push(start.elapsed());
        grouped.push(shop.take_in(GROUP)?);
    }
    let mut figures = Figures::default();
    figures.add_count("one order document", bytes.len(), "bytes");
    let alone = figures.add_times("order: commit, then fdatasync", &mut alone);
    let written = figures.add_times("the same bytes: append, then fdatasync", &mut written);
    let grouped = figures.add_times(
        &format!("{GROUP} orders: commits, then one fdatasync"),
        &mut grouped,
    );
    figures.add("order / plain bytes", alone / written, "times");
    figures.add(
        &format!("order in a group of {GROUP} / plain bytes"),
        grouped / f64::from(GROUP) / written,
        "times",
    );
    Ok(figures)
}

/// A branch's store with what an order needs.
struct Shop {
    store: BranchStore,
    catalogue: Catalogue,
    branch: BranchId,
    last_slot: u64,
    orders: u32,
}

impl Shop {
    fn open(directory: &std::path::Path) -> Result<Self> {
        let mut store = BranchStore::open(directory)?;
        store.assume_identity(Actor::new(ReplicaNumber(7), 1))?;
        let branch = BranchId(DocumentId::named("branch/chur"));
        let mut authoring =
            Authoring::new(Actor::new(ReplicaNumber::HUB, 1), 0, Hlc::at(NOW), None);
        let mut documents = seed::documents(&mut authoring);
        let mut change = Change::create(branch.document(), known_kind(kind::BRANCH));
        change.set(&mut authoring, Field::known(Branch::NAME), "Chur");
        change.set(
            &mut authoring,
            Field::known(Branch::TERRITORY),
            seed::territory_id("CH"),
        );
        documents.push(change.finish());
        Ok(Self {
            catalogue: Catalogue::from_documents(&documents),
            store,
            branch,
            last_slot: 0,
            orders: 0,
        })
    }

    /// Makes so many orders, commits each and asks for one barrier. Returns the time without the making.
    fn take_in(&mut self, orders: u8) -> Result<Duration> {
        let mut made = Vec::with_capacity(orders.into());
        let mut spent = Duration::ZERO;
        for _ in 0..orders {
            made.push(self.order()?);
            let start = Instant::now();
            if let Some((order, authoring)) = made.last() {
                self.store
                    .commit(std::slice::from_ref(order), authoring, NOW, &[])?;
            }
            spent += start.elapsed();
        }
        let start = Instant::now();
        self.store.persist()?;
        Ok(spent + start.elapsed())
    }

    fn order(&mut self) -> Result<(Document, Authoring)> {
        let mut authoring = self.store.author(None, NOW)?;
        self.orders += 1;
        let name = format!("bench/{}", self.orders);
        let prefix = TicketPrefix::new("CH").context("two letters of the alphabet")?;
        let (ticket, slot) = TicketNumber::next(prefix, self.last_slot, NOW, 7);
        self.last_slot = slot;
        let service = |code: &str| LineIntent {
            key: None,
            service: DocumentId::named(&format!("service/{code}")).into(),
            price: None,
        };
        let intent = TakeIn {
            order: OrderId(DocumentId::named(&name)),
            ticket,
            branch: self.branch,
            pickup: self.branch,
            customer: CustomerId(DocumentId::named("customer")),
            contact: Contact {
                name: Some("Ursina Caduff".to_owned()),
                ..Contact::default()
            },
            priority: "standard".to_owned(),
            promised_on: date(2026, 11, 27),
            items: vec![ItemIntent {
                key: None,
                kind: Some("ski".to_owned()),
                label: "Rennski Atomic".to_owned(),
                tag: None,
                lines: vec![service("large"), service("wax")],
            }],
            note: None,
            received_at: NOW,
            today: date(2026, 11, 20),
        };
        Ok((
            take_in(&self.catalogue, &mut authoring, &intent)?,
            authoring,
        ))
    }
}
