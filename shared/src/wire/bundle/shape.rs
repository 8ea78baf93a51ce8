//! The shape of documents: everything but what varies from one to the next. It is the document in its own order, with
//!
//! | instead of | stands |
//! |---|---|
//! | id, base, actors, staff | nothing, they are in streams; of actors and staff how many there are |
//! | a name | how many dots are in it; the text before each, its actor, its counter as below; the text behind the last |
//! | a value | its tag; of a flag the flag |
//! | a moment's distance from the base | 0 for none, 1 when it is in a stream |
//! | a counter | 0: in a stream; 1: in a stream, the actor's first; else 2 plus its distance from the first, zigzag |

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;

use super::apart::{ANCHOR, Apart, IN_STREAM, NAME_BYTES, NEAR};
use super::columns::{Guesses, Ids, Kind, Reading, Writing};
use super::streams::{Incoming, MOST_STREAMS, Outgoing, distance, length, step, unzigzag};
use super::{COLUMNS, Damaged, MOST_DOCUMENTS};
use crate::document::format::cursor::{Cursor, put_bytes, put_length, put_u64};
use crate::document::format::{VERSION_1, tag};
use crate::limits;

/// Streams that are there whatever the documents look like.
mod fixed {
    /// Of each document which shape it has, plus 1; 0 for one that travels as it is.
    pub(super) const SHAPE: usize = 0;
    pub(super) const SHAPE_LENGTHS: usize = 1;
    pub(super) const SHAPES: usize = 2;
    pub(super) const ODD_LENGTHS: usize = 3;
    pub(super) const ODD: usize = 4;
    /// Bases as milliseconds since the one before, and the count within the millisecond.
    pub(super) const BASE_MILLISECONDS: usize = 5;
    pub(super) const BASE_COUNTS: usize = 6;
    pub(super) const ANCHORS: usize = 7;
    pub(super) const COUNTERS: usize = 8;
    pub(super) const MILLISECONDS_AFTER: usize = 9;
    pub(super) const COUNTS_AFTER: usize = 10;
    pub(super) const COUNT: usize = 11;
}

/// The low bits of a hybrid clock's reading, which count within a millisecond.
const COUNT_BITS: u32 = 16;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

const ACTORS: usize = 0;
const STAFF: usize = 1;

/// What is done to put a document together.
enum Step {
    /// Bytes that are the same in each.
    Literal(Range<usize>),
    Id,
    Base,
    Actors(usize),
    Staff(usize),
    Value(usize),
    Distance,
    Counter(usize, Count),
    NameBegins,
    Key(usize, Count),
    NameEnds,
}

#[derive(Clone, Copy)]
enum Count {
    InStream,
    Anchor,
    Near(i64),
}

/// A shape, ready for use.
struct Shape {
    literals: Vec<u8>,
    steps: Vec<Step>,
}

/// Which column values belong to: by the name of their field without the dots in it, and by their sort.
struct Registry {
    numbers: HashMap<(Vec<u8>, u8), usize>,
    kinds: Vec<Kind>,
}

impl Registry {
    fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            kinds: vec![Kind::Number { bytes: 0 }, Kind::Id],
        }
    }

    fn column(&mut self, role: &[u8], tag: u8, kind: Kind) -> usize {
        let next = self.kinds.len();
        let number = *self.numbers.entry((role.to_vec(), tag)).or_insert(next);
        if number == next {
            self.kinds.push(kind);
        }
        number
    }
}

impl Shape {
    fn read(bytes: &[u8], registry: &mut Registry) -> Result<Self, Damaged> {
        let mut making = Making {
            shape: Self {
                literals: vec![VERSION_1],
                steps: Vec::new(),
            },
            open_from: 0,
            actors: 0,
            registry,
        };
        making
            .document(&mut Cursor::over(bytes))
            .ok_or(Damaged("a shape is no document's"))?;
        making.close();
        Ok(making.shape)
    }
}

/// A shape in the making.
struct Making<'a> {
    shape: Shape,
    /// Where the literal begins that has no step yet.
    open_from: usize,
    actors: usize,
    registry: &'a mut Registry,
}

