//! Version 1 as plain structs through serde and bincode: what the hand-written reader and writer are compared with.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{DecodeError, decode, encode, inspect};
use crate::clock::Hlc;
use crate::document::events::EventSet;
use crate::document::laws::{joined, play, steps};
use crate::document::register::Version;
use crate::document::value::{Field, Kind, Value};
use crate::document::view::{ValueView, VersionView};
use crate::document::{Document, Erasure, Event, Register, View};
use crate::id::{Actor, DocumentId, Dot, StaffId};
use crate::limits;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DocumentV1 {
    id: [u8; 16],
    kind: String,
    /// Ascending.
    actors: Vec<u64>,
    /// Ascending.
    staff: Vec<[u8; 16]>,
    /// The earliest stamp; all others are written as their distance from it.
    base: u64,
    fields: Vec<(String, Vec<VersionV1>)>,
    events: Vec<EventV1>,
    erasure: Option<StampV1>,
}

/// When, who and which write. `by` is 0 for none, else the index in `staff` plus 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StampV1 {
    after_base: u64,
    by: u32,
    actor: u32,
    counter: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct VersionV1 {
    value: Value,
    stamp: StampV1,
    seen: Vec<(u32, u64)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct EventV1 {
    stamp: StampV1,
    kind: String,
    data: Vec<(String, Value)>,
}

fn decode_structs(body: &[u8]) -> Result<Document, DecodeError> {
    // Without a limit bincode believes any length that spoiled bytes claim, and panics; with the document's own it would
    // refuse large documents, since it counts a small number as eight bytes.
    let config = bincode::config::standard().with_limit::<{ 16 * limits::DOCUMENT_BYTES }>();
    let (layout, read): (DocumentV1, usize) = bincode::serde::decode_from_slice(body, config)
        .map_err(|error| DecodeError::Damaged(error.to_string()))?;
    if read != body.len() {
        return Err(DecodeError::Damaged(format!(
            "{} bytes follow its end",
            body.len() - read
        )));
    }
    let reader = Reader {
        actors: &layout.actors,
        staff: &layout.staff,
        base: layout.base,
    };
    check(
        layout.fields.len() <= limits::FIELDS_PER_DOCUMENT,
        "too many fields",
    )?;
    check(
        layout.events.len() <= limits::EVENTS_PER_DOCUMENT,
        "too many events",
    )?;
    check(
        layout.actors.is_sorted_by(|a, b| a < b) && layout.staff.is_sorted_by(|a, b| a < b),
        "its tables are not in order",
    )?;

    let mut fields = BTreeMap::new();
    for (name, versions) in layout.fields {
        let field = Field::new(name).map_err(|_| DecodeError::Invalid("a field has a bad name"))?;
        check(
            fields.insert(field, reader.register(versions)?).is_none(),
            "a field stands twice",
        )?;
    }
    let mut events = EventSet::default();
    let mut dots = BTreeSet::new();
    for event in layout.events {
        let event = reader.event(event)?;
        check(dots.insert(event.dot), "two events have one identity")?;
        events.insert(event);
    }
    let erasure = match layout.erasure {
        None => None,
        Some(stamp) => {
            let (at, by, dot) = reader.stamp(&stamp)?;
            Some(Erasure { at, dot, by })
        }
    };
    let mut document = Document {
        id: DocumentId::from_bytes(layout.id),
        kind: Kind::new(layout.kind)
            .map_err(|_| DecodeError::Invalid("its kind has a bad name"))?,
        fields,
        events,
        erasure,
    };
    // A peer that sends personal fields beside an erasure gets them dropped here as everywhere else.
    document.forget_if_erased();
    Ok(document)
}

struct Reader<'a> {
    actors: &'a [u64],
    staff: &'a [[u8; 16]],
    base: u64,
}

