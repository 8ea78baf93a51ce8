//! One document against its row: which fields follow the legacy database, which stand beside what staff wrote. Pure.

use std::collections::{BTreeMap, BTreeSet};

use shared::document::{Currency, Document, Event, Field, Register, Value};
use shared::domain::fields::{self, event, import};

use super::decided::Before;
use crate::held::HeldDocument;

/// What a row says its document should hold, with items and lines called as the document calls them.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    fields: BTreeMap<Field, Value>,
    paid_hundredths: i64,
    currency: Option<Currency>,
    /// Lines of the document whose rows are missing: item and line.
    missing_lines: Vec<(String, String)>,
}

/// One field to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) field: Field,
    pub(super) value: Value,
    /// What an importer last wrote there; null when nothing of it stands.
    pub(super) was: Value,
    /// Whether staff have written there meanwhile, so that both values stand until somebody chooses.
    pub(super) is_beside: bool,
}

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) writes: Vec<Write>,
    /// Paid by the row, less what the importer has recorded.
    pub(super) paid_hundredths: i64,
    pub(super) currency: Option<Currency>,
    /// Staff have written in fields that the row says something else of. Only what the row said before tells whether that is news.
    pub(super) needs_former_row: bool,
    /// Fields in which the row says again what somebody has decided about.
    pub(super) decided: Vec<Field>,
    /// The document, or a line of it, was missing and is there again.
    pub(super) is_back: bool,
    /// Lines that are missing now.
    pub(super) missing_lines: u64,
}

impl Difference {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.paid_hundredths == 0
    }
}

impl Wanted {
    /// Reads a document as the writer makes it of a row. `line_key` are the legacy fields that tell a line's rows apart.
    pub(super) fn of(held: &HeldDocument, made: &Document, line_key: &[String]) -> Self {
        let names = Names::between(held, made, line_key);
        let fields = made.fields().keys().filter_map(|field| {
            let value = made.newest(field.as_str())?;
            Some((names.of_held(field), value))
        });
        let payments = payments(made, |_| true);
        Self {
            fields: fields.collect(),
            paid_hundredths: payments.0,
            currency: payments.1,
            missing_lines: names.missing,
        }
    }

    fn value(&self, field: &str) -> Value {
        self.fields.get(field).cloned().unwrap_or(Value::Null)
    }

    fn is_of_missing_line(&self, field: &str) -> bool {
        self.missing_lines.iter().any(|(item, line)| {
            field.starts_with(&format!("items/{item}/lines/{line}/"))
                || field.starts_with(&format!("legacy/lines/{line}/"))
        })
    }
}

/// What to write so that the document follows its row. `former` is what the former row said, once that is known; `before` what
/// the source was before.
pub(super) fn compare(
    held: &HeldDocument,
    wanted: &Wanted,
    former: Option<&Wanted>,
    before: Before,
    now: &Value,
) -> Difference {
    let mut difference = Difference::default();
    let mut is_touched = false;
    let names: BTreeSet<&Field> = held
        .document
        .fields()
        .keys()
        .chain(wanted.fields.keys())
        .collect();
    for field in names {
        let name = field.as_str();
        if name.starts_with("import/") || is_line_mark(name) || wanted.is_of_missing_line(name) {
            continue;
        }
        let value = wanted.value(name);
        let register = held.document.register(name);
        let (own, others) = split(register, held);
        if own.is_none() && others.is_empty() {
            if value != Value::Null {
                difference.write(field, value, Value::Null, false);
            }
            continue;
        }
        if let Some(own) = own {
            // It stands alone, or beside what staff wrote since the last time: the row's newer value takes its place.
            if own != value {
                difference.write(field, value, own, !others.is_empty());
            }
            continue;
        }
        is_touched = true;
        // Only staff's value stands. The row never said anything of fields that it does not know.
        if others.contains(&value) || !wanted.fields.contains_key(name) && former.is_none() {
            continue;
        }
        match former {
            None => difference.needs_former_row = true,
            Some(former) if former.value(name) != value && !is_place_of_customer(held, name) => {
                if before.has_decided(held, field, &value) {
                    difference.decided.push(field.clone());
                } else {
                    difference.write(field, value, Value::Null, true);
                }
            }
            Some(_) => {}
        }
    }
    let mut written = difference.writes.iter();
    let row_changed = written.any(|write| write.field.as_str().starts_with("legacy/"));
    // What the row no longer says at all may have been said before, in a field that staff have written in.
    difference.needs_former_row |= former.is_none() && is_touched && row_changed;
    marks(held, wanted, now, &mut difference);
    let (recorded, _) = payments(&held.document, |event| {
        held.importers.contains(&event.dot.actor.replica())
    });
    difference.paid_hundredths = wanted.paid_hundredths - recorded;
    difference.currency = wanted
        .currency
        .or_else(|| payments(&held.document, |_| true).1);
    difference
}

