//! The names of all fields and events, in one place: they are the product's longest-lived interface.
//!
//! Personal data and free text live below the segments that an erasure removes (`contact/`, `personal/`, `free/`, `legacy/`).

use crate::document::{Field, Kind};
use crate::id::Dot;

/// Kinds of document.
pub mod kind {
    /// An order.
    pub const ORDER: &str = "order";
    /// A customer.
    pub const CUSTOMER: &str = "customer";
    /// A service with its prices.
    pub const SERVICE: &str = "service";
    /// A work status.
    pub const STATUS: &str = "status";
    /// A priority with its lead time.
    pub const PRIORITY: &str = "priority";
    /// A territory.
    pub const TERRITORY: &str = "territory";
    /// A branch.
    pub const BRANCH: &str = "branch";
    /// A member of staff.
    pub const STAFF: &str = "staff";
}

/// Fields of an order.
pub mod order {
    /// Text: the printed number.
    pub const TICKET: &str = "ticket";
    /// Text: the number the order had in the legacy database.
    pub const LEGACY_NUMBER: &str = "number/legacy";
    /// Text: which legacy database it came from.
    pub const LEGACY_SOURCE: &str = "number/source";
    /// Id: the branch that took it in.
    pub const HOME: &str = "branch/home";
    /// Id: the branch where it is collected.
    pub const PICKUP: &str = "branch/pickup";
    /// Id: the customer.
    pub const CUSTOMER: &str = "customer";
    /// Text: `<phase>` or `<phase>/<code>`.
    pub const STATUS: &str = "status";
    /// Text: the priority's code.
    pub const PRIORITY: &str = "priority";
    /// Instant: when it was taken in.
    pub const RECEIVED_AT: &str = "received_at";
    /// Date: when it is promised.
    pub const PROMISED_ON: &str = "promised_on";
    /// Int: VAT in basis points (810 is 8.1 %), as it held on the day of service.
    pub const VAT_BASIS_POINTS: &str = "vat_basis_points";
    /// Text: whose VAT it is and the rate, such as `CH-810` (schema step 1; succeeds `vat_basis_points`).
    pub const VAT_CODE: &str = "vat_code";
    /// Text: the ISO 4217 currency of its prices.
    pub const CURRENCY: &str = "currency";
    /// Text: a note for the workshop.
    pub const NOTE: &str = "free/note";
    /// Text: why it was cancelled or blocked.
    pub const REASON: &str = "free/reason";
}

/// Marks that the import of a legacy database leaves on a document of any kind.
pub mod import {
    /// Instant: since when its row is missing in the legacy database. A proposal: nothing else follows from it, and null
    /// after it means that somebody has decided to keep the document.
    pub const GONE_SINCE: &str = "import/gone_since";
    /// Instant: when the import was taken back. See [`crate::domain::is_withdrawn`].
    pub const WITHDRAWN_AT: &str = "import/withdrawn_at";
    /// Before a field's name in the particulars of [`super::event::SYNCED`]: what the field held before.
    pub const WAS: &str = "legacy/was/";
    /// Before a field's name in the particulars of [`super::event::SYNCED`]: what was put beside what staff had written there.
    pub const BESIDE: &str = "legacy/beside/";
    /// The last part of the field by which a service line says since when its row is missing.
    pub const LINE_GONE_SINCE: &str = "gone_since";
}

/// Fields of a contact, in a customer and, as it stood at intake, in an order.
pub mod contact {
    /// Text: the full name.
    pub const NAME: &str = "contact/name";
    /// Text: the telephone as it was given.
    pub const PHONE: &str = "contact/phone";
    /// Text: the telephone as E.164, when it could be read as one.
    pub const PHONE_E164: &str = "contact/phone_e164";
    /// Text: the e-mail address.
    pub const EMAIL: &str = "contact/email";
    /// Text: de, en, fr or it.
    pub const LANGUAGE: &str = "contact/language";
    /// Text: street and number.
    pub const STREET: &str = "contact/street";
    /// Text: postcode.
    pub const POSTCODE: &str = "contact/postcode";
    /// Text: town.
    pub const TOWN: &str = "contact/town";
}

/// Kinds of event, with their particulars.
pub mod event {
    /// The order was taken in.
    pub const RECEIVED: &str = "received";
    /// The work status changed: `from`, `to`, `free/reason`.
    pub const STATUS: &str = "status";
    /// Money was taken or given back: `amount`, `kind`, `method`, `till`, `receipt`, `rounding`.
    pub const PAYMENT: &str = "payment";
    /// Somebody wrote a comment: `free/text`.
    pub const COMMENT: &str = "comment";
    /// A ticket was printed.
    pub const PRINTED: &str = "printed";
    /// A piece changed hands: `item`, `from`, `to`.
    pub const CUSTODY: &str = "custody";
    /// A person settled a conflict: `field`, `chosen`.
    pub const SETTLED: &str = "settled";
    /// Fields were edited: `pickup_from` when the pick-up moved to another branch.
    pub const EDITED: &str = "edited";
    /// Another branch asked for the order by its ticket, and holds it since: `branch`.
    pub const FETCHED: &str = "fetched";
    /// A locked member of staff was unlocked by a colleague.
    pub const UNLOCKED: &str = "unlocked";
    /// The document was brought over from a legacy database.
    pub const IMPORTED: &str = "imported";
    /// A later state of the legacy database was carried over: `source`, `round`, `source_sha256`, and in `legacy/was/<field>`
    /// what each field held before, so that it can be taken back.
    pub const SYNCED: &str = "synced";
    /// Its row is missing in the legacy database: `source`, `round`.
    pub const GONE: &str = "gone";
    /// An import was taken back: `source`, and `from` and `to`, the first and last round that no longer count.
    pub const TAKEN_BACK: &str = "taken_back";
    /// Somebody keeps a document whose row is missing in the legacy database.
    pub const KEPT: &str = "kept";
}

/// A kind known when the program was written.
pub fn known_kind(name: &'static str) -> Kind {
    Kind::known(name)
}

/// A field known when the program was written.
pub fn known(name: &'static str) -> Field {
    Field::known(name)
}

/// The key of an item or a service line: the dot of the write that made it, so that two replicas never make the same one.
pub fn key_from_dot(dot: Dot) -> String {
    dot.to_text()
}

/// A field of an item: `label`, `kind`, `tag`, `custody`, `removed`. `item` is a key from [`key_from_dot`].
///
/// # Panics
/// When `item` or `name` is no name, which any test that reaches it shows.
pub fn item(item: &str, name: &str) -> Field {
    // Put together with just the room it takes, which a formatted text has not: it would be moved once more.
    Field::new(["items/", item, "/", name].concat()).expect("keys are made from dots")
}

/// A field of a service line: `service`, `label`, `price`, `removed`. `item` and `line` are keys from [`key_from_dot`].
///
/// # Panics
/// When a part is no name, which any test that reaches it shows.
pub fn line(item: &str, line: &str, name: &str) -> Field {
    Field::new(["items/", item, "/lines/", line, "/", name].concat())
        .expect("keys are made from dots")
}
