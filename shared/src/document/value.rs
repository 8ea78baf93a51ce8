//! Field names, kinds and values: the closed vocabulary that every version of the product can carry.

use std::borrow::Borrow;
use std::fmt;

use jiff::civil;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::UtcMillis;
use crate::limits;

/// A name that is no field or kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no field name: 1 to {max} bytes of a-z, 0-9 and -_./ are allowed", max = limits::FIELD_NAME_BYTES)]
pub struct NameError(String);

/// Whether a text is a name of a field or kind.
pub(super) fn is_name(name: &str) -> bool {
    are_a_name(name.as_bytes())
}

/// The same of bytes that may be no text: those of a name are ASCII.
pub(super) fn are_a_name(name: &[u8]) -> bool {
    if !(1..=limits::FIELD_NAME_BYTES).contains(&name.len()) {
        return false;
    }
    // Every field of every document is asked, so sixteen bytes are looked at together; some of the last ones twice.
    let (pieces, rest) = name.as_chunks::<16>();
    pieces.iter().all(are_in_names)
        && match name.last_chunk::<16>() {
            Some(last) => are_in_names(last),
            None => rest.iter().all(|byte| is_in_names(*byte)),
        }
}

/// No look ends early: so the compiler makes a few instructions of all of them.
fn are_in_names(bytes: &[u8; 16]) -> bool {
    let looks = bytes.iter().map(|byte| is_in_names(*byte));
    looks.fold(true, |all, is_good| all & is_good)
}

/// Whether a name may have this byte.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "nothing branches, so that sixteen bytes are looked at together"
)]
const fn is_in_names(byte: u8) -> bool {
    // `-`, `.`, `/` and the digits follow each other in ASCII.
    (byte.wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'-') <= b'9' - b'-') | (byte == b'_')
}

fn validated_name(name: String) -> Result<Box<str>, NameError> {
    if !is_name(&name) {
        return Err(NameError(
            name.chars().take(limits::FIELD_NAME_BYTES).collect(),
        ));
    }
    Ok(name.into())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Validates a name.
            ///
            /// # Errors
            /// [`NameError`] when it is empty, too long or has other characters than `a-z 0-9 - _ . /`.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                validated_name(name.into()).map(Self)
            }

            /// A name known when the program was written.
            ///
            /// # Panics
            /// When it is not a name, which any test that reaches it shows.
            pub fn known(name: &'static str) -> Self {
                Self::new(name).expect("a name in the source is valid")
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }
    };
}

name_type!(
    /// The name of a field: segments joined by `/`, such as `status` or `items/<dot>/label`.
    Field
);
name_type!(
    /// What a document describes: `order`, `customer`, `service` ... A replica carries kinds it does not know untouched.
    Kind
);

/// First segments whose fields name or describe a person, or are free text in which someone may.
/// Frozen: every version must forget the same fields, or replicas would differ after an erasure.
const PERSONAL_SEGMENTS: [&str; 4] = ["contact", "personal", "free", "legacy"];

impl Field {
    /// Whether an erasure removes it.
    pub fn is_personal(&self) -> bool {
        is_personal_name(self.as_str().as_bytes())
    }

    /// The segments between the slashes.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

/// As [`Field::is_personal`], for the bytes of a name that is no [`Field`] yet.
pub(super) fn is_personal_name(name: &[u8]) -> bool {
    let first = name.split(|byte| *byte == b'/').next().unwrap_or_default();
    PERSONAL_SEGMENTS
        .iter()
        .any(|segment| segment.as_bytes() == first)
}

/// A currency by its ISO 4217 letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Swiss franc.
    pub const CHF: Self = Self(*b"CHF");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Reads three capital letters.
    pub fn new(letters: &str) -> Option<Self> {
        let letters: [u8; 3] = letters.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }

