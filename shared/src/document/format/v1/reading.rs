//! Version 1 read: one pass that checks every rule, and three uses of it. [`decode`] builds the document, [`view`]
//! lends what it says, [`inspect`] only looks.

use std::collections::BTreeMap;

use super::super::cursor::{Cursor, as_text, damaged};
use super::super::{DecodeError, Inspected};
use super::has_twice;
use crate::clock::{Hlc, UtcMillis};
use crate::document::events::EventSet;
use crate::document::register::Version;
use crate::document::value::{Currency, Field, Kind, are_a_name, is_name, is_personal_name};
use crate::document::view::{EventView, FieldView, ValueView, VersionView, View};
use crate::document::{Document, Erasure, Event, Register};
use crate::id::{Actor, DocumentId, Dot, StaffId};
use crate::limits;

/// Builds the document that the bytes hold.
pub(in super::super) fn decode(body: &[u8]) -> Result<Document, DecodeError> {
    let mut parts = Parts::default();
    let read = read(body, &mut parts)?;
    let fields: BTreeMap<Field, Register> = if read.has_fields_in_order {
        parts.fields.into_iter().collect()
    } else {
        if has_twice(parts.fields.iter().map(|(field, _)| field)) {
            return Err(DecodeError::Invalid("a field stands twice"));
        }
        parts.fields.into_iter().collect()
    };
    if !read.has_events_in_order && has_twice(parts.events.iter().map(|event| event.dot)) {
        return Err(DecodeError::Invalid("two events have one identity"));
    }
    let mut document = Document {
        id: read.id,
        kind: Kind::new(read.kind).map_err(|_| DecodeError::Invalid("its kind has a bad name"))?,
        fields,
        events: EventSet::from_iter(parts.events),
        erasure: read.erasure,
    };
    // A peer that sends personal fields beside an erasure gets them dropped here as everywhere else.
    document.forget_if_erased();
    Ok(document)
}

/// Checks the bytes as [`decode`] does, and whether they are just those that encoding the document would give.
pub(in super::super) fn inspect(body: &[u8]) -> Result<Inspected<'_>, DecodeError> {
    let mut look = Look::default();
    let read = read(body, &mut look)?;
    if !read.has_fields_in_order || !read.has_events_in_order {
        // Whether something stands twice is seen while building only. Nobody of ours sends such bytes.
        decode(body)?;
    }
    Ok(Inspected {
        id: read.id,
        kind: read.kind,
        has_fields: look.has_fields,
        has_events: look.has_events,
        dots: look.dots,
        newest: look.newest,
        is_canonical: read.is_canonical,
    })
}

/// Lends what the bytes hold, checked as [`decode`] does.
pub(in super::super) fn view(body: &[u8]) -> Result<View<'_>, DecodeError> {
    let mut lent = Lent::default();
    let read = read(body, &mut lent)?;
    let Lent {
        mut fields,
        versions,
        mut events,
    } = lent;
    if !read.has_fields_in_order {
        fields.sort_by(|one, other| one.name.cmp(other.name));
        let is_twice = fields.windows(2).any(|pair| pair[0].name == pair[1].name);
        check(!is_twice, "a field stands twice")?;
    }
    if !read.has_events_in_order {
        events.sort_by_key(|event| event.dot);
        let is_twice = events.windows(2).any(|pair| pair[0].dot == pair[1].dot);
        check(!is_twice, "two events have one identity")?;
    }
    let mut view = View {
        id: read.id,
        kind: read.kind,
        fields,
        versions,
        events,
        erasure: read.erasure,
    };
    view.forget_if_erased();
    Ok(view)
}

/// What a pass over the bytes hands on.
trait Sink<'a> {
    /// `name` are the bytes of a name, which are ASCII.
    fn field(
        &mut self,
        name: &'a [u8],
        versions: &mut Vec<VersionIn<'a>>,
    ) -> Result<(), DecodeError>;
    fn event(&mut self, event: EventIn<'a>) -> Result<(), DecodeError>;
    fn erasure(&mut self, stamp: &Stamp);
}

