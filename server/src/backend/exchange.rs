//! One exchange: what a replica brings is judged, merged and made durable; then it gets what it lacks. What that means is
//! decided by [`shared::sync::hub`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::clock::UtcMillis;
use shared::id::{BranchId, DocumentId, ReplicaNumber};
use shared::limits;
use shared::store::StoreError;
use shared::sync::hub::{self, Claim, Counters, Outgoing, Recovery, TakenIn, Takes, Wanted};
use shared::sync::{Peer, judge_encoded};
use shared::wire::{
    Brought, Epoch, Exchange, ExchangeReply, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, Refused,
    WaitReply,
};

use super::backlog::Follow;
use super::join::next_replica;
use super::records::{self, RefusedDelta, Replica};
use super::{BackendError, Hub, Writer};
use crate::{clock, random};

/// Documents from which a push is acknowledged without waiting for the lists: half of a full message. Nobody looks for five
/// hundred orders in the moment they arrive. What comes in such parts is likely to be followed by more.
const BULK: usize = limits::DOCUMENTS_PER_EXCHANGE / 2;

/// The same in bytes: what is brought over from elsewhere may be large, and fewer of it fill a message.
const BULK_BYTES: usize = limits::EXCHANGE_DOCUMENT_BYTES / 4;

/// How long news waits for more of it: short against what a person notices.
const BURST: Duration = Duration::from_millis(20);

/// Where each replica stands in the feed, for as long as the hub runs.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<HashMap<ReplicaNumber, Standing>>);

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Up to where it has been told what changed, by the replies it was sent. Only decides whether a wait is worth ending:
    /// what a lost reply held is asked for again by the replica itself.
    told: u64,
    /// The last position that something it brought was given. Lists that have not come so far lack what the replica
    /// holds, so their digest would look like a difference.
    brought: u64,
}

impl Standings {
    fn note_told(&self, replica: ReplicaNumber, cursor: u64) {
        lock(&self.0).entry(replica).or_default().told = cursor;
    }

    fn note_brought(&self, replica: ReplicaNumber, taken: &TakenIn) {
        if let Some(last) = taken.changed.iter().map(|changed| changed.position).max() {
            let mut standings = lock(&self.0);
            let standing = standings.entry(replica).or_default();
            standing.brought = standing.brought.max(last);
        }
    }

    fn of(&self, replica: ReplicaNumber) -> Standing {
        lock(&self.0).get(&replica).copied().unwrap_or_default()
    }

