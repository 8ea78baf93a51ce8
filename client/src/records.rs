//! The small named records beside the documents. Names and layouts are stored: a changed layout gets a new name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::clock::UtcMillis;
use shared::id::{BranchId, ReplicaNumber, StaffId};

/// [`Membership`].
pub(crate) const MEMBERSHIP: &str = "membership";
/// `shared::sync::Progress`.
pub(crate) const PROGRESS: &str = "progress";
/// `u64`: the slot of the last ticket number.
pub(crate) const LAST_TICKET_SLOT: &str = "ticket/last_slot";
/// `Vec<DocumentId>`: the catalogue's documents, so that a start need not read the whole store for them.
pub(crate) const CATALOGUE: &str = "catalogue/ids";
/// [`Sessions`].
pub(crate) const SESSIONS: &str = "sessions";
/// [`Tries`].
pub(crate) const TRIES: &str = "pin_tries";
/// [`FileMark`]: the database file as it was when this store last wrote.
pub(crate) const FILE_MARK: &str = "file_mark";
/// `shared::sync::Proof`.
pub(crate) const PROOF: &str = "proof";

/// What this machine learned when it joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The hub's address without a slash at the end.
    pub hub_url: String,
    /// The hub's name for people.
    pub hub_name: String,
    /// The branch this machine serves.
    pub branch: BranchId,
    /// Its name then.
    pub branch_name: String,
    /// The number that the hub gave this machine.
    pub replica: ReplicaNumber,
    /// When.
    pub joined_at: UtcMillis,
}

/// What tells a file from a copy of it: a copy has the same content, but not these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileMark {
    /// Its number in the file system.
    pub(crate) inode: u64,
    /// When it was made, where the file system knows.
    pub(crate) made_at: Option<UtcMillis>,
}

/// Open sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sessions(pub(crate) Vec<Session>);

/// One open session. The token itself is nowhere but with its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// SHA-256 of the token.
    pub(crate) token_hash: [u8; 32],
    pub(crate) staff: StaffId,
    pub(crate) counter: String,
    pub(crate) since: UtcMillis,
    pub(crate) last_seen: UtcMillis,
}

/// Wrong PINs since the last right one, by member of staff. At `limits::PIN_TRIES` they are locked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tries(pub(crate) BTreeMap<StaffId, WrongPins>);

/// Wrong PINs of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrongPins {
    pub(crate) made: u32,
    /// SHA-256 of the PIN's hash: a new PIN from the office begins anew, which helps whoever works alone.
    pub(crate) of_pin: [u8; 32],
}
