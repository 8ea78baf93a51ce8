//! Bugs that somebody could make, planted on purpose: an oracle that does not find them proves nothing.

macro_rules! plants {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Plant { $($(#[$doc])* $variant,)* }

        impl Plant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

plants! {
    /// The hub says that it took a delta and did not merge it, now and then.
    SkipMerge = "skip-merge",
    /// A branch begins to count anew when it starts, under the same identity.
    ReuseDot = "reuse-dot",
    /// A branch takes only the first half of a reply and moves its cursor over all of it.
    DropTail = "drop-tail",
    /// A branch says "saved" before the sync of its disk.
    SaveBeforeSync = "save-before-sync",
    /// The hub answers before the sync of its disk.
    AnswerBeforeSync = "answer-before-sync",
    /// A branch sends what is not yet on its own disk.
    SendBeforeSync = "send-before-sync",
    /// A branch loses the tail of a reply now and then and moves its cursor over all of it. No promise is broken by that: the
    /// comparison of digests finds it, and it is mended; but for what has gone elsewhere, which is in no digest.
    LoseATail = "lose-a-tail",
    /// The same, and a branch believes the hub's digest instead of computing its own.
    AdoptDigest = "adopt-digest",
    /// A branch forgets what it has to send as soon as it was sent.
    ForgetWhenSent = "forget-when-sent",
    /// An acknowledgement clears what changed after the message had left.
    AcknowledgeLater = "acknowledge-later",
    /// The cursor is stored before the documents that it vouches for: a crash in between loses them. Found and mended likewise.
    CursorFirst = "cursor-first",
    /// A branch whose hub was restored keeps its cursor and offers nothing again.
    IgnoreEpoch = "ignore-epoch",
    /// A restored or copied store goes on under its old identity.
    KeepIncarnation = "keep-incarnation",
    /// One document that cannot be taken ends the whole exchange.
    PoisonStopsAll = "poison-stops-all",
    /// A branch that no longer has to do with an order hears no more of it, its erasure included.
    LeaveScopeAtOnce = "leave-scope-at-once",
    /// After a crash a counter does again what had been saved already.
    DoAgain = "do-again",
    /// A branch that starts has forgotten its last ticket; its tickets have no random character, which would mostly hide it.
    ForgetTicket = "forget-ticket",
    /// What a later version wrote is refused instead of carried.
    RefuseUnknown = "refuse-unknown",
    /// The hub sends parts of what a branch may never have had: it counts them from the cursor of a branch that is still
    /// catching up.
    PartsFromCursor = "parts-from-cursor",
    /// A hub that was put back takes from each branch only what that branch wrote.
    TakeBackNothing = "take-back-nothing",
    /// A branch passes over documents that arrive erased.
    LoseErasure = "lose-erasure",
}

impl Plant {
    /// Whether a promise is broken by it. Else it shows that the sync heals itself.
    pub fn breaks_a_promise(self) -> bool {
        !matches!(self, Self::LoseATail | Self::CursorFirst)
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}
