//! Which value of a field shows while replicas disagree, and the disagreements that a person decides.

use super::axes::{Custody, Phase, StatusCode};
use crate::clock::UtcMillis;
use crate::document::{Document, Register, Value, Version};
use crate::domain::fields::order;
use crate::id::{Actor, StaffId};

/// Values that replicas wrote without having seen each other's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: String,
    /// The values, in the order of their dots.
    pub candidates: Vec<Candidate>,
    /// Which of them shows meanwhile.
    pub shown: usize,
    /// Why that one.
    pub rule: Rule,
}

/// One of the values of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// When it was written, by the writer's clock.
    pub at: UtcMillis,
    /// By whom.
    pub by: Option<StaffId>,
    /// At which replica.
    pub actor: Actor,
}

/// Which rule picks the value that shows while a conflict is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// What cannot be undone wins, whatever the clocks say: a piece handed out is gone, finished work is finished.
    PhysicalFact,
    /// The newest stamp wins, then the higher dot.
    Newest,
}

/// All fields of a document in which replicas disagree, by the policy of each.
pub fn conflicts(document: &Document) -> Vec<Conflict> {
    document
        .fields()
        .iter()
        .filter(|(_, register)| register.is_in_conflict())
        .map(|(field, register)| {
            let versions = register.versions();
            let shown = shown_version(field.as_str(), register).map(|version| version.dot);
            Conflict {
                field: field.as_str().to_owned(),
                shown: versions
                    .iter()
                    .position(|version| Some(version.dot) == shown)
                    .unwrap_or(0),
                rule: rule_of(field.as_str()),
                candidates: versions
                    .into_iter()
                    .map(|version| Candidate {
                        value: version.value,
                        at: version.at.instant(),
                        by: version.by,
                        actor: version.dot.actor,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The value of a field that shows, by the field's policy; `None` when never written or set to null.
pub(super) fn shown(document: &Document, field: &str) -> Option<Value> {
    let version = shown_version(field, document.register(field)?)?;
    Some(version.value).filter(|value| *value != Value::Null)
}

pub(super) fn shown_version(field: &str, register: &Register) -> Option<Version> {
    match rule_of(field) {
        Rule::Newest => register.newest(),
        Rule::PhysicalFact => register
            .versions()
            .into_iter()
            .max_by_key(|version| (finality(&version.value), version.at, version.dot)),
    }
}

fn rule_of(field: &str) -> Rule {
    let last = field.rsplit('/').next().unwrap_or(field);
    if field == order::STATUS || last == "custody" {
        Rule::PhysicalFact
    } else {
        Rule::Newest
    }
}

/// How hard a fact is to undo; the greater wins while two stand side by side.
fn finality(value: &Value) -> u8 {
    let Some(code) = value.as_text() else {
        return 0;
    };
    match Custody::from_code(code) {
        Custody::Customer => 9,
        Custody::Van => 8,
        Custody::Rack(_) => 7,
        Custody::Workshop(_) => 6,
        Custody::Branch(_) => 5,
        Custody::Unknown(_) => match StatusCode::from_code(code).phase {
            Phase::Done => 4,
            Phase::InWork => 3,
            Phase::Blocked => 2,
            Phase::Cancelled => 1,
            Phase::Open => 0,
        },
    }
}
