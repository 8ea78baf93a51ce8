//! Status, custody, money and promise as colour, icon and word, always all three.

use jiff::civil;

use super::Seen;
use crate::domain::{Custody, MoneyState, Order, Phase, StatusCode};
use crate::presentation::format;

/// A state as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The class of the style sheet.
    pub class: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// The word.
    pub word: String,
}

/// When an order is promised, seen from today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The class of the style sheet; empty on ordinary days.
    pub class: &'static str,
    /// `heute`, `Freitag, 27.11.`, `2 Tage überfällig`; empty when nothing is promised.
    pub words: String,
}

impl Seen {
    /// The work status; a finished order that was collected says so.
    pub fn status(&self, status: &StatusCode, is_collected: bool) -> Badge {
        if status.phase == Phase::Done && is_collected {
            return Badge {
                class: "done",
                icon: "handed-out",
                word: self.words.text("status-handed-out"),
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
            word: self.status_word(status),
        }
    }

    /// The firm's own word for a status, else the product's.
    pub fn status_word(&self, status: &StatusCode) -> String {
        let language = self.words.language.code();
        let named = self.catalogue.status_name(status, language);
        if named == status.code {
            self.words.text(&format!("status-{}", status.phase.code()))
        } else {
            named.to_owned()
        }
    }

    /// The money axis.
    pub fn money_state(&self, state: MoneyState) -> Badge {
        let class = match state {
            MoneyState::Paid => "tag--ok",
            MoneyState::Deposit => "tag--warn",
            MoneyState::Overpaid => "tag--bad",
            MoneyState::Open | MoneyState::Refunded => "",
        };
        Badge {
            class,
            icon: "money",
            word: self.words.text(&format!("money-{}", state.code())),
        }
    }

    /// Who holds a piece, in words; places at other branches than the reader's are named.
    pub fn custody(&self, custody: &Custody) -> String {
        let place = self.words.text(custody_key(custody));
        match custody.branch() {
            Some(branch) if Some(branch) != self.branch => self.words.with_all(
                "custody-at",
                &[("place", &place), ("branch", &self.branch_name(branch))],
            ),
            _ => place,
        }
    }

    /// The pieces of an order together: one place, or how they are spread.
    pub fn custody_of_all(&self, order: &Order) -> String {
        let mut places: Vec<String> = Vec::new();
        for item in &order.items {
            let words = self.custody(&item.custody);
            if !places.contains(&words) {
                places.push(words);
            }
        }
        if places.is_empty() {
            self.words.text("custody-unknown")
        } else {
            places.join(", ")
        }
    }

    /// The promise; overdue counts only while work remains.
    pub fn due(&self, promised_on: Option<civil::Date>, is_unfinished: bool) -> Due {
        let Some(day) = promised_on else {
            return Due::default();
        };
        if is_unfinished && day < self.today {
            let days = self
                .today
                .since(day)
                .map_or(1, |span| i64::from(span.get_days()).max(1));
            return Due {
                class: "due--overdue",
                words: self.words.with("count-days-overdue", "count", days),
            };
        }
        let class = if is_unfinished && day == self.today {
            "due--today"
        } else {
            ""
        };
        Due {
            class,
            words: format::day_seen_from(self.words.language, day, self.today),
        }
    }
}

/// The icon of a place.
pub const fn custody_icon(custody: &Custody) -> &'static str {
    match custody {
        Custody::Customer => "person",
        Custody::Branch(_) => "branch",
        Custody::Workshop(_) => "tool",
        Custody::Rack(_) => "rack",
        Custody::Van => "van",
        Custody::Unknown(_) => "info",
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