    /// Positions of a former epoch mean nothing.
    fn forget(&self) {
        lock(&self.0).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn peer(replica: &Replica) -> Peer {
    Peer {
        replica: replica.number,
        role: replica.role,
    }
}

/// Why an exchange did not take place. Nothing of it was taken; the replica keeps everything and tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// A replica of another age.
    #[error(
        "this hub understands protocol versions {OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}, the message has {0}. \
         Upgrade the older side, the hub first; until then everything stays safe where it is"
    )]
    Protocol(u16),
    /// A replica that would not find what it needs in the documents.
    #[error(
        "the message has protocol version {0}; this hub's documents no longer have the form that it needs. \
         Upgrade this machine; until then everything stays safe where it is"
    )]
    Contracted(u16),
    /// More than a batch may have.
    #[error(
        "the message has {0} documents; at most {max} are taken at once. Send the rest in the next message",
        max = limits::DOCUMENTS_PER_EXCHANGE
    )]
    TooMany(usize),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// Takes what a replica brings and says what it lacks. Everything in the reply is durable here.
    ///
    /// # Errors
    /// [`ExchangeError`]; the replica's outbox stays as it is then.
    pub(crate) async fn exchange(
        &self,
        replica: &Replica,
        mut message: Exchange,
    ) -> Result<ExchangeReply, ExchangeError> {
        if !(OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION).contains(&message.protocol) {
            return Err(ExchangeError::Protocol(message.protocol));
        }
        if message.protocol < self.oldest_served() {
            return Err(ExchangeError::Contracted(message.protocol));
        }
        let asked = message.pushed.len().max(message.fetch.len());
        if asked > limits::DOCUMENTS_PER_EXCHANGE {
            return Err(ExchangeError::TooMany(asked));
        }
        let epoch = self
            .epoch_for(message.epoch == Some(self.epoch()), message.cursor)
            .await?;
        let (claim, takes) = self.claim_in(epoch, replica, &message).await?;
        let pushed = std::mem::take(&mut message.pushed);
        let brought = pushed.len();
        let taken = self.take(replica, claim, takes, pushed).await?;
        let cursor = if message.epoch == Some(epoch) {
            message.cursor
        } else {
            0
        };
        self.note_echo(replica.number, claim, cursor, &taken);
        self.inner.standings.note_brought(replica.number, &taken);
        let mut outgoing = match replica.branch.filter(|_| message.want > 0) {
            Some(branch) => {
                let wanted = Wanted {
                    cursor,
                    base: if message.epoch == Some(epoch) {
                        message.base.min(cursor)
                    } else {
                        0
                    },
                    documents: usize::try_from(message.want)
                        .unwrap_or(usize::MAX)
                        .min(limits::DOCUMENTS_PER_EXCHANGE),
                };
                self.outgoing(replica.number, branch, claim, wanted).await?
            }
            None => Outgoing {
                cursor,
                ..Outgoing::default()
            },
        };
        let remaining = match replica.branch.filter(|_| outgoing.more) {
            Some(branch) => self.remaining(branch, outgoing.cursor).await?,
            None => 0,
        };
        // True once the replica has stored this reply, whatever it brought or gets.
        let lists_have_it = self.inner.standings.of(replica.number).brought <= outgoing.cursor;
        let digest = match replica.branch {
            Some(branch) if !outgoing.more && message.want > 0 && lists_have_it => {
                self.scope_digest(branch, outgoing.cursor).await?
            }
            _ => None,
        };
        let was_identical = digest.is_some()
            && digest == message.digest
            && brought == 0
            && outgoing.documents.is_empty();
        self.fetch(replica, &message.fetch, &mut outgoing).await?;
        let now = clock::now();
        let left = message.pending.saturating_sub(brought as u64);
        self.inner.replicas.note(replica.number, |presence| {
            presence.last_contact = now;
            presence.pending = left;
            presence.pending_since = message.pending_since.filter(|_| left > 0);
            presence.clock_ahead_millis = message.clock.millis_since(now);
            presence.set_aside = message.set_aside;
            presence.protocol = message.protocol;
            presence.seen_up_to = if message.epoch == Some(epoch) {
                message.base
            } else {
                0
            };
            if left == 0 && !outgoing.more && message.want > 0 {
                presence.complete_at = Some(now);
            }
            if was_identical {
                presence.identical_at = Some(now);
            }
            if let Some([a, b, c, d, e, f, g, h, ..]) = digest {
                presence.digest = Some((now, [a, b, c, d, e, f, g, h]));
            }
        });
        if message.want > 0 {
            self.inner
                .standings
                .note_told(replica.number, outgoing.cursor);
        }
        Ok(ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch,
            refused: taken.refused,
            documents: outgoing.documents,
            cursor: outgoing.cursor,
            remaining,
            highest_counter: taken.highest_counter,
            takes_back: takes == Takes::Everything,
            digest,
            clock: now,
        })
    }

    /// Answers as soon as something in a branch's scope lies beyond `after`, or at `until`.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn wait(
        &self,
        replica: &Replica,
        after: u64,
        until: tokio::time::Instant,
    ) -> Result<WaitReply, BackendError> {
        let branch = replica.branch;
        let mut head = self.head();
        loop {
            let position = *head.borrow_and_update();
            // What it was told of since it began to wait, its own writes among it, is no news.
            let asked = after;
            let after = if asked > position {
                asked
            } else {
                asked.max(self.inner.standings.of(replica.number).told.min(position))
            };
            let changed = match branch {
                // A position of a former epoch: the exchange says so, and starts over.
                _ if after > position => true,
                Some(branch) => !self
                    .read(move |lists| lists.changes_in_scope(branch, after, 1))
                    .await?
                    .is_empty(),
                None => false,
            };
            let reply = WaitReply {
                epoch: self.epoch(),
                position: if changed { position } else { after },
                changed,
            };
            if changed {
                return Ok(reply);
            }
            match tokio::time::timeout_at(until, head.changed()).await {
                // A burst is one piece of news, and the exchange that caused it may be about to tell.
                Ok(Ok(())) => tokio::time::sleep(BURST).await,
                Ok(Err(_)) => return Err(BackendError::Stopped),
                Err(_) => return Ok(reply),
            }
        }
    }

    /// Takes notice of a contact that is no exchange.
    pub(crate) fn note_contact(&self, replica: ReplicaNumber) {
        let now = clock::now();
        self.inner
            .replicas
            .note(replica, |presence| presence.last_contact = now);
    }

    /// Judges and merges.
    async fn take(
        &self,
        replica: &Replica,
        claim: Claim,
        takes: Takes,
        pushed: Vec<Vec<u8>>,
    ) -> Result<TakenIn, BackendError> {
        let peer = peer(replica);
        let name = records::counters(replica.number);
        if pushed.is_empty() {
            let counters: Option<Counters> =
                self.look(move |store| store.read_record(&name)).await?;
            // A run that speaks for the first time is noted even when it brings nothing.
            let known = hub::nothing_brought(peer, claim, &counters.unwrap_or_default());
            if let Some(taken) = known {
                return Ok(taken);
            }
        }
        let bytes: usize = pushed.iter().map(Vec::len).sum();
        let follow = if pushed.len() >= BULK || bytes >= BULK_BYTES {
            Follow::AtLeisure
        } else if self.lists_behind() >= BULK as u64 {
            // While the lists have much to follow, as in an import, nobody waits for them who brings something to be kept.
            Follow::Soon
        } else {
            Follow::Awaited
        };
        let judged = tokio::task::spawn_blocking(move || {
            pushed
                .into_iter()
                .map(|bytes| {
                    let length = bytes.len();
                    (judge_encoded(bytes, peer, takes), length)
                })
                .unzip::<_, _, Vec<_>, Vec<_>>()
        })
        .await
        .map_err(|_| BackendError::Stopped)?;
        let (verdicts, sizes) = judged;
        let merge = move |writer: &mut Writer| merge_all(writer, peer, claim, verdicts, &sizes);
        let taken = self.write_for(follow, merge).await?;
        metrics::counter!("offpiste_hub_deltas_merged_total").increment(taken.merged);
        metrics::counter!("offpiste_hub_deltas_refused_total")
            .increment(taken.refused.len() as u64);
        Ok(taken)
    }

    /// A cursor beyond the feed's end means that this hub has lost what it once acknowledged: a backup was put back
    /// without saying so. It begins a new epoch by itself, and every branch sends again what is missing here.
    async fn epoch_for(&self, is_same: bool, cursor: u64) -> Result<Epoch, BackendError> {
        let head = *self.inner.shared.head.borrow();
        let former = self.epoch();
        if !is_same || cursor <= head {
            return Ok(former);
        }
        tracing::error!(
            cursor,
            head,
            "a branch has seen more than this hub has: beginning a new epoch. What branches wrote comes back by itself; \
             the office decides whether they also give back what others wrote"
        );
        let (epoch, incarnation) = (random::epoch()?, random::number_u32()?);
        let inner = Arc::clone(&self.inner);
        self.write(move |writer| {
            let mut current = lock(&inner.epoch);
            if *current == former {
                writer.begin_new_life(incarnation)?;
                writer.store().write_record(records::EPOCH, &epoch)?;
                let below = ReplicaNumber(next_replica(writer.store())?);
                let recovery = Recovery::noticed(epoch, clock::now(), below);
                writer.store().write_record(records::RECOVERY, &recovery)?;
                *lock(&inner.recovery) = Some(recovery);
                *current = epoch;
                *lock(&inner.echoes) = hub::Echoes::default();
                inner.standings.forget();
            }
            Ok::<_, BackendError>(*current)
        })
        .await
    }

    fn note_echo(&self, replica: ReplicaNumber, claim: Claim, cursor: u64, taken: &TakenIn) {
        let mut echoes = self
            .inner
            .echoes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if taken.is_stale {
            echoes.forget(replica);
        } else {
            echoes.note(replica, claim, cursor, &taken.changed);
        }
    }

    /// Documents in a branch's scope after a cursor, bounded in number and bytes.
    async fn outgoing(
        &self,
        replica: ReplicaNumber,
        branch: BranchId,
        claim: Claim,
        wanted: Wanted,
    ) -> Result<Outgoing, BackendError> {
        let (head, changes) = self
            .read(move |lists| {
                // The position first: what is applied while the changes are read comes with the next exchange.
                let head = lists.position()?;
                let mut changes =
                    lists.changes_in_scope(branch, wanted.cursor, wanted.documents)?;
                changes.retain(|change| change.position <= head);
                Ok((head, changes))
            })
            .await?;
        let echo = {
            let echoes = self
                .inner
                .echoes
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            echoes.of(replica, claim).cloned()
        };
        self.look(move |store| {
            hub::outgoing(
                store,
                &changes,
                head.max(wanted.cursor),
                wanted,
                echo.as_ref(),
            )
        })
        .await
    }

    /// How many documents of a branch's scope lie beyond a position.
    async fn remaining(&self, branch: BranchId, after: u64) -> Result<u64, BackendError> {
        self.read(move |lists| lists.count_changes_in_scope(branch, after))
            .await
    }

    /// Adds documents that a branch asks for whole. It gets those of its scope, and those it has written in itself.
    async fn fetch(
        &self,
        replica: &Replica,
        ids: &[DocumentId],
        outgoing: &mut Outgoing,
    ) -> Result<(), BackendError> {
        if ids.is_empty() {
            return Ok(());
        }
        let Some(branch) = replica.branch else {
            return Ok(());
        };
        let (number, ids) = (replica.number, ids.to_vec());
        let in_scope: std::collections::BTreeSet<DocumentId> = self
            .read(move |lists| lists.documents_in_scope(branch))
            .await?
            .into_iter()
            .collect();
        let fetched = self
            .look(move |store| {
                let mut fetched = Vec::new();
                for id in ids {
                    let is_allowed = in_scope.contains(&id)
                        || store.document(id).is_ok_and(|stored| {
                            stored.is_some_and(|(_, document)| {
                                document
                                    .dots()
                                    .iter()
                                    .any(|dot| dot.actor.replica() == number)
                            })
                        });
                    if is_allowed {
                        // One that cannot be read is missed by its digest; all else goes on.
                        match store.encoded_document(id) {
                            Ok(encoded) => fetched.extend(encoded),
                            Err(StoreError::Engine(error)) => return Err(error.into()),
                            Err(error) => tracing::error!(%id, %error, "not sent"),
                        }
                    }
                }
                Ok(fetched)
            })
            .await?;
        outgoing
            .documents
            .extend(fetched.into_iter().map(|bytes| Brought {
                bytes,
                is_part: false,
            }));
        Ok(())
    }
}

