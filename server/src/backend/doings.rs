//! What a machine did: every write that carries its replica number, read from the documents themselves.
//!
//! A value that somebody has overwritten since is gone from its document, and so from here; what happened (payments,
//! hand-overs, comments) stays for ever.

use shared::clock::UtcMillis;
use shared::document::{Document, EventKind, Field};
use shared::id::{Dot, ReplicaNumber, StaffId};

use super::{BackendError, Hub};

/// Documents read at a time; the store's gate is let go in between.
const PORTION: usize = 500;

/// What a machine wrote into one document.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    /// The document as it stands now, to name it.
    pub(crate) document: Document,
    /// The machine's writes, the latest first.
    pub(crate) writes: Vec<Write>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// When, by the machine's clock.
    pub(crate) at: UtcMillis,
    /// Who was signed in.
    pub(crate) by: Option<StaffId>,
    /// Which write.
    pub(crate) dot: Dot,
    /// What was written.
    pub(crate) what: What,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The value of a field that nobody has overwritten since.
    Field(Field),
    /// Something that happened.
    Event(EventKind),
    /// The order to forget a person.
    Erasure,
}

/// A part of what a machine did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doings {
    /// Documents, the latest changed first.
    pub(crate) doings: Vec<Doing>,
    /// The feed position before which to look further; none when that was all.
    pub(crate) before: Option<u64>,
}

impl Hub {
    /// What a machine did in documents before a feed position: at most `most` documents, after having looked at no more
    /// than `look_at`. Costs what is looked at, whoever wrote it.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn doings(
        &self,
        replica: ReplicaNumber,
        before: Option<u64>,
        most: usize,
        look_at: usize,
    ) -> Result<Doings, BackendError> {
        let mut found = Doings {
            doings: Vec::new(),
            before,
        };
        let mut looked_at = 0;
        while found.doings.len() < most && looked_at < look_at {
            let before = found.before;
            let candidates = self
                .read(move |lists| lists.documents_before(before, PORTION))
                .await?;
            let Some((last, _)) = candidates.last().copied() else {
                found.before = None;
                return Ok(found);
            };
            let is_all = candidates.len() < PORTION;
            looked_at += candidates.len();
            let room = most - found.doings.len();
            let (doings, stopped_at) = self
                .look(move |store| {
                    let mut doings = Vec::new();
                    for (position, id) in candidates {
                        let Some((_, document)) = store.document(id)? else {
                            continue;
                        };
                        let writes = writes_of(&document, replica);
                        if !writes.is_empty() {
                            doings.push(Doing { document, writes });
                        }
                        if doings.len() == room {
                            return Ok((doings, Some(position)));
                        }
                    }
                    Ok((doings, None))
                })
                .await?;
            found.doings.extend(doings);
            found.before = stopped_at.or(Some(last).filter(|_| !is_all));
            if found.before.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// The writes of one replica that a document still shows, the latest first.
fn writes_of(document: &Document, replica: ReplicaNumber) -> Vec<Write> {
    let is_its = |dot: Dot| dot.actor.replica() == replica;
    let fields = document.fields().iter().flat_map(|(field, register)| {
        let versions = register.versions().into_iter();
        versions.map(|version| Write {
            at: version.at.instant(),
            by: version.by,
            dot: version.dot,
            what: What::Field(field.clone()),
        })
    });
    let events = document.events().into_iter().map(|event| Write {
        at: event.at.instant(),
        by: event.by,
        dot: event.dot,
        what: What::Event(event.kind),
    });
    let erasure = document.erasure().map(|erasure| Write {
        at: erasure.at.instant(),
        by: erasure.by,
        dot: erasure.dot,
        what: What::Erasure,
    });
    let mut writes: Vec<Write> = fields
        .chain(events)
        .chain(erasure)
        .filter(|write| is_its(write.dot))
        .collect();
    writes.sort_by_key(|write| std::cmp::Reverse((write.at, write.dot)));
    writes
}
