//! Signing in at a counter, without a line: PINs, locks, sessions.
//!
//! - A try is counted, durably, before the PIN is looked at: neither a kill nor many tries at once give a fourth one.
//! - Only hashes are stored, of PINs (Argon2id, by the office) and of session tokens (SHA-256 of 256 random bits).
//! - Argon2 runs beside the asynchronous threads, two at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use shared::clock::UtcMillis;
use shared::command;
use shared::domain::Staff;
use shared::id::StaffId;
use shared::limits;
use tokio::sync::Semaphore;

use super::{Counter, CounterError, Person, SessionLimits, SessionToken, StaffTile};
use crate::clock::random_bytes;
use crate::records::{self, Session, Sessions, Tries, WrongPins};
use crate::storage::Desk;

/// PINs checked at once. Each takes some 20 MB and a core for tens of milliseconds.
const CHECKS_AT_ONCE: usize = 2;

/// Sessions kept. A branch has a few screens; beyond this the one idle the longest ends.
const SESSIONS: usize = 200;

/// A PIN as typed. The office makes 4 to 6 digits; anything much longer is no PIN and is not worth hashing.
const PIN_BYTES: usize = 32;

/// The name of a counter, such as "Kasse 2".
const COUNTER_NAME_CHARACTERS: usize = 40;

/// Memory of one check. A document that asks for more would take the whole computer.
const CHECK_KIBIBYTES: u32 = 64 * 1024;

/// Passes of one check.
const CHECK_PASSES: u32 = 10;

/// How old the stored "last seen" of a session may be. A restart may cost that much of its idle time, and not a write for each click.
const LAST_SEEN_STORED_EVERY_MILLIS: i64 = 5 * 60 * 1000;

/// Who is signed in, and who is locked. In memory as it is on disk, but for the last minutes of "last seen".
pub(crate) struct People {
    limits: SessionLimits,
    state: Arc<Mutex<State>>,
    checks: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    sessions: Sessions,
    tries: Tries,
}

impl People {
    /// Reads what was stored. Records that cannot be read end all sessions, but never unlock anybody.
    ///
    /// # Errors
    /// When the locks cannot be read.
    pub(crate) fn load(desk: &Desk, limits: SessionLimits) -> Result<Self, CounterError> {
        let sessions = desk.record(records::SESSIONS).unwrap_or_else(|error| {
            tracing::warn!(%error, "everybody has to sign in again");
            None
        });
        let tries = desk.record(records::TRIES)?;
        Ok(Self {
            limits,
            state: Arc::new(Mutex::new(State {
                sessions: sessions.unwrap_or_default(),
                tries: tries.unwrap_or_default(),
            })),
            checks: Arc::new(Semaphore::new(CHECKS_AT_ONCE)),
        })
    }
}

impl Counter {
    pub(super) fn tiles(&self) -> Vec<StaffTile> {
        let catalogue = self.catalogue();
        let state = lock(&self.0.people.state);
        catalogue
            .staff
            .iter()
            .filter(|member| self.can_sign_in(member))
            .map(|member| StaffTile {
                staff: member.id,
                name: member.name.clone(),
                role: member.role,
                is_locked: member
                    .pin_hash
                    .as_deref()
                    .is_some_and(|pin_hash| state.tries.is_locked(member.id, hash_of(pin_hash))),
            })
            .collect()
    }

    fn can_sign_in(&self, member: &Staff) -> bool {
        member.active && member.works_at(self.branch()) && member.pin_hash.is_some()
    }

