//! Every bound in one place, each with its reason. What happens at a bound is always a clear refusal, never a truncation.

/// Bytes of one field name: `items/<dot>/services/<dot>/service` needs 70.
pub const FIELD_NAME_BYTES: usize = 128;

/// Bytes of one text value: the longest comment seen in a legacy database had 4 KB.
pub const TEXT_BYTES: usize = 16 * 1024;

/// Fields of one document: an order of 100 items with 3 services each has 1,500.
pub const FIELDS_PER_DOCUMENT: usize = 4_096;

/// Events of one document: an order touched twenty times a day for a month.
pub const EVENTS_PER_DOCUMENT: usize = 2_048;

/// Data entries of one event.
pub const ENTRIES_PER_EVENT: usize = 64;

/// Concurrent values of one field: one for every branch that could hold the order while cut off, with room.
pub const SIBLINGS_PER_FIELD: usize = 64;

/// Actors in one value's clock: every incarnation that ever wrote the field.
pub const ACTORS_PER_CLOCK: usize = 256;

/// Encoded bytes of one document. Below sled's threshold for moving a value into a file of its own,
/// which the database file's `fdatasync` would not reach.
pub const DOCUMENT_BYTES: usize = 192 * 1024;

/// Documents in one exchange, each way: a batch is merged in well under a second.
pub const DOCUMENTS_PER_EXCHANGE: usize = 1_000;

/// Bytes of documents in one exchange, each way, before compression.
pub const EXCHANGE_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one wire message after decompression: the documents of a batch and what surrounds them.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of one wire message as it travels.
pub const COMPRESSED_MESSAGE_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;

/// Items of one order that a form may send.
pub const ITEMS_PER_ORDER: usize = 100;

/// Services of one item that a form may send.
pub const SERVICES_PER_ITEM: usize = 20;

/// The largest amount of one payment or price, in minor units: a typing error beyond it is no sale.
pub const AMOUNT_MINOR: i64 = 100_000_000;

/// Wrong PINs before a member of staff is locked at a branch.
pub const PIN_TRIES: u32 = 3;
