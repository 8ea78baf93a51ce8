//! The form of an order: drawn blank, from an order, or as it was typed; read into what the counter wants.

mod draft;

use shared::domain::{Order, ServiceLine};
use shared::presentation::format;
use shared::presentation::page::{Seen, spoken_number};

use super::pages::customer::ContactForm;
pub(crate) use draft::{Draft, Wrong};
use draft::{ItemDraft, line_value};

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
