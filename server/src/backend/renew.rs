//! What a store that was restored or repaired must not believe any more.

use std::path::Path;

use shared::id::ReplicaNumber;
use shared::store::backup::{Header, StoreKind};
use shared::store::{HubStore, StoreError};
use shared::sync::hub::Recovery;
use shared::wire::Epoch;

use super::BackendError;
use super::join::next_replica;
use super::records::{self, PendingJoin};
use crate::clock;

/// Numbers that machines may have got after the backup was made. They are never given again, and those that nobody got are
/// skipped.
const SKIPPED_REPLICAS: u32 = 64;

/// Begins a new life of the store in a directory: a new epoch, so that branches send again what is missing; a new
/// incarnation of the hub's own, so that no dot of it names two writes; replica numbers beyond those that may have been given
/// since; no join string that may have been used since; and a recovery, so that machines which are known give back what others
/// wrote. Durable on return.
///
/// # Errors
/// When the store cannot be opened, such as while the hub runs, or not be written.
pub(crate) fn begin_again(directory: &Path) -> Result<Epoch, BackendError> {
    let store = HubStore::open(directory)?;
    let epoch = crate::random::epoch()?;
    store.write_record(records::EPOCH, &epoch)?;
    store.write_record(records::INCARNATION, &crate::random::number_u32()?)?;
    let next = next_replica(&store)?.saturating_add(SKIPPED_REPLICAS);
    store.write_record(records::NEXT_REPLICA, &next)?;
    let recovery = Recovery::open(epoch, clock::now(), ReplicaNumber(next));
    store.write_record(records::RECOVERY, &recovery)?;
    for (name, _) in store.records::<PendingJoin>(records::JOINS, records::MAX_JOINS)? {
        store.remove_record(&name)?;
    }
    store.persist()?;
    Ok(epoch)
}

/// What a backup of this store says of itself.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn header_of(store: &HubStore) -> Result<Header, StoreError> {
    let epoch: Option<Epoch> = store.read_record(records::EPOCH)?;
    Ok(Header {
        kind: StoreKind::Hub,
        name: "hub".to_owned(),
        made_at: clock::now(),
        software: concat!("offpiste-hub ", env!("CARGO_PKG_VERSION")).to_owned(),
        position: store.head(),
        life: epoch.map_or(0, |epoch| epoch.0),
    })
}
