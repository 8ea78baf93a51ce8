//! What people at a branch are told while an old system is being replaced by this one.
//!
//! It stands in the branch's own document, so it reaches the counters as every change does, with or without a line at that
//! moment, and branches can be switched over one after another.

use super::people::text;
use crate::clock::UtcMillis;
use crate::document::{Authoring, Change, Document, Field, Value};

/// How far a branch's change from the old system has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeoverState {
    /// The old system is being switched off: nothing is entered there any more, and the last of it is on its way.
    SwitchingOff,
    /// The old system is off.
    SwitchedOff,
}

impl ChangeoverState {
    /// The code in stored documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SwitchingOff => "switching_off",
            Self::SwitchedOff => "switched_off",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::SwitchingOff, Self::SwitchedOff]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// A branch's change from an old system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changeover {
    /// How far it is.
    pub state: ChangeoverState,
    /// What people call the old system.
    pub system: String,
    /// Until when it is worth telling. A switch-over that was broken off must not be told for ever.
    pub until: UtcMillis,
}

impl Changeover {
    /// Field: text, a code; another text ends it.
    pub const STATE: &'static str = "changeover/state";
    /// Field: text.
    pub const SYSTEM: &'static str = "changeover/system";
    /// Field: instant.
    pub const UNTIL: &'static str = "changeover/until";

    /// What a branch's document says.
    pub(super) fn of(document: &Document) -> Option<Self> {
        Some(Self {
            state: ChangeoverState::from_code(&text(document, Self::STATE)?)?,
            system: text(document, Self::SYSTEM).unwrap_or_default(),
            until: document.newest(Self::UNTIL)?.as_instant()?,
        })
    }

    /// Writes it into a branch's document; none ends it.
    pub fn write(changeover: Option<&Self>, change: &mut Change<'_>, authoring: &mut Authoring) {
        let mut set =
            |name: &'static str, value: Value| change.set(authoring, Field::known(name), value);
        match changeover {
            Some(changeover) => {
                set(Self::STATE, changeover.state.code().into());
                set(Self::SYSTEM, changeover.system.as_str().into());
                set(Self::UNTIL, changeover.until.into());
            }
            None => set(Self::STATE, "none".into()),
        }
    }

    /// Whether it is told at this moment.
    pub fn is_told(&self, now: UtcMillis) -> bool {
        now < self.until
    }

    /// Whether the last of the old system is on its way at this moment.
    pub fn is_switching_off(&self, now: UtcMillis) -> bool {
        self.state == ChangeoverState::SwitchingOff && self.is_told(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Hlc;
    use crate::domain::Branch;
    use crate::domain::fields::{kind, known_kind};
    use crate::id::{Actor, DocumentId, ReplicaNumber};

    #[test]
    fn a_switch_over_is_told_until_its_time_and_can_be_ended() {
        let now = UtcMillis(1_000_000);
        let actor = Actor::new(ReplicaNumber::HUB, 1);
        let mut authoring = Authoring::new(actor, 0, Hlc::at(now), None);
        let changeover = Changeover {
            state: ChangeoverState::SwitchingOff,
            system: "Werkstatt".to_owned(),
            until: UtcMillis(now.0 + 1_000),
        };
        let mut document = Document::new(DocumentId::named("chur"), known_kind(kind::BRANCH));
        let mut change = Change::of(&document);
        Changeover::write(Some(&changeover), &mut change, &mut authoring);
        let delta = change.finish();
        document.merge(delta).expect("it is the same document");
        let told = Branch::of(&document).and_then(|branch| branch.changeover);
        assert_eq!(told.as_ref(), Some(&changeover));
        assert!(changeover.is_switching_off(now));
        assert!(!changeover.is_told(UtcMillis(now.0 + 1_000)));

        let mut change = Change::of(&document);
        Changeover::write(None, &mut change, &mut authoring);
        let delta = change.finish();
        document.merge(delta).expect("it is the same document");
        assert_eq!(
            Branch::of(&document).and_then(|branch| branch.changeover),
            None
        );
    }
}