impl Reader<'_> {
    fn actor(&self, index: u32) -> Result<Actor, DecodeError> {
        self.actors
            .get(index as usize)
            .map(|bits| Actor::from_bits(*bits))
            .ok_or(DecodeError::Invalid(
                "a write refers to an actor that is not listed",
            ))
    }

    fn stamp(&self, stamp: &StampV1) -> Result<(Hlc, Option<StaffId>, Dot), DecodeError> {
        let at = self
            .base
            .checked_add(stamp.after_base)
            .ok_or(DecodeError::Invalid("a time is out of range"))?;
        let by = match stamp.by.checked_sub(1) {
            None => None,
            Some(index) => Some(
                self.staff
                    .get(index as usize)
                    .map(|bytes| StaffId(DocumentId::from_bytes(*bytes)))
                    .ok_or(DecodeError::Invalid(
                        "a write refers to a person who is not listed",
                    ))?,
            ),
        };
        check(stamp.counter > 0, "a write has counter 0")?;
        Ok((
            Hlc::from_bits(at),
            by,
            Dot {
                actor: self.actor(stamp.actor)?,
                counter: stamp.counter,
            },
        ))
    }

    fn register(&self, versions: Vec<VersionV1>) -> Result<Register, DecodeError> {
        check(!versions.is_empty(), "a field has no value")?;
        check(
            versions.len() <= limits::SIBLINGS_PER_FIELD,
            "a field has too many values",
        )?;
        let expected = versions.len();
        let mut decoded: Vec<Version> = Vec::with_capacity(expected);
        for version in versions {
            check_value(&version.value)?;
            check(
                version.seen.len() <= limits::ACTORS_PER_CLOCK,
                "a value has seen too many actors",
            )?;
            let (at, by, dot) = self.stamp(&version.stamp)?;
            let mut seen = Vec::with_capacity(version.seen.len());
            for (actor, counter) in version.seen {
                seen.push((self.actor(actor)?, counter));
            }
            check(
                seen.is_sorted_by(|a, b| a.0 < b.0),
                "what a value has seen is not in order",
            )?;
            check(
                seen.iter()
                    .all(|(actor, counter)| *actor != dot.actor && *counter > 0),
                "a value's clock is wrong",
            )?;
            decoded.push(Version {
                value: version.value,
                at,
                by,
                dot,
                seen,
            });
        }
        // Values of which one covers the other are not concurrent; MVReg relies on that and would panic or drop one in silence.
        for (index, one) in decoded.iter().enumerate() {
            check(
                decoded[index + 1..].iter().all(|other| {
                    one.dot != other.dot && !one.is_covered_by(other) && !other.is_covered_by(one)
                }),
                "values of one field are not concurrent",
            )?;
        }
        let mut register = Register::default();
        for version in decoded {
            register.put(version);
        }
        check(
            register.versions().len() == expected,
            "values of one field are not concurrent",
        )?;
        Ok(register)
    }

    fn event(&self, event: EventV1) -> Result<Event, DecodeError> {
        check(
            event.data.len() <= limits::ENTRIES_PER_EVENT,
            "an event has too many particulars",
        )?;
        let (at, by, dot) = self.stamp(&event.stamp)?;
        let mut data = BTreeMap::new();
        for (name, value) in event.data {
            check_value(&value)?;
            let name = Field::new(name)
                .map_err(|_| DecodeError::Invalid("an event's particular has a bad name"))?;
            check(
                data.insert(name, value).is_none(),
                "an event's particular stands twice",
            )?;
        }
        let kind = Kind::new(event.kind)
            .map_err(|_| DecodeError::Invalid("an event's kind has a bad name"))?;
        Ok(Event {
            dot,
            at,
            by,
            kind,
            data,
        })
    }
}

fn check_value(value: &Value) -> Result<(), DecodeError> {
    check(
        value.content_bytes() <= limits::TEXT_BYTES,
        "a text is too long",
    )?;
    if let Value::Money { currency, .. } = value {
        check(
            crate::document::Currency::new(currency.as_str()).is_some(),
            "a currency is not three capital letters",
        )?;
    }
    Ok(())
}

const fn check(holds: bool, rule: &'static str) -> Result<(), DecodeError> {
    if holds {
        Ok(())
    } else {
        Err(DecodeError::Invalid(rule))
    }
}

