//! Changes of the documents' own schema, once documents exist: steps as values, decided here and carried out elsewhere.
//!
//! | | when | does |
//! |---|---|---|
//! | **expand** | is a release | programs write the new form beside the old and read either; nothing is done to documents |
//! | **backfill** | after it | the hub completes the documents that have only the old form |
//! | **contract** | a later release | the hub empties the old form, once no enrolled machine needs it |
//!
//! Documents are changed by ordinary writes of the hub's own actor that have seen what is there: what a branch that was
//! away writes meanwhile stands beside or above them, as with any other write. **A step done twice is a step done once**:
//! what it does to a document follows from the document, and for a document that is as it should be that is nothing.

mod decision;
mod progress;
mod steps;
mod vat_code;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Field, Value};
use crate::domain::Catalogue;
use crate::wire::PROTOCOL_VERSION;

pub use decision::{Decision, change, decide};
pub use progress::{
    Batch, FAILING_KEPT, Failing, Phase, Progress, Refused, Speaker, begin, obstacles, record_batch,
};
pub use steps::{Flaw, Schema};

/// A step's number. Given once, in the order in which steps are made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepNumber(pub u16);

/// A release, known by the protocol version it speaks: a release that expands a step raises that version, so that the hub
/// sees at every contact which machines know the new form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Release(pub u16);

impl Release {
    /// The release that this program is.
    pub const RUNNING: Self = Self(PROTOCOL_VERSION);
}

/// Numbers of steps that released programs know. What such a step is called and does to documents never changes again.
pub const RELEASED: RangeInclusive<u16> = 1..=1;

/// Numbers for steps that are in the making. They may still change, and no hub carries them out.
pub const PLANNED: RangeInclusive<u16> = 2..=999;

/// Why a document stays as it is though it should not.
pub type Lacking = String;

/// Fields with the values they should have.
pub type Fields = Vec<(Field, Value)>;

/// One change of the documents' schema.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its number.
    pub number: StepNumber,
    /// A short name.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// Steps that must be backfilled before this one is.
    pub needs: &'static [StepNumber],
    /// The kind of document that it is about.
    pub kind: &'static str,
    /// The release from which on programs write the new form beside the old and read either.
    pub expanded_in: Release,
    /// The first release that may empty the old form.
    pub contracted_in: Release,
    /// What a document's new form must be; nothing when it has none. It is written where it is not so.
    pub complete: fn(&Document, &Catalogue) -> Result<Fields, Lacking>,
    /// What is left of a document's old form once the new one stands alone.
    pub reduce: fn(&Document, &Catalogue) -> Result<Fields, Lacking>,
    /// Whether a field belongs to the new form.
    pub is_new: fn(&Field) -> bool,
}

/// What is being done to the documents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// The new form is added where it is missing.
    Backfill,
    /// The old form is emptied.
    Contract,
    /// The new form is emptied where the hub had added it.
    Rollback,
}

#[cfg(test)]
mod laws;