    /// The three letters as bytes.
    pub const fn as_bytes(&self) -> &[u8; 3] {
        &self.0
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A value of a field. Closed on purpose: an older replica must be able to read every value a newer one writes,
/// so meaning lives in field names, and a future type travels as [`Value::Bytes`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Value {
    /// Deliberately empty.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number; its unit is in the field's name.
    Int(i64),
    /// UTF-8, at most [`limits::TEXT_BYTES`].
    Text(String),
    /// A reference to another document.
    Id(Uuid),
    /// An amount in minor units (Rappen, Cent).
    Money {
        /// Minor units; negative for what is given back.
        minor: i64,
        /// Its currency.
        currency: Currency,
    },
    /// A moment, UTC.
    Instant(UtcMillis),
    /// A calendar day, as days since 1970-01-01.
    Date(i32),
    /// Anything else, uninterpreted.
    Bytes(Vec<u8>),
}

impl Value {
    /// A calendar day.
    pub fn date(date: civil::Date) -> Self {
        Self::Date(days_since_epoch(date))
    }

    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is one.
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The flag, when it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The reference, when it is one.
    pub const fn as_id(&self) -> Option<crate::id::DocumentId> {
        match self {
            Self::Id(id) => Some(crate::id::DocumentId::from_uuid(*id)),
            _ => None,
        }
    }

    /// The moment, when it is one.
    pub const fn as_instant(&self) -> Option<UtcMillis> {
        match self {
            Self::Instant(instant) => Some(*instant),
            _ => None,
        }
    }

    /// The amount, when it is one.
    pub const fn as_money(&self) -> Option<crate::domain::Money> {
        match self {
            Self::Money { minor, currency } => Some(crate::domain::Money::new(*minor, *currency)),
            _ => None,
        }
    }

    /// The calendar day, when it is one within year -9999 to 9999.
    pub fn as_date(&self) -> Option<civil::Date> {
        match self {
            Self::Date(days) => date_from_days(*days),
            _ => None,
        }
    }

    /// Bytes of its content that a sender chooses, for bounding.
    #[cfg(test)]
    pub(crate) fn content_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<UtcMillis> for Value {
    fn from(instant: UtcMillis) -> Self {
        Self::Instant(instant)
    }
}

impl From<civil::Date> for Value {
    fn from(date: civil::Date) -> Self {
        Self::date(date)
    }
}

impl<I: Into<crate::id::DocumentId>> From<I> for Value {
    fn from(id: I) -> Self {
        Self::Id(id.into().as_uuid())
    }
}

const EPOCH: civil::Date = civil::date(1970, 1, 1);

pub(super) fn days_since_epoch(date: civil::Date) -> i32 {
    date.since((jiff::Unit::Day, EPOCH))
        .map_or(0, |span| span.get_days())
}

fn date_from_days(days: i32) -> Option<civil::Date> {
    EPOCH
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_both_ways_even_the_odd_ones() {
        for date in [
            civil::date(2026, 11, 20),
            civil::date(9, 12, 4),
            civil::date(1000, 1, 1),
            civil::date(9999, 12, 31),
        ] {
            assert_eq!(Value::date(date).as_date(), Some(date));
        }
        assert_eq!(Value::Date(i32::MAX).as_date(), None);
    }

    #[test]
    fn every_byte_of_a_name_is_looked_at() {
        for byte in 0..=u8::MAX {
            let is_allowed = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/');
            for length in 1..=limits::FIELD_NAME_BYTES {
                let mut name = vec![b'a'; length];
                for place in [0, length / 2, length - 1] {
                    name[place] = byte;
                    assert_eq!(
                        are_a_name(&name),
                        is_allowed,
                        "{byte} at {place} of {length}"
                    );
                    name[place] = b'a';
                }
            }
        }
    }

    #[test]
    fn names_are_bounded_and_plain() {
        assert!(Field::new("items/1a.2f/label").is_ok());
        assert!(Field::new("contact/name").is_ok_and(|field| field.is_personal()));
        for wrong in [
            "",
            "Status",
            "a b",
            "ü",
            &"x".repeat(limits::FIELD_NAME_BYTES + 1),
        ] {
            assert!(Field::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
