//! The printed ticket, in the customer's language.

use shared::domain::Order;
use shared::presentation::page::{Seen, Words, item_label, spoken_number};
use shared::presentation::{Language, format, symbols};

use super::order::{LineView, VatLine, money_of, vat_line};
use super::phone;

/// Everything on the slip.
pub(crate) struct TicketView {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) branch: String,
    pub(crate) address: String,
    pub(crate) received_on: String,
    pub(crate) promise: Option<Promise>,
    pub(crate) qr: String,
    pub(crate) code128: String,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) items: Vec<TicketItem>,
    pub(crate) total: String,
    pub(crate) vat: Option<VatLine>,
    pub(crate) paid: Option<String>,
    pub(crate) due: String,
    pub(crate) is_reprint: bool,
}

/// The promised day.
pub(crate) struct Promise {
    pub(crate) weekday: String,
    pub(crate) date: String,
}

/// A piece on the slip.
pub(crate) struct TicketItem {
    pub(crate) label: String,
    pub(crate) tag: Option<String>,
    pub(crate) lines: Vec<LineView>,
}

/// The language of an order's ticket: the customer's, else the reader's.
pub(crate) fn language_of(order: &Order, reader: Language) -> Language {
    order
        .contact
        .language
        .as_deref()
        .and_then(Language::from_code)
        .unwrap_or(reader)
}

impl TicketView {
    /// The slip of an order; `seen` carries the customer's language.
    pub(crate) fn of(seen: &Seen, order: &Order) -> Self {
        let code = order.ticket.clone().unwrap_or_default();
        let label = seen
            .words
            .with("ticket-code-label", "number", code.as_str());
        let home = order.home.and_then(|home| seen.catalogue.branch(home));
        let received = order.received_at.map(|at| at.in_zone(&seen.zone).date());
        Self {
            href: format!("/orders/{}", order.id),
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            branch: home.map(|branch| branch.name.clone()).unwrap_or_default(),
            address: home
                .and_then(|branch| branch.address.clone())
                .unwrap_or_default(),
            received_on: received.map(format::date).unwrap_or_default(),
            promise: order.promised_on.map(|day| Promise {
                weekday: format::weekday(seen.words.language, day),
                date: format::date(day),
            }),
            // An imported order has no ticket number; its slip goes without symbols.
            qr: symbols::qr_svg(&code, &label).unwrap_or_default(),
            code128: symbols::code128_svg(&code, &label).unwrap_or_default(),
            name: seen.name_at_intake(order),
            phone: phone(seen, &order.contact)
                .map(|phone| phone.words)
                .unwrap_or_default(),
            items: order
                .items
                .iter()
                .map(|item| ticket_item(seen, item))
                .collect(),
            total: money_of(order, order.total().minor),
            vat: vat_line(seen.words, order),
            paid: (order.paid().minor != 0).then(|| money_of(order, order.paid().minor)),
            due: money_of(order, order.owed().minor),
            is_reprint: order
                .timeline
                .iter()
                .any(|event| event.kind.as_str() == shared::domain::fields::event::PRINTED),
        }
    }
}

fn ticket_item(seen: &Seen, item: &shared::domain::Item) -> TicketItem {
    let language = seen.words.language.code();
    TicketItem {
        label: item_label(seen.words, item),
        tag: item.tag.clone(),
        lines: item
            .lines
            .iter()
            .map(|line| LineView {
                // The catalogue may have the name in the customer's language; the order keeps it in the branch's.
                name: line
                    .service
                    .and_then(|service| seen.catalogue.service(service))
                    .map(|service| service.name.in_language(language).to_owned())
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| line.label.clone()),
                price: format::money(line.price.minor, line.price.currency.as_str()),
            })
            .collect(),
    }
}

/// The words of the slip.
pub(crate) fn words_of(order: &Order, reader: Words) -> Words {
    Words {
        language: language_of(order, reader.language),
    }
}
