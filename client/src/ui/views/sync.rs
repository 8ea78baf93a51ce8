//! The line to the office in words, from durable facts only: what is unsent, since when, and when the office last answered.

use shared::clock::UtcMillis;
use shared::presentation::page::{Badge, Fact, Seen, Words};
use shared::presentation::{format, text_with};

use super::order::Saved;
use crate::counter::{ClockWarning, Line, OrderDetails, SyncState, Whereabouts};

/// The few words that stand on every page.
#[derive(Clone)]
pub(crate) struct Pill {
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
    /// The same in a word or two, where the search box needs the room.
    pub(crate) short: String,
}

/// The page about the line.
pub(crate) struct SyncView {
    pub(crate) notice: Notice,
    pub(crate) clock_warning: Option<ClockWords>,
    pub(crate) closing: Closing,
    pub(crate) facts: Vec<Fact>,
    /// How much was set aside; it has a page of its own.
    pub(crate) set_aside: usize,
}

/// The answer for whoever switches the machine off.
pub(crate) struct Closing {
    pub(crate) is_safe: bool,
    pub(crate) icon: &'static str,
    /// How many changes are unsent, large.
    pub(crate) unsent: String,
    /// Since when the oldest of them waits.
    pub(crate) oldest: Option<String>,
    /// The answer in a few words.
    pub(crate) verdict: String,
    /// What it means.
    pub(crate) words: String,
    /// `Gleich wie die Zentrale, Stand 18:02.`
    pub(crate) identical: Option<String>,
}

/// A clock that is wrong.
pub(crate) struct ClockWords {
    pub(crate) words: String,
    /// What it shows here, and what the office's shows.
    pub(crate) both: String,
}

/// A coloured box with a title and a sentence.
pub(crate) struct Notice {
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) words: String,
}

impl Pill {
    /// Green only when the office has taken everything, the line is proven and the clock is right.
    pub(crate) fn of(seen: &Seen, state: &SyncState) -> Self {
        let is_proven = is_proven(state);
        let words = seen.words;
        if let Some(problem) = trouble(state) {
            let short = words.text(&format!("{problem}-short"));
            return Self::new("pill--bad", "warning", words.text(problem), short);
        }
        let count = state.pending.count;
        if count > 0 {
            let icon = if is_proven { "sync" } else { "offline" };
            let short = words.with("sync-pending-short", "count", count);
            return Self::new("pill--warn", icon, pending_words(seen, state), short);
        }
        let refused = refused(state);
        if refused > 0 {
            let told = words.with("sync-refused-count", "count", refused);
            return Self::new("pill--bad", "quarantine", told.clone(), told);
        }
        if is_proven && state.clock_warning.is_some() {
            let told = words.text("sync-clock-wrong");
            return Self::new("pill--warn", "clock", told.clone(), told);
        }
        if is_proven {
            let short = words.text("sync-all-sent-short");
            return Self::new("pill--ok", "check", words.text("sync-all-sent"), short);
        }
        let short = words.text("sync-no-contact-short");
        Self::new(
            "pill--warn",
            "offline",
            no_contact_words(seen, state),
            short,
        )
    }

    /// When not even the state can be read.
    pub(crate) fn unknown(words: Words) -> Self {
        let told = words.text("sync-unknown");
        Self::new("pill--warn", "warning", told.clone(), told)
    }

    /// On pages of nobody, which do not show it.
    pub(crate) const fn none() -> Self {
        Self::new("", "info", String::new(), String::new())
    }

    const fn new(class: &'static str, icon: &'static str, words: String, short: String) -> Self {
        Self {
            class,
            icon,
            words,
            short,
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
            closing: closing(seen, state),
            facts: facts(seen, state),
            set_aside: state.quarantined.len() + state.unreadable.len(),
        }
    }
}