impl Making<'_> {
    fn close(&mut self) {
        let end = self.shape.literals.len();
        if end > self.open_from {
            self.shape.steps.push(Step::Literal(self.open_from..end));
            self.open_from = end;
        }
    }

    fn step(&mut self, step: Step) {
        self.close();
        self.shape.steps.push(step);
    }

    fn document(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        self.step(Step::Id);
        self.text(cursor)?;
        self.actors = self.count(cursor)?;
        self.step(Step::Actors(self.actors));
        let staff = self.count(cursor)?;
        self.step(Step::Staff(staff));
        self.step(Step::Base);
        let mut role = Vec::new();
        for _ in 0..self.count(cursor)? {
            role.clear();
            self.name(cursor, &mut role)?;
            for _ in 0..self.count(cursor)? {
                self.value(cursor, &role)?;
                self.stamp(cursor)?;
                for _ in 0..self.count(cursor)? {
                    let actor = self.actor(cursor)?;
                    put_length(&mut self.shape.literals, actor);
                    let count = count(cursor)?;
                    self.step(Step::Counter(actor, count));
                }
            }
        }
        for _ in 0..self.count(cursor)? {
            self.stamp(cursor)?;
            let kind = self.text(cursor)?;
            for _ in 0..self.count(cursor)? {
                role.clear();
                role.extend_from_slice(kind);
                role.push(0);
                self.name(cursor, &mut role)?;
                self.value(cursor, &role)?;
            }
        }
        let is_erased = cursor.flag().ok()?;
        self.shape.literals.push(u8::from(is_erased));
        if is_erased {
            self.stamp(cursor)?;
        }
        (cursor.left() == 0).then_some(())
    }

    fn count(&mut self, cursor: &mut Cursor<'_>) -> Option<usize> {
        let count = usize::try_from(cursor.u64().ok()?).ok()?;
        put_length(&mut self.shape.literals, count);
        Some(count)
    }

    fn text<'b>(&mut self, cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
        let text = text(cursor)?;
        put_bytes(&mut self.shape.literals, text);
        Some(text)
    }

    /// Adds the name to the role of its values.
    fn name(&mut self, cursor: &mut Cursor<'_>, role: &mut Vec<u8>) -> Option<()> {
        let keys = cursor.byte().ok()?;
        if keys == 0 {
            role.extend_from_slice(self.text(cursor)?);
            return Some(());
        }
        self.step(Step::NameBegins);
        for _ in 0..keys {
            let before = text(cursor)?;
            role.extend_from_slice(before);
            role.push(b'*');
            self.shape.literals.extend_from_slice(before);
            let actor = self.actor(cursor)?;
            let count = count(cursor)?;
            self.step(Step::Key(actor, count));
        }
        let behind = text(cursor)?;
        role.extend_from_slice(behind);
        self.shape.literals.extend_from_slice(behind);
        self.step(Step::NameEnds);
        Some(())
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, role: &[u8]) -> Option<()> {
        let tag = cursor.byte().ok()?;
        self.shape.literals.push(tag);
        let kind = match tag {
            tag::NULL => return Some(()),
            tag::BOOL => {
                let flag = cursor.flag().ok()?;
                self.shape.literals.push(u8::from(flag));
                return Some(());
            }
            tag::INT | tag::DATE => Kind::Number { bytes: 0 },
            tag::MONEY => Kind::Number { bytes: 3 },
            tag::TEXT | tag::BYTES => Kind::Text,
            tag::ID => Kind::Id,
            tag::INSTANT => Kind::Moment,
            _ => return None,
        };
        let column = self.registry.column(role, tag, kind);
        self.step(Step::Value(column));
        Some(())
    }

    fn stamp(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        if cursor.flag().ok()? {
            self.step(Step::Distance);
        } else {
            self.shape.literals.push(0);
        }
        put_u64(&mut self.shape.literals, cursor.u64().ok()?);
        let actor = self.actor(cursor)?;
        put_length(&mut self.shape.literals, actor);
        let count = count(cursor)?;
        self.step(Step::Counter(actor, count));
        Some(())
    }

    fn actor(&self, cursor: &mut Cursor<'_>) -> Option<usize> {
        let actor = usize::try_from(cursor.u64().ok()?).ok()?;
        (actor < self.actors).then_some(actor)
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.length().ok()?;
    cursor.slice(length).ok()
}

