//! Who is logged in at the office. Kept in memory: a restart of the hub logs everybody out, and nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::clock::UtcMillis;
use shared::id::StaffId;

use super::OfficeUser;
use crate::random::{self, NoRandomness};

/// A working day.
const LIFETIME_MILLIS: i64 = 12 * 60 * 60 * 1000;

/// A forgotten browser.
const IDLE_MILLIS: i64 = 60 * 60 * 1000;

/// Sessions at once; beyond it those longest unused end.
const SESSIONS: usize = 5_000;

/// The sessions, by the hash of their token.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Session>>,
}

#[derive(Clone)]
struct Session {
    user: OfficeUser,
    begun_at: UtcMillis,
    used_at: UtcMillis,
}

impl Session {
    fn holds(&self, now: UtcMillis) -> bool {
        now.millis_since(self.begun_at) < LIFETIME_MILLIS
            && now.millis_since(self.used_at) < IDLE_MILLIS
    }
}

impl Sessions {
    /// Begins one; the token is for the cookie.
    pub(crate) fn begin(&self, user: OfficeUser, now: UtcMillis) -> Result<String, NoRandomness> {
        let token = random::secret()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SESSIONS {
            open.retain(|_, session| session.holds(now));
        }
        if open.len() >= SESSIONS
            && let Some(oldest) = open
                .iter()
                .min_by_key(|(_, session)| session.used_at)
                .map(|(token, _)| *token)
        {
            open.remove(&oldest);
        }
        open.insert(
            random::hash_of_secret(&token),
            Session {
                user,
                begun_at: now,
                used_at: now,
            },
        );
        Ok(token)
    }

    /// Whose token it is, and that it was used.
    pub(crate) fn user(&self, token: &str, now: UtcMillis) -> Option<OfficeUser> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open
            .get_mut(&random::hash_of_secret(token))
            .filter(|session| session.holds(now))?;
        session.used_at = now;
        Some(session.user.clone())
    }

    /// Whose token it is, asked by a page that refreshes itself: does not count as use, so that a screen which somebody left
    /// open ends its session all the same.
    pub(crate) fn user_looked_at(&self, token: &str, now: UtcMillis) -> Option<OfficeUser> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&random::hash_of_secret(token))?;
        session.holds(now).then(|| session.user.clone())
    }

    /// Ends all of one person.
    pub(crate) fn end_all_of(&self, staff: StaffId) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.user.staff != staff);
    }

    /// Ends one.
    pub(crate) fn end(&self, token: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&random::hash_of_secret(token));
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Role;
    use shared::id::DocumentId;

    use super::*;

    #[test]
    fn a_page_that_refreshes_itself_keeps_no_session_alive() {
        let sessions = Sessions::default();
        let user = OfficeUser {
            staff: StaffId(DocumentId::named("staff/otto")),
            role: Role::Office,
        };
        let begun = UtcMillis(1_795_161_600_000);
        let token = sessions.begin(user, begun).expect("there is randomness");
        let after = |minutes: i64| UtcMillis(begun.0 + minutes * 60_000);
        assert!(sessions.user_looked_at(&token, after(50)).is_some());
        assert!(
            sessions.user(&token, after(61)).is_none(),
            "looking is not using"
        );
        let begun_again = sessions.user(&token, after(50));
        assert!(begun_again.is_some(), "it was open until then");
        assert!(sessions.user_looked_at(&token, after(100)).is_some());
    }
}
