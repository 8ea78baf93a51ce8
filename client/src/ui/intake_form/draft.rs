//! What is typed into the form of an order: blank, from an order, or as it was sent; read into what the counter wants.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;
use shared::document::Currency;
use shared::domain::{Item, Money, Order, ServiceLine};
use shared::id::{BranchId, CustomerId, OrderId, ServiceId};
use shared::presentation::{Language, format};

use crate::counter::{CustomerChoice, EditOrder, ItemIntent, LineIntent, NewOrder};
use crate::ui::forms::Fields;
use crate::ui::pages::customer::ContactForm;

/// What somebody has typed so far, or would have typed to get the order as it is.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    /// The id that the order will have, so that sending the form twice makes one order.
    pub(crate) order: String,
    /// The customer that was chosen; empty for a new one.
    pub(crate) customer: String,
    pub(crate) contact: ContactForm,
    pub(crate) items: Vec<ItemDraft>,
    pub(crate) priority: String,
    pub(crate) promised_on: String,
    pub(crate) pickup: String,
    pub(crate) note: String,
}

/// One piece on the form.
#[derive(Clone, Default)]
pub(crate) struct ItemDraft {
    /// Its key when the order has it already.
    pub(super) key: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) label: String,
    pub(super) tag: String,
    /// Services that are ticked: `s:<service>` for new ones, `l:<line>` for those the order has.
    pub(super) chosen: BTreeSet<String>,
    /// Prices agreed that differ from the catalogue's, as they were typed, by the same names.
    pub(super) prices: BTreeMap<String, String>,
}

/// Something on the form that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The field's name, to mark it.
    pub(crate) field: &'static str,
    /// The key of the sentence.
    pub(crate) key: &'static str,
    /// The number of the piece it is about, from 1.
    pub(crate) item: Option<usize>,
}

impl Draft {
    /// A form that nobody has typed into yet: one piece, no customer.
    pub(crate) fn blank(order: OrderId, language: Language) -> Self {
        Self {
            order: order.to_string(),
            contact: ContactForm {
                language: language.code().to_owned(),
                ..ContactForm::default()
            },
            items: vec![ItemDraft::default()],
            ..Self::default()
        }
    }