    pub(super) async fn open_session(
        &self,
        staff: StaffId,
        pin: &str,
        counter: &str,
    ) -> Result<SessionToken, CounterError> {
        let catalogue = self.catalogue();
        let pin_hash = catalogue
            .staff_member(staff)
            .filter(|member| self.can_sign_in(member))
            .and_then(|member| member.pin_hash.clone())
            .ok_or(CounterError::CannotSignIn)?;
        let tries_left = self.count_a_try(staff, hash_of(&pin_hash)).await?;
        if !self.pin_fits(pin, pin_hash).await? {
            return Err(if tries_left == 0 {
                CounterError::Locked
            } else {
                CounterError::WrongPin { tries_left }
            });
        }
        let (token, token_hash) = new_token()?;
        let now = self.now();
        let session = Session {
            token_hash,
            staff,
            counter: counter
                .trim()
                .chars()
                .filter(|character| !character.is_control())
                .take(COUNTER_NAME_CHARACTERS)
                .collect(),
            since: now,
            last_seen: now,
        };
        let people_limits = self.0.people.limits;
        self.write_people(move |state| {
            state.tries.0.remove(&staff);
            state
                .sessions
                .0
                .retain(|session| is_open(session, people_limits, now));
            make_room(&mut state.sessions);
            state.sessions.0.push(session);
        })
        .await?;
        Ok(token)
    }

    /// Counts a try before it is made. Returns how many are left after it.
    async fn count_a_try(&self, staff: StaffId, of_pin: [u8; 32]) -> Result<u32, CounterError> {
        let state = Arc::clone(&self.0.people.state);
        self.0
            .storage
            .run(move |desk| {
                let mut state = lock(&state);
                if state.tries.is_locked(staff, of_pin) {
                    return Err(CounterError::Locked);
                }
                let mut tries = state.tries.clone();
                let made = tries.made(staff, of_pin) + 1;
                tries.0.insert(staff, WrongPins { made, of_pin });
                let tries_left = limits::PIN_TRIES.saturating_sub(made);
                desk.write_record(records::TRIES, &tries)?;
                state.tries = tries;
                Ok(tries_left)
            })
            .await?
    }

    async fn pin_fits(&self, pin: &str, pin_hash: String) -> Result<bool, CounterError> {
        if pin.is_empty() || pin.len() > PIN_BYTES {
            return Ok(false);
        }
        let permit = Arc::clone(&self.0.people.checks)
            .acquire_owned()
            .await
            .map_err(|_| CounterError::Stopping)?;
        let pin = pin.to_owned();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            fits(&pin, &pin_hash)
        })
        .await
        .map_err(|_| CounterError::Stopping)
    }

    pub(super) fn person_of(&self, token: &str) -> Result<Person, CounterError> {
        let now = self.now();
        let hash = hash_of(token);
        let (staff, counter, is_due) = {
            let mut state = lock(&self.0.people.state);
            let session = state
                .sessions
                .0
                .iter_mut()
                .find(|session| session.token_hash == hash)
                .filter(|session| is_open(session, self.0.people.limits, now))
                .ok_or(CounterError::SignedOut)?;
            let is_due = now.millis_since(session.last_seen) >= LAST_SEEN_STORED_EVERY_MILLIS;
            session.last_seen = now;
            (session.staff, session.counter.clone(), is_due)
        };
        if is_due {
            self.store_sessions_soon();
        }
        self.person_with((staff, counter))
    }

    pub(super) fn look_at_session(&self, token: &str) -> Result<(StaffId, String), CounterError> {
        let now = self.now();
        let hash = hash_of(token);
        lock(&self.0.people.state)
            .sessions
            .0
            .iter()
            .find(|session| session.token_hash == hash)
            .filter(|session| is_open(session, self.0.people.limits, now))
            .map(|session| (session.staff, session.counter.clone()))
            .ok_or(CounterError::SignedOut)
    }

    pub(super) fn person_with(
        &self,
        (staff, counter): (StaffId, String),
    ) -> Result<Person, CounterError> {
        let catalogue = self.catalogue();
        // Whoever the office has let go is out at once, even with a session.
        let member = catalogue
            .staff_member(staff)
            .filter(|member| self.can_sign_in(member))
            .ok_or(CounterError::SignedOut)?;
        Ok(Person {
            staff,
            name: member.name.clone(),
            role: member.role,
            counter,
        })
    }

    pub(super) async fn close_session(&self, token: &str) -> Result<(), CounterError> {
        let hash = hash_of(token);
        self.write_people(move |state| {
            state
                .sessions
                .0
                .retain(|session| session.token_hash != hash);
        })
        .await
    }

    pub(super) async fn unlock_colleague(
        &self,
        person: &Person,
        colleague: StaffId,
    ) -> Result<(), CounterError> {
        if person.staff == colleague {
            return Err(CounterError::OwnLock);
        }
        let (by, branch) = (person.staff, self.branch());
        let state = Arc::clone(&self.0.people.state);
        self.0
            .storage
            .run(move |desk| {
                let document = desk
                    .document(colleague.document())?
                    .ok_or(CounterError::CannotSignIn)?;
                let mut state = lock(&state);
                let mut tries = state.tries.clone();
                if tries.0.remove(&colleague).is_none() {
                    return Ok(());
                }
                let mut authoring = desk.author(Some(by))?;
                let delta = command::unlock(&document, &mut authoring, branch);
                let record = shared::store::BranchStore::record_bytes(&tries);
                desk.commit(&[delta], &authoring, &[(records::TRIES, record)])?;
                state.tries = tries;
                Ok(())
            })
            .await?
    }

    /// Changes sessions and tries, in memory and on disk; durable when it returns.
    async fn write_people(
        &self,
        change: impl FnOnce(&mut State) + Send + 'static,
    ) -> Result<(), CounterError> {
        let state = Arc::clone(&self.0.people.state);
        self.0
            .storage
            .run(move |desk| {
                let mut state = lock(&state);
                change(&mut state);
                desk.write_record(records::SESSIONS, &state.sessions)?;
                desk.write_record(records::TRIES, &state.tries)?;
                Ok(())
            })
            .await?
    }

    /// Writes "last seen" without anybody waiting for it.
    fn store_sessions_soon(&self) {
        let counter = self.clone();
        tokio::spawn(async move {
            if let Err(error) = counter.write_people(|_| ()).await {
                tracing::warn!(%error, "when people were last seen is not stored");
            }
        });
    }
}

