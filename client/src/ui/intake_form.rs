//! The form of an order: drawn blank, from an order, or as it was typed; read into what the counter wants.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;
use shared::document::Currency;
use shared::domain::{Item, Money, Order, ServiceLine};
use shared::id::{BranchId, CustomerId, OrderId, ServiceId};
use shared::presentation::page::{Seen, spoken_number};
use shared::presentation::{Language, format};

use super::forms::Fields;
use super::pages::customer::ContactForm;
use crate::counter::{CustomerChoice, EditOrder, ItemIntent, LineIntent, NewOrder};

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
    key: Option<String>,
    kind: Option<String>,
    label: String,
    tag: String,
    /// Services that are ticked: `s:<service>` for new ones, `l:<line>` for those the order has.
    chosen: BTreeSet<String>,
    /// Prices agreed that differ from the catalogue's, as they were typed, by the same names.
    prices: BTreeMap<String, String>,
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

    /// What to take in.
    pub(crate) fn new_order(&self, currency: Currency) -> Result<NewOrder, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let items = self.items(currency, &mut wrong);
        let promised_on = self.day(&mut wrong);
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

fn line_value(line: &ServiceLine) -> String {
    format!("l:{}", line.key)
}

/// The form as the template draws it.
pub(crate) struct IntakeForm {
    pub(crate) action: String,
    pub(crate) order: String,
    pub(crate) number: String,
    pub(crate) currency: String,
    pub(crate) customer: String,
    pub(crate) contact: ContactForm,
    pub(crate) items: Vec<ItemForm>,
    pub(crate) blank: ItemForm,
    pub(crate) priorities: Vec<PriorityChoice>,
    pub(crate) promised_on: String,
    pub(crate) earliest: String,
    pub(crate) branches: Vec<BranchChoice>,
    pub(crate) note: String,
    pub(crate) total: String,
    pub(crate) problems: Vec<String>,
    wrong: Vec<&'static str>,
}

/// One piece as it is drawn.
pub(crate) struct ItemForm {
    /// Its place in the form's field names; a placeholder in the blank one.
    pub(crate) index: String,
    pub(crate) number: String,
    pub(crate) key: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) label: String,
    pub(crate) tag: String,
    pub(crate) is_removable: bool,
    pub(crate) services: Vec<ServiceTile>,
}

/// One service to tick.
pub(crate) struct ServiceTile {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) price: String,
    pub(crate) price_minor: i64,
    /// Another price, as it was typed.
    pub(crate) typed_price: String,
    pub(crate) digit: Option<usize>,
    pub(crate) is_chosen: bool,
}

impl ServiceTile {
    /// What it costs on this form: the price typed, else the one of the catalogue or the order.
    fn agreed_minor(&self) -> i64 {
        format::parse_amount(&self.typed_price).unwrap_or(self.price_minor)
    }
}

/// One priority with the day it promises.
pub(crate) struct PriorityChoice {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) promise: String,
    pub(crate) is_chosen: bool,
}

/// One branch to collect at.
pub(crate) struct BranchChoice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

impl IntakeForm {
    /// Draws a draft. `order` is the order that is being edited.
    pub(crate) fn of(seen: &Seen, draft: &Draft, order: Option<&Order>) -> Self {
        let currency = order.map_or_else(
            || currency_of(seen),
            |order| order.currency.as_str().to_owned(),
        );
        let known = |key: Option<&String>| order?.items.iter().find(|item| Some(&item.key) == key);
        let items: Vec<ItemForm> = draft
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let lines = known(item.key.as_ref()).map_or(&[][..], |item| &item.lines);
                ItemForm::of(seen, &currency, item, lines, index)
            })
            .collect();
        let total = items
            .iter()
            .flat_map(|item| &item.services)
            .filter(|tile| tile.is_chosen);
        let total = total.map(ServiceTile::agreed_minor).sum();
        Self {
            action: order.map_or_else(
                || "/orders".to_owned(),
                |order| format!("/orders/{}/edit", order.id),
            ),
            order: draft.order.clone(),
            number: order
                .map(|order| spoken_number(order.ticket.as_deref(), &order.number()))
                .unwrap_or_default(),
            customer: draft.customer.clone(),
            contact: draft.contact.clone(),
            items,
            blank: blank_item(seen, &currency),
            priorities: priorities(seen, draft, order.is_some()),
            promised_on: draft.promised_on.clone(),
            earliest: if order.is_some() {
                String::new()
            } else {
                seen.today.to_string()
            },
            branches: branches(seen, draft),
            note: draft.note.clone(),
            total: format::money(total, &currency),
            problems: Vec::new(),
            wrong: Vec::new(),
            currency,
        }
    }

    /// Marks what is wrong.
    pub(crate) fn marked(mut self, seen: &Seen, wrong: &[Wrong]) -> Self {
        self.wrong = wrong.iter().map(|wrong| wrong.field).collect();
        self.problems = wrong
            .iter()
            .map(|wrong| match wrong.item {
                Some(number) => seen.words.with(wrong.key, "number", number),
                None => seen.words.text(wrong.key),
            })
            .collect();
        self
    }

    /// Adds a sentence from the counter.
    pub(crate) fn with_problem(mut self, problem: String) -> Self {
        self.problems.push(problem);
        self
    }

    pub(crate) fn is_edit(&self) -> bool {
        self.action != "/orders"
    }

    pub(crate) fn is_wrong(&self, field: &str) -> bool {
        self.wrong.contains(&field)
    }

    /// Whether the folded part of the customer's form has something in it.
    pub(crate) fn has_more_contact(&self) -> bool {
        let contact = &self.contact;
        [
            &contact.email,
            &contact.street,
            &contact.postcode,
            &contact.town,
        ]
        .into_iter()
        .any(|text| !text.is_empty())
    }
}

