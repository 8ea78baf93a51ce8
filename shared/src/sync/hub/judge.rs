//! What may be merged.

use crate::document::{Document, Encoded, Kind, format};
use crate::domain::fields::kind;
use crate::id::{Actor, DocumentId, ReplicaNumber};
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
    /// It may be merged, and was not built to know that.
    MergeEncoded(Encoded),
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
    let actors = delta.dots().into_iter().map(|dot| dot.actor);
    let has_fields = !delta.fields().is_empty();
    match refusal(actors, delta.id(), delta.kind(), has_fields, peer) {
        Some((code, reason)) => Verdict::Refuse(code, reason),
        None => Verdict::Merge(delta),
    }
}

/// Like [`judge`], for bytes that are merged as they are: nothing is built. The judgement is the same.
pub fn judge_encoded(bytes: Vec<u8>, peer: Peer) -> Verdict {
    let delta = match Encoded::inspect(bytes) {
        Ok(delta) => delta,
        Err((_, error)) => {
            return Verdict::Refuse(RefusalCode::Unreadable, error.to_string());
        }
    };
    let actors = delta.dots().iter().map(|dot| dot.actor);
    match refusal(actors, delta.id(), delta.kind(), delta.has_fields(), peer) {
        Some((code, reason)) => Verdict::Refuse(code, reason),
        None => Verdict::MergeEncoded(delta),
    }
}

/// Why a delta with these writers may not be merged.
fn refusal(
    actors: impl Iterator<Item = Actor>,
    id: DocumentId,
    kind: &Kind,
    has_fields: bool,
    peer: Peer,
) -> Option<(RefusalCode, String)> {
    let foreign = actors.filter(|actor| actor.replica() != peer.replica).min();
    if let Some(actor) = foreign {
        return Some((
            RefusalCode::ForeignWrites,
            format!(
                "it holds a write of replica {}, but replica {} sent it",
                actor.replica().0,
                peer.replica.0
            ),
        ));
    }
    if peer.role == ReplicaRole::Branch && is_reserved_for_the_office(kind.as_str(), has_fields) {
        return Some((
            RefusalCode::NotAllowed,
            format!("a branch may not change {kind} {id}"),
        ));
    }
    None
}

fn is_reserved_for_the_office(kind: &str, has_fields: bool) -> bool {
    let is_catalogue = crate::domain::Catalogue::holds_kind(kind);
    // On staff, a branch records events only; names, roles and PINs are the office's.
    is_catalogue && (!BRANCH_KINDS.contains(&kind) || has_fields)
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
            Verdict::Merge(_) | Verdict::MergeEncoded(_) => None,
            Verdict::Refuse(code, _) => Some(*code),
        }
    }

    /// Both ways of judging, which must agree.
    fn judge(bytes: &[u8], peer: Peer) -> Verdict {
        let verdict = super::judge(bytes, peer);
        let encoded = judge_encoded(bytes.to_vec(), peer);
        match (&verdict, &encoded) {
            (Verdict::Merge(built), Verdict::MergeEncoded(encoded)) => {
                assert_eq!(encoded.decode().as_ref(), Ok(built));
            }
            _ => assert_eq!(verdict, encoded),
        }
        verdict
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
