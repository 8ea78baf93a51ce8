//! What happened to an order, newest first, in words.

use super::{Seen, field_words, item_label};
use crate::document::{Event, Value};
use crate::domain::fields::{self, event};
use crate::domain::{Custody, Order, Phase, StatusCode};
use crate::id::BranchId;
use crate::presentation::format;

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The class of the style sheet: key steps and trouble stand out.
    pub class: &'static str,
    /// When, as the wall clock showed it.
    pub when: String,
    /// When, for machines (RFC 3339).
    pub machine_time: String,
    /// What happened.
    pub what: String,
    /// Who did it; empty when nobody is known.
    pub who: String,
}

/// All entries of an order.
pub fn timeline(seen: &Seen, order: &Order) -> Vec<Entry> {
    order
        .timeline
        .iter()
        .rev()
        .map(|event| entry(seen, order, event))
        .collect()
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
        event::RECEIVED => ("is-key", received(seen, order, recorded)),
        event::STATUS => status(seen, &text_of("to"), &text_of("free/reason")),
        event::PAYMENT => ("is-key", payment(seen, order, recorded)),
        event::COMMENT => (
            "",
            words.with("event-comment", "text", text_of("free/text")),
        ),
        event::PRINTED => ("", words.text("event-printed")),
        event::CUSTODY => custody(seen, order, &text_of("item"), &text_of("to")),
        event::SETTLED => {
            let field = field_words(seen, Some(order), &text_of("field"));
            ("", words.with("event-settled", "field", field))
        }
        event::EDITED => ("", words.text("event-edited")),
        event::IMPORTED => ("", words.text("event-imported")),
        event::SYNCED => ("", synced(seen, order, recorded)),
        event::GONE => ("is-bad", words.text("event-gone")),
        event::TAKEN_BACK => ("", words.text("event-taken-back")),
        event::KEPT => ("", words.text("event-kept")),
        // A later version's event is shown by its own name rather than hidden.
        other => ("", words.with("event-unknown", "kind", other.to_owned())),
    }
}

/// Which of the order's fields followed the legacy database. Its raw columns and our own marks are no fields to a person.
fn synced(seen: &Seen, order: &Order, recorded: &Event) -> String {
    let changed = recorded.data.keys().filter_map(|name| {
        let field = name.as_str().strip_prefix(fields::import::WAS)?;
        let is_shown = !field.starts_with("legacy/") && !field.starts_with("import/");
        is_shown.then(|| field_words(seen, Some(order), field))
    });
    let named: std::collections::BTreeSet<String> = changed.collect();
    if named.is_empty() {
        return seen.words.text("event-synced-other");
    }
    let named: Vec<String> = named.into_iter().collect();
    seen.words.with("event-synced", "fields", named.join(", "))
}

fn received(seen: &Seen, order: &Order, recorded: &Event) -> String {
    let branch = recorded
        .get("branch")
        .and_then(Value::as_id)
        .map(BranchId)
        .or(order.home);
    match branch {
        Some(branch) => seen
            .words
            .with("event-received", "branch", seen.branch_name(branch)),
        None => seen.words.text("received"),
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
    let amount = payment.amount.minor.saturating_abs();
    let amount = format::money(amount, order.currency.as_str());
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
        .map_or_else(
            || seen.words.text("item"),
            |known| item_label(seen.words, known),
        );
    let place = seen.custody(&custody);
    let (class, key) = if custody == Custody::Customer {
        ("is-key", "event-handed-out")
    } else {
        ("", "event-moved")
    };
    let what = seen
        .words
        .with_all(key, &[("item", &label), ("place", &place)]);
    (class, what)
}
