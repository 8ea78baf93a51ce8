//! Writes what the store's dictionary is trained on: customers and orders of several made-up firms, as new ones and after
//! some edits, each in the form in which the store packs it.
//!
//! ```text
//! cargo run --release -p shared --example dictionary_samples -- /tmp/samples
//! zstd --train -r /tmp/samples --maxdict=32768 --dictID=1 -o shared/src/store/packing/1.dictionary
//! ```
//!
//! A dictionary that was ever released never changes: another one gets the next number.

#![expect(clippy::disallowed_methods, reason = "a command that writes files")]

use std::fs;
use std::path::PathBuf;

mod season;

use season::{Season, scatter};
use shared::document::{Document, format};

const FIRMS: u64 = 12;
const ORDERS: u64 = 250;
const MOST_EDITS: u64 = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = PathBuf::from(std::env::args().nth(1).ok_or("where to?")?);
    fs::create_dir_all(&directory)?;
    for firm in 0..FIRMS {
        let mut season = Season::new(1_000 + firm);
        for number in 0..ORDERS {
            let (customer, mut order) = season.take_in(number);
            let edits = scatter(number, firm) % MOST_EDITS;
            for step in 1..=edits {
                let delta = season.edit(&order, number, step);
                order.merge(delta)?;
            }
            let write = |what: &str, document: &Document| {
                let encoded = format::encode(document);
                // All but the id, which is the key.
                let packed = [&encoded[..1], &encoded[17..]].concat();
                fs::write(directory.join(format!("{what}-{firm}-{number}")), packed)
            };
            write("order", &order)?;
            if number % 3 == 0 {
                write("customer", &customer)?;
            }
        }
    }
    Ok(())
}
