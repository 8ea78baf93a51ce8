//! The messages of protocol version 1, frozen. The hub still answers branches that speak it, so that a firm's branches can
//! be upgraded one after the other.
//!
//! A branch of version 1 gets whole documents, and no digest: its digest was computed in another way.

use serde::{Deserialize, Serialize};

use super::{Brought, Epoch, RefusalCode, Refused};
use crate::clock::UtcMillis;

/// What a replica says in one round trip: here is what you lack, send me what I lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The version of the sender: 1.
    pub protocol: u16,
    /// The epoch that `cursor` belongs to; none before the first reply.
    pub epoch: Option<Epoch>,
    /// The hub's position up to which the sender has stored everything in its scope.
    pub cursor: u64,
    /// Deltas, each encoded by itself so that one bad one does not take the others along.
    pub pushed: Vec<Vec<u8>>,
    /// The highest counter the sender has used.
    pub highest_counter: u64,
    /// How many documents the sender takes in the reply; 0 to only push.
    pub want: u32,
    /// How many documents still wait at the sender, those pushed here included.
    pub pending: u64,
    /// Since when the oldest of them waits.
    pub pending_since: Option<UtcMillis>,
    /// The sender's clock.
    pub clock: UtcMillis,
}

/// The hub's answer. Everything in it is durable at the hub before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeReply {
    /// The version the hub speaks.
    pub protocol: u16,
    /// The hub's epoch.
    pub epoch: Epoch,
    /// Which of `pushed` were not taken, and why; all others were.
    pub refused: Vec<Refused>,
    /// Documents in the sender's scope that changed after its cursor.
    pub documents: Vec<Vec<u8>>,
    /// The position that `documents` go up to.
    pub cursor: u64,
    /// Whether more documents follow.
    pub more: bool,
    /// The highest counter of the sender's actor that the hub has seen.
    pub highest_counter: u64,
    /// Digest of everything in the sender's scope at `cursor`, when nothing more follows and the hub has it at hand.
    pub digest: Option<[u8; 32]>,
    /// The hub's clock.
    pub clock: UtcMillis,
}

impl From<Exchange> for super::Exchange {
    fn from(old: Exchange) -> Self {
        Self {
            protocol: old.protocol,
            epoch: old.epoch,
            cursor: old.cursor,
            base: 0,
            pushed: old.pushed,
            incarnation: 0,
            session: 0,
            highest_counter: old.highest_counter,
            known_counter: 0,
            given_up: Vec::new(),
            fetch: Vec::new(),
            has_given_back: false,
            want: old.want,
            pending: old.pending,
            pending_since: old.pending_since,
            set_aside: 0,
            digest: None,
            clock: old.clock,
        }
    }
}

impl From<super::ExchangeReply> for ExchangeReply {
    /// The documents must be whole ones.
    fn from(new: super::ExchangeReply) -> Self {
        let whole = |document: Brought| {
            debug_assert!(!document.is_part, "version 1 knows no parts");
            document.bytes
        };
        Self {
            protocol: 1,
            epoch: new.epoch,
            refused: new.refused.into_iter().map(known_code).collect(),
            documents: new.documents.into_iter().map(whole).collect(),
            cursor: new.cursor,
            more: new.remaining > 0,
            highest_counter: new.highest_counter,
            digest: None,
            clock: new.clock,
        }
    }
}

/// Version 1 reads codes up to `NotAllowed`. What it should keep and send again has one of them.
fn known_code(refused: Refused) -> Refused {
    let code = match refused.code {
        RefusalCode::StaleIdentity => RefusalCode::HubCannotRead,
        code => code,
    };
    Refused { code, ..refused }
}

#[cfg(test)]
mod tests {
    use super::super::codec;
    use super::*;

    /// The bytes that version 1 sends. A change here is a change of the protocol: it needs a new version, not a new snapshot.
    #[test]
    fn golden_bytes_of_version_1() {
        let exchange = Exchange {
            protocol: 1,
            epoch: Some(Epoch(9)),
            cursor: 300,
            pushed: vec![vec![1, 2, 3], Vec::new()],
            highest_counter: 70_000,
            want: 1_000,
            pending: 2,
            pending_since: Some(UtcMillis(1_795_190_400_000)),
            clock: UtcMillis(1_795_190_400_001),
        };
        let reply = ExchangeReply {
            protocol: 1,
            epoch: Epoch(9),
            refused: vec![Refused {
                index: 1,
                code: RefusalCode::Unreadable,
                reason: "the document is empty".to_owned(),
            }],
            documents: vec![vec![4, 5]],
            cursor: 301,
            more: true,
            highest_counter: 70_000,
            digest: Some([7; 32]),
            clock: UtcMillis(-1),
        };
        let hex = |bytes: Vec<u8>| {
            bytes.iter().fold(String::new(), |mut hex, byte| {
                use std::fmt::Write;
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        };
        insta::assert_snapshot!(
            "exchange_1",
            hex(codec::encode_as(1, &exchange).expect("small"))
        );
        insta::assert_snapshot!(
            "exchange_reply_1",
            hex(codec::encode_as(1, &reply).expect("small"))
        );
    }
}
