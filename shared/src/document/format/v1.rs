//! Version 1, frozen. Actors, staff and the base time are written once a document and referred to by index.

use std::collections::{BTreeMap, BTreeSet};

use crdts::GSet;
use serde::{Deserialize, Serialize};

use super::DecodeError;
use crate::clock::Hlc;
use crate::document::register::Version;
use crate::document::value::{Field, Kind, Value};
use crate::document::{Document, Erasure, Event, Register};
use crate::id::{Actor, DocumentId, Dot, StaffId};
use crate::limits;

pub(super) const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
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
#[derive(Serialize, Deserialize)]
struct StampV1 {
    after_base: u64,
    by: u32,
    actor: u32,
    counter: u64,
}

#[derive(Serialize, Deserialize)]
struct VersionV1 {
    value: Value,
    stamp: StampV1,
    seen: Vec<(u32, u64)>,
}

#[derive(Serialize, Deserialize)]
struct EventV1 {
    stamp: StampV1,
    kind: String,
    data: Vec<(String, Value)>,
}

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<{ limits::DOCUMENT_BYTES }>,
> = bincode::config::standard().with_limit::<{ limits::DOCUMENT_BYTES }>();

pub(super) fn encode(document: &Document, bytes: &mut Vec<u8>) {
    let fields: Vec<(&Field, Vec<Version>)> = document
        .fields
        .iter()
        .map(|(field, register)| (field, register.versions()))
        .collect();
    let events = document.events();
    let index = Index::over(document, &fields, &events);
    let layout = DocumentV1 {
        id: *document.id.as_bytes(),
        kind: document.kind.as_str().to_owned(),
        fields: fields
            .into_iter()
            .map(|(field, versions)| (field.as_str().to_owned(), index.versions(versions)))
            .collect(),
        events: events.into_iter().map(|event| index.event(event)).collect(),
        erasure: document
            .erasure
            .map(|erasure| index.stamp(erasure.at, erasure.by, erasure.dot)),
        base: index.base,
        actors: index.actors,
        staff: index.staff,
    };
    // Writing has no limit: a document that outgrew it is refused where it is stored, with an error, not here with a panic.
    bincode::serde::encode_into_std_write(&layout, bytes, bincode::config::standard())
        .expect("plain structs written to memory");
}

/// What is written once and referred to by index.
struct Index {
    actors: Vec<u64>,
    staff: Vec<[u8; 16]>,
    base: u64,
}

impl Index {
    fn over(
        document: &Document,
        fields: &[(&Field, Vec<Version>)],
        events: &BTreeSet<Event>,
    ) -> Self {
        let mut actors = BTreeSet::new();
        let mut staff = BTreeSet::new();
        let mut base = u64::MAX;
        let mut note = |at: Hlc, by: Option<StaffId>, dot: Dot| {
            actors.insert(dot.actor.to_bits());
            staff.extend(by.map(|by| *by.document().as_bytes()));
            base = base.min(at.to_bits());
        };
        for version in fields.iter().flat_map(|(_, versions)| versions) {
            note(version.at, version.by, version.dot);
        }
        for event in events {
            note(event.at, event.by, event.dot);
        }
        if let Some(erasure) = document.erasure {
            note(erasure.at, erasure.by, erasure.dot);
        }
        let seen = fields
            .iter()
            .flat_map(|(_, versions)| versions)
            .flat_map(|version| &version.seen);
        actors.extend(seen.map(|(actor, _)| actor.to_bits()));
        Self {
            actors: actors.into_iter().collect(),
            staff: staff.into_iter().collect(),
            base: if base == u64::MAX { 0 } else { base },
        }
    }

    fn actor(&self, actor: Actor) -> u32 {
        let position = self
            .actors
            .binary_search(&actor.to_bits())
            .expect("every actor was noted");
        u32::try_from(position).expect("a document names few actors")
    }

    fn stamp(&self, at: Hlc, by: Option<StaffId>, dot: Dot) -> StampV1 {
        let by = by.map_or(0, |by| {
            let position = self
                .staff
                .binary_search(by.document().as_bytes())
                .expect("every author was noted");
            u32::try_from(position + 1).expect("a document names few people")
        });
        StampV1 {
            after_base: at.to_bits() - self.base,
            by,
            actor: self.actor(dot.actor),
            counter: dot.counter,
        }
    }

    fn versions(&self, versions: Vec<Version>) -> Vec<VersionV1> {
        versions
            .into_iter()
            .map(|version| VersionV1 {
                stamp: self.stamp(version.at, version.by, version.dot),
                seen: version
                    .seen
                    .into_iter()
                    .map(|(actor, counter)| (self.actor(actor), counter))
                    .collect(),
                value: version.value,
            })
            .collect()
    }

    fn event(&self, event: Event) -> EventV1 {
        EventV1 {
            stamp: self.stamp(event.at, event.by, event.dot),
            kind: event.kind.as_str().to_owned(),
            data: event
                .data
                .into_iter()
                .map(|(name, value)| (name.as_str().to_owned(), value))
                .collect(),
        }
    }
}

pub(super) fn decode(body: &[u8]) -> Result<Document, DecodeError> {
    let (layout, read): (DocumentV1, usize) = bincode::serde::decode_from_slice(body, CONFIG)
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
    let mut events = GSet::new();
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
        // Values of which one had seen the other are not concurrent; MVReg relies on that and would panic or drop one in silence.
        for (index, one) in decoded.iter().enumerate() {
            check(
                decoded[index + 1..]
                    .iter()
                    .all(|other| !one.has_seen(other.dot) && !other.has_seen(one.dot)),
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
