//! Passwords and PINs as Argon2id hashes (RFC 9106). Hashing takes tens of milliseconds and 19 MiB, so it runs away from
//! the async threads and a few at a time.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::backend::BackendError;
use crate::random::NoRandomness;

/// OWASP's least: 19 MiB, two passes, one lane. A stolen staff document then costs an attacker days per PIN, no more:
/// the lock after three tries is what guards a PIN.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes at once: each takes 19 MiB.
const AT_ONCE: usize = 4;

static PERMITS: Semaphore = Semaphore::const_new(AT_ONCE);

/// The hash of nobody's password, so that an unknown login takes as long as a known one.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// A PHC string with a salt of its own. Blocks.
pub(crate) fn hash(secret: &str) -> Result<String, BackendError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(NoRandomness::from)?;
    let hashed =
        hasher().and_then(|hasher| hasher.hash_password_with_salt(secret.as_bytes(), &salt));
    // Only lengths and costs fixed above can be wrong, and every test that logs in shows that they are not.
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| BackendError::NotDurable(error.to_string()))
}

/// [`hash`] away from the async threads.
pub(crate) async fn hash_away(secret: String) -> Result<String, BackendError> {
    away(move || hash(&secret)).await?
}

/// Whether a secret is the one that was hashed; `None` for a login that does not exist, which takes as long.
pub(crate) async fn verify(secret: String, hashed: Option<String>) -> Result<bool, BackendError> {
    away(move || {
        let is_known = hashed.is_some();
        let hashed = hashed.unwrap_or_else(|| NOBODY.clone());
        let fits = hasher()
            .and_then(|hasher| hasher.verify_password(secret.as_bytes(), hashed.as_str()))
            .is_ok();
        fits && is_known
    })
    .await
}

fn hasher() -> argon2::password_hash::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|_| argon2::password_hash::Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn away<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BackendError> {
    let _permit = PERMITS.acquire().await.map_err(|_| BackendError::Stopped)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| BackendError::Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_secret_only() {
        let hashed = hash("4711").expect("the parameters are fixed");
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        let verified = async |secret: &str, hashed: Option<String>| {
            verify(secret.to_owned(), hashed)
                .await
                .expect("nothing stops")
        };
        assert!(verified("4711", Some(hashed.clone())).await);
        assert!(!verified("4712", Some(hashed)).await);
        assert!(!verified("nobody has this password", None).await);
        assert!(!verified("4711", Some("no hash".to_owned())).await);
    }
}
