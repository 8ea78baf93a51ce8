//! Why a use case was not carried out, in terms that pages translate.

use shared::command::Refusal;

/// Nothing was changed, unless the text says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// A rule of the order book.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This branch holds no such order or customer.
    #[error("this branch holds no such order or customer")]
    NotFound,
    /// No session, or it has ended.
    #[error("please sign in again")]
    SignedOut,
    /// Nobody by that id works here and has a PIN.
    #[error("nobody by that name can sign in here; the office adds people and PINs under Staff")]
    CannotSignIn,
    /// A wrong PIN.
    #[error("wrong PIN; {tries_left} more tries before it is locked")]
    WrongPin {
        /// Tries left.
        tries_left: u32,
    },
    /// Three wrong PINs.
    #[error("locked after too many wrong PINs; any colleague who is signed in can unlock")]
    Locked,
    /// Nobody unlocks themselves.
    #[error("a colleague has to unlock this, not the same person")]
    OwnLock,
    /// The role does not allow it.
    #[error("this needs the role of the counter; the office gives roles under Staff")]
    NotAllowed,
    /// The first exchange with the hub has not brought this branch's catalogue yet.
    #[error(
        "this branch has not received its services and branches from the office yet; it needs the line once"
    )]
    NotReady,
    /// The disk or the store failed.
    #[error("NOT SAVED: {0}. Write it down on paper and call IT; what was saved before is safe")]
    NotSaved(String),
    /// The lists could not be read; the orders are safe.
    #[error("{0}")]
    Lists(String),
    /// The daemon is ending or overloaded.
    #[error("this machine is restarting; nothing was saved, please try again in a moment")]
    Stopping,
}

impl CounterError {
    /// The key of its sentence in the texts.
    pub const fn text_key(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.text_key(),
            Self::NotFound => "error-not-found",
            Self::SignedOut => "error-signed-out",
            Self::CannotSignIn => "error-cannot-sign-in",
            Self::WrongPin { .. } => "error-wrong-pin",
            Self::Locked => "error-locked",
            Self::OwnLock => "error-own-lock",
            Self::NotAllowed => "error-not-allowed",
            Self::NotReady => "error-not-ready",
            Self::NotSaved(_) => "error-not-saved",
            Self::Lists(_) => "error-lists",
            Self::Stopping => "error-stopping",
        }
    }
}
