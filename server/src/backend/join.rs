//! How a machine becomes a replica: the office makes a string, the machine brings it once.

use shared::clock::UtcMillis;
use shared::document::{Change, Field};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{Branch, TicketPrefix, seed};
use shared::id::{BranchId, DocumentId, ReplicaNumber, StaffId};
use shared::store::{HubStore, StoreError};
use shared::wire::{JoinReply, JoinRequest, JoinString, ReplicaRole};
use uuid::Uuid;

use shared::sync::hub::Counters;

use super::records::{self, PendingJoin, Replica};
use super::{BackendError, Hub, Writer};
use crate::{clock, random};

/// The longest name of a branch or a machine.
const NAME_CHARACTERS: usize = 80;

/// Groups of four characters in a code: 80 bits, which nobody can try out while wrong ones are slowed down.
const CODE_GROUPS: usize = 4;

/// The hub's name for people, in a new replica's papers.
const HUB_NAME: &str = "Offpiste";

/// What a join string is wanted for.
#[derive(Clone, Debug)]
pub(crate) enum MakeJoinString {
    /// A branch that does not exist yet.
    NewBranch {
        /// Its name.
        name: String,
        /// The country code of its territory, such as `CH`.
        territory: String,
    },
    /// Another machine for a branch that exists, such as after a broken disk.
    Branch(BranchId),
    /// An importer.
    Importer,
}

/// A join string, shown once.
#[derive(Clone, Debug)]
pub(crate) struct MadeJoinString {
    /// `https://hub.example/join#CODE`.
    pub(crate) join_string: String,
    /// Until when it works.
    pub(crate) expires_at: UtcMillis,
    /// The branch it is for.
    pub(crate) branch: Option<BranchId>,
}

/// Why no join string was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeJoinStringError {
    /// The name.
    #[error("a branch needs a name of 1 to {NAME_CHARACTERS} characters")]
    Name,
    /// The name is in use.
    #[error(
        "there is a branch of this name already; make the string for that branch ({0}) instead"
    )]
    NameInUse(BranchId),
    /// The territory.
    #[error("the territory must be one of {0}")]
    Territory(String),
    /// The branch.
    #[error("there is no such branch")]
    NoSuchBranch,
    /// All two-letter prefixes are in use.
    #[error("all 1024 ticket prefixes are in use, so no branch can be added")]
    NoPrefixLeft,
    /// Too many wait.
    #[error(
        "{} join strings wait to be used; let some run out first",
        records::MAX_JOINS
    )]
    TooMany,
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Why a machine did not join.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    /// Unknown, used, or mistyped: which one is nobody's business who does not have it.
    #[error(
        "this join string is unknown or was used already; nothing was changed. The office makes a new one under Branches"
    )]
    Unknown,
    /// Too late.
    #[error(
        "this join string ran out; nothing was changed. The office makes a new one under Branches"
    )]
    Expired,
    /// No number left.
    #[error("this hub has all the machines it can have; retire some first")]
    TooMany,
    /// What it calls itself.
    #[error("the machine's name and version may have at most {NAME_CHARACTERS} characters each")]
    Name,
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// Makes a one-time string, and the branch it is for when that is new.
    ///
    /// # Errors
    /// [`MakeJoinStringError`]; nothing was made then.
    pub(crate) async fn make_join_string(
        &self,
        wanted: MakeJoinString,
        by: Option<StaffId>,
    ) -> Result<MadeJoinString, MakeJoinStringError> {
        let code = random::readable(CODE_GROUPS).map_err(BackendError::from)?;
        let code_hash = random::hash_of_secret(&code);
        let lifetime = i64::try_from(self.inner.join_string_lifetime.as_millis());
        let expires_at = UtcMillis(clock::now().0.saturating_add(lifetime.unwrap_or(i64::MAX)));
        let branch = self
            .write(move |writer| {
                make_room(writer)?;
                let (role, branch) = match wanted {
                    MakeJoinString::Importer => (ReplicaRole::Importer, None),
                    MakeJoinString::Branch(branch) => {
                        let catalogue = writer.catalogue();
                        catalogue
                            .branch(branch)
                            .ok_or(MakeJoinStringError::NoSuchBranch)?;
                        (ReplicaRole::Branch, Some(branch))
                    }
                    MakeJoinString::NewBranch { name, territory } => {
                        let branch = make_branch(writer, &name, &territory, by)?;
                        (ReplicaRole::Branch, Some(branch))
                    }
                };
                let pending = PendingJoin {
                    role,
                    branch,
                    expires_at,
                    made_by: by,
                };
                let store = writer.store();
                store
                    .write_record(&records::join(&code_hash), &pending)
                    .map_err(BackendError::from)?;
                Ok::<_, MakeJoinStringError>(branch)
            })
            .await?;
        let join_string = JoinString {
            hub: self.public_url().to_owned(),
            code,
        };
        Ok(MadeJoinString {
            join_string: join_string.to_string(),
            expires_at,
            branch,
        })
    }

    /// A machine brings its string and gets its papers. They are durable before they are given.
    ///
    /// # Errors
    /// [`JoinError`]; nothing was changed then, except that a string that ran out is gone.
    pub(crate) async fn join(&self, request: JoinRequest) -> Result<JoinReply, JoinError> {
        let is_too_long = |text: &str| text.chars().count() > NAME_CHARACTERS;
        if is_too_long(&request.machine) || is_too_long(&request.software) {
            return Err(JoinError::Name);
        }
        let token = random::token().map_err(BackendError::from)?;
        let token_hash = random::hash_of_secret(&token);
        let (replica, branch_name) = self
            .write(move |writer| take_papers(writer, &request, token_hash))
            .await?;
        self.inner.replicas.insert(replica.clone());
        tracing::info!(
            replica = replica.number.0,
            machine = replica.machine,
            branch = branch_name,
            "a machine joined"
        );
        Ok(JoinReply {
            hub: HUB_NAME.to_owned(),
            role: replica.role,
            branch: replica.branch,
            branch_name,
            replica: replica.number,
            token,
            epoch: self.epoch(),
        })
    }
}

