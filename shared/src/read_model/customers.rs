//! Customers: their orders, and who might be the same person.

use rusqlite::{Row, params};

use super::sql::{self, blob};
use super::summary::{self, OrderSummary};
use super::{QueryError, Reader};
use crate::id::{BranchId, CustomerId};

/// Orders of one customer in one answer.
const ORDERS: usize = 500;

/// Likely duplicates of one customer; more would be a shared number of a firm, not a person.
const DUPLICATES: usize = 50;

/// A customer as lists show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerSummary {
    /// Their identity.
    pub id: CustomerId,
    /// The branch that took them down.
    pub home: Option<BranchId>,
    /// Full name.
    pub name: Option<String>,
    /// The telephone as it was given.
    pub phone: Option<String>,
    /// The telephone as E.164.
    pub phone_e164: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Language of the ticket.
    pub language: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Town.
    pub town: Option<String>,
    /// How many orders they have here, counted up to 1,000.
    pub orders: u32,
    /// In how many fields replicas disagree.
    pub conflicts: u32,
    /// Whether the person has been forgotten.
    pub erased: bool,
}

impl CustomerSummary {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: sql::id(row.get("id")?),
            home: sql::branch(row.get("home")?),
            name: row.get("name")?,
            phone: row.get("phone")?,
            phone_e164: row.get("phone_e164")?,
            email: row.get("email")?,
            language: row.get("language")?,
            street: row.get("street")?,
            postcode: row.get("postcode")?,
            town: row.get("town")?,
            orders: row.get("order_count")?,
            conflicts: row.get("conflicts")?,
            erased: row.get("erased")?,
        })
    }
}

/// The columns that [`CustomerSummary::read`] reads, of `customers AS c`.
pub(super) const COLUMNS: &str = "c.id, c.home, c.name, c.phone, c.phone_e164, c.email, c.language, c.street, c.postcode, \
    c.town, c.conflicts, c.erased, \
    (SELECT count(*) FROM (SELECT 1 FROM orders o WHERE o.customer = c.id LIMIT 1000)) AS order_count";

impl Reader {
    /// One customer, when known here.
    pub fn customer(&self, id: CustomerId) -> Result<Option<CustomerSummary>, QueryError> {
        let sql = format!("SELECT {COLUMNS} FROM customers c WHERE c.id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query_map([blob(id)], CustomerSummary::read)?;
        Ok(rows.next().transpose()?)
    }

    /// What a customer had done before, the newest first; at most `limit` (and 500).
    pub fn orders_of_customer(
        &self,
        customer: CustomerId,
        limit: usize,
    ) -> Result<Vec<OrderSummary>, QueryError> {
        let mut statement = self.connection.prepare_cached(&of_customer())?;
        let rows = statement.query_map(
            params![blob(customer), sql::limit(limit.clamp(1, ORDERS))],
            OrderSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Customers with the same telephone or e-mail address as this one whom nobody has linked with them yet.
    pub fn likely_duplicates(
        &self,
        customer: CustomerId,
    ) -> Result<Vec<CustomerSummary>, QueryError> {
        let mut statement = self.connection.prepare_cached(&duplicates())?;
        let rows = statement.query_map(
            params![blob(customer), sql::limit(DUPLICATES)],
            CustomerSummary::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn of_customer() -> String {
    format!(
        "SELECT {} FROM orders o WHERE o.customer = ?1 ORDER BY o.key DESC LIMIT ?2",
        summary::COLUMNS
    )
}

pub(super) fn duplicates() -> String {
    format!(
        "SELECT {COLUMNS} FROM customers c WHERE c.key IN (
            SELECT other.key FROM customers own JOIN customers other ON other.phone_e164 = own.phone_e164 WHERE own.id = ?1
            UNION
            SELECT other.key FROM customers own JOIN customers other ON other.email_folded = own.email_folded WHERE own.id = ?1
         ) AND c.id <> ?1 AND c.id NOT IN (
            SELECT other FROM same_as WHERE customer = ?1 UNION SELECT customer FROM same_as WHERE other = ?1
         ) ORDER BY c.key DESC LIMIT ?2"
    )
}