#[derive(Clone, Copy)]
struct Stamp {
    at: Hlc,
    by: Option<StaffId>,
    dot: Dot,
}

struct VersionIn<'a> {
    value: ValueView<'a>,
    stamp: Stamp,
    seen: Vec<(Actor, u64)>,
}

impl VersionIn<'_> {
    /// As [`Version::has_seen`].
    fn has_seen(&self, other: Dot) -> bool {
        let covers =
            |(actor, counter): &(Actor, u64)| *actor == other.actor && *counter >= other.counter;
        covers(&(self.stamp.dot.actor, self.stamp.dot.counter)) || self.seen.iter().any(covers)
    }

    /// As [`Version::is_covered_by`].
    fn is_covered_by(&self, other: &Self) -> bool {
        let seen = self.seen.iter().map(|(actor, counter)| Dot {
            actor: *actor,
            counter: *counter,
        });
        other.has_seen(self.stamp.dot) && seen.into_iter().all(|dot| other.has_seen(dot))
    }

    /// Whether both can be values of one field.
    fn is_concurrent_with(&self, other: &Self) -> bool {
        self.stamp.dot != other.stamp.dot
            && !self.is_covered_by(other)
            && !other.is_covered_by(self)
    }
}

struct EventIn<'a> {
    stamp: Stamp,
    kind: &'a str,
    data: Vec<(&'a str, ValueView<'a>)>,
}

/// The parts of a document in the making.
#[derive(Default)]
struct Parts {
    fields: Vec<(Field, Register)>,
    events: Vec<Event>,
}

impl<'a> Sink<'a> for Parts {
    fn field(
        &mut self,
        name: &'a [u8],
        versions: &mut Vec<VersionIn<'a>>,
    ) -> Result<(), DecodeError> {
        let field = Field::new(as_text(name)?)
            .map_err(|_| DecodeError::Invalid("a field has a bad name"))?;
        let versions = versions
            .drain(..)
            .map(|version| Version {
                value: version.value.to_value(),
                at: version.stamp.at,
                by: version.stamp.by,
                dot: version.stamp.dot,
                seen: version.seen,
            })
            .collect();
        self.fields.push((field, Register::of_concurrent(versions)));
        Ok(())
    }

    fn event(&mut self, event: EventIn<'a>) -> Result<(), DecodeError> {
        let mut data = BTreeMap::new();
        for (name, value) in event.data {
            let name = Field::new(name)
                .map_err(|_| DecodeError::Invalid("an event's particular has a bad name"))?;
            data.insert(name, value.to_value());
        }
        self.events.push(Event {
            dot: event.stamp.dot,
            at: event.stamp.at,
            by: event.stamp.by,
            kind: Kind::new(event.kind)
                .map_err(|_| DecodeError::Invalid("an event's kind has a bad name"))?,
            data,
        });
        Ok(())
    }

    fn erasure(&mut self, _: &Stamp) {}
}

/// Fields for which room is made: most documents have fewer.
const USUAL_FIELDS: usize = 80;

/// What a view is made of.
struct Lent<'a> {
    fields: Vec<FieldView<'a>>,
    versions: Vec<VersionView<'a>>,
    events: Vec<EventView<'a>>,
}

impl Default for Lent<'_> {
    fn default() -> Self {
        Self {
            fields: Vec::with_capacity(USUAL_FIELDS),
            versions: Vec::with_capacity(USUAL_FIELDS),
            events: Vec::new(),
        }
    }
}

impl<'a> Sink<'a> for Lent<'a> {
    fn field(
        &mut self,
        name: &'a [u8],
        versions: &mut Vec<VersionIn<'a>>,
    ) -> Result<(), DecodeError> {
        let from = self.versions.len();
        self.versions
            .extend(versions.iter().map(|version| VersionView {
                value: version.value,
                at: version.stamp.at,
                by: version.stamp.by,
                dot: version.stamp.dot,
            }));
        let to = self.versions.len();
        // Nearly every field has one value.
        if to - from > 1 {
            self.versions[from..].sort_by_key(|version| version.dot);
        }
        self.fields.push(FieldView { name, from, to });
        Ok(())
    }

    fn event(&mut self, event: EventIn<'a>) -> Result<(), DecodeError> {
        let mut data = event.data;
        data.sort_by_key(|(name, _)| *name);
        self.events.push(EventView {
            dot: event.stamp.dot,
            at: event.stamp.at,
            by: event.stamp.by,
            kind: event.kind,
            data,
        });
        Ok(())
    }

    fn erasure(&mut self, _: &Stamp) {}
}