/// A way to spoil a layout, with numbers that say where.
#[derive(Clone, Debug)]
enum Spoil {
    Nothing,
    SwapFields(usize, usize),
    SwapEvents(usize, usize),
    RepeatField(usize),
    RepeatEvent(usize),
    UnusedActor(u64),
    UnusedStaff(u8),
    EarlierBase(u64),
    RepeatVersion(usize),
    SwapVersions(usize),
    Erase,
    RepeatParticular(usize),
    SwapParticulars(usize),
    EmptyField(usize),
    BadName(usize),
    LongText(usize),
    Money([u8; 3]),
}

fn spoil(layout: &mut DocumentV1, how: &Spoil) {
    let field = |layout: &DocumentV1, at: usize| at % layout.fields.len().max(1);
    let event = |layout: &DocumentV1, at: usize| at % layout.events.len().max(1);
    match how {
        Spoil::SwapFields(a, b) if !layout.fields.is_empty() => {
            let (a, b) = (field(layout, *a), field(layout, *b));
            layout.fields.swap(a, b);
        }
        Spoil::SwapEvents(a, b) if !layout.events.is_empty() => {
            let (a, b) = (event(layout, *a), event(layout, *b));
            layout.events.swap(a, b);
        }
        Spoil::RepeatField(at) if !layout.fields.is_empty() => {
            let again = layout.fields[field(layout, *at)].clone();
            layout.fields.push(again);
        }
        Spoil::RepeatEvent(at) if !layout.events.is_empty() => {
            let again = layout.events[event(layout, *at)].clone();
            layout.events.push(again);
        }
        Spoil::UnusedActor(actor) => {
            layout.actors.push(*actor);
        }
        Spoil::UnusedStaff(byte) => layout.staff.push([*byte; 16]),
        Spoil::EarlierBase(by) => layout.base = layout.base.saturating_sub(*by),
        Spoil::RepeatVersion(at) if !layout.fields.is_empty() => {
            let at = field(layout, *at);
            let again = layout.fields[at].1.first().cloned();
            layout.fields[at].1.extend(again);
        }
        Spoil::SwapVersions(at) if !layout.fields.is_empty() => {
            let at = field(layout, *at);
            layout.fields[at].1.reverse();
        }
        Spoil::Erase => {
            layout.erasure = layout
                .fields
                .first()
                .and_then(|(_, versions)| versions.first())
                .map(|version| version.stamp.clone());
        }
        Spoil::RepeatParticular(at) if !layout.events.is_empty() => {
            let at = event(layout, *at);
            let again = layout.events[at].data.clone();
            layout.events[at].data.extend(again);
        }
        Spoil::SwapParticulars(at) if !layout.events.is_empty() => {
            let at = event(layout, *at);
            layout.events[at].data.push(("a".to_owned(), Value::Null));
        }
        Spoil::EmptyField(at) if !layout.fields.is_empty() => {
            let at = field(layout, *at);
            layout.fields[at].1.clear();
        }
        Spoil::BadName(at) if !layout.fields.is_empty() => {
            let at = field(layout, *at);
            layout.fields[at].0.push('Ü');
        }
        Spoil::LongText(over) if !layout.fields.is_empty() => {
            let length = limits::TEXT_BYTES + over % 2;
            set_first(layout, Value::Text("x".repeat(length)));
        }
        Spoil::Money(letters) if !layout.fields.is_empty() => {
            let currency = bincode::serde::decode_from_slice(letters, bincode::config::standard());
            let currency = currency.expect("three bytes").0;
            let minor = -1;
            set_first(layout, Value::Money { minor, currency });
        }
        _ => {}
    }
}

