//! The three axes of an order: where the work is, who holds a piece, how it stands with its money.

use std::fmt;

use crate::id::BranchId;

/// A work status: the phase that the product's rules know, and perhaps the firm's own name for a step within it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusCode {
    /// The phase.
    pub phase: Phase,
    /// The code as stored: `in_work` or, for a step of the firm's own, `in_work/waxing`.
    pub code: String,
}

impl StatusCode {
    /// Reads a stored code. A phase of a later version shows as open work rather than as nothing.
    pub fn from_code(code: &str) -> Self {
        let phase = Phase::from_code(code.split('/').next().unwrap_or(code)).unwrap_or(Phase::Open);
        Self {
            phase,
            code: code.to_owned(),
        }
    }
}

impl From<Phase> for StatusCode {
    fn from(phase: Phase) -> Self {
        Self {
            phase,
            code: phase.code().to_owned(),
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.code)
    }
}

/// Where the work is. Statuses are the firm's data; each belongs to one of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Taken in, not begun.
    Open,
    /// Called off.
    Cancelled,
    /// Cannot go on, with a reason.
    Blocked,
    /// Somebody works on it.
    InWork,
    /// Finished.
    Done,
}

impl Phase {
    /// All phases, in the order of an ordinary day.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::InWork,
        Self::Blocked,
        Self::Done,
        Self::Cancelled,
    ];

    /// The code in stored statuses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InWork => "in_work",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }

    /// Whether work is still to be done.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Open | Self::InWork | Self::Blocked)
    }
}

/// Who holds a piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Custody {
    /// The customer: not yet brought, or handed out.
    Customer,
    /// The counter or store of a branch.
    Branch(BranchId),
    /// A workshop at a branch.
    Workshop(BranchId),
    /// The rack of a branch, ready to be collected.
    Rack(BranchId),
    /// On the way between branches.
    Van,
    /// Not known, as with imported orders, or said in a later version's word.
    Unknown(String),
}

impl Custody {
    /// The stored text.
    pub fn code(&self) -> String {
        match self {
            Self::Customer => "customer".to_owned(),
            Self::Van => "van".to_owned(),
            Self::Branch(branch) => format!("branch/{branch}"),
            Self::Workshop(branch) => format!("workshop/{branch}"),
            Self::Rack(branch) => format!("rack/{branch}"),
            Self::Unknown(code) => code.clone(),
        }
    }

    /// Reads a stored text.
    pub fn from_code(code: &str) -> Self {
        let known = match code.split_once('/') {
            None if code == "customer" => Some(Self::Customer),
            None if code == "van" => Some(Self::Van),
            Some((place, branch)) => branch.parse().ok().and_then(|branch| match place {
                "branch" => Some(Self::Branch(branch)),
                "workshop" => Some(Self::Workshop(branch)),
                "rack" => Some(Self::Rack(branch)),
                _ => None,
            }),
            None => None,
        };
        known.unwrap_or_else(|| Self::Unknown(code.to_owned()))
    }

    /// The branch where it is, when it is at one.
    pub const fn branch(&self) -> Option<BranchId> {
        match self {
            Self::Branch(branch) | Self::Workshop(branch) | Self::Rack(branch) => Some(*branch),
            Self::Customer | Self::Van | Self::Unknown(_) => None,
        }
    }
}

/// How an order stands with its money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MoneyState {
    /// Nothing paid yet.
    Open,
    /// Part of it paid.
    Deposit,
    /// Paid.
    Paid,
    /// More paid than owed, such as by two tills that were cut off from each other.
    Overpaid,
    /// All that was paid has been given back.
    Refunded,
}

impl MoneyState {
    /// The code in tables and exports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Deposit => "deposit",
            Self::Paid => "paid",
            Self::Overpaid => "overpaid",
            Self::Refunded => "refunded",
        }
    }
}