/// How far one order has come: always here; at the office once it has acknowledged it; then at the branches it concerns.
pub(crate) fn saved(seen: &Seen, details: &OrderDetails) -> Saved {
    let whereabouts = &details.whereabouts;
    let station = |class, icon, words| Badge {
        class,
        icon,
        word: words,
    };
    let here = station("tag--ok", "check", seen.words.text("sync-order-here"));
    let office = match whereabouts {
        Whereabouts::AtOffice => {
            station("tag--ok", "check", seen.words.text("sync-order-at-office"))
        }
        Whereabouts::WaitingSince { .. } => station(
            "tag--warn",
            "clock",
            seen.words.text("sync-order-not-at-office"),
        ),
        Whereabouts::Refused { .. } => station(
            "tag--bad",
            "quarantine",
            seen.words.text("sync-order-refused"),
        ),
    };
    let known = details.seen_by.as_ref();
    let branches = known
        .filter(|_| *whereabouts == Whereabouts::AtOffice)
        .into_iter()
        .flat_map(|seen_by| {
            let concerned = details.order.scope().into_iter();
            let others = concerned.filter(|branch| Some(*branch) != seen.branch);
            others.map(|branch| {
                let name = seen.branch_name(branch);
                if seen_by.contains(&branch) {
                    let words = seen.words.with("sync-order-seen-by", "branch", name);
                    station("tag--ok", "check", words)
                } else {
                    let words = seen.words.with("sync-order-not-seen-by", "branch", name);
                    station("", "clock", words)
                }
            })
        });
    let words = match whereabouts {
        Whereabouts::AtOffice => None,
        Whereabouts::WaitingSince { since, waiting } => Some(text_with(
            seen.words.language,
            "sync-order-line-waiting",
            &[
                ("since", seen.since(*since).into()),
                ("count", (*waiting).into()),
            ],
        )),
        Whereabouts::Refused { reason } => Some(seen.words.with(
            "sync-order-line-refused",
            "reason",
            reason.as_str(),
        )),
    };
    Saved {
        stations: [here, office].into_iter().chain(branches).collect(),
        words,
    }
}

/// How many changes of this branch the office would not take.
fn refused(state: &SyncState) -> usize {
    let kept = state.quarantined.iter();
    kept.filter(|kept| !kept.from_hub).count()
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
    let refused = refused(state);
    if state.pending.count == 0 && is_proven && refused > 0 {
        return Notice {
            class: "notice--bad",
            icon: "quarantine",
            title: seen.words.with("sync-refused-count", "count", refused),
            words: seen.words.with("sync-refused-by-office", "count", refused),
        };
    }
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
    if let Some(identical) = state.identical_as_of.filter(|_| !state.is_identical) {
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

fn closing(seen: &Seen, state: &SyncState) -> Closing {
    let unsent = state.pending.count;
    let refused = refused(state);
    let is_safe = state.is_safe_to_close();
    let words = if is_safe {
        seen.words.text("sync-safe-explained")
    } else if unsent == 0 {
        seen.words.with("sync-refused-by-office", "count", refused)
    } else {
        seen.words.with("sync-not-safe-to-close", "count", unsent)
    };
    Closing {
        is_safe,
        icon: if is_safe { "check" } else { "warning" },
        unsent: format::count(i64::try_from(unsent).unwrap_or(i64::MAX)),
        oldest: state.pending.since.map(|since| seen.since(since)),
        verdict: seen.words.text(if is_safe {
            "sync-safe-to-close"
        } else {
            "sync-close-later"
        }),
        words,
        identical: state
            .identical_as_of
            .filter(|_| state.is_identical)
            .map(|at| {
                seen.words
                    .with("sync-identical-as-of", "moment", seen.moment(at))
            }),
    }
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

fn clock_words(seen: &Seen, warning: ClockWarning) -> ClockWords {
    let (key, by_millis, office) = match warning {
        ClockWarning::Ahead { by_millis } => {
            ("sync-clock-ahead", by_millis, seen.now.0 - by_millis)
        }
        ClockWarning::Behind { by_millis } => {
            ("sync-clock-behind", by_millis, seen.now.0 + by_millis)
        }
    };
    let duration = format::duration(seen.words.language, by_millis / 1000);
    let (here, office) = (seen.moment(seen.now), seen.moment(UtcMillis(office)));
    ClockWords {
        words: seen.words.with(key, "duration", duration),
        both: seen.words.with_all(
            "sync-clock-both",
            &[("here", here.as_str()), ("office", office.as_str())],
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::domain::Catalogue;
    use shared::presentation::Language;
    use shared::presentation::page::Words;

    use super::*;

    #[test]
    fn a_wrong_clock_is_shown_with_both_times() {
        let zone = jiff::tz::TimeZone::UTC;
        // 2026-11-20 08:00 UTC.
        let now = UtcMillis(1_795_161_600_000);
        let seen = Seen {
            words: Words {
                language: Language::German,
            },
            catalogue: Arc::new(Catalogue::default()),
            branch: None,
            now,
            today: now.in_zone(&zone).date(),
            zone,
        };
        let by_millis = 3_600_000;
        let ahead = clock_words(&seen, ClockWarning::Ahead { by_millis });
        assert_eq!(ahead.both, "Hier ist es 08:00, bei der Zentrale 07:00.");
        assert!(ahead.words.contains("1 Std. vor"), "{}", ahead.words);
        let behind = clock_words(&seen, ClockWarning::Behind { by_millis });
        assert_eq!(behind.both, "Hier ist es 08:00, bei der Zentrale 09:00.");
    }
}
