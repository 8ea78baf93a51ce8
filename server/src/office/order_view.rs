//! An order in words: its three axes, pieces, money and history.

use shared::domain::{Item, Order};
use shared::presentation::format;
use shared::presentation::page::{
    Badge, ConflictView, Due, Entry, Seen, gone_words, item_label, line_label, spoken_number,
    timeline,
};

/// Everything the order's page shows.
pub(crate) struct OrderView {
    pub(crate) number: String,
    pub(crate) legacy_number: Option<String>,
    pub(crate) name: String,
    pub(crate) status: Badge,
    pub(crate) due: Due,
    pub(crate) custody: String,
    pub(crate) money_tag: Badge,
    pub(crate) items: Vec<ItemView>,
    pub(crate) items_words: String,
    pub(crate) total: String,
    pub(crate) payments: Vec<(String, String)>,
    pub(crate) owed_words: String,
    pub(crate) owed: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) timeline: Vec<Entry>,
    pub(crate) conflicts: Vec<ConflictView>,
    /// That it, or a line of it, is missing in the legacy database.
    pub(crate) gone: Option<String>,
}

/// One piece.
pub(crate) struct ItemView {
    pub(crate) label: String,
    pub(crate) tag: Option<String>,
    pub(crate) custody: String,
    pub(crate) lines: Vec<(String, String)>,
}

impl OrderView {
    pub(crate) fn of(seen: &Seen, order: &Order, conflicts: Vec<ConflictView>) -> Self {
        let words = seen.words;
        let currency = order.currency.as_str();
        let owed = order.owed().minor;
        Self {
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            legacy_number: order
                .legacy_number
                .clone()
                .filter(|_| order.ticket.is_some()),
            name: seen.name_at_intake(order),
            status: seen.status(&order.status, order.is_handed_out()),
            due: seen.due(order.promised_on, order.status.phase.is_unfinished()),
            custody: seen.custody_of_all(order),
            money_tag: seen.money_state(order.money_state()),
            items: order
                .items
                .iter()
                .map(|item| item_view(seen, item))
                .collect(),
            items_words: words.with("count-items", "count", order.items.len()),
            total: format::money(order.total().minor, currency),
            payments: order
                .payments
                .iter()
                .map(|payment| {
                    let key = if payment.amount.minor < 0 {
                        "money-refunded-line"
                    } else {
                        "money-paid-line"
                    };
                    let method = words.text(&format!("method-{}", payment.method.code()));
                    let moment = seen.moment(payment.at);
                    let line = words.with_all(key, &[("method", &method), ("moment", &moment)]);
                    let line = match payment.branch {
                        Some(branch) => format!("{line}, {}", seen.branch_name(Some(branch))),
                        None => line,
                    };
                    (
                        line,
                        format::money(payment.amount.minor.saturating_neg(), currency),
                    )
                })
                .collect(),
            owed_words: words.text(if owed < 0 {
                "money-owed-back"
            } else {
                "money-due"
            }),
            owed: format::money(owed.abs(), currency),
            facts: facts(seen, order),
            timeline: timeline(seen, order),
            conflicts,
            gone: gone_words(seen, order),
        }
    }
}

fn item_view(seen: &Seen, item: &Item) -> ItemView {
    ItemView {
        label: item_label(seen.words, item),
        tag: item.tag.clone(),
        custody: seen.custody(&item.custody),
        lines: item
            .lines
            .iter()
            .map(|line| {
                let price = format::money(line.price.minor, line.price.currency.as_str());
                (line_label(seen.words, line), price)
            })
            .collect(),
    }
}

fn facts(seen: &Seen, order: &Order) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut push = |key: &str, value: Option<String>| {
        facts.extend(value.map(|value| (seen.words.text(key), value)));
    };
    push(
        "branch",
        order.home.map(|home| seen.branch_name(Some(home))),
    );
    let elsewhere = order.pickup.filter(|_| order.pickup != order.home);
    push(
        "order-pickup-at",
        elsewhere.map(|pickup| seen.branch_name(Some(pickup))),
    );
    push("received", order.received_at.map(|at| seen.moment(at)));
    push(
        "promised",
        order
            .promised_on
            .map(|day| format::weekday_and_date(seen.words.language, day)),
    );
    push(
        "priority",
        order
            .priority
            .as_deref()
            .map(|code| seen.priority_name(code)),
    );
    let phone = order.contact.phone.as_ref();
    push(
        "phone",
        phone.map(|phone| seen.phone_words(&phone.given, phone.e164.as_deref())),
    );
    push("email", order.contact.email.clone());
    push("order-note", order.note.clone());
    push("reason", order.reason.clone());
    facts
}
