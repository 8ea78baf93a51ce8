//! One exchange: what a replica brings is judged, merged and made durable; then it gets what it lacks.

use shared::clock::UtcMillis;
use shared::document::Document;
use shared::id::{BranchId, DocumentId, ReplicaNumber};
use shared::limits;
use shared::store::{HubStore, StoreError};
use shared::sync::{Peer, Verdict, judge};
use shared::wire::{
    Exchange, ExchangeReply, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, RefusalCode, Refused,
    WaitReply,
};

use super::records::{self, Counters, RefusedDelta, Replica};
use super::{BackendError, Hub, Writer};
use crate::{clock, random};

/// Why an exchange did not take place. Nothing of it was taken; the replica keeps everything and tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// A replica of another age.
    #[error(
        "this hub understands protocol versions {OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}, the message has {0}. \
         Upgrade the older side, the hub first; until then everything stays safe where it is"
    )]
    Protocol(u16),
    /// More than a batch may have.
    #[error(
        "the message pushes {0} documents; at most {max} are taken at once. Send the rest in the next message",
        max = limits::DOCUMENTS_PER_EXCHANGE
    )]
    TooMany(usize),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// What a reply brings.
#[derive(Default)]
struct Outgoing {
    documents: Vec<Vec<u8>>,
    cursor: u64,
    more: bool,
}

