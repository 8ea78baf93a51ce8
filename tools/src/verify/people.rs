//! Customers who stood in the rows of orders: their documents have no row of their own, so orders are what they are held against.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use shared::document::view::ValueView;
use shared::domain::fields;
use shared::id::DocumentId;

use super::Check;
use super::documents::{Documents, DocumentsOfPart, Found, Imported};
use crate::run::RunError;
use crate::spool::part_of;

/// A customer whom an order's own row leads to: looked at once all orders are, since it is in a part of its own.
pub(super) struct Person {
    pub(super) id: DocumentId,
    order: String,
    /// None when the order says nothing of it any more, or staff have changed it.
    name: Option<String>,
    contact: Option<u64>,
    home: Option<DocumentId>,
}

/// The fields of a contact that an import writes.
const CONTACT: [&str; 7] = [
    fields::contact::NAME,
    fields::contact::PHONE,
    fields::contact::PHONE_E164,
    fields::contact::EMAIL,
    fields::contact::STREET,
    fields::contact::POSTCODE,
    fields::contact::TOWN,
];

impl Person {
    /// The customer that an order leads to, as the order says it.
    pub(super) fn of(id: DocumentId, order: &str, document: &Found<'_>) -> Self {
        let is_erased = document.view().erasure().is_some();
        Self {
            id,
            order: order.to_owned(),
            name: name_in(document).filter(|_| !is_erased),
            contact: contact_in(document).filter(|_| !is_erased),
            home: home_in(document).filter(|_| !is_erased),
        }
    }
}

impl Check<'_> {
    /// Notes whom an order leads to that is not compared itself, where customers stood in the rows of orders.
    pub(super) fn lead_to_person(&mut self, key: &str, order: &Found<'_>) {
        let named = order.view().newest(fields::order::CUSTOMER);
        if let Some(id) = named.and_then(ValueView::as_id)
            && self.plan.customers.is_none()
        {
            self.people.push(Person::of(id, key, order));
        }
    }

    /// Customers whom orders' rows lead to, in the parts their own ids are in.
    pub(super) fn people(
        &mut self,
        documents: &Documents,
        people: &[Person],
    ) -> Result<(), RunError> {
        let mut people: Vec<&Person> = people.iter().collect();
        people.sort_by_key(|person| person.id);
        let mut part: Option<(usize, DocumentsOfPart)> = None;
        for orders in people.chunk_by(|one, next| one.id == next.id) {
            let Some(first) = orders.first() else {
                continue;
            };
            let number = part_of(first.id);
            if part.as_ref().is_none_or(|(known, _)| *known != number) {
                part = Some((number, documents.part(number)?));
            }
            let found = part
                .as_mut()
                .and_then(|(_, own)| own.take(&documents.wanted, first.id));
            self.person(orders, found.as_ref());
        }
        Ok(())
    }

    /// One customer against the orders that lead to them.
    fn person(&mut self, orders: &[&Person], found: Option<&Found<'_>>) {
        let table = self.plan.orders.table.as_str();
        let mut differ = |order: &Person, field: &str, what: &str| {
            self.report
                .differ(table, &order.order, field, what.to_owned());
        };
        let (Some(found), Some(first)) = (found, orders.first()) else {
            for order in orders {
                differ(
                    order,
                    "customer",
                    "the linked customer is not at the target",
                );
            }
            return;
        };
        if found.view().erasure().is_some() {
            return;
        }
        let name = name_in(found);
        let has_another =
            |order: &&&Person| name.is_some() && order.name.is_some() && order.name != name;
        for order in orders.iter().filter(has_another) {
            differ(order, "customer", "the linked customer bears another name");
        }
        // Any of the orders may be the one that the contact was taken from, and one of another portion, too.
        let known: Option<Vec<u64>> = orders.iter().map(|order| order.contact).collect();
        if let (Some(known), Some(own)) = (known, contact_in(found))
            && self.plan.portion.is_whole()
            && !known.contains(&own)
        {
            differ(first, "customer", "the linked customer has another contact");
        }
        // Likewise where they are at home; where staff have moved an order, nobody knows.
        let homes: Option<Vec<DocumentId>> = orders.iter().map(|order| order.home).collect();
        let has_staffs = matches!(found.value(fields::order::HOME), Imported::Edited);
        if let Some(homes) = homes
            && self.plan.portion.is_whole()
            && !has_staffs
            && !home_in(found).is_some_and(|home| homes.contains(&home))
        {
            let what = "the linked customer is at home at another branch";
            differ(first, "customer", what);
        }
        if found.view().kind() != fields::kind::CUSTOMER {
            differ(first, "customer", "the document is of another kind");
        }
        for (field, value) in found.imported_fields() {
            let field = &String::from_utf8_lossy(field);
            if !CONTACT.contains(&&**field) && field != fields::order::HOME {
                let value = Imported::Value(value);
                let what = format!("expected None, found {value:?}");
                differ(first, field, &what);
            }
        }
    }
}

/// The name of the contact in a document, as names are compared; none when staff have changed it.
fn name_in(found: &Found<'_>) -> Option<String> {
    match found.value(fields::contact::NAME) {
        Imported::Value(value) => Some(value.as_text().unwrap_or_default().trim().to_lowercase()),
        Imported::Absent => Some(String::new()),
        Imported::Edited => None,
    }
}

/// The branch that a document names as its home; none when staff have changed it, or there is none.
fn home_in(found: &Found<'_>) -> Option<DocumentId> {
    match found.value(fields::order::HOME) {
        Imported::Value(value) => value.as_id(),
        Imported::Absent | Imported::Edited => None,
    }
}

/// What tells contacts apart; none when staff have changed something of it.
fn contact_in(found: &Found<'_>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for field in CONTACT {
        let text = match found.value(field) {
            Imported::Value(value) => value.as_text(),
            Imported::Absent => None,
            Imported::Edited => return None,
        };
        text.hash(&mut hasher);
    }
    Some(hasher.finish())
}
