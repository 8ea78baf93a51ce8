//! What an order takes on the disk: at a branch and at the hub, new and after rounds of edits of each, in random order.
//!
//! ```text
//! cargo run --release -p shared --example store_size -- 10000 20
//! cargo run --release -p shared --example store_size -- 10000 20 mixed
//! ```
//!
//! First the number of orders, then that of the rounds. An edit is another promised day; with `mixed` it is whatever happens to
//! an order: status, payments, comments, prints. One customer in twenty orders is new. The files of an empty store are
//! not counted. *Peak* is the most that was seen after a barrier; *closed* is what lies there when the store was closed.

#![expect(clippy::disallowed_methods, reason = "a command that measures files")]
#![expect(clippy::print_stdout, reason = "it prints what it has measured")]

use std::error::Error;
use std::path::Path;
use std::{fs, io};

mod season;

use season::{Season, scatter};
use shared::clock::UtcMillis;
use shared::document::Document;
use shared::id::{Actor, ReplicaNumber};
use shared::store::{BranchStore, HubStore};

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);
/// Orders for one new customer.
const ORDERS_PER_CUSTOMER: u64 = 20;
/// Changes between two barriers, and between two acknowledgements.
const GROUP: usize = 4;
const ACKNOWLEDGED_AT_ONCE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let orders: u64 = arguments.next().ok_or("how many orders?")?.parse()?;
    let rounds: u64 = arguments.next().ok_or("how many edits?")?.parse()?;
    let is_mixed = arguments.next().is_some_and(|word| word == "mixed");
    println!("bytes an order, {orders} orders, {rounds} edits each, mixed: {is_mixed}");
    println!(
        "{:>7} {:>8} {:>8} {:>8}",
        "edits", "store", "peak", "closed"
    );
    for is_branch in [true, false] {
        println!("{}", if is_branch { "branch" } else { "hub" });
        let directory = std::env::temp_dir().join(format!("store-size-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let measured = measure(&directory, is_branch, orders, rounds, is_mixed);
        fs::remove_dir_all(&directory)?;
        measured?;
    }
    Ok(())
}

fn measure(
    directory: &Path,
    is_branch: bool,
    orders: u64,
    rounds: u64,
    is_mixed: bool,
) -> Result<(), Box<dyn Error>> {
    let mut store = Kept::open(directory, is_branch)?;
    let empty = bytes_of(directory)?;
    let an_order = |bytes: u64| bytes.saturating_sub(empty) / orders;
    let mut season = Season::new(7);
    let mut documents: Vec<Document> = Vec::new();
    let mut peak = 0;
    for round in 0..=rounds {
        for number in shuffled(orders, round) {
            if round == 0 {
                let (customer, order) = season.take_in(number);
                if number % ORDERS_PER_CUSTOMER == 0 {
                    store.write(&customer)?;
                }
                store.write(&order)?;
                documents.push(order);
            } else {
                let order = &mut documents[usize::try_from(number)?];
                let delta = if is_mixed {
                    season.edit(order, number, round)
                } else {
                    season.promise_another_day(order, number, round)
                };
                store.write(&delta)?;
                order.merge(delta)?;
            }
            if number % 512 == 0 {
                peak = peak.max(bytes_of(directory)?);
            }
        }
        store.settle()?;
        let open = bytes_of(directory)?;
        peak = peak.max(open);
        if [0, 1, 5, 10].contains(&round) || round == rounds {
            drop(store);
            let closed = bytes_of(directory)?;
            println!(
                "{round:>7} {:>8} {:>8} {:>8}",
                an_order(open),
                an_order(peak),
                an_order(closed)
            );
            store = Kept::open(directory, is_branch)?;
        }
    }
    Ok(())
}

/// New orders come in their order, edits in any.
fn shuffled(orders: u64, round: u64) -> Vec<u64> {
    let mut numbers: Vec<u64> = (0..orders).collect();
    if round > 0 {
        numbers.sort_by_key(|number| scatter(*number, round));
    }
    numbers
}

enum Kept {
    Branch(BranchStore, usize),
    Hub(HubStore, usize),
}

impl Kept {
    fn open(directory: &Path, is_branch: bool) -> Result<Self, Box<dyn Error>> {
        if !is_branch {
            return Ok(Self::Hub(HubStore::open(directory)?, 0));
        }
        let mut store = BranchStore::open(directory)?;
        if store.identity().is_none() {
            store.assume_identity(Actor::new(ReplicaNumber(1), 1))?;
        }
        Ok(Self::Branch(store, 0))
    }

    fn write(&mut self, delta: &Document) -> Result<(), Box<dyn Error>> {
        let written = match self {
            Self::Branch(store, written) => {
                let authoring = store.author(None, NOW)?;
                store.commit(std::slice::from_ref(delta), &authoring, NOW, &[])?;
                written
            }
            Self::Hub(store, written) => {
                store.merge(delta)?;
                written
            }
        };
        *written += 1;
        if written.is_multiple_of(ACKNOWLEDGED_AT_ONCE) {
            self.settle()
        } else if written.is_multiple_of(GROUP) {
            self.persist()
        } else {
            Ok(())
        }
    }

    fn persist(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Branch(store, _) => Ok(store.persist()?),
            Self::Hub(store, _) => Ok(store.persist()?),
        }
    }

    fn settle(&mut self) -> Result<(), Box<dyn Error>> {
        self.persist()?;
        if let Self::Branch(store, _) = self {
            let waiting = store.outgoing(usize::MAX, usize::MAX)?;
            let taken: Vec<_> = waiting.iter().map(|one| (one.id, one.mark)).collect();
            store.acknowledge(&taken)?;
            store.persist()?;
        }
        Ok(())
    }
}

fn bytes_of(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // Files come and go while the store is open.
        let found = match entry.file_type() {
            Ok(kind) if kind.is_dir() => bytes_of(&entry.path()),
            _ => entry.metadata().map(|file| file.len()),
        };
        bytes += found.unwrap_or(0);
    }
    Ok(bytes)
}
