//! A document looked at where its bytes lie: all that a [`super::Document`] has, lent, in a few stretches of memory instead of
//! maps of maps. For whoever goes through millions of documents and keeps none.

use std::cmp::Ordering;

use uuid::Uuid;

use super::value::{Currency, Value, days_since_epoch, is_personal_name};
use super::{Erasure, format};
use crate::clock::{Hlc, UtcMillis};
use crate::id::{DocumentId, Dot, StaffId};

/// A document that was judged as [`format::decode`] judges it and says the same, without being built.
#[derive(Clone, Debug)]
pub struct View<'a> {
    pub(super) id: DocumentId,
    pub(super) kind: &'a str,
    /// In the order of their names.
    pub(super) fields: Vec<FieldView<'a>>,
    /// Those of one field lie behind each other, in canonical order.
    pub(super) versions: Vec<VersionView<'a>>,
    /// In the order of their dots.
    pub(super) events: Vec<EventView<'a>>,
    pub(super) erasure: Option<Erasure>,
}

/// One field: its name, and where its values lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldView<'a> {
    /// ASCII, as all names are; a text only for whoever asks for one, since judging it once more takes longer than comparing it.
    pub(super) name: &'a [u8],
    pub(super) from: usize,
    pub(super) to: usize,
}

/// One value that somebody wrote; see [`super::Version`].
#[derive(Clone, Copy, Debug)]
pub struct VersionView<'a> {
    /// What was written.
    pub value: ValueView<'a>,
    /// When, by the writer's hybrid clock.
    pub at: Hlc,
    /// Which member of staff; none for the importer and the product itself.
    pub by: Option<StaffId>,
    /// Which write.
    pub dot: Dot,
}

/// One thing that happened; see [`super::Event`].
#[derive(Clone, Debug)]
pub struct EventView<'a> {
    /// Which write recorded it.
    pub dot: Dot,
    /// When, by the recording replica's clock.
    pub at: Hlc,
    /// Which member of staff.
    pub by: Option<StaffId>,
    /// What happened.
    pub kind: &'a str,
    /// Its particulars, in the order of their names.
    pub(super) data: Vec<(&'a str, ValueView<'a>)>,
}

/// A [`Value`], lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueView<'a> {
    /// As [`Value::Null`].
    Null,
    /// As [`Value::Bool`].
    Bool(bool),
    /// As [`Value::Int`].
    Int(i64),
    /// As [`Value::Text`].
    Text(&'a str),
    /// As [`Value::Id`].
    Id(Uuid),
    /// As [`Value::Money`].
    Money {
        /// Minor units.
        minor: i64,
        /// Its currency.
        currency: Currency,
    },
    /// As [`Value::Instant`].
    Instant(UtcMillis),
    /// As [`Value::Date`].
    Date(i32),
    /// As [`Value::Bytes`].
    Bytes(&'a [u8]),
}

/// The fields whose names begin with the same path, called by what follows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Below<'v, 'a> {
    fields: &'v [FieldView<'a>],
    versions: &'v [VersionView<'a>],
    path_bytes: usize,
}

/// Fields below a path, looked up in the order of their names.
#[derive(Clone, Debug)]
pub struct Ascending<'v, 'a> {
    /// Those that were not passed.
    left: Below<'v, 'a>,
}

impl<'a> View<'a> {
    /// Looks at the bytes of a document of any version ever written.
    ///
    /// # Errors
    /// [`format::DecodeError`] for just those bytes that [`format::decode`] refuses.
    pub fn of(bytes: &'a [u8]) -> Result<Self, format::DecodeError> {
        format::view(bytes)
    }

    /// Its identity.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// What it describes.
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// The erasure, when one was ordered.
    pub const fn erasure(&self) -> Option<Erasure> {
        self.erasure
    }

    /// What happened, in the order of the dots.
    pub fn events(&self) -> &[EventView<'a>] {
        &self.events
    }

    /// The values of a field that nobody has overwritten, in canonical order; none when it was never written.
    pub fn versions(&self, field: &str) -> &[VersionView<'a>] {
        self.all().versions(field)
    }

    /// The place of a field's values among all values of this document; none for no values, and for those of another one.
    pub fn place_of(&self, versions: &[VersionView<'a>]) -> Option<usize> {
        let from = self.versions.as_ptr().addr();
        let bytes = versions.as_ptr().addr().checked_sub(from)?;
        let place = bytes / size_of::<VersionView<'_>>();
        (!versions.is_empty() && place < self.versions.len()).then_some(place)
    }

    /// The value of a field that shows when the newest stamp decides; `None` when never written or set to null.
    pub fn newest(&self, field: &str) -> Option<ValueView<'a>> {
        newest(self.versions(field))
            .map(|version| version.value)
            .filter(|value| *value != ValueView::Null)
    }

    /// The fields whose names begin with `path`.
    pub fn below(&self, path: &str) -> Below<'_, 'a> {
        self.all().below(path)
    }

    /// All fields.
    pub fn all(&self) -> Below<'_, 'a> {
        Below {
            fields: &self.fields,
            versions: &self.versions,
            path_bytes: 0,
        }
    }

    /// As a document drops what an erasure removes, wherever it came from.
    pub(super) fn forget_if_erased(&mut self) {
        if self.erasure.is_none() {
            return;
        }
        self.fields.retain(|field| !is_personal_name(field.name));
        for event in &mut self.events {
            event
                .data
                .retain(|(name, _)| !is_personal_name(name.as_bytes()));
        }
    }
}

/// Among so few, most of whose names differ in their length, looking at each takes less than a search.
const FEW_FIELDS: usize = 12;