/// What is worth knowing of a document without building it.
#[derive(Default)]
struct Look {
    has_fields: bool,
    has_events: bool,
    dots: Vec<Dot>,
    newest: Option<Hlc>,
}

impl Look {
    fn note(&mut self, stamp: &Stamp) {
        self.dots.push(stamp.dot);
        self.newest = self.newest.max(Some(stamp.at));
    }
}

impl<'a> Sink<'a> for Look {
    fn field(&mut self, _: &'a [u8], versions: &mut Vec<VersionIn<'a>>) -> Result<(), DecodeError> {
        self.has_fields = true;
        for version in versions.drain(..) {
            self.note(&version.stamp);
        }
        Ok(())
    }

    fn event(&mut self, event: EventIn<'a>) -> Result<(), DecodeError> {
        self.has_events = true;
        self.note(&event.stamp);
        Ok(())
    }

    fn erasure(&mut self, stamp: &Stamp) {
        self.note(stamp);
    }
}

/// What a pass over the bytes found beside the parts.
struct Read<'a> {
    id: DocumentId,
    kind: &'a str,
    erasure: Option<Erasure>,
    has_fields_in_order: bool,
    has_events_in_order: bool,
    is_canonical: bool,
}

/// The one pass. All rules are checked here but for one: that no field and no event stands twice, which needs checking only
/// when they are not in order.
fn read<'a>(body: &'a [u8], sink: &mut impl Sink<'a>) -> Result<Read<'a>, DecodeError> {
    let mut cursor = Cursor::over(body);
    let id = DocumentId::from_bytes(cursor.array()?);
    let kind = cursor.text()?;
    check(is_name(kind), "its kind has a bad name")?;
    let mut tables = Tables::read(&mut cursor)?;

    let fields = cursor.length()?;
    check(fields <= limits::FIELDS_PER_DOCUMENT, "too many fields")?;
    let mut has_fields_in_order = true;
    let mut has_personal_data = false;
    let mut is_in_order = true;
    let mut former: &[u8] = &[];
    let mut versions = Vec::new();
    for _ in 0..fields {
        let name = cursor.bytes_with_length()?;
        if !are_a_name(name) {
            as_text(name)?;
            return Err(DecodeError::Invalid("a field has a bad name"));
        }
        has_fields_in_order &= former < name;
        former = name;
        has_personal_data = has_personal_data || is_personal_name(name);
        is_in_order &= tables.versions(&mut cursor, &mut versions)?;
        sink.field(name, &mut versions)?;
    }

    let events = cursor.length()?;
    check(events <= limits::EVENTS_PER_DOCUMENT, "too many events")?;
    let mut has_events_in_order = true;
    let mut former = None;
    for _ in 0..events {
        let (event, has_data_in_order) = tables.event(&mut cursor)?;
        is_in_order &= has_data_in_order;
        has_events_in_order &= former < Some(event.stamp.dot);
        former = Some(event.stamp.dot);
        has_personal_data |= event
            .data
            .iter()
            .any(|(name, _)| is_personal_name(name.as_bytes()));
        sink.event(event)?;
    }

    let mut erasure = None;
    if cursor.flag()? {
        let stamp = tables.stamp(&mut cursor)?;
        sink.erasure(&stamp);
        let Stamp { at, by, dot } = stamp;
        erasure = Some(Erasure { at, dot, by });
    }
    if cursor.left() > 0 {
        return Err(DecodeError::Damaged(format!(
            "{} bytes follow its end",
            cursor.left()
        )));
    }
    let is_canonical = cursor.is_shortest
        && is_in_order
        && has_fields_in_order
        && has_events_in_order
        && tables.are_just_what_is_used()
        && !(erasure.is_some() && has_personal_data);
    Ok(Read {
        id,
        kind,
        erasure,
        has_fields_in_order,
        has_events_in_order,
        is_canonical,
    })
}

