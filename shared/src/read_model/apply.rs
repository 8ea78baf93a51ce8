//! Writing: a batch of changes becomes rows, and the feed position with them, in one transaction.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::digests::Ledger;
use super::project::{CustomerRow, OrderRow, OrderRows, ReferenceRow, Rows, SearchRow, project};
use super::scope::{ScopeRow, Scopes, Stale};
use super::sql::{self, Blob, blob};
use super::{Change, ReadModel, schema};
use crate::id::DocumentId;

/// A batch could not be written; none of it was.
#[derive(Debug, thiserror::Error)]
#[error(
    "the lists could not be brought up to date ({0}); every order is safe in the store, and the lists show what they showed before; \
     free some disk space, and rebuild the lists if it stays so"
)]
pub struct ApplyError(#[from] rusqlite::Error);

/// Documents written in one transaction of a rebuild: few enough to keep the write-ahead log small.
const REBUILD_BATCH: usize = 2_000;

impl ReadModel {
    /// Brings the rows of the changed documents up to date and stores `position`, all or nothing.
    ///
    /// `position` is the feed's up to which `changes` are complete. A change that is not newer than what the read model
    /// has of its document does nothing, so applying again is harmless.
    pub fn apply(&mut self, changes: &[Change], position: u64) -> Result<(), ApplyError> {
        const ADVANCE: &str = "UPDATE state SET position = max(position, ?1)";
        let transaction = self
            .reader
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        write(&transaction, changes)?;
        transaction.execute(ADVANCE, [sql::signed(position)])?;
        transaction.commit()?;
        Ok(())
    }

    /// Derives the rows of these documents anew, though nothing newer is known of them: for rows that were found to be of
    /// another state than the store's document.
    pub fn apply_again(&mut self, changes: &[Change]) -> Result<(), ApplyError> {
        const FORGET: &str = "UPDATE documents SET position = 0 WHERE id = ?1";
        let transaction = self
            .reader
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for change in changes {
            transaction
                .prepare_cached(FORGET)?
                .execute([blob(change.document.id())])?;
        }
        write(&transaction, changes)?;
        transaction.commit()?;
        Ok(())
    }

    /// Forgets these documents, as if they had never been applied: for documents that the store has lost.
    pub fn forget(&mut self, documents: &[DocumentId]) -> Result<(), ApplyError> {
        const ORDER: &str = "SELECT key, customer FROM orders WHERE id = ?1";
        const CUSTOMER: &str = "SELECT key FROM customers WHERE id = ?1";
        const REMOVE: [&str; 2] = [
            "DELETE FROM scope WHERE document = ?1",
            "DELETE FROM documents WHERE id = ?1",
        ];
        let transaction = self
            .reader
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ledger = Ledger::new(&transaction);
        let mut stale = Stale::new();
        for id in documents.iter().copied().map(blob) {
            ledger.open(id)?;
            let order: Option<(i64, Option<Blob>)> = transaction
                .prepare_cached(ORDER)?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((key, customer)) = order {
                remove_order(&transaction, key)?;
                if let Some(customer) = customer {
                    stale_if_known(&transaction, customer, 0, &mut stale)?;
                }
            }
            let customer: Option<i64> = transaction
                .prepare_cached(CUSTOMER)?
                .query_row([id], |row| row.get(0))
                .optional()?;
            if let Some(key) = customer {
                remove_customer(&transaction, key, id)?;
                stale.remove(&id);
            }
            replace_reference(&transaction, id, None)?;
            for statement in REMOVE {
                transaction.prepare_cached(statement)?.execute([id])?;
            }
        }
        let scopes = Scopes::new(&transaction, &ledger);
        for (customer, position) in stale {
            scopes.refresh_customer(customer, position)?;
        }
        ledger.settle()?;
        transaction.commit()?;
        Ok(())
    }

    /// Forgets all rows and derives them again from every document of the store. `position` is the feed's when the
    /// reading began; it is stored last, so a rebuild that is cut off starts again. Returns how many documents there were.
    pub fn rebuild(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
        position: u64,
    ) -> Result<u64, ApplyError> {
        self.clear()?;
        let mut count = 0;
        let mut batch = Vec::with_capacity(REBUILD_BATCH);
        for change in changes {
            batch.push(change);
            if batch.len() == REBUILD_BATCH {
                self.apply(&batch, 0)?;
                count += batch.len() as u64;
                batch.clear();
            }
        }
        self.apply(&batch, position)?;
        Ok(count + batch.len() as u64)
    }

    /// Forgets all rows and goes back to position 0, as after [`super::Opened::Fresh`]. For a store that was restored:
    /// its feed may have gone back behind what is applied here.
    pub fn clear(&mut self) -> Result<(), ApplyError> {
        let transaction = self
            .reader
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in schema::DERIVED {
            transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        for search in schema::SEARCHES {
            transaction.execute(
                &format!("INSERT INTO {search} ({search}) VALUES ('delete-all')"),
                [],
            )?;
        }
        transaction.execute("UPDATE state SET position = 0", [])?;
        transaction.commit()?;
        Ok(())
    }
}

fn write(transaction: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
    let ledger = Ledger::new(transaction);
    let scopes = Scopes::new(transaction, &ledger);
    let mut stale = Stale::new();
    for change in changes {
        replace(&scopes, &ledger, transaction, change, &mut stale)?;
    }
    for (customer, position) in stale {
        scopes.refresh_customer(customer, position)?;
    }
    ledger.settle()
}

fn replace(
    scopes: &Scopes<'_>,
    ledger: &Ledger<'_>,
    transaction: &Transaction<'_>,
    change: &Change,
    stale: &mut Stale,
) -> rusqlite::Result<()> {
    const KNOWN: &str = "SELECT position FROM documents WHERE id = ?1";
    const NOTE: &str = "
        INSERT INTO documents (id, kind, position, state) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET position = excluded.position, state = excluded.state";
    let id = blob(change.document.id());
    let known: Option<i64> = transaction
        .prepare_cached(KNOWN)?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if known.is_some_and(|known| known >= sql::signed(change.position)) {
        return Ok(());
    }
    let is_new = known.is_none();
    if is_new {
        ledger.open_new(id);
    } else {
        ledger.open(id)?;
    }
    let state_hash = change.document.state_hash();
    transaction.prepare_cached(NOTE)?.execute(params![
        id,
        change.document.kind().as_str(),
        sql::signed(change.position),
        state_hash,
    ])?;
    let rows = project(&change.document);
    if rows.is_withdrawn {
        return withdraw(scopes, transaction, id, &rows, change.position, stale);
    }
    if is_new && let Some(order) = &rows.order {
        insert_new_order(scopes, transaction, id, order, &rows.scope, change.position)?;
        ledger.close(id, state_hash, &rows.scope);
        return Ok(());
    }
    if let Some(customer) = &rows.customer {
        return replace_customer(scopes, transaction, customer, change.position);
    }
    if rows.order.is_some() {
        return replace_order(scopes, transaction, id, &rows, change.position, stale);
    }
    replace_reference(transaction, id, rows.reference.as_ref())?;
    scopes.replace(id, &rows.scope, change.position)
}

/// An order of which nothing is known here: nothing is looked for, as most of a first synchronisation.
fn insert_new_order(
    scopes: &Scopes<'_>,
    transaction: &Transaction<'_>,
    id: Blob,
    order: &OrderRows,
    scope: &[ScopeRow],
    position: u64,
) -> rusqlite::Result<()> {
    let mut key = wished_key(order.order.received_at, id);
    // Taken when another order of the same second has the same low half, which next to never happens.
    while !insert_order(transaction, key, &order.order)? {
        key = key.checked_add(1).unwrap_or(0);
    }
    insert_pieces(transaction, key, order)?;
    insert_search(transaction, ORDER_SEARCH, key, &order.search)?;
    scopes.insert(id, scope, position)?;
    add_to_customer(scopes, transaction, &order.order, scope, position)
}

/// The customer comes into the scope of their new order. Only these pairs: somebody with thousands of orders must not have
/// them all read again for one more.
fn add_to_customer(
    scopes: &Scopes<'_>,
    transaction: &Transaction<'_>,
    order: &OrderRow,
    scope: &[ScopeRow],
    position: u64,
) -> rusqlite::Result<()> {
    let Some(customer) = order.customer else {
        return Ok(());
    };
    if scopes.have_current(customer, scope) {
        return Ok(());
    }
    if let Some(written_at) = customer_position(transaction, customer)? {
        scopes.add(customer, scope, position.max(written_at))?;
    }
    Ok(())
}

/// Takes a document out of all lists and searches. Its own pairs stay; those that it gave its customer follow what is left.
fn withdraw(
    scopes: &Scopes<'_>,
    transaction: &Transaction<'_>,
    id: Blob,
    rows: &Rows,
    position: u64,
    stale: &mut Stale,
) -> rusqlite::Result<()> {
    const ORDER: &str = "SELECT key, customer FROM orders WHERE id = ?1";
    const CUSTOMER: &str = "SELECT key FROM customers WHERE id = ?1";
    let order: Option<(i64, Option<Blob>)> = transaction
        .prepare_cached(ORDER)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((key, customer)) = order {
        remove_order(transaction, key)?;
        if let Some(customer) = customer {
            stale_if_known(transaction, customer, position, stale)?;
        }
    }
    let customer: Option<i64> = transaction
        .prepare_cached(CUSTOMER)?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if let Some(key) = customer {
        remove_customer(transaction, key, id)?;
        stale.remove(&id);
    }
    replace_reference(transaction, id, None)?;
    scopes.replace(id, &rows.scope, position)
}

/// Seconds of a key: 32 bits, until the year 2106; imported instants before 1970 share the first second.
const KEY_SECONDS: i64 = (1 << 32) - 1;

/// The lower half of a key, which tells rows of one second apart.
const KEY_LOW_BITS: u32 = 31;

/// The key that a row should have: by time first. What stands in the low half is of no meaning but spread well.
fn wished_key(at_millis: Option<i64>, id: Blob) -> i64 {
    let seconds = (at_millis.unwrap_or(0) / 1_000).clamp(0, KEY_SECONDS);
    let tail = u32::from_be_bytes([id[12], id[13], id[14], id[15]]) >> (32 - KEY_LOW_BITS);
    seconds << KEY_LOW_BITS | i64::from(tail)
}

/// The first key of an instant's second: where a range of intake begins.
pub(super) fn first_key(at_millis: i64) -> i64 {
    (at_millis / 1_000).clamp(0, KEY_SECONDS) << KEY_LOW_BITS
}

/// A free key at or after the wished one, unless the row's old key already stands for the same second.
fn free_key(
    wished: i64,
    old: Option<i64>,
    mut is_taken: impl FnMut(i64) -> rusqlite::Result<bool>,
) -> rusqlite::Result<i64> {
    if let Some(old) = old
        && old >> KEY_LOW_BITS == wished >> KEY_LOW_BITS
    {
        return Ok(old);
    }
    let mut key = wished;
    while is_taken(key)? {
        key = key.checked_add(1).unwrap_or(0);
    }
    Ok(key)
}

fn replace_order(
    scopes: &Scopes<'_>,
    transaction: &Transaction<'_>,
    id: Blob,
    rows: &Rows,
    position: u64,
    stale: &mut Stale,
) -> rusqlite::Result<()> {
    const OLD: &str = "SELECT key, customer FROM orders WHERE id = ?1";
    const TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM orders WHERE key = ?1)";
    let Some(order) = &rows.order else {
        return Ok(());
    };
    let old: Option<(i64, Option<Blob>)> = transaction
        .prepare_cached(OLD)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((key, _)) = old {
        remove_order(transaction, key)?;
    }
    let wished = wished_key(order.order.received_at, id);
    let key = free_key(wished, old.map(|(key, _)| key), |key| {
        transaction
            .prepare_cached(TAKEN)?
            .query_row([key], |row| row.get(0))
    })?;
    insert_order(transaction, key, &order.order)?;
    insert_pieces(transaction, key, order)?;
    insert_search(transaction, ORDER_SEARCH, key, &order.search)?;

    let held_before = scopes.current(id)?;
    scopes.replace(id, &rows.scope, position)?;
    let customer_before = old.and_then(|(_, customer)| customer);
    let lost = held_before.iter().any(|branch| {
        !rows
            .scope
            .iter()
            .any(|row| row.current && row.branch == *branch)
    });
    if let Some(before) = customer_before
        && (lost || order.order.customer != customer_before)
    {
        stale_if_known(transaction, before, position, stale)?;
    }
    add_to_customer(scopes, transaction, &order.order, &rows.scope, position)
}

fn remove_order(transaction: &Transaction<'_>, key: i64) -> rusqlite::Result<()> {
    const REMOVE: [&str; 6] = [
        "DELETE FROM orders WHERE key = ?1",
        "DELETE FROM items WHERE order_key = ?1",
        "DELETE FROM lines WHERE order_key = ?1",
        "DELETE FROM payments WHERE order_key = ?1",
        "DELETE FROM places WHERE order_key = ?1",
        "DELETE FROM order_search WHERE rowid = ?1",
    ];
    for statement in REMOVE {
        transaction.prepare_cached(statement)?.execute([key])?;
    }
    Ok(())
}

/// The position of a customer's own latest change; `None` while they are not known here.
fn customer_position(
    transaction: &Transaction<'_>,
    customer: Blob,
) -> rusqlite::Result<Option<u64>> {
    const POSITION: &str = "
        SELECT d.position FROM customers c JOIN documents d ON d.id = c.id WHERE c.id = ?1";
    let position: Option<i64> = transaction
        .prepare_cached(POSITION)?
        .query_row([customer], |row| row.get(0))
        .optional()?;
    Ok(position.map(sql::unsigned))
}

fn stale_if_known(
    transaction: &Transaction<'_>,
    customer: Blob,
    position: u64,
    stale: &mut Stale,
) -> rusqlite::Result<()> {
    if let Some(written_at) = customer_position(transaction, customer)? {
        let latest = stale.entry(customer).or_default();
        *latest = position.max(written_at).max(*latest);
    }
    Ok(())
}

/// Whether the key was free; nothing is inserted otherwise.
fn insert_order(
    transaction: &Transaction<'_>,
    key: i64,
    order: &OrderRow,
) -> rusqlite::Result<bool> {
    const INSERT: &str = "
        INSERT INTO orders (
            key, id, ticket, legacy_number, home, pickup, customer, name, phone, phone_e164, email, language,
            status, phase, unfinished, ready, handed_out, priority, received_at, promised_on, done_at,
            currency, total_minor, paid_minor, owed_minor, money, item_count, items, services,
            note, reason, conflicts, gone_since, erased
        ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
            ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34)
        ON CONFLICT (key) DO NOTHING";
    let phone = order.contact.phone.as_ref();
    let inserted = transaction.prepare_cached(INSERT)?.execute(params![
        key,
        order.id,
        order.ticket,
        order.legacy_number,
        order.home,
        order.pickup,
        order.customer,
        order.contact.name,
        phone.map(|phone| &phone.given),
        phone.and_then(|phone| phone.e164.as_ref()),
        order.contact.email,
        order.contact.language,
        order.status,
        order.phase,
        order.unfinished,
        order.ready,
        order.handed_out,
        order.priority,
        order.received_at,
        order.promised_on,
        order.done_at,
        order.currency,
        order.total_minor,
        order.paid_minor,
        order.owed_minor,
        order.money,
        order.item_count,
        order.items,
        order.services,
        order.note,
        order.reason,
        order.conflicts,
        order.gone_since,
        order.erased,
    ])?;
    Ok(inserted > 0)
}

fn insert_pieces(
    transaction: &Transaction<'_>,
    key: i64,
    rows: &OrderRows,
) -> rusqlite::Result<()> {
    const ITEM: &str = "INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    const LINE: &str = "INSERT INTO lines VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const PAYMENT: &str =
        "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    const PLACE: &str = "INSERT INTO places VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut statement = transaction.prepare_cached(ITEM)?;
    for item in &rows.items {
        statement.execute(params![
            key,
            item.place,
            item.item,
            item.kind,
            item.label,
            item.tag,
            item.custody,
            item.branch
        ])?;
    }
    let mut statement = transaction.prepare_cached(LINE)?;
    for line in &rows.lines {
        statement.execute(params![
            key,
            line.item_place,
            line.place,
            line.line,
            line.service,
            line.label,
            line.price_minor
        ])?;
    }
    let mut statement = transaction.prepare_cached(PAYMENT)?;
    for (place, payment) in (0_i64..).zip(&rows.payments) {
        statement.execute(params![
            key,
            place,
            payment.dot,
            payment.at,
            payment.branch,
            payment.staff,
            payment.currency,
            payment.amount_minor,
            payment.rounding_minor,
            payment.method,
            payment.receipt,
        ])?;
    }
    let mut statement = transaction.prepare_cached(PLACE)?;
    let order = &rows.order;
    for place in &rows.places {
        statement.execute(params![
            place.branch,
            key,
            place.is_pickup,
            place.holds,
            order.phase,
            order.unfinished,
            order.ready,
            order.promised_on,
        ])?;
    }
    Ok(())
}

const ORDER_SEARCH: &str = "
    INSERT INTO order_search (rowid, words, numbers, phones, facets) VALUES (?1, ?2, ?3, ?4, ?5)";
const CUSTOMER_SEARCH: &str = "
    INSERT INTO customer_search (rowid, words, numbers, phones, facets) VALUES (?1, ?2, ?3, ?4, ?5)";

fn insert_search(
    transaction: &Transaction<'_>,
    insert: &str,
    key: i64,
    row: &SearchRow,
) -> rusqlite::Result<()> {
    transaction.prepare_cached(insert)?.execute(params![
        key,
        row.words,
        row.numbers,
        row.phones,
        row.facets
    ])?;
    Ok(())
}

fn replace_customer(
    scopes: &Scopes<'_>,
    transaction: &Transaction<'_>,
    customer: &CustomerRow,
    position: u64,
) -> rusqlite::Result<()> {
    const OLD: &str = "SELECT key, home FROM customers WHERE id = ?1";
    const TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM customers WHERE key = ?1)";
    const LINK: &str = "INSERT OR IGNORE INTO same_as VALUES (?1, ?2)";
    let old: Option<(i64, Option<Blob>)> = transaction
        .prepare_cached(OLD)?
        .query_row([customer.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((key, _)) = old {
        remove_customer(transaction, key, customer.id)?;
    }
    let wished = wished_key(Some(customer.changed_at), customer.id);
    let key = free_key(wished, old.map(|(key, _)| key), |key| {
        transaction
            .prepare_cached(TAKEN)?
            .query_row([key], |row| row.get(0))
    })?;
    insert_customer(transaction, key, customer)?;
    insert_search(transaction, CUSTOMER_SEARCH, key, &customer.search)?;
    let mut link = transaction.prepare_cached(LINK)?;
    for other in &customer.same_as {
        link.execute(params![customer.id, other])?;
    }
    scopes.touch(customer.id, position)?;
    if old.is_none_or(|(_, home)| home != customer.home) {
        // At once: orders later in the batch must find the pairs that were there before them.
        scopes.refresh_customer(customer.id, position)?;
    }
    Ok(())
}

fn remove_customer(transaction: &Transaction<'_>, key: i64, id: Blob) -> rusqlite::Result<()> {
    const REMOVE: &str = "DELETE FROM customers WHERE key = ?1";
    const FORGET: &str = "DELETE FROM customer_search WHERE rowid = ?1";
    const UNLINK: &str = "DELETE FROM same_as WHERE customer = ?1";
    transaction.prepare_cached(REMOVE)?.execute([key])?;
    transaction.prepare_cached(FORGET)?.execute([key])?;
    transaction.prepare_cached(UNLINK)?.execute([id])?;
    Ok(())
}

fn insert_customer(
    transaction: &Transaction<'_>,
    key: i64,
    customer: &CustomerRow,
) -> rusqlite::Result<()> {
    const INSERT: &str = "
        INSERT INTO customers (
            key, id, home, name, phone, phone_e164, email, email_folded, language, street, postcode, town, conflicts, erased
        ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let contact = &customer.contact;
    let phone = contact.phone.as_ref();
    transaction.prepare_cached(INSERT)?.execute(params![
        key,
        customer.id,
        customer.home,
        contact.name,
        phone.map(|phone| &phone.given),
        phone.and_then(|phone| phone.e164.as_ref()),
        contact.email,
        customer.email_folded,
        contact.language,
        contact.street,
        contact.postcode,
        contact.town,
        customer.conflicts,
        customer.erased,
    ])?;
    Ok(())
}

fn replace_reference(
    transaction: &Transaction<'_>,
    id: Blob,
    reference: Option<&ReferenceRow>,
) -> rusqlite::Result<()> {
    const REMOVE: [&str; 3] = [
        "DELETE FROM priorities WHERE id = ?1",
        "DELETE FROM branches WHERE id = ?1",
        "DELETE FROM territories WHERE id = ?1",
    ];
    const PRIORITY: &str = "INSERT INTO priorities VALUES (?1, ?2, ?3)";
    const BRANCH: &str = "INSERT INTO branches VALUES (?1, ?2)";
    const TERRITORY: &str = "INSERT INTO territories VALUES (?1, ?2, ?3)";
    for statement in REMOVE {
        transaction.prepare_cached(statement)?.execute([id])?;
    }
    let Some(reference) = reference else {
        return Ok(());
    };
    match reference {
        ReferenceRow::Priority { code, sort } => transaction
            .prepare_cached(PRIORITY)?
            .execute(params![id, code, sort]),
        ReferenceRow::Branch { territory } => transaction
            .prepare_cached(BRANCH)?
            .execute(params![id, territory]),
        ReferenceRow::Territory { country, time_zone } => transaction
            .prepare_cached(TERRITORY)?
            .execute(params![id, country, time_zone]),
    }?;
    Ok(())
}