impl Tries {
    fn is_locked(&self, staff: StaffId, of_pin: [u8; 32]) -> bool {
        self.made(staff, of_pin) >= limits::PIN_TRIES
    }

    /// Wrong tries with the PIN that somebody has now.
    fn made(&self, staff: StaffId, of_pin: [u8; 32]) -> u32 {
        self.0
            .get(&staff)
            .filter(|wrong| wrong.of_pin == of_pin)
            .map_or(0, |wrong| wrong.made)
    }
}

fn is_open(session: &Session, limits: SessionLimits, now: UtcMillis) -> bool {
    const MINUTE_MILLIS: i64 = 60_000;
    now.millis_since(session.since) < limits.lifetime_minutes * MINUTE_MILLIS
        && now.millis_since(session.last_seen) < limits.idle_minutes * MINUTE_MILLIS
}

fn make_room(sessions: &mut Sessions) {
    while sessions.0.len() >= SESSIONS {
        let idle_longest = sessions
            .0
            .iter()
            .enumerate()
            .min_by_key(|(_, session)| session.last_seen)
            .map(|(place, _)| place);
        let Some(place) = idle_longest else { return };
        sessions.0.remove(place);
    }
}

/// Argon2id after RFC 9106; the comparison is constant in time. A hash that asks for too much, or is none, fits nothing.
fn fits(pin: &str, pin_hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(pin_hash) else {
        return false;
    };
    let is_bounded = Params::try_from(&parsed)
        .is_ok_and(|params| params.m_cost() <= CHECK_KIBIBYTES && params.t_cost() <= CHECK_PASSES);
    is_bounded
        && Argon2::default()
            .verify_password(pin.as_bytes(), &parsed)
            .is_ok()
}

fn new_token() -> Result<(SessionToken, [u8; 32]), CounterError> {
    let token = URL_SAFE_NO_PAD.encode(random_bytes::<32>()?);
    let hash = hash_of(&token);
    Ok((SessionToken(token), hash))
}

/// SHA-256. Looking a token up by it leaks nothing by its time: whoever guesses does not choose the hash.
fn hash_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What the lock guards is replaced whole, so a panic of another holder spoils nothing.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