fn count(cursor: &mut Cursor<'_>) -> Option<Count> {
    Some(match cursor.u64().ok()? {
        IN_STREAM => Count::InStream,
        ANCHOR => Count::Anchor,
        near => Count::Near(unzigzag(near - NEAR)),
    })
}

/// Packs documents by shape and column; none when they are too many, or too different, for that.
pub(super) fn pack<B: AsRef<[u8]>>(documents: &[B]) -> Option<Vec<u8>> {
    if documents.len() > MOST_DOCUMENTS {
        return None;
    }
    let mut packing = Packing::new();
    let mut apart = Apart::default();
    for document in documents {
        packing.document(document.as_ref(), &mut apart)?;
        if packing.outgoing.count() > MOST_STREAMS {
            return None;
        }
    }
    let mut bytes = vec![COLUMNS];
    put_length(&mut bytes, documents.len());
    packing.outgoing.write(&mut bytes)?;
    Some(bytes)
}

/// A bundle being written.
struct Packing<'a> {
    outgoing: Outgoing,
    registry: Registry,
    shapes: HashMap<Vec<u8>, usize>,
    known: Vec<Shape>,
    columns: Vec<Writing<'a>>,
    guesses: Guesses,
    own_ids: Ids,
    ids: Ids,
    base: u64,
    /// By actor: the last document's first counter of it.
    anchors: HashMap<u64, u64>,
}

impl<'a> Packing<'a> {
    fn new() -> Self {
        let mut outgoing = Outgoing::default();
        outgoing.open(fixed::COUNT);
        Self {
            own_ids: Ids::open(&mut outgoing),
            ids: Ids::open(&mut outgoing),
            outgoing,
            registry: Registry::new(),
            shapes: HashMap::new(),
            known: Vec::new(),
            columns: Vec::new(),
            guesses: Guesses::default(),
            base: 0,
            anchors: HashMap::new(),
        }
    }

    fn document(&mut self, document: &'a [u8], apart: &mut Apart<'a>) -> Option<()> {
        if apart.take(document).is_none() {
            self.outgoing.number(fixed::SHAPE, 0);
            let length = document.len() as u64;
            self.outgoing.number(fixed::ODD_LENGTHS, length);
            self.outgoing.of(fixed::ODD).extend_from_slice(document);
            return Some(());
        }
        let shape = self.shape(&apart.shape)?;
        self.outgoing.number(fixed::SHAPE, shape as u64 + 1);
        self.own_ids.write(&apart.id, &mut self.outgoing);
        let milliseconds = distance(self.base >> COUNT_BITS, apart.base >> COUNT_BITS);
        self.outgoing.number(fixed::BASE_MILLISECONDS, milliseconds);
        self.outgoing
            .number(fixed::BASE_COUNTS, apart.base & COUNT_MASK);
        self.base = apart.base;
        self.guesses.begin();
        let mut gaps = apart.gaps.iter();
        let Self {
            outgoing,
            known,
            columns,
            guesses,
            ids,
            base,
            anchors,
            ..
        } = self;
        // The shape was made of the same bytes as the gaps, so they fit.
        for step in &known.get(shape)?.steps {
            match step {
                Step::Actors(count) => {
                    for gap in gaps.by_ref().take(*count) {
                        let content = gap.content()?;
                        columns[ACTORS].write(content, 0, guesses, ids, outgoing);
                    }
                }
                Step::Staff(count) => {
                    for gap in gaps.by_ref().take(*count) {
                        let content = gap.content()?;
                        columns[STAFF].write(content, 0, guesses, ids, outgoing);
                    }
                }
                Step::Value(column) => {
                    let content = gaps.next()?.content()?;
                    columns[*column].write(content, *base >> COUNT_BITS, guesses, ids, outgoing);
                }
                Step::Counter(actor, Count::Anchor) | Step::Key(actor, Count::Anchor) => {
                    let counter = gaps.next()?.number()?;
                    let former = anchors.insert(*apart.actors.get(*actor)?, counter);
                    let distance = distance(former.unwrap_or_default(), counter);
                    outgoing.number(fixed::ANCHORS, distance);
                }
                Step::Counter(_, Count::InStream) | Step::Key(_, Count::InStream) => {
                    outgoing.number(fixed::COUNTERS, gaps.next()?.number()?);
                }
                Step::Distance => {
                    let after = gaps.next()?.number()?;
                    outgoing.number(fixed::MILLISECONDS_AFTER, after >> COUNT_BITS);
                    outgoing.number(fixed::COUNTS_AFTER, after & COUNT_MASK);
                }
                Step::Literal(_)
                | Step::Id
                | Step::Base
                | Step::Counter(_, Count::Near(_))
                | Step::Key(_, Count::Near(_))
                | Step::NameBegins
                | Step::NameEnds => {}
            }
        }
        Some(())
    }

