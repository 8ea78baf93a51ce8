//! Taking an order in, and editing what was taken in.

use jiff::civil;

use super::customer::require_name;
use super::{Refusal, bounded, event, field, finished, set_contact, text_or_null};
use crate::clock::UtcMillis;
use crate::document::{Authoring, Change, Document, Value};
use crate::domain::{
    Catalogue, Contact, Custody, Money, Order, Phase, TicketNumber, VatCode, fields,
};
use crate::id::{BranchId, CustomerId, OrderId, ServiceId};
use crate::limits;

/// What the counter wants taken in.
#[derive(Clone, Debug)]
pub struct TakeIn {
    /// The new order's id.
    pub order: OrderId,
    /// Its printed number.
    pub ticket: TicketNumber,
    /// Where it is taken in.
    pub branch: BranchId,
    /// Where it will be collected.
    pub pickup: BranchId,
    /// The customer's document.
    pub customer: CustomerId,
    /// The customer as they stand now.
    pub contact: Contact,
    /// The priority's code.
    pub priority: String,
    /// The promised day.
    pub promised_on: civil::Date,
    /// The pieces.
    pub items: Vec<ItemIntent>,
    /// A note for the workshop.
    pub note: Option<String>,
    /// When it was taken in.
    pub received_at: UtcMillis,
    /// The calendar day of that moment at the branch.
    pub today: civil::Date,
}

/// A piece on the form.
#[derive(Clone, Debug)]
pub struct ItemIntent {
    /// The key of an item the order has; none for a new one.
    pub key: Option<String>,
    /// What sort of thing.
    pub kind: Option<String>,
    /// What tells it apart.
    pub label: String,
    /// The number on its tag.
    pub tag: Option<String>,
    /// The services wanted.
    pub lines: Vec<LineIntent>,
}

/// A service on the form.
#[derive(Clone, Debug)]
pub struct LineIntent {
    /// The key of a line the item has; none for a new one.
    pub key: Option<String>,
    /// The service.
    pub service: ServiceId,
    /// A price agreed that differs from the catalogue's.
    pub price: Option<Money>,
}

/// What the counter wants changed. Parts left out stay.
#[derive(Clone, Debug, Default)]
pub struct EditOrder {
    /// The contact on this order, whole.
    pub contact: Option<Contact>,
    /// The priority's code.
    pub priority: Option<String>,
    /// The promised day.
    pub promised_on: Option<civil::Date>,
    /// Where it will be collected.
    pub pickup: Option<BranchId>,
    /// The note, whole; an empty one removes it.
    pub note: Option<String>,
    /// All pieces; those left out are removed from the order.
    pub items: Option<Vec<ItemIntent>>,
}

/// A new order.
///
/// # Errors
/// Any [`Refusal`] about the name, the items, the priority, the branches, the prices or the promised day.
pub fn take_in(
    catalogue: &Catalogue,
    authoring: &mut Authoring,
    intent: &TakeIn,
) -> Result<Document, Refusal> {
    require_name(&intent.contact)?;
    check_items(&intent.items)?;
    let territory = catalogue
        .territory_of(intent.branch)
        .ok_or(Refusal::NoSuchBranch)?;
    catalogue
        .branch(intent.pickup)
        .ok_or(Refusal::NoSuchBranch)?;
    catalogue
        .priority(&intent.priority)
        .ok_or(Refusal::NoSuchPriority)?;
    if intent.promised_on < intent.today {
        return Err(Refusal::PromisedBeforeReceived);
    }

    let mut change = Change::create(
        intent.order.document(),
        fields::known_kind(fields::kind::ORDER),
    );
    change.set(
        authoring,
        field(fields::order::TICKET),
        intent.ticket.as_str(),
    );
    change.set(authoring, field(fields::order::HOME), intent.branch);
    change.set(authoring, field(fields::order::PICKUP), intent.pickup);
    change.set(authoring, field(fields::order::CUSTOMER), intent.customer);
    change.set(authoring, field(fields::order::STATUS), Phase::Open.code());
    change.set(
        authoring,
        field(fields::order::PRIORITY),
        intent.priority.as_str(),
    );
    change.set(
        authoring,
        field(fields::order::RECEIVED_AT),
        intent.received_at,
    );
    change.set(
        authoring,
        field(fields::order::PROMISED_ON),
        intent.promised_on,
    );
    change.set(
        authoring,
        field(fields::order::CURRENCY),
        territory.currency.as_str(),
    );
    let vat = territory.vat_basis_points.on(intent.today);
    change.set_some(authoring, field(fields::order::VAT_BASIS_POINTS), vat);
    let code = vat.and_then(|rate| VatCode::new(&territory.country, rate).ok());
    change.set_some(
        authoring,
        field(fields::order::VAT_CODE),
        code.map(|code| code.to_string()),
    );
    set_note(&mut change, authoring, intent.note.as_deref())?;
    set_contact(&mut change, authoring, &intent.contact)?;
    let pricing = Pricing {
        catalogue,
        day: intent.today,
        currency: territory.currency,
        language: &territory.language,
    };
    for (position, item) in (0..).zip(&intent.items) {
        add_item(
            &mut change,
            authoring,
            &pricing,
            position,
            item,
            &Custody::Branch(intent.branch),
        )?;
    }
    change.record(
        authoring,
        event(fields::event::RECEIVED),
        [(field("branch"), intent.branch.into())],
    );
    Ok(change.finish())
}