impl ItemForm {
    /// Whether another price was typed for one of its services.
    pub(crate) fn has_price(&self) -> bool {
        self.services
            .iter()
            .any(|tile| !tile.typed_price.is_empty())
    }

    fn of(
        seen: &Seen,
        currency: &str,
        item: &ItemDraft,
        lines: &[ServiceLine],
        index: usize,
    ) -> Self {
        Self {
            index: index.to_string(),
            number: (index + 1).to_string(),
            key: item.key.clone(),
            kind: item.kind.clone(),
            label: item.label.clone(),
            tag: item.tag.clone(),
            is_removable: index > 0 || item.key.is_some(),
            services: tiles(seen, currency, item, lines),
        }
    }
}

/// The piece that the script copies; it fills in the number.
fn blank_item(seen: &Seen, currency: &str) -> ItemForm {
    ItemForm {
        index: "__INDEX__".to_owned(),
        number: "__NUMBER__".to_owned(),
        is_removable: true,
        ..ItemForm::of(seen, currency, &ItemDraft::default(), &[], 0)
    }
}

/// The lines an item has, then the services it could have besides.
fn tiles(seen: &Seen, currency: &str, item: &ItemDraft, lines: &[ServiceLine]) -> Vec<ServiceTile> {
    let language = seen.words.language.code();
    let of_lines = lines.iter().map(|line| {
        let value = line_value(line);
        (value, line.label.clone(), line.price.minor)
    });
    let of_services = seen
        .catalogue
        .services
        .iter()
        .filter(|service| service.active)
        .filter(|service| !lines.iter().any(|line| line.service == Some(service.id)))
        .filter_map(|service| {
            let currency = shared::document::Currency::new(currency)?;
            let price = service.price_on(seen.today, currency)?;
            Some((
                format!("s:{}", service.id),
                service.name.in_language(language).to_owned(),
                price.minor,
            ))
        });
    of_lines
        .chain(of_services)
        .enumerate()
        .map(|(index, (value, name, price_minor))| ServiceTile {
            is_chosen: item.chosen.contains(&value),
            typed_price: item.prices.get(&value).cloned().unwrap_or_default(),
            value,
            name,
            price: format::money(price_minor, currency),
            price_minor,
            digit: (index < 9).then_some(index + 1),
        })
        .collect()
}

fn priorities(seen: &Seen, draft: &Draft, is_edit: bool) -> Vec<PriorityChoice> {
    let offered: Vec<_> = seen
        .catalogue
        .priorities
        .iter()
        .filter(|priority| priority.active || priority.code == draft.priority)
        .collect();
    // The ordinary one stands between the urgent and the patient ones.
    let usual = offered
        .iter()
        .find(|priority| priority.code == "standard")
        .or_else(|| offered.get(offered.len() / 2))
        .map(|priority| priority.code.clone())
        .unwrap_or_default();
    let chosen = if draft.priority.is_empty() && !is_edit {
        &usual
    } else {
        &draft.priority
    };
    offered
        .iter()
        .map(|priority| PriorityChoice {
            is_chosen: priority.code == *chosen,
            name: seen.priority_name(&priority.code),
            promise: seen
                .catalogue
                .proposed_day(&priority.code, seen.today)
                .map(|day| format::day_seen_from(seen.words.language, day, seen.today))
                .unwrap_or_default(),
            code: priority.code.clone(),
        })
        .collect()
}

fn branches(seen: &Seen, draft: &Draft) -> Vec<BranchChoice> {
    let here = seen
        .branch
        .map_or_else(String::new, |branch| branch.to_string());
    let chosen = if draft.pickup.is_empty() {
        &here
    } else {
        &draft.pickup
    };
    seen.catalogue
        .branches
        .iter()
        .filter(|branch| branch.active)
        .map(|branch| {
            let id = branch.id.to_string();
            BranchChoice {
                is_chosen: id == *chosen,
                id,
                name: branch.name.clone(),
            }
        })
        .collect()
}

fn currency_of(seen: &Seen) -> String {
    seen.territory().map_or_else(
        || "CHF".to_owned(),
        |territory| territory.currency.as_str().to_owned(),
    )
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
