//! The messages by which a branch finds out where it and the hub differ, and fetches what it lacks.
//!
//! Keys and state hashes travel as 16 bytes each; [`crate::sync::reconcile`] gives them their meaning and checks them.

use serde::{Deserialize, Serialize};

use super::bundle;

/// `POST`, binary both ways: [`ReconcileQuery`] -> [`ReconcileReply`]. Bearer token of a branch.
pub const RECONCILE_PATH: &str = "/sync/v1/reconcile";

/// `POST`, binary both ways: [`FetchQuery`] -> [`FetchReply`]. Bearer token of a branch.
pub const FETCH_PATH: &str = "/sync/v1/fetch";

/// Bytes of a query or a reply of [`RECONCILE_PATH`] before compression: a reply is then on its way for half a second on a
/// line of 1 Mbit/s.
pub const RECONCILE_BYTES: usize = 64 * 1024;

/// Ids in one [`FetchQuery`].
pub const FETCHED_AT_ONCE: usize = 1_000;

/// What does the hub hold in these ranges of the sender's scope?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileQuery {
    /// First and last key of each range, ascending, none overlapping another.
    pub ranges: Vec<([u8; 16], [u8; 16])>,
}

/// Answers to the first of the ranges asked about, at least one; the rest is to be asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileReply {
    /// In the order of the query.
    pub answers: Vec<RangeAnswer>,
}

/// What is in a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RangeAnswer {
    /// Few documents: key and state hash of each, by key.
    Items(Vec<([u8; 16], [u8; 16])>),
    /// Many: the range in parts, by key. Each goes from where the one before ends to its own last key, which for the last part
    /// is the last of the range; with the digest of what is in it.
    Parts(Vec<([u8; 16], [u8; 16])>),
}

/// Send me these documents as you hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchQuery {
    /// At most [`FETCHED_AT_ONCE`].
    pub ids: Vec<[u8; 16]>,
}

/// The documents among those asked for that concern the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchReply {
    /// Whole, each encoded by itself, in the order of the query.
    #[serde(with = "bundle::documents")]
    pub documents: Vec<Vec<u8>>,
    /// How many of the ids this answers: what the hub lacks and what is none of the sender's business is passed over. The
    /// rest is to be asked for again.
    pub answered: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<T: Serialize>(message: &T) -> String {
        use std::fmt::Write;
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(message, config).expect("small");
        bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// A change here is a change of the protocol. The codec's header is held by its own golden bytes.
    #[test]
    fn golden_bytes() {
        let key = |byte| [byte; 16];
        let query = ReconcileQuery {
            ranges: vec![(key(0), key(0xff))],
        };
        let reply = ReconcileReply {
            answers: vec![
                RangeAnswer::Items(vec![(key(1), key(2))]),
                RangeAnswer::Parts(vec![(key(3), key(4))]),
            ],
        };
        let fetch = FetchQuery { ids: vec![key(1)] };
        let fetched = FetchReply {
            documents: vec![vec![9, 8]],
            answered: 1,
        };
        let all = [hex(&query), hex(&reply), hex(&fetch), hex(&fetched)];
        insta::assert_snapshot!("reconcile_1", all.join("\n"));
    }
}
