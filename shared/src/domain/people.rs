//! Branches and the people who work in them.

use super::{Changeover, TicketPrefix};
use crate::document::{Document, Value};
use crate::domain::fields::kind;
use crate::id::{BranchId, ReplicaNumber, StaffId, TerritoryId};

/// A location of the firm.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its identity.
    pub id: BranchId,
    /// Its name.
    pub name: String,
    /// The first two characters of its tickets.
    pub prefix: Option<TicketPrefix>,
    /// The territory whose currency, VAT and calendar hold there.
    pub territory: Option<TerritoryId>,
    /// Address and telephone for the ticket.
    pub address: Option<String>,
    /// Whether it is still in business.
    pub active: bool,
    /// The replicas that write there: one machine after another, since a number is never given again.
    pub replicas: Vec<ReplicaNumber>,
    /// Its change from an old system, while there is one.
    pub changeover: Option<Changeover>,
}

impl Branch {
    /// Field: text.
    pub const NAME: &'static str = "name";
    /// Field: text, two characters.
    pub const PREFIX: &'static str = "ticket_prefix";
    /// Field: id.
    pub const TERRITORY: &'static str = "territory";
    /// Field: text.
    pub const ADDRESS: &'static str = "address";
    /// Field: bool; absent means yes.
    pub const ACTIVE: &'static str = "active";
    /// Prefix of fields `replica/<number>`: bool.
    pub const REPLICA_PREFIX: &'static str = "replica/";

    /// The branch in a document. `None` when it is a document of another kind.
    pub fn of(document: &Document) -> Option<Self> {
        if document.kind().as_str() != kind::BRANCH {
            return None;
        }
        Some(Self {
            id: BranchId(document.id()),
            name: text(document, Self::NAME).unwrap_or_default(),
            prefix: text(document, Self::PREFIX)
                .as_deref()
                .and_then(TicketPrefix::new),
            territory: document
                .newest(Self::TERRITORY)
                .and_then(|value| value.as_id())
                .map(TerritoryId),
            address: text(document, Self::ADDRESS),
            active: document.newest(Self::ACTIVE) != Some(Value::Bool(false)),
            replicas: document
                .fields()
                .keys()
                .filter_map(|field| field.as_str().strip_prefix(Self::REPLICA_PREFIX))
                .filter_map(|number| number.parse().ok().map(ReplicaNumber))
                .collect(),
            changeover: Changeover::of(document),
        })
    }
}

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Takes in, changes, cashes and hands out orders.
    Counter,
    /// Starts and finishes work.
    Workshop,
    /// Sees every branch and settles what they disagree on.
    Office,
    /// Also branches, staff and imports.
    Administrator,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 4] = [
        Self::Workshop,
        Self::Counter,
        Self::Office,
        Self::Administrator,
    ];

    /// The code in stored documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Workshop => "workshop",
            Self::Office => "office",
            Self::Administrator => "administrator",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether this role may do what needs `other`'s rights at the office: an administrator may all that the office may.
    pub fn may_act_as(self, other: Self) -> bool {
        self == other
            || self == Self::Administrator
            || other == Self::Workshop && self == Self::Counter
    }
}

/// Somebody who works for the firm.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Their identity.
    pub id: StaffId,
    /// Their name.
    pub name: String,
    /// The name they type to log in at the office.
    pub login: Option<String>,
    /// What they may do.
    pub role: Role,
    /// The hash of their PIN for counters, a PHC string (Argon2id).
    pub pin_hash: Option<String>,
    /// The hash of their office password, a PHC string (Argon2id).
    pub password_hash: Option<String>,
    /// The branches where they work; empty for all.
    pub branches: Vec<BranchId>,
    /// Whether they may log in.
    pub active: bool,
}

impl Staff {
    /// Field: text.
    pub const NAME: &'static str = "name";
    /// Field: text.
    pub const LOGIN: &'static str = "login";
    /// Field: text.
    pub const ROLE: &'static str = "role";
    /// Field: text.
    pub const PIN_HASH: &'static str = "secret/pin_hash";
    /// Field: text. Written by the hub into its own account records only, never into a document that travels to branches.
    pub const PASSWORD_HASH: &'static str = "secret/password_hash";
    /// Field: bool; absent means yes.
    pub const ACTIVE: &'static str = "active";
    /// Prefix of fields `branch/<id>`: bool. A branch where somebody works no more stays named, with false: so it hears of it,
    /// also from a hub that has derived its lists anew. Who worked everywhere and now does not has all other branches named.
    pub const BRANCH_PREFIX: &'static str = "branch/";

    /// The member of staff in a document. `None` when it is a document of another kind.
    pub fn of(document: &Document) -> Option<Self> {
        if document.kind().as_str() != kind::STAFF {
            return None;
        }
        let branches = Self::branches_named(document)
            .filter(|branch| {
                let field = format!("{}{branch}", Self::BRANCH_PREFIX);
                document.newest(&field) == Some(Value::Bool(true))
            })
            .collect();
        Some(Self {
            id: StaffId(document.id()),
            name: text(document, Self::NAME).unwrap_or_default(),
            login: text(document, Self::LOGIN),
            role: text(document, Self::ROLE)
                .as_deref()
                .and_then(Role::from_code)
                .unwrap_or(Role::Workshop),
            pin_hash: text(document, Self::PIN_HASH),
            password_hash: text(document, Self::PASSWORD_HASH),
            branches,
            active: document.newest(Self::ACTIVE) != Some(Value::Bool(false))
                && document.erasure().is_none(),
        })
    }

    /// The branches that a document says anything about: where somebody works, or did.
    pub fn branches_named(document: &Document) -> impl Iterator<Item = BranchId> {
        document.fields().keys().filter_map(|field| {
            let branch = field.as_str().strip_prefix(Self::BRANCH_PREFIX)?;
            branch.parse().ok()
        })
    }

    /// Whether they work at a branch.
    pub fn works_at(&self, branch: BranchId) -> bool {
        self.branches.is_empty() || self.branches.contains(&branch)
    }
}

pub(super) fn text(document: &Document, field: &str) -> Option<String> {
    document
        .newest(field)
        .as_ref()
        .and_then(Value::as_text)
        .map(str::to_owned)
}