    /// The place of a shape, which is written when it is new.
    fn shape(&mut self, bytes: &[u8]) -> Option<usize> {
        if let Some(known) = self.shapes.get(bytes) {
            return Some(*known);
        }
        let shape = Shape::read(bytes, &mut self.registry).ok()?;
        let place = self.known.len();
        self.known.push(shape);
        self.shapes.insert(bytes.to_vec(), place);
        self.outgoing
            .number(fixed::SHAPE_LENGTHS, bytes.len() as u64);
        self.outgoing.of(fixed::SHAPES).extend_from_slice(bytes);
        for (number, kind) in (0_u32..).zip(&self.registry.kinds).skip(self.columns.len()) {
            let column = Writing::open(number, *kind, &mut self.outgoing);
            self.columns.push(column);
        }
        Some(place)
    }
}

/// The documents that [`pack`] has packed.
pub(super) fn unpack(body: &[u8]) -> Result<Vec<Vec<u8>>, Damaged> {
    let mut cursor = Cursor::over(body);
    let count = length(cursor.u64().map_err(|_| Damaged("it is cut short"))?)?;
    if count > MOST_DOCUMENTS {
        return Err(Damaged("they are too many"));
    }
    let mut unpacking = Unpacking::over(Incoming::read(cursor.rest())?);
    let mut documents = Vec::with_capacity(count.min(limits::DOCUMENTS_PER_EXCHANGE));
    for _ in 0..count {
        documents.push(unpacking.document()?);
    }
    unpacking.incoming.end()?;
    Ok(documents)
}

/// A bundle being read.
struct Unpacking {
    incoming: Incoming,
    registry: Registry,
    known: Vec<Shape>,
    columns: Vec<Reading>,
    next_stream: usize,
    guesses: Guesses,
    own_ids: Ids,
    ids: Ids,
    base: u64,
    anchors: HashMap<u64, u64>,
    /// Of the document that is being put together.
    actors: Vec<(u64, Option<u64>)>,
    /// Bytes that may still be unpacked.
    left: usize,
}

impl Unpacking {
    fn over(incoming: Incoming) -> Self {
        Self {
            incoming,
            registry: Registry::new(),
            known: Vec::new(),
            columns: Vec::new(),
            next_stream: fixed::COUNT + 2 * Ids::STREAMS,
            guesses: Guesses::default(),
            own_ids: Ids::at(fixed::COUNT),
            ids: Ids::at(fixed::COUNT + Ids::STREAMS),
            base: 0,
            anchors: HashMap::new(),
            actors: Vec::new(),
            left: limits::MESSAGE_BYTES,
        }
    }

    fn document(&mut self) -> Result<Vec<u8>, Damaged> {
        let shape = self.incoming.length(fixed::SHAPE)?;
        let mut document = Vec::new();
        match shape.checked_sub(1) {
            None => {
                let length = self.incoming.length(fixed::ODD_LENGTHS)?;
                document.extend_from_slice(self.incoming.slice(fixed::ODD, length)?);
            }
            Some(place) => {
                if place == self.known.len() {
                    self.shape()?;
                }
                self.put_together(place, &mut document)?;
            }
        }
        self.left = self.left.checked_sub(document.len()).ok_or(TOO_LONG)?;
        Ok(document)
    }

    fn shape(&mut self) -> Result<(), Damaged> {
        let length = self.incoming.length(fixed::SHAPE_LENGTHS)?;
        let bytes = self.incoming.slice(fixed::SHAPES, length)?;
        self.known.push(Shape::read(bytes, &mut self.registry)?);
        for (number, kind) in (0_u32..).zip(&self.registry.kinds).skip(self.columns.len()) {
            self.columns
                .push(Reading::at(number, *kind, self.next_stream));
            self.next_stream += kind.streams();
        }
        if self.next_stream > self.incoming.count() {
            return Err(Damaged("a column is missing"));
        }
        Ok(())
    }

