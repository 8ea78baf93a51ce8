//! The tables. A change to any of them, or to what [`super::project`] puts into them, raises [`VERSION`]:
//! files of another version are rebuilt, so there are no migrations here.

/// In `PRAGMA user_version`.
pub(super) const VERSION: i32 = 3;

/// In `PRAGMA application_id` ("OfpR"), so that a stranger's database is never taken for a stale read model and deleted.
pub(super) const APPLICATION: i32 = 0x4f66_7052;

/// `orders.key` rises with the time of intake, so that the search index, which can be walked backwards by rowid,
/// gives the newest first without sorting. Instants are UTC milliseconds, days count from 1970-01-01, amounts are minor units.
pub(super) const TABLES: &str = "
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    position INTEGER NOT NULL
);
INSERT INTO state VALUES (0, 0);

CREATE TABLE documents (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    state BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_by_kind ON documents (kind);

CREATE TABLE orders (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    ticket TEXT,
    legacy_number TEXT,
    home BLOB,
    pickup BLOB,
    customer BLOB,
    name TEXT,
    phone TEXT,
    phone_e164 TEXT,
    email TEXT,
    language TEXT,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    unfinished INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    handed_out INTEGER NOT NULL,
    priority TEXT,
    received_at INTEGER,
    promised_on INTEGER,
    done_at INTEGER,
    currency TEXT NOT NULL,
    total_minor INTEGER NOT NULL,
    paid_minor INTEGER NOT NULL,
    owed_minor INTEGER NOT NULL,
    money TEXT NOT NULL,
    item_count INTEGER NOT NULL,
    items TEXT NOT NULL,
    services TEXT NOT NULL,
    note TEXT,
    reason TEXT,
    conflicts INTEGER NOT NULL,
    gone_since INTEGER,
    erased INTEGER NOT NULL
);
CREATE INDEX orders_by_ticket ON orders (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX orders_by_legacy_number ON orders (legacy_number) WHERE legacy_number IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer, key) WHERE customer IS NOT NULL;
CREATE INDEX orders_by_home ON orders (home, key);
CREATE INDEX orders_by_promise ON orders (promised_on, key);
CREATE INDEX orders_by_name ON orders (name COLLATE NOCASE, key);
CREATE INDEX orders_received ON orders (received_at, home);
CREATE INDEX orders_done ON orders (done_at, received_at) WHERE done_at IS NOT NULL;
CREATE INDEX orders_by_phase ON orders (phase, promised_on);
CREATE INDEX orders_unfinished ON orders (home, phase, promised_on) WHERE unfinished = 1;
CREATE INDEX orders_ready ON orders (home, promised_on) WHERE ready = 1;
CREATE INDEX orders_gone ON orders (key) WHERE gone_since IS NOT NULL;
CREATE INDEX orders_in_conflict ON orders (key) WHERE conflicts > 0;
CREATE INDEX orders_in_conflict_by_home ON orders (home) WHERE conflicts > 0;

CREATE TABLE items (
    order_key INTEGER NOT NULL,
    place INTEGER NOT NULL,
    item TEXT NOT NULL,
    kind TEXT,
    label TEXT NOT NULL,
    tag TEXT,
    custody TEXT NOT NULL,
    branch BLOB,
    PRIMARY KEY (order_key, place)
) WITHOUT ROWID;

CREATE TABLE lines (
    order_key INTEGER NOT NULL,
    item_place INTEGER NOT NULL,
    place INTEGER NOT NULL,
    line TEXT NOT NULL,
    service BLOB,
    label TEXT NOT NULL,
    price_minor INTEGER NOT NULL,
    PRIMARY KEY (order_key, item_place, place)
) WITHOUT ROWID;

CREATE TABLE payments (
    order_key INTEGER NOT NULL,
    place INTEGER NOT NULL,
    dot TEXT NOT NULL,
    at INTEGER NOT NULL,
    branch BLOB,
    staff BLOB,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    rounding_minor INTEGER NOT NULL,
    method TEXT NOT NULL,
    receipt TEXT,
    PRIMARY KEY (order_key, place)
) WITHOUT ROWID;
CREATE INDEX payments_by_time ON payments (at, branch, currency, amount_minor);

CREATE TABLE places (
    branch BLOB NOT NULL,
    order_key INTEGER NOT NULL,
    is_pickup INTEGER NOT NULL,
    holds INTEGER NOT NULL,
    phase TEXT NOT NULL,
    unfinished INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    promised_on INTEGER,
    PRIMARY KEY (branch, order_key)
) WITHOUT ROWID;
CREATE INDEX places_of_order ON places (order_key);
CREATE INDEX places_unfinished ON places (branch, promised_on, order_key, holds) WHERE unfinished = 1;
CREATE INDEX places_in_work ON places (branch, promised_on, order_key) WHERE phase = 'in_work';
CREATE INDEX places_ready ON places (branch, promised_on, order_key) WHERE ready = 1 AND is_pickup = 1;

CREATE VIRTUAL TABLE order_search USING fts5 (
    words, numbers, phones, facets,
    content = '', contentless_delete = 1, detail = 'column', tokenize = 'ascii', prefix = '1 2 3'
);

CREATE TABLE customers (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    home BLOB,
    name TEXT,
    phone TEXT,
    phone_e164 TEXT,
    email TEXT,
    email_folded TEXT,
    language TEXT,
    street TEXT,
    postcode TEXT,
    town TEXT,
    conflicts INTEGER NOT NULL,
    erased INTEGER NOT NULL
);
CREATE INDEX customers_by_phone ON customers (phone_e164) WHERE phone_e164 IS NOT NULL;
CREATE INDEX customers_by_email ON customers (email_folded) WHERE email_folded IS NOT NULL;
CREATE INDEX customers_in_conflict ON customers (key) WHERE conflicts > 0;

CREATE TABLE same_as (
    customer BLOB NOT NULL,
    other BLOB NOT NULL,
    PRIMARY KEY (customer, other)
) WITHOUT ROWID;
CREATE INDEX same_as_by_other ON same_as (other);

CREATE VIRTUAL TABLE customer_search USING fts5 (
    words, numbers, phones, facets,
    content = '', contentless_delete = 1, detail = 'column', tokenize = 'ascii', prefix = '1 2 3'
);

CREATE TABLE priorities (
    id BLOB PRIMARY KEY,
    code TEXT NOT NULL,
    sort INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX priorities_by_code ON priorities (code, sort);

CREATE TABLE branches (
    id BLOB PRIMARY KEY,
    territory BLOB
) WITHOUT ROWID;

CREATE TABLE territories (
    id BLOB PRIMARY KEY,
    country TEXT NOT NULL,
    time_zone TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE scope (
    branch BLOB NOT NULL,
    document BLOB NOT NULL,
    position INTEGER NOT NULL,
    current INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (branch, document)
) WITHOUT ROWID;
CREATE INDEX scope_by_position ON scope (branch, position, document);
CREATE INDEX scope_by_document ON scope (document, current);

CREATE TABLE digests (
    branch BLOB PRIMARY KEY,
    sum BLOB NOT NULL,
    documents INTEGER NOT NULL
) WITHOUT ROWID;
";

/// All tables whose rows come from documents, to be emptied before a rebuild.
pub(super) const DERIVED: [&str; 13] = [
    "documents",
    "orders",
    "items",
    "lines",
    "payments",
    "places",
    "customers",
    "same_as",
    "priorities",
    "branches",
    "territories",
    "scope",
    "digests",
];

/// The search indexes, which are emptied by a command of their own.
pub(super) const SEARCHES: [&str; 2] = ["order_search", "customer_search"];
