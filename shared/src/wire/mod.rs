//! What branches, importers and the hub say to each other. `docs/PROTOCOL.md` describes it in words.

mod bundle;
mod codec;
mod messages;
pub mod reconcile;
pub mod v1;

pub use codec::{WireError, decode, decode_as, encode, encode_as, version_of};
pub use messages::{
    Brought, DocumentsReply, Epoch, Exchange, ExchangeReply, FindQuery, FindReply, JoinReply,
    JoinRequest, JoinString, JoinStringError, RefusalCode, Refused, ReplicaRole, WaitReply,
};

/// The version this build speaks. A peer that speaks the one before is understood too.
pub const PROTOCOL_VERSION: u16 = 2;

/// The oldest version this build understands.
pub const OLDEST_PROTOCOL_VERSION: u16 = 1;

/// `POST`, binary both ways: [`Exchange`] -> [`ExchangeReply`]. Bearer token.
pub const EXCHANGE_PATH: &str = "/sync/v1/exchange";

/// `GET ?after=<position>`, JSON [`WaitReply`]: answers as soon as the branch's feed goes beyond the position, or after
/// [`WAIT_SECONDS`]. Bearer token.
pub const WAIT_PATH: &str = "/sync/v1/wait";

/// `POST`, JSON both ways: [`JoinRequest`] -> [`JoinReply`]. The one-time code is the authorisation.
pub const JOIN_PATH: &str = "/sync/v1/join";

/// `GET ?after=<position>&limit=<documents>`, binary [`DocumentsReply`]: the whole feed, each document once at its latest
/// position. Bearer token of an importer, or an office account.
pub const DOCUMENTS_PATH: &str = "/sync/v1/documents";
/// Where an importer asks how branches stand before an old system is switched off, and has them told of it. JSON.
pub const CHANGEOVER_PATH: &str = "/sync/v1/changeover";
/// Where an importer looks whether the office's search finds what it brought over. JSON.
pub const ORDERS_PATH: &str = "/sync/v1/orders";

/// `POST`, JSON [`FindQuery`] -> [`FindReply`]: an order of another branch by its ticket. Bearer token of a branch.
pub const FIND_PATH: &str = "/sync/v1/find";

/// The media type of binary messages.
pub const MEDIA_TYPE: &str = "application/vnd.offpiste.sync";

/// How long the hub holds a wait open. Shorter than the idle time-outs of common proxies (30 s and more).
pub const WAIT_SECONDS: u64 = 25;
