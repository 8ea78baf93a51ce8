//! What may be merged.

use crate::document::{Document, format};
use crate::domain::fields::kind;
use crate::id::{Actor, ReplicaNumber};
use crate::wire::{RefusalCode, ReplicaRole};

/// Who sends, as the hub knows from the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The replica's number.
    pub replica: ReplicaNumber,
    /// What it is for.
    pub role: ReplicaRole,
}

/// The judgement on a pushed delta.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It may be merged.
    Merge(Document),
    /// It may not.
    Refuse(RefusalCode, String),
}

/// Kinds a counter may write. Catalogue, branches and roles are the office's; unlocking a colleague is audited on staff.
const BRANCH_KINDS: [&str; 3] = [kind::ORDER, kind::CUSTOMER, kind::STAFF];

/// Whether `bytes` may be merged when `peer` sends them. Writes of other replicas are refused: a token writes in its own
/// name only, whatever it has read.
pub fn judge(bytes: &[u8], peer: Peer) -> Verdict {
    let delta = match format::decode(bytes) {
        Ok(delta) => delta,
        Err(error) => return Verdict::Refuse(RefusalCode::Unreadable, error.to_string()),
    };
    let foreign: Option<Actor> = delta
        .dots()
        .into_iter()
        .map(|dot| dot.actor)
        .find(|actor| actor.replica() != peer.replica);
    if let Some(actor) = foreign {
        return Verdict::Refuse(
            RefusalCode::ForeignWrites,
            format!(
                "it holds a write of replica {}, but replica {} sent it",
                actor.replica().0,
                peer.replica.0
            ),
        );
    }
    if peer.role == ReplicaRole::Branch && is_reserved_for_the_office(&delta) {
        return Verdict::Refuse(
            RefusalCode::NotAllowed,
            format!("a branch may not change {}", describe(&delta)),
        );
    }
    Verdict::Merge(delta)
}

fn is_reserved_for_the_office(delta: &Document) -> bool {
    let name = delta.kind().as_str();
    let is_catalogue = crate::domain::Catalogue::holds_kind(name);
    // On staff, a branch records events only; names, roles and PINs are the office's.
    is_catalogue && (!BRANCH_KINDS.contains(&name) || !delta.fields().is_empty())
}

fn describe(delta: &Document) -> String {
    format!("{} {}", delta.kind(), delta.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Hlc, UtcMillis};
    use crate::document::{Authoring, Change, Field, Kind};
    use crate::id::DocumentId;

    const BRANCH: Peer = Peer {
        replica: ReplicaNumber(7),
        role: ReplicaRole::Branch,
    };

    fn delta(kind: &'static str, replica: u32) -> Vec<u8> {
        let actor = Actor::new(ReplicaNumber(replica), 1);
        let mut authoring = Authoring::new(actor, 0, Hlc::at(UtcMillis(1)), None);
        let mut change = Change::create(DocumentId::named("x"), Kind::known(kind));
        change.set(&mut authoring, Field::known("name"), "x");
        format::encode(&change.finish())
    }

    fn code(verdict: &Verdict) -> Option<RefusalCode> {
        match verdict {
            Verdict::Merge(_) => None,
            Verdict::Refuse(code, _) => Some(*code),
        }
    }

    #[test]
    fn a_branch_writes_orders_in_its_own_name_only() {
        assert_eq!(code(&judge(&delta("order", 7), BRANCH)), None);
        assert_eq!(
            code(&judge(&delta("order", 8), BRANCH)),
            Some(RefusalCode::ForeignWrites)
        );
        assert_eq!(
            code(&judge(&delta("service", 7), BRANCH)),
            Some(RefusalCode::NotAllowed)
        );
        assert_eq!(
            code(&judge(&delta("staff", 7), BRANCH)),
            Some(RefusalCode::NotAllowed)
        );
        assert_eq!(code(&judge(&[], BRANCH)), Some(RefusalCode::Unreadable));
        let importer = Peer {
            role: ReplicaRole::Importer,
            ..BRANCH
        };
        assert_eq!(code(&judge(&delta("service", 7), importer)), None);
    }

    #[test]
    fn a_kind_of_a_later_version_is_carried() {
        assert_eq!(code(&judge(&delta("appointment", 7), BRANCH)), None);
    }
}
