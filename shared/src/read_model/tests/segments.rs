//! Merging the search indexes' segments apart changes nothing of what is found.

use super::firm::{Firm, contact};
use crate::read_model::{Change, Found, ReadModel, SearchFilter};

/// Changes that come one by one, as at a hub at work.
const ORDERS: usize = 150;

/// SQLite merges levels of at least so many segments (`usermerge`).
const MERGED: i64 = 4;

#[test]
fn segments_merged_in_pauses_are_few_and_find_the_same() {
    let mut firm = Firm::new();
    for number in 0..ORDERS {
        let contact = contact(&format!("Gast {number}"), "079 123 45 67", "");
        let customer = firm.new_customer(0, &contact);
        firm.takes_in(0, customer, &contact);
    }
    firm.sync_all();
    let mut changes: Vec<Change> = firm.latest().into_values().collect();
    changes.sort_by_key(|change| change.position);
    let (mut apart, mut within) = (empty(), empty());
    apart.merge_segments_apart().expect("is told");
    for change in changes {
        let position = change.position;
        for model in [&mut apart, &mut within] {
            model
                .apply(std::slice::from_ref(&change), position)
                .expect("applies");
        }
    }
    assert!(segments(&apart) > 2 * MERGED, "there is something to merge");
    let found = search(&apart);
    assert_eq!(found.orders.len(), 20);
    while apart.merge_some_segments().expect("merges") {}
    assert!(segments(&apart) < 2 * MERGED, "at most two levels are left");
    assert_eq!(search(&apart), found);
    assert_eq!(search(&apart), search(&within));
    assert!(
        !apart.merge_some_segments().expect("looks"),
        "nothing is left to do"
    );
}

fn empty() -> ReadModel {
    ReadModel::open_in_memory().expect("in memory")
}

fn search(model: &ReadModel) -> Found {
    model
        .search("gast 1", 20, &SearchFilter::default())
        .expect("searches")
}

/// Segments of the orders' search index.
fn segments(model: &ReadModel) -> i64 {
    const SEGMENTS: &str = "SELECT count(DISTINCT segid) FROM order_search_idx";
    model
        .reader
        .connection
        .query_row(SEGMENTS, [], |row| row.get(0))
        .expect("counts")
}
