//! The joined machines: who a token belongs to, and when each was last heard of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::clock::UtcMillis;
use shared::id::{BranchId, ReplicaNumber};
use shared::store::{HubStore, StoreError};

use super::records::{self, Presence, Replica};
use super::{BackendError, Hub};
use crate::clock;

/// How far a machine's clock may be off before people are told. Promised days and time-outs survive five minutes.
pub(crate) const CLOCK_WARNING_MILLIS: i64 = 5 * 60 * 1000;

/// Without contact for longer than this a branch counts as away: several long-polls and a retry.
pub(crate) const AWAY_AFTER_MILLIS: i64 = 90 * 1000;

/// The machines, in memory; each change is also a record.
pub(crate) struct Replicas {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    replicas: BTreeMap<ReplicaNumber, Replica>,
    by_token: HashMap<[u8; 32], ReplicaNumber>,
    presence: BTreeMap<ReplicaNumber, Presence>,
    /// Whose presence is newer in memory than in its record.
    unwritten: BTreeSet<ReplicaNumber>,
}

/// How a branch stands with the hub.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freshness {
    /// In contact, and nothing waits there.
    Current,
    /// In contact, but something waits there still.
    Sending,
    /// Not heard of for a while.
    Away,
    /// Never heard of.
    Never,
}

impl Replicas {
    pub(super) fn load(store: &HubStore) -> Result<Self, BackendError> {
        let mut state = State::default();
        for (_, replica) in store.records::<Replica>(records::REPLICAS, records::MAX_REPLICAS)? {
            state.insert(replica);
        }
        for number in state.replicas.keys().copied().collect::<Vec<_>>() {
            match store.read_record(&records::presence(number)) {
                Ok(Some(presence)) => {
                    state.presence.insert(number, presence);
                }
                Ok(None) => {}
                Err(error @ StoreError::Record { .. }) => {
                    tracing::warn!(%error, "when a machine was last heard of is forgotten");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Whose token it is, retired machines included.
    pub(crate) fn with_token(&self, token_hash: &[u8; 32]) -> Option<Replica> {
        let state = self.state();
        let number = state.by_token.get(token_hash)?;
        state.replicas.get(number).cloned()
    }

    /// All machines with what is known of their last contact, by number.
    pub(crate) fn all(&self) -> Vec<(Replica, Option<Presence>)> {
        let state = self.state();
        state
            .replicas
            .values()
            .map(|replica| {
                let presence = state.presence.get(&replica.number).copied();
                (replica.clone(), presence)
            })
            .collect()
    }

    /// The machine that serves a branch, the latest that joined, and its last contact.
    pub(crate) fn of_branch(&self, branch: BranchId) -> Option<(Replica, Option<Presence>)> {
        self.all()
            .into_iter()
            .rev()
            .find(|(replica, _)| replica.branch == Some(branch) && replica.retired_at.is_none())
    }

    pub(super) fn insert(&self, replica: Replica) {
        self.state().insert(replica);
    }

    /// Takes notice of a contact.
    pub(super) fn note(&self, number: ReplicaNumber, change: impl FnOnce(&mut Presence)) {
        let mut state = self.state();
        change(state.presence.entry(number).or_default());
        state.unwritten.insert(number);
    }

    fn take_unwritten(&self) -> Vec<(ReplicaNumber, Presence)> {
        let mut state = self.state();
        let numbers = std::mem::take(&mut state.unwritten);
        numbers
            .into_iter()
            .filter_map(|number| Some((number, *state.presence.get(&number)?)))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, replica: Replica) {
        self.by_token.insert(replica.token_hash, replica.number);
        self.replicas.insert(replica.number, replica);
    }
}

impl Presence {
    /// How a machine stands, seen from `now`.
    pub(crate) fn freshness(presence: Option<&Self>, now: UtcMillis) -> Freshness {
        match presence {
            None => Freshness::Never,
            Some(known) if now.millis_since(known.last_contact) > AWAY_AFTER_MILLIS => {
                Freshness::Away
            }
            Some(known) if known.pending > 0 => Freshness::Sending,
            Some(_) => Freshness::Current,
        }
    }

    /// Whether people should be told about its clock.
    pub(crate) fn clock_is_off(&self) -> bool {
        self.clock_ahead_millis.abs() > CLOCK_WARNING_MILLIS
    }
}

impl Hub {
    /// Writes down who was heard of since the last time. Called every few seconds, so that a contact is no write by itself.
    pub(crate) async fn write_presence(&self) -> Result<(), BackendError> {
        let presence = self.inner.replicas.take_unwritten();
        if presence.is_empty() {
            return Ok(());
        }
        self.write(move |writer| {
            for (number, presence) in presence {
                let name = records::presence(number);
                writer.store().write_record(&name, &presence)?;
            }
            Ok(())
        })
        .await
    }

    /// Shuts a machine out: its token is refused from now on. What it has sent stays.
    pub(crate) async fn retire(&self, number: ReplicaNumber) -> Result<bool, BackendError> {
        let known = self.inner.replicas.all();
        let Some((mut replica, _)) = known
            .into_iter()
            .find(|(replica, _)| replica.number == number && replica.retired_at.is_none())
        else {
            return Ok(false);
        };
        replica.retired_at = Some(clock::now());
        let record = replica.clone();
        self.write(move |writer| {
            let name = records::replica(record.number);
            Ok::<_, BackendError>(writer.store().write_record(&name, &record)?)
        })
        .await?;
        self.inner.replicas.insert(replica);
        Ok(true)
    }
}

impl Freshness {
    /// Whether figures may lack its latest work without anybody knowing how much.
    pub(crate) const fn is_missing(self) -> bool {
        matches!(self, Self::Away | Self::Never)
    }

    /// The word in the JSON interface and in text keys.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Sending => "sending",
            Self::Away => "away",
            Self::Never => "never",
        }
    }
}
