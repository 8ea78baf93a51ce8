//! Values that were written without having seen each other, side by side: which, by whom, when, where, and which rule
//! shows one of them until a person chooses.

use super::{Seen, item_label};
use crate::clock::UtcMillis;
use crate::document::{Document, Register, Value};
use crate::domain::{self, Catalogue, Custody, Order, Rule, StatusCode, fields};
use crate::id::{Actor, BranchId, CustomerId, Dot, ReplicaNumber, ServiceId};
use crate::presentation::format;

/// A field in which replicas disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConflict {
    /// The field.
    pub field: String,
    /// Which rule picks the value that shows meanwhile.
    pub rule: Rule,
    /// The values, in the order of their dots.
    pub candidates: Vec<Candidate>,
}

/// One of the values of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The write that it came from. A choice names it, so that it means the same when another value arrives meanwhile.
    pub dot: Dot,
    /// The value.
    pub value: Value,
    /// When it was written, by the writer's clock.
    pub at: UtcMillis,
    /// Who wrote it, when known here.
    pub by: Option<String>,
    /// Where it was written.
    pub place: Place,
    /// Whether it is the one that shows meanwhile.
    pub is_shown: bool,
}

/// Where a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this branch.
    Here,
    /// At the office.
    Office,
    /// At another branch.
    Branch(BranchId),
    /// In the legacy database, carried over by the importer.
    LegacyDatabase,
    /// At a machine that has not been heard of here yet.
    Elsewhere,
}

/// The conflicts of a document, with who wrote what where. `own` is the reader's own replica, which is "here".
pub fn open_conflicts(
    document: &Document,
    catalogue: &Catalogue,
    own: Option<ReplicaNumber>,
) -> Vec<OpenConflict> {
    let importers = domain::importers(document);
    domain::conflicts(document)
        .into_iter()
        .map(|conflict| {
            // Candidates come in the order of their dots, and so do versions.
            let versions = document
                .register(&conflict.field)
                .map(Register::versions)
                .unwrap_or_default();
            let candidates = versions
                .into_iter()
                .zip(conflict.candidates)
                .enumerate()
                .map(|(index, (version, candidate))| Candidate {
                    dot: version.dot,
                    value: candidate.value,
                    at: candidate.at,
                    by: candidate
                        .by
                        .and_then(|staff| catalogue.staff_member(staff))
                        .map(|member| member.name.clone()),
                    place: if importers.contains(&candidate.actor.replica()) {
                        Place::LegacyDatabase
                    } else {
                        place(catalogue, own, candidate.actor.replica())
                    },
                    is_shown: index == conflict.shown,
                })
                .collect();
            OpenConflict {
                field: conflict.field,
                rule: conflict.rule,
                candidates,
            }
        })
        .collect()
}

fn place(catalogue: &Catalogue, own: Option<ReplicaNumber>, replica: ReplicaNumber) -> Place {
    if replica == ReplicaNumber::HUB {
        Place::Office
    } else if Some(replica) == own {
        Place::Here
    } else {
        catalogue
            .branch_of_replica(replica)
            .map_or(Place::Elsewhere, |branch| Place::Branch(branch.id))
    }
}

/// One field in conflict, for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictView {
    /// Where the form of a value is sent.
    pub settle_href: String,
    /// Where the reader goes afterwards, when the form says; see the handlers.
    pub back: &'static str,
    /// A name within the page.
    pub anchor: String,
    /// The field's name in documents.
    pub field: String,
    /// What people call it.
    pub title: String,
    /// The values.
    pub values: Vec<ValueView>,
    /// Which one shows meanwhile, and why.
    pub rule: String,
}

/// One of the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueView {
    /// The write that it came from, as the form sends it back; see [`read_dot`].
    pub chosen: String,
    /// The value.
    pub words: String,
    /// Who wrote it, where and when.
    pub who: String,
    /// Whether it shows meanwhile.
    pub is_shown: bool,
}

