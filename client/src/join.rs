//! Joining: a new machine becomes a branch, once, with one string from the office.

use std::io;
use std::path::Path;

use shared::id::Actor;
use shared::store::{BranchStore, StoreError};
use shared::wire::{JoinReply, JoinRequest, JoinString, ReplicaRole};

use crate::clock::{Clock, NoRandomness, random_bytes};
use crate::directory::{Directory, write_private};
use crate::records::{self, Membership};
use crate::sync::{self, JoinProblem};

/// Why a machine did not join. Nothing was stored, unless the text says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The directory cannot be used.
    #[error(
        "{path} cannot be used: {source}. Choose a directory that this user may write to, with --data"
    )]
    Directory {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It belongs to a branch.
    #[error(
        "this machine already serves {0}. Its orders are safe; start it with `serve`. To serve another branch, use another --data directory"
    )]
    AlreadyJoined(String),
    /// The hub said no, or nothing.
    #[error(transparent)]
    Hub(#[from] JoinProblem),
    /// A join string for something else.
    #[error(
        "this join string is for an importer, not for a branch; ask the office for one under Branches"
    )]
    NotABranch,
    /// The store.
    #[error(
        "{0}. If the hub has already let this machine in, ask the office for a new join string and try again"
    )]
    Store(#[from] StoreError),
    /// No random numbers.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Joins the hub named in `join_string` and stores who this machine now is. `hub` replaces the address in the string, for a
/// proxy in between.
///
/// # Errors
/// [`JoinError`].
pub async fn join(
    join_string: &JoinString,
    data: &Path,
    hub: Option<&str>,
    clock: &Clock,
) -> Result<Membership, JoinError> {
    let directory = Directory::at(data);
    let unusable = |source| JoinError::Directory {
        path: data.display().to_string(),
        source,
    };
    directory.create().map_err(unusable)?;
    // Opened first: a directory that cannot be used must not cost a join string, which works once.
    let mut store = BranchStore::open(&directory.store())?;
    if let Some(known) = store.read_record::<Membership>(records::MEMBERSHIP)? {
        return Err(JoinError::AlreadyJoined(known.branch_name));
    }
    let incarnation = u32::from_le_bytes(random_bytes()?);
    let request = JoinRequest {
        code: join_string.code.clone(),
        machine: machine_name(),
        software: concat!("offpiste-branch ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let address = hub.unwrap_or(&join_string.hub);
    let reply = sync::join(address, &request).await?;
    let membership = membership(&reply, &join_string.hub, clock)?;
    write_private(&directory.token(), &reply.token).map_err(unusable)?;
    store.assume_identity(Actor::new(reply.replica, incarnation))?;
    let mark = directory.store_mark().map_err(unusable)?;
    store.write_record(records::FILE_MARK, &mark)?;
    // Last, since it is what says that all of it is there.
    store.write_record(records::MEMBERSHIP, &membership)?;
    store.persist()?;
    Ok(membership)
}

fn membership(reply: &JoinReply, hub_url: &str, clock: &Clock) -> Result<Membership, JoinError> {
    let branch = reply
        .branch
        .filter(|_| reply.role == ReplicaRole::Branch)
        .ok_or(JoinError::NotABranch)?;
    Ok(Membership {
        hub_url: hub_url.trim_end_matches('/').to_owned(),
        hub_name: reply.hub.clone(),
        branch,
        branch_name: reply.branch_name.clone().unwrap_or_default(),
        replica: reply.replica,
        joined_at: clock.now(),
    })
}

/// What the machine calls itself, for the office's list.
fn machine_name() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "counter".to_owned())
}
