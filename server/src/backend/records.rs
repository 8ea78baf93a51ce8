//! What the hub remembers beside documents: small named records that never travel.
//!
//! | name | holds |
//! |---|---|
//! | `hub/epoch` | the life of the feed |
//! | `hub/incarnation`, `hub/reserved` | the hub's own CRDT identity and the counters it may use |
//! | `hub/recovery` | what is taken back after the hub was put back to a backup |
//! | `given-back/<number>/<id>` | a document in which a machine gave back what others wrote |
//! | `hub/next-replica` | the next replica number; never given twice |
//! | `account/<login>` | who may log in at the office |
//! | `join/<hash of the code>` | a join string that has not been used |
//! | `replica/<number>` | a joined machine |
//! | `counters/<number>` | the highest counter seen from each of its actors |
//! | `presence/<number>` | when it was last heard of, and what waited there |
//! | `catalogue/<id>` | which documents make up the catalogue |
//! | `refused/<time>-<n>` | deltas the hub would not take |
//! | `schema/<step>` | how far a change of the documents' schema has come |
//! | `office/long-absent-days` | after how many days without contact a machine counts as long absent |

use serde::{Deserialize, Serialize};
use shared::clock::UtcMillis;
use shared::domain::Role;
use shared::id::{BranchId, DocumentId, ReplicaNumber, StaffId};
use shared::schema::StepNumber;
use shared::wire::ReplicaRole;

pub(super) const EPOCH: &str = "hub/epoch";
pub(super) const INCARNATION: &str = "hub/incarnation";
pub(super) const RESERVED: &str = "hub/reserved";
pub(super) const RECOVERY: &str = "hub/recovery";
pub(super) const GIVEN_BACK: &str = "given-back/";
pub(super) const NEXT_REPLICA: &str = "hub/next-replica";
pub(super) const ACCOUNTS: &str = "account/";
pub(super) const JOINS: &str = "join/";
pub(super) const REPLICAS: &str = "replica/";
pub(super) const PRESENCES: &str = "presence/";
pub(super) const CATALOGUE: &str = "catalogue/";
pub(super) const REFUSED: &str = "refused/";
pub(super) const SCHEMA: &str = "schema/";
pub(super) const LONG_ABSENT_DAYS: &str = "office/long-absent-days";

/// Replicas a hub may have: ten times what a firm of 1,000 branches has, machines replaced over the years included.
pub(super) const MAX_REPLICAS: usize = 10_000;

/// Unused join strings that are kept; those that ran out are removed first.
pub(super) const MAX_JOINS: usize = 2_000;

/// Catalogue documents: staff of 1,000 branches included.
pub(super) const MAX_CATALOGUE: usize = 200_000;

/// Refusals kept for the office to look at; the oldest goes first. The branch keeps what was refused itself.
pub(super) const MAX_REFUSED: usize = 500;

/// Who may log in at the office.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// What they type.
    pub(crate) login: String,
    /// Their member of staff, in whose name they write.
    pub(crate) staff: StaffId,
    /// Argon2id, a PHC string.
    pub(crate) password_hash: String,
    /// The role's code, as [`Role::code`] has it.
    pub(crate) role: String,
    /// When it was made.
    pub(crate) made_at: UtcMillis,
    /// Whether it may log in.
    pub(crate) active: bool,
}

impl Account {
    /// What they may do; the least for a role of a later version.
    pub(crate) fn role(&self) -> Role {
        Role::from_code(&self.role).unwrap_or(Role::Workshop)
    }
}

/// A join string that has not been used. Its name is the hash of its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingJoin {
    /// What the machine will be for.
    pub(crate) role: ReplicaRole,
    /// Which branch it will serve.
    pub(crate) branch: Option<BranchId>,
    /// Until when it works.
    pub(crate) expires_at: UtcMillis,
    /// Who made it.
    pub(crate) made_by: Option<StaffId>,
}

/// A joined machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replica {
    /// Its number.
    pub(crate) number: ReplicaNumber,
    /// What it is for.
    pub(crate) role: ReplicaRole,
    /// The branch it serves.
    pub(crate) branch: Option<BranchId>,
    /// What it calls itself.
    pub(crate) machine: String,
    /// The version of its program when it joined.
    pub(crate) software: String,
    /// SHA-256 of its token.
    pub(crate) token_hash: [u8; 32],
    /// When it joined.
    pub(crate) joined_at: UtcMillis,
    /// Since when it is shut out.
    pub(crate) retired_at: Option<UtcMillis>,
}

/// When a replica was last heard of, and what waited there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Presence {
    /// By the hub's clock.
    pub(crate) last_contact: UtcMillis,
    /// Documents that waited at the replica after the contact.
    pub(crate) pending: u64,
    /// Since when the oldest of them waited, by the replica's clock.
    pub(crate) pending_since: Option<UtcMillis>,
    /// The replica's clock minus the hub's; the time the line took is in it.
    pub(crate) clock_ahead_millis: i64,
    /// When it last had everything and nothing waited there.
    pub(crate) complete_at: Option<UtcMillis>,
    /// When the hub last gave it the digest of its scope, and the digest's first bytes.
    pub(crate) digest: Option<(UtcMillis, [u8; 8])>,
    /// When the replica's own digest was last found equal to the hub's.
    pub(crate) identical_at: Option<UtcMillis>,
    /// Documents that the replica has set aside: those it could not read, and those the hub would not take.
    pub(crate) set_aside: u32,
    /// The protocol version that it last spoke; 0 before the first exchange.
    pub(crate) protocol: u16,
    /// The hub's feed position up to which it has everything in its scope; 0 when that is not known.
    pub(crate) seen_up_to: u64,
}

/// A delta the hub would not take. The sender keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefusedDelta {
    /// When.
    pub(crate) at: UtcMillis,
    /// Who sent it.
    pub(crate) replica: ReplicaNumber,
    /// Which document, when that could be read.
    pub(crate) document: Option<DocumentId>,
    /// Why, for a person.
    pub(crate) reason: String,
    /// How large it was.
    pub(crate) bytes: u64,
}

/// A document in which a machine gave back what others wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GivenBack {
    /// When it did so last.
    pub(crate) at: UtcMillis,
    /// Which machine.
    pub(crate) replica: ReplicaNumber,
    /// Which document.
    pub(crate) document: DocumentId,
}

pub(super) fn given_back(replica: ReplicaNumber, document: DocumentId) -> String {
    format!("{GIVEN_BACK}{:08x}/{document}", replica.0)
}

pub(super) fn account(login: &str) -> String {
    format!("{ACCOUNTS}{login}")
}

pub(super) fn join(code_hash: &[u8; 32]) -> String {
    format!("{JOINS}{}", crate::random::hex(code_hash))
}

pub(super) fn replica(number: ReplicaNumber) -> String {
    format!("{REPLICAS}{:08x}", number.0)
}

pub(super) fn counters(number: ReplicaNumber) -> String {
    format!("counters/{:08x}", number.0)
}

pub(super) fn presence(number: ReplicaNumber) -> String {
    format!("{PRESENCES}{:08x}", number.0)
}

pub(super) fn catalogue(document: DocumentId) -> String {
    format!("{CATALOGUE}{document}")
}

pub(super) fn schema(step: StepNumber) -> String {
    format!("{SCHEMA}{:04}", step.0)
}

pub(super) fn refused(at: UtcMillis, index: usize) -> String {
    format!("{REFUSED}{:016x}-{index:04x}", at.0)
}
