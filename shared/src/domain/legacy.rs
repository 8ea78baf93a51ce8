//! What the import of a legacy database leaves on documents: who imported, what is gone there, what was taken back.

use std::collections::BTreeSet;

use super::fields::{event, import};
use crate::clock::UtcMillis;
use crate::document::{Document, Register, Value};
use crate::id::ReplicaNumber;

/// What only an importer records.
const BY_IMPORTERS: [&str; 4] = [
    event::IMPORTED,
    event::SYNCED,
    event::GONE,
    event::TAKEN_BACK,
];

/// Whether only an importer records events of this kind.
pub fn is_by_importers(kind: &str) -> bool {
    BY_IMPORTERS.contains(&kind)
}

/// The replicas that brought a document over, or carried changes to it. Empty for one that was made here.
pub fn importers(document: &Document) -> BTreeSet<ReplicaNumber> {
    document
        .event_set()
        .iter()
        .filter(|event| is_by_importers(event.kind.as_str()))
        .map(|event| event.dot.actor.replica())
        .collect()
}

/// Since when the row of a document is missing in the legacy database, while nobody has decided what that means.
pub fn gone_since(document: &Document) -> Option<UtcMillis> {
    document
        .newest(import::GONE_SINCE)
        .as_ref()
        .and_then(Value::as_instant)
}

/// Whether a document was taken back with its import: lists, searches and totals leave it out. A write of anybody but an
/// importer brings it back, whenever it arrives, so that nothing that somebody wrote ever disappears.
pub fn is_withdrawn(document: &Document) -> bool {
    document.newest(import::WITHDRAWN_AT).is_some() && !is_touched(document)
}

/// Whether anybody but an importer has written in a document.
pub fn is_touched(document: &Document) -> bool {
    let importers = importers(document);
    let by_others = |dot: crate::id::Dot| !importers.contains(&dot.actor.replica());
    document
        .fields()
        .values()
        .flat_map(Register::as_slice)
        // What an importer writes back in somebody's name is theirs.
        .any(|version| version.by.is_some() || by_others(version.dot))
        || document
            .event_set()
            .iter()
            .any(|event| by_others(event.dot))
        || document
            .erasure()
            .is_some_and(|erasure| by_others(erasure.dot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Hlc;
    use crate::document::{Authoring, Change};
    use crate::domain::fields;
    use crate::id::{Actor, DocumentId};

    fn authoring(replica: u32, counter: u64) -> Authoring {
        let actor = Actor::new(ReplicaNumber(replica), 1);
        Authoring::new(actor, counter, Hlc::at(UtcMillis(1_000)), None)
    }

    #[test]
    fn what_was_taken_back_returns_with_the_first_write_of_a_person() {
        let mut importer = authoring(9, 0);
        let mut change = Change::create(
            DocumentId::named("order/1"),
            fields::known_kind(fields::kind::ORDER),
        );
        change.set(&mut importer, fields::known("status"), "open");
        change.record(&mut importer, fields::known_kind(event::IMPORTED), []);
        let imported = change.finish();
        assert!(!is_withdrawn(&imported));

        let mut change = Change::of(&imported);
        change.set(
            &mut importer,
            fields::known(import::WITHDRAWN_AT),
            UtcMillis(5),
        );
        let mut withdrawn = imported.clone();
        withdrawn.merge(change.finish()).expect("the same document");
        assert!(is_withdrawn(&withdrawn));

        // A branch that had not heard of it writes meanwhile.
        let mut change = Change::of(&imported);
        change.set(&mut authoring(3, 0), fields::known("status"), "in_work");
        withdrawn.merge(change.finish()).expect("the same document");
        assert!(is_touched(&withdrawn) && !is_withdrawn(&withdrawn));
    }
}