fn set_first(layout: &mut DocumentV1, value: Value) {
    if let Some(version) = layout.fields[0].1.first_mut() {
        version.value = value;
    }
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let at = any::<usize>;
    prop_oneof![
        Just(Spoil::Nothing),
        (at(), at()).prop_map(|(a, b)| Spoil::SwapFields(a, b)),
        (at(), at()).prop_map(|(a, b)| Spoil::SwapEvents(a, b)),
        at().prop_map(Spoil::RepeatField),
        at().prop_map(Spoil::RepeatEvent),
        any::<u64>().prop_map(Spoil::UnusedActor),
        any::<u8>().prop_map(Spoil::UnusedStaff),
        (0..3_u64).prop_map(Spoil::EarlierBase),
        at().prop_map(Spoil::RepeatVersion),
        at().prop_map(Spoil::SwapVersions),
        Just(Spoil::Erase),
        at().prop_map(Spoil::RepeatParticular),
        at().prop_map(Spoil::SwapParticulars),
        at().prop_map(Spoil::EmptyField),
        at().prop_map(Spoil::BadName),
        at().prop_map(Spoil::LongText),
        any::<[u8; 3]>().prop_map(Spoil::Money),
    ]
}

/// Each field with a slash is in the part of its first segment, in the order of the names, and no other is in any.
fn agree_on_parts(view: &View<'_>, document: &Document) -> Result<(), TestCaseError> {
    let mut in_parts = Vec::new();
    for (segment, part) in view.all().parts() {
        for (rest, _) in part.iter() {
            in_parts.push((segment.as_bytes(), rest));
        }
    }
    let names = document.fields().keys().map(Field::as_str);
    let expected: Vec<(&[u8], &[u8])> = names
        .filter_map(|name| name.split_once('/'))
        .map(|(segment, rest)| (segment.as_bytes(), rest.as_bytes()))
        .collect();
    prop_assert_eq!(in_parts, expected);
    Ok(())
}

/// A view of the bytes says just what the document says that is built from them.
fn agree_on_view(view: &View<'_>, document: &Document) -> Result<(), TestCaseError> {
    prop_assert_eq!(view.id(), document.id());
    prop_assert_eq!(view.kind(), document.kind().as_str());
    prop_assert_eq!(view.erasure(), document.erasure());
    let lent: Vec<_> = view
        .all()
        .iter()
        .map(|(name, versions)| (name.to_vec(), versions_of(versions)))
        .collect();
    let built: Vec<_> = document
        .fields()
        .iter()
        .map(|(name, register)| (name.as_str().as_bytes().to_vec(), of_register(register)))
        .collect();
    prop_assert_eq!(lent, built);
    for (name, register) in document.fields() {
        prop_assert_eq!(
            versions_of(view.versions(name.as_str())),
            of_register(register)
        );
        prop_assert_eq!(
            view.newest(name.as_str()).map(ValueView::to_value),
            document.newest(name.as_str())
        );
        let (path, _) = name.as_str().rsplit_once('/').unwrap_or_default();
        let below: Vec<&[u8]> = view.below(path).iter().map(|(rest, _)| rest).collect();
        let names = document.fields().keys().map(Field::as_str);
        let expected: Vec<&[u8]> = names
            .filter_map(|name| Some(name.strip_prefix(path)?.as_bytes()))
            .collect();
        prop_assert_eq!(below, expected);
    }
    agree_on_parts(view, document)?;
    prop_assert!(view.versions("no/such/field").is_empty());
    let mut ascending = view.all().ascending();
    for (place, name) in document.fields().keys().enumerate() {
        // Some are passed over; what comes right behind them mostly is no field's name.
        let asked = match place % 3 {
            0 => format!("{}-", name.as_str()),
            _ => name.as_str().to_owned(),
        };
        let expected = document.register(&asked).map(of_register);
        let found = versions_of(ascending.versions(&asked));
        prop_assert_eq!(found, expected.unwrap_or_default());
    }
    let places: BTreeSet<_> = view
        .all()
        .iter()
        .map(|(_, versions)| view.place_of(versions))
        .collect();
    prop_assert_eq!(places.len(), document.fields().len());
    prop_assert!(!places.contains(&None));
    prop_assert_eq!(view.place_of(&[]), None);
    prop_assert_eq!(view.events().len(), document.event_set().len());
    for (lent, built) in view.events().iter().zip(document.event_set()) {
        prop_assert_eq!(
            (lent.dot, lent.at, lent.by, lent.kind),
            (built.dot, built.at, built.by, built.kind.as_str())
        );
        for name in built.data.keys() {
            let name = name.as_str();
            prop_assert_eq!(
                lent.get(name).map(ValueView::to_value),
                built.get(name).cloned()
            );
        }
        prop_assert_eq!(lent.get("no-such-particular"), None);
    }
    Ok(())
}