/// An order, changed as the counter wants. Prices of lines that stay are not touched; new lines get the price of `today`.
///
/// # Errors
/// [`Refusal::AlreadySo`] when nothing would change, and what [`take_in`] refuses.
pub fn edit_order(
    catalogue: &Catalogue,
    document: &Document,
    authoring: &mut Authoring,
    edit: &EditOrder,
    branch: BranchId,
    today: civil::Date,
) -> Result<Document, Refusal> {
    let order = Order::of(document).ok_or(Refusal::NotAnOrder)?;
    if order.status.phase == Phase::Cancelled {
        return Err(Refusal::Cancelled);
    }
    let mut change = Change::of(document);
    if let Some(contact) = &edit.contact {
        require_name(contact)?;
        set_contact(&mut change, authoring, contact)?;
    }
    if let Some(priority) = &edit.priority {
        catalogue
            .priority(priority)
            .ok_or(Refusal::NoSuchPriority)?;
        change.set(authoring, field(fields::order::PRIORITY), priority.as_str());
    }
    if let Some(promised_on) = edit.promised_on {
        change.set(authoring, field(fields::order::PROMISED_ON), promised_on);
    }
    if let Some(pickup) = edit.pickup {
        catalogue.branch(pickup).ok_or(Refusal::NoSuchBranch)?;
        change.set(authoring, field(fields::order::PICKUP), pickup);
    }
    if let Some(note) = &edit.note {
        set_note(&mut change, authoring, Some(note))?;
    }
    if let Some(items) = &edit.items {
        check_items(items)?;
        let language = catalogue
            .territory_of(branch)
            .map_or("de", |territory| &territory.language);
        let pricing = Pricing {
            catalogue,
            day: today,
            currency: order.currency,
            language,
        };
        edit_items(
            &mut change,
            authoring,
            &pricing,
            &order,
            items,
            &Custody::Branch(branch),
        )?;
    }
    if change.is_empty() {
        return Err(Refusal::AlreadySo);
    }
    // A branch that was the pick-up holds the order; with its name kept, it goes on hearing of it, an erasure included.
    let former_pickup = order
        .pickup
        .filter(|former| edit.pickup.is_some_and(|pickup| pickup != *former));
    change.record(
        authoring,
        event(fields::event::EDITED),
        [(
            field("pickup_from"),
            former_pickup.map_or(Value::Null, Value::from),
        )],
    );
    finished(change)
}

fn set_note(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    note: Option<&str>,
) -> Result<(), Refusal> {
    bounded(note.unwrap_or_default(), "note")?;
    change.set(authoring, field(fields::order::NOTE), text_or_null(note));
    Ok(())
}

fn check_items(items: &[ItemIntent]) -> Result<(), Refusal> {
    if items.is_empty() || items.iter().any(|item| item.lines.is_empty()) {
        return Err(Refusal::NothingOrdered);
    }
    if items.len() > limits::ITEMS_PER_ORDER
        || items
            .iter()
            .any(|item| item.lines.len() > limits::SERVICES_PER_ITEM)
    {
        return Err(Refusal::TooManyItems);
    }
    for item in items {
        bounded(&item.label, "item")?;
        bounded(item.kind.as_deref().unwrap_or_default(), "item")?;
        bounded(item.tag.as_deref().unwrap_or_default(), "item")?;
    }
    Ok(())
}

/// Where prices and names of new lines come from.
struct Pricing<'a> {
    catalogue: &'a Catalogue,
    day: civil::Date,
    currency: crate::document::Currency,
    language: &'a str,
}