impl<'v, 'a> Below<'v, 'a> {
    /// The values of the field called so below the path; none when it was never written.
    pub fn versions(&self, rest: &str) -> &'v [VersionView<'a>] {
        let rest = rest.as_bytes();
        let found = if self.fields.len() <= FEW_FIELDS {
            let mut fields = self.fields.iter();
            fields.position(|field| self.rest_of(field) == rest)
        } else {
            let by_rest = |field: &FieldView<'a>| self.rest_of(field).cmp(rest);
            self.fields.binary_search_by(by_rest).ok()
        };
        found.map_or(&[], |place| self.versions_of(&self.fields[place]))
    }

    /// For names that are asked for in ascending order: each field is passed once, instead of a search for each name.
    pub fn ascending(&self) -> Ascending<'v, 'a> {
        Ascending { left: *self }
    }

    /// The fields further below.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        let path = path.as_bytes();
        let from = self
            .fields
            .partition_point(|field| self.rest_of(field) < path);
        let rest = &self.fields[from..];
        let count = rest.partition_point(|field| self.rest_of(field).starts_with(path));
        self.further(&rest[..count], path.len())
    }

    /// The parts that go by the first segment of what follows the path, such as each piece below `items/`: the segment, and
    /// the fields below it and its slash. Fields right below the path are no part.
    pub fn parts(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'v, 'a> {
        let whole = *self;
        let mut left = self.fields;
        std::iter::from_fn(move || {
            loop {
                let first = whole.rest_of(left.first()?);
                let Some(slash) = first.iter().position(|byte| *byte == b'/') else {
                    left = &left[1..];
                    continue;
                };
                let path = &first[..=slash];
                let is_of_another = |field: &FieldView<'a>| !whole.rest_of(field).starts_with(path);
                let count = left.iter().position(is_of_another).unwrap_or(left.len());
                let (part, others) = left.split_at(count);
                left = others;
                let segment = std::str::from_utf8(&path[..slash]).unwrap_or_default();
                return Some((segment, whole.further(part, path.len())));
            }
        })
    }

    /// What follows the path in each name, in ASCII, and the values of the field, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'v [VersionView<'a>])> + use<'v, 'a> {
        let whole = *self;
        let fields = self.fields.iter();
        fields.map(move |field| (whole.rest_of(field), whole.versions_of(field)))
    }

    /// What follows the path in a field's name.
    fn rest_of(&self, field: &FieldView<'a>) -> &'a [u8] {
        &field.name[self.path_bytes..]
    }

    /// Some of the fields, with a longer path.
    const fn further(&self, fields: &'v [FieldView<'a>], bytes: usize) -> Self {
        Self {
            fields,
            versions: self.versions,
            path_bytes: self.path_bytes + bytes,
        }
    }

    fn versions_of(&self, field: &FieldView<'a>) -> &'v [VersionView<'a>] {
        &self.versions[field.from..field.to]
    }
}

impl<'v, 'a> Ascending<'v, 'a> {
    /// As [`Below::versions`]. A name that comes after a greater one finds nothing.
    pub fn versions(&mut self, rest: &str) -> &'v [VersionView<'a>] {
        while let Some((first, others)) = self.left.fields.split_first() {
            match self.left.rest_of(first).cmp(rest.as_bytes()) {
                Ordering::Less => self.left.fields = others,
                Ordering::Equal => return self.left.versions_of(first),
                Ordering::Greater => break,
            }
        }
        &[]
    }
}

impl<'a> EventView<'a> {
    /// One particular, `None` when it is absent or null.
    pub fn get(&self, name: &str) -> Option<ValueView<'a>> {
        let found = self.data.binary_search_by(|(known, _)| (*known).cmp(name));
        let value = found.ok().map(|place| self.data[place].1);
        value.filter(|value| *value != ValueView::Null)
    }
}

impl<'a> From<&'a Value> for ValueView<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Text(text) => Self::Text(text),
            Value::Id(id) => Self::Id(*id),
            Value::Money { minor, currency } => Self::Money {
                minor: *minor,
                currency: *currency,
            },
            Value::Instant(at) => Self::Instant(*at),
            Value::Date(days) => Self::Date(*days),
            Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl<'a> From<&'a str> for ValueView<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for ValueView<'_> {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for ValueView<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<UtcMillis> for ValueView<'_> {
    fn from(instant: UtcMillis) -> Self {
        Self::Instant(instant)
    }
}

impl From<jiff::civil::Date> for ValueView<'_> {
    fn from(date: jiff::civil::Date) -> Self {
        Self::Date(days_since_epoch(date))
    }
}

impl<I: Into<DocumentId>> From<I> for ValueView<'_> {
    fn from(id: I) -> Self {
        Self::Id(id.into().as_uuid())
    }
}

impl<'a> ValueView<'a> {
    /// The text, when it is one.
    pub const fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is one.
    pub const fn as_int(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The reference, when it is one.
    pub const fn as_id(self) -> Option<DocumentId> {
        match self {
            Self::Id(id) => Some(DocumentId::from_uuid(id)),
            _ => None,
        }
    }

    /// The value itself.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Id(id) => Value::Id(id),
            Self::Money { minor, currency } => Value::Money { minor, currency },
            Self::Instant(at) => Value::Instant(at),
            Self::Date(days) => Value::Date(days),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
        }
    }
}

/// The value with the newest stamp; ties go to the higher dot.
pub fn newest<'v, 'a>(versions: &'v [VersionView<'a>]) -> Option<&'v VersionView<'a>> {
    versions
        .iter()
        .max_by_key(|version| (version.at, version.dot))
}
