//! What a figure covers: which branches it has everything of, and since when which are missing.

use shared::clock::UtcMillis;
use shared::domain::Branch;
use shared::presentation::format;
use shared::presentation::page::{Badge, Seen};
use shared::wire::ReplicaRole;

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
    /// When it was last proven to hold the same as the hub.
    pub(crate) identical: Option<String>,
    /// What its digest says.
    pub(crate) digest: String,
    /// Documents that were set aside there; none when there are none.
    pub(crate) set_aside: Option<String>,
    pub(crate) is_long_absent: bool,
    pub(crate) clock_warning: Option<ClockWords>,
    pub(crate) machine: Option<Machine>,
}

/// The machine that serves a branch.
pub(crate) struct Machine {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) software: String,
    /// The protocol version that it last spoke, when it has spoken.
    pub(crate) protocol: Option<String>,
    pub(crate) joined: String,
}

/// A clock that is wrong.
pub(crate) struct ClockWords {
    pub(crate) words: String,
    /// What it shows there, and what the hub's shows.
    pub(crate) both: String,
}

/// Any machine, such as one that is shut out, in a line.
pub(crate) struct MachineRow {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) badge: Badge,
    pub(crate) last_contact: String,
}

/// Whether a machine has been away for so long that nobody waits for it. One that never came counts from when it joined.
pub(crate) fn is_long_absent(
    replica: &Replica,
    presence: Option<&Presence>,
    now: UtcMillis,
    days: u16,
) -> bool {
    const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
    let last = presence.map_or(replica.joined_at, |known| known.last_contact);
    replica.retired_at.is_none() && now.millis_since(last) > i64::from(days) * DAY_MILLIS
}

/// How a machine stands: shut out, long absent, or as its last contact says.
pub(crate) fn machine_badge(
    seen: &Seen,
    replica: &Replica,
    presence: Option<&Presence>,
    days: u16,
) -> Badge {
    let badge = |class, icon, key: &str| Badge {
        class,
        icon,
        word: seen.words.text(key),
    };
    if replica.retired_at.is_some() {
        return badge("tag--bad", "lock", "office-machine-retired");
    }
    if is_long_absent(replica, presence, seen.now, days) {
        return badge("tag--bad", "warning", "office-machine-long-absent");
    }
    match Presence::freshness(presence, seen.now) {
        // Nobody expects it to be there all the time.
        Freshness::Away if replica.role == ReplicaRole::Importer => {
            badge("", "info", "office-machine-importer-idle")
        }
        freshness => freshness_badge(seen, freshness),
    }
}

fn freshness_badge(seen: &Seen, freshness: Freshness) -> Badge {
    let (class, icon) = match freshness {
        Freshness::Current => ("tag--ok", "check"),
        Freshness::Sending => ("tag--warn", "sync"),
        Freshness::Away => ("tag--bad", "offline"),
        Freshness::Never => ("", "info"),
    };
    Badge {
        class,
        icon,
        word: seen
            .words
            .text(&format!("office-branch-{}", freshness.code())),
    }
}

