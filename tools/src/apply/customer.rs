//! Customers: documents of their own, never merged on a name alone.

use std::ops::Range;

use shared::document::{Authoring, Draft};
use shared::domain::{Contact, PhoneNumber, fields};
use shared::id::{BranchId, CustomerId};

use super::rows::{Source, SourceRow};
use super::shape::Homes;
use super::{ApplyError, Pass, Rejection, Stop, check_lengths, keep_raw, record_import};
use crate::interpret::lost_its_zero;
use crate::naming;
use crate::plan::{ContactColumns, People};
use crate::source::schema::same_name;

impl Pass<'_> {
    /// Rows of the customers' table.
    pub(super) fn customers(&mut self, places: Range<i64>) -> Result<(), ApplyError> {
        let Some(customers) = &self.plan.customers else {
            return Ok(());
        };
        let Some(source) = self.source(&customers.table, &customers.key) else {
            return Ok(());
        };
        let default = self
            .plan
            .branches
            .default
            .as_deref()
            .and_then(|name| self.branch(name));
        source.each_between(places, |row| {
            let key = source.key_of(&row);
            if self.is_customer_left_for_later(&source, key.as_deref())? {
                self.leave_out(&source, &row);
                return Ok(());
            }
            if let Some(rejection) = self.doubled(&source, &row)? {
                self.reject(&source, &row, &rejection);
                return Ok(());
            }
            let home = match key {
                Some(key) => self.home_of(&key)?,
                None => None,
            };
            if let Some(shape) = self.shape {
                self.counter = shape.counters.before_customer(row.rowid);
            }
            let made = self.customer_document(&source, &row, &customers.contact, home.or(default));
            self.conclude(&source, &row, made).map(drop)
        })
    }

    /// The branch of a customer's last order.
    fn home_of(&mut self, key: &str) -> Result<Option<BranchId>, ApplyError> {
        let Some(shape) = self.shape else {
            return Ok(None);
        };
        if !matches!(shape.homes, Homes::Searched) {
            return Ok(shape.homes.get(key));
        }
        let plan = self.plan;
        let orders = self.source(&plan.orders.table, &plan.orders.key);
        let (Some(orders), Some(columns)) = (orders, &plan.orders.customer) else {
            return Ok(None);
        };
        let last = orders.find_all(&columns.0, key)?.pop();
        Ok(last.and_then(|order| self.branch_of(&orders, &order).ok()))
    }

    /// A customer comes with the first portion that has an order of theirs; one without orders with the first that does not ask
    /// for days, and for branches only where it asks for the one of orders that name none.
    fn is_customer_left_for_later(
        &mut self,
        source: &Source<'_>,
        key: Option<&str>,
    ) -> Result<bool, ApplyError> {
        let plan = self.plan;
        let portion = &plan.portion;
        if !portion.has_table(&source.table.schema.name) {
            return Ok(true);
        }
        if !portion.limits_orders() {
            return Ok(false);
        }
        let orders = self.source(&plan.orders.table, &plan.orders.key);
        let theirs = match (&orders, &plan.orders.customer, key) {
            (Some(orders), Some(columns), Some(key)) => orders.find_all(&columns.0, key)?,
            _ => Vec::new(),
        };
        Ok(match &orders {
            Some(orders) if !theirs.is_empty() => !theirs
                .iter()
                .any(|order| self.is_order_of_portion(orders, order)),
            _ => {
                let default = plan.branches.default.as_deref();
                !(portion.has_day(None)
                    && default.map_or(portion.branches.is_empty(), |name| portion.has_branch(name)))
            }
        })
    }

    fn customer_document(
        &mut self,
        source: &Source<'_>,
        row: &SourceRow,
        columns: &ContactColumns,
        home: Option<BranchId>,
    ) -> Result<(), Stop> {
        let key = source
            .key_of(row)
            .ok_or_else(|| Rejection::new("no_key", "its key is NULL"))?;
        check_lengths(source, row)?;
        let table = &source.table.schema.name;
        let id = naming::document_id(&self.plan.source_name, table, &key);
        let contact = self.contact(source, row, columns);
        let mut authoring = self.authoring(self.stamp);
        let mut change = self.draft(id, fields::kind::CUSTOMER);
        change.set_some(&mut authoring, fields::order::HOME, home);
        write_contact(&mut change, &mut authoring, &contact);
        keep_raw(&mut change, &mut authoring, source, row)?;
        record_import(
            &mut change,
            &mut authoring,
            &self.plan.source_name,
            table,
            &key,
        );
        self.produce(change, &authoring, vec![(source.place, row.rowid)])
    }

    /// The customer of an order whose row holds the contact itself. One document for one name with one telephone or
    /// e-mail; without either, one per order.
    pub(super) fn embedded_customer(
        &mut self,
        contact: &Contact,
        order_key: &str,
        home: BranchId,
    ) -> Result<CustomerId, Stop> {
        let name = contact
            .name
            .as_deref()
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        let phone = contact.phone.as_ref().map(|phone| {
            phone
                .e164
                .clone()
                .unwrap_or_else(|| phone.given.trim().to_owned())
        });
        let email = contact
            .email
            .as_deref()
            .map(|email| email.trim().to_lowercase());
        let key = match email.or(phone) {
            Some(reachable) if !name.is_empty() && self.plan.orders.people == People::Alike => {
                naming::key_text([name.as_str(), reachable.as_str()])
            }
            _ => naming::key_text(["order", order_key]),
        };
        let id = naming::document_id(&self.plan.source_name, "customer", &key);
        if self.people.insert(id) {
            let mut authoring = self.authoring(self.stamp);
            let mut change = self.draft(id, fields::kind::CUSTOMER);
            change.set(&mut authoring, fields::order::HOME, home);
            write_contact(&mut change, &mut authoring, contact);
            record_import(
                &mut change,
                &mut authoring,
                &self.plan.source_name,
                "customer",
                &key,
            );
            self.produce(change, &authoring, Vec::new())?;
        }
        Ok(CustomerId(id))
    }

    /// The telephone of a row. Those of the customers' table are read once for all of their orders.
    fn phone_of(&mut self, source: &Source<'_>, row: &SourceRow, given: String) -> PhoneNumber {
        let customers = self.plan.customers.as_ref();
        let is_customer =
            customers.is_some_and(|table| same_name(&table.table, &source.table.schema.name));
        match self.shape {
            Some(shape) if is_customer => {
                let e164 = shape.phones.get(row.rowid, || self.phone(&given).e164);
                PhoneNumber { given, e164 }
            }
            _ => self.phone(&given),
        }
    }

    /// The contact a row holds.
    pub(super) fn contact(
        &mut self,
        source: &Source<'_>,
        row: &SourceRow,
        columns: &ContactColumns,
    ) -> Contact {
        let take = |column: &Option<String>| {
            let text = source.value(row, column.as_ref()).text();
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let mut contact = Contact {
            name: take(&columns.name),
            email: take(&columns.email),
            street: take(&columns.street),
            postcode: take(&columns.postcode),
            town: take(&columns.town),
            ..Contact::default()
        };
        let parts = [&columns.first_name, &columns.last_name]
            .map(|column| source.value(row, column.as_ref()).trimmed());
        if contact.name.is_none() {
            let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
            contact.name = Some(joined).filter(|name| !name.is_empty());
        }
        if contact.name.is_none() {
            contact.name = source
                .value(row, columns.company.as_ref())
                .trimmed()
                .map(str::to_owned);
        }
        if let Some(given) = take(&columns.phone) {
            let restored = columns.restore_phone_zero && lost_its_zero(&given);
            let given = if restored {
                self.changed("phone_zero");
                format!("0{}", given.trim())
            } else {
                given
            };
            contact.phone = Some(self.phone_of(source, row, given));
        }
        contact
    }
}

pub(super) fn write_contact(change: &mut Draft, authoring: &mut Authoring, contact: &Contact) {
    for (name, text) in contact.stored() {
        change.set_some(authoring, name, text);
    }
}
