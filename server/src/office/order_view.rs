//! An order in words: its three axes, pieces, money and history.

use shared::document::{Event, Value};
use shared::domain::fields::event;
use shared::domain::{Custody, Item, Order, Phase, StatusCode, TicketNumber};
use shared::id::BranchId;
use shared::presentation::format;

use super::conflict_view;
use super::seen::{Badge, Seen};

/// Everything the order's page shows.
pub(crate) struct OrderView {
    pub(crate) number: String,
    pub(crate) legacy_number: Option<String>,
    pub(crate) name: String,
    pub(crate) status: Badge,
    pub(crate) due_class: &'static str,
    pub(crate) due: String,
    pub(crate) custody: String,
    pub(crate) money: Badge,
    pub(crate) items: Vec<ItemView>,
    pub(crate) items_words: String,
    pub(crate) total: String,
    pub(crate) payments: Vec<(String, String)>,
    pub(crate) owed_words: String,
    pub(crate) owed: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) timeline: Vec<Entry>,
    pub(crate) conflicts: Vec<conflict_view::ConflictView>,
}

/// One piece.
pub(crate) struct ItemView {
    pub(crate) label: String,
    pub(crate) tag: Option<String>,
    pub(crate) custody: String,
    pub(crate) lines: Vec<(String, String)>,
}

/// One thing that happened.
pub(crate) struct Entry {
    pub(crate) class: &'static str,
    pub(crate) when: String,
    pub(crate) machine_time: String,
    pub(crate) what: String,
    pub(crate) who: String,
}

/// A ticket number in its groups, other numbers as they are.
pub(crate) fn spoken(ticket: Option<&str>, number: &str) -> String {
    ticket
        .and_then(|ticket| ticket.parse::<TicketNumber>().ok())
        .map_or_else(|| number.to_owned(), |ticket| ticket.spoken())
}

impl OrderView {
    pub(crate) fn of(
        seen: &Seen,
        order: &Order,
        conflicts: Vec<conflict_view::ConflictView>,
    ) -> Self {
        let words = seen.words;
        let currency = order.currency.as_str();
        let (due_class, due) = seen.due(order.promised_on, order.status.phase.is_unfinished());
        let owed = order.owed().minor;
        Self {
            number: spoken(order.ticket.as_deref(), &order.number()),
            legacy_number: order
                .legacy_number
                .clone()
                .filter(|_| order.ticket.is_some()),
            name: match &order.contact.name {
                Some(name) if !name.is_empty() => name.clone(),
                _ if order.erased => words.text("customer-erased"),
                _ => words.text("customer-unnamed"),
            },
            status: seen.status(&order.status, order.is_handed_out()),
            due_class,
            due,
            custody: custody_of_all(seen, order),
            money: seen.money_state(order.money_state()),
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
            timeline: order
                .timeline
                .iter()
                .rev()
                .map(|event| entry(seen, order, event))
                .collect(),
            conflicts,
        }
    }
}

fn item_view(seen: &Seen, item: &Item) -> ItemView {
    ItemView {
        label: item_label(seen, item),
        tag: item.tag.clone(),
        custody: seen.custody(&item.custody),
        lines: item
            .lines
            .iter()
            .map(|line| {
                let price = format::money(line.price.minor, line.price.currency.as_str());
                (line.label.clone(), price)
            })
            .collect(),
    }
}

/// A piece's kind and label, or a word for a piece that was given neither.
pub(crate) fn item_label(seen: &Seen, item: &Item) -> String {
    let parts: Vec<&str> = item
        .kind
        .as_deref()
        .into_iter()
        .chain(Some(item.label.as_str()))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        seen.words.text("item")
    } else {
        parts.join(" ")
    }
}

