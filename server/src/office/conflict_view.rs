//! Values that were written without having seen each other, side by side: which, by whom, when, where, and which rule
//! shows one of them meanwhile.

use shared::document::{Document, Value};
use shared::domain::{Conflict, Custody, Order, Rule, StatusCode, conflicts, fields};
use shared::id::{Actor, BranchId, Dot, ReplicaNumber};
use shared::presentation::format;

use super::order_view::item_label;
use super::seen::Seen;
use crate::router::App;

/// One field in conflict.
pub(crate) struct ConflictView {
    /// The document's id, for the form.
    pub(crate) document: String,
    pub(crate) anchor: usize,
    pub(crate) field: String,
    pub(crate) title: String,
    pub(crate) values: Vec<ValueView>,
    pub(crate) rule: String,
}

/// One of its values.
pub(crate) struct ValueView {
    /// The write it came from, as the form sends it back; see [`read_dot`].
    pub(crate) chosen: String,
    pub(crate) words: String,
    pub(crate) who: String,
    pub(crate) is_shown: bool,
}

/// All conflicts of a document; `order` when it is one.
pub(crate) fn views(
    app: &App,
    seen: &Seen,
    document: &Document,
    order: Option<&Order>,
) -> Vec<ConflictView> {
    conflicts(document)
        .iter()
        .enumerate()
        .map(|(anchor, conflict)| {
            let field = order.map_or_else(
                || field_key(&conflict.field).map(|key| seen.words.text(key)),
                |order| Some(field_words(seen, order, &conflict.field)),
            );
            ConflictView {
                document: document.id().to_string(),
                anchor,
                title: seen.words.with(
                    "conflict-title",
                    "field",
                    field.unwrap_or_else(|| conflict.field.clone()),
                ),
                values: values(app, seen, document, order, conflict),
                rule: seen.words.text(match conflict.rule {
                    Rule::PhysicalFact => "conflict-rule-physical",
                    Rule::Newest => "conflict-rule-newest",
                }),
                field: conflict.field.clone(),
            }
        })
        .collect()
}

fn values(
    app: &App,
    seen: &Seen,
    document: &Document,
    order: Option<&Order>,
    conflict: &Conflict,
) -> Vec<ValueView> {
    // Candidates come in the order of their dots, and so do versions.
    let dots = document
        .register(&conflict.field)
        .map(shared::document::Register::versions)
        .unwrap_or_default();
    conflict
        .candidates
        .iter()
        .zip(dots)
        .enumerate()
        .map(|(index, (candidate, version))| {
            let name = seen.staff_name(candidate.by);
            let place = place(app, seen, candidate.actor);
            let moment = seen.moment(candidate.at);
            ValueView {
                chosen: version.dot.to_string(),
                words: value_words(seen, order, &conflict.field, &candidate.value),
                who: seen.words.with_all(
                    "conflict-who",
                    &[("name", &name), ("place", &place), ("moment", &moment)],
                ),
                is_shown: index == conflict.shown,
            }
        })
        .collect()
}

/// Where a replica is.
fn place(app: &App, seen: &Seen, actor: Actor) -> String {
    let number = actor.replica();
    if number == ReplicaNumber::HUB {
        return seen.words.text("place-office");
    }
    let known = app
        .hub
        .replicas()
        .all()
        .into_iter()
        .find(|(replica, _)| replica.number == number);
    match known {
        Some((replica, _)) if replica.branch.is_some() => seen.branch_name(replica.branch),
        Some(_) => seen.words.text("office-importer"),
        None => seen.words.text("place-elsewhere"),
    }
}

/// Reads what the form of a value sends back: the actor and the counter of its write, in hexadecimal.
pub(crate) fn read_dot(text: &str) -> Option<Dot> {
    let (actor, counter) = text.split_once('.')?;
    Some(Dot {
        actor: Actor::from_bits(u64::from_str_radix(actor, 16).ok()?),
        counter: u64::from_str_radix(counter, 16).ok()?,
    })
}

/// What people call a field of an order.
pub(crate) fn field_words(seen: &Seen, order: &Order, field: &str) -> String {
    let segments: Vec<&str> = field.split('/').collect();
    match segments.as_slice() {
        ["items", item, rest @ ..] => {
            let label = order
                .items
                .iter()
                .find(|known| known.key == *item)
                .map_or_else(|| seen.words.text("item"), |known| item_label(seen, known));
            let name = item_field_key(rest.last().copied().unwrap_or_default());
            format!("{} ({label})", seen.words.text(name))
        }
        _ => field_key(field).map_or_else(|| field.to_owned(), |key| seen.words.text(key)),
    }
}

fn item_field_key(name: &str) -> &'static str {
    match name {
        "custody" => "axis-custody",
        "label" | "kind" => "item-label",
        "tag" => "item-tag",
        "price" => "price",
        "removed" => "field-removed",
        "service" => "service",
        _ => "item",
    }
}

fn field_key(field: &str) -> Option<&'static str> {
    use fields::{contact, order};
    Some(match field {
        order::STATUS => "status",
        order::PRIORITY => "priority",
        order::PROMISED_ON => "promised",
        order::PICKUP => "order-pickup-at",
        order::HOME => "branch",
        order::CUSTOMER => "customer",
        order::NOTE => "order-note",
        order::REASON => "reason",
        contact::NAME => "name",
        contact::PHONE | contact::PHONE_E164 => "phone",
        contact::EMAIL => "email",
        contact::LANGUAGE => "language",
        contact::STREET => "street",
        contact::POSTCODE => "postcode",
        contact::TOWN => "town",
        _ => return None,
    })
}

fn value_words(seen: &Seen, order: Option<&Order>, field: &str, value: &Value) -> String {
    match value {
        Value::Null => seen.words.text("conflict-emptied"),
        Value::Bool(flag) => seen.words.text(if *flag { "yes" } else { "no" }),
        Value::Int(number) => format::count(*number),
        Value::Text(text) if field == fields::order::STATUS => {
            seen.status_word(&StatusCode::from_code(text))
        }
        Value::Text(text) if field == fields::order::PRIORITY => seen.priority_name(text),
        Value::Text(text) if field.ends_with("/custody") => seen.custody(&Custody::from_code(text)),
        Value::Text(text) => text.clone(),
        Value::Id(_) => id_words(seen, order, value),
        Value::Money { minor, currency } => format::money(*minor, currency.as_str()),
        Value::Instant(instant) => seen.moment(*instant),
        Value::Date(_) => value.as_date().map_or_else(
            || seen.words.text("conflict-emptied"),
            |day| format::weekday_and_date(seen.words.language, day),
        ),
        Value::Bytes(bytes) => format!("{} B", bytes.len()),
    }
}

fn id_words(seen: &Seen, order: Option<&Order>, value: &Value) -> String {
    let Some(id) = value.as_id() else {
        return String::new();
    };
    let customer =
        order.filter(|order| order.customer.map(shared::id::CustomerId::document) == Some(id));
    seen.catalogue
        .branch(BranchId(id))
        .map(|branch| branch.name.clone())
        .or_else(|| {
            let service = seen.catalogue.service(shared::id::ServiceId(id))?;
            Some(
                service
                    .name
                    .in_language(seen.words.language.code())
                    .to_owned(),
            )
        })
        .or_else(|| customer.and_then(|order| order.contact.name.clone()))
        .unwrap_or_else(|| id.to_string())
}
