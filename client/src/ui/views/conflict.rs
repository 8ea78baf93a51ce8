//! Two values that were written without having seen each other, side by side.

use shared::document::Value;
use shared::domain::{Custody, Order, Rule, StatusCode, fields};
use shared::id::{Actor, BranchId, Dot};
use shared::presentation::format;

use super::{Seen, badges};
use crate::counter::{Candidate, OpenConflict, Place};

/// One conflict of an order.
pub(crate) struct ConflictView {
    /// The order's address.
    pub(crate) href: String,
    /// A name within the page.
    pub(crate) anchor: usize,
    /// The field's name in documents.
    pub(crate) field: String,
    /// What people call it.
    pub(crate) title: String,
    /// The values.
    pub(crate) values: Vec<ValueView>,
    /// Which one shows meanwhile, and why.
    pub(crate) rule: String,
}

/// One of the values.
pub(crate) struct ValueView {
    /// The write that it came from, as the form sends it back; see [`read_dot`].
    pub(crate) chosen: String,
    /// The value.
    pub(crate) words: String,
    /// Who wrote it, and when.
    pub(crate) who: String,
    /// Whether it shows meanwhile.
    pub(crate) is_shown: bool,
}

/// All conflicts of an order.
pub(crate) fn views(
    seen: &Seen<'_>,
    order: &Order,
    conflicts: &[OpenConflict],
    href: &str,
) -> Vec<ConflictView> {
    conflicts
        .iter()
        .enumerate()
        .map(|(anchor, conflict)| ConflictView {
            href: href.to_owned(),
            anchor,
            field: conflict.field.clone(),
            title: seen.words.with(
                "conflict-title",
                "field",
                field_words(seen, order, &conflict.field),
            ),
            values: values(seen, order, conflict),
            rule: seen.words.text(match conflict.rule {
                Rule::PhysicalFact => "conflict-rule-physical",
                Rule::Newest => "conflict-rule-newest",
            }),
        })
        .collect()
}

fn values(seen: &Seen<'_>, order: &Order, conflict: &OpenConflict) -> Vec<ValueView> {
    conflict
        .candidates
        .iter()
        .map(|candidate| ValueView {
            chosen: candidate.dot.to_string(),
            words: value_words(seen, order, &conflict.field, &candidate.value),
            who: who(seen, candidate),
            is_shown: candidate.is_shown,
        })
        .collect()
}

/// Who wrote a value, where and when.
fn who(seen: &Seen<'_>, candidate: &Candidate) -> String {
    let name = candidate
        .by
        .clone()
        .unwrap_or_else(|| seen.words.text("nobody"));
    let place = match candidate.place {
        Place::Here => seen.branch_name(seen.branch),
        Place::Branch(branch) => seen.branch_name(branch),
        Place::Office => seen.words.text("place-office"),
        Place::Elsewhere => seen.words.text("place-elsewhere"),
    };
    let moment = seen.moment(candidate.at);
    seen.words.with_all(
        "conflict-who",
        &[("name", &name), ("place", &place), ("moment", &moment)],
    )
}

/// Reads what the form of a value sends back: the actor and the counter of its write, in hexadecimal.
pub(crate) fn read_dot(text: &str) -> Option<Dot> {
    let (actor, counter) = text.split_once('.')?;
    Some(Dot {
        actor: Actor::from_bits(u64::from_str_radix(actor, 16).ok()?),
        counter: u64::from_str_radix(counter, 16).ok()?,
    })
}

/// What people call a field.
pub(crate) fn field_words(seen: &Seen<'_>, order: &Order, field: &str) -> String {
    let segments: Vec<&str> = field.split('/').collect();
    let label_of = |key: &str| {
        order.items.iter().find(|item| item.key == key).map_or_else(
            || seen.words.text("item"),
            |item| super::order::item_label(seen.words, item),
        )
    };
    match segments.as_slice() {
        ["items", item, name] | ["items", item, "lines", _, name] => {
            let name = seen.words.text(item_field_key(name));
            format!("{name} ({})", label_of(item))
        }
        _ => match field_key(field) {
            Some(key) => seen.words.text(key),
            None => field.to_owned(),
        },
    }
}

const fn item_field_key(name: &str) -> &'static str {
    match name.as_bytes() {
        b"custody" => "axis-custody",
        b"label" | b"kind" => "item-label",
        b"tag" => "item-tag",
        b"price" => "price",
        b"removed" => "field-removed",
        b"service" => "service",
        _ => "item",
    }
}

fn field_key(field: &str) -> Option<&'static str> {
    Some(match field {
        fields::order::STATUS => "status",
        fields::order::PRIORITY => "priority",
        fields::order::PROMISED_ON => "promised",
        fields::order::PICKUP => "order-pickup-at",
        fields::order::HOME => "branch",
        fields::order::CUSTOMER => "customer",
        fields::order::NOTE => "order-note",
        fields::order::REASON => "reason",
        fields::order::RECEIVED_AT => "received",
        fields::contact::NAME => "name",
        fields::contact::PHONE | fields::contact::PHONE_E164 => "phone",
        fields::contact::EMAIL => "email",
        fields::contact::LANGUAGE => "customer-language",
        fields::contact::STREET => "street",
        fields::contact::POSTCODE => "postcode",
        fields::contact::TOWN => "town",
        _ => return None,
    })
}

fn value_words(seen: &Seen<'_>, order: &Order, field: &str, value: &Value) -> String {
    let yes_or_no = |yes: bool| seen.words.text(if yes { "yes" } else { "no" });
    if let Some(text) = value.as_text() {
        return match field {
            fields::order::STATUS => badges::status_word(seen, &StatusCode::from_code(text)),
            fields::order::PRIORITY => seen.priority_name(text),
            _ if field.ends_with("/custody") => {
                badges::custody_words(seen, &Custody::from_code(text))
            }
            _ => text.to_owned(),
        };
    }
    if let Some(date) = value.as_date() {
        return format::weekday_and_date(seen.words.language, date);
    }
    if let Some(money) = value.as_money() {
        return format::money(money.minor, money.currency.as_str());
    }
    if let Some(instant) = value.as_instant() {
        return seen.moment(instant);
    }
    if let Some(id) = value.as_id() {
        return match field {
            fields::order::PICKUP | fields::order::HOME => seen.branch_name(BranchId(id)),
            _ => order.contact.name.clone().unwrap_or_else(|| id.to_string()),
        };
    }
    if let Some(yes) = value.as_bool() {
        return yes_or_no(yes);
    }
    if let Some(number) = value.as_int() {
        return number.to_string();
    }
    seen.words.text("conflict-emptied")
}
