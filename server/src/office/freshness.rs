//! What a figure covers: which branches it has everything of, and since when which are missing.

use shared::clock::UtcMillis;
use shared::domain::Branch;
use shared::presentation::format;
use shared::presentation::page::{Badge, Seen, Words};

use crate::backend::{Freshness, Presence, Replica};
use crate::router::App;

/// The one sentence beside figures: "Stand 18:02, ohne Davos seit 14:10".
#[derive(Clone, Debug)]
pub(crate) struct AsOf {
    /// The class of a pill.
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
    /// "3 von 4 Filialen".
    pub(crate) covered: String,
}

/// How one branch stands.
pub(crate) struct BranchState {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) territory: String,
    pub(crate) badge: Badge,
    /// "Stand 18:02" or "seit 14:10".
    pub(crate) as_of: String,
    pub(crate) last_contact: String,
    pub(crate) pending: String,
    pub(crate) pending_since: Option<String>,
    /// What its digest says.
    pub(crate) digest: String,
    pub(crate) clock_warning: Option<String>,
    pub(crate) machine: Option<Machine>,
}

/// The machine that serves a branch.
pub(crate) struct Machine {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) software: String,
    pub(crate) joined: String,
}

/// The sentence for all branches together.
pub(crate) fn as_of(app: &App, seen: &Seen) -> AsOf {
    let words = seen.words;
    let now = seen.moment(seen.now);
    let states = states(app, seen);
    let active = states.len();
    let missing: Vec<String> = states
        .iter()
        .filter(|(_, _, freshness)| freshness.is_missing())
        .map(|(branch, presence, _)| match presence {
            Some(known) => format!("{} {}", branch.name, seen.since(known.last_contact)),
            None => words.with("office-never-joined", "branch", branch.name.as_str()),
        })
        .collect();
    let sending: Vec<String> = states
        .iter()
        .filter(|(_, _, freshness)| *freshness == Freshness::Sending)
        .map(|(branch, presence, _)| {
            let count = presence.map_or(0, |known| known.pending);
            words.with_all(
                "office-sending",
                &[
                    ("branch", &branch.name),
                    (
                        "count",
                        &format::count(count.try_into().unwrap_or(i64::MAX)),
                    ),
                ],
            )
        })
        .collect();
    let covered = words.with_all(
        "office-covered",
        &[
            ("covered", &(active - missing.len()).to_string()),
            ("all", &active.to_string()),
        ],
    );
    let (class, icon, text) = if !missing.is_empty() {
        let missing = missing.join(", ");
        let text = words.with_all(
            "office-as-of-without",
            &[("moment", &now), ("missing", &missing)],
        );
        ("pill--warn", "warning", text)
    } else if !sending.is_empty() {
        let sending = sending.join(", ");
        let text = words.with_all(
            "office-as-of-sending",
            &[("moment", &now), ("sending", &sending)],
        );
        ("pill--warn", "sync", text)
    } else {
        (
            "pill--ok",
            "check",
            words.with("office-as-of", "moment", now),
        )
    };
    AsOf {
        class,
        icon,
        words: text,
        covered,
    }
}

fn states<'a>(app: &App, seen: &'a Seen) -> Vec<(&'a Branch, Option<Presence>, Freshness)> {
    seen.catalogue
        .branches
        .iter()
        .filter(|branch| branch.active)
        .map(|branch| {
            let presence = app
                .hub
                .replicas()
                .of_branch(branch.id)
                .and_then(|(_, presence)| presence);
            let freshness = Presence::freshness(presence.as_ref(), seen.now);
            (branch, presence, freshness)
        })
        .collect()
}

/// Each branch with all that is known of its machine.
pub(crate) fn branch_states(app: &App, seen: &Seen) -> Vec<BranchState> {
    seen.catalogue
        .branches
        .iter()
        .map(|branch| {
            let (replica, presence) = app.hub.replicas().of_branch(branch.id).unzip();
            branch_state(seen, branch, replica, presence.flatten())
        })
        .collect()
}

fn branch_state(
    seen: &Seen,
    branch: &Branch,
    replica: Option<Replica>,
    presence: Option<Presence>,
) -> BranchState {
    let words = seen.words;
    let freshness = Presence::freshness(presence.as_ref(), seen.now);
    let (class, icon) = match freshness {
        Freshness::Current => ("tag--ok", "check"),
        Freshness::Sending => ("tag--warn", "sync"),
        Freshness::Away => ("tag--bad", "offline"),
        Freshness::Never => ("", "info"),
    };
    let none = || words.text("office-dash");
    let moment = |at: Option<UtcMillis>| at.map_or_else(none, |at| seen.moment(at));
    let territory = seen
        .catalogue
        .territory_of(branch.id)
        .map_or_else(String::new, |territory| territory.country.clone());
    BranchState {
        id: branch.id.to_string(),
        name: branch.name.clone(),
        prefix: branch.prefix.map_or_else(none, |prefix| prefix.to_string()),
        territory,
        badge: Badge {
            class,
            icon,
            word: words.text(&format!("office-branch-{}", freshness.code())),
        },
        as_of: moment(presence.and_then(|known| known.complete_at)),
        last_contact: moment(presence.map(|known| known.last_contact)),
        pending: presence.map_or_else(none, |known| {
            format::count(known.pending.try_into().unwrap_or(i64::MAX))
        }),
        pending_since: presence
            .and_then(|known| known.pending_since)
            .map(|since| seen.since(since)),
        digest: digest(seen, presence),
        clock_warning: presence.and_then(|known| clock_warning(words, known)),
        machine: replica.map(|replica| Machine {
            number: replica.number.0,
            name: replica.machine,
            software: replica.software,
            joined: seen.moment(replica.joined_at),
        }),
    }
}

fn digest(seen: &Seen, presence: Option<Presence>) -> String {
    match presence.and_then(|known| known.digest) {
        Some((at, bytes)) => seen.words.with_all(
            "office-digest-given",
            &[
                ("moment", &seen.moment(at)),
                ("digest", &crate::random::hex(&bytes[..4])),
            ],
        ),
        None => seen.words.text("office-dash"),
    }
}

fn clock_warning(words: Words, presence: Presence) -> Option<String> {
    if !presence.clock_is_off() {
        return None;
    }
    let seconds = presence.clock_ahead_millis / 1_000;
    let duration = format::duration(words.language, seconds.abs());
    let key = if seconds > 0 {
        "office-clock-ahead"
    } else {
        "office-clock-behind"
    };
    Some(words.with(key, "duration", duration))
}