    /// The form as it was sent.
    pub(crate) fn typed(form: &Fields) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            order: text("order"),
            customer: text("customer"),
            contact: ContactForm::typed(form),
            items: form.groups("items").iter().map(ItemDraft::typed).collect(),
            priority: text("priority"),
            promised_on: text("promised_on"),
            pickup: text("pickup"),
            note: text("note"),
        }
    }

    /// The form that shows an order as it is.
    pub(crate) fn of(order: &Order, language: Language) -> Self {
        Self {
            order: order.id.to_string(),
            customer: order
                .customer
                .map(|customer| customer.to_string())
                .unwrap_or_default(),
            contact: ContactForm::of(&order.contact, language),
            items: order.items.iter().map(ItemDraft::of).collect(),
            priority: order.priority.clone().unwrap_or_default(),
            promised_on: order
                .promised_on
                .map(|day| day.to_string())
                .unwrap_or_default(),
            pickup: order
                .pickup
                .map(|branch| branch.to_string())
                .unwrap_or_default(),
            note: order.note.clone().unwrap_or_default(),
        }
    }

    /// One more piece, for browsers without the script.
    pub(crate) fn add_item(&mut self) {
        self.items.push(ItemDraft::default());
    }

    /// Nothing goes without a name; that is said before all else.
    fn check_name(&self, wrong: &mut Vec<Wrong>) {
        if self.contact.name.is_empty() {
            wrong.insert(
                0,
                Wrong {
                    field: "name",
                    key: "refusal-name-missing",
                    item: None,
                },
            );
        }
    }

    /// What to take in.
    pub(crate) fn new_order(&self, currency: Currency) -> Result<NewOrder, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let items = self.items(currency, &mut wrong);
        let promised_on = self.day(&mut wrong);
        self.check_name(&mut wrong);
        let customer = match self.customer.parse::<CustomerId>() {
            Ok(customer) => CustomerChoice::Existing(customer),
            Err(_) => CustomerChoice::New(self.contact.contact()),
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(NewOrder {
            order: self.order.parse().ok(),
            customer,
            pickup: self.pickup.parse().ok(),
            priority: self.priority.clone(),
            promised_on,
            items,
            note: (!self.note.is_empty()).then(|| self.note.clone()),
        })
    }

    /// What to change of an order: only what differs from `before`, the form that shows it as it is.
    pub(crate) fn edit(&self, before: &Self, currency: Currency) -> Result<EditOrder, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let items = self.items(currency, &mut wrong);
        let promised_on = self.day(&mut wrong);
        self.check_name(&mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let contact = self.contact.contact();
        let is_changed = |mine: &str, theirs: &str| !mine.is_empty() && mine != theirs;
        Ok(EditOrder {
            contact: (contact != before.contact.contact()).then_some(contact),
            priority: is_changed(&self.priority, &before.priority).then(|| self.priority.clone()),
            promised_on: promised_on.filter(|_| is_changed(&self.promised_on, &before.promised_on)),
            pickup: self
                .pickup
                .parse::<BranchId>()
                .ok()
                .filter(|_| is_changed(&self.pickup, &before.pickup)),
            note: (self.note != before.note).then(|| self.note.clone()),
            items: self.items_differ(before).then_some(items),
        })
    }

    fn items_differ(&self, before: &Self) -> bool {
        let facts = |draft: &Self| -> Vec<_> {
            let items = draft.items.iter().filter(|item| !item.is_blank());
            items
                .map(|item| {
                    (
                        item.key.clone(),
                        item.label.clone(),
                        item.tag.clone(),
                        item.chosen.clone(),
                        item.prices.clone(),
                    )
                })
                .collect()
        };
        facts(self) != facts(before)
    }

    fn items(&self, currency: Currency, wrong: &mut Vec<Wrong>) -> Vec<ItemIntent> {
        let typed: Vec<&ItemDraft> = self.items.iter().filter(|item| !item.is_blank()).collect();
        if typed.is_empty() {
            wrong.push(Wrong {
                field: "items",
                key: "refusal-nothing-ordered",
                item: None,
            });
        }
        for (index, item) in typed.iter().enumerate() {
            if item.chosen.is_empty() {
                wrong.push(Wrong {
                    field: "items",
                    key: "item-without-service",
                    item: Some(index + 1),
                });
            }
        }
        let mut items = Vec::with_capacity(typed.len());
        for (index, item) in typed.into_iter().enumerate() {
            items.push(item.intent(currency).unwrap_or_else(|key| {
                wrong.push(Wrong {
                    field: "items",
                    key,
                    item: Some(index + 1),
                });
                ItemIntent {
                    key: None,
                    kind: None,
                    label: String::new(),
                    tag: None,
                    lines: Vec::new(),
                }
            }));
        }
        items
    }

    fn day(&self, wrong: &mut Vec<Wrong>) -> Option<civil::Date> {
        if self.promised_on.is_empty() {
            return None;
        }
        let day = self.promised_on.parse().ok();
        if day.is_none() {
            wrong.push(Wrong {
                field: "promised_on",
                key: "order-day-unreadable",
                item: None,
            });
        }
        day
    }
}

impl ItemDraft {
    fn typed(group: &Fields) -> Self {
        Self {
            key: group.some("key"),
            kind: group.some("kind"),
            label: group.text("label").to_owned(),
            tag: group.text("tag").to_owned(),
            chosen: group
                .all("service")
                .into_iter()
                .map(str::to_owned)
                .collect(),
            prices: group.beginning_with("price:"),
        }
    }

    fn of(item: &Item) -> Self {
        Self {
            key: Some(item.key.clone()),
            kind: item.kind.clone(),
            label: item.label.clone(),
            tag: item.tag.clone().unwrap_or_default(),
            chosen: item.lines.iter().map(line_value).collect(),
            prices: BTreeMap::new(),
        }
    }

    fn is_blank(&self) -> bool {
        self.key.is_none() && self.label.is_empty() && self.tag.is_empty() && self.chosen.is_empty()
    }

    /// What it means; the key of a sentence when a price cannot be read.
    fn intent(&self, currency: Currency) -> Result<ItemIntent, &'static str> {
        let mut lines = Vec::with_capacity(self.chosen.len());
        for chosen in &self.chosen {
            let price = match self.prices.get(chosen) {
                Some(typed) => {
                    let minor = format::parse_amount(typed).map_err(|_| "item-price-unreadable")?;
                    Some(Money::new(minor, currency))
                }
                None => None,
            };
            lines.extend(line_intent(chosen, price));
        }
        Ok(ItemIntent {
            key: self.key.clone(),
            kind: self.kind.clone(),
            label: self.label.clone(),
            tag: (!self.tag.is_empty()).then(|| self.tag.clone()),
            lines,
        })
    }
}

