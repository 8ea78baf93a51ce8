//! Typed identifiers. A document id never stands where an actor is meant, nor a customer where an order is.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// That of the names of documents: itself a v5 of the product's name, so that it can be recomputed by anyone.
static NAMESPACE: LazyLock<Uuid> =
    LazyLock::new(|| Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"offpiste.invalid"));

/// Identity of any replicated document: UUIDv7 at a counter, UUIDv5 for imported rows and seeded catalogue entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentId(Uuid);

impl DocumentId {
    /// Wraps an identifier that was made or validated elsewhere.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// From the sixteen bytes of a store key or a wire message.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The identifier that belongs to `name` in Offpiste's own namespace, the same on every machine (UUIDv5, RFC 9562).
    /// Used for seeded catalogue entries and imported rows, so that making one twice is making it once.
    pub fn named(name: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    /// The underlying UUID.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }

    /// The sixteen bytes, in the order that sorts UUIDv7 by time.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(out)
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for DocumentId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub DocumentId);

        impl $name {
            /// The document that holds it.
            pub const fn document(self) -> DocumentId {
                self.0
            }
        }

        impl From<$name> for DocumentId {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<DocumentId> for $name {
            fn from(id: DocumentId) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

typed_id!(
    /// An order.
    OrderId
);
typed_id!(
    /// A customer.
    CustomerId
);
typed_id!(
    /// A service of the catalogue.
    ServiceId
);
typed_id!(
    /// A member of staff.
    StaffId
);
typed_id!(
    /// A branch: one location of the firm.
    BranchId
);
typed_id!(
    /// A territory: a country with its currency, VAT, language and retention rules.
    TerritoryId
);

/// The number that the hub gives a replica at enrolment and never gives again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ReplicaNumber(pub u32);

impl ReplicaNumber {
    /// The hub's own replica.
    pub const HUB: Self = Self(0);
}

/// The CRDT identity of one store that writes: the replica number in the high half, an incarnation drawn at random
/// whenever the store is created or restored in the low half. A restored store therefore never reuses a dot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor(u64);

impl Actor {
    /// Joins a replica number and an incarnation.
    pub const fn new(replica: ReplicaNumber, incarnation: u32) -> Self {
        Self(((replica.0 as u64) << 32) | incarnation as u64)
    }

    /// From its stored form.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its stored form.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The replica that this actor is an incarnation of.
    pub const fn replica(self) -> ReplicaNumber {
        ReplicaNumber((self.0 >> 32) as u32)
    }

    /// Which incarnation of the replica this is.
    pub const fn incarnation(self) -> u32 {
        (self.0 & 0xffff_ffff) as u32
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// One write of one actor. The counter runs over the actor's whole store, so "the highest counter seen from you" is one number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Dot {
    /// Who wrote.
    pub actor: Actor,
    /// Which of its writes, from 1.
    pub counter: u64,
}

impl Dot {
    /// What [`fmt::Display`] writes, without its machinery: an import makes several of it for each order.
    pub(crate) fn to_text(self) -> String {
        let mut text = String::with_capacity(2 * 16 + 1);
        push_hexadecimal(&mut text, self.actor.0);
        text.push('.');
        push_hexadecimal(&mut text, self.counter);
        text
    }
}

fn push_hexadecimal(text: &mut String, number: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (u64::BITS - (number | 1).leading_zeros()).div_ceil(4);
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) & 0xf;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}.{:x}", self.actor.0, self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dots_text_is_what_is_displayed() {
        for bits in [0, 1, 0xf, 0x10, 0x0123_4567_89ab_cdef, u64::MAX] {
            for counter in [0, 9, 0xa0, u64::MAX] {
                let actor = Actor::from_bits(bits);
                let dot = Dot { actor, counter };
                assert_eq!(dot.to_text(), dot.to_string());
            }
        }
    }
}
