//! The line to the office in words, from durable facts only: what is unsent, since when, and when the office last answered.

use shared::presentation::page::{Fact, Seen};
use shared::presentation::{format, text_with};

use super::order::Saved;
use crate::counter::{ClockWarning, Line, SyncState, Whereabouts};

/// A record set aside.
pub(crate) struct Quarantined {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) when: String,
}

/// The few words that stand on every page.
#[derive(Clone)]
pub(crate) struct Pill {
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
}

/// The page about the line.
pub(crate) struct SyncView {
    pub(crate) notice: Notice,
    pub(crate) clock_warning: Option<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) is_safe_to_close: bool,
    pub(crate) closing: String,
    pub(crate) quarantine: Vec<Quarantined>,
}

/// A coloured box with a title and a sentence.
pub(crate) struct Notice {
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) words: String,
}

impl Pill {
    /// Green only when the office has acknowledged everything and the line is proven.
    pub(crate) fn of(seen: &Seen, state: &SyncState) -> Self {
        let is_proven = is_proven(state);
        if let Some(problem) = trouble(state) {
            return Self {
                class: "pill--bad",
                icon: "warning",
                words: seen.words.text(problem),
            };
        }
        if state.pending.count > 0 {
            let icon = if is_proven { "sync" } else { "offline" };
            return Self {
                class: "pill--warn",
                icon,
                words: pending_words(seen, state),
            };
        }
        if is_proven {
            return Self {
                class: "pill--ok",
                icon: "check",
                words: seen.words.text("sync-all-sent"),
            };
        }
        Self {
            class: "pill--warn",
            icon: "offline",
            words: no_contact_words(seen, state),
        }
    }
}

impl SyncView {
    /// The page's content.
    pub(crate) fn of(seen: &Seen, state: &SyncState) -> Self {
        Self {
            notice: notice(seen, state),
            clock_warning: state
                .clock_warning
                .map(|warning| clock_words(seen, warning)),
            facts: facts(seen, state),
            is_safe_to_close: state.is_safe_to_close(),
            closing: closing(seen, state),
            quarantine: quarantine(seen, state),
        }
    }
}

/// Where one order is safe: always here; at the office once it has acknowledged it.
pub(crate) fn saved(seen: &Seen, whereabouts: &Whereabouts) -> Saved {
    match whereabouts {
        Whereabouts::AtOffice => Saved {
            icon: "office",
            words: seen.words.text("sync-order-line-sent"),
        },
        Whereabouts::WaitingSince { since, waiting } => Saved {
            icon: "saved",
            words: text_with(
                seen.words.language,
                "sync-order-line-waiting",
                &[
                    ("since", seen.since(*since).into()),
                    ("count", (*waiting).into()),
                ],
            ),
        },
        Whereabouts::Refused { reason } => Saved {
            icon: "warning",
            words: seen
                .words
                .with("sync-order-line-refused", "reason", reason.as_str()),
        },
    }
}

const fn is_proven(state: &SyncState) -> bool {
    matches!(state.line, Line::Proven { .. })
}

/// What will not mend by itself, and so must not look like an ordinary outage.
fn trouble(state: &SyncState) -> Option<&'static str> {
    use crate::counter::LineProblem;
    match &state.line {
        Line::Unproven {
            problem: Some(LineProblem::Revoked),
            ..
        } => Some("sync-key-refused"),
        Line::Unproven {
            problem: Some(LineProblem::Incompatible { .. }),
            ..
        } => Some("sync-incompatible"),
        _ => None,
    }
}

