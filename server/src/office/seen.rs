//! The words of an answer, and from where things are looked at.

use std::sync::Arc;

use jiff::civil;
use jiff::tz::TimeZone;
use shared::clock::UtcMillis;
use shared::domain::{Catalogue, Custody, MoneyState, Phase, StatusCode};
use shared::id::{BranchId, StaffId};
use shared::presentation::{Language, TextValue, format, icons, text, text_with};

/// The office's calendar is that of its first branch; before there is one, this.
const DEFAULT_ZONE: &str = "Europe/Zurich";

/// What templates ask for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The reader's language.
    pub(crate) language: Language,
}

impl Words {
    /// The text of a key.
    pub(crate) fn text(self, key: &str) -> String {
        text(self.language, key)
    }

    /// The text of a key with one variable.
    pub(crate) fn with<'a>(
        self,
        key: &str,
        name: &'static str,
        value: impl Into<TextValue<'a>>,
    ) -> String {
        text_with(self.language, key, &[(name, value.into())])
    }

    /// The text of a key with several variables, all of them words already.
    pub(crate) fn with_all(self, key: &str, variables: &[(&'static str, &str)]) -> String {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, TextValue::from(*value)))
            .collect();
        text_with(self.language, key, &variables)
    }

    /// A reference into the page's icons; the word beside it says the same.
    #[expect(
        clippy::unused_self,
        reason = "templates reach icons and words the same way"
    )]
    pub(crate) fn icon(self, name: &str) -> String {
        icons::icon(name)
    }
}

/// From where things are looked at: the reader's language, the firm's catalogue, the office's day.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) words: Words,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) now: UtcMillis,
    pub(crate) today: civil::Date,
    pub(crate) zone: TimeZone,
}

/// A state as colour, icon and word, always all three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) word: String,
}

impl Seen {
    /// `now` is the hub's clock.
    pub(crate) fn new(words: Words, catalogue: Arc<Catalogue>, now: UtcMillis) -> Self {
        let name = catalogue
            .branches
            .first()
            .and_then(|branch| catalogue.territory_of(branch.id))
            .map_or(DEFAULT_ZONE, |territory| territory.time_zone.as_str());
        let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
        Self {
            words,
            today: now.in_zone(&zone).date(),
            catalogue,
            now,
            zone,
        }
    }

    /// `14:10`, `gestern 14:10`.
    pub(crate) fn moment(&self, instant: UtcMillis) -> String {
        format::moment_seen_from(self.words.language, instant.in_zone(&self.zone), self.today)
    }

    /// `seit 14:10`.
    pub(crate) fn since(&self, instant: UtcMillis) -> String {
        format::since(self.words.language, instant.in_zone(&self.zone), self.today)
    }

    pub(crate) fn branch_name(&self, branch: Option<BranchId>) -> String {
        branch
            .and_then(|branch| self.catalogue.branch(branch))
            .map_or_else(
                || self.words.text("office-no-branch"),
                |known| known.name.clone(),
            )
    }

    pub(crate) fn staff_name(&self, staff: Option<StaffId>) -> String {
        staff
            .and_then(|staff| self.catalogue.staff_member(staff))
            .map_or_else(|| self.words.text("nobody"), |known| known.name.clone())
    }

    pub(crate) fn priority_name(&self, code: &str) -> String {
        self.catalogue
            .priority(code)
            .map(|priority| priority.name.in_language(self.words.language.code()))
            .filter(|name| !name.is_empty())
            .unwrap_or(code)
            .to_owned()
    }

    /// The firm's own word for a status, else the product's.
    pub(crate) fn status_word(&self, status: &StatusCode) -> String {
        let named = self
            .catalogue
            .status_name(status, self.words.language.code());
        if named == status.code {
            self.words.text(&format!("status-{}", status.phase.code()))
        } else {
            named.to_owned()
        }
    }

    /// The work status; a finished order that was collected says so.
    pub(crate) fn status(&self, status: &StatusCode, is_collected: bool) -> Badge {
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

    pub(crate) fn money_state(&self, state: MoneyState) -> Badge {
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

    /// Who holds a piece, with the branch's name.
    pub(crate) fn custody(&self, custody: &Custody) -> String {
        let place = self.words.text(match custody {
            Custody::Customer => "custody-customer",
            Custody::Branch(_) => "custody-branch",
            Custody::Workshop(_) => "custody-workshop",
            Custody::Rack(_) => "custody-rack",
            Custody::Van => "custody-van",
            Custody::Unknown(_) => "custody-unknown",
        });
        match custody.branch() {
            Some(branch) => self.words.with_all(
                "custody-at",
                &[
                    ("place", &place),
                    ("branch", &self.branch_name(Some(branch))),
                ],
            ),
            None => place,
        }
    }

    /// When it is promised: the class of the style sheet, and words.
    pub(crate) fn due(
        &self,
        promised_on: Option<civil::Date>,
        is_unfinished: bool,
    ) -> (&'static str, String) {
        let Some(day) = promised_on else {
            return ("", String::new());
        };
        if is_unfinished && day < self.today {
            let days = self
                .today
                .since(day)
                .map_or(1, |span| i64::from(span.get_days()).max(1));
            return (
                "due--overdue",
                self.words.with("count-days-overdue", "count", days),
            );
        }
        let class = if is_unfinished && day == self.today {
            "due--today"
        } else {
            ""
        };
        (
            class,
            format::day_seen_from(self.words.language, day, self.today),
        )
    }
}
