//! The one place where the hub draws at random. The operating system's generator failing is no state to go on in,
//! but it is the caller who says what that means.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use shared::wire::Epoch;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes ({0}); nothing was done")]
pub(crate) struct NoRandomness(#[from] getrandom::Error);

/// 256 bits as text for a header or a cookie.
pub(crate) fn secret() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// 128 bits as text, for what travels with every small message.
pub(crate) fn token() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Letters and digits that cannot be taken for each other when read out.
const READABLE: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// `groups` groups of four readable characters, 20 bits each, joined by `-`.
pub(crate) fn readable(groups: usize) -> Result<String, NoRandomness> {
    let mut bytes = vec![0_u8; groups * 4];
    getrandom::fill(&mut bytes)?;
    let characters: Vec<u8> = bytes
        .iter()
        .map(|byte| READABLE[usize::from(byte % 32)])
        .collect();
    let groups: Vec<String> = characters
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    Ok(groups.join("-"))
}

/// A random number.
pub(crate) fn number_u32() -> Result<u32, NoRandomness> {
    Ok(getrandom::u32()?)
}

/// The name of a life of the feed. A hub has a handful of them in all, so 32 bits tell them apart; more would be four bytes more in
/// each message and each answer.
pub(crate) fn epoch() -> Result<Epoch, NoRandomness> {
    Ok(Epoch(getrandom::u32()?.into()))
}

/// How secrets that are 256, 128 or 80 bits of randomness are stored: a plain SHA-256, since nobody can try them all.
pub(crate) fn hash_of_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