/// A line that the order has keeps its service, so the service it names does not matter.
fn line_intent(chosen: &str, price: Option<Money>) -> Option<LineIntent> {
    let (kind, name) = chosen.split_once(':')?;
    match kind {
        "s" => Some(LineIntent {
            key: None,
            service: name.parse().ok()?,
            price,
        }),
        "l" => Some(LineIntent {
            key: Some(name.to_owned()),
            service: ServiceId(shared::id::DocumentId::from_bytes([0; 16])),
            price,
        }),
        _ => None,
    }
}

pub(super) fn line_value(line: &ServiceLine) -> String {
    format!("l:{}", line.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Draft {
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Draft::typed(&Fields::new(pairs).expect("few fields"))
    }

    const SERVICE: &str = "s:0193b0c8-0000-7000-8000-000000000001";

    #[test]
    fn an_order_needs_a_name_and_a_service_for_each_piece() {
        let draft = typed(&[
            ("items.0.label", "Atomic"),
            ("items.1.label", ""),
            ("priority", "standard"),
        ]);
        let wrong = draft
            .new_order(Currency::CHF)
            .expect_err("two things are missing");
        let keys: Vec<_> = wrong.iter().map(|wrong| (wrong.key, wrong.item)).collect();
        assert_eq!(
            keys,
            [
                ("refusal-name-missing", None),
                ("item-without-service", Some(1))
            ]
        );
    }

    #[test]
    fn blank_pieces_are_left_out_and_the_rest_is_read() {
        let draft = typed(&[
            ("order", "0193b0c8-0000-7000-8000-0000000000aa"),
            ("name", "Sina Meier"),
            ("items.0.label", "Atomic"),
            ("items.0.service", SERVICE),
            ("items.3.label", ""),
            ("priority", "express"),
            ("promised_on", "2026-11-24"),
        ]);
        let new = draft.new_order(Currency::CHF).expect("complete");
        assert!(new.order.is_some());
        assert_eq!(new.items.len(), 1);
        assert_eq!(new.items[0].lines.len(), 1);
        assert_eq!(new.promised_on, Some(civil::date(2026, 11, 24)));
        assert!(matches!(new.customer, CustomerChoice::New(_)));
    }

    #[test]
    fn an_unreadable_day_is_said_and_not_guessed() {
        let draft = typed(&[
            ("name", "A"),
            ("items.0.service", SERVICE),
            ("promised_on", "24.11."),
        ]);
        let wrong = draft.new_order(Currency::CHF).expect_err("the day");
        assert_eq!(wrong[0].key, "order-day-unreadable");
    }

    #[test]
    fn another_price_is_read_exactly_or_refused() {
        let with_price = |price| {
            typed(&[
                ("name", "A"),
                ("items.0.service", SERVICE),
                (&format!("items.0.price:{SERVICE}"), price),
            ])
        };
        let new = with_price("45.50")
            .new_order(Currency::CHF)
            .expect("complete");
        assert_eq!(
            new.items[0].lines[0].price,
            Some(Money::new(4_550, Currency::CHF))
        );
        let new = with_price(" ").new_order(Currency::CHF).expect("complete");
        assert_eq!(new.items[0].lines[0].price, None);
        let wrong = with_price("gratis")
            .new_order(Currency::CHF)
            .expect_err("no amount");
        assert_eq!(
            (wrong[0].key, wrong[0].item),
            ("item-price-unreadable", Some(1))
        );
    }

    #[test]
    fn an_edit_carries_only_what_differs() {
        let before = typed(&[
            ("name", "A"),
            ("priority", "standard"),
            ("items.0.key", "1.1"),
            ("items.0.label", "Atomic"),
            ("items.0.service", "l:1.2"),
            ("note", "x"),
        ]);
        let mut after = before.clone();
        after.note = String::new();
        let edit = after.edit(&before, Currency::CHF).expect("complete");
        assert_eq!(edit.note.as_deref(), Some(""));
        assert!(edit.contact.is_none() && edit.items.is_none() && edit.priority.is_none());
        after.items[0].chosen.insert(SERVICE.to_owned());
        let edit = after.edit(&before, Currency::CHF).expect("complete");
        assert_eq!(edit.items.map(|items| items[0].lines.len()), Some(2));
    }
}