fn custody_of_all(seen: &Seen, order: &Order) -> String {
    let mut places: Vec<String> = Vec::new();
    for item in &order.items {
        let words = seen.custody(&item.custody);
        if !places.contains(&words) {
            places.push(words);
        }
    }
    if places.is_empty() {
        seen.words.text("custody-unknown")
    } else {
        places.join(", ")
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
    push("phone", phone.map(|phone| phone.given.clone()));
    push("email", order.contact.email.clone());
    push("order-note", order.note.clone());
    push("reason", order.reason.clone());
    facts
}

fn entry(seen: &Seen, order: &Order, event: &Event) -> Entry {
    let (class, what) = what(seen, order, event);
    let instant = event.at.instant();
    Entry {
        class,
        when: seen.moment(instant),
        machine_time: instant.timestamp().to_string(),
        what,
        who: event
            .by
            .map(|by| seen.staff_name(Some(by)))
            .unwrap_or_default(),
    }
}

fn what(seen: &Seen, order: &Order, recorded: &Event) -> (&'static str, String) {
    let words = seen.words;
    let text_of = |name: &str| {
        let value = recorded.get(name).and_then(|value| value.as_text());
        value.unwrap_or_default().to_owned()
    };
    match recorded.kind.as_str() {
        event::RECEIVED => {
            let branch = recorded.get("branch").and_then(Value::as_id);
            let branch = seen.branch_name(branch.map(BranchId).or(order.home));
            ("is-key", words.with("event-received", "branch", branch))
        }
        event::STATUS => status(seen, &text_of("to"), &text_of("free/reason")),
        event::PAYMENT => ("is-key", payment(seen, order, recorded)),
        event::COMMENT => (
            "",
            words.with("event-comment", "text", text_of("free/text")),
        ),
        event::PRINTED => ("", words.text("event-printed")),
        event::CUSTODY => custody(seen, order, &text_of("item"), &text_of("to")),
        event::SETTLED => {
            let field = conflict_view::field_words(seen, order, &text_of("field"));
            ("", words.with("event-settled", "field", field))
        }
        event::EDITED => ("", words.text("event-edited")),
        event::IMPORTED => ("", words.text("event-imported")),
        // A later version's event is shown by its own name rather than hidden.
        other => ("", words.with("event-unknown", "kind", other.to_owned())),
    }
}

fn status(seen: &Seen, to: &str, reason: &str) -> (&'static str, String) {
    let status = StatusCode::from_code(to);
    let class = match status.phase {
        Phase::Done => "is-key",
        Phase::Blocked | Phase::Cancelled => "is-bad",
        Phase::Open | Phase::InWork => "",
    };
    let word = seen.status_word(&status);
    if reason.is_empty() {
        (class, word)
    } else {
        (class, format!("{word}: {reason}"))
    }
}

fn payment(seen: &Seen, order: &Order, recorded: &Event) -> String {
    let known = order
        .payments
        .iter()
        .find(|payment| payment.dot == recorded.dot);
    let Some(payment) = known else {
        return seen.words.text("event-payment-other");
    };
    let key = if payment.amount.minor < 0 {
        "event-refunded"
    } else {
        "event-paid"
    };
    let amount = format::money(
        payment.amount.minor.saturating_abs(),
        order.currency.as_str(),
    );
    let method = seen
        .words
        .text(&format!("method-{}", payment.method.code()));
    seen.words
        .with_all(key, &[("amount", &amount), ("method", &method)])
}

fn custody(seen: &Seen, order: &Order, item: &str, to: &str) -> (&'static str, String) {
    let custody = Custody::from_code(to);
    let label = order
        .items
        .iter()
        .find(|known| known.key == item)
        .map_or_else(|| seen.words.text("item"), |known| item_label(seen, known));
    let place = seen.custody(&custody);
    if custody == Custody::Customer {
        let what = seen
            .words
            .with_all("event-handed-out", &[("item", &label), ("place", &place)]);
        return ("is-key", what);
    }
    (
        "",
        seen.words
            .with_all("event-moved", &[("item", &label), ("place", &place)]),
    )
}