    fn put_together(&mut self, place: usize, document: &mut Vec<u8>) -> Result<(), Damaged> {
        let Self {
            incoming,
            known,
            columns,
            guesses,
            own_ids,
            ids,
            anchors,
            actors,
            left,
            ..
        } = self;
        let shape = known.get(place).ok_or(Damaged("a shape is missing"))?;
        document.reserve(shape.literals.len() * 2);
        let id = own_ids.read(incoming)?;
        let milliseconds = incoming.number(fixed::BASE_MILLISECONDS)?;
        let milliseconds = step(self.base >> COUNT_BITS, milliseconds);
        let base = milliseconds << COUNT_BITS | incoming.number(fixed::BASE_COUNTS)?;
        self.base = base;
        guesses.begin();
        actors.clear();
        let mut name_begins = 0;
        let mut value = |column: usize, incoming: &mut Incoming, document: &mut Vec<u8>| {
            let column = columns
                .get_mut(column)
                .ok_or(Damaged("a column is missing"))?;
            column.read(base >> COUNT_BITS, guesses, ids, incoming, document)
        };
        for step in &shape.steps {
            match step {
                Step::Literal(range) => document.extend_from_slice(&shape.literals[range.clone()]),
                Step::Id => document.extend_from_slice(&id),
                Step::Base => put_u64(document, base),
                Step::Actors(count) => {
                    for _ in 0..*count {
                        let start = document.len();
                        value(ACTORS, incoming, document)?;
                        let actor = Cursor::over(&document[start..]).u64();
                        actors.push((actor.map_err(|_| Damaged("an actor is no number"))?, None));
                    }
                }
                Step::Staff(count) => {
                    for _ in 0..*count {
                        value(STAFF, incoming, document)?;
                        // A value says that it has 16 bytes, the table of authors does not.
                        let length_at = document.len() - 17;
                        document.remove(length_at);
                    }
                }
                Step::Value(column) => value(*column, incoming, document)?,
                Step::Distance => {
                    let milliseconds = incoming.number(fixed::MILLISECONDS_AFTER)?;
                    let count = incoming.number(fixed::COUNTS_AFTER)?;
                    put_u64(document, milliseconds << COUNT_BITS | count);
                }
                Step::Counter(actor, count) => {
                    let (_, counter) = counter(*actor, *count, actors, anchors, incoming)?;
                    put_u64(document, counter);
                }
                Step::NameBegins => {
                    name_begins = document.len();
                    document.push(0);
                }
                Step::Key(actor, count) => {
                    let (actor, counter) = counter(*actor, *count, actors, anchors, incoming)?;
                    write!(document, "{actor:x}.{counter:x}")
                        .map_err(|_| Damaged("a name cannot be written"))?;
                }
                Step::NameEnds => {
                    let length = document.len() - name_begins - 1;
                    document[name_begins] = u8::try_from(length)
                        .ok()
                        .filter(|length| usize::from(*length) <= NAME_BYTES)
                        .ok_or(Damaged("a name is too long"))?;
                }
            }
            if document.len() > *left {
                return Err(TOO_LONG);
            }
        }
        Ok(())
    }
}

const TOO_LONG: Damaged = Damaged("they are longer than a message may be");

/// An actor of the document and one of its counters.
fn counter(
    actor: usize,
    count: Count,
    actors: &mut [(u64, Option<u64>)],
    anchors: &mut HashMap<u64, u64>,
    incoming: &mut Incoming,
) -> Result<(u64, u64), Damaged> {
    const NO_ANCHOR: Damaged = Damaged("a counter stands before the first of its actor");
    let (actor, anchor) = actors.get_mut(actor).ok_or(NO_ANCHOR)?;
    let counter = match count {
        Count::Anchor => {
            let former = anchors.get(actor).copied().unwrap_or_default();
            let counter = step(former, incoming.number(fixed::ANCHORS)?);
            anchors.insert(*actor, counter);
            *anchor = Some(counter);
            counter
        }
        Count::Near(distance) => anchor
            .ok_or(NO_ANCHOR)?
            .wrapping_add(distance.cast_unsigned()),
        Count::InStream => step(anchor.ok_or(NO_ANCHOR)?, incoming.number(fixed::COUNTERS)?),
    };
    Ok((*actor, counter))
}
