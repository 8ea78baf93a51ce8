//! What may be merged.

use super::Takes;
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
/// name only, whatever it has read; except while the hub [takes back](super::Recovery) what it has lost.
pub fn judge(bytes: &[u8], peer: Peer, takes: Takes) -> Verdict {
    let delta = match format::decode(bytes) {
        Ok(delta) => delta,
        Err(error) => return Verdict::Refuse(RefusalCode::Unreadable, error.to_string()),
    };
    let actors = delta.dots().into_iter().map(|dot| dot.actor);
    let has_fields = !delta.fields().is_empty();
    let own_part = || delta.part_written_by(peer.replica);
    match refusal(
        actors,
        (delta.id(), delta.kind(), has_fields),
        peer,
        takes,
        own_part,
    ) {
        Some((code, reason)) => Verdict::Refuse(code, reason),
        None => Verdict::Merge(delta),
    }
}

/// Like [`judge`], for bytes that are merged as they are: nothing is built. The judgement is the same.
pub fn judge_encoded(bytes: Vec<u8>, peer: Peer, takes: Takes) -> Verdict {
    let delta = match Encoded::inspect(bytes) {
        Ok(delta) => delta,
        Err((_, error)) => {
            return Verdict::Refuse(RefusalCode::Unreadable, error.to_string());
        }
    };
    let actors = delta.dots().iter().map(|dot| dot.actor);
    let what = (delta.id(), delta.kind(), delta.has_fields());
    let own_part = || delta.decode().ok()?.part_written_by(peer.replica);
    match refusal(actors, what, peer, takes, own_part) {
        Some((code, reason)) => Verdict::Refuse(code, reason),
        None => Verdict::MergeEncoded(delta),
    }
}

/// Why a delta with these writers may not be merged: given which document it belongs to, of which kind, and whether any field
/// was written. `own_part` is asked for only where others wrote too.
fn refusal(
    actors: impl Iterator<Item = Actor>,
    (id, kind, has_fields): (DocumentId, &Kind, bool),
    peer: Peer,
    takes: Takes,
    own_part: impl FnOnce() -> Option<Document>,
) -> Option<(RefusalCode, String)> {
    let foreign = actors.filter(|actor| actor.replica() != peer.replica).min();
    if let Some(actor) = foreign.filter(|_| takes == Takes::OwnWrites) {
        return Some((
            RefusalCode::ForeignWrites,
            format!(
                "it holds a write of replica {}, but replica {} sent it",
                actor.replica().0,
                peer.replica.0
            ),
        ));
    }
    // Of what others wrote, the office among them, nothing is forbidden to give back.
    let own_has_fields = match foreign {
        None => Some(has_fields),
        Some(_) => own_part().map(|part| !part.fields().is_empty()),
    };
    let is_reserved = own_has_fields
        .is_some_and(|has_fields| is_reserved_for_the_office(kind.as_str(), has_fields));
    if peer.role == ReplicaRole::Branch && is_reserved {
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
    fn judge(bytes: &[u8], peer: Peer, takes: Takes) -> Verdict {
        let verdict = super::judge(bytes, peer, takes);
        let encoded = judge_encoded(bytes.to_vec(), peer, takes);
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
        assert_eq!(
            code(&judge(&delta("order", 7), BRANCH, Takes::OwnWrites)),
            None
        );
        assert_eq!(
            code(&judge(&delta("order", 8), BRANCH, Takes::OwnWrites)),
            Some(RefusalCode::ForeignWrites)
        );
        assert_eq!(
            code(&judge(&delta("service", 7), BRANCH, Takes::OwnWrites)),
            Some(RefusalCode::NotAllowed)
        );
        assert_eq!(
            code(&judge(&delta("staff", 7), BRANCH, Takes::OwnWrites)),
            Some(RefusalCode::NotAllowed)
        );
        assert_eq!(
            code(&judge(&[], BRANCH, Takes::OwnWrites)),
            Some(RefusalCode::Unreadable)
        );
        let importer = Peer {
            role: ReplicaRole::Importer,
            ..BRANCH
        };
        assert_eq!(
            code(&judge(&delta("service", 7), importer, Takes::OwnWrites)),
            None
        );
    }

    #[test]
    fn a_hub_that_has_lost_something_takes_it_back_whoever_wrote_it() {
        for (kind, writer) in [("order", 8), ("service", 0)] {
            let verdict = judge(&delta(kind, writer), BRANCH, Takes::Everything);
            assert_eq!(code(&verdict), None);
        }
        assert_eq!(
            code(&judge(&delta("service", 7), BRANCH, Takes::Everything)),
            Some(RefusalCode::NotAllowed),
            "what the branch wrote itself was never its to write"
        );
    }

    #[test]
    fn a_kind_of_a_later_version_is_carried() {
        assert_eq!(
            code(&judge(&delta("appointment", 7), BRANCH, Takes::OwnWrites)),
            None
        );
    }
}
