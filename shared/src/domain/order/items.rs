//! The pieces of an order and the services ordered for them, gathered from the fields that each has of its own.

use std::collections::BTreeMap;

use super::axes::Custody;
use super::conflict::shown_version;
use crate::clock::UtcMillis;
use crate::document::{Currency, Document, Register};
use crate::domain::fields::import;
use crate::domain::money::Money;
use crate::id::ServiceId;

/// One piece: a pair of skis, a board, a bike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key within the order.
    pub key: String,
    /// What sort of thing, as the firm calls it.
    pub kind: Option<String>,
    /// What tells it apart: make, colour, length.
    pub label: String,
    /// The number on its tag.
    pub tag: Option<String>,
    /// Who holds it.
    pub custody: Custody,
    /// The services ordered for it, oldest first.
    pub lines: Vec<ServiceLine>,
}

/// One service for one item, at the price agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLine {
    /// Its key within the item.
    pub key: String,
    /// The service of the catalogue; none for a line of free text.
    pub service: Option<ServiceId>,
    /// Its name as it was when ordered.
    pub label: String,
    /// The price agreed, VAT included.
    pub price: Money,
    /// Since when its row is missing in the legacy database, while nobody has decided what that means.
    pub gone_since: Option<UtcMillis>,
}

pub(super) fn items(document: &Document, currency: Currency) -> Vec<Item> {
    let mut found: BTreeMap<&str, ItemFields<'_>> = BTreeMap::new();
    for (field, register) in document.fields() {
        let segments: Vec<&str> = field.segments().collect();
        match segments.as_slice() {
            ["items", item, name] => {
                found.entry(item).or_default().own.insert(name, register);
            }
            ["items", item, "lines", line, name] => {
                found
                    .entry(item)
                    .or_default()
                    .lines
                    .entry(line)
                    .or_default()
                    .insert(name, register);
            }
            _ => {}
        }
    }
    let mut items: Vec<(i64, Item)> = found
        .into_iter()
        .filter_map(|(key, fields)| fields.read(key, currency))
        .collect();
    items.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    items.into_iter().map(|(_, item)| item).collect()
}

#[derive(Default)]
struct ItemFields<'a> {
    own: BTreeMap<&'a str, &'a Register>,
    lines: BTreeMap<&'a str, BTreeMap<&'a str, &'a Register>>,
}

impl ItemFields<'_> {
    fn read(self, key: &str, currency: Currency) -> Option<(i64, Item)> {
        let value = |name: &str| {
            self.own
                .get(name)
                .and_then(|register| shown_version(name, register))
                .map(|version| version.value)
        };
        if value("removed").and_then(|value| value.as_bool()) == Some(true) {
            return None;
        }
        let mut lines: Vec<(i64, ServiceLine)> = self
            .lines
            .iter()
            .filter_map(|(key, fields)| service_line(key, fields, currency))
            .collect();
        lines.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
        let text = |name: &str| value(name).and_then(|value| value.as_text().map(str::to_owned));
        let item = Item {
            key: key.to_owned(),
            kind: text("kind"),
            label: text("label").unwrap_or_default(),
            tag: text("tag"),
            custody: text("custody").map_or_else(
                || Custody::Unknown(String::new()),
                |code| Custody::from_code(&code),
            ),
            lines: lines.into_iter().map(|(_, line)| line).collect(),
        };
        Some((position(self.own.get("position")), item))
    }
}

fn service_line(
    key: &str,
    fields: &BTreeMap<&str, &Register>,
    currency: Currency,
) -> Option<(i64, ServiceLine)> {
    let value = |name: &str| {
        fields
            .get(name)
            .and_then(|register| register.newest())
            .map(|version| version.value)
    };
    if value("removed").and_then(|value| value.as_bool()) == Some(true) {
        return None;
    }
    let line = ServiceLine {
        key: key.to_owned(),
        service: value("service")
            .and_then(|value| value.as_id())
            .map(ServiceId),
        label: value("label")
            .and_then(|value| value.as_text().map(str::to_owned))
            .unwrap_or_default(),
        price: value("price")
            .and_then(|value| value.as_money())
            .filter(|price| price.currency == currency)
            .unwrap_or(Money::zero(currency)),
        gone_since: value(import::LINE_GONE_SINCE).and_then(|value| value.as_instant()),
    };
    Some((position(fields.get("position")), line))
}

/// Where an item or a line stands in its list: the number it was given; equal numbers go by key.
fn position(register: Option<&&Register>) -> i64 {
    register
        .and_then(|register| register.newest())
        .and_then(|version| version.value.as_int())
        .unwrap_or(0)
}