impl Difference {
    fn write(&mut self, field: &Field, value: Value, was: Value, is_beside: bool) {
        self.writes.push(Write {
            field: field.clone(),
            value,
            was,
            is_beside,
        });
    }
}

/// Marks of what was missing or taken back and is there again, and of lines that are missing now. What somebody has decided
/// about a mark stands.
fn marks(held: &HeldDocument, wanted: &Wanted, now: &Value, difference: &mut Difference) {
    for name in [import::GONE_SINCE, import::WITHDRAWN_AT] {
        let (own, others) = split(held.document.register(name), held);
        if let Some(own) = own.filter(|own| *own != Value::Null && others.is_empty()) {
            difference.write(&fields::known(name), Value::Null, own, false);
            difference.is_back = true;
        }
    }
    for field in held.document.fields().keys() {
        if !is_line_mark(field.as_str()) || wanted.is_of_missing_line(field.as_str()) {
            continue;
        }
        let (own, others) = split(held.document.register(field.as_str()), held);
        if let Some(own) = own.filter(|own| *own != Value::Null && others.is_empty()) {
            difference.write(field, Value::Null, own, false);
            difference.is_back = true;
        }
    }
    for (item, line) in &wanted.missing_lines {
        let field = fields::line(item, line, import::LINE_GONE_SINCE);
        let (own, others) = split(held.document.register(field.as_str()), held);
        if others.is_empty() && own.is_none_or(|own| own == Value::Null) {
            difference.write(&field, now.clone(), Value::Null, false);
            difference.missing_lines += 1;
        }
    }
}

/// Where a customer belongs follows from their last order, which the former rows at hand may not hold.
fn is_place_of_customer(held: &HeldDocument, name: &str) -> bool {
    held.document.kind().as_str() == fields::kind::CUSTOMER && name == fields::order::HOME
}

fn is_line_mark(name: &str) -> bool {
    name.starts_with("items/") && name.rsplit('/').next() == Some(import::LINE_GONE_SINCE)
}

/// The importers' newest value of a field, and all values of others.
fn split(register: Option<&Register>, held: &HeldDocument) -> (Option<Value>, Vec<Value>) {
    let versions = register.map(Register::as_slice).unwrap_or_default();
    let own = versions
        .iter()
        .filter(|version| held.is_own(version))
        .max_by_key(|version| (version.at, version.dot))
        .map(|version| version.value.clone());
    let others = versions.iter().filter(|version| !held.is_own(version));
    (own, others.map(|version| version.value.clone()).collect())
}

/// The sum of payments, and their currency.
fn payments(document: &Document, is_counted: impl Fn(&Event) -> bool) -> (i64, Option<Currency>) {
    let amounts = document
        .happened()
        .into_iter()
        .filter(|event| event.kind.as_str() == event::PAYMENT && is_counted(event))
        .filter_map(|event| event.get("amount")?.as_money());
    amounts.fold((0, None), |(sum, _), money| {
        (sum + money.minor, Some(money.currency))
    })
}

/// What the items and lines of one document are called in another.
struct Names {
    items: BTreeMap<String, String>,
    lines: BTreeMap<String, String>,
    missing: Vec<(String, String)>,
}

