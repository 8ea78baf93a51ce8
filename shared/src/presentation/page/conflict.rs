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
    /// When it was written, by the writer's clock. A value of the legacy database bears the time of the importer's write before
    /// it, so that it never shows before staff's: nobody knows when it was changed there.
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
    /// Not kept: a rollback wrote it back in the name of whoever had written it.
    NotKept,
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
                    place: match candidate.actor.replica() {
                        replica if !importers.contains(&replica) => place(catalogue, own, replica),
                        _ if candidate.by.is_some() => Place::NotKept,
                        _ => Place::LegacyDatabase,
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
    /// Who wrote it, where and when, as far as that is known.
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
            rule: seen.words.text(rule_key(conflict)),
        })
        .collect()
}

/// The sentence that says which value shows meanwhile. Where one came from the legacy database, it is not known which is the newest.
fn rule_key(conflict: &OpenConflict) -> &'static str {
    let is_legacy = |candidate: &Candidate| candidate.place == Place::LegacyDatabase;
    let candidates = &conflict.candidates;
    match conflict.rule {
        Rule::PhysicalFact => "conflict-rule-physical",
        Rule::Newest if candidates.iter().any(|one| one.is_shown && is_legacy(one)) => {
            "conflict-rule-legacy"
        }
        Rule::Newest if candidates.iter().any(is_legacy) => "conflict-rule-staff",
        Rule::Newest => "conflict-rule-newest",
    }
}

