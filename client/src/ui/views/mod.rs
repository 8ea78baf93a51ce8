//! What pages show, worked out from orders, customers and the catalogue. Pure: the day and the zone are given.

pub(crate) mod customer;
pub(crate) mod order;
pub(crate) mod row;
pub(crate) mod sync;
pub(crate) mod ticket;

use shared::domain::Contact;
use shared::presentation::page::Seen;

/// A telephone number to read and to dial.
pub(crate) struct Phone {
    /// Digits for a `tel:` link.
    pub(crate) dial: String,
    /// As people read it.
    pub(crate) words: String,
}

/// A contact's telephone number as it is read aloud here; what was typed when it is no number.
pub(crate) fn phone(seen: &Seen, contact: &Contact) -> Option<Phone> {
    let phone = contact.phone.as_ref()?;
    let stored = phone.e164.as_deref().unwrap_or(&phone.given);
    Some(Phone {
        dial: stored
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect(),
        words: seen.phone_words(&phone.given, phone.e164.as_deref()),
    })
}
