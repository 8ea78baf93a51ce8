//! What the counter's use cases answer with.

use std::sync::Arc;

use shared::clock::UtcMillis;
use shared::domain::{Catalogue, Customer, Order, Role, TicketNumber};
use shared::id::{BranchId, OrderId, StaffId};
pub use shared::presentation::page::{Candidate, OpenConflict, Place};
use shared::read_model::{CustomerSummary, OrderSummary};
use shared::store::{Pending, SetAside, Unreadable};

/// A colleague to choose on the sign-in page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffTile {
    /// Who.
    pub staff: StaffId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether three wrong PINs have locked them at this branch; a colleague who is signed in unlocks.
    pub is_locked: bool,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub staff: StaffId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Which counter they signed in at, in the shop's words.
    pub counter: String,
}

impl Person {
    /// Whether they may do counter work (take in, change, cash, hand out) besides workshop work.
    pub fn may_serve(&self) -> bool {
        self.role != Role::Workshop
    }
}

/// The secret of a session, for a cookie or a bearer token. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(pub(super) String);

impl SessionToken {
    /// 43 characters of URL-safe base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An order that was taken in and is durable on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The order.
    pub order: OrderId,
    /// Its printed number, final from now on.
    pub number: TicketNumber,
}

/// Everything a page shows of an order.
#[derive(Clone, Debug)]
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// Its customer's document, when this branch holds it.
    pub customer: Option<Customer>,
    /// How far the order has come on its way to the office.
    pub whereabouts: Whereabouts,
    /// Which branches have this state of the order too, of those it concerns; none while the hub has not told.
    pub seen_by: Option<Vec<BranchId>>,
    /// Values to choose between, with who and where.
    pub conflicts: Vec<OpenConflict>,
    /// Names of branches, staff, services and statuses.
    pub catalogue: Arc<Catalogue>,
}

impl OrderDetails {
    /// The name of a member of staff; none when they are not known here.
    pub fn staff_name(&self, staff: StaffId) -> Option<&str> {
        self.catalogue
            .staff_member(staff)
            .map(|member| member.name.as_str())
    }

    /// The name of a branch; none when it is not known here.
    pub fn branch_name(&self, branch: shared::id::BranchId) -> Option<&str> {
        self.catalogue
            .branch(branch)
            .map(|branch| branch.name.as_str())
    }
}

/// Where an order is safe. It is always durable on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// The hub has acknowledged all of it.
    AtOffice,
    /// Changes wait for the line.
    WaitingSince {
        /// Since when the oldest of this order's changes waits.
        since: UtcMillis,
        /// How many documents of this branch wait in all.
        waiting: u64,
    },
    /// The hub would not take a change; it is kept here and shown under quarantine.
    Refused {
        /// Why, in the hub's words.
        reason: String,
    },
}

/// A customer with what they had before.
#[derive(Clone, Debug)]
pub struct CustomerDetails {
    /// The customer.
    pub customer: Customer,
    /// Their orders that this branch holds, newest first.
    pub orders: Vec<OrderSummary>,
    /// Others with the same telephone or e-mail; perhaps the same person.
    pub likely_duplicates: Vec<CustomerSummary>,
    /// How far their document has come on its way to the office.
    pub whereabouts: Whereabouts,
    /// Values to choose between, with who and where.
    pub conflicts: Vec<OpenConflict>,
}

/// How this branch stands with the office, from durable facts and acknowledged round trips only.
#[derive(Clone, Debug)]
pub struct SyncState {
    /// What waits for the hub. Nothing waiting means that it is safe to close.
    pub pending: Pending,
    /// When the hub last answered, by this branch's clock; survives a restart.
    pub last_contact: Option<UtcMillis>,
    /// When everything the hub had was last here, with nothing waiting.
    pub complete_at: Option<UtcMillis>,
    /// What the last attempts have proven about the line.
    pub line: Line,
    /// When this branch and the hub were last proven to hold the same, by comparing digests.
    pub identical_as_of: Option<UtcMillis>,
    /// Whether that comparison was about just what this branch holds now.
    pub is_identical: bool,
    /// When a comparison last found a difference that has not been mended yet.
    pub differs_since: Option<UtcMillis>,
    /// How wrong this machine's clock seems, when it is beyond [`CLOCK_TOLERANCE_MILLIS`].
    pub clock_warning: Option<ClockWarning>,
    /// What could not be taken by one side or the other, oldest first.
    pub quarantined: Vec<Quarantined>,
    /// Why lists and search may lack the latest changes; every order is safe all the same.
    pub lists_behind: Option<String>,
    /// Whether documents that came in bulk are still on their way into the lists.
    pub lists_follow: bool,
    /// Stored documents that this version cannot read.
    pub unreadable: Vec<Unreadable>,
    /// Documents that this branch holds.
    pub documents: u64,
    /// The hub's position up to which everything in this branch's scope is here.
    pub cursor: u64,
    /// The digest of this branch's scope as it follows from what is held here; none while the lists are not up to date.
    pub digest: Option<[u8; 16]>,
}

