//! What a step does to one document.

use super::{Fields, Lacking, Step, Work};
use crate::document::{Authoring, Change, Document, Value};
use crate::domain::Catalogue;
use crate::id::ReplicaNumber;

/// What is to be done to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it is as it should be, or not what the step is about.
    Nothing,
    /// These fields are to be written.
    Write(Fields),
    /// It should be changed and cannot be.
    Lacking(Lacking),
}

/// Decides from the document and the catalogue alone, so that deciding again after it was done decides for nothing.
pub fn decide(step: &Step, work: Work, document: &Document, catalogue: &Catalogue) -> Decision {
    if document.kind().as_str() != step.kind {
        return Decision::Nothing;
    }
    let complete = || missing(document, (step.complete)(document, catalogue));
    match work {
        Work::Backfill => complete(),
        // What was written in the old form since the backfill is completed first; its rest goes at the next look.
        Work::Contract => match complete() {
            Decision::Nothing => missing(document, (step.reduce)(document, catalogue)),
            unfinished => unfinished,
        },
        Work::Rollback => missing(document, Ok(added_by_the_hub(step, document))),
    }
}

fn missing(document: &Document, wanted: Result<Fields, Lacking>) -> Decision {
    let fields = match wanted {
        Ok(fields) => fields.into_iter(),
        Err(lacking) => return Decision::Lacking(lacking),
    };
    let missing: Fields = fields
        .filter(|(field, value)| !is_so(document, field.as_str(), value))
        .collect();
    if missing.is_empty() {
        Decision::Nothing
    } else {
        Decision::Write(missing)
    }
}

/// The delta that carries a decision out: ordinary writes that have seen what is there.
pub fn change(document: &Document, fields: Fields, authoring: &mut Authoring) -> Document {
    let mut change = Change::of(document);
    for (field, value) in fields {
        change.set(authoring, field, value);
    }
    change.finish()
}

/// The new form is taken back where nobody but the hub has written it. What a replica wrote stays: it knows why.
fn added_by_the_hub(step: &Step, document: &Document) -> Fields {
    let fields = document.fields().iter();
    fields
        .filter(|(field, _)| (step.is_new)(field))
        .filter(|(_, register)| {
            let mut dots = register.dots();
            dots.all(|dot| dot.actor.replica() == ReplicaNumber::HUB)
        })
        .map(|(field, _)| (field.clone(), Value::Null))
        .collect()
}

fn is_so(document: &Document, field: &str, wanted: &Value) -> bool {
    match document.register(field) {
        None => *wanted == Value::Null,
        Some(register) => {
            let mut versions = register.as_slice().iter();
            versions.all(|version| version.value == *wanted)
        }
    }
}
