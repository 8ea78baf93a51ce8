//! The messages. Frozen once a version has been released: a successor gets new types and a new protocol version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::bundle;
use crate::clock::UtcMillis;
use crate::id::{BranchId, DocumentId, ReplicaNumber};

/// Which life of the hub's feed a position belongs to. Changes when the hub is restored from a backup.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// What a replica says in one round trip: here is what you lack, send me what I lack. The default says nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// [`super::PROTOCOL_VERSION`] of the sender.
    pub protocol: u16,
    /// The epoch that `cursor` belongs to; none before the first reply.
    pub epoch: Option<Epoch>,
    /// The hub's position up to which the sender has stored everything in its scope.
    pub cursor: u64,
    /// The latest cursor at which the sender had everything in its scope; parts are counted from there. 0: whole documents.
    pub base: u64,
    /// Deltas, each encoded by itself so that one bad one does not take the others along.
    #[serde(with = "bundle::documents")]
    pub pushed: Vec<Vec<u8>>,
    /// The incarnation that the sender writes as at present.
    pub incarnation: u32,
    /// Drawn by the sender's program whenever it starts, never 0: tells a copy of the sender from the sender.
    pub session: u64,
    /// The highest counter that this incarnation has used.
    pub highest_counter: u64,
    /// The highest counter of it that the hub has seen, as far as the sender has heard.
    pub known_counter: u64,
    /// Incarnations that the sender has given up since it was last answered: nothing that still claims them is to be taken.
    pub given_up: Vec<u32>,
    /// Documents to be sent whole, whatever the cursor says.
    pub fetch: Vec<DocumentId>,
    /// Whether the sender has offered everything it holds to the hub of this epoch, which was put back to a backup.
    pub has_given_back: bool,
    /// How many documents the sender takes in the reply; 0 to only push.
    pub want: u32,
    /// How many documents still wait at the sender, those pushed here included.
    pub pending: u64,
    /// Since when the oldest of them waits.
    pub pending_since: Option<UtcMillis>,
    /// How many documents the sender has set aside because it could not take them, or the hub would not.
    pub set_aside: u32,
    /// The sender's own digest of its scope at `cursor`, when nothing waits there and it is known.
    pub digest: Option<[u8; 16]>,
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
    /// What changed in the sender's scope after its cursor, without what the sender itself has just brought.
    #[serde(with = "bundle::brought")]
    pub documents: Vec<Brought>,
    /// The position that `documents` go up to.
    pub cursor: u64,
    /// How many documents follow after these; 0 when that was all.
    pub remaining: u64,
    /// The highest counter of the sender's incarnation that the hub has seen.
    pub highest_counter: u64,
    /// Whether the hub was put back to a backup and takes back from the sender what it lacks, whoever wrote it.
    pub takes_back: bool,
    /// The hub's digest of the sender's scope at `cursor`, when nothing more follows and the hub has it at hand.
    pub digest: Option<[u8; 16]>,
    /// The hub's clock.
    pub clock: UtcMillis,
}

/// A document, or what of it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Encoded by itself.
    pub bytes: Vec<u8>,
    /// Whether it holds only what changed after the receiver's cursor: nothing to begin a document with.
    pub is_part: bool,
}

/// A delta that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its place in `pushed`.
    pub index: u32,
    /// Why, for the program.
    pub code: RefusalCode,
    /// Why, for a person.
    pub reason: String,
}

/// Why a delta was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalCode {
    /// It could not be read.
    Unreadable,
    /// It holds writes of an actor that is not the sender's.
    ForeignWrites,
    /// It would make a document too large.
    TooLarge,
    /// The document it belongs to cannot be read at the hub.
    HubCannotRead,
    /// The sender's role may not write this kind of document.
    NotAllowed,
    /// The sender writes as somebody it no longer is (since version 2).
    StaleIdentity,
}

/// What a replica is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplicaRole {
    /// Serves one branch's counters.
    Branch,
    /// Brings legacy data over; only pushes, and sees everything it asks for by id.
    Importer,
}

/// Asks to become a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The one-time code.
    pub code: String,
    /// What the machine calls itself, for the list of replicas.
    pub machine: String,
    /// The version of the program.
    pub software: String,
}

/// The new replica's papers. The token is given once and stored at the hub only as a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReply {
    /// The hub's name for people.
    pub hub: String,
    /// What the replica is for.
    pub role: ReplicaRole,
    /// The branch it serves; none for an importer.
    pub branch: Option<BranchId>,
    /// The branch's name.
    pub branch_name: Option<String>,
    /// Its number, never given again.
    pub replica: ReplicaNumber,
    /// The bearer token.
    pub token: String,
    /// The hub's epoch.
    pub epoch: Epoch,
}

/// The answer to a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitReply {
    /// The hub's epoch.
    pub epoch: Epoch,
    /// The latest position in the waiter's scope.
    pub position: u64,
    /// Whether it is beyond the one asked about.
    pub changed: bool,
}