/// What is written once and referred to by index, and what of it was referred to.
struct Tables<'a> {
    actors: Vec<u64>,
    staff: &'a [[u8; 16]],
    base: u64,
    used_actors: Vec<bool>,
    used_staff: Vec<bool>,
    /// The smallest distance from the base.
    least: Option<u64>,
}

impl<'a> Tables<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let count = cursor.length()?;
        let mut actors = Vec::with_capacity(count);
        for _ in 0..count {
            actors.push(cursor.u64()?);
        }
        let count = cursor.length()?;
        let bytes = count
            .checked_mul(16)
            .ok_or_else(|| damaged("it is cut short"))?;
        let (staff, _) = cursor.slice(bytes)?.as_chunks::<16>();
        check(
            actors.is_sorted_by(|a, b| a < b) && staff.is_sorted_by(|a, b| a < b),
            "its tables are not in order",
        )?;
        Ok(Self {
            used_actors: vec![false; actors.len()],
            used_staff: vec![false; staff.len()],
            actors,
            staff,
            base: cursor.u64()?,
            least: None,
        })
    }

    fn are_just_what_is_used(&self) -> bool {
        let base_is_least = match self.least {
            None => self.base == 0,
            Some(least) => least == 0,
        };
        base_is_least
            && self.used_actors.iter().all(|used| *used)
            && self.used_staff.iter().all(|used| *used)
    }

    #[inline]
    fn actor(&mut self, cursor: &mut Cursor<'a>) -> Result<Actor, DecodeError> {
        let index = cursor.u32()? as usize;
        let bits = self.actors.get(index).ok_or(DecodeError::Invalid(
            "a write refers to an actor that is not listed",
        ))?;
        self.used_actors[index] = true;
        Ok(Actor::from_bits(*bits))
    }

    #[inline]
    fn stamp(&mut self, cursor: &mut Cursor<'a>) -> Result<Stamp, DecodeError> {
        let after_base = cursor.u64()?;
        self.least = Some(self.least.map_or(after_base, |least| least.min(after_base)));
        let at = self
            .base
            .checked_add(after_base)
            .ok_or(DecodeError::Invalid("a time is out of range"))?;
        let by = match cursor.u32()?.checked_sub(1) {
            None => None,
            Some(index) => {
                let index = index as usize;
                let staff = self.staff.get(index).ok_or(DecodeError::Invalid(
                    "a write refers to a person who is not listed",
                ))?;
                self.used_staff[index] = true;
                Some(StaffId(DocumentId::from_bytes(*staff)))
            }
        };
        let actor = self.actor(cursor)?;
        let counter = cursor.u64()?;
        check(counter > 0, "a write has counter 0")?;
        Ok(Stamp {
            at: Hlc::from_bits(at),
            by,
            dot: Dot { actor, counter },
        })
    }

    /// Reads the values of a field; whether they are in order.
    fn versions(
        &mut self,
        cursor: &mut Cursor<'a>,
        versions: &mut Vec<VersionIn<'a>>,
    ) -> Result<bool, DecodeError> {
        let count = cursor.length()?;
        check(count > 0, "a field has no value")?;
        check(
            count <= limits::SIBLINGS_PER_FIELD,
            "a field has too many values",
        )?;
        versions.clear();
        for _ in 0..count {
            let value = value(cursor)?;
            let stamp = self.stamp(cursor)?;
            let seen = self.seen(cursor, stamp.dot.actor)?;
            versions.push(VersionIn { value, stamp, seen });
        }
        // Nearly every field has one value.
        if count == 1 {
            return Ok(true);
        }
        // Values of which one had seen all that the other had are not concurrent; a register relies on that. One that had seen
        // the other and not all of what that one had seen is: a write that was made again (see `document/collision.rs`) does
        // not say what of its own former numbers it had seen.
        for (index, one) in versions.iter().enumerate() {
            check(
                versions[index + 1..]
                    .iter()
                    .all(|other| one.is_concurrent_with(other)),
                "values of one field are not concurrent",
            )?;
        }
        Ok(versions.is_sorted_by(|a, b| a.stamp.dot < b.stamp.dot))
    }

    #[inline]
    fn seen(
        &mut self,
        cursor: &mut Cursor<'a>,
        writer: Actor,
    ) -> Result<Vec<(Actor, u64)>, DecodeError> {
        let count = cursor.length()?;
        if count == 0 {
            return Ok(Vec::new());
        }
        check(
            count <= limits::ACTORS_PER_CLOCK,
            "a value has seen too many actors",
        )?;
        let mut seen: Vec<(Actor, u64)> = Vec::with_capacity(count);
        for _ in 0..count {
            let actor = self.actor(cursor)?;
            let counter = cursor.u64()?;
            check(
                seen.last().is_none_or(|(former, _)| *former < actor),
                "what a value has seen is not in order",
            )?;
            check(actor != writer && counter > 0, "a value's clock is wrong")?;
            seen.push((actor, counter));
        }
        Ok(seen)
    }

    /// Reads an event; whether its particulars are in order.
    fn event(&mut self, cursor: &mut Cursor<'a>) -> Result<(EventIn<'a>, bool), DecodeError> {
        let stamp = self.stamp(cursor)?;
        let kind = cursor.text()?;
        check(is_name(kind), "an event's kind has a bad name")?;
        let count = cursor.length()?;
        check(
            count <= limits::ENTRIES_PER_EVENT,
            "an event has too many particulars",
        )?;
        let mut data: Vec<(&str, ValueView<'_>)> = Vec::with_capacity(count);
        for _ in 0..count {
            let name = cursor.text()?;
            check(is_name(name), "an event's particular has a bad name")?;
            data.push((name, value(cursor)?));
        }
        let is_in_order = data.is_sorted_by(|a, b| a.0 < b.0);
        check(
            is_in_order || !has_twice(data.iter().map(|(name, _)| name)),
            "an event's particular stands twice",
        )?;
        Ok((EventIn { stamp, kind, data }, is_in_order))
    }
}

