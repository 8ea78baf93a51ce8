//! What is found on opening: a file of ours goes on, a stale or damaged one begins anew, a stranger's is left alone.
#![expect(
    clippy::disallowed_methods,
    reason = "what stands in a file is damaged and compared from outside"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::firm::{Firm, contact};
use crate::read_model::{OpenError, Opened, ReadModel, SearchFilter};

fn filled(path: &Path) -> Firm {
    let mut firm = Firm::new();
    let contact = contact("Reto Caduff", "079 123 45 67", "");
    let customer = firm.new_customer(0, &contact);
    firm.takes_in(0, customer, &contact);
    firm.sync_all();
    let (mut model, opened) = ReadModel::open(path).expect("opens");
    assert_eq!(opened, Opened::Fresh);
    model
        .apply(&firm.feed, firm.feed.len() as u64)
        .expect("applies");
    firm
}

fn found(model: &ReadModel) -> usize {
    model
        .search("caduff", 5, &SearchFilter::default())
        .expect("searches")
        .orders
        .len()
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("lists.sqlite")
}

#[test]
fn a_file_of_ours_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let firm = filled(&file(&folder));
    let (model, opened) = ReadModel::open(&file(&folder)).expect("opens");
    assert_eq!(opened, Opened::At(firm.feed.len() as u64));
    assert_eq!(found(&model), 1);
}

#[test]
fn a_file_of_another_version_begins_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let firm = filled(&file(&folder));
    let other = Connection::open(file(&folder)).expect("opens");
    other
        .pragma_update(None, "user_version", 4_711)
        .expect("writes");
    drop(other);
    assert!(matches!(
        ReadModel::open_reader(&file(&folder)),
        Err(OpenError::NotReady(_))
    ));
    let (mut model, opened) = ReadModel::open(&file(&folder)).expect("opens");
    assert_eq!((opened, found(&model)), (Opened::Fresh, 0));
    model
        .apply(&firm.feed, firm.feed.len() as u64)
        .expect("applies");
    assert_eq!(found(&model), 1);
}

#[test]
fn a_damaged_file_begins_anew() {
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[..16].fill(0),
        |bytes| bytes.truncate(5_000),
        |bytes| bytes[100..].fill(0x5a),
        |bytes| bytes.truncate(10),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        filled(&file(&folder));
        let mut bytes = fs::read(file(&folder)).expect("reads");
        damage(&mut bytes);
        fs::write(file(&folder), bytes).expect("writes");
        let (model, opened) = ReadModel::open(&file(&folder)).expect("opens");
        assert_eq!(
            (opened, found(&model)),
            (Opened::Fresh, 0),
            "damage {number}"
        );
    }
}

#[test]
fn the_database_of_another_program_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Connection::open(file(&folder)).expect("opens");
    other
        .execute_batch("CREATE TABLE dear (one); INSERT INTO dear VALUES (1);")
        .expect("writes");
    drop(other);
    let before = fs::read(file(&folder)).expect("reads");
    assert!(matches!(
        ReadModel::open(&file(&folder)),
        Err(OpenError::NotOurs(_))
    ));
    assert_eq!(fs::read(file(&folder)).expect("reads"), before);
}

#[test]
fn a_reader_sees_whole_batches_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(
        ReadModel::open_reader(&file(&folder)).is_err(),
        "there is nothing to read yet"
    );
    let mut firm = filled(&file(&folder));
    let (mut model, _) = ReadModel::open(&file(&folder)).expect("opens");
    let reader = ReadModel::open_reader(&file(&folder)).expect("opens");
    let before = reader.position().expect("reads");
    assert_eq!(before, model.position().expect("reads"));

    let contact = contact("Anna Müller", "", "");
    let customer = firm.new_customer(1, &contact);
    firm.takes_in(1, customer, &contact);
    firm.sync(1);
    let news = &firm.feed[usize::try_from(before).expect("small")..];
    model.apply(news, firm.feed.len() as u64).expect("applies");
    assert_eq!(reader.position().expect("reads"), firm.feed.len() as u64);
    let found = reader
        .search("mueller", 5, &SearchFilter::default())
        .expect("searches");
    assert_eq!((found.orders.len(), found.customers.len()), (1, 1));
    assert!(reader.connection.execute("DELETE FROM orders", []).is_err());
}