/// Asks for an order of another branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindQuery {
    /// The ticket, as printed or as said.
    pub ticket: String,
}

/// The order with the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindReply {
    /// It is in the asking branch's scope now, and comes with the next exchange. None when no order has the ticket.
    pub order: Option<DocumentId>,
}

/// The one string that joins a machine to a hub: `https://hub.example/join#CODE`. It works once and expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinString {
    /// The hub's address without a slash at the end.
    pub hub: String,
    /// The one-time code.
    pub code: String,
}

/// Text that is no join string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no join string; it looks like https://hub.example/join#ABCD-EFGH-JKLM-NPQR. The office makes a new one under Branches"
)]
pub struct JoinStringError;

impl fmt::Display for JoinString {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/join#{}", self.hub, self.code)
    }
}

impl FromStr for JoinString {
    type Err = JoinStringError;

    fn from_str(text: &str) -> Result<Self, JoinStringError> {
        let (address, code) = text.trim().split_once('#').ok_or(JoinStringError)?;
        let hub = address.strip_suffix("/join").ok_or(JoinStringError)?;
        let is_web_address = hub
            .strip_prefix("http://")
            .or_else(|| hub.strip_prefix("https://"))
            .is_some_and(|rest| !rest.is_empty());
        let is_code = (8..=64).contains(&code.len())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_web_address || !is_code {
            return Err(JoinStringError);
        }
        Ok(Self {
            hub: hub.to_owned(),
            code: code.to_owned(),
        })
    }
}

/// Part of the hub's whole feed, for an importer that checks what it brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentsReply {
    /// Documents as the hub stores them, by feed position; those it cannot read itself are among them.
    #[serde(with = "bundle::documents")]
    pub documents: Vec<Vec<u8>>,
    /// The position that they go up to: ask for what comes after it next.
    pub cursor: u64,
    /// Whether more follows.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that version 2 sends. A change here is a change of the protocol: it needs a new version, not a new snapshot.
    #[test]
    fn golden_bytes_of_version_2() {
        let exchange = Exchange {
            protocol: 2,
            epoch: Some(Epoch(9)),
            cursor: 300,
            base: 290,
            pushed: vec![vec![1, 2, 3], Vec::new()],
            incarnation: 77,
            session: 5,
            known_counter: 69_000,
            given_up: vec![75],
            fetch: vec![DocumentId::named("order/1")],
            has_given_back: false,
            highest_counter: 70_000,
            want: 1_000,
            pending: 2,
            pending_since: Some(UtcMillis(1_795_190_400_000)),
            set_aside: 1,
            digest: Some([6; 16]),
            clock: UtcMillis(1_795_190_400_001),
        };
        let reply = ExchangeReply {
            protocol: 2,
            epoch: Epoch(9),
            refused: vec![Refused {
                index: 1,
                code: RefusalCode::Unreadable,
                reason: "the document is empty".to_owned(),
            }],
            documents: vec![Brought {
                bytes: vec![4, 5],
                is_part: true,
            }],
            cursor: 301,
            remaining: 12,
            highest_counter: 70_000,
            takes_back: true,
            digest: Some([7; 16]),
            clock: UtcMillis(-1),
        };
        insta::assert_snapshot!("exchange_2", hex(crate::wire::encode(&exchange)));
        insta::assert_snapshot!("exchange_reply_2", hex(crate::wire::encode(&reply)));
    }

    fn hex(bytes: Result<Vec<u8>, crate::wire::WireError>) -> String {
        use std::fmt::Write;
        let bytes = bytes.expect("small");
        bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    #[test]
    fn golden_join_reply() {
        let join = JoinReply {
            hub: "Zentrale".to_owned(),
            role: ReplicaRole::Branch,
            branch: Some(BranchId(DocumentId::named("branch/chur"))),
            branch_name: Some("Chur".to_owned()),
            replica: ReplicaNumber(3),
            token: "t".to_owned(),
            epoch: Epoch(9),
        };
        insta::assert_json_snapshot!("join_reply_1", join);
    }

    #[test]
    fn join_strings_are_read_and_anything_else_is_explained() {
        let text = "https://hub.example:7600/join#ABCD-EFGH-JKLM-NPQR";
        let read: JoinString = text.parse().expect("a join string");
        assert_eq!(
            (read.hub.as_str(), read.code.as_str()),
            ("https://hub.example:7600", "ABCD-EFGH-JKLM-NPQR")
        );
        assert_eq!(read.to_string(), text);
        for wrong in [
            "",
            "ABCD-EFGH",
            "ftp://x/join#ABCDEFGH",
            "https:///join#ABCDEFGH",
            "https://x/join#a b c d e f",
            "https://x#ABCDEFGH",
        ] {
            assert_eq!(wrong.parse::<JoinString>(), Err(JoinStringError), "{wrong}");
        }
    }
}
