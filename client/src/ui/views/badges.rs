//! Status, custody, money and promise as colour, icon and word, always all three.

use jiff::civil;
use shared::domain::{Custody, MoneyState, Order, Phase, StatusCode};
use shared::presentation::format;

use super::Seen;

/// A state as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    /// The class of the style sheet.
    pub(crate) class: &'static str,
    /// The icon.
    pub(crate) icon: &'static str,
    /// The word.
    pub(crate) word: String,
}

/// The work status; a finished order that was collected says so.
pub(crate) fn work_status(seen: &Seen<'_>, status: &StatusCode, is_collected: bool) -> Badge {
    if status.phase == Phase::Done && is_collected {
        return Badge {
            class: "done",
            icon: "handed-out",
            word: seen.words.text("status-handed-out"),
        };
    }
    let (class, icon) = match status.phase {
        Phase::Open => ("open", "inbox"),
        Phase::InWork => ("in-work", "tool"),
        Phase::Blocked => ("blocked", "blocked"),
        Phase::Done => ("ready", "ready"),
        Phase::Cancelled => ("cancelled", "cancelled"),
    };
    Badge {
        class,
        icon,
        word: status_word(seen, status),
    }
}

/// The firm's own word for a status, else the product's.
pub(crate) fn status_word(seen: &Seen<'_>, status: &StatusCode) -> String {
    let named = seen
        .catalogue
        .status_name(status, seen.words.language.code());
    if named == status.code {
        seen.words.text(&format!("status-{}", status.phase.code()))
    } else {
        named.to_owned()
    }
}

/// The money axis.
pub(crate) fn money(seen: &Seen<'_>, state: MoneyState) -> Badge {
    let class = match state {
        MoneyState::Paid => "tag--ok",
        MoneyState::Deposit => "tag--warn",
        MoneyState::Overpaid => "tag--bad",
        MoneyState::Open | MoneyState::Refunded => "",
    };
    Badge {
        class,
        icon: "money",
        word: seen.words.text(&format!("money-{}", state.code())),
    }
}

/// Who holds a piece, in words; places at other branches are named.
pub(crate) fn custody_words(seen: &Seen<'_>, custody: &Custody) -> String {
    let place = seen.words.text(custody_key(custody));
    match custody.branch() {
        Some(branch) if branch != seen.branch => seen.words.with_all(
            "custody-at",
            &[("place", &place), ("branch", &seen.branch_name(branch))],
        ),
        _ => place,
    }
}

/// The icon of a place.
pub(crate) const fn custody_icon(custody: &Custody) -> &'static str {
    match custody {
        Custody::Customer => "person",
        Custody::Branch(_) => "branch",
        Custody::Workshop(_) => "tool",
        Custody::Rack(_) => "rack",
        Custody::Van => "van",
        Custody::Unknown(_) => "info",
    }
}

/// The pieces of an order together: one place, or how they are spread.
pub(crate) fn custody_of_all(seen: &Seen<'_>, order: &Order) -> String {
    let mut places: Vec<String> = Vec::new();
    for item in &order.items {
        let words = custody_words(seen, &item.custody);
        if !places.contains(&words) {
            places.push(words);
        }
    }
    if places.is_empty() {
        seen.words.text("custody-unknown")
    } else {
        places.join(", ")
    }
}

const fn custody_key(custody: &Custody) -> &'static str {
    match custody {
        Custody::Customer => "custody-customer",
        Custody::Branch(_) => "custody-branch",
        Custody::Workshop(_) => "custody-workshop",
        Custody::Rack(_) => "custody-rack",
        Custody::Van => "custody-van",
        Custody::Unknown(_) => "custody-unknown",
    }
}

/// When an order is promised, seen from today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The class of the style sheet; empty on ordinary days.
    pub(crate) class: &'static str,
    /// `heute`, `Freitag, 27.11.`, `2 Tage überfällig`; empty when nothing is promised.
    pub(crate) words: String,
}

/// The promise; overdue counts only while work remains.
pub(crate) fn due(seen: &Seen<'_>, promised_on: Option<civil::Date>, is_unfinished: bool) -> Due {
    let Some(day) = promised_on else {
        return Due {
            class: "",
            words: String::new(),
        };
    };
    if is_unfinished && day < seen.today {
        let days = seen
            .today
            .since(day)
            .map_or(1, |span| i64::from(span.get_days()).max(1));
        return Due {
            class: "due--overdue",
            words: seen.words.with("count-days-overdue", "count", days),
        };
    }
    let class = if is_unfinished && day == seen.today {
        "due--today"
    } else {
        ""
    };
    Due {
        class,
        words: format::day_seen_from(seen.words.language, day, seen.today),
    }
}
