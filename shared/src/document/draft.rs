//! New documents in bulk: written down as bytes while they are made, never built.

use super::format;
use super::value::{Field, Kind, NameError, are_a_name, is_name};
use super::view::ValueView;
use crate::clock::Hlc;
use crate::document::Authoring;
use crate::id::{Actor, DocumentId, Dot, StaffId};

/// A document in the making that nobody has yet, all of it by one actor. Its bytes are those that a
/// [`super::Change`] of the same writes would come to, in the same order and with the same counters; a test holds it to that.
/// For loads of millions: a [`super::Change`] is for everything else.
#[derive(Debug)]
pub struct Draft {
    pub(super) id: DocumentId,
    pub(super) kind: Kind,
    pub(super) actor: Actor,
    /// Names and encoded values, one after the other.
    pub(super) content: Vec<u8>,
    fields: Vec<DraftField>,
    /// Places of the fields in the order of their names, once it has ended.
    order: Vec<u32>,
    /// The orders of former documents in the same room, by how many fields they had.
    orders: Vec<Vec<u32>>,
    /// Which fields have a name with such a hash, to find out that a name stands there already.
    places: Places,
    /// Kinds and particulars, encoded.
    pub(super) event_content: Vec<u8>,
    pub(super) events: Vec<DraftEvent>,
    /// Where the bytes come together at the end.
    encoded: Vec<u8>,
}

/// The room that a draft took. Making room for each of millions of documents would take longer than writing them.
#[derive(Debug)]
pub struct DraftRoom(Draft);

/// One field: where its name and its value are, and who wrote it when.
#[derive(Clone, Copy, Debug)]
pub(super) struct DraftField {
    pub(super) name: Span,
    pub(super) value: Span,
    pub(super) stamp: DraftStamp,
}

/// One event: where what it says is, and who recorded it when.
#[derive(Clone, Copy, Debug)]
pub(super) struct DraftEvent {
    pub(super) content: Span,
    pub(super) stamp: DraftStamp,
}

/// Who, when, and the write's number.
#[derive(Clone, Copy, Debug)]
pub(super) struct DraftStamp {
    pub(super) at: Hlc,
    pub(super) by: Option<StaffId>,
    pub(super) counter: u64,
}

/// A stretch of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    from: usize,
    to: usize,
}

impl Span {
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.from..self.to]
    }
}

/// Bytes and fields of an ordinary order, so that little is moved while it grows.
const USUAL_BYTES: usize = 3 * 1024;
const USUAL_FIELDS: usize = 64;

/// Orders of fields are remembered of documents with at most so many: a quarter of a megabyte of them.
const REMEMBERED_FIELDS: usize = 256;

impl Draft {
    /// A document that nobody has, written by `actor`.
    pub fn create(id: DocumentId, kind: Kind, actor: Actor) -> Self {
        Self {
            id,
            kind,
            actor,
            content: Vec::with_capacity(USUAL_BYTES),
            fields: Vec::with_capacity(USUAL_FIELDS),
            order: Vec::new(),
            orders: Vec::new(),
            places: Places::default(),
            event_content: Vec::new(),
            events: Vec::new(),
            encoded: Vec::new(),
        }
    }

    /// The same in the room of a former one.
    pub fn create_in(room: DraftRoom, id: DocumentId, kind: Kind, actor: Actor) -> Self {
        let DraftRoom(mut draft) = room;
        (draft.id, draft.kind, draft.actor) = (id, kind, actor);
        draft.content.clear();
        draft.fields.clear();
        draft.places.clear();
        draft.event_content.clear();
        draft.events.clear();
        draft
    }