#[inline]
fn value<'a>(cursor: &mut Cursor<'a>) -> Result<ValueView<'a>, DecodeError> {
    Ok(match cursor.u32()? {
        0 => ValueView::Null,
        1 => ValueView::Bool(cursor.flag()?),
        2 => ValueView::Int(cursor.i64()?),
        3 => {
            let text = cursor.text()?;
            check(text.len() <= limits::TEXT_BYTES, "a text is too long")?;
            ValueView::Text(text)
        }
        4 => {
            if cursor.u64()? != 16 {
                return Err(damaged("an id has not 16 bytes"));
            }
            ValueView::Id(uuid::Uuid::from_bytes(cursor.array()?))
        }
        5 => {
            let minor = cursor.i64()?;
            let letters: [u8; 3] = cursor.array()?;
            let currency = std::str::from_utf8(&letters)
                .ok()
                .and_then(Currency::new)
                .ok_or(DecodeError::Invalid(
                    "a currency is not three capital letters",
                ))?;
            ValueView::Money { minor, currency }
        }
        6 => ValueView::Instant(UtcMillis(cursor.i64()?)),
        7 => ValueView::Date(cursor.i32()?),
        8 => {
            let length = cursor.length()?;
            let bytes = cursor.slice(length)?;
            check(bytes.len() <= limits::TEXT_BYTES, "a text is too long")?;
            ValueView::Bytes(bytes)
        }
        _ => return Err(damaged("a value is of no known kind")),
    })
}

const fn check(holds: bool, rule: &'static str) -> Result<(), DecodeError> {
    if holds {
        Ok(())
    } else {
        Err(DecodeError::Invalid(rule))
    }
}
