//! What happened to an order, newest first, in words.

use shared::document::Event;
use shared::domain::fields::event;
use shared::domain::{Custody, Order, PaymentMethod, StatusCode};
use shared::presentation::format;

use super::{Seen, badges};

/// One entry of the history.
pub(crate) struct Entry {
    /// The class of the style sheet: key steps and trouble stand out.
    pub(crate) class: &'static str,
    /// When, as the wall clock showed it.
    pub(crate) when: String,
    /// When, for machines (RFC 3339).
    pub(crate) machine_time: String,
    /// What happened.
    pub(crate) what: String,
    /// Who did it; empty when nobody is known.
    pub(crate) who: String,
}

/// All entries of an order.
pub(crate) fn entries(seen: &Seen<'_>, order: &Order) -> Vec<Entry> {
    order
        .timeline
        .iter()
        .rev()
        .map(|event| entry(seen, order, event))
        .collect()
}

fn entry(seen: &Seen<'_>, order: &Order, event: &Event) -> Entry {
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

fn what(seen: &Seen<'_>, order: &Order, recorded: &Event) -> (&'static str, String) {
    let words = seen.words;
    let text_of = |name: &str| {
        recorded
            .get(name)
            .and_then(|value| value.as_text())
            .map(str::to_owned)
            .unwrap_or_default()
    };
    match recorded.kind.as_str() {
        event::RECEIVED => ("is-key", received(seen, recorded)),
        event::STATUS => status(seen, &text_of("to"), &text_of("free/reason")),
        event::PAYMENT => ("is-key", payment(seen, order, recorded)),
        event::COMMENT => (
            "",
            words.with("event-comment", "text", text_of("free/text")),
        ),
        event::PRINTED => ("", words.text("event-printed")),
        event::CUSTODY => custody(seen, order, &text_of("item"), &text_of("to")),
        event::SETTLED => {
            let field = super::conflict::field_words(seen, order, &text_of("field"));
            ("", words.with("event-settled", "field", field))
        }
        event::EDITED => ("", words.text("event-edited")),
        event::IMPORTED => ("", words.text("event-imported")),
        // A later version's event is shown by its own name rather than hidden.
        other => ("", words.with("event-unknown", "kind", other.to_owned())),
    }
}

fn received(seen: &Seen<'_>, recorded: &Event) -> String {
    let branch = recorded
        .get("branch")
        .and_then(shared::document::Value::as_id)
        .map(|branch| seen.branch_name(shared::id::BranchId(branch)));
    match branch {
        Some(branch) => seen.words.with("event-received", "branch", branch),
        None => seen.words.text("received"),
    }
}

fn status(seen: &Seen<'_>, to: &str, reason: &str) -> (&'static str, String) {
    use shared::domain::Phase;
    let status = StatusCode::from_code(to);
    let class = match status.phase {
        Phase::Done => "is-key",
        Phase::Blocked | Phase::Cancelled => "is-bad",
        Phase::Open | Phase::InWork => "",
    };
    let word = badges::status_word(seen, &status);
    if reason.is_empty() {
        (class, word)
    } else {
        (class, format!("{word}: {reason}"))
    }
}

fn payment(seen: &Seen<'_>, order: &Order, recorded: &Event) -> String {
    let payment = order
        .payments
        .iter()
        .find(|payment| payment.dot == recorded.dot);
    let Some(payment) = payment else {
        return seen.words.text("event-payment-other");
    };
    let key = if payment.amount.minor < 0 {
        "event-refunded"
    } else {
        "event-paid"
    };
    let currency = order.currency.as_str();
    let amount = format::money(payment.amount.minor.saturating_abs(), currency);
    let method = method_word(seen, payment.method);
    seen.words
        .with_all(key, &[("amount", &amount), ("method", &method)])
}

fn method_word(seen: &Seen<'_>, method: PaymentMethod) -> String {
    seen.words.text(&format!("method-{}", method.code()))
}

fn custody(seen: &Seen<'_>, order: &Order, item: &str, to: &str) -> (&'static str, String) {
    let custody = Custody::from_code(to);
    let label = order
        .items
        .iter()
        .find(|known| known.key == item)
        .map_or_else(
            || seen.words.text("item"),
            |known| super::order::item_label(seen.words, known),
        );
    let place = badges::custody_words(seen, &custody);
    let class = if custody == Custody::Customer {
        "is-key"
    } else {
        ""
    };
    let key = if custody == Custody::Customer {
        "event-handed-out"
    } else {
        "event-moved"
    };
    (
        class,
        seen.words
            .with_all(key, &[("item", &label), ("place", &place)]),
    )
}