impl Hub {
    /// Takes what a replica brings and says what it lacks. Everything in the reply is durable here.
    ///
    /// # Errors
    /// [`ExchangeError`]; the replica's outbox stays as it is then.
    pub(crate) async fn exchange(
        &self,
        replica: &Replica,
        message: Exchange,
    ) -> Result<ExchangeReply, ExchangeError> {
        if !(OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION).contains(&message.protocol) {
            return Err(ExchangeError::Protocol(message.protocol));
        }
        if message.pushed.len() > limits::DOCUMENTS_PER_EXCHANGE {
            return Err(ExchangeError::TooMany(message.pushed.len()));
        }
        let pushed = message.pushed.len();
        let (refused, highest_counter) = self.take(replica, message.pushed).await?;
        let epoch = self
            .epoch_for(message.epoch == Some(self.epoch()), message.cursor)
            .await?;
        let cursor = if message.epoch == Some(epoch) {
            message.cursor
        } else {
            0
        };
        let outgoing = match replica.branch.filter(|_| message.want > 0) {
            Some(branch) => self.outgoing(branch, cursor, message.want).await?,
            None => Outgoing {
                cursor,
                ..Outgoing::default()
            },
        };
        let is_quiet = pushed == 0 && outgoing.documents.is_empty() && !outgoing.more;
        let digest = match replica.branch {
            Some(branch) if is_quiet && message.want > 0 => {
                self.scope_digest(branch, outgoing.cursor).await?
            }
            _ => None,
        };
        let now = clock::now();
        let left = message.pending.saturating_sub(pushed as u64);
        self.inner.replicas.note(replica.number, |presence| {
            presence.last_contact = now;
            presence.pending = left;
            presence.pending_since = message.pending_since.filter(|_| left > 0);
            presence.clock_ahead_millis = message.clock.millis_since(now);
            if left == 0 && !outgoing.more {
                presence.complete_at = Some(now);
            }
            if let Some([a, b, c, d, e, f, g, h, ..]) = digest {
                presence.digest = Some((now, [a, b, c, d, e, f, g, h]));
            }
        });
        Ok(ExchangeReply {
            protocol: PROTOCOL_VERSION,
            epoch,
            refused,
            documents: outgoing.documents,
            cursor: outgoing.cursor,
            more: outgoing.more,
            highest_counter,
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
        branch: Option<BranchId>,
        after: u64,
        until: tokio::time::Instant,
    ) -> Result<WaitReply, BackendError> {
        let mut head = self.head();
        loop {
            let position = *head.borrow_and_update();
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
                Ok(Ok(())) => {}
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

    /// Judges and merges. Returns what was refused, and the highest counter seen of the replica.
    async fn take(
        &self,
        replica: &Replica,
        pushed: Vec<Vec<u8>>,
    ) -> Result<(Vec<Refused>, u64), BackendError> {
        let number = replica.number;
        let peer = Peer {
            replica: number,
            role: replica.role,
        };
        if pushed.is_empty() {
            let name = records::counters(number);
            let counters: Option<Counters> =
                self.look(move |store| store.read_record(&name)).await?;
            return Ok((Vec::new(), counters.unwrap_or_default().latest()));
        }
        let judged = tokio::task::spawn_blocking(move || {
            pushed
                .into_iter()
                .map(|bytes| (judge(&bytes, peer), bytes.len()))
                .collect::<Vec<_>>()
        })
        .await
        .map_err(|_| BackendError::Stopped)?;
        let (refused, highest) = self
            .write(move |writer| merge_all(writer, number, judged))
            .await?;
        metrics::counter!("offpiste_hub_deltas_refused_total").increment(refused.len() as u64);
        Ok((refused, highest))
    }

    /// A cursor beyond the feed's end means that this hub has lost what it once acknowledged: a backup was put back
    /// without saying so. It begins a new epoch by itself, and every branch sends again what is missing here.
    async fn epoch_for(
        &self,
        is_same: bool,
        cursor: u64,
    ) -> Result<shared::wire::Epoch, BackendError> {
        let head = *self.inner.shared.head.borrow();
        if !is_same || cursor <= head {
            return Ok(self.epoch());
        }
        tracing::error!(
            cursor,
            head,
            "a branch has seen more than this hub has: beginning a new epoch"
        );
        let epoch = shared::wire::Epoch(random::number_u64()?);
        self.write(move |writer| {
            Ok::<_, BackendError>(writer.store().write_record(records::EPOCH, &epoch)?)
        })
        .await?;
        let mut current = self
            .inner
            .epoch
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *current = epoch;
        Ok(epoch)
    }

    /// Documents in a branch's scope after a cursor, bounded in number and bytes.
    async fn outgoing(
        &self,
        branch: BranchId,
        cursor: u64,
        want: u32,
    ) -> Result<Outgoing, BackendError> {
        let limit = usize::try_from(want)
            .unwrap_or(usize::MAX)
            .min(limits::DOCUMENTS_PER_EXCHANGE);
        let (head, changes) = self
            .read(move |lists| {
                // The position first: what is applied while the changes are read comes with the next exchange.
                let head = lists.position()?;
                let mut changes = lists.changes_in_scope(branch, cursor, limit)?;
                changes.retain(|(position, _)| *position <= head);
                Ok((head, changes))
            })
            .await?;
        self.look(move |store| collect(store, &changes, head.max(cursor), limit))
            .await
    }
}

/// Encodes as many of the changes as a reply may hold. Entries that share a position stay together.
fn collect(
    store: &HubStore,
    changes: &[(u64, DocumentId)],
    head: u64,
    limit: usize,
) -> Result<Outgoing, StoreError> {
    let mut documents: Vec<Vec<u8>> = Vec::with_capacity(changes.len());
    let mut bytes = 0;
    for (index, (position, id)) in changes.iter().enumerate() {
        let Some(encoded) = store.encoded_document(*id)? else {
            tracing::error!(%id, "the lists name a document that the store does not have");
            continue;
        };
        let is_new_position = index > 0 && changes[index - 1].0 < *position;
        if is_new_position && bytes + encoded.len() > limits::EXCHANGE_DOCUMENT_BYTES {
            return Ok(Outgoing {
                documents,
                cursor: changes[index - 1].0,
                more: true,
            });
        }
        bytes += encoded.len();
        documents.push(encoded);
    }
    // As many as were asked for: there may be more. Fewer: everything up to the head is here.
    let is_full = changes.len() >= limit;
    Ok(Outgoing {
        cursor: changes
            .last()
            .filter(|_| is_full)
            .map_or(head, |(position, _)| *position),
        more: is_full,
        documents,
    })
}

/// Merges what may be merged, on the writer's thread. One bad delta does not take the others along.
fn merge_all(
    writer: &mut Writer,
    replica: ReplicaNumber,
    judged: Vec<(Verdict, usize)>,
) -> Result<(Vec<Refused>, u64), BackendError> {
    let name = records::counters(replica);
    let mut counters: Counters = writer.store().read_record(&name)?.unwrap_or_default();
    let mut has_new_counters = false;
    let mut refused = Vec::new();
    let mut kept = Vec::new();
    let mut merged = 0_u64;
    for (index, (verdict, bytes)) in judged.into_iter().enumerate() {
        let (document, code, reason) = match verdict {
            Verdict::Refuse(code, reason) => (None, code, reason),
            Verdict::Merge(delta) => match writer.merge(&delta) {
                Ok(_) => {
                    merged += 1;
                    has_new_counters |= note_counters(&mut counters, &delta);
                    continue;
                }
                Err(StoreError::Engine(error)) => return Err(StoreError::Engine(error).into()),
                Err(error) => (Some(delta.id()), code_of(&error), error.to_string()),
            },
        };
        refused.push(Refused {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            code,
            reason: reason.clone(),
        });
        kept.push(RefusedDelta {
            at: clock::now(),
            replica,
            document,
            reason,
            bytes: bytes as u64,
        });
    }
    if has_new_counters {
        writer.store().write_record(&name, &counters)?;
    }
    keep_refused(writer, &kept)?;
    metrics::counter!("offpiste_hub_deltas_merged_total").increment(merged);
    Ok((refused, counters.latest()))
}

fn note_counters(counters: &mut Counters, delta: &Document) -> bool {
    let mut is_news = false;
    for dot in delta.dots() {
        is_news |= counters.note(dot.actor.to_bits(), dot.counter);
    }
    is_news
}

fn code_of(error: &StoreError) -> RefusalCode {
    match error {
        StoreError::TooLarge { .. } => RefusalCode::TooLarge,
        StoreError::NotTheSame(_) => RefusalCode::NotAllowed,
        _ => RefusalCode::HubCannotRead,
    }
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