fn who(seen: &Seen, candidate: &Candidate) -> String {
    let name = candidate
        .by
        .clone()
        .unwrap_or_else(|| seen.words.text("nobody"));
    let moment = seen.moment(candidate.at);
    let place = match candidate.place {
        Place::Here => seen.branch_name(seen.branch),
        Place::Branch(branch) => seen.branch_name(branch),
        Place::Office => seen.words.text("place-office"),
        Place::Elsewhere => seen.words.text("place-elsewhere"),
        // Neither who changed it there nor when.
        Place::LegacyDatabase => return seen.words.text("place-legacy-database"),
        Place::NotKept => {
            let known: [(_, &str); 2] = [("name", &name), ("moment", &moment)];
            return seen.words.with_all("conflict-who-not-where", &known);
        }
    };
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
        order::VAT_BASIS_POINTS | order::VAT_CODE => "field-vat",
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::Hlc;
    use crate::document::{Authoring, Change};
    use crate::domain::{Role, Staff};
    use crate::id::{DocumentId, StaffId};
    use crate::presentation::Language;
    use crate::presentation::page::Words;

    /// Intake, what staff wrote a day later, and now.
    const INTAKE: UtcMillis = UtcMillis(1_696_255_440_000);
    const STAFF: UtcMillis = UtcMillis(INTAKE.0 + 86_400_000);
    const NOW: UtcMillis = UtcMillis(STAFF.0 + 3_600_000);

    fn ladina() -> StaffId {
        StaffId(DocumentId::named("staff/ladina"))
    }

    fn seen() -> Seen {
        let ladina = Staff {
            id: ladina(),
            name: "Ladina Caduff".to_owned(),
            login: None,
            role: Role::Counter,
            pin_hash: None,
            password_hash: None,
            branches: Vec::new(),
            active: true,
        };
        let zone = jiff::tz::TimeZone::UTC;
        Seen {
            words: Words {
                language: Language::German,
            },
            catalogue: Arc::new(Catalogue {
                staff: vec![ladina],
                ..Catalogue::default()
            }),
            branch: None,
            now: NOW,
            today: NOW.in_zone(&zone).date(),
            zone,
        }
    }

    /// Each write comes from a store of its own, so that no counter is used twice.
    fn writer(replica: u32, incarnation: u32, at: UtcMillis, by: Option<StaffId>) -> Authoring {
        let actor = Actor::new(ReplicaNumber(replica), incarnation);
        Authoring::new(actor, 0, Hlc::at(at), by)
    }

    /// An order that was imported, changed by staff, and then changed in the old database, too; how the card says it.
    fn card(field: &'static str, at_import: UtcMillis, staff: &mut Authoring) -> ConflictView {
        let mut importer = writer(9, 1, at_import, None);
        let mut change = Change::create(
            DocumentId::named("order/1"),
            fields::known_kind(fields::kind::ORDER),
        );
        change.set(&mut importer, fields::known(field), "open");
        change.record(
            &mut importer,
            fields::known_kind(fields::event::IMPORTED),
            [],
        );
        let imported = change.finish();
        let mut document = imported.clone();
        for (author, value) in [
            (staff, "in_work"),
            (&mut writer(9, 2, at_import, None), "blocked"),
        ] {
            let mut change = Change::of(&imported);
            change.set(author, fields::known(field), value);
            document.merge(change.finish()).expect("the same document");
        }
        let order = Order::of(&document).expect("an order");
        let seen = seen();
        let conflicts = open_conflicts(&document, &seen.catalogue, None);
        let mut views = conflict_views(&seen, Some(&order), &conflicts, "/orders/1", "");
        assert_eq!(views.len(), 1, "{views:?}");
        views.remove(0)
    }

    /// Who is said to have written each value, the one that shows first.
    fn signed(card: &ConflictView) -> [&str; 2] {
        let who = |is_shown: bool| {
            let mut values = card.values.iter();
            values.find(|value| value.is_shown == is_shown)
        };
        [true, false].map(|is_shown| who(is_shown).expect("one of each").who.as_str())
    }

    #[test]
    fn a_value_of_the_old_database_is_signed_with_that_alone_and_staffs_shows() {
        let card = card(
            fields::order::NOTE,
            INTAKE,
            &mut writer(3, 1, STAFF, Some(ladina())),
        );
        assert_eq!(
            signed(&card),
            ["Ladina Caduff, andere Filiale, 14:04", "alte Datenbank"]
        );
        assert_eq!(
            card.rule,
            "Bis jemand entscheidet, gilt die Angabe des Personals."
        );
    }

    #[test]
    fn what_a_rollback_wrote_back_in_somebodys_name_is_signed_with_name_and_time() {
        let mut rollback = writer(9, 3, STAFF, Some(ladina()));
        let card = card(fields::order::NOTE, INTAKE, &mut rollback);
        assert_eq!(signed(&card), ["Ladina Caduff, 14:04", "alte Datenbank"]);
    }

    #[test]
    fn what_cannot_be_undone_shows_from_wherever_it_comes() {
        let card = card(
            fields::order::STATUS,
            INTAKE,
            &mut writer(3, 1, STAFF, Some(ladina())),
        );
        assert!(card.rule.contains("nicht rückgängig"), "{}", card.rule);
    }

    #[test]
    fn a_row_from_the_future_shows_and_the_card_says_so() {
        let card = card(
            fields::order::NOTE,
            UtcMillis(NOW.0 + 1),
            &mut writer(3, 1, STAFF, Some(ladina())),
        );
        assert_eq!(signed(&card)[0], "alte Datenbank");
        assert_eq!(
            card.rule,
            "Bis jemand entscheidet, gilt die Angabe der alten Datenbank."
        );
    }

    #[test]
    fn between_branches_the_newest_shows() {
        let mut change = Change::create(
            DocumentId::named("order/1"),
            fields::known_kind(fields::kind::ORDER),
        );
        change.set(
            &mut writer(3, 1, INTAKE, None),
            fields::known("status"),
            "open",
        );
        let taken_in = change.finish();
        let mut document = taken_in.clone();
        for (replica, at, value) in [(3, INTAKE, "wachsen"), (4, STAFF, "schleifen")] {
            let mut change = Change::of(&taken_in);
            let mut author = writer(replica, 2, at, Some(ladina()));
            change.set(&mut author, fields::known(fields::order::NOTE), value);
            document.merge(change.finish()).expect("the same document");
        }
        let seen = seen();
        let conflicts = open_conflicts(&document, &seen.catalogue, None);
        let views = conflict_views(&seen, None, &conflicts, "/orders/1", "");
        assert_eq!(
            views[0].rule,
            "Bis jemand entscheidet, wird die neueste Angabe gezeigt."
        );
    }
}