/// Merges on the writer's thread, and keeps what the office should see of it.
fn merge_all(
    writer: &mut Writer,
    peer: Peer,
    claim: Claim,
    verdicts: Vec<shared::sync::Verdict>,
    sizes: &[usize],
) -> Result<TakenIn, BackendError> {
    let name = records::counters(peer.replica);
    let mut counters: Counters = writer.store().read_record(&name)?.unwrap_or_default();
    let taken = hub::take_in(writer, peer, claim, &mut counters, verdicts)?;
    if taken.has_new_counters {
        writer.store().write_record(&name, &counters)?;
    }
    for document in &taken.given_back {
        let given = records::GivenBack {
            at: clock::now(),
            replica: peer.replica,
            document: *document,
        };
        let name = records::given_back(peer.replica, *document);
        writer.store().write_record(&name, &given)?;
    }
    let kept: Vec<RefusedDelta> = taken
        .refused
        .iter()
        .zip(&taken.refused_documents)
        .map(|(refused, document)| RefusedDelta {
            at: clock::now(),
            replica: peer.replica,
            document: *document,
            reason: refused.reason.clone(),
            bytes: size_of(refused, sizes),
        })
        .collect();
    keep_refused(writer, &kept)?;
    Ok(taken)
}

fn size_of(refused: &Refused, sizes: &[usize]) -> u64 {
    sizes
        .get(refused.index as usize)
        .map_or(0, |bytes| *bytes as u64)
}

fn keep_refused(writer: &Writer, refused: &[RefusedDelta]) -> Result<(), BackendError> {
    if refused.is_empty() {
        return Ok(());
    }
    let store = writer.store();
    let now: UtcMillis = clock::now();
    for (index, delta) in refused.iter().enumerate() {
        tracing::warn!(
            replica = delta.replica.0,
            reason = delta.reason,
            "a delta was refused; its sender keeps it"
        );
        store.write_record(&records::refused(now, index), delta)?;
    }
    let known = store.records::<RefusedDelta>(records::REFUSED, usize::MAX)?;
    for (name, _) in known
        .iter()
        .take(known.len().saturating_sub(records::MAX_REFUSED))
    {
        store.remove_record(name)?;
    }
    Ok(())
}