/// All machines, those that are shut out included, the latest joined first.
pub(crate) fn machine_rows(app: &App, seen: &Seen, days: u16) -> Vec<MachineRow> {
    let machines = app.hub.replicas().all();
    machines
        .iter()
        .rev()
        .map(|(replica, presence)| MachineRow {
            href: format!("/machines/{}", replica.number.0),
            title: super::machines::title(seen, replica),
            badge: machine_badge(seen, replica, presence.as_ref(), days),
            last_contact: presence.map_or_else(
                || seen.words.text("sync-never-contact"),
                |known| seen.moment(known.last_contact),
            ),
        })
        .collect()
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
pub(crate) fn branch_states(app: &App, seen: &Seen, days: u16) -> Vec<BranchState> {
    seen.catalogue
        .branches
        .iter()
        .map(|branch| {
            let (replica, presence) = app.hub.replicas().of_branch(branch.id).unzip();
            branch_state(seen, branch, replica, presence.flatten(), days)
        })
        .collect()
}

fn branch_state(
    seen: &Seen,
    branch: &Branch,
    replica: Option<Replica>,
    presence: Option<Presence>,
    days: u16,
) -> BranchState {
    let words = seen.words;
    let badge = match &replica {
        Some(replica) => machine_badge(seen, replica, presence.as_ref(), days),
        None => freshness_badge(seen, Freshness::Never),
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
        badge,
        as_of: moment(presence.and_then(|known| known.complete_at)),
        last_contact: moment(presence.map(|known| known.last_contact)),
        pending: presence.map_or_else(none, |known| {
            format::count(known.pending.try_into().unwrap_or(i64::MAX))
        }),
        pending_since: presence
            .and_then(|known| known.pending_since)
            .map(|since| seen.since(since)),
        identical: presence
            .and_then(|known| known.identical_at)
            .map(|at| seen.moment(at)),
        digest: digest(seen, presence),
        set_aside: presence
            .filter(|known| known.set_aside > 0)
            .map(|known| format::count(known.set_aside.into())),
        is_long_absent: replica
            .as_ref()
            .is_some_and(|replica| is_long_absent(replica, presence.as_ref(), seen.now, days)),
        clock_warning: presence.and_then(|known| clock_warning(seen, known)),
        machine: replica.map(|replica| Machine {
            number: replica.number.0,
            name: replica.machine,
            software: replica.software,
            protocol: presence
                .filter(|known| known.protocol > 0)
                .map(|known| known.protocol.to_string()),
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

fn clock_warning(seen: &Seen, presence: Presence) -> Option<ClockWords> {
    if !presence.clock_is_off() {
        return None;
    }
    let words = seen.words;
    let seconds = presence.clock_ahead_millis / 1_000;
    let duration = format::duration(words.language, seconds.abs());
    let key = if seconds > 0 {
        "office-clock-ahead"
    } else {
        "office-clock-behind"
    };
    // At the last contact, which is when the clocks were compared.
    let there = UtcMillis(presence.last_contact.0 + presence.clock_ahead_millis);
    let both = words.with_all(
        "office-clock-both",
        &[
            ("here", &seen.moment(presence.last_contact)),
            ("there", &seen.moment(there)),
        ],
    );
    Some(ClockWords {
        words: words.with(key, "duration", duration),
        both,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::domain::Catalogue;
    use shared::id::{BranchId, DocumentId, ReplicaNumber};
    use shared::presentation::Language;
    use shared::presentation::page::Words;
    use shared::wire::ReplicaRole;

    use super::*;

    const NOW: UtcMillis = UtcMillis(1_795_161_600_000);
    const DAYS: u16 = 60;

    fn seen() -> Seen {
        let zone = jiff::tz::TimeZone::UTC;
        Seen {
            words: Words {
                language: Language::German,
            },
            catalogue: Arc::new(Catalogue::default()),
            branch: None,
            now: NOW,
            today: NOW.in_zone(&zone).date(),
            zone,
        }
    }

    fn davos() -> (Branch, Replica) {
        let id = BranchId(DocumentId::named("branch/davos"));
        let branch = Branch {
            id,
            name: "Davos".to_owned(),
            prefix: None,
            territory: None,
            address: None,
            active: true,
            replicas: vec![ReplicaNumber(3)],
            changeover: None,
        };
        let replica = Replica {
            number: ReplicaNumber(3),
            role: ReplicaRole::Branch,
            branch: Some(id),
            machine: "counter-1".to_owned(),
            software: "1.2.3".to_owned(),
            token_hash: [0; 32],
            joined_at: UtcMillis(NOW.0 - 90 * 24 * 3_600_000),
            retired_at: None,
        };
        (branch, replica)
    }

    fn in_contact() -> Presence {
        Presence {
            last_contact: UtcMillis(NOW.0 - 10_000),
            ..Presence::default()
        }
    }

    #[test]
    fn a_branch_says_what_is_proven_and_what_it_has_set_aside() {
        let (branch, replica) = davos();
        let presence = Presence {
            identical_at: Some(UtcMillis(NOW.0 - 60_000)),
            set_aside: 2,
            protocol: 2,
            clock_ahead_millis: 3_600_000,
            ..in_contact()
        };
        let state = branch_state(&seen(), &branch, Some(replica), Some(presence), DAYS);
        assert_eq!(state.identical.as_deref(), Some("07:59"));
        assert_eq!(state.set_aside.as_deref(), Some("2"));
        let machine = state.machine.expect("it has one");
        assert_eq!(machine.protocol.as_deref(), Some("2"));
        assert_eq!(machine.software, "1.2.3");
        let clock = state.clock_warning.expect("an hour is wrong");
        assert!(
            clock.both.contains("07:59") && clock.both.contains("08:59"),
            "{}",
            clock.both
        );
        assert!(!state.is_long_absent);
    }

    #[test]
    fn who_was_away_for_a_season_is_marked_until_shut_out() {
        let (_, mut replica) = davos();
        let days_ago = |days: i64| Presence {
            last_contact: UtcMillis(NOW.0 - days * 24 * 3_600_000),
            ..Presence::default()
        };
        assert!(is_long_absent(&replica, Some(&days_ago(61)), NOW, DAYS));
        assert!(!is_long_absent(&replica, Some(&days_ago(59)), NOW, DAYS));
        assert!(
            is_long_absent(&replica, None, NOW, DAYS),
            "it joined three months ago and never came"
        );
        replica.retired_at = Some(NOW);
        assert!(!is_long_absent(&replica, Some(&days_ago(61)), NOW, DAYS));
        let badge = machine_badge(&seen(), &replica, None, DAYS);
        assert_eq!(badge.icon, "lock");
    }
}
