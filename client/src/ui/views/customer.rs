//! Customers: their page, their row in a list, the suggestion while an order is taken in.

use shared::domain::Contact;
use shared::presentation::Language;
use shared::presentation::page::{ConflictView, Fact, Seen, conflict_views};

use super::phone;
use super::row::OrderRow;
use crate::counter::{CustomerDetails, CustomerSummary};

/// The page of a customer.
pub(crate) struct CustomerView {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) duplicates: Vec<CustomerRow>,
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) conflicts: Vec<ConflictView>,
}

/// A customer in a list.
pub(crate) struct CustomerRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) detail: String,
}

/// A customer offered while a name or number is typed.
pub(crate) struct Suggestion {
    pub(crate) name: String,
    pub(crate) detail: String,
    /// The fields of the form as JSON, for the script to fill in.
    pub(crate) fill: String,
}

impl CustomerView {
    /// The page of a customer with what they had done before.
    pub(crate) fn of(seen: &Seen, details: &CustomerDetails) -> Self {
        let customer = &details.customer;
        let href = format!("/customers/{}", customer.id);
        Self {
            id: customer.id.to_string(),
            conflicts: conflict_views(seen, None, &details.conflicts, &href, ""),
            href,
            name: seen.name_or_word(customer.contact.name.as_deref(), customer.erased),
            facts: facts(seen, &customer.contact),
            duplicates: CustomerRow::all(seen, &details.likely_duplicates),
            orders: OrderRow::all(seen, &details.orders),
        }
    }
}

impl CustomerRow {
    /// The rows of several.
    pub(crate) fn all(seen: &Seen, customers: &[CustomerSummary]) -> Vec<Self> {
        customers
            .iter()
            .map(|customer| Self {
                href: format!("/customers/{}", customer.id),
                name: seen.name_or_word(customer.name.as_deref(), customer.erased),
                detail: summary_detail(seen, customer),
            })
            .collect()
    }
}

impl Suggestion {
    /// What to fill into the form when this customer is chosen.
    pub(crate) fn of(seen: &Seen, customer: &CustomerSummary) -> Self {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let fill = serde_json::json!({
            "customer": customer.id.to_string(),
            "name": text(&customer.name),
            "phone": text(&customer.phone),
            "email": text(&customer.email),
            "language": customer.language.as_deref().unwrap_or(Language::default().code()),
            "street": text(&customer.street),
            "postcode": text(&customer.postcode),
            "town": text(&customer.town),
        });
        Self {
            name: seen.name_or_word(customer.name.as_deref(), customer.erased),
            detail: summary_detail(seen, customer),
            fill: fill.to_string(),
        }
    }
}

fn summary_detail(seen: &Seen, customer: &CustomerSummary) -> String {
    let phone = customer
        .phone
        .as_deref()
        .map(|given| seen.phone_words(given, customer.phone_e164.as_deref()));
    let orders = seen.words.with("count-orders", "count", customer.orders);
    [
        phone,
        customer.email.clone(),
        customer.town.clone(),
        Some(orders),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join(", ")
}

fn facts(seen: &Seen, contact: &Contact) -> Vec<Fact> {
    let phone = phone(seen, contact).map(|phone| phone.words);
    let place = [contact.postcode.as_deref(), contact.town.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let language = contact
        .language
        .as_deref()
        .and_then(Language::from_code)
        .map(|language| language.own_name().to_owned());
    [
        ("phone", phone),
        ("email", contact.email.clone()),
        ("street", contact.street.clone()),
        ("town", Some(place)),
        ("customer-language", language),
    ]
    .into_iter()
    .filter_map(|(key, words)| {
        let words = words.filter(|words| !words.is_empty())?;
        Some(seen.fact(key, words))
    })
    .collect()
}
