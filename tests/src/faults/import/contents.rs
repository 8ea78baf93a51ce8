//! What a target holds of an import, so that two can be compared.
//!
//! A run makes the same bytes every time, so the hash of each document's state says all. A sync and a rollback write under an
//! incarnation that is drawn and at the time that it is: of them what documents say is compared, without whose write it was.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use shared::document::{Document, Value};
use shared::domain::is_withdrawn;
use shared::id::DocumentId;
use tools::target::{Store, Target as _};

/// By document what it says, or the hash of its state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<DocumentId, Vec<String>>);

/// How closely documents are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Byte by byte.
    State,
    /// By what they say.
    Meaning,
}

impl Contents {
    /// Reads a store that nobody has open.
    pub(super) fn read(store: &Path, look: Look) -> Result<Self> {
        let mut store = Store::open(store).context("the store of a verb that ended")?;
        let mut held = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let page = store.page(cursor)?;
            ensure!(page.unreadable == 0, "a document cannot be read");
            for document in &page.documents {
                let is_imported = document
                    .event_set()
                    .iter()
                    .any(|event| event.kind.as_str() == "imported");
                match look {
                    Look::State => {
                        let hash = format!("{:02x?}", document.state_hash());
                        held.insert(document.id(), vec![hash]);
                    }
                    Look::Meaning if is_imported => {
                        held.insert(document.id(), meaning(document));
                    }
                    Look::Meaning => {}
                }
            }
            if !page.more {
                return Ok(Self(held));
            }
            cursor = page.cursor;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The first thing that differs from `expected`, in words.
    pub(super) fn difference(&self, expected: &Self) -> Option<String> {
        let none = Vec::new();
        let ids = self.0.keys().chain(expected.0.keys());
        ids.into_iter().find_map(|id| {
            let (found, wanted) = (
                self.0.get(id).unwrap_or(&none),
                expected.0.get(id).unwrap_or(&none),
            );
            let differs = |line: &&String| !found.contains(line) || !wanted.contains(line);
            (found != wanted).then(|| {
                let more = found.iter().find(differs);
                let less = wanted.iter().find(differs);
                format!("{id}: found {more:?}, expected {less:?}")
            })
        })
    }
}

/// What a document says: all values of its fields, what happened, and whether it was taken back.
fn meaning(document: &Document) -> Vec<String> {
    let mut said: Vec<String> = document
        .fields()
        .iter()
        .map(|(field, register)| {
            let mut values: Vec<String> = register
                .as_slice()
                .iter()
                .map(|version| {
                    let whose = if version.by.is_some() {
                        " by staff"
                    } else {
                        ""
                    };
                    value(field.as_str(), &version.value) + whose
                })
                .collect();
            values.sort();
            format!("{} = {}", name(field.as_str()), values.join(" | "))
        })
        .collect();
    for event in document.event_set() {
        let data: Vec<String> = event
            .data
            .iter()
            .map(|(field, held)| {
                format!("{}: {}", name(field.as_str()), value(field.as_str(), held))
            })
            .collect();
        said.push(format!("{} {}", event.kind.as_str(), data.join(", ")));
    }
    said.push(format!("withdrawn: {}", is_withdrawn(document)));
    said.sort();
    said
}

/// A field's name, in which parts are called by their place and not by who made them.
fn name(field: &str) -> String {
    let segments = field.split('/').map(|segment| {
        let made = segment.split_once('.').filter(|(actor, _)| {
            // The replica is written without leading zeros.
            !actor.is_empty() && actor.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        made.map_or(segment, |(_, counter)| counter)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A value; of a mark that says since when, only that it says so.
fn value(field: &str, value: &Value) -> String {
    let is_mark = field.contains("import/") || field.ends_with("gone_since");
    match value {
        Value::Instant(_) if is_mark => "then".to_owned(),
        other => format!("{other:?}"),
    }
}