type Said = (Value, Hlc, Option<StaffId>, Dot);

fn versions_of(versions: &[VersionView<'_>]) -> Vec<Said> {
    let said = |version: &VersionView<'_>| {
        let VersionView { value, at, by, dot } = *version;
        (value.to_value(), at, by, dot)
    };
    versions.iter().map(said).collect()
}

fn of_register(register: &Register) -> Vec<Said> {
    let said = |version: &Version| {
        (
            ValueView::from(&version.value).to_value(),
            version.at,
            version.by,
            version.dot,
        )
    };
    register.as_slice().iter().map(said).collect()
}

/// The reader takes and refuses what serde and bincode would, builds the same, and view and inspection agree with both.
fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Some((&super::VERSION, body)) = bytes.split_first() else {
        return Ok(());
    };
    let expected = decode_structs(body);
    let decoded = decode(bytes);
    prop_assert_eq!(
        decoded.is_ok(),
        expected.is_ok(),
        "{:?} for {:?}",
        &decoded,
        &expected
    );
    let inspected = inspect(bytes);
    prop_assert_eq!(inspected.is_ok(), expected.is_ok(), "{:?}", &inspected);
    let view = View::of(bytes);
    prop_assert_eq!(view.is_ok(), expected.is_ok(), "{:?}", &view);
    let (Ok(expected), Ok(decoded), Ok(inspected)) = (expected, decoded, inspected) else {
        return Ok(());
    };
    prop_assert_eq!(&decoded, &expected);
    if let Ok(view) = &view {
        agree_on_view(view, &decoded)?;
    }
    let canonical = encode(&decoded);
    prop_assert_eq!(inspected.is_canonical, canonical == bytes);
    prop_assert_eq!(inspected.id, decoded.id());
    prop_assert_eq!(inspected.kind, decoded.kind().as_str());
    if inspected.is_canonical {
        let dots: BTreeSet<Dot> = inspected.dots.iter().copied().collect();
        prop_assert_eq!(dots, decoded.dots());
        prop_assert_eq!(inspected.has_fields, !decoded.fields().is_empty());
        prop_assert_eq!(inspected.has_events, !decoded.events().is_empty());
    }
    Ok(())
}

fn write(layout: &DocumentV1) -> Vec<u8> {
    let mut bytes = vec![super::VERSION];
    bincode::serde::encode_into_std_write(layout, &mut bytes, bincode::config::standard())
        .expect("plain structs written to memory");
    bytes
}

fn layout_of(document: &Document) -> DocumentV1 {
    let bytes = encode(document);
    let (layout, _) = bincode::serde::decode_from_slice(&bytes[1..], bincode::config::standard())
        .expect("what was written by hand is what bincode reads");
    layout
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_by_hand_is_what_bincode_writes(history in steps()) {
        let document = joined(&play(&history).0);
        prop_assert_eq!(write(&layout_of(&document)), encode(&document));
        agree(&encode(&document))?;
    }

    #[test]
    fn spoiled_documents_are_judged_alike(history in steps(), how in proptest::collection::vec(spoils(), 1..4)) {
        let mut layout = layout_of(&joined(&play(&history).0));
        for how in &how {
            spoil(&mut layout, how);
        }
        agree(&write(&layout))?;
    }

    #[test]
    fn mutated_bytes_are_judged_alike(
        history in steps(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        // Numbers in longer forms than need be.
        longer in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encode(&joined(&play(&history).0));
        if let Some(at) = longer {
            let at = 1 + at.index(bytes.len() - 1);
            let byte = bytes[at];
            bytes.splice(at..=at, [251, byte, 0]);
            agree(&bytes)?;
        }
        for (at, byte) in changes {
            let at = 1 + at.index(bytes.len() - 1);
            bytes[at] = byte;
            agree(&bytes)?;
        }
        if let Some(at) = cut {
            bytes.truncate(1 + at.index(bytes.len() - 1));
            agree(&bytes)?;
        }
    }
}
