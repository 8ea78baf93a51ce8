//! Between the domain's types and SQLite's: ids as 16-byte blobs, unsigned numbers as non-negative integers.

use jiff::civil;

use crate::clock::UtcMillis;
use crate::document::{Currency, Value};
use crate::domain::Money;
use crate::id::{BranchId, DocumentId};

/// An id as a column holds it.
pub(super) type Blob = [u8; 16];

pub(super) fn blob(id: impl Into<DocumentId>) -> Blob {
    *id.into().as_bytes()
}

pub(super) fn id<T: From<DocumentId>>(blob: Blob) -> T {
    DocumentId::from_bytes(blob).into()
}

pub(super) fn branch(blob: Option<Blob>) -> Option<BranchId> {
    blob.map(id)
}

/// Feed positions and counts stay far below 2^63; one beyond it could only be an error, and saturates.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Days since 1970-01-01, as documents store them.
pub(super) fn day(date: civil::Date) -> i64 {
    match Value::date(date) {
        Value::Date(days) => i64::from(days),
        _ => 0,
    }
}

pub(super) fn date(days: i64) -> Option<civil::Date> {
    Value::Date(i32::try_from(days).ok()?).as_date()
}

pub(super) fn instant(millis: Option<i64>) -> Option<UtcMillis> {
    millis.map(UtcMillis)
}

/// An amount from its two columns; every row was written from a `Currency`, so the franc is never guessed in practice.
pub(super) fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Currency::new(currency).unwrap_or(Currency::CHF))
}
