//! Writes that a branch makes again under another identity, each with the write that it was.

use shared::document::{Document, Field, Register};
use shared::id::{DocumentId, Dot};

/// A write that was made again under another identity.
#[derive(Clone, Debug)]
pub struct MadeAgain {
    /// In which document.
    pub document: DocumentId,
    /// What it was, with what it had seen; none for an event.
    pub former: Option<(Field, shared::document::Version)>,
    /// Its former dot.
    pub former_dot: Dot,
    /// Its present dot.
    pub dot: Dot,
}

impl MadeAgain {
    /// Whether a write to a field was overwritten by what was made again.
    pub fn has_seen(&self, field: &Field, dot: Dot) -> bool {
        self.former
            .as_ref()
            .is_some_and(|(of, version)| of == field && version.has_seen(dot))
    }
}

/// The writes of two states of a delta that are the same but for their dots.
pub(super) fn same_writes(
    document: DocumentId,
    former: &Document,
    again: &Document,
) -> Vec<MadeAgain> {
    let mut same = Vec::new();
    for (field, register) in former.fields() {
        let others = again.register(field.as_str());
        let others = others.map(Register::versions).unwrap_or_default();
        for version in register.versions() {
            let twin = others.iter().find(|twin| twin.value == version.value);
            same.extend(twin.map(|twin| MadeAgain {
                document,
                former_dot: version.dot,
                former: Some((field.clone(), version)),
                dot: twin.dot,
            }));
        }
    }
    let mut events = again.events();
    for event in former.events() {
        let twin = events
            .iter()
            .find(|twin| twin.kind == event.kind && twin.data == event.data)
            .cloned();
        if let Some(twin) = twin {
            events.remove(&twin);
            same.push(MadeAgain {
                document,
                former: None,
                former_dot: event.dot,
                dot: twin.dot,
            });
        }
    }
    same.retain(|made| made.former_dot != made.dot);
    same
}