impl Pricing<'_> {
    fn label_and_price(&self, intent: &LineIntent) -> Result<(String, Money), Refusal> {
        let service = self
            .catalogue
            .service(intent.service)
            .ok_or(Refusal::NoSuchService)?;
        let price = match intent.price {
            Some(agreed) => agreed,
            None => service
                .price_on(self.day, self.currency)
                .ok_or(Refusal::NoPrice)?,
        };
        check_price(price, self.currency)?;
        Ok((service.name.in_language(self.language).to_owned(), price))
    }
}

fn check_price(price: Money, currency: crate::document::Currency) -> Result<(), Refusal> {
    if price.currency != currency {
        return Err(Refusal::Currency);
    }
    if !(0..=limits::AMOUNT_MINOR).contains(&price.minor) {
        return Err(Refusal::Amount);
    }
    Ok(())
}

fn add_item(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    pricing: &Pricing<'_>,
    position: i64,
    intent: &ItemIntent,
    custody: &Custody,
) -> Result<(), Refusal> {
    let key = fields::key_from_dot(authoring.next_dot());
    change.set(authoring, fields::item(&key, "position"), position);
    change.set(authoring, fields::item(&key, "custody"), custody.code());
    set_item(change, authoring, &key, intent);
    for (position, line) in (0..).zip(&intent.lines) {
        add_line(change, authoring, pricing, &key, position, line)?;
    }
    Ok(())
}

fn set_item(change: &mut Change<'_>, authoring: &mut Authoring, key: &str, intent: &ItemIntent) {
    change.set(
        authoring,
        fields::item(key, "kind"),
        text_or_null(intent.kind.as_deref()),
    );
    change.set(
        authoring,
        fields::item(key, "label"),
        text_or_null(Some(&intent.label)),
    );
    change.set(
        authoring,
        fields::item(key, "tag"),
        text_or_null(intent.tag.as_deref()),
    );
}

fn add_line(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    pricing: &Pricing<'_>,
    item: &str,
    position: i64,
    intent: &LineIntent,
) -> Result<(), Refusal> {
    let (label, price) = pricing.label_and_price(intent)?;
    let key = fields::key_from_dot(authoring.next_dot());
    change.set(authoring, fields::line(item, &key, "position"), position);
    change.set(
        authoring,
        fields::line(item, &key, "service"),
        intent.service,
    );
    change.set(authoring, fields::line(item, &key, "label"), label);
    change.set(authoring, fields::line(item, &key, "price"), price);
    Ok(())
}

fn edit_items(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    pricing: &Pricing<'_>,
    order: &Order,
    intents: &[ItemIntent],
    custody: &Custody,
) -> Result<(), Refusal> {
    for item in &order.items {
        if !intents
            .iter()
            .any(|intent| intent.key.as_deref() == Some(&item.key))
        {
            if item.custody == Custody::Customer {
                return Err(Refusal::HandedOut);
            }
            change.set(authoring, fields::item(&item.key, "removed"), true);
        }
    }
    for (position, intent) in (0..).zip(intents) {
        let Some(key) = &intent.key else {
            add_item(change, authoring, pricing, position, intent, custody)?;
            continue;
        };
        let item = order
            .items
            .iter()
            .find(|item| item.key == *key)
            .ok_or(Refusal::NoSuchItem)?;
        set_item(change, authoring, key, intent);
        for line in &item.lines {
            if !intent
                .lines
                .iter()
                .any(|kept| kept.key.as_deref() == Some(&line.key))
            {
                change.set(authoring, fields::line(key, &line.key, "removed"), true);
            }
        }
        for (position, line) in (0..).zip(&intent.lines) {
            match &line.key {
                None => add_line(change, authoring, pricing, key, position, line)?,
                Some(kept) => keep_line(change, authoring, item, kept, line)?,
            }
        }
    }
    Ok(())
}

fn keep_line(
    change: &mut Change<'_>,
    authoring: &mut Authoring,
    item: &crate::domain::Item,
    key: &str,
    intent: &LineIntent,
) -> Result<(), Refusal> {
    let line = item
        .lines
        .iter()
        .find(|line| line.key == key)
        .ok_or(Refusal::NoSuchItem)?;
    if let Some(price) = intent.price {
        check_price(price, line.price.currency)?;
        change.set(
            authoring,
            fields::line(&item.key, key, "price"),
            Value::from(price),
        );
    }
    Ok(())
}