    /// Sets a field. Nothing is written when the field already has just this value, or is to be null and was never written.
    ///
    /// # Panics
    /// When `name` is no name, which any test that reaches it shows, or another actor writes than the one that it was made for.
    pub fn set<'v>(
        &mut self,
        authoring: &mut Authoring,
        name: &'static str,
        value: impl Into<ValueView<'v>>,
    ) {
        self.set_joined(authoring, &[name], value)
            .expect("a name in the source is valid");
    }

    /// Sets a field when there is a value, and leaves it alone when there is none.
    ///
    /// # Panics
    /// As [`Draft::set`].
    pub fn set_some<'v>(
        &mut self,
        authoring: &mut Authoring,
        name: &'static str,
        value: Option<impl Into<ValueView<'v>>>,
    ) {
        if let Some(value) = value {
            self.set(authoring, name, value);
        }
    }

    /// Sets a field whose name is put together from parts.
    ///
    /// # Errors
    /// [`NameError`] when together they are no name.
    ///
    /// # Panics
    /// When another actor writes than the one that it was made for.
    pub fn set_joined<'v>(
        &mut self,
        authoring: &mut Authoring,
        name: &[&str],
        value: impl Into<ValueView<'v>>,
    ) -> Result<(), NameError> {
        let span = self.put_name(name);
        if !are_a_name(span.of(&self.content)) {
            self.content.truncate(span.from);
            return Field::new(name.concat()).map(drop);
        }
        self.put(authoring, span, value.into());
        Ok(())
    }

    /// Records that something happened.
    ///
    /// # Panics
    /// When the kind or a particular has no name, which any test that reaches it shows, or another actor writes than the one
    /// that it was made for.
    pub fn record<const N: usize>(
        &mut self,
        authoring: &mut Authoring,
        kind: &str,
        mut data: [(&str, ValueView<'_>); N],
    ) {
        let mut names = data.iter().map(|(name, _)| *name);
        assert!(is_name(kind) && names.all(is_name), "an event has names");
        data.sort_by_key(|(name, _)| *name);
        let from = self.event_content.len();
        format::put_event(&mut self.event_content, kind, &data);
        let to = self.event_content.len();
        let stamp = self.next_stamp(authoring);
        self.events.push(DraftEvent {
            content: Span { from, to },
            stamp,
        });
    }

    /// Its identity.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// How many fields it has.
    pub const fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// No less than the bytes it comes to.
    pub const fn bytes_at_most(&self) -> usize {
        /// A stamp, lengths.
        const BESIDE_A_VALUE: usize = 48;
        /// Version, identity, kind, actor, base.
        const BESIDE_ALL: usize = 256;
        let beside = (self.fields.len() + self.events.len()) * BESIDE_A_VALUE + BESIDE_ALL;
        self.content.len() + self.event_content.len() + beside
    }

    /// Its canonical bytes.
    pub fn encode(self) -> Vec<u8> {
        self.encode_and_clear().0
    }

    /// The same, and the room that it took, for the next one.
    pub fn encode_and_clear(mut self) -> (Vec<u8>, DraftRoom) {
        self.put_in_order();
        self.events.sort_by_key(|event| event.stamp.counter);
        let mut encoded = std::mem::take(&mut self.encoded);
        format::encode_draft(&self, &mut encoded);
        // A copy with just the room it takes: many of them wait for whoever stores them.
        let bytes = encoded.clone();
        self.encoded = encoded;
        (bytes, DraftRoom(self))
    }

    /// The fields in the order of their names, once they are in it.
    pub(super) fn fields_in_order(&self) -> impl Iterator<Item = &DraftField> {
        self.order.iter().map(|place| &self.fields[*place as usize])
    }

    /// Documents of one table mostly have the same fields, written in the same order: that of a former one with as many is
    /// tried first, and only sorted where it does not fit.
    fn put_in_order(&mut self) {
        let (content, fields) = (&self.content, &self.fields);
        let name = |place: &u32| fields[*place as usize].name.of(content);
        let known = self.orders.get(fields.len());
        self.order.clear();
        match known.filter(|known| known.len() == fields.len()) {
            Some(known) => self.order.extend_from_slice(known),
            None => self.order.extend((0_u32..).take(fields.len())),
        }
        if self.order.is_sorted_by_key(name) {
            return;
        }
        self.order.sort_by(|one, other| name(one).cmp(name(other)));
        if fields.len() <= REMEMBERED_FIELDS {
            self.orders.resize_with(REMEMBERED_FIELDS + 1, Vec::new);
            self.orders[fields.len()].clone_from(&self.order);
        }
    }

    fn put_name(&mut self, parts: &[&str]) -> Span {
        let from = self.content.len();
        for part in parts {
            self.content.extend_from_slice(part.as_bytes());
        }
        Span {
            from,
            to: self.content.len(),
        }
    }

    /// Puts a value behind its name, which was put there last.
    fn put(&mut self, authoring: &mut Authoring, name: Span, value: ValueView<'_>) {
        let hash = hash_of(name.of(&self.content));
        let known = self.find(hash, name.of(&self.content));
        if known.is_none() && value == ValueView::Null {
            self.content.truncate(name.from);
            return;
        }
        format::put_value(&mut self.content, value);
        let value = Span {
            from: name.to,
            to: self.content.len(),
        };
        if let Some(place) = known {
            let former = self.fields[place].value;
            if former.of(&self.content) == value.of(&self.content) {
                self.content.truncate(name.from);
                return;
            }
            self.fields[place].value = value;
            self.fields[place].stamp = self.next_stamp(authoring);
        } else {
            let stamp = self.next_stamp(authoring);
            self.places.add(hash, self.fields.len());
            self.fields.push(DraftField { name, value, stamp });
        }
    }

    fn find(&self, hash: u32, name: &[u8]) -> Option<usize> {
        let mut places = self.places.with(hash);
        places.find(|place| self.fields[*place].name.of(&self.content) == name)
    }

    fn next_stamp(&self, authoring: &mut Authoring) -> DraftStamp {
        let Dot { actor, counter } = authoring.next_dot();
        assert!(actor == self.actor, "a draft has one author");
        DraftStamp {
            at: authoring.at(),
            by: authoring.by(),
            counter,
        }
    }
}

/// Fields by the hash of their names.
#[derive(Debug, Default)]
struct Places {
    /// For the last bits of a hash: the place behind that of the last field with such a one, 0 for none.
    last: Vec<u32>,
    /// Of each field: its hash, and what `last` said before it.
    fields: Vec<(u32, u32)>,
}

impl Places {
    /// How many last bits of a hash are told apart: several times the fields of an ordinary order.
    const TOLD_APART: usize = 256;

    fn clear(&mut self) {
        self.last.fill(0);
        self.fields.clear();
    }

    fn slot(hash: u32) -> usize {
        hash as usize % Self::TOLD_APART
    }

    fn add(&mut self, hash: u32, place: usize) {
        self.last.resize(Self::TOLD_APART, 0);
        let behind = u32::try_from(place + 1).expect("a draft has far fewer fields");
        let before = std::mem::replace(&mut self.last[Self::slot(hash)], behind);
        self.fields.push((hash, before));
    }

    /// The places of fields with such a hash.
    fn with(&self, hash: u32) -> impl Iterator<Item = usize> {
        let mut behind = self.last.get(Self::slot(hash)).copied().unwrap_or(0);
        std::iter::from_fn(move || {
            while let Some(place) = (behind as usize).checked_sub(1) {
                let (known, before) = self.fields[place];
                behind = before;
                if known == hash {
                    return Some(place);
                }
            }
            None
        })
    }
}

/// FNV-1a over words instead of bytes: it only has to tell some dozen names of one document apart, and a wrong guess costs one
/// comparison.
fn hash_of(name: &[u8]) -> u32 {
    const PRIME: u32 = 16_777_619;
    let mut hash = 2_166_136_261_u32;
    let mut words = name.chunks_exact(4);
    for word in &mut words {
        let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        hash = (hash ^ word).wrapping_mul(PRIME).rotate_left(7);
    }
    for byte in words.remainder() {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(PRIME);
    }
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::UtcMillis;
    use crate::document::{Change, Value};
    use crate::id::ReplicaNumber;

    const ACTOR: Actor = Actor::new(ReplicaNumber(9), 77);

    #[derive(Clone, Debug)]
    enum Step {
        Set(String, Value),
        SetText(String, String),
        Record(String, Value),
        /// Writes go on from another counter and stamp, as those of an order's lines do.
        Elsewhere(u64, i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let name = || {
            prop_oneof![
                "[a-c]{1,2}",
                "legacy/[a-c]{1,6}",
                "items/[0-9a-f.]{1,8}/label"
            ]
        };
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,3}|.{0,40}".prop_map(Value::from),
            any::<i64>().prop_map(|at| Value::Instant(UtcMillis(at))),
            any::<i32>().prop_map(Value::Date),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        ];
        let step = prop_oneof![
            4 => (name(), value.clone()).prop_map(|(name, value)| Step::Set(name, value)),
            4 => (name(), "[a-b]{0,2}|.{0,40}").prop_map(|(name, text)| Step::SetText(name, text)),
            1 => (name(), value).prop_map(|(name, value)| Step::Record(name, value)),
            1 => (0..1_u64 << 40, 0..1_i64 << 44).prop_map(|(counter, at)| Step::Elsewhere(counter, at)),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn a_draft_comes_to_the_bytes_of_the_change(steps in steps()) {
            let id = DocumentId::named("drafted");
            let mut by_change = Authoring::new(ACTOR, 5, Hlc::at(UtcMillis(1_700_000_000_000)), None);
            let mut by_draft = by_change.clone();
            let mut change = Change::create(id, Kind::known("order"));
            let mut former = Draft::create(DocumentId::named("former"), Kind::known("customer"), ACTOR);
            former.set(&mut Authoring::new(ACTOR, 1, Hlc::at(UtcMillis(1)), None), "status", "left over");
            let (_, room) = former.encode_and_clear();
            let mut draft = Draft::create_in(room, id, Kind::known("order"), ACTOR);
            // No dot may stand for two writes.
            let mut highest = 5;
            for step in steps {
                match step {
                    Step::Set(name, value) => {
                        let field = Field::new(name).expect("a name");
                        draft.set_joined(&mut by_draft, &[field.as_str()], &value).expect("a name");
                        change.set(&mut by_change, field, value);
                    }
                    Step::SetText(name, text) => {
                        let (head, tail) = name.split_at(1);
                        draft.set_joined(&mut by_draft, &[head, tail], text.as_str()).expect("a name");
                        change.set(&mut by_change, Field::new(name).expect("a name"), text);
                    }
                    Step::Record(name, value) => {
                        let lent = [(name.as_str(), ValueView::from(&value)), ("at", true.into())];
                        draft.record(&mut by_draft, "imported", lent);
                        let particulars = [
                            (Field::new(name).expect("a name"), value),
                            (Field::known("at"), Value::from(true)),
                        ];
                        change.record(&mut by_change, Kind::known("imported"), particulars);
                    }
                    Step::Elsewhere(counter, at) => {
                        highest = highest.max(by_change.counter()) + counter;
                        let there = Authoring::new(ACTOR, highest, Hlc::at(UtcMillis(at)), None);
                        (by_change, by_draft) = (there.clone(), there);
                    }
                }
                prop_assert_eq!(by_draft.counter(), by_change.counter());
            }
            let at_most = draft.bytes_at_most();
            let encoded = draft.encode();
            prop_assert!(encoded.len() <= at_most);
            prop_assert_eq!(encoded, format::encode(&change.finish()));
        }
    }

    #[test]
    fn parts_that_are_no_name_together_write_nothing() {
        let mut authoring = Authoring::new(ACTOR, 0, Hlc::at(UtcMillis(0)), None);
        let mut draft = Draft::create(DocumentId::named("d"), Kind::known("order"), ACTOR);
        assert!(
            draft
                .set_joined(&mut authoring, &["legacy/", "Straße"], "x")
                .is_err()
        );
        assert_eq!((draft.field_count(), authoring.counter()), (0, 0));
    }
}