fn notice(seen: &Seen, state: &SyncState) -> Notice {
    let is_proven = is_proven(state);
    if state.pending.count == 0 && is_proven {
        return Notice {
            class: "notice--ok",
            icon: "check",
            title: seen.words.text("sync-all-sent"),
            words: seen.words.text("sync-all-sent-explained"),
        };
    }
    let problem = match &state.line {
        Line::Unproven {
            problem: Some(problem),
            ..
        } => Some(problem.text_key()),
        _ => None,
    };
    Notice {
        class: if trouble(state).is_some() {
            "notice--bad"
        } else {
            "notice--warn"
        },
        icon: if is_proven { "sync" } else { "offline" },
        title: if is_proven {
            pending_words(seen, state)
        } else {
            no_contact_words(seen, state)
        },
        words: seen.words.text(problem.unwrap_or("sync-work-goes-on")),
    }
}

fn facts(seen: &Seen, state: &SyncState) -> Vec<Fact> {
    let never = || seen.words.text("sync-never-contact");
    let fact = |key: &str, words: String| seen.fact(key, words);
    let contact = state.last_contact.map_or_else(never, |at| seen.moment(at));
    let mut facts = vec![
        fact("sync-last-contact", contact),
        fact(
            "sync-pending-count",
            format::count(i64::try_from(state.pending.count).unwrap_or(i64::MAX)),
        ),
    ];
    if let Some(since) = state.pending.since {
        facts.push(fact("sync-oldest-pending", seen.moment(since)));
    }
    if let Some(complete_at) = state.complete_at {
        facts.push(fact("sync-complete-at", seen.moment(complete_at)));
    }
    if let Some(identical) = state.identical_as_of {
        facts.push(fact("sync-identical", seen.moment(identical)));
    }
    if let Some(differs) = state.differs_since {
        facts.push(fact("sync-differs", seen.since(differs)));
    }
    let documents = i64::try_from(state.documents).unwrap_or(i64::MAX);
    facts.push(fact("sync-documents", format::count(documents)));
    if let Some(digest) = state.digest {
        let head: String = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat();
        facts.push(fact("sync-digest", head));
    }
    facts
}

fn closing(seen: &Seen, state: &SyncState) -> String {
    if state.is_safe_to_close() {
        seen.words.text("sync-safe-to-close")
    } else if state.pending.count == 0 {
        seen.words.text("sync-refused-by-office")
    } else {
        seen.words
            .with("sync-not-safe-to-close", "count", state.pending.count)
    }
}

fn quarantine(seen: &Seen, state: &SyncState) -> Vec<Quarantined> {
    /// More than a person reads; the count beside the title says how many there are.
    const MAX_SHOWN: usize = 200;
    let set_aside = state.quarantined.iter().map(|kept| Quarantined {
        what: seen.words.text(if kept.from_hub {
            "quarantine-from-office"
        } else {
            "quarantine-refused"
        }),
        why: kept.reason.clone(),
        when: seen.moment(kept.at),
    });
    let unreadable = state.unreadable.iter().map(|stored| Quarantined {
        what: seen.words.text("quarantine-unreadable"),
        why: stored.reason.clone(),
        when: String::new(),
    });
    set_aside.chain(unreadable).take(MAX_SHOWN).collect()
}

fn pending_words(seen: &Seen, state: &SyncState) -> String {
    let Some(since) = state.pending.since else {
        return seen
            .words
            .with("sync-pending", "count", state.pending.count);
    };
    text_with(
        seen.words.language,
        "sync-pending-since",
        &[
            ("count", state.pending.count.into()),
            ("since", seen.since(since).into()),
        ],
    )
}

fn no_contact_words(seen: &Seen, state: &SyncState) -> String {
    match state.last_contact {
        Some(last_contact) => seen
            .words
            .with("sync-no-contact", "since", seen.since(last_contact)),
        None => seen.words.text("sync-never-contact"),
    }
}

fn clock_words(seen: &Seen, warning: ClockWarning) -> String {
    let (key, by_millis) = match warning {
        ClockWarning::Ahead { by_millis } => ("sync-clock-ahead", by_millis),
        ClockWarning::Behind { by_millis } => ("sync-clock-behind", by_millis),
    };
    let duration = format::duration(seen.words.language, by_millis / 1000);
    seen.words.with(key, "duration", duration)
}