/// The number of the next machine. Beyond every one that is known here, should a repair not have found the record.
pub(super) fn next_replica(store: &HubStore) -> Result<u32, StoreError> {
    if let Some(next) = store.read_record(records::NEXT_REPLICA)? {
        return Ok(next);
    }
    let known = store.records::<Replica>(records::REPLICAS, records::MAX_REPLICAS)?;
    let highest = known.into_iter().map(|(_, replica)| replica.number).max();
    Ok(highest.unwrap_or(ReplicaNumber::HUB).0 + 1)
}

fn take_papers(
    writer: &mut Writer,
    request: &JoinRequest,
    token_hash: [u8; 32],
) -> Result<(Replica, Option<String>), JoinError> {
    let name = records::join(&random::hash_of_secret(request.code.trim()));
    let catalogue = writer.catalogue();
    let now = clock::now();
    let store = writer.store();
    let pending: PendingJoin = store
        .read_record(&name)
        .map_err(BackendError::from)?
        .ok_or(JoinError::Unknown)?;
    store.remove_record(&name).map_err(BackendError::from)?;
    if pending.expires_at < now {
        return Err(JoinError::Expired);
    }
    let next = next_replica(store).map_err(BackendError::from)?;
    if usize::try_from(next).map_or(true, |next| next > records::MAX_REPLICAS) {
        return Err(JoinError::TooMany);
    }
    let replica = Replica {
        number: ReplicaNumber(next),
        role: pending.role,
        branch: pending.branch,
        machine: request.machine.clone(),
        software: request.software.clone(),
        token_hash,
        joined_at: now,
        retired_at: None,
    };
    // The number first: a crash between the two skips a number, it never gives one twice.
    let written = store
        .write_record(records::NEXT_REPLICA, &(next + 1))
        .and_then(|()| store.write_record(&records::counters(replica.number), &Counters::default()))
        .and_then(|()| store.write_record(&records::replica(replica.number), &replica));
    written.map_err(BackendError::from)?;
    if let Some(branch) = replica.branch {
        name_replica_at(writer, branch, replica.number)?;
    }
    let branch_name = pending
        .branch
        .and_then(|branch| catalogue.branch(branch))
        .map(|branch| branch.name.clone());
    Ok((replica, branch_name))
}

/// Writes into the branch's document which replica writes there, so that every counter can say where a value was written.
fn name_replica_at(
    writer: &mut Writer,
    branch: BranchId,
    number: ReplicaNumber,
) -> Result<(), BackendError> {
    let Some((_, document)) = writer.store().document(branch.document())? else {
        return Ok(());
    };
    let field = Field::new(format!("{}{}", Branch::REPLICA_PREFIX, number.0))
        .expect("a prefix and a number are a name");
    writer.write_own::<BackendError>(None, |authoring| {
        let mut change = Change::of(&document);
        change.set(authoring, field, true);
        Ok(vec![change.finish()])
    })?;
    Ok(())
}

/// Removes strings that ran out.
fn make_room(writer: &Writer) -> Result<(), MakeJoinStringError> {
    let store = writer.store();
    let now = clock::now();
    let waiting = store
        .records::<PendingJoin>(records::JOINS, records::MAX_JOINS)
        .map_err(BackendError::from)?;
    let mut kept = waiting.len();
    for (name, pending) in waiting {
        if pending.expires_at < now {
            store.remove_record(&name).map_err(BackendError::from)?;
            kept -= 1;
        }
    }
    if kept >= records::MAX_JOINS {
        return Err(MakeJoinStringError::TooMany);
    }
    Ok(())
}

fn make_branch(
    writer: &mut Writer,
    name: &str,
    territory: &str,
    by: Option<StaffId>,
) -> Result<BranchId, MakeJoinStringError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS || name.contains(char::is_control)
    {
        return Err(MakeJoinStringError::Name);
    }
    let catalogue = writer.catalogue();
    let same_name = catalogue
        .branches
        .iter()
        .find(|branch| branch.name.to_lowercase() == name.to_lowercase());
    if let Some(branch) = same_name {
        return Err(MakeJoinStringError::NameInUse(branch.id));
    }
    let territory = territory.trim().to_ascii_uppercase();
    let countries: Vec<&str> = catalogue
        .territories
        .iter()
        .map(|territory| territory.country.as_str())
        .collect();
    if !countries.contains(&territory.as_str()) {
        return Err(MakeJoinStringError::Territory(countries.join(", ")));
    }
    let prefix = TicketPrefix::candidates(name)
        .find(|candidate| {
            !catalogue
                .branches
                .iter()
                .any(|branch| branch.prefix == Some(*candidate))
        })
        .ok_or(MakeJoinStringError::NoPrefixLeft)?;
    let id = DocumentId::from_uuid(Uuid::now_v7());
    writer.write_own::<MakeJoinStringError>(by, |authoring| {
        let mut change = Change::create(id, known_kind(kind::BRANCH));
        change.set(authoring, Field::known(Branch::NAME), name);
        change.set(authoring, Field::known(Branch::PREFIX), prefix.as_str());
        change.set(
            authoring,
            Field::known(Branch::TERRITORY),
            seed::territory_id(&territory).document(),
        );
        Ok(vec![change.finish()])
    })?;
    Ok(BranchId(id))
}