impl SyncState {
    /// Whether the machine may be switched off for good: nothing waits and nothing was refused.
    pub fn is_safe_to_close(&self) -> bool {
        self.pending.count == 0 && self.quarantined.iter().all(|kept| kept.from_hub)
    }
}

/// Something that one side could not take; the rest flows on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number at this branch.
    pub sequence: u64,
    /// Which document, when that could be read.
    pub document: Option<shared::id::DocumentId>,
    /// Why, for a person.
    pub reason: String,
    /// Since when.
    pub at: UtcMillis,
    /// Whether it came from the hub; else the hub refused it.
    pub from_hub: bool,
    /// How long it is, in bytes.
    pub bytes: usize,
}

impl From<SetAside> for Quarantined {
    fn from(kept: SetAside) -> Self {
        Self {
            sequence: kept.sequence,
            document: kept.document,
            reason: kept.reason,
            at: kept.at,
            from_hub: kept.from_hub,
            bytes: kept.bytes.len(),
        }
    }
}

/// What is known about the line to the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The hub acknowledged a round trip within the last [`LINE_PROOF_SECONDS`].
    Proven {
        /// When.
        at: UtcMillis,
    },
    /// It did not.
    Unproven {
        /// When it last did since this daemon started.
        last: Option<UtcMillis>,
        /// What the last attempt failed with.
        problem: Option<LineProblem>,
    },
}

/// How old the proof of a working line may be. Longer than the hub holds a wait open (25 s) with a request around it.
pub const LINE_PROOF_SECONDS: i64 = 40;

/// Below this nobody needs to look at the clock; above it, "since 09:12" begins to mislead.
pub const CLOCK_TOLERANCE_MILLIS: i64 = 2 * 60 * 1000;

/// Why an exchange with the hub did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// No connection.
    #[error(
        "the office cannot be reached. All work goes on; orders are saved here and sent when the line is back"
    )]
    Unreachable,
    /// No answer in time.
    #[error(
        "the office did not answer in time. All work goes on; orders are saved here and sent when it answers"
    )]
    TimedOut,
    /// The hub does not accept this branch's token any more.
    #[error(
        "the office no longer accepts this machine's key. All orders are safe here, but nothing is sent until the office gives the branch a new join string"
    )]
    Revoked,
    /// The hub speaks another version.
    #[error(
        "the office speaks protocol version {protocol}, which this program does not. All orders are safe here; upgrade the older side, the hub first"
    )]
    Incompatible {
        /// What the hub speaks; 0 when it refused without saying.
        protocol: u16,
    },
    /// The hub answered with an error.
    #[error(
        "the office's server reports a fault (HTTP {status}). All orders are safe here and are sent again by themselves"
    )]
    HubFault {
        /// The HTTP status.
        status: u16,
    },
    /// The answer was no answer.
    #[error(
        "the answer is not the office's: {0}. Something stands between this machine and the hub, such as a log-in page of the network"
    )]
    Nonsense(String),
}

impl LineProblem {
    /// The key of its sentence in the texts.
    pub const fn text_key(&self) -> &'static str {
        match self {
            Self::Unreachable => "line-unreachable",
            Self::TimedOut => "line-timed-out",
            Self::Revoked => "line-revoked",
            Self::Incompatible { .. } => "line-incompatible",
            Self::HubFault { .. } => "line-hub-fault",
            Self::Nonsense(_) => "line-nonsense",
        }
    }
}

/// A clock that is wrong, one way or the other. It never blocks a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockWarning {
    /// This machine is ahead of the hub.
    Ahead {
        /// By how much.
        by_millis: i64,
    },
    /// This machine is behind the hub.
    Behind {
        /// By how much.
        by_millis: i64,
    },
}

/// News for pages that are open.
#[derive(Clone, Debug)]
pub enum Changed {
    /// Documents changed, by a person here or from the hub.
    Documents(Arc<[shared::id::DocumentId]>),
    /// The state of the line, or what waits, changed.
    Sync,
}
