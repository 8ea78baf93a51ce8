//! From a login and a password to a person.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::clock::UtcMillis;

use super::{OfficeUser, passwords};
use crate::backend::BackendError;
use crate::router::App;
use crate::{clock, random};

/// The session's cookie.
pub(crate) const SESSION_COOKIE: &str = "offpiste_hub";

/// How long a verified HTTP Basic password is believed without hashing again, so that automation may ask every second.
const BELIEVED_MILLIS: i64 = 60_000;

/// Passwords believed at once.
const BELIEVED: usize = 1_000;

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// Which of the two is nobody's business.
    #[error("login or password is wrong")]
    Wrong,
    /// Too many wrong tries.
    #[error("too many wrong tries; try again in {seconds} s")]
    Wait {
        /// How long.
        seconds: i64,
    },
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Passwords that were verified a moment ago, as hashes with a key that this process drew at its start.
pub(crate) struct Believed {
    key: String,
    until: Mutex<HashMap<[u8; 32], (UtcMillis, OfficeUser)>>,
}

impl Believed {
    pub(crate) fn new() -> Result<Self, random::NoRandomness> {
        Ok(Self {
            key: random::secret()?,
            until: Mutex::default(),
        })
    }

    /// Everybody's password is hashed again at the next request.
    pub(crate) fn forget(&self) {
        self.until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn name(&self, login: &str, password: &str) -> [u8; 32] {
        random::hash_of_secret(&format!("{}\0{login}\0{password}", self.key))
    }

    fn user(&self, name: &[u8; 32], now: UtcMillis) -> Option<OfficeUser> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, user) = until.get(name)?;
        (*until > now).then(|| user.clone())
    }

    fn note(&self, name: [u8; 32], user: OfficeUser, now: UtcMillis) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.len() >= BELIEVED {
            until.clear();
        }
        until.insert(name, (UtcMillis(now.0 + BELIEVED_MILLIS), user));
    }
}

impl App {
    /// Who has this login and password.
    ///
    /// # Errors
    /// [`LoginError`].
    pub(crate) async fn log_in(
        &self,
        login: &str,
        password: &str,
    ) -> Result<OfficeUser, LoginError> {
        /// Longer ones are no typing.
        const MOST: usize = 200;
        let now = clock::now();
        let login = login.trim().to_lowercase();
        if login.len() > MOST || password.chars().count() > MOST {
            return Err(LoginError::Wrong);
        }
        let name = self.believed.name(&login, password);
        if let Some(user) = self.believed.user(&name, now) {
            return Ok(user);
        }
        let wait = self.logins.wait_millis(&login, now);
        if wait > 0 {
            return Err(LoginError::Wait {
                seconds: (wait + 999) / 1_000,
            });
        }
        let account = self.hub.account(&login).await?.filter(|known| known.active);
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let is_right = passwords::verify(password.to_owned(), hash).await?;
        let Some(account) = account.filter(|_| is_right) else {
            self.logins.note_wrong(&login, now);
            tracing::warn!(login, "a log-in failed");
            return Err(LoginError::Wrong);
        };
        self.logins.note_right(&login);
        let user = OfficeUser {
            staff: account.staff,
            role: account.role(),
        };
        self.believed.note(name, user.clone(), now);
        Ok(user)
    }
}