/// A line with what tells it apart.
struct LinePlace {
    position: (i64, i64),
    item: String,
    line: String,
    key: Option<Vec<Value>>,
}

impl Names {
    fn between(held: &HeldDocument, made: &Document, line_key: &[String]) -> Self {
        let own = held.own_part();
        let mut items: BTreeMap<String, String> =
            items(made).into_iter().zip(items(&own)).collect();
        let (made_lines, mut held_lines) = (lines(made, line_key), lines(&own, line_key));
        let by_key = !line_key.is_empty() && made_lines.iter().all(|line| line.key.is_some());
        let mut names = BTreeMap::new();
        for (place, line) in made_lines.iter().enumerate() {
            let found = if by_key {
                held_lines.iter().position(|held| held.key == line.key)
            } else {
                (place < made_lines.len() && !held_lines.is_empty()).then_some(0)
            };
            // Where each line is a piece of its own, the line tells which piece it is.
            match found.map(|found| held_lines.remove(found)) {
                Some(held) => {
                    items.insert(line.item.clone(), held.item);
                    names.insert(line.line.clone(), held.line);
                }
                None if made_lines
                    .iter()
                    .filter(|other| other.item == line.item)
                    .count()
                    == 1
                    && made_lines.len() > 1 =>
                {
                    items.remove(&line.item);
                }
                None => {}
            }
        }
        Self {
            items,
            lines: names,
            missing: held_lines
                .into_iter()
                .map(|line| (line.item, line.line))
                .collect(),
        }
    }

    /// The name that a field of the made document has in the held one.
    fn of_held(&self, field: &Field) -> Field {
        let item = |key: &str| self.items.get(key).map_or(key, String::as_str).to_owned();
        let line = |key: &str| self.lines.get(key).map_or(key, String::as_str).to_owned();
        let segments: Vec<&str> = field.segments().collect();
        let name = match segments.as_slice() {
            ["items", own_item, "lines", own_line, name] => {
                format!("items/{}/lines/{}/{name}", item(own_item), line(own_line))
            }
            ["items", own_item, name] => format!("items/{}/{name}", item(own_item)),
            ["legacy", "lines", own_line, name] => {
                format!("legacy/lines/{}/{name}", line(own_line))
            }
            _ => return field.clone(),
        };
        // Names of equal parts and keys of equal make: it is as long as the one it replaces.
        Field::new(name).unwrap_or_else(|_| field.clone())
    }
}

/// Keys of the items, in their order.
fn items(document: &Document) -> Vec<String> {
    let mut items: Vec<(i64, String)> = document
        .fields()
        .keys()
        .filter_map(|field| {
            let segments: Vec<&str> = field.segments().collect();
            let ["items", item, "position"] = segments.as_slice() else {
                return None;
            };
            let position = document.newest(field.as_str())?.as_int()?;
            Some((position, (*item).to_owned()))
        })
        .collect();
    items.sort();
    items.into_iter().map(|(_, item)| item).collect()
}

/// The lines, in their order.
fn lines(document: &Document, line_key: &[String]) -> Vec<LinePlace> {
    let position = |field: &str| document.newest(field).and_then(|value| value.as_int());
    let mut lines: Vec<LinePlace> = document
        .fields()
        .keys()
        .filter_map(|field| {
            let segments: Vec<&str> = field.segments().collect();
            let ["items", item, "lines", line, "position"] = segments.as_slice() else {
                return None;
            };
            let key = line_key
                .iter()
                .map(|slug| document.newest(&format!("legacy/lines/{line}/{slug}")));
            Some(LinePlace {
                position: (
                    position(&format!("items/{item}/position")).unwrap_or(0),
                    position(field.as_str()).unwrap_or(0),
                ),
                item: (*item).to_owned(),
                line: (*line).to_owned(),
                key: key.collect(),
            })
        })
        .collect();
    lines.sort_by(|a, b| (a.position, &a.line).cmp(&(b.position, &b.line)));
    lines
}