/// The conflicts of the document at `href`, such as `/orders/<id>`. `order` when it is one.
pub fn conflict_views(
    seen: &Seen,
    order: Option<&Order>,
    conflicts: &[OpenConflict],
    href: &str,
    back: &'static str,
) -> Vec<ConflictView> {
    // Several documents may stand on one page, so the document is part of the name.
    let document = href.rsplit('/').next().unwrap_or_default();
    conflicts
        .iter()
        .enumerate()
        .map(|(index, conflict)| ConflictView {
            settle_href: format!("{href}/settle"),
            back,
            anchor: format!("{document}-{index}"),
            field: conflict.field.clone(),
            title: seen.words.with(
                "conflict-title",
                "field",
                field_words(seen, order, &conflict.field),
            ),
            values: conflict
                .candidates
                .iter()
                .map(|candidate| ValueView {
                    chosen: candidate.dot.to_string(),
                    words: value_words(seen, order, &conflict.field, &candidate.value),
                    who: who(seen, candidate),
                    is_shown: candidate.is_shown,
                })
                .collect(),
            rule: seen.words.text(match conflict.rule {
                Rule::PhysicalFact => "conflict-rule-physical",
                Rule::Newest => "conflict-rule-newest",
            }),
        })
        .collect()
}

fn who(seen: &Seen, candidate: &Candidate) -> String {
    let name = candidate
        .by
        .clone()
        .unwrap_or_else(|| seen.words.text("nobody"));
    let place = match candidate.place {
        Place::Here => seen.branch_name(seen.branch),
        Place::Branch(branch) => seen.branch_name(branch),
        Place::Office => seen.words.text("place-office"),
        Place::LegacyDatabase => seen.words.text("place-legacy-database"),
        Place::Elsewhere => seen.words.text("place-elsewhere"),
    };
    let moment = seen.moment(candidate.at);
    seen.words.with_all(
        "conflict-who",
        &[("name", &name), ("place", &place), ("moment", &moment)],
    )
}

/// Reads what the form of a value sends back: the actor and the counter of its write, in hexadecimal.
pub fn read_dot(text: &str) -> Option<Dot> {
    let (actor, counter) = text.split_once('.')?;
    Some(Dot {
        actor: Actor::from_bits(u64::from_str_radix(actor, 16).ok()?),
        counter: u64::from_str_radix(counter, 16).ok()?,
    })
}

/// What people call a field of an order or a customer; the field's own name when they have no word for it.
pub fn field_words(seen: &Seen, order: Option<&Order>, field: &str) -> String {
    let segments: Vec<&str> = field.split('/').collect();
    if let ["items", item, rest @ ..] = segments.as_slice() {
        let known = order.and_then(|order| order.items.iter().find(|known| known.key == *item));
        let label = known.map_or_else(
            || seen.words.text("item"),
            |known| item_label(seen.words, known),
        );
        let name = item_field_key(rest.last().copied().unwrap_or_default());
        return format!("{} ({label})", seen.words.text(name));
    }
    field_key(field).map_or_else(|| field.to_owned(), |key| seen.words.text(key))
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
        order::RECEIVED_AT => "received",
        order::TICKET => "order-ticket",
        order::LEGACY_NUMBER => "office-legacy-number",
        order::CURRENCY => "office-currency",
        order::VAT_BASIS_POINTS => "field-vat",
        contact::NAME => "name",
        contact::PHONE | contact::PHONE_E164 => "phone",
        contact::EMAIL => "email",
        contact::LANGUAGE => "customer-language",
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
    let catalogue = &seen.catalogue;
    if let Some(branch) = catalogue.branch(BranchId(id)) {
        return branch.name.clone();
    }
    if let Some(service) = catalogue.service(ServiceId(id)) {
        let language = seen.words.language.code();
        return service.name.in_language(language).to_owned();
    }
    order
        .filter(|order| order.customer.map(CustomerId::document) == Some(id))
        .and_then(|order| order.contact.name.clone())
        .unwrap_or_else(|| id.to_string())
}
